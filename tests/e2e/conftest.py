"""The program as users have it: its window, its folders, real mouse and key events."""

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QEvent, QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot

from cnn_explorer.app import Folders, Program, application
from cnn_explorer.core.building import new_network
from cnn_explorer.core.forward import Activations
from cnn_explorer.core.state import State
from cnn_explorer.gui import errors
from cnn_explorer.gui.layer_card import LayerCard
from cnn_explorer.gui.main_window import MainWindow
from cnn_explorer.gui.map_grid import MapGrid
from cnn_explorer.gui.question_box import QuestionBox
from cnn_explorer.gui.tiles import TileArea
from cnn_explorer.io import session
from cnn_explorer.io.digits import digit

WAIT = 20_000  # milliseconds, far more than anything takes


class Driver:
    """One run of the program, and a hand on its mouse and keys."""

    def __init__(self, program: Program, qtbot: QtBot) -> None:
        self.program = program
        self.qtbot = qtbot
        self.errors: list[str] = []
        program.errors.reported.connect(self.errors.append)

    @property
    def window(self) -> MainWindow:
        return self.program.window

    @property
    def state(self) -> State:
        return self.window.document.state

    @property
    def shown(self) -> Activations:
        assert self.window.shown is not None
        return self.window.shown

    @property
    def cards(self) -> list[LayerCard]:
        return self.window.layers.cards

    @property
    def says(self) -> str:
        """What the left of the status bar says."""
        return self.window.status._spot.text()

    def grid(self, layer: int) -> MapGrid:
        return self.cards[layer].maps

    def wait(self, condition: Callable[[], bool]) -> None:
        self.qtbot.waitUntil(condition, timeout=WAIT)

    def settle(self) -> None:
        """Wait until the maps on screen are those of the document, and all is laid out."""
        QApplication.processEvents()
        self.wait(lambda: self.window.fresh)
        QApplication.processEvents()
        self.wait(lambda: self.window.fresh)

    def show(self, *, size: tuple[int, int] = (1440, 900)) -> None:
        self.window.resize(*size)
        self.program.show()
        self.activate()
        self.wait(lambda: self.window.worker.signal_ready)
        self.settle()

    def activate(self) -> None:
        """Bring the window to the front, as a desktop does when a dialog is gone.

        A dialog that the program opens by itself keeps the front until it is answered.
        """
        self.window.activateWindow()
        self.wait(lambda: self.window.isActiveWindow() or bool(QApplication.activeModalWidget()))

    def trigger(self, name: str) -> None:
        self.window.actions_by_name[name].trigger()
        self.settle()

    def press(self, keys: str, widget: QWidget | None = None) -> None:
        """Press keys, such as "Ctrl+Z", where the focus is."""
        self.activate()
        QTest.keySequence(widget or self.window.focusWidget() or self.window, keys)
        self.settle()

    def click(self, area: TileArea, index: int, row: int = 0, column: int = 0) -> None:
        """Click a pixel of a tile."""
        QTest.mouseClick(
            area.viewport(), Qt.MouseButton.LeftButton, pos=pixel(area, index, row, column)
        )
        self.settle()

    def place(self, row: float, column: float) -> QPoint:
        """Where a (row, column) of the drawing is on the canvas."""
        square = self.window.input.canvas.square()
        cell = square.width() / 28
        return QPoint(round(square.x() + column * cell), round(square.y() + row * cell))

    def draw(
        self,
        start: tuple[float, float],
        end: tuple[float, float],
        button: Qt.MouseButton = Qt.MouseButton.LeftButton,
    ) -> None:
        """Draw from one (row, column) of the drawing to another."""
        canvas = self.window.input.canvas
        points = [self.place(*place) for place in (start, end)]
        QTest.mousePress(canvas, button, pos=points[0])
        QTest.mouseMove(canvas, (points[0] + points[1]) / 2)
        QTest.mouseMove(canvas, points[1])
        QTest.mouseRelease(canvas, button, pos=points[1])
        self.settle()

    @property
    def questions(self) -> list[QuestionBox]:
        """What the window asks."""
        return [box for box in self.window.findChildren(QuestionBox) if box.isVisible()]

    def answer(self, name: str) -> None:
        """Answer the one question there is."""
        self.wait(lambda: bool(self.questions))
        (box,) = self.questions
        box.press(name)
        QApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete.value)

    def end(self) -> None:
        self.program.end()
        self.window.deleteLater()
        self.program.deleteLater()
        QApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete.value)


def pixel(area: TileArea, index: int, row: int, column: int) -> QPoint:
    """Where a pixel of a tile is in the viewport."""
    tile = area.tile_rectangle(index)
    rows, columns = area.map_size
    return QPoint(
        int(tile.left() + (column + 0.5) * tile.width() / columns),
        int(tile.top() + (row + 0.5) * tile.height() / rows),
    )


@pytest.fixture
def folders(own_folders: Path) -> Folders:
    return Folders(own_folders / "config", own_folders / "data")


@pytest.fixture
def make(
    qapp: QApplication,
    qtbot: QtBot,
    folders: Folders,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Callable[..., Driver]]:
    """Make runs of the program, one after the other, in the same folders."""
    # pytest has its own traces of crashes.
    for name in ("enable", "disable"):
        monkeypatch.setattr(errors.faulthandler, name, lambda *_: None)
    font = qapp.font()
    hook = sys.excepthook
    drivers: list[Driver] = []

    def make(path: Path | None = None) -> Driver:
        qapp.setFont(font)
        given = None if path is None else str(path)
        drivers.append(Driver(Program(application([]), folders, given), qtbot))
        return drivers[-1]

    yield make
    unexpected: list[str] = []
    while drivers:
        driver = drivers.pop()
        driver.end()
        unexpected += driver.errors
    qapp.setStyleSheet("")
    assert sys.excepthook == hook
    assert not unexpected, unexpected[0]


def hand_made() -> State:
    """A seven and the network of 3 and 4 filters with kernels made by hand."""
    return State(digit(7), new_network())


@pytest.fixture
def driver(make: Callable[..., Driver], folders: Folders) -> Driver:
    """The program on the hand-made network, whose numbers are known, with fresh maps on screen."""
    folders.data.mkdir(parents=True, exist_ok=True)
    path = folders.data / "hand-made.cnnx"
    session.save(path, session.Session(hand_made()))
    driver = make(path)
    driver.show()
    return driver
