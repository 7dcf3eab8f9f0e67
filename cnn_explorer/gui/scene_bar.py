"""The line above the layers that says which scene is open, and what there is to see."""

import re
from collections.abc import Mapping, Sequence

from PySide6.QtCore import QSignalMapper, Qt, Signal, Slot
from PySide6.QtGui import QAccessible, QAccessibleAnnouncementEvent, QAction
from PySide6.QtWidgets import QHBoxLayout, QMenu, QToolButton, QVBoxLayout, QWidget

from cnn_explorer.core.state import Scene
from cnn_explorer.gui.band import MARGIN, Band
from cnn_explorer.gui.flow import FlowLayout, OneLine

EDITS = ("rename_scene", "update_scene", "scene_earlier", "scene_later", "remove_scene")
"""Names of the actions on the scene that is open, as menus have them."""

_CAPTIONS = {"step_back": "◀", "step_on": "▶", "scene_as_saved": "As saved"}
_SPACE = "\N{NO-BREAK SPACE}"


class SceneBar(Band):
    """Where one is among the scenes, the scene's name and its sentence.

    Parameters
    ----------
    actions
        All actions by name.

    Signals
    -------
    chosen(index)
        The user asks for the scene with this number, from 0.
    """

    chosen = Signal(int)

    def __init__(self, actions: Mapping[str, QAction], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._actions = actions
        self._numbers = QSignalMapper(self)
        self._numbers.mappedInt.connect(self.chosen)
        self._place = QToolButton(self)
        self._place.setToolTip("Go to a scene, name it, or change the list")
        self._place.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self._place.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self._menu = QMenu(self._place)
        self._menu.aboutToShow.connect(self._fill)
        self._place.setMenu(self._menu)
        self._name = OneLine(self)
        self._name.setTextFormat(Qt.TextFormat.PlainText)
        self._name.setProperty("role", "heading")
        self._sentence = OneLine(self)
        self._sentence.setTextFormat(Qt.TextFormat.PlainText)
        for name, text in _CAPTIONS.items():
            actions[name].setIconText(text)
        self._back = self._button("scene_as_saved")
        self._scenes: Sequence[Scene] = ()
        row = FlowLayout()
        column = QVBoxLayout(self)
        column.setContentsMargins(MARGIN + 12, MARGIN + 8, MARGIN + 8, 8)
        column.addLayout(row)
        for widget in (self._way(), self._name, self._back, self._sentence):
            row.addWidget(widget)
        self.setAccessibleName("Scenes")
        self.hide()

    def show_scenes(self, scenes: Sequence[Scene], current: int | None, *, changed: bool) -> None:
        """Show where one is.

        Parameters
        ----------
        scenes
            All; without any, the line is not there.
        current
            Number of the one that is open, from 0, or None.
        changed
            Whether the document differs from it.
        """
        self._scenes = scenes
        count = len(scenes)
        scene = None if current is None else scenes[current]
        where = f"{count} scene{'' if count == 1 else 's'}"
        self._place.setText(f"{where} ▾" if current is None else f"{current + 1} of {count} ▾")
        self._place.setAccessibleName(
            where if current is None else f"Scene {current + 1} of {count}"
        )
        self._name.setText("" if scene is None else scene.name)
        sentence = "Page Down begins." if scene is None else scene.sentence
        told = _unbroken(sentence) != self._sentence.text()
        self._sentence.setText(_unbroken(sentence))
        self._name.setVisible(scene is not None)
        self._sentence.setVisible(bool(sentence))
        self._back.setVisible(changed)
        self.setVisible(bool(scenes))
        if told and scene is not None:
            said = QAccessibleAnnouncementEvent(self, f"{scene.name}. {sentence}")
            QAccessible.updateAccessibility(said)

    def set_bare(self, bare: bool) -> None:
        """Put the arrows away, for there are keys."""
        for arrow in self._arrows:
            arrow.setVisible(not bare)

    def texts(self) -> tuple[str, str, str]:
        """Where one is, the scene's name, its sentence."""
        sentence = self._sentence.text().replace(_SPACE, " ")
        return self._place.text().removesuffix(" ▾"), self._name.text(), sentence

    def _way(self) -> QWidget:
        """Backwards, the number, forwards."""
        box = QWidget(self)
        row = QHBoxLayout(box)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(3)
        self._arrows = self._button("step_back"), self._button("step_on")
        for widget in (self._arrows[0], self._place, self._arrows[1]):
            row.addWidget(widget)
        return box

    def _button(self, name: str) -> QToolButton:
        button = QToolButton(self)
        button.setDefaultAction(self._actions[name])
        button.setAccessibleName(self._actions[name].text().replace("&", ""))
        button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextOnly)
        button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        return button

    @Slot()
    def _fill(self) -> None:
        """List the scenes, and what can be done with the one that is open."""
        self._menu.clear()
        for index, scene in enumerate(self._scenes):
            action = self._menu.addAction(f"{index + 1}  {scene.name.replace('&', '&&')}")
            action.triggered.connect(self._numbers.map)
            self._numbers.setMapping(action, index)
        self._menu.addSeparator()
        self._menu.addActions([self._actions[name] for name in ("add_scene", *EDITS)])


def _unbroken(text: str) -> str:
    """The same with no line ending within what is reckoned: “1 + 2 = 3”, “[3, 5, 2, 4]”."""
    return re.sub(r"(?<=[\d,+−=·]) (?=[\d+−·])", _SPACE, text)
