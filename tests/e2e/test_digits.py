"""Digits from elsewhere through the real window: dropped, stepped through, counted."""

import gzip
import re
import struct
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QMimeData, QPointF, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDropEvent, QImage
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLabel, QToolButton

from cnn_explorer.gui.accuracy_dialog import AccuracyDialog
from cnn_explorer.io.networks import bundled_network

from .conftest import Driver

COUNT = 64


@pytest.fixture
def path(tmp_path: Path) -> Path:
    generator = np.random.default_rng(0)
    pixels = generator.integers(0, 256, (COUNT, 28, 28), np.uint8)
    labels = generator.integers(0, 10, COUNT, np.uint8)
    head = struct.pack(">4B3I", 0, 0, 8, 3, COUNT, 28, 28)
    path = tmp_path / "test-images-idx3-ubyte.gz"
    path.write_bytes(gzip.compress(head + pixels.tobytes()))
    (tmp_path / "test-labels-idx1-ubyte").write_bytes(
        struct.pack(">4BI", 0, 0, 8, 1, COUNT) + labels.tobytes()
    )
    return path


def drop(driver: Driver, path: Path) -> None:
    """Drop a file or a folder on the window."""
    mime = QMimeData()
    mime.setUrls([QUrl.fromLocalFile(str(path))])
    window, place = driver.window, QPointF(400, 300)
    arguments = Qt.DropAction.CopyAction, mime, Qt.MouseButton.LeftButton
    enter = QDragEnterEvent(place.toPoint(), *arguments, Qt.KeyboardModifier.NoModifier)
    window.dragEnterEvent(enter)
    assert enter.isAccepted()
    window.dropEvent(QDropEvent(place, *arguments, Qt.KeyboardModifier.NoModifier))


def opened(driver: Driver, path: Path) -> None:
    state = replace(driver.state, network=bundled_network("3-4"))
    driver.window.document.commit("Trained network", state)
    driver.settle()
    drop(driver, path)
    driver.wait(lambda: driver.window.input.digits.isVisible())
    driver.settle()


def says(driver: Driver) -> bool:
    """Whether the strip tells what the maps on screen end in."""
    best = int(driver.shown.maps[-1].argmax())
    return re.search(f"(reads|unsure:) {best}, (right|wrong)", words(driver)) is not None


def words(driver: Driver) -> str:
    labels = driver.window.input.digits.findChildren(QLabel)
    return " ".join(label.text() for label in labels)


def test_digits_are_dropped_stepped_through_and_read(driver: Driver, path: Path) -> None:
    before = driver.state.drawing
    assert not driver.window.actions_by_name["next_digit"].isVisible()
    opened(driver, path)
    first = driver.state.drawing
    assert says(driver)
    driver.press("Alt+Right")
    driver.press("Alt+Right")
    assert driver.window.input.digits.index == 2
    assert says(driver)
    driver.press("Alt+Left")
    assert driver.window.input.digits.index == 1
    assert not np.array_equal(driver.state.drawing, first)
    driver.press("Ctrl+Z")
    assert driver.state.drawing is before


def test_accuracy_is_counted_and_a_cell_opened(driver: Driver, path: Path) -> None:
    opened(driver, path)
    strip = driver.window.input.digits
    (button,) = (x for x in strip.findChildren(QToolButton) if x.text() == "Accuracy…")
    QTest.mouseClick(button, Qt.MouseButton.LeftButton)
    driver.wait(lambda: not driver.window.digits.busy)
    (dialog,) = driver.window.findChildren(AccuracyDialog)
    assert dialog.isVisible()
    assert not dialog.isModal()
    counts = dialog.table._counts
    assert counts is not None
    assert counts.sum() == COUNT
    label, reading = (int(each) for each in np.argwhere(counts)[-1])
    dialog.table.setCurrentCell(label, reading)
    dialog.table.setFocus()
    QTest.keyClick(dialog.table, Qt.Key.Key_Return)
    driver.settle()
    assert int(driver.shown.maps[-1].argmax()) == reading
    assert f"Label {label} · " in words(driver)
    assert says(driver)
    driver.trigger("shared")
    assert dialog._stale.isVisible()


def test_a_folder_can_be_dropped_and_a_broken_file_is_said(driver: Driver, tmp_path: Path) -> None:
    image = QImage(28, 28, QImage.Format.Format_Grayscale8)
    image.fill(0)
    (tmp_path / "mine" / "4").mkdir(parents=True)
    assert image.save(str(tmp_path / "mine" / "4" / "a.png"))
    opened(driver, tmp_path / "mine")
    assert "Label 4" in words(driver)
    (tmp_path / "broken").write_bytes(b"\0\0\x08\x03" + bytes(20))
    drop(driver, tmp_path / "broken")
    problem = driver.window.input._problem
    driver.wait(problem.isVisible)
    assert "its images have 0×0 pixels" in problem.text().replace("\u200b", "")
    assert "Label 4" in words(driver)
