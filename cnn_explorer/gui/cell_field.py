"""The field over a cell, in which its number is typed."""

from PySide6.QtCore import QEvent, Qt, Signal
from PySide6.QtGui import QFocusEvent, QKeyEvent
from PySide6.QtWidgets import QLineEdit, QWidget


class CellField(QLineEdit):
    """Where a number is typed.

    Signals
    -------
    left(keep, by)
        The text is taken or not, and the cursor goes so many cells on.
    """

    left = Signal(bool, int)

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setAccessibleName("Value of the cell")
        self.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.setMaxLength(40)

    def event(self, event: QEvent) -> bool:
        """Keep Escape from the window, and Tab from moving the focus."""
        if isinstance(event, QKeyEvent):
            key = event.key()
            if event.type() == QEvent.Type.ShortcutOverride and key == Qt.Key.Key_Escape:
                event.accept()
                return True
            if event.type() == QEvent.Type.KeyPress:
                keys = {
                    Qt.Key.Key_Escape: (False, 0),
                    Qt.Key.Key_Return: (True, 1),
                    Qt.Key.Key_Enter: (True, 1),
                    Qt.Key.Key_Tab: (True, 1),
                    Qt.Key.Key_Backtab: (True, -1),
                }
                if key in keys:
                    self.left.emit(*keys[Qt.Key(key)])
                    return True
        return super().event(event)

    def focusOutEvent(self, event: QFocusEvent) -> None:
        """Take the text."""
        super().focusOutEvent(event)
        if event.reason() is not Qt.FocusReason.PopupFocusReason:
            self.left.emit(True, 0)
