"""Buttons that copy one pixel's ledger, each in another notation."""

from collections.abc import Callable

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QButtonGroup, QToolButton, QWidget

from cnn_explorer.core.ledger import Ledger
from cnn_explorer.core.ledger_copies import as_csv, as_latex, as_numpy, as_text
from cnn_explorer.gui.flow import FlowLayout

_NOTATIONS: dict[str, Callable[[Ledger], str]] = {
    "text": as_text,
    "CSV": as_csv,
    "LaTeX": as_latex,
    "NumPy": as_numpy,
}


class PixelCopies(QWidget):
    """One button for each notation.

    Signals
    -------
    asked(notation)
        A button was pressed.
    """

    asked = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        flow = FlowLayout(self)
        flow.setSpacing(4)
        self._group = QButtonGroup(self)
        for index, name in enumerate(_NOTATIONS):
            button = QToolButton(self)
            button.setText(name if index else f"Copy as {name}")
            button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
            button.setAccessibleName(f"Copy the pixel as {name}")
            self._group.addButton(button, index)
            flow.addWidget(button)
        self._group.idClicked.connect(self._ask)

    @Slot(int)
    def _ask(self, index: int) -> None:
        self.asked.emit(list(_NOTATIONS)[index])


def copy_ledger(ledger: Ledger, notation: str) -> str:
    """Put a ledger on the clipboard, and say so in a sentence."""
    QGuiApplication.clipboard().setText(_NOTATIONS[notation](ledger))
    return f"Copied {ledger.title} as {notation}."
