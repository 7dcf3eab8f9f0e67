"""What the fields of every kind of layer share: an edit is one undo step, or a reason is said."""

from collections.abc import Callable
from dataclasses import replace

from PySide6.QtCore import Signal, Slot
from PySide6.QtWidgets import QHBoxLayout, QLabel, QWidget

from cnn_explorer.core import edit
from cnn_explorer.core.activations import ACTIVATIONS
from cnn_explorer.core.geometry import Padding
from cnn_explorer.core.layer import Layer
from cnn_explorer.core.network import MAX_PADDING, Network
from cnn_explorer.core.state import State
from cnn_explorer.gui.document import Document
from cnn_explorer.gui.fields import ComboBox, NumberBox
from cnn_explorer.gui.flow import FlowLayout

PADDINGS: dict[str, Padding] = {
    "same": "same",
    "same lower": "same_lower",
    "valid": "valid",
    **{f"pad {number}": number for number in range(MAX_PADDING + 1)},
}
"""What the field for the padding offers."""


class LayerEditor(QWidget):
    """Fields of one layer; those of `first` stand elsewhere: beside the layer's name.

    Parameters
    ----------
    layer
        Index of the layer.
    document
        What is edited.

    Signals
    -------
    said(reason)
        Why an edit cannot work, or "" where it did.
    resized()
        Fields came or went.
    """

    said = Signal(str)
    resized = Signal()

    def __init__(self, layer: int, document: Document, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.layer = layer
        self.document = document
        self.first: tuple[QWidget, ...] = ()
        self._name = document.state.network.names[layer]
        self._showing = False
        self._flow = FlowLayout(self)
        self.rare: list[QWidget] = []

    def show_network(self, network: Network) -> None:
        """Show the layer's values; nobody is told that they changed."""
        self._showing = True
        self.show_layer(network.layers[self.layer])
        self._showing = False

    def show_layer(self, layer: Layer) -> None:
        """Show a layer's values; for a kind of layer to say how."""

    def add(self, widget: QWidget, spoken: str, tip: str, word: str = "") -> QWidget:
        """Name a field, and give it its place, after a word if it needs one."""
        shown = self.named(widget, spoken, tip, word)
        self._flow.addWidget(shown)
        return shown

    def named(self, widget: QWidget, spoken: str, tip: str, word: str = "") -> QWidget:
        """Name a field, and put a word in front if it needs one; the pair wraps as one."""
        widget.setAccessibleName(f"{self._name} {spoken}")
        widget.setToolTip(tip)
        if not word:
            return widget
        pair = QWidget(self)
        label = QLabel(word, pair)
        label.setProperty("role", "quiet")
        label.setBuddy(widget)
        row = QHBoxLayout(pair)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(4)
        row.addWidget(label)
        row.addWidget(widget)
        return pair

    def add_rare(self, *widgets: QWidget) -> None:
        """Fold fields away that few want, until they are asked for or say something unusual."""
        self.rare = list(widgets)
        for widget in widgets:
            self._flow.addWidget(widget)
        self.show_rare(False)

    @Slot(bool)
    def show_rare(self, shown: bool) -> None:
        """Show the fields that few want, or fold them away."""
        for widget in self.rare:
            widget.setVisible(shown)
        self._flow.invalidate()
        self.resized.emit()

    @property
    def rare_shown(self) -> bool:
        """Whether the fields that few want are there to be seen."""
        return any(not widget.isHidden() for widget in self.rare)

    def add_activation(self) -> None:
        """Add the fields for the activation and its parameters."""
        self.activation = combo(self, [item.label for item in ACTIVATIONS.values()])
        self.add(self.activation, "activation", "Applied to every pixel, last of all.")
        self.parameters = [NumberBox(self) for _ in range(2)]
        self._words = [QLabel(self) for _ in self.parameters]
        for box, word in zip(self.parameters, self._words, strict=True):
            pair = QWidget(self)
            row = QHBoxLayout(pair)
            row.setContentsMargins(0, 0, 0, 0)
            row.setSpacing(4)
            word.setProperty("role", "quiet")
            row.addWidget(word)
            row.addWidget(box)
            self._flow.addWidget(pair)
            box.valueChanged.connect(self._edit_parameters)
        self.activation.currentIndexChanged.connect(self._edit_activation)

    def show_activation(self, layer: Layer, values: tuple[float, ...]) -> None:
        """Show the activation of a layer, and its parameters."""
        self.activation.setCurrentIndex(list(ACTIVATIONS).index(layer.activation))
        parameters = ACTIVATIONS[layer.activation].parameters
        complete = ACTIVATIONS[layer.activation].complete(values)
        shown = [word.text() for word in self._words]
        for place, (box, word) in enumerate(zip(self.parameters, self._words, strict=True)):
            pair = word.parentWidget()
            assert pair is not None
            pair.setVisible(place < len(parameters))
            word.setText(parameters[place].name if place < len(parameters) else "")
            if place < len(parameters):
                parameter = parameters[place]
                box.setValue(complete[place])
                box.setAccessibleName(f"{self._name} activation's {parameter.name}")
                box.setToolTip(f"{parameter.name} of the activation; usually {parameter.default:g}")
        if shown != [word.text() for word in self._words]:
            self._flow.invalidate()
            self.resized.emit()

    @Slot(int)
    def _edit_activation(self, index: int) -> None:
        key = list(ACTIVATIONS)[index]
        self.apply(f"activation {ACTIVATIONS[key].label}", edit.with_activation, key)

    @Slot()
    def _edit_parameters(self) -> None:
        layer = self.document.state.network.layers[self.layer]
        complete = ACTIVATIONS[layer.activation].complete(layer.activation_parameters)
        # A field shows fewer digits than there may be: what it shows already is not entered.
        values = tuple(
            value if round(value, box.decimals()) == box.value() else box.value()
            for box, value in zip(self.parameters, complete, strict=False)
        )
        text = f"{ACTIVATIONS[layer.activation].label} {', '.join(f'{v:g}' for v in values)}"
        self.apply(text, edit.with_option, "activation_parameters", values)

    @Slot(int)
    def edit_padding(self, index: int) -> None:
        """Change the padding to one of `PADDINGS`."""
        text = list(PADDINGS)[index]
        said = text if text.startswith("pad") else f"{text} padding"
        self.apply(said, edit.with_padding, PADDINGS[text])

    @Slot(int)
    def edit_dilation(self, index: int) -> None:
        """Change the dilation to that at an index: from 1."""
        self.apply(f"dilation {index + 1}", edit.with_dilation, index + 1)

    def apply(self, what: str, change: Callable[..., Network], *values: object) -> None:
        """Make an edit of the network one undo step."""
        self.apply_to_state(what, lambda state: change(state.network, self.layer, *values))

    def apply_to_state(self, what: str, change: Callable[[State], Network]) -> None:
        """Make an edit one undo step, or say why it cannot work and show what stays."""
        if self._showing:
            return
        state = self.document.state
        try:
            network = change(state)
        except ValueError as error:
            self.show_network(state.network)
            self.said.emit(str(error))
            return
        self.said.emit("")
        if network is not state.network:
            self.document.commit(f"{self._name}: {what}", replace(state, network=network))


def combo(parent: QWidget, texts: list[str]) -> ComboBox:
    """A field that offers some texts."""
    box = ComboBox(parent)
    box.addItems(texts)
    return box


def place_of(values: list[object], value: object) -> int:
    """Where a value is among those that a field offers, or -1: it is shown as nothing."""
    return values.index(value) if value in values else -1
