"""A layer's contributions as a figure, folded as far as one likes: the frames of the fold."""

from dataclasses import dataclass, replace
from functools import partial
from math import isfinite
from typing import NamedTuple

from PySide6.QtCore import QPointF, QRectF, QSizeF, Qt
from PySide6.QtGui import QColor, QFontMetricsF, QPainter, QPalette, QPen

from cnn_explorer.core.captions import contributions_caption
from cnn_explorer.core.display import scale_of
from cnn_explorer.gui.colouring import Colouring, pictures_of
from cnn_explorer.gui.contribution_values import FoldedMatrix
from cnn_explorer.gui.figure_page import Drawn, figure_font, ground
from cnn_explorer.gui.marks import paint_muted, paint_pictures
from cnn_explorer.gui.tiles_figure import paint_framed

_GAP = 8
_SIDE = 84
_LEFT = int(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)


class _Layout(NamedTuple):
    """Size of a tile, the gutter, the height of a line of text, and how many tiles there are."""

    tile: QSizeF
    gutter: float
    line: float
    rows: int
    columns: int

    def place(self, row: float, column: int) -> QRectF:
        """Where a tile lies; sums and maps are a little apart."""
        below = 6 if row >= self.rows else 0
        x = self.gutter + column * (self.tile.width() + _GAP)
        y = self.line + row * (self.tile.height() + _GAP) + below
        return QRectF(QPointF(x, y), self.tile)

    @property
    def size(self) -> QSizeF:
        last = self.place(self.rows + 1, self.columns - 1)
        return QSizeF(last.right() + 2, last.bottom() + 4 + self.line)


@dataclass(frozen=True, eq=False)
class FoldPicture:
    """The matrix of a layer's contributions.

    Parameters
    ----------
    contents
        What the tiles show; its pass has the contributions of the whole layer.
    colours
        Of the maps of the pass.
    """

    contents: FoldedMatrix
    colours: Colouring

    @property
    def name(self) -> str:
        """Which layer's."""
        return f"Contributions of {self.contents.name}"

    @property
    def caption(self) -> str:
        """Rows, columns and ranges."""
        block = self.contents.block
        assert block is not None
        return contributions_caption(self.contents.state, block)

    def at(self, position: float) -> "FoldPicture":
        """The same, folded as far as `FoldedMatrix.position` says."""
        return replace(self, contents=replace(self.contents, position=position))

    def laid_out(self, room: QSizeF) -> Drawn:
        """With the largest tiles that have room."""
        metrics, contents = QFontMetricsF(figure_font()), self.contents
        line = metrics.height() + 6
        names = [name for row in range(contents.rows) for name in [_short_name(contents, row)]]
        unfolded = replace(contents, position=0.0)  # so that nothing moves aside while it folds
        names += [text for name in unfolded.names_below() for text in name.split("\n")]
        gutter = max(map(metrics.horizontalAdvance, names)) + 8
        rows, columns = contents.size
        across = (room.width() - gutter - 2) / contents.columns - _GAP
        down = (room.height() - 2 * line - 10) / (contents.rows + 2) - _GAP
        side = min(across, down * columns / rows)
        side = min(side, 2 * _SIDE) if isfinite(side) else _SIDE
        if not isfinite(room.height()):
            side = min(side, _SIDE)
        side = max(side, 6.0)
        tile = QSizeF(side, side / columns * rows)
        layout = _Layout(tile, gutter, line, contents.rows, contents.columns)
        return Drawn(layout.size, partial(self._paint, layout))

    def _paint(self, layout: _Layout, painter: QPainter, dark: bool) -> None:
        contents, palette, font = self.contents, ground(dark), figure_font()
        metrics = QFontMetricsF(font)
        painter.setFont(font)
        ink, quiet = (
            palette.color(role)
            for role in (QPalette.ColorRole.Text, QPalette.ColorRole.PlaceholderText)
        )
        painter.setPen(quiet)
        for column in range(contents.columns):
            place = layout.place(0, column)
            words = f"{contents.words[1]} {column}"
            if metrics.horizontalAdvance(words) > place.width() + _GAP - 2:
                words = str(column)
            painter.drawText(QPointF(place.left(), place.top() - 6), words)
        for row in range(contents.rows):
            self._paint_word(painter, layout, row, _short_name(contents, row))
        lines = 2 if layout.tile.height() >= 2 * metrics.height() else 1
        for row, name in enumerate(contents.names_below(), contents.rows):
            self._paint_word(painter, layout, row, "\n".join(name.split("\n")[:lines]))
        end = layout.place(contents.rows, contents.columns - 1)
        painter.setPen(QPen(ink, 2))
        y = end.top() - 7
        painter.drawLine(QPointF(layout.gutter, y), QPointF(end.right(), y))
        below = [
            layout.place(row, column)
            for row in (contents.rows, contents.rows + 1)
            for column in range(contents.columns)
        ]
        self._paint_empty(painter, below, palette.color(QPalette.ColorRole.Mid))
        moving = contents.moving
        # What moves is over what rests.
        for row in sorted(range(contents.rows + 2), key=lambda row: row == moving):
            self._paint_row(painter, layout, palette, row)
        painter.setPen(quiet)
        painter.drawText(QPointF(layout.gutter, layout.size.height() - 4), self._said())

    def _paint_row(self, painter: QPainter, layout: _Layout, palette: QPalette, row: int) -> None:
        contents = self.contents
        kind = contents.kind(row)
        if kind is None:
            return
        shift = contents.position % 1 if row == contents.moving else 0.0
        home, goal = layout.place(row, 0).top(), layout.place(row + 1, 0).top()
        places, columns = [], range(contents.columns)
        for column in columns:
            place = layout.place(row, column)
            place.translate(0, shift * (goal - home))
            places.append(place)
        paint_framed(painter, palette, places)
        colours, layer = (self.colours, contents.layer) if kind == "map" else (self._parts, 0)
        values = [contents.values(row, column) for column in columns]
        pictures = pictures_of(values, contents.size, colours, layer)
        paint_pictures(painter, places, pictures, columns)
        for column, place in zip(columns, places, strict=True):
            if contents.is_muted(row, column):
                paint_muted(painter, place)

    def _paint_word(self, painter: QPainter, layout: _Layout, row: int, text: str) -> None:
        place = layout.place(row, 0)
        place.setLeft(2)
        place.setRight(layout.gutter - 4)
        painter.drawText(place, _LEFT, text)

    def _paint_empty(self, painter: QPainter, places: list[QRectF], ink: QColor) -> None:
        """Where sums and maps come to lie."""
        painter.setPen(QPen(ink, 1))
        for place in places:
            painter.drawRect(place)

    @property
    def _parts(self) -> Colouring:
        """Of contributions and sums: one scale, however far they are folded."""
        scale = scale_of(self.contents.colour_range(), self.colours.colours, self.colours.contrast)
        return replace(self.colours, scales=(scale,))

    def _said(self) -> str:
        """What is left apart at this position."""
        contents = self.contents
        rows, columns, step = contents.rows, contents.columns, contents.step
        if step == 0 and not contents.position:
            return f"{rows} × {columns} = {rows * columns} {contents.words[0]}s, none summed"
        if step >= rows + 2:
            return f"{columns} maps: {rows * columns} {contents.words[0]}s, summed down each column"
        if step == rows + 1:
            return "+ bias, once for each sum"
        left = (rows - step - 1) * columns
        return f"{left} apart + {columns} partial sums" if left > 0 else f"{columns} sums"


def _short_name(contents: FoldedMatrix, row: int) -> str:
    return contents.input_names(row, 0)[1 if contents.layer else 0]
