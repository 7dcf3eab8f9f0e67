"""Values to colours: colour maps, the scale that values share, and the legend's numbers."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from cnn_explorer.core.activations import Array

CONTRASTS = (1, 2, 4)

_LEAST_RANGE = 1e-30  # a smaller one would overflow float32 when stretched over the colours


@dataclass(frozen=True, eq=False)
class ColourMap:
    """A table of 511 colours.

    Parameters
    ----------
    label
        Name on screen.
    table
        uint8, shape (511, 3). Of a signed map the middle, 255, is zero; of one that is not,
        0 is the lowest value.
    signed
        Whether it is symmetric about zero.
    """

    label: str
    table: npt.NDArray[np.uint8]
    signed: bool


@dataclass(frozen=True)
class Scale:
    """The range of values that a colour map is stretched over.

    Parameters
    ----------
    low, high
        Values of the first and the last colour; low < high.
    least, most
        The least and the largest value there are, or zero where none is beyond it.
    contrast
        1, 2 or 4: how many times the colours are steeper; values beyond are clipped.
    """

    low: float
    high: float
    least: float
    most: float
    contrast: int = 1

    @property
    def clipped(self) -> bool:
        """Whether some values lie outside the range of the colours."""
        return self.least < self.low or self.most > self.high


def scale_of(arrays: Iterable[Array], colours: ColourMap, contrast: int = 1) -> Scale:
    """Scale that all of some maps share.

    Parameters
    ----------
    arrays
        float32, any shapes. Values that are not finite are left out.
    colours
        A signed map gets a range symmetric about zero; another one that begins at zero or the
        least value, whichever is lower.
    contrast
        Divides the range.

    Returns
    -------
    Scale
        With a range of ±1, or 0 to 1, where every value is as good as zero or there are none.
    """
    least, most = 0.0, 0.0
    for array in arrays:
        finite = array if np.isfinite(array).all() else array[np.isfinite(array)]
        if finite.size:
            least, most = min(least, float(finite.min())), max(most, float(finite.max()))
    limit = max(-least, most)
    if colours.signed:
        low, high = -limit, limit
    else:
        low, high = least, most
    if high - low < _LEAST_RANGE:
        low, high = (-1.0 if colours.signed else least), 1.0
    return Scale(low / contrast, high / contrast, least, most, contrast)


def colour(values: Array, colours: ColourMap, scale: Scale) -> npt.NDArray[np.uint8]:
    """Colours of values.

    Parameters
    ----------
    values
        float32, any shape. Not-a-number takes the colour of zero.
    colours, scale
        Which colours, over which range.

    Returns
    -------
    ndarray
        uint8, the shape of values with 4 more entries: blue, green, red, 255, which is how a
        32-bit pixel lies in memory on a little-endian machine.
    """
    steps = len(colours.table) - 1
    factor = steps / (scale.high - scale.low)
    zero = 0.5 - scale.low * factor
    with np.errstate(over="ignore"):  # beyond float32 is beyond the last colour
        position = values * np.float32(factor)
        position += np.float32(zero)
    position[np.isnan(position)] = zero
    index = position.clip(0, steps, out=position).astype(np.int16)
    # A whole pixel is looked up at once: ten times as fast as four bytes.
    pixels: npt.NDArray[np.uint32] = _pixels(colours).take(index)
    return pixels.view(np.uint8).reshape(*values.shape, 4)


def _pixels(colours: ColourMap) -> npt.NDArray[np.uint32]:
    """Blue, green, red and 255 of each colour, together as one number."""
    opaque = np.full((len(colours.table), 1), 255, np.uint8)
    pixels = np.concatenate([colours.table[:, ::-1], opaque], axis=1)
    return pixels.view(np.uint32)[:, 0]


def _table(stops: Iterable[tuple[float, str]]) -> npt.NDArray[np.uint8]:
    """511 colours through the stops, (position 0 to 1, "rrggbb")."""
    positions, names = zip(*stops, strict=True)
    colours = np.array([list(bytes.fromhex(name)) for name in names], float)
    at = np.linspace(0, 1, 511)
    channels = [np.interp(at, positions, colours[:, channel]) for channel in range(3)]
    return np.stack(channels, axis=1).round().astype(np.uint8)


COLOUR_MAPS: dict[str, ColourMap] = {
    # Lightness grows with |value| on both sides of black.
    "signed": ColourMap(
        "blue – black – orange",
        _table(
            [
                (0.0, "d6ecff"),
                (0.1, "8fc6ff"),
                (0.22, "3d97f5"),
                (0.36, "0f55a8"),
                (0.5, "000000"),
                (0.64, "8c4300"),
                (0.78, "e8841a"),
                (0.9, "ffbd73"),
                (1.0, "ffeed8"),
            ]
        ),
        signed=True,
    ),
    # Lightness falls with |value| on both sides of white.
    "print": ColourMap(
        "blue – white – orange",
        _table(
            [
                (0.0, "06264d"),
                (0.15, "0f55a8"),
                (0.3, "5fa8f0"),
                (0.5, "ffffff"),
                (0.7, "e0934a"),
                (0.85, "8c4300"),
                (1.0, "401d00"),
            ]
        ),
        signed=True,
    ),
    "grey": ColourMap("grey", _table([(0, "000000"), (1, "ffffff")]), signed=False),
    # Eight samples of matplotlib's viridis (CC0, S. van der Walt and N. Smith).
    "viridis": ColourMap(
        "viridis",
        _table(
            [
                (0 / 7, "440154"),
                (1 / 7, "46327e"),
                (2 / 7, "365c8d"),
                (3 / 7, "277f8e"),
                (4 / 7, "1fa187"),
                (5 / 7, "4ac16d"),
                (6 / 7, "a0da39"),
                (7 / 7, "fde725"),
            ]
        ),
        signed=False,
    ),
}
