"""The worker: one computation running, one waiting. All bookkeeping is on the GUI thread."""

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from typing import Any

from PySide6.QtCore import QObject, Signal, Slot

from cnn_explorer.core.forward import Activations, Cancelled, Request, forward


@dataclass(frozen=True, eq=False)
class _Job:
    request: Request
    known: Activations | None
    cancelled: threading.Event = field(default_factory=threading.Event)

    def checkpoint(self) -> None:
        # Yield first: scipy.signal holds the GIL, and the interface waits for it.
        time.sleep(0)
        if self.cancelled.is_set():
            raise Cancelled


class Worker(QObject):
    """Computes requests in a thread of its own; a new request replaces the one that waits.

    Signals
    -------
    finished(activations)
        A pass is done. It may be older than the document by now, but is the next frame.
    """

    finished = Signal(object)
    _returned = Signal(object, object)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._executor = ThreadPoolExecutor(1, thread_name_prefix="maps")
        self._running: _Job | None = None
        self._waiting: Request | None = None
        self._known: Activations | None = None
        self._signal_ready = False
        self._closed = False
        self._returned.connect(self._finish)

    @property
    def busy(self) -> bool:
        """Whether a pass is running or waiting."""
        return self._running is not None

    @property
    def signal_ready(self) -> bool:
        """Whether scipy.signal is loaded; before that, matmul serves."""
        return self._signal_ready

    @Slot()
    def use_signal(self) -> None:
        """Let the passes from now on use scipy.signal."""
        self._signal_ready = True

    def submit(self, request: Request) -> None:
        """Compute a request as soon as the running one is done.

        A change of the drawing alone lets the running pass finish, for it is the next frame, and
        so does a change of what is explained, for its maps serve again; any other cancels it.
        """
        if self._closed:
            return
        if not self._signal_ready:
            request = replace(request, method="matmul")
        if self._running is None:
            self._start(request)
            return
        self._waiting = request
        if not _worth_ending(self._running.request, request):
            self._running.cancelled.set()

    def shut_down(self) -> None:
        """Cancel what runs and join the thread; from then on nothing is taken or told."""
        self._closed = True
        self._waiting = None
        if self._running is not None:
            self._running.cancelled.set()
        self._running = None
        self._executor.shutdown(wait=True)

    def _start(self, request: Request) -> None:
        self._running = _Job(request, self._known)
        self._executor.submit(self._run, self._running)

    def _run(self, job: _Job) -> None:
        """In the worker's thread."""
        result: object
        try:
            result = forward(job.request, job.checkpoint, job.known)
        except BaseException as error:
            result = error
        self._returned.emit(job, result)

    @Slot(object, object)
    def _finish(self, job: _Job, result: object) -> None:
        if job is not self._running:
            return
        self._running = None
        if isinstance(result, Activations):
            self._known = result
        waiting, self._waiting = self._waiting, None
        if waiting is not None:
            self._start(waiting)
        if isinstance(result, Activations):
            self.finished.emit(result)
        elif isinstance(result, BaseException) and not isinstance(result, Cancelled):
            raise result


class LongJob(QObject):
    """One long task at a time, with progress and cancel, beside the worker of the maps.

    Signals
    -------
    progressed(done, total)
        In whole steps.
    succeeded(result)
        The task returned.
    failed(error)
        The task raised; Cancelled where it was asked to stop.
    """

    progressed = Signal(int, int)
    succeeded = Signal(object)
    failed = Signal(object)
    _returned = Signal(bool, object)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._executor = ThreadPoolExecutor(1, thread_name_prefix="long job")
        self._cancelled = threading.Event()
        self._busy = False
        self._closed = False
        self._returned.connect(self._finish)

    @property
    def busy(self) -> bool:
        """Whether a task runs."""
        return self._busy

    def run(self, task: Callable[..., Any]) -> None:
        """Start a task, called with ``progress(done, total)`` and ``checkpoint()`` by name."""
        if self._closed:
            return
        self._busy = True
        self._cancelled.clear()
        self._executor.submit(self._run, task)

    @Slot()
    def cancel(self) -> None:
        """Ask the task to stop at its next checkpoint."""
        self._cancelled.set()

    def shut_down(self) -> None:
        """Cancel what runs and join the thread; from then on nothing is taken or told."""
        self._closed = True
        self._cancelled.set()
        self._executor.shutdown(wait=True)

    def _checkpoint(self) -> None:
        time.sleep(0)
        if self._cancelled.is_set():
            raise Cancelled

    def _run(self, task: Callable[..., Any]) -> None:
        """In the job's thread."""
        result: object
        try:
            result = task(progress=self.progressed.emit, checkpoint=self._checkpoint)
        except BaseException as error:
            self._returned.emit(False, error)
        else:
            self._returned.emit(True, result)

    @Slot(bool, object)
    def _finish(self, good: bool, result: object) -> None:
        self._busy = False
        if not self._closed:
            (self.succeeded if good else self.failed).emit(result)


def load_signal(**_: object) -> None:
    """Import scipy.signal: a task for `LongJob`, since it takes seconds.

    Before it the number of threads is set: see `cnn_explorer.core.blas.controller`.
    """
    from cnn_explorer.core.blas import limit_threads

    limit_threads()
    import scipy.signal  # noqa: F401


def _worth_ending(one: Request, other: Request) -> bool:
    return (
        one.state.network is other.state.network
        and one.state.scheme is other.state.scheme
        and one.in_view == other.in_view
        and one.method == other.method
    )
