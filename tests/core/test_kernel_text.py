import contextlib
import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from cnn_explorer.core.kernel_text import MAX_TEXT, kernel_text, number_text, read_kernel

kernels = arrays.arrays(
    np.float32,
    arrays.array_shapes(min_dims=2, max_dims=2, max_side=11),
    elements=st.floats(-1e6, 1e6, width=32),
)


def read(text: str) -> np.ndarray:
    return read_kernel(text).astype(np.float32)


def same_bits(one: np.ndarray, other: np.ndarray) -> bool:
    return one.shape == other.shape and one.tobytes() == other.tobytes()


@given(kernels)
def test_what_is_copied_is_pasted_to_the_last_bit(kernel: np.ndarray) -> None:
    assert same_bits(read(kernel_text(kernel)), kernel)


@given(kernels, st.sampled_from([" ", "  ", ",", ", ", ";", " \t"]), st.sampled_from(["", ","]))
def test_columns_may_be_separated_in_other_ways(kernel: np.ndarray, by: str, end: str) -> None:
    lines = [by.join(map(number_text, row)) + end for row in kernel]
    assert same_bits(read("\r\n".join(lines) + "\n"), kernel)


@given(kernels)
def test_lists_of_json_and_numpy_are_read(kernel: np.ndarray) -> None:
    exact = kernel.astype(np.float64)
    assert same_bits(read(json.dumps(kernel.tolist())), kernel)
    assert same_bits(read(json.dumps([[kernel.tolist()]])), kernel)
    with np.printoptions(floatmode="unique", threshold=1000):
        assert same_bits(read(str(exact)), kernel)
        assert same_bits(read(repr(kernel)), kernel)
        assert same_bits(read(f"np.{exact!r}"), kernel)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("5", [[5]]),
        ("[1, -2]", [[1, -2]]),
        ("−1 +.5\n2. 1E2", [[-1, 0.5], [2, 100]]),
        ("tensor([[0.5000, 1.0000],\n        [0.0000, 2.0000]])", [[0.5, 1], [0, 2]]),
        ("1\t2\n\n3\t4\n", [[1, 2], [3, 4]]),
    ],
)
def test_what_people_write(text: str, expected: list[list[float]]) -> None:
    np.testing.assert_array_equal(read_kernel(text), expected)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "The clipboard has no numbers."),
        ("[[]]", "The clipboard has no numbers."),
        ("1 2\n3", "Row 1 on the clipboard has 1 number, and row 0 has 2 numbers; those of a "
         "kernel are equally long."),
        ("1 two", "“two” is no number; one is written as 0.5 or −2e-3."),
        ("nan", "“nan” is no number; one is written as 0.5 or −2e-3."),
        ("1_0", "“1_0” is no number; one is written as 0.5 or −2e-3."),
        ("٣", "“٣” is no number; one is written as 0.5 or −2e-3."),
        ("x" * 50, f"“{'x' * 20}…” is no number; one is written as 0.5 or −2e-3."),
        ("[[1, 2], [3, 4]", "The brackets on the clipboard are those of no kernel, which has the "
         "form [[…], […]]."),
        ("__import__('os')[1]", "The brackets on the clipboard are those of no kernel, which has "
         "the form [[…], […]]."),
        ("1 " * MAX_TEXT, f"The clipboard has {2 * MAX_TEXT:,} characters; a kernel takes at most "
         f"{MAX_TEXT:,}."),
    ],
)  # fmt: skip
def test_bad_text_is_refused_in_one_sentence(text: str, reason: str) -> None:
    with pytest.raises(ValueError) as caught:  # noqa: PT011
        read_kernel(text)
    assert str(caught.value) == reason


@given(st.text(st.sampled_from("0123456789.-+eE,;[]() \t\narytensop=")))
def test_any_text_is_a_kernel_or_refused(text: str) -> None:
    with contextlib.suppress(ValueError):
        assert read_kernel(text).ndim == 2


@pytest.mark.parametrize(
    "text", ["9" * 19_999 + "x", "[" * 20_000, "array(" + ", a=b" * 3_900, " " * 19_998 + "x,"]
)
def test_no_text_takes_long(text: str) -> None:
    # With a time that grows with the square of the length this would reach the test's limit.
    for _ in range(20):
        with pytest.raises(ValueError, match=r"\.$"):
            read_kernel(text)
