"""Layers of every kind through the whole program: built, drawn on, looked at, kept, undone."""

from collections.abc import Callable

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLabel, QMenu, QToolButton

from cnn_explorer.core.addresses import check_address
from cnn_explorer.core.forward import Request, forward
from cnn_explorer.core.schemes import is_there
from cnn_explorer.gui.plain_fields import PoolFields

from .conftest import Driver, hand_made

KINDS = ("MaxPool2d", "Conv2d", "BatchNorm2d", "GlobalAvgPool2d", "Linear", "Softmax")
NAMES = [
    "Conv 1", "Conv 2", "MaxPool 1", "Conv 3", "BatchNorm 1", "GlobalAvgPool 1", "Linear 1",
    "Softmax 1",
]  # fmt: skip
SMALL = (1024, 700)


def build(driver: Driver) -> None:
    """By the button under the cards, whose menu has an entry for each kind."""
    (button,) = (
        one
        for one in driver.window.layers.findChildren(QToolButton)
        if one.text() == "Another kind of layer ▾"
    )
    for kind in KINDS:
        (action,) = (one for one in button.menu().actions() if one.text() == kind)
        action.trigger()
        driver.settle()
    assert [card.name for card in driver.cards] == NAMES


def assert_screen_is_right(driver: Driver) -> None:
    """Every map that is looked at is that of a pass that knows of none before it."""
    state, shown = driver.state, driver.shown
    assert shown.state is state
    view = shown.addresses if state.scheme.value == "naive" else ()
    whole = forward(Request(state, view, shown.method))
    for layer, card in enumerate(driver.cards):
        assert card.maps.isVisible() == is_there(state.network, state.scheme, layer)
        for index in card.maps.visible() if card.maps.isVisible() else ():
            address = card.maps.address(index)
            check_address(address, state.network)
            values, expected = shown.find(address), whole.find(address)
            assert values is not None
            np.testing.assert_allclose(values, expected, rtol=1e-4, atol=1e-5)
            # And by hand, from the map above it.
            parent = shown.find(address[:-1]) if layer else None
            if parent is not None and card.name == "MaxPool 1":
                blocks = parent.reshape(14, 2, 14, 2)
                np.testing.assert_array_equal(values, blocks.max(axis=(1, 3)))
            if parent is not None and card.name == "GlobalAvgPool 1":
                assert values[0, 0] == pytest.approx(float(parent.mean()), rel=1e-4, abs=1e-6)
    if state.scheme.value != "naive":
        assert float(shown.maps[-1].sum()) == pytest.approx(1, abs=1e-5)


def look_at_every_card(driver: Driver) -> None:
    for layer, card in enumerate(driver.cards):
        if not card.maps.isVisible():
            continue
        driver.window.layers.ensureWidgetVisible(card.maps)
        driver.settle()
        last = card.maps.mosaic.count - 1
        card.maps.show_tile(last)
        driver.window.layers.ensureWidgetVisible(card.maps)
        driver.settle()
        driver.click(card.maps, last)
        current = driver.window.selection.current
        assert current.layer == layer
        assert card.maps.selected == last
        assert card.maps.accessibleDescription().startswith(f"{card.name}, map ")
        assert_screen_is_right(driver)
        making = driver.window.inspector.making
        if card.name in ("GlobalAvgPool 1", "Softmax 1"):
            hints = [one.text() for one in making.findChildren(QLabel) if one.isVisible()]
            assert any("<table>" in text for text in hints)
        else:
            assert making._making is not None
            assert making._making.address == current.address
            assert making._making.proof.holds


def test_a_network_of_every_kind_is_built_drawn_on_kept_and_undone(
    make: Callable[[], Driver],
) -> None:
    driver = make()
    driver.show(size=SMALL)
    driver.window.document.open(hand_made())
    driver.settle()
    opening = driver.state
    build(driver)
    steps = driver.window.document.undo_stack.count()
    assert steps == len(KINDS)
    for scheme in ("real", "naive", "shared"):
        driver.trigger(scheme)
        driver.draw((6, 4), (20, 22))
        assert_screen_is_right(driver)
        look_at_every_card(driver)
        driver.draw((24, 4), (24, 8), Qt.MouseButton.RightButton)
        assert_screen_is_right(driver)
    left = driver.state
    driver.program.end()

    second = make()
    second.show(size=SMALL)
    second.answer("restore")
    second.settle()
    np.testing.assert_array_equal(second.state.drawing, left.drawing)
    assert [card.name for card in second.cards] == NAMES
    assert second.state.scheme is left.scheme
    for here, there in zip(second.state.network.layers, left.network.layers, strict=True):
        assert type(here) is type(there)
        for name, value in vars(there).items():
            if isinstance(value, np.ndarray):
                np.testing.assert_array_equal(getattr(here, name), value)
            elif name in there.__dataclass_fields__:
                assert getattr(here, name) == value
    assert_screen_is_right(second)
    assert not second.window.document.undo_stack.canUndo()
    assert driver.window.document.undo_stack.count() > steps
    assert opening.network.names == ("Conv 1", "Conv 2")


def test_undo_takes_every_kind_away_and_redo_brings_it_back(driver: Driver) -> None:
    opening = driver.state
    build(driver)
    pool = driver.cards[2].fields
    assert isinstance(pool, PoolFields)
    pool.stride.setCurrentIndex(2)
    driver.settle()
    assert driver.state.network.sizes[3] == (9, 9)
    driver.trigger("naive")
    driver.draw((6, 4), (20, 22))
    final = driver.state
    stack = driver.window.document.undo_stack
    while stack.canUndo():
        driver.press("Ctrl+Z", driver.window)
    assert driver.state is opening
    assert [card.name for card in driver.cards] == NAMES[:2]
    while stack.canRedo():
        driver.press("Ctrl+Shift+Z", driver.window)
    assert driver.state is final
    assert [card.name for card in driver.cards] == NAMES
    assert driver.cards[2].maps.map_size == (9, 9)


def test_by_keyboard_alone(driver: Driver) -> None:
    """The menu, the fields, the maps of every card."""
    driver.activate()
    (network,) = (one for one in driver.window.menuBar().actions() if one.text() == "&Network")
    kinds = next(
        one
        for one in network.menu().actions()
        if one.menu() is not None and "another" in one.text()
    ).menu()
    assert isinstance(kinds, QMenu)
    for kind in ("MaxPool2d", "GlobalAvgPool2d", "Softmax"):
        kinds.popup(driver.window.mapToGlobal(driver.window.rect().center()))
        QApplication.processEvents()
        while kinds.activeAction() is None or kinds.activeAction().text() != kind:
            QTest.keyClick(kinds, Qt.Key.Key_Down)
        QTest.keyClick(kinds, Qt.Key.Key_Return)
        driver.settle()
    names = [card.name for card in driver.cards]
    assert names == ["Conv 1", "Conv 2", "MaxPool 1", "GlobalAvgPool 1", "Softmax 1"]

    pool = driver.cards[2].fields
    assert isinstance(pool, PoolFields)
    pool.kernel.setFocus()
    QTest.keyClick(pool.kernel, Qt.Key.Key_Down)
    driver.settle()
    assert driver.state.network.layers[2].kernel_size == (3, 3)
    for scheme, there in (("Ctrl+1", 5), ("Ctrl+2", 4), ("Ctrl+3", 5)):
        driver.press(scheme, driver.window)
        for layer in range(there):
            grid = driver.grid(layer)
            grid.setFocus()
            driver.press("Home" if grid.selected is None else "Right")
            driver.press("]")
            driver.press("[")
            address = driver.window.selection.current.address
            assert address is not None
            check_address(address, driver.state.network)
            assert driver.window.selection.current == driver.window.selection.current.within(
                driver.state.network
            )
    driver.press("Ctrl+T")
    driver.press("Ctrl+I")
    assert driver.window.inspector.making.isVisible()


def test_every_command_works_on_a_map_of_every_kind(driver: Driver) -> None:
    build(driver)
    driver.trigger("shared")
    clipboard = QApplication.clipboard()
    for layer, card in enumerate(driver.cards):
        driver.window.layers.ensureWidgetVisible(card.maps)
        driver.settle()
        driver.click(card.maps, 0)
        address = driver.window.selection.current.address
        assert address is not None
        assert len(address) == layer + 1
        driver.trigger("copy_sentence")
        assert clipboard.text().startswith(f"{card.name}, map ")
        driver.trigger("copy_map")
        image = clipboard.image()
        rows, columns = driver.state.network.sizes[layer + 1]
        assert image.width() * rows == image.height() * columns > 0
        for command in ("enlarge", "next_map", "zoom", "escape", "fold"):
            driver.trigger(command)
    for command in ("tensors", "face_kernels", "making", "naive", "face_contributions", "real"):
        driver.trigger(command)
        driver.window.grab()
    for command in ("face_maps", "only_diagonal", "new_seed", "scale_network", "scale_map"):
        driver.trigger(command)
    assert_screen_is_right(driver)
