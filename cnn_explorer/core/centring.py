"""A drawing as MNIST would have it: its ink of one size, and in the middle."""

import numpy as np
import numpy.typing as npt

from cnn_explorer.core.activations import Array
from cnn_explorer.core.drawing import SIDE

BOX = 20
"""Rows or columns that the ink fills, whichever are more."""

MIDDLE = 14.5
"""Where the centre of mass comes to lie: the middle of pixel 14, as in MNIST's own files."""

MOST = 2.0
"""How many times larger ink may become."""

_Wide = npt.NDArray[np.float64]
_HALF = 0.5
_FAINT = 0.1
_ROOM = SIDE - 2


def centred(drawing: Array) -> Array:
    """Scale and move the ink as MNIST's digits were.

    Those were scaled, with their proportions, to fit a box of 20×20 and put into 28×28 with their
    centre of mass in the middle (Y. LeCun et al., Gradient-Based Learning Applied to Document
    Recognition, Proc. IEEE 86, 1998, section III.A).

    Parameters
    ----------
    drawing
        float32, shape (28, 28), values 0 to 1.

    Returns
    -------
    ndarray
        float32, shape (28, 28), values 0 to 1, read-only.

    Notes
    -----
    The ink ends where it has half its largest value, between two pixels if need be: so the box
    moves smoothly with the pen, and on the files of MNIST it measures 19.9 ± 0.2. Ink that is
    fainter, down to a tenth, does not count for the box, but stays in the picture.

    Ink becomes at most twice as large: a digit of ten pixels still fills the box and one of eight
    is read as well, but lines grow no thicker than MNIST's, and a dot stays a dot. Nothing is
    pushed out of the picture: where the centre of mass is that far from an end of the ink, the ink
    lies at the edge.

    Values are interpolated linearly, over as many pixels as become one (a tent whose half width is
    a pixel of the larger of the two pictures): where nothing is to be scaled or moved, nothing
    changes.
    """
    profiles = drawing.max(axis=1), drawing.max(axis=0)
    most = float(drawing.max())
    size = ink_size(drawing)
    if size == 0:
        return drawing
    whole = [_extent(line, _FAINT * most) for line in profiles]
    scale = min(BOX / size, _ROOM / max(high - low for low, high in whole), MOST)
    wide = drawing.astype(np.float64)
    down, across = (_resampling(wide.sum(axis=1 - axis), scale, whole[axis]) for axis in range(2))
    result = np.clip(down @ wide @ across.T, 0, 1).astype(np.float32)
    result.flags.writeable = False
    return result


def ink_size(drawing: Array) -> float:
    """Over how many rows or columns the ink goes, whichever are more; 0 where there is none."""
    half = _HALF * float(drawing.max())
    if half == 0:
        return 0.0
    profiles = drawing.max(axis=1), drawing.max(axis=0)
    return max(high - low for low, high in (_extent(line, half) for line in profiles))


def _extent(profile: Array, level: float) -> tuple[float, float]:
    """Where a line of values first and last has a level, in pixels, interpolated.

    Beyond both ends it is zero. The level is more than that, and at most the largest value.
    """
    values = np.concatenate([[0], profile.astype(np.float64), [0]])
    inside = np.flatnonzero(values >= level)
    first, last = int(inside[0]), int(inside[-1])
    low = first - (values[first] - level) / (values[first] - values[first - 1])
    high = last + (values[last] - level) / (values[last] - values[last + 1])
    return float(low) - 0.5, float(high) - 0.5


def _resampling(masses: _Wide, scale: float, whole: tuple[float, float]) -> _Wide:
    """What each row, or column, of the result takes from those of the drawing, float64.

    Parameters
    ----------
    masses
        Sum of the ink in each.
    scale
        How many times larger the ink becomes.
    whole
        Between which of them all of it lies.
    """
    centre = float(masses @ (np.arange(SIDE) + 0.5) / masses.sum())
    start = MIDDLE - scale * centre
    low, high = start + scale * whole[0], start + scale * whole[1]
    start += max(0.0, -low) - max(0.0, high - SIDE)
    # A pixel more on either side, so that the weights there are complete.
    sources = np.arange(-2, SIDE + 2) + 0.5
    sampled = (np.arange(SIDE) + 0.5 - start) / scale
    distances = np.abs(sampled[:, np.newaxis] - sources) * min(scale, 1.0)
    weights = np.maximum(1 - distances, 0)
    sums = weights.sum(axis=1, keepdims=True)
    complete: _Wide = weights / np.where(sums > 0, sums, 1)
    return complete[:, 2:-2]
