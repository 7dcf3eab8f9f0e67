"""Networks with their weights as files: safetensors, or NPZ by the name's ending.

Both hold the arrays that `cnn_explorer.io.description` names, and the description as JSON:
safetensors in the header's metadata under “cnn_explorer”, NPZ as the bytes of an array “network”.
Neither can hold code.
"""

import json
import os
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt
import safetensors.numpy

from cnn_explorer.core.network import Network
from cnn_explorer.io.arrays import whole_member, write_npz
from cnn_explorer.io.description import (
    MOST_BYTES,
    MOST_JSON,
    MOST_NPY,
    arrays_of,
    described_network,
    read_network,
)
from cnn_explorer.io.files import write_atomically
from cnn_explorer.io.layer_description import Arrays
from cnn_explorer.io.opening import explained, head_of, member_array, opened_zip

VERSION = 1
ENDINGS = (".safetensors", ".npz")
"""How the files are named; the ending says which of the two is written."""

_KEY = "cnn_explorer"
_ZIP = b"PK"
_deserialize: Callable[[bytes], Iterable[tuple[str, dict[str, Any]]]] = safetensors.deserialize
_TYPES = {"<f4": "F32", "|b1": "BOOL"}


class NetworkError(ValueError):
    """A file is no network; the message is one sentence for the user."""


def save_network(path: Path, network: Network) -> None:
    """Write a network with its weights, whole or not at all; the same network has the same bytes.

    Raises
    ------
    NetworkError
        If the name has another ending than `ENDINGS`.
    cnn_explorer.io.files.FileError
        If the file cannot be written; an old one is then untouched.
    """
    if path.suffix.lower() not in ENDINGS:
        raise NetworkError(f"{path.name} ends neither in {' nor in '.join(ENDINGS)}; name it so.")
    described = json.dumps({"version": VERSION, **described_network(network)})
    arrays = {name: np.ascontiguousarray(array) for name, array in arrays_of(network).items()}
    if path.suffix.lower() == ".npz":

        def write(file: BinaryIO) -> None:
            text = np.frombuffer(described.encode(), np.uint8)
            named = {"network": text, **arrays}
            write_npz(file, [whole_member(name, array) for name, array in named.items()])

        write_atomically(path, write)
    else:
        write_atomically(path, safetensors.numpy.save(arrays, {_KEY: described}))


def load_network(path: Path) -> Network:
    """Read a network, whichever of the two formats it is in.

    Raises
    ------
    NetworkError
        If the file is missing or is no network; memory stays within the size of the file and of
        the arrays in it.
    """
    with explained(path, NetworkError, "a network of CNN Explorer"):
        if head_of(path).startswith(_ZIP):
            return _from_npz(path)
        with path.open("rb") as file:
            size = os.fstat(file.fileno()).st_size
            if size > MOST_BYTES:
                raise ValueError("it is larger than any network")
            return _from_safetensors(file.read(size))


def holds_network(path: Path) -> bool:
    """Whether a path looks like one for `load_network`: by its ending, or a description in it."""
    if path.suffix.lower() == ENDINGS[0]:
        return True
    try:
        if not head_of(path).startswith(_ZIP):
            return False
        with opened_zip(path) as archive:
            return "network.npy" in archive.namelist()
    except Exception:  # a damaged table of contents raises many kinds
        return False


def _from_npz(path: Path) -> Network:
    with opened_zip(path) as archive:

        def arrays(name: str, kind: str) -> npt.NDArray[Any]:
            return member_array(archive, name, kind, MOST_NPY)

        try:
            text = member_array(archive, "network", "|u1", MOST_JSON)
        except KeyError:
            raise ValueError("it has arrays, but none that says which network they are") from None
        names = {name.removesuffix(".npy") for name in archive.namelist()} - {"network"}
        return _network(text.tobytes(), arrays, names)


def _from_safetensors(content: bytes) -> Network:
    try:
        tensors = dict(_deserialize(content))
    except safetensors.SafetensorError as error:
        raise ValueError(str(error)) from None
    # Its own reader, which just accepted the header, does not give the metadata away.
    header = json.loads(content[8 : 8 + int.from_bytes(content[:8], "little")])
    text = header.get("__metadata__", {}).get(_KEY)
    if text is None:
        raise ValueError("it has tensors, but its metadata do not say which network they are")

    def arrays(name: str, kind: str) -> npt.NDArray[Any]:
        tensor = tensors[name]
        if tensor["dtype"] != _TYPES[kind]:
            raise ValueError(f"{name} is of type {tensor['dtype']}; it must be {_TYPES[kind]}")
        if kind == "|b1" and max(tensor["data"], default=0) > 1:
            raise ValueError(f"{name} holds what is neither yes nor no")
        array: npt.NDArray[Any] = np.frombuffer(tensor["data"], kind).reshape(tensor["shape"])
        return array

    return _network(text.encode(), arrays, set(tensors))


def _network(text: bytes, arrays: Arrays, names: set[str]) -> Network:
    """The network that is described; every array must belong to it."""
    if len(text) > MOST_JSON:
        raise ValueError("its description is larger than that of any network")
    described = json.loads(text)
    if described["version"] != VERSION:
        raise ValueError(f"it has version {described['version']}; this program reads {VERSION}")
    network = read_network(described, arrays)
    unknown = sorted(names - set(arrays_of(network)))
    # What a layer was trained to have is left out where it is the same, but may be there.
    unknown = [name for name in unknown if not name.startswith("trained.layer")]
    if unknown:
        raise ValueError(f"{unknown[0]} belongs to none of its layers")
    return network
