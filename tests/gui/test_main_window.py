"""The main window: what it asks the worker for, and which maps it shows."""

import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtCore import QEvent
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from cnn_explorer.core.building import new_network
from cnn_explorer.core.drawing import stroke
from cnn_explorer.core.forward import Activations, Request, forward
from cnn_explorer.core.state import State
from cnn_explorer.gui import worker
from cnn_explorer.gui.main_window import MainWindow
from cnn_explorer.gui.settings import SettingsStore
from cnn_explorer.io.digits import digit


class Gate:
    """Lets passes through one by one, where it is closed."""

    def __init__(self) -> None:
        self.requests: list[Request] = []
        self._passes = threading.Semaphore(0)
        self._open = threading.Event()
        self._open.set()

    def close(self) -> None:
        self._open.clear()

    def open(self) -> None:
        self._open.set()

    def let_one_through(self) -> None:
        self._passes.release()

    def forward(
        self, request: Request, checkpoint: Callable[[], None], known: Activations | None
    ) -> Activations:
        self.requests.append(request)
        while not self._open.is_set() and not self._passes.acquire(timeout=0.002):
            checkpoint()
        return forward(request)


@pytest.fixture
def gate(monkeypatch: pytest.MonkeyPatch) -> Gate:
    gate = Gate()
    monkeypatch.setattr(worker, "forward", gate.forward)
    return gate


@pytest.fixture
def window(qapp: QApplication, qtbot: QtBot, gate: Gate, tmp_path: Path) -> Iterator[MainWindow]:
    window = MainWindow(State(digit(7), new_network()), SettingsStore(tmp_path / "settings.json"))
    window.resize(1200, 800)
    window.show()
    qtbot.waitUntil(lambda: window.fresh)
    QApplication.processEvents()
    qtbot.waitUntil(lambda: window.fresh)
    yield window
    window.sessions.discard()
    window.close()
    window.deleteLater()
    QApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete.value)


def drawn(state: State, row: int) -> State:
    return replace(state, drawing=stroke(state.drawing, [(row, 3), (row, 25)], size=2))


def rebuilt(state: State, *filters: int) -> State:
    return replace(state, network=new_network(filters))


def brightness(window: MainWindow) -> int:
    """How bright the brightest pixel of the first layer's second tile is on screen."""
    grid = window.layers.cards[0].maps
    tile = grid.tile_rectangle(1).toRect()
    image = grid.viewport().grab(tile).toImage()
    return max(
        image.pixelColor(x, y).lightness()
        for x in range(0, image.width(), 2)
        for y in range(0, image.height(), 2)
    )


def test_the_maps_that_it_opens_on_are_those_of_the_document(window: MainWindow) -> None:
    assert window.shown is not None
    assert window.shown.state is window.document.state
    assert window.windowTitle() == "Untitled[*] - CNN Explorer"
    assert not window.isWindowModified()


def test_maps_are_dimmed_when_they_are_long_out_of_date_and_only_then(
    window: MainWindow, gate: Gate, qtbot: QtBot
) -> None:
    bright = brightness(window)
    gate.close()
    window.document.commit("Stroke", drawn(window.document.state, 5))
    assert not window.fresh
    assert brightness(window) == bright, "at once it would flicker"
    # White shows through the dimmed black of the light theme; the ink of the maps is paler.
    qtbot.waitUntil(lambda: brightness(window) != bright)
    assert window.status._pass.text() == "computing…"

    gate.open()
    qtbot.waitUntil(lambda: window.fresh)
    assert "matrix product" in window.status._pass.text()
    image = window.grab().toImage()
    window.layers.set_stale(False)
    assert window.grab().toImage() == image, "nothing is dimmed any more"


def test_what_is_drawn_meanwhile_is_shown_as_the_next_frame(
    window: MainWindow, gate: Gate, qtbot: QtBot
) -> None:
    gate.close()
    states = [drawn(window.document.state, row) for row in (3, 6, 9)]
    window.document.preview(states[0])
    qtbot.waitUntil(lambda: gate.requests[-1].state is states[0])
    window.document.preview(states[1])
    window.document.preview(states[2])
    gate.let_one_through()
    qtbot.waitUntil(lambda: window.shown is not None and window.shown.state is states[0])
    assert not window.fresh
    gate.let_one_through()
    qtbot.waitUntil(lambda: window.fresh)
    assert window.shown is not None
    assert window.shown.state is states[2]
    assert states[1] not in [request.state for request in gate.requests]


def test_maps_of_another_network_are_never_shown(
    window: MainWindow, gate: Gate, qtbot: QtBot
) -> None:
    gate.close()
    first = rebuilt(window.document.state, 5, 6)
    last = rebuilt(window.document.state, 2)
    seen: list[State] = []
    window.worker.finished.connect(lambda activations: seen.append(activations.state))
    window.document.commit("First", first)
    qtbot.waitUntil(lambda: gate.requests[-1].state is first)
    window.document.commit("Last", last)
    gate.open()
    qtbot.waitUntil(lambda: window.fresh)
    assert window.shown is not None
    assert window.shown.state is last
    assert first not in seen
    assert len(window.layers.cards) == 1


def test_a_selection_asks_for_its_making_and_a_pin_for_nothing(
    window: MainWindow, gate: Gate, qtbot: QtBot
) -> None:
    window.selection.select(window.selection.current.at((1, 3), (2, 2)))
    qtbot.waitUntil(lambda: window.fresh)
    assert gate.requests[-1].making == (1, 3)
    asked = len(gate.requests)
    window.selection.select(window.selection.current.at((1, 3), (5, 6)))
    window.actions_by_name["tensors"].trigger()
    qtbot.waitUntil(lambda: len(gate.requests) > asked)
    assert [request.making for request in gate.requests[asked:]] == [None]
    window.selection.select(window.selection.current.at((0,)))
    QApplication.processEvents()
    assert not window.worker.busy
    assert len(gate.requests) == asked + 1


def test_in_naive_a_card_that_shows_its_kernels_asks_for_no_maps(
    window: MainWindow, gate: Gate, qtbot: QtBot
) -> None:
    window.actions_by_name["naive"].trigger()
    qtbot.waitUntil(lambda: window.fresh)
    assert len(window.layers.in_view()[1]) == 12
    window.layers.cards[1].show_face(2)
    window.selection.select(replace(window.selection.current, layer=None))
    qtbot.waitUntil(lambda: gate.requests[-1].in_view[1] == ())
    qtbot.waitUntil(lambda: not window.worker.busy)


def test_the_number_of_parameters_follows_network_and_scheme(
    window: MainWindow, qtbot: QtBot
) -> None:
    texts = []
    for state in (
        window.document.state,
        rebuilt(window.document.state, 3, 4, 5),
        rebuilt(window.document.state, 1),
    ):
        window.document.open(state)
        texts.append(window.status._parameters.text())
    assert texts == ["142 parameters", "327 parameters", "10 parameters"]
    window.document.open(rebuilt(window.document.state, 3, 4))
    window.actions_by_name["naive"].trigger()
    assert window.status._parameters.text() == "70 parameters"
    qtbot.waitUntil(lambda: window.fresh)


def test_after_closing_nothing_is_computed(window: MainWindow, gate: Gate) -> None:
    window.close()
    asked = len(gate.requests)
    window.document.commit("Stroke", drawn(window.document.state, 5))
    window.load_signal()
    QApplication.processEvents()
    assert len(gate.requests) == asked


def test_there_are_figures_of_panels_cards_and_the_face_that_is_shown(window: MainWindow) -> None:
    window.layers.cards[1].show_face(1)
    shown = {name for name, widget in window._parts() if widget.isVisible()}
    assert shown == {
        "The window",
        "Layers",
        "Conv 1",
        "Conv 2",
        "Conv 1: Maps",
        "Conv 2: Contributions",
        "How map 1 is made",
        "Input",
    }
