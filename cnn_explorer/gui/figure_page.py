"""A figure on its paper: how large it is there, what stands below it, and its bytes.

A figure is laid out for the room that its paper has, so that its text can be read there, and is
painted the same way whatever it becomes: a picture of pixels, SVG or PDF.
"""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from math import inf
from typing import NamedTuple, Protocol

from PySide6.QtCore import QBuffer, QIODevice, QMarginsF, QRectF, QSize, QSizeF, Qt
from PySide6.QtGui import (
    QColor,
    QFont,
    QFontMetricsF,
    QGuiApplication,
    QImage,
    QPageSize,
    QPaintDevice,
    QPainter,
    QPalette,
    QPdfWriter,
)

from cnn_explorer import __version__
from cnn_explorer.core.sentences import compact
from cnn_explorer.gui.svg_device import SvgDevice
from cnn_explorer.gui.theme import palette_of

FORMATS = {"png": "PNG", "svg": "SVG", "pdf": "PDF"}
"""What a figure can become."""

MOST_PIXELS = 100_000_000
"""Of one picture: 400 MB of memory."""

_INCH = 25.4
_GAP = 10.0  # between a figure and its caption, in units of the paper
_POINTS = 9.0
_CAPTION = 0.75  # size of a caption, where there is room, against that of the figure's text
_LARGEST = 2.5  # times its size on screen that a part of the window gets
_WRAPPED = Qt.AlignmentFlag.AlignLeft | Qt.TextFlag.TextWordWrap


class FigureError(ValueError):
    """There is no such picture; the message is one sentence for the user."""


class Drawn(NamedTuple):
    """A figure that is laid out.

    Parameters
    ----------
    size
        In logical pixels.
    paint
        Called with a painter, whose origin becomes the top left corner, and whether the ground is
        dark.
    ratio
        Device pixels in a logical one on the screen that it comes from.
    """

    size: QSizeF
    paint: Callable[[QPainter, bool], None]
    ratio: float = 1.0


class Picture(Protocol):
    """What there can be a figure of."""

    @property
    def name(self) -> str:
        """In a few words."""

    @property
    def caption(self) -> str:
        """Layers, indices and ranges of what is shown, in sentences."""

    def laid_out(self, room: QSizeF) -> Drawn:
        """Lay it out for a room in logical pixels, of which the height may be infinite.

        It may turn out larger or smaller than that, and is scaled then.
        """


@dataclass(frozen=True)
class Paper:
    """How large a figure is.

    Parameters
    ----------
    label
        Name on screen.
    width, height
        In millimetres; without a height it is as high as it turns out, and without a width as
        large as on screen.
    most
        Height that it does not exceed.
    margin
        On all sides, in millimetres.
    zoom
        How many times larger than on screen its text is: slides are read from afar.
    dots
        Pixels an inch of its picture; where it is as on screen, 96 are one for each pixel there.
    """

    label: str
    width: float | None
    height: float | None
    most: float
    margin: float
    zoom: float
    dots: float


PAPERS = {
    "screen": Paper("As on screen, ×2", None, None, inf, 0, 1, 192),
    "sharp": Paper("As on screen, ×4", None, None, inf, 0, 1, 384),
    "slide": Paper("Slide, 16:9", 1280 / 96 * _INCH, 720 / 96 * _INCH, inf, 10, 2, 144),
    "slide43": Paper("Slide, 4:3", 960 / 96 * _INCH, 720 / 96 * _INCH, inf, 10, 2, 144),
    "column": Paper("Column, 85 mm", 85, None, 240, 2, 1, 600),
    "page": Paper("Page, A4 across", 210, None, 297, 15, 1, 300),
}
"""The sizes that there are."""


@dataclass(frozen=True)
class Look:
    """What a figure's bytes depend on, apart from what it shows.

    Parameters
    ----------
    format
        Of `FORMATS`.
    paper
        Of `PAPERS`.
    dark
        The dark theme's colours; else the light theme's on white.
    captioned
        Whether the caption stands below it.
    outlines
        Whether the text of an SVG is outlines, which look the same everywhere, or text in a named
        font. A PDF has its fonts with it.
    """

    format: str = "png"
    paper: str = "screen"
    dark: bool = False
    captioned: bool = False
    outlines: bool = True


@dataclass(frozen=True)
class Page:
    """Where a figure lies on its paper, in units of which `dots_per_inch` are an inch.

    Parameters
    ----------
    size
        Of the paper.
    drawn, place, scale
        The figure, its top left corner and how many times as large as laid out.
    caption, words, font
        What stands below it, where, and in which font.
    dots
        Pixels that the picture has for a unit.
    """

    size: QSizeF
    drawn: Drawn
    place: tuple[float, float]
    scale: float
    caption: str
    words: QRectF
    font: QFont
    dots: float

    @property
    def pixels(self) -> QSize:
        """Of its picture.

        Raises
        ------
        FigureError
            If there would be more than `MOST_PIXELS`.
        """
        size = (self.size * self.dots).toSize()
        count = size.width() * size.height()
        if count > MOST_PIXELS:
            raise FigureError(
                f"The picture would have {compact(count)} pixels, and {compact(MOST_PIXELS)} are "
                "the most; choose a smaller size or a smaller part."
            )
        return size

    @property
    def millimetres(self) -> QSizeF:
        """Of the paper."""
        return self.size * (_INCH / dots_per_inch())

    def paint(self, painter: QPainter, dark: bool) -> None:
        """The ground, the figure and its caption."""
        palette = ground(dark)
        painter.fillRect(QRectF(0, 0, self.size.width(), self.size.height()), palette.window())
        painter.save()
        painter.translate(*self.place)
        painter.scale(self.scale, self.scale)
        try:
            self.drawn.paint(painter, dark)
        finally:
            painter.restore()
        if self.caption:
            painter.setFont(self.font)
            painter.setPen(palette.color(QPalette.ColorRole.Text))
            painter.drawText(self.words, int(_WRAPPED), self.caption)


def dots_per_inch() -> float:
    """Logical pixels an inch, by which the size of text goes."""
    screen = QGuiApplication.primaryScreen()
    return float(screen.logicalDotsPerInch()) if screen is not None else 96.0


def figure_font(zoom: float = 1) -> QFont:
    """The program's font, of one size whatever the size of the text on screen.

    Its letters are not fitted to a screen's pixels, for most figures are not for one.
    """
    font = QFont(QGuiApplication.font())
    font.setHintingPreference(QFont.HintingPreference.PreferNoHinting)
    font.setPointSizeF(_POINTS * zoom)
    return font


def ground(dark: bool) -> QPalette:
    """The palette of a figure: the dark theme's, or the light theme's on white."""
    palette = palette_of(dark)
    if not dark:
        palette.setColor(QPalette.ColorRole.Window, QColor(Qt.GlobalColor.white))
    return palette


def page_of(picture: Picture, look: Look) -> Page:
    """Lay a figure out on its paper."""
    paper, unit = PAPERS[look.paper], dots_per_inch() / _INCH
    caption = picture.caption if look.captioned else ""
    font = figure_font(max(1.0, _CAPTION * paper.zoom))
    if paper.width is None:
        drawn = picture.laid_out(QSizeF(inf, inf))
        margin = 0.0 if not caption else _GAP
        width = drawn.size.width() + 2 * margin
        high = _height(caption, font, width - 2 * margin)
        top = margin + drawn.size.height()
        words = QRectF(margin, top + _GAP, width - 2 * margin, high)
        height = top + (_GAP + high + margin if caption else 0)
        dots = paper.dots / 96 * drawn.ratio
        return Page(QSizeF(width, height), drawn, (margin, margin), 1, caption, words, font, dots)
    margin, width = paper.margin * unit, paper.width * unit
    across = width - 2 * margin
    high = _height(caption, font, across)
    below = high + _GAP if caption else 0.0
    down = (paper.height or paper.most) * unit - 2 * margin - below
    drawn = picture.laid_out(QSizeF(across, down) / paper.zoom)
    scale = min(across / drawn.size.width(), down / drawn.size.height(), _LARGEST * paper.zoom)
    left = margin + (across - scale * drawn.size.width()) / 2
    tall = scale * drawn.size.height()
    top, bottom = margin, margin + tall
    if paper.height is not None:
        top, bottom = margin + (down - tall) / 2, margin + down
    words = QRectF(margin, bottom + _GAP, across, high)
    size, dots = QSizeF(width, bottom + below + margin), paper.dots / dots_per_inch()
    return Page(size, drawn, (left, top), scale, caption, words, font, dots)


def _height(text: str, font: QFont, width: float) -> float:
    if not text:
        return 0.0
    room = QRectF(0, 0, width, 1e6)
    return QFontMetricsF(font).boundingRect(room, int(_WRAPPED), text).height() + 1


def written(picture: Picture, look: Look) -> bytes:
    """A figure as the bytes of a file.

    Raises
    ------
    FigureError
        If its picture would have more than `MOST_PIXELS`.
    """
    page = page_of(picture, look)
    if look.format == "pdf":
        return pdf([picture], look, picture.name)
    if look.format == "png":
        return png(image_of(page, look.dark))
    device = SvgDevice(
        page.size, page.millimetres, picture.name, picture.caption, outlines=look.outlines
    )
    with _painting(device) as painter:
        page.paint(painter, look.dark)
    return device.data


def image_of(page: Page, dark: bool) -> QImage:
    """A figure as pixels, RGB without transparency."""
    image = QImage(page.pixels, QImage.Format.Format_RGB32)
    if image.isNull():
        raise FigureError(
            "There is not enough memory for so large a picture; choose a smaller size."
        )
    image.setDevicePixelRatio(page.dots)
    with _painting(image) as painter:
        page.paint(painter, dark)
    image.setDevicePixelRatio(1)
    per_metre = round(page.dots * dots_per_inch() / _INCH * 1000)
    image.setDotsPerMeterX(per_metre)
    image.setDotsPerMeterY(per_metre)
    return image


def png(image: QImage) -> bytes:
    """A picture as PNG."""
    buffer = QBuffer()
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    if not image.save(buffer, "PNG"):  # type: ignore[call-overload]
        raise MemoryError("Qt could not encode a picture.")
    return bytes(buffer.data().data())


def pdf(pictures: Iterable[Picture], look: Look, title: str) -> bytes:
    """Figures as PDF, each on a page of its own, with the fonts that they use.

    Parameters
    ----------
    pictures, look
        Which figures, and how; the format is not looked at.
    title
        Of the document.
    """
    buffer = QBuffer()
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    writer = QPdfWriter(buffer)
    writer.setResolution(round(dots_per_inch()))
    writer.setPageMargins(QMarginsF())
    writer.setCreator(f"CNN Explorer {__version__}")
    writer.setTitle(title)
    painter = QPainter()
    try:
        for picture in pictures:
            page = page_of(picture, look)
            size = page.size * (72 / dots_per_inch())
            exact = QPageSize.SizeMatchPolicy.ExactMatch
            writer.setPageSize(QPageSize(size, QPageSize.Unit.Point, "", exact))
            if painter.isActive():
                writer.newPage()
            else:
                painter.begin(writer)
                painter.setRenderHint(QPainter.RenderHint.LosslessImageRendering)
            page.paint(painter, look.dark)
    finally:
        painter.end()
    return bytes(buffer.data().data())


@contextmanager
def _painting(device: QPaintDevice) -> Iterator[QPainter]:
    """A painter that ends whatever happens: one that is left would crash the program later."""
    painter = QPainter(device)
    try:
        yield painter
    finally:
        painter.end()
