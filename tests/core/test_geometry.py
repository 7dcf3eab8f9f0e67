"""Padding modes, SAME_LOWER and the last window of ceil_mode, by counting and by walking."""

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from cnn_explorer.core.convolution import conv2d
from cnn_explorer.core.geometry import PADDING_MODES, explicit_padding, output_size, pad, taps

from . import oracle

NUMPY_MODES = {"zeros": "constant", "reflect": "reflect", "replicate": "edge", "circular": "wrap"}

widths = st.integers(0, 4)
all_sides = st.tuples(st.tuples(widths, widths), st.tuples(widths, widths))


def most(mode: str, length: int) -> int:
    return {"reflect": length - 1, "circular": length}.get(mode, 99)


@given(
    st.sampled_from(PADDING_MODES),
    st.tuples(st.integers(1, 5), st.integers(1, 5)),
    all_sides,
    st.sampled_from([np.float32, np.uint8]),
)
def test_padding_is_numpys(mode, size, sides, dtype):
    maps = np.arange(1, 2 * size[0] * size[1] + 1, dtype=dtype).reshape(2, *size)
    if any(max(sides[axis]) > most(mode, size[axis]) for axis in (0, 1)):
        with pytest.raises(ValueError, match=rf"^{mode} pads \d .*; they have \d\.$"):
            pad(maps, sides, mode)
        return
    result = pad(maps, sides, mode)
    assert result.dtype == dtype
    np.testing.assert_array_equal(result, np.pad(maps, ((0, 0), *sides), mode=NUMPY_MODES[mode]))


def test_a_constant_other_than_zero_may_be_put_around():
    result = pad(np.ones((1, 1, 1), np.float32), ((1, 0), (0, 2)), value=-np.inf)
    np.testing.assert_array_equal(result, [[[-np.inf] * 3, [1, -np.inf, -np.inf]]])


@given(
    st.sampled_from(PADDING_MODES[1:]),
    st.tuples(st.integers(1, 7), st.integers(1, 7)),
    st.tuples(st.integers(1, 3), st.integers(1, 3)),
    all_sides,
    st.integers(1, 3),
    st.integers(1, 2),
)
def test_taps_name_the_pixels_that_a_padding_copies(mode, size, kernel, sides, stride, dilation):
    """A map in which each pixel holds its own number says where a window's pixels come from."""
    assume(all(max(sides[axis]) <= most(mode, size[axis]) for axis in (0, 1)))
    numbers = np.arange(size[0] * size[1]).reshape(1, *size)
    padded = np.pad(numbers[0], sides, mode=NUMPY_MODES[mode])
    options = {"stride": stride, "padding": sides, "dilation": dilation}
    reach = [dilation * (side - 1) + 1 for side in kernel]
    assume(all(padded.shape[axis] >= reach[axis] for axis in (0, 1)))
    rows, columns = taps(size, kernel, **options, padding_mode=mode)
    assert rows.min() >= 0
    assert columns.min() >= 0
    for y, x in np.ndindex(len(rows), len(columns)):
        seen = numbers[0][rows[y][:, np.newaxis], columns[x]]
        top, left = y * stride, x * stride
        expected = padded[top : top + reach[0] : dilation, left : left + reach[1] : dilation]
        np.testing.assert_array_equal(seen, expected)


@pytest.mark.parametrize("method", ["signal", "matmul"])
@given(
    st.sampled_from(PADDING_MODES),
    st.tuples(st.integers(4, 7), st.integers(4, 7)),
    st.tuples(st.integers(1, 4), st.integers(1, 4)),
    st.sampled_from(["same", "same_lower", 2, (1, 3), ((0, 2), (3, 1))]),
    st.integers(1, 3),
    st.integers(0, 999),
)
def test_a_convolution_of_every_padding_follows_the_definition(
    method, mode, size, kernel, padding, stride, seed
):
    """Whole numbers, so that every sum is exact; "same_lower" by plain loops."""
    generator = np.random.default_rng(seed)
    maps = generator.integers(-9, 10, (2, *size))
    weight = generator.integers(-4, 5, (3, 2, *kernel))
    options = {"stride": stride, "padding": padding, "padding_mode": mode}
    sides = oracle.sides_of(size, kernel, (stride, stride), (1, 1), padding)
    assume(all(sum(sides[axis]) + size[axis] >= kernel[axis] for axis in (0, 1)))
    padded = np.pad(maps, ((0, 0), *sides), mode=NUMPY_MODES[mode]).tolist()
    starts = [range(0, sum(sides[n]) + size[n] - kernel[n] + 1, stride) for n in (0, 1)]
    expected = [
        [
            [
                sum(
                    padded[channel][y + a][x + b] * int(weight[j, channel, a, b])
                    for channel, a, b in np.ndindex(2, *kernel)
                )
                for x in starts[1]
            ]
            for y in starts[0]
        ]
        for j in range(3)
    ]
    np.testing.assert_array_equal(conv2d(maps, weight, **options, method=method), expected)


@given(st.integers(1, 40), st.integers(1, 11), st.integers(1, 4), st.integers(1, 3))
def test_same_lower_is_same_seen_from_the_other_end(size, kernel, stride, dilation):
    options = {"stride": stride, "dilation": dilation}
    upper = explicit_padding((size, 9), (kernel, 4), padding="same", **options)
    lower = explicit_padding((size, 9), (kernel, 4), padding="same_lower", **options)
    assert lower == (upper[0][::-1], upper[1][::-1])
    assert 0 <= lower[0][0] - lower[0][1] <= 1
    rows, _ = output_size((size, 9), (kernel, 4), padding="same_lower", **options)
    assert rows == -(-size // stride)


@given(
    st.integers(1, 12),
    st.integers(1, 5),
    st.integers(1, 4),
    st.integers(1, 3),
    st.tuples(widths, widths),
)
def test_with_ceil_mode_the_last_window_starts_in_the_input_or_the_padding_before(
    size, kernel, stride, dilation, sides
):
    end = size + sides[1] - dilation * (kernel - 1)
    windows = 0
    # One more than fit, as long as less than a stride is missing.
    while windows * stride - sides[0] < min(size, end + stride - 1):
        windows += 1
    options = {"stride": stride, "padding": (sides, (0, 0)), "dilation": (dilation, 1)}
    if windows == 0:
        with pytest.raises(ValueError, match="does not fit"):
            output_size((size, 1), (kernel, 1), ceil_mode=True, **options)
        return
    assert output_size((size, 1), (kernel, 1), ceil_mode=True, **options)[0] == windows
    rows, _ = taps((size, 1), (kernel, 1), ceil_mode=True, **options)
    assert rows[:, 0].tolist() == [n * stride - sides[0] for n in range(windows)]


@pytest.mark.parametrize(
    ("mode", "padding", "sentence"),
    [
        (
            "mirror",
            1,
            "there is no padding mode “mirror”; choose from zeros, reflect, replicate, circular.",
        ),
        (
            "reflect",
            (3, 0),
            "reflect pads 3 rows, and needs maps of at least 4; they have 3.",
        ),
        (
            "circular",
            ((0, 0), (0, 5)),
            "circular pads 5 columns, and needs maps of as many; they have 4.",
        ),
    ],
)
def test_what_cannot_be_copied_gets_its_sentence(mode, padding, sentence):
    with pytest.raises(ValueError, match=r"\.$") as error:
        conv2d(np.zeros((1, 3, 4)), np.zeros((1, 1, 1, 1)), padding=padding, padding_mode=mode)
    assert str(error.value) == sentence
    with pytest.raises(ValueError, match=r"\.$") as error:
        taps((3, 4), (1, 1), padding=padding, padding_mode=mode)
    assert str(error.value) == sentence
