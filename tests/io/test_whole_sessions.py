"""Sessions with scenes and views: exactly what was saved, and each array once."""

import json
import os
import tracemalloc
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cnn_explorer.core.building import add_layer, new_network
from cnn_explorer.core.display import COLOUR_MAPS, CONTRASTS
from cnn_explorer.core.layouts import LAYOUTS
from cnn_explorer.core.network import MAX_LAYERS, Network, Trained
from cnn_explorer.core.schemes import ChannelScheme
from cnn_explorer.core.selection import Selection
from cnn_explorer.core.state import Scene, State
from cnn_explorer.core.view import COLOUR_SCALES, FACES, ORDERS, TABS, ZOOMS, View
from cnn_explorer.io import files
from cnn_explorer.io.digits import digit
from cnn_explorer.io.layer_description import weights_of
from cnn_explorer.io.session import Session, SessionError, holds_session, load, opening_state, save

from ..toys import toy_network
from .test_session import (
    Members,
    anything,
    assert_same,
    json_paths,
    measured,
    members_of,
    refused,
    states,
    write_members,
)
from .version2 import save_version_2

each_example_writes_anew = settings(
    max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@pytest.fixture(autouse=True)
def quick_writes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Spare the disk: that writes reach it is tested with the files."""
    monkeypatch.setattr(files.os, "fsync", lambda descriptor: None)


small = st.integers(0, 200)
selections = st.builds(
    Selection,
    st.none() | st.integers(0, MAX_LAYERS - 1),
    st.lists(small, min_size=MAX_LAYERS, max_size=MAX_LAYERS).map(tuple),
    st.none() | st.tuples(small, small),
    small,
)


def tuples(of: Any) -> st.SearchStrategy[tuple[Any, ...]]:
    return st.lists(of, max_size=MAX_LAYERS).map(tuple)


views = st.builds(
    View,
    selection=selections,
    faces=tuples(st.sampled_from(FACES)),
    folds=tuples(small),
    sums=tuples(st.booleans()),
    enlarged=st.booleans(),
    head=st.booleans(),
    tab=st.sampled_from(TABS),
    digit=st.none() | st.integers(0, 9),
    zoom=st.sampled_from(ZOOMS),
    order=st.sampled_from(ORDERS),
    colour_map=st.sampled_from(sorted(COLOUR_MAPS)),
    contrast=st.sampled_from(sorted(CONTRASTS)),
    colour_scale=st.sampled_from(COLOUR_SCALES),
    layout=st.sampled_from(sorted(LAYOUTS)),
    revealed=st.none() | small,
    hidden=st.booleans(),
    input=st.booleans(),
    inspector=st.booleans(),
)
lines = st.text(st.characters(categories=["L", "N", "P", "S", "Zs"]), max_size=80).filter(
    str.isprintable
)
scenes = st.builds(Scene, lines.filter(bool), lines, states(), views)
unknown = st.dictionaries(
    st.text(min_size=1, max_size=9).map("later ".__add__), st.text() | st.lists(st.integers())
)


@st.composite
def sessions(draw: st.DrawFn) -> Session:
    state = replace(draw(states()), scenes=tuple(draw(st.lists(scenes, max_size=2))))
    extra: dict[str, Any] = draw(unknown)
    parts = {"document": draw(unknown), "view": draw(unknown)}
    parts["scenes"] = {scene.name: said for scene in state.scenes if (said := draw(unknown))}
    return Session(state, draw(views), extra | {name: said for name, said in parts.items() if said})


@each_example_writes_anew
@given(sessions())
def test_what_was_saved_comes_back_exactly(tmp_path: Path, session: Session) -> None:
    path = tmp_path / "a.cnnx"
    save(path, session)
    again = load(path)
    assert again.view == session.view
    assert again.extra == session.extra
    assert_same(again.state, session.state)
    for here, there in zip(again.state.scenes, session.state.scenes, strict=True):
        assert (here.name, here.sentence, here.view) == (there.name, there.sentence, there.view)
        assert_same(here.state, there.state)
    # The same content has the same bytes.
    content = path.read_bytes()
    save(path, again)
    assert path.read_bytes() == content


def test_what_a_network_was_trained_to_be_comes_back(tmp_path: Path) -> None:
    network = add_layer(State(digit(7), toy_network(softmax=True)), "Softmax")
    edited = replace(network.layers[0], weight=network.layers[0].weight * 2)  # type: ignore[attr-defined, call-arg]
    network = replace(network, layers=(edited, *network.layers[1:]))
    save(tmp_path / "a.cnnx", Session(State(digit(3), network)))
    again = load(tmp_path / "a.cnnx").state.network
    before, after = network.trained, again.trained
    assert before is not None
    assert after is not None
    assert (after.name, after.temperature, after.threshold) == ("toy", 1.5, 0.0)
    for here, there in zip(after.layers, before.layers, strict=True):
        for name, array in weights_of(there).items():
            assert getattr(here, name).tobytes() == array.tobytes()


# What is the same is there once.


def lesson() -> State:
    """Nine scenes on one network and as many copies of one drawing."""
    network = new_network((16, 256, 16))
    drawing = digit(7)
    shown = [
        Scene(f"Scene {index}", "", State(drawing.copy(), network, ChannelScheme.SHARED), View())
        for index in range(9)
    ]
    return State(drawing, network, scenes=tuple(shown))


def test_scenes_that_share_a_network_share_it_in_the_file_and_in_memory(tmp_path: Path) -> None:
    state = lesson()
    save(tmp_path / "nine.cnnx", Session(state, View()))
    save(tmp_path / "none.cnnx", Session(replace(state, scenes=()), View()))
    sizes = [(tmp_path / name).stat().st_size for name in ("nine.cnnx", "none.cnnx")]
    assert sizes[0] - sizes[1] < 8_000
    again = load(tmp_path / "nine.cnnx").state
    assert {id(scene.state.network) for scene in again.scenes} == {id(again.network)}
    # The drawings were copies, and are one now.
    assert {id(scene.state.drawing) for scene in again.scenes} == {id(again.drawing)}


def test_networks_that_differ_in_a_layer_share_the_others_in_memory(tmp_path: Path) -> None:
    network = new_network((16, 256))
    first = replace(network.layers[0], activation="tanh")
    other = Network((first, network.layers[1]), trained=Trained("x", network.layers))
    scene = Scene("Tanh", "Look at the signs.", State(digit(7), other), View())
    path = tmp_path / "a.cnnx"
    save(path, Session(State(digit(7), network, scenes=(scene,))))
    again = load(path).state
    mine, theirs = again.network, again.scenes[0].state.network
    assert mine.conv(1).weight is theirs.conv(1).weight
    assert mine.conv(0).weight is theirs.conv(0).weight
    assert theirs.layers[0].activation == "tanh"  # type: ignore[attr-defined]
    with zipfile.ZipFile(path) as archive:
        # Mimetype, description, drawing, and weights and biases of two layers.
        assert len(archive.namelist()) == 2 + 1 + 4


# Versions.


def changed(path: Path, **keys: Any) -> None:
    """Change keys at the top of a session's description."""
    members = members_of(path.read_bytes())
    described = json.loads(members["document.json"]) | keys
    write_members(path, members | {"document.json": json.dumps(described).encode()})


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    path = tmp_path / "saved.cnnx"
    scene = Scene("One", "Look.", State(digit(3), new_network()), View())
    save(path, Session(State(digit(7), new_network(), scenes=(scene,)), View()))
    return path


def test_a_later_minor_version_is_read_and_what_it_adds_is_kept(saved: Path) -> None:
    changed(saved, version={"major": 3, "minor": 7, "named": "x"}, narration=[{"a": 1.5}, None])
    session = load(saved)
    assert session.extra == {"narration": [{"a": 1.5}, None]}
    save(saved, session)
    described = json.loads(members_of(saved.read_bytes())["document.json"])
    assert described["narration"] == [{"a": 1.5}, None]
    assert described["version"] == {"major": 3, "minor": 0}


def test_a_later_major_version_is_refused_in_words(saved: Path) -> None:
    changed(saved, version={"major": 4, "minor": 0})
    assert refused(saved) == (
        "saved.cnnx was written by a later CNN Explorer, in format 4; this one reads formats up "
        "to 3."
    )


@pytest.mark.parametrize(
    "version", [0, 3, True, 1.0, "3", None, {}, {"major": 3}, {"major": 2, "minor": 0},
                {"major": True, "minor": 0}, {"major": 10**40, "minor": 0}], ids=str
)  # fmt: skip
def test_a_version_that_there_was_not_is_refused(saved: Path, version: Any) -> None:
    changed(saved, version=version)
    assert "is damaged or not a session" in refused(saved)


def test_what_a_later_version_adds_goes_where_there_is_no_room_for_it(saved: Path) -> None:
    session = replace(load(saved), extra={"large": "x" * (1 << 20)})
    save(saved, session)
    assert load(saved).extra == {}


def test_a_document_of_version_2_says_nothing_of_the_view(tmp_path: Path) -> None:
    save_version_2(tmp_path / "old.cnnx", opening_state())
    session = load(tmp_path / "old.cnnx")
    assert session.view is None
    assert session.extra == {}
    assert_same(session.state, opening_state())


def test_sessions_are_known_by_their_ending_or_their_beginning(saved: Path, tmp_path: Path) -> None:
    other = tmp_path / "renamed.zip"
    other.write_bytes(saved.read_bytes())
    (tmp_path / "a.npz").write_bytes(b"PK\3\4" + bytes(80))
    assert holds_session(other)
    assert holds_session(tmp_path / "none.cnnx")
    assert not holds_session(tmp_path / "a.npz")
    assert not holds_session(tmp_path / "none.zip")
    assert not holds_session(tmp_path)


def test_weights_beyond_what_is_read_are_not_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a.cnnx"
    monkeypatch.setattr("cnn_explorer.io.session.MOST_BYTES", 1_100_000)
    with pytest.raises(files.FileError, match=r"^a.cnnx was not saved: its weights take more than"):
        save(path, Session(lesson()))
    assert not path.exists()


# Files that lie.

PATHS = [
    path
    for path in json_paths(
        {
            "version": {"major": 3, "minor": 0},
            "networks": [
                {"seed": 0, "layers": [], "trained": None, "arrays": {"layer1.weight": 1}}
            ],
            "document": {"drawing": 0, "network": 0, "scheme": "real", "centred": False},
            "view": json.loads(json.dumps(dict.fromkeys(View.__dataclass_fields__, 0))),
            "scenes": [{"name": "One", "sentence": "", "document": {"network": 0}, "view": {}}],
        }
    )
    if path
]


@settings(parent=each_example_writes_anew, max_examples=200)
@given(st.sampled_from(PATHS), anything)
def test_any_value_anywhere_gives_a_sentence_or_a_session(
    saved: Path, place: tuple[Any, ...], value: Any
) -> None:
    content = saved.read_bytes()
    members = members_of(content)
    inner = described = json.loads(members["document.json"])
    for key in place[:-1]:
        inner = inner[key]
    inner[place[-1]] = value
    path = saved.with_name("any.cnnx")
    write_members(path, members | {"document.json": json.dumps(described).encode()})
    try:
        session = load(path)
    except SessionError:
        refused(path)
    else:
        save(path, session)
        assert load(path).view == session.view


@pytest.mark.parametrize("name", ["../out.npy", "/tmp/out.npy", "arrays/../../out.npy", "C:\\out"])
def test_paths_in_the_file_lead_nowhere(saved: Path, name: str) -> None:
    members = members_of(saved.read_bytes())
    before = sorted(saved.parent.parent.rglob("*"))
    write_members(saved, {**members, name: b"out"})
    with zipfile.ZipFile(saved, "a") as archive:
        link = zipfile.ZipInfo("arrays/link.npy")
        link.create_system, link.external_attr = 3, 0o120777 << 16
        archive.writestr(link, "/etc/passwd")
    assert_same(load(saved).state, State(digit(7), new_network()))
    assert sorted(saved.parent.parent.rglob("*")) == before


def test_one_array_under_many_names_takes_no_more_memory_than_the_file(tmp_path: Path) -> None:
    """A table of contents may say that all members are the same bytes of the file."""
    state = State(digit(7), new_network((16, 256, 64)))
    path = tmp_path / "a.cnnx"
    save(path, Session(state, View()))
    members = members_of(path.read_bytes())
    described = json.loads(members["document.json"])
    drawing = described["document"]["drawing"]
    document = described["document"]
    described["scenes"] = [
        {"name": f"{i}", "sentence": "", "view": {}, "document": document | {"drawing": 100 + i}}
        for i in range(9)
    ]
    big = np.zeros((256, 256, 11, 11), np.float32)
    file = tmp_path / "big.npy"
    np.save(file, big)
    many: Members = {**members, "document.json": json.dumps(described).encode()}
    write_members(path, many | {"arrays/100.npy": file.read_bytes()})
    with zipfile.ZipFile(path, "a") as archive:
        first = archive.getinfo("arrays/100.npy")
        for place in range(101, 109):
            again = zipfile.ZipInfo(f"arrays/{place}.npy")
            for name in ("header_offset", "CRC", "compress_size", "file_size", "create_system"):
                setattr(again, name, getattr(first, name))
            archive.filelist.append(again)
        archive._didModify = True  # type: ignore[attr-defined]
    assert drawing == 0
    assert measured(path) < 3 * path.stat().st_size


def test_a_large_table_of_contents_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "a.cnnx"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("mimetype", b"application/x-cnn-explorer")
        for number in range(40_000):
            info = zipfile.ZipInfo(f"{number:030}")
            info.header_offset = info.CRC = info.compress_size = 0
            archive.filelist.append(info)
        archive._didModify = True  # type: ignore[attr-defined]
    assert "table of contents is larger" in refused(path)
    assert measured(path) < 200_000


def test_a_header_that_asks_for_a_pickle_runs_nothing(saved: Path) -> None:
    class Bomb:
        def __reduce__(self) -> tuple[Any, ...]:
            return os.abort, ()

    file = saved.with_name("bomb.npy")
    np.save(file, np.array([Bomb()]), allow_pickle=True)
    write_members(saved, members_of(saved.read_bytes()) | {"arrays/0.npy": file.read_bytes()})
    tracemalloc.start()
    try:
        assert "object, which could run a program" in refused(saved)
        assert tracemalloc.get_traced_memory()[1] < 2_000_000
    finally:
        tracemalloc.stop()
