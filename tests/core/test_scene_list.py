"""Scenes as a list of a document: every operation against the same on a list of names."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cnn_explorer.core.building import new_network
from cnn_explorer.core.scene_list import (
    add_scene,
    enter_scene,
    move_scene,
    name_scene,
    remove_scene,
    scene_of,
    shows_scene,
    update_scene,
)
from cnn_explorer.core.schemes import ChannelScheme
from cnn_explorer.core.state import MAX_SCENES, State
from cnn_explorer.core.view import View

VIEW = View(enlarged=True)


def opening() -> State:
    return State(np.zeros((28, 28), np.float32), new_network())


def names(state: State) -> list[str]:
    return [scene.name for scene in state.scenes]


def three() -> State:
    state = opening()
    for scheme in ChannelScheme:
        state = add_scene(replace(state, scheme=scheme), scheme.value, "", VIEW)
    return state


def test_a_scene_holds_the_document_without_scenes_and_the_view():
    state = add_scene(add_scene(opening(), " One ", " It is. ", VIEW), "", "", View(), at=0)
    assert names(state) == ["Scene 1", "One"]
    scene = state.scenes[1]
    assert (scene.sentence, scene.view) == ("It is.", VIEW)
    assert scene.state.scenes == ()
    assert scene.state.drawing is state.drawing
    assert scene.state.network is state.network


def test_more_than_nine_are_refused_in_a_sentence():
    state = opening()
    for _ in range(MAX_SCENES):
        state = add_scene(state, "", "", VIEW)
    with pytest.raises(ValueError, match=r"^There are 9 scenes already, .*: remove one first\.$"):
        add_scene(state, "", "", VIEW)


def test_a_scene_is_named_and_updated_and_the_others_stay():
    state = three()
    named = name_scene(state, 1, "Other", "Why.")
    assert names(named) == ["real", "Other", "shared"]
    assert named.scenes[1].state is state.scenes[1].state
    assert names(name_scene(state, 1, " ", "")) == ["real", "Scene 2", "shared"]
    other = update_scene(state, 0, View())
    assert other.scenes[0].name == "real"
    assert other.scenes[0].state.scheme is ChannelScheme.SHARED
    assert other.scenes[0].view == View()
    assert other.scenes[1:] == state.scenes[1:]


def test_to_enter_gives_what_was_kept_with_all_scenes():
    state = three()
    entered = enter_scene(state, 1)
    assert entered.scheme is ChannelScheme.NAIVE
    assert entered.scenes is state.scenes
    assert enter_scene(entered, 1) is entered
    assert [shows_scene(entered, index) for index in range(3)] == [False, True, False]


def test_an_opened_document_is_in_the_scene_that_it_shows():
    state = three()
    assert scene_of(state) == 2
    assert scene_of(enter_scene(state, 0)) == 0
    drawn = replace(state, drawing=np.ones((28, 28), np.float32))
    assert scene_of(drawn) is None
    assert scene_of(replace(drawn, scenes=())) is None


def test_of_scenes_that_hold_the_same_it_is_the_one_with_the_same_view():
    folded = View(faces=("maps", "contributions"))
    state = add_scene(three(), "folded", "", folded)
    assert scene_of(state) == 2
    assert scene_of(state, folded) == 3
    assert scene_of(state, replace(folded, folds=(0, 4), revealed=2)) == 3
    assert scene_of(state, View(tab="tensors")) == 2


@given(st.lists(st.tuples(st.sampled_from("ard"), st.integers(0, 8), st.integers(0, 8))))
def test_a_list_of_names_goes_the_same_way(moves):
    state, expected = opening(), []
    for number, (kind, one, other) in enumerate(moves):
        count = len(expected)
        if kind == "a" and count < MAX_SCENES:
            state = add_scene(state, str(number), "", VIEW, at=one % (count + 1))
            expected.insert(one % (count + 1), str(number))
        elif kind == "r" and count:
            state = remove_scene(state, one % count)
            del expected[one % count]
        elif kind == "d" and count:
            state = move_scene(state, one % count, other % count)
            expected.insert(other % count, expected.pop(one % count))
        assert names(state) == expected
