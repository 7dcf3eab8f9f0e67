"""About, and what the mouse and the keys do."""

import platform

from PySide6.QtCore import Qt, qVersion
from PySide6.QtGui import QKeySequence
from PySide6.QtWidgets import QDialog, QDialogButtonBox, QLabel, QVBoxLayout, QWidget

from cnn_explorer import __version__
from cnn_explorer.gui.actions import ACTIONS

_LICENCES = (
    ("PySide6-Essentials", "LGPL-3.0", "Qt for Python"),
    ("pyqtgraph", "MIT", "plots"),
    ("numpy", "BSD-3-Clause", "arrays"),
    ("scipy", "BSD-3-Clause", "convolutions"),
    ("threadpoolctl", "BSD-3-Clause", "threads of the matrix product"),
)

_COLUMNS = 3  # of shortcuts

_GESTURES = (
    ("Drawing", "left button draws, right button erases; arrows move, Space draws"),
    ("Click a map", "selects it and pins the pixel under the pointer"),
    ("Arrows on a map", "move the pin; without a pin, the selection"),
    ("[ and ]", "previous and next map"),
    ("Double click, Enter", "enlarge the map"),
    (
        "Double click, Enter on a kernel",
        "edit it: drag a cell, turn the wheel on it, type a number",
    ),
    ("Esc", "let go of the pin, the enlargement, the selection, in that order"),
)


class AboutDialog(QDialog):
    """Version and licences."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        # Not at the head: it would delay the first paint.
        from importlib.metadata import version

        rows = "".join(
            f"<tr><td>{name} {version(name)}&nbsp;&nbsp;</td><td>{use}&nbsp;&nbsp;</td>"
            f"<td>{licence}</td></tr>"
            for name, licence, use in _LICENCES
        )
        _fill(
            self,
            "About CNN Explorer",
            f"<h3>CNN Explorer {__version__}</h3>"
            "<p>Which filters are applied to which maps of a convolution network, "
            "shown on your own drawing.</p>"
            "<p>Licence: MIT.</p>"
            f"<table>{rows}</table>"
            f"<p>Python {platform.python_version()}, Qt {qVersion()}</p>",
        )


class KeysDialog(QDialog):
    """What the mouse and the keys do."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        keys = [
            (
                spec.text.replace("&", "").rstrip("…"),
                ", ".join(
                    QKeySequence(keys).toString(QKeySequence.SequenceFormat.NativeText)
                    for keys in spec.shortcuts
                ),
            )
            for spec in ACTIONS
            if spec.shortcuts
        ]
        rows = -(-len(keys) // _COLUMNS)
        keys += [("", "")] * (rows * _COLUMNS - len(keys))
        gestures = "".join(
            f"<tr><td><b>{what}</b>&nbsp;&nbsp;</td><td>{does}</td></tr>"
            for what, does in _GESTURES
        )
        shortcuts = "".join(
            "".join(
                (
                    "<tr>",
                    *(
                        f"<td>{what}&nbsp;&nbsp;</td><td><b>{key}</b>&nbsp;&nbsp;&nbsp;</td>"
                        for what, key in keys[row::rows]
                    ),
                    "</tr>",
                )
            )
            for row in range(rows)
        )
        _fill(
            self,
            "Mouse and keys",
            f"<table>{gestures}</table><p></p><table>{shortcuts}</table>",
        )


def _fill(dialog: QDialog, title: str, text: str) -> None:
    """A dialog of one selectable text and a Close button."""
    dialog.setWindowTitle(title)
    dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    label = QLabel(text, dialog)
    label.setTextInteractionFlags(
        Qt.TextInteractionFlag.TextSelectableByMouse
        | Qt.TextInteractionFlag.TextSelectableByKeyboard
    )
    label.setAccessibleName(title)
    buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close, dialog)
    buttons.rejected.connect(dialog.reject)
    column = QVBoxLayout(dialog)
    column.setContentsMargins(18, 14, 18, 12)
    column.addWidget(label)
    column.addWidget(buttons)
