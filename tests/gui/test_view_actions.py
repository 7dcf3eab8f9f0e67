"""Actions of the view menu and the settings, in step with each other."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QObject
from PySide6.QtGui import QAction

from cnn_explorer.core.display import COLOUR_MAPS
from cnn_explorer.gui.actions import make_actions
from cnn_explorer.gui.settings import COLOUR_SCALES, TEXT_SCALES, THEMES, SettingsStore
from cnn_explorer.gui.view_actions import ViewActions


class Bench:
    """Settings with their actions."""

    def __init__(self, folder: Path) -> None:
        self.parent = QObject()
        self.store = SettingsStore(folder / "settings.json", self.parent)
        self.actions: dict[str, QAction] = make_actions(self.parent)
        self.commands = ViewActions(self.actions, self.store, self.parent)


@pytest.fixture
def bench(qapp: QObject, tmp_path: Path) -> Iterator[Bench]:
    bench = Bench(tmp_path)
    yield bench
    bench.parent.deleteLater()


CHOICES = [
    (f"{prefix}_{key}", field, key, prefix)
    for prefix, field, keys in (
        ("colours", "colour_map", COLOUR_MAPS),
        ("scale", "colour_scale", COLOUR_SCALES),
        ("theme", "theme", THEMES),
    )
    for key in keys
]


@pytest.mark.parametrize(("name", "field", "value", "prefix"), CHOICES)
def test_each_choice_has_an_action_that_is_checked_alone(
    bench: Bench, name: str, field: str, value: str, prefix: str
) -> None:
    bench.actions[name].trigger()
    assert getattr(bench.store.current, field) == value
    checked = [
        key
        for key, action in bench.actions.items()
        if key.startswith(f"{prefix}_") and action.isChecked()
    ]
    assert checked == [name]


def test_actions_follow_settings_that_something_else_changed(bench: Bench) -> None:
    bench.store.update(theme="dark", colour_map="grey", contrast=4)
    assert bench.actions["theme_dark"].isChecked()
    assert not bench.actions["theme_system"].isChecked()
    assert bench.actions["colours_grey"].isChecked()
    assert bench.actions["contrast"].text() == "C&ontrast ×4"
    bench.store.reset()
    assert bench.actions["theme_system"].isChecked()


def test_choosing_what_is_chosen_keeps_it_checked(bench: Bench) -> None:
    bench.actions["colours_signed"].trigger()
    assert bench.actions["colours_signed"].isChecked()
    assert bench.store.current.colour_map == "signed"


def test_contrast_goes_round(bench: Bench) -> None:
    seen = []
    for _ in range(4):
        bench.actions["contrast"].trigger()
        seen.append(bench.store.current.contrast)
    assert seen == [2, 4, 1, 2]


@pytest.mark.parametrize(("name", "last"), [("larger", 200), ("smaller", 80)])
def test_text_grows_and_shrinks_to_the_ends(bench: Bench, name: str, last: int) -> None:
    sizes = []
    for _ in range(len(TEXT_SCALES)):
        bench.actions[name].trigger()
        sizes.append(bench.store.current.text_scale)
    assert sizes == sorted(sizes, reverse=name == "smaller")
    assert sizes[-1] == last
    assert set(sizes) <= set(TEXT_SCALES)
