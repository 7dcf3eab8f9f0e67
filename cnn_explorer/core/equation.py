"""The equation of one map, with the layers' names."""

from cnn_explorer.core.activations import ACTIVATIONS
from cnn_explorer.core.addresses import Address
from cnn_explorer.core.kernel_layers import Conv2d, Linear
from cnn_explorer.core.layers import (
    AvgPool2d,
    BatchNorm2d,
    Flatten,
    GlobalAvgPool2d,
    MaxPool2d,
    Softmax,
)
from cnn_explorer.core.making import Making
from cnn_explorer.core.schemes import ChannelScheme
from cnn_explorer.core.sentences import (
    bias_name,
    kernel_index,
    map_number,
    product_sign,
    short,
    short_name,
    subscript,
)
from cnn_explorer.core.state import State


def equation(state: State, address: Address) -> str:
    """How a map is made: “Conv2[1] = ReLU( b₂[1] + Σᵢ Conv1[i] * W₂[:, :, i, 1] )”.

    Kernels are indexed as Keras does; a flat one is K, or where it is a mean, W with a bar. The
    asterisk on screen is the operator's.
    """
    network, layer = state.network, state.network.layers[len(address) - 1]
    convolves = isinstance(layer, Conv2d)
    body = _convolution(state, address) if convolves else _without_kernels(state, address)
    if layer.activation != "none":
        body = f"{ACTIVATIONS[layer.activation].label}( {body} )"
    return f"{short_name(network, len(address) - 1)}[{map_number(state, address)}] = {body}"


def unbroken(text: str) -> str:
    """The same with no line ending within its brackets."""
    space = "\N{NO-BREAK SPACE}"
    return text.replace(", ", f",{space}").replace(" )", f"{space})").replace("( ", f"({space}")


def _convolution(state: State, address: Address) -> str:
    network, layer = state.network, state.network.conv(len(address) - 1)
    naive = state.scheme is ChannelScheme.NAIVE
    channels = layer.inputs_of(address[-1])
    index, total = "0", ""
    if len(address) == 1:
        source = state.input_name
    else:
        number = map_number(state, address[:-1]) if naive else str(channels[0])
        if len(channels) > 1 and not naive:
            first, last = channels[0], channels[-1]
            # Of the second group on, kernels are counted from 0 again.
            index, total = "i", "Σᵢ "
            if first:
                index, total = f"i − {first}", f"Σᵢ₌{subscript(first)}…{subscript(last)} "
            number = "i"
        source = f"{short_name(network, len(address) - 2)}[{number}]"
    if state.scheme is ChannelScheme.SHARED:
        index = "0"
    letter = _kernel(state, len(address) - 1)
    bias = "" if layer.bias is None else f"{bias_name(network, address)} + "
    kernel = f"{letter}{kernel_index(layer, index, address[-1])}"
    return f"{bias}{total}{source} {product_sign(layer)} {kernel}"


def _without_kernels(state: State, address: Address) -> str:
    layer, output = state.network.layers[len(address) - 1], address[-1]
    source = state.input_name
    if len(address) > 1:
        naive = state.scheme is ChannelScheme.NAIVE
        number = layer.inputs_of(output)[0]
        said = map_number(state, address[:-1]) if naive else str(number)
        source = f"{short_name(state.network, len(address) - 2)}[{said}]"
    if isinstance(layer, MaxPool2d | AvgPool2d):
        what = "max" if isinstance(layer, MaxPool2d) else "mean"
        return f"{what} of each {layer.kernel_size[0]}×{layer.kernel_size[1]} window of {source}"
    if isinstance(layer, BatchNorm2d):
        return f"( {source} − μ[{output}] ) / √( σ²[{output}] + ε ) · γ[{output}] + β[{output}]"
    if isinstance(layer, GlobalAvgPool2d):
        return f"mean of {source}"
    if isinstance(layer, Flatten):
        _, row, column = layer.source(output)
        return f"{source} at row {row}, column {column}"
    assert isinstance(layer, Softmax)
    name = source.partition("[")[0]
    return f"exp( {name}[{output}] ) / Σᵢ exp( {name}[i] )"


def note(making: Making) -> str:
    """What the equation does not say: what a flat kernel is, and how much is muted."""
    layer, count, scheme = making.layer, len(making.channels), making.state.scheme
    if isinstance(layer, MaxPool2d):
        said = "The first of the largest values wins; padding never does."
    elif isinstance(layer, AvgPool2d):
        counted = "counts as zeros" if layer.count_include_pad else "does not count"
        said = f"A convolution of each map with equal weights; padding {counted}."
    elif isinstance(layer, BatchNorm2d):
        j = making.address[-1]
        numbers = (layer.mean[j], layer.variance[j], layer.weight[j], layer.bias[j])
        mean, variance, weight, bias = (short(float(number)) for number in numbers)
        said = (
            f"μ = {mean}, σ² = {variance}, ε = {layer.eps:g}, γ = {weight}, β = {bias}. That is a "
            "convolution of each map with the one number γ / √(σ² + ε), and the bias β′ = β − μ · "
            "γ / √(σ² + ε)."
        )
    elif layer.depth > 1 and scheme is not ChannelScheme.REAL:
        what = "sum" if scheme is ChannelScheme.NAIVE else "mean"
        name = _kernel(making.state, len(making.address) - 1)
        said = f"{name} is the {what} of filter {making.address[-1]}'s {layer.depth} kernels."
    elif len(making.address) == 1:
        said = "The drawing is one map, so there is one term."
    elif layer.in_channels > 1 == layer.depth and scheme is ChannelScheme.REAL:
        said = "Depthwise: a filter sees one map, so there is one term and nothing is summed."
    else:
        said = ""
    muted = int(making.muted.sum())
    return f"{said} {muted} of {count} muted.".strip() if muted else said


def _kernel(state: State, index: int) -> str:
    """“W₂”, or what a flat kernel is called; the weights of a dense layer are V."""
    layer = state.network.layers[index]
    letter = "V" if isinstance(layer, Linear) else "W"
    names = {ChannelScheme.SHARED: f"{letter}\N{COMBINING MACRON}", ChannelScheme.NAIVE: "K"}
    name = names.get(state.scheme, letter) if layer.depth > 1 else letter
    return name + subscript(state.network.places[index])
