"""Folders of unsaved work: what is offered, and what is cleared away."""

import os
from pathlib import Path

from cnn_explorer.core.building import new_network
from cnn_explorer.core.state import State
from cnn_explorer.io.autosaves import MOST_DAMAGED, Aside, left_places, new_place
from cnn_explorer.io.digits import digit
from cnn_explorer.io.session import Session

WORK = Aside(Session(State(digit(7), new_network())))


def left(folder: Path, name: str, content: dict[str, bytes], when: float = 1e9) -> Path:
    """A folder whose window is gone."""
    place = folder / name
    place.mkdir(parents=True)
    for file, data in content.items():
        (place / file).write_bytes(data)
        os.utime(place / file, (when, when))
    return place


def test_folders_without_work_are_cleared_away(tmp_path: Path) -> None:
    left(tmp_path, "empty", {})
    left(tmp_path, "half", {".cnn-explorer-12ab": b"PK"})
    assert list(left_places(tmp_path)) == []
    assert list(tmp_path.iterdir()) == []


def test_of_damaged_work_the_latest_is_kept(tmp_path: Path) -> None:
    files = {"session.cnnx.bad": b"", ".cnn-explorer-12ab": b""}
    for number in range(MOST_DAMAGED + 2):
        left(tmp_path, str(number), files, 1e9 + number)
    assert list(left_places(tmp_path)) == []
    stay = [str(number) for number in range(2, MOST_DAMAGED + 2)]
    assert sorted(path.name for path in tmp_path.iterdir()) == stay
    assert [path.name for path in (tmp_path / "2").iterdir()] == ["session.cnnx.bad"]


def test_the_folders_of_windows_that_run_stay(tmp_path: Path) -> None:
    place = new_place(tmp_path)
    (folder,) = tmp_path.iterdir()
    assert list(left_places(tmp_path)) == []
    assert folder.is_dir()
    place.keep(WORK)
    assert list(left_places(tmp_path)) == []
    place.unlock()
    (found,) = left_places(tmp_path)
    found.forget()
    found.unlock()
    assert list(tmp_path.iterdir()) == []
