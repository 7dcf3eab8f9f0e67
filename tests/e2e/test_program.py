"""The life of the program: start, restart, errors, end."""

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QDialogButtonBox, QDockWidget, QFileDialog, QMessageBox

from cnn_explorer.app import Folders
from cnn_explorer.core.forward import Activations, Request
from cnn_explorer.core.schemes import ChannelScheme
from cnn_explorer.gui import main_window, worker
from cnn_explorer.gui.errors import ErrorDialog
from cnn_explorer.io.layer_description import weights_of
from cnn_explorer.io.session import opening_state

from .conftest import Driver
from .test_drawing import assert_shown

Make = Callable[..., Driver]


def boxes(driver: Driver) -> list[str]:
    """What the window's message boxes say."""
    found = driver.window.findChildren(QMessageBox)
    return [box.text() for box in found if box.isVisible()]


def choose(monkeypatch: pytest.MonkeyPatch, path: Path) -> None:
    """Let the user choose a file, whatever is asked for."""
    for name in ("getOpenFileName", "getSaveFileName"):
        monkeypatch.setattr(QFileDialog, name, lambda *_: (str(path), ""))


def run(code: str) -> subprocess.CompletedProcess[str]:
    """Run code in an interpreter of its own, offscreen, with the folders of this test."""
    return subprocess.run(
        [sys.executable, "-c", code],
        check=False,
        capture_output=True,
        text=True,
        timeout=60,
        env=os.environ | {"QT_QPA_PLATFORM": "offscreen"},
    )


# What a restart brings back.


def test_document_settings_and_layout_are_back_at_the_next_start(
    make: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = make()
    first.show(size=(780, 700))  # the screen of the tests is no larger than 800×800
    first.trigger("hand_made")
    first.draw((3, 3), (20, 20))
    first.trigger("add_layer")
    first.press("Ctrl+3")
    first.press("Ctrl+K")
    first.trigger("theme_dark")
    first.press("Ctrl++")
    (dock, _) = first.window.findChildren(QDockWidget)
    first.window.resizeDocks([dock], [233], Qt.Orientation.Horizontal)
    first.settle()
    choose(monkeypatch, tmp_path / "lesson.cnnx")
    first.press("Ctrl+S")
    first.wait(lambda: not first.window.sessions.modified)
    left, font, width = first.state, QApplication.font().pointSizeF(), dock.width()
    first.window.close()

    second = make()
    second.program.show()
    second.settle()

    np.testing.assert_array_equal(second.state.drawing, left.drawing)
    assert second.state.scheme is ChannelScheme.SHARED
    assert len(second.state.network.layers) == 3
    for here, there in zip(second.state.network.layers, left.network.layers, strict=True):
        for name, weights in weights_of(there).items():
            np.testing.assert_array_equal(getattr(here, name), weights)
    assert_shown(second)
    assert second.window.store.current.contrast == 2
    assert QApplication.font().pointSizeF() == font
    assert second.window.palette().window().color().lightness() < 60
    assert second.window.findChildren(QDockWidget)[0].width() == width
    assert second.window.size() == first.window.size()
    assert not second.window.document.undo_stack.canUndo()
    assert not boxes(second)


def test_the_first_start_is_on_the_opening_document(make: Make) -> None:
    driver = make()
    driver.show()
    opening = opening_state()
    np.testing.assert_array_equal(driver.state.drawing, opening.drawing)
    assert driver.state.network is opening.network
    assert driver.state.scheme is ChannelScheme.REAL
    assert not boxes(driver)


def test_nothing_is_written_but_its_own_files(make: Make, folders: Folders) -> None:
    driver = make()
    driver.show()
    driver.draw((3, 3), (20, 20))
    driver.press("Ctrl+K")
    driver.program.end()
    home = folders.data.parent
    written = {str(path.relative_to(home)) for path in home.rglob("*") if path.is_file()}
    (aside,) = folders.data.glob("autosave/*/session.cnnx")
    own = {"config/settings.json", "data/crash.log", str(aside.relative_to(home))}
    assert {name for name in written if not name.startswith("cache")} == own


def test_a_damaged_session_gets_a_sentence_and_stays(make: Make, tmp_path: Path) -> None:
    path = tmp_path / "lesson.cnnx"
    path.write_bytes(b"garbage")
    driver = make(path)
    driver.show()

    driver.wait(lambda: bool(boxes(driver)))
    (text,) = boxes(driver)
    assert text.startswith("lesson.cnnx is damaged or not a session of CNN Explorer")
    assert path.read_bytes() == b"garbage"
    assert driver.window.sessions.path is None
    np.testing.assert_array_equal(driver.state.drawing, opening_state().drawing)
    driver.draw((3, 3), (20, 20))


def test_damaged_settings_and_a_damaged_session_are_both_said(
    make: Make, folders: Folders, tmp_path: Path
) -> None:
    folders.config.mkdir(parents=True)
    for path in (tmp_path / "lesson.cnnx", folders.config / "settings.json"):
        path.write_bytes(os.urandom(200))
    driver = make(tmp_path / "lesson.cnnx")
    driver.show()
    driver.wait(lambda: bool(boxes(driver)))
    (text,) = boxes(driver)
    assert "lesson.cnnx is damaged" in text
    assert "The settings file" in text
    assert len(list(folders.config.iterdir())) == 1


def test_without_folders_it_runs_and_says_so(
    make: Make, folders: Folders, capsys: pytest.CaptureFixture[str]
) -> None:
    folders.data.parent.joinpath("data").touch()
    folders.data.parent.joinpath("config").touch()
    driver = make()
    driver.show()
    driver.wait(lambda: bool(boxes(driver)))
    (text,) = boxes(driver)
    assert f"Nothing can be kept in {folders.data}" in text
    driver.press("Ctrl+K")
    driver.draw((3, 3), (20, 20))
    driver.program.autosave.keep()
    driver.wait(lambda: "Unsaved work cannot be kept aside: " in driver.says)
    driver.program.end()
    assert not capsys.readouterr().err


# Errors.


class Faulty(QObject):
    """Something whose slot fails."""

    asked = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.asked.connect(self.fail)

    def fail(self) -> None:
        raise RuntimeError("it broke")


def error_dialogs() -> list[ErrorDialog]:
    widgets = QApplication.topLevelWidgets()
    return [each for each in widgets if isinstance(each, ErrorDialog) and each.isVisible()]


def test_an_error_in_a_slot_opens_a_dialog_and_the_program_goes_on(
    driver: Driver, capsys: pytest.CaptureFixture[str]
) -> None:
    faulty = Faulty()
    faulty.asked.emit()
    (dialog,) = error_dialogs()
    assert len(driver.errors) == 1
    assert "it broke" in driver.errors.pop()
    assert "it broke" in capsys.readouterr().err
    buttons = dialog.findChild(QDialogButtonBox)
    assert isinstance(buttons, QDialogButtonBox)
    buttons.button(QDialogButtonBox.StandardButton.Close).click()
    driver.draw((3, 3), (20, 20))
    assert_shown(driver)


def test_an_error_in_a_pass_opens_a_dialog_and_the_next_one_is_shown(
    driver: Driver, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise FloatingPointError("no such number")

    monkeypatch.setattr(worker, "forward", fail)
    driver.window.actions_by_name["clear"].trigger()
    driver.wait(lambda: bool(error_dialogs()))
    assert "no such number" in driver.errors.pop()
    assert "no such number" in capsys.readouterr().err
    monkeypatch.undo()
    driver.draw((3, 3), (20, 20))
    assert_shown(driver)


def test_a_library_that_cannot_be_loaded_is_said(
    make: Make, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(**_: object) -> None:
        raise ImportError("no scipy.signal")

    monkeypatch.setattr(main_window, "load_signal", fail)
    driver = make()
    driver.program.show()
    driver.wait(lambda: bool(error_dialogs()))
    assert "no scipy.signal" in driver.errors.pop()
    assert "no scipy.signal" in capsys.readouterr().err
    driver.settle()
    assert driver.shown.method == "matmul"


# The end.


class Slow:
    """A pass that takes until it is cancelled."""

    def __init__(self) -> None:
        self.started = threading.Event()
        self.cancelled = threading.Event()

    def forward(
        self, request: Request, checkpoint: Callable[[], None], known: Activations | None
    ) -> Any:
        self.started.set()
        try:
            while True:
                checkpoint()
        except BaseException:
            self.cancelled.set()
            raise


def test_closing_while_it_computes_ends_cleanly(
    driver: Driver, folders: Folders, monkeypatch: pytest.MonkeyPatch
) -> None:
    slow = Slow()
    monkeypatch.setattr(worker, "forward", slow.forward)
    driver.window.actions_by_name["clear"].trigger()
    assert slow.started.wait(20)
    driver.program.end()
    assert slow.cancelled.is_set()
    QApplication.processEvents()
    assert not driver.window.isVisible()
    assert len(list(folders.data.glob("autosave/*/session.cnnx"))) == 1
    assert not driver.errors


def test_closing_while_libraries_load_ends_cleanly(
    make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    started = threading.Event()

    def load(**_: object) -> None:
        started.set()
        time.sleep(0.1)

    monkeypatch.setattr(main_window, "load_signal", load)
    driver = make()
    driver.program.show()
    driver.wait(started.is_set)
    driver.window.close()
    for _ in range(3):
        QApplication.processEvents()
    assert not error_dialogs()


def test_closing_at_once_ends_cleanly(make: Make) -> None:
    driver = make()
    driver.program.show()
    driver.program.end()
    for _ in range(3):
        QApplication.processEvents()
    assert not error_dialogs()


def test_an_end_in_the_middle_of_a_stroke_keeps_it(make: Make) -> None:
    driver = make()
    driver.show()
    canvas = driver.window.input.canvas
    QTest.mousePress(canvas, Qt.MouseButton.LeftButton, pos=driver.place(24, 4))
    drawn = driver.state.drawing
    driver.program.end()
    again = make()
    again.show()
    again.answer("restore")
    np.testing.assert_array_equal(again.state.drawing, drawn)


def test_the_quit_action_ends_the_program(driver: Driver) -> None:
    driver.window.actions_by_name["quit"].trigger()
    assert not driver.window.isVisible()


# In a process of its own.

START = """
import sys
from pathlib import Path
from PySide6.QtCore import QTimer
from cnn_explorer import app
"""
# What takes seconds and makes no difference here.
UNLOADED = """
from cnn_explorer.gui.main_window import MainWindow
MainWindow.load_signal = lambda self: None
"""


def test_scipy_signal_is_loaded_after_the_first_paint(tmp_path: Path) -> None:
    code = f"""{START}
from PySide6.QtTest import QTest
from cnn_explorer.gui.canvas import Canvas
from cnn_explorer.gui.main_window import MainWindow

events = []
paint = Canvas.paintEvent

def painted(self, event):
    events.append(("painted", "scipy.signal" in sys.modules))
    paint(self, event)

def loading(self):
    events.append(("loading", "scipy.signal" in sys.modules))

Canvas.paintEvent, MainWindow.load_signal = painted, loading
program = app.Program(app.application([]), app.Folders(Path("c"), Path("d")))
assert "scipy.signal" not in sys.modules, "built"
program.show()
assert "scipy.signal" not in sys.modules, "shown"
while not program.window.fresh or ("loading", False) not in events:
    QTest.qWait(1)
assert events[0] == ("painted", False), events
assert program.window.shown.method == "matmul"
program.end()
assert "scipy.signal" not in sys.modules, "used"
"""
    result = run(f"import os; os.chdir({str(tmp_path)!r})\n{code}")
    assert result.returncode == 0, result.stderr


def test_the_program_ends_with_its_window_when_it_was_asked(own_folders: Path) -> None:
    code = f"""{START}{UNLOADED}
from cnn_explorer.gui.question_box import QuestionBox
show = app.Program.show

def shown(self):
    show(self)
    QTimer.singleShot(0, self.window.actions_by_name["clear"].trigger)
    QTimer.singleShot(200, self.window.close)
    QTimer.singleShot(400, lambda: self.window.findChild(QuestionBox).press("discard"))

app.Program.show = shown
sys.exit(app.run_window(["cnn-explorer"]))
"""
    result = run(code)
    assert (result.returncode, result.stderr.replace(HARMLESS, "")) == (0, "")
    assert not list(own_folders.rglob("*.cnnx"))


HARMLESS = "This plugin does not support propagateSizeHints()\n"


def test_the_self_test_passes() -> None:
    result = subprocess.run(
        [sys.executable, "-m", "cnn_explorer", "self-test"],
        check=False,
        capture_output=True,
        text=True,
        timeout=30,
        env=os.environ | {"QT_QPA_PLATFORM": "offscreen"},
    )
    assert result.returncode == 0, result.stderr
    assert result.stdout == "Self-test passed: drew, computed, exported, undid, closed.\n"
    assert result.stderr.replace(HARMLESS, "") == ""


@pytest.mark.parametrize(
    ("fault", "sentence"),
    [
        ("import cnn_explorer.gui.canvas as m; m.stroke = lambda old, *_, **__: old", "no ink"),
        ("import cnn_explorer.gui.worker as m; m.forward = None", "TypeError"),
    ],
    ids=["stroke", "maps"],
)
def test_the_self_test_finds_faults(fault: str, sentence: str) -> None:
    result = run(f"{UNLOADED}\n{fault}\nfrom cnn_explorer import selftest\nexit(selftest.run())")
    assert result.returncode == 1
    assert sentence in result.stderr
    assert result.stdout == ""
