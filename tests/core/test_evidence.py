"""A class taken apart: the parts are its logit, by pixel loops, in print, and by the proof."""

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cnn_explorer.core.building import add_layer, new_network
from cnn_explorer.core.edit import replaced, with_activation
from cnn_explorer.core.evidence import Evidence, evidence, no_evidence
from cnn_explorer.core.forward import Activations, Request, forward
from cnn_explorer.core.mutes import with_muted
from cnn_explorer.core.network import Network
from cnn_explorer.core.schemes import ChannelScheme
from cnn_explorer.core.state import State
from cnn_explorer.io.digits import digit

from ..toys import toy_network
from .oracle import drawings


def passed(network: Network, **changes: object) -> Activations:
    return forward(Request(replace(State(digit(7), network), **changes), method="matmul"))


def part_by_hand(found: Evidence, shown: Activations, position: int) -> Fraction:
    """What a map says, in fractions: the dense layer's own weights, one pixel at a time."""
    layer = shown.state.network.conv(found.layer)
    values = shown.maps[found.layer - 1][:, 0, 0] if found.layer else shown.state.input.ravel()
    size = found.maps[0].size
    total = Fraction(0)
    for pixel in range(position * size, (position + 1) * size):
        if layer.muted is None or not layer.muted[found.class_, pixel]:
            weight = layer.weight[found.class_, pixel, 0, 0]
            total += Fraction(float(weight)) * Fraction(float(values[pixel]))
    return total


def printed_sum(found: Evidence) -> bool:
    """Whether the printed column adds up: as decimals, not as what they were printed from."""

    def exact(text: str) -> Fraction:
        return Fraction(text.replace("\N{MINUS SIGN}", "-").replace("+", ""))

    parts = sum((exact(number.text) for number in found.numbers), Fraction(0))
    *terms, (_, logit) = found.footer
    (_, total), *others = terms
    added = exact(total.text) + sum((exact(number.text) for _, number in others), Fraction(0))
    return parts == exact(total.text) and added == exact(logit.text)


@settings(max_examples=25)
@given(
    drawings,
    st.integers(0, 9),
    st.sampled_from([(3, 4), (1,), (2, 5)]),
    st.sampled_from([2, 4, 7]),
    st.booleans(),
    st.booleans(),
)
def test_the_parts_are_the_logit(drawing, class_, filters, pool, bias, average) -> None:
    network = toy_network(filters, pool=pool, bias=bias, average=average)
    shown = passed(network, drawing=drawing)
    found = evidence(shown, class_)
    assert len(found.parts) == filters[-1]
    assert found.proof.holds
    assert found.logit == float(shown.maps[found.layer][class_, 0, 0])
    for position, part in enumerate(found.parts.tolist()):
        by_hand = float(part_by_hand(found, shown, position))
        scale = float(np.abs(found.products[position]).sum())
        assert part == pytest.approx(by_hand, rel=1e-5, abs=1e-5 * scale + 1e-30)
    assert printed_sum(found)


def test_products_are_maps_times_weights_pixel_by_pixel() -> None:
    shown = passed(toy_network())
    found = evidence(shown, 3)
    np.testing.assert_array_equal(found.maps, shown.maps[2])
    weight = shown.state.network.conv(4).weight
    for position, row, column in ((0, 0, 0), (1, 3, 6), (3, 6, 6)):
        flat = position * 49 + row * 7 + column
        assert found.weights[position, row, column] == weight[3, flat, 0, 0]
        product = weight[3, flat, 0, 0] * shown.maps[2][position, row, column]
        assert found.products[position, row, column] == product


def test_muted_weights_count_as_nothing() -> None:
    network = toy_network()
    muted = np.zeros((10, 196), bool)
    muted[3, :49] = muted[3, 98 + passed(network).maps[2][2].argmax()] = True
    quiet = with_muted(network, 4, muted)
    found, whole = evidence(passed(quiet), 3), evidence(passed(network), 3)
    assert found.muted.tolist() == [True, False, False, False]
    assert found.parts[0] == 0
    assert found.parts[2] != whole.parts[2]
    assert found.parts[3] == whole.parts[3]
    assert found.proof.holds
    assert printed_sum(found)
    assert found.describe(0) == "map 0: muted"
    assert not evidence(passed(quiet), 4).muted.any()


def test_one_weight_for_all_where_the_kernel_is_shared() -> None:
    shown = passed(toy_network(), scheme=ChannelScheme.SHARED)
    found = evidence(shown, 5)
    assert len(np.unique(found.weights)) == 1
    assert found.proof.holds
    assert printed_sum(found)


def test_a_wrong_logit_is_found_out() -> None:
    shown = passed(toy_network())
    wrong = shown.maps[4].copy()
    wrong[3] += 0.001
    forged = replace(shown, maps=(*shown.maps[:4], wrong))
    assert not evidence(forged, 3).proof.holds
    assert evidence(forged, 4).proof.holds


def test_a_last_softmax_is_left_aside() -> None:
    shown = passed(toy_network(softmax=True))
    assert evidence(shown, 3).logit == float(shown.maps[4][3, 0, 0])


def test_its_words() -> None:
    found = evidence(passed(toy_network()), 7)
    assert found.title == "For 7: what the 4 maps of MaxPool 1 say"
    assert found.equation == "Linear1[7] = c₁[7] + Σᵢ Σ MaxPool1[i] · W[i, 7]"
    assert [name for name, _ in found.footer] == ["Σ", "bias c₁[7]", "rounding", "logit of 7"]
    for position, number in enumerate(found.numbers):
        side = "for" if number.text.startswith("+") else "against"
        assert found.describe(position) == f"map {position}: {number.text}, {side} 7"
    pooled = evidence(passed(toy_network(average=True, bias=False)), 0)
    assert pooled.title == "For 0: what the 4 values of GlobalAvgPool 1 say"
    assert pooled.equation == "Linear1[0] = Σᵢ GlobalAvgPool1[i] · W[i, 0]"
    assert [name for name, _ in pooled.footer] == ["Σ", "rounding", "logit of 0"]
    one = evidence(passed(toy_network((1,))), 2)
    assert one.title == "For 2: what the one map of MaxPool 1 says"


def test_the_drawing_itself_can_speak() -> None:
    network = toy_network()
    state = State(digit(7), network)
    flat = Network(add_layer(State(digit(7), new_network((1,))), "Flatten").layers[1:], 0)
    whole = add_layer(replace(state, network=flat), "Linear")
    whole = replaced(whole, 1, weight=np.resize(network.conv(4).weight, (10, 784, 1, 1)),
                     bias=np.zeros(10, np.float32))  # fmt: skip
    whole = with_activation(whole, 1, "none")
    for centred in (False, True):
        shown = passed(whole, centred=centred)
        found = evidence(shown, 1)
        np.testing.assert_array_equal(found.maps[0], shown.state.input)
        assert found.title == f"For 1: what the {shown.state.input_name} says"
        assert found.proof.holds


POOLED = Network(toy_network((10,), average=True).layers[:2])


@pytest.mark.parametrize(
    ("state", "said"),
    [
        (State(digit(7), new_network()), "This network does not end in ten values"),
        (State(digit(7), toy_network(), ChannelScheme.NAIVE), "“Every filter on every map” sums"),
        (State(digit(7), with_activation(toy_network(), 4, "relu")), "Linear 1 has an activation"),
        (State(digit(7), POOLED), "GlobalAvgPool 1 has no weights"),
        (State(digit(7), toy_network()), ""),
    ],
)  # fmt: skip
def test_why_there_is_none(state: State, said: str) -> None:
    assert no_evidence(state).startswith(said)
    assert bool(no_evidence(state)) == bool(said)
