"""How one pixel is made: window ⊙ kernel of each input map, and a column that adds up."""

from bisect import bisect_right
from collections.abc import Sequence
from itertools import accumulate
from typing import NamedTuple

import numpy as np
from PySide6.QtCore import QEvent, QPoint, QPointF, QRect, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QAccessible,
    QAccessibleAnnouncementEvent,
    QFocusEvent,
    QFont,
    QFontMetrics,
    QHelpEvent,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPalette,
    QPixmap,
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

from cnn_explorer.core.display import colour
from cnn_explorer.core.explain import Field
from cnn_explorer.core.ledger import Ledger, ledger_of
from cnn_explorer.core.ledger_texts import (
    cell_lengths,
    exact_text,
    header_text,
    kernel_texts,
    number_lengths,
    product_lines,
    products_text,
    row_sentence,
    window_texts,
)
from cnn_explorer.core.making import Making
from cnn_explorer.gui.colouring import MakingColours
from cnn_explorer.gui.marks import paint_field, paint_muted
from cnn_explorer.gui.pixel_cells import cells_picture
from cnn_explorer.gui.pixel_plan import GAP, MARGIN, PAD, TIMES, Fonts, Plan, plan_of
from cnn_explorer.gui.tiles import STALE_OPACITY

REST = -1
"""Stands for the position of the row of those that are folded into one."""

_LEAST_WHOLE = 3  # before the decimal point, so that the column seldom widens: “+12”
_Key = tuple[int, Fonts, tuple[int, int], tuple[tuple[int, int], ...], str, str, tuple[int, int]]

_NO_PIXEL = "Click a pixel of a map to see the products that it is the sum of."

_WRAPPED = Qt.AlignmentFlag.AlignLeft | Qt.TextFlag.TextWordWrap


class _Spot(NamedTuple):
    """What is at a point: a row, in it “box”, “turn” or another part, and a cell of its kernel."""

    position: int
    part: str = ""
    cell: tuple[int, int] | None = None


class PixelRows(QAbstractScrollArea):
    """A pixel's ledger: a row for each input map, and below them what they add up to.

    Signals
    -------
    muted(position), soloed(position)
        The user switches a channel off or on, or asks for it alone.
    rest_toggled()
        The user opens the row of those that are folded into one.
    hovered(position)
        The channel under the pointer, or None.
    cell_hovered(cell)
        (position, row, column) of the kernel's cell under the pointer, or of the window's, or None.
    """

    muted = Signal(int)
    soloed = Signal(int)
    rest_toggled = Signal()
    hovered = Signal(object)
    cell_hovered = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._ledger: Ledger | None = None
        self._address: tuple[int, ...] = ()
        self._order: Sequence[int] = ()
        self._rest: Sequence[int] = ()
        self._colours: MakingColours | None = None
        self._seen: tuple[object, str] = (None, "")
        self._open: set[int] = set()
        self._current = 0
        self._stale = False
        self._pointer: QPointF | None = None
        self._under: _Spot | None = None
        self._fonts = Fonts(self.font())
        self._key: object = None
        self._plan: Plan | None = None
        self._pictures: list[tuple[object, QPixmap]] = [(None, QPixmap())] * 2
        self._tops = [0]
        self._titled: object = None
        self._header = [0]
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.viewport().setMouseTracking(True)
        self.viewport().setBackgroundRole(QPalette.ColorRole.Base)
        self.verticalScrollBar().setSingleStep(20)
        self.setAccessibleName("How the pixel is made")

    # What the owner says and asks.

    @property
    def ledger(self) -> Ledger | None:
        """What is shown, or None without a pixel."""
        return self._ledger

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
        if making.address != self._address:
            self._address = making.address
            self._open.clear()
        inside = pixel is not None and all(
            0 <= place < size for place, size in zip(pixel, making.map.shape, strict=True)
        )
        self._ledger = ledger_of(making, pixel) if inside and pixel is not None else None
        self._order, self._rest, self._colours = order, rest, colours
        rows = self._rows()
        if self._current not in rows:
            self._current = rows[0]
        self._arrange()
        self._describe(announce=False)

    def set_stale(self, stale: bool) -> None:
        """Dim the numbers while they are out of date."""
        if stale != self._stale:
            self._stale = stale
            self.viewport().update()

    def height_for(self, width: int) -> int:
        """Height at which nothing scrolls."""
        header = sum(self._header_heights(width)) + 2 * PAD
        if self._ledger is None:
            return header
        rows = self._row_tops(plan_of(*self._plan_key(width)))[-1]
        return header + rows + self._footer_height()

    def text(self) -> str:
        """What is painted, row by row, those that are scrolled away included."""
        lines = [" ".join(self._header_texts())]
        ledger = self._ledger
        if ledger is not None and self._plan is not None:
            numbered = self._plan.decimals
            for position in self._rows():
                index, turn, number = self._row_texts(position)
                if position == REST:
                    lines.append(f"{turn}  {number}")
                    continue
                box = "☐" if ledger.making.muted[position] else "☑"
                lines.append(f"{box} {index}  {turn}  {number}")
                if numbered:
                    window = window_texts(ledger, position, numbered)
                    kernel = kernel_texts(ledger, position, numbered)
                    columns = ledger.terms.padding.shape[1]
                    for first in range(0, len(window), columns):
                        row = slice(first, first + columns)
                        lines.append(f"    {' '.join(window[row])}  ⊙  {' '.join(kernel[row])}")
                if position in self._open:
                    lines += [f"    {label}  {of}" for label, of in product_lines(ledger, position)]
            lines += [f"{label}  {number.text}" for label, number in ledger.footer]
        return "\n".join(lines)

    # Texts: painted, and the same in text().

    def _header_texts(self) -> tuple[str, ...]:
        ledger = self._ledger
        if ledger is None:
            return (_NO_PIXEL,)
        making = ledger.making
        key = making.state.network, making.address, ledger.pixel
        if self._seen[0] != key:
            self._seen = key, header_text(ledger)
        return ledger.title, self._seen[1]

    def _row_texts(self, position: int) -> tuple[str, str, str]:
        """A row's channel, disclosure and subtotal."""
        assert self._ledger is not None
        making = self._ledger.making
        if position == REST:
            return "", f"▸ rest of {len(self._rest)}", self._ledger.rest(self._rest).text
        turn = "▾ " if position in self._open else "▸ "
        what = "off" if making.muted[position] else products_text(self._ledger)
        number = self._ledger.subtotals[position].text
        return str(making.channels[position]), turn + what, number

    # Where things are.

    def _rows(self) -> list[int]:
        return [*self._order, *([REST] if self._rest else [])]

    def _arrange(self) -> None:
        """Follow the width, the font and what is shown."""
        width, hidden = self.width(), 0
        titled = width, self._fonts, self._header_texts()
        if titled != self._titled:
            self._titled, self._header = titled, self._header_heights(width)
        if self._ledger is not None:
            key = self._plan_key(width)
            if self._plan is None or key != self._key:
                self._key, self._plan = key, plan_of(*key)
            self._tops = self._row_tops(self._plan)
            hidden = self._header_height() + self._tops[-1] + self._footer_height()
            hidden = max(0, hidden - self.viewport().height())
        bar = self.verticalScrollBar()
        bar.setRange(0, hidden)
        bar.setPageStep(max(1, self.viewport().height() // 2))
        self._update_hover()
        self.viewport().update()

    def _room(self, width: int) -> int:
        """Width of the rows: a scroll bar that comes and goes does not move them."""
        return width - self.verticalScrollBar().sizeHint().width()

    def _plan_key(self, width: int) -> _Key:
        """What a row's plan depends on."""
        assert self._ledger is not None
        assert self._colours is not None
        ledger, colours = self._ledger, self._colours
        whole, fraction = number_lengths(ledger, ledger.rest(self._rest))
        rows, columns = ledger.terms.padding.shape
        return (
            self._room(width),
            self._fonts,
            (rows, columns),
            cell_lengths(ledger, colours.maps, colours.kernels),
            str(max(ledger.making.channels)),
            f"▸ {products_text(ledger)}",
            (max(_LEAST_WHOLE, whole), fraction + 1),
        )

    def _row_tops(self, plan: Plan) -> list[int]:
        """Where each row begins below the first one, and where the last one ends."""
        assert self._ledger is not None
        line, products = self._fonts.line, self._ledger.terms.padding.size
        opened = plan.height + (products + 1) * line + PAD
        heights = [opened if i in self._open else plan.height for i in self._order]
        return [0, *accumulate([*heights, *([line + 2 * PAD] if self._rest else [])])]

    def _header_heights(self, width: int) -> list[int]:
        """Heights of the header's parts, which may share a line."""
        texts, metrics = self._header_texts(), QFontMetrics(self._fonts.plain)
        room = self._room(width) - 2 * MARGIN
        if metrics.horizontalAdvance(" ".join(texts)) <= room:
            return [metrics.height()]
        limits = QRect(0, 0, room, 10_000)
        return [metrics.boundingRect(limits, int(_WRAPPED), text).height() for text in texts]

    def _footer_height(self) -> int:
        return 0 if self._ledger is None else len(self._ledger.footer) * (self._fonts.line + 3) + 12

    def _header_height(self) -> int:
        return sum(self._header) + 2 * PAD

    def _ends(self) -> tuple[int, int]:
        """Heights of the header and the footer where they stay, or 0 where they scroll too."""
        header, footer = self._header_height(), self._footer_height()
        least = self._fonts.line * 5
        return (header, footer) if header + footer + least <= self.viewport().height() else (0, 0)

    def row_rectangle(self, position: int) -> QRect:
        """Where a row is in the viewport; `REST` for those that are folded."""
        place = self._rows().index(position)
        top, bottom = (self._first() + edge for edge in self._tops[place : place + 2])
        return QRect(0, top, self.viewport().width(), bottom - top)

    def _first(self) -> int:
        """Where in the viewport the first row begins."""
        return self._header_height() - self.verticalScrollBar().value()

    def _spot(self, point: QPointF) -> _Spot | None:
        """What is at a point of the viewport."""
        if self._ledger is None or self._plan is None:
            return None
        header, footer = self._ends()
        below = self._first() + self._tops[-1]
        if not header <= point.y() < min(below, self.viewport().height() - footer):
            return None
        rows = self._rows()
        place = bisect_right(self._tops, point.y() - self._first()) - 1
        if not 0 <= place < len(rows):
            return None
        position = rows[place]
        if position == REST:
            return _Spot(REST, "turn")
        plan = self._plan
        inside = point.toPoint() - QPoint(0, self._first() + self._tops[place])
        if plan.box.adjusted(-MARGIN, -4, 4, 4).contains(inside):
            return _Spot(position, "box")
        if plan.turn.adjusted(-4, 0, 4, 0).contains(inside):
            return _Spot(position, "turn")
        shape = self._ledger.terms.padding.shape
        for part, grid in (("window", plan.window), ("kernel", plan.kernel)):
            if grid.contains(inside):
                at = inside - grid.topLeft()
                row, column = at.y() * shape[0] // grid.height(), at.x() * shape[1] // grid.width()
                return _Spot(position, part, (row, column))
        line = (inside.y() - plan.height) // self._fonts.line
        if 0 <= line < self._ledger.terms.padding.size:
            row, column = divmod(line, shape[1])
            return _Spot(position, "product", (row, column))
        return _Spot(position)

    # Painting.

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint what is in view."""
        painter = QPainter(self.viewport())
        try:
            self._paint_header(painter)
            if self._ledger is not None and self._plan is not None:
                self._paint_rows(painter, self._plan)
                self._paint_footer(painter, self._plan)
        finally:
            painter.end()

    def _paint_header(self, painter: QPainter) -> None:
        """The pixel, and beside or below it what can be done with it."""
        texts, heights, right = (
            self._header_texts(),
            self._header,
            self._room(self.width()) - MARGIN,
        )
        pinned, _ = self._ends()
        left, top = MARGIN, PAD - (0 if pinned else self.verticalScrollBar().value())
        roles = (QPalette.ColorRole.Text, QPalette.ColorRole.PlaceholderText)
        for place, text in enumerate(texts):
            role = roles[1] if self._ledger is None else roles[place]
            painter.setPen(self.palette().color(role))
            height = heights[min(place, len(heights) - 1)]
            painter.drawText(QRect(left, top, right - left, height), _WRAPPED, text)
            if len(heights) == len(texts):
                top += height
            else:
                left += painter.fontMetrics().horizontalAdvance(text + " ")

    def _paint_rows(self, painter: QPainter, plan: Plan) -> None:
        header, footer = self._ends()
        bottom = self.viewport().height() - footer
        painter.save()
        painter.setClipRect(0, header, self.viewport().width(), bottom - header)
        painter.setOpacity(STALE_OPACITY if self._stale else 1)
        first, rows = self._first(), self._rows()
        begin = max(0, bisect_right(self._tops, header - first) - 1)
        shown = [
            (position, first + top)
            for position, top in zip(rows[begin:], self._tops[begin:], strict=False)
            if first + top < bottom
        ]
        own = [each for each in shown if each[0] != REST]
        if own:
            self._paint_cells(painter, plan, own)
        option = QStyleOptionButton()
        option.initFrom(self)
        for position, top in shown:
            self._paint_row(painter, plan, position, top, option)
        painter.restore()

    def _paint_cells(self, painter: QPainter, plan: Plan, shown: Sequence[tuple[int, int]]) -> None:
        """Windows and kernels of some rows, (position, top); their pictures stay while they do."""
        assert self._ledger is not None
        assert self._colours is not None
        ledger, terms, colours = self._ledger, self._ledger.terms, self._colours
        ratio, palette = self.devicePixelRatioF(), self.palette()
        positions = [position for position, _ in shown]
        windows = (plan.window, terms.window, colours.maps, window_texts, terms.padding)
        kernels = (plan.kernel, terms.kernel, colours.kernels, kernel_texts, None)
        for side, (grid, values, scale, texts, padding) in enumerate((windows, kernels)):
            cells = values[positions]
            padded = None if padding is None else padding.tobytes()
            look = (plan, colours.colours, scale, padded, ratio, palette.cacheKey())
            key = (look, cells.tobytes())
            kept, picture = self._pictures[side]
            if kept != key:
                picture = cells_picture(
                    grid.size(),
                    ratio,
                    colour(cells, colours.colours, scale),
                    [texts(ledger, each, plan.decimals) for each in positions if plan.decimals],
                    self._fonts.cell,
                    padding,
                    palette,
                )
                self._pictures[side] = key, picture
            high = grid.height()
            for place, (_, top) in enumerate(shown):
                target = QRectF(grid.translated(0, top))
                source = QRectF(0, place * high * ratio, grid.width() * ratio, high * ratio)
                painter.drawPixmap(target, picture, source)

    def _paint_row(
        self,
        painter: QPainter,
        plan: Plan,
        position: int,
        top: int,
        option: QStyleOptionButton,
    ) -> None:
        """All of a row but its cells."""
        assert self._ledger is not None
        palette, fonts = self.palette(), self._fonts
        ink = palette.color(QPalette.ColorRole.Text)
        quiet = palette.color(QPalette.ColorRole.PlaceholderText)
        index, turn, number = self._row_texts(position)
        if position == REST:
            place = QRect(MARGIN, top + PAD, plan.number[0] - MARGIN, fonts.line)
            painter.setFont(fonts.plain)
            painter.setPen(ink)
            painter.drawText(MARGIN, place.center().y() + fonts.drop, turn)
            self._paint_number(painter, plan, place.center().y(), number, fonts.total)
            self._paint_focus(painter, position, top, fonts.line + 2 * PAD)
            return
        off = bool(self._ledger.making.muted[position])
        option.rect = plan.box.translated(0, top)
        option.state = QStyle.StateFlag.State_Enabled
        option.state |= QStyle.StateFlag.State_Off if off else QStyle.StateFlag.State_On
        self.style().drawPrimitive(
            QStyle.PrimitiveElement.PE_IndicatorCheckBox, option, painter, self
        )
        middle = top + plan.middle
        base = middle + fonts.drop
        painter.setFont(fonts.plain)
        painter.setPen(quiet if off else ink)
        painter.drawText(plan.box.right() + 7, base, index)
        painter.setPen(quiet)
        painter.drawText(plan.turn.left(), base, turn)
        times = top + plan.kernel.center().y() + fonts.drop
        painter.drawText(plan.kernel.left() - TIMES // 2 - fonts.line // 3, times, "⊙")
        if off:
            for grid in (plan.window, plan.kernel):
                paint_muted(painter, QRectF(grid.translated(0, top)))
            painter.setPen(quiet)
        else:
            painter.setPen(ink)
        self._paint_number(painter, plan, middle, number, fonts.struck if off else fonts.total)
        under = self._under
        if under is not None and under.position == position and under.cell is not None:
            shape = self._ledger.terms.padding.shape
            rows, columns = (np.arange(n) == at for n, at in zip(shape, under.cell, strict=True))
            for grid in (plan.window, plan.kernel):
                target = QRectF(grid.translated(0, top))
                paint_field(painter, target, Field(rows, columns), hovered=True)
        height = plan.height
        if position in self._open:
            height += self._paint_products(painter, plan, position, top + plan.height)
        self._paint_focus(painter, position, top, height)

    def _paint_products(self, painter: QPainter, plan: Plan, position: int, top: int) -> int:
        """The lines of an open row; returns their height."""
        assert self._ledger is not None
        line, palette = self._fonts.line, self.palette()
        texts = product_lines(self._ledger, position)
        for place, (label, number) in enumerate(texts):
            middle = top + place * line + line // 2
            if -line <= middle <= self.viewport().height() + line:
                painter.setFont(self._fonts.number)
                painter.setPen(palette.color(QPalette.ColorRole.PlaceholderText))
                left = plan.number[0] - 2 * GAP - self._fonts.digits(len(label))
                painter.drawText(left, middle + self._fonts.drop, label)
                painter.setPen(palette.color(QPalette.ColorRole.Text))
                self._paint_number(painter, plan, middle, number, self._fonts.number)
        return len(texts) * line + PAD

    def _paint_focus(self, painter: QPainter, position: int, top: int, height: int) -> None:
        """Show where the keyboard is."""
        if self.hasFocus() and position == self._current:
            painter.setPen(self.palette().color(QPalette.ColorRole.Text))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRect(3, top + 1, self.viewport().width() - 7, height - 3)

    def _paint_number(
        self,
        painter: QPainter,
        plan: Plan,
        middle: int,
        text: str,
        font: QFont,
    ) -> None:
        """A number in the column, its decimal point below the others."""
        painter.setFont(font)
        left = plan.point - self._fonts.digits(len(text.partition(".")[0]))
        painter.drawText(left, middle + self._fonts.drop, text)

    def _paint_footer(self, painter: QPainter, plan: Plan) -> None:
        """Bias, rounding, a line, before activation, map."""
        assert self._ledger is not None
        fonts, palette = self._fonts, self.palette()
        entries, line = self._ledger.footer, fonts.line + 3
        top = self._first() + self._tops[-1]
        _, pinned = self._ends()
        if pinned:
            top = min(top, self.viewport().height() - pinned)
        painter.fillRect(0, top, self.viewport().width(), self._footer_height(), palette.base())
        if top < self._first() + self._tops[-1]:  # rows go on below it
            painter.fillRect(0, top, self.viewport().width(), 1, palette.mid())
        bold = QFontMetrics(fonts.bold)
        widths = [bold.horizontalAdvance(label) for label, _ in entries]
        left = max(MARGIN, min(plan.turn.left(), plan.number[0] - GAP - max(widths)))
        ink = palette.color(QPalette.ColorRole.Text)
        painter.setPen(ink)
        top += PAD
        for place, (label, number) in enumerate(entries):
            total = place >= len(entries) - 2
            if place == len(entries) - 2:
                painter.fillRect(left - 4, top, plan.number[1] - left + 8, 2, ink)
                top += 2
            room = plan.number[0] - GAP // 2 - left
            if widths[place] > room:
                label = bold.elidedText(label, Qt.TextElideMode.ElideRight, room)
            painter.setFont(fonts.bold if total else fonts.plain)
            painter.drawText(left, top + line // 2 + fonts.drop, label)
            font = fonts.total if total else fonts.number
            self._paint_number(painter, plan, top + line // 2, number.text, font)
            top += line

    # The pointer and the keyboard.

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Tell what is under the pointer."""
        self._pointer = event.position()
        self._update_hover()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Mute by the checkbox, open by the disclosure; elsewhere the row becomes the current."""
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
        """Solo a row; on its checkbox or disclosure it is one click more."""
        spot = self._spot(event.position())
        if event.button() != Qt.MouseButton.LeftButton or spot is None:
            return
        if spot.part in ("box", "turn"):
            self.mousePressEvent(event)
        else:
            self.soloed.emit(spot.position)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Go from row to row, mute, solo, open and close."""
        key, rows = event.key(), self._rows()
        if self._ledger is None or not rows:
            super().keyPressEvent(event)
            return
        place = rows.index(self._current)
        moves = {
            Qt.Key.Key_Up: place - 1,
            Qt.Key.Key_Down: place + 1,
            Qt.Key.Key_Home: 0,
            Qt.Key.Key_End: len(rows) - 1,
        }
        folded = self._current == REST
        away = Qt.Key.Key_Left if self._current in self._open else Qt.Key.Key_Right
        turns = (Qt.Key.Key_Return, Qt.Key.Key_Enter, away)
        if key in moves:
            self._go_to(rows[min(max(moves[Qt.Key(key)], 0), len(rows) - 1)])
        elif key == Qt.Key.Key_Space and not folded:
            alone = event.modifiers() & Qt.KeyboardModifier.ShiftModifier
            (self.soloed if alone else self.muted).emit(self._current)
        elif key in turns:
            self._turn(self._current)
        elif key not in (Qt.Key.Key_Left, Qt.Key.Key_Right, Qt.Key.Key_Space):
            super().keyPressEvent(event)

    def viewportEvent(self, event: QEvent) -> bool:
        """Tell exact values; and that the pointer left, which a scroll area keeps to itself."""
        if event.type() is QEvent.Type.Leave:
            self._pointer = None
            self._update_hover()
        if isinstance(event, QHelpEvent):
            QToolTip.showText(event.globalPos(), self._tip(event.pos()), self)
            return True
        return super().viewportEvent(event)

    def focusInEvent(self, event: QFocusEvent) -> None:
        """Show where the keyboard is."""
        self.viewport().update()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        """Show where the keyboard is not."""
        self.viewport().update()

    def scrollContentsBy(self, dx: int, dy: int) -> None:
        """Paint what came into view."""
        self._update_hover()
        self.viewport().update()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Lay the rows out anew."""
        self._arrange()

    def changeEvent(self, event: QEvent) -> None:
        """Follow the size of the text."""
        super().changeEvent(event)
        if event.type() is QEvent.Type.FontChange:
            self._fonts = Fonts(self.font())
            self._arrange()

    def sizeHint(self) -> QSize:
        """All rows, in the width there is."""
        return QSize(300, self.height_for(max(300, self.width())))

    def minimumSizeHint(self) -> QSize:
        """Small: rows scroll."""
        return QSize(200, 6 * self._fonts.line)

    def _tip(self, point: QPoint) -> str:
        """Exact values of what is at a point."""
        spot = self._spot(QPointF(point))
        if spot is None or self._ledger is None or spot.position == REST:
            return ""
        return exact_text(self._ledger, spot.position, spot.cell)

    def _turn(self, position: int) -> None:
        """Open or close a row."""
        if position == REST:
            self.rest_toggled.emit()
            return
        self._open ^= {position}
        self._arrange()
        self._reveal()

    def _go_to(self, position: int) -> None:
        """Make a row the current one."""
        moved, self._current = position != self._current, position
        self._reveal()
        self.viewport().update()
        self._describe(announce=moved)

    def _reveal(self) -> None:
        """Scroll until the current row is in view, or begins there."""
        row = self.row_rectangle(self._current)
        header, footer = self._ends()
        bar, top = self.verticalScrollBar(), row.top()
        below = top + row.height() - (self.viewport().height() - footer)
        if top < header:
            bar.setValue(bar.value() + top - header)
        elif below > 0:
            bar.setValue(bar.value() + min(below, top - header))

    def _update_hover(self) -> None:
        """Tell what is under the pointer, where that changed."""
        old = self._under
        new = None if self._pointer is None else self._spot(self._pointer)
        if new == old:
            return
        self._under = new
        positions = [None if s is None or s.position == REST else s.position for s in (old, new)]
        cells = [s and s.cell and (s.position, *s.cell) for s in (old, new)]
        if positions[0] != positions[1]:
            self.hovered.emit(positions[1])
        if cells[0] != cells[1]:
            self.cell_hovered.emit(cells[1])
            self.viewport().update()

    def _describe(self, *, announce: bool) -> None:
        """Tell assistive technology the current row."""
        sentence = _NO_PIXEL
        if self._ledger is not None:
            folded = f"rest of {len(self._rest)}, {self._ledger.rest(self._rest).text}"
            shown = self._current != REST
            sentence = row_sentence(self._ledger, self._current) if shown else folded
        self.setAccessibleDescription(sentence)
        if announce and self.hasFocus():
            QAccessible.updateAccessibility(QAccessibleAnnouncementEvent(self, sentence))
