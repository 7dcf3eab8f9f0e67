"""The question line: answers, what they lead to, the scene behind “Why add?”, room and keys."""

import gc
import weakref
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QRect, Qt
from PySide6.QtGui import QFont
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLabel, QScrollArea, QToolButton, QVBoxLayout, QWidget
from pytestqt.qtbot import QtBot

from cnn_explorer.core import edit
from cnn_explorer.core.building import new_network
from cnn_explorer.core.drawing import stroke
from cnn_explorer.core.mutes import only_diagonal, toggle_mute
from cnn_explorer.core.question import question
from cnn_explorer.core.scenes import CORNER, is_corner_scene, shape_drawing
from cnn_explorer.core.schemes import ChannelScheme
from cnn_explorer.core.selection import Selection
from cnn_explorer.core.state import State
from cnn_explorer.gui.document import Document, switch_scheme
from cnn_explorer.gui.question import QuestionLine
from cnn_explorer.gui.selection import SelectionModel
from cnn_explorer.gui.settings import SettingsStore
from cnn_explorer.gui.theme import apply_theme


class Bench:
    """The line above something that takes the rest of the room."""

    def __init__(self, qtbot: QtBot, path: Path, *filters: int, width: int = 780) -> None:
        state = State(np.zeros((28, 28), np.float32), new_network(filters or (3, 4), (1,)))
        self.document = Document(state)
        self.selection = SelectionModel(Selection(1, (0, 2) + (0,) * 6, (3, 4)))
        self.store = SettingsStore(path / "settings.json")
        self.window = QWidget()
        qtbot.addWidget(self.window)
        self.line = QuestionLine(self.document, self.selection, self.store, self.window)
        column = QVBoxLayout(self.window)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.line)
        column.addWidget(QScrollArea(self.window), 1)
        self.answered: list[int] = []
        self.led: list[str] = []
        self.asked_why = 0
        self.line.answered.connect(self.answered.append)
        self.line.led.connect(self.led.append)
        self.line.why.connect(self.count_why)
        self.window.resize(width, 700)
        self.window.show()
        self.settle()

    def count_why(self) -> None:
        self.asked_why += 1

    def settle(self) -> None:
        for _ in range(3):  # a wrapped label has its height one pass after its width
            QApplication.processEvents()

    @property
    def network(self) -> edit.Network:
        return self.document.state.network

    @property
    def shown(self) -> list[QWidget]:
        """Labels and buttons on screen, in their order."""
        found = self.line.findChildren(QWidget)
        return [w for w in found if isinstance(w, QLabel | QToolButton) and w.isVisible()]

    @property
    def texts(self) -> list[str]:
        return [label.text() for label in self.shown if isinstance(label, QLabel)]

    @property
    def buttons(self) -> dict[str, QToolButton]:
        return {each.text(): each for each in self.shown if isinstance(each, QToolButton)}

    @property
    def pressed(self) -> list[str]:
        return [text for text, button in self.buttons.items() if button.isChecked()]

    def click(self, text: str) -> None:
        QTest.mouseClick(self.buttons[text], Qt.MouseButton.LeftButton)
        self.settle()

    def commit(self, network: edit.Network) -> None:
        self.document.commit("Edit", replace(self.document.state, network=network))
        self.settle()


@pytest.fixture(autouse=True)
def theme(qapp: QApplication) -> Iterator[None]:
    """Buttons as the program has them."""
    sheet = qapp.styleSheet()
    apply_theme(qapp, "light")
    yield
    qapp.setStyleSheet(sheet)


@pytest.fixture
def bench(qtbot: QtBot, tmp_path: Path) -> Bench:
    return Bench(qtbot, tmp_path)


def test_it_asks_about_the_network_that_is_open(bench: Bench) -> None:
    text = "Layer 1 has 3 maps, layer 2 has 4 filters. How many maps come out?"
    assert bench.texts == [text]
    assert list(bench.buttons) == ["3", "4", "7", "12", "Why add?", "×"]
    assert bench.buttons["12"].accessibleName() == "Answer: 12 maps"
    bench.commit(edit.with_filters(bench.network, 0, 2))
    assert bench.texts == [text.replace("3 maps", "2 maps")]
    bench.commit(edit.remove_layer(bench.network, 1))
    assert bench.texts == ["The drawing is 1 map, layer 1 has 2 filters. How many maps come out?"]
    assert list(bench.buttons) == ["1", "2", "3", "Why add?", "×"]


@pytest.mark.parametrize("number", [3, 4, 7, 12])
def test_an_answer_folds_and_is_explained_and_leads_on(bench: Bench, number: int) -> None:
    (given,) = (each for each in question(bench.network).answers if each.number == number)
    height = bench.line.height()
    bench.click(str(number))
    assert bench.answered == [1]
    assert bench.texts[1] == given.explanation
    assert bench.pressed == [str(number)]
    assert bench.line.height() > height
    bench.click(given.button)
    assert bench.led == [given.leads_to]
    bench.click("Again")
    bench.click(str(number))
    assert bench.answered == [1, 1, 1]
    assert bench.pressed == [str(number)]


def test_the_explanation_stays_while_its_numbers_are_true(bench: Bench) -> None:
    bench.click("3")
    told = bench.texts
    bench.commit(only_diagonal(bench.network, 1))
    switch_scheme(bench.document, ChannelScheme.NAIVE)
    assert bench.texts == told
    bench.commit(edit.with_filters(bench.network, 1, 5))
    assert len(bench.texts) == 1
    assert bench.pressed == []
    assert "Again" not in bench.buttons


def test_drawing_lays_nothing_out_anew(bench: Bench) -> None:
    bench.click("12")
    line, texts = bench.line.geometry(), bench.texts
    drawing = stroke(bench.document.state.drawing, [(5, 5), (20, 20)], size=2)
    bench.document.preview(replace(bench.document.state, drawing=drawing))
    bench.settle()
    assert (bench.line.geometry(), bench.texts) == (line, texts)


def test_it_is_put_away_for_good_and_comes_back(bench: Bench, tmp_path: Path) -> None:
    bench.click("×")
    assert bench.line.isHidden()
    assert not SettingsStore(tmp_path / "settings.json").current.question
    again = QuestionLine(bench.document, bench.selection, bench.store, bench.window)
    assert again.isHidden()
    bench.store.update(question=True)
    assert not bench.line.isHidden()


def test_why_add_opens_the_scene_as_one_step_and_pins_the_corner(bench: Bench) -> None:
    before = bench.document.state
    bench.click("Why add?")
    assert is_corner_scene(bench.network)
    assert bench.document.undo_stack.count() == 1
    assert bench.document.undo_stack.undoText() == "Why add?"
    assert bench.selection.current.address == (0, 0)
    assert bench.selection.current.pin == CORNER
    assert bench.asked_why == 1
    assert bench.texts[0] == "Why add?"
    assert "Untick either row: the corner is gone." in bench.texts[1]
    assert list(bench.buttons) == ["Corner", "Horizontal", "Vertical", "Square", "Back", "×"]
    assert bench.pressed == ["Corner"]
    bench.document.undo()
    assert bench.document.state is before
    assert "4" in bench.buttons
    bench.document.undo_stack.redo()
    assert "Corner" in bench.buttons


@pytest.mark.parametrize("edited", [False, True])
def test_what_was_open_before_is_let_go_with_the_scene(bench: Bench, edited: bool) -> None:
    before = weakref.ref(bench.network.layers[1].weight)
    bench.click("Why add?")
    bench.click("Square")
    assert "Back" in bench.buttons
    network = new_network((2, 2), (2,))
    if edited:
        bench.commit(network)
        bench.document.undo_stack.clear()
    else:
        bench.document.open(replace(bench.document.state, network=network))
    gc.collect()
    assert before() is None


def test_back_is_there_as_long_as_the_scene_is_undone_and_redone(bench: Bench) -> None:
    before = bench.document.state
    bench.click("Why add?")
    bench.document.undo()
    bench.document.undo_stack.redo()
    bench.settle()
    bench.click("Back")
    assert bench.document.state is before
    bench.document.undo()
    bench.settle()
    assert "Back" in bench.buttons


def test_the_scene_is_drawn_anew_and_keeps_its_mutes(bench: Bench) -> None:
    bench.click("Why add?")
    bench.commit(toggle_mute(bench.network, 1, 0, 1))
    for name in ("Horizontal", "Vertical", "Square", "Corner"):
        bench.click(name)
        assert bench.document.state.drawing is shape_drawing(name.lower())
        assert bench.document.undo_stack.undoText() == f"Draw “{name.lower()}”"
        assert bench.pressed == [name]
        assert bench.network.layers[1].muted_count == 1
    steps = bench.document.undo_stack.count()
    bench.click("Corner")
    assert bench.document.undo_stack.count() == steps
    assert bench.pressed == ["Corner"]
    drawing = stroke(bench.document.state.drawing, [(5, 5)], size=2)
    bench.document.commit("Draw stroke", replace(bench.document.state, drawing=drawing))
    assert bench.pressed == []


def test_back_brings_back_what_was_open(bench: Bench) -> None:
    before, selected = bench.document.state, bench.selection.current
    bench.click("Why add?")
    bench.click("Vertical")
    bench.click("Back")
    assert bench.document.state is before
    assert bench.selection.current == selected
    assert list(bench.buttons)[:4] == ["3", "4", "7", "12"]
    bench.document.undo()
    assert bench.pressed == ["Vertical"]


def test_an_answer_does_not_show_through_the_scene(qtbot: QtBot, tmp_path: Path) -> None:
    """Also where the network has as many maps and filters as the scene's."""
    bench = Bench(qtbot, tmp_path, 2, 1)
    bench.click("3")
    bench.click("Why add?")
    assert "Again" not in bench.buttons
    bench.commit(edit.with_kernel_size(bench.network, 1, 3))
    assert "Corner" not in bench.buttons
    assert "Why add?" in bench.buttons


@pytest.mark.parametrize("width", [500, 780, 1500])
@pytest.mark.parametrize("scale", [100, 200])
def test_nothing_is_cut_off(
    qtbot: QtBot, qapp: QApplication, tmp_path: Path, width: int, scale: int
) -> None:
    qapp.setFont(QFont("DejaVu Sans", 10 * scale // 100))
    bench = Bench(qtbot, tmp_path, width=width)
    for step in ("3", "7", "Why add?"):
        bench.click(step)
        assert bench.window.width() == width
        places = [QRect(each.mapTo(bench.line, QPoint()), each.size()) for each in bench.shown]
        for index, (each, place) in enumerate(zip(bench.shown, places, strict=True)):
            assert bench.line.rect().contains(place)
            if isinstance(each, QLabel):
                assert each.height() >= each.heightForWidth(each.width())
            else:
                assert each.width() >= each.sizeHint().width()
            assert not any(place.intersects(other) for other in places[:index])


def test_the_question_takes_two_lines_where_the_rest_then_fits_beside_it(bench: Bench) -> None:
    lines = {}
    for width in (1500, 780, 500):
        bench.window.resize(width, 700)
        bench.settle()
        text, first = bench.shown[0], bench.buttons["3"]
        beside = first.mapTo(bench.line, QPoint()).x() > text.geometry().right()
        lines[width] = (text.height() // text.fontMetrics().height(), beside)
    assert lines[1500] == (1, True)
    assert lines[780] == (2, True)
    assert lines[500][1] is False


def test_all_is_reached_and_pressed_by_keyboard(bench: Bench) -> None:
    with_focus = []
    bench.buttons["3"].setFocus()
    for _ in range(6):
        focused = QApplication.focusWidget()
        assert isinstance(focused, QToolButton), with_focus
        with_focus.append(focused.accessibleName() or focused.text())
        QTest.keyClick(focused, Qt.Key.Key_Tab)
    answers = [f"Answer: {number} maps" for number in (3, 4, 7, 12)]
    assert with_focus == [*answers, "Why add?", "Put the question away"]
    bench.buttons["12"].setFocus()
    QTest.keyClick(bench.buttons["12"], Qt.Key.Key_Space)
    assert bench.answered == [1]
    bench.buttons["Why add?"].setFocus()
    QTest.keyClick(bench.buttons["Why add?"], Qt.Key.Key_Space)
    assert is_corner_scene(bench.network)


@pytest.mark.parametrize("name", ["light", "dark"])
def test_the_words_stand_out_from_the_ground(
    qtbot: QtBot, qapp: QApplication, tmp_path: Path, name: str
) -> None:
    apply_theme(qapp, name)
    bench = Bench(qtbot, tmp_path)
    ground = bench.line.grab().toImage().pixelColor(14, bench.line.height() // 2)
    words = bench.shown[0].palette().windowText().color()
    assert abs(ground.lightness() - words.lightness()) > 120
    assert ground.blue() < ground.red()
