from dataclasses import replace
from itertools import combinations, product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cnn_explorer.core.addresses import followed, path_to
from cnn_explorer.core.building import new_network
from cnn_explorer.core.explain import window_terms
from cnn_explorer.core.forward import Activations, Request, forward
from cnn_explorer.core.kernel_layers import Conv2d
from cnn_explorer.core.layers import AvgPool2d, BatchNorm2d, MaxPool2d
from cnn_explorer.core.ledger import ledger_of
from cnn_explorer.core.ledger_copies import as_numpy, as_text
from cnn_explorer.core.making import Cells, block, make
from cnn_explorer.core.network import Network
from cnn_explorer.core.schemes import ChannelScheme
from cnn_explorer.core.sentences import map_sentence
from cnn_explorer.core.state import State

from . import oracle
from .oracle import NAIVE, REAL, SHARED

DRAWING = np.random.default_rng(5).random((28, 28), np.float32)


@st.composite
def passes(draw, scheme=None, **options) -> Activations:
    """A pass over a random network that takes a random map apart."""
    network = draw(oracle.networks(**options))
    depth = draw(st.integers(1, len(network.layers)))
    address = tuple(
        draw(st.integers(0, layer.weight.shape[0] - 1)) for layer in network.layers[:depth]
    )
    scheme = scheme or draw(st.sampled_from(ChannelScheme))
    state = State(draw(oracle.drawings), network, scheme)
    return forward(Request(state, method=draw(oracle.methods), making=address))


def close(values: np.ndarray, expected: np.ndarray) -> None:
    assert values.dtype == np.float32
    np.testing.assert_allclose(values, expected, rtol=1e-4, atol=2e-5 * max(1, abs(expected).max()))


@settings(max_examples=40)
@given(passes(most_side=6))
def test_a_map_is_made_of_its_parts(shown):
    state, making = shown.state, shown.making
    index, j = len(making.address) - 1, making.address[-1]
    layer = state.network.layers[index]
    assert (making.state, making.layer) == (state, layer)
    np.testing.assert_array_equal(making.map, shown.find(making.address))
    np.testing.assert_array_equal(making.before, shown.before[index][shown.place(making.address)])

    if state.scheme is NAIVE:
        parent = making.address[-2] if index else 0
        maps = [shown.find(making.address[:-1])] if index else [state.drawing]
        channels, kernels = [parent], oracle.kernels(layer, j, NAIVE)[:1]
        own = dict(zip(oracle.inputs(layer, j), oracle.mutes(layer, j), strict=True))
        muted = [own.get(parent, False)]
    else:
        channels = oracle.inputs(layer, j)
        every = shown.maps[index - 1] if index else state.drawing[np.newaxis]
        maps = [every[channel] for channel in channels]
        kernels, muted = oracle.kernels(layer, j, state.scheme), oracle.mutes(layer, j)
    assert list(making.channels) == channels
    assert making.muted.tolist() == muted
    np.testing.assert_array_equal(making.maps, maps)
    np.testing.assert_allclose(making.kernels, kernels, rtol=1e-5, atol=1e-6)
    parts = np.array(
        [
            oracle.one_convolution(one, kernel, layer)
            for one, kernel in zip(maps, kernels, strict=True)
        ]
    )
    close(making.parts, parts)

    heard = np.where(np.array(muted)[:, np.newaxis, np.newaxis], 0, parts)
    close(making.running, np.cumsum(heard, axis=0))
    close(making.total, heard.sum(axis=0))
    assert (making.bias is None) == (layer.bias is None)
    assert (making.bias or 0) == oracle.bias_of(layer, j)
    close(making.before, heard.sum(axis=0) + oracle.bias_of(layer, j))
    close(making.map, oracle.activated(making.before.astype(float), layer))
    masses = [[part[part < 0].sum(), part[part > 0].sum()] for part in making.parts.astype(float)]
    np.testing.assert_allclose(making.masses, masses, rtol=1e-9, atol=1e-12)


@settings(max_examples=40)
@given(passes(most_side=6), st.data())
def test_the_terms_of_a_pixel_and_the_bias_are_its_value(shown, data):
    making = shown.making
    row, column = (data.draw(st.integers(0, size - 1)) for size in making.map.shape)
    terms = making.pixel(row, column)
    total = terms.products[~making.muted].astype(float).sum() + (making.bias or 0)
    assert abs(total - making.before[row, column]) <= making.proof.before_allowed


@settings(max_examples=40)
@given(passes(most_side=11, most_filters=8, most_layers=2))
def test_the_proof_holds(shown):
    assert shown.making.proof.holds
    assert shown.making.proof.before_allowed < 1e-3


@settings(max_examples=20)
@given(st.integers(0, 9999), st.booleans(), st.sampled_from([REAL, SHARED]))
def test_the_proof_holds_where_contributions_cancel(seed, muted, scheme):
    """Pairs of large contributions that leave little: sums in other orders round differently."""
    generator = np.random.default_rng(seed)
    first = Conv2d(0, np.ones((64, 1, 1, 1), np.float32), None, activation="none")
    weight = generator.standard_normal((2, 64, 3, 3)).astype(np.float32) * 1e4
    weight[:, 1::2] = -weight[:, ::2]
    mutes = np.zeros((2, 64), bool)
    mutes[:, generator.permutation(64)[: 5 * muted]] = True
    network = Network((first, Conv2d(1, weight, None, activation="tanh", muted=mutes)))
    state = State(generator.random((28, 28), np.float32), network, scheme)
    proofs = [
        forward(Request(state, method=method, making=(0, 1))).making.proof
        for method in ("signal", "matmul")
    ]
    assert all(proof.holds for proof in proofs)
    if scheme is REAL and not muted:
        assert max(proof.before for proof in proofs) > 0  # or nothing would have been tried


@settings(max_examples=30)
@given(passes(most_side=4), st.data())
def test_a_planted_fault_is_found(shown, data):
    making = shown.making
    allowed = making.proof.before_allowed
    row, column = (data.draw(st.integers(0, size - 1)) for size in making.map.shape)
    maps = making.maps
    if shown.state.scheme is not NAIVE:
        index = len(making.address) - 1
        maps = shown.maps[index - 1] if index else shown.state.drawing[np.newaxis]

    def proof(before, after):
        return make(shown.state, making.address, maps, before, after, "signal").proof

    before = making.before.copy()
    before[row, column] += np.float32(3 * allowed + 1e-6)
    assert not proof(before, making.map).holds
    after = making.map.copy()
    after[row, column] += np.float32(3 * making.proof.after_allowed + 1e-6)
    assert not proof(making.before, after).holds
    for channel, part in enumerate(making.parts):
        if not making.muted[channel] and abs(part).max() > 3 * allowed:
            assert not proof(making.before - part, making.map).holds
    for wrong in (np.nan, np.inf):
        before[row, column] = wrong
        assert proof(before, making.map).before == np.inf
        assert not proof(before, making.map).holds


# Layers without kernels


@st.composite
def window_passes(draw) -> Activations:
    """A pass over a random network that takes a map of pooling or normalisation apart."""
    network = draw(oracle.mixed(most_layers=4, body=True))
    channels = network.layers[-1].out_channels
    last = draw(oracle.pools(99, channels, network.sizes[-1]) | oracle.norms(99, channels))
    network = Network((*network.layers, last))
    index = len(network.layers) - 1
    path = [draw(st.integers(0, layer.out_channels - 1)) for layer in network.layers]
    address = path_to(network, followed(network, path), index, path[-1])
    state = State(draw(oracle.drawings), network, draw(st.sampled_from(ChannelScheme)))
    return forward(Request(state, method=draw(oracle.methods), making=address))


def parent_of(shown: Activations) -> np.ndarray:
    """The map that the one which is taken apart is made of."""
    address = shown.making.address
    return shown.find(address[:-1]) if len(address) > 1 else shown.state.drawing


@settings(max_examples=60)
@given(window_passes())
def test_a_map_without_kernels_is_made_of_one_part(shown):
    making, layer, j = shown.making, shown.making.layer, shown.making.address[-1]
    assert not making.mutable
    assert making.channels == ((j,) if len(making.address) > 1 else (0,))
    assert making.muted.tolist() == [False]
    assert making.parts.shape == (1, *shown.state.network.sizes[-1])
    np.testing.assert_array_equal(making.maps, parent_of(shown)[np.newaxis])
    np.testing.assert_array_equal(making.map, shown.find(making.address))
    expected = oracle.plain(layer, parent_of(shown), j)
    close(making.before, expected)
    close(making.total + np.float32(making.bias or 0), expected)
    assert (making.bias is not None) == isinstance(layer, BatchNorm2d)
    assert making.proof.holds
    assert making.proof.before_allowed < 1e-3


@settings(max_examples=60)
@given(window_passes(), st.data())
def test_the_products_of_a_window_are_its_pixel(shown, data):
    making, layer = shown.making, shown.making.layer
    pixel = tuple(data.draw(st.integers(0, size - 1)) for size in making.map.shape)
    terms, parent = making.pixel(*pixel), parent_of(shown)
    allowed = making.proof.before_allowed
    total = terms.products.astype(float).sum() + (making.bias or 0)
    assert abs(total - making.before[pixel]) <= allowed
    assert abs(total - (making.bias or 0) - making.parts[0][pixel]) <= allowed
    # The window, cell by cell, from where the definition says it is.
    if isinstance(layer, BatchNorm2d):
        lines = [[pixel[0]], [pixel[1]]]
    else:
        every = (oracle.pool_windows(layer, axis, parent.shape[axis]) for axis in (0, 1))
        lines = [windows[pixel[axis]] for axis, windows in enumerate(every)]
    assert [terms.rows.tolist(), terms.columns.tolist()] == lines
    inside = {}
    for a, b in product(*(range(len(line)) for line in lines)):
        row, column = lines[0][a], lines[1][b]
        there = 0 <= row < parent.shape[0] and 0 <= column < parent.shape[1]
        assert terms.padding[a, b] == (not there)
        assert terms.window[0, a, b] == (parent[row, column] if there else 0)
        if there:
            inside[a, b] = parent[row, column]
    if isinstance(layer, MaxPool2d):
        # max() gives the first of equals, and the cells are in their order.
        winner = max(inside, key=inside.__getitem__)
        assert np.argwhere(terms.kernel[0]).tolist() == [list(winner)]
        assert terms.kernel[0][winner] == 1


@settings(max_examples=20)
@given(window_passes(), st.data())
def test_a_fault_planted_in_a_layer_without_kernels_is_found(shown, data):
    making = shown.making
    pixel = tuple(data.draw(st.integers(0, size - 1)) for size in making.map.shape)
    maps = parent_of(shown)[np.newaxis]
    for planted in (3 * making.proof.before_allowed + 1e-6, np.nan, np.inf):
        before = making.before.copy()
        before[pixel] += np.float32(planted)
        found = make(shown.state, making.address, maps, before, making.map, "signal")
        assert not found.proof.holds


def test_the_first_of_equals_wins_and_padding_never_does():
    """Also where all that the map has is negative, infinite or no number."""
    layer = MaxPool2d(0, 1, (2, 2), (2, 2), padding=1)
    for value in (0.0, -1.0, -np.inf, np.nan):
        map_ = np.full((4, 4), value, np.float32)
        for pixel, winner in (((0, 0), (1, 1)), ((0, 1), (1, 0)), ((1, 1), (0, 0))):
            terms = window_terms(map_, layer, 0, pixel)
            assert np.argwhere(terms.kernel[0]).tolist() == [list(winner)]


@settings(max_examples=30)
@given(st.integers(0, 9999), st.floats(1, 1e6), st.sampled_from(["none", "tanh"]))
def test_the_proof_of_a_normalisation_holds_where_mean_and_bias_cancel(seed, mean, activation):
    """Large statistics that leave little: what is added to a product is all but lost."""
    generator = np.random.default_rng(seed)
    means, scale = np.full(1, mean, np.float32), generator.uniform(0.1, 3, 1).astype(np.float32)
    ones = np.ones(1, np.float32)
    bias = (means * scale).astype(np.float32)
    layer = BatchNorm2d(0, 1, means, ones, scale, bias, eps=1e-12, activation=activation)
    drawing = (generator.random((28, 28)) < 0.1).astype(np.float32) * np.float32(1e-3)
    making = forward(Request(State(drawing, Network((layer,))), making=(0,))).making
    assert making.proof.holds


@pytest.mark.parametrize("weight", [1e38, 3e38, -3e38, np.inf, np.nan])
def test_what_is_not_finite_goes_through_layers_without_kernels_without_a_warning(weight):
    """Sums of large values may overflow in one order and not in another: that is no fault."""
    first = Conv2d(0, np.full((1, 1, 1, 1), weight, np.float32), None, activation="none")
    ones = np.ones(1, np.float32)
    for layer in (
        MaxPool2d(1, 1, (3, 3), (2, 2), padding=1),
        AvgPool2d(1, 1, (3, 3), (2, 2), padding=1),
        AvgPool2d(1, 1, (3, 3), (2, 2), padding=1, count_include_pad=False),
        BatchNorm2d(1, 1, ones, ones, 2 * ones, ones, activation="tanh"),
        BatchNorm2d(1, 1, ones, 0 * ones, ones, ones, eps=2e-38),
        BatchNorm2d(1, 1, 1e6 * ones, 0 * ones, 1e30 * ones, ones, eps=2e-38),
    ):
        for scheme in ChannelScheme:
            state = State(DRAWING, Network((first, layer)), scheme)
            making = forward(Request(state, making=(0, 0))).making
            assert making.proof.holds
            assert making.masses.shape == (1, 2)
            ledger = ledger_of(making, (3, 3))
            assert as_text(ledger)
            assert as_numpy(ledger)
            assert map_sentence(state, (0, 0)).endswith(".")


# Blocks


def ranges(length: int):
    bounds = st.tuples(st.integers(0, length - 1), st.integers(1, length)).filter(
        lambda pair: pair[0] < pair[1]
    )
    return bounds.map(lambda pair: range(*pair))


@settings(max_examples=40)
@given(passes(scheme=REAL, most_filters=12), st.sampled_from([REAL, SHARED]), st.data())
def test_a_block_is_a_piece_of_all_contributions(shown, scheme, data):
    state = State(shown.state.drawing, shown.state.network, scheme)
    index = data.draw(st.integers(0, len(state.network.layers) - 1))
    layer = state.network.layers[index]
    out, depth = layer.weight.shape[:2]
    cells = Cells(index, data.draw(ranges(depth)), data.draw(ranges(out)))
    method = data.draw(oracle.methods)
    making = (0,) * (index + 1)
    shown = forward(Request(state, method=method, making=making, cells=(cells, cells)))
    maps = shown.maps[index - 1] if index else state.drawing[np.newaxis]

    parts = np.array([oracle.parts(maps, layer, j, scheme) for j in cells.filters])
    muted = np.array([oracle.mutes(layer, j) for j in cells.filters])
    heard = np.where(muted[:, :, np.newaxis, np.newaxis], 0, parts)
    running = np.cumsum(heard, axis=1)
    piece = slice(cells.channels.start, cells.channels.stop)
    for found in shown.blocks:
        assert found.cells == cells
        close(found.parts, parts[:, piece].swapaxes(0, 1))
        close(found.running, running[:, piece].swapaxes(0, 1))
        close(found.sums, running[:, -1])
    for place, j in enumerate(cells.filters):
        before = found.sums[place] + np.float32(oracle.bias_of(layer, j))
        close(before, shown.before[index][j])


@pytest.mark.parametrize("scheme", [REAL, SHARED])
def test_every_block_is_a_piece_of_the_whole(scheme):
    """Of two groups of 3 × 2, with mutes."""
    generator = np.random.default_rng(1)
    weight = generator.standard_normal((4, 3, 2, 2)).astype(np.float32)
    muted = np.array([[0, 1, 0], [1, 0, 1], [0, 0, 1], [1, 1, 0]], bool)
    layer = Conv2d(1, weight, None, groups=2, muted=muted)
    state = State(DRAWING, Network((new_network((6,)).layers[0], layer)), scheme)
    maps = generator.standard_normal((6, 4, 5)).astype(np.float32)
    whole = block(state, Cells(1, range(3), range(4)), maps, "signal")
    for (top, bottom), (left, right) in product(
        combinations(range(4), 2), combinations(range(5), 2)
    ):
        cells = Cells(1, range(top, bottom), range(left, right))
        piece = block(state, cells, maps, "signal")
        close(piece.parts, whole.parts[top:bottom, left:right])
        close(piece.running, whole.running[top:bottom, left:right])
        close(piece.sums, whole.sums[left:right])


@pytest.mark.parametrize("scheme", [REAL, SHARED])
def test_a_block_shows_the_same_contributions_as_a_making(scheme):
    network = new_network((5, 4), initialisation="he")
    layer = replace(network.layers[1], muted=np.eye(4, 5, dtype=bool))
    network = Network((network.layers[0], layer))
    cells = Cells(1, range(5), range(4))
    shown = forward(Request(State(DRAWING, network, scheme), making=(0, 2), cells=(cells,)))
    np.testing.assert_array_equal(shown.blocks[0].parts[:, 2], shown.making.parts)
    np.testing.assert_array_equal(shown.blocks[0].running[:, 2], shown.making.running)
    np.testing.assert_array_equal(shown.blocks[0].sums[2], shown.making.total)


def test_a_block_has_a_checkpoint_at_every_filter():
    calls = []
    state = State(DRAWING, new_network((5, 4)))
    maps = np.ones((5, 28, 28), np.float32)
    cells = Cells(1, range(1, 3), range(3))
    block(state, cells, maps, "signal", lambda: calls.append(1))
    assert len(calls) == 3


def test_what_is_not_finite_is_taken_apart_without_a_warning():
    """Weights from a file may be as large as float32 can hold."""
    first = Conv2d(0, np.array([3e38, -3e38, 1], np.float32).reshape(3, 1, 1, 1), None)
    first = replace(first, activation="none")
    weight = np.full((2, 3, 3, 3), 1e38, np.float32)
    weight[0, 0, 1, 1] = np.inf
    muted = np.array([[True, False, False], [False, False, False]])
    network = Network((first, Conv2d(1, weight, None, muted=muted)))
    for scheme in ChannelScheme:
        for method in ("signal", "matmul"):
            state = State(DRAWING, network, scheme)
            making = forward(Request(state, method=method, making=(0, 0))).making
            assert not np.isfinite(making.parts).all()
            assert np.isfinite(making.proof.before_allowed)
            assert making.masses.shape == (len(making.parts), 2)
            making.pixel(3, 3)
