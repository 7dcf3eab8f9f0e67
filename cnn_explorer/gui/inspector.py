"""The right side: what there is to read about the selected map."""

from collections.abc import Mapping

from PySide6.QtCore import Qt
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QFrame, QScrollArea, QWidget

from cnn_explorer.gui.document import Document
from cnn_explorer.gui.kernel_tensors import KernelTensors
from cnn_explorer.gui.selection import SelectionModel
from cnn_explorer.gui.settings import SettingsStore


class Inspector(QScrollArea):
    """Scrolls the kernel tensors' panel."""

    def __init__(
        self,
        document: Document,
        selection: SelectionModel,
        store: SettingsStore,
        actions: Mapping[str, QAction],
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setWidgetResizable(True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.tensors = KernelTensors(document, selection, store, actions, self)
        self.setWidget(self.tensors)
        # The dock's own ground shows through.
        self.viewport().setAutoFillBackground(False)
        self.tensors.setAutoFillBackground(False)
