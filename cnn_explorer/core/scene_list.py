"""The scenes of a document: added, named, moved, taken out, entered. Each gives a new state."""

from dataclasses import replace

from cnn_explorer.core.state import LONGEST_NAME, LONGEST_SENTENCE, MAX_SCENES, Scene, State
from cnn_explorer.core.view import View


def add_scene(state: State, name: str, sentence: str, view: View, at: int | None = None) -> State:
    """Keep what a document is now, and what is on screen of it, as a scene.

    Parameters
    ----------
    state
        The document.
    name, sentence
        What the scene is called, and what there is to see. Without a name it gets its number.
    view
        What is on screen.
    at
        Its place, from 0; the end without it.

    Raises
    ------
    ValueError
        If there are as many scenes as there may be.
    """
    scenes = list(state.scenes)
    if len(scenes) >= MAX_SCENES:
        raise ValueError(
            f"There are {MAX_SCENES} scenes already, as many as a document can have: remove one "
            "first."
        )
    place = len(scenes) if at is None else at
    scenes.insert(place, Scene(_named(name, place), _said(sentence), _bare(state), view))
    return replace(state, scenes=tuple(scenes))


def name_scene(state: State, index: int, name: str, sentence: str) -> State:
    """Give a scene another name and another sentence."""
    scene = state.scenes[index]
    return _put(
        state,
        index,
        replace(scene, name=_named(name, index), sentence=_said(sentence)),
    )


def update_scene(state: State, index: int, view: View) -> State:
    """Keep what the document is now in place of what a scene held."""
    return _put(state, index, replace(state.scenes[index], state=_bare(state), view=view))


def move_scene(state: State, index: int, to: int) -> State:
    """Move a scene to another place; the others close up."""
    scenes = list(state.scenes)
    scenes.insert(to, scenes.pop(index))
    return replace(state, scenes=tuple(scenes))


def remove_scene(state: State, index: int) -> State:
    """Take a scene out; the document stays as it is."""
    return replace(state, scenes=state.scenes[:index] + state.scenes[index + 1 :])


def enter_scene(state: State, index: int) -> State:
    """The document as a scene has it, with all scenes; the same object where nothing changes."""
    scene = state.scenes[index]
    return state if shows_scene(state, index) else replace(scene.state, scenes=state.scenes)


def shows_scene(state: State, index: int) -> bool:
    """Whether a document is what a scene holds, and was not changed since it was entered."""
    held = state.scenes[index].state
    return (
        state.drawing is held.drawing
        and state.network is held.network
        and state.scheme is held.scheme
        and state.centred is held.centred
    )


def scene_of(state: State, view: View | None = None) -> int | None:
    """Which scene a document shows, as it was opened.

    Parameters
    ----------
    state
        The document.
    view
        What is on screen: of scenes that hold the same, one with this view is preferred, whatever
        its steps.

    Returns
    -------
    int or None
        Number of the scene, from 0, or None where the document shows none.
    """
    shown = [index for index in range(len(state.scenes)) if shows_scene(state, index)]
    if view is not None:
        wanted = _without_steps(view)
        alike = [one for one in shown if _without_steps(state.scenes[one].view) == wanted]
        shown = alike or shown
    return shown[0] if shown else None


def _without_steps(view: View) -> View:
    return replace(view, folds=(), revealed=None, hidden=False)


def _named(name: str, place: int) -> str:
    return _line(name, LONGEST_NAME) or f"Scene {place + 1}"


def _said(sentence: str) -> str:
    return _line(sentence, LONGEST_SENTENCE)


def _line(text: str, most: int) -> str:
    """Text as one line of at most so many letters, whatever was pasted."""
    plain = "".join(letter if letter.isprintable() else " " for letter in text)
    return " ".join(plain.split())[:most].strip()


def _bare(state: State) -> State:
    return replace(state, scenes=())


def _put(state: State, index: int, scene: Scene) -> State:
    return replace(state, scenes=(*state.scenes[:index], scene, *state.scenes[index + 1 :]))
