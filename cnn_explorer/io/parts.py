"""Which maps an export writes, and which of them share colours."""

import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import chain, product

from cnn_explorer.core.addresses import Address, address_of, check_address, filters_of
from cnn_explorer.core.kernel_layers import Conv2d
from cnn_explorer.core.layers import Flatten
from cnn_explorer.core.network import Network
from cnn_explorer.core.schemes import ChannelScheme, map_counts
from cnn_explorer.core.state import State

MOST_UNASKED = 4096
"""Naive maps that are exported without an address range."""

MOST_MAPS = 65_536
"""Naive maps that are exported at once: as many files as a folder bears."""


@dataclass(frozen=True)
class Part:
    """One layer of an export.

    Parameters
    ----------
    layer
        Its index, from 0.
    pool
        The maps whose values share the colours, in order: in Naive their addresses, in Real and
        Shared the filter alone, (5,).
    written
        Those of the pool that are written.
    picked
        Whether they were asked for by a range, by looking at them, or singly, so that somebody who
        reads the files has to be told which they are.
    """

    layer: int
    pool: tuple[Address, ...]
    written: tuple[Address, ...]
    picked: bool


def parts_of(
    state: State,
    *,
    layers: Sequence[int] | None = None,
    selected: Address | None = None,
    address_range: str | None = None,
    in_view: Sequence[Sequence[Address]] | None = None,
) -> tuple[Part, ...]:
    """Say what an export covers, layer by layer.

    Parameters
    ----------
    state
        The document.
    layers
        Indices, from 0, of the layers to write; without it all but Flatten, whose values are the
        pixels of the maps before it.
    selected
        The only map to write: the path of filters to it, of which only the last counts unless in
        Naive.
    address_range
        In Naive, the maps to write; see `address_range_of`.
    in_view
        In Naive, the addresses looked at, for each layer: they alone are written, and they share
        the colours, also those of a selected map.

    Returns
    -------
    tuple of Part
        One for each layer; nothing is written of one that was not asked for.

    Raises
    ------
    ValueError
        With one sentence, if what is asked for is not there or is too much.
    """
    network = state.network
    count = len(network.layers)
    for index in layers or ():
        if not 0 <= index < count:
            raise ValueError(f"There is no layer {index + 1}; the network has layers 1 to {count}.")
    if selected is not None:
        check_address(selected, network)
    naive = state.scheme is ChannelScheme.NAIVE
    if naive:
        pools = _naive_pools(network, layers, selected, address_range, in_view)
    elif address_range is None:
        pools = [tuple((j,) for j in range(layer.out_channels)) for layer in network.layers]
    else:
        raise ValueError(
            f"An address range such as {address_range[:40]} is for the naive scheme alone; in the "
            f"{state.scheme} scheme a layer has one map for each filter."
        )
    picked = selected is not None or address_range is not None or (naive and in_view is not None)
    parts = []
    for index, pool in enumerate(pools):
        plain = layers is None and not isinstance(network.layers[index], Flatten)
        written = pool if plain or index in (layers or ()) else ()
        if selected is not None:
            here = index == len(selected) - 1
            written = ((selected if naive else selected[-1:]),) if here else ()
        parts.append(Part(index, pool, written, picked))
    if not any(part.written for part in parts):
        raise ValueError("No map is chosen for the export; choose at least one.")
    return tuple(parts)


def written_as(state: State, address: Address) -> Address:
    """The numbers that say which map of its part a map is: in Naive the filters on its path."""
    if state.scheme is not ChannelScheme.NAIVE:
        return address
    return filters_of(address, state.network) or address[-1:]


def address_range_of(text: str, network: Network) -> tuple[Address, ...]:
    """Read a range of naive maps, such as ``2.*`` or ``0-3.*.7``.

    Parameters
    ----------
    text
        One part for each convolution down to the maps' own, joined by dots: a number, two joined
        by "-", or "*" for every filter.
    network
        The network whose maps they are.

    Returns
    -------
    tuple of Address
        In order; all of one layer.

    Raises
    ------
    ValueError
        With one sentence, if it is no range, leaves the network, or has over 65,536 maps.
    """
    shown = f"“{text.strip()[:40]}”"
    parts = text.split(".")
    layers = [
        (number, layer.out_channels)
        for number, layer in enumerate(network.layers[: network.head], 1)
        if isinstance(layer, Conv2d)
    ]
    if len(parts) > len(layers):
        raise ValueError(
            f"The address range {shown} has {len(parts)} parts; the network has "
            f"{len(layers)} layers, and a range one part for each, the last of which says "
            "whose maps they are."
        )
    ranges = [
        _filters(part.strip(), shown, place, *layer)
        for place, (part, layer) in enumerate(zip(parts, layers, strict=False), 1)
    ]
    count = math.prod(map(len, ranges))
    if count > MOST_MAPS:
        raise ValueError(
            f"The address range {shown} has {count:,} maps; name a smaller one, of at most "
            f"{MOST_MAPS:,}."
        )
    return tuple(address_of(filters, network) for filters in product(*ranges))


def _filters(part: str, shown: str, place: int, layer: int, filters: int) -> range:
    """The filters that one part of a range means."""
    if part == "*":
        return range(filters)
    # Nine digits are more than any filter has, and keep int() from reading a novel.
    match = re.fullmatch("([0-9]{1,9})(?:-([0-9]{1,9}))?", part)
    if match is None:
        raise ValueError(
            f"Part {place} of the address range {shown} is “{part[:20]}”; each part is a number, "
            "two numbers such as 0-3, or *."
        )
    first = int(match[1])
    last = first if match[2] is None else int(match[2])
    if last < first:
        raise ValueError(
            f"Part {place} of the address range {shown} runs backwards; write {last}-{first}."
        )
    if last >= filters:
        raise ValueError(
            f"Part {place} of the address range {shown} asks for filter {last}, but layer {layer} "
            f"has filters 0 to {filters - 1}."
        )
    return range(first, last + 1)


def _naive_pools(
    network: Network,
    layers: Sequence[int] | None,
    selected: Address | None,
    address_range: str | None,
    in_view: Sequence[Iterable[Address]] | None,
) -> list[tuple[Address, ...]]:
    """For each layer the addresses that share colours, in order."""
    pools: list[set[Address]] = [set() for _ in network.layers]
    if address_range is not None:
        addresses = address_range_of(address_range, network)
        pools[len(addresses[0]) - 1].update(addresses)
    elif in_view is not None:
        for address in chain.from_iterable(in_view):
            check_address(address, network)
            pools[len(address) - 1].add(address)
    elif selected is None:
        there = range(network.head)
        wanted = there if layers is None else set(there).intersection(layers)
        counts = map_counts(network, ChannelScheme.NAIVE)
        total = sum(counts[index] for index in wanted)
        if total > MOST_UNASKED:
            convolves = [isinstance(layer, Conv2d) for layer in network.layers[: max(wanted) + 1]]
            example = ".".join([*"0" * (sum(convolves) - 1), "*"])
            deepest = len(convolves) - 1 - convolves[::-1].index(True)
            raise ValueError(
                f"Every filter on every map makes {total:,} maps; beyond {MOST_UNASKED:,} give an "
                f"address range, such as {example} for some of layer {deepest + 1}."
            )
        for index in wanted:
            pools[index].update(_every(network, index))
    if selected is not None:
        if len(selected) > network.head:
            raise ValueError(
                f"{network.names[len(selected) - 1]} has no maps where every filter is applied to "
                "every map: it takes all maps together."
            )
        pools[len(selected) - 1].add(selected)
    if sum(map(len, pools)) > MOST_MAPS:
        raise ValueError(f"More than {MOST_MAPS:,} maps cannot be exported at once.")
    return [tuple(sorted(pool)) for pool in pools]


def _every(network: Network, layer: int) -> list[Address]:
    """Addresses of all maps of a layer, of which there are not too many."""
    addresses: list[Address] = [()]
    for one in network.layers[: layer + 1]:
        if isinstance(one, Conv2d):
            addresses = [(*path, j) for path in addresses for j in range(one.out_channels)]
        else:
            addresses = [(*path, path[-1] if path else 0) for path in addresses]
    return addresses
