"""Hold the core against PyTorch, and scripts and stacks against what they are written for.

What is needed is installed into build/frameworks, and tests/frameworks is run; arguments are
handed on to pytest. Where PyTorch, Keras and tifffile are there already, nothing is installed. On
Linux ``PIP_INDEX_URL=https://download.pytorch.org/whl/cpu`` chooses the packages without CUDA.
"""

import importlib.util
import subprocess
import sys
import tomllib
from pathlib import Path

_ROOT = Path(__file__).resolve().parents[1]
_FOLDER = _ROOT / "build" / "frameworks"


def run(arguments: list[str]) -> int:
    """Install what is missing, run the tests, and return pytest's exit code."""
    missing = [
        name
        for name in ("torch", "keras", "tifffile")
        if importlib.util.find_spec(name) is None and not (_FOLDER / name).exists()
    ]
    if missing:
        project = tomllib.loads((_ROOT / "pyproject.toml").read_text(encoding="utf-8"))
        needed = project["dependency-groups"]["frameworks"]
        print("Installing", *needed, flush=True)
        install = [sys.executable, "-m", "pip", "install", "--quiet", "--target", str(_FOLDER)]
        subprocess.run([*install, *needed], check=True)
    # After everything else: what the environment has itself comes first.
    code = f"import sys; sys.path.append({str(_FOLDER)!r}); import pytest; sys.exit(pytest.main())"
    command = [sys.executable, "-c", code, "tests/frameworks", *arguments]
    return subprocess.run(command, cwd=_ROOT, check=False).returncode


if __name__ == "__main__":
    sys.exit(run(sys.argv[1:]))
