"""The three ideas of what a layer does with several input maps.

`real`: own kernels, summed: one map for each filter. `naive`: one flat kernel a filter, on
every map, not summed. `shared`: one flat kernel a filter, on every map, summed. The flat kernel is
the sum (naive) or the mean (shared) of the filter's own kernels, so that before activation, given
the same inputs, the average of naive's maps (i, j) over i is shared's map j.
"""

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from cnn_explorer.core.activations import Array
from cnn_explorer.core.layer import Layer
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
    if address != followed(network, address):
        raise ValueError(
            f"The address {address_text(address)} changes the number of a map where no filter "
            "acts on it."
        )


def path_to(network: Network, path: Sequence[int], layer: int, output: int) -> Address:
    """A path of filters to a layer's map, otherwise as near as can be to another path.

    Parameters
    ----------
    path
        One number for each layer, at least for those before `layer`.
    layer, output
        Index of the layer, and number of its map. A layer that acts map by map fixes the number
        of its input map.
    """
    parts = [*path[:layer], output]
    for index in range(layer, 0, -1):
        above = network.layers[index]
        if isinstance(above, Conv2d) or above.depth > 1:
            break
        parts[index - 1] = above.inputs_of(parts[index])[0]
    return tuple(parts)


def followed(network: Network, path: Sequence[int]) -> Address:
    """A path inside a network: numbers that there are, kept by layers that act map by map."""
    parts: list[int] = []
    for number, layer in zip(path, network.layers, strict=False):
        number = min(number, layer.out_channels - 1)
        if not isinstance(layer, Conv2d) and layer.depth == 1:
            source = parts[-1] if parts else 0
            if source not in layer.inputs_of(number):
                number = source * (layer.out_channels // layer.in_channels)
        parts.append(number)
    return tuple(parts)


@dataclass(frozen=True)
class Family:
    """The maps of a layer that Naive shows together: those whose addresses begin alike.

    Parameters
    ----------
    prefix
        What all addresses begin with.
    parents
        How many input maps there are under it, which differ in the part after it.
    between
        Parts of a parent's address after the prefix, all the same: layers that act map by map keep
        a map's number.
    branches
        Maps that are made of each parent.
    keeps
        Whether the layer itself keeps the number of its parent.
    """

    prefix: Address
    parents: int
    between: int
    branches: int
    keeps: bool

    def parent(self, number: int) -> Address:
        """Address of an input map, by its number."""
        return (*self.prefix, *(number,) * self.between)

    def address(self, index: int) -> Address:
        """Address of a map, by its number in the family."""
        parent, branch = divmod(index, self.branches)
        return (*self.parent(parent), parent if self.keeps else branch)

    def index_of(self, address: Address) -> int | None:
        """Number of a map in the family, or None where it is of another."""
        if address[: len(self.prefix)] != self.prefix or address[:-1] != self.parent(address[-2]):
            return None
        return address[-2] * self.branches + (0 if self.keeps else address[-1])


def family(network: Network, layer: int, path: Sequence[int]) -> Family | None:
    """The maps of a layer that Naive shows along a path, or None where no filter comes before."""
    before = [index for index in range(layer) if isinstance(network.layers[index], Conv2d)]
    if not before:
        return None
    root, own = before[-1], network.layers[layer]
    return Family(
        followed(network, path[:root]),
        network.layers[root].out_channels,
        layer - root,
        own.branches,
        not isinstance(own, Conv2d),
    )


def filters_of(address: Address, network: Network) -> Address:
    """The parts of an address that are filters: what of it is written, 2.5.31."""
    layers = zip(address, network.layers, strict=False)
    return tuple(part for part, layer in layers if isinstance(layer, Conv2d))


def with_filters(filters: Address, network: Network, layer: int | None = None) -> Address:
    """The address of a map, from the filters that are written of it.

    Parameters
    ----------
    filters
        One for each convolution down to the map.
    layer
        Index of the layer that is meant, if as many filters lead to it; otherwise, and without it,
        the last of those convolutions is.

    Raises
    ------
    ValueError
        If the network has fewer convolutions, or one that has fewer filters.
    """
    places = [i for i, one in enumerate(network.layers) if isinstance(one, Conv2d)]
    if not 1 <= len(filters) <= len(places):
        raise ValueError(
            f"The address {address_text(filters) or '(empty)'} has {len(filters)} parts; the "
            f"network has {len(places)} layers with filters, and an address one part for each."
        )
    following = [*places, len(network.layers)][len(filters)]
    last = places[len(filters) - 1]
    if layer is not None and last < layer < following:
        last = layer
    parts: list[int] = []
    remaining = list(filters)
    for one in network.layers[: last + 1]:
        parts.append(remaining.pop(0) if isinstance(one, Conv2d) else parts[-1] if parts else 0)
    for index in places[: len(filters)]:
        if not 0 <= parts[index] < network.layers[index].out_channels:
            raise ValueError(
                f"Part {places.index(index) + 1} of the address {address_text(filters)} is "
                f"{parts[index]}, but {network.names[index]} has filters 0 to "
                f"{network.layers[index].out_channels - 1}."
            )
    return followed(network, parts)


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
