"""Digits from files in the window: opened and read beside it, one job at a time."""

import struct
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtTest import QSignalSpy
from PySide6.QtWidgets import QFileDialog, QWidget
from pytestqt.qtbot import QtBot

from cnn_explorer.core.browsing import Choice
from cnn_explorer.core.building import add_layer, new_network
from cnn_explorer.core.drawing import blank
from cnn_explorer.core.evaluation import read_digits
from cnn_explorer.core.network import Network, Trained
from cnn_explorer.core.schemes import ChannelScheme
from cnn_explorer.core.state import State
from cnn_explorer.gui import digits_files as module
from cnn_explorer.gui.accuracy_dialog import AccuracyDialog
from cnn_explorer.gui.digits_files import DigitsFiles
from cnn_explorer.gui.digits_strip import DigitsStrip
from cnn_explorer.gui.document import Document
from cnn_explorer.gui.settings import SettingsStore
from cnn_explorer.io.datasets import open_digits

COUNT = 100


def reader(seed: int = 0) -> Network:
    network = new_network((2,), seed=seed)
    for kind in ("GlobalAvgPool2d", "Linear"):
        network = add_layer(State(blank(), network), kind)  # type: ignore[arg-type]
    return replace(network, trained=Trained("mine", network.layers))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    generator = np.random.default_rng(0)
    path = tmp_path / "test-images"
    pixels = generator.integers(0, 256, (COUNT, 28, 28), np.uint8)
    labels = generator.integers(0, 10, COUNT, np.uint8)
    head = struct.pack(">4B3I", 0, 0, 8, 3, COUNT, 28, 28)
    path.write_bytes(head + pixels.tobytes())
    (tmp_path / "test-labels").write_bytes(
        struct.pack(">4BI", 0, 0, 8, 1, COUNT) + labels.tobytes()
    )
    return path


@pytest.fixture
def window(qtbot: QtBot) -> QWidget:
    window = QWidget()
    qtbot.addWidget(window)
    return window


@pytest.fixture
def document(window: QWidget) -> Document:
    return Document(State(blank(), reader()), window)


@pytest.fixture
def strip(window: QWidget, document: Document) -> DigitsStrip:
    return DigitsStrip(document, window)


@pytest.fixture
def files(
    window: QWidget, document: Document, strip: DigitsStrip, tmp_path: Path
) -> Iterator[DigitsFiles]:
    store = SettingsStore(tmp_path / "settings.json", window)
    files = DigitsFiles(document, store, strip, window)
    yield files
    files.shut_down()


def done(qtbot: QtBot, files: DigitsFiles) -> None:
    qtbot.waitUntil(lambda: not files.busy)


def dialogs(window: QWidget) -> list[AccuracyDialog]:
    return [item for item in window.findChildren(AccuracyDialog) if item.isVisible()]


@pytest.fixture
def opened(qtbot: QtBot, files: DigitsFiles, path: Path) -> DigitsFiles:
    files.open(str(path))
    done(qtbot, files)
    return files


def test_a_file_is_asked_for_opened_and_its_folder_kept(
    qtbot: QtBot, files: DigitsFiles, strip: DigitsStrip, path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    asked: list[str] = []

    def answer(parent: QWidget, title: str, folder: str, kinds: str = "") -> tuple[str, str]:
        asked.append(folder)
        return str(path), ""

    monkeypatch.setattr(QFileDialog, "getOpenFileName", answer)
    told = QSignalSpy(files.ended)
    for _ in range(2):
        files.ask()
        done(qtbot, files)
    assert strip.digits is not None
    assert strip.digits.name == "test-images"
    assert told.at(0) == ["test-images: 100 digits"]
    assert asked == ["", str(path.parent)]


def test_a_folder_is_asked_for(
    qtbot: QtBot, files: DigitsFiles, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "empty").mkdir()
    answer = lambda *_: str(tmp_path / "empty")  # noqa: E731
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", answer)
    refused = QSignalSpy(files.refused)
    files.ask_folder()
    done(qtbot, files)
    assert refused.at(0) == ["empty cannot be read as digits: it holds no pictures."]


def test_a_file_that_is_none_changes_nothing(
    qtbot: QtBot, opened: DigitsFiles, strip: DigitsStrip, document: Document, tmp_path: Path
) -> None:
    before, digits = document.state, strip.digits
    refused = QSignalSpy(opened.refused)
    opened.open(str(tmp_path / "none"))
    done(qtbot, opened)
    assert refused.count() == 1
    assert document.state is before
    assert strip.digits is digits


def test_the_accuracy_is_that_of_the_readings(
    qtbot: QtBot, opened: DigitsFiles, window: QWidget, document: Document, path: Path
) -> None:
    progress = QSignalSpy(opened.progressed)
    opened.show_accuracy()
    done(qtbot, opened)
    (dialog,) = dialogs(window)
    digits = open_digits(path)
    classes = read_digits(document.state, digits.images).classes
    right = int((classes == digits.labels).sum())
    assert f"{right} of 100; {100 - right} wrong" in dialog._summary.text()
    assert dialog._source.text() == "test-images, read by mine"
    assert progress.at(progress.count() - 1) == [100, 100]
    opened.show_accuracy()  # it is known
    assert not opened.busy


def test_the_table_says_who_read(
    qtbot: QtBot, opened: DigitsFiles, window: QWidget, document: Document
) -> None:
    trained = reader()
    edited = replace(reader(1), trained=trained.trained)
    for state, words in (
        (State(blank(), trained), "read by mine"),
        (State(blank(), edited), "read by mine, edited"),
        (
            State(blank(), trained, ChannelScheme.SHARED, centred=True),
            "read by mine, in the scheme “Shared kernel”, each centred first",
        ),
    ):
        document.commit("Other", state)
        opened.show_accuracy()
        done(qtbot, opened)
        (dialog,) = dialogs(window)
        assert dialog._source.text() == f"test-images, {words}"


def test_a_cell_opens_its_digits(
    qtbot: QtBot, opened: DigitsFiles, window: QWidget, strip: DigitsStrip
) -> None:
    opened.show_accuracy()
    done(qtbot, opened)
    (dialog,) = dialogs(window)
    counts = dialog.table._counts
    assert counts is not None
    label, reading = (int(each) for each in np.argwhere(counts * (1 - np.eye(10)))[0])
    dialog.chosen.emit(label, reading)
    assert strip.choice == Choice(label, reading)


def test_another_network_makes_the_table_one_of_before(
    qtbot: QtBot, opened: DigitsFiles, window: QWidget, document: Document
) -> None:
    opened.show_accuracy()
    done(qtbot, opened)
    (dialog,) = dialogs(window)
    document.commit("Other", State(document.state.drawing, reader(1)))
    assert dialog._stale.isVisible()
    document.undo()
    assert not dialog._stale.isVisible()
    document.undo_stack.redo()
    dialog._again.click()
    done(qtbot, opened)
    assert not dialog._stale.isVisible()
    assert dialogs(window) == [dialog]


def test_a_network_that_changes_meanwhile_is_told(
    qtbot: QtBot, opened: DigitsFiles, window: QWidget, document: Document
) -> None:
    opened.show_accuracy()
    document.commit("Other", State(document.state.drawing, reader(1)))
    done(qtbot, opened)
    (dialog,) = dialogs(window)
    assert dialog._stale.isVisible()


class Stuck:
    """Stands in for `read_digits`: it reads until it is let go or cancelled."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.started = threading.Event()
        self.go = threading.Event()
        monkeypatch.setattr(module, "read_digits", self._read)

    def _read(self, *arguments: object, checkpoint: object, **options: object) -> object:
        self.started.set()
        while not self.go.wait(0.002):
            checkpoint()  # type: ignore[operator]
        return read_digits(*arguments, **options)  # type: ignore[arg-type]


def test_reading_can_be_cancelled(
    qtbot: QtBot, opened: DigitsFiles, window: QWidget, strip: DigitsStrip,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    Stuck(monkeypatch)
    told = QSignalSpy(opened.ended)
    strip.choose(Choice(wrong=True))
    assert opened.busy
    opened.cancel()
    done(qtbot, opened)
    assert told.at(0) == ["Cancelled"]
    assert strip.choice == Choice()
    assert not dialogs(window)


def test_one_job_at_a_time(
    qtbot: QtBot, opened: DigitsFiles, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stuck = Stuck(monkeypatch)
    opened.show_accuracy()
    told = QSignalSpy(opened.ended)
    opened.open(str(path))
    assert told.at(0) == ["Digits are still being read; wait for that or cancel it"]
    stuck.go.set()
    done(qtbot, opened)


def test_closing_the_digits_ends_all(
    qtbot: QtBot, opened: DigitsFiles, window: QWidget, strip: DigitsStrip,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    opened.show_accuracy()
    done(qtbot, opened)
    assert dialogs(window)
    strip.close_digits()
    assert not dialogs(window)
    Stuck(monkeypatch)
    opened.show_accuracy()
    assert not opened.busy  # there is nothing to read


def test_a_network_that_reads_nothing_is_refused(
    opened: DigitsFiles, strip: DigitsStrip, document: Document
) -> None:
    document.commit("Other", State(document.state.drawing, new_network()))
    refused = QSignalSpy(opened.refused)
    strip.choose(Choice(wrong=True))
    assert "This network ends in maps of 28×28" in refused.at(0)[0]
    assert not opened.busy
    assert strip.choice == Choice()
