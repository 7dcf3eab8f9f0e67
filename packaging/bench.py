"""Measure what a user feels: ``make bench``. Prints tables and writes bench.json.

Everything is measured in one run; what is compared runs in turn, since machines are noisy.
"""

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from PySide6.QtCore import QEvent, QEventLoop, QObject, QPoint, Qt, QTimer, Slot
from PySide6.QtGui import QPaintEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QDockWidget, QWidget

STROKES = 150
STARTS = 7
SIZE = (1440, 900)


def main() -> int:
    """Run all measurements."""
    if len(sys.argv) > 2 and sys.argv[1] == "--start":
        return _start(sys.argv[2], float(sys.argv[3]))
    results: dict[str, Any] = {"start": measure_start()}
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(Path(folder))
        results["stroke 3-4"] = bench.strokes((3, 4))
        results["stroke 32-64-128"] = bench.strokes((32, 64, 128))
        results["stroke 32-64-128, panel, pixel and matrix open"] = bench.strokes(
            (32, 64, 128), panels=True
        )
        results["timer, idle window"] = bench.timer_lateness((32, 64, 128), strokes=False)
        results["timer, strokes on 32-64-128"] = bench.timer_lateness((32, 64, 128))
        results["timer, strokes on 32-64-128, panel, pixel and matrix open"] = bench.timer_lateness(
            (32, 64, 128), panels=True
        )
        results["naive 8 × 64"] = bench.naive_grid()
        bench.end()
    Path("bench.json").write_text(json.dumps(results, indent=1) + "\n")
    for title, values in results.items():
        print(f"\n{title}")
        for name, value in values.items():
            print(f"  {name:<58} {value:>10.2f}")
    return 0


# The start, in processes of its own.


def measure_start() -> dict[str, float]:
    """First paint of the program and of a bare window that shows one image, in turn."""
    times: dict[str, list[list[float]]] = {"bare": [], "program": []}
    # Modules are compiled at the first start and kept, unless the environment forbids it.
    environment = {
        name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"
    }
    for _ in range(STARTS):
        for kind, rows in times.items():
            command = [sys.executable, __file__, "--start", kind, repr(time.time())]
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


# The running window.


class Bench:
    """The program's window, and what is measured in it."""

    def __init__(self, folder: Path) -> None:
        from cnn_explorer.app import Folders, Program, application
        from cnn_explorer.gui.contribution_matrix import ContributionMatrix
        from cnn_explorer.gui.tiles import TileArea

        self._painted: Callable[[], None] | None = None
        for area in (TileArea, ContributionMatrix):
            self._note_paints(area)
        self._app = application(["cnn-explorer"])
        self._program = Program(self._app, Folders(folder / "config", folder / "data"))
        self._window = self._program.window
        self._window.resize(*SIZE)
        self._program.store.update(pen_size=1.0)
        self._program.show()
        self._wait(lambda: self._window.worker.signal_ready and self._window.fresh)

    def _note_paints(self, area: Any) -> None:
        """Tell when tiles of a class were painted."""
        paint = area.paintEvent

        def noted(tiles: QWidget, event: QPaintEvent) -> None:
            paint(tiles, event)
            if self._painted is not None:
                self._painted()

        area.paintEvent = noted

    def end(self) -> None:
        """Close the window."""
        self._program.end()

    def strokes(self, filters: tuple[int, ...], *, panels: bool = False) -> dict[str, float]:
        """Mouse event to painted maps, beside the convolutions alone and a bare repaint."""
        from cnn_explorer.gui.row_area import RowArea

        self._open(filters, panels=panels)
        window = self._window
        canvas = window.input.canvas
        loop = QEventLoop()

        def painted() -> None:
            if window.fresh:
                loop.quit()

        whole, computed = [], []
        QTest.mousePress(canvas, Qt.MouseButton.LeftButton, pos=self._point(0))
        self._wait(lambda: window.fresh)
        for number in range(1, STROKES):
            self._painted = painted
            start = time.perf_counter()
            QTest.mouseMove(canvas, self._point(number))
            if not window.fresh:
                loop.exec()
            whole.append(time.perf_counter() - start)
            self._painted = None
            QApplication.processEvents()
            shown = window.shown
            assert shown is not None
            computed.append(shown.seconds)
        QTest.mouseRelease(canvas, Qt.MouseButton.LeftButton, pos=self._point(0))
        making = window.inspector.making
        areas = [
            area
            for area in (
                *(card.face for card in window.layers.cards),
                *making.findChildren(RowArea),
            )
            if area.isVisible()
        ]
        repaints = []
        for _ in range(30):
            start = time.perf_counter()
            for area in areas:
                area.viewport().repaint()
            repaints.append(time.perf_counter() - start)
        return {
            "mouse event to painted maps, median, ms": 1e3 * statistics.median(whole),
            "mouse event to painted maps, 95th percentile, ms": 1e3 * _percentile(whole, 95),
            "the convolutions alone, median, ms": 1e3 * statistics.median(computed),
            "a bare repaint of all that is open, median, ms": 1e3 * statistics.median(repaints),
        }

    def timer_lateness(
        self, filters: tuple[int, ...], *, strokes: bool = True, panels: bool = False
    ) -> dict[str, float]:
        """How late a 5 ms timer of the interface is, with or without strokes for the worker."""
        self._open(filters, panels=panels)
        canvas = self._window.input.canvas
        late: list[float] = []
        timer = QTimer(interval=5, timerType=Qt.TimerType.PreciseTimer)
        last = [time.perf_counter()]

        def tick() -> None:
            now = time.perf_counter()
            late.append(now - last[0] - 0.005)
            last[0] = now

        timer.timeout.connect(tick)
        QTest.mousePress(canvas, Qt.MouseButton.LeftButton, pos=self._point(0))
        timer.start()
        last[0] = time.perf_counter()
        end = time.monotonic() + 4
        number = 0
        while time.monotonic() < end:
            number += 1
            if strokes:
                QTest.mouseMove(canvas, self._point(number))
            _spin(16)
        timer.stop()
        QTest.mouseRelease(canvas, Qt.MouseButton.LeftButton, pos=self._point(0))
        return {
            "lateness, 95th percentile, ms": 1e3 * _percentile(late, 95),
            "lateness, most, ms (aim ≤ 20)": 1e3 * max(late),
        }

    def naive_grid(self) -> dict[str, float]:
        """Open the naive grid of 8 layers of 64 filters, and scroll it."""
        from dataclasses import replace

        from cnn_explorer.core.schemes import ChannelScheme

        self._open((64,) * 8)
        window = self._window
        window.layers.verticalScrollBar().setValue(0)
        before = _resident_mb()
        start = time.perf_counter()
        state = replace(window.document.state, scheme=ChannelScheme.NAIVE)
        window.document.commit("Switch", state)
        self._wait(lambda: window.fresh)
        QApplication.processEvents()
        first = time.perf_counter() - start
        bar = window.layers.verticalScrollBar()
        scrolls = []
        for step in range(1, 21):
            start = time.perf_counter()
            bar.setValue(bar.maximum() * step // 20)
            self._wait(lambda: window.fresh)
            QApplication.processEvents()
            scrolls.append(time.perf_counter() - start)
        shown = window.shown
        assert shown is not None
        return {
            "switch to first maps painted, ms (aim ≤ 300)": 1e3 * first,
            "memory more than in Real, MB (aim < 50)": _resident_mb() - before,
            "scroll to maps painted, median, ms": 1e3 * statistics.median(scrolls),
            "maps held at the end": float(sum(len(maps) for maps in shown.maps)),
        }

    def _open(self, filters: tuple[int, ...], *, panels: bool = False) -> None:
        """Open a network; the panels are how a map is made, at both zooms, and Conv 2's matrix."""
        from cnn_explorer.core.drawing import blank
        from cnn_explorer.core.edit import new_network
        from cnn_explorer.core.schemes import ChannelScheme
        from cnn_explorer.core.state import State

        network = new_network(filters)
        document = self._window.document
        window = self._window
        document.open(State(blank(), network, ChannelScheme.REAL))
        window.actions_by_name["making" if panels else "tensors"].trigger()
        for card in window.layers.cards:
            card.show_face(0)
        if panels:
            window.layers.cards[1].show_face(1)
            window.selection.select(window.selection.current.at((1, 1), (14, 14)))
        dock = window.inspector.parentWidget()
        assert isinstance(dock, QDockWidget)
        window.resizeDocks([dock], [660 if panels else 420], Qt.Orientation.Horizontal)
        QApplication.processEvents()
        self._wait(lambda: window.fresh)

    def _wait(self, condition: Callable[[], bool]) -> None:
        while not condition():
            _spin(1)

    def _point(self, number: int) -> QPoint:
        """A point of a serpentine over the canvas, so that each one leaves new ink."""
        row, step = divmod(number, 13)
        column = step if row % 2 == 0 else 12 - step
        pixel = self._window.input.canvas.width() / 28
        return QPoint(int((column * 2 + 1.5) * pixel), int((row % 28 + 0.5) * pixel))


def _spin(milliseconds: int) -> None:
    """Serve events as the program does; QTest.qWait would keep Python's lock from the worker."""
    loop = QEventLoop()
    QTimer.singleShot(milliseconds, loop.quit)
    loop.exec()


def _percentile(values: list[float], percent: int) -> float:
    return statistics.quantiles(values, n=100)[percent - 1]


def _resident_mb() -> float:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


if __name__ == "__main__":
    sys.exit(main())
