from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cnn_explorer.core.kernels import INITIALISATIONS, bank, draw_bias, draw_kernels

RANDOM = ["he", "glorot", "uniform"]
SIZES = range(1, 12)

# Where the shapes of the bank lie, for the tests below.
DOWN, RIGHT, BLOB, LAPLACIAN, ROW, COLUMN, DOWN_RIGHT, DOWN_LEFT = range(8)
UP, UP_RIGHT, SPOT, RISING, UP_LEFT, LEFT, IDENTITY, FALLING = range(8, 16)


def draw(name, outs, ins, *, seed=0, number=0, size=3, fan=None) -> np.ndarray:
    return draw_kernels(
        name,
        seed=seed,
        number=number,
        out_channels=outs if isinstance(outs, range) else range(outs),
        in_channels=ins if isinstance(ins, range) else range(ins),
        kernel_size=(size, size),
        fan=fan or (ins, outs),
    )


def differ(one: np.ndarray, other: np.ndarray) -> bool:
    """Whether two kernels can be told apart by eye."""
    return np.abs(one - other).max() > 0.05 * max(np.abs(one).max(), np.abs(other).max())


@pytest.mark.parametrize("name", INITIALISATIONS)
@given(data=st.data())
def test_a_kernel_does_not_depend_on_what_else_is_drawn(name, data):
    full = draw(name, 20, 9, number=3, fan=(4, 5))
    bounds = [sorted(data.draw(st.tuples(*[st.integers(0, n)] * 2))) for n in full.shape[:2]]
    (a, b), (c, d) = bounds
    part = draw(name, range(a, b), range(c, d), number=3, fan=(4, 5))
    assert part.dtype == np.float32
    np.testing.assert_array_equal(part, full[a:b, c:d], strict=True)


@pytest.mark.parametrize("name", RANDOM)
def test_every_kernel_of_every_layer_and_seed_is_another(name):
    drawn = [
        draw(name, 4, 4, seed=seed, number=number, fan=(1, 1))
        for seed in range(3)
        for number in range(3)
    ]
    kernels = np.concatenate(drawn).reshape(-1, 9)
    assert len(np.unique(kernels, axis=0)) == len(kernels)


@pytest.mark.parametrize(
    ("name", "deviation"),
    [
        ("he", lambda ins, outs: (2 / (9 * ins)) ** 0.5),
        ("glorot", lambda ins, outs: (6 / (9 * ins + 9 * outs)) ** 0.5 / 3**0.5),
        ("uniform", lambda ins, outs: (1 / (9 * ins)) ** 0.5 / 3**0.5),
    ],
)
@pytest.mark.parametrize(("ins", "outs"), [(8, 64), (64, 16)])
def test_random_kernels_have_their_spread(name, deviation, ins, outs):
    kernels = draw(name, outs, ins).astype(np.float64)
    expected = deviation(ins, outs)
    assert kernels.std() == pytest.approx(expected, rel=0.05)
    assert abs(kernels.mean()) < 5 * expected / kernels.size**0.5
    if name != "he":
        limit = expected * 3**0.5
        assert 0.98 * limit < np.abs(kernels).max() <= limit * (1 + 1e-6)
    else:
        assert np.abs(kernels).max() > 3 * expected  # a normal has tails


def test_the_fan_of_the_creation_scales_random_kernels():
    one = draw("he", 4, 2, fan=(1, 1))
    np.testing.assert_allclose(draw("he", 4, 2, fan=(16, 1)), one / 4, rtol=1e-6)


@given(st.integers(0, 2**32 - 1), st.integers(0, 20), st.integers(0, 30), st.integers(1, 30))
def test_biases_are_small_and_not_zero(seed, number, first, count):
    outs = range(first, first + count)
    bias = draw_bias(seed=seed, number=number, out_channels=outs)
    assert bias.dtype == np.float32
    assert bias.shape == (count,)
    assert (np.abs(bias) > 0.02 - 1e-7).all()
    assert (np.abs(bias) < 0.1 + 1e-7).all()
    again = draw_bias(seed=seed, number=number, out_channels=range(outs.stop))
    np.testing.assert_array_equal(again[first:], bias)


def test_biases_have_both_signs_and_differ():
    bias = np.concatenate([draw_bias(seed=0, number=n, out_channels=range(64)) for n in range(4)])
    assert 0.4 < (bias > 0).mean() < 0.6
    assert len(np.unique(bias)) == len(bias)


# The bank


@pytest.mark.parametrize("size", SIZES)
def test_the_bank_is_of_one_strength(size):
    shapes = bank((size, size))
    assert shapes.dtype == np.float32
    assert shapes.shape == (16, size, size)
    assert np.isfinite(shapes).all()
    assert not np.signbit(shapes[shapes == 0]).any()  # -0 would be printed
    np.testing.assert_allclose(shapes.clip(0).sum(axis=(1, 2)), 2, rtol=1e-5)


@pytest.mark.parametrize("size", range(3, 12))
def test_the_shapes_differ_and_answer_nothing_on_even_ground(size):
    shapes = bank((size, size))
    for one, other in combinations(shapes, 2):
        assert differ(one, other)
    sums = shapes.sum(axis=(1, 2), dtype=np.float64)
    expected = np.zeros(16)
    expected[[BLOB, IDENTITY]] = 2
    np.testing.assert_allclose(sums, expected, atol=1e-5)


@pytest.mark.parametrize("size", range(2, 12))
def test_the_shapes_are_turns_of_each_other(size):
    shapes = bank((size, size))
    for one, turned in [
        (shapes[DOWN], shapes[RIGHT].T),
        (shapes[DOWN_LEFT], np.fliplr(shapes[DOWN_RIGHT])),
        (shapes[UP], -shapes[DOWN]),
        (shapes[LEFT], -shapes[RIGHT]),
        (shapes[UP_LEFT], -shapes[DOWN_RIGHT]),
        (shapes[UP_RIGHT], -shapes[DOWN_LEFT]),
        (shapes[UP], np.flipud(shapes[DOWN])),
        (shapes[COLUMN], shapes[ROW].T),
        (shapes[RISING], np.fliplr(shapes[FALLING])),
        (shapes[BLOB], np.rot90(shapes[BLOB])),
        (shapes[LAPLACIAN], shapes[LAPLACIAN].T),
    ]:
        np.testing.assert_allclose(one, turned, atol=1e-6)


def test_the_shapes_point_where_they_say():
    shapes = bank((7, 7))
    assert (shapes[DOWN, 4:] > 0).all()
    assert (shapes[DOWN, :3] < 0).all()
    assert (shapes[RIGHT, :, 4:] > 0).all()
    assert shapes[DOWN_RIGHT, 5, 5] > 0 > shapes[DOWN_RIGHT, 1, 1]
    assert (shapes[ROW, 3] > 0).all()
    assert (shapes[ROW, [0, 6]] < 0).all()
    assert (np.diag(shapes[FALLING]) > 0).all()
    assert shapes[FALLING, 0, 6] < 0
    assert (shapes[BLOB] > 0).all()
    for centred in (BLOB, LAPLACIAN, SPOT, IDENTITY):
        assert np.unravel_index(shapes[centred].argmax(), (7, 7)) == (3, 3)


def test_the_textbook_kernels_at_three():
    shapes = bank((3, 3))
    for place, textbook in {
        DOWN: [[-1, -2, -1], [0, 0, 0], [1, 2, 1]],  # Sobel
        RIGHT: [[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]],
        DOWN_RIGHT: [[-1, -1, 0], [-1, 0, 1], [0, 1, 1]],  # Prewitt's compass
        BLOB: [[1, 2, 1], [2, 4, 2], [1, 2, 1]],
        LAPLACIAN: [[0, -1, 0], [-1, 4, -1], [0, -1, 0]],
        ROW: [[-1, -1, -1], [2, 2, 2], [-1, -1, -1]],
        IDENTITY: [[0, 0, 0], [0, 1, 0], [0, 0, 0]],
    }.items():
        kernel = np.array(textbook, float)
        scaled = 2 * kernel / kernel.clip(0).sum()
        np.testing.assert_allclose(shapes[place], scaled, rtol=1e-6, atol=0)


def test_the_centre_of_the_identity_is_where_same_padding_puts_it():
    for size in SIZES:
        row, column = np.argwhere(bank((size, size))[IDENTITY])[0]
        assert (row, column) == ((size - 1) // 2, (size - 1) // 2)


@pytest.mark.parametrize("shape", [(1, 5), (5, 1), (2, 3), (7, 4)])
def test_the_bank_has_kernels_that_are_not_square(shape):
    shapes = bank(shape)
    assert shapes.shape == (16, *shape)
    np.testing.assert_allclose(shapes.clip(0).sum(axis=(1, 2)), 2, rtol=1e-5)


@pytest.mark.parametrize("size", [1, 2, 3, 5, 8])
def test_the_first_layer_walks_the_bank(size):
    kernels = draw("bank", 40, 1, size=size)
    shapes = bank((size, size))
    for j, kernel in enumerate(kernels):
        np.testing.assert_array_equal(kernel[0], shapes[j % 16])


@pytest.mark.parametrize("size", range(3, 12))
@pytest.mark.parametrize("ins", [2, 3, 8, 16])
def test_above_the_first_layer_kernels_differ_by_input_map(size, ins):
    for kernels in draw("bank", 32, ins, size=size):
        for one, other in combinations(kernels, 2):
            assert differ(one, other)


@pytest.mark.parametrize("size", [1, 2])
@pytest.mark.parametrize("ins", [2, 3, 8])
def test_even_the_smallest_kernels_are_not_all_the_same(size, ins):
    filters = draw("bank", 32, ins, size=size)
    several = [any(differ(kernel, kernels[0]) for kernel in kernels) for kernels in filters]
    assert all(several)


@pytest.mark.parametrize("size", [1, 2, 3, 4, 7, 11])
def test_the_kernels_of_a_filter_never_cancel_out(size):
    """So that Naive and Shared, which add them up, have something to show."""
    filters = draw("bank", 64, 96, size=size, fan=(1, 1))
    for ins in range(1, 97):
        flat = filters[:, :ins].sum(axis=1, dtype=np.float64)
        assert (np.abs(flat).sum(axis=(1, 2)) > 0.2).all()


def test_above_the_first_layer_filters_differ():
    filters = draw("bank", 32, 3)
    for one, other in combinations(filters, 2):
        assert differ(one, other)


@pytest.mark.parametrize("ins", [1, 4, 16, 64, 256])
def test_a_filter_of_the_bank_is_as_strong_whatever_its_inputs(ins):
    filters = draw("bank", 16, ins).astype(np.float64)
    strength = (filters**2).sum(axis=(1, 2, 3)) ** 0.5
    assert (strength > 0.5).all()
    assert (strength < 2.5).all()
    assert not np.signbit(filters[filters == 0]).any()
