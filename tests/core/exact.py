"""Activations by their definitions, one number at a time, in decimal arithmetic of 60 digits."""

import math
from collections.abc import Callable
from decimal import Decimal, localcontext

ALPHA, SCALE = Decimal("1.6732632423543772848170429917"), Decimal("1.0507009873554804934193349853")
DIGITS = 60


def exp(x: Decimal) -> Decimal:
    return Decimal(0) if x < -2000 else x.exp()


def tanh(x: Decimal) -> Decimal:
    twice = exp(-2 * abs(x))
    size = (1 - twice) / (1 + twice)
    return size if x >= 0 else -size


def softplus(x: Decimal) -> Decimal:
    return max(x, Decimal(0)) + (1 + exp(-abs(x))).ln()


def sigmoid(x: Decimal) -> Decimal:
    return 1 / (1 + exp(-x)) if x > 0 else exp(x) / (1 + exp(x))


def elu(x: Decimal, alpha: Decimal = Decimal(1)) -> Decimal:
    return x if x > 0 else alpha * (exp(x) - 1)


def clip(x: Decimal, low: Decimal, high: Decimal) -> Decimal:
    return min(max(x, low), high)


def gelu(x: Decimal) -> Decimal:
    return x * Decimal(math.erfc(-float(x) / math.sqrt(2))) / 2


def gelu_tanh(x: Decimal) -> Decimal:
    inner = Decimal(math.sqrt(2 / math.pi)) * (x + Decimal("0.044715") * x**3)
    return x * sigmoid(2 * inner)


FORMULAS: dict[str, Callable[..., Decimal]] = {
    "none": lambda x: x,
    "relu": lambda x: max(x, Decimal(0)),
    "leaky_relu": lambda x, slope: x if x > 0 else slope * x,
    "tanh": tanh,
    "sigmoid": sigmoid,
    "prelu": lambda x, slope: x if x > 0 else slope * x,
    "relu6": lambda x: clip(x, Decimal(0), Decimal(6)),
    "elu": elu,
    "selu": lambda x: SCALE * elu(x, ALPHA),
    "celu": lambda x, alpha: x if x > 0 else alpha * (exp(x / alpha) - 1),
    "gelu": gelu,
    "gelu_tanh": gelu_tanh,
    "silu": lambda x: x * sigmoid(x),
    "mish": lambda x: x * tanh(softplus(x)),
    "hardswish": lambda x: x * clip(x + 3, Decimal(0), Decimal(6)) / 6,
    "softplus": lambda x, beta: softplus(beta * x) / beta,
    "softsign": lambda x: x / (1 + abs(x)),
    "logsigmoid": lambda x: -softplus(-x),
    "hardsigmoid": lambda x, alpha, beta: clip(alpha * x + beta, Decimal(0), Decimal(1)),
    "hardtanh": clip,
    "tanhshrink": lambda x: x - tanh(x),
    "softshrink": lambda x, lambd: x - clip(x, -lambd, lambd),
    "hardshrink": lambda x, lambd: x if abs(x) > lambd else Decimal(0),
    "threshold": lambda x, threshold, value: x if x > threshold else value,
}


def _exactly(formula: Callable[..., Decimal]) -> Callable[..., float]:
    def exactly(*numbers: float) -> float:
        with localcontext() as context:
            context.prec = DIGITS
            return float(formula(*map(Decimal, numbers)))

    return exactly


ACTIVATION = {name: _exactly(formula) for name, formula in FORMULAS.items()}
