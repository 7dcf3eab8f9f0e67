"""A network as a script for Keras 3, on whichever backend it runs: one call for each layer."""

from collections.abc import Sequence

from cnn_explorer.core.activations import ACTIVATIONS
from cnn_explorer.core.code_steps import (
    NO_SIDES,
    Step,
    counted_code,
    described,
    kernel_code,
    map_count,
    norm_rows,
    own_sides,
    sides_of,
)
from cnn_explorer.core.geometry import Sides
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
from cnn_explorer.core.schemes import ChannelScheme

LAYOUT = """\
Layout: Keras' own, channels last. Maps are (batch, rows, columns, maps) and a kernel is [kh, kw,
in, out], so that kernel[:, :, :, j] makes map j. Below, weights are stored as PyTorch has them,
(out, in, kh, kw), and .transpose(2, 3, 1, 0) makes the kernel of them. Flatten reads each pixel's
maps together, in another order than PyTorch's, so the dense kernel after it is permuted, too."""

_FUNCTIONS = {
    "relu": "ops.relu(x)",
    "leaky_relu": "ops.leaky_relu(x, {0})",
    "tanh": "ops.tanh(x)",
    "sigmoid": "ops.sigmoid(x)",
    "prelu": "ops.leaky_relu(x, {0})",
    "relu6": "ops.relu6(x)",
    "elu": "ops.elu(x, {0})",
    "selu": "ops.selu(x)",
    "celu": "ops.celu(x, {0})",
    "gelu": "ops.gelu(x, approximate=False)",
    "gelu_tanh": "ops.gelu(x, approximate=True)",
    "silu": "ops.silu(x)",
    "mish": "x * ops.tanh(ops.softplus(x))",
    "hardswish": "ops.hard_silu(x)",
    "softplus": "ops.softplus({0} * x) / {0}",
    "softsign": "ops.softsign(x)",
    "logsigmoid": "ops.log_sigmoid(x)",
    "hardsigmoid": "ops.clip({0} * x + {1}, 0, 1)",
    "hardtanh": "ops.clip(x, {0}, {1})",
    "tanhshrink": "x - ops.tanh(x)",
    "softshrink": "x - ops.clip(x, -{0}, {0})",
    "hardshrink": "ops.where(ops.abs(x) <= {0}, 0.0, x)",
    "threshold": "ops.where(x <= {0}, {1}, x)",
}

_MODES = {"reflect": "reflect", "replicate": "edge", "circular": "wrap"}


def imports(steps: Sequence[Step]) -> list[str]:
    """What the script imports beside what every script does."""
    return ["import keras", "from keras import layers, ops"]


def body(steps: Sequence[Step], scheme: ChannelScheme) -> list[str]:
    """The lines of the function that makes the maps."""
    lines = [
        "x = ops.convert_to_tensor(drawing[None, :, :, None])  # (batch, rows, columns, maps)",
    ]
    lines += ["numbers = [0]  # of each map the filter that made it"] * (
        scheme is ChannelScheme.NAIVE
    )
    count, before = 1, None
    for place, step in enumerate(steps):
        lines += ["", f"# {described(step, scheme)}"]
        if step.inputs is not None:
            count = len(step.inputs)
            span = f"{step.inputs.start}:{step.inputs.stop}"
            lines += [f"x = x[..., {span}]  # the maps that go into map {step.filters.start}"]
        follower = steps[place + 1].layer if place + 1 < len(steps) else None
        permuted = isinstance(follower, Linear)
        if isinstance(step.layer, Flatten) and permuted and steps[place + 1].inputs is None:
            lines += [
                f'show({step.number}, "{step.name}", channels_first(x).reshape(-1, 1, 1))',
                "x = ops.reshape(x, (1, 1, 1, -1))  # row by row, each pixel's maps together",
            ]
            before = step.layer
        else:
            lines += _layer(step, scheme, count, before)
            lines += _activated(step.layer)
            if step.kept is not None:
                lines += [f"x = x[..., {step.kept}:{step.kept + 1}]"]
            lines += [f'show({step.number}, "{step.name}", channels_first(x))']
            before = None
        count = map_count(step, scheme, count)
    return lines


def _layer(step: Step, scheme: ChannelScheme, count: int, before: Flatten | None) -> list[str]:
    """The lines of a layer; `before` is a Flatten whose values come in Keras' order."""
    layer, number = step.layer, step.number
    if isinstance(layer, Linear):
        return _linear(step, layer, scheme, count, before)
    if isinstance(layer, Conv2d):
        return _conv(step, layer, scheme, count)
    if isinstance(layer, MaxPool2d | AvgPool2d):
        return _pooled(step, layer)
    if isinstance(layer, BatchNorm2d):
        rows = norm_rows(step, scheme)
        names = ("weight", "bias", "mean", "variance")
        arrays = ", ".join(f"{name}{number}{rows}" for name in names)
        return [f"x = loaded(layers.BatchNormalization(epsilon={layer.eps!r}), x, {arrays})"]
    code = {
        GlobalAvgPool2d: "x = layers.GlobalAveragePooling2D(keepdims=True)(x)",
        Flatten: "x = ops.reshape(ops.transpose(x, (0, 3, 1, 2)), (1, 1, 1, -1))  # map by map",
        Softmax: "x = ops.softmax(x, axis=-1)",
    }
    return [code[type(layer)]]


def _activated(layer: Layer) -> list[str]:
    if layer.activation == "none":
        return []
    values = ACTIVATIONS[layer.activation].complete(layer.activation_parameters)
    return [f"x = {_FUNCTIONS[layer.activation].format(*map(float, values))}"]


def _linear(
    step: Step, layer: Linear, scheme: ChannelScheme, count: int, before: Flatten | None
) -> list[str]:
    lines, weight, bias, _ = kernel_code(step, scheme, count)
    kernel = f"{weight}[:, :, 0, 0].T"
    if before is not None:
        shape = f"{layer.out_channels}, {before.channels}, {before.size[0]}, {before.size[1]}"
        order = f".transpose(2, 3, 1, 0).reshape(-1, {layer.out_channels})"
        kernel = f"{weight}.reshape({shape}){order}"
    biased = "" if bias == "None" else f", {bias}"
    options = "" if biased else ", use_bias=False"
    return [
        *lines,
        f"kernel = {kernel}  # [in, out]",
        f"x = loaded(layers.Dense({layer.out_channels}{options}), x, kernel{biased})",
    ]


def _conv(step: Step, layer: Conv2d, scheme: ChannelScheme, count: int) -> list[str]:
    lines, weight, bias, groups = kernel_code(step, scheme, count)
    sides, options = sides_of(step), ""
    # Keras strides and dilates in turn, not both at once.
    sliced = layer.stride != (1, 1) and layer.dilation != (1, 1)
    if layer.padding == "same" and layer.padding_mode == "zeros" and not sliced:
        options += ', padding="same"'
    elif sides != NO_SIDES:
        lines += _padded(step, sides, layer.padding_mode)
    options += f", strides={layer.stride}" * (layer.stride != (1, 1) and not sliced)
    options += f", dilation_rate={layer.dilation}" * (layer.dilation != (1, 1))
    options += f", groups={groups}" * (groups > 1)
    biased = "" if bias == "None" else f", {bias}"
    options += ", use_bias=False" * (not biased)
    out = layer.out_channels * (count if scheme is ChannelScheme.NAIVE else 1)
    lines += [
        f"kernel = {weight}.transpose(2, 3, 1, 0)  # [kh, kw, in, out]",
        f"conv = layers.Conv2D({out}, {layer.kernel_size}{options})",
        f"x = loaded(conv, x, kernel{biased})",
    ]
    rows, columns = layer.stride
    return lines + [f"x = x[:, ::{rows}, ::{columns}]"] * sliced


def _padded(step: Step, sides: Sides, mode: str = "zeros", value: str = "") -> list[str]:
    if mode == "zeros":
        return [f"x = ops.pad(x, ((0, 0), {sides[0]}, {sides[1]}, (0, 0)){value})"]
    rows, columns = (
        f'np.pad(np.arange({length}), {side}, mode="{_MODES[mode]}")'
        for length, side in zip(step.size, sides, strict=True)
    )
    return [
        f"x = ops.take(x, {rows}, axis=1)  # copies of rows",
        f"x = ops.take(x, {columns}, axis=2)",
    ]


def _pooled(step: Step, layer: MaxPool2d | AvgPool2d) -> list[str]:
    sides, own = sides_of(step), own_sides(step)
    name = "Max" if isinstance(layer, MaxPool2d) else "Average"
    own_way = layer.dilation == (1, 1) and own == sides == NO_SIDES
    if own_way:
        return [f"x = layers.{name}Pooling2D({layer.kernel_size}, {layer.stride})(x)"]
    windows = (
        f"windows(x, {layer.kernel_size}, {layer.stride}, {layer.dilation}, {step.output_size})"
    )
    if isinstance(layer, MaxPool2d):
        lines = _padded(step, sides, value=", constant_values=-np.inf") * (sides != NO_SIDES)
        return [*lines, f"x = ops.max({windows}, axis=0)"]
    counted = counted_code(step)
    shaped = "" if counted.startswith("np.float32(") else "[:, :, None]"
    return [
        *_padded(step, sides) * (sides != NO_SIDES),
        f"counted = {counted}{shaped}  # cells of each window that count",
        f"x = ops.divide(ops.sum({windows}, axis=0), counted)",
    ]


def helpers(steps: Sequence[Step]) -> list[str]:
    """Functions that the lines of `body` call, each only where it is called."""
    lines = list(_FIRST)
    if any("loaded(" in line for line in body(steps, ChannelScheme.REAL)):
        lines += _LOADED
    if any("windows(" in line for line in body(steps, ChannelScheme.REAL)):
        lines += _WINDOWS
    return lines


_FIRST = '''

def channels_first(x):
    """Maps as the program has them: (maps, rows, columns)."""
    return ops.convert_to_numpy(x)[0].transpose(2, 0, 1)'''.splitlines()

_LOADED = '''

def loaded(layer, x, *weights):
    """Give a layer its weights, and apply it."""
    layer.build(x.shape)
    layer.set_weights(weights)
    return layer(x)'''.splitlines()

_WINDOWS = '''

def windows(x, kernel_size, stride, dilation, size):
    """What each cell of all windows sees, stacked: Keras pools without dilation or such padding."""
    (rows, columns), (down, right) = size, stride
    cells = []
    for top in range(0, kernel_size[0] * dilation[0], dilation[0]):
        for left in range(0, kernel_size[1] * dilation[1], dilation[1]):
            bottom, end = top + (rows - 1) * down + 1, left + (columns - 1) * right + 1
            cells.append(x[:, top:bottom:down, left:end:right])
    return ops.stack(cells)'''.splitlines()
