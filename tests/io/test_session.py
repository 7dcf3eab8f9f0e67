"""Documents as files: exactly what was saved, or one sentence.

Broken files are of version 2, whose arrays have names of their own; what reads them is the same.
"""

import io
import json
import os
import random
import tracemalloc
import warnings
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from cnn_explorer.core import mutes
from cnn_explorer.core.activations import ACTIVATIONS, Array
from cnn_explorer.core.building import KINDS, add_layer, new_network
from cnn_explorer.core.forward import Request, forward
from cnn_explorer.core.geometry import PADDING_MODES
from cnn_explorer.core.kernel_layers import Conv2d, Linear
from cnn_explorer.core.kernels import INITIALISATIONS
from cnn_explorer.core.layer import Layer
from cnn_explorer.core.layers import (
    AvgPool2d,
    BatchNorm2d,
    Flatten,
    GlobalAvgPool2d,
    Kind,
    MaxPool2d,
    Softmax,
)
from cnn_explorer.core.network import Network
from cnn_explorer.core.schemes import ChannelScheme
from cnn_explorer.core.state import State
from cnn_explorer.io import files
from cnn_explorer.io.description import described_layers
from cnn_explorer.io.digits import digit
from cnn_explorer.io.session import Session, SessionError, load, save

from .version2 import save_version_2

each_example_writes_anew = settings(
    max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
finite = st.floats(-1e6, 1e6, width=32)


@pytest.fixture(autouse=True)
def quick_writes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Spare the disk: that writes reach it is tested with the files."""
    monkeypatch.setattr(files.os, "fsync", lambda descriptor: None)


@st.composite
def layers(draw: st.DrawFn, number: int, channels: int) -> Conv2d:
    out = draw(st.integers(1, 3))
    shape = (out, channels, draw(st.integers(1, 4)), draw(st.integers(1, 4)))
    weight = draw(arrays.arrays(np.float32, shape, elements=finite, fill=finite))
    if draw(st.booleans()):
        weight = np.asfortranarray(weight)
    bias = draw(st.none() | arrays.arrays(np.float32, out, elements=finite))
    muted = draw(st.none() | arrays.arrays(bool, (out, channels)))
    return Conv2d(
        number,
        weight,
        bias,
        stride=(draw(st.integers(1, 4)), draw(st.integers(1, 4))),
        padding=draw(st.sampled_from(["same", 3, 10])),
        dilation=(draw(st.integers(1, 2)), 1),
        activation=draw(st.sampled_from(sorted(ACTIVATIONS))),
        initialisation=draw(st.sampled_from(sorted(INITIALISATIONS))),
        fan=(draw(st.integers(1, 256)), draw(st.integers(1, 256))),
        muted=muted,
    )


@st.composite
def states(draw: st.DrawFn) -> State:
    numbers = draw(st.lists(st.integers(0, 2**32 - 1), min_size=1, max_size=4, unique=True))
    stack: list[Conv2d] = []
    for number in numbers:
        stack.append(draw(layers(number, stack[-1].out_channels if stack else 1)))
    values = st.floats(0, 1, width=32)
    drawing = draw(arrays.arrays(np.float32, (28, 28), elements=values, fill=values))
    network = Network(tuple(stack), draw(st.integers(0, 2**32 - 1)))
    return State(drawing, network, draw(st.sampled_from(ChannelScheme)), draw(st.booleans()))


def hand_made() -> State:
    """A seven and the network of 3 and 4 filters with kernels made by hand."""
    return State(digit(7), new_network())


def assert_same(one: State, other: State) -> None:
    assert one.scheme is other.scheme
    assert one.centred is other.centred
    assert one.network.seed == other.network.seed
    assert one.drawing.tobytes() == other.drawing.tobytes()
    assert len(one.network.layers) == len(other.network.layers)
    for here, there in zip(one.network.layers, other.network.layers, strict=True):
        assert type(here) is type(there)
        for name in here.__dataclass_fields__:
            mine, theirs = getattr(here, name), getattr(there, name)
            if isinstance(mine, np.ndarray):
                assert isinstance(theirs, np.ndarray)
                assert theirs.dtype == mine.dtype == (bool if name == "muted" else np.float32)
                assert mine.shape == theirs.shape
                assert mine.tobytes() == theirs.tobytes()
                assert not theirs.flags.writeable
            else:
                assert mine == theirs
                assert type(mine) is type(theirs)


@each_example_writes_anew
@given(states())
def test_what_was_saved_comes_back_exactly(tmp_path: Path, state: State) -> None:
    path = tmp_path / "a.cnnx"
    save(path, Session(state))
    assert_same(load(path).state, state)


def test_the_document_that_the_program_opens_on_comes_back(tmp_path: Path) -> None:
    path = tmp_path / "a.cnnx"
    save(path, Session(hand_made()))
    assert_same(load(path).state, hand_made())


def test_the_file_tells_its_type_first_and_is_a_plain_zip(tmp_path: Path) -> None:
    path = tmp_path / "a.cnnx"
    save(path, Session(hand_made()))
    assert path.read_bytes()[30:64] == b"mimetypeapplication/x-cnn-explorer"
    with zipfile.ZipFile(path) as archive:
        assert archive.testzip() is None
        places = json.loads(archive.read("document.json"))["networks"][0]["arrays"]
        file = archive.read(f"arrays/{places['layer2.weight']}.npy")
        weight = np.load(io.BytesIO(file), allow_pickle=False)
    assert (weight == hand_made().network.layers[1].weight).all()


def test_only_layers_that_have_mutes_keep_them_in_the_file(tmp_path: Path) -> None:
    state = hand_made()
    muted = np.zeros((4, 3), bool)
    muted[1, 2] = muted[3, 0] = True
    with_mutes = replace(state, network=mutes.with_muted(state.network, 1, muted))
    path = tmp_path / "a.cnnx"
    save(path, Session(with_mutes))
    with zipfile.ZipFile(path) as archive:
        described = json.loads(archive.read("document.json"))
        places = described["networks"][0]["arrays"]
        file = archive.read(f"arrays/{places['layer2.muted']}.npy")
        stored = np.load(io.BytesIO(file), allow_pickle=False)
    assert [name for name in places if "muted" in name] == ["layer2.muted"]
    np.testing.assert_array_equal(stored, muted)
    # What comes back can be muted further.
    further = mutes.toggle_mute(load(path).state.network, 1, 0, 0)
    assert further.layers[1].muted_count == 3


def test_a_file_from_before_there_were_mutes_has_none(tmp_path: Path, saved: bytes) -> None:
    members = members_of(saved)
    document = json.loads(members["document.json"])
    for layer in document["layers"]:
        del layer["muted"]
    path = tmp_path / "old.cnnx"
    write_members(path, members | {"document.json": json.dumps(document).encode()})
    assert_same(load(path).state, hand_made())


# Layers of every kind.


@st.composite
def headed(draw: st.DrawFn) -> State:
    """A layer of every kind, each with settings that are not the usual ones."""

    def whole(least: int, most: int) -> int:
        return draw(st.integers(least, most))

    def some(length: int, least: float = -1e6) -> Array:
        values = st.floats(least, 1e6, width=32)
        return draw(arrays.arrays(np.float32, length, elements=values, fill=values))

    def pooled(kind: Callable[..., Layer], number: int, **options: Any) -> Layer:
        return kind(
            number, 3, (whole(1, 3), whole(1, 3)), (whole(1, 2), whole(1, 3)),
            padding=draw(st.sampled_from(["same", "same_lower", "valid", 0])),
            dilation=(whole(1, 2), 1), ceil_mode=draw(st.booleans()), **options,
        )  # fmt: skip

    def activated() -> dict[str, Any]:
        key = draw(st.sampled_from(sorted(ACTIVATIONS)))
        values = [
            draw(st.floats(max(-1e6, one.low), min(1e6, one.high)))
            for one in ACTIVATIONS[key].parameters
        ]
        given = tuple(map(float, values)) if draw(st.booleans()) else ()
        try:
            ACTIVATIONS[key].check(given)
        except ValueError:
            given = ()
        return {"activation": key, "activation_parameters": given}

    conv = Conv2d(
        40, draw(arrays.arrays(np.float32, (3, 1, 2, 3), elements=finite, fill=finite)), None,
        padding=draw(st.sampled_from(["same", "same_lower", "valid", 2])),
        padding_mode=draw(st.sampled_from(PADDING_MODES)), **activated(),
    )  # fmt: skip
    norm = BatchNorm2d(
        2, 3, some(3), some(3, 0), some(3), some(3),
        eps=draw(st.floats(1e-12, 1)), **activated(),
    )  # fmt: skip
    network = Network(
        (
            conv,
            pooled(MaxPool2d, 7),
            norm,
            pooled(AvgPool2d, 5, count_include_pad=draw(st.booleans())),
        )
    )
    last: Layer = GlobalAvgPool2d(9, 3)
    if draw(st.booleans()):
        last = Flatten(9, 3, network.sizes[-1])
    features, outputs = last.out_channels, whole(1, 4)
    linear = Linear(
        100, np.full((outputs, features, 1, 1), draw(finite), np.float32), some(outputs),
        fan=(features, outputs), muted=np.arange(outputs * features).reshape(outputs, -1) % 3 == 1,
        **activated(),
    )  # fmt: skip
    every = (*network.layers, last, linear, Softmax(11, outputs))
    drawing = np.full((28, 28), 0.25, np.float32)
    return State(drawing, Network(every, whole(0, 99)), draw(st.sampled_from(ChannelScheme)))


@each_example_writes_anew
@given(headed())
def test_layers_of_every_kind_come_back_exactly(tmp_path: Path, state: State) -> None:
    path = tmp_path / "a.cnnx"
    save(path, Session(state))
    assert_same(load(path).state, state)


@pytest.mark.parametrize("kind", [*KINDS])
def test_what_can_be_built_can_be_kept(tmp_path: Path, kind: Kind) -> None:
    before: tuple[Kind, ...] = ("GlobalAvgPool2d",) if kind == "Linear" else ()
    state = hand_made()
    for each in (*before, kind):
        state = replace(state, network=add_layer(state, each))
    save(tmp_path / "a.cnnx", Session(state))
    assert_same(load(tmp_path / "a.cnnx").state, state)


def test_as_many_mutes_as_a_dense_layer_can_have_come_back(tmp_path: Path) -> None:
    flat = Flatten(1, 2, (28, 28))
    dense = Linear(2, np.ones((256, 1568, 1, 1), np.float32), None)
    network = Network((new_network((2,)).layers[0], flat, dense))
    state = replace(hand_made(), network=mutes.only_diagonal(network, 2))
    assert state.network.layers[2].muted_count == 256 * 1567
    save(tmp_path / "a.cnnx", Session(state))
    assert_same(load(tmp_path / "a.cnnx").state, state)


def test_a_file_from_before_there_was_centring_is_not_centred(tmp_path: Path, saved: bytes) -> None:
    members = members_of(saved)
    document = json.loads(members["document.json"])
    del document["centred"]
    path = tmp_path / "old.cnnx"
    write_members(path, members | {"document.json": json.dumps(document).encode()})
    assert_same(load(path).state, hand_made())


def test_a_file_of_version_1_opens(tmp_path: Path, saved: bytes) -> None:
    members = members_of(saved)
    document = json.loads(members["document.json"])
    document["version"] = 1
    for layer in document["layers"]:
        for name in ("type", "padding_mode", "activation_parameters"):
            del layer[name]
    path = tmp_path / "old.cnnx"
    write_members(path, members | {"document.json": json.dumps(document).encode()})
    assert_same(load(path).state, hand_made())


# Saving is all or nothing.


def test_a_failed_save_keeps_the_old_file_and_leaves_nothing_beside_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a.cnnx"
    save(path, Session(hand_made()))
    before = path.read_bytes()

    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(np.lib.format, "write_array", full)
    with pytest.raises(files.FileError, match="no space"):
        save(path, Session(replace(hand_made(), scheme=ChannelScheme.NAIVE)))

    assert path.read_bytes() == before
    assert os.listdir(tmp_path) == ["a.cnnx"]


def test_a_missing_folder_gets_its_sentence(tmp_path: Path) -> None:
    with pytest.raises(files.FileError, match=r"^There is no folder .*\.$"):
        save(tmp_path / "none" / "a.cnnx", Session(hand_made()))


# Files that are none.


def refused(path: Path) -> str:
    """Load a file that must be refused; return the sentence, which must be one."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(SessionError) as caught:
            load(path)
    sentence = str(caught.value)
    assert sentence.startswith(path.name)
    assert sentence.endswith(".")
    assert "\n" not in sentence
    assert len(sentence) < 400
    return sentence


def test_a_missing_file_gets_its_sentence(tmp_path: Path) -> None:
    sentence = refused(tmp_path / "none.cnnx")
    assert sentence == "none.cnnx could not be opened: No such file or directory."


def test_a_folder_gets_its_sentence(tmp_path: Path) -> None:
    assert "could not be opened" in refused(tmp_path) or "not a session" in refused(tmp_path)


@pytest.fixture
def saved(tmp_path: Path) -> bytes:
    path = tmp_path / "saved.cnnx"
    save_version_2(path, hand_made())
    return path.read_bytes()


def test_a_file_cut_anywhere_is_refused(tmp_path: Path, saved: bytes) -> None:
    path = tmp_path / "cut.cnnx"
    for length in sorted(
        {0, 1, 30, len(saved) - 1, *random.Random(1).sample(range(len(saved)), 60)}
    ):
        path.write_bytes(saved[:length])
        refused(path)


def test_a_flipped_bit_is_refused_or_changes_nothing(tmp_path: Path, saved: bytes) -> None:
    """Checksums cover what is stored; the rest are times and the like."""
    path = tmp_path / "flipped.cnnx"
    numbers = random.Random(2)
    for _ in range(300):
        content = bytearray(saved)
        content[numbers.randrange(len(saved))] ^= 1 << numbers.randrange(8)
        path.write_bytes(content)
        try:
            state = load(path).state
        except SessionError:
            refused(path)
        else:
            assert_same(state, hand_made())


@each_example_writes_anew
@given(st.binary(max_size=300))
def test_no_bytes_are_a_document(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "bytes.cnnx"
    path.write_bytes(content)
    refused(path)


# Files that a zip can hold and a document cannot.

Members = dict[str, bytes]


def members_of(content: bytes) -> Members:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def write_members(path: Path, members: Members, packing: int = zipfile.ZIP_STORED) -> None:
    with zipfile.ZipFile(path, "w", packing) as archive:
        for name, data in members.items():
            archive.writestr(name, data)


def npy(array: Array | Any) -> bytes:
    file = io.BytesIO()
    np.lib.format.write_array(file, np.asarray(array), allow_pickle=True)
    return file.getvalue()


def header(text: str, data: bytes = b"", version: bytes = b"\x01\x00") -> bytes:
    return b"\x93NUMPY" + version + len(text).to_bytes(2, "little") + text.encode() + data


def described(shape: str, kind: str = "<f4", fortran: bool = False) -> str:
    return f"{{'descr': '{kind}', 'fortran_order': {fortran}, 'shape': {shape}, }}\n"


NAN = np.full((28, 28), np.nan, np.float32)
ZEROS = np.zeros((28, 28), np.float32)
BAD_DRAWINGS: dict[str, bytes] = {
    "another shape": npy(ZEROS[:27]),
    "above one": npy(ZEROS + 1.5),
    "below zero": npy(ZEROS - 0.5),
    "not a number": npy(NAN),
    "infinite": npy(ZEROS + np.float32(np.inf)),
    "float64": npy(ZEROS.astype(np.float64)),
    "big-endian": npy(ZEROS.astype(">f4")),
    "objects": npy(np.array([None])),
    "empty": b"",
    "no header": bytes(784 * 4),
    "a header that lies": header(described("(1000000, 1000000)"), bytes(16)),
    "a negative shape": header(described("(-28, -28)"), bytes(784 * 4)),
    "an overflowing shape": header(described("(4294967296, 4294967296, 28)"), bytes(16)),
    "column order": header(described("(28, 28)", fortran=True), bytes(784 * 4)),
    "more than it announces": npy(ZEROS) + b"more",
    "another version": header(described("(28, 28)"), bytes(784 * 4), b"\x02\x00"),
    "code": header("__import__('os').abort()\n"),
    "nested": header("(" * 5000),
    "minus signs": header("{'descr': " + "-" * 9000 + "1}"),
}


@pytest.mark.parametrize("content", BAD_DRAWINGS.values(), ids=BAD_DRAWINGS.keys())
def test_an_array_that_cannot_be_is_refused(tmp_path: Path, saved: bytes, content: bytes) -> None:
    path = tmp_path / "array.cnnx"
    write_members(path, members_of(saved) | {"drawing.npy": content})
    assert "is damaged or not a session" in refused(path)


def test_every_member_is_needed(tmp_path: Path, saved: bytes) -> None:
    path = tmp_path / "missing.cnnx"
    members = members_of(saved)
    assert len(members) == 7
    for name in members:
        write_members(path, {key: data for key, data in members.items() if key != name})
        refused(path)


def test_another_type_is_refused_by_name(tmp_path: Path, saved: bytes) -> None:
    path = tmp_path / "type.cnnx"
    write_members(path, members_of(saved) | {"mimetype": b"application/epub+zip"})
    refused(path)
    write_members(path, members_of(saved) | {"mimetype": b"application/x-cnn-explores"})
    assert refused(path) == "type.cnnx is not a session of CNN Explorer."


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, 3e38, -1.1e6])
def test_weights_that_no_layer_has_are_refused(tmp_path: Path, saved: bytes, value: float) -> None:
    path = tmp_path / "value.cnnx"
    weight = np.zeros((3, 1, 3, 3), np.float32)
    weight[2, 0, 1, 1] = value
    write_members(path, members_of(saved) | {"layer1.weight.npy": npy(weight)})
    reason = "layer1.weight holds values that are not from -1000000 to 1000000."
    assert refused(path).endswith(reason)


@pytest.mark.parametrize(
    ("shape", "reason"),
    [
        ((3, 2, 3, 3), "takes 2 maps, but gets 1"),
        ((4, 1, 3, 3), "bias"),
        ((3, 1, 3), "shape"),
        ((3, 1, 0, 3), "shape"),
        ((3, 1, 12, 12), "kernel size is 12"),
        ((3, 1, 1, 12), "kernel size is 12"),
        ((257, 1, 1, 1), "bias"),
    ],
)
def test_a_weight_that_does_not_fit_is_refused(
    tmp_path: Path, saved: bytes, shape: tuple[int, ...], reason: str
) -> None:
    path = tmp_path / "weight.cnnx"
    weight = npy(np.zeros(shape, np.float32))
    write_members(path, members_of(saved) | {"layer1.weight.npy": weight})
    assert reason in refused(path)


BAD_MUTES: dict[str, tuple[bytes, str]] = {
    "another shape": (npy(np.eye(3, dtype=bool)), "mutes have shape (3, 3)"),
    "flat": (npy(np.ones(3, bool)), "mutes have shape (3,)"),
    "another number": (npy(np.eye(4, 3, 1, dtype=bool)), "does not mute the 3"),
    "none at all": (npy(np.zeros((0, 3), bool)), "does not mute the 3"),
    "floats": (npy(np.eye(4, 3, dtype=np.float32)), "is of type float32, not bool"),
    "bytes": (npy(np.eye(4, 3, dtype=np.uint8)), "is of type uint8, not bool"),
    "neither true nor false": (
        header(described("(4, 3)", "|b1"), bytes([3] + [0] * 11)),
        "does not mute the 3",
    ),
    "more than it announces": (npy(np.eye(4, 3, dtype=bool)) + b"\0", "but holds more"),
    "a header that lies": (
        header(described("(10000000, 3)", "|b1"), b"\1\1\1"),
        "are the most",
    ),
}


@pytest.mark.parametrize(("content", "reason"), BAD_MUTES.values(), ids=BAD_MUTES.keys())
def test_mutes_that_do_not_fit_are_refused(
    tmp_path: Path, saved: bytes, content: bytes, reason: str
) -> None:
    path = tmp_path / "mutes.cnnx"
    members = members_of(saved)
    document = json.loads(members["document.json"])
    document["layers"][1]["muted"] = 3
    members["document.json"] = json.dumps(document).encode()
    good = npy(np.eye(4, 3, dtype=bool))
    write_members(path, members | {"layer2.muted.npy": good})
    assert load(path).state.network.layers[1].muted_count == 3
    write_members(path, members | {"layer2.muted.npy": content})
    assert reason in refused(path)


def test_more_filters_than_a_layer_has_are_refused(tmp_path: Path, saved: bytes) -> None:
    path = tmp_path / "filters.cnnx"
    changed = {
        "layer2.weight.npy": npy(np.zeros((257, 3, 1, 1), np.float32)),
        "layer2.bias.npy": npy(np.zeros(257, np.float32)),
    }
    write_members(path, members_of(saved) | changed)
    assert "filters is 257; it must be 1 to 256" in refused(path)


def measured(path: Path) -> int:
    """Load a file that must be refused; return the most memory that it took."""
    tracemalloc.start()
    try:
        refused(path)
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize(
    "packing", [zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA], ids=str
)
@pytest.mark.parametrize("name", ["mimetype", "document.json", "drawing.npy", "layer1.weight.npy"])
def test_a_member_that_unpacks_to_much_takes_no_memory(
    tmp_path: Path, saved: bytes, name: str, packing: int
) -> None:
    path = tmp_path / "bomb.cnnx"
    write_members(path, members_of(saved))
    bomb = bytes(8_000_000)
    members = members_of(saved)
    with zipfile.ZipFile(path, "w") as archive:
        for key, data in members.items():
            if key == name:
                archive.writestr(key, bomb, compress_type=packing, compresslevel=1)
            else:
                archive.writestr(key, data)
    del bomb
    assert path.stat().st_size < 1_000_000
    assert measured(path) < 3_000_000


def test_a_file_larger_than_any_document_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "large.cnnx"
    with path.open("wb") as file:
        file.truncate(1 << 40)  # sparse: it takes no disk
    assert "larger than any session" in refused(path)
    assert measured(path) < 1_000_000


# document.json by a hostile hand.

Change = Callable[[dict[str, Any]], object]


def setting(key: str, value: Any) -> Change:
    return lambda document: document.__setitem__(key, value)


def in_layer(key: str, value: Any) -> Change:
    return lambda document: document["layers"][0].__setitem__(key, value)


def without(*keys: Any) -> Change:
    def remove(document: dict[str, Any]) -> None:
        inner: Any = document
        for key in keys[:-1]:
            inner = inner[key]
        del inner[keys[-1]]

    return remove


HOSTILE: dict[str, Change] = {
    "no version": without("version"),
    "a later version": setting("version", 3),
    "a version of many words": setting("version", "x" * 500_000),
    "no scheme": without("scheme"),
    "an unknown scheme": setting("scheme", "depthwise"),
    "a list as scheme": setting("scheme", ["real"]),
    "a number in place of whether it is centred": setting("centred", 1),
    "no seed": without("seed"),
    "a negative seed": setting("seed", -1),
    "a large seed": setting("seed", 2**32),
    "a fraction as seed": setting("seed", 0.5),
    "a word as seed": setting("seed", "0"),
    "truth as seed": setting("seed", True),
    "no seed at all": setting("seed", None),
    "no layers": setting("layers", []),
    "layers missing": without("layers"),
    "a number as layers": setting("layers", 3),
    "a dict as layers": setting("layers", {"0": {}}),
    "a word as layers": setting("layers", "ab"),
    "a layer without a file": lambda d: d["layers"].append(dict(d["layers"][0], number=7)),
    "many layers": lambda d: d["layers"].extend(d["layers"] * 100),
    "a number as layer": lambda d: d["layers"].__setitem__(0, 3),
    "a list as layer": lambda d: d["layers"].__setitem__(0, []),
    "nothing as layer": lambda d: d["layers"].__setitem__(0, None),
    "the same number twice": in_layer("number", 1),
    "a negative number": in_layer("number", -1),
    "a fraction as number": in_layer("number", 1.5),
    "a large number": in_layer("number", 2**64),
    "stride 0": in_layer("stride", [0, 1]),
    "a large stride": in_layer("stride", [1, 10**9]),
    "a negative stride": in_layer("stride", [1, -1]),
    "one stride": in_layer("stride", [1]),
    "three strides": in_layer("stride", [1, 1, 1]),
    "a number as stride": in_layer("stride", 1),
    "words as stride": in_layer("stride", "11"),
    "a list in stride": in_layer("stride", [[1], 1]),
    "a large padding": in_layer("padding", 10**9),
    "a padding above the limit": in_layer("padding", 11),
    "a negative padding": in_layer("padding", -1),
    "a padding for each side": in_layer("padding", [[1, 2], [3, 4]]),
    "an unknown padding": in_layer("padding", "full"),
    "truth as padding": in_layer("padding", True),
    "nothing as padding": in_layer("padding", None),
    "a large dilation": in_layer("dilation", [10**9, 10**9]),
    "dilation 0": in_layer("dilation", [0, 0]),
    "groups 0": in_layer("groups", 0),
    "groups that do not divide": in_layer("groups", 2),
    "negative groups": in_layer("groups", -1),
    "many groups": in_layer("groups", 10**9),
    "an unknown activation": in_layer("activation", "step"),
    "a list as activation": in_layer("activation", ["relu"]),
    "an activation of many words": in_layer("activation", "x" * 500_000),
    "no bias after all": without("layers", 0, "bias"),
    "unknown weights": in_layer("initialisation", "bell"),
    "a list as weights": in_layer("initialisation", ["bank"]),
    "a dict as weights": in_layer("initialisation", {}),
    "weights of many lines": in_layer("initialisation", "a\n" * 1000),
    "mutes without a file": in_layer("muted", 1),
    "negative mutes": in_layer("muted", -1),
    "many mutes": in_layer("muted", 10**30),
    "truth as mutes": in_layer("muted", True),
    "a list as mutes": in_layer("muted", [[0, 0]]),
    "nothing as mutes": in_layer("muted", None),
    "no fan": without("layers", 0, "fan"),
    "fan 0": in_layer("fan", [0, 0]),
    "a large fan": in_layer("fan", [1, 10**30]),
}


@pytest.mark.parametrize("change", HOSTILE.values(), ids=HOSTILE.keys())
def test_a_document_beyond_the_limits_is_refused(
    tmp_path: Path, saved: bytes, change: Change
) -> None:
    path = tmp_path / "hostile.cnnx"
    members = members_of(saved)
    document = json.loads(members["document.json"])
    change(document)
    write_members(path, members | {"document.json": json.dumps(document).encode()})
    assert measured(path) < 5_000_000


def every_kind() -> State:
    def some(*values: float) -> Array:
        return np.array(values, np.float32)

    convolution = new_network((2,)).layers[0]
    layers = (
        replace(convolution, activation="leaky_relu", activation_parameters=(0.2,)),
        MaxPool2d(1, 2),
        BatchNorm2d(2, 2, some(0, 1), some(1, 4), some(1, 1), some(0, 0), activation="elu"),
        AvgPool2d(3, 2),
        Flatten(4, 2, (7, 7)),
        Linear(5, np.ones((3, 98, 1, 1), np.float32), some(0, 1, 2)),
        Softmax(6, 3),
        GlobalAvgPool2d(7, 3),
    )
    return replace(hand_made(), network=Network(layers))


@pytest.fixture
def headed_members(tmp_path: Path) -> Members:
    path = tmp_path / "saved.cnnx"
    save_version_2(path, every_kind())
    return members_of(path.read_bytes())


def at(index: int, key: str, value: Any) -> Change:
    return lambda document: document["layers"][index].__setitem__(key, value)


def weights(**values: Array) -> dict[str, bytes]:
    return {f"{name.replace('_', '.')}.npy": npy(array) for name, array in values.items()}


NONE: dict[str, bytes] = {}
HOSTILE_KINDS: dict[str, tuple[Change, dict[str, bytes], str]] = {
    "an unknown type": (at(1, "type", "LSTM"), NONE, "layer2 is of an unknown type, 'LSTM'"),
    "a list as type": (at(1, "type", ["Conv2d"]), NONE, ""),
    "the type of another layer": (at(1, "type", "Softmax"), NONE, ""),
    "pooling as normalisation": (at(1, "type", "BatchNorm2d"), NONE, ""),
    "a convolution as a dense layer": (at(0, "type", "Linear"), NONE, "A dense layer"),
    "a dense layer as a convolution of many maps": (
        at(5, "type", "Conv2d"), weights(layer6_weight=np.ones((3, 257, 1, 1), np.float32)),
        "layer6's input maps is 257; it must be 1 to 256",
    ),
    "a wide convolution": (
        at(0, "number", 0), weights(layer1_weight=np.ones((2, 4096, 3, 3), np.float32)),
        "layer1's input maps is 4096; it must be 1 to 256",
    ),
    "maps that lie": (at(1, "channels", 3), NONE, "MaxPool 1 takes 3 maps, but gets 2"),
    "no maps": (at(1, "channels", 0), NONE, "layer2's maps is 0"),
    "many maps": (at(6, "channels", 10**12), NONE, "layer7's maps is 1000000000000"),
    "a fraction of maps": (at(7, "channels", 2.0), NONE, "layer8's maps is 2.0"),
    "a size that lies": (at(4, "size", [7, 8]), NONE, "it was made for maps of 7×8, not 7×7"),
    "a size turned round": (at(4, "size", [49, 1]), NONE, "it was made for maps of 49×1, not 7×7"),
    "a large size": (at(4, "size", [256, 256]), NONE, "Flatten makes 131,072 values"),
    "a larger size": (at(4, "size", [1, 10**9]), NONE, "layer5's size is 1000000000"),
    "a side alone": (at(4, "size", 7), NONE, ""),
    "eps 0": (at(2, "eps", 0.0), NONE, "layer3's eps is 0.0; it must be more than 0"),
    "eps that float32 does not have": (at(2, "eps", 1e-60), NONE, "eps"),
    "eps that is no number": (at(2, "eps", float("nan")), NONE, "layer3's eps is nan"),
    "eps in words": (at(2, "eps", "1e-5"), NONE, "layer3's eps is '1e-5'"),
    "a negative eps": (at(2, "eps", -1e-5), NONE, "layer3's eps is -1e-05"),
    "a negative variance": (
        at(2, "number", 2), weights(layer3_variance=np.array([1, -1], np.float32)),
        "A variance is not negative",
    ),
    "a variance that is no number": (
        at(2, "number", 2), weights(layer3_variance=np.array([1, np.nan], np.float32)),
        "layer3.variance holds values that are not from",
    ),
    "means of another number": (
        at(2, "number", 2), weights(layer3_mean=np.zeros(3, np.float32)), "The mean has shape (3,)",
    ),
    "parameters in words": (at(0, "activation_parameters", ["a"]), NONE, "that are no numbers"),
    "a word as parameters": (at(0, "activation_parameters", "12"), NONE, "that are no numbers"),
    "truth as a parameter": (at(0, "activation_parameters", [True]), NONE, "that are no numbers"),
    "no number as parameter": (
        at(0, "activation_parameters", [float("nan")]), NONE, "that are no numbers",
    ),
    "parameters out of range": (at(0, "activation_parameters", [-7]), NONE, ""),
    "large parameters": (at(0, "activation_parameters", [10**400]), NONE, "that are no numbers"),
    "many parameters": (at(0, "activation_parameters", [0.1] * 10_000), NONE, ""),
    "a list in parameters": (at(2, "activation_parameters", [[1.0]]), NONE, "that are no numbers"),
    "an unknown activation": (at(2, "activation", "step"), NONE, "no activation “step”"),
    "an unknown padding mode": (at(0, "padding_mode", "mirror"), NONE, "no padding mode “mirror”"),
    "a list as padding mode": (at(0, "padding_mode", ["zeros"]), NONE, ""),
    "a large window": (at(1, "kernel_size", [12, 2]), NONE, "layer2's kernel size is 12"),
    "a window that does not fit": (
        at(3, "dilation", [28, 28]), NONE, "AvgPool 1: a 2×2 kernel dilated to 29×29 does not fit",
    ),
    "padding alone": (at(1, "padding", 10), NONE, "would see padding alone"),
    "a word as ceil mode": (at(1, "ceil_mode", "no"), NONE, "layer2's ceil_mode is 'no'"),
    "a number as counted padding": (
        at(3, "count_include_pad", 1), NONE, "layer4's count_include_pad is 1",
    ),
    "a dense layer with a stride": (at(5, "stride", [2, 2]), NONE, "A dense layer has one weight"),
    "a dense layer in groups": (at(5, "groups", 3), NONE, ""),
    "a dense layer with padding": (at(5, "padding", 1), NONE, "A dense layer has one weight"),
    "a dense layer on large maps": (
        lambda document: document["layers"].__delitem__(4), NONE, "",
    ),
}  # fmt: skip


@pytest.mark.parametrize(
    ("change", "changed", "reason"), HOSTILE_KINDS.values(), ids=HOSTILE_KINDS.keys()
)
def test_layers_beyond_the_limits_are_refused(
    tmp_path: Path,
    headed_members: Members,
    change: Change,
    changed: dict[str, bytes],
    reason: str,
) -> None:
    path = tmp_path / "hostile.cnnx"
    document = json.loads(headed_members["document.json"])
    change(document)
    text = json.dumps(document).encode()
    write_members(path, headed_members | {"document.json": text} | changed)
    assert reason in refused(path)
    assert measured(path) < 5_000_000


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"null",
        b"[]",
        b"3",
        b'"text"',
        b"{",
        b"\xff\xfe",
        b"[" * 100_000,
        b'{"version": 1' + b"0" * 10_000 + b"}",
        b" " * (1 << 21),
    ],
    ids=lambda text: repr(text[:12]),
)
def test_a_document_of_another_kind_is_refused(tmp_path: Path, saved: bytes, text: bytes) -> None:
    path = tmp_path / "other.cnnx"
    write_members(path, members_of(saved) | {"document.json": text})
    refused(path)


def json_paths(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    yield path
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from json_paths(inner, (*path, key))
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from json_paths(inner, (*path, index))


OPENING_PATHS = [
    path
    for path in json_paths(
        {
            "version": 1,
            "scheme": "real",
            "centred": False,
            "seed": 0,
            "layers": [
                {
                    "number": 0,
                    "stride": [1, 1],
                    "padding": "same",
                    "dilation": [1, 1],
                    "groups": 1,
                    "activation": "relu",
                    "bias": True,
                    "muted": 0,
                    "initialisation": "bank",
                    "fan": [1, 3],
                }
            ],
        }
    )
    if path
]
anything = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-5, 40)
    | st.sampled_from([10**9, 2**32, 10**30, "same", "valid", "relu", "naive", "he", "he\n"])
    | st.floats(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.just("number"), inner),
    max_leaves=4,
)


@settings(parent=each_example_writes_anew, max_examples=150)
@given(st.sampled_from(OPENING_PATHS), anything)
def test_any_value_anywhere_gives_a_sentence_or_a_document_that_can_be_computed(
    tmp_path: Path, saved: bytes, place: tuple[Any, ...], value: Any
) -> None:
    path = tmp_path / "any.cnnx"
    members = members_of(saved)
    document = json.loads(members["document.json"])
    inner = document
    for key in place[:-1]:
        inner = inner[key]
    inner[place[-1]] = value
    write_members(path, members | {"document.json": json.dumps(document).encode()})
    assert_refused_or_works(path)


def assert_refused_or_works(path: Path) -> None:
    try:
        state = load(path).state
    except SessionError:
        refused(path)
    else:
        for maps in forward(Request(state, method="matmul")).maps:
            assert maps.size <= 4 * 100 * 100
        save(path, Session(state))
        assert_same(load(path).state, state)


KIND_PATHS = [("layers", *path) for path in json_paths(described_layers(every_kind().network))][1:]


@settings(parent=each_example_writes_anew, max_examples=150)
@given(st.sampled_from(KIND_PATHS), anything)
def test_any_value_in_any_kind_gives_a_sentence_or_a_document_that_can_be_computed(
    tmp_path: Path, headed_members: Members, place: tuple[Any, ...], value: Any
) -> None:
    path = tmp_path / "any.cnnx"
    document = json.loads(headed_members["document.json"])
    inner = document
    for key in place[:-1]:
        inner = inner[key]
    inner[place[-1]] = value
    write_members(path, headed_members | {"document.json": json.dumps(document).encode()})
    assert_refused_or_works(path)
