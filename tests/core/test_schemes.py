from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cnn_explorer.core.addresses import (
    address_of,
    address_text,
    check_address,
    family,
    filters_of,
    followed,
    parse_address,
    path_to,
)
from cnn_explorer.core.building import new_network
from cnn_explorer.core.edit import with_bias, with_padding, with_stride
from cnn_explorer.core.kernel_layers import Conv2d, Linear
from cnn_explorer.core.layers import AvgPool2d, BatchNorm2d, Flatten
from cnn_explorer.core.network import Network
from cnn_explorer.core.schemes import ChannelScheme, costs, is_there, map_counts, scheme_kernel

from . import oracle

REAL, NAIVE, SHARED = ChannelScheme


def last_count(filters, scheme) -> int:
    return map_counts(new_network(filters), scheme)[-1]


def test_what_the_switch_says():
    said = [(scheme.value, scheme.label, scheme.explanation) for scheme in ChannelScheme]
    assert said == [
        ("real", "Real", "own kernels, summed"),
        ("naive", "Every filter on every map", "not summed"),
        ("shared", "Shared kernel", "summed"),
    ]


@pytest.mark.parametrize(
    ("filters", "real", "naive"),
    [
        ((3, 4), 4, 12),
        ((16, 36), 36, 576),
        ((32, 64, 128), 128, 262_144),
        ((32,) * 4, 32, 1_048_576),
        ((64,) * 8, 64, 281_474_976_710_656),
    ],
)
def test_counts_that_must_come_out(filters, real, naive):
    assert last_count(filters, REAL) == real
    assert last_count(filters, SHARED) == real
    assert last_count(filters, NAIVE) == naive


def test_counts_beyond_64_bits_are_exact():
    layer = Conv2d(0, np.zeros((256, 256, 1, 1), np.float32), None)
    first = Conv2d(0, np.zeros((256, 1, 1, 1), np.float32), None)
    network = Network((first, *[layer] * 7))
    assert map_counts(network, NAIVE)[-1] == 256**8 == 2**64
    assert costs(network, NAIVE)[-1].map_bytes == 2**64 * 28 * 28 * 4


@given(st.lists(st.integers(1, 6), min_size=1, max_size=4))
def test_counts_are_those_of_the_paths(filters):
    network = new_network(filters, (1,))
    assert map_counts(network, REAL) == map_counts(network, SHARED) == tuple(filters)
    paths = [
        sum(1 for _ in product(*map(range, filters[:depth])))
        for depth in range(1, len(filters) + 1)
    ]
    assert map_counts(network, NAIVE) == tuple(paths)


# Kernels


@given(st.integers(1, 3), st.integers(1, 4), st.integers(1, 3), st.integers(0, 99))
def test_flat_kernels_are_the_sum_and_the_mean_over_the_group(groups, depth, per_group, seed):
    out = groups * per_group
    weight = np.random.default_rng(seed).standard_normal((out, depth, 3, 2)).astype(np.float32)
    layer = Conv2d(0, weight, None, groups=groups)
    assert scheme_kernel(layer, REAL) is weight
    naive, shared = scheme_kernel(layer, NAIVE), scheme_kernel(layer, SHARED)
    assert naive.dtype == shared.dtype == np.float32
    assert naive.shape == shared.shape == (out, 1, 3, 2)
    for j, a, b in np.ndindex(out, 3, 2):
        total = sum(float(weight[j, i, a, b]) for i in range(depth))
        assert naive[j, 0, a, b] == pytest.approx(total, abs=1e-5)
        assert shared[j, 0, a, b] == pytest.approx(total / depth, abs=1e-5)


def test_with_one_input_the_schemes_are_the_same():
    layer = new_network((5,)).layers[0]
    for scheme in ChannelScheme:
        assert scheme_kernel(layer, scheme) is layer.weight


# Addresses


@given(st.lists(st.integers(0, 999_999_999), min_size=1, max_size=8))
def test_an_address_can_be_written_and_read(parts):
    address = tuple(parts)
    assert parse_address(address_text(address)) == address


def test_an_address_is_written_with_dots():
    assert address_text((2, 5, 31)) == "2.5.31"
    assert parse_address(" 2 . 5.31\n") == (2, 5, 31)


@pytest.mark.parametrize(
    "text",
    ["", " ", ".", "2.", ".5", "2..5", "2.*", "-1", "+1", "1.-2", "1,2", "²", "٣", "1e3", "9" * 99],
)
def test_what_is_no_address_is_said(text):
    with pytest.raises(ValueError, match=r"is not an address; .* such as 2\.1\.$"):
        parse_address(text)


@pytest.mark.parametrize(
    ("address", "sentence"),
    [
        ((), r"^The address \(empty\) has 0 parts; the network has layers 1 to 2, .*\.$"),
        ((0, 0, 0), r"^The address 0\.0\.0 has 3 parts; the network has layers 1 to 2, .*\.$"),
        ((3,), r"^Part 1 of the address 3 is 3, but layer 1 has filters 0 to 2\.$"),
        ((2, 4), r"^Part 2 of the address 2\.4 is 4, but layer 2 has filters 0 to 3\.$"),
        ((-1, 0), r"^Part 1 of the address -1\.0 is -1, but layer 1 has filters 0 to 2\.$"),
    ],
)
def test_an_address_outside_the_network_is_said(address, sentence):
    network = new_network((3, 4))
    with pytest.raises(ValueError, match=sentence):
        check_address(address, network)


def test_addresses_inside_the_network_pass():
    network = new_network((3, 4))
    for address in [*product(range(3)), *product(range(3), range(4))]:
        check_address(address, network)


# Addresses through layers of every kind


@given(oracle.mixed(most_filters=3), st.data())
def test_the_addresses_of_naive_are_those_that_layers_without_filters_do_not_change(network, data):
    every = oracle.addresses(network)
    assert list(map_counts(network, NAIVE)) == [len(some) for some in every]
    assert [is_there(network, NAIVE, index) for index in range(len(every))] == list(
        map(bool, every)
    )
    for some in every:
        for address in some[:40]:
            check_address(address, network)
    deepest = data.draw(st.integers(0, network.head - 1) if network.head else st.just(0))
    if every[deepest]:
        numbers = [st.integers(0, layer.out_channels - 1) for layer in network.layers]
        address = data.draw(st.tuples(*numbers[: deepest + 1]))
        if address in every[deepest]:
            check_address(address, network)
        else:
            with pytest.raises(ValueError, match=r"^The address .* changes the number of a map"):
                check_address(address, network)


@given(oracle.mixed(most_filters=3), st.data())
def test_paths_lead_to_maps_that_there_are(network, data):
    """`followed` keeps what is a path, `path_to` ends at the map that is meant."""
    path = data.draw(st.tuples(*[st.integers(0, 9)] * 16))
    inside = followed(network, path)
    assert len(inside) == len(network.layers)
    assert followed(network, inside) == inside
    for depth in range(1, len(inside) + 1):
        check_address(inside[:depth], network)
    layer = data.draw(st.integers(0, len(inside) - 1))
    output = data.draw(st.integers(0, network.layers[layer].out_channels - 1))
    found = path_to(network, inside, layer, output)
    assert len(found) == layer + 1
    assert found[-1] == output
    check_address(found, network)
    assert path_to(network, inside, layer, inside[layer]) == inside[: layer + 1]
    # Nothing changes above the last layer that takes other maps than that of its number.
    free = [i for i in range(1, layer + 1) if not isinstance(network.layers[i], oracle.KEEPING)]
    assert found[: max(free, default=0)] == inside[: max(free, default=0)]


@given(oracle.mixed(most_filters=3, body=True), st.data())
def test_a_family_numbers_its_maps(network, data):
    every = oracle.addresses(network)
    for layer, some in enumerate(every):
        path = data.draw(st.sampled_from(some)) + (0,) * 16
        found = family(network, layer, path)
        filters = [isinstance(one, Conv2d) for one in network.layers[:layer]]
        assert (found is None) == (not any(filters))
        if found is None:
            continue
        # The maps that share all filters but the last two, in order.
        root = max(index for index, is_filter in enumerate(filters) if is_filter)
        family_ = [address for address in some if address[:root] == path[:root]]
        count = found.parents * found.branches
        assert [found.address(index) for index in range(count)] == family_
        for index, address in enumerate(family_):
            assert found.index_of(address) == index
            assert found.parent(index // found.branches) == address[:-1]
        for address in set(some[:60]).difference(family_):
            assert found.index_of(address) is None


@given(oracle.mixed(most_filters=3, body=True))
def test_what_is_written_of_an_address_leads_back_to_it(network):
    convolutions = [isinstance(layer, Conv2d) for layer in network.layers]
    for layer, some in enumerate(oracle.addresses(network)):
        for address in some[:60]:
            written = filters_of(address, network)
            assert len(written) == sum(convolutions[: layer + 1])
            if written:
                assert address_of(written, network, layer) == address
                short = address_of(written, network)
                assert filters_of(short, network) == written
                assert isinstance(network.layers[len(short) - 1], Conv2d)
    with pytest.raises(ValueError, match=r"^The address \(empty\) has 0 parts; the network has"):
        address_of((), network)


def test_an_address_that_changes_its_number_above_a_filter_is_none():
    first, second = new_network((3, 2)).layers
    network = Network((first, AvgPool2d(7, 3), second))
    for address in product(range(3), range(3), range(2)):
        if address[0] == address[1]:
            check_address(address, network)
        else:
            with pytest.raises(ValueError, match=r"changes the number of a map where no filter"):
                check_address(address, network)


def test_through_a_flatten_what_is_written_leads_to_a_map_that_there_is():
    first = new_network((3,)).layers[0]
    weight = np.ones((5, 12, 1, 1), np.float32)
    pool = AvgPool2d(1, 3, (14, 14), (14, 14))
    network = Network((first, pool, Flatten(2, 3, (2, 2)), Linear(3, weight, None)))
    assert address_of((2,), network) == (2,)
    assert filters_of((2, 2, 8, 4), network) == (2,)
    with pytest.raises(ValueError, match=r"^The address 2\.4 has 2 parts; the network has 1"):
        address_of((2, 4), network)
    check_address((2, 2, 8, 4), network)
    check_address((2, 2, 11, 0), network)
    with pytest.raises(ValueError, match=r"^The address 2\.2\.7\.0 changes the number of a map"):
        check_address((2, 2, 7, 0), network)


# Cost


def grouped() -> Network:
    """3 maps, then 6 filters in 3 groups (two for each map) at stride 2, without bias."""
    first = new_network((3,), (5,)).layers[0]
    weight = np.ones((6, 1, 3, 3), np.float32)
    return Network((first, Conv2d(1, weight, None, groups=3, stride=(2, 2))))


NETWORKS = [
    new_network((3, 4)),
    with_bias(new_network((16, 36), (5, 3)), 0, False),
    with_padding(with_stride(new_network((2, 3, 4)), 1, 3), 0, "valid"),
    new_network((64,) * 8),
    grouped(),
]


@pytest.mark.parametrize("network", NETWORKS)
@pytest.mark.parametrize("scheme", ChannelScheme)
def test_costs_are_exact(network, scheme):
    """Counted by what is convolved with what, not by the formulas of the code."""
    naive_maps = 1
    for layer, cost, size in zip(
        network.layers, costs(network, scheme), network.sizes[1:], strict=True
    ):
        rows, columns = size
        out, depth, kh, kw = layer.weight.shape
        naive_maps *= out
        flat = scheme is not REAL
        assert cost.maps == (naive_maps if scheme is NAIVE else out)
        assert cost.kernel_shape == (kh, kw, 1 if flat else depth, out)
        assert cost.weights == scheme_kernel(layer, scheme).size
        assert cost.biases == (0 if layer.bias is None else layer.bias.size)
        convolutions = naive_maps if scheme is NAIVE else out * depth
        assert cost.multiply_adds == convolutions * rows * columns * kh * kw
        assert cost.weight_bytes == 4 * cost.weights + 4 * cost.biases
        assert cost.map_bytes == 4 * rows * columns * cost.maps
        assert all(type(number) is int for number in (cost.multiply_adds, cost.map_bytes))


def test_the_costs_of_the_opening_network():
    real, naive, shared = (costs(new_network(), scheme)[1] for scheme in ChannelScheme)
    assert (real.weights, naive.weights, shared.weights) == (108, 36, 36)
    assert real.multiply_adds == shared.multiply_adds == 12 * 9 * 784
    assert naive.multiply_adds == 12 * 9 * 784
    assert (real.map_bytes, naive.map_bytes) == (4 * 784 * 4, 12 * 784 * 4)


@given(oracle.mixed(), st.sampled_from(ChannelScheme))
def test_costs_of_layers_of_every_kind_are_counted(network, scheme):
    every = oracle.addresses(network)
    for index, (layer, cost) in enumerate(zip(network.layers, costs(network, scheme), strict=True)):
        rows, columns = network.sizes[index + 1]
        maps = len(every[index]) if scheme is NAIVE else layer.out_channels
        assert cost.maps == maps
        assert cost.map_bytes == 4 * maps * rows * columns
        if not maps:
            learned, products, shape = (0, 0), 0, None
        elif isinstance(layer, Conv2d):
            out, depth, kh, kw = layer.weight.shape
            depth = depth if scheme is REAL else 1
            learned = out * depth * kh * kw, 0 if layer.bias is None else out
            convolutions = maps if scheme is NAIVE else out * layer.weight.shape[1]
            products, shape = convolutions * rows * columns * kh * kw, (kh, kw, depth, out)
        else:
            both = layer.channels if isinstance(layer, BatchNorm2d) else 0
            learned, products, shape = (both, both), 0, None
        assert (cost.weights, cost.biases) == learned
        assert cost.weight_bytes == 4 * sum(learned)
        assert cost.multiply_adds == products
        assert cost.kernel_shape == shape


def test_the_costs_of_a_dense_layer():
    network = Network(
        (
            new_network((3,)).layers[0],
            Flatten(1, 3, (28, 28)),
            Linear(2, np.ones((10, 2352, 1, 1), np.float32), np.zeros(10, np.float32)),
        )
    )
    real, naive, shared = (costs(network, scheme)[2] for scheme in ChannelScheme)
    assert (real.weights, real.biases, real.multiply_adds) == (23520, 10, 23520)
    assert real.kernel_shape == (1, 1, 2352, 10)
    assert (shared.weights, shared.multiply_adds) == (10, 23520)
    assert (naive.maps, naive.weights, naive.kernel_shape) == (0, 0, None)
