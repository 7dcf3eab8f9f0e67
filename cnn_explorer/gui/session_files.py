"""Which file the document is of: new, open, save, and what is not saved yet."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from PySide6.QtCore import QObject, Signal, Slot
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QWidget

from cnn_explorer.core.state import State
from cnn_explorer.gui.document import Document
from cnn_explorer.gui.question_box import QuestionBox, Role
from cnn_explorer.gui.save_names import ask_save_name
from cnn_explorer.gui.settings import SettingsStore
from cnn_explorer.gui.unsaved_work import UnsavedWork
from cnn_explorer.gui.viewing import Viewing
from cnn_explorer.gui.worker import LongJob
from cnn_explorer.io.files import FileError, Stamp, stamp
from cnn_explorer.io.session import ENDING, Session, SessionError, load, opening_state, save

UNTITLED = "Untitled"

_KINDS = {"CNN Explorer sessions": ENDING}
_CANCEL = ("Cancel", Role.RejectRole)
_QUESTIONS = {
    "unsaved": {
        "save": ("Save", Role.AcceptRole),
        "discard": ("Discard", Role.DestructiveRole),
        "cancel": _CANCEL,
    },
    "replaced": {
        "save as": ("Save as…", Role.AcceptRole),
        "overwrite": ("Overwrite", Role.DestructiveRole),
        "cancel": _CANCEL,
    },
    "failed": {"save as": ("Save as…", Role.AcceptRole), "cancel": _CANCEL},
}


class SessionFiles(QObject):
    """Opens and saves the document with its view, and knows whether it is saved.

    Parameters
    ----------
    actions
        All actions by name; "new", "save" and "save_as" are connected here.
    document, viewing, store
        What is saved, and where the last folder and the last file are kept.
    window
        Whose title names the file, and the parent of dialogs.

    Signals
    -------
    said(text)
        What was opened or saved, or why not.
    saved_changed()
        The document is saved now, or is another.
    opened(path), vanished(path)
        A file was opened or saved as; one could not be opened.
    left()
        The window can be closed now: it was asked to, and nobody minds.
    """

    said = Signal(str)
    saved_changed = Signal()
    opened = Signal(Path)
    vanished = Signal(Path)
    left = Signal()

    def __init__(
        self,
        actions: Mapping[str, QAction],
        document: Document,
        viewing: Viewing,
        store: SettingsStore,
        window: QWidget,
    ) -> None:
        super().__init__(window)
        self._document = document
        self._viewing = viewing
        self._store = store
        self._window = window
        self._path: Path | None = None
        self._stamp: Stamp | None = None
        self._extra: Mapping[str, Any] = {}
        self._title = UNTITLED
        self._number = 0  # of the document, for a file is read or written while another is opened
        self._work = UnsavedWork(document.state)
        self._writing: _Writing | None = None
        self._reading: Path | None = None
        self._again = False
        self._after: Callable[[], object] | None = None  # what waits for the file to be written
        self._then: Callable[[], object] | None = None  # what waits for an answer, or for a save
        self._asking = False
        self._asked_about: Path | None = None
        self._job = LongJob(self)
        self._job.succeeded.connect(self._end)
        self._job.failed.connect(self._fail)
        document.changed.connect(self._follow)
        actions["new"].triggered.connect(self.new)
        actions["save"].triggered.connect(self.save)
        actions["save_as"].triggered.connect(self.save_as)
        self._show_title()

    @property
    def path(self) -> Path | None:
        """The document's file, or None."""
        return self._path

    @property
    def stamp(self) -> Stamp | None:
        """What that file was when it was read or written."""
        return self._stamp

    @property
    def modified(self) -> bool:
        """Whether there is work that no file holds."""
        return self._work.is_in(self._document.state)

    @property
    def session(self) -> Session:
        """What a file is to hold."""
        return Session(self._document.state, self._viewing.current, self._extra)

    # Opening.

    def use(
        self,
        session: Session,
        path: Path | None,
        stamp: Stamp | None = None,
        name: str = UNTITLED,
    ) -> None:
        """Replace the document by a session that was read; there is no way back.

        Parameters
        ----------
        session
            What is opened.
        path, stamp
            Its file, and what that was when it was read; None for none.
        name
            What it is called without a file.
        """
        self._title = name
        self._replace(session, path, stamp, session.state)

    def restore(self, session: Session, path: Path | None, stamp: Stamp | None) -> None:
        """Go on with work that was left unsaved."""
        self._title = UNTITLED
        self._replace(session, path, stamp, None)

    def _replace(
        self, session: Session, path: Path | None, stamp: Stamp | None, saved: State | None
    ) -> None:
        self._number += 1
        self._extra = session.extra
        self._work = UnsavedWork(saved)
        self._take_name(path, stamp)
        self._viewing.open(session.state, session.view)
        self._show_title()
        self.saved_changed.emit()

    def _take_name(self, path: Path | None, stamp: Stamp | None) -> None:
        self._path, self._stamp = path, stamp
        self._store.update(session="" if path is None else str(path))
        if path is not None:
            self.opened.emit(path)

    @Slot()
    def new(self) -> None:
        """Begin anew, as at the first start."""
        self.begin(Session(opening_state()))

    def begin(self, session: Session, name: str = UNTITLED) -> None:
        """Open a session that has no file of its own, once unsaved work is cared for."""
        self._leave(partial(self.use, session, None, name=name))

    @Slot(str)
    def open(self, path: str) -> None:
        """Read a session in the background; then ask what is to become of unsaved work."""
        self._reading = Path(path).absolute()
        self._job.run(partial(_read, self._reading))

    # Saving.

    @Slot()
    def save(self) -> None:
        """Save into the document's file, or ask for one."""
        if self._writing is not None:  # being written; what was drawn meanwhile comes after
            self._again = True
        elif self._path is None:
            self.save_as()
        elif stamp(self._path) not in (None, self._stamp):
            self._ask(
                "replaced",
                f"{self._path.name} was changed by another program since it was opened here.",
                "To overwrite it discards those changes.",
                self._path,
            )
        else:
            self._write(self._path)

    @Slot()
    def save_as(self) -> None:
        """Ask for a file, and save there."""
        if self._writing is not None:
            self._after = self.save_as
            return
        proposal = self._path or Path(self._store.current.folder, _file_name(self._title))
        self._asking = True  # what is read meanwhile is opened after the save
        named = ask_save_name(self._window, "Save session", proposal, _KINDS)
        self._asking = False
        if named is None:
            self._stay()
            return
        path, _ = named
        self._store.update(folder=str(path.parent))
        self._write(path)

    def _write(self, path: Path) -> None:
        session = self.session
        self._writing = _Writing(self._number, UnsavedWork(session.state))
        self._job.run(partial(_written, path, session))

    @Slot(object)
    def _end(self, result: tuple[str, Session, Path, Stamp | None]) -> None:
        what, session, path, stamp = result
        if what == "read":
            if path == self._reading:  # none was asked for after it
                self._reading = None
                self._leave(partial(self.use, session, path, stamp))
            return
        ours, again = self._end_writing()
        self.said.emit(f"Saved {path.name}")
        if ours is not None:
            self._work = ours
            self._take_name(path, stamp)
            self._show_title()
            self.saved_changed.emit()
        if again and self.modified:
            self.save()
        elif self._after is not None:
            after, self._after = self._after, None
            after()
        elif self._then is not None and not self._asking:  # more may have been drawn meanwhile
            self._leave(self._then)

    def _end_writing(self) -> tuple[UnsavedWork | None, bool]:
        """What the document has beyond a file that was written, and whether to write it again.

        None and False where another document was opened meanwhile.
        """
        writing, again = self._writing, self._again
        self._writing, self._again = None, False
        if writing is None or writing.number != self._number:
            return None, False
        return writing.work, again

    @Slot(object)
    def _fail(self, error: BaseException) -> None:
        if isinstance(error, _Unread):
            self.vanished.emit(error.path)
            box = QuestionBox(self._window, str(error), "", {"close": ("Close", Role.RejectRole)})
            box.open()
        elif isinstance(error, FileError):
            ours, _ = self._end_writing()
            self._after = None  # what is left of leaving follows a save that does not fail
            if ours is not None:
                self._ask("failed", str(error), "Your work is still here, but not saved.")
            else:
                self.said.emit(str(error))
        else:
            self._end_writing()  # nothing waits for what will not come
            self._stay()
            raise error

    # Leaving the document.

    def may_close(self) -> bool:
        """Whether the window can be closed at once; where not, `left` may follow."""
        if self.modified:
            self._leave(self.left.emit)
            return False
        return True

    def discard(self) -> None:
        """Mind no more that the document is not saved."""
        self._work = UnsavedWork(self._document.state)
        self._show_title()

    def shut_down(self) -> None:
        """Wait for a file that is being read or written."""
        self._job.shut_down()

    def _leave(self, then: Callable[[], object]) -> None:
        """Do what ends with this document, once its unsaved work is cared for."""
        if self._writing is not None:  # whether there is such work is known when it is written
            self._after = partial(self._leave, then)
            self.said.emit("The session is being saved first.")
            return
        self._then = then
        if self._asking:  # the answer will be for this instead
            return
        if self.modified:
            self._ask("unsaved", f"Save the changes to {self._called}?", "Otherwise they are lost.")
        else:
            self._go_on()

    @property
    def _called(self) -> str:
        """The document in a sentence."""
        if self._path is not None:
            return self._path.name
        return "this session" if self._title == UNTITLED else f"“{self._title}”"

    def _stay(self) -> None:
        """Do nothing of what was to end with this document."""
        self._then = self._after = None

    def _go_on(self) -> None:
        then, self._then = self._then, None
        if then is not None:
            then()

    def _ask(self, question: str, text: str, detail: str, path: Path | None = None) -> None:
        self._asking, self._asked_about = True, path
        box = QuestionBox(self._window, text, detail, _QUESTIONS[question])
        box.answered.connect(self._answer)
        box.open()

    @Slot(str)
    def _answer(self, answer: str) -> None:
        self._asking = False
        if answer == "save":
            self.save()
        elif answer == "save as":
            self.save_as()
        elif answer == "overwrite":
            assert self._asked_about is not None
            self._write(self._asked_about)
        elif answer == "discard":
            self.discard()
            self._go_on()
        else:
            self._stay()

    @Slot(object, object)
    def _follow(self, new: State, old: State) -> None:
        self._work.follow(new, old)
        if self._writing is not None:
            self._writing.work.follow(new, old)
        self._show_title()

    def _show_title(self) -> None:
        name = (self._path.stem if self._path else self._title).replace("[*]", "[*][*]")
        self._window.setWindowTitle(f"{name}[*] - CNN Explorer")
        self._window.setWindowModified(self.modified)


@dataclass(frozen=True)
class _Writing:
    """A save: of which document, and what that has beyond it since."""

    number: int
    work: UnsavedWork


class _Unread(Exception):
    """A session could not be opened."""

    def __init__(self, path: Path, sentence: str) -> None:
        super().__init__(sentence)
        self.path = path


def _file_name(title: str) -> str:
    """A title as a file's name, without what some system does not take in one."""
    return "".join(letter for letter in title if letter not in '\\/:*?"<>|') + ENDING


def _read(path: Path, **_: object) -> tuple[str, Session, Path, Stamp | None]:
    """Read a session: a task for `LongJob`."""
    before = stamp(path)
    try:
        return "read", load(path), path, before
    except SessionError as error:
        raise _Unread(path, str(error)) from None


def _written(path: Path, session: Session, **_: object) -> tuple[str, Session, Path, Stamp | None]:
    """Save a session: a task for `LongJob`."""
    save(path, session)
    return "written", session, path, stamp(path)
