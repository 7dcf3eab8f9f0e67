"""Many drawings at once: the same numbers as one at a time, and what follows from them."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cnn_explorer.core import evaluation, mutes
from cnn_explorer.core.activations import Array
from cnn_explorer.core.building import add_layer, new_network
from cnn_explorer.core.centring import centred
from cnn_explorer.core.confusion import confusion, right, share, table
from cnn_explorer.core.drawing import blank, draw
from cnn_explorer.core.evaluation import Readings, as_drawings
from cnn_explorer.core.forward import Cancelled, Request, forward
from cnn_explorer.core.geometry import PADDING_MODES
from cnn_explorer.core.kernel_layers import Conv2d
from cnn_explorer.core.layers import BatchNorm2d, Kind
from cnn_explorer.core.network import Network, Trained
from cnn_explorer.core.schemes import ChannelScheme
from cnn_explorer.core.state import State

GENERATOR = np.random.default_rng(0)
IMAGES = GENERATOR.integers(0, 256, (7, 28, 28), np.uint8)


def read_digits(
    network: Network, images: Any, scheme: ChannelScheme = ChannelScheme.REAL, **options: Any
) -> Readings:
    state = State(blank(), network, scheme, centred=options.pop("centred", False))
    return evaluation.read_digits(state, images, **options)


def grown(network: Network, *kinds: Kind) -> Network:
    for kind in kinds:
        network = add_layer(State(as_drawings(IMAGES[0]), network), kind)
    return network


def reader(filters: tuple[int, ...] = (3, 4)) -> Network:
    network = new_network(filters, initialisation="he", seed=3)
    return grown(network, "MaxPool2d", "Flatten", "Linear")


def one_at_a_time(
    network: Network, images: Array, scheme: ChannelScheme = ChannelScheme.REAL
) -> Array:
    """The ten values of each drawing by the window's passes, shape (n, 10)."""
    requests = [Request(State(image, network, scheme)) for image in images]
    return np.stack([forward(request).maps[-1].ravel() for request in requests])


def assert_same(network: Network, scheme: ChannelScheme = ChannelScheme.REAL) -> None:
    """Readings are those of the window's passes, but for the rounding of float32."""
    values = one_at_a_time(network, as_drawings(IMAGES), scheme).astype(np.float64)
    shares = np.exp(values - values.max(axis=1, keepdims=True))
    shares /= shares.sum(axis=1, keepdims=True)
    readings = read_digits(network, IMAGES, scheme=scheme)
    np.testing.assert_allclose(readings.confidences, shares.max(axis=1), rtol=1e-3, atol=1e-5)
    best, second = np.sort(values, axis=1)[:, :-3:-1].T
    clear = best - second > 1e-3 * np.abs(values).max(axis=1)
    np.testing.assert_array_equal(readings.classes[clear], values.argmax(axis=1)[clear])


@st.composite
def readers(draw: st.DrawFn) -> Network:
    """Convolutions of any geometry, layers between them, and a head."""
    layers: list[Conv2d] = []
    for number in range(draw(st.integers(1, 3))):
        depth = layers[-1].out_channels if layers else 1
        groups = draw(st.sampled_from([1, depth]))
        shape = (2 * groups, depth // groups, draw(st.integers(1, 4)), draw(st.integers(1, 4)))
        padding = draw(st.sampled_from(["same", "same_lower", "valid", 1]))
        layers.append(
            Conv2d(
                number,
                GENERATOR.standard_normal(shape, np.float32),
                draw(st.sampled_from([None, GENERATOR.standard_normal(shape[0], np.float32)])),
                stride=(draw(st.integers(1, 3)), draw(st.integers(1, 2))),
                padding=padding,
                padding_mode=draw(st.sampled_from(sorted(PADDING_MODES)))
                if padding == 1
                else "zeros",
                dilation=(draw(st.integers(1, 2)), 1),
                groups=groups,
                activation=draw(st.sampled_from(["relu", "sigmoid", "none"])),
            )
        )
    kinds: list[Kind] = draw(
        st.sampled_from(
            [
                ["Flatten", "Linear"],
                ["AvgPool2d", "Flatten", "Linear"],
                ["BatchNorm2d", "GlobalAvgPool2d", "Linear", "Softmax"],
                ["Flatten", "Linear", "Linear"],
            ]
        )
    )
    return grown(Network(tuple(layers)), *kinds)


@settings(max_examples=40)
@given(readers())
def test_many_at_once_are_as_one_at_a_time(network: Network) -> None:
    # Softmax at the end is what the readings are made by.
    if network.names[-1].startswith("Softmax"):
        values = one_at_a_time(network, as_drawings(IMAGES))
        readings = read_digits(network, IMAGES)
        np.testing.assert_allclose(readings.confidences, values.max(axis=1), rtol=1e-3, atol=1e-5)
    else:
        assert_same(network)


def test_mutes_and_the_shared_scheme_count() -> None:
    network = reader()
    muted = np.zeros((4, 3), bool)
    muted[:, 1] = True
    quieter = mutes.with_muted(network, 1, muted)
    assert_same(quieter)
    assert_same(quieter, ChannelScheme.SHARED)
    plain, without = read_digits(network, IMAGES), read_digits(quieter, IMAGES)
    assert not np.array_equal(plain.confidences, without.confidences)


def test_a_batch_of_any_size_gives_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    network = reader()
    whole = read_digits(network, IMAGES)
    monkeypatch.setattr(evaluation, "BATCH", 3)
    parts = read_digits(network, IMAGES)
    np.testing.assert_array_equal(parts.classes, whole.classes)
    np.testing.assert_allclose(parts.confidences, whole.confidences, rtol=1e-5)


def test_bytes_are_the_drawings_that_they_stand_for() -> None:
    network = reader()
    one, other = (read_digits(network, each) for each in (IMAGES, as_drawings(IMAGES)))
    np.testing.assert_array_equal(one.confidences, other.confidences)
    assert as_drawings(np.array([0, 51, 255], np.uint8)).tolist() == [0, np.float32(0.2), 1]


def test_a_temperature_softens_and_changes_no_digit() -> None:
    network = reader()
    softer = replace(network, trained=Trained("soft", network.layers, temperature=4.0))
    cold, warm = read_digits(network, IMAGES), read_digits(softer, IMAGES)
    np.testing.assert_array_equal(warm.classes, cold.classes)
    values = one_at_a_time(network, as_drawings(IMAGES)).astype(np.float64) / 4
    shares = np.exp(values) / np.exp(values).sum(axis=1, keepdims=True)
    np.testing.assert_allclose(warm.confidences, shares.max(axis=1), rtol=1e-4)


def test_drawings_are_centred_first_where_the_state_says_so() -> None:
    network = reader()
    strokes = [draw([[(4, 4), (9, 12)], [(3, 8 + column), (14, 5)]], size=2) for column in range(3)]
    images = np.stack(strokes)
    once = read_digits(network, np.stack([centred(image) for image in images]))
    given = read_digits(network, images, centred=True)
    np.testing.assert_array_equal(given.confidences, once.confidences)
    passes = [forward(Request(State(image, network, centred=True))) for image in images]
    assert given.classes.tolist() == [int(one.maps[-1].argmax()) for one in passes]


def test_readings_know_whose_they_are() -> None:
    state = State(blank(), reader())
    readings = evaluation.read_digits(state, IMAGES)
    assert readings.are_of(replace(state, drawing=as_drawings(IMAGES[0])))
    assert not readings.are_of(replace(state, network=reader()))
    assert not readings.are_of(replace(state, scheme=ChannelScheme.SHARED))
    assert not readings.are_of(replace(state, centred=True))


def test_it_tells_how_far_it_is_and_can_be_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(evaluation, "BATCH", 3)
    told: list[tuple[int, int]] = []
    read_digits(reader(), IMAGES, progress=lambda done, total: told.append((done, total)))
    assert told == [(3, 7), (6, 7), (7, 7)]

    def stop() -> None:
        raise Cancelled

    with pytest.raises(Cancelled):
        read_digits(reader(), IMAGES, checkpoint=stop)


@pytest.mark.parametrize(
    ("kinds", "words"),
    [
        ((), "ends in maps of 28×28, not in ten values"),
        (("GlobalAvgPool2d",), "ends in 4 values, not in ten"),
        (("Flatten",), "ends in 3136 values, not in ten"),
    ],
)
def test_a_network_that_reads_no_digits_says_so(kinds: tuple[Kind, ...], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        read_digits(grown(new_network((3, 4)), *kinds), IMAGES)


def test_naive_has_no_head_to_read_with() -> None:
    with pytest.raises(ValueError, match="sums nothing"):
        read_digits(reader(), IMAGES, ChannelScheme.NAIVE)


def test_a_normalisation_tells_its_maps_apart() -> None:
    network = grown(new_network((4,)), "BatchNorm2d", "GlobalAvgPool2d", "Linear")
    assert any(isinstance(layer, BatchNorm2d) for layer in network.layers)
    assert_same(network)


# The table.


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), min_size=1, max_size=60))
def test_the_table_counts_each_pair(pairs: list[tuple[int, int]]) -> None:
    truth, read = (np.array(each, np.int8) for each in zip(*pairs, strict=True))
    counts = confusion(read, truth)
    for row in range(10):
        for column in range(10):
            assert counts[row, column] == pairs.count((row, column))
    assert right(counts) == sum(one == other for one, other in pairs)


@pytest.mark.parametrize(
    ("part", "whole", "words"),
    [(9_999, 10_000, "99.99 %"), (199_999, 200_000, "99.99 %"), (5, 5, "100.00 %"),
     (2, 3, "66.66 %"), (0, 7, "0.00 %"), (0, 0, "–")],
)  # fmt: skip
def test_all_is_said_only_of_all(part: int, whole: int, words: str) -> None:
    assert share(part, whole) == words


def test_the_table_as_text_lines_up() -> None:
    counts = np.diag(np.arange(10) * 100)
    counts[3, 8] = 12_345
    lines = table(counts).splitlines()
    assert len({len(line) for line in lines[1:]}) == 1
    assert lines[1].split() == ["true", *map(str, range(10)), "right"]
    assert lines[2].split() == ["0", *"." * 10, "-"]
    assert "12,345" in lines[5]
    assert lines[5].endswith("2.37 %")
    assert table(counts).isascii()
