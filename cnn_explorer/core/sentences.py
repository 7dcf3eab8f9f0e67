"""What a map is, in words, and numbers as the screen prints them."""

from collections.abc import Sequence

import numpy as np

from cnn_explorer.core.activations import ACTIVATIONS
from cnn_explorer.core.addresses import Address, address_text, filters_of
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
from cnn_explorer.core.schemes import ChannelScheme, is_there
from cnn_explorer.core.state import State

_MOST_LISTED = 6
_ABSENT = "no maps in this scheme"
_BIASES = {"Linear": "c", "BatchNorm": "β′"}
_SUBSCRIPTS = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")
_SUPERSCRIPTS = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")


def map_number(state: State, address: Address) -> str:
    """What a map is called among those of its layer: “5”, or its address in Naive, “2.5”."""
    if state.scheme is ChannelScheme.NAIVE:
        return address_text(filters_of(address, state.network)) or str(address[-1])
    return str(address[-1])


def map_title(state: State, address: Address) -> str:
    """Short name of a map: “Conv 2 · map 5”, or “Conv 2 · map 2.5” in Naive."""
    name = state.network.names[len(address) - 1]
    if not is_there(state.network, state.scheme, len(address) - 1):
        return f"{name} · {_ABSENT}"
    return f"{name} · map {map_number(state, address)}"


def kernel_word(layer: Layer) -> str:
    """What a dense layer multiplies by is a weight, what others convolve with a kernel."""
    return "weight" if isinstance(layer, Linear) else "kernel"


def product_sign(layer: Layer) -> str:
    """Between a map and what it meets: the sign of convolution, in a dense layer “·”."""
    return "·" if isinstance(layer, Linear) else "\N{ASTERISK OPERATOR}"


def kernel_index(layer: Layer, channel: object, filter_: object) -> str:
    """What takes a kernel out of its tensor, in Keras' order: “[:, :, 1, 2]”; dense, “[1, 2]”."""
    window = "" if isinstance(layer, Linear) else ":, :, "
    return f"[{window}{channel}, {filter_}]"


def map_sentence(state: State, address: Address) -> str:
    """What a map is, as one sentence: what is convolved, summed, added and activated.

    Mutes are a part of it: “the sum over 6 of the 8 maps of Conv 1 (0 and 3 are muted)”; of many
    the first are named. A group numbers its own kernels: “maps 4 to 7 …, kernel [:, :, i − 4, 5]”.

    Parameters
    ----------
    state
        The document.
    address
        Path of filters to the map; only the last counts unless in Naive.
    """
    index, filter_ = len(address) - 1, address[-1]
    layer = state.network.layers[index]
    activation = "" if layer.activation == "none" else ACTIVATIONS[layer.activation].label + " of "
    source = f"the {state.input_name}" if index == 0 else state.network.names[index - 1]
    if not is_there(state.network, state.scheme, index):
        return f"{state.network.names[index]} has {_ABSENT}: it takes all maps together."
    title = f"{state.network.names[index]}, map {map_number(state, address)}"
    if not isinstance(layer, Conv2d):
        return f"{title}: {activation}{_without_kernels(state, address, layer, source)}."
    bias = "" if layer.bias is None else f"bias {signed(layer.bias[filter_])}"
    heard = _heard(state, address, layer, source)
    naive = state.scheme is ChannelScheme.NAIVE
    if heard:
        made = f"{heard}, plus {bias}" if bias else heard
    else:
        many = f"every one of its {layer.depth} contributions"
        alone = f"{bias} alone" if bias else "0"
        made = f"{alone}: {'its one contribution' if naive or layer.depth == 1 else many} is muted"
    return f"{title}: {activation}{made}."


def _without_kernels(state: State, address: Address, layer: Layer, source: str) -> str:
    """What a map of a layer without kernels is made from."""
    index, output = len(address) - 1, address[-1]
    number = layer.inputs_of(output)[0]
    if index and state.scheme is ChannelScheme.NAIVE:
        one = f"map {map_number(state, address[:-1])} of {source}"
    else:
        one = f"map {number} of {source}" if index else source
    if isinstance(layer, MaxPool2d | AvgPool2d):
        size = f"{layer.kernel_size[0]}×{layer.kernel_size[1]}"
        what = "largest value" if isinstance(layer, MaxPool2d) else "mean"
        return f"the {what} of each {size} window of {one}"
    if isinstance(layer, BatchNorm2d):
        scale, bias = layer.kernel_of(output)[0, 0], layer.bias_of(output) or 0.0
        return (
            f"{one}, minus its mean {signed(layer.mean[output])} and divided by its deviation "
            f"{signed(np.sqrt(layer.variance[output] + np.float32(layer.eps)))}, times "
            f"{signed(layer.weight[output])}, plus {signed(layer.bias[output])}: in all times "
            f"{signed(scale)}, plus {signed(bias)}"
        )
    if isinstance(layer, GlobalAvgPool2d):
        rows, columns = state.network.sizes[index]
        return f"the mean of all {rows * columns} pixels of {one}"
    if isinstance(layer, Flatten):
        _, row, column = layer.source(output)
        return f"the pixel at row {row}, column {column} of {one}"
    assert isinstance(layer, Softmax)
    return (
        f"e to the power of map {output} of {source}, divided by the sum of that of all "
        f"{layer.depth} maps"
    )


def _heard(state: State, address: Address, layer: Conv2d, source: str) -> str:
    """What a map is made from, its bias apart, or nothing where all of that is muted."""
    index, filter_ = len(address) - 1, address[-1]
    if state.scheme is ChannelScheme.NAIVE:
        if layer.muted_from(address[-2] if index else 0)[filter_]:
            return ""
        parent = source if index == 0 else f"map {map_number(state, address[:-1])} of {source}"
        return f"{parent} convolved with the flat kernel [:, :, 0, {filter_}]"
    inputs = layer.inputs_of(filter_)
    muted = layer.mutes_of(filter_)
    if muted.all():
        return ""
    by = "times" if isinstance(layer, Linear) else "convolved with"
    kernel = kernel_word(layer)
    if layer.depth == 1:
        one = "the one map" if layer.in_channels == 1 else f"map {inputs[0]}"
        one = source if index == 0 else f"{one} of {source}"
        return f"{one} {by} {kernel} {kernel_index(layer, 0, filter_)}"
    group = f"maps {inputs[0]} to {inputs[-1]}"
    maps = f"{group if layer.groups > 1 else f'the {layer.depth} maps'} of {source}"
    if muted.any():
        off = [channel for channel, mute in zip(inputs, muted, strict=True) if mute]
        heard = [channel for channel, mute in zip(inputs, muted, strict=True) if not mute]
        # Whichever is shorter to read.
        which = f"all but {_listed(heard)}" if len(heard) < len(off) else _listed(off)
        verb = "is" if len(off) == 1 else "are"
        maps = f"{len(heard)} of {maps} ({which} {verb} muted)"
    if state.scheme is ChannelScheme.SHARED:
        which, channel = "the shared", "0"
    else:
        which, channel = "its", "i" + (f" − {inputs[0]}" if inputs[0] else "")
    one = f"{which} {kernel} {kernel_index(layer, channel, filter_)}"
    return f"the sum over {maps}, each {by} {one}"


def _listed(numbers: Sequence[int]) -> str:
    """Numbers in words: “0, 3 and 4”, of many the first: “0, 3, 4, 6, 7 and 20 more”."""
    words = [str(number) for number in numbers]
    if len(words) > _MOST_LISTED:
        words[_MOST_LISTED - 1 :] = [f"{len(words) - _MOST_LISTED + 1} more"]
    *first, last = words
    return f"{', '.join(first)} and {last}" if first else last


def subscript(number: int) -> str:
    """A whole number in subscript digits: “₁₂”."""
    return str(number).translate(_SUBSCRIPTS)


def short_name(network: Network, index: int) -> str:
    """Name of a layer in an equation: “Conv2”."""
    return network.names[index].replace(" ", "")


def bias_letter(layer: Layer) -> str:
    """What the biases of such a layer are called."""
    return _BIASES.get(layer.kind, "b")


def bias_name(network: Network, address: Address) -> str:
    """What a map's bias is called: “b₂[1]”, with the place of its layer among its kind.

    A dense layer's is c, and that to which a normalisation comes down, β′.
    """
    index = len(address) - 1
    return f"{bias_letter(network.layers[index])}{subscript(network.places[index])}[{address[-1]}]"


def signed(value: float) -> str:
    """A number to three decimals with a true minus sign: “−0.024”."""
    return f"{value:z.3f}".replace("-", "\N{MINUS SIGN}")


def short(value: float) -> str:
    """A number to three significant digits, for legends: “3.41”, “−0.02”, “1.2e+05”."""
    text = "0" if value == 0 else f"{value:.3g}"
    return text.replace("-", "\N{MINUS SIGN}")


def compact(count: int) -> str:
    """A whole number with thousands separators, or as a power of ten from a million million on.

    Parameters
    ----------
    count
        Not negative, of any size.
    """
    if count < 10**12:
        return f"{count:,}".replace(",", "\N{THIN SPACE}")
    power = len(str(count)) - 1
    tenths = (count * 10 + 10**power // 2) // 10**power
    if tenths == 100:
        tenths, power = 10, power + 1
    return f"{tenths // 10}.{tenths % 10} × 10{str(power).translate(_SUPERSCRIPTS)}"
