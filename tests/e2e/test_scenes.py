"""Scenes with real keys: kept, gone through step by step, undone, saved and opened."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QDialog, QLineEdit

from cnn_explorer.core.scenes import is_corner_scene
from cnn_explorer.core.schemes import ChannelScheme
from cnn_explorer.gui.contributions import Contributions
from cnn_explorer.io import session
from cnn_explorer.io.lessons import LESSONS, lesson
from cnn_explorer.io.session import Session

from .conftest import Driver


@pytest.fixture
def still(driver: Driver) -> Driver:
    """The program, in which nothing moves by itself."""
    driver.window.store.update(reduced_motion=True)
    return driver


def bar(driver: Driver) -> tuple[str, str, str]:
    return driver.window.centre.scene_bar.texts()


def contributions(driver: Driver) -> Contributions:
    found = driver.cards[1].contributions
    assert found is not None
    return found


def visible(driver: Driver, name: str) -> bool:
    return driver.window.actions_by_name[name].isVisible()


def three_scenes(driver: Driver) -> None:
    """The maps; the contributions, to be folded; the scheme Naive."""
    driver.window.scenes.add("Maps", "Four maps.")
    driver.trigger("face_contributions")
    driver.window.scenes.add("Fold", "Twelve become four.")
    driver.trigger("face_maps")
    driver.trigger("naive")
    driver.window.scenes.add("Naive", "Twelve maps.")
    driver.window.scenes.go(0)
    driver.settle()


def test_a_scene_is_added_by_its_key_and_named_in_a_dialog(driver: Driver) -> None:
    driver.press("Ctrl+Shift+A")
    (dialog,) = driver.window.findChildren(QDialog)
    name, sentence = dialog.findChildren(QLineEdit)
    QTest.keyClicks(name, "Maps")
    QTest.keyClicks(sentence, "Four maps.")
    dialog.accept()
    driver.settle()
    assert bar(driver) == ("1 of 1", "Maps", "Four maps.")
    assert driver.window.document.undo_stack.undoText() == "Add scene “Maps”"
    assert driver.window.centre.question.isHidden()
    driver.press("Ctrl+Z")
    assert driver.window.centre.scene_bar.isHidden()
    assert not driver.window.centre.question.isHidden()
    assert not visible(driver, "step_on")


def test_page_down_goes_through_steps_and_scenes_and_page_up_back(still: Driver) -> None:
    three_scenes(still)
    seen = [(still.window.scenes.current, contributions(still).step)]
    for _ in range(8):
        still.press("PgDown")
        seen.append((still.window.scenes.current, contributions(still).step))
    assert [scene for scene, _ in seen] == [0, 1, 1, 1, 1, 1, 1, 2, 2]
    assert [step for _, step in seen[1:7]] == [0, 1, 2, 3, 4, 5]
    assert still.state.scheme is ChannelScheme.NAIVE
    assert still.says == "This is the last scene."
    back = []
    for _ in range(7):
        still.press("PgUp")
        back.append((still.window.scenes.current, contributions(still).step))
    assert back[:6] == [(1, step) for step in (5, 4, 3, 2, 1, 0)]
    assert back[6][0] == 0
    still.press("PgUp")
    assert still.window.scenes.current == 0


def test_scenes_gone_through_are_one_step_to_undo(still: Driver) -> None:
    three_scenes(still)
    before = still.state
    count = still.window.document.undo_stack.count()
    still.window.scenes.go(2)
    still.window.scenes.go(1)
    still.window.scenes.go(2)
    still.settle()
    assert still.window.document.undo_stack.count() == count
    assert still.window.document.undo_stack.undoText() == "Scene 3: Naive"
    assert still.state.scenes is before.scenes
    still.press("Ctrl+Z")
    assert still.window.document.undo_stack.redoText() == "Scene 3: Naive"
    assert bar(still)[0] == "3 of 3"  # where it was before the first was entered
    still.press("Ctrl+Y")
    assert still.state.scheme is ChannelScheme.NAIVE


def test_what_is_changed_in_a_scene_is_free_and_goes_back_by_a_key(still: Driver) -> None:
    three_scenes(still)
    saved = still.state.scenes[0].state
    still.draw((3, 3), (20, 20))
    still.press("Ctrl+2")
    assert still.state.drawing is not saved.drawing
    assert bar(still)[0] == "1 of 3"
    still.press("Ctrl+0")
    assert still.state.drawing is saved.drawing
    assert still.state.scheme is ChannelScheme.REAL
    still.press("Ctrl+2")
    still.press("PgDown")
    assert bar(still)[1] == "Fold"
    assert still.state.drawing is saved.drawing


def test_the_list_is_changed_step_by_step_and_taken_back(still: Driver) -> None:
    three_scenes(still)

    def names() -> list[str]:
        return [scene.name for scene in still.state.scenes]

    first = names()
    still.trigger("scene_later")
    assert names() == ["Fold", "Maps", "Naive"]
    assert bar(still)[0] == "2 of 3"
    still.trigger("scene_earlier")
    assert names() == first
    assert not visible(still, "scene_earlier")
    still.draw((3, 3), (20, 20))
    drawn = still.state.drawing
    still.trigger("update_scene")
    assert still.state.scenes[0].state.drawing is drawn
    still.trigger("rename_scene")
    (dialog,) = still.window.findChildren(QDialog)
    dialog.findChildren(QLineEdit)[0].setText("Mine")
    dialog.accept()
    still.settle()
    assert names() == ["Mine", "Fold", "Naive"]
    still.trigger("remove_scene")
    assert names() == ["Fold", "Naive"]
    for _ in range(4):
        still.press("Ctrl+Z")
    assert names() == first


def test_the_tenth_scene_is_refused_in_a_sentence(driver: Driver) -> None:
    for _ in range(9):
        driver.window.scenes.add("", "")
    driver.window.scenes.add("", "")
    assert len(driver.state.scenes) == 9
    assert driver.says.startswith("There are 9 scenes already")


def test_rows_are_shown_one_by_one(still: Driver) -> None:
    still.trigger("row_by_row")
    making = still.window.inspector.making
    assert making.revealed == 0
    still.window.scenes.add("Rows", "Row by row.")
    for step in range(1, 6):
        still.press("PgDown")
        assert making.revealed == step
    still.press("PgDown")
    assert making.revealed == 5
    still.press("PgUp")
    assert making.revealed == 4
    still.press("Ctrl+0")
    assert making.revealed == 0
    still.trigger("remove_scene")
    assert making.revealed is None


def test_scenes_survive_saving_and_opening(
    still: Driver, make: Callable[[], Driver], tmp_path: Path
) -> None:
    three_scenes(still)
    still.press("PgDown")
    path = tmp_path / "lesson.cnnx"
    session.save(path, Session(still.state, still.window.viewing.current))
    loaded = session.load(path)
    still.window.viewing.open(loaded.state, loaded.view)
    still.settle()
    assert [scene.view for scene in loaded.state.scenes] == [s.view for s in still.state.scenes]
    assert bar(still) == ("2 of 3", "Fold", "Twelve become four.")
    assert still.window.document.undo_stack.count() == 0
    still.press("PgDown")
    assert contributions(still).step == 1


@pytest.mark.parametrize("name", LESSONS)
def test_a_lesson_is_played_to_its_end_by_page_down_alone(still: Driver, name: str) -> None:
    still.trigger(f"lesson_{name}")
    assert bar(still)[0] == "1 of 7"
    shown = 1
    for _ in range(60):
        still.press("PgDown")
        shown += 1
        if still.says == "This is the last scene.":
            break
    assert bar(still)[0] == "7 of 7"
    assert shown >= 7
    assert is_corner_scene(lesson("corners").state.network) is False  # read anew, of its own


def test_hidden_answers_come_by_a_key(driver: Driver) -> None:
    window = driver.window
    told = [button.text() for button in window.switch._buttons.buttons()]
    assert all("→" in text for text in told)
    driver.press("H")
    assert not any("→" in button.text() for button in window.switch._buttons.buttons())
    assert not any("12" in button.toolTip() for button in window.switch._buttons.buttons())
    assert window.input.prediction.isHidden()
    assert window.viewing.current.hidden
    window.scenes.add("Hidden", "")
    driver.press("H")
    assert [button.text() for button in window.switch._buttons.buttons()] == told
    assert not window.input.prediction.isHidden()
    driver.press("Ctrl+0")
    assert window.viewing.current.hidden


def test_cards_do_not_tell_a_hidden_answer(driver: Driver) -> None:
    driver.trigger("naive")
    told = [card._shapes.text() for card in driver.cards]
    assert told[1].endswith("28×28×<b>12</b> = 3 × 4")
    driver.press("H")
    assert [card._shapes.text() for card in driver.cards] == [
        "28×28×1 → 3 flat kernels of 3×3 → 28×28×<b>3</b>",  # which the question says itself
        "28×28×3 → 4 flat kernels of 3×3 on every map → 28×28×<b>?</b>",
    ]
    assert "12" not in driver.cards[1]._shapes.toolTip()
    assert driver.cards[1]._address._label.text() == "all maps"
    driver.press("Ctrl+L")
    added = driver.cards[2]._shapes.text()
    assert added.startswith("28×28×? → ")
    assert added.endswith("28×28×<b>?</b>")
    driver.trigger("undo")
    driver.press("H")
    assert [card._shapes.text() for card in driver.cards] == told


def test_an_opened_document_is_in_its_own_scene(driver: Driver) -> None:
    three_scenes(driver)
    driver.window.scenes.go(2)
    loaded = lesson("maps")
    driver.window.document.open(loaded.state)
    driver.settle()
    assert bar(driver)[0] == "1 of 7"
    np.testing.assert_array_equal(driver.state.drawing, loaded.state.drawing)
