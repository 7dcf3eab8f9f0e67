"""What is on screen as a value: taken, left, and shown again."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from cnn_explorer.app import Folders
from cnn_explorer.core.schemes import ChannelScheme
from cnn_explorer.core.state import Scene, State
from cnn_explorer.core.view import View
from cnn_explorer.gui.settings import SettingsStore

from .conftest import Driver

COMMANDS = ("face_contributions", "fold", "tensors", "enlarge", "contrast", "colours_grey", "zoom")


def test_the_opening_view_is_taken_and_shown(make: Callable[[], Driver]) -> None:
    driver = make()
    driver.show()
    opening = driver.window.viewing.current
    assert opening == View(selection=driver.window.selection.current)
    for command in COMMANDS:
        driver.trigger(command)
        assert driver.window.viewing.current != opening, command
        driver.window.viewing.show(opening)
        driver.settle()
        assert driver.window.viewing.current == opening, command


@pytest.mark.parametrize("scheme", ChannelScheme)
def test_what_was_seen_is_seen_again_in_every_scheme(driver: Driver, scheme: ChannelScheme) -> None:
    window = driver.window
    driver.trigger(scheme.value)
    driver.cards[0].show_face(2)
    driver.cards[1].show_face(1)
    contributions = driver.cards[1].contributions
    assert contributions is not None
    contributions.show_sums(scheme is not ChannelScheme.NAIVE)
    contributions.put_at(2)
    window.selection.select(window.selection.current.at((1, 3), (5, 6)))
    window.inspector.show_class(4)
    window.store.update(contrast=4, layout="pytorch", order="index")
    driver.settle()
    seen, state = window.viewing.current, driver.state
    assert seen.faces == ("kernels", "contributions")
    assert seen.folds == (0, 2)
    assert (seen.tab, seen.digit) == ("evidence", 4)

    driver.trigger("trained_3-4")
    driver.trigger("face_maps")
    driver.trigger("escape")
    driver.trigger("making")
    driver.window.store.reset()
    window.viewing.open(state, seen)
    driver.settle()
    assert driver.state is state
    assert window.viewing.current == seen


def test_scenes_are_part_of_the_document_and_have_none_of_their_own(driver: Driver) -> None:
    state = driver.state
    scene = Scene("one", "", state, driver.window.viewing.current)
    driver.window.document.commit("Add a scene", replace(state, scenes=(scene,)))
    driver.trigger("undo")
    assert driver.state.scenes == ()
    with pytest.raises(ValueError, match="at most 9 scenes, not 10"):
        replace(state, scenes=(scene,) * 10)
    inner = Scene("two", "", replace(state, scenes=(scene,)), View())
    with pytest.raises(ValueError, match="A scene has no scenes of its own"):
        State(state.drawing, state.network, scenes=(inner,))


def docks(driver: Driver) -> list[bool]:
    return [not dock.isHidden() for dock in driver.window._docks]


def test_what_a_lesson_hides_is_there_after_it(make: Callable[[], Driver]) -> None:
    driver = make()
    driver.show()
    driver.trigger("lesson_maps")
    driver.trigger("answers")
    assert docks(driver) == [True, False]
    assert driver.window.viewing.current.hidden
    driver.trigger("new")
    assert docks(driver) == [True, True]
    assert not driver.window.viewing.current.hidden


def test_docks_of_a_scene_are_not_kept_as_those_of_the_window(
    make: Callable[[], Driver], folders: Folders
) -> None:
    driver = make()
    driver.show()
    driver.trigger("lesson_maps")
    assert docks(driver) == [True, False]
    driver.window.close()
    again = make()
    again.show()
    assert docks(again) == [True, True]
    again.window._docks[0].toggleViewAction().trigger()
    again.window.close()
    last = make()
    last.show()
    assert docks(last) == [False, True], "what the user hid is kept"


@pytest.mark.parametrize("command", ["making", "tensors", "kernel", "zoom"])
def test_what_goes_to_the_inspector_brings_it_back(driver: Driver, command: str) -> None:
    driver.window.viewing.show(replace(driver.window.viewing.current, inspector=False))
    driver.settle()
    assert docks(driver) == [True, False]
    driver.trigger(command)
    assert docks(driver) == [True, True]


def test_a_class_that_is_clicked_brings_the_inspector_back(driver: Driver) -> None:
    driver.trigger("trained_3-4")
    driver.window.viewing.show(replace(driver.window.viewing.current, inspector=False))
    driver.window.input.prediction.bars.chosen.emit(3)
    driver.settle()
    assert docks(driver) == [True, True]
    assert driver.window.viewing.current.digit == 3


def test_a_lesson_leaves_the_settings_as_the_user_chose_them(
    make: Callable[[], Driver], folders: Folders
) -> None:
    driver = make()
    driver.show()
    driver.trigger("colours_viridis")
    driver.trigger("contrast")
    driver.trigger("lesson_maps")
    assert driver.window.store.current.colour_map == "signed"
    assert driver.window.store.current.contrast == 1
    kept = SettingsStore(folders.config / "settings.json").current
    assert (kept.colour_map, kept.contrast) == ("viridis", 2)
    driver.trigger("new")
    assert driver.window.store.current.colour_map == "viridis"
    assert driver.window.store.current.contrast == 2
