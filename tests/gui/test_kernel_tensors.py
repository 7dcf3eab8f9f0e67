from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import TypeVar

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QAction, QFont, QGuiApplication, QHelpEvent, QImage
from PySide6.QtTest import QSignalSpy
from PySide6.QtWidgets import (
    QAbstractButton,
    QApplication,
    QComboBox,
    QLabel,
    QScrollArea,
    QToolButton,
    QToolTip,
    QWidget,
)
from pytestqt.qtbot import QtBot

from cnn_explorer.core import edit
from cnn_explorer.core.activations import Array
from cnn_explorer.core.addresses import check_address
from cnn_explorer.core.building import add_layer, new_network
from cnn_explorer.core.display import COLOUR_MAPS, colour, scale_of
from cnn_explorer.core.kernel_layers import Conv2d
from cnn_explorer.core.network import Network
from cnn_explorer.core.schemes import ChannelScheme
from cnn_explorer.core.selection import Selection
from cnn_explorer.core.state import State
from cnn_explorer.gui.document import Document
from cnn_explorer.gui.kernel_strip import KernelStrip
from cnn_explorer.gui.kernel_tensors import KernelTensors
from cnn_explorer.gui.plain_table import MARKED, PlainTable
from cnn_explorer.gui.selection import SelectionModel
from cnn_explorer.gui.settings import SettingsStore

REAL, NAIVE, SHARED = ChannelScheme
LAYOUTS = ("keras", "pytorch", "flax", "im2col")


class Bench:
    """A panel with what it shows."""

    def __init__(self, qtbot: QtBot, folder: Path) -> None:
        self._qtbot = qtbot
        self.store = SettingsStore(folder / "settings.ini")

    def open(
        self,
        network: Network | None = None,
        scheme: ChannelScheme = REAL,
        address: tuple[int, ...] | None = (1, 1),
        width: int = 340,
        area: QScrollArea | None = None,
    ) -> KernelTensors:
        network = network or new_network()
        self.document = Document(State(np.zeros((28, 28), np.float32), network, scheme))
        selection = Selection() if address is None else Selection().at(address)
        self.selection = SelectionModel(selection)
        self.action = QAction("Copy kernel index")
        self.action.setToolTip("Copies it")
        self.panel = KernelTensors(
            self.document, self.selection, self.store, {"copy_index": self.action}
        )
        if area is None:
            window: QWidget = self.panel
        else:
            area.setWidgetResizable(True)
            area.setWidget(self.panel)
            window = area
        self._qtbot.addWidget(window)
        window.resize(width, 1200)
        window.show()
        return self.panel

    def preview(self, **changes: object) -> None:
        self.document.preview(replace(self.document.state, **changes))

    @property
    def table(self) -> PlainTable:
        return named(self.panel, PlainTable, "Kernel tensor of each layer")

    @property
    def layouts(self) -> QComboBox:
        return named(self.panel, QComboBox, "Layout of the kernel tensors")

    @property
    def strip(self) -> KernelStrip:
        strip = self.panel.findChild(KernelStrip)
        assert strip is not None
        return strip

    def cell(self, row: int, column: int) -> str:
        return self.table.item(row, column).text().replace("\N{THIN SPACE}", ",")

    def texts(self) -> list[str]:
        """What the visible labels say."""
        labels = self.panel.findChildren(QLabel)
        return [
            label.text()
            for label in labels
            if label.isVisible() and label.objectName() != "qtooltip_label"
        ]


Widget = TypeVar("Widget", bound=QWidget)


def named(parent: QWidget, kind: type[Widget], name: str) -> Widget:
    (found,) = [child for child in parent.findChildren(kind) if child.accessibleName() == name]
    return found


@pytest.fixture
def bench(qtbot: QtBot, tmp_path: Path) -> Bench:
    return Bench(qtbot, tmp_path)


def flat(weight: Array, scheme: ChannelScheme) -> Array:
    """What a scheme convolves with, one kernel after the other."""
    if scheme is REAL or weight.shape[1] == 1:
        return weight
    total = np.zeros((len(weight), 1, *weight.shape[2:]), np.float32)
    for j, filter_ in enumerate(weight):
        for kernel in filter_:
            total[j, 0] += kernel
    return total if scheme is NAIVE else total / np.float32(weight.shape[1])


def tensor(kernels: Array, layout: str) -> Array:
    """(out, in, kh, kw) in a framework's layout, written out."""
    if layout == "pytorch":
        return kernels
    last = np.moveaxis(np.moveaxis(kernels, 0, -1), 0, 2)
    return last.reshape(-1, last.shape[-1]) if layout == "im2col" else last


def names_of(network: Network, scheme: ChannelScheme, layout: str) -> dict[str, object]:
    """The variables that code in this layout would have."""
    tensors = [tensor(flat(layer.weight, scheme), layout) for layer in network.layers]
    params = {f"Conv_{i}": {"kernel": array} for i, array in enumerate(tensors)}
    matrices = {f"conv{i}_matrix": array for i, array in enumerate(tensors, 1)}
    attribute = "weight" if layout == "pytorch" else "kernel"
    objects = {
        f"conv{i}": SimpleNamespace(**{attribute: array}) for i, array in enumerate(tensors, 1)
    }
    return {"flax": {"params": params}, "im2col": matrices}.get(layout, objects)


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("scheme", ChannelScheme)
def test_table_says_each_tensors_shape_and_parameters(
    bench: Bench, scheme: ChannelScheme, layout: str
) -> None:
    network = edit.with_bias(new_network((3, 4, 2), (3, 5, 1)), 0, False)
    bench.store.update(layout=layout)
    bench.open(network, scheme)
    assert bench.table.rowCount() == 3
    total = 0
    for row, layer in enumerate(network.layers):
        array = tensor(flat(layer.weight, scheme), layout)
        biases = 0 if layer.bias is None else len(layer.bias)
        total += array.size + biases
        assert bench.cell(row, 0) == f"Conv {row + 1}"
        assert bench.cell(row, 1) == str(list(array.shape))
        assert bench.cell(row, 2) == f"{array.size:,} + {biases}"
    assert f"{total} parameters" in bench.texts()


def test_opening_network_reads_as_in_the_books(bench: Bench) -> None:
    bench.open()
    assert [bench.cell(1, column) for column in range(3)] == ["Conv 2", "[3, 3, 3, 4]", "108 + 4"]
    assert bench.table.heading(1).text() == "[kh, kw, in, out]"
    assert "142 parameters" in bench.texts()
    assert "the 3 kernels of map 1" in bench.texts()
    bench.preview(network=edit.with_bias(bench.document.state.network, 0, False))
    assert bench.cell(0, 2) == "27 + 0"
    assert "139 parameters" in bench.texts()


def test_layout_is_switched_kept_and_followed(bench: Bench) -> None:
    bench.open()
    shapes = {}
    for index, layout in enumerate(LAYOUTS):
        bench.layouts.setCurrentIndex(index)
        bench.layouts.activated.emit(index)
        assert bench.store.current.layout == layout
        shapes[layout] = (bench.table.heading(1).text(), bench.cell(1, 1))
    assert shapes == {
        "keras": ("[kh, kw, in, out]", "[3, 3, 3, 4]"),
        "pytorch": ("[out, in, kh, kw]", "[4, 3, 3, 3]"),
        "flax": ("[kh, kw, in, out]", "[3, 3, 3, 4]"),
        "im2col": ("[kh·kw·in, out]", "[27, 4]"),
    }
    bench.store.reset()
    assert bench.layouts.currentText() == "Keras / TensorFlow"
    assert bench.cell(1, 1) == "[3, 3, 3, 4]"


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("scheme", ChannelScheme)
def test_copied_index_selects_the_maps_kernels(
    bench: Bench, scheme: ChannelScheme, layout: str
) -> None:
    network = new_network((3, 4, 2), (3, 5, 1))
    bench.store.update(layout=layout)
    bench.open(network, scheme)
    copy = named(bench.panel, QToolButton, "Copy the index of the selected map's kernels")
    for address in ((2,), (1, 3), (0, 2, 1)):
        bench.selection.select(Selection().at(address))
        copy.click()
        code = QGuiApplication.clipboard().text()
        assert code.isascii()
        kernels = flat(network.layers[len(address) - 1].weight, scheme)[address[-1]]
        expected = tensor(kernels[np.newaxis], layout)
        expected = expected[0] if layout == "pytorch" else expected[..., 0]
        found = eval(code, {}, names_of(network, scheme, layout))
        np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-6)
        shown = [text for text in bench.texts() if text.endswith("]")]
        assert [text.replace("\u200b", "").replace("\xa0", " ") for text in shown] == [code]


def test_copy_does_nothing_without_a_map(bench: Bench) -> None:
    panel = bench.open(address=None)
    QGuiApplication.clipboard().setText("before")
    panel.copy_index()
    assert QGuiApplication.clipboard().text() == "before"


def test_button_says_what_the_action_says(bench: Bench) -> None:
    bench.open()
    copy = named(bench.panel, QToolButton, "Copy the index of the selected map's kernels")
    assert copy.toolTip() == "Copies it"


@pytest.mark.parametrize(
    ("scheme", "address", "sentence"),
    [
        (REAL, (2,), "the 1 kernel of map 2"),
        (REAL, (1, 3), "the 3 kernels of map 3"),
        (NAIVE, (2,), "the 1 kernel of map 2"),
        (NAIVE, (2, 1), "the flat kernel of filter 1, used on every map"),
        (SHARED, (2, 0), "the flat kernel of filter 0, used on every map"),
    ],
)
def test_sentence_says_what_the_index_selects(
    bench: Bench, scheme: ChannelScheme, address: tuple[int, ...], sentence: str
) -> None:
    bench.open(scheme=scheme, address=address)
    assert sentence in bench.texts()


def test_without_a_map_there_is_a_hint(bench: Bench) -> None:
    bench.open(address=None)
    hint = "Select a map to see its kernels' index."
    assert hint in bench.texts()
    assert not bench.strip.isVisible()
    assert bench.table.selectedItems() == []
    bench.selection.select(bench.selection.current.at((0,)))
    assert hint not in bench.texts()
    assert bench.strip.isVisible()
    bench.selection.select(replace(bench.selection.current, layer=None))
    assert hint in bench.texts()
    assert bench.table.selectedItems() == []


def test_click_and_arrow_keys_select_the_layers_map(bench: Bench, qtbot: QtBot) -> None:
    bench.open(new_network((3, 4, 5)), address=(2, 1, 4))
    where = bench.table.visualItemRect(bench.table.item(1, 2)).center()
    qtbot.mouseClick(bench.table.viewport(), Qt.MouseButton.LeftButton, pos=where)
    assert bench.selection.current.address == (2, 1)
    qtbot.keyClick(bench.table, Qt.Key.Key_Up)
    assert bench.selection.current.address == (2,)
    qtbot.keyClick(bench.table, Qt.Key.Key_Down)
    qtbot.keyClick(bench.table, Qt.Key.Key_Down)
    assert bench.selection.current.address == (2, 1, 4)


def test_layer_of_the_selected_map_is_marked(bench: Bench) -> None:
    bench.open(new_network((3, 4, 5)), address=(2,))
    for address in ((2, 1), (2, 1, 4), (0,)):
        bench.selection.select(Selection().at(address))
        marks = [bench.table.item(row, 1).data(MARKED) for row in range(3)]
        assert marks == [row == len(address) - 1 for row in range(3)]
        assert {item.row() for item in bench.table.selectedItems()} == {len(address) - 1}
    # Showing a selection changes none, and keeps the pin.
    pinned = Selection().at((0, 2), pin=(3, 4))
    bench.selection.select(pinned)
    assert bench.selection.current == pinned


def test_stroke_pin_and_hidden_path_do_nothing(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench.open()

    def fail(*_: object) -> None:
        raise AssertionError("the panel was shown anew")

    written = QSignalSpy(bench.table.model().dataChanged)
    monkeypatch.setattr("cnn_explorer.gui.kernel_tensors.costs", fail)
    monkeypatch.setattr("cnn_explorer.gui.kernel_tensors.scheme_kernel", fail)
    bench.preview(drawing=np.ones((28, 28), np.float32))
    current = bench.selection.current
    bench.selection.select(replace(current, pin=(3, 4)))
    bench.selection.select(replace(current, path=(*current.path[:5], 1, 1, 1)))
    bench.store.update(pen_size=3.0)
    assert written.count() == 0


def test_network_and_scheme_are_followed(bench: Bench, qtbot: QtBot) -> None:
    bench.open(new_network((3, 4, 5)), address=(2, 3, 4))
    bench.preview(scheme=NAIVE)
    assert bench.cell(2, 1) == "[3, 3, 1, 5]"
    bench.preview(network=edit.remove_layer(bench.document.state.network, 2))
    assert bench.table.rowCount() == 2
    assert "the flat kernel of filter 3, used on every map" in bench.texts()
    bench.preview(network=edit.with_filters(bench.document.state.network, 1, 2))
    assert "the flat kernel of filter 1, used on every map" in bench.texts()
    bench.preview(network=new_network((2,) * 8))
    assert bench.table.rowCount() == 8
    last = bench.table.rowViewportPosition(7) + bench.table.rowHeight(7)
    qtbot.waitUntil(lambda: bench.table.viewport().height() >= last)


def assert_painted(strip: KernelStrip, expected: np.ndarray) -> None:
    """Check every pixel of every kernel against its colour: int, (kernels, kh, kw, 4)."""
    image = strip.grab().toImage().convertToFormat(QImage.Format.Format_RGB32)
    assert strip.mosaic.count == len(expected)
    rows = expected.shape[1]
    for number, cells in enumerate(expected):
        tile = strip.tile_rectangle(number)
        side = round(tile.width()) // rows
        assert tile.width() == tile.height() == rows * side
        left, top = round(tile.left()), round(tile.top())
        for y in range(rows * side):
            for x in range(rows * side):
                pixel = image.pixelColor(left + x, top + y)
                found = [pixel.blue(), pixel.green(), pixel.red()]
                assert np.abs(np.array(found) - cells[y // side, x // side, :3]).max() <= 1


@pytest.mark.parametrize("scheme", ChannelScheme)
def test_kernels_are_painted_crisp_on_their_layers_scale(
    bench: Bench, scheme: ChannelScheme
) -> None:
    network = new_network((3, 4), (3, 5), initialisation="he")
    bench.open(network, SHARED if scheme is REAL else REAL, (0,))
    bench.selection.select(Selection().at((1, 2)))
    bench.preview(scheme=scheme)
    kernels = flat(network.layers[1].weight, scheme)
    for colour_map, contrast in (("signed", 1), ("signed", 2), ("viridis", 2)):
        bench.store.update(colour_map=colour_map, contrast=contrast)
        colours = COLOUR_MAPS[colour_map]
        scale = scale_of([kernels], colours, contrast)
        assert_painted(bench.strip, colour(kernels[2], colours, scale).astype(int))


def captions(strip: KernelStrip) -> list[str]:
    return [strip.captions(index)[0] for index in range(strip.mosaic.count)]


def test_kernels_are_numbered_by_input_map(bench: Bench) -> None:
    bench.open()
    assert captions(bench.strip) == ["map 0", "map 1", "map 2"]
    bench.preview(scheme=SHARED)
    assert captions(bench.strip) == ["every map"]
    bench.selection.select(Selection().at((0,)))
    assert captions(bench.strip) == ["drawing"]


def test_kernels_of_a_group_are_numbered_by_its_maps(bench: Bench) -> None:
    first = new_network((4,)).layers[0]
    grouped = Conv2d(1, np.ones((6, 2, 3, 3), np.float32), None, groups=2)
    bench.open(Network((first, grouped)), address=(0, 4))
    assert captions(bench.strip) == ["map 2", "map 3"]


@pytest.mark.parametrize("width", [340, 700])
def test_more_kernels_than_fit_are_counted(bench: Bench, width: int) -> None:
    network = new_network((256, 2))
    bench.open(network, address=(0, 1), width=width)
    shown = bench.strip.mosaic.count
    assert bench.strip.mosaic.lines == 4
    assert f"and {256 - shown} more: see Kernels" in bench.texts()
    assert bench.strip.mosaic.size[0] <= bench.strip.width()
    assert not any(
        text.endswith("see Kernels")
        for text in (bench.selection.select(Selection().at((7,))), bench.texts())[1]
    )


def test_tooltip_tells_the_weights(bench: Bench) -> None:
    network = new_network(initialisation="he")
    bench.open(network)
    where = bench.strip.tile_rectangle(2).center().toPoint()
    event = QHelpEvent(QHelpEvent.Type.ToolTip, where, bench.strip.viewport().mapToGlobal(where))
    QApplication.sendEvent(bench.strip.viewport(), event)
    name, _, table = QToolTip.text().partition("<pre>")
    assert "on map 2" in name
    found = [float(word) for word in table.replace("</pre>", "").replace("−", "-").split()]
    np.testing.assert_allclose(found, network.layers[1].weight[1, 2].ravel(), rtol=0.006)


def cut_off(panel: KernelTensors) -> list[QWidget]:
    """Widgets with words that reach over the panel's edge or are lower than their words."""
    kinds = (QLabel, QAbstractButton, QComboBox, PlainTable)
    found = []
    for child in panel.findChildren(QWidget):
        if isinstance(child, kinds) and child.isVisible():
            right = child.mapTo(panel, QPoint(0, 0)).x() + child.width()
            low = child.hasHeightForWidth() and child.heightForWidth(child.width())
            if right > panel.width() or child.height() < low:
                found.append(child)
    return found


@pytest.mark.parametrize("points", [9, 10, 13])
@pytest.mark.parametrize("layout", LAYOUTS)
def test_nothing_is_cut_off_in_the_narrow_window(
    bench: Bench, qtbot: QtBot, layout: str, points: int
) -> None:
    bench.store.update(layout=layout)
    network = new_network((256,) * 2 + (64,) * 6, (11, 11, 3, 3, 3, 3, 3, 3))
    area = QScrollArea()
    panel = bench.open(network, NAIVE, area=area)
    QApplication.setFont(QFont("DejaVu Sans", points))
    bench.selection.select(Selection().at((1, 2, 3)))
    qtbot.waitUntil(lambda: panel.font().pointSize() == points and not cut_off(panel))
    assert area.horizontalScrollBar().maximum() == 0


def test_whatever_takes_the_focus_has_a_name(bench: Bench) -> None:
    panel = bench.open()
    focusable = [
        child
        for child in panel.findChildren(QWidget)
        if child.isVisible() and child.focusPolicy() is not Qt.FocusPolicy.NoFocus
    ]
    named_ones = {child.accessibleName() for child in focusable if child.accessibleName()}
    inner = {"qt_scrollarea_viewport"}
    assert all(child.accessibleName() or child.objectName() in inner for child in focusable)
    assert named_ones == {
        "Layout of the kernel tensors",
        "Kernel tensor of each layer",
        "Copy the index of the selected map's kernels",
        "Costs of Conv 2",
        "Costs of the whole network",
        "Costs of the three schemes",
    }


# Layers of every kind.


def headed() -> Network:
    state = State(np.zeros((28, 28), np.float32), new_network((3,)))
    for kind in ("MaxPool2d", "BatchNorm2d", "Conv2d", "Flatten", "Linear", "Softmax"):
        state = replace(state, network=add_layer(state, kind))
    return edit.with_filters(state.network, 5, 7)


SHAPES = {
    "keras": ("[3, 3, 3, 3]", "[588, 7]"),
    "pytorch": ("[3, 3, 3, 3]", "[7, 588]"),
    "flax": ("[3, 3, 3, 3]", "[588, 7]"),
    "im2col": ("[27, 3]", "[588, 7]"),
}
NORMS = {
    "keras": "gamma, beta",
    "pytorch": "weight, bias",
    "flax": "scale, bias",
    "im2col": "γ, β",
}


@pytest.mark.parametrize("layout", LAYOUTS)
def test_the_table_has_a_row_for_layers_of_every_kind(bench: Bench, layout: str) -> None:
    bench.store.update(layout=layout)
    network = headed()
    bench.open(network, address=(1, 1, 1, 1, 1, 1))
    convolution, dense = SHAPES[layout]
    norm = f"{NORMS[layout]}: [3]"
    rows = [[bench.cell(row, column) for column in range(3)] for row in range(7)]
    assert rows[1:] == [
        ["MaxPool 1", "—", "0"],
        ["BatchNorm 1", norm, "3 + 3"],
        ["Conv 2", convolution, "81 + 3"],
        ["Flatten 1", "—", "0"],
        ["Linear 1", dense, "4,116 + 7"],
        ["Softmax 1", "—", "0"],
    ]
    total = 27 + 3 + 6 + 84 + 4123
    assert f"{total:,} parameters".replace(",", "\N{THIN SPACE}") in bench.texts()
    # The axis in a box is one that there is: painting another crashed.
    assert not bench.panel.grab().toImage().isNull()
    for scheme in (SHARED, NAIVE):
        bench.preview(scheme=scheme)
        assert not bench.panel.grab().toImage().isNull()
        gone = scheme is NAIVE
        flat_dense = "[7, 1]" if layout == "pytorch" else "[1, 7]"
        assert bench.cell(5, 1) == ("—" if gone else flat_dense)
        assert bench.cell(5, 2) == ("0" if gone else "7 + 7")
        assert bench.cell(2, 1) == norm


@pytest.mark.parametrize("layout", LAYOUTS)
def test_the_index_of_a_dense_layer_is_copied(bench: Bench, layout: str) -> None:
    bench.store.update(layout=layout)
    network = headed()
    bench.open(network, address=(1, 1, 1, 1, 1, 4))
    bench.panel.copy_index()
    code = QGuiApplication.clipboard().text()
    weight = network.conv(5).weight[:, :, 0, 0]
    matrix = weight if layout == "pytorch" else weight.T
    names = {
        "dense1": SimpleNamespace(kernel=matrix),
        "linear1": SimpleNamespace(weight=matrix),
        "linear1_matrix": matrix,
        "params": {"Dense_0": {"kernel": matrix}},
    }
    np.testing.assert_array_equal(eval(code, names), weight[4])
    assert "the 588 kernels of map 4" in bench.texts()


def test_a_map_without_kernels_has_no_index(bench: Bench) -> None:
    bench.open(headed(), address=(1, 1, 1, 1))
    bench.panel.copy_index()
    before = QGuiApplication.clipboard().text()
    assert before.startswith("conv2.")
    for address in ((1, 1), (1, 1, 1), (1, 1, 1, 1, 196), (1, 1, 1, 1, 196, 1, 1)):
        bench.selection.select(Selection().at(address))
        assert not bench.strip.isVisible()
        bench.panel.copy_index()
        assert QGuiApplication.clipboard().text() == before
        assert "Select a map to see its kernels' index." not in bench.texts()
        bench.panel.grab()
    bench.selection.select(Selection().at((2,)))
    assert bench.strip.isVisible()


def test_a_click_in_the_table_selects_a_map_that_there_is(bench: Bench, qtbot: QtBot) -> None:
    network = headed()
    bench.open(network, address=(2, 1, 1, 1))
    bench.selection.follow(network)
    for row in (6, 4, 1, 2, 5, 0):
        item = bench.table.item(row, 0)
        place = bench.table.visualItemRect(item).center()
        qtbot.mouseClick(bench.table.viewport(), Qt.MouseButton.LeftButton, pos=place)
        address = bench.selection.current.address
        assert address is not None
        assert len(address) == row + 1
        check_address(address, network)
