"""What is trained with: MNIST's training images in three fixed parts, and what is no digit."""

import gzip
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from train_outliers import outliers
from train_strokes import Fields, fields_of_digits

IMAGES, LABELS = "train-images-idx3-ubyte.gz", "train-labels-idx1-ubyte.gz"
PARTS = {"training": (0, 52_000), "calibration": (52_000, 55_000), "validation": (55_000, 60_000)}
"""From the first image to before the last one: no choice and no chance."""

_OUTLIERS = {"training": (2000, 1), "calibration": (100, 2), "validation": (500, 3)}
"""How many of each kind, and from which seed."""


@dataclass(frozen=True, eq=False)
class Part:
    """One part of the data.

    Parameters
    ----------
    images
        uint8, shape (n, 28, 28), 255 is ink.
    fields
        The same digits as strokes: uint8, shape (n, 56, 56).
    labels
        int64, shape (n,).
    outliers
        By kind, strokes that are no digit: uint8, shape (m, 56, 56).
    """

    images: npt.NDArray[np.uint8]
    fields: Fields
    labels: npt.NDArray[np.int64]
    outliers: dict[str, Fields]


def read_parts(folder: Path) -> dict[str, Part]:
    """Read MNIST's training images from a folder, and draw what is no digit."""
    images = _idx(folder / IMAGES, 16).reshape(-1, 28, 28)
    labels = _idx(folder / LABELS, 8).astype(np.int64)
    if not len(images) == len(labels) == PARTS["validation"][1]:
        raise SystemExit(f"{folder} does not hold MNIST's 60,000 training images.")
    return {
        name: Part(
            images[first:end],
            fields_of_digits(images[first:end]),
            labels[first:end],
            outliers(*_OUTLIERS[name]),
        )
        for name, (first, end) in PARTS.items()
    }


def _idx(path: Path, header: int) -> npt.NDArray[np.uint8]:
    try:
        with gzip.open(path) as file:
            return np.frombuffer(file.read(), np.uint8, offset=header)
    except (OSError, EOFError, ValueError) as error:
        raise SystemExit(f"{path} cannot be read as one of MNIST's files: {error}") from None
