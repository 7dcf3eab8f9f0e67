"""The proof: the sum of what a panel shows, held against the map that the grid shows."""

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from cnn_explorer.core.activations import ACTIVATIONS, Array
from cnn_explorer.core.kernel_layers import Conv2d
from cnn_explorer.core.layer import Layer

_UNIT_ROUNDOFF = 2.0**-24  # of float32
_SMALLEST = 2.0**-149  # positive number of float32
_LARGEST = float(np.finfo(np.float32).max)
_FUNCTION_ERROR = 8  # unit roundoffs, more than any activation is wrong by in float32


@dataclass(frozen=True)
class Proof:
    """What two ways to the same values differ by, and what float32 allows.

    Parameters
    ----------
    before, before_allowed
        Largest |difference| before the activation, and the most that rounding can explain. Pixels
        of which the terms overflow float32 are left out of both.
    after, after_allowed
        The same after the activation. Pixels where the activation jumps between what both ways may
        give are left out, too.
    """

    before: float
    before_allowed: float
    after: float
    after_allowed: float

    @property
    def holds(self) -> bool:
        """Whether both differences are within what float32 allows."""
        return self.before <= self.before_allowed and self.after <= self.after_allowed


def prove(
    recomputed: Array,
    before: Array,
    after: Array,
    layer: Layer,
    allowed: npt.NDArray[np.float64],
) -> Proof:
    """Hold the sum of the parts against the map on screen.

    Parameters
    ----------
    recomputed
        Sum of the contributions plus bias, float32, shape (rows, columns).
    before, after
        The map as the pass computed it, before and after its activation.
    layer
        Gives the activation with its parameters.
    allowed
        Of `rounding_allowed`; pixels where it is infinite are not compared.

    Returns
    -------
    Proof
        A difference that is not a number counts as infinite, unless both values are the same.
        What is allowed is that of the pixel where it is largest.

    Notes
    -----
    An activation f with slope at most L makes of a difference d at most L·d; that f itself is
    computed in float32 adds a few roundings of the result. Where f jumps, no difference is too
    small to become a large one: a pixel that is no further from the jump than what is allowed
    before the activation is not compared after it.
    """
    activation, parameters = ACTIVATIONS[layer.activation], layer.activation_parameters
    with np.errstate(all="ignore"):
        again = activation.function(recomputed, *parameters)
        rounding = 0.0 if layer.activation in ("none", "relu") else _FUNCTION_ERROR
        compared = np.isfinite(allowed)
        most = float(allowed.max(initial=0, where=compared))
        smooth = compared.copy()
        for jump in activation.jumps(*parameters):
            smooth &= ~(np.abs(recomputed.astype(np.float64) - jump) <= allowed)
        result = float(np.abs(again).max(initial=0, where=smooth & np.isfinite(again)))
        return Proof(
            _largest_difference(recomputed, before, compared),
            most,
            _largest_difference(again, after, smooth),
            activation.slope(*parameters) * most + 2 * rounding * _UNIT_ROUNDOFF * result,
        )


def rounding_allowed(
    maps: Array, kernels: Array, bias: float, layer: Conv2d
) -> npt.NDArray[np.float64]:
    """The most by which two float32 computations of one map before activation can differ.

    Parameters
    ----------
    maps
        The input maps that are summed over, shape (n, rows, columns).
    kernels
        Shape (n, kh, kw), zeros for those that are muted.
    bias
        0 for none.
    layer
        Gives stride, padding and dilation.

    Returns
    -------
    ndarray
        float64, shape (output rows, output columns); infinite where Σ|w·x| + |bias| leaves float32:
        there one order of summing may overflow and another not.

    Notes
    -----
    A sum in which each term takes part in at most N roundings of unit u = 2⁻²⁴ is wrong by at most
    g(N) Σ|w·x| with g(N) = N·u / (1 - N·u) (N. J. Higham, Accuracy and Stability of Numerical
    Algorithms, 2nd ed., 2002, section 3.1). Roundings that do not depend on each other stay below
    8·√N·u in place of N·u but for one sum in 10¹³/N (N. J. Higham and T. Mary, A New Approach to
    Probabilistic Rounding Error Analysis, SIAM J. Sci. Comput. 41, 2019, theorem 2.4, λ = 8): the
    smaller of the two is taken. In the pass, whose order is not known, N is the number of all
    products, and one for the bias; in the parts it is that of one kernel's cells and of the
    kernels. The two may be wrong to different sides. A product too small for a normal number is
    wrong by up to half the smallest number there is, on top.
    """
    count, *size = kernels.shape
    (magnitudes,) = layer.before_activation(
        np.abs(maps), np.abs(kernels)[np.newaxis], None, groups=1, method="matmul"
    )
    return sum_allowed(magnitudes, kernels.size + 1, math.prod(size) + count + 1, abs(bias))


def sum_allowed(
    magnitudes: Array, terms: int, terms_of_parts: int, bias: float
) -> npt.NDArray[np.float64]:
    """The most by which two float32 sums of the same products can differ.

    Parameters
    ----------
    magnitudes
        Sums of the products' magnitudes, float32, any shape; they are themselves rounded.
    terms, terms_of_parts
        In how many roundings a product takes part in the one sum, and in the other.
    bias
        Magnitude of what is added last.

    Returns
    -------
    ndarray
        As `rounding_allowed`, which says why.
    """
    gamma = _growth(terms) + _growth(terms_of_parts)
    wide = magnitudes.astype(np.float64)
    # They are themselves rounded, by at most the same factor.
    most = wide * (1 + gamma) + bias
    allowed = gamma * most + 2 * terms * _SMALLEST * bool(magnitudes.any())
    return np.where(most <= _LARGEST, allowed, np.inf)


def _growth(roundings: int) -> float:
    """Of the sum of magnitudes, what so many roundings of each term can make wrong."""
    steps = min(roundings, 8 * math.sqrt(roundings)) * _UNIT_ROUNDOFF
    return steps / (1 - steps)


def _largest_difference(one: Array, other: Array, compared: npt.NDArray[np.bool_]) -> float:
    difference = np.abs(one.astype(np.float64) - other.astype(np.float64))
    same = (one == other) | (np.isnan(one) & np.isnan(other))
    difference[np.isnan(difference)] = np.inf
    return float(difference.max(initial=0, where=compared & ~same))
