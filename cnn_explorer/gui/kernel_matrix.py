"""The kernels of one layer: a matrix of pictures, a row for each input map, a column a filter."""

from collections.abc import Container, Sequence
from dataclasses import replace
from functools import lru_cache

import numpy as np
from PySide6.QtCore import QPointF, QRectF, Qt, Slot
from PySide6.QtGui import QMouseEvent, QPainter, QPalette
from PySide6.QtWidgets import QWidget

from cnn_explorer.core.addresses import path_to
from cnn_explorer.core.kernel_edits import edited_kernels, edits_text
from cnn_explorer.core.layer import Mutes
from cnn_explorer.core.lineage import lineage
from cnn_explorer.core.mosaic import fitted_legibly
from cnn_explorer.core.schemes import ChannelScheme
from cnn_explorer.core.selection import Selection
from cnn_explorer.core.state import State
from cnn_explorer.gui.colouring import Colouring, kernel_colouring, layer_kernel, pictures_of
from cnn_explorer.gui.marks import Pictures
from cnn_explorer.gui.selection import SelectionModel
from cnn_explorer.gui.settings import Settings
from cnn_explorer.gui.tiles import MARGIN, Spot, TileArea

SIDES = (18, 36, 66)
"""Logical pixels of a kernel's longer side: the least, the least easy to read, the most."""

# One for all layers' matrices; it is asked for again with every move of the pin.
_lineage = lru_cache(maxsize=1)(lineage)


class _Marked(Container[int]):
    """Tiles of kernels that a table (out, in) marks; there may be too many for a set."""

    def __init__(self, table: Mutes) -> None:
        self._tiles = table.T.ravel()

    def __contains__(self, index: object) -> bool:
        return bool(self._tiles[index])  # type: ignore[call-overload]


class KernelMatrix(TileArea):
    """in × out kernels of a layer as the scheme at hand has them.

    A click selects the filter's map and makes the kernel the one at hand. Those that can reach the
    selected map, in its own layer or a deeper one, are marked as linked, and those that are muted
    as muted: a flat kernel only where it is muted for every input map. Those that are not what they
    were are marked as edited: a flat kernel, where any is that it is made from.

    Parameters
    ----------
    layer
        Index of the layer.
    state
        The document's state.
    selection
        What is selected; the matrix changes it.
    """

    def __init__(
        self, layer: int, state: State, selection: SelectionModel, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._layer = layer
        self._state = state
        self._selection = selection
        self._room = (400, 200, 200)
        self._kernel = layer_kernel(state.network.conv(layer), state.scheme)
        self._colouring: Colouring | None = None
        self.setAccessibleName(f"Kernels of {state.network.names[layer]}")
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.ActionsContextMenu)
        self.clicked.connect(self._select)
        selection.changed.connect(self._show_selection)
        self._show_selection(selection.current, selection.current)

    @property
    def colouring(self) -> Colouring | None:
        """Colours of the kernels, on a scale that all kernels of the layer share."""
        return self._colouring

    def value(self, spot: Spot) -> float:
        """Weight of one cell."""
        channel, filter_ = self.pair(spot.index)
        return float(self._kernel[filter_, channel, spot.row, spot.column])

    def pair(self, index: int) -> tuple[int, int]:
        """(input map, filter) of a tile."""
        channel, filter_ = divmod(index, self.mosaic.per_group)
        return channel, filter_

    def set_state(self, state: State, settings: Settings) -> None:
        """Follow the layer's kernels, the scheme and the colours."""
        self._state = state
        layer = state.network.conv(self._layer)
        self._kernel = layer_kernel(layer, state.scheme)
        self.muted = () if layer.muted is None else _Marked(self._flat(layer.muted))
        self.edited, said = (), ""
        if edits_text(state.network, self._layer):
            self.edited = _Marked(self._any(edited_kernels(state.network, self._layer)))
            said = edits_text(state.network, self._layer)
        self.setAccessibleDescription(said)
        self._colouring = kernel_colouring(
            layer, state.scheme, settings.colour_map, settings.contrast
        )
        self._arrange()
        self.refresh()

    def set_room(self, width: int, share: int, most: int) -> None:
        """Make the tiles as large as fits a room; heights as in `LayerCard.set_room`."""
        self._room = (width, share, most)
        self._arrange()

    def pictures(self, indices: Sequence[int]) -> Pictures:
        """Colours of some kernels."""
        assert self._colouring is not None
        kernels = [self._kernel[self.pair(index)[::-1]] for index in indices]
        return pictures_of(kernels, self.map_size, self._colouring, 0)

    def captions(self, index: int) -> Sequence[str]:
        """None: rows and columns have headers."""
        return ()

    def paint_tiles(self, painter: QPainter, indices: Sequence[int]) -> None:
        """Paint kernels, then the headers over what scrolled under them."""
        if self._colouring is None:
            return
        super().paint_tiles(painter, indices)
        metrics = self.fontMetrics()
        header, gutter = self._header(), self._gutter()
        room = self.viewport().rect()
        base = self.palette().color(QPalette.ColorRole.Base)
        painter.fillRect(0, 0, room.width(), header, base)
        painter.fillRect(0, 0, gutter, room.height(), base)
        painter.setPen(self.palette().color(QPalette.ColorRole.PlaceholderText))
        columns = sorted({index % self.mosaic.per_group for index in self.visible()})
        rows = sorted({index // self.mosaic.per_group for index in self.visible()})
        for column in columns:
            tile = self.tile_rectangle(column)
            if tile.left() < gutter:
                continue
            for text in (f"filter {column}", str(column)):
                if metrics.horizontalAdvance(text) <= tile.width() + 6:
                    painter.drawText(QPointF(tile.left(), metrics.ascent() + 2), text)
                    break
        for row in rows:
            tile = self.tile_rectangle(row * self.mosaic.per_group)
            if tile.top() >= header:
                place = QRectF(0, tile.top(), gutter - 2, tile.height())
                painter.drawText(
                    place, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter,
                    self._row_name(row),
                )  # fmt: skip

    def step(self, rows: int, columns: int) -> None:
        """Go to the kernel of the next or previous filter or input map."""
        if self.selected is None:
            self._select(Spot(0, 0, 0))
            return
        row, column = self.pair(self.selected)
        row = min(max(row + rows, 0), self._kernel.shape[1] - 1)
        column = min(max(column + columns, 0), self.mosaic.per_group - 1)
        self._select(Spot(row * self.mosaic.per_group + column, 0, 0))
        self.show_tile(row * self.mosaic.per_group + column)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Before its menu opens, make the kernel the one at hand."""
        spot = self.spot_at(event.position())
        if event.button() is Qt.MouseButton.RightButton and spot is not None:
            self._select(spot)
        super().mousePressEvent(event)

    def _row_name(self, row: int) -> str:
        if self._kernel.shape[1] < self._state.network.layers[self._layer].in_channels:
            return "every map"
        return "drawing" if self._layer == 0 else f"map {row}"

    def _gutter(self) -> int:
        rows = self._kernel.shape[1]
        widest = max(self.fontMetrics().horizontalAdvance(self._row_name(r)) for r in {0, rows - 1})
        return widest + 8

    def _arrange(self) -> None:
        ratio = self.devicePixelRatioF()
        out, channels, *size = self._kernel.shape
        mosaic, height = fitted_legibly(
            channels,
            out,
            (size[0], size[1]),
            self._room,
            self.grown(SIDES),
            ratio,
            gutter=round(self._gutter() * ratio),
            header=round(self._header() * ratio),
            gap=round(8 * ratio),
            margin=round(MARGIN * ratio),
            wrap=False,
        )
        self.arrange(mosaic, (size[0], size[1]), height, self._room[0])
        self._show_selection(self._selection.current, self._selection.current)

    def _header(self) -> int:
        return self.fontMetrics().height() + 3

    @Slot(object)
    def _select(self, spot: Spot) -> None:
        channel, filter_ = self.pair(spot.index)
        current = self._selection.current
        path = path_to(self._state.network, current.path, self._layer, filter_)
        selection = current.at(path, current.pin if path == current.address else None)
        if self._kernel.shape[1] > 1:  # a flat kernel is made from those of all input maps
            selection = replace(selection, channel=channel)
        self._selection.select(selection)

    @Slot(object, object)
    def _show_selection(self, new: Selection, old: Selection) -> None:
        """Mark the kernel at hand, and those that can reach the selected map."""
        self.linked, self.selected = (), None
        network, scheme = self._state.network, self._state.scheme
        address = new.address
        # A selection may be ahead of the network, or behind it.
        if address is not None and self._layer < len(address) and new == new.within(network):
            self.linked = _Marked(_lineage(network, scheme, address)[self._layer])
            if self._layer == new.layer:
                row = new.channel if self._kernel.shape[1] > 1 else 0
                self.selected = row * self._kernel.shape[0] + address[self._layer]
            own = self._layer == new.layer or scheme is ChannelScheme.NAIVE
            if own and address != old.address:
                self._show_column(address[self._layer])
        self.viewport().update()

    def _flat(self, muted: Mutes) -> Mutes:
        """Which kernels of the scheme at hand are muted."""
        return muted if self._kernel.shape[1] > 1 else np.asarray(muted.all(axis=1, keepdims=True))

    def _any(self, edited: Mutes) -> Mutes:
        """Which kernels of the scheme at hand are edited."""
        flat = self._kernel.shape[1] == 1
        return np.asarray(edited.any(axis=1, keepdims=True)) if flat else edited

    def _show_column(self, filter_: int) -> None:
        """Scroll sideways until a filter's kernels are in view, beside the row names."""
        tile = self.tile_rectangle(filter_)
        bar = self.horizontalScrollBar()
        hidden = min(0, tile.left() - MARGIN - self._gutter())
        hidden += max(0, tile.right() + MARGIN - self.viewport().width())
        bar.setValue(int(bar.value() + hidden))
