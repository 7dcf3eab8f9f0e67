"""One convolution layer, computed in either of two ways that agree to the rounding of float32."""

import math
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from cnn_explorer.core.activations import Array

Pair = int | tuple[int, int]
Padding = Pair | tuple[tuple[int, int], tuple[int, int]] | Literal["same", "valid"]
Method = Literal["auto", "signal", "matmul"]
Window = tuple[slice, slice]  # some rows and some columns of a map
Taps = npt.NDArray[np.int_]

AUTO_LIMIT = 1_000_000
"""Multiply-adds up to which "auto" takes scipy.signal.

At 3×3 on 28×28 that is 141 convolutions of 20 to 30 µs, a quarter of a frame of 16 ms. The rest is
for slow machines, and for 1×1 kernels and strides, which take longer for each multiply-add.
"""

BLOCK_BYTES = 2 << 20
"""Most that "matmul" spends on its columns at once, and again on the maps that they are cut from.

Larger ones leave the processor's caches.
"""

_INTEGER = (int, np.integer)
_PAIR = (tuple, list)


def conv2d(
    maps: npt.ArrayLike,
    weight: npt.ArrayLike,
    bias: npt.ArrayLike | None = None,
    *,
    stride: Pair = 1,
    padding: Padding = 0,
    dilation: Pair = 1,
    groups: int = 1,
    method: Method = "auto",
    checkpoint: Callable[[], None] | None = None,
) -> Array:
    """Convolve maps with filters: each filter's results are summed over the maps of its group.

    out[j] = bias[j] + Σᵢ maps[i] * weight[j, i], where * does not flip the kernel
    (cross-correlation), as in every deep-learning framework: ``torch.nn.functional.conv2d``
    without the batch axis.

    Parameters
    ----------
    maps
        Shape (in, rows, columns). Computed with as float32, like the other arrays.
    weight
        Shape (out, in / groups, kh, kw).
    bias
        Shape (out,), or None for none. It is added last.
    stride, dilation
        One number, or (rows, columns); 1 or more.
    padding
        Zeros around each map: one number, (rows, columns), ((top, bottom), (left, right)), "valid"
        for none, or "same" for an output of ceil(size / stride), where an odd row or column goes
        to the bottom or right.
    groups
        Input and output channels are divided into so many groups that do not see each other.
    method
        "signal" (scipy.signal, a channel at a time, summed in the order of the channels), "matmul"
        (im2col and one matrix product), or "auto", which `resolve_method` decides.
    checkpoint
        Called before each filter ("signal") or block of output rows ("matmul"). Whatever it
        raises ends the computation.

    Returns
    -------
    ndarray
        float32, shape (out, rows, columns).

    Raises
    ------
    ValueError
        If shapes, channels or groups do not fit each other, an array is empty, the kernel is
        larger than the padded input, or an option is out of its range.

    Notes
    -----
    Values that are not finite are computed with, without a warning. With a dilation "signal" also
    multiplies what lies between a kernel's taps, by 0: there an infinite value gives NaN.
    """
    maps = np.asarray(maps, np.float32)
    weight = np.asarray(weight, np.float32)
    bias = None if bias is None else np.asarray(bias, np.float32)
    _check_channels(maps, weight, bias, groups)
    layout = layout_of(
        (maps.shape[1], maps.shape[2]),
        (weight.shape[2], weight.shape[3]),
        stride=stride,
        padding=padding,
        dilation=dilation,
    )
    return convolve(maps, weight, bias, layout, groups, method, checkpoint)


@dataclass(frozen=True)
class Layout:
    """Where a convolution's windows lie, in whole numbers that fit each other.

    Parameters
    ----------
    stride, dilation
        (rows, columns).
    reach
        Rows and columns from a kernel's first tap to its last.
    sides
        Zeros around each map, ((top, bottom), (left, right)).
    size
        (rows, columns) of an output map.
    """

    stride: tuple[int, int]
    dilation: tuple[int, int]
    reach: tuple[int, int]
    sides: tuple[tuple[int, int], tuple[int, int]]
    size: tuple[int, int]


def layout_of(
    size: tuple[int, int],
    kernel_size: tuple[int, int],
    *,
    stride: Pair,
    padding: Padding,
    dilation: Pair,
) -> Layout:
    """Work out and check where windows lie; parameters and errors as of `output_size`."""
    stride = _pair("stride", stride)
    dilation = _pair("dilation", dilation)
    sides = explicit_padding(size, kernel_size, stride=stride, padding=padding, dilation=dilation)
    out = output_size(size, kernel_size, stride=stride, padding=sides, dilation=dilation)
    return Layout(stride, dilation, _reach(kernel_size, dilation), sides, out)


def convolve(
    maps: Array,
    weight: Array,
    bias: Array | None,
    layout: Layout,
    groups: int,
    method: Method,
    checkpoint: Callable[[], None] | None = None,
    window: Window | None = None,
) -> Array:
    """Convolve as `conv2d` does, with arrays and a layout that are known to fit.

    Parameters
    ----------
    maps, weight, bias, groups, method, checkpoint
        As in `conv2d`.
    layout
        Of `layout_of`.
    window
        The rows and columns of the output that are wanted; None for all.

    Returns
    -------
    ndarray
        float32, shape (out, rows, columns) of the window.
    """
    filters, depth, kh, kw = weight.shape
    if method == "auto":
        method = resolve_method(multiply_adds(filters, depth, (kh, kw), layout.size))
    if method not in ("signal", "matmul"):
        raise ValueError(f"there is no method “{method}”; choose from auto, signal, matmul.")
    compute = _signal if method == "signal" else _matmul
    if window is None:
        window = slice(0, layout.size[0]), slice(0, layout.size[1])
    rows, columns = window
    size = rows.stop - rows.start, columns.stop - columns.start
    padded = _padded(maps, layout, window)
    with np.errstate(all="ignore"):
        out = compute(padded, weight, size, layout.stride, layout.dilation, groups, checkpoint)
        if bias is not None:
            out += bias[:, np.newaxis, np.newaxis]
    return out


def resolve_method(multiply_adds: int) -> Literal["signal", "matmul"]:
    """Say which method serves "auto" for a pass of so many multiply-adds, always the same."""
    return "signal" if multiply_adds <= AUTO_LIMIT else "matmul"


def multiply_adds(
    out_channels: int,
    in_channels_per_group: int,
    kernel_size: tuple[int, int],
    output_size: tuple[int, int],
) -> int:
    """Count a layer's multiply-adds, padding included and bias apart."""
    rows, columns = output_size
    kh, kw = kernel_size
    return out_channels * in_channels_per_group * kh * kw * rows * columns


def explicit_padding(
    size: tuple[int, int],
    kernel_size: tuple[int, int],
    *,
    stride: Pair,
    padding: Padding,
    dilation: Pair,
) -> tuple[tuple[int, int], tuple[int, int]]:
    """Zeros that a padding puts around a map.

    Parameters
    ----------
    size, kernel_size
        (rows, columns) of a map and of a kernel.
    stride, padding, dilation
        As in `conv2d`.

    Returns
    -------
    tuple of tuple of int
        ((top, bottom), (left, right)).

    Raises
    ------
    ValueError
        If an option is out of its range.
    """
    if padding == "same":
        steps = _pair("stride", stride)
        reach = _reach(kernel_size, dilation)
        return _same(size[0], reach[0], steps[0]), _same(size[1], reach[1], steps[1])
    if padding == "valid":
        return (0, 0), (0, 0)
    if isinstance(padding, str):
        raise ValueError(
            f"there is no padding “{padding}”; choose same, valid or whole numbers from 0."
        )
    if isinstance(padding, _PAIR) and len(padding) == 2:
        rows, columns = padding
    else:
        rows = columns = padding
    return _pair("padding", rows, 0), _pair("padding", columns, 0)


def output_size(
    size: tuple[int, int],
    kernel_size: tuple[int, int],
    *,
    stride: Pair = 1,
    padding: Padding = 0,
    dilation: Pair = 1,
) -> tuple[int, int]:
    """Size of the maps that a layer makes.

    Parameters
    ----------
    size, kernel_size
        (rows, columns) of an input map and of a kernel.
    stride, padding, dilation
        As in `conv2d`.

    Returns
    -------
    tuple of int
        (rows, columns), floor((padded size - kernel's reach) / stride) + 1 on each axis.

    Raises
    ------
    ValueError
        If the kernel is larger than the padded input or an option is out of its range.
    """
    sides = explicit_padding(size, kernel_size, stride=stride, padding=padding, dilation=dilation)
    rows, columns = (sum(side) + length for side, length in zip(sides, size, strict=True))
    steps = _pair("stride", stride)
    reach = _reach(kernel_size, dilation)
    if reach[0] > rows or reach[1] > columns:
        dilated = reach != tuple(kernel_size)
        raise ValueError(
            f"a {_times(kernel_size)} kernel{f' dilated to {_times(reach)}' * dilated} "
            f"does not fit its {_times(size)} input padded to {_times((rows, columns))}: it needs "
            f"a smaller kernel{', less dilation' * dilated} or more padding."
        )
    return (rows - reach[0]) // steps[0] + 1, (columns - reach[1]) // steps[1] + 1


def taps(
    size: tuple[int, int],
    kernel_size: tuple[int, int],
    *,
    stride: Pair = 1,
    padding: Padding = 0,
    dilation: Pair = 1,
) -> tuple[Taps, Taps]:
    """Which input pixels each output pixel is made from, on each axis.

    Parameters
    ----------
    size, kernel_size
        (rows, columns) of an input map and of a kernel.
    stride, padding, dilation
        As in `conv2d`.

    Returns
    -------
    tuple of ndarray
        For rows, shape (output rows, kh), and for columns, shape (output columns, kw): entry (r, u)
        is ``r * stride - padding + u * dilation``, the input row that cell row u of the kernel
        multiplies for output row r. Below 0, or from the input's size on, it is padding.

    Raises
    ------
    ValueError
        As `output_size`.
    """
    out = output_size(size, kernel_size, stride=stride, padding=padding, dilation=dilation)
    sides = explicit_padding(size, kernel_size, stride=stride, padding=padding, dilation=dilation)
    steps, gaps = _pair("stride", stride), _pair("dilation", dilation)
    rows, columns = (
        np.arange(out[axis])[:, np.newaxis] * steps[axis]
        - sides[axis][0]
        + np.arange(kernel_size[axis]) * gaps[axis]
        for axis in (0, 1)
    )
    return rows, columns


def _check_channels(maps: Array, weight: Array, bias: Array | None, groups: int) -> None:
    """Raise a sentence with the shapes where they do not fit each other."""
    shapes = f"maps {maps.shape} and weight {weight.shape}"
    if maps.ndim != 3 or weight.ndim != 4:
        raise ValueError(
            f"{shapes} do not have the axes (in, rows, columns) and (out, in / groups, kh, kw)."
        )
    if 0 in maps.shape or 0 in weight.shape:
        raise ValueError(f"{shapes} must not be empty.")
    if not isinstance(groups, _INTEGER) or groups < 1:
        raise ValueError(f"groups is {groups}; it must be a whole number from 1.")
    channels, filters, depth = maps.shape[0], weight.shape[0], weight.shape[1]
    if channels % groups or filters % groups:
        raise ValueError(
            f"{groups} groups do not divide the {channels} input maps and {filters} filters "
            f"of {shapes} evenly."
        )
    if depth * groups != channels:
        raise ValueError(
            f"{shapes} do not match: groups={groups} and filters of depth {depth} "
            f"need {depth * groups} input maps, not {channels}."
        )
    if bias is not None and bias.shape != (filters,):
        raise ValueError(
            f"bias {bias.shape} does not match weight {weight.shape}: "
            f"{filters} filters need ({filters},)."
        )


def _signal(
    padded: Array,
    weight: Array,
    size: tuple[int, int],
    stride: tuple[int, int],
    dilation: tuple[int, int],
    groups: int,
    checkpoint: Callable[[], None] | None,
) -> Array:
    """Convolve a channel at a time, the reference that one can read."""
    from scipy.signal import correlate2d  # takes seconds to import

    filters, depth, kh, kw = weight.shape
    out = np.zeros((filters, *size), np.float32)
    dilated = np.zeros((depth, *_reach((kh, kw), dilation)), np.float32)
    for j in range(filters):
        if checkpoint is not None:
            checkpoint()
        dilated[:, :: dilation[0], :: dilation[1]] = weight[j]
        first = j // (filters // groups) * depth
        for channel, kernel in zip(padded[first : first + depth], dilated, strict=True):
            every = correlate2d(channel, kernel, mode="valid")
            out[j] += every[:: stride[0], :: stride[1]]
    return out


def _matmul(
    padded: Array,
    weight: Array,
    size: tuple[int, int],
    stride: tuple[int, int],
    dilation: tuple[int, int],
    groups: int,
    checkpoint: Callable[[], None] | None,
) -> Array:
    """Write each output pixel's window into a column and multiply by all filters (im2col)."""
    filters, depth, kh, kw = weight.shape
    kernels = weight.reshape(groups, filters // groups, depth * kh * kw)
    out = np.empty((groups, filters // groups, size[0] * size[1]), np.float32)
    for rows, columns in _blocks(size, BLOCK_BYTES // (4 * groups * depth * kh * kw)):
        if checkpoint is not None:
            checkpoint()
        start = rows.start * size[1] + columns.start
        corner = rows.start * stride[0], columns.start * stride[1]
        part = rows.stop - rows.start, columns.stop - columns.start
        block = _columns(padded, corner, (kh, kw), part, stride, dilation)
        block = block.reshape(groups, depth * kh * kw, -1)
        np.matmul(kernels, block, out=out[..., start : start + block.shape[2]])
    return out.reshape(filters, *size)


def _columns(
    padded: Array,
    corner: tuple[int, int],
    kernel_size: tuple[int, int],
    size: tuple[int, int],
    stride: tuple[int, int],
    dilation: tuple[int, int],
) -> Array:
    """What each tap multiplies, shape (in, kh, kw, output rows, output columns), until the next."""
    (kh, kw), (rows, columns) = kernel_size, size
    height = (rows - 1) * stride[0] + (kh - 1) * dilation[0] + 1
    tall, taps = (len(padded), kw, height, columns), (len(padded), kh, kw, rows, columns)
    plane, down, across = padded.strides
    start = corner[0] * down + corner[1] * across
    shift, step = dilation[1] * across, stride[1] * across
    out = _scratch.take("columns", taps)
    if height <= kh * rows:  # else the copy would be larger than the columns
        # A copy shifted for each column of the kernel makes the copies for its rows long runs.
        shifted = _scratch.take("shifted", tall)
        shifted[...] = np.ndarray(tall, np.float32, padded, start, (plane, shift, down, step))
        padded, start = shifted, 0
        plane, shift, down, step = shifted.strides
    strides = plane, dilation[0] * down, shift, stride[0] * down, step
    out[...] = np.ndarray(taps, np.float32, padded, start, strides)
    return out


class _Scratch(threading.local):
    """A thread's memory that is used again: new memory takes as long to get as to compute with."""

    def __init__(self) -> None:
        self._memory: dict[str, Array] = {}

    def take(self, name: str, shape: tuple[int, ...]) -> Array:
        """An array with anything in it; what was taken by the same name is lost."""
        count = math.prod(shape)
        memory = self._memory.get(name)
        if memory is None or memory.size < count:
            memory = self._memory[name] = np.empty(count, np.float32)
        return memory[:count].reshape(shape)


_scratch = _Scratch()


def _blocks(size: tuple[int, int], pixels: int) -> Iterator[tuple[slice, slice]]:
    """Cut a map into whole rows, or parts of one row, of at most so many pixels (at least one)."""
    height = max(1, pixels // size[1])
    width = min(max(1, pixels), size[1])
    for top in range(0, size[0], height):
        for left in range(0, size[1], width):
            yield (
                slice(top, min(top + height, size[0])),
                slice(left, min(left + width, size[1])),
            )


def _padded(maps: Array, layout: Layout, window: Window) -> Array:
    """What a window of the output is made from, the zeros around the maps included."""
    cuts = []
    for side, step, reach, sides, length in zip(
        window, layout.stride, layout.reach, layout.sides, maps.shape[1:], strict=True
    ):
        start = side.start * step - sides[0]
        stop = (side.stop - 1) * step - sides[0] + reach
        cuts.append((start, stop, max(start, 0), min(stop, length)))
    (top, bottom, first_row, end_row), (left, right, first_column, end_column) = cuts
    # A tenth of the time of `numpy.pad`.
    padded = np.zeros((len(maps), bottom - top, right - left), np.float32)
    if first_row < end_row and first_column < end_column:
        padded[:, first_row - top : end_row - top, first_column - left : end_column - left] = maps[
            :, first_row:end_row, first_column:end_column
        ]
    return padded


def _same(size: int, reach: int, stride: int) -> tuple[int, int]:
    """Zeros before and after an axis, so that ceil(size / stride) windows fit."""
    total = max(0, (size - 1) // stride * stride + reach - size)
    return total // 2, total - total // 2


def _reach(kernel_size: tuple[int, int], dilation: Pair) -> tuple[int, int]:
    """Rows and columns from a kernel's first tap to its last."""
    rows, columns = _pair("dilation", dilation)
    return rows * (kernel_size[0] - 1) + 1, columns * (kernel_size[1] - 1) + 1


def _pair(name: str, value: object, least: int = 1) -> tuple[int, int]:
    """(rows, columns) of an option that may be one number for both."""
    pair = value if isinstance(value, _PAIR) else (value, value)
    if len(pair) != 2 or not all(isinstance(n, _INTEGER) and n >= least for n in pair):
        raise ValueError(
            f"the {name} is {value!r}; it must be a whole number from {least}, or two of them."
        )
    return int(pair[0]), int(pair[1])


def _times(size: tuple[int, int]) -> str:
    return f"{size[0]}×{size[1]}"
