"""How many digits are read right, and which are taken for which: a table whose cells open them."""

from PySide6.QtCore import QSize, Qt, Signal, Slot
from PySide6.QtGui import QBrush, QColor, QPalette
from PySide6.QtWidgets import (
    QAbstractItemView,
    QDialog,
    QDialogButtonBox,
    QFrame,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QPushButton,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from cnn_explorer.core.confusion import Counts, right, share
from cnn_explorer.core.reading import CLASSES
from cnn_explorer.gui.plain_table import CellDelegate

_RIGHT, _WRONG = QColor("#2f7fd0"), QColor("#e0662b")
_FAINTEST, _STRONGEST = 0.12, 0.85


class AccuracyDialog(QDialog):
    """The accuracy and the table of confusions; stays open beside the window.

    Signals
    -------
    chosen(label, reading)
        The digits of a cell are to be opened.
    again()
        They are to be read anew.
    """

    chosen = Signal(int, int)
    again = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("Accuracy")
        self._summary = QLabel(self)
        self._summary.setProperty("role", "heading")
        self._summary.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self._source = QLabel(self)
        self._source.setProperty("role", "quiet")
        self._source.setTextFormat(Qt.TextFormat.PlainText)
        self._stale = QLabel("Of the network as it was before its last change.", self)
        self._stale.setProperty("role", "warning")
        self._again = QPushButton("&Again", self)
        self._again.setToolTip("Read all of them with the network as it is now")
        self._again.clicked.connect(self.again)
        self.table = ConfusionTable(self)
        self.table.chosen.connect(self.chosen)
        help_ = QLabel("A click, or Enter, on a cell steps through the digits in it.", self)
        help_.setProperty("role", "quiet")
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close, self)
        buttons.rejected.connect(self.reject)
        old = QHBoxLayout()
        old.addWidget(self._stale, 1)
        old.addWidget(self._again)
        column = QVBoxLayout(self)
        column.setContentsMargins(18, 14, 18, 12)
        column.setSpacing(8)
        column.addWidget(self._summary)
        column.addWidget(self._source)
        column.addLayout(old)
        column.addWidget(self.table)
        column.addWidget(help_)
        column.addWidget(buttons)
        self.set_stale(False)

    def show_counts(self, counts: Counts, source: str) -> None:
        """Show a table of `cnn_explorer.core.confusion.confusion`, and of what it is."""
        known, total = right(counts), int(counts.sum())
        self._summary.setText(
            f"{share(known, total)} read right: {known:,} of {total:,}; {total - known:,} wrong"
        )
        self._source.setText(source)
        self.table.fill(counts)
        self.set_stale(False)

    def set_stale(self, stale: bool) -> None:
        """Say whether the network is another by now."""
        self._stale.setVisible(stale)
        self._again.setVisible(stale)
        self.table.dim(stale)


class ConfusionTable(QTableWidget):
    """Rows: what digits are. Columns: what they are read as. Colour: the share of the row.

    Signals
    -------
    chosen(label, reading)
        A cell that is not empty was clicked, or Enter was pressed on it.
    """

    chosen = Signal(int, int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(CLASSES, CLASSES + 1, parent)
        self._counts: Counts | None = None
        self._dimmed = False
        self.setAccessibleName("Confusion table: rows are labels, columns are readings")
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setTabKeyNavigation(False)
        self.setItemDelegate(CellDelegate(self))  # a frame where the keyboard is, and no more
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setVerticalHeaderLabels([f"label {digit}" for digit in range(CLASSES)])
        self.setHorizontalHeaderLabels([*(f"as {digit}" for digit in range(CLASSES)), "right"])
        for header in (self.horizontalHeader(), self.verticalHeader()):
            header.setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
            header.setSectionsClickable(False)
            header.setHighlightSections(True)
        self.cellClicked.connect(self._open)
        self.cellActivated.connect(self._open)

    def fill(self, counts: Counts) -> None:
        """Show counts, shape (10, 10)."""
        self._counts = counts
        for label, row in enumerate(counts):
            total = int(row.sum())
            for reading, count in enumerate(map(int, row)):
                what = f"Label {label}, read as {reading}: {count:,} of {total:,}"
                self._write(label, reading, f"{count:,}" if count else "", what)
            of_it = share(int(row[label]), total)
            self._write(label, CLASSES, of_it, f"Label {label}: {of_it} of {total:,} read right")
        self._colour()
        self._fit()

    def dim(self, dimmed: bool) -> None:
        """Take the colours back, or bring them."""
        self._dimmed = dimmed
        self._colour()

    def sizeHint(self) -> QSize:
        """All cells and the headings."""
        return QSize(
            self.verticalHeader().sizeHint().width() + self.horizontalHeader().length(),
            self.horizontalHeader().sizeHint().height() + self.verticalHeader().length(),
        )

    def minimumSizeHint(self) -> QSize:
        """The same."""
        return self.sizeHint()

    def _write(self, row: int, column: int, text: str, what: str) -> None:
        item = self.item(row, column)
        if item is None:
            item = QTableWidgetItem()
            item.setTextAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
            self.setItem(row, column, item)
        item.setText(text)
        item.setToolTip(what)
        item.setData(Qt.ItemDataRole.AccessibleTextRole, what)

    def _colour(self) -> None:
        """The share of the row as strength, so that a few wrong ones of many are still seen."""
        if self._counts is None:
            return
        ground = self.palette().color(QPalette.ColorRole.Base)
        for label, row in enumerate(self._counts):
            for reading, count in enumerate(map(int, row)):
                item = self.item(label, reading)
                assert item is not None
                if not count:
                    item.setBackground(QBrush())
                    continue
                strength = (count / int(row.sum())) ** (1 / 3)
                strength = _FAINTEST + strength * (_STRONGEST - _FAINTEST)
                hue = _RIGHT if label == reading else _WRONG
                item.setBackground(_mixed(ground, hue, strength * (0.3 if self._dimmed else 1)))

    def _fit(self) -> None:
        """One width for all counts."""
        metrics = self.fontMetrics()
        texts = [item.text() for row in range(CLASSES) for item in self._cells(row)]
        widest = max(map(metrics.horizontalAdvance, [*texts, "as 0"])) + 16
        for column in range(CLASSES):
            self.setColumnWidth(column, widest)
        self.setColumnWidth(CLASSES, metrics.horizontalAdvance("100.00 %") + 20)
        for row in range(CLASSES):
            self.setRowHeight(row, metrics.height() + 9)
        self.updateGeometry()

    def _cells(self, row: int) -> list[QTableWidgetItem]:
        items = (self.item(row, column) for column in range(CLASSES))
        return [item for item in items if item is not None]

    @Slot(int, int)
    def _open(self, row: int, column: int) -> None:
        if self._counts is not None and column < CLASSES and self._counts[row, column]:
            self.chosen.emit(row, column)


def _mixed(ground: QColor, hue: QColor, strength: float) -> QColor:
    """A colour over another."""
    parts = zip(ground.getRgb()[:3], hue.getRgb()[:3], strict=True)  # type: ignore[index]
    return QColor(*(round(under + (over - under) * strength) for under, over in parts))
