"""Centring: the command, the option, the tile beside them, and what undo brings back."""

from collections.abc import Iterator
from math import ceil

import numpy as np
import pytest
from PySide6.QtCore import QObject, QPoint, Qt
from PySide6.QtGui import QAction, QImage
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QCheckBox, QLabel, QToolButton
from pytestqt.qtbot import QtBot

from cnn_explorer.core.building import new_network
from cnn_explorer.core.centring import centred
from cnn_explorer.core.drawing import blank, draw
from cnn_explorer.core.explain import Field
from cnn_explorer.core.state import State
from cnn_explorer.gui.actions import make_actions
from cnn_explorer.gui.centring import Centring
from cnn_explorer.gui.document import Document

SMALL = draw([[(3, 3), (10, 6)]], size=2)


class Bench:
    def __init__(self, qtbot: QtBot) -> None:
        self.parent = QObject()
        self.document = Document(State(SMALL, new_network()))
        self.actions = make_actions(self.parent)
        self.widget = Centring(self.document, self.actions)
        self.actions["centre"].triggered.connect(self.widget.centre)
        self.actions["centring"].triggered.connect(self.widget.set_always)
        qtbot.addWidget(self.widget)
        self.widget.resize(224, 120)
        with qtbot.waitExposed(self.widget):
            self.widget.show()

    @property
    def action(self) -> QAction:
        return self.actions["centring"]

    @property
    def box(self) -> QCheckBox:
        (box,) = self.widget.findChildren(QCheckBox)
        return box

    @property
    def caption(self) -> str:
        (label,) = self.widget.findChildren(QLabel)
        return label.text()


@pytest.fixture
def bench(qtbot: QtBot) -> Iterator[Bench]:
    bench = Bench(qtbot)
    yield bench
    bench.parent.deleteLater()


def test_the_command_is_one_undo_step(bench: Bench) -> None:
    (button,) = bench.widget.findChildren(QToolButton)
    QTest.mouseClick(button, Qt.MouseButton.LeftButton)
    np.testing.assert_array_equal(bench.document.state.drawing, centred(SMALL))
    assert not bench.document.state.centred
    assert bench.document.undo_stack.undoText() == "Centre"
    bench.document.undo()
    assert bench.document.state.drawing is SMALL


def test_a_blank_drawing_needs_no_centring(bench: Bench) -> None:
    bench.document.open(State(blank(), new_network()))
    bench.actions["centre"].trigger()
    assert bench.document.undo_stack.count() == 0


def test_the_option_leaves_the_drawing_and_changes_what_the_network_gets(bench: Bench) -> None:
    assert bench.caption == "Centred, it would be so"
    bench.box.click()
    state = bench.document.state
    assert state.drawing is SMALL
    assert state.centred
    np.testing.assert_array_equal(state.input, centred(SMALL))
    assert bench.action.isChecked()
    assert bench.caption == "What the network sees"
    bench.document.undo()
    assert not bench.document.state.centred
    assert not bench.box.isChecked()
    assert not bench.action.isChecked()
    bench.action.trigger()
    assert bench.box.isChecked()
    assert bench.document.state.centred
    bench.box.click()
    assert bench.document.undo_stack.undoText() == "Take the drawing as it is"


def values(bench: Bench) -> np.ndarray:
    """What the tile shows, pixel by pixel."""
    tile = bench.widget.seen
    image = tile.grab().toImage().convertToFormat(QImage.Format.Format_Grayscale8)
    cell = (tile.width() - 2) // 28
    centres = [
        [image.pixelColor(1 + c * cell + cell // 2, 1 + r * cell + cell // 2) for c in range(28)]
        for r in range(28)
    ]
    return np.array([[colour.red() for colour in line] for line in centres])


@pytest.mark.parametrize("always", [False, True])
def test_the_tile_shows_the_centred_drawing_before_and_after(bench: Bench, always: bool) -> None:
    bench.widget.set_always(always)
    for drawing in (SMALL, draw([[(14, 20), (26, 25)]], size=3)):
        state = State(drawing, bench.document.state.network, centred=always)
        bench.document.commit("Draw", state)
        np.testing.assert_allclose(values(bench), np.rint(centred(drawing) * 255), atol=1)
    bench.actions["centre"].trigger()
    bench.document.undo()
    np.testing.assert_allclose(values(bench), np.rint(centred(drawing) * 255), atol=1)


@pytest.mark.parametrize("width", [150, 168, 224, 360])
def test_its_pixels_are_whole(bench: Bench, width: int) -> None:
    bench.widget.resize(width, 200)
    QApplication.processEvents()
    tile = bench.widget.seen
    assert tile.width() == tile.height()
    assert (tile.width() - 2) % 28 == 0
    assert tile.width() >= 58
    assert tile.width() <= max(58, ceil(0.4 * width) + 2)
    for widget in (bench.box, *bench.widget.findChildren(QToolButton)):
        assert widget.geometry().left() > tile.geometry().right()


def test_it_tells_the_pixel_under_the_pointer_and_outlines_pixels(bench: Bench) -> None:
    tile = bench.widget.seen
    told: list[object] = []
    tile.hovered.connect(told.append)
    cell = (tile.width() - 2) // 28
    QTest.mouseMove(tile, QPoint(1 + 5 * cell + 1, 1 + 3 * cell + 1))
    assert told == [(3, 5)]
    before = tile.grab().toImage()
    rows, columns = np.zeros(28, bool), np.zeros(28, bool)
    rows[3:8] = columns[5:10] = True
    tile.show_fields([(Field(rows, columns), False)])
    assert tile.grab().toImage() != before
    tile.show_fields([])
    assert tile.grab().toImage() == before
