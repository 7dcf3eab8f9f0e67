"""Commands on the network and the scheme, and what undo and redo say."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtCore import QObject
from PySide6.QtGui import QAction
from pytestqt.qtbot import QtBot

from cnn_explorer.core import edit
from cnn_explorer.core.building import KINDS, add_layer, new_network
from cnn_explorer.core.drawing import blank
from cnn_explorer.core.network import MAX_LAYERS
from cnn_explorer.core.schemes import ChannelScheme
from cnn_explorer.core.selection import Selection
from cnn_explorer.core.state import State
from cnn_explorer.gui.actions import make_actions
from cnn_explorer.gui.document import Document
from cnn_explorer.gui.network_actions import NetworkActions
from cnn_explorer.gui.selection import SelectionModel


class Bench:
    """A document with its actions."""

    def __init__(self) -> None:
        self.parent = QObject()
        self.document = Document(State(blank(), new_network()), self.parent)
        self.actions: dict[str, QAction] = make_actions(self.parent)
        self.selection = SelectionModel(Selection(), self.parent)
        self.commands = NetworkActions(self.actions, self.document, self.selection, self.parent)

    def trigger(self, name: str) -> None:
        self.actions[name].trigger()

    def build(self, *filters: int, size: int = 3, padding: str = "same") -> None:
        network = new_network((filters[0],), (size,))
        network = edit.with_padding(network, 0, "valid" if padding == "valid" else "same")
        for _ in filters[1:]:
            network = add_layer(replace(self.document.state, network=network))
        self.document.open(replace(self.document.state, network=network))

    def filled(self, *filters: int) -> None:
        self.document.open(replace(self.document.state, network=new_network(filters)))

    @property
    def heard(self) -> list[set[tuple[int, int]]]:
        """For each layer (input map, filter) of the contributions that are not muted."""
        result = []
        for layer in self.document.state.network.layers:
            pairs = {(i, j) for j in range(layer.out_channels) for i in range(layer.depth)}
            for j in range(layer.out_channels):
                pairs -= {(int(i), j) for i in np.flatnonzero(layer.mutes_of(j))}
            result.append(pairs)
        return result

    @property
    def filters(self) -> list[int]:
        return [layer.out_channels for layer in self.document.state.network.layers]


@pytest.fixture
def bench(qapp: QObject) -> Iterator[Bench]:
    bench = Bench()
    yield bench
    bench.parent.deleteLater()


def test_adding_a_layer_is_one_step_that_says_which(bench: Bench) -> None:
    before = bench.document.state
    bench.trigger("add_layer")
    assert bench.filters == [3, 4, 4]
    assert bench.actions["undo"].text() == "&Undo Add Conv 3"
    bench.trigger("undo")
    assert bench.document.state is before
    assert bench.actions["redo"].text() == "&Redo Add Conv 3"
    bench.trigger("redo")
    assert bench.filters == [3, 4, 4]


def test_no_more_layers_than_there_may_be(bench: Bench) -> None:
    while bench.actions["add_layer"].isEnabled():
        bench.trigger("add_layer")
    assert len(bench.filters) == MAX_LAYERS
    bench.trigger("undo")
    assert bench.actions["add_layer"].isEnabled()


def test_a_layer_that_does_not_fit_is_refused_with_a_sentence(bench: Bench, qtbot: QtBot) -> None:
    bench.build(1, 1, size=11, padding="valid")  # 28, 18, 8
    before = bench.document.state
    with qtbot.waitSignal(bench.commands.refused) as refused:
        bench.trigger("add_layer")
    (reason,) = refused.args
    assert reason.startswith("Conv 3: ")
    assert "11×11" in reason
    assert "8×8" in reason
    assert reason.endswith(".")
    assert bench.document.state is before
    assert not bench.document.undo_stack.canUndo()


def test_a_new_seed_draws_random_kernels_and_biases_anew(bench: Bench) -> None:
    network = new_network((3, 4), initialisation="he")
    bench.document.open(replace(bench.document.state, network=network))
    bench.trigger("new_seed")
    new = bench.document.state.network
    assert new.seed == 1
    for here, there in zip(network.layers, new.layers, strict=True):
        assert (here.weight != there.weight).any()
        assert here.bias is not None
        assert there.bias is not None
        assert (here.bias != there.bias).any()
    assert bench.actions["undo"].text() == "&Undo Seed 1"


def test_after_the_last_seed_comes_the_first(bench: Bench) -> None:
    network = new_network((3, 4), seed=2**32 - 1)
    bench.document.open(replace(bench.document.state, network=network))
    bench.trigger("new_seed")
    assert bench.document.state.network.seed == 0


@pytest.mark.parametrize("scheme", ChannelScheme)
def test_each_scheme_has_its_action(bench: Bench, scheme: ChannelScheme) -> None:
    bench.trigger("shared" if scheme is ChannelScheme.REAL else "real")
    bench.trigger(scheme.value)
    assert bench.document.state.scheme is scheme
    checked = [each.value for each in ChannelScheme if bench.actions[each.value].isChecked()]
    assert checked == [scheme.value]


def test_the_checked_scheme_follows_undo(bench: Bench) -> None:
    bench.trigger("naive")
    bench.trigger("undo")
    assert bench.actions["real"].isChecked()
    assert not bench.actions["naive"].isChecked()


def test_undo_and_redo_can_be_chosen_only_where_there_is_something(bench: Bench) -> None:
    undo, redo = bench.actions["undo"], bench.actions["redo"]
    assert (undo.isEnabled(), redo.isEnabled()) == (False, False)
    assert (undo.text(), redo.text()) == ("&Undo", "&Redo")
    bench.trigger("naive")
    assert (undo.isEnabled(), redo.isEnabled()) == (True, False)
    bench.trigger("undo")
    assert (undo.isEnabled(), redo.isEnabled()) == (False, True)
    assert redo.text() == "&Redo Switch to Every filter on every map"


# Mutes.


def every(inputs: int, filters: int) -> set[tuple[int, int]]:
    return set(np.ndindex(inputs, filters))


def test_only_the_diagonal_is_left_in_the_selected_maps_layer(bench: Bench) -> None:
    bench.filled(3, 4, 2)
    bench.selection.select(Selection(1))
    bench.trigger("only_diagonal")
    # Filter 3 has no map 3 to see.
    assert bench.heard == [every(1, 3), {(0, 0), (1, 1), (2, 2)}, every(4, 2)]
    assert bench.actions["undo"].text() == "&Undo Only the diagonal in Conv 2"
    bench.trigger("only_diagonal")
    bench.trigger("undo")
    assert bench.heard == [every(1, 3), every(3, 4), every(4, 2)]
    assert not bench.document.undo_stack.canUndo()


@pytest.mark.parametrize("layer", [None, 0])
def test_where_nothing_is_summed_the_diagonal_is_that_of_the_last_layer_that_sums(
    bench: Bench, layer: int | None
) -> None:
    bench.filled(3, 1, 2)
    bench.selection.select(Selection(layer))
    bench.trigger("only_diagonal")
    assert bench.heard == [every(1, 3), {(0, 0)}, every(1, 2)]
    assert bench.actions["undo"].text() == "&Undo Only the diagonal in Conv 2"


def test_without_a_sum_there_is_no_diagonal_and_a_sentence_says_so(
    bench: Bench, qtbot: QtBot
) -> None:
    bench.filled(1, 2)
    before = bench.document.state
    with qtbot.waitSignal(bench.commands.refused) as refused:
        bench.trigger("only_diagonal")
    assert refused.args == [
        "Only the diagonal: no layer has more than one input map, so none sums."
    ]
    assert bench.document.state is before


def test_all_mutes_go_in_one_step_and_only_where_there_are_some(bench: Bench) -> None:
    bench.filled(3, 4, 2)
    unmute = bench.actions["unmute_all"]
    assert not unmute.isEnabled()
    for layer in (1, 2):
        bench.selection.select(Selection(layer))
        bench.trigger("only_diagonal")
    muted = bench.heard
    assert unmute.isEnabled()
    bench.trigger("unmute_all")
    assert bench.heard == [every(1, 3), every(3, 4), every(4, 2)]
    assert not unmute.isEnabled()
    assert bench.actions["undo"].text() == "&Undo Unmute all"
    bench.trigger("undo")
    assert bench.heard == muted
    assert unmute.isEnabled()


@pytest.mark.parametrize("kind", list(KINDS))
def test_the_menu_adds_a_layer_of_each_kind_or_says_why_not(bench: Bench, kind: str) -> None:
    refused: list[str] = []
    bench.commands.refused.connect(refused.append)
    before = bench.document.state
    bench.trigger(f"add_{kind}")
    if kind == "Linear":
        assert bench.document.state is before
        (reason,) = refused
        assert reason.startswith("Linear 1: it takes single values, but gets maps of 28×28")
        bench.trigger("add_Flatten")
        bench.trigger("add_Linear")
        assert bench.actions["undo"].text() == "&Undo Add Linear 1"
        return
    assert refused == []
    layer = bench.document.state.network.layers[-1]
    assert type(layer).__name__ == kind
    name = bench.document.state.network.names[-1]
    assert bench.actions["undo"].text() == f"&Undo Add {name}"
    bench.trigger("undo")
    assert bench.document.state is before


def test_only_the_diagonal_is_that_of_a_layer_with_kernels(bench: Bench) -> None:
    for kind in ("MaxPool2d", "GlobalAvgPool2d", "Linear", "Softmax"):
        bench.trigger(f"add_{kind}")
    bench.selection.select(Selection().at((0, 1, 1)))
    bench.trigger("only_diagonal")
    assert bench.actions["undo"].text() == "&Undo Only the diagonal in Linear 1"
    network = bench.document.state.network
    assert bench.heard[4] == {(j, j) for j in range(4)}
    assert network.layers[1].muted_count == 0
    assert bench.actions["unmute_all"].isEnabled()
    bench.trigger("unmute_all")
    assert all(layer.muted is None for layer in bench.document.state.network.layers)
