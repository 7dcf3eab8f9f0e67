"""A histogram of a map's values. Imports pyqtgraph, which costs most of a second."""

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QEvent
from PySide6.QtGui import QPalette
from PySide6.QtWidgets import QVBoxLayout, QWidget

from cnn_explorer.core.activations import Array
from cnn_explorer.core.display import ColourMap, Scale, colour

BINS = 40
HEIGHT = 130
"""Logical pixels."""

_LOWEST = np.log10(0.5)
"""Lower end of the logarithmic axis: half a pixel."""


class Histogram(QWidget):
    """How many pixels have which value, each bar in the colour of its value."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._plot = pg.PlotWidget(self, enableMenu=False)
        menu = self._plot.getPlotItem().ctrlMenu
        menu.setParent(self, menu.windowFlags())  # without a parent it would outlive the plot
        self._plot.setMouseEnabled(False, False)
        self._plot.hideButtons()
        self._plot.setLabel("bottom", "value (zeros left out)")
        self._plot.setLabel("left", "pixels")
        for side in ("bottom", "left"):
            self._plot.getAxis(side).enableAutoSIPrefix(False)
        self._plot.getAxis("left").setTicks([[(n, str(10**n)) for n in range(6)]])
        self._plot.setAccessibleName("Histogram of the map's values")
        self.bars = pg.BarGraphItem(x=[0], height=[0], width=1)
        self._plot.addItem(self.bars)
        self.setFixedHeight(HEIGHT)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self._plot)
        self._paint_axes()

    def show_values(self, values: Array, colours: ColourMap, scale: Scale) -> None:
        """Show the values that are finite and not zero, for most of a map is ground.

        Parameters
        ----------
        values
            float32, any shape.
        colours, scale
            As the map is painted.
        """
        # In float64, since bins of values that hardly differ have no width in float32.
        shown = values[np.isfinite(values) & (values != 0)].astype(np.float64)
        if not shown.size:
            self.bars.setOpts(x=[0], height=[0], width=1, brushes=None)
            return
        counts, edges = np.histogram(shown, BINS)
        middles = ((edges[1:] + edges[:-1]) / 2).astype(np.float32)
        brushes = [
            pg.mkBrush(int(red), int(green), int(blue))
            for blue, green, red, _ in colour(middles, colours, scale)
        ]
        self.bars.setOpts(
            x=middles,
            y0=_LOWEST,
            height=np.log10(np.maximum(counts, 0.5)) - _LOWEST,
            width=edges[1] - edges[0],
            brushes=brushes,
            pen=self._pen,
        )
        self._plot.setXRange(float(edges[0]), float(edges[-1]), padding=0.03)
        self._plot.setYRange(_LOWEST, np.log10(counts.max()), padding=0.05)

    def changeEvent(self, event: QEvent) -> None:
        """Follow light and dark."""
        super().changeEvent(event)
        if event.type() is QEvent.Type.PaletteChange:
            self._paint_axes()

    def _paint_axes(self) -> None:
        ink = self.palette().color(QPalette.ColorRole.Text)
        self._pen = pg.mkPen(self.palette().color(QPalette.ColorRole.Dark))
        self._plot.setBackground(self.palette().color(QPalette.ColorRole.Window))
        for side in ("bottom", "left"):
            self._plot.getAxis(side).setPen(ink)
            self._plot.getAxis(side).setTextPen(ink)
