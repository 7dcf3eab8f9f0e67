"""The core against PyTorch on random inputs; run by make test-frameworks, which installs it.

float32 on both sides, summed in other orders: results may differ by a few units in the last place
of the largest sum of magnitudes.
"""

from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from cnn_explorer.core.activations import ACTIVATIONS, activate
from cnn_explorer.core.convolution import conv2d
from cnn_explorer.core.geometry import PADDING_MODES
from cnn_explorer.core.kernel_layers import Linear
from cnn_explorer.core.layers import Flatten
from cnn_explorer.core.normalisation import batch_norm, log_softmax, softmax, softmin
from cnn_explorer.core.pooling import (
    avg_pool2d,
    global_avg_pool2d,
    global_max_pool2d,
    lp_pool2d,
    max_pool2d,
    max_pool2d_with_indices,
)

torch = pytest.importorskip("torch")
F = torch.nn.functional
torch.set_num_threads(1)

small = st.integers(1, 3)
pairs = st.tuples(small, small)
seeds = st.integers(0, 2**32 - 1)


def tensor(array: np.ndarray) -> Any:
    """An array as a tensor; by a list, so that PyTorch needs no numpy of its own version."""
    kinds = {np.float32: torch.float32, np.uint8: torch.uint8}
    return torch.tensor(array.tolist(), dtype=kinds[array.dtype.type]).reshape(array.shape)


def array(result: Any) -> np.ndarray:
    return np.array(result.tolist()).reshape(tuple(result.shape))


def close(found: np.ndarray, expected: Any, size: float = 1.0) -> None:
    """Within some units in the last place of `size`, or of the value."""
    assert found.dtype == np.float32
    assert found.shape == tuple(expected.shape)
    np.testing.assert_allclose(found, array(expected), rtol=1e-5, atol=4e-6 * size)


@pytest.mark.filterwarnings("ignore:Using padding='same'")  # it says that this costs a copy
@settings(max_examples=200)
@given(st.data(), st.sampled_from(["signal", "matmul"]), st.sampled_from(PADDING_MODES), seeds)
def test_convolution(data, method, mode, seed):
    """All options of nn.Conv2d."""
    generator = np.random.default_rng(seed)
    groups, depth, filters = (data.draw(small) for _ in range(3))
    kernel, stride, dilation = (data.draw(pairs) for _ in range(3))
    padding = data.draw(st.tuples(st.integers(0, 3), st.integers(0, 3)) | st.just("valid"))
    if stride == (1, 1):
        padding = data.draw(st.just(padding) | st.just("same"))
    size = data.draw(st.tuples(st.integers(4, 9), st.integers(4, 9)))
    reach = [dilation[axis] * (kernel[axis] - 1) + 1 for axis in (0, 1)]
    around = (0, 0) if isinstance(padding, str) else padding
    fits = all(size[axis] + 2 * around[axis] >= reach[axis] for axis in (0, 1))
    assume(padding == "same" or fits)
    maps = generator.normal(size=(groups * depth, *size)).astype(np.float32)
    weight = generator.normal(size=(groups * filters, depth, *kernel)).astype(np.float32)
    bias = generator.normal(size=groups * filters).astype(np.float32)
    biased = data.draw(st.booleans())
    options = {"stride": stride, "padding": padding, "dilation": dilation, "groups": groups}
    options |= {"padding_mode": mode}
    layer = torch.nn.Conv2d(
        groups * depth, groups * filters, kernel, **options, bias=biased
    ).requires_grad_(False)
    layer.weight.copy_(tensor(weight))
    if biased:
        layer.bias.copy_(tensor(bias))
    try:
        expected = layer(tensor(maps))
    except (RuntimeError, NotImplementedError):
        with pytest.raises(ValueError, match=r"^(reflect|circular) pads"):
            conv2d(maps, weight, **options, method=method)
        return
    found = conv2d(maps, weight, bias if biased else None, **options, method=method)
    close(found, expected, size=10)


@st.composite
def pools(draw) -> tuple[np.ndarray, dict[str, Any]]:
    """Maps and options that PyTorch takes: at most half of a window is padding."""
    generator = np.random.default_rng(draw(seeds))
    kernel = draw(st.tuples(st.integers(1, 4), st.integers(1, 4)))
    padding = tuple(draw(st.integers(0, side // 2)) for side in kernel)
    size = tuple(
        draw(st.integers(max(1, side - 2 * around), 10))
        for side, around in zip(kernel, padding, strict=True)
    )
    maps = generator.normal(size=(draw(small), *size)).astype(np.float32)
    options = {
        "kernel_size": kernel,
        "stride": draw(st.none() | pairs),
        "padding": padding,
        "ceil_mode": draw(st.booleans()),
    }
    return maps, options


@settings(max_examples=200)
@given(pools(), pairs, st.sampled_from(["normal", "equal", "bytes", "nan", "infinite"]))
def test_max_pool_with_indices(case, dilation, kind):
    maps, options = case
    options = {**options, "dilation": dilation}
    if kind == "equal":
        maps = np.rint(maps)
    if kind == "bytes":
        maps = np.rint(abs(maps)).astype(np.uint8)
    if kind == "nan":
        maps[maps > 1] = np.nan
    if kind == "infinite":
        maps[abs(maps) < 0.5] = -np.inf
    size = maps.shape[1:]
    for axis in (0, 1):
        reach = dilation[axis] * (options["kernel_size"][axis] - 1) + 1
        assume(size[axis] + 2 * options["padding"][axis] >= reach)
    # With a dilation a window may see padding alone: PyTorch gives -inf and an index outside.
    if "padding alone" in refusal(maps, options):
        return
    found, indices = max_pool2d_with_indices(maps, **options)
    expected, places = F.max_pool2d(tensor(maps), **options, return_indices=True)
    np.testing.assert_array_equal(found, array(expected))
    np.testing.assert_array_equal(max_pool2d(maps, **options), array(expected))
    np.testing.assert_array_equal(indices, array(places))


def refusal(maps: np.ndarray, options: dict[str, Any]) -> str:
    """What the program says to these windows, nothing where it takes them."""
    try:
        max_pool2d(maps, **options)
    except ValueError as error:
        return str(error)
    return ""


@settings(max_examples=200)
@given(pools(), st.booleans())
def test_average_pool(case, count_include_pad):
    maps, options = case
    expected = F.avg_pool2d(tensor(maps), **options, count_include_pad=count_include_pad)
    close(avg_pool2d(maps, **options, count_include_pad=count_include_pad), expected)
    if count_include_pad:
        close(avg_pool2d(maps, **options), F.avg_pool2d(tensor(maps), **options))


@given(pools(), st.sampled_from([1.0, 2.0, 3.0]))
def test_norm_pool(case, p):
    """Of positive pixels: PyTorch raises the pixels themselves to the power."""
    maps, options = abs(case[0]), case[1]
    options = {**options, "padding": 0, "ceil_mode": False}
    assume(all(maps.shape[1 + axis] >= options["kernel_size"][axis] for axis in (0, 1)))
    close(lp_pool2d(maps, p, **options), F.lp_pool2d(tensor(maps), p, **without_padding(options)))


def without_padding(options: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in options.items() if key != "padding"}


@given(pools())
def test_global_pools(case):
    maps, _ = case
    close(global_avg_pool2d(maps), F.adaptive_avg_pool2d(tensor(maps), 1))
    close(global_max_pool2d(maps), F.adaptive_max_pool2d(tensor(maps), 1))


@given(st.integers(1, 4), seeds, st.sampled_from([1e-5, 1e-3, 0.1]))
def test_batch_norm(channels, seed, eps):
    generator = np.random.default_rng(seed)
    maps = generator.normal(size=(channels, 5, 4)).astype(np.float32)
    mean, weight, bias = generator.normal(size=(3, channels)).astype(np.float32)
    variance = generator.uniform(0.1, 3, channels).astype(np.float32)
    for given_weight, given_bias in ((weight, bias), (None, None)):
        expected = F.batch_norm(
            tensor(maps[np.newaxis]),
            tensor(mean),
            tensor(variance),
            None if given_weight is None else tensor(given_weight),
            None if given_bias is None else tensor(given_bias),
            eps=eps,
        )[0]
        close(batch_norm(maps, mean, variance, given_weight, given_bias, eps), expected, size=10)


@given(seeds, st.integers(-3, 2), st.sampled_from([1.0, 50.0]))
def test_softmax(seed, axis, scale):
    x = (scale * np.random.default_rng(seed).normal(size=(3, 4, 5))).astype(np.float32)
    close(softmax(x, axis), F.softmax(tensor(x), axis))
    close(softmin(x, axis), F.softmin(tensor(x), axis))
    close(log_softmax(x, axis), F.log_softmax(tensor(x), axis), size=scale)


@given(seeds, st.integers(1, 6), st.integers(1, 4), st.booleans())
def test_linear(seed, rows, outputs, biased):
    generator = np.random.default_rng(seed)
    maps = generator.normal(size=(2, rows, 3)).astype(np.float32)
    weight = generator.normal(size=(outputs, maps.size)).astype(np.float32)
    bias = generator.normal(size=outputs).astype(np.float32) if biased else None
    expected = F.linear(
        torch.flatten(tensor(maps)), tensor(weight), None if bias is None else tensor(bias)
    )
    layer = Linear(0, weight[:, :, np.newaxis, np.newaxis], bias)
    flat = Flatten(1, 2, (rows, 3)).compute(maps)
    made = layer.before_activation(flat, layer.weight, bias, groups=1, method="matmul")
    close(made.ravel(), expected, size=10)


# Activations.

MODULES: dict[str, Any] = {
    "none": torch.nn.Identity,
    "relu": torch.nn.ReLU,
    "leaky_relu": torch.nn.LeakyReLU,
    "tanh": torch.nn.Tanh,
    "sigmoid": torch.nn.Sigmoid,
    "prelu": lambda *weight: torch.nn.PReLU(1, *weight).requires_grad_(False),
    "relu6": torch.nn.ReLU6,
    "elu": torch.nn.ELU,
    "selu": torch.nn.SELU,
    "celu": torch.nn.CELU,
    "gelu": torch.nn.GELU,
    "gelu_tanh": lambda: torch.nn.GELU("tanh"),
    "silu": torch.nn.SiLU,
    "mish": torch.nn.Mish,
    "hardswish": torch.nn.Hardswish,
    "softplus": torch.nn.Softplus,
    "softsign": torch.nn.Softsign,
    "logsigmoid": torch.nn.LogSigmoid,
    "hardsigmoid": torch.nn.Hardsigmoid,
    "hardtanh": torch.nn.Hardtanh,
    "tanhshrink": torch.nn.Tanhshrink,
    "softshrink": torch.nn.Softshrink,
    "hardshrink": torch.nn.Hardshrink,
    "threshold": lambda threshold=0, value=0: torch.nn.Threshold(threshold, value),
}
FIXED = {"hardsigmoid"}  # PyTorch's has no parameters


def test_every_activation_is_held_against_pytorchs() -> None:
    assert set(MODULES) == set(ACTIVATIONS)


@pytest.mark.parametrize("name", ACTIVATIONS)
@given(st.data(), seeds, st.sampled_from([0.1, 1.0, 5.0, 100.0]))
def test_activation(name, data, seed, scale):
    x = (scale * np.random.default_rng(seed).normal(size=(4, 25))).astype(np.float32)
    x[0, :3] = 0, -0.0, 1
    values = []
    for one in () if name in FIXED else ACTIVATIONS[name].parameters:
        if data.draw(st.booleans()):
            break
        values.append(round(data.draw(st.floats(one.low, one.high)), 2))
    if name == "hardtanh":
        low, high = ACTIVATIONS[name].complete(tuple(values))
        assume(low < high)
    close(activate(name, x, *values), MODULES[name](*values)(tensor(x)))


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_activation_of_what_is_large_or_not_finite(name):
    """Wherever PyTorch's result is finite: of 3e38 its GELU and Hardswish are infinite."""
    x = np.array([np.inf, -np.inf, np.nan, 3e38, -3e38, 1e-40], np.float32)
    expected = array(MODULES[name]()(tensor(x)))
    finite = np.isfinite(expected)
    found = activate(name, x)
    np.testing.assert_allclose(found[finite], expected[finite], rtol=1e-5, atol=1e-6)
    assert np.isnan(expected[2])
    assert np.isnan(found[2])
