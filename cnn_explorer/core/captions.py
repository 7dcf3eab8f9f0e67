"""What a figure shows, in sentences that stand below it: layers, indices, ranges."""

from collections.abc import Iterable, Sequence

import numpy as np

from cnn_explorer.core.activations import Array
from cnn_explorer.core.addresses import Address
from cnn_explorer.core.kernel_layers import Conv2d
from cnn_explorer.core.ledger import Ledger
from cnn_explorer.core.making import Block, Making
from cnn_explorer.core.schemes import ChannelScheme
from cnn_explorer.core.sentences import kernel_word, map_number, map_sentence, map_title, short
from cnn_explorer.core.state import State


def range_text(arrays: Iterable[Array]) -> str:
    """“from −0.79 to 0.61”: the least and the largest finite value of some arrays."""
    finite = [array[np.isfinite(array)] for array in arrays]
    ends = [value for array in finite if array.size for value in (array.min(), array.max())]
    if not ends:
        return "without a number"
    return f"from {short(float(min(ends)))} to {short(float(max(ends)))}"


def maps_caption(state: State, layer: int, maps: Array, numbers: str = "") -> str:
    """Which maps of a layer, how large, and their values.

    Parameters
    ----------
    state, layer
        The document, and the index of the layer.
    maps
        Those that are shown, float32, shape (maps, rows, columns).
    numbers
        Which ones, where they are not all of the layer: “2.0 to 2.7”.
    """
    count, rows, columns = maps.shape
    name = state.network.names[layer]
    which = numbers or ("0" if count == 1 else f"0 to {count - 1}")
    word, each = ("map", "") if count == 1 else ("maps", " each")
    return (
        f"{name}, {word} {which}, {rows}×{columns} pixels{each}; values {range_text([maps])}. "
        f"{_scheme(state)}"
    )


def kernels_caption(state: State, layer: int, kernels: Array) -> str:
    """Which kernels of a layer and their weights; kernels of any shape."""
    conv = state.network.conv(layer)
    kh, kw = conv.kernel_size
    word = kernel_word(conv)
    return (
        f"{state.network.names[layer]}, its {word}s: {conv.depth} of {kh}×{kw} for each of filters "
        f"0 to {conv.out_channels - 1}; weights {range_text([kernels])}. {_scheme(state)}"
    )


def contributions_caption(state: State, block: Block) -> str:
    """Which contributions of a layer, of how many, and their ranges."""
    cells, conv = block.cells, state.network.conv(block.cells.layer)
    index = cells.layer
    source = state.network.names[index - 1] if index else f"the {state.input_name}"
    rows = f"a row for each of input maps {_span(cells.channels)} of {source}"
    if conv.groups > 1:
        rows = f"a row for each of input maps {_span(cells.channels)} of a filter's group"
    if not index:
        rows = f"one row, for {source}"
    return (
        f"{state.network.names[index]}, of its {conv.depth} × {conv.out_channels} contributions "
        f"{rows}, a column for each of filters {_span(cells.filters)}; values "
        f"{range_text([block.parts])}, sums before bias {range_text([block.sums])}. "
        f"{_scheme(state)}"
    )


def making_caption(making: Making) -> str:
    """How a map is made, and the ranges of all that it is made from."""
    state, layer = making.state, making.layer
    sentence = map_sentence(state, making.address)
    index = len(making.address) - 1
    source = state.network.names[index - 1] if index else f"The {state.input_name}"
    parts = f"Input maps {_span(making.channels)} of {source}" if index else source
    ranges = [f"{parts}: values {range_text([making.maps])}"]
    if isinstance(layer, Conv2d):
        ranges.append(f"{kernel_word(layer)}s {range_text([making.kernels])}")
    heard = making.parts[~making.muted]
    ranges.append(f"contributions {range_text([heard])}")
    ranges.append(f"their sum {range_text([making.total])}")
    ranges.append(f"the map {range_text([making.map])}")
    return f"{sentence} {'; '.join(ranges)}. {_scheme(state)}"


def ledger_caption(ledger: Ledger) -> str:
    """Which pixel of which map, and from how many products it is summed."""
    making = ledger.making
    count, cells = len(making.channels), ledger.terms.padding.size
    row, column = ledger.pixel
    muted = int(making.muted.sum())
    off = f", {muted} of them muted and left out" if muted else ""
    name = f"{making.name}, map {map_number(making.state, making.address)}"
    made = f"{_count(count, 'input map')}{off}, {_count(cells, 'product')}"
    made += " each" if count > 1 else ""
    return f"{name}, row {row}, column {column}: {made}. {_scheme(making.state)}"


def fold_caption(state: State, layer: int) -> str:
    """What is seen while contributions are added down into maps."""
    conv = state.network.conv(layer)
    rows, columns = conv.depth, conv.out_channels
    return (
        f"{state.network.names[layer]}: {rows} × {columns} contributions are added down into "
        f"{_count(columns, 'sum')}; then the bias and the activation make {_count(columns, 'map')}."
    )


def _span(numbers: Sequence[int]) -> str:
    """“0 to 7”, or “3” of one alone."""
    first, last = numbers[0], numbers[-1]
    return str(first) if first == last else f"{first} to {last}"


def _count(count: int, what: str) -> str:
    return f"{count} {what}{'' if count == 1 else 's'}"


def _scheme(state: State) -> str:
    """Which scheme, where it is not the usual one."""
    scheme = state.scheme
    what = {
        ChannelScheme.REAL: "Each filter has its own kernels, and their results are summed.",
        ChannelScheme.NAIVE: "Every filter is on every map, and nothing is summed.",
        ChannelScheme.SHARED: "Each filter has one shared kernel, and its results are summed.",
    }
    return what[scheme]


def document_caption(state: State, address: Address | None) -> str:
    """The network's layers, and which map is selected."""
    layers = ", ".join(
        f"{name} ({_count(layer.out_channels, 'map')})"
        for name, layer in zip(state.network.names, state.network.layers, strict=True)
    )
    chosen = "" if address is None else f" {map_title(state, address)} is selected."
    return f"The {state.input_name} through {layers}.{chosen} {_scheme(state)}"
