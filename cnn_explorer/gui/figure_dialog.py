"""Figure: which part of the window or the document, as what, how large, on which ground."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

from PySide6.QtCore import QStandardPaths, Qt, Signal, Slot
from PySide6.QtGui import QGuiApplication, QImage
from PySide6.QtWidgets import (
    QCheckBox,
    QDialog,
    QDialogButtonBox,
    QHBoxLayout,
    QLabel,
    QProgressBar,
    QVBoxLayout,
    QWidget,
)

from cnn_explorer.core.forward import Cancelled
from cnn_explorer.core.sentences import compact
from cnn_explorer.gui.animations import ENDINGS, MOVING_FORMATS, small
from cnn_explorer.gui.fields import ComboBox
from cnn_explorer.gui.figure_page import PAPERS, FigureError, Look, Page, image_of
from cnn_explorer.gui.figure_parts import DocumentPart, Part, ScreenPart
from cnn_explorer.gui.figure_preview import FigurePreview
from cnn_explorer.gui.save_names import ask_save_name
from cnn_explorer.gui.settings import SettingsStore
from cnn_explorer.gui.worker import LongJob
from cnn_explorer.io.files import FileError, write_atomically

_SHARP = 1400  # pixels across of a preview, at most


class FigureDialog(QDialog):
    """Shows a figure as it will be, copies it as pixels, or saves it.

    It is empty until `show_figure`: before it is open, marks of the pointer are in the window.

    Parameters
    ----------
    parts
        What to choose from.
    chosen
        Index of the part that is shown first.
    look
        How it is shown first.
    store
        The last folder.

    Signals
    -------
    said(text)
        What was done; the dialog closes then.
    """

    said = Signal(str)

    def __init__(
        self,
        parts: Sequence[Part],
        chosen: int,
        look: Look,
        store: SettingsStore,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._parts = parts
        self._store = store
        self._path = self._size = ""
        self._painted: tuple[QImage, Part | None, Look] = QImage(), None, look
        self._job = LongJob(self)
        self.setWindowTitle("Figure")
        self._part, self._format, self._paper, self._ground = (ComboBox(self) for _ in range(4))
        for part in parts:
            self._part.addItem(part.name)
        self._part.setCurrentIndex(chosen)
        for name, paper in PAPERS.items():
            self._paper.addItem(paper.label, name)
        for text, dark in (("White", False), ("Dark", True)):
            self._ground.addItem(text, dark)
        self._caption = QCheckBox("&Caption", self)
        self._caption.setToolTip("Below it: layers, numbers and ranges of what is shown")
        self._outlines = QCheckBox("&Text as outlines", self)
        self._outlines.setToolTip(
            "Outlines look the same everywhere; text can be edited, but needs the font"
        )
        self._preview = FigurePreview(self)
        self._says = QLabel(self)
        self._says.setWordWrap(True)
        self._says.setMinimumHeight(2 * self.fontMetrics().height())
        self._says.setAlignment(Qt.AlignmentFlag.AlignTop)
        self._bar = QProgressBar(self)
        self._bar.setAccessibleName("Progress of the figure")
        self._buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close, self)
        self._copy = self._buttons.addButton("C&opy", QDialogButtonBox.ButtonRole.AcceptRole)
        self._save = self._buttons.addButton("&Save…", QDialogButtonBox.ButtonRole.ActionRole)
        self._copy.setDefault(True)
        self._lay_out()
        self._offer_formats()
        self._take(look)
        self._connect()

    def done(self, result: int) -> None:
        """End what is being made or written, and close."""
        self._job.shut_down()
        super().done(result)

    def reject(self) -> None:
        """Stop what is being made, or close."""
        if self._job.busy:
            self._job.cancel()
        else:
            super().reject()

    def _lay_out(self) -> None:
        column = QVBoxLayout(self)
        lines = (
            (("&Part", self._part),),
            (("&Format", self._format), ("Si&ze", self._paper), ("&Ground", self._ground)),
        )
        for line in lines:
            row = QHBoxLayout()
            for text, combo in line:
                label = QLabel(text, self)
                label.setBuddy(combo)
                combo.setAccessibleName(text.replace("&", ""))
                row.addWidget(label)
                row.addWidget(combo, int(combo is self._part))
                row.addSpacing(6)
            if len(line) > 1:
                row.addWidget(self._caption)
                row.addSpacing(6)
                row.addWidget(self._outlines)
                row.addStretch(1)
            column.addLayout(row)
        column.addWidget(self._preview, 1)
        column.addWidget(self._says)
        column.addWidget(self._bar)
        column.addWidget(self._buttons)
        self._bar.hide()

    def _connect(self) -> None:
        self._part.currentIndexChanged.connect(self._offer_formats)
        for combo in (self._part, self._format, self._paper, self._ground):
            combo.currentIndexChanged.connect(self.show_figure)
        for box in (self._caption, self._outlines):
            box.toggled.connect(self.show_figure)
        self._buttons.accepted.connect(self._copy_image)
        self._buttons.rejected.connect(self.reject)
        self._save.clicked.connect(self._ask_path)
        self._job.progressed.connect(self._show_progress)
        self._job.succeeded.connect(self._saved)
        self._job.failed.connect(self._not_saved)

    # What is chosen.

    @property
    def look(self) -> Look:
        """How the figure is made."""
        return Look(
            self._format.currentData(),
            self._paper.currentData(),
            self._ground.currentData(),
            self._caption.isChecked(),
            self._outlines.isChecked(),
        )

    def _take(self, look: Look) -> None:
        """Choose a look, as far as the part can have it."""
        for combo, value in (
            (self._format, look.format),
            (self._paper, look.paper),
            (self._ground, look.dark),
        ):
            combo.setCurrentIndex(max(0, combo.findData(value)))
        self._caption.setChecked(look.captioned)
        self._outlines.setChecked(look.outlines)

    @property
    def _chosen(self) -> Part:
        return self._parts[self._part.currentIndex()]

    @property
    def _moves(self) -> bool:
        return self.look.format in MOVING_FORMATS

    @Slot()
    def _offer_formats(self) -> None:
        """Those that the part can become; the one that was chosen stays where it is among them."""
        before = self._format.currentData()
        formats = self._chosen.formats
        if list(formats) == [self._format.itemData(i) for i in range(self._format.count())]:
            return
        self._format.blockSignals(True)
        self._format.clear()
        for name, label in formats.items():
            self._format.addItem(label, name)
        self._format.setCurrentIndex(max(0, self._format.findData(before)))
        self._format.blockSignals(False)

    @Slot()
    def show_figure(self) -> None:
        """Show the figure that is chosen, or say why there is none."""
        look, part = self.look, self._chosen
        self._outlines.setEnabled(look.format == "svg")
        preview = QImage()
        try:
            page = part.page(look)
            self._size = _size_text(page, look)
            self._says.setText(self._size + (part.hint if isinstance(part, DocumentPart) else ""))
            # What it becomes makes no difference to what it looks like.
            same = replace(look, format="", outlines=True)
            if self._painted[1:] != (part, same):
                # A sharp one of the window takes long; it is painted when it is asked for.
                dots = min(page.dots, _SHARP / page.size.width(), page.drawn.ratio)
                self._painted = image_of(replace(page, dots=dots), look.dark), part, same
            preview = self._painted[0]
        except FigureError as error:
            self._says.setText(str(error))
        self._preview.show_image(preview, f"{part.name}: {self._says.text()}")
        self._copy.setEnabled(not preview.isNull() and not self._moves)
        self._save.setEnabled(not preview.isNull())

    @Slot()
    def _copy_image(self) -> None:
        look, part = self.look, self._chosen
        try:
            page = part.page(look)
            image = image_of(page, look.dark)
        except FigureError as error:
            self._says.setText(str(error))
            return
        QGuiApplication.clipboard().setImage(image)
        size = _size_text(page, replace(look, format="png"))
        self.said.emit(f"Copied “{part.name}” as a picture, {size}")
        self.accept()

    # Saving.

    @Slot()
    def _ask_path(self) -> None:
        look, part = self.look, self._chosen
        pictures = QStandardPaths.StandardLocation.PicturesLocation
        folder = self._store.current.folder or QStandardPaths.writableLocation(pictures)
        ending = ENDINGS.get(look.format, f".{look.format}")
        kind = part.formats[look.format]
        name = "-".join(part.name.lower().replace(",", "").replace("·", "").split())
        proposal = Path(folder, f"{name}{ending}")
        named = ask_save_name(self, f"Save as {kind}", proposal, {kind: ending})
        if named is None:
            return
        self._path = str(named[0])
        try:
            # Widgets are painted here; the rest is made beside the window.
            data = part.data(look) if isinstance(part, ScreenPart) else partial(part.make, look)
        except FigureError as error:
            self._says.setText(str(error))
            return
        self._set_busy(True)
        self._job.run(partial(_write, data, self._path))

    def _set_busy(self, busy: bool) -> None:
        """While a figure is made, only stopping it is left to do."""
        choices = (self._part, self._format, self._paper, self._ground, self._caption)
        for widget in (*choices, self._outlines, self._copy, self._save):
            widget.setEnabled(not busy)
        close = self._buttons.button(QDialogButtonBox.StandardButton.Close)
        close.setText("Cancel" if busy else "Close")
        self._bar.setRange(0, 0)
        self._bar.setVisible(busy and isinstance(self._chosen, DocumentPart))

    @Slot(int, int)
    def _show_progress(self, done: int, total: int) -> None:
        self._bar.setRange(0, total)
        self._bar.setValue(done)

    @Slot(object)
    def _saved(self, _: object) -> None:
        self._store.update(folder=str(Path(self._path).parent))
        self.said.emit(f"Saved “{self._chosen.name}” as {self._path}, {self._size}")
        self.accept()

    @Slot(object)
    def _not_saved(self, error: BaseException) -> None:
        self._set_busy(False)
        self.show_figure()
        self._save.setFocus()
        if isinstance(error, Cancelled):
            self._says.setText("Cancelled; nothing was written.")
        elif isinstance(error, FileError | FigureError):
            self._says.setText(str(error))
        else:
            raise error


def _size_text(page: Page, look: Look) -> str:
    """How large a file's figure is: in pixels, or on paper."""
    moves = look.format in MOVING_FORMATS
    pixels = (small(page) if moves else page).pixels
    if moves or look.format == "png":
        return f"{compact(pixels.width())} × {compact(pixels.height())} pixels"
    size = page.millimetres
    return f"{size.width():.0f} × {size.height():.0f} mm"


def _write(
    data: bytes | Callable[..., bytes],
    path: str,
    *,
    progress: Callable[[int, int], None],
    checkpoint: Callable[[], None],
) -> None:
    """Make a figure and write it: a task for `LongJob`."""
    made = data if isinstance(data, bytes) else data(progress=progress, checkpoint=checkpoint)
    checkpoint()
    write_atomically(path, made)
