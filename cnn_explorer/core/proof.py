"""The proof: the sum of what a panel shows, held against the map that the grid shows."""

from dataclasses import dataclass

import numpy as np

from cnn_explorer.core.activations import ACTIVATIONS, Array
from cnn_explorer.core.network import Conv2d

_UNIT_ROUNDOFF = 2.0**-24  # of float32
_SMALLEST = 2.0**-149  # positive number of float32
_FUNCTION_ERROR = 8  # unit roundoffs, more than numpy's exp and tanh are wrong by in float32


@dataclass(frozen=True)
class Proof:
    """What two ways to the same values differ by, and what float32 allows.

    Parameters
    ----------
    before, before_allowed
        Largest |difference| before the activation, and the most that rounding can explain.
    after, after_allowed
        The same after the activation.
    """

    before: float
    before_allowed: float
    after: float
    after_allowed: float

    @property
    def holds(self) -> bool:
        """Whether both differences are within what float32 allows."""
        return self.before <= self.before_allowed and self.after <= self.after_allowed


def prove(recomputed: Array, before: Array, after: Array, layer: Conv2d, allowed: float) -> Proof:
    """Hold the sum of the parts against the map on screen.

    Parameters
    ----------
    recomputed
        Sum of the contributions plus bias, float32, shape (rows, columns).
    before, after
        The map as the pass computed it, before and after its activation.
    layer
        Gives the activation.
    allowed
        Of `rounding_allowed`.

    Returns
    -------
    Proof
        A difference that is not a number counts as infinite, unless both values are the same.

    Notes
    -----
    An activation f with slope at most L makes of a difference d at most L·d; that f itself is
    computed in float32 adds a few roundings of the result.
    """
    activation = ACTIVATIONS[layer.activation]
    with np.errstate(all="ignore"):
        again = activation.function(recomputed)
        rounding = 0.0 if layer.activation in ("none", "relu") else _FUNCTION_ERROR
        return Proof(
            _largest_difference(recomputed, before),
            allowed,
            _largest_difference(again, after),
            activation.slope * allowed + 2 * rounding * _UNIT_ROUNDOFF * _largest(np.abs(again)),
        )


def rounding_allowed(maps: Array, kernels: Array, bias: float, layer: Conv2d) -> float:
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

    Notes
    -----
    A sum of N products, in whatever order, computed with unit roundoff u = 2⁻²⁴, is wrong by at
    most g(N) Σ|w·x| with g(N) = N·u / (1 - N·u) (N. J. Higham, Accuracy and Stability of Numerical
    Algorithms, 2nd ed., 2002, section 3.1); the bias is one term more. Two computations differ by
    at most twice that. A product too small for a normal number is wrong by up to half the smallest
    number there is, on top. The largest such bound over the pixels is returned, those where it
    overflows apart.
    """
    terms = kernels.size + 1
    gamma = terms * _UNIT_ROUNDOFF / (1 - terms * _UNIT_ROUNDOFF)
    magnitudes = layer.before_activation(
        np.abs(maps), np.abs(kernels)[np.newaxis], None, groups=1, method="matmul"
    )
    largest = _largest(magnitudes)
    underflow = 2 * terms * _SMALLEST if largest else 0.0
    # The magnitudes are themselves rounded, by at most the same factor.
    return 2 * gamma * (largest * (1 + gamma) + abs(bias)) + underflow


def _largest(values: Array) -> float:
    """The largest of the finite ones."""
    return float(values.max(initial=0, where=np.isfinite(values)))


def _largest_difference(one: Array, other: Array) -> float:
    difference = np.abs(one.astype(np.float64) - other.astype(np.float64))
    same = (one == other) | (np.isnan(one) & np.isnan(other))
    difference[np.isnan(difference)] = np.inf
    return float(difference.max(initial=0, where=~same))
