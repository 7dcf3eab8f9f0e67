"""A document as a file: a zip with its type first, then JSON and arrays as .npy."""

import io
import json
import math
import zipfile
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt

from cnn_explorer.core.activations import Array
from cnn_explorer.core.edit import new_network
from cnn_explorer.core.geometry import Padding
from cnn_explorer.core.kernels import INITIALISATIONS
from cnn_explorer.core.network import (
    INPUT_SIZE,
    MAX_FILTERS,
    MAX_KERNEL_SIZE,
    MAX_LAYERS,
    MAX_PADDING,
    MAX_STRIDE,
    Conv2d,
    Mutes,
    Network,
)
from cnn_explorer.core.schemes import ChannelScheme
from cnn_explorer.core.state import State
from cnn_explorer.io.description import described_layers
from cnn_explorer.io.digits import digit
from cnn_explorer.io.files import write_atomically

MIMETYPE = b"application/x-cnn-explorer"
VERSION = 1

_MOST_JSON = 1 << 20
_MOST_ARRAY = 4 * MAX_FILTERS**2 * MAX_KERNEL_SIZE**2 + 4096
_MOST_BYTES = MAX_LAYERS * 2 * _MOST_ARRAY
_MOST_NUMBER = 2**32 - 1
_MOST_VALUE = 1_000_000


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
    try:
        if path.stat().st_size > _MOST_BYTES:
            raise ValueError("it is larger than any document")
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
            f"{path.name} is damaged or not a document of CNN Explorer: {_reason(error)}."
        ) from None


def _reason(error: Exception) -> str:
    """What is wrong, in few words: those of a hostile file may be many."""
    if not isinstance(error, (ValueError, zipfile.BadZipFile)):
        return "a part of it is missing or of another kind"
    return " ".join(str(error).split())[:200].rstrip(".")


def _described(state: State) -> dict[str, Any]:
    network = state.network
    return {
        "version": VERSION,
        "scheme": state.scheme.value,
        "seed": network.seed,
        "layers": described_layers(network),
    }


def _arrays(state: State) -> dict[str, npt.NDArray[Any]]:
    arrays: dict[str, npt.NDArray[Any]] = {"drawing": state.drawing}
    for index, layer in enumerate(state.network.layers):
        arrays[f"layer{index + 1}.weight"] = layer.weight
        if layer.bias is not None:
            arrays[f"layer{index + 1}.bias"] = layer.bias
        if layer.muted is not None:
            arrays[f"layer{index + 1}.muted"] = layer.muted
    return arrays


def _state(archive: zipfile.ZipFile, described: dict[str, Any]) -> State:
    if described["version"] != VERSION:
        raise ValueError(f"it has version {described['version']}; this program reads {VERSION}")
    drawing = _array(archive, "drawing")
    if drawing.shape != INPUT_SIZE or drawing.min() < 0 or drawing.max() > 1:
        raise ValueError("the drawing is not 28×28 values from 0 to 1")
    if len(described["layers"]) > MAX_LAYERS:
        raise ValueError(f"it has {len(described['layers'])} layers; {MAX_LAYERS} are the most")
    layers = tuple(
        _layer(archive, f"layer{index + 1}", item) for index, item in enumerate(described["layers"])
    )
    if len({layer.number for layer in layers}) < len(layers):
        raise ValueError("two layers have the same number")
    network = Network(layers, _whole(described["seed"], "the seed", 0, _MOST_NUMBER))
    return State(drawing, network, ChannelScheme(described["scheme"]))


def _layer(archive: zipfile.ZipFile, name: str, item: dict[str, Any]) -> Conv2d:
    if item["initialisation"] not in list(INITIALISATIONS):
        raise ValueError(f"{name} has unknown weights, {item['initialisation']!r}")
    layer = Conv2d(
        number=_whole(item["number"], f"{name}'s number", 0, _MOST_NUMBER),
        weight=_array(archive, f"{name}.weight"),
        bias=_array(archive, f"{name}.bias") if item["bias"] else None,
        stride=_pair(item["stride"], f"{name}'s stride", MAX_STRIDE),
        padding=_padding(item["padding"], name),
        dilation=_pair(item["dilation"], f"{name}'s dilation", min(INPUT_SIZE)),
        groups=_whole(item["groups"], f"{name}'s groups", 1, MAX_FILTERS),
        activation=str(item["activation"]),
        initialisation=item["initialisation"],
        fan=_pair(item["fan"], f"{name}'s fan", MAX_FILTERS),
        # A file from before there were mutes does not speak of them.
        muted=_muted(archive, name, item.get("muted", 0)),
    )
    _whole(layer.out_channels, f"{name}'s filters", 1, MAX_FILTERS)
    _whole(max(layer.kernel_size), f"{name}'s kernel size", 1, MAX_KERNEL_SIZE)
    if layer.out_channels % layer.groups:
        raise ValueError(f"{layer.groups} groups do not divide {layer.out_channels} filters")
    return layer


def _muted(archive: zipfile.ZipFile, name: str, count: Any) -> Mutes | None:
    """Mutes of a layer, as many as are announced."""
    if _whole(count, f"{name}'s mutes", 0, MAX_FILTERS**2) == 0:
        return None
    muted = _stored(archive, f"{name}.muted", "|b1")
    if muted.view(np.uint8).sum() != count or muted.view(np.uint8).max() > 1:
        raise ValueError(f"{name}.muted does not mute the {count} contributions that it announces")
    return muted


def _padding(value: Any, name: str) -> Padding:
    if value == "same" or value == "valid":
        return value  # type: ignore[no-any-return]
    return _whole(value, f"{name}'s padding", 0, MAX_PADDING)


def _pair(value: Any, what: str, most: int) -> tuple[int, int]:
    rows, columns = value
    return _whole(rows, what, 1, most), _whole(columns, what, 1, most)


def _whole(value: Any, what: str, least: int, most: int) -> int:
    """A number that a document can have; a larger one could ask for any amount of memory."""
    if type(value) is not int or not least <= value <= most:
        raise ValueError(f"{what} is {value!r}; it must be {least} to {most}")
    return value


def _array(archive: zipfile.ZipFile, name: str) -> Array:
    """An array of float32, with values that a document may have."""
    array = _stored(archive, name, "<f4").astype(np.float32)
    if not (np.abs(array) <= _MOST_VALUE).all():
        raise ValueError(f"{name} holds values that are not from -{_MOST_VALUE} to {_MOST_VALUE}")
    return array


def _stored(archive: zipfile.ZipFile, name: str, kind: str) -> npt.NDArray[Any]:
    """An array, its announced size held against the bytes before anything is allocated."""
    file = io.BytesIO(_member(archive, f"{name}.npy", _MOST_ARRAY))
    version = np.lib.format.read_magic(file)
    if version != (1, 0):
        raise ValueError(f"{name} is written in another version of npy")
    shape, fortran, dtype = np.lib.format.read_array_header_1_0(file)
    data = file.read()
    if fortran or dtype != np.dtype(kind) or math.prod(shape) * dtype.itemsize != len(data):
        raise ValueError(f"{name} is not the {np.dtype(kind).name} array that it announces")
    return np.frombuffer(data, kind).reshape(shape)


def _member(archive: zipfile.ZipFile, name: str, most: int) -> bytes:
    """A file of the archive, of at most so many bytes and not packed, as `save` writes it."""
    if archive.getinfo(name).compress_type != zipfile.ZIP_STORED:
        raise ValueError(f"{name} is packed")
    with archive.open(name) as member:
        data = member.read(most + 1)
    if len(data) > most:
        raise ValueError(f"{name} is larger than any document's")
    return data
