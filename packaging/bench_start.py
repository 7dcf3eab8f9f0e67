"""Time the start: the program's and a bare window's first paint, each in processes of their own.

``bench_start.py bare`` or ``program`` shows one window, and prints seconds to its first paint, and
from there to its first maps.
"""

import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from PySide6.QtCore import QEvent, QObject, QTimer, Slot
from PySide6.QtWidgets import QApplication

STARTS = 7
SIZE = (1440, 900)


def measure_start() -> dict[str, float]:
    """First paint of the program and of a bare window that shows one image, in turn."""
    times: dict[str, list[list[float]]] = {"bare": [], "program": []}
    # Modules are compiled at the first start and kept, unless the environment forbids it.
    environment = {
        name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"
    }
    for _ in range(STARTS):
        for kind, rows in times.items():
            command = [sys.executable, __file__, kind, repr(time.time())]
            output = subprocess.run(
                command, capture_output=True, text=True, check=True, env=environment
            ).stdout
            rows.append([float(word) for word in output.split()[-2:]])
    bare = statistics.median(row[0] for row in times["bare"])
    ours = statistics.median(row[0] for row in times["program"])
    return {
        "first paint, bare PySide6 + pyqtgraph + numpy window, s": bare,
        "first paint, program, s": ours,
        "ratio (aim ≤ 1.3)": ours / bare,
        "first maps after first paint, s (aim ≤ 0.1)": statistics.median(
            row[1] for row in times["program"]
        ),
    }


def _start(kind: str, spawned: float) -> int:
    """Show one window; print seconds to its first paint, and from there to its first maps."""
    watch = FirstPaint()
    if kind == "bare":
        import numpy as np
        import pyqtgraph as pg

        app = QApplication([])
        widget = pg.GraphicsLayoutWidget()
        widget.addPlot().addItem(pg.ImageItem(np.random.default_rng(0).random((28, 28))))
        widget.resize(*SIZE)
        app.installEventFilter(watch)
        widget.show()
        while watch.at is None:
            app.processEvents()
        print(watch.at - spawned, 0.0)
    else:
        from cnn_explorer.app import Folders, Program, application

        app = application(["cnn-explorer"])
        with tempfile.TemporaryDirectory() as folder:
            program = Program(app, Folders(Path(folder, "config"), Path(folder, "data")))
            program.window.resize(*SIZE)
            app.installEventFilter(watch)
            program.show()
            while watch.at is None:
                app.processEvents()
            if "scipy.signal" in sys.modules and not program.window.worker.signal_ready:
                watch.early = True
            while not program.window.fresh:
                app.processEvents()
            app.processEvents()
            maps = time.time()
            app.removeEventFilter(watch)
            print(watch.at - spawned, maps - watch.at)
            program.end()
    return 0


class FirstPaint(QObject):
    """Notes when the first paint of a window was over."""

    def __init__(self) -> None:
        super().__init__()
        self.at: float | None = None
        self.early = False
        self._seen = False

    def eventFilter(self, _: QObject, event: QEvent) -> bool:
        """See the first paint event; the whole window is painted when the loop turns again."""
        if event.type() is QEvent.Type.Paint and not self._seen:
            self._seen = True
            QTimer.singleShot(0, self._done)
        return False

    @Slot()
    def _done(self) -> None:
        self.at = time.time()


if __name__ == "__main__":
    sys.exit(_start(sys.argv[1], float(sys.argv[2])))
