"""The maps that speak for a class and against it, a row each, over their sum."""

from collections.abc import Sequence

import numpy as np
from PySide6.QtCore import QPointF, QRect, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QFont, QKeyEvent, QPainter, QPalette
from PySide6.QtWidgets import QWidget

from cnn_explorer.core.display import Scale, scale_of
from cnn_explorer.core.evidence import Evidence
from cnn_explorer.gui.colouring import Colouring
from cnn_explorer.gui.evidence_plan import Plan, digits_font, plan_evidence
from cnn_explorer.gui.map_picture import fitting_name, paint_values, signed_tints
from cnn_explorer.gui.map_plan import EDGE, GAP, small
from cnn_explorer.gui.marks import paint_hovered, paint_muted
from cnn_explorer.gui.row_area import REST, RowArea, Spot
from cnn_explorer.gui.tiles import STALE_OPACITY

_BAR = 8  # logical pixels that a bar is high
_SIGNS = "·", "="
_LEFT = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
_RIGHT = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter


class EvidenceRows(RowArea):
    """A row for each map: what it is, its weights, their products; a bar and a number.

    Signals
    -------
    chosen(position)
        The user asks for a map: by a click, or with Enter.
    """

    chosen = Signal(int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("What the maps say", parent)
        self._evidence: Evidence | None = None
        self._order: list[int] = []
        self._rest: list[int] = []
        self._scales: tuple[Scale, Scale, Scale] | None = None
        self._colouring: Colouring | None = None

    # What the owner sets and asks.

    def show_evidence(
        self, evidence: Evidence, order: Sequence[int], rest: Sequence[int], colouring: Colouring
    ) -> None:
        """Show what speaks for a class.

        Parameters
        ----------
        evidence
            The class, taken apart.
        order, rest
            Positions of the maps that have a row each, from the top, and of those that share the
            last one.
        colouring
            Of the grids.
        """
        self._evidence, self._order, self._rest = evidence, list(order), list(rest)
        self._colouring = colouring
        colours, contrast = colouring.colours, colouring.contrast
        if evidence.source < 0:
            maps = scale_of([np.ones(1, np.float32)], colours, contrast)
        else:
            maps = colouring.scale(evidence.source, evidence.maps)
        weights, products = (
            scale_of([values], colours, contrast)
            for values in (evidence.weights, evidence.products)
        )
        self._scales = maps, weights, products
        if self._current not in self._rows():
            self._current = REST if self._current in rest else self._order[0]
        self._describe(announce=False)
        self._arrange()

    def fitting(self, evidence: Evidence, width: int, height: int) -> int:
        """How many rows have room: all, or so many that the rest has room below."""
        plan = self._planned(evidence, width)
        room = height - plan.header - plan.footer
        count = len(evidence.parts)
        return count if count * plan.pitch <= room else max(1, room // plan.pitch - 1)

    def height_for(self, width: int) -> int:
        """Height that shows every row."""
        if self._evidence is None:
            return 0
        plan = self._planned(self._evidence, width)
        rows = len(self._rows()) * plan.pitch
        return plan.header + rows + plan.footer

    def text(self) -> str:
        """All rows and the footer in words."""
        if self._evidence is None:
            return ""
        lines = [f"{name}: {number.text}" for name, number in self._evidence.footer]
        return "\n".join([*map(self._words, self._rows()), *lines])

    def minimumSizeHint(self) -> QSize:
        """A few lines; the rest scrolls."""
        return QSize(100, 8 * self.fontMetrics().height())

    # Where things are.

    def _planned(self, evidence: Evidence, width: int) -> Plan:
        return plan_evidence(evidence, width, self.font(), self.devicePixelRatioF())

    def _plan(self) -> Plan:
        assert self._evidence is not None
        return self._planned(self._evidence, self.viewport().width())

    def _page(self, plan: Plan) -> int:
        """Height in which the rows scroll."""
        assert self._evidence is not None
        room = self.viewport().height() - plan.header - plan.footer
        return max(0, min(room, len(self._rows()) * plan.pitch))

    def _rows(self) -> Sequence[int]:
        return [*self._order, REST] if self._rest else self._order

    def row_rectangle(self, position: int) -> QRect:
        """Where a row, or that of the rest, lies in the viewport."""
        plan = self._plan()
        top = plan.header + list(self._rows()).index(position) * plan.pitch
        left = -self.horizontalScrollBar().value()
        return QRect(left, top - self.verticalScrollBar().value(), plan.width, plan.pitch)

    def _view(self) -> tuple[int, int]:
        plan = self._plan()
        return plan.header, plan.header + self._page(plan)

    def _spot(self, point: QPointF) -> Spot | None:
        if self._evidence is None:
            return None
        plan, rows = self._plan(), self._rows()
        top, bottom = self._view()
        place = int(point.y() - top + self.verticalScrollBar().value()) // plan.pitch
        if not top <= point.y() < bottom or place >= len(rows):
            return None
        return Spot(rows[place], "turn")

    def _arrange(self) -> None:
        if self._evidence is None:
            return
        plan = self._plan()
        for bar, content, page in (
            (self.horizontalScrollBar(), plan.width, self.viewport().width()),
            (self.verticalScrollBar(), len(self._rows()) * plan.pitch, self._page(plan)),
        ):
            bar.setPageStep(page)
            bar.setRange(0, max(0, content - page))
        self._follow_pointer()
        self.viewport().update()

    # The pointer, the keyboard, and words.

    def _turn(self, position: int) -> None:
        """Open the rest, or choose a map."""
        if position == REST:
            self._current = self._rest[0]
            super()._turn(position)
        else:
            self.chosen.emit(position)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Up and Down go from map to map; Enter and Space choose one, or open the rest."""
        keys = (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space)
        if self._evidence is not None and event.key() in keys:
            if not event.isAutoRepeat():
                self._turn(self._current)
        else:
            super().keyPressEvent(event)

    def _words(self, position: int) -> str:
        if self._evidence is None:
            return ""
        if position == REST:
            total = self._evidence.sum_of(self._rest).text
            return f"rest of {len(self._rest)}: {total}, Enter gives each a row of its own"
        return self._evidence.describe(position)

    def _sentence(self) -> str:
        return self._words(self._current)

    def _tip(self, spot: Spot) -> str:
        if self._evidence is None or spot.position == REST:
            return ""
        exact = str(self._evidence.parts[spot.position]).replace("-", "\N{MINUS SIGN}")
        return f"{self._evidence.describe(spot.position)}\nIn float32: {exact}. Click selects it."

    # Painting.

    def _paint(self, painter: QPainter) -> None:
        if self._evidence is None:
            return
        plan = self._plan()
        scrolled, page = self.verticalScrollBar().value(), self._page(plan)
        painter.translate(-self.horizontalScrollBar().value(), 0)
        self._paint_header(painter, plan)
        self._paint_footer(painter, plan, plan.header + page)
        painter.setClipRect(0, plan.header, plan.width, page)
        rows = self._rows()
        first, last = scrolled // plan.pitch, -(-(scrolled + page) // plan.pitch)
        tops = {
            position: plan.header + place * plan.pitch - scrolled
            for place, position in enumerate(rows[first:last], first)
        }
        self._paint_rows(painter, plan, tops)

    def _paint_header(self, painter: QPainter, plan: Plan) -> None:
        assert self._evidence is not None
        painter.save()
        painter.setFont(small(self.font()))
        painter.setPen(self.palette().color(QPalette.ColorRole.PlaceholderText))
        captions = ("map",), ("weights", "W"), ("products", "·"), ("against | for", "− | +")
        ends = *plan.tiles[1:], plan.bar, plan.bar + plan.bar_width + GAP
        for left, end, names in zip((*plan.tiles, plan.bar), ends, captions, strict=True):
            name = fitting_name(painter.fontMetrics(), end - left - 2, *names)
            painter.drawText(QRectF(left, 0, plan.width, plan.header), _LEFT, name)
        painter.restore()

    def _paint_rows(self, painter: QPainter, plan: Plan, tops: dict[int, int]) -> None:
        evidence, colouring, scales = self._evidence, self._colouring, self._scales
        assert evidence is not None
        assert colouring is not None
        assert scales is not None
        opacity = STALE_OPACITY if self._stale else 1.0
        positions = [position for position in tops if position != REST]
        arrays = evidence.maps, evidence.weights, evidence.products
        shape = evidence.maps.shape[1:]
        for column, (values, scale) in enumerate(zip(arrays, scales, strict=True)):
            places = [plan.cell(column, tops[position], shape) for position in positions]
            palette = self.palette()
            paint_values(
                painter, palette, places, values[positions], colouring.colours, scale, opacity
            )
        ink = self.palette().color(QPalette.ColorRole.Text)
        quiet = self.palette().color(QPalette.ColorRole.PlaceholderText)
        largest = float(np.abs(evidence.parts).max(initial=0))
        for position, top in tops.items():
            row = QRectF(0, top, plan.width, plan.pitch)
            if position == REST:
                number = evidence.sum_of(self._rest)
                painter.setPen(ink)
                painter.drawText(row.adjusted(EDGE, 0, 0, 0), _LEFT, f"▸ rest of {len(self._rest)}")
            else:
                number = evidence.numbers[position]
                painter.setPen(ink)
                painter.drawText(row.adjusted(EDGE, 0, 0, 0), _LEFT, str(position))
                painter.setPen(quiet)
                for column, sign in enumerate(_SIGNS):
                    left, right = plan.tiles[column] + plan.side, plan.tiles[column + 1]
                    middle = QRectF(left, top, right - left, plan.pitch)
                    painter.drawText(middle, Qt.AlignmentFlag.AlignCenter, sign)
                if evidence.muted[position]:
                    paint_muted(painter, plan.cell(2, top, shape))
                if self._under is not None and self._under.position == position:
                    paint_hovered(painter, plan.cell(0, top, shape), ink)
            painter.setOpacity(opacity)
            self._paint_bar(painter, plan, top, number.exact or 0.0, largest)
            self._paint_number(painter, plan, row, number.text)
            painter.setOpacity(1)

    def _paint_bar(
        self, painter: QPainter, plan: Plan, top: float, value: float, largest: float
    ) -> None:
        """A bar to the left for what speaks against the class, to the right for what is for it."""
        assert self._colouring is not None
        middle = plan.bar + plan.bar_width / 2
        y = top + (plan.pitch - _BAR) / 2
        painter.fillRect(QRectF(plan.bar, y, plan.bar_width, _BAR), self.palette().midlight())
        length = value / (largest or 1) * plan.bar_width / 2
        if np.isfinite(length):
            length = min(max(length, -plan.bar_width / 2), plan.bar_width / 2)
            tint = signed_tints(self._colouring.colours)[value > 0]
            painter.fillRect(QRectF(middle, y, length, _BAR).normalized(), tint)
        ink = self.palette().color(QPalette.ColorRole.Text)
        painter.fillRect(QRectF(middle - 0.5, y - 1, 1, _BAR + 2), ink)

    def _paint_number(
        self, painter: QPainter, plan: Plan, row: QRectF, text: str, *, bold: bool = False
    ) -> None:
        painter.setFont(_weighted(digits_font(self.font()), bold))
        painter.setPen(self.palette().color(QPalette.ColorRole.Text))
        painter.drawText(QRectF(0, row.top(), plan.width - EDGE, row.height()), _RIGHT, text)
        painter.setFont(self.font())

    def _paint_footer(self, painter: QPainter, plan: Plan, top: int) -> None:
        """Under a line: the sum, the bias, what printing cost; under another the logit."""
        assert self._evidence is not None
        ink = self.palette().color(QPalette.ColorRole.Text)
        line = QRectF(EDGE, top + 2, plan.width - 2 * EDGE, 2)
        painter.fillRect(line, ink)
        row = QRectF(0, top + 6, plan.width, plan.line)
        *terms, last = self._evidence.footer
        for name, number in (*terms, last):
            bold = name == last[0]
            if bold:
                painter.fillRect(line.translated(0, row.top() - line.top() + 1), ink)
                row.translate(0, 4)
            painter.setFont(_weighted(self.font(), bold))
            painter.setPen(ink)
            painter.drawText(row.adjusted(plan.tiles[0], 0, 0, 0), _LEFT, name)
            painter.setOpacity(STALE_OPACITY if self._stale else 1)
            self._paint_number(painter, plan, row, number.text, bold=bold)
            painter.setOpacity(1)
            row.translate(0, plan.line)


def _weighted(font: QFont, bold: bool) -> QFont:
    font = QFont(font)
    font.setBold(bold)
    return font
