"""All cards: as many as layers, added, removed, moved; how they share the room; what is in view."""

from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QRect, Qt
from PySide6.QtGui import QAction
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLabel, QToolButton, QWidget
from pytestqt.qtbot import QtBot

from cnn_explorer.core import edit
from cnn_explorer.core.addresses import check_address
from cnn_explorer.core.building import add_layer, new_network
from cnn_explorer.core.forward import Activations, Request, forward
from cnn_explorer.core.kernel_layers import Linear
from cnn_explorer.core.layers import Flatten, Kind
from cnn_explorer.core.making import Cells
from cnn_explorer.core.mutes import toggle_mute
from cnn_explorer.core.network import MAX_LAYERS, Network
from cnn_explorer.core.schemes import ChannelScheme, is_there
from cnn_explorer.core.selection import Selection
from cnn_explorer.core.state import State
from cnn_explorer.gui.colouring import colouring_of
from cnn_explorer.gui.document import Document
from cnn_explorer.gui.flow import OneLine
from cnn_explorer.gui.layer_column import LEAST_TILES, LayerColumn
from cnn_explorer.gui.plain_fields import PoolFields
from cnn_explorer.gui.selection import SelectionModel
from cnn_explorer.gui.settings import SettingsStore
from cnn_explorer.gui.theme import apply_theme
from cnn_explorer.gui.tiles import Spot
from cnn_explorer.io.digits import digit

REAL, NAIVE, SHARED = ChannelScheme.REAL, ChannelScheme.NAIVE, ChannelScheme.SHARED

AT_1024 = (488, 606)
"""Room of the column in a window of 1024×700 with docks of 184 and 340."""

AT_1440 = (772, 805)


class Bench:
    """A column, told of the document's changes as the window tells it."""

    def __init__(self, qtbot: QtBot, folder: Path, state: State, size: tuple[int, int]) -> None:
        self.qtbot = qtbot
        self.document = Document(state)
        self.selection = SelectionModel(Selection())
        self.selection.follow(state.network)
        self.store = SettingsStore(folder / "settings.ini")
        self.add = QAction("&Add a layer")
        self.column = LayerColumn(self.document, self.selection, self.store, self.add)
        qtbot.addWidget(self.column)
        self.document.changed.connect(self.follow)
        self.column.resize(*size)
        with qtbot.waitExposed(self.column):
            self.column.show()
        self.settle()

    def follow(self, new: State, old: State) -> None:
        self.selection.follow(new.network)
        self.column.set_state(new)

    def settle(self) -> None:
        """Let the layout come to its end."""
        for _ in range(6):
            QApplication.processEvents()

    def commit(self, **changes: object) -> None:
        self.document.commit("x", replace(self.document.state, **changes))  # type: ignore[arg-type]
        self.settle()

    def compute(self) -> Activations:
        state = self.document.state
        in_view = self.column.in_view() if state.scheme is NAIVE else ()
        shown = forward(Request(state, in_view, "matmul"))
        self.column.show_maps(shown, colouring_of(self.store.current, shown.maps))
        return shown

    @property
    def names(self) -> list[str]:
        """Headings of the cards as they stand on screen, from the top."""
        headings = [
            label
            for label in self.column.findChildren(QLabel)
            if label.property("role") == "heading" and label.isVisible()
        ]
        return [label.text() for label in sorted(headings, key=lambda label: self.place(label).y())]

    def place(self, widget: QWidget) -> QRect:
        """Where a widget is in the column's viewport."""
        return QRect(widget.mapTo(self.column.viewport(), QPoint(0, 0)), widget.size())

    @property
    def lines(self) -> list[str]:
        lines = []
        for card in self.column.cards:
            line = card.findChild(OneLine)
            assert isinstance(line, OneLine)
            lines.append(line.text())
        return lines


@pytest.fixture(params=[9])
def themed(qapp: QApplication, request: pytest.FixtureRequest) -> Iterator[None]:
    font = qapp.font()
    font.setPointSizeF(request.param)
    qapp.setFont(font)
    apply_theme(qapp, "light")
    yield
    qapp.setStyleSheet("")


class Make:
    def __init__(self, qtbot: QtBot, folder: Path) -> None:
        self.qtbot = qtbot
        self.folder = folder
        self.benches: list[Bench] = []

    def __call__(
        self,
        filters: tuple[int, ...] = (3, 4),
        scheme: ChannelScheme = REAL,
        size: tuple[int, int] = AT_1440,
        network: Network | None = None,
    ) -> Bench:
        state = State(digit(7), network or new_network(filters), scheme)
        self.benches.append(Bench(self.qtbot, self.folder, state, size))
        return self.benches[-1]


@pytest.fixture
def make(qtbot: QtBot, tmp_path: Path) -> Iterator[Make]:
    made = Make(qtbot, tmp_path)
    yield made
    for bench in made.benches:
        bench.document.undo_stack.clear()


# As many cards as layers.


def test_there_is_a_card_for_each_layer_and_they_follow_undo(make: Make) -> None:
    bench = make()
    assert bench.names == ["Conv 1", "Conv 2"]
    bench.commit(network=add_layer(bench.document.state))
    bench.commit(network=add_layer(bench.document.state))
    assert bench.names == ["Conv 1", "Conv 2", "Conv 3", "Conv 4"]
    assert len(bench.column.cards) == 4
    for count in (3, 2):
        bench.document.undo_stack.undo()
        assert len(bench.column.cards) == count
    bench.settle()
    assert bench.names == ["Conv 1", "Conv 2"]
    bench.document.undo_stack.redo()
    bench.settle()
    assert bench.names == ["Conv 1", "Conv 2", "Conv 3"]
    bench.compute()
    assert bench.column.cards[2].maps.value(Spot(0, 1, 1)) is not None


def test_a_removed_layer_is_removed_wherever_it_stood(make: Make) -> None:
    bench = make((3, 4, 5))
    bench.column.cards[1].removed.emit(1)
    network = bench.document.state.network
    assert [layer.out_channels for layer in network.layers] == [3, 5]
    assert bench.document.undo_stack.undoText() == "Remove Conv 2"
    assert bench.document.undo_stack.count() == 1
    assert bench.lines[1].startswith("28×28×3 → 5 filters")
    bench.document.undo_stack.undo()
    assert [layer.out_channels for layer in bench.document.state.network.layers] == [3, 4, 5]


def test_a_moved_layer_takes_its_settings_along(make: Make) -> None:
    bench = make((3, 4, 5))
    bench.column.cards[2].moved.emit(2, 1)
    assert [layer.out_channels for layer in bench.document.state.network.layers] == [3, 5, 4]
    assert bench.document.undo_stack.undoText() == "Move Conv 3"
    assert [card.fields.filters.value() for card in bench.column.cards] == [3, 5, 4]
    bench.document.undo_stack.undo()
    assert [card.fields.filters.value() for card in bench.column.cards] == [3, 4, 5]


def test_a_move_that_cannot_work_is_said_in_the_card(make: Make) -> None:
    """The 11×11 kernel would get 1×1 maps."""
    network = edit.with_padding(new_network((2, 3), (11, 3)), 0, "valid")
    for stride in (2, 3, 4):
        network = edit.with_stride(network, 1, stride)
    bench = make(network=edit.with_stride(network, 1, 4))
    bench.column.cards[0].moved.emit(0, 1)
    bench.settle()
    assert bench.document.undo_stack.count() == 0
    said = [
        label.text()
        for label in bench.column.cards[0].findChildren(QLabel)
        if label.property("role") == "warning" and label.isVisible()
    ]
    assert len(said) == 1
    assert said[0].startswith("Conv 2: a 11×11 kernel does not fit its 7×7 input")


def test_the_button_adds_a_layer_as_long_as_one_can_be_added(make: Make, qtbot: QtBot) -> None:
    bench = make()
    button = next(
        item for item in bench.column.findChildren(QToolButton) if item.defaultAction() is bench.add
    )
    assert button.isVisible()
    with qtbot.waitSignal(bench.add.triggered):
        QTest.mouseClick(button, Qt.MouseButton.LeftButton)
    bench.add.setEnabled(False)
    bench.commit(network=new_network((1,) * MAX_LAYERS, (1,)))
    assert not button.isVisible()
    assert len(bench.column.cards) == MAX_LAYERS


# Cards of every kind.


def grown(bench: Bench, *kinds: Kind) -> None:
    for kind in kinds:
        bench.commit(network=add_layer(bench.document.state, kind))


HEAD: tuple[Kind, ...] = (
    "MaxPool2d", "BatchNorm2d", "Conv2d", "AvgPool2d", "GlobalAvgPool2d", "Flatten", "Linear",
    "Softmax",
)  # fmt: skip
CARDS = [
    "Conv 1", "MaxPool 1", "BatchNorm 1", "Conv 2", "AvgPool 1", "GlobalAvgPool 1", "Flatten 1",
    "Linear 1", "Softmax 1",
]  # fmt: skip


def test_a_card_of_every_kind_comes_and_goes_with_its_layer(make: Make) -> None:
    bench = make((3,))
    before = list(bench.column.cards)
    grown(bench, *HEAD)
    assert bench.names == CARDS
    assert [card.name for card in bench.column.cards] == CARDS
    assert bench.column.cards[0] is before[0]
    shown = bench.compute()
    for layer, card in enumerate(bench.column.cards):
        assert card.maps.mosaic.count == len(shown.maps[layer])
        assert card.maps.map_size == shown.maps[layer].shape[1:]
        assert card.maps.value(Spot(0, 0, 0)) == pytest.approx(float(shown.maps[layer][0, 0, 0]))
        faces = [button.text() for button in card.findChildren(QToolButton) if button.isCheckable()]
        convolves = card.name.startswith(("Conv", "Linear"))
        assert ("Kernels" in faces) == ("Contributions" in faces) == convolves
    for count in range(len(CARDS) - 1, 0, -1):
        bench.document.undo_stack.undo()
        bench.settle()
        assert bench.names == CARDS[:count]
    while bench.document.undo_stack.canRedo():
        bench.document.undo_stack.redo()
    bench.settle()
    assert bench.names == CARDS
    bench.compute()
    bench.settle()
    assert overflows(bench) == []


def test_the_lines_say_what_each_layer_does(make: Make) -> None:
    bench = make((3,))
    grown(bench, *HEAD)
    assert bench.lines == [
        "28×28×1 → 3 filters of 3×3×<b>1</b> → 28×28×<b>3</b>",
        "28×28×3 → largest of each 2×2 window, map by map → 14×14×<b>3</b>",
        "14×14×3 → (x − mean) / deviation · γ + β, map by map → 14×14×<b>3</b>",
        "14×14×3 → 3 filters of 3×3×<b>3</b> → 14×14×<b>3</b>",
        "14×14×3 → mean of each 2×2 window, map by map → 7×7×<b>3</b>",
        "7×7×3 → mean of each map → 1×1×<b>3</b>",
        "1×1×3 → each pixel a value of its own → 1×1×<b>3</b>",
        "1×1×3 → 10 weighted sums of <b>3</b> values → 1×1×<b>10</b>",
        "1×1×10 → shares that add up to 1 → 1×1×<b>10</b>",
    ]
    bench.commit(scheme=NAIVE)
    assert bench.lines[1:6] == [
        "28×28×3 → largest of each 2×2 window, map by map → 14×14×<b>3</b>",
        "14×14×3 → (x − mean) / deviation · γ + β, map by map → 14×14×<b>3</b>",
        "14×14×3 → 3 flat kernels of 3×3 on every map → 14×14×<b>9</b> = 3 × 3",
        "14×14×9 → mean of each 2×2 window, map by map → 7×7×<b>9</b>",
        "7×7×9 → mean of each map → 1×1×<b>9</b>",
    ]


def test_naive_says_in_place_of_the_heads_maps_why_there_are_none(make: Make) -> None:
    bench = make((3,))
    grown(bench, *HEAD)
    bench.commit(scheme=NAIVE)
    sentence = (
        "Not in this scheme: Flatten 1 takes all maps together, and here nothing is summed. It was "
        "made for 3 maps, and would get 9."
    )
    for card in bench.column.cards:
        said = [
            label.text()
            for label in card.findChildren(QLabel)
            if label.isVisible() and label.text().startswith("Not in this scheme")
        ]
        absent = card.name in CARDS[6:]
        assert said == ([sentence] if absent else [])
        assert card.maps.isVisible() == (not absent)
        line = card.findChild(OneLine)
        assert line is not None
        assert line.isVisible() == (not absent)
    assert bench.column.in_view()[6:] == ((), (), ())
    bench.compute()
    bench.column.turn(1)
    bench.settle()
    assert not any(card.maps.isVisible() for card in bench.column.cards[6:])
    bench.commit(scheme=SHARED)
    assert bench.column.cards[8].maps.isVisible()
    contributions = bench.column.cards[7].contributions
    assert contributions is not None
    assert contributions.isVisible(), "the face that was chosen"
    bench.compute()


def test_a_first_layer_that_mixes_leaves_nothing_to_naive(make: Make) -> None:
    flat = Flatten(1, 1, (28, 28))
    dense = Linear(2, np.ones((2, 784, 1, 1), np.float32), None)
    bench = make(network=Network((flat, dense)), scheme=NAIVE)
    (label,) = (
        label
        for label in bench.column.cards[0].findChildren(QLabel)
        if label.text().startswith("Not in this scheme")
    )
    assert label.text().endswith("Flatten 1 takes all maps together, and here nothing is summed.")
    bench.compute()


def test_moving_across_kinds_replaces_the_cards_whose_names_change(make: Make) -> None:
    bench = make((3, 4))
    grown(bench, "MaxPool2d", "BatchNorm2d")
    conv, second, pool, norm = bench.column.cards
    pool.moved.emit(2, 1)
    bench.settle()
    assert bench.document.undo_stack.undoText() == "Move MaxPool 1"
    assert bench.names == ["Conv 1", "MaxPool 1", "Conv 2", "BatchNorm 1"]
    cards = bench.column.cards
    assert cards[0] is conv
    assert cards[3] is norm
    assert cards[1] is not pool
    assert cards[2] is not second
    shown = bench.compute()
    assert [card.maps.map_size for card in cards] == [maps.shape[1:] for maps in shown.maps]
    conv.removed.emit(0)
    bench.settle()
    assert bench.names == ["MaxPool 1", "Conv 1", "BatchNorm 1"]
    bench.compute()
    for expected in (
        ["Conv 1", "MaxPool 1", "Conv 2", "BatchNorm 1"],
        ["Conv 1", "Conv 2", "MaxPool 1", "BatchNorm 1"],
    ):
        bench.document.undo_stack.undo()
        bench.settle()
        assert bench.names == expected
        bench.compute()
    assert bench.column.cards[0].name == "Conv 1"


def test_an_edit_of_a_pooling_layer_keeps_every_card(make: Make) -> None:
    bench = make((3,))
    grown(bench, "MaxPool2d", "Flatten", "Linear")
    before = list(bench.column.cards)
    stride = bench.column.cards[1].fields
    assert isinstance(stride, PoolFields)
    stride.stride.setCurrentIndex(3)
    bench.settle()
    assert bench.column.cards == before
    assert bench.lines[2].startswith("7×7×3 → each pixel a value of its own → 1×1×<b>147</b>")
    assert bench.document.state.network.layers[3].in_channels == 147
    shown = bench.compute()
    assert bench.column.cards[2].maps.mosaic.count == 147
    assert shown.maps[3].shape == (10, 1, 1)


def test_what_the_next_layer_cannot_take_is_said_by_the_card_that_goes(make: Make) -> None:
    bench = make((3,))
    grown(bench, "MaxPool2d", "GlobalAvgPool2d", "Linear")
    bench.column.cards[2].removed.emit(2)
    bench.settle()
    said = [
        label.text()
        for label in bench.column.cards[2].findChildren(QLabel)
        if label.property("role") == "warning" and label.isVisible()
    ]
    assert said == [
        "Linear 1: it takes single values, but gets maps of 14×14: put a Flatten or a "
        "GlobalAvgPool before it."
    ]
    assert bench.names[2] == "GlobalAvgPool 1"


def test_maps_of_every_card_are_stepped_through(make: Make) -> None:
    """As [ and ] do it: to the last map and on to the first."""
    bench = make((3,))
    grown(bench, *HEAD)
    for scheme in (REAL, NAIVE, SHARED):
        bench.commit(scheme=scheme)
        bench.compute()
        network = bench.document.state.network
        for layer, card in enumerate(bench.column.cards):
            if not is_there(network, scheme, layer):
                continue
            bench.selection.select(Selection().at((0,) * (layer + 1), (0, 0)))
            count = card.maps.mosaic.count
            seen = []
            for _ in range(count):
                seen.append(card.maps.selected)
                bench.column.step_map(1)
                address = bench.selection.current.address
                assert address is not None
                check_address(address, network)
            assert seen == list(range(count))
            assert card.maps.selected == 0
            bench.column.step_map(-1)
            assert card.maps.selected == count - 1


# How they share the room.


def overflows(bench: Bench) -> list[str]:
    """Visible widgets that stick out of the column sideways."""
    width = bench.column.viewport().width()
    return [
        repr(widget)
        for card in bench.column.cards
        for widget in [card, *card.findChildren(QWidget)]
        if widget.isVisible()
        and not widget.isWindow()
        and not 0 <= bench.place(widget).left() <= bench.place(widget).right() < width
    ]


@pytest.mark.usefixtures("themed")
@pytest.mark.parametrize("themed", [8, 9, 10, 13.5], indirect=True)
@pytest.mark.parametrize("scheme", list(ChannelScheme))
def test_nothing_sticks_out_at_1024_by_700(make: Make, scheme: ChannelScheme) -> None:
    bench = make(scheme=scheme, size=AT_1024)
    for contrast in (1, 4):
        bench.store.update(contrast=contrast)
        bench.compute()
        bench.settle()
        assert overflows(bench) == []
        assert bench.column.horizontalScrollBar().maximum() == 0
        for card in bench.column.cards:
            assert card.maps.horizontalScrollBar().maximum() == 0
    bench.column.turn(2)
    bench.settle()
    assert overflows(bench) == []


@pytest.mark.usefixtures("themed")
@pytest.mark.parametrize("themed", [9, 10], indirect=True)
@pytest.mark.parametrize("scheme", [REAL, SHARED])
@pytest.mark.parametrize("kernels", [False, True])
def test_at_1024_by_700_two_layers_need_no_scrolling(
    make: Make, scheme: ChannelScheme, kernels: bool
) -> None:
    bench = make(scheme=scheme, size=AT_1024)
    bench.column.turn(2 if kernels else 0)
    bench.compute()
    bench.settle()
    assert bench.column.verticalScrollBar().maximum() == 0
    for card in bench.column.cards:
        assert card.face.verticalScrollBar().maximum() == 0
        assert card.face.horizontalScrollBar().maximum() == 0
        assert max(card.maps.mosaic.tile) >= 56


@pytest.mark.usefixtures("themed")
@pytest.mark.parametrize("size", [AT_1024, AT_1440, (1500, 1345)])
@pytest.mark.parametrize("filters", [(3,), (3, 4), (8, 16, 32), (256, 3), (1, 256)])
def test_the_cards_fill_the_height_or_scroll(
    make: Make, filters: tuple[int, ...], size: tuple[int, int]
) -> None:
    bench = make(filters, size=size)
    bench.compute()
    bench.settle()
    column = bench.column
    body = column.widget()
    assert body is not None
    content = body.sizeHint().height()
    if column.verticalScrollBar().maximum():
        # Not for nothing: the tiles have no more than the least or what makes them legible.
        assert content > column.height()
        assert any(
            card.maps.height() <= LEAST_TILES or card.maps.mosaic.tile[0] <= 56
            for card in column.cards
        )
    else:
        assert content <= column.height()
    cards = [bench.place(card) for card in column.cards]
    for one, other in pairwise(cards):
        assert one.bottom() < other.top()
    assert {card.right() for card in cards} == {cards[0].right()}
    assert column.viewport().width() - 9 - 1 <= cards[0].right()


@pytest.mark.usefixtures("themed")
def test_a_larger_window_gives_larger_tiles(make: Make) -> None:
    sides = []
    for size in (AT_1024, AT_1440, (1500, 1345)):
        bench = make((8, 16, 32), size=size)
        sides.append([card.maps.mosaic.tile[0] for card in bench.column.cards])
    assert all(np.diff(column).min() >= 0 for column in zip(*sides, strict=True))
    assert min(sides[-1]) > min(sides[0])


@pytest.mark.usefixtures("themed")
def test_what_one_card_cannot_use_is_left_to_the_others(make: Make) -> None:
    """One map takes its 196 pixels and no more; the 64 maps of the other card get the rest."""
    both = make((1, 64), size=(772, 1200)).column.cards
    assert both[0].maps.mosaic.tile == (196, 196)
    assert both[1].maps.height() > both[0].maps.height() * 2


@pytest.mark.usefixtures("themed")
def test_a_high_window_is_filled(make: Make) -> None:
    column = make((8, 16, 32), size=(1500, 1345)).column
    body = column.widget()
    assert body is not None
    assert 0.85 * 1345 < body.sizeHint().height() <= 1345


@pytest.mark.usefixtures("themed")
@pytest.mark.parametrize("width", range(470, 520, 7))
def test_beside_a_scroll_bar_the_tiles_are_laid_out_for_less(make: Make, width: int) -> None:
    column = make((8, 16, 32), size=(width, 500)).column
    bar = column.verticalScrollBar()
    assert bar.isVisible()
    for card in column.cards:
        assert card.maps.mosaic.size[0] <= card.maps.width()
        assert card.width() == width - bar.width() - 16


@pytest.mark.usefixtures("themed")
def test_larger_text_is_laid_out_anew(make: Make, qapp: QApplication) -> None:
    bench = make(scheme=NAIVE, size=AT_1024)
    bench.compute()
    font = qapp.font()
    font.setPointSizeF(14)
    qapp.setFont(font)
    apply_theme(qapp, "dark")
    QApplication.processEvents()
    bench.settle()
    assert overflows(bench) == []
    for card in bench.column.cards:
        assert card.maps.mosaic.caption >= card.maps.fontMetrics().height()
        assert card.heightForWidth(card.width()) <= card.height() + 1


# What is in view.


def test_in_real_the_first_card_says_what_it_shows(make: Make) -> None:
    in_view = make((3, 4)).column.in_view()
    assert in_view == (((0,), (1,), (2,)), ((0, 0), (0, 1), (0, 2), (0, 3)))


def test_in_naive_parents_are_in_view_with_their_groups(make: Make) -> None:
    bench = make((9, 9, 9), NAIVE, size=AT_1024)
    in_view = bench.column.in_view()
    second = bench.column.cards[1].maps
    assert set(second.addresses_in_view()) <= set(in_view[1])
    assert set(second.parents_in_view()) <= set(in_view[0])
    assert {address[:1] for address in second.addresses_in_view()} == set(second.parents_in_view())
    assert in_view[2] == ()  # below the fold
    bench.column.verticalScrollBar().setValue(bench.column.verticalScrollBar().maximum())
    assert bench.column.in_view()[2] != ()


def test_after_any_layout_what_is_on_screen_was_asked_for(make: Make, qtbot: QtBot) -> None:
    """The layout moves cards after it is asked to: the last word is told when it has."""
    bench = make((3, 4), NAIVE, size=AT_1024)
    asked: list[object] = []
    bench.column.view_changed.connect(lambda: asked.append(bench.column.in_view()))

    def commit(**changes: object) -> None:
        state = replace(bench.document.state, **changes)  # type: ignore[arg-type]
        bench.document.commit("x", state)

    changes = [
        lambda: commit(network=new_network((8, 8, 8))),
        lambda: commit(scheme=REAL),
        lambda: commit(scheme=NAIVE),
        lambda: commit(network=new_network((3, 4, 5, 6))),
        lambda: commit(network=new_network((8, 8))),
        lambda: bench.column.turn(2),
        lambda: bench.column.turn(0),
        lambda: bench.column.cards[0].fields.said.emit("A reason. " * 30),
        lambda: bench.column.cards[0].fields.said.emit(""),
        lambda: bench.column.resize(700, 800),
        lambda: bench.column.verticalScrollBar().setValue(90),
        lambda: bench.document.undo_stack.undo(),
    ]
    for change in changes:
        asked.clear()
        change()
        for _ in range(5):
            QApplication.processEvents()
        assert asked
        assert asked[-1] == bench.column.in_view()


def test_whatever_moves_the_tiles_other_maps_may_be_in_view(make: Make, qtbot: QtBot) -> None:
    bench = make((3, 4), NAIVE)
    card = bench.column.cards[1]
    for move in (
        lambda: card.move(card.x(), card.y() - 60),
        lambda: card.resize(card.width(), card.height() + 9),
        lambda: card.maps.move(card.maps.x(), card.maps.y() + 30),
        card.maps.hide,
        card.maps.show,
    ):
        with qtbot.waitSignal(bench.column.view_changed):
            move()


def test_cards_that_show_kernels_have_no_maps_in_view(make: Make) -> None:
    bench = make((3, 4), NAIVE)
    bench.column.turn(2)
    assert bench.column.in_view() == ((), ())
    assert all(card.kernels.isVisible() for card in bench.column.cards)
    bench.column.turn(0)
    assert all(card.maps.isVisible() for card in bench.column.cards)


def test_maps_go_to_their_cards_and_dim_together(make: Make) -> None:
    bench = make((3, 4))
    fresh = [card.maps.viewport().grab().toImage() for card in bench.column.cards]
    shown = bench.compute()
    for card, maps in zip(bench.column.cards, shown.maps, strict=True):
        assert card.maps.value(Spot(2, 11, 16)) == float(maps[2, 11, 16])
    fresh = [card.maps.viewport().grab().toImage() for card in bench.column.cards]
    bench.column.set_stale(True)
    stale = [card.maps.viewport().grab().toImage() for card in bench.column.cards]
    assert all(one != other for one, other in zip(fresh, stale, strict=True))
    bench.column.set_stale(False)
    assert [card.maps.viewport().grab().toImage() for card in bench.column.cards] == fresh


def test_maps_of_fewer_layers_than_cards_reach_the_first_ones(make: Make) -> None:
    bench = make((3, 4))
    short = State(digit(7), new_network((3,)))
    shown = forward(Request(short, (), "matmul"))
    bench.column.show_maps(shown, colouring_of(bench.store.current, shown.maps))
    assert bench.column.cards[0].maps.value(Spot(0, 0, 0)) is not None
    assert bench.column.cards[1].maps.value(Spot(0, 0, 0)) is None
    long = State(digit(7), new_network((3, 4, 5)))
    shown = forward(Request(long, (), "matmul"))
    bench.column.show_maps(shown, colouring_of(bench.store.current, shown.maps))


# Contributions.


@pytest.mark.usefixtures("themed")
@pytest.mark.parametrize("scheme", [REAL, SHARED])
@pytest.mark.parametrize(("size", "side"), [(AT_1024, 56), (AT_1440, 84), ((1500, 1345), 112)])
def test_all_contributions_of_a_layer_are_readable_at_once(
    make: Make, scheme: ChannelScheme, size: tuple[int, int], side: int
) -> None:
    bench = make(scheme=scheme, size=size)
    bench.store.update(reduced_motion=True)
    bench.compute()
    bench.column.fold(1)
    bench.settle()
    assert overflows(bench) == []
    cells = bench.column.cards[1].contributions.cells
    assert cells.mosaic.tile == (side, side)
    assert cells.verticalScrollBar().maximum() == cells.horizontalScrollBar().maximum() == 0
    viewport = bench.column.viewport().rect()
    assert viewport.contains(bench.place(bench.column.cards[1].contributions))


def test_cells_in_view_are_those_of_visible_faces(make: Make) -> None:
    bench = make((3, 4))
    assert bench.column.cells_in_view() == ()
    bench.column.cards[1].show_face(1)
    bench.settle()
    assert bench.column.cells_in_view() == (Cells(1, range(3), range(4)),)
    bench.column.turn(1)
    bench.settle()
    bench.column.verticalScrollBar().setValue(0)
    assert bench.column.cells_in_view()[0] == Cells(0, range(1), range(3))
    bench.column.turn(0)
    assert bench.column.cells_in_view() == ()
    bench.commit(scheme=NAIVE)
    bench.column.cards[1].show_face(1)
    bench.settle()
    assert bench.column.cells_in_view() == ()
    assert set(bench.column.in_view()[1]) == {(i, j) for i in range(3) for j in range(4)}
    assert set(bench.column.in_view()[0]) == {(0,), (1,), (2,)}


def test_scrolling_the_cells_brings_others_into_view(make: Make, qtbot: QtBot) -> None:
    bench = make((64, 64))
    bench.column.cards[1].show_face(1)
    bench.settle()
    bar = bench.column.cards[1].contributions.cells.verticalScrollBar()
    before = bench.column.cells_in_view()
    with qtbot.waitSignal(bench.column.view_changed):
        bar.setValue(bar.maximum())
    after = bench.column.cells_in_view()
    assert after[0].channels.start > before[0].channels.stop


def test_the_fold_turns_its_card_scrolls_to_it_and_plays(make: Make) -> None:
    bench = make((8, 8, 8), size=AT_1024)
    bench.store.update(reduced_motion=True)
    bench.column.set_state(bench.document.state)
    face = bench.column.cards[2].contributions
    bench.column.fold(2)
    bench.settle()
    assert face.isVisible()
    assert face.cells.contents.position == 10
    assert bench.column.viewport().rect().intersects(bench.place(face.cells))
    bench.column.fold(2)
    assert face.cells.contents.position == 0
    for _ in range(2):
        bench.column.fold(2, anew=True)
        assert face.cells.contents.position == 10


# The selection.


def seen(bench: Bench, layer: int, index: int) -> bool:
    """Whether a whole tile is on screen."""
    maps = bench.column.cards[layer].maps
    tile = maps.tile_rectangle(index).toRect()
    inside = maps.viewport().rect().contains(tile)
    corner = maps.viewport().mapTo(bench.column.viewport(), tile.topLeft())
    return inside and bench.column.viewport().rect().contains(QRect(corner, tile.size()))


def test_a_map_that_is_selected_from_elsewhere_is_scrolled_to(make: Make) -> None:
    bench = make((8, 60, 8, 60), size=AT_1024)
    for layer, filter_ in ((3, 59), (0, 0), (1, 31), (3, 0), (2, 7)):
        path = [0] * 8
        path[layer] = filter_
        bench.selection.select(Selection(layer, tuple(path)))
        assert seen(bench, layer, filter_), (layer, filter_)


def test_in_naive_too(make: Make) -> None:
    bench = make((8, 8, 8), NAIVE, size=AT_1024)
    bench.selection.select(Selection(2, (5, 6, 7) + (0,) * 5))
    assert seen(bench, 2, 6 * 8 + 7)
    bench.selection.select(Selection(1, (7, 0) + (0,) * 6))
    assert seen(bench, 1, 7 * 8)


def test_a_click_on_a_map_that_is_in_view_moves_nothing(make: Make) -> None:
    bench = make((8, 60, 60), size=AT_1024)
    bar = bench.column.verticalScrollBar()
    bar.setValue(130)
    QApplication.processEvents()
    maps = bench.column.cards[1].maps
    index = next(index for index in maps.visible() if seen(bench, 1, index) and index > 5)
    where = maps.tile_rectangle(index).center().toPoint()
    before = bar.value(), maps.verticalScrollBar().value()
    QTest.mouseClick(maps.viewport(), Qt.MouseButton.LeftButton, pos=where)
    assert bench.selection.current.address == (0, index)
    assert (bar.value(), maps.verticalScrollBar().value()) == before


def test_the_next_map_is_that_of_the_selected_layer(make: Make) -> None:
    bench = make((3, 4))
    bench.column.step_map(1)
    assert bench.selection.current == Selection()
    bench.selection.select(Selection(1, (2, 3) + (0,) * 6))
    bench.column.step_map(1)
    assert bench.selection.current.address == (2, 0)


def test_a_layer_fewer_takes_the_selection_to_one_that_is_left(make: Make) -> None:
    bench = make((3, 4, 5))
    bench.selection.select(Selection(2, (2, 3, 4) + (0,) * 5, (27, 27)))
    bench.commit(network=new_network((2,)))
    assert bench.selection.current.address == (1,)
    assert bench.column.cards[0].maps.selected == 1


def test_mutes_and_colours_ask_for_no_layout(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    bench = make((8, 8, 8))
    laid_out: list[int] = []
    share_out = LayerColumn._share_out

    def counted(column: LayerColumn, width: int) -> int:
        laid_out.append(width)
        return share_out(column, width)

    monkeypatch.setattr(LayerColumn, "_share_out", counted)
    network = toggle_mute(bench.document.state.network, 1, 0, 2)
    bench.commit(network=network)  # the button that counts them may need a line
    for face in range(3):
        bench.column.turn(face)
        bench.settle()
        laid_out.clear()
        bench.commit(network=toggle_mute(bench.document.state.network, 1, 0, face + 3))
        bench.store.update(contrast=(2, 4, 1)[face])
        bench.column.set_state(bench.document.state)
        bench.settle()
        assert not laid_out
    bench.commit(scheme=SHARED)
    assert laid_out
