"""What is on screen as a value, there and back."""

from collections.abc import Sequence
from typing import TypeVar

from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QDockWidget

from cnn_explorer.core.selection import opening_selection
from cnn_explorer.core.state import State
from cnn_explorer.core.view import FACES, TABS, View
from cnn_explorer.gui.centre import Centre
from cnn_explorer.gui.document import Document
from cnn_explorer.gui.inspector import Inspector
from cnn_explorer.gui.layer_card import LayerCard
from cnn_explorer.gui.selection import SelectionModel
from cnn_explorer.gui.settings import SettingsStore

_Value = TypeVar("_Value")

_SETTINGS = ("zoom", "order", "colour_map", "contrast", "colour_scale", "layout")


class Viewing(QObject):
    """Takes the view of a window, and shows one.

    Parameters
    ----------
    document, selection, store, centre, inspector
        The parts of the window that show.
    docks
        What holds the input and the inspector.
    answers
        The action that is checked while answers are hidden.

    Signals
    -------
    opened(view)
        Another document is open, and shown as this view says.
    """

    opened = Signal(object)

    def __init__(
        self,
        document: Document,
        selection: SelectionModel,
        store: SettingsStore,
        centre: Centre,
        inspector: Inspector,
        docks: tuple[QDockWidget, QDockWidget],
        answers: QAction,
    ) -> None:
        super().__init__(document)
        self._document = document
        self._selection = selection
        self._store = store
        self._centre = centre
        self._inspector = inspector
        self._docks = docks
        self._answers = answers
        # Whether the user had those docks shown that a view shows or hides against that.
        self._own: dict[QDockWidget, bool] = {}

    @property
    def current(self) -> View:
        """What is on screen."""
        cards = self._centre.layers.cards
        settings = {name: getattr(self._store.current, name) for name in _SETTINGS}
        return View(
            selection=self._selection.current,
            faces=_short([FACES[card.shown_face] for card in cards], FACES[0]),
            folds=_short([_fold(card) for card in cards], 0),
            sums=_short([_sums(card) for card in cards], False),
            enlarged=self._centre.is_enlarged,
            head=self._centre.layers.head_shown,
            tab=TABS[self._inspector.currentIndex()],
            digit=self._inspector.evidence.class_,
            revealed=self._inspector.making.revealed,
            hidden=self._answers.isChecked(),
            input=not self._docks[0].isHidden(),
            inspector=not self._docks[1].isHidden(),
            **settings,
        )

    def open(self, state: State, view: View | None) -> None:
        """Replace the document and what is on screen; there is no way back.

        Where nothing is said of what is on screen, it is as at the first start, with the user's own
        settings and docks.
        """
        self._document.open(state)
        if view is None:
            self.leave()
            here = self.current
            own = {name: getattr(here, name) for name in (*_SETTINGS, "input", "inspector")}
            self.show(View(selection=opening_selection(state.network), **own))
        else:
            self.show(view)
            self.opened.emit(view)

    def leave(self) -> None:
        """Bring the user's own settings and docks back."""
        self._store.show_own()
        for dock, shown in self._own.items():
            dock.setVisible(shown)
        self._own.clear()

    def show(self, view: View) -> None:
        """Show of the document what a view says, as far as the document has it.

        Settings and docks are those of the view until `leave`; what is kept of them stays.
        """
        self._store.show(**{name: getattr(view, name) for name in _SETTINGS})
        self._centre.layers.show_head(view.head)
        for index, card in enumerate(self._centre.layers.cards):
            if card.contributions is not None:
                sums, fold = _at(view.sums, index, False), _at(view.folds, index, 0)
                if sums or fold:  # a face follows the document once it is shown
                    card.show_face(FACES.index("contributions"))
                card.contributions.show_sums(sums)
                card.contributions.put_at(fold)
            card.show_face(FACES.index(_at(view.faces, index, FACES[0])))
        self._selection.select(view.selection)
        self._centre.set_enlarged(view.enlarged)
        if view.digit is not None:
            self._inspector.evidence.show_class(view.digit)
        self._inspector.setCurrentIndex(TABS.index(view.tab))
        self._inspector.making.reveal(view.revealed)
        self._answers.setChecked(view.hidden)
        for dock, shown in zip(self._docks, (view.input, view.inspector), strict=True):
            own = self._own.pop(dock, not dock.isHidden())
            if shown != own:
                self._own[dock] = own
            dock.setVisible(shown)


def _fold(card: LayerCard) -> int:
    cells = card.cells
    return 0 if cells is None else int(cells.contents.position)


def _sums(card: LayerCard) -> bool:
    return card.contributions is not None and card.contributions.shows_sums


def _short(values: Sequence[_Value], usual: _Value) -> tuple[_Value, ...]:
    """Values without those at the end that are the usual one."""
    count = len(values)
    while count and values[count - 1] == usual:
        count -= 1
    return tuple(values[:count])


def _at(values: Sequence[_Value], index: int, usual: _Value) -> _Value:
    return values[index] if index < len(values) else usual
