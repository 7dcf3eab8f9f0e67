"""The accuracy and its table: what it says, and what its cells open."""

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QSignalSpy, QTest
from PySide6.QtWidgets import QLabel, QPushButton
from pytestqt.qtbot import QtBot

from cnn_explorer.gui.accuracy_dialog import AccuracyDialog

COUNTS = np.diag([90, 80, 70, 60, 50, 40, 30, 20, 10, 0]).astype(np.int64)
COUNTS[3, 8] = 40
COUNTS[5, 6] = 10


@pytest.fixture
def dialog(qtbot: QtBot) -> AccuracyDialog:
    dialog = AccuracyDialog()
    qtbot.addWidget(dialog)
    dialog.show_counts(COUNTS, "train-images")
    dialog.show()
    return dialog


def words(dialog: AccuracyDialog) -> str:
    return " ".join(label.text() for label in dialog.findChildren(QLabel) if label.isVisible())


def again(dialog: AccuracyDialog) -> QPushButton:
    (found,) = (item for item in dialog.findChildren(QPushButton) if item.text() == "&Again")
    return found


def test_it_says_how_many_and_of_what(dialog: AccuracyDialog) -> None:
    assert "90.00 % read right: 450 of 500; 50 wrong train-images" in words(dialog)
    assert not again(dialog).isVisible()
    item = dialog.table.item(3, 8)
    assert item is not None
    assert item.text() == "40"
    assert item.data(Qt.ItemDataRole.AccessibleTextRole) == "Label 3, read as 8: 40 of 100"
    shares = [dialog.table.item(row, 10) for row in range(10)]
    assert [item.text() for item in shares if item] == [
        *["100.00 %"] * 3, "60.00 %", "100.00 %", "80.00 %", *["100.00 %"] * 3, "–",
    ]  # fmt: skip


def test_a_click_or_enter_on_a_cell_opens_it(dialog: AccuracyDialog) -> None:
    chosen = QSignalSpy(dialog.chosen)
    table = dialog.table
    place = table.visualItemRect(table.item(3, 8)).center()
    QTest.mouseClick(table.viewport(), Qt.MouseButton.LeftButton, pos=place)
    assert chosen.at(chosen.count() - 1) == [3, 8]
    table.setFocus()
    table.setCurrentCell(4, 6)
    QTest.keyClick(table, Qt.Key.Key_Down)
    QTest.keyClick(table, Qt.Key.Key_Return)
    assert chosen.at(chosen.count() - 1) == [5, 6]
    assert dialog.isVisible()


def test_empty_cells_and_shares_open_nothing(dialog: AccuracyDialog) -> None:
    chosen = QSignalSpy(dialog.chosen)
    for row, column in ((0, 1), (9, 9), (3, 10)):
        place = dialog.table.visualItemRect(dialog.table.item(row, column)).center()
        QTest.mouseClick(dialog.table.viewport(), Qt.MouseButton.LeftButton, pos=place)
    assert chosen.count() == 0


def test_colour_grows_with_the_share_and_tells_right_from_wrong(dialog: AccuracyDialog) -> None:
    def cell(row: int, column: int) -> tuple[int, int, int]:
        item = dialog.table.item(row, column)
        assert item is not None
        colour = item.background().color()
        return colour.red(), colour.green(), colour.blue()

    assert cell(0, 0)[2] > cell(0, 0)[0]  # blue
    assert cell(3, 8)[0] > cell(3, 8)[2]  # orange
    assert sum(cell(3, 8)) < sum(cell(5, 6))  # 40 % are darker than 20 %


def test_a_table_of_another_network_says_so(dialog: AccuracyDialog) -> None:
    asked = QSignalSpy(dialog.again)
    before = dialog.table.item(0, 0).background().color().lightness()  # type: ignore[union-attr]
    dialog.set_stale(True)
    assert "Of the network as it was before its last change." in words(dialog)
    after = dialog.table.item(0, 0).background().color().lightness()  # type: ignore[union-attr]
    assert after > before
    QTest.mouseClick(again(dialog), Qt.MouseButton.LeftButton)
    assert asked.count() == 1
    dialog.show_counts(COUNTS, "train-images")
    assert "before its last change" not in words(dialog)


def test_all_of_the_table_is_seen(dialog: AccuracyDialog) -> None:
    table = dialog.table
    last = table.visualItemRect(table.item(9, 10))
    assert table.viewport().rect().contains(last)
    assert table.accessibleName()
