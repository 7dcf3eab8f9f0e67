from dataclasses import replace

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from cnn_explorer.core.edit import new_network
from cnn_explorer.core.forward import Request, forward
from cnn_explorer.core.lineage import lineage
from cnn_explorer.core.mutes import toggle_mute
from cnn_explorer.core.network import Network
from cnn_explorer.core.schemes import ChannelScheme, scheme_kernel
from cnn_explorer.core.state import State

from . import oracle
from .oracle import NAIVE, REAL, SHARED

DRAWING = np.random.default_rng(5).random((28, 28), np.float32)


@st.composite
def networks(draw) -> Network:
    """Positive weights and activations that show them: every kernel that reaches a map is seen."""
    network = draw(oracle.networks(most_filters=4, most_side=2, positive=True))
    layers = (
        replace(
            layer,
            activation="leaky_relu",
            activation_parameters=(),
            bias=np.ones(layer.out_channels, np.float32),
        )
        for layer in network.layers
    )
    return Network(tuple(layers))


def map_at(network: Network, scheme: ChannelScheme, address) -> np.ndarray:
    in_view = tuple(
        (address,) if index == len(address) - 1 else () for index in range(len(network.layers))
    )
    return forward(Request(State(DRAWING, network, scheme), in_view, "matmul")).find(address)


@settings(max_examples=40)
@given(networks(), st.sampled_from(ChannelScheme), st.sampled_from([0, 3]), st.data())
def test_the_kernels_that_reach_a_map_are_those_that_change_it(network, scheme, factor, data):
    """Each kernel in turn is zeroed, or scaled, and the map computed anew."""
    depth = data.draw(st.integers(1, len(network.layers)))
    address = tuple(
        data.draw(st.integers(0, layer.out_channels - 1)) for layer in network.layers[:depth]
    )
    found = lineage(network, scheme, address)
    assert len(found) == depth
    before = map_at(network, scheme, address)
    for index, lit in enumerate(found):
        layer = network.layers[index]
        assert lit.dtype == bool
        assert lit.shape == scheme_kernel(layer, scheme).shape[:2]
        for j, i in np.ndindex(lit.shape):
            weight = layer.weight.copy()
            # A flat kernel is that of all inputs together.
            weight[j, i if scheme is REAL else slice(None)] *= factor
            layers = list(network.layers)
            layers[index] = replace(layer, weight=weight)
            after = map_at(Network(tuple(layers)), scheme, address)
            assert lit[j, i] == (not np.array_equal(before, after))


def lit(network, scheme, address) -> list[list[list[int]]]:
    return [kernels.astype(int).tolist() for kernels in lineage(network, scheme, address)]


def test_by_hand_the_cone_and_the_chain():
    network = toggle_mute(new_network((3, 2)), 1, 1, 0)
    ones = [[1], [1], [1]]
    assert lit(network, REAL, (0, 0)) == [ones, [[1, 1, 1], [0, 0, 0]]]
    assert lit(network, REAL, (0, 1)) == [[[0], [1], [1]], [[0, 0, 0], [0, 1, 1]]]
    assert lit(network, SHARED, (0, 1)) == [[[0], [1], [1]], [[0], [1]]]
    assert lit(network, NAIVE, (2, 1)) == [[[0], [0], [1]], [[0], [1]]]
    assert lit(network, NAIVE, (0, 1)) == [[[0], [0], [0]], [[0], [0]]]
    assert lit(network, REAL, (2,)) == [[[0], [0], [1]]]


def test_by_hand_the_cone_stays_in_its_group():
    first = new_network((4,)).layers[0]
    grouped = replace(new_network((2, 6)).layers[1], groups=2)
    network = Network((first, grouped))
    for j in range(6):
        reached = [[1], [1], [0], [0]] if j < 3 else [[0], [0], [1], [1]]
        own = [[int(row == j)] * 2 for row in range(6)]
        assert lit(network, REAL, (0, j)) == [reached, own]
    assert lit(network, NAIVE, (3, 0))[0] == [[0], [0], [0], [1]]  # which knows no groups
