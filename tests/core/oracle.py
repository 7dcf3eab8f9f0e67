"""The oracle: float64, one tap at a time, no code shared with the program; and what it is tried on.

Every function goes by the definition of a layer; the strategies make layers and networks at random.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
from hypothesis import strategies as st

from cnn_explorer.core.activations import ACTIVATIONS
from cnn_explorer.core.network import Conv2d, Network
from cnn_explorer.core.schemes import Address, ChannelScheme
from cnn_explorer.core.state import State

REAL, NAIVE, SHARED = ChannelScheme
EPS = 2.0**-23  # of float32

PAD = {
    "zeros": "constant",
    "reflect": "reflect",
    "replicate": "edge",
    "circular": "wrap",
}  # numpy's

SELU = 1.6732632423543772, 1.0507009873554805


def erf(x: np.ndarray) -> np.ndarray:
    return np.vectorize(math.erf, otypes=[float])(x)


ACTIVATION: dict[str, Callable[..., np.ndarray]] = {
    "none": lambda x: x,
    "relu": lambda x: (x + abs(x)) / 2,
    "leaky_relu": lambda x, a=0.01: ((1 + a) * x + (1 - a) * abs(x)) / 2,
    "tanh": np.tanh,
    "sigmoid": lambda x: (1 + np.tanh(x / 2)) / 2,
    "prelu": lambda x, a=0.25: np.where(x < 0, a * x, x),
    "relu6": lambda x: np.clip(x, 0, 6),
    "elu": lambda x, a=1: np.where(x < 0, a * np.expm1(-abs(x)), x),
    "selu": lambda x: SELU[1] * np.where(x < 0, SELU[0] * np.expm1(-abs(x)), x),
    "celu": lambda x, a=1: np.where(x < 0, a * np.expm1(-abs(x) / a), x),
    "gelu": lambda x: x * (1 + erf(x / np.sqrt(2))) / 2,
    "gelu_tanh": lambda x: x / 2 * (1 + np.tanh(np.sqrt(2 / np.pi) * (x + 0.044715 * x**3))),
    "silu": lambda x: x * (1 + np.tanh(x / 2)) / 2,
    "mish": lambda x: x * np.tanh(np.logaddexp(0, x)),
    "hardswish": lambda x: x * np.clip(x / 6 + 0.5, 0, 1),
    "softplus": lambda x, b=1: np.logaddexp(0, b * x) / b,
    "softsign": lambda x: np.sign(x) * (1 - 1 / (1 + abs(x))),
    "logsigmoid": lambda x: -np.logaddexp(0, -x),
    "hardsigmoid": lambda x, a=1 / 6, b=0.5: np.clip(a * x + b, 0, 1),
    "hardtanh": lambda x, low=-1, high=1: np.clip(x, low, high),
    "tanhshrink": lambda x: x - np.tanh(x),
    "softshrink": lambda x, a=0.5: np.sign(x) * np.maximum(abs(x) - a, 0),
    "hardshrink": lambda x, a=0.5: x * (abs(x) > a),
    "threshold": lambda x, t=0, v=0: np.where(x > t, x, v),
}


def one_side(size: int, kernel: int, stride: int, dilation: int, padding) -> tuple[int, int]:
    """What a padding puts before and after one axis."""
    if padding == "valid":
        return 0, 0
    if padding not in ("same", "same_lower"):
        return padding if isinstance(padding, tuple) else (padding, padding)
    outputs = -(-size // stride)
    last = (outputs - 1) * stride + (kernel - 1) * dilation
    total = max(last + 1 - size, 0)
    less, more = total // 2, total - total // 2
    return (less, more) if padding == "same" else (more, less)


def sides_of(size, kernel, stride, dilation, padding) -> list[tuple[int, int]]:
    """The same for rows and columns; all but the padding as two numbers."""
    own = padding if isinstance(padding, tuple) else (padding, padding)
    every = zip(size, kernel, stride, dilation, own, strict=True)
    return [one_side(*axis) for axis in every]


def sides(layer: Conv2d, axis: int, size: int) -> tuple[int, int]:
    """Zeros before and after one axis of an input map."""
    padding = layer.padding[axis] if isinstance(layer.padding, tuple) else layer.padding
    kernel = layer.weight.shape[2 + axis]
    return one_side(size, kernel, layer.stride[axis], layer.dilation[axis], padding)


def windows(layer: Conv2d, axis: int, size: int) -> list[list[int]]:
    """Input rows, or columns, of each output row's or column's window: zeros included, of copies
    the row that is copied."""
    before, after = sides(layer, axis, size)
    side, step, gap = layer.weight.shape[2 + axis], layer.stride[axis], layer.dilation[axis]
    result, start = [], -before
    while start + (side - 1) * gap < size + after:
        result.append([start + tap * gap for tap in range(side)])
        start += step
    if layer.padding_mode == "zeros":
        return result
    copied = np.pad(np.arange(size), (before, after), mode=PAD[layer.padding_mode])
    return [[int(copied[before + tap]) for tap in window] for window in result]


def one_convolution(channel: np.ndarray, kernel: np.ndarray, layer: Conv2d) -> np.ndarray:
    around = [sides(layer, axis, channel.shape[axis]) for axis in (0, 1)]
    source = np.pad(channel.astype(float), around, mode=PAD[layer.padding_mode])
    (kh, kw), (dy, dx), (sy, sx) = kernel.shape, layer.dilation, layer.stride
    rows = (source.shape[0] - (kh - 1) * dy - 1) // sy + 1
    columns = (source.shape[1] - (kw - 1) * dx - 1) // sx + 1
    total = np.zeros((rows, columns))
    for a, b in np.ndindex(kh, kw):
        total += float(kernel[a, b]) * source[a * dy :: sy, b * dx :: sx][:rows, :columns]
    return total


def inputs(layer: Conv2d, j: int) -> list[int]:
    """Numbers of the maps that filter j sees."""
    out, depth = layer.weight.shape[:2]
    group = j * layer.groups // out
    return [group * depth + channel for channel in range(depth)]


def kernels(layer: Conv2d, j: int, scheme: ChannelScheme) -> list[np.ndarray]:
    """What filter j convolves each of its maps with."""
    own = list(layer.weight[j].astype(float))
    if scheme is REAL:
        return own
    flat = sum(own) if scheme is NAIVE else sum(own) / len(own)
    return [flat] * len(own)


def mutes(layer: Conv2d, j: int) -> list[bool]:
    """Which of filter j's contributions are left out."""
    return [False] * layer.weight.shape[1] if layer.muted is None else list(layer.muted[j])


def parts(
    maps: Sequence[np.ndarray], layer: Conv2d, j: int, scheme: ChannelScheme
) -> list[np.ndarray]:
    """Filter j's contributions, the muted like the others."""
    pairs = zip(inputs(layer, j), kernels(layer, j, scheme), strict=True)
    return [one_convolution(maps[i], kernel, layer) for i, kernel in pairs]


def magnitudes(
    maps: Sequence[np.ndarray], layer: Conv2d, j: int, scheme: ChannelScheme
) -> list[np.ndarray]:
    """Σ |w·x| of each contribution: what rounding errors are measured by."""
    pairs = zip(inputs(layer, j), kernels(layer, j, scheme), strict=True)
    return [one_convolution(abs(maps[i]), abs(kernel), layer) for i, kernel in pairs]


def bias_of(layer: Conv2d, j: int) -> float:
    return 0.0 if layer.bias is None else float(layer.bias[j])


def activated(values: np.ndarray, layer: Conv2d) -> np.ndarray:
    return ACTIVATION[layer.activation](values, *layer.activation_parameters)


def summed(state: State) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """Real and Shared, a filter at a time: each layer's maps before and after activation."""
    maps, befores, afters = [state.drawing], [], []
    for layer in state.network.layers:
        new = []
        for j in range(layer.weight.shape[0]):
            each = zip(parts(maps, layer, j, state.scheme), mutes(layer, j), strict=True)
            heard = [part for part, muted in each if not muted]
            shape = [len(windows(layer, axis, maps[0].shape[axis])) for axis in (0, 1)]
            new.append(sum(heard, np.zeros(shape)) + bias_of(layer, j))
        befores.append(np.array(new))
        maps = list(activated(befores[-1], layer))
        afters.append(np.array(maps))
    return befores, afters


def naive(state: State, address: Address) -> tuple[np.ndarray, np.ndarray]:
    """One map of Naive, before and after activation: a chain of single convolutions."""
    current = before = state.drawing
    for index, j in enumerate(address):
        layer, parent = state.network.layers[index], address[index - 1] if index else 0
        before = one_convolution(current, sum(layer.weight[j].astype(float)), layer)
        if (parent, True) in zip(inputs(layer, j), mutes(layer, j), strict=True):
            before *= 0
        before += bias_of(layer, j)
        current = activated(before, layer)
    return before, current


# What is tried

# Where an activation jumps, float32 and float64 may come out on different sides.
SMOOTH = sorted(set(ACTIVATION) - {"hardshrink", "threshold"})

methods = st.sampled_from(["signal", "matmul", "auto"])
drawings = st.integers(0, 9999).map(
    lambda seed: np.random.default_rng(seed).random((28, 28), np.float32)
)
few, small = st.integers(1, 3), st.integers(0, 3)
paddings = (
    st.sampled_from(["same", "same", "same_lower", "valid"])
    | st.integers(0, 4)
    | st.tuples(small, small)
    | st.tuples(st.tuples(small, small), st.tuples(small, small))
)


@st.composite
def layers(
    draw, *, size=(28, 28), channels=None, most_filters=4, most_side=4, positive=False
) -> Conv2d:
    """A layer that fits maps of a size, and of a number unless that is None."""
    generator = np.random.default_rng(draw(st.integers(0, 9999)))
    if channels is None:
        groups, depth = draw(few), draw(st.integers(1, 6))
    else:
        groups = draw(st.sampled_from([n for n in (1, 2, 3) if channels % n == 0]))
        depth = channels // groups
    out = groups * draw(st.integers(1, max(1, most_filters // groups)))
    side = st.integers(1, most_side)
    kernel = draw(st.tuples(side, side))
    scale = (depth * kernel[0] * kernel[1]) ** -0.5
    weight = scale * generator.standard_normal((out, depth, *kernel))
    if positive:
        weight = abs(weight) + 0.1 * scale
    bias = (generator.standard_normal(out) / 4).astype(np.float32)
    activation = draw(st.sampled_from(SMOOTH))
    values = tuple(
        float(np.float32((one.default + one.high) / 2))
        for one in ACTIVATIONS[activation].parameters
    )
    layer = Conv2d(
        draw(st.integers(0, 99)),
        weight.astype(np.float32),
        bias if draw(st.booleans()) else None,
        stride=draw(st.tuples(few, few)),
        padding=draw(paddings),
        dilation=draw(st.tuples(st.integers(1, 2), st.integers(1, 2))),
        groups=groups,
        activation=activation,
        activation_parameters=values if draw(st.booleans()) else (),
        padding_mode=draw(st.sampled_from(["zeros", "zeros", *PAD])),
        muted=generator.random((out, depth)) < draw(st.sampled_from([0, 0.3, 0.6])),
    )
    fits = all(windows(layer, axis, size[axis]) for axis in (0, 1))
    if not fits:
        layer = replace(layer, padding="same")
    widest = [max(sides(layer, axis, size[axis])) for axis in (0, 1)]
    copies = all(widest[axis] < size[axis] for axis in (0, 1))
    return layer if copies else replace(layer, padding_mode="zeros")


@st.composite
def networks(draw, *, most_layers=3, **options) -> Network:
    """Layers in a row, from one map of 28×28."""
    chosen, channels, size = [], 1, (28, 28)
    for number in range(draw(st.integers(1, most_layers))):
        layer = draw(layers(size=size, channels=channels, **options))
        chosen.append(replace(layer, number=number))
        channels = layer.weight.shape[0]
        size = tuple(len(windows(layer, axis, size[axis])) for axis in (0, 1))
    return Network(tuple(chosen))
