"""The line behind which the head of a trained network is folded away."""

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QSizePolicy, QToolButton, QWidget

from cnn_explorer.core.network import Network


class HeadFold(QToolButton):
    """Says in one line what comes after the last convolution; pressed, it shows those layers.

    It is there for trained networks alone: whoever adds layers one by one wants to see them.
    """

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setCheckable(True)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self._network: Network | None = None
        self.toggled.connect(self._show_text)

    def set_network(self, network: Network) -> None:
        """Follow the network."""
        self._network = network
        self.setVisible(network.tail < len(network.layers))
        self._show_text()

    @property
    def first(self) -> int:
        """Index of the first layer that is folded away, or how many layers there are."""
        assert self._network is not None
        return len(self._network.layers) if self.isChecked() else self._network.tail

    def _show_text(self) -> None:
        assert self._network is not None
        network = self._network
        first = network.tail
        if first == len(network.layers):
            return
        names = " → ".join(network.names[first:])
        outputs = network.layers[-1].out_channels
        self.setText(f"{'▾' if self.isChecked() else '▸'} Head: {names} · {outputs} values")
        does = "Fold away" if self.isChecked() else "Show"
        self.setToolTip(f"{does} the layers that make the reading of the maps")
        self.setAccessibleName(f"{does} the head: {names}")
