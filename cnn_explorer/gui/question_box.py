"""A question that the window asks without stopping the program."""

from collections.abc import Mapping

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import QAbstractButton, QMessageBox, QWidget

Role = QMessageBox.ButtonRole


class QuestionBox(QMessageBox):
    """A question with named answers, above its window until it is answered.

    Parameters
    ----------
    parent
        The window.
    text, detail
        The question, and what there is to know for an answer.
    answers
        For each answer the text and the role of its button; the first is at hand. Esc gives the
        one whose role is to reject.

    Signals
    -------
    answered(name)
        Which answer was given.
    """

    answered = Signal(str)

    def __init__(
        self, parent: QWidget, text: str, detail: str, answers: Mapping[str, tuple[str, Role]]
    ) -> None:
        super().__init__(QMessageBox.Icon.Warning, "CNN Explorer", text)
        self.setParent(parent, self.windowFlags())
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setInformativeText(detail)
        self._buttons: dict[str, QAbstractButton] = {}
        for name, (caption, role) in answers.items():
            button = self.addButton(caption, role)
            if not self._buttons:
                self.setDefaultButton(button)
            if role is Role.RejectRole:
                self.setEscapeButton(button)
                self._rejecting = name
            self._buttons[name] = button
        self.finished.connect(self._tell)

    def press(self, name: str) -> None:
        """Give an answer, as a click does."""
        self._buttons[name].click()

    @Slot()
    def _tell(self) -> None:
        names = {button: name for name, button in self._buttons.items()}
        # Without a button it was closed with its window, which answers nothing.
        self.answered.emit(names.get(self.clickedButton(), self._rejecting))
