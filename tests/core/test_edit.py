from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cnn_explorer.core import edit
from cnn_explorer.core.building import add_layer, new_network
from cnn_explorer.core.kernel_layers import Conv2d
from cnn_explorer.core.kernels import INITIALISATIONS
from cnn_explorer.core.layers import Kind
from cnn_explorer.core.mutes import with_muted
from cnn_explorer.core.network import Network
from cnn_explorer.core.state import State


def added(network: Network, kind: Kind = "Conv2d") -> Network:
    return add_layer(State(np.zeros((28, 28), np.float32), network), kind)


def same(one: Network, other: Network) -> bool:
    """Whether two networks compute the same to the last bit."""
    if len(one.layers) != len(other.layers) or one.seed != other.seed:
        return False
    for a, b in zip(one.layers, other.layers, strict=True):
        settings = ("number", "stride", "padding", "dilation", "groups", "activation", "fan")
        if any(getattr(a, name) != getattr(b, name) for name in settings):
            return False
        if a.weight.shape != b.weight.shape or (a.weight != b.weight).any():
            return False
        if (a.bias is None) != (b.bias is None):
            return False
        if a.bias is not None and (a.bias != b.bias).any():
            return False
        if not np.array_equal(a.muted, b.muted):
            return False
    return True


def snapshot(network: Network) -> tuple:
    """The layers of a network with copies of all their values."""
    return tuple(
        (layer, layer.weight.copy(), None if layer.bias is None else layer.bias.copy())
        for layer in network.layers
    )


def assert_as_it_was(network: Network, before: tuple) -> None:
    assert len(network.layers) == len(before)
    for layer, (old, weight, bias) in zip(network.layers, before, strict=True):
        assert layer is old
        np.testing.assert_array_equal(layer.weight, weight)
        if bias is not None:
            np.testing.assert_array_equal(layer.bias, bias)


# New networks


def test_the_network_that_the_window_opens_on():
    network = new_network()
    assert [layer.weight.shape for layer in network.layers] == [(3, 1, 3, 3), (4, 3, 3, 3)]
    assert network.sizes == ((28, 28),) * 3
    for layer in network.layers:
        assert layer.initialisation == "bank"
        assert layer.activation == "relu"
        assert layer.padding == "same"
        assert layer.bias is not None
        assert layer.fan == (layer.in_channels, layer.out_channels)
    assert len({layer.number for layer in network.layers}) == 2


def test_kernel_sizes_are_one_for_all_or_one_each():
    sizes = [layer.kernel_size for layer in new_network((2, 3, 4), (5,)).layers]
    assert sizes == [(5, 5)] * 3
    sizes = [layer.kernel_size for layer in new_network((2, 3), (5, 3)).layers]
    assert sizes == [(5, 5), (3, 3)]


@pytest.mark.parametrize("name", INITIALISATIONS)
def test_every_initialisation_makes_a_network_that_repeats(name):
    one, other = (new_network((4, 5), initialisation=name, seed=7) for _ in range(2))
    assert same(one, other)
    assert all(np.isfinite(layer.weight).all() for layer in one.layers)


@pytest.mark.parametrize(
    ("arguments", "options", "sentence"),
    [
        (((),), {}, r"^A network has 1 to 16 layers, not 0\.$"),
        (((1,) * 17,), {}, r"^A network has 1 to 16 layers, not 17\.$"),
        (((3, 0),), {}, r"^Conv 2: filters must be 1 to 256, not 0\.$"),
        (((257,),), {}, r"^Conv 1: filters must be 1 to 256, not 257\.$"),
        (((3, 4), (3, 12)), {}, r"^Conv 2: kernel size must be 1 to 11, not 12\.$"),
        (((3,), (0,)), {}, r"^Conv 1: kernel size must be 1 to 11, not 0\.$"),
        (((3, 4, 5), (3, 5)), {}, r"^There are 2 kernel sizes for 3 layers; .*\.$"),
        (((3, 4), ()), {}, r"^There are 0 kernel sizes for 2 layers; .*\.$"),
        ((), {"seed": -1}, r"^A seed is a number from 0 to 4294967295, not -1\.$"),
        ((), {"seed": 2**32}, r"^A seed is .*, not 4294967296\.$"),
        ((), {"initialisation": "x"}, r"^There are no weights “x”; choose from bank, he, .*\.$"),
    ],
)
def test_a_network_that_cannot_be_is_refused(arguments, options, sentence):
    with pytest.raises(ValueError, match=sentence):
        new_network(*arguments, **options)


# What cannot work


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (lambda n: edit.with_filters(n, 1, 0), r"^Conv 2: filters must be 1 to 256, not 0\.$"),
        (lambda n: edit.with_filters(n, 0, 257), r"^Conv 1: filters must be 1 to 256, not 257\.$"),
        (lambda n: edit.with_kernel_size(n, 1, 12), r"^Conv 2: kernel size .* 1 to 11, not 12\.$"),
        (lambda n: edit.with_kernel_size(n, 1, 0), r"^Conv 2: kernel size .* 1 to 11, not 0\.$"),
        (lambda n: edit.with_stride(n, 1, 5), r"^Conv 2: stride must be 1 to 4, not 5\.$"),
        (lambda n: edit.with_stride(n, 0, 0), r"^Conv 1: stride must be 1 to 4, not 0\.$"),
        (lambda n: edit.with_padding(n, 1, 11), r"^Conv 2: padding must be 0 to 10, not 11\.$"),
        (lambda n: edit.with_padding(n, 1, -1), r"^Conv 2: padding must be 0 to 10, not -1\.$"),
        (lambda n: edit.with_padding(n, 1, "full"), r"^Conv 2: .*“full”.*\.$"),
        (lambda n: edit.with_activation(n, 1, "swish"), r"^Conv 2: .*“swish”; choose from .*\.$"),
        (lambda n: edit.with_initialisation(n, 1, "ones"), r"no weights “ones”; choose from .*\.$"),
        (lambda n: edit.with_seed(n, -1), r"^A seed is a number from 0 to .*, not -1\.$"),
        (lambda n: edit.with_bias(n, 2, False), r"^There is no layer 3; .* has 2 layers\.$"),
        (lambda n: edit.with_filters(n, -1, 3), r"^There is no layer 0; .* has 2 layers\.$"),
        (lambda n: edit.remove_layer(n, 5), r"^There is no layer 6; the network has 2 layers\.$"),
        (lambda n: edit.move_layer(n, 0, 2), r"^There is no layer 3; the network has 2 layers\.$"),
        (lambda n: edit.move_layer(n, 2, 0), r"^There is no layer 3; the network has 2 layers\.$"),
    ],
)
def test_an_edit_that_cannot_work_says_why_and_changes_nothing(change, sentence):
    network = new_network((3, 4))
    before = snapshot(network)
    with pytest.raises(ValueError, match=sentence):
        change(network)
    assert_as_it_was(network, before)


def test_a_kernel_that_no_longer_fits_a_later_layer_is_said_with_its_numbers():
    network = edit.with_padding(new_network((2, 2), (3, 7)), 1, "valid")
    before = snapshot(network)
    network_at_stride = edit.with_stride(network, 0, 4)  # 28 to 7: just fits
    with pytest.raises(ValueError, match=r"^Conv 2: .*7×7 kernel.*5×5.*\.$"):
        edit.with_padding(edit.with_kernel_size(network_at_stride, 0, 11), 0, "valid")
    assert_as_it_was(network, before)


def test_layers_have_their_limits():
    network = new_network((2,))
    with pytest.raises(ValueError, match=r"^The only layer cannot be removed; .* at least 1\.$"):
        edit.remove_layer(network, 0)
    for _ in range(15):
        network = added(network)
    with pytest.raises(ValueError, match=r"^A network has at most 16 layers\.$"):
        added(network)


def test_an_added_layer_that_does_not_fit_is_said():
    network = edit.with_padding(new_network((2, 2, 2), (11,)), 0, "valid")
    network = edit.with_padding(edit.with_padding(network, 1, "valid"), 2, "same")
    network = edit.with_padding(edit.with_kernel_size(network, 2, 8), 2, "valid")  # 8 to 1
    with pytest.raises(ValueError, match=r"^Conv 4: .*8×8 kernel.*1×1.*\.$"):
        added(network)


# Settings


@pytest.mark.parametrize(
    ("change", "name", "value"),
    [
        (lambda n: edit.with_stride(n, 1, 3), "stride", (3, 3)),
        (lambda n: edit.with_dilation(n, 1, 2), "dilation", (2, 2)),
        (lambda n: edit.with_option(n, 1, "padding_mode", "reflect"), "padding_mode", "reflect"),
        (lambda n: edit.with_padding(n, 1, "valid"), "padding", "valid"),
        (lambda n: edit.with_padding(n, 1, 10), "padding", 10),
        (lambda n: edit.with_activation(n, 1, "tanh"), "activation", "tanh"),
        (lambda n: edit.with_bias(n, 1, False), "bias", None),
    ],
)
def test_a_setting_changes_alone(change, name, value):
    network = new_network((3, 4, 5))
    changed = change(network)
    assert getattr(changed.layers[1], name) == value
    assert changed.layers[1].weight is network.layers[1].weight
    assert changed.layers[0] is network.layers[0]
    assert changed.layers[2] is network.layers[2]


@pytest.mark.parametrize(
    "change",
    [
        lambda n: edit.with_filters(n, 1, 4),
        lambda n: edit.with_kernel_size(n, 1, 3),
        lambda n: edit.with_stride(n, 1, 1),
        lambda n: edit.with_padding(n, 1, "same"),
        lambda n: edit.with_activation(n, 1, "relu"),
        lambda n: edit.with_bias(n, 1, True),
        lambda n: edit.with_initialisation(n, 1, "bank"),
        lambda n: edit.with_seed(n, 0),
        lambda n: edit.move_layer(n, 1, 1),
    ],
)
def test_an_edit_that_changes_nothing_returns_the_network(change):
    network = new_network((3, 4))
    assert change(network) is network


def test_a_bias_comes_back_as_it_was():
    network = new_network((3, 4))
    again = edit.with_bias(edit.with_bias(network, 1, False), 1, True)
    assert same(network, again)


def test_a_kernel_size_there_and_back_gives_the_same():
    network = new_network((3, 4), initialisation="he")
    larger = edit.with_kernel_size(network, 1, 5)
    assert larger.layers[1].weight.shape == (4, 3, 5, 5)
    assert larger.layers[1].bias is network.layers[1].bias
    assert same(edit.with_kernel_size(larger, 1, 3), network)


def test_another_initialisation_or_seed_draws_anew():
    network = new_network((3, 4))
    he = edit.with_initialisation(network, 1, "he")
    assert he.layers[0] is network.layers[0]
    assert he.layers[1].initialisation == "he"
    assert (he.layers[1].weight != network.layers[1].weight).all()
    assert he.layers[1].bias is network.layers[1].bias
    other = edit.with_seed(he, 1)
    assert other.seed == 1
    assert (other.layers[1].weight != he.layers[1].weight).all()
    assert (other.layers[1].bias != he.layers[1].bias).all()
    assert same(edit.with_seed(other, 0), he)


def test_an_added_layer_is_like_the_last_at_stride_one():
    network = new_network((3, 4), (5,), initialisation="he")
    network = edit.with_bias(edit.with_stride(network, 1, 2), 1, False)
    network = edit.with_activation(edit.with_padding(network, 1, 3), 1, "tanh")
    more = added(network)
    layer, last = more.layers[2], network.layers[1]
    assert more.layers[:2] == network.layers
    assert layer.weight.shape == (4, 4, 5, 5)
    assert (layer.stride, layer.padding, layer.activation) == ((1, 1), 3, "tanh")
    assert layer.initialisation == "he"
    assert layer.bias is None
    assert layer.number not in {other.number for other in network.layers}
    assert (layer.weight[:, :3] != last.weight).all()


def test_a_depthwise_layer_keeps_the_kernels_that_stay_and_stays_depthwise():
    """Two filters for each map: more input maps, and back."""
    first = new_network((4,)).layers[0]
    drawn = new_network((8,), initialisation="he").layers[0]
    grouped = Conv2d(5, drawn.weight, drawn.bias, groups=4, initialisation="he", fan=(1, 8))
    network = Network((first, grouped))
    assert network.layers[1].depth == 1
    more = edit.with_filters(network, 0, 5)
    assert more.layers[1].weight.shape == (10, 1, 3, 3)
    assert more.conv(1).groups == 5
    np.testing.assert_array_equal(more.layers[1].weight[:8], drawn.weight)
    back = edit.with_filters(more, 0, 4)
    np.testing.assert_array_equal(back.layers[1].weight, drawn.weight)
    with pytest.raises(ValueError, match=r"^Conv 2: 9 filters .* 4 groups; .*\.$"):
        edit.with_filters(network, 1, 9)


def test_groups_divide_maps_and_filters():
    network = new_network((6, 4), initialisation="he")
    halves = edit.with_groups(network, 1, 2)
    assert halves.layers[1].weight.shape == (4, 3, 3, 3)
    np.testing.assert_array_equal(halves.layers[1].weight, network.layers[1].weight[:, :3])
    whole = edit.with_groups(halves, 1, 1)
    np.testing.assert_array_equal(whole.layers[1].weight, network.layers[1].weight)
    with pytest.raises(
        ValueError, match=r"^Conv 2: 4 groups do not divide its 6 input maps; .*\.$"
    ):
        edit.with_groups(network, 1, 4)
    with pytest.raises(ValueError, match=r"^Conv 2: 3 groups do not divide its 4 filters; .*\.$"):
        edit.with_groups(network, 1, 3)
    with pytest.raises(ValueError, match=r"^Conv 2 has 2 groups, which do not divide the 5 maps"):
        edit.with_filters(halves, 0, 5)


# Kernels that stay

OPERATIONS: dict[str, Callable[[Network, int, int], Network]] = {
    "filters": lambda n, place, number: edit.with_filters(n, place, 1 + number),
    "move": lambda n, place, number: edit.move_layer(n, place, number % len(n.layers)),
    "add": lambda n, _place, _number: added(n),
    "remove": lambda n, place, _number: edit.remove_layer(n, place),
    "stride": lambda n, place, number: edit.with_stride(n, place, 1 + number % 4),
    "bias": lambda n, place, number: edit.with_bias(n, place, number % 2 == 0),
    "activation": lambda n, place, _number: edit.with_activation(n, place, "tanh"),
}
steps = st.lists(
    st.tuples(
        # Changes of the channels are what matters here: most of the steps.
        st.sampled_from(["filters"] * 4 + ["move"] * 3 + list(OPERATIONS)),
        st.integers(0, 7),
        st.integers(0, 9),
    ),
    min_size=1,
    max_size=25,
)


@pytest.mark.parametrize("name", INITIALISATIONS)
@given(steps=steps)
def test_no_sequence_of_edits_redraws_a_kernel_that_stays(name, steps):
    network = new_network((3, 4), initialisation=name, seed=5)
    seen: dict[tuple, np.ndarray | float] = {}  # as first seen in the life of its layer
    for operation, place, number in steps:
        before = snapshot(network)
        old = network
        place %= len(network.layers)
        try:
            network = OPERATIONS[operation](network, place, number)
        except ValueError:  # the last layer, or a ninth one
            assert_as_it_was(old, before)
            continue
        assert_as_it_was(old, before)
        assert len({layer.number for layer in network.layers}) == len(network.layers)
        living = {layer.number for layer in network.layers}
        seen = {key: value for key, value in seen.items() if key[0] in living}
        channels = 1
        for layer in network.layers:
            assert layer.in_channels == channels
            channels = layer.out_channels
            for out, ins in np.ndindex(layer.weight.shape[:2]):
                kernel = layer.weight[out, ins]
                np.testing.assert_array_equal(
                    kernel, seen.setdefault((layer.number, out, ins), kernel)
                )
            if layer.bias is not None:
                for out, bias in enumerate(layer.bias):
                    assert bias == seen.setdefault((layer.number, out), bias)
        shapes = {layer.number: layer.weight.shape for layer in old.layers}
        edited = None if operation in ("move", "add", "remove") else old.layers[place].number
        for layer in network.layers:
            if layer.number != edited and shapes.get(layer.number) == layer.weight.shape:
                assert any(layer is other for other in old.layers)


@settings(max_examples=30)
@given(steps, st.integers(0, 9999))
def test_a_mute_stays_with_its_kernel(steps, seed):
    """As long as the kernel stays; one that comes, or comes back, is not muted."""
    generator = np.random.default_rng(seed)
    network = new_network((3, 4))

    def muted() -> dict[tuple[int, int, int], bool]:
        return {
            (layer.number, j, i): layer.muted is not None and bool(layer.muted[j, i])
            for layer in network.layers
            for j, i in np.ndindex(layer.weight.shape[:2])
        }

    for operation, place, number in steps:
        index = int(generator.integers(len(network.layers)))
        layer = network.layers[index]
        network = with_muted(network, index, generator.random(layer.weight.shape[:2]) < 0.5)
        before = muted()
        try:
            network = OPERATIONS[operation](network, place % len(network.layers), number)
        except ValueError:
            assert muted() == before
            continue
        for kernel, is_muted in muted().items():
            assert is_muted == before.get(kernel, False)


@pytest.mark.parametrize(
    "change",
    [
        lambda n: edit.with_kernel_size(n, 1, 5),
        lambda n: edit.with_stride(n, 1, 2),
        lambda n: edit.with_padding(n, 1, "valid"),
        lambda n: edit.with_activation(n, 1, "tanh"),
        lambda n: edit.with_bias(n, 1, False),
        lambda n: edit.with_initialisation(n, 1, "he"),
        lambda n: edit.with_seed(n, 3),
    ],
)
def test_a_setting_leaves_the_mutes(change):
    muted = np.eye(4, 3, dtype=bool)
    network = with_muted(new_network((3, 4)), 1, muted)
    np.testing.assert_array_equal(change(network).layers[1].muted, muted)


@pytest.mark.parametrize("name", INITIALISATIONS)
@given(there=st.lists(st.integers(1, 12), min_size=1, max_size=5), place=st.integers(0, 2))
def test_growing_and_shrinking_back_gives_the_same(name, there, place):
    network = new_network((3, 4, 2), initialisation=name)
    changed = network
    for count in [*there, network.layers[place].out_channels]:
        changed = edit.with_filters(changed, place, count)
    assert same(changed, network)


@pytest.mark.parametrize("name", INITIALISATIONS)
@given(place=st.integers(0, 3), to=st.integers(0, 3))
def test_moving_there_and_back_gives_the_same(name, place, to):
    network = new_network((2, 5, 3, 4), initialisation=name)
    assert same(edit.move_layer(edit.move_layer(network, place, to), to, place), network)


def test_a_layer_takes_its_kernels_with_it():
    network = new_network((2, 5, 3), initialisation="he")
    moved = edit.move_layer(network, 2, 0)
    assert [layer.number for layer in moved.layers] == [2, 0, 1]
    assert [layer.out_channels for layer in moved.layers] == [3, 2, 5]
    np.testing.assert_array_equal(moved.layers[0].weight, network.layers[2].weight[:, :1])
    np.testing.assert_array_equal(moved.layers[1].weight[:, :1], network.layers[0].weight)
    assert moved.layers[2] is network.layers[1]


def test_removing_a_layer_joins_its_neighbours():
    network = new_network((2, 5, 3), initialisation="he")
    shorter = edit.remove_layer(network, 1)
    assert shorter.layers[0] is network.layers[0]
    np.testing.assert_array_equal(shorter.layers[1].weight, network.layers[2].weight[:, :2])
    assert edit.remove_layer(network, 2).layers == network.layers[:2]
