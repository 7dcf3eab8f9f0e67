"""What is asked before an export, and what follows from the answers."""

from collections.abc import Callable
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import (
    QApplication,
    QCheckBox,
    QDialog,
    QFileDialog,
    QLabel,
    QLineEdit,
    QPushButton,
    QWidget,
)
from pytestqt.qtbot import QtBot

from cnn_explorer.core.addresses import Address
from cnn_explorer.core.building import new_network
from cnn_explorer.core.network import Network
from cnn_explorer.core.schemes import ChannelScheme
from cnn_explorer.core.state import State
from cnn_explorer.gui.export_dialog import ExportDialog
from cnn_explorer.gui.fields import ComboBox, SpinBox
from cnn_explorer.gui.settings import SettingsStore
from cnn_explorer.gui.theme import apply_theme
from cnn_explorer.io.digits import digit
from cnn_explorer.io.export import FORMATS, ExportOptions, file_names

REAL, NAIVE, SHARED = ChannelScheme.REAL, ChannelScheme.NAIVE, ChannelScheme.SHARED
NETWORK = new_network((3, 4))

IN_VIEW: tuple[tuple[Address, ...], ...] = (((0,), (1,)), ((0, 0), (0, 1), (1, 3)))
"""In Naive, what is on screen."""


class Bench:
    def __init__(
        self,
        qtbot: QtBot,
        folder: Path,
        scheme: ChannelScheme = REAL,
        address: Address | None = (1, 2),
        network: Network = NETWORK,
    ) -> None:
        self.store = SettingsStore(folder / "settings.ini")
        self.state = State(digit(7), network, scheme)
        in_view = IN_VIEW if scheme is NAIVE else ()
        self.dialog = ExportDialog(self.state, address, in_view, self.store)
        qtbot.addWidget(self.dialog)
        with qtbot.waitExposed(self.dialog):
            self.dialog.show()

    def named(self, name: str) -> QWidget:
        found = [
            item for item in self.dialog.findChildren(QWidget) if item.accessibleName() == name
        ]
        assert len(found) == 1, name
        return found[0]

    @property
    def maps(self) -> ComboBox:
        combo = self.named("Which maps")
        assert isinstance(combo, ComboBox)
        return combo

    @property
    def choices(self) -> list[str]:
        return [self.maps.itemText(index) for index in range(self.maps.count())]

    def choose(self, text: str) -> ExportOptions:
        self.maps.setCurrentIndex(self.choices.index(text))
        return self.dialog.options()

    def field(self, name: str) -> QLineEdit:
        line = self.named(name)
        assert isinstance(line, QLineEdit)
        return line

    @property
    def boxes(self) -> list[QCheckBox]:
        return self.dialog.findChildren(QCheckBox)

    @property
    def go(self) -> QPushButton:
        return next(
            item for item in self.dialog.findChildren(QPushButton) if item.text() == "&Export"
        )

    @property
    def says(self) -> str:
        """The sentence above the buttons."""
        labels = [label for label in self.dialog.findChildren(QLabel) if label.wordWrap()]
        assert len(labels) == 1
        return labels[0].text()

    @property
    def count(self) -> int:
        """How many maps are chosen; beside them there is the manifest."""
        return len(file_names(self.state, self.dialog.options())) - 1


Make = Callable[..., Bench]


@pytest.fixture
def make(qtbot: QtBot, tmp_path: Path) -> Make:
    def make(*arguments: object) -> Bench:
        return Bench(qtbot, tmp_path, *arguments)  # type: ignore[arg-type]

    return make


# Which maps.


@pytest.mark.parametrize("scheme", [REAL, SHARED])
def test_all_layers_one_layer_or_the_selected_map(make: Make, scheme: ChannelScheme) -> None:
    bench = make(scheme)
    assert bench.choices == [
        "All layers",
        "All of Conv 1",
        "All of Conv 2",
        "The selected map, Conv 2 · map 2",
    ]
    assert bench.choose("All layers") == ExportOptions()
    assert bench.count == 7
    assert bench.choose("All of Conv 1") == ExportOptions(layers=(0,))
    assert bench.count == 3
    assert bench.choose("All of Conv 2") == ExportOptions(layers=(1,))
    assert bench.count == 4
    assert bench.choose("The selected map, Conv 2 · map 2") == ExportOptions(selected=(1, 2))
    assert bench.count == 1


def test_without_a_selection_no_selected_map_is_offered(make: Make) -> None:
    assert make(REAL, None).choices == ["All layers", "All of Conv 1", "All of Conv 2"]


def test_in_naive_what_is_in_view_or_a_range(make: Make) -> None:
    bench = make(NAIVE, (1, 3))
    assert bench.choices == [
        "The maps in view",
        "The maps of an address range",
        "The maps of Conv 1 in view",
        "The maps of Conv 2 in view",
        "The selected map, Conv 2 · map 1.3",
    ]
    assert bench.choose("The maps in view") == ExportOptions(in_view=IN_VIEW)
    assert bench.count == 5
    assert bench.choose("The maps of Conv 1 in view") == ExportOptions(layers=(0,), in_view=IN_VIEW)
    assert bench.count == 2
    assert bench.choose("The selected map, Conv 2 · map 1.3") == ExportOptions(
        selected=(1, 3), in_view=IN_VIEW
    )
    assert bench.count == 1


def test_in_naive_a_selected_map_may_be_out_of_view(make: Make) -> None:
    bench = make(NAIVE, (2, 0))
    options = bench.choose("The selected map, Conv 2 · map 2.0")
    assert options.selected == (2, 0)
    assert options.in_view == (IN_VIEW[0], (*IN_VIEW[1], (2, 0)))
    assert bench.count == 1


def test_a_range_is_written_in_a_field_of_its_own(make: Make) -> None:
    bench = make(NAIVE)
    field = bench.field("Address range")
    assert not field.isVisible()
    bench.maps.setCurrentIndex(1)
    assert field.isVisible()
    field.setText(" 0-1.* ")
    assert bench.dialog.options() == ExportOptions(address_range="0-1.*")
    assert bench.count == 8
    assert bench.go.isEnabled()
    bench.maps.setCurrentIndex(0)
    assert not field.isVisible()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "address"),
        ("5.*", "layer 1 has filters 0 to 2"),
        ("2-1.*", "2-1"),
        ("x", "x"),
        ("0.0.0.0.0.0.0.0.0", "has 9 parts; the network has 2 layers"),
    ],
)
def test_a_wrong_range_gets_a_sentence_and_no_export(make: Make, text: str, words: str) -> None:
    bench = make(NAIVE)
    bench.maps.setCurrentIndex(1)
    field = bench.field("Address range")
    field.setText("0.*")
    assert bench.go.isEnabled()
    field.setText(text)
    assert not bench.go.isEnabled()
    assert words in bench.says
    assert bench.says.endswith(".")
    assert "\n" not in bench.says
    field.setText("0.*")
    assert bench.go.isEnabled()
    assert bench.says.startswith("5 files: ")


def test_too_many_maps_get_a_sentence(make: Make) -> None:
    bench = make(NAIVE, None, new_network((256, 256, 256), (1,)))
    bench.maps.setCurrentIndex(1)
    bench.field("Address range").setText("*.*.*")
    assert not bench.go.isEnabled()
    assert "16,777,216" in bench.says


# Which files.


def test_pictures_at_the_scale_of_last_time_are_offered(make: Make, tmp_path: Path) -> None:
    SettingsStore(tmp_path / "settings.ini").update(export_scale=20)
    bench = make()
    assert [box.isChecked() for box in bench.boxes] == [True, *[False] * 5]
    assert bench.dialog.options() == ExportOptions(formats=("png",), scale=20)


def test_each_box_is_one_kind_of_file(make: Make) -> None:
    bench = make()
    assert len(bench.boxes) == len(FORMATS)
    bench.boxes[0].setChecked(False)
    for box, name in zip(bench.boxes, FORMATS, strict=True):
        box.setChecked(True)
        assert bench.dialog.options().formats == (name,)
        box.setChecked(False)
    for box in bench.boxes:
        box.setChecked(True)
    assert bench.dialog.options().formats == tuple(FORMATS)


def test_no_kind_of_file_gets_a_sentence_and_no_export(make: Make) -> None:
    bench = make()
    bench.boxes[0].click()
    assert not bench.go.isEnabled()
    assert bench.says == "Tick at least one kind of file."
    bench.boxes[3].click()
    assert bench.go.isEnabled()
    assert bench.says == "2 files: manifest.json, maps.npz"


def test_the_scale_is_one_that_an_export_takes(make: Make) -> None:
    bench = make()
    scale = bench.named("Scale of pictures")
    assert isinstance(scale, SpinBox)
    for value, taken in ((0, 1), (7, 7), (33, 32)):
        scale.setValue(value)
        assert bench.dialog.options().scale == taken


def test_the_colours_are_those_on_screen(make: Make, tmp_path: Path) -> None:
    SettingsStore(tmp_path / "settings.ini").update(
        colour_map="viridis", contrast=4, colour_scale="network"
    )
    options = make().dialog.options()
    assert (options.colour_map, options.contrast, options.colour_scale) == ("viridis", 4, "network")


def test_it_says_how_many_files_and_the_first_names(make: Make) -> None:
    bench = make()
    assert bench.says == "8 files: layer1-map0.png, layer1-map1.png, …"


# Where.


def test_the_folder_is_beside_that_of_last_time(make: Make, tmp_path: Path) -> None:
    SettingsStore(tmp_path / "settings.ini").update(folder=str(tmp_path))
    assert make().dialog.folder == tmp_path / "cnn-explorer-maps"


def test_a_folder_can_be_written_or_looked_for(
    make: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench = make()
    field = bench.field("Folder")
    field.setText("~/maps")
    assert bench.dialog.folder == Path.home() / "maps"
    browse = next(
        item for item in bench.dialog.findChildren(QPushButton) if item.text() == "&Browse…"
    )
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *_: str(tmp_path))
    browse.click()
    assert bench.dialog.folder == tmp_path
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *_: "")  # it was cancelled
    browse.click()
    assert bench.dialog.folder == tmp_path


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("  ", "Say in which folder the files go."),
        (
            "~nobody-has-this-name/maps",
            "No such user's home; write the folder's whole path.",
        ),
    ],
)
def test_a_folder_that_is_none_gets_a_sentence_and_no_export(
    make: Make, text: str, reason: str
) -> None:
    bench = make()
    bench.field("Folder").setText(text)
    assert not bench.go.isEnabled()
    assert bench.says == reason


# The dialog.


def test_export_accepts_and_cancel_rejects(make: Make, qtbot: QtBot) -> None:
    bench = make()
    with qtbot.waitSignal(bench.dialog.accepted):
        QTest.mouseClick(bench.go, Qt.MouseButton.LeftButton)
    assert bench.dialog.result() == QDialog.DialogCode.Accepted
    other = make()
    with qtbot.waitSignal(other.dialog.rejected):
        QTest.keyClick(other.dialog, Qt.Key.Key_Escape)


def test_enter_does_not_export_what_cannot_be(make: Make) -> None:
    bench = make()
    field = bench.field("Folder")
    field.clear()
    QTest.keyClick(field, Qt.Key.Key_Return)
    assert bench.dialog.isVisible()


def test_every_field_has_a_name(make: Make) -> None:
    bench = make(NAIVE)
    bench.maps.setCurrentIndex(1)
    for kind in (ComboBox, SpinBox, QLineEdit):
        for item in bench.dialog.findChildren(kind):
            if item.objectName() != "qt_spinbox_lineedit":
                assert item.accessibleName()


def test_the_longest_sentence_is_not_cut_off(make: Make, qtbot: QtBot, qapp: QApplication) -> None:
    apply_theme(qapp, "light")
    bench = make(NAIVE, None, new_network((256, 256, 256), (1,)))
    bench.maps.setCurrentIndex(1)
    bench.field("Address range").setText("*.*.*")
    label = next(label for label in bench.dialog.findChildren(QLabel) if label.wordWrap())
    qtbot.waitUntil(lambda: label.height() >= label.heightForWidth(label.width()))
    qapp.setStyleSheet("")
