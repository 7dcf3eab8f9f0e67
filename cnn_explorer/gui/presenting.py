"""Showing the window to a class: large text, and nothing around what is looked at."""

from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

from PySide6.QtCore import QObject, Qt, Signal, Slot
from PySide6.QtGui import QAction, QGuiApplication, QKeySequence, QShortcut
from PySide6.QtWidgets import QDockWidget, QMainWindow, QToolBar, QWidget
from shiboken6 import isValid

from cnn_explorer.gui.pointer_ring import PointerRing
from cnn_explorer.gui.window_layout import WindowLayout

_SHARES = (0.19, 0.41)
"""Parts of the window's width that input and inspector get."""

_ALONE = 0.53
"""The inspector's part where the input is not there."""

_FILLS = Qt.WindowState.WindowFullScreen | Qt.WindowState.WindowMaximized

_KEYS = ("Esc", ".", "B")
"""What leaves, and keys with which presenters' remotes black the screen out."""


class Showing(Protocol):
    """A part of the window that has controls, and can be without."""

    def set_bare(self, bare: bool) -> None:
        """Put the controls away, or bring them back."""


class Presenter(QObject):
    """Takes away what is not looked at, and brings it back as it was.

    Parameters
    ----------
    window, docks, layout_of_window
        The window, what holds input and inspector, and what places them.
    parts
        What puts its own controls away.
    tools
        Says what else is put away: the tools below the drawing.
    actions
        All actions by name.

    Signals
    -------
    changed(presenting)
        It begins or ends; text is to be larger from now on, or as before.
    """

    changed = Signal(bool)

    def __init__(
        self,
        window: QMainWindow,
        docks: tuple[QDockWidget, QDockWidget],
        layout_of_window: WindowLayout,
        parts: Sequence[Showing],
        tools: Callable[[], Sequence[QWidget]],
        actions: Mapping[str, QAction],
    ) -> None:
        super().__init__(window)
        self._window = window
        self._docks = docks
        self._layout = layout_of_window
        self._parts = parts
        self._tools = tools
        self._actions = actions
        self._away: list[QWidget] = []
        self._rings = [PointerRing(window), PointerRing(docks[1])]
        self._state = window.saveState()
        self._window_state = window.windowState()
        self._geometry = window.geometry()
        self._widths = [dock.width() for dock in docks]
        self._focus: QWidget | None = None
        self._presenting = False
        # Shortcuts of a menu bar that is away do nothing, but those of the window do.
        window.addActions(list(actions.values()))
        self._keys: list[QShortcut] = []
        actions["present"].triggered.connect(self._set)
        for dock in docks:
            dock.visibilityChanged.connect(self.share)

    @property
    def presenting(self) -> bool:
        """Whether the window is being shown to a class."""
        return self._presenting

    @Slot()
    def leave(self) -> None:
        """Bring everything back as it was; but those docks are there that are now."""
        if not self._presenting:
            return
        self._show(False)
        for ring in self._rings:
            ring.set_shown(False)
        for widget in self._away:
            widget.show()
        self._window.setWindowState(self._window_state)
        if not self._window_state & _FILLS:
            self._window.setGeometry(self._geometry)
        hidden = [dock.isHidden() for dock in self._docks]  # by a scene, or by the user
        self._window.restoreState(self._state)
        for dock, away in zip(self._docks, hidden, strict=True):
            dock.setHidden(away)
        self._window.resizeDocks(list(self._docks), self._widths, Qt.Orientation.Horizontal)
        if self._focus is not None and isValid(self._focus):
            self._focus.setFocus()
        self._layout.paused = False

    def _enter(self) -> None:
        window, docks = self._window, self._docks
        self._layout.paused = True
        self._state = window.saveState()
        self._window_state = window.windowState()
        self._geometry = window.geometry()
        self._widths = [dock.width() for dock in docks]
        self._focus = window.focusWidget()
        chrome: list[QWidget] = [window.menuBar(), window.statusBar(), *self._tools()]
        chrome += window.findChildren(QToolBar)
        chrome += [dock.titleBarWidget() for dock in docks]
        self._away = [widget for widget in chrome if not widget.isHidden()]
        for widget in self._away:
            widget.hide()
        self._show(True)
        window.setWindowState(window.windowState() | Qt.WindowState.WindowFullScreen)
        self._rings[0].set_shown(True)
        self.share()

    @Slot()
    def share(self) -> None:
        """Give input and inspector their parts of the width, while one presents."""
        if self._presenting:
            self._use_second_screen()
            alone = self._docks[0].isHidden()
            shares = _SHARES[0], _ALONE if alone else _SHARES[1]
            widths = [round(share * self._window.width()) for share in shares]
            self._window.resizeDocks(list(self._docks), widths, Qt.Orientation.Horizontal)

    def _use_second_screen(self) -> None:
        """Give the inspector a screen of its own, where there is one."""
        dock = self._docks[1]
        others = [one for one in QGuiApplication.screens() if one is not self._window.screen()]
        if others and not dock.isHidden() and not dock.isFloating():
            dock.setFloating(True)
            dock.setGeometry(others[0].availableGeometry())
            self._rings[1].set_shown(True)

    def _show(self, presenting: bool) -> None:
        """Let everything else follow."""
        self._presenting = presenting
        self._actions["present"].setChecked(presenting)
        self._actions["escape"].setEnabled(not presenting)
        if presenting:
            self._keys = [QShortcut(QKeySequence(key), self._window) for key in _KEYS]
            self._keys[0].activated.connect(self.leave)
            for key in self._keys[1:]:
                key.activated.connect(self._actions["answers"].toggle)
        else:
            for key in self._keys:
                key.setEnabled(False)
                key.deleteLater()
        for part in self._parts:
            part.set_bare(presenting)
        self.changed.emit(presenting)

    @Slot(bool)
    def _set(self, presenting: bool) -> None:
        if presenting:
            self._enter()
        else:
            self.leave()
