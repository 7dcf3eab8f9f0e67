"""Rows of input maps in one painted widget: to point at, to walk through, to switch off."""

from collections.abc import Sequence
from typing import NamedTuple

from PySide6.QtCore import QEvent, QPointF, QRect, QRectF, Qt, Signal
from PySide6.QtGui import (
    QAccessible,
    QAccessibleAnnouncementEvent,
    QFocusEvent,
    QHelpEvent,
    QHideEvent,
    QKeyEvent,
    QMouseEvent,
    QMoveEvent,
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

from cnn_explorer.gui.theme import box_palette

FOOTER_PARTS = 3
"""Steps in which what follows the rows is shown: the sum, with the bias, with the activation."""

REST = -1
"""The row of all that are folded into one, where others go by their positions."""

_ON = QStyle.StateFlag.State_Enabled | QStyle.StateFlag.State_On
_OFF = QStyle.StateFlag.State_Enabled | QStyle.StateFlag.State_Off


class Spot(NamedTuple):
    """What is at a point: a row, in it “box”, “turn”, “kernel” or another part, and a cell."""

    position: int
    part: str = ""
    cell: tuple[int, int] | None = None


class RowArea(QAbstractScrollArea):
    """Rows of which one is the current one; what they are like, a subclass says.

    Parameters
    ----------
    name
        For assistive technology.

    Signals
    -------
    muted(position), soloed(position)
        The user asks for it: by a check box or a double click, or by the keyboard.
    kernel_opened(position)
        The row's kernel was double-clicked.
    rest_toggled()
        The user asks to open the row of those that are folded.
    hovered(position)
        The position of the row under the pointer, or None.
    """

    muted = Signal(int)
    soloed = Signal(int)
    kernel_opened = Signal(int)
    rest_toggled = Signal()
    hovered = Signal(object)

    def __init__(self, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._box: QStyleOptionButton | None = None  # the same for all but place and state
        self._current = 0
        self._stale = False
        self._revealed: int | None = None
        self._pointer: QPointF | None = None
        self._under: Spot | None = None
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.viewport().setMouseTracking(True)
        self.viewport().setBackgroundRole(QPalette.ColorRole.Base)
        self.verticalScrollBar().setSingleStep(20)
        self.setAccessibleName(name)

    def set_stale(self, stale: bool) -> None:
        """Dim the values while they are out of date."""
        if stale != self._stale:
            self._stale = stale
            self.viewport().update()

    def reveal(self, steps: int | None) -> None:
        """Show so many rows from the top, and then the parts of what follows; None for all."""
        if steps != self._revealed:
            self._revealed = steps
            self.viewport().update()

    @property
    def steps(self) -> int:
        """In how many steps all is shown, from none to the last."""
        return len(self._rows()) + FOOTER_PARTS - 1

    @property
    def _rows_shown(self) -> int:
        """How many rows are shown."""
        count = len(self._rows())
        return count if self._revealed is None else min(self._revealed, count)

    @property
    def _parts_shown(self) -> int:
        """How many parts of what follows the rows are shown: the sum comes with the last row."""
        if self._revealed is None:
            return FOOTER_PARTS
        return min(max(0, self._revealed - len(self._rows()) + 1), FOOTER_PARTS)

    def tell(self) -> None:
        """Tell once more what is under the pointer, if a row is."""
        if self._under is not None and self._under.position != REST:
            self.hovered.emit(self._under.position)

    # What a subclass says.

    def _rows(self) -> Sequence[int]:
        """Positions from the top, and `REST`; none where there is nothing to show."""
        raise NotImplementedError

    def row_rectangle(self, position: int) -> QRect:
        """Where a row lies in the viewport; `REST` for those that are folded."""
        raise NotImplementedError

    def _view(self) -> tuple[int, int]:
        """Between which heights of the viewport the rows scroll."""
        raise NotImplementedError

    def _spot(self, point: QPointF) -> Spot | None:
        """What is at a point of the viewport."""
        raise NotImplementedError

    def _sentence(self) -> str:
        """The current row in words."""
        raise NotImplementedError

    def _tip(self, spot: Spot) -> str:
        """What the tool tip says of a spot."""
        raise NotImplementedError

    def _arrange(self) -> None:
        """Follow the room and the font."""
        raise NotImplementedError

    def _paint(self, painter: QPainter) -> None:
        """Paint what is in view."""
        raise NotImplementedError

    def _turn(self, position: int) -> None:
        """Open or close a row."""
        if position == REST:
            self.rest_toggled.emit()

    # Painting.

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint what is in view, and where the keyboard is."""
        painter = QPainter(self.viewport())
        try:
            painter.save()
            self._paint(painter)
            painter.restore()
            if self.hasFocus() and self._current in self._rows():
                top, bottom = self._view()
                painter.setClipRect(0, top, self.viewport().width(), bottom - top)
                painter.setPen(QPen(self.palette().color(QPalette.ColorRole.Text), 1.5))
                row = QRectF(self.row_rectangle(self._current))
                painter.drawRect(row.adjusted(1, 1, -1, -1))
        finally:
            # An error that leaves a painter behind would crash the program later.
            painter.end()

    def _paint_box(self, painter: QPainter, place: QRect, on: bool) -> None:
        """A check box as the style has it."""
        if self._box is None:
            self._box = QStyleOptionButton()
            self._box.initFrom(self)
            self._box.palette = box_palette(self.palette())
        self._box.rect = place
        self._box.state = _ON if on else _OFF
        self.style().drawPrimitive(
            QStyle.PrimitiveElement.PE_IndicatorCheckBox, self._box, painter, self
        )

    # The pointer and the keyboard.

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Tell what is under the pointer."""
        self._pointer = event.globalPosition()
        self._follow_pointer()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Make a row the current one; mute it by its check box, or open it."""
        spot = self._spot(event.position())
        if event.button() != Qt.MouseButton.LeftButton or spot is None:
            return
        self._go_to(spot.position)
        if spot.part == "box":
            self.muted.emit(spot.position)
        elif spot.part == "turn":
            self._turn(spot.position)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """Keep the end of a click from what is behind."""

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        """Open a kernel, click a box once more, or else let the row be heard alone."""
        spot = self._spot(event.position())
        if event.button() != Qt.MouseButton.LeftButton or spot is None:
            return
        if spot.part in ("box", "turn"):
            self.mousePressEvent(event)
        elif spot.part == "kernel":
            self.kernel_opened.emit(spot.position)
        else:
            self.soloed.emit(spot.position)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Up and Down go from row to row; Space mutes, with Shift solos; Enter opens the rest."""
        key, rows = event.key(), self._rows()
        steps = {
            Qt.Key.Key_Up: -1,
            Qt.Key.Key_Down: 1,
            Qt.Key.Key_Home: -len(rows),
            Qt.Key.Key_End: len(rows),
        }
        if rows and key in steps:
            self._step(steps[Qt.Key(key)])
        elif rows and key == Qt.Key.Key_Space and self._current != REST:
            alone = event.modifiers() & Qt.KeyboardModifier.ShiftModifier
            if not event.isAutoRepeat():  # each would be a step to undo
                (self.soloed if alone else self.muted).emit(self._current)
        elif rows and key in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and self._current == REST:
            self._turn(REST)
        else:
            super().keyPressEvent(event)

    def viewportEvent(self, event: QEvent) -> bool:
        """Tell more; and that the pointer left, which a scroll area keeps to itself."""
        if event.type() is QEvent.Type.Leave:
            self._pointer = None
            self._follow_pointer()
        if isinstance(event, QHelpEvent):
            spot = self._spot(event.pos().toPointF())
            QToolTip.showText(event.globalPos(), "" if spot is None else self._tip(spot), self)
            return True
        return super().viewportEvent(event)

    def focusInEvent(self, event: QFocusEvent) -> None:
        """Show where the keyboard is."""
        super().focusInEvent(event)
        self.viewport().update()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        """Show it no longer."""
        super().focusOutEvent(event)
        self.viewport().update()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Follow the room."""
        super().resizeEvent(event)
        self._arrange()

    def changeEvent(self, event: QEvent) -> None:
        """Follow the size of the text."""
        super().changeEvent(event)
        if event.type() in (QEvent.Type.PaletteChange, QEvent.Type.StyleChange):
            self._box = None
        if event.type() is QEvent.Type.FontChange:
            self._arrange()

    def hideEvent(self, event: QHideEvent) -> None:
        """Let go of what was under the pointer."""
        super().hideEvent(event)
        self._pointer = None
        self._follow_pointer()

    def moveEvent(self, event: QMoveEvent) -> None:
        """Tell what came under the pointer."""
        super().moveEvent(event)
        self._follow_pointer()

    def scrollContentsBy(self, dx: int, dy: int) -> None:
        """Paint what came into view, which may be under the pointer."""
        self._follow_pointer()
        self.viewport().update()

    def _step(self, count: int) -> None:
        """Go so many rows down, as far as there are rows."""
        rows = self._rows()
        place = rows.index(self._current) + count
        self._go_to(rows[min(max(place, 0), len(rows) - 1)])

    def _go_to(self, position: int) -> None:
        """Make a row the current one."""
        moved, self._current = position != self._current, position
        self._reveal()
        self.viewport().update()
        self._describe(announce=moved)

    def _reveal(self) -> None:
        """Scroll until the current row is in view, or begins there."""
        row, bar = self.row_rectangle(self._current), self.verticalScrollBar()
        top, bottom = self._view()
        below = row.top() + row.height() - bottom
        if row.top() < top:
            bar.setValue(bar.value() + row.top() - top)
        elif below > 0:
            bar.setValue(bar.value() + min(below, row.top() - top))

    def _follow_pointer(self) -> None:
        """Tell what is under the pointer, where that changed."""
        old = self._under
        self._under = self._pointed()
        before, now = (
            None if spot is None or spot.position == REST else spot.position
            for spot in (old, self._under)
        )
        if before != now:
            self.hovered.emit(now)
        if old != self._under:
            self.viewport().update()

    def _pointed(self) -> Spot | None:
        """What the pointer is on."""
        if self._pointer is None:
            return None
        # Its place on the screen: this widget may have moved since.
        point = self.viewport().mapFromGlobal(self._pointer)
        return self._spot(point) if self.viewport().rect().contains(point.toPoint()) else None

    def _describe(self, *, announce: bool) -> None:
        """Tell assistive technology the current row."""
        sentence = self._sentence()
        self.setAccessibleDescription(sentence)
        if announce and self.hasFocus():
            QAccessible.updateAccessibility(QAccessibleAnnouncementEvent(self, sentence))
