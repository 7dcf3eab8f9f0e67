"""The state of a document: one value that holds all that undo brings back."""

from dataclasses import dataclass
from functools import cached_property

from cnn_explorer.core.activations import Array
from cnn_explorer.core.centring import centred
from cnn_explorer.core.network import INPUT_SIZE, Network
from cnn_explorer.core.schemes import ChannelScheme
from cnn_explorer.core.view import View

MAX_SCENES = 9
"""Scenes that a document may have: as many as there are keys for."""

LONGEST_NAME = 80
LONGEST_SENTENCE = 400
"""Letters of a scene's name and of its sentence."""


@dataclass(frozen=True, eq=False)
class Scene:
    """A named state of a document, and what was on screen of it.

    Parameters
    ----------
    name, sentence
        What it is called, and what there is to see; "" for no sentence.
    state
        The document, without scenes.
    view
        What is looked at.

    Raises
    ------
    ValueError
        If name or sentence is longer than may be, or no line of text, or there is no name.
    """

    name: str
    sentence: str
    state: "State"
    view: View

    def __post_init__(self) -> None:
        if not 0 < len(self.name) <= LONGEST_NAME or not self.name.isprintable():
            raise ValueError(f"A scene's name is a line of 1 to {LONGEST_NAME} letters.")
        if len(self.sentence) > LONGEST_SENTENCE or not self.sentence.isprintable():
            raise ValueError(f"A scene's sentence is a line of at most {LONGEST_SENTENCE} letters.")


@dataclass(frozen=True, eq=False)
class State:
    """What a document holds. Two states are the same only if they are one object.

    Parameters
    ----------
    drawing
        float32, shape (28, 28), 0 (ground) to 1 (ink). Made read-only.
    network
        The layers with their weights.
    scheme
        How the layers treat several input maps.
    centred
        Whether the network gets the drawing as it is, or centred as MNIST does.
    scenes
        At most nine, none of which has scenes of its own.

    Raises
    ------
    ValueError
        If the drawing's shape is not (28, 28), or there are too many scenes.
    """

    drawing: Array
    network: Network
    scheme: ChannelScheme = ChannelScheme.REAL
    centred: bool = False
    scenes: tuple[Scene, ...] = ()

    def __post_init__(self) -> None:
        if self.drawing.shape != INPUT_SIZE:
            raise ValueError(f"A drawing has shape {INPUT_SIZE}, not {self.drawing.shape}.")
        if len(self.scenes) > MAX_SCENES:
            raise ValueError(f"A document has at most {MAX_SCENES} scenes, not {len(self.scenes)}.")
        if any(scene.state.scenes for scene in self.scenes):
            raise ValueError("A scene has no scenes of its own.")
        self.drawing.flags.writeable = False

    @cached_property
    def input(self) -> Array:
        """What the network is given: float32, shape (28, 28), read-only."""
        return centred(self.drawing) if self.centred else self.drawing

    @property
    def input_name(self) -> str:
        """What that is called on screen."""
        return "centred drawing" if self.centred else "drawing"
