"""Digits from elsewhere: exactly what the file holds, or one sentence in bounded memory."""

import gzip
import io
import math
import os
import struct
import tracemalloc
import warnings
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PySide6.QtGui import QImage

from cnn_explorer.core.forward import Cancelled
from cnn_explorer.io import datasets
from cnn_explorer.io.datasets import Digits, DigitsError, open_digits

each_example_writes_anew = settings(
    max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
PIXELS = np.random.default_rng(0).integers(0, 256, (5, 28, 28), np.uint8)
LABELS = np.array([3, 1, 4, 1, 5])


def idx(shape: tuple[int, ...], data: bytes, kind: int = 8) -> bytes:
    """The format as its description has it, by struct alone."""
    return struct.pack(f">HBB{len(shape)}I", 0, kind, len(shape), *shape) + data


IMAGES_FILE = idx((5, 28, 28), PIXELS.tobytes())
LABELS_FILE = idx((5,), bytes(LABELS.tolist()))


def write(path: Path, content: bytes) -> Path:
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(content)
    return path


def npz(path: Path, **arrays: Any) -> Path:
    np.savez(path, **arrays)
    return path


def refused(path: Path, labels: Path | None = None) -> str:
    """Open what must be refused; return the sentence, which must be one, after little memory."""
    tracemalloc.start()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            with pytest.raises(DigitsError) as caught:
                open_digits(path, labels)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    sentence = str(caught.value)
    assert sentence.endswith(".")
    assert "\n" not in sentence
    assert len(sentence) < 300
    assert peak < 16 << 20
    return sentence


def assert_holds(digits: Digits, labels: Any = LABELS) -> None:
    np.testing.assert_array_equal(digits.images, PIXELS)
    assert not digits.images.flags.writeable
    if labels is None:
        assert digits.labels is None
    else:
        assert digits.labels is not None
        assert digits.labels.dtype == np.int8
        assert not digits.labels.flags.writeable
        np.testing.assert_array_equal(digits.labels, labels)


# IDX.


@each_example_writes_anew
@given(st.integers(1, 6), st.booleans(), st.randoms(use_true_random=False))
def test_an_idx_file_is_read_byte_for_byte(
    tmp_path: Path, count: int, packed: bool, numbers: Any
) -> None:
    data = numbers.randbytes(count * 784)
    content = idx((count, 28, 28), data)
    path = write(tmp_path / "digits", gzip.compress(content) if packed else content)
    digits = open_digits(path)
    assert len(digits) == count
    assert digits.images.tobytes() == data
    assert digits.labels is None
    drawing = digits.drawing(count - 1)
    assert (drawing.dtype, drawing.shape) == (np.float32, (28, 28))
    assert drawing[27, 27] == np.float32(data[-1] / 255)


@pytest.mark.parametrize(
    ("images", "labels"),
    [
        ("train-images-idx3-ubyte", "train-labels-idx1-ubyte"),
        ("train-images-idx3-ubyte.gz", "train-labels-idx1-ubyte.gz"),
        ("t10k-images.idx3-ubyte", "t10k-labels.idx1-ubyte"),
        ("t10k-images-idx3-ubyte.gz", "t10k-labels-idx1-ubyte"),
        ("images.idx", "labels.idx.gz"),
    ],
)
def test_labels_are_found_beside_the_images(tmp_path: Path, images: str, labels: str) -> None:
    for name, content in ((images, IMAGES_FILE), (labels, LABELS_FILE)):
        write(tmp_path / name, gzip.compress(content) if name.endswith(".gz") else content)
    digits = open_digits(tmp_path / images)
    assert_holds(digits)
    assert digits.name == images


def test_labels_can_be_given(tmp_path: Path) -> None:
    images = write(tmp_path / "train-images", IMAGES_FILE)
    write(tmp_path / "train-labels", idx((5,), bytes(5)))
    assert_holds(open_digits(images, write(tmp_path / "other", LABELS_FILE)))
    assert_holds(open_digits(images), [0] * 5)


BAD_FILES: dict[str, tuple[bytes, str]] = {
    "empty": (b"", "it is neither an IDX file nor an NPZ file"),
    "text": (b"hello there", "it is neither an IDX file nor an NPZ file"),
    "another magic number": (b"\0\1\x08\x03" + bytes(800), "it is neither an IDX file nor"),
    "floats": (idx((1, 28, 28), bytes(4 * 784), 0x0D), "values are of type 0x0d; bytes, 0x08"),
    "labels": (LABELS_FILE, "it holds labels, not images"),
    "colours": (idx((1, 28, 28, 3), bytes(3 * 784)), "an array of 4 dimensions, not images"),
    "another size": (idx((1, 32, 32), bytes(1024)), "its images have 32×32 pixels"),
    "no images": (idx((0, 28, 28), b""), "it announces 0 images"),
    "too many": (idx((4_000_000_000, 28, 28), b""), "it announces 4,000,000,000 images; 1 to"),
    "a header that lies": (idx((200_000, 28, 28), bytes(784)), "more than a file of its size"),
    "one image less": (idx((2, 28, 28), bytes(784)), "more than a file of its size can hold"),
    "one byte more": (IMAGES_FILE + b"\0", "it announces 3,920 bytes, but holds more"),
    "half a header": (IMAGES_FILE[:9], "it ends within its header"),
    "packed, cut short": (gzip.compress(IMAGES_FILE)[:-900], "it is cut short"),
    "packed, without its checksum": (gzip.compress(IMAGES_FILE)[:-8], "it is cut short"),
    "packed, with a wrong checksum": (gzip.compress(IMAGES_FILE)[:-8] + bytes(8), "is damaged"),
    "packed, a header that lies": (
        gzip.compress(idx((200_000, 28, 28), bytes(784))),
        "more than a file of its size",
    ),
    "packed text": (gzip.compress(b"hello there"), "it does not begin as an IDX file does"),
}


@pytest.mark.parametrize(("content", "words"), BAD_FILES.values(), ids=BAD_FILES.keys())
def test_a_file_that_is_none_gets_one_sentence(tmp_path: Path, content: bytes, words: str) -> None:
    path = write(tmp_path / "digits", content)
    sentence = refused(path)
    assert sentence.startswith("digits cannot be read as digits: ")
    assert words in sentence


def test_a_bomb_is_not_unpacked(tmp_path: Path) -> None:
    """500 MB of zeros behind a header that announces one image."""
    file = io.BytesIO()
    with gzip.GzipFile(fileobj=file, mode="wb", compresslevel=9) as packer:
        packer.write(idx((1, 28, 28), b""))
        for _ in range(500):
            packer.write(bytes(10**6))
    path = write(tmp_path / "bomb.gz", file.getvalue())
    assert "it announces 784 bytes, but holds more" in refused(path)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (idx((4,), bytes(4)), "do not fit: there are 5 images, but labels of shape 4."),
        (idx((5,), bytes([0, 1, 10, 2, 3])), "are not all digits: 10 is among them"),
        (IMAGES_FILE, "it holds an array of 3 dimensions, not labels"),
        (b"hello", "it is not an IDX file of labels"),
        (idx((5,), bytes(4)), "it announces 5 bytes, but holds only 4"),
    ],
)
def test_labels_that_do_not_fit_get_one_sentence(
    tmp_path: Path, content: bytes, words: str
) -> None:
    images = write(tmp_path / "images", IMAGES_FILE)
    sentence = refused(images, write(tmp_path / "answers", content))
    assert words in sentence
    assert "answers" in sentence


def test_what_is_not_there_gets_one_sentence(tmp_path: Path) -> None:
    images = write(tmp_path / "images", IMAGES_FILE)
    expected = "There is no none; choose a file or a folder that is there."
    assert refused(tmp_path / "none") == expected
    assert refused(images, tmp_path / "none") == expected


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes there")
def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    assert "a device or a pipe" in refused(tmp_path / "pipe")


def test_reading_can_be_stopped(tmp_path: Path) -> None:
    def stop() -> None:
        raise Cancelled

    with pytest.raises(Cancelled):
        open_digits(write(tmp_path / "digits", IMAGES_FILE), checkpoint=stop)


# NPZ.

FLOATS = (PIXELS / np.float32(255)).astype(np.float32)


@pytest.mark.parametrize(
    ("images", "labels"),
    [("images", "labels"), ("x", "y"), ("x_train", "y_train"), ("X", "Y"), ("arr_0", "arr_1")],
)
@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
@pytest.mark.parametrize("kind", [np.uint8, np.int64, np.uint16])
def test_an_npz_file_is_read_by_the_usual_names(
    tmp_path: Path, images: str, labels: str, save: Any, kind: type
) -> None:
    path = tmp_path / "digits.npz"
    save(path, **{images: PIXELS, labels: LABELS.astype(kind), "more": np.zeros(3)})
    assert_holds(open_digits(path))


@pytest.mark.parametrize("shape", [(5, 28, 28), (5, 1, 28, 28), (5, 28, 28, 1), (5, 784)])
def test_images_have_any_of_the_usual_shapes(tmp_path: Path, shape: tuple[int, ...]) -> None:
    assert_holds(open_digits(npz(tmp_path / "a.npz", x=PIXELS.reshape(shape))), None)


def test_images_may_be_stored_by_columns(tmp_path: Path) -> None:
    assert_holds(open_digits(npz(tmp_path / "a.npz", x=np.asfortranarray(PIXELS))), None)


@pytest.mark.parametrize("kind", [np.float16, np.float32, np.float64])
def test_floats_from_0_to_1_are_kept(tmp_path: Path, kind: type) -> None:
    values = FLOATS.astype(kind)
    digits = open_digits(npz(tmp_path / "a.npz", x=values))
    assert digits.images.dtype == np.float32
    np.testing.assert_array_equal(digits.images, values.astype(np.float32))
    np.testing.assert_array_equal(digits.drawing(2), values[2].astype(np.float32))


NAN = FLOATS.copy()
NAN[1, 2, 3] = np.nan
BAD_ARRAYS: dict[str, tuple[dict[str, Any], str]] = {
    "no images": ({"weights": FLOATS}, "it has no array called images, x or x_train"),
    "not a number": ({"x": NAN}, "its values go from nan to nan; they must go from 0 to 1"),
    "up to 255": ({"x": PIXELS.astype(np.float32)}, "must go from 0 to 1, or be bytes"),
    "below zero": ({"x": FLOATS - 1}, "its values go from -1 to"),
    "whole numbers": ({"x": PIXELS.astype(np.int64)}, "x is of type int64, not uint8 or float32"),
    "objects": ({"x": np.array([None, {}], object)}, "x is of type object, which could run"),
    "labels that are objects": ({"x": PIXELS, "y": np.array([None] * 5)}, "y is of type object"),
    "labels that are floats": ({"x": PIXELS, "y": LABELS / 1.0}, "y is of type float64"),
    "records": ({"x": np.zeros(3, [("a", "<f4")])}, "x is of type record"),
    "another size": ({"x": np.zeros((2, 32, 32), np.uint8)}, "have shape 2×32×32; n×28×28 can"),
    "one image": ({"x": PIXELS[0]}, "have shape 28×28; n×28×28 can"),
    "none": ({"x": PIXELS[:0]}, "it announces 0 images"),
    "labels too few": ({"x": PIXELS, "y": LABELS[:4]}, "there are 5 images, but labels of shape 4"),
    "labels of two axes": ({"x": PIXELS, "y": np.eye(5, dtype=int)}, "labels of shape 5×5"),
    "a label below 0": ({"x": PIXELS, "y": LABELS - 2}, "-1 is among them"),
    "a large label": ({"x": PIXELS, "y": np.full(5, 2**64 - 1, np.uint64)}, "18446744073709551615"),
}


@pytest.mark.parametrize(("arrays", "words"), BAD_ARRAYS.values(), ids=BAD_ARRAYS.keys())
@pytest.mark.filterwarnings("ignore:Custom dtype")
def test_arrays_that_are_no_digits_get_one_sentence(
    tmp_path: Path, arrays: dict[str, Any], words: str
) -> None:
    assert words in refused(npz(tmp_path / "a.npz", **arrays))


def header(shape: str, kind: str = "|u1") -> bytes:
    text = f"{{'descr': '{kind}', 'fortran_order': False, 'shape': {shape}, }}\n"
    return b"\x93NUMPY\1\0" + struct.pack("<H", len(text)) + text.encode()


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (header("(13000000, 28, 28)"), "x announces 1.0192e+10 bytes; 627,200,000 are the most"),
        (header("(200000, 28, 28)"), "x announces 156,800,000 bytes, but holds only 0"),
        (header("(1, 28, 28)") + bytes(785), "x announces 784 bytes, but holds more"),
        (header("(-1, 28, 28)"), "x announces"),
        (header("(0, 99999999999999999999)"), "x announces"),
        (header("(" * 3000), "x has a header that cannot be read"),
        (b"\x93NUMPY\2\0" + bytes(100), "x is written in another version of npy"),
        (b"nothing", "x is no array"),
    ],
)
@pytest.mark.parametrize("packing", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_a_header_that_lies_gets_one_sentence(
    tmp_path: Path, content: bytes, words: str, packing: int
) -> None:
    with zipfile.ZipFile(tmp_path / "a.npz", "w", packing) as archive:
        archive.writestr("x.npy", content)
    assert words in refused(tmp_path / "a.npz")


def test_a_packed_array_is_not_unpacked_beyond_what_it_announces(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.npz", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("x.npy", header("(1, 28, 28)") + bytes(300 * 10**6))
    assert "x announces 784 bytes, but holds more" in refused(tmp_path / "a.npz")


@pytest.mark.parametrize("packing", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_other_packings_are_refused(tmp_path: Path, packing: int) -> None:
    with zipfile.ZipFile(tmp_path / "a.npz", "w", packing) as archive:
        archive.writestr("x.npy", header("(1, 28, 28)") + bytes(784))
    assert "x is packed in an unusual way" in refused(tmp_path / "a.npz")


# Folders.


def picture(path: Path, grey: int) -> None:
    """A bright square on black."""
    pixels = np.zeros((28, 28), np.uint8)
    pixels[8:20, 8:20] = grey
    image = QImage(pixels.tobytes(), 28, 28, 28, QImage.Format.Format_Grayscale8)
    path.parent.mkdir(exist_ok=True)
    assert image.save(str(path))


def test_a_folder_is_read_in_the_order_of_its_names(tmp_path: Path) -> None:
    told: list[tuple[int, int]] = []
    for label, name, grey in ((7, "b.png", 255), (7, "a.png", 51), (2, "c.bmp", 153)):
        picture(tmp_path / str(label) / name, grey)
    (tmp_path / "7" / "notes.txt").write_text("not a picture")
    (tmp_path / ".hidden.png").write_text("not a picture")
    digits = open_digits(tmp_path, progress=lambda done, total: told.append((done, total)))
    assert [float(image[14, 14]) for image in digits.images] == pytest.approx([0.6, 0.2, 1.0])
    assert digits.labels is not None
    assert digits.labels.tolist() == [2, 7, 7]
    assert told == [(1, 3), (2, 3), (3, 3)]


@pytest.mark.parametrize(
    ("names", "labels"),
    [
        (["3.png", "4_b.png", "4-a.png"], [3, 4, 4]),
        (["3.png", "ten.png"], None),
        (["001.png", "002.png"], None),  # numbers of pictures, not digits
    ],
)
def test_names_of_pictures_tell_their_labels(
    tmp_path: Path, names: list[str], labels: list[int] | None
) -> None:
    for name in names:
        picture(tmp_path / "mine" / name, 255)
    found = open_digits(tmp_path / "mine").labels
    assert (None if found is None else found.tolist()) == labels


def test_a_folder_that_cannot_be_read_gets_one_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "it holds no pictures" in refused(tmp_path)
    (tmp_path / "a.png").write_bytes(b"no picture")
    assert "is not an image that can be read" in refused(tmp_path)
    picture(tmp_path / "a.png", 255)
    picture(tmp_path / "b.png", 255)
    monkeypatch.setattr(datasets, "MOST_IMAGES", 1)
    assert "it holds more than 1 pictures" in refused(tmp_path)


def test_a_folder_that_vanishes_gets_one_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    picture(tmp_path / "mine" / "a.png", 255)
    picture(tmp_path / "mine" / "b.png", 255)

    def vanish(done: int, total: int) -> None:
        if done == 1:
            (tmp_path / "mine" / "b.png").unlink()

    with pytest.raises(DigitsError, match=r"There is no file .*b\.png"):
        open_digits(tmp_path / "mine", progress=vanish)


def test_memory_is_what_the_file_holds(tmp_path: Path) -> None:
    """Of 20,000 images that compress well, once."""
    path = write(tmp_path / "a.gz", gzip.compress(idx((20_000, 28, 28), bytes(20_000 * 784))))
    tracemalloc.start()
    try:
        digits = open_digits(path)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert math.prod(digits.images.shape) == 15_680_000
    assert peak < 2 * 15_680_000
