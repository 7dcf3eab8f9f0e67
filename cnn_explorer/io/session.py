"""A session as a file: a zip with its type first, then JSON and arrays as .npy.

What has the same content has the same bytes, whenever and wherever it is written.
"""

import json
import zipfile
from pathlib import Path
from typing import BinaryIO

import numpy as np

from cnn_explorer.core.state import State
from cnn_explorer.io.description import MOST_BYTES, MOST_JSON, read_network
from cnn_explorer.io.digits import digit
from cnn_explorer.io.files import FileError, write_atomically
from cnn_explorer.io.networks import bundled_network
from cnn_explorer.io.opening import explained, member, opened_zip, plain_member
from cnn_explorer.io.session_description import (
    Session,
    described_session,
    read_session,
    read_state,
)
from cnn_explorer.io.shared_arrays import GatheredArrays, StoredArrays, file_name

__all__ = [
    "ENDING",
    "MIMETYPE",
    "Session",
    "SessionError",
    "holds_session",
    "load",
    "opening_state",
    "save",
]

ENDING = ".cnnx"
MIMETYPE = b"application/x-cnn-explorer"
VERSION = {"major": 3, "minor": 0}
"""Of what is written.

A later minor version says more, which is kept; a later major one says other things, and is refused.
Versions 1, in which every layer is a convolution, and 2, a document alone, are read too.
"""

_LARGEST_VERSION = 2**31
_BEGINNING = b"mimetype" + MIMETYPE
_HEAD = 30  # bytes of a zip file before the name of its first member


class SessionError(ValueError):
    """A file is no session; the message is one sentence for the user."""


def opening_state() -> State:
    """What the program opens on: a seven and the trained network of 3 and 4 filters."""
    return State(digit(7), bundled_network("3-4"))


def save(path: Path, session: Session) -> None:
    """Write a session, whole or not at all.

    Raises
    ------
    cnn_explorer.io.files.FileError
        If the file cannot be written, or would be larger than is read; the old one is then
        untouched.
    """
    gathered = GatheredArrays()
    described = _text(session, gathered)
    if len(described) > MOST_JSON:  # nothing is written that would not be read
        described = _text(Session(session.state, session.view), gathered)
    most = MOST_BYTES - MOST_JSON
    if sum(array.nbytes for array in gathered.arrays) > most:
        raise FileError(
            f"{path.name} was not saved: its weights take more than {most >> 20:,} MiB; remove "
            "scenes with networks of their own."
        )

    def write(file: BinaryIO) -> None:
        with zipfile.ZipFile(file, "w") as archive:
            archive.writestr(plain_member("mimetype"), MIMETYPE)
            archive.writestr(plain_member("document.json"), described)
            for place, array in enumerate(gathered.arrays):
                with archive.open(plain_member(f"{file_name(place)}.npy"), "w") as stream:
                    np.lib.format.write_array(
                        stream, np.ascontiguousarray(array), allow_pickle=False
                    )

    write_atomically(path, write)


def _text(session: Session, gathered: GatheredArrays) -> str:
    return json.dumps({"version": VERSION, **described_session(session, gathered)})


def load(path: Path) -> Session:
    """Read a session.

    Raises
    ------
    SessionError
        If the file is missing, is no session, or was written by a later major version; memory
        stays within the file's size.
    """
    with explained(path, SessionError, "a session of CNN Explorer"):
        size = path.stat().st_size
        if size > MOST_BYTES:
            raise ValueError("it is larger than any session")
        with opened_zip(path) as archive:
            if member(archive, "mimetype", len(MIMETYPE)) != MIMETYPE:
                raise SessionError(f"{path.name} is not a session of CNN Explorer.")
            described = json.loads(member(archive, "document.json", MOST_JSON))
            stored = StoredArrays(archive, size)
            version = described["version"]
            if version in (1, 2) and type(version) is int:
                network = read_network(described, stored.named)
                return Session(read_state(described, network, stored.named))
            major = version["major"]
            if type(major) is int and VERSION["major"] < major <= _LARGEST_VERSION:
                raise SessionError(
                    f"{path.name} was written by a later CNN Explorer, in format {major}; this one "
                    f"reads formats up to {VERSION['major']}."
                )
            if major != VERSION["major"] or type(version["minor"]) is not int:
                raise ValueError("its version is none that there was")
            return read_session(described, stored)


def holds_session(path: Path) -> bool:
    """Whether a path looks like one for `load`: by its ending, or by how the file begins."""
    if path.suffix == ENDING:
        return True
    try:
        with path.open("rb") as file:
            return file.read(_HEAD + len(_BEGINNING))[_HEAD:] == _BEGINNING
    except OSError:
        return False
