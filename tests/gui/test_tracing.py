"""Which pixels are outlined, on grids and drawing, for the pin and for the pointer."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from cnn_explorer.core.building import new_network
from cnn_explorer.core.edit import with_kernel_size, with_stride
from cnn_explorer.core.kernel_layers import Linear
from cnn_explorer.core.layers import GlobalAvgPool2d, MaxPool2d
from cnn_explorer.core.network import Network
from cnn_explorer.core.schemes import ChannelScheme
from cnn_explorer.core.selection import Selection
from cnn_explorer.core.state import State
from cnn_explorer.gui.canvas import Canvas
from cnn_explorer.gui.document import Document
from cnn_explorer.gui.layer_column import LayerColumn
from cnn_explorer.gui.seen import SeenTile
from cnn_explorer.gui.selection import SelectionModel
from cnn_explorer.gui.settings import SettingsStore
from cnn_explorer.gui.tiles import Spot
from cnn_explorer.gui.tracing import Tracing
from cnn_explorer.io.digits import digit

Mask = NDArray[np.bool_]


class Bench:
    """Column and canvas with their tracing, and a hand on the pointer."""

    def __init__(self, qtbot: QtBot, folder: Path, network: Network) -> None:
        self.document = Document(State(digit(3), network))
        self.selection = SelectionModel(Selection())
        self.store = SettingsStore(folder / "settings.json")
        self.column = LayerColumn(self.document, self.selection, self.store, QAction("Add"))
        self.canvas = Canvas(self.document, self.store)
        self.seen = SeenTile(self.document)
        self.tracing = Tracing(self.document, self.selection, self.column, self.canvas, self.seen)
        for widget in (self.column, self.canvas, self.seen):
            qtbot.addWidget(widget)
        self.column.resize(700, 900)
        with qtbot.waitExposed(self.column):
            self.column.show()
        QApplication.processEvents()

    def marked(self, level: int, tile: int = 0) -> dict[bool, Mask]:
        """Pixels outlined on a tile: for the pin (False), and for the pointer (True)."""
        if level == 0:
            fields = list(self.canvas._picture.fields)
        else:
            grid = self.column.cards[level - 1].maps
            fields = [(mark.field, mark.hovered) for mark in grid.fields if tile in mark.tiles]
        return {hovered: field.mask for field, hovered in fields}

    def hover(self, layer: int, spot: Spot | None) -> None:
        grid = self.column.cards[layer].maps
        grid.hover = spot
        grid.hovered.emit(spot)


@pytest.fixture
def bench(qtbot: QtBot, tmp_path: Path) -> Bench:
    return Bench(qtbot, tmp_path, new_network((3, 4)))


def block(size: tuple[int, int], top: int, bottom: int, left: int, right: int) -> Mask:
    mask = np.zeros(size, bool)
    mask[max(0, top) : bottom, max(0, left) : right] = True
    return mask


def same(one: Mask, other: Mask) -> bool:
    return bool(np.array_equal(one, other))


def test_a_pin_marks_its_window_on_every_input_map_and_its_field_on_the_drawing(
    bench: Bench,
) -> None:
    bench.selection.select(Selection().at((0, 2), (10, 20)))
    for tile in range(3):
        assert same(bench.marked(1, tile)[False], block((28, 28), 9, 12, 19, 22))
    assert same(bench.marked(0)[False], block((28, 28), 8, 13, 18, 23))
    assert not bench.marked(2)
    bench.selection.select(Selection().at((0, 2)))
    assert not bench.marked(0)
    assert not bench.marked(1)


def test_a_pin_at_the_border_marks_no_padding(bench: Bench) -> None:
    bench.selection.select(Selection().at((0, 0), (0, 27)))
    assert same(bench.marked(1)[False], block((28, 28), 0, 2, 26, 28))
    assert same(bench.marked(0)[False], block((28, 28), 0, 3, 25, 28))


def test_strides_leave_gaps_that_are_not_marked(qtbot: QtBot, tmp_path: Path) -> None:
    network = with_stride(with_kernel_size(new_network((2, 2)), 0, 1), 0, 2)
    bench = Bench(qtbot, tmp_path, network)
    bench.selection.select(Selection().at((0, 1), (5, 6)))
    assert same(bench.marked(1)[False], block((14, 14), 4, 7, 5, 8))
    expected = np.zeros((28, 28), bool)
    expected[np.ix_([8, 10, 12], [10, 12, 14])] = True
    assert same(bench.marked(0)[False], expected)


def test_a_pixel_under_the_pointer_shows_where_it_goes_and_without_a_pin_where_from(
    bench: Bench,
) -> None:
    bench.hover(0, Spot(1, 5, 5))
    for tile in range(4):
        assert same(bench.marked(2, tile)[True], block((28, 28), 4, 7, 4, 7))
    assert same(bench.marked(0)[True], block((28, 28), 4, 7, 4, 7))
    bench.selection.select(Selection().at((0, 1), (20, 20)))
    assert list(bench.marked(0)) == [False], "the pin's alone: two fields would be confused"
    bench.hover(0, None)
    assert not bench.marked(2)


def test_a_pixel_of_the_drawing_shows_its_footprint_on_all_layers(bench: Bench) -> None:
    bench.canvas.hovered.emit((0, 14))
    assert same(bench.marked(1)[True], block((28, 28), 0, 2, 13, 16))
    assert same(bench.marked(2)[True], block((28, 28), 0, 3, 12, 17))
    bench.canvas.hovered.emit(None)
    assert not bench.marked(1)


def test_a_cell_of_a_kernel_shows_what_it_multiplies(bench: Bench) -> None:
    kernels = bench.column.cards[1].kernels
    bench.column.turn(2)
    kernels.hover = Spot(1 * kernels.mosaic.per_group + 2, 0, 1)  # kernel [0, 1, 1, 2]
    kernels.hovered.emit(kernels.hover)
    assert same(bench.marked(1, 1)[True], block((28, 28), 0, 27, 0, 28))
    assert not bench.marked(1, 0)
    bench.selection.select(Selection().at((0, 2), (10, 10)))
    assert same(bench.marked(1, 1)[True], block((28, 28), 9, 10, 10, 11))
    kernels.hover = None
    kernels.hovered.emit(None)
    assert True not in bench.marked(1, 1)


def test_a_row_of_the_panel_lights_its_input_map(bench: Bench) -> None:
    bench.selection.select(Selection().at((0, 2), (10, 10)))
    bench.tracing.show_channel(1)
    grid = bench.column.cards[0].maps
    assert [tile for tile in range(3) if tile in grid.lit] == [1]
    bench.tracing.show_cell((2, 0, 0))
    assert same(bench.marked(1, 2)[True], block((28, 28), 9, 10, 9, 10))
    bench.tracing.show_channel(None)
    bench.tracing.show_cell(None)
    assert not grid.lit
    assert True not in bench.marked(1, 2)


def test_in_naive_only_the_chain_of_the_address_is_marked(bench: Bench) -> None:
    state = replace(bench.document.state, scheme=ChannelScheme.NAIVE)
    bench.column.set_state(state)
    bench.document.commit("Naive", state)
    bench.selection.select(Selection().at((1, 2), (10, 10)))
    assert [tile for tile in range(3) if bench.marked(1, tile)] == [1]
    bench.hover(0, Spot(2, 5, 5))
    assert [tile for tile in range(12) if True in bench.marked(2, tile)] == [8, 9, 10, 11]


def test_nothing_is_traced_until_the_cards_have_followed(bench: Bench) -> None:
    bench.hover(1, Spot(3, 27, 27))
    assert bench.marked(1)
    network = with_stride(new_network((3, 4)), 1, 4)
    selection = bench.selection

    def select_first(new: State, old: State) -> None:
        selection.select(selection.current.at((0, 1), (6, 6)))
        bench.column.set_state(new)

    bench.document.changed.disconnect(bench.tracing._follow)
    bench.document.changed.connect(select_first)
    bench.document.changed.connect(bench.tracing._follow)
    bench.document.commit("Stride", replace(bench.document.state, network=network))
    expected = np.zeros((28, 28), bool)
    expected[24:27, 24:27] = True
    assert same(bench.marked(1)[False], expected)


def test_in_naive_a_map_of_another_branch_has_no_descendants_in_view(
    qtbot: QtBot, tmp_path: Path
) -> None:
    bench = Bench(qtbot, tmp_path, new_network((3, 2, 2)))
    state = replace(bench.document.state, scheme=ChannelScheme.NAIVE)
    bench.column.set_state(state)
    bench.document.commit("Naive", state)
    bench.selection.select(Selection().at((1, 0, 0)))
    bench.hover(0, Spot(2, 5, 5))  # map 2; Conv 3 shows the maps 1.*.*
    assert not bench.marked(3, 0)
    bench.hover(0, Spot(1, 5, 5))
    assert bench.marked(3, 0)


# Layers of every kind.


@pytest.fixture
def pooled(qtbot: QtBot, tmp_path: Path) -> Bench:
    """3 filters of 3×3, 2×2 pooling, 4 filters of 3×3, a mean, two sums."""
    first, second = new_network((3, 4)).layers
    weight = np.ones((2, 4, 1, 1), np.float32)
    layers = (first, MaxPool2d(7, 3), second, GlobalAvgPool2d(8, 4), Linear(9, weight, None))
    made = Bench(qtbot, tmp_path, Network(layers))
    made.selection.follow(made.document.state.network)
    return made


def test_a_pin_of_a_pooled_map_marks_one_window_of_one_map(pooled: Bench) -> None:
    pooled.selection.select(Selection().at((2, 2), (5, 6)))
    assert pooled.marked(1, 0) == pooled.marked(1, 1) == {}
    assert same(pooled.marked(1, 2)[False], block((28, 28), 10, 12, 12, 14))
    assert same(pooled.marked(0)[False], block((28, 28), 9, 13, 11, 15))


def test_a_pin_above_pooling_marks_all_that_it_sees(pooled: Bench) -> None:
    pooled.selection.select(Selection().at((2, 2, 1), (5, 6)))
    for tile in range(3):
        assert same(pooled.marked(2, tile)[False], block((14, 14), 4, 7, 5, 8))
        assert same(pooled.marked(1, tile)[False], block((28, 28), 8, 14, 10, 16))
    assert same(pooled.marked(0)[False], block((28, 28), 7, 15, 9, 17))
    pooled.selection.select(Selection().at((2, 2, 1, 1, 0), (0, 0)))
    for tile in range(4):
        assert pooled.marked(4, tile)[False].all()
        assert pooled.marked(3, tile)[False].all()
    assert pooled.marked(0)[False].all()


def test_in_naive_the_pin_marks_the_chain_of_its_map(pooled: Bench) -> None:
    state = replace(pooled.document.state, scheme=ChannelScheme.NAIVE)
    pooled.document.commit("x", state)
    pooled.column.set_state(state)
    QApplication.processEvents()
    pooled.selection.select(Selection().at((2, 2, 1), (5, 6)))
    for tile in range(3):
        assert (False in pooled.marked(1, tile)) == (tile == 2)
        assert (False in pooled.marked(2, tile)) == (tile == 2)
    pooled.selection.select(Selection().at((1, 1, 3, 3), (0, 0)))
    assert pooled.marked(2, 1)[False].all()
    assert pooled.marked(3, 7)[False].all()
    assert pooled.marked(3, 6) == {}
    pooled.document.undo_stack.clear()


def test_under_the_pointer_a_pixel_goes_into_every_map_of_the_head(pooled: Bench) -> None:
    pooled.hover(1, Spot(1, 3, 4))
    assert same(pooled.marked(3, 2)[True], block((14, 14), 2, 5, 3, 6))
    assert pooled.marked(4, 3)[True].all()
    assert pooled.marked(5, 1)[True].all()
    assert same(pooled.marked(1, 1)[True], block((28, 28), 6, 8, 8, 10))
    pooled.hover(1, None)
    assert pooled.marked(3, 2) == {}


def test_what_the_network_sees_is_marked_where_that_is(bench: Bench) -> None:
    bench.selection.select(Selection().at((0, 1), (10, 10)))
    assert bench.canvas._picture.fields
    assert not bench.seen._picture.fields
    bench.document.commit("Centre", replace(bench.document.state, centred=True))
    assert not bench.canvas._picture.fields
    (shown,) = bench.seen._picture.fields
    assert same(shown[0].mask, block((28, 28), 8, 13, 8, 13))
    bench.selection.select(Selection())
    bench.canvas.hovered.emit((5, 5))  # a pixel of the drawing is none of what the network gets
    assert not bench.marked(1)
    bench.seen.hovered.emit((5, 5))
    assert same(bench.marked(1)[True], block((28, 28), 4, 7, 4, 7))
    bench.document.undo()
    assert same(bench.marked(1)[True], block((28, 28), 4, 7, 4, 7))
    bench.canvas.hovered.emit(None)
    assert not bench.marked(1)


def test_a_map_can_be_lit_by_its_level(bench: Bench) -> None:
    bench.tracing.show_map((2, 3))
    assert bench.column.cards[1].maps.lit == {3}
    bench.tracing.show_map(None)
    assert not bench.column.cards[1].maps.lit
