"""The input maps that a map is made from, a row each: to mute, to open, to walk through."""

from collections.abc import Sequence

from PySide6.QtCore import QPointF, QRect, QSize, Qt
from PySide6.QtGui import QKeyEvent, QPainter, QPalette
from PySide6.QtWidgets import QStyle, QWidget

from cnn_explorer.core.making import Making
from cnn_explorer.gui.colouring import MakingColours
from cnn_explorer.gui.map_picture import MapPicture
from cnn_explorer.gui.map_plan import EDGE, Plan, content_of, plan_rows
from cnn_explorer.gui.marks import paint_hovered
from cnn_explorer.gui.row_area import REST, RowArea, Spot
from cnn_explorer.gui.tiles import STALE_OPACITY

_MOST_PLANS = 16  # that are kept, for frames ask for the same ones again


class MapRows(RowArea):
    """A row for each input map, painted as far as it is in view, over a footer that stays."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("How the map is made", parent)
        self._picture: MapPicture | None = None
        self._plans: dict[tuple[object, ...], Plan] = {}
        self._running = False

    # What the owner sets and asks.

    def show_making(
        self,
        making: Making,
        pixel: tuple[int, int] | None,
        order: Sequence[int],
        rest: Sequence[int],
        colours: MakingColours,
    ) -> None:
        """Show how a map is made.

        Parameters
        ----------
        making
            The map.
        pixel
            (row, column) of it that is pinned, or None.
        order, rest
            Positions among its input maps: those that have a row each, from the top, and those
            that share the last one.
        colours
            On which scales.
        """
        picture = MapPicture(making, pixel, order, rest, colours, self._running)
        old, self._picture = self._picture, picture
        if self._current not in picture.rows:
            self._current = REST if self._current in rest else picture.rows[0]
        self._describe(announce=old is not None and _switched(old, picture, self._current))
        self._arrange()

    def set_running(self, running: bool) -> None:
        """Show from the next making on, in place of a contribution, the sum of all down to it."""
        self._running = running

    def height_for(self, width: int, most: int | None = None) -> int:
        """Height that shows every row, or with which it makes do with at most so much."""
        if self._picture is None:
            return 0
        plan = self._planned(self._picture.making, width, most)
        height = plan.header + len(self._picture.rows) * plan.pitch + plan.footer
        return height if most is None else min(height, most)

    def fitting(self, making: Making, width: int, height: int) -> int:
        """How many of a map's rows have room: all, or so many that the rest has room below."""
        plan = self._planned(making, width, height)
        room = height - plan.header - plan.footer
        count = len(making.channels)
        return count if count * plan.pitch <= room else max(1, room // plan.pitch - 1)

    def text(self) -> str:
        """All rows in words, those that are scrolled away included."""
        picture = self._picture
        return "" if picture is None else "\n".join(map(picture.describe, picture.rows))

    # Where things are.

    def _rows(self) -> Sequence[int]:
        return [] if self._picture is None else self._picture.rows

    def row_rectangle(self, position: int) -> QRect:
        """Where a row, or that of the rest, lies in the viewport."""
        plan = self._plan()
        assert self._picture is not None
        top = plan.header + self._picture.rows.index(position) * plan.pitch
        left = -self.horizontalScrollBar().value()
        return QRect(left, top - self.verticalScrollBar().value(), plan.width, plan.pitch)

    def minimumSizeHint(self) -> QSize:
        """A few lines; the rest scrolls."""
        return QSize(100, 6 * self.fontMetrics().height())

    def _plan(self) -> Plan:
        assert self._picture is not None
        return self._planned(
            self._picture.making, self.viewport().width(), self.viewport().height()
        )

    def _planned(self, making: Making, width: int, height: int | None) -> Plan:
        font, ratio = self.font(), self.devicePixelRatioF()
        content = content_of(making)
        key = content, width, height, font.key(), ratio
        if key not in self._plans:
            if len(self._plans) > _MOST_PLANS:
                self._plans.clear()
            check = self.style().pixelMetric(QStyle.PixelMetric.PM_IndicatorWidth)
            self._plans[key] = plan_rows(content, width, height, font, ratio, check)
        return self._plans[key]

    def _spot(self, point: QPointF) -> Spot | None:
        if self._picture is None:
            return None
        plan = self._plan()
        top, bottom = self._view()
        place = int(point.y() - top + self.verticalScrollBar().value()) // plan.pitch
        if not top <= point.y() < bottom or place >= len(self._picture.rows):
            return None
        position = self._picture.rows[place]
        if position == REST:
            return Spot(REST, "turn")
        if not self._picture.making.mutable:
            return Spot(position)
        x = point.x() + self.horizontalScrollBar().value()
        if x < plan.tiles[0]:
            return Spot(position, "box")
        return Spot(position, "kernel" if plan.tiles[1] <= x < plan.tiles[2] else "")

    def _view(self) -> tuple[int, int]:
        plan = self._plan()
        return plan.header, plan.header + self._page(plan)

    def _page(self, plan: Plan) -> int:
        """Height in which the rows scroll."""
        assert self._picture is not None
        room = self.viewport().height() - plan.header - plan.footer
        return max(0, min(room, len(self._picture.rows) * plan.pitch))

    def _arrange(self) -> None:
        if self._picture is None:
            return
        plan = self._plan()
        for bar, content, page in (
            (self.horizontalScrollBar(), plan.width, self.viewport().width()),
            (self.verticalScrollBar(), len(self._picture.rows) * plan.pitch, self._page(plan)),
        ):
            bar.setPageStep(page)
            bar.setRange(0, max(0, content - page))
        self._follow_pointer()
        self.viewport().update()

    # Painting.

    def _paint(self, painter: QPainter) -> None:
        picture = self._picture
        if picture is None:
            return
        plan, palette = self._plan(), self.palette()
        opacity = STALE_OPACITY if self._stale else 1.0
        scrolled, page = self.verticalScrollBar().value(), self._page(plan)
        painter.translate(-self.horizontalScrollBar().value(), 0)
        picture.paint_header(painter, plan, palette)
        picture.paint_footer(painter, plan, palette, plan.header + page, opacity, self._parts_shown)
        painter.setClipRect(0, plan.header, plan.width, page)
        first, last = scrolled // plan.pitch, -(-(scrolled + page) // plan.pitch)
        tops = {
            position: plan.header + place * plan.pitch - scrolled
            for place, position in enumerate(picture.rows[first:last], first)
            if place < self._rows_shown
        }
        picture.paint_rows(painter, plan, palette, tops, opacity)
        side = self.style().pixelMetric(QStyle.PixelMetric.PM_IndicatorWidth)
        for position, top in tops.items():
            if position != REST and picture.making.mutable:
                box = QRect(EDGE, top + (plan.pitch - side) // 2, side, side)
                self._paint_box(painter, box, not picture.making.muted[position])
        if self._under is not None and self._under.position in tops.keys() - {REST}:
            cell = plan.cell(0, tops[self._under.position], picture.shape(0))
            paint_hovered(painter, cell, palette.color(QPalette.ColorRole.Text))

    # The pointer and the keyboard.

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Go by as many rows as are in view too; Space opens the rest too."""
        pages = {Qt.Key.Key_PageUp: -1, Qt.Key.Key_PageDown: 1}
        if self._picture is not None and event.key() in pages:
            plan = self._plan()
            self._step(pages[Qt.Key(event.key())] * (self._page(plan) // plan.pitch))
        elif event.key() == Qt.Key.Key_Space and self._current == REST:
            self._turn(REST)
        else:
            super().keyPressEvent(event)

    def _turn(self, position: int) -> None:
        """Open the rest, and go on in it."""
        if position == REST and self._picture is not None:
            self._current = self._picture.rest[0]
            super()._turn(position)

    def _tip(self, spot: Spot) -> str:
        if spot.part != "box":
            return ""
        return "Untick to leave this map out of the sum. Double click: this map alone."

    def _sentence(self) -> str:
        return "" if self._picture is None else self._picture.describe(self._current)


def _switched(old: MapPicture, new: MapPicture, position: int) -> bool:
    """Whether a row of the same map was muted, or is heard again."""
    same = old.making.address == new.making.address and position != REST
    count = min(len(old.making.muted), len(new.making.muted))
    if not same or position >= count:
        return False
    return bool(old.making.muted[position] != new.making.muted[position])
