"""Marks inside a tile: outlines of pixels, and what is muted."""

import numpy as np
import pytest
from numpy.typing import NDArray
from PySide6.QtCore import QRectF
from PySide6.QtGui import QColor, QImage, QPainter
from PySide6.QtWidgets import QApplication

from cnn_explorer.core.explain import Field
from cnn_explorer.gui.marks import paint_field, paint_muted

CELL = 10


def painted(rows: int, columns: int, paint: object) -> NDArray[np.uint8]:
    """Grey values, shape (rows * CELL, columns * CELL), of marks on mid-grey ground."""
    image = QImage(columns * CELL, rows * CELL, QImage.Format.Format_RGB32)
    image.fill(QColor(128, 128, 128))
    painter = QPainter(image)
    paint(painter, QRectF(0, 0, columns * CELL, rows * CELL))  # type: ignore[operator]
    painter.end()
    grey = image.convertToFormat(QImage.Format.Format_Grayscale8)
    data = np.frombuffer(grey.constBits(), np.uint8).reshape(image.height(), grey.bytesPerLine())
    return data[:, : image.width()].copy()


@pytest.mark.parametrize(
    ("rows", "columns"),
    [
        ([0, 0, 1, 1, 1, 0, 0], [0, 1, 1, 0]),
        ([0, 1, 0, 1, 0, 1, 0], [0, 1, 0, 1, 0]),
        ([0, 0, 0, 1, 0], [0, 0, 1, 0]),
    ],
)
def test_an_outline_is_white_where_its_pixels_end_and_nowhere_in_them(
    qapp: QApplication, rows: list[int], columns: list[int]
) -> None:
    field = Field(np.array(rows, bool), np.array(columns, bool))
    grey = painted(len(rows), len(columns), lambda p, target: paint_field(p, target, field))
    mask = field.mask
    for row in range(1, len(rows)):
        for column in range(1, len(columns)):
            middle = grey[row * CELL + CELL // 2, column * CELL + CELL // 2]
            assert middle == 128, "pixels stay to be seen"
            left = grey[row * CELL + CELL // 2, column * CELL]
            assert (left > 200) == (mask[row, column] != mask[row, column - 1])
            top = grey[row * CELL, column * CELL + CELL // 2]
            assert (top > 200) == (mask[row, column] != mask[row - 1, column])


def test_an_outline_for_the_pointer_is_broken(qapp: QApplication) -> None:
    field = Field(np.array([0, 1, 1, 1, 1, 0], bool), np.array([0, 1, 1, 1, 1, 0], bool))
    solid, dashed = (
        painted(6, 6, lambda p, t, hovered=hovered: paint_field(p, t, field, hovered=hovered))
        for hovered in (False, True)
    )
    assert 0 < (dashed > 200).sum() < 0.9 * (solid > 200).sum()


def test_pixels_with_very_many_gaps_are_outlined_as_one(qapp: QApplication) -> None:
    line = np.tile([True, False], 12)
    grey = painted(24, 24, lambda p, t: paint_field(p, t, Field(line, line)))
    assert (grey[CELL * 5 : CELL * 18, CELL * 5 : CELL * 18] == 128).all()
    assert (grey[CELL : CELL * 20, 0] > 200).all()


def test_no_pixels_no_outline(qapp: QApplication) -> None:
    none = Field(np.zeros(4, bool), np.ones(4, bool))
    assert (painted(4, 4, lambda p, t: paint_field(p, t, none)) == 128).all()


def test_what_is_muted_is_struck_through_and_says_off_where_there_is_room(
    qapp: QApplication,
) -> None:
    large, small = painted(8, 8, paint_muted), painted(2, 2, paint_muted)
    for grey in (large, small):
        diagonal = np.diagonal(grey)
        assert (diagonal[2:-4] > 200).all()
    corner = large[-CELL:, :CELL]
    assert (corner < 80).any()
    assert (corner > 240).mean() > 0.3
    assert (small[-6:, :6] == 128).any()
