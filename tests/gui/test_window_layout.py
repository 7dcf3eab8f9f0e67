"""Where window and docks stand: shared out by width, dragged, kept, reset."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QDockWidget, QMainWindow, QWidget
from pytestqt.qtbot import QtBot

from cnn_explorer.gui.settings import SettingsStore
from cnn_explorer.gui.window_layout import WindowLayout


class Window(QMainWindow):
    """A main window as the program's, without what is in it."""

    def __init__(self, store: SettingsStore) -> None:
        super().__init__()
        self.setCentralWidget(QWidget())
        self.docks = self._dock("input"), self._dock("inspector")
        self.placing = WindowLayout(self, self.docks, store)

    def _dock(self, name: str) -> QDockWidget:
        dock = QDockWidget(name, self)
        dock.setObjectName(name)
        dock.setWidget(QWidget())
        return dock

    def widen(self, width: int, height: int = 900) -> None:
        self.resize(width, height)
        QApplication.processEvents()
        self.placing.share()
        QApplication.processEvents()

    @property
    def widths(self) -> list[int]:
        return [dock.width() for dock in self.docks]

    @property
    def areas(self) -> list[Qt.DockWidgetArea]:
        return [self.dockWidgetArea(dock) for dock in self.docks]


SIDES = [Qt.DockWidgetArea.LeftDockWidgetArea, Qt.DockWidgetArea.RightDockWidgetArea]


@pytest.fixture
def store(qapp: QApplication, tmp_path: Path) -> SettingsStore:
    return SettingsStore(tmp_path / "settings.json")


@pytest.fixture
def start(qtbot: QtBot, store: SettingsStore) -> Iterator[Callable[[], Window]]:
    windows: list[Window] = []

    def start() -> Window:
        window = Window(store)
        windows.append(window)
        with qtbot.waitExposed(window):
            window.show()
        return window

    yield start
    for window in windows:
        window.close()
        window.deleteLater()


@pytest.mark.parametrize(
    ("width", "expected"),
    [(1024, [184, 340]), (1440, [240, 420]), (2560, [360, 700]), (2000, [300, 560])],
)
def test_docks_get_their_share_of_the_width(
    start: Callable[[], Window], width: int, expected: list[int]
) -> None:
    window = start()
    window.widen(width)
    assert window.widths == expected
    assert window.areas == SIDES


def test_a_dragged_dock_stays_as_wide(start: Callable[[], Window]) -> None:
    window = start()
    window.widen(1440)
    window.resizeDocks(list(window.docks), [300, 420], Qt.Orientation.Horizontal)
    window.widen(1500)
    window.widen(1700)
    assert window.widths == [300, 420]


def test_the_layout_comes_back(start: Callable[[], Window]) -> None:
    first = start()
    first.widen(1500, 800)
    first.addDockWidget(Qt.DockWidgetArea.RightDockWidgetArea, first.docks[0])
    first.docks[1].hide()
    first.placing.save()
    first.close()

    second = start()

    assert second.areas == [Qt.DockWidgetArea.RightDockWidgetArea] * 2
    assert [dock.isVisible() for dock in second.docks] == [True, False]


def test_reset_brings_floating_moved_and_closed_docks_back(
    start: Callable[[], Window], store: SettingsStore
) -> None:
    window = start()
    window.widen(1440)
    window.docks[0].setFloating(True)
    window.docks[1].hide()
    window.placing.save()
    store.reset()

    window.placing.restore()
    window.widen(1440)

    assert [dock.isVisible() for dock in window.docks] == [True, True]
    assert [dock.isFloating() for dock in window.docks] == [False, False]
    assert window.areas == SIDES
    assert window.widths == [240, 420]


@pytest.mark.parametrize("garbage", [b"", b"x", bytes(range(256)) * 40])
@pytest.mark.parametrize("part", ["window_geometry", "window_state"])
def test_garbage_gives_the_default_layout(
    start: Callable[[], Window], store: SettingsStore, part: str, garbage: bytes
) -> None:
    first = start()
    first.placing.save()
    first.close()
    store.update(**{part: garbage})

    window = start()
    window.widen(1440)

    assert window.areas == SIDES
    assert window.widths == [240, 420], "the share follows the width, as by default"
