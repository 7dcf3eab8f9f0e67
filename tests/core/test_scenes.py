"""The scene of corners: black for a line, whatever the line; an answer for every corner."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cnn_explorer.core import edit
from cnn_explorer.core.activations import Array
from cnn_explorer.core.building import add_layer, new_network
from cnn_explorer.core.drawing import Points, draw
from cnn_explorer.core.forward import Request, forward
from cnn_explorer.core.layer import Mutes
from cnn_explorer.core.mutes import toggle_mute, toggle_solo
from cnn_explorer.core.scenes import CORNER, SHAPES, corner_scene, is_corner_scene, shape_drawing
from cnn_explorer.core.schemes import ChannelScheme
from cnn_explorer.core.state import State

SCENE = corner_scene()

pens = st.floats(1.5, 3)
places = st.floats(0, 28)
turns = st.sampled_from([(1, 1), (1, -1), (-1, 1), (-1, -1)])


def maps(state: State, layer: int) -> Array:
    return forward(Request(state, method="matmul")).maps[layer]


def naive(state: State) -> Array:
    """Maps (0.0) and (1.0)."""
    request = Request(replace(state, scheme=ChannelScheme.NAIVE), ((), ((0, 0), (1, 0))), "matmul")
    return forward(request).maps[1]


def drawn(points: Points, size: float) -> State:
    return replace(SCENE, drawing=draw([points], size=size))


def near(shape: tuple[int, ...], row: float, column: float, distance: float) -> Mutes:
    """Which pixels are no farther from a point."""
    rows, columns = np.indices(shape) + 0.5
    return np.asarray(np.hypot(rows - row, columns - column) <= distance)


@settings(max_examples=100)
@given(places, places, places, pens)
def test_a_line_alone_leaves_conv_2_black(at: float, start: float, end: float, pen: float) -> None:
    for points in (((at, start), (at, end)), ((start, at), (end, at))):
        assert not maps(drawn(points, pen), 1).any()


@given(st.floats(5, 23), st.floats(5, 23), st.floats(5, 20), st.floats(5, 20), turns, pens)
def test_a_corner_is_answered_where_it_is_and_nowhere_else(
    row: float, column: float, high: float, wide: float, turn: tuple[int, int], pen: float
) -> None:
    # An arm ends at the drawing's edge at the latest, which leaves it 5 pixels at least.
    end_row = min(max(row + turn[0] * high, 0), 28)
    end_column = min(max(column + turn[1] * wide, 0), 28)
    state = drawn(((end_row, column), (row, column), (row, end_column)), pen)
    answer = maps(state, 1)[0]
    assert answer.max() > 0.25  # half of what two yeses leave: the arms may be short
    assert not answer[~near(answer.shape, row, column, 3)].any()
    for channel in (0, 1):
        muted = replace(state, network=toggle_mute(state.network, 1, 0, channel))
        assert not maps(muted, 1).any()


def test_each_map_of_conv_1_finds_its_own_stroke_and_answers_yes_or_no() -> None:
    for shape, own in (("horizontal", 0), ("vertical", 1)):
        found = maps(corner_scene(shape), 0)
        assert found[own].max() > 0.95
        assert found[1 - own].max() < 0.05
        assert (found[own][shape_drawing(shape) > 0.9] > 0.5).all()


def test_in_naive_no_map_tells_the_corner_from_a_line() -> None:
    """Maps (0.0) and (1.0) follow their own stroke to its far end, and see no other."""
    corner = naive(SCENE)
    for index, shape in enumerate(("horizontal", "vertical")):
        (_, end) = SHAPES[shape] if index == 0 else reversed(SHAPES[shape])
        assert corner[index][int(end[0]), int(end[1])] > 0.1
        assert naive(corner_scene(shape))[index].max() == pytest.approx(corner[index].max())
        assert not naive(corner_scene(shape))[1 - index].any()


def test_the_corner_of_the_scene_is_where_it_says() -> None:
    answer = maps(SCENE, 1)[0]
    assert answer[CORNER] == pytest.approx(0.5, abs=0.01)
    assert (answer > 0.25).sum() >= 8  # more than the mark of the pin hides
    # Of the ledger of that pixel: yes + yes − 1.5.
    yes = maps(SCENE, 0)[:, *CORNER]
    assert answer[CORNER] == pytest.approx(float(yes.sum()) - 1.5, abs=1e-6)


def test_a_square_has_four_corners() -> None:
    answer = maps(corner_scene("square"), 1)[0]
    corners = set(SHAPES["square"])
    assert len(corners) == 4
    for row, column in corners:
        assert answer[int(row), int(column)] > 0.3
    apart = [near(answer.shape, row, column, 3) for row, column in corners]
    assert not answer[~np.any(apart, axis=0)].any()


def test_the_scene_is_known_by_its_kernels_whatever_is_muted() -> None:
    network = corner_scene("vertical").network
    assert is_corner_scene(network)
    assert is_corner_scene(toggle_solo(network, 1, 0, 1))
    assert not is_corner_scene(edit.with_filters(network, 0, 3))
    assert not is_corner_scene(new_network((2, 1)))
    assert not is_corner_scene(add_layer(corner_scene("vertical"), "MaxPool2d"))
    assert edit.with_activation(network, 1, "none").layers[1].activation == "none"
    assert edit.with_kernel_size(network, 1, 3).layers[1].kernel_size == (3, 3)


def test_a_shape_that_there_is_none_of_is_said() -> None:
    assert all(corner_scene(shape).drawing.any() for shape in SHAPES)
    sentence = "There is no shape “star”; choose from corner, horizontal, vertical, square."
    with pytest.raises(ValueError, match=sentence):
        corner_scene("star")
