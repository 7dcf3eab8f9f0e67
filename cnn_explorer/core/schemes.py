"""The three ideas of what a layer does with several input maps.

`real`: own kernels, summed: one map for each filter. `naive`: one flat kernel a filter, on
every map, not summed. `shared`: one flat kernel a filter, on every map, summed. The flat kernel is
the sum (naive) or the mean (shared) of the filter's own kernels, so that before activation, given
the same inputs, the average of naive's maps (i, j) over i is shared's map j.
"""

import math
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from cnn_explorer.core.activations import Array
from cnn_explorer.core.kernel_layers import Conv2d
from cnn_explorer.core.layer import Layer
from cnn_explorer.core.network import Network

_BYTES = 4  # of one float32


class ChannelScheme(StrEnum):
    """Which kernels there are, and whether their results are summed."""

    REAL = "real"
    NAIVE = "naive"
    SHARED = "shared"

    @property
    def label(self) -> str:
        """Name on screen."""
        return _LABELS[self][0]

    @property
    def explanation(self) -> str:
        """What the switch says beside the name."""
        return _LABELS[self][1]


_LABELS = {
    ChannelScheme.REAL: ("Real", "own kernels, summed"),
    ChannelScheme.NAIVE: ("Every filter on every map", "not summed"),
    ChannelScheme.SHARED: ("Shared kernel", "summed"),
}


def scheme_kernel(layer: Conv2d, scheme: ChannelScheme, filters: slice = slice(None)) -> Array:
    """Kernels that a layer convolves with in a scheme.

    Parameters
    ----------
    layer
        The layer; its weight has shape (out, in / groups, kh, kw).
    scheme
        Which scheme.
    filters
        Of which filters; all, unless told.

    Returns
    -------
    ndarray
        float32: the weight itself in Real, shape (out, 1, kh, kw) in Naive (the sum over the
        group's inputs) and Shared (their mean). With one input all three are the same.
    """
    if scheme is ChannelScheme.REAL or layer.depth == 1:
        return layer.weight if filters == slice(None) else layer.weight[filters]
    with np.errstate(over="ignore"):  # sums beyond float32 are infinite, as a pass has them
        flat: Array = layer.weight[filters].sum(axis=1, keepdims=True, dtype=np.float32)
    return flat if scheme is ChannelScheme.NAIVE else flat / np.float32(layer.depth)


def map_counts(network: Network, scheme: ChannelScheme) -> tuple[int, ...]:
    """Maps after each layer: its output maps, or in Naive the product of all filters so far.

    Layers that act map by map multiply nothing; from the head on Naive has no maps.
    """
    if scheme is not ChannelScheme.NAIVE:
        return tuple(layer.out_channels for layer in network.layers)
    branches = [layer.branches for layer in network.layers[: network.head]]
    counts = [math.prod(branches[: index + 1]) for index in range(len(branches))]
    return (*counts, *(0,) * (len(network.layers) - len(counts)))


def is_there(network: Network, scheme: ChannelScheme, layer: int) -> bool:
    """Whether a layer has maps in a scheme: Naive ends where all maps are taken together."""
    return layer < (network.head if scheme is ChannelScheme.NAIVE else len(network.layers))


@dataclass(frozen=True)
class Cost:
    """What one layer takes in a scheme; all are exact integers.

    Parameters
    ----------
    maps
        Maps after the layer.
    kernel_shape
        (kh, kw, in, out) of the kernels, in = 1 where they are flat; None where there are none.
    weights, biases
        Parameters.
    multiply_adds
        Of the convolutions, bias and activation apart.
    weight_bytes, map_bytes
        float32 bytes of the parameters and of the maps.
    """

    maps: int
    kernel_shape: tuple[int, int, int, int] | None
    weights: int
    biases: int
    multiply_adds: int
    weight_bytes: int
    map_bytes: int


def costs(network: Network, scheme: ChannelScheme) -> tuple[Cost, ...]:
    """Cost of every layer of a network in a scheme: nothing where the scheme does not have it."""
    counts = map_counts(network, scheme)
    return tuple(
        _cost(layer, scheme, maps, size) if maps else _NOTHING
        for layer, size, maps in zip(network.layers, network.sizes[1:], counts, strict=True)
    )


_NOTHING = Cost(0, None, 0, 0, 0, 0, 0)


def _cost(layer: Layer, scheme: ChannelScheme, maps: int, size: tuple[int, int]) -> Cost:
    pixels = size[0] * size[1]
    weights, biases = layer.parameters
    shape, multiply_adds = None, 0
    if isinstance(layer, Conv2d):
        real = scheme is ChannelScheme.REAL
        shape = (*layer.kernel_size, layer.depth if real else 1, layer.out_channels)
        weights = math.prod(shape)
        # Naive convolves once for each of its maps; the others once for each pair.
        naive = scheme is ChannelScheme.NAIVE
        convolutions = maps if naive else layer.out_channels * layer.depth
        multiply_adds = convolutions * pixels * math.prod(layer.kernel_size)
    return Cost(
        maps=maps,
        kernel_shape=shape,
        weights=weights,
        biases=biases,
        multiply_adds=multiply_adds,
        weight_bytes=(weights + biases) * _BYTES,
        map_bytes=maps * pixels * _BYTES,
    )
