"""The panel on how a map is made: what it says, what it folds, and what it changes."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
from numpy.typing import NDArray
from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtGui import QFont, QGuiApplication
from PySide6.QtWidgets import QApplication, QCheckBox, QLabel, QToolButton, QWidget
from pytestqt.qtbot import QtBot

from cnn_explorer.core.addresses import Address
from cnn_explorer.core.building import add_layer, new_network
from cnn_explorer.core.forward import Request, forward
from cnn_explorer.core.kernel_layers import Conv2d
from cnn_explorer.core.layers import Kind
from cnn_explorer.core.ledger import ledger_of
from cnn_explorer.core.network import Network
from cnn_explorer.core.schemes import ChannelScheme
from cnn_explorer.core.selection import Selection
from cnn_explorer.core.state import State
from cnn_explorer.gui.colouring import colouring_of
from cnn_explorer.gui.document import Document
from cnn_explorer.gui.making_panel import BOTH, MakingPanel
from cnn_explorer.gui.map_rows import MapRows
from cnn_explorer.gui.selection import SelectionModel
from cnn_explorer.gui.settings import SettingsStore
from cnn_explorer.gui.theme import apply_theme

NARROW, USUAL = (340, 600), (420, 780)


class Stage(NamedTuple):
    """A panel and all that it hangs on."""

    panel: MakingPanel
    document: Document
    selection: SelectionModel
    store: SettingsStore

    def compute(self) -> None:
        """What the worker and the window do after every change."""
        address = self.selection.current.address
        activations = forward(Request(self.document.state, making=address, method="matmul"))
        colouring = colouring_of(self.store.current, activations.maps)
        self.panel.show_making(activations.making, colouring)

    def button(self, text: str) -> QToolButton:
        found = [one for one in self.panel.findChildren(QToolButton) if one.text() == text]
        return found[0]

    def check(self, text: str) -> QCheckBox:
        found = [one for one in self.panel.findChildren(QCheckBox) if one.text() == text]
        return found[0]

    def rows(self) -> list[str]:
        """The rows of the whole map, in words."""
        return self.panel.map_rows.text().splitlines()

    def order(self) -> list[int]:
        """The maps that have a row, from the top."""
        return [int(row.split()[2][:-1]) for row in self.rows() if row.startswith("input")]


@pytest.fixture
def themed(qapp: QApplication) -> Iterator[None]:
    """The program's own buttons and scroll bars, which are smaller than Qt's."""
    apply_theme(qapp, "light")
    yield
    qapp.setStyleSheet("")


Open = Callable[..., Stage]


def drawing(seed: int = 0) -> NDArray[np.float32]:
    return np.random.default_rng(seed).random((28, 28), np.float32)


@pytest.fixture
def stage(qtbot: QtBot, tmp_path: Path) -> Open:
    def opened(
        filters: tuple[int, ...] = (3, 4),
        address: Address | None = (0, 1),
        *,
        pin: tuple[int, int] | None = (9, 4),
        size: tuple[int, int] = USUAL,
        scheme: ChannelScheme = ChannelScheme.REAL,
        network: Network | None = None,
        zoom: str = "map",
    ) -> Stage:
        network = network or new_network(filters, (3,), initialisation="he")
        document = Document(State(drawing(), network, scheme))
        selected = Selection() if address is None else Selection().at(address, pin)
        selection = SelectionModel(selected)
        store = SettingsStore(tmp_path / "settings.json")
        store.update(zoom=zoom)
        panel = MakingPanel(document, selection, store)
        qtbot.addWidget(panel)
        panel.setFont(QFont("DejaVu Sans", 10))
        panel.resize(*size)
        panel.show()
        result = Stage(panel, document, selection, store)
        result.compute()
        return result

    return opened


def test_without_a_map_it_says_what_to_do(stage: Open) -> None:
    empty = stage(address=None)
    shown = visible(empty.panel)
    assert [one.text() for one in shown if isinstance(one, QLabel)] == [
        "Click a map to see how it is made."
    ]
    assert len(shown) == 1
    empty.selection.select(Selection().at((0, 1)))
    empty.compute()
    assert empty.panel.map_rows.isVisible()
    assert len(empty.rows()) == 3


@pytest.mark.parametrize("size", [NARROW, USUAL])
@pytest.mark.parametrize("zoom", ["map", "pixel"])
def test_three_maps_have_room_without_scrolling(
    stage: Open, qtbot: QtBot, themed: None, size: tuple[int, int], zoom: str
) -> None:
    panel = stage(size=size, zoom=zoom, network=new_network((3, 4), (3,))).panel
    view = panel.map_rows if zoom == "map" else panel.pixel_rows
    other = panel.pixel_rows if zoom == "map" else panel.map_rows
    assert view.isVisible()
    assert not other.isVisible()
    # Qt hides a scroll bar only when it comes to it.
    qtbot.waitUntil(lambda: view.viewport().width() == view.width())
    assert view.verticalScrollBar().maximum() == 0
    assert panel.proof.geometry().top() >= view.geometry().bottom()
    lowest = max(one.geometry().bottom() for one in visible(panel))
    assert lowest < size[1]
    if zoom == "map":
        assert panel.map_rows._plan().cell(0, 0, (28, 28)).width() == {NARROW: 56, USUAL: 84}[size]


def visible(panel: MakingPanel) -> list[QWidget]:
    parts = panel.findChildren(QWidget, options=Qt.FindChildOption.FindDirectChildrenOnly)
    return [one for one in parts if one.isVisible()]


def test_a_wide_panel_shows_both_zooms(stage: Open) -> None:
    opened = stage(size=(BOTH, 900))
    left, right = opened.panel.map_rows, opened.panel.pixel_rows
    assert left.isVisible()
    assert right.isVisible()
    assert left.geometry().right() < right.geometry().left()
    assert not opened.button("Whole map").isVisible()
    opened.panel.resize(BOTH - 1, 900)
    assert not right.isVisible()


def test_the_switch_is_a_setting_both_ways(stage: Open, qtbot: QtBot) -> None:
    opened = stage()
    qtbot.mouseClick(opened.button("One pixel"), Qt.MouseButton.LeftButton)
    assert opened.store.current.zoom == "pixel"
    assert opened.panel.pixel_rows.isVisible()
    assert opened.panel.proof.isVisible()
    assert not opened.check("running sums").isVisible()
    opened.store.update(zoom="map")
    assert opened.button("Whole map").isChecked()
    assert opened.panel.map_rows.isVisible()


def sizes(opened: Stage) -> list[int]:
    """The input maps by the size of their contribution, computed another way."""
    making = opened.panel._making
    assert making is not None
    masses = [float(np.abs(part.astype(float)).sum()) for part in making.parts]
    return sorted(range(len(masses)), key=lambda i: -masses[i])


def test_what_does_not_fit_is_one_row_that_opens(stage: Open, qtbot: QtBot) -> None:
    opened = stage((24, 4))
    by_size = sizes(opened)
    shown = opened.order()
    assert 3 <= len(shown) < 24
    assert shown == by_size[: len(shown)]
    assert opened.rows()[-1].startswith(f"rest of {24 - len(shown)}: ")
    qtbot.keyClick(opened.panel.map_rows, Qt.Key.Key_End)
    qtbot.keyClick(opened.panel.map_rows, Qt.Key.Key_Return)
    assert opened.order() == by_size
    assert opened.panel.map_rows.verticalScrollBar().maximum() > 0
    assert opened.check("all 24").isChecked()
    opened.check("all 24").click()
    assert len(opened.order()) == len(shown)
    qtbot.mouseClick(opened.button("by index"), Qt.MouseButton.LeftButton)
    assert opened.store.current.order == "index"
    assert opened.order() == list(range(len(shown)))


def test_where_all_rows_fit_there_is_nothing_to_choose(stage: Open) -> None:
    opened = stage((3, 4))
    assert not opened.button("by size").isVisible()
    assert opened.order() == [0, 1, 2]
    opened.panel.resize(420, 420)
    assert opened.button("by size").isVisible()
    assert opened.rows()[-1].startswith("rest of ")


def test_rows_keep_their_places_while_the_pen_moves(stage: Open, qtbot: QtBot) -> None:
    opened = stage((8, 4), size=(420, 600))
    opened.check("all 8").click()
    for seed in range(1, 30):
        before = opened.order()
        ink = np.zeros((28, 28), np.float32)
        ink[seed % 20 :, :] = drawing(seed)[seed % 20 :, :]
        opened.document.preview(replace(opened.document.state, drawing=ink))
        opened.compute()
        assert opened.order() == before
        if sizes(opened) != before:
            break
    assert sizes(opened) != before
    qtbot.waitUntil(lambda: opened.order() == sizes(opened))


def test_another_map_has_its_own_order_at_once(stage: Open) -> None:
    opened = stage((8, 4), size=(420, 600))
    opened.check("all 8").click()
    before = opened.order()
    opened.selection.select(Selection().at((0, 2)))
    opened.compute()
    assert opened.order() == sizes(opened) != before


def test_unticking_mutes_one_contribution(stage: Open) -> None:
    opened = stage()
    opened.panel.map_rows.muted.emit(2)
    layer = opened.document.state.network.layers[1]
    assert layer.mutes_of(1).tolist() == [False, False, True]
    assert layer.muted_count == 1
    assert opened.document.undo_stack.undoText() == "Mute map 2 → 1 in Conv 2"
    opened.compute()
    assert "muted" in next(row for row in opened.rows() if row.startswith("input map 2"))
    assert "1 of 3 muted." in [one.text() for one in opened.panel.findChildren(QLabel)]
    opened.panel.pixel_rows.muted.emit(2)
    assert opened.document.state.network.layers[1].muted_count == 0
    assert opened.document.undo_stack.undoText() == "Unmute map 2 → 1 in Conv 2"


def test_a_double_click_solos(stage: Open) -> None:
    opened = stage()
    opened.panel.map_rows.soloed.emit(0)
    mutes = opened.document.state.network.layers[1].mutes_of(1)
    assert mutes.tolist() == [False, True, True]
    assert opened.document.undo_stack.undoText() == "Solo map 0 → 1 in Conv 2"
    alone = stage(address=(2,))
    alone.panel.map_rows.soloed.emit(0)
    assert not alone.document.undo_stack.canUndo()  # it is alone already
    alone.panel.map_rows.muted.emit(0)
    assert alone.document.undo_stack.undoText() == "Mute drawing → 2 in Conv 1"


def grouped() -> Network:
    first = new_network((4,), (3,)).layers[0]
    weight = np.ones((4, 2, 3, 3), np.float32)
    return Network((first, Conv2d(7, weight, None, groups=2)))


def test_positions_are_channels_of_the_group(stage: Open) -> None:
    opened = stage(network=grouped(), address=(0, 3))
    heard: list[object] = []
    opened.panel.channel_hovered.connect(heard.append)
    opened.panel.cell_hovered.connect(heard.append)
    opened.panel.map_rows.hovered.emit(1)
    opened.panel.pixel_rows.cell_hovered.emit((0, 2, 1))
    opened.panel.pixel_rows.cell_hovered.emit(None)
    opened.panel.map_rows.hovered.emit(None)
    assert heard == [3, (2, 2, 1), None, None]
    opened.panel.map_rows.muted.emit(1)
    assert opened.document.undo_stack.undoText() == "Mute map 3 → 3 in Conv 2"
    assert opened.document.state.network.layers[1].mutes_of(3).tolist() == [False, True]


def test_naive_mutes_the_pair_of_parent_and_filter(stage: Open) -> None:
    opened = stage(address=(2, 1), scheme=ChannelScheme.NAIVE)
    assert len(opened.rows()) == 1
    opened.panel.map_rows.muted.emit(0)
    assert opened.document.state.network.layers[1].mutes_of(1).tolist() == [False, False, True]
    said: list[str] = []
    alien = stage(network=grouped(), address=(0, 3), scheme=ChannelScheme.NAIVE)
    alien.panel.said.connect(said.append)
    alien.panel.map_rows.muted.emit(0)
    assert not alien.document.undo_stack.canUndo()
    assert said == [
        "Conv 2 has groups: filter 3 sees maps 2 to 3, so there is nothing of map 0 to mute."
    ]


def test_what_is_out_of_date_mutes_nothing(stage: Open) -> None:
    opened = stage()
    opened.document.open(State(drawing(), new_network((5,), (3,))))
    opened.panel.map_rows.muted.emit(2)
    assert not opened.document.undo_stack.canUndo()

    opened = stage()
    weights = opened.document.state.network
    opened.document.open(State(drawing(), new_network((3, 4), (3,), seed=7)))
    assert len(weights.layers) == len(opened.document.state.network.layers)
    for heard in (opened.panel.map_rows.muted, opened.panel.map_rows.soloed):
        heard.emit(2)
        assert not opened.document.undo_stack.canUndo()


def test_the_step_is_named_by_what_it_did(stage: Open) -> None:
    opened = stage()
    texts = []
    rows, stack = opened.panel.map_rows, opened.document.undo_stack
    for heard in (rows.muted, rows.muted, rows.soloed, rows.soloed):  # before any pass
        heard.emit(0)
        texts.append(stack.undoText())
    verbs = ["Mute", "Unmute", "Solo", "Unsolo"]
    assert texts == [f"{verb} map 0 → 1 in Conv 2" for verb in verbs]


def test_a_mute_under_the_pointer_is_told_again(stage: Open, qtbot: QtBot) -> None:
    opened = stage()
    rows = opened.panel.map_rows
    heard: list[object] = []
    opened.panel.channel_hovered.connect(heard.append)
    box = rows.row_rectangle(1).center()
    box.setX(12)
    qtbot.mouseMove(rows.viewport(), box)
    assert heard == [1]
    qtbot.mouseClick(rows.viewport(), Qt.MouseButton.LeftButton, pos=box)
    opened.compute()
    assert len(heard) > 1
    assert heard[-1] == 1


def test_positions_of_another_network_or_map_are_not_told(stage: Open, qtbot: QtBot) -> None:
    opened = stage()
    heard: list[object] = []
    opened.panel.channel_hovered.connect(heard.append)
    opened.panel.cell_hovered.connect(heard.append)
    opened.document.open(State(drawing(), new_network((5, 4), (3,))))
    opened.panel.map_rows.hovered.emit(1)
    opened.panel.pixel_rows.cell_hovered.emit((1, 0, 0))
    assert heard == [None, None]
    opened.compute()
    opened.panel.map_rows.hovered.emit(1)
    assert heard.pop() == 1
    heard.clear()
    opened.selection.select(Selection().at((3,)))
    opened.panel.map_rows.hovered.emit(1)
    assert heard == [None] * 3
    # Another map of the same network: what rests under the pointer is another input map.
    grouped_ = stage(network=grouped(), address=(0, 0))
    rows = grouped_.panel.map_rows
    qtbot.mouseMove(rows.viewport(), rows.row_rectangle(1).center())
    grouped_.panel.channel_hovered.connect(heard.append)
    heard.clear()
    grouped_.selection.select(Selection().at((0, 3)))
    grouped_.compute()
    assert heard == [None, 3]


def test_the_pixel_stays_until_the_next_map_is_there_but_is_not_copied(stage: Open) -> None:
    opened = stage(zoom="pixel")
    said: list[str] = []
    opened.panel.said.connect(said.append)
    QGuiApplication.clipboard().setText("before")
    opened.selection.select(Selection().at((0, 2), (5, 5)))
    opened.panel.resize(400, 700)
    assert "row 9, column 4" in opened.panel.pixel_rows.text()
    opened.button("CSV").click()
    assert said == ["The selected map is still being computed: copy its pixel in a moment."]
    assert QGuiApplication.clipboard().text() == "before"
    opened.compute()
    assert "row 5, column 5" in opened.panel.pixel_rows.text()
    opened.button("CSV").click()
    assert said[1:] == ["Copied Conv2[2] at row 5, column 5 as CSV."]


@pytest.mark.parametrize("name", ["text", "CSV", "LaTeX", "NumPy"])
def test_the_pixel_is_copied(stage: Open, name: str) -> None:
    opened = stage(zoom="pixel")
    said: list[str] = []
    opened.panel.said.connect(said.append)
    opened.button("Copy as text" if name == "text" else name).click()
    copied = QGuiApplication.clipboard().text()
    making = opened.panel._making
    assert making is not None
    subtotal = ledger_of(making, (9, 4)).subtotals[0]
    sought = {
        "text": subtotal.text,
        "CSV": subtotal.ascii,
        "LaTeX": subtotal.ascii,
        "NumPy": "import numpy",
    }
    assert sought[name] in copied
    assert said == [f"Copied Conv2[1] at row 9, column 4 as {name}."]


def test_without_a_pin_there_is_nothing_to_copy(stage: Open) -> None:
    opened = stage(zoom="pixel", pin=None)
    assert not opened.button("CSV").isVisible()
    opened.selection.select(Selection().at((0, 1), (3, 3)))
    assert opened.button("CSV").isVisible()
    assert "row 3, column 3" in opened.panel.pixel_rows.text()


def test_a_pin_of_another_map_or_outside_is_none(stage: Open) -> None:
    opened = stage(zoom="pixel", pin=(27, 27))
    opened.selection.select(Selection().at((0, 2), (5, 5)))
    assert "row 27" in opened.panel.pixel_rows.text()  # until the other map's making is there
    small = new_network((3, 4), (3,)).layers
    network = Network((small[0], replace(small[1], padding="valid")))
    opened = stage(zoom="pixel", pin=(27, 27), network=network)
    assert opened.panel.pixel_rows.ledger is None


class Requests(QObject):
    """Counts how often something asks for a new layout."""

    def __init__(self) -> None:
        super().__init__()
        self.count = 0

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802
        self.count += event.type() is QEvent.Type.LayoutRequest
        return False


@pytest.mark.parametrize("size", [USUAL, (700, 900)])
def test_a_frame_asks_for_no_new_layout(stage: Open, size: tuple[int, int]) -> None:
    opened = stage((24, 4), size=size)
    opened.document.preview(replace(opened.document.state, drawing=drawing(9)))
    opened.compute()
    QApplication.processEvents()
    requests = Requests()
    opened.panel.installEventFilter(requests)
    before = opened.panel.map_rows.grab().toImage()
    for seed in range(1, 5):
        state = opened.document.state
        opened.document.preview(replace(state, drawing=drawing(seed) * np.float32(0.9)))
        opened.compute()
        QApplication.processEvents()
    assert opened.panel.map_rows.grab().toImage() != before
    assert requests.count == 0


def test_the_keyboard_goes_to_the_rows_of_the_zoom(stage: Open, qtbot: QtBot) -> None:
    for zoom in ("map", "pixel"):
        for size in (USUAL, (700, 900)):
            opened = stage(zoom=zoom, size=size)
            opened.panel.activateWindow()
            opened.panel.focus_rows()
            view = opened.panel.map_rows if zoom == "map" else opened.panel.pixel_rows
            qtbot.waitUntil(view.hasFocus)


def test_running_sums_keep_within_the_colours(stage: Open) -> None:
    opened = stage((24, 4))
    before = opened.panel.map_rows.grab().toImage()
    opened.check("running sums").click()
    assert opened.panel.map_rows.grab().toImage() != before
    picture = opened.panel.map_rows._picture
    assert picture is not None
    values = picture.results(picture.rows)
    scale = picture.colours.parts
    assert scale.low <= values.min()
    assert values.max() <= scale.high


# Layers without kernels.


def with_last(*kinds: Kind) -> Network:
    state = State(drawing(), new_network((3,), (3,), initialisation="he"))
    for kind in kinds:
        state = replace(state, network=add_layer(state, kind))
    return state.network


def test_a_pooled_pixel_shows_its_window_and_the_cell_that_won(stage: Open) -> None:
    opened = stage(network=with_last("MaxPool2d"), address=(2, 2), pin=(5, 6), zoom="pixel")
    ledger = opened.panel.pixel_rows.ledger
    assert ledger is not None
    making = opened.panel._making
    assert making is not None
    window = making.maps[0][10:12, 12:14]
    np.testing.assert_array_equal(ledger.terms.window[0], window)
    np.testing.assert_array_equal(ledger.terms.kernel[0], window == window.max())
    row, column = np.unravel_index(window.argmax(), window.shape)
    text = opened.panel.pixel_rows.text()
    assert f"row {10 + row}, column {12 + column} won" in text
    assert "MaxPool1[2] at row 5, column 6" in text
    said = [one.text() for one in visible(opened.panel) if isinstance(one, QLabel)]
    assert "The first of the largest values wins; padding never does." in said
    assert "MaxPool1[2] = max of each 2×2 window of Conv1[2]".replace(", ", ",\u00a0") in said


@pytest.mark.parametrize("zoom", ["map", "pixel"])
@pytest.mark.parametrize("kind", ["MaxPool2d", "AvgPool2d", "BatchNorm2d"])
def test_what_has_no_kernels_has_no_mute_box_and_mutes_nothing(
    stage: Open, qtbot: QtBot, zoom: str, kind: Kind
) -> None:
    opened = stage(network=with_last(kind), address=(1, 1), pin=(5, 6), zoom=zoom)
    view = opened.panel.map_rows if zoom == "map" else opened.panel.pixel_rows
    before = opened.document.state
    view.grab()
    place = view.row_rectangle(0).center()
    place.setX(12)
    qtbot.mouseMove(view.viewport(), place)
    qtbot.mouseClick(view.viewport(), Qt.MouseButton.LeftButton, pos=place)
    view.setFocus()
    for key in (Qt.Key.Key_Home, Qt.Key.Key_Space, Qt.Key.Key_M, Qt.Key.Key_S, Qt.Key.Key_Return):
        qtbot.keyClick(view, key)
    for heard in (view.muted, view.soloed):
        heard.emit(0)
    assert opened.document.state is before
    assert not opened.document.undo_stack.canUndo()
    assert not opened.check("running sums").isVisible()
    proof = opened.panel._making
    assert proof is not None
    assert proof.proof.holds


@pytest.mark.parametrize("kind", ["MaxPool2d", "AvgPool2d", "BatchNorm2d"])
def test_a_box_is_painted_only_where_it_mutes(stage: Open, kind: Kind) -> None:
    """The first columns of a row: a box, or nothing."""
    with_box = stage((1, 1), address=(0, 0), pin=(5, 6))
    without = stage(network=with_last(kind), address=(1, 1), pin=(5, 6))

    def inked(rows: MapRows) -> int:
        image = rows.viewport().grab().toImage()
        middle = rows.row_rectangle(0).center().y()
        colours = {image.pixel(x, y) for x in range(2, 20) for y in range(middle - 7, middle + 8)}
        return len(colours)

    assert inked(with_box.panel.map_rows) > 1
    assert inked(without.panel.map_rows) == 1


def test_the_copies_of_a_pooled_pixel_say_what_it_is(stage: Open) -> None:
    opened = stage(network=with_last("AvgPool2d"), address=(2, 2), pin=(3, 4), zoom="pixel")
    said: list[str] = []
    opened.panel.said.connect(said.append)
    for name in ("Copy as text", "CSV", "LaTeX", "NumPy"):
        opened.button(name).click()
        assert "AvgPool1" in QGuiApplication.clipboard().text() or name == "CSV"
    assert said[0] == "Copied AvgPool1[2] at row 3, column 4 as text."
    names: dict[str, object] = {}
    exec(QGuiApplication.clipboard().text(), names)
    making = opened.panel._making
    assert making is not None
    assert names["value"] == pytest.approx(float(making.map[3, 4]), rel=1e-5)


def test_from_one_kind_to_another_and_back(stage: Open) -> None:
    """Each map's making replaces the one before: rows, boxes and note are its own."""
    network = with_last("MaxPool2d", "BatchNorm2d", "Conv2d")
    opened = stage(network=network, address=(0,), pin=(3, 4))
    for address, rows in (
        ((1, 1), 1), ((1, 1, 1), 1), ((1, 1, 1, 2), 3), ((1, 1), 1), ((2,), 1)
    ):  # fmt: skip
        opened.selection.select(Selection().at(address, (3, 4)))
        opened.compute()
        assert len(opened.rows()) == rows
        making = opened.panel._making
        assert making is not None
        assert making.address == address
        assert opened.panel.proof.isVisible()
        opened.panel.grab()
