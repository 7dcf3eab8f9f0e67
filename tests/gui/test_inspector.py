"""The tabs of the inspector: what is looked at, and whose making is shown."""

import re
from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtCore import QObject, Qt
from PySide6.QtWidgets import QApplication, QLabel
from pytestqt.qtbot import QtBot

from cnn_explorer.core.addresses import Address
from cnn_explorer.core.building import add_layer, new_network
from cnn_explorer.core.forward import Request, forward
from cnn_explorer.core.network import Network
from cnn_explorer.core.schemes import ChannelScheme
from cnn_explorer.core.selection import Selection
from cnn_explorer.core.state import State
from cnn_explorer.gui.actions import make_actions
from cnn_explorer.gui.colouring import colouring_of
from cnn_explorer.gui.document import Document
from cnn_explorer.gui.inspector import Inspector
from cnn_explorer.gui.selection import SelectionModel
from cnn_explorer.gui.settings import SettingsStore
from cnn_explorer.io.digits import digit


class Bench:
    def __init__(self, qtbot: QtBot, folder: Path) -> None:
        self.parent = QObject()
        self.in_view: tuple[tuple[Address, ...], ...] = ()
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
        shown = forward(Request(state, self.in_view, method="matmul", making=making))
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
    assert bench.inspector.titles[0] == "How map 1 is made"
    bench.selection.select(Selection().at((2, 3)))
    assert bench.inspector.titles[0] == "How map 3 is made"
    state = replace(bench.document.state, scheme=ChannelScheme.NAIVE)
    bench.document.commit("Naive", state)
    bench.selection.select(Selection().at((2, 0)))
    assert bench.inspector.titles[0] == "How map 2.0 is made"
    bench.selection.select(Selection())
    assert bench.inspector.titles[0] == "How a map is made"


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


# Maps that are no sums.


def headed() -> Network:
    state = State(digit(2), new_network((3,)))
    for kind in ("MaxPool2d", "GlobalAvgPool2d", "Flatten", "Linear", "Softmax"):
        state = replace(state, network=add_layer(state, kind))
    return state.network


@pytest.fixture
def head(bench: Bench) -> Bench:
    bench.document.commit("x", replace(bench.document.state, network=headed()))
    bench.selection.follow(bench.document.state.network)
    return bench


def hint(bench: Bench) -> str:
    (label,) = (
        label
        for label in bench.inspector.making.findChildren(QLabel)
        if label.isVisible() and label.textFormat() != Qt.TextFormat.PlainText and label.text()
    )
    return label.text()


def select(bench: Bench, address: Address, pin: tuple[int, int] | None = (0, 0)) -> None:
    bench.selection.select(Selection().at(address, pin))
    bench.compute(bench.inspector.looked_at)


@pytest.mark.parametrize(
    ("address", "equation", "line"),
    [
        (
            (1, 1, 1),
            "GlobalAvgPool1[1] = mean of MaxPool1[1]",
            "divided by 196 = GlobalAvgPool1[1]",
        ),
        (
            (1, 1, 1, 1),
            "Flatten1[1] = GlobalAvgPool1[1] at row 0, column 0",
            "row 0, column 0 of the map = Flatten1[1]",
        ),
        (
            (1, 1, 1, 1, 3, 7),
            "Softmax1[7] = exp( Linear1[7] ) / Σᵢ exp( Linear1[i] )",
            "the one divided by the other = Softmax1[7]",
        ),
    ],
)
def test_how_a_map_that_is_no_sum_is_made_is_said_in_steps(
    head: Bench, address: Address, equation: str, line: str
) -> None:
    select(head, address)
    said = hint(head)
    assert said.startswith(f"{equation}<br>")
    assert f"<td>{line}&nbsp;</td>" in said
    value = float(forward(Request(head.document.state)).maps[len(address) - 1][address[-1], 0, 0])
    printed = re.findall(r"<td align=right>(.*?)</td>", said)[-1].replace("−", "-")
    assert float(printed) == pytest.approx(value, abs=1e-4)
    assert not head.inspector.making.pixel_rows.isVisible()
    assert not head.inspector.making.proof.isVisible()
    select(head, address, None)
    assert "<table>" not in hint(head)
    assert hint(head).startswith(equation)


def test_from_a_sum_to_steps_and_back(head: Bench) -> None:
    panel = head.inspector.making
    for address, sums in (
        ((1, 1), True), ((1, 1, 1), False), ((1, 1, 1, 1, 3), True),
        ((1, 1, 1, 1, 3, 3), False), ((2,), True),
    ):  # fmt: skip
        select(head, address)
        assert panel.pixel_rows.isVisible() == sums
        assert panel.proof.isVisible() == sums
        assert head.inspector.titles[0] == f"How map {address[-1]} is made"
        panel.grab()


def test_what_naive_does_not_have_is_said(head: Bench) -> None:
    head.document.commit("x", replace(head.document.state, scheme=ChannelScheme.NAIVE))
    select(head, (1, 1, 1, 1, 3, 3))
    assert hint(head).startswith("Softmax 1 has no maps in this scheme")
    select(head, (1, 1, 1))
    assert "divided by 196 = GlobalAvgPool1[1]" in hint(head)
    select(head, (1, 1))
    assert head.inspector.making.pixel_rows.isVisible()
    head.document.undo_stack.clear()


def test_no_tab_is_cut_off(bench: Bench) -> None:
    """In a window of 1024 pixels the inspector has 340."""
    for width in (340, 700):
        bench.inspector.resize(width, 500)
        QApplication.processEvents()
        bar = bench.inspector.tabBar()
        for index in range(bar.count()):
            assert bar.tabRect(index).width() >= bar.tabSizeHint(index).width(), width
    assert bench.inspector.tabText(1) == "Kernel tensors"
