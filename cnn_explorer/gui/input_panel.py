"""The input: the canvas with its tools, and the pictures that can be read in."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np
from PySide6.QtCore import QMimeData, Qt, QTimer, Signal, Slot
from PySide6.QtGui import (
    QAction,
    QDragEnterEvent,
    QDropEvent,
    QFont,
    QGuiApplication,
    QImage,
    QImageReader,
)
from PySide6.QtWidgets import (
    QFileDialog,
    QHBoxLayout,
    QLabel,
    QMenu,
    QSizePolicy,
    QSlider,
    QToolButton,
    QVBoxLayout,
    QWidget,
    QWidgetAction,
)

from cnn_explorer.core.activations import Array
from cnn_explorer.core.drawing import MAX_SIZE, MIN_SIZE, SIDE, blank
from cnn_explorer.core.state import State
from cnn_explorer.gui.canvas import HELP, Canvas
from cnn_explorer.gui.centring import Centring
from cnn_explorer.gui.digit_grid import DigitGrid
from cnn_explorer.gui.digits_strip import DigitsStrip
from cnn_explorer.gui.document import Document
from cnn_explorer.gui.prediction import Prediction
from cnn_explorer.gui.scrolled_rows import MARGIN as _MARGIN
from cnn_explorer.gui.scrolled_rows import ScrolledRows
from cnn_explorer.gui.settings import Settings, SettingsStore
from cnn_explorer.gui.worker import LongJob
from cnn_explorer.io.datasets import may_hold_digits
from cnn_explorer.io.digits import digit
from cnn_explorer.io.exports import MANIFEST, holds_export
from cnn_explorer.io.images import ImageError, Picture, from_image, read_drawing
from cnn_explorer.io.session import ENDING, holds_session
from cnn_explorer.io.share import is_share
from cnn_explorer.io.weights import ENDINGS as NETWORKS
from cnn_explorer.io.weights import holds_network

_STEP = 0.5
_CAPTIONS = {
    "draw": "Draw",
    "erase": "Erase",
    "clear": "Clear",
    "open_image": "Image…",
    "paste_image": "Paste",
}


@dataclass(frozen=True, eq=False)
class _Reading:
    """A picture, where it came from, and what its undo step is called."""

    picture: Picture
    source: QImage | str
    text: str


class InputPanel(QWidget):
    """The drawing with all that changes it; image files and pictures can be dropped on it.

    Under the canvas is the strip of digits from elsewhere.

    Parameters
    ----------
    document, store
        What is drawn on, and where the size of the pen and the last folder are kept.
    actions
        "draw", "erase", "clear", "centre", "centring", "open_image" and "paste_image", by name; the
        buttons are theirs.
        Whoever made them connects them to the slots.

    Signals
    -------
    session_given(path), digits_given(path), network_given(path)
        What was opened, dropped or pasted is a session, digits in a file or a folder, or a network.
    share_given(text)
        What was pasted is a share string.
    export_given(path)
        What was opened, dropped or pasted is an export of this program.
    """

    session_given = Signal(str)
    share_given = Signal(str)
    export_given = Signal(str)
    digits_given = Signal(str)
    network_given = Signal(str)

    def __init__(
        self,
        document: Document,
        store: SettingsStore,
        actions: Mapping[str, QAction],
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._document = document
        self._store = store
        self._actions = actions
        self._reader = LongJob(self)
        self._read: _Reading | None = None
        self.canvas = Canvas(document, store, self)
        self.digits = DigitsStrip(document, self)
        self.centring = Centring(document, actions, self)
        self.prediction = Prediction(store, self)
        self.setAcceptDrops(True)
        self._lay_out()
        self._show_size(store.current.pen_size)
        self._show_note("")
        self.choose_pen()
        document.changed.connect(self._forget_picture)
        store.changed.connect(self._show_settings)
        self._reader.succeeded.connect(self._use_reading)
        self._reader.failed.connect(self._show_failure)
        self._size.valueChanged.connect(self._set_size)
        self._digits.chosen.connect(self.use_digit)
        self._again.clicked.connect(self._read_again)

    @property
    def tools(self) -> list[QWidget]:
        """All below the drawing but the prediction, if that is open."""
        kept = self.prediction if self._store.current.prediction else None
        return [part for part in self._tools.parts if part is not kept]

    @Slot(bool)
    def hide_answers(self, hides: bool) -> None:
        """Keep back what is read in the drawing, or show it."""
        self.prediction.setVisible(not hides)
        self.digits.hide_answers(hides)

    def shut_down(self) -> None:
        """Wait for a picture that is being read."""
        self._reader.shut_down()

    # What the actions do.

    @Slot()
    def choose_pen(self) -> None:
        """Let the left button draw."""
        self.canvas.erasing = False
        self._actions["draw"].setChecked(True)

    @Slot()
    def choose_eraser(self) -> None:
        """Let the left button erase."""
        self.canvas.erasing = True
        self._actions["erase"].setChecked(True)

    @Slot()
    def clear(self) -> None:
        """Take all ink away."""
        self._replace("Clear", blank())

    @Slot(int, int)
    def use_digit(self, label: int, style: int = 0) -> None:
        """Draw a sample digit."""
        self._digits_menu.close()
        self._replace(f"Digit {label}", digit(label, style))

    @Slot()
    def open_image(self) -> None:
        """Ask for an image file and read it."""
        path, _ = QFileDialog.getOpenFileName(
            self.window(), "Open image", self._store.current.folder, _name_filters()
        )
        if path:
            self._store.update(folder=str(Path(path).parent))
            self.use_path(path)

    @Slot()
    def paste_image(self) -> None:
        """Read the picture, the image file or the share string that the clipboard holds."""
        mime = QGuiApplication.clipboard().mimeData()
        if is_share(mime.text()):
            self._show_note("")
            self.share_given.emit(mime.text())
        elif self.accepts(mime):
            self.use_mime(mime, "Paste image")
        else:
            self.show_problem("The clipboard holds no image; copy one first.")

    def accepts(self, mime: QMimeData) -> bool:
        """Whether `use_mime` can try this: it is a picture, or names a file on this machine."""
        return mime.hasImage() or bool(_files(mime))

    def use_mime(self, mime: QMimeData, text: str = "Open image") -> None:
        """Read what was dropped or pasted; `text` names the undo step."""
        files = _files(mime)
        if len(files) > 1:
            self.show_problem(f"Only one file at a time can be opened, not {len(files)}.")
        elif files:
            self.open_path(files[0], text)
        else:
            image = mime.imageData()
            self.use_image(image if isinstance(image, QImage) else QImage(), text)

    @Slot()
    def open_file(self) -> None:
        """Ask for a file of any kind that opens, and open it."""
        path, _ = QFileDialog.getOpenFileName(
            self.window(), "Open", self._store.current.folder, _all_filters()
        )
        if path:
            self._store.update(folder=str(Path(path).parent))
            self.open_path(path)

    def open_path(self, path: str, text: str = "Open image") -> None:
        """Open a file as what it holds: a session, a network, digits, or else a picture."""
        for holds, given in (
            (holds_session, self.session_given),
            (holds_export, self.export_given),
            (holds_network, self.network_given),
            (may_hold_digits, self.digits_given),
        ):
            if holds(Path(path)):
                self._show_note("")
                given.emit(path)
                return
        self.use_path(path, text)

    def use_path(self, path: str, text: str = "Open image") -> None:
        """Read an image file in the background, then draw it."""
        self._show_note(f"Reading {Path(path).name}…")
        self._reader.run(partial(_read, path, text))

    def use_image(self, image: QImage, text: str = "Paste image") -> None:
        """Read a picture in the background, then draw it."""
        self._show_note("Reading the picture…")
        self._reader.run(partial(_read, image, text))

    def _replace(self, text: str, drawing: Array) -> None:
        state = self._document.state
        if not np.array_equal(drawing, state.drawing):
            self._document.commit(text, replace(state, drawing=drawing))

    # A picture was read.

    @Slot(object)
    def _use_reading(self, reading: _Reading) -> None:
        self._read = reading
        self._replace(reading.text, reading.picture.drawing)
        if reading.picture.inverted:
            note, again = "Read as dark ink on light paper and inverted.", "Not inverted"
        else:
            note, again = "Read as light ink on a dark ground.", "Invert"
        self._show_note(note, again, reading)

    @Slot(object)
    def _show_failure(self, error: Exception) -> None:
        self._show_note("")
        if not isinstance(error, ImageError):
            raise error
        self.show_problem(str(error))

    @Slot()
    def _read_again(self) -> None:
        """Read the same picture with light and dark the other way round."""
        reading = self._read
        if reading is not None:
            invert = not reading.picture.inverted
            self._reader.run(partial(_read, reading.source, reading.text, invert))

    @Slot(object, object)
    def _forget_picture(self, new: State, old: State) -> None:
        """What was said of a picture holds no longer once another drawing is there."""
        shown = self._read is not None and new.drawing is self._read.picture.drawing
        if new.drawing is not old.drawing and not shown:
            self._show_note("")

    def _show_note(self, note: str, again: str = "", reading: _Reading | None = None) -> None:
        self._read = reading
        self._problem.hide()
        self._note.setText(_breakable(note))
        self._note.setVisible(bool(note))
        self._again.setText(again)
        self._again.setVisible(bool(again))

    @Slot(str)
    def show_problem(self, problem: str) -> None:
        """Say in a sentence what cannot be done."""
        self._show_note("")
        self._problem.setText(_breakable(problem))
        self._problem.show()

    # The pen.

    @Slot(int)
    def _set_size(self, steps: int) -> None:
        self._store.update(pen_size=steps * _STEP)

    @Slot(object, object)
    def _show_settings(self, new: Settings, old: Settings) -> None:
        if new.pen_size != old.pen_size:
            self._show_size(new.pen_size)
        if new.prediction and not old.prediction:
            QTimer.singleShot(0, self._reveal_prediction)

    @Slot()
    def _reveal_prediction(self) -> None:
        """Scroll to what was opened, once it has its height."""
        self._tools.ensureWidgetVisible(self.prediction)

    def _show_size(self, size: float) -> None:
        self._size.setValue(round(size / _STEP))
        self._size_label.setText(_pixels(size))

    # Files and pictures that are dropped here.

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        """Say whether it can be dropped."""
        if self.accepts(event.mimeData()):
            _copy(event)

    def dropEvent(self, event: QDropEvent) -> None:
        """Read it."""
        _copy(event)
        self.use_mime(event.mimeData())

    # The widgets.

    def _lay_out(self) -> None:
        self._size = QSlider(Qt.Orientation.Horizontal, self)
        self._size.setRange(round(MIN_SIZE / _STEP), round(MAX_SIZE / _STEP))
        self._size.setPageStep(2)
        self._size.setAccessibleName("Size of the pen, in half pixels")
        self._size.setToolTip("Size of the pen and the eraser")
        self._size_label = QLabel(self)
        self._size_label.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        self._note = _wrapped("quiet")
        self._problem = _wrapped("warning")
        self._again = QToolButton(self)
        self._again.setToolTip("Read the same picture with light and dark the other way round")

        column = QVBoxLayout(self)
        column.setContentsMargins(0, _MARGIN, 0, _MARGIN)
        column.setSpacing(0)
        column.addLayout(self._heading())
        column.addWidget(self.canvas)
        self._tools = ScrolledRows(self)
        rows = self._tools.rows
        rows.addWidget(self.digits)
        rows.addLayout(self._buttons("draw", "erase", "clear"))
        rows.addLayout(_row(QLabel("Pen", self), self._size, self._size_label))
        rows.addWidget(self.centring)
        rows.addWidget(self._digits_button())
        rows.addLayout(self._buttons("open_image", "paste_image"))
        rows.addWidget(self._note)
        rows.addWidget(self._problem)
        rows.addWidget(self._again, 0, Qt.AlignmentFlag.AlignLeft)
        rows.addWidget(self.prediction)
        rows.addStretch(1)
        column.addWidget(self._tools, 1)

    def _heading(self) -> QHBoxLayout:
        title = QLabel("Input", self)
        title.setProperty("role", "heading")
        font = QFont()
        font.setCapitalization(QFont.Capitalization.AllUppercase)
        font.setLetterSpacing(QFont.SpacingType.PercentageSpacing, 106)
        title.setFont(font)
        title.setToolTip(HELP)
        shape = QLabel(f"{SIDE}×{SIDE}×1", self)
        shape.setProperty("role", "quiet")
        shape.setToolTip("Rows × columns × maps")
        row = _row(title, None, shape)
        row.setContentsMargins(_MARGIN, 0, _MARGIN, 0)
        return row

    def _buttons(self, *names: str) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setSpacing(4)
        for name in names:
            action = self._actions[name]
            action.setIconText(_CAPTIONS[name])
            button = QToolButton(self)
            button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextOnly)
            button.setDefaultAction(action)
            button.setStyleSheet("padding: 3px 1px")  # three of them are as narrow as the panel
            button.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
            row.addWidget(button)
        return row

    def _digits_button(self) -> QToolButton:
        button = QToolButton(self)
        button.setText("Sample digit ▾")
        button.setAccessibleName("Sample digit")
        button.setToolTip("Draw one of the sample digits")
        button.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        button.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self._digits = DigitGrid()
        self._digits_menu = QMenu(button)
        entry = QWidgetAction(self._digits_menu)
        entry.setDefaultWidget(self._digits)
        self._digits_menu.addAction(entry)
        self._digits_menu.aboutToShow.connect(self._digits.fill)
        button.setMenu(self._digits_menu)
        return button


def _read(source: QImage | str, text: str, invert: bool | None = None, **_: object) -> _Reading:
    """Read a picture: a task for `LongJob`."""
    if isinstance(source, QImage):
        return _Reading(from_image(source, invert=invert), source, text)
    try:
        return _Reading(read_drawing(source, invert=invert), source, text)
    except ImageError as error:
        # The folder is known to one who just chose the file, and there is little room.
        raise ImageError(str(error).replace(source, Path(source).name)) from error


def _copy(event: QDropEvent) -> None:
    """Accept a drop as a copy: after a move its source would delete the file."""
    event.setDropAction(Qt.DropAction.CopyAction)
    event.accept()


def _files(mime: QMimeData) -> list[str]:
    return [url.toLocalFile() for url in mime.urls() if url.isLocalFile()]


def _name_filters() -> str:
    """All formats that Qt reads but SVG, which `read_drawing` refuses."""
    return f"Images ({_image_patterns()});;All files (*)"


def _all_filters() -> str:
    """What opens, in one, and the sessions alone."""
    session = f"*{ENDING}"
    networks = " ".join(f"*{ending}" for ending in NETWORKS)
    every = f"{session} {networks} {MANIFEST} *.gz *.idx *ubyte {_image_patterns()}"
    return f"All that opens ({every});;Sessions ({session});;All files (*)"


def _image_patterns() -> str:
    formats = {bytes(name.data()).decode() for name in QImageReader.supportedImageFormats()}
    return " ".join(f"*.{name}" for name in sorted(formats - {"svg", "svgz"}))


def _pixels(size: float) -> str:
    return f"{size:.1f} px"


def _breakable(text: str) -> str:
    """Let a label wrap within a word that is too long for a line, such as a file's name."""
    return " ".join("\u200b".join(word) if len(word) > 16 else word for word in text.split(" "))


def _wrapped(role: str) -> QLabel:
    label = QLabel()
    label.setProperty("role", role)
    label.setTextFormat(Qt.TextFormat.PlainText)
    label.setWordWrap(True)
    return label


def _row(*widgets: QWidget | None) -> QHBoxLayout:
    """Widgets side by side; None takes the room that is left."""
    row = QHBoxLayout()
    row.setSpacing(8)
    for widget in widgets:
        if widget is None:
            row.addStretch(1)
        else:
            row.addWidget(widget)
    return row
