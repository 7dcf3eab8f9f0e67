from dataclasses import replace

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from cnn_explorer.core.activations import ACTIVATIONS
from cnn_explorer.core.explain import contributions, running_sums
from cnn_explorer.core.kernel_layers import Conv2d
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
    assert max(found) - min(found) <= allowed.max()


def test_the_bound_is_the_textbooks():
    """A window of 9 ones and a bias, in 10 and in 9 + 1 + 1 roundings. Nothing where nothing is."""
    maps, kernels = np.ones((1, 3, 3), np.float32), np.ones((1, 3, 3), np.float32)
    layer = layer_of(side=3)
    u = 2.0**-24
    expected = 10 * (10 * u / (1 - 10 * u) + 11 * u / (1 - 11 * u))
    assert rounding_allowed(maps, kernels, 1.0, layer) == pytest.approx(expected, rel=1e-5)
    assert rounding_allowed(-maps, kernels, -1.0, layer) == pytest.approx(expected, rel=1e-5)
    assert rounding_allowed(0 * maps, kernels, 0.0, layer) == [[0]]
    assert rounding_allowed(maps, 0 * kernels, 0.0, layer) == [[0]]


def test_many_roundings_grow_with_their_root():
    maps, kernels = np.ones((256, 3, 3), np.float32), np.ones((256, 3, 3), np.float32)
    steps = 8 * (np.sqrt(256 * 9 + 1) + np.sqrt(9 + 256 + 1))
    allowed = rounding_allowed(maps, kernels, 1.0, layer_of(side=3, depth=256))
    assert allowed == pytest.approx(2305 * steps * 2.0**-24, rel=1e-3)


def test_the_bound_is_each_pixels_own():
    maps = np.zeros((1, 6, 6), np.float32)
    maps[0, 5, 5] = 7
    layer = layer_of(side=2)
    kernels = np.full((1, 2, 2), 3, np.float32)
    allowed = rounding_allowed(maps, kernels, 0.0, layer)
    assert allowed[4, 4] == pytest.approx((5 + 6) * 2**-24 * 21, rel=1e-5)
    assert np.delete(allowed.ravel(), -1).max() < 1e-40
    # With a stride of 3 no window reaches it.
    assert not rounding_allowed(maps, kernels, 0.0, replace(layer, stride=(3, 3))).any()


def test_nothing_is_promised_where_the_terms_overflow():
    maps = np.array([[[1, np.inf, np.nan, 3e38, 0.25]]], np.float32)
    kernels = np.full((1, 1, 1), 4, np.float32)
    (allowed,) = rounding_allowed(maps, kernels, 0.0, layer_of()).tolist()
    assert allowed[0] == pytest.approx(4 * (2 + 3) / 2**24, rel=1e-5)
    assert allowed[1:4] == [np.inf] * 3
    assert np.isinf(rounding_allowed(maps, kernels * 8e37, 3e38, layer_of())[0, 0])


@pytest.mark.parametrize("largest", [1e36, 1e38, 3e38])
@settings(max_examples=20)
@given(st.integers(0, 99999))
def test_overflow_in_one_order_of_summing_alone_is_no_fault(largest, seed):
    """Both methods of a layer's convolution, where some sums leave float32 on their way."""
    generator = np.random.default_rng(seed)
    maps = generator.uniform(-1, 1, (4, 8, 8)).astype(np.float32)
    maps[:, :, :3] = 0
    weight = generator.uniform(-largest, largest, (1, 4, 3, 3)).astype(np.float32)
    layer = Conv2d(0, weight, None, activation="relu", padding="valid")
    parts = contributions(maps, layer, 0, method="signal")
    recomputed = running_sums(parts, np.zeros((4, 1, 1), bool))[-1]
    (before,) = layer.before_activation(maps, weight, None, groups=1, method="matmul")
    after = layer.activate(before)
    allowed = rounding_allowed(maps, weight[0], 0.0, layer)
    proof = prove(recomputed, before, after, layer, allowed)
    assert proof.holds
    assert np.isfinite([proof.before, proof.before_allowed]).all()
    wrong = before.copy()
    wrong[2, 0] = 1e38  # where a window of zeros adds up without overflow
    assert not prove(recomputed, wrong, after, layer, allowed).holds


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
    bound = np.full(before.shape, allowed)
    proof = prove(off, before, after, layer, bound)
    assert proof.holds
    assert proof.before == allowed
    # The same function in other hands: float64, rounded once.
    exact = oracle.ACTIVATION[activation](before.astype(float)).astype(np.float32)
    assert prove(off, before, exact, layer, bound).holds

    row, column = generator.integers(4), generator.integers(5)
    jumps = ACTIVATIONS[activation].jumps()
    assume(all(abs(off[row, column] - jump) > allowed for jump in jumps))
    wrong = before.copy()
    wrong[row, column] = off[row, column] + np.float32(2 * allowed + 1e-6 * scale)
    assert not prove(off, wrong, after, layer, bound).holds
    wrong = after.copy()
    wrong[row, column] += np.float32(2 * proof.after_allowed + 1e-6 * scale)
    found = prove(off, before, wrong, layer, bound)
    assert not found.holds
    assert found.before <= found.before_allowed < np.inf
    assert found.after > found.after_allowed


def test_what_is_not_a_number_holds_only_where_both_are_the_same():
    layer = layer_of("relu")
    values = np.array([[1, np.nan, np.inf, -np.inf]], np.float32)
    after = np.array([[1, np.nan, np.inf, 0]], np.float32)
    bound = np.full(values.shape, 1e-6)
    assert prove(values, values, after, layer, bound) == Proof(0, 1e-6, 0, 1e-6)
    for place in range(4):
        for wrong in {np.nan, np.inf, -np.inf, 1.0} - {values[0, place]}:
            if np.isnan(wrong) and np.isnan(values[0, place]):
                continue
            other = values.copy()
            other[0, place] = wrong
            found = prove(other, values, after, layer, bound)
            assert found.before == np.inf
            assert not found.holds
            bound[0, place] = np.inf
            assert prove(other, values, after, layer, bound).holds
            bound[0, place] = 1e-6


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
    x = np.linspace(-12, 12, 600_001)
    slopes = abs(np.diff(oracle.ACTIVATION[name](x)) / np.diff(x))
    for jump in ACTIVATIONS[name].jumps():
        slopes[abs(x[1:] - jump) < 1e-3] = 0
    slope = ACTIVATIONS[name].slope()
    assert slopes.max() <= slope * (1 + 1e-9)
    assert slopes.max() == pytest.approx(slope, rel=5e-5)


@pytest.mark.parametrize(
    ("activation", "parameters", "slope"),
    [("elu", (4.0,), 4), ("prelu", (-0.5,), 1), ("hardsigmoid", (0.75,), 0.75)],
)
def test_the_slope_is_that_of_the_layers_parameters(activation, parameters, slope):
    layer = layer_of(activation, activation_parameters=parameters)
    before = np.array([[-1e-3, 1e-3]], np.float32)
    off = before + np.float32([[-1e-3, 1e-3]])
    bound = np.full(before.shape, abs(off - before).max().astype(float))
    found = prove(off, before, layer.activate(before), layer, bound)
    assert found.holds
    assert found.after == pytest.approx(slope * 1e-3, rel=0.01)
    assert found.after_allowed == pytest.approx(slope * 1e-3, rel=0.01)


@pytest.mark.parametrize("off", [-1e-6, 0.0, 1e-6])
def test_beside_a_jump_anything_holds_and_elsewhere_it_does_not(off):
    """Hardshrink lets 0.5 vanish, and what is a little more pass."""
    layer = layer_of("hardshrink")
    before = np.array([[0.5, 2.0]], np.float32)
    recomputed = before + np.float32(off)
    after = layer.activate(before)
    bound = np.full(before.shape, 2e-6)
    assert prove(recomputed, before, after, layer, bound).holds
    for value, other in ((0.25, 0.25), (0.75, 0.0)):
        there = np.array([[value, 2.0]], np.float32)
        wrong = np.array([[other, 2.0]], np.float32)
        assert prove(there, there, layer.activate(there), layer, bound).holds
        assert not prove(there, there, wrong, layer, bound).holds
    # With a parameter that moves the jump away.
    assert prove(before, before, before, replace(layer, activation_parameters=(0.1,)), bound).holds
    assert not prove(
        before, before, 0 * before, replace(layer, activation_parameters=(0.1,)), bound
    ).holds
