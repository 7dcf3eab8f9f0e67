"""Drawing with mouse, keyboard and pictures: the maps follow, and undo brings all back."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QEvent, QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QColor, QDragEnterEvent, QDropEvent, QGuiApplication, QImage
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLabel
from scipy.signal import correlate2d

from cnn_explorer.core.activations import Array
from cnn_explorer.core.schemes import ChannelScheme
from cnn_explorer.core.state import State

from .conftest import Driver


def computed(state: State) -> list[list[Array]]:
    """All maps, convolution by convolution, of a network with same padding, stride 1 and ReLU."""
    layers: list[list[Array]] = []
    maps = [state.drawing]
    for layer in state.network.layers:
        weight = layer.weight.astype(np.float64)
        flat = weight.sum(1) if state.scheme is ChannelScheme.NAIVE else weight.mean(1)
        bias = np.zeros(len(weight)) if layer.bias is None else layer.bias
        made = []
        if state.scheme is ChannelScheme.NAIVE:
            for channel in maps:
                for kernel, add in zip(flat, bias, strict=True):
                    made.append(np.maximum(correlate2d(channel, kernel, "same") + add, 0))
        else:
            for j, add in enumerate(bias):
                total = np.full((28, 28), float(add))
                for i, channel in enumerate(maps):
                    kernel = weight[j, i] if state.scheme is ChannelScheme.REAL else flat[j]
                    total += correlate2d(channel, kernel, "same")
                made.append(np.maximum(total, 0))
        layers.append(made)
        maps = made
    return layers


def assert_shown(driver: Driver) -> None:
    """What is on screen is what the state gives."""
    shown = driver.shown
    assert shown.state is driver.state
    for layer, maps in enumerate(computed(driver.state)):
        grid = driver.grid(layer)
        assert grid.mosaic.count == len(maps)
        for index, expected in enumerate(maps):
            values = shown.find(grid.address(index))
            assert values is not None
            np.testing.assert_allclose(values, expected, atol=1e-5)


def test_a_stroke_changes_the_maps_to_what_they_must_be(driver: Driver) -> None:
    for row, scheme in zip((20, 22, 24), ChannelScheme, strict=True):
        driver.trigger(scheme.value)
        before = driver.shown.maps[1].copy()
        driver.draw((row, 4), (row, 20))

        assert driver.state.drawing[row, 12] > 0.4
        assert (driver.shown.maps[1] != before).any()
        assert_shown(driver)


def test_the_maps_follow_the_pen_before_it_is_lifted(driver: Driver) -> None:
    canvas = driver.window.input.canvas
    square = canvas.square()
    before = driver.shown.maps
    QTest.mousePress(canvas, Qt.MouseButton.LeftButton, pos=square.topLeft().toPoint())
    for step in range(1, 5):
        QTest.mouseMove(canvas, square.topLeft().toPoint() + QPoint(20 * step, 5 * step))
        driver.settle()
        assert (driver.shown.maps[0] != before[0]).any()
        before = driver.shown.maps
    assert_shown(driver)
    assert not driver.window.document.undo_stack.canUndo(), "half a stroke is no step"
    QTest.mouseRelease(canvas, Qt.MouseButton.LeftButton, pos=square.center().toPoint())
    driver.settle()
    assert driver.window.document.undo_stack.count() == 1


def test_undo_and_redo_by_keyboard(driver: Driver) -> None:
    opening, maps = driver.state, driver.shown.maps
    driver.draw((3, 3), (3, 24))
    drawn = driver.state
    driver.draw((10, 3), (20, 3))

    driver.press("Ctrl+Z")
    assert driver.state is drawn
    driver.press("Ctrl+Z")
    assert driver.state is opening
    for one, other in zip(driver.shown.maps, maps, strict=True):
        np.testing.assert_allclose(one, other, atol=1e-5)
    driver.press("Ctrl+Z")
    assert driver.state is opening
    driver.press("Ctrl+Shift+Z")
    assert driver.state is drawn
    driver.press("Ctrl+Y")
    assert driver.window.document.undo_stack.index() == 2
    assert_shown(driver)


def test_the_right_button_and_the_eraser_take_ink_away(driver: Driver) -> None:
    ink = driver.state.drawing.sum()
    driver.draw((7, 8), (7, 14), Qt.MouseButton.RightButton)
    less = driver.state.drawing.sum()
    assert less < ink
    driver.press("Ctrl+R")
    driver.draw((7, 14), (7, 20))
    assert driver.state.drawing.sum() < less
    assert driver.window.actions_by_name["undo"].text() == "&Undo Erase"
    driver.press("Ctrl+D")
    driver.draw((7, 8), (7, 20))
    assert driver.state.drawing.sum() > less


def test_the_keyboard_draws(driver: Driver) -> None:
    canvas = driver.window.input.canvas
    driver.press("Ctrl+Backspace")
    assert not driver.state.drawing.any()
    canvas.setFocus()
    QTest.keyPress(canvas, Qt.Key.Key_Space)
    for _ in range(5):
        QTest.keyClick(canvas, Qt.Key.Key_Right)
    QTest.keyRelease(canvas, Qt.Key.Key_Space)
    driver.settle()
    assert (driver.state.drawing[14, 14:20] == 1).all()
    assert_shown(driver)
    driver.press("Ctrl+Z", canvas)
    assert not driver.state.drawing.any()


def picture() -> QImage:
    """A white disc on black."""
    image = QImage(100, 100, QImage.Format.Format_RGB32)
    image.fill(QColor("black"))
    for y in range(30, 70):
        for x in range(30, 70):
            image.setPixelColor(x, y, QColor("white"))
    return image


def mime_of(content: QImage | Path | list[Path]) -> QMimeData:
    mime = QMimeData()
    if isinstance(content, QImage):
        mime.setImageData(content)
    else:
        paths = [content] if isinstance(content, Path) else content
        mime.setUrls([QUrl.fromLocalFile(str(path)) for path in paths])
    return mime


def drop(driver: Driver, mime: QMimeData) -> list[Qt.DropAction]:
    """Drag something over the window, from a program that would rather move it.

    Returns what the window accepts on entering and on the drop.
    """
    window = driver.window
    actions = Qt.DropAction.MoveAction | Qt.DropAction.CopyAction
    rest = mime, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.ShiftModifier
    enter = QDragEnterEvent(QPoint(5, 5), actions, *rest)
    enter.setDropAction(Qt.DropAction.MoveAction)
    enter.ignore()
    QApplication.sendEvent(window, enter)
    dropped = QDropEvent(QPointF(5, 5), actions, *rest, QEvent.Type.Drop)
    dropped.setDropAction(Qt.DropAction.MoveAction)
    dropped.ignore()
    if enter.isAccepted():
        QApplication.sendEvent(window, dropped)
    return [event.dropAction() for event in (enter, dropped) if event.isAccepted()]


def drop_picture(driver: Driver, folder: Path) -> None:
    drop(driver, mime_of(picture()))


def drop_file(driver: Driver, folder: Path) -> None:
    assert picture().save(str(folder / "disc.png"))
    drop(driver, mime_of(folder / "disc.png"))


def paste(driver: Driver, folder: Path) -> None:
    QGuiApplication.clipboard().setImage(picture())
    driver.press("Ctrl+V")


@pytest.mark.parametrize("bring", [drop_picture, drop_file, paste])
def test_a_picture_becomes_the_drawing(
    driver: Driver, tmp_path: Path, bring: Callable[[Driver, Path], None]
) -> None:
    before = driver.state
    bring(driver, tmp_path)
    driver.wait(lambda: driver.state is not before)
    driver.settle()
    assert driver.state.drawing[14, 14] == 1
    assert driver.state.drawing[0, 0] == 0
    assert driver.state.network is before.network
    assert_shown(driver)
    driver.press("Ctrl+Z")
    assert driver.state is before


def test_a_dropped_file_is_copied_not_moved(driver: Driver, tmp_path: Path) -> None:
    """After a move the program that it came from would delete it."""
    before = driver.state
    assert picture().save(str(tmp_path / "disc.png"))
    accepted = drop(driver, mime_of(tmp_path / "disc.png"))
    assert accepted == [Qt.DropAction.CopyAction] * 2
    driver.wait(lambda: driver.state is not before)


def test_text_cannot_be_dropped(driver: Driver) -> None:
    mime = QMimeData()
    mime.setText("7")
    assert drop(driver, mime) == []


def test_a_file_that_is_no_picture_gets_a_sentence(driver: Driver, tmp_path: Path) -> None:
    before = driver.state
    (tmp_path / "notes.png").write_bytes(b"no picture")
    drop(driver, mime_of(tmp_path / "notes.png"))

    def sentence() -> str:
        shown = [label for label in driver.window.input.findChildren(QLabel) if label.isVisible()]
        texts = [label.text() for label in shown if label.property("role") == "warning"]
        return " ".join(texts).replace("\u200b", "")

    driver.wait(lambda: "notes.png" in sentence())
    assert sentence().endswith(".")
    assert driver.state is before
