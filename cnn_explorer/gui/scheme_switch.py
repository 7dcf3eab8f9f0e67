"""The switch between the three schemes; it says how many maps each gives."""

from PySide6.QtCore import QEvent, QSize, Qt, Slot
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QButtonGroup, QHBoxLayout, QSizePolicy, QToolButton, QWidget

from cnn_explorer.core.network import Network
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
        self._texts: list[tuple[str, str]] = []
        self._hides = False
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
        last = _last(state.network)
        self._texts = []
        for number, scheme in enumerate(ChannelScheme):
            count = map_counts(state.network, scheme)[last]
            arrow = "" if self._hides else f" → {compact(count)}"
            self._texts.append(
                (f"{scheme.label} · {scheme.explanation}{arrow}", f"{scheme.label}{arrow}")
            )
            button, name = self._buttons.button(number), state.network.names[last]
            after = "" if self._hides else f"{count:,} maps after {name}. "
            button.setToolTip(f"{_TIPS[scheme]}\n{after}(Ctrl+{number + 1})")
            spoken = "" if self._hides else f": {count:,} maps"
            button.setAccessibleName(f"Scheme {scheme.label}, {scheme.explanation}{spoken}")
            button.setChecked(scheme is state.scheme)
        self._fit()
        self.updateGeometry()

    @Slot(bool)
    def hide_answers(self, hides: bool) -> None:
        """Keep the counts back, or show them."""
        self._hides = hides
        self.set_state(self._document.state)

    def sizeHint(self) -> QSize:
        """With the explanations."""
        return self._size(0)

    def minimumSizeHint(self) -> QSize:
        """Without."""
        return self._size(1)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Explain where there is room."""
        self._fit()

    def changeEvent(self, event: QEvent) -> None:
        """Follow the size of the text."""
        super().changeEvent(event)
        if event.type() is QEvent.Type.FontChange:
            self._fit()

    def _fit(self) -> None:
        short = self.width() < self._size(0).width()
        for button, texts in zip(self._buttons.buttons(), self._texts, strict=True):
            button.setText(texts[short])

    def _size(self, short: int) -> QSize:
        """Of the buttons with their long or short texts."""
        frames = [
            button.sizeHint().width() - button.fontMetrics().horizontalAdvance(button.text())
            for button in self._buttons.buttons()
        ]
        words = [self.fontMetrics().horizontalAdvance(texts[short]) for texts in self._texts]
        height = max(button.sizeHint().height() for button in self._buttons.buttons())
        return QSize(sum(frames) + sum(words), height)

    @Slot(int)
    def _switch(self, number: int) -> None:
        switch_scheme(self._document, tuple(ChannelScheme)[number])


def _last(network: Network) -> int:
    """Index of the last layer that has maps in every scheme."""
    return max(0, network.head - 1)
