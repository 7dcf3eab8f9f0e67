"""The prediction: what the network reads, folded away until one asks."""

from PySide6.QtCore import QRect, QSize, Qt, Slot
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QLabel, QSizePolicy, QToolButton, QVBoxLayout, QWidget

from cnn_explorer.core.forward import Activations
from cnn_explorer.core.reading import ADVICE, BLANK, UNKNOWN, Reading, no_reading, read
from cnn_explorer.gui.class_bars import ClassBars
from cnn_explorer.gui.settings import Settings, SettingsStore
from cnn_explorer.gui.tiles import STALE_OPACITY

_ALWAYS = (f"{BLANK}.", f"{UNKNOWN}{ADVICE}.", "Reads 0 · > 99.9 %")
"""Room for each of these is kept, so that nothing moves while one draws."""


class Prediction(QWidget):
    """A line that opens; below it the verdict, ten bars, and what has to be said of them.

    Folded it says nothing of the answer: a class is asked first.

    Parameters
    ----------
    store
        Whether it is open.
    """

    def __init__(self, store: SettingsStore, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._store = store
        self._shown: Activations | None = None
        self._fold = QToolButton(self)
        self._fold.setCheckable(True)
        self._fold.setProperty("flat", "true")
        self._fold.setStyleSheet(
            "QToolButton { padding: 3px 2px } "
            "QToolButton:checked { background: transparent; color: palette(text); "
            "border-color: transparent } QToolButton:checked:focus { border-color: palette(text) }"
        )
        self._verdict = _Verdict(self)
        self.bars = ClassBars(self)
        self._note = QLabel(self)
        self._note.setProperty("role", "quiet")
        self._note.setWordWrap(True)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        column.addWidget(self._fold, 0, Qt.AlignmentFlag.AlignLeft)
        for widget in (self._verdict, self.bars, self._note):
            column.addWidget(widget)
        self._follow(store.current)
        self._fold.clicked.connect(self._set_open)
        store.changed.connect(self._settings_changed)

    @property
    def text(self) -> str:
        """All that it says; nothing while it is folded."""
        if not self._store.current.prediction:
            return ""
        bars = [] if self.bars.isHidden() else [self.bars.text()]
        return "\n".join(filter(None, (self._verdict.text, *bars, self._note.text())))

    def show_maps(self, activations: Activations) -> None:
        """Say what a pass reads."""
        self._shown = activations
        self._show()

    def set_stale(self, stale: bool) -> None:
        """Dim what is out of date."""
        self._verdict.set_stale(stale)
        self.bars.set_stale(stale)

    def _show(self) -> None:
        shown, is_open = self._shown, self._store.current.prediction
        if shown is None or not is_open:
            return
        reading = read(shown)
        self._verdict.show_reading(reading)
        self.bars.show_reading(reading)
        self.bars.setVisible(not no_reading(shown.state))
        if reading.note != self._note.text():
            self._note.setText(reading.note)
        self._note.setVisible(bool(reading.note))

    @Slot(bool)
    def _set_open(self, is_open: bool) -> None:
        self._store.update(prediction=is_open)

    @Slot(object, object)
    def _settings_changed(self, new: Settings, old: Settings) -> None:
        if new.prediction is not old.prediction:
            self._follow(new)

    def _follow(self, settings: Settings) -> None:
        """Open or fold it."""
        is_open = settings.prediction
        self._fold.setChecked(is_open)
        self._fold.setText("▾ Prediction" if is_open else "▸ Prediction")
        self._fold.setAccessibleName(f"Prediction, {'open' if is_open else 'folded'}")
        self._fold.setToolTip("Fold it away" if is_open else "Show what the network reads")
        self._verdict.setVisible(is_open)
        if not is_open or self._shown is None:
            self.bars.hide()
            self._note.hide()
        self._show()


class _Verdict(QWidget):
    """A sentence that changes with every frame; painted, so that it causes no new layout."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.text = ""
        self._long = ""
        self._stale = False
        policy = QSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        policy.setHeightForWidth(True)
        self.setSizePolicy(policy)

    def show_reading(self, reading: Reading) -> None:
        """Say what is read, or why nothing is."""
        self.text = reading.said
        self.setAccessibleName(" ".join(filter(None, (reading.said, reading.detail))))
        self.setToolTip(reading.detail)
        reason = "" if reading.said in _ALWAYS or reading.shares is not None else reading.said
        if reason != self._long:
            self._long = reason
            self.updateGeometry()
        self.update()

    def set_stale(self, stale: bool) -> None:
        """Dim it while it is out of date."""
        if stale != self._stale:
            self._stale = stale
            self.update()

    def hasHeightForWidth(self) -> bool:
        """Narrower is higher."""
        return True

    def heightForWidth(self, width: int) -> int:
        """Room for whatever it may come to say while one draws."""
        said = (self._long,) if self._long else _ALWAYS
        return max(self._height(text, width) for text in said)

    def sizeHint(self) -> QSize:
        """As wide as it gets."""
        return QSize(0, self.heightForWidth(self.width()))

    def _height(self, text: str, width: int) -> int:
        room = QRect(0, 0, max(width, 1), 10_000)
        flags = int(Qt.TextFlag.TextWordWrap)
        return self.fontMetrics().boundingRect(room, flags, text).height()

    def paintEvent(self, event: QPaintEvent) -> None:
        """The sentence, wrapped."""
        painter = QPainter(self)
        painter.setOpacity(STALE_OPACITY if self._stale else 1)
        painter.drawText(self.rect(), int(Qt.TextFlag.TextWordWrap), self.text)
        painter.end()
