"""The sample digits: strokes drawn by hand, several styles of each digit."""

import json
from dataclasses import dataclass
from functools import cache

from cnn_explorer.core.activations import Array
from cnn_explorer.core.drawing import Points, draw
from cnn_explorer.io.resources import resource


@dataclass(frozen=True)
class Digit:
    """One sample digit.

    Parameters
    ----------
    label
        0 to 9.
    style
        Its name, different for each digit of the same label: "plain", "bar" …
    size
        Diameter of the pen in pixels.
    strokes
        Polylines of (row, column) positions in pixels.
    """

    label: int
    style: str
    size: float
    strokes: tuple[Points, ...]


@cache
def digits() -> tuple[Digit, ...]:
    """Return all sample digits, ordered by label, the plainest style of each label first."""
    samples = json.loads(resource("digits.json").read_text(encoding="utf-8"))
    return tuple(
        Digit(
            sample["label"],
            sample["style"],
            sample["size"],
            tuple(tuple((row, column) for row, column in line) for line in sample["strokes"]),
        )
        for sample in samples
    )


def styles(label: int) -> tuple[str, ...]:
    """Return the names of the styles of a digit; their order counts the styles from 0.

    Parameters
    ----------
    label
        0 to 9.

    Raises
    ------
    ValueError
        If there is no such digit.
    """
    return tuple(sample.style for sample in _samples(label))


def digit(label: int, style: int = 0) -> Array:
    """Draw a sample digit.

    Parameters
    ----------
    label
        0 to 9.
    style
        Number of the style, from 0.

    Returns
    -------
    Array
        float32, shape (28, 28), values 0 to 1, 1 is ink; read-only.

    Raises
    ------
    ValueError
        If there is no such digit or style.
    """
    samples = _samples(label)
    if not 0 <= style < len(samples):
        raise ValueError(
            f"The sample digit {label} has styles 0 to {len(samples) - 1}, not {style}."
        )
    return draw(samples[style].strokes, size=samples[style].size)


def _samples(label: int) -> list[Digit]:
    samples = [sample for sample in digits() if sample.label == label]
    if not samples:
        raise ValueError(f"A sample digit is one of 0 to 9, not {label}.")
    return samples
