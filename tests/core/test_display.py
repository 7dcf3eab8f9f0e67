import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from cnn_explorer.core.display import COLOUR_MAPS, CONTRASTS, Scale, colour, scale_of

SIGNED = COLOUR_MAPS["signed"]
floats = st.floats(width=32, allow_nan=False, allow_infinity=False)
arrays = hnp.arrays(np.float32, hnp.array_shapes(max_dims=3, max_side=4), elements=floats)
names = st.sampled_from(sorted(COLOUR_MAPS))


def values(*numbers: float) -> np.ndarray:
    return np.array(numbers, np.float32)


def lightness(rgb: np.ndarray) -> np.ndarray:
    """CIE L*, 0 to 100, of sRGB bytes (IEC 61966-2-1 and CIE 1976)."""
    share = rgb / 255
    linear = np.where(share <= 0.04045, share / 12.92, ((share + 0.055) / 1.055) ** 2.4)
    luminance = linear @ [0.2126, 0.7152, 0.0722]
    return np.where(luminance > 216 / 24389, 116 * np.cbrt(luminance) - 16, luminance * 24389 / 27)


def shown(value: float, colours=SIGNED, scale: Scale | None = None) -> tuple[int, ...]:
    """(red, green, blue) of one value, on a scale to ±1 if no other is given."""
    pixel = colour(values(value), colours, scale or Scale(-1, 1, -1, 1))[0]
    return int(pixel[2]), int(pixel[1]), int(pixel[0])


# Tables


@pytest.mark.parametrize("name", COLOUR_MAPS)
def test_tables_have_a_middle(name):
    colours = COLOUR_MAPS[name]
    assert colours.table.shape == (511, 3)
    assert colours.table.dtype == np.uint8
    assert colours.label


def test_signed_lightness_grows_with_the_value_on_both_sides_of_black():
    light = lightness(SIGNED.table)
    negative, positive = light[255::-1], light[255:]
    for side in (negative, positive):
        assert side[0] == 0
        assert side[-1] > 90
        assert (np.diff(side) > 0).all()
        assert (np.diff(side[::32]) > 5).all()  # an eighth of the range is seen anywhere
    assert np.abs(negative - positive).max() < 5  # equal strength looks equally strong


def test_signed_values_are_blue_and_orange():
    red, _, blue = SIGNED.table[:255].astype(int).T
    assert (blue > red).all()
    red, _, blue = SIGNED.table[256:].astype(int).T
    assert (red > blue).all()


def test_the_printed_lightness_falls_on_both_sides_of_white():
    light = lightness(COLOUR_MAPS["print"].table)
    negative, positive = light[255::-1], light[255:]
    for side in (negative, positive):
        assert side[0] == pytest.approx(100, abs=0.01)
        assert (np.diff(side) < 0).all()
    assert np.abs(negative - positive).max() < 5


@pytest.mark.parametrize("name", ["grey", "viridis"])
def test_unsigned_lightness_grows(name):
    light = lightness(COLOUR_MAPS[name].table)
    assert (np.diff(light[::4]) > 0).all()  # bytes are too coarse for every step
    assert (np.diff(light[::30]) > 3).all()


# Colours


def test_zero_is_black_and_white_in_print():
    assert shown(0) == (0, 0, 0)
    assert shown(-0.0) == (0, 0, 0)
    assert shown(0, COLOUR_MAPS["print"]) == (255, 255, 255)


def test_a_pixel_is_blue_green_red_opaque():
    red, green, blue = (int(byte) for byte in SIGNED.table[-1])
    assert len({red, green, blue}) == 3
    pixels = colour(values(1), SIGNED, Scale(-1, 1, -1, 1))
    assert pixels.dtype == np.uint8
    assert pixels.tolist() == [[blue, green, red, 255]]


@given(arrays, names, st.sampled_from(CONTRASTS))
def test_every_value_has_the_colour_of_its_place_in_the_range(array, name, contrast):
    colours = COLOUR_MAPS[name]
    scale = scale_of([array], colours, contrast)
    pixels = colour(array, colours, scale)
    assert pixels.shape == (*array.shape, 4)
    for pixel, value in zip(pixels.reshape(-1, 4), array.flat, strict=True):
        place = (float(value) - scale.low) / (scale.high - scale.low) * 510
        place = min(max(place, 0), 510)
        # float32 may fall to either side of a border between two colours.
        near = {int(np.floor(place + 0.5 + shift)) for shift in (-0.01, 0.01)}
        expected = [[*colours.table[min(index, 510)][::-1].tolist(), 255] for index in near]
        assert pixel.tolist() in expected


@given(arrays, st.sampled_from(CONTRASTS))
def test_equal_values_have_equal_colours_wherever_they_are(array, contrast):
    scale = scale_of([array], SIGNED, contrast)
    together = colour(array, SIGNED, scale)
    alone = [colour(values(value), SIGNED, scale)[0] for value in array.flat]
    np.testing.assert_array_equal(together.reshape(-1, 4), alone)


@given(arrays, names)
def test_zero_has_its_colour_on_every_scale(array, name):
    colours = COLOUR_MAPS[name]
    if colours.signed:
        expected = tuple(colours.table[255].tolist())
        assert shown(0, colours, scale_of([array], colours)) == expected


@pytest.mark.parametrize("name", COLOUR_MAPS)
def test_what_is_not_finite_has_a_colour(name):
    colours = COLOUR_MAPS[name]
    scale = scale_of([values(-1, 3)], colours)
    array = values(np.nan, np.inf, -np.inf)
    nothing, most, least = colour(array, colours, scale)
    assert nothing.tolist() == colour(values(0), colours, scale)[0].tolist()
    assert most.tolist()[:3] == colours.table[-1][::-1].tolist()
    assert least.tolist()[:3] == colours.table[0][::-1].tolist()
    assert np.isnan(array[0])  # the values are not touched


def test_values_far_beyond_the_range_are_clipped():
    scale = Scale(-1e-3, 1e-3, -1e-3, 1e-3)
    assert shown(3e38, scale=scale) == tuple(SIGNED.table[-1].tolist())
    assert shown(-3e38, scale=scale) == tuple(SIGNED.table[0].tolist())


# Scales


def test_a_signed_scale_is_symmetric():
    scale = scale_of([values(-2, 1), values(0.5)], SIGNED)
    assert scale == Scale(-2, 2, -2, 1)
    assert not scale.clipped
    assert scale_of([values(-2, 7)], SIGNED) == Scale(-7, 7, -2, 7)


@pytest.mark.parametrize(
    ("array", "low", "high"),
    [((1, 3), 0, 3), ((-1, 3), -1, 3), ((-3, -1), -3, 0), ((0, 0.5), 0, 0.5)],
)
def test_another_scale_begins_at_zero_or_below(array, low, high):
    assert scale_of([values(*array)], COLOUR_MAPS["grey"]) == Scale(low, high, low, high)


@given(st.lists(arrays, max_size=3), names, st.sampled_from(CONTRASTS))
def test_a_scale_holds_zero_and_every_value_unless_it_says_so(all_arrays, name, contrast):
    scale = scale_of(all_arrays, COLOUR_MAPS[name], contrast)
    everything = [0.0, *(float(value) for array in all_arrays for value in array.flat)]
    assert (scale.least, scale.most) == (min(everything), max(everything))
    assert scale.low <= 0 <= scale.high
    assert scale.low < scale.high
    outside = any(not scale.low <= value <= scale.high for value in everything)
    assert scale.clipped == outside
    if contrast == 1:
        assert not scale.clipped
    if COLOUR_MAPS[name].signed:
        assert scale.low == -scale.high


def test_contrast_steepens_the_colours_and_says_that_it_clips():
    array = values(-1, 0.25, 4)
    plain, steep = (scale_of([array], SIGNED, contrast) for contrast in (1, 4))
    assert steep == Scale(-1, 1, -1, 4, 4)
    assert steep.clipped
    assert shown(0.25, scale=steep) == shown(1, scale=plain)
    assert shown(4, scale=steep) == shown(1, scale=steep) == tuple(SIGNED.table[-1].tolist())
    assert not scale_of([values(0)], SIGNED, 4).clipped


@pytest.mark.parametrize("array", [(), (0, 0), (1e-42,), (np.nan,), (np.inf, -np.inf)])
def test_a_scale_without_values_has_a_range(array):
    for name, low in [("signed", -1), ("print", -1), ("grey", 0), ("viridis", 0)]:
        scale = scale_of([values(*array)], COLOUR_MAPS[name])
        assert (scale.low, scale.high) == (low, 1)
        assert not scale.clipped
    assert shown(0, scale=scale_of([], SIGNED)) == (0, 0, 0)


def test_values_that_are_not_finite_do_not_stretch_a_scale():
    assert scale_of([values(np.nan, -2, np.inf, 1, -np.inf)], SIGNED) == Scale(-2, 2, -2, 1)
