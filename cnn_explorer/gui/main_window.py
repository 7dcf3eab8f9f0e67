"""The main window: it builds the widgets and makes every connection between them."""

import gc
from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QSize, Qt, QTimer, Signal, Slot
from PySide6.QtGui import (
    QCloseEvent,
    QDragEnterEvent,
    QDropEvent,
    QResizeEvent,
)
from PySide6.QtWidgets import (
    QDockWidget,
    QLabel,
    QMainWindow,
    QSizePolicy,
    QToolBar,
    QToolButton,
    QWidget,
)

from cnn_explorer.core.addresses import Address
from cnn_explorer.core.forward import Activations, Request
from cnn_explorer.core.schemes import ChannelScheme
from cnn_explorer.core.selection import Selection, opening_selection
from cnn_explorer.core.state import State
from cnn_explorer.gui.actions import fill_menus, make_actions, paint_icons
from cnn_explorer.gui.centre import Centre
from cnn_explorer.gui.code_actions import CodeActions
from cnn_explorer.gui.dialogs import AboutDialog, KeysDialog
from cnn_explorer.gui.digits_files import DigitsFiles
from cnn_explorer.gui.document import Document
from cnn_explorer.gui.export_dialog import Exporter
from cnn_explorer.gui.export_files import ExportFiles
from cnn_explorer.gui.figure_asking import Figures
from cnn_explorer.gui.input_panel import InputPanel
from cnn_explorer.gui.inspector import Inspector
from cnn_explorer.gui.layer_card import FACES, described
from cnn_explorer.gui.network_actions import NetworkActions
from cnn_explorer.gui.network_files import NetworkFiles, NetworkSwitch
from cnn_explorer.gui.presenting import Presenter
from cnn_explorer.gui.recent_files import RecentFiles
from cnn_explorer.gui.scenes import Scenes
from cnn_explorer.gui.scheme_switch import SchemeSwitch
from cnn_explorer.gui.selection import SelectionModel
from cnn_explorer.gui.session_files import SessionFiles
from cnn_explorer.gui.settings import SettingsStore
from cnn_explorer.gui.share_actions import ShareActions
from cnn_explorer.gui.status import StatusBar
from cnn_explorer.gui.tiles import Spot
from cnn_explorer.gui.tracing import Tracing
from cnn_explorer.gui.view_actions import ViewActions
from cnn_explorer.gui.viewing import Viewing
from cnn_explorer.gui.window_layout import WindowLayout
from cnn_explorer.gui.worker import LongJob, Worker, load_signal
from cnn_explorer.io.lessons import LESSONS, lesson

if TYPE_CHECKING:
    from cnn_explorer.gui.figure_parts import Part

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
        The window goes; its work is saved, or not wanted.
    """

    closing = Signal()

    def __init__(self, state: State, store: SettingsStore) -> None:
        super().__init__()
        self.document = Document(state, self)
        self.selection = SelectionModel(opening_selection(state.network), self)
        self.selection.follow(state.network)
        self.store = store
        self.worker = Worker(self)
        self._loader = LongJob(self)
        self._asked: Request | None = None
        self._followed = state
        self._pointed: tuple[QWidget, tuple[int, int]] | None = None
        self._stale_timer = QTimer(self, singleShot=True, interval=STALE_AFTER)
        self.actions_by_name = make_actions(self)
        self._build()
        self._connect()
        self.viewing = Viewing(
            self.document,
            self.selection,
            self.store,
            self.centre,
            self.inspector,
            self._docks,
            self.actions_by_name["answers"],
        )
        self.scenes = Scenes(
            self.actions_by_name,
            self.document,
            self.selection,
            self.viewing,
            self.centre,
            self.inspector,
            self,
        )
        self.scenes.said.connect(self.status.show_spot)
        self.sessions = SessionFiles(self.actions_by_name, self.document, self.viewing, store, self)
        self._connect_sessions()
        self.shares = ShareActions(self.actions_by_name, self.document, self.viewing, self)
        self.shares.said.connect(self.status.show_spot)
        self.input.share_given.connect(self.shares.use)
        self.layout_of_window = WindowLayout(self, self._docks, store)
        self.presenter = Presenter(
            self,
            self._docks,
            self.layout_of_window,
            (self.layers, self.centre.scene_bar, self.inspector),
            self._tools_of_input,
            self.actions_by_name,
        )
        self.status.show_parameters(state)

    # Building.

    def _build(self) -> None:
        actions = self.actions_by_name
        paint_icons(actions, self.palette())
        self.setAcceptDrops(True)
        self.setDockNestingEnabled(True)
        # In the order in which Tab goes through them.
        self.switch = SchemeSwitch(self.document, self)
        self.input = InputPanel(self.document, self.store, actions, self)
        self.centre = Centre(self.document, self.selection, self.store, actions, self)
        self.layers = self.centre.layers
        self.inspector = Inspector(self.document, self.selection, self.store, actions, self)
        self.status = StatusBar(self)
        self.exporter = Exporter(
            self.document, self.selection, self.store, self.layers.in_view, self
        )
        self.digits = DigitsFiles(self.document, self.store, self.input.digits, self)
        self.figures = Figures(self._parts, self.store, self)
        self.setCentralWidget(self.centre)
        self.setStatusBar(self.status)
        self._docks = (
            self._dock("Input", "input", self.input, Qt.DockWidgetArea.LeftDockWidgetArea),
            self._dock(
                "Inspector", "inspector", self.inspector, Qt.DockWidgetArea.RightDockWidgetArea
            ),
        )
        menus = fill_menus(self.menuBar(), actions)
        self.recent = RecentFiles(menus["&File"], actions["open"], self.store)
        for dock in self._docks:
            menus["&View"].addAction(dock.toggleViewAction())
        self._tool_bar()
        self.view_actions = ViewActions(actions, self.store, self)
        self.network_actions = NetworkActions(actions, self.document, self.selection, self)
        self.networks = NetworkFiles(actions, self.document, self.store, self)
        self.exports = ExportFiles(self.document, self)
        self.code = CodeActions(actions, self.document, self.selection, self.store, self)

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
        bar.addWidget(NetworkSwitch(self.actions_by_name, bar))
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
        # After the cards followed the document.
        self.tracing = Tracing(
            self.document,
            self.selection,
            self.layers,
            self.input.canvas,
            self.input.centring.seen,
            self,
        )
        self.selection.changed.connect(self._selection_changed)
        self.layers.view_changed.connect(self._ask)
        self.centre.described.connect(self.status.show_spot)
        self.centre.coloured.connect(self.inspector.show_maps)
        self.centre.question.led.connect(self._lead)
        self.centre.question.why.connect(self.inspector.show_making)
        self.inspector.wanted.connect(self._show_inspector)
        self.inspector.view_changed.connect(self._ask)
        self.inspector.making.said.connect(self.status.show_spot)
        self.inspector.kernel.said.connect(self.status.show_spot)
        self.inspector.making.channel_hovered.connect(self.tracing.show_channel)
        self.inspector.making.cell_hovered.connect(self.tracing.show_cell)
        self.inspector.evidence.map_hovered.connect(self.tracing.show_map)
        self.inspector.view_changed.connect(self._mark_class)
        self.input.prediction.bars.chosen.connect(self._show_evidence)
        self.worker.finished.connect(self._show_maps)
        self._stale_timer.timeout.connect(self._show_stale)
        self.input.canvas.hovered.connect(self._hover_drawing)
        self.input.centring.seen.hovered.connect(self._hover_seen)
        self.exporter.progressed.connect(self.status.show_progress)
        self.exporter.ended.connect(self._work_ended)
        self.status.cancelled.connect(self.exporter.cancel)
        self.digits.progressed.connect(self.status.show_progress)
        self.digits.ended.connect(self._work_ended)
        self.digits.refused.connect(self.input.show_problem)
        self.status.cancelled.connect(self.digits.cancel)
        self.input.digits_given.connect(self.digits.open)
        self.input.network_given.connect(self.networks.open)
        for name in ("previous_digit", "next_digit"):
            self.actions_by_name[name].setVisible(False)
            self.input.digits.opened.connect(self.actions_by_name[name].setVisible)
        self._loader.succeeded.connect(self._signal_loaded)
        self._loader.failed.connect(self._signal_failed)
        self.network_actions.refused.connect(self._say_refused)
        self.figures.said.connect(self.status.show_spot)
        self.networks.said.connect(self.status.show_spot)
        self.exports.said.connect(self.status.show_spot)
        self.input.export_given.connect(self.exports.open)
        self.code.said.connect(self.status.show_spot)
        answers = self.actions_by_name["answers"]
        for part in (self.switch, self.centre.question, self.input, self.layers):
            answers.toggled.connect(part.hide_answers)
        for name, slot in (
            ("open", self.input.open_file),
            ("open_image", self.input.open_image),
            ("paste_image", self.input.paste_image),
            ("open_digits", self.digits.ask),
            ("open_digits_folder", self.digits.ask_folder),
            ("previous_digit", self.input.digits.previous),
            ("next_digit", self.input.digits.next),
            ("draw", self.input.choose_pen),
            ("erase", self.input.choose_eraser),
            ("clear", self.input.clear),
            ("centre", self.input.centring.centre),
            ("centring", self.input.centring.set_always),
            ("export", self.exporter.ask),
            ("copy_figure", self.figures.ask),
            ("quit", self.close),
            ("copy_index", self.inspector.tensors.copy_index),
            ("settings_reset", self._reset_settings),
            ("full_screen", self._full_screen),
            ("keys", self._show_keys),
            ("about", self._show_about),
        ):
            self.actions_by_name[name].triggered.connect(slot)

    def _connect_sessions(self) -> None:
        for name in LESSONS:
            self.actions_by_name[f"lesson_{name}"].triggered.connect(self._open_lesson)
        self.sessions.said.connect(self.status.show_spot)
        self.sessions.opened.connect(self.recent.add)
        self.sessions.vanished.connect(self.recent.remove)
        self.sessions.left.connect(self.close)
        self.recent.chosen.connect(self.sessions.open)
        self.input.session_given.connect(self.sessions.open)

    # The document, and the maps that follow it.

    @Slot(object, object)
    def _document_changed(self, new: State, old: State) -> None:
        if new.network is not old.network or new.scheme is not old.scheme:
            self.selection.follow(new.network)
            self.layers.set_state(new)
            self.switch.set_state(new)
            self.status.show_parameters(new)
        self._followed = new
        self._ask()

    @Slot(object, object)
    def _selection_changed(self, new: Selection, old: Selection) -> None:
        self._ask()

    @Slot()
    def _ask(self) -> None:
        """Ask the worker for the maps that are looked at, unless it was asked already."""
        state, followed = self.document.state, self._followed
        if followed.network is not state.network or followed.scheme is not state.scheme:
            return  # selection and cards speak of the old network until all have followed
        request = Request(
            state,
            self._looked_at() if state.scheme is ChannelScheme.NAIVE else (),
            making=self.inspector.looked_at,
            cells=self.layers.cells_in_view(),
        )
        if request == self._asked:
            return
        self._asked = request
        self.worker.submit(request)
        if not self._stale_timer.isActive():
            self._stale_timer.start()

    def _looked_at(self) -> tuple[tuple[Address, ...], ...]:
        """In Naive, the maps on screen and the selected one, which may be enlarged."""
        in_view = self.layers.in_view()
        address = self.selection.current.address
        if address is None or address in in_view[len(address) - 1]:
            return in_view
        if len(address) > self.document.state.network.head:
            return in_view
        index = len(address) - 1
        return (*in_view[:index], (*in_view[index], address), *in_view[index + 1 :])

    @Slot(object)
    def _show_maps(self, activations: Activations) -> None:
        state = self.document.state
        shown = activations.state
        if shown.network is not state.network or shown.scheme is not state.scheme:
            return
        self.centre.show_maps(activations)
        self.input.digits.show_reading(activations)
        self.input.prediction.show_maps(activations)
        self._describe_pixel()
        self.status.show_pass(activations, self.worker.signal_ready)
        self._stale_timer.stop()
        if shown is state:
            self._set_stale(False)
        else:
            self._stale_timer.start()

    @Slot()
    def _show_stale(self) -> None:
        self._set_stale(True)
        self.status.show_computing()

    def _set_stale(self, stale: bool) -> None:
        self.layers.set_stale(stale)
        self.input.prediction.set_stale(stale)
        self.inspector.set_stale(stale)

    @property
    def shown(self) -> Activations | None:
        """The maps on screen."""
        return self.centre.shown

    @property
    def fresh(self) -> bool:
        """Whether the maps on screen are those of the document as it is."""
        shown = self.shown
        return shown is not None and shown.state is self.document.state and not self.worker.busy

    @Slot(object)
    def _hover_drawing(self, pixel: tuple[int, int] | None) -> None:
        self._point_at(self.input.canvas, pixel)

    @Slot(object)
    def _hover_seen(self, pixel: tuple[int, int] | None) -> None:
        self._point_at(self.input.centring.seen, pixel)

    def _point_at(self, part: QWidget, pixel: tuple[int, int] | None) -> None:
        self._pointed = None if pixel is None else (part, pixel)
        if pixel is None:
            self.centre.describe_selection()
        else:
            self._describe_pixel()

    def _describe_pixel(self) -> None:
        """Tell the value under the pointer, if it is on the drawing or on the centred one."""
        if self._pointed is None:
            return
        state, (part, pixel) = self.document.state, self._pointed
        seen = part is self.input.centring.seen
        name = "Input" if seen is state.centred else "Centred drawing" if seen else "Drawing"
        value = float((self.input.centring.seen.values if seen else state.drawing)[pixel])
        self.status.show_spot(described(name, Spot(0, *pixel), value))

    @Slot()
    def _show_inspector(self) -> None:
        """Show its dock, which may be hidden or behind another."""
        dock = self._docks[1]
        dock.show()
        dock.raise_()

    @Slot(int)
    def _show_evidence(self, class_: int) -> None:
        """Show what speaks for a digit, wherever the inspector is."""
        self.inspector.show_class(class_)
        self._mark_class()

    @Slot()
    def _mark_class(self) -> None:
        """Mark the digit in the prediction while its evidence is looked at."""
        evidence = self.inspector.evidence
        self.input.prediction.bars.mark(evidence.class_ if evidence.isVisible() else None)

    @Slot(str)
    def _lead(self, to: str) -> None:
        """Go where the explanation of an answer leads."""
        if to == "diagonal":
            for card in self.layers.cards:
                if card.contributions is not None:
                    card.contributions.spread()
        elif to == "making":
            self.store.update(zoom="map")
        self.actions_by_name["only_diagonal" if to == "diagonal" else to].trigger()

    @Slot()
    def _open_lesson(self) -> None:
        name = self.sender().objectName().removeprefix("lesson_")
        self.sessions.begin(lesson(name), LESSONS[name])

    def _tools_of_input(self) -> list[QWidget]:
        return self.input.tools

    # Settings, layout, dialogs.

    def _parts(self) -> "list[Part]":
        """What there can be figures of: parts that are in view, and what is composed."""
        from cnn_explorer.gui.figure_parts import document_parts, screen_parts

        cards = [
            (card.name, card, layer, FACES[card.shown_face].lower())
            for layer, card in enumerate(self.layers.cards)
        ]
        faces = [
            (f"{name}: {face}", widget, layer, face.lower())
            for name, card, layer, _ in cards
            for face, widget in zip(
                FACES, (card.maps, card.contributions, card.kernels), strict=True
            )
            if widget is not None
        ]
        others: tuple[tuple[str, QWidget], ...] = (
            ("The enlarged map", self.centre.enlarged),
            (self.inspector.titles[0], self.inspector.making),
            ("The kernel at hand", self.inspector.kernel),
            ("Kernel tensors", self.inspector.tensors),
            ("Evidence", self.inspector.evidence),
            ("Input", self.input),
        )
        whole = ("The window", self), ("Layers", self.layers)
        parts = [
            *((name, widget, None, "") for name, widget in whole),
            *cards,
            *faces,
            *((name, widget, None, "") for name, widget in others),
        ]
        state, selection = self.document.state, self.selection.current
        return [
            *screen_parts(parts, state, selection, self.shown),
            *document_parts(state, selection, self.store.current),
        ]

    @Slot()
    def _reset_settings(self) -> None:
        self.store.reset()
        self.layout_of_window.restore()

    @Slot()
    def _full_screen(self) -> None:
        self.setWindowState(self.windowState() ^ Qt.WindowState.WindowFullScreen)

    @Slot(str)
    def _say_refused(self, reason: str) -> None:
        self.layers.unfolded[-1].say(reason)

    @Slot()
    def _show_keys(self) -> None:
        KeysDialog(self).open()

    @Slot()
    def _show_about(self) -> None:
        AboutDialog(self).open()

    # The life of the window.

    @Slot(str)
    def _work_ended(self, text: str) -> None:
        if not (self.exporter.busy or self.digits.busy):
            self.status.end_work()
        self.status.show_spot(text)

    def load_signal(self) -> None:
        """Load scipy.signal beside the window, which serves from then on."""
        self._loader.run(load_signal)

    @Slot()
    def _signal_loaded(self) -> None:
        # All that is loaded stays; searching it for garbage would stop the window for 50 ms.
        gc.freeze()
        self.worker.use_signal()
        self._asked = None
        self._ask()

    @Slot(object)
    def _signal_failed(self, error: BaseException) -> None:
        raise error

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Share the new width out."""
        super().resizeEvent(event)
        self.layout_of_window.share()

    def changeEvent(self, event: QEvent) -> None:
        """Repaint the icons in the new palette's colours; tell who left the full screen."""
        super().changeEvent(event)
        if event.type() is QEvent.Type.PaletteChange:
            paint_icons(self.actions_by_name, self.palette())
        elif event.type() is QEvent.Type.WindowStateChange:
            self.actions_by_name["full_screen"].setChecked(self.isFullScreen())

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        """Take images, as the input does."""
        self.input.dragEnterEvent(event)

    def dropEvent(self, event: QDropEvent) -> None:
        """Open the image that was dropped."""
        self.input.dropEvent(event)

    def closeEvent(self, event: QCloseEvent) -> None:
        """Ask about unsaved work; keep the layout, and join the threads."""
        if not self.sessions.may_close():
            event.ignore()
            return
        self.presenter.leave()
        self.viewing.leave()  # a scene's docks are not kept
        self.layout_of_window.save()
        # To load scipy.signal cannot be cancelled; nobody has to watch it end.
        self.hide()
        self.closing.emit()
        self.worker.shut_down()
        self.exporter.shut_down()
        self.digits.shut_down()
        self.input.shut_down()
        self.networks.shut_down()
        self.sessions.shut_down()
        self.exports.shut_down()
        self.code.shut_down()
        self._loader.shut_down()
        super().closeEvent(event)


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
