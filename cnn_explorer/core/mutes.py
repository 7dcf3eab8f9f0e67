"""Mutes: contributions that are left out of their sums. Each edit takes a network and returns one.

An edit that changes nothing returns the network itself. Filters and input maps are numbered from 0,
an input map within the group of its filter; a number that there is none of raises IndexError, a
layer without kernels TypeError.
"""

from dataclasses import replace

import numpy as np

from cnn_explorer.core.kernel_layers import Conv2d
from cnn_explorer.core.layer import Mutes
from cnn_explorer.core.network import Network


def with_muted(network: Network, index: int, muted: Mutes | None) -> Network:
    """Mute some of a layer's contributions, and no others.

    Parameters
    ----------
    index
        Of the layer.
    muted
        bool, shape (out, in / groups), or None for none.

    Raises
    ------
    ValueError
        If the shape is another.
    """
    layer = network.conv(index)
    changed = replace(layer, muted=None if muted is None else muted.copy())
    if np.array_equal(_mutes(changed), _mutes(layer)):
        return network
    layers = list(network.layers)
    layers[index] = changed
    return replace(network, layers=tuple(layers))


def toggle_mute(network: Network, index: int, filter_: int, channel: int) -> Network:
    """Mute a filter's contribution from an input map of its group, or let it be heard again."""
    muted = _mutes(network.conv(index))
    muted[filter_, channel] ^= True
    return with_muted(network, index, muted)


def toggle_input(network: Network, index: int, channel: int) -> Network:
    """Mute an input map for the whole layer, or where it is muted for all, let it be heard again.

    Parameters
    ----------
    channel
        Number of the input map within its group.
    """
    muted = _mutes(network.conv(index))
    muted[:, channel] = not muted[:, channel].all()
    return with_muted(network, index, muted)


def toggle_solo(network: Network, index: int, filter_: int, channel: int) -> Network:
    """Mute all of a filter's contributions but one, or where that is so, let all be heard."""
    muted = _mutes(network.conv(index))
    alone = np.ones(muted.shape[1], bool)
    alone[channel] = False
    muted[filter_] = False if np.array_equal(muted[filter_], alone) else alone
    return with_muted(network, index, muted)


def only_diagonal(network: Network, index: int) -> Network:
    """Leave filter j the contribution of input map j alone: what “filter j sees only map j” gives.

    Filters that have no input map of their number keep none.
    """
    layer = network.conv(index)
    filters = range(layer.out_channels)
    inputs = np.array([layer.inputs_of(filter_) for filter_ in filters])
    return with_muted(network, index, inputs != np.array(filters)[:, np.newaxis])


def without_mutes(network: Network) -> Network:
    """Let every contribution of every layer be heard."""
    if not any(layer.muted_count for layer in network.layers):
        return network
    layers = tuple(
        replace(layer, muted=None) if isinstance(layer, Conv2d) and layer.muted_count else layer
        for layer in network.layers
    )
    return replace(network, layers=layers)


def _mutes(layer: Conv2d) -> Mutes:
    """A layer's mutes, to be changed."""
    return np.zeros(layer.weight.shape[:2], bool) if layer.muted is None else layer.muted.copy()
