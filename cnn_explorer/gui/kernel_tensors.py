"""The kernel tensors: their shapes in a framework's layout, one map's index in it, their cost."""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
from PySide6.QtCore import (
    QModelIndex,
    QPersistentModelIndex,
    QSignalBlocker,
    Qt,
    Slot,
)
from PySide6.QtGui import (
    QAction,
    QFont,
    QFontDatabase,
    QFontMetrics,
    QGuiApplication,
    QPainter,
    QPalette,
)
from PySide6.QtWidgets import (
    QAbstractItemView,
    QFrame,
    QHBoxLayout,
    QLabel,
    QStyleOptionViewItem,
    QToolButton,
    QToolTip,
    QVBoxLayout,
    QWidget,
)

from cnn_explorer.core.addresses import Address, path_to
from cnn_explorer.core.display import COLOUR_MAPS, Scale, scale_of
from cnn_explorer.core.kernel_layers import Conv2d, Linear
from cnn_explorer.core.layer import Layer
from cnn_explorer.core.layers import BatchNorm2d
from cnn_explorer.core.layouts import LAYOUTS, Layout
from cnn_explorer.core.schemes import ChannelScheme, Cost, costs, scheme_kernel
from cnn_explorer.core.selection import Selection
from cnn_explorer.core.sentences import short
from cnn_explorer.core.state import State
from cnn_explorer.gui.colouring import Colouring
from cnn_explorer.gui.cost_bars import Costs, exact_text
from cnn_explorer.gui.document import Document
from cnn_explorer.gui.fields import ComboBox
from cnn_explorer.gui.flow import FlowLayout
from cnn_explorer.gui.kernel_strip import KernelStrip
from cnn_explorer.gui.plain_table import MARGIN, MARKED, CellDelegate, PlainTable, shrunk
from cnn_explorer.gui.selection import SelectionModel
from cnn_explorer.gui.settings import Settings, SettingsStore

_OUT_AXIS = Qt.ItemDataRole.UserRole + 10


class KernelTensors(QWidget):
    """Panel with the kernel tensors of all layers and the kernels of the selected map.

    Parameters
    ----------
    document, selection
        What is shown; a click on a layer selects its map.
    store
        Keeps the layout, and says how kernels are coloured.
    actions
        The one named "copy_index" lends its tooltip to the button that does the same.
    """

    def __init__(
        self,
        document: Document,
        selection: SelectionModel,
        store: SettingsStore,
        actions: Mapping[str, QAction],
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.setBackgroundRole(QPalette.ColorRole.Base)
        self._document = document
        self._selection = selection
        self._store = store
        self._index = ""
        self._coloured: tuple[tuple[object, ...], Colouring] | None = None
        title = QLabel("KERNEL TENSORS", self)
        title.setProperty("role", "heading")
        self._layouts = ComboBox(self)
        self._layouts.setAccessibleName("Layout of the kernel tensors")
        for key, layout in LAYOUTS.items():
            self._layouts.addItem(layout.label, key)
        self._table = PlainTable(
            ("layer", "", "weights + biases"), "Kernel tensor of each layer", self, flush_right=(2,)
        )
        self._table.setItemDelegateForColumn(1, _ShapeDelegate(self))
        self._table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self._table.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self._total = QLabel(self)
        self._total.setAlignment(Qt.AlignmentFlag.AlignRight)
        self._hint = QLabel("Select a map to see its kernels' index.", self)
        self._hint.setProperty("role", "quiet")
        self._hint.setWordWrap(True)
        self._chosen = self._make_chosen(actions)
        self._costs = Costs(self)
        top = QWidget(self)
        flow = FlowLayout(top, last_right=True)
        flow.addWidget(title)
        flow.addWidget(self._layouts)
        column = QVBoxLayout(self)
        column.setContentsMargins(11, 8, 11, 11)
        column.addWidget(top)
        column.addWidget(self._table)
        column.addWidget(self._total)
        column.addWidget(self._hint)
        column.addWidget(self._chosen)
        column.addSpacing(12)
        column.addWidget(self._costs)
        column.addStretch(1)
        self._refresh()
        self._layouts.activated.connect(self._keep_layout)
        self._table.itemSelectionChanged.connect(self._select_layer)
        document.changed.connect(self._follow_document)
        selection.changed.connect(self._follow_selection)
        store.changed.connect(self._follow_settings)

    def set_bare(self, bare: bool) -> None:
        """Put what copies and what counts costs away, and leave the tensors."""
        self._copy.setVisible(not bare)
        self._costs.setVisible(not bare)

    @Slot()
    def copy_index(self) -> None:
        """Copy the code that selects the selected map's kernels."""
        if self._index:
            QGuiApplication.clipboard().setText(self._index)
            below = self._copy.mapToGlobal(self._copy.rect().bottomLeft())
            QToolTip.showText(below, f"Copied {self._index}", self._copy)

    def _make_chosen(self, actions: Mapping[str, QAction]) -> QWidget:
        """What is shown of the selected map."""
        chosen = QWidget(self)
        card = QFrame(chosen)
        card.setObjectName("card")
        self._code = QLabel(card)
        self._code.setTextFormat(Qt.TextFormat.PlainText)
        self._code.setFont(_monospaced(QFont()))
        self._code.setWordWrap(True)
        self._sentence = QLabel(card)
        self._sentence.setProperty("role", "quiet")
        self._sentence.setWordWrap(True)
        self._copy = QToolButton(card)
        self._copy.setText("Copy")
        self._copy.setAccessibleName("Copy the index of the selected map's kernels")
        if "copy_index" in actions:
            self._copy.setToolTip(actions["copy_index"].toolTip())
        self._copy.clicked.connect(self.copy_index)
        self._kernels = KernelStrip(chosen)
        self._more = QLabel(chosen)
        self._range = QLabel(chosen)
        for label in (self._more, self._range):
            label.setProperty("role", "quiet")
            label.setWordWrap(True)
        self._kernels.left_out.connect(self._say_more)
        words = QVBoxLayout()
        words.setSpacing(2)
        words.addWidget(self._code)
        words.addWidget(self._sentence)
        row = QHBoxLayout(card)
        row.setContentsMargins(9, 6, 6, 6)
        row.addLayout(words, 1)
        row.addWidget(self._copy, 0, Qt.AlignmentFlag.AlignTop)
        column = QVBoxLayout(chosen)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(card)
        column.addWidget(self._kernels)
        column.addWidget(self._more)
        column.addWidget(self._range)
        return chosen

    def _refresh(self) -> None:
        """Show everything anew."""
        state = self._document.state
        selection = self._selection.current.within(state.network)
        layout = LAYOUTS[self._store.current.layout]
        self._layouts.setCurrentIndex(self._layouts.findData(self._store.current.layout))
        self._table.heading(1).setText(layout.axes_text)
        parameters = 0
        # Writing the table must not look like a click in it.
        blocker = QSignalBlocker(self._table)
        self._table.setRowCount(len(state.network.layers))
        for row, cost in enumerate(costs(state.network, state.scheme)):
            parameters += cost.weights + cost.biases
            marked = row == selection.layer
            shape = _shape_text(state.network.layers[row], cost, layout)
            learned = cost.weights + cost.biases
            counts = f"{exact_text(cost.weights)} + {exact_text(cost.biases)}" if learned else "0"
            self._table.write(row, 0, state.network.names[row], marked=marked)
            item = self._table.write(row, 1, shape, marked=marked)
            dense = isinstance(state.network.layers[row], Linear)
            axis = min(layout.out_axis, 1) if dense else layout.out_axis
            item.setData(_OUT_AXIS, None if cost.kernel_shape is None else axis)
            self._table.write(row, 2, counts, marked=marked)
        if selection.layer is None:
            self._table.clearSelection()
        else:
            self._table.selectRow(selection.layer)
        blocker.unblock()
        self._table.fit()
        self._total.setText(f"{exact_text(parameters)} parameters")
        self._hint.setVisible(selection.layer is None)
        address = selection.address
        kernels = address is not None and _has_kernels(state, address)
        self._chosen.setVisible(kernels)
        self._index = ""
        if address is not None and kernels:
            self._show_map(state, address)
        self._costs.show_costs(state.network, selection.layer, state.scheme)

    def _show_map(self, state: State, address: Address) -> None:
        """Show the kernels of one map, of which only the filter counts."""
        index, filter_ = len(address) - 1, address[-1]
        layer, place = state.network.conv(index), state.network.places[index] - 1
        layout, dense = LAYOUTS[self._store.current.layout], isinstance(layer, Linear)
        self._index = layout.index(place, filter_, dense=dense)
        self._code.setText(_breakable(self._index))
        self._code.setAccessibleName(self._index)
        self._sentence.setText(_sentence(state, index, filter_))
        colouring = self._colouring(layer, state.scheme)
        # Of this filter alone: those of a wide layer take a while.
        alone = replace(
            layer, weight=layer.weight[filter_ : filter_ + 1], bias=None, groups=1, muted=None
        )
        kernels = scheme_kernel(alone, state.scheme)[0]
        names: list[tuple[str, ...]]
        if index == 0:
            names = [("drawing",)]
        elif len(kernels) < layer.weight.shape[1]:
            names = [("every map", "all maps", "all")]
        else:
            group = filter_ // (layer.out_channels // layer.groups)
            first = group * len(kernels)
            names = [(f"map {i}", str(i)) for i in range(first, first + len(kernels))]
        self._kernels.setAccessibleName(self._sentence.text())
        self._kernels.show_kernels(kernels, names, colouring)
        assert colouring.scales is not None
        self._range.setText(_range_text(state.network.names[index], colouring.scales[0]))

    def _colouring(self, layer: Conv2d, scheme: ChannelScheme) -> Colouring:
        """The colours on the card of the layer, kept until it is another layer's turn."""
        settings = self._store.current
        key = layer, scheme, settings.colour_map, settings.contrast
        if self._coloured is None or self._coloured[0] != key:
            colours = COLOUR_MAPS[settings.colour_map]
            kernels = scheme_kernel(layer, scheme)
            # A third of the time of looking at every weight, of which there may be millions.
            ends = np.array([kernels.min(), kernels.max()])
            scale = scale_of(
                [ends if np.isfinite(ends).all() else kernels], colours, settings.contrast
            )
            self._coloured = key, Colouring(colours, settings.contrast, (scale,))
        return self._coloured[1]

    @Slot(object, object)
    def _follow_document(self, new: State, old: State) -> None:
        if not (new.network is old.network and new.scheme is old.scheme):
            self._refresh()

    @Slot(object, object)
    def _follow_selection(self, new: Selection, old: Selection) -> None:
        state = self._document.state
        address = new.within(state.network).address
        if new.layer != old.layer:
            self._refresh()
        elif address is not None and new.address != old.address and _has_kernels(state, address):
            self._show_map(state, address)

    @Slot(object, object)
    def _follow_settings(self, new: Settings, old: Settings) -> None:
        if (new.layout, new.colour_map, new.contrast) != (old.layout, old.colour_map, old.contrast):
            self._refresh()

    @Slot(int)
    def _keep_layout(self, index: int) -> None:
        self._store.update(layout=self._layouts.itemData(index))

    @Slot()
    def _select_layer(self) -> None:
        rows = self._table.selectionModel().selectedRows()
        if rows:
            current = self._selection.current.within(self._document.state.network)
            index = rows[0].row()
            path = path_to(self._document.state.network, current.path, index, current.path[index])
            self._selection.select(current.at(path))

    @Slot(int)
    def _say_more(self, count: int) -> None:
        self._more.setVisible(count > 0)
        self._more.setText(f"and {count} more: see Kernels")


class _ShapeDelegate(CellDelegate):
    """Paints a shape with the axis that counts the filters in a box."""

    def initStyleOption(
        self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        """Say how a cell is painted: the box is mark enough."""
        super().initStyleOption(option, index)
        option.font = _monospaced(option.font)
        option.font.setBold(False)

    def paint(
        self,
        painter: QPainter,
        option: QStyleOptionViewItem,
        index: QModelIndex | QPersistentModelIndex,
    ) -> None:
        """Paint a cell."""
        cell = QStyleOptionViewItem(option)
        self.initStyleOption(cell, index)
        marked = bool(index.data(MARKED))
        if index.data(_OUT_AXIS) is None:
            super().paint(painter, option, index)
            return
        sides = cell.text.strip("[]").split(", ")
        out = index.data(_OUT_AXIS)
        before = "".join(f"{side}, " for side in sides[:out])
        after = "".join(f", {side}" for side in sides[out + 1 :])
        place = cell.rect.adjusted(MARGIN, 0, -MARGIN, 0)
        font = shrunk(cell.font, cell.text, place.width() - 8)
        cell.text = ""
        self.paint_cell(painter, cell)
        painter.save()
        painter.setFont(font)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        metrics = QFontMetrics(font)
        for text, boxed in ((f"[{before}", False), (sides[out], True), (f"{after}]", False)):
            ink = cell.palette.color(QPalette.ColorRole.Text)
            width = metrics.horizontalAdvance(text)
            if boxed:
                box = place.adjusted(1, 0, 0, 0)
                box.setWidth(width + 6)
                box.setHeight(metrics.height())
                box.moveTop(place.center().y() - metrics.height() // 2)
                painter.setPen(Qt.PenStyle.NoPen)
                painter.setBrush(ink if marked else cell.palette.mid())
                painter.drawRoundedRect(box, 3, 3)
                ink = cell.palette.color(QPalette.ColorRole.Base) if marked else ink
                place.setLeft(place.left() + 4)
            painter.setPen(ink)
            painter.drawText(place, Qt.AlignmentFlag.AlignVCenter, text)
            place.setLeft(place.left() + width + 4 * boxed)
        painter.restore()


def _monospaced(font: QFont) -> QFont:
    """The same font with letters of one width."""
    result = QFont(font)
    result.setFamilies([QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont).family()])
    return result


def _has_kernels(state: State, address: Address) -> bool:
    return isinstance(state.network.layers[len(address) - 1], Conv2d)


def _shape_text(layer: Layer, cost: Cost, layout: Layout) -> str:
    """Shape of a layer's kernels in a layout, or of what it has in their place."""
    if cost.kernel_shape is not None:
        shape = layout.shape(cost.kernel_shape, dense=isinstance(layer, Linear))
        return f"[{', '.join(map(str, shape))}]"
    return f"{layout.norm}: [{layer.out_channels}]" if isinstance(layer, BatchNorm2d) else "—"


def _breakable(code: str) -> str:
    """Code that may be wrapped before brackets only."""
    return code.replace(" ", "\N{NO-BREAK SPACE}").replace("[", "\N{ZERO WIDTH SPACE}[")


def _sentence(state: State, index: int, filter_: int) -> str:
    """What the index selects."""
    count = state.network.layers[index].depth
    if index > 0 and state.scheme is not ChannelScheme.REAL:
        return f"the flat kernel of filter {filter_}, used on every map"
    return f"the {count} kernel{'s' if count > 1 else ''} of map {filter_}"


def _range_text(name: str, scale: Scale) -> str:
    return f"All kernels of {name}: {short(scale.least)} to {short(scale.most)}"
