"""The state of a document: one value that holds all that undo brings back."""

from dataclasses import dataclass
from functools import cached_property

from cnn_explorer.core.activations import Array
from cnn_explorer.core.centring import centred
from cnn_explorer.core.network import INPUT_SIZE, Network
from cnn_explorer.core.schemes import ChannelScheme


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

    Raises
    ------
    ValueError
        If the drawing's shape is not (28, 28).
    """

    drawing: Array
    network: Network
    scheme: ChannelScheme = ChannelScheme.REAL
    centred: bool = False

    def __post_init__(self) -> None:
        if self.drawing.shape != INPUT_SIZE:
            raise ValueError(f"A drawing has shape {INPUT_SIZE}, not {self.drawing.shape}.")
        self.drawing.flags.writeable = False

    @cached_property
    def input(self) -> Array:
        """What the network is given: float32, shape (28, 28), read-only."""
        return centred(self.drawing) if self.centred else self.drawing

    @property
    def input_name(self) -> str:
        """What that is called on screen."""
        return "centred drawing" if self.centred else "drawing"
