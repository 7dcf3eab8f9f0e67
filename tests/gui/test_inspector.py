"""The tabs of the inspector: what is looked at, and whose making is shown."""

from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtCore import QObject
from pytestqt.qtbot import QtBot

from cnn_explorer.core.edit import new_network
from cnn_explorer.core.forward import Request, forward
from cnn_explorer.core.schemes import Address, ChannelScheme
from cnn_explorer.core.state import State
from cnn_explorer.gui.actions import make_actions
from cnn_explorer.gui.colouring import colouring_of
from cnn_explorer.gui.document import Document
from cnn_explorer.gui.inspector import Inspector
from cnn_explorer.gui.selection import Selection, SelectionModel
from cnn_explorer.gui.settings import SettingsStore
from cnn_explorer.io.digits import digit


class Bench:
    def __init__(self, qtbot: QtBot, folder: Path) -> None:
        self.parent = QObject()
        self.document = Document(State(digit(2), new_network((3, 4))))
        self.selection = SelectionModel(Selection().at((0, 1), (5, 5)))
        self.store = SettingsStore(folder / "settings.json")
        self.actions = make_actions(self.parent)
        self.inspector = Inspector(self.document, self.selection, self.store, self.actions)
        qtbot.addWidget(self.inspector)
        self.inspector.resize(420, 700)
        with qtbot.waitExposed(self.inspector):
            self.inspector.show()

    def compute(self, making: Address | None) -> None:
        state = self.document.state
        shown = forward(Request(state, method="matmul", making=making))
        self.inspector.show_maps(shown, colouring_of(self.store.current, shown.maps))

    @property
    def printed(self) -> str:
        return self.inspector.making.pixel_rows.text()


@pytest.fixture
def bench(qtbot: QtBot, tmp_path: Path) -> Bench:
    return Bench(qtbot, tmp_path)


def test_the_making_of_another_map_is_never_shown(bench: Bench) -> None:
    bench.compute((0, 1))
    assert "Conv2[1]" in bench.printed
    bench.compute((0, 3))
    assert "Conv2[1]" in bench.printed
    bench.compute(None)
    assert "Conv2[1]" in bench.printed


def test_the_tab_names_the_map(bench: Bench) -> None:
    assert bench.inspector.tabText(0) == "How map 1 is made"
    bench.selection.select(Selection().at((2, 3)))
    assert bench.inspector.tabText(0) == "How map 3 is made"
    state = replace(bench.document.state, scheme=ChannelScheme.NAIVE)
    bench.document.commit("Naive", state)
    bench.selection.select(Selection().at((2, 0)))
    assert bench.inspector.tabText(0) == "How map 2.0 is made"
    bench.selection.select(Selection())
    assert bench.inspector.tabText(0) == "How a map is made"


def test_only_what_is_on_screen_is_looked_at(bench: Bench, qtbot: QtBot) -> None:
    assert bench.inspector.looked_at == (0, 1)
    with qtbot.waitSignal(bench.inspector.view_changed):
        bench.actions["tensors"].trigger()
    assert bench.inspector.looked_at is None
    with qtbot.waitSignal(bench.inspector.view_changed):
        bench.actions["making"].trigger()
    assert bench.inspector.looked_at == (0, 1)
    with qtbot.waitSignal(bench.inspector.view_changed):
        bench.inspector.hide()
    assert bench.inspector.looked_at is None


def test_the_zoom_is_switched_by_its_action(bench: Bench) -> None:
    bench.compute((0, 1))
    bench.actions["tensors"].trigger()
    bench.actions["zoom"].trigger()
    assert bench.store.current.zoom == "map"
    assert bench.inspector.making.map_rows.isVisible()
    bench.actions["zoom"].trigger()
    assert bench.inspector.making.pixel_rows.isVisible()
