from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cnn_explorer.core.layouts import LAYOUTS

OUT, IN, KH, KW = 4, 3, 5, 2
WEIGHT = np.random.default_rng(0).standard_normal((OUT, IN, KH, KW)).astype(np.float32)


def test_pytorch_keeps_the_axes():
    np.testing.assert_array_equal(LAYOUTS["pytorch"].convert(WEIGHT), WEIGHT)


@pytest.mark.parametrize("name", ["keras", "flax"])
def test_keras_and_flax_have_the_filters_last(name):
    converted = LAYOUTS[name].convert(WEIGHT)
    np.testing.assert_array_equal(
        converted, np.moveaxis(WEIGHT, [0, 1, 2, 3], [3, 2, 0, 1]), strict=True
    )
    assert converted[4, 1, 2, 3] == WEIGHT[3, 2, 4, 1]


def test_columns_of_the_matrix_meet_flattened_windows():
    """A row of im2col is a window of a rows-columns-channels image, flattened."""
    image = np.random.default_rng(1).standard_normal((9, 8, IN))
    matrix = LAYOUTS["im2col"].convert(WEIGHT)
    for row, column, j in [(0, 0, 0), (2, 3, 1), (4, 6, 3)]:
        window = image[row : row + KH, column : column + KW]
        expected = sum(
            image[row + a, column + b, i] * WEIGHT[j, i, a, b]
            for a in range(KH)
            for b in range(KW)
            for i in range(IN)
        )
        assert window.reshape(-1) @ matrix[:, j] == pytest.approx(expected, abs=1e-5)


@pytest.mark.parametrize("name", LAYOUTS)
def test_shapes_and_axes_are_those_of_the_converted_kernels(name):
    layout = LAYOUTS[name]
    converted = layout.convert(WEIGHT)
    assert layout.shape((KH, KW, IN, OUT)) == converted.shape
    assert len(layout.axes) == converted.ndim
    assert converted.shape[layout.out_axis] == OUT
    lengths = {"kh": KH, "kw": KW, "in": IN, "out": OUT, "kh·kw·in": KH * KW * IN}
    assert [lengths[axis] for axis in layout.axes] == list(converted.shape)
    assert layout.axes_text == f"[{', '.join(layout.axes)}]"


@pytest.mark.parametrize("name", LAYOUTS)
@given(layer=st.integers(0, 7), filter_=st.integers(0, OUT - 1))
def test_the_index_selects_exactly_the_kernels_of_a_filter(name, layer, filter_):
    layout = LAYOUTS[name]
    converted = layout.convert(WEIGHT)
    other = np.full_like(converted, np.nan)
    names = {
        f"conv{n + 1}": SimpleNamespace(
            kernel=converted if n == layer else other, weight=converted if n == layer else other
        )
        for n in range(8)
    }
    names |= {f"conv{n + 1}_matrix": converted if n == layer else other for n in range(8)}
    params = {f"Conv_{n}": {"kernel": converted if n == layer else other} for n in range(8)}
    code = layout.index(layer, filter_)
    selected = eval(code, {**names, "params": params})
    kernels = WEIGHT[filter_]  # (in, kh, kw)
    if name == "pytorch":
        expected = kernels
    elif name == "im2col":
        expected = kernels.transpose(1, 2, 0).reshape(-1)
    else:
        expected = kernels.transpose(1, 2, 0)
    np.testing.assert_array_equal(selected, expected, strict=True)


def test_the_index_reads_as_the_framework_writes_it():
    assert LAYOUTS["keras"].index(1, 5) == "conv2.kernel[:, :, :, 5]"
    assert LAYOUTS["pytorch"].index(1, 5) == "conv2.weight[5, :, :, :]"
    assert LAYOUTS["flax"].index(1, 5) == 'params["Conv_1"]["kernel"][:, :, :, 5]'
    assert LAYOUTS["im2col"].index(1, 5) == "conv2_matrix[:, 5]"


@pytest.mark.parametrize("name", LAYOUTS)
@given(layer=st.integers(0, 7), output=st.integers(0, 4))
def test_the_index_of_a_dense_layer_selects_the_weights_of_an_output(name, layer, output):
    """Frameworks keep a matrix: PyTorch's has a row for each output, the others' a column."""
    layout = LAYOUTS[name]
    weight = np.random.default_rng(1).standard_normal((5, 7)).astype(np.float32)
    matrix = weight if name == "pytorch" else weight.T
    assert layout.shape((1, 1, 7, 5), dense=True) == matrix.shape
    other = np.full_like(matrix, np.nan)

    def of(n):
        return matrix if n == layer else other

    names = {f"dense{n + 1}": SimpleNamespace(kernel=of(n)) for n in range(8)}
    names |= {f"linear{n + 1}": SimpleNamespace(weight=of(n)) for n in range(8)}
    names |= {f"linear{n + 1}_matrix": of(n) for n in range(8)}
    params = {f"Dense_{n}": {"kernel": of(n)} for n in range(8)}
    selected = eval(layout.index(layer, output, dense=True), {**names, "params": params})
    np.testing.assert_array_equal(selected, weight[output], strict=True)
