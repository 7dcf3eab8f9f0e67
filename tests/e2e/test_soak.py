"""A short run of the soak that `make soak` does at length, in a process of its own."""

import os
import subprocess
import sys
from pathlib import Path

SOAK = Path(__file__).parents[2] / "packaging" / "soak.py"


def test_short_soak_has_no_faults() -> None:
    command = [sys.executable, str(SOAK), "--points", "300", "--changes", "40", "--seed", "7"]
    environment = {**os.environ, "QT_QPA_PLATFORM": "offscreen"}
    done = subprocess.run(command, capture_output=True, text=True, timeout=110, env=environment)
    assert done.returncode == 0, done.stderr
    assert "300 points, 40 changes" in done.stdout
    assert done.stdout.endswith("0 faults\n")
