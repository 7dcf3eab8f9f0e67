"""A drawing and the maps that a layer makes of it, as one figure: the frames of a stroke."""

from dataclasses import dataclass
from functools import partial
from math import isfinite

import numpy as np
from PySide6.QtCore import QSizeF
from PySide6.QtGui import QPainter

from cnn_explorer.gui.figure_page import Drawn
from cnn_explorer.gui.tiles_figure import TilesPicture

_BETWEEN = 24


@dataclass(frozen=True, eq=False)
class GrowingPicture:
    """A drawing beside maps.

    Parameters
    ----------
    drawing, maps
        Both as grids of tiles.
    """

    drawing: TilesPicture
    maps: TilesPicture

    @property
    def name(self) -> str:
        """The maps'."""
        return self.maps.name

    @property
    def caption(self) -> str:
        """The maps'."""
        return self.maps.caption

    def laid_out(self, room: QSizeF) -> Drawn:
        """The drawing takes a third of the width."""
        width = room.width() if isfinite(room.width()) else 720.0
        drawing = self.drawing.laid_out(QSizeF((width - _BETWEEN) / 3, room.height()))
        maps = self.maps.laid_out(QSizeF((width - _BETWEEN) * 2 / 3, room.height()))
        size = QSizeF(
            drawing.size.width() + _BETWEEN + maps.size.width(),
            max(drawing.size.height(), maps.size.height()),
        )
        return Drawn(size, partial(_paint, drawing, maps))


def _paint(drawing: Drawn, maps: Drawn, painter: QPainter, dark: bool) -> None:
    """Both in the middle of the height."""
    height = float(np.maximum(drawing.size.height(), maps.size.height()))
    for one, left in ((drawing, 0.0), (maps, drawing.size.width() + _BETWEEN)):
        painter.save()
        painter.translate(left, (height - one.size.height()) / 2)
        one.paint(painter, dark)
        painter.restore()
