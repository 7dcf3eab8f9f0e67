"""Every activation by its formula, in 50 digits: no code is shared, and none of numpy's."""

import warnings

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from cnn_explorer.core.activations import ACTIVATIONS, Parameter, activate

from . import exact, oracle

arrays = hnp.arrays(
    np.float32,
    hnp.array_shapes(min_dims=1, max_dims=3, max_side=5),
    elements=st.floats(-(2.0**126), 2.0**126, width=32) | st.floats(-20, 20, width=32),
)

# Relative and absolute errors where a rounded sum cancels, or a rounded product is exponentiated.
SLACK = {
    "hardsigmoid": (2.0**-21, 2.0**-22),
    "softshrink": (2.0**-21, 2.0**-23),
    "softplus": (2.0**-17, 1e-37),
}


def values_of(name: str) -> st.SearchStrategy[tuple[float, ...]]:
    """Parameters in their ranges, as float32; some or all of the last ones may be left out."""
    each = [
        st.floats(one.low, one.high, allow_subnormal=False).map(lambda x: float(np.float32(x)))
        for one in ACTIVATIONS[name].parameters
    ]
    return st.integers(0, len(each)).flatmap(lambda count: st.tuples(*each[:count]))


def test_every_activation_has_an_oracle_and_a_label():
    assert set(ACTIVATIONS) == set(oracle.ACTIVATION) == set(exact.ACTIVATION)
    labels = [activation.label for activation in ACTIVATIONS.values()]
    assert all(labels)
    assert len(set(labels)) == len(labels)


@pytest.mark.parametrize("name", ACTIVATIONS)
@given(st.data())
def test_each_pixel_follows_the_formula(name, data):
    """To four units in the last place of what x and the parameters give exactly."""
    x, values = data.draw(arrays), data.draw(values_of(name))
    before = x.copy()
    result = activate(name, x, *values)
    assert result.dtype == np.float32
    assert result.shape == x.shape
    used = [float(np.float32(value)) for value in ACTIVATIONS[name].complete(values)]
    expected = [exact.ACTIVATION[name](float(pixel), *used) for pixel in x.flat]
    relative, absolute = SLACK.get(name, (2.0**-21, 1e-37))
    np.testing.assert_allclose(result.ravel(), expected, rtol=relative, atol=absolute)
    np.testing.assert_array_equal(x, before)


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_what_is_not_a_number_stays_visible_as_such(name):
    values = np.array([np.nan, 1.0], np.float32)
    result = ACTIVATIONS[name].function(values)
    assert np.isnan(result[0])
    assert np.isfinite(result[1])


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_the_infinite_passes_without_a_warning(name):
    largest = np.finfo(np.float32).max
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        activate(name, np.array([np.inf, -np.inf, largest, -largest, np.nan, 0, -0.0]))


@pytest.mark.parametrize("name", ACTIVATIONS)
@given(st.data())
def test_no_pair_of_pixels_is_steeper_than_the_slope(name, data):
    """Also with parameters, as long as no jump lies between the two."""
    values = data.draw(values_of(name))
    numbers = st.floats(-20, 20, width=32)
    x, y = sorted((data.draw(numbers), data.draw(numbers)))
    slope = ACTIVATIONS[name].slope(*values)
    if any(x <= jump <= y for jump in ACTIVATIONS[name].jumps(*values)):
        return
    result = oracle.ACTIVATION[name](np.array([x, y]), *ACTIVATIONS[name].complete(values))
    assert abs(result[1] - result[0]) <= slope * (y - x) * (1 + 1e-9) + 1e-12


@pytest.mark.parametrize(
    ("name", "values", "jumps"),
    [
        ("hardshrink", (), (-0.5, 0.5)),
        ("hardshrink", (0,), ()),
        ("threshold", (), ()),
        ("threshold", (0.1, 2), (float(np.float32(0.1)),)),
        ("relu", (), ()),
    ],
)
def test_jumps_are_where_the_function_is_not_continuous(name, values, jumps):
    assert ACTIVATIONS[name].jumps(*values) == jumps
    for jump in jumps:
        around = np.float32(jump) + np.spacing(np.float32(jump)) * np.float32([-1, 0, 1])
        result = activate(name, around, *values)
        assert abs(np.diff(result)).max() >= 0.4


def test_parameters_that_are_left_out_have_their_defaults():
    x = np.linspace(-4, 4, 33, dtype=np.float32)
    for name, activation in ACTIVATIONS.items():
        defaults = tuple(parameter.default for parameter in activation.parameters)
        assert activation.complete() == defaults
        for parameter in activation.parameters:
            assert parameter.low <= parameter.default <= parameter.high
        np.testing.assert_array_equal(activate(name, x), activate(name, x, *defaults))
    assert ACTIVATIONS["threshold"].complete((3,)) == (3, 0)
    assert ACTIVATIONS["elu"].parameters == (Parameter("alpha", 1, 0, 10),)


def test_what_cannot_work_gets_its_sentence():
    with pytest.raises(ValueError, match=r"^There is no activation “step”; choose from none, .*"):
        activate("step", np.zeros(1))
    with pytest.raises(ValueError, match=r"^ReLU takes 0 parameters, not 1\.$"):
        activate("relu", np.zeros(1), 0.5)
    with pytest.raises(ValueError, match=r"^ELU's alpha is 11; it must be 0 to 10\.$"):
        ACTIVATIONS["elu"].check((11,))
    with pytest.raises(ValueError, match=r"^Threshold's value is nan; it must be -10 to 10\.$"):
        ACTIVATIONS["threshold"].check((0, np.nan))


def test_the_ends_of_hardtanh_do_not_cross():
    hardtanh = ACTIVATIONS["hardtanh"]
    hardtanh.check((-2, 2))
    for values in ((5, 1), (1,), (-1, -1)):
        with pytest.raises(ValueError, match=r"^Hardtanh's min_val must be less than max_val; "):
            hardtanh.check(values)
