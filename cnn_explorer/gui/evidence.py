"""The evidence: which maps speak for a digit and against it, and the proof that they add up."""

import numpy as np
from PySide6.QtCore import QSize, Qt, QTimer, Signal, Slot
from PySide6.QtGui import QResizeEvent, QShowEvent
from PySide6.QtWidgets import QCheckBox, QHBoxLayout, QLabel, QVBoxLayout, QWidget

from cnn_explorer.core.addresses import path_to
from cnn_explorer.core.display import scale_of
from cnn_explorer.core.evidence import Evidence, evidence, no_evidence
from cnn_explorer.core.forward import Activations
from cnn_explorer.core.reading import percent, read
from cnn_explorer.gui.colouring import Colouring
from cnn_explorer.gui.document import Document
from cnn_explorer.gui.evidence_rows import EvidenceRows
from cnn_explorer.gui.flow import OneLine
from cnn_explorer.gui.legend import Legend
from cnn_explorer.gui.proof_line import ProofLine
from cnn_explorer.gui.row_area import REST
from cnn_explorer.gui.selection import SelectionModel
from cnn_explorer.gui.status import Line

_NO_CLASS = (
    "Open the prediction below the drawing and click a digit, to see which maps speak for it and "
    "which against it."
)
_MARGIN = 8
_SPACE = 6
_SETTLED = 300  # milliseconds after the last frame


class EvidencePanel(QWidget):
    """Takes the logit of one digit apart, with every frame anew.

    Parameters
    ----------
    document, selection
        What is shown, and what a click on a map changes.

    Signals
    -------
    map_hovered(spot)
        (level, number) of the map under the pointer, level 0 for the drawing; or None.
    """

    map_hovered = Signal(object)

    def __init__(
        self, document: Document, selection: SelectionModel, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._document = document
        self._selection = selection
        self.class_: int | None = None
        self._shown: Activations | None = None
        self._colouring: Colouring | None = None
        self._evidence: Evidence | None = None
        self._sorted: list[int] = []
        self._hint = QLabel(self)
        self._hint.setWordWrap(True)
        self._title = QLabel(self)
        self._title.setProperty("role", "heading")
        self._title.setWordWrap(True)
        self._equation = OneLine(self)
        self._equation.setTextFormat(Qt.TextFormat.PlainText)
        self._equation.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self._share = Line(self)
        self._legend = Legend(self)
        self._all = QCheckBox(self)
        self._all.setToolTip("Give each map a row of its own, and scroll")
        self._scale = QWidget(self)
        line = QHBoxLayout(self._scale)
        line.setContentsMargins(0, 0, 0, 0)
        line.addWidget(self._all)
        line.addStretch(1)
        line.addWidget(self._legend)
        self.rows = EvidenceRows(self)
        self.proof = ProofLine(self)
        self._parts = (self._title, self._equation, self._share, self._scale, self.rows, self.proof)
        column = QVBoxLayout(self)
        column.setContentsMargins(_MARGIN, _MARGIN, _MARGIN, _MARGIN)
        column.setSpacing(_SPACE)
        column.addWidget(self._hint)
        for part in self._parts:
            column.addWidget(part, int(part is self.rows))
        column.addStretch(0)
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(_SETTLED)
        self._timer.timeout.connect(self._settle)
        self.rows.chosen.connect(self._select)
        self.rows.hovered.connect(self._hover)
        self.rows.rest_toggled.connect(self._all.toggle)
        self._all.toggled.connect(self._show)
        self._follow()

    # What the owner sets and asks.

    @property
    def text(self) -> str:
        """All that it says."""
        if self._evidence is None:
            return self._hint.text()
        said = self._title.text(), self._share.text(), self.rows.text(), self.proof.text
        return "\n".join(said)

    def show_class(self, class_: int) -> None:
        """Take another class apart."""
        self.class_ = class_
        self._sorted = []
        self._follow()

    def show_maps(self, activations: Activations, colouring: Colouring) -> None:
        """Show the values of a pass."""
        self._shown, self._colouring = activations, colouring
        if self.isVisible():
            self._follow()

    def set_stale(self, stale: bool) -> None:
        """Dim what is out of date."""
        self.rows.set_stale(stale)

    def showEvent(self, event: QShowEvent) -> None:
        """Catch up with the frames that were not looked at."""
        super().showEvent(event)
        self._follow()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Give the rows the new room."""
        super().resizeEvent(event)
        self._show()

    def minimumSizeHint(self) -> QSize:
        """Room for a few rows; its owner scrolls what has none."""
        return QSize(240, super().minimumSizeHint().height())

    # What is shown.

    def _follow(self) -> None:
        """Take the class apart as the last pass has it."""
        shown = self._shown
        old, self._evidence = self._evidence, None
        reason = _NO_CLASS
        if self.class_ is not None and shown is not None:
            reason = no_evidence(shown.state)
            if not reason:
                self._evidence = evidence(shown, self.class_)
        found = self._evidence
        self._hint.setText(reason)
        self._hint.setVisible(bool(reason))
        for part in self._parts:
            part.setVisible(found is not None)
        if shown is None or found is None:
            self.map_hovered.emit(None)
            return
        shares = read(shown).shares
        if old is None or (old.title, old.equation) != (found.title, found.equation):
            self._title.setText(found.title)
            self._equation.setText(found.equation)
        share = "—" if shares is None else percent(float(shares[found.class_]))
        self._share.setText(f"Share among the ten: {share}")
        bias = "" if found.bias is None else " + bias"
        self.proof.show_proof(found.proof, f"Σ parts{bias} − logit")
        if len(self._sorted) != len(found.parts):
            self._sort()
        self._show()
        self._timer.start()

    @Slot()
    def _show(self) -> None:
        """Show as many rows as have room, or all."""
        found, colouring = self._evidence, self._colouring
        if found is None or colouring is None or len(self._sorted) != len(found.parts):
            return
        width, count = self.width() - 2 * _MARGIN, len(found.parts)
        fitting = self.rows.fitting(found, width, self._room())
        self._all.setText(f"all {count}")
        self._all.setVisible(fitting < count)
        first = count if self._all.isChecked() else fitting
        self.rows.show_evidence(found, self._sorted[:first], self._sorted[first:], colouring)
        products = scale_of([found.products], colouring.colours, colouring.contrast)
        self._legend.show_scale(colouring.colours, products, "products")
        # It only grows: numbers that change with every frame ask for no new layout.
        self._legend.setFixedSize(self._legend.sizeHint().expandedTo(self._legend.minimumSize()))
        self.rows.setMaximumHeight(self.rows.height_for(width))

    def _room(self) -> int:
        """Height that is left for the rows."""
        width = self.width() - 2 * _MARGIN
        parts = [part for part in self._parts if part is not self.rows]
        heights = [
            part.heightForWidth(width) if part.hasHeightForWidth() else part.sizeHint().height()
            for part in parts
        ]
        return max(0, self.height() - 2 * _MARGIN - sum(heights) - _SPACE * (len(parts) + 1))

    def _sort(self) -> None:
        assert self._evidence is not None
        sizes = np.abs(self._evidence.parts)
        self._sorted = np.argsort(-sizes, kind="stable").tolist()

    @Slot()
    def _settle(self) -> None:
        """The pen rests: now rows may change their places."""
        if self._evidence is not None:
            before = self._sorted
            self._sort()
            if self._sorted != before:
                self._show()

    # What the user does.

    @Slot(int)
    def _select(self, position: int) -> None:
        """Select a map, if it is still one of the document's."""
        found, state = self._evidence, self._document.state
        if found is None or found.source < 0 or found.state.network is not state.network:
            return
        current = self._selection.current
        path = path_to(state.network, current.path, found.source, position)
        self._selection.select(current.at(path))

    @Slot(object)
    def _hover(self, position: int | None) -> None:
        found, state = self._evidence, self._document.state
        there = found is not None and found.state.network is state.network
        if position is None or position == REST or not there or found is None:
            self.map_hovered.emit(None)
        else:
            self.map_hovered.emit((found.source + 1, position))
