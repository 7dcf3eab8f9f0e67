"""Networks as files: exactly what was saved, or one sentence."""

import io
import json
import os
import random
import tracemalloc
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import safetensors.numpy
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cnn_explorer.core import edit
from cnn_explorer.core.building import KINDS, add_layer, new_network
from cnn_explorer.core.drawing import blank
from cnn_explorer.core.kernel_layers import Conv2d
from cnn_explorer.core.layer import Layer
from cnn_explorer.core.layers import Kind
from cnn_explorer.core.mutes import toggle_mute
from cnn_explorer.core.network import Network, Trained
from cnn_explorer.core.state import State
from cnn_explorer.core.trained import TRAINED, is_as_trained
from cnn_explorer.io import files
from cnn_explorer.io.description import arrays_of, described_network
from cnn_explorer.io.weights import (
    ENDINGS,
    NetworkError,
    holds_network,
    load_network,
    save_network,
)

KINDS_OF_ALL: tuple[Kind, ...] = (
    "BatchNorm2d", "MaxPool2d", "AvgPool2d", "Flatten", "Linear", "Softmax",
)  # fmt: skip


@pytest.fixture(autouse=True)
def quick_writes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Spare the disk: that writes reach it is tested with the files."""
    monkeypatch.setattr(files.os, "fsync", lambda descriptor: None)


def built(*kinds: Kind, filters: tuple[int, ...] = (2, 3)) -> Network:
    network = new_network(filters)
    for kind in kinds:
        network = add_layer(State(blank(), network), kind)
    return network


def trained(network: Network) -> Network:
    """The network as if its weights were trained."""
    layers: list[Layer] = [
        replace(layer, initialisation=TRAINED) if isinstance(layer, Conv2d) else layer
        for layer in network.layers
    ]
    return Network(tuple(layers), 3, Trained("a name", tuple(layers), 1.25, 0.5))


def assert_same_layers(ones: tuple[Layer, ...], others: tuple[Layer, ...]) -> None:
    assert [type(one) for one in ones] == [type(other) for other in others]
    for one, other in zip(ones, others, strict=True):
        for name in one.__dataclass_fields__:
            mine, theirs = getattr(one, name), getattr(other, name)
            if isinstance(mine, np.ndarray):
                assert mine.dtype == theirs.dtype
                assert mine.shape == theirs.shape
                assert mine.tobytes() == theirs.tobytes()
                assert not theirs.flags.writeable
            else:
                assert mine == theirs
                assert type(mine) is type(theirs)


def assert_same(one: Network, other: Network) -> None:
    assert one.seed == other.seed
    assert_same_layers(one.layers, other.layers)
    assert (one.trained is None) == (other.trained is None)
    if one.trained is not None and other.trained is not None:
        assert_same_layers(one.trained.layers, other.trained.layers)
        assert (one.trained.name, one.trained.temperature, one.trained.threshold) == (
            other.trained.name,
            other.trained.temperature,
            other.trained.threshold,
        )


# Round trips.


@pytest.mark.parametrize("ending", ENDINGS)
def test_layers_of_every_kind_come_back_exactly(tmp_path: Path, ending: str) -> None:
    assert {"Conv2d", "GlobalAvgPool2d", *KINDS_OF_ALL} == set(KINDS)
    for network in (built(*KINDS_OF_ALL), built("GlobalAvgPool2d", "Linear"), new_network()):
        path = tmp_path / f"one{ending}"
        save_network(path, network)
        assert_same(load_network(path), network)


@pytest.mark.parametrize("ending", ENDINGS)
def test_a_trained_network_comes_back_as_trained_and_an_edited_one_as_edited(
    tmp_path: Path, ending: str
) -> None:
    path = tmp_path / f"one{ending}"
    network = trained(built("MaxPool2d", "Flatten", "Linear"))
    save_network(path, network)
    assert_same(load_network(path), network)
    assert is_as_trained(load_network(path))

    edited = toggle_mute(
        edit.with_filters(edit.with_initialisation(network, 0, "he"), 1, 5), 1, 0, 0
    )
    save_network(path, edited)
    again = load_network(path)
    assert_same(again, edited)
    assert not is_as_trained(again)
    back = edit.with_initialisation(again, 0, TRAINED)
    np.testing.assert_array_equal(back.conv(0).weight, network.conv(0).weight)

    removed = edit.remove_layer(edit.remove_layer(network, 4), 0)
    save_network(path, removed)
    assert_same(load_network(path), removed)


@pytest.mark.parametrize("ending", ENDINGS)
def test_the_same_network_has_the_same_bytes(tmp_path: Path, ending: str) -> None:
    one, other = tmp_path / f"one{ending}", tmp_path / f"other{ending}"
    save_network(one, trained(built("Flatten", "Linear")))
    save_network(other, trained(built("Flatten", "Linear")))
    assert one.read_bytes() == other.read_bytes()


def test_others_can_read_what_was_saved(tmp_path: Path) -> None:
    network = built("Flatten", "Linear")
    save_network(tmp_path / "one.safetensors", network)
    save_network(tmp_path / "one.npz", network)
    tensors = safetensors.numpy.load_file(tmp_path / "one.safetensors")
    with np.load(tmp_path / "one.npz", allow_pickle=False) as arrays:
        assert set(arrays) == {*tensors, "network"}
        assert json.loads(bytes(arrays["network"]))["layers"][0]["type"] == "Conv2d"
        for name, tensor in tensors.items():
            np.testing.assert_array_equal(arrays[name], tensor)
    np.testing.assert_array_equal(tensors["layer2.weight"], network.conv(1).weight)


def test_a_name_without_a_known_ending_is_refused(tmp_path: Path) -> None:
    with pytest.raises(NetworkError, match=r"^one\.txt ends neither in \.safetensors nor in \.npz"):
        save_network(tmp_path / "one.txt", new_network())
    assert list(tmp_path.iterdir()) == []


# What is no network.


def refused(path: Path) -> str:
    """Open what must be refused; return the sentence, which must be one."""
    with pytest.raises(NetworkError) as caught:
        load_network(path)
    sentence = str(caught.value)
    assert sentence.startswith(path.name)
    assert sentence.endswith(".")
    assert "\n" not in sentence
    assert len(sentence) < 400
    return sentence


def parts() -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    """Tensors and description of a good file, to be spoilt."""
    network = built("Flatten", "Linear")
    return dict(arrays_of(network)), {"version": 1, **described_network(network)}


def write(path: Path, tensors: dict[str, np.ndarray], described: Any) -> None:
    if path.suffix == ".npz":
        text = np.frombuffer(json.dumps(described).encode(), np.uint8)
        np.savez(path, **tensors, network=text)
    else:
        metadata = {"cnn_explorer": json.dumps(described)}
        path.write_bytes(safetensors.numpy.save(tensors, metadata))


NAN = np.full((2, 1, 3, 3), np.nan, np.float32)
SPOILT: dict[str, tuple[dict[str, np.ndarray], str]] = {
    "not a number": ({"layer1.weight": NAN}, "layer1.weight holds values that are not from"),
    "infinite": ({"layer1.weight": NAN * 0 + np.inf}, "layer1.weight holds values"),
    "double": ({"layer1.weight": np.zeros((2, 1, 3, 3))}, "layer1.weight is"),
    "half": ({"layer1.weight": np.zeros((2, 1, 3, 3), np.float16)}, "layer1.weight is"),
    "whole numbers": ({"layer1.bias": np.zeros(2, np.int32)}, "layer1.bias is"),
    "no chain": ({"layer2.weight": np.zeros((3, 5, 3, 3), np.float32)}, "Conv 2 takes 5 maps"),
    "no kernel": ({"layer1.weight": np.zeros((2, 1, 3), np.float32)}, "A weight has shape"),
    "too large": ({"layer1.weight": np.zeros((300, 1, 1, 1), np.float32)}, "The bias has shape"),
    "a stranger": ({"layer9.weight": np.zeros(3, np.float32)}, "layer9.weight belongs to none"),
}


@pytest.mark.parametrize("ending", ENDINGS)
@pytest.mark.parametrize(("changed", "reason"), SPOILT.values(), ids=SPOILT.keys())
def test_tensors_that_are_no_networks_are_refused(
    tmp_path: Path, ending: str, changed: dict[str, np.ndarray], reason: str
) -> None:
    tensors, described = parts()
    path = tmp_path / f"bad{ending}"
    write(path, tensors, described)
    load_network(path)  # what is spoilt below is good
    write(path, tensors | changed, described)
    assert reason in refused(path)


@pytest.mark.parametrize("ending", ENDINGS)
@pytest.mark.parametrize(
    "spoil",
    [
        lambda d: [],
        lambda d: {},
        lambda d: d | {"version": 2},
        lambda d: d | {"version": None},
        lambda d: d | {"layers": []},
        lambda d: d | {"layers": {}},
        lambda d: d | {"layers": d["layers"] * 9},
        lambda d: d | {"layers": d["layers"][:1] * 2},
        lambda d: d | {"seed": -1},
        lambda d: d | {"seed": 1e9},
        lambda d: d | {"layers": [d["layers"][0] | {"type": "os.system"}, *d["layers"][1:]]},
        lambda d: d | {"layers": [d["layers"][0] | {"stride": [10**9, 1]}, *d["layers"][1:]]},
        lambda d: d | {"layers": [d["layers"][0] | {"initialisation": []}, *d["layers"][1:]]},
        lambda d: (
            d | {"layers": [d["layers"][0] | {"initialisation": "trained"}, *d["layers"][1:]]}
        ),
        lambda d: d | {"layers": d["layers"][1:]},
        lambda d: d | {"trained": {}},
        lambda d: d | {"trained": {"name": "a\nb", "layers": d["layers"]}},
        lambda d: d | {"trained": {"name": "a", "layers": d["layers"], "temperature": 0.0}},
        lambda d: (
            d
            | {
                "trained": {
                    "name": "a",
                    "layers": d["layers"],
                    "temperature": float("nan"),
                    "threshold": 0.5,
                }
            }
        ),
    ],
)
def test_descriptions_of_no_network_are_refused(tmp_path: Path, ending: str, spoil: Any) -> None:
    tensors, described = parts()
    path = tmp_path / f"bad{ending}"
    write(path, tensors, spoil(described))
    refused(path)


def test_files_of_others_are_told_apart(tmp_path: Path) -> None:
    path = tmp_path / "other.safetensors"
    path.write_bytes(safetensors.numpy.save({"a": np.zeros(3, np.float32)}))
    assert "its metadata do not say which network" in refused(path)
    path = tmp_path / "other.npz"
    np.savez(path, a=np.zeros(3))
    assert "none that says which network" in refused(path)
    assert "could not be opened" in refused(tmp_path / "none.safetensors")
    refused(tmp_path)


def safetensors_with(header: dict[str, Any], data: bytes) -> bytes:
    text = json.dumps(header).encode()
    return len(text).to_bytes(8, "little") + text + data


def tensor(begin: int, end: int, *shape: int) -> dict[str, Any]:
    return {"dtype": "F32", "shape": shape, "data_offsets": [begin, end]}


OFFSETS: dict[str, bytes] = {
    "overlapping": safetensors_with({"a": tensor(0, 8, 2), "b": tensor(4, 12, 2)}, bytes(12)),
    "out of range": safetensors_with({"a": tensor(0, 8000, 2000)}, bytes(8)),
    "backwards": safetensors_with({"a": tensor(8, 0, 2)}, bytes(8)),
    "another shape": safetensors_with({"a": tensor(0, 8, 3)}, bytes(8)),
    "a hole": safetensors_with({"a": tensor(0, 4, 1), "b": tensor(8, 12, 1)}, bytes(12)),
    "overflowing": safetensors_with({"a": tensor(0, 8, 2**62, 2**62)}, bytes(8)),
    "a header that lies": (2**62).to_bytes(8, "little") + b"{}",
    "a header that is longer": (10**6).to_bytes(8, "little") + b"{}",
    "no JSON": (4).to_bytes(8, "little") + b"{{{{",
    "nested": (9000).to_bytes(8, "little") + b"[" * 9000,
    "empty": b"",
}


@pytest.mark.parametrize("content", OFFSETS.values(), ids=OFFSETS.keys())
def test_offsets_that_lie_are_refused_in_little_memory(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "bad.safetensors"
    path.write_bytes(content)
    tracemalloc.start()
    try:
        refused(path)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 4_000_000


def test_npz_files_that_lie_are_refused_in_little_memory(tmp_path: Path) -> None:
    tensors, described = parts()
    good = io.BytesIO()
    np.savez(good, **tensors, network=np.frombuffer(json.dumps(described).encode(), np.uint8))
    with zipfile.ZipFile(good) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    lie = (
        b"\x93NUMPY\x01\x00v\x00{'descr': '<f4', 'fortran_order': False, 'shape': (2500000000,), }"
    )
    pickled = io.BytesIO()
    np.lib.format.write_array(pickled, np.array([print], object), allow_pickle=True)
    for content, packing in (
        (lie.ljust(127) + b"\n", zipfile.ZIP_STORED),
        (pickled.getvalue(), zipfile.ZIP_STORED),
        (bytes(50_000_000), zipfile.ZIP_DEFLATED),
        (bytes(50_000_000), zipfile.ZIP_STORED),
    ):
        path = tmp_path / "bad.npz"
        with zipfile.ZipFile(path, "w") as archive:
            for name, data in (members | {"layer1.weight.npy": content}).items():
                archive.writestr(name, data, packing if name == "layer1.weight.npy" else None)
        tracemalloc.start()
        try:
            refused(path)
            peak = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
        assert peak < 150_000_000  # the largest array there can be, as bytes and as a file


@pytest.mark.parametrize("ending", ENDINGS)
def test_a_file_with_bytes_changed_is_refused_or_a_network(tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"one{ending}"
    save_network(path, trained(built("Flatten", "Linear")))
    content = path.read_bytes()
    numbers = random.Random(5)
    for _ in range(300):
        spoilt = bytearray(content)
        for _ in range(numbers.randint(1, 4)):
            # Most of it is numbers; what is worth changing is at the beginning and at the end.
            spoilt[numbers.choice((1, -1)) * numbers.randrange(3000)] = numbers.randrange(256)
        path.write_bytes(spoilt[: numbers.choice((None, None, numbers.randrange(len(content))))])
        try:
            network = load_network(path)
        except NetworkError:
            refused(path)
        else:
            assert all(
                np.isfinite(layer.weight).all()
                for layer in network.layers
                if isinstance(layer, Conv2d)
            )


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=200))
def test_no_bytes_are_a_network(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "bytes.safetensors"
    path.write_bytes(content)
    refused(path)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes with names here")
def test_a_pipe_is_refused_at_once(tmp_path: Path) -> None:
    """From a pipe nothing may ever come."""
    path = tmp_path / "pipe.safetensors"
    os.mkfifo(path)
    assert "it is a folder, a device or a pipe, not a file" in refused(path)
    os.mkfifo(tmp_path / "pipe.npz")
    assert not holds_network(tmp_path / "pipe.npz")


def test_what_holds_a_network_is_told_whatever_is_damaged(tmp_path: Path) -> None:
    path = tmp_path / "one.npz"
    save_network(path, built())
    assert holds_network(path)
    content = path.read_bytes()
    numbers = random.Random(7)
    for _ in range(300):
        spoilt = bytearray(content)
        for _ in range(numbers.randint(1, 4)):
            spoilt[-numbers.randrange(1, 600)] = numbers.randrange(256)  # its table of contents
        path.write_bytes(spoilt)
        assert holds_network(path) in (True, False)
