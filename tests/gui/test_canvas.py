"""Strokes by mouse and keyboard, and where the drawing lies on the screen."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from PySide6.QtCore import QEvent, QPoint, QPointF, QRectF, Qt
from PySide6.QtGui import QImage, QKeyEvent, QKeySequence, QMouseEvent, QShortcut
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLineEdit, QVBoxLayout, QWidget
from pytestqt.qtbot import QtBot

from cnn_explorer.core.building import new_network
from cnn_explorer.core.drawing import SIDE, blank, stroke
from cnn_explorer.core.schemes import ChannelScheme
from cnn_explorer.core.state import State
from cnn_explorer.gui.canvas import MARGIN, Canvas
from cnn_explorer.gui.document import Document
from cnn_explorer.gui.drawing_picture import fitted_square
from cnn_explorer.gui.settings import SettingsStore

CELL = 6
LEFT, RIGHT = Qt.MouseButton.LeftButton, Qt.MouseButton.RightButton


@pytest.fixture
def document(qapp: QApplication) -> Document:
    return Document(State(blank(), new_network()))


@pytest.fixture
def store(qapp: QApplication, tmp_path: Path) -> SettingsStore:
    return SettingsStore(tmp_path / "settings.ini")


@pytest.fixture
def canvas(qtbot: QtBot, document: Document, store: SettingsStore) -> Canvas:
    widget = Canvas(document, store)
    qtbot.addWidget(widget)
    widget.resize(SIDE * CELL + 2 * MARGIN, SIDE * CELL + 2 * MARGIN)
    with qtbot.waitExposed(widget):
        widget.show()
    return widget


def at(row: float, column: float) -> QPoint:
    """The middle of a pixel, in the widget."""
    return QPoint(round((column + 0.5) * CELL), round((row + 0.5) * CELL)) + QPoint(MARGIN, MARGIN)


def press(canvas: Canvas, row: int, column: int, button: Qt.MouseButton = LEFT) -> None:
    QTest.mousePress(canvas, button, pos=at(row, column))


def move(canvas: Canvas, row: float, column: float, buttons: Qt.MouseButton = LEFT) -> None:
    """One move, however far, as of a fast mouse."""
    place = QPointF(at(row, column))
    none, no_keys = Qt.MouseButton.NoButton, Qt.KeyboardModifier.NoModifier
    there = canvas.mapToGlobal(place)
    event = QMouseEvent(QEvent.Type.MouseMove, place, there, none, buttons, no_keys)
    QApplication.sendEvent(canvas, event)


def release(canvas: Canvas, row: int, column: int, button: Qt.MouseButton = LEFT) -> None:
    QTest.mouseRelease(canvas, button, pos=at(row, column))


def drag(canvas: Canvas, *pixels: tuple[int, int], button: Qt.MouseButton = LEFT) -> None:
    press(canvas, *pixels[0], button)
    for pixel in pixels[1:]:
        move(canvas, *pixel, button)
    release(canvas, *pixels[-1], button)


def pixels_of(canvas: Canvas) -> NDArray[np.uint8]:
    """What is on the screen, in grey."""
    image = canvas.grab().toImage().convertToFormat(QImage.Format.Format_Grayscale8)
    lines = np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), -1)
    return lines[:, : image.width()].copy()


def changes_of(document: Document) -> list[State]:
    seen: list[State] = []
    document.changed.connect(lambda new, old: seen.append(new))
    return seen


# The mouse.


def test_a_fast_jump_leaves_no_gap(canvas: Canvas, document: Document) -> None:
    drag(canvas, (3, 2), (24, 20))
    drawing = document.state.drawing
    for row in range(3, 25):
        column = 2 + (row - 3) * 18 / 21
        assert drawing[row, round(column)] > 0.4
    assert drawing[3, 20] == drawing[24, 2] == 0


def test_a_stroke_in_many_events_is_the_stroke_through_their_points(
    canvas: Canvas, document: Document, store: SettingsStore
) -> None:
    pixels = [(2, 2), (5, 20), (20, 22), (25, 3), (13, 4), (14, 4)]
    drag(canvas, *pixels)
    points = [(row + 0.5, column + 0.5) for row, column in pixels]
    expected = stroke(blank(), points, size=store.current.pen_size)
    np.testing.assert_array_equal(document.state.drawing, expected)


def test_a_stroke_is_seen_with_every_event_and_is_one_step(
    canvas: Canvas, document: Document
) -> None:
    seen = changes_of(document)
    press(canvas, 5, 5)
    assert len(seen) == 1
    move(canvas, 5, 12)
    assert len(seen) == 2
    move(canvas, 12, 12)
    assert len(seen) == 3
    assert document.undo_stack.count() == 0
    release(canvas, 12, 12)
    assert len(seen) == 3  # no second signal
    assert document.undo_stack.count() == 1
    assert document.undo_stack.undoText() == "Draw stroke"
    document.undo_stack.undo()
    assert not document.state.drawing.any()


@pytest.mark.parametrize(("button", "tool"), [(RIGHT, False), (LEFT, True), (RIGHT, True)])
def test_the_right_button_and_the_eraser_erase(
    canvas: Canvas, document: Document, button: Qt.MouseButton, tool: bool
) -> None:
    document.open(replace(document.state, drawing=np.ones((SIDE, SIDE), np.float32)))
    canvas.erasing = tool
    drag(canvas, (10, 4), (10, 20), button=button)
    assert not document.state.drawing[10, 4:21].any()
    assert document.state.drawing[20].all()
    assert document.undo_stack.undoText() == "Erase"


def test_a_stroke_goes_on_outside_and_comes_back(canvas: Canvas, document: Document) -> None:
    drag(canvas, (14, 14), (14, 40), (20, 40), (20, 14))
    drawing = document.state.drawing
    assert drawing[14, 14:].all()
    assert drawing[20, 14:].all()
    assert not drawing[17].any()
    assert document.undo_stack.count() == 1


def test_erasing_nothing_is_no_step(canvas: Canvas, document: Document) -> None:
    seen = changes_of(document)
    drag(canvas, (3, 3), (9, 9), button=RIGHT)
    assert not seen
    assert document.undo_stack.count() == 0


def test_the_size_of_the_pen_is_the_one_of_the_settings(
    canvas: Canvas, document: Document, store: SettingsStore
) -> None:
    store.update(pen_size=7.0)
    drag(canvas, (14, 14))
    assert document.state.drawing[14, 11:18].all()
    assert not document.state.drawing[14, [9, 19]].any()


def test_another_button_does_not_disturb_a_stroke(canvas: Canvas, document: Document) -> None:
    press(canvas, 5, 5)
    press(canvas, 5, 5, RIGHT)
    release(canvas, 5, 5, RIGHT)
    move(canvas, 5, 15)
    assert document.undo_stack.count() == 0
    release(canvas, 5, 15)
    assert document.state.drawing[5, 5:16].all()
    assert document.undo_stack.count() == 1


def test_undo_ends_a_half_drawn_stroke(canvas: Canvas, document: Document) -> None:
    drag(canvas, (3, 3), (3, 9))
    press(canvas, 20, 3)
    move(canvas, 20, 9)
    document.undo_stack.undo()
    before = document.state
    assert not before.drawing.any()
    move(canvas, 20, 20)
    release(canvas, 20, 20)
    assert document.state is before
    assert document.undo_stack.index() == 0
    assert document.undo_stack.canRedo()


def test_a_stroke_survives_a_change_of_something_else(canvas: Canvas, document: Document) -> None:
    press(canvas, 5, 5)
    document.commit("Switch", replace(document.state, scheme=ChannelScheme.NAIVE))
    move(canvas, 5, 15)
    release(canvas, 5, 15)
    assert document.state.scheme is ChannelScheme.NAIVE
    assert document.state.drawing[5, 5:16].all()
    assert document.undo_stack.undoText() == "Draw stroke"


@pytest.mark.parametrize("way", ["hidden", "released elsewhere"])
def test_a_stroke_whose_release_is_lost_ends(canvas: Canvas, document: Document, way: str) -> None:
    press(canvas, 5, 5)
    move(canvas, 5, 9)
    if way == "hidden":
        canvas.hide()
    else:
        move(canvas, 9, 9, Qt.MouseButton.NoButton)
    assert document.undo_stack.count() == 1
    assert not document.state.drawing[8].any()
    release(canvas, 5, 9)


# The keyboard.


def key(canvas: Canvas, kind: QEvent.Type, which: Qt.Key) -> None:
    """An event of a key that repeats because it is held."""
    event = QKeyEvent(kind, which, Qt.KeyboardModifier.NoModifier, "", True)
    QApplication.sendEvent(canvas, event)


def test_space_makes_a_dot_under_the_cursor(canvas: Canvas, document: Document) -> None:
    QTest.keyClick(canvas, Qt.Key.Key_Space)
    expected = stroke(blank(), [(14.5, 14.5)], size=2)
    np.testing.assert_array_equal(document.state.drawing, expected)
    assert document.undo_stack.count() == 1


def test_space_held_draws_a_line_in_one_step(canvas: Canvas, document: Document) -> None:
    seen = changes_of(document)
    QTest.keyPress(canvas, Qt.Key.Key_Space)
    for _ in range(3):
        QTest.keyClick(canvas, Qt.Key.Key_Right)
        key(canvas, QEvent.Type.KeyRelease, Qt.Key.Key_Space)
        key(canvas, QEvent.Type.KeyPress, Qt.Key.Key_Space)
    QTest.keyClick(canvas, Qt.Key.Key_Down, Qt.KeyboardModifier.ShiftModifier)
    assert len(seen) == 5
    assert document.undo_stack.count() == 0
    QTest.keyRelease(canvas, Qt.Key.Key_Space)
    assert len(seen) == 5
    assert document.undo_stack.count() == 1
    expected = stroke(blank(), [(14.5, 14.5), (14.5, 17.5), (18.5, 17.5)], size=2)
    np.testing.assert_array_equal(document.state.drawing, expected)


def test_a_held_key_does_not_begin_again_what_was_undone(
    canvas: Canvas, document: Document
) -> None:
    drag(canvas, (3, 3))
    QTest.keyPress(canvas, Qt.Key.Key_Space)
    document.undo_stack.undo()
    before = document.state
    key(canvas, QEvent.Type.KeyPress, Qt.Key.Key_Space)
    QTest.keyClick(canvas, Qt.Key.Key_Right)
    QTest.keyRelease(canvas, Qt.Key.Key_Space)
    assert document.state is before


def test_arrows_alone_draw_nothing_and_stop_at_the_edge(canvas: Canvas, document: Document) -> None:
    for _ in range(40):
        QTest.keyClick(canvas, Qt.Key.Key_Up)
        QTest.keyClick(canvas, Qt.Key.Key_Left, Qt.KeyboardModifier.ShiftModifier)
    assert document.undo_stack.count() == 0
    QTest.keyClick(canvas, Qt.Key.Key_Space)
    assert document.state.drawing[0, 0] == 1
    assert not document.state.drawing[4:].any()


@pytest.mark.parametrize("which", [Qt.Key.Key_Backspace, Qt.Key.Key_Delete, Qt.Key.Key_Space])
def test_keys_erase(canvas: Canvas, document: Document, which: Qt.Key) -> None:
    document.open(replace(document.state, drawing=np.ones((SIDE, SIDE), np.float32)))
    canvas.erasing = which is Qt.Key.Key_Space
    QTest.keyClick(canvas, which)
    assert document.state.drawing[14, 14] == 0
    assert document.undo_stack.undoText() == "Erase"


def test_the_cursor_starts_where_the_mouse_was(canvas: Canvas, document: Document) -> None:
    drag(canvas, (20, 3))
    QTest.keyClick(canvas, Qt.Key.Key_Right)
    QTest.keyClick(canvas, Qt.Key.Key_Space)
    assert document.state.drawing[20, 3] == document.state.drawing[20, 4] == 1


def test_a_key_stroke_ends_when_the_focus_goes(
    qtbot: QtBot, document: Document, store: SettingsStore
) -> None:
    window = QWidget()
    qtbot.addWidget(window)
    column = QVBoxLayout(window)
    canvas, other = Canvas(document, store), QLineEdit()
    column.addWidget(canvas)
    column.addWidget(other)
    with qtbot.waitActive(window):
        window.show()
        window.activateWindow()
    canvas.setFocus()
    QTest.keyPress(canvas, Qt.Key.Key_Space)
    assert document.undo_stack.count() == 0
    other.setFocus()
    assert document.undo_stack.count() == 1
    QTest.keyRelease(other, Qt.Key.Key_Space)


def test_shortcuts_of_the_window_do_not_take_its_keys(
    qtbot: QtBot, canvas: Canvas, document: Document
) -> None:
    with qtbot.waitActive(canvas):
        canvas.activateWindow()
    canvas.setFocus()
    taken: list[str] = []
    for name in ("Space", "Left", "["):
        QShortcut(QKeySequence(name), canvas).activated.connect(
            lambda name=name: taken.append(name)
        )
    QTest.keyClick(canvas, Qt.Key.Key_Left)
    QTest.keyClick(canvas, Qt.Key.Key_Space)
    assert document.state.drawing[14, 13] == 1
    assert taken == []
    QTest.keyClick(canvas, Qt.Key.Key_BracketLeft)
    assert taken == ["["]


# What is told and shown.


def test_it_tells_the_pixel_under_the_pointer(canvas: Canvas) -> None:
    told: list[object] = []
    canvas.hovered.connect(told.append)
    none = Qt.MouseButton.NoButton
    move(canvas, 3, 5, none)
    move(canvas, 3.2, 5.2, none)  # still the same pixel
    move(canvas, 27, 0, none)
    move(canvas, 28, 0, none)
    move(canvas, 0, 27, none)
    QApplication.sendEvent(canvas, QEvent(QEvent.Type.Leave))
    QTest.keyClick(canvas, Qt.Key.Key_Down)
    assert told == [(3, 5), (27, 0), None, (0, 27), None, (15, 14)]


def test_each_pixel_is_a_square_of_its_grey(canvas: Canvas, document: Document) -> None:
    rng = np.random.default_rng(0)
    document.commit("Other", replace(document.state, drawing=rng.random((28, 28), np.float32)))
    shown = pixels_of(canvas)[MARGIN:-MARGIN, MARGIN:-MARGIN]
    grey = np.rint(document.state.drawing * 255).astype(np.uint8)
    np.testing.assert_array_equal(shown, np.kron(grey, np.ones((CELL, CELL), np.uint8)))


def test_the_pen_shows_its_size_at_the_pointer(canvas: Canvas, store: SettingsStore) -> None:
    plain = pixels_of(canvas)
    reached = []
    for size in (2.0, 8.0):
        store.update(pen_size=size)
        move(canvas, 14, 14, Qt.MouseButton.NoButton)
        rows, _ = np.nonzero(pixels_of(canvas) != plain)
        reached.append((rows.max() - rows.min() + 1) / CELL)
    assert reached == pytest.approx([2, 8], abs=0.6)


@given(
    width=st.integers(20, 900),
    height=st.integers(20, 900),
    ratio=st.sampled_from([1.0, 1.1, 1.25, 1.5, 1.75, 2.0, 2.625, 3.0]),
    left=st.integers(0, 300),
    top=st.integers(0, 300),
)
def test_pixels_are_whole_device_pixels(
    width: int, height: int, ratio: float, left: int, top: int
) -> None:
    room = QRectF(MARGIN, MARGIN, width, height)
    square = fitted_square(room, ratio, (left, top))
    side = square.width() * ratio
    corner = (square.x() + left) * ratio, (square.y() + top) * ratio
    assert square.width() == pytest.approx(square.height())
    for value in (*corner, side / SIDE):
        assert value == pytest.approx(round(value), abs=1e-6)
    assert side < min(width, height) * ratio + 1e-3 or round(side) == SIDE
    assert side + SIDE > min(width, height) * ratio - 1e-3
    distance = (square.center() - room.center()) * ratio
    assert -1 <= distance.x() < 1e-3
    assert -1 <= distance.y() < 1e-3
