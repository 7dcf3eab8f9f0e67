"""Figures from the window: its parts as PNG, SVG and PDF, pages, moving pictures, cancelling."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pypdfium2
import pytest
from PySide6.QtCore import QByteArray, Qt
from PySide6.QtGui import QImage, QPainter
from PySide6.QtSvg import QSvgRenderer
from PySide6.QtTest import QTest
from PySide6.QtWidgets import (
    QApplication,
    QCheckBox,
    QFileDialog,
    QLabel,
    QProgressBar,
    QPushButton,
    QWidget,
)
from pytestqt.qtbot import QtBot

from cnn_explorer.core.schemes import ChannelScheme
from cnn_explorer.core.selection import Selection
from cnn_explorer.core.state import State
from cnn_explorer.gui import figure_dialog, figure_maker
from cnn_explorer.gui.fields import ComboBox
from cnn_explorer.gui.figure_dialog import FigureDialog
from cnn_explorer.gui.figure_page import FORMATS, Look, image_of
from cnn_explorer.gui.figure_parts import DocumentPart, ScreenPart, document_parts
from cnn_explorer.gui.main_window import MainWindow
from cnn_explorer.gui.settings import Settings, SettingsStore
from cnn_explorer.gui.theme import apply_theme
from cnn_explorer.io.session import opening_state

from ..figure_pictures import apart, pixels

MOST = 0.015
"""At one pixel for each of the screen much of a panel is hairlines, which renderers differ in."""


@pytest.fixture(scope="module")
def state() -> State:
    return opening_state()


@pytest.fixture
def window(qtbot: QtBot, qapp: QApplication, tmp_path: Path, state: State) -> Iterator[MainWindow]:
    apply_theme(qapp, "light")
    window = MainWindow(state, SettingsStore(tmp_path / "settings.json"))
    qtbot.addWidget(window)
    window.resize(1100, 760)
    with qtbot.waitActive(window):
        window.show()
        window.activateWindow()
    qtbot.waitUntil(lambda: window.fresh)
    yield window
    window.sessions.discard()
    window.close()
    qapp.setStyleSheet("")


class Bench:
    """The window's dialog, and what is written from it."""

    def __init__(self, window: MainWindow, qtbot: QtBot) -> None:
        self.window, self.qtbot = window, qtbot
        self.said: list[str] = []
        window.figures.said.connect(self.said.append)

    def ask(self) -> FigureDialog:
        self.window.figures.ask()
        self.dialog = self.window.findChildren(FigureDialog)[-1]
        return self.dialog

    def combo(self, name: str) -> ComboBox:
        combos = self.dialog.findChildren(ComboBox)
        return next(combo for combo in combos if combo.accessibleName() == name)

    def choose(self, name: str, text: str) -> None:
        index = self.combo(name).findText(text)
        assert index >= 0
        self.combo(name).setCurrentIndex(index)

    def check(self, text: str) -> QCheckBox:
        boxes = self.dialog.findChildren(QCheckBox)
        return next(box for box in boxes if box.text().replace("&", "") == text)

    def button(self, text: str) -> QPushButton:
        buttons = self.dialog.findChildren(QPushButton)
        return next(button for button in buttons if button.text().replace("&", "") == text)

    def says(self) -> str:
        return next(item.text() for item in self.dialog.findChildren(QLabel) if item.wordWrap())

    def save(self) -> None:
        before = len(self.said)
        self.button("Save…").click()
        self.qtbot.waitUntil(lambda: len(self.said) > before, timeout=20_000)


@pytest.fixture
def bench(window: MainWindow, qtbot: QtBot) -> Bench:
    return Bench(window, qtbot)


@pytest.fixture
def path_is(monkeypatch: pytest.MonkeyPatch) -> Callable[[Path], list[str]]:
    def answer(path: Path) -> list[str]:
        asked: list[str] = []

        def ask(parent: QWidget, title: str, proposal: str, kinds: str) -> tuple[str, str]:
            asked.extend((Path(proposal).name, kinds))
            return str(path), kinds

        monkeypatch.setattr(QFileDialog, "getSaveFileName", ask)
        return asked

    return answer


def screen_part(window: MainWindow, name: str) -> ScreenPart:
    part = next(part for part in window._parts() if part.name == name)
    assert isinstance(part, ScreenPart)
    return part


# Parts of the window.


@pytest.mark.parametrize(
    ("name", "dark"),
    [("The window", False), ("The window", True), ("Conv 2", True), ("How map 1 is made", False)],
)
def test_the_window_svg_and_pdf_look_the_same(window: MainWindow, name: str, dark: bool) -> None:
    part, look = screen_part(window, name), Look(dark=dark, captioned=True)
    page = part.page(look)
    image = image_of(replace(page, dots=1.0), dark)
    expected = pixels(image)
    renderer = QSvgRenderer(QByteArray(part.data(replace(look, format="svg"))))
    drawn = QImage(image.size(), QImage.Format.Format_RGB32)
    painter = QPainter(drawn)
    renderer.render(painter)
    painter.end()
    assert apart(pixels(drawn), expected) < MOST
    document = pypdfium2.PdfDocument(part.data(replace(look, format="pdf")))
    sheet = document[0]
    bitmap = sheet.render(scale=image.width() / sheet.get_width(), rev_byteorder=False)
    printed = bitmap.to_numpy()[: expected.shape[0], : expected.shape[1], :3]
    words = sheet.get_textpage()
    text = words.get_text_range()
    for thing in (words, sheet, document):
        thing.close()
    rows, columns = printed.shape[:2]
    assert apart(np.ascontiguousarray(printed), expected[:rows, :columns]) < MOST
    assert "Conv" in text or name != "The window"


def test_the_window_stays_as_it_is(window: MainWindow, qapp: QApplication) -> None:
    def looks() -> list[object]:
        everything = [window, *window.findChildren(QWidget)]
        widgets = [widget for widget in everything if widget.isVisible()]
        return [
            qapp.palette(),
            [widget.geometry() for widget in widgets],
            [widget.palette() for widget in widgets],
            pixels(window.grab().toImage()).tobytes(),
        ]

    before = looks()
    for kind in FORMATS:
        for dark in (False, True):
            screen_part(window, "Conv 2").data(Look(kind, dark=dark, captioned=True))
    QApplication.processEvents()
    assert looks() == before


def test_maps_in_the_svg_of_a_card_are_their_own(window: MainWindow) -> None:
    """Not all of a grid in each tile, as Qt's own writer of SVG has it."""
    data = screen_part(window, "Conv 2: Maps").data(Look("svg", outlines=False))
    root = ElementTree.fromstring(data)
    names = {"s": "http://www.w3.org/2000/svg"}
    images = [element.attrib for element in root.iterfind(".//s:image", names)]
    assert len(images) == 4
    assert len({one["{http://www.w3.org/1999/xlink}href"] for one in images}) == 4
    words = [element.text for element in root.iterfind(".//s:text", names)]
    assert words == ["map 0", "map 1", "map 2", "map 3"]


def test_captions_say_what_each_part_shows(window: MainWindow, qtbot: QtBot) -> None:
    def caption(name: str) -> str:
        return screen_part(window, name).picture.caption

    assert caption("Conv 2").startswith("Conv 2, maps 0 to 3, 28×28 pixels each; values from 0")
    assert "Conv 2 · map 1 is selected" in caption("The window")
    window.layers.cards[1].show_face(2)
    assert caption("Conv 2") == caption("Conv 2: Kernels")
    assert caption("Conv 2: Kernels").startswith("Conv 2, its kernels: 3 of 3×3")
    window.layers.cards[1].show_face(1)
    qtbot.waitUntil(lambda: window.fresh and window.shown is not None and bool(window.shown.blocks))
    assert window.shown is not None
    rows = window.shown.blocks[0].cells.channels
    said = caption("Conv 2: Contributions")
    which = " to ".join(dict.fromkeys(map(str, (rows[0], rows[-1]))))
    assert f"each of input maps {which} of Conv 1" in said
    window.actions_by_name["naive"].trigger()
    qtbot.waitUntil(lambda: window.fresh)
    window.layers.cards[1].show_face(0)
    qtbot.waitUntil(lambda: window.fresh)
    shown = [f"{i}.{j}" for i in range(3) for j in range(4)]
    first, last = caption("Conv 2: Maps").split(",")[1].removeprefix(" maps ").split(" to ")
    assert first == "0.0"
    assert last in shown[1:]  # as far as they are in view


# What is composed.


def test_what_there_is_depends_on_what_is_selected(state: State) -> None:
    def subjects(state: State, selection: Selection) -> list[str]:
        parts = document_parts(state, selection, Settings())
        return [part.wanted.subject for part in parts if isinstance(part, DocumentPart)]

    chosen = Selection().at((0, 1), (3, 4))
    whole = ["equation", "ledger", "equations", "map", "fold", "stroke"]
    assert subjects(state, chosen) == whole
    assert subjects(state, replace(chosen, pin=None)) == [
        name for name in whole if name != "ledger"
    ]
    naive = replace(state, scheme=ChannelScheme.NAIVE)
    assert subjects(naive, chosen) == [name for name in whole if name != "fold"]
    assert subjects(state, Selection()) == []
    pooled = Selection().at((0, 1, 1), (3, 4))
    assert subjects(state, pooled) == ["equation", "ledger", "equations", "map", "stroke"]


@pytest.mark.parametrize(
    ("part", "kind", "begins"),
    [
        ("The whole equation of map 1", "PDF", b"%PDF-"),
        ("The ledger of pixel 11, 16", "PNG", b"\x89PNG"),
        ("Conv 2: Maps", "SVG", b"<?xml"),
        ("All equations of Conv 2, a page each", "PDF", b"%PDF-"),
        ("The fold of Conv 2, moving", "WebP", b"RIFF"),
        ("The drawing growing, with Conv 2, moving", "GIF", b"GIF8"),
    ],
)
def test_is_saved_in_the_format_that_was_chosen(
    bench: Bench,
    path_is: Callable[[Path], list[str]],
    tmp_path: Path,
    part: str,
    kind: str,
    begins: bytes,
) -> None:
    bench.ask()
    bench.choose("Part", part)
    bench.choose("Format", kind)
    bench.choose("Size", "Slide, 16:9")
    asked = path_is(tmp_path / "figure")
    bench.save()
    (written,) = tmp_path.glob("figure.*")
    assert written.read_bytes().startswith(begins)
    assert asked[1] == f"{kind} (*{written.suffix})"
    assert asked[0].endswith(written.suffix)
    assert bench.said[-1].startswith(f"Saved “{part}” as {written}, ")
    assert sorted(tmp_path.glob(".cnn*")) == []


def test_the_window_and_the_command_line_write_the_same_bytes(
    bench: Bench, path_is: Callable[[Path], list[str]], tmp_path: Path, state: State
) -> None:
    for kind in ("PNG", "SVG"):
        bench.ask()
        bench.choose("Part", "The whole equation of map 1")
        bench.choose("Format", kind)
        bench.check("Caption").setChecked(True)
        path = tmp_path / f"one.{kind.lower()}"
        path_is(path)
        bench.save()
        wanted = figure_maker.Wanted(state, "equation", (0, 1), (11, 16))
        look = Look(kind.lower(), captioned=True)
        assert path.read_bytes() == figure_maker.make_figure(wanted, look)


def test_formats_are_those_that_the_part_has(bench: Bench) -> None:
    bench.ask()

    def offered(part: str) -> list[str]:
        bench.choose("Part", part)
        combo = bench.combo("Format")
        return [combo.itemText(index) for index in range(combo.count())]

    assert offered("Conv 1") == ["PNG", "SVG", "PDF"]
    bench.choose("Format", "SVG")
    assert bench.check("Text as outlines").isEnabled()
    assert offered("The whole equation of map 1") == ["PNG", "SVG", "PDF"]
    assert bench.combo("Format").currentText() == "SVG"
    assert offered("All equations of Conv 2, a page each") == ["PDF"]
    assert not bench.check("Text as outlines").isEnabled()
    assert bench.says().endswith("mm; the first page is shown")
    assert offered("The fold of Conv 2, moving") == ["GIF", "APNG", "WebP"]
    assert bench.says().endswith("; one of its many frames is shown")
    assert not bench.button("Copy").isEnabled()
    assert offered("Conv 1") == ["PNG", "SVG", "PDF"]
    assert bench.button("Copy").isEnabled()
    bench.button("Close").click()


def test_choices_are_there_again_the_next_time(bench: Bench, qtbot: QtBot) -> None:
    bench.ask()
    for name, text in (("Format", "SVG"), ("Size", "Column, 85 mm"), ("Ground", "Dark")):
        bench.choose(name, text)
    bench.check("Caption").setChecked(True)
    bench.check("Text as outlines").setChecked(False)
    look = bench.dialog.look
    assert look == Look("svg", "column", dark=True, captioned=True, outlines=False)
    bench.button("Close").click()
    assert bench.ask().look == look
    bench.button("Close").click()


def test_making_is_shown_and_can_be_cancelled(
    bench: Bench,
    path_is: Callable[[Path], list[str]],
    tmp_path: Path,
    qtbot: QtBot,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    path = tmp_path / "all.pdf"
    path.write_bytes(b"old")
    path_is(path)
    pages: list[int] = []
    real = figure_maker.equations

    def endless(*arguments: object) -> Iterator[object]:
        """So many pages that they would never end."""
        wanted, progress, checkpoint = arguments
        while True:
            checkpoint()  # type: ignore[operator]
            progress(len(pages) % 100 + 1, 100)  # type: ignore[operator]
            pages.append(1)
            yield next(real(wanted))  # type: ignore[arg-type]

    bench.ask()
    bench.choose("Part", "All equations of Conv 2, a page each")
    monkeypatch.setattr(figure_maker, "equations", endless)
    bench.button("Save…").click()
    bar = bench.dialog.findChild(QProgressBar)
    assert isinstance(bar, QProgressBar)
    assert bar.isVisible()
    assert not bench.combo("Part").isEnabled()
    qtbot.waitUntil(lambda: bar.value() > 1)
    QTest.keyClick(bench.dialog, Qt.Key.Key_Escape)
    qtbot.waitUntil(lambda: bench.combo("Part").isEnabled())
    assert bench.says() == "Cancelled; nothing was written."
    assert bench.dialog.isVisible()
    assert not bar.isVisible()
    assert path.read_bytes() == b"old"
    assert [one.name for one in tmp_path.iterdir() if one.suffix != ".json"] == ["all.pdf"]
    assert bench.said == []
    bench.button("Close").click()


def test_without_pillow_the_reason_is_said(
    bench: Bench,
    path_is: Callable[[Path], list[str]],
    tmp_path: Path,
    qtbot: QtBot,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from cnn_explorer.gui import animations

    def missing() -> None:
        raise figure_dialog.FigureError("There is no Pillow; install it.")

    monkeypatch.setattr(animations, "_pillow", missing)
    path_is(tmp_path / "fold.gif")
    bench.ask()
    bench.choose("Part", "The fold of Conv 2, moving")
    bench.button("Save…").click()
    qtbot.waitUntil(lambda: bench.says() == "There is no Pillow; install it.")
    assert not (tmp_path / "fold.gif").exists()
    bench.button("Close").click()
