"""The document as code: on the clipboard, or in a file."""

from collections.abc import Iterable, Mapping
from functools import partial
from pathlib import Path

from PySide6.QtCore import QObject, Signal, Slot
from PySide6.QtGui import QAction, QGuiApplication
from PySide6.QtWidgets import QMessageBox, QWidget

from cnn_explorer.core.code import Library, script
from cnn_explorer.core.schemes import is_there
from cnn_explorer.core.state import State
from cnn_explorer.gui.document import Document
from cnn_explorer.gui.save_names import ask_save_name
from cnn_explorer.gui.selection import SelectionModel
from cnn_explorer.gui.settings import SettingsStore
from cnn_explorer.gui.worker import LongJob
from cnn_explorer.io.code_files import numbers_beside, write_code
from cnn_explorer.io.files import FileError

_LIBRARIES = {library.label: library for library in Library}
_KINDS = dict.fromkeys(_LIBRARIES, ".py")


class CodeActions(QObject):
    """Connects the actions that copy and export code.

    Parameters
    ----------
    actions
        All actions by name.
    document, selection, store
        What is written, and where the last folder is kept.
    window
        Parent of the dialogs.

    Signals
    -------
    said(text)
        What was copied or written.
    """

    said = Signal(str)

    def __init__(
        self,
        actions: Mapping[str, QAction],
        document: Document,
        selection: SelectionModel,
        store: SettingsStore,
        window: QWidget,
    ) -> None:
        super().__init__(window)
        self._actions = actions
        self._document = document
        self._selection = selection
        self._store = store
        self._window = window
        self._job = LongJob(self)
        for library in Library:
            actions[f"code_{library}"].triggered.connect(self._copy)
            actions[f"code_map_{library}"].triggered.connect(self._copy)
        actions["export_code"].triggered.connect(self._ask)
        self._job.succeeded.connect(self._end)
        self._job.failed.connect(self._fail)
        selection.changed.connect(self._show_selection)
        document.changed.connect(self._show_selection)
        self._show_selection()

    def shut_down(self) -> None:
        """Wait for a file that is being written."""
        self._job.shut_down()

    @Slot()
    def _show_selection(self) -> None:
        """Offer the code of a map while there is one."""
        state, layer = self._document.state, self._selection.current.layer
        there = layer is not None and is_there(state.network, state.scheme, layer)
        for library in Library:
            self._actions[f"code_map_{library}"].setVisible(there)

    @Slot()
    def _copy(self) -> None:
        sender = self.sender()
        assert isinstance(sender, QAction)
        name = sender.objectName().removeprefix("code_")
        library = Library(name.removeprefix("map_"))
        address = pixel = None
        if name.startswith("map_"):
            selection = self._selection.current.within(self._document.state.network)
            address, pixel = selection.address, selection.pin
        try:
            text, _ = script(self._document.state, library, address=address, pixel=pixel)
        except ValueError as error:
            QMessageBox.warning(self._window, "Copy as code", str(error))
            return
        QGuiApplication.clipboard().setText(text)
        count = text.count("\n")
        self.said.emit(f"Copied {count:,} lines of code for {library.label}")

    @Slot()
    def _ask(self) -> None:
        proposal = Path(self._store.current.folder, "maps.py")
        named = ask_save_name(self._window, "Export code", proposal, _KINDS, self._beside)
        if named is not None:
            path, kind = named
            self._store.update(folder=str(path.parent))
            self._job.run(partial(_written, path, self._document.state, _LIBRARIES[kind]))

    def _beside(self, path: Path, kind: str) -> Iterable[Path]:
        """The file of the numbers, where the script does not hold them itself."""
        beside = numbers_beside(path)
        try:
            _, numbers = script(self._document.state, _LIBRARIES[kind], beside=beside.name)
        except ValueError:  # said when it is written
            return ()
        return (beside,) if numbers else ()

    @Slot(object)
    def _end(self, text: str) -> None:
        self.said.emit(text)

    @Slot(object)
    def _fail(self, error: BaseException) -> None:
        if not isinstance(error, (ValueError, FileError)):
            raise error
        QMessageBox.warning(self._window, "Export code", str(error))


def _written(path: Path, state: State, library: Library, **_: object) -> str:
    """Write a script: a task for `LongJob`. Whether to replace files was asked before."""
    return f"Wrote {' and '.join(write_code(path, state, library, overwrite=True))}"
