"""The matrix of contributions on screen: pictures, what is in view, select, pin, mute."""

from collections.abc import Callable, Iterator

import numpy as np
import pytest
from numpy.typing import NDArray
from PySide6.QtCore import QEvent, QObject, QPoint, QPointF, QRect, Qt
from PySide6.QtGui import QImage, QKeyEvent, QPaintEvent, QRegion
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot

from cnn_explorer.core import edit
from cnn_explorer.core.building import new_network
from cnn_explorer.core.display import COLOUR_MAPS, colour
from cnn_explorer.core.forward import Activations, Request, forward
from cnn_explorer.core.making import Cells
from cnn_explorer.core.network import Network
from cnn_explorer.core.schemes import ChannelScheme
from cnn_explorer.core.selection import Selection
from cnn_explorer.core.state import State
from cnn_explorer.gui.colouring import colouring_of
from cnn_explorer.gui.contribution_cells import ContributionCells
from cnn_explorer.gui.document import Document
from cnn_explorer.gui.selection import SelectionModel
from cnn_explorer.gui.settings import Settings
from cnn_explorer.gui.tiles import Spot
from cnn_explorer.io.digits import digit

REAL, NAIVE, SHARED = ChannelScheme.REAL, ChannelScheme.NAIVE, ChannelScheme.SHARED
NETWORK = new_network((3, 4, 2))
ROOM = (520, 560, 600)


class Bench:
    """The cells, told of the document's changes as the card tells them."""

    def __init__(
        self,
        qtbot: QtBot,
        scheme: ChannelScheme = REAL,
        layer: int = 1,
        network: Network = NETWORK,
        room: tuple[int, int, int] = ROOM,
    ) -> None:
        self.document = Document(State(digit(7), network, scheme))
        self.selection = SelectionModel(Selection())
        self.cells = ContributionCells(layer, self.document, self.selection)
        qtbot.addWidget(self.cells)
        self.document.changed.connect(self.follow)
        self.cells.set_state(self.document.state, Settings())
        self.cells.set_room(*room)
        self.cells.resize(room[0], self.cells.height())
        with qtbot.waitExposed(self.cells):
            self.cells.show()
        QApplication.processEvents()

    def follow(self, new: State, old: State) -> None:
        self.cells.set_state(new, Settings())

    def compute(self, cells: Cells | None = None) -> Activations:
        state, layer = self.document.state, self.cells.contents.layer
        wanted = cells or self.cells.cells_in_view()
        views: list[tuple[tuple[int, ...], ...]] = [()] * len(state.network.layers)
        views[layer] = tuple(self.cells.addresses_in_view())
        if layer:
            views[layer - 1] = tuple(self.cells.parents_in_view())
        in_view = tuple(views) if state.scheme is NAIVE else ()
        asked = () if wanted is None else (wanted,)
        shown = forward(Request(state, in_view, "matmul", cells=asked))
        self.cells.show_maps(shown, colouring_of(Settings(), shown.maps))
        return shown

    def image(self) -> NDArray[np.uint8]:
        picture = self.cells.viewport().grab().toImage()
        painted = picture.convertToFormat(QImage.Format.Format_RGB32)
        data = np.frombuffer(painted.constBits(), np.uint8)
        width = painted.bytesPerLine() // 4
        return data.reshape(painted.height(), width, 4)[:, : painted.width()].copy()

    def tile(self, row: int, filter_: int) -> QRect:
        return self.cells.tile_rectangle(self.cells.index(row, filter_)).toRect()

    def pixel(self, row: int, filter_: int, y: int, x: int) -> QPoint:
        tile, (rows, columns) = self.tile(row, filter_), self.cells.map_size
        return QPoint(
            int(tile.x() + (x + 0.5) * tile.width() / columns),
            int(tile.y() + (y + 0.5) * tile.height() / rows),
        )

    def click(self, where: QPoint) -> None:
        QTest.mouseClick(self.cells.viewport(), Qt.MouseButton.LeftButton, pos=where)

    def key(self, key: Qt.Key, modifier: Qt.KeyboardModifier | None = None) -> None:
        QTest.keyClick(self.cells, key, modifier or Qt.KeyboardModifier.NoModifier)

    @property
    def muted(self) -> set[tuple[int, int]]:
        """(row, filter) of the cells that are muted."""
        muted = self.document.state.network.layers[self.cells.contents.layer].muted
        if muted is None:
            return set()
        return {(int(row), int(filter_)) for filter_, row in np.argwhere(muted)}


Make = Callable[..., Bench]


@pytest.fixture
def make(qtbot: QtBot) -> Iterator[Make]:
    benches: list[Bench] = []

    def make(*arguments: object, **named: object) -> Bench:
        benches.append(Bench(qtbot, *arguments, **named))  # type: ignore[arg-type]
        return benches[-1]

    yield make
    for bench in benches:
        bench.document.undo_stack.clear()


# Pictures.


@pytest.mark.parametrize("scheme", list(ChannelScheme))
def test_every_tile_is_painted_in_the_colour_of_its_values(
    make: Make, scheme: ChannelScheme
) -> None:
    bench = make(scheme)
    bench.compute()
    image, cells = bench.image(), bench.cells
    maps = cells._colouring
    assert maps is not None
    assert maps.scales is not None
    for row in range(cells.contents.lines):
        scale = maps.scales[1] if cells.contents.kind(row) == "map" else cells.scale
        assert scale is not None
        for filter_ in range(4):
            values = cells.contents.values(row, filter_)
            assert values is not None
            expected = colour(values, COLOUR_MAPS["signed"], scale)
            for y, x in ((4, 9), (11, 12), (5, 3)):  # not under the kernel
                where = bench.pixel(row, filter_, y, x)
                assert (image[where.y(), where.x()] == expected[y, x]).all()


def test_parts_and_sums_share_one_scale_that_the_fold_leaves_alone(make: Make) -> None:
    bench = make()
    block = bench.compute().blocks[0]
    scale = bench.cells.scale
    assert scale is not None
    largest = max(float(np.abs(values).max()) for values in (block.parts, block.sums))
    assert scale.high == -scale.low >= largest
    for position in (1.0, 3.5, 5.0):
        bench.cells.set_position(position)
        assert bench.cells.scale == scale


def test_cells_that_are_not_computed_are_grey(make: Make) -> None:
    bench = make()
    bench.compute(Cells(1, range(1), range(4)))
    image = bench.image()
    known, missing = bench.pixel(0, 2, 4, 9), bench.pixel(1, 2, 4, 9)
    value = bench.cells.value(Spot(bench.cells.index(1, 2), 4, 9))
    assert value is None
    grey = image[missing.y(), missing.x()]
    assert grey[0] == grey[1] == grey[2]
    assert (grey[:3] > 100).all()
    assert (image[known.y(), known.x(), :3] != grey[:3]).any()


def test_the_kernel_is_in_the_corner_of_its_cell_alone(make: Make) -> None:
    bench = make()
    bench.compute()
    image, kernel = bench.image(), bench.cells.contents.kernel
    assert bench.cells._kernels is not None
    assert bench.cells._kernels.scales is not None
    expected = colour(kernel[2, 1], COLOUR_MAPS["signed"], bench.cells._kernels.scales[0])
    tile = bench.tile(1, 2)
    assert (image[tile.bottom() - 4, tile.right() - 4] == expected[2, 2]).all()


def test_the_row_that_is_added_moves_down(make: Make) -> None:
    bench = make()
    bench.compute()
    rest, goal = bench.tile(0, 1), bench.tile(1, 1)
    bench.cells.set_position(0.5)
    assert bench.tile(0, 1).center().y() == pytest.approx(
        (rest.center().y() + goal.center().y()) / 2, abs=1
    )
    assert bench.tile(1, 1) == goal
    bench.cells.set_position(3.5)
    assert bench.tile(3, 1).top() > goal.bottom()
    bench.cells.set_position(5.0)
    image = bench.image()
    ground = image[rest.center().y(), rest.center().x(), :3]
    assert (ground == image[goal.center().y(), goal.center().x(), :3]).all()  # both are gone


# What is in view.


def test_sums_and_maps_stay_in_view_while_the_cells_scroll(make: Make) -> None:
    bench = make(network=new_network((40, 30)), room=(400, 400, 400))
    cells = bench.cells
    before = bench.tile(40, 0), bench.tile(41, 0)
    assert cells.viewport().rect().contains(before[1])
    first = cells.cells_in_view()
    told: list[int] = []
    cells.scrolled.connect(lambda: told.append(1))
    cells.verticalScrollBar().setValue(900)
    assert told
    assert (bench.tile(40, 0), bench.tile(41, 0)) == before
    second = cells.cells_in_view()
    assert first is not None
    assert second is not None
    assert first.channels.start == 0
    assert second.channels.start > 5
    assert len(second.channels) < 8
    assert len(second.filters) < 8
    cells.verticalScrollBar().setValue(cells.verticalScrollBar().maximum())
    assert bench.tile(39, 0).bottom() < bench.tile(40, 0).top()
    last = cells.cells_in_view()
    assert last is not None
    assert last.channels.stop == 40
    cells.horizontalScrollBar().setValue(cells.horizontalScrollBar().maximum())
    last = cells.cells_in_view()
    assert last is not None
    assert last.filters.stop == 30
    assert bench.tile(0, 29).left() == bench.tile(40, 29).left() == bench.tile(41, 29).left()


def test_the_fold_scrolls_to_the_row_that_is_added_to(make: Make) -> None:
    bench = make(network=new_network((40, 3)), room=(400, 400, 400))
    for step in (10, 25, 39, 40, 3):
        bench.cells.set_position(float(step))
        found = bench.cells.cells_in_view()
        assert found is not None
        assert min(step, 39) in found.channels
        row = min(step + 1, 39)
        assert bench.cells.body().contains(bench.cells.home(row, 0))


def test_a_tile_under_the_sums_cannot_be_pointed_at(make: Make) -> None:
    bench = make(network=new_network((40, 3)), room=(400, 400, 400))
    for y in range(bench.cells.viewport().height()):
        spot = bench.cells.spot_at(QPointF(bench.tile(0, 1).center().x(), y))
        if spot is not None:
            place = bench.cells.tile_rectangle(spot.index)
            assert place.top() <= y <= place.bottom()
            assert (y > bench.cells.body().bottom()) == (bench.cells.pair(spot.index)[0] >= 40)


def test_256_by_256_asks_for_what_is_seen_alone(make: Make) -> None:
    bench = make(network=new_network((256, 256)))
    found = bench.cells.cells_in_view()
    assert found is not None
    assert len(found.channels) * len(found.filters) < 100


def test_naive_asks_for_maps_and_their_parents(make: Make) -> None:
    bench = make(NAIVE, 2)
    bench.selection.select(Selection(2, (2, 3, 1) + (0,) * 5))
    assert bench.cells.cells_in_view() is None
    assert set(bench.cells.addresses_in_view()) == {(2, i, j) for i in range(4) for j in range(2)}
    assert set(bench.cells.parents_in_view()) == {(2, i) for i in range(4)}


# Select and pin.


def test_a_click_selects_the_columns_map_and_pins_the_pixel(make: Make) -> None:
    bench = make()
    bench.compute()
    for row in (0, 2, 3, 4):
        bench.selection.select(Selection())
        bench.click(bench.pixel(row, 2, 11, 6))
        assert bench.selection.current.address == (0, 2)
        assert bench.selection.current.pin == (11, 6)
        assert bench.cells.selected == bench.cells.index(4, 2)


def test_in_naive_a_click_selects_the_cells_own_map(make: Make) -> None:
    bench = make(NAIVE)
    bench.click(bench.pixel(1, 2, 11, 6))
    assert bench.selection.current.address == (1, 2)
    assert bench.cells.selected == bench.cells.index(1, 2)


def test_arrows_move_the_current_cell_and_keep_the_pin(make: Make) -> None:
    bench = make()
    bench.click(bench.pixel(0, 1, 11, 6))
    for key, current in (
        (Qt.Key.Key_Down, (1, 1)),
        (Qt.Key.Key_Right, (1, 2)),
        (Qt.Key.Key_Right, (1, 3)),
        (Qt.Key.Key_Right, (1, 3)),
        (Qt.Key.Key_Down, (2, 3)),
        (Qt.Key.Key_Down, (2, 3)),
        (Qt.Key.Key_Up, (1, 3)),
        (Qt.Key.Key_Left, (1, 2)),
    ):
        bench.key(key)
        assert bench.cells.current == current
        assert bench.selection.current.address == (0, current[1])
        assert bench.selection.current.pin == (11, 6)
    assert "kernel [:, :, 1, 2]" in bench.cells.accessibleDescription()


def test_what_is_under_the_pointer_is_told(make: Make) -> None:
    bench = make()
    bench.compute()
    told: list[tuple[int | None, int | None]] = []
    bench.cells.joined.connect(lambda row, filter_: told.append((row, filter_)))
    tile, body = bench.tile(1, 2), bench.cells.body()
    for where, pair in (
        (tile.center(), (1, 2)),
        (QPoint(10, tile.center().y()), (1, None)),
        (QPoint(tile.center().x(), int(body.top()) - 4), (None, 2)),
        (bench.tile(4, 0).center(), (4, 0)),
        (QPoint(2, 2), (None, None)),
    ):
        QTest.mouseMove(bench.cells.viewport(), where)
        QApplication.processEvents()
        assert told[-1] == pair


# Mute.


def test_a_click_on_a_row_mutes_it_for_the_whole_layer(make: Make) -> None:
    bench = make()
    where = QPoint(10, bench.tile(2, 0).center().y())
    bench.click(where)
    assert bench.muted == {(2, j) for j in range(4)}
    assert bench.document.undo_stack.undoText() == "Mute map 2 for all of Conv 2"
    bench.click(where)
    assert bench.muted == set()
    assert bench.document.undo_stack.undoText() == "Unmute map 2 for all of Conv 2"


@pytest.mark.parametrize("key", [Qt.Key.Key_M, Qt.Key.Key_Space])
def test_keys_mute_a_cell_a_row_and_all_others(make: Make, key: Qt.Key) -> None:
    bench = make()
    bench.click(bench.pixel(1, 2, 3, 3))
    bench.key(key)
    assert bench.muted == {(1, 2)}
    assert bench.document.undo_stack.undoText() == "Mute map 1 in filter 2 of Conv 2"
    bench.key(key)
    assert bench.muted == set()
    bench.key(key, Qt.KeyboardModifier.ShiftModifier)
    assert bench.muted == {(0, 2), (2, 2)}
    bench.key(key, Qt.KeyboardModifier.ShiftModifier)
    assert bench.muted == set()
    bench.key(key, Qt.KeyboardModifier.ControlModifier)
    assert bench.muted == {(1, j) for j in range(4)}
    for _ in range(bench.document.undo_stack.count()):
        bench.document.undo_stack.undo()
    assert bench.muted == set()


def test_a_muted_cell_looks_muted(make: Make) -> None:
    bench = make()
    bench.compute()
    before = bench.image()
    bench.click(bench.pixel(1, 2, 3, 3))
    bench.key(Qt.Key.Key_M)
    bench.selection.select(Selection())
    bench.compute()
    after = bench.image()
    changed = [
        (row, j)
        for row in range(3)
        for j in range(4)
        if (cut(before, bench.tile(row, j)) != cut(after, bench.tile(row, j))).mean() > 0.5
    ]
    assert changed == [(1, 2)]


def cut(image: NDArray[np.uint8], place: QRect) -> NDArray[np.uint8]:
    return image[place.top() : place.bottom(), place.left() : place.right()]


def test_another_network_is_shown_unfolded(make: Make) -> None:
    bench = make()
    bench.cells.set_position(5.0)
    state = bench.document.state
    bench.document.commit("x", State(state.drawing, edit.with_filters(NETWORK, 1, 6)))
    assert bench.cells.contents.position == 0
    bench.cells.set_position(5.0)
    bench.document.commit("x", State(digit(3), bench.document.state.network))
    assert bench.cells.contents.position == 5  # another drawing leaves the fold alone


def test_folded_and_scrolled_away_the_row_that_is_added_is_not_asked_for(make: Make) -> None:
    bench = make(network=new_network((256, 10)), room=(500, 400, 400))
    bench.cells.set_position(3.0)
    bench.cells.verticalScrollBar().setValue(bench.cells.verticalScrollBar().maximum())
    found = bench.cells.cells_in_view()
    assert found is not None
    assert found.channels.stop == 256
    assert len(found.channels) < 8


@pytest.mark.parametrize("key", [Qt.Key.Key_M, Qt.Key.Key_Space])
def test_a_key_held_down_mutes_once(make: Make, key: Qt.Key) -> None:
    bench = make()
    bench.click(bench.pixel(1, 2, 3, 3))
    bench.key(key)
    for _ in range(3):
        held = QKeyEvent(
            QEvent.Type.KeyPress, key, Qt.KeyboardModifier.NoModifier, autorep=True, count=1
        )
        QApplication.sendEvent(bench.cells, held)
    assert bench.muted == {(1, 2)}
    assert bench.document.undo_stack.count() == 1


def test_what_is_under_the_pointer_is_told_again_after_an_edit(make: Make) -> None:
    bench = make()
    QTest.mouseMove(bench.cells.viewport(), QPoint(10, bench.tile(2, 0).center().y()))
    QApplication.processEvents()
    told: list[tuple[int | None, int | None]] = []
    bench.cells.joined.connect(lambda row, filter_: told.append((row, filter_)))
    bench.cells.mute(0, 1)
    QApplication.processEvents()
    assert told == [(2, None)]
    fewer = edit.with_filters(bench.document.state.network, 0, 2)
    bench.document.commit("x", State(digit(7), fewer))  # that row is no more
    QApplication.processEvents()
    assert told[1:] == [(None, None)]


class Painted(QObject):
    """What a widget was asked to paint."""

    def __init__(self, watched: QWidget) -> None:
        super().__init__(watched)
        self.region = QRegion()
        watched.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802
        if isinstance(event, QPaintEvent):
            self.region += event.region()
        return False


def test_another_pass_paints_values_and_not_the_headers(make: Make) -> None:
    bench = make()
    bench.compute()
    QApplication.processEvents()
    painted = Painted(bench.cells.viewport())
    bench.compute()
    QApplication.processEvents()
    for row in range(5):
        for filter_ in range(4):
            tile = bench.tile(row, filter_)
            assert QRegion(tile).subtracted(painted.region).isEmpty()
            assert not painted.region.contains(QPoint(tile.center().x(), 4))  # “filter j”
    bias = bench.tile(4, 0).bottom() + 8
    assert not painted.region.contains(QPoint(bench.tile(4, 0).center().x(), bias))
    assert painted.region.contains(QPoint(10, bench.tile(1, 0).center().y()))  # the input map
    bench.cells.refresh()
    QApplication.processEvents()
    assert painted.region.contains(QPoint(bench.tile(0, 0).center().x(), 4))
