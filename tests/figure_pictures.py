"""Figures of widgets as pixels, and how far two pictures of one figure are apart."""

import numpy as np
import numpy.typing as npt
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QWidget
from scipy import ndimage

from cnn_explorer.gui.figure_page import Look, image_of, page_of
from cnn_explorer.gui.figures import PartPicture

PAPERS = {2: "screen", 4: "sharp"}


def figure(widget: QWidget, scale: int, dark: bool) -> QImage:
    """A part of a window as pixels, so many times sharper than the screen, without a caption."""
    return image_of(page_of(PartPicture("", widget), Look(paper=PAPERS[scale])), dark)


def pixels(image: QImage) -> npt.NDArray[np.uint8]:
    """Blue, green, red; shape (rows, columns, 3)."""
    image = image.convertToFormat(QImage.Format.Format_RGB32)
    flat = np.frombuffer(bytes(image.constBits()), np.uint8)
    return flat.reshape(image.height(), image.width(), 4)[..., :3]


def apart(one: npt.NDArray[np.uint8], other: npt.NDArray[np.uint8]) -> float:
    """Share of the pixels that differ much from all pixels nearby in the other picture.

    Renderers place edges differently by up to a pixel, and blend them as they like. So a pixel
    counts only where it is not between the least and the most, of blue, green or red, that the
    other picture has within two pixels of its place.
    """
    assert one.shape == other.shape

    def outside(a: npt.NDArray[np.uint8], b: npt.NDArray[np.uint8]) -> npt.NDArray[np.bool_]:
        near = (5, 5, 1)
        low = ndimage.minimum_filter(b, near, mode="nearest").astype(int) - 24
        high = ndimage.maximum_filter(b, near, mode="nearest").astype(int) + 24
        return ((a < low) | (a > high)).any(axis=-1)

    return float(max(outside(one, other).mean(), outside(other, one).mean()))
