"""Files are written whole or not at all, whatever goes wrong and whenever."""

import errno
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

import numpy as np
import pytest

from cnn_explorer.io import files
from cnn_explorer.io.files import FileError, FolderError, existing, staged, write_atomically

NAMES = ("a.png", "b.png", "manifest.json")
NEW = {name: f"new {name}".encode() for name in NAMES}

State = dict[str, bytes | None]


def contents(folder: Path) -> State:
    """Every file under a folder with its bytes, and every folder with None."""
    return {
        str(path.relative_to(folder)): None if path.is_dir() else path.read_bytes()
        for path in folder.rglob("*")
    }


def export(folder: Path) -> None:
    with staged(folder) as stage:
        for name, data in NEW.items():
            stage.write(name, data)


def sentence(error: pytest.ExceptionInfo[BaseException]) -> str:
    text = str(error.value)
    assert text.endswith(".")
    assert "\n" not in text
    return text


def no_space(*_: object) -> None:
    raise OSError(errno.ENOSPC, "No space left on device")


# One file


@pytest.mark.parametrize("old", [None, b"old"])
def test_a_file_is_written_from_bytes_or_by_a_function(tmp_path: Path, old: bytes | None) -> None:
    for name, data in (("a", b"new"), ("b", lambda stream: stream.write(b"new"))):
        if old is not None:
            (tmp_path / name).write_bytes(old)
        write_atomically(tmp_path / name, data)
    assert contents(tmp_path) == {"a": b"new", "b": b"new"}


def test_a_relative_path_is_meant_from_here(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    write_atomically("a", b"new")
    with staged("out") as stage:
        monkeypatch.chdir("/")
        stage.write("b", b"new")
    assert contents(tmp_path) == {"a": b"new", "out": None, str(Path("out/b")): b"new"}


def fails_in_the_middle(stream: BinaryIO) -> None:
    stream.write(b"half")
    raise KeyboardInterrupt


@pytest.mark.parametrize("old", [{}, {"a": b"old"}])
def test_a_failure_keeps_the_old_file(tmp_path: Path, old: dict[str, bytes]) -> None:
    for name, data in old.items():
        (tmp_path / name).write_bytes(data)
    with pytest.raises(KeyboardInterrupt):
        write_atomically(tmp_path / "a", fails_in_the_middle)
    assert contents(tmp_path) == old


@pytest.mark.parametrize("call", ["os.fsync", "os.replace"])
def test_a_full_disk_keeps_the_old_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    (tmp_path / "a").write_bytes(b"old")
    monkeypatch.setattr(call, no_space)
    with pytest.raises(FileError, match="no space left") as error:
        write_atomically(tmp_path / "a", b"new")
    assert str(tmp_path / "a") in sentence(error)
    assert not isinstance(error.value, FolderError)
    assert contents(tmp_path) == {"a": b"old"}


def test_it_is_on_the_disk_before_it_takes_the_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[str] = []
    fsync, replace = os.fsync, os.replace

    def noted_fsync(descriptor: int) -> None:
        calls.append("fsync")
        fsync(descriptor)

    def noted_replace(source: Path, target: Path) -> None:
        calls.append("replace")
        assert Path(source).read_bytes() == b"new"
        replace(source, target)

    monkeypatch.setattr(os, "fsync", noted_fsync)
    monkeypatch.setattr(os, "replace", noted_replace)
    write_atomically(tmp_path / "a", b"new")
    assert calls[:2] == ["fsync", "replace"]


def test_places_that_cannot_be_written_get_their_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"old")
    for path, reason in (
        (tmp_path / "missing" / "a", "There is no folder"),
        (tmp_path / "file" / "a", "There is no folder"),
        (tmp_path, "is a folder"),
        (tmp_path / ("a" * 300), "cannot be written"),
    ):
        with pytest.raises(FolderError, match=reason) as error:
            write_atomically(path, b"new")
        assert str(tmp_path) in sentence(error)
    assert contents(tmp_path) == {"file": b"old"}


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="the system has no pipes with names")
def test_a_device_is_not_replaced_by_a_file(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(FolderError, match="is a device, not a file"):
        write_atomically(tmp_path / "pipe", b"new")
    assert (tmp_path / "pipe").is_fifo()


@pytest.mark.parametrize("code", [errno.EACCES, errno.EROFS, errno.EPERM])
def test_a_folder_that_may_not_be_written_gets_its_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    def denied(*_: object, **__: object) -> None:  # as root, permissions do not hold
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr("builtins.open", denied)
    with pytest.raises(FolderError, match="cannot be written") as error:
        write_atomically(tmp_path / "a", b"new")
    assert os.strerror(code) in sentence(error)
    monkeypatch.setattr(Path, "mkdir", denied)
    with pytest.raises(FolderError, match="cannot be written") as error:
        export(tmp_path / "out")
    assert str(tmp_path / "out") in sentence(error)
    monkeypatch.undo()
    assert contents(tmp_path) == {}


def test_a_read_only_file_is_not_replaced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a.png").write_bytes(b"old")
    (tmp_path / "a.png").chmod(0o444)
    monkeypatch.setattr(os, "access", lambda path, mode: False)  # what root is not told
    with pytest.raises(FolderError, match="is read-only"):
        write_atomically(tmp_path / "a.png", b"new")
    with pytest.raises(FolderError, match="is read-only"):
        export(tmp_path)
    assert contents(tmp_path) == {"a.png": b"old"}


@pytest.mark.skipif(os.name == "nt", reason="needs the permissions and links of Unix")
def test_links_and_permissions_are_kept(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"old")
    (tmp_path / "a").chmod(0o640)
    (tmp_path / "link").symlink_to("a")
    write_atomically(tmp_path / "link", b"new")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "a").read_bytes() == b"new"
    assert (tmp_path / "a").stat().st_mode & 0o777 == 0o640
    (tmp_path / "plain").touch()
    write_atomically(tmp_path / "fresh", b"new")
    export(tmp_path / "out")
    export(tmp_path / "out")
    for name in ("fresh", "out/a.png"):
        assert (tmp_path / name).stat().st_mode == (tmp_path / "plain").stat().st_mode


# Many files


@pytest.fixture(params=["absent", "absent, deep", "empty", "some", "all"])
def folder(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """A folder for an export in each condition in which it can be found."""
    place = tmp_path / "above" / "out" if "deep" in request.param else tmp_path / "out"
    if "absent" not in request.param:
        place.mkdir()
        (place / "other.txt").write_bytes(b"other")
    for name in {"some": NAMES[1:2], "all": NAMES}.get(request.param, ()):
        (place / name).write_bytes(b"old " + name.encode())
    return place


def test_all_files_arrive_and_nothing_else_changes(tmp_path: Path, folder: Path) -> None:
    before = contents(folder)
    export(folder)
    assert contents(folder) == before | NEW
    above = {path.name for path in folder.parent.iterdir()} | {p.name for p in tmp_path.iterdir()}
    assert above <= {"above", "out"}


@pytest.mark.parametrize("reason", [RuntimeError, KeyboardInterrupt, FileError, ValueError])
def test_leaving_early_changes_nothing(
    tmp_path: Path, folder: Path, reason: type[BaseException]
) -> None:
    def leave() -> None:
        with staged(folder) as stage:
            stage.write(NAMES[0], NEW[NAMES[0]])
            raise reason

    before = contents(tmp_path)
    with pytest.raises(reason):
        leave()
    assert contents(tmp_path) == before


def test_every_file_is_on_the_disk_before_the_first_is_moved(tmp_path, monkeypatch):
    calls = []
    fsync, replace = os.fsync, os.replace

    def noted_fsync(descriptor: int) -> None:
        calls.append(os.fstat(descriptor).st_ino)
        fsync(descriptor)

    def noted_replace(source, target) -> None:
        replace(source, target)
        calls.append("move")

    monkeypatch.setattr(os, "fsync", noted_fsync)
    monkeypatch.setattr(os, "replace", noted_replace)
    with staged(tmp_path) as stage:
        for number in range(30):
            stage.write(f"{number}", b"new")
    files = {(tmp_path / f"{number}").stat().st_ino for number in range(30)}
    assert set(calls[: calls.index("move")]) == files
    assert calls.count("move") == 30


@pytest.mark.parametrize("call", ["os.replace", "os.fsync", "pathlib.Path.mkdir"])
@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize(
    "failure", [OSError(errno.ENOSPC, "full"), KeyboardInterrupt()], ids=["full", "interrupted"]
)
def test_a_failure_at_any_step_changes_nothing(
    tmp_path: Path,
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    call: str,
    after: bool,
    failure: BaseException,
) -> None:
    before = contents(tmp_path)
    expected = FileError if isinstance(failure, OSError) else KeyboardInterrupt
    for step in range(100):
        with monkeypatch.context() as patch:
            counter = failing_once(patch, call, step, failure, after)
            try:
                export(folder)
            except expected:
                assert counter() > step
                assert contents(tmp_path) == before
            else:
                # Beyond the last step, or at one that may fail: telling the disk of the names.
                done = contents(tmp_path)
                assert {str(folder.relative_to(tmp_path) / name) for name in NAMES} <= done.keys()
                if counter() <= step:
                    break
                for name in NAMES:
                    (folder / name).unlink()
                restore(tmp_path, before)
    assert step >= 1


def failing_once(
    patch: pytest.MonkeyPatch, call: str, step: int, failure: BaseException, after: bool
) -> Callable[[], int]:
    """Make one call of a function fail, before or after its work; return the call counter."""
    owner_name, _, name = call.rpartition(".")
    owner = Path if owner_name.endswith("Path") else os
    original = getattr(owner, name)
    calls = 0

    def failing(*arguments: object, **options: object) -> object:
        nonlocal calls
        calls += 1
        if calls != step + 1:
            return original(*arguments, **options)
        if after:
            original(*arguments, **options)
        raise failure

    patch.setattr(owner, name, failing)
    return lambda: calls


def restore(root: Path, state: State) -> None:
    """Make a folder what `contents` once said."""
    for path in sorted(root.rglob("*"), reverse=True):
        if str(path.relative_to(root)) not in state:
            path.rmdir() if path.is_dir() else path.unlink()
    for name, data in state.items():
        if data is not None:
            (root / name).write_bytes(data)


def test_old_files_that_cannot_be_put_back_are_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in NAMES:
        (tmp_path / name).write_bytes(b"old")
    replace, calls = os.replace, 0

    def failing(source: Path, target: Path) -> None:
        nonlocal calls
        calls += 1
        if calls > 3:  # a.png is done and b.png is aside: now the disk is taken away
            raise OSError(errno.EIO, "Input/output error")
        replace(source, target)

    monkeypatch.setattr(os, "replace", failing)
    with pytest.raises(FileError, match="2 that were there could not be put back") as error:
        export(tmp_path)
    (area,) = tmp_path.glob(files.TEMPORARY + "*")
    assert str(area / "old") in sentence(error)
    assert contents(area) == {"old": None, "old/a.png": b"old", "old/b.png": b"old"}
    assert (tmp_path / "manifest.json").read_bytes() == b"old"


KILLED = """
import os, sys
from cnn_explorer.io.files import staged, write_atomically

calls = {name: getattr(os, name) for name in ("replace", "fsync", "unlink", "rmdir")}
left = int(sys.argv[2])

def counted(name):
    def call(*arguments, **options):
        global left
        left -= 1
        if left < 0:
            os._exit(9)
        return calls[name](*arguments, **options)
    return call

for name in calls:
    setattr(os, name, counted(name))
with staged(sys.argv[1]) as stage:
    for name in ("a.png", "b.png"):
        stage.write(name, b"new")
"""


@pytest.mark.parametrize("step", range(0, 12, 2))
def test_a_killed_process_leaves_whole_files(tmp_path: Path, step: int) -> None:
    for name in ("a.png", "b.png"):
        (tmp_path / name).write_bytes(b"old")
    command = [sys.executable, "-c", KILLED, str(tmp_path), str(step)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.stderr == ""
    state = contents(tmp_path)
    left = {name for name in state if name.startswith(files.TEMPORARY)}
    assert set(state) - left <= {"a.png", "b.png"}
    assert set(state.values()) <= {b"old", b"new", None}
    for name in ("a.png", "b.png"):
        kept = [data for place, data in state.items() if Path(place).name == name]
        assert state.get(name) in (b"old", b"new") or b"old" in kept


def test_folders_that_cannot_be_used_get_their_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"old")
    (tmp_path / "out" / "a.png").mkdir(parents=True)
    before = contents(tmp_path)
    for place, reason in (
        (tmp_path / "file", "is a file, not a folder"),
        (tmp_path / "file" / "below", "is a file, not a folder"),
        (tmp_path / "out", "is a folder"),
        (tmp_path / ("a" * 300), "cannot be written"),
    ):
        with pytest.raises(FolderError, match=reason) as error:
            export(place)
        assert str(tmp_path) in sentence(error)
        assert contents(tmp_path) == before


@pytest.mark.parametrize(
    "name", ["", ".", "..", "../a", "/a", "a/b", "a\\b", "..\\a", "C:a", "a\0", "a/../../b"]
)
def test_a_name_cannot_lead_out_of_the_folder(tmp_path: Path, name: str) -> None:
    def write() -> None:
        with staged(tmp_path / "out") as stage:
            stage.write(name, b"new")

    with pytest.raises(FileError, match="is not a plain file name") as error:
        write()
    sentence(error)
    assert contents(tmp_path) == {}


def test_a_name_can_be_used_once(tmp_path: Path) -> None:
    def write() -> None:
        with staged(tmp_path / "out") as stage:
            stage.write("a", b"one")
            stage.write("a", b"two")

    with pytest.raises(FileError, match=os.strerror(errno.EEXIST)):
        write()
    assert contents(tmp_path) == {}


def test_what_would_be_overwritten_is_told(tmp_path: Path) -> None:
    (tmp_path / "b.png").touch()
    assert existing(tmp_path, NAMES) == ("b.png",)
    assert existing(tmp_path / "missing", NAMES) == ()
    assert existing(tmp_path / "b.png", NAMES) == ()


@pytest.mark.skipif(os.name == "nt", reason="needs links")
def test_a_link_to_a_folder_is_followed(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to("real")
    export(tmp_path / "link")
    assert (tmp_path / "link").is_symlink()
    assert contents(tmp_path / "real") == NEW


# A disk that is full in earnest: the system refuses to write more than so many bytes


LIMITED = """
import resource, signal, sys
import numpy as np
from cnn_explorer.io.files import FileError, staged, write_atomically

resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))
maps = np.random.default_rng(0).random(10_000, np.float32)
writers = {
    "bytes": maps.tobytes(),
    "npz": lambda stream: np.savez(stream, maps=maps),
    "npz packed": lambda stream: np.savez_compressed(stream, maps=maps),
}
for name, data in writers.items():
    try:
        write_atomically(sys.argv[1] + "/a.npz", data)
    except FileError as error:
        print(error)
    try:
        with staged(sys.argv[1]) as stage:
            stage.write("manifest.json", b"new")
            stage.write("a.npz", data)
    except FileError as error:
        print(error)
"""


@pytest.mark.skipif(os.name == "nt", reason="needs the limits of Unix")
def test_a_file_beyond_a_limit_leaves_the_old_one(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", maps=np.zeros(3))
    before = contents(tmp_path)
    command = [sys.executable, "-c", LIMITED, str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.stderr == ""
    expected = f"{tmp_path / 'a.npz'} could not be written ({os.strerror(errno.EFBIG)})."
    assert done.stdout.splitlines() == [expected] * 6
    assert contents(tmp_path) == before
