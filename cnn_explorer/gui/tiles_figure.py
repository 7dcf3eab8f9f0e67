"""Maps as a figure: a grid of tiles, each with its number, and the legend of their colours."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from math import ceil, isfinite
from typing import NamedTuple

import numpy as np
from PySide6.QtCore import QPointF, QRectF, QSizeF
from PySide6.QtGui import QFontMetricsF, QImage, QPainter, QPalette

from cnn_explorer.core.activations import Array
from cnn_explorer.core.display import ColourMap, Scale, colour
from cnn_explorer.core.sentences import short
from cnn_explorer.gui.colouring import Colouring, pictures_of
from cnn_explorer.gui.figure_page import Drawn, figure_font, ground
from cnn_explorer.gui.marks import paint_pictures

_GAP = 10
_WIDTH = 640
_SIDE = 84
"""Logical pixels of a tile's side, where the paper leaves a choice."""

_MOST = 168
_STRIP = QSizeF(84, 9)


class _Layout(NamedTuple):
    columns: int
    tile: QSizeF
    line: float
    rows: int
    legend: float

    @property
    def size(self) -> QSizeF:
        width = self.columns * (self.tile.width() + _GAP) - _GAP
        down = self.rows * (self.line + self.tile.height() + _GAP) - _GAP
        return QSizeF(max(width, 260.0 if self.legend else 0.0) + 2, down + self.legend + 2)


@dataclass(frozen=True, eq=False)
class TilesPicture:
    """Maps of one size, side by side.

    Parameters
    ----------
    name, caption
        In a few words, and in sentences.
    values
        float32, shape (tiles, rows, columns).
    titles
        Over each tile, the longest first; the first that fits is painted.
    colours
        Scale of the tiles, as in `cnn_explorer.gui.colouring.Colouring`, and which of its layers.
    layer
        Which of the colouring's scales.
    columns
        How many tiles stand side by side; 0 where the paper may say.
    """

    name: str
    caption: str
    values: Array
    titles: Sequence[Sequence[str]]
    colours: Colouring
    layer: int = 0
    columns: int = 0

    def laid_out(self, room: QSizeF) -> Drawn:
        """So many columns that the tiles are largest."""
        metrics = QFontMetricsF(figure_font())
        line = metrics.height() + 3
        legend = 0.0 if self.colours.scales is None else metrics.height() + _GAP
        count, (rows, columns) = len(self.values), self.values.shape[1:]
        width = room.width() if isfinite(room.width()) else _WIDTH
        best: tuple[float, _Layout] | None = None
        for across in [self.columns] if self.columns else range(1, count + 1):
            down = ceil(count / across)
            side = (width - 2 - (across - 1) * _GAP) / across
            if isfinite(room.height()):
                free = room.height() - legend - 2 - (down - 1) * _GAP - down * line
                side = min(side, free / down * columns / rows)
                good = side
            else:
                good = -abs(min(side, _MOST) - _SIDE * max(1.0, width / _WIDTH))
            side = min(max(side, 4.0), _MOST)
            tile = QSizeF(side, side / columns * rows)
            if best is None or good > best[0] + 1e-6:
                best = good, _Layout(across, tile, line, down, legend)
        assert best is not None
        return Drawn(best[1].size, partial(self._paint, best[1]))

    def _paint(self, layout: _Layout, painter: QPainter, dark: bool) -> None:
        palette, font = ground(dark), figure_font()
        painter.setFont(font)
        metrics = QFontMetricsF(font)
        tile, line = layout.tile, layout.line
        places = []
        painter.setPen(palette.color(QPalette.ColorRole.PlaceholderText))
        for index, titles in enumerate(self.titles):
            row, column = divmod(index, layout.columns)
            x = 1 + column * (tile.width() + _GAP)
            y = 1 + row * (line + tile.height() + _GAP)
            room = tile.width() + _GAP - 2
            title = next((one for one in titles if metrics.horizontalAdvance(one) <= room), "")
            painter.drawText(QPointF(x, y + metrics.ascent()), title)
            places.append(QRectF(x, y + line, tile.width(), tile.height()))
        paint_framed(painter, palette, places)
        size = self.values.shape[1], self.values.shape[2]
        pictures = pictures_of(list(self.values), size, self.colours, self.layer)
        paint_pictures(painter, places, pictures, range(len(places)))
        if self.colours.scales is not None:
            top = layout.size.height() - layout.legend + _GAP - 2
            paint_legend(
                painter,
                palette,
                QPointF(1, top),
                self.colours.colours,
                self.colours.scales[self.layer],
            )


def paint_framed(painter: QPainter, palette: QPalette, places: Sequence[QRectF]) -> None:
    """Frames of one unit, for the ground of maps may have the paper's colour."""
    for place in places:
        painter.fillRect(place.adjusted(-1, -1, 1, 1), palette.mid())


def paint_legend(
    painter: QPainter, palette: QPalette, where: QPointF, colours: ColourMap, scale: Scale
) -> None:
    """A strip of colours with the values of its ends; the top left corner is given."""
    low, high = max(scale.least, scale.low), min(scale.most, scale.high)
    if not high > low:
        return
    metrics = QFontMetricsF(painter.font())
    painter.setPen(palette.color(QPalette.ColorRole.PlaceholderText))
    ends = ("≤ " if scale.least < scale.low else "") + short(low), short(high)
    ends = ends[0], ("≥ " if scale.most > scale.high else "") + ends[1]
    values = np.linspace(low, high, 252, dtype=np.float32)[np.newaxis]
    pixels = np.ascontiguousarray(colour(values, colours, scale))
    image = QImage(pixels.data, 252, 1, 252 * 4, QImage.Format.Format_RGB32)
    x, base = where.x(), where.y() + metrics.ascent()
    painter.drawText(QPointF(x, base), ends[0])
    x += metrics.horizontalAdvance(ends[0]) + 6
    strip = QRectF(QPointF(x, where.y() + (metrics.height() - _STRIP.height()) / 2), _STRIP)
    painter.drawImage(strip, image, QRectF(image.rect()))
    painter.drawText(QPointF(strip.right() + 6, base), ends[1])
