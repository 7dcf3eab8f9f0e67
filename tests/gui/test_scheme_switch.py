"""The switch between the schemes: texts, counts, undo, narrow windows."""

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QToolBar, QToolButton, QWidget
from pytestqt.qtbot import QtBot

from cnn_explorer.core.building import new_network
from cnn_explorer.core.schemes import ChannelScheme
from cnn_explorer.core.state import State
from cnn_explorer.gui.document import Document
from cnn_explorer.gui.scheme_switch import SchemeSwitch

REAL, NAIVE, SHARED = ChannelScheme.REAL, ChannelScheme.NAIVE, ChannelScheme.SHARED


class Bench:
    """A switch as the window holds it: it follows the document."""

    def __init__(self, qtbot: QtBot, filters: tuple[int, ...] = (3, 4)) -> None:
        drawing = np.zeros((28, 28), np.float32)
        self.document = Document(State(drawing, new_network(filters, (1,))))
        self.window = QWidget()  # a window of its own would not become narrow
        qtbot.addWidget(self.window)
        self.switch = SchemeSwitch(self.document, self.window)
        self.document.changed.connect(self.follow)
        self.switch.resize(self.switch.sizeHint())
        self.window.show()

    def follow(self, new: State, old: State) -> None:
        self.switch.set_state(new)

    @property
    def buttons(self) -> list[QToolButton]:
        return self.switch.findChildren(QToolButton)

    @property
    def texts(self) -> list[str]:
        return [button.text().replace("\N{THIN SPACE}", " ") for button in self.buttons]

    @property
    def checked(self) -> list[bool]:
        return [button.isChecked() for button in self.buttons]

    def click(self, number: int) -> None:
        QTest.mouseClick(self.buttons[number], Qt.MouseButton.LeftButton)


@pytest.mark.parametrize(
    ("filters", "counts"),
    [
        ((3, 4), ("4", "12", "4")),
        ((16, 36), ("36", "576", "36")),
        ((32, 64, 128), ("128", "262 144", "128")),
        ((32,) * 4, ("32", "1 048 576", "32")),
        ((64,) * 8, ("64", "2.8 × 10¹⁴", "64")),
    ],
)
def test_it_says_how_many_maps_each_scheme_gives(
    qtbot: QtBot, filters: tuple[int, ...], counts: tuple[str, ...]
) -> None:
    bench = Bench(qtbot, filters)
    assert bench.texts == [
        f"Real · own kernels, summed → {counts[0]}",
        f"Every filter on every map · not summed → {counts[1]}",
        f"Shared kernel · summed → {counts[2]}",
    ]


def test_a_click_switches_and_switches_in_a_row_are_one_undo_step(qtbot: QtBot) -> None:
    bench = Bench(qtbot)
    for number, scheme in ((1, NAIVE), (2, SHARED), (1, NAIVE)):
        bench.click(number)
        assert bench.document.state.scheme is scheme
        assert bench.checked == [item is scheme for item in ChannelScheme]
    assert bench.document.undo_stack.count() == 1
    bench.document.undo_stack.undo()
    assert bench.document.state.scheme is REAL
    assert bench.checked == [True, False, False]


def test_a_click_on_the_scheme_at_hand_changes_nothing(qtbot: QtBot) -> None:
    bench = Bench(qtbot)
    bench.click(0)
    assert bench.checked == [True, False, False]
    assert bench.document.undo_stack.count() == 0


def test_it_follows_the_network(qtbot: QtBot) -> None:
    bench = Bench(qtbot)
    state = bench.document.state
    bench.document.commit("x", State(state.drawing, new_network((5, 6, 7)), NAIVE))
    assert [text.rpartition("→ ")[2] for text in bench.texts] == ["7", "210", "7"]
    assert bench.checked == [False, True, False]


def test_names_and_tips_say_more(qtbot: QtBot) -> None:
    bench = Bench(qtbot)
    names = [button.accessibleName() for button in bench.buttons]
    assert names == [
        "Scheme Real, own kernels, summed: 4 maps",
        "Scheme Every filter on every map, not summed: 12 maps",
        "Scheme Shared kernel, summed: 4 maps",
    ]
    for number, button in enumerate(bench.buttons):
        assert f"(Ctrl+{number + 1})" in button.toolTip()
        assert "maps after Conv 2." in button.toolTip()


def whole(bench: Bench) -> bool:
    """Whether no button's text is cut off."""
    QApplication.processEvents()
    return all(button.width() >= button.sizeHint().width() for button in bench.buttons)


def test_where_there_is_less_room_the_explanations_go(qtbot: QtBot) -> None:
    bench = Bench(qtbot)
    assert whole(bench)
    wide = bench.switch.sizeHint().width()
    bench.switch.resize(wide - 1, 30)
    short = ["Real → 4", "Every filter on every map → 12", "Shared kernel → 4"]
    assert bench.texts == short
    assert whole(bench)
    bench.switch.resize(bench.switch.minimumSizeHint().width(), 30)
    assert whole(bench)
    bench.document.commit("x", State(bench.document.state.drawing, new_network((5, 6))))
    assert bench.texts == ["Real → 6", "Every filter on every map → 30", "Shared kernel → 6"]
    bench.switch.resize(wide + 20, 30)
    assert bench.texts[0] == "Real · own kernels, summed → 6"


def test_a_narrow_tool_bar_keeps_it(qtbot: QtBot) -> None:
    bench = Bench(qtbot)
    bar = QToolBar()
    qtbot.addWidget(bar)
    bar.addWidget(bench.switch)
    for width in (bench.switch.minimumSizeHint().width() + 60, 1000):
        bar.resize(width, 40)
        with qtbot.waitExposed(bar):
            bar.show()
        assert bench.switch.isVisible()
        assert whole(bench)


def test_larger_text_makes_it_wider(qtbot: QtBot) -> None:
    bench = Bench(qtbot)
    before = bench.switch.sizeHint().width()
    font = bench.switch.font()
    font.setPointSizeF(font.pointSizeF() * 1.5)
    bench.switch.setFont(font)
    assert bench.switch.sizeHint().width() > before * 1.3
    assert bench.texts[0] == "Real → 4"
