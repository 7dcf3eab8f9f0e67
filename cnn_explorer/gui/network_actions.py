"""Commands on the whole network and on the scheme; undo and redo say what they undo."""

from collections.abc import Mapping
from dataclasses import replace

from PySide6.QtCore import QObject, Signal, Slot
from PySide6.QtGui import QAction

from cnn_explorer.core import edit
from cnn_explorer.core.network import MAX_LAYERS, layer_name
from cnn_explorer.core.schemes import ChannelScheme
from cnn_explorer.core.state import State
from cnn_explorer.gui.document import Document, switch_scheme


class NetworkActions(QObject):
    """Connects the actions that change the network or the scheme to the document.

    Parameters
    ----------
    actions
        All actions by name.
    document
        What they change.

    Signals
    -------
    refused(reason)
        Why a layer cannot be added.
    """

    refused = Signal(str)

    def __init__(
        self, actions: Mapping[str, QAction], document: Document, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._actions = actions
        self._document = document
        stack = document.undo_stack
        for name, slot in (
            ("undo", document.undo),
            ("redo", stack.redo),
            ("add_layer", self._add_layer),
            ("new_seed", self._new_seed),
            ("network_reset", self._reset_network),
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
    def _add_layer(self) -> None:
        state = self._document.state
        try:
            network = edit.add_layer(state.network)
        except ValueError as error:
            self.refused.emit(str(error))
            return
        name = layer_name(len(network.layers) - 1)
        self._document.commit(f"Add {name}", replace(state, network=network))

    @Slot()
    def _new_seed(self) -> None:
        state = self._document.state
        network = edit.with_seed(state.network, (state.network.seed + 1) % 2**32)
        self._document.commit(f"Seed {network.seed}", replace(state, network=network))

    @Slot()
    def _reset_network(self) -> None:
        state = replace(self._document.state, network=edit.new_network())
        self._document.commit("Opening network", state)

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
        self._actions["add_layer"].setEnabled(len(new.network.layers) < MAX_LAYERS)
