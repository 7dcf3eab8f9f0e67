"""One pixel's ledger as a figure: window ⊙ kernel in rows, and the column that adds up."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from math import isfinite

import numpy as np
from PySide6.QtCore import QPoint, QSizeF
from PySide6.QtGui import QPainter, QPalette

from cnn_explorer.core.captions import ledger_caption
from cnn_explorer.core.ledger import Ledger
from cnn_explorer.gui.colouring import MakingColours
from cnn_explorer.gui.figure_page import Drawn, figure_font, ground
from cnn_explorer.gui.pixel_picture import PixelPicture
from cnn_explorer.gui.pixel_plan import MARGIN, PAD, Fonts, Plan, plan_of

_WIDTH = 380
_MOST_WIDTH = 560
_MOST_ROWS = 24
_SMALLEST = 0.55


@dataclass(frozen=True, eq=False)
class LedgerPicture:
    """How one pixel is made.

    Parameters
    ----------
    ledger, colours
        The pixel, and on which scales its cells are coloured.
    """

    ledger: Ledger
    colours: MakingColours

    @property
    def name(self) -> str:
        """Which pixel."""
        return self.ledger.title

    @property
    def caption(self) -> str:
        """Which pixel of which map."""
        return ledger_caption(self.ledger)

    def laid_out(self, room: QSizeF) -> Drawn:
        """All rows, or the largest ones where they would be too small."""
        fonts = Fonts(figure_font())
        width = round(room.width()) if isfinite(room.width()) else _WIDTH
        width = min(width, _MOST_WIDTH)
        rows = min(len(self.ledger.making.channels), _MOST_ROWS)
        while True:
            order, rest = self._folded(rows)
            picture = PixelPicture(self.ledger, order, rest, frozenset(), self.colours, turns=False)
            plan = plan_of(*picture.plan_key(width, fonts))
            head = fonts.line + 2 * PAD
            rows_end = picture.tops(plan, fonts)[-1]
            size = QSizeF(plan.number[1] + MARGIN, head + rows_end + picture.footer(fonts))
            if rows <= 3 or room.height() / size.height() >= _SMALLEST:
                return Drawn(size, partial(self._paint, picture, plan, fonts))
            rows = max(3, rows * 3 // 4)

    def _folded(self, rows: int) -> tuple[Sequence[int], Sequence[int]]:
        """Positions that have a row each, and those that share the last one."""
        making = self.ledger.making
        order = list(range(len(making.channels)))
        if rows < len(order):
            sizes = np.abs(making.masses).sum(axis=1)
            order = np.argsort(-sizes, kind="stable").tolist()
        return order[:rows], order[rows:]

    def _paint(
        self, picture: PixelPicture, plan: Plan, fonts: Fonts, painter: QPainter, dark: bool
    ) -> None:
        palette = ground(dark)
        painter.setFont(fonts.bold)
        painter.setPen(palette.color(QPalette.ColorRole.Text))
        painter.drawText(QPoint(MARGIN, PAD + fonts.line // 2 + fonts.drop), self.ledger.title)
        painter.translate(0, fonts.line + 2 * PAD)
        ends = picture.tops(plan, fonts)
        tops = dict(zip(picture.rows, (top for top, _ in pairwise(ends)), strict=True))
        picture.paint_cells(painter, plan, fonts, palette, tops, None)
        for position, top in tops.items():
            picture.paint_row(painter, plan, fonts, palette, position, top, None)
        picture.paint_footer(painter, plan, fonts, palette, ends[-1])
