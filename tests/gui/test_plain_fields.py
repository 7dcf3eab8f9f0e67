"""The fields of layers without kernels: each edit is one undo step, or the reason is said."""

from collections.abc import Callable, Iterator
from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from cnn_explorer.core import edit
from cnn_explorer.core.activations import ACTIVATIONS
from cnn_explorer.core.building import add_layer, new_network
from cnn_explorer.core.layers import AvgPool2d, BatchNorm2d, Kind, MaxPool2d
from cnn_explorer.core.network import Network
from cnn_explorer.core.selection import Selection
from cnn_explorer.core.state import State
from cnn_explorer.gui.document import Document
from cnn_explorer.gui.layer_card import LayerCard
from cnn_explorer.gui.layer_editor import LayerEditor
from cnn_explorer.gui.plain_fields import NormFields, PoolFields
from cnn_explorer.gui.selection import SelectionModel
from cnn_explorer.gui.settings import Settings
from cnn_explorer.io.digits import digit


def network_of(*kinds: Kind) -> Network:
    state = State(digit(7), new_network((3,)))
    for kind in kinds:
        state = replace(state, network=add_layer(state, kind))
    return state.network


class Bench:
    """The card of one layer, told of the document's changes as its column tells it."""

    def __init__(self, qtbot: QtBot, network: Network, layer: int) -> None:
        self.document = Document(State(digit(7), network))
        self.layer = layer
        self.card = LayerCard(layer, self.document, SelectionModel(Selection()), Settings())
        qtbot.addWidget(self.card)
        self.document.changed.connect(lambda new, _: self.card.set_state(new, Settings()))
        self.said: list[str] = []
        self.card.fields.said.connect(self.said.append)
        self.card.resize(700, 500)
        with qtbot.waitExposed(self.card):
            self.card.show()

    @property
    def fields(self) -> LayerEditor:
        return self.card.fields

    @property
    def pool(self) -> PoolFields:
        assert isinstance(self.fields, PoolFields)
        return self.fields

    @property
    def norm(self) -> NormFields:
        assert isinstance(self.fields, NormFields)
        return self.fields

    @property
    def network(self) -> Network:
        return self.document.state.network

    @property
    def shown(self) -> tuple[object, ...]:
        """What all fields of pooling show."""
        boxes = (self.pool.kernel, self.pool.stride, self.pool.padding, self.pool.dilation)
        texts = [box.currentText() for box in boxes]
        return (*texts, self.pool.ceil.isChecked(), self.pool.counted.isChecked())

    def more(self) -> None:
        """Choose “More settings” in the card's menu."""
        menu = self.card._menu.menu()
        menu.aboutToShow.emit()
        (action,) = (one for one in menu.actions() if one.text() == "More &settings")
        action.trigger()

    def offers_more(self) -> bool:
        menu = self.card._menu.menu()
        menu.aboutToShow.emit()
        return next(one for one in menu.actions() if one.text() == "More &settings").isVisible()


Open = Callable[..., Bench]


@pytest.fixture
def bench(qtbot: QtBot) -> Iterator[Open]:
    made: list[Bench] = []

    def opened(*kinds: Kind, layer: int = 1, network: Network | None = None) -> Bench:
        made.append(Bench(qtbot, network or network_of(*kinds), layer))
        return made[-1]

    yield opened
    for one in made:
        one.document.undo_stack.clear()


def click(widget: QWidget) -> None:
    assert widget.isVisible()
    QTest.mouseClick(widget, Qt.MouseButton.LeftButton)


EDITS: dict[str, tuple[Callable[[PoolFields], object], dict[str, object], str]] = {
    "kernel": (
        lambda fields: fields.kernel.setCurrentIndex(2),
        {"kernel_size": (3, 3)},
        "kernel 3×3",
    ),
    "stride": (lambda fields: fields.stride.setCurrentIndex(4), {"stride": (5, 5)}, "stride 5"),
    "padding": (
        lambda fields: fields.padding.setCurrentIndex(fields.padding.findText("pad 1")),
        {"padding": 1},
        "pad 1",
    ),
    "same": (
        lambda fields: fields.padding.setCurrentIndex(fields.padding.findText("same lower")),
        {"padding": "same_lower"},
        "same lower padding",
    ),
    "dilation": (
        lambda fields: fields.dilation.setCurrentIndex(1),
        {"dilation": (2, 2)},
        "dilation 2",
    ),
    "ceil": (lambda fields: fields.ceil.click(), {"ceil_mode": True}, "ceil_mode on"),
}


@pytest.mark.parametrize("kind", ["MaxPool2d", "AvgPool2d"])
@pytest.mark.parametrize("name", [*EDITS])
def test_each_field_of_pooling_makes_one_undo_step(bench: Open, kind: Kind, name: str) -> None:
    change, values, text = EDITS[name]
    opened = bench(kind)
    network, before = opened.network, opened.shown
    opened.more()
    change(opened.pool)
    stack = opened.document.undo_stack
    assert stack.count() == 1
    assert stack.undoText() == f"{kind[:7]} 1: {text}"
    layer = opened.network.layers[1]
    assert isinstance(layer, MaxPool2d | AvgPool2d)
    (key,) = values
    assert getattr(layer, key) == values[key]
    old = {key: getattr(network.layers[1], key)}
    assert vars(replace(layer, **old)) == vars(network.layers[1])  # type: ignore[arg-type]
    assert opened.network.layers[0] is network.layers[0]
    assert opened.said == [""]
    after = opened.shown
    assert after != before
    stack.undo()
    assert opened.network is network
    assert opened.shown == before
    stack.redo()
    assert opened.shown == after
    assert stack.count() == 1


def test_whether_padding_counts_is_a_question_of_means_alone(bench: Open) -> None:
    opened = bench("AvgPool2d")
    assert not opened.pool.counted.isVisible()
    opened.more()
    assert opened.pool.counted.isChecked()
    click(opened.pool.counted)
    layer = opened.network.layers[1]
    assert isinstance(layer, AvgPool2d)
    assert not layer.count_include_pad
    assert opened.document.undo_stack.undoText() == "AvgPool 1: count_include_pad off"
    click(opened.pool.counted)
    assert opened.document.undo_stack.undoText() == "AvgPool 1: count_include_pad on"
    other = bench("MaxPool2d")
    other.more()
    assert other.pool.ceil.isVisible()
    assert not other.pool.counted.isVisible()


def test_pooling_that_cannot_be_is_said_and_nothing_changes(bench: Open) -> None:
    opened = bench("MaxPool2d", "GlobalAvgPool2d")
    network, before = opened.network, opened.shown
    opened.pool.padding.setCurrentIndex(opened.pool.padding.findText("pad 2"))
    assert opened.said == [
        "MaxPool 1: row 0 of the pooled maps would see padding alone: it needs "
        "less padding or a larger window."
    ]
    assert opened.network is network
    assert opened.shown == before
    assert opened.document.undo_stack.count() == 0
    opened.pool.stride.setCurrentIndex(0)
    assert opened.said[-1] == ""


def test_what_a_flatten_cannot_take_is_said(bench: Open) -> None:
    opened = bench("MaxPool2d", "Flatten")
    network = edit.with_filters(opened.network, 0, 20)
    wide = bench(network=network)
    wide.pool.stride.setCurrentIndex(0)
    assert wide.said == [
        "Flatten makes 14,580 values of 20 maps of 27×27; it may be at most 4,096: pool the maps "
        "first, or take fewer filters."
    ]
    assert wide.network is network
    assert wide.pool.stride.currentText() == "2"


def test_few_want_the_rest_and_it_is_there_where_it_is_unusual(bench: Open) -> None:
    opened = bench("MaxPool2d")
    assert not opened.pool.ceil.isVisible()
    assert not opened.pool.dilation.isVisible()
    opened.more()
    assert opened.pool.ceil.isVisible()
    assert opened.pool.dilation.isVisible()
    opened.more()
    assert not opened.pool.ceil.isVisible()
    network = edit.with_option(opened.network, 1, "ceil_mode", True)
    assert bench(network=network).pool.ceil.isVisible()
    opened.document.commit("x", replace(opened.document.state, network=network))
    assert opened.pool.ceil.isVisible()
    assert opened.pool.ceil.isChecked()


def test_what_no_field_offers_is_shown_as_nothing_and_stays(bench: Open) -> None:
    """As from a file: the steps of rows and columns differ, the dilation is large."""
    network = edit.with_option(network_of("MaxPool2d"), 1, "dilation", (9, 9))
    network = edit.with_option(network, 1, "padding", (1, 0))
    opened = bench(network=network)
    assert opened.pool.dilation.currentIndex() == -1
    assert opened.pool.padding.currentIndex() == -1
    assert opened.network is network
    opened.pool.stride.setCurrentIndex(2)
    layer = opened.network.layers[1]
    assert isinstance(layer, MaxPool2d)
    assert (layer.dilation, layer.padding, layer.stride) == ((9, 9), (1, 0), (3, 3))


# Normalisation


def test_measure_takes_the_statistics_of_the_drawing_at_hand(bench: Open) -> None:
    opened = bench("BatchNorm2d")
    first = opened.network.layers[1]
    assert isinstance(first, BatchNorm2d)
    assert not first.mean.any()
    click(opened.norm.measure)
    first = opened.network.layers[1]
    assert isinstance(first, BatchNorm2d)
    assert first.mean.any()
    opened.document.undo_stack.clear()
    click(opened.norm.measure)
    assert opened.document.undo_stack.count() == 0

    other = np.ascontiguousarray(digit(2))
    opened.document.commit("draw", replace(opened.document.state, drawing=other))
    click(opened.norm.measure)
    layer = opened.network.layers[1]
    assert isinstance(layer, BatchNorm2d)
    assert not np.array_equal(layer.mean, first.mean)
    assert opened.document.undo_stack.undoText() == "BatchNorm 1: measure"
    assert opened.document.undo_stack.count() == 2
    opened.document.undo_stack.undo()
    assert opened.network.layers[1] is not layer


def test_an_activation_of_a_normalisation_has_its_parameters(bench: Open) -> None:
    opened = bench("BatchNorm2d")
    fields = opened.norm
    assert [box.isVisible() for box in fields.parameters] == [False, False]
    fields.activation.setCurrentIndex([*ACTIVATIONS].index("leaky_relu"))
    assert opened.document.undo_stack.undoText() == "BatchNorm 1: activation LeakyReLU"
    assert [box.isVisible() for box in fields.parameters] == [True, False]
    fields.parameters[0].setFocus()
    fields.parameters[0].selectAll()
    QTest.keyClicks(fields.parameters[0], "0.3")
    QTest.keyClick(fields.parameters[0], Qt.Key.Key_Return)
    assert opened.network.layers[1].activation_parameters == (0.3,)
    assert opened.document.undo_stack.undoText() == "BatchNorm 1: LeakyReLU 0.3"
    assert opened.document.undo_stack.count() == 2


@pytest.mark.parametrize("kind", ["Flatten", "GlobalAvgPool2d", "Softmax"])
def test_some_layers_have_no_fields_and_no_more_settings(bench: Open, kind: Kind) -> None:
    opened = bench(kind)
    assert not opened.offers_more()
    assert opened.fields.findChildren(QWidget) == []
    assert bench("BatchNorm2d").offers_more() is False
    assert bench("MaxPool2d").offers_more()


def test_fields_are_named_for_those_who_do_not_see_them(bench: Open) -> None:
    opened = bench("AvgPool2d")
    for widget, name in (
        (opened.pool.kernel, "kernel size"),
        (opened.pool.stride, "stride"),
        (opened.pool.padding, "padding"),
        (opened.pool.dilation, "dilation"),
        (opened.pool.ceil, "ceil_mode"),
        (opened.pool.counted, "count_include_pad"),
    ):
        assert widget.accessibleName().startswith("AvgPool 1 ")
        assert name in widget.accessibleName()
        assert widget.toolTip().endswith(".")
    assert bench("BatchNorm2d").norm.measure.accessibleName() == "BatchNorm 1 measure"
