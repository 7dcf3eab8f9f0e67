"""What a window that is gone left unsaved, offered at the next start."""

from pathlib import Path

from PySide6.QtCore import QDateTime, QLocale, QObject, QRectF, Qt, Signal, Slot
from PySide6.QtGui import QColor, QPainter, QPixmap
from PySide6.QtWidgets import QWidget

from cnn_explorer.core.activations import Array
from cnn_explorer.core.drawing import SIDE
from cnn_explorer.gui.drawing_picture import DrawingPicture
from cnn_explorer.gui.question_box import QuestionBox, Role
from cnn_explorer.io.autosaves import Aside, AutosavePlace, left_places
from cnn_explorer.io.session import SessionError

_SIDE = 4 * SIDE  # of the picture, in logical pixels
_ANSWERS = {
    "restore": ("Restore", Role.AcceptRole),
    "discard": ("Discard", Role.DestructiveRole),
    "later": ("Ask again later", Role.RejectRole),
}


class Recovery(QObject):
    """Offers left work, the latest first, until one is taken or no more is there.

    Parameters
    ----------
    folder
        Where all windows have their places.
    window
        Parent of the question.

    Signals
    -------
    restored(place, work)
        Somebody wants it; the place is locked, and the receiver's.
    problem(sentence)
        Some cannot be read.
    """

    restored = Signal(object, object)
    problem = Signal(str)

    def __init__(self, folder: Path, window: QWidget) -> None:
        super().__init__(window)
        self._window = window
        self._places = left_places(folder)
        self._place: AutosavePlace | None = None
        self._work: Aside | None = None

    def offer(self) -> None:
        """Ask about the next one, if there is one."""
        self._place = next(self._places, None)
        if self._place is None:
            return
        try:
            self._work = self._place.read()
        except SessionError as error:
            where = self._place.put_aside()
            self.problem.emit(f"Unsaved work is not back: {error} It was put aside as {where}.")
            self._place.unlock()
            self.offer()
            return
        name = "a session without a file" if self._work.path is None else self._work.path.name
        when = QLocale().toString(
            QDateTime.fromMSecsSinceEpoch(round(self._place.changed * 1e3)),
            QLocale.FormatType.ShortFormat,
        )
        box = QuestionBox(
            self._window,
            f"Work on {name} was not saved when the program ended unexpectedly.",
            f"It was last kept on {when}.",
            _ANSWERS,
        )
        box.setIconPixmap(_picture(self._work.session.state.input, box.devicePixelRatioF()))
        box.answered.connect(self._answer)
        box.open()

    def shut_down(self) -> None:
        """Let go of work that was not decided upon; it stays."""
        if self._place is not None:
            self._place.unlock()
            self._place = None

    @Slot(str)
    def _answer(self, answer: str) -> None:
        place, self._place = self._place, None
        if place is None:
            return
        if answer == "restore":
            self.restored.emit(place, self._work)
        elif answer == "discard":
            place.forget()
            place.unlock()
            self.offer()
        else:
            place.unlock()
        self._work = None


def _picture(drawing: Array, ratio: float) -> QPixmap:
    pixmap = QPixmap(round(_SIDE * ratio), round(_SIDE * ratio))
    pixmap.setDevicePixelRatio(ratio)
    pixmap.fill(QColor(Qt.GlobalColor.black))
    painter = QPainter(pixmap)
    DrawingPicture(drawing).paint(painter, QRectF(0, 0, _SIDE, _SIDE))
    painter.end()
    return pixmap
