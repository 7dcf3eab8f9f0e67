"""In Naive, which part of a layer's maps is shown, and where to go."""

from PySide6.QtCore import Signal, Slot
from PySide6.QtWidgets import QHBoxLayout, QLabel, QLineEdit, QWidget

from cnn_explorer.core.addresses import (
    Family,
    address_of,
    address_text,
    family,
    filters_of,
    parse_address,
)
from cnn_explorer.core.schemes import ChannelScheme, map_counts
from cnn_explorer.core.selection import Selection
from cnn_explorer.core.sentences import compact
from cnn_explorer.core.state import State
from cnn_explorer.gui.document import Document
from cnn_explorer.gui.selection import SelectionModel


class AddressBar(QWidget):
    """“the 128 of 8 192 maps under 2.*” and a field for the address of a map to go to.

    Shown in Naive alone, from the second layer on.

    Signals
    -------
    said(reason)
        Why an address cannot be gone to, or "" where it can.
    """

    said = Signal(str)

    def __init__(
        self,
        layer: int,
        document: Document,
        selection: SelectionModel,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._layer = layer
        self._selection = selection
        self._state = document.state
        self._hides = False
        self._label = QLabel(self)
        self._label.setProperty("role", "quiet")
        self._label.setWordWrap(True)
        self._go = QLineEdit(self)
        name = document.state.network.names[layer]
        self._go.setAccessibleName(f"Address of a map of {name} to go to")
        self._go.setMaximumWidth(110)
        word = QLabel("go to", self)
        word.setProperty("role", "quiet")
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(self._label, 1)
        row.addWidget(word)
        row.addWidget(self._go)
        self._go.returnPressed.connect(self._go_to)
        self._go.textEdited.connect(self._typed)
        selection.changed.connect(self._show_selection)
        self.set_state(document.state)

    def set_state(self, state: State) -> None:
        """Follow the network and the scheme."""
        self._state = state
        self.setVisible(self._family() is not None)
        self._show_selection(self._selection.current, self._selection.current)

    def hide_answers(self, hides: bool) -> None:
        """Leave out how many maps there are, or tell it again."""
        self._hides = hides
        self._show_selection(self._selection.current, self._selection.current)

    @Slot(object, object)
    def _show_selection(self, new: Selection, old: Selection) -> None:
        if self.isHidden():
            return
        family = self._family()
        assert family is not None
        network = self._state.network
        prefix = filters_of(family.prefix, network)
        under = family.parents * family.branches
        count = map_counts(network, self._state.scheme)[self._layer]
        if self._hides:
            text = f"maps under {address_text(prefix)}.*" if prefix else "all maps"
        elif prefix:
            text = f"the {compact(under)} of {compact(count)} maps under {address_text(prefix)}.*"
        else:
            text = f"all {compact(count)} maps"
        self._label.setText(text)
        example = address_text(filters_of(new.path[: self._layer + 1], network))
        self._go.setPlaceholderText(example)
        self._go.setToolTip(f"One filter for each layer, joined by dots, such as {example}.")

    def _family(self) -> Family | None:
        """The maps that are shown, in Naive, where filters come before."""
        network, naive = self._state.network, self._state.scheme is ChannelScheme.NAIVE
        if not naive or self._layer >= network.head:
            return None
        return family(network, self._layer, self._selection.current.path)

    @Slot()
    def _typed(self) -> None:
        self.said.emit("")

    @Slot()
    def _go_to(self) -> None:
        try:
            filters = parse_address(self._go.text())
            address = address_of(filters, self._state.network, self._layer)
        except ValueError as error:
            self.said.emit(str(error))
            return
        self.said.emit("")
        self._selection.select(self._selection.current.at(address))
