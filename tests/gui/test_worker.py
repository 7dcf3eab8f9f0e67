"""The worker: one pass running, one waiting; long jobs beside it."""

import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from PySide6.QtCore import QCoreApplication
from pytestqt.qtbot import QtBot
from threadpoolctl import threadpool_info

from cnn_explorer.core import blas
from cnn_explorer.core.building import new_network
from cnn_explorer.core.drawing import blank, stroke
from cnn_explorer.core.forward import Activations, Cancelled, Request
from cnn_explorer.core.schemes import ChannelScheme
from cnn_explorer.core.state import State
from cnn_explorer.gui import worker as module
from cnn_explorer.gui.worker import LongJob, Worker, load_signal

FIRST = Request(State(blank(), new_network((2, 3))))
WAIT = 20  # seconds, far more than any step takes


def redrawn(request: Request = FIRST) -> Request:
    """The next frame: another drawing on the same network."""
    return replace(request, state=replace(request.state, drawing=blank()))


def rebuilt(request: Request = FIRST) -> Request:
    return replace(request, state=replace(request.state, network=new_network((2, 3))))


def switched(request: Request = FIRST) -> Request:
    return replace(request, state=replace(request.state, scheme=ChannelScheme.SHARED))


def scrolled(request: Request = FIRST) -> Request:
    return replace(request, in_view=(((0,),), ()))


class Passes:
    """Stands in for `forward`: each pass starts, then waits until it is let go or cancelled."""

    def __init__(self) -> None:
        self.requests: list[Request] = []
        self.known: list[Activations | None] = []
        self.threads: list[threading.Thread] = []
        self.cancelled: list[Request] = []
        self.error: BaseException | None = None
        self.go = threading.Semaphore(0)

    def forward(
        self, request: Request, checkpoint: Callable[[], None], known: Activations | None
    ) -> Activations:
        self.requests.append(request)
        self.known.append(known)
        self.threads.append(threading.current_thread())
        try:
            while not self.go.acquire(timeout=0.005):
                checkpoint()
            checkpoint()
        except Cancelled:
            self.cancelled.append(request)
            raise
        if self.error is not None:
            error, self.error = self.error, None
            raise error
        return Activations(request, (), "matmul", 0, 0.0)

    def states(self) -> list[State]:
        return [request.state for request in self.requests]


class Told:
    """What a worker's or job's signals said, and in which thread."""

    def __init__(self) -> None:
        self.values: list[Any] = []
        self.threads: set[threading.Thread] = set()

    def take(self, *values: Any) -> None:
        self.values.append(values[0] if len(values) == 1 else values)
        self.threads.add(threading.current_thread())

    def states(self) -> list[State]:
        return [activations.state for activations in self.values]


@pytest.fixture
def passes(monkeypatch: pytest.MonkeyPatch) -> Passes:
    stand_in = Passes()
    monkeypatch.setattr(module, "forward", stand_in.forward)
    return stand_in


@pytest.fixture
def worker(qapp: QCoreApplication) -> Iterator[Worker]:
    worker = Worker()
    yield worker
    worker.shut_down()


@pytest.fixture
def told(worker: Worker) -> Told:
    told = Told()
    worker.finished.connect(told.take)
    return told


@pytest.fixture
def job(qapp: QCoreApplication) -> Iterator[LongJob]:
    job = LongJob()
    yield job
    job.shut_down()


def test_one_pass_runs_one_waits_and_the_newest_wins(
    worker: Worker, passes: Passes, told: Told, qtbot: QtBot
) -> None:
    frames = [FIRST, redrawn(), redrawn(), redrawn()]
    for frame in frames:
        worker.submit(frame)
    qtbot.waitUntil(lambda: len(passes.requests) == 1)
    assert worker.busy

    passes.go.release()
    qtbot.waitUntil(lambda: len(passes.requests) == 2)
    passes.go.release()
    qtbot.waitUntil(lambda: not worker.busy)

    expected = [FIRST.state, frames[-1].state]
    assert passes.states() == expected
    assert told.states() == expected
    assert not passes.cancelled, "what was drawn in between is a frame, and shown"


def test_results_arrive_on_the_gui_thread_and_passes_run_elsewhere(
    worker: Worker, passes: Passes, told: Told, qtbot: QtBot
) -> None:
    for frame in (FIRST, redrawn()):
        worker.submit(frame)
        passes.go.release()
    qtbot.waitUntil(lambda: len(told.values) == 2)

    assert told.threads == {threading.main_thread()}
    assert threading.main_thread() not in passes.threads
    assert len(set(passes.threads)) == 1


@pytest.mark.parametrize("change", [rebuilt, switched, scrolled])
def test_a_change_of_network_scheme_or_view_cancels(
    worker: Worker,
    passes: Passes,
    told: Told,
    qtbot: QtBot,
    change: Callable[[], Request],
) -> None:
    new = change()
    worker.submit(FIRST)
    qtbot.waitUntil(lambda: len(passes.requests) == 1)
    worker.submit(new)
    qtbot.waitUntil(lambda: len(passes.requests) == 2)

    assert [request.state for request in passes.cancelled] == [FIRST.state]
    passes.go.release()
    qtbot.waitUntil(lambda: not worker.busy)
    assert told.states() == [new.state]


def test_to_look_at_another_map_waits_for_the_maps_and_takes_them(
    worker: Worker, passes: Passes, told: Told, qtbot: QtBot
) -> None:
    worker.submit(FIRST)
    qtbot.waitUntil(lambda: len(passes.requests) == 1)
    worker.submit(replace(FIRST, making=(1, 2)))
    passes.go.release(2)
    qtbot.waitUntil(lambda: not worker.busy)

    assert not passes.cancelled
    assert [request.making for request in passes.requests] == [None, (1, 2)]
    assert passes.known == [None, told.values[0]]


def test_once_cancelled_it_stays_so_whatever_comes_next(
    worker: Worker, passes: Passes, told: Told, qtbot: QtBot
) -> None:
    last = redrawn(FIRST)
    worker.submit(FIRST)
    qtbot.waitUntil(lambda: len(passes.requests) == 1)
    worker.submit(rebuilt())
    worker.submit(last)  # the network is the running one's again, as after undo
    qtbot.waitUntil(lambda: len(passes.requests) == 2)
    passes.go.release()
    qtbot.waitUntil(lambda: not worker.busy)

    assert told.states() == [last.state]
    assert passes.states() == [FIRST.state, last.state]


def test_a_pass_with_the_slow_method_is_cancelled_when_the_fast_one_is_there(
    worker: Worker, passes: Passes, qtbot: QtBot
) -> None:
    worker.submit(FIRST)
    qtbot.waitUntil(lambda: len(passes.requests) == 1)
    worker.use_signal()
    worker.submit(FIRST)
    qtbot.waitUntil(lambda: len(passes.requests) == 2)
    passes.go.release()
    qtbot.waitUntil(lambda: not worker.busy)
    assert [request.method for request in passes.requests] == ["matmul", "auto"]
    assert len(passes.cancelled) == 1


@pytest.mark.parametrize("error", [RuntimeError("broken"), MemoryError()])
def test_an_error_reaches_the_hook_and_the_worker_goes_on(
    worker: Worker,
    passes: Passes,
    told: Told,
    qtbot: QtBot,
    monkeypatch: pytest.MonkeyPatch,
    error: Exception,
) -> None:
    caught: list[BaseException] = []
    monkeypatch.setattr(sys, "excepthook", lambda kind, value, trace: caught.append(value))
    next_one = redrawn()
    passes.error = error
    worker.submit(FIRST)
    worker.submit(next_one)
    passes.go.release()
    passes.go.release()
    qtbot.waitUntil(lambda: bool(told.values))

    assert caught == [error]
    assert told.states() == [next_one.state]
    assert not worker.busy


def test_shutting_down_cancels_and_joins(worker: Worker, passes: Passes, told: Told) -> None:
    worker.submit(FIRST)
    worker.submit(redrawn())
    worker.shut_down()

    assert len(passes.cancelled) == len(passes.requests) == 1
    assert not any(thread.is_alive() for thread in passes.threads)
    QCoreApplication.processEvents()
    assert not told.values
    assert len(passes.requests) == 1, "what waited was started after all"


def test_after_shutting_down_nothing_is_taken_or_told(
    worker: Worker, passes: Passes, told: Told
) -> None:
    passes.go.release()
    worker.submit(FIRST)
    worker.shut_down()
    worker.submit(redrawn())
    worker.shut_down()
    QCoreApplication.processEvents()
    assert not told.values
    assert not worker.busy


def test_matmul_serves_until_signal_is_there(worker: Worker, qtbot: QtBot) -> None:
    drawing = stroke(blank(), [(4, 4), (20, 20)], size=3)
    request = Request(State(drawing, new_network((2, 3))))
    assert not worker.signal_ready
    with qtbot.waitSignal(worker.finished, timeout=WAIT * 1000) as first:
        worker.submit(request)
    load_signal()
    worker.use_signal()
    assert worker.signal_ready
    with qtbot.waitSignal(worker.finished, timeout=WAIT * 1000) as second:
        worker.submit(request)

    before, after = first.args[0], second.args[0]
    assert (before.method, after.method) == ("matmul", "signal")
    assert after.state is before.state is request.state
    assert before.maps[1].any()
    for one, other in zip(before.maps, after.maps, strict=True):
        np.testing.assert_allclose(one, other, atol=1e-5)


def test_blas_is_limited_to_one_thread() -> None:
    load_signal()
    threads = [
        pool["num_threads"]
        for pool in threadpool_info()
        if pool["user_api"] == "blas"
        and "scipy.libs" not in pool["filepath"]  # its own is not used
    ]
    assert threads
    assert set(threads) == {1}


def test_the_linker_is_asked_once_and_before_modules_are_loaded() -> None:
    """Asked while another thread loads a module, each would wait for the other for ever."""
    code = """
import sys
from cnn_explorer.core import blas
from cnn_explorer.gui.worker import load_signal

made, asked = blas.ThreadpoolController, []
blas.ThreadpoolController = lambda: asked.append("scipy.signal" in sys.modules) or made()
load_signal()
load_signal()
assert asked == [False], asked
assert "scipy.signal" in sys.modules
"""
    subprocess.run([sys.executable, "-c", code], check=True, timeout=WAIT * 4)


def test_a_pass_asks_the_linker_nothing(
    worker: Worker, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(blas, "controller", pytest.fail)
    with qtbot.waitSignal(worker.finished, timeout=WAIT * 1000):
        worker.submit(FIRST)


# Long jobs.


def test_a_long_job_tells_its_progress_then_its_result(job: LongJob, qtbot: QtBot) -> None:
    progress, result = Told(), Told()
    job.progressed.connect(progress.take)
    job.succeeded.connect(result.take)
    where: list[threading.Thread] = []

    def task(progress: Callable[[int, int], None], checkpoint: Callable[[], None]) -> str:
        where.append(threading.current_thread())
        for done in range(3):
            checkpoint()
            progress(done + 1, 3)
        return "done"

    assert not job.busy
    job.run(task)
    assert job.busy
    qtbot.waitUntil(lambda: not job.busy)

    assert progress.values == [(1, 3), (2, 3), (3, 3)]
    assert result.values == ["done"]
    assert progress.threads | result.threads == {threading.main_thread()}
    assert where[0] is not threading.main_thread()


def test_a_cancelled_job_says_so_and_the_next_one_runs(job: LongJob, qtbot: QtBot) -> None:
    failed, result = Told(), Told()
    job.failed.connect(failed.take)
    job.succeeded.connect(result.take)
    started = threading.Event()

    def endless(checkpoint: Callable[[], None], **_: object) -> None:
        while True:
            started.set()
            checkpoint()

    job.run(endless)
    assert started.wait(WAIT)
    job.cancel()
    qtbot.waitUntil(lambda: not job.busy)
    assert isinstance(failed.values[0], Cancelled)

    job.run(lambda checkpoint, **_: checkpoint())
    qtbot.waitUntil(lambda: not job.busy)
    assert result.values == [None]


@pytest.mark.parametrize("error", [OSError("full"), KeyboardInterrupt()])
def test_a_job_that_fails_hands_its_error_over(
    job: LongJob, qtbot: QtBot, error: BaseException
) -> None:
    failed = Told()
    job.failed.connect(failed.take)

    def fail(**_: object) -> None:
        raise error

    job.run(fail)
    qtbot.waitUntil(lambda: not job.busy)

    assert failed.values == [error]
    assert failed.threads == {threading.main_thread()}


def test_shutting_a_job_down_stops_it_joins_it_and_tells_nothing(job: LongJob) -> None:
    told = Told()
    job.succeeded.connect(told.take)
    job.failed.connect(told.take)
    started = threading.Event()
    where: list[threading.Thread] = []

    def endless(checkpoint: Callable[[], None], **_: object) -> None:
        where.append(threading.current_thread())
        while True:
            started.set()
            checkpoint()

    job.run(endless)
    assert started.wait(WAIT)
    job.shut_down()
    job.run(endless)
    QCoreApplication.processEvents()

    assert len(where) == 1
    assert not where[0].is_alive()
    assert not told.values
