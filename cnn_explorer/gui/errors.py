"""An unexpected error: a dialog with a report to copy, and the program goes on."""

import faulthandler
import platform
import sys
import threading
import traceback
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import TextIO

from PySide6.QtCore import QObject, Signal, Slot, qVersion
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QLabel,
    QPlainTextEdit,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from cnn_explorer import __version__


class ErrorDialog(QDialog):
    """Says that something went wrong, with the report.

    Parameters
    ----------
    report
        Text of the report.
    """

    def __init__(self, report: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("Unexpected error")
        self.resize(620, 380)
        words = QLabel(
            "Something went wrong that should not. Your drawing and network are still there, and "
            "you can go on. The report below helps to mend it; it holds no drawing and no file.",
            self,
        )
        words.setWordWrap(True)
        self._report = QPlainTextEdit(report, self)
        self._report.setReadOnly(True)
        self._report.setAccessibleName("Error report")
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close, self)
        copy = QPushButton("&Copy report", self)
        buttons.addButton(copy, QDialogButtonBox.ButtonRole.ActionRole)
        copy.clicked.connect(self.copy)
        buttons.rejected.connect(self.reject)
        column = QVBoxLayout(self)
        column.addWidget(words)
        column.addWidget(self._report)
        column.addWidget(buttons)

    @Slot()
    def copy(self) -> None:
        """Put the report on the clipboard."""
        QGuiApplication.clipboard().setText(self._report.toPlainText())


class ErrorHook(QObject):
    """Takes exceptions that nothing caught, in any thread, to a dialog on the GUI thread.

    Parameters
    ----------
    crash_file
        Where a crash of the interpreter itself leaves its traces.

    Signals
    -------
    reported(report)
        Something was raised that nothing caught.
    """

    reported = Signal(str)

    def __init__(self, crash_file: Path, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.reported.connect(self._show)
        self._dialog: ErrorDialog | None = None
        self._before = sys.excepthook, threading.excepthook
        self._crash_file: TextIO | None = None
        with suppress(OSError):  # where nothing can be kept, a crash leaves no traces
            self._crash_file = crash_file.open("w", encoding="utf-8")
            faulthandler.enable(self._crash_file)
        sys.excepthook = self._caught
        threading.excepthook = self._caught_in_thread

    def remove(self) -> None:
        """Leave exceptions to the hooks that were there before."""
        sys.excepthook, threading.excepthook = self._before
        if self._crash_file is not None:
            faulthandler.disable()
            self._crash_file.close()
        if self._dialog is not None:
            self._dialog.deleteLater()

    def _caught(
        self, kind: type[BaseException], error: BaseException, trace: TracebackType | None
    ) -> None:
        if issubclass(kind, KeyboardInterrupt):
            QGuiApplication.quit()
            return
        text = "".join(traceback.format_exception(kind, error, trace))
        print(text, end="", file=sys.stderr)
        self.reported.emit(report_of(text))

    def _caught_in_thread(self, args: threading.ExceptHookArgs) -> None:
        self._caught(args.exc_type, args.exc_value or args.exc_type(), args.exc_traceback)

    @Slot(str)
    def _show(self, report: str) -> None:
        # One dialog at a time: an error in painting would open them without end.
        if self._dialog is None or not self._dialog.isVisible():
            self._dialog = ErrorDialog(report)
            self._dialog.open()


def report_of(trace: str) -> str:
    """A traceback with the versions that it happened on."""
    return (
        f"CNN Explorer {__version__}, Python {platform.python_version()}, Qt {qVersion()}, "
        f"{platform.platform()}\n\n{trace}"
    )
