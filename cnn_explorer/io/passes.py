"""The full pass of an export: maps as they are asked for, their ranges, their colour scales."""

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import chain

import numpy as np

from cnn_explorer.core.activations import Array
from cnn_explorer.core.addresses import Address
from cnn_explorer.core.convolution import resolve_method
from cnn_explorer.core.display import ColourMap, Scale, scale_of
from cnn_explorer.core.forward import Request, forward
from cnn_explorer.core.kernel_layers import Conv2d
from cnn_explorer.core.schemes import ChannelScheme
from cnn_explorer.core.state import State
from cnn_explorer.io.parts import Part

_BLOCK = 256  # naive maps that are computed and held at a time

Source = Callable[[int, Sequence[Address]], Iterator[Array]]
"""Gives the maps of a layer, by its index, at some addresses, in their order."""

Range = tuple[float, float]
"""The least and the largest value."""

Ranges = Sequence[dict[Address, Range]]
"""For each layer, the range of each map of its pool."""


def source_of(
    state: State, parts: Sequence[Part], checkpoint: Callable[[], None] | None = None
) -> Source:
    """Compute a state's maps, whatever the screen has computed.

    Parameters
    ----------
    state
        The document.
    parts
        One for each layer; the maps that will be asked for are those of `Part.pool`.
    checkpoint
        As in `cnn_explorer.core.forward.forward`.

    Returns
    -------
    Source
        In Real and Shared all maps are computed now and held. In Naive they are computed each time
        they are asked for, some hundred at once, so that memory stays small.
    """
    if state.scheme is not ChannelScheme.NAIVE:
        maps = forward(Request(state), checkpoint).maps
        return lambda layer, addresses: (maps[layer][filter_] for (filter_,) in addresses)

    layers, sizes = state.network.layers, state.network.sizes[1:]
    # One method for all, or the maps of the last block could differ in their last digit.
    method = resolve_method(
        sum(
            len(part.pool) * math.prod(layer.kernel_size) * math.prod(size)
            for part, layer, size in zip(parts, layers, sizes, strict=True)
            if isinstance(layer, Conv2d)
        )
    )

    def naive(layer: int, addresses: Sequence[Address]) -> Iterator[Array]:
        for start in range(0, len(addresses), _BLOCK):
            in_view: list[tuple[Address, ...]] = [()] * len(layers)
            in_view[layer] = tuple(addresses[start : start + _BLOCK])
            yield from forward(Request(state, tuple(in_view), method), checkpoint).maps[layer]

    return naive


def measured(part: Part, source: Source, step: Callable[[], None]) -> dict[Address, Range]:
    """The range of each map of a part's pool; values that are not finite are left out.

    Parameters
    ----------
    part, source
        Which maps, and what gives them.
    step
        Called before each map.
    """
    ranges = {}
    for address, values in zip(part.pool, source(part.layer, part.pool), strict=True):
        step()
        finite = values[np.isfinite(values)]
        ranges[address] = (float(finite.min()), float(finite.max())) if finite.size else (0.0, 0.0)
    return ranges


def hull(ranges: Iterable[Range]) -> Range:
    """The range of all values of some maps, at least one."""
    least, most = zip(*ranges, strict=True)
    return min(least), max(most)


def scales_of(
    ranges: Ranges, shared_by: str, colours: ColourMap, contrast: int
) -> Callable[[int, Address], Scale]:
    """Say over which values each map's colours are stretched.

    Parameters
    ----------
    ranges
        Of all maps that count.
    shared_by
        "layer", "map" or "network": which maps share a scale.
    colours, contrast
        As in `cnn_explorer.core.display.scale_of`.

    Returns
    -------
    callable
        From a layer's index and a map's address to the scale.
    """

    def over(some: Iterable[Range]) -> Scale:
        return scale_of([np.array(list(some), np.float32)], colours, contrast)

    if shared_by == "map":
        return lambda layer, address: over([ranges[layer][address]])
    if shared_by == "network":
        one = over(chain.from_iterable(maps.values() for maps in ranges))
        return lambda layer, address: one
    scales = [over(maps.values()) for maps in ranges]
    return lambda layer, address: scales[layer]
