"""A layer in one line: what goes in, what is done, what comes out."""

from cnn_explorer.core.kernel_layers import Conv2d, Linear
from cnn_explorer.core.layer import Layer
from cnn_explorer.core.layers import AvgPool2d, MaxPool2d
from cnn_explorer.core.question import question
from cnn_explorer.core.schemes import ChannelScheme, map_counts
from cnn_explorer.core.sentences import compact
from cnn_explorer.core.state import State


def shape_line(state: State, index: int, *, counted: bool = True) -> str:
    """What goes in, the filters with their depth, what comes out, as rich text.

    Parameters
    ----------
    index
        Of the layer.
    counted
        Whether it tells how many maps come out where `question` asks that; else “?” stands there,
        and in the layers after it.
    """
    network = state.network
    layer = network.layers[index]
    counts = (1, *map_counts(network, state.scheme))
    rows, columns = network.sizes[index]
    out_rows, out_columns = network.sizes[index + 1]
    asked = None if counted else question(network)
    last = len(counts) if asked is None else asked.layer
    told = [compact(count) if place <= last else "?" for place, count in enumerate(counts)]
    before = f"{rows}×{columns}×{told[index]}"
    after = f"{out_rows}×{out_columns}×<b>{told[index + 1]}</b>"
    if not isinstance(layer, Conv2d):
        return f"{before} → {_what_it_does(layer)} → {after}"
    kh, kw = layer.kernel_size
    if isinstance(layer, Linear):
        many = f"{layer.out_channels} weighted sum{'s' * (layer.out_channels > 1)}"
        return f"{before} → {many} of <b>{compact(layer.depth)}</b> values → {after}"
    if state.scheme is ChannelScheme.REAL:
        filters = f"{layer.out_channels} filters of {kh}×{kw}×<b>{layer.depth}</b>"
        if layer.out_channels == 1:
            filters = filters.replace("filters", "filter")
        return f"{before} → {filters}{_grouped(layer)} → {after}"
    kernels = "flat kernel" if layer.out_channels == 1 else "flat kernels"
    if state.scheme is ChannelScheme.SHARED:
        summed = ", summed" if layer.depth > 1 else ""
        grouped = _grouped(layer)
        return f"{before} → {layer.out_channels} {kernels} of {kh}×{kw}{summed}{grouped} → {after}"
    factors = [one.branches for one in network.layers[: index + 1] if isinstance(one, Conv2d)]
    equals = f" = {' × '.join(map(str, factors))}" if index < last and factors[1:] else ""
    every = " on every map" if index else ""
    return f"{before} → {layer.out_channels} {kernels} of {kh}×{kw}{every} → {after}{equals}"


def _grouped(layer: Conv2d) -> str:
    """What groups make of a layer; a map for each needs a word on the naive scheme."""
    if layer.groups == 1:
        return ""
    if layer.depth > 1:
        return f", in {layer.groups} groups"
    multiplier = layer.out_channels // layer.groups
    return (
        f", depthwise: in × multiplier = {layer.groups} × {multiplier}. Nothing is summed, as in "
        "“Every filter on every map”, but each map has kernels of its own"
    )


def _what_it_does(layer: Layer) -> str:
    """What a layer without kernels does to each map."""
    if isinstance(layer, MaxPool2d | AvgPool2d):
        what = "largest" if isinstance(layer, MaxPool2d) else "mean"
        return f"{what} of each {layer.kernel_size[0]}×{layer.kernel_size[1]} window, map by map"
    words = {
        "BatchNorm": "(x − mean) / deviation · γ + β, map by map",
        "GlobalAvgPool": "mean of each map",
        "Flatten": "each pixel a value of its own",
        "Softmax": "shares that add up to 1",
    }
    return words[layer.kind]
