"""Exports opened again: read beside the window, and put into the document as one step of undo."""

from dataclasses import replace
from functools import partial
from pathlib import Path

from PySide6.QtCore import QObject, Signal, Slot
from PySide6.QtWidgets import QMessageBox, QWidget

from cnn_explorer.core.state import State
from cnn_explorer.gui.document import Document
from cnn_explorer.gui.worker import LongJob
from cnn_explorer.io.exports import ExportedError, load_export


class ExportFiles(QObject):
    """Opens the document that an export came from.

    Parameters
    ----------
    document
        What is changed.
    window
        Parent of the messages.

    Signals
    -------
    said(text)
        What was opened.
    """

    said = Signal(str)

    def __init__(self, document: Document, window: QWidget) -> None:
        super().__init__(window)
        self._document = document
        self._window = window
        self._job = LongJob(self)
        self._job.succeeded.connect(self._end)
        self._job.failed.connect(self._fail)

    def shut_down(self) -> None:
        """Wait for an export that is being read."""
        self._job.shut_down()

    @Slot(str)
    def open(self, path: str) -> None:
        """Read an export in the background, then put its document in place of this one."""
        self._job.run(partial(_opened, Path(path)))

    @Slot(object)
    def _end(self, state: State) -> None:
        self._document.commit("Open export", replace(state, scenes=self._document.state.scenes))
        self.said.emit("Opened what the export came from; undo brings back what was there")

    @Slot(object)
    def _fail(self, error: BaseException) -> None:
        if not isinstance(error, ExportedError):
            raise error
        QMessageBox.warning(self._window, "Open export", str(error))


def _opened(path: Path, **_: object) -> State:
    """Read an export: a task for `LongJob`."""
    return load_export(path).state
