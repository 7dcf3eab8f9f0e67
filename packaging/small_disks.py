"""Save sessions on disks of every size: ``make small-disks``.

First under a limit of the size of files, for every number of bytes from 0 to what the file needs,
then, where this process may mount one, on a tmpfs of every number of pages. The old file must stay
as it is to the last bit, nothing may lie beside it, and the error must be one sentence; with room
enough, the new file must load. Exit code 0 if so.
"""

import argparse
import os
import resource
import subprocess
import sys
import tempfile
from dataclasses import replace
from pathlib import Path

from cnn_explorer.core.building import new_network
from cnn_explorer.core.state import Scene
from cnn_explorer.core.view import View
from cnn_explorer.io.files import FileError
from cnn_explorer.io.session import Session, load, opening_state, save

_PAGE = resource.getpagesize()


def main() -> int:
    """Try all sizes and print how many there were."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--step", type=int, default=1, help="bytes from one limit to the next")
    options = parser.parse_args()
    state = opening_state()
    scene = Scene("One", "", replace(state, centred=True), View())
    old = Session(state, View())
    new = Session(replace(state, network=new_network((5, 6)), scenes=(scene,)), View())
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "new.cnnx")
        save(path, new)
        needed = path.stat().st_size
        path.unlink()
        path = Path(folder, "lesson.cnnx")
        save(path, old)
        sentences = set()
        for size in range(0, needed, options.step):
            sentences.add(_refused(path, new, size))
        assert _refused(path, new, needed) is None
        assert load(path).state.scenes
    print(f"limits of 0 to {needed:,} bytes, by {options.step}: the old file stayed each time")
    print("\n".join(sorted(filter(None, sentences))))
    print(_disks(old, new))
    return 0


def _refused(path: Path, session: Session, size: int) -> str | None:
    """Save under a limit; the sentence, with the path left out, or None if it was saved."""
    hard = resource.getrlimit(resource.RLIMIT_FSIZE)[1]
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        return _tried(path, session)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))


def _tried(path: Path, session: Session) -> str | None:
    before, beside = path.read_bytes(), sorted(os.listdir(path.parent))
    try:
        save(path, session)
    except FileError as error:
        assert path.read_bytes() == before
        assert sorted(os.listdir(path.parent)) == beside
        sentence = str(error)
        assert sentence.endswith("."), sentence
        assert "\n" not in sentence, sentence
        return sentence.replace(str(path.parent), "…")
    return None


def _disks(old: Session, new: Session) -> str:
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        pages, refused = 1, 0
        while True:
            mount = ["mount", "-t", "tmpfs", "-o", f"size={pages * _PAGE}", "tmpfs", folder]
            if subprocess.run(mount, check=False, capture_output=True).returncode:
                return "no tmpfs: this process may not mount one"
            try:
                try:
                    save(place / "lesson.cnnx", old)
                except FileError:  # not even the old file has room
                    assert not os.listdir(folder)
                    sentence: str | None = ""
                else:
                    sentence = _tried(place / "lesson.cnnx", new)
                    assert sentence is None or "no space left" in sentence, sentence
            finally:
                subprocess.run(["umount", folder], check=True)
            if sentence is None:
                return f"a tmpfs of 1 to {pages - 1} pages: {refused} times the old file stayed"
            refused += bool(sentence)
            pages += 1


if __name__ == "__main__":
    sys.exit(main())
