"""Asks for figures. What makes them is loaded then, so that the start does not wait for it."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Qt, Signal, Slot
from PySide6.QtWidgets import QApplication, QWidget

from cnn_explorer.gui.settings import SettingsStore

if TYPE_CHECKING:
    from cnn_explorer.gui.figure_dialog import FigureDialog
    from cnn_explorer.gui.figure_page import Look
    from cnn_explorer.gui.figure_parts import Part


class Figures(QObject):
    """Opens the dialog on what is in view.

    Parameters
    ----------
    parts
        Says which parts there are now, the one to fall back on first.
    store
        The last folder.
    window
        Parent of the dialog.

    Signals
    -------
    said(text)
        What was copied or saved.
    """

    said = Signal(str)

    def __init__(
        self, parts: "Callable[[], Sequence[Part]]", store: SettingsStore, window: QWidget
    ) -> None:
        super().__init__(window)
        self._parts = parts
        self._store = store
        self._window = window
        self._focus: QWidget | None = None
        self._dialog: FigureDialog | None = None
        self._look: Look | None = None

    @Slot()
    def ask(self) -> None:
        """Ask which figure to copy: at first, that of the part with the keyboard's focus."""
        from cnn_explorer.gui.figure_dialog import FigureDialog
        from cnn_explorer.gui.figure_page import Look

        parts = self._parts()
        widgets = [part.widget for part in parts]
        self._focus = QApplication.focusWidget() or self._window.focusWidget()
        focus: QWidget | None = self._focus
        while focus is not None and focus not in widgets:
            focus = focus.parentWidget()
        chosen = 0 if focus is None else widgets.index(focus)
        dialog = FigureDialog(parts, chosen, self._look or Look(), self._store, self._window)
        dialog.said.connect(self.said)
        dialog.finished.connect(self._end)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        if self._focus is not None:
            self._focus.clearFocus()  # its ring would be in the picture
        self._dialog = dialog
        dialog.open()
        dialog.show_figure()

    @Slot()
    def _end(self) -> None:
        """Keep the choices for the next time, and give the focus back."""
        if self._dialog is not None:
            self._look, self._dialog = self._dialog.look, None
        if self._focus is not None:
            self._focus.setFocus()
