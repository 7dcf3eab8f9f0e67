"""What every test stands on: no display, folders of its own, nothing left behind."""

import gc
import os
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings
from PySide6.QtCore import QCoreApplication, QEvent, QSettings, QStandardPaths
from PySide6.QtGui import QFont, QPalette
from PySide6.QtWidgets import QApplication

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

# `--hypothesis-profile thorough` looks longer; what CI sees must repeat.
settings.register_profile("default", deadline=None, max_examples=50)
settings.register_profile("ci", deadline=None, max_examples=50, derandomize=True, database=None)
settings.register_profile("thorough", deadline=None, max_examples=2000)
settings.load_profile("ci" if "CI" in os.environ else "default")


@pytest.fixture(autouse=True)
def own_folders(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home for each test: the user's settings are neither read nor written."""
    home = tmp_path_factory.mktemp("home")
    for name in ("HOME", "USERPROFILE", "APPDATA", "LOCALAPPDATA"):
        monkeypatch.setenv(name, str(home))
    for name in ("CONFIG", "DATA", "STATE", "CACHE"):
        monkeypatch.setenv(f"XDG_{name}_HOME", str(home / name.lower()))
    QStandardPaths.setTestModeEnabled(True)
    for file_format in (QSettings.Format.NativeFormat, QSettings.Format.IniFormat):
        QSettings.setPath(file_format, QSettings.Scope.UserScope, str(home / "config"))
    return home


@pytest.fixture(autouse=True)
def nothing_left_behind(request: pytest.FixtureRequest) -> Iterator[None]:
    """Fail a test of the window that leaves widgets or threads behind; give it one named font."""
    part = request.path.relative_to(Path(__file__).parent).parts[0]
    if part not in ("gui", "e2e"):
        yield
        return
    application: QApplication = request.getfixturevalue("qapp")
    application.setFont(QFont("DejaVu Sans", 10))
    application.setPalette(QPalette())
    gc.freeze()  # what is there already need not be looked through again
    widgets = set(QApplication.topLevelWidgets())
    threads = set(threading.enumerate())
    failures = request.session.testsfailed

    yield

    if request.session.testsfailed > failures:
        return  # its traceback holds on to its widgets
    gc.collect()
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete.value)
    left = [
        widget
        for widget in set(QApplication.topLevelWidgets()) - widgets
        if widget.objectName() != "qtooltip_label"  # Qt keeps it for a moment, and removes it
    ]
    assert not left, f"The test left widgets behind: {left}"
    started = set(threading.enumerate()) - threads
    for thread in started:
        thread.join(timeout=1)  # it may be on its way out
    running = [thread.name for thread in started if thread.is_alive()]
    assert not running, f"The test left threads running: {running}"
