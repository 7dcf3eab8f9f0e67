"""Many small maps as one picture: painting, marks, captions and hit-testing.

`TileArea` knows tiles and the pointer, not what the tiles are: a subclass says where they lie, what
they show and what a click means.
"""

from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from PySide6.QtCore import QEvent, QPointF, QRect, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPalette,
    QRegion,
)
from PySide6.QtWidgets import QAbstractScrollArea, QFrame, QSizePolicy, QWidget

from cnn_explorer.core.explain import Field
from cnn_explorer.core.mosaic import Mosaic
from cnn_explorer.gui.marks import (
    Pictures,
    paint_edited,
    paint_field,
    paint_hovered,
    paint_linked,
    paint_muted,
    paint_pictures,
    paint_pin,
    paint_selected,
)

MARGIN = 6
"""Logical pixels around the tiles, so that marks have room."""

CAPTION_GAP = 6
"""Logical pixels between a caption and its tile, so that marks do not touch it."""

_MOST_WIDTHS = 4096  # that are remembered: values are captions, too

USUAL_TEXT = 15
"""Logical pixels of a line of text that is neither enlarged nor reduced."""

STALE_OPACITY = 0.45
_ARROWS = {
    Qt.Key.Key_Left: (0, -1),
    Qt.Key.Key_Right: (0, 1),
    Qt.Key.Key_Up: (-1, 0),
    Qt.Key.Key_Down: (1, 0),
}


@dataclass(frozen=True)
class Spot:
    """A pixel of a tile: the tile's index, and the map's own row and column."""

    index: int
    row: int
    column: int


@dataclass(frozen=True, eq=False)
class TileField:
    """Pixels that are outlined on some tiles: a window, a receptive field, a footprint.

    Parameters
    ----------
    tiles
        On which tiles.
    field
        Which pixels of each.
    hovered
        Whether the pointer shows them, and no pin.
    """

    tiles: Container[int]
    field: Field
    hovered: bool = False


class TileArea(QAbstractScrollArea):
    """A scrollable picture of equal tiles with marks.

    Signals
    -------
    hovered(spot)
        A `Spot`, or None when the pointer left the tiles.
    clicked(spot), activated(spot)
        A click, and a double click or Enter.
    scrolled()
        Other tiles may be in view.
    """

    hovered = Signal(object)
    clicked = Signal(object)
    activated = Signal(object)
    scrolled = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.mosaic = Mosaic(1, 1, 1, (1, 1))
        self.map_size = (1, 1)
        self.selected: int | None = None
        self.linked: Container[int] = ()
        self.lit: Container[int] = ()
        self.muted: Container[int] = ()
        self.edited: Container[int] = ()
        self.fields: Sequence[TileField] = ()
        self.pin: Spot | None = None
        self.hover: Spot | None = None
        self._stale = False
        self._pictures: tuple[list[int], Pictures] | None = None
        self._widths: dict[str, int] = {}
        self._covered: tuple[object, QRegion, dict[int, QRectF]] | None = None
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.viewport().setMouseTracking(True)
        self.viewport().setBackgroundRole(QPalette.ColorRole.Base)
        self.verticalScrollBar().setSingleStep(20)
        self.horizontalScrollBar().setSingleStep(20)

    # What a subclass says.

    def pictures(self, indices: Sequence[int]) -> Pictures:
        """Colours of some tiles."""
        raise NotImplementedError

    def captions(self, index: int) -> Sequence[str]:
        """Captions of a tile, the longest first; the first that fits is painted."""
        raise NotImplementedError

    def step(self, rows: int, columns: int) -> None:
        """An arrow key was pressed."""
        raise NotImplementedError

    def stands_alone(self) -> bool:
        """Whether tiles can be painted without what is around and over them."""
        return False

    # What the owner sets.

    def arrange(
        self, mosaic: Mosaic, map_size: tuple[int, int], height: int, width: int | None = None
    ) -> None:
        """Lay the tiles out anew.

        Parameters
        ----------
        mosaic
            In device pixels.
        map_size
            (rows, columns) of a tile's map.
        height
            The widget becomes as high as its tiles, but not higher than this.
        width
            Of the widget, where the tiles may be wider and so scroll.
        """
        if (mosaic, map_size) != (self.mosaic, self.map_size):
            self._set_hover(None)
            self.mosaic, self.map_size = mosaic, map_size
            self._pictures = None
            self.viewport().update()
        ratio = self.devicePixelRatioF()
        content = int(np.ceil(mosaic.size[1] / ratio))
        if width is not None and mosaic.size[0] > width * ratio:
            content += self.horizontalScrollBar().sizeHint().height()
        if self.height() != min(content, height):
            self.setFixedHeight(min(content, height))
        self._update_scroll_bars()

    def refresh(self) -> None:
        """Paint the tiles' values anew; where it can, what is around the tiles stays."""
        self._pictures = None
        pixels, _ = self._pixels()
        if pixels.isEmpty():
            self.viewport().update()
        else:
            self.viewport().update(pixels)

    def set_stale(self, stale: bool) -> None:
        """Dim the tiles while their values are out of date."""
        if stale != self._stale:
            self._stale = stale
            self.viewport().update()

    def grown(self, sides: tuple[int, int, int]) -> tuple[int, int, int]:
        """Sides of tiles, in logical pixels, larger where the text is."""
        # In quarters: a tile is a whole multiple of its map, and a hair more would double it.
        factor = max(1.0, round(4 * self.fontMetrics().height() / USUAL_TEXT) / 4)
        least, legible, most = (round(side * factor) for side in sides)
        return least, legible, most

    # Where things are.

    def visible(self) -> list[int]:
        """Tiles of which a part is in the part of the viewport that is on screen."""
        region = self.viewport().visibleRegion().boundingRect()
        if region.isEmpty():
            return []
        ratio = self.devicePixelRatioF()
        x, y = self._offset()
        return self.mosaic.within(
            x + region.x() * ratio,
            y + region.y() * ratio,
            region.width() * ratio,
            region.height() * ratio,
        )

    def spot_at(self, position: QPointF) -> Spot | None:
        """The tile's pixel at a position in the viewport."""
        ratio = self.devicePixelRatioF()
        offset = self._offset()
        x, y = position.x() * ratio + offset[0], position.y() * ratio + offset[1]
        index = self.mosaic.index_at(x, y)
        if index is None:
            return None
        left, top, width, height = self.mosaic.rectangle(index)
        row = int((y - top) * self.map_size[0] / height)
        column = int((x - left) * self.map_size[1] / width)
        return Spot(index, row, column)

    def tile_rectangle(self, index: int) -> QRectF:
        """Where a tile's pixels lie in the viewport, in logical pixels."""
        return self.tile_rectangles([index])[0]

    def tile_rectangles(self, indices: Sequence[int]) -> list[QRectF]:
        """Where some tiles' pixels lie in the viewport, in logical pixels."""
        ratio = self.devicePixelRatioF()
        left, top = self._offset()
        places = map(self.mosaic.rectangle, indices)
        return [
            QRectF((x - left) / ratio, (y - top) / ratio, width / ratio, height / ratio)
            for x, y, width, height in places
        ]

    def show_tile(self, index: int) -> None:
        """Scroll until a tile is in view."""
        rectangle = self.tile_rectangle(index).adjusted(-MARGIN, -24, MARGIN, MARGIN)
        for bar, low, high, room in (
            (self.verticalScrollBar(), rectangle.top(), rectangle.bottom(), self.height()),
            (self.horizontalScrollBar(), rectangle.left(), rectangle.right(), self.width()),
        ):
            if low < 0:
                bar.setValue(int(bar.value() + low))
            elif high > room:
                bar.setValue(int(bar.value() + high - room))

    def _offset(self) -> tuple[int, int]:
        """Scroll position in device pixels."""
        ratio = self.devicePixelRatioF()
        return (
            round(self.horizontalScrollBar().value() * ratio),
            round(self.verticalScrollBar().value() * ratio),
        )

    def _update_scroll_bars(self) -> None:
        ratio = self.devicePixelRatioF()
        width, height = (int(np.ceil(side / ratio)) for side in self.mosaic.size)
        # Not the viewport's size: a bar that shows for no reason would keep the other one there.
        room = self.maximumViewportSize()
        across, down = self.horizontalScrollBar(), self.verticalScrollBar()
        if height > room.height():
            room.setWidth(room.width() - down.sizeHint().width())
        if width > room.width():
            room.setHeight(room.height() - across.sizeHint().height())
        for bar, content, page in (
            (across, width, room.width()),
            (down, height, room.height()),
        ):
            bar.setPageStep(page)
            bar.setRange(0, max(0, content - page))

    # Painting.

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint the exposed tiles with their captions and marks, or their values alone."""
        pixels, places = self._pixels()
        values_alone = not pixels.isEmpty() and event.region().subtracted(pixels).isEmpty()
        painter = QPainter(self.viewport())
        try:
            if values_alone:
                self._paint_values(painter, places)
            elif indices := self._exposed(event.rect()):
                self.paint_tiles(painter, indices)
        finally:
            # An error that leaves a painter behind would crash the program later.
            painter.end()

    def _exposed(self, exposed: QRect) -> list[int]:
        """Tiles of which a part, or a mark, is in a part of the viewport."""
        ratio = self.devicePixelRatioF()
        x, y = self._offset()
        return self.mosaic.within(
            x + (exposed.x() - MARGIN) * ratio,
            y + (exposed.y() - MARGIN) * ratio,
            (exposed.width() + 2 * MARGIN) * ratio,
            (exposed.height() + 2 * MARGIN) * ratio,
        )

    def paint_tiles(self, painter: QPainter, indices: Sequence[int]) -> None:
        """Paint some tiles with all that belongs to them."""
        places = dict(zip(indices, self.tile_rectangles(indices), strict=True))
        self.paint_frames(painter, list(places.values()))
        if self.mosaic.caption:
            self._paint_captions(painter, places)
        self._paint_marks(painter, places)
        self._paint_values(painter, places)

    def _paint_values(self, painter: QPainter, places: Mapping[int, QRectF]) -> None:
        """Paint the pictures of some tiles, and the marks that are inside a tile."""
        position, pictures = self._coloured(list(places))
        painter.setOpacity(STALE_OPACITY if self._stale else 1)
        paint_pictures(
            painter, list(places.values()), pictures, [position[index] for index in places]
        )
        painter.setOpacity(1)
        for index, place in places.items():
            if index in self.muted:
                paint_muted(painter, place)
            if index in self.edited:
                paint_edited(painter, place)
            for shown in self.fields:
                if index in shown.tiles:
                    paint_field(painter, place, shown.field, hovered=shown.hovered)
        if self.pin is not None and self.pin.index in places:
            place = places[self.pin.index]
            rows, columns = self.map_size
            height, width = place.height() / rows, place.width() / columns
            left, top = self.pin.column * width, self.pin.row * height
            pixel = QRectF(place.left() + left, place.top() + top, width, height)
            paint_pin(painter, place, pixel)

    def _pixels(self) -> tuple[QRegion, dict[int, QRectF]]:
        """What the tiles on screen cover with pixels that can be painted alone, and where each is.

        They cannot where they may end between logical pixels: their frames would be cut.
        """
        if self.devicePixelRatioF() != 1 or not self.stands_alone():
            return QRegion(), {}
        key = self.mosaic, self._offset(), self.viewport().visibleRegion().boundingRect()
        if self._covered is None or self._covered[0] != key:
            indices = self.visible()
            places = dict(zip(indices, self.tile_rectangles(indices), strict=True))
            region = QRegion()
            for place in places.values():
                region += place.toRect()
            self._covered = key, region, places
        return self._covered[1:]

    def paint_frames(self, painter: QPainter, targets: Sequence[QRectF]) -> None:
        """Frame tiles with one device pixel, for their ground may have the window's colour."""
        edge = 1 / self.devicePixelRatioF()
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(self.palette().mid())
        painter.drawRects([target.adjusted(-edge, -edge, edge, edge) for target in targets])
        # Stale tiles let their ground through.
        painter.setBrush(self.palette().base())
        painter.drawRects(targets)
        painter.setBrush(Qt.BrushStyle.NoBrush)

    def _coloured(self, indices: Sequence[int]) -> tuple[dict[int, int], Pictures]:
        """Colours of the tiles, and which place each has; kept until the values change."""
        if self._pictures is None or not set(indices) <= set(self._pictures[0]):
            wanted = sorted({*indices, *self.visible()})
            self._pictures = wanted, self.pictures(wanted)
        kept, pictures = self._pictures
        return {index: place for place, index in enumerate(kept)}, pictures

    def _paint_captions(self, painter: QPainter, places: Mapping[int, QRectF]) -> None:
        ink = self.palette().color(QPalette.ColorRole.Text)
        quiet = self.palette().color(QPalette.ColorRole.PlaceholderText)
        room = (self.mosaic.tile[1] + self.mosaic.gap) / self.devicePixelRatioF() - 2
        drop = self.fontMetrics().descent() + CAPTION_GAP
        painter.setPen(quiet)
        for index, target in places.items():
            for caption in self.captions(index):
                if self._width_of(caption) <= room:
                    if index == self.selected:
                        painter.setPen(ink)
                    painter.drawText(QPointF(target.left(), target.top() - drop), caption)
                    painter.setPen(quiet)
                    break

    def _width_of(self, text: str) -> int:
        """Width of a caption, remembered: they are the same with every frame."""
        if len(self._widths) > _MOST_WIDTHS:
            self._widths.clear()
        if text not in self._widths:
            self._widths[text] = self.fontMetrics().horizontalAdvance(text)
        return self._widths[text]

    def _paint_marks(self, painter: QPainter, places: Mapping[int, QRectF]) -> None:
        ink = self.palette().color(QPalette.ColorRole.Text)
        # Where the selected tile has its outline there is no room for brackets.
        linked = [
            place
            for index, place in places.items()
            if index in self.linked and index != self.selected
        ]
        paint_linked(painter, linked, ink)
        if self.selected is not None and self.selected in places:
            paint_selected(painter, places[self.selected], ink)
        for index, place in places.items():
            if index in self.lit or (self.hover is not None and index == self.hover.index):
                paint_hovered(painter, place, ink)

    # The pointer and the keyboard.

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Tell which pixel is under the pointer."""
        self._set_hover(self.spot_at(event.position()))

    def leaveEvent(self, event: QEvent) -> None:
        """Take the hover mark away."""
        self._set_hover(None)

    def viewportEvent(self, event: QEvent) -> bool:
        """Pass the viewport's leave event on, which a scroll area keeps to itself."""
        if event.type() == QEvent.Type.Leave:
            self._set_hover(None)
        return super().viewportEvent(event)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Tell which pixel was clicked."""
        spot = self.spot_at(event.position())
        if event.button() == Qt.MouseButton.LeftButton and spot is not None:
            self.clicked.emit(spot)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """Keep the end of a click from what is behind."""

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        """Tell which tile was double-clicked."""
        spot = self.spot_at(event.position())
        if event.button() == Qt.MouseButton.LeftButton and spot is not None:
            self.activated.emit(spot)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Step with the arrow keys, enlarge with Enter."""
        key = Qt.Key(event.key())
        if key in _ARROWS and not event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            self.step(*_ARROWS[key])
        elif key in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and self.selected is not None:
            self.activated.emit(Spot(self.selected, 0, 0))
        else:
            super().keyPressEvent(event)

    def scrollContentsBy(self, dx: int, dy: int) -> None:
        """Paint what came into view."""
        self.viewport().update()
        self.scrolled.emit()

    def changeEvent(self, event: QEvent) -> None:
        """Measure captions anew in another font."""
        if event.type() is QEvent.Type.FontChange:
            self._widths.clear()
        super().changeEvent(event)

    def resizeEvent(self, event: QEvent) -> None:
        """Give the scroll bars their new range."""
        self._update_scroll_bars()

    def sizeHint(self) -> QSize:
        """As wide as the tiles."""
        ratio = self.devicePixelRatioF()
        width, height = (int(np.ceil(side / ratio)) for side in self.mosaic.size)
        return QSize(width, height)

    def minimumSizeHint(self) -> QSize:
        """Small: tiles scroll."""
        return QSize(40, 20)

    def _set_hover(self, spot: Spot | None) -> None:
        if spot == self.hover:
            return
        old, self.hover = self.hover, spot
        if (old and old.index) != (spot and spot.index):
            for changed in (old, spot):
                if changed is not None:
                    area = self.tile_rectangle(changed.index).adjusted(-5, -5, 5, 5)
                    self.viewport().update(area.toAlignedRect())
        self.hovered.emit(spot)
