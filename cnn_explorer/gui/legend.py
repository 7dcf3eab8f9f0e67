"""A strip of colours with the values of its ends."""

import numpy as np
from PySide6.QtCore import QRect, QSize, Qt
from PySide6.QtGui import QImage, QPainter, QPaintEvent, QPalette
from PySide6.QtWidgets import QSizePolicy, QWidget

from cnn_explorer.core.display import ColourMap, Scale, colour
from cnn_explorer.core.sentences import short

_STRIP = QSize(84, 9)
_USUAL = "−8.88"
"""Each end of the strip has room for this at least."""


class Legend(QWidget):
    """Which values the colours stand for, in numbers."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._strip: QImage | None = None
        self._low = self._high = self._note = ""
        self._room = QSize()
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)

    def show_scale(self, colours: ColourMap, scale: Scale | None, note: str = "") -> None:
        """Show a scale, or only a note where there is none to share.

        Parameters
        ----------
        colours, scale
            What the tiles are painted with. The strip runs from the least to the largest value
            that there is, or to where the colours end.
        note
            Whose values they are, where that needs saying.
        """
        self._note = note
        if scale is None:
            self._strip, self._low, self._high = None, "", ""
        else:
            low, high = max(scale.least, scale.low), min(scale.most, scale.high)
            if not high > low:
                low, high = 0.0, 0.0
            values = np.linspace(low, high, _STRIP.width(), dtype=np.float32)[np.newaxis]
            pixels = np.ascontiguousarray(colour(values, colours, scale))
            image = QImage(
                pixels.data, pixels.shape[1], 1, pixels.shape[1] * 4, QImage.Format.Format_RGB32
            )
            self._strip = image.copy()
            self._low = ("≤ " if scale.least < scale.low else "") + short(low)
            self._high = ("≥ " if scale.most > scale.high else "") + short(high)
        words = f"{self._low} to {self._high}" if self._strip else ""
        self.setAccessibleName(" ".join(filter(None, ("Colour scale", words, note))))
        self.setToolTip(self._tip(scale))
        # With every stroke's point the numbers change, but seldom the room that they take.
        if self.sizeHint() != self._room:
            self._room = self.sizeHint()
            self.updateGeometry()
        self.update()

    def sizeHint(self) -> QSize:
        """Room for the strip and its numbers."""
        metrics = self.fontMetrics()
        width = metrics.horizontalAdvance(self._note)
        if self._strip is not None:
            width += _STRIP.width() + 12 + (8 if self._note else 0)
            usual = metrics.horizontalAdvance(_USUAL)
            width += max(usual, metrics.horizontalAdvance(self._low))
            width += max(usual, metrics.horizontalAdvance(self._high))
        return QSize(width, metrics.height() + 2)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Note, low value, strip, high value; flush right."""
        painter = QPainter(self)
        painter.setPen(self.palette().color(QPalette.ColorRole.PlaceholderText))
        metrics = self.fontMetrics()
        baseline = (self.height() + metrics.ascent() - metrics.descent()) // 2
        right = self.width()
        if self._strip is not None:
            right -= metrics.horizontalAdvance(self._high)
            painter.drawText(right, baseline, self._high)
            right -= 6 + _STRIP.width()
            strip = QRect(right, (self.height() - _STRIP.height()) // 2, 0, 0)
            strip.setSize(_STRIP)
            painter.drawImage(strip, self._strip)
            right -= 6 + metrics.horizontalAdvance(self._low)
            painter.drawText(right, baseline, self._low)
            right -= 8
        if self._note:
            place = QRect(0, 0, right, self.height())
            painter.drawText(
                place, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, self._note
            )
        painter.end()

    def _tip(self, scale: Scale | None) -> str:
        if scale is None:
            return "Each map has a colour scale of its own: colours of different maps differ."
        tip = f"Values from {short(scale.least)} to {short(scale.most)}."
        if scale.clipped:
            tip += (
                f" Colours are {scale.contrast} times as steep; values beyond the ends look alike."
            )
        return tip
