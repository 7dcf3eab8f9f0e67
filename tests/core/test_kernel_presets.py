import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.signal import correlate2d

from cnn_explorer.core.kernel_presets import PRESETS, preset, presets_of

sides = st.integers(1, 11)
sizes = st.tuples(sides, sides)


@given(st.sampled_from(list(PRESETS)), sizes)
def test_every_preset_has_its_sum_at_every_size(name: str, size: tuple[int, int]) -> None:
    kernel = preset(name, size)
    assert (kernel.shape, kernel.dtype) == (size, np.float32)
    assert np.isfinite(kernel).all()
    total = PRESETS[name].total
    total = size[0] * size[1] if total is None else total
    identity = np.array_equal(kernel, preset("identity", size))
    assert kernel.sum(dtype=np.float64) == pytest.approx(1 if identity else total, abs=1e-5)


@given(sizes)
def test_the_presets_of_a_size_differ_and_are_all_that_there_are(size: tuple[int, int]) -> None:
    found = list(presets_of(size).values())
    for place, kernel in enumerate(found):
        assert not any(np.allclose(kernel, other) for other in found[:place])
    for name in PRESETS:
        assert any(np.allclose(preset(name, size), kernel) for kernel in found)
    if min(size) >= 3:
        assert list(presets_of(size)) == list(PRESETS)


def test_a_weight_can_be_one_or_zero() -> None:
    found = presets_of((1, 1))
    assert {name: kernel.item() for name, kernel in found.items()} == {"identity": 1, "zeros": 0}


IMAGE = np.random.default_rng(1).random((20, 20)).astype(np.float32)


@given(sizes)
def test_the_identity_gives_the_image_back(size: tuple[int, int]) -> None:
    kernel = preset("identity", size)
    assert np.count_nonzero(kernel) == 1
    row, column = np.argwhere(kernel)[0]
    assert (row, column) == ((size[0] - 1) // 2, (size[1] - 1) // 2)


def test_the_familiar_ones_at_3x3() -> None:
    np.testing.assert_allclose(preset("sharpen", (3, 3)), [[0, -1, 0], [-1, 5, -1], [0, -1, 0]])
    sixteenths = np.outer([1, 2, 1], [1, 2, 1]) / 16
    np.testing.assert_allclose(preset("gaussian", (3, 3)), sixteenths)
    sobel = np.outer([1, 2, 1], [-1, 0, 1]) / 2
    np.testing.assert_allclose(preset("edge_vertical", (3, 3)), sobel)
    np.testing.assert_allclose(preset("edge_horizontal", (3, 3)), sobel.T)


def ramp(towards: tuple[int, int]) -> np.ndarray:
    rows, columns = np.mgrid[:20, :20]
    return (towards[0] * rows + towards[1] * columns).astype(np.float32)


@pytest.mark.parametrize("side", [2, 3, 5, 8, 11])
@pytest.mark.parametrize(
    ("name", "along", "across"),
    [
        ("edge_horizontal", (0, 1), (1, 0)),
        ("edge_vertical", (1, 0), (0, 1)),
        ("edge_rising", (-1, 1), (1, 1)),
        ("edge_falling", (1, 1), (1, -1)),
    ],
)
def test_edges_answer_to_what_grows_across_them_alone(
    side: int, name: str, along: tuple[int, int], across: tuple[int, int]
) -> None:
    kernel = preset(name, (side, side))
    assert (correlate2d(ramp(across), kernel, "valid") > 0.5).all()
    np.testing.assert_allclose(correlate2d(ramp(along), kernel, "valid"), 0, atol=1e-4)


@pytest.mark.parametrize("side", [3, 5, 8, 11])
@pytest.mark.parametrize("name", ["horizontal", "vertical", "rising", "falling"])
def test_a_line_answers_most_to_the_line_of_its_name(side: int, name: str) -> None:
    middle = np.zeros((side, side))
    places = np.arange(side)
    half = slice((side - 1) // 2, side // 2 + 1)
    lines = {
        "horizontal": (half, slice(None)),
        "vertical": (slice(None), half),
        "rising": (places, places[::-1]),
        "falling": (places, places),
    }
    middle[lines[name]] = 1
    answers = {
        other: float((preset(f"line_{other}", (side, side)) * middle).sum()) for other in lines
    }
    assert max(answers, key=lambda other: answers[other]) == name
