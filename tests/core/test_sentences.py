"""What maps are, in words, and numbers as they are printed."""

from decimal import ROUND_HALF_UP, Decimal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cnn_explorer.core import edit
from cnn_explorer.core.network import Network
from cnn_explorer.core.schemes import ChannelScheme
from cnn_explorer.core.sentences import compact, map_sentence, map_title, short, signed
from cnn_explorer.core.state import State

REAL, NAIVE, SHARED = ChannelScheme.REAL, ChannelScheme.NAIVE, ChannelScheme.SHARED


def state(scheme: ChannelScheme, network: Network | None = None) -> State:
    drawing = np.zeros((28, 28), np.float32)
    return State(drawing, network or without_bias((3, 4, 5)), scheme)


def without_bias(filters: tuple[int, ...]) -> Network:
    network = edit.new_network(filters)
    for index in range(len(filters)):
        network = edit.with_bias(network, index, False)
    return network


@pytest.mark.parametrize(
    ("scheme", "address", "title"),
    [
        (REAL, (2,), "Conv 1 · map 2"),
        (REAL, (2, 3), "Conv 2 · map 3"),
        (SHARED, (2, 3), "Conv 2 · map 3"),
        (NAIVE, (2,), "Conv 1 · map 2"),
        (NAIVE, (2, 3), "Conv 2 · map 2.3"),
        (NAIVE, (2, 3, 4), "Conv 3 · map 2.3.4"),
    ],
)
def test_title(scheme: ChannelScheme, address: tuple[int, ...], title: str) -> None:
    assert map_title(state(scheme), address) == title


@pytest.mark.parametrize(
    ("scheme", "address", "sentence"),
    [
        (REAL, (2,), "Conv 1, map 2: ReLU of the drawing convolved with kernel [:, :, 0, 2]."),
        (SHARED, (2,), "Conv 1, map 2: ReLU of the drawing convolved with kernel [:, :, 0, 2]."),
        (
            NAIVE,
            (2,),
            "Conv 1, map 2: ReLU of the drawing convolved with the flat kernel [:, :, 0, 2].",
        ),
        (
            REAL,
            (2, 3),
            "Conv 2, map 3: ReLU of the sum over the 3 maps of Conv 1, each convolved with its "
            "kernel [:, :, i, 3].",
        ),
        (
            SHARED,
            (2, 3),
            "Conv 2, map 3: ReLU of the sum over the 3 maps of Conv 1, each convolved with the "
            "shared kernel [:, :, 0, 3].",
        ),
        (
            NAIVE,
            (2, 3),
            "Conv 2, map 2.3: ReLU of map 2 of Conv 1 convolved with the flat kernel [:, :, 0, 3].",
        ),
        (
            NAIVE,
            (2, 3, 4),
            "Conv 3, map 2.3.4: ReLU of map 2.3 of Conv 2 convolved with the flat kernel "
            "[:, :, 0, 4].",
        ),
    ],
)
def test_sentence(scheme: ChannelScheme, address: tuple[int, ...], sentence: str) -> None:
    assert map_sentence(state(scheme), address) == sentence


@pytest.mark.parametrize("scheme", [REAL, SHARED])
def test_with_one_map_before_nothing_is_summed_or_shared(scheme: ChannelScheme) -> None:
    assert map_sentence(state(scheme, without_bias((1, 2))), (0, 1)) == (
        "Conv 2, map 1: ReLU of the one map of Conv 1 convolved with kernel [:, :, 0, 1]."
    )


@pytest.mark.parametrize(
    ("activation", "words"),
    [
        ("none", "the drawing"),
        ("relu", "ReLU of the drawing"),
        ("leaky_relu", "leaky ReLU of the drawing"),
        ("tanh", "tanh of the drawing"),
        ("sigmoid", "sigmoid of the drawing"),
    ],
)
def test_the_activation_is_named_unless_there_is_none(activation: str, words: str) -> None:
    network = edit.with_activation(without_bias((3,)), 0, activation)
    assert map_sentence(state(REAL, network), (1,)) == (
        f"Conv 1, map 1: {words} convolved with kernel [:, :, 0, 1]."
    )


@pytest.mark.parametrize("scheme", list(ChannelScheme))
def test_the_bias_is_that_of_the_maps_filter(scheme: ChannelScheme) -> None:
    network = edit.new_network((3, 4))
    for filter_, bias in enumerate(network.layers[1].bias.tolist()):  # type: ignore[union-attr]
        sentence = map_sentence(state(scheme, network), (2, filter_))
        assert sentence.endswith(f", plus bias {bias:.3f}.".replace("-", "−"))


def test_signed_has_three_decimals_and_a_true_minus() -> None:
    assert signed(-0.0238) == "−0.024"
    assert signed(0.0238) == "0.024"
    assert signed(-12.5) == "−12.500"


@pytest.mark.parametrize("value", [-0.0, -0.0004, -1e-30])
def test_signed_never_prints_a_negative_zero(value: float) -> None:
    assert signed(value) == "0.000"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "0"),
        (-0.0, "0"),
        (3.4099, "3.41"),
        (-0.02, "−0.02"),
        (123456.0, "1.23e+05"),
        (0.00001234, "1.23e−05"),
        (-0.9996, "−1"),
    ],
)
def test_short_has_three_digits(value: float, text: str) -> None:
    assert short(value) == text


@given(st.floats(-1e6, 1e6, allow_nan=False))
def test_short_is_near_the_value(value: float) -> None:
    assert float(short(value).replace("−", "-")) == pytest.approx(value, rel=5.1e-3)


@pytest.mark.parametrize(
    ("count", "text"),
    [
        (0, "0"),
        (999, "999"),
        (4096, "4 096"),
        (1_048_576, "1 048 576"),
        (10**12 - 1, "999 999 999 999"),
        (10**12, "1.0 × 10¹²"),
        (64**8, "2.8 × 10¹⁴"),
        (256**8, "1.8 × 10¹⁹"),
        (9_949 * 10**10, "9.9 × 10¹³"),
        (9_950 * 10**10, "1.0 × 10¹⁴"),
        (1_049_999_999_999, "1.0 × 10¹²"),
        (1_050_000_000_000, "1.1 × 10¹²"),
        (10**100, "1.0 × 10¹⁰⁰"),
    ],
)
def test_compact(count: int, text: str) -> None:
    assert compact(count) == text.replace(" ", "\N{THIN SPACE}").replace(
        "\N{THIN SPACE}×\N{THIN SPACE}", " × "
    )


@given(st.integers(10**12, 10**40))
def test_compact_rounds_to_two_digits_exactly(count: int) -> None:
    digits, power = compact(count).split(" × 10")
    exponent = int(power.translate(str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹", "0123456789")))
    exact = Decimal(count).scaleb(-exponent)
    assert 1 <= Decimal(digits) < 10
    # 9.96 × 10¹² is 1.0 × 10¹³: two digits of that power are fewer of the one below.
    assert abs(Decimal(digits) - exact) <= Decimal("0.05")
    if exact >= 1:
        assert Decimal(digits) == exact.quantize(Decimal("0.1"), ROUND_HALF_UP)


@given(st.integers(0, 10**12 - 1))
def test_compact_keeps_every_digit_of_what_can_be_read(count: int) -> None:
    text = compact(count)
    assert int(text.replace("\N{THIN SPACE}", "")) == count
    assert all(len(part) == 3 for part in text.split("\N{THIN SPACE}")[1:])
