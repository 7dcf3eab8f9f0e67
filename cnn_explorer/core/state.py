"""The state of a document: one value that holds all that undo brings back."""

from dataclasses import dataclass

from cnn_explorer.core.activations import Array
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

    Raises
    ------
    ValueError
        If the drawing's shape is not (28, 28).
    """

    drawing: Array
    network: Network
    scheme: ChannelScheme = ChannelScheme.REAL

    def __post_init__(self) -> None:
        if self.drawing.shape != INPUT_SIZE:
            raise ValueError(f"A drawing has shape {INPUT_SIZE}, not {self.drawing.shape}.")
        self.drawing.flags.writeable = False
