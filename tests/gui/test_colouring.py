"""Which colours on which scale, by the settings."""

from dataclasses import replace

import numpy as np
import pytest

from cnn_explorer.core.activations import Array
from cnn_explorer.core.display import COLOUR_MAPS, colour, scale_of
from cnn_explorer.gui.colouring import colouring_of, pictures_of
from cnn_explorer.gui.settings import Settings


def maps(*limits: tuple[float, float], count: int = 3) -> list[Array]:
    """Layers of maps whose values run over given ranges; the first map holds the extremes."""
    layers = []
    for low, high in limits:
        ramp = np.linspace(low, high, 12, dtype=np.float32).reshape(3, 4)
        layers.append(np.stack([ramp / (1 + place) for place in range(count)]))
    return layers


LAYERS = maps((-1, 2), (-5, 0.5))


def test_the_maps_of_a_layer_share_a_scale() -> None:
    colouring = colouring_of(Settings(), LAYERS)
    for index, (low, high) in enumerate([(-1, 2), (-5, 0.5)]):
        scale = colouring.scale(index, LAYERS[index][1])
        assert (scale.least, scale.most) == (low, high)
        assert scale == colouring.scale(index, LAYERS[index][2])
    assert colouring.scales is not None
    assert len(colouring.scales) == 2


def test_the_network_shares_a_scale() -> None:
    colouring = colouring_of(Settings(colour_scale="network"), LAYERS)
    scales = {colouring.scale(index, LAYERS[index][0]) for index in range(2)}
    assert [(scale.least, scale.most) for scale in scales] == [(-5, 2)]


def test_each_map_has_its_own_scale() -> None:
    colouring = colouring_of(Settings(colour_scale="map"), LAYERS)
    assert colouring.scales is None
    for values in LAYERS[0]:
        scale = colouring.scale(0, values)
        assert (scale.least, scale.most) == (values.min(), values.max())


@pytest.mark.parametrize("colour_map", list(COLOUR_MAPS))
@pytest.mark.parametrize("contrast", [1, 2, 4])
@pytest.mark.parametrize("colour_scale", ["layer", "map", "network"])
def test_tiles_have_the_colours_of_their_values(
    colour_map: str, contrast: int, colour_scale: str
) -> None:
    settings = Settings(colour_map=colour_map, contrast=contrast, colour_scale=colour_scale)
    colouring = colouring_of(settings, LAYERS)
    shared = {"layer": [LAYERS[1]], "network": LAYERS, "map": None}[colour_scale]
    pictures = pictures_of(list(LAYERS[1]), (3, 4), colouring, 1)
    assert pictures.colours.shape == (3, 3, 4, 4)
    assert pictures.colours.dtype == np.uint8
    for values, painted in zip(LAYERS[1], pictures.colours, strict=True):
        scale = scale_of(shared or [values], COLOUR_MAPS[colour_map], contrast)
        np.testing.assert_array_equal(painted, colour(values, COLOUR_MAPS[colour_map], scale))


def test_equal_values_have_equal_colours_across_the_maps_of_a_layer() -> None:
    one = np.zeros((2, 2, 2), np.float32)
    one[0, 0, 0] = one[1, 1, 1] = 0.7
    one[1, 0, 0] = 2
    pictures = pictures_of(list(one), (2, 2), colouring_of(Settings(), [one]), 0)
    assert (pictures.colours[0, 0, 0] == pictures.colours[1, 1, 1]).all()
    assert (pictures.colours[0, 1, 1] == pictures.colours[1, 0, 1]).all()


@pytest.mark.parametrize("colour_scale", ["layer", "map"])
def test_what_is_zero_and_what_is_missing(colour_scale: str) -> None:
    settings = replace(Settings(), colour_scale=colour_scale)
    layer = LAYERS[0]
    tiny = np.zeros((3, 4), np.float32)
    tiny[2, 3] = -1e-30
    colouring = colouring_of(settings, [layer])
    values = [layer[0], None, np.zeros((3, 4), np.float32), tiny]
    pictures = pictures_of(values, (3, 4), colouring, 0)
    assert pictures.missing.tolist() == [False, True, False, False]
    assert pictures.blank[[0, 2, 3]].tolist() == [False, True, False]
    assert (pictures.colours[2] == [0, 0, 0, 255]).all()


def test_no_tiles_and_no_maps() -> None:
    none = np.empty((0, 3, 4), np.float32)
    colouring = colouring_of(Settings(), [none])
    assert pictures_of([], (3, 4), colouring, 0).colours.shape == (0, 3, 4, 4)
    assert colouring.scale(0, none).high > colouring.scale(0, none).low
