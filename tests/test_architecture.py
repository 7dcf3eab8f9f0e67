"""Who may import whom, and what the repository may hold; each rule is shown to be able to fail."""

import ast
import pkgutil
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import cnn_explorer.core

ROOT = Path(__file__).parents[1]
LINTER = "import sys; from importlinter.cli import lint_imports; sys.exit(lint_imports())"
MAX_BYTES = 1_000_000


def run_python(code: str, folder: Path = ROOT) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", code], cwd=folder, capture_output=True, text=True, check=False
    )


def test_modules_import_only_from_lower_layers() -> None:
    result = run_python(LINTER)
    assert result.returncode == 0, result.stdout + result.stderr


@pytest.mark.parametrize(
    ("module", "line", "contract"),
    [
        ("core/planted.py", "import PySide6.QtCore", "The core knows no Qt"),
        ("core/planted.py", "import cnn_explorer.io", "Layers of the program"),
        ("io/planted.py", "import pyqtgraph", "Files need no plots"),
        ("io/planted.py", "import cnn_explorer.gui", "Layers of the program"),
        ("gui/canvas.py", "import cnn_explorer.gui.map_grid", "Layers of the window"),
        ("gui/tiles.py", "import cnn_explorer.gui.canvas", "Layers of the window"),
        ("gui/planted.py", "", "Layers of the window"),  # a module that has no place yet
    ],
)
def test_a_planted_import_breaks_its_contract(
    tmp_path: Path, module: str, line: str, contract: str
) -> None:
    package = tmp_path / "cnn_explorer"
    for part in ("core", "io", "gui"):
        (package / part).mkdir(parents=True)
        (package / part / "__init__.py").touch()
    (package / "__init__.py").touch()
    (package / "gui" / "map_grid.py").touch()
    (package / "gui" / "canvas.py").touch()
    (package / module).write_text(line)
    shutil.copy(ROOT / "pyproject.toml", tmp_path)

    result = run_python(LINTER, tmp_path)

    assert result.returncode == 1, result.stdout + result.stderr
    plain = re.sub(r"\x1b\[[\d;]*m", "", result.stdout)  # without colours
    assert re.findall(r"^(.*) BROKEN$", plain, re.MULTILINE) == [contract]


def qt_modules(source: str) -> Iterator[str]:
    """Name the modules of PySide6 that a source imports, at any depth."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        else:
            continue
        yield from (name.split(".")[1] for name in names if name.startswith("PySide6."))


def test_files_use_no_widgets() -> None:
    for path in (ROOT / "cnn_explorer" / "io").rglob("*.py"):
        used = set(qt_modules(path.read_text(encoding="utf-8")))
        assert used <= {"QtCore", "QtGui"}, path


@pytest.mark.parametrize(
    "source",
    [
        "from PySide6 import QtCore, QtWidgets",
        "import PySide6.QtWidgets as widgets",
        "def late():\n    from PySide6.QtWidgets import QLabel",
    ],
)
def test_widgets_are_found_in_every_kind_of_import(source: str) -> None:
    assert "QtWidgets" in set(qt_modules(source))


def loaded_by(*modules: str) -> set[str]:
    """Import modules in a fresh interpreter, and name all that it has loaded then."""
    result = run_python(f"import sys, {', '.join(modules)}; print(*sys.modules)")
    assert result.returncode == 0, result.stderr
    return set(result.stdout.split())


def test_the_core_loads_neither_qt_nor_scipy_signal() -> None:
    core = cnn_explorer.core
    found = [module.name for module in pkgutil.walk_packages(core.__path__, core.__name__ + ".")]
    assert len(found) > 5
    loaded = loaded_by(*found)
    assert loaded >= set(found)
    assert not loaded & {"PySide6", "shiboken6", "pyqtgraph", "scipy.signal"}


def test_what_is_loaded_is_seen() -> None:
    assert loaded_by("PySide6.QtCore") >= {"PySide6", "shiboken6"}


def too_large(folder: Path) -> list[str]:
    """Name the files that git tracks, or would, and that are larger than they should be."""
    listing = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(listing, cwd=folder, capture_output=True, text=True, check=True).stdout
    files = [folder / name for name in names.split("\0") if name]
    return [path.name for path in files if path.is_file() and path.stat().st_size > MAX_BYTES]


@pytest.mark.skipif(not (ROOT / ".git").exists(), reason="not a git checkout")
def test_no_file_is_large() -> None:
    assert not too_large(ROOT)


@pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")
def test_a_large_file_is_found(tmp_path: Path) -> None:
    subprocess.run(["git", "init", "-q"], cwd=tmp_path, check=True)
    (tmp_path / "fits").write_bytes(bytes(MAX_BYTES))
    (tmp_path / "large").write_bytes(bytes(MAX_BYTES + 1))
    assert too_large(tmp_path) == ["large"]
