"""The prediction: folded until asked, live, honest, and without a jump."""

from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QAccessible
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QToolButton, QToolTip
from pytestqt.qtbot import QtBot

from cnn_explorer.core.building import new_network
from cnn_explorer.core.drawing import blank
from cnn_explorer.core.forward import Activations, Request, forward
from cnn_explorer.core.mutes import toggle_mute
from cnn_explorer.core.network import Network
from cnn_explorer.core.reading import percent, read
from cnn_explorer.core.state import State
from cnn_explorer.gui.prediction import Prediction
from cnn_explorer.gui.settings import SettingsStore
from cnn_explorer.io.digits import digit

from ..toys import toy_network


def passed(network: Network | None = None, **changes: object) -> Activations:
    state = replace(State(digit(7), network or toy_network()), **changes)
    return forward(Request(state, method="matmul"))


@pytest.fixture
def store(qapp: QApplication, tmp_path: Path) -> SettingsStore:
    return SettingsStore(tmp_path / "settings.json")


@pytest.fixture
def panel(qtbot: QtBot, store: SettingsStore) -> Prediction:
    widget = Prediction(store)
    qtbot.addWidget(widget)
    widget.resize(168, 400)
    with qtbot.waitExposed(widget):
        widget.show()
    return widget


def fold(panel: Prediction) -> QToolButton:
    (button,) = panel.findChildren(QToolButton)
    return button


def row(panel: Prediction, class_: int):
    return panel.bars.row_rectangle(class_).center()


def test_folded_it_says_nothing_of_the_answer(panel: Prediction) -> None:
    panel.show_maps(passed())
    assert panel.text == ""
    assert fold(panel).text() == "▸ Prediction"
    assert not panel.bars.isVisible()
    for widget in (panel, *panel.findChildren(QToolButton)):
        interface = QAccessible.queryAccessibleInterface(widget)
        assert "Reads" not in interface.text(QAccessible.Text.Name)
        assert "Reads" not in interface.text(QAccessible.Text.Description)


def test_opened_it_says_what_is_read_and_stays_open(
    panel: Prediction, store: SettingsStore, qtbot: QtBot
) -> None:
    shown = passed()
    panel.show_maps(shown)
    QTest.mouseClick(fold(panel), Qt.MouseButton.LeftButton)
    assert store.current.prediction
    assert fold(panel).text() == "▾ Prediction"
    assert panel.bars.isVisible()
    reading = read(shown)
    lines = panel.text.splitlines()
    assert lines[0] == reading.said
    assert reading.shares is not None
    assert [line.split(": ")[1].removesuffix(", the most") for line in lines[1:11]] == [
        percent(float(share)) for share in reading.shares
    ]
    assert lines[1 + (reading.best or 0)].endswith(", the most")
    other = Prediction(store)
    qtbot.addWidget(other)
    other.show_maps(shown)
    assert other.text == panel.text
    QTest.keyClick(fold(panel), Qt.Key.Key_Space)
    assert panel.text == ""
    assert not store.current.prediction


def test_whatever_is_drawn_nothing_moves(panel: Prediction, store: SettingsStore) -> None:
    store.update(prediction=True)
    places = set()
    for shown in (
        passed(),
        passed(drawing=blank()),
        passed(toy_network(threshold=1.0)),
        passed(drawing=digit(1)),
    ):
        panel.show_maps(shown)
        QApplication.processEvents()
        places.add((panel.bars.geometry().getRect(), panel.sizeHint().height()))
    assert len(places) == 1


def test_it_says_why_there_is_no_reading(panel: Prediction, store: SettingsStore) -> None:
    store.update(prediction=True)
    panel.show_maps(passed(new_network()))
    assert panel.text == "This network ends in maps of 28×28, not in ten values."
    assert not panel.bars.isVisible()
    panel.show_maps(passed())
    assert panel.bars.isVisible()


def test_it_says_when_the_network_is_not_as_trained(
    panel: Prediction, store: SettingsStore
) -> None:
    store.update(prediction=True)
    panel.show_maps(passed(toggle_mute(toy_network(), 1, 0, 0)))
    assert "not as trained any more" in panel.text
    panel.show_maps(passed())
    assert "trained" not in panel.text


def test_a_click_or_enter_asks_for_the_evidence(
    panel: Prediction, store: SettingsStore, qtbot: QtBot
) -> None:
    store.update(prediction=True)
    panel.show_maps(passed())
    QApplication.processEvents()
    asked: list[int] = []
    panel.bars.chosen.connect(asked.append)
    QTest.mouseClick(panel.bars.viewport(), Qt.MouseButton.LeftButton, pos=row(panel, 3))
    assert asked == [3]
    QTest.keyClick(panel.bars, Qt.Key.Key_Down)
    QTest.keyClick(panel.bars, Qt.Key.Key_Return)
    QTest.keyClick(panel.bars, Qt.Key.Key_End)
    QTest.keyClick(panel.bars, Qt.Key.Key_Space)
    assert asked == [3, 4, 9]
    assert panel.bars.accessibleDescription().startswith("9: ")
    assert "Enter shows which maps speak for it" in panel.bars.accessibleDescription()
    QToolTip.hideText()


def test_stale_bars_are_dimmed_and_the_chosen_digit_is_marked(
    panel: Prediction, store: SettingsStore
) -> None:
    store.update(prediction=True)
    panel.show_maps(passed())
    QApplication.processEvents()
    fresh = panel.bars.grab().toImage()
    panel.set_stale(True)
    assert panel.bars.grab().toImage() != fresh
    panel.set_stale(False)
    assert panel.bars.grab().toImage() == fresh
    panel.bars.mark(5)
    assert panel.bars.grab().toImage() != fresh
    panel.bars.mark(None)
    assert panel.bars.grab().toImage() == fresh


def test_where_nothing_is_drawn_the_bars_are_empty(panel: Prediction, store: SettingsStore) -> None:
    store.update(prediction=True)
    panel.show_maps(passed(drawing=blank()))
    assert panel.text.splitlines()[:2] == ["Nothing is drawn.", "0: no share"]
    panel.show_maps(passed(toy_network(threshold=1.0)))
    assert panel.text.startswith("Not a digit that this network was trained for.\n0: ")
