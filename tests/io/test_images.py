"""Pictures of every kind become drawings; what cannot gets a sentence."""

import os
import struct
import subprocess
import sys
import threading
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from PySide6.QtCore import QtMsgType, qInstallMessageHandler, qWarning
from PySide6.QtGui import QColor, QImage, QImageReader, qRgb

from cnn_explorer.io import images
from cnn_explorer.io.images import ImageError, from_image, read_drawing

Format = QImage.Format
Bytes = NDArray[np.uint8]


def grey_image(values: Bytes) -> QImage:
    """An 8-bit grey QImage of an array (rows, columns)."""
    height, width = values.shape
    data = np.ascontiguousarray(values).tobytes()
    return QImage(data, width, height, width, Format.Format_Grayscale8).copy()


def rgba_image(values: Bytes) -> QImage:
    """An RGBA QImage of an array (rows, columns, 4)."""
    height, width, _ = values.shape
    data = np.ascontiguousarray(values).tobytes()
    return QImage(data, width, height, 4 * width, Format.Format_RGBA8888).copy()


def inked(colour: tuple[int, int, int], side: int = 28) -> Bytes:
    """A cross of one colour on a transparent ground whose hidden colour is green."""
    values = np.zeros((side, side, 4), np.uint8)
    values[:, :, 1] = 200
    middle = side // 2
    for part in (values[middle - 2 : middle + 2, 4:-4], values[4:-4, middle - 2 : middle + 2]):
        part[:] = (*colour, 255)
    return values


def cross(side: int = 28) -> NDArray[np.float32]:
    """The drawing that `inked` should give."""
    return (inked((0, 0, 0), side)[:, :, 3] / np.float32(255)).astype(np.float32)


def photo(height: int = 40, width: int = 60) -> QImage:
    """A colourful picture that no format can compress to almost nothing."""
    values = np.random.default_rng(3).integers(0, 256, (height, width, 4), np.uint8)
    values[:, :, 3] = 255
    return rgba_image(values)


def png(width: int, height: int, *, rows: bytes = b"") -> bytes:
    """A PNG of 8-bit grey with sound checksums, whatever it says of its size."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return (
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        )

    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    body = chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + body


def bmp(width: int, height: int) -> bytes:
    """The headers of a 24-bit BMP without its pixels."""
    header = struct.pack("<IiiHHIIiiII", 40, width, height, 1, 24, 0, 0, 0, 0, 0, 0)
    return b"BM" + struct.pack("<IHHI", 54, 0, 0, 54) + header


def gif(*frames: Bytes) -> bytes:
    """A GIF of 128 greys, not compressed: the codes stay literal as the table is cleared often."""
    height, width = frames[0].shape
    data = b"GIF89a" + struct.pack("<HHBBB", width, height, 0xF6, 0, 0)
    data += bytes(2 * grey for grey in range(128) for _ in "rgb")
    for frame in frames:
        data += b"!\xf9\x04\x00\x0a\x00\x00\x00" + b","
        data += struct.pack("<HHHHB", 0, 0, width, height, 0) + b"\x07"
        codes = bytearray()
        for start in range(0, frame.size, 100):
            codes += b"\x80" + frame.ravel()[start : start + 100].tobytes()
        codes += b"\x81"
        for start in range(0, len(codes), 255):
            block = codes[start : start + 255]
            data += bytes([len(block)]) + block
        data += b"\x00"
    return data + b";"


def encoded(image: QImage, path: Path) -> bytes:
    assert image.save(str(path), quality=100)
    return path.read_bytes()


# What comes through


@given(seed=st.integers(0, 2**32 - 1))
def test_a_grey_picture_of_28_by_28_is_kept_exactly(seed: int) -> None:
    values = np.random.default_rng(seed).integers(0, 256, (28, 28), np.uint8)
    kept = from_image(grey_image(values), invert=False).drawing
    assert kept.dtype == np.float32
    assert np.array_equal(kept, values.astype(np.float32) / np.float32(255))
    inverted = from_image(grey_image(values), invert=True).drawing
    assert np.array_equal(inverted, (255 - values).astype(np.float32) / np.float32(255))


@pytest.mark.parametrize("name", ["a.png", "a.tif"])
def test_sixteen_bits_are_kept_exactly(tmp_path: Path, name: str) -> None:
    values = np.random.default_rng(1).integers(0, 65536, (28, 28), np.uint16)
    image = QImage(values.tobytes(), 28, 28, 56, Format.Format_Grayscale16)
    encoded(image, tmp_path / name)
    drawing = read_drawing(tmp_path / name, invert=False).drawing
    assert np.array_equal(drawing, values.astype(np.float32) / np.float32(65535))


def test_the_drawing_is_read_only() -> None:
    drawing = from_image(photo()).drawing
    assert drawing.shape == (28, 28)
    assert not drawing.flags.writeable


@pytest.mark.parametrize(
    "pixel_format",
    [
        Format.Format_Mono,
        Format.Format_MonoLSB,
        Format.Format_Indexed8,
        Format.Format_Grayscale8,
        Format.Format_Grayscale16,
        Format.Format_RGB16,
        Format.Format_RGB888,
        Format.Format_RGB32,
        Format.Format_ARGB32_Premultiplied,
        Format.Format_RGBA64,
        Format.Format_RGBA32FPx4,
        Format.Format_CMYK8888,
    ],
)
def test_black_and_white_is_the_same_in_every_pixel_format(pixel_format: QImage.Format) -> None:
    image = grey_image((255 * cross()).astype(np.uint8)).convertToFormat(pixel_format)
    assert image.format() == pixel_format
    picture = from_image(image)
    assert np.allclose(picture.drawing, cross(), atol=1e-4)
    assert not picture.inverted


@pytest.mark.parametrize("name", ["a.png", "a.bmp", "a.webp", "a.tif", "a.ppm", "a.ico", "a.xpm"])
def test_lossless_formats_agree(tmp_path: Path, name: str) -> None:
    image = photo()
    encoded(image, tmp_path / name)
    expected = from_image(image, invert=False).drawing
    assert np.allclose(read_drawing(tmp_path / name, invert=False).drawing, expected, atol=1e-6)


def test_a_jpeg_with_the_name_of_a_png_is_read(tmp_path: Path) -> None:
    encoded(grey_image((255 * cross()).astype(np.uint8)), tmp_path / "a.jpg")
    (tmp_path / "a.jpg").rename(tmp_path / "a.png")
    assert np.allclose(read_drawing(tmp_path / "a.png").drawing, cross(), atol=0.05)


def test_a_tga_is_read_although_nothing_in_it_says_so(tmp_path: Path) -> None:
    header = struct.pack("<BBBHHBHHHHBB", 0, 0, 2, 0, 0, 0, 0, 0, 28, 28, 24, 0x20)
    pixels = np.repeat((255 * cross()).astype(np.uint8), 3).tobytes()
    footer = bytes(8) + b"TRUEVISION-XFILE.\0"
    (tmp_path / "a.tga").write_bytes(header + pixels + footer)
    assert np.array_equal(read_drawing(tmp_path / "a.tga").drawing, cross())


def test_a_bmp_of_run_lengths_is_read(tmp_path: Path) -> None:
    runs = b"".join(bytes([14, 0, 14, 1, 0, 0]) for _ in range(28)) + b"\x00\x01"
    header = struct.pack("<IiiHHIIiiII", 40, 28, 28, 1, 8, 1, len(runs), 0, 0, 2, 0)
    palette = bytes(4) + b"\xff\xff\xff\x00"
    start = 14 + len(header) + len(palette)
    file_header = b"BM" + struct.pack("<IHHI", start + len(runs), 0, 0, start)
    (tmp_path / "a.bmp").write_bytes(file_header + header + palette + runs)
    drawing = read_drawing(tmp_path / "a.bmp", invert=False).drawing
    assert np.array_equal(drawing, np.repeat([[0.0] * 14 + [1.0] * 14], 28, 0))


def test_an_animation_gives_its_first_frame(tmp_path: Path) -> None:
    first, second = np.random.default_rng(2).integers(0, 128, (2, 28, 28), np.uint8)
    (tmp_path / "a.gif").write_bytes(gif(first, second))
    drawing = read_drawing(tmp_path / "a.gif", invert=False).drawing
    assert np.array_equal(drawing, (2 * first).astype(np.float32) / np.float32(255))


def test_the_orientation_that_a_camera_noted_is_followed(tmp_path: Path) -> None:
    values = np.zeros((28, 28), np.uint8)
    values[2:10, 2:20] = 255
    jpeg = encoded(grey_image(values), tmp_path / "a.jpg")
    tiff = b"II*\x00\x08\x00\x00\x00\x01\x00" + struct.pack("<HHIHHI", 0x112, 3, 1, 6, 0, 0)
    exif = b"Exif\x00\x00" + tiff
    marker = b"\xff\xe1" + struct.pack(">H", len(exif) + 2) + exif
    (tmp_path / "a.jpg").write_bytes(jpeg[:2] + marker + jpeg[2:])
    drawing = read_drawing(tmp_path / "a.jpg").drawing
    assert np.allclose(drawing, np.rot90(values, -1) / 255, atol=0.05)


def test_colours_become_grey_by_their_luma() -> None:
    image = QImage(28, 28, Format.Format_RGB32)
    for rgb, luma in (((255, 0, 0), 0.299), ((0, 255, 0), 0.587), ((0, 0, 255), 0.114)):
        image.fill(QColor(*rgb))
        assert np.allclose(from_image(image, invert=False).drawing, luma)


def test_a_palette_is_looked_up() -> None:
    image = QImage(28, 28, Format.Format_Indexed8)
    image.setColorTable([qRgb(51, 51, 51), qRgb(255, 255, 255)])
    image.fill(0)
    image.setPixel(3, 5, 1)
    drawing = from_image(image).drawing
    assert drawing[5, 3] == 1.0
    assert drawing[0, 0] == np.float32(0.2)


# Fitting


@given(seed=st.integers(0, 2**32 - 1), height=st.integers(1, 90), width=st.integers(1, 90))
def test_every_pixel_is_the_mean_of_its_area(seed: int, height: int, width: int) -> None:
    values = np.random.default_rng(seed).integers(0, 256, (height, width), np.uint8)
    longer = max(height, width)
    rows, columns = (max(1, round(28 * size / longer)) for size in (height, width))
    # Repeated so often that the areas are whole pixels, the mean of a block is the oracle.
    fine = np.repeat(np.repeat(values.astype(np.float64), rows, 0), columns, 1)
    means = fine.reshape(rows, height, columns, width).mean((1, 3)) / 255
    drawing = from_image(grey_image(values), invert=False).drawing
    top, left = (28 - rows) // 2, (28 - columns) // 2
    assert np.allclose(drawing[top : top + rows, left : left + columns], means, atol=1e-6)
    around = np.ones((28, 28), bool)
    around[top : top + rows, left : left + columns] = False
    assert np.unique(drawing[around]).size <= 1


@given(seed=st.integers(0, 2**32 - 1), height=st.integers(1, 60), width=st.integers(1, 60))
def test_a_turned_picture_is_the_turned_drawing(seed: int, height: int, width: int) -> None:
    values = np.random.default_rng(seed).integers(0, 256, (height, width), np.uint8)
    upright, turned = from_image(grey_image(values)), from_image(grey_image(values.T))
    assert upright.inverted == turned.inverted
    assert np.allclose(upright.drawing.T, turned.drawing, atol=1e-6)


def test_a_fine_pattern_leaves_no_false_one() -> None:
    stripes = np.zeros((1400, 1400), np.uint8)
    stripes[:, ::2] = 255
    assert np.allclose(from_image(grey_image(stripes), invert=False).drawing, 0.5)


def test_a_large_picture_is_averaged_piece_by_piece() -> None:
    values = np.kron((255 * cross()).astype(np.uint8), np.ones((100, 100), np.uint8))
    assert values.size > 10 * images._STRIP
    assert np.allclose(from_image(grey_image(values)).drawing, cross(), atol=1e-6)


def test_what_is_beside_a_narrow_picture_is_its_background() -> None:
    page = np.full((56, 28), 204, np.uint8)
    page[20:30, 10:18] = 0
    recognised = from_image(grey_image(page))
    assert recognised.inverted
    assert np.allclose(recognised.drawing[:, [0, 6, 21, 27]], 0.2)
    # Said to be no background, its brightness does not spread.
    forced = from_image(grey_image(page), invert=False)
    assert np.allclose(forced.drawing[:, [0, 6]], 0.0)
    assert np.allclose(forced.drawing[0, 7:21], 0.8)


# Dark on light


@pytest.mark.parametrize(("ground", "ink"), [(255, 0), (115, 30), (200, 120), (150, 0)])
def test_dark_on_light_is_recognised_and_inverted(ground: int, ink: int) -> None:
    values = np.where(cross() > 0, ink, ground).astype(np.uint8)
    picture = from_image(grey_image(values))
    assert picture.inverted
    assert np.allclose(picture.drawing, 1 - values / 255, atol=1e-6)
    kept = from_image(grey_image(values), invert=False)
    assert not kept.inverted
    assert np.allclose(kept.drawing, values / 255, atol=1e-6)


@pytest.mark.parametrize(("ground", "ink"), [(0, 255), (140, 255), (30, 90)])
def test_light_on_dark_is_kept(ground: int, ink: int) -> None:
    values = np.where(cross() > 0, ink, ground).astype(np.uint8)
    picture = from_image(grey_image(values))
    assert not picture.inverted
    assert np.allclose(picture.drawing, values / 255, atol=1e-6)
    assert from_image(grey_image(values), invert=True).inverted


@pytest.mark.parametrize(
    ("level", "expected"), [(0, 0.0), (255, 0.0), (51, 0.2), (204, 0.2)], ids=str
)
@pytest.mark.parametrize("side", [1, 28, 333])
def test_a_page_of_one_grey_has_no_ink(level: int, expected: float, side: int) -> None:
    picture = from_image(grey_image(np.full((side, side), level, np.uint8)))
    assert np.unique(picture.drawing).size == 1
    assert picture.drawing[0, 0] == pytest.approx(expected, abs=1e-7)
    assert expected != 0.0 or not picture.drawing.any()


def test_a_thin_line_on_a_large_page_is_ink() -> None:
    page = np.full((600, 600), 255, np.uint8)
    page[100:500, 300:302] = 0
    picture = from_image(grey_image(page))
    assert picture.inverted
    assert picture.drawing[0, 0] == 0.0
    assert picture.drawing.sum() == pytest.approx(400 * 2 * (28 / 600) ** 2, rel=1e-5)


# Transparent


@pytest.mark.parametrize("side", [28, 280, 14])
@pytest.mark.parametrize(("colour", "inverted"), [((0, 0, 0), True), ((255, 255, 255), False)])
def test_ink_on_nothing_is_ink(colour: tuple[int, int, int], inverted: bool, side: int) -> None:
    small, large = inked(colour), np.ones((side // 28 or 1, side // 28 or 1, 1), np.uint8)
    picture = from_image(rgba_image(np.kron(small, large)))
    assert np.allclose(picture.drawing, cross(), atol=1e-6)
    assert picture.inverted == inverted


def test_ink_that_fills_its_picture_is_ink() -> None:
    bar = np.zeros((28, 12, 4), np.uint8)
    bar[1:27, 1:11] = (0, 0, 0, 255)
    drawing = from_image(rgba_image(bar)).drawing
    assert np.array_equal(drawing[1:27, 9:19], np.ones((26, 10), np.float32))
    assert drawing.sum() == 260


@pytest.mark.parametrize("paper", [(255, 0), (0, 255)], ids=["dark on light", "light on dark"])
def test_a_card_with_cut_corners_has_a_background_of_its_own(paper: tuple[int, int]) -> None:
    ground, ink = paper
    card = np.zeros((28, 28, 4), np.uint8)
    card[:, :, :3] = np.where(cross() > 0, ink, ground)[:, :, None]
    card[2:26, 2:26, 3] = 255
    card[:, 4:24, 3] = 255
    assert np.allclose(from_image(rgba_image(card)).drawing, cross(), atol=1e-6)


def test_a_transparent_picture_is_blank() -> None:
    picture = from_image(rgba_image(np.zeros((50, 20, 4), np.uint8)))
    assert not picture.drawing.any()
    assert not picture.inverted


# What cannot be read


def refused(path: Path) -> str:
    """Return the sentence for a file, which names it and is one."""
    with pytest.raises(ImageError) as caught:
        read_drawing(path)
    sentence = str(caught.value)
    assert str(path) in sentence
    assert sentence.endswith(".")
    assert "\n" not in sentence
    return sentence


@pytest.mark.parametrize(
    ("name", "data", "reason"),
    [
        ("a.png", b"", "is empty"),
        ("a.png", b"not a picture", "is not an image"),
        ("a.txt", b"\x00" * 1000, "is not an image"),
        ("a.png", png(0, 28), "has 0 by 28 pixels"),
        ("a.png", png(28, 0), "has 28 by 0 pixels"),
        ("a.png", png(30000, 30000), "has 30,000 by 30,000 pixels; up to 8,192 a side"),
        ("a.png", png(8193, 1, rows=b"\x00" * 8194), "has 8,193 by 1 pixels"),
        ("a.png", png(2**31, 2**31), "pixels; up to 8,192 a side"),
        ("a.bmp", bmp(0, 28), "has 0 by 28 pixels"),
        ("a.bmp", bmp(30000, -30000), "has 30,000 by 30,000 pixels"),
        ("a.bmp", bmp(28, 28), "cut short"),
        ("a.pgm", b"P5 30000 30000 255\n" + b"0" * 100, "has 30,000 by 30,000 pixels"),
        ("a.pgm", b"P5 0 28 255\n", "0 pixels a side"),
        ("a.pgm", b"P5 28 28 255\n" + b"0" * 783, "cut short"),
        ("a.gif", gif(np.zeros((0, 0), np.uint8)), "has 0 by 0 pixels"),
        ("a.svg", b'<svg xmlns="http://www.w3.org/2000/svg"><text>7</text></svg>', "is an SVG"),
        ("a.png", b'<svg xmlns="http://www.w3.org/2000/svg"><text>7</text></svg>', "is an SVG"),
    ],
)
def test_bad_files_get_their_sentence(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], name: str, data: bytes, reason: str
) -> None:
    (tmp_path / name).write_bytes(data)
    assert reason in refused(tmp_path / name)
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize(
    "name",
    ["a.png", "a.jpg", "a.bmp", "a.webp", "a.tif", "a.ico", "a.xpm", "a.xbm", "a.ppm", "a.wbmp"],
)
@pytest.mark.parametrize("part", [0.97, 0.5, 0.1, 0.01])
def test_a_picture_that_is_cut_short_is_refused(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], name: str, part: float
) -> None:
    data = encoded(photo(), tmp_path / name)
    read_drawing(tmp_path / name)
    (tmp_path / name).write_bytes(data[: int(part * len(data))])
    sentence = refused(tmp_path / name)
    assert "cut short" in sentence or "not an image" in sentence
    assert capfd.readouterr() == ("", "")


@given(part=st.floats(0, 1))
def test_a_gif_is_read_whole_or_refused(
    tmp_path_factory: pytest.TempPathFactory, part: float
) -> None:
    path = tmp_path_factory.mktemp("gif") / "a.gif"
    frames = np.random.default_rng(2).integers(0, 128, (2, 28, 28), np.uint8)
    data, first = gif(*frames), len(gif(frames[0])) - 1
    cut = int(part * (len(data) - 1)) + 1
    path.write_bytes(data[:cut])
    if cut < first:
        refused(path)
    else:
        drawing = read_drawing(path, invert=False).drawing
        assert np.array_equal(drawing, (2 * frames[0]).astype(np.float32) / np.float32(255))


@given(at=st.floats(0, 1, exclude_max=True), flip=st.integers(1, 255))
def test_a_png_with_a_changed_byte_is_never_read_wrongly(
    tmp_path_factory: pytest.TempPathFactory, at: float, flip: int
) -> None:
    path = tmp_path_factory.mktemp("png") / "a.png"
    data = bytearray(encoded(photo(), path))
    data[int(at * len(data))] ^= flip
    path.write_bytes(data)
    refused(path)


def test_what_is_no_file_gets_its_sentence(tmp_path: Path) -> None:
    assert "There is no file" in refused(tmp_path / "missing.png")
    assert "is a folder" in refused(tmp_path)
    (tmp_path / "file").touch()
    assert "cannot be read" in refused(tmp_path / "file" / "a.png")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="the system has no pipes with names")
@pytest.mark.timeout(20)
def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.png")
    assert "is a device or a pipe" in refused(tmp_path / "pipe.png")


@pytest.mark.skipif(not hasattr(os, "geteuid"), reason="needs the permissions of Unix")
def test_a_file_that_may_not_be_read_gets_its_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a.png"
    encoded(photo(), path)
    if os.geteuid() == 0:  # permissions do not hold for root

        def denied(*_: object) -> None:
            raise PermissionError(13, "Permission denied", str(path))

        monkeypatch.setattr("builtins.open", denied)
    else:
        path.chmod(0)
    assert "cannot be read (Permission denied)" in refused(path)


def test_a_huge_file_is_refused_without_reading_it(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    with path.open("wb") as stream:
        stream.truncate(images.LARGEST_FILE + 1)
    assert "is larger than 100 MB" in refused(path)


def test_a_pasted_picture_is_checked_too() -> None:
    with pytest.raises(ImageError, match=r"^The picture has 0 by 0 pixels; .*\.$"):
        from_image(QImage())
    with pytest.raises(ImageError, match=r"^The clipboard's picture has 8,193 by 1 pixels; .*\.$"):
        from_image(QImage(8193, 1, Format.Format_Mono), name="The clipboard's picture")


def test_the_largest_picture_is_within_the_limits(tmp_path: Path) -> None:
    image = QImage(8192, 4, Format.Format_Mono)
    image.fill(1)
    encoded(image, tmp_path / "a.png")
    assert not read_drawing(tmp_path / "a.png").drawing.any()
    # Four channels of 16 bits are what Qt must have memory for.
    assert 2**20 * images._LARGEST_DECODED == 8 * images.LARGEST_SIDE**2


# What belongs to the process


@contextmanager
def heard_from_qt() -> Iterator[list[str]]:
    """What Qt says meanwhile, to a handler that must still be there at the end."""
    messages: list[str] = []

    def handler(kind: QtMsgType, context: object, message: str) -> None:
        messages.append(message)

    before = qInstallMessageHandler(handler)
    try:
        yield messages
    finally:
        left = qInstallMessageHandler(before)
    assert left is handler


def test_qt_is_left_as_it_was(tmp_path: Path) -> None:
    encoded(photo(), tmp_path / "a.jpg")
    (tmp_path / "b.jpg").write_bytes((tmp_path / "a.jpg").read_bytes()[:900])
    limit = QImageReader.allocationLimit()
    with heard_from_qt() as heard:
        try:
            QImageReader.setAllocationLimit(77)
            read_drawing(tmp_path / "a.jpg")
            refused(tmp_path / "b.jpg")
            assert QImageReader.allocationLimit() == 77
        finally:
            QImageReader.setAllocationLimit(limit)
        assert heard == []
        QImage(str(tmp_path / "b.jpg"))
        assert len(heard) == 1


def test_what_other_threads_say_meanwhile_is_heard() -> None:
    with heard_from_qt() as heard, images._qt_messages() as messages:
        other = threading.Thread(target=qWarning, args=("from elsewhere",))
        other.start()
        other.join()
        qWarning("from the decoder")
    assert heard == ["from elsewhere"]
    assert messages == ["from the decoder"]


def test_threads_can_read_at_once(tmp_path: Path) -> None:
    encoded(photo(), tmp_path / "a.jpg")
    (tmp_path / "b.jpg").write_bytes((tmp_path / "a.jpg").read_bytes()[:900])
    results: list[str] = []

    def read() -> None:
        for _ in range(20):
            read_drawing(tmp_path / "a.jpg")
            results.append(refused(tmp_path / "b.jpg"))

    threads = [threading.Thread(target=read) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(results) == 80


def test_it_works_without_a_qt_application(tmp_path: Path) -> None:
    encoded(grey_image((255 * cross()).astype(np.uint8)), tmp_path / "a.png")
    (tmp_path / "b.svg").write_bytes(
        b'<svg xmlns="http://www.w3.org/2000/svg"><text>7</text></svg>'
    )
    program = """
import sys
from cnn_explorer.io.images import ImageError, read_drawing
print(read_drawing(sys.argv[1]).drawing.sum())
try:
    read_drawing(sys.argv[2])
except ImageError:
    print("refused")
print("PySide6.QtWidgets" in sys.modules)
"""
    command = [sys.executable, "-c", program, str(tmp_path / "a.png"), str(tmp_path / "b.svg")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.stderr == ""
    assert done.stdout.split() == [str(cross().sum()), "refused", "False"]
