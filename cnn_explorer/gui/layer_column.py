"""The layers, one card under the other, and the button that adds one."""

from collections.abc import Sequence
from dataclasses import replace

from PySide6.QtCore import QEvent, QObject, Qt, QTimer, Signal, Slot
from PySide6.QtGui import QAction, QResizeEvent
from PySide6.QtWidgets import (
    QFrame,
    QMenu,
    QScrollArea,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from cnn_explorer.core import edit
from cnn_explorer.core.addresses import Address
from cnn_explorer.core.forward import Activations
from cnn_explorer.core.making import Cells
from cnn_explorer.core.selection import Selection
from cnn_explorer.core.state import State
from cnn_explorer.gui.colouring import Colouring
from cnn_explorer.gui.document import Document
from cnn_explorer.gui.flow import FlowLayout
from cnn_explorer.gui.head_fold import HeadFold
from cnn_explorer.gui.layer_card import FACES, LayerCard
from cnn_explorer.gui.selection import SelectionModel
from cnn_explorer.gui.settings import SettingsStore

GAP = 8
LEAST_TILES = 100
"""Logical pixels that a card's tiles get at least, however many cards there are."""

LARGE_SHARE = 0.6
"""Part of the column's height that the tiles of one card may take to become legible."""

_PATIENCE = 300
"""Milliseconds in which a card that is scrolled to comes to lie still."""

_MOVES = {QEvent.Type.Move, QEvent.Type.Resize, QEvent.Type.Show, QEvent.Type.Hide}


class LayerColumn(QScrollArea):
    """Cards of all layers.

    Parameters
    ----------
    document, selection, store
        What the cards show and change.
    add
        The action that adds a convolution.
    others
        Those that add a layer of each kind.
    on_kernels
        Those on the kernel at hand, which every card's kernels have in their menu; a double click
        triggers the first.

    Signals
    -------
    view_changed()
        Other maps came into view.
    described(text), activated(), pointed(layer, input, filter)
        As those of `LayerCard`.
    """

    view_changed = Signal()
    described = Signal(str)
    activated = Signal()
    pointed = Signal(int, object, object)

    def __init__(
        self,
        document: Document,
        selection: SelectionModel,
        store: SettingsStore,
        add: QAction,
        parent: QWidget | None = None,
        *,
        others: Sequence[QAction] = (),
        on_kernels: Sequence[QAction] = (),
    ) -> None:
        super().__init__(parent)
        self._document = document
        self._selection = selection
        self._store = store
        self._on_kernels = on_kernels
        self.cards: list[LayerCard] = []
        self._numbers: list[int] = []
        self._fitted: list[object] = []
        self._bare = self._hides = False
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setWidgetResizable(True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        body = QWidget(self)
        self._column = QVBoxLayout(body)
        self._column.setContentsMargins(GAP, GAP, GAP, GAP)
        self._column.setSpacing(GAP)
        self._add = QToolButton(body)
        self._add.setDefaultAction(add)
        self._add.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        kinds = QMenu(body)
        kinds.addActions(others)
        other = QToolButton(body)
        other.setText("Another kind of layer ▾")
        other.setAccessibleName("Add another kind of layer")
        other.setToolTip("Add pooling, a normalisation, or the head of a prediction")
        other.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        other.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        other.setMenu(kinds)
        self._adding = QWidget(body)
        adding = FlowLayout(self._adding)
        adding.addWidget(self._add)
        adding.addWidget(other)
        self._fold = HeadFold(body)
        self._fold.toggled.connect(self._show_head)
        self._column.addWidget(self._fold)
        self._column.addWidget(self._adding)
        self._column.addStretch(1)
        self.setWidget(body)
        # Layouts move the cards in several steps; what is in view is told after the last.
        self._settled = QTimer(self, singleShot=True, interval=0)
        self._settled.timeout.connect(self._settle)
        # What is scrolled to until it lies still, for it finds its place in several steps.
        self._awaited: LayerCard | None = None
        self._patience = QTimer(self, singleShot=True, interval=_PATIENCE)
        self._patience.timeout.connect(self._stop_waiting)
        self._restless = QTimer(self, singleShot=True, interval=0)
        self._restless.timeout.connect(self._lay_out)
        self.verticalScrollBar().valueChanged.connect(self.view_changed)
        selection.changed.connect(self._reveal)
        self.set_state(document.state)

    def set_state(self, state: State) -> None:
        """Follow the network: as many cards as layers."""
        names = state.network.names
        numbers = [layer.number for layer in state.network.layers]
        new = [index for index, number in enumerate(numbers) if number not in self._numbers]
        # What a card is, is its layer's place and name; a layer of another kind gets another card.
        kept = [card for card, name in zip(self.cards, names, strict=False) if card.name == name]
        for card in [card for card in self.cards if card not in kept]:
            self._column.removeWidget(card)
            card.hide()
            card.deleteLater()
        for card in kept:
            card.set_state(state, self._store.current)
        by_name = {card.name: card for card in kept}
        self.cards = [
            by_name.get(name) or self._new_card(layer) for layer, name in enumerate(names)
        ]
        self._fold.set_network(state.network)
        self._awaited = None
        # A layer that was added is scrolled to; a whole network is looked at from its beginning.
        if len(new) == 1 and len(numbers) == len(self._numbers) + 1:
            if new[0] >= self._fold.first:
                self._fold.setChecked(True)
            self._wait_for(self.cards[new[0]])
        self._numbers = numbers
        self._show_unfolded()
        self._adding.setVisible(self._add.defaultAction().isEnabled() and not self._bare)
        # Mutes and colours change what is painted, but seldom what room it takes.
        if self._needs() == self._fitted:
            self._settled.start()
        else:
            self._lay_out()

    def _new_card(self, layer: int) -> LayerCard:
        card = LayerCard(layer, self._document, self._selection, self._store.current)
        card.set_bare(self._bare)
        card.hide_answers(self._hides)
        card.view_changed.connect(self.view_changed)
        card.room_changed.connect(self._lay_out_soon)
        card.moved.connect(self._move)
        card.removed.connect(self._remove)
        card.described.connect(self.described)
        card.activated.connect(self.activated)
        card.pointed.connect(self.pointed)
        if card.kernels is not None and self._on_kernels:
            card.kernels.addActions(self._on_kernels)
            card.kernels.activated.connect(self._on_kernels[0].trigger)
        for watched in (card, card.maps, card.cells):
            if watched is not None:
                watched.installEventFilter(self)
        self._column.insertWidget(layer, card)
        return card

    @property
    def unfolded(self) -> list[LayerCard]:
        """The cards that are not folded away with the head."""
        return self.cards[: self._fold.first]

    @property
    def head_shown(self) -> bool:
        """Whether the head is unfolded, should there be one that can be folded."""
        return self._fold.isChecked()

    def show_head(self, shown: bool) -> None:
        """Unfold the head, or fold it away."""
        self._fold.setChecked(shown)

    @Slot(bool)
    def _show_head(self, shown: bool) -> None:
        self._show_unfolded()
        self._lay_out()
        if shown:
            self._wait_for(self.cards[-1])

    def _show_unfolded(self) -> None:
        for index, card in enumerate(self.cards):
            card.setVisible(index < self._fold.first)

    def set_bare(self, bare: bool) -> None:
        """Put away what changes the layers, and leave what they are."""
        self._bare = bare
        for card in self.cards:
            card.set_bare(bare)
        self._adding.setVisible(self._add.defaultAction().isEnabled() and not bare)
        self._lay_out()

    @Slot(bool)
    def hide_answers(self, hides: bool) -> None:
        """Let no card tell how many maps come out of it, or all again."""
        self._hides = hides
        for card in self.cards:
            card.hide_answers(hides)

    def show_card(self, layer: int) -> None:
        """Scroll to a layer's card, once it has found its place."""
        self._wait_for(self.cards[layer])
        self._settled.start()

    def show_maps(self, activations: Activations, colouring: Colouring) -> None:
        """Paint the maps of a pass."""
        for card in self.cards[: len(activations.maps)]:
            card.show_maps(activations, colouring)

    def set_stale(self, stale: bool) -> None:
        """Dim all maps while they are out of date."""
        for card in self.cards:
            card.set_stale(stale)

    def in_view(self) -> tuple[tuple[Address, ...], ...]:
        """For each layer, in Naive, the maps on screen and the parents painted beside them."""
        wanted: list[dict[Address, None]] = [{} for _ in self.cards]
        for layer, card in enumerate(self.cards):
            for tiles in (card.maps, card.cells):
                if tiles is not None and tiles.isVisible():
                    wanted[layer] |= dict.fromkeys(tiles.addresses_in_view())
                    if layer:
                        wanted[layer - 1] |= dict.fromkeys(tiles.parents_in_view())
        return tuple(map(tuple, wanted))

    def cells_in_view(self) -> tuple[Cells, ...]:
        """For each card that shows its contributions, in Real and Shared, those on screen."""
        shown = [card.cells for card in self.cards if card.cells is not None]
        found = [cells.cells_in_view() for cells in shown if cells.isVisible()]
        return tuple(cells for cells in found if cells is not None)

    def turn(self, face: int) -> None:
        """Turn all cards to one of their faces, by its number in `FACES`."""
        for card in self.cards:
            card.show_face(face)

    def fold(self, layer: int, *, anew: bool = False) -> None:
        """Turn a card to its contributions, scroll to it, and fold or unfold them.

        Parameters
        ----------
        layer
            Index of the layer; where it has no contributions, the last before it that has.
        anew
            Fold them in any case, from the beginning.
        """
        folding = [card for card in self.cards[: layer + 1] if card.contributions is not None]
        if not folding:
            return
        card = folding[-1]
        contributions = card.contributions
        assert contributions is not None
        if contributions.isHidden():
            card.show_face(FACES.index("Contributions"))
        self._wait_for(card)
        self._lay_out()
        if anew:
            contributions.spread()
        contributions.fold()

    def step_map(self, by: int) -> None:
        """Select the next or the previous map of the selected layer."""
        layer = self._selection.current.layer
        if layer is not None:
            self.cards[layer].maps.step_map(by)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Fit the tiles into the new room."""
        super().resizeEvent(event)
        self._lay_out()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Notice that a card or its tiles moved: other maps may be in view."""
        if event.type() in _MOVES:
            self._settled.start()
        return super().eventFilter(watched, event)

    def changeEvent(self, event: QEvent) -> None:
        """Fit the tiles beside larger or smaller text, once all parts have it."""
        super().changeEvent(event)
        if event.type() in (QEvent.Type.FontChange, QEvent.Type.StyleChange):
            self._lay_out_soon()

    @Slot()
    def _lay_out_soon(self) -> None:
        """Fit the cards once, when all have said that they need it."""
        self._restless.start()

    @Slot()
    def _lay_out(self) -> None:
        """Fit the cards, beside a scroll bar only where they need one."""
        self._restless.stop()
        width = self.width() - 2 * GAP
        if self._share_out(width) > self.height():
            self._share_out(width - self.verticalScrollBar().sizeHint().width())
        self._fitted = self._needs()
        self._settled.start()

    def _needs(self) -> list[object]:
        """What the cards' room depends on, beside the column's size."""
        width = self.width() - 2 * GAP
        hidden = self._adding.isHidden(), self._fold.isHidden()
        return [*hidden, *(card.needs(width) for card in self.unfolded)]

    def _share_out(self, width: int) -> int:
        """Divide the height among the cards, of a width, and return what they all take."""
        cards = self.unfolded
        rest = self.height() - GAP * (len(cards) + 1)
        rest -= 0 if self._adding.isHidden() else self._adding_height(width) + GAP
        rest -= 0 if self._fold.isHidden() else self._fold.sizeHint().height() + GAP
        rest -= sum(card.chrome_height(width) for card in cards)
        # Few tiles first: what they cannot use of their share is left to the others.
        cards = sorted(cards, key=LayerCard.tile_count)
        for done, card in enumerate(cards):
            share = max(LEAST_TILES, rest // (len(cards) - done))
            most = round(self.height() * LARGE_SHARE)
            if card.face is card.cells:
                # Sums and cells are to be seen together, but nothing more at the same time.
                most = max(most, self.height() - 2 * GAP - card.chrome_height(width))
            card.set_room(width, share, most)
            rest -= card.face_height
        return self.height() - rest

    @Slot()
    def _settle(self) -> None:
        """Tell what is in view, and scroll to a layer that was added or is folded."""
        if self._awaited is not None:
            face = self._awaited.contributions
            shown = face if face is not None and face.isVisible() else self._awaited
            self.ensureWidgetVisible(shown, 0, GAP)
        self.view_changed.emit()

    def _adding_height(self, width: int) -> int:
        layout = self._adding.layout()
        assert layout is not None
        return layout.heightForWidth(width)

    def _wait_for(self, card: LayerCard) -> None:
        self._awaited = card
        self._patience.start()

    @Slot()
    def _stop_waiting(self) -> None:
        self._awaited = None

    @Slot(object, object)
    def _reveal(self, new: Selection, old: Selection) -> None:
        """Scroll to the selected map when it is another one."""
        if new.layer is None or new.address is None or new.address == old.address:
            return
        if new.layer >= len(self.cards):
            return  # the selection is ahead of the cards, which follow the network
        if new.layer >= self._fold.first:
            self._fold.setChecked(True)
            self._wait_for(self.cards[new.layer])
        cells = self.cards[new.layer].cells
        if cells is not None and cells.isVisible() and cells.visibleRegion().isEmpty():
            self.ensureWidgetVisible(cells, 0, GAP)
        maps = self.cards[new.layer].maps
        index = maps.index_of(new.address)
        body = self.widget()
        if index is not None and body is not None and maps.isVisible():
            maps.show_tile(index)
            tile = maps.tile_rectangle(index).toRect()
            centre = maps.viewport().mapTo(body, tile.center())
            self.ensureVisible(centre.x(), centre.y(), 0, tile.height() // 2 + 4 * GAP)

    @Slot(int, int)
    def _move(self, layer: int, to: int) -> None:
        state = self._document.state
        try:
            network = edit.move_layer(state.network, layer, to)
        except ValueError as error:
            self.cards[layer].say(str(error))
            return
        self._document.commit(f"Move {state.network.names[layer]}", replace(state, network=network))

    @Slot(int)
    def _remove(self, layer: int) -> None:
        state = self._document.state
        try:
            network = edit.remove_layer(state.network, layer)
        except ValueError as error:
            self.cards[layer].say(str(error))
            return
        self._document.commit(
            f"Remove {state.network.names[layer]}", replace(state, network=network)
        )
