"""Every command does something, by its menu and its keys; every widget has a name."""

from collections import Counter
from dataclasses import replace
from itertools import count
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import (
    QAccessible,
    QAction,
    QColor,
    QGuiApplication,
    QImage,
    QKeySequence,
    QShortcut,
)
from PySide6.QtTest import QTest
from PySide6.QtWidgets import (
    QApplication,
    QDialog,
    QDockWidget,
    QFileDialog,
    QLabel,
    QMenu,
    QMessageBox,
    QWidget,
)

from cnn_explorer.core.building import new_network
from cnn_explorer.core.kernel_edits import with_cell
from cnn_explorer.core.state import State
from cnn_explorer.core.view import View
from cnn_explorer.gui.actions import ACTIONS
from cnn_explorer.gui.dialogs import AboutDialog, KeysDialog
from cnn_explorer.gui.errors import ErrorDialog
from cnn_explorer.gui.export_dialog import ExportDialog
from cnn_explorer.io.digits import digit
from cnn_explorer.io.session import Session
from cnn_explorer.io.share import share
from cnn_explorer.io.weights import save_network

from .conftest import Driver


def dialogs(driver: Driver) -> list[QDialog]:
    found = driver.window.findChildren(QDialog)
    return [dialog for dialog in found if dialog.isVisible()]


def observed(driver: Driver) -> list[object]:
    """All that a command may change."""
    window = driver.window
    return [
        driver.state,
        driver.state.drawing.tobytes(),
        window.store.current,
        window.selection.current,
        window.document.undo_stack.index(),
        window.input.canvas.erasing,
        [card.face for card in driver.cards],
        window.centre.currentIndex(),
        window.inspector.currentIndex(),
        window.isFullScreen(),
        window.isVisible(),
        [part.isVisible() for part in (window.input.digits, window.input._problem)],
        QGuiApplication.clipboard().text(),
        QGuiApplication.clipboard().image().isNull(),
        [type(dialog) for dialog in dialogs(driver)],
        window.viewing.current,
        window.scenes.current,
        window.presenter.presenting,
    ]


PREPARED: dict[str, tuple[str, ...]] = {
    "undo": ("add_layer",),
    "redo": ("add_layer", "undo"),
    "settings_reset": ("contrast",),
    "draw": ("erase",),
    "hand_made": ("add_layer",),
    "add_Linear": ("add_GlobalAvgPool2d",),
    "real": ("naive",),
    "face_maps": ("face_kernels",),
    "colours_signed": ("colours_grey",),
    "scale_layer": ("scale_map",),
    "theme_system": ("theme_dark",),
    "paste_image": (),
    "unmute_all": ("only_diagonal",),
    "making": ("tensors",),
}
"""What goes before, where a command has nothing to do in the opening window."""


@pytest.fixture
def picture(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A picture, which is what the user picks where files can be picked."""
    image = QImage(40, 40, QImage.Format.Format_RGB32)
    image.fill(QColor("black"))
    image.setPixelColor(20, 20, QColor("white"))
    assert image.save(str(tmp_path / "dot.png"))
    save_network(tmp_path / "one.npz", new_network((2, 5)))
    np.savez(tmp_path / "digits.npz", images=np.ones((2, 28, 28), np.uint8))
    picked = {
        "Open": "dot.png",
        "Open network": "one.npz",
        "Open image": "dot.png",
        "Open digits": "digits.npz",
    }
    saved = (str(tmp_path / f"saved {number}.npz") for number in count())
    monkeypatch.setattr(
        QFileDialog, "getOpenFileName", lambda _, title, *rest: (str(tmp_path / picked[title]), "")
    )
    monkeypatch.setattr(QMessageBox, "warning", lambda *words: pytest.fail(str(words[1:])))
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *_: str(tmp_path / "none"))
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (next(saved), ""))
    return tmp_path / "dot.png"


def put_away(driver: Driver) -> None:
    for dialog in dialogs(driver):
        dialog.reject()
    QApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete.value)


def in_the_second_of_three_scenes(driver: Driver) -> None:
    for name in ("One", "Two", "Three"):
        driver.window.scenes.add(name, "")
    driver.window.scenes.go(1)
    driver.trigger("naive")


def test_every_command_does_something(driver: Driver, picture: Path) -> None:
    actions = driver.window.actions_by_name
    first = driver.state
    edited = with_cell(first.network, 1, 1, 0, (0, 0), 9)
    for spec in ACTIONS:
        if spec.name in ("quit", "previous_digit", "next_digit"):
            continue  # the last two are there while a file of digits is open
        resets = spec.name in ("reset_kernel", "reset_layer", "reset_kernels")
        driver.window.document.open(replace(first, network=edited) if resets else first)
        driver.window.sessions.discard()
        driver.window.store.reset()
        driver.window.store.update(folder=str(picture.parent))
        driver.window.selection.select(driver.window.selection.current.at((1, 1), (11, 16)))
        driver.settle()
        if not actions[spec.name].isVisible():
            in_the_second_of_three_scenes(driver)
        for name in PREPARED.get(spec.name, ()):
            driver.trigger(name)
        QGuiApplication.clipboard().clear()
        if spec.name == "paste_image":
            QGuiApplication.clipboard().setImage(QImage(str(picture)))
        elif spec.name == "paste_share":
            shared = Session(State(digit(3), new_network((2, 5))), View())
            QGuiApplication.clipboard().setText(share(shared))
        elif spec.name == "paste_kernel":
            QGuiApplication.clipboard().setText("[[1, 2, 3], [4, 5, 6], [7, 8, 9]]")
        before = observed(driver), sorted(picture.parent.iterdir())
        assert actions[spec.name].isEnabled(), spec.name

        actions[spec.name].trigger()

        driver.wait(
            lambda before=before: (observed(driver), sorted(picture.parent.iterdir())) != before
        )
        driver.settle()
        driver.window.presenter.leave()
        put_away(driver)


KEYS = [(spec.name, keys) for spec in ACTIONS for keys in spec.shortcuts if spec.name != "quit"]


def test_every_key_triggers_its_command_alone(driver: Driver) -> None:
    """Wherever the focus is that has no use of its own for the key."""
    actions = driver.window.actions_by_name
    heard: list[str] = []
    for name, action in actions.items():
        action.triggered.disconnect()
        action.triggered.connect(lambda *_, name=name: heard.append(name))
        action.setEnabled(True)
        action.setVisible(True)
    for focus in (driver.grid(1), driver.window.switch, driver.cards[0].fields.kernel):
        for name, keys in KEYS:
            heard.clear()
            QTest.keySequence(focus, keys)
            assert heard == [name], keys


def test_no_key_is_given_twice_in_the_window(driver: Driver) -> None:
    window = driver.window
    keys = [
        key.toString()
        for action in window.findChildren(QAction)
        for key in action.shortcuts()
        if key.toString()
    ]
    keys += [each.key().toString() for each in window.findChildren(QShortcut)]
    assert [key for key, count in Counter(keys).items() if count > 1] == []


def test_typing_into_a_field_is_no_command(driver: Driver) -> None:
    driver.press("Ctrl+2")
    before = driver.window.selection.current
    bar = driver.cards[1].findChildren(QWidget)
    (field,) = (x for x in bar if "to go to" in x.accessibleName())
    field.setFocus()
    QTest.keyClicks(field, "[1]")
    driver.settle()
    assert driver.window.selection.current == before


def test_full_screen_and_back(driver: Driver) -> None:
    action = driver.window.actions_by_name["full_screen"]
    driver.press("Shift+F11")
    assert driver.window.isFullScreen()
    assert action.isChecked()
    driver.window.showNormal()  # as the desktop does
    driver.settle()
    assert not action.isChecked()
    driver.press("Shift+F11")
    assert driver.window.isFullScreen()
    driver.press("Shift+F11")
    assert not driver.window.isFullScreen()


def test_reset_brings_settings_and_layout_back(driver: Driver) -> None:
    window = driver.window
    (dock,) = window.findChildren(QDockWidget, "input")
    dock.hide()
    driver.press("Ctrl+K")
    driver.press("Ctrl++")
    driver.trigger("settings_reset")
    assert dock.isVisible()
    session = window.store.current.session
    assert session.endswith("hand-made.cnnx")
    defaults = type(window.store.current)()
    assert window.store.current == replace(defaults, session=session, recent=session)


def name_of(widget: QWidget) -> str:
    interface = QAccessible.queryAccessibleInterface(widget)
    return "" if interface is None else interface.text(QAccessible.Text.Name).strip()


def unnamed(root: QWidget) -> list[str]:
    """What can have the focus and has no name to be read out."""
    return [
        f"{type(widget).__name__} in {type(widget.parent()).__name__}"
        for widget in [root, *root.findChildren(QWidget)]
        if widget.focusPolicy() != Qt.FocusPolicy.NoFocus
        and widget.isVisibleTo(root)
        and widget.focusProxy() is None
        and not name_of(widget)
    ]


def deepen(driver: Driver) -> None:
    """Make a network of eight layers."""
    state = driver.state
    driver.window.document.open(type(state)(state.drawing, new_network((2,) * 8), state.scheme))
    driver.settle()


def test_what_can_have_the_focus_has_a_name(driver: Driver) -> None:
    assert unnamed(driver.window) == []
    deepen(driver)
    for name in ("naive", "face_kernels", "enlarge", "escape", "escape", "escape"):
        driver.trigger(name)
        assert unnamed(driver.window) == [], name


def test_the_names_of_widgets_that_look_alike_differ(driver: Driver) -> None:
    deepen(driver)
    names = [
        widget.accessibleName()
        for widget in driver.window.layers.findChildren(QWidget)
        if widget.focusPolicy() & Qt.FocusPolicy.TabFocus
        and widget.isVisibleTo(driver.window)
        and widget.focusProxy() is None
    ]
    assert len(names) > 8 * 10
    assert [name for name, count in Counter(names).items() if count > 1] == []


def test_tab_reaches_every_field_and_comes_round(driver: Driver) -> None:
    window = driver.window
    window.input.canvas.setFocus()
    seen: list[QWidget] = []
    while window.focusWidget() not in seen:
        focused = window.focusWidget()
        assert focused is not None
        seen.append(focused)
        QTest.keyClick(focused, Qt.Key.Key_Tab)
    wanted = [window.input.canvas, driver.grid(0), driver.grid(1)]
    for card in driver.cards:
        fields = card.fields
        wanted += [fields.filters, fields.kernel, fields.stride, fields.padding]
        wanted += [fields.activation, fields.bias, fields.weights]
    assert [widget.accessibleName() for widget in wanted if widget not in seen] == []


def test_dialogs_have_names_fit_the_screen_and_go_with_esc(driver: Driver) -> None:
    for name, kind in (("about", AboutDialog), ("keys", KeysDialog), ("export", ExportDialog)):
        driver.trigger(name)
        (dialog,) = dialogs(driver)
        assert isinstance(dialog, kind)
        assert dialog.windowTitle()
        assert unnamed(dialog) == []
        assert dialog.width() <= 1024
        assert dialog.height() <= 700
        QTest.keyClick(dialog, Qt.Key.Key_Escape)
        assert dialogs(driver) == []


def test_the_error_dialog_has_names(qapp: QApplication) -> None:
    dialog = ErrorDialog("report")
    dialog.show()
    try:
        assert unnamed(dialog) == []
    finally:
        dialog.deleteLater()


def test_the_keys_dialog_names_every_shortcut(driver: Driver) -> None:
    driver.trigger("keys")
    (dialog,) = dialogs(driver)
    text = " ".join(label.text() for label in dialog.findChildren(QLabel))
    for spec in ACTIONS:
        for keys in spec.shortcuts:
            assert QKeySequence(keys).toString(QKeySequence.SequenceFormat.NativeText) in text
    put_away(driver)


def test_about_names_the_versions_and_licences(driver: Driver) -> None:
    driver.trigger("about")
    (dialog,) = dialogs(driver)
    text = " ".join(label.text() for label in dialog.findChildren(QLabel))
    for word in ("MIT", "LGPL", "numpy", "scipy", "pyqtgraph", "PySide6", "Python 3"):
        assert word in text
    put_away(driver)


def test_menus_show_every_command(driver: Driver) -> None:
    menus = driver.window.menuBar().findChildren(QMenu)
    inside = {action.objectName() for menu in menus for action in menu.actions()}
    assert inside >= {spec.name for spec in ACTIONS}
