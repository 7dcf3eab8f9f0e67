"""Edits of single kernels and biases, and which of them are no longer what they were.

What a kernel was is what it was trained to be, or else drawn as. As in `cnn_explorer.core.edit`, an
edit shares what stays, and one that changes nothing returns the network itself.

A kernel is known by its layer's index, its filter and its channel, which is the number of its input
map in the filter's group.
"""

import math

import numpy as np
import numpy.typing as npt

from cnn_explorer.core.activations import Array
from cnn_explorer.core.edit import replaced, reset_layer
from cnn_explorer.core.keeping import kept
from cnn_explorer.core.kernel_layers import Conv2d, Linear
from cnn_explorer.core.kernel_text import read_kernel
from cnn_explorer.core.network import Network
from cnn_explorer.core.sentences import kernel_word

MAX_WEIGHT = 1_000_000
"""Largest magnitude of a weight or bias that is typed, turned or pasted."""


def check_weight(what: str, value: float) -> None:
    """Raise ValueError, naming what it is, if a number is not from −1,000,000 to 1,000,000."""
    if not math.isfinite(value) or abs(value) > MAX_WEIGHT:
        number = f"{value:g}".replace("-", "\N{MINUS SIGN}")
        raise ValueError(
            f"{what} must be \N{MINUS SIGN}{MAX_WEIGHT:,} to {MAX_WEIGHT:,}, not {number}."
        )


def kernel_name(network: Network, index: int, filter_: int, channel: int) -> str:
    """What a kernel is called, by its input map and its filter: “Kernel (2 → 5) of Conv 2”."""
    return f"{_pair(network.conv(index), filter_, channel)} of {network.names[index]}"


def cell_name(
    network: Network, index: int, filter_: int, channel: int, cell: tuple[int, int]
) -> str:
    """What a cell is called: “Kernel (2 → 5) cell (0, 1) of Conv 2”; a weight has no cells."""
    layer = network.conv(index)
    if isinstance(layer, Linear):
        return kernel_name(network, index, filter_, channel)
    pair = _pair(layer, filter_, channel)
    return f"{pair} cell ({cell[0]}, {cell[1]}) of {network.names[index]}"


def with_cell(
    network: Network, index: int, filter_: int, channel: int, cell: tuple[int, int], value: float
) -> Network:
    """Give one cell of a kernel, at (row, column), another value."""
    layer = _known(network, index, filter_, channel)
    rows, columns = layer.kernel_size
    if not (0 <= cell[0] < rows and 0 <= cell[1] < columns):
        raise ValueError(
            f"A kernel of {network.names[index]} is {rows}×{columns}; it has no cell "
            f"({cell[0]}, {cell[1]})."
        )
    check_weight(cell_name(network, index, filter_, channel, cell), value)
    kernel = layer.weight[filter_, channel].copy()
    kernel[cell] = value
    return _with_kernel(network, index, filter_, channel, kernel)


def with_kernel(network: Network, index: int, filter_: int, channel: int, kernel: Array) -> Network:
    """Replace a kernel by another of the same size, float32 or what becomes it, shape (kh, kw)."""
    layer = _known(network, index, filter_, channel)
    if kernel.shape != layer.kernel_size:
        raise ValueError(f"{_size(kernel)} numbers are no kernel; {_needed(network, index)}.")
    for value in kernel.flat:
        check_weight(f"Each number of a {kernel_word(layer)}", float(value))
    return _with_kernel(network, index, filter_, channel, kernel.astype(np.float32))


def pasted(network: Network, index: int, filter_: int, channel: int, text: str) -> Network:
    """Replace a kernel by one from the clipboard, in a form that `read_kernel` reads."""
    kernel = read_kernel(text)
    if kernel.shape != network.conv(index).kernel_size:
        numbers = "1 number" if kernel.size == 1 else f"{_size(kernel)} numbers"
        raise ValueError(f"The clipboard has {numbers}; {_needed(network, index)}.")
    return with_kernel(network, index, filter_, channel, kernel)


def with_filter_bias(network: Network, index: int, filter_: int, value: float) -> Network:
    """Give one filter another bias."""
    layer = _known(network, index, filter_, 0)
    name = network.names[index]
    if layer.bias is None:
        raise ValueError(f"{name} has no biases; turn them on in its settings first.")
    check_weight(f"Bias {filter_} of {name}", value)
    bias = layer.bias.copy()
    bias[filter_] = value
    if np.array_equal(bias, layer.bias):
        return network
    return replaced(network, index, bias=bias)


def as_made(network: Network, index: int) -> Conv2d:
    """A layer with the kernels and biases that it was trained to have, or else drawn with."""
    return reset_layer(network, index).conv(index)


def reset_kernel(network: Network, index: int, filter_: int, channel: int) -> Network:
    """Make one kernel what it was."""
    _known(network, index, filter_, channel)
    kernel = as_made(network, index).weight[filter_, channel]
    return _with_kernel(network, index, filter_, channel, kernel)


def reset_all(network: Network) -> Network:
    """Make the kernels and biases of all layers what they were."""
    for index, layer in enumerate(network.layers):
        if isinstance(layer, Conv2d):
            network = reset_layer(network, index)
    return network


def edited_kernels(network: Network, index: int) -> npt.NDArray[np.bool_]:
    """Which kernels of a layer are not what they were.

    Returns
    -------
    ndarray
        bool, shape (out, in / groups). Read-only.
    """
    return _edited(network, index)[0]


def edited_biases(network: Network, index: int) -> npt.NDArray[np.bool_]:
    """Which biases of a layer are not what they were: bool, shape (out,). Read-only."""
    return _edited(network, index)[1]


def is_edited(network: Network) -> bool:
    """Whether any kernel or bias is not what it was."""
    return any(
        bool(edited.any())
        for index, layer in enumerate(network.layers)
        if isinstance(layer, Conv2d)
        for edited in _edited(network, index)
    )


def edits_text(network: Network, index: int, *, short: bool = False) -> str:
    """How much of a layer is not what it was: “2 of 12 kernels and 1 bias edited”, or "".

    In short it is “3 edited”.
    """
    kernels, biases = (int(edited.sum()) for edited in _edited(network, index))
    if short:
        return f"{kernels + biases} edited" if kernels + biases else ""
    layer = network.conv(index)
    total = layer.out_channels * layer.depth
    parts = []
    if kernels:
        parts.append(f"{kernels} of {total} {kernel_word(layer)}{'s' * (total > 1)}")
    if biases:
        parts.append(f"{biases} bias{'es' * (biases > 1)}")
    return f"{' and '.join(parts)} edited" if parts else ""


def _edited(network: Network, index: int) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.bool_]]:
    """Kept with the layer, since to draw a layer's kernels again takes a while."""
    layer = network.conv(index)

    def compare() -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.bool_]]:
        made = as_made(network, index)
        kernels = (layer.weight != made.weight).any(axis=(2, 3))
        biases = np.zeros(layer.out_channels, bool)
        if layer.bias is not None and made.bias is not None:
            biases = layer.bias != made.bias
        for edited in (kernels, biases):
            edited.flags.writeable = False
        return kernels, biases

    return kept(layer, (_edited, network.seed, network.trained), compare)


def _known(network: Network, index: int, filter_: int, channel: int) -> Conv2d:
    """The layer of a kernel; ValueError where there is no such kernel."""
    if not 0 <= index < len(network.layers):
        count = len(network.layers)
        raise ValueError(f"There is no layer {index + 1}; the network has {count} layers.")
    layer = network.layers[index]
    if not isinstance(layer, Conv2d):
        raise ValueError(f"{network.names[index]} has no kernels.")
    if not (0 <= filter_ < layer.out_channels and 0 <= channel < layer.depth):
        raise ValueError(
            f"{network.names[index]} has {layer.out_channels} filters of {layer.depth} kernels "
            f"each; there is no kernel {channel} of filter {filter_}."
        )
    return layer


def _with_kernel(
    network: Network, index: int, filter_: int, channel: int, kernel: Array
) -> Network:
    layer = network.conv(index)
    if np.array_equal(layer.weight[filter_, channel], kernel):
        return network
    weight = layer.weight.copy()
    weight[filter_, channel] = kernel
    return replaced(network, index, weight=weight)


def _pair(layer: Conv2d, filter_: int, channel: int) -> str:
    source = layer.inputs_of(filter_)[channel]
    return f"{kernel_word(layer).capitalize()} ({source} → {filter_})"


def _size(kernel: Array) -> str:
    return "×".join(map(str, kernel.shape))


def _needed(network: Network, index: int) -> str:
    layer, name = network.conv(index), network.names[index]
    if isinstance(layer, Linear):
        return f"a weight of {name} is 1 number"
    rows, columns = layer.kernel_size
    return f"a kernel of {name} has {rows}×{columns}"
