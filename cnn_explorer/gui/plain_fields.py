"""The fields of the layers without kernels: pooling and normalisation."""

from PySide6.QtCore import Slot
from PySide6.QtWidgets import QCheckBox, QToolButton, QWidget

from cnn_explorer.core import edit
from cnn_explorer.core.building import with_statistics
from cnn_explorer.core.layer import Layer
from cnn_explorer.core.layers import AvgPool2d, BatchNorm2d, MaxPool2d
from cnn_explorer.core.network import MAX_DILATION, MAX_KERNEL_SIZE
from cnn_explorer.gui.document import Document
from cnn_explorer.gui.layer_editor import PADDINGS, LayerEditor, combo, place_of


class PoolFields(LayerEditor):
    """Window, stride, padding and more of a pooling layer."""

    def __init__(self, layer: int, document: Document, parent: QWidget | None = None) -> None:
        super().__init__(layer, document, parent)
        sides = range(1, MAX_KERNEL_SIZE + 1)
        self.kernel = combo(self, [f"{n}×{n}" for n in sides])
        self.stride = combo(self, [str(n) for n in sides])
        self.padding = combo(self, list(PADDINGS))
        self.dilation = combo(self, [str(n) for n in range(1, MAX_DILATION + 1)])
        self.ceil = QCheckBox("ceil_mode", self)
        self.counted = QCheckBox("count_include_pad", self)
        size = "Height and width of the window."
        self.first = (self.named(self.kernel, "kernel size", size, "kernel"),)
        self.add(self.stride, "stride", "Step from one window to the next.", "stride")
        self.add(self.padding, "padding", "Room around each input map, which never wins.")
        rare = [
            self.named(
                self.dilation, "dilation", "Step from one cell of the window to the next.",
                "dilation",
            ),
            self.named(
                self.ceil, "ceil_mode", "Whether a last window that ends outside counts too."
            ),
        ]  # fmt: skip
        tip = "Whether the zeros of the padding count in the mean."
        self.named(self.counted, "count_include_pad", tip)
        self.counted.hide()
        if isinstance(document.state.network.layers[layer], AvgPool2d):
            self.padding.setToolTip("Zeros around each input map.")
            rare.append(self.counted)
        self.add_rare(*rare)
        self.kernel.currentIndexChanged.connect(self._edit_kernel)
        self.stride.currentIndexChanged.connect(self._edit_stride)
        self.padding.currentIndexChanged.connect(self.edit_padding)
        self.dilation.currentIndexChanged.connect(self.edit_dilation)
        self.ceil.clicked.connect(self._edit_ceil)
        self.counted.clicked.connect(self._edit_counted)
        self.show_network(document.state.network)

    def show_layer(self, layer: Layer) -> None:
        """Show a layer's values."""
        assert isinstance(layer, MaxPool2d | AvgPool2d)
        self.kernel.setCurrentIndex(layer.kernel_size[0] - 1)
        self.stride.setCurrentIndex(layer.stride[0] - 1)
        self.padding.setCurrentIndex(place_of(list(PADDINGS.values()), layer.padding))
        self.dilation.setCurrentIndex(layer.dilation[0] - 1)
        self.ceil.setChecked(layer.ceil_mode)
        counted = not isinstance(layer, AvgPool2d) or layer.count_include_pad
        self.counted.setChecked(counted)
        unusual = layer.ceil_mode or layer.dilation != (1, 1) or not counted
        if unusual and not self.rare_shown:
            self.show_rare(True)

    @Slot(int)
    def _edit_kernel(self, index: int) -> None:
        side = index + 1
        self.apply(f"kernel {side}×{side}", edit.with_option, "kernel_size", (side, side))

    @Slot(int)
    def _edit_stride(self, index: int) -> None:
        step = index + 1
        self.apply(f"stride {step}", edit.with_option, "stride", (step, step))

    @Slot(bool)
    def _edit_ceil(self, on: bool) -> None:
        self.apply(f"ceil_mode {'on' if on else 'off'}", edit.with_option, "ceil_mode", on)

    @Slot(bool)
    def _edit_counted(self, on: bool) -> None:
        what = f"count_include_pad {'on' if on else 'off'}"
        self.apply(what, edit.with_option, "count_include_pad", on)


class NormFields(LayerEditor):
    """Activation of a normalisation, and its statistics."""

    def __init__(self, layer: int, document: Document, parent: QWidget | None = None) -> None:
        super().__init__(layer, document, parent)
        self.add_activation()
        self.measure = QToolButton(self)
        self.measure.setText("measure")
        self.add(
            self.measure,
            "measure",
            "Take mean and variance of the input maps as they are for this drawing.",
        )
        self.measure.clicked.connect(self._measure)
        self.show_network(document.state.network)

    def show_layer(self, layer: Layer) -> None:
        """Show a layer's values."""
        assert isinstance(layer, BatchNorm2d)
        self.show_activation(layer, layer.activation_parameters)

    @Slot()
    def _measure(self) -> None:
        self.apply_to_state("measure", lambda state: with_statistics(state, self.layer))


def fields_of(layer: int, document: Document, parent: QWidget) -> LayerEditor:
    """The fields of a layer without kernels; some have none."""
    one = document.state.network.layers[layer]
    if isinstance(one, MaxPool2d | AvgPool2d):
        return PoolFields(layer, document, parent)
    if isinstance(one, BatchNorm2d):
        return NormFields(layer, document, parent)
    return LayerEditor(layer, document, parent)
