"""Commands on the whole network and on the scheme; undo and redo say what they undo."""

from collections.abc import Mapping
from dataclasses import replace

from PySide6.QtCore import QObject, Signal, Slot
from PySide6.QtGui import QAction

from cnn_explorer.core import edit, mutes
from cnn_explorer.core.building import KINDS, add_layer
from cnn_explorer.core.kernel_layers import Conv2d
from cnn_explorer.core.layers import Kind
from cnn_explorer.core.network import MAX_LAYERS, Network
from cnn_explorer.core.schemes import ChannelScheme
from cnn_explorer.core.state import State
from cnn_explorer.gui.document import Document, switch_scheme
from cnn_explorer.gui.selection import SelectionModel


class NetworkActions(QObject):
    """Connects the actions that change the network or the scheme to the document.

    Parameters
    ----------
    actions
        All actions by name.
    document
        What they change.
    selection
        Says which layer is meant.

    Signals
    -------
    refused(reason)
        Why a layer cannot be added, no diagonal left alone, no kernel drawn anew.
    """

    refused = Signal(str)

    def __init__(
        self,
        actions: Mapping[str, QAction],
        document: Document,
        selection: SelectionModel,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._actions = actions
        self._document = document
        self._selection = selection
        stack = document.undo_stack
        for name, slot in (
            ("undo", document.undo),
            ("redo", stack.redo),
            ("add_layer", self._add_convolution),
            *((f"add_{kind}", self._add_named) for kind in KINDS),
            ("new_seed", self._new_seed),
            ("only_diagonal", self._only_diagonal),
            ("unmute_all", self._unmute_all),
            ("real", self._choose_scheme),
            ("naive", self._choose_scheme),
            ("shared", self._choose_scheme),
        ):
            actions[name].triggered.connect(slot)
        document.history_changed.connect(self._show_undo)
        document.changed.connect(self._show_state)
        self._show_undo()
        self._show_state(document.state, None)

    @Slot()
    def _add_convolution(self) -> None:
        self._add_layer("Conv2d")

    @Slot()
    def _add_named(self) -> None:
        sender = self.sender()
        assert isinstance(sender, QAction)
        self._add_layer(next(kind for kind in KINDS if sender.objectName() == f"add_{kind}"))

    def _add_layer(self, kind: Kind) -> None:
        try:
            network = add_layer(self._document.state, kind)
        except ValueError as error:
            self.refused.emit(str(error))
            return
        numbers = [layer.number for layer in network.layers]
        self._commit(f"Add {network.names[numbers.index(max(numbers))]}", network)

    @Slot()
    def _new_seed(self) -> None:
        network = self._document.state.network
        try:
            network = edit.with_seed(network, (network.seed + 1) % 2**32)
        except ValueError as error:
            self.refused.emit(str(error))
            return
        self._commit(f"Seed {network.seed}", network)

    @Slot()
    def _only_diagonal(self) -> None:
        """In the selected map's layer, or where that sums nothing, in the last one that does."""
        network = self._document.state.network
        layers = enumerate(network.layers)
        summing = [i for i, one in layers if isinstance(one, Conv2d) and one.depth > 1]
        if not summing:
            self.refused.emit(
                "Only the diagonal: no layer has more than one input map, so none sums."
            )
            return
        selected = self._selection.current.layer
        index = selected if selected in summing else summing[-1]
        self._commit(
            f"Only the diagonal in {network.names[index]}", mutes.only_diagonal(network, index)
        )

    @Slot()
    def _unmute_all(self) -> None:
        self._commit("Unmute all", mutes.without_mutes(self._document.state.network))

    def _commit(self, text: str, network: Network) -> None:
        state = self._document.state
        if network is not state.network:
            self._document.commit(text, replace(state, network=network))

    @Slot()
    def _choose_scheme(self) -> None:
        sender = self.sender()
        assert isinstance(sender, QAction)
        switch_scheme(self._document, ChannelScheme(sender.objectName()))

    @Slot()
    def _show_undo(self) -> None:
        stack = self._document.undo_stack
        for name, able, text in (
            ("undo", stack.canUndo(), stack.undoText()),
            ("redo", stack.canRedo(), stack.redoText()),
        ):
            self._actions[name].setEnabled(able)
            self._actions[name].setText(f"&{name.capitalize()} {text}".strip())

    @Slot(object, object)
    def _show_state(self, new: State, old: State | None) -> None:
        for scheme in ChannelScheme:
            self._actions[scheme.value].setChecked(scheme is new.scheme)
        layers = new.network.layers
        for name in ("add_layer", *(f"add_{kind}" for kind in KINDS)):
            self._actions[name].setEnabled(len(layers) < MAX_LAYERS)
        self._actions["unmute_all"].setEnabled(any(layer.muted is not None for layer in layers))
