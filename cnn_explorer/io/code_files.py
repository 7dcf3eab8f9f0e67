"""A script as a file, with its numbers in an NPZ file beside it where they are many."""

import os
from functools import partial
from pathlib import Path

from cnn_explorer.core.addresses import Address
from cnn_explorer.core.code import Library, script
from cnn_explorer.core.state import State
from cnn_explorer.io.arrays import whole_member, write_npz
from cnn_explorer.io.export import FilesExistError
from cnn_explorer.io.files import existing, staged


def numbers_beside(path: Path) -> Path:
    """Where the numbers of a script lie, if they are too many for it."""
    return path.with_name(f"{path.stem}-numbers.npz")


def write_code(
    path: str | os.PathLike[str],
    state: State,
    library: Library,
    *,
    address: Address | None = None,
    pixel: tuple[int, int] | None = None,
    overwrite: bool = False,
) -> tuple[str, ...]:
    """Write a script, all that it needs or nothing; the same document has the same bytes.

    Parameters
    ----------
    path
        Of the script. Numbers that are too many for it go into a file beside it,
        ``maps-numbers.npz`` for ``maps.py``.
    state, library, address, pixel
        As in `cnn_explorer.core.code.script`.
    overwrite
        Whether files of these names are replaced.

    Returns
    -------
    tuple of str
        Names of the files.

    Raises
    ------
    ValueError
        If there is no such script, or without `overwrite` a file is there already.
    cnn_explorer.io.files.FileError
        If a file cannot be written; nothing then is.
    """
    path = Path(path)
    beside = numbers_beside(path).name
    text, numbers = script(state, library, address=address, pixel=pixel, beside=beside)
    names = (path.name, *[beside] * bool(numbers))
    there = existing(path.parent, names)
    if there and not overwrite:
        raise FilesExistError(path.parent, there)
    with staged(path.parent) as stage:
        stage.write(path.name, text.encode())
        if numbers:
            members = [whole_member(name, array) for name, array in numbers.items()]
            stage.write(beside, partial(write_npz, members=members))
    return names
