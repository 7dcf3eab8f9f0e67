"""Work that is kept aside while it is not saved: a folder for each running window, with a lock.

The lock is the process's: it goes with it, however that ends. So what lies in a folder that can be
locked was left by a window that is gone.
"""

import os
from collections.abc import Collection, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from PySide6.QtCore import QLockFile

from cnn_explorer.io.files import FolderError, Stamp
from cnn_explorer.io.session import ENDING, Session, load, save

_NAME = f"session{ENDING}"
_DAMAGED = f"{_NAME}.bad"
_KEY = "autosave"

MOST_DAMAGED = 3
"""Folders of work that cannot be read that are kept, the latest, for whoever can mend it."""


@dataclass(frozen=True, eq=False)
class Aside:
    """Unsaved work.

    Parameters
    ----------
    session
        The work.
    path, stamp
        The file that it was opened from or saved to before, and what that was then; None for none.
    """

    session: Session
    path: Path | None = None
    stamp: Stamp | None = None


class AutosavePlace:
    """A locked folder for the unsaved work of one window.

    Parameters
    ----------
    folder
        The folder, which is made.

    Raises
    ------
    FolderError
        If it cannot be made, or another process has it locked.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lock = QLockFile(str(folder / "lock"))
        self._lock.setStaleLockTime(0)  # however long a window is open
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            reason = error.strerror or str(error)
            raise FolderError(f"{folder} cannot be written ({reason}).") from error
        if not self._lock.tryLock(0):
            raise FolderError(f"{folder} cannot be locked.")

    @property
    def changed(self) -> float:
        """When the work was last kept, in seconds since 1970."""
        return (self._folder / _NAME).stat().st_mtime

    def keep(self, work: Aside) -> None:
        """Write the work; errors as of `save`."""
        about = {"path": None if work.path is None else str(work.path), "stamp": work.stamp}
        extra = {**work.session.extra, _KEY: about}
        save(self._folder / _NAME, replace(work.session, extra=extra))

    def read(self) -> Aside:
        """Read the work; errors as of `load`."""
        session = load(self._folder / _NAME)
        extra = dict(session.extra)
        path, stamp = _about(extra.pop(_KEY, None))
        return Aside(replace(session, extra=extra), path, stamp)

    def forget(self, but: Collection[str] = ()) -> None:
        """Remove the work, and what was left of writing it; the lock stays, and what is named."""
        with suppress(OSError):
            for path in self._folder.iterdir():
                if path.name != "lock" and path.name not in but:
                    path.unlink(missing_ok=True)

    def put_aside(self) -> Path:
        """Rename what cannot be read, and return where it is."""
        target = self._folder / _DAMAGED
        with suppress(OSError):
            os.replace(self._folder / _NAME, target)
        return target

    def unlock(self) -> None:
        """Let go of the folder; it goes where nothing is in it."""
        self._lock.unlock()
        with suppress(OSError):
            self._folder.rmdir()


def new_place(folder: Path) -> AutosavePlace:
    """Make a place under a folder that no other window has; errors as of `AutosavePlace`."""
    with suppress(FolderError):
        return AutosavePlace(folder / os.urandom(6).hex())
    # Another window may have cleared it away, for it was empty before it was locked.
    return AutosavePlace(folder / os.urandom(6).hex())


def left_places(folder: Path) -> Iterator[AutosavePlace]:
    """Go through the places whose windows are gone, the latest first; each is locked by then.

    Folders without work are cleared away before, but for the latest `MOST_DAMAGED` whose work was
    put aside.
    """
    _clear(folder)
    for path in _by_time(folder, _NAME):
        with suppress(FolderError):
            place = AutosavePlace(path)
            # Its window may just have saved it, and be gone.
            if (path / _NAME).is_file():
                yield place
            else:
                place.unlock()


def _clear(folder: Path) -> None:
    damaged = _by_time(folder, _DAMAGED)[:MOST_DAMAGED]
    for path in _folders(folder):
        if (path / _NAME).exists():  # locked only to be offered
            continue
        with suppress(FolderError):
            place = AutosavePlace(path)
            if not (path / _NAME).exists():
                place.forget(but=(_DAMAGED,) if path in damaged else ())
            place.unlock()


def _by_time(folder: Path, name: str) -> list[Path]:
    """The folders in a folder that have a file of this name, the latest first."""
    changed: dict[Path, float] = {}
    for path in _folders(folder):
        with suppress(OSError):
            changed[path] = (path / name).stat().st_mtime
    return sorted(changed, key=changed.__getitem__, reverse=True)


def _folders(folder: Path) -> list[Path]:
    with suppress(OSError):
        return [path for path in folder.iterdir() if path.is_dir()]
    return []


def _about(said: Any) -> tuple[Path | None, Stamp | None]:
    """The file that the work is of, if it is well said."""
    try:
        path, stamp = said["path"], said["stamp"]
        if type(path) is not str:
            return None, None
        time, size, number = stamp or (0, 0, 0)
        return Path(path), (int(time), int(size), int(number)) if stamp else None
    except (TypeError, KeyError, ValueError):
        return None, None
