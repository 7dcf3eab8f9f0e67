"""Export: what, in which files, where; then the work beside the window, with cancel."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

from PySide6.QtCore import QObject, QStandardPaths, Qt, Signal, Slot
from PySide6.QtWidgets import (
    QCheckBox,
    QDialog,
    QDialogButtonBox,
    QFileDialog,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QMessageBox,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from cnn_explorer.core.addresses import Address
from cnn_explorer.core.forward import Cancelled
from cnn_explorer.core.schemes import ChannelScheme
from cnn_explorer.core.sentences import map_title
from cnn_explorer.core.state import State
from cnn_explorer.gui.document import Document
from cnn_explorer.gui.fields import ComboBox, SpinBox
from cnn_explorer.gui.selection import SelectionModel
from cnn_explorer.gui.settings import SettingsStore
from cnn_explorer.gui.worker import LongJob
from cnn_explorer.io.export import (
    FORMATS,
    LARGEST_SCALE,
    ExportError,
    ExportOptions,
    export,
    file_names,
)
from cnn_explorer.io.files import FileError, existing

InView = Callable[[], tuple[tuple[Address, ...], ...]]

_LABELS = {
    "png": "Pictures in the colours on screen (PNG)",
    "png16": "Pictures in 16-bit grey that hold the values (PNG)",
    "sheet": "A contact sheet for each layer (PNG)",
    "npz": "Numbers: maps, kernels, biases (NPZ)",
    "csv": "Tables: maps, kernels, contributions (CSV)",
    "tiff": "Stacks: maps, kernels, contributions (TIFF, float32)",
}


class ExportDialog(QDialog):
    """Asks what to export, in which formats, and where.

    Parameters
    ----------
    state
        The document's state: what will be exported.
    address
        The selected map, or None.
    in_view
        For each layer the addresses on screen; counts in Naive.
    store
        Colours and the last folder.
    """

    def __init__(
        self,
        state: State,
        address: Address | None,
        in_view: tuple[tuple[Address, ...], ...],
        store: SettingsStore,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._state = state
        self._address = address
        self._in_view = in_view
        self._store = store
        self.setWindowTitle("Export")
        self._what = ComboBox(self)
        self._what.setAccessibleName("Which maps")
        for text, data in self._choices():
            self._what.addItem(text, data)
        self._range = QLineEdit(self)
        self._range.setPlaceholderText("2.0-3.*")
        self._range.setAccessibleName("Address range")
        self._range.setToolTip("One part for each layer: a number, a range such as 0-3, or *.")
        self._formats = {name: QCheckBox(_LABELS[name], self) for name in FORMATS}
        self._formats["png"].setChecked(True)
        self._scale = SpinBox(self)
        self._scale.setRange(1, LARGEST_SCALE)
        self._scale.setValue(store.current.export_scale)
        self._scale.setPrefix("× ")
        self._scale.setAccessibleName("Scale of pictures")
        self._folder = QLineEdit(str(self._first_folder()), self)
        self._folder.setMinimumWidth(300)
        self._folder.setAccessibleName("Folder")
        browse = QPushButton("&Browse…", self)
        self._says = QLabel(self)
        self._says.setWordWrap(True)
        self._says.setMinimumHeight(3 * self.fontMetrics().height())
        self._says.setAlignment(Qt.AlignmentFlag.AlignTop)
        self._buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Cancel, self)
        self._go = self._buttons.addButton("&Export", QDialogButtonBox.ButtonRole.AcceptRole)
        self._lay_out(browse)
        browse.clicked.connect(self._browse)
        self._what.currentIndexChanged.connect(self._check)
        self._range.textChanged.connect(self._check)
        self._folder.textChanged.connect(self._check)
        self._scale.valueChanged.connect(self._check)
        for box in self._formats.values():
            box.toggled.connect(self._check)
        self._buttons.accepted.connect(self.accept)
        self._buttons.rejected.connect(self.reject)
        self._check()

    @property
    def folder(self) -> Path:
        """Where to write."""
        return Path(self._folder.text()).expanduser()

    def options(self) -> ExportOptions:
        """What to write.

        Raises
        ------
        ExportError
            If no format is chosen.
        """
        settings = self._store.current
        formats = tuple(name for name, box in self._formats.items() if box.isChecked())
        if not formats:
            raise ExportError("Tick at least one kind of file.")
        options = ExportOptions(
            formats=formats,
            scale=self._scale.value(),
            colour_map=settings.colour_map,
            contrast=settings.contrast,
            colour_scale=settings.colour_scale,
        )
        what = self._what.currentData()
        if what == "map":
            return replace(options, selected=self._address, in_view=self._shown())
        if what == "view":
            return replace(options, in_view=self._shown())
        if what == "range":
            return replace(options, address_range=self._range.text().strip())
        if what == "all":
            return options
        return replace(options, layers=(what,), in_view=self._shown())

    def _shown(self) -> tuple[tuple[Address, ...], ...] | None:
        """In Naive the maps on screen, whose colours an exported map shares."""
        if self._state.scheme is not ChannelScheme.NAIVE:
            return None
        shown = [list(addresses) for addresses in self._in_view]
        if self._address is not None and self._address not in shown[len(self._address) - 1]:
            shown[len(self._address) - 1].append(self._address)
        return tuple(tuple(addresses) for addresses in shown)

    def _choices(self) -> list[tuple[str, str | int]]:
        naive = self._state.scheme is ChannelScheme.NAIVE
        choices: list[tuple[str, str | int]] = []
        if naive:
            choices += [("The maps in view", "view"), ("The maps of an address range", "range")]
        else:
            choices.append(("All layers", "all"))
        for index in range(len(self._state.network.layers)):
            name = self._state.network.names[index]
            choices.append((f"The maps of {name} in view" if naive else f"All of {name}", index))
        if self._address is not None:
            choices.append((f"The selected map, {map_title(self._state, self._address)}", "map"))
        return choices

    def _first_folder(self) -> Path:
        if self._store.current.folder:
            return Path(self._store.current.folder) / "cnn-explorer-maps"
        place = QStandardPaths.StandardLocation.DocumentsLocation
        return Path(QStandardPaths.writableLocation(place)) / "cnn-explorer-maps"

    def _lay_out(self, browse: QPushButton) -> None:
        grid = QGridLayout()
        grid.setVerticalSpacing(8)
        grid.setColumnStretch(1, 1)
        grid.addWidget(_word("&Maps", self._what), 0, 0)
        grid.addWidget(self._what, 0, 1)
        grid.addWidget(self._range, 1, 1)
        grid.addWidget(QLabel("Files", self), 2, 0)
        for row, box in enumerate(self._formats.values()):
            grid.addWidget(box, 2 + row, 1)
        row = 2 + len(self._formats)
        grid.addWidget(_word("&Scale", self._scale), row, 0)
        scale = QHBoxLayout()
        scale.addWidget(self._scale)
        scale.addWidget(QLabel("screen pixels for each pixel of a map", self), 1)
        grid.addLayout(scale, row, 1)
        grid.addWidget(_word("F&older", self._folder), row + 1, 0)
        place = QHBoxLayout()
        place.addWidget(self._folder, 1)
        place.addWidget(browse)
        grid.addLayout(place, row + 1, 1)
        column = QVBoxLayout(self)
        column.addLayout(grid)
        column.addWidget(self._says)
        column.addWidget(self._buttons)

    @Slot()
    def _check(self) -> None:
        """Say what will be written, or why nothing can be."""
        self._range.setVisible(self._what.currentData() == "range")
        try:
            names = file_names(self._state, self.options())
            self._check_folder()
        except ExportError as error:
            self._go.setEnabled(False)
            self._says.setText(str(error))
            return
        self._go.setEnabled(True)
        some = ", ".join(names[:2]) + (", …" if names[2:] else "")
        self._says.setText(f"{len(names):,} files: {some}")

    def _check_folder(self) -> None:
        if not self._folder.text().strip():
            raise ExportError("Say in which folder the files go.")
        try:
            _ = self.folder
        except RuntimeError:
            raise ExportError("No such user's home; write the folder's whole path.") from None

    @Slot()
    def _browse(self) -> None:
        folder = QFileDialog.getExistingDirectory(self, "Folder for the export")
        if folder:
            self._folder.setText(folder)


class Exporter(QObject):
    """Runs exports one at a time and says how they ended.

    Parameters
    ----------
    document, selection, store
        What is exported.
    in_view
        Says, in Naive, which maps are on screen.
    window
        Parent of the dialogs.

    Signals
    -------
    progressed(done, total)
        How far the export is.
    ended(text)
        It is over, or, while `busy`, another cannot start; what to tell the user in passing.
    """

    progressed = Signal(int, int)
    ended = Signal(str)

    def __init__(
        self,
        document: Document,
        selection: SelectionModel,
        store: SettingsStore,
        in_view: InView,
        window: QWidget,
    ) -> None:
        super().__init__(window)
        self._document = document
        self._selection = selection
        self._store = store
        self._in_view = in_view
        self._window = window
        self._folder = Path()
        self._scale = store.current.export_scale
        self._job = LongJob(self)
        self._job.progressed.connect(self.progressed)
        self._job.succeeded.connect(self._succeed)
        self._job.failed.connect(self._fail)
        self._dialog: ExportDialog | None = None

    @property
    def busy(self) -> bool:
        """Whether an export runs."""
        return self._job.busy

    @Slot()
    def ask(self) -> None:
        """Ask what to export, unless an export is running."""
        if self._job.busy:
            self.ended.emit("An export is still running; wait for it or cancel it")
            return
        state = self._document.state
        self._dialog = ExportDialog(
            state, self._selection.current.address, self._in_view(), self._store, self._window
        )
        self._dialog.accepted.connect(self._start_asked)
        self._dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self._dialog.open()

    @Slot()
    def cancel(self) -> None:
        """Stop the running export; nothing of it stays."""
        self._job.cancel()

    def shut_down(self) -> None:
        """Stop what runs and join the thread."""
        self._job.shut_down()

    @Slot()
    def _start_asked(self) -> None:
        assert self._dialog is not None
        self.start(self._dialog.options(), self._dialog.folder)

    def start(self, options: ExportOptions, folder: Path) -> None:
        """Export the document as it is now; asks before it replaces files."""
        state = self._document.state
        taken = existing(folder, file_names(state, options))
        if taken and not self._may_replace(taken, folder):
            return
        self._scale = options.scale
        self._folder = folder
        self.progressed.emit(0, 1)
        self._job.run(partial(export, state, folder, options, overwrite=bool(taken)))

    def _may_replace(self, names: tuple[str, ...], folder: Path) -> bool:
        some = names[0] if len(names) == 1 else f"{len(names):,} files, {names[0]} first"
        answer = QMessageBox.question(
            self._window,
            "Replace files?",
            f"{folder} already holds {some}. Replace?",
            QMessageBox.StandardButton.Yes | QMessageBox.StandardButton.Cancel,
            QMessageBox.StandardButton.Cancel,
        )
        return answer == QMessageBox.StandardButton.Yes

    @Slot(object)
    def _succeed(self, names: tuple[str, ...]) -> None:
        self._store.update(folder=str(self._folder.parent), export_scale=self._scale)
        self.ended.emit(f"Wrote {len(names):,} files to {self._folder}")

    @Slot(object)
    def _fail(self, error: BaseException) -> None:
        if isinstance(error, Cancelled):
            self.ended.emit("Export cancelled; nothing was written")
            return
        self.ended.emit("Export failed; nothing was written")
        if not isinstance(error, (ExportError, FileError)):
            raise error
        QMessageBox.warning(self._window, "Export", str(error))


def _word(text: str, buddy: QWidget) -> QLabel:
    label = QLabel(text, buddy.parentWidget())
    label.setBuddy(buddy)
    return label
