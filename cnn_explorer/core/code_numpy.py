"""A network as a script for NumPy and SciPy alone, in loops that read like the equation."""

from collections.abc import Sequence

from cnn_explorer.core.code_numbers import activation_code
from cnn_explorer.core.code_steps import NO_SIDES, Step, counted_code, described, sides_of
from cnn_explorer.core.geometry import Sides
from cnn_explorer.core.kernel_layers import Conv2d, Linear
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
Layout: maps are (maps, rows, columns) and weights (out, in / groups, kh, kw), as in PyTorch, since
the loops take a filter j first and then its kernel for each map i: weight[j, i] is one kernel.
correlate2d does not flip the kernel: that is what deep learning calls a convolution."""

_MODES = {"zeros": "constant", "reflect": "reflect", "replicate": "edge", "circular": "wrap"}


def imports(steps: Sequence[Step]) -> list[str]:
    """What the script imports beside what every script does."""
    lines = ["from scipy.signal import correlate2d"]
    return lines * any(type(step.layer) is Conv2d for step in steps)


def body(steps: Sequence[Step], scheme: ChannelScheme) -> list[str]:
    """The lines of the function that makes the maps."""
    naive = scheme is ChannelScheme.NAIVE
    lines = ["maps = {(): drawing}  # by address: the path of filters that leads to a map"]
    if not naive:
        lines = ["maps = drawing[np.newaxis]  # (maps, rows, columns)"]
    for step in steps:
        lines += ["", f"# {described(step, scheme)}"]
        lines += _naive(step) if naive else _summed(step, scheme)
    return lines


def _summed(step: Step, scheme: ChannelScheme) -> list[str]:
    """One layer of Real or Shared."""
    layer, lines = step.layer, list[str]()
    if step.inputs is not None:
        span = f"{step.inputs.start}:{step.inputs.stop}"
        lines += [f"maps = maps[{span}]  # those that go into map {step.filters.start}"]
    if isinstance(layer, Linear):
        lines += _linear(step, scheme)
    elif isinstance(layer, Conv2d):
        lines += _conv(step, layer, scheme)
    else:
        lines += _plain(step, "maps", "")
    lines += _activated(step, "maps")
    if step.kept is not None:
        lines += [f"maps = maps[{step.kept}:{step.kept + 1}]"]
    return [*lines, f'show({step.number}, "{step.name}", maps)']


def _activated(step: Step, to: str) -> list[str]:
    code = activation_code(step.layer)
    return ["wide = np.float64(before)"] * ("wide" in code) + [f"{to} = {code}"]


def _conv(step: Step, layer: Conv2d, scheme: ChannelScheme) -> list[str]:
    number, depth, out = step.number, layer.depth, layer.out_channels
    size = f"({out}, {step.output_size[0]}, {step.output_size[1]})"
    per_group = out // layer.groups
    lines = _padded(step, "maps", layer.padding_mode)
    flat = scheme is ChannelScheme.SHARED and depth > 1
    kernel = "kernel" if flat else f"weight{number}[j, {'i' if layer.groups == 1 else 'channel'}]"
    lines += [f"before = np.zeros({size}, np.float32)", f"for j in range({out}):"]
    if flat:
        mean = f"weight{number}[j].sum(axis=0) / np.float32({depth})"
        lines += [f"    kernel = {mean}  # one for all inputs: their mean"]
    if layer.groups == 1:
        lines += [f"    for i in range({depth}):"]
    else:
        first = "j" if per_group == 1 else f"j // {per_group}"
        group = first if depth == 1 else f"{first} * {depth}"
        lines += [
            f"    for channel in range({depth}):",
            f"        i = {group} + channel  # the maps of its group",
        ]
    if step.muted:
        lines += [f"        if (i, j) in muted{number}:", "            continue"]
    lines += [f"        before[j] += {_correlated(layer, 'padded[i]', kernel)}"]
    if layer.bias is not None:
        lines += [f"    before[j] += bias{number}[j]"]
    return lines


def _correlated(layer: Conv2d, map_: str, kernel: str) -> str:
    if layer.dilation != (1, 1):
        kernel = f"dilated({kernel}, {layer.dilation})"
    rows, columns = layer.stride
    every = "" if layer.stride == (1, 1) else f"[::{rows}, ::{columns}]"
    return f'correlate2d({map_}, {kernel}, mode="valid"){every}'


def _padded(step: Step, maps: str, mode: str) -> list[str]:
    sides = sides_of(step)
    if sides == NO_SIDES:
        return [f"padded = {maps}"]
    extra = "" if mode == "zeros" else f', mode="{_MODES[mode]}"'
    return [f"padded = np.pad({maps}, {_axes(sides)}{extra})"]


def _axes(sides: Sides) -> str:
    return f"((0, 0), {sides[0]}, {sides[1]})"


def _linear(step: Step, scheme: ChannelScheme) -> list[str]:
    layer, number = step.layer, step.number
    assert isinstance(layer, Linear)
    weight, lines = f"weight{number}", list[str]()
    if scheme is ChannelScheme.SHARED and layer.depth > 1:
        mean = f"weight{number}.sum(axis=1, keepdims=True) / np.float32({layer.depth})"
        lines += [
            f"flat = {mean}  # one for all inputs",
            f"flat = np.repeat(flat, {layer.depth}, axis=1)",
        ]
        weight = "flat"
    if step.muted:
        lines += [
            f"heard = {weight}.copy()",
            f"for i, j in muted{number}:",
            "    heard[j, i] = 0",
        ]
        weight = "heard"
    bias = "" if layer.bias is None else f" + bias{number}"
    lines += [f"before = {weight}[:, :, 0, 0] @ maps[:, 0, 0]{bias}  # Σ over i of weight · value"]
    return [*lines, "before = before[:, np.newaxis, np.newaxis]"]


def _plain(step: Step, maps: str, channel: str) -> list[str]:
    """A layer without kernels: ``before`` from maps of three axes; `channel` picks its numbers."""
    layer, number = step.layer, step.number
    if isinstance(layer, MaxPool2d | AvgPool2d):
        return _pooled(step, layer, maps)
    if isinstance(layer, BatchNorm2d):
        mean, variance, weight, bias = (
            f"{name}{number}{channel or '[:, np.newaxis, np.newaxis]'}"
            for name in ("mean", "variance", "weight", "bias")
        )
        return [
            f"scale = {weight} / np.sqrt({variance} + np.float32({layer.eps!r}))",
            f"before = ({maps} - {mean}) * scale + {bias}",
        ]
    code = {
        GlobalAvgPool2d: f"{maps}.mean(axis=(1, 2), keepdims=True)",
        Flatten: f"{maps}.reshape(-1, 1, 1)  # map by map, row by row",
    }
    if isinstance(layer, Softmax):
        return [
            f"powers = np.exp({maps} - {maps}.max(axis=0))",
            "before = powers / powers.sum(axis=0)",
        ]
    return [f"before = {code[type(layer)]}"]


def _pooled(step: Step, layer: MaxPool2d | AvgPool2d, maps: str) -> list[str]:
    windows = f"{layer.kernel_size}, {layer.stride}, {layer.dilation}"
    if isinstance(layer, MaxPool2d):
        sides = sides_of(step)
        padded = maps
        if sides != NO_SIDES:
            padded = f"np.pad({maps}, {_axes(sides)}, constant_values=-np.inf)"
        return [f"before = pooled(np.maximum, {padded}, {windows})"]
    counted = counted_code(step)
    return [
        *_padded(step, maps, "zeros"),
        f"counted = {counted}  # cells of each window that count",
        f"before = pooled(np.add, padded, {windows}) / counted",
    ]


def _naive(step: Step) -> list[str]:
    """One layer of Naive: each filter makes a map of every map."""
    layer, number = step.layer, step.number
    lines = ["made = {}", "for address, map_ in maps.items():"]
    if isinstance(layer, Conv2d):
        first = step.filters.start
        own = f"{first} + j" if first else "j"
        inner = [f"    {line}" for line in _padded(step, "map_[np.newaxis]", layer.padding_mode)]
        inner += [f"    for j in range({layer.out_channels}):"]
        flat = f"weight{number}[j].sum(axis=0)" if layer.depth > 1 else f"weight{number}[j, 0]"
        total = _correlated(layer, "padded[0]", flat)
        bias = "" if layer.bias is None else f" + bias{number}[j]"
        if step.muted:
            source = "address[-1]" if step.index else "0"
            silent = f"np.zeros({step.output_size}, np.float32)"
            inner += [
                f"        muted = ({source}, j) in muted{number}",
                f"        sum_ = {silent} if muted else {total}",
            ]
            total = "sum_"
        inner += [f"        before = {total}{bias}"]
        inner += [f"        {line}" for line in _activated(step, f"made[(*address, {own})]")]
    else:
        row = "address[-1]" if layer.out_channels > 1 else "0"
        inner = [f"    {line}" for line in _plain(step, "map_[np.newaxis]", f"[{row}]")]
        kept = "address[-1]" if step.index else "0"
        inner += ["    before = before[0]"]
        inner += [f"    {line}" for line in _activated(step, f"made[(*address, {kept})]")]
    ending = ["maps = made", f'show({step.number}, "{step.name}", np.stack(list(maps.values())))']
    return [*lines, *inner, *ending]


def helpers(steps: Sequence[Step]) -> list[str]:
    """Functions that the lines of `body` call, each only where it is called."""
    lines: list[str] = []
    if any(isinstance(s.layer, Conv2d) and s.layer.dilation != (1, 1) for s in steps):
        lines += _DILATED
    if any(isinstance(step.layer, MaxPool2d | AvgPool2d) for step in steps):
        lines += _POOLED
    return lines


_DILATED = '''

def dilated(kernel, steps):
    """A kernel with zeros between its cells."""
    rows, columns = ((n - 1) * step + 1 for n, step in zip(kernel.shape, steps))
    wide = np.zeros((rows, columns), np.float32)
    wide[:: steps[0], :: steps[1]] = kernel
    return wide'''.splitlines()

_POOLED = '''

def pooled(join, maps, kernel_size, stride, dilation):
    """Join the values of each window, along the rows and then along the columns."""
    for axis in (1, 2):
        size, step, gap = kernel_size[axis - 1], stride[axis - 1], dilation[axis - 1]
        count = (maps.shape[axis] - (size - 1) * gap - 1) // step + 1
        taps = [np.arange(count) * step + tap * gap for tap in range(size)]
        joined = maps.take(taps[0], axis)
        for tap in taps[1:]:
            joined = join(joined, maps.take(tap, axis))
        maps = joined
    return maps'''.splitlines()
