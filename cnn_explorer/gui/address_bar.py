"""In Naive, which part of a layer's maps is shown, and where to go."""

from PySide6.QtCore import Signal, Slot
from PySide6.QtWidgets import QHBoxLayout, QLabel, QLineEdit, QWidget

from cnn_explorer.core.network import layer_name
from cnn_explorer.core.schemes import (
    ChannelScheme,
    address_text,
    check_address,
    map_counts,
    parse_address,
)
from cnn_explorer.core.sentences import compact
from cnn_explorer.core.state import State
from cnn_explorer.gui.document import Document
from cnn_explorer.gui.selection import Selection, SelectionModel


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
        self._label = QLabel(self)
        self._label.setProperty("role", "quiet")
        self._label.setWordWrap(True)
        self._go = QLineEdit(self)
        self._go.setAccessibleName(f"Address of a map of {layer_name(layer)} to go to")
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
        self.setVisible(state.scheme is ChannelScheme.NAIVE and self._layer > 0)
        self._show_selection(self._selection.current, self._selection.current)

    @Slot(object, object)
    def _show_selection(self, new: Selection, old: Selection) -> None:
        if self.isHidden():
            return
        layers = self._state.network.layers
        prefix = new.path[: self._layer - 1]
        under = layers[self._layer - 1].out_channels * layers[self._layer].out_channels
        count = map_counts(self._state.network, self._state.scheme)[self._layer]
        if prefix:
            text = f"the {compact(under)} of {compact(count)} maps under {address_text(prefix)}.*"
        else:
            text = f"all {compact(count)} maps"
        self._label.setText(text)
        example = address_text(new.path[: self._layer + 1])
        self._go.setPlaceholderText(example)
        self._go.setToolTip(f"One filter for each layer, joined by dots, such as {example}.")

    @Slot()
    def _typed(self) -> None:
        self.said.emit("")

    @Slot()
    def _go_to(self) -> None:
        try:
            address = parse_address(self._go.text())
            check_address(address, self._state.network)
        except ValueError as error:
            self.said.emit(str(error))
            return
        self.said.emit("")
        self._selection.select(self._selection.current.at(address))
