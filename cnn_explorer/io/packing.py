"""Arrays as few bytes: all their numbers, or those alone that are not what is expected."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

WHOLE = -1
"""In place of a count: all numbers of an array are given."""

Numbers = npt.NDArray[Any]


def packed_array(array: Numbers, expected: Numbers | None) -> tuple[int, bytes]:
    """Pack what of an array is not expected, exactly.

    Parameters
    ----------
    array
        float32, or yes and no.
    expected
        Of the same shape; None where nothing is expected.

    Returns
    -------
    tuple
        How many numbers differ, or `WHOLE` where all are packed; and the bytes: places and then
        numbers of 4 bytes each, all their first bytes before all their second ones and so on, which
        compresses better. Yes and no are bits.
    """
    if array.dtype == bool:
        return WHOLE, np.packbits(array).tobytes()
    bits = np.ascontiguousarray(array, "<f4").view("<u4").ravel()
    if expected is not None:
        known = np.ascontiguousarray(expected, "<f4").view("<u4").ravel()
        places = np.flatnonzero(bits != known)
        if 2 * len(places) < bits.size:
            return len(places), _shuffled(places.astype("<u4")) + _shuffled(bits[places])
    return WHOLE, _shuffled(bits)


class PackedNumbers:
    """Bytes of several arrays, one after the other."""

    def __init__(self, content: bytes) -> None:
        self._content = content

    def arrays(
        self,
        counts: Sequence[Sequence[Any]],
        expected: Mapping[str, Numbers],
        bits: Mapping[str, tuple[int, ...]],
    ) -> dict[str, Numbers]:
        """Unpack arrays.

        Parameters
        ----------
        counts
            Names with what `packed_array` gave as counts.
        expected
            float32 arrays by name.
        bits
            Shapes of those arrays that are yes and no.

        Raises
        ------
        ValueError, KeyError, TypeError
            If that is not what the bytes are.
        """
        found: dict[str, Numbers] = {}
        for name, count in counts:
            if name in found or type(count) is not int:
                raise ValueError("its numbers are named twice or not counted")
            if name in bits:
                size = int(np.prod(bits[name]))
                packed = np.frombuffer(self._taken((size + 7) // 8), np.uint8)
                found[name] = np.unpackbits(packed, count=size).reshape(bits[name]).astype(bool)
                continue
            known = np.ascontiguousarray(expected[name], "<f4")
            values = known.view("<u4").ravel()
            if count == WHOLE:
                values = self._numbers(values.size)
            elif 0 <= count <= values.size:
                places, given = self._numbers(count), self._numbers(count)
                if count and places.max() >= values.size:
                    raise ValueError("it changes a number that there is none of")
                values = values.copy()
                values[places] = given
            else:
                raise ValueError("it changes more numbers than there are")
            found[name] = values.view("<f4").reshape(known.shape).astype(np.float32)
        if self._content:
            raise ValueError("it has numbers that belong to nothing")
        return found

    def _numbers(self, count: int) -> Numbers:
        planes = np.frombuffer(self._taken(4 * count), np.uint8).reshape(4, count)
        return np.ascontiguousarray(planes.T).view("<u4").ravel()

    def _taken(self, length: int) -> bytes:
        taken, self._content = self._content[:length], self._content[length:]
        if len(taken) < length:
            raise ValueError("some of its numbers are missing")
        return taken


def _shuffled(words: Numbers) -> bytes:
    """All first bytes, then all second ones, and so on."""
    return words.view(np.uint8).reshape(-1, 4).T.tobytes()
