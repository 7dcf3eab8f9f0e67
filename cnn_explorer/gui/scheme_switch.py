"""The switch between the three schemes; it says how many maps each gives."""

from PySide6.QtCore import Qt, Slot
from PySide6.QtWidgets import QButtonGroup, QHBoxLayout, QSizePolicy, QToolButton, QWidget

from cnn_explorer.core.network import layer_name
from cnn_explorer.core.schemes import ChannelScheme, map_counts
from cnn_explorer.core.sentences import compact
from cnn_explorer.core.state import State
from cnn_explorer.gui.document import Document, switch_scheme

_TIPS = {
    ChannelScheme.REAL: "Each filter has a kernel of its own for every input map; the results are "
    "added up into one map.",
    ChannelScheme.NAIVE: "Each filter is one flat kernel, applied to every input map; nothing is "
    "added up, so each pair of map and filter makes a map.",
    ChannelScheme.SHARED: "Each filter is one flat kernel, applied to every input map; the results "
    "are added up into one map.",
}


class SchemeSwitch(QWidget):
    """Real, Naive, Shared kernel, with the number of maps after the last layer."""

    def __init__(self, document: Document, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._document = document
        self._buttons = QButtonGroup(self)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(0)
        for number in range(len(ChannelScheme)):
            button = QToolButton(self)
            button.setCheckable(True)
            button.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
            button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
            button.setProperty("segment", ("first", "middle", "last")[number])
            self._buttons.addButton(button, number)
            row.addWidget(button)
        self._buttons.idClicked.connect(self._switch)
        self.set_state(document.state)

    def set_state(self, state: State) -> None:
        """Show the scheme and the counts of maps."""
        last = len(state.network.layers) - 1
        for number, scheme in enumerate(ChannelScheme):
            count = map_counts(state.network, scheme)[last]
            button = self._buttons.button(number)
            button.setText(f"{scheme.label} · {scheme.explanation} → {compact(count)}")
            button.setToolTip(
                f"{_TIPS[scheme]}\n{count:,} maps after {layer_name(last)}. (Ctrl+{number + 1})"
            )
            button.setAccessibleName(f"Scheme {scheme.label}, {scheme.explanation}: {count:,} maps")
            button.setChecked(scheme is state.scheme)

    @Slot(int)
    def _switch(self, number: int) -> None:
        switch_scheme(self._document, tuple(ChannelScheme)[number])
