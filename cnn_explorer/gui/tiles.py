"""Many small maps as one picture: painting, marks, captions and hit-testing.

`TileArea` knows tiles and the pointer, not what the tiles are: a subclass says where they lie, what
they show and what a click means.
"""

from collections.abc import Container, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from PySide6.QtCore import QEvent, QPoint, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QFontMetrics,
    QImage,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPalette,
    QPen,
)
from PySide6.QtWidgets import QAbstractScrollArea, QFrame, QSizePolicy, QWidget

from cnn_explorer.core.mosaic import Mosaic, fitted

MARGIN = 6
"""Logical pixels around the tiles, so that marks have room."""

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
class Pictures:
    """Colours of some tiles.

    Parameters
    ----------
    colours
        uint8, shape (tiles, rows, columns, 4): blue, green, red, 255.
    blank
        Whether every value of the tile is zero.
    missing
        Whether the tile's values are not computed yet.
    """

    colours: npt.NDArray[np.uint8]
    blank: npt.NDArray[np.bool_]
    missing: npt.NDArray[np.bool_]


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
        self.pin: Spot | None = None
        self.hover: Spot | None = None
        self._stale = False
        self._pictures: tuple[list[int], Pictures] | None = None
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

    # What the owner sets.

    def arrange(self, mosaic: Mosaic, map_size: tuple[int, int], height: int) -> None:
        """Lay the tiles out anew.

        Parameters
        ----------
        mosaic
            In device pixels.
        map_size
            (rows, columns) of a tile's map.
        height
            The widget becomes as high as its tiles, but not higher than this.
        """
        if (mosaic, map_size) != (self.mosaic, self.map_size):
            self.mosaic, self.map_size = mosaic, map_size
            self.hover = None
            self.refresh()
        content = int(np.ceil(mosaic.size[1] / self.devicePixelRatioF()))
        if self.height() != min(content, height):
            self.setFixedHeight(min(content, height))
        self._update_scroll_bars()

    def refresh(self) -> None:
        """Paint the tiles' values anew."""
        self._pictures = None
        self.viewport().update()

    def set_stale(self, stale: bool) -> None:
        """Dim the tiles while their values are out of date."""
        if stale != self._stale:
            self._stale = stale
            self.viewport().update()

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
        ratio = self.devicePixelRatioF()
        x, y, width, height = self.mosaic.rectangle(index)
        offset = self._offset()
        return QRectF(
            (x - offset[0]) / ratio, (y - offset[1]) / ratio, width / ratio, height / ratio
        )

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
        size, room = self.mosaic.size, self.viewport().size()
        for bar, content, page in (
            (self.horizontalScrollBar(), size[0], room.width()),
            (self.verticalScrollBar(), size[1], room.height()),
        ):
            bar.setPageStep(page)
            bar.setRange(0, max(0, int(np.ceil(content / ratio)) - page))

    # Painting.

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint the tiles of the exposed part, then their captions and marks."""
        ratio = self.devicePixelRatioF()
        x, y = self._offset()
        exposed = event.rect()
        indices = self.mosaic.within(
            x + (exposed.x() - MARGIN) * ratio,
            y + (exposed.y() - MARGIN) * ratio,
            (exposed.width() + 2 * MARGIN) * ratio,
            (exposed.height() + 2 * MARGIN) * ratio,
        )
        painter = QPainter(self.viewport())
        try:
            if indices:
                self.paint_tiles(painter, indices)
        finally:
            # An error that leaves a painter behind would crash the program later.
            painter.end()

    def paint_tiles(self, painter: QPainter, indices: Sequence[int]) -> None:
        """Paint some tiles with all that belongs to them."""
        position, pictures = self._coloured(indices)
        metrics = QFontMetrics(self.font())
        text = self.palette().color(QPalette.ColorRole.Text)
        quiet = self.palette().color(QPalette.ColorRole.PlaceholderText)
        painter.setOpacity(STALE_OPACITY if self._stale else 1)
        paint_pictures(
            painter,
            [self.tile_rectangle(index) for index in indices],
            pictures,
            [position[index] for index in indices],
        )
        painter.setOpacity(1)
        for index in indices:
            target = self.tile_rectangle(index)
            painter.setPen(text if index == self.selected else quiet)
            self._paint_caption(painter, metrics, index, target)
            self._paint_marks(painter, index, target, text)

    def _coloured(self, indices: Sequence[int]) -> tuple[dict[int, int], Pictures]:
        """Colours of the tiles, and which place each has; kept until the values change."""
        if self._pictures is None or not set(indices) <= set(self._pictures[0]):
            wanted = sorted({*indices, *self.visible()})
            self._pictures = wanted, self.pictures(wanted)
        kept, pictures = self._pictures
        return {index: place for place, index in enumerate(kept)}, pictures

    def _paint_caption(
        self, painter: QPainter, metrics: QFontMetrics, index: int, target: QRectF
    ) -> None:
        if not self.mosaic.caption:
            return
        room = target.width() + self.mosaic.gap / self.devicePixelRatioF() - 2
        for caption in self.captions(index):
            if metrics.horizontalAdvance(caption) <= room:
                where = QPointF(target.left(), target.top() - metrics.descent() - 3)
                painter.drawText(where, caption)
                return

    def _paint_marks(self, painter: QPainter, index: int, target: QRectF, ink: QColor) -> None:
        if index == self.selected:
            painter.setPen(_pen(ink, 2))
            painter.drawRect(target.adjusted(-4, -4, 4, 4))
            painter.setPen(_pen(ink, 1))
            painter.drawRect(target.adjusted(-1.5, -1.5, 1.5, 1.5))
        elif index in self.linked:
            _paint_brackets(painter, target.adjusted(-3, -3, 3, 3), ink)
        if self.hover is not None and self.hover.index == index:
            painter.setPen(QPen(ink, 1, Qt.PenStyle.DashLine))
            painter.drawRect(target.adjusted(-2.5, -2.5, 2.5, 2.5))
        if self.pin is not None and self.pin.index == index:
            _paint_pin(painter, target, self.map_size, self.pin)

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
        else:
            super().mousePressEvent(event)

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
        self._pictures = None
        self.viewport().update()
        self.scrolled.emit()

    def resizeEvent(self, event: QEvent) -> None:
        """Give the scroll bars their new range."""
        self._update_scroll_bars()

    def sizeHint(self) -> QSize:
        """As wide as the tiles."""
        ratio = self.devicePixelRatioF()
        return QSize(int(self.mosaic.size[0] / ratio), int(self.mosaic.size[1] / ratio))

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


def fitted_legibly(
    groups: int,
    per_group: int,
    map_size: tuple[int, int],
    room: tuple[int, int, int],
    sides: tuple[int, int, int],
    ratio: float,
    **spacing: Any,
) -> tuple[Mosaic, int]:
    """Lay tiles out in their share of the height, or in more where they would be too small.

    Parameters
    ----------
    groups, per_group, map_size, spacing
        As in `cnn_explorer.core.mosaic.fitted`.
    room
        (width, share of the height, most height), in logical pixels.
    sides
        (least, least that is easy to read, most) of a tile's longer side, in logical pixels.
    ratio
        Device pixels in a logical one.

    Returns
    -------
    tuple of Mosaic and int
        The tiles, and the height, in logical pixels, that they may take.
    """
    least, legible, most = sides
    for height in room[1:]:
        mosaic = fitted(
            groups,
            per_group,
            map_size,
            (int(room[0] * ratio), int(height * ratio)),
            least=round(least * ratio),
            most=round(most * ratio),
            **spacing,
        )
        if max(mosaic.tile) >= legible * ratio:
            break
    return mosaic, height


def paint_pictures(
    painter: QPainter,
    targets: Sequence[QRectF],
    pictures: Pictures,
    places: Sequence[int],
) -> None:
    """Paint tiles, each with its place among the pictures, into their rectangles."""
    count, rows, columns = pictures.colours.shape[:3]
    image = QImage(
        pictures.colours.data, columns, count * rows, columns * 4, QImage.Format.Format_RGB32
    )
    for target, place in zip(targets, places, strict=True):
        if pictures.missing[place]:
            painter.fillRect(target, QColor(128, 128, 128, 60))
            continue
        painter.drawImage(target, image, QRectF(0, place * rows, columns, rows))
        if pictures.blank[place] and target.height() >= 12:
            painter.setPen(QColor("#8a8f98"))
            painter.drawText(target, Qt.AlignmentFlag.AlignCenter, "0")


def _pen(colour: QColor, width: int) -> QPen:
    pen = QPen(colour, width)
    pen.setJoinStyle(Qt.PenJoinStyle.MiterJoin)
    return pen


def _paint_brackets(painter: QPainter, frame: QRectF, ink: QColor) -> None:
    """Corner brackets: linked with the selected map."""
    painter.setPen(_pen(ink, 2))
    length = min(12.0, frame.width() / 4)
    for corner, right, down in (
        (frame.topLeft(), 1, 1),
        (frame.topRight(), -1, 1),
        (frame.bottomLeft(), 1, -1),
        (frame.bottomRight(), -1, -1),
    ):
        painter.drawPolyline(
            [
                QPointF(corner.x() + right * length, corner.y()),
                corner,
                QPointF(corner.x(), corner.y() + down * length),
            ]
        )


def _paint_pin(painter: QPainter, target: QRectF, map_size: tuple[int, int], pin: Spot) -> None:
    """Cross-hair through the pixel, its outline, and a pin beside it."""
    height, width = target.height() / map_size[0], target.width() / map_size[1]
    pixel = QRectF(
        target.left() + pin.column * width, target.top() + pin.row * height, width, height
    )
    middle = pixel.center()
    lines = (
        (QPointF(target.left(), middle.y()), QPointF(pixel.left() - 2, middle.y())),
        (QPointF(pixel.right() + 2, middle.y()), QPointF(target.right(), middle.y())),
        (QPointF(middle.x(), target.top()), QPointF(middle.x(), pixel.top() - 2)),
        (QPointF(middle.x(), pixel.bottom() + 2), QPointF(middle.x(), target.bottom())),
    )
    for colour, thickness in ((QColor(0, 0, 0, 150), 3), (QColor(255, 255, 255, 200), 1)):
        painter.setPen(_pen(colour, thickness))
        for start, end in lines:
            if target.contains((start + end) / 2):
                painter.drawLine(start, end)
        painter.drawRect(pixel.adjusted(-1, -1, 1, 1))
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(QPen(QColor("black"), 1))
    painter.setBrush(QColor("white"))
    painter.drawEllipse(pixel.topRight() + QPoint(3, -3), 3.5, 3.5)
    painter.restore()
