"""Short runs of `make kill-saves` and `make small-disks`, in processes of their own."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def run(script: str, *arguments: str, codes: tuple[int, ...] = (0,)) -> str:
    """Run a script of packaging/, which must end with one of some codes; what it printed."""
    done = subprocess.run(
        [sys.executable, str(ROOT / "packaging" / script), *arguments],
        capture_output=True,
        text=True,
        timeout=110,
        check=False,
        env={**os.environ, "QT_QPA_PLATFORM": "offscreen", "PYTHONPATH": str(ROOT)},
    )
    assert done.returncode in codes, done.stderr
    assert "Traceback" not in done.stderr
    return done.stdout


@pytest.mark.skipif(not hasattr(os, "fork"), reason="it forks")
def test_what_a_kill_leaves_is_the_old_or_the_new() -> None:
    # How much is lost depends on how busy the machine is; which file is there does not.
    printed = run("kill_saves.py", "--rounds", "2", "--long", "0", codes=(0, 1))
    assert "short rounds: 2 kills" in printed


@pytest.mark.skipif(sys.platform == "win32", reason="it limits the size of files")
def test_disks_that_are_too_small_keep_the_old_file() -> None:
    assert ", by 997: the old file stayed each time" in run("small_disks.py", "--step", "997")
