"""Activations that act on each pixel: one table, name to function."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Parameter:
    """A number that an activation takes beside x.

    Parameters
    ----------
    name
        PyTorch's word for it.
    default
        What it is where nothing is said.
    low, high
        What is offered, and allowed in a layer.
    """

    name: str
    default: float
    low: float
    high: float


@dataclass(frozen=True)
class Activation:
    """One activation.

    Parameters
    ----------
    label
        What the screen calls it.
    formula
        Takes a float32 array and a number for each parameter; gives an array of the same shape.
    steepest
        Takes the parameters, or is the number itself; see `slope`.
    parameters
        What it takes beside x.
    breaks
        Takes the parameters; see `jumps`.
    rising
        Whether each parameter must be more than the one before.
    in_place
        The formula, written over its array; None where that gains nothing.
    """

    label: str
    formula: Callable[..., Array]
    steepest: float | Callable[..., float] = 1.0
    parameters: tuple[Parameter, ...] = ()
    breaks: Callable[..., tuple[float, ...]] = lambda *_: ()
    rising: bool = False
    in_place: Callable[[Array], Array] | None = None

    def complete(self, values: tuple[float, ...] = ()) -> tuple[float, ...]:
        """Fill in the defaults of the parameters that are not given.

        Raises
        ------
        ValueError
            If there are more values than parameters.
        """
        if len(values) > len(self.parameters):
            raise ValueError(
                f"{self.label} takes {len(self.parameters)} parameters, not {len(values)}."
            )
        return *values, *(parameter.default for parameter in self.parameters[len(values) :])

    def check(self, values: tuple[float, ...]) -> None:
        """Raise a sentence where there are too many values, or one is out of its range."""
        for parameter, value in zip(self.parameters, self.complete(values), strict=True):
            if not parameter.low <= value <= parameter.high:
                raise ValueError(
                    f"{self.label}'s {parameter.name} is {value}; it must be "
                    f"{parameter.low:g} to {parameter.high:g}."
                )
        complete = self.complete(values)
        if self.rising and list(complete) != sorted(set(complete)):
            words = " must be less than ".join(parameter.name for parameter in self.parameters)
            given = " and ".join(f"{value:g}" for value in complete)
            raise ValueError(f"{self.label}'s {words}; they are {given}.")

    def function(self, x: Array, *values: float) -> Array:
        """Apply it to a float32 array; parameters that are not given have their defaults."""
        with np.errstate(all="ignore"):
            return self.formula(x, *map(np.float32, self.complete(values)))

    def slope(self, *values: float) -> float:
        """Give the largest |f'|: f(x) and f(y) differ at most by so many times |x - y|.

        That holds unless one of `jumps` lies between x and y.
        """
        steepest = self.steepest
        return steepest(*self.complete(values)) if callable(steepest) else steepest

    def jumps(self, *values: float) -> tuple[float, ...]:
        """Say at which x, a number of float32, the function is not continuous."""
        return self.breaks(*(float(np.float32(value)) for value in self.complete(values)))


def activate(name: str, x: npt.ArrayLike, *values: float) -> Array:
    """Apply an activation by its name; float32, shaped like x.

    Parameters
    ----------
    name
        A key of `ACTIVATIONS`.
    x
        Computed with as float32. What is not finite is computed with, without a warning.
    values
        Its parameters; those that are left out have their defaults.

    Raises
    ------
    ValueError
        If there is no such activation, or it has fewer parameters.
    """
    if name not in ACTIVATIONS:
        raise ValueError(f"There is no activation “{name}”; choose from {', '.join(ACTIVATIONS)}.")
    return ACTIVATIONS[name].function(np.asarray(x, np.float32), *values)


def _relu(x: Array) -> Array:
    return np.maximum(x, _zeros(x))


def _relu_in_place(x: Array) -> Array:
    return np.maximum(x, _zeros(x), out=x)


def _zeros(x: Array) -> Array:
    """Zeros of a map's size: numpy is several times as fast with them as with one zero."""
    return np.zeros(x.shape[-2:], np.float32)


def _leaky_relu(x: Array, slope: np.float32) -> Array:
    return np.where(x >= 0, x, slope * x)


def _clip(x: Array, least: np.float32, most: np.float32) -> Array:
    return np.minimum(np.maximum(x, least), most)


def _elu(x: Array, alpha: np.float32) -> Array:
    return np.where(x > 0, x, alpha * np.expm1(x))


def _selu(x: Array) -> Array:
    return np.float32(_SELU_SCALE) * _elu(x, np.float32(_SELU_ALPHA))


def _celu(x: Array, alpha: np.float32) -> Array:
    return np.where(x > 0, x, alpha * np.expm1(x / alpha))


def _gelu(x: Array) -> Array:
    from scipy.special import erfc  # only here: importing the core stays quick

    # 1 + erf(x) would lose all its digits below 0; so would x / √2 in float32 where that is steep.
    wide = x.astype(np.float64)
    return np.asarray(wide * erfc(-wide / np.sqrt(2)) / 2, np.float32)


def _gelu_tanh(x: Array) -> Array:
    # (1 + tanh z) / 2 is 1 / (1 + exp(-2z)), which keeps its digits below 0.
    wide = x.astype(np.float64)
    inner = np.sqrt(8 / np.pi) * (wide + 0.044715 * wide * wide * wide)
    return np.asarray(wide / (1 + np.exp(-inner)), np.float32)


def _silu(x: Array) -> Array:
    return x * _sigmoid(x)


def _hardswish(x: Array) -> Array:
    hard: Array = _clip(x + np.float32(3), np.float32(0), np.float32(6))
    return np.asarray(x * (hard / np.float32(6)))


def _mish(x: Array) -> Array:
    # tanh(log(1 + e^x)) by e^-|x|, which never overflows.
    small: Array = np.exp(-np.abs(x))
    double, square = np.float32(2) * small, small * small
    above = (np.float32(1) + double) / (np.float32(1) + double + np.float32(2) * square)
    below = (square + double) / (square + double + np.float32(2))
    share: Array = np.where(x >= 0, above, below)
    return x * share


def _softplus(x: Array, beta: np.float32) -> Array:
    bend: Array = np.log1p(np.exp(-np.abs(beta * x))) / beta
    return np.asarray(np.maximum(x, np.float32(0)) + bend)


def _softsign(x: Array) -> Array:
    return np.asarray(x / (np.float32(1) + np.abs(x)))


def _sigmoid(x: Array) -> Array:
    # exp of a negative number never overflows, whichever sign x has.
    small: Array = np.exp(-np.abs(x))
    result: Array = np.where(x >= 0, np.float32(1), small) / (np.float32(1) + small)
    return result


def _logsigmoid(x: Array) -> Array:
    return np.minimum(x, np.float32(0)) - np.log1p(np.exp(-np.abs(x)))


def _hardsigmoid(x: Array, alpha: np.float32, beta: np.float32) -> Array:
    return _clip(alpha * x + beta, np.float32(0), np.float32(1))


def _tanhshrink(x: Array) -> Array:
    # Near 0 the difference has no digits left; its series has.
    wide = x.astype(np.float64)
    square = wide * wide
    series = wide * square * (1 / 3 - square * (2 / 15))
    return np.where(square < 1e-4, series, wide - np.tanh(wide)).astype(np.float32)


def _softshrink(x: Array, lambd: np.float32) -> Array:
    return x - _clip(x, -lambd, lambd)


def _hardshrink(x: Array, lambd: np.float32) -> Array:
    return np.where(np.abs(x) <= lambd, np.float32(0), x)


def _threshold(x: Array, threshold: np.float32, value: np.float32) -> Array:
    return np.where(x <= threshold, value, x)


def _steeper(slope: float) -> float:
    return max(1.0, abs(slope))


_SELU_ALPHA = 1.6732632423543772848170429916717
_SELU_SCALE = 1.0507009873554804934193349852946

ACTIVATIONS: dict[str, Activation] = {
    "none": Activation("none", lambda x: x),
    "relu": Activation("ReLU", _relu, in_place=_relu_in_place),
    "leaky_relu": Activation(
        "LeakyReLU", _leaky_relu, _steeper, (Parameter("negative_slope", 0.01, -1, 1),)
    ),
    "tanh": Activation("Tanh", lambda x: np.tanh(x)),
    "sigmoid": Activation("Sigmoid", _sigmoid, 0.25),
    "prelu": Activation("PReLU", _leaky_relu, _steeper, (Parameter("weight", 0.25, -1, 1),)),
    "relu6": Activation("ReLU6", lambda x: _clip(x, np.float32(0), np.float32(6))),
    "elu": Activation("ELU", _elu, _steeper, (Parameter("alpha", 1, 0, 10),)),
    "selu": Activation("SELU", _selu, _SELU_SCALE * _SELU_ALPHA),
    "celu": Activation("CELU", _celu, 1.0, (Parameter("alpha", 1, 0.01, 10),)),
    "gelu": Activation("GELU", _gelu, 1.1289042),
    "gelu_tanh": Activation("GELU (tanh)", _gelu_tanh, 1.1289931),
    "silu": Activation("SiLU", _silu, 1.0998394),
    "mish": Activation("Mish", _mish, 1.0884982),
    "hardswish": Activation("Hardswish", _hardswish, 1.5),
    "softplus": Activation("Softplus", _softplus, 1.0, (Parameter("beta", 1, 0.01, 10),)),
    "softsign": Activation("Softsign", _softsign),
    "logsigmoid": Activation("LogSigmoid", _logsigmoid),
    "hardsigmoid": Activation(
        "Hardsigmoid",
        _hardsigmoid,
        lambda alpha, _: abs(alpha),
        (Parameter("alpha", 1 / 6, 0, 1), Parameter("beta", 0.5, 0, 1)),
    ),
    "hardtanh": Activation(
        "Hardtanh",
        _clip,
        1.0,
        (Parameter("min_val", -1, -10, 10), Parameter("max_val", 1, -10, 10)),
        rising=True,
    ),
    "tanhshrink": Activation("Tanhshrink", _tanhshrink),
    "softshrink": Activation("Softshrink", _softshrink, 1.0, (Parameter("lambd", 0.5, 0, 10),)),
    "hardshrink": Activation(
        "Hardshrink",
        _hardshrink,
        1.0,
        (Parameter("lambd", 0.5, 0, 10),),
        lambda lambd: (-lambd, lambd) if lambd else (),
    ),
    "threshold": Activation(
        "Threshold",
        _threshold,
        1.0,
        (Parameter("threshold", 0, -10, 10), Parameter("value", 0, -10, 10)),
        lambda threshold, value: () if threshold == value else (threshold,),
    ),
}
"""Every activation of a single pixel that PyTorch or ONNX has, but those that draw at random.

The words and defaults are PyTorch's; where it has no parameter or no default, as for Hardsigmoid
and Threshold, the words are ONNX's and the defaults what PyTorch has built in, or 0.
"""
