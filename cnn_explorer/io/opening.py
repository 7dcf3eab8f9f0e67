"""Opening files that may be anything: what is wrong in one sentence, and memory within bounds."""

import io
import math
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt


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
        reason = problem.strerror or "it cannot be read"
        raise error(f"{path.name} could not be opened: {reason}.") from None
    except Exception as problem:  # what reads the formats raises many kinds
        raise error(f"{path.name} is damaged or not {what}: {_reason(problem)}.") from None


def _reason(error: Exception) -> str:
    """What is wrong, in few words: those of a hostile file may be many."""
    if not isinstance(error, (ValueError, zipfile.BadZipFile)):
        return "a part of it is missing or of another kind"
    return " ".join(str(error).split())[:200].rstrip(".")


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
    if archive.getinfo(name).compress_type != zipfile.ZIP_STORED:
        raise ValueError(f"{name} is packed")
    with archive.open(name) as file:
        content = file.read(most + 1)
    if len(content) > most:
        raise ValueError(f"{name} is larger than any can be")
    return content


def read_npy(content: bytes, name: str, kind: str) -> npt.NDArray[Any]:
    """Read an array of a type, its announced size held against the bytes before it is made.

    Parameters
    ----------
    content
        The whole file.
    name
        What the array is called in errors.
    kind
        The type that it must have: "<f4".

    Raises
    ------
    ValueError
        If it is none, or another one than it announces.
    """
    file = io.BytesIO(content)
    version = np.lib.format.read_magic(file)
    if version != (1, 0):
        raise ValueError(f"{name} is written in another version of npy")
    shape, fortran, dtype = np.lib.format.read_array_header_1_0(file)
    data = file.read()
    if fortran or dtype != np.dtype(kind) or math.prod(shape) * dtype.itemsize != len(data):
        raise ValueError(f"{name} is not the {np.dtype(kind).name} array that it announces")
    array: npt.NDArray[Any] = np.frombuffer(data, kind).reshape(shape)
    return array
