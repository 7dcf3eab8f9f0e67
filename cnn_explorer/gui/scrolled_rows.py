"""Rows of tools that scroll where they have no room."""

from PySide6.QtCore import QSize, Qt, Slot
from PySide6.QtWidgets import QFrame, QScrollArea, QVBoxLayout, QWidget

MARGIN = 8
"""Logical pixels beside the tools."""


class ScrolledRows(QScrollArea):
    """A column of tools, to which its owner adds; what is above it stays where it is.

    Attributes
    ----------
    rows
        The column.
    """

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setWidgetResizable(True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._content = QWidget(self)
        self.rows = QVBoxLayout(self._content)
        self.rows.setSpacing(MARGIN)
        self.setWidget(self._content)
        # The dock's own ground shows through.
        self.viewport().setAutoFillBackground(False)
        self._content.setAutoFillBackground(False)
        self.verticalScrollBar().rangeChanged.connect(self._make_room)
        self._make_room(0, 0)

    @property
    def parts(self) -> list[QWidget]:
        """The tools, from the top."""
        layout = Qt.FindChildOption.FindDirectChildrenOnly
        return self._content.findChildren(QWidget, options=layout)

    @Slot(int, int)
    def _make_room(self, least: int, most: int) -> None:
        """Let the scroll bar stand in the margin, so that no more is taken from the tools."""
        self.rows.setContentsMargins(MARGIN, 0, 0 if most else MARGIN, 0)

    def minimumSizeHint(self) -> QSize:
        """As wide as the tools need, with the scroll bar; a few of them high."""
        bar = self.verticalScrollBar().sizeHint().width() - MARGIN
        content = self._content.minimumSizeHint().width()
        return QSize(content + max(bar, 0), 8 * self.fontMetrics().height())

    def sizeHint(self) -> QSize:
        """Room for all."""
        return self.minimumSizeHint()
