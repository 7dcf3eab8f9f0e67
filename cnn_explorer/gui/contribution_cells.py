"""The matrix of a layer's contributions under the pointer and the keyboard: select, pin, mute."""

from dataclasses import replace

from PySide6.QtCore import QEvent, QPointF, Qt, QTimer, Signal, Slot
from PySide6.QtGui import QAccessible, QAccessibleAnnouncementEvent, QKeyEvent, QMouseEvent
from PySide6.QtWidgets import QWidget

from cnn_explorer.core.addresses import Address
from cnn_explorer.core.making import Cells
from cnn_explorer.core.mutes import toggle_input, toggle_mute, toggle_solo
from cnn_explorer.core.network import Network
from cnn_explorer.core.selection import Selection
from cnn_explorer.core.state import State
from cnn_explorer.gui.contribution_matrix import ContributionMatrix
from cnn_explorer.gui.contribution_values import FoldedMatrix
from cnn_explorer.gui.document import Document
from cnn_explorer.gui.selection import SelectionModel
from cnn_explorer.gui.settings import Settings
from cnn_explorer.gui.tiles import Spot

Pair = tuple[int | None, int | None]


class ContributionCells(ContributionMatrix):
    """Each cell one convolution; a click selects the column's map and pins a pixel.

    A click on a row's header mutes its input map for the whole layer. The arrow keys move a current
    cell; M or Space mutes it, with Shift all others of its column, with Ctrl its whole row.

    Parameters
    ----------
    layer
        Index of the layer.
    document, selection
        What is shown and changed.

    Signals
    -------
    joined(row, filter)
        What is under the pointer: both on a tile, one on a header, else None.
    """

    joined = Signal(object, object)

    def __init__(
        self,
        layer: int,
        document: Document,
        selection: SelectionModel,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(FoldedMatrix(document.state, layer, selection.current.path), parent)
        self._layer = layer
        self._document = document
        self._selection = selection
        self.setAccessibleName(f"Contributions of {self.contents.name}")
        # Who hears of it forgets it with an edit; told after all have followed.
        self._retelling = QTimer(self, singleShot=True, interval=0)
        self._retelling.timeout.connect(self._retell)
        self.clicked.connect(self._select)
        selection.changed.connect(self._show_selection)
        self._show_selection(selection.current, selection.current)

    def address(self, index: int) -> Address:
        """Path of filters to the map that a tile is, or that it goes into."""
        return self.contents.address(*self.pair(index))

    def title(self, index: int) -> str:
        """What a tile is, in a few words."""
        return self.contents.title(*self.pair(index))

    def cells_in_view(self) -> Cells | None:
        """Contributions on screen in Real and Shared."""
        pairs = [self.pair(index) for index in self.visible()]
        if self.contents.naive or not pairs:
            return None
        last = self.contents.rows - 1
        # Sums alone need a row all the same, for a block has some.
        rows = [row for row, _ in pairs if row <= last] or [min(self.contents.step, last)]
        filters = [filter_ for _, filter_ in pairs]
        return Cells(
            self._layer,
            range(min(rows), max(rows) + 1),
            range(min(filters), max(filters) + 1),
        )

    def addresses_in_view(self) -> list[Address]:
        """Maps on screen."""
        pairs = [self.pair(index) for index in self.visible()]
        return [
            self.contents.address(*pair) for pair in pairs if self.contents.kind(pair[0]) == "map"
        ]

    def parents_in_view(self) -> list[Address]:
        """In Naive, the input maps painted beside the rows on screen."""
        family = self.contents.family
        if family is None:
            return []
        rows = sorted({self.pair(index)[0] for index in self.visible()})
        return [family.parent(row) for row in rows]

    # What the owner sets.

    def set_state(self, state: State, settings: Settings) -> None:
        """Follow the layer, the scheme and the colours; other cells are shown unfolded."""
        old, contents = self.contents, replace(self.contents, state=state)
        if old.shape != contents.shape:
            contents = replace(contents, position=0.0)
            self.current = 0, self.current[1]
            self._join((None, None))
        self.contents = contents
        self.set_colours(settings)
        self.lay_out()
        self._show_selection(self._selection.current, self._selection.current)
        self.refresh()
        self._retelling.start()

    def set_position(self, position: float) -> None:
        """Fold the cells, as far as `FoldedMatrix.position` says."""
        before = self.contents.position
        self.contents = replace(self.contents, position=position)
        if int(before) != int(position) or 0 in (before, position):
            self._set_hover(None)
            self.refresh()
            if position:
                for row in (int(position), int(position) + 1):
                    self.show_cell(min(row, self.contents.rows - 1))
        self.viewport().update()

    def set_running(self, running: bool) -> None:
        """Show the sums up to each cell instead of the cells alone."""
        self.contents = replace(self.contents, running=running)
        self.refresh()

    # The pointer and the keyboard.

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Tell which pixel, and which row and column, are under the pointer."""
        super().mouseMoveEvent(event)
        self._join(self._pair_at(event.position()))

    def viewportEvent(self, event: QEvent) -> bool:
        """Let go of row and column when the pointer leaves."""
        if event.type() == QEvent.Type.Leave:
            self._join((None, None))
        return super().viewportEvent(event)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Mute a row, select a column, or tell which pixel was clicked."""
        row, filter_ = self._pair_at(event.position())
        if event.button() != Qt.MouseButton.LeftButton or (row is None) == (filter_ is None):
            super().mousePressEvent(event)
        elif row is not None:
            self.mute_row(row)
        elif filter_ is not None:
            self._go(self.current[0], filter_)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        """A header takes each click for itself."""
        if self.spot_at(event.position()) is None:
            self.mousePressEvent(event)
        else:
            super().mouseDoubleClickEvent(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Mute the current cell, all others of its column, or its row."""
        row, filter_ = self.current[0], self.current[1] or 0
        if event.key() not in (Qt.Key.Key_Space, Qt.Key.Key_M):
            super().keyPressEvent(event)
        elif event.isAutoRepeat():
            return  # a key held down would mute and unmute by turns
        elif event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            self.mute_row(row)
        elif event.modifiers() & Qt.KeyboardModifier.ShiftModifier:
            self.solo(row, filter_)
        else:
            self.mute(row, filter_)

    def step(self, rows: int, columns: int) -> None:
        """Move the current cell; the selection follows its column."""
        row, filter_ = self.current
        if filter_ is None:
            self._go(row, 0)
        else:
            row = min(max(row + rows, 0), self.contents.rows - 1)
            self._go(row, min(max(filter_ + columns, 0), self.contents.columns - 1))

    def mute(self, row: int, filter_: int) -> None:
        """Leave one cell out of its sum, or let it be heard again."""
        channel = self.contents.channel(row, filter_)
        if channel is not None:
            muted = bool(self.contents.conv.mutes_of(filter_)[channel])
            network = toggle_mute(self._document.state.network, self._layer, filter_, channel)
            self._commit(f"{'Unmute' if muted else 'Mute'} {self._name(row, filter_)}", network)

    def solo(self, row: int, filter_: int) -> None:
        """Leave all of a filter's cells but one out, or let all be heard again."""
        channel = self.contents.channel(row, filter_)
        if channel is not None:
            network = toggle_solo(self._document.state.network, self._layer, filter_, channel)
            alone = network.layers[self._layer].mutes_of(filter_).any()
            self._commit(f"{'Solo' if alone else 'Unsolo'} {self._name(row, filter_)}", network)

    def mute_row(self, row: int) -> None:
        """Leave an input map out of the whole layer, or let it be heard again."""
        verb = "Unmute" if self.contents.is_row_muted(row) else "Mute"
        channel = row % self.contents.conv.depth
        network = toggle_input(self._document.state.network, self._layer, channel)
        self._commit(f"{verb} {self._input_name(row)} for all of {self.contents.name}", network)

    def _input_name(self, row: int) -> str:
        return self.contents.input_names(row, self.current[1] or 0)[1 if self._layer else 0]

    def _name(self, row: int, filter_: int) -> str:
        return f"{self._input_name(row)} in filter {filter_} of {self.contents.name}"

    def _commit(self, text: str, network: Network) -> None:
        state = self._document.state
        if network is not state.network:
            self._document.commit(text, replace(state, network=network))

    def _pair_at(self, position: QPointF) -> Pair:
        """What is at a position: row and filter of a tile, one of them on a header."""
        spot = self.spot_at(position)
        if spot is not None:
            return self.pair(spot.index)
        return self.row_at(position), self.column_at(position)

    def _join(self, pair: Pair) -> None:
        if pair == self.pointed:
            return
        self.pointed = pair
        summed = pair[1] is not None and not self.contents.naive
        self.lit = (self.index(self.contents.rows + 1, pair[1] or 0),) if summed else ()
        header = (pair[0] is None) != (pair[1] is None)
        shape = Qt.CursorShape.PointingHandCursor if header else Qt.CursorShape.ArrowCursor
        self.viewport().setCursor(shape)
        self.viewport().update()
        self.joined.emit(*pair)

    @Slot()
    def _retell(self) -> None:
        """Tell again what is under the pointer, after an edit."""
        if self.pointed != (None, None):
            self.joined.emit(*self.pointed)

    # The selection.

    @Slot(object)
    def _select(self, spot: Spot) -> None:
        row, _ = self.pair(spot.index)
        if row < self.contents.rows:
            self.current = row, self.current[1]
        address = self.address(spot.index)
        self._selection.select(self._selection.current.at(address, (spot.row, spot.column)))
        self.viewport().update()

    def _go(self, row: int, filter_: int) -> None:
        """Make a cell the current one, and select its column's map."""
        self.current = row, self.current[1]
        current = self._selection.current
        pin = current.pin if current.layer == self._layer else None
        self._selection.select(current.at(self.contents.address(row, filter_), pin))
        self.show_cell(row, filter_)
        self.viewport().update()
        self._announce()

    @Slot(object, object)
    def _show_selection(self, new: Selection, old: Selection) -> None:
        """Mark the selected map, and in Naive follow its path."""
        if self._layer >= len(self.contents.state.network.layers):
            return
        family = self.contents.family
        self.contents = replace(self.contents, path=new.path)
        if family != self.contents.family:
            self.refresh()
            self.scrolled.emit()
        place = None
        if new.address is not None and new.layer == self._layer:
            place = self.contents.place(new.address)
        self.selected = None if place is None else self.index(*place)
        self.pinned = None if place is None else new.pin
        row = min(self.current[0], self.contents.rows - 1)
        if place is not None and place[0] < self.contents.rows:
            row = place[0]
        self.current = row, None if place is None else place[1]
        if place is not None and new.address != old.address:
            self.show_cell(*place if self.contents.naive else (row, place[1]))
        self.viewport().update()

    def _announce(self) -> None:
        """Tell assistive technology which cell is the current one."""
        row, filter_ = self.current[0], self.current[1] or 0
        muted = ", muted" if self.contents.is_muted(row, filter_) else ""
        sentence = self.contents.title(row, filter_) + muted
        self.setAccessibleDescription(sentence)
        if self.hasFocus():
            QAccessible.updateAccessibility(QAccessibleAnnouncementEvent(self, sentence))
