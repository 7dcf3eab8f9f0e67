"""Centring as MNIST does: the box, the centre of mass, the proportions, and what stays as it is."""

from math import floor

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from cnn_explorer.core.centring import BOX, MIDDLE, centred, ink_size
from cnn_explorer.core.drawing import blank, draw
from cnn_explorer.io.digits import digit, styles

Drawing = NDArray[np.float32]
PLACES = [(label, style) for label in range(10) for style in range(len(styles(label)))]


def middle_of(drawing: Drawing) -> tuple[float, float]:
    """Centre of mass, one pixel at a time."""
    mass = down = across = 0.0
    for row in range(28):
        for column in range(28):
            ink = float(drawing[row, column])
            mass += ink
            down += ink * (row + 0.5)
            across += ink * (column + 0.5)
    return down / mass, across / mass


def inked(drawing: Drawing) -> tuple[int, int]:
    """How many rows and columns have ink that is at least half as dark as the darkest."""
    rows, columns = np.nonzero(drawing >= drawing.max() / 2)
    return int(np.ptp(rows)) + 1, int(np.ptp(columns)) + 1


def filled(top: int, left: int, height: int, width: int) -> Drawing:
    drawing = np.zeros((28, 28), np.float32)
    drawing[top : top + height, left : left + width] = 1
    return drawing


@pytest.mark.parametrize(("label", "style"), PLACES)
def test_digits_fill_the_box_and_lie_in_the_middle(label: int, style: int) -> None:
    drawing = digit(label, style)
    result = centred(drawing)
    assert result.dtype == np.float32
    assert result.shape == (28, 28)
    assert not result.flags.writeable
    assert result.min() >= 0
    assert result.max() <= 1
    height, width = inked(result)
    assert BOX - 1 <= max(height, width) <= BOX + 1
    old_height, old_width = inked(drawing)
    assert width / height == pytest.approx(old_width / old_height, abs=0.1)
    for axis, at in enumerate(middle_of(result)):
        edges = result.max(axis=1 - axis)[[0, -1]]
        # Only ink that reaches the edge lies elsewhere.
        assert at == pytest.approx(MIDDLE, abs=0.05) or edges.max() > 0


@pytest.mark.parametrize(("label", "style"), PLACES)
def test_what_is_centred_stays_as_it_is(label: int, style: int) -> None:
    once = centred(digit(label, style))
    assert np.abs(centred(once) - once).max() < 0.25
    assert np.abs(centred(once) - once).mean() < 0.02


def test_a_drawing_that_is_as_it_should_be_is_not_touched() -> None:
    # 20 by 11 pixels about the middle of pixel 14, so that the first and last rows are half ink.
    drawing = filled(4, 9, 21, 11)
    drawing[[4, 24]] /= 2
    np.testing.assert_allclose(centred(drawing), drawing, atol=1e-6)


@pytest.mark.parametrize("factor", [2, 4])
def test_a_square_comes_out_as_one_of_the_box(factor: int) -> None:
    side = BOX // factor if factor < 3 else 26
    result = centred(filled(1, 1, side, side))
    # By areas: a square of 20 about (14.5, 14.5), so that it begins and ends within pixels.
    inside = np.clip(np.minimum(np.arange(1, 29), 24.5) - np.maximum(np.arange(28), 4.5), 0, 1)
    np.testing.assert_allclose(result.sum(), 400, rtol=0.02)
    np.testing.assert_allclose(result, np.outer(inside, inside), atol=0.5)
    assert (result[6:23, 6:23] == 1).all()
    assert not result[:3].any()
    assert not result[26:].any()


def test_shrinking_averages_areas() -> None:
    # 26 by 26 pixels in stripes of two shrink to 20/26 of that: none is lost, and as much ink.
    stripes = np.zeros((28, 28), np.float32)
    stripes[1:27] = (np.arange(28) % 4 < 2).astype(np.float32)
    result = centred(stripes)
    assert result.sum() == pytest.approx(stripes.sum() * (20 / 26) ** 2, rel=0.04)
    assert (result[14, 5:24] > 0).all()


def test_blank_stays_blank() -> None:
    drawing = blank()
    assert centred(drawing) is drawing


@pytest.mark.parametrize("size", [0.5, 2.0, 4.0])
def test_a_dot_stays_a_dot(size: float) -> None:
    dot = draw([[(3.0, 25.0)]], size=size)
    result = centred(dot)
    assert max(inked(result)) <= 2 * (size + 2)  # as drawn, twice
    assert middle_of(result) == pytest.approx((MIDDLE, MIDDLE), abs=0.05)


def test_a_filled_canvas_becomes_a_filled_box() -> None:
    result = centred(np.ones((28, 28), np.float32))
    assert inked(result) == (BOX + 1, BOX + 1)  # 20 about the middle of a pixel
    assert result.sum() == pytest.approx(BOX**2, rel=0.02)


def test_faint_ink_far_away_stays_in_the_picture() -> None:
    drawing = filled(2, 2, 6, 6)
    drawing[26, 26] = 0.3
    result = centred(drawing)
    assert (result[15:, 15:] > 0.15).any()


def test_ink_at_the_edge_is_not_cut() -> None:
    # A hammer: its centre of mass is so high that the handle would leave the picture.
    drawing = filled(4, 4, 5, 20)
    drawing[9:24, 14] = 1
    result = centred(drawing)
    assert result.sum() == pytest.approx(drawing.sum(), rel=0.02)  # 20 by 20 already


@st.composite
def scribbles(draw_: st.DrawFn) -> list[tuple[float, float]]:
    # In a corner of 14 pixels, so that there is room to move.
    places = st.tuples(st.floats(3, 14), st.floats(3, 14))
    return draw_(st.lists(places, min_size=2, max_size=6))


@given(scribbles(), st.integers(0, 10), st.integers(0, 10))
def test_where_it_was_drawn_makes_no_difference(
    points: list[tuple[float, float]], down: int, across: int
) -> None:
    there = [(row + down, column + across) for row, column in points]
    one, other = (centred(draw([path], size=2)) for path in (points, there))
    np.testing.assert_allclose(one, other, atol=2e-5)


@given(scribbles(), st.floats(0, 1), st.floats(0, 1))
def test_parts_of_a_pixel_make_little_difference(
    points: list[tuple[float, float]], down: float, across: float
) -> None:
    there = [(row + down, column + across) for row, column in points]
    one, other = (centred(draw([path], size=2)) for path in (points, there))
    assert np.abs(one - other).mean() < 0.08
    assert one.sum() == pytest.approx(other.sum(), rel=0.25)


@given(st.integers(0, 2**32 - 1), st.floats(0, 0.95))
def test_values_stay_between_zero_and_one(seed: int, threshold: float) -> None:
    values = np.random.default_rng(seed).random((28, 28), np.float32)
    drawing = np.where(values > threshold, values, np.float32(0))
    result = centred(drawing)
    assert np.isfinite(result).all()
    assert result.min() >= 0
    assert result.max() <= drawing.max() + 1e-6
    assert floor(result.sum()) >= 0


def test_the_size_of_the_ink_is_that_of_its_longer_side() -> None:
    assert ink_size(blank()) == 0
    box = np.zeros((28, 28), np.float32)
    box[3:10, 5:7] = 0.7
    assert ink_size(box) == pytest.approx(7)
    assert ink_size(box.T.copy()) == pytest.approx(7)
