"""The fully connected layer by plain loops; whole numbers, so that every sum is exact."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cnn_explorer.core.convolution import conv2d
from cnn_explorer.core.dense import flatten, linear


@given(st.integers(1, 5), st.integers(1, 4), st.integers(0, 3), st.booleans(), st.integers(0, 999))
def test_each_output_weighs_all_features(inputs, outputs, rows, biased, seed):
    generator = np.random.default_rng(seed)
    shape = (rows, inputs) if rows else (inputs,)
    features = generator.integers(-9, 10, shape)
    weight = generator.integers(-9, 10, (outputs, inputs))
    bias = generator.integers(-9, 10, outputs) if biased else None
    result = linear(features, weight, bias)
    assert result.dtype == np.float32
    assert result.shape == (*shape[:-1], outputs)
    for place in np.ndindex(result.shape):
        row, j = features[place[:-1]], place[-1]
        total = sum(int(row[i]) * int(weight[j, i]) for i in range(inputs))
        assert result[place] == total + (int(bias[j]) if biased else 0)


@given(st.integers(1, 3), st.integers(1, 4), st.integers(1, 4), st.integers(0, 999))
def test_on_flattened_maps_it_is_a_convolution_with_one_window(channels, rows, columns, seed):
    generator = np.random.default_rng(seed)
    maps = generator.integers(-9, 10, (channels, rows, columns))
    weight = generator.integers(-9, 10, (2, channels, rows, columns))
    result = linear(flatten(maps), weight.reshape(2, -1))
    np.testing.assert_array_equal(result, conv2d(maps, weight).ravel())


def test_maps_are_laid_one_after_the_other_and_rows_likewise():
    maps = [[[1, 2], [3, 4]], [[5, 6], [7, 8]]]
    np.testing.assert_array_equal(flatten(maps), [1, 2, 3, 4, 5, 6, 7, 8])
    assert flatten(maps).dtype == np.float32


def test_what_does_not_fit_is_named():
    with pytest.raises(ValueError, match=r"^features \(3,\) and weight \(2, 4\) do not have the"):
        linear(np.zeros(3), np.zeros((2, 4)))
    with pytest.raises(ValueError, match=r"^bias \(1,\) does not match weight \(2, 4\): 2 outputs"):
        linear(np.zeros(4), np.zeros((2, 4)), [1])
