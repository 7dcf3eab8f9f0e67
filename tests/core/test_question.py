"""The question: the numbers are the network's, each idea has its answer, each answer its reason."""

import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cnn_explorer.core import edit
from cnn_explorer.core.building import new_network
from cnn_explorer.core.forward import Request, forward
from cnn_explorer.core.kernel_layers import Conv2d
from cnn_explorer.core.layers import MaxPool2d
from cnn_explorer.core.network import Network
from cnn_explorer.core.question import Answer, Idea, Lead, Question, question
from cnn_explorer.core.schemes import ChannelScheme, map_counts
from cnn_explorer.core.state import State


def ask(*filters: int) -> Question:
    return question(new_network(filters, (1,)))


def answer(asked: Question, number: int) -> Answer:
    (found,) = (each for each in asked.answers if each.number == number)
    return found


def test_the_opening_network_gives_four_answers_each_with_its_reason() -> None:
    asked = ask(3, 4)
    assert asked.layer == 1
    assert asked.text == "Layer 1 has 3 maps, layer 2 has 4 filters. How many maps come out?"
    assert [each.number for each in asked.answers] == [3, 4, 7, 12]
    assert [each.ideas for each in asked.answers] == [
        (Idea.ONE_TO_ONE,),
        (Idea.SUMMED,),
        (Idea.SIDE_BY_SIDE,),
        (Idea.NOT_SUMMED,),
    ]
    assert [each.leads_to for each in asked.answers] == [
        Lead.DIAGONAL,
        Lead.MAKING,
        Lead.TENSORS,
        Lead.NAIVE,
    ]
    assert len({each.explanation for each in asked.answers}) == 4
    assert len({each.button for each in asked.answers}) == 4
    assert answer(asked, 12).button == "Show all 12 maps"
    assert answer(asked, 12).explanation == (
        "12 is what you get before adding: each of the 4 filters on each of the 3 maps. But a "
        "filter adds up what it makes: 12 convolutions fold into 4 maps."
    )


@settings(max_examples=20)
@given(st.lists(st.integers(1, 6), min_size=2, max_size=4))
def test_the_numbers_are_those_that_come_out(filters: list[int]) -> None:
    network = new_network(filters, (1,))
    asked = question(network)
    numbers = [each.number for each in asked.answers]
    assert numbers == sorted(set(numbers))
    (right,) = (each for each in asked.answers if each.right)
    maps = forward(Request(State(np.zeros((28, 28), np.float32), network), method="matmul")).maps
    assert right.number == len(maps[asked.layer])
    (unsummed,) = (each for each in asked.answers if Idea.NOT_SUMMED in each.ideas)
    assert unsummed.number == map_counts(network, ChannelScheme.NAIVE)[asked.layer]
    # Each idea is in one answer: none is forgotten where two give the same number.
    ideas = [idea for each in asked.answers for idea in each.ideas]
    assert sorted(ideas) == sorted(Idea)


@given(st.integers(1, 300), st.integers(1, 300))
def test_explanations_name_the_number_and_never_many_of_one(maps: int, filters: int) -> None:
    first = Conv2d(0, np.ones((maps, 1, 1, 1), np.float32), None)
    second = Conv2d(1, np.ones((filters, maps, 1, 1), np.float32), None)
    asked = question(Network((first, second)))
    for each in asked.answers:
        start = ("Yes: " if each.right else "") + f"{each.number:,}".replace(",", "\N{THIN SPACE}")
        assert each.explanation.startswith(start)
        words = f"{asked.text} {each.explanation}"
        assert not re.search(r"\b(?<!\N{THIN SPACE})1 (maps|filters|convolutions|kernels)\b", words)
        assert not re.search(r"\b([2-9]|\d{2,}) (map|filter|convolution|kernel)\b", words)


def test_one_layer_asks_about_the_drawing_and_says_what_misleads() -> None:
    asked = ask(3)
    assert asked.layer == 0
    assert asked.text == "The drawing is 1 map, layer 1 has 3 filters. How many maps come out?"
    assert [each.number for each in asked.answers] == [1, 3, 4]
    right = answer(asked, 3)
    assert right.ideas == (Idea.SUMMED, Idea.NOT_SUMMED)
    assert "its sum one term. That is what misleads: without adding it would be 3, too." in (
        right.explanation
    )


@pytest.mark.parametrize(
    ("filters", "number", "ideas", "said"),
    [
        ((2, 2), 2, (Idea.SUMMED, Idea.ONE_TO_ONE), "With filter j on map j alone it would be 2"),
        ((2, 2), 4, (Idea.NOT_SUMMED, Idea.SIDE_BY_SIDE), "beside the old ones it would be 4"),
        ((3, 1), 3, (Idea.NOT_SUMMED, Idea.ONE_TO_ONE), "With filter j on map j alone it would be"),
        ((1, 4), 4, (Idea.SUMMED, Idea.NOT_SUMMED), "without adding it would be 4, too"),
    ],
)
def test_ideas_that_give_the_same_number_are_told_together(
    filters: tuple[int, ...], number: int, ideas: tuple[Idea, ...], said: str
) -> None:
    found = answer(ask(*filters), number)
    assert found.ideas == ideas
    assert said in found.explanation


def test_filters_that_see_a_group_of_the_maps_are_not_said_to_see_all() -> None:
    first = Conv2d(0, np.ones((4, 1, 1, 1), np.float32), None)
    second = Conv2d(1, np.ones((6, 2, 1, 1), np.float32), None, groups=2)
    asked = question(Network((first, second)))
    assert "every filter sees 2 maps: 12 convolutions fold into 6 maps" in (
        answer(asked, 4).explanation
    )


def test_the_question_stays_the_same_while_its_numbers_do() -> None:
    network = new_network((3, 4))
    assert question(edit.with_kernel_size(network, 1, 5)) == question(network)
    assert question(edit.with_filters(network, 1, 5)) != question(network)


def test_with_other_layers_between_they_are_called_by_their_names():
    network = new_network((3, 4))
    pooled = Network((network.layers[0], MaxPool2d(5, 3), network.layers[1]))
    asked = question(pooled)
    assert asked is not None
    assert asked.layer == 2
    assert asked.text.startswith("MaxPool 1 has 3 maps, Conv 2 has 4 filters.")


def test_a_layer_that_sums_nothing_is_not_asked_about():
    first, second = new_network((3, 6)).layers
    depthwise = Conv2d(5, second.weight[:, :1].copy(), None, groups=3)
    asked = question(Network((first, depthwise)))
    assert asked is not None
    assert asked.layer == 0
    assert question(Network((MaxPool2d(0, 1),))) is None
