"""Strokes as distances: of a shape made of segments, and of a digit that is thinned to its middle.

A pen of any width can follow strokes that are kept as distances: ink is where the distance to the
nearest stroke is less than half of the pen. Distances are kept at twice the resolution of a
drawing, as uint8 in sixteenths of a pixel of the drawing.
"""

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
from scipy.ndimage import distance_transform_edt, gaussian_filter, zoom

Fields = npt.NDArray[np.uint8]
Points = npt.NDArray[np.float64]

SIDE = 28
FINE = 2
"""Cells of a field for each pixel, in each direction."""
STEP = 1 / 16
"""What one stands for in a field, in pixels."""

_CHUNK = 2000
_CENTRES = (np.arange(SIDE * FINE) + 0.5) / FINE


def field_of(strokes: list[Points], discs: Points | None = None) -> Fields:
    """Measure distances to polylines and discs.

    Parameters
    ----------
    strokes
        Each of shape (n, 2), n at least 1: (row, column) in pixels.
    discs
        Shape (n, 3): (row, column, radius); distances within a disc are 0.

    Returns
    -------
    ndarray
        uint8, shape (56, 56), in sixteenths of a pixel.
    """
    nearest = np.full((SIDE * FINE, SIDE * FINE), 255 * STEP)
    for path in strokes:
        for start, end in zip(path, path[1:] if len(path) > 1 else path, strict=False):
            np.minimum(nearest, _to_segment(start, end), out=nearest)
    for row, column, radius in () if discs is None else discs:
        distance = np.hypot(_CENTRES[:, None] - row, _CENTRES - column) - radius
        np.minimum(nearest, np.maximum(distance, 0), out=nearest)
    return _kept(nearest)


def _to_segment(start: Points, end: Points) -> Points:
    """How far each cell is from a segment, in pixels."""
    rows, columns = _CENTRES[:, None] - start[0], _CENTRES - start[1]
    length = end - start
    along = (rows * length[0] + columns * length[1]) / max(float(length @ length), 1e-9)
    along = np.clip(along, 0, 1)
    distance: Points = np.hypot(rows - along * length[0], columns - along * length[1])
    return distance


def fields_of_digits(images: npt.NDArray[np.uint8]) -> Fields:
    """Measure distances to the middle lines of written digits.

    Parameters
    ----------
    images
        uint8, shape (n, 28, 28).

    Returns
    -------
    ndarray
        uint8, shape (n, 56, 56), in sixteenths of a pixel.
    """
    fields = np.empty((len(images), SIDE * FINE, SIDE * FINE), np.uint8)
    for first in range(0, len(images), _CHUNK):
        part = images[first : first + _CHUNK].astype(np.float32) / 255
        fine = zoom(part, (1, FINE, FINE), order=1, grid_mode=True, mode="grid-constant")
        middle = thinned(gaussian_filter(fine, (0, 0.7, 0.7)) > 0.4)
        for place, lines in enumerate(middle):
            fields[first + place] = _kept(distance_transform_edt(~lines) / FINE)
    return fields


def _kept(distance: Points) -> Fields:
    return np.minimum(np.rint(distance / STEP), 255).astype(np.uint8)


def thinned(ink: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    """Thin shapes to lines of one cell (T. Y. Zhang and C. Y. Suen, 1984).

    Parameters
    ----------
    ink
        Shape (n, rows, columns).

    Returns
    -------
    ndarray
        bool, the same shape.
    """
    ink = np.pad(ink, ((0, 0), (1, 1), (1, 1)))
    inner = ink[:, 1:-1, 1:-1]
    changed = True
    while changed:
        changed = False
        for removed in _removed(ink):
            inner &= ~removed
            changed |= bool(removed.any())
    return inner


def _removed(ink: npt.NDArray[np.bool_]) -> Iterator[npt.NDArray[np.bool_]]:
    """Cells on the edges of shapes, first of the south and east, then of the north and west."""
    rows, columns = ink.shape[1] - 2, ink.shape[2] - 2
    # Clockwise from the north.
    steps = (0, 1), (0, 2), (1, 2), (2, 2), (2, 1), (2, 0), (1, 0), (0, 0)
    for later in (False, True):
        around = [ink[:, down : down + rows, right : right + columns] for down, right in steps]
        count = sum(cell.view(np.uint8) for cell in around)
        turns = sum(
            (~cell & after).view(np.uint8)
            for cell, after in zip(around, around[1:] + around[:1], strict=True)
        )
        north, east, south, west = around[::2]
        ends = (
            ~(north & east & west) & ~(north & south & west)
            if later
            else ~(north & east & south) & ~(east & south & west)
        )
        yield ink[:, 1:-1, 1:-1] & (count >= 2) & (count <= 6) & (turns == 1) & ends
