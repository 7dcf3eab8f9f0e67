"""The three ideas of what a layer does with several input maps.

`real`: own kernels, summed: one map for each filter. `naive`: one flat kernel a filter, on
every map, not summed. `shared`: one flat kernel a filter, on every map, summed. The flat kernel is
the sum (naive) or the mean (shared) of the filter's own kernels, so that before activation, given
the same inputs, the average of naive's maps (i, j) over i is shared's map j.
"""

import math
import re
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from cnn_explorer.core.activations import Array
from cnn_explorer.core.network import Conv2d, Network

Address = tuple[int, ...]

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
    """Maps after each layer: the filters, or in Naive the product of all filters so far."""
    filters = [layer.out_channels for layer in network.layers]
    if scheme is not ChannelScheme.NAIVE:
        return tuple(filters)
    return tuple(math.prod(filters[: index + 1]) for index in range(len(filters)))


def check_address(address: Address, network: Network) -> None:
    """Raise ValueError, with a sentence, where an address is not one of the network's maps."""
    if not 1 <= len(address) <= len(network.layers):
        raise ValueError(
            f"The address {address_text(address) or '(empty)'} has {len(address)} parts; the "
            f"network has layers 1 to {len(network.layers)}, and an address one part for each."
        )
    for index, (filter_, layer) in enumerate(zip(address, network.layers, strict=False)):
        if not 0 <= filter_ < layer.out_channels:
            raise ValueError(
                f"Part {index + 1} of the address {address_text(address)} is {filter_}, but layer "
                f"{index + 1} has filters 0 to {layer.out_channels - 1}."
            )


def address_text(address: Address) -> str:
    """Written form of an address: ``2.5.31``."""
    return ".".join(map(str, address))


def parse_address(text: str) -> Address:
    """Read an address such as ``2.5.31``.

    Raises
    ------
    ValueError
        With one sentence, where the text is not numbers joined by dots.
    """
    parts = [part.strip() for part in text.split(".")]
    # Nine digits are more than any filter has, and keep int() from reading a novel.
    if not all(re.fullmatch("[0-9]{1,9}", part) for part in parts):
        raise ValueError(
            f"“{text.strip()[:40]}” is not an address; write one filter number for each layer, "
            "joined by dots, such as 2.1."
        )
    return tuple(map(int, parts))


@dataclass(frozen=True)
class Cost:
    """What one layer takes in a scheme; all are exact integers.

    Parameters
    ----------
    maps
        Maps after the layer.
    kernel_shape
        (kh, kw, in, out) of the kernels, in = 1 where they are flat.
    weights, biases
        Parameters.
    multiply_adds
        Of the convolutions, bias and activation apart.
    weight_bytes, map_bytes
        float32 bytes of the parameters and of the maps.
    """

    maps: int
    kernel_shape: tuple[int, int, int, int]
    weights: int
    biases: int
    multiply_adds: int
    weight_bytes: int
    map_bytes: int


def costs(network: Network, scheme: ChannelScheme) -> tuple[Cost, ...]:
    """Cost of every layer of a network in a scheme."""
    result = []
    counts = map_counts(network, scheme)
    for layer, size, maps in zip(network.layers, network.sizes[1:], counts, strict=True):
        real = scheme is ChannelScheme.REAL
        shape = (*layer.kernel_size, layer.depth if real else 1, layer.out_channels)
        weights = math.prod(shape)
        biases = 0 if layer.bias is None else layer.out_channels
        # Naive convolves once for each of its maps; the others once for each pair.
        convolutions = maps if scheme is ChannelScheme.NAIVE else layer.out_channels * layer.depth
        pixels = size[0] * size[1]
        result.append(
            Cost(
                maps=maps,
                kernel_shape=shape,
                weights=weights,
                biases=biases,
                multiply_adds=convolutions * pixels * math.prod(layer.kernel_size),
                weight_bytes=(weights + biases) * _BYTES,
                map_bytes=maps * pixels * _BYTES,
            )
        )
    return tuple(result)
