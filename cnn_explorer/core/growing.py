"""A drawing as it may have been drawn: from one end of the ink to the other."""

import numpy as np
import numpy.typing as npt

from cnn_explorer.core.activations import Array

_STEPS = tuple(
    (rows, columns, float(np.hypot(rows, columns)))
    for rows in (-1, 0, 1)
    for columns in (-1, 0, 1)
    if rows or columns
)


def growth(drawing: Array, count: int) -> tuple[Array, ...]:
    """Drawings from the first ink to all of it.

    The order of the strokes is not kept with a drawing, so it is guessed: ink is reached from ink,
    beginning at that end of it which lies higher, or where both are as high, further left; what is
    not joined to it follows.

    Parameters
    ----------
    drawing
        float32, shape (rows, columns); ink is above 0.
    count
        How many drawings, at least 1.

    Returns
    -------
    tuple of ndarray
        float32, the shape of the drawing, read-only; each has all ink of the one before, and the
        last is the drawing itself.
    """
    order = _reached(drawing > 0)
    most = float(order.max(initial=0.0, where=np.isfinite(order)))
    grown = []
    for number in range(1, count):
        part = np.where(order <= most * number / count, drawing, np.float32(0))
        part.flags.writeable = False
        grown.append(part)
    return (*grown, drawing)


def _reached(ink: npt.NDArray[np.bool_]) -> npt.NDArray[np.float64]:
    """How far along the ink each pixel of it is; infinite where there is none."""
    order = np.full(ink.shape, np.inf)
    left, begun = ink.copy(), 0.0
    while left.any():
        first = tuple(np.argwhere(left)[0])
        there = _distances(left, first)
        joined = np.isfinite(there)
        one = _furthest(there)
        other = _furthest(_distances(left, one))
        along = _distances(left, min(one, other))
        order[joined] = begun + along[joined]
        begun = float(order[joined].max()) + 1
        left &= ~joined
    return order


def _furthest(distances: npt.NDArray[np.float64]) -> tuple[int, int]:
    known = np.where(np.isfinite(distances), distances, -1)
    row, column = np.unravel_index(int(known.argmax()), known.shape)
    return int(row), int(column)


def _distances(ink: npt.NDArray[np.bool_], start: tuple[int, ...]) -> npt.NDArray[np.float64]:
    """Length of the shortest way over ink from a pixel of it; infinite where none leads."""
    rows, columns = ink.shape
    found = np.full((rows + 2, columns + 2), np.inf)
    inside = found[1:-1, 1:-1]
    inside[start] = 0
    while True:
        ways = [
            found[1 + y : 1 + y + rows, 1 + x : 1 + x + columns] + length for y, x, length in _STEPS
        ]
        better = np.where(ink, np.minimum(inside, np.minimum.reduce(ways)), np.inf)
        if np.array_equal(better, inside):
            return inside.copy()
        inside[...] = better
