"""The drawing: 28x28 values from 0 to 1, 1 is ink, and the strokes that change it.

Positions are (row, column) in pixels: pixel (r, c) covers [r, r + 1) x [c, c + 1), so its centre
is at (r + 0.5, c + 0.5). Drawings are read-only; a stroke makes a new one.
"""

from collections.abc import Iterable, Sequence
from math import ceil, floor

import numpy as np

from cnn_explorer.core.activations import Array

SIDE = 28
MIN_SIZE = 0.5
MAX_SIZE = 8.0

Points = Sequence[tuple[float, float]]

_CENTRES = np.arange(SIDE) + 0.5
# Far enough for any mouse, near enough that squares stay exact to far less than a grey level.
_FAR = 1e6


def blank() -> Array:
    """Return a drawing without ink: float32 zeros, shape (28, 28), read-only."""
    drawing = np.zeros((SIDE, SIDE), np.float32)
    drawing.setflags(write=False)
    return drawing


def stroke(drawing: Array, points: Points, *, size: float, erase: bool = False) -> Array:
    """Draw or erase along a polyline with a round pen that has a soft edge.

    A pixel's coverage is clip(size / 2 + 0.5 - distance, 0, 1), where the distance is the one
    from its centre to the nearest point of the polyline. The pen keeps the larger of the old
    value and the coverage, the eraser the smaller of the old value and 1 - coverage. So a stroke
    has no gaps, drawing it twice changes nothing, and cutting it into pieces changes nothing.

    Parameters
    ----------
    drawing
        float32, shape (28, 28), values 0 to 1.
    points
        (row, column) positions in pixels, which may lie outside the drawing. One point makes a
        dot.
    size
        Diameter of the pen in pixels, `MIN_SIZE` to `MAX_SIZE`.
    erase
        Take ink away instead of adding it.

    Returns
    -------
    Array
        The new drawing: float32, shape (28, 28), read-only.

    Raises
    ------
    ValueError
        If there is no point, a point is not finite, or the size is out of range.
    """
    if not MIN_SIZE <= size <= MAX_SIZE:
        raise ValueError(f"A pen is {MIN_SIZE:g} to {MAX_SIZE:g} pixels wide, not {size:g}.")
    path = np.asarray(points, np.float64)
    if path.ndim != 2 or path.shape[1] != 2 or not len(path):
        raise ValueError(
            f"A stroke is one or more (row, column) pairs, not an array of shape {path.shape}."
        )
    if not np.isfinite(path).all():
        raise ValueError("A stroke's positions are finite numbers; one of these is not.")
    corners = np.minimum(np.maximum(path, -_FAR), _FAR).tolist()
    new = drawing.copy()
    for start, end in zip(corners, corners[1:] or corners, strict=False):
        _stamp(new, start, end, size / 2 + 0.5, erase)
    new.setflags(write=False)
    return new


def draw(strokes: Iterable[Points], *, size: float) -> Array:
    """Return the drawing that the strokes make on a blank one.

    Parameters
    ----------
    strokes
        Polylines, each as in `stroke`.
    size
        Diameter of the pen in pixels.

    Returns
    -------
    Array
        float32, shape (28, 28), read-only.

    Raises
    ------
    ValueError
        As in `stroke`.
    """
    drawing = blank()
    for points in strokes:
        drawing = stroke(drawing, points, size=size)
    return drawing


def _stamp(drawing: Array, start: list[float], end: list[float], reach: float, erase: bool) -> None:
    """Put one segment into a writable drawing; coverage is 0 at `reach` from the segment."""
    rows = _span(start[0], end[0], reach)
    columns = _span(start[1], end[1], reach)
    y = _CENTRES[rows, None] - start[0]
    x = _CENTRES[columns] - start[1]
    dy = end[0] - start[0]
    dx = end[1] - start[1]
    length_squared = dy * dy + dx * dx
    if length_squared:
        along = np.minimum(np.maximum((y * dy + x * dx) / length_squared, 0), 1)
        distance = np.hypot(y - along * dy, x - along * dx)
    else:
        distance = np.hypot(y, x)
    coverage = np.minimum(np.maximum(reach - distance, 0), 1)
    window = drawing[rows, columns]
    if erase:
        np.minimum(window, 1 - coverage, out=window)
    else:
        np.maximum(window, coverage, out=window)


def _span(a: float, b: float, reach: float) -> slice:
    """Return the pixels, along one axis, that a segment from a to b can touch."""
    first = floor(min(a, b) - reach)
    last = ceil(max(a, b) + reach)
    return slice(max(first, 0), max(last, 0))
