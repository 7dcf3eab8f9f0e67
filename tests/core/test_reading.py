"""What is read, or why nothing is; and that printed percentages are honest."""

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cnn_explorer.core.building import add_layer, new_network
from cnn_explorer.core.centring import centred
from cnn_explorer.core.drawing import blank, draw
from cnn_explorer.core.edit import replaced, with_filters, with_initialisation
from cnn_explorer.core.forward import Activations, Request, forward
from cnn_explorer.core.mutes import toggle_mute
from cnn_explorer.core.network import Network
from cnn_explorer.core.reading import Reading, Verdict, logits_layer, no_reading, percent, read
from cnn_explorer.core.schemes import ChannelScheme
from cnn_explorer.core.state import State
from cnn_explorer.io.digits import digit, styles
from cnn_explorer.io.networks import bundled_network

from ..toys import toy_network


def passed(network: Network, **changes: object) -> Activations:
    state = replace(State(digit(7), network), **changes)
    return forward(Request(state, method="matmul"))


def shares_by_hand(logits: list[float], temperature: float) -> list[float]:
    powers = [math.exp(logit / temperature) for logit in logits]
    return [power / sum(powers) for power in powers]


@pytest.mark.parametrize("softmax", [False, True])
def test_shares_are_softmax_of_the_logits_by_the_temperature(softmax: bool) -> None:
    shown = passed(toy_network(softmax=softmax))
    reading = read(shown)
    assert reading.shares is not None
    assert reading.shares.dtype == np.float32
    expected = shares_by_hand(shown.maps[4][:, 0, 0].tolist(), 1.5)
    np.testing.assert_allclose(reading.shares, expected, rtol=1e-5)
    best = expected.index(max(expected))
    assert reading.best == best
    assert reading.verdict is Verdict.READ
    assert reading.said == f"Reads {best} · {100 * expected[best]:.1f} %"
    assert not reading.note


def test_below_the_threshold_it_is_none_of_the_digits() -> None:
    reading = read(passed(toy_network(threshold=0.9999)))
    assert reading.verdict is Verdict.UNKNOWN
    assert reading.said == "Not a digit that this network was trained for."
    assert reading.shares is not None
    share = percent(float(reading.shares.max()))
    assert f"{share} for {reading.best}, is less than > 99.9 %" in reading.detail


def test_where_nothing_is_drawn_nothing_is_read() -> None:
    reading = read(passed(toy_network(), drawing=blank()))
    assert (reading.verdict, reading.said) == (Verdict.BLANK, "Nothing is drawn.")
    assert reading.shares is None
    assert reading.best is None


def test_a_network_that_ends_in_maps_reads_nothing() -> None:
    reading = read(passed(new_network((3, 4))))
    assert reading.verdict is Verdict.NONE
    assert reading.said == "This network ends in maps of 28×28, not in ten values."


@pytest.mark.parametrize(("count", "said"), [(9, "9 values"), (1, "1 value")])
def test_it_takes_ten_values(count: int, said: str) -> None:
    network = with_filters(toy_network(), 4, count)
    assert (
        read(passed(network)).said
        == f"This network ends in {said}, not in ten, one for each digit."
    )


def test_naive_has_nothing_to_read() -> None:
    reading = read(passed(toy_network(), scheme=ChannelScheme.NAIVE))
    assert reading.verdict is Verdict.NONE
    assert "Switch to Real" in reading.said


@pytest.mark.parametrize(
    "network",
    [
        replace(toy_network(), trained=None),
        with_initialisation(toy_network(), 4, "he"),
    ],
)
def test_random_weights_mean_nothing(network: Network) -> None:
    reading = read(passed(network))
    assert reading.verdict is Verdict.NONE
    assert reading.said.startswith("The weights are random, not trained")


@pytest.mark.parametrize(
    "change",
    [
        lambda network: toggle_mute(network, 1, 0, 0),
        lambda network: replaced(network, 0, weight=network.conv(0).weight * 2),
        lambda network: with_initialisation(network, 0, "he"),
    ],
)
def test_a_network_that_is_not_as_trained_any_more_says_so(change) -> None:
    reading = read(passed(change(toy_network())))
    assert reading.verdict is Verdict.READ
    assert reading.note.startswith("It is not as trained any more")
    assert "Real" in read(passed(toy_network(), scheme=ChannelScheme.SHARED)).note


def test_values_beyond_float32_are_not_read() -> None:
    network = toy_network()
    weight = np.full_like(network.conv(4).weight, 3e38)
    reading = read(passed(replaced(network, 4, weight=weight)))
    assert reading.verdict is Verdict.NONE
    assert reading.said == "Its values leave float32: there is nothing to read."


def test_what_the_logits_are() -> None:
    assert logits_layer(toy_network()) == 4
    assert logits_layer(toy_network(average=True)) == 3
    assert logits_layer(toy_network(softmax=True)) == 4
    assert logits_layer(new_network()) is None
    state = State(digit(7), toy_network())
    assert no_reading(state) == ""
    assert logits_layer(add_layer(state, "Softmax")) == 4


def value(text: str) -> float:
    return float(text.strip("<>% "))


@given(st.lists(st.floats(-300, 300, width=32), min_size=10, max_size=10))
def test_printed_shares_are_right_and_add_up_but_for_rounding(logits: list[float]) -> None:
    top = max(logits)
    powers = [math.exp(logit - top) for logit in logits]
    shares = [power / sum(powers) for power in powers]
    printed = [percent(share) for share in shares]
    for share, text in zip(shares, printed, strict=True):
        assert abs(value(text) - 100 * share) <= 0.1 + 1e-9
        assert text not in ("0.0 %", "100.0 %")
        if text[0] in "<>":
            least, most = (0.0, 0.0005) if text[0] == "<" else (0.9995, 1.0)
            assert least <= share <= most
        else:
            assert abs(value(text) - 100 * share) <= 0.05 + 1e-9
    known = sum(value(text) for text in printed if text[0] not in "<>")
    assert known <= 100 + 0.5


@pytest.mark.parametrize(
    ("share", "text"),
    [(0.0, "< 0.1 %"), (0.00049, "< 0.1 %"), (0.00051, "0.1 %"), (0.5, "50.0 %"),
     (0.9994, "99.9 %"), (0.9996, "> 99.9 %"), (1.0, "> 99.9 %")],
)  # fmt: skip
def test_a_share_is_never_printed_as_none_or_all(share: float, text: str) -> None:
    assert percent(share) == text


LETTERS = {
    "X": [[(5, 5), (23, 23)], [(5, 23), (23, 5)]],
    "E": [[(5, 19), (5, 8), (23, 8), (23, 19)], [(14, 8), (14, 17)]],
}


@pytest.mark.parametrize("centring", [False, True])
@pytest.mark.parametrize("name", ["3-4", "8-16"])
def test_trained_networks_read_digits_and_refuse_what_is_none(name: str, centring: bool) -> None:
    network = bundled_network(name)

    def reading(drawing: np.ndarray) -> Reading:
        return read(passed(network, drawing=drawing, centred=centring))

    every = [(label, style) for label in range(10) for style in range(len(styles(label)))]
    right = [reading(digit(label, style)).best == label for label, style in every]
    assert sum(right) >= 0.95 * len(every)
    assert reading(blank()).verdict is Verdict.BLANK
    assert reading(np.ones((28, 28), np.float32)).verdict is Verdict.UNKNOWN
    for strokes in LETTERS.values():
        assert reading(draw(strokes, size=2)).verdict is Verdict.UNKNOWN


@pytest.mark.parametrize("name", ["3-4", "8-16"])
@pytest.mark.parametrize("place", [(14, 14), (4, 22)])
def test_trained_networks_take_a_dot_for_no_digit(name: str, place: tuple[float, float]) -> None:
    shown = passed(bundled_network(name), drawing=draw([[place]], size=2))
    assert read(shown).verdict is Verdict.UNKNOWN


def test_what_is_refused_in_a_corner_gets_the_advice_to_centre_it() -> None:
    network = toy_network(threshold=1.0)
    corner = draw([[(1, 2), (1, 9), (11, 5)]], size=2)

    def said(state: State) -> str:
        return read(forward(Request(state))).said

    advice = "Not a digit that this network was trained for; “Centre” may help."
    assert said(State(corner, network)) == advice
    for state in (
        State(corner, network, centred=True),
        State(centred(corner), network),
        State(digit(7), network),
    ):
        assert said(state) == "Not a digit that this network was trained for."


def test_a_dot_is_no_digit_whatever_the_network_makes_of_it() -> None:
    state = State(draw([[(14, 14)]], size=3), toy_network(threshold=0.0), centred=True)
    said = read(forward(Request(state)))
    assert said.verdict is Verdict.UNKNOWN
    assert said.detail == "It has 3 of the 28 rows and columns, less than any digit."
