"""Where many equal tiles lie in one picture, and which tile lies at a point.

Lengths are device pixels unless they are called logical, so that a tile's side can be a whole
multiple of its map's.
"""

import math
from dataclasses import dataclass
from typing import Any

Rectangle = tuple[int, int, int, int]


@dataclass(frozen=True)
class Mosaic:
    """Equal tiles in groups, one group under the other, each wrapped into lines.

    Parameters
    ----------
    groups, per_group
        How many; tile i is number ``i % per_group`` of group ``i // per_group``.
    columns
        Tiles in a line.
    tile
        (height, width) of a tile.
    caption
        Room above each line of tiles.
    gutter, header
        Room to the left of all groups, and above them.
    gap, group_gap
        Room between lines and columns, and more between groups.
    margin
        Room around all.
    """

    groups: int
    per_group: int
    columns: int
    tile: tuple[int, int]
    caption: int = 0
    gutter: int = 0
    header: int = 0
    gap: int = 0
    group_gap: int = 0
    margin: int = 0

    @property
    def count(self) -> int:
        """Number of tiles."""
        return self.groups * self.per_group

    @property
    def lines(self) -> int:
        """Lines of each group."""
        return math.ceil(self.per_group / self.columns)

    @property
    def _line_height(self) -> int:
        return self.caption + self.tile[0] + self.gap

    @property
    def _group_height(self) -> int:
        return self.lines * self._line_height + self.group_gap

    @property
    def size(self) -> tuple[int, int]:
        """(width, height) of the whole picture."""
        columns = min(self.columns, self.per_group)
        width = self.gutter + columns * (self.tile[1] + self.gap) - self.gap
        height = self.header + self.groups * self._group_height - self.gap - self.group_gap
        return width + 2 * self.margin, height + 2 * self.margin

    def rectangle(self, index: int) -> Rectangle:
        """(x, y, width, height) of a tile's pixels."""
        group, member = divmod(index, self.per_group)
        line, column = divmod(member, self.columns)
        x = self.margin + self.gutter + column * (self.tile[1] + self.gap)
        y = self.group_top(group) + line * self._line_height + self.caption
        return x, y, self.tile[1], self.tile[0]

    def group_top(self, group: int) -> int:
        """Where a group begins, its first caption included."""
        return self.margin + self.header + group * self._group_height

    def index_at(self, x: float, y: float) -> int | None:
        """Tile whose pixels hold a point, or None between them."""
        if x < 0 or y < 0:
            return None
        column = math.floor((x - self.margin - self.gutter) / (self.tile[1] + self.gap))
        group, rest = divmod(y - self.group_top(0), self._group_height)
        line = math.floor(rest / self._line_height)
        member = line * self.columns + column
        inside = 0 <= column < self.columns and 0 <= line < self.lines
        if not (inside and 0 <= group < self.groups and member < self.per_group):
            return None
        index = int(group) * self.per_group + member
        left, top, width, height = self.rectangle(index)
        return index if left <= x < left + width and top <= y < top + height else None

    def within(self, x: float, y: float, width: float, height: float) -> list[int]:
        """Tiles of which some pixel or caption lies in a rectangle, in order."""
        left, top = x - self.margin - self.gutter, y - self.group_top(0)
        caption_and_tile = self._line_height - self.gap
        columns = _overlapping(
            left, width, self.tile[1] + self.gap, self.tile[1], min(self.columns, self.per_group)
        )
        found = []
        for group in _overlapping(
            top, height, self._group_height, self._group_height - self.group_gap, self.groups
        ):
            below = top - group * self._group_height
            for line in _overlapping(
                below, height, self._line_height, caption_and_tile, self.lines
            ):
                members = [line * self.columns + column for column in columns]
                found += [group * self.per_group + j for j in members if j < self.per_group]
        return found

    def neighbour(self, index: int, lines: int, columns: int) -> int:
        """Tile some lines below or columns after another; the same where there is none."""
        target = index + columns
        if lines:
            group, member = divmod(index, self.per_group)
            line, column = divmod(member, self.columns)
            group, line = divmod(group * self.lines + line + lines, self.lines)
            target = group * self.per_group + min(line * self.columns + column, self.per_group - 1)
        return target if 0 <= target < self.count else index


def _overlapping(start: float, length: float, step: int, extent: int, count: int) -> range:
    """Which of some intervals of an extent, one each step from 0, overlap a given one."""
    first = max(0, math.floor((start - extent) / step) + 1)
    return range(first, min(count, math.ceil((start + length) / step)))


def fitted(
    groups: int,
    per_group: int,
    map_size: tuple[int, int],
    room: tuple[int, int],
    *,
    least: int,
    most: int,
    caption: int = 0,
    gutter_tile: bool = False,
    gutter: int = 0,
    header: int = 0,
    gap: int = 0,
    group_gap: int = 0,
    margin: int = 0,
    wrap: bool = True,
) -> Mosaic:
    """The mosaic with the largest tiles that fit into a room.

    Parameters
    ----------
    groups, per_group, caption, gutter, header, gap, group_gap, margin
        As in `Mosaic`.
    map_size
        (rows, columns) of a map; a tile is a whole multiple of it.
    room
        (width, height). Where not even tiles of the least side fit, the picture is as wide as
        the room and higher.
    least, most
        Limits of the longer side of a tile; least gives way to one device pixel a map's pixel.
    gutter_tile
        Whether the gutter holds a tile too, as wide as the others.
    wrap
        Whether a group may take several lines; else each is one line, however wide.

    Returns
    -------
    Mosaic
        At least one column wide, even where the room is narrower.
    """
    longer = max(map_size)
    low = max(1, math.ceil(least / longer))
    for multiple in range(max(low, most // longer), low - 1, -1):
        tile = (map_size[0] * multiple, map_size[1] * multiple)
        left = gutter + (tile[1] if gutter_tile else 0)
        columns = (room[0] - 2 * margin - left + gap) // (tile[1] + gap) if wrap else per_group
        mosaic = Mosaic(
            groups,
            per_group,
            max(1, min(columns, per_group)),
            tile,
            caption=caption,
            gutter=left,
            header=header,
            gap=gap,
            group_gap=group_gap,
            margin=margin,
        )
        fits = mosaic.size[0] <= room[0] and mosaic.size[1] <= room[1]
        if multiple == low or (columns >= 1 and fits):
            return mosaic
    raise AssertionError("the loop ends at the least multiple")


def fitted_legibly(
    groups: int,
    per_group: int,
    map_size: tuple[int, int],
    room: tuple[int, int, int],
    sides: tuple[int, int, int],
    ratio: float,
    bar: int = 0,
    **spacing: Any,
) -> tuple[Mosaic, int]:
    """Lay tiles out in their share of the height, or in more where they would be too small.

    Parameters
    ----------
    groups, per_group, map_size, spacing
        As in `fitted`.
    room
        (width, share of the height, most height), in logical pixels.
    sides
        (least, least that is easy to read, most) of a tile's longer side, in logical pixels.
    ratio
        Device pixels in a logical one.
    bar
        Width of a scroll bar, which stands beside tiles that do not fit the height.

    Returns
    -------
    tuple of Mosaic and int
        The tiles, and the height, in logical pixels, that they may take.
    """
    least, legible, most = (round(side * ratio) for side in sides)
    width, share, most_height = room
    longer = max(map_size)
    enough = -(-legible // longer) * longer

    def fit(width: int, height: int, largest: int) -> Mosaic:
        room = int(width * ratio), int(height * ratio)
        return fitted(groups, per_group, map_size, room, least=least, most=largest, **spacing)

    for height, largest in ((share, most), (most_height, enough)):
        mosaic = fit(width, height, largest)
        if max(mosaic.tile) >= legible:
            break
    if mosaic.size[1] > height * ratio:
        mosaic = fit(width - bar, height, largest)
    return mosaic, height
