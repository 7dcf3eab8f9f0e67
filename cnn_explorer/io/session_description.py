"""A session in words that JSON has and arrays by number, there and back.

Networks and arrays stand in lists of their own, and whoever has one gives its number. So scenes
that share a network, or layers of it, share them in the file, and again when they were read.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy.typing as npt

from cnn_explorer.core.network import INPUT_SIZE, Network
from cnn_explorer.core.schemes import ChannelScheme
from cnn_explorer.core.state import MAX_SCENES, Scene, State
from cnn_explorer.core.view import View
from cnn_explorer.io.description import arrays_of, described_network, read_network
from cnn_explorer.io.layer_description import Arrays, numbers, whole
from cnn_explorer.io.shared_arrays import GatheredArrays, StoredArrays
from cnn_explorer.io.view_description import KEYS, described_view, read_view

_TOP = frozenset({"version", "networks", "document", "view", "scenes"})
_STATE = frozenset({"drawing", "network", "scheme", "centred"})
_SCENE = frozenset({"name", "sentence", "document", "view"})


@dataclass(frozen=True, eq=False)
class Session:
    """A document, and what was on screen of it.

    Parameters
    ----------
    state
        The document with its scenes.
    view
        What is looked at, or None where nothing is said of it, as in files of version 1 and 2.
    extra
        What a later version wrote beside what this one knows, to be written again: keys of the
        file's top, and under "document", "view" and "scenes" theirs; of scenes by their names.
    """

    state: State
    view: View | None = None
    extra: Mapping[str, Any] = field(default_factory=dict)


def described_session(session: Session, gathered: GatheredArrays) -> dict[str, Any]:
    """Describe a session; its arrays are gathered."""
    extra = session.extra
    networks = _Networks(gathered)
    of_scenes = extra.get("scenes", {})
    described = {
        "document": {**extra.get("document", {}), **_described_state(session.state, networks)},
        "scenes": [
            {
                **of_scenes.get(scene.name, {}),
                "name": scene.name,
                "sentence": scene.sentence,
                "document": _described_state(scene.state, networks),
                "view": described_view(scene.view),
            }
            for scene in session.state.scenes
        ],
    }
    if session.view is not None:
        described["view"] = {**extra.get("view", {}), **described_view(session.view)}
    return {**_unknown(extra, _TOP), **described, "networks": networks.described}


class _Networks:
    """Networks that were described, each once."""

    def __init__(self, gathered: GatheredArrays) -> None:
        self.gathered = gathered
        self.described: list[dict[str, Any]] = []
        self._places: dict[int, int] = {}

    def place(self, network: Network) -> int:
        """Describe a network if that was not done; return its number in the file."""
        if id(network) not in self._places:
            self._places[id(network)] = len(self.described)
            places = {
                name: self.gathered.place(array) for name, array in arrays_of(network).items()
            }
            self.described.append({**described_network(network), "arrays": places})
        return self._places[id(network)]


def _described_state(state: State, networks: _Networks) -> dict[str, Any]:
    return {
        "drawing": networks.gathered.place(state.drawing),
        "network": networks.place(state.network),
        "scheme": state.scheme.value,
        "centred": state.centred,
    }


def read_session(described: dict[str, Any], stored: StoredArrays) -> Session:
    """Make the session that was described.

    Raises
    ------
    ValueError, KeyError, TypeError
        If it is no description, or says what cannot be.
    """
    of_networks = described["networks"]
    if type(of_networks) is not list or not 0 < len(of_networks) <= MAX_SCENES + 1:
        raise ValueError(f"it has no list of 1 to {MAX_SCENES + 1} networks")
    networks = [_network(item, stored) for item in of_networks]
    items = described["scenes"]
    if type(items) is not list or len(items) > MAX_SCENES:
        raise ValueError(f"it has no list of at most {MAX_SCENES} scenes")
    scenes = tuple(
        Scene(
            str(item["name"]),
            str(item["sentence"]),
            _state(item["document"], networks, stored),
            read_view(item["view"]),
        )
        for item in items
    )
    view = described.get("view")
    return Session(
        _state(described["document"], networks, stored, scenes),
        None if view is None else read_view(view),
        _extra(described),
    )


def _extra(described: dict[str, Any]) -> dict[str, Any]:
    """What is said beside what is known."""
    inner = {
        "document": _unknown(described["document"], _STATE),
        "view": _unknown(described.get("view") or {}, KEYS),
        "scenes": {
            item["name"]: unknown
            for item in described["scenes"]
            if (unknown := _unknown(item, _SCENE))
        },
    }
    return _unknown(described, _TOP) | {name: said for name, said in inner.items() if said}


def _unknown(described: Mapping[str, Any], known: Collection[str]) -> dict[str, Any]:
    return {name: value for name, value in described.items() if name not in known}


def _network(described: dict[str, Any], stored: StoredArrays) -> Network:
    places = described["arrays"]

    def arrays(name: str, kind: str) -> npt.NDArray[Any]:
        return stored.numbered(places[name], kind)

    return read_network(described, arrays)


def _state(
    described: dict[str, Any],
    networks: list[Network],
    stored: StoredArrays,
    scenes: tuple[Scene, ...] = (),
) -> State:
    place = whole(described["network"], "the number of a network", 0, len(networks) - 1)

    def drawing(_: str, kind: str) -> npt.NDArray[Any]:
        return stored.numbered(described["drawing"], kind)

    return read_state(described, networks[place], drawing, scenes)


def read_state(
    described: dict[str, Any], network: Network, arrays: Arrays, scenes: tuple[Scene, ...] = ()
) -> State:
    """Make a document of what is said of it and its network; errors as of `read_session`."""
    drawing = numbers(arrays, "drawing")
    if drawing.shape != INPUT_SIZE or drawing.min() < 0 or drawing.max() > 1:
        raise ValueError("the drawing is not 28×28 values from 0 to 1")
    # A file from before there was a choice does not speak of it.
    centred = described.get("centred", False)
    if type(centred) is not bool:
        raise ValueError(f"whether the drawing is centred is {centred!r}; it must be true or false")
    return State(drawing, network, ChannelScheme(described["scheme"]), centred, scenes)
