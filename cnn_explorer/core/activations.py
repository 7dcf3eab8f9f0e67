"""Activations that act on each pixel: one table, name to function."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float32]

LEAKY_SLOPE = np.float32(0.01)


@dataclass(frozen=True)
class Activation:
    """One activation.

    Parameters
    ----------
    label
        What the screen calls it.
    function
        Maps a float32 array to one of the same shape.
    slope
        The largest |f'|: f(x) and f(y) differ at most by so many times |x - y|.
    in_place
        The same function, that writes over its array; None where that gains nothing.
    """

    label: str
    function: Callable[[Array], Array]
    slope: float = 1.0
    in_place: Callable[[Array], Array] | None = None


def _identity(x: Array) -> Array:
    return x


def _relu(x: Array) -> Array:
    return np.maximum(x, _zeros(x))


def _relu_in_place(x: Array) -> Array:
    return np.maximum(x, _zeros(x), out=x)


def _zeros(x: Array) -> Array:
    """Zeros of a map's size: numpy is several times as fast with them as with one zero."""
    return np.zeros(x.shape[-2:], np.float32)


def _leaky_relu(x: Array) -> Array:
    return np.where(x >= 0, x, LEAKY_SLOPE * x)


def _tanh(x: Array) -> Array:
    return np.tanh(x)


def _sigmoid(x: Array) -> Array:
    # exp of a negative number never overflows, whichever sign x has.
    small: Array = np.exp(-np.abs(x))
    result: Array = np.where(x >= 0, np.float32(1), small) / (np.float32(1) + small)
    return result


ACTIVATIONS: dict[str, Activation] = {
    "none": Activation("none", _identity),
    "relu": Activation("ReLU", _relu, in_place=_relu_in_place),
    "leaky_relu": Activation("leaky ReLU", _leaky_relu),
    "tanh": Activation("tanh", _tanh),
    "sigmoid": Activation("sigmoid", _sigmoid, slope=0.25),
}
