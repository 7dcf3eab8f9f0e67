"""The whole equation of a map as one figure: rows of maps and kernels, and their sum."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from math import ceil, inf, isfinite
from typing import NamedTuple

import numpy as np
from PySide6.QtCore import QRectF, QSizeF, Qt
from PySide6.QtGui import QFontMetricsF, QPainter, QPalette

from cnn_explorer.core.captions import making_caption
from cnn_explorer.core.equation import equation, note, unbroken
from cnn_explorer.core.making import Making
from cnn_explorer.core.sentences import map_title
from cnn_explorer.gui.colouring import MakingColours
from cnn_explorer.gui.figure_page import Drawn, figure_font, ground
from cnn_explorer.gui.map_picture import MapPicture
from cnn_explorer.gui.map_plan import EDGE, Plan, content_of, plan_rows

_MOST_ROWS = 24
"""Of more input maps the smallest contributions share the last row."""

_WIDTH = 420
"""Logical pixels of a block of rows, where the paper leaves a choice."""

_LEAST_WIDTH = 270
_BETWEEN = 24
_SMALLEST = 0.55
"""Times the size on screen: what would be smaller than that is folded."""

_WRAPPED = int(Qt.AlignmentFlag.AlignLeft | Qt.TextFlag.TextWordWrap)


class _Layout(NamedTuple):
    """Rows in blocks side by side, and below them what they add up to."""

    order: Sequence[int]
    rest: Sequence[int]
    blocks: int
    plan: Plan
    below: Plan
    title: float
    said: float

    @property
    def lines(self) -> int:
        """Rows of each block."""
        return ceil((len(self.order) + bool(self.rest)) / self.blocks)

    @property
    def width(self) -> float:
        rows = self.blocks * (self.plan.width + _BETWEEN) - _BETWEEN
        return max(rows, self.below.width)

    @property
    def height(self) -> float:
        rows = self.plan.header + self.lines * self.plan.pitch
        return self.title + self.said + rows + self.below.footer


@dataclass(frozen=True, eq=False)
class EquationPicture:
    """How a map is made.

    Parameters
    ----------
    making, colours
        The map, and on which scales.
    pixel
        (row, column) that is marked, or None.
    """

    making: Making
    colours: MakingColours
    pixel: tuple[int, int] | None = None

    @property
    def name(self) -> str:
        """Which map."""
        return f"How {map_title(self.making.state, self.making.address)} is made"

    @property
    def caption(self) -> str:
        """How it is made, and the ranges."""
        return making_caption(self.making)

    @property
    def _texts(self) -> tuple[str, str]:
        """The equation, and what it does not say."""
        making = self.making
        return unbroken(equation(making.state, making.address)), note(making)

    def laid_out(self, room: QSizeF) -> Drawn:
        """The arrangement that is largest in a room; what stays too small is folded."""
        count = len(self.making.channels)
        rows = min(count, _MOST_ROWS)
        while True:
            best = max(self._arranged(room, rows), key=partial(_fit, room))
            if rows <= 3 or _fit(room, best) >= _SMALLEST:
                return Drawn(QSizeF(best.width, best.height), partial(self._paint, best))
            rows = max(3, rows * 3 // 4)

    def _arranged(self, room: QSizeF, rows: int) -> list[_Layout]:
        """So many rows in one or more blocks."""
        count = len(self.making.channels)
        sizes = np.abs(self.making.masses).sum(axis=1)
        order = list(range(count))
        if rows < count:
            order = np.argsort(-sizes, kind="stable").tolist()
        shown, rest = order[:rows], order[rows:]
        lines = rows + bool(rest)
        whole = room.width() if isfinite(room.width()) else _WIDTH * min(3, ceil(lines / 8))
        most = max(1, min(lines, int((whole + _BETWEEN) // (_LEAST_WIDTH + _BETWEEN))))
        font = figure_font()
        texts = self._texts
        content = content_of(self.making)
        found = []
        for blocks in range(1, most + 1):
            across = min(_WIDTH, round((whole + _BETWEEN) / blocks - _BETWEEN))
            if blocks > 1 and not isfinite(room.height()) and lines <= 8:
                break
            here = content._replace(rows=ceil(lines / blocks))
            for down in (None, *_heights(room)):
                plan = plan_rows(here, across, down, font, 1.0, 0)
                width = max(plan.width * blocks + _BETWEEN * (blocks - 1), _LEAST_WIDTH)
                below = plan
                if blocks > 1:
                    below = plan_rows(here, min(width, 2 * _WIDTH), None, font, 1.0, 0)
                title, said = (_high(text, width) for text in texts)
                found.append(_Layout(shown, rest, blocks, plan, below, title, said))
        return found

    def _paint(self, layout: _Layout, painter: QPainter, dark: bool) -> None:
        palette = ground(dark)
        palette.setColor(QPalette.ColorRole.Base, palette.color(QPalette.ColorRole.Window))
        font = figure_font()
        picture = MapPicture(
            self.making, self.pixel, layout.order, layout.rest, self.colours, running=False
        )
        painter.setFont(font)
        width = layout.width - 2 * EDGE
        top = 0.0
        roles = QPalette.ColorRole.Text, QPalette.ColorRole.PlaceholderText
        heights = layout.title, layout.said
        for text, height, role in zip(self._texts, heights, roles, strict=True):
            painter.setPen(palette.color(role))
            painter.drawText(QRectF(EDGE, top, width, height), _WRAPPED, text)
            top += height
        painter.translate(0, top)
        plan = layout.plan
        for block in range(layout.blocks):
            rows = picture.rows[block * layout.lines : (block + 1) * layout.lines]
            painter.save()
            painter.translate(block * (plan.width + _BETWEEN), 0)
            picture.paint_header(painter, plan, palette)
            tops = {row: plan.header + place * plan.pitch for place, row in enumerate(rows)}
            picture.paint_rows(painter, plan, palette, tops, 1.0)
            painter.restore()
        bottom = plan.header + layout.lines * plan.pitch
        picture.paint_footer(painter, layout.below, palette, bottom, 1.0)


def _heights(room: QSizeF) -> tuple[int, ...]:
    """Heights to try for the rows of a room."""
    if not isfinite(room.height()):
        return ()
    return tuple(round(room.height() * part) for part in (0.7, 0.85, 1.0, 1.3))


def _fit(room: QSizeF, layout: _Layout) -> float:
    """How many times as large as laid out a layout can be in a room; less of more blocks."""
    across = room.width() / layout.width if isfinite(room.width()) else 1.0
    down = room.height() / layout.height if isfinite(room.height()) else inf
    # Of what is equally large, that with the larger pictures.
    return min(across, down, 2.0) * (1 + layout.plan.side / 1000) - layout.blocks / 1e6


def _high(text: str, width: float) -> float:
    """Height of wrapped text with the space below it."""
    if not text:
        return 0.0
    room = QRectF(0, 0, width - 2 * EDGE, 1e5)
    return QFontMetricsF(figure_font()).boundingRect(room, _WRAPPED, text).height() + 6
