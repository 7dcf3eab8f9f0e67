"""The one way in which files are written: whole, or not at all.

A single file goes through `write_atomically`. The many files of an export go through `staged`,
which writes them elsewhere on the same disk and moves them in when the last one is complete.
"""

import errno
import os
import shutil
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

Data = bytes | Callable[[BinaryIO], object]
"""What a file is to hold: its bytes, or a function that writes them to an open binary file."""

TEMPORARY = ".cnn-explorer-"
"""How the names of temporary files and folders begin; a killed process may leave one behind."""

_TOGETHER = 8  # files that the disk is asked for at once

_NO_SPACE = {errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC)}
_WRONG_PLACE = {
    errno.EACCES,
    errno.ENOENT,
    errno.EPERM,
    errno.EROFS,
    errno.ENOTDIR,
    errno.ENAMETOOLONG,
    errno.ELOOP,
}


Stamp = tuple[int, int, int]
"""What tells one content of a file from another without reading it: time, size, number."""


class FileError(OSError):
    """A file could not be written; the message is one sentence for the user."""


class FolderError(FileError):
    """The place cannot be written to at all: another has to be chosen."""


def write_atomically(path: str | os.PathLike[str], data: Data) -> None:
    """Write one file so that it is the old one or the new one at every moment, never a part.

    The data go to a temporary file in the same folder, to the disk, and then take the place of the
    old file. A link is followed; the old file's permissions are kept.

    Parameters
    ----------
    path : path
        The file to write. Its folder must exist.
    data : bytes or callable
        The bytes, or a function that writes them to the open binary file it is given.

    Raises
    ------
    FolderError
        If the folder is missing or cannot be written, or `path` is no regular, writable file.
    FileError
        If writing fails, for example because the disk is full. The old file is untouched.
    """
    target = Path(os.path.realpath(path))
    _check_replaceable(target)
    if not os.path.isdir(target.parent):
        raise FolderError(f"There is no folder {target.parent}; choose one that exists.")
    temporary = _temporary_in(target.parent)
    try:
        with _explained(target):
            _write(temporary, data)
            _sync(temporary)
            with suppress(OSError):
                shutil.copymode(target, temporary)
            os.replace(temporary, target)
            _sync_folder(target.parent)
    finally:
        with suppress(OSError):
            os.unlink(temporary)


def stamp(path: str | os.PathLike[str]) -> Stamp | None:
    """Return a file's stamp, which is another once somebody writes it; None where there is none."""
    try:
        about = os.stat(path)
    except OSError:
        return None
    return about.st_mtime_ns, about.st_size, about.st_ino


def existing(folder: str | os.PathLike[str], names: Iterable[str]) -> tuple[str, ...]:
    """Return those of `names` that are in `folder` already, and so would be overwritten."""
    return tuple(name for name in names if os.path.lexists(Path(folder) / name))


class Stage:
    """Where the files of one export wait until all are complete; made by `staged`."""

    def __init__(self, folder: Path, area: Path) -> None:
        self._folder = folder
        self._new = area / "new"
        self._old = area / "old"
        self._names: list[str] = []

    def write(self, name: str, data: Data) -> None:
        """Write one file of the export, but not yet to its folder.

        Parameters
        ----------
        name : str
            A plain file name, without any folder, that this export has not used yet.
        data : bytes or callable
            The bytes, or a function that writes them to the open binary file it is given.

        Raises
        ------
        FileError
            If the name is not plain or is taken by a folder, or if writing fails.
        """
        if name in {"", ".", ".."} or any(character in "/\\:\0" for character in name):
            raise FileError(f"{name!r} is not a plain file name; leave out folders and colons.")
        _check_replaceable(self._folder / name)
        with _explained(self._folder / name):
            _write(self._new / name, data)
        self._names.append(name)

    def _bring_to_disk(self) -> None:
        """Wait until the disk itself holds all files: many at once, which it does in one go."""
        with ThreadPoolExecutor(_TOGETHER) as pool:
            list(pool.map(_sync, [self._new / name for name in self._names]))

    def _open(self) -> None:
        """Make the area; this is also the proof that the folder's disk can be written."""
        self._new.parent.mkdir()
        self._new.mkdir()
        self._old.mkdir()

    def _move_in(self) -> None:
        """Move every file into its folder; if one cannot be moved, put everything back."""
        around = (self._folder, *self._folder.parents)
        absent = [path for path in around if not os.path.lexists(path)]
        try:
            for path in reversed(absent):
                path.mkdir(exist_ok=True)
            for name in self._names:
                with suppress(FileNotFoundError):
                    os.replace(self._folder / name, self._old / name)
                os.replace(self._new / name, self._folder / name)
            _sync_folder(self._folder)
        except BaseException as failure:
            lost = self._put_back()
            for path in absent:
                with suppress(OSError):
                    path.rmdir()
            if lost:
                raise FileError(
                    f"The files could not be moved into {self._folder}, and {lost} that were there "
                    f"could not be put back; they are kept in {self._old}."
                ) from failure
            raise
        shutil.rmtree(self._old, ignore_errors=True)

    def _put_back(self) -> int:
        """Undo `_move_in`, however far it came, and return how many old files stay aside.

        What happened is read from the disk, so that an interruption between a move and a note of
        it loses nothing.
        """
        for name in self._names:
            with suppress(OSError):
                if os.path.lexists(self._old / name):
                    os.replace(self._old / name, self._folder / name)
                elif not os.path.lexists(self._new / name):
                    os.unlink(self._folder / name)
        return len(list(self._old.iterdir()))

    def _clear(self) -> None:
        """Remove the area, except old files that could not be put back."""
        shutil.rmtree(self._new, ignore_errors=True)
        for folder in (self._old, self._new.parent):
            with suppress(OSError):
                folder.rmdir()


@contextmanager
def staged(folder: str | os.PathLike[str]) -> Iterator[Stage]:
    """Write many files into one folder, all or none.

    ``with staged(folder) as stage: stage.write("a.png", …)`` writes to a temporary folder on the
    same disk. When the block ends, the files are moved into `folder`, which is made if it is not
    there, and replace those of the same names. If the block is left by any exception, such as a
    cancellation or Ctrl+C, or if a move fails, then `folder` is as it was and nothing else stays.
    A process that is killed leaves whole files only, and a folder ``.cnn-explorer-…`` that holds
    what had not been moved and, under ``old``, what had been moved aside.

    Parameters
    ----------
    folder : path
        Where the files are to be. It and the folders above it need not exist.

    Yields
    ------
    Stage
        Its ``write(name, data)`` adds one file.

    Raises
    ------
    FolderError
        On entering, if `folder` is no folder or cannot be written.
    FileError
        If there is no space, or a file cannot be written or moved.
    """
    target = Path(os.path.realpath(folder))
    base = next(path for path in (target, *target.parents) if os.path.lexists(path))
    if not os.path.isdir(base):
        raise FolderError(f"{base} is a file, not a folder; choose a folder.")
    stage = Stage(target, _temporary_in(base))
    try:
        with _explained(target):
            stage._open()
        yield stage
        with _explained(target):
            stage._bring_to_disk()
            stage._move_in()
    finally:
        stage._clear()


def _temporary_in(folder: Path) -> Path:
    """Return a path in `folder` that nothing else uses."""
    return folder / f"{TEMPORARY}{os.urandom(6).hex()}"


def _check_replaceable(path: Path) -> None:
    """Raise FolderError where a file at `path` would replace what should not be replaced."""
    if os.path.isdir(path):
        raise FolderError(f"{path} is a folder; choose the name of a file.")
    if os.path.exists(path) and not os.path.isfile(path):
        raise FolderError(f"{path} is a device, not a file; choose the name of a file.")
    if os.path.exists(path) and not os.access(path, os.W_OK):
        raise FolderError(f"{path} is read-only; choose another name.")


def _write(path: Path, data: Data) -> None:
    """Write a new file; `_sync` brings it to the disk."""
    with open(path, "xb") as stream:
        if callable(data):
            data(stream)
        else:
            stream.write(data)


def _sync(path: Path) -> None:
    """Wait until the disk itself holds a file."""
    with open(path, "rb+") as stream:
        os.fsync(stream.fileno())


def _sync_folder(folder: Path) -> None:
    """Bring the names in `folder` to the disk, on systems that can."""
    with suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


@contextmanager
def _explained(path: Path) -> Iterator[None]:
    """Turn an error of the system into a FileError with a sentence about `path`."""
    try:
        yield
    except FileError:
        raise
    except OSError as error:
        if error.errno in _NO_SPACE:
            raise FileError(f"There is no space left to write {path}; free some.") from error
        reason = error.strerror or str(error)
        if error.errno in _WRONG_PLACE:
            raise FolderError(f"{path} cannot be written ({reason}); choose another.") from error
        raise FileError(f"{path} could not be written ({reason}).") from error
