"""An export as the document that it came from: its manifest, and the arrays beside it."""

import json
from pathlib import Path
from typing import Any

import numpy.typing as npt

from cnn_explorer.core.network import Network, Trained
from cnn_explorer.core.trained import TRAINED
from cnn_explorer.io.description import MOST_NPY, network_of, read_layers
from cnn_explorer.io.layer_description import MOST_NUMBER, Arrays, real, whole
from cnn_explorer.io.networks import BUNDLED, bundled_network
from cnn_explorer.io.opening import explained, member_array, opened_zip
from cnn_explorer.io.session_description import Session, read_state

MANIFEST, ARRAYS = "manifest.json", "maps.npz"

_MOST_MANIFEST = 8 << 20
_BEGINNING = b'{\n  "program": "CNN Explorer"'


class ExportedError(ValueError):
    """An export cannot be opened; the message is one sentence for the user."""


def holds_export(path: Path) -> bool:
    """Whether a path is an export: its folder, its manifest, or its arrays beside that."""
    manifest = path / MANIFEST if path.is_dir() else path
    if path.name == ARRAYS:
        manifest = path.with_name(MANIFEST)
    if not manifest.is_file():  # a pipe might never give anything
        return False
    try:
        with manifest.open("rb") as file:
            return file.read(len(_BEGINNING)) == _BEGINNING
    except OSError:
        return False


def load_export(path: Path) -> Session:
    """Open the document that an export came from; of its view there is nothing.

    Parameters
    ----------
    path
        As in `holds_export`.

    Raises
    ------
    ExportedError
        If there are no arrays, or they are not what the manifest says; memory stays within their
        size.
    """
    folder = path if path.is_dir() else path.parent
    with explained(folder / MANIFEST, ExportedError, "the manifest of an export"):
        if not holds_export(path):
            raise ValueError("it does not begin as one does")
        with (folder / MANIFEST).open("rb") as file:
            content = file.read(_MOST_MANIFEST + 1)
        if len(content) > _MOST_MANIFEST:
            raise ValueError("it is larger than can be opened")
        described = json.loads(content)
        del content
        _ = described["scheme"], described["seed"], described["network"]
    arrays = folder / ARRAYS
    if not arrays.is_file():
        raise ExportedError(
            f"There is no {ARRAYS} beside {MANIFEST}: only an export with arrays (NPZ) holds the "
            "document that it came from."
        )
    with (
        explained(arrays, ExportedError, "the arrays of this export"),
        opened_zip(arrays) as archive,
    ):

        def stored(name: str, kind: str) -> npt.NDArray[Any]:
            if name == "drawing" and described.get("centred") is not True:
                name = "input"
            try:
                return member_array(archive, name, kind, MOST_NPY)
            except KeyError:
                raise ValueError(f"{name} is missing") from None

        network = _network(described, stored)
        return Session(read_state(described, network, stored))


def _network(described: dict[str, Any], stored: Arrays) -> Network:
    layers = read_layers(described["network"], stored)
    seed = whole(described["seed"], "the seed", 0, MOST_NUMBER)
    told = described.get("trained")
    if told is None and not any(
        getattr(layer, "initialisation", None) == TRAINED for layer in layers
    ):
        return network_of(layers, seed, None)
    # What it was trained to be is not in an export; without it, what is there is as trained.
    told = told or {"name": "exported", "temperature": 1.0, "threshold": 0.0}
    name = told["name"]
    if name in BUNDLED:
        return network_of(layers, seed, bundled_network(name).trained)
    if type(name) is not str or not 0 < len(name) <= 100 or not name.isprintable():
        raise ValueError("its name is no line of text")
    trained = Trained(
        name,
        layers,
        real(told["temperature"], "the temperature", 1e-3, 1e3),
        real(told["threshold"], "the threshold", 0, 1),
    )
    return network_of(layers, seed, trained)
