"""Settings: what is kept comes back, and what cannot be is put aside."""

import json
import os
import pickle
from dataclasses import Field, fields
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cnn_explorer.gui.settings import Settings, SettingsStore

pytestmark = pytest.mark.usefixtures("qapp")
each_example_writes_anew = settings(
    max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


def path_in(folder: Path) -> Path:
    return folder / "settings.json"


def allowed(item: Field[Any]) -> st.SearchStrategy[Any]:
    """All values that a field may have."""
    if "choices" in item.metadata:
        return st.sampled_from(item.metadata["choices"])
    if "range" in item.metadata:
        return st.floats(*item.metadata["range"])
    kinds = {"str": st.text(), "bytes": st.binary(), "bool": st.booleans()}
    return kinds[type(item.default).__name__]


every_settings = st.builds(Settings, **{item.name: allowed(item) for item in fields(Settings)})


@each_example_writes_anew
@given(every_settings)
def test_every_field_comes_back(tmp_path: Path, wanted: Settings) -> None:
    path = path_in(tmp_path)
    path.unlink(missing_ok=True)
    SettingsStore(path).update(**{item.name: getattr(wanted, item.name) for item in fields(wanted)})

    back = SettingsStore(path)

    assert back.current == wanted
    assert back.problem is None
    assert os.listdir(tmp_path) == [path.name], "something was written beside the file"


def test_a_folder_whose_name_is_no_text_comes_back(tmp_path: Path) -> None:
    name = os.fsdecode(b"/home/caf\xe9\n%1=;")
    SettingsStore(path_in(tmp_path)).update(folder=name)
    assert SettingsStore(path_in(tmp_path)).current.folder == name


def test_without_a_file_there_are_the_defaults_and_none_is_written(tmp_path: Path) -> None:
    store = SettingsStore(path_in(tmp_path))
    assert store.current == Settings()
    assert store.problem is None
    store.update(theme=store.current.theme)
    assert not list(tmp_path.iterdir())


def test_changes_are_told_once_with_new_and_old(tmp_path: Path) -> None:
    store = SettingsStore(path_in(tmp_path))
    told: list[tuple[Settings, Settings]] = []
    store.changed.connect(lambda new, old: told.append((new, old)))

    store.update(contrast=4, theme="dark")
    store.update(contrast=4)

    assert [(new.contrast, new.theme, old) for new, old in told] == [(4, "dark", Settings())]


def test_reset_goes_back_to_the_defaults_in_the_file_too(tmp_path: Path) -> None:
    store = SettingsStore(path_in(tmp_path))
    store.update(contrast=4, folder="/x", window_state=b"\0")
    store.reset()
    assert store.current == Settings()
    assert SettingsStore(path_in(tmp_path)).current == Settings()


def test_two_windows_keep_each_others_changes_and_what_they_do_not_know(tmp_path: Path) -> None:
    path = path_in(tmp_path)
    path.write_text('{"of a later version": [1]}')
    one, other = SettingsStore(path), SettingsStore(path)
    one.update(contrast=4)
    other.update(theme="dark")

    kept = json.loads(path.read_text())
    assert kept == {"of a later version": [1], "contrast": 4, "theme": "dark"}
    assert one.problem is None
    assert SettingsStore(path).current == Settings(contrast=4, theme="dark")


BAD_FILES = {
    "no text": b"\xff\xfe\x00\x80",
    "empty": b"",
    "half": b'{"theme": "da',
    "a list": b"[1, 2]",
    "a number": b"3",
    "an INI file": b"[General]\ntheme=dark\n",
    "deeply nested": b"[" * 100_000,
    "too large": b'{"folder": "' + b"x" * (1 << 20) + b'"}',
    "a pickle": pickle.dumps({"theme": "dark"}),
}


@pytest.mark.parametrize("content", BAD_FILES.values(), ids=BAD_FILES.keys())
def test_a_file_of_garbage_is_put_aside_with_a_sentence(tmp_path: Path, content: bytes) -> None:
    path = path_in(tmp_path)
    path.write_bytes(content)

    store = SettingsStore(path)

    assert store.current == Settings()
    aside = tmp_path / "settings.json.bad"
    assert aside.read_bytes() == content, "nothing is lost"
    assert store.problem == (
        f"The settings file {path} could not be read and was put aside as {aside}; "
        "the default settings are used."
    )
    store.update(contrast=2)
    assert SettingsStore(path).current.contrast == 2


BAD_VALUES: tuple[dict[str, Any], ...] = (
    {"theme": "mauve"},
    {"theme": None},
    {"theme": ["dark"]},
    {"theme": {}},
    {"text_scale": 101},
    {"text_scale": "100"},
    {"text_scale": 100.0},
    {"text_scale": 10**99},
    {"contrast": 3},
    {"contrast": True},
    {"contrast": -1},
    {"pen_size": 0},
    {"pen_size": 8.5},
    {"pen_size": float("nan")},
    {"pen_size": float("inf")},
    {"pen_size": -1e999},
    {"pen_size": 10**309},
    {"pen_size": "2"},
    {"export_scale": 0},
    {"export_scale": 33},
    {"colour_map": ""},
    {"colour_scale": "Layer"},
    {"layout": "caffe"},
    {"folder": 3},
    {"folder": None},
    {"window_geometry": "no base64"},
    {"window_geometry": "é"},
    {"window_state": [0, 1]},
)


@pytest.mark.parametrize("value", BAD_VALUES, ids=lambda value: str(value)[:40])
def test_a_value_that_cannot_be_takes_all_to_the_defaults(
    tmp_path: Path, value: dict[str, Any]
) -> None:
    path = path_in(tmp_path)
    path.write_text(json.dumps({"contrast": 4} | value))
    store = SettingsStore(path)
    assert store.current == Settings()
    assert store.problem is not None
    assert not path.exists()


@each_example_writes_anew
@given(st.binary(max_size=200))
def test_no_bytes_break_the_start(tmp_path: Path, content: bytes) -> None:
    path = path_in(tmp_path)
    path.write_bytes(content)
    store = SettingsStore(path)
    assert (store.problem is None) == path.exists()


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)


@each_example_writes_anew
@given(st.dictionaries(st.sampled_from([item.name for item in fields(Settings)]), json_values))
def test_no_values_break_the_start(tmp_path: Path, values: dict[str, Any]) -> None:
    path = path_in(tmp_path)
    path.write_text(json.dumps(values))
    store = SettingsStore(path)
    for item in fields(Settings):
        assert type(getattr(store.current, item.name)) is type(item.default)
    store.reset()


def test_a_whole_number_will_do_for_a_pen(tmp_path: Path) -> None:
    path_in(tmp_path).write_text('{"pen_size": 3}')
    size = SettingsStore(path_in(tmp_path)).current.pen_size
    assert size == 3
    assert isinstance(size, float)


def test_a_folder_in_the_files_place_is_put_aside(tmp_path: Path) -> None:
    path_in(tmp_path).mkdir()
    store = SettingsStore(path_in(tmp_path))
    assert store.problem is not None
    assert (tmp_path / "settings.json.bad").is_dir()


def test_what_cannot_be_put_aside_stays_with_a_sentence(tmp_path: Path) -> None:
    path = path_in(tmp_path)
    path.write_bytes(b"garbage")
    aside = tmp_path / "settings.json.bad"
    aside.mkdir()

    store = SettingsStore(path)

    assert store.current == Settings()
    assert store.problem == (
        f"The settings file {path} could not be read; the default settings are used."
    )


def test_settings_that_cannot_be_written_hold_until_the_end(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    path = tmp_path / "file" / "settings.json"
    store = SettingsStore(path)
    store.update(contrast=4)
    assert store.current.contrast == 4
    assert (tmp_path / "file").read_bytes() == b""


def test_what_is_only_shown_is_not_written_and_goes_again(tmp_path: Path) -> None:
    store = SettingsStore(path_in(tmp_path))
    store.update(contrast=2, colour_map="viridis")
    told: list[Settings] = []
    store.changed.connect(lambda new, old: told.append(new))

    store.show(contrast=1, colour_map="signed")
    store.update(theme="dark", contrast=4)  # which the user chooses meanwhile
    assert SettingsStore(path_in(tmp_path)).current == Settings(
        contrast=4, colour_map="viridis", theme="dark"
    )
    assert store.current == Settings(contrast=4, theme="dark")
    store.show_own()

    assert store.current == Settings(contrast=4, colour_map="viridis", theme="dark")
    assert [one.colour_map for one in told] == ["signed", "signed", "viridis"]


def test_what_is_shown_can_be_chosen(tmp_path: Path) -> None:
    store = SettingsStore(path_in(tmp_path))
    store.update(contrast=2)
    store.show(contrast=1)
    store.update(contrast=1)
    store.show_own()
    assert store.current.contrast == 1
    assert SettingsStore(path_in(tmp_path)).current.contrast == 1
