"""A network as a script for PyTorch: its functions, one call for each layer."""

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
Layout: PyTorch's own. Maps are (batch, maps, rows, columns), and a weight is (out, in / groups, kh,
kw), so that weight[j] is filter j with a kernel for each map of its group. Flatten goes map by map,
row by row. F.conv2d does not flip the kernel: deep learning's convolution."""

_FUNCTIONS = {
    "relu": "F.relu(x)",
    "leaky_relu": "F.leaky_relu(x, {0})",
    "tanh": "torch.tanh(x)",
    "sigmoid": "torch.sigmoid(x)",
    "prelu": "F.prelu(x, torch.tensor([{0}]))",
    "relu6": "F.relu6(x)",
    "elu": "F.elu(x, {0})",
    "selu": "F.selu(x)",
    "celu": "F.celu(x, {0})",
    "gelu": "F.gelu(x)",
    "gelu_tanh": 'F.gelu(x, approximate="tanh")',
    "silu": "F.silu(x)",
    "mish": "F.mish(x)",
    "hardswish": "F.hardswish(x)",
    "softplus": "F.softplus(x, {0})",
    "softsign": "F.softsign(x)",
    "logsigmoid": "F.logsigmoid(x)",
    "hardsigmoid": "torch.clamp({0} * x + {1}, 0, 1)",
    "hardtanh": "F.hardtanh(x, {0}, {1})",
    "tanhshrink": "F.tanhshrink(x)",
    "softshrink": "F.softshrink(x, {0})",
    "hardshrink": "F.hardshrink(x, {0})",
    "threshold": "F.threshold(x, {0}, {1})",
}

_MODES = {"zeros": "constant"}  # the others are called alike


def imports(steps: Sequence[Step]) -> list[str]:
    """What the script imports beside what every script does."""
    return ["import torch", "import torch.nn.functional as F"]


def helpers(steps: Sequence[Step]) -> list[str]:
    """Functions of the script's own: none."""
    return []


def body(steps: Sequence[Step], scheme: ChannelScheme) -> list[str]:
    """The lines of the function that makes the maps."""
    lines = ["x = torch.from_numpy(drawing)[None, None]  # (batch, maps, rows, columns)"]
    lines += ["numbers = [0]  # of each map the filter that made it"] * (
        scheme is ChannelScheme.NAIVE
    )
    count = 1
    for step in steps:
        lines += ["", f"# {described(step, scheme)}"]
        if step.inputs is not None:
            count = len(step.inputs)
            span = f"{step.inputs.start}:{step.inputs.stop}"
            lines += [f"x = x[:, {span}]  # the maps that go into map {step.filters.start}"]
        lines += _layer(step, scheme, count)
        lines += _activated(step.layer)
        if step.kept is not None:
            lines += [f"x = x[:, {step.kept}:{step.kept + 1}]"]
        lines += [f'show({step.number}, "{step.name}", x[0].numpy())']
        count = map_count(step, scheme, count)
    return lines


def _layer(step: Step, scheme: ChannelScheme, count: int) -> list[str]:
    layer, number = step.layer, step.number
    if isinstance(layer, Conv2d):
        return _conv(step, layer, scheme, count)
    if isinstance(layer, MaxPool2d | AvgPool2d):
        return _pooled(step, layer, count)
    if isinstance(layer, BatchNorm2d):
        rows = norm_rows(step, scheme)
        arrays = ", ".join(
            f"torch.from_numpy({name}{number}{rows})"
            for name in ("mean", "variance", "weight", "bias")
        )
        return [f"x = F.batch_norm(x, {arrays}, eps={layer.eps!r})"]
    code = {
        GlobalAvgPool2d: "x = x.mean((2, 3), keepdim=True)",
        Flatten: "x = x.flatten(1)[:, :, None, None]",
        Softmax: "x = x.softmax(1)",
    }
    return [code[type(layer)]]


def _activated(layer: Layer) -> list[str]:
    if layer.activation == "none":
        return []
    values = ACTIVATIONS[layer.activation].complete(layer.activation_parameters)
    return [f"x = {_FUNCTIONS[layer.activation].format(*map(float, values))}"]


def _conv(step: Step, layer: Conv2d, scheme: ChannelScheme, count: int) -> list[str]:
    lines, weight, bias, groups = kernel_code(step, scheme, count)
    weight = f"torch.from_numpy({weight})"
    bias = bias if bias == "None" else f"torch.from_numpy({bias})"
    if isinstance(layer, Linear):
        return [
            *lines,
            f"x = F.linear(x.flatten(1), {weight}.flatten(1), {bias})[:, :, None, None]",
        ]
    sides, options = sides_of(step), ""
    if layer.padding_mode == "zeros" and _symmetric(sides):
        if sides != NO_SIDES:
            options += f", padding={(sides[0][0], sides[1][0])}"
    elif sides != NO_SIDES:
        mode = _MODES.get(layer.padding_mode, layer.padding_mode)
        lines += [f'x = F.pad(x, {_around(sides)}, mode="{mode}")  # left, right, top, bottom']
    options += f", stride={layer.stride}" * (layer.stride != (1, 1))
    options += f", dilation={layer.dilation}" * (layer.dilation != (1, 1))
    options += f", groups={groups}" * (groups > 1)
    return [*lines, f"x = F.conv2d(x, {weight}, {bias}{options})"]


def _pooled(step: Step, layer: MaxPool2d | AvgPool2d, count: int) -> list[str]:
    own, around = own_sides(step), sides_of(step)
    narrow = all(
        side <= length // 2 for (side, _), length in zip(own, layer.kernel_size, strict=True)
    )
    simple = _symmetric(own) and narrow and not layer.ceil_mode
    where = f"{layer.kernel_size}, {layer.stride}"
    padding = f", padding={(own[0][0], own[1][0])}" * (simple and own != NO_SIDES)
    dilation = f", dilation={layer.dilation}" * (layer.dilation != (1, 1))
    if isinstance(layer, MaxPool2d):
        lines = [f'x = F.pad(x, {_around(around)}, value=float("-inf"))']
        lines *= not simple and around != NO_SIDES
        return [*lines, f"x = F.max_pool2d(x, {where}{padding}{dilation})"]
    if simple and not dilation:
        counted = ", count_include_pad=False" * (not layer.count_include_pad)
        return [f"x = F.avg_pool2d(x, {where}{padding}{counted})"]
    rows, columns = layer.kernel_size
    lines = [f"x = F.pad(x, {_around(around)})"] * (around != NO_SIDES)
    return [
        *lines,
        f"counted = {counted_code(step)}  # cells of each window that count",
        f"ones = torch.ones({count}, 1, {rows}, {columns})",
        f"x = F.conv2d(x, ones, stride={layer.stride}{dilation}, groups={count}) / counted",
    ]


def _symmetric(sides: Sides) -> bool:
    return all(before == after for before, after in sides)


def _around(sides: Sides) -> tuple[int, ...]:
    """In the order of PyTorch: left, right, top, bottom."""
    return (*sides[1], *sides[0])
