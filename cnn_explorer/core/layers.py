"""The layers that are no convolution: pooling, normalisation, and the head of a prediction."""

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import numpy as np
import numpy.typing as npt

from cnn_explorer.core.activations import ACTIVATIONS, Array
from cnn_explorer.core.geometry import Padding, Sides, Taps, explicit_padding, output_size, taps
from cnn_explorer.core.layer import MapLayer, Size
from cnn_explorer.core.normalisation import batch_norm, softmax
from cnn_explorer.core.pooling import avg_pool2d, check_windows, global_avg_pool2d, max_pool2d

MAX_FEATURES = 4096
"""Most values that Flatten gives: a dense layer after it has a kernel for each and each output."""


@dataclass(frozen=True, eq=False)
class WindowLayer(MapLayer):
    """A layer of which each pixel is a weighted sum of one window of one input map."""

    def counting(self, size: Size) -> Sides:
        """Rows and columns around a map of a size that count as values; the rest of them do not."""
        return (0, 0), (0, 0)

    @abstractmethod
    def weights_at(self, windows: Array, counted: npt.NDArray[np.bool_], channel: int) -> Array:
        """What each cell of some windows is multiplied by, so that their sums are the pixels.

        Parameters
        ----------
        windows
            float32, shape (…, kh, kw): input values, 0 in the padding.
        counted
            bool, shape (…, kh, kw): which cells lie in the map, or in what counts around it.
        channel
            Number of the map.

        Returns
        -------
        ndarray
            float32, the shape of the windows.
        """

    def bias_of(self, channel: int) -> float | None:
        """What is added to the sum, or None for nothing."""
        return None

    def bias_magnitude(self, channel: int) -> float:
        """Magnitudes of what the bias itself is summed from: its rounding errors grow with them."""
        return 0.0

    @abstractmethod
    def kernel_of(self, channel: int) -> Array:
        """What stands for the weights of every window, float32, shape (kh, kw)."""


@dataclass(frozen=True, eq=False)
class _Pool2d(WindowLayer):
    """What the pooling layers share.

    Parameters
    ----------
    kernel_size, stride, dilation
        (rows, columns).
    padding
        As in `cnn_explorer.core.convolution.conv2d`.
    ceil_mode
        Whether a last window that begins inside but ends outside counts.
    """

    kernel_size: Size = (2, 2)
    stride: Size = (2, 2)
    padding: Padding = 0
    dilation: Size = (1, 1)
    ceil_mode: bool = False

    @property
    def _windows(self) -> dict[str, Any]:
        """Where the windows lie, as the functions of pooling and geometry take it."""
        names = "stride", "padding", "dilation", "ceil_mode"
        return {name: getattr(self, name) for name in names}

    def taps(self, size: Size) -> tuple[Taps, Taps]:
        """Which input pixels each output pixel is made from: those of its window."""
        return taps(size, self.kernel_size, **self._windows)

    def output_size(self, size: Size) -> Size:
        """Size of an output map; ValueError where a window does not fit, or lies in the padding."""
        result = output_size(size, self.kernel_size, **self._windows)
        check_windows(self.taps(size), size)
        return result


@dataclass(frozen=True, eq=False)
class MaxPool2d(_Pool2d):
    """Takes the largest value of each window of each map; padding never wins."""

    kind: ClassVar[str] = "MaxPool"

    def compute(self, maps: Array, channels: Sequence[int] | None = None) -> Array:
        """Pool each map."""
        return max_pool2d(maps, self.kernel_size, **self._windows)

    def weights_at(self, windows: Array, counted: npt.NDArray[np.bool_], channel: int) -> Array:
        """One for the cell that won, the first of equals, and zero for the others."""
        values = np.where(counted, windows, -np.inf)
        largest = values.max(axis=(-2, -1), keepdims=True)
        equal = counted & ((values == largest) | np.isnan(values))
        weights = np.zeros((*windows.shape[:-2], self.kernel_of(channel).size), np.float32)
        first = equal.reshape(weights.shape).argmax(axis=-1, keepdims=True)
        np.put_along_axis(weights, first, np.float32(1), axis=-1)
        return weights.reshape(windows.shape)

    def kernel_of(self, channel: int) -> Array:
        """The window: any of its cells may win."""
        return np.ones(self.kernel_size, np.float32)


@dataclass(frozen=True, eq=False)
class AvgPool2d(_Pool2d):
    """Takes the mean of each window of each map.

    Parameters
    ----------
    count_include_pad
        Whether the zeros of the padding count as values.
    """

    kind: ClassVar[str] = "AvgPool"

    count_include_pad: bool = True

    def compute(self, maps: Array, channels: Sequence[int] | None = None) -> Array:
        """Pool each map."""
        counted = self.count_include_pad
        return avg_pool2d(maps, self.kernel_size, **self._windows, count_include_pad=counted)

    def counting(self, size: Size) -> Sides:
        """The padding, if it counts; what `ceil_mode` adds beyond it never does."""
        if not self.count_include_pad:
            return super().counting(size)
        return explicit_padding(
            size,
            self.kernel_size,
            stride=self.stride,
            padding=self.padding,
            dilation=self.dilation,
        )

    def weights_at(self, windows: Array, counted: npt.NDArray[np.bool_], channel: int) -> Array:
        """One by the number of cells that count."""
        ones = np.broadcast_to(counted, windows.shape).astype(np.float32)
        weights: Array = ones / ones.sum(axis=(-2, -1), keepdims=True)
        return weights

    def kernel_of(self, channel: int) -> Array:
        """A mean as a kernel."""
        return np.full(self.kernel_size, 1 / np.prod(self.kernel_size), np.float32)


@dataclass(frozen=True, eq=False)
class BatchNorm2d(WindowLayer):
    """Batch normalisation as it infers: each map by statistics that were measured before.

    y = (x − mean) / √(variance + eps) · weight + bias, for each channel (S. Ioffe and C. Szegedy,
    2015, arXiv:1502.03167, algorithm 2): a convolution of each map with one number, and a bias.

    Parameters
    ----------
    mean, variance, weight, bias
        float32, shape (channels,). Made read-only.
    eps
        Added to the variance.
    activation, activation_parameters
        A key of `cnn_explorer.core.activations.ACTIVATIONS`, and its parameters.
    """

    kind: ClassVar[str] = "BatchNorm"

    mean: Array
    variance: Array
    weight: Array
    bias: Array
    eps: float = 1e-5
    activation: str = "none"
    activation_parameters: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        super().__post_init__()
        for name in ("mean", "variance", "weight", "bias"):
            array: Array = getattr(self, name)
            if array.shape != (self.channels,):
                raise ValueError(
                    f"The {name} has shape {array.shape}; {self.channels} maps need "
                    f"({self.channels},)."
                )
            array.flags.writeable = False
        # It is added as float32, which makes 0 of a smaller number.
        if not (self.variance >= 0).all() or not self.eps >= np.finfo(np.float32).tiny:
            raise ValueError("A variance is not negative, and eps is more than 0.")
        if self.activation not in ACTIVATIONS:
            raise ValueError(f"There is no activation “{self.activation}”.")
        ACTIVATIONS[self.activation].check(self.activation_parameters)

    @property
    def parameters(self) -> tuple[int, int]:
        """A weight and a bias for each map; what was measured is not learned."""
        return self.channels, self.channels

    def compute(self, maps: Array, channels: Sequence[int] | None = None) -> Array:
        """Normalise each map."""
        which = slice(None) if channels is None else list(channels)
        return batch_norm(
            maps,
            self.mean[which],
            self.variance[which],
            self.weight[which],
            self.bias[which],
            self.eps,
        )

    def activate(self, maps: Array) -> Array:
        """Apply the layer's activation to an array of any shape."""
        return ACTIVATIONS[self.activation].function(maps, *self.activation_parameters)

    def weights_at(self, windows: Array, counted: npt.NDArray[np.bool_], channel: int) -> Array:
        """What the one value is multiplied by."""
        return np.broadcast_to(self.kernel_of(channel), windows.shape)

    def kernel_of(self, channel: int) -> Array:
        """What each value of a map is multiplied by."""
        with np.errstate(all="ignore"):
            scale = self.weight[channel] / np.sqrt(self.variance[channel] + np.float32(self.eps))
        return np.full((1, 1), scale, np.float32)

    def bias_of(self, channel: int) -> float | None:
        """What is added to each product."""
        scale = self.kernel_of(channel)[0, 0]
        with np.errstate(all="ignore"):
            return float(self.bias[channel] - self.mean[channel] * scale)

    def bias_magnitude(self, channel: int) -> float:
        """Mean and bias may all but cancel."""
        scale = float(self.kernel_of(channel)[0, 0])
        return abs(float(self.bias[channel])) + abs(float(self.mean[channel]) * scale)


@dataclass(frozen=True, eq=False)
class GlobalAvgPool2d(MapLayer):
    """Takes the mean of each whole map."""

    kind: ClassVar[str] = "GlobalAvgPool"

    def taps(self, size: Size) -> tuple[Taps, Taps]:
        """Every pixel goes into the one that is made."""
        return _whole(size)

    def output_size(self, size: Size) -> Size:
        """One pixel."""
        return 1, 1

    def compute(self, maps: Array, channels: Sequence[int] | None = None) -> Array:
        """Pool each map."""
        return global_avg_pool2d(maps)


@dataclass(frozen=True, eq=False)
class Flatten(MapLayer):
    """Makes a map of one pixel out of each pixel, map by map and row by row.

    Parameters
    ----------
    size
        (rows, columns) of the input maps.
    """

    kind: ClassVar[str] = "Flatten"
    mixes: ClassVar[bool] = True

    size: Size

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.out_channels > MAX_FEATURES:
            raise ValueError(
                f"Flatten makes {self.out_channels:,} values of {self.channels} maps of "
                f"{self.size[0]}×{self.size[1]}; it may be at most {MAX_FEATURES:,}: pool the maps "
                "first, or take fewer filters."
            )

    @property
    def out_channels(self) -> int:
        """As many as there are pixels in all maps."""
        return self.channels * self.size[0] * self.size[1]

    def taps(self, size: Size) -> tuple[Taps, Taps]:
        """Of which input pixels the values of one map are made."""
        return _whole(size)

    def output_size(self, size: Size) -> Size:
        """One pixel; ValueError where the maps have another size than the layer was made for."""
        if size != self.size:
            rows, columns = self.size
            raise ValueError(f"it was made for maps of {rows}×{columns}, not {size[0]}×{size[1]}.")
        return 1, 1

    def source(self, output: int) -> tuple[int, int, int]:
        """Which (map, row, column) a value is."""
        map_, pixel = divmod(output, self.size[0] * self.size[1])
        return map_, *divmod(pixel, self.size[1])

    def compute(self, maps: Array, channels: Sequence[int] | None = None) -> Array:
        """Lay all pixels out, one after the other."""
        return maps.reshape(-1, 1, 1)


@dataclass(frozen=True, eq=False)
class Softmax(MapLayer):
    """Makes of the maps, at each pixel, shares that add up to one."""

    kind: ClassVar[str] = "Softmax"
    mixes: ClassVar[bool] = True

    @property
    def depth(self) -> int:
        """Every map goes into each share."""
        return self.channels

    def compute(self, maps: Array, channels: Sequence[int] | None = None) -> Array:
        """Share one among the maps."""
        return softmax(maps, axis=0)


Kind = Literal[
    "Conv2d", "MaxPool2d", "AvgPool2d", "BatchNorm2d", "GlobalAvgPool2d", "Flatten", "Linear",
    "Softmax",
]  # fmt: skip
"""PyTorch's names of the layers that a network can have."""


def _whole(size: Size) -> tuple[Taps, Taps]:
    rows, columns = (np.arange(length)[np.newaxis] for length in size)
    return rows, columns
