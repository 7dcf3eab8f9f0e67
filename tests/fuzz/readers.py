"""The program's readers of files, each with a valid file of its kind: what fuzzing goes through."""

import gzip
import io
import random
import struct
import tempfile
import tracemalloc
import warnings
import zipfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache, partial
from pathlib import Path

import numpy as np

from cnn_explorer.core.kernel_edits import with_cell
from cnn_explorer.core.mutes import toggle_mute
from cnn_explorer.core.selection import Selection
from cnn_explorer.core.state import Scene, State
from cnn_explorer.core.view import View
from cnn_explorer.io.datasets import DigitsError, open_digits
from cnn_explorer.io.export import ExportOptions, export
from cnn_explorer.io.exports import ARRAYS, MANIFEST, ExportedError, load_export
from cnn_explorer.io.session import Session, SessionError, load, opening_state, save
from cnn_explorer.io.share import ShareError, content_of, opened, packed
from cnn_explorer.io.weights import NetworkError, load_network, save_network

from .mutations import mutated

MOST_MEMORY = 24 << 20
"""Bytes that reading a broken file of some kilobytes may take."""

Change = Callable[[bytes], bytes]


@dataclass(frozen=True)
class Reader:
    """A reader of files.

    Parameters
    ----------
    name
        Of the kind of file; the name of a file ends in it.
    make
        Makes a valid file, after each part that has a packing or checksum of its own went through
        a function. So mutations reach what lies behind those.
    read
        Reads a file.
    error
        What it may raise: one sentence.
    """

    name: str
    make: Callable[[Change], bytes]
    read: Callable[[Path], object]
    error: type[Exception]


def _idx(change: Change) -> bytes:
    pixels = np.random.default_rng(0).integers(0, 256, 3 * 784, np.uint8)
    return change(struct.pack(">BBBBIII", 0, 0, 8, 3, 3, 28, 28) + pixels.tobytes())


def _idx_gz(change: Change) -> bytes:
    return gzip.compress(_idx(change), mtime=0)


def _npz(change: Change, packing: int = zipfile.ZIP_STORED) -> bytes:
    generator = np.random.default_rng(0)
    arrays = {
        "x": generator.integers(0, 256, (3, 28, 28), np.uint8),
        "y": generator.integers(0, 10, 3),
    }
    return _zip({f"{name}.npy": change(_npy(array)) for name, array in arrays.items()}, packing)


def _npz_packed(change: Change) -> bytes:
    return _npz(change, zipfile.ZIP_DEFLATED)


def _npz_floats(change: Change) -> bytes:
    images = np.random.default_rng(0).random((2, 1, 28, 28), np.float32)
    return _zip({"images.npy": change(_npy(images))}, zipfile.ZIP_STORED)


def _session(change: Change) -> bytes:
    members = {name: change(data) for name, data in _saved().items()}
    return _zip(members, zipfile.ZIP_STORED)


@cache
def _saved() -> dict[str, bytes]:
    """What is in a document."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "a.cnnx"
        state = opening_state()
        scene = Scene("One", "Look at the diagonal.", replace(state, centred=True), View())
        save(path, Session(replace(state, scenes=(scene,)), View(), {"later": [1, "2"]}))
        with zipfile.ZipFile(path) as archive:
            return {name: archive.read(name) for name in archive.namelist()}


def _safetensors(change: Change) -> bytes:
    """The header behind its length, and the tensors."""
    content = _network(".safetensors")
    end = 8 + int.from_bytes(content[:8], "little")
    header = change(content[8:end])
    return len(header).to_bytes(8, "little") + header + change(content[end:])


def _npz_network(change: Change) -> bytes:
    with zipfile.ZipFile(io.BytesIO(_network(".npz"))) as archive:
        members = {name: change(archive.read(name)) for name in archive.namelist()}
    return _zip(members, zipfile.ZIP_STORED)


@cache
def _network(ending: str) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"a{ending}"
        save_network(path, opening_state().network)
        return path.read_bytes()


def _npy(array: np.ndarray) -> bytes:
    file = io.BytesIO()
    np.save(file, array, allow_pickle=False)
    return file.getvalue()


def _zip(members: dict[str, bytes], packing: int) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", packing) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return file.getvalue()


def _share(change: Change) -> bytes:
    """Description and numbers behind their packing, with a checksum that is right."""
    described, numbers = _shared()
    return packed(change(described), change(numbers)).encode()


@cache
def _shared() -> tuple[bytes, bytes]:
    return content_of(Session(_edited(), View(Selection(1, pin=(3, 4)))))


@cache
def _edited() -> State:
    state = opening_state()
    network = with_cell(toggle_mute(state.network, 1, 0, 1), 1, 2, 1, (0, 1), 0.3)
    return replace(state, network=network)


def _read_share(path: Path) -> Session:
    return opened(path.read_bytes().decode("latin-1"))


def _manifest(change: Change) -> bytes:
    return change(_exported()[MANIFEST])


def _exported_arrays(change: Change) -> bytes:
    with zipfile.ZipFile(io.BytesIO(_exported()[ARRAYS])) as archive:
        members = {name: change(archive.read(name)) for name in archive.namelist()}
    return _zip(members, zipfile.ZIP_STORED)


@cache
def _exported() -> dict[str, bytes]:
    """What is in an export."""
    with tempfile.TemporaryDirectory() as folder:
        names = export(_edited(), folder, ExportOptions(("npz",)))
        return {name: (Path(folder) / name).read_bytes() for name in names}


def _read_export(path: Path, name: str) -> Session:
    """Read one of the two files of an export, beside the other as it should be."""
    folder = path.parent / "export"
    folder.mkdir(exist_ok=True)
    for own, content in _exported().items():
        (folder / own).write_bytes(path.read_bytes() if own == name else content)
    return load_export(folder)


READERS = (
    Reader("idx", _idx, open_digits, DigitsError),
    Reader("idx.gz", _idx_gz, open_digits, DigitsError),
    Reader("npz", _npz, open_digits, DigitsError),
    Reader("packed npz", _npz_packed, open_digits, DigitsError),
    Reader("floats npz", _npz_floats, open_digits, DigitsError),
    Reader("cnnx", _session, load, SessionError),
    Reader("safetensors", _safetensors, load_network, NetworkError),
    Reader("share string", _share, _read_share, ShareError),
    Reader("manifest", _manifest, partial(_read_export, name=MANIFEST), ExportedError),
    Reader("maps npz", _exported_arrays, partial(_read_export, name=ARRAYS), ExportedError),
    Reader("network npz", _npz_network, load_network, NetworkError),
)


def fuzz(reader: Reader, folder: Path, rounds: int, seed: int = 0) -> tuple[int, int]:
    """Read so many mutated files.

    Returns
    -------
    tuple
        How many were refused, and the most bytes that one took.

    Raises
    ------
    AssertionError
        Where one raised anything else than one sentence, or took too much memory; the file stays
        in the folder.
    """
    path = folder / f"mutated.{reader.name}"
    refused = peak = 0
    tracemalloc.start()
    try:
        for number in range(rounds):
            numbers = random.Random(f"{seed} {reader.name} {number}")
            path.write_bytes(_broken(reader, numbers))
            tracemalloc.reset_peak()
            before = tracemalloc.get_traced_memory()[0]
            refused += not _read(reader, path, number)
            taken = tracemalloc.get_traced_memory()[1] - before
            assert taken <= MOST_MEMORY, f"{reader.name}, round {number}: {taken:,} bytes"
            peak = max(peak, taken)
    finally:
        tracemalloc.stop()
    return refused, peak


def _broken(reader: Reader, numbers: random.Random) -> bytes:
    """A file that is broken from outside, or within."""
    if numbers.random() < 0.5:
        return mutated(reader.make(bytes), numbers)
    return reader.make(lambda part: mutated(part, numbers) if numbers.random() < 0.5 else part)


def _read(reader: Reader, path: Path, number: int) -> bool:
    """Whether a file can be read; where not, it has to be by one sentence."""
    where = f"{reader.name}, round {number}"
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        try:
            reader.read(path)
        except reader.error as error:
            sentence = str(error)
            assert sentence.endswith("."), f"{where}: {sentence!r}"
            assert "\n" not in sentence, f"{where}: {sentence!r}"
            assert len(sentence) < 400, f"{where}: {sentence!r}"
            return False
        except BaseException as error:
            raise AssertionError(f"{where}: {error!r}") from error
    return True
