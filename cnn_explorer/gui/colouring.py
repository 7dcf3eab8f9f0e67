"""How the user wants values coloured, and the colours of tiles by it."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from cnn_explorer.core.activations import Array
from cnn_explorer.core.display import COLOUR_MAPS, ColourMap, Scale, colour, scale_of
from cnn_explorer.core.kernel_layers import Conv2d
from cnn_explorer.core.making import Making
from cnn_explorer.core.network import MAX_LAYERS
from cnn_explorer.core.schemes import ChannelScheme, scheme_kernel
from cnn_explorer.gui.marks import Pictures
from cnn_explorer.gui.settings import Settings


@dataclass(frozen=True, eq=False)
class Colouring:
    """A colour map, a contrast, and the scale that the maps of each layer share.

    Parameters
    ----------
    colours
        The colour map.
    contrast
        1, 2 or 4.
    scales
        For each layer the shared scale; None where each map has its own.
    """

    colours: ColourMap
    contrast: int
    scales: tuple[Scale, ...] | None

    def scale(self, layer: int, values: Array) -> Scale:
        """The scale for some values of a layer."""
        if self.scales is None:
            return scale_of([values], self.colours, self.contrast)
        return self.scales[layer]


def colouring_of(settings: Settings, maps: Sequence[Array]) -> Colouring:
    """The colouring that the settings ask for, for the maps of a pass."""
    colours = COLOUR_MAPS[settings.colour_map]
    contrast = settings.contrast
    if settings.colour_scale == "map":
        return Colouring(colours, contrast, None)
    if settings.colour_scale == "network":
        one = scale_of(maps, colours, contrast)
        return Colouring(colours, contrast, (one,) * len(maps))
    scales = tuple(scale_of([layer], colours, contrast) for layer in maps)
    return Colouring(colours, contrast, scales)


def pictures_of(
    values: Sequence[Array | None], size: tuple[int, int], colouring: Colouring, layer: int
) -> Pictures:
    """Colours of some maps of a layer.

    Parameters
    ----------
    values
        For each tile its map, float32, shape size, or None where it is not computed.
    size
        (rows, columns) of every map.
    colouring, layer
        Which colours over which scale.
    """
    missing = np.array([value is None for value in values], bool)
    stack = np.zeros((len(values), *size), np.float32)
    for place, value in enumerate(values):
        if value is not None:
            stack[place] = value
    blank = np.logical_not(stack.any(axis=(1, 2)))
    if colouring.scales is not None:
        colours = colour(stack, colouring.colours, colouring.scales[layer])
    else:
        colours = np.empty((*stack.shape, 4), np.uint8)
        for place, value in enumerate(stack):
            colours[place] = colour(value, colouring.colours, colouring.scale(layer, value))
    return Pictures(colours, blank, missing)


# Sums and scales over a whole weight, of the layers at hand; every face asks for them again.


@lru_cache(maxsize=MAX_LAYERS)
def layer_kernel(layer: Conv2d, scheme: ChannelScheme) -> Array:
    """A layer's kernels in a scheme, shape (out, in or 1, kh, kw)."""
    return scheme_kernel(layer, scheme)


@lru_cache(maxsize=MAX_LAYERS)
def kernel_colouring(
    layer: Conv2d, scheme: ChannelScheme, colour_map: str, contrast: int
) -> Colouring:
    """Colours of a layer's kernels, on a scale that all of them share.

    Parameters
    ----------
    layer, scheme
        Whose kernels, and in which scheme.
    colour_map, contrast
        As in `cnn_explorer.gui.settings.Settings`.
    """
    colours = COLOUR_MAPS[colour_map]
    scale = scale_of([layer_kernel(layer, scheme)], colours, contrast)
    return Colouring(colours, contrast, (scale,))


@dataclass(frozen=True, eq=False)
class MakingColours:
    """Colours of what one map is made from.

    Parameters
    ----------
    colours
        The colour map.
    maps, kernels, parts, output
        Scales of the input maps, as in their grid; of the filter's kernels; of contributions, sums
        and the map before activation, which share one; of the map itself, as in its grid.
    """

    colours: ColourMap
    maps: Scale
    kernels: Scale
    parts: Scale
    output: Scale


def making_colours(making: Making, colouring: Colouring) -> MakingColours:
    """The colours of how a map is made, that go with those of the grids."""
    colours, contrast = colouring.colours, colouring.contrast
    layer = len(making.address) - 1
    drawing = scale_of([np.ones(1, np.float32)], colours, contrast)
    return MakingColours(
        colours,
        colouring.scale(layer - 1, making.maps) if layer else drawing,
        scale_of([making.kernels], colours, contrast),
        scale_of([making.parts, making.total, making.before], colours, contrast),
        colouring.scale(layer, making.map),
    )
