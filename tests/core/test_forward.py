import gc
import tracemalloc
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from itertools import combinations, product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cnn_explorer.core.drawing import draw
from cnn_explorer.core.edit import new_network, with_activation, with_bias
from cnn_explorer.core.forward import Activations, Cancelled, Request, forward
from cnn_explorer.core.network import Conv2d, Network
from cnn_explorer.core.schemes import Address, ChannelScheme
from cnn_explorer.core.state import State

REAL, NAIVE, SHARED = ChannelScheme
SEVEN = draw([[(6, 6), (6, 21), (23, 12)]], size=2.5)

# The oracle: float64, one tap at a time, no code shared with the program.

ACTIVATION: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "none": lambda x: x,
    "relu": lambda x: (x + abs(x)) / 2,
    "leaky_relu": lambda x: (1.01 * x + 0.99 * abs(x)) / 2,
    "tanh": np.tanh,
    "sigmoid": lambda x: (1 + np.tanh(x / 2)) / 2,
}


def padded_by_hand(channel: np.ndarray, layer: Conv2d) -> np.ndarray:
    """Zeros as the layer's padding asks for."""
    sides = []
    for axis in (0, 1):
        size, side = channel.shape[axis], layer.weight.shape[2 + axis]
        if layer.padding == "same":
            outputs = -(-size // layer.stride[axis])
            last = (outputs - 1) * layer.stride[axis] + (side - 1) * layer.dilation[axis]
            total = max(last + 1 - size, 0)
            sides.append((total // 2, total - total // 2))
        else:
            zeros = 0 if layer.padding == "valid" else layer.padding
            sides.append((zeros, zeros))
    return np.pad(channel.astype(float), sides)


def one_convolution(channel: np.ndarray, kernel: np.ndarray, layer: Conv2d) -> np.ndarray:
    source = padded_by_hand(channel, layer)
    (kh, kw), (dy, dx), (sy, sx) = kernel.shape, layer.dilation, layer.stride
    rows = (source.shape[0] - (kh - 1) * dy - 1) // sy + 1
    columns = (source.shape[1] - (kw - 1) * dx - 1) // sx + 1
    total = np.zeros((rows, columns))
    for a, b in np.ndindex(kh, kw):
        total += kernel[a, b] * source[a * dy :: sy, b * dx :: sx][:rows, :columns]
    return total


def finished(total: np.ndarray, layer: Conv2d, j: int) -> np.ndarray:
    return ACTIVATION[layer.activation](total + (0 if layer.bias is None else layer.bias[j]))


def summed_by_hand(state: State) -> list[np.ndarray]:
    """Real and Shared, a filter at a time."""
    maps, result = [state.drawing], []
    for layer in state.network.layers:
        out, depth = layer.weight.shape[:2]
        new = []
        for j in range(out):
            kernels = layer.weight[j].astype(float)
            if state.scheme is SHARED:
                kernels = [sum(kernels) / depth] * depth
            first = j // (out // layer.groups) * depth
            parts = [one_convolution(maps[first + i], kernels[i], layer) for i in range(depth)]
            new.append(finished(sum(parts), layer, j))
        maps = new
        result.append(np.array(maps))
    return result


def naive_by_hand(state: State, address: Address) -> np.ndarray:
    """One map of Naive: a chain of single convolutions."""
    current = state.drawing
    for j, layer in zip(address, state.network.layers, strict=False):
        kernel = sum(layer.weight[j].astype(float))
        current = finished(one_convolution(current, kernel, layer), layer, j)
    return current


# What is tried


def compute(network: Network, scheme: ChannelScheme, drawing=SEVEN, **options) -> Activations:
    return forward(Request(State(drawing, network, scheme), **options))


def every_address(network: Network) -> tuple[tuple[Address, ...], ...]:
    filters = [range(layer.out_channels) for layer in network.layers]
    return tuple(tuple(product(*filters[: index + 1])) for index in range(len(filters)))


@st.composite
def networks(draw, *, most_layers=3) -> Network:
    generator = np.random.default_rng(draw(st.integers(0, 9999)))
    layers, channels, size = [], 1, 28
    for number in range(draw(st.integers(1, most_layers))):
        groups = draw(st.sampled_from([n for n in (1, 2, 3) if channels % n == 0]))
        out = groups * draw(st.integers(1, 4 // groups))
        kernel_size = draw(st.tuples(st.integers(1, 4), st.integers(1, 4)))
        depth = channels // groups
        scale = (depth * kernel_size[0] * kernel_size[1]) ** -0.5
        weight = scale * generator.standard_normal((out, depth, *kernel_size))
        bias = generator.standard_normal(out).astype(np.float32) / 4
        small = size < 16
        layer = Conv2d(
            number,
            weight.astype(np.float32),
            bias if draw(st.booleans()) else None,
            stride=(1, 1) if small else draw(st.tuples(st.integers(1, 2), st.integers(1, 3))),
            dilation=draw(st.tuples(st.integers(1, 2), st.integers(1, 2))),
            padding=draw(st.sampled_from(["same", 3] if small else ["same", "valid", 0, 1, 3])),
            groups=groups,
            activation=draw(st.sampled_from(sorted(ACTIVATION))),
        )
        layers.append(layer)
        channels, size = out, min(layer.output_size((size, size)))
    return Network(tuple(layers))


drawings = st.integers(0, 9999).map(
    lambda seed: np.random.default_rng(seed).random((28, 28), np.float32)
)
methods = st.sampled_from(["signal", "matmul", "auto"])


def assert_close(maps: np.ndarray, expected: np.ndarray) -> None:
    assert maps.dtype == np.float32
    np.testing.assert_allclose(maps, expected, rtol=1e-4, atol=2e-5 * max(1, abs(expected).max()))


@settings(max_examples=60)
@given(networks(), st.sampled_from([REAL, SHARED]), drawings, methods)
def test_real_and_shared_follow_their_definitions(network, scheme, drawing, method):
    shown = compute(network, scheme, drawing, method=method)
    for maps, expected in zip(shown.maps, summed_by_hand(shown.state), strict=True):
        assert_close(maps, expected)
    assert shown.convolutions == sum(
        layer.weight.shape[0] * layer.weight.shape[1] for layer in network.layers
    )


@settings(max_examples=60)
@given(networks(), drawings, methods, st.data())
def test_a_naive_map_is_a_chain_of_single_convolutions(network, drawing, method, data):
    in_view = tuple(
        tuple(data.draw(st.lists(st.sampled_from(addresses), unique=True, max_size=5)))
        for addresses in every_address(network)
    )
    shown = compute(network, NAIVE, drawing, in_view=in_view, method=method)
    for size, maps, addresses in zip(network.sizes[1:], shown.maps, in_view, strict=True):
        assert maps.shape == (len(addresses), *size)
        for values, address in zip(maps, addresses, strict=True):
            assert_close(values, naive_by_hand(shown.state, address))
            np.testing.assert_array_equal(shown.find(address), values)
    ancestors = {
        address[:depth]
        for addresses in in_view
        for address in addresses
        for depth in range(1, len(address) + 1)
    }
    assert shown.convolutions == len(ancestors)


@settings(max_examples=30)
@given(networks(most_layers=1), st.integers(1, 3), st.integers(1, 2), drawings, st.integers(0, 99))
def test_the_average_of_naives_columns_is_shareds_map(first, depth, groups, drawing, seed):
    """Before activation, over the inputs of a group. Layer 1 has one input: no difference there."""
    inputs = depth * groups
    generator = np.random.default_rng(seed)
    weight = generator.standard_normal((2 * groups, depth, 3, 3)).astype(np.float32)
    one = replace(
        first.layers[0],
        weight=np.resize(first.layers[0].weight, (inputs, 1, 3, 3)),
        bias=generator.standard_normal(inputs).astype(np.float32),
        groups=1,
    )
    two = Conv2d(1, weight, None, groups=groups, activation="none")
    network = Network((one, two))
    naive = compute(network, NAIVE, drawing, in_view=every_address(network))
    shared = compute(network, SHARED, drawing)
    np.testing.assert_array_equal(naive.maps[0], shared.maps[0])
    columns = naive.maps[1].reshape(inputs, 2 * groups, *network.sizes[2]).astype(float)
    for j in range(2 * groups):
        group = slice(j // 2 * depth, (j // 2 + 1) * depth)
        # Shared adds up the maps under the mean kernel, Naive has each under their sum.
        assert_close(shared.maps[1][j], columns[group, j].mean(axis=0))


@settings(max_examples=20)
@given(drawings, st.integers(1, 4), methods)
def test_with_one_input_map_all_schemes_are_the_same(drawing, filters, method):
    network = new_network((1, 1, filters), initialisation="he")
    real, naive, shared = (
        compute(network, scheme, drawing, in_view=every_address(network), method=method)
        for scheme in ChannelScheme
    )
    for index in range(3):
        np.testing.assert_array_equal(real.maps[index], naive.maps[index])
        np.testing.assert_array_equal(real.maps[index], shared.maps[index])


@pytest.mark.parametrize("scheme", ChannelScheme)
@pytest.mark.parametrize("method", ["signal", "matmul"])
def test_a_pass_repeats_to_the_last_bit(scheme, method):
    network = new_network((3, 4, 2), initialisation="he")
    options = {"in_view": every_address(network), "method": method}
    one, other = (compute(network, scheme, **options) for _ in range(2))
    for maps, again in zip(one.maps, other.maps, strict=True):
        np.testing.assert_array_equal(maps, again)


@pytest.mark.parametrize("scheme", ChannelScheme)
def test_what_comes_back_names_its_request_and_cannot_change(scheme):
    network = with_bias(with_activation(new_network((2, 3)), 1, "none"), 1, False)
    request = Request(State(SEVEN, network, scheme), every_address(network))
    shown = forward(request)
    assert shown.request is request
    assert shown.state is request.state
    assert shown.seconds > 0
    for maps in shown.maps:
        assert maps.dtype == np.float32
        with pytest.raises(ValueError, match="read-only"):
            maps[0, 0, 0] = 1


def test_the_maps_of_naive_are_in_the_order_of_the_request():
    network = new_network((3, 4))
    wanted = ((2, 1), (0, 3), (2, 0), (0, 3))
    shown = compute(network, NAIVE, in_view=((), wanted))
    for values, address in zip(shown.maps[1], wanted, strict=True):
        assert_close(values, naive_by_hand(shown.state, address))


def test_maps_are_found_by_address():
    network = new_network((3, 4))
    real = compute(network, REAL)
    np.testing.assert_array_equal(real.find((2,)), real.maps[0][2])
    np.testing.assert_array_equal(real.find((0, 3)), real.maps[1][3])
    naive = compute(network, NAIVE, in_view=(((1,),), ((2, 3),)))
    np.testing.assert_array_equal(naive.find((2, 3)), naive.maps[1][0])


def test_what_was_not_computed_is_not_found():
    """As after an edit, until the new maps are there."""
    network = new_network((3, 4))
    real = compute(network, REAL)
    assert [real.find(address) for address in [(3,), (0, 4), (0, 0, 0), ()]] == [None] * 4
    naive = compute(network, NAIVE, in_view=(((1,),), ((2, 3),)))
    assert [naive.find(address) for address in [(2,), (2, 2), (0, 0, 0), ()]] == [None] * 4
    nothing = compute(network, NAIVE)
    assert nothing.find((0,)) is None
    assert [maps.shape for maps in nothing.maps] == [(0, 28, 28)] * 2
    assert nothing.convolutions == 0


@pytest.mark.parametrize(
    ("in_view", "sentence"),
    [
        ((((0,),),), r"^There are addresses for 1 layers; the network has 2\.$"),
        ((((3,),), ()), r"^Part 1 of the address 3 is 3, but layer 1 has filters 0 to 2\.$"),
        (((), ((-1, 0),)), r"^Part 1 of the address -1\.0 is -1, but .* 0 to 2\.$"),
        ((((0, 1),), ()), r"^The address 0\.1 is not one of Conv 1's; those have 1 part\.$"),
        (((), ((0,),)), r"^The address 0 is not one of Conv 2's; those have 2 parts\.$"),
    ],
)
def test_addresses_outside_the_network_are_said(in_view, sentence):
    with pytest.raises(ValueError, match=sentence):
        compute(new_network((3, 4)), NAIVE, in_view=in_view)


# What is computed


class Checkpoint:
    """Counts the calls, and cancels at one of them."""

    def __init__(self, cancel_at: int | None = None) -> None:
        self.calls = 0
        self.cancel_at = cancel_at

    def __call__(self) -> None:
        self.calls += 1
        if self.calls == self.cancel_at:
            raise Cancelled


def test_naive_convolves_what_is_in_view_and_leads_to_it():
    """With one input a filter is one convolution, and each filter has a checkpoint."""
    network = new_network((6, 6, 6))
    in_view = (((0,),), ((1, 2), (1, 3)), ((1, 2, 5), (4, 0, 0)))
    needed = {(0,), (1,), (4,), (1, 2), (1, 3), (4, 0), (1, 2, 5), (4, 0, 0)}
    checkpoint = Checkpoint()
    request = Request(State(SEVEN, network, NAIVE), in_view, "signal")
    shown = forward(request, checkpoint)
    assert checkpoint.calls == shown.convolutions == len(needed)


def test_real_has_a_checkpoint_at_every_filter():
    checkpoint = Checkpoint()
    forward(Request(State(SEVEN, new_network((3, 4))), method="signal"), checkpoint)
    assert checkpoint.calls == 7


@pytest.mark.parametrize("scheme", ChannelScheme)
@pytest.mark.parametrize(("method", "at"), [("signal", 1), ("signal", 5), ("matmul", 2)])
def test_a_checkpoint_cancels(scheme, method, at):
    network = new_network((3, 4))
    checkpoint = Checkpoint(cancel_at=at)
    request = Request(State(SEVEN, network, scheme), every_address(network), method)
    with pytest.raises(Cancelled):
        forward(request, checkpoint)
    assert checkpoint.calls == at


def test_the_work_of_the_whole_pass_decides_the_method():
    assert compute(new_network((3, 4)), REAL).method == "signal"
    wide = new_network((32, 64, 128))
    assert compute(wide, REAL).method == "matmul"
    assert compute(wide, SHARED).method == "matmul"
    few = (((0,),), ((0, 1), (5, 6)), ((0, 1, 2),))
    assert compute(wide, NAIVE, in_view=few).method == "signal"
    first_layer = tuple((j,) for j in range(32))
    many = (first_layer, tuple((0, j) for j in range(64)), tuple((0, 0, j) for j in range(128)))
    assert compute(wide, NAIVE, in_view=many).method == "matmul"
    assert compute(new_network((3, 4)), REAL, method="matmul").method == "matmul"


def test_eight_layers_of_64_cost_what_is_in_view():
    """2.8e14 maps; eight of the last layer are in view, and the paths to them."""
    network = new_network((64,) * 8)
    in_view = (*[()] * 7, tuple((1, 2, 3, 4, 5, 6, 7, j) for j in range(8)))
    request = Request(State(SEVEN, network, NAIVE), in_view, "matmul")
    gc.collect()
    tracemalloc.start()
    try:
        shown = forward(request)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert shown.convolutions == 7 + 8
    assert shown.maps[7].shape == (8, 28, 28)
    assert sum(maps.size for maps in shown.maps) == 8 * 28 * 28
    assert peak < 2e6
    assert_close(shown.maps[7][3], naive_by_hand(shown.state, in_view[7][3]))


# What a user sees of the hand-made kernels


@cache
def on_the_seven(filters: tuple[int, ...], scheme: ChannelScheme) -> tuple[np.ndarray, ...]:
    network = new_network(filters)
    few = tuple(addresses[:40] for addresses in every_address(network))
    return compute(network, scheme, in_view=few, method="matmul").maps


def alike(one: np.ndarray, other: np.ndarray) -> float:
    return float(np.corrcoef(one.ravel(), other.ravel())[0, 1])


@pytest.mark.parametrize("scheme", ChannelScheme)
def test_every_map_of_the_opening_network_is_worth_seeing(scheme):
    for maps in on_the_seven((3, 4), scheme):
        strongest = maps.max(axis=(1, 2))
        assert (strongest > 0.25 * maps.max()).all()
        # Ink stands out from the ground, which is bias alone.
        assert (np.ptp(maps, axis=(1, 2)) > 0.9 * strongest).all()
        assert all(alike(one, other) < 0.97 for one, other in combinations(maps, 2))


def test_the_schemes_look_different_above_layer_one():
    """On the scale that each layer's maps share."""
    real, naive, shared = (
        maps / maps.max() for maps in (on_the_seven((3, 4), scheme)[1] for scheme in ChannelScheme)
    )
    for j in range(4):
        assert np.abs(real[j] - shared[j]).max() > 0.25
        assert all(np.abs(real[j] - naive[i * 4 + j]).max() > 0.25 for i in range(3))
    assert np.mean([alike(real[j], shared[j]) for j in range(4)]) < 0.85


@pytest.mark.parametrize("filters", [(8, 16), (8, 16, 16, 16), (3, 4, 3, 4)])
@pytest.mark.parametrize("scheme", ChannelScheme)
def test_values_neither_vanish_nor_explode(filters, scheme):
    for maps in on_the_seven(filters, scheme):
        strongest = maps.max(axis=(1, 2))
        assert (strongest > 0).all()
        assert np.median(strongest) > 0.2
        assert maps.max() < 20
