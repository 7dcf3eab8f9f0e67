"""Asking for the name of a file to write: it gets its ending, and nothing is replaced unasked."""

import os
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from PySide6.QtWidgets import QFileDialog, QMessageBox, QWidget


def _alone(path: Path, kind: str) -> Iterable[Path]:
    return ()


def ask_save_name(
    parent: QWidget,
    title: str,
    proposal: Path,
    kinds: Mapping[str, str],
    beside: Callable[[Path, str], Iterable[Path]] = _alone,
) -> tuple[Path, str] | None:
    """Ask where to write, and whether to replace what is there.

    The file dialog asks about the name as it was typed. So where an ending is added to it, or
    other files are written beside it, it is asked here about those.

    Parameters
    ----------
    parent, title
        Of the file dialog.
    proposal
        The folder and the name to begin with.
    kinds
        The ending of each kind of file, such as ``{"NumPy": ".npz"}``.
    beside
        Gives for a file and its kind what else will be written.

    Returns
    -------
    tuple or None
        An absolute path that has one of the endings, and the kind that was chosen; None where
        nothing is to be written.
    """
    filters = {f"{kind} (*{ending})": kind for kind, ending in kinds.items()}
    typed, chosen = QFileDialog.getSaveFileName(parent, title, str(proposal), ";;".join(filters))
    if not typed:
        return None
    kind = filters.get(chosen, next(iter(kinds)))
    named = typed if typed.lower().endswith(tuple(kinds.values())) else typed + kinds[kind]
    path = Path(named).absolute()
    there = [one for one in (path, *beside(path, kind)) if os.path.lexists(one)]
    unasked = [str(one) for one in there if one != Path(typed).absolute()]
    return (path, kind) if not unasked or _may_replace(parent, unasked) else None


def _may_replace(parent: QWidget, names: list[str]) -> bool:
    exist = "exists" if len(names) == 1 else "exist"
    answer = QMessageBox.question(
        parent,
        "Replace file?" if len(names) == 1 else "Replace files?",
        f"{' and '.join(names)} {exist} already. Replace?",
        QMessageBox.StandardButton.Yes | QMessageBox.StandardButton.Cancel,
        QMessageBox.StandardButton.Cancel,
    )
    return answer == QMessageBox.StandardButton.Yes
