"""Any picture as a drawing: 28 by 28, 0 to 1, 1 = ink.

A picture is averaged over areas down (or up) to fit, with its aspect ratio, in the middle of the
drawing. One that is dark on light is recognised by its border and inverted; the caller is told, and
may say otherwise. Nothing else is done to it: a grey picture of that size is kept to the last bit.
"""

import logging
import os
import stat
import struct
import threading
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import (
    QBuffer,
    QByteArray,
    QIODevice,
    QMessageLogContext,
    QtMsgType,
    qInstallMessageHandler,
)
from PySide6.QtGui import QImage, QImageReader

from cnn_explorer.core.drawing import SIDE

LARGEST_SIDE = 8192
"""Pixels a side that a picture may have; checked before it is decoded."""

LARGEST_FILE = 100 * 10**6
"""Bytes that the file of a picture may have."""

_LARGEST_DECODED = 8 * LARGEST_SIDE**2 // 2**20  # MiB, at four channels of 16 bits
_STRIP = 2**18  # pixels that are converted at a time, so that a large picture needs no copy
_LUMA = (0.299, 0.587, 0.114)  # Rec. 601, as for most grey pictures
_FLAT = 0.1  # less contrast than this tells nothing about what is ink

_decoding = threading.Lock()
_log = logging.getLogger(__name__)

Grid = NDArray[np.float64]


class ImageError(ValueError):
    """A picture cannot be used; the message is one sentence for the user."""


@dataclass(frozen=True, eq=False)
class Picture:
    """A picture that was read.

    Attributes
    ----------
    drawing : ndarray of float32, shape (28, 28)
        Read-only, 0 to 1, 1 = ink.
    inverted : bool
        Whether light and dark were exchanged.
    """

    drawing: NDArray[np.float32]
    inverted: bool


def read_drawing(path: str | os.PathLike[str], *, invert: bool | None = None) -> Picture:
    """Read a picture file as a drawing.

    Any format that Qt reads will do, whatever the file is called, except SVG, which can load other
    files and needs a window system for its letters. An animation gives its first frame. The
    orientation that a camera noted is followed.

    Parameters
    ----------
    path : path
        A regular file of up to 100 MB with a picture of up to 8,192 pixels a side.
    invert : bool, optional
        Whether to exchange light and dark. Without it, what is dark on light is exchanged.

    Returns
    -------
    Picture
        The drawing, and whether it was inverted. See `from_image`.

    Raises
    ------
    ImageError
        If there is no such file, it cannot be read, it is no picture, or the picture is cut short,
        empty or too large.
    """
    image = _decode(_read(path), Path(path).suffix[1:].lower(), str(path))
    return from_image(image, invert=invert, name=str(path))


def from_image(image: QImage, *, invert: bool | None = None, name: str = "The picture") -> Picture:
    """Turn a picture, such as one that was pasted or dropped, into a drawing.

    Colours become grey by their luma. Where the picture is transparent its background shows: its
    own where most of it is opaque and has contrast (a card with round corners), otherwise the
    opposite of its ink. A picture is dark on light if the median of its border is nearer to its
    lightest than to its darkest part; one without contrast, if it is lighter than mid-grey. So a
    blank page, black or white, is a blank drawing, and so is a wholly transparent one.

    Parameters
    ----------
    image : QImage
        Of any format, 1 to 8,192 pixels a side.
    invert : bool, optional
        Whether to exchange light and dark. Without it, what is dark on light is exchanged.
    name : str, optional
        What to call the picture in an error.

    Returns
    -------
    Picture
        The drawing, and whether it was inverted. Where the picture is not square, the rest is
        its background if that is dark, else black.

    Raises
    ------
    ImageError
        If the picture is empty or too large.
    """
    _check_size(image.width(), image.height(), name)
    light, ground, dark_on_light = _on_its_ground(*_fitted(image))
    inverted = dark_on_light if invert is None else invert
    if inverted:
        light, ground = 1.0 - light, 1.0 - ground
    drawing = np.full((SIDE, SIDE), ground if ground < 0.5 else 0.0, np.float32)
    height, width = light.shape
    top, left = (SIDE - height) // 2, (SIDE - width) // 2
    drawing[top : top + height, left : left + width] = np.clip(light, 0.0, 1.0)
    drawing.flags.writeable = False
    return Picture(drawing, inverted)


def _read(path: str | os.PathLike[str]) -> bytes:
    """Return the bytes of a regular file of a sensible size, and wait for nothing else."""
    try:
        status = os.stat(path)
        if stat.S_ISDIR(status.st_mode):
            raise ImageError(f"{path} is a folder; choose an image file.")
        if not stat.S_ISREG(status.st_mode):
            raise ImageError(f"{path} is a device or a pipe; choose an image file.")
        with open(path, "rb") as stream:
            data = b"" if status.st_size > LARGEST_FILE else stream.read(status.st_size)
    except FileNotFoundError as error:
        raise ImageError(f"There is no file {path}; choose an image file.") from error
    except OSError as error:
        raise ImageError(f"{path} cannot be read ({error.strerror}); choose another.") from error
    if status.st_size > LARGEST_FILE:
        limit = LARGEST_FILE // 10**6
        raise ImageError(f"{path} is larger than {limit} MB; choose a smaller image.")
    if not data:
        raise ImageError(f"{path} is empty; choose an image file.")
    return data


def _decode(data: bytes, suffix: str, name: str) -> QImage:
    """Decode the first picture in `data`, if its header says that it is not too large."""
    damaged = ImageError(
        f"{name} holds no whole picture (damaged, cut short, or 0 pixels a side); "
        "choose an image that other programs can open."
    )
    device = QBuffer()
    device.setData(QByteArray(data))
    device.open(QIODevice.OpenModeFlag.ReadOnly)
    with _qt_messages() as messages:
        # All formats but TGA say in the data what they are.
        reader = QImageReader(device, b"tga") if suffix == "tga" else QImageReader(device)
        try:
            kind = bytes(reader.format().data()) if reader.canRead() else b""
            if not kind:
                raise ImageError(f"{name} is not an image that can be read; try PNG or JPEG.")
            if kind.startswith(b"svg"):
                raise ImageError(f"{name} is an SVG drawing; export it as PNG and open that.")
            try:
                width, height = _header_size(data) or reader.size().toTuple()
                if (width, height) != (-1, -1):  # a format that does not tell beforehand
                    _check_size(width, height, name)
                if not _is_whole(data):
                    raise damaged
            except (struct.error, IndexError) as error:
                raise damaged from error
            reader.setAutoTransform(True)
            image = reader.read()
        finally:
            del reader  # it must go before its device, also when an exception keeps this frame
    if image.isNull() or any("premature end" in message for message in messages):
        raise damaged
    return image


@contextmanager
def _qt_messages() -> Iterator[list[str]]:
    """Collect what Qt's decoders would print, and let them have memory for the largest picture.

    Some report a picture that is cut short in this way only. Both settings belong to the process,
    so one thread at a time has them, and what other threads say goes where it would have gone.
    """
    messages: list[str] = []
    this_thread = threading.get_ident()

    def collect(kind: QtMsgType, context: QMessageLogContext, message: str) -> None:
        if threading.get_ident() == this_thread:
            messages.append(message)
        elif previous is None:
            _log.warning(message)
        else:
            previous(kind, context, message)

    with _decoding:
        limit = QImageReader.allocationLimit()
        previous = qInstallMessageHandler(collect)
        QImageReader.setAllocationLimit(_LARGEST_DECODED)
        try:
            yield messages
        finally:
            QImageReader.setAllocationLimit(limit)
            qInstallMessageHandler(previous)


def _check_size(width: int, height: int, name: str) -> None:
    """Raise ImageError for a picture of no pixels or of too many."""
    if min(width, height) < 1:
        raise ImageError(f"{name} has {width} by {height} pixels; it needs at least 1 a side.")
    if max(width, height) > LARGEST_SIDE:
        raise ImageError(
            f"{name} has {width:,} by {height:,} pixels; up to {LARGEST_SIDE:,} a side can be read."
        )


def _header_size(data: bytes) -> tuple[int, int] | None:
    """Return the width and height of a PNG or BMP, which Qt does not tell where it refuses them."""
    if data.startswith(b"\x89PNG"):
        width, height = struct.unpack_from(">II", data, 16)
        return width, height
    if data.startswith(b"BM"):
        width, height, _, _ = _bmp_header(data)
        return width, abs(height)
    return None


def _is_whole(data: bytes) -> bool:
    """Return whether the file is complete, for the formats of which Qt shows a part silently.

    PNG is among them because its library complains on the terminal. IndexError and struct.error
    say that the data ended early, too.
    """
    if data.startswith(b"\x89PNG"):
        return _png_is_whole(memoryview(data))
    if data.startswith(b"GIF8"):
        return _gif_is_whole(data)
    if data.startswith(b"BM"):
        width, height, bits, compression = _bmp_header(data)
        (start,) = struct.unpack_from("<I", data, 10)
        row = (width * bits + 31) // 32 * 4
        run_lengths = compression in (1, 2)
        return run_lengths or len(data) >= start + row * abs(height)
    if data.lstrip().startswith((b"#define", b"/*")):  # XBM or XPM, which are C
        return b"}" in data
    return True


def _bmp_header(data: bytes) -> tuple[int, int, int, int]:
    """Return the width, height (negative: top row first), bits a pixel and compression of a BMP."""
    if data[14] == 12:  # OS/2
        width, height, _, bits = struct.unpack_from("<HHHH", data, 18)
        return width, height, bits, 0
    width, height, _, bits, compression = struct.unpack_from("<iiHHI", data, 18)
    return width, height, bits, compression


def _png_is_whole(data: memoryview) -> bool:
    """Return whether every chunk of a PNG up to the last is there and has its checksum."""
    at = 8
    while True:
        length, kind = struct.unpack_from(">I4s", data, at)
        (checksum,) = struct.unpack_from(">I", data, at + 8 + length)
        if zlib.crc32(data[at + 4 : at + 8 + length]) != checksum:
            return False
        if kind == b"IEND":
            return True
        at += 12 + length


def _gif_is_whole(data: bytes) -> bool:
    """Return whether the first frame of a GIF is there to its end."""

    def palette(flags: int) -> int:
        return 6 << (flags & 7) if flags & 0x80 else 0

    def after_blocks(at: int) -> int:
        while data[at]:
            at += data[at] + 1
        return at + 1

    at = 13 + palette(data[10])
    while data[at] == ord("!"):
        at = after_blocks(at + 2)
    return data[at] == ord(",") and after_blocks(at + 11 + palette(data[at + 9])) > at


def _fitted(image: QImage) -> tuple[Grid, Grid]:
    """Average a picture over areas to fit the drawing.

    Returns
    -------
    light : ndarray of float64, shape (height, width)
        Mean brightness times opacity, 0 to 1; the longer side is that of the drawing.
    cover : ndarray of float64, shape (height, width)
        Mean opacity, 0 to 1. ``light + (1 - cover) * ground`` is the picture on any ground.
    """
    width, height = image.width(), image.height()
    longer = max(width, height)
    rows = _areas(height, max(1, round(SIDE * height / longer)))
    columns = _areas(width, max(1, round(SIDE * width / longer))).T
    light = np.zeros((rows.shape[0], columns.shape[1]))
    cover = np.zeros_like(light)
    step = max(1, _STRIP // width)
    for top in range(0, height, step):
        strip = image.copy(0, top, width, min(step, height - top))
        strip.convertTo(QImage.Format.Format_RGBA64)
        pixels = np.frombuffer(strip.constBits(), np.uint16).reshape(-1, width, 4) / 65535.0
        weights = rows[:, top : top + step]
        opacity = pixels[:, :, 3]
        light += weights @ (pixels[:, :, :3] @ np.array(_LUMA) * opacity) @ columns
        cover += weights @ opacity @ columns
    # Without the noise of long sums a blank page is exactly blank; 16 bits are kept all the same.
    return np.round(light, 13), np.round(cover, 13)


def _areas(size: int, parts: int) -> Grid:
    """Return the matrix (parts, size) that averages `size` pixels over `parts` equal stretches.

    Entry (p, i) is the length of pixel i within stretch p, as a fraction of the stretch. With as
    many parts as pixels it is the identity, exactly.
    """
    edges = np.arange(parts + 1) * size / parts
    pixels = np.arange(size)
    upper = np.minimum(edges[1:, None], pixels + 1)
    lower = np.maximum(edges[:-1, None], pixels)
    weights: Grid = np.maximum(upper - lower, 0.0) * parts / size
    return weights


def _on_its_ground(light: Grid, cover: Grid) -> tuple[Grid, float, bool]:
    """Give a picture the background that it was made for, and tell whether that is the light one.

    Returns
    -------
    light : ndarray of float64
        The opaque picture.
    ground : float
        The brightness of its background.
    dark_on_light : bool
        Whether its ink is darker than that.
    """
    ground = 0.0
    if cover.min() < 1.0:
        opaque = cover >= 0.5
        tones = light[opaque] / cover[opaque]
        if cover.mean() < 0.5 or np.ptp(tones) < _FLAT:
            dark = cover.sum() > 0.0 and light.sum() < 0.5 * cover.sum()
            ground = 1.0 if dark else 0.0
            return light + (1.0 - cover) * ground, ground, dark
        ground = float(np.median(tones))
    light = light + (1.0 - cover) * ground
    border = np.ones(light.shape, bool)
    border[1:-1, 1:-1] = False
    ground = float(np.median(light[border]))
    middle = (light.min() + light.max()) / 2 if np.ptp(light) > _FLAT else 0.5
    return light, ground, bool(ground > middle)
