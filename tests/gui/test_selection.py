"""The selection: a path of filters, kept through schemes and changes of the network."""

from dataclasses import FrozenInstanceError, replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cnn_explorer.core import edit
from cnn_explorer.core.addresses import check_address
from cnn_explorer.core.building import add_layer, new_network
from cnn_explorer.core.layers import Kind
from cnn_explorer.core.network import MAX_LAYERS
from cnn_explorer.core.selection import Selection
from cnn_explorer.core.state import State
from cnn_explorer.gui.selection import SelectionModel

pytestmark = pytest.mark.usefixtures("qapp")

filter_counts = st.lists(st.integers(1, 5), min_size=1, max_size=MAX_LAYERS)
paths = st.tuples(*[st.integers(0, 255)] * MAX_LAYERS)
pins = st.none() | st.tuples(st.integers(0, 60), st.integers(0, 60))
selections = st.builds(Selection, st.none(), paths) | st.builds(
    Selection, st.integers(0, MAX_LAYERS - 1), paths, pins
)


def test_nothing_selected_has_no_address() -> None:
    assert Selection().address is None


def test_the_address_is_the_path_down_to_the_layer() -> None:
    path = (2, 5, 31, 0, 0, 0, 0, 9)
    assert Selection(0, path).address == (2,)
    assert Selection(2, path).address == (2, 5, 31)
    assert Selection(7, path).address == path


def test_selecting_a_map_keeps_the_filters_of_deeper_layers() -> None:
    selection = Selection(2, (2, 5, 31, 7, 0, 0, 0, 0), (3, 4))
    assert selection.at((1, 0)) == Selection(1, (1, 0, 31, 7, 0, 0, 0, 0), None)
    assert selection.at((1, 0), (9, 8)).pin == (9, 8)


@given(selections, filter_counts)
def test_within_a_network_it_names_a_map_and_a_pixel_of_it(
    selection: Selection, filters: list[int]
) -> None:
    network = new_network(filters, (1,))
    inside = selection.within(network)

    assert len(inside.path) == MAX_LAYERS
    assert inside.within(network) == inside
    assert inside.address is None or check_address(inside.address, network) is None
    if inside.pin is not None:
        assert max(inside.pin) < 28


@given(selections, filter_counts)
def test_what_lies_inside_stays(selection: Selection, filters: list[int]) -> None:
    network = new_network(filters, (1,))
    inside = selection.within(network)
    if selection.layer is not None and selection.layer < len(filters):
        assert inside.layer == selection.layer
    for index, count in enumerate(filters):
        assert inside.path[index] == min(selection.path[index], count - 1)
    assert inside.path[len(filters) :] == selection.path[len(filters) :]


def test_a_pin_moves_into_a_smaller_map() -> None:
    network = edit.with_padding(new_network((2,), (11,)), 0, "valid")
    assert Selection(0, pin=(27, 3)).within(network).pin == (17, 3)


def test_nothing_selected_stays_so() -> None:
    assert Selection(None, (9,) * MAX_LAYERS).within(new_network((2,))).layer is None


def test_the_model_tells_of_another_selection_once() -> None:
    model = SelectionModel(Selection(0))
    told: list[tuple[Selection, Selection]] = []
    model.changed.connect(lambda new, old: told.append((new, old)))

    model.select(Selection(1))
    model.select(Selection(1))

    assert told == [(Selection(1), Selection(0))]
    assert model.current == Selection(1)


def test_a_selection_is_a_value() -> None:
    with pytest.raises(FrozenInstanceError):
        Selection().layer = 1  # type: ignore[misc]


KINDS_SEEN: tuple[Kind, ...] = (
    "MaxPool2d", "BatchNorm2d", "Conv2d", "GlobalAvgPool2d", "Flatten", "Linear", "Softmax"
)  # fmt: skip


@settings(max_examples=30)
@given(st.lists(st.sampled_from(KINDS_SEEN), max_size=6), st.lists(selections, max_size=5))
def test_the_model_stays_inside_networks_of_every_kind(
    kinds: list[Kind], chosen: list[Selection]
) -> None:
    state = State(np.zeros((28, 28), np.float32), new_network((3, 2)))
    model = SelectionModel(Selection(1, (1,) * MAX_LAYERS, (27, 27)))
    for kind in kinds:
        try:
            state = replace(state, network=add_layer(state, kind))
        except ValueError:
            continue
        model.follow(state.network)
        for selection in (model.current, *chosen):
            model.select(selection)
            current = model.current
            assert current.within(state.network) == current
            assert len(current.path) == MAX_LAYERS
            if current.address is not None:
                check_address(current.address, state.network)
                if current.pin is not None:
                    rows, columns = state.network.sizes[len(current.address)]
                    assert current.pin[0] < rows
                    assert current.pin[1] < columns
    model.follow(new_network((2,)))
    assert model.current.layer in (None, 0)


def test_the_kernel_at_hand_is_one_of_the_layers() -> None:
    network = new_network((3, 4))
    selection = Selection(1, (0,) * MAX_LAYERS, channel=2)
    assert selection.within(network) == selection
    assert selection.within(edit.with_filters(network, 0, 2)).channel == 1
    assert selection.at((1,)).within(network).channel == 0
    moved = edit.move_layer(network, 0, 1)
    assert selection.moved(network, moved).channel == 2
