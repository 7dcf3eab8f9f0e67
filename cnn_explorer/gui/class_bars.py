"""Ten bars, one for each digit: how much of the network's belief it has."""

from collections.abc import Sequence

from PySide6.QtCore import QPointF, QRect, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QFont, QFontMetrics, QKeyEvent, QPainter, QPalette
from PySide6.QtWidgets import QSizePolicy, QWidget

from cnn_explorer.core.reading import CLASSES, Reading, Verdict, percent
from cnn_explorer.gui.row_area import RowArea, Spot
from cnn_explorer.gui.tiles import STALE_OPACITY

_BAR = 8
_GAP = 8
_EDGE = 4
_WIDEST = "> 99.9 %"


class ClassBars(RowArea):
    """A row for each digit: the digit, a bar as long as its share, and the share in numbers.

    Signals
    -------
    chosen(class)
        The user asks what speaks for a digit.
    """

    chosen = Signal(int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("Shares of the digits", parent)
        self._reading: Reading | None = None
        self._chosen: int | None = None
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.viewport().setAutoFillBackground(False)
        self.viewport().setCursor(Qt.CursorShape.PointingHandCursor)

    def show_reading(self, reading: Reading) -> None:
        """Show the shares, or ten empty bars where there are none."""
        self._reading = reading
        self._describe(announce=False)
        self.viewport().update()

    def mark(self, class_: int | None) -> None:
        """Mark the digit that is taken apart elsewhere."""
        self._chosen = class_
        self.viewport().update()

    def text(self) -> str:
        """All rows in words."""
        return "\n".join(map(self._words, range(CLASSES)))

    def sizeHint(self) -> QSize:
        """Room for ten rows."""
        return QSize(self.minimumSizeHint().width() + 80, CLASSES * self._pitch)

    def minimumSizeHint(self) -> QSize:
        """Room for a digit, a short bar and the widest number."""
        metrics = self.fontMetrics()
        words = metrics.horizontalAdvance("0") + metrics.horizontalAdvance(_WIDEST)
        return QSize(words + 2 * _EDGE + 2 * _GAP + 30, CLASSES * self._pitch)

    @property
    def _pitch(self) -> int:
        return self.fontMetrics().height() + 3

    def _words(self, class_: int) -> str:
        shares = None if self._reading is None else self._reading.shares
        if shares is None:
            return f"{class_}: no share"
        most = ", the most" if self._reading is not None and self._reading.best == class_ else ""
        return f"{class_}: {percent(float(shares[class_]))}{most}"

    # What the rows are.

    def _rows(self) -> Sequence[int]:
        return range(CLASSES)

    def row_rectangle(self, position: int) -> QRect:
        """Where a digit's row lies in the viewport."""
        return QRect(0, position * self._pitch, self.viewport().width(), self._pitch)

    def _view(self) -> tuple[int, int]:
        return 0, self.viewport().height()

    def _spot(self, point: QPointF) -> Spot | None:
        row = int(point.y() // self._pitch)
        return Spot(row, "turn") if 0 <= row < CLASSES else None

    def _sentence(self) -> str:
        return f"{self._words(self._current)}; Enter shows which maps speak for it"

    def _tip(self, spot: Spot) -> str:
        return f"{self._words(spot.position)}. Click: which maps speak for it, and which against it"

    def _arrange(self) -> None:
        self.updateGeometry()
        self.viewport().update()

    def _turn(self, position: int) -> None:
        self.chosen.emit(position)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Up and Down go from digit to digit; Enter and Space choose one."""
        keys = (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space)
        if event.key() in keys and not event.isAutoRepeat():
            self._turn(self._current)
        else:
            super().keyPressEvent(event)

    # Painting.

    def _paint(self, painter: QPainter) -> None:
        palette, reading = self.palette(), self._reading
        shares = None if reading is None else reading.shares
        sure = reading is not None and reading.verdict is Verdict.READ
        font = painter.font()
        bold = QFont(font)
        bold.setBold(True)
        metrics = QFontMetrics(bold)
        left = _EDGE + metrics.horizontalAdvance("0") + _GAP
        right = self.viewport().width() - _EDGE - metrics.horizontalAdvance(_WIDEST) - _GAP
        ink = palette.color(QPalette.ColorRole.Text)
        quiet = palette.color(QPalette.ColorRole.PlaceholderText)
        under = None if self._under is None else self._under.position
        for class_ in range(CLASSES):
            row = QRectF(self.row_rectangle(class_))
            if class_ in (under, self._chosen):
                painter.fillRect(row, palette.midlight())
            best = sure and reading is not None and class_ == reading.best
            painter.setFont(bold if best else font)
            painter.setPen(ink)
            middle = Qt.AlignmentFlag.AlignVCenter
            digits = row.adjusted(_EDGE, 0, 0, 0)
            painter.drawText(digits, middle | Qt.AlignmentFlag.AlignLeft, str(class_))
            painter.setOpacity(STALE_OPACITY if self._stale else 1)
            track = QRectF(left, row.center().y() - _BAR / 2, right - left, _BAR)
            painter.fillRect(track, palette.mid())
            if shares is not None:
                share = float(shares[class_])
                track.setWidth(max(1.0, track.width() * share))
                painter.fillRect(track, ink if best else quiet)
                painter.setPen(ink if best else quiet)
                numbers = row.adjusted(0, 0, -_EDGE, 0)
                painter.drawText(numbers, middle | Qt.AlignmentFlag.AlignRight, percent(share))
            painter.setOpacity(1)
            if class_ == self._chosen:
                painter.fillRect(QRectF(0, row.top(), 2, row.height()), ink)
        painter.setFont(font)
