"""The document: the current state, when it was replaced, and the way back."""

from dataclasses import replace

from PySide6.QtCore import QObject, Signal, Slot
from PySide6.QtGui import QUndoCommand, QUndoStack

from cnn_explorer.core.kernel_layers import Conv2d
from cnn_explorer.core.schemes import ChannelScheme
from cnn_explorer.core.state import State

UNDO_LIMIT = 100
UNDO_BYTES = 1 << 30
"""Weights that the steps may hold; beyond, the history begins anew."""


class Document(QObject):
    """Holds the current `State`, which is replaced and never changed.

    Signals
    -------
    changed(new, old)
        The state was replaced. What did not change is the same object in both, so
        ``new.network is old.network`` tells a view whether it has something to do.
    opened()
        Another document was opened, after it has changed.
    history_changed()
        What can be undone or redone is another step.
    """

    changed = Signal(object, object)
    opened = Signal()
    history_changed = Signal()

    def __init__(self, state: State, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._state = state
        self._committed = state
        self._held = 0
        self.undo_stack = QUndoStack(self)
        self.undo_stack.setUndoLimit(UNDO_LIMIT)
        # Passed on by the document: a stack still speaks while it is destroyed, its parent not.
        self.undo_stack.indexChanged.connect(self.history_changed)

    @property
    def state(self) -> State:
        """The current state."""
        return self._state

    def preview(self, state: State) -> None:
        """Show a state that is still in the making, such as half a stroke."""
        self._set(state)

    def commit(self, text: str, state: State, *, merge: int = -1) -> None:
        """Make a state the result of one undo step.

        Parameters
        ----------
        text
            What the step did, for the menu: “Draw stroke”.
        state
            The new state; previews since the last step become part of this one.
        merge
            Steps with the same number that follow each other become one; -1 for none.
        """
        if state is self._committed:
            return
        self._held += _own_bytes(state, self._committed)
        if self._held > UNDO_BYTES:
            self.undo_stack.clear()
            self._held = 0
        self.undo_stack.push(_Step(self, text, self._committed, state, merge))

    @Slot()
    def undo(self) -> None:
        """Take back what is in the making, or else the last step."""
        if self._state is self._committed:
            self.undo_stack.undo()
        else:
            self._set(self._committed)

    def open(self, state: State) -> None:
        """Replace the document; there is no way back to the one before."""
        self.undo_stack.clear()
        self._held = 0
        self._apply(state)
        self.opened.emit()

    def _apply(self, state: State) -> None:
        self._committed = state
        self._set(state)

    def _set(self, state: State) -> None:
        if state is not self._state:
            old, self._state = self._state, state
            self.changed.emit(state, old)


def _own_bytes(state: State, other: State) -> int:
    """Bytes of the weights that a state does not share with another."""
    weights, shared = (
        [layer.weight for layer in one.network.layers if isinstance(layer, Conv2d)]
        for one in (state, other)
    )
    known = set(map(id, shared))
    return sum(weight.nbytes for weight in weights if id(weight) not in known)


_SCHEME_STEPS = 1


def switch_scheme(document: Document, scheme: ChannelScheme) -> None:
    """Switch the scheme; switches that follow each other are one undo step."""
    state = document.state
    if scheme is not state.scheme:
        text = f"Switch to {scheme.label}"
        document.commit(text, replace(state, scheme=scheme), merge=_SCHEME_STEPS)


class _Step(QUndoCommand):
    """From one state to another."""

    def __init__(self, document: Document, text: str, old: State, new: State, merge: int) -> None:
        super().__init__(text)
        self._document = document
        self._old = old
        self._new = new
        self._merge = merge

    def id(self) -> int:
        return self._merge

    def mergeWith(self, other: QUndoCommand) -> bool:
        assert isinstance(other, _Step)
        self._new = other._new
        self.setText(other.text())
        return True

    def redo(self) -> None:
        self._document._apply(self._new)

    def undo(self) -> None:
        self._document._apply(self._old)
