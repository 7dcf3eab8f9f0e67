"""The matrix of a layer's kernels: values, headers, the marked column, what is in view."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray
from PySide6.QtCore import QPoint, QPointF, QRect, Qt
from PySide6.QtGui import QImage, QPalette
from PySide6.QtTest import QSignalSpy, QTest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from cnn_explorer.core import edit, kernel_edits, mutes
from cnn_explorer.core.building import new_network
from cnn_explorer.core.display import COLOUR_MAPS, colour, scale_of
from cnn_explorer.core.forward import Request, forward
from cnn_explorer.core.network import Network
from cnn_explorer.core.schemes import ChannelScheme
from cnn_explorer.core.selection import Selection
from cnn_explorer.core.state import State
from cnn_explorer.gui import kernel_matrix
from cnn_explorer.gui.kernel_matrix import KernelMatrix
from cnn_explorer.gui.selection import SelectionModel
from cnn_explorer.gui.settings import Settings
from cnn_explorer.gui.tiles import Spot

REAL, NAIVE, SHARED = ChannelScheme.REAL, ChannelScheme.NAIVE, ChannelScheme.SHARED
NETWORK = new_network((3, 4, 2), (3,), initialisation="he")
ROOM = (500, 250, 300)

Make = Callable[..., KernelMatrix]


def state_of(scheme: ChannelScheme, network: Network = NETWORK) -> State:
    return State(np.zeros((28, 28), np.float32), network, scheme)


@pytest.fixture
def selection(qapp: QApplication) -> SelectionModel:
    return SelectionModel(Selection())


@pytest.fixture
def matrix(qtbot: QtBot, selection: SelectionModel) -> Make:
    def make(
        scheme: ChannelScheme = REAL,
        layer: int = 1,
        network: Network = NETWORK,
        settings: Settings | None = None,
    ) -> KernelMatrix:
        state = state_of(scheme, network)
        widget = KernelMatrix(layer, state, selection)
        qtbot.addWidget(widget)
        widget.resize(ROOM[0], widget.height())
        widget.set_room(*ROOM)
        widget.set_state(state, settings or Settings())
        with qtbot.waitExposed(widget):
            widget.show()
        QApplication.processEvents()
        return widget

    return make


def image(matrix: KernelMatrix) -> NDArray[np.uint8]:
    painted = matrix.viewport().grab().toImage().convertToFormat(QImage.Format.Format_RGB32)
    data = np.frombuffer(painted.constBits(), np.uint8)
    width = painted.bytesPerLine() // 4
    return data.reshape(painted.height(), width, 4)[:, : painted.width()].copy()


def part(picture: NDArray[np.uint8], place: QRect) -> NDArray[np.uint8]:
    return picture[
        max(0, place.top()) : place.top() + place.height(),
        max(0, place.left()) : place.left() + place.width(),
    ]


def middle(matrix: KernelMatrix, index: int, row: int = 0, column: int = 0) -> QPoint:
    tile = matrix.tile_rectangle(index)
    rows, columns = matrix.map_size
    x = tile.left() + (column + 0.5) * tile.width() / columns
    y = tile.top() + (row + 0.5) * tile.height() / rows
    return QPointF(x, y).toPoint()


def kernels_of(scheme: ChannelScheme, layer: int) -> NDArray[np.float32]:
    """What a scheme convolves with, from its definition, shape (out, in or 1, kh, kw)."""
    weight = NETWORK.layers[layer].weight
    if scheme is REAL or weight.shape[1] == 1:
        return weight
    parts = [weight[:, channel] for channel in range(weight.shape[1])]
    total = sum(parts[1:], parts[0].copy())
    return (total if scheme is NAIVE else total / len(parts))[:, np.newaxis].astype(np.float32)


@pytest.mark.parametrize("scheme", list(ChannelScheme))
@pytest.mark.parametrize("layer", [0, 1, 2])
def test_each_cell_shows_the_kernel_of_its_row_and_column(
    matrix: Make, scheme: ChannelScheme, layer: int
) -> None:
    made = matrix(scheme, layer)
    kernels = kernels_of(scheme, layer)
    assert made.mosaic.count == kernels.shape[0] * kernels.shape[1]
    colours = COLOUR_MAPS["signed"]
    scale = scale_of([kernels], colours)
    picture = image(made)
    multiple = made.mosaic.tile[0] // 3
    for index in range(made.mosaic.count):
        channel, filter_ = divmod(index, kernels.shape[0])
        assert made.pair(index) == (channel, filter_)
        kernel = kernels[filter_, channel]
        for row, column in np.ndindex(3, 3):
            value = made.value(Spot(index, row, column))
            assert value == pytest.approx(float(kernel[row, column]), rel=1e-5, abs=1e-7)
        painted = part(picture, made.tile_rectangle(index).toRect()).astype(int)
        squares = colour(kernel, colours, scale).repeat(multiple, 0).repeat(multiple, 1)
        assert np.abs(painted - squares).max() <= 3  # another order of the sum


def test_with_one_input_map_all_schemes_have_the_same_kernels(matrix: Make) -> None:
    pictures = [image(matrix(scheme, 0)) for scheme in ChannelScheme]
    np.testing.assert_array_equal(pictures[0], pictures[1])
    np.testing.assert_array_equal(pictures[0], pictures[2])


def test_the_pointer_finds_the_cell_of_a_kernel(matrix: Make) -> None:
    made = matrix()
    for index in (0, 5, 11):
        spot = made.spot_at(QPointF(middle(made, index, 2, 1)))
        assert spot == Spot(index, 2, 1)
        channel, filter_ = made.pair(index)
        assert made.value(spot) == float(NETWORK.layers[1].weight[filter_, channel, 2, 1])


def test_it_follows_kernels_and_colours(matrix: Make) -> None:
    made = matrix()
    before = image(made)
    network = edit.with_kernel_size(edit.with_seed(NETWORK, 9), 1, 5)
    made.set_state(state_of(REAL, network), Settings())
    assert made.map_size == (5, 5)
    assert made.value(Spot(0, 4, 4)) == float(network.layers[1].weight[0, 0, 4, 4])
    made.set_state(state_of(REAL), Settings())
    np.testing.assert_array_equal(image(made), before)
    made.set_state(state_of(REAL), Settings(colour_map="print"))
    assert (image(made) != before).any()
    assert made.colouring is not None
    assert made.colouring.scales is not None
    weights = NETWORK.layers[1].weight
    assert made.colouring.scales[0].least == pytest.approx(float(weights.min()))
    assert made.colouring.scales[0].most == pytest.approx(float(weights.max()))


# Marks.


def linked(matrix: KernelMatrix) -> list[tuple[int, int]]:
    """(input map, filter) of the kernels that are marked."""
    count = matrix.mosaic.count
    return [matrix.pair(index) for index in range(count) if index in matrix.linked]


def test_the_kernels_of_the_selected_map_are_marked(
    matrix: Make, selection: SelectionModel
) -> None:
    made = matrix()
    assert linked(made) == []
    bare = image(made)
    selection.select(Selection(1, (0, 2) + (0,) * 6))
    assert linked(made) == [(0, 2), (1, 2), (2, 2)]
    marked = image(made)
    changed = np.flatnonzero((bare != marked).any(axis=(0, 2)))
    tile = made.tile_rectangle(2)
    assert tile.left() - 5 <= changed.min() < tile.left()
    assert tile.right() <= changed.max() <= tile.right() + 5
    selection.select(Selection(0))
    assert linked(made) == []
    np.testing.assert_array_equal(image(made), bare)


@pytest.mark.parametrize("scheme", [NAIVE, SHARED])
def test_a_flat_kernel_is_marked_alone(
    matrix: Make, selection: SelectionModel, scheme: ChannelScheme
) -> None:
    selection.select(Selection(1, (2, 3) + (0,) * 6))
    assert linked(matrix(scheme)) == [(0, 3)]


def muted_network() -> Network:
    """2, 3 and 2 filters; (filter, input map) muted in two layers, a whole input in the last."""
    network = new_network((2, 3, 2), (1,), initialisation="he")
    for index in range(3):
        network = edit.with_activation(network, index, "none")
    for index, filter_, channel in ((1, 0, 0), (1, 2, 0), (1, 2, 1), (2, 0, 1), (2, 1, 1)):
        network = mutes.toggle_mute(network, index, filter_, channel)
    return network


def reaching(
    scheme: ChannelScheme, network: Network, address: tuple[int, ...], layer: int
) -> set[tuple[int, int]]:
    """(input map, filter) of the kernels that change a map where they are changed themselves."""

    def map_of(changed: Network) -> NDArray[np.float32]:
        state = State(np.ones((28, 28), np.float32), changed, scheme)
        in_view = [()] * 3
        in_view[len(address) - 1] = (address,)  # type: ignore[call-overload]
        found = forward(Request(state, tuple(in_view), "matmul")).find(address)
        assert found is not None
        return found

    before = map_of(network)
    weights = network.layers[layer].weight
    result = set()
    for filter_, channel in np.ndindex(weights.shape[0], weights.shape[1]):
        weight = weights.copy()
        weight[filter_, channel] += 1
        layers = list(network.layers)
        layers[layer] = replace(layers[layer], weight=weight)
        if (map_of(Network(tuple(layers))) != before).any():
            result.add((channel if scheme is REAL else 0, filter_))
    return result


@pytest.mark.parametrize("scheme", list(ChannelScheme))
@pytest.mark.parametrize("address", [(0, 2, 1), (1, 1, 0), (1, 0), (0, 0), (1,)])
def test_the_kernels_that_can_reach_the_selected_map_are_marked_in_every_layer(
    matrix: Make, selection: SelectionModel, scheme: ChannelScheme, address: tuple[int, ...]
) -> None:
    network = muted_network()
    selection.select(Selection(len(address) - 1, address + (0,) * (8 - len(address))))
    for layer in range(3):
        found = linked(matrix(scheme, layer, network))
        if layer < len(address):
            assert set(found) == reaching(scheme, network, address, layer)
        else:
            assert found == []


def test_marks_follow_mutes_the_scheme_and_the_selection(
    matrix: Make, selection: SelectionModel
) -> None:
    made = matrix(layer=0)
    selection.select(Selection(1, (1, 2) + (0,) * 6))
    assert linked(made) == [(0, 0), (0, 1), (0, 2)]
    network = mutes.toggle_mute(NETWORK, 1, 2, 0)
    made.set_state(state_of(REAL, network), Settings())
    assert linked(made) == [(0, 1), (0, 2)]
    made.set_state(state_of(NAIVE, network), Settings())
    assert linked(made) == [(0, 1)]
    selection.select(Selection(1, (0, 2) + (0,) * 6))
    assert linked(made) == []
    # The network may still be the one before, with fewer filters.
    selection.select(Selection(1, (2, 9) + (0,) * 6))
    assert linked(made) == []


def test_a_moving_pin_does_not_trace_the_kernels_anew(
    matrix: Make, selection: SelectionModel
) -> None:
    made = [matrix(layer=layer) for layer in range(3)]
    selection.select(Selection(2, (0,) * 8, (0, 0)))
    before = kernel_matrix._lineage.cache_info().misses
    for row in range(5):
        selection.select(Selection(2, (0,) * 8, (row, 1)))
    assert kernel_matrix._lineage.cache_info().misses == before
    assert linked(made[0]) == [(0, 0), (0, 1), (0, 2)]


def test_muted_kernels_are_struck_through(matrix: Make) -> None:
    network = mutes.toggle_mute(mutes.toggle_mute(NETWORK, 1, 3, 0), 1, 0, 2)
    made = matrix()
    bare = image(made)
    made.set_state(state_of(REAL, network), Settings())
    struck = image(made)
    found = set()
    for index in range(made.mosaic.count):
        place = made.tile_rectangle(index).toRect()
        if (part(struck, place) != part(bare, place)).any():
            found.add(made.pair(index))
    assert found == {(0, 3), (2, 0)}
    made.set_state(state_of(REAL), Settings())
    np.testing.assert_array_equal(image(made), bare)


@pytest.mark.parametrize("scheme", [NAIVE, SHARED])
def test_a_flat_kernel_is_muted_only_where_it_is_for_every_map(
    matrix: Make, scheme: ChannelScheme
) -> None:
    network = NETWORK
    for filter_, channel in ((1, 0), (1, 1), (1, 2), (2, 0), (2, 1)):
        network = mutes.toggle_mute(network, 1, filter_, channel)
    made = matrix(scheme, network=network)
    assert [index for index in range(4) if index in made.muted] == [1]
    first = matrix(scheme, 0, mutes.toggle_mute(NETWORK, 0, 2, 0))
    assert [index for index in range(3) if index in first.muted] == [2]


def test_the_chain_of_naive_is_scrolled_to(matrix: Make, selection: SelectionModel) -> None:
    made = matrix(NAIVE, 0, new_network((60, 3)))
    selection.select(Selection(1, (50, 1) + (0,) * 6))
    tile = made.tile_rectangle(50)
    assert tile.left() > 0
    assert tile.right() <= made.viewport().width()


def test_marks_are_outside_the_kernels_and_below_the_header(
    matrix: Make, selection: SelectionModel
) -> None:
    made = matrix()
    bare = image(made)
    selection.select(Selection(1, (0,) * 8))
    marked = image(made)
    for index in range(made.mosaic.count):
        place = made.tile_rectangle(index).toRect()
        np.testing.assert_array_equal(part(marked, place), part(bare, place))
    first = made.tile_rectangle(0)
    above = (bare != marked)[: int(first.top())].any(axis=2)
    assert above.any()  # the upper ends of the brackets are there, whole:
    left, right = int(first.left()), int(first.right())
    rows = np.flatnonzero(above[:, left - 3 : left + 3].any(axis=1))
    assert len(rows) >= 2
    assert above[:, right - 3 : right + 3].any()
    assert (bare != marked)[:, : left - 2].any()  # and their left sides


def test_a_click_selects_the_filters_map_and_keeps_the_path_to_it(
    matrix: Make, selection: SelectionModel
) -> None:
    selection.select(Selection(0, (2,) + (0,) * 7))
    made = matrix()
    QTest.mouseClick(made.viewport(), Qt.MouseButton.LeftButton, pos=middle(made, 4 + 3))
    assert selection.current.address == (2, 3)


def test_arrow_keys_go_from_filter_to_filter(matrix: Make, selection: SelectionModel) -> None:
    made = matrix()
    addresses = []
    keys = [Qt.Key.Key_Right] * 5 + [Qt.Key.Key_Down, Qt.Key.Key_Left]
    for key in keys:
        QTest.keyClick(made, key)
        addresses.append(selection.current.address)
    assert addresses == [(0, 0), (0, 1), (0, 2), (0, 3), (0, 3), (0, 3), (0, 2)]


# Headers.


def texts(matrix: KernelMatrix) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Where there is ink in the column header and in the row header."""
    picture = image(matrix)
    ground = picture[1, -1]
    ink = (picture != ground).any(axis=2)
    left = int(matrix.tile_rectangle(0).left()) + matrix.horizontalScrollBar().value()
    top = int(matrix.tile_rectangle(0).top()) + matrix.verticalScrollBar().value()
    return ink[: top - 6], ink[top:, : left - 6]


def test_rows_and_columns_are_named(matrix: Make) -> None:
    made = matrix()
    header, side = texts(made)
    for column in range(4):
        tile = made.tile_rectangle(column).toRect()
        assert header[:, tile.left() : tile.right()].any()
    for row in range(3):
        tile = made.tile_rectangle(row * 4).toRect()
        below = tile.top() - int(made.tile_rectangle(0).top())
        assert side[below : below + tile.height()].any()


def test_row_names_say_what_the_kernels_are_applied_to(matrix: Make) -> None:
    widths = {
        (scheme, layer): matrix(scheme, layer).tile_rectangle(0).left()
        for scheme in ChannelScheme
        for layer in (0, 1)
    }
    # “drawing” in the first layer; “map 0” in Real; “every map” where one kernel serves all.
    assert len({widths[scheme, 0] for scheme in ChannelScheme}) == 1
    assert widths[NAIVE, 1] == widths[SHARED, 1] > widths[REAL, 0] > widths[REAL, 1]


@pytest.fixture
def large(matrix: Make) -> KernelMatrix:
    """All its kernels differ, so that nothing looks like what it covers."""
    return matrix(layer=1, network=new_network((40, 50), (3,), initialisation="he"))


def test_headers_stay_while_the_kernels_scroll(large: KernelMatrix) -> None:
    across, down = large.horizontalScrollBar(), large.verticalScrollBar()
    assert across.maximum() > 100
    assert down.maximum() > 100
    header, side = texts(large)
    down.setValue(75)
    assert (texts(large)[0] == header).all()  # the columns are the same
    assert (texts(large)[1] != side).any()
    down.setValue(0)
    across.setValue(75)
    assert (texts(large)[1] == side).all()  # the rows are the same
    assert (texts(large)[0] != header).any()


@pytest.mark.parametrize("scrolled", [0, 7, 13, 20, 26, 500])
def test_kernels_never_show_through_the_headers(large: KernelMatrix, scrolled: int) -> None:
    large.verticalScrollBar().setValue(scrolled)
    large.horizontalScrollBar().setValue(scrolled)
    for ink in texts(large):
        assert ink.mean() < 0.4  # letters; kernels would fill it


def test_the_selected_filter_is_scrolled_to_beside_the_row_names(
    large: KernelMatrix, selection: SelectionModel
) -> None:
    for filter_ in (49, 0, 30, 20):
        large.verticalScrollBar().setValue(50)
        selection.select(Selection(1, (0, filter_) + (0,) * 6))
        tile = large.tile_rectangle(filter_)
        names = large.mosaic.gutter
        assert names <= tile.left()
        assert tile.right() <= large.viewport().width()
        assert large.verticalScrollBar().value() == 50


# Only what is in view.


def test_256_times_256_kernels_colour_what_is_in_view(
    matrix: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    counts: list[int] = []
    original = kernel_matrix.pictures_of

    def counting(values: list[object], *rest: object) -> object:
        counts.append(len(values))
        return original(values, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(kernel_matrix, "pictures_of", counting)
    made = matrix(network=new_network((256, 256), (3,), initialisation="he"))
    assert made.mosaic.count == 65_536
    image(made)
    made.horizontalScrollBar().setValue(made.horizontalScrollBar().maximum())
    made.verticalScrollBar().setValue(made.verticalScrollBar().maximum())
    image(made)
    assert 65_535 in made.visible()
    assert max(counts) < 600
    assert sum(counts) < 5000
    tile = made.tile_rectangle(65_535)
    assert tile.bottom() <= made.viewport().height()
    assert tile.right() <= made.viewport().width()


def test_one_line_of_many_kernels_scrolls_sideways_alone(matrix: Make) -> None:
    made = matrix(layer=0, network=new_network((256,)))
    assert made.horizontalScrollBar().maximum() > 0
    assert made.verticalScrollBar().maximum() == 0


def test_11_by_11_kernels_are_whole_multiples(matrix: Make) -> None:
    made = matrix(network=new_network((3, 4), (11,)))
    assert made.mosaic.tile[0] % 11 == 0
    assert 36 <= made.mosaic.tile[0] <= 66


def test_it_is_named_and_its_ground_is_the_cards(matrix: Make) -> None:
    made = matrix()
    assert made.accessibleName() == "Kernels of Conv 2"
    assert made.focusPolicy() == Qt.FocusPolicy.StrongFocus
    ground = made.palette().color(QPalette.ColorRole.Base)
    assert image(made)[1, -1, :3].tolist() == [ground.blue(), ground.green(), ground.red()]


def test_contrast_clips_its_colours_as_it_does_those_of_the_maps(matrix: Make) -> None:
    made = matrix(settings=Settings(contrast=4))
    assert made.colouring is not None
    assert made.colouring.scales is not None
    assert made.colouring.scales[0].clipped


# The kernel at hand, and those that are edited


def edited_image(made: KernelMatrix) -> set[int]:
    """Tiles with a white pixel in their right upper corner, that no kernel of these has."""
    picture = image(made)
    found = set()
    for index in range(made.mosaic.count):
        corner = made.tile_rectangle(index).topRight().toPoint()
        if (picture[corner.y() + 2, corner.x() - 2, :3] == 255).all():
            found.add(index)
    return found


@pytest.mark.parametrize(("scheme", "marked"), [(REAL, {4 * 2 + 3}), (NAIVE, {3}), (SHARED, {3})])
def test_edited_kernels_are_marked_until_they_are_reset(
    matrix: Make, scheme: ChannelScheme, marked: set[int]
) -> None:
    made = matrix(scheme, network=kernel_edits.with_cell(NETWORK, 1, 3, 2, (0, 1), -0.5))
    assert edited_image(made) == marked
    assert {index for index in range(made.mosaic.count) if index in made.edited} == marked
    assert made.accessibleDescription() == "1 of 12 kernels edited"
    made.set_state(state_of(scheme), Settings())
    QApplication.processEvents()
    assert edited_image(made) == set()
    assert made.accessibleDescription() == ""


def test_a_click_makes_a_kernel_the_one_at_hand(matrix: Make, selection: SelectionModel) -> None:
    made = matrix()
    QTest.mouseClick(made.viewport(), Qt.MouseButton.LeftButton, pos=middle(made, 4 * 2 + 3))
    assert (selection.current.address, selection.current.channel) == ((0, 3), 2)
    assert made.selected == 4 * 2 + 3
    QTest.mouseClick(made.viewport(), Qt.MouseButton.RightButton, pos=middle(made, 1))
    assert (selection.current.address, selection.current.channel) == ((0, 1), 0)


def test_arrows_go_from_kernel_to_kernel_and_enter_opens_one(
    matrix: Make, selection: SelectionModel
) -> None:
    made = matrix()
    opened = QSignalSpy(made.activated)
    made.setFocus()
    for key in (Qt.Key.Key_Right, Qt.Key.Key_Right, Qt.Key.Key_Down, Qt.Key.Key_Down):
        QTest.keyClick(made, key)
    assert (selection.current.address, selection.current.channel) == ((0, 1), 2)
    QTest.keyClick(made, Qt.Key.Key_Down)
    QTest.keyClick(made, Qt.Key.Key_Left)
    QTest.keyClick(made, Qt.Key.Key_Left)
    assert (selection.current.address, selection.current.channel) == ((0, 0), 2)
    QTest.keyClick(made, Qt.Key.Key_Return)
    assert opened.at(0)[0].index == 4 * 2


def test_a_flat_kernel_leaves_which_input_map_is_at_hand(
    matrix: Make, selection: SelectionModel
) -> None:
    selection.select(replace(selection.current.at((0, 1)), channel=2))
    made = matrix(SHARED)
    assert made.selected == 1
    QTest.mouseClick(made.viewport(), Qt.MouseButton.LeftButton, pos=middle(made, 3))
    assert (selection.current.address, selection.current.channel) == ((0, 3), 2)
