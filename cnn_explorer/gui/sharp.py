"""Pictures of few pixels, each of which is to be a sharp square on every kind of paper."""

from PySide6.QtCore import QRectF
from PySide6.QtGui import QImage, QPaintEngine, QPainter

_ENOUGH = 256
"""Side up to which they are enlarged: then no viewer, whatever it smooths, can blur them much."""

_VECTOR = (QPaintEngine.Type.Pdf, QPaintEngine.Type.User)


def is_vector(painter: QPainter) -> bool:
    """Whether what is painted becomes lines and text, and no picture of pixels."""
    return painter.paintEngine().type() in _VECTOR


def enlarged(image: QImage) -> QImage:
    """The same picture, each pixel a square of so many that it stays sharp."""
    factor = _ENOUGH // max(image.width(), image.height(), 1)
    return image if factor < 2 else image.scaled(image.size() * factor)


def draw_sharp(painter: QPainter, target: QRectF, image: QImage, source: QRectF) -> None:
    """Draw a part of a picture, each pixel a square."""
    if is_vector(painter):
        part = enlarged(image.copy(source.toRect()))
        painter.drawImage(target, part, QRectF(part.rect()))
    else:
        painter.drawImage(target, image, source)
