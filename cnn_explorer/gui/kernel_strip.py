"""The kernels of one map side by side, as many as a few lines hold."""

from collections.abc import Sequence

import numpy as np
from PySide6.QtCore import QEvent, Qt, Signal
from PySide6.QtGui import QHelpEvent
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

from cnn_explorer.core.activations import Array
from cnn_explorer.core.mosaic import fitted
from cnn_explorer.core.sentences import short
from cnn_explorer.gui.colouring import Colouring, pictures_of
from cnn_explorer.gui.marks import Pictures
from cnn_explorer.gui.tiles import TileArea

LEAST_SIDE, MOST_SIDE = 36, 60
"""Logical pixels of a kernel's longer side."""

MOST_LINES = 4
"""Of kernels of one map; those beyond are on the layer's card."""


class KernelStrip(TileArea):
    """The kernels of one map side by side, those that fit into a few lines.

    Signals
    -------
    left_out(count)
        How many kernels did not fit; emitted whenever it may have changed.
    """

    left_out = Signal(int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._kernels: Array = np.zeros((1, 1, 1), np.float32)
        self._names: Sequence[Sequence[str]] = ()
        self._colouring: Colouring | None = None
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self.viewport().setAutoFillBackground(False)

    def show_kernels(
        self, kernels: Array, names: Sequence[Sequence[str]], colouring: Colouring
    ) -> None:
        """Show kernels.

        Parameters
        ----------
        kernels
            float32, shape (kernels, kh, kw).
        names
            What each is applied to, the longest first: “map 2”, “2”.
        colouring
            Its one scale is that of the kernels.
        """
        self._kernels, self._names, self._colouring = kernels, names, colouring
        self._arrange()
        self.refresh()

    def pictures(self, indices: Sequence[int]) -> Pictures:
        """Colours of some kernels."""
        assert self._colouring is not None
        return pictures_of([self._kernels[i] for i in indices], self.map_size, self._colouring, 0)

    def captions(self, index: int) -> Sequence[str]:
        """What the kernel is applied to."""
        return self._names[index]

    def resizeEvent(self, event: QEvent) -> None:
        """Fill the new width."""
        super().resizeEvent(event)
        self._arrange()

    def changeEvent(self, event: QEvent) -> None:
        """Follow the size of the text."""
        super().changeEvent(event)
        if event.type() is QEvent.Type.FontChange:
            self._arrange()

    def viewportEvent(self, event: QEvent) -> bool:
        """Tell the weights of the kernel under the pointer."""
        if isinstance(event, QHelpEvent):
            spot = self.spot_at(event.pos().toPointF())
            text = ""
            if spot is not None:
                weights = _weights_text(self._kernels[spot.index])
                text = f"<p>on {self._names[spot.index][0]}</p><pre>{weights}</pre>"
            QToolTip.showText(event.globalPos(), text, self)
            return True
        return super().viewportEvent(event)

    def _arrange(self) -> None:
        ratio = self.devicePixelRatioF()
        count, rows, columns = self._kernels.shape
        least, gap, margin = round(LEAST_SIDE * ratio), round(10 * ratio), round(3 * ratio)
        caption = round((self.fontMetrics().height() + 2) * ratio)
        multiple = -(-least // max(rows, columns))
        width = int(self.width() * ratio)
        in_line = max(1, (width - 2 * margin + gap) // (columns * multiple + gap))
        shown = min(count, MOST_LINES * in_line)
        mosaic = fitted(
            1,
            shown,
            (rows, columns),
            (width, MOST_LINES * (rows * multiple + caption + gap) - gap + 2 * margin),
            least=least,
            most=round(MOST_SIDE * ratio),
            caption=caption,
            gap=gap,
            margin=margin,
        )
        self.arrange(mosaic, (rows, columns), mosaic.size[1])
        self.left_out.emit(count - shown)


def _weights_text(kernel: Array) -> str:
    """A table of a kernel's weights."""
    return "\n".join(" ".join(f"{short(float(value)):>8}" for value in row) for row in kernel)
