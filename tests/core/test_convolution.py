import tracemalloc
from dataclasses import dataclass
from math import ceil
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from cnn_explorer.core import convolution
from cnn_explorer.core.convolution import AUTO_LIMIT, conv2d, multiply_adds, resolve_method
from cnn_explorer.core.geometry import explicit_padding, output_size, taps

METHODS = ("signal", "matmul")
EPS = np.finfo(np.float32).eps


@dataclass
class Case:
    """A layer with all its options; `random` makes its arrays."""

    size: tuple[int, int]
    kernel: tuple[int, int]
    depth: int = 1
    filters_per_group: int = 1
    groups: int = 1
    stride: Any = 1
    padding: Any = 0
    dilation: Any = 1
    bias: bool = True
    seed: int = 0

    @property
    def options(self) -> dict[str, Any]:
        return {"stride": self.stride, "padding": self.padding, "dilation": self.dilation}

    def random(self) -> tuple[np.ndarray, np.ndarray, np.ndarray | None]:
        rng = np.random.default_rng(self.seed)
        filters = self.filters_per_group * self.groups
        # Magnitudes differ by channel: a filter that reads the wrong map cannot go unnoticed.
        maps = rng.normal(size=(self.depth * self.groups, *self.size))
        maps *= 10.0 ** rng.integers(-2, 3, (len(maps), 1, 1))
        weight = rng.normal(size=(filters, self.depth, *self.kernel)).astype(np.float32)
        bias = rng.normal(size=filters).astype(np.float32) if self.bias else None
        return maps.astype(np.float32), weight, bias


def two(value):
    return value if isinstance(value, tuple) else (value, value)


def sides_of(size: int, kernel: int, stride: int, dilation: int, padding) -> tuple[int, int]:
    """Zeros before and after one axis; "same" by trying one more until all windows fit."""
    if padding == "valid":
        return 0, 0
    if padding != "same":
        return two(padding)
    total = 0
    while len(range(0, size + total - dilation * (kernel - 1), stride)) < ceil(size / stride):
        total += 1
    return total // 2, (total + 1) // 2


def seven_loops(case: Case, maps, weight, bias) -> tuple[np.ndarray, np.ndarray]:
    """Convolve in float64 by definition; also the bound on the error of any order in float32."""
    (sr, sc), (dr, dc), (kh, kw) = two(case.stride), two(case.dilation), case.kernel
    padding = case.padding if isinstance(case.padding, tuple) else (case.padding, case.padding)
    height, width = case.size
    top, bottom = sides_of(height, kh, sr, dr, padding[0])
    left, right = sides_of(width, kw, sc, dc, padding[1])
    rows = range(-top, height + bottom - dr * (kh - 1), sr)
    columns = range(-left, width + right - dc * (kw - 1), sc)
    out = np.zeros((len(weight), len(rows), len(columns)))
    bound = np.zeros_like(out)
    maps, weight = maps.tolist(), weight.tolist()
    for j in range(len(weight)):
        for y, row in enumerate(rows):
            for x, column in enumerate(columns):
                total = float(bias[j]) if bias is not None else 0.0
                absolute = abs(total)
                for i in range(case.depth):
                    channel = maps[j // case.filters_per_group * case.depth + i]
                    for a in range(kh):
                        for b in range(kw):
                            r, c = row + a * dr, column + b * dc
                            if 0 <= r < height and 0 <= c < width:
                                product = channel[r][c] * weight[j][i][a][b]
                                total += product
                                absolute += abs(product)
                out[j, y, x] = total
                bound[j, y, x] = (case.depth * kh * kw + 1) * EPS * absolute
    return out, bound


@st.composite
def cases(draw) -> Case:
    small, zeros = st.integers(1, 3), st.integers(0, 3)
    pairs = small | st.tuples(small, small)
    kernel = draw(st.tuples(st.integers(1, 4), st.integers(1, 4)))
    stride, dilation = draw(pairs), draw(pairs)
    each_side = st.tuples(st.tuples(zeros, zeros), st.tuples(zeros, zeros))
    padding = draw(st.sampled_from(["same", "valid"]) | zeros | st.tuples(zeros, zeros) | each_side)
    size = []
    for axis in (0, 1):
        reach = two(dilation)[axis] * (kernel[axis] - 1) + 1
        own = 0 if padding == "valid" else two(padding)[axis]
        least = 1 if padding == "same" else max(1, reach - sum(two(own)))
        size.append(draw(st.integers(least, least + 5)))
    return Case(
        (size[0], size[1]),
        kernel,
        draw(small),
        draw(small),
        draw(small),
        stride,
        padding,
        dilation,
        draw(st.booleans()),
        draw(st.integers(0, 2**32 - 1)),
    )


def check(case: Case, method: str) -> None:
    maps, weight, bias = case.random()
    expected, bound = seven_loops(case, maps, weight, bias)
    result = conv2d(maps, weight, bias, **case.options, groups=case.groups, method=method)
    assert result.dtype == np.float32
    assert result.shape == expected.shape
    assert (abs(result - expected) <= bound).all()


@given(cases())
def test_taps_say_what_each_output_pixel_is_made_from(case):
    """As the loops of the definition go through them; and the sums over them are the layer's."""
    rows, columns = taps(case.size, case.kernel, **case.options)
    padding = case.padding if isinstance(case.padding, tuple) else (case.padding, case.padding)
    for axis, found in enumerate((rows, columns)):
        size, side = case.size[axis], case.kernel[axis]
        stride, dilation = two(case.stride)[axis], two(case.dilation)[axis]
        before, after = sides_of(size, side, stride, dilation, padding[axis])
        starts = range(-before, size + after - dilation * (side - 1), stride)
        assert found.tolist() == [[start + n * dilation for n in range(side)] for start in starts]
    with pytest.raises(ValueError, match="does not fit"):
        taps((3, 3), (5, 3))


EDGES = [
    Case((5, 5), (5, 5), depth=2, filters_per_group=2),  # one window
    Case((3, 3), (5, 5), padding=1),  # one window, larger than the map
    Case((1, 1), (4, 4), padding="same", stride=3),
    Case((6, 7), (2, 4), padding="same", depth=2),  # even kernels
    Case((7, 6), (1, 1), depth=3, filters_per_group=2, stride=4, padding="same"),
    Case((4, 4), (3, 3), groups=4, filters_per_group=2, padding="same", dilation=2),  # depthwise
    Case((4, 5), (3, 2), padding=((3, 0), (0, 2)), stride=(1, 3), bias=False),
]


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("case", EDGES)
def test_edges_agree_with_the_definition(case, method):
    check(case, method)


@settings(max_examples=100)
@given(cases())
def test_signal_agrees_with_the_definition(case):
    check(case, "signal")


@settings(max_examples=100)
@given(cases(), st.sampled_from([1, 200, 1000, convolution.BLOCK_BYTES]))
def test_matmul_agrees_with_the_definition_in_blocks_of_any_size(case, block_bytes):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(convolution, "BLOCK_BYTES", block_bytes)
        check(case, "matmul")


RAMP = np.arange(25).reshape(1, 5, 5)
TALL = np.arange(35).reshape(1, 7, 5)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize(
    ("maps", "options", "expected"),
    [
        # The values of ONNX's operator tests: a ramp and a kernel of ones.
        (
            RAMP,
            {"padding": 1},
            [
                [12, 21, 27, 33, 24],
                [33, 54, 63, 72, 51],
                [63, 99, 108, 117, 81],
                [93, 144, 153, 162, 111],
                [72, 111, 117, 123, 84],
            ],
        ),
        (RAMP, {}, [[54, 63, 72], [99, 108, 117], [144, 153, 162]]),
        (RAMP, {"stride": 2, "padding": "same"}, [[12, 27, 24], [63, 108, 81], [72, 117, 84]]),
        (
            TALL,
            {"stride": 2, "padding": 1},
            [[12, 27, 24], [63, 108, 81], [123, 198, 141], [112, 177, 124]],
        ),
        (TALL, {"stride": (2, 2)}, [[54, 72], [144, 162], [234, 252]]),
        (
            TALL,
            {"stride": 2, "padding": (1, 0)},
            [[21, 33], [99, 117], [189, 207], [171, 183]],
        ),
        (RAMP, {"dilation": 2}, [[108]]),
    ],
)
def test_published_values(maps, options, expected, method):
    result = conv2d(maps, np.ones((1, 1, 3, 3)), **options, method=method)
    np.testing.assert_array_equal(result[0], expected)


@pytest.mark.parametrize("method", METHODS)
def test_by_hand_the_kernel_is_not_flipped_and_the_odd_zero_is_below_and_right(method):
    weight = [[[[1, 10], [100, 1000]]]]
    result = conv2d([[[1, 2], [3, 4]]], weight, [0.5], padding="same", method=method)
    np.testing.assert_array_equal(result[0], [[4321.5, 402.5], [43.5, 4.5]])


@pytest.mark.parametrize("method", METHODS)
@given(st.integers(1, 6), st.integers(1, 6), st.integers(0, 2**32 - 1))
def test_a_kernel_with_a_single_one_shifts_the_map(method, kh, kw, seed):
    rng = np.random.default_rng(seed)
    maps = rng.normal(size=(1, 8, 9)).astype(np.float32)
    a, b = int(rng.integers(kh)), int(rng.integers(kw))
    weight = np.zeros((1, 1, kh, kw), np.float32)
    weight[0, 0, a, b] = 1
    result = conv2d(maps, weight, method=method)
    np.testing.assert_array_equal(result, maps[:, a : 9 - kh + a, b : 10 - kw + b])


def whole_numbers(case: Case) -> tuple[np.ndarray, np.ndarray]:
    """Small ones: their sums are exact in float32, so that identities hold to the last digit."""
    maps, weight, _ = case.random()
    return np.rint(np.clip(maps, -50, 50)), np.rint(4 * weight)


@pytest.mark.parametrize("method", METHODS)
@given(cases(), st.integers(-4, 4))
def test_it_is_linear_in_maps_and_weight_and_moves_with_the_bias(method, case, factor):
    maps, weight = whole_numbers(case)
    more_maps, more_weight = np.flip(maps, 1), np.flip(weight, 3)
    options = {**case.options, "groups": case.groups, "method": method}

    def run(maps, weight, bias=None):
        return conv2d(maps, weight, bias, **options)

    plain = run(maps, weight)
    np.testing.assert_array_equal(
        run(factor * maps + more_maps, weight), factor * plain + run(more_maps, weight)
    )
    np.testing.assert_array_equal(
        run(maps, factor * weight + more_weight), factor * plain + run(maps, more_weight)
    )
    bias = np.arange(len(weight))
    np.testing.assert_array_equal(run(maps, weight, bias), plain + bias[:, None, None])


@pytest.mark.parametrize("method", METHODS)
@given(cases())
def test_groups_do_not_see_each_other(method, case):
    maps, weight = whole_numbers(case)
    options = {**case.options, "method": method}
    whole = conv2d(maps, weight, **options, groups=case.groups)
    parts = [
        conv2d(group, filters, **options)
        for group, filters in zip(
            np.split(maps, case.groups), np.split(weight, case.groups), strict=True
        )
    ]
    np.testing.assert_array_equal(np.concatenate(parts), whole)


def test_signal_sums_in_the_order_of_the_channels_and_adds_the_bias_last():
    maps, weight, bias = Case((9, 9), (3, 3), depth=20).random()
    total = np.zeros((1, 7, 7), np.float32)
    for i in range(20):
        total += conv2d(maps[i : i + 1], weight[:, i : i + 1], method="signal")
    np.testing.assert_array_equal(conv2d(maps, weight, bias, method="signal"), total + bias[0])


@pytest.mark.parametrize("method", METHODS)
def test_arrays_may_be_read_only_repeated_and_out_of_order_and_stay_as_they_are(method):
    maps, weight, bias = Case((6, 7), (3, 2), depth=3, filters_per_group=2).random()
    # One flat kernel for every input map, as a view that repeats it.
    flat = np.broadcast_to(weight[:, :1], weight.shape)
    turned = np.asfortranarray(maps)
    turned.flags.writeable = False
    before = turned.copy(), flat.copy(), bias.copy()
    result = conv2d(turned, flat, bias, method=method)
    np.testing.assert_array_equal(result, conv2d(maps, flat.copy(), bias, method=method))
    for array, copy in zip((turned, flat, bias), before, strict=True):
        np.testing.assert_array_equal(array, copy)
    assert result.flags.writeable
    assert result.flags.c_contiguous
    assert not np.shares_memory(result, turned)


@pytest.mark.parametrize("method", METHODS)
def test_values_that_are_not_finite_pass(method):
    maps = np.ones((1, 5, 5), np.float32)
    maps[0, 0, 0], maps[0, 4, 4] = np.inf, np.nan
    result = conv2d(maps, np.full((1, 1, 2, 2), 3e38), [-np.inf], method=method)[0]
    assert np.isnan(result[0, 0])
    assert np.isnan(result[3, 3])
    assert not np.isfinite(result).any()


@given(
    st.integers(1, 40),
    st.integers(1, 11),
    st.integers(1, 4),
    st.integers(1, 3),
    st.sampled_from(["same", "valid"]) | st.integers(0, 10),
)
@example(28, 3, 2, 1, "same")
@example(28, 2, 1, 1, "same")
@example(1, 11, 4, 3, "same")
def test_sizes_follow_from_counting_windows(size, kernel, stride, dilation, padding):
    before, after = sides_of(size, kernel, stride, dilation, padding)
    windows = len(range(0, before + size + after - dilation * (kernel - 1), stride))
    # The other axis has numbers of its own, so that the two cannot be swapped unnoticed.
    sizes, kernels = (size, 50), (kernel, 2)
    options = {"stride": (stride, 5), "dilation": (dilation, 7), "padding": padding}
    sides = explicit_padding(sizes, kernels, **options)
    assert sides == (
        (before, after),
        sides_of(50, 2, 5, 7, padding),
    )
    if windows == 0:
        with pytest.raises(ValueError, match="does not fit"):
            output_size(sizes, kernels, **options)
        return
    rows, columns = output_size(sizes, kernels, **options)
    assert rows == windows
    if padding == "same":
        assert (rows, columns) == (ceil(size / stride), 10)
        assert before <= after <= before + 1


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (
            {"maps": (5, 5)},
            "maps (5, 5) and weight (4, 2, 3, 3) do not have the axes "
            "(in, rows, columns) and (out, in / groups, kh, kw).",
        ),
        ({"weight": (3, 3)}, "maps (2, 5, 5) and weight (3, 3) do not have the axes"),
        ({"maps": (2, 0, 5)}, "maps (2, 0, 5) and weight (4, 2, 3, 3) must not be empty."),
        ({"weight": (0, 2, 3, 3)}, "weight (0, 2, 3, 3) must not be empty."),
        (
            {"maps": (3, 5, 5)},
            "maps (3, 5, 5) and weight (4, 2, 3, 3) do not match: groups=1 and filters of depth 2 "
            "need 2 input maps, not 3.",
        ),
        ({"groups": 2}, "groups=2 and filters of depth 2 need 4 input maps, not 2."),
        (
            {"groups": 3},
            "3 groups do not divide the 2 input maps and 4 filters "
            "of maps (2, 5, 5) and weight (4, 2, 3, 3) evenly.",
        ),
        (
            {"maps": (4, 5, 5), "weight": (3, 2, 3, 3), "groups": 2},
            "2 groups do not divide the 4 input maps and 3 filters",
        ),
        ({"groups": 0}, "groups is 0; it must be a whole number from 1."),
        ({"bias": (2,)}, "bias (2,) does not match weight (4, 2, 3, 3): 4 filters need (4,)."),
        ({"bias": (4, 1)}, "bias (4, 1) does not match weight (4, 2, 3, 3): 4 filters need (4,)."),
        ({"stride": 0}, "the stride is 0; it must be a whole number from 1, or two of them."),
        ({"stride": (1, -2)}, "the stride is (1, -2); it must be"),
        ({"stride": 1.5}, "the stride is 1.5; it must be"),
        ({"dilation": 0}, "the dilation is 0; it must be"),
        ({"dilation": (1, 1, 1)}, "the dilation is (1, 1, 1); it must be"),
        ({"padding": -1}, "the padding is -1; it must be a whole number from 0, or two of them."),
        ({"padding": (1, 2, 3)}, "the padding is (1, 2, 3); it must be"),
        ({"padding": ((1, 2), (3, -4))}, "the padding is (3, -4); it must be"),
        (
            {"padding": "full"},
            "there is no padding “full”; choose same, same_lower, valid or whole numbers from 0.",
        ),
        ({"method": "fft"}, "there is no method “fft”; choose from auto, signal, matmul."),
        (
            {"weight": (4, 2, 9, 9)},
            "a 9×9 kernel does not fit its 5×5 input padded to 5×5: "
            "it needs a smaller kernel or more padding.",
        ),
        (
            {"weight": (4, 2, 3, 8), "padding": (0, 1)},
            "a 3×8 kernel does not fit its 5×5 input padded to 5×7",
        ),
        (
            {"dilation": (3, 1), "padding": ((0, 1), (0, 0))},
            "a 3×3 kernel dilated to 7×3 does not fit its 5×5 input padded to 6×5: "
            "it needs a smaller kernel, less dilation or more padding.",
        ),
    ],
)
def test_what_cannot_work_gets_its_sentence(arguments, sentence):
    shapes = {"maps": (2, 5, 5), "weight": (4, 2, 3, 3)}
    arrays = {
        name: np.zeros(shape, np.float32)
        for name, shape in (shapes | arguments).items()
        if name in ("maps", "weight", "bias")
    }
    options = {name: value for name, value in arguments.items() if name not in arrays}
    with pytest.raises(ValueError, match=r".*\.$") as error:
        conv2d(**arrays, **options)
    assert sentence in str(error.value)


def test_a_checkpoint_comes_before_each_filter_and_each_block(monkeypatch):
    calls = []
    maps, weight, _ = Case((6, 6), (3, 3), depth=2, filters_per_group=5).random()

    def count(method):
        calls.clear()
        conv2d(maps, weight, method=method, checkpoint=lambda: calls.append(None))
        return len(calls)

    assert count("signal") == 5
    assert count("matmul") == 1
    monkeypatch.setattr(convolution, "BLOCK_BYTES", 4 * 2 * 9 * 4)  # one of the four rows
    assert count("matmul") == 4
    monkeypatch.setattr(convolution, "BLOCK_BYTES", 4 * 2 * 9 * 3)  # three of its four pixels
    assert count("matmul") == 8


@pytest.mark.parametrize("method", METHODS)
def test_a_checkpoint_can_end_the_computation(method, monkeypatch):
    class Stop(Exception):
        pass

    calls = []

    def checkpoint():
        calls.append(None)
        if len(calls) == 2:
            raise Stop

    monkeypatch.setattr(convolution, "BLOCK_BYTES", 1)
    maps, weight, _ = Case((6, 6), (3, 3), filters_per_group=5).random()
    with pytest.raises(Stop):
        conv2d(maps, weight, method=method, checkpoint=checkpoint)
    assert len(calls) == 2


def test_auto_goes_by_the_number_of_multiply_adds():
    assert multiply_adds(5, 3, (2, 7), (11, 13)) == 5 * 3 * 2 * 7 * 11 * 13
    assert resolve_method(AUTO_LIMIT) == "signal"
    assert resolve_method(AUTO_LIMIT + 1) == "matmul"

    def checkpoints(side):
        calls = []
        maps = np.zeros((2, side, side), np.float32)
        weight = np.zeros((5, 2, 1, 1), np.float32)
        conv2d(maps, weight, checkpoint=lambda: calls.append(None))
        return len(calls)

    side = int((AUTO_LIMIT / 10) ** 0.5)  # 5 filters of depth 2
    assert checkpoints(side) == 5
    assert checkpoints(side + 1) == 1


@pytest.mark.parametrize("groups", [1, 64])
def test_matmul_never_holds_more_than_a_block_of_columns_and_what_they_are_cut_from(groups):
    channels, side, kernel = 64, 28, 11
    maps = np.ones((channels, side, side), np.float32)
    weight = np.ones((64, channels // groups, kernel, kernel), np.float32)
    columns = 4 * channels * kernel**2 * side**2
    out = 4 * 64 * side**2
    assert columns > 4 * convolution.BLOCK_BYTES
    tracemalloc.start()
    try:
        conv2d(maps, weight, padding="same", groups=groups, method="matmul")
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    padded = 4 * channels * (side + kernel - 1) ** 2
    assert peak < 2 * convolution.BLOCK_BYTES + padded + out + 100_000
