"""What a scene is called, and what there is to see in it."""

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import QDialog, QDialogButtonBox, QFormLayout, QLineEdit, QWidget

from cnn_explorer.core.state import LONGEST_NAME, LONGEST_SENTENCE

_WIDTH = 520  # logical pixels


class SceneDialog(QDialog):
    """Asks for a name and one sentence.

    Parameters
    ----------
    title
        Of the dialog.
    name, sentence
        What they are so far.

    Signals
    -------
    named(name, sentence)
        What was entered, once it is taken.
    """

    named = Signal(str, str)

    def __init__(
        self, title: str, name: str = "", sentence: str = "", parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.setWindowTitle(title)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self._name = QLineEdit(name, self)
        self._name.setMaxLength(LONGEST_NAME)
        self._name.setPlaceholderText("such as “Why add?”")
        self._sentence = QLineEdit(sentence, self)
        self._sentence.setMaxLength(LONGEST_SENTENCE)
        self._sentence.setPlaceholderText("what there is to see")
        form = QFormLayout(self)
        form.addRow("&Name", self._name)
        form.addRow("&One sentence", self._sentence)
        buttons = QDialogButtonBox(
            QDialogButtonBox.StandardButton.Ok | QDialogButtonBox.StandardButton.Cancel, self
        )
        form.addRow(buttons)
        buttons.accepted.connect(self.accept)
        buttons.rejected.connect(self.reject)
        self.accepted.connect(self._tell)
        self.setMinimumWidth(_WIDTH)

    @Slot()
    def _tell(self) -> None:
        self.named.emit(self._name.text(), self._sentence.text())
