"""The input panel: its tools, its pictures, and what it says of them."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PySide6.QtCore import QEvent, QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import (
    QAccessible,
    QAction,
    QActionGroup,
    QClipboard,
    QDragEnterEvent,
    QDropEvent,
    QFont,
    QImage,
)
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QFileDialog, QLabel, QSlider, QToolButton, QWidget
from pytestqt.qtbot import QtBot

from cnn_explorer.core.building import new_network
from cnn_explorer.core.drawing import MAX_SIZE, MIN_SIZE, blank
from cnn_explorer.core.state import State
from cnn_explorer.gui.digit_grid import DigitGrid
from cnn_explorer.gui.document import Document
from cnn_explorer.gui.input_panel import InputPanel
from cnn_explorer.gui.settings import SettingsStore
from cnn_explorer.gui.theme import apply_theme
from cnn_explorer.io.digits import digit, styles
from cnn_explorer.io.weights import save_network

INVERTED = "Read as dark ink on light paper and inverted."
KEPT = "Read as light ink on a dark ground."


@pytest.fixture
def document(qapp: QApplication) -> Document:
    return Document(State(digit(3), new_network()))


@pytest.fixture
def store(qapp: QApplication, tmp_path: Path) -> SettingsStore:
    return SettingsStore(tmp_path / "settings.ini")


@pytest.fixture
def actions(document: Document) -> dict[str, QAction]:
    names = {"draw": "&Draw", "erase": "&Erase", "clear": "&Clear"}
    names |= {"open_image": "Open &image…", "paste_image": "&Paste image"}
    names |= {"centre": "Ce&ntre as MNIST does", "centring": "Centre &while drawing"}
    made = {name: QAction(text, document) for name, text in names.items()}
    group = QActionGroup(document)
    made["centring"].setCheckable(True)
    for name in ("draw", "erase"):
        made[name].setCheckable(True)
        group.addAction(made[name])
    return made


@pytest.fixture
def panel(
    qtbot: QtBot, document: Document, store: SettingsStore, actions: dict[str, QAction]
) -> Iterator[InputPanel]:
    widget = InputPanel(document, store, actions)
    qtbot.addWidget(widget)
    slots = (
        widget.choose_pen,
        widget.choose_eraser,
        widget.clear,
        widget.open_image,
        widget.paste_image,
        widget.centring.centre,
        widget.centring.set_always,
    )
    for action, slot in zip(actions.values(), slots, strict=True):
        action.triggered.connect(slot)
    widget.resize(240, 600)
    with qtbot.waitExposed(widget):
        widget.show()
    yield widget
    widget.shut_down()


@pytest.fixture
def clipboard(qapp: QApplication) -> Iterator[QClipboard]:
    yield qapp.clipboard()
    qapp.clipboard().clear()  # with data of Python's in it the process would crash at its end


def button(panel: QWidget, text: str) -> QToolButton:
    """The button with a text, wherever it is, if it can be seen."""
    found = [
        item for item in panel.findChildren(QToolButton) if item.text() == text and item.isVisible()
    ]
    assert len(found) == 1, text
    return found[0]


def click(widget: QWidget) -> None:
    QTest.mouseClick(widget, Qt.MouseButton.LeftButton)


def words(panel: InputPanel) -> str:
    """All that can be read in labels, without the places where words may break."""
    labels = panel.findChildren(QLabel)
    return " ".join(label.text() for label in labels if label.isVisible()).replace("\u200b", "")


def wait_for(qtbot: QtBot, panel: InputPanel, text: str) -> None:
    qtbot.waitUntil(lambda: text in words(panel))


def page(light: int = 255) -> QImage:
    """A dark square on light paper, 28 by 28, so that nothing is scaled."""
    image = QImage(28, 28, QImage.Format.Format_Grayscale8)
    image.fill(light)
    for row in range(10, 20):
        for column in range(8, 18):
            image.setPixel(column, row, 255 - light)
    return image


def ink() -> NDArray[np.float32]:
    expected = np.zeros((28, 28), np.float32)
    expected[10:20, 8:18] = 1
    return expected


def dropped(panel: InputPanel, mime: QMimeData) -> bool:
    """Drag to the panel with Shift, which asks for a move; whether it was accepted as a copy."""
    offered = Qt.DropAction.CopyAction | Qt.DropAction.MoveAction
    left, shift = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.ShiftModifier
    enter = QDragEnterEvent(QPoint(9, 9), offered, mime, left, shift)
    enter.setAccepted(False)
    QApplication.sendEvent(panel, enter)
    if not enter.isAccepted():
        return False
    drop = QDropEvent(QPointF(9, 9), offered, mime, left, shift, QEvent.Type.Drop)
    QApplication.sendEvent(panel, drop)
    return drop.isAccepted() and drop.dropAction() is Qt.DropAction.CopyAction


def urls(*addresses: QUrl | Path) -> QMimeData:
    mime = QMimeData()
    mime.setUrls(
        [item if isinstance(item, QUrl) else QUrl.fromLocalFile(str(item)) for item in addresses]
    )
    return mime


# Tools.


def test_the_buttons_choose_the_tool(panel: InputPanel, actions: dict[str, QAction]) -> None:
    assert actions["draw"].isChecked()
    click(button(panel, "Erase"))
    assert panel.canvas.erasing
    assert actions["erase"].isChecked()
    assert not actions["draw"].isChecked()
    click(button(panel, "Draw"))
    assert not panel.canvas.erasing


def test_a_tool_that_is_chosen_from_elsewhere_is_shown(panel: InputPanel) -> None:
    panel.choose_eraser()
    assert button(panel, "Erase").isChecked()
    panel.choose_pen()
    assert button(panel, "Draw").isChecked()


def test_clear_is_one_step_and_none_when_there_is_no_ink(
    panel: InputPanel, document: Document
) -> None:
    click(button(panel, "Clear"))
    assert not document.state.drawing.any()
    assert document.undo_stack.undoText() == "Clear"
    click(button(panel, "Clear"))
    assert document.undo_stack.count() == 1
    document.undo_stack.undo()
    np.testing.assert_array_equal(document.state.drawing, digit(3))


def test_the_slider_sets_the_pen_and_follows_it(panel: InputPanel, store: SettingsStore) -> None:
    slider = panel.findChild(QSlider)
    assert isinstance(slider, QSlider)
    assert "2.0 px" in words(panel)
    slider.setFocus()
    QTest.keyClick(slider, Qt.Key.Key_Right)
    assert store.current.pen_size == 2.5
    assert "2.5 px" in words(panel)
    for end, size in ((Qt.Key.Key_Home, MIN_SIZE), (Qt.Key.Key_End, MAX_SIZE)):
        QTest.keyClick(slider, end)
        assert store.current.pen_size == size
    store.update(pen_size=4.5)
    assert slider.value() == 9
    assert "4.5 px" in words(panel)


# Sample digits.


def test_a_digit_is_one_step(panel: InputPanel, document: Document) -> None:
    panel.use_digit(7, 1)
    np.testing.assert_array_equal(document.state.drawing, digit(7, 1))
    assert document.undo_stack.undoText() == "Digit 7"
    panel.use_digit(7, 1)
    assert document.undo_stack.count() == 1


@pytest.mark.parametrize("by_keyboard", [False, True])
def test_a_digit_is_picked_from_pictures(
    qtbot: QtBot, panel: InputPanel, document: Document, by_keyboard: bool
) -> None:
    menu = button(panel, "Sample digit ▾").menu()
    menu.popup(panel.mapToGlobal(QPoint(0, 0)))
    qtbot.waitUntil(menu.isVisible)
    grid = menu.findChild(DigitGrid)
    assert isinstance(grid, DigitGrid)
    pictures = {item.accessibleName(): item for item in grid.findChildren(QToolButton)}
    assert len(pictures) == sum(len(styles(label)) for label in range(10))
    assert all(item.isVisible() for item in pictures.values())
    if by_keyboard:
        for which in (Qt.Key.Key_Right, Qt.Key.Key_Right, Qt.Key.Key_Down, Qt.Key.Key_Return):
            focused = menu.focusWidget()
            assert focused is not None
            QTest.keyClick(focused, which)
    else:
        click(pictures[f"Digit 2, {styles(2)[1]}"])
    np.testing.assert_array_equal(document.state.drawing, digit(2, 1))
    assert not menu.isVisible()


# Pictures.


def test_a_page_is_inverted_and_read_again_as_it_is(
    qtbot: QtBot, panel: InputPanel, document: Document
) -> None:
    panel.use_image(page())
    wait_for(qtbot, panel, INVERTED)
    np.testing.assert_array_equal(document.state.drawing, ink())
    assert document.undo_stack.undoText() == "Paste image"
    again = button(panel, "Not inverted")
    again.setFocus()

    click(again)
    wait_for(qtbot, panel, KEPT)
    np.testing.assert_array_equal(document.state.drawing, 1 - ink())
    assert panel.focusWidget() is button(panel, "Invert")  # it never went away

    click(button(panel, "Invert"))
    wait_for(qtbot, panel, INVERTED)
    np.testing.assert_array_equal(document.state.drawing, ink())


def test_a_file_is_read_again_as_it_is(
    qtbot: QtBot, panel: InputPanel, document: Document, tmp_path: Path
) -> None:
    path = tmp_path / "page.png"
    page().save(str(path))
    panel.use_path(str(path))
    wait_for(qtbot, panel, INVERTED)
    np.testing.assert_array_equal(document.state.drawing, ink())
    assert document.undo_stack.undoText() == "Open image"
    click(button(panel, "Not inverted"))
    wait_for(qtbot, panel, KEPT)
    np.testing.assert_array_equal(document.state.drawing, 1 - ink())
    assert document.undo_stack.count() == 2


def test_light_on_dark_is_kept_and_can_be_inverted(qtbot: QtBot, panel: InputPanel) -> None:
    panel.use_image(page(light=0))
    wait_for(qtbot, panel, KEPT)
    click(button(panel, "Invert"))
    wait_for(qtbot, panel, INVERTED)


@pytest.mark.parametrize("way", ["stroke", "undo", "digit"])
def test_what_is_said_of_a_picture_goes_with_it(
    qtbot: QtBot, panel: InputPanel, document: Document, way: str
) -> None:
    panel.use_image(page())
    wait_for(qtbot, panel, INVERTED)
    if way == "stroke":
        QTest.mouseClick(panel.canvas, Qt.MouseButton.LeftButton, pos=QPoint(8, 8))
    elif way == "undo":
        document.undo_stack.undo()
    else:
        panel.use_digit(5)
    assert INVERTED not in words(panel)
    assert not any(item.text() == "Not inverted" for item in visible(panel, QToolButton))


def test_an_error_goes_with_the_next_stroke(
    qtbot: QtBot, panel: InputPanel, document: Document
) -> None:
    panel.use_image(QImage())
    wait_for(qtbot, panel, "0 by 0 pixels")
    panel.canvas.erasing = True
    QTest.mouseClick(panel.canvas, Qt.MouseButton.LeftButton, pos=QPoint(8, 8))
    assert "0 by 0" in words(panel)  # there was no ink to erase
    document.commit("Reset", replace(document.state, network=new_network()))
    assert "0 by 0" in words(panel)
    panel.canvas.erasing = False
    QTest.mouseClick(panel.canvas, Qt.MouseButton.LeftButton, pos=QPoint(8, 8))
    assert "0 by 0" not in words(panel)


@pytest.mark.parametrize(
    ("name", "data", "sentence"),
    [
        ("letter.png", b"Dear Sir", "letter.png is not an image that can be read; try PNG or JPEG"),
        ("none.png", b"", "none.png is empty; choose an image file."),
        ("absent.png", None, "There is no file absent.png; choose an image file."),
    ],
)
def test_a_bad_file_gets_its_sentence_and_changes_nothing(
    qtbot: QtBot,
    panel: InputPanel,
    document: Document,
    tmp_path: Path,
    name: str,
    data: bytes | None,
    sentence: str,
) -> None:
    before = document.state
    if data is not None:
        (tmp_path / name).write_bytes(data)
    panel.use_path(str(tmp_path / name))
    wait_for(qtbot, panel, sentence)
    assert str(tmp_path) not in words(panel)
    assert document.state is before
    assert document.undo_stack.count() == 0


def test_an_unexpected_error_is_not_swallowed(
    qtbot: QtBot, panel: InputPanel, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(image: QImage, invert: bool | None) -> None:
        raise MemoryError

    monkeypatch.setattr("cnn_explorer.gui.input_panel.from_image", fail)
    with qtbot.captureExceptions() as raised:
        panel.use_image(page())
        qtbot.waitUntil(lambda: bool(raised))
    assert raised[0][0] is MemoryError
    assert "Reading" not in words(panel)


# Drop, paste, open.


def test_an_image_file_can_be_dropped(
    qtbot: QtBot, panel: InputPanel, document: Document, tmp_path: Path
) -> None:
    path = tmp_path / "a picture.png"
    page().save(str(path))
    assert dropped(panel, urls(path))
    wait_for(qtbot, panel, INVERTED)
    np.testing.assert_array_equal(document.state.drawing, ink())
    assert document.undo_stack.undoText() == "Open image"


def test_a_file_goes_before_its_preview(
    qtbot: QtBot, panel: InputPanel, document: Document, tmp_path: Path
) -> None:
    page().save(str(tmp_path / "page.png"))
    mime = urls(tmp_path / "page.png")
    mime.setImageData(QImage(28, 28, QImage.Format.Format_Mono))
    dropped(panel, mime)
    wait_for(qtbot, panel, INVERTED)
    np.testing.assert_array_equal(document.state.drawing, ink())


def test_a_picture_can_be_dropped_from_a_browser(
    qtbot: QtBot, panel: InputPanel, document: Document
) -> None:
    mime = urls(QUrl("https://example.org/page.png"))
    mime.setImageData(page())
    assert dropped(panel, mime)
    wait_for(qtbot, panel, INVERTED)
    np.testing.assert_array_equal(document.state.drawing, ink())


def test_what_is_no_picture_cannot_be_dropped(panel: InputPanel) -> None:
    text = QMimeData()
    text.setText("seven")
    assert not dropped(panel, text)
    assert not dropped(panel, urls(QUrl("https://example.org/page.png")))


def test_two_files_are_one_too_many(panel: InputPanel, document: Document) -> None:
    before = document.state
    dropped(panel, urls(Path("one.png"), Path("two.png")))
    assert "Only one file at a time can be opened, not 2." in words(panel)
    assert document.state is before


def test_a_picture_can_be_pasted(
    qtbot: QtBot, panel: InputPanel, document: Document, clipboard: QClipboard
) -> None:
    clipboard.setImage(page())
    click(button(panel, "Paste"))
    wait_for(qtbot, panel, INVERTED)
    np.testing.assert_array_equal(document.state.drawing, ink())
    assert document.undo_stack.undoText() == "Paste image"


def test_a_file_can_be_pasted(
    qtbot: QtBot,
    panel: InputPanel,
    document: Document,
    clipboard: QClipboard,
    tmp_path: Path,
) -> None:
    page().save(str(tmp_path / "page.png"))
    clipboard.setMimeData(urls(tmp_path / "page.png"))
    panel.paste_image()
    wait_for(qtbot, panel, INVERTED)
    assert document.undo_stack.undoText() == "Paste image"


def test_pasting_text_says_what_is_missing(
    panel: InputPanel, document: Document, clipboard: QClipboard
) -> None:
    clipboard.setText("seven")
    panel.paste_image()
    assert "The clipboard holds no image; copy one first." in words(panel)
    assert document.undo_stack.count() == 0


def test_open_asks_for_images_in_the_last_folder(
    qtbot: QtBot,
    panel: InputPanel,
    document: Document,
    store: SettingsStore,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: list[tuple[str, str]] = []
    answer = ""

    def ask(parent: QWidget, title: str, folder: str, filters: str) -> tuple[str, str]:
        asked.append((folder, filters))
        return answer, ""

    monkeypatch.setattr(QFileDialog, "getOpenFileName", ask)
    store.update(folder="/before")
    click(button(panel, "Image…"))
    assert asked[0][0] == store.current.folder == "/before"
    images = asked[0][1].split(";;")[0]
    assert "*.png" in images
    assert "*.jpg" in images
    assert "svg" not in images
    assert document.undo_stack.count() == 0

    page().save(str(tmp_path / "page.png"))
    answer = str(tmp_path / "page.png")
    panel.open_image()
    wait_for(qtbot, panel, INVERTED)
    assert store.current.folder == str(tmp_path)
    np.testing.assert_array_equal(document.state.drawing, ink())


# Room and names.


def visible(panel: InputPanel, kind: type) -> list[QLabel | QToolButton]:
    return [item for item in panel.findChildren(kind) if item.isVisible()]


@pytest.fixture
def themed(qapp: QApplication) -> Iterator[QApplication]:
    apply_theme(qapp, "light")
    yield qapp
    qapp.setStyleSheet("")


@pytest.mark.parametrize(("width", "side"), [(184, 168), (240, 224), (360, 336)])
def test_everything_fits(
    qtbot: QtBot, themed: QApplication, panel: InputPanel, width: int, side: int
) -> None:
    panel.use_path("a_picture_with_a_name_that_is_longer_than_any_line_of_the_panel_can_be.png")
    wait_for(qtbot, panel, "There is no file")
    panel.resize(width, 620)
    assert panel.width() == width
    assert panel.canvas.square().width() == side
    for item in visible(panel, QToolButton):
        assert item.fontMetrics().horizontalAdvance(item.text()) < item.width() - 4, item.text()
    for label in visible(panel, QLabel):
        assert isinstance(label, QLabel)
        if label.wordWrap():
            assert label.heightForWidth(label.width()) <= label.height()
            assert label.minimumSizeHint().width() <= label.width()
        else:
            assert label.sizeHint().width() <= label.width(), label.text()


def test_large_text_widens_the_panel_rather_than_being_cut(
    qtbot: QtBot, themed: QApplication, panel: InputPanel
) -> None:
    panel.resize(184, 620)
    themed.setFont(QFont("DejaVu Sans", 15))
    apply_theme(themed, "light")
    qtbot.waitUntil(lambda: panel.width() > 184)
    for item in visible(panel, QToolButton):
        assert item.fontMetrics().horizontalAdvance(item.text()) < item.width() - 4, item.text()


def test_in_a_low_window_the_drawing_gives_way(panel: InputPanel) -> None:
    panel.resize(500, 380)
    assert panel.canvas.square().bottom() <= panel.canvas.height()
    for item in visible(panel, QToolButton):
        assert item.height() >= item.sizeHint().height()
        assert panel.rect().contains(item.geometry())


def test_everything_that_takes_the_focus_has_a_name(panel: InputPanel) -> None:
    focusable = [
        item
        for item in panel.findChildren(QWidget)
        if item.focusPolicy() is not Qt.FocusPolicy.NoFocus and item.isVisible()
    ]
    assert len(focusable) >= 8
    for item in focusable:
        interface = QAccessible.queryAccessibleInterface(item)
        assert interface.text(QAccessible.Text.Name), item
    description = QAccessible.queryAccessibleInterface(panel.canvas)
    assert "Space" in description.text(QAccessible.Text.Description)


def test_a_blank_page_is_a_blank_drawing(
    qtbot: QtBot, panel: InputPanel, document: Document
) -> None:
    image = QImage(300, 200, QImage.Format.Format_RGB32)
    image.fill(Qt.GlobalColor.white)
    panel.use_image(image)
    wait_for(qtbot, panel, INVERTED)
    np.testing.assert_array_equal(document.state.drawing, blank())


@pytest.mark.parametrize("name", ["one.safetensors", "one.npz"])
def test_a_network_that_is_dropped_is_handed_on(
    panel: InputPanel, document: Document, qtbot: QtBot, tmp_path: Path, name: str
) -> None:
    save_network(tmp_path / name, new_network((2, 5)))
    before = document.state
    with qtbot.waitSignal(panel.network_given) as given:
        panel.use_mime(urls(tmp_path / name))
    assert given.args == [str(tmp_path / name)]
    assert document.state is before
