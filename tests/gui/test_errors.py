"""Exceptions that nothing caught: a dialog with a report, and the program goes on."""

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QApplication, QDialogButtonBox, QPlainTextEdit, QPushButton
from pytestqt.qtbot import QtBot

from cnn_explorer import __version__
from cnn_explorer.gui import errors
from cnn_explorer.gui.errors import ErrorDialog, ErrorHook


class Button(QObject):
    """What has a slot that fails."""

    clicked = Signal(str)

    def __init__(self) -> None:
        super().__init__()
        self.clicked.connect(self.fail)
        self.done = 0

    def fail(self, text: str) -> None:
        if text:
            raise RuntimeError(text)
        self.done += 1


def fail(text: str) -> None:
    button = Button()
    button.clicked.emit(text)


@pytest.fixture
def hook(
    qapp: QApplication, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[ErrorHook]:
    # pytest has its own traces of crashes; those of the program are tested in a process of theirs.
    for name in ("enable", "disable"):
        monkeypatch.setattr(errors.faulthandler, name, lambda *_: None)
    hook = ErrorHook(tmp_path / "crash.log")
    yield hook
    hook.remove()
    hook.deleteLater()


def dialogs() -> list[ErrorDialog]:
    return [
        widget
        for widget in QApplication.topLevelWidgets()
        if isinstance(widget, ErrorDialog) and widget.isVisible()
    ]


def report(dialog: ErrorDialog) -> str:
    text = dialog.findChild(QPlainTextEdit)
    assert isinstance(text, QPlainTextEdit)
    return text.toPlainText()


def test_an_exception_in_a_slot_opens_a_dialog_and_the_program_goes_on(
    hook: ErrorHook, capsys: pytest.CaptureFixture[str]
) -> None:
    button = Button()
    button.clicked.emit("it broke")

    (dialog,) = dialogs()
    assert "RuntimeError: it broke" in report(dialog)
    assert "in fail" in report(dialog), "the report has the traceback"
    assert f"CNN Explorer {__version__}" in report(dialog)
    assert "RuntimeError: it broke" in capsys.readouterr().err
    button.clicked.emit("")
    assert button.done == 1


def test_an_exception_in_a_thread_reaches_the_dialog_too(
    hook: ErrorHook, qtbot: QtBot, capsys: pytest.CaptureFixture[str]
) -> None:
    where: list[threading.Thread] = []
    hook.reported.connect(lambda text: where.append(threading.current_thread()))
    thread = threading.Thread(target=lambda: 1 / 0)
    thread.start()
    thread.join()
    qtbot.waitUntil(lambda: bool(dialogs()))
    assert "ZeroDivisionError" in report(dialogs()[0])
    assert "ZeroDivisionError" in capsys.readouterr().err


def test_there_is_one_dialog_at_a_time(hook: ErrorHook, capsys: pytest.CaptureFixture[str]) -> None:
    button = Button()
    told: list[str] = []
    hook.reported.connect(told.append)
    button.clicked.emit("first")
    button.clicked.emit("second")
    (dialog,) = dialogs()
    assert "first" in report(dialog)
    assert len(told) == 2

    dialog.reject()
    button.clicked.emit("third")
    (dialog,) = dialogs()
    assert "third" in report(dialog)
    assert capsys.readouterr().err.count("Traceback") == 3


def test_the_report_can_be_copied_and_the_dialog_closed(
    hook: ErrorHook, qtbot: QtBot, capsys: pytest.CaptureFixture[str]
) -> None:
    fail("it broke")
    (dialog,) = dialogs()
    (copy,) = (b for b in dialog.findChildren(QPushButton) if "Copy" in b.text())
    qtbot.mouseClick(copy, Qt.MouseButton.LeftButton)
    assert QGuiApplication.clipboard().text() == report(dialog)
    assert dialog.isVisible()

    buttons = dialog.findChild(QDialogButtonBox)
    assert isinstance(buttons, QDialogButtonBox)
    close = buttons.button(QDialogButtonBox.StandardButton.Close)
    qtbot.mouseClick(close, Qt.MouseButton.LeftButton)
    assert not dialogs()
    capsys.readouterr()


def test_an_interrupt_ends_the_program(hook: ErrorHook, monkeypatch: pytest.MonkeyPatch) -> None:
    ended: list[bool] = []

    class Application:
        @staticmethod
        def quit() -> None:
            ended.append(True)

    monkeypatch.setattr(errors, "QGuiApplication", Application)
    sys.excepthook(KeyboardInterrupt, KeyboardInterrupt(), None)
    assert ended == [True]
    assert not dialogs()


def test_without_standard_error_the_dialog_opens_all_the_same(
    hook: ErrorHook, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As in a program of Windows that has no console."""
    monkeypatch.setattr(sys, "stderr", None)
    monkeypatch.setattr(sys, "stdout", None)
    fail("it broke")
    monkeypatch.undo()
    assert "it broke" in report(dialogs()[0])


def test_the_hooks_of_before_come_back(qapp: QApplication, tmp_path: Path) -> None:
    code = f"""
import faulthandler, sys, threading
from pathlib import Path
from PySide6.QtCore import QCoreApplication
from cnn_explorer.gui.errors import ErrorHook
app = QCoreApplication([])
before = sys.excepthook, threading.excepthook
hook = ErrorHook(Path({str(tmp_path / "crash.log")!r}))
assert sys.excepthook != before[0] and threading.excepthook != before[1]
assert faulthandler.is_enabled()
hook.remove()
assert (sys.excepthook, threading.excepthook) == before
assert not faulthandler.is_enabled()
"""
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.skipif(os.name == "nt", reason="signals are those of Unix")
def test_a_crash_leaves_its_traces_in_the_file(tmp_path: Path) -> None:
    crash = tmp_path / "crash.log"
    code = f"""
import os, signal
from pathlib import Path
from PySide6.QtCore import QCoreApplication
from cnn_explorer.gui.errors import ErrorHook
app = QCoreApplication([])
hook = ErrorHook(Path({str(crash)!r}))
def deep():
    os.kill(os.getpid(), signal.SIGSEGV)
deep()
"""
    result = subprocess.run([sys.executable, "-c", code], check=False, capture_output=True)
    assert result.returncode != 0
    assert "in deep" in crash.read_text()


def test_where_nothing_can_be_kept_errors_are_shown_all_the_same(
    qapp: QApplication, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").touch()
    hook = ErrorHook(tmp_path / "file" / "crash.log")
    try:
        fail("it broke")
        assert len(dialogs()) == 1
        assert "it broke" in capsys.readouterr().err
    finally:
        hook.remove()
        hook.deleteLater()
