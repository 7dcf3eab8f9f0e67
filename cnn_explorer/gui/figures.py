"""A part of the window as a figure: as it is, but on a ground of its own and as sharp as asked."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from PySide6.QtCore import QPoint, QSizeF
from PySide6.QtGui import QPainter, QRegion
from PySide6.QtWidgets import QApplication, QWidget

from cnn_explorer.gui.figure_page import Drawn, ground
from cnn_explorer.gui.theme import sheet_of, use_palette


@dataclass(frozen=True, eq=False)
class PartPicture:
    """A visible part of a window. What it scrolls is painted as far as it is seen.

    Parameters
    ----------
    name, widget, caption
        What it is called, what it is, and what is shown there.
    """

    name: str
    widget: QWidget
    caption: str = ""

    def laid_out(self, room: QSizeF) -> Drawn:
        """As large as it is."""
        return Drawn(QSizeF(self.widget.size()), self._paint, self.widget.devicePixelRatioF())

    def _paint(self, painter: QPainter, dark: bool) -> None:
        with _dressed(self.widget.window(), dark):
            # Its ground is there.
            self.widget.render(painter, QPoint(), QRegion(), QWidget.RenderFlag.DrawChildren)


@contextmanager
def _dressed(window: QWidget, dark: bool) -> Iterator[None]:
    """Give a window the colours of a figure; nothing of that reaches the screen."""
    before, sheet = QApplication.palette(), window.styleSheet()
    try:
        use_palette(ground(dark))
        # It makes the window's widgets take the application's palette, and only those, which is
        # much faster than a style sheet of the application.
        window.setStyleSheet(sheet_of(dark))
        yield
    finally:
        use_palette(before)
        window.setStyleSheet(sheet)
