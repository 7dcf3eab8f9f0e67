"""The matrix of a layer's contributions, painted: a row for each input map, a column a filter.

In Real and Shared two more rows stay under it while it scrolls: the sum of each column, and the
map that comes of it. Rows that are being added move down to the next.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

import numpy as np
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPalette, QPen, QRegion
from PySide6.QtWidgets import QWidget

from cnn_explorer.core.activations import Array
from cnn_explorer.core.display import Scale, scale_of
from cnn_explorer.core.forward import Activations
from cnn_explorer.core.mosaic import fitted_legibly
from cnn_explorer.core.sentences import signed
from cnn_explorer.gui.colouring import Colouring, kernel_colouring, pictures_of
from cnn_explorer.gui.contribution_values import FoldedMatrix
from cnn_explorer.gui.marks import Pictures, paint_linked, paint_muted, paint_pictures, paint_pin
from cnn_explorer.gui.settings import Settings
from cnn_explorer.gui.tiles import Spot, TileArea

SIDES = (56, 84, 112)
"""Logical pixels of a cell's longer side: the least, the least easy to read, the most."""

_GAP = 8
_KERNEL_FROM = 48
"""Logical pixels of a cell from which on its kernel is in its corner."""

_KERNEL_PART = 0.27
"""A kernel's side as part of its cell's."""

_BRACKET = 5
_DIMMED = 130


class ContributionMatrix(TileArea):
    """Tiles of a `FoldedMatrix` with headers, input maps and biases around them.

    Parameters
    ----------
    contents
        What the tiles show.
    """

    def __init__(self, contents: FoldedMatrix, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.contents = contents
        self.current: tuple[int, int | None] = (0, None)
        self.pinned: tuple[int, int] | None = None
        self.pointed: tuple[int | None, int | None] = (None, None)
        self._room = (400, 200, 200)
        self._gutter = 0  # room for the names of the rows, the margin included
        self._colouring: Colouring | None = None
        self._kernels: Colouring | None = None
        self._parts: Colouring | None = None

    @property
    def scale(self) -> Scale | None:
        """What contributions and sums in view share; None in Naive or while there are none."""
        parts = self._parts
        return None if parts is None or parts.scales is None else parts.scales[0]

    def pair(self, index: int) -> tuple[int, int]:
        """(row, filter) of a tile; the rows after the input maps are the sums and the maps."""
        row, filter_ = divmod(index, self.mosaic.per_group)
        return row, filter_

    def index(self, row: int, filter_: int) -> int:
        """Tile of a row and a filter."""
        return row * self.contents.columns + filter_

    def value(self, spot: Spot) -> float | None:
        """Value of a pixel as painted, or None where it is not computed."""
        values = self.contents.values(*self.pair(spot.index))
        return None if values is None else float(values[spot.row, spot.column])

    # What the owner sets.

    def set_colours(self, settings: Settings) -> None:
        """Colour the kernels, on the scale that all of the layer share."""
        conv, scheme = self.contents.conv, self.contents.state.scheme
        self._kernels = kernel_colouring(conv, scheme, settings.colour_map, settings.contrast)

    def set_room(self, width: int, share: int, most: int) -> None:
        """Make the tiles as large as fits a room; heights as in `LayerCard.set_room`."""
        self._room = (width, share, most)
        self.lay_out()

    def show_maps(self, activations: Activations, colouring: Colouring) -> None:
        """Paint the contributions and the maps of a pass."""
        self.contents = replace(self.contents, shown=activations)
        first, self._colouring = self._colouring is None, colouring
        shown = self.contents.colour_range()
        self._parts = None
        if shown:
            scale = scale_of(shown, colouring.colours, colouring.contrast)
            self._parts = replace(colouring, scales=(scale,))
        if first:
            self.refresh()
        else:
            self._pictures = None
            self.viewport().update(self._inside())

    def lay_out(self) -> None:
        """Fit the tiles into the room."""
        ratio, sides = self.devicePixelRatioF(), self.grown(SIDES)
        contents = self.contents
        margin = self.fontMetrics().height() + 6  # which has room for headers and biases
        last = contents.input_names(contents.rows - 1, contents.columns - 1)
        # Short names of the input maps, where long ones would keep the tiles too small.
        for name in last[:2]:
            widest = max(map(self._width_of, ("before bias", "ReLU(Σ + b)", name)))
            self._gutter = max(margin, widest + 8)
            mosaic, height = fitted_legibly(
                contents.lines,
                contents.columns,
                contents.size,
                self._room,
                sides,
                ratio,
                self.verticalScrollBar().sizeHint().width(),
                gutter=round((self._gutter - margin + _GAP) * ratio),
                gap=round(_GAP * ratio),
                margin=round(margin * ratio),
                wrap=False,
            )
            if max(mosaic.tile) >= sides[1] * ratio:
                break
        self.arrange(mosaic, contents.size, height, self._room[0])

    # Where things are.

    def visible(self) -> list[int]:
        """Tiles of which a part is on screen: cells, and under them sums and maps."""
        region = QRectF(self.viewport().visibleRegion().boundingRect())
        if region.isEmpty():
            return []
        body = self.body()
        region.setLeft(max(region.left(), body.left()))
        cells = self._within(region.intersected(body))
        below = range(self.contents.rows, self.contents.lines)
        # The columns of the first row are those of all.
        ratio, top = self.devicePixelRatioF(), self.mosaic.group_top(0)
        first = QRectF(region.left(), top / ratio - self._offset()[1] / ratio, region.width(), 1)
        columns = self._within(first)
        return [i for i in cells if self.pair(i)[0] < self.contents.rows] + [
            self.index(row, column) for row in below for column in columns
        ]

    def body(self) -> QRectF:
        """The part of the viewport that the cells are seen in."""
        room, ratio = QRectF(self.viewport().rect()), self.devicePixelRatioF()
        room.setLeft((self.mosaic.margin + self.mosaic.gutter) / ratio - _GAP / 2)
        room.setTop(self.mosaic.margin / ratio - 1)
        if not self.contents.naive:
            sums = self.home(self.contents.rows, 0)
            room.setBottom(min(room.bottom(), sums.top() - _GAP / 2))
        return room

    def spot_at(self, position: QPointF) -> Spot | None:
        """The tile's pixel at a position in the viewport, if nothing covers it."""
        body = self.body()
        if position.x() < body.left() or position.y() < body.top():
            return None
        below = position.y() >= body.bottom()
        spot = super().spot_at(position + QPointF(0, self._lift() if below else 0))
        if spot is None:
            return None
        row = self.pair(spot.index)[0]
        return spot if self.contents.kind(row) and (row >= self.contents.rows) == below else None

    def _inside(self) -> QRegion:
        """The part of the viewport with tiles and input maps: all but the headers."""
        body = self.body()
        rows, tiles = QRectF(body), QRectF(body)
        rows.setLeft(0)
        tiles.setBottom(max(body.bottom(), self.home(self.contents.lines - 1, 0).bottom() + 3))
        return QRegion(rows.toRect()) + tiles.toRect()

    def row_at(self, position: QPointF) -> int | None:
        """The row at a position in the gutter."""
        body, ratio = self.body(), self.devicePixelRatioF()
        if position.x() >= body.left() or not body.top() <= position.y() < body.bottom():
            return None
        found = self._within(QRectF(self.home(0, 0).left(), position.y(), 1 / ratio, 1 / ratio))
        return self.pair(found[0])[0] if found else None

    def column_at(self, position: QPointF) -> int | None:
        """The column at a position in the header."""
        body, ratio = self.body(), self.devicePixelRatioF()
        if position.x() < body.left() or position.y() >= body.top():
            return None
        top = self.home(0, 0).top()
        found = self._within(QRectF(position.x(), top, 1 / ratio, 1 / ratio))
        return self.pair(found[0])[1] if found else None

    def home(self, row: int, filter_: int) -> QRectF:
        """Where a tile rests, in the viewport."""
        return self._homes([self.index(row, filter_)])[0]

    def tile_rectangles(self, indices: Sequence[int]) -> list[QRectF]:
        """Where some tiles' pixels lie in the viewport; those of the row being added move down."""
        places = self._homes(indices)
        row = self.contents.moving
        if row is not None:
            way = self.home(row + 1, 0).top() - self.home(row, 0).top()
            for index, place in zip(indices, places, strict=True):
                if self.pair(index)[0] == row:
                    place.translate(0, way * (self.contents.position % 1))
        return places

    def show_cell(self, row: int, filter_: int | None = None) -> None:
        """Scroll until a row, and a column, are in view."""
        place, body = self.home(row, filter_ or 0), self.body()
        for bar, low, high, margin in (
            (self.verticalScrollBar(), place.top() - body.top(), place.bottom() - body.bottom(), 3),
            (
                self.horizontalScrollBar(),
                place.left() - body.left(),
                place.right() - body.right(),
                _GAP,
            ),
        ):
            if bar is self.horizontalScrollBar() and filter_ is None:
                continue
            if low < 0:
                bar.setValue(int(bar.value() + low - margin))
            elif high > 0:
                bar.setValue(int(bar.value() + high + margin))

    def _within(self, place: QRectF) -> list[int]:
        """Tiles of which a part is in a part of the viewport, none kept at the bottom."""
        ratio = self.devicePixelRatioF()
        x, y = self._offset()
        return self.mosaic.within(
            x + place.x() * ratio,
            y + place.y() * ratio,
            place.width() * ratio,
            place.height() * ratio,
        )

    def _homes(self, indices: Sequence[int]) -> list[QRectF]:
        """Where tiles rest: sums and maps at the bottom while the cells scroll."""
        places = super().tile_rectangles(indices)
        first = self.contents.rows * self.contents.columns
        lift = self._lift()
        for index, place in zip(indices, places, strict=True):
            if index >= first:
                place.translate(0, -lift)
        return places

    def _lift(self) -> float:
        """How far sums and maps are above where they would scroll to."""
        ratio, height = self.devicePixelRatioF(), self.viewport().height()
        pitch = (self.mosaic.tile[0] + self.mosaic.gap) / ratio
        if self.contents.naive or height < 3 * pitch + self.mosaic.margin / ratio:
            return 0  # they would leave no room for a cell
        return max(0, self.mosaic.size[1] / ratio - self.verticalScrollBar().value() - height)

    # Painting.

    def pictures(self, indices: Sequence[int]) -> Pictures:
        """Colours of some tiles, in ascending order: sums on their scale, maps on their layer's."""
        assert self._colouring is not None
        parts = self._parts or replace(self._colouring, scales=(Scale(-1, 1, 0, 0),))
        pairs = [self.pair(index) for index in indices]
        maps = [pair for pair in pairs if self.contents.kind(pair[0]) == "map"]
        values = [self.contents.values(*pair) for pair in pairs]
        first = len(pairs) - len(maps)  # the maps' row is the last one
        size, layer = self.map_size, self.contents.layer
        one = pictures_of(values[:first], size, parts, 0)
        other = pictures_of(values[first:], size, self._colouring, layer)
        return Pictures(
            np.concatenate([one.colours, other.colours]),
            np.concatenate([one.blank, other.blank]),
            np.concatenate([one.missing, other.missing]),
        )

    def captions(self, index: int) -> Sequence[str]:
        """None: rows and columns have headers."""
        return ()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint what is in view; the headers only where more than values changed."""
        headers = not event.region().subtracted(self._inside()).isEmpty()
        painter = QPainter(self.viewport())
        try:
            if self._colouring is not None:
                self._paint(painter, headers=headers)
        finally:
            painter.end()

    def _paint(self, painter: QPainter, *, headers: bool) -> None:
        contents, visible = self.contents, self.visible()
        shown = [index for index in visible if contents.kind(self.pair(index)[0])]
        moving = [index for index in shown if self.pair(index)[0] == contents.moving]
        still = [index for index in shown if self.pair(index)[0] != contents.moving]
        below = [index for index in visible if self.pair(index)[0] >= contents.rows]
        body, room = self.body(), QRectF(self.viewport().rect())
        self._paint_bands(painter, room)
        painter.setClipRect(body)
        self._paint_cells(painter, [i for i in still if self.pair(i)[0] < contents.rows])
        painter.setClipRect(QRectF(body.topLeft(), room.bottomRight()))
        if below:
            self.paint_frames(painter, self._homes(below))
            self._paint_cells(painter, [i for i in still if i in set(below)])
            end = self.home(0, contents.columns - 1).right() + _GAP / 2
            painter.setPen(QPen(self.palette().color(QPalette.ColorRole.Text), 2))
            painter.drawLine(body.bottomLeft(), QPointF(end, body.bottom()))
        self._paint_cells(painter, moving)
        painter.setClipRect(QRectF(0, body.top(), room.width(), body.height()))
        rows = sorted({self.pair(index)[0] for index in visible})
        self._paint_inputs(painter, [row for row in rows if row < contents.rows])
        painter.setClipping(False)
        if headers:
            self._paint_headers(painter, sorted({self.pair(index)[1] for index in visible}))

    def _paint_bands(self, painter: QPainter, room: QRectF) -> None:
        """The ground of the selected column, and of the row and the column under the pointer."""
        row, column = self.pointed
        quiet = self.palette().color(QPalette.ColorRole.AlternateBase)
        strong = self.palette().color(QPalette.ColorRole.Midlight)
        half = _GAP / 2 + 1
        for filter_, colour in ((column, quiet), (self.current[1], strong)):
            if filter_ is not None:
                place = self.home(0, filter_).adjusted(-half, 0, half, 0)
                painter.fillRect(QRectF(place.left(), 0, place.width(), room.height()), colour)
        if row is not None:
            place = self.home(row, 0).adjusted(0, -half, 0, half)
            painter.fillRect(QRectF(0, place.top(), room.width(), place.height()), quiet)

    def _paint_cells(self, painter: QPainter, indices: Sequence[int]) -> None:
        """Some tiles with their marks, and what only cells have: the kernel, “off”."""
        if not indices:
            return
        self.paint_tiles(painter, indices)
        places = dict(zip(indices, self.tile_rectangles(indices), strict=True))
        ground = self.palette().color(QPalette.ColorRole.Base)
        ground.setAlpha(_DIMMED)
        for index, place in places.items():
            if self.contents.is_muted(*self.pair(index)):
                painter.fillRect(place, ground)
                paint_muted(painter, place)
            if self.pinned is not None and self._is_pinned(index):
                rows, columns = self.map_size
                height, width = place.height() / rows, place.width() / columns
                corner = place.topLeft() + QPointF(self.pinned[1] * width, self.pinned[0] * height)
                paint_pin(painter, place, QRectF(corner.x(), corner.y(), width, height))
        self._paint_kernels(painter, places)
        here = self.index(self.current[0], self.current[1] or 0)
        if self.hasFocus() and here in places:
            painter.setPen(QPen(self.palette().color(QPalette.ColorRole.Text), 2))
            painter.drawRect(places[here].adjusted(-2, -2, 2, 2))

    def _is_pinned(self, index: int) -> bool:
        """Whether a tile is the selected map, or one of those that it is summed from."""
        if self.contents.naive:
            return index == self.selected
        return self.pair(index)[1] == self.current[1]

    def _paint_kernels(self, painter: QPainter, places: Mapping[int, QRectF]) -> None:
        """The kernel of each cell in its corner, where there is room."""
        side, ratio = max(self.mosaic.tile), self.devicePixelRatioF()
        pairs = {index: self.pair(index) for index in places}
        cells = [
            index
            for index, (row, _) in pairs.items()
            if row < self.contents.rows and self.contents.kind(row) != "running"
        ]
        if self._kernels is None or not cells or side < _KERNEL_FROM * ratio:
            return
        kernel = self.contents.kernel
        depth, *size = kernel.shape[1:]
        one = max(1, round(side * _KERNEL_PART / max(size))) / ratio
        corners = []
        kernels: list[Array | None] = []
        for index in cells:
            row, filter_ = pairs[index]
            kernels.append(kernel[filter_, min(row, depth - 1)])
            corner = QRectF(0, 0, size[1] * one, size[0] * one)
            corner.moveBottomRight(places[index].bottomRight() - QPointF(2, 2))
            corners.append(corner)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor("white"))
        painter.drawRects([corner.adjusted(-1, -1, 1, 1) for corner in corners])
        painter.setBrush(Qt.BrushStyle.NoBrush)
        pictures = pictures_of(kernels, (size[0], size[1]), self._kernels, 0)
        pictures.blank[:] = False  # a kernel of zeros has no room for its “0”
        paint_pictures(painter, corners, pictures, range(len(corners)))

    def _paint_headers(self, painter: QPainter, columns: Iterable[int]) -> None:
        """Over each column its filter, under it its bias; and what sums and maps are."""
        contents, metrics = self.contents, self.fontMetrics()
        quiet = self.palette().color(QPalette.ColorRole.PlaceholderText)
        bias = None if contents.naive else contents.conv.bias
        room = (self.mosaic.tile[1] + self.mosaic.gap) / self.devicePixelRatioF() - 2
        written = [] if bias is None else [f"b = {signed(value)}" for value in bias]
        start = 0 if all(self._width_of(text) <= room for text in written) else len("b = ")
        bottom = self.home(contents.lines - 1, 0).bottom() + metrics.ascent() + 5
        left = self.body().left()
        for column in columns:
            place = self.home(0, column)
            if place.left() < left:
                continue
            chosen = column == self.current[1]
            painter.setPen(self.palette().color(QPalette.ColorRole.Text) if chosen else quiet)
            top = QPointF(place.left(), metrics.ascent() + 2)
            self._paint_longest(
                painter, top, room, (f"{self.contents.words[1]} {column}", str(column))
            )
            if written:
                painter.drawText(QPointF(place.left(), bottom), written[column][start:])
        painter.setPen(quiet)
        flags = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        if not contents.naive:
            for row, name in enumerate(contents.names_below(), contents.rows):
                place = self.home(row, 0)
                place.setX(2)
                place.setRight(left - _BRACKET)
                painter.drawText(place, flags | Qt.TextFlag.TextWordWrap, name)

    def _paint_longest(
        self, painter: QPainter, where: QPointF, room: float, texts: Sequence[str]
    ) -> None:
        """The first text that fits."""
        for text in texts:
            if self._width_of(text) <= room:
                painter.drawText(where, text)
                return

    def _paint_inputs(self, painter: QPainter, rows: Sequence[int]) -> None:
        """Beside each row its input map; a bracket holds those that are added up already."""
        if not rows:
            return
        contents, filter_ = self.contents, self.current[1] or 0
        ink = self.palette().color(QPalette.ColorRole.Text)
        quiet = self.palette().color(QPalette.ColorRole.PlaceholderText)
        metrics, ratio = self.fontMetrics(), self.devicePixelRatioF()
        line = metrics.height() + 2
        size = contents.state.network.sizes[contents.layer]
        room = min(self.mosaic.tile[0] - line * ratio, (self._gutter - 8) * ratio)
        one = max(1, int(room // max(size))) / ratio
        frames = []
        for row in rows:
            home = self.home(row, 0)
            top = home.top() + (home.height() - size[0] * one - line) / 2
            painter.setPen(ink if row == self.pointed[0] else quiet)
            names = contents.input_names(row, filter_)
            self._paint_longest(
                painter, QPointF(4, top + metrics.ascent()), self._gutter - 4, names
            )
            frames.append(QRectF(4, top + line, size[1] * one, size[0] * one))
        values = [contents.input_values(row, filter_) for row in rows]
        pictures = pictures_of(values, size, *self._input_colouring())
        self.paint_frames(painter, frames)
        paint_pictures(painter, frames, pictures, range(len(frames)))
        for row, frame in zip(rows, frames, strict=True):
            if contents.is_row_muted(row):
                paint_muted(painter, frame)
            if row == self.pointed[0]:
                paint_linked(painter, [frame], ink)
        held = [row for row in rows if row <= contents.step]
        if contents.step and held:
            top, bottom = self.home(held[0], 0).top() + 4, self.home(held[-1], 0).bottom() - 4
            right = self.body().left() - _BRACKET
            left = right - 4
            painter.setPen(QPen(ink, 2))
            painter.drawPolyline(
                [QPointF(x, y) for x, y in ((left, top), (right, top))]
                + [QPointF(x, y) for x, y in ((right, bottom), (left, bottom))]
            )

    def _input_colouring(self) -> tuple[Colouring, int]:
        """Colours of the input maps, as in their own grid; the drawing's run to one."""
        assert self._colouring is not None
        colouring, layer = self._colouring, self.contents.layer
        if layer:
            return colouring, layer - 1
        one = scale_of([np.ones(1, np.float32)], colouring.colours, colouring.contrast)
        return replace(colouring, scales=(one,)), 0
