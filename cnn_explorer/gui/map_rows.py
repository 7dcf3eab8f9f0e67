"""The input maps that a map is made from, a row each: to mute, to open, to walk through."""

from collections.abc import Sequence

from PySide6.QtCore import QEvent, QPointF, QRect, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QAccessible,
    QAccessibleAnnouncementEvent,
    QFocusEvent,
    QHelpEvent,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPalette,
    QPen,
    QResizeEvent,
)
from PySide6.QtWidgets import (
    QAbstractScrollArea,
    QFrame,
    QStyle,
    QStyleOptionButton,
    QToolTip,
    QWidget,
)

from cnn_explorer.core.making import Making
from cnn_explorer.gui.colouring import MakingColours
from cnn_explorer.gui.map_picture import REST, MapPicture
from cnn_explorer.gui.map_plan import EDGE, Plan, plan_rows
from cnn_explorer.gui.marks import paint_hovered
from cnn_explorer.gui.tiles import STALE_OPACITY

_MOST_PLANS = 16  # that are kept, for frames ask for the same ones again


class MapRows(QAbstractScrollArea):
    """A row for each input map, painted as far as it is in view, over a footer that stays.

    Signals
    -------
    muted(position), soloed(position)
        The user asks for it: by a check box or a double click, or by the keyboard.
    rest_toggled()
        The user asks to open the row of those that are folded.
    hovered(position)
        The position of the row under the pointer, or None.
    """

    muted = Signal(int)
    soloed = Signal(int)
    rest_toggled = Signal()
    hovered = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._picture: MapPicture | None = None
        self._plans: dict[tuple[object, ...], Plan] = {}
        self._running = False
        self._stale = False
        self._current = 0
        self._hover: int | None = None
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.viewport().setMouseTracking(True)
        self.viewport().setBackgroundRole(QPalette.ColorRole.Base)
        self.verticalScrollBar().setSingleStep(20)
        self.setAccessibleName("How the map is made")

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
        self._update_scroll_bars()
        self.viewport().update()

    def set_running(self, running: bool) -> None:
        """Show from the next making on, in place of a contribution, the sum of all down to it."""
        self._running = running

    def set_stale(self, stale: bool) -> None:
        """Dim the pictures while their values are out of date."""
        if stale != self._stale:
            self._stale = stale
            self.viewport().update()

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

    def row_rectangle(self, position: int) -> QRect:
        """Where a row, or that of the rest, lies in the viewport."""
        plan = self._plan()
        assert self._picture is not None
        top = plan.header + self._picture.rows.index(position) * plan.pitch
        left = -self.horizontalScrollBar().value()
        return QRect(left, top - self.verticalScrollBar().value(), plan.width, plan.pitch)

    def cell_rectangle(self, position: int, column: int) -> QRectF:
        """Where a row's input map (0), kernel (1) or contribution (2) lies in the viewport."""
        assert self._picture is not None
        row = self.row_rectangle(position)
        cell = self._plan().cell(column, row.top(), self._picture.shape(column))
        return cell.translated(row.left(), 0)

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
        state = making.state
        key = state.network, state.scheme, making.address, width, height, font.key(), ratio
        if key not in self._plans:
            if len(self._plans) > _MOST_PLANS:
                self._plans.clear()
            check = self.style().pixelMetric(QStyle.PixelMetric.PM_IndicatorWidth)
            self._plans[key] = plan_rows(making, width, height, font, ratio, check)
        return self._plans[key]

    def _row_at(self, place: QPointF) -> int | None:
        if self._picture is None:
            return None
        plan = self._plan()
        y = place.y() - plan.header
        row = int(y + self.verticalScrollBar().value()) // plan.pitch
        rows = self._picture.rows
        return rows[row] if 0 <= y < self._page(plan) and row < len(rows) else None

    def _page(self, plan: Plan) -> int:
        """Height in which the rows scroll."""
        assert self._picture is not None
        room = self.viewport().height() - plan.header - plan.footer
        return max(0, min(room, len(self._picture.rows) * plan.pitch))

    def _update_scroll_bars(self) -> None:
        if self._picture is None:
            return
        plan = self._plan()
        for bar, content, page in (
            (self.horizontalScrollBar(), plan.width, self.viewport().width()),
            (self.verticalScrollBar(), len(self._picture.rows) * plan.pitch, self._page(plan)),
        ):
            bar.setPageStep(page)
            bar.setRange(0, max(0, content - page))

    # Painting.

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint the captions, the rows in view, and the footer."""
        if self._picture is None:
            return
        painter = QPainter(self.viewport())
        try:
            self._paint(painter, self._picture)
        finally:
            # An error that leaves a painter behind would crash the program later.
            painter.end()

    def _paint(self, painter: QPainter, picture: MapPicture) -> None:
        plan, palette = self._plan(), self.palette()
        opacity = STALE_OPACITY if self._stale else 1.0
        scrolled, page = self.verticalScrollBar().value(), self._page(plan)
        painter.translate(-self.horizontalScrollBar().value(), 0)
        picture.paint_header(painter, plan, palette)
        picture.paint_footer(painter, plan, palette, plan.header + page, opacity)
        painter.setClipRect(0, plan.header, plan.width, page)
        first, last = scrolled // plan.pitch, -(-(scrolled + page) // plan.pitch)
        tops = {
            position: plan.header + place * plan.pitch - scrolled
            for place, position in enumerate(picture.rows[first:last], first)
        }
        picture.paint_rows(painter, plan, palette, tops, opacity)
        for position, top in tops.items():
            if position != REST:
                self._paint_check(painter, plan, top, not picture.making.muted[position])
                if position == self._hover:
                    cell = plan.cell(0, top, picture.shape(0))
                    paint_hovered(painter, cell, palette.color(QPalette.ColorRole.Text))
            if self.hasFocus() and position == self._current:
                painter.setPen(QPen(palette.color(QPalette.ColorRole.Text), 1.5))
                painter.drawRect(QRectF(1, top + 1, plan.width - 2, plan.pitch - 2))

    def _paint_check(self, painter: QPainter, plan: Plan, top: int, on: bool) -> None:
        option = QStyleOptionButton()
        option.initFrom(self)
        option.state = QStyle.StateFlag.State_Enabled
        option.state |= QStyle.StateFlag.State_On if on else QStyle.StateFlag.State_Off
        side = self.style().pixelMetric(QStyle.PixelMetric.PM_IndicatorWidth)
        option.rect = QRect(EDGE, top + (plan.pitch - side) // 2, side, side)
        self.style().drawPrimitive(
            QStyle.PrimitiveElement.PE_IndicatorCheckBox, option, painter, self
        )

    # The pointer and the keyboard.

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Tell which row is under the pointer."""
        self._set_hover(self._row_at(event.position()))

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Make a row the current one; mute it by its check box, or open the rest."""
        position = self._row_at(event.position())
        if event.button() == Qt.MouseButton.LeftButton and position is not None:
            self._go(position)
            self._press(position, event.position())

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """Keep the end of a click from what is behind."""

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        """Let a row be heard alone; on its check box it is two clicks."""
        position = self._row_at(event.position())
        if event.button() != Qt.MouseButton.LeftButton or position is None:
            return
        if position == REST or self._on_check(event.position()):
            self._press(position, event.position())
        else:
            self.soloed.emit(position)

    def viewportEvent(self, event: QEvent) -> bool:
        """Take the hover mark away as the pointer leaves, and say what a check box does."""
        if event.type() == QEvent.Type.Leave:
            self._set_hover(None)
        if isinstance(event, QHelpEvent):
            place = event.pos().toPointF()
            position = self._row_at(place)
            text = ""
            if position is not None and position != REST and self._on_check(place):
                text = "Untick to leave this map out of the sum. Double click: this map alone."
            QToolTip.showText(event.globalPos(), text, self)
            return True
        return super().viewportEvent(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Up and Down go from row to row; Space mutes, with Shift solos; Enter opens the rest."""
        if self._picture is None:
            super().keyPressEvent(event)
            return
        key, rows = event.key(), self._picture.rows
        place, page = rows.index(self._current), self._page(self._plan()) // self._plan().pitch
        steps = {
            Qt.Key.Key_Up: place - 1,
            Qt.Key.Key_Down: place + 1,
            Qt.Key.Key_PageUp: place - page,
            Qt.Key.Key_PageDown: place + page,
            Qt.Key.Key_Home: 0,
            Qt.Key.Key_End: len(rows) - 1,
        }
        if key in steps:
            self._go(rows[min(max(steps[Qt.Key(key)], 0), len(rows) - 1)])
        elif key in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space) and (
            self._current == REST
        ):
            self._open_rest()
        elif key == Qt.Key.Key_Space:
            alone = event.modifiers() & Qt.KeyboardModifier.ShiftModifier
            (self.soloed if alone else self.muted).emit(self._current)
        else:
            super().keyPressEvent(event)

    def focusInEvent(self, event: QFocusEvent) -> None:
        """Show which row is the current one."""
        super().focusInEvent(event)
        self.viewport().update()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        """Show it no longer."""
        super().focusOutEvent(event)
        self.viewport().update()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Follow the room."""
        super().resizeEvent(event)
        self._update_scroll_bars()

    def changeEvent(self, event: QEvent) -> None:
        """Follow the size of the text."""
        super().changeEvent(event)
        if event.type() is QEvent.Type.FontChange:
            self._update_scroll_bars()

    def scrollContentsBy(self, dx: int, dy: int) -> None:
        """Paint what came into view."""
        self.viewport().update()

    def _press(self, position: int, place: QPointF) -> None:
        if position == REST:
            self._open_rest()
        elif self._on_check(place):
            self.muted.emit(position)

    def _on_check(self, place: QPointF) -> bool:
        return place.x() + self.horizontalScrollBar().value() < self._plan().tiles[0]

    def _open_rest(self) -> None:
        assert self._picture is not None
        self._current = self._picture.rest[0]
        self.rest_toggled.emit()

    def _go(self, position: int) -> None:
        """Make a row the current one, and bring it into view."""
        assert self._picture is not None
        self._current = position
        plan, bar = self._plan(), self.verticalScrollBar()
        row = self.row_rectangle(position)
        bottom = plan.header + self._page(plan)
        if row.top() < plan.header:
            bar.setValue(bar.value() + row.top() - plan.header)
        elif row.bottom() >= bottom:
            bar.setValue(bar.value() + row.bottom() + 1 - bottom)
        self._describe(announce=True)
        self.viewport().update()

    def _describe(self, *, announce: bool) -> None:
        """Tell assistive technology what the current row is."""
        assert self._picture is not None
        sentence = self._picture.describe(self._current)
        self.setAccessibleDescription(sentence)
        if announce and self.hasFocus():
            QAccessible.updateAccessibility(QAccessibleAnnouncementEvent(self, sentence))

    def _set_hover(self, position: int | None) -> None:
        if position != self._hover:
            self._hover = position
            self.hovered.emit(None if position == REST else position)
            self.viewport().update()


def _switched(old: MapPicture, new: MapPicture, position: int) -> bool:
    """Whether a row of the same map was muted, or is heard again."""
    same = old.making.address == new.making.address and position != REST
    count = min(len(old.making.muted), len(new.making.muted))
    if not same or position >= count:
        return False
    return bool(old.making.muted[position] != new.making.muted[position])
