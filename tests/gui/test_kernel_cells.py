"""The cells of a kernel: what they show, and what mouse, wheel and keys ask for."""

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QFontMetricsF, QImage, QWheelEvent
from PySide6.QtTest import QSignalSpy, QTest
from PySide6.QtWidgets import QApplication, QLineEdit
from pytestqt.qtbot import QtBot

from cnn_explorer.core.display import COLOUR_MAPS, colour, scale_of
from cnn_explorer.gui.cell_texts import cell_texts, step_of
from cnn_explorer.gui.colouring import Colouring
from cnn_explorer.gui.kernel_cells import MARGIN, MOST_SIDE, KernelCells

KERNEL = np.array([[0.25, -0.5, 0], [1, 0.125, -0.0625], [0, 0, 0.75]], np.float32)
STEP = 0.05


def shown(cells: KernelCells, kernel: np.ndarray, edited: np.ndarray | None = None) -> KernelCells:
    colours = COLOUR_MAPS["signed"]
    colouring = Colouring(colours, 1, (scale_of([kernel], colours),))
    none = np.zeros(kernel.shape, bool)
    cells.show_kernel(kernel, none if edited is None else edited, colouring, STEP)
    return cells


@pytest.fixture
def cells(qtbot: QtBot) -> KernelCells:
    cells = KernelCells()
    qtbot.addWidget(cells)
    cells.resize(318, 200)
    with qtbot.waitExposed(cells):
        cells.show()
    cells.activateWindow()
    cells.setFocus()
    qtbot.waitUntil(cells.hasFocus)
    return shown(cells, KERNEL)


def middle(cells: KernelCells, row: int, column: int) -> QPoint:
    return cells.rectangle((row, column)).center()


def field(cells: KernelCells) -> QLineEdit:
    return cells.findChild(QLineEdit)


def wheel(cells: KernelCells, at: QPoint, notches: float, keys=Qt.KeyboardModifier.NoModifier):
    place = QPointF(at)
    event = QWheelEvent(
        place, cells.mapToGlobal(place), QPoint(), QPoint(0, round(120 * notches)),
        Qt.MouseButton.NoButton, keys, Qt.ScrollPhase.NoScrollPhase, False,
    )  # fmt: skip
    QApplication.sendEvent(cells, event)
    return event


def values(spy: QSignalSpy) -> list[float]:
    return [spy.at(i)[0] for i in range(spy.count())]


@pytest.mark.parametrize("size", [(1, 1), (3, 3), (2, 5), (7, 7), (11, 11), (11, 1)])
def test_each_cell_has_its_colour_and_its_place(
    cells: KernelCells, size: tuple[int, int], qtbot: QtBot
) -> None:
    kernel = np.random.default_rng(3).standard_normal(size).astype(np.float32)
    shown(cells, kernel)
    QApplication.processEvents()
    assert cells.height() == size[0] * cells.side + 2 * MARGIN
    assert size[1] * cells.side + 2 * MARGIN <= cells.width()
    assert cells.side <= MOST_SIDE
    picture = cells.grab().toImage().convertToFormat(QImage.Format.Format_RGB32)
    colours = COLOUR_MAPS["signed"]
    expected = colour(kernel, colours, scale_of([kernel], colours))
    for row, column in np.ndindex(size):
        if (row, column) != cells.cursor_cell:
            place = cells.rectangle((row, column))
            assert cells.cell_at(QPointF(place.center())) == (row, column)
            pixel = picture.pixelColor(place.left() + 2, place.bottom() - 2)
            assert (pixel.blue(), pixel.green(), pixel.red()) == tuple(expected[row, column, :3])
    assert cells.cell_at(QPointF(1, 1)) is None


@pytest.mark.parametrize("width", [200, 318, 420])
@given(
    st.integers(1, 11),
    st.floats(-1e6, 1e6, width=32),
)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=25)
def test_numbers_fit_into_their_cells(
    cells: KernelCells, width: int, side: int, value: float
) -> None:
    cells.resize(width, cells.height())
    shown(cells, np.full((side, side), value, np.float32))
    texts, font = cell_texts(cells._kernel, cells.side, cells.font())
    digit = QFontMetricsF(font).horizontalAdvance("0")
    assert all(len(text) * digit <= cells.side for text in texts)
    for text in filter(None, texts):
        read = float(text.replace("−", "-"))
        digits = 0.34 if "e" in text else 0
        assert read == pytest.approx(value, rel=digits + 1e-6, abs=0.051)


def test_ordinary_numbers_are_readable_at_every_size(cells: KernelCells) -> None:
    for side in range(1, 12):
        kernel = np.full((side, side), -0.173, np.float32)
        shown(cells, kernel)
        texts, font = cell_texts(kernel, cells.side, cells.font())
        assert texts[0] in ("−0.173", "−0.17", "−.17")
        assert (texts[0] == "−0.173") == (side <= 7)
        assert font.pointSizeF() >= 7


def test_a_drag_says_where_it_is_and_where_it_ends(cells: KernelCells) -> None:
    dragged, dropped = QSignalSpy(cells.dragged), QSignalSpy(cells.dropped)
    start = middle(cells, 1, 1)
    QTest.mousePress(cells, Qt.MouseButton.LeftButton, pos=start)
    assert cells.cursor_cell == (1, 1)
    for way in (2, 8, -4, 40):
        QTest.mouseMove(cells, start - QPoint(0, way))
    assert dropped.count() == 0
    QTest.mouseRelease(cells, Qt.MouseButton.LeftButton, pos=start - QPoint(0, 40))
    # Four pixels are a step; the first two were not yet a drag.
    assert values(dragged) == pytest.approx([0.125 + 2 * STEP, 0.125 - STEP, 0.125 + 10 * STEP])
    assert dropped.count() == 1


def test_a_click_alone_moves_the_cursor_and_no_value(cells: KernelCells) -> None:
    spies = [QSignalSpy(one) for one in (cells.dragged, cells.dropped, cells.turned, cells.typed)]
    moved = QSignalSpy(cells.moved)
    QTest.mouseClick(cells, Qt.MouseButton.LeftButton, pos=middle(cells, 2, 0))
    assert (cells.cursor_cell, moved.count(), cells.value) == ((2, 0), 1, 0)
    assert [spy.count() for spy in spies] == [0, 0, 0, 0]


def test_escape_takes_a_drag_back(cells: KernelCells) -> None:
    dragged = QSignalSpy(cells.dragged)
    start = middle(cells, 0, 0)
    QTest.mousePress(cells, Qt.MouseButton.LeftButton, pos=start)
    QTest.mouseMove(cells, start - QPoint(0, 20))
    QTest.keyClick(cells, Qt.Key.Key_Escape)
    assert values(dragged)[-1] == 0.25
    assert not cells.dragging
    QTest.mouseRelease(cells, Qt.MouseButton.LeftButton, pos=start - QPoint(0, 20))
    assert values(dragged)[-1] == 0.25


def test_the_wheel_turns_what_is_under_it_and_back_to_the_very_value(cells: KernelCells) -> None:
    turned = QSignalSpy(cells.turned)
    at = middle(cells, 1, 2)
    for notches in (1, 1, -3, 1):
        assert wheel(cells, at, notches).isAccepted()
    assert cells.cursor_cell == (1, 2)
    start = float(KERNEL[1, 2])
    assert values(turned) == pytest.approx(
        [start + STEP, start + 2 * STEP, start - STEP, start], abs=1e-12
    )
    assert values(turned)[-1] == start
    wheel(cells, at, 1, Qt.KeyboardModifier.ShiftModifier)
    assert values(turned)[-1] == pytest.approx(start + STEP / 10)


def test_the_wheel_scrolls_the_page_where_the_cells_have_no_focus(cells: KernelCells) -> None:
    cells.clearFocus()
    turned = QSignalSpy(cells.turned)
    assert not wheel(cells, middle(cells, 0, 0), 1).isAccepted()
    cells.setFocus()
    assert not wheel(cells, QPoint(1, 1), 1).isAccepted()
    assert turned.count() == 0


def test_arrows_move_and_page_keys_turn(cells: KernelCells) -> None:
    turned = QSignalSpy(cells.turned)
    for key in (Qt.Key.Key_Down, Qt.Key.Key_Right, Qt.Key.Key_Right, Qt.Key.Key_Right):
        QTest.keyClick(cells, key)
    assert cells.cursor_cell == (1, 2)
    QTest.keyClick(cells, Qt.Key.Key_PageUp)
    QTest.keyClick(cells, Qt.Key.Key_PageDown)
    assert values(turned) == pytest.approx([KERNEL[1, 2] + STEP, KERNEL[1, 2]])
    QTest.keyClick(cells, Qt.Key.Key_Up)
    QTest.keyClick(cells, Qt.Key.Key_Left)
    assert cells.cursor_cell == (0, 1)


def test_typing_goes_on_with_enter_and_tab_and_back(cells: KernelCells) -> None:
    typed = QSignalSpy(cells.typed)
    QTest.keyClick(cells, "5")
    assert field(cells).text() == "5"
    QTest.keyClicks(field(cells), ".5")
    QTest.keyClick(field(cells), Qt.Key.Key_Return)
    assert (values(typed), cells.cursor_cell, cells.typing) == (["5.5"], (0, 1), False)
    assert cells.hasFocus()
    QTest.keyClick(cells, "-")
    QTest.keyClick(field(cells), Qt.Key.Key_Tab)
    assert cells.cursor_cell == (0, 2)
    QTest.keyClick(cells, "1")
    QTest.keyClick(field(cells), Qt.Key.Key_Backtab)
    assert (values(typed), cells.cursor_cell) == (["5.5", "-", "1"], (0, 1))


def test_enter_at_the_last_cell_stays_there(cells: KernelCells) -> None:
    QTest.mouseClick(cells, Qt.MouseButton.LeftButton, pos=middle(cells, 2, 2))
    QTest.keyClick(cells, "1")
    QTest.keyClick(field(cells), Qt.Key.Key_Return)
    assert cells.cursor_cell == (2, 2)


def test_escape_and_a_double_click(cells: KernelCells) -> None:
    typed = QSignalSpy(cells.typed)
    at = middle(cells, 1, 1)
    QTest.mouseClick(cells, Qt.MouseButton.LeftButton, pos=at)
    QTest.mouseDClick(cells, Qt.MouseButton.LeftButton, pos=at)
    assert field(cells).text() == "0.125"
    assert field(cells).selectedText() == "0.125"
    QTest.keyClick(field(cells), Qt.Key.Key_Escape)
    assert not cells.typing
    assert typed.count() == 0


def test_what_is_refused_stays_to_be_mended(cells: KernelCells) -> None:
    cells.typed.connect(cells.refuse)
    QTest.keyClick(cells, "1")
    QTest.keyClicks(field(cells), "x")
    QTest.keyClick(field(cells), Qt.Key.Key_Return)
    assert cells.typing
    assert cells.cursor_cell == (0, 0)
    QTest.keyClick(field(cells), Qt.Key.Key_Escape)
    assert not cells.typing


def test_a_click_elsewhere_takes_what_was_typed(cells: KernelCells) -> None:
    typed = QSignalSpy(cells.typed)
    QTest.keyClick(cells, "3")
    QTest.mouseClick(cells, Qt.MouseButton.LeftButton, pos=middle(cells, 2, 2))
    assert values(typed) == ["3"]
    assert cells.cursor_cell == (2, 2)


def test_delete_makes_zero_and_the_clipboard_is_asked_for(cells: KernelCells) -> None:
    typed, copied, pasted = map(QSignalSpy, (cells.typed, cells.copied, cells.pasted))
    QTest.keyClick(cells, Qt.Key.Key_Delete)
    QTest.keySequence(cells, "Ctrl+C")
    QTest.keySequence(cells, "Ctrl+V")
    assert (values(typed), copied.count(), pasted.count()) == (["0"], 1, 1)


def test_edited_cells_have_a_corner(cells: KernelCells) -> None:
    edited = np.zeros((3, 3), bool)
    edited[1, 2] = True
    before = cells.grab().toImage()
    after = shown(cells, KERNEL, edited).grab().toImage()
    changed = {
        cells.cell_at(QPointF(x, y))
        for x in range(before.width())
        for y in range(before.height())
        if before.pixel(x, y) != after.pixel(x, y)
    }
    assert changed - {(0, 2), None} == {(1, 2)}  # its outline touches the cell above
    assert (1, 2) in changed


def test_a_smaller_kernel_keeps_the_cursor_inside(cells: KernelCells) -> None:
    QTest.mouseClick(cells, Qt.MouseButton.LeftButton, pos=middle(cells, 2, 2))
    shown(cells, KERNEL[:1, :2])
    assert cells.cursor_cell == (0, 1)
    assert cells.value == -0.5


@given(st.floats(1e-6, 1e6))
def test_a_step_is_round_and_some_forty_reach_the_largest(largest: float) -> None:
    step = step_of(np.array([[-largest, 0]], np.float32))
    assert 15 <= largest / step <= 40.1
    assert float(f"{step:.0e}") == pytest.approx(step, rel=1e-9)


def test_the_step_of_zeros() -> None:
    assert step_of(np.zeros((3, 3), np.float32)) == pytest.approx(0.05)
