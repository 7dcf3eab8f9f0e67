from dataclasses import FrozenInstanceError, replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cnn_explorer.core.kernel_layers import Conv2d
from cnn_explorer.core.layers import MaxPool2d
from cnn_explorer.core.network import Network

from . import oracle

RNG = np.random.default_rng(0)


def conv(out=2, depth=1, side=3, **options) -> Conv2d:
    weight = RNG.standard_normal((out, depth, side, side)).astype(np.float32)
    bias = RNG.standard_normal(out).astype(np.float32)
    return Conv2d(0, weight, bias, **options)


def test_a_layer_knows_its_channels():
    layer = conv(out=6, depth=2, side=5, groups=3)
    assert (layer.in_channels, layer.depth, layer.out_channels) == (6, 2, 6)
    assert layer.kernel_size == (5, 5)
    assert layer.multiply_adds((28, 28)) == 6 * 2 * 5 * 5 * 28 * 28


def test_a_layer_cannot_change():
    layer = conv()
    with pytest.raises(ValueError, match="read-only"):
        layer.weight[0, 0, 0, 0] = 1
    with pytest.raises(ValueError, match="read-only"):
        layer.bias[0] = 1
    with pytest.raises(FrozenInstanceError):
        layer.stride = (2, 2)
    assert layer != replace(layer)


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"weight": np.zeros((2, 3, 3), np.float32)}, r"shape \(out, in, kh, kw\).*\(2, 3, 3\)"),
        ({"weight": np.zeros((2, 0, 3, 3), np.float32)}, r"none of them 0.*\(2, 0, 3, 3\)"),
        ({"bias": np.zeros(3, np.float32)}, r"shape \(3,\); 2 filters need \(2,\)"),
        ({"activation": "swish"}, "no activation “swish”; choose from none, relu"),
        ({"groups": 4}, "2 filters cannot be divided into 4 groups"),
        ({"groups": 0}, "2 filters cannot be divided into 0 groups"),
        ({"muted": np.ones((1, 2), bool)}, r"mutes have shape \(1, 2\).*need \(2, 1\) and bool"),
        (
            {"muted": np.ones((2, 1), int)},
            r"type int64; the layer's kernels need \(2, 1\) and bool",
        ),
    ],
)
def test_what_does_not_fit_is_refused_in_one_sentence(wrong, sentence):
    with pytest.raises(ValueError, match=sentence) as error:
        replace(conv(), **wrong)
    assert str(error.value).endswith(".")


def test_mutes_are_there_or_none_are():
    muted = np.array([[False], [True]])
    layer = conv(muted=muted)
    assert layer.muted_count == 1
    with pytest.raises(ValueError, match="read-only"):
        layer.muted[0, 0] = True
    none = replace(layer, muted=np.zeros((2, 1), bool))
    assert none.muted is None
    assert none.muted_count == 0


@given(oracle.layers(most_filters=12, most_side=2))
def test_a_layer_knows_who_hears_whom(layer):
    out, depth = layer.weight.shape[:2]
    weight = np.ones_like(layer.weight)
    heard = layer.unmuted(weight)
    for j in range(out):
        assert list(layer.inputs_of(j)) == oracle.inputs(layer, j)
        muted = oracle.mutes(layer, j)
        assert layer.mutes_of(j).tolist() == muted
        np.testing.assert_array_equal(heard[j], weight[j] * ~np.array(muted)[:, None, None])
    for i in range(depth * layer.groups):
        assert layer.muted_from(i).tolist() == [
            (i, True) in zip(oracle.inputs(layer, j), oracle.mutes(layer, j), strict=True)
            for j in range(out)
        ]
    assert layer.muted_count == sum(sum(oracle.mutes(layer, j)) for j in range(out))


@given(
    st.integers(1, 40),
    st.integers(1, 7),
    st.integers(1, 4),
    st.sampled_from(["same", "valid", 0, 1, 5]),
    st.integers(1, 3),
)
def test_the_output_size_counts_the_windows_that_fit(size, side, stride, padding, dilation):
    layer = conv(side=side, stride=(stride, stride), padding=padding, dilation=(dilation, dilation))
    reach = (side - 1) * dilation + 1
    if padding == "same":
        expected = len(range(0, size, stride))
    else:
        padded = size + 2 * (0 if padding == "valid" else padding)
        expected = len(range(0, padded - reach + 1, stride))
    if expected == 0:
        with pytest.raises(ValueError, match="does not fit"):
            layer.output_size((size, size))
    else:
        assert layer.output_size((size, size)) == (expected, expected)


@pytest.mark.parametrize("groups", [1, 2])
@pytest.mark.parametrize("method", ["signal", "matmul"])
def test_the_sums_follow_the_definition(groups, method):
    layer = conv(out=4, depth=2 // groups, stride=(2, 1), padding=((1, 0), (2, 3)), groups=groups)
    maps = RNG.standard_normal((2, 9, 8)).astype(np.float32)
    result = layer.before_activation(maps, layer.weight, layer.bias, groups=groups, method=method)
    padded = np.zeros((2, 10, 13))
    padded[:, 1:, 2:10] = maps
    for j, row, column in np.ndindex(result.shape):
        first = j // (4 // groups) * layer.depth
        window = padded[first : first + layer.depth, 2 * row : 2 * row + 3, column : column + 3]
        expected = (window * layer.weight[j]).sum() + layer.bias[j]
        assert result[j, row, column] == pytest.approx(expected, abs=1e-5)


def test_an_activation_is_applied():
    values = np.array([[-2.0, 3.0]], np.float32)
    np.testing.assert_array_equal(conv(activation="relu").activate(values), [[0, 3]])
    np.testing.assert_array_equal(conv(activation="none").activate(values), values)


def test_an_activation_takes_its_parameters():
    values = np.array([[-2.0, 3.0]], np.float32)
    layer = conv(activation="leaky_relu", activation_parameters=(0.5,))
    np.testing.assert_array_equal(layer.activate(values), [[-1, 3]])
    with pytest.raises(ValueError, match=r"^LeakyReLU takes 1 parameters, not 2\.$"):
        conv(activation="leaky_relu", activation_parameters=(0.5, 1))
    with pytest.raises(ValueError, match=r"^LeakyReLU's negative_slope is 2; it must be -1 to 1"):
        conv(activation="leaky_relu", activation_parameters=(2,))


def test_a_padding_that_copies_pixels_is_the_layers_in_all_it_does():
    layer = conv(side=3, padding=2, padding_mode="reflect", activation="none")
    maps = RNG.standard_normal((layer.in_channels, 5, 4)).astype(np.float32)
    padded = np.pad(maps, ((0, 0), (2, 2), (2, 2)), mode="reflect")
    options = {"groups": 1, "method": "matmul"}
    np.testing.assert_array_equal(
        layer.before_activation(maps, layer.weight, layer.bias, **options),
        replace(layer, padding=0).before_activation(padded, layer.weight, layer.bias, **options),
    )
    assert layer.taps((5, 4))[0][0].tolist() == [2, 1, 0]
    with pytest.raises(ValueError, match=r"^reflect pads 2 rows, and needs maps of at least 3"):
        layer.output_size((2, 4))


def test_a_network_chains_its_sizes():
    layers = (
        conv(out=2, side=5, padding="valid"),
        conv(out=3, depth=2, stride=(2, 2)),
        conv(out=1, depth=3, side=1, padding=2),
    )
    assert Network(layers).sizes == ((28, 28), (24, 24), (12, 12), (16, 16))


def test_a_network_has_one_to_sixteen_layers():
    with pytest.raises(ValueError, match=r"^A network has 1 to 16 layers, not 0\.$"):
        Network(())
    layers = (conv(out=1),) * 17
    assert len(Network(layers[:16]).layers) == 16
    with pytest.raises(ValueError, match=r"^A network has 1 to 16 layers, not 17\.$"):
        Network(layers)


def test_channels_that_do_not_chain_are_named():
    with pytest.raises(ValueError, match=r"^Conv 2 takes 3 maps, but gets 2\.$"):
        Network((conv(out=2), conv(depth=3)))
    with pytest.raises(ValueError, match=r"^Conv 1 takes 2 maps, but gets 1\.$"):
        Network((conv(depth=2),))


def test_a_kernel_larger_than_its_input_is_named():
    layers = (
        conv(out=1, side=11, stride=(4, 4), padding="valid"),
        conv(side=7, padding="valid"),
    )
    with pytest.raises(ValueError, match=r"^Conv 2: .*7×7 kernel.*5×5.*\.$"):
        Network(layers)


def test_layers_are_counted_from_one_among_their_kind():
    layers = (conv(), MaxPool2d(1, 2), conv(depth=2), MaxPool2d(3, 2))
    assert Network(layers).names == ("Conv 1", "MaxPool 1", "Conv 2", "MaxPool 2")
    assert Network(layers).places == (1, 1, 2, 2)
