"""Whole networks: those that come with the program, and those in files."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QFileDialog, QMainWindow, QMessageBox, QToolButton
from pytestqt.qtbot import QtBot

from cnn_explorer.core import edit
from cnn_explorer.core.building import new_network
from cnn_explorer.core.state import State
from cnn_explorer.core.trained import is_as_trained
from cnn_explorer.gui.actions import make_actions
from cnn_explorer.gui.document import Document
from cnn_explorer.gui.network_files import NetworkFiles, NetworkSwitch
from cnn_explorer.gui.settings import SettingsStore
from cnn_explorer.io.digits import digit
from cnn_explorer.io.networks import BUNDLED, bundled_network
from cnn_explorer.io.weights import load_network, save_network


class Bench:
    """The actions and a document, without the rest of the window."""

    def __init__(self, folder: Path) -> None:
        self.window = QMainWindow()
        self.actions: dict[str, QAction] = make_actions(self.window)
        self.document = Document(State(digit(7), new_network()), self.window)
        self.store = SettingsStore(folder / "settings.json", self.window)
        self.files = NetworkFiles(self.actions, self.document, self.store, self.window)
        self.switch = NetworkSwitch(self.actions, self.window)

    @property
    def checked(self) -> list[str]:
        return [name for name in BUNDLED if self.actions[f"trained_{name}"].isChecked()]


@pytest.fixture
def bench(qtbot: QtBot, tmp_path: Path) -> Iterator[Bench]:
    bench = Bench(tmp_path)
    qtbot.addWidget(bench.window)
    yield bench
    bench.files.shut_down()


def test_a_trained_network_is_one_click_away_and_one_step_of_undo(bench: Bench) -> None:
    assert bench.checked == []
    drawing = bench.document.state.drawing
    (button,) = (one for one in bench.switch.findChildren(QToolButton) if one.text() == "8-16")
    button.click()
    assert bench.document.state.network is bundled_network("8-16")
    assert bench.document.state.drawing is drawing
    assert bench.checked == ["8-16"]
    button.click()
    assert bench.checked == ["8-16"]
    assert bench.document.undo_stack.count() == 1
    bench.document.undo()
    assert bench.checked == []


def test_an_edited_network_is_marked_and_comes_back_as_trained(bench: Bench) -> None:
    action = bench.actions["trained_3-4"]
    action.trigger()
    state = bench.document.state
    bench.document.commit("edit", replace(state, network=edit.with_filters(state.network, 1, 5)))
    assert action.text() == "3-4, edited"
    assert action.isChecked()
    action.trigger()
    assert bench.document.state.network is bundled_network("3-4")
    assert action.text() == "3-4"


def test_the_hand_made_network_comes_back_and_the_drawing_stays(bench: Bench) -> None:
    bench.actions["trained_8-16"].trigger()
    drawing = bench.document.state.drawing
    bench.actions["hand_made"].trigger()
    layers = bench.document.state.network.layers
    assert [layer.out_channels for layer in layers] == [3, 4]
    assert bench.document.state.network.trained is None
    assert bench.document.state.drawing is drawing
    assert bench.checked == []


@pytest.mark.parametrize(
    ("name", "chosen", "written"),
    [
        ("one.npz", "safetensors (*.safetensors)", "one.npz"),
        ("one", "NumPy (*.npz)", "one.npz"),
        ("one.5", "safetensors (*.safetensors)", "one.5.safetensors"),
    ],
)
def test_what_was_saved_is_opened_again(
    bench: Bench,
    qtbot: QtBot,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    chosen: str,
    written: str,
) -> None:
    bench.actions["trained_3-4"].trigger()
    suggested: list[str] = []

    def save_as(*arguments: object) -> tuple[str, str]:
        suggested.append(Path(str(arguments[2])).name)
        return str(tmp_path / name), chosen

    monkeypatch.setattr(QFileDialog, "getSaveFileName", save_as)
    with qtbot.waitSignal(bench.files.said) as saved:
        bench.actions["save_network"].trigger()
    assert suggested == ["3-4.safetensors"]
    assert saved.args == [f"Saved {written}"]
    assert is_as_trained(load_network(tmp_path / written))

    bench.actions["hand_made"].trigger()
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_: (str(tmp_path / written), ""))
    with qtbot.waitSignal(bench.files.said):
        bench.actions["open_network"].trigger()
    assert is_as_trained(bench.document.state.network)
    assert bench.checked == ["3-4"]
    assert bench.actions["undo"] is not None
    assert bench.document.undo_stack.undoText() == f"Open {written}"
    assert bench.store.current.folder == str(tmp_path)


def test_an_ending_that_is_added_does_not_replace_unasked(
    bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "one.npz").write_bytes(b"old")
    asked: list[str] = []

    def question(parent: object, title: str, text: str, *_: object) -> object:
        asked.append(text)
        return QMessageBox.StandardButton.Cancel

    monkeypatch.setattr(QMessageBox, "question", question)
    chosen = str(tmp_path / "one"), "NumPy (*.npz)"
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: chosen)
    bench.actions["save_network"].trigger()
    bench.files.shut_down()
    assert asked == [f"{tmp_path / 'one.npz'} exists already. Replace?"]
    assert (tmp_path / "one.npz").read_bytes() == b"old"


def test_a_file_that_is_no_network_changes_nothing_and_is_told(
    bench: Bench, qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[str] = []
    monkeypatch.setattr(QMessageBox, "warning", lambda _, title, text: told.append(text))
    (tmp_path / "bad.npz").write_bytes(b"PK\x03\x04")
    before = bench.document.state
    bench.files.open(str(tmp_path / "bad.npz"))
    qtbot.waitUntil(lambda: bool(told))
    assert told[0].startswith("bad.npz is damaged or not a network of CNN Explorer: ")
    assert bench.document.state is before
    assert not bench.document.undo_stack.canUndo()


def test_a_place_that_cannot_be_written_is_told(
    bench: Bench, qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[str] = []
    monkeypatch.setattr(QMessageBox, "warning", lambda _, title, text: told.append(text))
    nowhere = str(tmp_path / "none" / "one.npz")
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (nowhere, ""))
    bench.actions["save_network"].trigger()
    qtbot.waitUntil(lambda: bool(told))
    assert told[0].startswith("There is no folder ")


def test_dialogs_that_are_cancelled_do_nothing(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("getOpenFileName", "getSaveFileName"):
        monkeypatch.setattr(QFileDialog, name, lambda *_: ("", ""))
    before = bench.document.state, bench.store.current
    bench.actions["open_network"].trigger()
    bench.actions["save_network"].trigger()
    assert (bench.document.state, bench.store.current) == before


def test_a_network_file_of_another_name_is_none_of_the_bundled(
    bench: Bench, qtbot: QtBot, tmp_path: Path
) -> None:
    save_network(tmp_path / "own.npz", new_network((2, 6)))
    with qtbot.waitSignal(bench.files.said):
        bench.files.open(str(tmp_path / "own.npz"))
    assert [layer.out_channels for layer in bench.document.state.network.layers] == [2, 6]
    assert bench.checked == []


def test_the_name_in_a_file_is_not_believed(bench: Bench, qtbot: QtBot, tmp_path: Path) -> None:
    network = bundled_network("3-4")
    assert network.trained is not None
    named = replace(network, trained=replace(network.trained, name="8-16"))
    save_network(tmp_path / "own.npz", named)
    with qtbot.waitSignal(bench.files.said):
        bench.files.open(str(tmp_path / "own.npz"))
    assert bench.checked == []


def test_an_edited_network_says_what_a_click_on_it_does(bench: Bench) -> None:
    action = bench.actions["trained_3-4"]
    action.trigger()
    assert action.toolTip() == f"Trained to read digits: {BUNDLED['3-4']}"
    state = bench.document.state
    bench.document.commit("edit", replace(state, network=edit.with_filters(state.network, 1, 5)))
    assert action.toolTip().endswith("; a click makes it as trained again")
