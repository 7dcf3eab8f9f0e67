"""Kernels to begin from: what each does to an image is in any book on image processing."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from cnn_explorer.core.activations import Array
from cnn_explorer.core.kernels import Size, bank

# Places in the bank, whose edges and lines have positive cells that sum to 2.
_HORIZONTAL_EDGE, _VERTICAL_EDGE, _BLOB, _LAPLACIAN = 0, 1, 2, 3
_HORIZONTAL_LINE, _VERTICAL_LINE, _RISING_EDGE, _FALLING_EDGE = 4, 5, 6, 7
_RISING_LINE, _IDENTITY, _FALLING_LINE = 11, 14, 15


class Preset(NamedTuple):
    """A kernel of any size.

    Parameters
    ----------
    label
        Name on screen.
    make
        From (kh, kw), its numbers.
    total
        What they sum to: 1 keeps the brightness, 0 answers to changes alone; None where it depends
        on the size.
    """

    label: str
    make: Callable[[Size], Array]
    total: int | None


def preset(name: str, kernel_size: Size) -> Array:
    """The kernel of a preset, a key of `PRESETS`, float32, shape (kh, kw).

    A shape that so small a kernel cannot show is the identity: an edge, a line or a Laplacian at
    1×1, a horizontal edge at 1×3.
    """
    return PRESETS[name].make(kernel_size).astype(np.float32)


def presets_of(kernel_size: Size) -> dict[str, Array]:
    """The presets that a kernel of a size can show, by name: no two are the same."""
    found: dict[str, Array] = {}
    for name in PRESETS:
        kernel = preset(name, kernel_size)
        if not any(np.allclose(kernel, other) for other in found.values()):
            found[name] = kernel
    return found


def _identity(size: Size) -> Array:
    kernel: Array = bank(size)[_IDENTITY] / np.float32(2)
    return kernel


def _of_bank(place: int) -> Callable[[Size], Array]:
    """A shape of the bank, that sums to 0."""

    def make(size: Size) -> Array:
        kernels = bank(size)
        missing = np.array_equal(kernels[place], kernels[_IDENTITY])
        return _identity(size) if missing else kernels[place]

    return make


def _added(place: int, gain: float) -> Callable[[Size], Array]:
    """The identity and a shape of the bank, that sum to 1."""

    def make(size: Size) -> Array:
        kernels, identity = bank(size), _identity(size)
        missing = np.array_equal(kernels[place], kernels[_IDENTITY])
        return identity if missing else identity + np.float32(gain) * kernels[place]

    return make


def _box(size: Size) -> Array:
    return np.full(size, 1 / (size[0] * size[1]), np.float32)


def _gaussian(size: Size) -> Array:
    kernel: Array = bank(size)[_BLOB] / np.float32(2)
    return kernel


PRESETS: dict[str, Preset] = {
    "identity": Preset("Identity", _identity, 1),
    "box": Preset("Blur, box", _box, 1),
    "gaussian": Preset("Blur, Gaussian", _gaussian, 1),
    # At 3×3 the familiar one: 5 between four −1.
    "sharpen": Preset("Sharpen", _added(_LAPLACIAN, 2), 1),
    "emboss": Preset("Emboss", _added(_RISING_EDGE, 1), 1),
    "edge_horizontal": Preset("Horizontal edge", _of_bank(_HORIZONTAL_EDGE), 0),
    "edge_vertical": Preset("Vertical edge", _of_bank(_VERTICAL_EDGE), 0),
    "edge_rising": Preset("Diagonal edge /", _of_bank(_RISING_EDGE), 0),
    "edge_falling": Preset("Diagonal edge \\", _of_bank(_FALLING_EDGE), 0),
    "line_horizontal": Preset("Horizontal line", _of_bank(_HORIZONTAL_LINE), 0),
    "line_vertical": Preset("Vertical line", _of_bank(_VERTICAL_LINE), 0),
    "line_rising": Preset("Diagonal line /", _of_bank(_RISING_LINE), 0),
    "line_falling": Preset("Diagonal line \\", _of_bank(_FALLING_LINE), 0),
    "laplacian": Preset("Laplacian", _of_bank(_LAPLACIAN), 0),
    "ones": Preset("Ones", lambda size: np.ones(size, np.float32), None),
    "zeros": Preset("Zeros", lambda size: np.zeros(size, np.float32), 0),
}
