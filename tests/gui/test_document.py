"""The document: one signal for each change, undo and redo by identity, merged switches."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cnn_explorer.core.building import new_network
from cnn_explorer.core.drawing import blank
from cnn_explorer.core.schemes import ChannelScheme
from cnn_explorer.core.state import State
from cnn_explorer.gui.document import UNDO_LIMIT, Document, switch_scheme

pytestmark = pytest.mark.usefixtures("qapp")

NETWORK = new_network((1,), (1,))
FIRST = State(blank(), NETWORK)
Change = tuple[State, State]


def another(state: State = FIRST) -> State:
    return replace(state, drawing=blank())


def listened(document: Document) -> list[Change]:
    changes: list[Change] = []
    document.changed.connect(lambda new, old: changes.append((new, old)))
    return changes


def test_a_commit_changes_the_state_with_one_signal() -> None:
    document, new = Document(FIRST), another()
    changes = listened(document)

    document.commit("Step", new)

    assert document.state is new
    assert changes == [(new, FIRST)]
    assert document.undo_stack.undoText() == "Step"


def test_previews_are_no_steps_and_a_commit_of_the_last_sends_no_second_signal() -> None:
    document = Document(FIRST)
    changes = listened(document)
    half, whole = another(), another()

    document.preview(half)
    document.preview(whole)
    assert document.undo_stack.count() == 0
    document.commit("Stroke", whole)

    assert changes == [(half, FIRST), (whole, half)]
    assert document.undo_stack.count() == 1
    document.undo_stack.undo()
    assert document.state is FIRST, "a stroke is undone whole"


def test_what_is_there_already_is_no_step_and_no_signal() -> None:
    document = Document(FIRST)
    changes = listened(document)

    document.commit("Nothing", FIRST)
    document.preview(FIRST)

    assert not changes
    assert document.undo_stack.count() == 0


def test_undo_and_redo_bring_the_same_objects_back_with_one_signal_each() -> None:
    document, one, two = Document(FIRST), another(), another()
    document.commit("One", one)
    document.commit("Two", two)
    changes = listened(document)

    document.undo_stack.undo()
    document.undo_stack.undo()
    document.undo_stack.redo()

    assert changes == [(one, two), (FIRST, one), (one, FIRST)]
    assert document.undo_stack.undoText() == "One"
    assert document.undo_stack.redoText() == "Two"


def test_undo_takes_back_what_is_in_the_making_before_any_step() -> None:
    document, done = Document(FIRST), another()
    document.commit("Step", done)
    document.preview(another())

    document.undo()
    assert document.state is done
    document.undo()
    assert document.state is FIRST


def test_a_preview_is_dropped_by_undo() -> None:
    document, one = Document(FIRST), another()
    document.commit("One", one)
    document.preview(another())

    document.undo_stack.undo()

    assert document.state is FIRST
    document.undo_stack.redo()
    assert document.state is one


def test_a_step_after_undo_takes_the_place_of_what_could_be_redone() -> None:
    document, two = Document(FIRST), another()
    document.commit("One", another())
    document.undo_stack.undo()
    document.commit("Two", two)

    assert not document.undo_stack.canRedo()
    document.undo_stack.undo()
    assert document.state is FIRST


def test_history_tells_of_every_step() -> None:
    document = Document(FIRST)
    told: list[tuple[str, str]] = []
    stack = document.undo_stack
    document.history_changed.connect(lambda: told.append((stack.undoText(), stack.redoText())))

    document.commit("One", another())
    stack.undo()

    assert told == [("One", ""), ("", "One")]


def test_switches_that_follow_each_other_are_one_step() -> None:
    document = Document(FIRST)
    changes = listened(document)

    for scheme in (ChannelScheme.NAIVE, ChannelScheme.SHARED, ChannelScheme.NAIVE):
        switch_scheme(document, scheme)

    assert [new.scheme.value for new, _ in changes] == ["naive", "shared", "naive"]
    assert document.undo_stack.count() == 1
    document.undo_stack.undo()
    assert document.state is FIRST
    document.undo_stack.redo()
    assert document.state.scheme is ChannelScheme.NAIVE


def test_merged_switches_are_called_as_the_last_one() -> None:
    document = Document(FIRST)
    switch_scheme(document, ChannelScheme.NAIVE)
    switch_scheme(document, ChannelScheme.SHARED)

    assert document.undo_stack.undoText() == "Switch to Shared kernel"


def test_switches_with_a_stroke_between_them_are_steps_of_their_own() -> None:
    document = Document(FIRST)
    switch_scheme(document, ChannelScheme.NAIVE)
    document.commit("Draw stroke", another(document.state))
    switch_scheme(document, ChannelScheme.SHARED)

    assert document.undo_stack.count() == 3


def test_a_switch_to_the_scheme_at_hand_is_nothing() -> None:
    document = Document(FIRST)
    switch_scheme(document, FIRST.scheme)
    assert document.state is FIRST
    assert not document.undo_stack.canUndo()


def test_other_steps_are_never_merged() -> None:
    document = Document(FIRST)
    document.commit("Stroke", another())
    document.commit("Stroke", another())
    assert document.undo_stack.count() == 2


def test_only_the_last_steps_are_kept() -> None:
    document = Document(FIRST)
    states = [FIRST, *(another() for _ in range(UNDO_LIMIT + 5))]
    for state in states[1:]:
        document.commit("Step", state)

    assert document.undo_stack.count() == UNDO_LIMIT
    while document.undo_stack.canUndo():
        document.undo_stack.undo()
    assert document.state is states[5]


def test_steps_hold_no_more_weights_than_allowed(monkeypatch: pytest.MonkeyPatch) -> None:
    network = new_network((4, 4))
    weight = network.layers[1].weight.nbytes
    monkeypatch.setattr("cnn_explorer.gui.document.UNDO_BYTES", 2 * weight)
    document = Document(State(blank(), network))

    for count in range(3):
        layers = (
            network.layers[0],
            replace(network.layers[1], weight=network.layers[1].weight + 0),
        )
        document.commit(
            f"{count}", replace(document.state, network=replace(network, layers=layers))
        )
    document.commit("stroke", another(document.state))

    # The third network began the history anew; a stroke shares its weights.
    assert [document.undo_stack.text(0), document.undo_stack.text(1)] == ["2", "stroke"]
    assert document.undo_stack.count() == 2


def test_opening_a_document_leaves_no_way_back() -> None:
    document, opened = Document(FIRST), another()
    document.commit("Step", another())
    document.preview(another())
    changes = listened(document)

    document.open(opened)

    assert document.state is opened
    assert [new for new, _ in changes] == [opened]
    assert not document.undo_stack.canUndo()
    assert not document.undo_stack.canRedo()
    document.commit("Step", another())
    document.undo_stack.undo()
    assert document.state is opened


@given(st.lists(st.sampled_from(["commit", "preview", "undo", "redo", "switch"]), max_size=25))
def test_undo_is_a_walk_through_the_committed_states(moves: list[str]) -> None:
    """Against a list of states, each with whether a switch led to it, and a place in it."""
    document = Document(FIRST)
    steps, place = [(FIRST, False)], 0
    for move in moves:
        if move == "preview":
            shown = another(document.state)
            document.preview(shown)
        elif move == "commit":
            shown = another(document.state)
            document.commit("Step", shown)
            steps[place + 1 :] = [(shown, False)]
            place += 1
        elif move == "switch":
            naive = document.state.scheme is ChannelScheme.NAIVE
            switch_scheme(document, ChannelScheme.SHARED if naive else ChannelScheme.NAIVE)
            shown = document.state
            place += not steps[place][1]
            steps[place:] = [(shown, True)]
        elif move == "undo" and place:
            document.undo_stack.undo()
            place -= 1
            shown = steps[place][0]
        elif move == "redo" and place + 1 < len(steps):
            document.undo_stack.redo()
            place += 1
            shown = steps[place][0]
        else:
            shown = document.state
        assert document.state is shown
        assert document.undo_stack.canUndo() == (place > 0)
        assert document.undo_stack.canRedo() == (place + 1 < len(steps))
