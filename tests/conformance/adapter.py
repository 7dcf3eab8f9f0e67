"""ONNX's operators on the program's functions: what is tested is the program, this only translates.

The program has no batch axis, so that is a loop here. Plumbing between the operators of one model,
and additions and factors that only ONNX has, are numpy's.
"""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from onnx import GraphProto, ModelProto, NodeProto, helper, numpy_helper

from cnn_explorer.core.activations import activate
from cnn_explorer.core.convolution import conv2d
from cnn_explorer.core.geometry import pad
from cnn_explorer.core.kernel_layers import Linear
from cnn_explorer.core.layers import Flatten
from cnn_explorer.core.normalisation import batch_norm, log_softmax, softmax, softmin
from cnn_explorer.core.pooling import (
    avg_pool2d,
    global_avg_pool2d,
    global_max_pool2d,
    lp_pool2d,
    max_pool2d,
    max_pool2d_with_indices,
)

Array = np.ndarray[Any, Any]


class Node:
    """One node of a model with its attributes.

    Parameters
    ----------
    opset
        Version of the operators.
    method
        How convolutions are computed.
    """

    def __init__(self, node: NodeProto, opset: int, method: str) -> None:
        self.opset, self.method = opset, method
        self.outputs = len(node.output)
        self._attributes = {one.name: helper.get_attribute_value(one) for one in node.attribute}

    def get(self, name: str, default: Any = None) -> Any:
        value = self._attributes.get(name, default)
        return value.decode() if isinstance(value, bytes) else value

    def windows(self) -> dict[str, Any]:
        """Stride, padding and dilation in the program's words."""
        top, left, bottom, right = self.get("pads", [0] * 4)
        automatic = {"SAME_UPPER": "same", "SAME_LOWER": "same_lower", "VALID": "valid"}
        return {
            "stride": tuple(self.get("strides", [1, 1])),
            "padding": automatic.get(self.get("auto_pad"), ((top, bottom), (left, right))),
            "dilation": tuple(self.get("dilations", [1, 1])),
        }

    def pools(self) -> dict[str, Any]:
        return {
            **self.windows(),
            "kernel_size": tuple(self.get("kernel_shape")),
            "ceil_mode": bool(self.get("ceil_mode", 0)),
        }


def each(batch: Array, function: Callable[[Array], Array]) -> Array:
    """Apply a function to each entry of the batch axis."""
    return np.stack([function(entry) for entry in batch])


def conv(node: Node, x: Array, weight: Array, bias: Array | None = None) -> Array:
    options = {**node.windows(), "groups": node.get("group", 1), "method": node.method}
    return each(x, lambda maps: conv2d(maps, weight, bias, **options))


def max_pool(node: Node, x: Array) -> Array | list[Array]:
    if node.outputs == 1:
        return each(x, lambda maps: max_pool2d(maps, **node.pools()))
    pooled = [max_pool2d_with_indices(maps, **node.pools()) for maps in x]
    values = np.stack([values for values, _ in pooled])
    indices = np.stack([indices for _, indices in pooled])
    channels, rows, columns = x.shape[1:]
    if node.get("storage_order", 0):
        indices = indices % columns * rows + indices // columns
    # ONNX counts through all maps of all entries.
    first = np.arange(len(x) * channels).reshape(len(x), channels, 1, 1) * rows * columns
    return [values, indices + first]


def average_pool(node: Node, x: Array) -> Array:
    counted = bool(node.get("count_include_pad", 0))
    return each(x, lambda maps: avg_pool2d(maps, **node.pools(), count_include_pad=counted))


def lp_pool(node: Node, x: Array) -> Array:
    return each(x, lambda maps: lp_pool2d(maps, node.get("p", 2), **node.pools()))


def batch_normalisation(
    node: Node, x: Array, weight: Array, bias: Array, mean: Array, variance: Array
) -> Array:
    eps = node.get("epsilon", 1e-5)
    return each(x, lambda maps: batch_norm(maps, mean, variance, weight, bias, eps))


def along_axis(function: Callable[[Array, int], Array], default: int) -> Callable[..., Array]:
    """Softmax and its like; before version 13 all axes from the given one on are one."""

    def run(node: Node, x: Array) -> Array:
        if node.opset >= 13:
            return function(x, node.get("axis", -1))
        axis = node.get("axis", default) % x.ndim
        rows = int(np.prod(x.shape[:axis]))
        return function(x.reshape(rows, -1), 1).reshape(x.shape)

    return run


def activation(name: str, *attributes: tuple[str, float]) -> Callable[..., Array]:
    """An activation of which the parameters are attributes, with ONNX's defaults."""

    def run(node: Node, x: Array) -> Array:
        return activate(name, x, *(node.get(*attribute) for attribute in attributes))

    return run


def prelu(node: Node, x: Array, slope: Array) -> Array:
    if node.opset < 7 and slope.size > 1:  # one for each channel
        slope = slope.reshape(-1, *[1] * (x.ndim - 2))
    slopes = np.broadcast_to(slope, x.shape)
    result = np.empty_like(x)
    for one in np.unique(slopes):
        result[slopes == one] = activate("prelu", x[slopes == one], float(one))
    return result


def selu(node: Node, x: Array) -> Array:
    alpha, gamma = node.get("alpha", 1.67326324), node.get("gamma", 1.05070102)
    if np.allclose([alpha, gamma], [1.67326324, 1.05070102], rtol=1e-6):
        return activate("selu", x)
    return np.float32(gamma) * activate("elu", x, alpha)


def gelu(node: Node, x: Array) -> Array:
    return activate("gelu_tanh" if node.get("approximate") == "tanh" else "gelu", x)


def swish(node: Node, x: Array) -> Array:
    alpha = np.float32(node.get("alpha", 1.0))
    return activate("silu", alpha * x) / alpha


def shrink(node: Node, x: Array) -> Array:
    lambd, bias = node.get("lambd", 0.5), node.get("bias", 0.0)
    if bias not in (0, lambd):
        raise ValueError(f"the program has no shrink of {lambd} that moves by {bias}.")
    return activate("softshrink" if bias else "hardshrink", x, lambd)


def clip(node: Node, x: Array, least: Array | None = None, most: Array | None = None) -> Array:
    low = node.get("min", -np.inf) if least is None else float(least)
    high = node.get("max", np.inf) if most is None else float(most)
    return activate("hardtanh", x, low, high)


def linear(features: Array, weight: Array, bias: Array | None = None) -> Array:
    """The program's dense layer, on each row of features."""
    layer = Linear(0, weight[:, :, np.newaxis, np.newaxis].astype(np.float32), bias)
    rows = [row[:, np.newaxis, np.newaxis].astype(np.float32) for row in features]
    made = (
        layer.before_activation(row, layer.weight, layer.bias, groups=1, method="matmul")
        for row in rows
    )
    return np.stack([maps[:, 0, 0] for maps in made])


def flatten(x: Array) -> Array:
    """The program's Flatten."""
    return Flatten(0, x.size, (1, 1)).compute(x).ravel()


def gemm(node: Node, a: Array, b: Array, c: Array | None = None) -> Array:
    a = a.T if node.get("transA", 0) else a
    weight = b if node.get("transB", 0) else b.T
    alpha, beta = np.float32(node.get("alpha", 1.0)), np.float32(node.get("beta", 1.0))
    if c is not None and alpha == beta == 1 and c.size == len(weight):
        return linear(a, weight, c.reshape(-1))
    return alpha * linear(a, weight) + (np.float32(0) if c is None else beta * c)


def flattened(node: Node, x: Array) -> Array:
    axis = node.get("axis", 1)
    axis += x.ndim if axis < 0 else 0
    rows = int(np.prod(x.shape[:axis]))
    return each(x.reshape(rows, *x.shape[axis:]), flatten)


def padding_of(node: Node, x: Array, pads: Array | None = None, axes: Array | None = None) -> Array:
    """Numbers before and after each axis, shape (axes of x, 2)."""
    given = np.array(node.get("pads") if pads is None else pads).reshape(2, -1).T
    result = np.zeros((x.ndim, 2), int)
    result[slice(None) if axes is None else axes] = given
    return result


def padded(
    node: Node,
    x: Array,
    pads: Array | None = None,
    value: Array | None = None,
    axes: Array | None = None,
) -> Array:
    modes = {"constant": "zeros", "edge": "replicate", "reflect": "reflect", "wrap": "circular"}
    _, _, rows, columns = padding_of(node, x, pads, axes).tolist()
    constant = node.get("value", 0.0) if value is None else value.item()
    sides = tuple(rows), tuple(columns)
    return each(x, lambda maps: pad(maps, sides, modes[node.get("mode", "constant")], constant))


OPERATORS: dict[str, Callable[..., Array | list[Array]]] = {
    "Conv": conv,
    "MaxPool": max_pool,
    "AveragePool": average_pool,
    "LpPool": lp_pool,
    "GlobalMaxPool": lambda _, x: each(x, global_max_pool2d),
    "GlobalAveragePool": lambda _, x: each(x, global_avg_pool2d),
    "BatchNormalization": batch_normalisation,
    "Relu": activation("relu"),
    "LeakyRelu": activation("leaky_relu", ("alpha", 0.01)),
    "PRelu": prelu,
    "Elu": activation("elu", ("alpha", 1.0)),
    "Selu": selu,
    "Celu": activation("celu", ("alpha", 1.0)),
    "Gelu": gelu,
    "HardSigmoid": activation("hardsigmoid", ("alpha", 0.2), ("beta", 0.5)),
    "HardSwish": activation("hardswish"),
    "Mish": activation("mish"),
    "Sigmoid": activation("sigmoid"),
    "Tanh": activation("tanh"),
    "Softplus": activation("softplus"),
    "Softsign": activation("softsign"),
    "Shrink": shrink,
    "ThresholdedRelu": activation("threshold", ("alpha", 1.0)),
    "Swish": swish,
    "Clip": clip,
    "Softmax": along_axis(softmax, 1),
    "LogSoftmax": along_axis(log_softmax, 1),
    "Gemm": gemm,
    "MatMul": lambda _, a, b: linear(a, b.T),
    "Flatten": flattened,
    "Pad": padded,
}

COMPOSED: dict[tuple[str, ...], Callable[..., Array]] = {
    # Whole models that spell out one function of the program.
    ("Abs", "Constant", "Add", "Div"): activation("softsign"),
    ("Neg", "Softmax"): along_axis(softmin, 1),
}

PLUMBING: dict[str, Callable[..., Array]] = {
    "Constant": lambda node: numpy_helper.to_array(node.get("value")),
    "Add": lambda _, a, b: a + b,
    "Mul": lambda _, a, b: a * b,
    "Neg": lambda _, x: -x,
    "Transpose": lambda node, x: x.transpose(node.get("perm")),
    "Unsqueeze": lambda node, x: np.expand_dims(x, tuple(node.get("axes"))),
    "Squeeze": lambda node, x: np.squeeze(x, tuple(node.get("axes"))),
}


def inputs_of(graph: GraphProto, tensors: Sequence[Array]) -> dict[str, Array]:
    """Values by name: initial ones, and the tensors for the inputs that have none."""
    values = {one.name: numpy_helper.to_array(one) for one in graph.initializer}
    names = [one.name for one in graph.input]
    if len(tensors) < len(names):
        names = [name for name in names if name not in values]
    return values | dict(zip(names, tensors, strict=True))


def run(model: ModelProto, tensors: Sequence[Array], method: str) -> list[Array]:
    """Compute a model's outputs with the program's functions."""
    graph, opset = model.graph, model.opset_import[0].version
    values = inputs_of(graph, tensors)
    whole = COMPOSED.get(tuple(node.op_type for node in graph.node))
    if whole is not None:
        last = Node(graph.node[-1], opset, method)
        return [whole(last, *tensors)]
    for node in graph.node:
        function = OPERATORS.get(node.op_type) or PLUMBING[node.op_type]
        given = [values[name] if name else None for name in node.input]
        result = function(Node(node, opset, method), *given)
        results = result if isinstance(result, list) else [result]
        values |= dict(zip(node.output, results, strict=True))
    return [values[one.name] for one in graph.output]
