"""Naive at depth: what is in view is computed, and nothing else."""

import math
import tracemalloc
from collections.abc import Callable

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLabel, QLineEdit
from scipy.signal import correlate2d

from cnn_explorer.app import Folders
from cnn_explorer.core.activations import Array
from cnn_explorer.core.addresses import Address
from cnn_explorer.core.building import new_network
from cnn_explorer.core.kernel_layers import Conv2d
from cnn_explorer.core.state import State
from cnn_explorer.io import session
from cnn_explorer.io.digits import digit

from .conftest import Driver


def child(layer: Conv2d, values: Array, filter_: int) -> Array:
    """What one filter makes of one map."""
    assert layer.bias is not None
    kernel = layer.weight[filter_].sum(axis=0, dtype=np.float64)
    return np.maximum(correlate2d(values, kernel, "same") + layer.bias[filter_], 0)


def along(state: State, address: Address) -> Array:
    """The map at an address, by the path to it alone."""
    values = state.drawing
    for filter_, layer in zip(address, state.network.layers, strict=False):
        values = child(layer, values, filter_)
    return values


def brightest(state: State) -> Address:
    """A path to a map of the last layer that is not all zero."""
    address: Address = ()
    values = state.drawing
    for layer in state.network.layers:
        maps = [child(layer, values, filter_) for filter_ in range(layer.out_channels)]
        address = (*address, int(np.argmax([each.sum() for each in maps])))
        values = maps[address[-1]]
    return address


@pytest.fixture
def deep(make: Callable[..., Driver], folders: Folders) -> Driver:
    """The program on 64 filters in each of 8 layers."""
    folders.data.mkdir(parents=True)
    path = folders.data / "deep.cnnx"
    session.save(path, session.Session(State(digit(7), new_network((64,) * 8))))
    driver = make(path)
    driver.show()
    return driver


def go_to(driver: Driver, layer: int, text: str) -> None:
    """Type an address into a card and press Enter."""
    (field,) = (
        field
        for field in driver.cards[layer].findChildren(QLineEdit)
        if field.accessibleName() == f"Address of a map of Conv {layer + 1} to go to"
    )
    field.setFocus()
    field.selectAll()
    QTest.keyClicks(field, text)
    QTest.keyClick(field, Qt.Key.Key_Return)
    driver.settle()


def assert_only_what_is_looked_at(driver: Driver) -> None:
    """All maps in view are there, and few others."""
    in_view = driver.window.layers.in_view()
    held = driver.shown.request.in_view
    for layer, addresses in enumerate(in_view):
        for address in addresses:
            assert driver.shown.find(address) is not None
        assert set(held[layer]) - set(addresses) <= {driver.window.selection.current.address}
    on_screen = math.ceil(driver.window.width() / 28) * math.ceil(driver.window.height() / 28)
    assert sum(len(maps) for maps in driver.shown.maps) < on_screen
    assert driver.shown.convolutions < 8 * on_screen


def test_sixty_four_filters_in_each_of_eight_layers_open(deep: Driver) -> None:
    tracemalloc.start()
    try:
        deep.press("Ctrl+2")
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()

    assert peak < 50 << 20
    assert len(deep.cards) == 8
    assert_only_what_is_looked_at(deep)
    assert sum(map(len, deep.window.layers.in_view())) > 0
    for layer, grid in enumerate(card.maps for card in deep.cards):
        assert grid.mosaic.count == (64 if layer == 0 else 64 * 64)


def test_an_address_leads_to_its_map(deep: Driver) -> None:
    deep.press("Ctrl+2")
    address = brightest(deep.state)
    text = ".".join(map(str, address))
    go_to(deep, 7, text)

    assert deep.window.selection.current.address == address
    assert deep.says == f"Conv 8 · map {text}"
    grid = deep.grid(7)
    assert grid.selected is not None
    assert grid.address(grid.selected) == address
    assert grid.selected in grid.visible(), "it is scrolled into view"
    values = deep.shown.find(address)
    assert values is not None
    expected = along(deep.state, address)
    assert expected.any()
    np.testing.assert_allclose(values, expected, rtol=1e-3, atol=1e-4 * expected.max())
    assert_only_what_is_looked_at(deep)


def test_an_address_outside_the_network_gets_a_sentence(deep: Driver) -> None:
    deep.press("Ctrl+2")
    before = deep.window.selection.current
    for text, part in (
        ("64", "is 64, but Conv 1 has filters 0 to 63"),
        ("1.2.99", "is 99, but Conv 3 has filters 0 to 63"),
        ("1.2.3.4.5.6.7.8.9", "has 9 parts"),
        ("1..2", "is not an address"),
        ("two", "is not an address"),
        ("-1", "is not an address"),
        ("9" * 300, "is not an address"),
    ):
        go_to(deep, 1, text)
        labels = deep.cards[1].findChildren(QLabel)
        (reason,) = (x.text() for x in labels if x.property("role") == "warning" and x.isVisible())
        assert part in reason
        assert reason.endswith(".")
        assert deep.window.selection.current == before


def test_scrolling_computes_what_came_into_view(deep: Driver) -> None:
    deep.press("Ctrl+2")
    grid = deep.grid(1)
    before = deep.window.layers.in_view()[1]
    grid.verticalScrollBar().setValue(grid.verticalScrollBar().maximum())
    deep.settle()
    after = deep.window.layers.in_view()[1]
    assert not set(before) & set(after)
    assert_only_what_is_looked_at(deep)
    for address in after[:: len(after) // 5]:
        values = deep.shown.find(address)
        assert values is not None
        np.testing.assert_allclose(values, along(deep.state, address), rtol=1e-3, atol=1e-4)


def test_a_click_above_leads_the_grids_below_to_its_descendants(deep: Driver) -> None:
    deep.press("Ctrl+2")
    deep.click(deep.grid(0), 5)
    for layer in (2, 3):
        family = deep.grid(layer).family
        assert family is not None
        assert family.prefix[0] == 5


def test_a_stroke_in_naive_is_on_screen_at_depth(deep: Driver) -> None:
    deep.press("Ctrl+2")
    deep.draw((20, 3), (24, 24))
    assert_only_what_is_looked_at(deep)
    address = deep.window.layers.in_view()[0][0]
    values = deep.shown.find(address)
    assert values is not None
    np.testing.assert_allclose(values, along(deep.state, address), atol=1e-5)
