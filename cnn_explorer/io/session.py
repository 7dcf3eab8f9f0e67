"""A document as a file: a zip with its type first, then JSON and arrays as .npy."""

import json
import zipfile
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt

from cnn_explorer.core.network import INPUT_SIZE
from cnn_explorer.core.schemes import ChannelScheme
from cnn_explorer.core.state import State
from cnn_explorer.io.description import (
    MOST_BYTES,
    MOST_JSON,
    MOST_NPY,
    arrays_of,
    described_network,
    read_network,
)
from cnn_explorer.io.digits import digit
from cnn_explorer.io.files import write_atomically
from cnn_explorer.io.layer_description import numbers
from cnn_explorer.io.networks import bundled_network
from cnn_explorer.io.opening import explained, member, member_array

MIMETYPE = b"application/x-cnn-explorer"
VERSION = 2
"""Of what is written; version 1, in which every layer is a convolution, is read too."""


class SessionError(ValueError):
    """A file is no document; the message is one sentence for the user."""


def opening_state() -> State:
    """What the program opens on: a seven and the trained network of 3 and 4 filters."""
    return State(digit(7), bundled_network("3-4"))


def save(path: Path, state: State) -> None:
    """Write a document, whole or not at all.

    Raises
    ------
    cnn_explorer.io.files.FileError
        If the file cannot be written; the old one is then untouched.
    """

    def write(file: BinaryIO) -> None:
        with zipfile.ZipFile(file, "w") as archive:
            archive.writestr("mimetype", MIMETYPE)
            archive.writestr("document.json", json.dumps(_described(state), indent=1))
            for name, array in {"drawing": state.drawing, **arrays_of(state.network)}.items():
                with archive.open(f"{name}.npy", "w") as member:
                    np.lib.format.write_array(
                        member, np.ascontiguousarray(array), allow_pickle=False
                    )

    write_atomically(path, write)


def load(path: Path) -> State:
    """Read a document.

    Raises
    ------
    SessionError
        If the file is missing or is no document of this version; memory stays within the size
        that its numbers may have.
    """
    with explained(path, SessionError, "a document of CNN Explorer"):
        if path.stat().st_size > MOST_BYTES:
            raise ValueError("it is larger than any document")
        with zipfile.ZipFile(path) as archive:
            if member(archive, "mimetype", len(MIMETYPE)) != MIMETYPE:
                raise SessionError(f"{path.name} is not a document of CNN Explorer.")
            return _state(archive, json.loads(member(archive, "document.json", MOST_JSON)))


def _described(state: State) -> dict[str, Any]:
    return {
        "version": VERSION,
        "scheme": state.scheme.value,
        "centred": state.centred,
        **described_network(state.network),
    }


def _state(archive: zipfile.ZipFile, described: dict[str, Any]) -> State:
    if described["version"] not in range(1, VERSION + 1):
        raise ValueError(
            f"it has version {described['version']}; this program reads up to {VERSION}"
        )

    def arrays(name: str, kind: str) -> npt.NDArray[Any]:
        return member_array(archive, name, kind, MOST_NPY)

    drawing = numbers(arrays, "drawing")
    if drawing.shape != INPUT_SIZE or drawing.min() < 0 or drawing.max() > 1:
        raise ValueError("the drawing is not 28×28 values from 0 to 1")
    # A file from before there was a choice does not speak of it.
    centred = described.get("centred", False)
    if type(centred) is not bool:
        raise ValueError(f"whether the drawing is centred is {centred!r}; it must be true or false")
    network = read_network(described, arrays)
    return State(drawing, network, ChannelScheme(described["scheme"]), centred)
