"""What a network costs in the three schemes: as numbers side by side, and as bars on a log axis."""

import math
from collections.abc import Sequence

from PySide6.QtCore import QSize, Qt, Slot
from PySide6.QtGui import QColor, QFont, QFontMetrics, QPainter, QPaintEvent, QPalette
from PySide6.QtWidgets import (
    QAbstractItemView,
    QButtonGroup,
    QHBoxLayout,
    QLabel,
    QSizePolicy,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from cnn_explorer.core.network import Network
from cnn_explorer.core.schemes import ChannelScheme, Cost, costs
from cnn_explorer.gui.plain_table import MARKED, SWATCH, PlainTable, on_ground

_NAMES = {
    ChannelScheme.REAL: "Real",
    ChannelScheme.NAIVE: "Naive",
    ChannelScheme.SHARED: "Shared",
}
# Not the colours of data; they differ in lightness too, for those who see no hue.
_COLOURS = {
    ChannelScheme.REAL: ("#004d43", "#5bd6c6"),
    ChannelScheme.NAIVE: ("#8a5cc2", "#ad88ea"),
    ChannelScheme.SHARED: ("#8f97a3", "#757e8b"),
}
_SUPERSCRIPTS = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")
_UNITS = ("B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB", "ZiB", "YiB")

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
    return on_ground(_COLOURS[scheme], palette)


# Name, what it is the number of, and whether that is bytes.
_MEASURES = (
    ("output maps", "Maps after the last layer that every scheme has", False),
    ("parameters", "Weights and biases", False),
    ("multiply-adds", "Multiply-adds of the convolutions", False),
    ("weight memory", "Bytes of the parameters, 4 for each", True),
    ("map memory", "Bytes of the maps of all layers, 4 for each pixel", True),
)


def measured(layers: Sequence[Cost], last: int = -1) -> tuple[int, ...]:
    """Sum up consecutive layers; those that a scheme does not have cost nothing.

    Parameters
    ----------
    layers
        What each costs, in order; at least one.
    last
        Index of the one whose maps are counted.

    Returns
    -------
    tuple of int
        Maps; parameters, multiply-adds, bytes of the parameters and of the maps of all layers.
    """
    return (
        layers[last].maps,
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
            self._table.heading(number).setData(SWATCH, _COLOURS[scheme])
        self._note = note = QLabel(self)
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
            self._layer.setText(network.names[layer])
            self._layer.setAccessibleName(f"Costs of {network.names[layer]}")
        chosen = layer if self._layer.isChecked() else None
        if (network, chosen, scheme) == self._shown:
            return
        self._shown = network, chosen, scheme
        part = slice(None) if chosen is None else slice(chosen, chosen + 1)
        last = max(0, network.head - 1) if chosen is None else 0
        columns = [measured(costs(network, each)[part], last) for each in ChannelScheme]
        for column, each in enumerate(ChannelScheme, 1):
            self._table.heading(column).setData(MARKED, each is scheme)
        self._note.setText(_note(network, chosen))
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
            The name of each group and its bars, one for each scheme: a whole number of any
            size, not negative, and what stands at the bar's end.
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
        try:
            self._paint(painter)
        finally:
            # An error that leaves a painter behind would crash the program later.
            painter.end()

    def _paint(self, painter: QPainter) -> None:
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
                length = _STUB + round(math.log10(count) * decade) if count else 0
                colour = scheme_colour(scheme, self.palette())
                painter.fillRect(_PADDING, y + 2, length, self._line - 3, colour)
                painter.setFont(bold if scheme is self._current else self.font())
                painter.drawText(_PADDING + length + 5, y + ascent, text)

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


def _note(network: Network, layer: int | None) -> str:
    """What the numbers and bars leave out."""
    said = "Each line is 10 times the one before."
    if layer is not None or network.head == len(network.layers):
        return said
    last = f"after {network.names[network.head - 1]}" if network.head else "of the drawing"
    return (
        f"Output maps are those {last}: there Naive ends, and what follows costs it nothing. {said}"
    )


def _ten_to(exponent: int) -> str:
    return "10" + str(exponent).translate(_SUPERSCRIPTS)
