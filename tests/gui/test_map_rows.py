"""The rows of a map: their pictures, what is folded, and the ways to mute."""

import gc
import weakref
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PySide6.QtCore import QEvent, QPoint, QPointF, QRectF, Qt
from PySide6.QtGui import QFont, QFontMetrics, QImage, QKeyEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from cnn_explorer.core.building import new_network
from cnn_explorer.core.display import Scale, colour
from cnn_explorer.core.forward import Request, forward
from cnn_explorer.core.kernel_layers import Linear
from cnn_explorer.core.layers import GlobalAvgPool2d
from cnn_explorer.core.making import Making
from cnn_explorer.core.mutes import toggle_mute
from cnn_explorer.core.network import Network
from cnn_explorer.core.state import State
from cnn_explorer.gui.colouring import MakingColours, colouring_of, making_colours
from cnn_explorer.gui.map_picture import REST
from cnn_explorer.gui.map_plan import EDGE, small
from cnn_explorer.gui.map_rows import MapRows
from cnn_explorer.gui.settings import Settings

Show = Callable[..., MapRows]


def made(
    filters: tuple[int, ...] = (3, 4), mute: tuple[int, ...] = (), address: tuple[int, ...] = (0, 1)
) -> tuple[Making, MakingColours]:
    network = new_network(filters, (3,), initialisation="he")
    for channel in mute:
        network = toggle_mute(network, len(address) - 1, address[-1], channel)
    return of_network(network, address)


def of_network(network: Network, address: tuple[int, ...] = (0, 1)) -> tuple[Making, MakingColours]:
    drawing = np.random.default_rng(1).random((28, 28), np.float32)
    activations = forward(Request(State(drawing, network), making=address, method="matmul"))
    assert activations.making is not None
    colouring = colouring_of(Settings(), activations.maps)
    return activations.making, making_colours(activations.making, colouring)


@pytest.fixture
def show(qtbot: QtBot) -> Show:
    def shown(
        making: tuple[Making, MakingColours],
        order: list[int] | None = None,
        rest: tuple[int, ...] = (),
        size: tuple[int, int] = (400, 800),
        pixel: tuple[int, int] | None = None,
        running: bool = False,
    ) -> MapRows:
        rows = MapRows()
        qtbot.addWidget(rows)
        rows.setFont(QFont("DejaVu Sans", 10))
        rows.set_running(running)
        order = list(range(len(making[0].channels))) if order is None else order
        rows.show_making(making[0], pixel, order, list(rest), making[1])
        rows.resize(*size)
        rows.show()
        return rows

    return shown


def place_of(rows: MapRows, position: int, column: int) -> QRectF:
    """Where a row's input map (0), kernel (1) or contribution (2) is."""
    assert rows._picture is not None
    top = rows.row_rectangle(position).top()
    return rows._plan().cell(column, top, rows._picture.shape(column))


def cell(rows: MapRows, position: int, column: int, shape: tuple[int, ...]) -> np.ndarray:
    """Colours on screen of a row's picture, one pixel for each value; blue, green, red."""
    place = place_of(rows, position, column).toRect()
    image = rows.viewport().grab(place).toImage().convertToFormat(QImage.Format.Format_RGB32)
    pixels = np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), image.width(), 4)
    factor = image.width() // shape[1]
    assert (image.height(), image.width()) == (shape[0] * factor, shape[1] * factor)
    blocks = pixels.reshape(shape[0], factor, shape[1], factor, 4)
    assert (blocks == blocks[:, :1, :, :1]).all()  # nearest neighbour
    return blocks[:, 0, :, 0, :3].copy()


def expected(values: np.ndarray, colours: MakingColours, scale: Scale) -> np.ndarray:
    return colour(values, colours.colours, scale)[..., :3]


def test_a_row_shows_the_map_its_kernel_and_its_contribution(show: Show) -> None:
    making, colours = made()
    rows = show((making, colours), order=[2, 0, 1])
    for position in range(3):
        for column, values, scale in (
            (0, making.maps, colours.maps),
            (1, making.kernels, colours.kernels),
            (2, making.parts, colours.parts),
        ):
            value = values[position]
            np.testing.assert_array_equal(
                cell(rows, position, column, value.shape), expected(value, colours, scale)
            )
    tops = [rows.row_rectangle(position).top() for position in (2, 0, 1)]
    assert tops == sorted(tops)


def test_running_sums_add_the_rows_up_and_leave_the_muted_out(show: Show) -> None:
    making, colours = made((4, 4), mute=(3,))
    order, total = [2, 3, 0, 1], np.zeros((28, 28), np.float32)
    rows = show((making, colours), order=order, running=True)
    for position in order:
        if position == 3:
            continue  # it is struck through
        total = total + making.parts[position]
        wanted = expected(total, colours, colours.parts).astype(int)
        found = cell(rows, position, 2, total.shape).astype(int)
        assert np.abs(found - wanted).max() <= 4  # a rounding may be another colour


def test_the_rest_is_the_exact_sum_of_what_is_folded(show: Show) -> None:
    making, colours = made((6, 4), mute=(5,))
    rows = show((making, colours), order=[1, 0], rest=(4, 5, 2, 3))
    total = making.parts[[4, 2, 3]].sum(axis=0)
    np.testing.assert_array_equal(
        cell(rows, REST, 2, total.shape), expected(total, colours, colours.parts)
    )
    masses = np.abs(making.parts[:5].astype(float)).sum(axis=(1, 2))
    share = round(100 * masses[2:5].sum() / masses.sum())
    assert rows.text().splitlines()[-1].startswith(f"rest of 4: {share} % of all")


def test_a_row_in_words(show: Show) -> None:
    making, colours = made(mute=(1,))
    masses = np.abs(making.parts.astype(float)).sum(axis=(1, 2))
    share = 100 * masses / (masses[0] + masses[2])
    assert show((making, colours)).text().splitlines() == [
        f"input map 0: {share[0]:.0f} % of all, kernel [:, :, 0, 1], not muted",
        "input map 1: kernel [:, :, 1, 1], muted",
        f"input map 2: {share[2]:.0f} % of all, kernel [:, :, 2, 1], not muted",
    ]
    drawing = show(made(address=(2,))).text()
    assert drawing == "the drawing: 100 % of all, kernel [:, :, 0, 2], not muted"


def test_the_rows_of_a_dense_layer_speak_of_weights(show: Show) -> None:
    dense = Linear(2, np.array([[[[1]], [[3]]]], np.float32), None, activation="none")
    body = new_network((2,), (3,)).layers[0]
    rows = show(of_network(Network((body, GlobalAvgPool2d(1, 2), dense)), (0, 0, 0)))
    assert [line.split("all, ")[1] for line in rows.text().splitlines()] == [
        "weight [0, 0], not muted",
        "weight [1, 0], not muted",
    ]


@pytest.mark.parametrize("value", [0.0, np.nan, np.inf])
def test_parts_without_a_share(show: Show, value: float) -> None:
    making, colours = made()
    parts = np.full_like(making.parts, value)
    making = replace(making, parts=parts, masses=np.full((len(parts), 2), value))
    rows = show((making, colours))
    rows.grab()
    share = "0 % of all" if value == 0 else "no number"
    assert rows.text().count(share) == 3


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    width=st.integers(300, 700),
    height=st.integers(260, 1200),
    count=st.sampled_from([1, 3, 8, 40]),
    text=st.sampled_from([8, 10, 16]),
)
def test_pictures_are_whole_multiples_in_columns(
    show: Show, width: int, height: int, count: int, text: int
) -> None:
    making = MAKINGS[count]
    rows = show(making, size=(width, height))
    rows.setFont(QFont("DejaVu Sans", text))
    fitting = rows.fitting(making[0], width, height)
    assert 1 <= fitting <= count
    cells = [place_of(rows, 0, column) for column in range(3)]
    for place, side in zip(cells, (28, 3, 28), strict=True):
        assert place.width() % side == 0
        assert (place.x(), place.y()) == (round(place.x()), round(place.y()))
    assert cells[0].right() < cells[1].left()
    assert cells[1].right() < cells[2].left()
    if text <= 10:
        assert cells[2].right() < width - 40
        assert rows.horizontalScrollBar().maximum() == 0
    if fitting == count:
        assert rows.verticalScrollBar().maximum() == 0
        assert rows.row_rectangle(count - 1).bottom() < height
    rows.close()


MAKINGS = {count: made((count, 2)) for count in (1, 3, 8, 40)}


def test_a_check_box_mutes_and_a_double_click_solos(show: Show, qtbot: QtBot) -> None:
    rows = show(made())
    muted: list[int] = []
    soloed: list[int] = []
    opened: list[int] = []
    rows.muted.connect(muted.append)
    rows.soloed.connect(soloed.append)
    rows.kernel_opened.connect(opened.append)
    row = rows.row_rectangle(2)
    left = Qt.MouseButton.LeftButton
    check = QPoint(row.left() + 12, row.center().y())
    qtbot.mouseClick(rows.viewport(), left, pos=check)
    assert (muted, soloed) == ([2], [])
    middle = place_of(rows, 1, 0).center().toPoint()
    qtbot.mouseClick(rows.viewport(), left, pos=middle)
    assert (muted, soloed) == ([2], [])
    QTest.mouseDClick(rows.viewport(), left, pos=middle)
    assert (muted, soloed) == ([2], [1])
    kernel = place_of(rows, 1, 1).center().toPoint()
    QTest.mouseDClick(rows.viewport(), left, pos=kernel)
    assert (muted, soloed, opened) == ([2], [1], [1])
    QTest.mouseDClick(rows.viewport(), left, pos=check)
    assert soloed == [1]
    assert len(muted) > 1
    assert set(muted) == {2}


def test_hovering_tells_the_row(show: Show, qtbot: QtBot) -> None:
    rows = show(made((6, 4)), order=[3, 1], rest=(0, 2, 4, 5))
    hovered: list[int | None] = []
    rows.hovered.connect(hovered.append)
    for position in (3, 1, REST):
        qtbot.mouseMove(rows.viewport(), rows.row_rectangle(position).center())
    assert hovered == [3, 1, None]
    qtbot.mouseMove(rows.viewport(), rows.row_rectangle(1).center())
    QApplication.sendEvent(rows.viewport(), QEvent(QEvent.Type.Leave))
    assert hovered[3:] == [1, None]


def test_what_comes_under_a_resting_pointer_is_told(show: Show, qtbot: QtBot) -> None:
    making = MAKINGS[8]
    rows = show(making, size=(360, 420))
    hovered: list[int | None] = []
    rows.hovered.connect(hovered.append)
    qtbot.mouseMove(rows.viewport(), rows.row_rectangle(1).center())
    bar, pitch = rows.verticalScrollBar(), rows._plan().pitch
    bar.setValue(pitch)
    rows.show_making(making[0], None, [7, 6, 5, 4, 3, 2, 1, 0], [], making[1])
    assert hovered == [1, 2, 5]
    bar.setValue(0)
    assert hovered.pop() == 6
    rows.move(rows.x(), rows.y() - pitch)
    assert hovered[3:] == [5]
    rows.hide()
    assert hovered[3:] == [5, None]


def test_a_key_that_is_held_mutes_once(show: Show) -> None:
    rows = show(made())
    heard: list[int] = []
    rows.muted.connect(heard.append)
    rows.soloed.connect(heard.append)
    for modifier in (Qt.KeyboardModifier.NoModifier, Qt.KeyboardModifier.ShiftModifier):
        for repeated in (False, True, True):
            event = QKeyEvent(QKeyEvent.Type.KeyPress, Qt.Key.Key_Space, modifier, " ", repeated)
            QApplication.sendEvent(rows, event)
            assert event.isAccepted()
    assert heard == [0, 0]


def test_replaced_networks_are_let_go(show: Show) -> None:
    rows = show(made())
    networks = []
    for seed in range(3):
        network = new_network((3, 4), (3,), seed=seed)
        making, colours = of_network(network)
        networks.append(weakref.ref(network))
        rows.show_making(making, None, [0, 1, 2], [], colours)
        rows.grab()
        del network, making
    gc.collect()
    assert [one() is None for one in networks] == [True, True, False]


def test_every_share_has_room_in_its_column(show: Show) -> None:
    for width in (300, 400):
        rows = show(made(address=(2,)), size=(width, 800))
        plan, metrics = rows._plan(), QFontMetrics(small(rows.font()))
        room = plan.width - plan.share - EDGE
        assert room >= metrics.horizontalAdvance("100 %" if width == 300 else "100 % of all")


def test_the_keyboard_walks_mutes_solos_and_opens(show: Show, qtbot: QtBot) -> None:
    making = made((6, 4))
    rows = show(making, order=[3, 1], rest=(0, 2, 4, 5))
    said: list[tuple[str, int | None]] = []
    rows.muted.connect(lambda position: said.append(("mute", position)))
    rows.soloed.connect(lambda position: said.append(("solo", position)))
    rows.rest_toggled.connect(lambda: said.append(("rest", None)))
    key = Qt.Key
    qtbot.keyClick(rows, key.Key_Home)
    assert rows.accessibleDescription().startswith("input map 3: ")
    qtbot.keyClick(rows, key.Key_Space)
    qtbot.keyClick(rows, key.Key_Down)
    qtbot.keyClick(rows, key.Key_Space, Qt.KeyboardModifier.ShiftModifier)
    qtbot.keyClick(rows, key.Key_Down)
    assert rows.accessibleDescription().startswith("rest of 4: ")
    qtbot.keyClick(rows, key.Key_Down)
    qtbot.keyClick(rows, key.Key_Return)
    assert said == [("mute", 3), ("solo", 1), ("rest", None)]
    rows.show_making(making[0], None, [3, 1, 0, 2, 4, 5], [], making[1])
    assert rows.accessibleDescription().startswith("input map 0: ")


def test_the_current_row_is_brought_into_view(show: Show, qtbot: QtBot) -> None:
    rows = show(MAKINGS[40], size=(360, 420))
    qtbot.keyClick(rows, Qt.Key.Key_End)
    row = rows.row_rectangle(39)
    assert rows._spot(QPointF(row.center())).position == 39
    assert rows._spot(QPointF(0, row.bottom() + 2)) is None  # the footer is below it
    qtbot.keyClick(rows, Qt.Key.Key_PageUp)
    assert rows.accessibleDescription().startswith("input map 3")
    qtbot.keyClick(rows, Qt.Key.Key_Home)
    assert rows.verticalScrollBar().value() == 0


def test_the_focus_the_hovered_row_the_pin_and_mutes_are_marked(show: Show, qtbot: QtBot) -> None:
    making, colours = made(mute=(1,))
    rows = show((making, colours))
    rows.clearFocus()
    plain = rows.grab().toImage()
    rows.setFocus()
    qtbot.waitUntil(rows.hasFocus)
    focused = rows.grab().toImage()
    assert focused != plain
    qtbot.mouseMove(rows.viewport(), rows.row_rectangle(2).center())
    hovered = rows.grab().toImage()
    assert hovered != focused
    rows.show_making(making, (5, 20), [0, 1, 2], [], colours)
    assert rows.grab().toImage() != hovered
    muted = cell_colours(rows, 1)
    heard = replace(making, muted=np.zeros(3, bool))
    rows.show_making(heard, (5, 20), [0, 1, 2], [], colours)
    assert (cell_colours(rows, 1) != muted).any()
    stale = rows.grab().toImage()
    rows.set_stale(True)
    assert rows.grab().toImage() != stale


def cell_colours(rows: MapRows, position: int) -> np.ndarray:
    place = place_of(rows, position, 2).toRect()
    image = rows.viewport().grab(place).toImage().convertToFormat(QImage.Format.Format_RGB32)
    return np.frombuffer(image.constBits(), np.uint8).copy()


def test_rows_and_what_follows_are_revealed_one_by_one(show: Show) -> None:
    """Each step adds to the picture below what was there, and changes nothing of that."""
    rows = show(made())
    assert rows.steps == 5
    whole = rows.grab().toImage()
    before = None
    for step in range(rows.steps + 1):
        rows.reveal(step)
        now = rows.grab().toImage()
        assert now != before
        for position in range(3):
            centre = place_of(rows, position, 2).center().toPoint()
            place = (centre.x(), centre.y())
            assert (now.pixel(*place) == whole.pixel(*place)) == (position < step), (position, step)
        before = now
    assert before == whole
    rows.reveal(None)
    assert rows.grab().toImage() == whole
