"""What maps are, in words, and numbers as they are printed."""

import re
from dataclasses import replace
from decimal import ROUND_HALF_UP, Decimal

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.signal import correlate2d

from cnn_explorer.core import edit
from cnn_explorer.core.activations import ACTIVATIONS
from cnn_explorer.core.addresses import followed
from cnn_explorer.core.building import new_network
from cnn_explorer.core.forward import Request, forward
from cnn_explorer.core.kernel_layers import Conv2d, Linear
from cnn_explorer.core.layers import (
    AvgPool2d,
    BatchNorm2d,
    Flatten,
    GlobalAvgPool2d,
    MaxPool2d,
    Softmax,
)
from cnn_explorer.core.network import Network
from cnn_explorer.core.schemes import ChannelScheme
from cnn_explorer.core.sentences import compact, map_sentence, map_title, short, signed
from cnn_explorer.core.state import State

from . import oracle

REAL, NAIVE, SHARED = ChannelScheme.REAL, ChannelScheme.NAIVE, ChannelScheme.SHARED


def state(scheme: ChannelScheme, network: Network | None = None) -> State:
    drawing = np.zeros((28, 28), np.float32)
    return State(drawing, network or without_bias((3, 4, 5)), scheme)


def without_bias(filters: tuple[int, ...]) -> Network:
    network = new_network(filters)
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
        ("leaky_relu", "LeakyReLU of the drawing"),
        ("tanh", "Tanh of the drawing"),
        ("sigmoid", "Sigmoid of the drawing"),
    ],
)
def test_the_activation_is_named_unless_there_is_none(activation: str, words: str) -> None:
    network = edit.with_activation(without_bias((3,)), 0, activation)
    assert map_sentence(state(REAL, network), (1,)) == (
        f"Conv 1, map 1: {words} convolved with kernel [:, :, 0, 1]."
    )


@pytest.mark.parametrize("scheme", list(ChannelScheme))
def test_the_bias_is_that_of_the_maps_filter(scheme: ChannelScheme) -> None:
    network = new_network((3, 4))
    for filter_, bias in enumerate(network.layers[1].bias.tolist()):  # type: ignore[union-attr]
        sentence = map_sentence(state(scheme, network), (2, filter_))
        assert sentence.endswith(f", plus bias {bias:.3f}.".replace("-", "−"))


# Mutes and groups.


def muting(network: Network, *pairs: tuple[int, int], index: int = 1, groups: int = 1) -> Network:
    """A network with some (filter, input within the group) of a layer muted."""
    layer = network.layers[index]
    weight = layer.weight[:, : layer.in_channels // groups].copy()
    muted = np.zeros(weight.shape[:2], bool)
    muted[tuple(np.array(pairs, int).reshape(-1, 2).T)] = True
    layers = list(network.layers)
    layers[index] = replace(layer, weight=weight, groups=groups, muted=muted)
    return Network(tuple(layers), network.seed)


@pytest.mark.parametrize(
    ("off", "words"),
    [
        ((3,), "7 of the 8 maps of Conv 1 (3 is muted)"),
        ((0, 3), "6 of the 8 maps of Conv 1 (0 and 3 are muted)"),
        ((0, 3, 4, 7), "4 of the 8 maps of Conv 1 (0, 3, 4 and 7 are muted)"),
        ((0, 1, 2, 3, 4, 6, 7), "1 of the 8 maps of Conv 1 (all but 5 are muted)"),
        ((0, 1, 2, 3, 4), "3 of the 8 maps of Conv 1 (all but 5, 6 and 7 are muted)"),
    ],
)
def test_muted_contributions_are_named(off: tuple[int, ...], words: str) -> None:
    network = muting(without_bias((8, 6)), *((5, channel) for channel in off))
    real = map_sentence(state(REAL, network), (0, 5))
    assert real == (
        f"Conv 2, map 5: ReLU of the sum over {words}, each convolved with its kernel [:, :, i, 5]."
    )
    shared = map_sentence(state(SHARED, network), (0, 5))
    assert shared == real.replace("its kernel [:, :, i", "the shared kernel [:, :, 0")
    assert "muted" not in map_sentence(state(REAL, network), (0, 4))


def test_of_many_that_are_muted_the_first_are_named() -> None:
    network = muting(without_bias((64, 2)), *((1, channel) for channel in range(0, 64, 2)))
    assert "32 of the 64 maps of Conv 1 (0, 2, 4, 6, 8 and 27 more are muted)," in map_sentence(
        state(REAL, network), (0, 1)
    )


def test_with_all_muted_nothing_but_the_bias_is_left() -> None:
    network = muting(new_network((8, 6)), *((5, channel) for channel in range(8)))
    layer = network.layers[1]
    assert layer.bias is not None
    bias = signed(layer.bias[5])
    for scheme in (REAL, SHARED):
        assert map_sentence(state(scheme, network), (0, 5)) == (
            f"Conv 2, map 5: ReLU of bias {bias} alone: every one of its 8 contributions is muted."
        )
    bare = edit.with_activation(edit.with_bias(network, 1, False), 1, "none")
    assert map_sentence(state(REAL, bare), (0, 5)) == (
        "Conv 2, map 5: 0: every one of its 8 contributions is muted."
    )


def test_in_naive_a_map_has_one_contribution() -> None:
    network = muting(new_network((3, 4)), (1, 2))
    bias = network.layers[1].bias
    assert bias is not None
    assert map_sentence(state(NAIVE, network), (2, 1)) == (
        f"Conv 2, map 2.1: ReLU of bias {signed(bias[1])} alone: its one contribution is muted."
    )
    assert "muted" not in map_sentence(state(NAIVE, network), (1, 1))
    drawing = muting(new_network((3, 4)), (1, 0), index=0)
    assert "its one contribution is muted" in map_sentence(state(NAIVE, drawing), (1,))


def test_a_group_names_its_maps_and_numbers_its_own_kernels() -> None:
    network = muting(without_bias((8, 4)), (3, 1), groups=2)
    assert map_sentence(state(REAL, network), (0, 3)) == (
        "Conv 2, map 3: ReLU of the sum over 3 of maps 4 to 7 of Conv 1 (5 is muted), each "
        "convolved with its kernel [:, :, i − 4, 3]."
    )
    assert map_sentence(state(SHARED, network), (0, 1)) == (
        "Conv 2, map 1: ReLU of the sum over maps 0 to 3 of Conv 1, each convolved with the "
        "shared kernel [:, :, 0, 1]."
    )
    single = muting(without_bias((4, 4)), groups=4)
    assert map_sentence(state(REAL, single), (0, 3)) == (
        "Conv 2, map 3: ReLU of map 3 of Conv 1 convolved with kernel [:, :, 0, 3]."
    )


# The sentence equals the computation.


@st.composite
def documents(draw: st.DrawFn) -> State:
    """Networks with groups, mutes, biases of three decimals or none, all smooth activations."""
    numbers = np.random.default_rng(draw(st.integers(0, 2**32)))
    layers: list[Conv2d] = []
    channels = 1
    for number in range(draw(st.integers(1, 3))):
        groups = draw(st.sampled_from([g for g in (1, 2, 3, 4) if channels % g == 0]))
        out = groups * draw(st.integers(1, 12 // groups))
        depth = channels // groups
        muted = numbers.random((out, depth)) < draw(st.sampled_from([0, 0.3, 0.8, 1]))
        bias = numbers.normal(0, 0.2, out).round(3).astype(np.float32)
        layers.append(
            Conv2d(
                number,
                numbers.normal(0, 0.4, (out, depth, 3, 2)).astype(np.float32),
                bias if draw(st.booleans()) else None,
                padding="valid",
                groups=groups,
                activation=draw(st.sampled_from(oracle.SMOOTH)),
                muted=muted,
            )
        )
        channels = out
    drawing = numbers.random((28, 28)).astype(np.float32)
    return State(drawing, Network(tuple(layers)), draw(st.sampled_from(ChannelScheme)))


def listed(text: str) -> set[int]:
    return set(map(int, re.findall(r"\d+", text)))


def computed(
    sentence: str, inputs: dict[str, NDArray[np.float32]], kernel: NDArray[np.float32]
) -> NDArray[np.float64]:
    """A map from its sentence alone.

    `inputs` are the drawing and the maps of the layer before by name; `kernel` is in the layout
    [kh, kw, in, out].
    """
    known = {item.label: key for key, item in ACTIVATIONS.items() if key != "none"}
    names = "|".join(map(re.escape, known))
    found = re.fullmatch(rf"Conv \d, map [\d.]+: (?:({names}) of )?(.*)\.", sentence)
    assert found, sentence
    activation, body = found.groups()
    body, _, why = body.partition(": ")
    body, *rest = re.split(r"(?:, plus |^)bias ", body)
    bias = float(rest[0].removesuffix(" alone").replace("−", "-")) if rest else 0.0
    if why:
        assert re.fullmatch(
            r"(its one contribution|every one of its \d+ contributions) is muted", why
        )
        assert body == ("" if rest else "0")
        terms = []
    elif one := re.fullmatch(
        r"(the drawing|the one map|map [\d.]+)(?: of Conv \d)? convolved with "
        r"(?:the flat )?kernel \[:, :, 0, (\d+)\]",
        body,
    ):
        name = "map 0" if one[1] == "the one map" else one[1]
        terms = [(inputs[name], kernel[:, :, 0, int(one[2])])]
    else:
        many = re.fullmatch(
            r"the sum over (?:(\d+) of )?(?:the (\d+) maps|maps (\d+) to (\d+)) of Conv \d"
            r"(?: \((all but )?([\d, and]+) (?:is|are) muted\))?, each convolved with "
            r"(?:its kernel \[:, :, i(?: − (\d+))?, |the shared kernel \[:, :, (0), )(\d+)\]",
            body,
        )
        assert many, sentence
        heard, count, first, last, but, numbers, less, flat, filter_ = many.groups()
        summed = set(range(int(count)) if count else range(int(first), int(last) + 1))
        if numbers:
            summed = listed(numbers) if but else summed - listed(numbers)
            assert len(summed) == int(heard)
        terms = [
            (inputs[f"map {i}"], kernel[:, :, 0 if flat else i - int(less or 0), int(filter_)])
            for i in summed
        ]
    size = next(iter(inputs.values())).shape
    total = np.full((size[0] - kernel.shape[0] + 1, size[1] - kernel.shape[1] + 1), bias)
    for values, weights in terms:
        total += correlate2d(values.astype(float), weights.astype(float), mode="valid")
    return oracle.ACTIVATION[known[activation]](total) if activation else total


@settings(max_examples=25)
@given(documents(), st.data())
def test_the_sentence_equals_the_computation(document: State, data: st.DataObject) -> None:
    layers = document.network.layers
    depth = data.draw(st.integers(1, len(layers)))
    address = tuple(data.draw(st.integers(0, layers[k].out_channels - 1)) for k in range(depth))
    naive = document.scheme is NAIVE
    in_view = tuple((address[: k + 1],) if naive and k < depth else () for k in range(len(layers)))
    shown = forward(Request(document, in_view, "matmul"))
    inputs = {"the drawing": document.drawing}
    if depth > 1 and naive:
        parent = shown.find(address[:-1])
        assert parent is not None
        inputs = {f"map {'.'.join(map(str, address[:-1]))}": parent}
    elif depth > 1:
        inputs = {f"map {i}": values for i, values in enumerate(shown.maps[depth - 2])}
    weight = layers[depth - 1].weight
    if document.scheme is not REAL:
        total = weight.sum(axis=1, keepdims=True)
        weight = total if naive else total / weight.shape[1]
    found = computed(map_sentence(document, address), inputs, weight.transpose(2, 3, 1, 0))
    np.testing.assert_allclose(found, shown.find(address), rtol=1e-4, atol=1e-4)


# Numbers.


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


# Layers of every kind


def some(*values: float) -> NDArray[np.float32]:
    return np.array(values, np.float32)


FIRST, SECOND = without_bias((3, 4)).layers
HEADED = Network(
    (
        FIRST,
        BatchNorm2d(
            20, 3, some(0, 0.5, 1), some(1, 4, 1), some(1, 3, 1), some(0, 0.25, 0), 1e-9, "relu"
        ),
        MaxPool2d(21, 3, (2, 3), (2, 2)),
        SECOND,
        AvgPool2d(22, 4),
        GlobalAvgPool2d(23, 4),
        Flatten(24, 4, (1, 1)),
        Linear(25, np.ones((2, 4, 1, 1), np.float32), some(0.5, -0.25), activation="none"),
        Softmax(26, 2),
    )
)


@pytest.mark.parametrize(
    ("scheme", "address", "sentence"),
    [
        (
            REAL, (1, 1),
            "BatchNorm 1, map 1: ReLU of map 1 of Conv 1, minus its mean 0.500 and divided by its "
            "deviation 2.000, times 3.000, plus 0.250: in all times 1.500, plus −0.500.",
        ),
        (
            SHARED, (1, 1, 1),
            "MaxPool 1, map 1: the largest value of each 2×3 window of map 1 of BatchNorm 1.",
        ),
        (
            NAIVE, (1, 1, 1),
            "MaxPool 1, map 1: the largest value of each 2×3 window of map 1 of BatchNorm 1.",
        ),
        (
            REAL, (1, 1, 1, 2),
            "Conv 2, map 2: ReLU of the sum over the 3 maps of MaxPool 1, each convolved with its "
            "kernel [:, :, i, 2].",
        ),
        (
            NAIVE, (1, 1, 1, 2),
            "Conv 2, map 1.2: ReLU of map 1 of MaxPool 1 convolved with the flat kernel "
            "[:, :, 0, 2].",
        ),
        (
            NAIVE, (1, 1, 1, 2, 2),
            "AvgPool 1, map 1.2: the mean of each 2×2 window of map 1.2 of Conv 2.",
        ),
        (
            NAIVE, (1, 1, 1, 2, 2, 2),
            "GlobalAvgPool 1, map 1.2: the mean of all 42 pixels of map 1.2 of AvgPool 1.",
        ),
        (
            REAL, (1, 1, 1, 2, 2, 2),
            "GlobalAvgPool 1, map 2: the mean of all 42 pixels of map 2 of AvgPool 1.",
        ),
        (
            REAL, (1, 1, 1, 2, 2, 2, 2),
            "Flatten 1, map 2: the pixel at row 0, column 0 of map 2 of GlobalAvgPool 1.",
        ),
        (
            REAL, (1, 1, 1, 2, 2, 2, 2, 1),
            "Linear 1, map 1: the sum over the 4 maps of Flatten 1, each times its weight [i, 1], "
            "plus bias −0.250.",
        ),
        (
            SHARED, (1, 1, 1, 2, 2, 2, 2, 0),
            "Linear 1, map 0: the sum over the 4 maps of Flatten 1, each times the shared weight "
            "[0, 0], plus bias 0.500.",
        ),
        (
            SHARED, (1, 1, 1, 2, 2, 2, 2, 1, 1),
            "Softmax 1, map 1: e to the power of map 1 of Linear 1, divided by the sum of that of "
            "all 2 maps.",
        ),
    ],
)  # fmt: skip
def test_the_sentence_of_each_kind(
    scheme: ChannelScheme, address: tuple[int, ...], sentence: str
) -> None:
    assert map_sentence(state(scheme, HEADED), address) == sentence


def test_a_dense_layer_of_one_value_names_its_one_weight() -> None:
    dense = Linear(1, np.ones((2, 1, 1, 1), np.float32), None, activation="none")
    network = Network((MaxPool2d(0, 1), GlobalAvgPool2d(2, 1), dense))
    said = "Linear 1, map 1: the one map of GlobalAvgPool 1 times weight [0, 1]."
    assert map_sentence(state(REAL, network), (0, 0, 1)) == said


def test_a_first_layer_without_kernels_speaks_of_the_drawing() -> None:
    for scheme in ChannelScheme:
        first = state(scheme, Network((MaxPool2d(0, 1), FIRST)))
        said = "MaxPool 1, map 0: the largest value of each 2×2 window of the drawing."
        assert map_sentence(first, (0,)) == said
        assert map_title(first, (0,)) == "MaxPool 1 · map 0"
        assert map_title(first, (0, 2)) == "Conv 1 · map 2"


@settings(max_examples=40)
@given(oracle.mixed(), st.sampled_from(ChannelScheme), st.data())
def test_titles_number_filters_alone_and_sentences_are_sentences(
    network: Network, scheme: ChannelScheme, data: st.DataObject
) -> None:
    path = followed(network, data.draw(st.tuples(*[st.integers(0, 5)] * 6)))
    for depth in range(1, len(path) + 1):
        address, own = path[:depth], state(scheme, network)
        title = map_title(own, address)
        if scheme is NAIVE and depth > network.head:
            assert title == f"{network.names[depth - 1]} · no maps in this scheme"
            assert map_sentence(own, address).startswith(f"{network.names[depth - 1]} has no maps")
            continue
        number = title.rpartition(" ")[2]
        filters = sum(isinstance(layer, Conv2d) for layer in network.layers[:depth])
        parts = number.split(".")
        assert len(parts) == (max(1, filters) if scheme is NAIVE else 1)
        assert title.startswith(f"{network.names[depth - 1]} · map ")
        sentence = map_sentence(own, address)
        assert sentence.startswith(f"{network.names[depth - 1]}, map {number}: ")
        assert sentence.endswith(".")
