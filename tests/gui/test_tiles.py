"""Many tiles as one picture: what is painted where, and what the pointer and the keys do."""

import subprocess
import sys
from collections.abc import Sequence

import numpy as np
import pytest
from numpy.typing import NDArray
from PySide6.QtCore import QEvent, QPoint, QPointF, Qt
from PySide6.QtGui import QColor, QFont, QImage, QMouseEvent, QPainter, QPalette, QPixmap
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from cnn_explorer.core.mosaic import Mosaic, fitted_legibly
from cnn_explorer.gui.marks import Pictures
from cnn_explorer.gui.tiles import STALE_OPACITY, Spot, TileArea

LEFT = Qt.MouseButton.LeftButton
ROWS, COLUMNS = 5, 4
LONG = "a caption that is far too long for its tile"


class Area(TileArea):
    """Tiles of which each pixel has a colour of its own."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[int] = []
        self.steps: list[tuple[int, int]] = []
        self.blank: set[int] = set()
        self.missing: set[int] = set()
        self.names: tuple[str, ...] = ()
        self.broken = False

    def pictures(self, indices: Sequence[int]) -> Pictures:
        if self.broken:
            raise ZeroDivisionError("on purpose")
        self.asked += indices
        return Pictures(
            np.stack([colours(index) for index in indices]),
            np.array([index in self.blank for index in indices]),
            np.array([index in self.missing for index in indices]),
        )

    def captions(self, index: int) -> Sequence[str]:
        return self.names

    def step(self, rows: int, columns: int) -> None:
        self.steps.append((rows, columns))


def colours(index: int) -> NDArray[np.uint8]:
    """Colours of a tile, shape (rows, columns, 4)."""
    row, column = np.indices((ROWS, COLUMNS))
    result = np.stack([row * 40, column * 60, np.full_like(row, index * 7 % 256)], axis=2)
    return np.concatenate([result, np.full((ROWS, COLUMNS, 1), 255)], axis=2).astype(np.uint8)


def mosaic(count: int = 6, columns: int = 3, multiple: int = 5, **spacing: int) -> Mosaic:
    settings = {"caption": 20, "gap": 12, "margin": 7} | spacing
    return Mosaic(1, count, columns, (ROWS * multiple, COLUMNS * multiple), **settings)


@pytest.fixture
def area(qtbot: QtBot) -> Area:
    widget = Area()
    qtbot.addWidget(widget)
    widget.resize(300, 200)
    widget.arrange(mosaic(), (ROWS, COLUMNS), 500)
    with qtbot.waitExposed(widget):
        widget.show()
    widget.asked.clear()
    return widget


def pixels(area: TileArea, ratio: float = 1) -> NDArray[np.uint8]:
    """What the viewport paints, in device pixels: shape (height, width, 4), as `colours`."""
    size = area.viewport().size() * ratio
    pixmap = QPixmap(size)
    pixmap.setDevicePixelRatio(ratio)
    pixmap.fill(area.palette().color(QPalette.ColorRole.Base))
    painter = QPainter(pixmap)
    area.paint_tiles(painter, range(area.mosaic.count))
    painter.end()
    return as_array(pixmap.toImage())


def as_array(image: QImage) -> NDArray[np.uint8]:
    image = image.convertToFormat(QImage.Format.Format_RGB32)
    data = np.frombuffer(image.constBits(), np.uint8)
    data = data.reshape(image.height(), image.bytesPerLine() // 4, 4)
    return data[:, : image.width()].copy()


def tile_pixels(painted: NDArray[np.uint8], area: TileArea, index: int) -> NDArray[np.uint8]:
    x, y, width, height = area.mosaic.rectangle(index)
    return painted[y : y + height, x : x + width]


def expected(area: TileArea, index: int) -> NDArray[np.uint8]:
    """A tile as squares: each of its map's pixels a whole number of device pixels."""
    multiple = area.mosaic.tile[0] // ROWS
    return colours(index).repeat(multiple, axis=0).repeat(multiple, axis=1)


def move(area: TileArea, where: QPoint) -> None:
    """The pointer comes to a place in the viewport."""
    none, no_keys = Qt.MouseButton.NoButton, Qt.KeyboardModifier.NoModifier
    place = QPointF(where)
    there = area.viewport().mapToGlobal(place)
    event = QMouseEvent(QEvent.Type.MouseMove, place, there, none, none, no_keys)
    QApplication.sendEvent(area.viewport(), event)


def middle(area: TileArea, index: int, row: int = 0, column: int = 0) -> QPoint:
    """The middle of a map's pixel, in the viewport."""
    tile = area.tile_rectangle(index)
    x = tile.left() + (column + 0.5) * tile.width() / COLUMNS
    y = tile.top() + (row + 0.5) * tile.height() / ROWS
    return QPointF(x, y).toPoint()


# Painting.


@pytest.mark.parametrize("ratio", [1, 1.25, 1.5, 1.75, 2, 3])
def test_each_pixel_of_a_map_is_a_crisp_square_of_its_colour(
    area: Area, ratio: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Area, "devicePixelRatioF", lambda self: ratio)
    painted = pixels(area, ratio)
    for index in range(area.mosaic.count):
        np.testing.assert_array_equal(tile_pixels(painted, area, index), expected(area, index))


@pytest.mark.parametrize("ratio", [1.25, 1.5])
def test_squares_stay_crisp_when_scrolled(
    area: Area, ratio: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Area, "devicePixelRatioF", lambda self: ratio)
    area.arrange(mosaic(count=40), (ROWS, COLUMNS), 100)
    for value in (1, 2, 3, 50):
        area.verticalScrollBar().setValue(value)
        painted, hidden = pixels(area, ratio), round(value * ratio)
        for index in area.visible():
            x, y, width, height = area.mosaic.rectangle(index)
            shown = painted[max(0, y - hidden) : y - hidden + height, x : x + width]
            whole = expected(area, index)[max(0, hidden - y) :][: len(shown)]
            np.testing.assert_array_equal(shown, whole)


SCALED = """
import sys
import numpy as np
from PySide6.QtGui import QImage, QPalette
from PySide6.QtWidgets import QApplication, QWidget
from cnn_explorer.core.mosaic import Mosaic
from cnn_explorer.gui.marks import Pictures
from cnn_explorer.gui.tiles import TileArea

values = np.random.default_rng(0).integers(0, 256, (6, 7, 7, 4), np.uint8)
values[..., 3] = 255

class Area(TileArea):
    def pictures(self, indices):
        none = np.zeros(len(indices), bool)
        return Pictures(np.ascontiguousarray(values[list(indices)]), none, none)
    def captions(self, index):
        return ("map",)

app = QApplication([])
window = QWidget()
window.resize(431, 311)
area = Area(window)
area.move(11, 13)
area.resize(380, 250)
ratio = area.devicePixelRatioF()
assert ratio == float(sys.argv[1]), ratio
area.arrange(Mosaic(1, 6, 3, (42, 42), caption=20, gap=11, margin=7), (7, 7), 250)
window.show()
app.processEvents()
image = window.grab().toImage().convertToFormat(QImage.Format.Format_RGB32)
painted = np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), -1, 4)
for index in range(6):
    x, y, width, height = area.mosaic.rectangle(index)
    x, y = int(11 * ratio + x + 0.5), int(13 * ratio + y + 0.5)
    tile = painted[y : y + height, x : x + width]
    assert (tile == values[index].repeat(6, axis=0).repeat(6, axis=1)).all(), index
print("crisp")
"""


@pytest.mark.parametrize("ratio", ["1.25", "1.5", "2"])
def test_squares_are_crisp_on_a_scaled_screen_wherever_the_tiles_stand(ratio: str) -> None:
    environment = {"QT_QPA_PLATFORM": "offscreen", "QT_SCALE_FACTOR": ratio}
    run = subprocess.run(
        [sys.executable, "-c", SCALED, ratio],
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert run.stdout == "crisp\n", run.stderr


def test_what_is_on_screen_is_what_is_painted(area: Area) -> None:
    shown = as_array(area.viewport().grab().toImage())
    for index in range(area.mosaic.count):
        np.testing.assert_array_equal(tile_pixels(shown, area, index), expected(area, index))


def outside(painted: NDArray[np.uint8], area: TileArea) -> NDArray[np.uint8]:
    """All but the pixels of the tiles."""
    result = painted.copy()
    for index in range(area.mosaic.count):
        tile_pixels(result, area, index)[:] = 0
    return result


def test_captions_are_outside_the_pixels(area: Area) -> None:
    bare = pixels(area)
    area.names = ("m 1",)
    captioned = pixels(area)
    for index in range(area.mosaic.count):
        np.testing.assert_array_equal(tile_pixels(captioned, area, index), expected(area, index))
        x, y, width, _ = area.mosaic.rectangle(index)
        above = slice(y - area.mosaic.caption, y), slice(x, x + width)
        assert (bare[above] != captioned[above]).any()


def test_the_first_caption_that_fits_is_painted(area: Area) -> None:
    area.names = ("1",)
    short = pixels(area)
    area.names = (LONG, "1", "")
    np.testing.assert_array_equal(pixels(area), short)
    area.names = ()
    bare = pixels(area)
    area.names = (LONG,)
    np.testing.assert_array_equal(pixels(area), bare)


def test_captions_are_measured_anew_when_the_text_grows(area: Area) -> None:
    area.arrange(mosaic(multiple=10, caption=40), (ROWS, COLUMNS), 500)
    area.names = ("map 1", "1")
    first = pixels(area)
    font = area.font()
    font.setPointSizeF(2 * font.pointSizeF())
    area.setFont(font)
    second = pixels(area)
    area.names = ("1",)
    np.testing.assert_array_equal(pixels(area), second)
    area.setFont(QFont("DejaVu Sans", 10))
    assert (pixels(area) != first).any()


def test_the_caption_of_the_selected_tile_stands_out(area: Area) -> None:
    palette = area.palette()
    palette.setColor(QPalette.ColorRole.PlaceholderText, QColor("#00ff00"))
    palette.setColor(QPalette.ColorRole.Text, QColor("#ff0000"))
    area.setPalette(palette)
    area.names = ("1",)
    area.selected = 4
    painted = pixels(area).astype(int)
    for index in range(area.mosaic.count):
        x, y, width, _ = area.mosaic.rectangle(index)
        caption = painted[y - 20 : y - 6, x : x + width]
        green, red = 255 - caption[..., 1], 255 - caption[..., 2]
        assert (green.sum() > red.sum()) == (index == 4)


def test_without_room_for_captions_none_is_painted(area: Area) -> None:
    area.arrange(mosaic(caption=0), (ROWS, COLUMNS), 500)
    bare = pixels(area)
    area.names = ("1",)
    np.testing.assert_array_equal(pixels(area), bare)


@pytest.mark.parametrize("mark", ["selected", "linked", "hover"])
def test_marks_are_outside_the_pixels_and_on_their_tile_alone(area: Area, mark: str) -> None:
    bare = pixels(area)
    setattr(area, mark, {"selected": 4, "linked": (4,), "hover": Spot(4, 0, 0)}[mark])
    marked = pixels(area)
    for index in range(area.mosaic.count):
        np.testing.assert_array_equal(tile_pixels(marked, area, index), expected(area, index))
    changed = np.argwhere((bare != marked).any(axis=2))
    x, y, width, height = area.mosaic.rectangle(4)
    assert len(changed)
    assert changed.min(axis=0).tolist() >= [y - 7, x - 7]
    assert changed.max(axis=0).tolist() <= [y + height + 7, x + width + 7]


def test_marks_differ_and_the_solid_one_goes_all_round(area: Area) -> None:
    pictures = {"none": pixels(area)}
    area.selected = 4
    pictures["selected"] = pixels(area)
    area.selected, area.linked = None, (4,)
    pictures["linked"] = pixels(area)
    area.linked, area.hover = (), Spot(4, 0, 0)
    pictures["hover"] = pixels(area)
    area.hover, area.pin = None, Spot(4, 2, 2)
    pictures["pin"] = pixels(area)
    names = list(pictures)
    for one in names:
        for other in names[names.index(one) + 1 :]:
            assert (pictures[one] != pictures[other]).any(), (one, other)

    x, y, width, height = area.mosaic.rectangle(4)
    ink = area.palette().color(QPalette.ColorRole.Text)
    dark = [ink.blue(), ink.green(), ink.red()]
    middle_row, middle_column = y + height // 2, x + width // 2
    for mark, everywhere in (("selected", True), ("linked", False)):
        row, column = pictures[mark][middle_row], pictures[mark][:, middle_column]
        ends = row[x - 6 : x], row[x + width : x + width + 6]
        ends += column[y - 6 : y], column[y + height : y + height + 6]
        for end in ends:
            assert (end[:, :3] == dark).all(axis=1).any() == everywhere


def test_the_outline_of_the_selected_tile_does_not_touch_its_caption(area: Area) -> None:
    area.arrange(mosaic(caption=30), (ROWS, COLUMNS), 500)
    area.names = ("gp",)
    captioned = pixels(area)
    area.names = ()
    letters = np.argwhere((captioned != pixels(area)).any(axis=2))
    area.selected = 4
    outline = np.argwhere((pixels(area) != captioned).any(axis=2))
    top = area.mosaic.rectangle(4)[1]
    own = letters[(letters[:, 0] < top) & (letters[:, 0] > top - 30)]
    marked = outline[(outline[:, 0] < top) & (outline[:, 0] >= top - 6)]
    assert own[:, 0].max() < marked[:, 0].min()


def test_the_pin_leaves_the_pixel_that_it_marks_as_it_is(area: Area) -> None:
    area.arrange(mosaic(multiple=12), (ROWS, COLUMNS), 500)
    area.pin = Spot(1, 2, 1)
    tile = tile_pixels(pixels(area), area, 1)
    inner = tile[2 * 12 + 3 : 3 * 12 - 3, 12 + 3 : 2 * 12 - 4]
    assert (inner == colours(1)[2, 1]).all()
    # The cross-hair goes through its row and its column, and leaves the corners alone.
    assert (tile[2 * 12 + 6, :8] != expected(area, 1)[2 * 12 + 6, :8]).any()
    assert (tile[-8:, 12 + 6] != expected(area, 1)[-8:, 12 + 6]).any()
    np.testing.assert_array_equal(tile[-10:, -10:], expected(area, 1)[-10:, -10:])


@pytest.mark.parametrize("row", [0, ROWS - 1])
@pytest.mark.parametrize("column", [0, COLUMNS - 1])
def test_the_head_of_a_pin_is_whole_even_in_a_corner_of_the_picture(
    area: Area, row: int, column: int
) -> None:
    area.arrange(mosaic(count=1, multiple=12, caption=0), (ROWS, COLUMNS), 500)
    bare = pixels(area)
    area.pin = Spot(0, row, column)
    changed = np.argwhere((bare != pixels(area)).any(axis=2))
    width, height = area.mosaic.size
    assert changed.min() > 0
    assert (changed.max(axis=0) < [height - 1, width - 1]).all()


def test_stale_tiles_are_dimmed_and_nothing_else_is(area: Area) -> None:
    area.names = ("1",)
    area.selected = 2
    fresh = pixels(area)
    area.set_stale(True)
    stale = pixels(area)
    base = area.palette().color(QPalette.ColorRole.Base)
    ground = np.array([base.blue(), base.green(), base.red()])
    for index in range(area.mosaic.count):
        blend = expected(area, index)[..., :3] * STALE_OPACITY + ground * (1 - STALE_OPACITY)
        assert np.abs(tile_pixels(stale, area, index)[..., :3] - blend).max() <= 2
    np.testing.assert_array_equal(outside(stale, area), outside(fresh, area))
    area.set_stale(False)
    np.testing.assert_array_equal(pixels(area), fresh)


def test_a_tile_of_zeros_says_so_and_a_missing_one_shows_no_values(area: Area) -> None:
    bare = pixels(area)
    area.blank, area.missing = {1, 2}, {2, 3}
    area.refresh()
    painted = pixels(area)
    changed = [
        index
        for index in range(area.mosaic.count)
        if (tile_pixels(painted, area, index) != tile_pixels(bare, area, index)).any()
    ]
    assert changed == [1, 2, 3]
    zero = tile_pixels(painted, area, 1)
    assert (zero[0] == expected(area, 1)[0]).all()  # a figure in the middle, not a fill
    for index in (2, 3):
        flat = tile_pixels(painted, area, index).reshape(-1, 4)
        assert (flat == flat[0]).all()


def test_tiles_that_are_too_small_for_it_show_no_figure(area: Area) -> None:
    area.arrange(mosaic(multiple=2), (ROWS, COLUMNS), 500)
    bare = pixels(area)
    area.blank = {1}
    area.refresh()
    np.testing.assert_array_equal(pixels(area), bare)


def test_every_tile_has_a_frame_where_its_ground_is_the_windows(area: Area) -> None:
    painted = pixels(area)
    edge = area.palette().color(QPalette.ColorRole.Mid)
    for index in range(area.mosaic.count):
        x, y, width, height = area.mosaic.rectangle(index)
        around = [painted[y - 1, x + 3], painted[y + height, x + 3]]
        around += [painted[y + 3, x - 1], painted[y + 3, x + width]]
        for pixel in around:
            assert QColor(*pixel[2::-1].tolist()).name() == edge.name()


def test_marks_follow_the_palette(area: Area) -> None:
    palette = area.palette()
    palette.setColor(QPalette.ColorRole.Text, QColor("#12ab34"))
    area.setPalette(palette)
    area.selected = 1
    painted = pixels(area)[..., 2::-1].reshape(-1, 3)
    assert (painted == [0x12, 0xAB, 0x34]).all(axis=1).any()


def test_an_error_while_painting_leaves_no_painter_behind(area: Area) -> None:
    area.broken = True
    area.refresh()
    with pytest.raises(ZeroDivisionError):
        area.viewport().grab()
    area.broken = False
    shown = as_array(area.viewport().grab().toImage())
    np.testing.assert_array_equal(tile_pixels(shown, area, 0), expected(area, 0))


# What is in view.


@pytest.fixture
def tall(area: Area, qtbot: QtBot) -> Area:
    area.arrange(mosaic(count=300), (ROWS, COLUMNS), 150)
    qtbot.waitUntil(lambda: area.viewport().height() == 150)
    area.viewport().grab()
    area.asked.clear()
    return area


def test_only_tiles_in_view_are_coloured(tall: Area) -> None:
    tall.refresh()
    tall.viewport().grab()
    assert sorted(tall.asked) == tall.visible()
    assert len(tall.visible()) < 15


def test_scrolling_colours_what_came_into_view(tall: Area, qtbot: QtBot) -> None:
    with qtbot.waitSignal(tall.scrolled):
        tall.verticalScrollBar().setValue(2000)
    tall.asked.clear()
    tall.viewport().grab()
    assert sorted(set(tall.asked)) == tall.visible()
    assert len(tall.asked) < 15
    assert 0 not in tall.visible()


def test_colours_are_kept_until_the_values_change(tall: Area) -> None:
    tall.viewport().grab()
    assert tall.asked == []
    tall.refresh()
    tall.viewport().grab()
    assert tall.asked


def test_visible_is_what_overlaps_the_viewport(tall: Area) -> None:
    for value in (0, 37, 1234, tall.verticalScrollBar().maximum()):
        tall.verticalScrollBar().setValue(value)
        view = tall.viewport().rect().toRectF()
        caption = tall.mosaic.caption
        seen = [
            index
            for index in range(300)
            if tall.tile_rectangle(index).adjusted(0, -caption, 0, 0).intersects(view)
        ]
        assert tall.visible() == seen


def test_the_last_tile_can_be_scrolled_to(tall: Area) -> None:
    tall.verticalScrollBar().setValue(tall.verticalScrollBar().maximum())
    bottom = tall.tile_rectangle(299).bottom()
    assert tall.viewport().height() - 8 <= bottom <= tall.viewport().height()


def test_show_tile_scrolls_no_farther_than_it_must(tall: Area) -> None:
    for index in (150, 299, 0, 3):
        tall.show_tile(index)
        tile = tall.tile_rectangle(index)
        assert tile.top() - tall.mosaic.caption >= 0
        assert tile.bottom() <= tall.viewport().height()
    before = tall.verticalScrollBar().value()
    tall.show_tile(4)
    assert tall.verticalScrollBar().value() == before


def test_it_is_as_high_as_its_tiles_and_never_higher(area: Area) -> None:
    area.arrange(mosaic(), (ROWS, COLUMNS), 500)
    assert area.height() == mosaic().size[1]
    area.arrange(mosaic(), (ROWS, COLUMNS), 40)
    assert area.height() == 40
    assert area.verticalScrollBar().maximum() > 0


def test_tiles_that_scroll_sideways_do_not_scroll_up_and_down_for_their_bar(
    area: Area, qtbot: QtBot
) -> None:
    wide = mosaic(count=40, columns=40)
    area.arrange(wide, (ROWS, COLUMNS), 500, 300)
    qtbot.waitUntil(lambda: area.horizontalScrollBar().isVisible())
    assert area.horizontalScrollBar().maximum() == wide.size[0] - area.viewport().width()
    assert area.verticalScrollBar().maximum() == 0


def test_nothing_is_visible_of_an_area_that_is_hidden(area: Area) -> None:
    area.hide()
    assert area.visible() == []


# The pointer.


@pytest.mark.parametrize("ratio", [1, 1.25, 1.5, 2])
def test_every_pixel_of_every_tile_is_hit(
    area: Area, ratio: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Area, "devicePixelRatioF", lambda self: ratio)
    area.arrange(mosaic(multiple=int(10 * ratio)), (ROWS, COLUMNS), 120)
    area.verticalScrollBar().setValue(13)
    for index in range(area.mosaic.count):
        tile = area.tile_rectangle(index)
        for row, column in np.ndindex(ROWS, COLUMNS):
            for inside in (0.01, 0.5, 0.99):
                x = tile.left() + (column + inside) * tile.width() / COLUMNS
                y = tile.top() + (row + inside) * tile.height() / ROWS
                if y >= 0:
                    assert area.spot_at(QPointF(x, y)) == Spot(index, row, column)


def test_the_pointer_tells_the_pixel_it_is_on_and_when_it_left(area: Area, qtbot: QtBot) -> None:
    told: list[Spot | None] = []
    area.hovered.connect(told.append)
    move(area, middle(area, 4, 3, 2))
    move(area, middle(area, 4, 3, 3))
    move(area, middle(area, 4, 3, 3) + QPoint(1, 1))
    move(area, area.tile_rectangle(4).topLeft().toPoint() - QPoint(6, 0))
    move(area, middle(area, 5, 0, 0))
    QApplication.sendEvent(area.viewport(), QEvent(QEvent.Type.Leave))
    qtbot.waitUntil(lambda: len(told) == 5)
    assert told == [Spot(4, 3, 2), Spot(4, 3, 3), None, Spot(5, 0, 0), None]


def test_the_pointer_is_on_nothing_after_the_tiles_moved(area: Area) -> None:
    told: list[Spot | None] = []
    move(area, middle(area, 4))
    area.hovered.connect(told.append)
    area.arrange(mosaic(multiple=3), (ROWS, COLUMNS), 500)
    assert told == [None]
    assert area.hover is None


def test_hovering_marks_the_tile_on_screen(area: Area) -> None:
    before = as_array(area.viewport().grab().toImage())
    move(area, middle(area, 4))
    assert (as_array(area.viewport().grab().toImage()) != before).any()
    QApplication.sendEvent(area.viewport(), QEvent(QEvent.Type.Leave))
    np.testing.assert_array_equal(as_array(area.viewport().grab().toImage()), before)


def test_clicks_tell_the_pixel(area: Area) -> None:
    clicked: list[Spot] = []
    activated: list[Spot] = []
    area.clicked.connect(clicked.append)
    area.activated.connect(activated.append)
    QTest.mouseClick(area.viewport(), LEFT, pos=middle(area, 4, 2, 1))
    assert clicked == [Spot(4, 2, 1)]
    QTest.mouseClick(area.viewport(), Qt.MouseButton.RightButton, pos=middle(area, 4))
    QTest.mouseClick(area.viewport(), LEFT, pos=QPoint(2, 2))
    assert clicked == [Spot(4, 2, 1)]
    assert activated == []
    QTest.mouseDClick(area.viewport(), LEFT, pos=middle(area, 3, 1, 3))
    assert activated == [Spot(3, 1, 3)]
    QTest.mouseDClick(area.viewport(), LEFT, pos=QPoint(2, 2))
    assert activated == [Spot(3, 1, 3)]


def test_a_click_takes_the_focus(area: Area) -> None:
    assert area.focusPolicy() == Qt.FocusPolicy.StrongFocus
    assert area.viewport().focusProxy() in (None, area)


# The keyboard.


def test_arrow_keys_step_and_enter_enlarges(area: Area) -> None:
    activated: list[Spot] = []
    area.activated.connect(activated.append)
    for key in (Qt.Key.Key_Left, Qt.Key.Key_Right, Qt.Key.Key_Up, Qt.Key.Key_Down):
        QTest.keyClick(area, key)
    assert area.steps == [(0, -1), (0, 1), (-1, 0), (1, 0)]
    QTest.keyClick(area, Qt.Key.Key_Left, Qt.KeyboardModifier.ControlModifier)
    assert len(area.steps) == 4
    QTest.keyClick(area, Qt.Key.Key_Return)
    assert activated == []  # nothing is selected
    area.selected = 3
    QTest.keyClick(area, Qt.Key.Key_Return)
    QTest.keyClick(area, Qt.Key.Key_Enter)
    assert [spot.index for spot in activated] == [3, 3]


# How large.

SIDES = (28, 56, 196)


def test_tiles_take_their_share_where_they_are_large_enough_in_it() -> None:
    fit, height = fitted_legibly(1, 4, (28, 28), (710, 300, 600), SIDES, 1, gap=10)
    assert fit.tile == (168, 168)
    assert height == 300


def test_tiles_that_would_be_too_small_take_more_height_but_no_more_than_they_need() -> None:
    fit, height = fitted_legibly(1, 16, (28, 28), (300, 100, 600), SIDES, 1, gap=10)
    assert fit.tile == (56, 56)
    assert height == 600
    assert fit.size[1] == 4 * 56 + 3 * 10


def test_tiles_that_never_fit_are_small_and_scroll() -> None:
    fit, height = fitted_legibly(1, 256, (28, 28), (300, 100, 200), SIDES, 1, gap=10)
    assert fit.tile == (28, 28)
    assert height == 200 < fit.size[1]


@pytest.mark.parametrize("ratio", [1, 1.25, 1.5, 2])
@pytest.mark.parametrize("side", [1, 7, 14, 28, 48])
def test_legible_means_so_many_logical_pixels(side: int, ratio: float) -> None:
    fit, _ = fitted_legibly(1, 9, (side, side), (300, 60, 900), SIDES, ratio, gap=8)
    assert fit.tile[0] >= 56 * ratio - 0.5
    assert fit.tile[0] % side == 0
    assert fit.size[0] <= 300 * ratio
