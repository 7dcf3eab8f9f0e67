"""The feature maps of one layer as a grid: numbered, selectable; in Naive grouped by parent map."""

from collections.abc import Sequence
from itertools import compress

import numpy as np
from PySide6.QtCore import QEvent, QRectF, Qt, Slot
from PySide6.QtGui import (
    QAccessible,
    QAccessibleAnnouncementEvent,
    QHelpEvent,
    QPainter,
    QPalette,
)
from PySide6.QtWidgets import QToolTip, QWidget

from cnn_explorer.core.activations import Array
from cnn_explorer.core.addresses import Address, Family, family, path_to
from cnn_explorer.core.forward import Activations
from cnn_explorer.core.mosaic import fitted_legibly
from cnn_explorer.core.schemes import ChannelScheme
from cnn_explorer.core.selection import Selection
from cnn_explorer.core.sentences import map_number, map_sentence, short
from cnn_explorer.core.state import State
from cnn_explorer.gui.colouring import Colouring, pictures_of
from cnn_explorer.gui.marks import Pictures, paint_pictures
from cnn_explorer.gui.selection import SelectionModel
from cnn_explorer.gui.tiles import CAPTION_GAP, MARGIN, Spot, TileArea

SIDES = (28, 56, 196)
"""Logical pixels of a tile's side: the least, the least that is easy to read, the most."""

_ARROW_ROOM = 26


class MapGrid(TileArea):
    """Grid of a layer's maps; a click selects a map and pins a pixel.

    Captions say how many of a map's contributions are muted; a map that has no others is marked as
    muted.

    Parameters
    ----------
    layer
        Index of the layer.
    state
        The document's state.
    selection
        What is selected; the grid changes it.
    """

    def __init__(
        self, layer: int, state: State, selection: SelectionModel, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._layer = layer
        self._selection = selection
        self._state = state
        self._activations: Activations | None = None
        self._colouring: Colouring | None = None
        self._room = (400, 200, 200)
        self._off: Sequence[int] = ()
        self.setAccessibleName(f"Maps of {state.network.names[layer]}")
        self.clicked.connect(self._select)
        selection.changed.connect(self._show_selection)
        self.set_state(state)
        self._show_selection(selection.current, selection.current)

    @property
    def family(self) -> Family | None:
        """In Naive, the maps that are shown, grouped by their parent maps; None where they are not.

        None, too, where no filter comes before: there each scheme has the same maps.
        """
        return self._family_of(self._selection.current)

    def address(self, index: int) -> Address:
        """Path of filters to a tile's map; in Real and Shared only the last part counts."""
        family = self.family
        if family is None:
            path = self._selection.current.path
            return path_to(self._state.network, path, self._layer, index)
        return family.address(index)

    def index_of(self, address: Address) -> int | None:
        """Tile of a map, or None where the grid does not show it."""
        family = self.family
        return address[-1] if family is None else family.index_of(address)

    def addresses_in_view(self) -> list[Address]:
        """Maps of which a part is on screen."""
        return [self.address(index) for index in self.visible()]

    def parents_in_view(self) -> list[Address]:
        """In Naive, the input maps painted beside the groups on screen."""
        family = self._grouped
        if family is None:
            return []
        groups = sorted({index // self.mosaic.per_group for index in self.visible()})
        return [family.parent(group) for group in groups]

    def value(self, spot: Spot) -> float | None:
        """Value of a pixel as painted, or None where it is not computed."""
        values = self._values(spot.index)
        return None if values is None else float(values[spot.row, spot.column])

    def set_state(self, state: State) -> None:
        """Follow the network and the scheme."""
        self._state = state
        self._count_mutes()
        self._arrange()

    def set_room(self, width: int, share: int, most: int) -> None:
        """Make the tiles as large as fits a room; heights as in `LayerCard.set_room`."""
        self._room = (width, share, most)
        self._arrange()

    def show_maps(self, activations: Activations, colouring: Colouring) -> None:
        """Paint the maps of a pass."""
        if self._colouring is None:
            # Before the first maps nothing was painted, captions and marks neither.
            self.viewport().update()
        self._activations, self._colouring = activations, colouring
        self.refresh()

    def pictures(self, indices: Sequence[int]) -> Pictures:
        """Colours of some maps."""
        assert self._colouring is not None
        values = [self._values(index) for index in indices]
        return pictures_of(values, self.map_size, self._colouring, self._layer)

    def captions(self, index: int) -> Sequence[str]:
        """“map 5”, or the number alone; in Naive the address, or its last part; “map 5: 0.0617”.

        With mutes “map 5 · 2 off”, “5 · 2 off”, or “5*” where there is no more room.
        """
        if self.map_size == (1, 1):
            value, number = self._values(index), map_number(self._state, self.address(index))
            said = "" if value is None else f": {short(float(value[0, 0]))}"
            return f"map {number}{said}", f"{number}{said}", number
        if self.family is not None:
            address = self.address(index)
            return map_number(self._state, address), str(address[-1])
        if not self._off or not self._off[index]:
            return f"map {index}", str(index)
        off = "all off" if index in self.muted else f"{self._off[index]} off"
        return f"map {index} · {off}", f"{index} · {off}", f"{index}*", str(index)

    def paint_tiles(self, painter: QPainter, indices: Sequence[int]) -> None:
        """Paint tiles, and beside each group of Naive its parent map."""
        if self._colouring is None:
            return
        super().paint_tiles(painter, indices)
        if self._grouped is not None:
            for group in sorted({index // self.mosaic.per_group for index in indices}):
                self._paint_parent(painter, group)

    def stands_alone(self) -> bool:
        """Not in Naive, where a group has its parent beside it, nor where captions say values."""
        return self._grouped is None and self.map_size != (1, 1)

    def viewportEvent(self, event: QEvent) -> bool:
        """Say in words what the map under the pointer is."""
        if isinstance(event, QHelpEvent):
            spot = self.spot_at(event.pos().toPointF())
            if spot is None:
                QToolTip.hideText()
            else:
                # As rich text, for that is wrapped.
                sentence = f"<p>{map_sentence(self._state, self.address(spot.index))}</p>"
                place = self.tile_rectangle(spot.index).toRect()
                QToolTip.showText(event.globalPos(), sentence, self.viewport(), place)
            return True
        return super().viewportEvent(event)

    def step(self, rows: int, columns: int) -> None:
        """Move the pin, or without one the selection."""
        current = self._selection.current
        if self.selected is None:
            self._select_index(0)
        elif current.pin is not None:
            row = min(max(current.pin[0] + rows, 0), self.map_size[0] - 1)
            column = min(max(current.pin[1] + columns, 0), self.map_size[1] - 1)
            self._selection.select(current.at(self.address(self.selected), (row, column)))
        else:
            self._select_index(self.mosaic.neighbour(self.selected, rows, columns))

    def step_map(self, by: int) -> None:
        """Select the next or the previous map and keep the pin."""
        if self.selected is not None:
            target = (self.selected + by) % self.mosaic.count
            address = self.address(target)
            self._selection.select(self._selection.current.at(address, self._selection.current.pin))

    @property
    def _grouped(self) -> Family | None:
        """The maps that stand beside their parents; what acts map by map needs no groups."""
        family = self.family
        return None if family is None or family.keeps else family

    def _family_of(self, selection: Selection) -> Family | None:
        network, naive = self._state.network, self._state.scheme is ChannelScheme.NAIVE
        if not naive or self._layer >= network.head:
            return None
        return family(network, self._layer, selection.path)

    def _values(self, index: int) -> Array | None:
        return self._found(self.address(index), self.map_size)

    def _found(self, address: Address, size: tuple[int, int]) -> Array | None:
        """A map of the pass last shown, if that is of the scheme at hand and the map of a size."""
        shown = self._activations
        if shown is None or shown.state.scheme is not self._state.scheme:
            return None
        values = shown.find(address)
        return values if values is not None and values.shape == size else None

    def _count_mutes(self) -> None:
        """How many contributions each filter lacks, and which maps have none left."""
        self._off, self.muted = (), ()
        layers = self._state.network.layers
        layer = layers[self._layer] if self._layer < len(layers) else None
        if layer is None or layer.muted is None:
            return
        if self._state.scheme is ChannelScheme.NAIVE:
            silent = np.concatenate([layer.muted_from(i) for i in range(layer.in_channels)])
        else:
            self._off = layer.muted.sum(axis=1).tolist()
            silent = np.array(self._off) == layer.depth
        self.muted = frozenset(np.flatnonzero(silent).tolist())

    def _arrange(self) -> None:
        network = self._state.network
        if self._layer >= len(network.layers):
            return
        ratio = self.devicePixelRatioF()
        size = network.sizes[self._layer + 1]
        family, grouped = self.family, self._grouped
        layer = network.layers[self._layer]
        count = layer.out_channels if family is None else family.parents * family.branches
        gap = round(10 * ratio)
        mosaic, height = fitted_legibly(
            1 if grouped is None else grouped.parents,
            count if grouped is None else grouped.branches,
            size,
            self._room,
            self.grown(SIDES),
            ratio,
            self.verticalScrollBar().sizeHint().width(),
            caption=round((self.fontMetrics().height() + CAPTION_GAP) * ratio),
            gutter_tile=grouped is not None,
            gutter=0 if grouped is None else round(_ARROW_ROOM * ratio),
            gap=gap,
            group_gap=0 if grouped is None else round(6 * ratio),
            margin=round(MARGIN * ratio),
        )
        before = self.mosaic, self.height()
        self.arrange(mosaic, size, height)
        self._show_selection(self._selection.current, self._selection.current)
        if before != (self.mosaic, self.height()):
            self._reveal()

    def _paint_parent(self, painter: QPainter, group: int) -> None:
        """The input map of a group, where the gutter is, and an arrow to its maps."""
        family = self._grouped
        assert self._colouring is not None
        assert family is not None
        address = family.parent(group)
        size = self._state.network.sizes[self._layer]
        values = self._found(address, size)
        first = self.tile_rectangle(group * self.mosaic.per_group)
        side = self.mosaic.tile[1] / self.devicePixelRatioF()
        frame = QRectF(MARGIN - self.horizontalScrollBar().value(), first.top(), side, 0)
        frame.setHeight(first.height())
        painter.setPen(self.palette().color(QPalette.ColorRole.PlaceholderText))
        number = map_number(self._state, address)
        long = f"{self._state.network.names[self._layer - 1]} · map {number}"
        room = first.left() - frame.left() - 4
        for caption in (long, f"map {number}", number, str(group)):
            if self.fontMetrics().horizontalAdvance(caption) <= room:
                painter.drawText(
                    int(frame.left()),
                    int(frame.top()) - self.fontMetrics().descent() - CAPTION_GAP,
                    caption,
                )
                break
        arrow = QRectF(frame.right(), frame.top(), first.left() - frame.right(), frame.height())
        painter.drawText(arrow, Qt.AlignmentFlag.AlignCenter, "→")
        pictures = pictures_of([values], size, self._colouring, self._layer - 1)
        self.paint_frames(painter, [frame])
        paint_pictures(painter, [frame], pictures, [0])

    @Slot(object)
    def _select(self, spot: Spot) -> None:
        address = self.address(spot.index)
        self._selection.select(self._selection.current.at(address, (spot.row, spot.column)))

    def _select_index(self, index: int) -> None:
        self._selection.select(self._selection.current.at(self.address(index)))

    @Slot(object, object)
    def _show_selection(self, new: Selection, old: Selection) -> None:
        """Move the marks, and follow the path of Naive."""
        address = new.address
        if self._family_of(new) != self._family_of(old):
            self.refresh()
            self.scrolled.emit()
        self.selected, self.linked, self.pin = None, (), None
        # A selection may be ahead of the network, or behind it.
        inside = new == new.within(self._state.network)
        if address is not None and new.layer == self._layer and inside:
            self.selected = self.index_of(address)
            if self.selected is not None and new.pin is not None:
                self.pin = Spot(self.selected, *new.pin)
        elif address is not None and new.layer is not None and self._layer < new.layer:
            if self._state.scheme is ChannelScheme.NAIVE:
                ancestor = self.index_of(address[: self._layer + 1])
                self.linked = () if ancestor is None else (ancestor,)
            elif self._layer == new.layer - 1 and inside:
                layer = self._state.network.layers[new.layer]
                heard = ~layer.mutes_of(address[-1])
                self.linked = frozenset(compress(layer.inputs_of(address[-1]), heard))
        self.viewport().update()
        if new.path != old.path or new.layer != old.layer:
            self._reveal()
        self._describe(announce=new.address != old.address)

    def _reveal(self) -> None:
        """Scroll to the selected map, or in Naive to its ancestor or its descendants."""
        path, family = self._selection.current.path, self.family
        if self.selected is not None:
            self.show_tile(self.selected)
        elif family is not None:
            own = family.index_of(path[: self._layer + 1]) if self.linked else None
            first = path[self._layer - 1] * family.branches
            self.show_tile(first if own is None else own)

    def _describe(self, *, announce: bool) -> None:
        """Tell assistive technology which map is selected."""
        sentence = ""
        if self.selected is not None:
            sentence = map_sentence(self._state, self.address(self.selected))
        self.setAccessibleDescription(sentence)
        if announce and sentence and self.hasFocus():
            QAccessible.updateAccessibility(QAccessibleAnnouncementEvent(self, sentence))
