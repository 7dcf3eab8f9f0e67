"""A ring around the pointer that the last row can see."""

from PySide6.QtCore import QRectF, Qt, QTimer, Slot
from PySide6.QtGui import QColor, QCursor, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QWidget

DIAMETER = 64
"""Logical pixels from edge to edge."""

_EVERY = 16  # milliseconds between two looks at where the pointer is
_LINES = (("#000000", 9.0), ("#ffffff", 7.0), ("#d6006c", 4.0))
"""Colours and widths, the widest first: one stands out from any ground, and none is data's."""


class PointerRing(QWidget):
    """Lies over a window and follows the pointer while it is shown; clicks go through it.

    It looks where the pointer is: not every part of a window is told of each move.

    Parameters
    ----------
    window
        What it lies over.
    """

    def __init__(self, window: QWidget) -> None:
        super().__init__(window)
        self._window = window
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.setAttribute(Qt.WidgetAttribute.WA_NoSystemBackground)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.resize(DIAMETER, DIAMETER)
        self._timer = QTimer(self, interval=_EVERY)
        self._timer.timeout.connect(self._follow)
        self.hide()

    def set_shown(self, shown: bool) -> None:
        """Follow the pointer, or be gone."""
        if shown:
            self._follow()
            self._timer.start()
        else:
            self._timer.stop()
        self.setVisible(shown)
        self.raise_()

    @Slot()
    def _follow(self) -> None:
        place = self._window.mapFromGlobal(QCursor.pos()) - self.rect().center()
        if place != self.pos():
            self.move(place)
            self.raise_()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint the ring."""
        painter = QPainter(self)
        try:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            edge = _LINES[0][1] / 2 + 0.5
            for colour, width in _LINES:
                painter.setPen(QPen(QColor(colour), width))
                painter.drawEllipse(QRectF(self.rect()).adjusted(edge, edge, -edge, -edge))
        finally:
            painter.end()
