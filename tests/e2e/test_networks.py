"""The trained networks in the program: what it opens on, and what edits make of it."""

from collections.abc import Callable

import numpy as np
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QToolButton

from cnn_explorer.core.trained import is_as_trained
from cnn_explorer.gui.head_fold import HeadFold
from cnn_explorer.gui.layer_fields import LayerFields
from cnn_explorer.io.networks import bundled_network

from .conftest import Driver


def visible(driver: Driver) -> list[str]:
    return [card.name for card in driver.cards if card.isVisible()]


def fold(driver: Driver) -> HeadFold:
    (fold,) = driver.window.layers.findChildren(HeadFold)
    return fold


def click(button: QToolButton) -> None:
    QTest.mouseClick(button, Qt.MouseButton.LeftButton)


def test_it_opens_on_a_network_that_reads_the_digit_it_shows(make: Callable[[], Driver]) -> None:
    driver = make()
    driver.show(size=(1024, 700))
    assert driver.state.network is bundled_network("3-4")
    assert int(np.argmax(driver.shown.maps[-1])) == 7
    assert visible(driver) == ["Conv 1", "Conv 2"]
    assert driver.window.selection.current.layer == 1
    assert "MaxPool 1 → Flatten 1 → Linear 1" in fold(driver).text()


def test_the_head_unfolds_by_a_click_and_where_it_is_needed(make: Callable[[], Driver]) -> None:
    driver = make()
    driver.show()
    click(fold(driver))
    driver.settle()
    assert visible(driver) == list(driver.state.network.names)
    click(fold(driver))
    driver.settle()
    assert visible(driver) == ["Conv 1", "Conv 2"]

    driver.trigger("add_Softmax")
    assert visible(driver) == list(driver.state.network.names)
    driver.trigger("undo")
    click(fold(driver))
    driver.window.selection.select(driver.window.selection.current.at((1,) * 5))
    driver.settle()
    assert visible(driver)[-1] == "Linear 1"


def test_another_trained_network_is_one_click_away_and_a_start_brings_it_back(
    make: Callable[[], Driver],
) -> None:
    driver = make()
    driver.show()
    (button,) = (x for x in driver.window.findChildren(QToolButton) if x.text() == "8-16")
    click(button)
    driver.settle()
    assert [len(maps) for maps in driver.shown.maps[:2]] == [8, 16]
    driver.program.end()
    again = make()
    again.show()
    again.answer("restore")
    again.settle()
    assert is_as_trained(again.state.network)
    assert again.window.actions_by_name["trained_8-16"].isChecked()
    assert visible(again) == ["Conv 1", "Conv 2"]


def test_trained_weights_are_a_choice_beside_drawn_ones(make: Callable[[], Driver]) -> None:
    driver = make()
    driver.show()
    fields = driver.cards[0].fields
    assert isinstance(fields, LayerFields)
    texts = [fields.weights.itemText(index) for index in range(fields.weights.count())]
    assert texts == ["trained", "hand-made", "He", "Glorot", "uniform"]
    fields.weights.setFocus()
    QTest.keyClick(fields.weights, Qt.Key.Key_Down)
    driver.settle()
    assert driver.window.actions_by_name["trained_3-4"].text() == "3-4, edited"
    QTest.keyClick(fields.weights, Qt.Key.Key_Up)
    driver.settle()
    assert is_as_trained(driver.state.network)
    fields.kernel.setFocus()
    QTest.keyClick(fields.kernel, Qt.Key.Key_Down)
    driver.settle()
    texts = [fields.weights.itemText(index) for index in range(fields.weights.count())]
    assert texts == ["hand-made", "He", "Glorot", "uniform"]
    assert fields.weights.currentText() == "He"


def test_the_seed_of_a_network_without_random_kernels_is_refused_where_one_looks(
    make: Callable[[], Driver],
) -> None:
    driver = make()
    driver.show()
    before = driver.state
    driver.trigger("new_seed")
    assert driver.state is before
    assert driver.cards[1]._reason.isVisible()
    assert driver.cards[1]._reason.text().startswith("No kernel of this network is random")
