"""Where the pictures and the numbers lie that say what speaks for a class."""

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QRectF
from PySide6.QtGui import QFont, QFontDatabase, QFontMetrics

from cnn_explorer.core.evidence import Evidence
from cnn_explorer.gui.map_plan import EDGE, GAP
from cnn_explorer.gui.theme import smaller
from cnn_explorer.gui.tiles import USUAL_TEXT

_LEAST, _MOST = 28, 72
"""Logical pixels of a picture's side: of a map of one pixel, and the most."""

_LEAST_BAR = 36


@dataclass(frozen=True)
class Plan:
    """A layout, in logical pixels.

    Parameters
    ----------
    side
        Of the pictures.
    tiles, bar, width
        Where the three pictures and the bar begin, and where the numbers end.
    bar_width
        Of both sides of the bar.
    header, pitch, line, footer
        Heights of the captions, of a row, and of a line of the footer and of all of it.
    ratio
        Device pixels in a logical one.
    """

    side: float
    tiles: tuple[float, float, float]
    bar: float
    bar_width: float
    width: int
    header: int
    pitch: int
    line: int
    footer: int
    ratio: float

    def cell(self, column: int, top: float, shape: Sequence[int]) -> QRectF:
        """Where a row that begins at a height has a picture, on whole device pixels."""
        rows, columns = shape
        unit = self.side / max(rows, columns)
        width, height = columns * unit, rows * unit
        x = self.tiles[column] + (self.side - width) / 2
        y = top + (self.pitch - height) / 2
        return QRectF(
            round(x * self.ratio) / self.ratio, round(y * self.ratio) / self.ratio, width, height
        )


def digits_font(font: QFont) -> QFont:
    """The font of numbers below each other."""
    result = QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont)
    result.setPointSizeF(smaller(font, 0.95))
    return result


def plan_evidence(evidence: Evidence, width: int, font: QFont, ratio: float) -> Plan:
    """Lay out the rows of a class.

    Parameters
    ----------
    evidence
        The class, taken apart.
    width
        The room, in logical pixels.
    font, ratio
        Of the text; device pixels in a logical one.
    """
    metrics = QFontMetrics(font)
    line = metrics.height()
    numbers = [*evidence.numbers, *(number for _, number in evidence.footer)]
    longest = max(len("+12.3456"), *(len(number.text) for number in numbers))
    number = QFontMetrics(digits_font(font)).horizontalAdvance("0" * longest)
    first = EDGE + metrics.horizontalAdvance("8" * len(str(len(evidence.parts) - 1))) + GAP
    sign = metrics.horizontalAdvance("=") + 8
    longer = max(evidence.maps.shape[1:])
    step = longer / ratio  # a picture's side is a multiple of that
    room = (width - first - 2 * sign - 2 * GAP - _LEAST_BAR - number - EDGE) / 3
    most = (_LEAST if longer == 1 else _MOST) * max(1.0, line / USUAL_TEXT)
    side = max(1, int(min(room, most) / step)) * step
    tiles = first, first + side + sign, first + 2 * (side + sign)
    bar = tiles[2] + side + GAP
    bar_width = max(_LEAST_BAR, width - bar - GAP - number - EDGE)
    return Plan(
        side=side,
        tiles=tiles,
        bar=bar,
        bar_width=bar_width,
        width=max(width, round(bar + bar_width + GAP + number + EDGE)),
        header=line + 4,
        pitch=round(max(side, line + 4)) + GAP,
        line=line + 3,
        footer=len(evidence.footer) * (line + 3) + 12,
        ratio=ratio,
    )
