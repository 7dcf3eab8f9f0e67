"""The line of scenes: where one is, what there is to see, and the way to the others."""

import numpy as np
import pytest
from PySide6.QtCore import QObject
from PySide6.QtWidgets import QMenu, QToolButton
from pytestqt.qtbot import QtBot

from cnn_explorer.core.building import new_network
from cnn_explorer.core.state import Scene, State
from cnn_explorer.core.view import View
from cnn_explorer.gui.actions import make_actions
from cnn_explorer.gui.scene_bar import SceneBar


@pytest.fixture
def bar(qtbot: QtBot) -> SceneBar:
    parent = QObject()
    bar = SceneBar(make_actions(parent))
    parent.setParent(bar)
    qtbot.addWidget(bar)
    bar.resize(600, 100)
    return bar


def scenes(*sentences: str) -> list[Scene]:
    state = State(np.zeros((28, 28), np.float32), new_network())
    return [Scene(f"Name {n} & more", text, state, View()) for n, text in enumerate(sentences)]


def test_without_scenes_it_is_not_there(bar: SceneBar) -> None:
    assert bar.isHidden()
    bar.show_scenes(scenes("One."), None, changed=False)
    assert not bar.isHidden()
    assert bar.texts() == ("1 scene", "", "Page Down begins.")
    bar.show_scenes((), None, changed=False)
    assert bar.isHidden()


def test_it_says_where_one_is_and_what_there_is_to_see(bar: SceneBar) -> None:
    sums = "Here 0.2790 + 0.9744 − 0.0282 = 1.2252, of [3, 5, 2, 4]."
    bar.show_scenes(scenes("One.", sums), 1, changed=False)
    assert bar.texts() == ("2 of 2", "Name 1 & more", sums)


def test_the_way_back_is_there_when_something_was_changed(bar: SceneBar) -> None:
    bar.show()
    found = bar.findChildren(QToolButton)
    (back,) = (button for button in found if button.text() == "As saved")
    for changed in (False, True):
        bar.show_scenes(scenes("One."), 0, changed=changed)
        assert back.isVisible() == changed


def test_a_scene_is_chosen_from_the_list(bar: SceneBar, qtbot: QtBot) -> None:
    bar.show_scenes(scenes("One.", "Two.", "Three."), 0, changed=False)
    (menu,) = bar.findChildren(QMenu)
    menu.aboutToShow.emit()
    assert menu.actions()[1].text() == "2  Name 1 && more"
    with qtbot.waitSignal(bar.chosen) as chosen:
        menu.actions()[1].trigger()
    assert chosen.args == [1]


def test_in_front_of_a_class_there_are_no_arrows(bar: SceneBar) -> None:
    bar.show_scenes(scenes("One."), 0, changed=False)
    bar.show()
    shown = [button.text() for button in bar.findChildren(QToolButton) if button.isVisible()]
    assert set(shown) == {"◀", "1 of 1 ▾", "▶"}
    bar.set_bare(True)
    shown = [button.text() for button in bar.findChildren(QToolButton) if button.isVisible()]
    assert shown == ["1 of 1 ▾"]
