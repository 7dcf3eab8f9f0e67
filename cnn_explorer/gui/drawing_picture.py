"""A picture of 28×28 values, largest that has room, with marks on its pixels."""

from collections.abc import Sequence
from math import floor

import numpy as np
from PySide6.QtCore import QPoint, QRectF
from PySide6.QtGui import QImage, QPainter
from PySide6.QtWidgets import QWidget

from cnn_explorer.core.activations import Array
from cnn_explorer.core.drawing import SIDE
from cnn_explorer.core.explain import Field
from cnn_explorer.gui.marks import paint_field
from cnn_explorer.gui.sharp import draw_sharp


class DrawingPicture:
    """What is painted of a drawing.

    Parameters
    ----------
    drawing
        float32, shape (28, 28), values 0 to 1: zero is black, 1 is white.
    """

    def __init__(self, drawing: Array) -> None:
        self.fields: Sequence[tuple[Field, bool]] = ()
        self.show(drawing)

    def show(self, drawing: Array) -> None:
        """Show another drawing, with the same marks."""
        self._grey = np.rint(drawing * 255).astype(np.uint8)

    def paint(self, painter: QPainter, square: QRectF) -> None:
        """Paint it into a square; of the marks those that are only for the pointer dashed."""
        image = QImage(self._grey.data, SIDE, SIDE, SIDE, QImage.Format.Format_Grayscale8)
        draw_sharp(painter, square, image, QRectF(image.rect()))
        for field, hovered in self.fields:
            paint_field(painter, square, field, hovered=hovered)


def square_in(widget: QWidget, margin: int) -> QRectF:
    """Where a drawing lies in a widget, in logical pixels, with a margin around it."""
    origin = widget.mapTo(widget.window(), QPoint(0, 0))
    room = QRectF(widget.rect()).adjusted(margin, margin, -margin, -margin)
    return fitted_square(room, widget.devicePixelRatioF(), origin.toTuple())


def fitted_square(room: QRectF, ratio: float, origin: tuple[float, float] = (0.0, 0.0)) -> QRectF:
    """Return the largest square in a room whose pixels are whole device pixels.

    Parameters
    ----------
    room
        In logical pixels of the widget.
    ratio
        Device pixels for a logical one, which need not be whole.
    origin
        (x, y) of the widget in its window, in logical pixels.

    Returns
    -------
    QRectF
        In logical pixels of the widget, in the middle of the room. In device pixels of the window
        its corner is whole, and its side a multiple of 28, at least 28.
    """
    shorter = min(room.width(), room.height()) * ratio
    side = max(1, floor(shorter / SIDE + 1e-6)) * SIDE
    x = floor((room.center().x() + origin[0]) * ratio - side / 2 + 1e-6)
    y = floor((room.center().y() + origin[1]) * ratio - side / 2 + 1e-6)
    return QRectF(x / ratio - origin[0], y / ratio - origin[1], side / ratio, side / ratio)
