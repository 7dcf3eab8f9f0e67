"""Which states of a document have work that a file does not hold."""

from weakref import WeakKeyDictionary

from cnn_explorer.core.scene_list import shows_scene
from cnn_explorer.core.state import State


class UnsavedWork:
    """Follows a document from what a file holds.

    What a file holds are its document and its scenes, so to go from scene to scene is no work. But
    a scene that is entered after work does not undo it: a state has work if it or one that it came
    from is not held. Undo goes back to a state that was seen, and so to what was known of it.

    Parameters
    ----------
    held
        What the file holds; None where there is no such file: then all is work.
    """

    def __init__(self, held: State | None) -> None:
        self._held = held
        self._has_work = WeakKeyDictionary[State, bool]()
        if held is not None:
            self._has_work[held] = False

    def follow(self, new: State, old: State) -> None:
        """Note that a state was replaced by another."""
        if new not in self._has_work:
            self._has_work[new] = self.is_in(old) or not self._holds(new)

    def is_in(self, state: State) -> bool:
        """Whether a state has work."""
        return self._has_work.get(state, not self._holds(state))

    def _holds(self, state: State) -> bool:
        """Whether the file has all of a state, as itself or as one of its scenes."""
        if self._held is None or state is self._held:
            return self._held is not None
        shown = (shows_scene(state, index) for index in range(len(state.scenes)))
        return state.scenes == self._held.scenes and any(shown)
