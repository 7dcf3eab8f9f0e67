"""What a network costs in the three schemes: as numbers side by side, and as bars on a log axis."""

import math
from collections.abc import Collection, Sequence
from typing import Any

from PySide6.QtCore import QEvent, QModelIndex, QPersistentModelIndex, QRect, QSize, Qt, Slot
from PySide6.QtGui import QColor, QFont, QFontMetrics, QPainter, QPaintEvent, QPalette, QResizeEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QButtonGroup,
    QFrame,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QSizePolicy,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTableWidget,
    QTableWidgetItem,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from cnn_explorer.core.network import Network, layer_name
from cnn_explorer.core.schemes import ChannelScheme, Cost, costs

MARKED, SHORT, SCHEME = (Qt.ItemDataRole.UserRole + number for number in range(3))
"""Of a cell: whether it stands out, what it says where its text does not fit, its scheme."""

_NAMES = {
    ChannelScheme.REAL: "Real",
    ChannelScheme.NAIVE: "Naive",
    ChannelScheme.SHARED: "Shared",
}
# Not the colours of data; they differ in lightness too, for those who see no hue.
_COLOURS = {
    ChannelScheme.REAL: ("#00695c", "#5bd6c6"),
    ChannelScheme.NAIVE: ("#9566c7", "#a67fdc"),
    ChannelScheme.SHARED: ("#b0b6bf", "#6b737f"),
}
_SUPERSCRIPTS = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")
_UNITS = ("B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB", "ZiB", "YiB")

MARGIN = 3
"""Logical pixels beside a cell's text, which the style leaves."""

_PADDING = 3  # beside the bars
_STUB = 6  # length of a bar of 1, so that it is seen


def exact_text(count: int) -> str:
    """A whole number in full: “262 144” with thin spaces."""
    return f"{count:,}".replace(",", "\N{THIN SPACE}")


def power_text(count: int) -> str:
    """A whole number as a power of ten: “2.8 × 10¹⁴”."""
    mantissa, exponent = f"{count:.1e}".split("e")
    return f"{mantissa} × {_ten_to(int(exponent))}"


def short_text(count: int) -> str:
    """A whole number in full below ten million, and as a power of ten from there on."""
    return exact_text(count) if count < 10**7 else power_text(count)


def bytes_text(count: int) -> str:
    """A number of bytes in the unit that leaves one to three digits: “49.0 KiB”."""
    unit = 0
    # What would be printed as 1000 or more takes the next unit.
    while count >= 999.5 * 1024**unit and unit < len(_UNITS) - 1:
        unit += 1
    value = count / 1024**unit
    digits = 0 if unit == 0 or value >= 99.95 else 1 if value >= 9.995 else 2
    return f"{value:.{digits}f} {_UNITS[unit]}"


def scheme_colour(scheme: ChannelScheme, palette: QPalette) -> QColor:
    """Colour of a scheme's bars on a light or a dark ground."""
    return QColor(_COLOURS[scheme][palette.color(QPalette.ColorRole.Base).lightness() < 128])


# Name, what it is the number of, and whether that is bytes.
_MEASURES = (
    ("output maps", "Maps after the last layer", False),
    ("parameters", "Weights and biases", False),
    ("multiply-adds", "Multiply-adds of the convolutions", False),
    ("weight memory", "Bytes of the parameters, 4 for each", True),
    ("map memory", "Bytes of the maps of all layers, 4 for each pixel", True),
)


def measured(layers: Sequence[Cost]) -> tuple[int, ...]:
    """Sum up consecutive layers.

    Parameters
    ----------
    layers
        What each costs, in order; at least one.

    Returns
    -------
    tuple of int
        Maps after the last layer; parameters, multiply-adds, bytes of the parameters and of the
        maps of all layers.
    """
    return (
        layers[-1].maps,
        sum(layer.weights + layer.biases for layer in layers),
        sum(layer.multiply_adds for layer in layers),
        sum(layer.weight_bytes for layer in layers),
        sum(layer.map_bytes for layer in layers),
    )


class Costs(QWidget):
    """Table and bars of the three schemes, for one layer or for the whole network."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._given: tuple[Network, int | None, ChannelScheme] | None = None
        self._shown: tuple[Network, int | None, ChannelScheme] | None = None
        title = QLabel("COSTS", self)
        title.setProperty("role", "heading")
        self._choice = QButtonGroup(self)
        top = QHBoxLayout()
        top.setSpacing(0)
        top.addWidget(title, 1)
        for number, segment in enumerate(("first", "last")):
            button = QToolButton(self)
            button.setCheckable(True)
            button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
            button.setProperty("segment", segment)
            self._choice.addButton(button, number)
            top.addWidget(button)
        self._layer, self._all = self._choice.buttons()
        self._all.setText("Network")
        self._all.setToolTip("All layers together")
        self._all.setAccessibleName("Costs of the whole network")
        self._all.setChecked(True)
        self._table = PlainTable(
            ("", *_NAMES.values()), "Costs of the three schemes", self, flush_right=(1, 2, 3)
        )
        self._table.setRowCount(len(_MEASURES))
        self._table.setSelectionMode(QAbstractItemView.SelectionMode.NoSelection)
        for number, scheme in enumerate(ChannelScheme, 1):
            self._table.heading(number).setData(SCHEME, scheme)
        note = QLabel("Each line is 10 times the one before.", self)
        note.setProperty("role", "quiet")
        note.setWordWrap(True)
        self._bars = CostBars(self)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addLayout(top)
        column.addWidget(self._table)
        column.addWidget(note)
        column.addWidget(self._bars)
        self._choice.idClicked.connect(self._choose)

    def show_costs(self, network: Network, layer: int | None, scheme: ChannelScheme) -> None:
        """Show a network's costs.

        Parameters
        ----------
        network
            The network.
        layer
            Index of the layer that can be chosen instead of the whole network, or None.
        scheme
            The scheme at hand, which is marked.
        """
        self._given = network, layer, scheme
        self._layer.setVisible(layer is not None)
        self._all.setVisible(layer is not None)
        if layer is not None:
            self._layer.setText(layer_name(layer))
            self._layer.setAccessibleName(f"Costs of {layer_name(layer)}")
        chosen = layer if self._layer.isChecked() else None
        if (network, chosen, scheme) == self._shown:
            return
        self._shown = network, chosen, scheme
        part = slice(None) if chosen is None else slice(chosen, chosen + 1)
        columns = [measured(costs(network, each)[part]) for each in ChannelScheme]
        for column, each in enumerate(ChannelScheme, 1):
            self._table.heading(column).setData(MARKED, each is scheme)
        groups = []
        for row, (name, tip, in_bytes) in enumerate(_MEASURES):
            self._table.write(row, 0, name, tip=tip + ".")
            counts = [column[row] for column in columns]
            for column, (each, count) in enumerate(zip(ChannelScheme, counts, strict=True), 1):
                exact = exact_text(count)
                self._table.write(
                    row,
                    column,
                    bytes_text(count) if in_bytes else exact,
                    short="" if in_bytes else power_text(count),
                    tip=f"{_NAMES[each]}, {name}: {exact}{' bytes' if in_bytes else ''}",
                    marked=each is scheme,
                )
            text = bytes_text if in_bytes else short_text
            groups.append((name, [(count, text(count)) for count in counts]))
        self._table.fit()
        self._bars.show_costs(groups, scheme)

    @Slot(int)
    def _choose(self, _: int) -> None:
        if self._given is not None:
            self.show_costs(*self._given)


class CostBars(QWidget):
    """Groups of horizontal bars, one for each scheme, on one logarithmic axis.

    It only shows: the numbers are in the table, so the keyboard does not stop here.
    """

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._groups: Sequence[tuple[str, Sequence[tuple[int, str]]]] = ()
        self._current = ChannelScheme.REAL
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self.setAccessibleName("Costs of the three schemes as bars on a logarithmic axis")

    def show_costs(
        self, groups: Sequence[tuple[str, Sequence[tuple[int, str]]]], current: ChannelScheme
    ) -> None:
        """Show bars.

        Parameters
        ----------
        groups
            The name of each group and its bars, one for each scheme: a whole number, at least 1,
            of any size, and what stands at the bar's end.
        current
            The scheme at hand; its numbers are bold.
        """
        self._groups, self._current = groups, current
        self.updateGeometry()
        self.update()

    def sizeHint(self) -> QSize:
        """Room for all groups and the axis."""
        return QSize(0, self._group_height * len(self._groups) + self._line + 4)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint the axis, then the bars over its lines."""
        painter = QPainter(self)
        bold = QFont(self.font())
        bold.setBold(True)
        decade = self._decade(QFontMetrics(bold))
        self._paint_axis(painter, decade)
        ascent = self.fontMetrics().ascent()
        for group, (name, bars) in enumerate(self._groups):
            y = group * self._group_height
            painter.setFont(self.font())
            painter.setPen(self.palette().color(QPalette.ColorRole.PlaceholderText))
            painter.drawText(_PADDING, y + ascent, name)
            painter.setPen(self.palette().color(QPalette.ColorRole.Text))
            for scheme, (count, text) in zip(ChannelScheme, bars, strict=True):
                y += self._line
                length = _STUB + round(math.log10(count) * decade)
                colour = scheme_colour(scheme, self.palette())
                painter.fillRect(_PADDING, y + 2, length, self._line - 3, colour)
                painter.setFont(bold if scheme is self._current else self.font())
                painter.drawText(_PADDING + length + 5, y + ascent, text)
        painter.end()

    @property
    def _line(self) -> int:
        return self.fontMetrics().height() + 1

    @property
    def _group_height(self) -> int:
        """A name, three bars and a gap."""
        return (1 + len(ChannelScheme)) * self._line + self._line * 2 // 3

    def _decade(self, metrics: QFontMetrics) -> float:
        """Pixels from one power of ten to the next, such that every number fits behind its bar."""
        room = self.width() - 2 * _PADDING - _STUB
        fitting = [
            max(room - metrics.horizontalAdvance(text) - 8, 1) / math.log10(count)
            for _, bars in self._groups
            for count, text in bars
            if count > 1
        ]
        return min(fitting, default=room / 2)

    def _paint_axis(self, painter: QPainter, decade: float) -> None:
        metrics = self.fontMetrics()
        bottom = self._group_height * len(self._groups)
        right = self.width() - _PADDING
        step = math.ceil(1.3 * metrics.horizontalAdvance("10⁸⁸") / decade)
        painter.setPen(self.palette().color(QPalette.ColorRole.PlaceholderText))
        for power in range(math.floor((right - _PADDING - _STUB) / decade) + 1):
            x = _PADDING + _STUB + round(power * decade)
            role = QPalette.ColorRole.Midlight if power % step else QPalette.ColorRole.Mid
            painter.fillRect(x, 0, 1, bottom, self.palette().color(role))
            text = {0: "1", 1: "10"}.get(power, _ten_to(power))
            left = x - metrics.horizontalAdvance(text) // 2
            if power % step == 0 and left + metrics.horizontalAdvance(text) <= right + _PADDING:
                painter.drawText(left, bottom + 4 + metrics.ascent(), text)
        painter.drawLine(_PADDING, bottom, right, bottom)


class PlainTable(QTableWidget):
    """A read-only table as high as its rows, on the panel's own ground; Tab leaves it."""

    def __init__(
        self,
        headings: Sequence[str],
        name: str,
        parent: QWidget | None = None,
        *,
        flush_right: Collection[int],
    ) -> None:
        super().__init__(0, len(headings), parent)
        self.setAccessibleName(name)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.viewport().setAutoFillBackground(False)
        self.setHorizontalHeader(_Header(Qt.Orientation.Horizontal, self))
        self.horizontalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        self.horizontalHeader().setMinimumSectionSize(1)
        self.horizontalHeader().viewport().setAutoFillBackground(False)
        for column, text in enumerate(headings):
            item = QTableWidgetItem(text)
            side = (
                Qt.AlignmentFlag.AlignRight if column in flush_right else Qt.AlignmentFlag.AlignLeft
            )
            item.setTextAlignment(side | Qt.AlignmentFlag.AlignVCenter)
            self.setHorizontalHeaderItem(column, item)
        self.setItemDelegate(CellDelegate(self))
        self.setShowGrid(False)
        self.setWordWrap(False)
        self.setTabKeyNavigation(False)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self.verticalHeader().hide()
        self.verticalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        self._set_row_height()

    def sizeHint(self) -> QSize:
        """All rows and the headings."""
        return QSize(
            0, self.horizontalHeader().sizeHint().height() + self.verticalHeader().length()
        )

    def changeEvent(self, event: QEvent) -> None:
        """Follow the size of the text."""
        super().changeEvent(event)
        if event.type() is QEvent.Type.FontChange:
            self._set_row_height()
            self.fit()
            self.updateGeometry()

    def minimumSizeHint(self) -> QSize:
        """All rows, however narrow."""
        return self.sizeHint()

    def write(
        self,
        row: int,
        column: int,
        text: str,
        *,
        short: str = "",
        tip: str = "",
        marked: bool = False,
    ) -> QTableWidgetItem:
        """Fill a cell, which is aligned as its column's heading."""
        item = self.item(row, column)
        if item is None:
            item = QTableWidgetItem()
            self.setItem(row, column, item)
            role = Qt.ItemDataRole.TextAlignmentRole
            item.setData(role, self.heading(column).data(role))
        item.setText(text)
        item.setToolTip(tip)
        item.setData(SHORT, short)
        item.setData(MARKED, marked)
        return item

    def fit(self) -> None:
        """Share the width: what is to spare among all but the first column, what lacks by all."""
        header = self.horizontalHeader()
        widths = [
            max(self.sizeHintForColumn(column), header.sectionSizeHint(column))
            for column in range(self.columnCount())
        ]
        room, natural = self.viewport().width(), sum(widths)
        left = room
        for column, width in enumerate(widths[:-1]):
            if natural > room:
                width = width * room // natural
            elif column:
                width += (room - natural) // (len(widths) - 1)
            header.resizeSection(column, width)
            left -= width
        header.resizeSection(len(widths) - 1, left)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Fit the new width."""
        super().resizeEvent(event)
        self.fit()

    def heading(self, column: int) -> QTableWidgetItem:
        """The heading of a column."""
        item = self.horizontalHeaderItem(column)
        assert item is not None
        return item

    def _set_row_height(self) -> None:
        self.verticalHeader().setDefaultSectionSize(self.fontMetrics().height() + 7)


class CellDelegate(QStyledItemDelegate):
    """Paints marked cells bold and tinted; what does not fit, in short, and at last smaller."""

    def initStyleOption(
        self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        """Say how a cell is painted."""
        super().initStyleOption(option, index)
        option.state &= ~QStyle.StateFlag.State_Selected
        if index.data(MARKED):
            option.font.setBold(True)
            option.backgroundBrush = option.palette.midlight()

    def sizeHint(
        self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> QSize:
        """Room for the shorter of a cell's texts."""
        cell = QStyleOptionViewItem(option)
        self.initStyleOption(cell, index)
        width = QFontMetrics(cell.font).horizontalAdvance(_narrowest(cell, index))
        return QSize(width + 2 * MARGIN + 6, cell.fontMetrics.height())

    def paint(
        self,
        painter: QPainter,
        option: QStyleOptionViewItem,
        index: QModelIndex | QPersistentModelIndex,
    ) -> None:
        """Paint a cell."""
        cell = QStyleOptionViewItem(option)
        self.initStyleOption(cell, index)
        room = cell.rect.width() - 2 * MARGIN - 2
        if QFontMetrics(cell.font).horizontalAdvance(cell.text) > room:
            cell.text = _narrowest(cell, index)
            cell.font = shrunk(cell.font, cell.text, room)
        self.paint_cell(painter, cell)

    def paint_cell(self, painter: QPainter, cell: QStyleOptionViewItem) -> None:
        """Paint ground and text of a cell, and a frame where the keyboard is."""
        focused = cell.state & QStyle.StateFlag.State_HasFocus
        cell.state &= ~QStyle.StateFlag.State_HasFocus
        cell.widget.style().drawControl(
            QStyle.ControlElement.CE_ItemViewItem, cell, painter, cell.widget
        )
        if focused:
            painter.setPen(cell.palette.color(QPalette.ColorRole.Text))
            painter.drawRect(cell.rect.adjusted(0, 0, -1, -1))


class _Header(QHeaderView):
    """Quiet column headings over a thin line, with the colour of their scheme."""

    def paintSection(self, painter: QPainter, rect: QRect, logicalIndex: int) -> None:  # noqa: N803
        """Paint one heading."""

        def data(role: int) -> Any:
            return self.model().headerData(logicalIndex, Qt.Orientation.Horizontal, role)

        palette = self.palette()
        text = str(data(Qt.ItemDataRole.DisplayRole))
        place = rect.adjusted(MARGIN, 0, -MARGIN, -2)
        font = QFont(self.font())
        font.setBold(bool(data(MARKED)))
        swatch = 0 if data(SCHEME) is None else QFontMetrics(font).ascent() * 2 // 3
        font = shrunk(font, text, place.width() - swatch - 4)
        painter.save()
        painter.fillRect(
            rect.left(), rect.bottom(), rect.width(), 1, palette.color(QPalette.ColorRole.Mid)
        )
        if swatch:
            left = place.right() - QFontMetrics(font).horizontalAdvance(text) - swatch - 4
            top = place.center().y() - swatch // 2
            painter.fillRect(left, top, swatch, swatch, scheme_colour(data(SCHEME), palette))
        painter.setFont(font)
        role = QPalette.ColorRole.Text if data(MARKED) else QPalette.ColorRole.PlaceholderText
        painter.setPen(palette.color(role))
        painter.drawText(place, data(Qt.ItemDataRole.TextAlignmentRole), text)
        painter.restore()


def _narrowest(cell: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex) -> str:
    return min(
        (cell.text, index.data(SHORT) or cell.text), key=QFontMetrics(cell.font).horizontalAdvance
    )


def shrunk(font: QFont, text: str, room: int) -> QFont:
    """The font, as much smaller as it takes for a text to fit into a room."""
    result = QFont(font)
    # Widths are rounded, letter by letter: they do not shrink in proportion.
    while QFontMetrics(result).horizontalAdvance(text) > room and result.pointSizeF() > 4:
        result.setPointSizeF(result.pointSizeF() - 0.5)
    return result


def _ten_to(exponent: int) -> str:
    return "10" + str(exponent).translate(_SUPERSCRIPTS)
