"""Run the tests with the lowest versions that pyproject.toml allows, in an own environment.

Every ``name>=version`` or ``name==version`` of the dependencies and of the test group is installed
as that version. Further arguments are handed on to pytest.
"""

import re
import subprocess
import sys
import tomllib
import venv
from pathlib import Path

_ROOT = Path(__file__).resolve().parents[1]
_FOLDER = _ROOT / "build" / "lower-bounds"


def lowest(requirements: list[str]) -> list[str]:
    """Pin each requirement that has a lower bound, or one version, to that."""
    matches = (re.match(r"([\w.-]+)[>=]=([\w.]+)", requirement) for requirement in requirements)
    return [f"{match[1]}=={match[2]}" for match in matches if match]


def run(arguments: list[str]) -> int:
    """Make the environment anew, run the tests in it, and return pytest's exit code."""
    project = tomllib.loads((_ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    pins = lowest(project["project"]["dependencies"]) + lowest(project["dependency-groups"]["test"])
    print("Installing", *pins, flush=True)
    venv.create(_FOLDER, clear=True, with_pip=True)
    python = str(_FOLDER / ("Scripts" if sys.platform == "win32" else "bin") / "python")
    install = [python, "-m", "pip", "install", "--quiet"]
    subprocess.run([*install, *pins], check=True)
    subprocess.run([*install, "--no-deps", "--editable", str(_ROOT)], check=True)
    return subprocess.run([python, "-m", "pytest", *arguments], cwd=_ROOT, check=False).returncode


if __name__ == "__main__":
    sys.exit(run(sys.argv[1:]))
