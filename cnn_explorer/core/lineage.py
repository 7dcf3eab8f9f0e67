"""Which kernels of which layers can reach a map, and which maps go into which."""

import numpy as np

from cnn_explorer.core.addresses import Address
from cnn_explorer.core.layer import Layer, Mutes
from cnn_explorer.core.network import Network
from cnn_explorer.core.schemes import ChannelScheme


def lineage(network: Network, scheme: ChannelScheme, address: Address) -> tuple[Mutes, ...]:
    """Which kernels can reach a map: the cone upstream, or in Naive the chain of its address.

    Parameters
    ----------
    address
        Path of filters to the map; only its last part counts unless in Naive.

    Returns
    -------
    tuple of ndarray
        For each layer down to the map's, bool, the first two axes of `scheme_kernel`: (out,
        depth) in Real, (out, 1) where kernels are flat. Layers without kernels pass all on. Kernels
        whose contributions are muted do not reach it.
    """
    lit = _chain if scheme is ChannelScheme.NAIVE else _cone
    kernels = lit(network, address)
    if scheme is ChannelScheme.REAL:
        return kernels
    return tuple(np.atleast_2d(layer.any(axis=1)).T for layer in kernels)


def maps_above(network: Network, layer: int, output: int, above: int) -> frozenset[int]:
    """Which maps of a layer go into a map of a later one, whatever is muted.

    Parameters
    ----------
    layer, output
        Index of the later layer, and number of its map.
    above
        Index of the layer that is asked about, at most `layer`.
    """
    reached = np.arange(network.layers[layer].out_channels) == output
    for one in reversed(network.layers[above + 1 : layer + 1]):
        groups = one.in_channels // one.depth
        reached = reached.reshape(groups, -1).any(axis=1).repeat(one.depth)
    return frozenset(np.flatnonzero(reached).tolist())


def maps_below(network: Network, layer: int, output: int, below: int) -> frozenset[int]:
    """Which maps of a layer a map of an earlier one goes into, whatever is muted.

    Parameters
    ----------
    layer, output
        Index of the earlier layer, and number of its map.
    below
        Index of the layer that is asked about, at least `layer`.
    """
    reached = np.arange(network.layers[layer].out_channels) == output
    for one in network.layers[layer + 1 : below + 1]:
        groups = one.in_channels // one.depth
        reached = reached.reshape(groups, -1).any(axis=1).repeat(one.out_channels // groups)
    return frozenset(np.flatnonzero(reached).tolist())


def _cone(network: Network, address: Address) -> tuple[Mutes, ...]:
    """Every kernel with a way to the map that no mute interrupts."""
    reached = np.zeros(network.layers[len(address) - 1].out_channels, bool)
    reached[address[-1]] = True
    result = []
    for layer in reversed(network.layers[: len(address)]):
        lit = reached[:, np.newaxis] & _heard(layer)
        result.append(lit)
        # Filters of one group follow each other, and so do its input maps.
        reached = lit.reshape(layer.in_channels // layer.depth, -1, layer.depth).any(axis=1).ravel()
    return tuple(reversed(result))


def _chain(network: Network, address: Address) -> tuple[Mutes, ...]:
    """One kernel a layer, up to the first mute on the way back."""
    result = []
    reaches = True
    for index, filter_ in reversed(list(enumerate(address))):
        layer = network.layers[index]
        parent = address[index - 1] if index else 0
        reaches = reaches and not layer.muted_from(parent)[filter_]
        lit = np.zeros((layer.out_channels, layer.depth), bool)
        lit[filter_] = reaches
        result.append(lit)
    return tuple(reversed(result))


def _heard(layer: Layer) -> Mutes:
    everything = np.ones((layer.out_channels, layer.depth), bool)
    return everything if layer.muted is None else ~layer.muted
