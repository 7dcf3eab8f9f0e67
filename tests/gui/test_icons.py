import numpy as np
import pytest
from PySide6.QtCore import QRectF
from PySide6.QtGui import QImage, QPainter
from PySide6.QtSvg import QSvgRenderer

from cnn_explorer.io.resources import resource

NAMES = sorted({path.stem for path in resource("icons").glob("*.svg")} - {"app"})


def render(name: str, side: int) -> np.ndarray:
    """Return the icon's pixels as (side, side, 4), blue, green, red, alpha."""
    renderer = QSvgRenderer(str(resource("icons", f"{name}.svg")))
    assert renderer.isValid()
    image = QImage(side, side, QImage.Format.Format_ARGB32)
    image.fill(0)
    painter = QPainter(image)
    renderer.render(painter, QRectF(0, 0, side, side))
    painter.end()
    return np.frombuffer(image.constBits(), np.uint8).reshape(side, side, 4).copy()


@pytest.mark.parametrize("side", [16, 24, 48])
@pytest.mark.parametrize("name", NAMES)
def test_an_icon_is_black_lines_within_its_square(qapp, name, side):
    pixels = render(name, side)
    alpha = pixels[..., 3] / 255
    assert alpha.max() > 0.6
    assert 0.05 < alpha.mean() < 0.5
    border = np.concatenate([alpha[0], alpha[-1], alpha[:, 0], alpha[:, -1]])
    assert border.max() < 0.1
    assert not pixels[..., :3][alpha > 0.1].any()


def test_no_two_icons_look_alike(qapp):
    pictures = {name: render(name, 24)[..., 3] for name in NAMES}
    assert len({picture.tobytes() for picture in pictures.values()}) == len(NAMES)


@pytest.mark.parametrize("side", [16, 48, 256])
def test_the_program_icon_is_coloured_with_rounded_corners(qapp, side):
    pixels = render("app", side)
    assert pixels[0, 0, 3] == 0
    assert pixels[side // 2, side // 2, 3] == 255
    blue, red = pixels[..., 0].astype(int), pixels[..., 2].astype(int)
    assert (red - blue).max() > 80
    assert (blue - red).max() > 80
