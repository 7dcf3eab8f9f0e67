"""Tiles on a painter: their pictures, and the marks around them, which are never a data colour."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt
from PySide6.QtCore import QLineF, QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QImage, QPainter, QPen

from cnn_explorer.core.explain import Field
from cnn_explorer.gui.sharp import draw_sharp

_MOST_OUTLINES = 64


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
        draw_sharp(painter, target, image, QRectF(0, place * rows, columns, rows))
        if pictures.blank[place] and target.height() >= 12:
            painter.setPen(QColor("#8a8f98"))
            painter.drawText(target, Qt.AlignmentFlag.AlignCenter, "0")


def paint_selected(painter: QPainter, target: QRectF, ink: QColor) -> None:
    """Mark the selected tile: a solid double outline."""
    painter.setPen(_pen(ink, 2))
    painter.drawRect(target.adjusted(-4, -4, 4, 4))
    painter.setPen(_pen(ink, 1))
    painter.drawRect(target.adjusted(-1.5, -1.5, 1.5, 1.5))


def paint_linked(painter: QPainter, targets: Sequence[QRectF], ink: QColor) -> None:
    """Mark the tiles that the selected map is made from: corner brackets."""
    painter.setPen(_pen(ink, 2))
    lines = []
    for target in targets:
        frame = target.adjusted(-3, -3, 3, 3)
        length = min(12.0, frame.width() / 4)
        for corner, right, down in (
            (frame.topLeft(), length, length),
            (frame.topRight(), -length, length),
            (frame.bottomLeft(), length, -length),
            (frame.bottomRight(), -length, -length),
        ):
            lines.append(QLineF(corner, corner + QPointF(right, 0)))
            lines.append(QLineF(corner, corner + QPointF(0, down)))
    if lines:
        painter.drawLines(lines)


def paint_hovered(painter: QPainter, target: QRectF, ink: QColor) -> None:
    """Mark the tile under the pointer: thin and dashed."""
    painter.setPen(QPen(ink, 1, Qt.PenStyle.DashLine))
    painter.drawRect(target.adjusted(-2.5, -2.5, 2.5, 2.5))


def paint_pin(painter: QPainter, target: QRectF, pixel: QRectF) -> None:
    """Mark the pinned pixel: a cross-hair through the tile, an outline, and a pin beside it."""
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
    # In the tile, since at an edge there may be no more room than that.
    head = pixel.topRight() + QPointF(3, -3)
    head.setX(min(head.x(), target.right()))
    head.setY(max(head.y(), target.top()))
    painter.drawEllipse(head, 3.5, 3.5)
    painter.restore()


def paint_field(painter: QPainter, target: QRectF, field: Field, *, hovered: bool = False) -> None:
    """Outline pixels of a tile: a window, a receptive field, a footprint.

    Parameters
    ----------
    target
        The tile.
    field
        Which pixels of its map.
    hovered
        Dashed, for what the pointer shows and no pin holds.
    """
    rows, columns = _runs(field.rows.tobytes()), _runs(field.columns.tobytes())
    if len(rows) * len(columns) > _MOST_OUTLINES:
        # Gaps that close together are no longer seen one by one.
        rows, columns = _hull(rows), _hull(columns)
    height, width = target.height() / len(field.rows), target.width() / len(field.columns)
    outlines = [
        QRectF(
            target.left() + left * width,
            target.top() + top * height,
            (right - left) * width,
            (bottom - top) * height,
        )
        for top, bottom in rows
        for left, right in columns
    ]
    style = Qt.PenStyle.DashLine if hovered else Qt.PenStyle.SolidLine
    for colour, thickness in ((QColor(0, 0, 0, 160), 3), (QColor(255, 255, 255, 230), 1)):
        pen = _pen(colour, thickness)
        if thickness == 1:
            pen.setStyle(style)
        painter.setPen(pen)
        painter.drawRects(outlines)


def paint_muted(painter: QPainter, target: QRectF) -> None:
    """Mark a muted tile: struck through, and “off” where there is room."""
    for colour, thickness in ((QColor(0, 0, 0, 170), 4), (QColor(255, 255, 255, 235), 2)):
        painter.setPen(_pen(colour, thickness))
        painter.drawLine(target.topLeft(), target.bottomRight())
    metrics = painter.fontMetrics()
    label = QRectF(0, 0, metrics.horizontalAdvance("off") + 6, metrics.height())
    if 2 * label.width() > target.width() or 2 * label.height() > target.height():
        return
    label.moveBottomLeft(target.bottomLeft())
    painter.fillRect(label, QColor("white"))
    painter.setPen(QColor("black"))
    painter.drawText(label, Qt.AlignmentFlag.AlignCenter, "off")


def paint_edited(painter: QPainter, target: QRectF) -> None:
    """Mark a kernel, or a cell of one, that is not what it was: a turned-down corner."""
    leg = min(max(min(target.width(), target.height()) * 0.25, 5.0), 9.0)
    corner = target.topRight()
    painter.setPen(_pen(QColor("black"), 1))
    painter.setBrush(QColor("white"))
    painter.drawPolygon([corner - QPointF(leg, 0), corner, corner + QPointF(0, leg)])
    painter.setBrush(Qt.BrushStyle.NoBrush)


def paint_cursor(painter: QPainter, cell: QRectF, *, focused: bool) -> None:
    """Mark the cell that keys act on: an outline, thick while they do."""
    width = 2 if focused else 1
    inside = cell.adjusted(width, width, -width, -width)
    for colour, thickness in ((QColor("black"), width + 2), (QColor("white"), width)):
        painter.setPen(_pen(colour, thickness))
        painter.drawRect(inside)


@lru_cache(256)
def _runs(line: bytes) -> tuple[tuple[int, int], ...]:
    """Where unbroken stretches of True begin and end; the same few with every frame."""
    edges = np.flatnonzero(np.diff(np.frombuffer(line, bool), prepend=False, append=False))
    return tuple(zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True))


def _hull(runs: tuple[tuple[int, int], ...]) -> tuple[tuple[int, int], ...]:
    return ((runs[0][0], runs[-1][1]),) if runs else ()


def _pen(colour: QColor, width: int) -> QPen:
    pen = QPen(colour, width)
    pen.setJoinStyle(Qt.PenJoinStyle.MiterJoin)
    return pen
