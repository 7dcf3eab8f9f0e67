"""A layer's fields: each edit is one undo step; what cannot work is said and not entered."""

from collections.abc import Callable, Iterator
from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QComboBox, QDoubleSpinBox, QLabel, QVBoxLayout, QWidget
from pytestqt.qtbot import QtBot

from cnn_explorer.core import edit
from cnn_explorer.core.activations import ACTIVATIONS
from cnn_explorer.core.building import KINDS, add_layer, new_network
from cnn_explorer.core.kernels import INITIALISATIONS
from cnn_explorer.core.network import Network
from cnn_explorer.core.state import State
from cnn_explorer.gui.document import Document
from cnn_explorer.gui.layer_fields import LayerFields

NETWORK = new_network((3, 4, 5))
NAMES = {one.name for activation in ACTIVATIONS.values() for one in activation.parameters}


class Bench:
    """The fields of the second of three layers, as the card holds them."""

    def __init__(self, qtbot: QtBot, network: Network = NETWORK, layer: int = 1) -> None:
        self.document = Document(State(np.zeros((28, 28), np.float32), network))
        self.page = QWidget()
        qtbot.addWidget(self.page)
        self.fields = LayerFields(layer, self.document, self.page)
        column = QVBoxLayout(self.page)
        for widget in (*self.fields.first, self.fields):
            column.addWidget(widget)
        self.said: list[str] = []
        self.fields.said.connect(self.said.append)
        self.document.changed.connect(self.follow)
        with qtbot.waitExposed(self.page):
            self.page.show()

    def follow(self, new: State, old: State) -> None:
        self.fields.show_network(new.network)

    @property
    def network(self) -> Network:
        return self.document.state.network

    @property
    def shown(self) -> tuple[object, ...]:
        """What all fields show."""
        fields = self.fields
        combos = (fields.kernel, fields.stride, fields.padding, fields.activation, fields.weights)
        texts = [combo.currentText() for combo in (*combos, fields.dilation, fields.mode)]
        numbers = [fields.filters.value(), fields.groups.value()]
        numbers += [box.value() for box in fields.parameters if box.isVisible()]
        return (*numbers, *texts, fields.bias.isChecked())


@pytest.fixture
def bench(qtbot: QtBot) -> Iterator[Bench]:
    made = Bench(qtbot)
    yield made
    made.document.undo_stack.clear()


def choose(combo: QComboBox, text: str) -> None:
    """Choose an entry with the keyboard."""
    combo.setFocus()
    there = combo.findText(text)
    assert there >= 0, text
    while combo.currentIndex() != there:
        before = combo.currentIndex()
        step = 1 if there > before else -1
        QTest.keyClick(combo, Qt.Key.Key_Down if step > 0 else Qt.Key.Key_Up)
        assert combo.currentIndex() == before + step


def pick(combo: QComboBox, text: str) -> None:
    """Choose an entry from the list that drops down."""
    combo.setCurrentIndex(combo.findText(text))


Change = Callable[[LayerFields], None]

EDITS: dict[str, tuple[Change, Callable[[Network], Network], str]] = {
    "filters": (
        lambda fields: fields.filters.setValue(7),
        lambda network: edit.with_filters(network, 1, 7),
        "Conv 2: 7 filters",
    ),
    "kernel": (
        lambda fields: pick(fields.kernel, "5×5"),
        lambda network: edit.with_kernel_size(network, 1, 5),
        "Conv 2: kernel 5×5",
    ),
    "stride": (
        lambda fields: pick(fields.stride, "3"),
        lambda network: edit.with_stride(network, 1, 3),
        "Conv 2: stride 3",
    ),
    "valid": (
        lambda fields: pick(fields.padding, "valid"),
        lambda network: edit.with_padding(network, 1, "valid"),
        "Conv 2: valid padding",
    ),
    "padding": (
        lambda fields: pick(fields.padding, "pad 10"),
        lambda network: edit.with_padding(network, 1, 10),
        "Conv 2: pad 10",
    ),
    "no padding": (
        lambda fields: pick(fields.padding, "pad 0"),
        lambda network: edit.with_padding(network, 1, 0),
        "Conv 2: pad 0",
    ),
    "activation": (
        lambda fields: pick(fields.activation, "LeakyReLU"),
        lambda network: edit.with_activation(network, 1, "leaky_relu"),
        "Conv 2: activation LeakyReLU",
    ),
    "dilation": (
        lambda fields: pick(fields.dilation, "3"),
        lambda network: edit.with_dilation(network, 1, 3),
        "Conv 2: dilation 3",
    ),
    "groups": (
        lambda fields: fields.groups.setValue(1),
        lambda network: edit.with_groups(network, 1, 1),
        "Conv 2: 1 group",
    ),
    "padding mode": (
        lambda fields: pick(fields.mode, "circular"),
        lambda network: edit.with_option(network, 1, "padding_mode", "circular"),
        "Conv 2: padding mode circular",
    ),
    "bias": (
        lambda fields: fields.bias.click(),
        lambda network: edit.with_bias(network, 1, False),
        "Conv 2: bias off",
    ),
    "weights": (
        lambda fields: pick(fields.weights, INITIALISATIONS["glorot"].label),
        lambda network: edit.with_initialisation(network, 1, "glorot"),
        f"Conv 2: weights {INITIALISATIONS['glorot'].label}",
    ),
}


def same(one: Network, other: Network) -> bool:
    """Whether two networks have the same layers and weights."""
    names = ("number", "stride", "padding", "activation", "initialisation", "fan")
    names += ("dilation", "groups", "padding_mode", "activation_parameters")
    return len(one.layers) == len(other.layers) and all(
        all(getattr(mine, name) == getattr(yours, name) for name in names)
        and np.array_equal(mine.weight, yours.weight)
        and (mine.bias is None) == (yours.bias is None)
        and (mine.bias is None or np.array_equal(mine.bias, yours.bias))
        for mine, yours in zip(one.layers, other.layers, strict=True)
    )


@pytest.mark.parametrize("name", list(EDITS))
def test_each_field_makes_one_undo_step_with_the_right_network(bench: Bench, name: str) -> None:
    change, expected, text = EDITS[name]
    network = NETWORK
    if name == "groups":  # there are two, to be joined
        network = edit.with_groups(edit.with_filters(NETWORK, 0, 4), 1, 2)
        bench.document.open(replace(bench.document.state, network=network))
    before = bench.shown
    change(bench.fields)
    stack = bench.document.undo_stack
    assert stack.count() == 1
    assert stack.undoText() == text
    assert same(bench.network, expected(network))
    assert bench.network.layers[0] is network.layers[0]
    assert bench.said == [""]
    after = bench.shown
    assert after != before
    stack.undo()
    assert bench.network is network
    assert bench.shown == before
    stack.redo()
    assert bench.shown == after
    assert stack.count() == 1


def test_choosing_what_is_there_already_is_no_step(bench: Bench) -> None:
    fields = bench.fields
    for combo in (fields.kernel, fields.stride, fields.padding, fields.activation, fields.weights):
        combo.setCurrentIndex(combo.currentIndex())
        combo.activated.emit(combo.currentIndex())  # as the list that drops down tells it
    fields.filters.setValue(4)
    assert bench.document.undo_stack.count() == 0
    assert bench.network is NETWORK


def test_fields_work_from_the_keyboard(bench: Bench) -> None:
    choose(bench.fields.activation, "Tanh")
    assert bench.network.layers[1].activation == "tanh"
    QTest.keyClick(bench.fields.bias, Qt.Key.Key_Space)
    assert bench.network.layers[1].bias is None
    bench.fields.filters.selectAll()
    QTest.keyClicks(bench.fields.filters, "12")
    assert bench.network.layers[1].out_channels == 4  # not while typing: 1 is on the way to 12
    QTest.keyClick(bench.fields.filters, Qt.Key.Key_Return)
    assert bench.network.layers[1].out_channels == 12
    QTest.keyClick(bench.fields.filters, Qt.Key.Key_Up)
    assert bench.network.layers[1].out_channels == 13


def test_all_choices_can_be_made_and_shown(bench: Bench) -> None:
    fields = bench.fields
    layer = 1
    for side in range(1, 12):
        pick(fields.kernel, f"{side}×{side}")
        assert bench.network.layers[layer].kernel_size == (side, side)
    for stride in range(1, 5):
        pick(fields.stride, str(stride))
        assert bench.network.layers[layer].stride == (stride, stride)
    for padding in ("same", 0, 3, 10):
        pick(fields.padding, padding if isinstance(padding, str) else f"pad {padding}")
        assert bench.network.layers[layer].padding == padding
    for key, activation in ACTIVATIONS.items():
        pick(fields.activation, activation.label)
        assert bench.network.layers[layer].activation == key
    for key, item in INITIALISATIONS.items():
        pick(fields.weights, item.label)
        assert bench.network.layers[layer].initialisation == key


# What cannot work.


@pytest.mark.parametrize("count", [0, 257, 9999])
def test_an_impossible_number_of_filters_is_said_and_the_old_one_stays(
    bench: Bench, count: int
) -> None:
    bench.fields.filters.setValue(count)
    assert bench.said == [f"Conv 2: filters must be 1 to 256, not {count}."]
    assert bench.fields.filters.value() == 4
    assert bench.network is NETWORK
    assert bench.document.undo_stack.count() == 0


def test_a_typed_impossible_number_is_said_once(bench: Bench) -> None:
    bench.fields.filters.setFocus()
    bench.fields.filters.selectAll()
    QTest.keyClicks(bench.fields.filters, "500")
    QTest.keyClick(bench.fields.filters, Qt.Key.Key_Return)
    assert bench.said == ["Conv 2: filters must be 1 to 256, not 500."]
    assert bench.fields.filters.value() == 4
    bench.fields.kernel.setFocus()
    assert len(bench.said) == 1


@pytest.fixture
def small(qtbot: QtBot) -> Iterator[Bench]:
    """The last layer gets 7×7 maps and has no padding: a 7×7 kernel just fits."""
    network = edit.with_stride(edit.with_stride(NETWORK, 0, 2), 1, 2)
    made = Bench(qtbot, edit.with_padding(network, 2, "valid"), layer=2)
    yield made
    made.document.undo_stack.clear()


def test_a_kernel_that_does_not_fit_is_said_with_the_numbers(small: Bench) -> None:
    pick(small.fields.kernel, "7×7")
    assert small.said == [""]
    network = small.network
    pick(small.fields.kernel, "8×8")
    assert small.said[-1] == (
        "Conv 3: a 8×8 kernel does not fit its 7×7 input padded to 7×7: it needs a smaller kernel "
        "or more padding."
    )
    assert small.fields.kernel.currentText() == "7×7"
    assert small.network is network
    pick(small.fields.padding, "pad 2")
    assert small.said[-1] == ""
    pick(small.fields.kernel, "11×11")
    assert small.said[-1] == ""


def test_what_breaks_a_later_layer_is_said_too(qtbot: QtBot) -> None:
    network = edit.with_padding(edit.with_kernel_size(NETWORK, 2, 11), 2, "valid")
    bench = Bench(qtbot, network)
    pick(bench.fields.stride, "4")
    assert bench.said[-1].startswith("Conv 3: a 11×11 kernel does not fit its 7×7 input")
    assert bench.fields.stride.currentText() == "1"
    assert bench.network is network
    bench.document.undo_stack.clear()


@pytest.mark.parametrize(
    ("groups", "what"),
    [(2, "2 groups do not divide its 3 input maps"), (3, "3 groups do not divide its 4 filters")],
)
def test_groups_that_do_not_divide_are_said(bench: Bench, groups: int, what: str) -> None:
    bench.fields.groups.setValue(groups)
    assert bench.said == [f"Conv 2: {what}; each group has as many as the others."]
    assert bench.fields.groups.value() == 1
    assert bench.network is NETWORK
    assert bench.document.undo_stack.count() == 0


def test_a_padding_that_has_nothing_to_copy_is_said(qtbot: QtBot) -> None:
    network = new_network((3, 4))
    for stride in (4, 2):
        network = edit.with_stride(network, 0, stride)
    network = edit.with_kernel_size(edit.with_stride(network, 0, 4), 1, 11)
    network = edit.with_padding(network, 1, 7)
    bench = Bench(qtbot, network)
    pick(bench.fields.mode, "reflect")
    assert bench.said == ["Conv 2: reflect pads 7 rows, and needs maps of at least 8; they have 7."]
    assert bench.fields.mode.currentText() == "zeros"
    assert bench.network is network
    pick(bench.fields.mode, "circular")
    assert bench.said[-1] == ""
    bench.document.undo_stack.clear()


def test_fields_that_few_want_are_folded_away_until_they_say_something(qtbot: QtBot) -> None:
    bench = Bench(qtbot)
    rare = (bench.fields.mode, bench.fields.dilation, bench.fields.groups)
    assert not any(widget.isVisible() for widget in rare)
    with qtbot.waitSignal(bench.fields.resized):
        bench.fields.show_rare(True)
    assert all(widget.isVisible() for widget in rare)
    bench.fields.show_rare(False)
    network = edit.with_dilation(NETWORK, 1, 2)
    bench.document.commit("x", replace(bench.document.state, network=network))
    assert all(widget.isVisible() for widget in rare)
    bench.document.undo_stack.undo()
    assert all(widget.isVisible() for widget in rare), "who looks at them goes on"
    bench.document.undo_stack.clear()


# Parameters of the activation.


def type_number(box: QDoubleSpinBox, text: str) -> None:
    box.setFocus()
    box.selectAll()
    QTest.keyClicks(box, text)
    QTest.keyClick(box, Qt.Key.Key_Return)


@pytest.mark.parametrize("key", list(ACTIVATIONS))
def test_an_activation_shows_the_parameters_that_it_has(bench: Bench, key: str) -> None:
    bench.document.open(
        replace(bench.document.state, network=edit.with_activation(NETWORK, 1, key))
    )
    parameters = ACTIVATIONS[key].parameters
    boxes = [box for box in bench.fields.parameters if box.isVisible()]
    words = [label.text() for label in bench.fields.findChildren(QLabel) if label.isVisible()]
    assert [one.name for one in parameters] == [word for word in words if word in NAMES]
    assert [box.value() for box in boxes] == pytest.approx(
        [one.default for one in parameters], abs=5e-4
    )
    assert [box.accessibleName() for box in boxes] == [
        f"Conv 2 activation's {one.name}" for one in parameters
    ]


def test_a_parameter_is_typed_and_the_others_keep_all_their_digits(bench: Bench) -> None:
    pick(bench.fields.activation, ACTIVATIONS["hardsigmoid"].label)
    assert bench.network.layers[1].activation == "hardsigmoid"
    count = bench.document.undo_stack.count()
    type_number(bench.fields.parameters[1], "0.4")
    alpha = ACTIVATIONS["hardsigmoid"].parameters[0].default
    assert bench.network.layers[1].activation_parameters == (alpha, 0.4)
    assert bench.document.undo_stack.count() == count + 1
    assert bench.document.undo_stack.undoText().startswith("Conv 2: ")
    type_number(bench.fields.parameters[0], "0.25")
    assert bench.network.layers[1].activation_parameters == (0.25, 0.4)
    bench.document.undo_stack.undo()
    assert bench.network.layers[1].activation_parameters == (alpha, 0.4)
    assert bench.fields.parameters[0].value() == pytest.approx(alpha, abs=5e-4)
    pick(bench.fields.activation, "ReLU")
    assert bench.network.layers[1].activation_parameters == ()
    assert not any(box.isVisible() for box in bench.fields.parameters)


def test_parameters_that_are_left_out_have_their_defaults(bench: Bench) -> None:
    """As a file may have it."""
    network = edit.with_activation(NETWORK, 1, "threshold")
    network = edit.with_option(network, 1, "activation_parameters", (0.25,))
    bench.document.open(replace(bench.document.state, network=network))
    assert [box.value() for box in bench.fields.parameters] == [0.25, 0]
    type_number(bench.fields.parameters[1], "-2")
    assert bench.network.layers[1].activation_parameters == (0.25, -2)


# A dense layer.


def test_a_dense_layer_has_outputs_and_no_windows(qtbot: QtBot) -> None:
    state = State(np.zeros((28, 28), np.float32), new_network((3,)))
    for kind in KINDS:
        if kind in ("GlobalAvgPool2d", "Linear"):
            state = replace(state, network=add_layer(state, kind))
    bench = Bench(qtbot, state.network, layer=2)
    fields = bench.fields
    for widget in (fields.kernel, fields.stride, fields.padding, fields.mode):
        assert not widget.isVisible()
    for widget in (fields.filters, fields.activation, fields.bias, fields.weights):
        assert widget.isVisible()
    assert fields.rare == []
    assert fields.filters.accessibleName() == "Linear 1 outputs"
    fields.filters.setValue(4)
    assert bench.document.undo_stack.undoText() == "Linear 1: 4 outputs"
    assert bench.network.layers[2].out_channels == 4
    fields.filters.setValue(300)
    assert bench.said[-1] == "Linear 1: outputs must be 1 to 256, not 300."
    fields.bias.click()
    assert bench.network.layers[2].bias is None
    pick(fields.weights, INITIALISATIONS["he"].label)
    assert bench.network.layers[2].initialisation == "he"
    assert bench.document.undo_stack.count() == 3
    bench.document.undo_stack.clear()


# The wheel.

TURNING = ("filters", "kernel", "stride", "padding", "activation", "weights")


def wheel(widget: QWidget, notches: int) -> bool:
    """Turn the wheel over a widget, and whether it took the event."""
    middle = QPointF(widget.rect().center())
    event = QWheelEvent(
        middle,
        widget.mapToGlobal(middle),
        QPoint(),
        QPoint(0, 120 * notches),
        Qt.MouseButton.NoButton,
        Qt.KeyboardModifier.NoModifier,
        Qt.ScrollPhase.NoScrollPhase,
        False,
    )
    QApplication.sendEvent(widget, event)
    return event.isAccepted()


@pytest.mark.parametrize("name", TURNING)
def test_the_wheel_changes_a_field_only_while_it_has_the_focus(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    field = getattr(bench.fields, name)
    monkeypatch.setattr(type(field), "hasFocus", lambda self: False)
    for notches in (-1, 1):
        assert not wheel(field, notches)  # the page scrolls
    assert bench.network is NETWORK
    monkeypatch.setattr(type(field), "hasFocus", lambda self: True)
    assert wheel(field, -1)
    assert bench.network is not NETWORK


def test_the_wheel_does_not_give_a_field_the_focus(bench: Bench) -> None:
    for name in TURNING:
        assert getattr(bench.fields, name).focusPolicy() == Qt.FocusPolicy.StrongFocus


# Words.


def test_every_field_has_a_name_and_a_tip(bench: Bench) -> None:
    names = {}
    for field, spoken in {
        "filters": "filters",
        "kernel": "kernel size",
        "stride": "stride",
        "padding": "padding",
        "activation": "activation",
        "bias": "bias",
        "weights": "weights",
    }.items():
        widget = getattr(bench.fields, field)
        names[field] = widget.accessibleName()
        assert names[field] == f"Conv 2 {spoken}"
        assert widget.toolTip().endswith(".")
    assert len(set(names.values())) == 7


@pytest.mark.parametrize("scale", [1, 1.5, 2])
def test_the_largest_number_has_room(qtbot: QtBot, qapp: QApplication, scale: float) -> None:
    font = qapp.font()
    font.setPointSizeF(10 * scale)
    qapp.setFont(font)
    bench = Bench(qtbot)
    bench.fields.filters.setValue(256)
    QApplication.processEvents()
    edit_line = bench.fields.filters.lineEdit()
    assert edit_line.width() >= edit_line.fontMetrics().horizontalAdvance("256") + 4
    bench.document.undo_stack.clear()


def test_larger_text_gives_the_number_more_room(qtbot: QtBot, qapp: QApplication) -> None:
    bench = Bench(qtbot)
    font = qapp.font()
    font.setPointSizeF(20)
    qapp.setFont(font)
    bench.fields.filters.setValue(256)
    QApplication.processEvents()
    edit_line = bench.fields.filters.lineEdit()
    assert edit_line.width() >= edit_line.fontMetrics().horizontalAdvance("256") + 4
    bench.document.undo_stack.clear()
