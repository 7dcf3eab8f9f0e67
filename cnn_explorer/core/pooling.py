"""Pooling: each window of a map becomes one pixel, its largest, its mean or its norm."""

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from cnn_explorer.core.activations import Array
from cnn_explorer.core.geometry import (
    Padding,
    Pair,
    Sides,
    Taps,
    explicit_padding,
    pad,
    pair,
    taps,
)

Indices = npt.NDArray[np.int64]


def max_pool2d(
    maps: npt.ArrayLike,
    kernel_size: Pair,
    *,
    stride: Pair | None = None,
    padding: Padding = 0,
    dilation: Pair = 1,
    ceil_mode: bool = False,
) -> npt.NDArray[Any]:
    """Take each window's largest value: ``torch.nn.functional.max_pool2d`` without the batch axis.

    Parameters
    ----------
    maps
        Shape (maps, rows, columns). Whole numbers stay what they are, all else becomes float32.
    kernel_size
        Of a window: one number, or (rows, columns).
    stride
        The same; None for windows that touch and do not overlap.
    padding, dilation, ceil_mode
        As in `cnn_explorer.core.geometry.output_size`. What lies outside the map is never the
        largest.

    Returns
    -------
    ndarray
        Of the maps' type, shape (maps, rows, columns). A window with a NaN gives NaN.

    Raises
    ------
    ValueError
        If a window does not fit its input, if one would see nothing but padding, or if an option
        is out of its range.
    """
    maps = _maps(maps)
    windows = _Windows(maps, kernel_size, stride, padding, dilation, ceil_mode)
    return windows.reduce(pad(maps, windows.sides, value=_lowest(maps)), np.maximum)


def max_pool2d_with_indices(
    maps: npt.ArrayLike,
    kernel_size: Pair,
    *,
    stride: Pair | None = None,
    padding: Padding = 0,
    dilation: Pair = 1,
    ceil_mode: bool = False,
) -> tuple[npt.NDArray[Any], Indices]:
    """Take each window's largest value, and say where it was.

    Parameters
    ----------
    maps, kernel_size, stride, padding, dilation, ceil_mode
        As in `max_pool2d`.

    Returns
    -------
    tuple of ndarray
        The result of `max_pool2d`, and for each of its pixels ``row * columns + column`` in the
        input map. Of equal values the first is taken; of several NaN, the last.

    Raises
    ------
    ValueError
        As `max_pool2d`.
    """
    maps = _maps(maps)
    windows = _Windows(maps, kernel_size, stride, padding, dilation, ceil_mode)
    padded = pad(maps, windows.sides, value=_lowest(maps))
    rows, columns = windows.taps
    largest = np.full((len(maps), len(rows), len(columns)), _lowest(maps), maps.dtype)
    indices = np.full(largest.shape, -1, np.int64)
    for a, b in np.ndindex(windows.kernel_size):
        row, column = rows[:, a, np.newaxis], columns[:, b]
        values = windows.view(windows.view(padded, 0, a), 1, b)
        better = (values > largest) | (indices < 0) | (values != values)
        better &= windows.inside(0)[:, a, np.newaxis] & windows.inside(1)[:, b]
        np.copyto(largest, values, where=better)
        np.copyto(indices, row * maps.shape[2] + column, where=better)
    return largest, indices


def avg_pool2d(
    maps: npt.ArrayLike,
    kernel_size: Pair,
    *,
    stride: Pair | None = None,
    padding: Padding = 0,
    dilation: Pair = 1,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
) -> Array:
    """Take each window's mean: ``torch.nn.functional.avg_pool2d`` without the batch axis.

    Parameters
    ----------
    maps, kernel_size, stride, padding, dilation, ceil_mode
        As in `max_pool2d`.
    count_include_pad
        Whether the mean divides by all pixels of the padded input, or by those of the map alone.
        What `ceil_mode` adds beyond the padding never counts.

    Returns
    -------
    ndarray
        float32, shape (maps, rows, columns).

    Raises
    ------
    ValueError
        As `max_pool2d`.
    """
    maps = _maps(maps).astype(np.float32, copy=False)
    windows = _Windows(maps, kernel_size, stride, padding, dilation, ceil_mode)
    rows, columns = (windows.inside(axis, count_include_pad).sum(axis=1) for axis in (0, 1))
    with np.errstate(all="ignore"):
        sums = windows.reduce(pad(maps, windows.sides), np.add)
        sums /= (rows[:, np.newaxis] * columns).astype(np.float32)
    return sums


def lp_pool2d(
    maps: npt.ArrayLike,
    p: float,
    kernel_size: Pair,
    *,
    stride: Pair | None = None,
    padding: Padding = 0,
    dilation: Pair = 1,
    ceil_mode: bool = False,
) -> Array:
    """Take each window's p-norm, (Σ|x|ᵖ)^(1/p), as ONNX's LpPool does.

    Parameters
    ----------
    maps, kernel_size, stride, padding, dilation, ceil_mode
        As in `max_pool2d`.
    p
        More than 0. (PyTorch has no absolute value: with an odd p it differs on negative pixels.)

    Returns
    -------
    ndarray
        float32, shape (maps, rows, columns).

    Raises
    ------
    ValueError
        As `max_pool2d`, or if p is not positive.
    """
    if not p > 0:
        raise ValueError(f"p is {p}; it must be more than 0.")
    maps = _maps(maps).astype(np.float32, copy=False)
    windows = _Windows(maps, kernel_size, stride, padding, dilation, ceil_mode)
    with np.errstate(all="ignore"):
        powers = np.abs(maps) ** np.float32(p)
        sums: Array = windows.reduce(pad(powers, windows.sides), np.add)
        result: Array = sums ** np.float32(1 / p)
    return result


def global_max_pool2d(maps: npt.ArrayLike) -> npt.NDArray[Any]:
    """Take each map's largest value; of the maps' type, shape (maps, 1, 1)."""
    maps = _maps(maps)
    return np.asarray(maps.max(axis=(1, 2), keepdims=True))


def global_avg_pool2d(maps: npt.ArrayLike) -> Array:
    """Take each map's mean; float32, shape (maps, 1, 1)."""
    maps = _maps(maps)
    with np.errstate(all="ignore"):
        return np.asarray(maps.mean(axis=(1, 2), keepdims=True, dtype=np.float32))


def check_windows(lines: tuple[Taps, Taps], size: tuple[int, int]) -> None:
    """Raise a sentence where some window sees padding alone, so that there is nothing to pool.

    Parameters
    ----------
    lines, size
        Taps of rows and of columns, and (rows, columns) of a map.
    """
    for name, places, length in zip(("row", "column"), lines, size, strict=True):
        empty = ~((places >= 0) & (places < length)).any(axis=1)
        if empty.any():
            raise ValueError(
                f"{name} {empty.argmax()} of the pooled maps would see padding alone: it needs "
                "less padding or a larger window."
            )


class _Windows:
    """Where the windows of a pooling lie on its maps, padded or not.

    The largest and the sum of a window are those of its rows' results: rows are reduced first,
    along whole lines of memory, then the columns of what is left.
    """

    def __init__(
        self,
        maps: npt.NDArray[Any],
        kernel_size: Pair,
        stride: Pair | None,
        padding: Padding,
        dilation: Pair,
        ceil_mode: bool,
    ) -> None:
        self.kernel_size = pair("kernel size", kernel_size)
        self._stride = pair("stride", self.kernel_size if stride is None else stride)
        self._dilation = pair("dilation", dilation)
        self._size = maps.shape[1], maps.shape[2]
        shape = self._size, self.kernel_size
        own = explicit_padding(
            *shape, stride=self._stride, padding=padding, dilation=self._dilation
        )
        self._own = own
        self.taps: tuple[Taps, Taps] = taps(
            *shape, stride=self._stride, padding=own, dilation=self._dilation, ceil_mode=ceil_mode
        )
        check_windows(self.taps, self._size)
        # With ceil_mode the last window may reach over the padding: the maps are padded so far.
        last = [int(self.taps[axis].max()) + 1 - self._size[axis] for axis in (0, 1)]
        self.sides: Sides = (
            (own[0][0], max(own[0][1], last[0])),
            (own[1][0], max(own[1][1], last[1])),
        )

    def inside(self, axis: int, padding: bool = False) -> npt.NDArray[np.bool_]:
        """Which taps of an axis hit the maps, or the maps and their padding."""
        before, after = self._own[axis] if padding else (0, 0)
        places = self.taps[axis]
        return np.asarray((places >= -before) & (places < self._size[axis] + after))

    def view(self, padded: npt.NDArray[Any], axis: int, tap: int) -> npt.NDArray[Any]:
        """What one row, or column, of all windows sees of padded maps."""
        first, stride = tap * self._dilation[axis], self._stride[axis]
        places = slice(first, first + (len(self.taps[axis]) - 1) * stride + 1, stride)
        return padded[:, places] if axis == 0 else padded[:, :, places]

    def reduce(self, padded: npt.NDArray[Any], ufunc: Callable[..., Any]) -> npt.NDArray[Any]:
        """Reduce each window of padded maps to one value."""
        for axis in (0, 1):
            result = self.view(padded, axis, 0).copy()
            for tap in range(1, self.kernel_size[axis]):
                ufunc(result, self.view(padded, axis, tap), out=result)
            padded = result
        return padded


def _maps(maps: npt.ArrayLike) -> npt.NDArray[Any]:
    """Maps as whole numbers where they are, or else as float32."""
    array = np.asarray(maps)
    if array.ndim != 3 or 0 in array.shape:
        raise ValueError(f"maps {array.shape} do not have the axes (maps, rows, columns).")
    return array if np.issubdtype(array.dtype, np.integer) else array.astype(np.float32, copy=False)


def _lowest(maps: npt.NDArray[Any]) -> float | int:
    """The value of a padding that is never larger than a pixel."""
    return int(np.iinfo(maps.dtype).min) if np.issubdtype(maps.dtype, np.integer) else -np.inf
