"""The rows of one pixel: what is printed adds up, fits, and is reached by pointer and keyboard."""

from collections.abc import Callable
from decimal import Decimal

import numpy as np
import pytest
from numpy.typing import NDArray
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QAccessible, QFont, QHelpEvent, QImage, QKeyEvent, QMouseEvent, QPalette
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QToolTip
from pytestqt.qtbot import QtBot

from cnn_explorer.core.building import new_network
from cnn_explorer.core.display import colour
from cnn_explorer.core.forward import Request, forward
from cnn_explorer.core.kernel_layers import Conv2d
from cnn_explorer.core.making import Making
from cnn_explorer.core.mutes import toggle_mute
from cnn_explorer.core.network import Network
from cnn_explorer.core.state import State
from cnn_explorer.gui.colouring import MakingColours, colouring_of, making_colours
from cnn_explorer.gui.pixel_rows import PixelRows
from cnn_explorer.gui.row_area import REST
from cnn_explorer.gui.settings import Settings

from ..figure_pictures import figure

Show = Callable[..., PixelRows]


def made(
    filters: tuple[int, ...] = (3, 4), side: int = 3, mute: tuple[int, ...] = (), seed: int = 0
) -> tuple[Making, MakingColours]:
    network = new_network(filters, (side,), initialisation="he")
    for channel in mute:
        network = toggle_mute(network, 1, 1, channel)
    return of_network(network, seed)


def of_network(network: Network, seed: int = 0) -> tuple[Making, MakingColours]:
    drawing = np.random.default_rng(seed).random((28, 28), np.float32)
    activations = forward(Request(State(drawing, network), making=(0, 1), method="matmul"))
    assert activations.making is not None
    colouring = colouring_of(Settings(), activations.maps)
    return activations.making, making_colours(activations.making, colouring)


@pytest.fixture
def show(qtbot: QtBot) -> Show:
    def shown(
        making: tuple[Making, MakingColours] | None = None,
        pixel: tuple[int, int] | None = (0, 13),
        width: int = 640,
        height: int | None = None,
        rest: int = 0,
        font: float = 10,
    ) -> PixelRows:
        making = making or made()
        rows = PixelRows()
        qtbot.addWidget(rows)
        rows.setFont(QFont("DejaVu Sans", int(font)))
        count = len(making[0].channels)
        positions = list(range(count))
        rows.show_making(
            making[0], pixel, positions[: count - rest], positions[count - rest :], making[1]
        )
        rows.resize(width, height or rows.height_for(width))
        with qtbot.waitExposed(rows):
            rows.show()
        rows.clearFocus()
        return rows

    return shown


def last(line: str) -> Decimal:
    return Decimal(line.split("  ")[-1].replace("−", "-"))


def image(rows: PixelRows) -> NDArray[np.uint8]:
    painted = rows.viewport().grab().toImage().convertToFormat(QImage.Format.Format_RGB32)
    data = np.frombuffer(painted.constBits(), np.uint8)
    return data.reshape(painted.height(), -1, 4)[:, : painted.width()].copy()


def ground(rows: PixelRows) -> list[int]:
    base = rows.palette().color(QPalette.ColorRole.Base)
    return [base.blue(), base.green(), base.red(), 255]


def point_at(rows: PixelRows, point: QPoint) -> None:
    """Move the pointer, without waiting for what that paints."""
    position, none = QPointF(point), Qt.MouseButton.NoButton
    screen = rows.viewport().mapToGlobal(position)
    plain = Qt.KeyboardModifier.NoModifier
    rows.mouseMoveEvent(
        QMouseEvent(QMouseEvent.Type.MouseMove, position, screen, none, none, plain)
    )


def cells(rows: PixelRows, position: int) -> dict[tuple[int, int], list[QPoint]]:
    """Where the pointer is said to be on each cell of a row, by trying."""
    found: dict[tuple[int, int], list[QPoint]] = {}
    place = rows.row_rectangle(position)
    heard: list[tuple[int, int, int] | None] = []
    rows.cell_hovered.connect(heard.append)
    for y in range(place.top(), place.bottom(), 5):
        for x in range(place.left(), place.right(), 7):
            point_at(rows, QPoint(x, y))
            if heard and heard[-1] is not None:
                found.setdefault(heard[-1][1:], []).append(QPoint(x, y))
    rows.cell_hovered.disconnect(heard.append)
    return found


def test_the_printed_column_adds_up(show: Show) -> None:
    rows = show(made((8, 4), mute=(2, 5)), rest=3)
    making = made((8, 4), mute=(2, 5))
    generator = np.random.default_rng(1)
    for pixel in [(0, 0), (27, 27), (0, 27), *generator.integers(0, 28, (30, 2)).tolist()]:
        rows.show_making(making[0], tuple(pixel), range(5), range(5, 8), making[1])
        lines = rows.text().splitlines()
        counted = [last(line) for line in lines if line.startswith(("☑", "▸ rest"))]
        assert len(counted) == 5
        assert sum("☐ 2  ▸ off" in line for line in lines) == 1
        bias, rounding, before, value = map(last, lines[-4:])
        assert sum(counted) + bias + rounding == before
        assert value == max(before, Decimal(0))


def test_open_rows_add_up_and_stay_open_while_values_change(show: Show) -> None:
    making = made()
    rows = show(making)
    rows.setFocus()
    QTest.keyClick(rows, Qt.Key.Key_Down)
    QTest.keyClick(rows, Qt.Key.Key_Right)
    for seed in range(5):
        values = made(seed=seed)
        rows.show_making(values[0], (0, seed), range(3), (), values[1])
        lines = rows.text().splitlines()
        start = next(place for place, line in enumerate(lines) if line.startswith("☑ 1  ▾"))
        listed = [line for line in lines[start:] if " × " in line]
        assert len(listed) == 9
        assert sum("padding 0 ×" in line for line in listed) == (5 if seed == 0 else 3)
        rounding = next(line for line in lines[start:] if line.startswith("    rounding"))
        assert sum(map(last, listed)) + last(rounding) == last(lines[start])
    QTest.keyClick(rows, Qt.Key.Key_Left)
    assert " × " not in rows.text()


def test_the_header_says_where_and_what_it_sees(show: Show) -> None:
    header = show(pixel=(0, 13)).text().splitlines()[0]
    assert header.startswith("Conv2[1] at row 0, column 13 — pinned; arrows move it")
    assert header.endswith("it sees 3×5 of the drawing")  # of five rows two are padding


@pytest.mark.parametrize("pixel", [None, (28, 0), (0, -1)])
def test_without_a_pixel_it_says_what_to_do(show: Show, pixel: tuple[int, int] | None) -> None:
    rows = show(pixel=pixel, height=200)
    assert rows.ledger is None
    assert rows.text().startswith("Click a pixel of a map")
    assert rows.accessibleDescription() == rows.text()
    assert (image(rows) != ground(rows)).any()


@pytest.mark.parametrize("width", [340, 640])
@pytest.mark.parametrize("side", [1, 3, 5, 11])
def test_nothing_is_cut_at_any_width(show: Show, side: int, width: int) -> None:
    making = made(side=side)
    rows = show(making, width=width)
    assert rows.verticalScrollBar().maximum() == 0
    picture = image(rows)
    assert (picture[:, -6:] == ground(rows)).all()
    assert (picture[-2:] == ground(rows)).all()
    # Every cell is there, window and kernel, whole.
    shown = cells(rows, 0)
    assert len(shown) == side * side
    numbered = "⊙" in rows.text()
    assert numbered == (side <= 5)
    # The cells have the colours of their values, except where the numbers are.
    scale = making[1].kernels
    kernel = colour(making[0].kernels[2], making[1].colours, scale).reshape(-1, 4)
    row = rows.row_rectangle(2)
    painted = {tuple(each) for each in picture[row.top() : row.bottom()].reshape(-1, 4).tolist()}
    assert {tuple(each) for each in kernel.tolist()} <= painted


def test_large_text_fits_too(show: Show) -> None:
    rows = show(width=420, font=20)
    assert (image(rows)[:, -6:] == ground(rows)).all()
    assert len(cells(rows, 1)) == 9


def test_padding_is_hatched_and_prints_0(show: Show) -> None:
    rows = show(pixel=(0, 13))
    lines = rows.text().splitlines()
    assert lines[2].split("⊙")[0].split() == ["0", "0", "0"]
    assert len(lines[3].split("⊙")[0].split("0.")) == 4


def test_the_footer_stays_while_rows_scroll(show: Show) -> None:
    rows = show(made((64, 4)), height=420)
    bar = rows.verticalScrollBar()
    assert bar.maximum() > 3000
    before = image(rows)
    bar.setValue(1234)
    after = image(rows)
    np.testing.assert_array_equal(before[:30], after[:30])
    np.testing.assert_array_equal(before[-80:], after[-80:])
    assert (before != after).any()
    rows.setFocus()
    QTest.keyClick(rows, Qt.Key.Key_End)
    assert bar.value() == bar.maximum()
    assert rows.row_rectangle(63).bottom() < rows.viewport().height() - 80


def test_where_there_is_no_room_all_scrolls(show: Show) -> None:
    rows = show(height=150)
    bar = rows.verticalScrollBar()
    before = image(rows)
    bar.setValue(bar.maximum())
    assert (image(rows)[:30] != before[:30]).any()
    assert rows.row_rectangle(0).bottom() < 0


def test_only_what_is_in_view_is_formatted(show: Show, monkeypatch: pytest.MonkeyPatch) -> None:
    from cnn_explorer.gui import pixel_picture

    asked: list[int] = []
    original = pixel_picture.window_texts

    def counting(ledger: object, position: int, decimals: int) -> list[str]:
        asked.append(position)
        return original(ledger, position, decimals)  # type: ignore[arg-type]

    monkeypatch.setattr(pixel_picture, "window_texts", counting)
    rows = show(made((256, 4)), height=500)
    image(rows)
    assert set(asked) <= set(range(10))
    rows.verticalScrollBar().setValue(rows.verticalScrollBar().maximum())
    image(rows)
    assert 255 in asked


def test_muted_rows_are_struck_through_and_not_counted(show: Show) -> None:
    rows = show(made(mute=(0, 2)))
    heard = image(show())
    lines = rows.text().splitlines()
    assert [line[0] for line in lines if line[0] in "☐☑"] == ["☐", "☑", "☐"]
    differs = (image(rows) != heard).any(axis=(1, 2))
    assert [
        bool(differs[rows.row_rectangle(i).top() : rows.row_rectangle(i).bottom()].any())
        for i in range(3)
    ] == [True, False, True]
    assert rows.accessibleDescription().startswith("Conv1[0]: 9 products, ")
    assert rows.accessibleDescription().endswith(", off")


def test_the_numbers_of_a_muted_row_are_dimmed_but_not_covered(show: Show) -> None:
    rows, heard = show(made(mute=(1,)), pixel=(5, 13)), image(show(pixel=(5, 13))).astype(int)
    struck, base = image(rows).astype(int), np.array(ground(rows))
    for points in cells(rows, 1).values():
        x, y = np.transpose([(point.x(), point.y()) for point in points if point.x() < 250])
        place = np.s_[y.min() : y.max() + 1, x.min() : x.max() + 1]
        share = np.abs(struck[place] - base).sum() / np.abs(heard[place] - base).sum()
        dimmed = base + (heard[place] - base) * share
        assert 0.4 < share < 0.9
        assert (np.abs(struck[place] - dimmed).max(axis=-1) < 30).mean() > 0.8
    assert np.abs(struck - heard).max(axis=(1, 2))[rows.row_rectangle(1).center().y()] > 60


def test_a_picture_for_paper_has_sharper_digits(show: Show) -> None:
    rows = show(pixel=(5, 13))
    picture = figure(rows, 4, dark=False)
    points = cells(rows, 0)[1, 1]
    x, y = np.transpose([(point.x(), point.y()) for point in points if point.x() < 250])
    data = np.frombuffer(picture.constBits(), np.uint8).reshape(picture.height(), -1, 4)
    place = data[4 * y.min() : 4 * y.max(), 4 * x.min() : 4 * x.max()]
    blocks = place.reshape(y.max() - y.min(), 4, x.max() - x.min(), 4, 4)
    # Enlarged from the screen's picture, each of its pixels would be an even square.
    assert (blocks != blocks[:, :1, :, :1]).any()


# The pointer and the keyboard.


def test_keys_go_through_the_rows(show: Show, qtbot: QtBot) -> None:
    rows = show(made((6, 4)), rest=3)
    rows.setFocus()
    heard: list[tuple[str, int]] = []

    def hear(name: str) -> Callable[[int], None]:
        return lambda position: heard.append((name, position))

    muted, soloed, toggled = hear("muted"), hear("soloed"), hear("rest")
    rows.muted.connect(muted)
    rows.soloed.connect(soloed)
    rows.rest_toggled.connect(lambda: toggled(REST))
    for key, modifier in (
        (Qt.Key.Key_Space, Qt.KeyboardModifier.NoModifier),
        (Qt.Key.Key_Down, Qt.KeyboardModifier.NoModifier),
        (Qt.Key.Key_Space, Qt.KeyboardModifier.ShiftModifier),
        (Qt.Key.Key_Up, Qt.KeyboardModifier.NoModifier),
        (Qt.Key.Key_Up, Qt.KeyboardModifier.NoModifier),
        (Qt.Key.Key_Space, Qt.KeyboardModifier.NoModifier),
        (Qt.Key.Key_End, Qt.KeyboardModifier.NoModifier),
        (Qt.Key.Key_Space, Qt.KeyboardModifier.NoModifier),
        (Qt.Key.Key_Return, Qt.KeyboardModifier.NoModifier),
    ):
        QTest.keyClick(rows, key, modifier)
    assert heard == [("muted", 0), ("soloed", 1), ("muted", 0), ("rest", REST)]
    assert rows.accessibleDescription().startswith("rest of 3, ")


def test_the_current_row_is_marked_where_the_keyboard_is(show: Show) -> None:
    rows = show()
    rows.clearFocus()
    bare = image(rows)
    rows.setFocus()
    QTest.keyClick(rows, Qt.Key.Key_Down)
    place = rows.row_rectangle(1)
    changed = np.flatnonzero((image(rows) != bare).any(axis=(1, 2)))
    assert place.top() <= changed.min() <= place.top() + 3
    assert place.bottom() - 3 <= changed.max() <= place.bottom()


def test_the_current_row_follows_its_channel_when_the_order_changes(show: Show) -> None:
    making = made()
    rows = show(making)
    rows.setFocus()
    QTest.keyClick(rows, Qt.Key.Key_Down)
    rows.show_making(making[0], (5, 5), (2, 0, 1), (), making[1])
    assert rows.accessibleDescription().startswith("Conv1[1]: ")
    rows.show_making(making[0], (5, 5), (2, 0), (1,), making[1])
    assert rows.accessibleDescription().startswith("Conv1[2]: ")


def test_the_current_row_is_announced_as_it_moves(
    show: Show, monkeypatch: pytest.MonkeyPatch
) -> None:
    said: list[str] = []
    monkeypatch.setattr(
        QAccessible, "updateAccessibility", lambda event: said.append(event.message())
    )
    rows = show()
    rows.setFocus()
    said.clear()
    QTest.keyClick(rows, Qt.Key.Key_Down)
    assert rows.ledger is not None
    assert said == [f"Conv1[1]: 9 products, {rows.ledger.subtotals[1].text}"]
    QTest.keyClick(rows, Qt.Key.Key_Up)
    QTest.keyClick(rows, Qt.Key.Key_Up)  # it is the first already
    assert len(said) == 2


def test_escape_is_left_to_the_window(show: Show) -> None:
    rows = show()
    for key, taken in ((Qt.Key.Key_Escape, False), (Qt.Key.Key_Down, True)):
        event = QKeyEvent(QKeyEvent.Type.KeyPress, key, Qt.KeyboardModifier.NoModifier)
        rows.keyPressEvent(event)
        assert event.isAccepted() is taken


def test_clicks_mute_open_and_solo(show: Show) -> None:
    rows = show(made((6, 4)), rest=3)
    muted: list[int] = []
    soloed: list[int] = []
    toggled: list[bool] = []
    rows.muted.connect(muted.append)
    rows.soloed.connect(soloed.append)
    rows.rest_toggled.connect(lambda: toggled.append(True))
    left = Qt.MouseButton.LeftButton
    place = rows.row_rectangle(1)
    QTest.mouseClick(rows.viewport(), left, pos=QPoint(18, place.center().y()))
    assert muted == [1]
    number = QPoint(place.right() - 40, place.center().y())
    QTest.mouseDClick(rows.viewport(), left, pos=number)
    assert soloed == [1]
    assert muted == [1]
    QTest.mouseClick(rows.viewport(), left, pos=rows.row_rectangle(REST).center())
    assert toggled == [True]
    assert "▾" not in rows.text()
    for x in range(place.right(), 0, -10):  # from the right, the first that turns
        QTest.mouseClick(rows.viewport(), left, pos=QPoint(x, place.center().y()))
        if "▾" in rows.text():
            break
    assert rows.text().count(" × ") == 9
    assert muted == [1]
    assert rows.row_rectangle(1).height() > 2 * rows.row_rectangle(0).height()


def test_the_pointer_tells_rows_and_cells(show: Show, qtbot: QtBot) -> None:
    rows = show()
    hovered: list[int | None] = []
    rows.hovered.connect(hovered.append)
    found = cells(rows, 1)
    assert set(found) == set(np.ndindex(3, 3))
    xs = [point.x() for point in found[2, 0]]
    assert max(xs) - min(xs) > 150  # in the window and in the kernel
    assert min(p.x() for p in found[0, 0]) < min(p.x() for p in found[0, 2])
    assert max(p.y() for p in found[0, 0]) < min(p.y() for p in found[2, 0])
    assert hovered == [1]
    point_at(rows, QPoint(5, 2))
    assert hovered == [1, None]


def test_an_open_rows_lines_are_its_cells(show: Show) -> None:
    rows = show()
    rows.setFocus()
    QTest.keyClick(rows, Qt.Key.Key_Right)
    rows.resize(640, rows.height_for(640))
    place = rows.row_rectangle(0)
    below = {
        cell
        for cell, points in cells(rows, 0).items()
        if max(point.y() for point in points) > place.top() + 64
    }
    assert below == set(np.ndindex(3, 3))


def test_the_tool_tip_tells_exact_values(show: Show, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = show(pixel=(0, 13))
    tips: list[str] = []
    monkeypatch.setattr(QToolTip, "showText", lambda _, text, *rest: tips.append(text))
    found = cells(rows, 1)
    for cell in ((1, 2), (0, 0)):
        point = found[cell][0]
        event = QHelpEvent(QHelpEvent.Type.ToolTip, point, rows.mapToGlobal(point))
        QApplication.sendEvent(rows.viewport(), event)
    assert rows.ledger is not None
    terms = rows.ledger.terms
    window, kernel = (str(values[1, 1, 2]) for values in (terms.window, terms.kernel))
    assert tips[0].startswith(f"Conv1[1] at row 0, column 14\n{window} × ")
    assert kernel.lstrip("-") in tips[0]
    assert tips[1].startswith("padding\n0.0 × ")


def test_small_and_endless_values_are_shown(show: Show) -> None:
    first = Conv2d(0, np.full((2, 1, 1, 1), 1e-20, np.float32), None, activation="none")
    weight = np.full((2, 2, 3, 3), 1e-12, np.float32)
    weight[:, 1] = np.inf
    network = Network((first, Conv2d(1, weight, None, activation="none")))
    with np.errstate(all="ignore"):
        rows = show(of_network(network), (5, 5), width=340)
    lines = rows.text().splitlines()
    assert last(next(line for line in lines if line.startswith("☑ 0"))) > 0
    assert [line.split("  ")[1] for line in lines[-3:]] == ["—", "∞", "∞"]
    assert (image(rows)[:, -6:] == ground(rows)).all()


def test_values_out_of_date_are_dimmed(show: Show) -> None:
    rows = show()
    fresh = image(rows)
    rows.set_stale(True)
    place = rows.row_rectangle(0)
    contrast = [
        np.ptp(picture[place.top() + 5 : place.bottom() - 5].astype(int))
        for picture in (fresh, image(rows))
    ]
    assert contrast[1] < contrast[0]
    rows.set_stale(False)
    np.testing.assert_array_equal(image(rows), fresh)


def test_it_is_named_and_takes_the_keyboard(show: Show) -> None:
    rows = show()
    assert rows.accessibleName() == "How the pixel is made"
    assert rows.focusPolicy() == Qt.FocusPolicy.StrongFocus
    assert rows.viewport().hasMouseTracking()


def test_rows_and_what_follows_are_revealed_one_by_one(show: Show) -> None:
    rows = show(made())
    whole = image(rows)
    counts = []
    for step in range(rows.steps + 1):
        rows.reveal(step)
        counts.append(int((image(rows) == whole).all(axis=-1).sum()))
    assert counts == sorted(counts)
    # The sum stands in no line of its own: bias and what is before the activation come together.
    assert len(set(counts)) == rows.steps + 1
    np.testing.assert_array_equal(image(rows), whole)
    rows.reveal(None)
    np.testing.assert_array_equal(image(rows), whole)
