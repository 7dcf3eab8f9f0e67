"""The evidence: rows, footer and proof; the rest of many; what a click and a pointer do."""

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
from PySide6.QtCore import QEvent, QPoint, QPointF, Qt
from PySide6.QtGui import QMouseEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QCheckBox
from pytestqt.qtbot import QtBot

from cnn_explorer.core.building import new_network
from cnn_explorer.core.evidence import evidence
from cnn_explorer.core.forward import Activations, Request, forward
from cnn_explorer.core.mutes import with_muted
from cnn_explorer.core.network import Network
from cnn_explorer.core.reading import percent, read
from cnn_explorer.core.schemes import ChannelScheme
from cnn_explorer.core.selection import Selection
from cnn_explorer.core.state import State
from cnn_explorer.gui.colouring import colouring_of
from cnn_explorer.gui.document import Document
from cnn_explorer.gui.evidence import EvidencePanel
from cnn_explorer.gui.row_area import REST
from cnn_explorer.gui.selection import SelectionModel
from cnn_explorer.gui.settings import Settings
from cnn_explorer.io.digits import digit

from ..toys import toy_network


class Bench:
    def __init__(self, qtbot: QtBot, network: Network, *, height: int = 800) -> None:
        self.document = Document(State(digit(7), network))
        self.selection = SelectionModel(Selection())
        self.panel = EvidencePanel(self.document, self.selection)
        qtbot.addWidget(self.panel)
        self.panel.resize(404, height)
        with qtbot.waitExposed(self.panel):
            self.panel.show()
        self.shown = self.show()

    def show(self, **changes: object) -> Activations:
        """Show a pass of the document, changed."""
        state = replace(self.document.state, **changes)
        self.document.preview(state)
        shown = forward(Request(state, method="matmul"))
        self.panel.show_maps(shown, colouring_of(Settings(), shown.maps))
        QApplication.processEvents()
        return shown

    def numbers(self) -> dict[str, str]:
        """What the rows and the footer say, by their names."""
        lines = self.panel.rows.text().splitlines()
        return dict(line.split(": ", 1) for line in lines)

    def middle(self, position: int) -> QPoint:
        return self.panel.rows.row_rectangle(position).center()

    def point(self, position: int | None) -> None:
        viewport = self.panel.rows.viewport()
        if position is None:
            QApplication.sendEvent(viewport, QEvent(QEvent.Type.Leave))
            return
        at = QPointF(self.middle(position))
        move = QMouseEvent(
            QEvent.Type.MouseMove, at, viewport.mapToGlobal(at),
            Qt.MouseButton.NoButton, Qt.MouseButton.NoButton, Qt.KeyboardModifier.NoModifier,
        )  # fmt: skip
        QApplication.sendEvent(viewport, move)

    @property
    def all(self) -> QCheckBox:
        (box,) = self.panel.findChildren(QCheckBox)
        return box


@pytest.fixture
def bench(qtbot: QtBot) -> Bench:
    return Bench(qtbot, toy_network())


def exact(text: str) -> Fraction:
    number = text.split(",")[0]
    return Fraction(number.replace("\N{MINUS SIGN}", "-").replace("+", ""))


def test_without_a_class_it_says_what_to_do(bench: Bench) -> None:
    assert bench.panel.text.startswith("Open the prediction below the drawing and click a digit")
    assert not bench.panel.rows.isVisible()


def test_it_takes_a_class_apart_in_print(bench: Bench) -> None:
    bench.panel.show_class(3)
    found = evidence(bench.shown, 3)
    lines = bench.panel.text.splitlines()
    assert lines[0] == "For 3: what the 4 maps of MaxPool 1 say"
    shares = read(bench.shown).shares
    assert shares is not None
    assert lines[1] == f"Share among the ten: {percent(float(shares[3]))}"
    said = bench.numbers()
    maps = {name: text for name, text in said.items() if name.startswith("map ")}
    sizes = [abs(exact(text)) for text in maps.values()]
    assert sizes == sorted(sizes, reverse=True)
    for name, text in maps.items():
        part = float(found.parts[int(name.removeprefix("map "))])
        assert float(exact(text)) == pytest.approx(part, abs=0.00005)
    assert sum(map(exact, maps.values())) == exact(said["Σ"])
    total = sum(exact(said[name]) for name in ("Σ", "bias c₁[3]", "rounding"))
    assert total == exact(said["logit of 3"])
    assert float(total) == pytest.approx(float(bench.shown.maps[4][3, 0, 0]), abs=0.00005)
    assert bench.panel.proof.text.startswith("Σ parts + bias − logit: max |difference| ")


def test_it_follows_the_drawing(bench: Bench) -> None:
    bench.panel.show_class(3)
    before = bench.numbers()
    shown = bench.show(drawing=digit(1))
    after = bench.numbers()
    assert after != before
    logit = float(shown.maps[4][3, 0, 0])
    assert float(exact(after["logit of 3"])) == pytest.approx(logit, abs=0.00005)


def test_rows_change_places_only_once_the_pen_rests(bench: Bench, qtbot: QtBot) -> None:
    bench.panel.show_class(0)
    order = list(bench.panel.rows._rows())
    for label in range(10):
        found = evidence(bench.show(drawing=digit(label)), 0)
        assert list(bench.panel.rows._rows()) == order
        if np.argsort(-np.abs(found.parts), kind="stable").tolist() != order:
            break
    else:
        pytest.fail("No digit puts the maps in another order.")
    wanted = np.argsort(-np.abs(found.parts), kind="stable").tolist()
    qtbot.waitUntil(lambda: list(bench.panel.rows._rows()) == wanted)


def test_many_maps_have_a_rest_that_adds_up_and_opens(qtbot: QtBot) -> None:
    bench = Bench(qtbot, toy_network((2, 40)), height=500)
    bench.panel.show_class(6)
    rows = list(bench.panel.rows._rows())
    assert rows[-1] == REST
    said = bench.numbers()
    folded = 40 - (len(rows) - 1)
    total = sum(exact(text) for name, text in said.items() if name.startswith("map "))
    total += exact(said[f"rest of {folded}"])
    assert total == exact(said["Σ"])
    QTest.mouseClick(bench.panel.rows.viewport(), Qt.MouseButton.LeftButton, pos=bench.middle(REST))
    assert sorted(bench.panel.rows._rows()) == list(range(40))
    assert bench.all.isChecked()
    assert bench.panel.rows.verticalScrollBar().maximum() > 0
    opened = bench.numbers()
    assert sum(exact(text) for name, text in opened.items() if name.startswith("map ")) == exact(
        opened["Σ"]
    )
    QTest.keyClick(bench.panel.rows, Qt.Key.Key_End)
    bar = bench.panel.rows.verticalScrollBar()
    assert bar.value() == bar.maximum()
    bench.all.click()
    assert list(bench.panel.rows._rows())[-1] == REST


def test_a_click_selects_the_map_and_the_pointer_tells_it(bench: Bench) -> None:
    bench.panel.show_class(3)
    position = bench.panel.rows._rows()[1]
    told: list[object] = []
    bench.panel.map_hovered.connect(told.append)
    bench.point(position)
    assert told[-1] == (3, position)
    QTest.mouseClick(
        bench.panel.rows.viewport(), Qt.MouseButton.LeftButton, pos=bench.middle(position)
    )
    current = bench.selection.current
    assert current.layer == 2
    assert current.address is not None
    assert current.address[-1] == position
    assert current.address[1] == position  # pooling goes map by map
    bench.point(None)
    assert told[-1] is None
    QTest.keyClick(bench.panel.rows, Qt.Key.Key_Home)
    QTest.keyClick(bench.panel.rows, Qt.Key.Key_Return)
    address = bench.selection.current.address
    assert address is not None
    assert address[-1] == bench.panel.rows._rows()[0]


def test_a_click_on_what_is_of_another_network_does_nothing(bench: Bench) -> None:
    bench.panel.show_class(3)
    bench.document.preview(replace(bench.document.state, network=new_network()))
    before = bench.selection.current
    QTest.mouseClick(bench.panel.rows.viewport(), Qt.MouseButton.LeftButton, pos=bench.middle(0))
    assert bench.selection.current is before


def test_it_says_why_there_is_nothing_to_take_apart(bench: Bench) -> None:
    bench.panel.show_class(3)
    bench.show(scheme=ChannelScheme.NAIVE)
    assert bench.panel.text.startswith("“Every filter on every map” sums nothing")
    bench.show(scheme=ChannelScheme.REAL)
    assert bench.panel.text.startswith("For 3")
    bench.show(network=new_network())
    assert bench.panel.text == "This network does not end in ten values, one for each digit."


def test_what_is_muted_says_so(bench: Bench) -> None:
    muted = np.zeros((10, 196), bool)
    muted[3, :49] = True
    bench.panel.show_class(3)
    bench.show(network=with_muted(bench.document.state.network, 4, muted))
    assert bench.numbers()["map 0"] == "muted"
    assert "This is more than rounding can explain." not in bench.panel.proof.text


@pytest.mark.parametrize("size", [(340, 500), (404, 800), (684, 1300)])
@pytest.mark.parametrize("average", [False, True])
def test_everything_has_room(qtbot: QtBot, size: tuple[int, int], average: bool) -> None:
    bench = Bench(qtbot, toy_network((3, 16), average=average))
    bench.panel.resize(*size)
    bench.panel.show_class(3)
    QApplication.processEvents()
    rows, proof = bench.panel.rows, bench.panel.proof
    assert rows.horizontalScrollBar().maximum() == 0
    assert rows.verticalScrollBar().maximum() == 0
    assert rows.geometry().bottom() < proof.geometry().top()
    assert proof.geometry().bottom() <= bench.panel.height()
    plan = rows._plan()
    assert plan.tiles[0] < plan.tiles[1] < plan.tiles[2] < plan.bar
    unit = plan.side / max(evidence(bench.shown, 3).maps.shape[1:])
    assert unit == round(unit)


def test_stale_values_are_dimmed(bench: Bench) -> None:
    bench.panel.show_class(3)
    QApplication.processEvents()
    fresh = bench.panel.rows.grab().toImage()
    bench.panel.set_stale(True)
    assert bench.panel.rows.grab().toImage() != fresh
    bench.panel.set_stale(False)
    assert bench.panel.rows.grab().toImage() == fresh


def test_what_is_not_looked_at_is_computed_once_it_is(bench: Bench) -> None:
    bench.panel.show_class(3)
    bench.panel.hide()
    bench.show(drawing=digit(1))
    bench.panel.show()
    logit = float(forward(Request(bench.document.state, method="matmul")).maps[4][3, 0, 0])
    assert float(exact(bench.numbers()["logit of 3"])) == pytest.approx(logit, abs=0.00005)
