"""How a map is made, painted: input map, kernel and contribution in rows, and their sum."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFontMetrics, QPainter, QPalette

from cnn_explorer.core.activations import Array
from cnn_explorer.core.display import ColourMap, Scale, colour
from cnn_explorer.core.explain import Field, receptive_field, running_sums
from cnn_explorer.core.kernel_layers import Conv2d
from cnn_explorer.core.layers import MaxPool2d
from cnn_explorer.core.making import Making
from cnn_explorer.core.network import Network
from cnn_explorer.core.schemes import ChannelScheme
from cnn_explorer.core.sentences import kernel_index, kernel_word, map_number, product_sign
from cnn_explorer.gui.colouring import Colouring, MakingColours, pictures_of
from cnn_explorer.gui.map_plan import EDGE, OF_ALL, SHARE, Plan, small
from cnn_explorer.gui.marks import (
    paint_field,
    paint_muted,
    paint_pictures,
    paint_pin,
    paint_selected,
)
from cnn_explorer.gui.row_area import FOOTER_PARTS, REST

_BAR = 8  # logical pixels that the bar of a share is high
_CENTRE = Qt.AlignmentFlag.AlignCenter
_LEFT = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
_TEXT, _QUIET = QPalette.ColorRole.Text, QPalette.ColorRole.PlaceholderText


@dataclass(frozen=True, eq=False)
class MapPicture:
    """What is painted of how a map is made.

    Parameters
    ----------
    making, pixel
        The map, and its (row, column) that is pinned, or None.
    order, rest
        Positions among its input maps: those that have a row each, from the top, and those that
        share the last one.
    colours
        On which scales.
    running
        Whether the last picture of a row is the sum of all rows down to it.
    """

    making: Making
    pixel: tuple[int, int] | None
    order: Sequence[int]
    rest: Sequence[int]
    colours: MakingColours
    running: bool

    @cached_property
    def rows(self) -> list[int]:
        """The rows from the top: positions, and `REST`."""
        return [*self.order, REST] if self.rest else list(self.order)

    def shape(self, column: int) -> tuple[int, ...]:
        """Of the pictures in a column: input maps, kernels, contributions."""
        return (self.making.maps, self.making.kernels, self.making.parts)[column].shape[1:]

    def kernel_name(self, position: int) -> str:
        """Which of the layer's kernels or weights an input map meets, as Keras counts."""
        layer = self.making.layer
        if not isinstance(layer, Conv2d):
            return _WINDOWS[layer.kind]
        flat = self.making.state.scheme is not ChannelScheme.REAL
        return kernel_index(layer, 0 if flat else position, self.making.address[-1])

    def share(self, position: int) -> str:
        """Part of the mass of all that is not muted: “27 % of all”."""
        everything = sum(high - low for low, high in self._masses.values())
        low, high = self._masses[position]
        share = (high - low) / everything if everything else 0.0
        if not np.isfinite(share):
            return "no number"
        percent = "< 1" if 0 < share < 0.005 else f"{100 * share:.0f}"
        return f"{percent} %{OF_ALL}"

    def describe(self, position: int) -> str:
        """A row in words."""
        if position == REST:
            share = self.share(position)
            return f"rest of {len(self.rest)}: {share}, Enter gives each a row of its own"
        making = self.making
        drawing = len(making.address) == 1
        name = (
            f"the {making.state.input_name}"
            if drawing
            else f"input map {making.channels[position]}"
        )
        if not making.mutable:
            return f"{name}: {self.kernel_name(position)} of each window"
        share, heard = f"{self.share(position)}, ", "not muted"
        if making.muted[position]:
            share, heard = "", "muted"
        return f"{name}: {share}{kernel_word(making.layer)} {self.kernel_name(position)}, {heard}"

    def results(self, positions: Sequence[int]) -> Array:
        """What the last column of some rows shows, shape (positions, rows, columns)."""
        making = self.making
        if self.running:
            order = [*self.order, *self.rest]
            sums = running_sums(making.parts[order], making.muted[order, np.newaxis, np.newaxis])
            return sums[[-1 if i == REST else order.index(i) for i in positions]]
        found = making.parts[list(positions)]
        if REST in positions:
            heard = [position for position in self.rest if not making.muted[position]]
            found[positions.index(REST)] = making.parts[heard].sum(axis=0, dtype=np.float32)
        return found

    # Painting.

    def paint_header(self, painter: QPainter, plan: Plan, palette: QPalette) -> None:
        """The captions of the columns."""
        font = painter.font()
        painter.setFont(small(font))
        painter.setPen(palette.color(_QUIET))
        captions = (
            (self.making.state.input_name, "drawing")
            if len(self.making.address) == 1
            else ("input map", "input"),
            (kernel_word(self.making.layer) if self.making.mutable else "window",),
            ("running sum", "sum") if self.running else ("contribution", "part"),
            ("negative | positive", "− | +"),
        )
        ends = *plan.tiles[1:], plan.share, plan.width
        for left, end, names in zip((*plan.tiles, plan.share), ends, captions, strict=True):
            name = fitting_name(painter.fontMetrics(), end - left - 2, *names)
            painter.drawText(QRectF(left, 0, plan.width, plan.header), _LEFT, name)
        painter.setFont(font)

    def paint_rows(
        self,
        painter: QPainter,
        plan: Plan,
        palette: QPalette,
        tops: Mapping[int, int],
        opacity: float,
    ) -> None:
        """Some rows, each of which begins at a height of its own; of stale values not opaque."""
        making, colours = self.making, self.colours
        heard = [position for position in tops if position != REST]
        for column, (positions, values, scale) in enumerate(
            (
                (heard, making.maps[heard], colours.maps),
                (heard, making.kernels[heard], colours.kernels),
                (list(tops), self.results(list(tops)), colours.parts),
            )
        ):
            places = [plan.cell(column, tops[i], self.shape(column)) for i in positions]
            paint_values(painter, palette, places, values, colours.colours, scale, opacity)
        fields = self._fields
        self._paint_words(painter, plan, palette, tops)
        self._paint_shares(painter, plan, palette, tops)
        for position, top in tops.items():
            if position == REST:
                continue
            cells = [plan.cell(column, top, self.shape(column)) for column in range(3)]
            if making.muted[position]:
                faded = QColor(palette.color(QPalette.ColorRole.Base))
                faded.setAlpha(150)
                for cell in cells:
                    painter.fillRect(cell, faded)
                paint_muted(painter, cells[2])
            if fields is not None:
                paint_field(painter, cells[0], fields[0])
                paint_field(painter, cells[2], fields[1])

    def paint_footer(
        self,
        painter: QPainter,
        plan: Plan,
        palette: QPalette,
        top: int,
        opacity: float,
        parts: int = FOOTER_PARTS,
    ) -> None:
        """Under a line: the sum, the bias, the map before its activation, the map.

        `parts` says how many of the three maps are shown, with the words between them.
        """
        making, colours = self.making, self.colours
        font = painter.font()
        painter.setFont(small(font))
        metrics = painter.fontMetrics()
        ink = palette.color(_TEXT)
        painter.fillRect(QRectF(EDGE, top + 1, plan.width - 2 * EDGE, 2), ink)
        top += 5
        below = top + metrics.height() + 6
        number = map_number(making.state, making.address)
        names = ("Σ",), ("before activation", "before"), (f"map {number}",)
        left, places = float(EDGE), list[QRectF]()
        for alternatives, (words, width) in zip(names, (*plan.words, ("", 0)), strict=True):
            end = left + plan.below + width
            name = fitting_name(metrics, (end if width else plan.width) - left - 4, *alternatives)
            if len(places) < parts:
                painter.setPen(palette.color(_QUIET))
                painter.drawText(QRectF(left, top, plan.width, metrics.height()), _LEFT, name)
            if len(places) + 1 < parts:
                painter.setPen(ink)
                room = QRectF(left + plan.below, below, width, max(plan.below, plan.least_below))
                painter.drawText(room, _CENTRE, words)
            places.append(plan.picture(left, below, making.map.shape, plan.below))
            left = end
        painter.setFont(font)
        sums = places[: min(parts, 2)]
        both = np.stack([making.total, making.before])[: len(sums)]
        paint_values(painter, palette, sums, both, colours.colours, colours.parts, opacity)
        if self._fields is not None and self.pixel is not None:
            for place in sums:
                paint_field(painter, place, self._fields[1])
        if parts < FOOTER_PARTS:
            return
        one = making.map[np.newaxis]
        paint_values(painter, palette, places[2:], one, colours.colours, colours.output, opacity)
        paint_selected(painter, places[2], ink)
        if self._fields is not None and self.pixel is not None:
            unit = places[2].width() / making.map.shape[1]
            corner = places[2].topLeft() + QPointF(self.pixel[1] * unit, self.pixel[0] * unit)
            paint_pin(painter, places[2], QRectF(corner.x(), corner.y(), unit, unit))

    def _paint_words(
        self, painter: QPainter, plan: Plan, palette: QPalette, tops: Mapping[int, int]
    ) -> None:
        """The numbers of the input maps, and the signs between the pictures."""
        metrics = painter.fontMetrics()
        drop = (plan.pitch + metrics.ascent() - metrics.descent()) / 2
        painter.setPen(palette.color(_TEXT))
        for position, top in tops.items():
            if position == REST:
                painter.drawText(QPointF(EDGE, top + drop), f"▸ rest of {len(self.rest)}")
            else:
                number = str(self.making.channels[position])
                painter.drawText(QPointF(plan.index, top + drop), number)
        painter.setPen(palette.color(_QUIET))
        layer = self.making.layer
        between = "of" if isinstance(layer, MaxPool2d) else product_sign(layer)
        for column, sign in ((2, "="), (1, between)):
            left, right = plan.tiles[column - 1] + plan.side, plan.tiles[column]
            x = (left + right - metrics.horizontalAdvance(sign)) / 2
            for position, top in tops.items():
                if column == 2 or position != REST:
                    painter.drawText(QPointF(x, top + drop), sign)

    def _paint_shares(
        self, painter: QPainter, plan: Plan, palette: QPalette, tops: Mapping[int, int]
    ) -> None:
        """Bars, negative to the left and positive to the right, over the shares in words."""
        font = painter.font()
        painter.setFont(small(font))
        metrics = painter.fontMetrics()
        width = plan.width - plan.share - EDGE
        middle = plan.share + width / 2
        tints = signed_tints(self.colours.colours)
        # The largest mass of one sign fills half of a bar.
        largest = max((abs(mass) for both in self._masses.values() for mass in both), default=0)
        whole = metrics.horizontalAdvance(SHARE + OF_ALL) <= width + EDGE
        longest = self.kernel_name(len(self.making.channels) - 1)
        colons = metrics.horizontalAdvance(longest) <= width + EDGE
        ink, quiet = palette.color(_TEXT), palette.color(_QUIET)
        for position, top in tops.items():
            y = top + (plan.pitch - 2 * metrics.height() - _BAR) // 2 - 2
            painter.fillRect(QRectF(plan.share, y, width, _BAR), palette.midlight())
            for mass, tint in zip(self._masses[position], tints, strict=True):
                length = mass / (largest or 1) * width / 2
                if np.isfinite(length):
                    painter.fillRect(QRectF(middle, y, length, _BAR).normalized(), tint)
            painter.fillRect(QRectF(middle - 0.5, y - 1, 1, _BAR + 2), ink)
            painter.setPen(quiet)
            baseline = y + _BAR + 3 + metrics.ascent()
            muted = position != REST and self.making.muted[position]
            share = "off" if muted else self.share(position)
            share = share if whole else share.removesuffix(OF_ALL)
            painter.drawText(QPointF(plan.share, baseline), share)
            if position != REST:
                kernel = self.kernel_name(position)
                # In numpy, and so in every framework, “...” stands for the colons.
                kernel = kernel if colons else kernel.replace(":, :", "...")
                painter.drawText(QPointF(plan.share, baseline + metrics.height()), kernel)
        painter.setFont(font)

    # Numbers.

    @cached_property
    def _masses(self) -> dict[int, tuple[float, float]]:
        """Negative and positive mass of each row, the muted left out."""
        making = self.making
        heard = np.where(making.muted[:, np.newaxis], 0, making.masses)
        found: dict[int, tuple[float, float]] = {
            position: (low, high)
            for position, (low, high) in zip(
                self.order, heard[list(self.order)].tolist(), strict=True
            )
        }
        if self.rest:
            low, high = heard[list(self.rest)].sum(axis=0).tolist()
            found[REST] = low, high
        return found

    @cached_property
    def _fields(self) -> tuple[Field, Field] | None:
        """Of the pinned pixel: its window on the input maps, and itself."""
        if self.pixel is None:
            return None
        return _fields(self.making.state.network, len(self.making.address) - 1, self.pixel)


def paint_values(
    painter: QPainter,
    palette: QPalette,
    places: Sequence[QRectF],
    values: Array,
    colours: ColourMap,
    scale: Scale,
    opacity: float,
) -> None:
    """Maps or kernels in thin frames, for their ground may have the window's colour.

    Parameters
    ----------
    places, values
        Where each lies; float32, shape (places, rows, columns).
    colours, scale
        Which colours, on which scale.
    opacity
        Less than 1 for values that are stale.
    """
    painter.setPen(Qt.PenStyle.NoPen)
    for brush, edge in (
        (palette.mid(), 1 / painter.device().devicePixelRatioF()),
        (palette.base(), 0.0),
    ):
        painter.setBrush(brush)
        painter.drawRects([place.adjusted(-edge, -edge, edge, edge) for place in places])
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.setOpacity(opacity)
    colouring = Colouring(colours, scale.contrast, (scale,))
    size = values.shape[1], values.shape[2]
    paint_pictures(
        painter, places, pictures_of(list(values), size, colouring, 0), range(len(places))
    )
    painter.setOpacity(1)


@lru_cache
def signed_tints(colours: ColourMap) -> tuple[QColor, QColor]:
    """Colours of a negative and a positive value, neither pale nor dark."""
    values = np.array([-0.56, 0.56], np.float32)
    pixels = colour(values, colours, Scale(-1, 1, -1, 1))
    negative, positive = (QColor(red, green, blue) for blue, green, red, _ in pixels.tolist())
    return negative, positive


_WINDOWS = {"MaxPool": "largest", "AvgPool": "mean", "BatchNorm": "γ / √(σ²+ε)"}
"""What stands in place of a kernel's index where a layer has none."""


@lru_cache(maxsize=1)
def _fields(network: Network, layer: int, pixel: tuple[int, int]) -> tuple[Field, Field]:
    """A pixel's window on the input maps, and the pixel itself; the same for many frames."""
    fields = receptive_field(network, layer, pixel)
    return fields[layer], fields[layer + 1]


def fitting_name(metrics: QFontMetrics, room: float, *names: str) -> str:
    """The first name that has room, or else what has room of the last."""
    fitting = (name for name in names if metrics.horizontalAdvance(name) <= room)
    return next(fitting, metrics.elidedText(names[-1], Qt.TextElideMode.ElideRight, int(room)))
