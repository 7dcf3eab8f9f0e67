"""A document as a file: a zip with its type first, then JSON and arrays as .npy."""

import io
import json
import math
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt

from cnn_explorer.core.activations import Array
from cnn_explorer.core.building import new_network
from cnn_explorer.core.geometry import Padding
from cnn_explorer.core.kernel_layers import Conv2d, Linear
from cnn_explorer.core.kernels import INITIALISATIONS
from cnn_explorer.core.layer import Layer, Mutes
from cnn_explorer.core.layers import (
    MAX_FEATURES,
    AvgPool2d,
    BatchNorm2d,
    Flatten,
    GlobalAvgPool2d,
    MaxPool2d,
    Softmax,
)
from cnn_explorer.core.network import (
    INPUT_SIZE,
    MAX_FILTERS,
    MAX_KERNEL_SIZE,
    MAX_LAYERS,
    MAX_PADDING,
    MAX_STRIDE,
    Network,
)
from cnn_explorer.core.schemes import ChannelScheme
from cnn_explorer.core.state import State
from cnn_explorer.io.description import described_layers
from cnn_explorer.io.digits import digit
from cnn_explorer.io.files import write_atomically

MIMETYPE = b"application/x-cnn-explorer"
VERSION = 2
"""Of what is written; version 1, in which every layer is a convolution, is read too."""

_MOST_JSON = 1 << 20
_MOST_ARRAY = 4 * MAX_FILTERS**2 * MAX_KERNEL_SIZE**2 + 4096
_MOST_BYTES = MAX_LAYERS * 2 * _MOST_ARRAY
_MOST_NUMBER = 2**32 - 1
_MOST_VALUE = 1_000_000
MAX_SIDE = 256
"""Rows or columns of any map: padding makes the drawing larger, a layer at a time."""


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
        for name in ("weight", "bias", "muted", "mean", "variance"):
            array = getattr(layer, name, None)
            if array is not None:
                arrays[f"layer{index + 1}.{name}"] = array
    return arrays


def _state(archive: zipfile.ZipFile, described: dict[str, Any]) -> State:
    if described["version"] not in range(1, VERSION + 1):
        raise ValueError(
            f"it has version {described['version']}; this program reads up to {VERSION}"
        )
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


def _layer(archive: zipfile.ZipFile, name: str, item: dict[str, Any]) -> Layer:
    kind = item.get("type", "Conv2d")
    if kind not in _READERS:
        raise ValueError(f"{name} is of an unknown type, {kind!r}")
    number = _whole(item["number"], f"{name}'s number", 0, _MOST_NUMBER)
    return _READERS[kind](archive, name, item, number)


def _conv(archive: zipfile.ZipFile, name: str, item: dict[str, Any], number: int) -> Conv2d:
    if item["initialisation"] not in list(INITIALISATIONS):
        raise ValueError(f"{name} has unknown weights, {item['initialisation']!r}")
    dense = item.get("type") == "Linear"
    layer = (Linear if dense else Conv2d)(
        number=number,
        weight=_array(archive, f"{name}.weight"),
        bias=_array(archive, f"{name}.bias") if item["bias"] else None,
        stride=_pair(item["stride"], f"{name}'s stride", MAX_STRIDE),
        padding=_padding(item["padding"], name),
        padding_mode=item.get("padding_mode", "zeros"),
        dilation=_pair(item["dilation"], f"{name}'s dilation", min(INPUT_SIZE)),
        groups=_whole(item["groups"], f"{name}'s groups", 1, MAX_FILTERS),
        activation=str(item["activation"]),
        activation_parameters=_parameters(item, name),
        initialisation=item["initialisation"],
        fan=_pair(item["fan"], f"{name}'s fan", MAX_FEATURES if dense else MAX_FILTERS),
        # A file from before there were mutes does not speak of them.
        muted=_muted(archive, name, item.get("muted", 0)),
    )
    _whole(layer.out_channels, f"{name}'s filters", 1, MAX_FILTERS)
    _whole(layer.in_channels, f"{name}'s input maps", 1, MAX_FEATURES if dense else MAX_FILTERS)
    _whole(max(layer.kernel_size), f"{name}'s kernel size", 1, 1 if dense else MAX_KERNEL_SIZE)
    if layer.out_channels % layer.groups:
        raise ValueError(f"{layer.groups} groups do not divide {layer.out_channels} filters")
    return layer


def _pool(archive: zipfile.ZipFile, name: str, item: dict[str, Any], number: int) -> Layer:
    shared: dict[str, Any] = {
        "number": number,
        "channels": _channels(item, name),
        "kernel_size": _pair(item["kernel_size"], f"{name}'s kernel size", MAX_KERNEL_SIZE),
        "stride": _pair(item["stride"], f"{name}'s stride", MAX_KERNEL_SIZE),
        "padding": _padding(item["padding"], name),
        "dilation": _pair(item["dilation"], f"{name}'s dilation", min(INPUT_SIZE)),
        "ceil_mode": _flag(item, "ceil_mode", name),
    }
    if item["type"] == "MaxPool2d":
        return MaxPool2d(**shared)
    return AvgPool2d(**shared, count_include_pad=_flag(item, "count_include_pad", name))


def _norm(archive: zipfile.ZipFile, name: str, item: dict[str, Any], number: int) -> Layer:
    mean, variance, weight, bias = (
        _array(archive, f"{name}.{what}") for what in ("mean", "variance", "weight", "bias")
    )
    eps = item["eps"]
    if type(eps) is not float or not 0 < eps <= 1:
        raise ValueError(f"{name}'s eps is {eps!r}; it must be more than 0, and at most 1")
    return BatchNorm2d(
        number,
        _channels(item, name),
        mean,
        variance,
        weight,
        bias,
        eps=eps,
        activation=str(item["activation"]),
        activation_parameters=_parameters(item, name),
    )


def _plain(archive: zipfile.ZipFile, name: str, item: dict[str, Any], number: int) -> Layer:
    kinds: dict[str, Callable[[int, int], Layer]] = {
        "GlobalAvgPool2d": GlobalAvgPool2d,
        "Softmax": Softmax,
    }
    return kinds[item["type"]](number, _channels(item, name))


def _flatten(archive: zipfile.ZipFile, name: str, item: dict[str, Any], number: int) -> Layer:
    size = _pair(item["size"], f"{name}'s size", MAX_SIDE)
    return Flatten(number, _channels(item, name), size)


_READERS: dict[str, Callable[[zipfile.ZipFile, str, dict[str, Any], int], Layer]] = {
    "Conv2d": _conv,
    "Linear": _conv,
    "MaxPool2d": _pool,
    "AvgPool2d": _pool,
    "BatchNorm2d": _norm,
    "GlobalAvgPool2d": _plain,
    "Softmax": _plain,
    "Flatten": _flatten,
}


def _channels(item: dict[str, Any], name: str) -> int:
    return _whole(item["channels"], f"{name}'s maps", 1, MAX_FEATURES)


def _parameters(item: dict[str, Any], name: str) -> tuple[float, ...]:
    """Parameters of an activation; none in a file from before there were any."""
    values = tuple(item.get("activation_parameters", ()))
    if not all(type(value) in (int, float) and abs(value) <= _MOST_VALUE for value in values):
        raise ValueError(f"{name}'s activation has parameters that are no numbers")
    return tuple(map(float, values))


def _muted(archive: zipfile.ZipFile, name: str, count: Any) -> Mutes | None:
    """Mutes of a layer, as many as are announced."""
    if _whole(count, f"{name}'s mutes", 0, MAX_FILTERS * MAX_FEATURES) == 0:
        return None
    muted = _stored(archive, f"{name}.muted", "|b1")
    if muted.view(np.uint8).sum() != count or muted.view(np.uint8).max() > 1:
        raise ValueError(f"{name}.muted does not mute the {count} contributions that it announces")
    return muted


def _padding(value: Any, name: str) -> Padding:
    if value == "same" or value == "same_lower" or value == "valid":
        return value  # type: ignore[no-any-return]
    return _whole(value, f"{name}'s padding", 0, MAX_PADDING)


def _pair(value: Any, what: str, most: int) -> tuple[int, int]:
    rows, columns = value
    return _whole(rows, what, 1, most), _whole(columns, what, 1, most)


def _flag(item: dict[str, Any], key: str, name: str) -> bool:
    value = item[key]
    if type(value) is not bool:
        raise ValueError(f"{name}'s {key} is {value!r}; it must be true or false")
    return value


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
