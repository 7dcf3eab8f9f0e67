"""A stroke repaints the pixels of the tiles alone, and leaves the same picture as painting all."""

from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pytest
from PySide6.QtGui import QImage, QPainter
from PySide6.QtWidgets import QApplication

from cnn_explorer.core.schemes import ChannelScheme
from cnn_explorer.gui.tiles import TileArea
from cnn_explorer.io.digits import digit

from .conftest import Driver


def pixels(image: QImage) -> npt.NDArray[np.uint8]:
    plain = image.convertToFormat(QImage.Format.Format_RGB32)
    data = np.frombuffer(plain.constBits(), np.uint8)
    return data.reshape(plain.height(), plain.width(), 4)[..., :3].copy()


@pytest.mark.parametrize("scheme", ChannelScheme)
def test_a_new_drawing_leaves_the_picture_that_painting_all_gives(
    driver: Driver, scheme: ChannelScheme, monkeypatch: pytest.MonkeyPatch
) -> None:
    driver.show()
    driver.window.document.commit("x", replace(driver.state, scheme=scheme))
    driver.settle()
    whole: list[TileArea] = []
    paint = TileArea.paint_tiles

    def noted(area: TileArea, painter: QPainter, indices: list[int]) -> None:
        whole.append(area)
        paint(area, painter, indices)

    monkeypatch.setattr(TileArea, "paint_tiles", noted)
    driver.window.document.commit("x", replace(driver.state, drawing=digit(3)))
    driver.settle()
    for _ in range(3):
        QApplication.processEvents()
    assert driver.grid(0) not in whole
    assert (driver.grid(1) in whole) is (scheme is ChannelScheme.NAIVE)
    on_screen = driver.window.screen().grabWindow(driver.window.winId()).toImage()
    np.testing.assert_array_equal(pixels(on_screen), pixels(driver.window.grab().toImage()))
