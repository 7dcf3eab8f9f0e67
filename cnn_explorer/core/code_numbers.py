"""Numbers and activations as NumPy code: each number of float32 in digits that give it back."""

import re

import numpy as np

from cnn_explorer.core.activations import ACTIVATIONS, Array
from cnn_explorer.core.layer import Layer

# Parameters are {0} and {1}; "wide" stands for the sum in float64, which keeps small differences.
_LEAKY = "np.where(before >= 0, before, {0} * before)"
# As exp(x) / (1 + exp(x)) or 1 / (1 + exp(-x)), whichever does not overflow.
_SIGMOID = "np.exp(np.minimum(before, np.float32(0))) / (1 + np.exp(-np.abs(before)))"
_ELU = "np.where(before > 0, before, {0} * np.expm1(np.minimum(before, 0)))"
_NUMPY = {
    "none": "before",
    "relu": "np.maximum(before, np.float32(0))",
    "leaky_relu": _LEAKY,
    "prelu": _LEAKY,
    "relu6": "np.clip(before, 0, 6)",
    "elu": _ELU,
    "selu": f"np.float32(1.050701) * ({_ELU.replace('{0}', 'np.float32(1.6732632)')})",
    "celu": "np.where(before > 0, before, {0} * np.expm1(np.minimum(before, 0) / {0}))",
    "gelu": "np.float32(wide * np.vectorize(math.erfc)(-wide / math.sqrt(2)) / 2)",
    "gelu_tanh": "np.float32(wide / 2 * (1 + np.tanh("
    "math.sqrt(2 / math.pi) * (wide + 0.044715 * wide**3))))",
    "silu": f"before * {_SIGMOID}",
    "mish": "before * np.tanh(np.logaddexp(0, before))",
    "hardswish": "before * (np.clip(before + 3, 0, 6) / 6)",
    "softplus": "np.logaddexp(0, {0} * before) / {0}",
    "softsign": "before / (1 + np.abs(before))",
    "tanh": "np.tanh(before)",
    "sigmoid": _SIGMOID,
    "logsigmoid": "-np.logaddexp(0, -before)",
    "hardsigmoid": "np.clip({0} * before + {1}, 0, 1)",
    "hardtanh": "np.minimum(np.maximum(before, {0}), {1})",
    "tanhshrink": "np.float32(wide - np.tanh(wide))",
    "softshrink": "before - np.clip(before, -{0}, {0})",
    "hardshrink": "np.where(np.abs(before) <= {0}, np.float32(0), before)",
    "threshold": "np.where(before <= {0}, {1}, before)",
}


def activation_code(layer: Layer) -> str:
    """A layer's activation as an expression of NumPy.

    It takes ``before``, float32; where the word ``wide`` is in it, also that in float64; where
    ``math.`` is in it, that module.
    """
    values = ACTIVATIONS[layer.activation].complete(layer.activation_parameters)
    return _NUMPY[layer.activation].format(
        *(f"np.float32({literal(np.float32(value))})" for value in values)
    )


def array_code(array: Array) -> str:
    """A float32 array as code."""
    digits = np.array2string(
        array,
        separator=", ",
        threshold=array.size + 1,
        max_line_width=88,
        formatter={"float_kind": literal},
    )
    return f"np.array({digits}, np.float32)"


def literal(value: np.float32) -> str:
    """A number in the fewest digits that tell it from all others of float32."""
    return re.sub("inf|nan", r"np.\g<0>", str(value))
