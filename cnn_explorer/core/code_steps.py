"""What a script of a network goes through: its layers, or those alone that one map is made from."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from cnn_explorer.core.activations import ACTIVATIONS
from cnn_explorer.core.addresses import Address, check_address
from cnn_explorer.core.geometry import Sides, explicit_padding, reach
from cnn_explorer.core.kernel_layers import Conv2d, Linear
from cnn_explorer.core.layer import Layer, Size
from cnn_explorer.core.layers import AvgPool2d, BatchNorm2d, Flatten, MaxPool2d, Softmax
from cnn_explorer.core.schemes import ChannelScheme, is_there, map_counts
from cnn_explorer.core.state import State

Pool2d = MaxPool2d | AvgPool2d

NO_SIDES: Sides = ((0, 0), (0, 0))

MOST_NAIVE = 4096
"""Maps that a script makes in Naive, all layers together."""


@dataclass(frozen=True, eq=False)
class Step:
    """One layer of a script.

    Parameters
    ----------
    index
        Of the layer in its network.
    name
        “Conv 2”.
    layer
        The layer; where one map is asked for, cut down to what makes that.
    inputs
        Which of the maps before it the layer takes; None for all.
    filters
        Numbers of its output maps, in Naive of those of one input map.
    kept
        Number of the one output map that is kept, or None for all.
    size, output_size
        (rows, columns) of its input maps and of its own.
    muted
        Pairs (input map, row of the weight) that are left out of their sums. The input map counts
        among those that the layer takes; in Naive it is the last number of the input's address.
    """

    index: int
    name: str
    layer: Layer
    inputs: range | None
    filters: range
    kept: int | None
    size: Size
    output_size: Size
    muted: tuple[tuple[int, int], ...]

    @property
    def number(self) -> int:
        """Of the layer, from 1: what its arrays are called by."""
        return self.index + 1


def steps_of(state: State, address: Address | None) -> tuple[Step, ...]:
    """What leads to all maps, or to one.

    Parameters
    ----------
    state
        The document.
    address
        Path of filters to the one map; in Naive only its ancestors are made on the way.

    Raises
    ------
    ValueError
        If there is no such map in the scheme, or if Naive has too many maps to make them all.
    """
    network, naive = state.network, state.scheme is ChannelScheme.NAIVE
    if address is not None:
        check_address(address, network)
        if not is_there(network, state.scheme, len(address) - 1):
            raise ValueError(
                f"{network.names[len(address) - 1]} takes all maps together; where none are "
                "summed, it has no map that a script could make."
            )
    if naive and address is None:
        total = sum(map_counts(network, state.scheme))
        if total > MOST_NAIVE:
            raise ValueError(
                f"Every filter on every map makes {total:,} maps, and a script at most "
                f"{MOST_NAIVE:,}: take the code of the selected map alone."
            )
    count = network.head if naive else len(network.layers)
    steps = []
    for index in range(count if address is None else len(address)):
        layer = network.layers[index]
        cut: tuple[Layer, range | None, range, int | None] = (
            layer, None, range(layer.out_channels), None,
        )  # fmt: skip
        last = address is not None and index == len(address) - 1
        if address is not None and (naive or last):
            cut = _cut(layer, address[index])
        if naive:
            cut = (cut[0], None, *cut[2:])  # each input map by itself, whatever the groups
        reduced, inputs, filters, kept = cut
        numbers = None if not naive or address is None else (0, *address)[index : index + 1]
        muted = tuple(_muted(layer, reduced, filters, naive, numbers))
        size, output_size = network.sizes[index : index + 2]
        name = network.names[index]
        steps.append(Step(index, name, reduced, inputs, filters, kept, size, output_size, muted))
    return tuple(steps)


def _cut(layer: Layer, output: int) -> tuple[Layer, range | None, range, int | None]:
    """A layer cut down to what makes one map: it, its inputs, its maps, which of them is kept."""
    one = slice(output, output + 1)
    here = range(output, output + 1)
    if isinstance(layer, Flatten | Softmax):
        return layer, None, range(layer.out_channels), output
    own = layer.inputs_of(output)
    inputs = None if len(own) == layer.in_channels else own
    if isinstance(layer, Conv2d):
        bias = None if layer.bias is None else layer.bias[one].copy()
        muted = None if layer.muted is None else layer.muted[one].copy()
        weight = layer.weight[one].copy()
        return replace(layer, weight=weight, bias=bias, muted=muted, groups=1), inputs, here, None
    if isinstance(layer, BatchNorm2d):
        names = ("mean", "variance", "weight", "bias")
        arrays = {name: getattr(layer, name)[one].copy() for name in names}
        return replace(layer, channels=1, **arrays), inputs, here, None
    return replace(layer, channels=1), inputs, here, None  # type: ignore[call-arg]


def _muted(
    layer: Layer, reduced: Layer, filters: range, naive: bool, numbers: Address | None
) -> Iterator[tuple[int, int]]:
    """Pairs of an input map and a row of the reduced layer's weight."""
    if layer.muted is None:
        return
    if naive:
        for number in range(layer.in_channels) if numbers is None else numbers:
            heard = layer.muted_from(number)
            yield from ((number, row) for row, filter_ in enumerate(filters) if heard[filter_])
        return
    assert reduced.muted is not None or len(filters) < layer.out_channels
    if reduced.muted is None:
        return
    for row, channel in zip(*np.nonzero(reduced.muted), strict=True):
        yield reduced.inputs_of(int(row))[int(channel)], int(row)


def numbers_of(state: State, steps: Sequence[Step]) -> dict[str, npt.NDArray[Any]]:
    """The numbers of a script by their names in it: the input, and what each layer has.

    Weights are PyTorch's, (out, in / groups, kh, kw). ``muted2`` are pairs (input map, filter),
    whole numbers of shape (pairs, 2).
    """
    numbers: dict[str, npt.NDArray[Any]] = {"drawing": state.input}
    for step in steps:
        for name in ("weight", "bias", "mean", "variance"):
            array = getattr(step.layer, name, None)
            if array is not None:
                numbers[f"{name}{step.number}"] = array
        if step.muted:
            numbers[f"muted{step.number}"] = np.array(step.muted, np.int32)
    return numbers


def sides_of(step: Step) -> Sides:
    """Rows and columns around a layer's input maps: a pooling's reach to the end of its windows."""
    layer = step.layer
    assert isinstance(layer, Conv2d | Pool2d)
    sides = own_sides(step)
    if isinstance(layer, Conv2d):
        return sides
    length = reach(layer.kernel_size, layer.dilation)
    ends = (
        max(0, (step.output_size[a] - 1) * layer.stride[a] + length[a] - step.size[a] - sides[a][0])
        for a in (0, 1)
    )
    rows, columns = ends
    return (sides[0][0], rows), (sides[1][0], columns)


def own_sides(step: Step) -> Sides:
    """Rows and columns that the padding of a layer itself puts around its input maps."""
    layer = step.layer
    assert isinstance(layer, Conv2d | Pool2d)
    return explicit_padding(
        step.size,
        layer.kernel_size,
        stride=layer.stride,
        padding=layer.padding,
        dilation=layer.dilation,
    )


def counted_code(step: Step) -> str:
    """How many cells of each window of an average count, as an expression of NumPy."""
    layer = step.layer
    assert isinstance(layer, AvgPool2d)
    around = own_sides(step) if layer.count_include_pad else NO_SIDES
    counts = [
        ((lines >= -before) & (lines < length + after)).sum(axis=1).tolist()
        for lines, length, (before, after) in zip(
            layer.taps(step.size), step.size, around, strict=True
        )
    ]
    rows, columns = counts
    if len({*rows}) == len({*columns}) == 1:
        return f"np.float32({rows[0] * columns[0]})"
    return f"np.outer({rows}, {columns}).astype(np.float32)"


def kernel_code(step: Step, scheme: ChannelScheme, inputs: int) -> tuple[list[str], str, str, int]:
    """What a framework convolves with in a scheme, in its own words of one convolution.

    Parameters
    ----------
    inputs
        How many maps there are before the layer.

    Returns
    -------
    tuple
        Lines of NumPy, expressions of the weight (out, in / groups, kh, kw) and of the bias
        (``None`` without one), and the groups. In Naive each map is a group of its own.
    """
    layer, number = step.layer, step.number
    assert isinstance(layer, Conv2d)
    lines: list[str] = []
    weight, bias = f"weight{number}", "None" if layer.bias is None else f"bias{number}"
    if scheme is not ChannelScheme.REAL and layer.depth > 1:
        flat = f"{weight}.sum(axis=1, keepdims=True)"
        if scheme is ChannelScheme.SHARED:
            lines += [f"weight = {flat} / np.float32({layer.depth})  # one for all inputs"]
            lines += [f"weight = weight.repeat({layer.depth}, axis=1)"]
        else:
            lines += [f"weight = {flat}"]
        weight = "weight"
    if scheme is ChannelScheme.NAIVE:
        out, first = layer.out_channels, step.filters.start
        if inputs > 1:
            lines += [
                f"weight = np.tile({weight}, ({inputs}, 1, 1, 1))  # each map has all filters"
            ]
            weight = "weight"
            bias = bias if layer.bias is None else f"np.tile({bias}, {inputs})"
        if step.muted:
            lines += [f"weight = {weight}.copy()"] * (weight != "weight")
            lines += [
                "for place, i in enumerate(numbers):",
                f"    for j in range({out}):",
                f"        if (i, j) in muted{number}:",
                f"            weight[place * {out} + j] = 0",
            ]
            weight = "weight"
        span = f"range({first}, {first + out})" if first else f"range({out})"
        lines += [f"numbers = [j for _ in numbers for j in {span}]"]
        return lines, weight, bias, inputs
    if step.muted:
        channel = "i" if layer.groups == 1 else f"i % {layer.depth}"
        lines += [f"weight = {weight}.copy()"] * (weight != "weight")
        lines += [f"for i, j in muted{number}:", f"    weight[j, {channel}] = 0"]
        weight = "weight"
    return lines, weight, bias, layer.groups


def map_count(step: Step, scheme: ChannelScheme, inputs: int) -> int:
    """How many maps there are after a layer that takes so many."""
    if scheme is ChannelScheme.NAIVE:
        return inputs * (step.layer.out_channels if isinstance(step.layer, Conv2d) else 1)
    return step.layer.out_channels if step.kept is None else 1


def norm_rows(step: Step, scheme: ChannelScheme) -> str:
    """What picks a normalisation's numbers for the maps before it: nothing, unless in Naive."""
    if scheme is not ChannelScheme.NAIVE:
        return ""
    return "[numbers]" if step.layer.out_channels > 1 else "[[0] * len(numbers)]"


def described(step: Step, scheme: ChannelScheme) -> str:
    """A layer in the words of a comment: “3 filters of 1×3×3, padding same, ReLU”."""
    layer = step.layer
    words: list[str] = []
    if isinstance(layer, Linear):
        words += [f"{_many(layer.out_channels, 'sum')} of {layer.depth} values"]
    elif isinstance(layer, Conv2d):
        filters = _many(layer.out_channels, "filter")
        flat = scheme is not ChannelScheme.REAL
        depth = "" if flat else f"{layer.depth}×"
        words += [f"{filters} of {depth}{layer.kernel_size[0]}×{layer.kernel_size[1]}"]
        words += [f"{layer.groups} groups"] * (layer.groups > 1)
    if isinstance(layer, Pool2d):
        what = "largest" if isinstance(layer, MaxPool2d) else "mean"
        words += [f"the {what} of each {layer.kernel_size[0]}×{layer.kernel_size[1]} window"]
    if isinstance(layer, Conv2d | Pool2d) and not isinstance(layer, Linear):
        words += [f"stride {layer.stride}"] * (layer.stride != (1, 1))
        words += [f"padding {layer.padding}"]
        words += [f"of mode {getattr(layer, 'padding_mode', 'zeros')}"] * (
            getattr(layer, "padding_mode", "zeros") != "zeros"
        )
        words += [f"dilation {layer.dilation}"] * (layer.dilation != (1, 1))
    if isinstance(layer, BatchNorm2d):
        words += ["(x - mean) / sqrt(variance + eps) * weight + bias"]
    if layer.activation != "none":
        words += [ACTIVATIONS[layer.activation].label]
    return f"{step.name}: {', '.join(words)}" if words else step.name


def _many(count: int, word: str) -> str:
    return f"{count} {word}{'s' * (count != 1)}"
