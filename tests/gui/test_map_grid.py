"""The grid of a layer's maps: values and colours, addresses, selection, keys, words."""

from collections.abc import Callable
from dataclasses import replace
from math import prod
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from PySide6.QtCore import QEvent, QPoint, QPointF, Qt
from PySide6.QtGui import (
    QAccessible,
    QAccessibleAnnouncementEvent,
    QHelpEvent,
    QImage,
    QMouseEvent,
    QPalette,
)
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QToolTip
from pytestqt.qtbot import QtBot

from cnn_explorer.core import edit, mutes
from cnn_explorer.core.addresses import Address, check_address
from cnn_explorer.core.building import add_layer, new_network
from cnn_explorer.core.display import COLOUR_MAPS, colour, scale_of
from cnn_explorer.core.forward import Activations, Request, forward
from cnn_explorer.core.kernel_layers import Conv2d
from cnn_explorer.core.layers import Kind
from cnn_explorer.core.network import Network
from cnn_explorer.core.schemes import ChannelScheme
from cnn_explorer.core.selection import Selection
from cnn_explorer.core.sentences import map_sentence
from cnn_explorer.core.state import State
from cnn_explorer.gui import map_grid
from cnn_explorer.gui.colouring import colouring_of
from cnn_explorer.gui.map_grid import MapGrid
from cnn_explorer.gui.selection import SelectionModel
from cnn_explorer.gui.settings import Settings
from cnn_explorer.gui.tiles import Spot
from cnn_explorer.io.digits import digit

REAL, NAIVE, SHARED = ChannelScheme.REAL, ChannelScheme.NAIVE, ChannelScheme.SHARED
LEFT = Qt.MouseButton.LeftButton
ROOM = (700, 300, 300)

NETWORK = new_network((3, 4, 2))
DRAWING = digit(7)


def state_of(scheme: ChannelScheme = REAL, network: Network = NETWORK) -> State:
    return State(DRAWING, network, scheme)


class Bench:
    """A grid with what it needs, and the passes that the worker would make for it."""

    def __init__(self, qtbot: QtBot, state: State, layer: int, selection: Selection) -> None:
        self.state = state
        self.selection = SelectionModel(selection)
        self.grid = MapGrid(layer, state, self.selection)
        qtbot.addWidget(self.grid)
        self.layer = layer
        self.passes: list[Activations] = []
        self.room(*ROOM)
        with qtbot.waitExposed(self.grid):
            self.grid.show()
        QApplication.processEvents()
        self.compute()

    def room(self, width: int, share: int, most: int) -> None:
        self.grid.resize(width, self.grid.height())
        self.grid.set_room(width, share, most)
        QApplication.processEvents()

    def in_view(self) -> tuple[tuple[Address, ...], ...]:
        """As the column of layers asks for it."""
        if self.state.scheme is not NAIVE:
            return ()
        wanted: list[tuple[Address, ...]] = [()] * len(self.state.network.layers)
        wanted[self.layer] = tuple(self.grid.addresses_in_view())
        if self.layer:
            wanted[self.layer - 1] = tuple(self.grid.parents_in_view())
        return tuple(wanted)

    def compute(self, settings: Settings | None = None) -> Activations:
        """A pass for what is in view, shown."""
        activations = forward(Request(self.state, self.in_view(), "matmul"))
        self.grid.show_maps(activations, colouring_of(settings or Settings(), activations.maps))
        self.passes.append(activations)
        return activations

    def change(self, state: State) -> None:
        """The document has another state; its maps are not computed yet."""
        self.state = state
        self.selection.select(self.selection.current.within(state.network))
        self.grid.set_state(state)

    def image(self) -> NDArray[np.uint8]:
        """What is on screen."""
        image = self.grid.viewport().grab().toImage().convertToFormat(QImage.Format.Format_RGB32)
        data = np.frombuffer(image.constBits(), np.uint8)
        return data.reshape(image.height(), image.bytesPerLine() // 4, 4)[:, : image.width()].copy()

    def tile(self, image: NDArray[np.uint8], index: int) -> NDArray[np.uint8]:
        rectangle = self.grid.tile_rectangle(index).toRect()
        return image[
            rectangle.top() : rectangle.top() + rectangle.height(),
            rectangle.left() : rectangle.left() + rectangle.width(),
        ]

    def at(self, index: int, row: int, column: int) -> QPoint:
        """The middle of a map's pixel, in the viewport."""
        tile = self.grid.tile_rectangle(index)
        rows, columns = self.grid.map_size
        x = tile.left() + (column + 0.5) * tile.width() / columns
        y = tile.top() + (row + 0.5) * tile.height() / rows
        return QPointF(x, y).toPoint()

    def hover(self, where: QPoint) -> None:
        none, no_keys = Qt.MouseButton.NoButton, Qt.KeyboardModifier.NoModifier
        there = self.grid.viewport().mapToGlobal(QPointF(where))
        event = QMouseEvent(QEvent.Type.MouseMove, QPointF(where), there, none, none, no_keys)
        QApplication.sendEvent(self.grid.viewport(), event)


Make = Callable[..., Bench]


@pytest.fixture
def bench(qtbot: QtBot) -> Make:
    def make(
        scheme: ChannelScheme = REAL,
        layer: int = 1,
        network: Network = NETWORK,
        selection: Selection | None = None,
    ) -> Bench:
        return Bench(qtbot, state_of(scheme, network), layer, selection or Selection())

    return make


def squares(
    made: Bench, values: NDArray[np.float32], of: NDArray[np.float32], settings: Settings
) -> NDArray[np.uint8]:
    """A map as it should be on screen, on the scale that some maps share."""
    colours = COLOUR_MAPS[settings.colour_map]
    painted = colour(values, colours, scale_of([of], colours, settings.contrast))
    multiple = made.grid.mosaic.tile[0] // values.shape[0]
    return painted.repeat(multiple, axis=0).repeat(multiple, axis=1)


# Values and colours.


@pytest.mark.parametrize("scheme", list(ChannelScheme))
@pytest.mark.parametrize("layer", [0, 1, 2])
def test_the_screen_shows_the_values_of_each_map(
    bench: Make, scheme: ChannelScheme, layer: int
) -> None:
    made = bench(scheme, layer)
    shown = made.passes[-1]
    image = made.image()
    for index in made.grid.visible():
        values = shown.find(made.grid.address(index))
        assert values is not None
        if values.any():
            expected = squares(made, values, shown.maps[layer], Settings())
            np.testing.assert_array_equal(made.tile(image, index), expected)
        spot = Spot(index, 11, 16)
        assert made.grid.value(spot) == pytest.approx(float(values[11, 16]))


def test_maps_that_are_not_square_and_small_ones_are_whole_multiples(bench: Make) -> None:
    network = edit.with_stride(edit.with_stride(NETWORK, 0, 4), 1, 3)
    assert network.sizes[2] == (3, 3)
    made = bench(network=network)
    assert made.grid.mosaic.tile[0] % 3 == 0
    assert 56 <= made.grid.mosaic.tile[0] <= 196
    maps = made.passes[-1].maps[1]
    expected = squares(made, maps[0], maps, Settings())
    np.testing.assert_array_equal(made.tile(made.image(), 0), expected)


def test_before_the_first_pass_it_paints_nothing_and_has_no_values(qtbot: QtBot) -> None:
    grid = MapGrid(1, state_of(), SelectionModel(Selection()))
    qtbot.addWidget(grid)
    grid.set_room(*ROOM)
    grid.show()
    assert grid.value(Spot(0, 0, 0)) is None
    grid.viewport().grab()


def test_a_map_of_zeros_says_so(bench: Make) -> None:
    network = NETWORK
    for index in range(3):
        network = edit.with_bias(network, index, False)
    state = State(np.zeros((28, 28), np.float32), network)
    made = bench()
    made.change(state)
    made.compute()
    tile = made.tile(made.image(), 0)
    assert not tile[0, :, :3].any()
    assert tile[..., :3].any()


@pytest.mark.parametrize("colour_map", ["viridis", "print"])
def test_it_follows_the_colours(bench: Make, colour_map: str) -> None:
    made = bench()
    settings = Settings(colour_map=colour_map, contrast=2)
    maps = made.compute(settings).maps[1]
    expected = squares(made, maps[2], maps, settings)
    np.testing.assert_array_equal(made.tile(made.image(), 2), expected)


def test_captions_number_the_maps(bench: Make) -> None:
    assert [bench(REAL, 1).grid.captions(i)[0] for i in range(2)] == ["map 0", "map 1"]
    assert [*bench(NAIVE, 0).grid.captions(2)] == ["map 2", "2"]
    naive = bench(NAIVE, 1).grid
    assert [naive.captions(i)[0] for i in (0, 3, 4, 11)] == ["0.0", "0.3", "1.0", "2.3"]
    path = (2, *(0,) * 7)
    deep = bench(NAIVE, 2, selection=Selection(0, path)).grid
    assert [deep.captions(i)[0] for i in (0, 1, 7)] == ["2.0.0", "2.0.1", "2.3.1"]


def test_the_fewer_maps_the_larger_they_are(bench: Make) -> None:
    sides = [
        bench(network=new_network((3, count))).grid.mosaic.tile[0] for count in (2, 8, 64, 256)
    ]
    assert sides == sorted(sides, reverse=True)
    assert sides[0] == 196
    assert sides[-1] == 28


# Addresses.


@given(
    st.lists(st.integers(1, 5), min_size=1, max_size=5),
    st.sampled_from(list(ChannelScheme)),
    st.data(),
)
def test_a_tile_and_its_address_name_each_other(
    qapp: QApplication, filters: list[int], scheme: ChannelScheme, data: st.DataObject
) -> None:
    network = new_network(filters, (1,))
    layer = data.draw(st.integers(0, len(filters) - 1))
    path = tuple(data.draw(st.integers(0, count - 1)) for count in filters)
    selection = SelectionModel(Selection(0, path + (0,) * (8 - len(path))))
    grid = MapGrid(layer, state_of(scheme, network), selection)
    addresses = [grid.address(index) for index in range(grid.mosaic.count)]
    assert [grid.index_of(address) for address in addresses] == list(range(len(addresses)))
    assert addresses == sorted(set(addresses))
    if scheme is NAIVE and layer:
        # All maps under the prefix, and no others.
        assert len(addresses) == prod(filters[layer - 1 : layer + 1])
        assert {address[: layer - 1] for address in addresses} == {path[: layer - 1]}
    else:
        assert len(addresses) == filters[layer]
    assert all(len(address) == layer + 1 for address in addresses)
    grid.deleteLater()


def test_an_address_under_another_prefix_is_not_in_the_grid(bench: Make) -> None:
    grid = bench(NAIVE, 2, selection=Selection(0, (2,) + (0,) * 7)).grid
    assert grid.index_of((1, 0, 0)) is None
    assert grid.index_of((2, 0, 0)) == 0


# The pointer.


@pytest.mark.parametrize("scheme", list(ChannelScheme))
def test_the_pointer_finds_each_pixel_and_its_value(bench: Make, scheme: ChannelScheme) -> None:
    made = bench(scheme)
    shown = made.passes[-1]
    told: list[Spot] = []
    made.grid.hovered.connect(told.append)
    for index in made.grid.visible()[:5]:
        for row, column in ((0, 0), (27, 27), (3, 20)):
            made.hover(made.at(index, row, column))
            assert told[-1] == Spot(index, row, column)
            values = shown.find(made.grid.address(index))
            assert values is not None
            assert made.grid.value(told[-1]) == float(values[row, column])


def test_a_click_selects_and_pins_but_hovering_only_shows(bench: Make) -> None:
    made = bench()
    before = made.selection.current
    made.hover(made.at(2, 5, 6))
    assert made.selection.current is before
    QTest.mouseClick(made.grid.viewport(), LEFT, pos=made.at(2, 5, 6))
    current = made.selection.current
    assert current.address == (0, 2)
    assert current.pin == (5, 6)
    assert made.grid.selected == 2
    assert made.grid.pin == Spot(2, 5, 6)


def test_a_click_in_naive_selects_the_address(bench: Make) -> None:
    made = bench(NAIVE)
    QTest.mouseClick(made.grid.viewport(), LEFT, pos=made.at(6, 5, 6))
    assert made.selection.current.address == (1, 2)
    assert made.grid.selected == 6


def test_a_double_click_and_enter_enlarge(bench: Make, qtbot: QtBot) -> None:
    made = bench()
    with qtbot.waitSignal(made.grid.activated):
        QTest.mouseDClick(made.grid.viewport(), LEFT, pos=made.at(1, 0, 0))
    made.selection.select(Selection(1, (0, 3) + (0,) * 6))
    with qtbot.waitSignal(made.grid.activated) as told:
        QTest.keyClick(made.grid, Qt.Key.Key_Return)
    assert told.args is not None
    assert told.args[0].index == 3


# The keyboard.


def press(made: Bench, *keys: Qt.Key) -> Selection:
    for key in keys:
        QTest.keyClick(made.grid, key)
    return made.selection.current


LEFT_KEY, RIGHT_KEY = Qt.Key.Key_Left, Qt.Key.Key_Right
UP, DOWN = Qt.Key.Key_Up, Qt.Key.Key_Down


def test_with_a_pin_the_arrows_move_it_and_stop_at_the_edge(bench: Make) -> None:
    made = bench(selection=Selection(1, (0, 2) + (0,) * 6, (1, 26)))
    assert press(made, RIGHT_KEY).pin == (1, 27)
    assert press(made, RIGHT_KEY).pin == (1, 27)
    assert press(made, UP, UP, LEFT_KEY).pin == (0, 26)
    current = press(made, *[DOWN] * 30)
    assert current.pin == (27, 26)
    assert current.address == (0, 2)


def test_without_a_pin_the_arrows_move_the_selection(bench: Make) -> None:
    made = bench(network=new_network((3, 9)), selection=Selection(1, (0,) * 8))
    made.room(250, 300, 300)
    columns = made.grid.mosaic.columns
    assert 1 < columns < 9
    assert press(made, LEFT_KEY, UP).address == (0, 0)
    assert press(made, RIGHT_KEY).address == (0, 1)
    assert press(made, DOWN).address == (0, 1 + columns)
    assert press(made, UP).address == (0, 1)
    assert press(made, *[RIGHT_KEY] * 20).address == (0, 8)
    assert made.selection.current.pin is None


def test_in_naive_up_and_down_keep_the_filter_in_the_next_group(bench: Make) -> None:
    made = bench(NAIVE, network=new_network((3, 5)), selection=Selection(1, (0,) * 8))
    made.room(200, 300, 300)
    columns = made.grid.mosaic.columns
    assert 5 % columns
    start = Selection(1, (0, 4) + (0,) * 6)
    made.selection.select(start)
    below = press(made, DOWN)
    assert below.address == (1, 4 % columns)
    assert press(made, UP).address == (0, 4)


def test_an_arrow_selects_the_first_map_where_none_is_selected(bench: Make) -> None:
    made = bench(selection=Selection())
    assert press(made, RIGHT_KEY).address == (0, 0)


def test_the_next_and_the_previous_map_keep_the_pin_and_go_round(bench: Make) -> None:
    made = bench(selection=Selection(1, (0,) * 8, (3, 4)))
    made.grid.step_map(-1)
    assert (made.selection.current.address, made.selection.current.pin) == ((0, 3), (3, 4))
    made.grid.step_map(1)
    made.grid.step_map(1)
    assert made.selection.current.address == (0, 1)


# Marks.


def linked(made: Bench) -> list[int]:
    return [index for index in range(made.grid.mosaic.count) if index in made.grid.linked]


@pytest.mark.parametrize("scheme", [REAL, SHARED])
def test_all_maps_of_the_layer_before_are_linked(bench: Make, scheme: ChannelScheme) -> None:
    selection = Selection(2, (1, 2, 1) + (0,) * 5)
    assert linked(bench(scheme, 1, selection=selection)) == [0, 1, 2, 3]
    assert linked(bench(scheme, 0, selection=selection)) == []
    assert linked(bench(scheme, 2, selection=selection)) == []


def test_in_naive_the_ancestors_are_linked(bench: Make) -> None:
    selection = Selection(2, (1, 2, 1) + (0,) * 5)
    assert linked(bench(NAIVE, 0, selection=selection)) == [1]
    assert linked(bench(NAIVE, 1, selection=selection)) == [1 * 4 + 2]
    assert linked(bench(NAIVE, 2, selection=selection)) == []
    assert bench(NAIVE, 2, selection=selection).grid.selected == 2 * 2 + 1


def test_nothing_is_marked_without_a_selection(bench: Make) -> None:
    made = bench(selection=Selection(None, (1,) * 8, (3, 4)))
    assert (made.grid.selected, made.grid.pin, linked(made)) == (None, None, [])


def test_the_selection_is_seen_on_screen_and_taken_away_again(bench: Make) -> None:
    made = bench()
    bare = made.image()
    pictures = [bare]
    for selection in (
        Selection(1, (0, 1) + (0,) * 6),
        Selection(1, (0, 1) + (0,) * 6, (9, 9)),
        Selection(2),
    ):
        made.selection.select(selection)
        picture = made.image()
        assert all((picture != other).any() for other in pictures)
        pictures.append(picture)
    made.selection.select(Selection())
    np.testing.assert_array_equal(made.image(), bare)


@pytest.mark.parametrize("scheme", [REAL, SHARED])
def test_only_maps_that_are_heard_are_linked(bench: Make, scheme: ChannelScheme) -> None:
    made = bench(scheme, 1, selection=Selection(2, (1, 2, 1) + (0,) * 5))
    made.change(state_of(scheme, mutes.toggle_mute(NETWORK, 2, 1, 3)))
    assert linked(made) == [0, 1, 2]
    made.selection.select(Selection(2, (1, 2, 0) + (0,) * 5))
    assert linked(made) == [0, 1, 2, 3]


def test_only_maps_of_the_selected_maps_group_are_linked(bench: Make) -> None:
    layer = replace(NETWORK.layers[2], weight=NETWORK.layers[2].weight[:, :2], groups=2)
    network = Network((*NETWORK.layers[:2], layer))
    made = bench(REAL, 1, network, Selection(2, (1, 2, 1) + (0,) * 5))
    assert linked(made) == [2, 3]


# Mutes.


def muting(network: Network, *pairs: tuple[int, int], index: int = 1) -> Network:
    """(filter, input map) of a layer muted."""
    for filter_, channel in pairs:
        network = mutes.toggle_mute(network, index, filter_, channel)
    return network


def struck(made: Bench) -> list[int]:
    return [index for index in range(made.grid.mosaic.count) if index in made.grid.muted]


@pytest.mark.parametrize("scheme", [REAL, SHARED])
def test_captions_count_what_is_off(bench: Make, scheme: ChannelScheme) -> None:
    made = bench(scheme)
    before = made.image()
    network = muting(NETWORK, (1, 0), (2, 0), (2, 1), (3, 0), (3, 1), (3, 2))
    made.change(state_of(scheme, network))
    captions = [made.grid.captions(index) for index in range(4)]
    assert [*captions[0]] == ["map 0", "0"]
    assert [*captions[1]] == ["map 1 · 1 off", "1 · 1 off", "1*", "1"]
    assert captions[2][0] == "map 2 · 2 off"
    assert captions[3][0] == "map 3 · all off"
    assert struck(made) == [3]
    image = made.image()
    assert (made.tile(image, 3) != made.tile(before, 3)).any()
    assert (made.tile(image, 1) == made.tile(before, 1)).all()  # not computed yet
    changed = (image != before).any(axis=2)
    for index, expected in enumerate((False, True, True, True)):
        tile = made.grid.tile_rectangle(index).toRect()
        above = changed[tile.top() - 20 : tile.top() - 3, tile.left() : tile.right()]
        assert above.any() == expected
    made.change(state_of(scheme))
    assert [*made.grid.captions(1)] == ["map 1", "1"]
    np.testing.assert_array_equal(made.image(), before)


def test_a_caption_that_tells_of_mutes_fits_the_smallest_tile(bench: Make) -> None:
    network = new_network((3, 256), (1,))
    made = bench(network=muting(network, (255, 1)))
    assert made.grid.mosaic.tile[1] == 28
    room = 28 + made.grid.mosaic.gap - 2
    widths = [made.grid.fontMetrics().horizontalAdvance(c) for c in made.grid.captions(255)]
    assert widths[2] <= room < widths[1]


def test_in_naive_the_muted_maps_are_struck_through(bench: Make) -> None:
    network = muting(NETWORK, (1, 0), (1, 1), (3, 2))
    made = bench(NAIVE, 1, network)
    assert struck(made) == [0 * 4 + 1, 1 * 4 + 1, 2 * 4 + 3]
    assert made.grid.captions(1)[0] == "0.1"
    first = bench(NAIVE, 0, muting(NETWORK, (2, 0), index=0))
    assert struck(first) == [2]
    # Below, the groups are maps of one prefix; which one does not matter.
    deep = bench(NAIVE, 2, muting(NETWORK, (1, 3), index=2), Selection(0, (2,) + (0,) * 7))
    assert [deep.grid.address(index) for index in struck(deep)] == [(2, 3, 1)]


# In Naive, the parents.


def test_each_group_stands_beside_its_parent_map(bench: Make) -> None:
    made = bench(NAIVE)
    shown = made.passes[-1]
    image = made.image()
    for group, parent in enumerate(made.grid.parents_in_view()):
        values = shown.find(parent)
        assert values is not None
        expected = squares(made, values, shown.maps[0], Settings())
        first = made.grid.tile_rectangle(group * 4).toRect()
        beside = image[first.top() : first.top() + len(expected), 6 : 6 + len(expected)]
        np.testing.assert_array_equal(beside, expected)
        # Between them an arrow, above them a caption.
        middle = slice(first.top() + len(expected) // 4, first.top() + 3 * len(expected) // 4)
        gap = image[middle, 6 + len(expected) + 2 : first.left() - 2]
        above = image[first.top() - 16 : first.top() - 6, 6 : 6 + len(expected)]
        for place in (gap, above):
            assert (place != image[1, -1]).any()


def test_real_and_the_first_layer_have_no_parents(bench: Make) -> None:
    assert bench(REAL).grid.parents_in_view() == []
    assert bench(NAIVE, 0).grid.parents_in_view() == []


def test_a_click_on_a_parent_is_a_click_on_nothing(bench: Make) -> None:
    made = bench(NAIVE)
    before = made.selection.current
    first = made.grid.tile_rectangle(0)
    where = QPointF(6 + first.width() / 2, first.center().y()).toPoint()
    QTest.mouseClick(made.grid.viewport(), LEFT, pos=where)
    assert made.selection.current is before


def test_selecting_above_shows_the_descendants(bench: Make, qtbot: QtBot) -> None:
    network = new_network((9, 9, 9))
    made = bench(NAIVE, 2, network=network, selection=Selection(0, (0,) * 8))
    assert made.grid.address(0) == (0, 0, 0)
    with qtbot.waitSignal(made.grid.scrolled):
        made.selection.select(Selection(1, (4, 7) + (0,) * 6))
    assert made.grid.address(0) == (4, 0, 0)
    # The maps of 4.7.* are in view.
    assert 7 * 9 in made.grid.visible()
    assert made.grid.value(Spot(0, 0, 0)) is None  # those under 0 are not shown for those under 4
    made.compute()
    assert made.grid.value(Spot(7 * 9, 0, 0)) is not None


def test_other_descendants_are_asked_for_and_not_painted_as_the_old_ones(
    bench: Make, qtbot: QtBot
) -> None:
    made = bench(NAIVE, 2, selection=Selection(0, (0,) * 8))
    old = made.image()
    with qtbot.waitSignal(made.grid.scrolled):
        made.selection.select(Selection(0, (1,) + (0,) * 7))
    for index in made.grid.visible():
        tile = made.tile(made.image(), index).reshape(-1, 4)
        assert (tile == tile[0]).all()  # missing
    made.compute()
    assert (made.image() != old).any()


# Results that are out of date.


def test_results_of_fewer_filters_are_missing_not_wrong(bench: Make) -> None:
    made = bench()
    made.change(state_of(REAL, edit.with_filters(NETWORK, 1, 9)))
    made.image()
    assert made.grid.value(Spot(3, 0, 0)) is not None
    assert made.grid.value(Spot(4, 0, 0)) is None
    tile = made.tile(made.image(), 4).reshape(-1, 4)
    assert (tile == tile[0]).all()


def test_results_of_more_filters_are_left_out(bench: Make) -> None:
    made = bench()
    made.change(state_of(REAL, edit.with_filters(NETWORK, 1, 2)))
    assert made.grid.mosaic.count == 2
    made.image()


def test_results_of_another_size_are_missing(bench: Make) -> None:
    made = bench()
    made.change(state_of(REAL, edit.with_stride(NETWORK, 0, 2)))
    assert made.grid.map_size == (14, 14)
    assert made.grid.value(Spot(0, 13, 13)) is None
    made.image()


@pytest.mark.parametrize("old", list(ChannelScheme))
@pytest.mark.parametrize("new", list(ChannelScheme))
@pytest.mark.parametrize("layer", [0, 1, 2])
def test_results_of_another_scheme_are_missing(
    bench: Make, old: ChannelScheme, new: ChannelScheme, layer: int
) -> None:
    made = bench(old, layer)
    made.change(state_of(new))
    made.image()
    known = made.grid.value(Spot(0, 0, 0)) is not None
    assert known == (old is new)


def test_a_network_with_fewer_layers_leaves_the_grid_as_it_is(bench: Make) -> None:
    made = bench(layer=2)
    before = made.image()
    made.change(state_of(REAL, new_network((3, 4))))  # the card is about to go
    np.testing.assert_array_equal(made.image(), before)


@pytest.mark.parametrize("scheme", [REAL, NAIVE])
def test_after_any_change_the_new_results_are_shown_right(
    bench: Make, scheme: ChannelScheme
) -> None:
    made = bench(scheme)
    for network in (
        edit.with_filters(NETWORK, 1, 2),
        edit.with_filters(NETWORK, 0, 1),
        edit.with_stride(NETWORK, 1, 3),
        edit.with_padding(NETWORK, 0, "valid"),
        edit.remove_layer(NETWORK, 0),
        NETWORK,
    ):
        made.change(state_of(scheme, network))
        made.image()
        shown = made.compute()
        made.image()
        for index in made.grid.visible():
            values = shown.find(made.grid.address(index))
            assert values is not None
            assert made.grid.value(Spot(index, 1, 2)) == float(values[1, 2])


@pytest.mark.parametrize("width", range(676, 716, 3))
def test_tiles_that_scroll_leave_room_for_their_scroll_bar(bench: Make, width: int) -> None:
    made = bench(network=new_network((1, 256), (1,)))
    made.room(width, 300, 300)
    assert made.grid.verticalScrollBar().maximum() > 0
    assert made.grid.horizontalScrollBar().maximum() == 0


@pytest.mark.parametrize("width", range(676, 716, 3))
def test_tiles_that_fit_show_no_scroll_bar(bench: Make, width: int) -> None:
    made = bench()
    made.room(width, 300, 300)
    assert made.grid.verticalScrollBar().maximum() == 0
    assert made.grid.horizontalScrollBar().maximum() == 0
    assert made.grid.viewport().height() == made.grid.height() == made.grid.mosaic.size[1]


# Only what is in view.


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many maps each call of the colouring was for."""
    counts: list[int] = []
    original = map_grid.pictures_of

    def counting(values: list[object], *rest: object) -> object:
        counts.append(len(values))
        return original(values, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(map_grid, "pictures_of", counting)
    return counts


def test_of_256_maps_those_in_view_are_coloured(bench: Make, counted: list[int]) -> None:
    made = bench(network=new_network((1, 256), (1,)))
    made.compute()
    counted.clear()
    made.image()
    line = made.grid.mosaic.columns
    assert len(counted) == 1
    assert len(made.grid.visible()) <= counted[0] <= len(made.grid.visible()) + line
    counted.clear()
    made.grid.verticalScrollBar().setValue(200)
    made.image()
    assert sum(counted) <= len(made.grid.visible()) + 2 * line
    assert 255 not in made.grid.visible()
    made.selection.select(Selection(1, (0, 255) + (0,) * 6))
    assert 255 in made.grid.visible()


def test_a_naive_grid_of_64_times_64_computes_and_colours_what_is_in_view(
    bench: Make, counted: list[int]
) -> None:
    network = new_network((64,) * 8)
    made = bench(NAIVE, 7, network=network, selection=Selection(7, (63,) * 8))
    assert made.grid.mosaic.count == 4096
    assert made.grid.selected == 4095
    assert 4095 in made.grid.visible()
    shown = made.compute()
    assert len(shown.maps[7]) == len(made.grid.visible()) < 300
    counted.clear()
    made.image()
    others = 2 * made.grid.mosaic.columns + len(made.grid.parents_in_view()) + 2
    assert sum(counted) <= len(made.grid.visible()) + others


# Words.


def test_it_is_named_and_says_which_map_is_selected(bench: Make) -> None:
    made = bench(selection=Selection(1, (0, 2) + (0,) * 6))
    interface = QAccessible.queryAccessibleInterface(made.grid)
    assert interface.text(QAccessible.Text.Name) == "Maps of Conv 2"
    assert made.grid.accessibleDescription() == map_sentence(made.state, (0, 2))
    made.selection.select(Selection(1, (0, 3) + (0,) * 6))
    assert made.grid.accessibleDescription() == map_sentence(made.state, (0, 3))
    tanh = replace(made.state, network=edit.with_activation(NETWORK, 1, "tanh"))
    made.change(tanh)
    assert made.grid.accessibleDescription() == map_sentence(tanh, (0, 3))
    made.selection.select(Selection())
    assert made.grid.accessibleDescription() == ""


@pytest.mark.parametrize("scheme", [REAL, NAIVE])
def test_the_tip_of_a_map_is_its_sentence(bench: Make, scheme: ChannelScheme, qtbot: QtBot) -> None:
    network = muting(NETWORK, (2, 0))
    made = bench(scheme, network=network)
    viewport = made.grid.viewport()
    for index in (2, 3):
        where = made.at(index, 4, 5)
        event = QHelpEvent(QEvent.Type.ToolTip, where, viewport.mapToGlobal(where))
        QApplication.sendEvent(viewport, event)
        sentence = map_sentence(made.state, made.grid.address(index))
        assert QToolTip.text() == f"<p>{sentence}</p>"
        assert ("muted" in sentence) == (index == 2)
    between = QPoint(0, 0)
    event = QHelpEvent(QEvent.Type.ToolTip, between, viewport.mapToGlobal(between))
    QApplication.sendEvent(viewport, event)
    qtbot.waitUntil(lambda: not QToolTip.isVisible())


def test_a_change_of_the_selection_is_announced_where_the_focus_is(
    bench: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    said: list[str] = []

    def hear(event: QAccessibleAnnouncementEvent) -> None:
        said.append(event.message())

    monkeypatch.setattr(map_grid, "QAccessible", SimpleNamespace(updateAccessibility=hear))
    made = bench(selection=Selection(1, (0,) * 8))
    monkeypatch.setattr(MapGrid, "hasFocus", lambda self: False)
    made.selection.select(Selection(1, (0, 1) + (0,) * 6))
    assert said == []
    monkeypatch.setattr(MapGrid, "hasFocus", lambda self: True)
    made.selection.select(Selection(1, (0, 2) + (0,) * 6))
    assert said == [map_sentence(made.state, (0, 2))]
    made.selection.select(Selection(1, (0, 2) + (0,) * 6, (3, 3)))
    assert len(said) == 1  # the pin moved, not the selection


def test_the_keyboard_can_reach_it(bench: Make) -> None:
    assert bench().grid.focusPolicy() == Qt.FocusPolicy.StrongFocus


def test_larger_text_gets_more_room(bench: Make) -> None:
    made = bench()
    before = made.grid.mosaic.caption
    font = made.grid.font()
    font.setPointSizeF(font.pointSizeF() * 2)
    made.grid.setFont(font)
    made.room(*ROOM)
    assert made.grid.mosaic.caption > before * 1.4
    assert made.grid.mosaic.caption >= made.grid.fontMetrics().height()


def test_its_ground_is_the_cards(bench: Make) -> None:
    made = bench()
    assert made.grid.viewport().backgroundRole() == QPalette.ColorRole.Base


# Layers without filters.


def headed(*, pool_first: bool = False) -> Network:
    """Filters, pooling, a normalisation, filters, pooling, a mean; pooling before all, if asked."""
    kinds: list[Kind] = ["MaxPool2d", "BatchNorm2d", "Conv2d", "AvgPool2d", "GlobalAvgPool2d"]
    network = new_network((3,))
    for kind in kinds:
        network = add_layer(state_of(REAL, network), kind)
    network = edit.with_filters(network, 3, 4)
    return edit.move_layer(network, 1, 0) if pool_first else network


def arrow(made: Bench, key: Qt.Key) -> None:
    QTest.keyClick(made.grid.viewport(), key)


@pytest.mark.parametrize(("layer", "count"), [(0, 3), (1, 3), (2, 3), (3, 12), (4, 4), (5, 4)])
def test_in_naive_pooled_maps_stand_side_by_side_without_their_parents(
    bench: Make, layer: int, count: int
) -> None:
    made = bench(NAIVE, layer, headed())
    assert made.grid.mosaic.count == count
    grouped = layer == 3
    assert made.grid.stands_alone() == (not grouped and made.grid.map_size != (1, 1))
    assert (made.grid.parents_in_view() == []) == (not grouped)
    shown = made.passes[-1]
    found = [made.grid.address(index) for index in range(count)]
    every = every_address(made.state.network)[layer]
    # Of pooling and the like those that are made of one map, the first if none is selected.
    assert found == (every if layer < 4 else [address for address in every if address[0] == 0])
    for index, address in enumerate(found):
        assert made.grid.index_of(address) == index
        values = shown.find(address)
        assert values is not None
        assert made.grid.value(Spot(index, 0, 0)) == pytest.approx(float(values[0, 0]))
    image = made.image()
    if layer == 4:
        values = shown.find(found[3])
        assert values is not None
        expected = squares(made, values, shown.maps[layer], Settings())
        np.testing.assert_array_equal(made.tile(image, 3), expected)
        assert [made.grid.captions(j)[0] for j in range(4)] == [f"0.{j}" for j in range(4)]


def every_address(network: Network) -> list[list[Address]]:
    paths: list[Address] = [()]
    result = []
    for layer in network.layers:
        convolves = isinstance(layer, Conv2d)
        paths = [
            (*path, number)
            for path in paths
            for number in (range(layer.out_channels) if convolves else path[-1:] or (0,))
        ]
        result.append(paths)
    return result


@pytest.mark.parametrize("scheme", list(ChannelScheme))
def test_before_any_filter_there_is_one_map_in_every_scheme(
    bench: Make, scheme: ChannelScheme
) -> None:
    for layer, count in ((0, 1), (1, 3)):
        made = bench(scheme, layer, headed(pool_first=True))
        assert made.grid.mosaic.count == count
        assert made.grid.family is None or layer
        assert made.grid.parents_in_view() == []
        assert made.grid.captions(0)[0] in ("map 0", "0")
        assert made.grid.value(Spot(0, 0, 0)) is not None


@pytest.mark.parametrize("layer", range(6))
@pytest.mark.parametrize("scheme", list(ChannelScheme))
def test_clicks_and_arrows_select_paths_that_there_are(
    bench: Make, scheme: ChannelScheme, layer: int
) -> None:
    made = bench(scheme, layer, headed())
    network = made.state.network
    made.selection.follow(network)
    grid = made.grid
    last = grid.mosaic.count - 1
    QTest.mouseClick(grid.viewport(), LEFT, pos=made.at(last, 0, 0))
    chosen = made.selection.current
    assert chosen.layer == layer
    assert chosen.pin == (0, 0)
    assert chosen.address is not None
    check_address(chosen.address, network)
    assert grid.selected == last
    made.selection.select(replace(chosen, pin=None))
    seen = {last}
    for _ in range(last + 2):
        arrow(made, Qt.Key.Key_Left)
        address = made.selection.current.address
        assert address is not None
        check_address(address, network)
        assert grid.selected is not None
        assert grid.index_of(address) == grid.selected
        seen.add(grid.selected)
    assert len(seen) > 1 or last == 0
    grid.step_map(1)
    assert made.selection.current == made.selection.current.within(network)


def test_a_pooled_map_keeps_the_number_of_its_parent(bench: Make) -> None:
    made = bench(REAL, 1, headed())
    made.selection.follow(made.state.network)
    QTest.mouseClick(made.grid.viewport(), LEFT, pos=made.at(2, 3, 4))
    assert made.selection.current.address == (2, 2)
    assert made.selection.current.path[:3] == (2, 2, 2)
    assert made.grid.accessibleDescription() == (
        "MaxPool 1, map 2: the largest value of each 2×2 window of map 2 of Conv 1."
    )
    deeper = MapGrid(4, made.state, made.selection)
    deeper.set_state(state_of(NAIVE, made.state.network))
    assert deeper.family is not None
    made.selection.select(Selection().at((1, 1, 1, 3, 3), (0, 0)))
    assert deeper.selected == 3
    assert deeper.address(0) == (1, 1, 1, 0, 0)
    assert not made.grid.linked
    made.change(state_of(NAIVE, made.state.network))
    assert made.grid.linked == (1,)
    deeper.deleteLater()


def test_the_map_that_a_pooled_one_is_made_of_is_linked(bench: Make) -> None:
    made = bench(REAL, 0, headed())
    made.selection.follow(made.state.network)
    made.selection.select(Selection().at((2, 2), (0, 0)))
    assert made.grid.linked == frozenset({2})
    network = add_layer(made.state, "Softmax")
    made.selection.follow(network)
    made.change(state_of(REAL, network))
    before = MapGrid(5, made.state, made.selection)
    made.selection.select(Selection().at((0, 0, 0, 1, 1, 1, 2), (0, 0)))
    assert before.linked == frozenset(range(4)), "a share is made of all maps"
    before.deleteLater()
