"""How one pixel is made, painted: window ⊙ kernel in rows, and a column that adds up."""

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate

import numpy as np
from PySide6.QtCore import QPointF, QRect, QRectF, Qt
from PySide6.QtGui import QColor, QFont, QFontMetrics, QPainter, QPalette, QPen, QPixmap

from cnn_explorer.core.display import colour
from cnn_explorer.core.explain import Field
from cnn_explorer.core.layers import MaxPool2d
from cnn_explorer.core.ledger import Ledger
from cnn_explorer.core.ledger_texts import (
    cell_lengths,
    kernel_texts,
    number_lengths,
    product_lines,
    products_text,
    row_sentence,
    window_texts,
)
from cnn_explorer.gui.colouring import MakingColours
from cnn_explorer.gui.marks import paint_field
from cnn_explorer.gui.pixel_cells import cells_picture, paint_cells
from cnn_explorer.gui.pixel_plan import GAP, MARGIN, PAD, TIMES, Fonts, Plan, PlanKey
from cnn_explorer.gui.row_area import FOOTER_PARTS, REST, Spot
from cnn_explorer.gui.sharp import is_vector

Kept = dict[str, tuple[object, QPixmap]]
"""Pictures of windows and of kernels, which stay while what they show does."""

_LEAST_WHOLE = 3  # before the decimal point, so that the column seldom widens: “+12”
_TEXT, _QUIET = QPalette.ColorRole.Text, QPalette.ColorRole.PlaceholderText
_FADED = 100  # of 255, the ground over a muted row's cells


@dataclass(frozen=True, eq=False)
class PixelPicture:
    """What is painted of how a pixel is made.

    Parameters
    ----------
    ledger
        The pixel.
    order, rest
        Positions among the channels: those that have a row each, from the top, and those folded
        into one.
    opened
        Positions whose products are listed.
    colours
        Of the cells.
    turns
        Whether marks say that rows can be opened, as they can on screen.
    """

    ledger: Ledger
    order: Sequence[int]
    rest: Sequence[int]
    opened: Set[int]
    colours: MakingColours
    turns: bool = True

    @cached_property
    def rows(self) -> list[int]:
        """The rows from the top: positions, and `REST`."""
        return [*self.order, REST] if self.rest else list(self.order)

    @property
    def _closed(self) -> str:
        """The mark of a row that can be opened."""
        return "▸ " if self.turns else ""

    def describe(self, position: int) -> str:
        """A row in words."""
        if position == REST:
            return f"rest of {len(self.rest)}, {self.ledger.rest(self.rest).text}"
        return row_sentence(self.ledger, position)

    def lines(self, decimals: int) -> list[str]:
        """What is painted, line by line, with so many decimals in cells or, for 0, without them."""
        lines, ledger = [], self.ledger
        for position in self.rows:
            index, turn, number = self._row_texts(position)
            if position == REST:
                lines.append(f"{turn}  {number}")
                continue
            box = "☐ " if ledger.making.muted[position] else "☑ "
            box = box if ledger.making.mutable else ""
            lines.append(f"{box}{index}  {turn}  {number}")
            if decimals:
                window = window_texts(ledger, position, decimals)
                kernel = kernel_texts(ledger, position, decimals)
                columns = ledger.terms.padding.shape[1]
                for first in range(0, len(window), columns):
                    row = slice(first, first + columns)
                    lines.append(f"    {' '.join(window[row])}  ⊙  {' '.join(kernel[row])}")
            if position in self.opened:
                lines += [f"    {label}  {of}" for label, of in product_lines(ledger, position)]
        return [*lines, *(f"{label}  {number.text}" for label, number in ledger.footer)]

    # Where things are.

    def plan_key(self, room: int, fonts: Fonts) -> PlanKey:
        """What the plan of the rows depends on."""
        ledger, colours = self.ledger, self.colours
        whole, fraction = number_lengths(ledger, ledger.rest(self.rest))
        rows, columns = ledger.terms.padding.shape
        return (
            room,
            fonts,
            (rows, columns),
            cell_lengths(ledger, colours.maps, colours.kernels),
            str(max(ledger.making.channels)),
            self._closed + products_text(ledger),
            (max(_LEAST_WHOLE, whole), fraction + 1),
        )

    def tops(self, plan: Plan, fonts: Fonts) -> list[int]:
        """Where each row begins below the first one, and where the last one ends."""
        opened = plan.height + (self.ledger.terms.padding.size + 1) * fonts.line + PAD
        heights = [opened if i in self.opened else plan.height for i in self.order]
        return [0, *accumulate([*heights, *([fonts.line + 2 * PAD] if self.rest else [])])]

    def footer(self, fonts: Fonts) -> int:
        """Height of what follows the rows."""
        return len(self.ledger.footer) * (fonts.line + 3) + 12

    # Painting.

    def paint_cells(
        self,
        painter: QPainter,
        plan: Plan,
        fonts: Fonts,
        palette: QPalette,
        tops: Mapping[int, int],
        kept: Kept | None,
    ) -> None:
        """Windows and kernels of some rows, each of which begins at a height of its own.

        By pictures that are kept, or without any directly, as on paper: those are not sharp.
        """
        ledger, terms, colours = self.ledger, self.ledger.terms, self.colours
        # Not the widget's ratio: it may be painted into a sharper picture.
        ratio = painter.deviceTransform().m11()
        positions = [position for position in tops if position != REST]
        for side, grid, values, scale, texts, padding in (
            ("window", plan.window, terms.window, colours.maps, window_texts, terms.padding),
            ("kernel", plan.kernel, terms.kernel, colours.kernels, kernel_texts, None),
        ):
            if kept is None or is_vector(painter):
                for position in positions:
                    painter.save()
                    painter.translate(grid.translated(0, tops[position]).topLeft())
                    inks = colour(values[[position]], colours.colours, scale)
                    written = [texts(ledger, position, plan.decimals)] if plan.decimals else []
                    paint_cells(painter, grid.size(), inks, written, fonts.cell, padding, palette)
                    painter.restore()
                continue
            cells = values[positions]
            padded = None if padding is None else padding.tobytes()
            look = plan, fonts, colours.colours, scale, padded, ratio, palette.cacheKey()
            key = look, cells.tobytes()
            if side not in kept or kept[side][0] != key:
                picture = cells_picture(
                    grid.size(),
                    ratio,
                    len(cells),
                    colour(cells, colours.colours, scale),
                    [texts(ledger, each, plan.decimals) for each in positions if plan.decimals],
                    fonts.cell,
                    padding,
                    palette,
                )
                kept[side] = key, picture
            size = grid.width() * ratio, grid.height() * ratio
            for place, position in enumerate(positions):
                target = QRectF(grid.translated(0, tops[position]))
                source = QRectF(0, place * size[1], *size)
                painter.drawPixmap(target, kept[side][1], source)

    def paint_row(
        self,
        painter: QPainter,
        plan: Plan,
        fonts: Fonts,
        palette: QPalette,
        position: int,
        top: int,
        under: Spot | None,
    ) -> None:
        """All of a row but its cells and its check box; and what is under the pointer."""
        ink, quiet = palette.color(_TEXT), palette.color(_QUIET)
        index, turn, number = self._row_texts(position)
        painter.setFont(fonts.plain)
        painter.setPen(ink)
        if position == REST:
            middle = top + PAD + fonts.line // 2
            painter.drawText(MARGIN, middle + fonts.drop, turn)
            _paint_number(painter, plan, fonts, middle, number, fonts.total)
            return
        grids = [QRectF(grid.translated(0, top)) for grid in (plan.window, plan.kernel)]
        middle, off = top + plan.middle, bool(self.ledger.making.muted[position])
        base = middle + fonts.drop
        if off:
            _paint_off(painter, grids, palette)
            painter.setPen(quiet)
        painter.drawText(plan.box.right() + 7, base, index)
        _paint_number(painter, plan, fonts, middle, number, fonts.struck if off else fonts.total)
        painter.setFont(fonts.plain)
        painter.setPen(quiet)
        painter.drawText(plan.turn.left(), base, turn)
        times = top + plan.kernel.center().y() + fonts.drop
        painter.drawText(plan.kernel.left() - TIMES // 2 - fonts.line // 3, times, "⊙")
        if isinstance(self.ledger.making.layer, MaxPool2d):
            won = self.ledger.terms.kernel[position] > 0
            for grid in grids:
                paint_field(painter, grid, Field(won.any(axis=1), won.any(axis=0)))
        if under is not None and under.position == position and under.cell is not None:
            shape = self.ledger.terms.padding.shape
            rows, columns = (np.arange(n) == at for n, at in zip(shape, under.cell, strict=True))
            for grid in grids:
                paint_field(painter, grid, Field(rows, columns), hovered=True)
        if position in self.opened:
            self._paint_products(painter, plan, fonts, palette, position, top + plan.height)

    def paint_footer(
        self,
        painter: QPainter,
        plan: Plan,
        fonts: Fonts,
        palette: QPalette,
        top: int,
        parts: int = FOOTER_PARTS,
    ) -> None:
        """Bias, rounding, a line, before activation, map.

        With fewer `parts` than three, without the map; with fewer than two, nothing.
        """
        entries, line = self.ledger.footer, fonts.line + 3
        bold = QFontMetrics(fonts.bold)
        widths = [bold.horizontalAdvance(label) for label, _ in entries]
        left = max(MARGIN, min(plan.turn.left(), plan.number[0] - GAP - max(widths)))
        room = plan.number[0] - GAP // 2 - left
        ink = palette.color(_TEXT)
        painter.setPen(ink)
        top += PAD
        shown = len(entries) - (FOOTER_PARTS - parts) if parts > 1 else 0
        for place, (label, number) in enumerate(entries[:shown]):
            total = place >= len(entries) - 2
            if place == len(entries) - 2:
                painter.fillRect(left - 4, top, plan.number[1] - left + 8, 2, ink)
                top += 2
            if widths[place] > room:
                label = bold.elidedText(label, Qt.TextElideMode.ElideRight, room)
            middle = top + line // 2
            painter.setFont(fonts.bold if total else fonts.plain)
            painter.drawText(left, middle + fonts.drop, label)
            font = fonts.total if total else fonts.number
            _paint_number(painter, plan, fonts, middle, number.text, font)
            top += line

    def _row_texts(self, position: int) -> tuple[str, str, str]:
        """A row's channel, disclosure and subtotal."""
        ledger = self.ledger
        if position == REST:
            return "", f"{self._closed}rest of {len(self.rest)}", ledger.rest(self.rest).text
        turn = "▾ " if position in self.opened else self._closed
        what = "off" if ledger.making.muted[position] else products_text(ledger)
        number = ledger.subtotals[position].text
        return str(ledger.making.channels[position]), turn + what, number

    def _paint_products(
        self,
        painter: QPainter,
        plan: Plan,
        fonts: Fonts,
        palette: QPalette,
        position: int,
        top: int,
    ) -> None:
        """The lines of an open row, as far as they are in view."""
        view = painter.clipBoundingRect()
        for place, (label, number) in enumerate(product_lines(self.ledger, position)):
            line = QRect(0, top + place * fonts.line, plan.number[1], fonts.line)
            if view.intersects(QRectF(line)):
                middle = line.top() + fonts.line // 2
                painter.setFont(fonts.number)
                painter.setPen(palette.color(_QUIET))
                left = plan.number[0] - 2 * GAP - fonts.digits(len(label))
                painter.drawText(left, middle + fonts.drop, label)
                painter.setPen(palette.color(_TEXT))
                _paint_number(painter, plan, fonts, middle, number, fonts.number)


def _paint_off(painter: QPainter, grids: Sequence[QRectF], palette: QPalette) -> None:
    """Dim and strike through the cells of a muted row; their numbers can still be read."""
    faded = QColor(palette.color(QPalette.ColorRole.Base))
    faded.setAlpha(_FADED)
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(QPen(palette.color(_TEXT), 1))
    for grid in grids:
        painter.fillRect(grid, faded)
        painter.drawLine(grid.topLeft(), grid.bottomRight())
    painter.restore()


def _paint_number(
    painter: QPainter, plan: Plan, fonts: Fonts, middle: int, text: str, font: QFont
) -> None:
    """A number in the column, its decimal point below the others."""
    painter.setFont(font)
    left = plan.point - fonts.digits(len(text.partition(".")[0]))
    painter.drawText(QPointF(left, middle + fonts.drop), text)
