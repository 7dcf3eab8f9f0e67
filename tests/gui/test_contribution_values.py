"""What each tile of the matrix of contributions stands for, at every step of the fold."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cnn_explorer.core import edit
from cnn_explorer.core.activations import Array
from cnn_explorer.core.building import new_network
from cnn_explorer.core.forward import Request, forward
from cnn_explorer.core.making import Cells
from cnn_explorer.core.mutes import toggle_input, toggle_mute
from cnn_explorer.core.network import Network
from cnn_explorer.core.schemes import ChannelScheme
from cnn_explorer.core.state import State
from cnn_explorer.gui.colouring import kernel_colouring, layer_kernel
from cnn_explorer.gui.contribution_values import FoldedMatrix
from cnn_explorer.io.digits import digit

REAL, NAIVE, SHARED = ChannelScheme.REAL, ChannelScheme.NAIVE, ChannelScheme.SHARED
NETWORK = new_network((3, 4, 2))


def matrix(
    scheme: ChannelScheme = REAL,
    layer: int = 1,
    network: Network = NETWORK,
    cells: tuple[range, range] | None = None,
) -> FoldedMatrix:
    """A matrix with all of its values, or those of some cells."""
    state = State(digit(7), network, scheme)
    conv = network.layers[layer]
    channels, filters = cells or (range(conv.depth), range(conv.out_channels))
    in_view: tuple[tuple[tuple[int, ...], ...], ...] = ()
    if scheme is NAIVE:
        inputs = network.layers[layer - 1].out_channels if layer else 1
        own = [(1, i, j)[2 - layer :] for i in range(inputs) for j in range(conv.out_channels)]
        parents = {address[:-1] for address in own}
        seen = {layer: tuple(own), layer - 1: tuple(sorted(parents))} if layer else {0: tuple(own)}
        in_view = tuple(seen.get(at, ()) for at in range(len(network.layers)))
    request = Request(state, in_view, "matmul", cells=(Cells(layer, channels, filters),))
    return FoldedMatrix(state, layer, (1,) * 8, shown=forward(request))


def convolved(map_: Array, kernel: Array) -> Array:
    """3×3, same padding, not flipped: an oracle that shares no code."""
    padded = np.pad(map_.astype(np.float64), 1)
    windows = np.lib.stride_tricks.sliding_window_view(padded, (3, 3))
    return np.einsum("rcij,ij->rc", windows, kernel.astype(np.float64))


def part(shown: FoldedMatrix, row: int, filter_: int) -> Array:
    """What a cell should show."""
    assert shown.shown is not None
    conv = shown.conv
    weight = conv.weight[filter_].astype(np.float64)
    if shown.state.scheme is SHARED:
        weight = np.broadcast_to(weight.mean(axis=0), weight.shape)
    maps = shown.shown.maps[shown.layer - 1] if shown.layer else shown.state.drawing[np.newaxis]
    heard = 0 if conv.muted is not None and conv.muted[filter_, row] else 1
    return heard * convolved(maps[row], weight[row])


def same(one: Array | None, other: Array) -> bool:
    assert one is not None
    return bool(np.allclose(one, other, atol=1e-5))


@pytest.mark.parametrize("scheme", [REAL, SHARED])
@pytest.mark.parametrize("layer", [0, 1])
def test_cells_sums_and_maps_are_the_computation(scheme: ChannelScheme, layer: int) -> None:
    shown = matrix(scheme, layer)
    bias = shown.conv.bias
    assert bias is not None
    for j in range(shown.columns):
        parts = [part(shown, i, j) for i in range(shown.rows)]
        for i, one in enumerate(parts):
            assert same(shown.values(i, j), one)
        total = np.sum(parts, axis=0)
        assert same(shown.values(shown.rows, j), total)
        assert same(shown.values(shown.rows + 1, j), np.maximum(total + bias[j], 0))


@settings(max_examples=15)
@given(rows=st.integers(1, 6), columns=st.integers(1, 3), data=st.data())
def test_whatever_the_step_what_is_left_adds_up_to_the_same(
    rows: int, columns: int, data: st.DataObject
) -> None:
    network = new_network((rows, columns))
    for i in range(rows):
        if data.draw(st.booleans()):
            network = toggle_mute(network, 1, data.draw(st.integers(0, columns - 1)), i)
    shown = matrix(network=network)
    for step in range(rows):
        folded = replace(shown, position=float(step))
        left = [i for i in range(rows) if folded.kind(i) is not None]
        assert left == list(range(step, rows))
        for j in range(columns):
            heard = [
                folded.values(i, j) for i in left if not folded.is_muted(i, j) or 0 < i == step
            ]
            total = np.sum([np.zeros(folded.size), *heard], axis=0)  # type: ignore[list-item]
            assert same(shown.values(rows, j), total)


def test_the_fold_shows_sums_then_the_bias_then_the_maps() -> None:
    shown = matrix()
    kinds = {
        0.0: ["part", "part", "part", "sum", "map"],
        0.5: ["part", "part", "part", None, None],
        1.0: [None, "running", "part", None, None],
        2.7: [None, None, "running", None, None],
        3.0: [None, None, None, "sum", None],
        4.0: [None, None, None, None, "biased"],
        5.0: [None, None, None, None, "map"],
    }
    for position, expected in kinds.items():
        at = replace(shown, position=position)
        assert [at.kind(row) for row in range(5)] == expected
    assert [replace(shown, position=p).moving for p in (0.5, 1.0, 2.7, 3.5, 4.5)] == [
        0, None, 2, 3, None,
    ]  # fmt: skip
    bias = shown.conv.bias
    sums = shown.values(3, 2)
    assert bias is not None
    assert sums is not None
    assert same(replace(shown, position=4.0).values(4, 2), sums + bias[2])


def test_running_sums_are_shown_on_demand() -> None:
    shown = replace(matrix(), running=True)
    for j in range(4):
        total = np.zeros(shown.size)
        for i in range(3):
            total = total + part(shown, i, j)
            assert same(shown.values(i, j), total)


def test_what_is_not_computed_is_missing_and_not_wrong() -> None:
    shown = matrix(cells=(range(1, 2), range(2, 4)))
    assert shown.values(0, 2) is None
    assert shown.values(1, 1) is None
    assert same(shown.values(1, 3), part(shown, 1, 3))
    assert same(shown.values(3, 2), sum(part(shown, i, 2) for i in range(3)))  # type: ignore[arg-type]
    assert shown.values(3, 0) is None
    assert shown.values(4, 0) is not None  # the maps are there all the same
    assert replace(shown, state=replace(shown.state, scheme=SHARED)).values(1, 3) is None
    other = edit.with_stride(NETWORK, 1, 2)
    assert replace(shown, state=replace(shown.state, network=other)).values(1, 3) is None
    assert replace(shown, shown=None).values(1, 3) is None


@pytest.mark.parametrize("layer", [0, 1, 2])
def test_in_naive_each_cell_is_a_map_of_its_own(layer: int) -> None:
    shown = matrix(NAIVE, layer)
    bias = shown.conv.bias
    assert bias is not None
    assert shown.lines == shown.rows == (1, 3, 4)[layer]
    for i in range(shown.rows):
        for j in range(shown.columns):
            assert shown.kind(i) == "map"
            source = shown.input_values(i, j)
            assert source is not None
            flat = shown.conv.weight[j].sum(axis=0)
            assert same(shown.values(i, j), np.maximum(convolved(source, flat) + bias[j], 0))
    assert shown.address(shown.rows - 1, 1) == ((1,), (2, 1), (1, 3, 1))[layer]
    assert shown.place(shown.address(shown.rows - 1, 1)) == (shown.rows - 1, 1)


def test_titles_say_what_a_tile_is() -> None:
    shown = matrix()
    assert shown.title(1, 2) == "Conv 2 · map 1 \N{ASTERISK OPERATOR} kernel [:, :, 1, 2]"
    assert shown.title(3, 2) == "Conv 2 · filter 2, Σ before bias"
    assert shown.title(4, 2) == "Conv 2 · map 2"
    folded = replace(shown, position=2.0)
    assert folded.title(2, 0) == "Conv 2 · filter 0, sum of the first 3 convolutions"
    assert replace(shown, position=4.0).title(4, 0) == "Conv 2 · filter 0, Σ + b"
    assert matrix(SHARED).title(1, 2).endswith("kernel [:, :, 0, 2]")
    assert "drawing" in matrix(layer=0).title(0, 2)
    assert matrix(NAIVE).title(1, 2) == "Conv 2 · map 1.2"


def test_muted_cells_are_marked_until_they_are_added() -> None:
    network = toggle_input(toggle_mute(NETWORK, 1, 3, 2), 1, 1)
    shown = matrix(network=network)
    marked = {(i, j) for i in range(5) for j in range(4) if shown.is_muted(i, j)}
    assert marked == {(2, 3), (1, 0), (1, 1), (1, 2), (1, 3)}
    assert [shown.is_row_muted(i) for i in range(3)] == [False, True, False]
    folded = replace(shown, position=1.0)
    assert not folded.is_muted(1, 0)  # it shows the sum that leaves it out
    assert folded.is_muted(2, 3)


def test_a_running_sum_says_what_it_leaves_out() -> None:
    network = toggle_mute(toggle_mute(NETWORK, 1, 0, 0), 1, 0, 2)
    folded = replace(matrix(network=network), running=True)
    first, second, third = (folded.title(row, 0) for row in range(3))
    assert first.endswith("first 1 convolution, 1 of them muted and left out")
    assert second.endswith("first 2 convolutions, 1 of them muted and left out")
    assert third.endswith("first 3 convolutions, 2 of them muted and left out")
    assert folded.title(2, 1).endswith("sum of the first 3 convolutions")


def test_values_of_a_layer_that_had_more_filters_give_no_colours() -> None:
    shown = matrix()
    assert len(shown.colour_range()) == 4
    fewer = edit.with_filters(NETWORK, 1, 3)
    assert replace(shown, state=replace(shown.state, network=fewer)).colour_range() == ()


@pytest.mark.parametrize("scheme", [NAIVE, SHARED])
def test_flat_kernels_and_their_scale_are_summed_once_for_a_layer(scheme: ChannelScheme) -> None:
    layer, other = NETWORK.layers[1], toggle_mute(NETWORK, 0, 0, 0).layers[1]
    shown = matrix(scheme)
    assert replace(shown, position=1.0).kernel is shown.kernel
    assert layer_kernel(other, scheme) is shown.kernel
    colouring = kernel_colouring(layer, scheme, "signed", 2)
    assert kernel_colouring(other, scheme, "signed", 2) is colouring
    assert colouring.scales is not None
    assert colouring.scales[0].high == pytest.approx(float(np.abs(shown.kernel).max()) / 2)
