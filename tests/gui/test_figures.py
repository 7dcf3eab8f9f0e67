"""Figures: as large, as sharp and in such colours as was asked, and the window as it was."""

from collections.abc import Iterator

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QSize
from PySide6.QtGui import QColor, QImage, QPaintEvent, QPalette
from PySide6.QtWidgets import QApplication, QFrame, QLabel, QScrollArea, QVBoxLayout, QWidget
from pytestqt.qtbot import QtBot

from cnn_explorer.core.building import new_network
from cnn_explorer.core.display import colour, scale_of
from cnn_explorer.core.forward import Activations, Request, forward
from cnn_explorer.core.selection import Selection
from cnn_explorer.core.state import State
from cnn_explorer.gui import figure_page
from cnn_explorer.gui.colouring import colouring_of
from cnn_explorer.gui.figure_page import FigureError
from cnn_explorer.gui.map_grid import MapGrid
from cnn_explorer.gui.selection import SelectionModel
from cnn_explorer.gui.settings import Settings
from cnn_explorer.gui.theme import apply_theme
from cnn_explorer.io.digits import digit

from ..figure_pictures import figure, pixels

STATE = State(digit(7), new_network((3, 4)))
DARK_GROUND = "#1b1d21"
SETTINGS = Settings()


class Witness(QWidget):
    """Notes the ground that it is painted on."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.grounds: list[str] = []

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802  (Qt's name)
        self.grounds.append(self.palette().color(QPalette.ColorRole.Window).name())


class Page(QWidget):
    """A window with a grid of maps, a card with text, and a witness."""

    def __init__(self) -> None:
        super().__init__()
        self.grid = MapGrid(1, STATE, SelectionModel(Selection()), self)
        self.card = QFrame(self)
        self.card.setObjectName("card")
        self.words = QLabel("3 filters", self.card)
        self.words.setProperty("role", "warning")
        self.words.move(20, 8)
        self.card.setFixedHeight(40)
        self.witness = Witness(self)
        self.witness.setFixedHeight(20)
        column = QVBoxLayout(self)
        for widget in (self.grid, self.card, self.witness):
            column.addWidget(widget)

    def show_maps(self) -> Activations:
        """Lay the maps out and show them."""
        self.grid.set_room(self.grid.width(), 400, 400)
        shown = forward(Request(STATE, (), "matmul"))
        self.grid.show_maps(shown, colouring_of(SETTINGS, shown.maps))
        QApplication.processEvents()
        return shown


@pytest.fixture
def page(qtbot: QtBot, qapp: QApplication) -> Iterator[Page]:
    apply_theme(qapp, "light")
    page = Page()
    qtbot.addWidget(page)
    page.resize(520, 460)
    with qtbot.waitExposed(page):
        page.show()
    yield page
    qapp.setStyleSheet("")


def corner(image: QImage) -> str:
    return image.pixelColor(0, image.height() - 1).name()


@pytest.mark.parametrize("ratio", [1.0, 1.25, 1.5])
@pytest.mark.parametrize("scale", [2, 4])
def test_every_value_is_a_block_of_its_colour(
    page: Page, monkeypatch: pytest.MonkeyPatch, scale: int, ratio: float
) -> None:
    monkeypatch.setattr(MapGrid, "devicePixelRatioF", lambda _: ratio)
    shown = page.show_maps()
    image = figure(page.grid, scale, dark=False)
    assert image.size() == (QSize(page.grid.size()) * (scale * ratio))
    painted = pixels(image)
    colours = colouring_of(SETTINGS, shown.maps).colours
    scale_of_maps = scale_of([shown.maps[1]], colours)
    for index in range(4):
        left, top, width, height = (scale * side for side in page.grid.mosaic.rectangle(index))
        side = width // 28
        assert side >= 2 * scale
        values = colour(shown.maps[1][index], colours, scale_of_maps)[..., :3]
        blocks = values.repeat(side, axis=0).repeat(side, axis=1)
        np.testing.assert_array_equal(
            painted[top : top + height, left : left + width], blocks, strict=True
        )


def test_tiles_have_the_colours_of_the_screen(page: Page) -> None:
    page.show_maps()
    screen = pixels(page.grid.grab().toImage())
    painted = pixels(figure(page.grid, 2, dark=False))
    left, top, width, height = page.grid.mosaic.rectangle(2)
    tile = screen[top : top + height, left : left + width]
    assert tile.max() > 100
    for row, column in ((0, 0), (0, 1), (1, 0), (1, 1)):
        every_second = painted[2 * top + row :: 2, 2 * left + column :: 2]
        np.testing.assert_array_equal(every_second[:height, :width], tile)


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize(("dark", "ground"), [(False, "#ffffff"), (True, DARK_GROUND)])
def test_ground_is_what_was_asked_for(
    page: Page, qapp: QApplication, theme: str, dark: bool, ground: str
) -> None:
    apply_theme(qapp, theme)
    for part in (page, page.card):
        assert corner(figure(part, 2, dark)) == ground


@pytest.mark.parametrize("dark", [False, True])
def test_theme_of_the_window_makes_no_difference(
    page: Page, qapp: QApplication, dark: bool
) -> None:
    page.show_maps()
    in_light = figure(page, 2, dark)
    apply_theme(qapp, "dark")
    QApplication.processEvents()
    assert figure(page, 2, dark) == in_light
    assert figure(page, 2, not dark) != in_light


def test_text_is_sharper_than_the_screen(page: Page) -> None:
    """A figure is no enlarged screenshot."""
    sharp = pixels(figure(page.words, 4, dark=False))
    coarse = sharp[::4, ::4].repeat(4, axis=0).repeat(4, axis=1)
    assert (sharp != coarse).any(axis=2).mean() > 0.02


def test_warnings_have_the_ink_of_the_ground(page: Page) -> None:
    for dark, ink in ((False, "#a02419"), (True, "#ff9b8f")):
        colours = np.unique(pixels(figure(page.words, 4, dark)).reshape(-1, 3), axis=0)
        assert [QColor(ink).blue(), QColor(ink).green(), QColor(ink).red()] in colours.tolist()


def test_what_scrolls_is_painted_as_it_is_seen(page: Page) -> None:
    area = QScrollArea(page)
    content = QWidget()
    content.resize(100, 400)
    content.setAutoFillBackground(True)
    below = QLabel(content)
    below.setGeometry(0, 200, 100, 200)
    below.setStyleSheet("background: #0000ff")
    area.setWidget(content)
    area.resize(120, 120)
    area.show()
    assert figure(area, 2, dark=False).pixelColor(100, 100).name() == "#ffffff"
    area.verticalScrollBar().setValue(250)
    assert figure(area, 2, dark=False).pixelColor(100, 100).name() == "#0000ff"


# The window stays as it is.


def looks(page: Page, qapp: QApplication) -> list[object]:
    """All that a figure might change."""
    widgets = [page, *page.findChildren(QWidget)]
    return [
        qapp.palette(),
        qapp.styleSheet(),
        [widget.geometry() for widget in widgets],
        [widget.palette() for widget in widgets],
        [widget.styleSheet() for widget in widgets],
        pixels(page.grab().toImage()).tobytes(),
    ]


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("dark", [False, True])
def test_window_is_as_before(page: Page, qapp: QApplication, theme: str, dark: bool) -> None:
    apply_theme(qapp, theme)
    page.show_maps()
    before = looks(page, qapp)
    for part in (page, page.grid, page.card):
        figure(part, 2, dark)
    QApplication.processEvents()
    assert looks(page, qapp) == before


def test_screen_never_shows_the_figures_colours(page: Page, qtbot: QtBot) -> None:
    qtbot.waitUntil(lambda: bool(page.witness.grounds))
    light = page.witness.grounds[-1]
    page.witness.grounds.clear()
    figure(page, 2, dark=True)
    assert page.witness.grounds == [DARK_GROUND]
    page.update()
    qtbot.waitUntil(lambda: len(page.witness.grounds) > 1)
    assert set(page.witness.grounds[1:]) == {light}


def test_theme_can_still_be_changed(page: Page, qapp: QApplication) -> None:
    figure(page.card, 2, dark=False)
    apply_theme(qapp, "dark")
    QApplication.processEvents()
    assert page.words.palette().color(QPalette.ColorRole.Base).name() == "#24272c"
    image = page.grab().toImage()
    assert image.pixelColor(page.card.mapTo(page, QPoint(200, 20))).name() == "#24272c"


def test_window_is_as_before_when_painting_fails(
    page: Page, qapp: QApplication, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("no paint")

    before = looks(page, qapp)
    monkeypatch.setattr(page.card, "render", fail)
    with pytest.raises(RuntimeError, match="no paint"):
        figure(page.card, 2, dark=True)
    assert looks(page, qapp) == before


def test_a_picture_that_is_too_large_is_refused(
    page: Page, monkeypatch: pytest.MonkeyPatch
) -> None:
    width, height = page.card.size().toTuple()
    monkeypatch.setattr(figure_page, "MOST_PIXELS", 4 * width * height)
    assert figure(page.card, 2, dark=False).width() == 2 * width
    count = f"{16 * width * height:,}".replace(",", "\N{THIN SPACE}")
    with pytest.raises(FigureError, match=f"would have {count} pixels"):
        figure(page.card, 4, dark=False)


def test_a_sharper_figure_is_as_large_on_paper(page: Page) -> None:
    widths = {
        scale: image.width() / image.dotsPerMeterX()
        for scale in (2, 4)
        if (image := figure(page.card, scale, dark=False))
    }
    assert widths[2] == pytest.approx(widths[4])
    assert widths[2] == pytest.approx(page.card.width() / 96 * 0.0254, rel=0.01)
