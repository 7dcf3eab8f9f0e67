"""Measure the running window, and what an export takes; prints one JSON object.

Run by bench.py, in a process of its own.
"""

import json
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from PySide6.QtCore import QEventLoop, QPoint, Qt, QTimer
from PySide6.QtGui import QImage, QPaintEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractScrollArea, QApplication, QDockWidget, QWidget

STROKES = 150
SIZE = (1440, 900)
LARGE = (2560, 1440)  # where all maps of WIDE are in view
WIDE = (32, 64, 128)
EXPORTS = 7


def main() -> int:
    """Run all measurements, or with an argument that of memory alone."""
    if sys.argv[1:] == ["bare"]:
        results: dict[str, Any] = {"resident": bare_memory()}
    else:
        with tempfile.TemporaryDirectory() as folder:
            bench = Bench(Path(folder))
            results = bench.memory() if sys.argv[1:] else bench.everything()
            bench.end()
    print(json.dumps(results))
    return 0


def bare_memory() -> float:
    """Resident megabytes of a window that shows one image, with all modules that maps need."""
    import numpy as np
    import scipy.signal

    app = QApplication([])
    widget = QWidget()
    widget.resize(*SIZE)
    widget.show()
    app.processEvents()
    scipy.signal.correlate2d(np.eye(28), np.eye(3))
    return _resident_mb()


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

    def everything(self) -> dict[str, dict[str, float]]:
        """Run all measurements of the window."""
        panels = "panel, pixel and matrix open"
        return {
            "stroke 3-4": self.strokes((3, 4)),
            "stroke 32-64-128": self.strokes(WIDE),
            "stroke 32-64-128, 2560×1440, all maps in view": self.strokes(WIDE, size=LARGE),
            f"stroke 32-64-128, {panels}": self.strokes(WIDE, panels=True),
            "timer, idle window": self.timer_lateness(WIDE, strokes=False),
            "timer, strokes on 32-64-128": self.timer_lateness(WIDE),
            f"timer, strokes on 32-64-128, {panels}": self.timer_lateness(WIDE, panels=True),
            "reading 10,000 images with 8-16 in the window": self.reading(),
            "naive 8 × 64": self.naive_grid(),
            "export": self.export(),
        }

    def memory(self) -> dict[str, float]:
        """Resident megabytes after strokes on a wide network."""
        self.strokes((64, 128, 256))
        return {"resident": _resident_mb()}

    def export(self) -> dict[str, float]:
        """Write 224 maps as PNG, and in turn the same pictures by QImage.save in a bare loop."""
        from cnn_explorer.core.building import new_network
        from cnn_explorer.core.drawing import draw
        from cnn_explorer.core.state import State
        from cnn_explorer.io.export import ExportOptions, export

        state = State(draw([[(6, 6), (6, 21), (23, 12)]], size=2.5), new_network(WIDE))
        ours: list[float] = []
        bare: list[float] = []
        synced: list[float] = []
        with tempfile.TemporaryDirectory() as folder:
            export(state, folder, ExportOptions())
            names = [path.name for path in Path(folder).glob("*.png")]
            images = [QImage(str(Path(folder, name))) for name in names]
            assert len(images) == sum(WIDE)
        for _ in range(EXPORTS):
            with tempfile.TemporaryDirectory() as folder:
                start = time.perf_counter()
                export(state, folder, ExportOptions())
                ours.append(time.perf_counter() - start)
            for times, to_disk in ((bare, False), (synced, True)):
                with tempfile.TemporaryDirectory() as folder:
                    start = time.perf_counter()
                    for name, image in zip(names, images, strict=True):
                        _save(image, Path(folder, name), to_disk=to_disk)
                    times.append(time.perf_counter() - start)
        whole, least, safe = map(statistics.median, (ours, bare, synced))
        return {
            "ratio to QImage.save (aim ≤ 1.2)": whole / least,
            "ratio to QImage.save and fsync": whole / safe,
            "export of 224 maps, ms": 1e3 * whole,
            "QImage.save in a loop, ms": 1e3 * least,
            "QImage.save and fsync in a loop, ms": 1e3 * safe,
        }

    def end(self) -> None:
        """Close the window."""
        self._program.end()

    def strokes(
        self,
        filters: tuple[int, ...],
        *,
        panels: bool = False,
        size: tuple[int, int] = SIZE,
    ) -> dict[str, float]:
        """Mouse event to painted maps, beside the convolutions alone and a bare repaint."""
        from cnn_explorer.gui.row_area import RowArea
        from cnn_explorer.gui.tiles import TileArea

        self._window.resize(*size)
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
        areas: list[QAbstractScrollArea] = [
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
        seen = sum(len(area.visible()) for area in areas if isinstance(area, TileArea))
        self._window.resize(*SIZE)
        return {
            "mouse event to painted maps, median, ms": 1e3 * statistics.median(whole),
            "… 95th percentile, ms (aim ≤ 16.7 without panels)": 1e3 * _percentile(whole, 95),
            "maps in view": float(seen),
            "the convolutions alone, median, ms": 1e3 * statistics.median(computed),
            "a bare repaint of all that is open, median, ms": 1e3 * statistics.median(repaints),
        }

    def timer_lateness(
        self, filters: tuple[int, ...], *, strokes: bool = True, panels: bool = False
    ) -> dict[str, float]:
        """How late a 5 ms timer of the interface is, with or without strokes for the worker."""
        self._open(filters, panels=panels)
        canvas = self._window.input.canvas
        QTest.mousePress(canvas, Qt.MouseButton.LeftButton, pos=self._point(0))
        timer = _Timer()
        end = time.monotonic() + 4
        number = 0
        while time.monotonic() < end:
            number += 1
            if strokes:
                QTest.mouseMove(canvas, self._point(number))
            _spin(16)
        QTest.mouseRelease(canvas, Qt.MouseButton.LeftButton, pos=self._point(0))
        return timer.lateness()

    def reading(self) -> dict[str, float]:
        """Read 10,000 images beside the window."""
        import numpy as np

        from cnn_explorer.core.drawing import blank
        from cnn_explorer.core.state import State
        from cnn_explorer.io.datasets import Digits
        from cnn_explorer.io.networks import bundled_network

        self._window.document.open(State(blank(), bundled_network("8-16")))
        self._wait(lambda: self._window.fresh)
        generator = np.random.default_rng(0)
        images = generator.integers(0, 256, (10_000, 28, 28), np.uint8)
        labels = generator.integers(0, 10, len(images), np.int8)
        self._window.input.digits.open(Digits("random", images, labels))
        self._wait(lambda: self._window.fresh)
        files = self._window.digits
        timer = _Timer()
        start = time.perf_counter()
        files.show_accuracy()
        self._wait(lambda: not files.busy)
        seconds = time.perf_counter() - start
        late = timer.lateness()
        self._window.input.digits.close_digits()
        return {"images a second, dialog and all": len(images) / seconds, **late}

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
        from cnn_explorer.core.building import new_network
        from cnn_explorer.core.drawing import blank
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


class _Timer:
    """A 5 ms timer of the interface, and how late it is."""

    def __init__(self) -> None:
        self._late: list[float] = []
        self._timer = QTimer(interval=5, timerType=Qt.TimerType.PreciseTimer)
        self._timer.timeout.connect(self._tick)
        self._timer.start()
        self._last = time.perf_counter()

    def _tick(self) -> None:
        now = time.perf_counter()
        self._late.append(now - self._last - 0.005)
        self._last = now

    def lateness(self) -> dict[str, float]:
        """Stop, and tell."""
        self._timer.stop()
        return {
            "lateness, 95th percentile, ms": 1e3 * _percentile(self._late, 95),
            "lateness, most, ms (aim ≤ 20)": 1e3 * max(self._late),
        }


def _spin(milliseconds: int) -> None:
    """Serve events as the program does; QTest.qWait would keep Python's lock from the worker."""
    loop = QEventLoop()
    QTimer.singleShot(milliseconds, loop.quit)
    loop.exec()


def _percentile(values: list[float], percent: int) -> float:
    return statistics.quantiles(values, n=100)[percent - 1]


def _save(image: QImage, path: Path, *, to_disk: bool) -> None:
    image.save(str(path))
    if to_disk:
        with open(path, "rb+") as stream:
            os.fsync(stream.fileno())


def _resident_mb() -> float:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


if __name__ == "__main__":
    sys.exit(main())
