"""One map enlarged, with its range and the histogram of its values."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtGui import QPainter, QPalette, QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QToolButton, QVBoxLayout, QWidget

from cnn_explorer.core.activations import Array
from cnn_explorer.core.addresses import Address
from cnn_explorer.core.mosaic import Mosaic
from cnn_explorer.core.sentences import map_sentence, map_title, short
from cnn_explorer.core.state import State
from cnn_explorer.gui.colouring import Colouring, pictures_of
from cnn_explorer.gui.marks import Pictures
from cnn_explorer.gui.selection import SelectionModel
from cnn_explorer.gui.tiles import MARGIN, Spot, TileArea

if TYPE_CHECKING:
    from cnn_explorer.gui.histogram import Histogram

_HISTOGRAM_ROOM = 136
"""Logical pixels of the histogram and the gap above it."""


class EnlargedMap(TileArea):
    """The selected map alone, as large as fits."""

    def __init__(self, selection: SelectionModel, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._selection = selection
        self._values: Array | None = None
        self._colouring: Colouring | None = None
        self._layer = 0
        self.setAccessibleName("Enlarged map")
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.viewport().setBackgroundRole(QPalette.ColorRole.Window)
        self.clicked.connect(self._pin)

    def show_values(self, values: Array, colouring: Colouring, layer: int, room: int) -> None:
        """Paint a map, float32 of any 2-D shape, into a square room in logical pixels."""
        self._values, self._colouring, self._layer = values, colouring, layer
        ratio = self.devicePixelRatioF()
        rows, columns = values.shape
        side = (room - 2 * MARGIN) * ratio
        multiple = max(1, int(side // max(rows, columns)))
        mosaic = Mosaic(
            1, 1, 1, (rows * multiple, columns * multiple), margin=round(MARGIN * ratio)
        )
        self.arrange(mosaic, (rows, columns), room)
        self.setFixedWidth(self.sizeHint().width())
        pin = self._selection.current.pin
        self.pin = None if pin is None else Spot(0, *pin)
        self.refresh()

    def value(self, spot: Spot) -> float | None:
        """Value of a pixel."""
        return None if self._values is None else float(self._values[spot.row, spot.column])

    def pictures(self, indices: Sequence[int]) -> Pictures:
        """The map's colours."""
        assert self._colouring is not None
        return pictures_of([self._values], self.map_size, self._colouring, self._layer)

    def paint_tiles(self, painter: QPainter, indices: Sequence[int]) -> None:
        """Paint the map, if there is one yet."""
        if self._values is not None:
            super().paint_tiles(painter, indices)

    def captions(self, index: int) -> Sequence[str]:
        """None: the page has a title."""
        return ()

    def step(self, rows: int, columns: int) -> None:
        """Move the pin."""
        current = self._selection.current
        if current.pin is not None and current.address is not None:
            row = min(max(current.pin[0] + rows, 0), self.map_size[0] - 1)
            column = min(max(current.pin[1] + columns, 0), self.map_size[1] - 1)
            self._selection.select(current.at(current.address, (row, column)))

    @Slot(object)
    def _pin(self, spot: Spot) -> None:
        current = self._selection.current
        if current.address is not None:
            self._selection.select(current.at(current.address, (spot.row, spot.column)))


class Enlarged(QWidget):
    """Page with the enlarged map, in the place of the layers.

    Signals
    -------
    closed()
        The user wants the layers back.
    """

    closed = Signal()

    def __init__(self, selection: SelectionModel, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._shown: tuple[State, Address, Array, Colouring] | None = None
        self._back = QToolButton(self)
        self._back.setText("← Layers")
        self._back.setToolTip("Back to the layers (Esc)")
        self._title = QLabel(self)
        self._title.setProperty("role", "heading")
        self._range = QLabel(self)
        self._range.setWordWrap(True)
        self._sentence = QLabel(self)
        self._sentence.setProperty("role", "quiet")
        self._sentence.setWordWrap(True)
        self._sentence.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.map = EnlargedMap(selection, self)
        self._histogram: Histogram | None = None
        top = QHBoxLayout()
        top.addWidget(self._back)
        top.addWidget(self._title)
        top.addStretch(1)
        column = QVBoxLayout(self)
        column.addLayout(top)
        column.addWidget(self._sentence)
        column.addWidget(self.map, 0, Qt.AlignmentFlag.AlignHCenter)
        column.addWidget(self._range)
        column.addStretch(1)
        self._column = column
        self._back.clicked.connect(self.closed)

    def show_map(self, state: State, address: Address, values: Array, colouring: Colouring) -> None:
        """Show a map with its numbers.

        Parameters
        ----------
        state, address
            Which map it is.
        values
            float32, shape (rows, columns).
        colouring
            As in the grid that it comes from.
        """
        self._shown = state, address, values, colouring
        self._title.setText(map_title(state, address))
        self._sentence.setText(map_sentence(state, address))
        self.map.setAccessibleDescription(self._sentence.text())
        zeros = int((values == 0).sum())
        rows, columns = values.shape
        self._range.setText(
            f"{rows}×{columns} · least {short(float(values.min()))} · most "
            f"{short(float(values.max()))} · mean {short(float(values.mean()))} · "
            f"{zeros} of {values.size} pixels are 0"
        )
        self._fit()
        scale = colouring.scale(len(address) - 1, values)
        self.histogram().show_values(values, colouring.colours, scale)

    def histogram(self) -> "Histogram":
        """The histogram, made when it is first wanted: pyqtgraph would delay the first paint."""
        if self._histogram is None:
            from cnn_explorer.gui.histogram import Histogram

            self._histogram = Histogram(self)
            self._column.insertWidget(self._column.indexOf(self._range) + 1, self._histogram)
        return self._histogram

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Fit the map into the new room."""
        super().resizeEvent(event)
        self._fit()

    def _fit(self) -> None:
        if self._shown is not None:
            _, address, values, colouring = self._shown
            others = (
                _HISTOGRAM_ROOM + self._range.sizeHint().height() + self._back.sizeHint().height()
            )
            others += self._sentence.heightForWidth(self.width() - 24) + 60
            room = max(140, min(self.width() - 24, self.height() - others))
            self.map.show_values(values, colouring, len(address) - 1, room)
