"""What is no digit: blanks, dots, fillings, scribbles, strokes, rectangles, crosses and letters."""

from collections.abc import Callable

import numpy as np
from train_strokes import SIDE, Fields, Points, field_of

Drawn = tuple[list[Points], Points | None]

_LETTERS: dict[str, list[list[tuple[float, float]]]] = {
    "A": [[(0, 1), (0.5, 0), (1, 1)], [(0.2, 0.62), (0.8, 0.62)]],
    "E": [[(1, 0), (0, 0), (0, 1), (1, 1)], [(0, 0.5), (0.8, 0.5)]],
    "F": [[(1, 0), (0, 0), (0, 1)], [(0, 0.48), (0.8, 0.48)]],
    "H": [[(0, 0), (0, 1)], [(1, 0), (1, 1)], [(0, 0.5), (1, 0.5)]],
    "K": [[(0, 0), (0, 1)], [(1, 0), (0, 0.55)], [(0.25, 0.45), (1, 1)]],
    "L": [[(0, 0), (0, 1), (0.9, 1)]],
    "M": [[(0, 1), (0.1, 0), (0.5, 0.65), (0.9, 0), (1, 1)]],
    "N": [[(0, 1), (0, 0), (1, 1), (1, 0)]],
    "P": [[(0, 1), (0, 0), (0.7, 0.03), (0.95, 0.27), (0.7, 0.52), (0, 0.55)]],
    "R": [[(0, 1), (0, 0), (0.7, 0.03), (0.95, 0.25), (0.7, 0.48), (0, 0.5), (1, 1)]],
    "T": [[(0, 0), (1, 0)], [(0.5, 0), (0.5, 1)]],
    "U": [[(0, 0), (0, 0.7), (0.2, 0.95), (0.5, 1), (0.8, 0.95), (1, 0.7), (1, 0)]],
    "V": [[(0, 0), (0.5, 1), (1, 0)]],
    "W": [[(0, 0), (0.25, 1), (0.5, 0.3), (0.75, 1), (1, 0)]],
    "X": [[(0, 0), (1, 1)], [(1, 0), (0, 1)]],
    "Y": [[(0, 0), (0.5, 0.5), (1, 0)], [(0.5, 0.5), (0.5, 1)]],
    "h": [[(0, 0), (0, 1)], [(0, 0.6), (0.4, 0.45), (0.8, 0.55), (0.9, 1)]],
    "m": [
        [(0, 0.4), (0, 1)],
        [(0, 0.55), (0.25, 0.4), (0.5, 0.55), (0.5, 1)],
        [(0.5, 0.55), (0.75, 0.4), (1, 0.55), (1, 1)],
    ],
}
"""Strokes as (across, down), in a box of one by one. None could be a digit: no O, I, S or Z."""


def outliers(count: int, seed: int) -> dict[str, Fields]:
    """Draw shapes of every kind, equally many (blanks a few).

    Parameters
    ----------
    count
        How many of each kind.
    seed
        Of the random numbers.

    Returns
    -------
    dict
        By kind: uint8, shape (n, 56, 56), as of `train_strokes.field_of`.
    """
    random = np.random.default_rng(seed)
    return {
        kind: np.stack([field_of(*draw(random)) for _ in range(count)])
        for kind, draw in _KINDS.items()
    }


def _place(random: np.random.Generator, margin: float = 2) -> Points:
    return random.uniform(margin, SIDE - margin, 2)


def _blank(random: np.random.Generator) -> Drawn:
    return [], None


def _dots(random: np.random.Generator) -> Drawn:
    count = 1 if random.random() < 0.6 else random.integers(2, 13)
    radii = random.uniform(0, random.choice([0.5, 1.5, 4]), (count, 1))
    return [], np.hstack([random.uniform(2, SIDE - 2, (count, 2)), radii])


def _filled(random: np.random.Generator) -> Drawn:
    """All of the canvas or most of it, as lines that lie close together, or a large disc."""
    if random.random() < 0.3:
        return [], np.array([[*random.normal(SIDE / 2, 2, 2), random.uniform(6, 20)]])
    edges = random.exponential(random.choice([0.01, 2.5]), 4)
    top, bottom, left, right = edges[0], SIDE - edges[1], edges[2], SIDE - edges[3]
    rows = np.arange(top, bottom, random.uniform(0.8, 2.2))
    rows += random.normal(0, 0.2, len(rows))
    return [np.array([[row, left], [row, right]]) for row in rows], None


def _scribble(random: np.random.Generator) -> Drawn:
    """Straight or smooth lines to and fro."""
    smooth = random.random() < 0.5
    corners = random.integers(12 if smooth else 7, 24)
    spread = random.uniform(4, 9)
    points = np.clip(random.normal(SIDE / 2, spread, (corners, 2)), 1, SIDE - 1)
    if smooth:
        fine = np.linspace(0, corners - 1, 4 * corners)
        points = np.column_stack(
            [np.interp(fine, np.arange(corners), points[:, axis]) for axis in (0, 1)]
        )
        padded = np.pad(points, ((2, 2), (0, 0)), mode="edge")
        points = np.stack([padded[shift : shift + len(points)] for shift in range(5)]).mean(0)
    return [points], None


def _strokes(random: np.random.Generator) -> Drawn:
    """Single lines that are too short or too flat to be a one, or a few short ones anywhere."""
    if random.random() < 0.4:
        angle = random.uniform(-0.35, 0.35)
        half = random.uniform(2, 11) * np.array([np.sin(angle), np.cos(angle)])
        middle = _place(random, 6)
        return [np.array([middle - half, middle + half])], None
    count = 1 if random.random() < 0.5 else random.integers(2, 9)
    middles, angles = random.uniform(3, SIDE - 3, (count, 2)), random.uniform(0, np.pi, count)
    halves = random.uniform(0.8, 2.6, count)[:, None] * np.column_stack(
        [np.sin(angles), np.cos(angles)]
    )
    return list(np.stack([middles - halves, middles + halves], axis=1)), None


def _rectangle(random: np.random.Generator) -> Drawn:
    """Not narrow and tall, as a nought may be; some with a diagonal or a line through them."""
    width = random.uniform(6, 25)
    height = random.uniform(5, min(25, 1.15 * width))
    row, column = random.normal(SIDE / 2, 1.5, 2)
    top, bottom = row - height / 2, row + height / 2
    left, right = column - width / 2, column + width / 2
    corners = np.array([[top, left], [top, right], [bottom, right], [bottom, left], [top, left]])
    strokes = [corners]
    choice = random.random()
    if choice < 0.2:
        strokes.append(corners[[0, 2]])
    if choice < 0.1:
        strokes.append(corners[[1, 3]])
    if 0.2 <= choice < 0.3:
        strokes.append(np.array([[top, column], [bottom, column]]))
    return strokes, None


def _cross(random: np.random.Generator) -> Drawn:
    """Two to four lines through one place, or a grid of two by two lines."""
    size = random.uniform(5, 12)
    middle = random.normal(SIDE / 2, 2, 2)
    if random.random() < 0.25:
        gap = size * random.uniform(0.25, 0.45)
        lines = [
            np.array([[-size, gap], [size, gap]]),
            np.array([[-size, -gap], [size, -gap]]),
        ]
        return [middle + line for line in lines] + [middle + line[:, ::-1] for line in lines], None
    count = random.choice([2, 2, 2, 3, 4])
    turn = random.choice([0, np.pi / 4]) + random.normal(0, 0.12)
    angles = turn + np.arange(count) * np.pi / count + random.normal(0, 0.08, count)
    halves = np.column_stack([np.sin(angles), np.cos(angles)]) * random.uniform(
        0.75, 1.1, (count, 1)
    )
    return [middle + size * np.array([-half, half]) for half in halves], None


def _letter(random: np.random.Generator) -> Drawn:
    letter = _LETTERS[random.choice(list(_LETTERS))]
    height, width = random.uniform(11, 22), random.uniform(9, 19)
    middle = random.normal(SIDE / 2, 1, 2)
    strokes = []
    for line in letter:
        points = np.array(line)[:, ::-1] - 0.5
        points += random.normal(0, 0.035, points.shape)
        strokes.append(middle + points * (height, width))
    return strokes, None


_KINDS: dict[str, Callable[[np.random.Generator], Drawn]] = {
    "blank": _blank,
    "dots": _dots,
    "filled": _filled,
    "scribble": _scribble,
    "strokes": _strokes,
    "rectangle": _rectangle,
    "cross": _cross,
    "letter": _letter,
}
