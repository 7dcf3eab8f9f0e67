"""The fields of a convolution, edited in place; what cannot work is not entered and why is said."""

from PySide6.QtCore import QEvent, Slot
from PySide6.QtWidgets import QCheckBox, QWidget

from cnn_explorer.core import edit
from cnn_explorer.core.geometry import PADDING_MODES
from cnn_explorer.core.kernel_layers import Conv2d, Linear
from cnn_explorer.core.kernels import INITIALISATIONS
from cnn_explorer.core.layer import Layer
from cnn_explorer.core.network import MAX_DILATION, MAX_KERNEL_SIZE, MAX_STRIDE
from cnn_explorer.core.trained import TRAINED
from cnn_explorer.gui.document import Document
from cnn_explorer.gui.fields import SpinBox
from cnn_explorer.gui.layer_editor import PADDINGS, LayerEditor, combo, place_of


class LayerFields(LayerEditor):
    """Filters, kernel, stride, padding, activation, bias, weights and more of a convolution.

    A dense layer has those of them that it knows.
    """

    def __init__(self, layer: int, document: Document, parent: QWidget | None = None) -> None:
        super().__init__(layer, document, parent)
        self._dense = isinstance(document.state.network.layers[layer], Linear)
        self.filters = SpinBox(self)
        # The field takes more than a layer does, so that the reason can be said.
        self.filters.setRange(0, 9999)
        self.kernel = combo(self, [f"{n}×{n}" for n in range(1, MAX_KERNEL_SIZE + 1)])
        self.kernel.setFixedWidth(self.kernel.fontMetrics().horizontalAdvance("11×11") + 26)
        self.stride = combo(self, [str(n) for n in range(1, MAX_STRIDE + 1)])
        self.padding = combo(self, list(PADDINGS))
        self.bias = QCheckBox("bias", self)
        self.weights = combo(self, [])
        self._sources: tuple[str, ...] = ()
        self.dilation = combo(self, [str(n) for n in range(1, MAX_DILATION + 1)])
        self.groups = SpinBox(self)
        self.groups.setRange(0, 9999)
        self.mode = combo(self, list(PADDING_MODES))
        filters = self.named(
            self.filters,
            "outputs" if self._dense else "filters",
            "Number of outputs." if self._dense else "Number of filters: each makes one map.",
            "outputs" if self._dense else "filters",
        )
        size = "Height and width of every kernel of the layer."
        self.first = (filters, self.named(self.kernel, "kernel size", size, "kernel"))
        if self._dense:
            self.first[1].hide()
            self.first = (filters,)
        convolves = (
            self.add(self.stride, "stride", "Step from one position of the kernel to the next.",
                     "stride"),
            self.add(
                self.padding,
                "padding",
                "What is put around each input map; “same” keeps its size at stride 1.",
            ),
        )  # fmt: skip
        self.add_activation()
        self.add(self.bias, "bias", "Whether each filter adds a number of its own to its sum.")
        self.add(
            self.weights,
            "weights",
            "Where the kernels come from: trained, made by hand, or random by the seed.",
        )
        rare = (
            self.named(self.mode, "padding mode", "What the padding is made of.", "padding mode"),
            self.named(
                self.dilation, "dilation", "Step from one cell of the kernel to the next.",
                "dilation",
            ),
            self.named(
                self.groups,
                "groups",
                "Input maps and filters are divided into so many groups that do not see each "
                "other; as many as there are input maps: depthwise.",
                "groups",
            ),
        )  # fmt: skip
        if self._dense:
            for widget in (*convolves, *rare):
                widget.hide()
        else:
            self.add_rare(*rare)
        self.filters.valueChanged.connect(self._edit_filters)
        self.kernel.currentIndexChanged.connect(self._edit_kernel)
        self.stride.currentIndexChanged.connect(self._edit_stride)
        self.padding.currentIndexChanged.connect(self.edit_padding)
        self.bias.clicked.connect(self._edit_bias)
        self.weights.currentIndexChanged.connect(self._edit_weights)
        self.dilation.currentIndexChanged.connect(self.edit_dilation)
        self.groups.valueChanged.connect(self._edit_groups)
        self.mode.currentIndexChanged.connect(self._edit_mode)
        self._fit()
        self.show_network(document.state.network)

    def changeEvent(self, event: QEvent) -> None:
        """Follow the size of the text."""
        super().changeEvent(event)
        if event.type() is QEvent.Type.FontChange:
            self._fit()

    def _fit(self) -> None:
        """Make the fields for numbers no wider than they must be."""
        for box in (self.filters, self.groups):
            box.setFixedWidth(self.fontMetrics().horizontalAdvance("0000") + 26)

    def show_layer(self, layer: Layer) -> None:
        """Show a layer's values."""
        assert isinstance(layer, Conv2d)
        self.filters.setValue(layer.out_channels)
        self.kernel.setCurrentIndex(layer.kernel_size[0] - 1)
        self.stride.setCurrentIndex(layer.stride[0] - 1)
        self.padding.setCurrentIndex(place_of(list(PADDINGS.values()), layer.padding))
        self.show_activation(layer, layer.activation_parameters)
        self.bias.setChecked(layer.bias is not None)
        sources = edit.initialisations_of(self.document.state.network, self.layer)
        if sources != self._sources:
            self._sources = sources
            self.weights.clear()
            self.weights.addItems([_label(source) for source in sources])
        self.weights.setCurrentIndex(sources.index(layer.initialisation))
        self.dilation.setCurrentIndex(layer.dilation[0] - 1)
        self.groups.setValue(layer.groups)
        self.mode.setCurrentIndex(PADDING_MODES.index(layer.padding_mode))
        usual = layer.dilation == (1, 1), layer.groups == 1, layer.padding_mode == "zeros"
        if not all(usual) and not self.rare_shown:
            self.show_rare(True)

    @Slot(int)
    def _edit_filters(self, count: int) -> None:
        what = "outputs" if self._dense else "filters"
        self.apply(f"{count} {what}", edit.with_filters, count)

    @Slot(int)
    def _edit_kernel(self, index: int) -> None:
        self.apply(f"kernel {index + 1}×{index + 1}", edit.with_kernel_size, index + 1)

    @Slot(int)
    def _edit_stride(self, index: int) -> None:
        self.apply(f"stride {index + 1}", edit.with_stride, index + 1)

    @Slot(int)
    def _edit_groups(self, count: int) -> None:
        self.apply(f"{count} group{'s' * (count != 1)}", edit.with_groups, count)

    @Slot(int)
    def _edit_mode(self, index: int) -> None:
        mode = PADDING_MODES[index]
        self.apply(f"padding mode {mode}", edit.with_option, "padding_mode", mode)

    @Slot(bool)
    def _edit_bias(self, on: bool) -> None:
        self.apply("bias on" if on else "bias off", edit.with_bias, on)

    @Slot(int)
    def _edit_weights(self, index: int) -> None:
        source = self._sources[index]
        self.apply(f"weights {_label(source)}", edit.with_initialisation, source)


def _label(source: str) -> str:
    return source if source == TRAINED else INITIALISATIONS[source].label
