"""The README's table “By keyboard alone”: every row of it, done with keys."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import QGuiApplication, QKeyEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QDialog, QSlider, QToolButton, QWidget

from .conftest import Driver

ROOT = Path(__file__).parents[2]


def tab_to(driver: Driver, wanted: Callable[[QWidget], bool]) -> QWidget:
    """Go on with Tab until a widget has the focus; arrows reach the others of a switch."""
    driver.activate()
    for _ in range(150):
        focused = driver.window.focusWidget()
        if focused is not None and wanted(focused):
            return focused
        QTest.keyClick(focused or driver.window, Qt.Key.Key_Tab)
    raise AssertionError("Tab does not lead there")


def button(text: str) -> Callable[[QWidget], bool]:
    return lambda widget: isinstance(widget, QToolButton) and widget.text() == text


def channel_keys(driver: Driver) -> QWidget:
    """The rows of how the map is made, with the keyboard on the first."""
    driver.press("Ctrl+I")
    rows = driver.window.focusWidget()
    assert rows is driver.window.inspector.making.pixel_rows
    driver.press("Home")
    return rows


def mutes(driver: Driver) -> list[list[bool]]:
    muted = driver.state.network.layers[1].muted
    return [] if muted is None else muted.tolist()


def go_from_part_to_part(driver: Driver) -> None:
    def on_a_card(widget: QWidget) -> bool:
        return driver.cards[1].isAncestorOf(widget)

    tab_to(driver, lambda widget: widget is driver.window.input.canvas)
    tab_to(driver, button("3"))
    tab_to(driver, on_a_card)
    tab_to(driver, driver.window.inspector.isAncestorOf)


def answer_the_question(driver: Driver) -> None:
    driver.window.store.update(reduced_motion=True)
    tab_to(driver, button("12"))
    driver.press("Space")
    assert driver.cards[1].contributions.isVisible()
    tab_to(driver, button("Why add?"))
    driver.press("Space")
    assert [layer.out_channels for layer in driver.state.network.layers] == [2, 1]


def turn_all_cards(driver: Driver) -> None:
    for keys, name in (("Alt+2", "contributions"), ("Alt+3", "kernels"), ("Alt+1", "maps")):
        driver.press(keys)
        assert all(getattr(card, name).isVisible() for card in driver.cards)


def fold(driver: Driver) -> None:
    driver.window.store.update(reduced_motion=True)
    driver.press("F")
    slider = tab_to(driver, lambda w: isinstance(w, QSlider) and driver.cards[1].isAncestorOf(w))
    assert isinstance(slider, QSlider)
    assert slider.value() == slider.maximum()
    driver.press("Left")
    assert 0 < slider.value() < slider.maximum()
    for _ in range(2):
        driver.press("F")
    assert slider.value() in (0, slider.maximum())


def go_to_the_making(driver: Driver) -> None:
    inspector = driver.window.inspector
    driver.press("Ctrl+T")
    assert inspector.tensors.isVisible()
    assert inspector.isAncestorOf(driver.window.focusWidget())
    driver.press("Ctrl+I")
    assert inspector.making.isVisible()
    assert inspector.making.isAncestorOf(driver.window.focusWidget())
    driver.press("Ctrl+Alt+K")
    assert inspector.kernel.isVisible()
    assert driver.window.focusWidget() is inspector.kernel.cells


def walk_through_the_kernels(driver: Driver) -> None:
    driver.press("Alt+3")
    kernels = driver.cards[1].kernels
    tab_to(driver, lambda widget: widget is kernels)
    for keys in ("Right", "Down", "Return"):
        driver.press(keys)
    cells = driver.window.inspector.kernel.cells
    assert driver.window.focusWidget() is cells
    assert cells.accessibleName() == "Kernel (1 → 2) of Conv 2"


def edit_a_kernel(driver: Driver) -> None:
    driver.press("Ctrl+Alt+K")
    cells = driver.window.inspector.kernel.cells
    before = driver.state.network.conv(1).weight[1, 0].copy()
    for keys in ("Down", "Right", "PgUp", "Right", "7"):
        driver.press(keys)
    driver.press("Return")
    after = driver.state.network.conv(1).weight[1, 0]
    assert after[1, 1] > before[1, 1]
    assert after[1, 2] == 7
    assert cells.cursor_cell == (2, 0)
    assert cells.hasFocus()
    driver.press("5")
    driver.press("Tab")
    assert driver.state.network.conv(1).weight[1, 0, 2, 0] == 5


def reset_a_kernel(driver: Driver) -> None:
    before = driver.state.network.conv(1).weight.tobytes()
    driver.press("Ctrl+Alt+K")
    driver.press("Delete")
    assert driver.state.network.conv(1).weight.tobytes() != before
    driver.press("Ctrl+Shift+Backspace")
    assert driver.state.network.conv(1).weight.tobytes() == before


def switch_the_zoom(driver: Driver) -> None:
    panel = driver.window.inspector.making
    assert panel.pixel_rows.isVisible()
    driver.press("Ctrl+P")
    assert panel.map_rows.isVisible()
    driver.press("Ctrl+P")
    assert panel.pixel_rows.isVisible()


def walk_through_the_rows(driver: Driver) -> None:
    rows = channel_keys(driver)
    told = [rows.accessibleDescription()]
    for keys in ("Down", "Down", "Up", "End", "Home"):
        driver.press(keys)
        told.append(rows.accessibleDescription())
    assert told[0] == told[5] != told[1] == told[3]
    assert told[2] == told[4]
    driver.press("Ctrl+P")
    driver.press("Ctrl+I")
    whole = driver.window.focusWidget()
    assert whole is driver.window.inspector.making.map_rows
    driver.press("Home")
    first = whole.accessibleDescription()
    driver.press("Down")
    assert whole.accessibleDescription() != first


def mute_a_row(driver: Driver) -> None:
    channel_keys(driver)
    driver.press("Space")
    assert mutes(driver)[1] == [True, False, False]
    driver.press("Space")
    driver.press("Shift+Space")
    assert mutes(driver)[1] == [False, True, True]


def open_a_row(driver: Driver) -> None:
    channel_keys(driver)
    rows = driver.window.inspector.making.pixel_rows
    for opens in ("Right", "Return"):
        assert " × " not in rows.text()
        driver.press(opens)
        assert " × " in rows.text()
        driver.press("Left")
    driver.cards[0].fields.filters.setValue(40)
    driver.settle()
    channel_keys(driver)
    driver.press("End")
    folded = rows.text().count("products")
    assert "rest of " in rows.text()
    driver.press("Return")
    assert rows.text().count("products") > folded


def see_what_a_cell_multiplies(driver: Driver) -> None:
    channel_keys(driver)
    seen = []
    for keys in (".", ".", ","):
        driver.press(keys)
        (mark,) = (mark for mark in driver.grid(0).fields if mark.hovered)
        assert 0 in mark.tiles
        seen.append(mark.field.mask.nonzero())
    row, column = driver.window.selection.current.pin or (0, 0)
    assert [(int(r[0]), int(c[0])) for r, c in seen] == [
        (row - 1, column - 1),
        (row - 1, column),
        (row - 1, column - 1),
    ]


def walk_through_the_cells(driver: Driver) -> None:
    driver.press("Alt+2")
    cells = driver.cards[1].contributions.cells
    tab_to(driver, lambda widget: widget is cells)
    before = cells.current
    driver.press("Right")
    driver.press("Down")
    assert cells.current != before
    assert driver.window.selection.current.path[1] == cells.current[1]


def mute_a_cell(driver: Driver) -> None:
    driver.press("Alt+2")
    cells = driver.cards[1].contributions.cells
    tab_to(driver, lambda widget: widget is cells)
    driver.press("Right")
    row, filter_ = cells.current
    for keys in ("Space", "M"):
        driver.press(keys)
    assert not mutes(driver)
    driver.press("Space")
    assert mutes(driver)[filter_][row]
    driver.press("Space")
    driver.press("Shift+Space")
    assert [not muted for muted in mutes(driver)[filter_]].index(True) == row
    driver.press("Shift+Space")
    driver.press("Ctrl+Space")
    assert all(muted[row] for muted in mutes(driver))


def unmute(driver: Driver) -> None:
    driver.trigger("only_diagonal")
    assert mutes(driver)
    driver.press("Ctrl+U")
    assert not mutes(driver)


def see_where_a_pixel_goes(driver: Driver) -> None:
    canvas = tab_to(driver, lambda widget: widget is driver.window.input.canvas)
    driver.press("Right", canvas)
    assert [mark.hovered for mark in driver.grid(0).fields].count(True) == 1
    assert [mark.hovered for mark in driver.grid(1).fields].count(True) == 1


def copy_the_pixel(driver: Driver) -> None:
    channel_keys(driver)
    copied = set()
    for text in ("Copy as text", "CSV", "LaTeX", "NumPy"):
        tab_to(driver, button(text))
        driver.press("Space")
        copied.add(QGuiApplication.clipboard().text())
    assert len(copied) == 4


def copy_sentence_and_figure(driver: Driver) -> None:
    driver.press("Ctrl+Alt+C")
    assert QGuiApplication.clipboard().text().startswith("Conv 2, map 1: ReLU of the sum")
    QTest.keySequence(driver.window.focusWidget() or driver.window, "Ctrl+Shift+F")
    driver.wait(lambda: any(d.isVisible() for d in driver.window.findChildren(QDialog)))
    (dialog,) = (d for d in driver.window.findChildren(QDialog) if d.isVisible())
    escape = QKeyEvent(QEvent.Type.KeyPress, Qt.Key.Key_Escape, Qt.KeyboardModifier.NoModifier)
    QApplication.sendEvent(dialog, escape)
    driver.wait(lambda: not any(d.isVisible() for d in driver.window.findChildren(QDialog)))


def take_back(driver: Driver) -> None:
    channel_keys(driver)
    driver.press("Space")
    driver.press("Ctrl+Z")
    assert not mutes(driver)


DONE: dict[str, Callable[[Driver], None]] = {
    "go from part to part": go_from_part_to_part,
    "answer the question, open “Why add?”": answer_the_question,
    "turn all cards to maps, contributions, kernels": turn_all_cards,
    "fold the contributions, or spread them out": fold,
    "go to how the map is made; to the kernel tensors; to the kernel at hand": go_to_the_making,
    "walk through the kernels of a card": walk_through_the_kernels,
    "walk through a kernel's cells; turn one; type a number": edit_a_kernel,
    "make the kernel at hand what it was": reset_a_kernel,
    "switch between the whole map and one pixel": switch_the_zoom,
    "walk through the rows of how the map is made": walk_through_the_rows,
    "mute a row; hear it alone": mute_a_row,
    "open a row's products, or “rest of n”": open_a_row,
    "see what each cell of a row's kernel multiplies": see_what_a_cell_multiplies,
    "walk through the cells of the contributions": walk_through_the_cells,
    "mute a cell; hear it alone; mute its input map for all": mute_a_cell,
    "let everything be heard again": unmute,
    "see where a pixel of the drawing goes": see_where_a_pixel_goes,
    "copy the pixel as text, CSV, LaTeX, NumPy": copy_the_pixel,
    "copy the map's sentence; a figure": copy_sentence_and_figure,
    "take any of it back": take_back,
}


def test_the_table_of_the_readme_is_what_is_tested() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    table = text.split("By keyboard alone:")[1].split("\n\n")[1]
    rows = re.findall(r"^\| (.+?) \|", table, re.MULTILINE)[2:]
    assert rows == list(DONE)


@pytest.mark.parametrize("row", DONE)
def test_by_keyboard_alone(driver: Driver, row: str) -> None:
    DONE[row](driver)
