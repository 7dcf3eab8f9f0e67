"""A plain read-only table: marked cells, texts that shorten or shrink where there is no room."""

from collections.abc import Collection, Sequence
from typing import Any

from PySide6.QtCore import QEvent, QModelIndex, QPersistentModelIndex, QRect, QSize, Qt
from PySide6.QtGui import QColor, QFont, QFontMetrics, QPainter, QPalette, QResizeEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QFrame,
    QHeaderView,
    QSizePolicy,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTableWidget,
    QTableWidgetItem,
    QWidget,
)

MARKED, SHORT, SWATCH = (Qt.ItemDataRole.UserRole + number for number in range(3))
"""Of a cell: whether it stands out, what it says where its text does not fit; of a heading: its
colours on a light and on a dark ground."""

MARGIN = 3
"""Logical pixels beside a cell's text, which the style leaves."""


def on_ground(colours: tuple[str, str], palette: QPalette) -> QColor:
    """The colour for a light or a dark ground, whichever the palette has."""
    return QColor(colours[palette.color(QPalette.ColorRole.Base).lightness() < 128])


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
        """Take the height of the rows and share the width out, once all is written.

        What is to spare goes to all columns but the first; what lacks is taken from all.
        """
        self.updateGeometry()
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
    """Quiet column headings over a thin line, some with a swatch of colour."""

    def paintSection(self, painter: QPainter, rect: QRect, logicalIndex: int) -> None:  # noqa: N803
        """Paint one heading."""

        def data(role: int) -> Any:
            return self.model().headerData(logicalIndex, Qt.Orientation.Horizontal, role)

        palette = self.palette()
        text = str(data(Qt.ItemDataRole.DisplayRole))
        place = rect.adjusted(MARGIN, 0, -MARGIN, -2)
        font = QFont(self.font())
        font.setBold(bool(data(MARKED)))
        swatch = 0 if data(SWATCH) is None else QFontMetrics(font).ascent() * 2 // 3
        font = shrunk(font, text, place.width() - swatch - 4)
        painter.save()
        painter.fillRect(
            rect.left(), rect.bottom(), rect.width(), 1, palette.color(QPalette.ColorRole.Mid)
        )
        if swatch:
            left = place.right() - QFontMetrics(font).horizontalAdvance(text) - swatch - 4
            top = place.center().y() - swatch // 2
            painter.fillRect(left, top, swatch, swatch, on_ground(data(SWATCH), palette))
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
