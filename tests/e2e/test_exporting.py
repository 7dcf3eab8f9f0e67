"""Export through its dialog: what is written, what is asked, what is said."""

import json
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QObject, Qt, QTimer
from PySide6.QtGui import QImage
from PySide6.QtTest import QTest
from PySide6.QtWidgets import (
    QAbstractButton,
    QApplication,
    QCheckBox,
    QComboBox,
    QDialogButtonBox,
    QLineEdit,
    QMessageBox,
    QProgressBar,
    QToolButton,
)

from cnn_explorer.core.building import new_network
from cnn_explorer.gui.export_dialog import ExportDialog

from .conftest import Driver


def ask(driver: Driver) -> ExportDialog:
    """Open the dialog by its key."""
    driver.press("Ctrl+E")
    (dialog,) = driver.window.findChildren(ExportDialog)
    assert dialog.isVisible()
    return dialog


def field(dialog: ExportDialog, name: str) -> QLineEdit:
    (found,) = (x for x in dialog.findChildren(QLineEdit) if x.accessibleName() == name)
    return found


def fill(dialog: ExportDialog, folder: Path, *formats: str) -> QAbstractButton:
    """Type the folder, tick formats by a word of theirs, and return the button that starts."""
    entry = field(dialog, "Folder")
    entry.setFocus()
    entry.selectAll()
    QTest.keyClicks(entry, str(folder))
    for box in dialog.findChildren(QCheckBox):
        wanted = any(word in box.text() for word in formats)
        if box.isChecked() != wanted:
            QTest.mouseClick(box, Qt.MouseButton.LeftButton)
        assert box.isChecked() == wanted
    buttons = dialog.findChild(QDialogButtonBox)
    assert isinstance(buttons, QDialogButtonBox)
    (go,) = (button for button in buttons.buttons() if button.text() == "&Export")
    return go


def start(driver: Driver, folder: Path, *formats: str) -> None:
    go = fill(ask(driver), folder, *formats)
    assert go.isEnabled()
    QTest.mouseClick(go, Qt.MouseButton.LeftButton)


def busy(driver: Driver) -> bool:
    (bar,) = driver.window.status.findChildren(QProgressBar)
    return bar.isVisible()


class Answer(QObject):
    """Answers the next question by a click, and keeps what it said."""

    def __init__(self, button: QMessageBox.StandardButton) -> None:
        super().__init__()
        self._button = button
        self.text = ""
        self._timer = QTimer(self, interval=5)
        self._timer.timeout.connect(self._look)
        self._timer.start()

    def _look(self) -> None:
        box = QApplication.activeModalWidget()
        if isinstance(box, QMessageBox) and box.isVisible():
            self._timer.stop()
            self.text = box.text()
            button = box.button(self._button)
            assert button is not None
            QTest.mouseClick(button, Qt.MouseButton.LeftButton)


def test_all_layers_as_pictures_and_numbers(driver: Driver, tmp_path: Path) -> None:
    folder = tmp_path / "maps"
    start(driver, folder, "colours on screen", "NPZ")
    driver.wait(lambda: driver.says.startswith("Wrote"))

    names = sorted(path.name for path in folder.iterdir())
    assert driver.says == f"Wrote {len(names)} files to {folder}"
    assert not busy(driver)
    assert len([name for name in names if name.endswith(".png")]) == 3 + 4
    manifest = json.loads((folder / "manifest.json").read_text())
    assert str(tmp_path) not in json.dumps(manifest)
    (npz,) = (folder / name for name in names if name.endswith(".npz"))
    with np.load(npz, allow_pickle=False) as arrays:
        np.testing.assert_array_equal(arrays["input"], driver.state.drawing)
        for layer, maps in enumerate(driver.shown.maps):
            np.testing.assert_allclose(arrays[f"layer{layer + 1}.maps"], maps, atol=1e-5)
    for name in names:
        if name.endswith(".png"):
            assert QImage(str(folder / name)).width() == 28 * 8


def test_the_selected_map_alone(driver: Driver, tmp_path: Path) -> None:
    driver.click(driver.grid(1), 2, 3, 3)
    dialog = ask(driver)
    (what,) = (x for x in dialog.findChildren(QComboBox) if x.accessibleName() == "Which maps")
    what.setCurrentIndex(what.findText("The selected map, Conv 2 · map 2"))
    QTest.mouseClick(fill(dialog, tmp_path / "one", "colours on screen"), Qt.MouseButton.LeftButton)
    driver.wait(lambda: driver.says.startswith("Wrote"))
    pictures = list((tmp_path / "one").glob("*.png"))
    assert len(pictures) == 1


def test_what_cannot_be_exported_is_said_and_cannot_be_started(
    driver: Driver, tmp_path: Path
) -> None:
    dialog = ask(driver)
    go = fill(dialog, tmp_path / "none")
    assert not go.isEnabled()
    go = fill(dialog, Path(), "NPZ")
    field(dialog, "Folder").clear()
    assert not go.isEnabled()
    go = fill(dialog, tmp_path / "some", "NPZ")
    assert go.isEnabled()
    QTest.keyClick(dialog, Qt.Key.Key_Escape)
    driver.settle()
    assert not (tmp_path / "some").exists()


def test_a_range_of_addresses_in_naive(driver: Driver, tmp_path: Path) -> None:
    driver.press("Ctrl+2")
    dialog = ask(driver)
    (what,) = (x for x in dialog.findChildren(QComboBox) if x.accessibleName() == "Which maps")
    what.setCurrentIndex(what.findText("The maps of an address range"))
    go = fill(dialog, tmp_path / "range", "NPZ")
    entry = field(dialog, "Address range")
    assert entry.isVisible()
    QTest.keyClicks(entry, "2.9")
    assert not go.isEnabled()
    entry.clear()
    QTest.keyClicks(entry, "1-2.*")
    assert go.isEnabled()
    QTest.mouseClick(go, Qt.MouseButton.LeftButton)
    driver.wait(lambda: driver.says.startswith("Wrote"))
    (npz,) = (tmp_path / "range").glob("*.npz")
    with np.load(npz, allow_pickle=False) as arrays:
        assert arrays["layer2.maps"].shape == (8, 28, 28)
        assert arrays["layer2.addresses"].tolist()[0] == [1, 0]


def test_it_asks_before_it_replaces(driver: Driver, tmp_path: Path) -> None:
    start(driver, tmp_path, "NPZ")
    driver.wait(lambda: driver.says.startswith("Wrote"))
    (npz,) = tmp_path.glob("*.npz")
    first = npz.read_bytes()
    driver.draw((3, 3), (20, 20))

    answer = Answer(QMessageBox.StandardButton.Cancel)
    start(driver, tmp_path, "NPZ")
    driver.wait(lambda: bool(answer.text))
    driver.settle()
    assert str(tmp_path) in answer.text
    assert answer.text.endswith("?")
    assert npz.read_bytes() == first
    assert not busy(driver)

    answer = Answer(QMessageBox.StandardButton.Yes)
    start(driver, tmp_path, "NPZ")
    driver.wait(lambda: npz.read_bytes() != first)
    driver.wait(lambda: not busy(driver))


@pytest.fixture
def large(driver: Driver) -> Driver:
    """The window on a network whose export takes a while."""
    driver.window.store.update(export_scale=32)
    network = new_network((64,) * 8)
    driver.window.document.commit("Large", type(driver.state)(driver.state.drawing, network))
    driver.settle()
    return driver


def test_a_cancelled_export_leaves_nothing(large: Driver, tmp_path: Path) -> None:
    folder = tmp_path / "maps"
    start(large, folder, "colours on screen")
    large.wait(lambda: busy(large))
    (cancel,) = (
        button
        for button in large.window.status.findChildren(QToolButton)
        if button.text() == "Cancel"
    )
    large.press("Ctrl+E")
    assert large.says == "An export is still running; wait for it or cancel it"
    QTest.mouseClick(cancel, Qt.MouseButton.LeftButton)
    large.wait(lambda: not busy(large))
    assert large.says == "Export cancelled; nothing was written"
    assert list(tmp_path.iterdir()) == []


def test_maps_follow_while_an_export_runs(large: Driver, tmp_path: Path) -> None:
    start(large, tmp_path / "maps", "colours on screen")
    large.wait(lambda: busy(large))
    large.draw((3, 3), (20, 20))
    assert large.shown.state is large.state
    assert busy(large)


def test_closing_while_an_export_runs_leaves_nothing(large: Driver, tmp_path: Path) -> None:
    start(large, tmp_path / "maps", "colours on screen")
    large.wait(lambda: busy(large))
    large.window.sessions.discard()
    large.window.close()
    QApplication.processEvents()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("place", ["file", "file/below"])
def test_a_folder_that_cannot_be_written_gets_a_sentence(
    driver: Driver, tmp_path: Path, place: str
) -> None:
    (tmp_path / "file").write_bytes(b"kept")
    answer = Answer(QMessageBox.StandardButton.Ok)
    start(driver, tmp_path / place, "NPZ")
    driver.wait(lambda: bool(answer.text))
    driver.settle()
    assert answer.text == f"{tmp_path / 'file'} is a file, not a folder; choose a folder."
    assert driver.says == "Export failed; nothing was written"
    assert not busy(driver)
    assert (tmp_path / "file").read_bytes() == b"kept"


def test_a_full_disk_gets_a_sentence(
    driver: Driver, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("cnn_explorer.io.files.os.fsync", full)
    answer = Answer(QMessageBox.StandardButton.Ok)
    start(driver, tmp_path / "maps", "NPZ")
    driver.wait(lambda: bool(answer.text))
    monkeypatch.undo()
    driver.settle()
    assert "no space left" in answer.text
    assert answer.text.endswith(".")
    assert list(tmp_path.iterdir()) == []
