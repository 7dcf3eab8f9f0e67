"""How the selected map is made: the equation, the rows, and the proof that they add up."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from PySide6.QtCore import QEvent, QSize, Qt, QTimer, Signal, Slot
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QButtonGroup, QCheckBox, QHBoxLayout, QLabel, QToolButton, QWidget

from cnn_explorer.core.addresses import Address
from cnn_explorer.core.display import scale_of
from cnn_explorer.core.equation import equation, note, unbroken
from cnn_explorer.core.explain import running_sums
from cnn_explorer.core.forward import Activations
from cnn_explorer.core.kernel_layers import Conv2d
from cnn_explorer.core.making import Making
from cnn_explorer.core.mutes import toggle_mute, toggle_solo
from cnn_explorer.core.network import Network
from cnn_explorer.core.selection import Selection
from cnn_explorer.core.steps import steps_text
from cnn_explorer.gui.colouring import Colouring, MakingColours, making_colours
from cnn_explorer.gui.document import Document
from cnn_explorer.gui.flow import FlowLayout, OneLine
from cnn_explorer.gui.legend import Legend
from cnn_explorer.gui.map_rows import MapRows
from cnn_explorer.gui.pixel_copies import PixelCopies, copy_ledger
from cnn_explorer.gui.pixel_rows import PixelRows
from cnn_explorer.gui.proof_line import ProofLine
from cnn_explorer.gui.selection import SelectionModel
from cnn_explorer.gui.settings import ORDERS, ZOOMS, Settings, SettingsStore

_NO_MAP = "Click a map to see how it is made."

BOTH = 640
"""From this width on both zooms stand side by side, in logical pixels."""

_MARGIN = 8
_SPACE = 6
_SETTLED = 300  # milliseconds after the last frame
_LEAST_LINES = 22  # of the rows: the head of a pixel, one row and its footer


class MakingPanel(QWidget):
    """Takes the selected map apart, as a whole or at its pinned pixel.

    Parameters
    ----------
    document, selection, store
        What is shown and changed.

    Signals
    -------
    channel_hovered(channel)
        Number of the input map under the pointer in its layer, or None.
    cell_hovered(cell)
        (channel, row, column) of the kernel's cell under the pointer, or None.
    kernel_opened()
        A row's kernel was double-clicked, and is the one at hand now.
    said(text)
        What was done, or why it cannot be, for the status bar.
    """

    channel_hovered = Signal(object)
    cell_hovered = Signal(object)
    kernel_opened = Signal()
    said = Signal(str)

    def __init__(
        self,
        document: Document,
        selection: SelectionModel,
        store: SettingsStore,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._document = document
        self._selection = selection
        self._store = store
        self._making: Making | None = None
        self._colouring: Colouring | None = None
        self._pin: tuple[int, int] | None = None
        self._shown: tuple[object, ...] = ()
        self._sorted: list[int] = []
        self._fitting = 0
        self._revealed: int | None = None
        self._bare = False
        self._heights: tuple[int, ...] = ()
        self._least = 0
        self._hint = QLabel(_NO_MAP, self)
        self._hint.setWordWrap(True)
        self._equation = OneLine(self)
        self._equation.setTextFormat(Qt.TextFormat.PlainText)
        self._equation.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self._note = OneLine(self)
        self._note.setTextFormat(Qt.TextFormat.PlainText)
        self._note.setProperty("role", "quiet")
        self.map_rows = MapRows(self)
        self.pixel_rows = PixelRows(self)
        self.proof = ProofLine(self)
        self._zoom, self._zooms = self._switch(ZOOMS)
        self._order, orders = self._switch(ORDERS)
        self._running = QCheckBox("running sums", self)
        self._running.setToolTip("Show in each row the sum of all rows down to it")
        self._all = QCheckBox(self)
        self._all.setToolTip("Give each input map a row of its own, and scroll")
        self._legend = Legend(self)
        self._controls = self._line(self._zooms, self._running, self._legend)
        self._folding = self._line(orders, self._all)
        self._copies = PixelCopies(self)
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(_SETTLED)
        self._timer.timeout.connect(self._settle)
        self._connect()
        self._follow(store.current)
        self._place()

    def show_making(self, making: Making | None, colouring: Colouring) -> None:
        """Show how a map is made.

        Parameters
        ----------
        making
            The map, or None where none is selected.
        colouring
            Of the grids.
        """
        self._making, self._colouring = making, colouring
        if self._selection.current.address is None:
            self._hint.setText(_NO_MAP)
        if self._of_selected():
            self._pin = self._selection.current.pin
        key = (making.address, making.state.network, making.state.scheme) if making else ()
        if key != self._shown:
            self._shown = key
            self._sort()
            if making is not None:
                self._equation.setText(unbroken(equation(making.state, making.address)))
                self._note.setText(note(making))
                self.proof.show_making(making)
            self._place()
            # The same row may be another map's by now, and marks go with the network.
            for view in self._views():
                view.tell()
        else:
            self._show()
        self._timer.start()

    def show_steps(self, shown: Activations, address: Address, colouring: Colouring) -> None:
        """Show how a map is made that is no sum of convolutions: in words, and at its pixel."""
        self._hint.setText(steps_text(shown, address, self._selection.current.pin))
        if self._making is not None or self._shown:
            self.show_making(None, colouring)
        self._stack()

    def set_stale(self, stale: bool) -> None:
        """Dim what is out of date."""
        self.map_rows.set_stale(stale)
        self.pixel_rows.set_stale(stale)

    def focus_rows(self) -> None:
        """Put the keyboard on the rows."""
        self._views()[-1 if self._store.current.zoom == "pixel" else 0].setFocus()

    def set_bare(self, bare: bool) -> None:
        """Put away what changes the view of the map, and leave the map."""
        self._bare = bare
        self.pixel_rows.set_bare(bare)
        self._place()

    @property
    def revealed(self) -> int | None:
        """How many steps are shown, from no row to the activation; None for all."""
        return self._revealed

    def reveal(self, steps: int | None) -> None:
        """Show so many rows, then the sum with the bias, then the activation; None for all."""
        self._revealed = steps
        for view in (self.map_rows, self.pixel_rows):
            view.reveal(steps)

    def step(self, by: int) -> bool:
        """Show one step more, or one less, and tell whether there was one."""
        if self._making is None or self._revealed is None:
            return False
        steps = max(view.steps for view in self._views())
        to = min(self._revealed, steps) + by
        if not 0 <= to <= steps:
            return False
        self.reveal(to)
        return True

    def minimumSizeHint(self) -> QSize:
        """So that a row, its footer and the proof have room; its owner scrolls what has none."""
        return QSize(240, self._least)

    # What is shown.

    def _show(self) -> None:
        """Show the values of a pass; nothing moves unless the rows need another height."""
        making, colouring = self._making, self._colouring
        if making is None or colouring is None:
            return
        rows = self._sorted
        if self._fitting >= len(rows):
            rows = sorted(rows)  # where all have room there is nothing to choose between
        shown = len(rows) if self._all.isChecked() else self._fitting
        order, rest = rows[:shown], rows[shown:]
        colours = making_colours(making, colouring)
        if self._running.isChecked():
            colours = _with_sums(colours, making, rows)
        for view in self._views():
            view.show_making(making, self._pixel(making), order, rest, colours)
        self.proof.show_making(making)
        self._legend.show_scale(colours.colours, colours.parts, "parts")
        # It only grows: numbers that change with every frame ask for no layout of a fixed size.
        self._legend.setFixedSize(self._legend.sizeHint().expandedTo(self._legend.minimumSize()))
        if self._needed() != self._heights:
            self._stack()

    def _views(self) -> list[MapRows | PixelRows]:
        """The zooms that are shown."""
        zoom = self._store.current.zoom
        wide = self.width() >= BOTH
        both = (self.map_rows, "map"), (self.pixel_rows, "pixel")
        return [view for view, name in both if wide or name == zoom]

    def _of_selected(self) -> bool:
        """Whether the map shown is the selected one: another's making comes with the next pass."""
        making = self._making
        return making is not None and making.address == self._selection.current.address

    def _pixel(self, making: Making) -> tuple[int, int] | None:
        """The pixel that is, or while its map was selected was, pinned, if it is inside."""
        rows, columns = making.map.shape
        pin = self._pin
        return pin if pin is not None and pin[0] < rows and pin[1] < columns else None

    def _sort(self) -> None:
        """Decide in which order the rows stand."""
        making = self._making
        if making is None:
            self._sorted = []
        elif self._store.current.order == "size":
            sizes = np.abs(making.masses).sum(axis=1)
            self._sorted = np.argsort(-sizes, kind="stable").tolist()
        else:
            self._sorted = list(range(len(making.channels)))

    # Where it is.

    def _place(self) -> None:
        """Decide what is shown and how many rows have room, and put all in its place."""
        making = self._making
        views = self._views() if making is not None else []
        for view in (self.map_rows, self.pixel_rows):
            view.setVisible(view in views)
        for widget in (self._equation, self._controls):
            widget.setVisible(making is not None)
        self.proof.setVisible(making is not None and not self._bare)
        self._note.setVisible(making is not None and bool(self._note.text()))
        self._hint.setVisible(making is None)
        if making is None:
            self._folding.hide()
            self._copies.hide()
        else:
            count = len(making.channels)
            whole = self.map_rows in views
            self._zooms.setVisible(len(views) == 1 and not self._bare)
            self._running.setVisible(whole and count > 1 and not self._bare)
            self._legend.setVisible(whole)
            copies = self.pixel_rows in views and self._pixel(making) is not None
            self._copies.setVisible(copies and not self._bare)
            width = self._column() // len(views)
            self._fitting = self.map_rows.fitting(making, width, self._room(folding=False))
            folds = self._fitting < count
            if folds:
                self._fitting = self.map_rows.fitting(making, width, self._room(folding=True))
                self._all.setText(f"all {count}")
            self._folding.setVisible(folds)
            self._show()
        self._stack()

    def _column(self) -> int:
        return self.width() - 2 * _MARGIN

    def _height(self, widget: QWidget) -> int:
        """Height of a part above or below the rows, with the space after it."""
        return (widget.layout() or widget).heightForWidth(self._column()) + _SPACE

    def _room(self, *, folding: bool) -> int:
        """Height that is left for the rows, with or without the line on how they fold."""
        return max(0, self.height() - self._frame(folding=folding))

    def _frame(self, *, folding: bool) -> int:
        """Height of all but the rows."""
        parts = [self._equation, self._controls]
        below = self._note, self.proof, self._copies
        parts += [widget for widget in below if not widget.isHidden()]
        if folding:
            parts.append(self._folding)
        return 2 * _MARGIN + sum(map(self._height, parts))

    def _needed(self) -> tuple[int, ...]:
        """Heights that show all of the rows."""
        views = self._views()
        width = self._column() // len(views)
        return tuple(view.height_for(width) for view in views)

    def _stack(self) -> None:
        """Put all in its place, from the top."""
        width, top = self._column(), _MARGIN
        if self._making is None:
            self._hint.setGeometry(_MARGIN, top, width, self._hint.heightForWidth(width))
            return
        self._heights = self._needed()
        room = self._room(folding=not self._folding.isHidden())
        for widget in (self._equation, self._controls, self._folding):
            top = self._put(widget, top)
        views = self._views()
        share = width // len(views)
        heights = [
            self.map_rows.height_for(share, room) if view is self.map_rows else min(height, room)
            for view, height in zip(views, self._heights, strict=True)
        ]
        for place, (view, height) in enumerate(zip(views, heights, strict=True)):
            view.setGeometry(_MARGIN + place * share, top, share, height)
        top += max(heights) + _SPACE
        # Not above the rows: a click on a check box must not move it from under the pointer.
        for widget in (self._note, self.proof, self._copies):
            top = self._put(widget, top)
        rows = min(max(self._heights), _LEAST_LINES * self.fontMetrics().height())
        least = self._frame(folding=not self._folding.isHidden()) + rows
        if least != self._least:
            self._least = least
            self.updateGeometry()

    def _put(self, widget: QWidget, top: int) -> int:
        """Put a part below another, and say where it ends."""
        if widget.isHidden():
            return top
        height = self._height(widget)
        widget.setGeometry(_MARGIN, top, self._column(), height - _SPACE)
        return top + height

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Fill the room."""
        super().resizeEvent(event)
        self._place()

    def event(self, event: QEvent) -> bool:
        """Follow the sizes of the parts, and of the text."""
        if event.type() is QEvent.Type.FontChange:
            self._legend.setMinimumSize(0, 0)
        if event.type() in (QEvent.Type.LayoutRequest, QEvent.Type.FontChange):
            self._place()
        return super().event(event)

    # What the user does.

    @Slot()
    def _settle(self) -> None:
        """The pen rests: now rows may change their places."""
        before = self._sorted
        self._sort()
        if self._sorted != before:
            self._show()

    @Slot(object, object)
    def _settings_changed(self, new: Settings, old: Settings) -> None:
        if (new.zoom, new.order) != (old.zoom, old.order):
            self._follow(new)
            self._sort()
            self._place()

    @Slot(object, object)
    def _selection_changed(self, new: Selection, old: Selection) -> None:
        if self._of_selected():
            self._pin = new.pin
            self._place()
        else:
            self.channel_hovered.emit(None)
            self.cell_hovered.emit(None)

    @Slot(int)
    def _set_zoom(self, index: int) -> None:
        self._store.update(zoom=list(ZOOMS)[index])

    @Slot(int)
    def _set_order(self, index: int) -> None:
        self._store.update(order=list(ORDERS)[index])

    @Slot(bool)
    def _set_running(self, running: bool) -> None:
        self.map_rows.set_running(running)
        self._show()

    @Slot()
    def _toggle_all(self) -> None:
        self._all.toggle()

    @Slot()
    def _set_all(self) -> None:
        self._show()

    @Slot(int)
    def _mute(self, position: int) -> None:
        target = self._target(position)
        if target is not None:
            index, filter_, channel = target
            network = toggle_mute(self._document.state.network, *target)
            muted = network.layers[index].mutes_of(filter_)[channel]
            self._commit("Mute" if muted else "Unmute", position, network)

    @Slot(int)
    def _solo(self, position: int) -> None:
        target = self._target(position)
        if target is not None:
            index, filter_, _ = target
            network = toggle_solo(self._document.state.network, *target)
            alone = network.layers[index].mutes_of(filter_).any()
            self._commit("Solo" if alone else "Unsolo", position, network)

    @Slot(int)
    def _open_kernel(self, position: int) -> None:
        target = self._target(position)
        if target is not None:
            self._selection.select(replace(self._selection.current, channel=target[2]))
            self.kernel_opened.emit()

    def _target(self, position: int) -> tuple[int, int, int] | None:
        """A row's layer, filter, and input map in its group, if it still can be muted."""
        making = self._making
        assert making is not None
        index, filter_ = len(making.address) - 1, making.address[-1]
        channel = making.channels[position]
        # What is shown may be a frame behind; a layer of other weights is another layer.
        layers = self._document.state.network.layers
        layer = layers[index] if index < len(layers) else None
        if not isinstance(layer, Conv2d) or layer.weight is not _weight(making):
            return None
        inputs = layers[index].inputs_of(filter_)
        if channel not in inputs:
            self.said.emit(
                f"{making.name} has groups: filter {filter_} sees maps {inputs.start} to "
                f"{inputs.stop - 1}, so there is nothing of map {channel} to mute."
            )
            return None
        return index, filter_, channel - inputs.start

    def _commit(self, verb: str, position: int, network: Network) -> None:
        making, state = self._making, self._document.state
        assert making is not None
        if network is not state.network:
            index, filter_ = len(making.address) - 1, making.address[-1]
            source = f"map {making.channels[position]}" if index else "drawing"
            text = f"{verb} {source} → {filter_} in {making.name}"
            self._document.commit(text, replace(state, network=network))

    def _live(self) -> Making | None:
        """The making, if its numbers are those of the network and of the selected map."""
        making, state = self._making, self._document.state
        if making is None or not self._of_selected():
            return None
        shown = making.state
        same = shown.network is state.network and shown.scheme is state.scheme
        return making if same else None

    @Slot(object)
    def _hover(self, position: int | None) -> None:
        making = self._live()
        if position is None or making is None:
            self.channel_hovered.emit(None)
        else:
            self.channel_hovered.emit(making.channels[position])

    @Slot(object)
    def _hover_cell(self, cell: tuple[int, int, int] | None) -> None:
        making = self._live()
        if cell is None or making is None:
            self.cell_hovered.emit(None)
        else:
            self.cell_hovered.emit((making.channels[cell[0]], *cell[1:]))

    @Slot(str)
    def _copy(self, notation: str) -> None:
        ledger = self.pixel_rows.ledger
        if not self._of_selected():
            self.said.emit("The selected map is still being computed: copy its pixel in a moment.")
        elif ledger is not None:
            self.said.emit(copy_ledger(ledger, notation))

    # How it is built.

    def _connect(self) -> None:
        self._store.changed.connect(self._settings_changed)
        self._selection.changed.connect(self._selection_changed)
        self._zoom.idClicked.connect(self._set_zoom)
        self._order.idClicked.connect(self._set_order)
        self._running.toggled.connect(self._set_running)
        self._all.toggled.connect(self._set_all)
        self._copies.asked.connect(self._copy)
        self.pixel_rows.cell_hovered.connect(self._hover_cell)
        for view in (self.map_rows, self.pixel_rows):
            view.muted.connect(self._mute)
            view.soloed.connect(self._solo)
            view.kernel_opened.connect(self._open_kernel)
            view.hovered.connect(self._hover)
            view.rest_toggled.connect(self._toggle_all)

    def _follow(self, settings: Settings) -> None:
        """Press the buttons of the settings."""
        self._zoom.button(list(ZOOMS).index(settings.zoom)).setChecked(True)
        self._order.button(list(ORDERS).index(settings.order)).setChecked(True)

    def _switch(self, choices: dict[str, str]) -> tuple[QButtonGroup, QWidget]:
        """Buttons of which one is pressed, side by side."""
        group, box = QButtonGroup(self), QWidget(self)
        row = QHBoxLayout(box)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(0)
        for index, text in enumerate(choices.values()):
            button = _button(text, box)
            button.setCheckable(True)
            button.setProperty("segment", ("first", "last")[index])
            group.addButton(button, index)
            row.addWidget(button)
        return group, box

    def _line(self, *widgets: QWidget) -> QWidget:
        """Widgets side by side, the last one at the right end."""
        box = QWidget(self)
        flow = FlowLayout(box, last_right=True)
        for widget in widgets:
            flow.addWidget(widget)
        return box


def _with_sums(colours: MakingColours, making: Making, order: Sequence[int]) -> MakingColours:
    """The same colours, on a scale that has room for running sums too."""
    sums = running_sums(making.parts[order], making.muted[order, np.newaxis, np.newaxis])
    scale = colours.parts
    ends = np.array([scale.least, scale.most], np.float32)
    return replace(colours, parts=scale_of([sums, ends], colours.colours, scale.contrast))


def _weight(making: Making) -> object:
    return making.layer.weight if isinstance(making.layer, Conv2d) else None


def _button(text: str, parent: QWidget) -> QToolButton:
    button = QToolButton(parent)
    button.setText(text)
    button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
    return button
