"""What is as trained in a network, and what is not any more."""

from collections.abc import Sequence
from typing import Final

import numpy as np

from cnn_explorer.core.kernel_layers import Conv2d
from cnn_explorer.core.layer import Layer
from cnn_explorer.core.network import Network

TRAINED: Final = "trained"
"""The initialisation of a layer whose kernels come from `Network.trained`."""

UNTRAINED: Final = "he"
"""Where kernels come from that such a layer has beyond those that were trained."""


def trained_layer(network: Network, layer: Conv2d) -> Conv2d | None:
    """What a layer was trained to be, or None where it was not trained as such a layer."""
    for known in network.trained.layers if network.trained else ():
        if known.number == layer.number and type(known) is type(layer):
            assert isinstance(known, Conv2d)
            return known
    return None


def is_as_trained(network: Network) -> bool:
    """Whether a network computes what it was trained to compute: nothing edited, nothing muted."""
    return network.trained is not None and same_layers(network.layers, network.trained.layers)


def same_layers(ones: Sequence[Layer], others: Sequence[Layer]) -> bool:
    """Whether two networks of such layers compute the same."""
    return len(ones) == len(others) and all(map(_same, ones, others))


def _same(one: Layer, other: Layer) -> bool:
    """Whether two layers compute the same."""
    if one is other:
        return True
    if type(one) is not type(other):
        return False
    names = set(one.__dataclass_fields__) - {"initialisation", "fan"}
    return all(_equal(getattr(one, name), getattr(other, name)) for name in names)


def _equal(one: object, other: object) -> bool:
    if isinstance(one, np.ndarray) and isinstance(other, np.ndarray):
        return np.array_equal(one, other)
    return type(one) is type(other) and one == other
