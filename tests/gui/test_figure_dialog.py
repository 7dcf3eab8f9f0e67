"""Copy figure: what can be chosen, what is previewed, copied and saved, and what is said."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QGuiApplication, QImage
from PySide6.QtTest import QTest
from PySide6.QtWidgets import (
    QApplication,
    QCheckBox,
    QFileDialog,
    QHBoxLayout,
    QLabel,
    QMessageBox,
    QPushButton,
    QToolButton,
    QWidget,
)
from pytestqt.qtbot import QtBot

from cnn_explorer.gui import figure_dialog, figure_page
from cnn_explorer.gui.fields import ComboBox
from cnn_explorer.gui.figure_asking import Figures
from cnn_explorer.gui.figure_dialog import FigureDialog
from cnn_explorer.gui.figure_page import PAPERS, Page, image_of
from cnn_explorer.gui.figure_parts import Part, ScreenPart
from cnn_explorer.gui.figures import PartPicture
from cnn_explorer.gui.settings import SettingsStore
from cnn_explorer.gui.theme import apply_theme

from ..figure_pictures import figure

WIDE, NARROW = QSize(700, 200), QSize(300, 200)
YES, CANCEL = QMessageBox.StandardButton.Yes, QMessageBox.StandardButton.Cancel


class Bench:
    """A window with two parts, each with a button."""

    def __init__(self, qtbot: QtBot, store: SettingsStore) -> None:
        self.qtbot = qtbot
        self.store = store
        self.window = QWidget()
        qtbot.addWidget(self.window)
        row = QHBoxLayout(self.window)
        self.panels = {name: self.panel(size) for name, size in (("Conv 1", WIDE), ("2", NARROW))}
        self.tools = {name: QToolButton(panel) for name, panel in self.panels.items()}
        for name, panel in self.panels.items():
            self.tools[name].setText("Maps")
            row.addWidget(panel)
        self.figures = Figures(self.parts, store, self.window)
        self.said: list[str] = []
        self.figures.said.connect(self.said.append)
        with qtbot.waitActive(self.window):
            self.window.show()
            self.window.activateWindow()
        self.leave_focus()

    def leave_focus(self) -> None:
        focus = self.window.focusWidget()
        if focus is not None:
            focus.clearFocus()

    def panel(self, size: QSize) -> QWidget:
        panel = QWidget(self.window)
        panel.setFixedSize(size)
        return panel

    def parts(self) -> list[Part]:
        parts = [("The window", self.window), *self.panels.items()]
        return [ScreenPart(PartPicture(name, widget, f"{name} below.")) for name, widget in parts]

    def ask(self) -> FigureDialog:
        self.figures.ask()
        self.dialog = self.window.findChildren(FigureDialog)[-1]
        self.qtbot.waitUntil(self.dialog.isActiveWindow)
        return self.dialog

    def combo(self, name: str) -> ComboBox:
        combos = self.dialog.findChildren(ComboBox)
        return next(combo for combo in combos if combo.accessibleName() == name)

    def choices(self, name: str) -> list[str]:
        combo = self.combo(name)
        return [combo.itemText(index) for index in range(combo.count())]

    def choose(self, name: str, text: str) -> None:
        self.combo(name).setCurrentIndex(self.choices(name).index(text))

    def button(self, text: str) -> QPushButton:
        buttons = self.dialog.findChildren(QPushButton)
        return next(button for button in buttons if button.text().replace("&", "") == text)

    @property
    def says(self) -> str:
        return next(item.text() for item in self.dialog.findChildren(QLabel) if item.wordWrap())

    @property
    def preview(self) -> QWidget:
        items = self.dialog.findChildren(QWidget)
        return next(item for item in items if item.accessibleName() == "Preview")

    def copied(self) -> QImage:
        """What the button “Copy” puts on the clipboard."""
        self.button("Copy").click()
        return QGuiApplication.clipboard().image().convertToFormat(QImage.Format.Format_RGB32)


@pytest.fixture
def bench(qtbot: QtBot, qapp: QApplication, tmp_path: Path) -> Iterator[Bench]:
    apply_theme(qapp, "light")
    bench = Bench(qtbot, SettingsStore(tmp_path / "settings.json"))
    yield bench
    QGuiApplication.clipboard().clear()
    qapp.setStyleSheet("")


@pytest.fixture
def answer(monkeypatch: pytest.MonkeyPatch) -> Callable[[object], list[str]]:
    """Answers the question for a path, and notes which one was proposed."""

    def answer(path: object) -> list[str]:
        proposed: list[str] = []

        def ask(parent: QWidget, title: str, proposal: str, filters: str) -> tuple[str, str]:
            proposed.append(proposal)
            return str(path), filters

        monkeypatch.setattr(QFileDialog, "getSaveFileName", ask)
        return proposed

    return answer


# What can be chosen.


def test_parts_in_view_can_be_chosen(bench: Bench) -> None:
    bench.ask()
    assert bench.choices("Part") == ["The window", "Conv 1", "2"]
    assert bench.choices("Size") == [paper.label for paper in PAPERS.values()]
    assert bench.choices("Ground") == ["White", "Dark"]


@pytest.mark.parametrize("name", ["Conv 1", "2"])
def test_part_with_the_focus_comes_first(bench: Bench, name: str) -> None:
    bench.tools[name].setFocus()
    bench.ask()
    assert bench.combo("Part").currentText() == name


def test_window_is_chosen_where_no_part_has_the_focus(bench: Bench) -> None:
    bench.ask()
    assert bench.combo("Part").currentText() == "The window"


def test_size_is_said_and_every_choice_changes_the_picture(bench: Bench) -> None:
    bench.ask()
    bench.choose("Part", "Conv 1")
    assert bench.says == "1\N{THIN SPACE}400 × 400 pixels"
    bench.choose("Size", "As on screen, ×4")
    assert bench.says == "2\N{THIN SPACE}800 × 800 pixels"
    bench.choose("Ground", "Dark")
    assert bench.preview.accessibleDescription() == f"Conv 1: {bench.says}"
    image = bench.copied()
    assert image.size() == WIDE * 4
    assert image.pixelColor(0, 799).name() == "#1b1d21"


def test_preview_shows_the_picture_whole(bench: Bench) -> None:
    bench.panels["Conv 1"].setStyleSheet("QToolButton { border: 0; background: #00ff00 }")
    bench.tools["Conv 1"].setGeometry(350, 0, 350, 200)
    bench.ask()
    bench.choose("Part", "Conv 1")
    bench.choose("Ground", "Dark")
    shown = bench.preview.grab().toImage()
    width, middle = shown.width(), shown.height() // 2
    assert width / shown.height() < 700 / 200
    row = [shown.pixelColor(x, middle).name() for x in (5, width // 2 - 5, width // 2 + 20)]
    assert row == ["#1b1d21", "#1b1d21", "#00ff00"]
    assert shown.pixelColor(width - 5, middle).name() == "#00ff00"
    assert shown.pixelColor(width // 2, 2).name() not in ("#1b1d21", "#00ff00")


def test_all_can_be_reached_and_has_a_name(bench: Bench) -> None:
    dialog = bench.ask()
    seen: list[QWidget] = []
    focus = dialog.focusWidget()
    while focus is not None and focus not in seen:
        seen.append(focus)
        QTest.keyClick(focus, Qt.Key.Key_Tab)
        focus = dialog.focusWidget()
    buttons = [item.text().replace("&", "") for item in seen if isinstance(item, QPushButton)]
    assert sorted(buttons) == ["Close", "Copy", "Save…"]
    names = [item.accessibleName() for item in seen if isinstance(item, ComboBox)]
    assert names == ["Part", "Format", "Size", "Ground"]
    boxes = [item.text().replace("&", "") for item in seen if isinstance(item, QCheckBox)]
    assert boxes == ["Caption"]
    assert len(seen) == 8


def test_only_the_figure_that_is_copied_is_painted_sharply(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    scales: list[float] = []

    def counted(page: Page, dark: bool) -> QImage:
        scales.append(page.dots)
        return image_of(page, dark)

    monkeypatch.setattr(figure_dialog, "image_of", counted)
    bench.ask()
    bench.choose("Size", "As on screen, ×4")
    bench.choose("Ground", "Dark")
    assert set(scales) == {1}
    scales.clear()
    bench.choose("Part", "2")
    assert bench.copied() == figure(bench.panels["2"], 4, dark=True)
    assert scales == [1, 4]


# Copying.


def test_copy_is_the_figure_and_closes(bench: Bench) -> None:
    bench.ask()
    bench.choose("Part", "2")
    assert bench.copied() == figure(bench.panels["2"], 2, dark=False)
    assert bench.said == ["Copied “2” as a picture, 600 × 400 pixels"]
    assert not bench.dialog.isVisible()


def test_enter_copies(bench: Bench) -> None:
    dialog = bench.ask()
    QTest.keyClick(dialog.focusWidget(), Qt.Key.Key_Return)
    assert len(bench.said) == 1
    assert QGuiApplication.clipboard().image().size() == bench.window.size() * 2


def test_marks_of_focus_and_pointer_are_not_in_the_figure(bench: Bench) -> None:
    panel = bench.panels["2"]
    button = bench.tools["2"]
    pictures = [figure(panel, 2, dark=False)]
    QTest.mouseMove(button, button.rect().center())
    pictures.append(figure(panel, 2, dark=False))
    button.setFocus()
    pictures.append(figure(panel, 2, dark=False))
    assert pictures[0] != pictures[1] != pictures[2]
    bench.ask()
    assert bench.copied() == pictures[0]
    assert bench.window.focusWidget() is button


# Saving.


def test_save_writes_the_figure(
    bench: Bench, answer: Callable[[object], list[str]], tmp_path: Path
) -> None:
    path = tmp_path / "one.png"
    proposed = answer(path)
    bench.store.update(folder="/before")
    bench.ask()
    bench.choose("Part", "Conv 1")
    bench.button("Save…").click()
    bench.qtbot.waitUntil(lambda: bool(bench.said))
    assert proposed == [str(Path("/before/conv-1.png"))]
    assert bench.said == [f"Saved “Conv 1” as {path}, 1\N{THIN SPACE}400 × 400 pixels"]
    written = QImage(str(path)).convertToFormat(QImage.Format.Format_RGB32)
    assert written == figure(bench.panels["Conv 1"], 2, dark=False)
    assert bench.store.current.folder == str(tmp_path)
    bench.qtbot.waitUntil(lambda: not bench.window.findChildren(FigureDialog))


@pytest.mark.parametrize(("name", "written"), [("a", "a.png"), ("2.5", "2.5.png"), ("B.PNG",) * 2])
def test_ending_is_added_where_it_is_missing(
    bench: Bench,
    answer: Callable[[object], list[str]],
    tmp_path: Path,
    name: str,
    written: str,
) -> None:
    folder = tmp_path / "figures"
    folder.mkdir()
    answer(folder / name)
    bench.ask()
    bench.button("Save…").click()
    bench.qtbot.waitUntil(lambda: bool(bench.said))
    assert [path.name for path in folder.iterdir()] == [written]


@pytest.mark.parametrize("reply", [YES, CANCEL])
def test_asks_before_it_replaces_what_the_file_dialog_did_not_ask_for(
    bench: Bench,
    answer: Callable[[object], list[str]],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    reply: QMessageBox.StandardButton,
) -> None:
    path = tmp_path / "a.png"
    path.write_bytes(b"old")
    questions: list[str] = []

    def question(parent: QWidget, title: str, text: str, *_: object) -> object:
        questions.append(text)
        return reply

    monkeypatch.setattr(QMessageBox, "question", question)
    answer(tmp_path / "a")
    bench.ask()
    bench.button("Save…").click()
    assert questions == [f"{path} exists already. Replace?"]
    if reply == YES:
        bench.qtbot.waitUntil(lambda: bool(bench.said))
        assert path.read_bytes() != b"old"
    else:
        assert path.read_bytes() == b"old"
        assert bench.dialog.isVisible()
        bench.button("Close").click()


def test_save_can_be_called_off(bench: Bench, answer: Callable[[object], list[str]]) -> None:
    answer("")
    bench.ask()
    bench.button("Save…").click()
    assert bench.dialog.isVisible()
    assert bench.dialog.isEnabled()
    QTest.keyClick(bench.dialog, Qt.Key.Key_Escape)
    assert not bench.dialog.isVisible()
    assert bench.said == []


def test_failure_is_said_and_the_choices_stay(
    bench: Bench, answer: Callable[[object], list[str]], tmp_path: Path
) -> None:
    answer(tmp_path / "absent" / "a.png")
    bench.ask()
    bench.choose("Part", "2")
    bench.choose("Ground", "Dark")
    bench.button("Save…").click()
    bench.qtbot.waitUntil(bench.button("Save…").isEnabled)
    assert bench.says == f"There is no folder {tmp_path / 'absent'}; choose one that exists."
    assert bench.said == []
    assert bench.store.current.folder == ""
    assert bench.combo("Part").currentText() == "2"
    assert bench.dialog.focusWidget() is bench.button("Save…")
    assert bench.copied().size() == NARROW * 2


def test_a_picture_that_is_too_large_is_neither_copied_nor_saved(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(figure_page, "MOST_PIXELS", 300 * 200 * 4)
    bench.ask()
    bench.choose("Part", "Conv 1")
    assert bench.says.startswith("The picture would have 560\N{THIN SPACE}000 pixels")
    for text in ("Copy", "Save…"):
        assert not bench.button(text).isEnabled()
    bench.choose("Part", "2")
    assert bench.says == "600 × 400 pixels"
    for text in ("Copy", "Save…"):
        assert bench.button(text).isEnabled()
    bench.button("Close").click()
