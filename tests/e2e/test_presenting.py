"""Presenting: chrome away, large text, a ring around the pointer; and all as before afterwards."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QRect
from PySide6.QtGui import QCursor, QFontInfo
from PySide6.QtWidgets import QApplication, QToolBar, QWidget

from cnn_explorer.gui import presenting
from cnn_explorer.gui.pointer_ring import DIAMETER, PointerRing
from cnn_explorer.gui.theme import LEGIBLE

from .conftest import Driver


def looks(driver: Driver) -> list[object]:
    """All of the window that presenting may change."""
    window = driver.window
    driver.wait(lambda: not window.layers._patience.isActive())
    driver.settle()
    return [
        [(type(one).__name__, one.isVisible()) for one in window.findChildren(QWidget)],
        [dock.geometry() for dock in window._docks],
        window.geometry(),
        window.isFullScreen(),
        QApplication.font().pointSizeF(),
        QApplication.focusWidget(),
        driver.window.store.current,
        driver.state,
        window.viewing.current,
        [window.actions_by_name[name].isEnabled() for name in ("escape", "present")],
    ]


@pytest.mark.parametrize("leave", ["Esc", "F11"])
def test_all_is_as_before(driver: Driver, leave: str) -> None:
    driver.grid(1).setFocus()
    driver.trigger("face_contributions")
    before = looks(driver)
    driver.press("F11")
    assert driver.window.presenter.presenting
    driver.press(leave)
    assert not driver.window.presenter.presenting
    after = looks(driver)
    for one, other in zip(before, after, strict=True):
        assert one == other


def test_nothing_is_left_but_what_is_looked_at(driver: Driver) -> None:
    window = driver.window
    window.scenes.add("Maps", "Four maps.")
    driver.press("F11")
    assert window.isFullScreen()
    chrome = [window.menuBar(), window.statusBar(), *window.findChildren(QToolBar)]
    chrome += [card.fields for card in driver.cards]
    chrome += [window.inspector.tabBar(), window.inspector.making.proof]
    assert not any(part.isVisible() for part in chrome)
    assert window.centre.scene_bar.isVisible()
    assert window.input.canvas.isVisible()
    for part in window.findChildren(QWidget):
        if part.isVisible():
            assert QFontInfo(part.font()).pixelSize() >= LEGIBLE, part


def test_layers_that_come_while_presenting_have_no_fields_either(driver: Driver) -> None:
    driver.press("F11")
    driver.press("Ctrl+L")
    assert len(driver.cards) == 3
    assert not any(card.fields.isVisible() for card in driver.cards)
    driver.press("Esc")
    assert all(card.fields.isVisible() for card in driver.cards)


def test_keys_still_do_what_the_menus_say(driver: Driver) -> None:
    driver.window.scenes.add("One", "")
    driver.press("Ctrl+2")
    driver.window.scenes.add("Two", "")
    driver.press("F11")
    for key, scene in (("PgUp", 0), ("PgDown", 1)):
        driver.press(key)
        assert driver.window.scenes.current == scene
    for key in (".", "B", "H"):
        before = driver.window.viewing.current.hidden
        driver.press(key)
        assert driver.window.viewing.current.hidden is not before
    pinned = driver.window.selection.current.pin
    driver.press("Esc")
    assert driver.window.selection.current.pin == pinned
    driver.press("Esc")
    assert driver.window.selection.current.pin is None


def test_the_ring_follows_the_pointer_and_lets_clicks_through(driver: Driver) -> None:
    window = driver.window
    ring = next(one for one in window.findChildren(PointerRing) if one.parent() is window)
    assert ring.isHidden()
    driver.press("F11")
    for place in (QPoint(300, 200), QPoint(310, 260)):
        QCursor.setPos(window.mapToGlobal(place))
        driver.wait(lambda place=place: ring.geometry().center() == place)
    assert ring.width() == DIAMETER
    canvas = window.input.canvas
    QCursor.setPos(canvas.mapToGlobal(canvas.rect().center()))
    before = driver.state.drawing
    driver.draw((14, 5), (14, 20))
    assert not np.array_equal(driver.state.drawing, before)
    driver.press("Esc")
    assert ring.isHidden()
    assert not ring._timer.isActive()


def test_a_window_closed_while_presenting_opens_as_it_was(make: Callable[[], Driver]) -> None:
    first = make()
    first.show(size=(760, 640))  # which the screen has room for
    size, widths = first.window.size(), [dock.width() for dock in first.window._docks]
    first.press("F11")
    first.window.close()
    assert not first.window.presenter.presenting
    second = make()
    second.program.show()
    second.settle()
    assert not second.window.isFullScreen()
    assert second.window.menuBar().isVisible()
    assert second.window.size() == size
    assert [dock.width() for dock in second.window._docks] == widths


class Screen:
    """A second screen."""

    def availableGeometry(self) -> QRect:  # noqa: N802  (Qt's name)
        return QRect(820, 0, 500, 400)


def test_the_inspector_goes_to_a_second_screen_and_back(
    driver: Driver, monkeypatch: pytest.MonkeyPatch
) -> None:
    window = driver.window
    screens = [window.screen(), Screen()]
    monkeypatch.setattr(presenting.QGuiApplication, "screens", lambda: screens)
    dock = window._docks[1]
    driver.press("F11")
    assert dock.isFloating()
    assert dock.geometry() == screens[1].availableGeometry()
    ring = next(one for one in window.findChildren(PointerRing) if one.parent() is dock)
    assert ring.isVisible()
    driver.press("F11")
    assert not dock.isFloating()
    assert dock.isVisible()
    assert not ring.isVisible()


def test_docks_of_the_scene_that_is_left_in_stay(driver: Driver) -> None:
    window = driver.window
    seen = window.viewing.current
    width = window._docks[1].width()
    window.viewing.show(replace(seen, inspector=False))
    window.scenes.add("Input", "")
    window.viewing.show(replace(seen, input=False))
    window.scenes.add("Inspector", "")
    window.scenes.go(0)
    driver.settle()
    driver.press("F11")
    driver.press("PgDown")
    driver.press("Esc")
    assert [not dock.isHidden() for dock in window._docks] == [False, True]
    assert window._docks[1].width() == width


def test_the_face_that_is_left_alone_is_round_on_both_sides(driver: Driver) -> None:
    buttons = driver.cards[1]._faces.buttons()
    usual = [button.property("segment") for button in buttons]
    assert usual == ["first", "middle", "last"]
    for face in range(3):
        driver.cards[1].show_face(face)
        driver.press("F11")
        assert [button.property("segment") for button in buttons if button.isVisible()] == ["only"]
        driver.press("Esc")
        assert [button.property("segment") for button in buttons] == usual
