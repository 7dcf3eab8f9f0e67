"""Exports opened again in the window."""

from pathlib import Path

import pytest
from PySide6.QtCore import QMimeData, QUrl
from PySide6.QtWidgets import QMessageBox
from pytestqt.qtbot import QtBot

from cnn_explorer.core.building import new_network
from cnn_explorer.core.state import State
from cnn_explorer.gui.main_window import MainWindow
from cnn_explorer.gui.settings import SettingsStore
from cnn_explorer.io.digits import digit
from cnn_explorer.io.export import ExportOptions, export
from cnn_explorer.io.session import opening_state


@pytest.fixture
def window(qtbot: QtBot, tmp_path: Path):
    window = MainWindow(opening_state(), SettingsStore(tmp_path / "settings.json"))
    qtbot.addWidget(window)
    yield window
    window.sessions.discard()
    window.close()


@pytest.mark.parametrize("name", ["", "manifest.json", "maps.npz"])
def test_what_is_dropped_opens_as_one_step_of_undo(
    window: MainWindow, qtbot: QtBot, tmp_path: Path, name: str
) -> None:
    before = window.document.state
    folder = tmp_path / "maps"
    export(State(digit(3), new_network((2, 3))), folder, ExportOptions(("npz",)))
    mime = QMimeData()
    mime.setUrls([QUrl.fromLocalFile(str(folder / name))])
    with qtbot.waitSignal(window.exports.said):
        window.input.use_mime(mime, "Drop image")
    state = window.document.state
    assert state.drawing.tobytes() == digit(3).tobytes()
    assert [layer.out_channels for layer in state.network.layers] == [2, 3]
    window.document.undo()
    assert window.document.state is before


def test_an_export_without_arrays_is_refused(
    window: MainWindow, qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    warned: list[str] = []
    monkeypatch.setattr(QMessageBox, "warning", lambda *given: warned.append(given[-1]))
    before = window.document.state
    export(State(digit(3), new_network((2,))), tmp_path / "maps", ExportOptions())
    window.exports.open(str(tmp_path / "maps"))
    qtbot.waitUntil(lambda: bool(warned))
    assert "only an export with arrays" in warned[0]
    assert window.document.state is before
