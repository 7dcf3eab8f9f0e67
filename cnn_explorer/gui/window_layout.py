"""Where window and docks stand: as at the last close, or shared out by the window's width."""

import numpy as np
from PySide6.QtCore import QByteArray, Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QDockWidget, QMainWindow

from cnn_explorer.gui.settings import SettingsStore

_VERSION = 1
_WINDOW_WIDTHS = (1024, 1440, 2560)
_DOCK_WIDTHS = ((184, 240, 360), (340, 420, 700))
_SIZE = (1440, 900)
_AREAS = (Qt.DockWidgetArea.LeftDockWidgetArea, Qt.DockWidgetArea.RightDockWidgetArea)


class WindowLayout:
    """Places a main window and its two docks, left and right.

    Attributes
    ----------
    paused
        Whether somebody else places them for a while.
    """

    def __init__(
        self, window: QMainWindow, docks: tuple[QDockWidget, QDockWidget], store: SettingsStore
    ) -> None:
        self._window = window
        self._docks = docks
        self._store = store
        self.paused = False
        # Docks as last placed by this class; None once the user has placed them.
        self._placed: list[int] | None = None
        self.restore()

    def restore(self) -> None:
        """Place all as at the last close, or by default."""
        settings = self._store.current
        if self._window.restoreGeometry(
            QByteArray(settings.window_geometry)
        ) and self._window.restoreState(QByteArray(settings.window_state), _VERSION):
            self._placed = None
            return
        for dock, area in zip(self._docks, _AREAS, strict=True):
            dock.setFloating(False)
            self._window.addDockWidget(area, dock)
            dock.show()
        screen = QGuiApplication.primaryScreen().availableGeometry()
        self._window.resize(min(_SIZE[0], screen.width()), min(_SIZE[1], screen.height()))
        self._placed = self._widths()
        self.share()

    def save(self) -> None:
        """Keep the present layout."""
        self._store.update(
            window_geometry=bytes(self._window.saveGeometry().data()),
            window_state=bytes(self._window.saveState(_VERSION).data()),
        )

    def share(self) -> None:
        """Give the docks their share of the window's width, until the user drags one."""
        if self._placed is None or self.paused:
            return
        if self._window.isVisible() and np.abs(np.subtract(self._widths(), self._placed)).max() > 2:
            self._placed = None
            return
        width = self._window.width()
        wanted = [round(float(np.interp(width, _WINDOW_WIDTHS, row))) for row in _DOCK_WIDTHS]
        self._window.resizeDocks(list(self._docks), wanted, Qt.Orientation.Horizontal)
        self._placed = wanted

    def _widths(self) -> list[int]:
        return [dock.width() for dock in self._docks]
