"""Where the pictures lie that show how a map is made: the columns of the rows, and the footer."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from PySide6.QtCore import QRectF
from PySide6.QtGui import QFont, QFontMetrics

from cnn_explorer.core.activations import ACTIVATIONS
from cnn_explorer.core.making import Making
from cnn_explorer.core.sentences import bias_name, signed
from cnn_explorer.gui.theme import smaller
from cnn_explorer.gui.tiles import USUAL_TEXT

GAP = 8
"""Logical pixels between rows."""

EDGE = 6
"""Logical pixels around the pictures, so that marks have room."""

_LEAST, _MOST = 44, 112
"""Logical pixels of a picture's side, where its map leaves a choice."""

SHARE, OF_ALL = "100 %", " of all"
"""The widest share, and what follows it where it has room."""


@dataclass(frozen=True)
class Plan:
    """A layout, in logical pixels from the left of the content.

    Parameters
    ----------
    ratio
        Device pixels in a logical one.
    side
        Of the square that each picture of a row has.
    index, tiles, share, width
        Where the number, the three pictures and the share begin, and where the content ends.
    header, pitch, footer
        Heights of the captions, of a row, and of all that is below the rows.
    below, least_below
        Side of the squares in the footer, and the height that the words between them need.
    words
        What stands after the first and after the second picture there, and how wide it is.
    """

    ratio: float
    side: float
    index: int
    tiles: tuple[int, int, int]
    share: int
    width: int
    header: int
    pitch: int
    footer: int
    below: float
    least_below: int
    words: tuple[tuple[str, int], ...]

    def cell(self, column: int, top: float, shape: Sequence[int]) -> QRectF:
        """Where a row that begins at a height has its picture of a column."""
        return self.picture(
            self.tiles[column], top + (self.pitch - self.side) / 2, shape, self.side
        )

    def picture(self, left: float, top: float, shape: Sequence[int], side: float) -> QRectF:
        """Where a map lies in a square: a whole multiple of it, on whole device pixels."""
        multiple = max(1, int(side * self.ratio + 1e-6) // max(shape))
        height, width = (length * multiple / self.ratio for length in shape)
        x, y = left + (side - width) / 2, top + (side - height) / 2
        x, y = round(x * self.ratio) / self.ratio, round(y * self.ratio) / self.ratio
        return QRectF(x, y, width, height)


def small(font: QFont) -> QFont:
    """The same font a little smaller, for what is said beside the pictures."""
    result = QFont(font)
    result.setPointSizeF(smaller(font, 0.85))
    return result


class Content(NamedTuple):
    """What of a map its layout depends on.

    Parameters
    ----------
    rows, highest
        How many rows there are, and the largest number among them.
    longest
        Side of the largest picture, in values.
    words
        What stands in the footer after the first and after the second picture.
    """

    rows: int
    highest: int
    longest: int
    words: tuple[str, str]


def content_of(making: Making) -> Content:
    """What of a map its layout depends on: not its values, nor its network."""
    bias, activation = "→", "→"
    if making.bias is not None:
        bias = f"+ {bias_name(making.state.network, making.address)}\n= {signed(making.bias)}\n→"
    if making.layer.activation != "none":
        activation = ACTIVATIONS[making.layer.activation].label.replace(" ", "\n") + "\n→"
    longest = max(*making.maps.shape[1:], *making.parts.shape[1:])
    return Content(len(making.channels), max(making.channels), longest, (bias, activation))


def plan_rows(
    content: Content, width: int, height: int | None, font: QFont, ratio: float, check: int
) -> Plan:
    """Lay out the rows of a map with the largest pictures with which all of them have room.

    Parameters
    ----------
    content
        The map.
    width, height
        The room, in logical pixels; None where there is no limit. Rows that do not have room with
        the smallest pictures either are as high as those make them.
    font, ratio, check
        Of the text; device pixels in a logical one; and the width of a check box.
    """
    metrics = QFontMetrics(font)
    line = metrics.height()
    little = QFontMetrics(small(font))
    words = tuple(
        (text, max(map(little.horizontalAdvance, text.split("\n"))) + 12) for text in content.words
    )
    index = EDGE + check + 4
    number = metrics.horizontalAdvance("8" * len(str(content.highest)))
    first = index + number + 4
    operator = metrics.horizontalAdvance("\N{ASTERISK OPERATOR}") + 6
    step = content.longest / ratio  # a picture's side is a multiple of that
    factor = max(1.0, line / USUAL_TEXT)
    # Large text leaves less room: rather short words than tiny pictures.
    for share in (SHARE + OF_ALL, SHARE):
        share_width = little.horizontalAdvance(share) + EDGE
        room = (width - first - 2 * operator - GAP - share_width) / 3
        most = max(1, int(min(room, _MOST * factor) / step))
        if most * step >= _LEAST:
            break
    least = min(most, max(1, -int(-_LEAST * factor // step)))
    taken = sum(words_width for _, words_width in words) + 2 * EDGE

    lines = max(text.count("\n") + 1 for text, _ in words) * little.height()

    def plan(multiple: int) -> Plan:
        side = multiple * step
        tiles = first, round(first + side + operator), round(first + 2 * (side + operator))
        share = round(tiles[2] + side + GAP)
        below = max(1, min(multiple, int((width - taken) / 3 / step))) * step
        return Plan(
            ratio,
            side,
            index,
            tiles,
            share,
            max(width, share + share_width, round(3 * below + taken)),
            line + 4,
            round(max(side, 2 * line + 10)) + GAP,
            round(line + max(below, lines)) + 20,
            below,
            lines,
            words,
        )

    for multiple in range(most, least, -1):
        found = plan(multiple)
        rows = content.rows * found.pitch
        if height is None or found.header + rows + found.footer <= height:
            return found
    return plan(least)
