"""Addresses of maps: a path of filters, one number for each layer.

A layer that acts map by map keeps the number of its input map, so that the index of a layer is the
length of an address. What is written of it, 2.5.31, are the filters alone.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from cnn_explorer.core.kernel_layers import Conv2d
from cnn_explorer.core.layer import Layer
from cnn_explorer.core.network import Network

Address = tuple[int, ...]


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
    return tuple(part for part, layer in layers if _has_filters(layer))


def address_of(filters: Address, network: Network, layer: int | None = None) -> Address:
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
    places = [i for i, one in enumerate(network.layers) if _has_filters(one)]
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
            f"“{text.strip()[:40]}” is not an address; write a filter number for each convolution, "
            "joined by dots, such as 2.1."
        )
    return tuple(map(int, parts))


def _has_filters(layer: Layer) -> bool:
    """Whether a layer branches in Naive; one of the head, which Naive ends before, does not."""
    return isinstance(layer, Conv2d) and not layer.mixes
