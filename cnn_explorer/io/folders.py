"""A folder of pictures as digits: one picture each, labelled by the names."""

import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
from PySide6.QtGui import QImageReader

from cnn_explorer.core.activations import Array
from cnn_explorer.core.evaluation import Classes
from cnn_explorer.core.network import INPUT_SIZE
from cnn_explorer.io.images import read_drawing

_LABEL = re.compile("[0-9](?![0-9])")


def read_folder(
    folder: Path,
    most: int,
    progress: Callable[[int, int], None] | None = None,
    checkpoint: Callable[[], None] | None = None,
) -> tuple[Array, Classes | None]:
    """Read all pictures in a folder and in the folders in it, ordered by their names.

    Parameters
    ----------
    folder
        The folder.
    most
        How many pictures it may hold.
    progress, checkpoint
        Called for each picture.

    Returns
    -------
    tuple
        float32, shape (n, 28, 28), 0 to 1, and the labels, int8, shape (n,), or None. A picture's
        label is the name of its folder, if that is a digit, or else the digit that its own name
        begins with; where one has neither, there are none.

    Raises
    ------
    ValueError
        If there are no pictures or too many, or one of them cannot be read. OSError comes from a
        folder that cannot be.
    """
    paths = []
    for path in _pictures(folder):
        paths.append(path)
        if len(paths) > most:
            raise ValueError(f"it holds more than {most:,} pictures")
    if not paths:
        raise ValueError("it holds no pictures")
    paths.sort()
    images = np.empty((len(paths), *INPUT_SIZE), np.float32)
    for index, path in enumerate(paths):
        if checkpoint is not None:
            checkpoint()
        images[index] = read_drawing(path).drawing
        if progress is not None:
            progress(index + 1, len(paths))
    labels = [_label(path) for path in paths]
    if None in labels:
        return images, None
    return images, np.array(labels, np.int8)


def _pictures(folder: Path, deeper: bool = True) -> Iterator[Path]:
    kinds = {f".{bytes(name.data()).decode()}" for name in QImageReader.supportedImageFormats()}
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.name.startswith("."):
                continue
            if entry.is_dir():
                if deeper:
                    yield from _pictures(Path(entry.path), False)
            elif Path(entry.name).suffix.lower() in kinds:
                yield Path(entry.path)


def _label(path: Path) -> int | None:
    if re.fullmatch("[0-9]", path.parent.name):
        return int(path.parent.name)
    found = _LABEL.match(path.name)
    return None if found is None else int(found[0])
