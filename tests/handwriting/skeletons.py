"""Digits as lines: how a hand moves, in several styles; and the hand that never moves twice alike.

Positions are (x, y) in a box of 0 to 1, x to the right and y down.
"""

from math import cos, pi, sin

import numpy as np
import numpy.typing as npt

from cnn_explorer.core.activations import Array
from cnn_explorer.core.drawing import SIDE, draw

Line = list[tuple[float, float]]
Digit = list[Line]
Positions = npt.NDArray[np.float64]


def arc(centre: tuple[float, float], radii: tuple[float, float], begin: float, end: float) -> Line:
    """Go along an ellipse from an angle to another, in degrees; 0 is right, 90 is down."""
    angles = np.radians(np.linspace(begin, end, 12))
    return [(centre[0] + radii[0] * cos(a), centre[1] + radii[1] * sin(a)) for a in angles]


STYLES: dict[int, list[Digit]] = {
    0: [
        [arc((0.5, 0.5), (0.36, 0.5), -90, -450)],
        [arc((0.5, 0.5), (0.28, 0.5), -60, 310)],
        [arc((0.5, 0.5), (0.46, 0.48), -100, -470)],
    ],
    1: [
        [[(0.5, 0), (0.5, 1)]],
        [[(0.3, 0.22), (0.52, 0), (0.52, 1)]],
        [[(0.28, 0.25), (0.52, 0), (0.52, 1)], [(0.22, 1), (0.82, 1)]],
        [[(0.62, 0), (0.4, 1)]],
    ],
    2: [
        [[*arc((0.5, 0.28), (0.36, 0.28), -170, 40), (0.1, 1), (0.9, 1)]],
        [[*arc((0.5, 0.27), (0.32, 0.27), -160, 50), (0.14, 0.94),
          *arc((0.24, 0.9), (0.12, 0.1), 180, 380), (0.6, 0.97), (0.92, 0.9)]],
        [[(0.12, 0.2), *arc((0.48, 0.3), (0.38, 0.3), -130, 30), (0.12, 0.98), (0.5, 0.92),
          (0.92, 1)]],
    ],
    3: [
        [[*arc((0.45, 0.25), (0.35, 0.25), -150, 80), *arc((0.45, 0.74), (0.4, 0.26), -85, 150)]],
        [[(0.12, 0.02), (0.82, 0.02), (0.45, 0.4), *arc((0.42, 0.7), (0.42, 0.3), -80, 150)]],
        [[*arc((0.42, 0.26), (0.4, 0.24), -140, 60), (0.4, 0.48),
          *arc((0.4, 0.73), (0.46, 0.26), -70, 140)]],
    ],
    4: [
        [[(0.3, 0), (0.12, 0.6), (0.9, 0.6)], [(0.66, 0.15), (0.66, 1)]],
        [[(0.62, 0), (0.08, 0.66), (0.94, 0.66)], [(0.64, 0), (0.64, 1)]],
        [[(0.16, 0.05), (0.18, 0.5), (0.8, 0.5)], [(0.8, 0), (0.76, 1)]],
    ],
    5: [
        [[(0.82, 0), (0.24, 0), (0.2, 0.42), *arc((0.44, 0.68), (0.38, 0.32), -110, 150)]],
        [[(0.26, 0.02), (0.22, 0.44), *arc((0.46, 0.68), (0.34, 0.31), -115, 145)],
         [(0.26, 0.02), (0.86, 0.0)]],
        [[(0.84, 0.02), (0.3, 0.06), (0.24, 0.45), (0.6, 0.42),
          *arc((0.5, 0.7), (0.32, 0.28), -60, 130)]],
    ],
    6: [
        [[(0.7, 0), (0.32, 0.35), *arc((0.5, 0.7), (0.32, 0.3), 200, -165)]],
        [[(0.56, 0), (0.26, 0.4), (0.2, 0.75), *arc((0.5, 0.74), (0.3, 0.26), 170, -190)]],
        [[*arc((0.66, 0.5), (0.5, 0.5), -80, -200), *arc((0.48, 0.72), (0.28, 0.27), 140, -170)]],
    ],
    7: [
        [[(0.1, 0.02), (0.88, 0.02), (0.4, 1)]],
        [[(0.1, 0.1), (0.12, 0.02), (0.88, 0.04), (0.46, 1)], [(0.3, 0.52), (0.8, 0.5)]],
        [[(0.08, 0.06), (0.86, 0), (0.6, 0.4), (0.48, 1)]],
    ],
    8: [
        [[*arc((0.5, 0.25), (0.28, 0.25), -60, -270), *arc((0.5, 0.75), (0.34, 0.25), -90, 270),
          *arc((0.5, 0.25), (0.28, 0.25), 90, -60)]],
        [arc((0.5, 0.25), (0.27, 0.25), 90, 450), arc((0.5, 0.75), (0.33, 0.25), -90, 270)],
        [[(0.8, 0.12), *arc((0.5, 0.22), (0.27, 0.2), -60, -200), (0.5, 0.48),
          *arc((0.52, 0.76), (0.3, 0.24), -30, 190), (0.52, 0.46), (0.78, 0.2)]],
    ],
    9: [
        [[*arc((0.5, 0.3), (0.32, 0.3), -20, -340), (0.82, 0.3), (0.78, 1)]],
        [[*arc((0.48, 0.28), (0.3, 0.28), 0, -350), (0.8, 0.3), (0.74, 0.7),
          *arc((0.44, 0.78), (0.3, 0.22), 0, 120)]],
        [[*arc((0.5, 0.28), (0.34, 0.28), -30, -330), (0.84, 0.1), (0.56, 1)]],
    ],
}  # fmt: skip
"""For each digit some ways in which people write it."""

LETTERS: dict[str, Digit] = {
    "A": [[(0.1, 1), (0.5, 0), (0.9, 1)], [(0.26, 0.62), (0.74, 0.62)]],
    "E": [[(0.85, 0), (0.15, 0), (0.15, 1), (0.85, 1)], [(0.15, 0.5), (0.7, 0.5)]],
    "H": [[(0.12, 0), (0.12, 1)], [(0.88, 0), (0.88, 1)], [(0.12, 0.5), (0.88, 0.5)]],
    "K": [[(0.15, 0), (0.15, 1)], [(0.85, 0), (0.15, 0.55), (0.88, 1)]],
    "M": [[(0.08, 1), (0.14, 0), (0.5, 0.65), (0.86, 0), (0.92, 1)]],
    "W": [[(0.02, 0), (0.28, 1), (0.5, 0.35), (0.72, 1), (0.98, 0)]],
    "X": [[(0.1, 0), (0.9, 1)], [(0.9, 0), (0.1, 1)]],
}
"""Letters that look like no digit."""


def written(digit: Digit, generator: np.random.Generator) -> Array:
    """Draw a digit with the program's pen as some hand would: never twice alike.

    Returns
    -------
    ndarray
        float32, shape (28, 28), read-only.
    """
    angle = np.radians(generator.normal(0, 6))
    slant = generator.normal(0.05, 0.12)
    height = generator.uniform(13, 22)
    width = height * generator.uniform(0.55, 0.95)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    shape = turn @ np.array([[1, -slant], [0, 1]]) @ np.diag([width, height])
    waves = generator.normal(0, 0.02, (2, 3)), generator.uniform(0, 2 * pi, (2, 3))
    middle = SIDE / 2 + generator.uniform(-3, 3, 2)
    strokes = []
    for line in digit:
        moved = np.array(line) + generator.normal(0, 0.015, (len(line), 2))
        path = _rounded(moved, generator.integers(0, 3))
        # The hand drifts, slowly along the line.
        along = np.linspace(0, 2 * pi, len(path))[:, np.newaxis]
        drift = [
            sum(size * np.sin(rate * along[:, 0] + phase)
                for rate, size, phase in zip((1, 2, 3), sizes, phases, strict=True))
            for sizes, phases in zip(*waves, strict=True)
        ]  # fmt: skip
        placed = (path + np.stack(drift, axis=1) - 0.5) @ shape.T + middle
        strokes.append([(float(y), float(x)) for x, y in placed])
    return draw(strokes, size=float(generator.choice((1.5, 2.0, 2.5, 3.0))))


def _rounded(path: Positions, times: int) -> Positions:
    """Cut the corners of a line (Chaikin 1974), its ends as they are."""
    for _ in range(times):
        near, far = path[:-1] * 0.75 + path[1:] * 0.25, path[:-1] * 0.25 + path[1:] * 0.75
        between = np.stack([near, far], axis=1).reshape(-1, 2)
        path = np.concatenate([path[:1], between, path[-1:]])
    return path
