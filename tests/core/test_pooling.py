"""Pooling by plain loops, by scipy's filters, and by identities."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st
from scipy import ndimage

from cnn_explorer.core.geometry import output_size
from cnn_explorer.core.pooling import (
    avg_pool2d,
    global_avg_pool2d,
    global_max_pool2d,
    lp_pool2d,
    max_pool2d,
    max_pool2d_with_indices,
)

from . import oracle

EPS = float(np.finfo(np.float32).eps)


def two(value):
    return value if isinstance(value, tuple) else (value, value)


@dataclass
class Case:
    """Maps and windows; `windows` walks through them by definition."""

    size: tuple[int, int]
    kernel: Any
    stride: Any = None
    padding: Any = 0
    dilation: Any = 1
    ceil_mode: bool = False
    seed: int = 0

    @property
    def options(self) -> dict[str, Any]:
        return {
            "kernel_size": self.kernel,
            "stride": self.stride,
            "padding": self.padding,
            "dilation": self.dilation,
            "ceil_mode": self.ceil_mode,
        }

    @property
    def sides(self) -> list[tuple[int, int]]:
        stride = two(self.kernel if self.stride is None else self.stride)
        return oracle.sides_of(
            self.size, two(self.kernel), stride, two(self.dilation), self.padding
        )

    def windows(self, axis: int) -> list[list[int]]:
        """Input rows, or columns, of each window, whatever lies outside included."""
        size, kernel, gap = self.size[axis], two(self.kernel)[axis], two(self.dilation)[axis]
        stride = two(self.kernel if self.stride is None else self.stride)[axis]
        before, after = self.sides[axis]
        found, start = [], -before
        while True:
            last = start + (kernel - 1) * gap
            whole = last < size + after
            # The last may be cut off by less than a stride.
            cut = self.ceil_mode and last - stride < size + after - 1 and start < size
            if self.ceil_mode and start >= size:
                return found
            if not whole and not cut:
                return found
            found.append([start + tap * gap for tap in range(kernel)])
            start += stride

    def maps(self, dtype=np.float32) -> np.ndarray:
        generator = np.random.default_rng(self.seed)
        if dtype == np.uint8:
            return generator.integers(0, 4, (2, *self.size), dtype=np.uint8)
        return generator.normal(size=(2, *self.size)).astype(np.float32)

    def pixels(self, row: list[int], column: list[int]) -> list[tuple[int, int]]:
        """The pixels of a window that lie in the map, in reading order."""
        return [
            (y, x) for y in row for x in column if 0 <= y < self.size[0] and 0 <= x < self.size[1]
        ]

    def pooled(self, function) -> np.ndarray:
        """What a function makes of each window."""
        rows, columns = self.windows(0), self.windows(1)
        return np.array(
            [
                [[function(channel, row, column) for column in columns] for row in rows]
                for channel in range(2)
            ]
        )


@st.composite
def cases(draw) -> Case:
    small, zeros = st.integers(1, 3), st.integers(0, 3)
    pairs = small | st.tuples(small, small)
    each_side = st.tuples(st.tuples(zeros, zeros), st.tuples(zeros, zeros))
    case = Case(
        draw(st.tuples(st.integers(1, 8), st.integers(1, 8))),
        draw(st.integers(1, 4) | st.tuples(st.integers(1, 4), st.integers(1, 4))),
        draw(st.none() | pairs),
        draw(
            st.sampled_from(["same", "same_lower", "valid"])
            | zeros
            | st.tuples(zeros, zeros)
            | each_side
        ),
        draw(pairs),
        draw(st.booleans()),
        draw(st.integers(0, 2**32 - 1)),
    )
    windows = [case.windows(axis) for axis in (0, 1)]
    assume(all(windows))
    inside = [
        any(0 <= tap < case.size[axis] for tap in window)
        for axis in (0, 1)
        for window in windows[axis]
    ]
    assume(all(inside))
    return case


EDGES = [
    Case((4, 4), 3, 2, ceil_mode=True),  # two of three columns are there
    Case((2, 2), 2, 1, "same_lower"),
    Case((3, 4), (1, 3), (2, 3), (0, 1), ceil_mode=True),  # a last window would start in padding
    Case((5, 5), 3, 1, 2, dilation=2),
]


@pytest.mark.parametrize("dtype", [np.float32, np.uint8])
@example(EDGES[0])
@example(EDGES[1])
@example(EDGES[2])
@example(EDGES[3])
@settings(max_examples=150)
@given(cases())
def test_the_largest_and_where_it_is_follow_the_definition(dtype, case):
    maps = case.maps(dtype)
    before = maps.copy()

    def first_largest(channel, row, column):
        return max(case.pixels(row, column), key=lambda pixel: maps[channel][pixel])

    def largest(channel, row, column):
        return maps[channel][first_largest(channel, row, column)]

    def place(channel, row, column):
        y, x = first_largest(channel, row, column)
        return y * case.size[1] + x

    values, indices = max_pool2d_with_indices(maps, **case.options)
    for result in (values, max_pool2d(maps, **case.options)):
        assert result.dtype == dtype
        np.testing.assert_array_equal(result, case.pooled(largest))
    assert indices.dtype == np.int64
    np.testing.assert_array_equal(indices, case.pooled(place))
    np.testing.assert_array_equal(maps, before)


@pytest.mark.parametrize("count_include_pad", [True, False])
@example(EDGES[0])
@example(EDGES[2])
@settings(max_examples=150)
@given(cases())
def test_the_mean_follows_the_definition(count_include_pad, case):
    maps = case.maps().astype(float)
    (top, bottom), (left, right) = case.sides

    def mean(channel, row, column):
        total = sum(maps[channel][pixel] for pixel in case.pixels(row, column))
        if not count_include_pad:
            return total / len(case.pixels(row, column))
        counted = [
            (y, x)
            for y in row
            for x in column
            if -top <= y < case.size[0] + bottom and -left <= x < case.size[1] + right
        ]
        return total / len(counted)

    result = avg_pool2d(case.maps(), **case.options, count_include_pad=count_include_pad)
    assert result.dtype == np.float32
    np.testing.assert_allclose(result, case.pooled(mean), rtol=0, atol=40 * EPS)


@given(cases(), st.sampled_from([1, 2, 3, 0.5]))
def test_the_norm_follows_the_definition(case, p):
    maps = case.maps().astype(float)

    def norm(channel, row, column):
        return sum(abs(maps[channel][one]) ** p for one in case.pixels(row, column)) ** (1 / p)

    result = lp_pool2d(case.maps(), p, **case.options)
    assert result.dtype == np.float32
    np.testing.assert_allclose(result, case.pooled(norm), rtol=1e-5, atol=1e-6)


@given(cases())
def test_sizes_are_those_of_a_convolution(case):
    stride = case.kernel if case.stride is None else case.stride
    options = {key: case.options[key] for key in ("padding", "dilation", "ceil_mode")}
    size = output_size(case.size, two(case.kernel), stride=stride, **options)
    assert max_pool2d(case.maps(), **case.options).shape == (2, *size)


@given(st.integers(1, 2), st.integers(5, 9), st.integers(0, 999))
def test_windows_around_each_pixel_are_scipys_filters(reach, side, seed):
    maps = np.random.default_rng(seed).normal(size=(3, side, side + 1)).astype(np.float32)
    width = 2 * reach + 1
    options = {"stride": 1, "padding": reach}
    for channel, largest, mean in zip(
        maps, max_pool2d(maps, width, **options), avg_pool2d(maps, width, **options), strict=True
    ):
        filtered = ndimage.maximum_filter(channel, width, mode="constant", cval=-np.inf)
        np.testing.assert_array_equal(largest, filtered)
        filtered = ndimage.uniform_filter(channel.astype(float), width, mode="constant")
        np.testing.assert_allclose(mean, filtered, atol=1e-6)


@given(cases())
def test_indices_lead_back_to_the_values(case):
    maps = case.maps()
    values, indices = max_pool2d_with_indices(maps, **case.options)
    flat = maps.reshape(2, -1)
    np.testing.assert_array_equal(
        values, [channel[places] for channel, places in zip(flat, indices, strict=True)]
    )


@given(cases())
def test_a_larger_map_has_larger_pools_and_a_shift_moves_them(case):
    maps = case.maps()
    most, least = max_pool2d(maps, **case.options), -max_pool2d(-maps, **case.options)
    mean = avg_pool2d(maps, **case.options, count_include_pad=False)
    assert (least <= most).all()
    assert (least - 1e-5 <= mean).all()
    assert (mean <= most + 1e-5).all()
    np.testing.assert_array_equal(max_pool2d(maps * 2 + 4, **case.options), most * 2 + 4)


def test_padding_is_never_the_largest_and_a_nan_always_is():
    maps = np.full((1, 3, 3), -5, np.float32)
    np.testing.assert_array_equal(max_pool2d(maps, 3, stride=1, padding=1), maps)
    maps[0, 0, 0] = -np.inf
    values, indices = max_pool2d_with_indices(maps, 1)
    np.testing.assert_array_equal(values, maps)
    assert indices.ravel().tolist() == list(range(9))
    maps[0, 1, 1] = maps[0, 1, 2] = np.nan
    values, indices = max_pool2d_with_indices(maps, 2, stride=1)
    np.testing.assert_array_equal(values, np.full((1, 2, 2), np.nan))
    np.testing.assert_array_equal(values, max_pool2d(maps, 2, stride=1))
    assert indices.ravel().tolist() == [4, 5, 4, 5]
    maps = np.zeros((1, 2, 2), np.uint8)
    assert max_pool2d_with_indices(maps, 2, stride=1, padding=1)[1].tolist() == [
        [[0, 0, 1], [0, 0, 1], [2, 2, 3]]
    ]


def test_the_whole_map_is_pooled_to_one_pixel():
    maps = np.arange(24, dtype=np.float32).reshape(2, 3, 4)
    np.testing.assert_array_equal(global_max_pool2d(maps), [[[11]], [[23]]])
    np.testing.assert_array_equal(global_avg_pool2d(maps), [[[5.5]], [[17.5]]])
    assert global_max_pool2d(maps.astype(np.uint8)).dtype == np.uint8
    assert global_avg_pool2d(maps.astype(np.uint8)).dtype == np.float32


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ({"maps": np.zeros((3, 3))}, "maps (3, 3) do not have the axes (maps, rows, columns)."),
        ({"kernel_size": 0}, "the kernel size is 0; it must be a whole number from 1, or two"),
        ({"kernel_size": 4}, "a 4×4 kernel does not fit its 3×3 input padded to 3×3"),
        (
            {"padding": (0, 2)},
            "column 0 of the pooled maps would see padding alone: it needs less padding or a "
            "larger window.",
        ),
        ({"stride": 0}, "the stride is 0"),
    ],
)
def test_what_cannot_work_gets_its_sentence(arguments, sentence):
    given = {"maps": np.zeros((1, 3, 3)), "kernel_size": 2} | arguments
    for pool in (max_pool2d, max_pool2d_with_indices, avg_pool2d):
        with pytest.raises(ValueError, match=r"\.$") as error:
            pool(**given)
        assert sentence in str(error.value)
    with pytest.raises(ValueError, match=r"^p is 0; it must be more than 0\.$"):
        lp_pool2d(np.zeros((1, 3, 3)), 0, 2)
