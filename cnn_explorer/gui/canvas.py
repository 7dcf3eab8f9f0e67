"""The drawing, and the pen, the eraser and the keys that change it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import floor

import numpy as np
from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt, Signal, Slot
from PySide6.QtGui import (
    QColor,
    QFocusEvent,
    QHideEvent,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPalette,
    QPen,
)
from PySide6.QtWidgets import QSizePolicy, QWidget

from cnn_explorer.core.activations import Array
from cnn_explorer.core.drawing import SIDE, stroke
from cnn_explorer.core.explain import Field
from cnn_explorer.core.state import State
from cnn_explorer.gui.document import Document
from cnn_explorer.gui.drawing_picture import DrawingPicture, square_in
from cnn_explorer.gui.settings import Settings, SettingsStore

HELP = (
    "Draw with the left mouse button, erase with the right one.\n"
    "Keys: the arrows move a cursor, with Shift by 4 pixels; "
    "hold Space to draw, Backspace to erase."
)

MARGIN = 6
"""Logical pixels around the drawing, so that the focus ring has room."""

_LEAP = 4
_ARROWS = {
    Qt.Key.Key_Left: (0, -1),
    Qt.Key.Key_Right: (0, 1),
    Qt.Key.Key_Up: (-1, 0),
    Qt.Key.Key_Down: (1, 0),
}
# Whether a button or key always erases; if not, the tool decides.
_BUTTONS = {Qt.MouseButton.LeftButton: False, Qt.MouseButton.RightButton: True}
_KEYS = {Qt.Key.Key_Space: False, Qt.Key.Key_Backspace: True, Qt.Key.Key_Delete: True}
_COMMAND = (
    Qt.KeyboardModifier.ControlModifier
    | Qt.KeyboardModifier.AltModifier
    | Qt.KeyboardModifier.MetaModifier
)


@dataclass(eq=False)
class _Stroke:
    """A stroke in the making: what holds the pen down, where it is, what it has drawn."""

    source: Qt.MouseButton | Qt.Key
    erase: bool
    last: tuple[float, float]
    drawing: Array


class Canvas(QWidget):
    """The drawing, to draw on.

    Signals
    -------
    hovered(pixel)
        The (row, column) under the pointer or the keyboard's cursor, or None.
    """

    hovered = Signal(object)

    def __init__(
        self, document: Document, store: SettingsStore, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._document = document
        self._store = store
        self._erasing = False
        self._stroke: _Stroke | None = None
        self._pointer: QPointF | None = None
        self._cursor = (SIDE // 2, SIDE // 2)
        self._cursor_shown = False
        self._hover: tuple[int, int] | None = None
        self._picture = DrawingPicture(document.state.drawing)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.PreventContextMenu)
        self.setMouseTracking(True)
        self.setCursor(Qt.CursorShape.CrossCursor)
        policy = QSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        policy.setHeightForWidth(True)
        self.setSizePolicy(policy)
        self.setAccessibleName(f"Drawing, {SIDE} by {SIDE} pixels")
        self.setAccessibleDescription(HELP)
        self.setToolTip(HELP)
        document.changed.connect(self._show_state)
        store.changed.connect(self._show_settings)

    @property
    def erasing(self) -> bool:
        """Whether the left button and Space erase."""
        return self._erasing

    @erasing.setter
    def erasing(self, erasing: bool) -> None:
        self._erasing = erasing
        self.update()

    @property
    def drawing(self) -> bool:
        """Whether the pen is down."""
        return self._stroke is not None

    def show_fields(self, fields: Sequence[tuple[Field, bool]]) -> None:
        """Outline pixels; each with whether it is only for the pointer, and so dashed."""
        if fields or self._picture.fields:
            self._picture.fields = fields
            self.update()

    # Where things are.

    def square(self) -> QRectF:
        """Where the drawing lies in the widget, in logical pixels."""
        return square_in(self, MARGIN)

    def heightForWidth(self, width: int) -> int:
        """As high as wide."""
        return width

    def sizeHint(self) -> QSize:
        """Eight by eight for each pixel."""
        return QSize(1, 1) * (8 * SIDE + 2 * MARGIN)

    def minimumSizeHint(self) -> QSize:
        """Three by three for each pixel."""
        return QSize(1, 1) * (3 * SIDE + 2 * MARGIN)

    def _place(self, position: QPointF) -> tuple[float, float]:
        """(row, column) at a position in the widget; it may lie outside the drawing."""
        square = self.square()
        scale = SIDE / square.width()
        return (position.y() - square.top()) * scale, (position.x() - square.left()) * scale

    # A stroke.

    def _begin(self, source: Qt.MouseButton | Qt.Key, erase: bool, at: tuple[float, float]) -> None:
        erase = erase or self._erasing
        self._stroke = _Stroke(source, erase, at, self._document.state.drawing)
        self._extend(self._stroke, at)

    def _extend(self, pen: _Stroke, at: tuple[float, float]) -> None:
        state = self._document.state
        size = self._store.current.pen_size
        drawing = stroke(state.drawing, [pen.last, at], size=size, erase=pen.erase)
        pen.last = at
        if not np.array_equal(drawing, state.drawing):
            pen.drawing = drawing
            self._document.preview(replace(state, drawing=drawing))

    def _end(self) -> None:
        pen, self._stroke = self._stroke, None
        if pen is not None:
            self._document.commit("Erase" if pen.erase else "Draw stroke", self._document.state)
            self.update()

    @Slot(object, object)
    def _show_state(self, new: State, old: State) -> None:
        if new.drawing is old.drawing:
            return
        if self._stroke is not None and new.drawing is not self._stroke.drawing:
            self._stroke = None  # undone or replaced while it was drawn: there is nothing to go on
        self._picture.show(new.drawing)
        # Not repaint(): a fast mouse sends more events than a screen has frames.
        self.update()

    @Slot(object, object)
    def _show_settings(self, new: Settings, old: Settings) -> None:
        if new.pen_size != old.pen_size:
            self.update()

    # The mouse.

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Put the pen down."""
        if event.button() not in _BUTTONS:
            event.ignore()
        elif self._stroke is None:
            at = self._place(event.position())
            self._cursor = _pixel(at)
            self._cursor_shown = False
            self._begin(event.button(), _BUTTONS[event.button()], at)
            self.setToolTip("")  # one who draws needs no help over the drawing
            self.update()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Draw up to the pointer, wherever it went."""
        at = self._place(event.position())
        self._pointer = event.position()
        pen = self._stroke
        if pen is not None and isinstance(pen.source, Qt.MouseButton):
            if event.buttons() & pen.source:
                self._extend(pen, at)
            else:
                self._end()  # the release went elsewhere
        inside = 0 <= at[0] < SIDE and 0 <= at[1] < SIDE
        self._set_hover(_pixel(at) if inside else None)
        self.update()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """Lift the pen: one undo step."""
        pen = self._stroke
        if pen is not None and pen.source == event.button():
            self._extend(pen, self._place(event.position()))
            self._end()

    def leaveEvent(self, event: QEvent) -> None:
        """Take the outline of the pen away."""
        self._pointer = None
        self._set_hover(None)
        self.update()

    def hideEvent(self, event: QHideEvent) -> None:
        """Lift the pen: no release will come."""
        self._end()

    # The keyboard.

    def event(self, event: QEvent) -> bool:
        """Keep the canvas's own keys from shortcuts of the window."""
        if event.type() == QEvent.Type.ShortcutOverride:
            assert isinstance(event, QKeyEvent)
            if _own_key(event):
                event.accept()
                return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Move the cursor, or put the pen down under it."""
        if not _own_key(event):
            super().keyPressEvent(event)
            return
        self._cursor_shown = True
        self.update()
        key = Qt.Key(event.key())
        if key in _ARROWS:
            leap = _LEAP if event.modifiers() & Qt.KeyboardModifier.ShiftModifier else 1
            self._move_cursor(*_ARROWS[key], leap)
        elif self._stroke is None and not event.isAutoRepeat():
            self._begin(key, _KEYS[key], self._cursor_centre())

    def keyReleaseEvent(self, event: QKeyEvent) -> None:
        """Lift the pen: one undo step, however far the cursor went."""
        pen = self._stroke
        if pen is None or pen.source != event.key():
            super().keyReleaseEvent(event)
        elif not event.isAutoRepeat():
            self._end()

    def focusInEvent(self, event: QFocusEvent) -> None:
        """Show the cursor to one who came by keyboard."""
        if event.reason() in (Qt.FocusReason.TabFocusReason, Qt.FocusReason.BacktabFocusReason):
            self._cursor_shown = True
        self.update()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        """Lift the keyboard's pen: its release will go elsewhere."""
        if self._stroke is not None and isinstance(self._stroke.source, Qt.Key):
            self._end()
        self.update()

    def _move_cursor(self, rows: int, columns: int, leap: int) -> None:
        row, column = self._cursor
        self._cursor = _pixel((row + rows * leap, column + columns * leap))
        if self._stroke is not None and isinstance(self._stroke.source, Qt.Key):
            self._extend(self._stroke, self._cursor_centre())
        self._set_hover(self._cursor)

    def _cursor_centre(self) -> tuple[float, float]:
        return self._cursor[0] + 0.5, self._cursor[1] + 0.5

    def _set_hover(self, pixel: tuple[int, int] | None) -> None:
        if pixel != self._hover:
            self._hover = pixel
            self.hovered.emit(pixel)

    # Painting.

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint the drawing, and the pen over it."""
        square = self.square()
        cell = square.width() / SIDE
        painter = QPainter(self)
        ink = self.palette().color(QPalette.ColorRole.WindowText)
        with_cursor = self._cursor_shown and self.hasFocus()
        if with_cursor:
            painter.setPen(_pen(ink, 2))
            painter.drawRect(square.adjusted(-3, -3, 3, 3))
        self._picture.paint(painter, square)
        painter.setClipRect(square)
        corner = square.topLeft()
        if with_cursor:
            row, column = self._cursor
            pixel = QRectF(corner.x() + column * cell, corner.y() + row * cell, cell, cell)
            for colour, width in ((Qt.GlobalColor.black, 3), (Qt.GlobalColor.white, 1)):
                painter.setPen(_pen(colour, width))
                painter.drawRect(pixel)
            self._paint_outline(painter, pixel.center(), cell)
        elif self._pointer is not None:
            self._paint_outline(painter, self._pointer, cell)
        painter.end()

    def _paint_outline(self, painter: QPainter, centre: QPointF, cell: float) -> None:
        """Paint where the pen would leave half of its ink; the eraser's outline is dashed."""
        erase = self._stroke.erase if self._stroke is not None else self._erasing
        radius = self._store.current.pen_size / 2 * cell
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(_pen(QColor(0, 0, 0, 200), 3))
        painter.drawEllipse(centre, radius, radius)
        pen = _pen(QColor(255, 255, 255, 230), 1)
        if erase:
            pen.setDashPattern([3, 3])
        painter.setPen(pen)
        painter.drawEllipse(centre, radius, radius)


def _pixel(place: tuple[float, float]) -> tuple[int, int]:
    """The pixel of the drawing that is nearest to a place."""
    row, column = (min(max(floor(value), 0), SIDE - 1) for value in place)
    return row, column


def _own_key(event: QKeyEvent) -> bool:
    known = event.key() in _ARROWS or event.key() in _KEYS
    return known and not event.modifiers() & _COMMAND


def _pen(colour: QColor | Qt.GlobalColor, width: int) -> QPen:
    pen = QPen(colour, width)
    pen.setJoinStyle(Qt.PenJoinStyle.MiterJoin)
    return pen
