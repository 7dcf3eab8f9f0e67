"""Every kind of layer is put after every other, or a sentence says why it cannot be."""

import tracemalloc
from dataclasses import replace
from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cnn_explorer.core import edit
from cnn_explorer.core.building import CLASSES, KINDS, add_layer, new_network, with_statistics
from cnn_explorer.core.kernel_layers import Conv2d, Linear
from cnn_explorer.core.layers import AvgPool2d, BatchNorm2d, Flatten, Kind, MaxPool2d
from cnn_explorer.core.network import MAX_LAYERS, Network, Trained
from cnn_explorer.core.state import State

from . import oracle
from .oracle import NAIVE, REAL

DRAWING = np.random.default_rng(3).random((28, 28), np.float32)


def state_of(network: Network, scheme=REAL) -> State:
    return State(DRAWING, network, scheme)


def built(*kinds: Kind, filters: tuple[int, ...] = (3,)) -> Network:
    """Layers added one after the other."""
    network = new_network(filters)
    for kind in kinds:
        network = add_layer(state_of(network), kind)
    return network


def said(change) -> str:
    """Why a change cannot be made, or nothing where it can."""
    try:
        change()
    except ValueError as error:
        return str(error)
    return ""


def test_the_kinds_are_those_that_there_are():
    single = ("GlobalAvgPool2d", "Linear")
    for kind in KINDS:
        network = built(*(single if kind == "Linear" else (kind,)))
        assert type(network.layers[-1]).__name__ == kind
        assert network.names[-1] == f"{kind.removesuffix('2d')} {2 if kind == 'Conv2d' else 1}"


REFUSED = {
    ("Flatten", "Conv2d"): "Conv 2 takes at most 256 maps, not 2,352; after a Flatten it is "
    "Linear layers that go on.",
    **dict.fromkeys(
        [("Flatten", "MaxPool2d"), ("GlobalAvgPool2d", "MaxPool2d")],
        "MaxPool 1: a 2×2 kernel does not fit its 1×1 input padded to 1×1: it needs a smaller "
        "kernel or more padding.",
    ),
    **dict.fromkeys(
        [("Flatten", "AvgPool2d"), ("GlobalAvgPool2d", "AvgPool2d")],
        "AvgPool 1: a 2×2 kernel does not fit its 1×1 input padded to 1×1: it needs a smaller "
        "kernel or more padding.",
    ),
    **{
        (kind, "Linear"): f"Linear 1: it takes single values, but gets maps of {size}×{size}: put "
        "a Flatten or a GlobalAvgPool before it."
        for kind, size in {
            "Conv2d": 28, "MaxPool2d": 14, "AvgPool2d": 14, "BatchNorm2d": 28, "Softmax": 28
        }.items()
    },
}  # fmt: skip


@pytest.mark.parametrize(("first", "second"), [*product(KINDS, KINDS)])
def test_each_kind_after_each_kind(first, second):
    one = built("GlobalAvgPool2d", "Linear") if first == "Linear" else built(first)
    before = one.layers
    if (first, second) in REFUSED or (first, second.replace("Max", "Avg")) == (
        "Linear",
        "AvgPool2d",
    ):
        sentence = REFUSED.get((first, second), f"{second[:7]} 1: a 2×2 kernel does not fit")
        reason = said(lambda: add_layer(state_of(one), second))
        assert reason.startswith(sentence)
        assert reason.endswith(".")
        return
    network = add_layer(state_of(one), second)
    assert network.layers[:-1] == before
    new = network.layers[-1]
    assert new.number == 1 + max(layer.number for layer in before)
    assert new.in_channels == before[-1].out_channels
    expected = oracle.summed(state_of(network))[1]
    assert expected[-1].shape == (new.out_channels, *network.sizes[-1])
    if second == "Linear":
        assert new.out_channels == CLASSES
        assert (new.activation, new.initialisation) == ("none", "uniform")


@settings(max_examples=30)
@given(st.lists(st.sampled_from([*KINDS]), min_size=1, max_size=7))
def test_no_sequence_of_kinds_gives_anything_but_a_network_or_a_sentence(kinds):
    network = new_network((3, 4))
    for kind in kinds:
        reason = said(lambda now=network, kind=kind: add_layer(state_of(now), kind))
        if reason:
            assert reason.startswith(f"{kind.removesuffix('2d')} ")
            assert reason.endswith(".")
            assert any(letter.isdigit() for letter in reason)
            continue
        longer = add_layer(state_of(network), kind)
        assert longer.layers[:-1] == network.layers
        assert longer.sizes[: len(network.sizes)] == network.sizes
        network = longer


def test_a_network_has_sixteen_layers_at_most():
    network = new_network((1,) * MAX_LAYERS)
    for kind in KINDS:
        with pytest.raises(ValueError, match=r"^A network has at most 16 layers\.$"):
            add_layer(state_of(network), kind)


def test_a_flatten_has_its_limit_and_asks_for_no_memory():
    network = new_network((6,))
    assert said(lambda: add_layer(state_of(network), "Flatten")) == (
        "Flatten makes 4,704 values of 6 maps of 28×28; it may be at most 4,096: pool the maps "
        "first, or take fewer filters."
    )
    network = built("MaxPool2d", "Flatten", "Linear", filters=(20,))
    assert network.layers[-2].out_channels == 20 * 14 * 14 == network.layers[-1].depth
    tracemalloc.start()
    try:
        with pytest.raises(ValueError, match=r"^Flatten makes 50,176 values of 256 maps of 14×14;"):
            edit.with_filters(network, 0, 256)
        with pytest.raises(ValueError, match=r"^Conv 2 takes at most 256 maps, not 3,920; "):
            add_layer(state_of(network_without_last(network)), "Conv2d")
        with pytest.raises(ValueError, match=r"^Linear 1 has one weight for each value"):
            edit.with_kernel_size(network, 3, 11)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 1e6


def network_without_last(network: Network) -> Network:
    return Network(network.layers[:-1], network.seed)


# Statistics


@settings(max_examples=20)
@given(oracle.mixed(most_layers=4), oracle.drawings)
def test_a_normalisation_begins_as_in_the_frameworks_and_measures_when_asked(network, drawing):
    longer = add_layer(State(drawing, network, NAIVE), "BatchNorm2d")
    added = longer.layers[-1]
    assert not added.mean.any()
    assert not added.bias.any()
    assert (added.variance == 1).all()
    assert (added.weight == 1).all()
    added = with_statistics(State(drawing, longer, NAIVE), len(network.layers)).layers[-1]
    maps = oracle.summed(State(drawing, network))[1][-1]
    np.testing.assert_allclose(added.mean, maps.mean(axis=(1, 2)), rtol=1e-3, atol=1e-4)
    np.testing.assert_allclose(added.variance, maps.var(axis=(1, 2)), rtol=1e-3, atol=1e-4)
    assert (added.weight == 1).all()
    assert (added.bias == 0).all()
    assert added.mean.dtype == added.variance.dtype == np.float32


def test_measuring_again_takes_the_drawing_at_hand_and_keeps_the_rest():
    network = built("BatchNorm2d", "Conv2d")
    norm = replace(network.layers[1], weight=np.full(3, 2, np.float32), activation="relu", eps=0.25)
    network = Network((network.layers[0], norm, network.layers[2]), network.seed)
    other = State(DRAWING * np.float32(0.5), network)
    measured = with_statistics(other, 1)
    again = measured.layers[1]
    maps = oracle.summed(other)[1][0]
    np.testing.assert_allclose(again.mean, maps.mean(axis=(1, 2)), rtol=1e-4, atol=1e-5)
    assert not np.array_equal(again.mean, norm.mean)
    assert (again.weight, again.activation, again.eps) == (norm.weight, "relu", 0.25)
    assert measured.layers[0] is network.layers[0]
    assert measured.layers[2] is network.layers[2]
    first = BatchNorm2d(0, 1, *(np.ones(1, np.float32) for _ in range(4)))
    of_drawing = with_statistics(state_of(Network((first,))), 0).layers[0]
    assert of_drawing.mean[0] == pytest.approx(DRAWING.mean(), rel=1e-5)


def test_maps_that_are_not_finite_have_no_statistics():
    huge = Conv2d(0, np.full((1, 1, 3, 3), 3e38, np.float32), None)
    ones = [np.ones(1, np.float32) for _ in range(4)]
    network = Network((huge, BatchNorm2d(1, 1, *ones)))
    with pytest.raises(
        ValueError, match=r"^BatchNorm 1: the maps of Conv 1 hold values that are too"
    ):
        with_statistics(state_of(network), 1)


# What follows when the layers before change


def test_layers_follow_when_those_before_them_change():
    network = built("BatchNorm2d", "MaxPool2d", "Flatten", "Linear", "Softmax")
    norm, linear = network.layers[1], network.layers[4]
    wider = edit.with_filters(network, 0, 5)
    assert [layer.out_channels for layer in wider.layers] == [5, 5, 5, 980, 10, 10]
    grown = wider.layers[1]
    for name, usual in (("mean", 0), ("variance", 1), ("weight", 1), ("bias", 0)):
        assert getattr(grown, name)[:3].tolist() == getattr(norm, name).tolist()
        assert getattr(grown, name)[3:].tolist() == [usual] * 2
    assert (wider.layers[4].weight[:, :588] == linear.weight).all()
    back = edit.with_filters(wider, 0, 3)
    assert (back.layers[4].weight == linear.weight).all()
    assert back.layers[1].mean.tolist() == norm.mean.tolist()
    # A Flatten follows the size of the maps as well as their number.
    smaller = edit.with_option(network, 2, "stride", (4, 4))
    assert smaller.layers[3].size == (7, 7)
    assert smaller.layers[4].in_channels == 3 * 49
    assert smaller.layers[0] is network.layers[0]
    removed = edit.remove_layer(network, 2)
    assert removed.layers[2].size == (28, 28)
    assert removed.layers[3].in_channels == 3 * 784
    moved = edit.move_layer(network, 2, 0)
    assert moved.names[:3] == ("MaxPool 1", "Conv 1", "BatchNorm 1")
    assert moved.layers[0].channels == 1
    assert moved.layers[3].size == (14, 14)


def test_a_window_that_no_longer_fits_is_said_whatever_comes_after_it():
    """The layers after it still have their old numbers of maps: that is not what is wrong."""
    network = new_network((4, 3))
    network = edit.with_padding(network, 1, 10)
    network = add_layer(state_of(network), "AvgPool2d")
    network = edit.with_option(network, 2, "kernel_size", (11, 11))
    network = edit.with_option(network, 2, "dilation", (3, 3))
    network = add_layer(state_of(network), "Conv2d")
    with pytest.raises(ValueError, match=r"^AvgPool 1: a 11×11 kernel dilated to 31×31 does not"):
        edit.remove_layer(network, 1)


def test_a_linear_layer_refuses_what_only_windows_have():
    network = built("GlobalAvgPool2d", "Linear")
    for change in (
        lambda: edit.with_kernel_size(network, 2, 3),
        lambda: edit.with_stride(network, 2, 2),
        lambda: edit.with_dilation(network, 2, 2),
        lambda: edit.with_padding(network, 2, 1),
        lambda: edit.with_padding(network, 2, "valid"),
        lambda: edit.with_groups(network, 2, 3),
    ):
        with pytest.raises(ValueError, match=r"^Linear 1.*\.$"):
            change()
    assert isinstance(edit.with_filters(network, 2, 7).layers[2], Linear)
    assert edit.with_filters(network, 2, 7).layers[2].out_channels == 7
    assert edit.with_bias(network, 2, False).layers[2].bias is None


@pytest.mark.parametrize(
    "change",
    [
        lambda network: edit.with_filters(network, 1, 3),
        lambda network: edit.with_stride(network, 2, 2),
        lambda network: edit.with_padding(network, 2, "same"),
        lambda network: edit.with_activation(network, 1, "relu"),
        lambda network: edit.with_option(network, 1, "count_include_pad", False),
        lambda network: edit.with_bias(network, 2, True),
    ],
)
def test_what_a_layer_does_not_have_cannot_be_changed(change):
    network = built("MaxPool2d", "GlobalAvgPool2d")
    with pytest.raises(ValueError, match=r"^(MaxPool|GlobalAvgPool) 1 has no "):
        change(network)


@pytest.mark.parametrize(
    ("name", "value"),
    [("kernel_size", (3, 3)), ("stride", (3, 3)), ("ceil_mode", True), ("dilation", (2, 2))],
)
def test_an_option_of_pooling_changes_alone(name, value):
    network = built("MaxPool2d", "Conv2d")
    changed = edit.with_option(network, 1, name, value)
    assert getattr(changed.layers[1], name) == value
    assert replace(changed.layers[1], **{name: getattr(network.layers[1], name)}).output_size(
        (28, 28)
    ) == (14, 14)
    assert changed.layers[0] is network.layers[0]
    assert changed.layers[2] is network.layers[2]
    assert edit.with_option(changed, 1, name, value) is changed
    other = next(one for one in ("padding", "number") if one != name)
    assert getattr(changed.layers[1], other) == getattr(network.layers[1], other)


def test_pooling_that_sees_nothing_but_padding_is_said():
    network = built("AvgPool2d")
    with pytest.raises(ValueError, match=r"^AvgPool 1: row 0 .* see padding alone"):
        edit.with_padding(network, 1, 3)
    for name, number in (("dilation", 5), ("stride", 5)):
        with pytest.raises(ValueError, match=rf"^AvgPool 1: {name} must be 1 to 4, not 5\.$"):
            getattr(edit, f"with_{name}")(network, 1, number)


def test_another_activation_has_its_usual_parameters():
    network = edit.with_activation(built("BatchNorm2d"), 1, "leaky_relu")
    network = edit.with_option(network, 1, "activation_parameters", (0.3,))
    assert edit.with_activation(network, 1, "leaky_relu") is network
    changed = edit.with_activation(network, 1, "elu")
    assert (changed.layers[1].activation, changed.layers[1].activation_parameters) == ("elu", ())
    with pytest.raises(ValueError, match=r"^BatchNorm 1: "):
        edit.with_option(network, 1, "activation_parameters", (0.3, 0.4))


def test_every_kind_of_layer_can_go_and_move():
    network = built("MaxPool2d", "BatchNorm2d", "AvgPool2d", "Flatten", "Linear", "Softmax")
    for index in range(len(network.layers)):
        reason = said(lambda index=index: edit.remove_layer(network, index))
        start = "Linear 1: it takes single values, but gets maps of 7×7:"
        assert reason.startswith(start if network.names[index] == "Flatten 1" else "")
        assert bool(reason) == (network.names[index] == "Flatten 1")
        if reason:
            continue
        shorter = edit.remove_layer(network, index)
        assert [layer.number for layer in shorter.layers] == [
            layer.number for layer in network.layers if layer is not network.layers[index]
        ]
        oracle.summed(state_of(shorter))
    assert isinstance(network.layers[1], MaxPool2d)
    assert isinstance(network.layers[3], AvgPool2d)
    assert isinstance(network.layers[4], Flatten)


# Before a trained head.


def test_what_makes_maps_comes_before_a_head_that_was_trained():
    def added(network: Network, kind: Kind) -> Network:
        return add_layer(State(np.zeros((28, 28), np.float32), network), kind)

    network = new_network((3, 4))
    for kind in ("MaxPool2d", "Flatten", "Linear"):
        network = added(network, kind)
    assert network.tail == 5
    network = replace(network, trained=Trained("one", network.layers))
    assert network.tail == 2
    for kind in ("Conv2d", "BatchNorm2d", "AvgPool2d"):
        network = added(network, kind)
    assert network.names == (
        "Conv 1", "Conv 2", "Conv 3", "AvgPool 1", "BatchNorm 1", "MaxPool 1", "Flatten 1",
        "Linear 1",
    )  # fmt: skip
    assert network.layers[2].in_channels == 4
    assert added(network, "Softmax").names[-1] == "Softmax 1"
    for _ in range(3):
        network = edit.remove_layer(network, 0)
    assert network.tail == 0
