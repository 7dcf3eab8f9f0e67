"""IDX, the format of MNIST's files: sizes, most significant byte first, then bytes; gzip or not."""

import gzip
import math
import os
import struct
from collections.abc import Callable
from pathlib import Path

import numpy as np
import numpy.typing as npt

from cnn_explorer.io.reading import Stream, read_announced

_BYTES, _GZIP = b"\0\0\x08", b"\x1f\x8b"
_MOST_PACKED = 1100
"""No byte of a gzip file unpacks to more than 1,032 bytes."""

Bytes = npt.NDArray[np.uint8]
Check = Callable[[tuple[int, ...]], None]


def is_idx(head: bytes) -> bool:
    """Whether a file begins as one of these, by its first bytes."""
    return head[:2] in (b"\0\0", _GZIP)


def read_idx(path: Path, check: Check, checkpoint: Callable[[], None] | None = None) -> Bytes:
    """Read an IDX file of bytes.

    Parameters
    ----------
    path
        The file, whatever it is called.
    check
        Called with the announced sizes before anything is read; raises ValueError where they
        will not do.
    checkpoint
        Called between pieces; whatever it raises ends the reading.

    Returns
    -------
    ndarray
        uint8, of the announced sizes.

    Raises
    ------
    ValueError
        If it is no such file, or its header lies. OSError, EOFError and zlib.error come from a file
        that cannot be read or unpacked.
    """
    with open(path, "rb") as file:
        packed = file.read(2) == _GZIP
        file.seek(0)
        held = os.fstat(file.fileno()).st_size * (_MOST_PACKED if packed else 1)
        if not packed:
            return _read(file, held, check, checkpoint)
        with gzip.GzipFile(fileobj=file) as unpacked:
            return _read(unpacked, held, check, checkpoint)


def _read(stream: Stream, held: int, check: Check, checkpoint: Callable[[], None] | None) -> Bytes:
    head = stream.read(4)
    if len(head) < 4 or not head.startswith(b"\0\0"):
        raise ValueError("it does not begin as an IDX file does")
    if not head.startswith(_BYTES):
        raise ValueError(f"its values are of type {head[2]:#04x}; bytes, 0x08, can be read")
    sizes = stream.read(4 * head[3])
    if len(sizes) < 4 * head[3]:
        raise ValueError("it ends within its header")
    shape = struct.unpack(f">{head[3]}I", sizes)
    check(shape)
    if math.prod(shape) > held:
        raise ValueError(
            f"it announces {math.prod(shape):,} bytes, more than a file of its size can hold"
        )
    return np.frombuffer(
        read_announced(stream, "it", math.prod(shape), checkpoint), np.uint8
    ).reshape(shape)
