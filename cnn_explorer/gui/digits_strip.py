"""The strip of digits from elsewhere: which one is drawn, its label, and what is read in it."""

from dataclasses import replace

import numpy as np
from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtGui import QKeyEvent, QResizeEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QToolButton, QVBoxLayout, QWidget

from cnn_explorer.core.activations import Array
from cnn_explorer.core.browsing import Choice, Indices, chosen
from cnn_explorer.core.evaluation import Readings
from cnn_explorer.core.forward import Activations
from cnn_explorer.core.reading import CLASSES, Verdict, read
from cnn_explorer.core.state import State
from cnn_explorer.gui.document import Document
from cnn_explorer.gui.fields import ComboBox, SpinBox
from cnn_explorer.gui.flow import FlowLayout
from cnn_explorer.io.datasets import Digits

_MERGE = 20
"""Steps from digit to digit are one undo step."""

_WRONG = Choice(wrong=True)
_CHOICES = (Choice(), *(Choice(label=label) for label in range(CLASSES)), _WRONG)


class DigitsStrip(QFrame):
    """Steps through digits, each of which becomes the drawing; hidden while there are none.

    Parameters
    ----------
    document
        What is drawn on.

    Signals
    -------
    readings_wanted()
        What the network reads in all of them is needed for what was chosen.
    accuracy_wanted()
        The user asks how many are read right.
    opened(is_open)
        There are digits now, or none any more.
    """

    readings_wanted = Signal()
    accuracy_wanted = Signal()
    opened = Signal(bool)

    def __init__(self, document: Document, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._document = document
        self._digits: Digits | None = None
        self._readings: Readings | None = None
        self._choice = Choice()
        self._wanted: Choice | None = None
        self._places: Indices = chosen(Choice(), 0, None, None)
        self._drawn: Array | None = None
        self._merge = _MERGE  # steps through one file are one step of undo
        self._said = "", "", "quiet"
        self._lay_out()
        self.hide()
        document.changed.connect(self._follow)

    @property
    def digits(self) -> Digits | None:
        """What is stepped through."""
        return self._digits

    @property
    def choice(self) -> Choice:
        """Which of them."""
        return self._choice

    @property
    def index(self) -> int:
        """Which digit is looked at, counted from 0 in the file."""
        return int(self._places[self._field.value() - 1])

    def open(self, digits: Digits) -> None:
        """Step through other digits, from the first on."""
        self._digits, self._readings, self._wanted = digits, None, None
        self._merge += 1
        self._choice = Choice()
        labelled = digits.labels is not None
        self._choices.setVisible(labelled)
        self._accuracy.setVisible(labelled)
        self._show_name()
        self.show()
        self.opened.emit(True)
        self._take(chosen(Choice(), len(digits), None, None), 0)
        self._draw()

    @Slot()
    def close_digits(self) -> None:
        """Let go of the digits; the drawing stays."""
        self._digits = self._readings = self._drawn = self._wanted = None
        self.hide()
        self.opened.emit(False)

    def use_readings(self, readings: Readings) -> None:
        """Take what a network reads in all of the digits, and choose by it what waited for it."""
        self._readings = readings
        wanted, self._wanted = self._wanted, None
        if wanted is None and self._choice.asks_for_readings:
            wanted = self._choice
        if wanted is not None:
            self._choose(wanted)

    def give_up_readings(self) -> None:
        """Go back to what was chosen before readings were needed."""
        self._wanted = None
        self._say(*self._said)
        self._show_choice()

    def choose(self, choice: Choice) -> None:
        """Step through some of the digits; where that takes readings, as soon as they are there."""
        fresh = self._readings is not None and self._readings.are_of(self._document.state)
        if choice == _WRONG and not fresh:
            self._wanted = choice
            self._show_words("All digits are being read…")
            self.readings_wanted.emit()
        else:
            self._choose(choice)

    @Slot()
    def next(self) -> None:
        """Go to the next digit, if there is one."""
        self._field.setValue(self._field.value() + 1)

    @Slot()
    def previous(self) -> None:
        """Go to the digit before."""
        self._field.setValue(self._field.value() - 1)

    def show_reading(self, activations: Activations) -> None:
        """Say what a pass reads in the digit, unless the pass is of another drawing."""
        if self._digits is None or activations.state.drawing is not self._drawn:
            return
        reading = read(activations)
        if reading.best is None:
            self._say("not read", reading.said)
            return
        words = f"unsure: {reading.best}"
        if reading.verdict is Verdict.READ:
            words = f"reads {reading.best}"
        label, role = self._label, "quiet"
        if label is not None:
            right = reading.best == label
            words += ", right ✓" if right else ", wrong ✗"
            role = "right" if right else "warning"
        self._say(words, reading.detail or reading.said, role)

    def hide_answers(self, hides: bool) -> None:
        """Keep back which digit it is and is read as, or show it."""
        self._reading.setVisible(not hides)

    @property
    def _label(self) -> int | None:
        labels = None if self._digits is None else self._digits.labels
        return None if labels is None else int(labels[self.index])

    # What is chosen, and where in it.

    def _choose(self, choice: Choice) -> None:
        digits = self._digits
        if digits is None:
            return
        classes = None if self._readings is None else self._readings.classes
        places = chosen(choice, len(digits), digits.labels, classes)
        if not len(places):
            self._show_words(f"{choice.words}: there is none")
        else:
            self._choice = choice
            before = self.index
            self._take(places, before)
            if self.index != before:
                self._draw()
            else:
                self._say(*self._said)
        self._show_choice()

    def _take(self, places: Indices, index: int) -> None:
        """Step through the digits at some places: from one of them on, or else the first."""
        self._places = places
        found = np.flatnonzero(places == index)
        self._field.blockSignals(True)
        self._field.setRange(1, len(places))
        self._field.setSuffix(f" of {len(places):,}")
        self._field.setValue(1 + int(found[0]) if len(found) else 1)
        self._field.blockSignals(False)
        self._able()
        self._show_choice()

    @Slot()
    def _draw(self) -> None:
        """Make the digit the drawing."""
        assert self._digits is not None
        state = self._document.state
        self._drawn = self._digits.drawing(self.index)
        self._field.setToolTip(f"Number {self.index + 1:,} of the file")
        self._able()
        self._say("")
        step = replace(state, drawing=self._drawn)
        self._document.commit("Step through digits", step, merge=self._merge)

    @Slot(int)
    def _choice_made(self, row: int) -> None:
        self.choose(_CHOICES[row] if row < len(_CHOICES) else self._choice)

    @Slot(object, object)
    def _follow(self, new: State, old: State) -> None:
        """Speak of the digit only while it is what is drawn."""
        if self._digits is not None and new.drawing is not old.drawing:
            same = new.drawing is self._drawn
            self._say("" if same else "the drawing is another now")

    # The widgets.

    def _say(self, words: str, tip: str = "", role: str = "quiet") -> None:
        """Say something of the digit, after its label."""
        self._said = words, tip, role
        label = self._label
        known = "No label" if label is None else f"Label {label}"
        self._show_words(f"{known} · {words}" if words else known, tip, role)

    def _show_words(self, words: str, tip: str = "", role: str = "quiet") -> None:
        self._reading.setText(words)
        self._reading.setToolTip(tip)
        if self._reading.property("role") != role:
            self._reading.setProperty("role", role)
            self._reading.style().polish(self._reading)

    def _show_choice(self) -> None:
        """The usual choices, and the one of the confusion table, if it is that."""
        self._choices.blockSignals(True)
        while self._choices.count() > len(_CHOICES):
            self._choices.removeItem(len(_CHOICES))
        if self._choice not in _CHOICES:
            self._choices.addItem(self._choice.words)
        row = _CHOICES.index(self._choice) if self._choice in _CHOICES else len(_CHOICES)
        self._choices.setCurrentIndex(row)
        self._choices.blockSignals(False)
        self._choices.updateGeometry()

    def _able(self) -> None:
        self._back.setEnabled(self._field.value() > 1)
        self._on.setEnabled(self._field.value() < self._field.maximum())

    def _show_name(self) -> None:
        name = "" if self._digits is None else self._digits.name
        metrics, room = self._name.fontMetrics(), self._name.width()
        self._name.setText(metrics.elidedText(name, Qt.TextElideMode.ElideMiddle, room))
        self._name.setToolTip(name)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Cut the name to the new width."""
        super().resizeEvent(event)
        self._show_name()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Page through the digits."""
        if event.key() == Qt.Key.Key_PageDown:
            self.next()
        elif event.key() == Qt.Key.Key_PageUp:
            self.previous()
        else:
            super().keyPressEvent(event)

    def _lay_out(self) -> None:
        self.setAccessibleName("Digits from a file")
        self._name = QLabel(self)
        self._name.setTextFormat(Qt.TextFormat.PlainText)
        self._name.setMinimumWidth(20)
        close = self._button("✕", "Close the digits; the drawing stays", self.close_digits)
        close.setProperty("flat", True)
        self._back = self._button("◀", "The digit before (Alt+Left)", self.previous)
        self._on = self._button("▶", "The next digit (Alt+Right)", self.next)
        for button in (self._back, self._on):
            button.setAutoRepeat(True)
            button.setStyleSheet("padding: 3px 5px")
        self._field = _Place(self)
        self._field.setAccessibleName("Number of the digit")
        self._field.setMinimumWidth(60)
        self._field.setButtonSymbols(SpinBox.ButtonSymbols.NoButtons)
        self._field.setAlignment(Qt.AlignmentFlag.AlignHCenter)
        self._field.valueChanged.connect(self._draw)
        self._reading = QLabel(self)
        self._reading.setWordWrap(True)
        self._choices = ComboBox(self)
        self._choices.setAccessibleName("Which digits")
        self._choices.addItems([choice.words for choice in _CHOICES])
        self._choices.activated.connect(self._choice_made)
        self._accuracy = self._button(
            "Accuracy…", "Read all of them, and count how many are read right", self.accuracy_wanted
        )
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(6)
        for widgets in ((self._name, close), (self._back, self._field, self._on), (self._reading,)):
            row = QHBoxLayout()
            row.setSpacing(4)
            for widget in widgets:
                row.addWidget(widget, int(widget in (self._name, self._field, self._reading)))
            column.addLayout(row)
        flow = FlowLayout()
        flow.setSpacing(4)
        flow.addWidget(self._choices)
        flow.addWidget(self._accuracy)
        column.addLayout(flow)

    def _button(self, text: str, tip: str, slot: object) -> QToolButton:
        button = QToolButton(self)
        button.setText(text)
        button.setAccessibleName(tip.partition(";")[0].partition(" (")[0])
        button.setToolTip(tip)
        button.clicked.connect(slot)
        return button


class _Place(SpinBox):
    """A number of a digit, which leaves the keys that page to the strip around it."""

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Leave paging to the strip."""
        if event.key() in (Qt.Key.Key_PageUp, Qt.Key.Key_PageDown):
            event.ignore()
        else:
            super().keyPressEvent(event)
