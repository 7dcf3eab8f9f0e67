"""Where things lie in a row of window ⊙ kernel: the widest arrangement that nothing is cut in."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QRect
from PySide6.QtGui import QFont, QFontDatabase, QFontMetrics, QFontMetricsF

from cnn_explorer.core.ledger_texts import DECIMALS
from cnn_explorer.gui.theme import smaller

MARGIN = 12
"""Logical pixels beside the rows."""

PAD = 5
"""Logical pixels above and below a row."""

GAP = 10
"""Logical pixels between a row's parts."""

TIMES = 32
"""Logical pixels between a window and its kernel, for the ⊙."""

_MOST_NUMBERED = 5  # a kernel's side: the numbers of a larger one would fill the panel


class Fonts:
    """A widget's font and those that go with it.

    `line` is the height of a line of text, `drop` how far below its middle its letters stand.
    """

    def __init__(self, font: QFont) -> None:
        self.plain = font
        self.bold = QFont(font)
        self.bold.setBold(True)
        self.number = QFont(font)
        fixed = QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont)
        self.number.setFamilies([fixed.family()])
        # Digits are painted twice as fast.
        self.number.setStyleStrategy(QFont.StyleStrategy.PreferNoShaping)
        self.total = QFont(self.number)
        self.total.setBold(True)
        self.struck = QFont(self.total)
        self.struck.setStrikeOut(True)
        self.cell = QFont(self.number)
        self.cell.setPointSizeF(smaller(font, 0.85))
        metrics = QFontMetrics(font)
        self.line = metrics.height() + 3
        self.drop = (metrics.ascent() - metrics.descent()) // 2
        self._digit = QFontMetricsF(self.number).horizontalAdvance("0")
        self.cell_line = QFontMetrics(self.cell).height() + 3

    def digits(self, count: int) -> int:
        """Width of so many digits in the column."""
        return math.ceil(count * self._digit)

    def cell_width(self, characters: int) -> int:
        """Width of a cell with so many characters."""
        return QFontMetrics(self.cell).horizontalAdvance("0" * characters) + 7


PlanKey = tuple[int, Fonts, tuple[int, int], tuple[tuple[int, int], ...], str, str, tuple[int, int]]
"""What a plan depends on: the parameters of `plan_of`."""


@dataclass(frozen=True)
class Plan:
    """Where things lie in a row, from its top left corner.

    Parameters
    ----------
    decimals
        Of the numbers in cells; 0 for cells without numbers.
    box, turn, window, kernel
        The checkbox, “▸ 9 products”, and the cells.
    number
        Left and right end of the column of numbers.
    point
        Where their decimal points are.
    middle
        Of the checkbox, the channel's number, the turn and the subtotal.
    height
        Of a row that is not open.
    """

    decimals: int
    box: QRect
    turn: QRect
    window: QRect
    kernel: QRect
    number: tuple[int, int]
    point: int
    middle: int
    height: int


def plan_of(
    room: int,
    fonts: Fonts,
    shape: tuple[int, int],
    characters: Sequence[tuple[int, int]],
    index: str,
    turn: str,
    digits: tuple[int, int],
) -> Plan:
    """Lay a row out: in one line, or below a heading side by side, or below each other.

    Parameters
    ----------
    room, fonts
        Width of the row, and its fonts.
    shape
        (kh, kw).
    characters
        For each of DECIMALS those of the widest number in a window and in a kernel.
    index, turn, digits
        The widest number of a channel, the widest disclosure, and how many characters the numbers
        of the column have before and from their decimal point on.
    """
    metrics = QFontMetrics(fonts.plain)
    box, number = metrics.ascent(), fonts.digits(sum(digits))
    left = MARGIN + box + 6 + metrics.horizontalAdvance(index) + GAP
    turn_width = metrics.horizontalAdvance(turn)
    side = min(fonts.cell_line, 5 * fonts.line // max(shape))
    plain = (0, (shape[1] * side, shape[1] * side), shape[0] * side)
    numbered = [
        (
            decimals,
            (shape[1] * fonts.cell_width(window), shape[1] * fonts.cell_width(kernel)),
            shape[0] * fonts.cell_line,
        )
        for decimals, (window, kernel) in zip(DECIMALS, characters, strict=True)
        if max(shape) <= _MOST_NUMBERED
    ]
    column = GAP + turn_width + GAP + number + MARGIN
    tries = [
        *(("line", size) for size in numbered[:2]),
        *(("beside", size) for size in numbered),
        *(("stacked", size) for size in numbered),
        ("line", plain),
    ]

    def needed(arrangement: str, widths: tuple[int, int]) -> int:
        cells = max(widths) if arrangement == "stacked" else sum(widths) + TIMES
        return left + cells + (column if arrangement == "line" else MARGIN)

    arrangement, (decimals, widths, high) = next(
        (one for one in tries if needed(one[0], one[1][1]) <= room), ("beside", plain)
    )
    in_line = arrangement == "line"
    heading = 0 if in_line else fonts.line + 2
    # No wider than reads well: the eye has to go from the cells to the subtotal.
    right = min(room - MARGIN, needed("line", widths) + 8 * GAP) if in_line else room - MARGIN
    window = QRect(left, PAD + heading, widths[0], high)
    kernel = QRect(left + widths[0] + TIMES, window.top(), widths[1], high)
    if arrangement == "stacked":
        kernel.moveTo(left, window.top() + high + 6)
    bottom = max(kernel.top() + high, PAD + fonts.line)
    middle = PAD + fonts.line // 2 if heading else (bottom + PAD) // 2
    if in_line:
        window.moveTop(middle - high // 2)
        kernel.moveTop(window.top())
    turn_left = right - number - GAP - turn_width if in_line else left
    return Plan(
        decimals=decimals,
        box=QRect(MARGIN, middle - box // 2, box, box),
        turn=QRect(turn_left, middle - fonts.line // 2, turn_width, fonts.line),
        window=window,
        kernel=kernel,
        number=(right - number, right),
        point=right - fonts.digits(digits[1]),
        middle=middle,
        height=bottom + PAD,
    )
