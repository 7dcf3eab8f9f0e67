from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cnn_explorer.core import mutes
from cnn_explorer.core.building import new_network
from cnn_explorer.core.kernel_layers import Conv2d
from cnn_explorer.core.network import Network

from . import oracle

Cells = set[tuple[int, int]]


def muted(network: Network, index: int) -> Cells:
    """(filter, input map of its group) of what is muted."""
    layer = network.layers[index]
    return {(j, i) for j, i in np.ndindex(layer.weight.shape[:2]) if oracle.mutes(layer, j)[i]}


def row(layer: Conv2d, j: int) -> Cells:
    return {(j, i) for i in range(layer.weight.shape[1])}


def column(layer: Conv2d, i: int) -> Cells:
    return {(j, i) for j in range(layer.weight.shape[0])}


def soloed(layer: Conv2d, now: Cells, j: int, i: int) -> Cells:
    alone = row(layer, j) - {(j, i)}
    return now - row(layer, j) if now & row(layer, j) == alone else now - row(layer, j) | alone


def diagonal(layer: Conv2d) -> Cells:
    """What joins filter j to any input map but j."""
    return {
        (j, place)
        for j in range(layer.weight.shape[0])
        for place, i in enumerate(oracle.inputs(layer, j))
        if i != j
    }


# What each edit makes of the muted cells of its layer.
EDITS: dict[str, tuple[Callable, Callable[[Conv2d, Cells, int, int], Cells]]] = {
    "one": (mutes.toggle_mute, lambda _layer, now, j, i: now ^ {(j, i)}),
    "input": (
        lambda network, index, _j, i: mutes.toggle_input(network, index, i),
        lambda layer, now, _j, i: (
            now - column(layer, i) if column(layer, i) <= now else now | column(layer, i)
        ),
    ),
    "solo": (mutes.toggle_solo, soloed),
    "diagonal": (
        lambda network, index, _j, _i: mutes.only_diagonal(network, index),
        lambda layer, _now, _j, _i: diagonal(layer),
    ),
    "none": (
        lambda network, _index, _j, _i: mutes.without_mutes(network),
        lambda _layer, _now, _j, _i: set(),
    ),
}


@pytest.mark.parametrize("name", EDITS)
@given(oracle.networks(most_filters=6, most_side=1), st.data())
def test_an_edit_mutes_what_it_says_and_nothing_else(name, network, data):
    edit, expected = EDITS[name]
    index = data.draw(st.integers(0, len(network.layers) - 1))
    layer = network.layers[index]
    j, i = (data.draw(st.integers(0, size - 1)) for size in layer.weight.shape[:2])
    before = [muted(network, place) for place in range(len(network.layers))]
    changed = edit(network, index, j, i)
    assert [muted(network, place) for place in range(len(before))] == before
    wanted = [set() if name == "none" else cells for cells in before]
    wanted[index] = expected(layer, before[index], j, i)
    assert [muted(changed, place) for place in range(len(before))] == wanted
    assert (changed is network) == (wanted == before)
    assert changed.seed == network.seed
    for one, other in zip(changed.layers, network.layers, strict=True):
        assert one.weight is other.weight
        assert one.number == other.number
        assert (
            one is other
            or muted(changed, network.layers.index(other)) != before[network.layers.index(other)]
        )


def test_depthwise_filters_see_their_own_map_already():
    first = new_network((4,)).layers[0]
    depthwise = Conv2d(1, np.ones((4, 1, 3, 3), np.float32), None, groups=4)
    network = Network((first, depthwise))
    assert mutes.only_diagonal(network, 1) is network


def test_filters_without_an_input_map_of_their_number_hear_nothing():
    network = mutes.only_diagonal(new_network((2, 4)), 1)
    assert network.layers[1].muted.tolist() == [[0, 1], [1, 0], [1, 1], [1, 1]]


@pytest.mark.parametrize(
    "change",
    [
        lambda network: mutes.toggle_mute(network, 2, 0, 0),
        lambda network: mutes.toggle_mute(network, 1, 4, 0),
        lambda network: mutes.toggle_mute(network, 1, 0, 3),
        lambda network: mutes.toggle_input(network, 1, 3),
        lambda network: mutes.toggle_solo(network, 1, 4, 0),
        lambda network: mutes.toggle_solo(network, 1, 0, 3),
        lambda network: mutes.only_diagonal(network, 2),
        lambda network: mutes.with_muted(network, 2, None),
    ],
)
def test_what_there_is_not_cannot_be_muted(change):
    with pytest.raises(IndexError):
        change(new_network((3, 4)))


def test_mutes_are_given_whole():
    network = new_network((3, 4))
    given_ = np.zeros((4, 3), bool)
    given_[2, 1] = True
    changed = mutes.with_muted(network, -1, given_)
    assert muted(changed, 1) == {(2, 1)}
    assert len(changed.layers) == 2
    given_[:] = True  # the network has its own
    assert muted(changed, 1) == {(2, 1)}
    assert mutes.with_muted(changed, 1, changed.layers[1].muted) is changed
    assert mutes.with_muted(changed, 1, None).layers[1].muted is None
    with pytest.raises(ValueError, match=r"mutes have shape \(3, 4\).* need \(4, 3\).*\.$"):
        mutes.with_muted(network, 1, np.zeros((3, 4), bool))
