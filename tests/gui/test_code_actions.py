"""Code on the clipboard and in files."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtGui import QAction, QGuiApplication
from PySide6.QtWidgets import QFileDialog, QMainWindow, QMessageBox
from pytestqt.qtbot import QtBot

from cnn_explorer.core.building import new_network
from cnn_explorer.core.code import Library, script
from cnn_explorer.core.selection import Selection
from cnn_explorer.core.state import State
from cnn_explorer.gui.actions import make_actions
from cnn_explorer.gui.code_actions import CodeActions
from cnn_explorer.gui.document import Document
from cnn_explorer.gui.selection import SelectionModel
from cnn_explorer.gui.settings import SettingsStore
from cnn_explorer.io.code_files import write_code
from cnn_explorer.io.digits import digit


class Bench:
    """The actions and a document, without the rest of the window."""

    def __init__(self, folder: Path) -> None:
        self.window = QMainWindow()
        self.actions: dict[str, QAction] = make_actions(self.window)
        self.document = Document(State(digit(7), new_network()), self.window)
        self.selection = SelectionModel(Selection(1, (1,) * 16, (3, 4)), self.window)
        self.store = SettingsStore(folder / "settings.json", self.window)
        self.code = CodeActions(
            self.actions, self.document, self.selection, self.store, self.window
        )
        self.said: list[str] = []
        self.code.said.connect(self.said.append)


@pytest.fixture
def bench(qtbot: QtBot, tmp_path: Path) -> Iterator[Bench]:
    bench = Bench(tmp_path)
    qtbot.addWidget(bench.window)
    yield bench
    bench.code.shut_down()


@pytest.fixture
def warned(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    sentences: list[str] = []

    def warning(parent: object, title: str, text: str) -> None:
        sentences.append(text)

    monkeypatch.setattr(QMessageBox, "warning", warning)
    return sentences


@pytest.mark.parametrize("library", Library)
def test_the_network_is_copied(bench: Bench, library: Library) -> None:
    bench.actions[f"code_{library}"].trigger()
    text = QGuiApplication.clipboard().text()
    assert text == script(bench.document.state, library).text
    assert bench.said == [f"Copied {text.count(chr(10)):,} lines of code for {library.label}"]


@pytest.mark.parametrize("library", Library)
def test_the_selected_map_is_copied_alone(bench: Bench, library: Library) -> None:
    bench.actions[f"code_map_{library}"].trigger()
    text = QGuiApplication.clipboard().text()
    expected = script(bench.document.state, library, address=(1, 1), pixel=(3, 4))
    assert text == expected.text


def test_code_of_a_map_is_offered_where_there_is_one(bench: Bench) -> None:
    assert bench.actions["code_map_numpy"].isVisible()
    bench.selection.select(Selection(None))
    assert not bench.actions["code_map_numpy"].isVisible()


def test_what_is_too_large_to_copy_is_said(bench: Bench, warned: list[str]) -> None:
    QGuiApplication.clipboard().setText("before")
    large = replace(bench.document.state, network=new_network((40, 60)))
    bench.document.commit("Larger", large)
    bench.actions["code_torch"].trigger()
    assert "write it to a file" in warned[0]
    assert QGuiApplication.clipboard().text() == "before"


def test_it_is_exported_with_its_numbers(
    bench: Bench, qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    state = replace(bench.document.state, network=new_network((40, 60)))
    bench.document.commit("Larger", state)

    def chosen(*arguments: object) -> tuple[str, str]:
        return str(tmp_path / "lesson"), "PyTorch (*.py)"

    monkeypatch.setattr(QFileDialog, "getSaveFileName", chosen)
    with qtbot.waitSignal(bench.code.said):
        bench.actions["export_code"].trigger()
    assert bench.said == ["Wrote lesson.py and lesson-numbers.npz"]
    write_code(tmp_path / "there" / "lesson.py", state, Library.TORCH)
    for name in ("lesson.py", "lesson-numbers.npz"):
        assert (tmp_path / name).read_bytes() == (tmp_path / "there" / name).read_bytes()


@pytest.mark.parametrize("large", [True, False])
def test_numbers_beside_are_not_replaced_unasked(
    bench: Bench, qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, large: bool
) -> None:
    network = new_network((40, 60) if large else (3, 4))
    bench.document.commit("Size", replace(bench.document.state, network=network))
    numbers = tmp_path / "maps-numbers.npz"
    numbers.write_bytes(b"old")
    asked: list[str] = []

    def question(parent: object, title: str, text: str, *_: object) -> object:
        asked.append(text)
        return QMessageBox.StandardButton.Cancel

    monkeypatch.setattr(QMessageBox, "question", question)
    chosen = str(tmp_path / "maps.py"), "NumPy (*.py)"
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: chosen)
    bench.actions["export_code"].trigger()
    if large:
        assert asked == [f"{numbers} exists already. Replace?"]
    else:
        qtbot.waitUntil(lambda: bench.said == ["Wrote maps.py"])
        assert not asked
    assert (tmp_path / "maps.py").exists() is not large
    assert numbers.read_bytes() == b"old"


def test_a_place_that_cannot_be_written_is_said(
    bench: Bench, qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, warned: list[str]
) -> None:
    (tmp_path / "file").write_bytes(b"")
    path = str(tmp_path / "file" / "maps.py")
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (path, ""))
    bench.actions["export_code"].trigger()
    qtbot.waitUntil(lambda: bool(warned))
    assert "is a file, not a folder" in warned[0]
