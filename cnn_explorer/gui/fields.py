"""Fields that the mouse wheel does not change by accident while the user scrolls past them."""

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QWheelEvent
from PySide6.QtWidgets import QComboBox, QDoubleSpinBox, QSpinBox, QWidget


class _Calm:
    """Of a widget: listens to the wheel only while it has the focus."""

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Scroll the page unless focused."""
        if self.hasFocus():  # type: ignore[attr-defined]
            super().wheelEvent(event)  # type: ignore[misc]
        else:
            event.ignore()


class SpinBox(_Calm, QSpinBox):
    """A spin box that listens to the wheel only while it has the focus."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setKeyboardTracking(False)


class NumberBox(_Calm, QDoubleSpinBox):
    """A field for a number with decimals that listens to the wheel only while it has the focus."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setKeyboardTracking(False)
        self.setDecimals(3)
        self.setSingleStep(0.05)
        # It takes more than is allowed, so that the reason can be said.
        self.setRange(-9999, 9999)
        self.setFixedWidth(self.fontMetrics().horizontalAdvance("−00.000") + 30)


class ComboBox(_Calm, QComboBox):
    """A combo box that listens to the wheel only while it has the focus.

    It is as wide as its choice, not as the widest that there is.
    """

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.currentIndexChanged.connect(self.updateGeometry)

    def sizeHint(self) -> QSize:
        """Room for the choice."""
        hint, metrics = super().sizeHint(), self.fontMetrics()
        texts = [self.itemText(index) for index in range(self.count())]
        widest = max(map(metrics.horizontalAdvance, texts), default=0)
        return hint - QSize(widest - metrics.horizontalAdvance(self.currentText()), 0)

    def minimumSizeHint(self) -> QSize:
        """The same: a choice is never cut off."""
        return self.sizeHint()

    def showPopup(self) -> None:
        """Open the list, wide enough for every choice."""
        self.view().setMinimumWidth(super().sizeHint().width())
        super().showPopup()
