"""Opening files that may be anything: what is wrong in one sentence, and memory within bounds."""

import os
import stat
import struct
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import numpy.typing as npt

from cnn_explorer.io.reading import read_npy

_END = struct.Struct("<4s4H2LH")  # of an archive without a comment
_LOCATOR = struct.Struct("<4s16x")  # stands before it in an archive beyond 4 GiB
_MOST_CONTENTS = 1 << 20
_EARLIEST = (1980, 1, 1, 0, 0, 0)  # the first date that a zip file knows
_UNIX, _READABLE = 3, 0o644 << 16  # whatever system writes it


@contextmanager
def explained(path: Path, error: type[ValueError], what: str) -> Iterator[None]:
    """Turn whatever goes wrong while a file is read into one sentence.

    Parameters
    ----------
    path
        The file, which the sentence names.
    error
        What is raised. Such an error passes as it is.
    what
        What the file should have been: “a document of CNN Explorer”.
    """
    try:
        yield
    except error:
        raise
    except OSError as problem:
        what = problem.strerror or "it cannot be read"
        raise error(f"{path.name} could not be opened: {what}.") from None
    except Exception as problem:  # what reads the formats raises many kinds
        raise error(f"{path.name} is damaged or not {what}: {reason(problem)}.") from None


def reason(error: Exception) -> str:
    """What is wrong, in few words: those of a hostile file may be many."""
    if not isinstance(error, (ValueError, zipfile.BadZipFile)):
        return "a part of it is missing or of another kind"
    return " ".join(str(error).split())[:200].rstrip(".")


def head_of(path: Path) -> bytes:
    """The first bytes of a regular file: from a pipe or a device they might never come.

    Raises
    ------
    ValueError
        If it is a pipe, a device or the like.
    """
    if not stat.S_ISREG(path.stat().st_mode):
        raise ValueError("it is a folder, a device or a pipe, not a file")
    with path.open("rb") as file:
        return file.read(4)


@contextmanager
def opened_zip(path: Path) -> Iterator[zipfile.ZipFile]:
    """Open an archive whose table of contents is of a size that what is written here can have.

    Python's own reader takes any: ten times as much memory as the table has bytes.

    Raises
    ------
    ValueError
        If it has a larger table, or does not end as the archives that are written here.
    """
    head_of(path)
    with path.open("rb") as file:
        file.seek(0, os.SEEK_END)
        file.seek(max(0, file.tell() - _LOCATOR.size - _END.size))
        tail = file.read().rjust(_LOCATOR.size + _END.size)
        signature, *_, size, _, comment = _END.unpack(tail[_LOCATOR.size :])
        (large,) = _LOCATOR.unpack(tail[: _LOCATOR.size])
        if signature != b"PK\5\6" or comment or large == b"PK\6\7":
            raise ValueError("it does not end as a zip file does")
        if size > _MOST_CONTENTS:
            raise ValueError("its table of contents is larger than any can be")
        with zipfile.ZipFile(file) as archive:
            yield archive


def plain_member(name: str) -> zipfile.ZipInfo:
    """A file of an archive, the same whatever system writes it and when."""
    info = zipfile.ZipInfo(name, _EARLIEST)
    info.create_system, info.external_attr = _UNIX, _READABLE
    return info


def member(archive: zipfile.ZipFile, name: str, most: int) -> bytes:
    """Read a file of an archive.

    Parameters
    ----------
    name
        Of the file.
    most
        Bytes that it may have.

    Raises
    ------
    KeyError
        If there is none of that name.
    ValueError
        If it is larger or packed: what is written here never is.
    """
    with _opened(archive, name) as file:
        content = file.read(most + 1)
    if len(content) > most:
        raise ValueError(f"{name} is larger than any can be")
    return content


def member_array(archive: zipfile.ZipFile, name: str, kind: str, most: int) -> npt.NDArray[Any]:
    """Read an array of an archive; errors as of `member` and `read_npy`.

    Parameters
    ----------
    name
        Of the array; that of its file ends in .npy.
    kind
        The type that it must have: "<f4".
    most
        Bytes that its values may take.
    """
    with _opened(archive, f"{name}.npy") as file:
        array = read_npy(file, name, (kind,), most)
    if not array.flags.c_contiguous:
        raise ValueError(f"{name} is stored by columns")
    return array


def _opened(archive: zipfile.ZipFile, name: str) -> IO[bytes]:
    if archive.getinfo(name).compress_type != zipfile.ZIP_STORED:
        raise ValueError(f"{name} is packed")
    return archive.open(name)
