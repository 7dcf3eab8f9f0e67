"""How well a network reads what is drawn with the program's own pen."""

import numpy as np
import numpy.typing as npt

from cnn_explorer.core.activations import Array
from cnn_explorer.core.drawing import blank
from cnn_explorer.core.evaluation import Readings, read_digits
from cnn_explorer.core.network import Network
from cnn_explorer.core.state import State

from .skeletons import LETTERS, STYLES, Digit, written


def drawings(each: int, seed: int = 0) -> tuple[Array, npt.NDArray[np.int8]]:
    """Write every style of every digit so many times.

    Returns
    -------
    tuple of ndarray
        Drawings, float32, shape (n, 28, 28), and the digits they are, shape (n,).
    """
    pairs = [(digit, style) for digit, styles in STYLES.items() for style in styles]
    return _all_written([style for _, style in pairs], each, seed), np.repeat(
        np.array([digit for digit, _ in pairs], np.int8), each
    )


def letters(each: int, seed: int = 0) -> Array:
    """Write every letter so many times."""
    return _all_written([*LETTERS.values()], each, seed)


def _all_written(lines: list[Digit], each: int, seed: int) -> Array:
    generator = np.random.default_rng(seed)
    return np.stack([written(one, generator) for one in lines for _ in range(each)])


def _read(network: Network, images: Array, centring: bool = True) -> Readings:
    return read_digits(State(blank(), network, centred=centring), images)


def share_right(network: Network, each: int, *, centring: bool, seed: int = 0) -> float:
    """Which part of the drawings is read right."""
    images, labels = drawings(each, seed)
    readings = _read(network, images, centring)
    return float(np.mean(readings.classes == labels))


def share_refused(network: Network, images: Array) -> float:
    """Which part of some drawings, centred, is called no digit."""
    assert network.trained is not None
    readings = _read(network, images)
    return float(np.mean(readings.confidences < network.trained.threshold))
