"""Images and labels of an NPZ file, numpy's archive of arrays, by the names that are usual."""

import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from cnn_explorer.io.reading import read_npy

_NAMES = {
    "images": "labels",
    "x": "y",
    "x_train": "y_train",
    "x_test": "y_test",
    "train_images": "train_labels",
    "test_images": "test_labels",
    "data": "target",
    "arr_0": "arr_1",
}
_FLOATS = ("<f4", "<f8", "<f2")
_WHOLE = ("|u1", "|i1", *(f"<{kind}{size}" for kind in "ui" for size in (2, 4, 8)))


def is_npz(head: bytes) -> bool:
    """Whether a file begins as one of these, by its first bytes."""
    return head.startswith(b"PK")


def has_images(path: Path) -> bool:
    """Whether such a file has an array of a name that `read_npz` knows, whatever is in it.

    Raises ValueError where the file is damaged.
    """
    with _opened(path) as archive:
        return not _members(archive).keys().isdisjoint(_NAMES)


def read_npz(
    path: Path, most: int, checkpoint: Callable[[], None] | None = None
) -> tuple[npt.NDArray[Any], npt.NDArray[Any] | None]:
    """Read the images of a file, and their labels where it has any.

    Parameters
    ----------
    path
        The file.
    most
        How many bytes either may take.
    checkpoint
        Called between pieces; whatever it raises ends the reading.

    Returns
    -------
    tuple
        Images, uint8 or floating, and labels, whole numbers, or None; both as they are stored.

    Raises
    ------
    ValueError
        If it has no arrays of such names and types, or they are larger. zipfile's and zlib's
        errors come from a damaged file.
    """
    with _opened(path) as archive:
        members = _members(archive)
        found = next((name for name in _NAMES if name in members), None)
        if found is None:
            raise ValueError("it has no array called images, x or x_train")
        images = _member(archive, members[found], ("|u1", *_FLOATS), most, checkpoint)
        label = members.get(_NAMES[found])
        if label is None:
            return images, None
        return images, _member(archive, label, _WHOLE, most, checkpoint)


def _opened(path: Path) -> zipfile.ZipFile:
    try:
        return zipfile.ZipFile(path)
    except OSError:
        raise
    except Exception:  # a damaged table of contents raises many kinds
        raise ValueError("it is damaged") from None


def _members(archive: zipfile.ZipFile) -> dict[str, str]:
    """The files of arrays, by the arrays' names in small letters."""
    names = [name for name in archive.namelist() if name.endswith(".npy")]
    return {name.removesuffix(".npy").lower(): name for name in names}


def _member(
    archive: zipfile.ZipFile,
    name: str,
    kinds: tuple[str, ...],
    most: int,
    checkpoint: Callable[[], None] | None,
) -> npt.NDArray[Any]:
    info = archive.getinfo(name)
    shown = name.removesuffix(".npy")[:40]
    if info.flag_bits & 1:
        raise ValueError(f"{shown} is encrypted")
    # Other packings are not unpacked a piece at a time.
    if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise ValueError(f"{shown} is packed in an unusual way")
    with archive.open(info) as stream:
        return read_npy(stream, shown, kinds, most, checkpoint)


def as_pixels(images: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Images as they are, uint8, or floating from 0 to 1, which become float32.

    Raises
    ------
    ValueError
        If a value is not a number, or not from 0 to 1.
    """
    if images.dtype == np.uint8 or images.size == 0:
        return images
    least, most = float(images.min()), float(images.max())
    if not (least >= 0 and most <= 1):  # of a NaN neither holds
        raise ValueError(
            f"its values go from {least:.4g} to {most:.4g}; they must go from 0 to 1, or be bytes"
        )
    return images.astype(np.float32, copy=False)
