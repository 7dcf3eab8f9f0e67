"""How the drawing is centred as MNIST does: once, or always; and how it looks then."""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
from PySide6.QtCore import Qt, Slot
from PySide6.QtGui import QAction, QResizeEvent
from PySide6.QtWidgets import (
    QCheckBox,
    QGridLayout,
    QLabel,
    QSizePolicy,
    QToolButton,
    QWidget,
)

from cnn_explorer.core.centring import centred
from cnn_explorer.core.state import State
from cnn_explorer.gui.document import Document
from cnn_explorer.gui.seen import SeenTile

_SEEN, _WOULD_BE = "What the network sees", "Centred, it would be so"


class Centring(QWidget):
    """The centred drawing beside the command and the option.

    Parameters
    ----------
    document
        What is centred.
    actions
        "centre" and "centring", by name. Whoever made them connects them to the slots.
    """

    def __init__(
        self, document: Document, actions: Mapping[str, QAction], parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._document = document
        self._option = actions["centring"]
        self.seen = SeenTile(document, self)
        actions["centre"].setIconText("Centre")
        once = QToolButton(self)
        once.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextOnly)
        once.setDefaultAction(actions["centre"])
        once.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self._always = QCheckBox("always", self)
        self._always.setAccessibleName("Centre while drawing")
        self._always.setToolTip(self._option.toolTip())
        self._caption = QLabel(self)
        self._caption.setProperty("role", "quiet")
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setHorizontalSpacing(8)
        grid.setVerticalSpacing(4)
        grid.addWidget(self.seen, 0, 0, 3, 1)
        grid.addWidget(once, 0, 1)
        grid.addWidget(self._always, 1, 1)
        grid.addWidget(self._caption, 3, 0, 1, 2)
        grid.setRowStretch(2, 1)
        grid.setColumnStretch(1, 1)
        self._follow(document.state)
        document.changed.connect(self._show_state)
        self._always.clicked.connect(self.set_always)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Give the tile whole device pixels, as many as two fifths of the width have."""
        super().resizeEvent(event)
        self.seen.fit(self.width() * 2 // 5)

    @Slot()
    def centre(self) -> None:
        """Scale and move the ink as MNIST does."""
        state = self._document.state
        drawing = centred(state.drawing)
        if not np.array_equal(drawing, state.drawing):
            self._document.commit("Centre", replace(state, drawing=drawing))

    @Slot(bool)
    def set_always(self, on: bool) -> None:
        """Let the network get the drawing centred, or as it is."""
        state = self._document.state
        if on is not state.centred:
            text = "Centre while drawing" if on else "Take the drawing as it is"
            self._document.commit(text, replace(state, centred=on))

    @Slot(object, object)
    def _show_state(self, new: State, old: State) -> None:
        if new.centred is not old.centred:
            self._follow(new)

    def _follow(self, state: State) -> None:
        """Tick what is so, and say what the tile is."""
        for switch in (self._always, self._option):
            switch.setChecked(state.centred)
        self._caption.setText(_SEEN if state.centred else _WOULD_BE)
