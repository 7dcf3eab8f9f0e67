"""Colours, contrast, text size and theme, and the picture on the clipboard."""

from collections.abc import Callable

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QColor, QGuiApplication, QImage, QPalette
from PySide6.QtWidgets import QApplication

from cnn_explorer.core.activations import Array
from cnn_explorer.core.display import COLOUR_MAPS
from cnn_explorer.gui.legend import Legend
from cnn_explorer.gui.theme import WARNING, apply_theme

from .conftest import Driver, pixel


def expected_colour(name: str, value: float, maps: Array, contrast: int = 1) -> tuple[int, ...]:
    """Red, green, blue of a value among the maps that share its scale."""
    colours = COLOUR_MAPS[name]
    least, most = min(0.0, float(maps.min())), max(0.0, float(maps.max()))
    if colours.signed:
        most = max(-least, most)
        least = -most
    part = (value - least / contrast) / (most / contrast - least / contrast)
    row = min(max(part, 0.0), 1.0) * (len(colours.table) - 1)
    return tuple(int(part) for part in colours.table[round(row)])


def assert_tile_is_painted(driver: Driver, layer: int, index: int, maps: Array) -> None:
    """Some pixels of a tile have on screen the colours of their values."""
    settings = driver.window.store.current
    grid = driver.grid(layer)
    values = driver.shown.maps[layer][index]
    image = grid.viewport().grab().toImage()
    for row, column in ((0, 0), (5, 9), (8, 17), (14, 14), (20, 11), (27, 27)):
        colour = image.pixelColor(pixel(grid, index, row, column))
        expected = expected_colour(
            settings.colour_map, float(values[row, column]), maps, settings.contrast
        )
        shown = colour.red(), colour.green(), colour.blue()
        assert np.abs(np.subtract(shown, expected)).max() <= 3, (row, column)


@pytest.fixture
def plain(driver: Driver) -> Driver:
    """The window with no mark on any tile."""
    for _ in range(2):
        driver.press("Esc")
    return driver


def test_tiles_have_the_colours_of_their_values(plain: Driver) -> None:
    for name in COLOUR_MAPS:
        plain.trigger(f"colours_{name}")
        for layer, maps in enumerate(plain.shown.maps):
            assert_tile_is_painted(plain, layer, 1, maps)


def test_each_scale_stretches_over_its_maps(plain: Driver) -> None:
    first, second = plain.shown.maps
    plain.trigger("scale_network")
    assert_tile_is_painted(plain, 0, 2, np.concatenate([first, second]))
    plain.trigger("scale_map")
    assert_tile_is_painted(plain, 1, 2, second[2])
    plain.trigger("scale_layer")
    assert_tile_is_painted(plain, 1, 2, second)


def test_contrast_makes_colours_steeper_and_the_legend_says_so(plain: Driver) -> None:
    (legend,) = (item for item in plain.cards[1].findChildren(Legend) if item.isVisible())
    before = legend.accessibleName()
    plain.press("Ctrl+K")
    assert plain.window.store.current.contrast == 2
    assert_tile_is_painted(plain, 1, 0, plain.shown.maps[1])
    assert "≥" in legend.accessibleName()
    assert "2 times as steep" in legend.toolTip()
    plain.press("Ctrl+K")
    assert_tile_is_painted(plain, 1, 0, plain.shown.maps[1])
    plain.press("Ctrl+K")
    assert legend.accessibleName() == before


def test_zero_is_black_and_ink_white_on_the_drawing(plain: Driver) -> None:
    canvas = plain.window.input.canvas
    square = canvas.square()
    cell = square.width() / 28
    image = canvas.grab().toImage()
    for row in range(28):
        for column in range(28):
            place = QPoint(
                int(square.x() + (column + 0.5) * cell), int(square.y() + (row + 0.5) * cell)
            )
            grey = round(float(plain.state.drawing[row, column]) * 255)
            assert abs(image.pixelColor(place).red() - grey) <= 1


@pytest.mark.parametrize("contrast", [1, 4])
def test_copy_puts_the_map_on_the_clipboard_in_its_colours(driver: Driver, contrast: int) -> None:
    driver.window.store.update(contrast=contrast, export_scale=3)
    driver.click(driver.grid(1), 2, 4, 4)
    QGuiApplication.clipboard().clear()
    driver.press("Ctrl+C")

    image = QGuiApplication.clipboard().image()
    assert (image.width(), image.height()) == (3 * 28, 3 * 28)
    maps = driver.shown.maps[1]
    for row in range(28):
        for column in range(28):
            value = float(maps[2, row, column])
            expected = expected_colour("signed", value, maps, contrast)
            for corner in (0, 2):
                colour = image.pixelColor(3 * column + corner, 3 * row + corner)
                shown = colour.red(), colour.green(), colour.blue()
                assert np.abs(np.subtract(shown, expected)).max() <= 3
    assert driver.says == "Copied Conv 2 · map 2 as a picture"


def test_the_index_of_the_kernels_is_copied_as_text(driver: Driver) -> None:
    driver.click(driver.grid(1), 2)
    driver.press("Ctrl+Shift+C")
    assert QGuiApplication.clipboard().text() == "conv2.kernel[:, :, :, 2]"


def test_text_and_tiles_grow_and_shrink(driver: Driver) -> None:
    card = driver.cards[0]
    widths = [card.fields.bias.sizeHint().width()]
    for keys in ("Ctrl++", "Ctrl+=", "Ctrl+-", "Ctrl+-"):
        driver.press(keys)
        assert driver.window.fontMetrics() == card.fields.bias.fontMetrics()
        widths.append(card.fields.bias.sizeHint().width())
    assert widths[0] < widths[1] < widths[2]
    assert widths[2] > widths[3] > widths[4] == widths[0]


def test_every_size_of_text_leaves_the_tiles_within_reach(driver: Driver) -> None:
    for scale in (80, 200):
        driver.window.store.update(text_scale=scale)
        driver.settle()
        for card in driver.cards:
            driver.window.layers.ensureWidgetVisible(card.maps)
            # A larger font sends events of its own, one after the other, until all is laid out.
            driver.wait(lambda tiles=card.maps: bool(tiles.visible()))
            assert card.width() <= driver.window.layers.viewport().width()


def brightness(colour: QColor) -> int:
    return colour.lightness()


def test_themes_repaint_the_window_and_its_icons(driver: Driver) -> None:
    seen = {}
    for theme in ("light", "dark"):
        driver.trigger(f"theme_{theme}")
        window: QImage = driver.window.grab().toImage()
        background = window.pixelColor(driver.window.layers.geometry().bottomLeft())
        icon = driver.window.actions_by_name["undo"].icon().pixmap(24, 24).toImage()
        ink = max((icon.pixelColor(x, y) for x in range(24) for y in range(24)), key=QColor.alpha)
        text = driver.window.palette().color(QPalette.ColorRole.WindowText)
        seen[theme] = brightness(background), brightness(text), brightness(ink)
    light, dark = seen["light"], seen["dark"]
    assert light[0] > 200 > 100 > light[1]
    assert dark[0] < 60 < 180 < dark[1]
    assert light[2] < dark[2]


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_words_are_readable_in_each_theme(qapp: QApplication, theme: str) -> None:
    apply_theme(qapp, theme)
    qapp.setStyleSheet("")
    palette = QApplication.palette()
    pairs: list[tuple[QPalette.ColorRole, QPalette.ColorRole]] = [
        (QPalette.ColorRole.WindowText, QPalette.ColorRole.Window),
        (QPalette.ColorRole.Text, QPalette.ColorRole.Base),
        (QPalette.ColorRole.ButtonText, QPalette.ColorRole.Button),
        (QPalette.ColorRole.PlaceholderText, QPalette.ColorRole.Base),
        (QPalette.ColorRole.PlaceholderText, QPalette.ColorRole.Window),
        (QPalette.ColorRole.HighlightedText, QPalette.ColorRole.Highlight),
        (QPalette.ColorRole.ToolTipText, QPalette.ColorRole.ToolTipBase),
        (QPalette.ColorRole.Link, QPalette.ColorRole.Base),
    ]
    for ink, ground in pairs:
        assert contrast(palette.color(ink), palette.color(ground)) >= 4.5, (ink, ground)
    warning = QColor(WARNING[theme == "dark"])
    for ground in (QPalette.ColorRole.Base, QPalette.ColorRole.Window):
        assert contrast(warning, palette.color(ground)) >= 4.5


def contrast(one: QColor, other: QColor) -> float:
    """Contrast ratio of WCAG 2."""

    def luminance(colour: QColor) -> float:
        parts = np.array([colour.redF(), colour.greenF(), colour.blueF()])
        linear = np.where(parts <= 0.04045, parts / 12.92, ((parts + 0.055) / 1.055) ** 2.4)
        return float(linear @ [0.2126, 0.7152, 0.0722])

    darker, lighter = sorted((luminance(one), luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def test_the_desktop_decides_where_the_theme_is_systems(
    driver: Driver, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert driver.window.store.current.theme == "system"
    app = QGuiApplication.instance()
    assert isinstance(app, QApplication)
    told: Callable[[Qt.ColorScheme], None] = app.styleHints().colorSchemeChanged.emit
    monkeypatch.setattr("cnn_explorer.gui.theme.is_dark", lambda app, theme: True)
    told(Qt.ColorScheme.Dark)
    driver.settle()
    assert brightness(driver.window.palette().color(QPalette.ColorRole.Window)) < 60
