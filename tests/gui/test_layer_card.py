"""A layer's card: what it says, its faces, its legend, its menu, the room it takes."""

from collections.abc import Callable, Iterator
from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QAction
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLabel, QLineEdit, QToolButton, QWidget
from pytestqt.qtbot import QtBot

from cnn_explorer.core import edit
from cnn_explorer.core.building import new_network
from cnn_explorer.core.forward import Activations, Request, forward
from cnn_explorer.core.kernel_edits import with_cell, with_filter_bias
from cnn_explorer.core.making import Cells
from cnn_explorer.core.mutes import toggle_input, toggle_mute
from cnn_explorer.core.network import Network
from cnn_explorer.core.schemes import ChannelScheme
from cnn_explorer.core.selection import Selection
from cnn_explorer.core.state import State
from cnn_explorer.gui.address_bar import AddressBar
from cnn_explorer.gui.colouring import colouring_of
from cnn_explorer.gui.document import Document
from cnn_explorer.gui.flow import OneLine
from cnn_explorer.gui.layer_card import LayerCard, described
from cnn_explorer.gui.legend import Legend
from cnn_explorer.gui.selection import SelectionModel
from cnn_explorer.gui.settings import Settings
from cnn_explorer.gui.theme import apply_theme
from cnn_explorer.gui.tiles import Spot
from cnn_explorer.io.digits import digit

REAL, NAIVE, SHARED = ChannelScheme.REAL, ChannelScheme.NAIVE, ChannelScheme.SHARED
NETWORK = new_network((3, 4, 5))


class Bench:
    """A card, told of the document's changes as the column tells it."""

    def __init__(
        self,
        qtbot: QtBot,
        layer: int = 1,
        scheme: ChannelScheme = REAL,
        network: Network = NETWORK,
    ) -> None:
        self.settings = Settings()
        self.document = Document(State(digit(7), network, scheme))
        self.selection = SelectionModel(Selection())
        self.page = QWidget()
        qtbot.addWidget(self.page)
        self.card = LayerCard(layer, self.document, self.selection, self.settings, self.page)
        self.layer = layer
        self.document.changed.connect(self.follow)
        self.room(470, 200, 400)
        with qtbot.waitExposed(self.page):
            self.page.show()
        self.room(470, 200, 400)

    def follow(self, new: State, old: State) -> None:
        self.card.set_state(new, self.settings)

    def room(self, width: int, share: int, most: int) -> None:
        self.page.resize(width, 900)
        self.card.set_room(width, share, most)
        self.card.resize(width, self.card.heightForWidth(width))
        QApplication.processEvents()

    def compute(self, settings: Settings | None = None) -> Activations:
        """A pass for what is in view, shown."""
        self.settings = settings or self.settings
        state = self.document.state
        in_view: list[tuple[tuple[int, ...], ...]] = [()] * len(state.network.layers)
        in_view[self.layer] = tuple(self.card.maps.addresses_in_view())
        shown = forward(Request(state, tuple(in_view), "matmul"))
        self.card.show_maps(shown, colouring_of(self.settings, shown.maps))
        return shown

    @property
    def shapes(self) -> str:
        line = self.card.findChild(OneLine)
        assert isinstance(line, OneLine)
        return line.text().replace("\N{THIN SPACE}", " ")

    @property
    def legend(self) -> str:
        legend = self.card.findChild(Legend)
        assert isinstance(legend, Legend)
        return legend.accessibleName().removeprefix("Colour scale ")

    @property
    def reason(self) -> str | None:
        """What the warning says, or None where there is none to be seen."""
        found = [
            label
            for label in self.card.findChildren(QLabel)
            if label.property("role") == "warning" and label.isVisible()
        ]
        assert len(found) <= 1
        return found[0].text() if found else None

    def button(self, name: str) -> QToolButton:
        found = [
            item
            for item in self.card.findChildren(QToolButton)
            if item.accessibleName().endswith(name)
        ]
        assert len(found) == 1
        return found[0]

    def click(self, name: str) -> None:
        QTest.mouseClick(self.button(name), Qt.MouseButton.LeftButton)


Make = Callable[..., Bench]


@pytest.fixture
def make(qtbot: QtBot) -> Iterator[Make]:
    benches: list[Bench] = []

    def make(*arguments: object) -> Bench:
        benches.append(Bench(qtbot, *arguments))  # type: ignore[arg-type]
        return benches[-1]

    yield make
    for bench in benches:
        bench.document.undo_stack.clear()


# What goes in and what comes out.


@pytest.mark.parametrize(
    ("scheme", "layer", "line"),
    [
        (REAL, 0, "28×28×1 → 3 filters of 3×3×<b>1</b> → 28×28×<b>3</b>"),
        (REAL, 1, "28×28×3 → 4 filters of 3×3×<b>3</b> → 28×28×<b>4</b>"),
        (REAL, 2, "28×28×4 → 5 filters of 3×3×<b>4</b> → 28×28×<b>5</b>"),
        (NAIVE, 0, "28×28×1 → 3 flat kernels of 3×3 → 28×28×<b>3</b>"),
        (NAIVE, 1, "28×28×3 → 4 flat kernels of 3×3 on every map → 28×28×<b>12</b> = 3 × 4"),
        (NAIVE, 2, "28×28×12 → 5 flat kernels of 3×3 on every map → 28×28×<b>60</b> = 3 × 4 × 5"),
        (SHARED, 0, "28×28×1 → 3 flat kernels of 3×3 → 28×28×<b>3</b>"),
        (SHARED, 1, "28×28×3 → 4 flat kernels of 3×3, summed → 28×28×<b>4</b>"),
    ],
)
def test_the_shape_line(make: Make, scheme: ChannelScheme, layer: int, line: str) -> None:
    assert make(layer, scheme).shapes == line


def test_the_shape_line_follows_the_network(make: Make) -> None:
    bench = make()
    network = edit.with_stride(edit.with_kernel_size(edit.with_filters(NETWORK, 1, 1), 1, 5), 1, 2)
    bench.document.commit("x", replace(bench.document.state, network=network))
    assert bench.shapes == "28×28×3 → 1 filter of 5×5×<b>3</b> → 14×14×<b>1</b>"
    bench.document.commit("x", replace(bench.document.state, scheme=SHARED))
    assert bench.shapes == "28×28×3 → 1 flat kernel of 5×5, summed → 14×14×<b>1</b>"
    bench.document.undo_stack.undo()
    bench.document.undo_stack.undo()
    assert bench.shapes == "28×28×3 → 4 filters of 3×3×<b>3</b> → 28×28×<b>4</b>"


def test_huge_counts_are_short(make: Make) -> None:
    shapes = make(7, NAIVE, new_network((64,) * 8, (1,))).shapes
    assert shapes.startswith("28×28×4.4 × 10¹² → 64 flat kernels of 1×1 on every map → ")
    assert shapes.endswith("<b>2.8 × 10¹⁴</b> = " + " × ".join(["64"] * 8))


# The faces.


def test_it_has_three_faces(make: Make) -> None:
    bench = make()
    card = bench.card
    changed: list[int] = []
    card.room_changed.connect(lambda: changed.append(1))
    assert card.maps.isVisible()
    assert not card.kernels.isVisible()
    assert card.face is card.maps
    bench.click("Kernels")
    assert not card.maps.isVisible()
    assert card.kernels.isVisible()
    assert card.face is card.kernels
    assert changed
    assert bench.button("Kernels").isChecked()
    bench.click("Maps")
    assert card.maps.isVisible()
    bench.click("Contributions")
    assert not card.maps.isVisible()
    assert card.contributions.isVisible()
    assert card.face is card.contributions.cells
    card.show_face(2)
    assert not card.contributions.isVisible()
    assert card.kernels.isVisible()
    assert bench.button("Kernels").isChecked()
    assert not bench.button("Maps").isChecked()


def test_the_faces_are_reached_and_turned_by_keyboard(make: Make) -> None:
    bench = make()
    for name in ("Maps", "Contributions", "Kernels", "move or remove"):
        assert bench.button(name).focusPolicy() & Qt.FocusPolicy.TabFocus
        assert bench.button(name).accessibleName().startswith("Conv 2: ")
    QTest.keyClick(bench.button("Kernels"), Qt.Key.Key_Space)
    assert bench.card.kernels.isVisible()


# Contributions.


def test_the_button_counts_mutes_and_takes_them_back(make: Make) -> None:
    bench = make()
    button = bench.button("unmute all")
    assert not button.isVisible()
    state = bench.document.state
    muted = toggle_input(toggle_mute(NETWORK, 1, 0, 2), 1, 1)
    bench.document.commit("x", replace(state, network=muted))
    assert button.isVisible()
    assert button.text() == "5 muted"
    bench.click("unmute all")
    assert bench.document.state.network.layers[1].muted_count == 0
    assert not button.isVisible()
    assert bench.document.undo_stack.undoText() == "Unmute Conv 2"


def test_the_button_counts_edits_and_takes_them_back(make: Make) -> None:
    bench = make()
    button = bench.button("reset what was edited")
    assert not button.isVisible()
    state = bench.document.state
    edited = with_filter_bias(with_cell(NETWORK, 1, 2, 1, (0, 1), 9), 1, 0, 9)
    total = NETWORK.conv(1).weight[..., 0, 0].size
    bench.document.commit("x", replace(state, network=edited))
    assert button.isVisible()
    assert button.text() == "2 edited"
    assert button.accessibleDescription() == f"1 of {total} kernels and 1 bias edited"
    bench.click("reset what was edited")
    weight = bench.document.state.network.conv(1).weight
    assert weight.tobytes() == NETWORK.conv(1).weight.tobytes()
    assert not button.isVisible()
    assert bench.document.undo_stack.undoText() == "Reset Conv 2"


def test_a_cell_under_the_pointer_is_described(make: Make) -> None:
    bench = make()
    told: list[str] = []
    joined: list[tuple[int, int | None, int | None]] = []
    bench.card.described.connect(told.append)
    bench.card.pointed.connect(lambda *pair: joined.append(pair))
    bench.card.show_face(1)
    cells = Cells(1, range(3), range(4))
    shown = forward(Request(bench.document.state, (), "matmul", cells=(cells,)))
    bench.card.show_maps(shown, colouring_of(bench.settings, shown.maps))
    bench.card.contributions.cells.hovered.emit(Spot(4 * 1 + 2, 3, 4))
    number = f"{shown.blocks[0].parts[1, 2, 3, 4]:z.4f}".replace("-", "−")
    title = "Conv 2 · map 1 \N{ASTERISK OPERATOR} kernel [:, :, 1, 2]"
    assert told == [f"{title} · row 3, column 4 · {number}"]
    for pair, text in (
        ((1, None), "Conv 1 · map 1 · a click mutes it for all of Conv 2"),
        ((None, 2), "Conv 2 · filter 2"),
        ((None, None), ""),
    ):
        bench.card.contributions.cells.joined.emit(*pair)
        assert told[-1] == text
        assert joined[-1] == (1, *pair)
    bench.card.contributions.cells.joined.emit(4, 2)
    assert joined[-1] == (1, None, 2)  # a map at the bottom has no row's input


# The legend.


def three(value: float) -> str:
    return "0" if value == 0 else f"{value:.3g}".replace("-", "−")


@pytest.mark.parametrize("scheme", [REAL, SHARED])
def test_the_legend_prints_the_range_of_the_layers_maps(make: Make, scheme: ChannelScheme) -> None:
    network = edit.with_activation(NETWORK, 1, "none")
    bench = make(1, scheme, network)
    maps = bench.compute().maps[1]
    assert maps.min() < 0
    assert bench.legend == f"{three(float(maps.min()))} to {three(float(maps.max()))}"


def test_the_legend_of_maps_without_negative_values_begins_at_zero(make: Make) -> None:
    bench = make()
    maps = bench.compute().maps[1]
    assert bench.legend == f"0 to {three(float(maps.max()))}"


@pytest.mark.parametrize("contrast", [2, 4])
def test_contrast_shows_where_colours_are_clipped(make: Make, contrast: int) -> None:
    bench = make(1, REAL, edit.with_activation(NETWORK, 1, "none"))
    maps = bench.compute(Settings(contrast=contrast)).maps[1]
    least, most = float(maps.min()), float(maps.max())
    end = max(-least, most) / contrast
    low = f"≤ {three(-end)}" if least < -end else three(least)
    high = f"≥ {three(end)}" if most > end else three(most)
    assert bench.legend == f"{low} to {high}"
    assert "≥" in bench.legend or "≤" in bench.legend


def test_the_legend_follows_the_choice_of_the_scale(make: Make) -> None:
    bench = make()
    shown = bench.compute(Settings(colour_scale="network"))
    assert bench.legend == f"0 to {three(max(float(maps.max()) for maps in shown.maps))}"
    bench.compute(Settings(colour_scale="map"))
    assert bench.legend == "each map its own scale"


def test_in_naive_the_legend_says_that_it_is_of_the_maps_in_view(make: Make) -> None:
    bench = make(1, NAIVE)
    maps = bench.compute().maps[1]
    assert 0 < len(maps) <= 12
    assert bench.legend == f"0 to {three(float(maps.max()))} maps in view"
    bench.compute(Settings(colour_scale="map"))
    assert bench.legend == "each map its own scale"


@pytest.mark.parametrize("scheme", list(ChannelScheme))
def test_the_legend_of_kernels_prints_their_range(make: Make, scheme: ChannelScheme) -> None:
    bench = make(1, scheme)
    bench.compute()
    bench.click("Kernels")
    weight = NETWORK.layers[1].weight
    kernel = {REAL: weight, NAIVE: weight.sum(axis=1), SHARED: weight.mean(axis=1)}[scheme]
    expected = f"{three(float(kernel.min()))} to {three(float(kernel.max()))} kernels"
    assert bench.legend == expected
    bench.compute()  # a new pass of the maps leaves it alone
    assert bench.legend == expected
    bench.click("Maps")
    assert "kernels" not in bench.legend


# Why something cannot be.


def test_the_reason_comes_and_goes(make: Make) -> None:
    bench = make()
    changed: list[int] = []
    bench.card.room_changed.connect(lambda: changed.append(1))
    assert bench.reason is None
    bench.card.fields.filters.setValue(0)
    assert bench.reason == "Conv 2: filters must be 1 to 256, not 0."
    assert len(changed) == 1
    bench.card.fields.filters.setValue(5)
    assert bench.reason is None
    assert len(changed) > 1


def test_the_reason_goes_when_the_network_becomes_another(make: Make) -> None:
    bench = make()
    bench.card.fields.filters.setValue(6)
    bench.card.fields.filters.setValue(300)
    assert bench.reason is not None
    bench.document.undo_stack.undo()
    assert bench.reason is None


def test_the_reason_of_an_address_stands_in_the_card(make: Make) -> None:
    bench = make(1, NAIVE)
    bar = bench.card.findChild(AddressBar)
    assert isinstance(bar, AddressBar)
    field = bar.findChild(QLineEdit)
    assert isinstance(field, QLineEdit)
    QTest.keyClicks(field, "9.9")
    QTest.keyClick(field, Qt.Key.Key_Return)
    assert bench.reason == "Part 1 of the address 9.9 is 9, but Conv 1 has filters 0 to 2."
    field.clear()
    QTest.keyClicks(field, "1.2")
    assert bench.reason is None
    QTest.keyClick(field, Qt.Key.Key_Return)
    assert bench.selection.current.address == (1, 2)


# The menu.


def menu_of(bench: Bench) -> dict[str, QAction]:
    """The entries that can be seen, after the menu was asked for."""
    menu = bench.button("move or remove").menu()
    menu.aboutToShow.emit()
    return {
        action.text().replace("&", ""): action
        for action in menu.actions()
        if action.isVisible() and not action.isSeparator()
    }


@pytest.mark.parametrize(
    ("layer", "network", "entries"),
    [
        (0, NETWORK, ["More settings", "Move down", "Remove this layer"]),
        (1, NETWORK, ["More settings", "Move up", "Move down", "Remove this layer"]),
        (2, NETWORK, ["More settings", "Move up", "Remove this layer"]),
        (0, new_network((3,)), ["More settings"]),
    ],
)
def test_the_menu_has_what_can_be_done(
    make: Make, layer: int, network: Network, entries: list[str]
) -> None:
    assert list(menu_of(make(layer, REAL, network))) == entries


def test_the_menu_asks_for_moves_and_removal(make: Make) -> None:
    bench = make()
    asked: list[tuple[int, ...]] = []
    bench.card.moved.connect(lambda layer, to: asked.append((layer, to)))
    bench.card.removed.connect(lambda layer: asked.append((layer,)))
    for name in ("Move up", "Move down", "Remove this layer"):
        menu_of(bench)[name].trigger()
    assert asked == [(1, 0), (1, 2), (1,)]


# What the pointer is on.


@pytest.mark.parametrize(
    ("scheme", "title"), [(REAL, "Conv 2 · map 3"), (NAIVE, "Conv 2 · map 0.3")]
)
def test_the_pixel_under_the_pointer_is_described(
    make: Make, scheme: ChannelScheme, title: str
) -> None:
    bench = make(1, scheme)
    shown = bench.compute()
    told: list[str] = []
    bench.card.described.connect(told.append)
    bench.card.maps.hovered.emit(Spot(3, 11, 16))
    values = shown.find((0, 3))
    assert values is not None
    assert told == [f"{title} · row 11, column 16 · {values[11, 16]:.4f}"]
    bench.card.maps.hovered.emit(None)
    assert told[-1] == ""


def test_a_pixel_that_is_not_computed_says_so(make: Make) -> None:
    bench = make()
    told: list[str] = []
    bench.card.described.connect(told.append)
    bench.card.maps.hovered.emit(Spot(3, 1, 2))
    assert told == ["Conv 2 · map 3 · row 1, column 2 · not computed"]


def test_a_weight_under_the_pointer_is_described(make: Make) -> None:
    bench = make()
    told: list[str] = []
    bench.card.described.connect(told.append)
    bench.card.show_face(2)
    bench.card.kernels.hovered.emit(Spot(4 * 2 + 3, 1, 0))
    weight = float(NETWORK.layers[1].weight[3, 2, 1, 0])
    number = f"{weight:.4f}".replace("-", "−")
    assert told[-1:] == [f"Conv 2 · kernel [:, :, 2, 3] · row 1, column 0 · {number}"]


@pytest.mark.parametrize(
    ("value", "number"), [(-1.5, "−1.5000"), (-0.00001, "0.0000"), (2.0, "2.0000")]
)
def test_numbers_have_a_true_minus_and_no_negative_zero(value: float, number: str) -> None:
    assert described("x", Spot(0, 1, 2), value) == f"x · row 1, column 2 · {number}"


def test_a_double_click_on_a_map_is_passed_on(make: Make, qtbot: QtBot) -> None:
    bench = make()
    with qtbot.waitSignal(bench.card.activated):
        bench.card.maps.activated.emit(Spot(0, 0, 0))


# How much room.


@pytest.fixture(params=[9, 10, 15])
def themed(qapp: QApplication, request: pytest.FixtureRequest) -> Iterator[None]:
    font = qapp.font()
    font.setPointSizeF(request.param)
    qapp.setFont(font)
    apply_theme(qapp, "light")
    yield
    qapp.setStyleSheet("")


@pytest.mark.usefixtures("themed")
@pytest.mark.parametrize("width", [430, 470, 600, 760])
@pytest.mark.parametrize("scheme", list(ChannelScheme))
def test_it_knows_how_high_it_is_without_its_tiles(
    make: Make, scheme: ChannelScheme, width: int
) -> None:
    bench = make(2, scheme)
    bench.compute()
    for reason in ("", "A reason that is so long that it takes several lines. " * 4):
        bench.card.fields.said.emit(reason)
        bench.room(width, 200, 400)
        card = bench.card
        for face in range(3):
            card.show_face(face)
            QApplication.processEvents()
            height = card.chrome_height(width) + card.face_height
            assert height == card.heightForWidth(width)


@pytest.mark.usefixtures("themed")
def test_it_knows_its_height_as_soon_as_its_words_change(make: Make) -> None:
    bench = make(2)
    bench.compute()
    changed = False
    for width in range(430, 700, 30):
        bench.room(width, 200, 400)
        before = bench.card.chrome_height(width)
        for scheme in (NAIVE, REAL):
            state = replace(bench.document.state, scheme=scheme)
            bench.card.set_state(state, bench.settings)
            at_once = bench.card.chrome_height(width)
            changed |= at_once != before
            QApplication.processEvents()
            assert at_once == bench.card.chrome_height(width)
    assert changed


def test_its_tiles_get_the_room_that_is_theirs(make: Make) -> None:
    bench = make()
    for width, share in ((470, 150), (700, 300), (1500, 250)):
        bench.room(width, share, 600)
        for face in (bench.card.maps, bench.card.kernels):
            assert face.mosaic.size[0] <= width
        assert bench.card.maps.height() <= share
        side = bench.card.maps.mosaic.tile[0]
        larger = side + 28
        assert larger > 196 or 4 * larger > width - 50 or larger + 22 > share - 12


@pytest.mark.usefixtures("themed")
def test_nothing_makes_it_wider_than_it_is_told(make: Make) -> None:
    bench = make(7, NAIVE, new_network((64,) * 8, (1,)))
    bench.selection.select(Selection(7, (63,) * 8))
    bench.compute(Settings(colour_scale="map", contrast=4))
    assert bench.card.minimumSizeHint().width() <= 430


def test_a_longer_legend_that_needs_a_line_of_its_own_asks_for_room(make: Make) -> None:
    bench = make()
    bench.compute()
    wraps = [
        width
        for width in range(700, 300, -1)
        if bench.card.chrome_height(width) > bench.card.chrome_height(width + 1)
    ]
    asked = []
    changed: list[int] = []
    bench.card.room_changed.connect(lambda: changed.append(1))
    for width in wraps:  # one of them is the legend's, the others those of fields and faces
        bench.compute(Settings())
        bench.room(width + 1, 200, 400)
        bench.compute()
        changed.clear()
        bench.compute()
        assert not changed
        bench.compute(Settings(contrast=4, colour_scale="network"))
        asked.append(len(changed))
    assert sorted(asked)[-2:] == [0, 1]


def test_a_card_that_is_about_to_go_stays_as_it_is(make: Make) -> None:
    bench = make(2)
    before = bench.shapes
    short = replace(bench.document.state, network=new_network((3, 4)))
    bench.document.commit("x", short)
    assert bench.shapes == before
    assert np.isfinite(bench.card.chrome_height(470))


def test_maps_and_contributions_that_are_out_of_date_are_dimmed(make: Make) -> None:
    bench = make()
    bench.card.show_face(1)
    cells = Cells(1, range(3), range(4))
    shown = forward(Request(bench.document.state, (), "matmul", cells=(cells,)))
    bench.card.show_maps(shown, colouring_of(bench.settings, shown.maps))
    for face in (0, 1):
        bench.card.show_face(face)
        bench.room(470, 300, 400)
        viewport = bench.card.face.viewport()
        fresh = viewport.grab().toImage()
        bench.card.set_stale(True)
        assert viewport.grab().toImage() != fresh
        bench.card.set_stale(False)
        assert viewport.grab().toImage() == fresh


def test_a_face_that_was_hidden_follows_once_it_is_shown(make: Make) -> None:
    bench = make()
    more = edit.with_filters(NETWORK, 1, 7)
    bench.document.commit("x", replace(bench.document.state, network=more, scheme=SHARED))
    for face, lines in ((1, 3 + 2), (2, 1)):
        bench.card.show_face(face)
        assert bench.card.tile_count() == 7 * lines


def test_a_reason_is_said_until_the_next_edit(make: Make) -> None:
    bench = make()
    bench.card.say("No.")
    assert bench.reason == "No."
    bench.card.set_state(bench.document.state, bench.settings)
    assert bench.reason is None
