"""Digits from files: opening them and reading them all, beside the window, with cancel."""

from functools import partial
from pathlib import Path

from PySide6.QtCore import QObject, Signal, Slot
from PySide6.QtWidgets import QFileDialog, QWidget

from cnn_explorer.core.browsing import Choice
from cnn_explorer.core.confusion import confusion
from cnn_explorer.core.evaluation import Readings, read_digits
from cnn_explorer.core.forward import Cancelled
from cnn_explorer.core.reading import no_reading
from cnn_explorer.core.schemes import ChannelScheme
from cnn_explorer.core.state import State
from cnn_explorer.core.trained import is_as_trained
from cnn_explorer.gui.accuracy_dialog import AccuracyDialog
from cnn_explorer.gui.digits_strip import DigitsStrip
from cnn_explorer.gui.document import Document
from cnn_explorer.gui.settings import SettingsStore
from cnn_explorer.gui.worker import LongJob
from cnn_explorer.io.datasets import Digits, DigitsError, open_digits

_FILTER = "Digits (*.gz *.idx *ubyte *.npz);;All files (*)"


class DigitsFiles(QObject):
    """Opens digits for the strip, and reads them all, one job at a time.

    Parameters
    ----------
    document, store
        Whose network reads, and where the last folder is kept.
    strip
        What steps through the digits.
    window
        Parent of the dialogs.

    Signals
    -------
    progressed(done, total)
        How far the job is.
    ended(text)
        It is over, or, while `busy`, another cannot start; what to tell the user in passing.
    refused(sentence)
        Why digits cannot be opened, or not be read.
    """

    progressed = Signal(int, int)
    ended = Signal(str)
    refused = Signal(str)

    def __init__(
        self, document: Document, store: SettingsStore, strip: DigitsStrip, window: QWidget
    ) -> None:
        super().__init__(window)
        self._document = document
        self._store = store
        self._strip = strip
        self._window = window
        self._dialog: AccuracyDialog | None = None
        self._readings: Readings | None = None
        self._asked_to_show = False
        self._job = LongJob(self)
        self._job.progressed.connect(self.progressed)
        self._job.succeeded.connect(self._succeed)
        self._job.failed.connect(self._fail)
        strip.readings_wanted.connect(self._read_for_choice)
        strip.accuracy_wanted.connect(self.show_accuracy)
        strip.opened.connect(self._forget)
        document.changed.connect(self._follow)

    @property
    def busy(self) -> bool:
        """Whether digits are being opened or read."""
        return self._job.busy

    @Slot()
    def ask(self) -> None:
        """Ask for a file of digits, and open it."""
        path, _ = QFileDialog.getOpenFileName(
            self._window, "Open digits", self._store.current.folder, _FILTER
        )
        if path:
            self._store.update(folder=str(Path(path).parent))
            self.open(path)

    @Slot()
    def ask_folder(self) -> None:
        """Ask for a folder of pictures, and open it."""
        path = QFileDialog.getExistingDirectory(
            self._window, "Open folder of digits", self._store.current.folder
        )
        if path:
            self._store.update(folder=str(Path(path).parent))
            self.open(path)

    @Slot(str)
    def open(self, path: str) -> None:
        """Open a file or a folder of digits."""
        if self._can_start():
            self._job.run(partial(open_digits, Path(path)))

    @Slot()
    def show_accuracy(self) -> None:
        """Show how many are read right, after reading them if need be."""
        if self._readings is not None and self._is_fresh(self._readings):
            self._show_dialog()
        else:
            self._asked_to_show = self._read_all()

    @Slot()
    def cancel(self) -> None:
        """Stop what runs; nothing of it stays."""
        self._job.cancel()

    def shut_down(self) -> None:
        """Stop what runs and join the thread."""
        self._job.shut_down()

    def _can_start(self) -> bool:
        if self._job.busy:
            self.ended.emit("Digits are still being read; wait for that or cancel it")
            return False
        self.progressed.emit(0, 1)
        return True

    @Slot()
    def _read_for_choice(self) -> None:
        if not self._read_all():
            self._strip.give_up_readings()

    def _read_all(self) -> bool:
        """Start to read all digits; False where that cannot be."""
        state, digits = self._document.state, self._strip.digits
        reason = no_reading(state)
        if reason:
            self.refused.emit(reason)
            return False
        if digits is None or not self._can_start():
            return False
        self._job.run(partial(read_digits, state, digits.images))
        return True

    @Slot(object)
    def _succeed(self, result: Digits | Readings) -> None:
        if isinstance(result, Digits):
            self.ended.emit(f"{result.name}: {len(result):,} digits")
            self._strip.open(result)
            return
        self.ended.emit(f"{len(result.classes):,} digits were read")
        if self._strip.digits is None:
            return
        self._readings = result
        self._strip.use_readings(result)
        if self._asked_to_show or self._dialog is not None:
            self._asked_to_show = False
            self._show_dialog()

    @Slot(object)
    def _fail(self, error: BaseException) -> None:
        self._asked_to_show = False
        self._strip.give_up_readings()
        if isinstance(error, Cancelled):
            self.ended.emit("Cancelled")
            return
        self.ended.emit("")
        if not isinstance(error, DigitsError):
            raise error
        self.refused.emit(str(error))

    def _show_dialog(self) -> None:
        digits, readings = self._strip.digits, self._readings
        assert digits is not None
        assert digits.labels is not None
        assert readings is not None
        if self._dialog is None:
            self._dialog = AccuracyDialog(self._window)
            self._dialog.chosen.connect(self._open_cell)
            self._dialog.again.connect(self.show_accuracy)
        source = f"{digits.name}, {_by(readings)}"
        self._dialog.show_counts(confusion(readings.classes, digits.labels), source)
        self._dialog.set_stale(not self._is_fresh(readings))
        self._dialog.show()
        self._dialog.raise_()

    @Slot(int, int)
    def _open_cell(self, label: int, reading: int) -> None:
        self._strip.choose(Choice(label, reading))

    @Slot(bool)
    def _forget(self, is_open: bool) -> None:
        """Other digits, or none: what was read is of no use."""
        self._readings = None
        self._asked_to_show = False
        if not is_open and self._job.busy:
            self._job.cancel()
        if self._dialog is not None:
            self._dialog.close()
            self._dialog.deleteLater()
            self._dialog = None

    @Slot(object, object)
    def _follow(self, new: State, old: State) -> None:
        if self._dialog is not None and self._readings is not None:
            self._dialog.set_stale(not self._is_fresh(self._readings))

    def _is_fresh(self, readings: Readings) -> bool:
        return readings.are_of(self._document.state)


def _by(readings: Readings) -> str:
    """By whom they are: “read by 8-16, edited, in the scheme “Shared kernel””."""
    state = readings.state
    trained = state.network.trained
    assert trained is not None  # else there is no reading
    words = [f"read by {trained.name}"]
    if not is_as_trained(state.network):
        words.append("edited")
    if state.scheme is not ChannelScheme.REAL:
        words.append(f"in the scheme “{state.scheme.label}”")
    if state.centred:
        words.append("each centred first")
    return ", ".join(words)
