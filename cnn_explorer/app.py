"""The program with its window: application, folders, settings, errors."""

import os
import sys
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import QEvent, QObject, QStandardPaths, QTimer, Slot
from PySide6.QtGui import QFont, QFontDatabase, QIcon
from PySide6.QtWidgets import QApplication, QMessageBox

from cnn_explorer import __version__
from cnn_explorer.core.state import State
from cnn_explorer.gui.errors import ErrorHook
from cnn_explorer.gui.main_window import MainWindow
from cnn_explorer.gui.settings import Settings, SettingsStore
from cnn_explorer.gui.theme import apply_theme
from cnn_explorer.io import session
from cnn_explorer.io.files import FileError
from cnn_explorer.io.resources import resource


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
    """The window with what surrounds it: settings, theme, text size, the last document.

    Parameters
    ----------
    app
        The application.
    folders
        Where settings and the last document are kept.
    """

    def __init__(self, app: QApplication, folders: Folders) -> None:
        super().__init__(app)
        self._problems: list[str] = []
        for folder in (folders.config, folders.data):
            try:
                folder.mkdir(parents=True, exist_ok=True)
            except OSError as error:
                self._problems.append(f"Nothing can be kept in {folder}: {error.strerror}.")
        self._app = app
        self._last = folders.data / "last.cnnx"
        self._base_size = app.font().pointSizeF()
        self.errors = ErrorHook(folders.data / "crash.log", self)
        self.store = SettingsStore(folders.config / "settings.json", self)
        self._apply(self.store.current)
        if self.store.problem:
            self._problems.append(self.store.problem)
        self.window = MainWindow(self._last_state(), self.store)
        self.store.changed.connect(self._settings_changed)
        self.window.closing.connect(self._keep)
        app.styleHints().colorSchemeChanged.connect(self._desktop_changed)

    def show(self) -> None:
        """Show the window; what takes long to load comes after its first paint."""
        self.window.installEventFilter(self)
        self.window.show()

    def end(self) -> None:
        """Close the window if it is open, and give the hooks for errors back."""
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
        if not QFontDatabase.families():
            problem = "No font is installed, so no text shows; install one, such as DejaVu."
            self._problems.append(problem)
            print(problem, file=sys.stderr)
        if self._problems:
            text = "\n\n".join(self._problems)
            box = QMessageBox(QMessageBox.Icon.Information, "CNN Explorer", text)
            box.setParent(self.window, box.windowFlags())
            box.open()

    def _last_state(self) -> State:
        """The document of the last session, or the opening one; says why where it is neither."""
        if not os.path.exists(self._last):
            return session.opening_state()
        try:
            return session.load(self._last).state
        except session.SessionError as error:
            aside = self._last.with_name(self._last.name + ".bad")
            with suppress(OSError):
                self._last.replace(aside)
            where = "" if os.path.exists(self._last) else f" It was put aside as {aside}."
            self._problems.append(f"The last document is not back: {error}{where}")
            return session.opening_state()

    @Slot()
    def _keep(self) -> None:
        try:
            session.save(self._last, session.Session(self.window.document.state))
        except FileError as error:
            print(f"The document could not be kept for the next start: {error}", file=sys.stderr)

    @Slot(object, object)
    def _settings_changed(self, new: Settings, old: Settings) -> None:
        if (new.theme, new.text_scale) != (old.theme, old.text_scale):
            self._apply(new)

    @Slot()
    def _desktop_changed(self) -> None:
        self._apply(self.store.current)

    def _apply(self, settings: Settings) -> None:
        font = QFont(self._app.font())
        font.setPointSizeF(self._base_size * settings.text_scale / 100)
        self._app.setFont(font)
        apply_theme(self._app, settings.theme)


def run_window(argv: list[str]) -> int:
    """Open the window and return the exit code when it is closed."""
    app = application(argv)
    program = Program(app, Folders.of_user())
    program.show()
    try:
        return app.exec()
    finally:
        program.end()
