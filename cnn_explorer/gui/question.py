"""The question above the layers, its answers, and the scene that shows why a layer adds."""

from collections.abc import Callable, Sequence
from dataclasses import replace

from PySide6.QtCore import QEvent, QSignalMapper, QSize, Signal, Slot
from PySide6.QtGui import QAccessible, QAccessibleAnnouncementEvent, QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QToolButton, QVBoxLayout, QWidget

from cnn_explorer.core.question import Answer, Idea, question
from cnn_explorer.core.scenes import CORNER, SHAPES, corner_scene, is_corner_scene, shape_drawing
from cnn_explorer.core.schemes import ChannelScheme
from cnn_explorer.core.selection import Selection
from cnn_explorer.core.sentences import compact
from cnn_explorer.core.state import State
from cnn_explorer.gui.band import MARGIN, Band
from cnn_explorer.gui.document import Document
from cnn_explorer.gui.flow import FlowLayout, OneLine
from cnn_explorer.gui.selection import SelectionModel
from cnn_explorer.gui.settings import Settings, SettingsStore

_NO_QUESTION = "No layer of this network has filters, so nothing is summed."

_SCENE = (
    "In Conv 1, map 0 finds horizontal strokes and map 1 vertical ones. Conv 2 adds the two maps "
    "and takes 1.5 off, so it answers only where both do: at the corner. Untick either row: the "
    f"corner is gone. In “{ChannelScheme.NAIVE.label}” no map sees both."
)


class QuestionLine(Band):
    """One line above the layers; what is answered, and why a layer adds, is told under it.

    Parameters
    ----------
    document
        Whose network is asked about; the scene is opened in it.
    selection
        What the scene selects.
    store
        Says whether the line is there.

    Signals
    -------
    answered(layer)
        Fold the contributions of the layer with this index.
    led(screen)
        Go to what shows why: a value of `cnn_explorer.core.question.Lead`.
    why()
        The scene is open, its map selected and the corner pinned.
    """

    answered = Signal(int)
    led = Signal(str)
    why = Signal()

    def __init__(
        self,
        document: Document,
        selection: SelectionModel,
        store: SettingsStore,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._document = document
        self._selection = selection
        self._store = store
        self._question = question(document.state.network)
        self._given: Answer | None = None
        self._kept: tuple[State, Selection] | None = None
        self._hides = False
        column = QVBoxLayout(self)
        column.setContentsMargins(MARGIN + 12, MARGIN + 8, MARGIN + 8, 8)
        self._asking = self._ask_row()
        self._telling = self._answer_row()
        self._scene = self._scene_row()
        for part in (self._asking, self._telling, self._scene):
            column.addWidget(part)
        document.changed.connect(self._document_changed)
        store.changed.connect(self._settings_changed)
        self._show_question()
        self._show_scene()
        self._show_or_hide()

    # Building.

    def _ask_row(self) -> QWidget:
        part = QWidget(self)
        row = self._line = FlowLayout(part, last_right=True)
        self._text = _Heading(part)
        row.addWidget(self._text)
        self._answers = _choice([""] * len(Idea), self._answer, part)
        for button in self._answers:
            row.addWidget(button)
        end = QWidget(part)
        why = _button("Why add?", "Open a scene that shows why a layer adds its contributions", end)
        why.clicked.connect(self._open_scene)
        _in_line(end, why, self._away(end))
        row.addWidget(end)
        return part

    def _answer_row(self) -> QWidget:
        part = QWidget(self)
        row = FlowLayout(part)
        self._explanation = OneLine(part)
        self._lead = _button("", "Go to what shows why", part)
        again = _button("Again", "Fold the contributions again", part)
        for widget in (self._explanation, self._lead, again):
            row.addWidget(widget)
        self._lead.clicked.connect(self._go)
        again.clicked.connect(self._fold)
        return part

    def _scene_row(self) -> QWidget:
        part = QWidget(self)
        column = QVBoxLayout(part)
        column.setContentsMargins(0, 0, 0, 0)
        top = FlowLayout(last_right=True)
        title = _Heading(part)
        title.setText("Why add?")
        top.addWidget(title)
        self._shapes = _choice([shape.capitalize() for shape in SHAPES], self._draw, part)
        for button in self._shapes:
            top.addWidget(button)
        end = QWidget(part)
        self._back = _button("Back", "Bring back what was open before", end)
        _in_line(end, self._back, self._away(end))
        top.addWidget(end)
        column.addLayout(top)
        explanation = OneLine(part)
        explanation.setText(_SCENE)
        column.addWidget(explanation)
        self._back.clicked.connect(self._go_back)
        return part

    def _away(self, parent: QWidget) -> QToolButton:
        """The × that puts the line away."""
        tip = "Put this line away; View → The question brings it back"
        button = _button("×", tip, parent)
        button.setProperty("flat", "true")
        button.setAccessibleName("Put the question away")
        button.clicked.connect(self._put_away)
        return button

    # What is shown.

    def _show_question(self) -> None:
        """Ask about the network; nothing is answered yet."""
        asked = self._question
        self._text.setText(_NO_QUESTION if asked is None else asked.text)
        answers = () if asked is None else asked.answers
        self._given = None
        for number, button in enumerate(self._answers):
            button.setVisible(number < len(answers))
            button.setChecked(False)
            if number < len(answers):
                count = answers[number].number
                button.setText(compact(count))
                button.setAccessibleName(f"Answer: {count:,} map{'' if count == 1 else 's'}")

    def _show_scene(self) -> None:
        """Show the scene in place of the question while it is what is open."""
        state = self._document.state
        scene = is_corner_scene(state.network)
        for button, shape in zip(self._shapes, SHAPES, strict=True):
            button.setChecked(state.drawing is shape_drawing(shape))
        self._back.setVisible(self._kept is not None)
        self._asking.setVisible(not scene)
        self._telling.setVisible(not scene and self._given is not None and not self._hides)
        self._scene.setVisible(scene)

    @Slot(object, object)
    def _document_changed(self, new: State, old: State) -> None:
        if new.network is not old.network:
            asked = question(new.network)
            if asked != self._question:
                self._question = asked
                self._show_question()
            kept = self._kept is not None and new.network is self._kept[0].network
            if not kept and not is_corner_scene(new.network):
                self._kept = None  # it may hold many weights
        self._show_scene()
        if bool(new.scenes) is not bool(old.scenes):
            self._show_or_hide()

    @Slot(object, object)
    def _settings_changed(self, new: Settings, old: Settings) -> None:
        self._show_or_hide()

    def _show_or_hide(self) -> None:
        """Be there if it is wanted; where a document has scenes, they ask their own questions."""
        self.setVisible(self._store.current.question and not self._document.state.scenes)

    @Slot(bool)
    def hide_answers(self, hides: bool) -> None:
        """Keep the explanation of an answer back, or show it."""
        self._hides = hides
        self._show_scene()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Fit the question into the new width."""
        super().resizeEvent(event)
        self._fit()

    def event(self, event: QEvent) -> bool:
        """Fit the question anew when its words or its font change."""
        if event.type() is QEvent.Type.LayoutRequest:
            self._fit()
        return super().event(event)

    def _fit(self) -> None:
        others = self._line.sizeHint().width() - self._text.sizeHint().width()
        self._text.fit(self._asking.width() - others)

    # What is done.

    @Slot(int)
    def _answer(self, number: int) -> None:
        assert self._question is not None
        given = self._given = self._question.answers[number]
        for index, button in enumerate(self._answers):
            button.setChecked(index == number)
        self._explanation.setText(given.explanation)
        self._lead.setText(given.button)
        self._show_scene()
        self._announce(given.explanation)
        self._fold()

    @Slot()
    def _fold(self) -> None:
        if self._question is not None:
            self.answered.emit(self._question.layer)

    @Slot()
    def _go(self) -> None:
        assert self._given is not None
        self.led.emit(self._given.leads_to.value)

    @Slot()
    def _put_away(self) -> None:
        self._store.update(question=False)

    @Slot()
    def _open_scene(self) -> None:
        self._kept = self._document.state, self._selection.current
        self._document.commit("Why add?", corner_scene())
        self._selection.select(self._selection.current.at((0, 0), CORNER))
        self._announce(_SCENE)
        self.why.emit()

    def _announce(self, text: str) -> None:
        """Tell assistive technology what came up."""
        QAccessible.updateAccessibility(QAccessibleAnnouncementEvent(self, text))

    @Slot(int)
    def _draw(self, number: int) -> None:
        shape = tuple(SHAPES)[number]
        state = replace(self._document.state, drawing=shape_drawing(shape))
        if state.drawing is not self._document.state.drawing:
            self._document.commit(f"Draw “{shape}”", state)
        self._show_scene()

    @Slot()
    def _go_back(self) -> None:
        assert self._kept is not None
        state, selection = self._kept
        self._document.commit("Back from “Why add?”", state)
        self._selection.select(selection)


class _Heading(OneLine):
    """Bold words that want one line, or two where that is the room beside what follows them."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._halved = False
        self.setProperty("role", "heading")

    def fit(self, room: int) -> None:
        """Decide on one line or two by the room beside the others."""
        width = super().sizeHint().width()
        halved = _half(width) <= room < width
        if halved != self._halved:
            self._halved = halved
            self.updateGeometry()

    def sizeHint(self) -> QSize:
        """As wide as one line, or as two need."""
        size = super().sizeHint()
        width = _half(size.width())
        return QSize(width, self.heightForWidth(width)) if self._halved else size


def _half(width: int) -> int:
    """Width of two lines; a little more than half, for lines break between words."""
    return width * 3 // 5


def _choice(
    texts: Sequence[str], chosen: Callable[[int], None], parent: QWidget
) -> list[QToolButton]:
    """Buttons that stay pressed; the slot gets the number of the one that is clicked.

    Not a QButtonGroup, where Tab stops at one button alone.
    """
    numbers = QSignalMapper(parent)
    numbers.mappedInt.connect(chosen)
    buttons = [_button(text, "", parent) for text in texts]
    for number, button in enumerate(buttons):
        button.setCheckable(True)
        button.clicked.connect(numbers.map)
        numbers.setMapping(button, number)
    return buttons


def _button(text: str, tip: str, parent: QWidget) -> QToolButton:
    button = QToolButton(parent)
    button.setText(text)
    button.setToolTip(tip)
    return button


def _in_line(parent: QWidget, *widgets: QWidget) -> QHBoxLayout:
    """Keep widgets side by side where lines wrap."""
    row = QHBoxLayout(parent)
    row.setContentsMargins(0, 0, 0, 0)
    for widget in widgets:
        row.addWidget(widget)
    return row
