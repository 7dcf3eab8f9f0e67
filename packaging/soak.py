"""Draw and configure at random for minutes, and watch memory, warnings and threads: ``make soak``.

Exit code 0 if there was no warning, no Qt message, no exception, and memory stayed flat.
"""

import argparse
import gc
import os
import random
import sys
import tempfile
import threading
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from PySide6.QtCore import QPoint, QPointF, Qt, qInstallMessageHandler
from PySide6.QtGui import QAction
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractButton, QApplication, QWidget

from cnn_explorer.app import Folders, Program, application
from cnn_explorer.core.building import KINDS
from cnn_explorer.gui.fields import ComboBox
from cnn_explorer.gui.layer_editor import LayerEditor
from cnn_explorer.gui.layer_fields import LayerFields

GROWTH_MB = 40
"""More than this between the first and the last quarter of the run is a leak."""

ACTIONS = (
    "undo", "redo", "add_layer", "new_seed", "hand_made", "real", "naive", "shared",
    "face_maps", "face_kernels", "enlarge", "escape", "next_map", "previous_map", "contrast",
    "colours_viridis", "colours_signed", "scale_map", "scale_layer", "scale_network", "copy_map",
    "copy_index", "clear", "draw", "erase", "theme_dark", "theme_light", "making", "tensors",
    "zoom", "only_diagonal", "unmute_all", "face_contributions", "fold",
    *(f"add_{kind}" for kind in KINDS for _ in range(2)),
)  # fmt: skip


@dataclass
class Log:
    """What went wrong."""

    faults: list[str] = field(default_factory=list)

    def message(self, _kind: object, _context: object, text: str) -> None:
        """Take a message of Qt."""
        if not text.startswith("This plugin does not support "):
            self.faults.append(text)

    def warning(self, message: Warning | str, *_: object, **__: object) -> None:
        """Take a warning of Python."""
        self.faults.append(str(message))


def main() -> int:
    """Run the soak and print its table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--points", type=int, default=5000, help="points of strokes")
    parser.add_argument("--changes", type=int, default=500, help="changes of the configuration")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    log = Log()
    qInstallMessageHandler(log.message)
    warnings.simplefilter("always")
    warnings.showwarning = log.warning
    app = application(["cnn-explorer"])
    with tempfile.TemporaryDirectory() as folder:
        program = Program(app, Folders(Path(folder, "config"), Path(folder, "data")))
        program.errors.reported.connect(log.faults.append)
        program.window.resize(1280, 800)
        program.show()
        _wait(lambda: program.window.worker.signal_ready)
        sizes = _soak(program, options.points, options.changes, random.Random(options.seed), log)
        program.end()
        program.deleteLater()
        app.processEvents()
    threads = [
        thread.name for thread in threading.enumerate() if thread is not threading.main_thread()
    ]
    log.faults += [f"the thread {name} is still running" for name in threads]
    quarter = max(1, len(sizes) // 4)
    growth = min(sizes[-quarter:]) - min(sizes[quarter : 2 * quarter], default=sizes[0])
    if growth > GROWTH_MB:
        log.faults.append(f"memory grew by {growth:.0f} MB, and {GROWTH_MB} MB are allowed")
    print(f"{options.points} points, {options.changes} changes, seed {options.seed}")
    print("resident memory, MB:", " ".join(f"{size:.0f}" for size in sizes))
    print(f"growth from the second quarter to the last: {growth:.1f} MB")
    for fault in log.faults[:20]:
        print("fault:", fault, file=sys.stderr)
    print(f"{len(log.faults)} faults")
    return 1 if log.faults else 0


def _soak(
    program: Program, points: int, changes: int, dice: random.Random, log: Log
) -> list[float]:
    """Points and changes in random order; returns resident memory at twenty moments."""
    window = program.window
    steps = ["point"] * points + ["change"] * changes
    dice.shuffle(steps)
    sizes = []
    canvas = window.input.canvas
    every = max(1, len(steps) // 20)
    drawing = False
    for number, step in enumerate(steps):
        if step == "point":
            where = _somewhere(canvas, dice)
            if not drawing:
                QTest.mousePress(canvas, Qt.MouseButton.LeftButton, pos=where)
                drawing = True
            else:
                QTest.mouseMove(canvas, where)
            if dice.random() < 0.1:
                QTest.mouseRelease(canvas, Qt.MouseButton.LeftButton, pos=where)
                drawing = False
        else:
            if drawing:
                QTest.mouseRelease(canvas, Qt.MouseButton.LeftButton, pos=_somewhere(canvas, dice))
                drawing = False
            _change(program, dice)
            if dice.random() < 0.3:
                _wait(lambda: window.fresh)
        if number % 10 == 0:
            QApplication.processEvents()
        if number % every == every - 1:
            _wait(lambda: window.fresh)
            gc.collect()
            sizes.append(_resident_mb())
        if len(log.faults) > 5:
            break
    return [*sizes, _resident_mb()]


def _wait(condition: Callable[[], bool]) -> None:
    """Let the program run until a condition holds, 60 s at most."""
    end = time.monotonic() + 60
    while not condition():
        if time.monotonic() > end:
            raise TimeoutError("The window did not settle within 60 s.")
        QTest.qWait(5)


def _somewhere(widget: QWidget, dice: random.Random) -> QPoint:
    return QPointF(dice.random() * widget.width(), dice.random() * widget.height()).toPoint()


def _edit(fields: LayerFields, kind: int, dice: random.Random) -> None:
    """One random change of a layer with filters."""
    if kind == 0:
        fields.filters.setValue(dice.choice((0, 1, 2, 3, 4, 8, 12, 300)))
    elif kind == 5:
        fields.bias.click()
    else:
        combos = fields.kernel, fields.stride, fields.padding, fields.activation
        _pick(combos[kind - 1], dice)


def _edit_plain(fields: LayerEditor, dice: random.Random) -> None:
    """One random change of a layer without filters, if it has a field."""
    combos = fields.findChildren(ComboBox)
    buttons = [button for button in fields.findChildren(QAbstractButton) if button.isVisible()]
    if combos and dice.random() < 0.7:
        _pick(dice.choice(combos), dice)
    elif buttons:
        dice.choice(buttons).click()


def _change(program: Program, dice: random.Random) -> None:
    """One random change of the configuration, as a user makes it."""
    window = program.window
    card = dice.choice(window.layers.cards)
    kind = dice.randrange(12)
    if kind < 6 and isinstance(card.fields, LayerFields):
        _edit(card.fields, kind, dice)
    elif kind < 6:
        _edit_plain(card.fields, dice)
    elif kind == 6:
        card.removed.emit(window.layers.cards.index(card))
    elif kind == 8:
        place = window.layers.cards.index(card)
        card.moved.emit(place, dice.randrange(len(window.layers.cards)))
    elif kind == 7:
        QTest.mouseClick(
            card.maps.viewport(), Qt.MouseButton.LeftButton, pos=_somewhere(card.maps, dice)
        )
    else:
        action: QAction = window.actions_by_name[dice.choice(ACTIONS)]
        if action.isEnabled():
            action.trigger()
    if len(window.layers.cards) > 7:
        window.actions_by_name["hand_made"].trigger()


def _pick(combo: "QWidget", dice: random.Random) -> None:
    """Choose an entry as a click does."""
    index = dice.randrange(combo.count())  # type: ignore[attr-defined]
    combo.setCurrentIndex(index)  # type: ignore[attr-defined]
    combo.activated.emit(index)  # type: ignore[attr-defined]


def _resident_mb() -> float:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


if __name__ == "__main__":
    sys.exit(main())
