"""The arrays of a file that says several times the same: each is written once, and read once."""

import zipfile
from hashlib import sha256
from typing import Any

import numpy as np
import numpy.typing as npt

from cnn_explorer.io.description import MOST_NPY
from cnn_explorer.io.layer_description import whole
from cnn_explorer.io.opening import member_array

_MOST_ARRAYS = 1 << 14


def file_name(place: int) -> str:
    """Where in the file an array of that number is, without ending."""
    return f"arrays/{place}"


class GatheredArrays:
    """Arrays that are to be written, those of the same values once."""

    def __init__(self) -> None:
        self.arrays: list[npt.NDArray[Any]] = []
        self._places: dict[Any, int] = {}

    def place(self, array: npt.NDArray[Any]) -> int:
        """Add an array if it is new; return its number in the file."""
        known = self._places.get(id(array))
        if known is not None:
            return known
        whole = np.ascontiguousarray(array)
        values = whole.reshape(-1).view(np.uint8)
        content = (whole.dtype.str, whole.shape, sha256(values.data).digest())
        if content not in self._places:
            self._places[content] = len(self.arrays)
            self.arrays.append(array)
        place = self._places[content]
        if self.arrays[place] is array:  # which is held, so that no other gets its id
            self._places[id(array)] = place
        return place


class StoredArrays:
    """Arrays of an archive; one that is asked for again is the same object.

    Parameters
    ----------
    archive
        The file.
    most
        Bytes that all arrays may take together: as many as the file has, since none is packed.
        A table of contents that gives the same bytes many names makes them no more.
    """

    def __init__(self, archive: zipfile.ZipFile, most: int) -> None:
        self._archive = archive
        self._left = most
        self._known: dict[str, npt.NDArray[Any]] = {}

    def numbered(self, place: Any, kind: str) -> npt.NDArray[Any]:
        """Return an array by its number, as `GatheredArrays` gave it."""
        return self.named(file_name(whole(place, "the number of an array", 0, _MOST_ARRAYS)), kind)

    def named(self, name: str, kind: str) -> npt.NDArray[Any]:
        """Return an array, read-only, by its name and type: "<f4"; errors as of `member_array`."""
        array = self._known.get(name)
        if array is None:
            array = member_array(self._archive, name, kind, min(MOST_NPY, self._left))
            array.flags.writeable = False
            self._left -= array.nbytes
            self._known[name] = array
        elif array.dtype.str != kind:
            raise ValueError(f"{name} is of type {array.dtype.name} and of another at once")
        return array
