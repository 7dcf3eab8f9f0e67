"""The table of actions: complete, unambiguous, and the same in menus and shortcuts."""

from collections import Counter
from collections.abc import Iterator
from itertools import pairwise

import pytest
from PySide6.QtCore import QObject, QSize
from PySide6.QtGui import QAction, QColor, QKeySequence, QPalette
from PySide6.QtWidgets import QApplication, QMenu, QMenuBar

from cnn_explorer.gui.actions import ACTIONS, ActionSpec, fill_menus, make_actions, paint_icons
from cnn_explorer.io.resources import resource


@pytest.fixture
def parent(qapp: QApplication) -> Iterator[QObject]:
    parent = QObject()
    yield parent
    parent.deleteLater()


@pytest.fixture
def actions(parent: QObject) -> dict[str, QAction]:
    return make_actions(parent)


def names(actions: list[QAction]) -> list[str]:
    return [action.objectName() for action in actions if not action.isSeparator()]


def test_each_name_is_there_once() -> None:
    assert max(Counter(spec.name for spec in ACTIONS).values()) == 1


@pytest.mark.parametrize("spec", ACTIONS, ids=lambda spec: spec.name)
def test_each_action_has_text_a_tip_and_an_icon_that_exists(
    actions: dict[str, QAction], spec: ActionSpec
) -> None:
    action = actions[spec.name]
    assert action.text()
    assert action.toolTip().startswith(spec.tip)
    assert not spec.icon or resource("icons", f"{spec.icon}.svg").is_file()
    assert action.isCheckable() == spec.checkable
    assert spec.checkable or not spec.group


def test_every_shortcut_is_a_key_that_exists_and_belongs_to_one_action(
    actions: dict[str, QAction],
) -> None:
    keys = [key.toString() for action in actions.values() for key in action.shortcuts()]
    assert all(keys)
    assert max(Counter(keys).values()) == 1
    assert len(keys) == sum(len(spec.shortcuts) for spec in ACTIONS)


def test_no_shortcut_begins_another(actions: dict[str, QAction]) -> None:
    keys = [key for action in actions.values() for key in action.shortcuts()]
    for one in keys:
        for other in keys:
            assert one is other or one.matches(other) == QKeySequence.SequenceMatch.NoMatch


def test_tips_name_the_first_shortcut(actions: dict[str, QAction]) -> None:
    assert actions["undo"].toolTip() == "Undo (Ctrl+Z)"
    assert actions["redo"].toolTip() == "Redo (Ctrl+Shift+Z)"
    assert actions["about"].toolTip() == "Version and licences"


def test_quit_settings_and_full_screen_have_keys_on_every_platform(
    actions: dict[str, QAction],
) -> None:
    assert actions["quit"].shortcut() == QKeySequence("Ctrl+Q")
    assert actions["full_screen"].shortcut() == QKeySequence("Shift+F11")
    assert {key.toString() for key in actions["redo"].shortcuts()} == {"Ctrl+Shift+Z", "Ctrl+Y"}


def test_actions_of_a_group_exclude_each_other(actions: dict[str, QAction]) -> None:
    groups = {spec.group for spec in ACTIONS if spec.group}
    assert len(groups) > 2
    for group in groups:
        members = [actions[spec.name] for spec in ACTIONS if spec.group == group]
        assert len(members) > 1
        for action in members:
            action.setChecked(True)
            assert [member.isChecked() for member in members].count(True) == 1


def test_every_action_is_in_the_menu_that_the_table_names(actions: dict[str, QAction]) -> None:
    bar = QMenuBar()
    menus = fill_menus(bar, actions)
    try:
        for spec in ACTIONS:
            assert spec.name in names(menus[spec.menu].actions())
        assert names_of_menus(bar) == [
            "&File",
            "&Edit",
            "&Draw",
            "&Network",
            "&View",
            "&Scenes",
            "&Help",
        ]
    finally:
        bar.deleteLater()


def names_of_menus(bar: QMenuBar) -> list[str]:
    return [action.text() for action in bar.actions()]


def test_menus_have_no_empty_or_double_rules_and_no_letter_twice(
    actions: dict[str, QAction],
) -> None:
    bar = QMenuBar()
    menus = fill_menus(bar, actions)
    try:
        for path, menu in menus.items():
            entries = menu.actions()
            assert not entries[0].isSeparator(), path
            assert not entries[-1].isSeparator(), path
            assert not any(a.isSeparator() and b.isSeparator() for a, b in pairwise(entries)), path
            letters = Counter(filter(None, map(letter, menu.actions())))
            assert not [key for key, count in letters.items() if count > 1], path
        assert max(Counter(map(letter, bar.actions())).values()) == 1
    finally:
        bar.deleteLater()


def letter(action: QAction) -> str:
    """The letter that chooses an action in its menu, or "" where there is none."""
    return action.text().partition("&")[2][:1].lower()


def test_submenus_stand_in_their_menu(actions: dict[str, QAction]) -> None:
    bar = QMenuBar()
    menus = fill_menus(bar, actions)
    try:
        inside = [
            entry.menu().title()  # type: ignore[attr-defined]
            for entry in menus["&View"].actions()
            if isinstance(entry.menu(), QMenu)
        ]
        assert inside == ["&Colours", "Colour &scale", "&Theme"]
    finally:
        bar.deleteLater()


def test_icons_are_painted_in_the_text_colour(actions: dict[str, QAction]) -> None:
    palette = QPalette()
    palette.setColor(QPalette.ColorRole.ButtonText, QColor("#ff0000"))
    paint_icons(actions, palette)
    for spec in ACTIONS:
        if spec.icon:
            image = actions[spec.name].icon().pixmap(QSize(24, 24)).toImage()
            colours = {
                image.pixelColor(x, y).name()
                for x in range(image.width())
                for y in range(image.height())
                if image.pixelColor(x, y).alpha() > 100
            }
            assert colours == {"#ff0000"}, spec.name
