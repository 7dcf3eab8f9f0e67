"""How one pixel is made: window ⊙ kernel of each input map, and a column that adds up."""

from bisect import bisect_right
from collections.abc import Sequence

from PySide6.QtCore import QEvent, QPoint, QPointF, QRect, QSize, Qt, Signal
from PySide6.QtGui import (
    QAccessible,
    QAccessibleAnnouncementEvent,
    QFocusEvent,
    QFontMetrics,
    QKeyEvent,
    QPainter,
    QPalette,
)
from PySide6.QtWidgets import QWidget

from cnn_explorer.core.ledger import Ledger, ledger_of
from cnn_explorer.core.ledger_texts import exact_text, header_text
from cnn_explorer.core.making import Making
from cnn_explorer.gui.colouring import MakingColours
from cnn_explorer.gui.pixel_picture import Kept, PixelPicture
from cnn_explorer.gui.pixel_plan import MARGIN, PAD, Fonts, Plan, PlanKey, plan_of
from cnn_explorer.gui.row_area import REST, RowArea, Spot
from cnn_explorer.gui.tiles import STALE_OPACITY

_NO_PIXEL = "Click a pixel of a map to see the products that it is the sum of."

_CELL_STEPS = {Qt.Key.Key_Comma: -1, Qt.Key.Key_Period: 1}
_WRAPPED = Qt.AlignmentFlag.AlignLeft | Qt.TextFlag.TextWordWrap


class PixelRows(RowArea):
    """A pixel's ledger: a row for each input map, and below them what they add up to.

    Signals
    -------
    cell_hovered(cell)
        (position, row, column) of the kernel's cell under the pointer, or of the window's, or None.
    """

    cell_hovered = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("How the pixel is made", parent)
        self._picture: PixelPicture | None = None
        self._bare = False
        self._shown: object = None
        self._keyed: Spot | None = None
        self._open: set[int] = set()
        self._fonts = Fonts(self.font())
        self._planned: tuple[PlanKey, Plan] | None = None
        self._tops = [0]
        self._seen: tuple[object, str] = (None, "")
        self._titled: object = None
        self._header = [0]
        self._kept: Kept = {}
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)

    # What the owner says and asks.

    @property
    def ledger(self) -> Ledger | None:
        """What is shown, or None without a pixel."""
        return None if self._picture is None else self._picture.ledger

    def show_making(
        self,
        making: Making,
        pixel: tuple[int, int] | None,
        order: Sequence[int],
        rest: Sequence[int],
        colours: MakingColours,
    ) -> None:
        """Show how a pixel is made.

        Parameters
        ----------
        making
            How its map is made.
        pixel
            (row, column), or None where none is pinned.
        order, rest
            Positions among the channels: those with a row of their own, and those folded into one.
        colours
            Of the cells.
        """
        shown = making.address, making.kernels.shape
        if shown != self._shown:
            self._shown, self._keyed = shown, None
            self._open.clear()
        self._picture = None
        if pixel is not None and all(
            0 <= place < size for place, size in zip(pixel, making.map.shape, strict=True)
        ):
            ledger = ledger_of(making, pixel)
            self._picture = PixelPicture(ledger, order, rest, self._open, colours)
            if self._current not in self._picture.rows:
                self._current = self._picture.rows[0]
        self._arrange()
        self._describe(announce=False)

    def set_bare(self, bare: bool) -> None:
        """Say which pixel it is, and not what can be done with it."""
        self._bare = bare
        self._arrange()

    def tell(self) -> None:
        """Tell once more which row and cell are under the pointer, if any are."""
        super().tell()
        cell = _cell(self._under)
        if cell is not None:
            self.cell_hovered.emit(cell)

    def height_for(self, width: int) -> int:
        """Height at which nothing scrolls."""
        header = sum(self._header_heights(width)) + 2 * PAD
        picture = self._picture
        if picture is None:
            return header
        plan = plan_of(*picture.plan_key(self._room(width), self._fonts))
        return header + picture.tops(plan, self._fonts)[-1] + picture.footer(self._fonts)

    def text(self) -> str:
        """What is painted, row by row, those that are scrolled away included."""
        lines = [" ".join(self._header_texts())]
        if self._picture is not None:
            lines += self._picture.lines(self._plan().decimals)
        return "\n".join(lines)

    # Where things are.

    def _rows(self) -> Sequence[int]:
        return [] if self._picture is None else self._picture.rows

    def _arrange(self) -> None:
        width, hidden, picture = self.width(), 0, self._picture
        titled = width, self._fonts, self._header_texts()
        if titled != self._titled:
            self._titled, self._header = titled, self._header_heights(width)
        if picture is not None:
            key = picture.plan_key(self._room(width), self._fonts)
            if self._planned is None or key != self._planned[0]:
                self._planned = key, plan_of(*key)
            self._tops = picture.tops(self._plan(), self._fonts)
            hidden = self._header_height() + self._tops[-1] + picture.footer(self._fonts)
            hidden = max(0, hidden - self.viewport().height())
        bar = self.verticalScrollBar()
        bar.setRange(0, hidden)
        bar.setPageStep(max(1, self.viewport().height() // 2))
        self._follow_pointer()
        self.viewport().update()

    def _plan(self) -> Plan:
        assert self._planned is not None
        return self._planned[1]

    def _room(self, width: int) -> int:
        """Width of the rows: a scroll bar that comes and goes does not move them."""
        return width - self.verticalScrollBar().sizeHint().width()

    def _first(self) -> int:
        """Where in the viewport the first row begins."""
        return self._header_height() - self.verticalScrollBar().value()

    def _ends(self) -> tuple[int, int]:
        """Heights of the header and the footer where they stay, or 0 where they scroll too."""
        header, least = self._header_height(), self._fonts.line * 5
        footer = 0 if self._picture is None else self._picture.footer(self._fonts)
        return (header, footer) if header + footer + least <= self.viewport().height() else (0, 0)

    def _view(self) -> tuple[int, int]:
        header, footer = self._ends()
        return header, self.viewport().height() - footer

    def row_rectangle(self, position: int) -> QRect:
        """Where a row is in the viewport; `REST` for those that are folded."""
        place = self._rows().index(position)
        top, bottom = (self._first() + edge for edge in self._tops[place : place + 2])
        return QRect(0, top, self.viewport().width(), bottom - top)

    def _spot(self, point: QPointF) -> Spot | None:
        top, bottom = self._view()
        rows, below = self._rows(), point.y() - self._first()
        if not (rows and top <= point.y() < bottom and 0 <= below < self._tops[-1]):
            return None
        place = bisect_right(self._tops, below) - 1
        if rows[place] == REST:
            return Spot(REST, "turn")
        inside = point.toPoint() - QPoint(0, self._first() + self._tops[place])
        return Spot(rows[place], *self._part(inside))

    def _part(self, inside: QPoint) -> tuple[str, tuple[int, int] | None]:
        """What is at a point of a row."""
        assert self._picture is not None
        plan, shape = self._plan(), self._picture.ledger.terms.padding.shape
        if plan.box.adjusted(-MARGIN, -4, 4, 4).contains(inside):
            return "box", None
        if plan.turn.adjusted(-4, 0, 4, 0).contains(inside):
            return "turn", None
        for part, grid in (("window", plan.window), ("kernel", plan.kernel)):
            if grid.contains(inside):
                at = inside - grid.topLeft()
                row, column = at.y() * shape[0] // grid.height(), at.x() * shape[1] // grid.width()
                return part, (row, column)
        line = (inside.y() - plan.height) // self._fonts.line
        if 0 <= line < shape[0] * shape[1]:
            row, column = divmod(line, shape[1])
            return "product", (row, column)
        return "", None

    # The header.

    def _header_texts(self) -> tuple[str, ...]:
        """The pixel, and what can be done with it."""
        ledger = self.ledger
        if ledger is None:
            return (_NO_PIXEL,)
        key = ledger.making.state.network, ledger.making.address, ledger.pixel
        if self._seen[0] != key:
            self._seen = key, header_text(ledger)
        return (ledger.title,) if self._bare else (ledger.title, self._seen[1])

    def _header_heights(self, width: int) -> list[int]:
        """Heights of the header's parts, which may share a line."""
        texts, metrics = self._header_texts(), QFontMetrics(self._fonts.plain)
        room = self._room(width) - 2 * MARGIN
        if metrics.horizontalAdvance(" ".join(texts)) <= room:
            return [metrics.height()]
        limits = QRect(0, 0, room, 10_000)
        return [metrics.boundingRect(limits, int(_WRAPPED), text).height() for text in texts]

    def _header_height(self) -> int:
        return sum(self._header) + 2 * PAD

    def _paint_header(self, painter: QPainter) -> None:
        texts, heights = self._header_texts(), self._header
        right = self._room(self.width()) - MARGIN
        left, top = MARGIN, PAD - (0 if self._ends()[0] else self.verticalScrollBar().value())
        roles = (QPalette.ColorRole.Text, QPalette.ColorRole.PlaceholderText)
        for place, text in enumerate(texts):
            painter.setPen(self.palette().color(roles[place if len(texts) > 1 else 1]))
            height = heights[min(place, len(heights) - 1)]
            painter.drawText(QRect(left, top, right - left, height), _WRAPPED, text)
            if len(heights) == len(texts):
                top += height
            else:
                left += painter.fontMetrics().horizontalAdvance(text + " ")

    # Painting.

    def _paint(self, painter: QPainter) -> None:
        self._paint_header(painter)
        if self._picture is None:
            return
        (header, bottom), width = self._view(), self.viewport().width()
        painter.save()
        painter.setClipRect(0, header, width, bottom - header)
        painter.setOpacity(STALE_OPACITY if self._stale else 1)
        self._paint_rows(painter, self._picture, header, bottom)
        painter.restore()
        plan, palette, end = self._plan(), self.palette(), self._first() + self._tops[-1]
        top = min(end, bottom) if self._ends()[1] else end
        if top < end:  # rows go on below it
            painter.fillRect(0, top, width, 1, palette.mid())
        self._picture.paint_footer(painter, plan, self._fonts, palette, top, self._parts_shown)

    def _paint_rows(
        self, painter: QPainter, picture: PixelPicture, header: int, bottom: int
    ) -> None:
        """Those in view."""
        plan, fonts, palette, first = self._plan(), self._fonts, self.palette(), self._first()
        begin = max(0, bisect_right(self._tops, header - first) - 1)
        tops = {
            position: first + top
            for position, top in zip(
                picture.rows[begin : self._rows_shown], self._tops[begin:], strict=False
            )
            if first + top < bottom
        }
        if tops:
            picture.paint_cells(painter, plan, fonts, palette, tops, self._kept)
        for position, top in tops.items():
            picture.paint_row(painter, plan, fonts, palette, position, top, self._under)
            if position != REST and picture.ledger.making.mutable:
                on = not picture.ledger.making.muted[position]
                self._paint_box(painter, plan.box.translated(0, top), on)

    # The pointer and the keyboard.

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Open and close rows too, by Enter or sideways; “,” and “.” walk through the cells."""
        key = event.key()
        sideways = Qt.Key.Key_Left, Qt.Key.Key_Right
        if self._picture is not None and key in _CELL_STEPS and self._current != REST:
            self._step_cell(self._picture.ledger.terms.padding.shape, _CELL_STEPS[Qt.Key(key)])
        elif self._picture is None or key not in (*sideways, Qt.Key.Key_Return, Qt.Key.Key_Enter):
            super().keyPressEvent(event)
        elif key != sideways[self._current in self._open]:
            self._turn(self._current)

    def _step_cell(self, shape: tuple[int, ...], by: int) -> None:
        """Go to the next or the previous cell of the current row's kernel, and tell its values."""
        place = 0
        if self._keyed is not None and self._keyed.cell is not None:
            row, column = self._keyed.cell
            place = min(max(row * shape[1] + column + by, 0), shape[0] * shape[1] - 1)
        self._pointer = None
        self._keyed = Spot(self._current, "kernel", divmod(place, shape[1]))
        self._follow_pointer()
        QAccessible.updateAccessibility(QAccessibleAnnouncementEvent(self, self._tip(self._keyed)))

    def _go_to(self, position: int) -> None:
        self._keyed = None
        self._follow_pointer()
        super()._go_to(position)

    def focusOutEvent(self, event: QFocusEvent) -> None:
        """Leave the cells."""
        self._keyed = None
        self._follow_pointer()
        super().focusOutEvent(event)

    def _pointed(self) -> Spot | None:
        """What the pointer is on, or the cell that the keyboard went to."""
        return self._keyed if self._pointer is None else super()._pointed()

    def changeEvent(self, event: QEvent) -> None:
        """Follow the size of the text."""
        if event.type() is QEvent.Type.FontChange:
            self._fonts = Fonts(self.font())
        super().changeEvent(event)

    def sizeHint(self) -> QSize:
        """All rows, in the width there is."""
        return QSize(300, self.height_for(max(300, self.width())))

    def minimumSizeHint(self) -> QSize:
        """Small: rows scroll."""
        return QSize(200, 6 * self._fonts.line)

    def _turn(self, position: int) -> None:
        if position == REST:
            super()._turn(REST)
            return
        self._open ^= {position}
        self._arrange()
        self._reveal()

    def _follow_pointer(self) -> None:
        before = _cell(self._under)
        super()._follow_pointer()
        now = _cell(self._under)
        if before != now:
            self.cell_hovered.emit(now)

    def _tip(self, spot: Spot) -> str:
        """Exact values."""
        if self._picture is None or spot.position == REST:
            return ""
        return exact_text(self._picture.ledger, spot.position, spot.cell)

    def _sentence(self) -> str:
        return _NO_PIXEL if self._picture is None else self._picture.describe(self._current)


def _cell(spot: Spot | None) -> tuple[int, int, int] | None:
    """A cell with the position of its row."""
    return None if spot is None or spot.cell is None else (spot.position, *spot.cell)
