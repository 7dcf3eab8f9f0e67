"""A document as a file: a zip with its type first, then JSON and arrays as .npy."""

import io
import json
import math
import zipfile
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from cnn_explorer.core.activations import Array
from cnn_explorer.core.convolution import Padding
from cnn_explorer.core.edit import new_network
from cnn_explorer.core.kernels import INITIALISATIONS
from cnn_explorer.core.network import (
    INPUT_SIZE,
    MAX_FILTERS,
    MAX_KERNEL_SIZE,
    MAX_LAYERS,
    Conv2d,
    Network,
)
from cnn_explorer.core.schemes import ChannelScheme
from cnn_explorer.core.state import State
from cnn_explorer.io.digits import digit
from cnn_explorer.io.files import write_atomically

MIMETYPE = b"application/x-cnn-explorer"
VERSION = 1

_MOST_JSON = 1 << 20
_MOST_ARRAY = 4 * MAX_FILTERS**2 * MAX_KERNEL_SIZE**2 + 4096


class SessionError(ValueError):
    """A file is no document; the message is one sentence for the user."""


def opening_state() -> State:
    """What the program opens on: a seven and the network of 3 and 4 filters."""
    return State(digit(7), new_network((3, 4)))


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
            for name, array in _arrays(state).items():
                with archive.open(f"{name}.npy", "w") as member:
                    np.lib.format.write_array(member, array, allow_pickle=False)

    write_atomically(path, write)


def load(path: Path) -> State:
    """Read a document.

    Raises
    ------
    SessionError
        If the file is missing or is no document of this version; memory stays within the size
        that its numbers may have.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            if _member(archive, "mimetype", len(MIMETYPE)) != MIMETYPE:
                raise SessionError(f"{path.name} is not a document of CNN Explorer.")
            return _state(archive, json.loads(_member(archive, "document.json", _MOST_JSON)))
    except SessionError:
        raise
    except OSError as error:
        reason = error.strerror or "it cannot be read"
        raise SessionError(f"{path.name} could not be opened: {reason}.") from None
    except Exception as error:  # zipfile, json and the checks below raise many kinds
        raise SessionError(
            f"{path.name} is damaged or not a document of CNN Explorer ({error})."
        ) from None


def _described(state: State) -> dict[str, Any]:
    network = state.network
    return {
        "version": VERSION,
        "scheme": state.scheme.value,
        "seed": network.seed,
        "layers": [
            {
                "number": layer.number,
                "stride": layer.stride,
                "padding": layer.padding,
                "dilation": layer.dilation,
                "groups": layer.groups,
                "activation": layer.activation,
                "bias": layer.bias is not None,
                "initialisation": layer.initialisation,
                "fan": layer.fan,
            }
            for layer in network.layers
        ],
    }


def _arrays(state: State) -> dict[str, Array]:
    arrays = {"drawing": state.drawing}
    for index, layer in enumerate(state.network.layers):
        arrays[f"layer{index + 1}.weight"] = layer.weight
        if layer.bias is not None:
            arrays[f"layer{index + 1}.bias"] = layer.bias
    return arrays


def _state(archive: zipfile.ZipFile, described: dict[str, Any]) -> State:
    if described["version"] != VERSION:
        raise ValueError(f"version {described['version']}, and this program reads {VERSION}")
    drawing = _array(archive, "drawing")
    if drawing.shape != INPUT_SIZE or drawing.min() < 0 or drawing.max() > 1:
        raise ValueError("the drawing is not 28×28 values from 0 to 1")
    if len(described["layers"]) > MAX_LAYERS:
        raise ValueError(f"{len(described['layers'])} layers, and {MAX_LAYERS} are the most")
    layers = tuple(
        _layer(archive, f"layer{index + 1}", item) for index, item in enumerate(described["layers"])
    )
    network = Network(layers, int(described["seed"]))
    return State(drawing, network, ChannelScheme(described["scheme"]))


def _layer(archive: zipfile.ZipFile, name: str, item: dict[str, Any]) -> Conv2d:
    if item["initialisation"] not in INITIALISATIONS:
        raise ValueError(f"unknown weights {item['initialisation']!r}")
    return Conv2d(
        number=int(item["number"]),
        weight=_array(archive, f"{name}.weight"),
        bias=_array(archive, f"{name}.bias") if item["bias"] else None,
        stride=_pair(item["stride"]),
        padding=_padding(item["padding"]),
        dilation=_pair(item["dilation"]),
        groups=int(item["groups"]),
        activation=str(item["activation"]),
        initialisation=item["initialisation"],
        fan=_pair(item["fan"]),
    )


def _padding(value: Any) -> Padding:
    if value == "same" or value == "valid" or isinstance(value, int):
        return value  # type: ignore[no-any-return]
    return _pair(value)


def _pair(value: Any) -> tuple[int, int]:
    rows, columns = map(int, value)
    return rows, columns


def _array(archive: zipfile.ZipFile, name: str) -> Array:
    """An array, its announced size held against the bytes before anything is allocated."""
    file = io.BytesIO(_member(archive, f"{name}.npy", _MOST_ARRAY))
    version = np.lib.format.read_magic(file)
    if version != (1, 0):
        raise ValueError(f"{name} is written in another version of npy")
    shape, fortran, dtype = np.lib.format.read_array_header_1_0(file)
    data = file.read()
    if fortran or dtype != np.dtype("<f4") or math.prod(shape) * 4 != len(data):
        raise ValueError(f"{name} is not the float32 array that it announces")
    array = np.frombuffer(data, "<f4").reshape(shape).astype(np.float32)
    if not np.isfinite(array).all():
        raise ValueError(f"{name} holds values that are not finite")
    return array


def _member(archive: zipfile.ZipFile, name: str, most: int) -> bytes:
    """A file of the archive, of at most so many bytes."""
    with archive.open(name) as member:
        data = member.read(most + 1)
    if len(data) > most:
        raise ValueError(f"{name} is larger than any document's")
    return data
