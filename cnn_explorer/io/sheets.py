"""Contact sheets: all maps of a layer in one picture, each with its number.

The captions are set in a pixel font of our own, so that a sheet is the same to the last byte on
every machine, with or without a window system and its fonts.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain, groupby

import numpy as np
import numpy.typing as npt

from cnn_explorer.core.addresses import Address, address_text
from cnn_explorer.core.mosaic import Mosaic
from cnn_explorer.io.pictures import Pixels

LARGEST_SIDE = 8192
"""Pixels a side that a contact sheet has at most."""

_GROUND, _INK = np.uint32(0xFFE6E8EB), np.uint32(0xFF202124)
_MARGIN = 8


@dataclass(frozen=True)
class Sheet:
    """Where the maps lie on a contact sheet.

    Parameters
    ----------
    mosaic
        The tiles.
    scale
        Pixels a side of a map's pixel.
    every
        Where even scale 1 is too large: only every so many rows and columns of a map are shown.
    captions
        Scale of the captions, 0 where there is no room for them.
    """

    mosaic: Mosaic
    scale: int
    every: int
    captions: int

    def blank(self) -> Pixels:
        """A sheet without maps."""
        width, height = self.mosaic.size
        return np.full((height, width), _GROUND, np.uint32)

    def put(self, sheet: Pixels, index: int, pixels: Pixels, caption: str) -> None:
        """Put a map and its caption, digits and dots, in its place."""
        x, y, width, height = self.mosaic.rectangle(index)
        tile = pixels[:: self.every, :: self.every]
        sheet[y : y + height, x : x + width] = tile.repeat(self.scale, 0).repeat(self.scale, 1)
        if self.captions:
            ink = _ink(caption).repeat(self.captions, 0).repeat(self.captions, 1)
            top = y - self.mosaic.caption
            sheet[top : top + ink.shape[0], x : x + ink.shape[1]][ink] = _INK


def sheet_of(addresses: Sequence[Address], map_size: tuple[int, int], scale: int) -> Sheet:
    """Lay out a contact sheet as large as asked for, but of at most `LARGEST_SIDE` a side.

    Parameters
    ----------
    addresses
        The maps, in order; their captions. Those of one parent begin a new line where that leaves
        the sheet about square.
    map_size
        (rows, columns) of each.
    scale
        The scale asked for. It falls until the sheet fits, then the captions go, then rows and
        columns of the maps.
    """
    columns = math.ceil(math.sqrt(len(addresses)))
    siblings = {len([*maps]) for _, maps in groupby(addresses, lambda address: address[:-1])}
    if len(siblings) == 1:
        each = siblings.pop()
        columns = next((n for n in range(columns, 2 * columns + 1) if each % n == 0), columns)
    longest = max(len(address_text(address)) for address in addresses)

    def sheet(scale: int, every: int = 1, captions: int = 0) -> Sheet:
        tile = math.ceil(map_size[0] / every) * scale, math.ceil(map_size[1] / every) * scale
        # A caption may be wider than its tile.
        overhang = max(0, longest * (_GLYPH_WIDTH + 1) * captions - tile[1])
        mosaic = Mosaic(
            groups=1,
            per_group=len(addresses),
            columns=columns,
            tile=tile,
            caption=(_GLYPH_HEIGHT + 2) * captions,
            gap=2 + 4 * captions + overhang,
            margin=_MARGIN + overhang,
        )
        return Sheet(mosaic, scale, every, captions)

    captioned = (
        sheet(n, captions=min(3, max(1, map_size[1] * n // 100))) for n in range(scale, 0, -1)
    )
    bare = (sheet(1, every) for every in range(1, max(map_size) + 1))
    return next(made for made in chain(captioned, bare) if max(made.mosaic.size) <= LARGEST_SIDE)


_GLYPH_HEIGHT, _GLYPH_WIDTH = 7, 5
_GLYPHS = {
    "0": "01110 10001 10011 10101 11001 10001 01110",
    "1": "00100 01100 00100 00100 00100 00100 01110",
    "2": "01110 10001 00001 00110 01000 10000 11111",
    "3": "01110 10001 00001 00110 00001 10001 01110",
    "4": "00010 00110 01010 10010 11111 00010 00010",
    "5": "11111 10000 11110 00001 00001 10001 01110",
    "6": "00110 01000 10000 11110 10001 10001 01110",
    "7": "11111 00001 00010 00100 01000 01000 01000",
    "8": "01110 10001 10001 01110 10001 10001 01110",
    "9": "01110 10001 10001 01111 00001 00010 01100",
    ".": "00000 00000 00000 00000 00000 00110 00110",
}


def _ink(text: str) -> npt.NDArray[np.bool_]:
    """Digits and dots as ink, shape (7, 6 for each character), the last column empty."""
    columns = [
        [[bit == "1" for bit in row] + [False] for row in _GLYPHS[character].split()]
        for character in text
    ]
    return np.concatenate([np.array(glyph) for glyph in columns], axis=1)
