import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from cnn_explorer.core.activations import ACTIVATIONS

ORACLES = {
    "none": lambda x: x,
    "relu": lambda x: x if x > 0 else 0.0,
    "leaky_relu": lambda x: x if x > 0 else 0.01 * x,
    "tanh": math.tanh,
    "sigmoid": lambda x: 1 / (1 + math.exp(-x)) if x > -700 else 0.0,
}

arrays = hnp.arrays(
    np.float32,
    hnp.array_shapes(min_dims=1, max_dims=3, max_side=5),
    elements=st.floats(-(2.0**126), 2.0**126, width=32),
)


def test_every_activation_has_an_oracle_and_a_label():
    assert set(ACTIVATIONS) == set(ORACLES)
    labels = [activation.label for activation in ACTIVATIONS.values()]
    assert all(labels)
    assert len(set(labels)) == len(labels)


@pytest.mark.parametrize("name", ACTIVATIONS)
@given(values=arrays)
def test_each_pixel_follows_the_formula(name, values):
    before = values.copy()
    result = ACTIVATIONS[name].function(values)
    assert result.dtype == np.float32
    assert result.shape == values.shape
    expected = [ORACLES[name](float(x)) for x in values.flat]
    np.testing.assert_allclose(result.ravel(), expected, rtol=1e-6, atol=1e-37)
    np.testing.assert_array_equal(values, before)


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_what_is_not_a_number_stays_visible_as_such(name):
    values = np.array([np.nan, 1.0], np.float32)
    result = ACTIVATIONS[name].function(values)
    assert np.isnan(result[0])
    assert np.isfinite(result[1])
