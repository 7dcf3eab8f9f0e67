"""Arrays from files that may lie: what is announced is held against limits, then against the bytes.

Memory follows what is really there, a piece at a time, never what a header promises.
"""

import io
import math
from collections.abc import Callable, Collection
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

_PIECE = 1 << 20


class Stream(Protocol):
    """A file, or what unpacks one as it is read."""

    def read(self, size: int, /) -> bytes:
        """At most so many bytes; none at the end."""


def read_announced(
    stream: Stream, name: str, count: int, checkpoint: Callable[[], None] | None = None
) -> bytearray:
    """Read so many bytes, which are all that is left of a stream.

    Parameters
    ----------
    stream
        What to read from.
    name
        What it is called in errors: “it”.
    count
        How many bytes were announced.
    checkpoint
        Called between pieces of 1 MiB; whatever it raises ends the reading.

    Raises
    ------
    ValueError
        If there are fewer, or more: of those, one is unpacked.
    """
    data = bytearray()
    while len(data) <= count:
        if checkpoint is not None:
            checkpoint()
        piece = stream.read(min(_PIECE, count + 1 - len(data)))
        if not piece:
            break
        data += piece
    if len(data) != count:
        there = "more" if len(data) > count else f"only {len(data):,}"
        raise ValueError(f"{name} announces {count:,} bytes, but holds {there}")
    return data


def read_npy(
    stream: Stream,
    name: str,
    kinds: Collection[str],
    most: int,
    checkpoint: Callable[[], None] | None = None,
) -> npt.NDArray[Any]:
    """Read an array in numpy's own format, from its header to the end of the stream.

    Parameters
    ----------
    stream
        The file.
    name
        What the array is called in errors.
    kinds
        Types that the array may have, as `numpy.dtype.str` has them: "<f4".
    most
        How many bytes its values may take.
    checkpoint
        As in `read_announced`.

    Returns
    -------
    ndarray
        Of the stream's own memory.

    Raises
    ------
    ValueError
        If it is of another kind, larger, cut short or longer than announced.
    """
    shape, fortran, dtype = _header(stream, name)
    if dtype.str not in kinds:
        known = " or ".join(dict.fromkeys(np.dtype(kind).name for kind in kinds))
        raise ValueError(f"{name} is of type {_kind(dtype)}, not {known}")
    count = math.prod(shape) * dtype.itemsize
    if min(shape, default=0) < 0 or max(shape, default=0) > most or count > most:
        raise ValueError(f"{name} announces {count:.6g} bytes; {most:,} are the most")
    values = np.frombuffer(read_announced(stream, name, count, checkpoint), dtype)
    return values.reshape(shape, order="F" if fortran else "C")


def _header(stream: Stream, name: str) -> tuple[tuple[int, ...], bool, np.dtype[Any]]:
    """Shape, whether it is stored by columns, and type; read whole before any of it is parsed."""
    start = stream.read(10)
    if len(start) < 10 or not start.startswith(b"\x93NUMPY"):
        raise ValueError(f"{name} is no array")
    if start[6:8] != b"\x01\x00":
        raise ValueError(f"{name} is written in another version of npy")
    text = io.BytesIO(start[8:] + stream.read(int.from_bytes(start[8:], "little")))
    try:
        return np.lib.format.read_array_header_1_0(text)
    except Exception:  # numpy parses it as Python, which raises many kinds
        raise ValueError(f"{name} has a header that cannot be read") from None


def _kind(dtype: np.dtype[Any]) -> str:
    if dtype.hasobject:
        return "object, which could run a program"
    return dtype.name[:40] if dtype.names is None else "record"
