"""Numbers in the cells of a kernel: as many decimals as fit, and by which step they are turned."""

from math import floor, log10

import numpy as np
from PySide6.QtGui import QFont, QFontDatabase, QFontInfo, QFontMetricsF

from cnn_explorer.core.activations import Array

STEPS = 40
"""Notches of the wheel from zero to the largest weight, or a little fewer."""

# Decimals and size of the numbers, with or without the zero before the point; the first that fits.
_STYLES = (
    (3, 1.0, True), (3, 0.85, True), (2, 1.0, True), (2, 0.85, True), (2, 0.75, True),
    (2, 0.75, False), (1, 0.75, True), (1, 0.65, False),
)  # fmt: skip


def cell_texts(kernel: Array, side: int, plain: QFont) -> tuple[list[str], QFont]:
    """The numbers of a kernel's cells, row by row, and the font in which they fit.

    Parameters
    ----------
    kernel
        float32, shape (kh, kw).
    side
        Of a cell, in logical pixels.
    plain
        The widget's font.
    """
    values = kernel.ravel().tolist()
    size = QFontInfo(plain).pointSizeF()
    font = QFont(plain)
    font.setFamilies([QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont).family()])
    font.setStyleStrategy(QFont.StyleStrategy.PreferNoShaping)
    for decimals, share, zero in _STYLES:
        font.setPointSizeF(max(1.0, size * share))
        texts = [_number(value, decimals, zero=zero) for value in values]
        digit = QFontMetricsF(font).horizontalAdvance("0")
        if max(map(len, texts)) * digit <= side - 2:
            return texts, font
    # Numbers of another magnitude; of those that still do not fit, the colour tells.
    texts = [f"{value:.0e}".replace("-", "\N{MINUS SIGN}") for value in values]
    return [text if len(text) * digit <= side else "" for text in texts], font


def step_of(values: Array) -> float:
    """A round step, 1, 2 or 5 times a power of ten, of which some 40 reach the largest value."""
    largest = float(np.abs(values).max(initial=0.0))
    wanted = (largest or 1.0) / STEPS
    power = 10.0 ** floor(log10(wanted))
    return next(factor * power for factor in (1, 2, 5, 10) if factor * power >= wanted * 0.999)


def _number(value: float, decimals: int, *, zero: bool) -> str:
    text = f"{value:z.{decimals}f}".replace("-", "\N{MINUS SIGN}")
    return text if zero else text.replace("0.", ".", 1) if abs(value) < 1 else text
