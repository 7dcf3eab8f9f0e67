"""The cells of one kernel, large enough to read and to be turned, dragged and typed into."""

from dataclasses import dataclass
from math import floor

import numpy as np
import numpy.typing as npt
from PySide6.QtCore import QEvent, QPointF, QRect, QRectF, QSize, Qt, Signal, Slot
from PySide6.QtGui import (
    QFocusEvent,
    QHideEvent,
    QKeyEvent,
    QKeySequence,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QResizeEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import QSizePolicy, QWidget

from cnn_explorer.core.activations import Array
from cnn_explorer.core.display import Scale, colour
from cnn_explorer.core.kernel_text import number_text
from cnn_explorer.gui.cell_field import CellField
from cnn_explorer.gui.cell_texts import cell_texts
from cnn_explorer.gui.colouring import Colouring
from cnn_explorer.gui.marks import paint_cursor, paint_edited
from cnn_explorer.gui.pixel_cells import paint_cells

MARGIN = 5
"""Logical pixels around the cells, so that marks have room."""

MOST_SIDE = 64
"""Logical pixels of a cell's side, where there is room for more."""

_LEAST_SIDE = 12
_STILL = 3  # logical pixels of a press that is a click, and no drag
_PIXELS = 4  # of a drag that are a notch of the wheel
_FINE = 0.1
_NOTCH = 120  # as Qt counts the wheel's turns
_ARROWS = {
    Qt.Key.Key_Left: (0, -1),
    Qt.Key.Key_Right: (0, 1),
    Qt.Key.Key_Up: (-1, 0),
    Qt.Key.Key_Down: (1, 0),
}
_TURNS = {Qt.Key.Key_PageUp: 1, Qt.Key.Key_PageDown: -1}
_ENTERS = (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_F2)
_CLEARS = (Qt.Key.Key_Delete, Qt.Key.Key_Backspace)
_COMMANDS = (QKeySequence.StandardKey.Copy, QKeySequence.StandardKey.Paste)
_BEGINNINGS = frozenset("0123456789.+-\N{MINUS SIGN}")


@dataclass
class _Turn:
    """A cell that is being dragged or turned: where from, and how far."""

    start: float
    step: float
    from_y: float = 0.0
    dragged: bool = False
    notches: float = 0.0


class KernelCells(QWidget):
    """A kernel's cells in colours with their numbers; the one with the cursor can be changed.

    The mouse drags a cell up and down, and the wheel turns it; Page Up and Page Down do the same,
    finer with Shift. A digit begins to type a number; Enter and Tab go on to the next cell.

    Signals
    -------
    dragged(value)
        The cell with the cursor is on its way to a value.
    dropped()
        It stays there.
    begun()
        A cell begins to be turned by notches, which make one step.
    turned(value)
        The cell was turned to a value by a notch.
    typed(text)
        A text was entered for the cell; `refuse` says that it is no number.
    moved()
        Another cell has the cursor.
    copied(), pasted()
        The kernel is asked to be copied, or replaced by what was.
    """

    dragged = Signal(float)
    dropped = Signal()
    begun = Signal()
    turned = Signal(float)
    typed = Signal(str)
    moved = Signal()
    copied = Signal()
    pasted = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._kernel: Array = np.zeros((1, 1), np.float32)
        self._edited: npt.NDArray[np.bool_] = np.zeros((1, 1), bool)
        self._colouring: Colouring | None = None
        self._step = 0.1
        self._turn: _Turn | None = None
        self._refused = False
        self.cursor_cell = (0, 0)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self._field = CellField(self)
        self._field.hide()
        self._field.left.connect(self._leave)

    @property
    def value(self) -> float:
        """Of the cell with the cursor."""
        return float(self._kernel[self.cursor_cell])

    @property
    def count(self) -> int:
        """How many cells there are."""
        return int(self._kernel.size)

    @property
    def dragging(self) -> bool:
        """Whether a cell is on its way to a value."""
        return self._turn is not None and self._turn.dragged

    @property
    def typing(self) -> bool:
        """Whether a number is being typed."""
        return not self._field.isHidden()

    def show_kernel(
        self, kernel: Array, edited: npt.NDArray[np.bool_], colouring: Colouring, step: float
    ) -> None:
        """Show a kernel.

        Parameters
        ----------
        kernel
            float32, shape (kh, kw).
        edited
            bool, the same shape: cells that are not what they were.
        colouring
            Its one scale is that of the kernels.
        step
            What a notch of the wheel adds; one that is being made goes on with its own.
        """
        resized = kernel.shape != self._kernel.shape
        self._kernel, self._edited, self._colouring = kernel, edited, colouring
        self._step = step
        if resized:
            rows, columns = kernel.shape
            row, column = self.cursor_cell
            self.cursor_cell = min(row, rows - 1), min(column, columns - 1)
            self.let_go()
            self._fit()
        self.update()

    def let_go(self) -> None:
        """End what is being dragged, turned or typed, without a word."""
        self._turn = None
        self._field.hide()

    def refuse(self) -> None:
        """Say that what was typed is not taken: it stays to be mended."""
        self._refused = True

    # Where things are.

    @property
    def side(self) -> int:
        """Of a cell, in logical pixels."""
        room = (self.width() - 2 * MARGIN) // int(self._kernel.shape[1])
        return min(max(room, _LEAST_SIDE), MOST_SIDE)

    def rectangle(self, cell: tuple[int, int]) -> QRect:
        """Where a cell lies."""
        side = self.side
        return QRect(MARGIN + cell[1] * side, MARGIN + cell[0] * side, side, side)

    def cell_at(self, position: QPointF) -> tuple[int, int] | None:
        """(row, column) of the cell at a position, or None."""
        cell = (
            floor((position.y() - MARGIN) / self.side),
            floor((position.x() - MARGIN) / self.side),
        )
        rows, columns = self._kernel.shape
        return cell if 0 <= cell[0] < rows and 0 <= cell[1] < columns else None

    def sizeHint(self) -> QSize:
        """As high as the cells at the present width."""
        rows, columns = self._kernel.shape
        return QSize(columns, rows) * self.side + QSize(2, 2) * MARGIN

    def minimumSizeHint(self) -> QSize:
        """As narrow as any panel."""
        return QSize(100, self.sizeHint().height())

    def _fit(self) -> None:
        height = self.sizeHint().height()
        if height != self.height():
            self.setFixedHeight(height)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Be as high as the cells at the new width."""
        self._fit()

    # The mouse.

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Put the cursor on a cell, and be ready to drag it."""
        cell = self.cell_at(event.position())
        if cell is None or event.button() is not Qt.MouseButton.LeftButton:
            event.ignore()
            return
        self._move_to(cell)
        self._turn = _Turn(self.value, self._step, event.position().y())

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Drag the cell's value: up is more."""
        turn = self._turn
        if turn is None or not event.buttons() & Qt.MouseButton.LeftButton:
            return
        way = turn.from_y - event.position().y()
        if abs(way) >= _STILL or turn.dragged:
            turn.dragged = True
            fine = _FINE if event.modifiers() & Qt.KeyboardModifier.ShiftModifier else 1.0
            self.dragged.emit(turn.start + round(way) / _PIXELS * turn.step * fine)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """Leave the value where it is."""
        if event.button() is Qt.MouseButton.LeftButton:
            self._drop()

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        """Type a number."""
        if self.cell_at(event.position()) == self.cursor_cell:
            self._turn = None
            self._type(number_text(self.value))

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Turn the cell under the pointer, unless the page is being scrolled past it."""
        cell = self.cell_at(event.position())
        if not self.hasFocus() or cell is None or self.dragging:
            event.ignore()
            return
        if cell != self.cursor_cell:
            self._move_to(cell)
        delta = event.angleDelta()
        # Shift makes some desktops turn the wheel sideways.
        self._nudge((delta.y() or delta.x()) / _NOTCH, event.modifiers())

    def _nudge(self, notches: float, modifiers: Qt.KeyboardModifier) -> None:
        """Turn the cell; back at where it began it has the very value that it had."""
        if self._turn is None:
            self._turn = _Turn(self.value, self._step)
            self.begun.emit()
        fine = _FINE if modifiers & Qt.KeyboardModifier.ShiftModifier else 1.0
        self._turn.notches = round(self._turn.notches + notches * fine, 6)
        self.turned.emit(self._turn.start + self._turn.notches * self._turn.step)

    def _drop(self) -> None:
        was, self._turn = self.dragging, None
        if was:
            self.dropped.emit()

    def hideEvent(self, event: QHideEvent) -> None:
        """End a drag: no release will come."""
        self._drop()
        self._field.hide()

    # The keyboard.

    def event(self, event: QEvent) -> bool:
        """Keep the cells' own keys from shortcuts of the window."""
        if event.type() == QEvent.Type.ShortcutOverride:
            assert isinstance(event, QKeyEvent)
            escapes = event.key() == Qt.Key.Key_Escape and self.dragging
            if escapes or any(map(event.matches, _COMMANDS)) or _clears(event):
                event.accept()
                return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Move the cursor, turn the cell, begin to type, copy or paste."""
        key = Qt.Key(event.key())
        command = event.modifiers() & Qt.KeyboardModifier.ControlModifier
        if event.matches(QKeySequence.StandardKey.Copy):
            self.copied.emit()
        elif event.matches(QKeySequence.StandardKey.Paste):
            self.pasted.emit()
        elif key is Qt.Key.Key_Escape and self._turn is not None and self._turn.dragged:
            self.dragged.emit(self._turn.start)
            self._drop()
        elif key in _ARROWS:
            rows, columns = self._kernel.shape
            row, column = np.add(self.cursor_cell, _ARROWS[key])
            self._move_to((int(min(max(row, 0), rows - 1)), int(min(max(column, 0), columns - 1))))
        elif key in _TURNS and not self.dragging:
            self._nudge(_TURNS[key], event.modifiers())
        elif key in _ENTERS:
            self._type(number_text(self.value))
        elif _clears(event):
            self._turn = None
            self.typed.emit("0")
        elif event.text() and event.text() in _BEGINNINGS and not command:
            self._type(event.text(), begun=True)
        else:
            super().keyPressEvent(event)

    def focusInEvent(self, event: QFocusEvent) -> None:
        """Show the cursor."""
        self.update()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        """What is turned later is another step."""
        if not self.dragging:
            self._turn = None
        self.update()

    def _move_to(self, cell: tuple[int, int]) -> None:
        self._turn = None
        if cell != self.cursor_cell:
            self.cursor_cell = cell
            self.update()
            self.moved.emit()

    # Typing.

    def _type(self, text: str, *, begun: bool = False) -> None:
        """Open the field on the cell."""
        self._turn = None
        cell = self.rectangle(self.cursor_cell)
        place = QRect(0, 0, max(cell.width(), 78), min(max(cell.height(), 24), 30))
        place.moveCenter(cell.center())
        place.moveLeft(max(0, min(place.left(), self.width() - place.width())))
        place.moveTop(max(0, min(place.top(), self.height() - place.height())))
        self._field.setGeometry(place)
        self._field.setText(text)
        if not begun:
            self._field.selectAll()
        self._field.show()
        self._field.setFocus()

    @Slot(bool, int)
    def _leave(self, keep: bool, by: int) -> None:
        """Take what was typed or not, and go so many cells on."""
        if not self.typing:
            return
        self._refused = False
        if keep:
            self.typed.emit(self._field.text())
        if self._refused and by:
            return  # to be mended
        focused = self._field.hasFocus()
        self._field.hide()
        if focused:
            self.setFocus()
        columns = self._kernel.shape[1]
        row, column = self.cursor_cell
        place = row * columns + column + by
        if 0 <= place < self._kernel.size:
            self._move_to(divmod(place, columns))

    # Painting.

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint the cells, and the marks on them."""
        if self._colouring is None:
            return
        scale = self._colouring.scale(0, self._kernel)
        texts, font = cell_texts(self._kernel, self.side, self.font())
        rows, columns = self._kernel.shape
        painter = QPainter(self)
        try:
            painter.setPen(self.palette().mid().color())
            whole = QRect(MARGIN, MARGIN, columns * self.side, rows * self.side)
            painter.drawRect(whole.adjusted(-1, -1, 0, 0))
            painter.translate(MARGIN, MARGIN)
            paint_cells(
                painter,
                QSize(columns, rows) * self.side,
                _coloured(self._kernel, self._colouring, scale),
                [texts],
                font,
                None,
                self.palette(),
            )
            painter.translate(-MARGIN, -MARGIN)
            for row, column in np.argwhere(self._edited).tolist():
                paint_edited(painter, QRectF(self.rectangle((row, column))))
            focused = self.hasFocus() or self.typing
            if focused or self.count > 1:
                place = QRectF(self.rectangle(self.cursor_cell))
                paint_cursor(painter, place, focused=focused)
        finally:
            painter.end()


def _clears(event: QKeyEvent) -> bool:
    return event.key() in _CLEARS and not event.modifiers()


def _coloured(kernel: Array, colouring: Colouring, scale: Scale) -> npt.NDArray[np.uint8]:
    return colour(kernel, colouring.colours, scale)[np.newaxis]
