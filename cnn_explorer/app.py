"""The program with its window: application, folders, settings, errors."""

import sys
from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import QEvent, QObject, QStandardPaths, QTimer, Slot
from PySide6.QtGui import QFont, QFontDatabase, QIcon
from PySide6.QtWidgets import QApplication, QMessageBox

from cnn_explorer import __version__
from cnn_explorer.gui.autosave import Autosave
from cnn_explorer.gui.errors import ErrorHook
from cnn_explorer.gui.main_window import MainWindow
from cnn_explorer.gui.recovery import Recovery
from cnn_explorer.gui.settings import Settings, SettingsStore
from cnn_explorer.gui.theme import LEGIBLE, apply_theme
from cnn_explorer.io.autosaves import Aside, AutosavePlace
from cnn_explorer.io.files import stamp
from cnn_explorer.io.resources import resource
from cnn_explorer.io.session import Session, SessionError, holds_session, load, opening_state


@dataclass(frozen=True)
class Folders:
    """Where the program keeps its own files."""

    config: Path
    data: Path

    @classmethod
    def of_user(cls) -> "Folders":
        """The desktop's usual places."""
        config = QStandardPaths.StandardLocation.AppConfigLocation
        data = QStandardPaths.StandardLocation.AppDataLocation
        return cls(
            Path(QStandardPaths.writableLocation(config)),
            Path(QStandardPaths.writableLocation(data)),
        )


def application(argv: list[str]) -> QApplication:
    """The one QApplication, named and styled; made with the arguments where there is none."""
    existing = QApplication.instance()
    app = existing if isinstance(existing, QApplication) else QApplication(argv)
    app.setApplicationName("cnn-explorer")
    app.setApplicationDisplayName("CNN Explorer")
    app.setApplicationVersion(__version__)
    app.setDesktopFileName("cnn-explorer")
    app.setStyle("Fusion")
    app.setWindowIcon(QIcon(str(resource("icons", "app.svg"))))
    return app


class Program(QObject):
    """The window with what surrounds it: settings, theme, text size, unsaved work.

    Parameters
    ----------
    app
        The application.
    folders
        Where settings and unsaved work are kept.
    path
        A file to open; without one, the session that was open when the last window closed.
    """

    def __init__(self, app: QApplication, folders: Folders, path: str | None = None) -> None:
        super().__init__(app)
        self._problems: list[str] = []
        for folder in (folders.config, folders.data):
            try:
                folder.mkdir(parents=True, exist_ok=True)
            except OSError as error:
                self._problems.append(f"Nothing can be kept in {folder}: {error.strerror}.")
        self._app = app
        self._base_size = app.font().pointSizeF()
        self._presenting = False
        self.errors = ErrorHook(folders.data / "crash.log", self)
        self.store = SettingsStore(folders.config / "settings.json", self)
        self._apply(self.store.current)
        if self.store.problem:
            self._problems.append(self.store.problem)
        opened = self._first_session(path)
        self.window = MainWindow(opened.session.state, self.store)
        self.window.sessions.use(opened.session, opened.path, opened.stamp)
        aside = folders.data / "autosave"
        self.autosave = Autosave(aside, self.window.document, self.window.sessions, self)
        self.recovery = Recovery(aside, self.window)
        self.store.changed.connect(self._settings_changed)
        self.window.presenter.changed.connect(self._present)
        self.autosave.failed.connect(self.window.status.show_spot)
        self.recovery.restored.connect(self._restore)
        self.recovery.problem.connect(self._add_problem)
        self.window.closing.connect(self._end_autosave)
        app.styleHints().colorSchemeChanged.connect(self._desktop_changed)

    def show(self) -> None:
        """Show the window; what takes long to load comes after its first paint."""
        self.window.installEventFilter(self)
        self.window.show()

    def end(self) -> None:
        """Close the window if it is open, and give the hooks for errors back.

        Nothing is asked: work that is not saved is offered at the next start.
        """
        self.autosave.leave()
        self.window.sessions.discard()
        self.window.close()
        self.errors.remove()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802  (Qt's name)
        """Wait for the window's first paint: its children are painted in the same event."""
        if event.type() == QEvent.Type.Paint:
            watched.removeEventFilter(self)
            QTimer.singleShot(0, self._after_first_paint)
        return False

    @Slot()
    def _after_first_paint(self) -> None:
        self.window.load_signal()
        self.recovery.offer()
        if self._given is not None:
            self.window.input.open_path(self._given)
        if not QFontDatabase.families():
            problem = "No font is installed, so no text shows; install one, such as DejaVu."
            self._problems.append(problem)
            print(problem, file=sys.stderr)
        self._tell_problems()

    @Slot(str)
    def _add_problem(self, problem: str) -> None:
        """Tell a problem, with those that come at the same time, in one box."""
        self._problems.append(problem)
        QTimer.singleShot(0, self._tell_problems)

    @Slot()
    def _tell_problems(self) -> None:
        if not self._problems:
            return
        text = "\n\n".join(self._problems)
        self._problems.clear()
        box = QMessageBox(QMessageBox.Icon.Information, "CNN Explorer", text)
        box.setParent(self.window, box.windowFlags())
        box.open()

    def _first_session(self, path: str | None) -> Aside:
        """What the window opens on; says why where that is not what it should be."""
        self._given: str | None = None
        if path is not None and not holds_session(Path(path)):
            self._given = path  # a picture, a network or digits: opened once the window is there
            return Aside(Session(opening_state()))
        last = path or self.store.current.session
        if not last:
            return Aside(Session(opening_state()))
        file = Path(last).absolute()
        before = stamp(file)
        try:
            return Aside(load(file), file, before)
        except SessionError as error:
            self._problems.append(str(error))
            return Aside(Session(opening_state()))

    @Slot(object, object)
    def _restore(self, place: AutosavePlace, work: Aside) -> None:
        self.autosave.adopt(place)
        self.window.sessions.restore(work.session, work.path, work.stamp)

    @Slot()
    def _end_autosave(self) -> None:
        self.recovery.shut_down()
        self.autosave.end()

    @Slot(object, object)
    def _settings_changed(self, new: Settings, old: Settings) -> None:
        if (new.theme, new.text_scale) != (old.theme, old.text_scale):
            self._apply(new)

    @Slot()
    def _desktop_changed(self) -> None:
        self._apply(self.store.current)

    def _apply(self, settings: Settings) -> None:
        self._resize_text()
        apply_theme(self._app, settings.theme)

    @Slot(bool)
    def _present(self, presenting: bool) -> None:
        self._presenting = presenting
        self._apply(self.store.current)

    def _resize_text(self) -> None:
        """Give text the size of the settings; to a class, at least what it can read."""
        size = self._base_size * self.store.current.text_scale / 100
        if self._presenting:
            inches = self._app.primaryScreen().logicalDotsPerInch()
            size = max(size, LEGIBLE * 72 / inches)
        font = QFont(self._app.font())
        font.setPointSizeF(size)
        self._app.setFont(font)


def run_window(argv: list[str], path: str | None = None) -> int:
    """Open the window, on a file if one is given; return the exit code when it is closed."""
    app = application(argv)
    program = Program(app, Folders.of_user(), path)
    program.show()
    try:
        return app.exec()
    finally:
        program.end()
