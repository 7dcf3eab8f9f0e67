"""Networks that come with the program, and those that are opened and saved as files."""

from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path

from PySide6.QtCore import QObject, Qt, Signal, Slot
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QFileDialog, QHBoxLayout, QMenu, QMessageBox, QToolButton, QWidget

from cnn_explorer.core.building import new_network
from cnn_explorer.core.network import Network
from cnn_explorer.core.state import State
from cnn_explorer.core.trained import is_as_trained, same_layers
from cnn_explorer.gui.document import Document
from cnn_explorer.gui.save_names import ask_save_name
from cnn_explorer.gui.settings import SettingsStore
from cnn_explorer.gui.worker import LongJob
from cnn_explorer.io.files import FileError
from cnn_explorer.io.networks import BUNDLED, bundled_network
from cnn_explorer.io.weights import ENDINGS, NetworkError, load_network, save_network

AT_HAND = 2
"""How many of the bundled networks the switch shows; the others are in its menu."""

_KINDS = dict(zip(("safetensors", "NumPy"), ENDINGS, strict=True))
_FILTER = f"Networks ({' '.join(f'*{ending}' for ending in ENDINGS)});;All files (*)"


class NetworkFiles(QObject):
    """Connects the actions that put a whole network into the document, or save it.

    Parameters
    ----------
    actions
        All actions by name.
    document, store
        What is changed, and where the last folder is kept.
    window
        Parent of the dialogs.

    Signals
    -------
    said(text)
        What was opened or saved.
    """

    said = Signal(str)

    def __init__(
        self,
        actions: Mapping[str, QAction],
        document: Document,
        store: SettingsStore,
        window: QWidget,
    ) -> None:
        super().__init__(window)
        self._actions = actions
        self._document = document
        self._store = store
        self._window = window
        self._job = LongJob(self)
        for name in BUNDLED:
            actions[f"trained_{name}"].triggered.connect(self._choose)
        actions["hand_made"].triggered.connect(self._make)
        actions["open_network"].triggered.connect(self._ask_open)
        actions["save_network"].triggered.connect(self._ask_save)
        self._job.succeeded.connect(self._end)
        self._job.failed.connect(self._fail)
        document.changed.connect(self._show_state)
        self._show_state(document.state, None)

    def shut_down(self) -> None:
        """Wait for a file that is being read or written."""
        self._job.shut_down()

    @Slot()
    def _choose(self) -> None:
        sender = self.sender()
        assert isinstance(sender, QAction)
        name = sender.objectName().removeprefix("trained_")
        self._commit(f"Trained network {name}", bundled_network(name))

    @Slot()
    def _make(self) -> None:
        self._commit("Hand-made network", new_network())

    def _commit(self, text: str, network: Network) -> None:
        state = self._document.state
        if network is not state.network:
            self._document.commit(text, replace(state, network=network))

    @Slot(object, object)
    def _show_state(self, new: State, old: State | None) -> None:
        """Check the network that the document has, or has an edited form of."""
        if old is not None and new.network is old.network:
            return
        trained = new.network.trained
        for name in BUNDLED:
            action = self._actions[f"trained_{name}"]
            # The name alone could be that of any file.
            ours = (
                trained is not None
                and trained.name == name
                and same_layers(trained.layers, bundled_network(name).layers)
            )
            edited = ours and not is_as_trained(new.network)
            action.setChecked(ours)
            action.setText(f"{name}, edited" if edited else name)
            back = "; a click makes it as trained again" if edited else ""
            action.setToolTip(f"Trained to read digits: {BUNDLED[name]}{back}")

    # Files.

    @Slot()
    def _ask_open(self) -> None:
        path, _ = QFileDialog.getOpenFileName(
            self._window, "Open network", self._store.current.folder, _FILTER
        )
        if path:
            self._store.update(folder=str(Path(path).parent))
            self.open(path)

    def open(self, path: str) -> None:
        """Read a network in the background, then put it into the document."""
        self._job.run(partial(_opened, Path(path)))

    @Slot()
    def _ask_save(self) -> None:
        trained = self._document.state.network.trained
        name = f"{trained.name if trained else 'network'}{ENDINGS[0]}"
        proposal = Path(self._store.current.folder, name)
        named = ask_save_name(self._window, "Save network", proposal, _KINDS)
        if named is not None:
            path, _ = named
            self._store.update(folder=str(path.parent))
            self._job.run(partial(_saved, path, self._document.state.network))

    @Slot(object)
    def _end(self, result: tuple[str, Network | None]) -> None:
        text, network = result
        if network is not None:
            self._commit(text, network)
        self.said.emit(text)

    @Slot(object)
    def _fail(self, error: BaseException) -> None:
        if not isinstance(error, (NetworkError, FileError)):
            raise error
        QMessageBox.warning(self._window, "Network", str(error))


class NetworkSwitch(QWidget):
    """Buttons for the first of the bundled networks, and a menu with all networks there are."""

    def __init__(self, actions: Mapping[str, QAction], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(0)
        for place, name in enumerate(list(BUNDLED)[:AT_HAND]):
            button = QToolButton(self)
            button.setDefaultAction(actions[f"trained_{name}"])
            button.setAccessibleName(f"Trained network {name}")
            self._add(button, "middle" if place else "first")
        more = QToolButton(self)
        more.setText("▾")
        more.setToolTip("Other networks: trained, hand-made, from a file")
        more.setAccessibleName("Other networks")
        more.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        menu = QMenu(more)
        menu.addActions([actions[f"trained_{name}"] for name in BUNDLED])
        menu.addSeparator()
        menu.addActions([actions[name] for name in ("hand_made", "open_network", "save_network")])
        more.setMenu(menu)
        self._add(more, "last")

    def _add(self, button: QToolButton, segment: str) -> None:
        button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        button.setProperty("segment", segment)
        layout = self.layout()
        assert layout is not None
        layout.addWidget(button)


def _opened(path: Path, **_: object) -> tuple[str, Network]:
    """Read a network: a task for `LongJob`."""
    return f"Open {path.name}", load_network(path)


def _saved(path: Path, network: Network, **_: object) -> tuple[str, None]:
    """Save a network: a task for `LongJob`."""
    save_network(path, network)
    return f"Saved {path.name}", None
