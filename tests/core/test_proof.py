from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cnn_explorer.core.activations import ACTIVATIONS
from cnn_explorer.core.network import Conv2d
from cnn_explorer.core.proof import Proof, prove, rounding_allowed

from . import oracle


def layer_of(activation: str = "none", side: int = 1, depth: int = 1, **options) -> Conv2d:
    weight = np.ones((1, depth, side, side), np.float32)
    return Conv2d(0, weight, None, activation=activation, padding="valid", **options)


# What float32 allows


def in_float32(terms: np.ndarray, bias: np.float32, generator: np.random.Generator) -> np.float32:
    """Add products up in one of the orders that a program may choose."""
    terms = generator.permutation(terms)
    order = generator.integers(4)
    if order == 0:
        terms = terms[np.argsort(terms)]
    elif order == 1:  # in blocks, then the blocks
        terms = np.array(
            [
                np.cumsum(block, dtype=np.float32)[-1]
                for block in np.array_split(terms, 3)
                if len(block)
            ]
        )
    elif order == 2:
        return np.float32(terms.sum(dtype=np.float32) + bias)
    return np.float32(np.cumsum(terms, dtype=np.float32)[-1] + bias)


@pytest.mark.parametrize("scale", [1.0, 1e6, 1e-19, 1e-22, 1e-40])
@settings(max_examples=25)
@given(st.integers(0, 99999), st.integers(1, 12), st.integers(1, 5), st.booleans(), st.booleans())
def test_no_order_of_summing_is_further_off_than_allowed(
    scale, seed, depth, side, cancelling, biased
):
    """One window of one pixel: also where large terms cancel, and where products underflow."""
    generator = np.random.default_rng(seed)
    shape = (depth, side, side)
    spread = 10.0 ** generator.integers(-3, 4, shape)
    maps = (generator.standard_normal(shape) * spread * scale).astype(np.float32)
    kernels = (generator.standard_normal(shape) * min(scale, 1)).astype(np.float32)
    if cancelling:
        maps[1::2] = maps[: depth // 2 * 2 : 2]
        kernels[1::2] = -kernels[: depth // 2 * 2 : 2] * np.float32(1 + 1e-6)
    bias = np.float32(generator.standard_normal() * scale * biased)
    allowed = rounding_allowed(maps, kernels, float(bias), layer_of(side=side, depth=depth))

    exact = (maps.astype(float) * kernels.astype(float)).sum() + float(bias)
    products = (maps * kernels).ravel()
    found = [float(in_float32(products, bias, generator)) for _ in range(8)]
    found.append(float(np.float32(exact)))
    assert max(found) - min(found) <= allowed


def test_the_bound_is_the_textbooks():
    """A window of 9 ones and a bias: 2 · 10u / (1 - 10u) · 10. Nothing where there is nothing."""
    maps, kernels = np.ones((1, 3, 3), np.float32), np.ones((1, 3, 3), np.float32)
    layer = layer_of(side=3)
    roundoff = 2.0**-24
    gamma = 10 * roundoff / (1 - 10 * roundoff)
    assert rounding_allowed(maps, kernels, 1.0, layer) == pytest.approx(2 * gamma * 10, rel=1e-5)
    assert rounding_allowed(-maps, kernels, -1.0, layer) == pytest.approx(2 * gamma * 10, rel=1e-5)
    assert rounding_allowed(0 * maps, kernels, 0.0, layer) == 0
    assert rounding_allowed(maps, 0 * kernels, 0.0, layer) == 0


def test_the_bound_is_that_of_the_pixel_with_the_largest_terms():
    maps = np.zeros((1, 6, 6), np.float32)
    maps[0, 5, 5] = 7
    layer = layer_of(side=2)
    kernels = np.full((1, 2, 2), 3, np.float32)
    assert rounding_allowed(maps, kernels, 0.0, layer) == pytest.approx(
        2 * 5 * 2**-24 * 21, rel=1e-5
    )
    # With a stride of 3 no window reaches it.
    assert rounding_allowed(maps, kernels, 0.0, replace(layer, stride=(3, 3))) == 0


def test_pixels_that_overflow_do_not_loosen_the_bound():
    maps = np.array([[[1, np.inf, np.nan, 3e38]]], np.float32)
    kernels = np.full((1, 1, 1), 4, np.float32)
    assert rounding_allowed(maps, kernels, 0.0, layer_of()) == pytest.approx(
        4 * 4 / 2**24, rel=1e-5
    )


# Holding two maps against each other


@pytest.mark.parametrize("activation", ACTIVATIONS)
@settings(max_examples=30)
@given(
    st.integers(0, 99999),
    st.sampled_from([1e-3, 1.0, 20.0, 1e4]),
    st.sampled_from([0.0, 1e-7, 1e-4]),
)
def test_what_rounding_explains_holds_and_more_does_not(activation, seed, scale, share):
    generator = np.random.default_rng(seed)
    layer = layer_of(activation)
    before = (generator.standard_normal((4, 5)) * scale).astype(np.float32)
    after = ACTIVATIONS[activation].function(before)
    off = (before + generator.uniform(-share, share, (4, 5)) * scale).astype(np.float32)
    allowed = float(abs(off.astype(float) - before).max())
    proof = prove(off, before, after, layer, allowed)
    assert proof.holds
    assert proof.before == allowed
    # The same function in other hands: float64, rounded once.
    exact = oracle.ACTIVATION[activation](before.astype(float)).astype(np.float32)
    assert prove(off, before, exact, layer, allowed).holds

    row, column = generator.integers(4), generator.integers(5)
    wrong = before.copy()
    wrong[row, column] = off[row, column] + np.float32(2 * allowed + 1e-6 * scale)
    assert not prove(off, wrong, after, layer, allowed).holds
    wrong = after.copy()
    wrong[row, column] += np.float32(2 * proof.after_allowed + 1e-6 * scale)
    found = prove(off, before, wrong, layer, allowed)
    assert not found.holds
    assert found.before <= found.before_allowed < np.inf
    assert found.after > found.after_allowed


def test_what_is_not_a_number_holds_only_where_both_are_the_same():
    layer = layer_of("relu")
    values = np.array([[1, np.nan, np.inf, -np.inf]], np.float32)
    after = np.array([[1, np.nan, np.inf, 0]], np.float32)
    assert prove(values, values, after, layer, 1e-6) == Proof(0, 1e-6, 0, 1e-6)
    for place in range(4):
        for wrong in {np.nan, np.inf, -np.inf, 1.0} - {values[0, place]}:
            if np.isnan(wrong) and np.isnan(values[0, place]):
                continue
            other = values.copy()
            other[0, place] = wrong
            found = prove(other, values, after, layer, 1e-6)
            assert found.before == np.inf
            assert not found.holds


@pytest.mark.parametrize(
    ("numbers", "holds"),
    [
        ((0, 0, 0, 0), True),
        ((2, 2, 1, 1), True),
        ((3, 2, 1, 1), False),
        ((2, 2, 2, 1), False),
    ],
)
def test_both_differences_must_be_allowed(numbers, holds):
    assert Proof(*numbers).holds is holds


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_the_slope_is_the_steepest_of_the_function(name):
    """By differences of the oracle's function, in float64."""
    x = np.linspace(-8, 8, 400_001)
    slopes = abs(np.diff(oracle.ACTIVATION[name](x)) / np.diff(x))
    assert slopes.max() == pytest.approx(ACTIVATIONS[name].slope, rel=1e-6)
