"""New networks and layers: what each kind is like when it is put into a network."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from cnn_explorer.core.activations import Array
from cnn_explorer.core.edit import (
    chained,
    check_initialisation,
    check_inputs,
    check_range,
    check_seed,
)
from cnn_explorer.core.forward import Request, forward
from cnn_explorer.core.kernel_layers import Conv2d, Linear
from cnn_explorer.core.kernels import draw_bias, draw_kernels
from cnn_explorer.core.layer import Layer
from cnn_explorer.core.layers import (
    AvgPool2d,
    BatchNorm2d,
    Flatten,
    GlobalAvgPool2d,
    Kind,
    MaxPool2d,
    Softmax,
)
from cnn_explorer.core.network import MAX_FILTERS, MAX_KERNEL_SIZE, MAX_LAYERS, Network
from cnn_explorer.core.state import State
from cnn_explorer.core.trained import TRAINED, UNTRAINED

CLASSES = 10
"""Outputs of a new dense layer: a digit each."""

KINDS: dict[Kind, str] = {
    "Conv2d": "filters that sum over all input maps",
    "MaxPool2d": "the largest value of each window of each map",
    "AvgPool2d": "the mean of each window of each map",
    "BatchNorm2d": "each map by its mean and variance",
    "GlobalAvgPool2d": "the mean of each whole map",
    "Flatten": "every pixel a value of its own",
    "Linear": "weighted sums of all values",
    "Softmax": "shares that add up to one",
}
"""What can be added, in PyTorch's names, and what it does."""

_MAKES_MAPS = ("Conv2d", "MaxPool2d", "AvgPool2d", "BatchNorm2d")


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
    check_seed(seed)
    check_initialisation(initialisation)
    layers: list[Conv2d] = []
    channels = 1
    for index, (count, side) in enumerate(zip(filters, sides, strict=True)):
        check_range(f"Conv {index + 1}", "filters", count, 1, MAX_FILTERS)
        check_range(f"Conv {index + 1}", "kernel size", side, 1, MAX_KERNEL_SIZE)
        layers.append(new_conv(index, channels, count, (side, side), initialisation, seed))
        channels = count
    return Network(tuple(layers), seed)


def add_layer(state: State, kind: Kind = "Conv2d") -> Network:
    """Add a layer at the end of a document's network, or of a trained one's maps.

    Parameters
    ----------
    state
        The document.
    kind
        A key of `KINDS`. A convolution takes filters, kernel and the like from the last one.

    Returns
    -------
    Network
        With the new layer.

    Raises
    ------
    ValueError
        If the network has as many layers as it can have, or the layer cannot come there.
    """
    network = state.network
    if len(network.layers) == MAX_LAYERS:
        raise ValueError(f"A network has at most {MAX_LAYERS} layers.")
    known = (*network.layers, *(network.trained.layers if network.trained else ()))
    index = network.tail if kind in _MAKES_MAPS else len(network.layers)
    layer = _new(state, index, kind, 1 + max(layer.number for layer in known))
    return chained([*network.layers[:index], layer, *network.layers[index:]], network)


def with_statistics(state: State, index: int) -> Network:
    """Give a normalisation the mean and variance of its input maps on the document's drawing.

    Parameters
    ----------
    index
        Of the layer.
    """
    layer = state.network.layers[index]
    assert isinstance(layer, BatchNorm2d)
    mean, variance = _statistics(state, index)
    if np.array_equal(mean, layer.mean) and np.array_equal(variance, layer.variance):
        return state.network
    layers = list(state.network.layers)
    layers[index] = replace(layer, mean=mean, variance=variance)
    return replace(state.network, layers=tuple(layers))


def _new(state: State, index: int, kind: Kind, number: int) -> Layer:
    """A layer for a place of the network."""
    network = state.network
    channels = network.layers[index - 1].out_channels if index else 1
    size = network.sizes[index]
    if kind == "MaxPool2d":
        return MaxPool2d(number, channels)
    if kind == "AvgPool2d":
        return AvgPool2d(number, channels)
    if kind == "GlobalAvgPool2d":
        return GlobalAvgPool2d(number, channels)
    if kind == "Flatten":
        return Flatten(number, channels, size)
    if kind == "Softmax":
        return Softmax(number, channels)
    if kind == "BatchNorm2d":
        ones, zeros = np.ones(channels, np.float32), np.zeros(channels, np.float32)
        return BatchNorm2d(number, channels, zeros, ones, ones, zeros)
    if kind == "Linear":
        new = new_conv(number, channels, CLASSES, (1, 1), "uniform", network.seed)
        return Linear(
            number, new.weight, new.bias, activation="none", initialisation="uniform", fan=new.fan
        )
    convolutions = [layer for layer in network.layers[:index] if type(layer) is Conv2d]
    check_inputs(f"Conv {len(convolutions) + 1}", channels)
    if not convolutions:
        return new_conv(number, channels, 4, (3, 3), "bank", network.seed)
    last = convolutions[-1]
    source = UNTRAINED if last.initialisation == TRAINED else last.initialisation
    new = new_conv(number, channels, last.out_channels, last.kernel_size, source, network.seed)
    return replace(
        new,
        bias=None if last.bias is None else new.bias,
        padding=last.padding,
        activation=last.activation,
    )


def new_conv(
    number: int,
    in_channels: int,
    out_channels: int,
    kernel_size: tuple[int, int],
    initialisation: str,
    seed: int,
) -> Conv2d:
    """Make a convolution of stride 1 with same padding, ReLU and biases."""
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


def _statistics(state: State, index: int) -> tuple[Array, Array]:
    """Mean and variance of each input map of a layer, float32, shape (maps,)."""
    network = state.network
    if index == 0:
        maps = state.input[np.newaxis]
    else:
        above = Network(network.layers[:index], network.seed)
        maps = forward(Request(State(state.input, above))).maps[-1]
    with np.errstate(all="ignore"):
        mean, variance = maps.mean(axis=(1, 2)), maps.var(axis=(1, 2))
    if not (np.isfinite(mean).all() and np.isfinite(variance).all()):
        place = 1 + sum(isinstance(layer, BatchNorm2d) for layer in network.layers[:index])
        raise ValueError(
            f"BatchNorm {place}: the maps of {network.names[index - 1]} hold values that are too "
            "large to have a mean and a variance."
        )
    return mean, variance
