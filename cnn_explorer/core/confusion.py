"""How often each digit is read as each: the table, what it adds up to, and as text."""

import numpy as np
import numpy.typing as npt

from cnn_explorer.core.evaluation import Classes
from cnn_explorer.core.reading import CLASSES

Counts = npt.NDArray[np.int64]


def confusion(readings: Classes, labels: Classes) -> Counts:
    """Count how often each digit is read as each.

    Parameters
    ----------
    readings, labels
        0 to 9, shape (n,).

    Returns
    -------
    ndarray
        int64, shape (10, 10): row the true digit, column the digit read. Read-only.
    """
    counts = np.zeros((CLASSES, CLASSES), np.int64)
    np.add.at(counts, (labels, readings), 1)
    counts.flags.writeable = False
    return counts


def right(counts: Counts) -> int:
    """How many are read as what they are."""
    return int(counts.trace())


def share(part: int, whole: int) -> str:
    """A share in per cent with two decimals, never rounded up to all; "–" of nothing.

    99.996 % are not 100: what prints as 100.00 % has no exception.
    """
    return f"{part * 10_000 // whole / 100:.2f} %" if whole else "–"


def table(counts: Counts) -> str:
    """The table as lines of text: a row for each true digit, then how many of it are read right."""
    width = max(5, len(f"{counts.max():,}") + 2)
    heading = "true".rjust(6) + "".join(f"{digit:{width}}" for digit in range(CLASSES))
    lines = ["read as".rjust(6 + width * CLASSES), heading + "right".rjust(11)]
    for digit, row in enumerate(counts):
        cells = "".join(f"{count:,}".rjust(width) if count else ".".rjust(width) for count in row)
        right_of_it = share(int(row[digit]), int(row.sum())) if row.any() else "-"
        lines.append(f"{digit:6}{cells}{right_of_it:>11}")
    return "\n".join(lines)
