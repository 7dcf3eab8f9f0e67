"""The strip of digits from elsewhere: stepping, choosing, and what it says is read."""

from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QSignalSpy, QTest
from PySide6.QtWidgets import QComboBox, QLabel, QSpinBox, QToolButton
from pytestqt.qtbot import QtBot

from cnn_explorer.core.browsing import Choice
from cnn_explorer.core.building import add_layer, new_network
from cnn_explorer.core.drawing import blank
from cnn_explorer.core.evaluation import Readings
from cnn_explorer.core.forward import Request, forward
from cnn_explorer.core.network import Network, Trained
from cnn_explorer.core.schemes import ChannelScheme
from cnn_explorer.core.state import State
from cnn_explorer.gui.digits_strip import DigitsStrip
from cnn_explorer.gui.document import Document
from cnn_explorer.io.datasets import Digits

PIXELS = np.random.default_rng(0).integers(0, 256, (6, 28, 28), np.uint8)
LABELS = np.array([3, 1, 4, 1, 5, 9], np.int8)
READ = np.array([3, 7, 4, 1, 6, 9], np.int8)


def reader() -> Network:
    network = new_network((2,))
    for kind in ("GlobalAvgPool2d", "Linear"):
        network = add_layer(State(blank(), network), kind)  # type: ignore[arg-type]
    return replace(network, trained=Trained("mine", network.layers))


def digits(labelled: bool = True) -> Digits:
    return Digits("train-images", PIXELS.copy(), LABELS.copy() if labelled else None)


@pytest.fixture
def document(qtbot: QtBot) -> Document:
    return Document(State(blank(), reader()))


@pytest.fixture
def strip(qtbot: QtBot, document: Document) -> DigitsStrip:
    strip = DigitsStrip(document)
    qtbot.addWidget(strip)
    strip.resize(240, 140)
    return strip


@pytest.fixture
def opened(strip: DigitsStrip) -> DigitsStrip:
    strip.open(digits())
    return strip


def button(strip: DigitsStrip, text: str) -> QToolButton:
    (found,) = (item for item in strip.findChildren(QToolButton) if item.text() == text)
    return found


def field(strip: DigitsStrip) -> QSpinBox:
    (found,) = strip.findChildren(QSpinBox)
    return found


def choices(strip: DigitsStrip) -> QComboBox:
    (found,) = strip.findChildren(QComboBox)
    return found


def words(strip: DigitsStrip) -> str:
    return " ".join(label.text() for label in strip.findChildren(QLabel))


def readings(document: Document) -> Readings:
    return Readings(document.state, READ.copy(), np.ones(6, np.float32))


def assert_drawn(document: Document, index: int) -> None:
    np.testing.assert_array_equal(document.state.drawing, PIXELS[index] / np.float32(255))


def test_it_is_there_only_while_digits_are_open(strip: DigitsStrip, document: Document) -> None:
    told = QSignalSpy(strip.opened)
    assert strip.isHidden()
    strip.open(digits())
    assert strip.isVisible()
    assert "train-images" in words(strip)
    assert field(strip).text() == "1 of 6"
    assert_drawn(document, 0)
    QTest.mouseClick(button(strip, "✕"), Qt.MouseButton.LeftButton)
    assert strip.isHidden()
    assert strip.digits is None
    assert_drawn(document, 0)
    assert [told.at(place)[0] for place in range(told.count())] == [True, False]


def test_stepping_draws_each_digit_in_one_undo_step(
    opened: DigitsStrip, document: Document
) -> None:
    for index in (1, 2):
        QTest.mouseClick(button(opened, "▶"), Qt.MouseButton.LeftButton)
        assert_drawn(document, index)
        assert f"Label {LABELS[index]}" in words(opened)
    QTest.keyClick(field(opened), Qt.Key.Key_PageDown)
    assert_drawn(document, 3)
    QTest.keyClick(field(opened), Qt.Key.Key_PageUp)
    assert_drawn(document, 2)
    QTest.mouseClick(button(opened, "◀"), Qt.MouseButton.LeftButton)
    assert_drawn(document, 1)
    assert document.undo_stack.count() == 1
    assert document.undo_stack.undoText() == "Step through digits"
    document.undo()
    assert not document.state.drawing.any()


def test_steps_through_another_file_are_another_step_of_undo(
    opened: DigitsStrip, document: Document
) -> None:
    opened.next()
    opened.open(digits())
    opened.next()
    opened.next()
    assert document.undo_stack.count() == 2
    document.undo()
    assert_drawn(document, 1)


def test_a_number_can_be_typed(opened: DigitsStrip, document: Document) -> None:
    field(opened).selectAll()
    QTest.keyClicks(field(opened), "5")
    QTest.keyClick(field(opened), Qt.Key.Key_Return)
    assert_drawn(document, 4)


def test_it_ends_at_both_ends(opened: DigitsStrip, document: Document) -> None:
    assert not button(opened, "◀").isEnabled()
    for _ in range(9):
        opened.next()
    assert_drawn(document, 5)
    assert not button(opened, "▶").isEnabled()
    assert button(opened, "◀").isEnabled()


def test_a_label_chooses_its_digits(opened: DigitsStrip, document: Document) -> None:
    choices(opened).setCurrentText("Label 1")
    choices(opened).activated.emit(choices(opened).currentIndex())
    assert field(opened).text() == "1 of 2"
    assert_drawn(document, 1)
    opened.next()
    assert_drawn(document, 3)
    opened.choose(Choice())  # the digit that is drawn stays
    assert field(opened).text() == "4 of 6"
    assert_drawn(document, 3)


def test_a_label_that_no_digit_has_is_said_and_changes_nothing(
    opened: DigitsStrip, document: Document
) -> None:
    opened.choose(Choice(label=8))
    assert "Label 8: there is none" in words(opened)
    assert choices(opened).currentText() == "All"
    assert field(opened).text() == "1 of 6"


def test_read_wrongly_waits_for_the_readings(opened: DigitsStrip, document: Document) -> None:
    wanted = QSignalSpy(opened.readings_wanted)
    opened.choose(Choice(wrong=True))
    assert wanted.count() == 1
    assert "All digits are being read…" in words(opened)
    assert field(opened).text() == "1 of 6"
    opened.use_readings(readings(document))
    assert field(opened).text() == "1 of 2"
    assert_drawn(document, 1)
    opened.choose(Choice())
    opened.choose(Choice(wrong=True))
    assert wanted.count() == 1  # they are known
    document.commit("Scheme", replace(document.state, scheme=ChannelScheme.SHARED))
    opened.choose(Choice())
    opened.choose(Choice(wrong=True))
    assert wanted.count() == 2  # of another network


def test_giving_up_the_readings_goes_back(opened: DigitsStrip, document: Document) -> None:
    choices(opened).setCurrentText("Read wrongly")
    choices(opened).activated.emit(choices(opened).currentIndex())
    assert "All digits are being read…" in words(opened)
    opened.give_up_readings()
    assert choices(opened).currentText() == "All"
    assert f"Label {LABELS[0]}" in words(opened)
    opened.use_readings(readings(document))
    assert field(opened).text() == "1 of 6"


def test_a_cell_of_the_table_is_a_choice_of_its_own(
    opened: DigitsStrip, document: Document
) -> None:
    opened.use_readings(readings(document))
    opened.choose(Choice(label=5, reading=6))
    assert choices(opened).currentText() == "5 read as 6"
    assert field(opened).text() == "1 of 1"
    assert_drawn(document, 4)
    opened.choose(Choice())
    assert choices(opened).findText("5 read as 6") < 0


def test_new_readings_choose_anew(opened: DigitsStrip, document: Document) -> None:
    opened.use_readings(readings(document))
    opened.choose(Choice(wrong=True))
    better = replace(readings(document), classes=LABELS.copy() * (LABELS != 5))
    opened.use_readings(better)
    assert field(opened).text() == "1 of 1"
    assert_drawn(document, 4)


def test_it_says_what_is_read(opened: DigitsStrip, document: Document) -> None:
    activations = forward(Request(document.state))
    best = int(activations.maps[-1].argmax())
    opened.show_reading(activations)
    verdict = "right ✓" if best == LABELS[0] else "wrong ✗"
    assert f"Label 3 · reads {best}, {verdict}" in words(opened)
    opened.next()
    assert "reads" not in words(opened)
    opened.show_reading(activations)  # of the digit before
    assert "reads" not in words(opened)
    opened.show_reading(forward(Request(document.state)))
    assert "Label 1 · reads" in words(opened)


def test_what_the_network_is_not_sure_of_is_said(opened: DigitsStrip, document: Document) -> None:
    network = document.state.network
    assert network.trained is not None
    unsure = replace(network, trained=replace(network.trained, threshold=1.0))
    document.commit("Other", replace(document.state, network=unsure))
    opened.show_reading(forward(Request(document.state)))
    assert "Label 3 · unsure: " in words(opened)


def test_a_network_that_reads_nothing_is_said(opened: DigitsStrip, document: Document) -> None:
    document.commit("Other", replace(document.state, network=new_network()))
    opened.show_reading(forward(Request(document.state)))
    assert "Label 3 · not read" in words(opened)


def test_it_does_not_speak_of_another_drawing(opened: DigitsStrip, document: Document) -> None:
    document.commit("Clear", replace(document.state, drawing=blank()))
    assert "the drawing is another now" in words(opened)
    opened.show_reading(forward(Request(document.state)))
    assert "reads" not in words(opened)
    document.undo()
    assert "another" not in words(opened)


def test_readings_do_not_replace_what_was_drawn_on_a_digit(
    opened: DigitsStrip, document: Document
) -> None:
    document.commit("Clear", replace(document.state, drawing=blank()))
    opened.use_readings(readings(document))
    opened.choose(Choice(label=3))
    assert not document.state.drawing.any()


def test_without_labels_there_is_nothing_to_choose_by(
    strip: DigitsStrip, document: Document
) -> None:
    strip.open(digits(labelled=False))
    assert choices(strip).isHidden()
    assert button(strip, "Accuracy…").isHidden()
    strip.show_reading(forward(Request(document.state)))
    assert "No label · reads" in words(strip)
    assert "✓" not in words(strip)


def test_everything_has_a_name(opened: DigitsStrip) -> None:
    for widget in (*opened.findChildren(QToolButton), field(opened), choices(opened)):
        assert widget.accessibleName()
