"""The face of a layer's card that shows its contributions, and folds them into its maps."""

import numpy as np
from PySide6.QtCore import QEasingCurve, Qt, QVariantAnimation, Signal, Slot
from PySide6.QtGui import QHideEvent
from PySide6.QtWidgets import (
    QBoxLayout,
    QButtonGroup,
    QHBoxLayout,
    QLabel,
    QSlider,
    QStyle,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from cnn_explorer.core.activations import ACTIVATIONS
from cnn_explorer.core.forward import Activations
from cnn_explorer.core.kernel_layers import Linear
from cnn_explorer.core.schemes import ChannelScheme, map_counts
from cnn_explorer.core.selection import Selection
from cnn_explorer.core.sentences import compact, map_number
from cnn_explorer.core.state import State
from cnn_explorer.gui.colouring import Colouring
from cnn_explorer.gui.contribution_cells import ContributionCells
from cnn_explorer.gui.document import Document
from cnn_explorer.gui.flow import FlowLayout
from cnn_explorer.gui.legend import Legend
from cnn_explorer.gui.selection import SelectionModel
from cnn_explorer.gui.settings import Settings
from cnn_explorer.gui.status import Line

FOLD_SECONDS = 3.0
"""How long the fold takes, however many rows there are."""

MOST_STOPS = 8
"""Rows at which the fold stops; of more rows it leaves some out."""

_REST = 0.35
"""Part of each step in which nothing moves, so that the eye finds it."""

_PANEL_LETTERS = 28
_GAP = 4


class Contributions(QWidget):
    """The matrix of contributions, what it says in words, and the fold.

    Parameters
    ----------
    layer
        Index of the layer.
    document, selection
        What is shown and changed.

    Signals
    -------
    folded(position)
        The fold came to a step.
    """

    folded = Signal(int)

    def __init__(
        self,
        layer: int,
        document: Document,
        selection: SelectionModel,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._layer = layer
        self._state = document.state
        self._selection = selection
        self._reduced_motion = False
        self._wide = True
        self.words_height = 0  # of words and controls, as wide as they are
        self._stops: tuple[int, ...] = (0,)
        self.cells = ContributionCells(layer, document, selection, self)
        self._words = QLabel(self)
        self._words.setWordWrap(True)
        self._words.setAlignment(Qt.AlignmentFlag.AlignTop | Qt.AlignmentFlag.AlignLeft)
        self._panel = QWidget(self)
        # One widget, for each that is shown or hidden costs a layout of the whole window.
        self._summed = QWidget(self._panel)
        self._controls = FlowLayout(self._summed)
        column = QVBoxLayout(self._panel)
        column.setContentsMargins(0, 2, 0, 0)
        column.setSpacing(8)
        column.addWidget(self._words)
        column.addWidget(self._summed)
        self._build_fold()
        self._body = QBoxLayout(QBoxLayout.Direction.LeftToRight, self)
        self._body.setContentsMargins(0, 0, 0, 0)
        top = Qt.AlignmentFlag.AlignTop | Qt.AlignmentFlag.AlignLeft
        self._body.addStretch(1)
        self._body.addWidget(self._panel, 0, top)
        self._body.addWidget(self.cells, 0, top)
        self._animation = QVariantAnimation(self)
        self._animation.valueChanged.connect(self._animate)
        selection.changed.connect(self._follow_path)

    def _build_fold(self) -> None:
        name = self._state.network.names[self._layer]
        self._fold = QWidget(self._panel)
        row = QHBoxLayout(self._fold)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(6)
        self._button = QToolButton(self._fold)
        self._button.setText("Fold")
        self._button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self._button.setAccessibleName(f"{name}: fold the contributions, or spread them out")
        self._button.setToolTip("Add the contributions down into the maps, or spread them out")
        self._button.clicked.connect(self.fold)
        self._slider = QSlider(Qt.Orientation.Horizontal, self._fold)
        self._slider.setMinimumWidth(50)
        self._slider.setAccessibleName(f"{name}: fold")
        self._slider.valueChanged.connect(self._slide)
        self._ends = QLabel(self._fold), QLabel(self._fold)
        widgets: tuple[QWidget, ...] = self._button, self._ends[0], self._slider, self._ends[1]
        for widget in widgets:
            row.addWidget(widget)
        self._counter = Line(self._panel)
        self._modes = QButtonGroup(self)
        modes = self._choice = QWidget(self._panel)
        row = QHBoxLayout(modes)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(0)
        for mode, (text, segment) in enumerate((("Each alone", "first"), ("Running sums", "last"))):
            button = QToolButton(modes)
            button.setText(text)
            button.setCheckable(True)
            button.setChecked(mode == 0)
            button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
            button.setAccessibleName(f"{name}: {text.lower()}")
            button.setProperty("segment", segment)
            self._modes.addButton(button, mode)
            row.addWidget(button)
        self._modes.idClicked.connect(self._choose_mode)
        self._legend = Legend(self._panel)
        # Its numbers come with the first maps, its room is there before.
        numbers = self.fontMetrics().horizontalAdvance("in view−8.88−8.88")
        self._legend.setMinimumWidth(numbers + 104)
        for widget in (self._fold, modes, self._counter, self._legend):
            self._controls.addWidget(widget)
            widget.show()

    # What the owner sets.

    def set_room(self, width: int, share: int, most: int) -> None:
        """Lay cells and words out, side by side where that is wide enough.

        Parameters
        ----------
        width, share, most
            As in `LayerCard.set_room`.
        """
        letters = self.fontMetrics().averageCharWidth() * _PANEL_LETTERS
        controls = 0 if self._summed.isHidden() else self._controls.minimumSize().width()
        panel = max(letters, controls)
        wide = width >= 3 * panel
        self._write(wide)
        direction = QBoxLayout.Direction
        # The words are first in the order of focus, but beside the cells they stand at the right.
        self._body.setDirection(direction.RightToLeft if wide else direction.TopToBottom)
        self._body.setSpacing(_GAP)
        if wide:
            self.cells.set_room(width - panel - _GAP, share, most)
            bar = self.cells.verticalScrollBar()
            needed = self.cells.sizeHint().width()
            needed += bar.sizeHint().width() if bar.maximum() else 0
            room = min(width - panel - _GAP, needed)
            panel = min(width - room - _GAP, 2 * panel)
        else:
            room = panel = width
        height = self.words_height = self._panel_height(panel)
        if not wide:
            below = height + self._body.spacing()
            # What is over the card may leave the window, so that all of the cells are in it.
            self.cells.set_room(width, max(1, share - below), most)
        self.cells.setFixedWidth(room)
        self._panel.setFixedSize(panel, height)
        both = self.cells.height(), height
        self.setFixedHeight(max(both) if wide else sum(both) + self._body.spacing())

    def _panel_height(self, width: int) -> int:
        """Height of words and controls in a width."""
        self._controls.invalidate()
        controls = 0 if self._summed.isHidden() else 8 + self._controls.heightForWidth(width)
        words = 0 if self._words.isHidden() else self._words.heightForWidth(width)
        return 2 + words + controls

    def set_bare(self, bare: bool) -> None:
        """Put words and controls away, and leave what is counted."""
        for part in (self._words, self._fold, self._choice):
            part.setVisible(not bare)

    def set_state(self, state: State, settings: Settings) -> None:
        """Follow the layer, the scheme, the colours and whether things may move."""
        self._state = state
        self._reduced_motion = settings.reduced_motion
        shape = self.cells.contents.shape
        self.cells.set_state(state, settings)
        if self.cells.contents.shape != shape:
            self._animation.stop()
        said = self._words.text()
        self._write(self._wide)
        self._summed.setVisible(not self.cells.contents.naive)
        before, after = (
            self.cells.contents.rows * self.cells.contents.columns,
            self.cells.contents.columns,
        )
        for label, count in zip(self._ends, (before, after), strict=True):
            label.setText(compact(count))
        self._slider.setRange(0, self.cells.contents.steps)
        self._slider.setPageStep(max(1, self.cells.contents.steps // MOST_STOPS))
        self._stops = _stops(self.cells.contents.rows)
        longest = max(map(self.fontMetrics().horizontalAdvance, self._counts()))
        self._counter.setFixedWidth(longest + 6)
        self._show_position()
        if self._words.text() != said:
            self.words_height = self._panel_height(self._panel.width())

    def show_maps(self, activations: Activations, colouring: Colouring) -> None:
        """Paint the contributions of a pass."""
        self.cells.show_maps(activations, colouring)
        if self.cells.scale is not None:
            self._legend.show_scale(colouring.colours, self.cells.scale, "in view")

    # The fold.

    @Slot()
    def fold(self) -> None:
        """Add the contributions down into the maps, or where that is done, spread them out."""
        if self.cells.contents.naive:
            return
        running = self._animation.state() is QVariantAnimation.State.Running
        folding = self._animation.endValue() if running else self.cells.contents.position
        end = 0 if folding else len(self._stops) - 1
        self._animation.stop()
        self._go(end)

    def step_on(self, by: int) -> bool:
        """Go to the next stop of the fold, or the one before, and tell whether there is one."""
        stop = self._stop_before(self.step) + by
        if self.cells.contents.naive or not 0 <= stop < len(self._stops):
            return False
        self.put_at(self.step)
        self._go(stop)
        return True

    def _go(self, end: int) -> None:
        """Move to a stop, or be there at once where nothing may move."""
        start = self._stop_before(self.cells.contents.position)
        if self._jumps() or not self.isVisible():
            self.set_position(float(self._stops[end]))
            return
        self._animation.setStartValue(float(start))
        self._animation.setEndValue(float(end))
        steps = max(1, len(self._stops) - 1)
        self._animation.setDuration(round(1000 * FOLD_SECONDS * abs(end - start) / steps))
        self._animation.start()

    def spread(self) -> None:
        """Show all contributions again, at once."""
        self._animation.stop()
        self.set_position(0.0)

    def put_at(self, step: int) -> None:
        """Put the fold at a step, or the last there is before it, at once."""
        self._animation.stop()
        self.set_position(float(self._stops[self._stop_before(step)]))

    @property
    def step(self) -> int:
        """At which step the fold is, or is on its way to."""
        running = self._animation.state() is QVariantAnimation.State.Running
        end = int(self._animation.endValue()) if running else 0
        return self._stops[end] if running else int(self.cells.contents.position)

    @property
    def last_step(self) -> int:
        """At which step the fold ends; 0 where nothing folds."""
        return 0 if self.cells.contents.naive else self._stops[-1]

    @property
    def shows_sums(self) -> bool:
        """Whether running sums are shown in place of the contributions."""
        return self._modes.checkedId() == 1

    def show_sums(self, shown: bool) -> None:
        """Show running sums, or the contributions."""
        self._modes.button(int(shown)).setChecked(True)
        self._choose_mode(int(shown))

    def set_position(self, position: float) -> None:
        """Put the fold at a position, as `FoldedMatrix.position`."""
        step = int(self.cells.contents.position)
        self.cells.set_position(position)
        self._show_position()
        if int(position) != step:
            self.folded.emit(int(position))

    def hideEvent(self, event: QHideEvent) -> None:
        """Come to the end at once where nobody sees the way."""
        super().hideEvent(event)
        if self._animation.state() is QVariantAnimation.State.Running:
            self._animation.stop()
            self.set_position(float(self._stops[int(self._animation.endValue())]))

    @Slot(object)
    def _animate(self, value: float) -> None:
        """From stop to stop: a rest, then the row moves to the next, if that is the next stop."""
        stop = min(int(value), len(self._stops) - 1)
        here = self._stops[stop]
        there = self._stops[min(stop + 1, len(self._stops) - 1)]
        part = max(0.0, (value - stop - _REST) / (1 - _REST))
        moves = there == here + 1 and here <= self.cells.contents.rows
        way = QEasingCurve(QEasingCurve.Type.InOutQuad).valueForProgress(part) if moves else 0.0
        self.set_position(here + min(way, 0.999))

    @Slot(int)
    def _slide(self, position: int) -> None:
        self._animation.stop()
        self.set_position(float(position))

    @Slot(int)
    def _choose_mode(self, mode: int) -> None:
        self.cells.set_running(mode == 1)

    def _jumps(self) -> bool:
        """Whether nothing may move, by the setting or by the desktop's."""
        hint = QStyle.StyleHint.SH_Widget_Animation_Duration
        return self._reduced_motion or self.style().styleHint(hint, None, self) == 0

    def _stop_before(self, position: float) -> int:
        return max(place for place, stop in enumerate(self._stops) if stop <= position)

    def _show_position(self) -> None:
        step = int(self.cells.contents.position)
        # The slider shows where the fold is; only the user's hand sets it.
        self._slider.blockSignals(True)
        self._slider.setValue(step)
        self._slider.blockSignals(False)
        self._counter.setText(self._count(step))

    def _counts(self) -> list[str]:
        rows = self.cells.contents.rows
        return [self._count(step) for step in {0, 1, rows - 1, rows, rows + 1, rows + 2}]

    def _count(self, step: int) -> str:
        """What is left on screen at a step of the fold."""
        rows, columns = self.cells.contents.rows, self.cells.contents.columns
        if step == 0:
            return _number(rows * columns, self.cells.contents.words[0])
        if step == rows + 1:
            return "+ bias, once"
        if step == rows + 2:
            name = "" if self._activation == "none" else f"{self._activation}, after the sum: "
            return name + _number(columns, "map")
        left = (rows - step - 1) * columns
        if left > 0:
            apart = _number(left, self.cells.contents.words[0])
            return f"{apart} + {_number(columns, 'partial sum')}"
        return _number(columns, "sum")

    # The words.

    @property
    def _activation(self) -> str:
        return ACTIVATIONS[self._state.network.layers[self._layer].activation].label

    @Slot(object, object)
    def _follow_path(self, new: Selection, old: Selection) -> None:
        if self.cells.contents.naive and new.path != old.path:
            self._write(self._wide)

    def _write(self, wide: bool) -> None:
        """Say what the cells are: in paragraphs beside them, in few lines over them."""
        self._wide = wide
        words = self._naive_words() if self.cells.contents.naive else self._summed_words()
        paragraphs = "".join(f"<p style='margin: 0 0 6px 0'>{line}</p>" for line in words)
        text = paragraphs if wide else " ".join(words)
        if text != self._words.text():
            self._words.setText(text)

    def _summed_words(self) -> list[str]:
        rows, columns = self.cells.contents.rows, self.cells.contents.columns
        shared = self._state.scheme is ChannelScheme.SHARED and rows > 1
        source = "map i" if self._layer else "the drawing"
        if isinstance(self.cells.contents.conv, Linear):
            return [
                "Each cell is <b>one</b> product: value i · weight [i, j].",
                f"Not summed: {rows} × {columns} = <b>{compact(rows * columns)}</b>.",
                f"Summed down each column: <b>{columns}</b>.",
                self._what_is_left(),
            ]
        if shared:
            kernel = f"the same kernel {_index('0')} in every row"
        else:
            kernel = f"its own kernel {_index('i')}" if self._layer else f"kernel {_index('0')}"
        return [
            f"Each cell is <b>one</b> convolution: {source} \N{ASTERISK OPERATOR} {kernel}.",
            f"Not summed: {rows} × {columns} = <b>{compact(rows * columns)}</b>.",
            f"Summed down each column: <b>{columns}</b>.",
            self._what_is_left(),
        ]

    def _what_is_left(self) -> str:
        """What becomes of the terms, and how many maps a sum comes from."""
        conv = self.cells.contents.conv
        muted = 0 if conv.muted is None else conv.muted.sum(axis=1)
        heard = conv.depth - np.resize(muted, conv.out_channels)
        names = self._state.network.names
        name, before = names[self._layer], names[self._layer - 1] if self._layer else "the drawing"
        terms = conv.depth * conv.out_channels
        said = ["None vanished: they were added."] if conv.depth > 1 else []
        if conv.muted_count:
            said = [f"{compact(conv.muted_count)} of {compact(terms)} are muted and left out."]
        if not heard.any():
            said.append("Each sum is 0.")
        elif conv.depth == 1:
            sees = "Each filter sees one map, so" if conv.in_channels > 1 else "With one input map,"
            said.insert(0, f"{sees} each sum has one term.")
        elif heard.min() > 1:
            said.append(f"No map of {name} comes from one map of {before}.")
        elif heard.max() == 1:
            most = "" if heard.all() else "at most "
            said.append(f"Each map of {name} comes from {most}one map of {before}.")
        return " ".join(said)

    def _naive_words(self) -> list[str]:
        rows, columns = self.cells.contents.rows, self.cells.contents.columns
        total = map_counts(self._state.network, self._state.scheme)[self._layer]
        under, of = "", ""
        family = self.cells.contents.family
        if family is not None and family.prefix:
            under = f"Under map {map_number(self._state, family.prefix)}: "
            of = f" of {compact(total)}"
        source = "map i" if self._layer else "the drawing"
        activation = "" if self._activation == "none" else self._activation
        bias = self.cells.contents.conv.bias
        made = f"{source} \N{ASTERISK OPERATOR} flat kernel {_index('0')}"
        made += "" if bias is None else " + b"
        words = [
            f"Each cell is a <b>map</b>: {f'{activation}({made})' if activation else made}.",
            f"{under}{rows} × {columns} = <b>{compact(rows * columns)}</b>{of} maps.",
        ]
        if rows > 1:
            words.append("Nothing is summed, and no filter sees two maps.")
        if muted := self.cells.contents.conv.muted_count:
            count = compact(rows * columns)
            words.append(f"{compact(muted)} of {count} are muted: made without their convolution.")
        return words


def _stops(rows: int) -> tuple[int, ...]:
    """Positions at which the fold stops: every row, or some where there are many."""
    if rows <= MOST_STOPS:
        return tuple(range(rows + 3))
    some = {round(rows * stop / MOST_STOPS) for stop in range(MOST_STOPS + 1)}
    return (*sorted(some), rows + 1, rows + 2)


def _index(channel: str) -> str:
    """What selects column j's kernels; unbroken."""
    return f"[:, :, {channel}, j]".replace(" ", "&nbsp;")


def _number(count: int, what: str) -> str:
    return f"{compact(count)} {what}{'' if count == 1 else 's'}"
