"""The ground of a line above the layers, in a colour that is neither data nor window."""

from PySide6.QtCore import QRectF
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QFrame

MARGIN = 8
"""Logical pixels around the ground."""

_GROUND = ("#fffbe6", "#312c18")
_EDGE = ("#efd77f", "#6a5c26")


class Band(QFrame):
    """A frame with that ground; what is in it keeps `MARGIN` and a little more."""

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint the ground."""
        dark = self.palette().base().color().lightness() < 128
        painter = QPainter(self)
        try:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.setPen(QPen(QColor(_EDGE[dark]), 1))
            painter.setBrush(QColor(_GROUND[dark]))
            ground = QRectF(self.rect()).adjusted(MARGIN, MARGIN, -MARGIN, 0)
            painter.drawRoundedRect(ground.adjusted(0.5, 0.5, -0.5, -0.5), 8, 8)
        finally:
            painter.end()
