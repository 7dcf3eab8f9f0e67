"""The main window: it builds the widgets and makes every connection between them."""

from dataclasses import replace

from PySide6.QtCore import QEvent, QSize, Qt, QTimer, Signal, Slot
from PySide6.QtGui import (
    QCloseEvent,
    QDragEnterEvent,
    QDropEvent,
    QGuiApplication,
    QImage,
    QResizeEvent,
)
from PySide6.QtWidgets import (
    QDockWidget,
    QLabel,
    QMainWindow,
    QSizePolicy,
    QStackedWidget,
    QToolBar,
    QToolButton,
    QWidget,
)

from cnn_explorer.core.activations import Array
from cnn_explorer.core.forward import Activations, Request
from cnn_explorer.core.network import MAX_LAYERS
from cnn_explorer.core.schemes import ChannelScheme
from cnn_explorer.core.sentences import map_title
from cnn_explorer.core.state import State
from cnn_explorer.gui.actions import fill_menus, make_actions, paint_icons
from cnn_explorer.gui.colouring import Colouring, colouring_of
from cnn_explorer.gui.dialogs import AboutDialog, KeysDialog
from cnn_explorer.gui.document import Document
from cnn_explorer.gui.enlarged import Enlarged
from cnn_explorer.gui.export_dialog import Exporter
from cnn_explorer.gui.input_panel import InputPanel
from cnn_explorer.gui.inspector import Inspector
from cnn_explorer.gui.layer_card import described
from cnn_explorer.gui.layer_column import LayerColumn
from cnn_explorer.gui.network_actions import NetworkActions
from cnn_explorer.gui.scheme_switch import SchemeSwitch
from cnn_explorer.gui.selection import Selection, SelectionModel
from cnn_explorer.gui.settings import Settings, SettingsStore
from cnn_explorer.gui.status import StatusBar
from cnn_explorer.gui.tiles import Spot
from cnn_explorer.gui.view_actions import ViewActions
from cnn_explorer.gui.window_layout import WindowLayout
from cnn_explorer.gui.worker import LongJob, Worker, load_signal
from cnn_explorer.io.pictures import coloured, png

STALE_AFTER = 150
"""Milliseconds after which maps that are out of date are dimmed: less would flicker."""


class MainWindow(QMainWindow):
    """Input, layers and inspector around one document.

    Parameters
    ----------
    state
        What it opens on.
    store
        The settings.

    Signals
    -------
    closing()
        The document can be kept now.
    """

    closing = Signal()

    def __init__(self, state: State, store: SettingsStore) -> None:
        super().__init__()
        self.document = Document(state, self)
        self.selection = SelectionModel(_opening_selection(state), self)
        self.store = store
        self.worker = Worker(self)
        self._loader = LongJob(self)
        self._asked: Request | None = None
        self._activations: Activations | None = None
        self._colouring: Colouring | None = None
        self._stale_timer = QTimer(self, singleShot=True, interval=STALE_AFTER)
        self.actions_by_name = make_actions(self)
        self._build()
        self._connect()
        self.layout_of_window = WindowLayout(self, self._docks, store)
        self.status.show_parameters(state)

    # Building.

    def _build(self) -> None:
        actions = self.actions_by_name
        paint_icons(actions, self.palette())
        self.setWindowTitle("CNN Explorer")
        self.setAcceptDrops(True)
        self.setDockNestingEnabled(True)
        self.input = InputPanel(self.document, self.store, actions, self)
        self.layers = LayerColumn(
            self.document, self.selection, self.store, actions["add_layer"], self
        )
        self.enlarged = Enlarged(self.selection, self)
        self.inspector = Inspector(self.document, self.selection, self.store, actions, self)
        self.switch = SchemeSwitch(self.document, self)
        self.status = StatusBar(self)
        self.exporter = Exporter(
            self.document, self.selection, self.store, self.layers.in_view, self
        )
        self._pages = QStackedWidget(self)
        self._pages.addWidget(self.layers)
        self._pages.addWidget(self.enlarged)
        self.setCentralWidget(self._pages)
        self.setStatusBar(self.status)
        self._docks = (
            self._dock("Input", "input", self.input, Qt.DockWidgetArea.LeftDockWidgetArea),
            self._dock(
                "Inspector", "inspector", self.inspector, Qt.DockWidgetArea.RightDockWidgetArea
            ),
        )
        menus = fill_menus(self.menuBar(), actions)
        for dock in self._docks:
            menus["&View"].addAction(dock.toggleViewAction())
        self._tool_bar()
        self.view_actions = ViewActions(actions, self.store, self)
        self.network_actions = NetworkActions(actions, self.document, self)

    def _dock(self, title: str, name: str, widget: QWidget, area: Qt.DockWidgetArea) -> QDockWidget:
        dock = QDockWidget(title, self)
        dock.setObjectName(name)
        widget.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        dock.setWidget(widget)
        dock.setTitleBarWidget(_grip(dock))
        self.addDockWidget(area, dock)
        return dock

    def _tool_bar(self) -> None:
        bar = QToolBar("Toolbar", self)
        bar.setObjectName("toolbar")
        bar.setMovable(False)
        bar.toggleViewAction().setVisible(False)
        bar.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonIconOnly)
        bar.setIconSize(QSize(18, 18))
        bar.addAction(self.actions_by_name["undo"])
        bar.addAction(self.actions_by_name["redo"])
        bar.addWidget(_spacer(bar))
        bar.addWidget(self.switch)
        bar.addWidget(_spacer(bar))
        bar.addAction(self.actions_by_name["export"])
        export = bar.widgetForAction(self.actions_by_name["export"])
        assert isinstance(export, QToolButton)
        export.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.addToolBar(bar)

    # Connections.

    def _connect(self) -> None:
        self.document.changed.connect(self._document_changed)
        self.selection.changed.connect(self._selection_changed)
        self.store.changed.connect(self._settings_changed)
        self.layers.view_changed.connect(self._ask)
        self.layers.described.connect(self._describe)
        self.layers.activated.connect(self._enlarge)
        self.worker.finished.connect(self._show_maps)
        self._stale_timer.timeout.connect(self._show_stale)
        self.enlarged.closed.connect(self._show_layers)
        self.input.canvas.hovered.connect(self._hover_drawing)
        self.enlarged.map.hovered.connect(self._hover_enlarged)
        self.enlarged.map.activated.connect(self._show_layers)
        self.exporter.progressed.connect(self.status.show_progress)
        self.exporter.ended.connect(self._work_ended)
        self.status.cancelled.connect(self.exporter.cancel)
        self._loader.succeeded.connect(self._signal_loaded)
        for name, slot in (
            ("open_image", self.input.open_image),
            ("paste_image", self.input.paste_image),
            ("draw", self.input.choose_pen),
            ("erase", self.input.choose_eraser),
            ("clear", self.input.clear),
            ("export", self.exporter.ask),
            ("quit", self.close),
            ("copy_map", self._copy_map),
            ("copy_index", self.inspector.tensors.copy_index),
            ("settings_reset", self._reset_settings),
            ("face_maps", self._show_map_faces),
            ("face_kernels", self._show_kernel_faces),
            ("enlarge", self._enlarge),
            ("previous_map", self._previous_map),
            ("next_map", self._next_map),
            ("escape", self._escape),
            ("full_screen", self._full_screen),
            ("keys", self._show_keys),
            ("about", self._show_about),
        ):
            self.actions_by_name[name].triggered.connect(slot)

    # The document, and the maps that follow it.

    @Slot(object, object)
    def _document_changed(self, new: State, old: State) -> None:
        if new.network is not old.network or new.scheme is not old.scheme:
            self.selection.select(self.selection.current.within(new.network))
            self.layers.set_state(new)
            self.switch.set_state(new)
            self.status.show_parameters(new)
        self._ask()

    @Slot(object, object)
    def _selection_changed(self, new: Selection, old: Selection) -> None:
        if new.layer is None:
            self._show_layers()
        self._show_enlarged()
        self._show_pinned()
        self._ask()

    @Slot()
    def _ask(self) -> None:
        """Ask the worker for the maps that are looked at, unless it was asked already."""
        state = self.document.state
        in_view = self.layers.in_view() if state.scheme is ChannelScheme.NAIVE else ()
        asked = self._asked
        if asked is not None and asked.state is state and asked.in_view == in_view:
            return
        self._asked = Request(state, in_view)
        self.worker.submit(self._asked)
        if not self._stale_timer.isActive():
            self._stale_timer.start()

    @Slot(object)
    def _show_maps(self, activations: Activations) -> None:
        state = self.document.state
        shown = activations.state
        if shown.network is not state.network or shown.scheme is not state.scheme:
            return
        self._activations = activations
        self._colour_maps()
        self.status.show_pass(activations, self.worker.signal_ready)
        self._stale_timer.stop()
        if shown is state:
            self.layers.set_stale(False)
        else:
            self._stale_timer.start()

    @property
    def shown(self) -> Activations | None:
        """The maps on screen."""
        return self._activations

    @property
    def fresh(self) -> bool:
        """Whether the maps shown are those of the document as it is."""
        shown = self._activations
        return shown is not None and shown.state is self.document.state and not self.worker.busy

    @Slot()
    def _show_stale(self) -> None:
        self.layers.set_stale(True)
        self.status.show_computing()

    def _colour_maps(self) -> None:
        if self._activations is not None:
            self._colouring = colouring_of(self.store.current, self._activations.maps)
            self.layers.show_maps(self._activations, self._colouring)
            self._show_enlarged()
            self._show_pinned()

    # What is under the pointer, pinned, enlarged.

    @Slot(str)
    def _describe(self, text: str) -> None:
        if text:
            self.status.show_spot(text)
        else:
            self._show_pinned()

    @Slot(object)
    def _hover_drawing(self, pixel: tuple[int, int] | None) -> None:
        if pixel is None:
            self._show_pinned()
        else:
            spot = Spot(0, *pixel)
            value = float(self.document.state.drawing[pixel])
            self.status.show_spot(described("Input", spot, value))

    @Slot(object)
    def _hover_enlarged(self, spot: Spot | None) -> None:
        address = self.selection.current.address
        if spot is None or address is None:
            self._show_pinned()
        else:
            title = map_title(self.document.state, address)
            self.status.show_spot(described(title, spot, self.enlarged.map.value(spot)))

    def _selected_values(self) -> Array | None:
        """The selected map as last computed."""
        address = self.selection.current.address
        if address is None or self._activations is None:
            return None
        return self._activations.find(address)

    def _show_pinned(self) -> None:
        """The value at the pin, or which map is selected."""
        current, values = self.selection.current, self._selected_values()
        if current.address is None:
            self.status.show_spot("Click a map to select it")
            return
        title = map_title(self.document.state, current.address)
        if current.pin is None or values is None:
            self.status.show_spot(title)
        else:
            spot = Spot(0, *current.pin)
            self.status.show_spot(described(title, spot, float(values[current.pin])) + " · pinned")

    def _show_enlarged(self) -> None:
        address, values = self.selection.current.address, self._selected_values()
        if self._pages.currentWidget() is not self.enlarged or address is None or values is None:
            return
        assert self._colouring is not None
        self.enlarged.show_map(self.document.state, address, values, self._colouring)

    @Slot()
    def _enlarge(self) -> None:
        if self.selection.current.address is None:
            self.status.show_spot("Select a map first: click one")
            return
        self._pages.setCurrentWidget(self.enlarged)
        self._show_enlarged()
        self.enlarged.map.setFocus()

    @Slot()
    def _show_layers(self) -> None:
        self._pages.setCurrentWidget(self.layers)

    @Slot()
    def _escape(self) -> None:
        """Undo the innermost: the pin, the enlargement, the selection."""
        current = self.selection.current
        if current.pin is not None:
            self.selection.select(replace(current, pin=None))
        elif self._pages.currentWidget() is self.enlarged:
            self._show_layers()
        else:
            self.selection.select(replace(current, layer=None))

    @Slot()
    def _previous_map(self) -> None:
        self.layers.step_map(-1)

    @Slot()
    def _next_map(self) -> None:
        self.layers.step_map(1)

    @Slot()
    def _copy_map(self) -> None:
        address, values = self.selection.current.address, self._selected_values()
        if address is None or values is None or self._colouring is None:
            self.status.show_spot("Select a map first: click one")
            return
        scale = self._colouring.scale(len(address) - 1, values)
        pixels = coloured(values, self._colouring.colours, scale)
        image = QImage.fromData(png(pixels, {}, self.store.current.export_scale))
        QGuiApplication.clipboard().setImage(image)
        self.status.show_spot(f"Copied {map_title(self.document.state, address)} as a picture")

    # Settings, layout, dialogs.

    @Slot()
    def _show_map_faces(self) -> None:
        self.layers.turn(kernels=False)

    @Slot()
    def _show_kernel_faces(self) -> None:
        self.layers.turn(kernels=True)

    @Slot(object, object)
    def _settings_changed(self, new: Settings, old: Settings) -> None:
        colours = ("colour_map", "colour_scale", "contrast")
        if any(getattr(new, name) != getattr(old, name) for name in colours):
            self.layers.set_state(self.document.state)
            self._colour_maps()

    @Slot()
    def _reset_settings(self) -> None:
        self.store.reset()
        self.layout_of_window.restore()

    @Slot()
    def _full_screen(self) -> None:
        self.setWindowState(self.windowState() ^ Qt.WindowState.WindowFullScreen)

    @Slot()
    def _show_keys(self) -> None:
        KeysDialog(self).open()

    @Slot()
    def _show_about(self) -> None:
        AboutDialog(self).open()

    # The life of the window.

    @Slot(str)
    def _work_ended(self, text: str) -> None:
        self.status.end_work()
        self.status.show_spot(text)

    def load_signal(self) -> None:
        """Load scipy.signal beside the window, which serves from then on."""
        self._loader.run(load_signal)

    @Slot()
    def _signal_loaded(self) -> None:
        self.worker.use_signal()
        self._asked = None
        self._ask()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Share the new width out."""
        super().resizeEvent(event)
        self.layout_of_window.share()

    def changeEvent(self, event: QEvent) -> None:
        """Repaint the icons in the new palette's colours."""
        super().changeEvent(event)
        if event.type() is QEvent.Type.PaletteChange:
            paint_icons(self.actions_by_name, self.palette())

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        """Take images."""
        if self.input.accepts(event.mimeData()):
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        """Open the image that was dropped."""
        self.input.use_mime(event.mimeData())
        event.acceptProposedAction()

    def closeEvent(self, event: QCloseEvent) -> None:
        """Keep document and layout, and join the threads."""
        self.layout_of_window.save()
        self.closing.emit()
        self.worker.shut_down()
        self.exporter.shut_down()
        self._loader.shut_down()
        super().closeEvent(event)


def _opening_selection(state: State) -> Selection:
    """A map of the last layer, and a pixel of it, so that there is something to read."""
    last = len(state.network.layers) - 1
    rows, columns = state.network.sizes[-1]
    selection = Selection(last, (1,) * MAX_LAYERS, (rows * 2 // 5, columns * 3 // 5))
    return selection.within(state.network)


def _grip(dock: QDockWidget) -> QLabel:
    """A thin bar to drag a dock by; its panel has a heading of its own."""
    grip = QLabel("· · · · ·", dock)
    grip.setProperty("role", "grip")
    grip.setAlignment(Qt.AlignmentFlag.AlignCenter)
    grip.setToolTip(f"{dock.windowTitle()}: drag to dock elsewhere, double click to float")
    return grip


def _spacer(parent: QWidget) -> QWidget:
    spacer = QWidget(parent)
    spacer.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
    return spacer
