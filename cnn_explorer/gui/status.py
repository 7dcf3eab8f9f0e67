"""The status bar: the value under the pointer, how the maps were computed, long work."""

from PySide6.QtCore import QSize, Qt, Signal, Slot
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QLabel, QProgressBar, QSizePolicy, QStatusBar, QToolButton, QWidget

from cnn_explorer.core.forward import Activations
from cnn_explorer.core.schemes import costs
from cnn_explorer.core.sentences import compact
from cnn_explorer.core.state import State


class Line(QWidget):
    """One line of text that changes with every frame, without a new layout each time.

    Parameters
    ----------
    grows
        Whether it asks for the room of its longest text so far; else it takes what it gets.
    """

    def __init__(self, parent: QWidget | None = None, *, grows: bool = False) -> None:
        super().__init__(parent)
        self._text = ""
        self._grows = grows
        self._width = 0

    def text(self) -> str:
        """The text."""
        return self._text

    def setText(self, text: str) -> None:
        """Show another text."""
        if text == self._text:
            return
        self._text = text
        self.setAccessibleName(text)
        width = self.fontMetrics().horizontalAdvance(text) + 4
        if self._grows and width > self._width:
            self._width = width
            self.updateGeometry()
        self.update()

    def sizeHint(self) -> QSize:
        """A line high."""
        return QSize(self._width, self.fontMetrics().height() + 2)

    def minimumSizeHint(self) -> QSize:
        """As wide as the longest text, where it grows."""
        return self.sizeHint()

    def paintEvent(self, event: QPaintEvent) -> None:
        """The text, cut where there is no room."""
        painter = QPainter(self)
        text = self.fontMetrics().elidedText(self._text, Qt.TextElideMode.ElideRight, self.width())
        side = Qt.AlignmentFlag.AlignRight if self._grows else Qt.AlignmentFlag.AlignLeft
        painter.drawText(self.rect(), side | Qt.AlignmentFlag.AlignVCenter, text)
        painter.end()


class StatusBar(QStatusBar):
    """Left: what the pointer is on. Right: method, convolutions, time, parameters.

    Signals
    -------
    cancelled()
        The user asks the long work to stop.
    """

    cancelled = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setSizeGripEnabled(False)
        self._spot = Line(self)
        self._spot.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        self._pass = Line(self, grows=True)
        self._parameters = QLabel(self)
        self._bar = QProgressBar(self)
        self._bar.setFixedWidth(160)
        self._bar.setAccessibleName("Progress of the work")
        self._cancel = QToolButton(self)
        self._cancel.setText("Cancel")
        self._cancel.clicked.connect(self.cancelled)
        self.addWidget(self._spot, 1)
        for widget in (self._bar, self._cancel, self._pass, self._parameters):
            self.addPermanentWidget(widget)
        self.setContentsMargins(8, 0, 8, 0)
        self._parameters.setContentsMargins(12, 0, 0, 0)
        self.end_work()

    def show_spot(self, text: str) -> None:
        """Say what is under the pointer, or pinned, or ""."""
        self._spot.setText(text)

    def show_pass(self, activations: Activations, signal_ready: bool) -> None:
        """Say which method ran, how many convolutions, and how long."""
        name = {"signal": "scipy.signal", "matmul": "matrix product"}[activations.method]
        if activations.method == "matmul" and not signal_ready:
            name += " (scipy.signal is loading)"
        plural = "" if activations.convolutions == 1 else "s"
        where = " where it changed" if any(activations.changed) else ""
        self._pass.setText(
            f"{name} · {compact(activations.convolutions)} convolution{plural}{where} · "
            f"{activations.seconds * 1e3:.1f} ms"
        )

    def show_computing(self) -> None:
        """Say that the maps shown are out of date."""
        self._pass.setText("computing…")

    def show_parameters(self, state: State) -> None:
        """Say how many parameters the network has in the scheme at hand."""
        layers = costs(state.network, state.scheme)
        count = sum(layer.weights + layer.biases for layer in layers)
        self._parameters.setText(f"{compact(count)} parameters")

    @Slot(int, int)
    def show_progress(self, done: int, total: int) -> None:
        """Show how far the long work is."""
        self._bar.setRange(0, total)
        self._bar.setValue(done)
        self._bar.show()
        self._cancel.show()

    def end_work(self) -> None:
        """Take the progress bar away."""
        self._bar.hide()
        self._cancel.hide()
