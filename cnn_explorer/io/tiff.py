"""Stacks of maps as TIFF: float32, a page for each map, which says which one it is.

What ImageJ, napari, QGIS and tifffile read as a stack. Written here, since nothing is packed and a
page takes a dozen numbers; the same pages have the same bytes.
"""

import struct
from collections.abc import Iterable
from typing import BinaryIO

import numpy as np

from cnn_explorer.core.activations import Array

_SHORT, _LONG, _TEXT, _RATIO = 3, 4, 2, 5


def write_tiff(stream: BinaryIO, pages: Iterable[tuple[str, Array]]) -> None:
    """Write a stack, a page at a time.

    Parameters
    ----------
    stream
        Open for writing; it can seek.
    pages
        Names, of ASCII, and float32 arrays of shape (rows, columns).
    """
    stream.write(b"II*\0" + bytes(4))
    pointer = 4  # where the place of the next page's directory is to be written
    for name, values in pages:
        data = np.ascontiguousarray(values, "<f4").tobytes()
        place = stream.tell()
        text = name.encode("ascii") + b"\0"
        text += bytes(4 * (len(text) <= 4))  # so short, it would have to lie elsewhere
        text += bytes(len(text) % 2)
        stream.write(data + text + struct.pack("<LL", 1, 1))
        directory = stream.tell()
        described, ratio = place + len(data), directory - 8
        rows, columns = values.shape
        entries = [
            (256, _LONG, 1, columns),  # width
            (257, _LONG, 1, rows),  # length
            (258, _SHORT, 1, 32),  # bits of a number
            (259, _SHORT, 1, 1),  # not packed
            (262, _SHORT, 1, 1),  # more is brighter
            (270, _TEXT, len(text), described),  # description
            (273, _LONG, 1, place),  # where the numbers are
            (277, _SHORT, 1, 1),  # numbers of a pixel
            (278, _LONG, 1, rows),  # all rows are together
            (279, _LONG, 1, len(data)),  # bytes of the numbers
            (282, _RATIO, 1, ratio),  # pixels of a unit across
            (283, _RATIO, 1, ratio),  # and down
            (285, _TEXT, len(text), described),  # name of the page
            (296, _SHORT, 1, 1),  # of no unit
            (339, _SHORT, 1, 3),  # IEEE floating point
        ]
        stream.write(struct.pack("<H", len(entries)))
        for tag, kind, count, value in entries:
            inner = struct.pack("<HH", value, 0) if kind == _SHORT else struct.pack("<L", value)
            stream.write(struct.pack("<HHL", tag, kind, count) + inner)
        end = stream.tell()
        stream.seek(pointer)
        stream.write(struct.pack("<L", directory))
        stream.seek(end)
        stream.write(bytes(4))
        pointer = end
