"""The kernel at hand, to be edited: its cells and bias, by presets and by the clipboard."""

from collections.abc import Callable, Mapping
from dataclasses import replace

import numpy as np
from PySide6.QtCore import QSignalBlocker, Qt, Signal, Slot
from PySide6.QtGui import QAction, QGuiApplication, QShowEvent
from PySide6.QtWidgets import (
    QHBoxLayout,
    QLabel,
    QMenu,
    QSizePolicy,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from cnn_explorer.core import edit, kernel_edits
from cnn_explorer.core.addresses import path_to
from cnn_explorer.core.display import COLOUR_MAPS
from cnn_explorer.core.kernel_layers import Conv2d
from cnn_explorer.core.kernel_presets import PRESETS, preset
from cnn_explorer.core.kernel_text import kernel_text, number_text, read_number
from cnn_explorer.core.network import Network
from cnn_explorer.core.schemes import ChannelScheme
from cnn_explorer.core.selection import Selection
from cnn_explorer.core.sentences import bias_name, kernel_word
from cnn_explorer.core.state import State
from cnn_explorer.core.trained import TRAINED
from cnn_explorer.gui.cell_texts import step_of
from cnn_explorer.gui.colouring import kernel_colouring
from cnn_explorer.gui.document import Document
from cnn_explorer.gui.fields import SpinBox
from cnn_explorer.gui.flow import FlowLayout
from cnn_explorer.gui.kernel_cells import MARGIN, KernelCells
from cnn_explorer.gui.preset_menu import PresetMenu
from cnn_explorer.gui.selection import SelectionModel
from cnn_explorer.gui.settings import Settings, SettingsStore

HELP = (
    "Drag a cell up or down, or turn the wheel on it: finer with Shift. Or type a number; Enter "
    "and Tab go on to the next cell."
)
_NO_KERNEL = "Select a map of a convolution or a dense layer: its kernels can be edited here."
_FLAT = {
    ChannelScheme.NAIVE: "the sum",
    ChannelScheme.SHARED: "the mean",
}
_BIAS_SIDE = 52  # logical pixels: room for three decimals
_FIRST_MERGE = 1000  # numbers of undo steps from here on are those of turned cells


class KernelEditor(QWidget):
    """Edits one kernel of the selected map; `Selection.channel` says which.

    Parameters
    ----------
    document, selection, store
        What is shown and changed.
    actions
        All actions by name; those on kernels are connected here.

    Signals
    -------
    said(text)
        What was done, for the status bar.
    """

    said = Signal(str)

    def __init__(
        self,
        document: Document,
        selection: SelectionModel,
        store: SettingsStore,
        actions: Mapping[str, QAction],
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._document = document
        self._selection = selection
        self._store = store
        self._actions = actions
        self._own: State | None = None
        self._before: State | None = None
        self._behind = True
        self._merge = _FIRST_MERGE
        self._hint = QLabel(_NO_KERNEL, self)
        self._hint.setWordWrap(True)
        self.cells = KernelCells(self)
        self.bias = KernelCells(self)
        self.bias.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self.bias.setFixedWidth(_BIAS_SIDE + 2 * MARGIN)
        self._body = self._make_body()
        column = QVBoxLayout(self)
        column.setContentsMargins(11, 8, 11, 11)
        column.addWidget(self._hint)
        column.addWidget(self._body)
        column.addStretch(1)
        self._connect()
        self._follow()

    def _make_body(self) -> QWidget:
        body = QWidget(self)
        self._title = QLabel(body)
        self._title.setProperty("role", "heading")
        self.input = SpinBox(body)
        self.input.setAccessibleName("Input map of the kernel")
        self.input.setToolTip("Number of the input map that the kernel is for")
        self.filter = SpinBox(body)
        self.filter.setAccessibleName("Filter of the kernel")
        self.filter.setToolTip("Number of the filter that the kernel is a part of")
        self._layer = QLabel(body)
        head = QWidget(body)
        flow = FlowLayout(head)
        for widget in (self._title, self.input, QLabel("→", head), self.filter, self._layer):
            flow.addWidget(widget)
        self._flat = QLabel(body)
        self._flat.setProperty("role", "quiet")
        self._flat.setWordWrap(True)
        self._cell = QLabel(body)
        self._cell.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self._bias_name = QLabel(body)
        self._bias_name.setWordWrap(True)
        self._bias_name.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self._edits = QLabel(body)
        self._edits.setProperty("role", "quiet")
        self._edits.setWordWrap(True)
        self._reason = QLabel(body)
        self._reason.setProperty("role", "warning")
        self._reason.setWordWrap(True)
        self._reason.hide()
        help_ = QLabel(HELP, body)
        help_.setProperty("role", "quiet")
        help_.setWordWrap(True)
        bias = QWidget(body)
        row = QHBoxLayout(bias)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(self.bias)
        row.addWidget(self._bias_name, 1)
        column = QVBoxLayout(body)
        column.setContentsMargins(0, 0, 0, 0)
        self._edit_with = (self._buttons(body), self._edits, help_)
        for part in (
            head, self._flat, self.cells, self._cell, bias, self._reason, *self._edit_with
        ):  # fmt: skip
            column.addWidget(part)
        return body

    def set_bare(self, bare: bool) -> None:
        """Put away what edits the kernel, and leave the kernel."""
        for part in self._edit_with:
            part.setVisible(not bare)

    def _buttons(self, parent: QWidget) -> QWidget:
        buttons = QWidget(parent)
        flow = FlowLayout(buttons)
        self._presets = PresetMenu(self)
        self._presets.aboutToShow.connect(self._fill_presets)
        self._presets.chosen.connect(self._use_preset)
        presets = QToolButton(buttons)
        presets.setText("Presets ▾")
        presets.setMenu(self._presets)
        presets.setToolTip("Kernels to begin from, in this size")
        self._resets = QMenu(self)
        for name in ("reset_kernel", "reset_layer", "reset_kernels"):
            self._resets.addAction(self._actions[name])
        self._reset = QToolButton(buttons)
        self._reset.setText("Reset ▾")
        self._reset.setMenu(self._resets)
        self._reset.setToolTip("Make kernels what they were when they were trained or drawn")
        for button in (presets, self._reset):
            button.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        others = []
        for name, text in (("copy_kernel", "Copy"), ("paste_kernel", "Paste")):
            button = QToolButton(buttons)
            button.setText(text)
            button.setToolTip(self._actions[name].toolTip())
            button.clicked.connect(self._actions[name].trigger)
            others.append(button)
        for button in (presets, *others, self._reset):
            button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
            flow.addWidget(button)
        return buttons

    def _connect(self) -> None:
        self._document.changed.connect(self._follow_document)
        self._selection.changed.connect(self._follow_selection)
        self._store.changed.connect(self._follow_settings)
        self.input.valueChanged.connect(self._choose)
        self.filter.valueChanged.connect(self._choose)
        self.cells.moved.connect(self._show_cell)
        self.cells.dragged.connect(self._drag_cell)
        self.cells.begun.connect(self._begin_turn)
        self.cells.turned.connect(self._turn_cell)
        self.cells.typed.connect(self._type_cell)
        self.bias.dragged.connect(self._drag_bias)
        self.bias.begun.connect(self._begin_turn)
        self.bias.turned.connect(self._turn_bias)
        self.bias.typed.connect(self._type_bias)
        for cells in (self.cells, self.bias):
            cells.dropped.connect(self._drop)
        self.cells.copied.connect(self.copy)
        self.cells.pasted.connect(self.paste)
        for name, slot in (
            ("copy_kernel", self.copy),
            ("paste_kernel", self.paste),
            ("reset_kernel", self._reset_kernel),
            ("reset_layer", self._reset_layer),
            ("reset_kernels", self._reset_all),
        ):
            self._actions[name].triggered.connect(slot)

    # What is shown.

    @property
    def at_hand(self) -> tuple[int, int, int] | None:
        """(layer, filter, channel) of the kernel that is edited, or None."""
        network = self._document.state.network
        selection = self._selection.current.within(network)
        if selection.layer is None or not isinstance(network.layers[selection.layer], Conv2d):
            return None
        return selection.layer, selection.path[selection.layer], selection.channel

    def showEvent(self, event: QShowEvent) -> None:
        """Show what was missed."""
        super().showEvent(event)
        if self._behind:
            self._show_kernel()

    def _follow(self) -> None:
        """Show another network or another kernel; while hidden, only what can be done with it."""
        self._show_actions()
        self._behind = not self.isVisible()
        if not self._behind:
            self._show_kernel()

    def _show_actions(self) -> None:
        network, place = self._document.state.network, self.at_hand
        self._actions["reset_kernels"].setEnabled(kernel_edits.is_edited(network))
        kernel = layer = False
        if place is not None:
            index, filter_, channel = place
            edited = kernel_edits.edited_kernels(network, index)
            kernel = bool(edited[filter_, channel])
            layer = bool(edited.any() or kernel_edits.edited_biases(network, index).any())
        self._actions["reset_kernel"].setEnabled(kernel)
        self._actions["reset_layer"].setEnabled(layer)
        for name in ("copy_kernel", "paste_kernel"):
            self._actions[name].setEnabled(place is not None)

    def _show_kernel(self) -> None:
        self._behind = False
        place = self.at_hand
        self._hint.setVisible(place is None)
        self._body.setVisible(place is not None)
        if place is None:
            self._say("")
            return
        index, filter_, channel = place
        state = self._document.state
        layer = state.network.conv(index)
        made = kernel_edits.as_made(state.network, index)
        settings = self._store.current
        colouring = kernel_colouring(
            layer, ChannelScheme.REAL, settings.colour_map, settings.contrast
        )
        kernel, self._made = layer.weight[filter_, channel], made.weight[filter_, channel]
        self.cells.show_kernel(kernel, kernel != self._made, colouring, step_of(layer.weight))
        self.cells.setAccessibleName(
            kernel_edits.kernel_name(state.network, index, filter_, channel)
        )
        self._show_place(layer, filter_, channel)
        self._title.setText(kernel_word(layer).upper())
        self._layer.setText(f"of {state.network.names[index]}")
        self._show_bias(state, index, filter_, made)
        self._show_scheme(state, index, filter_)
        edits = kernel_edits.edits_text(state.network, index)
        was = "trained" if layer.initialisation == TRAINED else "drawn"
        name = state.network.names[index]
        self._edits.setText(f"{name}: {edits}." if edits else f"All of {name} is as {was}.")
        self._reset.setVisible(self._actions["reset_kernels"].isEnabled())
        self._show_cell()

    def _show_place(self, layer: Conv2d, filter_: int, channel: int) -> None:
        """Write the fields, which must not look like a choice."""
        inputs = layer.inputs_of(filter_)
        blockers = QSignalBlocker(self.input), QSignalBlocker(self.filter)
        self.input.setRange(inputs[0], inputs[-1])
        self.input.setValue(inputs[channel])
        self.filter.setRange(0, layer.out_channels - 1)
        self.filter.setValue(filter_)
        for blocker in blockers:
            blocker.unblock()

    def _show_bias(self, state: State, index: int, filter_: int, made: Conv2d) -> None:
        layer, settings = state.network.conv(index), self._store.current
        self.bias.setVisible(layer.bias is not None)
        self._bias_name.setVisible(layer.bias is not None)
        if layer.bias is None or made.bias is None:
            return
        bias, was = layer.bias[filter_], made.bias[filter_]
        colouring = kernel_colouring(
            layer, ChannelScheme.REAL, settings.colour_map, settings.contrast
        )
        self.bias.show_kernel(
            np.full((1, 1), bias), np.full((1, 1), bias != was), colouring, step_of(layer.weight)
        )
        name = bias_name(state.network, (*(0,) * index, filter_))
        self.bias.setAccessibleName(f"Bias {name}")
        self._bias_name.setText(_told(f"bias {name}", bias, was, layer))

    def _show_scheme(self, state: State, index: int, filter_: int) -> None:
        """Say that a flat kernel is made from those that are edited."""
        layer = state.network.conv(index)
        flat = _FLAT.get(state.scheme) if layer.depth > 1 else None
        self._flat.setVisible(flat is not None)
        word = kernel_word(layer)
        self._flat.setText(
            f"“{state.scheme.label}” uses {flat} of the {layer.depth} {word}s of filter {filter_}. "
            f"It is those {word}s, of “{ChannelScheme.REAL.label}”, that are edited here."
        )

    @Slot()
    def _show_cell(self) -> None:
        place = self.at_hand
        if place is None:
            return
        layer = self._document.state.network.conv(place[0])
        row, column = self.cells.cursor_cell
        name = f"cell ({row}, {column})" if self.cells.count > 1 else kernel_word(layer)
        told = _told(name, self.cells.value, self._made[row, column], layer)
        self._cell.setText(told)
        self.cells.setAccessibleDescription(told)

    def _say(self, reason: str) -> None:
        """Say why something cannot be, or "" that nothing is wrong."""
        self._reason.setText(reason)
        self._reason.setVisible(bool(reason))

    @Slot(object, object)
    def _follow_document(self, new: State, old: State) -> None:
        if new.network is old.network and new.scheme is old.scheme:
            return
        if new is not self._own:
            self._let_go()  # undone or replaced meanwhile: there is nothing to go on
        self._say("")
        self._follow()

    @Slot(object, object)
    def _follow_selection(self, new: Selection, old: Selection) -> None:
        if (new.address, new.channel) != (old.address, old.channel):
            self._let_go()
            self._say("")
            self._follow()

    def _let_go(self) -> None:
        self._before = None
        self.cells.let_go()
        self.bias.let_go()

    @Slot(object, object)
    def _follow_settings(self, new: Settings, old: Settings) -> None:
        if (new.colour_map, new.contrast) != (old.colour_map, old.contrast):
            self._follow()

    @Slot()
    def _choose(self) -> None:
        """Go to the kernel that the fields name."""
        place = self.at_hand
        assert place is not None
        network, current = self._document.state.network, self._selection.current
        index, filter_ = place[0], self.filter.value()
        inputs = network.conv(index).inputs_of(filter_)
        channel = min(max(self.input.value() - inputs[0], 0), len(inputs) - 1)
        path = path_to(network, current.path, index, filter_)
        pin = current.pin if filter_ == place[1] else None
        self._selection.select(replace(current.at(path, pin), channel=channel))

    # One cell, or the bias.

    @Slot(float)
    def _drag_cell(self, value: float) -> None:
        self._preview(self._with_cell, value)

    @Slot(float)
    def _drag_bias(self, value: float) -> None:
        self._preview(self._with_bias, value)

    def _preview(self, edited: Callable[[Network, float], Network], value: float) -> None:
        """Show a value on its way; back where it began nothing has changed."""
        if self._before is None:
            self._before = self._document.state
        before = self._before
        network = self._tried(lambda: edited(before.network, value))
        if network is not None:
            self._own = _with_network(before, network)
            self._document.preview(self._own)

    @Slot()
    def _drop(self) -> None:
        """Keep what was dragged as one step."""
        self._before = None
        name = self._bias_title() if self.sender() is self.bias else self._cell_title()
        self._document.commit(name, self._document.state)

    @Slot()
    def _begin_turn(self) -> None:
        self._merge += 1

    @Slot(float)
    def _turn_cell(self, value: float) -> None:
        self._turn(self._cell_title(), self._with_cell, value)

    @Slot(float)
    def _turn_bias(self, value: float) -> None:
        self._turn(self._bias_title(), self._with_bias, value)

    def _turn(self, title: str, edited: Callable[[Network, float], Network], value: float) -> None:
        """All notches of a cell that follow each other are one step."""
        self._commit(title, lambda network: edited(network, value), merge=self._merge)

    @Slot(str)
    def _type_cell(self, text: str) -> None:
        if not self._commit(
            self._cell_title(), lambda network: self._with_cell(network, read_number(text))
        ):
            self.cells.refuse()

    @Slot(str)
    def _type_bias(self, text: str) -> None:
        if not self._commit(
            self._bias_title(), lambda network: self._with_bias(network, read_number(text))
        ):
            self.bias.refuse()

    def _with_cell(self, network: Network, value: float) -> Network:
        return kernel_edits.with_cell(network, *self._place, self.cells.cursor_cell, value)

    def _with_bias(self, network: Network, value: float) -> Network:
        return kernel_edits.with_filter_bias(network, *self._place[:2], value)

    def _cell_title(self) -> str:
        cell = self.cells.cursor_cell
        return kernel_edits.cell_name(self._document.state.network, *self._place, cell)

    def _bias_title(self) -> str:
        index, filter_, _ = self._place
        return f"Bias {filter_} of {self._document.state.network.names[index]}"

    # The whole kernel, and more.

    @Slot()
    def copy(self) -> None:
        """Copy the kernel as text."""
        index, filter_, channel = self._place
        network = self._document.state.network
        kernel = network.conv(index).weight[filter_, channel]
        QGuiApplication.clipboard().setText(kernel_text(kernel))
        self.said.emit(f"Copied {self._kernel_title()}")

    @Slot()
    def paste(self) -> None:
        """Replace the kernel by the one on the clipboard."""
        text = QGuiApplication.clipboard().text()
        self._commit(
            f"Paste {self._kernel_title()}",
            lambda network: kernel_edits.pasted(network, *self._place, text),
        )

    @Slot()
    def _fill_presets(self) -> None:
        size = self._document.state.network.conv(self._place[0]).kernel_size
        self._presets.fill(size, COLOUR_MAPS[self._store.current.colour_map])

    @Slot(str)
    def _use_preset(self, name: str) -> None:
        kernel = preset(name, self._document.state.network.conv(self._place[0]).kernel_size)
        self._commit(
            f"{PRESETS[name].label} as {self._kernel_title()}",
            lambda network: kernel_edits.with_kernel(network, *self._place, kernel),
        )

    @Slot()
    def _reset_kernel(self) -> None:
        self._commit(
            f"Reset {self._kernel_title()}",
            lambda network: kernel_edits.reset_kernel(network, *self._place),
        )

    @Slot()
    def _reset_layer(self) -> None:
        index = self._place[0]
        name = self._document.state.network.names[index]
        self._commit(f"Reset {name}", lambda network: edit.reset_layer(network, index))

    @Slot()
    def _reset_all(self) -> None:
        self._commit("Reset every kernel", kernel_edits.reset_all)

    @property
    def _place(self) -> tuple[int, int, int]:
        """What is at hand, where something must be."""
        place = self.at_hand
        assert place is not None
        return place

    def _kernel_title(self) -> str:
        name = kernel_edits.kernel_name(self._document.state.network, *self._place)
        return name[0].lower() + name[1:]

    def _commit(self, text: str, edited: Callable[[Network], Network], *, merge: int = -1) -> bool:
        """Make an edit one step, or say why it cannot be: whether it could."""
        state = self._document.state
        network = self._tried(lambda: edited(state.network))
        if network is None:
            return False
        self._say("")
        self._own = _with_network(state, network)
        self._document.commit(text, self._own, merge=merge)
        return True

    def _tried(self, edited: Callable[[], Network]) -> Network | None:
        try:
            return edited()
        except ValueError as error:
            self._say(str(error))
            self.said.emit(str(error))
            return None


def _with_network(state: State, network: Network) -> State:
    return state if network is state.network else replace(state, network=network)


def _told(name: str, value: float, was: float, layer: Conv2d) -> str:
    """A number to its last digit, and what it was: “cell (0, 1): 0.25, trained as 0.5”."""
    told = f"{name}: {_exact(value)}"
    if value == was:
        return told
    return f"{told}, {'trained' if layer.initialisation == TRAINED else 'drawn'} as {_exact(was)}"


def _exact(value: float) -> str:
    return number_text(value).replace("-", "\N{MINUS SIGN}")
