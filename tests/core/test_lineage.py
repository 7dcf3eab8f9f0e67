from dataclasses import replace

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from cnn_explorer.core.addresses import followed
from cnn_explorer.core.building import new_network
from cnn_explorer.core.forward import Request, forward
from cnn_explorer.core.kernel_layers import Conv2d, Linear
from cnn_explorer.core.layers import AvgPool2d, BatchNorm2d, Flatten, Softmax
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


@st.composite
def mixed_networks(draw) -> Network:
    """Layers of every kind that let through what changes: nothing is lost in a largest value."""
    chosen = []
    for layer in draw(oracle.mixed(most_filters=3, most_side=2, positive=True)).layers:
        if isinstance(layer, Conv2d):
            weight = abs(layer.weight) + np.float32(0.05)
            bias = np.linspace(1, 2, layer.out_channels, dtype=np.float32)
            own = {"activation": "none", "activation_parameters": ()}
            # Or a pixel may be padding's alone, which no kernel reaches.
            own["padding_mode"] = "zeros" if isinstance(layer, Linear) else "replicate"
            layer = replace(layer, weight=weight, bias=bias, **own)
        elif isinstance(layer, BatchNorm2d):
            values = (np.full(layer.channels, n, np.float32) for n in (0.1, 1, 2, 0.3))
            layer = BatchNorm2d(layer.number, layer.channels, *values)
        elif isinstance(layer, Softmax):
            values = (np.full(layer.channels, n, np.float32) for n in (0, 1, 1, 0))
            layer = BatchNorm2d(layer.number, layer.channels, *values)
        chosen.append(layer)
    return Network(tuple(chosen))


@settings(max_examples=40)
@given(mixed_networks(), st.sampled_from(ChannelScheme), st.data())
def test_kernels_reach_a_map_through_layers_of_every_kind(network, scheme, data):
    last = network.head if scheme is NAIVE else len(network.layers)
    if not last:
        return
    depth = data.draw(st.integers(1, last))
    path = data.draw(st.tuples(*[st.integers(0, 9)] * depth))
    address = followed(network, path)[:depth]
    found = lineage(network, scheme, address)
    before = map_at(network, scheme, address)
    for index, lit in enumerate(found):
        layer = network.layers[index]
        if not isinstance(layer, Conv2d):
            continue
        assert lit.shape == scheme_kernel(layer, scheme).shape[:2]
        for j, i in list(np.ndindex(lit.shape))[:12]:
            weight = layer.weight.copy()
            weight[j, i if scheme is REAL else slice(None)] *= 3
            layers = list(network.layers)
            layers[index] = replace(layer, weight=weight)
            after = map_at(Network(tuple(layers)), scheme, address)
            assert lit[j, i] == (not np.array_equal(before, after))


def test_by_hand_the_cone_through_a_head():
    first = toggle_mute(new_network((3,)), 0, 1, 0).layers[0]
    weight = np.ones((2, 12, 1, 1), np.float32)
    network = Network(
        (
            first,
            AvgPool2d(1, 3, (14, 14), (14, 14)),
            Flatten(2, 3, (2, 2)),
            Linear(3, weight, None, activation="none"),
            Softmax(4, 2),
        )
    )
    shares = lit(network, REAL, (0, 0, 0, 0, 1))
    assert shares[0] == [[1], [0], [1]]  # map 1 is muted
    assert shares[1] == [[1]] * 3
    assert shares[2] == [[1]] * 12
    assert shares[3] == [[1] * 12] * 2
    assert shares[4] == [[0, 0], [1, 1]]
    assert lit(network, REAL, (1, 1, 7)) == [
        [[0], [0], [0]],
        [[0], [1], [0]],
        [[int(pixel == 7)] for pixel in range(12)],
    ]
    assert lit(network, REAL, (2, 2, 8))[0] == [[0], [0], [1]]
    assert lit(network, NAIVE, (2, 2)) == [[[0], [0], [1]], [[0], [0], [1]]]
