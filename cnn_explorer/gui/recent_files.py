"""The sessions that were last open, as a menu."""

from pathlib import Path

from PySide6.QtCore import QObject, Signal, Slot
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QMenu

from cnn_explorer.gui.settings import SettingsStore

MOST = 8


class RecentFiles(QObject):
    """Keeps the paths in the settings, the latest first, and fills a menu with them.

    Parameters
    ----------
    menu, after
        Where the menu stands: in another one, after an action.
    store
        The settings.

    Signals
    -------
    chosen(path)
        One is to be opened.
    """

    chosen = Signal(str)

    def __init__(self, menu: QMenu, after: QAction, store: SettingsStore) -> None:
        super().__init__(menu)
        self._menu = QMenu("Open &recent", menu)
        self._menu.setToolTipsVisible(True)
        entries = menu.actions()
        menu.insertMenu(entries[entries.index(after) + 1], self._menu)
        self._store = store
        store.changed.connect(self._fill)
        self._fill()

    @property
    def paths(self) -> list[str]:
        """The paths, the latest first."""
        return self._store.current.recent.splitlines()

    def add(self, path: Path) -> None:
        """Put a path first."""
        if len(str(path).splitlines()) == 1:  # those of stranger names are not kept
            self._keep([str(path), *self.paths])

    def remove(self, path: Path) -> None:
        """Forget a path that cannot be opened."""
        self._keep([one for one in self.paths if one != str(path)])

    def _keep(self, paths: list[str]) -> None:
        self._store.update(recent="\n".join(list(dict.fromkeys(paths))[:MOST]))

    @Slot()
    def _fill(self) -> None:
        self._menu.clear()
        self._menu.setEnabled(bool(self.paths))
        for number, path in enumerate(self.paths):
            name = Path(path).name.replace("&", "&&")
            action = self._menu.addAction(f"&{number + 1}  {name}")
            action.setToolTip(path)
            action.setData(path)
            action.triggered.connect(self._choose)

    @Slot()
    def _choose(self) -> None:
        sender = self.sender()
        assert isinstance(sender, QAction)
        self.chosen.emit(sender.data())
