import gc
import tracemalloc
from dataclasses import replace
from functools import cache
from itertools import combinations, product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cnn_explorer.core.addresses import Address, path_to
from cnn_explorer.core.building import new_network
from cnn_explorer.core.drawing import draw
from cnn_explorer.core.edit import with_activation, with_bias
from cnn_explorer.core.forward import Activations, Cancelled, Request, forward
from cnn_explorer.core.kernel_layers import Conv2d
from cnn_explorer.core.making import Cells, can_be_made
from cnn_explorer.core.mutes import toggle_mute
from cnn_explorer.core.network import Network
from cnn_explorer.core.schemes import ChannelScheme
from cnn_explorer.core.state import State

from . import oracle
from .oracle import NAIVE, REAL, SHARED, drawings, methods, networks

SEVEN = draw([[(6, 6), (6, 21), (23, 12)]], size=2.5)


def compute(network: Network, scheme: ChannelScheme, drawing=SEVEN, **options) -> Activations:
    return forward(Request(State(drawing, network, scheme), **options))


def every_address(network: Network) -> tuple[tuple[Address, ...], ...]:
    filters = [range(layer.out_channels) for layer in network.layers]
    return tuple(tuple(product(*filters[: index + 1])) for index in range(len(filters)))


def assert_close(maps: np.ndarray, expected: np.ndarray) -> None:
    assert maps.dtype == np.float32
    np.testing.assert_allclose(maps, expected, rtol=1e-4, atol=2e-5 * abs(expected).max(initial=1))


def before_each(shown: Activations) -> tuple[np.ndarray, ...]:
    """The maps before activation, which come with the making of a map of their layer."""
    lengths = range(1, len(shown.maps) + 1)
    makings = [replace(shown.request, making=(0,) * length) for length in lengths]
    return tuple(forward(request).before[len(request.making) - 1] for request in makings)


@settings(max_examples=40)
@given(networks(), st.sampled_from([REAL, SHARED]), drawings, methods)
def test_real_and_shared_follow_their_definitions(network, scheme, drawing, method):
    shown = compute(network, scheme, drawing, method=method)
    befores, afters = oracle.summed(shown.state)
    for maps, expected in zip(before_each(shown) + shown.maps, befores + afters, strict=True):
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
    assert shown.addresses == in_view
    for size, befores, maps, addresses in zip(
        network.sizes[1:], shown.before, shown.maps, in_view, strict=True
    ):
        assert maps.shape == befores.shape == (len(addresses), *size)
        for before, values, address in zip(befores, maps, addresses, strict=True):
            by_hand = oracle.naive(shown.state, address)
            assert_close(before, by_hand[0])
            assert_close(values, by_hand[1])
            np.testing.assert_array_equal(shown.find(address), values)
    ancestors = {
        address[:depth]
        for addresses in in_view
        for address in addresses
        for depth in range(1, len(address) + 1)
    }
    assert shown.convolutions == len(ancestors)


@settings(max_examples=60)
@given(oracle.mixed(), st.sampled_from([REAL, SHARED]), drawings, methods)
def test_layers_of_every_kind_follow_their_definitions(network, scheme, drawing, method):
    shown = compute(network, scheme, drawing, method=method)
    befores, afters = oracle.summed(shown.state)
    assert [maps.shape[1:] for maps in afters] == list(network.sizes[1:])
    looked_at = [
        index for index in range(len(afters)) if can_be_made(shown.state, (0,) * (index + 1))
    ]
    for index in looked_at:
        address = path_to(network, (0,) * len(afters), index, 0)
        before = forward(replace(shown.request, making=address)).before[index]
        assert_close(before, befores[index])
    for maps, expected in zip(shown.maps, afters, strict=True):
        assert_close(maps, expected)
    convolutions = [layer for layer in network.layers if type(layer) is Conv2d]
    assert shown.convolutions == sum(
        layer.weight.shape[0] * layer.weight.shape[1] for layer in convolutions
    )


@settings(max_examples=50)
@given(oracle.mixed(most_filters=3), drawings, methods, st.data())
def test_a_naive_map_goes_through_layers_of_every_kind(network, drawing, method, data):
    every = oracle.addresses(network)
    in_view = tuple(
        tuple(data.draw(st.lists(st.sampled_from(some), unique=True, max_size=3))) if some else ()
        for some in every
    )
    shown = compute(network, NAIVE, drawing, in_view=in_view, method=method)
    for maps, some in zip(shown.maps, in_view, strict=True):
        assert len(maps) == len(some)
        for address in some:
            assert_close(shown.find(address), oracle.naive(shown.state, address)[1])
    for some in every:
        others = [address for address in some[:5] if address not in in_view[len(address) - 1]]
        assert all(shown.find(address) is None for address in others)


@settings(max_examples=30)
@given(networks(most_layers=1), st.integers(1, 3), st.integers(1, 2), drawings, st.integers(0, 99))
def test_the_average_of_naives_columns_is_shareds_map(first, depth, groups, drawing, seed):
    """Before activation, over the inputs of a group. Layer 1 has one input: no difference there.

    Mutes included: a muted map of Naive is its bias alone.
    """
    inputs = depth * groups
    generator = np.random.default_rng(seed)
    weight = generator.standard_normal((2 * groups, depth, 3, 3)).astype(np.float32)
    one = replace(
        first.layers[0],
        weight=np.resize(first.layers[0].weight, (inputs, 1, 3, 3)),
        bias=generator.standard_normal(inputs).astype(np.float32),
        groups=1,
        muted=generator.random((inputs, 1)) < 0.2,
    )
    bias = generator.standard_normal(2 * groups).astype(np.float32)
    muted = generator.random((2 * groups, depth)) < 0.4
    two = Conv2d(1, weight, bias, groups=groups, activation="tanh", muted=muted)
    network = Network((one, two))
    naive = compute(network, NAIVE, drawing, in_view=every_address(network))
    shared = compute(network, SHARED, drawing)
    np.testing.assert_array_equal(naive.maps[0], shared.maps[0])
    columns = naive.before[1].reshape(inputs, 2 * groups, *network.sizes[2]).astype(float)
    for j in range(2 * groups):
        group = slice(j // 2 * depth, (j // 2 + 1) * depth)
        # Shared adds up the maps under the mean kernel, Naive has each under their sum.
        assert_close(before_each(shared)[1][j], columns[group, j].mean(axis=0))


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
        assert_close(values, oracle.naive(shown.state, address)[1])


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
    for making in (None, (0, 0)):
        with pytest.raises(ValueError, match=sentence):
            compute(new_network((3, 4)), NAIVE, in_view=in_view, making=making)


@pytest.mark.parametrize("scheme", ChannelScheme)
@pytest.mark.parametrize(
    ("making", "sentence"),
    [
        ((), r"^The address \(empty\) has 0 parts; .*\.$"),
        ((0, 1, 2), r"^The address 0\.1\.2 has 3 parts; .*\.$"),
        ((0, 4), r"^Part 2 of the address 0\.4 is 4, but layer 2 has filters 0 to 3\.$"),
        ((-1,), r"^Part 1 of the address -1 is -1, but layer 1 has filters 0 to 2\.$"),
    ],
)
def test_the_making_of_a_map_outside_the_network_is_said(scheme, making, sentence):
    with pytest.raises(ValueError, match=sentence):
        compute(new_network((3, 4)), scheme, making=making)


# What is looked at, and what is known already


def assert_same_pass(one: Activations, other: Activations, equal) -> None:
    """Apart from the time it took, and from where it began."""
    for name in ("request", "method", "addresses", "convolutions"):
        assert getattr(one, name) == getattr(other, name)
    pairs = list(zip(one.maps, other.maps, strict=True))
    assert (one.making is None) == (other.making is None)
    if one.making is not None:
        assert (one.making.state, one.making.address) == (other.making.state, other.making.address)
        assert one.making.proof.holds
        names = ("maps", "kernels", "parts", "before", "map", "running")
        pairs += [(getattr(one.making, name), getattr(other.making, name)) for name in names]
    for block, again in zip(one.blocks, other.blocks, strict=True):
        assert block.cells == again.cells
        names = ("parts", "running", "sums")
        pairs += [(getattr(block, name), getattr(again, name)) for name in names]
    for values, again in pairs:
        equal(values, again)


LOOKED_AT = new_network((3, 4))
STATES = [
    State(drawing, network, scheme)
    for scheme in ChannelScheme
    for network in (LOOKED_AT, toggle_mute(LOOKED_AT, 1, 2, 0))
    for drawing in (SEVEN, SEVEN, SEVEN.T.copy())
]
requests = st.builds(
    Request,
    st.sampled_from(STATES),
    st.sampled_from([(), (((0,),), ((1, 2), (0, 3))), ((), ((2, 1),))]),
    st.sampled_from(["signal", "matmul"]),
    st.sampled_from([None, (1,), (0, 3), (2, 2)]),
    st.sampled_from([(), (Cells(1, range(1, 3), range(4)), Cells(0, range(1), range(2)))]),
)


@pytest.mark.parametrize("name", ["state", "in_view", "method", "making", "cells"])
@settings(max_examples=20)
@given(requests, requests)
def test_what_is_known_changes_nothing_of_what_comes_back(name, one, other):
    """One part of the request is another, then all are.

    To the last bit, unless the drawing alone is another; see test_patch.py.
    """
    known = forward(one)
    exact = True
    for request in (replace(one, **{name: getattr(other, name)}), other, one):
        known = forward(request, known=known)
        exact = exact and not known.changed
        equal = np.testing.assert_array_equal if exact else assert_close
        assert_same_pass(known, forward(request), equal)


@given(requests, requests)
def test_what_is_known_is_not_computed_again(one, other):
    other = replace(other, state=one.state, in_view=one.in_view, method=one.method)
    if one.state.scheme is NAIVE or other.making is not None:
        other = replace(other, making=one.making)
    known = forward(one)
    shown = forward(other, known=known)
    assert all(maps is again for maps, again in zip(known.maps, shown.maps, strict=True))
    assert shown.request is other


@pytest.mark.parametrize("scheme", [REAL, SHARED])
def test_maps_before_activation_are_kept_where_a_making_begins_with_them(scheme):
    request = Request(State(SEVEN, new_network((2, 3)), scheme), making=(0, 1))
    known = forward(request)
    assert known.before[0] is None
    np.testing.assert_array_equal(known.making.before, known.before[1][1])
    other = replace(request, making=(0, 2))
    assert forward(other, known=known).maps[1] is known.maps[1]
    shown = forward(replace(request, making=(1,)), known=known)
    np.testing.assert_array_equal(shown.making.before, shown.before[0][1])


def test_naive_also_holds_what_a_making_needs_and_has_no_contributions():
    network = new_network((3, 4, 2))
    in_view = ((), ((0, 1), (2, 3)), ())
    cells = (Cells(1, range(3), range(4)),)
    shown = compute(network, NAIVE, in_view=in_view, making=(2, 1, 0), cells=cells)
    assert shown.addresses == ((), ((0, 1), (2, 3), (2, 1)), ((2, 1, 0),))
    assert shown.blocks == ()
    assert shown.convolutions == 2 + 3 + 1
    np.testing.assert_array_equal(shown.making.maps[0], shown.find((2, 1)))
    np.testing.assert_array_equal(shown.making.map, shown.find((2, 1, 0)))


@pytest.mark.parametrize("scheme", ChannelScheme)
def test_a_checkpoint_also_cancels_while_a_map_is_taken_apart(scheme):
    request = Request(State(SEVEN, new_network((3, 4)), scheme), making=(0, 1))
    known = forward(request)
    with pytest.raises(Cancelled):
        forward(request, Checkpoint(cancel_at=1), known)


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
    assert_close(shown.maps[7][3], oracle.naive(shown.state, in_view[7][3])[1])


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
