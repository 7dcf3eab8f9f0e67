"""Keeps unsaved work aside while one works, so that a crash costs seconds."""

from functools import partial
from pathlib import Path

from PySide6.QtCore import QObject, QTimer, Signal, Slot

from cnn_explorer.core.state import State
from cnn_explorer.gui.document import Document
from cnn_explorer.gui.session_files import SessionFiles
from cnn_explorer.gui.worker import LongJob
from cnn_explorer.io.autosaves import Aside, AutosavePlace, new_place
from cnn_explorer.io.files import FileError

IDLE = 2_000
"""Milliseconds without a change after which work is kept."""

LATEST = 15_000
"""Milliseconds after which it is kept although changes go on."""


class Autosave(QObject):
    """Writes the document when it is not saved and was changed, and removes it when it is saved.

    Parameters
    ----------
    folder
        Where all windows have their places; this one's is made when there is something to keep.
    document, files
        What changes, and whether it is saved.

    Signals
    -------
    failed(sentence)
        Work cannot be kept; said once, until it can.
    """

    failed = Signal(str)

    def __init__(
        self,
        folder: Path,
        document: Document,
        files: SessionFiles,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._folder = folder
        self._document = document
        self._files = files
        self._place: AutosavePlace | None = None
        self._kept: State | None = None
        self._failing = False
        self._ended = False
        self._idle = QTimer(self, singleShot=True, interval=IDLE)
        self._latest = QTimer(self, singleShot=True, interval=LATEST)
        self._job = LongJob(self)
        for timer in (self._idle, self._latest):
            timer.timeout.connect(self.keep)
        document.changed.connect(self._follow)
        files.saved_changed.connect(self.keep)
        self._job.succeeded.connect(self._end)
        self._job.failed.connect(self._fail)

    @Slot()
    def keep(self) -> None:
        """Keep the work as it is now, or remove what was kept if it is saved."""
        self._idle.stop()
        self._latest.stop()
        if self._job.busy:
            self._idle.start()
        elif not self._files.modified:
            self._forget()
        elif self._document.state is not self._kept:
            try:
                self._job.run(partial(_kept, self._own_place(), self._work()))
            except FileError as error:
                self._fail(error)

    def adopt(self, place: AutosavePlace) -> None:
        """Take over the place of a window that is gone, whose work goes on here."""
        self._give_up()
        self._place = place

    def end(self) -> None:
        """Remove what was kept: the work is saved, or not wanted. Later calls do nothing."""
        if self._stop():
            self._give_up()

    def leave(self) -> None:
        """End, but keep what is not saved for the next start."""
        if not self._files.modified:
            self.end()
        elif self._stop():
            try:
                place = self._own_place()
                place.keep(self._work())
                place.unlock()
            except FileError as error:
                self._fail(error)
            self._place = None

    def _stop(self) -> bool:
        """Whether it has not ended yet, which it does now."""
        if self._ended:
            return False
        self._ended = True
        self._idle.stop()
        self._latest.stop()
        self._document.changed.disconnect(self._follow)
        self._files.saved_changed.disconnect(self.keep)
        self._job.shut_down()
        return True

    def _give_up(self) -> None:
        self._forget()
        if self._place is not None:
            self._place.unlock()
            self._place = None

    def _own_place(self) -> AutosavePlace:
        """Where this window's work is kept; errors as of `new_place`."""
        if self._place is None:
            self._place = new_place(self._folder)
        return self._place

    def _work(self) -> Aside:
        return Aside(self._files.session, self._files.path, self._files.stamp)

    def _forget(self) -> None:
        self._kept = None
        if self._place is not None:
            self._place.forget()

    @Slot()
    def _follow(self) -> None:
        self._idle.start()
        if not self._latest.isActive():
            self._latest.start()

    @Slot(object)
    def _end(self, kept: State) -> None:
        self._kept = kept
        self._failing = False
        if not self._files.modified:
            self._forget()

    @Slot(object)
    def _fail(self, error: BaseException) -> None:
        if not isinstance(error, FileError):
            raise error
        if not self._failing:
            self._failing = True
            self.failed.emit(f"Unsaved work cannot be kept aside: {error}")


def _kept(place: AutosavePlace, work: Aside, **_: object) -> State:
    """Keep work: a task for `LongJob`."""
    place.keep(work)
    return work.session.state
