"""Tables and TIFF stacks: what they hold is what NPZ holds; read here by the formats' own rules."""

import csv
import io
import struct
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cnn_explorer.core.building import new_network
from cnn_explorer.core.mutes import toggle_mute
from cnn_explorer.core.schemes import ChannelScheme
from cnn_explorer.core.state import State
from cnn_explorer.io.digits import digit
from cnn_explorer.io.export import ExportError, ExportOptions, export
from cnn_explorer.io.session import opening_state
from cnn_explorer.io.stacks import MOST_VALUES
from cnn_explorer.io.tiff import write_tiff

REAL, NAIVE, SHARED = ChannelScheme


def pages_of(content: bytes) -> dict[str, np.ndarray]:
    """Pages by their names, by the rules of TIFF 6.0."""
    assert content[:4] == b"II*\0"
    pages = {}
    (place,) = struct.unpack_from("<L", content, 4)
    while place:
        (count,) = struct.unpack_from("<H", content, place)
        tags = {}
        for entry in range(count):
            where = place + 2 + 12 * entry
            tag, kind, length = struct.unpack_from("<HHL", content, where)
            (value,) = struct.unpack_from("<H" if kind == 3 else "<L", content, where + 8)
            if kind == 2 and length <= 4:  # the text itself is there
                value = content[where + 8 : where + 8 + length].split(b"\0")[0].decode()
            elif kind == 2:
                value = content[value : value + length].split(b"\0")[0].decode()
            tags[tag] = value
        assert list(tags) == sorted(tags)
        assert (tags[258], tags[259], tags[339]) == (32, 1, 3)
        data = content[tags[273] : tags[273] + tags[279]]
        assert tags[285] not in pages
        pages[tags[285]] = np.frombuffer(data, "<f4").reshape(tags[257], tags[256])
        (place,) = struct.unpack_from("<L", content, place + 2 + 12 * count)
    return pages


def table_of(text: str, labels: int) -> dict[tuple[str, ...], np.ndarray]:
    """Pages by their labels."""
    head, *lines = csv.reader(io.StringIO(text))
    assert head[labels:] == ["row", *map(str, range(len(head) - labels - 1))]
    pages: dict[tuple[str, ...], list[list[float]]] = {}
    for line in lines:
        rows = pages.setdefault(tuple(line[:labels]), [])
        assert line[labels] == str(len(rows))
        rows.append([float(value) for value in line[labels + 1 :]])
    return {key: np.array(rows, np.float32) for key, rows in pages.items()}


@given(
    st.lists(
        st.tuples(st.text("ab 1", max_size=9), st.integers(1, 9), st.integers(1, 9)), max_size=4
    )
)
def test_pages_come_back(sizes) -> None:
    generator = np.random.default_rng(0)
    pages = {
        f"{place}{name}": generator.standard_normal((rows, columns)).astype(np.float32)
        for place, (name, rows, columns) in enumerate(sizes)
    }
    stream = io.BytesIO()
    write_tiff(stream, pages.items())
    found = pages_of(stream.getvalue())
    assert list(found) == list(pages)
    for name, values in pages.items():
        np.testing.assert_array_equal(found[name], values)


@pytest.mark.parametrize("scheme", [REAL, NAIVE, SHARED])
def test_they_hold_what_the_arrays_hold(scheme, tmp_path) -> None:
    network = toggle_mute(new_network((2, 3), seed=1), 1, 2, 1)
    state = State(digit(4), network, scheme)
    names = export(state, tmp_path, ExportOptions(("npz", "csv", "tiff")))
    assert ("layer2-contributions.csv" in names) == (scheme is not NAIVE)
    arrays = np.load(tmp_path / "maps.npz")
    table = table_of((tmp_path / "layer2-maps.csv").read_text("ascii"), 1)
    pages = pages_of((tmp_path / "layer2-maps.tif").read_bytes())
    numbers = [f"{i}.{j}" for i in range(2) for j in range(3)] if scheme is NAIVE else list("012")
    assert [key for (key,) in table] == numbers
    assert list(pages) == [f"map {number}" for number in numbers]
    for place, number in enumerate(numbers):
        np.testing.assert_array_equal(table[number,], arrays["layer2.maps"][place])
        np.testing.assert_array_equal(pages[f"map {number}"], arrays["layer2.maps"][place])
    kernels = table_of((tmp_path / "layer2-kernels.csv").read_text("ascii"), 4)
    own = arrays["layer2.kernel"]
    assert len(kernels) == 6
    for (filter_, input_, muted, bias), values in kernels.items():
        j, i = int(filter_), int(input_)
        np.testing.assert_array_equal(values, own[j, i if scheme is REAL else 0])
        assert (muted == "yes") == arrays["layer2.muted"][j, i]
        assert np.float32(bias) == arrays["layer2.bias"][j]


@pytest.mark.parametrize("scheme", [REAL, SHARED])
def test_heard_contributions_add_up_to_the_maps(scheme, tmp_path) -> None:
    network = toggle_mute(new_network((2, 3), seed=1), 1, 2, 1)
    export(State(digit(4), network, scheme), tmp_path, ExportOptions(("npz", "csv", "tiff")))
    arrays = np.load(tmp_path / "maps.npz")
    table = table_of((tmp_path / "layer2-contributions.csv").read_text("ascii"), 3)
    pages = pages_of((tmp_path / "layer2-contributions.tif").read_bytes())
    for (map_, input_, muted), values in table.items():
        name = f"map {map_}, input {input_}, muted {muted}"
        np.testing.assert_array_equal(pages[name], values)
    for j in range(3):
        heard = [values for key, values in table.items() if key[0] == str(j) and key[2] == "no"]
        total = sum(heard, np.zeros((28, 28))) + arrays["layer2.bias"][j]
        np.testing.assert_allclose(total.clip(0), arrays["layer2.maps"][j], atol=1e-5)
    assert sum(key[2] == "yes" for key in table) == 1


def test_layers_without_kernels_have_their_maps_alone(tmp_path) -> None:
    names = export(opening_state(), tmp_path, ExportOptions(("csv",)))
    assert [name for name in names if name.startswith("layer3")] == ["layer3-maps.csv"]
    assert "layer5-contributions.csv" in names


def test_too_many_contributions_are_refused(tmp_path) -> None:
    state = State(digit(1), new_network((200, 200), (1,)))
    with pytest.raises(ExportError, match="has contributions of 31,360,000 values, and tables and"):
        export(state, tmp_path, ExportOptions(("csv",)))
    assert MOST_VALUES < 31_360_000
    assert not list(tmp_path.iterdir())
    selected = replace(ExportOptions(("tiff",)), selected=(0, 5))
    assert len(export(state, tmp_path, selected)) == 4
