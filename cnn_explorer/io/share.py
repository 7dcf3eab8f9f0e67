"""A document as one line of text, short enough for a message: all of it but large weights.

The line is ``cnnx1:`` and base64 (of letters that addresses may have) of: a checksum, the length of
the description, the description, the numbers. The description is JSON; numbers are those that do
not follow from it: the drawing, and what of the weights is neither drawn from the seed nor a
network's that comes with the program. Both are compressed, and unpacked up to a bound.
"""

import base64
import binascii
import json
import re
import zlib
from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from cnn_explorer.core.network import INPUT_SIZE, Network, Trained
from cnn_explorer.core.state import State
from cnn_explorer.core.trained import same_layers
from cnn_explorer.core.view import View
from cnn_explorer.io.description import described_layers
from cnn_explorer.io.layer_description import weights_of
from cnn_explorer.io.networks import BUNDLED, bundled_network
from cnn_explorer.io.opening import reason
from cnn_explorer.io.packing import PackedNumbers, packed_array
from cnn_explorer.io.rebuilding import rebuilt, with_arrays
from cnn_explorer.io.session_description import Session, read_state
from cnn_explorer.io.view_description import described_view, read_view

MOST_LETTERS = 4000
"""Letters that a share string may have."""

VERSION = 1
_NAME = "cnnx"
_FORM = re.compile(rf"{_NAME}(\d{{1,6}}):([\w-]*)", re.ASCII)

_MOST_JSON = 1 << 16
_SUM, _LENGTH = 4, 2  # bytes of the checksum, and of the description's length

_WAY_OUT = "save the session as a file and send that."

# What nearly every description contains, so that it costs next to nothing: part of the format.
_COMMON = (
    b'{"type": "BatchNorm2d", "activation_parameters": [], "eps": 1e-05, "ceil_mode": false, '
    b'"count_include_pad": true, "type": "GlobalAvgPool2d", "type": "Softmax", "type": '
    b'"AvgPool2d", "colour_map": "signed", "contrast": 2, "colour_scale": "network", "layout": '
    b'"pytorch", "tab": "kernel", "zoom": "map", "order": "index", "enlarged": true, "head": '
    b'true, "digit": 7, "faces": ["maps", "contributions", "kernels"], "folds": [0, 0], "sums": '
    b'[false, true], "padding": "valid", "padding": "same_lower", "padding_mode": "reflect", '
    b'"replicate", "circular", "activation": "leaky_relu", "gelu", "tanh", "sigmoid", "glorot", '
    b'"uniform", {"type": "MaxPool2d", "number": 2, "channels": 4, "kernel_size": [2, 2], '
    b'"stride": [2, 2], "padding": 0, "dilation": [1, 1], "ceil_mode": false}, {"type": '
    b'"Flatten", "number": 3, "channels": 4, "size": [7, 7]}, {"type": "Linear", "number": 4, '
    b'"in_channels": 196, "out_channels": 10, "kernel_size": [1, 1], "bias": true, "muted": 0, '
    b'"stride": [1, 1], "padding": "same", "dilation": [1, 1], "groups": 1, "activation": '
    b'"none", "initialisation": "he", "fan": [196, 10], "padding_mode": "zeros", '
    b'"activation_parameters": []}, {"type": "Conv2d", "number": 0, "in_channels": 1, '
    b'"out_channels": 3, "kernel_size": [3, 3], "bias": true, "muted": 0, "stride": [1, 1], '
    b'"padding": "same", "dilation": [1, 1], "groups": 1, "activation": "relu", '
    b'"initialisation": "bank", "fan": [1, 3], "padding_mode": "zeros", '
    b'"activation_parameters": []}, "numbers": [["drawing", -1], ["layer1.weight", 1], '
    b'["layer2.muted", -1], ["layer2.bias", 1]], "view": {"selection": {"layer": 1, "path": [1, '
    b'1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0], "pin": [11, 16], "channel": 0}}, "scheme": '
    b'"naive", "scheme": "shared", "scheme": "real", "centred": false, "seed": 0, "trained": '
    b'"8-16", "trained": "5x5", "trained": "3-4", "layers": [0, 1, 2, 3, 4]'
)


class ShareError(ValueError):
    """A document cannot be shared so, or a text is no document; the message is one sentence."""


def is_share(text: str) -> bool:
    """Whether a text says that it is a share string, whole or not."""
    return re.match(rf"\s*{_NAME}\d{{1,6}}:", text) is not None


def share(session: Session) -> str:
    """Write a document and what is on screen of it as one line of text; scenes are left out.

    Raises
    ------
    ShareError
        If it is too large, or its network has weights from elsewhere.
    """
    text = packed(*content_of(session))
    if len(text) > MOST_LETTERS:
        raise ShareError(
            f"This document would take {len(text):,} letters, and a share string has at most "
            f"{MOST_LETTERS:,}: {_WAY_OUT}"
        )
    return text


def content_of(session: Session) -> tuple[bytes, bytes]:
    """What is packed: the description, and the numbers; ShareError for weights from elsewhere."""
    state, network = session.state, session.state.network
    trained = None if network.trained is None else _bundled_name(network.trained)
    items = _plain(described_layers(network))
    for item in items:
        if "muted" in item:
            item["muted"] = 0  # the numbers say which
    try:
        made = rebuilt(items, network.seed, None if trained is None else _trained(trained))
    except ValueError as error:
        raise ShareError(f"This network cannot be shared, {error}: {_WAY_OUT}") from None
    counts, parts = [], []
    for name, array, expected in _arrays(state, made):
        count, numbers = packed_array(array, expected)
        if count:
            counts.append((name, count))
            parts.append(numbers)
    known = [] if trained is None else _known_layers(trained)
    described: dict[str, Any] = {
        "numbers": counts,
        "view": _told(session.view or View()),
        "scheme": state.scheme.value,
        "centred": state.centred,
        "seed": network.seed,
        "layers": [known.index(item) if item in known else item for item in items],
    }
    if trained is not None:
        described["trained"] = trained
    return json.dumps(described).encode(), b"".join(parts)


def _arrays(
    state: State, made: Network
) -> Iterator[tuple[str, npt.NDArray[Any], npt.NDArray[Any] | None]]:
    """All arrays of a document by name, with those that are expected."""
    yield "drawing", state.drawing, None
    for index, (layer, like) in enumerate(zip(state.network.layers, made.layers, strict=True)):
        expected = weights_of(like)
        for name, array in weights_of(layer).items():
            yield f"layer{index + 1}.{name}", array, expected.get(name)


def packed(described: bytes, numbers: bytes) -> str:
    """Pack a description and numbers, with their checksum."""
    head = _compressed(described, _COMMON)
    content = len(head).to_bytes(_LENGTH, "big") + head + _compressed(numbers)
    letters = base64.urlsafe_b64encode(_checksum(content) + content).decode().rstrip("=")
    return f"{_NAME}{VERSION}:{letters}"


def opened(text: str) -> Session:
    """Make the document of a share string; spaces and line breaks in it do not matter.

    Raises
    ------
    ShareError
        If the text is none, incomplete, changed, or from a later version.
    """
    letters = "".join(text[: 4 * MOST_LETTERS].split()).strip("`'\"“”<>")
    form = _FORM.fullmatch(letters)
    if form is None or len(letters) > MOST_LETTERS or len(text) > 4 * MOST_LETTERS:
        raise ShareError(
            f"This text is no share string of CNN Explorer: one begins with {_NAME}{VERSION}: and "
            f"goes on with at most {MOST_LETTERS:,} letters, digits, - and _."
        )
    version, body = int(form[1]), form[2]
    if version != VERSION:
        raise ShareError(
            f"This share string is of format {version}; this CNN Explorer reads format {VERSION}."
        )
    try:
        content = base64.urlsafe_b64decode(body + "=" * (-len(body) % 4))
    except (binascii.Error, ValueError):
        content = b""
    if len(content) < _SUM + _LENGTH or content[:_SUM] != _checksum(content[_SUM:]):
        raise ShareError(
            "The share string is incomplete or was changed on its way: copy it once more, as a "
            "whole."
        )
    try:
        return _session(content[_SUM:])
    except Exception as error:  # whoever can compute a checksum can write anything
        raise ShareError(f"The share string describes no document: {reason(error)}.") from None


def _session(content: bytes) -> Session:
    length = int.from_bytes(content[:_LENGTH], "big")
    head, numbers = content[_LENGTH:][:length], content[_LENGTH:][length:]
    described = json.loads(_unpacked(head, _MOST_JSON, _COMMON))
    name = described.get("trained")
    if name is not None and name not in BUNDLED:
        raise ValueError("its network does not come with this program")
    known = [] if name is None else _known_layers(name)
    items = [
        known[item] if type(item) is int and item >= 0 else item for item in described["layers"]
    ]
    made = rebuilt(items, described["seed"], None if name is None else _trained(name))
    there = {"drawing": np.zeros(INPUT_SIZE, np.float32)}
    stored = PackedNumbers(_unpacked(numbers, _most_bytes(made)))
    for index, layer in enumerate(made.layers):
        for what, array in weights_of(layer).items():
            there[f"layer{index + 1}.{what}"] = array
    arrays = stored.arrays(described["numbers"], there, _mute_shapes(made))
    drawing = arrays.pop("drawing")

    def given(_: str, kind: str) -> npt.NDArray[Any]:
        return drawing

    network = with_arrays(made, arrays)
    state = read_state(described, network, given)
    told = described["view"]
    default = _plain(described_view(View()))
    selection = {**default["selection"], **told.get("selection", {})}
    return Session(state, read_view({**default, **told, "selection": selection}))


def _told(view: View) -> dict[str, Any]:
    """What a view has that a new one has not."""
    default, told = described_view(View()), described_view(view)
    return {name: value for name, value in told.items() if value != default[name]}


def _plain(described: Any) -> Any:
    """A description as it is after it was written and read: its tuples are lists."""
    return json.loads(json.dumps(described))


def _known_layers(name: str) -> list[dict[str, Any]]:
    layers: list[dict[str, Any]] = _plain(described_layers(bundled_network(name)))
    return layers


def _trained(name: str) -> Trained:
    trained = bundled_network(name).trained
    assert trained is not None
    return trained


def _bundled_name(trained: Trained) -> str:
    """The name of the bundled network that a network was trained to be."""
    if trained.name in BUNDLED:
        known = _trained(trained.name)
        limits = (known.temperature, known.threshold) == (trained.temperature, trained.threshold)
        if limits and same_layers(known.layers, trained.layers):
            return trained.name
    raise ShareError(
        f"The network “{trained.name}” does not come with the program, and its weights are too "
        f"many for a line of text: {_WAY_OUT}"
    )


def _mute_shapes(network: Network) -> dict[str, tuple[int, ...]]:
    shapes = {}
    for index, layer in enumerate(network.layers):
        weight = getattr(layer, "weight", None)
        if weight is not None and weight.ndim == 4:
            shapes[f"layer{index + 1}.muted"] = weight.shape[:2]
    return shapes


def _most_bytes(network: Network) -> int:
    """Bytes that the numbers of a document may take when all are given."""
    arrays = [array for layer in network.layers for array in weights_of(layer).values()]
    return 8 * (784 + sum(array.size for array in arrays))


def _compressed(content: bytes, common: bytes = b"") -> bytes:
    packer = zlib.compressobj(9, zlib.DEFLATED, -15, 9, zdict=common)
    return packer.compress(content) + packer.flush()


def _unpacked(content: bytes, most: int, common: bytes = b"") -> bytes:
    unpacker = zlib.decompressobj(-15, zdict=common)
    result = unpacker.decompress(content, most)
    if not unpacker.eof or unpacker.unused_data:
        raise ValueError("it holds more than a document can, or less than it says")
    return result


def _checksum(content: bytes) -> bytes:
    return zlib.crc32(content).to_bytes(_SUM, "big")
