"""Kill the program at random moments while it saves, and see what is left: ``make kill-saves``.

Each round runs the real window off screen on a session: it draws, switches and saves at random, and
keeps unsaved work aside, until it is killed by SIGKILL. Every drawing carries a number, which is
logged before it is drawn. Then the session file must load and hold the last number saved, or the
one that was being saved; work aside must load too, and the later of both tells what was lost.

In most rounds work is kept aside fifty times as often as usual, so that kills hit it, and saved
often; in the long rounds it is kept aside as often as for users, and saved seldom. Exit code 0 if
nothing went wrong.
"""

import argparse
import os
import random
import signal
import sys
import tempfile
import time
from dataclasses import dataclass, replace
from pathlib import Path

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

import numpy as np
from PySide6.QtCore import QObject, QTimer, Slot

from cnn_explorer.app import Folders, Program, application
from cnn_explorer.core.activations import Array
from cnn_explorer.core.building import new_network
from cnn_explorer.core.state import State
from cnn_explorer.gui import autosave
from cnn_explorer.io.autosaves import left_places
from cnn_explorer.io.files import TEMPORARY
from cnn_explorer.io.session import Session, load, save

ALLOWED = 30.0
"""Seconds of work that may be lost."""

SPEED = 50
"""How much faster than usual work is kept aside, and saved, in the short rounds."""

SLACK = 2.0
"""Seconds that a busy machine may take in the short rounds beyond what is allowed at that speed."""

_COMMANDS = ("real", "naive", "shared", "contrast", "face_maps", "face_kernels", "next_map", "fold")


@dataclass(frozen=True)
class Round:
    """What one round came to: seconds lost, and whether a temporary file stayed."""

    lost: float
    saves: int
    stray: bool
    aside: bool


def main() -> int:
    """Run the rounds and print what they came to."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=200)
    parser.add_argument("--long", type=int, default=3, help="rounds at the usual pace, 40 s each")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    dice = random.Random(options.seed)
    done = []
    for number in range(options.rounds):
        done.append(_round(dice.random(), dice.uniform(0.2, 4.0), SPEED))
        if number % 20 == 19:
            print(f"{number + 1} kills", flush=True)
    slow = [_round(dice.random(), dice.uniform(20, 40), 1) for _ in range(options.long)]
    for name, some in (("short", done), ("long", slow)):
        if some:
            print(
                f"{name} rounds: {len(some)} kills, {sum(one.saves for one in some):,} saves, work "
                f"aside after {sum(one.aside for one in some)}, at most "
                f"{max(one.lost for one in some):.2f} s lost, temporary files left beside the "
                f"session by {sum(one.stray for one in some)}"
            )
    late = [one for one in done if one.lost > ALLOWED / SPEED + SLACK] + [
        one for one in slow if one.lost > ALLOWED
    ]
    print(f"{len(late)} rounds lost more than is allowed")
    return 1 if late else 0


def _round(seed: float, seconds: float, speed: float) -> Round:
    """Run the window in a process of its own, kill it, and look."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "work").mkdir()
        path = folder / "work" / "lesson.cnnx"
        network = new_network((32, 64, 32))
        save(path, Session(State(_numbered(0), network)))
        process = os.fork()
        if process == 0:
            _use(folder, path, seed, speed)
        log = folder / "log"
        while not log.exists() or log.stat().st_size == 0:
            time.sleep(0.01)
        time.sleep(seconds)
        os.kill(process, signal.SIGKILL)
        os.waitpid(process, 0)
        return _judged(folder, path, time.monotonic())


def _judged(folder: Path, path: Path, end: float) -> Round:
    drawn: dict[int, float] = {}
    saved, saving, saves = 0, 0, 0
    for line in (folder / "log").read_text().splitlines():
        what, _, rest = line.partition(" ")
        if what == "drawn" and rest.count(" ") == 1:
            drawn[int(rest.split()[0])] = float(rest.split()[1])
        elif what == "saving" and rest:
            saving = int(rest)
        elif what == "saved":
            saved, saves = saving, saves + 1
    kept = _number(load(path).state)
    assert kept in (saved, saving), f"the file holds {kept}, not {saved} or {saving}"
    aside = None
    for place in left_places(folder / "data" / "autosave"):
        work = place.read()
        assert work.path == path, work.path
        aside = _number(work.session.state)
        place.unlock()
    last = max(kept, aside or 0)
    lost = end - drawn[last + 1] if last + 1 in drawn else 0.0
    stray = any(file.name.startswith(TEMPORARY) for file in path.parent.iterdir())
    return Round(lost, saves, stray, aside is not None)


def _use(folder: Path, path: Path, seed: float, speed: float) -> None:
    """In the process that is killed: use the window at random for ever."""
    autosave.IDLE = round(autosave.IDLE / speed)
    autosave.LATEST = round(autosave.LATEST / speed)
    app = application(["cnn-explorer"])
    program = Program(app, Folders(folder / "config", folder / "data"), str(path))
    program.show()
    user = _User(program, folder / "log", random.Random(seed), 0.05 * speed / SPEED)
    user.begin()
    app.exec()
    os._exit(1)


class _User(QObject):
    """Draws, switches and saves, and logs it."""

    def __init__(self, program: Program, log: Path, dice: random.Random, saves: float) -> None:
        super().__init__()
        self._window = program.window
        self._log = os.open(log, os.O_CREAT | os.O_WRONLY | os.O_APPEND)
        self._dice = dice
        self._saves = saves
        self._number = 0
        self._saving = False
        self._timer = QTimer(self, interval=5)
        self._timer.timeout.connect(self._act)
        self._window.sessions.saved_changed.connect(self._note_saved)

    def begin(self) -> None:
        """Begin to use the window."""
        self._timer.start()

    @Slot()
    def _act(self) -> None:
        chance = self._dice.random()
        if chance < self._saves and not self._saving:
            self._saving = True
            self._note(f"saving {_number(self._window.document.state)}")
            self._window.sessions.save()
        elif chance < 0.1:
            self._window.actions_by_name[self._dice.choice(_COMMANDS)].trigger()
        elif chance < 0.6:
            self._number += 1
            self._note(f"drawn {self._number} {time.monotonic()}")
            state = self._window.document.state
            drawing = _numbered(self._number)
            self._window.document.commit("Draw stroke", replace(state, drawing=drawing))

    @Slot()
    def _note_saved(self) -> None:
        if self._saving:
            self._saving = False
            self._note("saved")

    def _note(self, line: str) -> None:
        os.write(self._log, f"{line}\n".encode())


def _numbered(number: int) -> Array:
    """A drawing that carries a number."""
    drawing = np.random.default_rng(number).random((28, 28), np.float32)
    drawing[0, 0] = number / 2**20
    return drawing


def _number(state: State) -> int:
    return round(float(state.drawing[0, 0]) * 2**20)


if __name__ == "__main__":
    sys.exit(main())
