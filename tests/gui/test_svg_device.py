"""What is painted on an SVG device is there: text, lines, clips, and pictures with sharp pixels."""

import base64
import re
from collections.abc import Callable
from xml.etree import ElementTree

import numpy as np
import pytest
from PySide6.QtCore import QByteArray, QPointF, QRectF, QSizeF, Qt
from PySide6.QtGui import (
    QBrush,
    QColor,
    QFont,
    QImage,
    QLinearGradient,
    QPaintDevice,
    QPainter,
    QPainterPath,
    QPen,
    QPixmap,
)
from PySide6.QtSvg import QSvgRenderer
from PySide6.QtWidgets import QApplication

from cnn_explorer.gui.svg_device import SvgDevice

from ..figure_pictures import apart, pixels

SIZE = QSizeF(240, 160)
NAMES = {"s": "http://www.w3.org/2000/svg"}
HREF = "{http://www.w3.org/1999/xlink}href"
Paint = Callable[[QPainter], None]


def painted(device: QPaintDevice, paint: Paint) -> None:
    painter = QPainter(device)
    try:
        painter.fillRect(QRectF(0, 0, SIZE.width(), SIZE.height()), QColor("white"))
        painter.setFont(QFont("DejaVu Sans", 10))
        paint(painter)
    finally:
        painter.end()


def svg(paint: Paint, *, outlines: bool = True) -> bytes:
    device = SvgDevice(SIZE, SIZE * 0.25, "A <title>", "One & all", outlines=outlines)
    painted(device, paint)
    return device.data


def raster(paint: Paint) -> QImage:
    image = QImage((SIZE * 2).toSize(), QImage.Format.Format_RGB32)
    image.setDevicePixelRatio(2)
    painted(image, paint)
    return image


def rendered(data: bytes) -> QImage:
    """By Qt's reader of SVG, which shares no code with the device."""
    renderer = QSvgRenderer(QByteArray(data))
    assert renderer.isValid()
    image = QImage((SIZE * 2).toSize(), QImage.Format.Format_RGB32)
    painter = QPainter(image)
    renderer.render(painter)
    painter.end()
    return image


def noise(seed: int = 0) -> QImage:
    values = np.random.default_rng(seed).integers(0, 256, (12, 6, 4), dtype=np.uint8)
    return QImage(values.data, 6, 12, 24, QImage.Format.Format_RGB32).copy()


def rectangles(painter: QPainter) -> None:
    painter.setPen(QPen(QColor("#a02419"), 3))
    painter.setBrush(QColor(20, 90, 200, 128))
    painter.drawRect(QRectF(20, 20, 100, 60))
    painter.fillRect(QRectF(60, 50, 100, 60), QColor("#1d6b3a"))


def lines(painter: QPainter) -> None:
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(QPen(QColor("black"), 2, Qt.PenStyle.DashLine))
    painter.drawLine(10, 10, 200, 140)
    painter.setPen(QPen(QColor("blue"), 4))
    painter.drawPolyline([QPointF(20, 120), QPointF(80, 30), QPointF(150, 120)])
    painter.setBrush(QColor("orange"))
    painter.drawPolygon([QPointF(180, 20), QPointF(220, 20), QPointF(220, 60)])
    painter.drawEllipse(QPointF(180, 110), 25, 15)


def words(painter: QPainter) -> None:
    painter.setPen(QColor("#1c2029"))
    painter.drawText(20, 40, "Conv2[1] = ReLU( b₂[1] + Σᵢ … )")
    painter.setFont(QFont("DejaVu Sans", 20, QFont.Weight.Bold))
    painter.drawText(20, 90, "7 < 8 & 9")


def pictures(painter: QPainter) -> None:
    image = noise()
    painter.drawImage(QRectF(10, 10, 60, 120), image, QRectF(image.rect()))
    painter.drawImage(QRectF(90, 10, 120, 60), image, QRectF(0, 6, 6, 3))
    painter.drawPixmap(QRectF(90, 80, 60, 60), QPixmap.fromImage(image), QRectF(0, 0, 6, 6))


def transforms(painter: QPainter) -> None:
    painter.save()
    painter.translate(120, 80)
    painter.rotate(30)
    painter.scale(1.5, 0.75)
    painter.setOpacity(0.5)
    painter.fillRect(QRectF(-40, -40, 80, 80), QColor("purple"))
    painter.restore()
    painter.fillRect(QRectF(10, 10, 30, 30), QColor("teal"))


def clips(painter: QPainter) -> None:
    painter.setClipRect(QRectF(40, 40, 80, 60))
    painter.fillRect(QRectF(0, 0, 240, 160), QColor("navy"))
    painter.setPen(QColor("white"))
    painter.drawText(60, 80, "in")
    painter.drawText(180, 140, "out")
    painter.setClipping(False)
    hole = QPainterPath()
    hole.addRect(150, 20, 60, 60)
    hole.addRect(165, 35, 30, 30)
    painter.setClipPath(hole)
    painter.fillRect(QRectF(0, 0, 240, 160), QColor("maroon"))


def gradients(painter: QPainter) -> None:
    gradient = QLinearGradient(0, 0, 240, 0)
    for at, name in ((0, "black"), (0.5, "red"), (1, "yellow")):
        gradient.setColorAt(at, QColor(name))
    painter.fillRect(QRectF(20, 20, 200, 120), QBrush(gradient))


SCENES = [rectangles, lines, words, pictures, transforms, clips, gradients]


@pytest.mark.parametrize("paint", SCENES)
def test_looks_as_on_screen(qapp: QApplication, paint: Paint) -> None:
    found, expected = pixels(rendered(svg(paint))), pixels(raster(paint))
    assert apart(found, expected) < 0.004
    blank = pixels(raster(lambda painter: None))
    assert apart(expected, blank) > 0.004  # so there is something to tell apart


@pytest.mark.parametrize("outlines", [False, True])
@pytest.mark.parametrize("paint", SCENES)
def test_is_well_formed(qapp: QApplication, paint: Paint, outlines: bool) -> None:
    root = ElementTree.fromstring(svg(paint, outlines=outlines))
    assert root.findtext("s:title", namespaces=NAMES) == "A <title>"
    assert root.findtext("s:desc", namespaces=NAMES) == "One & all"
    assert root.get("width") == "60mm"
    assert root.get("viewBox") == "0 0 240 160"
    names = {element.get("id") for element in root.iter() if element.get("id")}
    used = set(re.findall(r"url\(#(\w+)\)", ElementTree.tostring(root, "unicode")))
    assert used <= names


def test_text_is_text_or_outlines(qapp: QApplication) -> None:
    root = ElementTree.fromstring(svg(words, outlines=False))
    said = "".join(element.text or "" for element in root.iterfind(".//s:text", NAMES))
    assert said == "Conv2[1] = ReLU( b₂[1] + Σᵢ … )7 < 8 & 9"
    fonts = {element.get("font-family") for element in root.iterfind(".//s:text", NAMES)}
    assert all(font and font.endswith("sans-serif") for font in fonts)
    sizes = {element.get("font-size") for element in root.iterfind(".//s:text", NAMES)}
    assert len(sizes) == 2
    outlined = ElementTree.fromstring(svg(words))
    assert not outlined.findall(".//s:text", NAMES)
    assert sum("C" in (path.get("d") or "") or "Q" in (path.get("d") or "")
               for path in outlined.iterfind(".//s:path", NAMES)) >= 2  # fmt: skip


def test_editable_text_stands_where_the_outlines_do(qapp: QApplication) -> None:
    as_text, as_outlines = (
        pixels(rendered(svg(words, outlines=outlines))) for outlines in (False, True)
    )
    ink = [np.argwhere(one.min(axis=-1) < 128) for one in (as_text, as_outlines)]
    for edge in (np.min, np.max):
        np.testing.assert_allclose(edge(ink[0], axis=0), edge(ink[1], axis=0), atol=4)


def test_pixels_of_pictures_are_sharp_and_only_those_of_the_source(qapp: QApplication) -> None:
    root = ElementTree.fromstring(svg(pictures))
    source = pixels(noise())
    parts = source, source[6:9], source[:6]
    images = root.findall(".//s:image", NAMES)
    assert len(images) == 3
    for element, part in zip(images, parts, strict=True):
        assert "pixelated" in element.get("style", "")
        data = base64.b64decode(element.get(HREF, "").partition(",")[2])
        found = pixels(QImage.fromData(QByteArray(data)))
        factor = found.shape[0] // part.shape[0]
        assert factor >= 16  # so much that smoothing between pixels cannot be seen
        blocks = part.repeat(factor, axis=0).repeat(factor, axis=1)
        np.testing.assert_array_equal(found, blocks, strict=True)


def test_what_a_clip_hides_is_not_written(qapp: QApplication) -> None:
    root = ElementTree.fromstring(svg(clips, outlines=False))
    said = [element.text for element in root.iterfind(".//s:text", NAMES)]
    assert said == ["in"]
    assert not root.findall(".//s:clipPath", NAMES)  # for viewers that know none


def test_a_clip_through_text_is_kept(qapp: QApplication) -> None:
    def paint(painter: QPainter) -> None:
        painter.setClipRect(QRectF(30, 0, 20, 160))
        painter.setPen(QColor("black"))
        painter.drawText(20, 40, "Contribution")

    root = ElementTree.fromstring(svg(paint, outlines=False))
    (clip,) = root.findall(".//s:clipPath", NAMES)
    (group,) = (g for g in root.iterfind(".//s:g", NAMES) if g.get("clip-path"))
    assert group.get("clip-path") == f"url(#{clip.get('id')})"


def test_struck_text_is_struck(qapp: QApplication) -> None:
    def paint(painter: QPainter) -> None:
        font = QFont("DejaVu Sans", 20)
        font.setStrikeOut(True)
        painter.setFont(font)
        painter.setPen(QColor("black"))
        painter.drawText(20, 80, "−0.5")

    root = ElementTree.fromstring(svg(paint, outlines=False))
    (text,) = root.findall(".//s:text", NAMES)
    assert text.get("text-decoration") == "line-through"
    assert apart(pixels(rendered(svg(paint))), pixels(raster(paint))) < 0.004
