"""Sessions as files in the window: new, open, save, what is not saved, what a crash leaves."""

import itertools
import os
import random
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QMimeData, QPointF, Qt, QUrl
from PySide6.QtGui import QDropEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QFileDialog, QMenu, QMessageBox

from cnn_explorer.app import Folders
from cnn_explorer.core.forward import Request, forward
from cnn_explorer.core.state import Scene, State
from cnn_explorer.core.view import View
from cnn_explorer.gui import session_files
from cnn_explorer.io import autosaves, files, session
from cnn_explorer.io.session import Session, load, save

from ..io.test_session import assert_same
from .conftest import Driver, hand_made

Make = Callable[..., Driver]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A session of the hand-made network."""
    path = tmp_path / "lesson.cnnx"
    save(path, Session(hand_made()))
    return path


@pytest.fixture
def choose(monkeypatch: pytest.MonkeyPatch) -> Callable[[Path | None], None]:
    """Lets the user choose a file, or none, wherever files are asked for."""

    def choose(chosen: Path | None) -> None:
        for name in ("getOpenFileName", "getSaveFileName"):
            monkeypatch.setattr(QFileDialog, name, lambda *_: (str(chosen or ""), ""))

    return choose


def title(driver: Driver) -> str:
    """The title as it is shown."""
    return driver.window.windowTitle().replace("[*]", "*" * driver.window.isWindowModified())


def asked(driver: Driver) -> str:
    """The one question there is."""
    driver.wait(lambda: bool(driver.questions))
    (box,) = driver.questions
    return box.text()


def kept(driver: Driver) -> None:
    """Wait until the document is saved."""
    driver.wait(lambda: not driver.window.sessions.modified)


def began(driver: Driver) -> None:
    driver.show()
    driver.draw((3, 3), (20, 20))


# The title, and what counts as a change.


def test_the_title_tells_the_file_and_follows_undo(make: Make, path: Path) -> None:
    driver = make(path)
    driver.show()
    assert title(driver) == "lesson - CNN Explorer"
    driver.draw((3, 3), (20, 20))
    assert title(driver) == "lesson* - CNN Explorer"
    driver.trigger("undo")
    assert title(driver) == "lesson - CNN Explorer"
    driver.trigger("redo")
    assert title(driver) == "lesson* - CNN Explorer"
    driver.press("Ctrl+S")
    kept(driver)
    assert title(driver) == "lesson - CNN Explorer"
    driver.trigger("undo")
    assert title(driver) == "lesson* - CNN Explorer"
    driver.trigger("redo")
    assert title(driver) == "lesson - CNN Explorer"


def test_what_is_looked_at_is_saved_and_is_no_change(make: Make, path: Path) -> None:
    driver = make(path)
    driver.show()
    for command in ("face_contributions", "fold", "tensors", "contrast", "colours_grey"):
        driver.trigger(command)
    driver.window.selection.select(driver.window.selection.current.at((1, 3), (5, 6)))
    driver.settle()
    assert title(driver) == "lesson - CNN Explorer"
    seen = driver.window.viewing.current
    driver.trigger("save")
    driver.wait(lambda: driver.says == "Saved lesson.cnnx")
    driver.window.close()
    again = make(path)
    again.show()
    assert again.window.viewing.current == seen


def test_to_show_a_scene_is_no_change_but_another_scene_is_one(make: Make, path: Path) -> None:
    state = hand_made()
    scene = Scene("One", "", replace(state, centred=True), driver_view(make, path))
    save(path, Session(replace(state, scenes=(scene,))))
    driver = make(path)
    driver.show()
    state = driver.state
    one = state.scenes[0].state
    driver.window.document.commit("Scene", replace(one, scenes=state.scenes))
    assert title(driver) == "lesson - CNN Explorer"
    driver.draw((3, 3), (20, 20))
    assert title(driver) == "lesson* - CNN Explorer"
    driver.trigger("undo")
    driver.window.document.commit("Remove", replace(driver.state, scenes=()))
    assert title(driver) == "lesson* - CNN Explorer"


def driver_view(make: Make, path: Path) -> View:
    driver = make(path)
    driver.show()
    return driver.window.viewing.current


# New, open, save.


def test_new_begins_as_the_first_start(make: Make, path: Path) -> None:
    driver = make(path)
    driver.show()
    driver.press("Ctrl+N")
    assert title(driver) == "Untitled - CNN Explorer"
    assert driver.state.network is session.opening_state().network
    assert not driver.window.document.undo_stack.canUndo()
    assert driver.window.store.current.session == ""


def test_save_as_gives_a_file_its_ending_and_stays_with_it(
    make: Make, tmp_path: Path, choose: Callable[[Path | None], None]
) -> None:
    driver = make()
    began(driver)
    choose(None)
    driver.press("Ctrl+S")
    assert title(driver) == "Untitled* - CNN Explorer"
    choose(tmp_path / "mine")
    driver.press("Ctrl+S")
    kept(driver)
    assert title(driver) == "mine - CNN Explorer"
    assert_same(load(tmp_path / "mine.cnnx").state, driver.state)
    choose(tmp_path / "other.cnnx")
    driver.press("Ctrl+Shift+S")
    driver.wait(lambda: title(driver) == "other - CNN Explorer")
    assert driver.window.recent.paths == [str(tmp_path / "other.cnnx"), str(tmp_path / "mine.cnnx")]
    driver.window.close()
    again = make()
    again.show()
    assert title(again) == "other - CNN Explorer"


def test_an_ending_that_is_added_does_not_overwrite_unasked(
    make: Make,
    path: Path,
    choose: Callable[[Path | None], None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    content = path.read_bytes()
    driver = make()
    began(driver)
    choose(path.with_suffix(""))
    questions: list[str] = []
    replies = [QMessageBox.StandardButton.Cancel, QMessageBox.StandardButton.Yes]

    def question(parent: object, title: str, text: str, *_: object) -> object:
        questions.append(text)
        return replies[len(questions) - 1]

    monkeypatch.setattr(QMessageBox, "question", question)
    driver.press("Ctrl+S")
    assert questions == [f"{path} exists already. Replace?"]
    assert driver.window.sessions.modified
    assert path.read_bytes() == content
    driver.press("Ctrl+S")
    kept(driver)
    assert len(questions) == 2
    assert_same(load(path).state, driver.state)


def test_what_is_drawn_while_a_file_is_written_is_saved_by_a_second_save(
    make: Make, path: Path
) -> None:
    driver = make(path)
    began(driver)
    actions = driver.window.actions_by_name
    actions["save"].trigger()
    driver.window.document.commit("Clear", replace(driver.state, centred=True))
    actions["save"].trigger()
    kept(driver)
    assert not driver.questions
    assert load(path).state.centred


def test_open_takes_what_a_file_holds(
    make: Make, path: Path, tmp_path: Path, choose: Callable[[Path | None], None]
) -> None:
    driver = make()
    driver.show()
    choose(path)
    driver.press("Ctrl+O")
    driver.wait(lambda: title(driver) == "lesson - CNN Explorer")
    driver.settle()
    assert_same(driver.state, hand_made())
    picture = tmp_path / "picture.png"
    assert driver.window.input.canvas.grab().save(str(picture))
    choose(picture)
    driver.press("Ctrl+O")
    driver.wait(lambda: title(driver) == "lesson* - CNN Explorer")


def test_a_session_can_be_dropped_and_opened_again(make: Make, path: Path) -> None:
    driver = make()
    driver.show()
    mime = QMimeData()
    mime.setUrls([QUrl.fromLocalFile(str(path))])
    none = Qt.KeyboardModifier.NoModifier
    event = QDropEvent(
        QPointF(500, 500), Qt.DropAction.CopyAction, mime, Qt.MouseButton.LeftButton, none
    )
    driver.window.dropEvent(event)
    driver.wait(lambda: title(driver) == "lesson - CNN Explorer")
    driver.press("Ctrl+N")
    (menu,) = (x for x in driver.window.findChildren(QMenu) if x.title() == "Open &recent")
    assert [action.text() for action in menu.actions()] == ["&1  lesson.cnnx"]
    menu.actions()[0].trigger()
    driver.wait(lambda: title(driver) == "lesson - CNN Explorer")
    path.unlink()
    driver.press("Ctrl+N")
    menu.actions()[0].trigger()
    assert asked(driver) == "lesson.cnnx could not be opened: No such file or directory."
    driver.answer("close")
    assert driver.window.recent.paths == []
    assert not menu.isEnabled()


def test_a_file_that_is_none_changes_nothing(make: Make, path: Path, tmp_path: Path) -> None:
    driver = make(path)
    began(driver)
    before = driver.state
    bad = tmp_path / "bad.cnnx"
    bad.write_bytes(b"PK")
    driver.window.sessions.open(str(bad))
    assert asked(driver).startswith("bad.cnnx is damaged or not a session of CNN Explorer")
    driver.answer("close")
    assert driver.state is before
    assert title(driver) == "lesson* - CNN Explorer"


# Work that is not saved.


def test_closing_asks_and_cancel_changes_nothing(make: Make, path: Path) -> None:
    driver = make(path)
    began(driver)
    before = driver.state
    driver.window.close()
    assert asked(driver) == "Save the changes to lesson.cnnx?"
    driver.answer("cancel")
    assert driver.window.isVisible()
    assert driver.state is before
    driver.draw((3, 8), (8, 8))


def test_closing_saves_if_asked_to(make: Make, path: Path) -> None:
    driver = make(path)
    began(driver)
    driver.window.close()
    driver.answer("save")
    driver.wait(lambda: not driver.window.isVisible())
    assert_same(load(path).state, driver.state)


def test_closing_discards_if_asked_to(make: Make, path: Path, folders: Folders) -> None:
    content = path.read_bytes()
    driver = make(path)
    began(driver)
    driver.program.autosave.keep()
    driver.wait(lambda: bool(list(folders.data.glob("autosave/*/session.cnnx"))))
    driver.window.close()
    driver.answer("discard")
    driver.wait(lambda: not driver.window.isVisible())
    assert path.read_bytes() == content
    assert list(folders.data.glob("autosave/*")) == []
    again = make()
    again.show()
    assert not again.questions
    assert_same(again.state, hand_made())


def test_closing_without_a_file_stays_open_where_none_is_chosen(
    make: Make, choose: Callable[[Path | None], None]
) -> None:
    driver = make()
    began(driver)
    choose(None)
    driver.window.close()
    assert asked(driver) == "Save the changes to this session?"
    driver.answer("save")
    driver.settle()
    assert driver.window.isVisible()
    assert driver.window.sessions.modified
    # Nothing of the close is left that a later save would bring about.
    choose(None)
    driver.press("Ctrl+S")
    assert driver.window.isVisible()


@pytest.mark.parametrize("answer", ["save", "discard", "cancel"])
def test_opening_another_asks_about_the_work_before(
    make: Make, path: Path, tmp_path: Path, answer: str
) -> None:
    driver = make(path)
    began(driver)
    before = driver.state
    save(tmp_path / "other.cnnx", Session(replace(hand_made(), centred=True)))
    driver.window.sessions.open(str(tmp_path / "other.cnnx"))
    driver.answer(answer)
    name = "lesson*" if answer == "cancel" else "other"
    driver.wait(lambda: title(driver) == f"{name} - CNN Explorer")
    driver.settle()
    assert driver.state.centred is (answer != "cancel")
    assert_same(load(path).state, before if answer == "save" else hand_made())


# What goes wrong.


@pytest.mark.parametrize("answer", ["cancel", "overwrite", "save as"])
def test_a_file_that_another_program_changed_is_not_overwritten_unasked(
    make: Make, path: Path, tmp_path: Path, answer: str, choose: Callable[[Path | None], None]
) -> None:
    driver = make(path)
    began(driver)
    save(path, Session(replace(hand_made(), centred=True)))
    theirs = path.read_bytes()
    choose(tmp_path / "mine.cnnx")
    driver.press("Ctrl+S")
    assert asked(driver) == "lesson.cnnx was changed by another program since it was opened here."
    driver.answer(answer)
    if answer == "cancel":
        driver.settle()
        assert driver.window.sessions.modified
    else:
        kept(driver)
    assert (path.read_bytes() == theirs) is (answer != "overwrite")
    assert (tmp_path / "mine.cnnx").exists() is (answer == "save as")


def test_a_vanished_folder_is_said_and_another_file_taken(
    make: Make, tmp_path: Path, choose: Callable[[Path | None], None]
) -> None:
    folder = tmp_path / "stick"
    folder.mkdir()
    save(folder / "lesson.cnnx", Session(hand_made()))
    driver = make(folder / "lesson.cnnx")
    began(driver)
    (folder / "lesson.cnnx").unlink()
    folder.rmdir()
    choose(tmp_path / "mine.cnnx")
    driver.press("Ctrl+S")
    assert asked(driver) == f"There is no folder {folder}; choose one that exists."
    assert driver.window.sessions.modified
    driver.answer("save as")
    kept(driver)
    assert_same(load(tmp_path / "mine.cnnx").state, driver.state)


def test_a_full_disk_is_said_and_the_old_file_stays(
    make: Make, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    driver = make(path)
    began(driver)
    content = path.read_bytes()

    def full(_: Path) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(files, "_sync", full)
    driver.window.close()
    driver.answer("save")
    driver.wait(lambda: any("no space left" in box.text() for box in driver.questions))
    driver.answer("cancel")
    assert driver.window.isVisible()
    assert driver.window.sessions.modified
    assert path.read_bytes() == content
    assert [each.name for each in path.parent.iterdir()] == ["lesson.cnnx"]


# Crashes.


def places(folders: Folders) -> list[Path]:
    return list(folders.data.glob("autosave/*/session.cnnx"))


def test_work_is_kept_aside_when_idle_and_goes_when_saved(
    make: Make, path: Path, folders: Folders
) -> None:
    driver = make(path)
    began(driver)
    assert driver.program.autosave._idle.isActive()
    driver.wait(lambda: bool(places(folders)))
    (aside,) = places(folders)
    assert_same(load(aside).state, driver.state)
    driver.press("Ctrl+S")
    kept(driver)
    driver.wait(lambda: not places(folders))


def test_undone_work_is_not_kept_aside(make: Make, path: Path, folders: Folders) -> None:
    driver = make(path)
    began(driver)
    driver.program.autosave.keep()
    driver.wait(lambda: bool(places(folders)))
    driver.trigger("undo")
    driver.program.autosave.keep()
    driver.wait(lambda: not places(folders))


@pytest.mark.parametrize("answer", ["restore", "discard", "later"])
def test_what_was_left_is_offered_at_the_next_start(
    make: Make, path: Path, folders: Folders, answer: str
) -> None:
    first = make(path)
    began(first)
    left = first.state
    first.program.end()
    second = make()
    second.show()
    assert asked(second) == (
        "Work on lesson.cnnx was not saved when the program ended unexpectedly."
    )
    (box,) = second.questions
    assert not box.iconPixmap().isNull()
    assert box.informativeText().startswith("It was last kept on ")
    second.answer(answer)
    second.settle()
    if answer == "restore":
        assert_same(second.state, left)
        assert title(second) == "lesson* - CNN Explorer"
        second.wait(lambda: not second.program.autosave._job.busy)
        (aside,) = places(folders)
        assert_same(load(aside).state, left)
        second.press("Ctrl+S")
        kept(second)
        assert_same(load(path).state, left)
    else:
        assert_same(second.state, hand_made())
        assert len(places(folders)) == (answer == "later")


def test_restored_work_does_not_overwrite_a_file_that_changed(make: Make, path: Path) -> None:
    first = make(path)
    began(first)
    first.program.end()
    save(path, Session(replace(hand_made(), centred=True)))
    second = make()
    second.show()
    second.answer("restore")
    second.press("Ctrl+S")
    assert asked(second).startswith("lesson.cnnx was changed by another program")
    second.answer("cancel")


def test_two_windows_never_offer_each_others(make: Make, path: Path, folders: Folders) -> None:
    driver = make(path)
    began(driver)
    driver.program.autosave.keep()
    driver.wait(lambda: bool(places(folders)))
    code = f"""
from pathlib import Path
from cnn_explorer.io.autosaves import left_places
print(len(list(left_places(Path({str(folders.data / "autosave")!r})))))
"""
    run = subprocess.run(
        [sys.executable, "-c", code],
        check=True,
        capture_output=True,
        text=True,
        env=os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])},
    )
    assert run.stdout == "0\n"
    assert list(autosaves.left_places(folders.data / "autosave")) == []
    assert len(places(folders)) == 1


def test_all_work_that_cannot_be_read_is_told(make: Make, path: Path, folders: Folders) -> None:
    first = make(path)
    began(first)
    first.program.end()
    (whole,) = places(folders)
    os.utime(whole, (2e8, 2e8))
    for name, when in (("later", 3e8), ("earlier", 1e8)):
        damaged = folders.data / "autosave" / name / "session.cnnx"
        damaged.parent.mkdir()
        damaged.write_bytes(b"garbage")
        os.utime(damaged, (when, when))
    second = make(path)
    second.show()
    assert damaged_told(second) == ["later"]
    second.answer("discard")
    second.wait(lambda: damaged_told(second) == ["later", "earlier"])


def damaged_told(driver: Driver) -> list[str]:
    """The folders of the damaged work that boxes tell of."""
    texts = [box.text() for box in driver.window.findChildren(QMessageBox)]
    return [
        Path(text.split("put aside as ")[1].removesuffix(".")).parent.name
        for text in texts
        if text.startswith("Unsaved work is not back: ")
    ]


def test_work_that_cannot_be_read_is_put_aside(make: Make, path: Path, folders: Folders) -> None:
    first = make(path)
    began(first)
    first.program.end()
    (aside,) = places(folders)
    aside.write_bytes(b"garbage")
    second = make()
    second.show()
    bad = aside.with_name("session.cnnx.bad")
    assert bad.read_bytes() == b"garbage"
    assert_same(second.state, hand_made())


# Everything at once.

COMMANDS = (
    "add_layer", "hand_made", "real", "naive", "shared", "face_maps", "face_kernels",
    "face_contributions", "fold", "enlarge", "escape", "next_map", "previous_map", "contrast",
    "colours_viridis", "scale_map", "scale_network", "clear", "making", "tensors", "zoom",
    "only_diagonal", "unmute_all", "centring", "trained_3-4", "add_MaxPool2d",
    "undo", "redo", "reset_kernels", "add_BatchNorm2d", "clear", "centre", "undo",
)  # fmt: skip


def act(driver: Driver, dice: random.Random) -> None:
    """One random action of a user, without waiting for its maps."""
    window = driver.window
    if dice.random() < 0.3:
        window.actions_by_name[dice.choice(COMMANDS)].trigger()
    elif dice.random() < 0.5:
        places = [driver.place(dice.uniform(2, 26), dice.uniform(2, 26)) for _ in range(2)]
        canvas = window.input.canvas
        QTest.mousePress(canvas, Qt.MouseButton.LeftButton, pos=places[0])
        QTest.mouseMove(canvas, places[1])
        QTest.mouseRelease(canvas, Qt.MouseButton.LeftButton, pos=places[1])
    else:
        network = driver.state.network
        layer = dice.randrange(network.head) if network.head else 0
        address = tuple(dice.randrange(one.out_channels) for one in network.layers[: layer + 1])
        window.selection.select(window.selection.current.at(address, (3, 4)))


def test_two_hundred_random_actions_come_back_and_can_be_undone(make: Make, path: Path) -> None:
    driver = make(path)
    driver.show()
    dice = random.Random(6)
    stack = driver.window.document.undo_stack
    stack.setUndoLimit(0)
    driver.window.store.update(reduced_motion=True)
    first = driver.state
    for number in range(200):
        act(driver, dice)
        if number % 8 == 0:
            QApplication.processEvents()
    driver.settle()
    left = driver.state
    count = stack.count()
    stack.setIndex(0)
    assert driver.state is first
    stack.setIndex(count)
    assert driver.state is left
    driver.settle()
    view = driver.window.viewing.current
    driver.trigger("save")
    kept(driver)
    driver.window.close()

    again = make(path)
    again.show()
    assert_same(again.state, left)
    assert again.window.viewing.current == view
    passes = [forward(Request(state)).maps for state in (again.state, left)]
    for here, there in zip(*passes, strict=True):
        np.testing.assert_array_equal(here, there)


def test_hostile_views_are_clamped(make: Make, path: Path) -> None:
    view = driver_view(make, path)
    wild = replace(
        view,
        selection=replace(view.selection, layer=15, path=(4096,) * 16, pin=(200, 3), channel=99),
        faces=("kernels", "contributions") * 8,
        folds=(4000,) * 16,
        sums=(True,) * 16,
        enlarged=True,
        tab="evidence",
        digit=9,
        head=True,
    )
    save(path, Session(State(hand_made().drawing, hand_made().network), wild))
    driver = make(path)
    driver.show()
    assert driver.window.selection.current.layer == 1


# While a file is written.


class Gate:
    """Holds every save after its file is written, until it is opened."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.reached, self.opened = threading.Event(), threading.Event()
        monkeypatch.setattr(session_files, "save", self._save)

    def _save(self, path: Path, session: Session) -> None:
        save(path, session)
        self.reached.set()
        assert self.opened.wait(60)


@pytest.fixture
def gate(monkeypatch: pytest.MonkeyPatch) -> Iterator[Gate]:
    gate = Gate(monkeypatch)
    yield gate
    gate.opened.set()


def begin_saving(driver: Driver, gate: Gate) -> None:
    """Draw, and save the document, whose file is written then, but not told to be."""
    began(driver)
    driver.press("Ctrl+S")
    driver.wait(gate.reached.is_set)


def test_new_waits_for_a_file_that_is_written(make: Make, path: Path, gate: Gate) -> None:
    driver = make(path)
    begin_saving(driver, gate)
    drawn = driver.state
    driver.press("Ctrl+N")
    assert not driver.questions
    assert driver.state is drawn
    gate.opened.set()
    driver.wait(lambda: title(driver) == "Untitled - CNN Explorer")
    assert driver.window.sessions.path is None
    assert_same(load(path).state, drawn)


def test_what_is_drawn_while_a_file_is_written_is_asked_about_after_it(
    make: Make, path: Path, gate: Gate
) -> None:
    driver = make(path)
    begin_saving(driver, gate)
    driver.draw((3, 8), (8, 8))
    drawn = driver.state
    driver.press("Ctrl+N")
    assert not driver.questions
    gate.opened.set()
    assert asked(driver) == "Save the changes to lesson.cnnx?"
    driver.answer("cancel")
    assert driver.state is drawn
    assert title(driver) == "lesson* - CNN Explorer"


def test_closing_waits_for_a_file_that_is_written(make: Make, path: Path, gate: Gate) -> None:
    driver = make(path)
    begin_saving(driver, gate)
    drawn = driver.state
    driver.window.close()
    assert driver.window.isVisible()
    assert not driver.questions
    gate.opened.set()
    driver.wait(lambda: not driver.window.isVisible())
    assert_same(load(path).state, drawn)


def test_a_failed_save_ends_what_waited_for_it(
    make: Make, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    driver = make(path)
    began(driver)
    go = threading.Event()

    def full(path: Path, session: Session) -> None:
        assert go.wait(60)
        raise files.FileError("There is no space left.")

    monkeypatch.setattr(session_files, "save", full)
    driver.press("Ctrl+S")
    driver.press("Ctrl+N")
    go.set()
    assert asked(driver) == "There is no space left."
    driver.answer("cancel")
    assert title(driver) == "lesson* - CNN Explorer"


def test_a_second_save_before_the_first_is_told_is_no_other_program(
    make: Make, path: Path, gate: Gate
) -> None:
    driver = make(path)
    begin_saving(driver, gate)
    driver.press("Ctrl+S")
    driver.draw((3, 8), (8, 8))
    driver.press("Ctrl+S")
    assert not driver.questions
    gate.opened.set()
    kept(driver)
    assert not driver.questions
    assert_same(load(path).state, driver.state)


def test_cancel_ends_what_waited_for_a_second_save(
    make: Make, path: Path, gate: Gate, monkeypatch: pytest.MonkeyPatch
) -> None:
    driver = make(path)
    begin_saving(driver, gate)
    driver.draw((3, 8), (8, 8))
    drawn = driver.state
    driver.press("Ctrl+S")
    driver.press("Ctrl+N")
    stamps = itertools.count()  # at each look another program has written
    with monkeypatch.context() as patch:
        patch.setattr(session_files, "stamp", lambda path: (0, 0, next(stamps)))
        gate.opened.set()
        assert asked(driver).startswith("lesson.cnnx was changed by another program")
        driver.answer("cancel")
    driver.press("Ctrl+S")
    driver.answer("overwrite")
    kept(driver)
    driver.settle()
    assert driver.state is drawn
    assert title(driver) == "lesson - CNN Explorer"


def test_save_as_waits_for_a_file_that_is_written(
    make: Make, path: Path, gate: Gate, tmp_path: Path, choose: Callable[[Path | None], None]
) -> None:
    driver = make(path)
    begin_saving(driver, gate)
    choose(tmp_path / "other.cnnx")
    driver.press("Ctrl+Shift+S")
    driver.press("Ctrl+S")
    gate.opened.set()
    driver.wait(lambda: title(driver) == "other - CNN Explorer")
    assert not driver.questions


def test_a_result_for_another_document_gives_it_no_name(make: Make, path: Path, gate: Gate) -> None:
    driver = make(path)
    begin_saving(driver, gate)
    driver.window.sessions.restore(Session(hand_made()), None, None)
    with driver.qtbot.waitSignal(driver.window.sessions.said):
        gate.opened.set()
    assert title(driver) == "Untitled* - CNN Explorer"
    assert driver.window.sessions.path is None


def test_a_session_that_is_read_while_a_name_is_asked_for_is_opened_after_the_save(
    make: Make, path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    driver = make(path)
    began(driver)
    drawn = driver.state
    save(tmp_path / "other.cnnx", Session(hand_made()))

    def ask(*_: object) -> tuple[str, str]:
        driver.window.sessions.open(str(tmp_path / "other.cnnx"))
        driver.wait(lambda: not driver.window.sessions._job.busy)
        return str(tmp_path / "mine.cnnx"), ""

    monkeypatch.setattr(QFileDialog, "getSaveFileName", ask)
    driver.press("Ctrl+Shift+S")
    driver.wait(lambda: title(driver) == "other - CNN Explorer")
    assert not driver.questions
    assert_same(load(tmp_path / "mine.cnnx").state, drawn)


def test_of_files_opened_one_after_the_other_the_last_stays(
    make: Make, path: Path, tmp_path: Path
) -> None:
    driver = make(path)
    began(driver)
    for name in ("one.cnnx", "two.cnnx"):
        save(tmp_path / name, Session(hand_made()))
        driver.window.sessions.open(str(tmp_path / name))
    driver.answer("discard")
    driver.wait(lambda: title(driver) == "two - CNN Explorer")
    assert not driver.questions


# Work outside the scenes.


@pytest.fixture
def scenes_path(make: Make, path: Path) -> Path:
    """A session of two scenes, in the first."""
    state, view = hand_made(), driver_view(make, path)
    scenes = Scene("One", "", state, view), Scene("Two", "", replace(state, centred=True), view)
    save(path, Session(replace(state, scenes=scenes), view))
    return path


def test_work_in_a_scene_stays_unsaved_in_the_next_one(make: Make, scenes_path: Path) -> None:
    driver = make(scenes_path)
    driver.show()
    for key in ("PgDown", "PgUp", "PgDown", "PgUp"):
        driver.press(key)
        assert title(driver) == "lesson - CNN Explorer"
    driver.draw((3, 3), (20, 20))
    for key in ("PgDown", "PgUp", "Ctrl+0"):
        driver.press(key)
        assert title(driver) == "lesson* - CNN Explorer"
    driver.window.close()
    assert asked(driver) == "Save the changes to lesson.cnnx?"
    driver.answer("cancel")
    while driver.window.document.undo_stack.canUndo():
        driver.trigger("undo")
    assert title(driver) == "lesson - CNN Explorer"
    driver.press("PgDown")
    assert title(driver) == "lesson - CNN Explorer"


def test_once_saved_to_step_is_no_change_again(make: Make, scenes_path: Path) -> None:
    driver = make(scenes_path)
    began(driver)
    driver.press("Ctrl+S")
    kept(driver)
    driver.press("PgDown")
    assert title(driver) == "lesson - CNN Explorer"
    for command in ("undo", "undo", "redo"):  # the drawing, the first scene, the drawing
        driver.trigger(command)
        assert title(driver) == "lesson - CNN Explorer"


def test_work_while_a_file_is_written_stays_unsaved_in_another_scene(
    make: Make, scenes_path: Path, gate: Gate
) -> None:
    driver = make(scenes_path)
    begin_saving(driver, gate)
    driver.draw((3, 8), (8, 8))
    driver.press("PgDown")
    with driver.qtbot.waitSignal(driver.window.sessions.said):
        gate.opened.set()
    assert title(driver) == "lesson* - CNN Explorer"


# Lessons.


def test_a_lesson_is_called_by_its_name(
    make: Make, choose: Callable[[Path | None], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    driver = make()
    driver.show()
    driver.trigger("lesson_corners")
    assert title(driver) == "Why add? Corners from strokes - CNN Explorer"
    driver.draw((3, 3), (20, 20))
    proposed: list[str] = []

    def ask(parent: object, title: str, proposal: str, filters: str) -> tuple[str, str]:
        proposed.append(Path(proposal).name)
        return "", ""

    monkeypatch.setattr(QFileDialog, "getSaveFileName", ask)
    driver.press("Ctrl+S")
    assert proposed == ["Why add Corners from strokes.cnnx"]
    driver.window.close()
    assert asked(driver) == "Save the changes to “Why add? Corners from strokes”?"
    driver.answer("discard")


# Questions.


def test_a_question_that_is_closed_unanswered_is_rejected(make: Make, path: Path) -> None:
    driver = make(path)
    began(driver)
    driver.window.close()
    driver.wait(lambda: bool(driver.questions))
    (box,) = driver.questions
    box.done(0)
    assert not driver.questions
    assert driver.window.isVisible()
    assert driver.window.sessions.modified
