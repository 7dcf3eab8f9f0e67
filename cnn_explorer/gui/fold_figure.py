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
_TIGHT = 0.2  # at most this part of the way from tile to tile is between them
_STEPS = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000)
_SIDE = 84
_MOST_LINES = 4
_WRAPPED = int(Qt.AlignmentFlag.AlignLeft | Qt.TextFlag.TextWordWrap)
_LEFT = int(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)


class _Layout(NamedTuple):
    """Where tiles and text lie.

    Parameters
    ----------
    tile, gap
        Size of a tile, and what is between two.
    gutter
        Width of the names of the rows.
    line, lines, left
        Height of a line of text, how many stand below, and where they begin.
    rows, columns
        How many tiles there are above the sums.
    """

    tile: QSizeF
    gap: float
    gutter: float
    line: float
    lines: int
    left: float
    rows: int
    columns: int

    def place(self, row: float, column: int) -> QRectF:
        """Where a tile lies; sums and maps are a little apart."""
        below = 6 if row >= self.rows else 0
        x = self.gutter + column * (self.tile.width() + self.gap)
        y = self.line + row * (self.tile.height() + self.gap) + below
        return QRectF(QPointF(x, y), self.tile)

    @property
    def size(self) -> QSizeF:
        last = self.place(self.rows + 1, self.columns - 1)
        return QSizeF(last.right() + 2, last.bottom() + 4 + self.lines * self.line)

    @property
    def below(self) -> QRectF:
        """Where the words below are."""
        size, high = self.size, self.lines * self.line - 3
        return QRectF(self.left, size.height() - high, size.width() - self.left, high)


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
        steps = (0.0, 0.5, *range(1, contents.steps + 1))
        words = [_said(replace(contents, position=float(step))) for step in steps]
        # Under the tiles, or where those are narrow, from the left, in as many lines as it takes.
        for lines, left in ((1, gutter), *((lines, 2.0) for lines in range(1, _MOST_LINES + 1))):
            layout = self._laid_out(room, gutter, line, lines, left)
            wide = QRectF(0, 0, layout.below.width(), 1e6)
            high = max(metrics.boundingRect(wide, _WRAPPED, text).height() for text in words)
            if high <= layout.below.height():
                break
        return Drawn(layout.size, partial(self._paint, layout))

    def _laid_out(
        self, room: QSizeF, gutter: float, line: float, lines: int, left: float
    ) -> _Layout:
        contents = self.contents
        rows, columns = contents.size
        across = (room.width() - gutter - 2) / contents.columns
        down = (room.height() - (1 + lines) * line - 10) / (contents.rows + 2)
        gap = max(1.0, min(_GAP, _TIGHT * min(across, down)))
        across, down = across - gap, down - gap
        side = min(across, down * columns / rows)
        side = min(side, 2 * _SIDE) if isfinite(side) else _SIDE
        if not isfinite(room.height()):
            side = min(side, _SIDE)
        side = max(side, 6.0)
        tile = QSizeF(side, side / columns * rows)
        return _Layout(tile, gap, gutter, line, lines, left, contents.rows, contents.columns)

    def _paint(self, layout: _Layout, painter: QPainter, dark: bool) -> None:
        contents, palette, font = self.contents, ground(dark), figure_font()
        metrics = QFontMetricsF(font)
        painter.setFont(font)
        ink, quiet = (
            palette.color(role)
            for role in (QPalette.ColorRole.Text, QPalette.ColorRole.PlaceholderText)
        )
        painter.setPen(quiet)
        self._paint_columns(painter, layout, metrics)
        self._paint_names(painter, layout, metrics)
        end = layout.place(contents.rows, contents.columns - 1)
        painter.setPen(QPen(ink, 2))
        y = end.top() - (layout.gap + 6) / 2
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
        painter.drawText(layout.below, _WRAPPED, _said(contents))

    def _paint_columns(self, painter: QPainter, layout: _Layout, metrics: QFontMetricsF) -> None:
        """Name the columns, or number as many as there is room for."""
        contents, way = self.contents, layout.tile.width() + layout.gap
        last = contents.columns - 1
        words, step = f"{contents.words[1]} ", 1
        if metrics.horizontalAdvance(f"{words}{last}") > way - 2:
            words, step = "", _step(metrics.horizontalAdvance(f"{last} "), way)
        for column in range(0, contents.columns, step):
            place, text = layout.place(0, column), f"{words}{column}"
            if place.left() + metrics.horizontalAdvance(text) <= layout.size.width():
                painter.drawText(QPointF(place.left(), place.top() - 6), text)

    def _paint_names(self, painter: QPainter, layout: _Layout, metrics: QFontMetricsF) -> None:
        """Name maps, sums and as many of the rows above them as there is room for."""
        contents, height = self.contents, metrics.height()
        lines = 2 if layout.tile.height() >= 2 * height else 1
        names = ["\n".join(name.split("\n")[:lines]) for name in contents.names_below()]
        step = _step(height, layout.tile.height() + layout.gap)
        named = [(contents.rows + 1, names[1]), (contents.rows, names[0])]
        named += [(row, _short_name(contents, row)) for row in range(0, contents.rows, step)]
        taken: list[QRectF] = []
        for row, text in named:
            place = layout.place(row, 0)
            over = max(0.0, lines * height - place.height()) / 2
            place.adjust(0, -over, 0, over)
            place.setLeft(2)
            place.setRight(layout.gutter - 4)
            if not any(place.intersects(other) for other in taken):
                painter.drawText(place, _LEFT, text)
                taken.append(place)

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


def _said(contents: FoldedMatrix) -> str:
    """What becomes of the cells, or what is left apart at this position."""
    rows, columns, step = contents.rows, contents.columns, contents.step
    cells = f"{rows * columns} {contents.words[0]}{'' if rows * columns == 1 else 's'}"
    if step == 0 and not contents.position:
        into = f"added down into {columns}" if rows > 1 else "with nothing to be added to"
        return f"{rows} × {columns} = {cells}, {into}"
    if step >= rows + 2:
        return f"{columns} map{'' if columns == 1 else 's'} from {cells}"
    if step == rows + 1:
        return "+ bias, once for each sum"
    left = (rows - step - 1) * columns
    return f"{left} apart + {columns} partial sums" if left > 0 else f"{columns} sums"


def _step(wide: float, way: float) -> int:
    """Every how many places there is a label so wide, of places that lie so far apart."""
    return next((step for step in _STEPS if step * way >= wide), _STEPS[-1])


def _short_name(contents: FoldedMatrix, row: int) -> str:
    return contents.input_names(row, 0)[1 if contents.layer else 0]
