"""The centred drawing beside the one that is drawn: what the network sees, or would see."""

from collections.abc import Sequence
from math import ceil

from PySide6.QtCore import QEvent, Signal, Slot
from PySide6.QtGui import QMouseEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QWidget

from cnn_explorer.core.activations import Array
from cnn_explorer.core.centring import centred
from cnn_explorer.core.drawing import SIDE
from cnn_explorer.core.explain import Field
from cnn_explorer.core.state import State
from cnn_explorer.gui.document import Document
from cnn_explorer.gui.drawing_picture import DrawingPicture, square_in

_MARGIN = 1


class SeenTile(QWidget):
    """The drawing, centred.

    Signals
    -------
    hovered(pixel)
        The (row, column) under the pointer, or None.
    """

    hovered = Signal(object)

    def __init__(self, document: Document, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._hover: tuple[int, int] | None = None
        self.values: Array = centred(document.state.drawing)
        self._picture = DrawingPicture(self.values)
        self.fit(0)
        self.setMouseTracking(True)
        self._describe(document.state)
        document.changed.connect(self._show_state)

    def show_fields(self, fields: Sequence[tuple[Field, bool]]) -> None:
        """Outline pixels; each with whether it is only for the pointer, and so dashed."""
        if fields or self._picture.fields:
            self._picture.fields = fields
            self.update()

    def fit(self, room: int) -> None:
        """Take as many logical pixels as a whole multiple of the drawing needs, at least two."""
        ratio = self.devicePixelRatioF()
        multiple = max(ceil(2 * ratio), int(room * ratio) // SIDE)
        side = ceil(multiple * SIDE / ratio) + 2 * _MARGIN
        self.setFixedSize(side, side)

    @Slot(object, object)
    def _show_state(self, new: State, old: State) -> None:
        if new.drawing is not old.drawing:
            self.values = new.input if new.centred else centred(new.drawing)
            self._picture.show(self.values)
            self.update()
        if new.centred is not old.centred:
            self._describe(new)

    def _describe(self, state: State) -> None:
        name = "What the network sees" if state.centred else "The drawing, centred as MNIST does"
        self.setAccessibleName(name)
        self.setToolTip(
            f"{name}: the ink fits 20×20 pixels, and its centre of mass is in the middle"
        )

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Tell the pixel under the pointer."""
        square, point = square_in(self, _MARGIN), event.position()
        cell = square.width() / SIDE
        row, column = (point.y() - square.top()) // cell, (point.x() - square.left()) // cell
        inside = 0 <= row < SIDE and 0 <= column < SIDE
        self._set_hover((int(row), int(column)) if inside else None)

    def leaveEvent(self, event: QEvent) -> None:
        """Tell that there is none."""
        self._set_hover(None)

    def _set_hover(self, pixel: tuple[int, int] | None) -> None:
        if pixel != self._hover:
            self._hover = pixel
            self.hovered.emit(pixel)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint it in a thin frame."""
        painter = QPainter(self)
        square = square_in(self, _MARGIN)
        painter.fillRect(square.adjusted(-1, -1, 1, 1), self.palette().mid())
        self._picture.paint(painter, square)
        painter.end()
