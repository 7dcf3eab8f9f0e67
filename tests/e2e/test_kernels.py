"""Kernels as things to work with: found, dragged, typed, pasted and reset, with the maps after."""

import numpy as np
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLineEdit, QToolButton
from scipy.signal import correlate2d

from .conftest import Driver, pixel


def open_kernel(driver: Driver, layer: int, filter_: int, channel: int) -> None:
    """Double-click a kernel on its card."""
    card = driver.cards[layer]
    card.show_face(2)
    driver.settle()
    assert card.kernels is not None
    place = pixel(card.kernels, channel * card.kernels.mosaic.per_group + filter_, 0, 0)
    QTest.mouseClick(card.kernels.viewport(), Qt.MouseButton.LeftButton, pos=place)
    QTest.mouseDClick(card.kernels.viewport(), Qt.MouseButton.LeftButton, pos=place)
    driver.settle()
    card.show_face(0)
    driver.settle()


def own_map(driver: Driver, layer: int, filter_: int) -> np.ndarray:
    """A map worked out from those before it by another algorithm."""
    shown, conv = driver.shown, driver.state.network.conv(layer)
    maps = [driver.state.drawing] if layer == 0 else shown.maps[layer - 1]
    total = np.full((28, 28), float(conv.bias[filter_]))
    for values, kernel in zip(maps, conv.weight[filter_], strict=True):
        total += correlate2d(values.astype(np.float64), kernel.astype(np.float64), "same")
    return np.maximum(total, 0)


def test_the_maps_follow_a_cell_while_it_is_dragged_and_undo_brings_them_back(
    driver: Driver,
) -> None:
    driver.window.resize(1024, 700)
    driver.settle()
    before, maps = driver.state, [values.copy() for values in driver.shown.maps]
    open_kernel(driver, 1, 3, 2)
    cells = driver.window.inspector.kernel.cells
    assert cells.isVisible()
    assert cells.hasFocus()
    assert cells.accessibleName() == "Kernel (2 → 3) of Conv 2"
    # The maps stay in view beside the kernel.
    assert not driver.grid(1).viewport().visibleRegion().isEmpty()
    start = cells.rectangle((1, 1)).center()
    QTest.mousePress(cells, Qt.MouseButton.LeftButton, pos=start)
    kept = before.network.conv(1).weight[3, 2, 1, 1]
    for way in (12, 40):
        QTest.mouseMove(cells, start - QPoint(0, way))
        driver.settle()
        assert driver.shown.state is driver.state
        assert driver.state.network.conv(1).weight[3, 2, 1, 1] > kept
        np.testing.assert_allclose(driver.shown.maps[1][3], own_map(driver, 1, 3), atol=1e-5)
        np.testing.assert_array_equal(driver.shown.maps[1][:3], maps[1][:3])
    QTest.mouseRelease(cells, Qt.MouseButton.LeftButton, pos=start - QPoint(0, 40))
    driver.settle()
    assert not np.array_equal(driver.shown.maps[1][3], maps[1][3])
    undo = driver.window.actions_by_name["undo"]
    assert undo.text() == "&Undo Kernel (2 → 3) cell (1, 1) of Conv 2"
    button = driver.cards[1].findChild(QToolButton, "edited")
    assert button.text() == "1 edited"
    driver.press("Ctrl+Z")
    assert driver.state is before
    assert not button.isVisible()
    for shown, was in zip(driver.shown.maps, maps, strict=True):
        np.testing.assert_array_equal(shown, was)


def test_a_double_click_on_a_rows_kernel_opens_it(driver: Driver) -> None:
    driver.window.store.update(zoom="map")
    driver.settle()
    rows = driver.window.inspector.making.map_rows
    plan = rows._plan()
    place = QPoint(round((plan.tiles[1] + plan.tiles[2]) / 2), rows.row_rectangle(2).center().y())
    QTest.mouseDClick(rows.viewport(), Qt.MouseButton.LeftButton, pos=place)
    driver.settle()
    cells = driver.window.inspector.kernel.cells
    assert cells.isVisible()
    assert cells.accessibleName() == "Kernel (2 → 1) of Conv 2"
    assert driver.window.selection.current.pin is not None


def test_typing_pasting_and_resetting_by_the_keyboard(driver: Driver) -> None:
    before = driver.state.network
    driver.press("Ctrl+Alt+K")
    cells = driver.window.inspector.kernel.cells
    assert driver.window.focusWidget() is cells
    driver.press("5", cells)
    field = cells.findChild(QLineEdit)
    # Keys that are shortcuts elsewhere are letters here.
    driver.press("F", field)
    driver.press("Esc", field)
    assert driver.state.network is before
    assert driver.window.selection.current.address == (1, 1)
    driver.press("-", cells)
    driver.press("2", field)
    driver.press("Return", field)
    assert driver.state.network.conv(1).weight[1, 0, 0, 0] == -2
    driver.press("Ctrl+C", cells)
    assert QGuiApplication.clipboard().text().startswith("-2.0\t")
    driver.window.selection.select(driver.window.selection.current.at((2,)))
    driver.press("Ctrl+Shift+V")
    np.testing.assert_array_equal(
        driver.state.network.conv(0).weight[2, 0], driver.state.network.conv(1).weight[1, 0]
    )
    drawing = driver.state.drawing
    np.testing.assert_allclose(driver.shown.maps[0][2], own_map(driver, 0, 2), atol=1e-5)
    driver.press("Ctrl+Shift+Backspace")
    assert driver.state.network.conv(0).weight.tobytes() == before.conv(0).weight.tobytes()
    driver.trigger("reset_kernels")
    assert driver.state.network.conv(1).weight.tobytes() == before.conv(1).weight.tobytes()
    assert driver.state.drawing is drawing
