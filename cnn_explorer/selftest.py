"""A run of the real window, for the package that users get: draw, wait, export, undo, close."""

import faulthandler
import os
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

SECONDS = 25


class SelfTestError(Exception):
    """A step did not do what it should."""


def run() -> int:
    """Open the window with folders of its own, use it, and return 0 if all went well.

    Offscreen where there is no display.
    """
    from cnn_explorer.gui.screen import display_problem

    if display_problem() is not None:
        os.environ["QT_QPA_PLATFORM"] = "offscreen"
    # Where a dialog or a call into Qt never returns, nothing below would end it.
    faulthandler.dump_traceback_later(SECONDS + 3, exit=True)
    with tempfile.TemporaryDirectory() as folder:
        try:
            _use_window(Path(folder))
        except SelfTestError as error:
            print(f"Self-test failed: {error}", file=sys.stderr)
            return 1
        finally:
            faulthandler.cancel_dump_traceback_later()
    print("Self-test passed: drew, computed, exported, undid, closed.")
    return 0


def _pass_on(_kind: object, _context: object, message: str) -> None:
    """Write Qt's messages to stderr, but not what the offscreen platform lacks."""
    if not message.startswith("This plugin does not support "):
        print(message, file=sys.stderr)


def _use_window(folder: Path) -> None:
    from PySide6.QtCore import QPoint, Qt, qInstallMessageHandler
    from PySide6.QtTest import QTest

    from cnn_explorer.app import Folders, Program, application
    from cnn_explorer.io.export import ExportOptions
    from cnn_explorer.io.session import load, save

    qInstallMessageHandler(_pass_on)
    app = application(["cnn-explorer"])
    program = Program(app, Folders(folder / "config", folder / "data"))
    errors: list[str] = []
    program.errors.reported.connect(errors.append)
    window = program.window
    end = time.monotonic() + SECONDS

    def wait(what: str, condition: Callable[[], bool]) -> None:
        while not condition():
            if errors:
                raise SelfTestError(errors[0])
            if time.monotonic() > end:
                raise SelfTestError(f"{what} took too long.")
            QTest.qWait(5)

    try:
        program.show()
        wait("the first maps", lambda: window.fresh)
        before = window.document.state
        canvas = window.input.canvas
        QTest.mousePress(canvas, Qt.MouseButton.LeftButton, pos=QPoint(30, 30))
        QTest.mouseMove(canvas, QPoint(90, 60))
        QTest.mouseRelease(canvas, Qt.MouseButton.LeftButton, pos=QPoint(90, 60))
        wait("the maps of the stroke", lambda: window.fresh)
        if (window.document.state.drawing == before.drawing).all():
            raise SelfTestError("the stroke left no ink.")
        ended: list[str] = []
        window.exporter.ended.connect(ended.append)
        target = folder / "maps"
        window.exporter.start(ExportOptions(formats=("png", "sheet", "npz")), target)
        wait("the export", lambda: bool(ended))
        if not (target / "manifest.json").exists():
            raise SelfTestError(f"the export wrote nothing: {ended[0]}.")
        window.actions_by_name["undo"].trigger()
        wait("the maps after undo", lambda: window.fresh)
        if (window.document.state.drawing != before.drawing).any():
            raise SelfTestError("undo did not bring the drawing back.")
        save(folder / "kept.cnnx", window.sessions.session)
        if (load(folder / "kept.cnnx").state.drawing != before.drawing).any():
            raise SelfTestError("what was saved is not what was drawn.")
        window.close()
        if window.isVisible():
            raise SelfTestError("the window did not close.")
    finally:
        program.end()
