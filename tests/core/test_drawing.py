from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cnn_explorer.core.drawing import MAX_SIZE, MIN_SIZE, SIDE, blank, draw, stroke

positions = st.tuples(st.floats(-40, 70), st.floats(-40, 70))
polylines = st.lists(positions, min_size=1, max_size=5)
sizes = st.floats(MIN_SIZE, MAX_SIZE)


def grey(seed: int) -> np.ndarray:
    return np.random.default_rng(seed).random((SIDE, SIDE), np.float32)


def distance_to_polyline(row: float, column: float, points: list[tuple[float, float]]) -> float:
    """Nearest of 4,000 points on each segment: slow and independent of any projection."""
    path = np.array(points)
    if len(path) == 1:
        return float(np.hypot(*(path[0] - (row, column))))
    t = np.linspace(0, 1, 4001)[:, None]
    return min(
        float(np.hypot(*(a + t * (b - a) - (row, column)).T).min()) for a, b in pairwise(path)
    )


def test_a_blank_drawing_is_zero_and_read_only():
    drawing = blank()
    assert drawing.shape == (28, 28)
    assert drawing.dtype == np.float32
    assert not drawing.any()
    assert not drawing.flags.writeable


def test_one_point_makes_a_round_dot():
    drawing = stroke(blank(), [(10.5, 20.5)], size=2)
    expected = np.zeros((28, 28))
    expected[10, 20] = 1
    expected[[9, 11, 10, 10], [20, 20, 19, 21]] = 0.5
    expected[[9, 9, 11, 11], [19, 21, 19, 21]] = 1.5 - 2**0.5
    np.testing.assert_allclose(drawing, expected, atol=1e-6)


@settings(max_examples=60)
@given(polylines, sizes, st.integers(0, 27), st.integers(0, 27), st.booleans())
def test_a_pixel_follows_from_its_distance(points, size, row, column, erase):
    old = grey(0)
    new = stroke(old, points, size=size, erase=erase)
    distance = distance_to_polyline(row + 0.5, column + 0.5, points)
    coverage = min(max(size / 2 + 0.5 - distance, 0), 1)
    pixel = float(old[row, column])
    expected = min(pixel, 1 - coverage) if erase else max(pixel, coverage)
    assert new[row, column] == pytest.approx(expected, abs=0.015)


@settings(max_examples=60)
@given(polylines, sizes, st.booleans())
def test_a_stroke_leaves_its_input_alone_and_keeps_the_range(points, size, erase):
    old = grey(1)
    new = stroke(old, points, size=size, erase=erase)
    np.testing.assert_array_equal(old, grey(1))
    assert new.dtype == np.float32
    assert new.shape == (28, 28)
    assert not new.flags.writeable
    assert new.min() >= 0
    assert new.max() <= 1
    assert (new <= old).all() if erase else (new >= old).all()


@settings(max_examples=60)
@given(polylines, sizes, st.booleans())
def test_a_stroke_drawn_twice_changes_nothing_more(points, size, erase):
    once = stroke(grey(2), points, size=size, erase=erase)
    np.testing.assert_array_equal(stroke(once, points, size=size, erase=erase), once)


@settings(max_examples=60)
@given(
    positions, positions, st.lists(st.floats(0, 1), max_size=6).map(sorted), sizes, st.booleans()
)
def test_how_fast_the_mouse_moves_does_not_matter(start, end, cuts, size, erase):
    a, b = np.array(start), np.array(end)
    stops = [start, *(tuple(a + t * (b - a)) for t in cuts), end]
    piecewise = grey(3)
    for pair in pairwise(stops):
        piecewise = stroke(piecewise, pair, size=size, erase=erase)
    whole = stroke(grey(3), [start, end], size=size, erase=erase)
    np.testing.assert_allclose(piecewise, whole, atol=1e-6)
    np.testing.assert_allclose(stroke(grey(3), stops, size=size, erase=erase), whole, atol=1e-6)


@settings(max_examples=40)
@given(positions, positions, sizes)
def test_erasing_a_stroke_leaves_at_most_its_soft_edge(start, end, size):
    drawn = stroke(blank(), [start, end], size=size)
    erased = stroke(drawn, [start, end], size=size, erase=True)
    np.testing.assert_allclose(erased, np.minimum(drawn, 1 - drawn), atol=1e-6)


@pytest.mark.parametrize("erase", [False, True])
def test_points_beyond_the_drawing_touch_nothing(erase):
    old = grey(4)
    points = [(-1e300, 40.0), (5.0, 1e300), (1e9, 1e9)]
    np.testing.assert_array_equal(stroke(old, points, size=8, erase=erase), old)


def test_a_segment_across_the_drawing_may_end_anywhere():
    drawing = stroke(blank(), [(14.0, -1e300), (14.0, 1e300)], size=2)
    np.testing.assert_array_equal(drawing[13:15], np.ones((2, 28)))
    assert not drawing[[11, 16]].any()


def test_draw_is_one_stroke_after_another():
    lines = [[(3.0, 4.0), (20.0, 21.0)], [(9.0, 9.0)]]
    step = stroke(stroke(blank(), lines[0], size=2.5), lines[1], size=2.5)
    np.testing.assert_array_equal(draw(lines, size=2.5), step)
    assert not draw([], size=2.5).any()


@pytest.mark.parametrize("size", [0.49, 8.01, float("nan"), float("inf")])
def test_a_pen_that_is_too_thin_or_thick_is_named(size):
    with pytest.raises(ValueError, match=r"^A pen is 0\.5 to 8 pixels wide, not \S+\.$"):
        stroke(blank(), [(1.0, 1.0)], size=size)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf")])
def test_a_position_must_be_finite(value):
    with pytest.raises(ValueError, match=r"finite numbers; one of these is not\.$"):
        stroke(blank(), [(1.0, 1.0), (2.0, value)], size=2)


@pytest.mark.parametrize("points", [[], [(1.0, 2.0, 3.0)], (1.0, 2.0)])
def test_a_stroke_is_made_of_pairs(points):
    with pytest.raises(ValueError, match=r"^A stroke is one or more \(row, column\) pairs"):
        stroke(blank(), points, size=2)
