"""Which pixels belong together: windows, receptive fields and footprints on tiles and drawing."""

from collections.abc import Container
from dataclasses import dataclass, field

from PySide6.QtCore import QObject, Slot

from cnn_explorer.core.addresses import Address, path_to
from cnn_explorer.core.explain import cell_field, footprint, receptive_field
from cnn_explorer.core.lineage import maps_above, maps_below
from cnn_explorer.core.schemes import ChannelScheme
from cnn_explorer.core.selection import Selection
from cnn_explorer.core.state import State
from cnn_explorer.gui.canvas import Canvas
from cnn_explorer.gui.document import Document
from cnn_explorer.gui.layer_column import LayerColumn
from cnn_explorer.gui.map_grid import MapGrid
from cnn_explorer.gui.seen import SeenTile
from cnn_explorer.gui.selection import SelectionModel
from cnn_explorer.gui.tiles import TileField

Pixel = tuple[int, int]
Cell = tuple[int, int, int]


@dataclass(frozen=True)
class _Pointer:
    """What the pointer is on, in the terms of the network.

    Parameters
    ----------
    level
        0 for the drawing, n for the maps of the n-th layer.
    address
        Path of filters to the map under the pointer, () for the drawing.
    pixel
        (row, column) there, or None.
    """

    level: int
    address: Address = ()
    pixel: Pixel | None = None


@dataclass(eq=False)
class _Marks:
    """What is outlined on one level's tiles, and which tiles are lit."""

    fields: list[TileField] = field(default_factory=list)
    lit: set[int] = field(default_factory=set)


class Tracing(QObject):
    """Marks on grids and drawing what belongs to the pin and to what is under the pointer.

    Parameters
    ----------
    document, selection
        Which network, and what is pinned in it.
    layers, canvas, seen
        Where the pointer is, and what is marked: of the drawing the one that the network gets.
    """

    def __init__(
        self,
        document: Document,
        selection: SelectionModel,
        layers: LayerColumn,
        canvas: Canvas,
        seen: SeenTile,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._document = document
        self._selection = selection
        self._layers = layers
        self._canvas = canvas
        self._seen = seen
        self._drawn_on: Pixel | None = None
        self._seen_at: Pixel | None = None
        self._channel: int | None = None
        self._cell: Cell | None = None
        self._joined: tuple[int | None, int | None] = (None, None)
        self._spoken: tuple[int, int] | None = None
        self._followed = document.state
        self._traced: object = None
        document.changed.connect(self._follow)
        selection.changed.connect(self._trace_selection)
        layers.described.connect(self._trace)
        layers.pointed.connect(self._join)
        canvas.hovered.connect(self._hover_drawing)
        seen.hovered.connect(self._hover_seen)
        self._trace()

    @Slot(object)
    def show_channel(self, channel: int | None) -> None:
        """Light an input map of the selected map's layer, or none."""
        self._channel = channel
        self._trace()

    @Slot(object)
    def show_map(self, spot: tuple[int, int] | None) -> None:
        """Light a map, (level, number), level 0 for the drawing; or none."""
        self._spoken = spot
        self._trace()

    @Slot(object)
    def show_cell(self, cell: Cell | None) -> None:
        """Mark what a kernel's cell multiplies: (input map, row, column) of it, or none."""
        self._cell = cell
        self._trace()

    @Slot(int, object, object)
    def _join(self, layer: int, channel: int | None, filter_: int | None) -> None:
        """Light the input map of a row of the contributions."""
        self._joined = layer, channel
        self._trace()

    @Slot(object, object)
    def _follow(self, new: State, old: State) -> None:
        if new.network is not old.network or new.scheme is not old.scheme:
            self._followed = new
            # The panel still shows the old network; the cards tell anew what they are about.
            self._channel = self._cell = self._spoken = None
            if self._joined[0] is not None and self._joined[0] >= len(new.network.layers):
                self._joined = (None, None)
            self._trace()
        elif new.centred is not old.centred:
            self._trace()

    @Slot(object, object)
    def _trace_selection(self, new: Selection, old: Selection) -> None:
        self._trace()

    @Slot(object)
    def _hover_drawing(self, pixel: Pixel | None) -> None:
        # Who draws looks at the maps, not at where a pixel goes.
        self._drawn_on = None if self._canvas.drawing else pixel
        self._trace()

    @Slot(object)
    def _hover_seen(self, pixel: Pixel | None) -> None:
        self._seen_at = pixel
        self._trace()

    @Slot()
    def _trace(self) -> None:
        state, current = self._document.state, self._selection.current
        if (state.network, state.scheme) != (self._followed.network, self._followed.scheme):
            return  # what the pointer is on is still a part of the old network
        pointer = self._pointer()
        key = (
            state.network, state.scheme, state.centred, current, pointer,
            self._channel, self._cell, self._joined, self._spoken, self._kernel_cell(),
            tuple(grid.mosaic.count for grid in self._grids()),
        )  # fmt: skip
        if key == self._traced:
            return
        self._traced = key
        levels = [_Marks() for _ in range(len(state.network.layers) + 1)]
        inside = current == current.within(state.network)
        if inside and current.address is not None and current.pin is not None:
            self._upstream(levels, current.address, current.pin, hovered=False)
        if pointer is not None and pointer.pixel is not None:
            if current.pin is None and pointer.level:
                self._upstream(levels, pointer.address, pointer.pixel, hovered=True)
            self._downstream(levels, pointer)
        if inside:
            self._light_inputs(levels, current)
        self._show(levels)

    # What the pointer is on.

    def _grids(self) -> list[MapGrid]:
        return [card.maps for card in self._layers.cards]

    def _pointer(self) -> _Pointer | None:
        input_at = self._seen_at if self._document.state.centred else self._drawn_on
        if input_at is not None:
            return _Pointer(0, (), input_at)
        for level, card in enumerate(self._layers.cards, 1):
            for area in (card.maps, card.cells):
                if area is not None and area.isVisible() and area.hover is not None:
                    spot = area.hover
                    return _Pointer(level, area.address(spot.index), (spot.row, spot.column))
        return None

    def _kernel_cell(self) -> tuple[int, Cell] | None:
        """A cell under the pointer in a layer's kernel matrix: layer, (input map, row, column)."""
        for layer, card in enumerate(self._layers.cards):
            kernels = card.kernels
            spot = None if kernels is None else kernels.hover
            if kernels is not None and kernels.isVisible() and spot is not None:
                channel, filter_ = kernels.pair(spot.index)
                return layer, (self._input(layer, filter_, channel), spot.row, spot.column)
        return None

    def _input(self, layer: int, filter_: int, channel: int) -> int:
        """Number of an input map, from its number in the group."""
        return self._document.state.network.layers[layer].inputs_of(filter_)[channel]

    # What belongs to it.

    def _upstream(
        self, levels: list[_Marks], address: Address, pixel: Pixel, *, hovered: bool
    ) -> None:
        """Windows on the input maps, and the receptive field all the way up."""
        state = self._document.state
        fields = receptive_field(state.network, len(address) - 1, pixel)
        for level, reached in enumerate(fields[:-1]):
            tiles = self._ancestors(level, address)
            levels[level].fields.append(TileField(tiles, reached, hovered))

    def _downstream(self, levels: list[_Marks], pointer: _Pointer) -> None:
        """The pixels that the one under the pointer acts on."""
        assert pointer.pixel is not None
        reached = footprint(self._document.state.network, pointer.level, pointer.pixel)
        for level, field_ in enumerate(reached[1:], pointer.level + 1):
            tiles = self._descendants(level, pointer.address)
            levels[level].fields.append(TileField(tiles, field_, True))

    def _light_inputs(self, levels: list[_Marks], current: Selection) -> None:
        """The input map of a row, and what a cell of its kernel multiplies."""
        layer = current.layer
        for at, channel in ((layer, self._channel), self._joined, self._in_sight()):
            if at is not None and channel is not None:
                levels[at].lit |= set(self._tiles(at, channel))
        cells = [cell for cell in (self._kernel_cell(),) if cell is not None]
        if layer is not None and self._cell is not None:
            cells.append((layer, self._cell))
        for at, (channel, row, column) in cells:
            pin = current.pin if at == layer else None
            multiplied = cell_field(self._document.state.network, at, (row, column), pin)
            levels[at].fields.append(TileField(self._tiles(at, channel), multiplied, True))

    def _in_sight(self) -> tuple[int | None, int | None]:
        """The map that is spoken of, or where its card is folded away, the one that it comes from.

        So far as that is one map: of what mixes maps nothing is lit.
        """
        level, channel = self._spoken or (None, None)
        while level and channel is not None and self._layers.cards[level - 1].isHidden():
            inputs = self._document.state.network.layers[level - 1].inputs_of(channel)
            if len(inputs) > 1:
                return None, None
            level, channel = level - 1, inputs[0]
        return level, channel

    def _tiles(self, level: int, channel: int) -> tuple[int, ...]:
        """Tiles of a level that show a channel: one, or in Naive those with its number."""
        if level == 0:
            return (0,)
        grid = self._grids()[level - 1]
        if self._document.state.scheme is not ChannelScheme.NAIVE:
            return (channel,)
        network, path = self._document.state.network, self._selection.current.path
        index = grid.index_of(path_to(network, path, level - 1, channel))
        return () if index is None else (index,)

    def _ancestors(self, level: int, address: Address) -> Container[int]:
        """Tiles of a level that a map is made from."""
        if level == 0:
            return (0,)
        grid = self._grids()[level - 1]
        if self._document.state.scheme is ChannelScheme.NAIVE:
            index = grid.index_of(address[:level])
            return () if index is None else (index,)
        network = self._document.state.network
        return maps_above(network, len(address) - 1, address[-1], level - 1)

    def _descendants(self, level: int, address: Address) -> Container[int]:
        """Tiles of a level that are made from a map."""
        grid = self._grids()[level - 1]
        every = range(grid.mosaic.count)
        if not address:
            return every
        if self._document.state.scheme is not ChannelScheme.NAIVE:
            network = self._document.state.network
            return maps_below(network, len(address) - 1, address[-1], level - 1)
        family = grid.family
        if family is None:
            return every
        if len(address) <= len(family.prefix):
            return every if address == family.prefix[: len(address)] else ()
        number = address[len(family.prefix)]
        if address != family.parent(number)[: len(address)]:
            return ()
        first = number * family.branches
        return range(first, first + family.branches)

    def _show(self, levels: list[_Marks]) -> None:
        fields = [(shown.field, shown.hovered) for shown in levels[0].fields]
        centred = self._document.state.centred
        self._canvas.show_fields([] if centred else fields)
        self._seen.show_fields(fields if centred else [])
        for grid, marks in zip(self._grids(), levels[1:], strict=False):
            if marks.fields or marks.lit or grid.fields or grid.lit:
                grid.fields, grid.lit = marks.fields, marks.lit
                grid.viewport().update()
