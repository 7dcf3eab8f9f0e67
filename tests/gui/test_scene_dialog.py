"""The dialog that names a scene."""

from PySide6.QtWidgets import QLineEdit
from pytestqt.qtbot import QtBot

from cnn_explorer.core.state import LONGEST_NAME, LONGEST_SENTENCE
from cnn_explorer.gui.scene_dialog import SceneDialog


def test_what_is_entered_is_told_once_it_is_taken(qtbot: QtBot) -> None:
    dialog = SceneDialog("Name", "Old", "It was.")
    qtbot.addWidget(dialog)
    name, sentence = dialog.findChildren(QLineEdit)
    assert (name.text(), sentence.text()) == ("Old", "It was.")
    assert (name.maxLength(), sentence.maxLength()) == (LONGEST_NAME, LONGEST_SENTENCE)
    name.setText("New")
    sentence.setText("It is.")
    with qtbot.waitSignal(dialog.named) as told:
        dialog.accept()
    assert told.args == ["New", "It is."]


def test_nothing_is_told_where_it_is_given_up(qtbot: QtBot) -> None:
    dialog = SceneDialog("Name")
    qtbot.addWidget(dialog)
    with qtbot.assertNotEmitted(dialog.named):
        dialog.reject()
