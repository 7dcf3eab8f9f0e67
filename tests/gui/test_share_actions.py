"""Share strings in the window: the same pixel elsewhere, and a way back."""

from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QMessageBox
from pytestqt.qtbot import QtBot

from cnn_explorer.core.network import Trained
from cnn_explorer.core.schemes import ChannelScheme
from cnn_explorer.core.selection import Selection
from cnn_explorer.core.view import View
from cnn_explorer.gui.main_window import MainWindow
from cnn_explorer.gui.settings import SettingsStore
from cnn_explorer.io.digits import digit
from cnn_explorer.io.networks import bundled_network
from cnn_explorer.io.session import Session, opening_state
from cnn_explorer.io.share import share


@pytest.fixture
def window(qtbot: QtBot, tmp_path):
    window = MainWindow(opening_state(), SettingsStore(tmp_path / "settings.json"))
    qtbot.addWidget(window)
    yield window
    window.sessions.discard()
    window.close()


@pytest.fixture
def warned(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    sentences: list[str] = []
    monkeypatch.setattr(QMessageBox, "warning", lambda *given: sentences.append(given[-1]))
    return sentences


@pytest.mark.parametrize("action", ["paste_share", "paste_image"])
def test_the_same_pixel_opens_and_undo_brings_back(window: MainWindow, action: str) -> None:
    before = window.document.state
    there = replace(
        before,
        drawing=digit(3),
        network=bundled_network("8-16"),
        scheme=ChannelScheme.SHARED,
    )
    view = View(Selection(1, (2, 5, *[0] * 14), (4, 9)), colour_map="grey")
    QGuiApplication.clipboard().setText(share(Session(there, view)))
    window.actions_by_name[action].trigger()
    state = window.document.state
    np.testing.assert_array_equal(state.drawing, there.drawing)
    assert state.scheme is ChannelScheme.SHARED
    assert state.network.trained is not None
    assert state.network.trained.name == "8-16"
    assert window.selection.current.address == (2, 5)
    assert window.selection.current.pin == (4, 9)
    assert window.store.current.colour_map == "grey"
    assert window.document.undo_stack.undoText() == "Paste share string"
    window.document.undo()
    assert window.document.state is before


def test_what_is_copied_opens_what_is_shown(window: MainWindow) -> None:
    window.selection.select(Selection(1, (1, 2, *[0] * 14), (5, 6)))
    window.actions_by_name["copy_share"].trigger()
    text = QGuiApplication.clipboard().text()
    assert text == share(Session(window.document.state, window.viewing.current))
    window.selection.select(Selection(0, (0,) * 16))
    window.actions_by_name["paste_share"].trigger()
    assert window.selection.current.pin == (5, 6)


def test_a_text_that_is_none_changes_nothing(window: MainWindow, warned: list[str]) -> None:
    before = window.document.state
    QGuiApplication.clipboard().setText("hello")
    window.actions_by_name["paste_share"].trigger()
    QGuiApplication.clipboard().setText("cnnx1:abc")
    window.actions_by_name["paste_image"].trigger()
    assert "is no share string" in warned[0]
    assert "incomplete or was changed" in warned[1]
    assert window.document.state is before


def test_what_cannot_be_shared_is_said(window: MainWindow, warned: list[str]) -> None:
    state = window.document.state
    network = replace(state.network, trained=Trained("mine", state.network.layers))
    window.document.commit("Other", replace(state, network=network))
    window.actions_by_name["copy_share"].trigger()
    assert "save the session as a file" in warned[0]
