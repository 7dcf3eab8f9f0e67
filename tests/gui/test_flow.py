"""A layout that wraps like words."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PySide6.QtCore import QRect, QSize
from PySide6.QtWidgets import QApplication, QLabel, QLayoutItem, QWidget
from pytestqt.qtbot import QtBot

from cnn_explorer.gui.flow import FlowLayout, OneLine

SPACE = 7


class Box(QWidget):
    """A widget of a size."""

    def __init__(self, width: int, height: int) -> None:
        super().__init__()
        self._size = QSize(width, height)

    def sizeHint(self) -> QSize:  # noqa: N802
        return self._size

    def minimumSizeHint(self) -> QSize:  # noqa: N802
        return QSize(5, 5)


def flow_of(sizes: list[tuple[int, int]], *, last_right: bool = False) -> tuple[QWidget, list[Box]]:
    parent = QWidget()
    flow = FlowLayout(parent, last_right=last_right)
    boxes = [Box(*size) for size in sizes]
    for box in boxes:
        flow.addWidget(box)
    return parent, boxes


def laid_out(parent: QWidget, width: int) -> FlowLayout:
    flow = parent.layout()
    assert isinstance(flow, FlowLayout)
    flow.setGeometry(QRect(0, 0, width, 500))
    return flow


SIZES = st.lists(st.tuples(st.integers(5, 90), st.integers(5, 40)), min_size=1, max_size=8)


@given(SIZES, st.integers(90, 400), st.booleans())
def test_items_keep_their_order_never_overlap_and_stay_inside(
    qapp: QApplication, sizes: list[tuple[int, int]], width: int, last_right: bool
) -> None:
    parent, boxes = flow_of(sizes, last_right=last_right)
    flow = laid_out(parent, width)
    places = [box.geometry() for box in boxes]
    assert [place.size() for place in places] == [QSize(*size) for size in sizes]
    for one, other in pairwise(places):
        beside = other.left() - one.right() - 1 >= SPACE
        below = other.top() > one.bottom()
        assert beside or below
    for index, place in enumerate(places):
        assert place.left() >= 0
        assert place.right() < width
        assert not any(place.intersects(other) for other in places[:index])
    assert max(place.bottom() for place in places) < flow.heightForWidth(width)


@given(SIZES, st.integers(90, 400))
def test_a_line_is_broken_only_where_it_must_be(
    qapp: QApplication, sizes: list[tuple[int, int]], width: int
) -> None:
    parent, boxes = flow_of(sizes)
    laid_out(parent, width)
    for box, before in zip(boxes[1:], boxes, strict=False):
        if box.geometry().left() == 0:
            assert before.geometry().right() + 1 + SPACE + box.sizeHint().width() > width


def test_the_height_is_that_of_the_lines(qapp: QApplication) -> None:
    parent, _ = flow_of([(40, 10), (40, 30), (40, 20)])
    flow = laid_out(parent, 200)
    assert flow.heightForWidth(200) == 30
    assert flow.heightForWidth(90) == 30 + SPACE + 20
    assert flow.heightForWidth(50) == 10 + SPACE + 30 + SPACE + 20
    assert flow.sizeHint() == QSize(40 * 3 + 2 * SPACE, 30)
    assert flow.minimumSize() == QSize(5, 5)


def test_items_of_a_line_stand_on_one_middle(qapp: QApplication) -> None:
    parent, boxes = flow_of([(40, 10), (40, 30)])
    laid_out(parent, 200)
    assert boxes[0].geometry() == QRect(0, 10, 40, 10)
    assert boxes[1].geometry() == QRect(47, 0, 40, 30)


@pytest.mark.parametrize("width", [87, 120, 300])
def test_the_last_item_can_stand_at_the_right(qapp: QApplication, width: int) -> None:
    parent, boxes = flow_of([(40, 10), (40, 10)], last_right=True)
    laid_out(parent, width)
    assert boxes[0].geometry().left() == 0
    assert boxes[1].geometry().right() == width - 1


def test_hidden_items_take_no_room(qapp: QApplication) -> None:
    parent, boxes = flow_of([(40, 10), (40, 10), (40, 10)])
    boxes[1].hide()
    flow = laid_out(parent, 200)
    assert boxes[2].geometry().left() == 47
    assert flow.sizeHint().width() == 87


def test_an_item_that_is_wider_than_the_room_gets_all_of_it(qapp: QApplication) -> None:
    parent, boxes = flow_of([(40, 10), (90, 10)])
    laid_out(parent, 60)
    assert boxes[1].geometry() == QRect(0, 17, 60, 10)


def test_items_are_handed_out_as_qt_asks(qapp: QApplication) -> None:
    parent, boxes = flow_of([(40, 10), (50, 10)])
    flow = laid_out(parent, 200)
    assert flow.count() == 2
    assert [flow.itemAt(index) is None for index in (-1, 0, 1, 2)] == [True, False, False, True]
    taken = flow.takeAt(0)
    assert isinstance(taken, QLayoutItem)
    assert taken.widget() is boxes[0]
    assert (flow.count(), flow.takeAt(5)) == (1, None)


# A line that wraps.

TEXT = "28×28×3 → 4 filters of 3×3×<b>3</b> → 28×28×<b>4</b>"


def line_of(text: str) -> tuple[QWidget, OneLine]:
    parent = QWidget()
    flow = FlowLayout(parent)
    line = OneLine(parent)
    line.setText(text)
    flow.addWidget(line)
    return parent, line


def test_words_stand_on_one_line_where_they_can(qtbot: QtBot) -> None:
    parent, line = line_of(TEXT)
    qtbot.addWidget(parent)
    plain = QLabel(TEXT, parent)
    hint = line.sizeHint()
    assert hint.height() == pytest.approx(plain.sizeHint().height(), abs=1)
    assert 0 <= hint.width() - plain.sizeHint().width() <= 3
    laid_out(parent, hint.width())
    assert line.geometry().size() == hint
    assert line.heightForWidth(hint.width()) <= hint.height() + 1  # it does fit in it


def test_words_wrap_where_there_is_less_room(qtbot: QtBot) -> None:
    parent, line = line_of(TEXT)
    qtbot.addWidget(parent)
    one = line.sizeHint().height()
    flow = laid_out(parent, 120)
    assert line.width() == 120
    assert line.height() == flow.heightForWidth(120) >= 2 * one - 4
    assert flow.minimumSize().width() < 120  # so that nothing is made as wide as the words
