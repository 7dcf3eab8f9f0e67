"""The document as a line of text: on the clipboard and from there."""

from collections.abc import Mapping
from dataclasses import replace

from PySide6.QtCore import QObject, Signal, Slot
from PySide6.QtGui import QAction, QGuiApplication
from PySide6.QtWidgets import QMessageBox, QWidget

from cnn_explorer.gui.document import Document
from cnn_explorer.gui.viewing import Viewing
from cnn_explorer.io.session import Session
from cnn_explorer.io.share import ShareError, opened, share


class ShareActions(QObject):
    """Connects the actions that copy and paste share strings.

    Parameters
    ----------
    actions
        All actions by name.
    document, viewing
        What is shared, and what replaces it: one step of undo.
    window
        Parent of the messages.

    Signals
    -------
    said(text)
        What was copied or pasted.
    """

    said = Signal(str)

    def __init__(
        self,
        actions: Mapping[str, QAction],
        document: Document,
        viewing: Viewing,
        window: QWidget,
    ) -> None:
        super().__init__(window)
        self._document = document
        self._viewing = viewing
        self._window = window
        actions["copy_share"].triggered.connect(self._copy)
        actions["paste_share"].triggered.connect(self._paste)

    @Slot()
    def _copy(self) -> None:
        try:
            text = share(Session(self._document.state, self._viewing.current))
        except ShareError as error:
            QMessageBox.warning(self._window, "Copy share string", str(error))
            return
        QGuiApplication.clipboard().setText(text)
        self.said.emit(f"Copied a share string of {len(text):,} letters")

    @Slot()
    def _paste(self) -> None:
        self.use(QGuiApplication.clipboard().text())

    @Slot(str)
    def use(self, text: str) -> None:
        """Put the document of a share string in place of this one; the scenes stay."""
        try:
            session = opened(text)
        except ShareError as error:
            QMessageBox.warning(self._window, "Paste share string", str(error))
            return
        state = replace(session.state, scenes=self._document.state.scenes)
        self._document.commit("Paste share string", state)
        assert session.view is not None
        self._viewing.show(session.view)
        self.said.emit("Opened the share string; undo brings back what was there")
