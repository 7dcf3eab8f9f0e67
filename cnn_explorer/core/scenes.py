"""A scene that shows why a layer adds: neither of two maps knows a corner, their sum does.

Conv 1 asks at every pixel: is there a horizontal stroke here (map 0), a vertical one (map 1)? Each
kernel is one row, or one column, of equal weights, which counts the ink along 9 pixels: a stroke
along it gives at least 3.5, one across it only as much as the pen is wide. The sigmoid makes that
a yes (1) or a no (0). Conv 2 adds the two answers and takes 1.5 off: 1 + 1 − 1.5 is above zero,
1 + 0 − 1.5 is not, so that ReLU leaves something only where both say yes.
"""

from functools import cache

import numpy as np

from cnn_explorer.core.activations import Array
from cnn_explorer.core.drawing import Points, draw
from cnn_explorer.core.kernel_layers import Conv2d
from cnn_explorer.core.network import Network
from cnn_explorer.core.state import State

CORNER = (20, 8)
"""(row, column) of the pixel where the strokes of the shape “corner” meet."""

_REACH = 9
_GAIN = 4.0
_LEAST_INK = 3.5
_PEN = 2.5

# Ends lie at pixels' centres.
_TOP, _LEFT, _BOTTOM, _RIGHT = 6.5, CORNER[1] + 0.5, CORNER[0] + 0.5, 21.5

SHAPES: dict[str, Points] = {
    "corner": ((_TOP, _LEFT), (_BOTTOM, _LEFT), (_BOTTOM, _RIGHT)),
    "horizontal": ((_BOTTOM, _LEFT), (_BOTTOM, _RIGHT)),
    "vertical": ((_TOP, _LEFT), (_BOTTOM, _LEFT)),
    "square": (
        (_TOP, _LEFT),
        (_BOTTOM, _LEFT),
        (_BOTTOM, _RIGHT),
        (_TOP, _RIGHT),
        (_TOP, _LEFT),
    ),
}
"""What the scene draws, by name: one polyline each, of (row, column) positions."""


@cache
def shape_drawing(shape: str) -> Array:
    """One of the scene's drawings; the same array each time.

    Parameters
    ----------
    shape
        A key of `SHAPES`.

    Returns
    -------
    ndarray
        float32, shape (28, 28), read-only.

    Raises
    ------
    ValueError
        If there is no such shape.
    """
    if shape not in SHAPES:
        raise ValueError(f"There is no shape “{shape}”; choose from {', '.join(SHAPES)}.")
    return draw([SHAPES[shape]], size=_PEN)


def corner_scene(shape: str = "corner") -> State:
    """The scene, in the scheme Real, on one of its drawings.

    Parameters
    ----------
    shape
        A key of `SHAPES`.

    Raises
    ------
    ValueError
        If there is no such shape.
    """
    return State(shape_drawing(shape), _network())


def is_corner_scene(network: Network) -> bool:
    """Whether a network has the scene's kernels, whatever is muted."""
    weights, own = (
        [getattr(layer, "weight", None) for layer in one.layers] for one in (network, _network())
    )
    return len(weights) == len(own) and all(
        one is other for one, other in zip(weights, own, strict=True)
    )


@cache
def _network() -> Network:
    strokes = np.zeros((2, 1, _REACH, _REACH), np.float32)
    strokes[0, 0, _REACH // 2, :] = _GAIN
    strokes[1, 0, :, _REACH // 2] = _GAIN
    threshold = np.full(2, -_GAIN * _LEAST_INK, np.float32)
    both = np.ones((1, 2, 1, 1), np.float32)
    return Network(
        (
            Conv2d(0, strokes, threshold, activation="sigmoid", fan=(1, 2)),
            Conv2d(1, both, np.array([-1.5], np.float32), fan=(2, 1)),
        )
    )
