"""Contact sheets: where the maps lie, and how a sheet becomes small enough."""

import itertools
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cnn_explorer.io.sheets import LARGEST_SIDE, sheet_of

GROUND = 0xFFE6E8EB
INK = 0xFF202124


def numbers(count):
    return [(j,) for j in range(count)]


def columns_of(addresses, map_size=(28, 28), scale=1):
    """How many maps lie in the first line."""
    mosaic = sheet_of(addresses, map_size, scale).mosaic
    return sum(mosaic.rectangle(j)[1] == mosaic.rectangle(0)[1] for j in range(len(addresses)))


@given(st.integers(1, 300), st.integers(1, 188), st.integers(1, 188), st.integers(1, 32))
def test_a_sheet_is_as_large_as_it_may_be(count, rows, columns, scale):
    sheet = sheet_of(numbers(count), (rows, columns), scale)
    assert max(sheet.blank().shape) <= LARGEST_SIDE
    assert 1 <= sheet.scale <= scale
    assert sheet.every == 1
    assert sheet.captions
    if sheet.scale < scale:
        # Maps alone, without captions and gaps, would nearly fill the next larger one.
        lines = -(-count // columns_of(numbers(count), (rows, columns), scale))
        across = columns_of(numbers(count), (rows, columns), scale)
        larger = (sheet.scale + 1) * max(rows * lines, columns * across)
        assert larger > LARGEST_SIDE * 0.6


def test_the_scale_falls_only_where_it_must():
    assert sheet_of(numbers(256), (28, 28), 8).scale == 8
    # 16 lines of 17 * 28 pixels, a caption of 27 and a gap of 14 would be 8,272 high.
    assert sheet_of(numbers(256), (28, 28), 32).scale == 16
    assert sheet_of(numbers(1), (28, 28), 32).scale == 32


def test_where_scale_1_is_too_large_captions_go_before_pixels():
    crowd = list(itertools.product(range(256), range(256)))
    sheet = sheet_of(crowd, (28, 28), 8)
    assert (sheet.scale, sheet.every, sheet.captions) == (1, 1, 0)
    assert max(sheet.mosaic.size) <= LARGEST_SIDE
    sheet = sheet_of(crowd, (188, 188), 8)
    assert (sheet.scale, sheet.captions) == (1, 0)
    assert sheet.every == 7  # 256 tiles of 27 and gaps of 2 in 8,192 pixels
    assert max(sheet.mosaic.size) <= LARGEST_SIDE


@pytest.mark.parametrize(
    ("addresses", "expected"),
    [
        (numbers(1), 1),
        (numbers(3), 3),
        (numbers(4), 2),
        (numbers(16), 4),
        (numbers(7), 3),
        (numbers(251), 16),  # a prime: one line would be far too long
        (list(itertools.product(range(3), range(4))), 4),
        (list(itertools.product(range(16), range(36))), 36),
        (list(itertools.product(range(2), range(256))), 32),
        ([(0, 0), (0, 1), (1, 0), (2, 3), (2, 4)], 3),
    ],
)
def test_maps_of_one_parent_begin_a_line_where_the_sheet_stays_about_square(addresses, expected):
    assert columns_of(addresses) == expected


@pytest.mark.parametrize(("scale", "every"), [(1, 1), (3, 1), (2, 2)])
def test_maps_are_put_in_their_places(scale, every):
    maps = np.random.default_rng(1).integers(0, 2**24, (5, 6, 8), dtype=np.uint32)
    layout = sheet_of(numbers(5), (6, 8), scale)
    if every > 1:
        tile = (3 * scale, 4 * scale)
        layout = replace(layout, every=every, mosaic=replace(layout.mosaic, tile=tile))
    sheet = layout.blank()
    assert (sheet == GROUND).all()
    for place, pixels in enumerate(maps):
        layout.put(sheet, place, pixels, str(place))
    for place, pixels in enumerate(maps):
        x, y, width, height = layout.mosaic.rectangle(place)
        assert (width, height) == (8 // every * scale, 6 // every * scale)
        rows, columns = np.indices((height, width)) // scale * every
        assert (sheet[y : y + height, x : x + width] == pixels[rows, columns]).all()


@given(st.lists(st.integers(0, 255), min_size=1, max_size=8), st.integers(1, 40), st.data())
def test_a_caption_touches_nothing_but_the_ground(address, columns, data):
    addresses = [(*address, j) for j in range(data.draw(st.integers(1, 6)))]
    layout = sheet_of(addresses, (5, columns), data.draw(st.integers(1, 20)))
    sheet = layout.blank()
    inked = np.zeros(sheet.shape, int)
    for place, path in enumerate(addresses):
        alone = layout.blank()
        layout.put(alone, place, np.full((5, columns), GROUND, np.uint32), ".".join(map(str, path)))
        caption = alone == INK
        assert caption.any()
        rows = np.flatnonzero(caption.any(axis=1))
        assert rows[-1] < layout.mosaic.rectangle(place)[1]  # above its tile
        inked += caption
        layout.put(sheet, place, np.zeros((5, columns), np.uint32), "0")
    assert inked.max() == 1  # no caption runs into another
    assert not (inked.astype(bool) & (sheet == 0)).any()  # or into a tile


def test_every_digit_looks_different():
    def ink(text):
        layout = sheet_of([(0,)], (9, 99), 1)
        sheet = layout.blank()
        layout.put(sheet, 0, np.zeros((9, 99), np.uint32), text)
        return (sheet == INK).tobytes()

    assert len({ink(character) for character in "0123456789."}) == 11
