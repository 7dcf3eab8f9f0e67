"""A part of the window as a picture for slides and papers, sharper than the screen."""

from collections.abc import Iterator
from contextlib import contextmanager

from PySide6.QtCore import QPoint, QSize, QSizeF, Qt
from PySide6.QtGui import QColor, QImage, QPalette, QRegion
from PySide6.QtWidgets import QApplication, QWidget

from cnn_explorer.core.sentences import compact
from cnn_explorer.gui.theme import palette_of, sheet_of, use_palette

MOST_PIXELS = 100_000_000
"""Of one picture: 400 MB of memory."""

_DOTS_PER_METRE = 3780  # 96 an inch: a sharper picture is as large on paper, not larger


class FigureError(ValueError):
    """There is no such picture; the message is one sentence for the user."""


def figure_size(widget: QWidget, scale: int) -> QSize:
    """Pixels of a figure, across and down.

    Parameters
    ----------
    widget, scale
        As in `figure`.

    Raises
    ------
    FigureError
        If there would be more than `MOST_PIXELS`.
    """
    size = (QSizeF(widget.size()) * widget.devicePixelRatioF() * scale).toSize()
    count = size.width() * size.height()
    if count > MOST_PIXELS:
        raise FigureError(
            f"The picture would have {compact(count)} pixels, and {compact(MOST_PIXELS)} are the "
            "most; choose a lower resolution or a smaller part."
        )
    return size


def figure(widget: QWidget, scale: int, dark: bool) -> QImage:
    """Paint a visible part of a window as it is, but sharper and on a ground of its own.

    Parameters
    ----------
    widget
        The part. What it scrolls is painted as far as it is seen.
    scale
        Pixels of the picture for each pixel of the screen, across and down.
    dark
        The dark theme's colours; else the light theme's on white. The window's own theme does not
        matter, and stays.

    Returns
    -------
    QImage
        RGB, without transparency.

    Raises
    ------
    FigureError
        If the picture would have more than `MOST_PIXELS`.
    """
    image = QImage(figure_size(widget, scale), QImage.Format.Format_RGB32)
    sharpness = widget.devicePixelRatioF() * scale
    image.setDevicePixelRatio(sharpness)
    with _dressed(widget.window(), dark) as palette:
        image.fill(palette.color(QPalette.ColorRole.Window))
        widget.render(
            image,
            QPoint(),
            QRegion(),
            QWidget.RenderFlag.DrawChildren,  # the ground is there
        )
    image.setDevicePixelRatio(1)
    image.setDotsPerMeterX(round(_DOTS_PER_METRE * sharpness))
    image.setDotsPerMeterY(round(_DOTS_PER_METRE * sharpness))
    return image


@contextmanager
def _dressed(window: QWidget, dark: bool) -> Iterator[QPalette]:
    """Give a window the colours of a figure; nothing of that reaches the screen."""
    palette = palette_of(dark)
    if not dark:
        palette.setColor(QPalette.ColorRole.Window, QColor(Qt.GlobalColor.white))
    before, sheet = QApplication.palette(), window.styleSheet()
    try:
        use_palette(palette)
        # It makes the window's widgets take the application's palette, and only those, which is
        # much faster than a style sheet of the application.
        window.setStyleSheet(sheet_of(dark))
        yield palette
    finally:
        use_palette(before)
        window.setStyleSheet(sheet)
