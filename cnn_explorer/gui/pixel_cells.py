"""Windows or kernels as coloured cells with their numbers."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from PySide6.QtCore import QLine, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QBrush, QColor, QFont, QFontMetricsF, QImage, QPainter, QPalette, QPixmap

from cnn_explorer.gui.sharp import draw_sharp

_LEAST_RULED = 8  # a cell's width from which on there are lines between cells

# Share of a blue, a green and a red byte in the relative luminance of WCAG 2, with a plain power.
_SHARES = (np.arange(256)[:, np.newaxis] / 255) ** 2.2 * np.array([0.0722, 0.7152, 0.2126])
_EVEN = 0.179  # the luminance on which black and white have the same contrast


def paint_cells(
    painter: QPainter,
    size: QSize,
    colours: npt.NDArray[np.uint8],
    texts: Sequence[Sequence[str]],
    font: QFont,
    padding: npt.NDArray[np.bool_] | None,
    palette: QPalette,
) -> None:
    """Paint the cells of some windows, or of some kernels, one below the other.

    Parameters
    ----------
    painter
        Its origin becomes the top left corner.
    size
        Of each in logical pixels, a whole multiple of its cells.
    colours
        uint8, shape (pictures, rows, columns, 4): blue, green, red, 255.
    texts, font
        For each the numbers of its cells, row by row, printed black or white as is easier to read;
        empty for none. All digits of the font have one width.
    padding
        bool, shape (rows, columns): cells that are hatched instead of coloured, or None.
    palette
        The widget's.
    """
    count, rows, columns = colours.shape[:3]
    width, height = size.width() // columns, size.height() // rows
    whole = QRect(0, 0, size.width(), count * size.height())
    cells = colours.reshape(-1, columns, 4)
    image = QImage(cells.data, columns, count * rows, columns * 4, QImage.Format.Format_RGB32)
    draw_sharp(painter, QRectF(whole), image, QRectF(image.rect()))
    dark = _SHARES[cells[..., :3], np.arange(3)].sum(axis=-1) < _EVEN
    inks = np.where(dark, 0, 1)
    if padding is not None and padding.any():
        hatched = QBrush(palette.color(QPalette.ColorRole.Mid), Qt.BrushStyle.BDiagPattern)
        padded = np.tile(padding, (count, 1))
        inks[padded] = 2
        for row, column in np.argwhere(padded).tolist():
            painter.fillRect(column * width, row * height, width, height, palette.base())
            painter.fillRect(column * width, row * height, width, height, hatched)
    if width >= _LEAST_RULED:
        painter.setPen(palette.color(QPalette.ColorRole.Base))
        upright = [QLine(x * width, 0, x * width, whole.height()) for x in range(1, columns)]
        level = [QLine(0, y * height, size.width(), y * height) for y in range(1, count * rows)]
        painter.drawLines(upright + level)
    metrics = QFontMetricsF(font)
    advance = metrics.horizontalAdvance("0")
    base = (height + metrics.ascent() - metrics.descent()) / 2
    painter.setFont(font)
    flat = [text for one in texts for text in one]
    pens = (QColor("white"), QColor("black"), palette.color(QPalette.ColorRole.Text))
    for ink, pen in enumerate(pens):
        painter.setPen(pen)
        for place in np.flatnonzero(inks == ink).tolist() if flat else ():
            row, column = divmod(place, columns)
            text = flat[place]
            left = column * width + (width - len(text) * advance + 1) / 2
            painter.drawText(int(left), int(row * height + base), text)


def cells_picture(size: QSize, ratio: float, count: int, *cells: Any) -> QPixmap:
    """A picture of so many windows or kernels.

    Parameters
    ----------
    size, ratio
        Of each in logical pixels, and device pixels to each of them.
    count
        How many there are.
    cells
        As in `paint_cells`, from the colours on.
    """
    picture = QPixmap(QSize(size.width(), count * size.height()) * ratio)
    picture.setDevicePixelRatio(ratio)
    painter = QPainter(picture)
    try:
        paint_cells(painter, size, *cells)
    finally:
        painter.end()
    return picture
