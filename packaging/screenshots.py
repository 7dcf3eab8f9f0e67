"""Take the README's pictures of the window: ``make screenshots``.

Needs no display. Each picture shows the opening document as a user sees it.
"""

import os
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

import numpy as np
from PySide6.QtWidgets import QAbstractButton, QApplication, QLabel

from cnn_explorer.app import Folders, Program, application
from cnn_explorer.gui.accuracy_dialog import AccuracyDialog
from cnn_explorer.gui.main_window import MainWindow
from cnn_explorer.gui.tiles import Spot
from cnn_explorer.io.digits import digit, styles

SIZE = (1440, 900)
PICTURES: dict[str, tuple[str, tuple[str, ...]]] = {
    "real-light": ("light", ("real",)),
    "real-dark": ("dark", ("zoom",)),
    "contributions-light": ("light", ("zoom", "contributions 2")),
    "running-sums-dark": ("dark", ("zoom", "contributions 2", "Running sums", "running sums")),
    "fold-light": ("light", ("reduced_motion", "12")),
    "mutes-light": ("light", ("zoom", "only_diagonal")),
    "corner-light": ("light", ("Why add?",)),
    "naive-light": ("light", ("naive",)),
    "naive-contributions-dark": ("dark", ("naive", "contributions 2")),
    "shared-light": ("light", ("shared", "zoom", "contributions 2")),
    "kernels-light": ("light", ("real", "face_kernels")),
    "tensors-dark": ("dark", ("tensors",)),
    "enlarged-dark": ("dark", ("real", "enlarge")),
    "pooled-light": ("light", ("hand_made", "add_MaxPool2d", "add_BatchNorm2d", "select 3")),
    "head-dark": ("dark", ("head", "select 5", "scroll")),
    "evidence-light": ("light", ("trained_8-16", "▸ Prediction", "evidence 7")),
    "kernel-dark": ("dark", ("face_kernels", "kernel")),
    "digits-light": ("light", ("trained_8-16", "digits", "▸ Prediction", "accuracy")),
}
"""For each picture its theme, and what is done first: actions by name, buttons by their text."""


def main() -> int:
    """Write the pictures into ``docs/``, or into the folder given."""
    target = Path(sys.argv[1] if len(sys.argv) > 1 else "docs")
    target.mkdir(exist_ok=True)
    app = application(["cnn-explorer"])
    for name, (theme, actions) in PICTURES.items():
        with tempfile.TemporaryDirectory() as folder:
            program = Program(app, Folders(Path(folder, "config"), Path(folder, "data")))
            program.store.update(theme=theme)
            program.window.resize(*SIZE)
            program.show()
            settle(app, program)
            for action in actions:
                _do(program.window, action)
                settle(app, program)
            program.window.grab().save(str(target / f"{name}.png"))
            program.end()
        print(target / f"{name}.png")
    return 0


def _do(window: MainWindow, what: str) -> None:
    """Trigger an action, turn a card, or press the button with a text."""
    if what in window.actions_by_name:
        window.actions_by_name[what].trigger()
    elif what.startswith("select "):
        grid = window.layers.cards[int(what.split()[1]) - 1].maps
        grid.clicked.emit(Spot(1, *(side * 2 // 5 for side in grid.map_size)))
    elif what == "head":
        window.layers.show_head(True)
    elif what.startswith("evidence "):
        window.inspector.show_class(int(what.split()[1]))
    elif what == "digits":
        _open_digits(window)
    elif what == "accuracy":
        _show_accuracy(window)
    elif what == "scroll":
        bar = window.layers.verticalScrollBar()
        bar.setValue(bar.maximum())
    elif what.startswith("contributions "):
        card = window.layers.cards[int(what.split()[1]) - 1]
        card.show_face(1)
        QApplication.processEvents()
        window.layers.ensureWidgetVisible(card)
    else:
        buttons = window.findChildren(QAbstractButton)
        next(item for item in buttons if item.text() == what and item.isVisible()).click()


def _open_digits(window: MainWindow) -> None:
    """Open the sample digits as a file of digits."""
    names = [(label, style) for label in range(10) for style in range(len(styles(label)))]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "samples.npz")
        images = np.stack([digit(*name) for name in names])
        np.savez(path, images=images, labels=np.array(names, np.uint8)[:, 0])
        window.digits.open(str(path))
        _wait(lambda: not window.digits.busy)


def _show_accuracy(window: MainWindow) -> None:
    """Show the table in the middle of the window, where it does not hide the drawing."""
    window.digits.show_accuracy()
    _wait(lambda: bool(window.findChildren(AccuracyDialog)))
    (dialog,) = window.findChildren(AccuracyDialog)
    picture = dialog.grab()
    shown = QLabel(window)
    shown.setPixmap(picture)
    shown.adjustSize()
    shown.move((window.width() - shown.width()) // 2, (window.height() - shown.height()) // 2)
    shown.show()
    dialog.close()


def _wait(condition: Callable[[], bool]) -> None:
    while not condition():
        QApplication.processEvents()
        time.sleep(0.01)


def settle(app: QApplication, program: Program) -> None:
    """Wait for the maps by scipy.signal and for their paint."""
    window = program.window
    app.processEvents()
    _wait(lambda: window.fresh and window.worker.signal_ready)
    for _ in range(10):
        app.processEvents()


if __name__ == "__main__":
    sys.exit(main())
