"""One convolution layer, computed in either of two ways that agree to the rounding of float32."""

import math
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from cnn_explorer.core.activations import Array
from cnn_explorer.core.geometry import (
    Padding,
    PaddingMode,
    Pair,
    Sides,
    explicit_padding,
    output_size,
    pad,
    pair,
    reach,
)

Method = Literal["auto", "signal", "matmul"]
Window = tuple[slice, slice]  # some rows and some columns of a map

AUTO_LIMIT = 1_000_000
"""Multiply-adds up to which "auto" takes scipy.signal.

At 3×3 on 28×28 that is 141 convolutions of 20 to 30 µs, a quarter of a frame of 16 ms. The rest is
for slow machines, and for 1×1 kernels and strides, which take longer for each multiply-add.
"""

BLOCK_BYTES = 2 << 20
"""Most that "matmul" spends on its columns at once, and again on the maps that they are cut from.

Larger ones leave the processor's caches.
"""


def conv2d(
    maps: npt.ArrayLike,
    weight: npt.ArrayLike,
    bias: npt.ArrayLike | None = None,
    *,
    stride: Pair = 1,
    padding: Padding = 0,
    padding_mode: PaddingMode = "zeros",
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
        Rows and columns around each map: one number, (rows, columns), ((top, bottom), (left,
        right)), "valid" for none, or "same" for an output of ceil(size / stride), where an odd row
        or column goes to the bottom or right; with "same_lower" it goes to the top or left.
    padding_mode
        What they are filled with: "zeros", or copies of the map's own pixels: "reflect",
        "replicate" or "circular", as `cnn_explorer.core.geometry.pad` explains.
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
        larger than the padded input, the padding larger than its mode allows, or an option is out
        of its range.

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
        padding_mode=padding_mode,
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
    sides, padding_mode
        What is put around each map, ((top, bottom), (left, right)), and what that is.
    size
        (rows, columns) of an output map.
    """

    stride: tuple[int, int]
    dilation: tuple[int, int]
    reach: tuple[int, int]
    sides: Sides
    padding_mode: PaddingMode
    size: tuple[int, int]


def layout_of(
    size: tuple[int, int],
    kernel_size: tuple[int, int],
    *,
    stride: Pair,
    padding: Padding,
    padding_mode: PaddingMode,
    dilation: Pair,
) -> Layout:
    """Work out and check where windows lie; parameters and errors as of `output_size`."""
    stride = pair("stride", stride)
    dilation = pair("dilation", dilation)
    sides = explicit_padding(size, kernel_size, stride=stride, padding=padding, dilation=dilation)
    out = output_size(
        size,
        kernel_size,
        stride=stride,
        padding=sides,
        padding_mode=padding_mode,
        dilation=dilation,
    )
    return Layout(stride, dilation, reach(kernel_size, dilation), sides, padding_mode, out)


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


def _check_channels(maps: Array, weight: Array, bias: Array | None, groups: int) -> None:
    """Raise a sentence with the shapes where they do not fit each other."""
    shapes = f"maps {maps.shape} and weight {weight.shape}"
    if maps.ndim != 3 or weight.ndim != 4:
        raise ValueError(
            f"{shapes} do not have the axes (in, rows, columns) and (out, in / groups, kh, kw)."
        )
    if 0 in maps.shape or 0 in weight.shape:
        raise ValueError(f"{shapes} must not be empty.")
    if not isinstance(groups, (int, np.integer)) or groups < 1:
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
    dilated = np.zeros((depth, *reach((kh, kw), dilation)), np.float32)
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
    """What a window of the output is made from, the padding around the maps included."""
    sides = []
    for side, step, length in zip(window, layout.stride, layout.reach, strict=True):
        sides.append(slice(side.start * step, (side.stop - 1) * step + length))
    rows, columns = sides
    (top, _), (left, _) = layout.sides
    if layout.sides == ((0, 0), (0, 0)):
        return np.ascontiguousarray(maps[:, rows, columns])  # most often the maps themselves
    if layout.padding_mode != "zeros":
        whole = pad(maps, layout.sides, layout.padding_mode)
        return np.ascontiguousarray(whole[:, rows, columns])
    padded = np.zeros((len(maps), rows.stop - rows.start, columns.stop - columns.start), np.float32)
    first_row, end_row = max(rows.start, top), min(rows.stop, top + maps.shape[1])
    first_column, end_column = max(columns.start, left), min(columns.stop, left + maps.shape[2])
    if first_row < end_row and first_column < end_column:
        inside = (
            slice(first_row - rows.start, end_row - rows.start),
            slice(first_column - columns.start, end_column - columns.start),
        )
        padded[:, *inside] = maps[
            :, first_row - top : end_row - top, first_column - left : end_column - left
        ]
    return padded
