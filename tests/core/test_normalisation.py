"""Batch norm and softmax against their definitions in float64, scipy, and identities."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy import special

from cnn_explorer.core.normalisation import batch_norm, log_softmax, softmax, softmin

arrays = hnp.arrays(
    np.float32,
    hnp.array_shapes(min_dims=1, max_dims=3, max_side=5),
    elements=st.floats(-1000, 1000, width=32),
)


@given(st.integers(0, 9999), st.integers(1, 4), st.sampled_from([1e-5, 1e-2, 0.5]))
def test_each_pixel_is_normalised_by_its_channel(seed, channels, eps):
    generator = np.random.default_rng(seed)
    maps = generator.normal(size=(channels, 4, 3)).astype(np.float32)
    mean, weight, bias = generator.normal(size=(3, channels)).astype(np.float32)
    variance = generator.uniform(0.1, 3, channels).astype(np.float32)
    result = batch_norm(maps, mean, variance, weight, bias, eps)
    assert result.dtype == np.float32
    plain = batch_norm(maps, mean, variance, eps=eps)
    for j, row, column in np.ndindex(maps.shape):
        expected = (float(maps[j, row, column]) - float(mean[j])) / (
            float(variance[j]) + eps
        ) ** 0.5
        assert plain[j, row, column] == pytest.approx(expected, rel=1e-5, abs=1e-6)
        expected = expected * float(weight[j]) + float(bias[j])
        assert result[j, row, column] == pytest.approx(expected, rel=1e-5, abs=2e-6)


@given(st.integers(0, 9999))
def test_by_its_own_statistics_a_map_has_mean_0_and_variance_1(seed):
    maps = np.random.default_rng(seed).normal(3, 2, (3, 6, 5)).astype(np.float32)
    result = batch_norm(maps, maps.mean((1, 2)), maps.var((1, 2)), eps=0)
    np.testing.assert_allclose(result.mean((1, 2)), 0, atol=1e-5)
    np.testing.assert_allclose(result.var((1, 2)), 1, atol=1e-4)


def test_statistics_that_do_not_fit_are_named():
    with pytest.raises(
        ValueError, match=r"^variance \(3,\) does not match maps \(2, 4, 4\): 2 maps"
    ):
        batch_norm(np.zeros((2, 4, 4)), [0, 0], [1, 1, 1])


@given(arrays, st.data())
def test_softmax_is_scipys_along_every_axis(x, data):
    axis = data.draw(st.integers(-x.ndim, x.ndim - 1))
    wide = x.astype(float)
    for function, expected in (
        (softmax, special.softmax(wide, axis)),
        (softmin, special.softmax(-wide, axis)),
        (log_softmax, special.log_softmax(wide, axis)),
    ):
        result = function(x, axis)
        assert result.dtype == np.float32
        np.testing.assert_allclose(result, expected, rtol=2e-6, atol=1e-6)


@given(arrays, st.floats(-1000, 1000, width=32))
def test_softmax_adds_up_to_1_and_does_not_see_a_shift(x, shift):
    np.testing.assert_allclose(softmax(x).sum(axis=-1), 1, rtol=1e-6)
    whole = np.rint(x)
    np.testing.assert_array_equal(softmax(whole), softmax(whole + np.rint(np.float32(shift))))


def test_the_infinite_passes_without_a_warning():
    x = np.array([[np.inf, 0], [-np.inf, -np.inf], [-np.inf, 3], [np.nan, 0]], np.float32)
    assert np.isnan(softmax(x)[[0, 1, 3]]).any(axis=1).all()
    np.testing.assert_array_equal(softmax(x)[2], [0, 1])
    np.testing.assert_array_equal(log_softmax(x)[2], [-np.inf, 0])
    assert not np.isfinite(batch_norm(x, [0, 1, 2, 3], [0, 0, 0, 0], eps=0)).all()
