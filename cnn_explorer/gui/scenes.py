"""Going from scene to scene, and within a scene from step to step."""

from collections.abc import Mapping
from weakref import WeakKeyDictionary

from PySide6.QtCore import QObject, Signal, Slot
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QWidget

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
from cnn_explorer.core.state import Scene, State
from cnn_explorer.core.view import View
from cnn_explorer.gui.centre import Centre
from cnn_explorer.gui.contributions import Contributions
from cnn_explorer.gui.document import Document
from cnn_explorer.gui.inspector import Inspector
from cnn_explorer.gui.scene_bar import EDITS
from cnn_explorer.gui.scene_dialog import SceneDialog
from cnn_explorer.gui.selection import SelectionModel
from cnn_explorer.gui.viewing import Viewing

_MERGE = 30  # scenes that are entered one after the other are one undo step
_THERE = ("step_on", "step_back", *EDITS)


class Scenes(QObject):
    """Knows which scene is open, and goes on from it.

    Parameters
    ----------
    actions
        All actions by name; those on scenes are connected here.
    document, selection, viewing, centre, inspector
        What has scenes, and what shows them.
    window
        Where dialogs open.

    Signals
    -------
    said(text)
        What was done, or why it cannot be.
    """

    said = Signal(str)

    def __init__(
        self,
        actions: Mapping[str, QAction],
        document: Document,
        selection: SelectionModel,
        viewing: Viewing,
        centre: Centre,
        inspector: Inspector,
        window: QWidget,
    ) -> None:
        super().__init__(window)
        self._actions = actions
        self._document = document
        self._selection = selection
        self._viewing = viewing
        self._centre = centre
        self._inspector = inspector
        self._window = window
        self._current: int | None = None
        # In which scene each state of the document was last, so that undo goes back to that too.
        self._of_state = WeakKeyDictionary[State, int | None]()
        document.changed.connect(self._follow)
        document.opened.connect(self._begin)
        viewing.opened.connect(self._begin_with)
        centre.scene_bar.chosen.connect(self.go)
        for name, slot in (
            ("add_scene", self._ask_to_add),
            ("rename_scene", self._ask_to_name),
            ("update_scene", self._update),
            ("scene_earlier", self._move_earlier),
            ("scene_later", self._move_later),
            ("remove_scene", self._remove),
            ("scene_as_saved", self.restore),
            ("step_on", self.step_on),
            ("step_back", self.step_back),
            ("row_by_row", self._set_row_by_row),
        ):
            actions[name].triggered.connect(slot)
        self._begin()

    @property
    def current(self) -> int | None:
        """Number of the scene that is open, from 0, or None."""
        return self._current

    # Going.

    @Slot(int)
    def go(self, index: int) -> None:
        """Enter a scene as it was saved."""
        state = self._document.state
        scene = state.scenes[index]
        self._current = index
        text = f"Scene {index + 1}: {scene.name}"
        self._document.commit(text, enter_scene(state, index), merge=_MERGE)
        self._viewing.show(scene.view)
        if scene.view.selection.layer is not None:
            self._centre.layers.show_card(scene.view.selection.layer)
        self._show()

    @Slot()
    def restore(self) -> None:
        """Bring the scene that is open back as it was saved."""
        if self._current is not None:
            self.go(self._current)

    @Slot()
    def step_on(self) -> None:
        """Go on: a step within the scene, or the next scene."""
        if self._current is None:
            if self._document.state.scenes:
                self.go(0)
        elif not self._fold_on(1) and not self._inspector.making.step(1):
            if self._current + 1 < len(self._document.state.scenes):
                self.go(self._current + 1)
            else:
                self.said.emit("This is the last scene.")
        self._show()

    @Slot()
    def step_back(self) -> None:
        """Go back: a step within the scene, or the end of the scene before."""
        if self._current is None or self._unmade() or self._fold_on(-1):
            return
        if self._current:
            self.go(self._current - 1)
            self._end()

    def _fold_on(self, by: int) -> bool:
        """Go on with the fold, or back as far as the scene was saved; tell whether it moved."""
        face, begin = self._folding
        if face is None or (by < 0 and face.step <= begin):
            return False
        return face.step_on(by)

    @property
    def _folding(self) -> tuple[Contributions | None, int]:
        """The contributions of the selected layer, if they are shown, and where they begin."""
        layer, cards = self._selection.current.layer, self._centre.layers.cards
        if layer is None or self._centre.is_enlarged:
            return None, 0
        shown = cards[layer].contributions
        if shown is None or shown.isHidden():
            return None, 0
        folds = self._saved.folds
        return shown, folds[layer] if layer < len(folds) else 0

    def _unmade(self) -> bool:
        """Take the last step of how the map is made back, if the scene was saved before it."""
        making, begin = self._inspector.making, self._saved.revealed
        if begin is None or making.revealed is None or making.revealed <= begin:
            return False
        return making.step(-1)

    def _end(self) -> None:
        """Go to the last step of the scene."""
        face, _ = self._folding
        if face is not None:
            face.put_at(face.last_step)
        while self._inspector.making.step(1):
            pass

    @property
    def _saved(self) -> View:
        """The view of the scene that is open."""
        return View() if self._scene is None else self._scene.view

    @property
    def _scene(self) -> Scene | None:
        return None if self._current is None else self._document.state.scenes[self._current]

    # The list.

    @Slot()
    def _ask_to_add(self) -> None:
        dialog = SceneDialog("Add what is on screen as a scene", parent=self._window)
        dialog.named.connect(self.add)
        dialog.open()

    @Slot(str, str)
    def add(self, name: str, sentence: str) -> None:
        """Keep what is on screen as a scene, after the one that is open."""
        state = self._document.state
        place = len(state.scenes) if self._current is None else self._current + 1
        try:
            added = add_scene(state, name, sentence, self._viewing.current, place)
        except ValueError as error:
            self.said.emit(str(error))
            return
        self._commit(f"Add scene “{added.scenes[place].name}”", added, place)

    @Slot()
    def _ask_to_name(self) -> None:
        if self._scene is None:
            return
        scene = self._scene
        dialog = SceneDialog("Name of the scene", scene.name, scene.sentence, self._window)
        dialog.named.connect(self._name)
        dialog.open()

    @Slot(str, str)
    def _name(self, name: str, sentence: str) -> None:
        if self._current is not None:
            state = name_scene(self._document.state, self._current, name, sentence)
            self._commit("Name scene", state, self._current)

    @Slot()
    def _update(self) -> None:
        if self._scene is not None and self._current is not None:
            state = update_scene(self._document.state, self._current, self._viewing.current)
            name = self._scene.name
            self._commit(f"Update scene “{name}”", state, self._current)
            self.said.emit(f"“{name}” is now what is on screen.")

    @Slot()
    def _move_earlier(self) -> None:
        self._move(-1)

    @Slot()
    def _move_later(self) -> None:
        self._move(1)

    def _move(self, by: int) -> None:
        if self._scene is not None and self._current is not None:
            to = self._current + by
            if to in range(len(self._document.state.scenes)):
                state = move_scene(self._document.state, self._current, to)
                self._commit(f"Move scene “{self._scene.name}”", state, to)

    @Slot()
    def _remove(self) -> None:
        if self._scene is not None and self._current is not None:
            state = remove_scene(self._document.state, self._current)
            index = min(self._current, len(state.scenes) - 1)
            text = f"Remove scene “{self._scene.name}”"
            self._commit(text, state, index if state.scenes else None)

    def _commit(self, text: str, state: State, current: int | None) -> None:
        """Make a change of the list one undo step, after which another scene may be open."""
        self._current = current
        self._document.commit(text, state)

    @Slot(bool)
    def _set_row_by_row(self, begin: bool) -> None:
        self._inspector.show_making()
        self._inspector.making.reveal(0 if begin else None)

    # What is shown.

    @Slot(object, object)
    def _follow(self, new: State, old: State) -> None:
        """Tell which scene the document is in now, for it may have been undone."""
        known = self._of_state.get(new, self._current)
        last = len(new.scenes) - 1
        self._current = None if known is None or last < 0 else min(known, last)
        if last < 0 and old.scenes:
            self._inspector.making.reveal(None)
        self._show()

    @Slot()
    def _begin(self) -> None:
        """Tell which scene another document is in."""
        self._current = scene_of(self._document.state)
        self._show()

    @Slot(object)
    def _begin_with(self, view: View) -> None:
        """Tell it once more, now that its view is known."""
        self._current = scene_of(self._document.state, view)
        self._show()

    def _show(self) -> None:
        state, current = self._document.state, self._current
        self._of_state[state] = current
        changed = current is not None and not shows_scene(state, current)
        self._centre.scene_bar.show_scenes(state.scenes, current, changed=changed)
        for name in _THERE:
            self._actions[name].setVisible(bool(state.scenes))
        self._actions["scene_as_saved"].setVisible(current is not None)
        if current is not None:
            self._actions["scene_earlier"].setVisible(current > 0)
            self._actions["scene_later"].setVisible(current + 1 < len(state.scenes))
        self._actions["row_by_row"].setChecked(self._inspector.making.revealed is not None)
