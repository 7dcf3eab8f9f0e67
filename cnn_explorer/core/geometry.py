"""Which pixels a window sees: what convolution and pooling have in common."""

from typing import Any, Literal, TypeVar

import numpy as np
import numpy.typing as npt

Pair = int | tuple[int, int]
Sides = tuple[tuple[int, int], tuple[int, int]]
Padding = Pair | Sides | Literal["same", "same_lower", "valid"]
PaddingMode = Literal["zeros", "reflect", "replicate", "circular"]
Taps = npt.NDArray[np.int_]

PADDING_MODES: tuple[PaddingMode, ...] = ("zeros", "reflect", "replicate", "circular")

_INTEGER = (int, np.integer)
_PAIR = (tuple, list)
_Number = TypeVar("_Number", bound=np.generic)


def explicit_padding(
    size: tuple[int, int],
    kernel_size: tuple[int, int],
    *,
    stride: Pair,
    padding: Padding,
    dilation: Pair,
) -> Sides:
    """Rows and columns that a padding puts around a map.

    Parameters
    ----------
    size, kernel_size
        (rows, columns) of a map and of a kernel.
    stride, dilation
        One number, or (rows, columns); 1 or more.
    padding
        One number, (rows, columns), ((top, bottom), (left, right)), "valid" for none, or "same"
        for an output of ceil(size / stride), where an odd row or column goes to the bottom or
        right; with "same_lower" it goes to the top or left.

    Returns
    -------
    tuple of tuple of int
        ((top, bottom), (left, right)).

    Raises
    ------
    ValueError
        If an option is out of its range.
    """
    if padding == "same" or padding == "same_lower":
        steps = pair("stride", stride)
        length = reach(kernel_size, dilation)
        upper, left = (_same(size[axis], length[axis], steps[axis]) for axis in (0, 1))
        return (upper, left) if padding == "same" else (upper[::-1], left[::-1])
    if padding == "valid":
        return (0, 0), (0, 0)
    if isinstance(padding, str):
        raise ValueError(
            f"there is no padding “{padding}”; choose same, same_lower, valid or whole numbers "
            "from 0."
        )
    if isinstance(padding, _PAIR) and len(padding) == 2:
        rows, columns = padding
    else:
        rows = columns = padding
    return pair("padding", rows, 0), pair("padding", columns, 0)


def output_size(
    size: tuple[int, int],
    kernel_size: tuple[int, int],
    *,
    stride: Pair = 1,
    padding: Padding = 0,
    dilation: Pair = 1,
    padding_mode: PaddingMode = "zeros",
    ceil_mode: bool = False,
) -> tuple[int, int]:
    """Size of the maps that a layer makes.

    Parameters
    ----------
    size, kernel_size
        (rows, columns) of an input map and of a kernel.
    stride, padding, dilation
        As in `explicit_padding`.
    padding_mode
        What the padding is filled with, as in `pad`: copies need pixels to copy.
    ceil_mode
        Whether a last window may reach over the end of the padded input, as long as it starts in
        the input or in the padding before it.

    Returns
    -------
    tuple of int
        (rows, columns), floor((padded size - kernel's reach) / stride) + 1 on each axis.

    Raises
    ------
    ValueError
        If the kernel is larger than the padded input, the padding larger than its mode allows, or
        an option is out of its range.
    """
    sides = explicit_padding(size, kernel_size, stride=stride, padding=padding, dilation=dilation)
    _check_mode(size, sides, padding_mode)
    steps = pair("stride", stride)
    length = reach(kernel_size, dilation)
    padded = size[0] + sum(sides[0]), size[1] + sum(sides[1])
    rows, columns = (
        _windows(padded[axis], length[axis], steps[axis], size[axis] + sides[axis][0], ceil_mode)
        for axis in (0, 1)
    )
    if rows < 1 or columns < 1:
        dilated = length != tuple(kernel_size)
        raise ValueError(
            f"a {_times(kernel_size)} kernel{f' dilated to {_times(length)}' * dilated} "
            f"does not fit its {_times(size)} input padded to {_times(padded)}: it needs "
            f"a smaller kernel{', less dilation' * dilated} or more padding."
        )
    return rows, columns


def taps(
    size: tuple[int, int],
    kernel_size: tuple[int, int],
    *,
    stride: Pair = 1,
    padding: Padding = 0,
    dilation: Pair = 1,
    padding_mode: PaddingMode = "zeros",
    ceil_mode: bool = False,
) -> tuple[Taps, Taps]:
    """Which input pixels each output pixel is made from, on each axis.

    Parameters
    ----------
    size, kernel_size
        (rows, columns) of an input map and of a kernel.
    stride, padding, dilation, padding_mode, ceil_mode
        As in `output_size`.

    Returns
    -------
    tuple of ndarray
        For rows, shape (output rows, kh), and for columns, shape (output columns, kw): entry (r, u)
        is ``r * stride - padding + u * dilation``, the input row that cell row u of the kernel
        multiplies for output row r. Below 0, or from the input's size on, it is padding; unless
        the padding copies pixels: then it is the row that is copied.

    Raises
    ------
    ValueError
        As `output_size`.
    """
    out = output_size(
        size,
        kernel_size,
        stride=stride,
        padding=padding,
        dilation=dilation,
        padding_mode=padding_mode,
        ceil_mode=ceil_mode,
    )
    sides = explicit_padding(size, kernel_size, stride=stride, padding=padding, dilation=dilation)
    steps, gaps = pair("stride", stride), pair("dilation", dilation)
    rows, columns = (
        _copied(
            np.arange(out[axis])[:, np.newaxis] * steps[axis]
            - sides[axis][0]
            + np.arange(kernel_size[axis]) * gaps[axis],
            size[axis],
            padding_mode,
        )
        for axis in (0, 1)
    )
    return rows, columns


def pad(
    maps: npt.NDArray[_Number], sides: Sides, mode: PaddingMode = "zeros", value: Any = 0
) -> npt.NDArray[_Number]:
    """Put rows and columns around each map; for a constant in a tenth of the time of `numpy.pad`.

    Parameters
    ----------
    maps
        Shape (maps, rows, columns).
    sides
        ((top, bottom), (left, right)), each 0 or more.
    mode
        "zeros" for a constant, "reflect" for a mirror in the outermost pixel, "replicate" for the
        outermost pixel again and again, "circular" for the opposite side.
    value
        The constant of "zeros".

    Returns
    -------
    ndarray
        Of the maps' type.

    Raises
    ------
    ValueError
        If there is no such mode, or if it has too few pixels to copy.
    """
    (top, bottom), (left, right) = sides
    channels, rows, columns = maps.shape
    _check_mode((rows, columns), sides, mode)
    if mode == "zeros":
        shape = (channels, top + rows + bottom, left + columns + right)
        padded = np.full(shape, value, maps.dtype) if value else np.zeros(shape, maps.dtype)
        padded[:, top : top + rows, left : left + columns] = maps
        return padded
    copied_rows = _copied(np.arange(-top, rows + bottom), rows, mode)
    copied_columns = _copied(np.arange(-left, columns + right), columns, mode)
    return maps[:, copied_rows[:, np.newaxis], copied_columns]


def reach(kernel_size: tuple[int, int], dilation: Pair) -> tuple[int, int]:
    """Rows and columns from a kernel's first tap to its last."""
    rows, columns = pair("dilation", dilation)
    return rows * (kernel_size[0] - 1) + 1, columns * (kernel_size[1] - 1) + 1


def pair(name: str, value: object, least: int = 1) -> tuple[int, int]:
    """(rows, columns) of an option that may be one number for both.

    Raises
    ------
    ValueError
        If it is neither, or a number is less than `least`.
    """
    both = value if isinstance(value, _PAIR) else (value, value)
    if len(both) != 2 or not all(isinstance(n, _INTEGER) and n >= least for n in both):
        raise ValueError(
            f"the {name} is {value!r}; it must be a whole number from {least}, or two of them."
        )
    return int(both[0]), int(both[1])


def _same(size: int, length: int, stride: int) -> tuple[int, int]:
    """Padding before and after an axis, so that ceil(size / stride) windows fit."""
    total = max(0, (size - 1) // stride * stride + length - size)
    return total // 2, total - total // 2


def _windows(padded: int, length: int, stride: int, end: int, ceil_mode: bool) -> int:
    """How many windows fit an axis; those of `ceil_mode` have to start before `end`."""
    if not ceil_mode:
        return (padded - length) // stride + 1
    return min(-((length - padded) // stride) + 1, (end - 1) // stride + 1)


def _copied(index: Taps, length: int, mode: PaddingMode) -> Taps:
    """Which row, or column, a padding copies; with zeros the place itself, which lies outside."""
    if mode == "reflect":
        return np.asarray(length - 1 - np.abs(length - 1 - np.abs(index)))
    if mode == "replicate":
        return index.clip(0, length - 1)
    return index % length if mode == "circular" else index


def _check_mode(size: tuple[int, int], sides: Sides, mode: PaddingMode) -> None:
    """Raise a sentence where there is no such mode, or where it has too few pixels to copy."""
    if mode not in PADDING_MODES:
        raise ValueError(
            f"there is no padding mode “{mode}”; choose from {', '.join(PADDING_MODES)}."
        )
    for axis, name in enumerate(("rows", "columns")):
        widest, length = max(sides[axis]), size[axis]
        if mode == "reflect" and widest >= length:
            raise ValueError(
                f"reflect pads {widest} {name}, and needs maps of at least {widest + 1}; "
                f"they have {length}."
            )
        if mode == "circular" and widest > length:
            raise ValueError(
                f"circular pads {widest} {name}, and needs maps of as many; they have {length}."
            )


def _times(size: tuple[int, int]) -> str:
    return f"{size[0]}×{size[1]}"
