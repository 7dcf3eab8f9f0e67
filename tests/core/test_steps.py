"""How a pixel is made that is no weighted sum of a window, in printed numbers."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cnn_explorer.core.building import new_network
from cnn_explorer.core.forward import Activations, Request, forward
from cnn_explorer.core.kernel_layers import Conv2d, Linear
from cnn_explorer.core.layers import MAX_FEATURES, Flatten, GlobalAvgPool2d, MaxPool2d, Softmax
from cnn_explorer.core.network import Network
from cnn_explorer.core.schemes import ChannelScheme
from cnn_explorer.core.state import State
from cnn_explorer.core.steps import steps

from . import oracle
from .oracle import NAIVE, REAL, SHARED

DRAWING = np.random.default_rng(2).random((28, 28), np.float32)


def number(text: str) -> float:
    """A printed number, read as one reads it."""
    return float(text.replace("\N{MINUS SIGN}", "-"))


def shown_of(network: Network, scheme: ChannelScheme = REAL, in_view=(), drawing=DRAWING):
    return forward(Request(State(drawing, network, scheme), in_view, "matmul"))


HEADS = {
    "mean": lambda channels, size: (GlobalAvgPool2d(90, channels),),
    "flat": lambda channels, size: (Flatten(90, channels, size),),
    "shares": lambda channels, size: (Softmax(90, channels),),
}


@st.composite
def cases(draw) -> tuple[Activations, tuple[int, ...], tuple[int, int]]:
    """A pass, the path to a map of its last layer, and a pixel of that."""
    before = draw(oracle.layers(channels=1))
    size = Network((before,)).sizes[-1]
    channels = before.out_channels
    heads = [name for name in HEADS if name != "flat" or channels * math.prod(size) <= MAX_FEATURES]
    network = Network((before, *HEADS[draw(st.sampled_from(heads))](channels, size)))
    shown = shown_of(network, draw(st.sampled_from([REAL, SHARED])), drawing=draw(oracle.drawings))
    rows, columns = network.sizes[-1]
    output = draw(st.integers(0, network.layers[-1].out_channels - 1))
    source = network.layers[-1].inputs_of(output)[0]
    pixel = draw(st.integers(0, rows - 1)), draw(st.integers(0, columns - 1))
    return shown, (source, output), pixel


@settings(max_examples=60)
@given(cases())
def test_the_steps_come_to_the_value_of_the_map(case):
    shown, address, pixel = case
    lines = steps(shown, address, pixel)
    numbers = [number(text) for _, text in lines]
    value = float(shown.find(address)[pixel])
    largest = max(map(abs, numbers))
    unit = 1e-4 if largest >= 1e-3 or largest == 0 else 1e-8
    assert numbers[-1] == pytest.approx(value, abs=unit, rel=1e-4)
    layer, maps = shown.state.network.layers[-1], shown.maps[0]
    if isinstance(layer, GlobalAvgPool2d):
        count = maps[0].size
        assert lines[0][0] == f"sum of the {count} pixels"
        exact = math.fsum(maps[address[-1]].ravel().tolist())
        assert numbers[0] == pytest.approx(exact, rel=1e-4, abs=unit)
        assert lines[1][0] == f"divided by {count} = GlobalAvgPool1[{address[-1]}]"
    elif isinstance(layer, Flatten):
        assert len(lines) == 1
        row, column = (int(word.strip(",")) for word in lines[0][0].split()[1:4:2])
        assert maps[address[0], row, column] == value
    else:
        own, most, power, total, share = numbers
        inputs = maps[:, pixel[0], pixel[1]].astype(float)
        assert own == pytest.approx(inputs[address[-1]], abs=unit, rel=1e-4)
        assert most == pytest.approx(inputs.max(), abs=unit, rel=1e-4)
        assert power == pytest.approx(math.exp(inputs[address[-1]] - inputs.max()), abs=unit)
        assert total == pytest.approx(np.exp(inputs - inputs.max()).sum(), abs=unit, rel=1e-4)
        assert share == pytest.approx(power / total, abs=3 * unit)


def test_the_lines_are_named():
    first = new_network((2,)).layers[0]
    network = Network((first, GlobalAvgPool2d(1, 2), Softmax(2, 2)))
    shown = shown_of(network)
    assert [line for line, _ in steps(shown, (0, 0, 1), (0, 0))] == [
        "map 1",
        "the largest of all maps, taken off each",
        "e to the power of the difference",
        "sum of that of all 2 maps",
        "the one divided by the other = Softmax1[1]",
    ]
    flat = Network((first, Flatten(1, 2, (28, 28))))
    (line,) = steps(shown_of(flat), (1, 784 + 28 * 3 + 5), (0, 0))
    assert line[0] == "row 3, column 5 of the map = Flatten1[873]"
    assert number(line[1]) == pytest.approx(shown.maps[0][1, 3, 5], abs=1e-4)


def test_a_first_layer_takes_the_drawing():
    for layer, words in (
        (GlobalAvgPool2d(0, 1), "divided by 784 = GlobalAvgPool1[0]"),
        (Flatten(0, 1, (28, 28)), "row 0, column 0 of the map = Flatten1[0]"),
        (Softmax(0, 1), "the one divided by the other = Softmax1[0]"),
    ):
        shown = shown_of(Network((layer,)))
        lines = steps(shown, (0,), (0, 0))
        assert lines[-1][0] == words
        assert number(lines[-1][1]) == pytest.approx(shown.maps[0][0, 0, 0], abs=1e-4)


def test_in_naive_the_mean_is_that_of_one_map_where_it_is_there():
    network = new_network((2, 3))
    network = Network((*network.layers, GlobalAvgPool2d(9, 3)))
    held = shown_of(network, NAIVE, ((), ((1, 2),), ((1, 2, 2),)))
    lines = steps(held, (1, 2, 2), (0, 0))
    assert lines[1][0] == "divided by 784 = GlobalAvgPool1[1.2]"
    assert number(lines[0][1]) == pytest.approx(float(held.maps[1].sum()), rel=1e-4)
    assert steps(shown_of(network, NAIVE, ((), (), ((1, 2, 2),))), (1, 1, 1), (0, 0)) == ()


def test_a_map_that_is_taken_apart_holds_what_its_steps_need():
    """In Naive the parent may be out of view; whoever looks at the map asks for its making."""
    network = new_network((2, 3))
    network = Network((*network.layers, GlobalAvgPool2d(9, 3)))
    request = Request(State(DRAWING, network, NAIVE), making=(1, 2, 2))
    shown = forward(request)
    assert shown.making is None
    lines = steps(shown, (1, 2, 2), (0, 0))
    assert [words for words, _ in lines][1] == "divided by 784 = GlobalAvgPool1[1.2]"


def test_what_has_a_sum_of_its_own_has_no_steps():
    network = Network((*new_network((2,)).layers, MaxPool2d(1, 2)))
    shown = shown_of(network)
    assert steps(shown, (0,), (3, 3)) == ()
    assert steps(shown, (0, 0), (3, 3)) == ()


def test_what_is_not_finite_is_printed_without_a_warning():
    huge = np.array([3e38, -3e38], np.float32).reshape(2, 1, 1, 1)
    first = Conv2d(0, huge, np.array([3e38, -3e38], np.float32), activation="none")
    second = Linear(2, np.full((2, 2, 1, 1), 3, np.float32), None, activation="none")
    network = Network((first, GlobalAvgPool2d(1, 2), second, Softmax(3, 2)))
    shown = shown_of(network)
    assert steps(shown, (0, 0), (0, 0))[-1][1] in ("∞", "not a number")
    assert steps(shown, (0, 0, 0, 1), (0, 0))[-1][1] == "not a number"
