"""Layers: edited in place, added, moved, removed; what cannot work is said beside the field."""

from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QComboBox, QLabel, QToolButton

from cnn_explorer.core.schemes import ChannelScheme

from .conftest import Driver
from .test_drawing import assert_shown


def filters(driver: Driver) -> list[int]:
    return [layer.out_channels for layer in driver.state.network.layers]


def reasons(driver: Driver, layer: int) -> list[str]:
    """What a card says cannot be done."""
    labels = driver.cards[layer].findChildren(QLabel)
    return [x.text() for x in labels if x.property("role") == "warning" and x.isVisible()]


def type_filters(driver: Driver, layer: int, text: str) -> None:
    field = driver.cards[layer].fields.filters
    field.setFocus()
    field.selectAll()
    QTest.keyClicks(field, text)
    QTest.keyClick(field, Qt.Key.Key_Return)
    driver.settle()


def choose(driver: Driver, field: QComboBox, text: str) -> None:
    """Choose an entry with the arrow keys."""
    field.setFocus()
    steps = field.findText(text) - field.currentIndex()
    assert field.findText(text) >= 0
    for _ in range(abs(steps)):
        QTest.keyClick(field, Qt.Key.Key_Down if steps > 0 else Qt.Key.Key_Up)
    driver.settle()


def menu(driver: Driver, layer: int, entry: str) -> None:
    """Choose an entry of a card's menu."""
    (button,) = (
        button
        for button in driver.cards[layer].findChildren(QToolButton)
        if button.menu() is not None
    )
    button.menu().aboutToShow.emit()
    (action,) = (each for each in button.menu().actions() if each.text() == entry)
    assert action.isVisible()
    action.trigger()
    driver.settle()


def test_typing_another_number_of_filters(driver: Driver) -> None:
    before = driver.state.network.layers[0].weight
    type_filters(driver, 0, "5")
    assert filters(driver) == [5, 4]
    assert (driver.state.network.layers[0].weight[:3] == before).all(), "kernels that stay"
    assert driver.grid(0).mosaic.count == 5
    assert_shown(driver)
    assert driver.window.actions_by_name["undo"].text() == "&Undo Conv 1: 5 filters"
    driver.press("Ctrl+Z", driver.window)
    assert filters(driver) == [3, 4]
    assert driver.cards[0].fields.filters.value() == 3


def test_a_number_that_cannot_be_gets_a_sentence_and_the_old_one_stays(driver: Driver) -> None:
    before = driver.state
    for text in ("300", "0", "9999"):
        type_filters(driver, 0, text)
        assert reasons(driver, 0) == [f"Conv 1: filters must be 1 to 256, not {text}."]
        assert driver.state is before
        assert driver.cards[0].fields.filters.value() == 3
    assert not driver.window.document.undo_stack.canUndo()

    type_filters(driver, 0, "2")
    assert reasons(driver, 0) == [], "it is gone when something works"


def test_every_field_changes_its_layer_alone(driver: Driver) -> None:
    other = driver.state.network.layers[0]
    fields = driver.cards[1].fields
    for field, text, name, value in (
        (fields.kernel, "5×5", "kernel_size", (5, 5)),
        (fields.stride, "2", "stride", (2, 2)),
        (fields.padding, "valid", "padding", "valid"),
        (fields.padding, "pad 3", "padding", 3),
        (fields.activation, "Tanh", "activation", "tanh"),
        (fields.weights, "He", "initialisation", "he"),
    ):
        choose(driver, field, text)
        layer = driver.state.network.layers[1]
        assert getattr(layer, name) == value
        assert driver.state.network.layers[0] is other
        assert driver.shown.maps[1].shape[1:] == driver.state.network.sizes[2]
        assert driver.grid(1).map_size == driver.state.network.sizes[2]
        text = driver.window.actions_by_name["undo"].text()
        assert text.startswith("&Undo Conv 2: ")
    QTest.mouseClick(fields.bias, Qt.MouseButton.LeftButton)
    driver.settle()
    assert driver.state.network.layers[1].bias is None


def test_a_kernel_that_does_not_fit_is_refused_beside_its_field(driver: Driver) -> None:
    for layer in range(2):
        choose(driver, driver.cards[layer].fields.kernel, "11×11")
        choose(driver, driver.cards[layer].fields.padding, "valid")
    assert driver.state.network.sizes[-1] == (8, 8)
    before = driver.state

    driver.trigger("add_layer")
    assert driver.state is before
    (reason,) = reasons(driver, 1)
    assert reason.startswith("Conv 3: a 11×11 kernel does not fit its 8×8 input")
    assert reason.endswith(".")

    choose(driver, driver.cards[0].fields.stride, "2")
    (reason,) = reasons(driver, 0)
    assert reason.startswith("Conv 2: a 11×11 kernel does not fit its 9×9 input")
    assert driver.state is before
    assert driver.cards[0].fields.stride.currentText() == "1"


def test_layers_are_added_by_a_click_up_to_sixteen(driver: Driver) -> None:
    (button,) = (
        button
        for button in driver.window.layers.findChildren(QToolButton)
        if button.defaultAction() is driver.window.actions_by_name["add_layer"]
    )
    for count in range(3, 17):
        assert button.isVisible()
        QTest.mouseClick(button, Qt.MouseButton.LeftButton)
        driver.settle()
        assert len(driver.cards) == count
    assert_shown(driver)
    assert not button.isVisible()
    driver.press("Ctrl+L")
    assert len(driver.cards) == 16
    driver.press("Ctrl+Z")
    assert len(driver.cards) == 15
    assert button.isVisible()


def test_layers_move_and_go(driver: Driver) -> None:
    driver.trigger("add_layer")
    type_filters(driver, 2, "6")
    numbers = [layer.number for layer in driver.state.network.layers]

    menu(driver, 2, "Move &up")
    assert filters(driver) == [3, 6, 4]
    assert [layer.number for layer in driver.state.network.layers] == [
        numbers[0],
        numbers[2],
        numbers[1],
    ]
    assert_shown(driver)
    menu(driver, 0, "Move &down")
    assert filters(driver) == [6, 3, 4]
    assert_shown(driver)
    menu(driver, 1, "&Remove this layer")
    assert filters(driver) == [6, 4]
    assert len(driver.cards) == 2
    assert_shown(driver)
    assert driver.window.actions_by_name["undo"].text() == "&Undo Remove Conv 2"
    for expected in ([6, 3, 4], [3, 6, 4], [3, 4, 6]):
        driver.press("Ctrl+Z", driver.window)
        assert filters(driver) == expected
    assert_shown(driver)


def test_a_selection_in_a_layer_that_goes_moves_to_one_that_stays(driver: Driver) -> None:
    driver.trigger("add_layer")
    driver.click(driver.grid(2), 3, 5, 5)
    assert driver.window.selection.current.layer == 2
    menu(driver, 2, "&Remove this layer")
    assert driver.window.selection.current.layer == 1
    assert driver.says.startswith("Conv 2 · map ")


def test_schemes_by_click_and_key_are_one_step(driver: Driver) -> None:
    opening = driver.state
    buttons = driver.window.switch.findChildren(QToolButton)
    texts = [button.text() for button in buttons]
    assert [text.rpartition(" ")[2] for text in texts] == ["4", "12", "4"], "maps that each gives"

    QTest.mouseClick(buttons[1], Qt.MouseButton.LeftButton)
    driver.settle()
    assert driver.state.scheme is ChannelScheme.NAIVE
    assert driver.grid(1).mosaic.count == 12
    assert_shown(driver)
    driver.press("Ctrl+3")
    assert driver.state.scheme is ChannelScheme.SHARED
    assert [button.isChecked() for button in buttons] == [False, False, True]
    assert_shown(driver)
    driver.press("Ctrl+1")
    driver.press("Ctrl+2")
    assert driver.window.document.undo_stack.count() == 1
    driver.press("Ctrl+Z")
    assert driver.state is opening
    assert [button.isChecked() for button in buttons] == [True, False, False]
    assert driver.window.actions_by_name["real"].isChecked()
    assert_shown(driver)


def test_a_map_keeps_selected_through_the_schemes(driver: Driver) -> None:
    driver.click(driver.grid(0), 2)
    driver.click(driver.grid(1), 3, 9, 9)
    for key, title in (("2", "map 2.3"), ("3", "map 3"), ("1", "map 3")):
        driver.press(f"Ctrl+{key}")
        assert driver.says.startswith(f"Conv 2 · {title} · row 9, column 9 · ")
        assert driver.grid(1).selected == driver.grid(1).index_of((2, 3))
