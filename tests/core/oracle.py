"""The oracle: float64, one tap at a time, no code shared with the program; and what it is tried on.

Every function goes by the definition of a layer; the strategies make layers and networks at random.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
from hypothesis import strategies as st

from cnn_explorer.core.activations import ACTIVATIONS
from cnn_explorer.core.addresses import Address
from cnn_explorer.core.kernel_layers import Conv2d, Linear
from cnn_explorer.core.layer import Layer
from cnn_explorer.core.layers import (
    AvgPool2d,
    BatchNorm2d,
    Flatten,
    GlobalAvgPool2d,
    MaxPool2d,
    Softmax,
)
from cnn_explorer.core.network import Network
from cnn_explorer.core.schemes import ChannelScheme
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


def activated(values: np.ndarray, layer: Layer) -> np.ndarray:
    return ACTIVATION[layer.activation](values, *layer.activation_parameters)


def convolved(maps: Sequence[np.ndarray], layer: Conv2d, scheme: ChannelScheme) -> list[np.ndarray]:
    """A convolution's maps before activation, in Real or Shared."""
    shape = [len(windows(layer, axis, maps[0].shape[axis])) for axis in (0, 1)]
    result = []
    for j in range(layer.weight.shape[0]):
        each = zip(parts(maps, layer, j, scheme), mutes(layer, j), strict=True)
        heard = [part for part, muted in each if not muted]
        result.append(sum(heard, np.zeros(shape)) + bias_of(layer, j))
    return result


def pool_windows(layer: MaxPool2d | AvgPool2d, axis: int, size: int) -> list[list[int]]:
    """Rows, or columns, of each window: below 0 or from the size on they are padding."""
    side, step, gap = layer.kernel_size[axis], layer.stride[axis], layer.dilation[axis]
    padding = layer.padding[axis] if isinstance(layer.padding, tuple) else layer.padding
    before, after = one_side(size, side, step, gap, padding)
    result, start = [], -before
    while True:
        window = [start + tap * gap for tap in range(side)]
        over = window[-1] - (size + after - 1)
        # In ceil mode as many windows as if the map went on to the next step.
        if over > 0 and not (layer.ceil_mode and over < step and start < size):
            return result
        result.append(window)
        start += step


def pooled(layer: MaxPool2d | AvgPool2d, map_: np.ndarray) -> np.ndarray:
    """One map, a window at a time."""
    lines = [pool_windows(layer, axis, map_.shape[axis]) for axis in (0, 1)]
    counted = getattr(layer, "count_include_pad", False)
    around = [(0, 0), (0, 0)]
    if counted:
        own = layer.padding if isinstance(layer.padding, tuple) else (layer.padding,) * 2
        geometry = zip(
            map_.shape, layer.kernel_size, layer.stride, layer.dilation, own, strict=True
        )
        around = [one_side(*axis) for axis in geometry]
    result = np.empty([len(each) for each in lines])
    for place in np.ndindex(*result.shape):
        rows, columns = (lines[axis][place[axis]] for axis in (0, 1))
        inside = [
            [line for line in window if 0 <= line < map_.shape[axis]]
            for axis, window in enumerate((rows, columns))
        ]
        values = [float(map_[row, column]) for row in inside[0] for column in inside[1]]
        if isinstance(layer, MaxPool2d):
            result[place] = max(values)
            continue
        count = 1
        for axis, window in enumerate((rows, columns)):
            first, end = -around[axis][0], map_.shape[axis] + around[axis][1]
            count *= sum(first <= line < end for line in window)
        result[place] = sum(values) / count
    return result


def normalised(layer: BatchNorm2d, map_: np.ndarray, j: int) -> np.ndarray:
    mean, variance, weight, bias = (
        float(values[j]) for values in (layer.mean, layer.variance, layer.weight, layer.bias)
    )
    return (map_.astype(float) - mean) / math.sqrt(variance + layer.eps) * weight + bias


def plain(layer: Layer, map_: np.ndarray, j: int) -> np.ndarray:
    """Map j of a layer that acts map by map, before activation."""
    if isinstance(layer, MaxPool2d | AvgPool2d):
        return pooled(layer, map_)
    if isinstance(layer, BatchNorm2d):
        return normalised(layer, map_, j)
    assert isinstance(layer, GlobalAvgPool2d)
    return np.full((1, 1), math.fsum(map_.ravel().tolist()) / map_.size)


def before(maps: Sequence[np.ndarray], layer: Layer, scheme: ChannelScheme) -> list[np.ndarray]:
    """A layer's maps before activation, in Real or Shared."""
    if isinstance(layer, Conv2d):
        return convolved(maps, layer, scheme)
    if isinstance(layer, Flatten):
        pixels = [map_[place] for map_ in maps for place in np.ndindex(*map_.shape)]
        return [np.full((1, 1), float(pixel)) for pixel in pixels]
    if isinstance(layer, Softmax):
        powers = np.exp(np.array(maps, float) - np.max(maps, axis=0))
        return list(powers / sum(powers))
    return [plain(layer, map_, j) for j, map_ in enumerate(maps)]


def summed(state: State) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """Real and Shared, a filter at a time: each layer's maps before and after activation."""
    maps, befores, afters = [state.drawing], [], []
    for layer in state.network.layers:
        befores.append(np.array(before(maps, layer, state.scheme)))
        maps = list(activated(befores[-1], layer))
        afters.append(np.array(maps))
    return befores, afters


def naive(state: State, address: Address) -> tuple[np.ndarray, np.ndarray]:
    """One map of Naive, before and after activation: a chain of single convolutions."""
    current = sums = state.drawing
    for index, j in enumerate(address):
        layer, parent = state.network.layers[index], address[index - 1] if index else 0
        if isinstance(layer, Conv2d):
            sums = one_convolution(current, sum(layer.weight[j].astype(float)), layer)
            if (parent, True) in zip(inputs(layer, j), mutes(layer, j), strict=True):
                sums *= 0
            sums += bias_of(layer, j)
        else:
            sums = plain(layer, current, j)
        current = activated(sums, layer)
    return sums, current


KEEPING = MaxPool2d, AvgPool2d, BatchNorm2d, GlobalAvgPool2d, Flatten
"""Layers of which each map is made of one other, which its number decides."""


def addresses(network: Network) -> list[list[Address]]:
    """All addresses of Naive, layer by layer: a filter branches, the rest keeps the number."""
    found: list[list[Address]] = []
    paths: list[Address] = [()]
    for layer in network.layers:
        if isinstance(layer, Linear | Flatten | Softmax) or not paths:
            paths = []
        elif isinstance(layer, Conv2d):
            paths = [(*path, j) for path in paths for j in range(layer.weight.shape[0])]
        else:
            paths = [(*path, path[-1] if path else 0) for path in paths]
        found.append(paths)
    return found


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


@st.composite
def pools(draw, number: int, channels: int, size: tuple[int, int]) -> Layer:
    """A pooling layer that fits maps of a size."""
    kind = draw(st.sampled_from([MaxPool2d, AvgPool2d]))
    options = {} if kind is MaxPool2d else {"count_include_pad": draw(st.booleans())}
    sides = st.tuples(few, few)
    layer = kind(
        number,
        channels,
        kernel_size=draw(st.tuples(st.integers(1, 4), st.integers(1, 4))),
        stride=draw(sides),
        padding=draw(
            st.sampled_from(["same", "same_lower", "valid", 0, 1, (1, 0), ((0, 1), (1, 0))])
        ),
        dilation=draw(st.sampled_from([(1, 1), (1, 1), (2, 1), (2, 2)])),
        ceil_mode=draw(st.booleans()),
        **options,
    )
    lines = [pool_windows(layer, axis, size[axis]) for axis in (0, 1)]
    sees = all(
        any(0 <= line < size[axis] for line in window) for axis in (0, 1) for window in lines[axis]
    )
    return layer if all(lines) and sees else kind(number, channels, (1, 1), (1, 1))


@st.composite
def norms(draw, number: int, channels: int) -> BatchNorm2d:
    generator = np.random.default_rng(draw(st.integers(0, 9999)))
    mean, weight, bias = generator.standard_normal((3, channels)).astype(np.float32)
    variance = generator.uniform(0.05, 2, channels).astype(np.float32)
    activation = draw(st.sampled_from(["none", "none", "relu", "elu", "tanh", "leaky_relu"]))
    return BatchNorm2d(
        number, channels, mean, variance, weight, bias,
        eps=draw(st.sampled_from([1e-5, 1e-3, 0.5])),
        activation=activation,
        activation_parameters=(0.3,) if activation == "leaky_relu" and draw(st.booleans()) else (),
    )  # fmt: skip


@st.composite
def linears(draw, number: int, channels: int) -> Linear:
    generator = np.random.default_rng(draw(st.integers(0, 9999)))
    out = draw(few)
    weight = channels**-0.5 * generator.standard_normal((out, channels, 1, 1))
    bias = (generator.standard_normal(out) / 4).astype(np.float32)
    return Linear(
        number,
        weight.astype(np.float32),
        bias if draw(st.booleans()) else None,
        activation=draw(st.sampled_from(["none", "relu", "sigmoid"])),
        muted=generator.random((out, channels)) < draw(st.sampled_from([0, 0.3])),
    )


@st.composite
def mixed(draw, *, most_layers=6, body=False, **options) -> Network:
    """Layers of all kinds in a row, from one map of 28×28; without those that mix, if asked."""
    chosen: list[Layer] = []
    channels, size = 1, (28, 28)
    for number in range(draw(st.integers(1, most_layers))):
        kinds = ["conv", "conv", "pool", "pool", "norm", "mean"]
        if not body:
            kinds += ["softmax"]
            kinds += ["linear"] * 2 if size == (1, 1) else []
            kinds += ["flatten"] * 2 if channels * size[0] * size[1] <= 200 else []
        kind = draw(st.sampled_from(kinds))
        if kind == "conv" and channels <= 8:
            layer = draw(layers(size=size, channels=channels, **options))
            layer = replace(layer, number=number)
        elif kind == "linear":
            layer = draw(linears(number, channels))
        elif kind == "norm":
            layer = draw(norms(number, channels))
        elif kind == "mean":
            layer = GlobalAvgPool2d(number, channels)
        elif kind == "flatten":
            layer = Flatten(number, channels, size)
        elif kind == "softmax":
            layer = Softmax(number, channels)
        else:
            layer = draw(pools(number, channels, size))
        chosen.append(layer)
        channels = layer.weight.shape[0] if isinstance(layer, Conv2d) else channels
        if isinstance(layer, Flatten | GlobalAvgPool2d):
            channels *= size[0] * size[1] if isinstance(layer, Flatten) else 1
            size = (1, 1)
        elif isinstance(layer, Conv2d):
            size = tuple(len(windows(layer, axis, size[axis])) for axis in (0, 1))
        elif isinstance(layer, MaxPool2d | AvgPool2d):
            size = tuple(len(pool_windows(layer, axis, size[axis])) for axis in (0, 1))
    return Network(tuple(chosen))
