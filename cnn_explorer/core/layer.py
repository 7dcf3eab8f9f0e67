"""What every layer of a network has: which maps see which, its sizes, its reach."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from cnn_explorer.core.activations import Array
from cnn_explorer.core.geometry import Taps

Size = tuple[int, int]
Mutes = npt.NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Layer(ABC):
    """A layer with its weights: a value that is replaced, never changed.

    Input and output maps fall into groups that do not see each other, as those of a convolution:
    a layer that acts map by map has a group for each.

    Parameters
    ----------
    number
        The layer's own number. It never changes when layers move, so that its random numbers stay.
    """

    number: int

    kind: ClassVar[str]
    """What the screen calls such a layer, with its place among its kind: “Conv 2”."""

    mixes: ClassVar[bool] = False
    """Whether it needs all maps at once, weights and all: Naive, which has more, has none of it."""

    @property
    @abstractmethod
    def in_channels(self) -> int:
        """Number of input maps."""

    @property
    @abstractmethod
    def out_channels(self) -> int:
        """Number of output maps, where a convolution's are summed."""

    @property
    @abstractmethod
    def depth(self) -> int:
        """Number of input maps that one output map sees."""

    @property
    def branches(self) -> int:
        """How many maps Naive makes of each input map."""
        return 1

    @property
    def activation(self) -> str:
        """A key of `cnn_explorer.core.activations.ACTIVATIONS`, applied last."""
        return "none"

    @property
    def activation_parameters(self) -> tuple[float, ...]:
        """The activation's parameters; those that are left out have their defaults."""
        return ()

    @property
    def muted(self) -> Mutes | None:
        """Which contributions are left out, shape (out, depth), or None where none is."""
        return None

    @property
    def muted_count(self) -> int:
        """How many contributions are muted."""
        return 0 if self.muted is None else int(self.muted.sum())

    @property
    def parameters(self) -> tuple[int, int]:
        """How many weights, and how many biases, are learned."""
        return 0, 0

    def inputs_of(self, output: int) -> range:
        """The input maps that an output map sees: those of its group."""
        per_group = self.out_channels // (self.in_channels // self.depth)
        first = output // per_group * self.depth
        return range(first, first + self.depth)

    def mutes_of(self, output: int) -> Mutes:
        """Which of an output map's contributions are muted, shape (depth,)."""
        return np.zeros(self.depth, bool) if self.muted is None else self.muted[output]

    def muted_from(self, input_: int) -> Mutes:
        """Which output maps have their contribution from an input map muted, shape (out,).

        An output map whose group does not have the input map mutes nothing of it.
        """
        if self.muted is None:
            return np.zeros(self.out_channels, bool)
        group, channel = divmod(input_, self.depth)
        per_group = self.out_channels // (self.in_channels // self.depth)
        groups = np.arange(self.out_channels) // per_group
        return np.asarray(self.muted[:, channel] & (groups == group))

    def taps(self, size: Size) -> tuple[Taps, Taps]:
        """Which input pixels each output pixel is made from: the layer's reach, in both directions.

        Parameters
        ----------
        size
            (rows, columns) of an input map.

        Returns
        -------
        tuple of ndarray
            For rows, shape (output rows, kh), and for columns, shape (output columns, kw), as
            `cnn_explorer.core.geometry.taps` explains. Unless a layer says otherwise, each pixel
            is made from the one in its place.
        """
        rows, columns = (np.arange(length)[:, np.newaxis] for length in size)
        return rows, columns

    def output_size(self, size: Size) -> Size:
        """Size of an output map.

        Parameters
        ----------
        size
            (rows, columns) of an input map.

        Raises
        ------
        ValueError
            If the layer cannot work on such maps.
        """
        return size

    def multiply_adds(self, size: Size) -> int:
        """Multiply-adds of the layer's convolutions on input maps of (rows, columns) `size`."""
        return 0

    def activate(self, maps: Array) -> Array:
        """Apply the layer's activation to an array of any shape."""
        return maps


@dataclass(frozen=True, eq=False)
class MapLayer(Layer):
    """A layer without kernels.

    Parameters
    ----------
    channels
        Number of input maps.
    """

    channels: int

    def __post_init__(self) -> None:
        if self.channels < 1:
            raise ValueError(f"It needs at least one input map, not {self.channels}.")

    @property
    def in_channels(self) -> int:
        """Number of input maps."""
        return self.channels

    @property
    def out_channels(self) -> int:
        """As many as there are input maps, unless a layer says otherwise."""
        return self.channels

    @property
    def depth(self) -> int:
        """One input map for each output map, unless a layer says otherwise."""
        return 1

    @abstractmethod
    def compute(self, maps: Array, channels: Sequence[int] | None = None) -> Array:
        """Compute output maps before their activation.

        Parameters
        ----------
        maps
            float32, shape (n, rows, columns).
        channels
            Which of the layer's channels the maps are; None for all of them in order.

        Returns
        -------
        ndarray
            float32, shape (n, output rows, output columns), where the layer acts map by map.
        """
