"""The kernel at hand: what is shown of it, what edits it, what is said, what is one step."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QGuiApplication, QWheelEvent
from PySide6.QtTest import QSignalSpy, QTest
from PySide6.QtWidgets import QApplication, QLabel, QLineEdit, QWidget
from pytestqt.qtbot import QtBot

from cnn_explorer.core import edit, kernel_edits
from cnn_explorer.core.building import add_layer, new_network
from cnn_explorer.core.kernel_presets import PRESETS, preset
from cnn_explorer.core.network import Network
from cnn_explorer.core.schemes import ChannelScheme
from cnn_explorer.core.selection import Selection
from cnn_explorer.core.state import State
from cnn_explorer.gui.actions import make_actions
from cnn_explorer.gui.document import Document
from cnn_explorer.gui.kernel_cells import KernelCells
from cnn_explorer.gui.kernel_editor import KernelEditor
from cnn_explorer.gui.selection import SelectionModel
from cnn_explorer.gui.settings import SettingsStore

BLANK = np.zeros((28, 28), np.float32)


class Bench:
    """An editor with what it edits."""

    def __init__(self, qtbot: QtBot, folder: Path) -> None:
        self.qtbot = qtbot
        self.store = SettingsStore(folder / "settings.json")

    def open(self, network: Network | None = None, selection: Selection | None = None) -> "Bench":
        network = network or new_network((3, 4))
        self.document = Document(State(BLANK, network))
        self.selection = SelectionModel(selection or Selection(1, (1,) * 16, None, 2))
        self.holder = QWidget()
        self.actions = make_actions(self.holder)
        self.editor = KernelEditor(
            self.document, self.selection, self.store, self.actions, self.holder
        )
        self.document.changed.connect(self._follow)
        self.selection.follow(network)
        self.qtbot.addWidget(self.holder)
        self.holder.resize(340, 900)
        self.editor.resize(340, 900)
        with self.qtbot.waitExposed(self.holder):
            self.holder.show()
        self.holder.activateWindow()
        if self.cells.isVisible():
            self.cells.setFocus()
            self.qtbot.waitUntil(self.cells.hasFocus)
        return self

    def _follow(self, new: State) -> None:
        self.selection.follow(new.network)

    @property
    def cells(self) -> KernelCells:
        return self.editor.cells

    @property
    def network(self) -> Network:
        return self.document.state.network

    @property
    def kernel(self) -> np.ndarray:
        return self.network.conv(1).weight[1, 2]

    @property
    def steps(self) -> list[str]:
        stack = self.document.undo_stack
        return [stack.text(place) for place in range(stack.count())]

    @property
    def words(self) -> str:
        """All that is said on the panel."""
        labels = self.editor.findChildren(QLabel)
        return "\n".join(label.text() for label in labels if label.isVisible())

    def drag(self, cells: KernelCells, cell: tuple[int, int], *ways: int) -> None:
        start = cells.rectangle(cell).center()
        QTest.mousePress(cells, Qt.MouseButton.LeftButton, pos=start)
        for way in ways:
            QTest.mouseMove(cells, start - QPoint(0, way))

    def drop(self, cells: KernelCells) -> None:
        QTest.mouseRelease(cells, Qt.MouseButton.LeftButton)

    def wheel(self, cells: KernelCells, cell: tuple[int, int], notches: int) -> None:
        place = QPointF(cells.rectangle(cell).center())
        event = QWheelEvent(
            place, cells.mapToGlobal(place), QPoint(), QPoint(0, 120 * notches),
            Qt.MouseButton.NoButton, Qt.KeyboardModifier.NoModifier,
            Qt.ScrollPhase.NoScrollPhase, False,
        )  # fmt: skip
        QApplication.sendEvent(cells, event)

    def type(self, cells: KernelCells, text: str) -> QLineEdit:
        QTest.keyClick(cells, text[0])
        field = cells.findChild(QLineEdit)
        QTest.keyClicks(field, text[1:])
        QTest.keyClick(field, Qt.Key.Key_Return)
        return field


@pytest.fixture
def bench(qtbot: QtBot, tmp_path: Path) -> Bench:
    return Bench(qtbot, tmp_path)


def test_it_shows_the_kernel_at_hand(bench: Bench) -> None:
    bench.open()
    assert bench.cells.accessibleName() == "Kernel (2 → 1) of Conv 2"
    assert bench.editor.at_hand == (1, 1, 2)
    assert bench.cells.value == bench.kernel[0, 0]
    assert (bench.editor.input.value(), bench.editor.filter.value()) == (2, 1)
    assert "of Conv 2" in bench.words
    assert "All of Conv 2 is as drawn." in bench.words


def test_a_drag_is_seen_while_it_lasts_and_is_one_step(bench: Bench) -> None:
    bench.open()
    before, states = bench.document.state, QSignalSpy(bench.document.changed)
    step = bench.cells._step
    bench.drag(bench.cells, (0, 1), 4, 8, 12)
    assert states.count() == 3
    assert bench.steps == []
    expected = before.network.conv(1).weight.copy()
    expected[1, 2, 0, 1] += np.float32(3 * step)
    np.testing.assert_allclose(bench.network.conv(1).weight, expected, rtol=1e-6)
    assert bench.network.layers[0] is before.network.layers[0]
    assert "drawn as" in bench.words
    bench.drop(bench.cells)
    assert bench.steps == ["Kernel (2 → 1) cell (0, 1) of Conv 2"]
    assert "Conv 2: 1 of 12 kernels edited." in bench.words
    bench.document.undo()
    assert bench.document.state is before
    assert "All of Conv 2 is as drawn." in bench.words


def test_a_drag_back_to_where_it_began_is_no_step(bench: Bench) -> None:
    bench.open()
    before = bench.document.state
    bench.drag(bench.cells, (0, 1), 20, 0)
    bench.drop(bench.cells)
    assert bench.document.state is before
    assert bench.steps == []
    bench.drag(bench.cells, (0, 1), 20)
    QTest.keyClick(bench.cells, Qt.Key.Key_Escape)
    assert bench.document.state is before


def test_undo_while_dragging_ends_the_drag(bench: Bench) -> None:
    bench.open()
    before = bench.document.state
    bench.drag(bench.cells, (0, 1), 20)
    bench.document.undo()
    assert bench.document.state is before
    assert not bench.cells.dragging
    QTest.mouseMove(bench.cells, bench.cells.rectangle((0, 0)).center())
    bench.drop(bench.cells)
    assert bench.document.state is before
    assert bench.steps == []


def test_notches_on_one_cell_are_one_step_and_on_another_another(bench: Bench) -> None:
    bench.open()
    before = float(bench.kernel[0, 1])
    step = bench.cells._step
    for _ in range(3):
        bench.wheel(bench.cells, (0, 1), 1)
    assert bench.kernel[0, 1] == np.float32(before + 3 * step)
    bench.wheel(bench.cells, (0, 2), 1)
    assert bench.steps == [f"Kernel (2 → 1) cell (0, {column}) of Conv 2" for column in (1, 2)]
    bench.document.undo()
    bench.document.undo()
    assert bench.kernel[0, 1] == np.float32(before)
    # What was undone is not gone on with.
    bench.wheel(bench.cells, (0, 1), 1)
    assert bench.kernel[0, 1] == np.float32(before + step)


def test_notches_after_one_looked_elsewhere_are_another_step(bench: Bench) -> None:
    bench.open()
    bench.wheel(bench.cells, (0, 1), 1)
    bench.cells.clearFocus()
    bench.cells.setFocus()
    bench.wheel(bench.cells, (0, 1), 1)
    assert len(bench.steps) == 2


def test_notches_there_and_back_end_at_the_same_bits(bench: Bench) -> None:
    bench.open(edit.with_initialisation(new_network((3, 4)), 1, "he"))
    before = bench.kernel.tobytes()
    for notches in (1, 1, 1, -3):
        bench.wheel(bench.cells, (1, 1), notches)
    assert bench.kernel.tobytes() == before
    assert not kernel_edits.is_edited(bench.network)


def test_numbers_are_typed_one_after_the_other(bench: Bench) -> None:
    bench.open()
    for text in ("1", ".5", "-2e-3"):
        bench.type(bench.cells, text)
    np.testing.assert_array_equal(bench.kernel[0], np.float32([1, 0.5, -2e-3]))
    assert len(bench.steps) == 3
    assert bench.cells.cursor_cell == (1, 0)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("1x", "“1x” is no number; one is written as 0.5 or −2e-3."),
        ("0,5", "“0,5” is no number; one is written as 0.5 or −2e-3."),
        ("2e6", "Kernel (2 → 1) cell (0, 0) of Conv 2 must be −1,000,000 to 1,000,000, not 2e+06."),
        ("1e999", "Kernel (2 → 1) cell (0, 0) of Conv 2 must be −1,000,000 to 1,000,000, not inf."),
    ],
)
def test_what_is_no_weight_is_refused_and_stays_to_be_mended(
    bench: Bench, text: str, reason: str
) -> None:
    bench.open()
    before = bench.document.state
    said = QSignalSpy(bench.editor.said)
    field = bench.type(bench.cells, text)
    assert reason in bench.words
    assert said.at(0)[0] == reason
    assert bench.document.state is before
    assert bench.cells.typing
    field.setText("0.75")
    QTest.keyClick(field, Qt.Key.Key_Return)
    assert bench.kernel[0, 0] == 0.75
    assert reason not in bench.words


def test_the_bias_is_edited_in_the_same_ways(bench: Bench) -> None:
    bench.open()
    bias = bench.editor.bias
    bench.drag(bias, (0, 0), 8)
    bench.drop(bias)
    bias.setFocus()
    bench.wheel(bias, (0, 0), 1)
    bench.type(bias, "0.25")
    assert bench.steps == ["Bias 1 of Conv 2"] * 3
    expected = new_network((3, 4)).conv(1).bias.copy()
    expected[1] = 0.25
    np.testing.assert_array_equal(bench.network.conv(1).bias, expected)
    assert "bias b₂[1]: 0.25, drawn as" in bench.words
    assert "Conv 2: 1 bias edited." in bench.words


def test_a_layer_without_biases_has_no_cell_for_one(bench: Bench) -> None:
    bench.open(edit.with_bias(new_network((3, 4)), 1, False))
    assert not bench.editor.bias.isVisible()
    assert "bias" not in bench.words


def test_copy_and_paste_carry_a_kernel_to_another_filter(bench: Bench) -> None:
    bench.open()
    kernel = bench.kernel.copy()
    QTest.keySequence(bench.cells, "Ctrl+C")
    bench.editor.filter.setValue(3)
    assert bench.selection.current.path[1] == 3
    bench.actions["paste_kernel"].trigger()
    np.testing.assert_array_equal(bench.network.conv(1).weight[3, 2], kernel)
    assert bench.steps == ["Paste kernel (2 → 3) of Conv 2"]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "The clipboard has no numbers."),
        ("1 2 3\n4 5 6", "The clipboard has 2×3 numbers; a kernel of Conv 2 has 3×3."),
        ("[[1, nan, 3]]", "“nan” is no number; one is written as 0.5 or −2e-3."),
    ],
)
def test_what_is_no_kernel_is_not_pasted(bench: Bench, text: str, reason: str) -> None:
    bench.open()
    before = bench.document.state
    QGuiApplication.clipboard().setText(text)
    QTest.keySequence(bench.cells, "Ctrl+V")
    assert reason in bench.words
    assert bench.document.state is before


def test_presets_are_those_of_the_size(bench: Bench) -> None:
    bench.open()
    menu = bench.editor._presets
    menu.aboutToShow.emit()
    assert [action.text() for action in menu.actions()] == [p.label for p in PRESETS.values()]
    menu.triggered.emit(next(a for a in menu.actions() if a.text() == "Sharpen"))
    np.testing.assert_array_equal(bench.kernel, preset("sharpen", (3, 3)))
    assert bench.steps == ["Sharpen as kernel (2 → 1) of Conv 2"]


def test_resets_take_back_one_a_layer_and_all(bench: Bench) -> None:
    network = new_network((3, 4))
    names = ("reset_kernel", "reset_layer", "reset_kernels")
    edited = kernel_edits.with_cell(network, 1, 1, 2, (0, 0), 9)
    edited = kernel_edits.with_cell(edited, 1, 3, 0, (0, 0), 9)
    edited = kernel_edits.with_filter_bias(edited, 0, 0, 9)
    bench.open(edited)
    able = [[bench.actions[name].isEnabled() for name in names]]
    steps = ("Reset kernel (2 → 1) of Conv 2", "Reset Conv 2", "Reset every kernel")
    for name, step in zip(names, steps, strict=True):
        bench.actions[name].trigger()
        assert bench.steps[-1] == step
        able.append([bench.actions[name].isEnabled() for name in names])
    assert able == [
        [True, True, True], [False, True, True], [False, False, True], [False, False, False],
    ]  # fmt: skip
    assert not kernel_edits.is_edited(bench.network)
    assert not bench.editor._reset.isVisible()


def test_it_follows_the_selection_and_leads_it(bench: Bench) -> None:
    bench.open()
    bench.selection.select(replace(bench.selection.current.at((1, 3)), channel=0))
    assert bench.cells.accessibleName() == "Kernel (0 → 3) of Conv 2"
    bench.editor.input.setValue(1)
    assert (bench.selection.current.channel, bench.selection.current.address) == (1, (1, 3))
    bench.selection.select(bench.selection.current.at((2,)))
    assert bench.cells.accessibleName() == "Kernel (0 → 2) of Conv 1"


def test_groups_number_their_own_kernels(bench: Bench) -> None:
    bench.open(edit.with_groups(new_network((4, 4)), 1, 2), Selection(1, (1,) * 16, None, 1))
    assert (bench.editor.input.value(), bench.editor.input.minimum()) == (1, 0)
    bench.editor.filter.setValue(3)
    assert (bench.editor.input.minimum(), bench.editor.input.maximum()) == (2, 3)
    bench.editor.input.setValue(3)
    assert bench.editor.at_hand == (1, 3, 1)
    assert bench.cells.accessibleName() == "Kernel (3 → 3) of Conv 2"


def headed() -> Network:
    network = new_network((2,))
    for kind in ("GlobalAvgPool2d", "Linear"):
        network = add_layer(State(BLANK, network), kind)
    return network


def test_a_dense_layer_has_weights(bench: Bench) -> None:
    bench.open(headed(), Selection(2, (1,) * 16))
    assert "WEIGHT" in bench.words
    assert "weight: " in bench.words
    bench.type(bench.cells, "3")
    assert bench.network.conv(2).weight[1, 0, 0, 0] == 3
    assert bench.steps == ["Weight (0 → 1) of Linear 1"]
    bench.editor._presets.aboutToShow.emit()
    texts = [action.text() for action in bench.editor._presets.actions()]
    assert texts == ["Identity", "Zeros"]


@pytest.mark.parametrize("selection", [Selection(), Selection(1)])
def test_without_a_kernel_it_says_how_to_get_one(bench: Bench, selection: Selection) -> None:
    bench.open(headed(), selection)
    assert bench.words.startswith("Select a map of a convolution")
    assert "\n" not in bench.words
    kernel = ("copy_kernel", "paste_kernel", "reset_kernel", "reset_layer")
    assert not any(bench.actions[name].isEnabled() for name in kernel)


@pytest.mark.parametrize(
    ("scheme", "flat"), [(ChannelScheme.NAIVE, "the sum"), (ChannelScheme.SHARED, "the mean")]
)
def test_flat_kernels_are_edited_through_those_they_are_made_from(
    bench: Bench, scheme: ChannelScheme, flat: str
) -> None:
    bench.open()
    bench.document.commit("Scheme", replace(bench.document.state, scheme=scheme))
    assert f"uses {flat} of the 3 kernels of filter 1." in bench.words
    bench.type(bench.cells, "5")
    assert bench.kernel[0, 0] == 5
    bench.document.commit("Scheme", replace(bench.document.state, scheme=ChannelScheme.REAL))
    assert "uses the" not in bench.words


def test_a_hidden_editor_catches_up_when_it_is_shown(bench: Bench) -> None:
    bench.open()
    bench.editor.hide()
    name = bench.cells.accessibleName()
    bench.selection.select(bench.selection.current.at((1, 3)))
    assert bench.cells.accessibleName() == name
    bench.editor.show()
    assert bench.cells.accessibleName() == "Kernel (2 → 3) of Conv 2"


@pytest.mark.parametrize(
    "change",
    [
        lambda n: edit.with_kernel_size(n, 1, 1),
        lambda n: edit.with_filters(n, 1, 1),
        lambda n: edit.with_filters(n, 0, 1),
        lambda n: edit.remove_layer(n, 1),
        lambda n: edit.with_kernel_size(n, 1, 11),
    ],
)
def test_it_survives_whatever_becomes_of_its_kernel(
    bench: Bench, change: Callable[[Network], Network]
) -> None:
    bench.open()
    QTest.keyClick(bench.cells, Qt.Key.Key_Down)
    bench.drag(bench.cells, (1, 1), 10)
    network = change(bench.network)
    bench.document.commit("Change", replace(bench.document.state, network=network))
    assert not bench.cells.dragging
    place = bench.editor.at_hand
    assert place is not None
    index, filter_, channel = place
    kernel = network.conv(index).weight[filter_, channel]
    assert bench.cells.value == kernel[bench.cells.cursor_cell]
