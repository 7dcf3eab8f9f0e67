"""The menu of kernels to begin from, each with its picture."""

from PySide6.QtCore import Signal, Slot
from PySide6.QtGui import QAction, QIcon, QImage, QPixmap
from PySide6.QtWidgets import QMenu, QWidget

from cnn_explorer.core.activations import Array
from cnn_explorer.core.display import ColourMap, colour, scale_of
from cnn_explorer.core.kernel_presets import PRESETS, presets_of

_SIDE = 32  # logical pixels of a picture


class PresetMenu(QMenu):
    """The presets that a kernel size can show.

    Signals
    -------
    chosen(name)
        A key of `cnn_explorer.core.kernel_presets.PRESETS`.
    """

    chosen = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.triggered.connect(self._choose)

    def fill(self, kernel_size: tuple[int, int], colours: ColourMap) -> None:
        """List the presets of a size, in a colour map."""
        self.clear()
        for name, kernel in presets_of(kernel_size).items():
            self.addAction(_picture(kernel, colours), PRESETS[name].label).setData(name)

    @Slot(QAction)
    def _choose(self, action: QAction) -> None:
        self.chosen.emit(action.data())


def _picture(kernel: Array, colours: ColourMap) -> QIcon:
    """A small picture of a kernel."""
    pixels = colour(kernel, colours, scale_of([kernel], colours))
    rows, columns = kernel.shape
    image = QImage(pixels.data, columns, rows, 4 * columns, QImage.Format.Format_RGB32)
    side = _SIDE // max(rows, columns)
    return QIcon(QPixmap.fromImage(image.scaled(columns * side, rows * side)))
