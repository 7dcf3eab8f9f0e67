"""Where kernels come from: random initialisation by seed, and a bank made by hand.

A random kernel depends on (seed, the layer's own number, out, in), its size and the fan that the
layer was created with: each filter has a generator of its own, seeded by (seed, number, out), from
which its kernels are drawn in the order of the input maps. A kernel of the bank depends on (out,
in), its size and that fan. So adding filters or input maps redraws none that stay.
"""

import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from cnn_explorer.core.activations import Array

_KERNEL_STREAM, _BIAS_STREAM = 0, 1

# Steps from one input map's shape in the bank to the next one's; 11 and 16 have no common
# divisor, so that 16 input maps get 16 shapes.
_STEP = 11
# How much kernels of input maps after the first weigh. Not 1, so that the kernels of a filter never
# cancel out when they are added up, even where all have one shape (1×1).
_LATER = 0.75

_Shape = npt.NDArray[np.float64]

Size = tuple[int, int]
Draw = Callable[[int, int, range, range, Size, Size], Array]


class Initialisation(NamedTuple):
    """One way to make kernels.

    Parameters
    ----------
    label
        Name on screen.
    draw
        Takes what `draw_kernels` takes, in the same order.
    """

    label: str
    draw: Draw


def draw_kernels(
    initialisation: str,
    *,
    seed: int,
    number: int,
    out_channels: range,
    in_channels: range,
    kernel_size: Size,
    fan: Size,
) -> Array:
    """Draw the kernels of some filters for some input maps.

    Parameters
    ----------
    initialisation
        A key of `INITIALISATIONS`.
    seed, number
        The network's seed and the layer's own number, not negative.
    out_channels, in_channels
        Which filters, and which of their kernels.
    kernel_size
        (kh, kw).
    fan
        (in, out) channels that the layer was created with; they scale its kernels.

    Returns
    -------
    ndarray
        float32, shape (len(out_channels), len(in_channels), kh, kw).
    """
    draw = INITIALISATIONS[initialisation].draw
    return draw(seed, number, out_channels, in_channels, kernel_size, fan)


def draw_bias(*, seed: int, number: int, out_channels: range) -> Array:
    """Draw small biases that are not zero: ±0.02 to ±0.1.

    Parameters
    ----------
    seed, number
        The network's seed and the layer's own number, not negative.
    out_channels
        Which filters.

    Returns
    -------
    ndarray
        float32, shape (len(out_channels),).
    """
    bias = np.empty(len(out_channels), np.float32)
    for row, out in enumerate(out_channels):
        generator = np.random.default_rng((seed, number, out, _BIAS_STREAM))
        bias[row] = generator.choice((-1, 1)) * generator.uniform(0.02, 0.1)
    return bias


def bank(kernel_size: Size) -> Array:
    """Kernels made by hand; the positive cells of each sum to 2, the most that it answers to ink.

    In order: horizontal and vertical edge (at 3×3 Sobel's), blob, Laplacian, horizontal and
    vertical line, the two diagonal edges; then the four edges from their other side, and between
    them a spot (a centre less its surround), the two diagonal lines and the identity. The edges are
    the derivatives of the blob, a Gaussian as wide as the kernel. A shape that so small a kernel
    cannot show (all at 1×1, a few at 2×2) is the identity.

    Parameters
    ----------
    kernel_size
        (kh, kw).

    Returns
    -------
    ndarray
        float32, shape (16, kh, kw).
    """
    rows, columns = kernel_size
    y, x = np.meshgrid(_places(rows), _places(columns), indexing="ij")
    blob = np.exp2(-(x**2) - y**2)

    def edge(down: int, right: int) -> _Shape:
        """Grow along the direction, as the blob's slope does."""
        return blob * (down * y + right * x)

    def line(down: int, right: int) -> _Shape:
        """Put a ridge along the direction between two flanks, of mean zero."""
        across = (right * y - down * x) ** 2 / (down**2 + right**2)
        return _centred(np.exp(-4 * across))

    centre = (rows - 1) // 2, (columns - 1) // 2
    identity = np.zeros(kernel_size)
    identity[centre] = 1
    from_centre = np.add.outer(
        np.abs(np.arange(rows) - centre[0]), np.abs(np.arange(columns) - centre[1])
    )
    neighbours = from_centre == 1
    laplacian = neighbours.sum() * identity - neighbours
    spot = _centred(np.exp(-4 * (x**2 + y**2)))
    shapes = [
        edge(1, 0),
        edge(0, 1),
        blob,
        laplacian,
        line(0, 1),
        line(1, 0),
        edge(1, 1),
        edge(1, -1),
        edge(-1, 0),
        edge(-1, 1),
        spot,
        line(-1, 1),
        edge(-1, -1),
        edge(0, -1),
        identity,
        line(1, 1),
    ]
    shapes = [shape if np.abs(shape).max() > 1e-9 else identity for shape in shapes]
    kernels = np.stack([2 * shape / shape.clip(0).sum() for shape in shapes])
    return (kernels + 0.0).astype(np.float32)  # no -0, which would be printed


def _places(count: int) -> _Shape:
    """Where the cells of one axis lie, from -1 to 1; one cell lies at 0."""
    return (2.0 * np.arange(count) - (count - 1)) / max(count - 1, 1)


def _centred(shape: _Shape) -> _Shape:
    return shape - np.mean(shape)


def _from_bank(
    seed: int, number: int, out_channels: range, in_channels: range, kernel_size: Size, fan: Size
) -> Array:
    """Give filter j shape j for input map 0, and walk the bank by 11 for each input map after it.

    The kernels of maps after the first weigh 3/4 and -3/4 in turn. The turn changes from filter to
    filter and with each round of 16 filters, so that above the first layer filters repeat after 32
    only. Dividing by √fan_in keeps the sum over the inputs in the range of one of them.
    """
    shapes = bank(kernel_size)
    outs = np.arange(out_channels.start, out_channels.stop)[:, np.newaxis]
    ins = np.arange(in_channels.start, in_channels.stop)
    which = (outs + _STEP * ins) % len(shapes)
    turned = (outs + outs // len(shapes) + ins) % 2 == 1
    gain = np.where(ins == 0, 1, np.where(turned, -_LATER, _LATER)) / np.sqrt(fan[0])
    kernels: Array = (shapes[which] * gain[..., np.newaxis, np.newaxis]).astype(np.float32)
    return kernels + np.float32(0)  # no -0, which would be printed


def _random(
    sample: Callable[[np.random.Generator, tuple[int, ...]], Array],
    scale: Callable[[int, int], float],
) -> Draw:
    """Make an initialisation of random numbers, times a scale that follows from the fans.

    Parameters
    ----------
    sample
        Draws float32 numbers of unit scale, of a shape.
    scale
        From the inputs (fan_in) and outputs (fan_out) of a layer, each in weights.
    """

    def draw(
        seed: int,
        number: int,
        out_channels: range,
        in_channels: range,
        kernel_size: Size,
        fan: Size,
    ) -> Array:
        kh, kw = kernel_size
        weight = np.empty((len(out_channels), len(in_channels), kh, kw), np.float32)
        for row, out in enumerate(out_channels):
            generator = np.random.default_rng((seed, number, out, _KERNEL_STREAM))
            # A longer draw extends a shorter one: kernels of more input maps follow.
            weight[row] = sample(generator, (in_channels.stop, kh, kw))[in_channels.start :]
        weight *= np.float32(scale(fan[0] * kh * kw, fan[1] * kh * kw))
        return weight

    return draw


def _normal(generator: np.random.Generator, shape: tuple[int, ...]) -> Array:
    return generator.standard_normal(shape, np.float32)


def _uniform(generator: np.random.Generator, shape: tuple[int, ...]) -> Array:
    """Draw from -1 to 1."""
    return np.float32(2) * generator.random(shape, np.float32) - np.float32(1)


INITIALISATIONS: dict[str, Initialisation] = {
    "bank": Initialisation("hand-made", _from_bank),
    # Variance 2 / fan_in: He et al. 2015, arXiv:1502.01852, eq. 10.
    "he": Initialisation("He", _random(_normal, lambda ins, outs: math.sqrt(2 / ins))),
    # Within √(6 / (fan_in + fan_out)): Glorot and Bengio 2010, eq. 16.
    "glorot": Initialisation(
        "Glorot", _random(_uniform, lambda ins, outs: math.sqrt(6 / (ins + outs)))
    ),
    # Within 1 / √fan_in: what torch.nn.Conv2d starts from.
    "uniform": Initialisation("uniform", _random(_uniform, lambda ins, outs: math.sqrt(1 / ins))),
}
