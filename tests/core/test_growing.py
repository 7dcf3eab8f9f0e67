"""A drawing grows from one end of its ink, loses nothing, and ends as itself."""

from itertools import pairwise

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import ndimage

from cnn_explorer.core.drawing import draw
from cnn_explorer.core.growing import growth
from cnn_explorer.io.digits import digit

DRAWINGS = arrays(np.float32, (7, 9), elements=st.sampled_from([0.0, 0.0, 0.25, 1.0]))


@given(drawing=DRAWINGS, count=st.integers(1, 12))
def test_each_has_all_ink_of_the_one_before_and_the_last_is_the_drawing(
    drawing: npt.NDArray[np.float32], count: int
) -> None:
    grown = growth(drawing, count)
    assert len(grown) == count
    for before, after in pairwise(grown):
        assert (after[before > 0] == before[before > 0]).all()
        assert not before.flags.writeable
    assert grown[-1] is drawing
    for one in grown:
        assert ((one == 0) | (one == drawing)).all()


@given(drawing=DRAWINGS)
def test_ink_is_reached_from_ink(drawing: npt.NDArray[np.float32]) -> None:
    """At each moment no more parts are begun than the whole has, by scipy's own labelling."""
    joined = np.ones((3, 3))
    most = ndimage.label(drawing > 0, joined)[1]
    for one in growth(drawing, 8):
        assert ndimage.label(one > 0, joined)[1] <= most


def test_a_line_is_drawn_from_its_upper_end_at_an_even_pace() -> None:
    line = draw([[(24, 20), (4, 6)]], size=1.0)
    grown = growth(line, 10)
    lowest = [int(np.flatnonzero(one.any(axis=1)).max()) for one in grown]
    assert lowest == sorted(lowest)
    steps = np.diff(lowest)
    assert steps.max() <= 4
    assert np.flatnonzero(grown[0].any(axis=1)).min() == np.flatnonzero(line.any(axis=1)).min()


def test_a_seven_begins_at_the_upper_left() -> None:
    first = growth(digit(7), 12)[0]
    rows, columns = np.nonzero(first)
    ink_rows, ink_columns = np.nonzero(digit(7))
    assert rows.max() < ink_rows.mean()
    assert columns.max() < ink_columns.mean()


@pytest.mark.parametrize("value", [0.0, 1.0])
def test_no_ink_and_nothing_but_ink(value: float) -> None:
    drawing = np.full((5, 5), value, np.float32)
    assert growth(drawing, 3)[-1] is drawing
    assert all((one >= 0).all() for one in growth(drawing, 3))
