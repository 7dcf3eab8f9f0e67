"""Edits of a network: each takes a network and returns another that shares what stayed.

An edit that changes nothing returns the network itself. Every function raises ValueError, with one
sentence that names the layer and the numbers, where the result could not work; the network given is
never changed.
"""

from collections import Counter
from dataclasses import replace
from typing import Any

import numpy as np

from cnn_explorer.core.activations import Array
from cnn_explorer.core.geometry import Padding
from cnn_explorer.core.kernel_layers import Conv2d, Linear
from cnn_explorer.core.kernels import INITIALISATIONS, draw_bias, draw_kernels
from cnn_explorer.core.layer import Layer, MapLayer, Mutes, Size
from cnn_explorer.core.layers import BatchNorm2d, Flatten
from cnn_explorer.core.network import (
    INPUT_SIZE,
    MAX_DILATION,
    MAX_FILTERS,
    MAX_KERNEL_SIZE,
    MAX_PADDING,
    MAX_STRIDE,
    Network,
)
from cnn_explorer.core.trained import TRAINED, UNTRAINED, trained_layer


def with_filters(network: Network, index: int, count: int) -> Network:
    """Change a layer's number of filters, 1 to 256; kernels that stay keep their values."""
    layer = _conv(network, index)
    what = "outputs" if isinstance(layer, Linear) else "filters"
    check_range(network.names[index], what, count, 1, MAX_FILTERS)
    if count == layer.out_channels:
        return network
    return replaced(network, index, **_filtered(network, layer, count))


def with_kernel_size(network: Network, index: int, side: int) -> Network:
    """Change a layer's kernel size, 1 to 11; its kernels are drawn anew, and trained biases."""
    layer = _conv(network, index)
    check_range(network.names[index], "kernel size", side, 1, MAX_KERNEL_SIZE)
    if layer.kernel_size == (side, side):
        return network
    if isinstance(layer, Linear):
        raise ValueError(f"{network.names[index]} has one weight for each value, and no windows.")
    outs, ins = range(layer.out_channels), range(layer.depth)
    bias = layer.bias
    if layer.initialisation == TRAINED:
        layer = replace(layer, initialisation=UNTRAINED)
        bias = None if bias is None else _bias(network, layer, outs)
    weight = _kernels(network, layer, outs, ins, (side, side))
    changes = {"weight": weight, "bias": bias, "initialisation": layer.initialisation}
    return replaced(network, index, **changes)


def with_groups(network: Network, index: int, groups: int) -> Network:
    """Divide a layer's input maps and filters into groups; kernels that stay keep their values."""
    layer = _conv(network, index)
    name = network.names[index]
    for count, what in ((layer.in_channels, "input maps"), (layer.out_channels, "filters")):
        if groups < 1:
            raise ValueError(f"{name}: groups must be 1 or more, not {groups}.")
        if count % groups:
            raise ValueError(
                f"{name}: {groups} groups do not divide its {count} {what}; each group has as many "
                "as the others."
            )
    if groups == layer.groups:
        return network
    deepened = _deepened(network, layer, layer.in_channels // groups)
    return replaced(network, index, groups=groups, **deepened)


def with_stride(network: Network, index: int, stride: int) -> Network:
    """Change a layer's stride, 1 to 4, in both directions."""
    _layer(network, index)
    check_range(network.names[index], "stride", stride, 1, MAX_STRIDE)
    return with_option(network, index, "stride", (stride, stride))


def with_dilation(network: Network, index: int, dilation: int) -> Network:
    """Change a layer's dilation, 1 to 4, in both directions."""
    _layer(network, index)
    check_range(network.names[index], "dilation", dilation, 1, MAX_DILATION)
    return with_option(network, index, "dilation", (dilation, dilation))


def with_padding(network: Network, index: int, padding: Padding) -> Network:
    """Change a layer's padding: ``"same"``, ``"valid"``, … or 0 to 10 on every side."""
    _layer(network, index)
    if isinstance(padding, int):
        check_range(network.names[index], "padding", padding, 0, MAX_PADDING)
    return with_option(network, index, "padding", padding)


def with_option(network: Network, index: int, name: str, value: object) -> Network:
    """Change a layer's padding mode, kernel size of a pooling, or the like.

    Parameters
    ----------
    name, value
        Of a field of the layer's class, and what it shall be; not one that other fields follow.
    """
    if getattr(_layer(network, index), name, None) == value:
        return network
    return replaced(network, index, **{name: value})


def with_activation(network: Network, index: int, activation: str) -> Network:
    """Change a layer's activation, a key of ``ACTIVATIONS``, with its usual parameters."""
    if _layer(network, index).activation == activation:
        return network
    return replaced(network, index, activation=activation, activation_parameters=())


def with_bias(network: Network, index: int, on: bool) -> Network:
    """Give a layer biases, drawn from the seed, or take them away."""
    layer = _conv(network, index)
    if (layer.bias is not None) == on:
        return network
    bias = _bias(network, layer, range(layer.out_channels)) if on else None
    return replaced(network, index, bias=bias)


def with_initialisation(network: Network, index: int, initialisation: str) -> Network:
    """Make a layer's kernels anew from another initialisation; biases go with trained kernels."""
    layer = _conv(network, index)
    if initialisation == TRAINED and TRAINED not in initialisations_of(network, index):
        raise ValueError(f"{network.names[index]} has no trained weights of this kernel size.")
    if initialisation != TRAINED:
        check_initialisation(initialisation)
    if layer.initialisation == initialisation:
        return network
    return reset_layer(
        replaced(network, index, initialisation=initialisation),
        index,
        biases=TRAINED in (initialisation, layer.initialisation),
    )


def initialisations_of(network: Network, index: int) -> tuple[str, ...]:
    """Where a layer's kernels can come from: keys of ``INITIALISATIONS``, and ``TRAINED``."""
    layer = _conv(network, index)
    trained = trained_layer(network, layer)
    fits = trained is not None and trained.kernel_size == layer.kernel_size
    return (TRAINED, *INITIALISATIONS) if fits else tuple(INITIALISATIONS)


def reset_layer(network: Network, index: int, *, biases: bool = True) -> Network:
    """Make a layer's kernels, and its biases, what they were when trained or drawn."""
    layer = _conv(network, index)
    outs = range(layer.out_channels)
    changes = {"weight": _kernels(network, layer, outs, range(layer.depth))}
    if biases and layer.bias is not None:
        changes["bias"] = _bias(network, layer, outs)
    if all(np.array_equal(getattr(layer, name), array) for name, array in changes.items()):
        return network
    return replaced(network, index, **changes)


def with_seed(network: Network, seed: int) -> Network:
    """Draw all kernels and biases that are not trained anew from another seed."""
    check_seed(seed)
    if seed == network.seed:
        return network
    kernels = [layer for layer in network.layers if isinstance(layer, Conv2d)]
    if kernels and all(layer.initialisation == TRAINED for layer in kernels):
        raise ValueError(
            "No kernel of this network is random: choose other weights than trained ones in the "
            "settings of a layer first."
        )
    network = replace(network, seed=seed)
    layers: list[Layer] = []
    for layer in network.layers:
        if isinstance(layer, Conv2d) and layer.initialisation != TRAINED:
            outs = range(layer.out_channels)
            weight = _kernels(network, layer, outs, range(layer.depth))
            bias = None if layer.bias is None else _bias(network, layer, outs)
            layer = replace(layer, weight=weight, bias=bias)
        layers.append(layer)
    return replace(network, layers=tuple(layers))


def remove_layer(network: Network, index: int) -> Network:
    """Remove a layer; the one after it takes the maps of the one before."""
    _layer(network, index)
    if len(network.layers) == 1:
        raise ValueError("The only layer cannot be removed; a network has at least 1.")
    return chained([*network.layers[:index], *network.layers[index + 1 :]], network)


def move_layer(network: Network, index: int, to: int) -> Network:
    """Move a layer to another place; kernels that still have an input map stay."""
    _layer(network, index)
    _layer(network, to)
    if index == to:
        return network
    layers = list(network.layers)
    layers.insert(to, layers.pop(index))
    return chained(layers, network)


def replaced(network: Network, index: int, **changes: Any) -> Network:
    """Give a layer's fields other values, and the layers after it what follows from them."""
    layers = list(network.layers)
    lacking = [name for name in changes if name not in _layer(network, index).__dataclass_fields__]
    if lacking:
        raise ValueError(f"{network.names[index]} has no {lacking[0].replace('_', ' ')}.")
    try:
        layers[index] = replace(layers[index], **changes)
    except ValueError as error:
        raise ValueError(f"{network.names[index]}: {error}") from None
    return chained(layers, network)


def chained(layers: list[Layer], network: Network) -> Network:
    """A network with other layers, each made to take the maps that the one before it makes."""
    channels, size = 1, INPUT_SIZE
    places: Counter[str] = Counter()
    for index, layer in enumerate(layers):
        places[layer.kind] += 1
        name = f"{layer.kind} {places[layer.kind]}"
        layers[index] = _with_inputs(network, layer, name, channels, size)
        channels = layers[index].out_channels
        try:
            size = layers[index].output_size(size)
        except ValueError as error:
            raise ValueError(f"{name}: {error}") from None
    return replace(network, layers=tuple(layers))


def check_inputs(name: str, channels: int) -> None:
    """Raise ValueError where a convolution would need more kernels than anybody looks at."""
    if channels > MAX_FILTERS:
        raise ValueError(
            f"{name} takes at most {MAX_FILTERS} maps, not {channels:,}; after a Flatten it is "
            "Linear layers that go on."
        )


def _layer(network: Network, index: int) -> Layer:
    if not 0 <= index < len(network.layers):
        raise ValueError(
            f"There is no layer {index + 1}; the network has {len(network.layers)} layers."
        )
    return network.layers[index]


def _conv(network: Network, index: int) -> Conv2d:
    layer = _layer(network, index)
    if not isinstance(layer, Conv2d):
        raise ValueError(f"{network.names[index]} has no filters.")
    return layer


def _with_inputs(network: Network, layer: Layer, name: str, channels: int, size: Size) -> Layer:
    """Keep the kernels of the input maps that stay; those of one group are numbered from 0."""
    if isinstance(layer, Flatten):
        same = (layer.channels, layer.size) == (channels, size)
        return layer if same else replace(layer, channels=channels, size=size)
    if layer.in_channels == channels:
        return layer
    if isinstance(layer, BatchNorm2d):
        return replace(
            layer,
            channels=channels,
            mean=_of_length(layer.mean, channels, 0),
            variance=_of_length(layer.variance, channels, 1),
            weight=_of_length(layer.weight, channels, 1),
            bias=_of_length(layer.bias, channels, 0),
        )
    if isinstance(layer, MapLayer):
        return replace(layer, channels=channels)
    assert isinstance(layer, Conv2d)
    if not isinstance(layer, Linear):
        check_inputs(name, channels)
    if layer.depth == 1 < layer.groups:
        # Depthwise it stays: each map keeps as many filters of its own.
        multiplier = layer.out_channels // layer.groups
        if channels * multiplier > MAX_FILTERS:
            raise ValueError(
                f"{name} is depthwise: {multiplier} filters for each of {channels} maps are more "
                f"than {MAX_FILTERS}, the most that there can be."
            )
        layer = replace(layer, groups=1)
        changes = _filtered(network, layer, channels * multiplier)
        return replace(layer, groups=channels, **changes)
    if channels % layer.groups:
        raise ValueError(
            f"{name} has {layer.groups} groups, which do not divide the {channels} maps that it "
            "would get."
        )
    return replace(layer, **_deepened(network, layer, max(1, channels // layer.groups)))


def _filtered(network: Network, layer: Conv2d, count: int) -> dict[str, Any]:
    """What changes with the number of filters."""
    kept = min(count, layer.out_channels)
    more = _kernels(network, layer, range(kept, count), range(layer.depth))
    bias = layer.bias
    if bias is not None:
        bias = np.concatenate([bias[:kept], _bias(network, layer, range(kept, count))])
    return {
        "weight": np.concatenate([layer.weight[:kept], more]),
        "bias": bias,
        "muted": _resized(layer.muted, (count, layer.depth)),
    }


def _deepened(network: Network, layer: Conv2d, depth: int) -> dict[str, Any]:
    """What changes with the number of input maps that a filter sees."""
    kept = min(depth, layer.depth)
    more = _kernels(network, layer, range(layer.out_channels), range(kept, depth))
    weight = np.concatenate([layer.weight[:, :kept], more], axis=1)
    return {"weight": weight, "muted": _resized(layer.muted, weight.shape[:2])}


def _of_length(values: Array, length: int, usual: float) -> Array:
    """Numbers of the channels that stay, and usual ones for those that are new."""
    more = np.full(max(0, length - len(values)), usual, np.float32)
    return np.concatenate([values[:length], more])


def _resized(muted: Mutes | None, shape: tuple[int, ...]) -> Mutes | None:
    """Mutes of the contributions that stay; those that are new are not muted."""
    if muted is None:
        return None
    result = np.zeros(shape, bool)
    outs, ins = np.minimum(shape, muted.shape)
    result[:outs, :ins] = muted[:outs, :ins]
    return result


def _kernels(
    network: Network,
    layer: Conv2d,
    out_channels: range,
    in_channels: range,
    kernel_size: tuple[int, int] | None = None,
) -> Array:
    """Kernels of a layer as trained, those that were not trained drawn; or all drawn."""
    trained = trained_layer(network, layer)
    kernel_size = kernel_size or layer.kernel_size
    drawn = draw_kernels(
        UNTRAINED if layer.initialisation == TRAINED else layer.initialisation,
        seed=network.seed,
        number=layer.number,
        out_channels=out_channels,
        in_channels=in_channels,
        kernel_size=kernel_size,
        fan=layer.fan,
    )
    if layer.initialisation == TRAINED and trained and trained.kernel_size == kernel_size:
        known = trained.weight[
            out_channels.start : out_channels.stop, in_channels.start : in_channels.stop
        ]
        drawn[: known.shape[0], : known.shape[1]] = known
    return drawn


def _bias(network: Network, layer: Conv2d, out_channels: range) -> Array:
    trained = trained_layer(network, layer)
    drawn = draw_bias(seed=network.seed, number=layer.number, out_channels=out_channels)
    if layer.initialisation == TRAINED and trained and trained.bias is not None:
        known = trained.bias[out_channels.start : out_channels.stop]
        drawn[: len(known)] = known
    return drawn


def check_range(name: str, what: str, value: int, low: int, high: int) -> None:
    """Raise ValueError, naming the layer, if a number of it is not `low` to `high`."""
    if not low <= value <= high:
        raise ValueError(f"{name}: {what} must be {low} to {high}, not {value}.")


def check_seed(seed: int) -> None:
    """Raise ValueError if a number is not a seed: 0 to 2**32 - 1."""
    if not 0 <= seed < 2**32:
        raise ValueError(f"A seed is a number from 0 to {2**32 - 1}, not {seed}.")


def check_initialisation(name: str) -> None:
    """Raise ValueError, naming those there are, if there are no weights of that name."""
    if name not in INITIALISATIONS:
        known = ", ".join(INITIALISATIONS)
        raise ValueError(f"There are no weights “{name}”; choose from {known}.")
