"""Selection and pin, by mouse and keys; one map enlarged."""

from dataclasses import replace

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLabel, QToolButton

from cnn_explorer.gui.enlarged import EnlargedMap
from cnn_explorer.gui.map_grid import MapGrid
from cnn_explorer.gui.tiles import TileArea
from cnn_explorer.io.digits import digit

from .conftest import Driver, pixel


def spoken(driver: Driver, layer: int, index: int, row: int, column: int) -> str:
    """What the status bar has to say of a pixel."""
    value = float(driver.shown.maps[layer][index][row, column])
    number = f"{value:.4f}".replace("-", "\N{MINUS SIGN}")
    return f"Conv {layer + 1} · map {index} · row {row}, column {column} · {number}"


def double_click(driver: Driver, area: TileArea, index: int, row: int, column: int) -> None:
    """As a hand does it: press, release, press again, release."""
    place = pixel(area, index, row, column)
    QTest.mouseClick(area.viewport(), Qt.MouseButton.LeftButton, pos=place)
    QTest.mouseDClick(area.viewport(), Qt.MouseButton.LeftButton, pos=place)
    driver.settle()


@pytest.fixture
def grid(driver: Driver) -> MapGrid:
    return driver.grid(1)


def test_it_opens_with_a_map_selected_and_a_pixel_pinned(driver: Driver) -> None:
    current = driver.window.selection.current
    assert current.address == (1, 1)
    assert current.pin is not None
    assert driver.says == spoken(driver, 1, 1, *current.pin) + " · pinned"
    assert driver.grid(1).selected == 1
    assert list(driver.grid(0).linked) == [0, 1, 2], "its inputs"


def test_a_click_selects_the_map_and_pins_the_pixel_under_it(driver: Driver) -> None:
    for layer, index in ((0, 0), (0, 2), (1, 0), (1, 3)):
        for place in ((0, 0), (27, 27), (4, 20)):
            driver.click(driver.grid(layer), index, *place)
            current = driver.window.selection.current
            assert (current.layer, current.path[layer], current.pin) == (layer, index, place)
            assert driver.says == spoken(driver, layer, index, *place) + " · pinned"


def test_hovering_shows_and_does_not_pin(driver: Driver, grid: MapGrid) -> None:
    before = driver.window.selection.current
    QTest.mouseMove(grid.viewport(), pixel(grid, 2, 9, 20))
    driver.settle()
    assert driver.says == spoken(driver, 1, 2, 9, 20)
    assert driver.window.selection.current == before
    QTest.mouseMove(driver.window.input.canvas, QPoint(2, 2))
    driver.settle()


def test_hovering_the_drawing_shows_its_value(driver: Driver) -> None:
    QTest.mouseMove(driver.window.input.canvas, driver.place(7.5, 12.5))
    driver.settle()
    value = driver.state.drawing[7, 12]
    assert driver.says == f"Input · row 7, column 12 · {value:.4f}"


def test_arrows_move_the_pin_to_the_edge(driver: Driver, grid: MapGrid) -> None:
    driver.click(grid, 2, 26, 1)
    assert driver.window.focusWidget() is grid
    for key, pin in (
        ("Right", (26, 2)),
        ("Left", (26, 1)),
        ("Left", (26, 0)),
        ("Left", (26, 0)),
        ("Down", (27, 0)),
        ("Down", (27, 0)),
        ("Up", (26, 0)),
    ):
        driver.press(key)
        assert driver.window.selection.current.pin == pin
        assert driver.window.selection.current.address == (1, 2)
        assert driver.says == spoken(driver, 1, 2, *pin) + " · pinned"


def test_without_a_pin_arrows_move_the_selection(driver: Driver, grid: MapGrid) -> None:
    driver.click(grid, 0)
    driver.press("Esc")
    columns = grid.mosaic.columns
    selected = [grid.selected]
    for key in ("Left", "Right", "Right", "Left"):
        driver.press(key)
        selected.append(grid.selected)
    assert selected == [0, 0, 1, 2 if columns > 2 else 1, 1 if columns > 2 else 0]
    assert driver.window.selection.current.pin is None
    assert driver.says == f"Conv 2 · map {grid.selected}"


def test_brackets_change_the_map_and_keep_the_pin(driver: Driver, grid: MapGrid) -> None:
    driver.click(grid, 2, 4, 5)
    for key, index in (("]", 3), ("]", 0), ("[", 3), ("[", 2)):
        driver.press(key)
        assert driver.says == spoken(driver, 1, index, 4, 5) + " · pinned"
    driver.press("Esc")
    driver.press("]")
    assert driver.says == "Conv 2 · map 3"


def test_esc_lets_go_of_pin_then_selection(driver: Driver, grid: MapGrid) -> None:
    driver.click(grid, 2, 4, 5)
    driver.press("Esc")
    assert driver.says == "Conv 2 · map 2"
    driver.press("Esc")
    assert driver.window.selection.current.address is None
    assert driver.says == "Click a map to select it"
    assert grid.selected is None
    assert not list(driver.grid(0).linked)
    driver.press("Esc")
    driver.press("]")
    assert driver.window.selection.current.address is None
    for name in ("copy_map", "enlarge"):
        driver.trigger(name)
        assert driver.says == "Select a map first: click one"


def enlarged(driver: Driver) -> EnlargedMap | None:
    """The enlarged map, where it is on screen."""
    area = driver.window.centre.enlarged.map
    return area if area.isVisible() else None


def test_a_double_click_enlarges_and_esc_comes_back(driver: Driver, grid: MapGrid) -> None:
    double_click(driver, grid, 3, 8, 9)
    area = enlarged(driver)
    assert area is not None
    assert not grid.isVisible()
    texts = [label.text() for label in driver.window.centre.enlarged.findChildren(QLabel)]
    assert "Conv 2 · map 3" in texts
    values = driver.shown.maps[1][3]
    assert any(text.startswith(f"28×28 · least {values.min():.3g} ") for text in texts)
    assert area.map_size == (28, 28)
    assert area.mosaic.tile[0] > grid.mosaic.tile[0]

    driver.press("Esc")
    assert driver.says == "Conv 2 · map 3", "first the pin"
    assert enlarged(driver) is not None
    driver.press("Esc")
    assert enlarged(driver) is None
    assert grid.isVisible()
    assert driver.window.selection.current.address == (1, 3)
    driver.press("Esc")
    assert driver.window.selection.current.address is None


def test_the_pin_is_set_and_moved_on_the_enlarged_map(driver: Driver, grid: MapGrid) -> None:
    driver.click(grid, 0, 8, 9)
    driver.press("Return")
    area = enlarged(driver)
    assert area is not None
    assert driver.window.focusWidget() is area
    driver.click(area, 0, 20, 3)
    assert driver.says == spoken(driver, 1, 0, 20, 3) + " · pinned"
    driver.press("Up")
    assert driver.says == spoken(driver, 1, 0, 19, 3) + " · pinned"
    driver.press("]")
    assert driver.says == spoken(driver, 1, 1, 19, 3) + " · pinned"
    QTest.mouseMove(area.viewport(), pixel(area, 0, 1, 2))
    driver.settle()
    assert driver.says == spoken(driver, 1, 1, 1, 2)
    double_click(driver, area, 0, 4, 4)
    assert enlarged(driver) is None


def test_the_enlarged_map_follows_the_drawing(driver: Driver) -> None:
    driver.press("Ctrl+Return")
    area = enlarged(driver)
    assert area is not None
    driver.draw((3, 3), (24, 3))
    values = driver.shown.maps[1][1]
    for row, column in ((5, 3), (20, 20)):
        QTest.mouseMove(area.viewport(), pixel(area, 0, row, column))
        driver.settle()
        assert driver.says == spoken(driver, 1, 1, row, column)
        assert f"{values[row, column]:.4f}" in driver.says


def test_the_button_leads_back_to_the_layers(driver: Driver) -> None:
    driver.press("Ctrl+Return")
    (button,) = (
        button
        for button in driver.window.centre.enlarged.findChildren(QToolButton)
        if "Layers" in button.text()
    )
    QTest.mouseClick(button, Qt.MouseButton.LeftButton)
    assert enlarged(driver) is None


def test_in_naive_an_enlarged_map_stays_when_it_is_no_longer_in_the_grid(driver: Driver) -> None:
    driver.press("Ctrl+2")
    driver.click(driver.grid(1), 7, 3, 3)
    driver.press("Ctrl+Return")
    driver.draw((20, 3), (24, 24))
    address = driver.window.selection.current.address
    assert address is not None
    values = driver.shown.find(address)
    assert values is not None
    driver.window.centre.describe_selection()  # as when the pointer leaves the drawing
    assert f"{values[3, 3]:.4f}" in driver.says


def test_what_is_under_the_pointer_is_told_anew_with_new_maps(driver: Driver) -> None:
    driver.show()
    grid = driver.grid(1)
    QTest.mouseMove(grid.viewport(), pixel(grid, 2, 9, 12))
    driver.wait(lambda: driver.says.startswith("Conv 2 · map 2 · row 9, column 12"))
    driver.window.document.commit("x", replace(driver.state, drawing=digit(3)))
    driver.settle()
    value = f"{driver.shown.maps[1][2, 9, 12]:.4f}"
    assert driver.says == f"Conv 2 · map 2 · row 9, column 12 · {value}"

    canvas = driver.window.input.canvas
    QTest.mouseMove(grid.viewport(), QPoint(-5, -5))
    QTest.mouseMove(canvas, driver.place(9.5, 12.5))
    driver.wait(lambda: driver.says.startswith("Input · row 9, column 12"))
    driver.window.document.commit("x", replace(driver.state, drawing=digit(5)))
    driver.settle()
    assert driver.says == f"Input · row 9, column 12 · {driver.state.drawing[9, 12]:.4f}"
