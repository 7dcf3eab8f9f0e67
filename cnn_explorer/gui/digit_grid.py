"""The sample digits as pictures to choose from."""

import numpy as np
from PySide6.QtCore import QSize, Qt, Signal, Slot
from PySide6.QtGui import QIcon, QImage, QKeyEvent, QPixmap
from PySide6.QtWidgets import QButtonGroup, QGridLayout, QToolButton, QWidget

from cnn_explorer.core.activations import Array
from cnn_explorer.core.drawing import SIDE
from cnn_explorer.io.digits import digit, styles


class DigitGrid(QWidget):
    """A picture of each sample digit: a column for each digit, a row for each style.

    Signals
    -------
    chosen(label, style)
        One was picked.
    """

    chosen = Signal(int, int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._pictures = QButtonGroup(self)
        self._pictures.setExclusive(False)
        self._pictures.idClicked.connect(self._choose)
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(6, 6, 6, 6)
        self._grid.setSpacing(2)

    @Slot()
    def fill(self) -> None:
        """Paint the pictures when they are first looked at; the keyboard starts at the first."""
        if not self._pictures.buttons():
            self._add_pictures()
        self._pictures.button(0).setFocus()

    def _add_pictures(self) -> None:
        for label in range(10):
            for style, name in enumerate(styles(label)):
                button = QToolButton(self)
                button.setIcon(_picture(digit(label, style)))
                button.setIconSize(QSize(SIDE, SIDE))
                button.setProperty("flat", True)
                button.setAccessibleName(f"Digit {label}, {name}")
                button.setToolTip(f"{label}, {name}")
                self._grid.addWidget(button, style, label)
                self._pictures.addButton(button, 10 * style + label)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Let Enter choose, as everywhere in menus."""
        focused = self.focusWidget()
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and isinstance(
            focused, QToolButton
        ):
            focused.click()
        else:
            super().keyPressEvent(event)

    @Slot(int)
    def _choose(self, number: int) -> None:
        self.chosen.emit(number % 10, number // 10)


def _picture(drawing: Array) -> QIcon:
    grey = np.rint(drawing * 255).astype(np.uint8)
    image = QImage(grey.data, SIDE, SIDE, SIDE, QImage.Format.Format_Grayscale8)
    return QIcon(QPixmap.fromImage(image.scaled(4 * SIDE, 4 * SIDE)))
