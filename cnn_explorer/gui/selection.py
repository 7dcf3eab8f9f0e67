"""The selection as every view shares it; it is not undone."""

from PySide6.QtCore import QObject, Signal

from cnn_explorer.core.network import Network
from cnn_explorer.core.selection import Selection


class SelectionModel(QObject):
    """Holds the current `Selection`.

    Signals
    -------
    changed(new, old)
        Another map or pixel is selected.
    """

    changed = Signal(object, object)

    def __init__(self, selection: Selection, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._current = selection
        self._network: Network | None = None

    @property
    def current(self) -> Selection:
        """The current selection."""
        return self._current

    def follow(self, network: Network) -> None:
        """Keep the selection inside a network from now on, on the layers that it was on."""
        old, self._network = self._network, network
        current = self._current if old is None else self._current.moved(old, network)
        self.select(current)

    def select(self, selection: Selection) -> None:
        """Replace the selection by the nearest that lies inside the network."""
        if self._network is not None:
            selection = selection.within(self._network)
        if selection != self._current:
            old, self._current = self._current, selection
            self.changed.emit(selection, old)
