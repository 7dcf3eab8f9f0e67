"""One map enlarged: its picture, its numbers, its histogram."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QColor, QImage, QPalette
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLabel, QToolButton
from pytestqt.qtbot import QtBot

from cnn_explorer.core import edit
from cnn_explorer.core.activations import Array
from cnn_explorer.core.building import new_network
from cnn_explorer.core.display import COLOUR_MAPS, colour, scale_of
from cnn_explorer.core.forward import Request, forward
from cnn_explorer.core.network import Network
from cnn_explorer.core.selection import Selection
from cnn_explorer.core.sentences import map_sentence
from cnn_explorer.core.state import State
from cnn_explorer.gui.colouring import colouring_of
from cnn_explorer.gui.enlarged import Enlarged
from cnn_explorer.gui.histogram import BINS
from cnn_explorer.gui.selection import SelectionModel
from cnn_explorer.gui.settings import Settings
from cnn_explorer.gui.theme import apply_theme
from cnn_explorer.gui.tiles import Spot
from cnn_explorer.io.digits import digit

NETWORK = edit.with_activation(new_network((3, 4)), 1, "tanh")
ADDRESS = (1, 2)


class Bench:
    def __init__(self, qtbot: QtBot, network: Network = NETWORK) -> None:
        self.state = State(digit(7), network)
        self.selection = SelectionModel(Selection(1, ADDRESS + (0,) * 6, (2, 3)))
        self.page = Enlarged(self.selection)
        qtbot.addWidget(self.page)
        self.page.resize(488, 606)
        with qtbot.waitExposed(self.page):
            self.page.show()
        self.maps: Array = np.zeros((1, 1, 1), np.float32)
        self.show()

    def show(self, settings: Settings | None = None) -> Array:
        """What the worker makes of the state; returns the map that is enlarged."""
        shown = forward(Request(self.state, (), "matmul"))
        self.maps = shown.maps[1]
        values = shown.find(ADDRESS)
        assert values is not None
        colouring = colouring_of(settings or Settings(), shown.maps)
        self.page.show_map(self.state, ADDRESS, values, colouring)
        self.settle()
        return values

    def show_values(self, values: Array) -> None:
        """A map that no network makes."""
        colouring = colouring_of(Settings(), [values[np.newaxis]] * 2)
        self.page.show_map(self.state, ADDRESS, values, colouring)
        self.settle()

    def settle(self) -> None:
        for _ in range(4):
            QApplication.processEvents()

    @property
    def texts(self) -> list[str]:
        return [label.text() for label in self.page.findChildren(QLabel)]

    @property
    def picture(self) -> NDArray[np.uint8]:
        """The map on screen."""
        grabbed = self.page.map.viewport().grab().toImage()
        image = grabbed.convertToFormat(QImage.Format.Format_RGB32)
        data = np.frombuffer(image.constBits(), np.uint8)
        data = data.reshape(image.height(), image.bytesPerLine() // 4, 4)
        tile = self.page.map.tile_rectangle(0).toRect()
        return data[tile.top() : tile.bottom() + 1, tile.left() : tile.right() + 1].copy()

    @property
    def bars(self) -> list[tuple[float, float, float, QColor]]:
        """(left, right, pixels, colour) of each bar."""
        options = self.page.histogram().bars.opts
        tops = options["y0"] + np.asarray(options["height"])
        lefts = np.asarray(options["x"]) - options["width"] / 2
        return [
            (float(left), float(left + options["width"]), float(10**top), brush.color())
            for left, top, brush in zip(lefts, tops, options["brushes"], strict=True)
        ]

    def at(self, row: int, column: int) -> QPoint:
        tile = self.page.map.tile_rectangle(0)
        rows, columns = self.page.map.map_size
        x = tile.left() + (column + 0.5) * tile.width() / columns
        y = tile.top() + (row + 0.5) * tile.height() / rows
        return QPointF(x, y).toPoint()


Make = Callable[..., Bench]


@pytest.fixture
def bench(qtbot: QtBot) -> Bench:
    return Bench(qtbot)


def squares(values: Array, of: Array, side: int, settings: Settings) -> NDArray[np.uint8]:
    colours = COLOUR_MAPS[settings.colour_map]
    painted = colour(values, colours, scale_of([of], colours, settings.contrast))
    multiple = side // max(values.shape)
    return painted.repeat(multiple, axis=0).repeat(multiple, axis=1)


# The picture.


@pytest.mark.parametrize("settings", [Settings(), Settings(colour_map="viridis", contrast=2)])
def test_it_shows_each_value_on_the_scale_of_the_grid(bench: Bench, settings: Settings) -> None:
    values = bench.show(settings)
    bench.page.map.pin = None
    bench.page.map.refresh()
    picture = bench.picture
    np.testing.assert_array_equal(picture, squares(values, bench.maps, len(picture), settings))


def test_the_values_under_the_pointer_are_the_maps(bench: Bench) -> None:
    values = bench.show()
    for row, column in ((0, 0), (27, 27), (11, 16)):
        spot = bench.page.map.spot_at(QPointF(bench.at(row, column)))
        assert spot == Spot(0, row, column)
        assert bench.page.map.value(spot) == float(values[row, column])


@pytest.mark.parametrize("size", [(488, 606), (772, 805), (1500, 1345)])
@pytest.mark.parametrize("stride", [1, 2, 4])
def test_it_is_as_large_as_the_page_allows(
    qtbot: QtBot, size: tuple[int, int], stride: int
) -> None:
    bench = Bench(qtbot, edit.with_stride(NETWORK, 1, stride))
    bench.page.resize(*size)
    bench.settle()
    side = bench.page.map.mosaic.tile[0]
    pixels = 28 // stride
    assert side % pixels == 0
    assert len(bench.picture) == side  # nothing is cut off
    assert bench.page.map.width() >= side
    # All of the page is inside it, and a larger multiple would leave it no air.
    lowest = bench.page.histogram().geometry().bottom()
    assert lowest < size[1]
    free = size[1] - lowest
    assert side + pixels > size[0] - 36 - 24 or pixels > free - 60


def test_a_map_that_is_not_square_keeps_its_shape(bench: Bench) -> None:
    values = np.linspace(-1, 1, 7 * 3, dtype=np.float32).reshape(7, 3)
    bench.show_values(values)
    bench.page.map.pin = None
    rows, columns = bench.page.map.mosaic.tile
    assert rows * 3 == columns * 7
    expected = squares(values, values, rows, Settings())
    np.testing.assert_array_equal(bench.picture, expected)


def test_it_follows_the_pen(bench: Bench) -> None:
    before, texts = bench.picture, bench.texts
    drawing = bench.state.drawing.copy()
    drawing[2:12, 2:12] = 1
    bench.state = replace(bench.state, drawing=drawing)
    values = bench.show()
    bench.page.map.pin = None
    bench.page.map.refresh()
    picture = bench.picture
    assert (picture != before).any()
    assert bench.texts != texts
    expected = squares(values, bench.maps, len(picture), Settings())
    np.testing.assert_array_equal(picture, expected)


def test_before_there_is_a_map_it_shows_none(qtbot: QtBot) -> None:
    page = Enlarged(SelectionModel(Selection()))
    qtbot.addWidget(page)
    page.grab()
    assert page.map.value(Spot(0, 0, 0)) is None


# The pin.


def test_a_click_pins_and_the_arrow_keys_move_the_pin(bench: Bench) -> None:
    assert bench.page.map.pin == Spot(0, 2, 3)
    QTest.mouseClick(bench.page.map.viewport(), Qt.MouseButton.LeftButton, pos=bench.at(26, 1))
    assert bench.selection.current.pin == (26, 1)
    assert bench.selection.current.address == ADDRESS
    down, left = Qt.Key.Key_Down, Qt.Key.Key_Left
    for key, pin in ((down, (27, 1)), (down, (27, 1)), (left, (27, 0)), (left, (27, 0))):
        QTest.keyClick(bench.page.map, key)
        assert bench.selection.current.pin == pin
    bench.show()
    assert bench.page.map.pin == Spot(0, 27, 0)


def test_without_a_pin_the_arrow_keys_do_nothing(bench: Bench) -> None:
    bench.selection.select(replace(bench.selection.current, pin=None))
    before = bench.selection.current
    QTest.keyClick(bench.page.map, Qt.Key.Key_Right)
    assert bench.selection.current is before


def test_without_a_selection_a_click_pins_nothing(bench: Bench) -> None:
    bench.selection.select(Selection())
    QTest.mouseClick(bench.page.map.viewport(), Qt.MouseButton.LeftButton, pos=bench.at(1, 1))
    assert bench.selection.current == Selection()


def test_the_ways_back(bench: Bench, qtbot: QtBot) -> None:
    back = bench.page.findChild(QToolButton)
    assert isinstance(back, QToolButton)
    assert "Esc" in back.toolTip()
    with qtbot.waitSignal(bench.page.closed):
        back.click()
    with qtbot.waitSignal(bench.page.map.activated):
        QTest.mouseDClick(bench.page.map.viewport(), Qt.MouseButton.LeftButton, pos=bench.at(1, 1))


# Words and numbers.


def test_it_says_what_the_map_is(bench: Bench) -> None:
    assert "Conv 2 · map 2" in bench.texts
    assert map_sentence(bench.state, ADDRESS) in bench.texts
    assert bench.page.map.accessibleDescription() == map_sentence(bench.state, ADDRESS)
    assert bench.page.map.accessibleName() == "Enlarged map"


def three(value: float) -> str:
    return "0" if value == 0 else f"{value:.3g}".replace("-", "−")


def test_its_numbers_are_those_of_the_map(bench: Bench) -> None:
    values = bench.show().astype(float).ravel().tolist()
    zeros = sum(value == 0 for value in values)
    mean = sum(values) / len(values)
    assert (
        f"28×28 · least {three(min(values))} · most {three(max(values))} · mean {three(mean)} · "
        f"{zeros} of 784 pixels are 0"
    ) in bench.texts


# The histogram.


def test_the_bars_count_the_pixels_that_are_not_zero(bench: Bench) -> None:
    network = edit.with_activation(NETWORK, 1, "relu")
    bench.state = replace(bench.state, network=network)
    values = bench.show().ravel().tolist()
    shown = [value for value in values if value != 0]
    assert len(shown) < 784
    low, high = min(shown), max(shown)
    counts = [0] * BINS
    for value in shown:
        counts[min(int((value - low) / (high - low) * BINS), BINS - 1)] += 1
    bars = bench.bars
    assert bars[0][0] == pytest.approx(low, abs=1e-5)
    assert bars[-1][1] == pytest.approx(high, abs=1e-5)
    # The axis is logarithmic: a bar of nothing ends where the axis begins, at half a pixel.
    heights = [0 if pixels == pytest.approx(0.5) else round(pixels) for _, _, pixels, _ in bars]
    assert sum(heights) == len(shown)
    assert heights == counts


def test_each_bar_has_the_colour_of_its_values(bench: Bench) -> None:
    bench.show()
    colours = COLOUR_MAPS["signed"]
    scale = scale_of([bench.maps], colours)
    for left, right, _, painted in bench.bars:
        middle = np.float32((left + right) / 2)
        blue, green, red, _ = colour(np.array([middle]), colours, scale)[0].tolist()
        assert (
            max(abs(painted.red() - red), abs(painted.green() - green), abs(painted.blue() - blue))
            <= 8
        )


@pytest.mark.parametrize(
    "values",
    [
        np.zeros((28, 28), np.float32),
        np.full((28, 28), 0.1, np.float32),
        np.full((1, 1), -3, np.float32),
        np.nextafter(np.full((4, 4), 0.1, np.float32), np.float32(np.arange(4) % 2)),
        np.array([[1e-42, 2e-42]], np.float32),
        np.array([[-3e38, 3e38]], np.float32),
        np.array([[np.nan, 1], [np.inf, 2]], np.float32),
    ],
    ids=["zeros", "constant", "one pixel", "hardly differ", "tiny", "huge", "not finite"],
)
def test_any_map_has_a_histogram(bench: Bench, values: Array) -> None:
    bench.show_values(values)
    bench.page.grab()
    counted = np.isfinite(values) & (values != 0)
    if counted.any():
        pixels = [pixels for _, _, pixels, _ in bench.bars]
        assert sum(round(count) for count in pixels if count > 0.6) == counted.sum()


def test_an_empty_histogram_forgets_the_bars_before_it(bench: Bench) -> None:
    assert len(bench.bars) == BINS
    bench.show_values(np.zeros((28, 28), np.float32))
    options = bench.page.histogram().bars.opts
    assert np.asarray(options["height"]).tolist() == [0]


def test_its_numbers_are_whole_numbers_and_plain_values(bench: Bench) -> None:
    bench.show_values(np.array([[0.001, 0.002], [0.002, 0.003]], np.float32))
    plot = bench.page.histogram().findChildren(type(bench.page.histogram()._plot))[0]
    for side in ("bottom", "left"):
        assert "(x" not in plot.getAxis(side).labelString()


def test_it_follows_light_and_dark(bench: Bench, qapp: QApplication) -> None:
    light = bench.page.grab().toImage()
    apply_theme(qapp, "dark")
    bench.settle()
    dark = bench.page.grab().toImage()
    ground = bench.page.palette().color(QPalette.ColorRole.Window)
    corner = bench.page.histogram().geometry().topRight() - QPoint(3, -3)
    assert dark.pixelColor(corner).name() == ground.name()
    assert light.pixelColor(corner).name() != ground.name()
    qapp.setStyleSheet("")
