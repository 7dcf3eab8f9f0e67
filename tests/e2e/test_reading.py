"""From a stroke to a reading, and from a digit to the maps that speak for it."""

from collections.abc import Callable

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QCheckBox, QToolButton

from cnn_explorer.core.building import new_network
from cnn_explorer.core.centring import centred
from cnn_explorer.core.drawing import draw
from cnn_explorer.core.evidence import evidence
from cnn_explorer.core.reading import read
from cnn_explorer.core.state import State
from cnn_explorer.io.digits import digit

from ..toys import toy_network
from .conftest import Driver


@pytest.fixture
def reader(driver: Driver) -> Driver:
    """The program on a network that ends in ten values."""
    driver.window.document.open(State(digit(7), toy_network()))
    driver.settle()
    return driver


def unfold(driver: Driver) -> None:
    prediction = driver.window.input.prediction
    (fold,) = prediction.findChildren(QToolButton)
    QTest.mouseClick(fold, Qt.MouseButton.LeftButton)
    QApplication.processEvents()
    driver.wait(prediction.bars.isVisible)


def click_digit(driver: Driver, class_: int) -> None:
    bars = driver.window.input.prediction.bars
    place = bars.row_rectangle(class_).center()
    QTest.mouseClick(bars.viewport(), Qt.MouseButton.LeftButton, pos=place)
    driver.settle()


def test_the_prediction_follows_the_pen(reader: Driver) -> None:
    prediction = reader.window.input.prediction
    assert prediction.text == ""
    unfold(reader)
    assert prediction.text.startswith(read(reader.shown).said)
    before = prediction.text
    reader.draw((4, 4), (24, 24))
    assert prediction.text.startswith(read(reader.shown).said)
    assert prediction.text != before
    reader.trigger("clear")
    assert prediction.text.startswith("Nothing is drawn.")
    reader.trigger("undo")
    reader.trigger("undo")
    assert prediction.text == before


def test_a_click_on_a_digit_shows_what_speaks_for_it_and_follows(reader: Driver) -> None:
    unfold(reader)
    click_digit(reader, 4)
    inspector = reader.window.inspector
    panel = inspector.evidence
    assert panel.isVisible()
    assert inspector.tabText(inspector.currentIndex()) == "Evidence"
    assert panel.text.startswith("For 4: what the 4 maps of MaxPool 1 say")
    reader.draw((4, 24), (24, 4))
    number = evidence(reader.shown, 4).footer[-1][1].text
    assert f"logit of 4: {number}" in panel.text
    click_digit(reader, 5)
    assert panel.text.startswith("For 5")
    # The pointer on a row lights the map in its grid, or while that is folded away the one that it
    # was pooled from; a click selects it.
    position = panel.rows._rows()[0]
    place = panel.rows.row_rectangle(position).center()
    QTest.mouseMove(panel.rows.viewport(), place)
    reader.wait(lambda: reader.grid(1).lit == {position})
    QTest.mouseClick(panel.rows.viewport(), Qt.MouseButton.LeftButton, pos=place)
    reader.settle()
    address = reader.window.selection.current.address
    assert address is not None
    assert (len(address), address[-1]) == (3, position)
    assert panel.isVisible()


def test_a_closed_inspector_comes_back_with_the_evidence(reader: Driver) -> None:
    unfold(reader)
    dock = reader.window._docks[1]
    dock.hide()
    reader.settle()
    click_digit(reader, 2)
    assert dock.isVisible()
    assert reader.window.inspector.evidence.isVisible()


def test_centring_while_drawing_changes_what_the_network_gets(
    reader: Driver, make: Callable[[], Driver]
) -> None:
    window = reader.window
    small = draw([[(3, 3), (10, 6)]], size=2)
    window.document.commit("Draw", State(small, reader.state.network))
    reader.settle()
    plain = reader.shown.maps[0]
    (box,) = window.input.centring.findChildren(QCheckBox)
    QTest.mouseClick(box, Qt.MouseButton.LeftButton, pos=QPoint(8, box.height() // 2))
    reader.settle()
    assert reader.state.drawing is small
    np.testing.assert_array_equal(reader.shown.state.input, centred(small))
    assert (reader.shown.maps[0] != plain).any()
    # A stroke changes the drawing, and with it what the network gets, all of it.
    reader.draw((20, 20), (24, 24))
    np.testing.assert_array_equal(reader.shown.state.input, centred(reader.state.drawing))
    reader.trigger("undo")
    reader.trigger("undo")
    np.testing.assert_array_equal(reader.shown.maps[0], plain)
    assert not box.isChecked()
    reader.trigger("centring")
    reader.trigger("naive")
    reader.trigger("real")
    reader.program.end()
    again = make()
    again.show()
    again.answer("restore")
    again.settle()
    assert again.state.centred
    np.testing.assert_array_equal(again.shown.state.input, centred(small))


def test_the_pixel_under_the_pointer_is_told_of_drawing_and_input(reader: Driver) -> None:
    canvas, seen = reader.window.input.canvas, reader.window.input.centring.seen
    canvas.hovered.emit((10, 16))
    assert reader.says.startswith("Input · row 10, column 16")
    seen.hovered.emit((10, 16))
    assert reader.says.startswith("Centred drawing · row 10, column 16")
    reader.trigger("centring")
    assert reader.says.startswith("Input · row 10, column 16")
    canvas.hovered.emit((10, 16))
    assert reader.says.startswith("Drawing · row 10, column 16")
    canvas.hovered.emit(None)
    assert "pinned" in reader.says


def test_a_network_of_maps_says_why_it_reads_nothing(driver: Driver) -> None:
    prediction = driver.window.input.prediction
    driver.window.store.update(prediction=True)
    driver.window.document.open(State(digit(7), new_network((3, 4))))
    driver.settle()
    assert prediction.text == "This network ends in maps of 28×28, not in ten values."
    for kind in ("GlobalAvgPool2d", "Linear"):
        driver.trigger(f"add_{kind}")
    assert prediction.text.startswith("The weights are random, not trained")
