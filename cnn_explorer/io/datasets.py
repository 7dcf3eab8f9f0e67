"""Many digits with their labels, from an IDX file, an NPZ file or a folder of pictures."""

import zipfile
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from cnn_explorer.core.activations import Array
from cnn_explorer.core.evaluation import Classes, Images, as_drawings
from cnn_explorer.core.network import INPUT_SIZE
from cnn_explorer.core.reading import CLASSES
from cnn_explorer.io.idx import is_idx, read_idx
from cnn_explorer.io.npz import as_pixels, has_images, is_npz, read_npz
from cnn_explorer.io.opening import head_of

MOST_IMAGES = 200_000
_MOST_BYTES = MOST_IMAGES * 28 * 28 * 4


class DigitsError(ValueError):
    """Digits cannot be read; the message is one sentence for the user."""


@dataclass(frozen=True, eq=False)
class Digits:
    """Many digits.

    Parameters
    ----------
    name
        Of the file or folder.
    images
        uint8, or float32 from 0 to 1, shape (n, 28, 28), n at least 1. Made read-only.
    labels
        int8 from 0 to 9, shape (n,), or None where there are none. Made read-only.
    """

    name: str
    images: Images
    labels: Classes | None = None

    def __post_init__(self) -> None:
        self.images.flags.writeable = False
        if self.labels is not None:
            self.labels.flags.writeable = False

    def __len__(self) -> int:
        return len(self.images)

    def drawing(self, index: int) -> Array:
        """One of them as a drawing: float32, shape (28, 28), 0 to 1."""
        return as_drawings(self.images[index]).copy()


def open_digits(
    path: Path,
    labels: Path | None = None,
    *,
    progress: Callable[[int, int], None] | None = None,
    checkpoint: Callable[[], None] | None = None,
) -> Digits:
    """Read the digits of a file or folder; what it is its content tells.

    Parameters
    ----------
    path
        An IDX file, packed by gzip or not, an NPZ file, or a folder of pictures.
    labels
        An IDX file of labels. Without it, those of the NPZ file, those that the pictures' names
        tell, or the file that lies beside an IDX file: train-labels… beside train-images….
    progress
        Called with how many pictures of a folder are read, and how many there are.
    checkpoint
        Called now and then; whatever it raises ends the reading.

    Raises
    ------
    DigitsError
        If they cannot be read, are not 28×28, or are too many, or the labels do not fit them.
        Memory stays within what is really in the file, and within 200,000 images.
    """
    images: Any
    found: Any
    try:
        if path.is_dir():
            from cnn_explorer.io.folders import read_folder  # loads Qt

            images, found = read_folder(path, MOST_IMAGES, progress, checkpoint)
        else:
            images, found = _read_file(path, checkpoint)
            if found is None and labels is None:
                labels = _beside(path)
    except _ERRORS as error:
        raise _sentence(path, error) from None
    if labels is not None:
        try:
            found = _read_labels(labels, checkpoint)
        except _ERRORS as error:
            raise _sentence(labels, error) from None
    return Digits(path.name, images, None if found is None else _fitting(found, images, labels))


def may_hold_digits(path: Path) -> bool:
    """Whether a path looks like one for `open_digits`: a folder, an IDX file, arrays of images."""
    if path.is_dir():
        return True
    try:
        head = head_of(path)
        return is_idx(head) or (is_npz(head) and has_images(path))
    except _ERRORS:
        return False


def _read_file(path: Path, checkpoint: Callable[[], None] | None) -> tuple[Any, Any]:
    head = head_of(path)
    if is_idx(head):
        return read_idx(path, _check_idx_images, checkpoint), None
    if not is_npz(head):
        raise ValueError("it is neither an IDX file nor an NPZ file nor a folder of pictures")
    images, labels = read_npz(path, _MOST_BYTES, checkpoint)
    rows, columns = INPUT_SIZE
    if images.shape[1:] not in (INPUT_SIZE, (1, *INPUT_SIZE), (*INPUT_SIZE, 1), (rows * columns,)):
        raise ValueError(
            f"its images have shape {_times(images.shape)}; n×{rows}×{columns} can be read"
        )
    _check_count(len(images))
    return as_pixels(images.reshape(-1, *INPUT_SIZE)), labels


def _read_labels(path: Path, checkpoint: Callable[[], None] | None) -> npt.NDArray[Any]:
    if not is_idx(head_of(path)):
        raise ValueError("it is not an IDX file of labels")
    return read_idx(path, _check_idx_labels, checkpoint)


def _check_idx_images(shape: tuple[int, ...]) -> None:
    if len(shape) != 3:
        what = "labels" if len(shape) == 1 else f"an array of {len(shape)} dimensions"
        raise ValueError(f"it holds {what}, not images")
    if shape[1:] != INPUT_SIZE:
        raise ValueError(
            f"its images have {_times(shape[1:])} pixels; the program reads {_times(INPUT_SIZE)}"
        )
    _check_count(shape[0])


def _check_idx_labels(shape: tuple[int, ...]) -> None:
    if len(shape) != 1:
        raise ValueError(f"it holds an array of {len(shape)} dimensions, not labels")
    _check_count(shape[0])


def _check_count(count: int) -> None:
    if not 1 <= count <= MOST_IMAGES:
        raise ValueError(f"it announces {count:,} images; 1 to {MOST_IMAGES:,} can be read")


def _fitting(labels: npt.NDArray[Any], images: Images, path: Path | None) -> Classes:
    """Labels as int8, one for each image."""
    whose = "Its labels" if path is None else f"The labels of {path.name}"
    if labels.shape != (len(images),):
        raise DigitsError(
            f"{whose} do not fit: there are {len(images):,} images, but labels of shape "
            f"{_times(labels.shape)}."
        )
    if labels.min() < 0 or labels.max() >= CLASSES:
        wrong = labels.min() if labels.min() < 0 else labels.max()
        raise DigitsError(f"{whose} are not all digits: {wrong} is among them, 0 to 9 can be.")
    return labels.astype(np.int8)


def _beside(path: Path) -> Path | None:
    """The file of labels that belongs to a file of images by its name, if it is there."""
    name = path.name.replace("images", "labels").replace("idx3", "idx1")
    if name == path.name:
        return None
    bare = name.removesuffix(".gz")
    places = [path.with_name(each) for each in (name, bare, f"{bare}.gz")]
    return next((place for place in places if place.is_file()), None)


def _times(shape: tuple[int, ...]) -> str:
    return "×".join(map(str, shape)) or "()"


_ERRORS = (ValueError, OSError, EOFError, zlib.error, zipfile.BadZipFile, NotImplementedError)


def _sentence(path: Path, error: Exception) -> DigitsError:
    """Say in one sentence why a file cannot be read."""
    if isinstance(error, FileNotFoundError):
        return DigitsError(f"There is no {path.name}; choose a file or a folder that is there.")
    if isinstance(error, EOFError):
        reason = "it is cut short"
    elif isinstance(error, OSError) and error.strerror:
        reason = error.strerror
    elif isinstance(error, ValueError):
        reason = " ".join(str(error).split())[:200].rstrip(".")  # a hostile file's may be long
    else:
        reason = "it is damaged"
    return DigitsError(f"{path.name} cannot be read as digits: {reason}.")
