import math
import re
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QColor, QFont, QFontMetrics, QImage, QPalette, QWheelEvent
from PySide6.QtWidgets import QApplication, QToolButton
from pytestqt.qtbot import QtBot

from cnn_explorer.core import edit
from cnn_explorer.core.building import add_layer, new_network
from cnn_explorer.core.layers import Flatten
from cnn_explorer.core.network import Network
from cnn_explorer.core.schemes import ChannelScheme
from cnn_explorer.core.state import State
from cnn_explorer.gui.cost_bars import (
    CostBars,
    Costs,
    bytes_text,
    exact_text,
    power_text,
    scheme_colour,
    short_text,
)
from cnn_explorer.gui.plain_table import MARKED, SHORT, PlainTable

REAL, NAIVE, SHARED = ChannelScheme
SUPERSCRIPTS = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹", "0123456789")
UNITS = ["B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB", "ZiB", "YiB"]


def from_power(text: str) -> float:
    mantissa, power = text.split(" × 10")
    return float(mantissa) * 10.0 ** int(power.translate(SUPERSCRIPTS))


def table_of(costs: Costs) -> PlainTable:
    table = costs.findChild(PlainTable)
    assert table is not None
    return table


def numbers(costs: Costs) -> dict[str, list[int]]:
    """Row heading → exact numbers of the three schemes, from the tooltips."""
    table = table_of(costs)
    found = {}
    for row in range(table.rowCount()):
        tips = [table.item(row, column).toolTip() for column in (1, 2, 3)]
        found[table.item(row, 0).text()] = [
            int(re.sub(r"\D", "", tip.split(": ")[1])) for tip in tips
        ]
    return found


def by_hand(network: Network, scheme: ChannelScheme, layers: range) -> list[int]:
    """Maps, parameters, multiply-adds, bytes of weights and of maps, counted kernel by kernel."""
    maps = maps_before = 1
    parameters = work = pixels_held = 0
    for index, layer in enumerate(network.layers):
        rows, columns = network.sizes[index + 1]
        kh, kw = layer.weight.shape[2:]
        out, depth = layer.weight.shape[:2]
        maps = maps_before * out if scheme is NAIVE else out
        if index in layers:
            kernels = out * depth if scheme is REAL else out
            parameters += kernels * kh * kw + (0 if layer.bias is None else out)
            convolutions = maps_before * out if scheme is NAIVE else depth * out
            work += convolutions * kh * kw * rows * columns
            pixels_held += maps * rows * columns
            last = maps
        maps_before = maps
    return [last, parameters, work, 4 * parameters, 4 * pixels_held]


def networks() -> dict[str, Network]:
    strided = edit.with_bias(edit.with_stride(new_network((3, 5, 2), (3, 5, 1)), 1, 2), 1, False)
    return {
        "opening": new_network(),
        "strided": edit.with_padding(strided, 2, 3),
        "wide": new_network((64,) * 8),
        "one": new_network((1,), (1,)),
    }


@given(st.integers(1, 10**40))
def test_numbers_can_be_read_back(count: int) -> None:
    assert int(exact_text(count).replace("\N{THIN SPACE}", "")) == count
    assert from_power(power_text(count)) == pytest.approx(count, rel=0.0501)
    assert short_text(count) == (exact_text(count) if count < 10_000_000 else power_text(count))


@given(st.integers(0, 10**27))
def test_bytes_take_the_unit_that_leaves_few_digits(count: int) -> None:
    value, unit = bytes_text(count).split(" ")
    assert float(value) * 1024 ** UNITS.index(unit) == pytest.approx(count, rel=0.0051)
    assert float(value) < 1000
    assert unit == "B" or float(value) >= 0.97
    assert len(value.replace(".", "")) <= 3


@pytest.mark.parametrize(
    ("count", "text"),
    [
        (0, "0 B"),
        (999, "999 B"),
        (1000, "0.98 KiB"),
        (568, "568 B"),
        (1024, "1.00 KiB"),
        (50_176, "49.0 KiB"),
        (1024**2, "1.00 MiB"),
        (5 * 1024**8, "5.00 YiB"),
    ],
)
def test_bytes_as_they_are_written(count: int, text: str) -> None:
    assert bytes_text(count) == text


@pytest.mark.parametrize("name", networks())
def test_table_agrees_with_counting(qtbot: QtBot, name: str) -> None:
    network = networks()[name]
    costs = Costs()
    qtbot.addWidget(costs)
    last = len(network.layers) - 1
    costs.show_costs(network, last, REAL)
    one, whole = costs.findChildren(QToolButton)
    for button, layers in ((whole, range(last + 1)), (one, range(last, last + 1))):
        button.click()
        expected = [by_hand(network, scheme, layers) for scheme in ChannelScheme]
        assert list(numbers(costs).values()) == [list(row) for row in zip(*expected, strict=True)]
    assert list(numbers(costs)) == [
        "output maps", "parameters", "multiply-adds", "weight memory", "map memory",
    ]  # fmt: skip


def test_printed_cells_say_what_the_tooltips_say(qtbot: QtBot) -> None:
    costs = Costs()
    qtbot.addWidget(costs)
    costs.show_costs(networks()["wide"], None, NAIVE)
    table = table_of(costs)
    for row, counts in enumerate(numbers(costs).values()):
        for column, count in enumerate(counts, 1):
            item = table.item(row, column)
            if row < 3:
                assert int(item.text().replace("\N{THIN SPACE}", "")) == count
                assert from_power(item.data(SHORT)) == pytest.approx(count, rel=0.0501)
            else:
                assert item.text() == bytes_text(count)
    assert table.item(0, 2).text() == exact_text(64**8)
    assert table.item(0, 2).data(SHORT) == "2.8 × 10¹⁴"


@pytest.mark.parametrize("scheme", ChannelScheme)
def test_scheme_at_hand_is_marked(qtbot: QtBot, scheme: ChannelScheme) -> None:
    costs = Costs()
    qtbot.addWidget(costs)
    network = new_network()
    costs.show_costs(network, None, SHARED)
    costs.show_costs(network, None, scheme)
    table = table_of(costs)
    mine = list(ChannelScheme).index(scheme) + 1
    for column in (1, 2, 3):
        cells = [table.item(row, column) for row in range(table.rowCount())]
        marks = [item.data(MARKED) for item in (table.heading(column), *cells)]
        assert marks == [column == mine] * 6


def test_switch_names_the_layer_and_goes_without_a_selection(qtbot: QtBot) -> None:
    costs = Costs()
    qtbot.addWidget(costs)
    network = new_network()
    one, whole = costs.findChildren(QToolButton)
    costs.show_costs(network, 0, REAL)
    assert (one.text(), whole.isChecked()) == ("Conv 1", True)
    one.click()
    assert numbers(costs)["output maps"] == [3, 3, 3]
    costs.show_costs(network, 1, REAL)
    assert one.text() == "Conv 2"
    assert numbers(costs)["output maps"] == [4, 12, 4]
    assert numbers(costs)["parameters"] == [112, 40, 40]
    costs.show_costs(network, None, REAL)
    assert one.isHidden()
    assert whole.isHidden()
    assert numbers(costs)["parameters"] == [142, 70, 70]


def bar_lengths(bars: CostBars, palette: QPalette) -> list[int]:
    """Lengths of all bars from top to bottom, measured in a picture."""
    image = bars.grab().toImage().convertToFormat(QImage.Format.Format_RGB32)
    colours = {scheme_colour(scheme, palette).rgb() for scheme in ChannelScheme}
    lengths = []
    previous = None
    for y in range(image.height()):
        colour = image.pixel(4, y)
        if colour in colours and colour != previous:
            length = 0
            while length + 3 < image.width() and image.pixel(3 + length, y) == colour:
                length += 1
            lengths.append(length)
        previous = colour
    return lengths


@pytest.mark.parametrize("ground", ["#ffffff", "#202020"])
@pytest.mark.parametrize("width", [300, 660])
def test_bars_are_as_long_as_the_logarithms(qtbot: QtBot, width: int, ground: str) -> None:
    counts = [[1, 10, 1000], [123, 10**19, 7], [256**8, 2, 10**24]]
    bars = CostBars()
    qtbot.addWidget(bars)
    palette = QPalette(bars.palette())
    palette.setColor(QPalette.ColorRole.Base, QColor(ground))
    bars.setPalette(palette)
    bars.show_costs([("group", [(n, power_text(n)) for n in row]) for row in counts], NAIVE)
    bars.resize(width, bars.sizeHint().height())
    lengths = bar_lengths(bars, palette)
    assert len(lengths) == 9
    logs = [math.log10(count) for row in counts for count in row]
    shortest = lengths[0]  # the bar of 1
    assert 1 <= shortest <= 10
    decade = (lengths[8] - shortest) / logs[8]
    for length, log in zip(lengths, logs, strict=True):
        assert length == pytest.approx(shortest + log * decade, abs=1)
    font = QFont(bars.font())
    font.setBold(True)
    text = QFontMetrics(font).horizontalAdvance(power_text(10**24))
    assert width * 0.5 < lengths[8] <= width - 3 - 5 - text


def test_bars_of_ones_need_no_scale(qtbot: QtBot) -> None:
    bars = CostBars()
    qtbot.addWidget(bars)
    bars.show_costs([("maps", [(1, "1")] * 3)], REAL)
    bars.resize(300, bars.sizeHint().height())
    assert len(set(bar_lengths(bars, bars.palette()))) == 1


def test_what_costs_nothing_has_no_bar(qtbot: QtBot) -> None:
    bars = CostBars()
    qtbot.addWidget(bars)
    bars.show_costs([("work", [(0, "0"), (100, "100"), (0, "0")])], REAL)
    bars.resize(300, bars.sizeHint().height())
    assert len(bar_lengths(bars, bars.palette())) == 1
    bars.show_costs([("work", [(0, "0")] * 3)], REAL)
    assert bar_lengths(bars, bars.palette()) == []


def test_layers_of_every_kind_are_counted(qtbot: QtBot) -> None:
    """By hand: 3 filters of 3×3, pooling to 14×14, a normalisation, 588 values, 10 sums of them."""
    state = State(np.zeros((28, 28), np.float32), new_network((3,)))
    for kind in ("MaxPool2d", "BatchNorm2d", "Flatten", "Linear", "Softmax"):
        state = replace(state, network=add_layer(state, kind))
    network = state.network
    costs = Costs()
    qtbot.addWidget(costs)
    costs.resize(400, 600)
    costs.show()
    pooled, values = 3 * 14 * 14, 588
    learned = 27 + 3 + 3 + 3 + 10 * values + 10
    # Naive ends before the Flatten: its last maps are those of the normalisation.
    expected = {
        "output maps": [3, 3, 3],
        "parameters": [learned, 36, 36 + 20],
        "multiply-adds": [27 * 784 + 5880, 27 * 784, 27 * 784 + 5880],
        "weight memory": [4 * learned, 144, 4 * 56],
        "map memory": [
            4 * (3 * 784 + 2 * pooled + values + 10 + 10),
            4 * (3 * 784 + 2 * pooled),
            4 * (3 * 784 + 2 * pooled + values + 10 + 10),
        ],
    }
    costs.show_costs(network, 4, REAL)
    one, whole = costs.findChildren(QToolButton)
    whole.click()
    assert numbers(costs) == expected
    one.click()
    assert one.text() == "Linear 1"
    assert numbers(costs) == {
        "output maps": [10, 0, 10],
        "parameters": [5890, 0, 20],
        "multiply-adds": [5880, 0, 5880],
        "weight memory": [4 * 5890, 0, 80],
        "map memory": [40, 0, 40],
    }
    for layer in range(6):
        for scheme in ChannelScheme:
            costs.show_costs(network, layer, scheme)
            assert not costs.grab().toImage().isNull()
    only = Network((Flatten(0, 1, (28, 28)),))
    costs.show_costs(only, None, NAIVE)
    assert numbers(costs)["output maps"] == [784, 0, 784]
    assert not costs.grab().toImage().isNull()


def luminance(colour: QColor) -> float:
    """Relative luminance as WCAG 2 defines it."""
    linear = [
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4
        for part in colour.getRgbF()[:3]
    ]
    return sum(weight * part for weight, part in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


@pytest.mark.parametrize("ground", ["#ffffff", "#24272c"])
def test_colours_of_schemes_differ_in_lightness_and_from_the_ground(ground: str) -> None:
    palette = QPalette()
    palette.setColor(QPalette.ColorRole.Base, QColor(ground))
    found = [luminance(scheme_colour(scheme, palette)) for scheme in ChannelScheme]
    found.append(luminance(QColor(ground)))
    ordered = sorted(found)
    contrasts = [(high + 0.05) / (low + 0.05) for low, high in pairwise(ordered)]
    assert min(contrasts) > 1.3
    assert max(found.index(value) for value in (ordered[0], ordered[-1])) == 3
    nearest = min(abs(math.log((value + 0.05) / (found[3] + 0.05))) for value in found[:3])
    assert nearest >= math.log(2.9)


@pytest.mark.parametrize("points", [8, 12, 20])
@pytest.mark.parametrize("width", [200, 304, 660])
def test_columns_fill_the_width(qtbot: QtBot, width: int, points: int) -> None:
    costs = Costs()
    qtbot.addWidget(costs)
    costs.setFont(QFont("DejaVu Sans", points))
    costs.resize(width, 800)
    costs.show()
    costs.show_costs(networks()["wide"], 3, NAIVE)
    table = table_of(costs)
    widths = [table.columnWidth(column) for column in range(4)]
    assert sum(widths) == table.viewport().width()
    assert min(widths) > 0
    # No row is cut off: the table is as high as its rows.
    assert table.rowViewportPosition(4) + table.rowHeight(4) <= table.viewport().height()
    if width == 660 and points == 8:
        metrics = QFontMetrics(table.font())
        assert metrics.horizontalAdvance(exact_text(64**8)) < widths[2]


def test_wheel_is_left_to_the_page(qtbot: QtBot) -> None:
    costs = Costs()
    qtbot.addWidget(costs)
    costs.resize(320, 600)
    costs.show_costs(new_network(), 0, REAL)
    costs.show()
    for child in (table_of(costs).viewport(), costs.findChild(CostBars)):
        event = QWheelEvent(
            QPointF(5, 5),
            QPointF(child.mapToGlobal(QPoint(5, 5))),
            QPoint(0, 0),
            QPoint(0, -120),
            Qt.MouseButton.NoButton,
            Qt.KeyboardModifier.NoModifier,
            Qt.ScrollPhase.NoScrollPhase,
            False,
        )
        QApplication.sendEvent(child, event)
        assert not event.isAccepted()
