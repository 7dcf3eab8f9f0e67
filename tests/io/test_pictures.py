"""Maps as PNG files, read back by Qt and by a reader of the chunks."""

import struct
import zlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from PySide6.QtGui import QImage

from cnn_explorer.core.display import COLOUR_MAPS, Scale
from cnn_explorer.io.pictures import coloured, grey16, png


def chunks(data):
    """The chunks of a PNG file: (name, content) in order."""
    at = 8
    while at < len(data):
        length, name = struct.unpack_from(">I4s", data, at)
        content = data[at + 8 : at + 8 + length]
        assert struct.unpack_from(">I", data, at + 8 + length)[0] == zlib.crc32(name + content)
        yield name.decode(), content
        at += 12 + length


@given(arrays(np.uint32, array_shapes(min_dims=2, max_dims=2, max_side=9)), st.integers(1, 5))
def test_each_pixel_becomes_a_square(pixels, scale):
    image = QImage.fromData(png(pixels, {}, scale))
    rows, columns = pixels.shape
    assert (image.height(), image.width()) == (rows * scale, columns * scale)
    seen = np.frombuffer(image.constBits(), np.uint32).reshape(rows * scale, columns * scale)
    at = np.indices(seen.shape) // scale
    assert (seen & 0xFFFFFF == pixels[at[0], at[1]] & 0xFFFFFF).all()


@given(arrays(np.uint16, array_shapes(min_dims=2, max_dims=2, max_side=9)), st.integers(1, 3))
def test_greys_keep_all_sixteen_bits(greys, scale):
    image = QImage.fromData(png(greys, {}, scale))
    assert image.format() == QImage.Format.Format_Grayscale16
    rows, columns = greys.shape
    for row in range(rows * scale):
        line = np.frombuffer(image.constScanLine(row), np.uint16)[: columns * scale]
        assert line.tolist() == greys[row // scale].repeat(scale).tolist()


@pytest.mark.parametrize("name", COLOUR_MAPS)
def test_colours_are_those_of_the_table(name):
    colours = COLOUR_MAPS[name]
    low, high = (-2.0, 2.0) if colours.signed else (0.0, 2.0)
    values = np.linspace(low, high, 511, dtype=np.float32)[np.newaxis]
    image = QImage.fromData(png(coloured(values, colours, Scale(low, high, low, high)), {}))
    seen = [image.pixelColor(column, 0).toTuple()[:3] for column in range(511)]
    assert seen == [tuple(entry) for entry in colours.table.tolist()]


@given(
    arrays(np.float32, (3, 4), elements=st.floats(-1e6, 1e6, width=32)),
    st.floats(0, 10),
    st.floats(0, 10),
)
def test_a_grey_gives_its_value_again(values, below, above):
    low, high = float(values.min()) - below, float(values.max()) + above
    greys = grey16(values, low, high)
    again = low + (high - low) * greys.astype(float) / 65535
    step, rounding = (high - low) / 65535, 4 * np.spacing(max(abs(low), abs(high)))
    assert np.abs(again - values).max() <= step / 2 * (1 + 1e-6) + rounding


def test_greys_reach_both_ends():
    assert grey16(np.array([[-1, 0, 3]], np.float32), -1.0, 3.0).tolist() == [[0, 16384, 65535]]


@pytest.mark.parametrize(("value", "expected"), [(np.nan, 0), (-np.inf, 0), (np.inf, 65535)])
def test_what_is_not_finite_stays_within_the_greys(value, expected):
    assert grey16(np.array([[value]], np.float32), -1.0, 1.0)[0, 0] == expected


def test_a_range_of_nothing_is_black():
    assert not grey16(np.ones((2, 2), np.float32), 0.0, 0.0).any()


def test_a_picture_carries_its_texts_and_neither_time_nor_screen():
    pixels = np.zeros((2, 3), np.uint32)
    data = png(pixels, {"Low": "-0.5", "Scheme": "real"})
    assert data == png(pixels, {"Scheme": "real", "Low": "-0.5"})
    image = QImage.fromData(data)
    assert {key: image.text(key) for key in image.textKeys()} == {"Low": "-0.5", "Scheme": "real"}
    found = dict(chunks(data))
    assert set(found) == {"IHDR", "pHYs", "tEXt", "IDAT", "IEND"}
    assert struct.unpack(">IIB", found["pHYs"]) == (3780, 3780, 1)  # 96 dots an inch
