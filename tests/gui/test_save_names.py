"""Names of files to write: endings, and what is replaced."""

from collections.abc import Callable
from pathlib import Path

import pytest
from PySide6.QtWidgets import QFileDialog, QMessageBox, QWidget
from pytestqt.qtbot import QtBot

from cnn_explorer.gui.save_names import ask_save_name

YES, CANCEL = QMessageBox.StandardButton.Yes, QMessageBox.StandardButton.Cancel
KINDS = {"One": ".one", "Two": ".two"}


@pytest.fixture
def parent(qtbot: QtBot) -> QWidget:
    parent = QWidget()
    qtbot.addWidget(parent)
    return parent


@pytest.fixture
def choose(monkeypatch: pytest.MonkeyPatch) -> Callable[..., list[str]]:
    """Lets the user choose a name, and answer the questions that follow, which are noted."""

    def choose(path: object, kind: str = "", reply: object = CANCEL) -> list[str]:
        questions: list[str] = []

        def question(parent: QWidget, title: str, text: str, *_: object) -> object:
            questions.append(text)
            return reply

        monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(path), kind))
        monkeypatch.setattr(QMessageBox, "question", question)
        return questions

    return choose


@pytest.mark.parametrize(
    ("typed", "kind", "written"),
    [
        ("a", "", "a.one"),
        ("a", "Two (*.two)", "a.two"),
        ("a.two", "One (*.one)", "a.two"),
        ("a.ONE", "", "a.ONE"),
        ("v1.5", "", "v1.5.one"),
        ("a.txt", "", "a.txt.one"),
    ],
)
def test_a_name_gets_an_ending_unless_it_has_one(
    parent: QWidget,
    choose: Callable[..., list[str]],
    tmp_path: Path,
    typed: str,
    kind: str,
    written: str,
) -> None:
    choose(tmp_path / typed, kind)
    named = ask_save_name(parent, "Save", tmp_path, KINDS)
    assert named is not None
    assert named[0] == tmp_path / written


def test_a_dialog_that_is_cancelled_names_nothing(
    parent: QWidget, choose: Callable[..., list[str]], tmp_path: Path
) -> None:
    choose("")
    assert ask_save_name(parent, "Save", tmp_path, KINDS) is None


@pytest.mark.parametrize("reply", [YES, CANCEL])
def test_it_is_asked_about_a_name_that_was_not_typed(
    parent: QWidget, choose: Callable[..., list[str]], tmp_path: Path, reply: object
) -> None:
    (tmp_path / "a.one").touch()
    questions = choose(tmp_path / "a", reply=reply)
    named = ask_save_name(parent, "Save", tmp_path, KINDS)
    assert (named is None) is (reply == CANCEL)
    assert questions == [f"{tmp_path / 'a.one'} exists already. Replace?"]


def test_it_is_not_asked_twice_about_the_name_that_was_typed(
    parent: QWidget, choose: Callable[..., list[str]], tmp_path: Path
) -> None:
    (tmp_path / "a.one").touch()
    questions = choose(tmp_path / "a.one")
    assert ask_save_name(parent, "Save", tmp_path, KINDS) == (tmp_path / "a.one", "One")
    assert questions == []


def test_one_question_names_all_that_would_be_replaced(
    parent: QWidget, choose: Callable[..., list[str]], tmp_path: Path
) -> None:
    for name in ("a.one", "a.numbers"):
        (tmp_path / name).touch()
    questions = choose(tmp_path / "a")

    def beside(path: Path, kind: str) -> list[Path]:
        return [path.with_suffix(".numbers"), path.with_suffix(".absent")]

    assert ask_save_name(parent, "Save", tmp_path, KINDS, beside) is None
    assert questions == [
        f"{tmp_path / 'a.one'} and {tmp_path / 'a.numbers'} exist already. Replace?"
    ]
