import ast
import re
import sys
from dataclasses import replace
from itertools import product
from math import fsum
from pathlib import Path
from unittest.mock import patch

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from cnn_explorer.core.building import new_network
from cnn_explorer.core.explain import (
    Field,
    cell_field,
    contributions,
    footprint,
    pixel_terms,
    receptive_field,
    running_sums,
)
from cnn_explorer.core.forward import Request, forward
from cnn_explorer.core.kernel_layers import Conv2d
from cnn_explorer.core.layers import BatchNorm2d, Softmax
from cnn_explorer.core.network import Network
from cnn_explorer.core.schemes import ChannelScheme, scheme_kernel
from cnn_explorer.core.state import State

from . import oracle
from .oracle import EPS, NAIVE, SHARED

README = Path(__file__).parents[2] / "README.md"
schemes = st.sampled_from(ChannelScheme)


@st.composite
def cases(draw) -> tuple[np.ndarray, Conv2d, int]:
    """Input maps, a layer on them and one of its filters."""
    size = draw(st.tuples(st.integers(1, 14), st.integers(1, 14)))
    layer = draw(oracle.layers(size=size, most_filters=64, most_side=11))
    generator = np.random.default_rng(draw(st.integers(0, 9999)))
    maps = generator.standard_normal((layer.weight.shape[1] * layer.groups, *size))
    # Magnitudes differ by channel: what reads the wrong map cannot go unnoticed.
    maps *= 10.0 ** generator.integers(-2, 3, (len(maps), 1, 1))
    return maps.astype(np.float32), layer, draw(st.integers(0, layer.weight.shape[0] - 1))


def pixels_of(values: np.ndarray):
    rows, columns = values.shape[-2:]
    return st.tuples(st.integers(0, rows - 1), st.integers(0, columns - 1))


def error(maps, layer, j, scheme) -> np.ndarray:
    """What rounding can make of each contribution: the flat kernels are themselves sums."""
    terms = layer.weight[0].size + layer.weight.shape[1] + 2
    return terms * EPS * np.array(oracle.magnitudes(maps, layer, j, scheme))


def flat_error(maps, layer, j) -> np.ndarray:
    """The same where the kernels are summed first, so that they may cancel."""
    largest = replace(layer, weight=abs(layer.weight))
    return error(maps, largest, j, NAIVE)


def allowed(maps, layer, j, scheme) -> np.ndarray:
    real = scheme is ChannelScheme.REAL
    return error(maps, layer, j, scheme) if real else flat_error(maps, layer, j)


# Contributions


@given(cases(), schemes, oracle.methods)
def test_contributions_are_single_convolutions(case, scheme, method):
    maps, layer, j = case
    parts = contributions(maps, layer, j, scheme, method=method)
    expected = np.array(oracle.parts(maps, layer, j, scheme))
    assert parts.dtype == np.float32
    assert parts.shape == expected.shape
    assert (abs(parts - expected) <= allowed(maps, layer, j, scheme)).all()


@given(cases(), schemes, oracle.methods, st.data())
def test_some_contributions_are_those_of_all(case, scheme, method, data):
    maps, layer, j = case
    depth = layer.weight.shape[1]
    some = data.draw(st.lists(st.integers(0, depth - 1), min_size=1, max_size=4))
    parts = contributions(maps, layer, j, scheme, channels=some, method="signal")
    every = contributions(maps, layer, j, scheme, method="signal")
    np.testing.assert_array_equal(parts, every[some])


@given(cases(), st.sampled_from([ChannelScheme.REAL, SHARED]), oracle.methods)
def test_contributions_and_bias_are_the_map_before_activation(case, scheme, method):
    maps, layer, j = case
    muted = np.array(oracle.mutes(layer, j))[:, np.newaxis, np.newaxis]
    parts = contributions(maps, layer, j, scheme, method=method)
    total = running_sums(parts, muted)[-1] + oracle.bias_of(layer, j)
    kernel = np.broadcast_to(scheme_kernel(layer, scheme), layer.weight.shape)
    before = layer.before_activation(
        maps, layer.unmuted(kernel), layer.bias, groups=layer.groups, method=method
    )[j]
    heard = np.where(muted, 0, np.array(oracle.parts(maps, layer, j, scheme)))
    expected = heard.sum(axis=0) + oracle.bias_of(layer, j)
    bound = allowed(maps, layer, j, scheme).sum(axis=0) + 2 * EPS * abs(oracle.bias_of(layer, j))
    assert (abs(total - expected) <= bound).all()
    assert (abs(before - expected) <= bound).all()


def test_a_checkpoint_comes_before_every_sixteen_contributions():
    layer = new_network((40, 2)).layers[1]
    maps = np.random.default_rng(0).random((40, 5, 5), np.float32)
    for count, expected in ((1, 1), (16, 1), (17, 2), (40, 3)):
        calls = iter(range(99))
        some = contributions(maps, layer, 1, channels=range(count), checkpoint=calls.__next__)
        assert next(calls) == expected
        np.testing.assert_array_equal(some, contributions(maps, layer, 1)[:count])


def test_a_filter_or_an_input_map_that_there_is_not():
    layer = new_network((3, 2)).layers[1]
    maps = np.ones((3, 5, 5), np.float32)
    with pytest.raises(IndexError):
        contributions(maps, layer, 2)
    with pytest.raises(IndexError):
        contributions(maps, layer, 1, channels=[3])


# Running sums

stacks = hnp.arrays(
    np.float32,
    st.tuples(st.integers(1, 30), st.integers(1, 3), st.integers(1, 3)),
    elements=st.floats(-(2.0**40), 2.0**40, width=32),
)


@given(stacks, st.integers(0, 99), st.booleans())
def test_running_sums_are_the_sums_up_to_each(parts, seed, started):
    generator = np.random.default_rng(seed)
    muted = generator.random(parts.shape[0]) < 0.3
    start = generator.standard_normal(parts.shape[1:]).astype(np.float32) if started else None
    sums = running_sums(parts, muted[:, np.newaxis, np.newaxis], start)
    assert sums.dtype == np.float32
    assert sums.shape == parts.shape
    for row, column in np.ndindex(parts.shape[1:]):
        terms = [0.0 if start is None else float(start[row, column])]
        for i in range(len(parts)):
            terms.append(0.0 if muted[i] else float(parts[i, row, column]))
            bound = len(terms) * EPS * fsum(map(abs, terms))
            assert abs(sums[i, row, column] - fsum(terms)) <= bound


def test_running_sums_without_mutes_leave_their_input():
    parts = np.array([[[1.0]], [[2.0]], [[4.0]]], np.float32)
    np.testing.assert_array_equal(running_sums(parts).ravel(), [1, 3, 7])
    start = np.array([[10.0]], np.float32)
    np.testing.assert_array_equal(running_sums(parts, start=start).ravel(), [11, 13, 17])
    np.testing.assert_array_equal(parts.ravel(), [1, 2, 4])


def test_what_is_muted_does_not_count_even_where_it_is_not_a_number():
    parts = np.array([1, np.inf, -np.inf, np.nan, 2], np.float32)
    muted = np.array([False, True, True, True, False])
    np.testing.assert_array_equal(running_sums(parts, muted), [1, 1, 1, 1, 3])
    np.testing.assert_array_equal(running_sums(parts), [1, np.inf, np.nan, np.nan, np.nan])


# One pixel


@given(cases(), schemes, st.data())
def test_the_terms_of_a_pixel_are_what_it_is_summed_from(case, scheme, data):
    maps, layer, j = case
    own = maps[oracle.inputs(layer, j)]
    kernels = np.array(oracle.kernels(layer, j, scheme), np.float32)
    parts = np.array(oracle.parts(maps, layer, j, scheme))
    row, column = data.draw(pixels_of(parts))
    terms = pixel_terms(own, kernels, layer, (row, column))

    rows = oracle.windows(layer, 0, maps.shape[1])[row]
    columns = oracle.windows(layer, 1, maps.shape[2])[column]
    assert (terms.rows.tolist(), terms.columns.tolist()) == (rows, columns)
    for (u, r), (v, c) in product(enumerate(rows), enumerate(columns)):
        inside = 0 <= r < maps.shape[1] and 0 <= c < maps.shape[2]
        assert terms.padding[u, v] == (not inside)
        expected = own[:, r, c] if inside else np.zeros(len(own), np.float32)
        np.testing.assert_array_equal(terms.window[:, u, v], expected)
    np.testing.assert_array_equal(terms.kernel, kernels)
    np.testing.assert_array_equal(terms.products, terms.window * kernels)
    assert terms.products.dtype == terms.window.dtype == np.float32

    subtotals = terms.products.astype(float).sum(axis=(1, 2))
    bound = allowed(maps, layer, j, scheme)[:, row, column]
    assert (abs(subtotals - parts[:, row, column]) <= bound).all()


def test_a_pixel_that_there_is_not():
    layer = new_network((2,)).layers[0]
    maps = np.ones((1, 4, 5), np.float32)
    assert pixel_terms(maps, layer.weight[0], layer, (3, 4)).padding.sum() == 5
    for pixel in [(4, 0), (0, 5)]:
        with pytest.raises(IndexError):
            pixel_terms(maps, layer.weight[0], layer, pixel)


# Receptive fields and footprints


def cells(field: Field) -> set[tuple[int, int]]:
    return {(int(r), int(c)) for r, c in np.argwhere(field.mask)}


def fields_by_hand(network: Network, layer: int, pixel) -> list[set[tuple[int, int]]]:
    """From the pixel back, a window at a time."""
    fields = [{pixel}]
    for index in range(layer, -1, -1):
        height, width = network.sizes[index]
        rows = oracle.windows(network.layers[index], 0, height)
        columns = oracle.windows(network.layers[index], 1, width)
        fields.append(
            {
                (r, c)
                for row, column in fields[-1]
                for r in rows[row]
                for c in columns[column]
                if 0 <= r < height and 0 <= c < width
            }
        )
    return fields[::-1]


@settings(max_examples=30)
@given(oracle.networks(most_filters=1, most_side=6), st.data())
def test_a_receptive_field_is_all_that_the_windows_hit(network, data):
    layer = data.draw(st.integers(0, len(network.layers) - 1))
    pixel = data.draw(pixels_of(np.empty(network.sizes[layer + 1])))
    fields = receptive_field(network, layer, pixel)
    assert [field.mask.shape for field in fields] == list(network.sizes[: layer + 2])
    assert [cells(field) for field in fields] == fields_by_hand(network, layer, pixel)


@st.composite
def increasing(draw, bias: bool) -> Network:
    """Positive weights and increasing activations, zero at zero unless there are biases."""
    network = draw(oracle.networks(most_filters=2, positive=True))
    layers = []
    for layer in network.layers:
        kept = bias or layer.activation in ("none", "relu", "leaky_relu", "tanh", "softsign")
        activation = layer.activation if kept else "relu"
        layer = replace(layer, activation=activation, activation_parameters=(), muted=None)
        layers.append(layer if bias else replace(layer, bias=None))
    return Network(tuple(layers))


def maps_of(network: Network, drawing: np.ndarray) -> tuple[np.ndarray, ...]:
    return forward(Request(State(drawing, network), method="matmul")).maps


@settings(max_examples=30)
@given(increasing(bias=True), oracle.drawings, st.data())
def test_outside_of_its_receptive_field_nothing_changes_a_pixel(network, drawing, data):
    layer = len(network.layers) - 1
    row, column = data.draw(pixels_of(np.empty(network.sizes[-1])))
    field = receptive_field(network, layer, (row, column))[0].mask
    other = np.where(field, drawing, 1 - drawing)
    before, after = (maps_of(network, one)[-1][:, row, column] for one in (drawing, other))
    np.testing.assert_array_equal(before, after)


@settings(max_examples=30)
@given(increasing(bias=False), st.data())
def test_a_receptive_field_is_exact(network, data):
    """A single point of ink answers in the pixel where it is inside, and only there."""
    layer = len(network.layers) - 1
    row, column = data.draw(pixels_of(np.empty(network.sizes[-1])))
    mask = receptive_field(network, layer, (row, column))[0].mask
    generator = np.random.default_rng(data.draw(st.integers(0, 99)))
    for inside in (True, False):
        points = np.argwhere(mask == inside)
        for point in points[generator.permutation(len(points))[:4]]:
            ink = np.zeros((28, 28), np.float32)
            ink[tuple(point)] = 1
            answers = maps_of(network, ink)[-1][:, row, column]
            assert (answers > 0).all() if inside else (answers == 0).all()


@settings(max_examples=30)
@given(increasing(bias=False), st.data())
def test_a_footprint_is_exact(network, data):
    """A single point of ink answers all over its footprint in every layer, and nowhere else."""
    point = data.draw(pixels_of(np.empty((28, 28))))
    ink = np.zeros((28, 28), np.float32)
    ink[point] = 1
    fields = footprint(network, 0, point)
    assert cells(fields[0]) == {point}
    for field, maps in zip(fields[1:], maps_of(network, ink), strict=True):
        for values in maps:
            np.testing.assert_array_equal(field.mask, values > 0)


@settings(max_examples=30)
@given(oracle.networks(most_filters=1, most_side=11), st.data())
def test_a_footprint_is_the_receptive_field_turned_round(network, data):
    level = data.draw(st.integers(0, len(network.layers)))
    point = data.draw(pixels_of(np.empty(network.sizes[level])))
    fields = footprint(network, level, point)
    assert len(fields) == len(network.layers) - level + 1
    assert cells(fields[0]) == {point}
    for layer, field in enumerate(fields[1:], start=level):
        height, width = network.sizes[layer + 1]
        rows = [receptive_field(network, layer, (row, 0))[level].rows for row in range(height)]
        columns = [receptive_field(network, layer, (0, c))[level].columns for c in range(width)]
        assert field.rows.tolist() == [seen[point[0]] for seen in rows]
        assert field.columns.tolist() == [seen[point[1]] for seen in columns]


@given(oracle.networks(most_filters=1, most_side=11), st.data())
def test_a_cell_of_a_kernel_multiplies_its_field(network, data):
    index = data.draw(st.integers(0, len(network.layers) - 1))
    layer, size = network.layers[index], network.sizes[index]
    rows, columns = (oracle.windows(layer, axis, size[axis]) for axis in (0, 1))
    u, v = data.draw(pixels_of(layer.weight))
    row, column = data.draw(pixels_of(np.empty(network.sizes[index + 1])))
    every = set(np.ndindex(*size))
    field = {(r[u], c[v]) for r, c in product(rows, columns)} & every
    assert cells(cell_field(network, index, (u, v))) == field
    field = {(rows[row][u], columns[column][v])} & every
    assert cells(cell_field(network, index, (u, v), (row, column))) == field


@st.composite
def increasing_mixed(draw) -> Network:
    """Layers of every kind that give zero for zero, and more for more."""
    chosen = []
    for layer in draw(oracle.mixed(most_filters=2, positive=True)).layers:
        if isinstance(layer, Conv2d):
            changes = {"weight": abs(layer.weight) + np.float32(0.01), "bias": None, "muted": None}
            layer = replace(layer, activation="none", activation_parameters=(), **changes)
        elif isinstance(layer, BatchNorm2d | Softmax):  # a share grows at the cost of others
            ones, zeros = np.ones(layer.channels, np.float32), np.zeros(layer.channels, np.float32)
            layer = BatchNorm2d(layer.number, layer.channels, zeros, ones, 2 * ones, zeros)
        chosen.append(layer)
    return Network(tuple(chosen))


@settings(max_examples=40)
@given(increasing_mixed(), st.tuples(st.integers(0, 27), st.integers(0, 27)), st.data())
def test_through_layers_of_every_kind_a_pixel_reaches_its_footprint(network, pixel, data):
    drawing = np.zeros((28, 28), np.float32)
    drawing[pixel] = 1
    fields = footprint(network, 0, pixel)
    reached = [drawing > 0, *((maps > 0).any(axis=0) for maps in maps_of(network, drawing))]
    for field, changed in zip(fields, reached, strict=True):
        np.testing.assert_array_equal(field.mask, changed)
    layer = data.draw(st.integers(0, len(network.layers) - 1))
    output = data.draw(pixels_of(reached[layer + 1]))
    seen = receptive_field(network, layer, output)
    assert seen[0].mask[pixel] == reached[layer + 1][output]
    assert [field.mask.shape for field in seen] == list(network.sizes[: layer + 2])


@settings(max_examples=30)
@given(oracle.mixed(most_filters=2), oracle.drawings, st.data())
def test_outside_of_its_receptive_field_nothing_changes_a_pixel_of_any_kind(network, drawing, data):
    layer = data.draw(st.integers(0, len(network.layers) - 1))
    pixel = data.draw(pixels_of(np.empty(network.sizes[layer + 1])))
    inside = receptive_field(network, layer, pixel)[0].mask
    other = np.where(inside, drawing, 1 - drawing)
    before, after = (maps_of(network, one)[layer][:, *pixel] for one in (drawing, other))
    np.testing.assert_allclose(before, after, rtol=1e-5, atol=1e-5)


def test_a_layer_counts_from_the_end_too_and_one_that_there_is_not_is_said():
    network = new_network((2, 2))
    one, other = (receptive_field(network, layer, (3, 4)) for layer in (1, -1))
    assert list(map(cells, one)) == list(map(cells, other))
    assert len(footprint(network, -1, (3, 4))) == 1
    field = cell_field(network, -1, (0, 0))
    assert cells(field) == cells(cell_field(network, 1, (0, 0)))
    for wrong in [
        lambda: receptive_field(network, 2, (0, 0)),
        lambda: receptive_field(network, 1, (28, 0)),
        lambda: footprint(network, 3, (0, 0)),
        lambda: footprint(network, 0, (0, 28)),
        lambda: cell_field(network, 2, (0, 0)),
        lambda: cell_field(network, 0, (3, 0)),
    ]:
        with pytest.raises(IndexError):
            wrong()


# From Python


def test_the_examples_of_the_readme_run_without_qt():
    text = README.read_text(encoding="utf-8")
    examples = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    functions = ("contributions", "running_sums", "pixel_terms", "receptive_field", "footprint")
    assert all(f"{name}(" in "".join(examples) for name in functions)
    with patch.dict(sys.modules):
        for name in list(sys.modules):
            if name.split(".")[0] in ("PySide6", "shiboken6", "pyqtgraph"):
                sys.modules[name] = None  # importing it fails
            elif name.split(".")[0] == "cnn_explorer":
                del sys.modules[name]
        names: dict = {}
        for example in examples:
            for node in ast.parse(example).body:
                code = ast.get_source_segment(example, node)
                exec(code, names)
                comment = example.splitlines()[node.end_lineno - 1].partition("#")[2]
                if shape := re.match(r" (\([\d, ]*\))", comment):
                    value = eval(code.partition(" = ")[2] or code, names)
                    assert getattr(value, "shape", value) == ast.literal_eval(shape[1]), code
