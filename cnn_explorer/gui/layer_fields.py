"""The fields of a layer, edited in place; what cannot work is not entered and the reason said."""

from collections.abc import Callable
from dataclasses import replace

from PySide6.QtCore import QEvent, Signal, Slot
from PySide6.QtWidgets import QCheckBox, QHBoxLayout, QLabel, QWidget

from cnn_explorer.core import edit
from cnn_explorer.core.activations import ACTIVATIONS
from cnn_explorer.core.geometry import Padding
from cnn_explorer.core.kernels import INITIALISATIONS
from cnn_explorer.core.network import MAX_KERNEL_SIZE, MAX_PADDING, MAX_STRIDE, Network, layer_name
from cnn_explorer.gui.document import Document
from cnn_explorer.gui.fields import ComboBox, SpinBox
from cnn_explorer.gui.flow import FlowLayout

_PADDINGS: dict[str, Padding] = {
    "same": "same",
    "valid": "valid",
    **{f"pad {number}": number for number in range(MAX_PADDING + 1)},
}


class LayerFields(QWidget):
    """Stride, padding, activation, bias and weights of one layer.

    The fields for filters and kernel size, `first`, stand elsewhere: beside the layer's name.

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
    """

    said = Signal(str)

    def __init__(self, layer: int, document: Document, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._layer = layer
        self._document = document
        self._showing = False
        name = layer_name(layer)
        self.filters = SpinBox(self)
        # The field takes more than a layer does, so that the reason can be said.
        self.filters.setRange(0, 9999)
        self.kernel = _combo(self, [f"{n}×{n}" for n in range(1, MAX_KERNEL_SIZE + 1)])
        self.kernel.setFixedWidth(self.kernel.fontMetrics().horizontalAdvance("11×11") + 26)
        self.stride = _combo(self, [str(n) for n in range(1, MAX_STRIDE + 1)])
        self.padding = _combo(self, list(_PADDINGS))
        self.activation = _combo(self, [item.label for item in ACTIVATIONS.values()])
        self.bias = QCheckBox("bias", self)
        self.weights = _combo(self, [label for label, _ in INITIALISATIONS.values()])
        for widget, spoken, tip in (
            (self.filters, "filters", "Number of filters: each makes one map."),
            (self.kernel, "kernel size", "Height and width of every kernel of the layer."),
            (self.stride, "stride", "Step from one position of the kernel to the next."),
            (
                self.padding,
                "padding",
                "Zeros around each input map; “same” keeps its size at stride 1.",
            ),
            (self.activation, "activation", "Applied to every pixel of the sum with its bias."),
            (self.bias, "bias", "Whether each filter adds a number of its own to its sum."),
            (
                self.weights,
                "weights",
                "Where the kernels come from: made by hand, or random by the seed.",
            ),
        ):
            widget.setAccessibleName(f"{name} {spoken}")
            widget.setToolTip(tip)
        self.first = (_labelled("filters", self.filters), _labelled("kernel", self.kernel))
        flow = FlowLayout(self)
        flow.addWidget(_labelled("stride", self.stride))
        for widget in (self.padding, self.activation, self.bias, self.weights):
            flow.addWidget(widget)
        self.filters.valueChanged.connect(self._edit_filters)
        self.kernel.currentIndexChanged.connect(self._edit_kernel)
        self.stride.currentIndexChanged.connect(self._edit_stride)
        self.padding.currentIndexChanged.connect(self._edit_padding)
        self.activation.currentIndexChanged.connect(self._edit_activation)
        self.bias.clicked.connect(self._edit_bias)
        self.weights.currentIndexChanged.connect(self._edit_weights)
        self._fit()
        self.show_network(document.state.network)

    def changeEvent(self, event: QEvent) -> None:
        """Follow the size of the text."""
        super().changeEvent(event)
        if event.type() is QEvent.Type.FontChange:
            self._fit()

    def _fit(self) -> None:
        """Make the field for filters no wider than it must be."""
        self.filters.setFixedWidth(self.fontMetrics().horizontalAdvance("0000") + 26)

    def show_network(self, network: Network) -> None:
        """Show the layer's values; nobody is told that they changed."""
        layer = network.layers[self._layer]
        self._showing = True
        self.filters.setValue(layer.out_channels)
        self.kernel.setCurrentIndex(layer.kernel_size[0] - 1)
        self.stride.setCurrentIndex(layer.stride[0] - 1)
        self.padding.setCurrentIndex(list(_PADDINGS.values()).index(layer.padding))
        self.activation.setCurrentIndex(list(ACTIVATIONS).index(layer.activation))
        self.bias.setChecked(layer.bias is not None)
        self.weights.setCurrentIndex(list(INITIALISATIONS).index(layer.initialisation))
        self._showing = False

    @Slot(int)
    def _edit_filters(self, count: int) -> None:
        self._apply(f"{count} filters", edit.with_filters, count)

    @Slot(int)
    def _edit_kernel(self, index: int) -> None:
        self._apply(f"kernel {index + 1}×{index + 1}", edit.with_kernel_size, index + 1)

    @Slot(int)
    def _edit_stride(self, index: int) -> None:
        self._apply(f"stride {index + 1}", edit.with_stride, index + 1)

    @Slot(int)
    def _edit_padding(self, index: int) -> None:
        text = list(_PADDINGS)[index]
        self._apply(
            text if text.startswith("pad") else f"{text} padding",
            edit.with_padding,
            _PADDINGS[text],
        )

    @Slot(int)
    def _edit_activation(self, index: int) -> None:
        key = list(ACTIVATIONS)[index]
        self._apply(f"activation {ACTIVATIONS[key].label}", edit.with_activation, key)

    @Slot(bool)
    def _edit_bias(self, on: bool) -> None:
        self._apply("bias on" if on else "bias off", edit.with_bias, on)

    @Slot(int)
    def _edit_weights(self, index: int) -> None:
        key = list(INITIALISATIONS)[index]
        self._apply(f"weights {INITIALISATIONS[key][0]}", edit.with_initialisation, key)

    def _apply(self, what: str, change: Callable[..., Network], value: object) -> None:
        """Make an edit one undo step, or say why it cannot work and show what stays."""
        if self._showing:
            return
        state = self._document.state
        try:
            network = change(state.network, self._layer, value)
        except ValueError as error:
            self.show_network(state.network)
            self.said.emit(str(error))
            return
        self.said.emit("")
        if network is not state.network:
            text = f"{layer_name(self._layer)}: {what}"
            self._document.commit(text, replace(state, network=network))


def _combo(parent: QWidget, texts: list[str]) -> ComboBox:
    combo = ComboBox(parent)
    combo.addItems(texts)
    return combo


def _labelled(word: str, widget: QWidget) -> QWidget:
    """A field with its word in front; the pair wraps as one."""
    pair = QWidget(widget.parentWidget())
    label = QLabel(word, pair)
    label.setProperty("role", "quiet")
    label.setBuddy(widget)
    row = QHBoxLayout(pair)
    row.setContentsMargins(0, 0, 0, 0)
    row.setSpacing(4)
    row.addWidget(label)
    row.addWidget(widget)
    return pair
