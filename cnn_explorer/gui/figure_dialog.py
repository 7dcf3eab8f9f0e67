"""Copy figure: which part of the window, how sharp, on which ground; to the clipboard or a file."""

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from PySide6.QtCore import (
    QBuffer,
    QIODevice,
    QObject,
    QRectF,
    QSize,
    QStandardPaths,
    Qt,
    Signal,
    Slot,
)
from PySide6.QtGui import QGuiApplication, QImage, QPainter, QPaintEvent
from PySide6.QtWidgets import (
    QApplication,
    QDialog,
    QDialogButtonBox,
    QFileDialog,
    QHBoxLayout,
    QLabel,
    QMessageBox,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from cnn_explorer.core.sentences import compact
from cnn_explorer.gui.fields import ComboBox
from cnn_explorer.gui.figures import FigureError, figure, figure_size
from cnn_explorer.gui.settings import SettingsStore
from cnn_explorer.gui.worker import LongJob
from cnn_explorer.io.files import FileError, write_atomically

Parts = Sequence[tuple[str, QWidget]]
"""Parts of the window that are in view, by the names they have for the user."""


class FigureDialog(QDialog):
    """Shows a figure as it will be, no sharper than the screen, and copies or saves it.

    It is empty until `show_figure`: before it is open, marks of the pointer are in the window.

    Parameters
    ----------
    parts
        What to choose from.
    chosen
        Index of the part that is shown first.
    store
        The last folder.

    Signals
    -------
    said(text)
        What was done; the dialog closes then.
    """

    said = Signal(str)

    def __init__(
        self, parts: Parts, chosen: int, store: SettingsStore, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._parts = parts
        self._store = store
        self._path = self._size = ""
        self._painted: tuple[QImage, QWidget | None, bool] = QImage(), None, False
        self._job = LongJob(self)
        self.setWindowTitle("Copy figure")
        self._part, self._scale, self._ground = (ComboBox(self) for _ in range(3))
        for name, _ in parts:
            self._part.addItem(name)
        self._part.setCurrentIndex(chosen)
        for scale in (2, 4):
            self._scale.addItem(f"×{scale}", scale)
        self._scale.setToolTip("Pixels of the picture for each pixel of the screen")
        for text, dark in (("White", False), ("Dark", True)):
            self._ground.addItem(text, dark)
        self._preview = _Preview(self)
        self._says = QLabel(self)
        self._says.setWordWrap(True)
        self._says.setMinimumHeight(2 * self.fontMetrics().height())
        self._says.setAlignment(Qt.AlignmentFlag.AlignTop)
        self._buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close, self)
        self._copy = self._buttons.addButton("&Copy", QDialogButtonBox.ButtonRole.AcceptRole)
        self._save = self._buttons.addButton(
            "&Save as PNG…", QDialogButtonBox.ButtonRole.ActionRole
        )
        self._copy.setDefault(True)
        self._lay_out()
        for combo in (self._part, self._scale, self._ground):
            combo.currentIndexChanged.connect(self.show_figure)
        self._buttons.accepted.connect(self._copy_image)
        self._buttons.rejected.connect(self.reject)
        self._save.clicked.connect(self._ask_path)
        self._job.succeeded.connect(self._saved)
        self._job.failed.connect(self._not_saved)

    def done(self, result: int) -> None:
        """Wait for a file that is being written, and close."""
        self._job.shut_down()
        super().done(result)

    def _lay_out(self) -> None:
        choices = QHBoxLayout()
        for text, combo in (
            ("&Part", self._part),
            ("&Resolution", self._scale),
            ("&Ground", self._ground),
        ):
            label = QLabel(text, self)
            label.setBuddy(combo)
            combo.setAccessibleName(text.replace("&", ""))
            choices.addWidget(label)
            choices.addWidget(combo, int(combo is self._part))
            choices.addSpacing(6)
        column = QVBoxLayout(self)
        column.addLayout(choices)
        column.addWidget(self._preview, 1)
        column.addWidget(self._says)
        column.addWidget(self._buttons)

    @property
    def _name(self) -> str:
        return self._part.currentText()

    @property
    def _chosen(self) -> tuple[QWidget, int, bool]:
        """Which figure: part, scale, and whether on a dark ground."""
        _, widget = self._parts[self._part.currentIndex()]
        return widget, self._scale.currentData(), self._ground.currentData()

    @Slot()
    def show_figure(self) -> None:
        """Show the figure that is chosen, or say why there is none."""
        widget, scale, dark = self._chosen
        preview = QImage()
        try:
            self._size = _size_text(figure_size(widget, scale))
            self._says.setText(self._size)
            if self._painted[1:] != (widget, dark):
                # A sharp one of the window takes long; it is painted when it is asked for.
                self._painted = figure(widget, 1, dark), widget, dark
            preview = self._painted[0]
        except FigureError as error:
            self._says.setText(str(error))
        self._preview.show_image(preview, f"{self._name}: {self._says.text()}")
        self._copy.setEnabled(not preview.isNull())
        self._save.setEnabled(not preview.isNull())

    @Slot()
    def _copy_image(self) -> None:
        QGuiApplication.clipboard().setImage(figure(*self._chosen))
        self.said.emit(f"Copied “{self._name}” as a picture, {self._size}")
        self.accept()

    # Saving.

    @Slot()
    def _ask_path(self) -> None:
        pictures = QStandardPaths.StandardLocation.PicturesLocation
        folder = self._store.current.folder or QStandardPaths.writableLocation(pictures)
        name = self._name.lower().replace(" ", "-")
        path, _ = QFileDialog.getSaveFileName(
            self, "Save as PNG", str(Path(folder) / f"{name}.png"), "PNG pictures (*.png)"
        )
        if not path:
            return
        if not path.lower().endswith(".png"):
            path += ".png"
            # The file dialog asked about the name without the ending.
            if Path(path).exists() and not self._may_replace(path):
                return
        self._path = path
        self.setEnabled(False)
        self._job.run(partial(_write, figure(*self._chosen), path))

    def _may_replace(self, path: str) -> bool:
        answer = QMessageBox.question(
            self,
            "Replace file?",
            f"{path} exists already. Replace?",
            QMessageBox.StandardButton.Yes | QMessageBox.StandardButton.Cancel,
            QMessageBox.StandardButton.Cancel,
        )
        return answer == QMessageBox.StandardButton.Yes

    @Slot(object)
    def _saved(self, _: object) -> None:
        self._store.update(folder=str(Path(self._path).parent))
        self.said.emit(f"Saved “{self._name}” as {self._path}, {self._size}")
        self.accept()

    @Slot(object)
    def _not_saved(self, error: BaseException) -> None:
        self.setEnabled(True)
        self._save.setFocus()
        if not isinstance(error, FileError):
            raise error
        self._says.setText(str(error))


class Figures(QObject):
    """Opens the dialog on what is in view.

    Parameters
    ----------
    parts
        Says which parts there are now, the one to fall back on first; hidden ones are left out.
    store
        The last folder.
    window
        Parent of the dialog.

    Signals
    -------
    said(text)
        What was copied or saved.
    """

    said = Signal(str)

    def __init__(self, parts: Callable[[], Parts], store: SettingsStore, window: QWidget) -> None:
        super().__init__(window)
        self._parts = parts
        self._store = store
        self._window = window
        self._focus: QWidget | None = None

    @Slot()
    def ask(self) -> None:
        """Ask which figure to copy: at first, that of the part with the keyboard's focus."""
        parts = [(name, widget) for name, widget in self._parts() if widget.isVisible()]
        widgets = [widget for _, widget in parts]
        self._focus = QApplication.focusWidget() or self._window.focusWidget()
        focus: QWidget | None = self._focus
        while focus is not None and focus not in widgets:
            focus = focus.parentWidget()
        chosen = 0 if focus is None else widgets.index(focus)
        dialog = FigureDialog(parts, chosen, self._store, self._window)
        dialog.said.connect(self.said)
        dialog.finished.connect(self._give_focus_back)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        if self._focus is not None:
            self._focus.clearFocus()  # its ring would be in the picture
        dialog.open()
        dialog.show_figure()

    @Slot()
    def _give_focus_back(self) -> None:
        if self._focus is not None:
            self._focus.setFocus()


class _Preview(QWidget):
    """A picture, smaller where it does not fit."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._image = QImage()
        self._fitted = QImage()
        self.setAccessibleName("Preview")
        self.setMinimumSize(300, 180)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)

    def show_image(self, image: QImage, description: str) -> None:
        """Show a picture, or nothing where it is null."""
        self._image, self._fitted = image, QImage()
        self.setAccessibleDescription(description)
        self.update()

    def sizeHint(self) -> QSize:
        """Large enough to see what it is."""
        return QSize(640, 420)

    def paintEvent(self, event: QPaintEvent) -> None:
        """The picture in the middle, framed: its ground may be the dialog's."""
        if self._image.isNull():
            return
        ratio = self.devicePixelRatioF()
        room = (self.size() * ratio).boundedTo(self._image.size())
        size = self._image.size().scaled(room, Qt.AspectRatioMode.KeepAspectRatio)
        if self._fitted.size() != size:
            self._fitted = self._image.scaled(
                size,
                Qt.AspectRatioMode.IgnoreAspectRatio,
                Qt.TransformationMode.SmoothTransformation,
            )
        target = QRectF(0, 0, size.width() / ratio, size.height() / ratio)
        target.moveCenter(QRectF(self.rect()).center())
        painter = QPainter(self)
        try:
            painter.drawImage(target, self._fitted)
            painter.setPen(self.palette().mid().color())
            painter.drawRect(target.adjusted(0, 0, -1, -1))
        finally:
            painter.end()


def _size_text(size: QSize) -> str:
    return f"{compact(size.width())} × {compact(size.height())} pixels"


def _write(image: QImage, path: str, **_: object) -> None:
    """Write a picture as PNG: a task for `LongJob`, since a large one takes a second."""
    buffer = QBuffer()
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    if not image.save(buffer, "PNG"):  # type: ignore[call-overload]
        raise MemoryError("Qt could not encode a picture.")
    write_atomically(path, bytes(buffer.data().data()))
