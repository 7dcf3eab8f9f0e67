"""Edits of a network: each takes a network and returns another that shares what stayed.

An edit that changes nothing returns the network itself. Every function raises ValueError, with one
sentence that names the layer and the numbers, where the result could not work; the network given is
never changed.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from cnn_explorer.core.activations import Array
from cnn_explorer.core.geometry import Padding
from cnn_explorer.core.kernels import INITIALISATIONS, draw_bias, draw_kernels
from cnn_explorer.core.network import (
    MAX_FILTERS,
    MAX_KERNEL_SIZE,
    MAX_LAYERS,
    MAX_PADDING,
    MAX_STRIDE,
    Conv2d,
    Mutes,
    Network,
    layer_name,
)


def new_network(
    filters: Sequence[int] = (3, 4),
    kernel_sizes: Sequence[int] = (3,),
    *,
    initialisation: str = "bank",
    seed: int = 0,
) -> Network:
    """Make a network with same padding, ReLU and biases.

    Parameters
    ----------
    filters
        Filters of each layer.
    kernel_sizes
        Side of each layer's kernels, or one for all.
    initialisation
        A key of `cnn_explorer.core.kernels.INITIALISATIONS`.
    seed
        Not negative.

    Raises
    ------
    ValueError
        If a number is out of its range or there are not as many kernel sizes as layers.
    """
    if not 1 <= len(filters) <= MAX_LAYERS:
        raise ValueError(f"A network has 1 to {MAX_LAYERS} layers, not {len(filters)}.")
    sides = list(kernel_sizes) * len(filters) if len(kernel_sizes) == 1 else list(kernel_sizes)
    if len(sides) != len(filters):
        raise ValueError(
            f"There are {len(sides)} kernel sizes for {len(filters)} layers; "
            "give one for all or one for each layer."
        )
    _check_seed(seed)
    _check_initialisation(initialisation)
    layers: list[Conv2d] = []
    channels = 1
    for index, (count, side) in enumerate(zip(filters, sides, strict=True)):
        _check(layer_name(index), "filters", count, 1, MAX_FILTERS)
        _check(layer_name(index), "kernel size", side, 1, MAX_KERNEL_SIZE)
        layers.append(_new_layer(index, channels, count, (side, side), initialisation, seed))
        channels = count
    return Network(tuple(layers), seed)


def with_filters(network: Network, index: int, count: int) -> Network:
    """Change a layer's number of filters, 1 to 256; kernels that stay keep their values."""
    layer = _layer(network, index)
    _check(layer_name(index), "filters", count, 1, MAX_FILTERS)
    if count == layer.out_channels:
        return network
    kept = min(count, layer.out_channels)
    more = _kernels(layer, network.seed, range(kept, count), range(layer.depth))
    bias = layer.bias
    if bias is not None:
        bias = np.concatenate([bias[:kept], _bias(layer, network.seed, range(kept, count))])
    weight = np.concatenate([layer.weight[:kept], more])
    muted = _resized(layer.muted, (count, layer.depth))
    return _replaced(network, index, weight=weight, bias=bias, muted=muted)


def with_kernel_size(network: Network, index: int, side: int) -> Network:
    """Change a layer's kernel size, 1 to 11; its kernels are drawn anew."""
    layer = _layer(network, index)
    _check(layer_name(index), "kernel size", side, 1, MAX_KERNEL_SIZE)
    if layer.kernel_size == (side, side):
        return network
    outs, ins = range(layer.out_channels), range(layer.depth)
    weight = _kernels(layer, network.seed, outs, ins, (side, side))
    return _replaced(network, index, weight=weight)


def with_stride(network: Network, index: int, stride: int) -> Network:
    """Change a layer's stride, 1 to 4, in both directions."""
    layer = _layer(network, index)
    _check(layer_name(index), "stride", stride, 1, MAX_STRIDE)
    if layer.stride == (stride, stride):
        return network
    return _replaced(network, index, stride=(stride, stride))


def with_padding(network: Network, index: int, padding: Padding) -> Network:
    """Change a layer's padding: ``"same"``, ``"valid"`` or 0 to 10 on every side."""
    layer = _layer(network, index)
    if isinstance(padding, int):
        _check(layer_name(index), "padding", padding, 0, MAX_PADDING)
    if layer.padding == padding:
        return network
    return _replaced(network, index, padding=padding)


def with_activation(network: Network, index: int, activation: str) -> Network:
    """Change a layer's activation: a key of ``ACTIVATIONS``."""
    if _layer(network, index).activation == activation:
        return network
    return _replaced(network, index, activation=activation)


def with_bias(network: Network, index: int, on: bool) -> Network:
    """Give a layer biases, drawn from the seed, or take them away."""
    layer = _layer(network, index)
    if (layer.bias is not None) == on:
        return network
    bias = _bias(layer, network.seed, range(layer.out_channels)) if on else None
    return _replaced(network, index, bias=bias)


def with_initialisation(network: Network, index: int, initialisation: str) -> Network:
    """Draw a layer's kernels anew from another initialisation; its biases stay."""
    layer = _layer(network, index)
    _check_initialisation(initialisation)
    if layer.initialisation == initialisation:
        return network
    layer = replace(layer, initialisation=initialisation)
    weight = _kernels(layer, network.seed, range(layer.out_channels), range(layer.depth))
    return _replaced(network, index, weight=weight, initialisation=initialisation)


def with_seed(network: Network, seed: int) -> Network:
    """Draw all kernels and biases anew from another seed."""
    _check_seed(seed)
    if seed == network.seed:
        return network
    layers = []
    for layer in network.layers:
        outs = range(layer.out_channels)
        weight = _kernels(layer, seed, outs, range(layer.depth))
        bias = None if layer.bias is None else _bias(layer, seed, outs)
        layers.append(replace(layer, weight=weight, bias=bias))
    return Network(tuple(layers), seed)


def add_layer(network: Network) -> Network:
    """Add a layer at the end: the last one's settings at stride 1, and as many filters."""
    if len(network.layers) == MAX_LAYERS:
        raise ValueError(f"A network has at most {MAX_LAYERS} layers.")
    last = network.layers[-1]
    number = 1 + max(layer.number for layer in network.layers)
    channels = last.out_channels
    layer = _new_layer(
        number, channels, channels, last.kernel_size, last.initialisation, network.seed
    )
    layer = replace(
        layer,
        bias=None if last.bias is None else layer.bias,
        padding=last.padding,
        activation=last.activation,
    )
    return Network((*network.layers, layer), network.seed)


def remove_layer(network: Network, index: int) -> Network:
    """Remove a layer; the one after it takes the maps of the one before."""
    _layer(network, index)
    if len(network.layers) == 1:
        raise ValueError("The only layer cannot be removed; a network has at least 1.")
    return _chained([*network.layers[:index], *network.layers[index + 1 :]], network.seed)


def move_layer(network: Network, index: int, to: int) -> Network:
    """Move a layer to another place; kernels that still have an input map stay."""
    _layer(network, index)
    _layer(network, to)
    if index == to:
        return network
    layers = list(network.layers)
    layers.insert(to, layers.pop(index))
    return _chained(layers, network.seed)


def _layer(network: Network, index: int) -> Conv2d:
    if not 0 <= index < len(network.layers):
        raise ValueError(
            f"There is no {layer_name(index)}; the network has {len(network.layers)} layers."
        )
    return network.layers[index]


def _replaced(network: Network, index: int, **changes: Any) -> Network:
    """Give a layer other values, and the layers after it what follows from them."""
    layers = list(network.layers)
    try:
        layers[index] = replace(layers[index], **changes)
    except ValueError as error:
        raise ValueError(f"{layer_name(index)}: {error}") from None
    return _chained(layers, network.seed)


def _chained(layers: list[Conv2d], seed: int) -> Network:
    """A network of these layers, each given as many kernels a filter as it has input maps."""
    channels = 1
    for index, layer in enumerate(layers):
        layers[index] = _with_inputs(layer, seed, channels)
        channels = layer.out_channels
    return Network(tuple(layers), seed)


def _with_inputs(layer: Conv2d, seed: int, channels: int) -> Conv2d:
    """Keep the kernels of the input maps that stay; the network checks whether groups divide."""
    if layer.in_channels == channels:
        return layer
    depth = max(1, channels // layer.groups)
    kept = min(depth, layer.depth)
    more = _kernels(layer, seed, range(layer.out_channels), range(kept, depth))
    weight = np.concatenate([layer.weight[:, :kept], more], axis=1)
    return replace(layer, weight=weight, muted=_resized(layer.muted, weight.shape[:2]))


def _resized(muted: Mutes | None, shape: tuple[int, ...]) -> Mutes | None:
    """Mutes of the contributions that stay; those that are new are not muted."""
    if muted is None:
        return None
    result = np.zeros(shape, bool)
    outs, ins = np.minimum(shape, muted.shape)
    result[:outs, :ins] = muted[:outs, :ins]
    return result


def _new_layer(
    number: int,
    in_channels: int,
    out_channels: int,
    kernel_size: tuple[int, int],
    initialisation: str,
    seed: int,
) -> Conv2d:
    fan = (in_channels, out_channels)
    weight = draw_kernels(
        initialisation,
        seed=seed,
        number=number,
        out_channels=range(out_channels),
        in_channels=range(in_channels),
        kernel_size=kernel_size,
        fan=fan,
    )
    bias = draw_bias(seed=seed, number=number, out_channels=range(out_channels))
    return Conv2d(number, weight, bias, initialisation=initialisation, fan=fan)


def _kernels(
    layer: Conv2d,
    seed: int,
    out_channels: range,
    in_channels: range,
    kernel_size: tuple[int, int] | None = None,
) -> Array:
    return draw_kernels(
        layer.initialisation,
        seed=seed,
        number=layer.number,
        out_channels=out_channels,
        in_channels=in_channels,
        kernel_size=kernel_size or layer.kernel_size,
        fan=layer.fan,
    )


def _bias(layer: Conv2d, seed: int, out_channels: range) -> Array:
    return draw_bias(seed=seed, number=layer.number, out_channels=out_channels)


def _check(name: str, what: str, value: int, low: int, high: int) -> None:
    if not low <= value <= high:
        raise ValueError(f"{name}: {what} must be {low} to {high}, not {value}.")


def _check_seed(seed: int) -> None:
    if not 0 <= seed < 2**32:
        raise ValueError(f"A seed is a number from 0 to {2**32 - 1}, not {seed}.")


def _check_initialisation(name: str) -> None:
    if name not in INITIALISATIONS:
        known = ", ".join(INITIALISATIONS)
        raise ValueError(f"There are no weights “{name}”; choose from {known}.")
