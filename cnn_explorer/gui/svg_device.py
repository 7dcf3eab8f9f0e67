"""A paint device that writes SVG: what is painted on it is text, lines and sharp pictures.

Qt has one, `QSvgGenerator`, which forgets a picture's source rectangle, so that a grid of maps
comes out as so many copies of all of them. Here it is kept, and text can be written as outlines,
which look the same where the program's fonts are not installed.
"""

from base64 import b64encode
from html import escape
from itertools import pairwise

from PySide6.QtCore import QBuffer, QIODevice, QPointF, QRectF, QSizeF, Qt
from PySide6.QtGui import (
    QBrush,
    QColor,
    QFont,
    QFontInfo,
    QFontMetricsF,
    QGradient,
    QGuiApplication,
    QImage,
    QLinearGradient,
    QPaintDevice,
    QPaintEngine,
    QPaintEngineState,
    QPainter,
    QPainterPath,
    QPen,
    QPixmap,
    QRawFont,
    QTextItem,
    QTransform,
)

from cnn_explorer.gui.sharp import enlarged

_FEATURES = (
    QPaintEngine.PaintEngineFeature.AllFeatures
    & ~QPaintEngine.PaintEngineFeature.PatternBrush
    & ~QPaintEngine.PaintEngineFeature.PerspectiveTransform
    & ~QPaintEngine.PaintEngineFeature.ConicalGradientFill
    & ~QPaintEngine.PaintEngineFeature.RadialGradientFill
    & ~QPaintEngine.PaintEngineFeature.RasterOpModes
    & ~QPaintEngine.PaintEngineFeature.PorterDuff
)
"""What is left out, Qt makes from the rest."""

_DASHES = {
    Qt.PenStyle.DashLine: (4, 2),
    Qt.PenStyle.DotLine: (1, 2),
    Qt.PenStyle.DashDotLine: (4, 2, 1, 2),
}
_CAPS = {Qt.PenCapStyle.RoundCap: "round", Qt.PenCapStyle.SquareCap: "square"}
_JOINS = {Qt.PenJoinStyle.RoundJoin: "round", Qt.PenJoinStyle.BevelJoin: "bevel"}


class SvgDevice(QPaintDevice):
    """A picture of a size to paint on; `data` is its SVG when the painter has ended.

    Parameters
    ----------
    size
        In the painter's units.
    millimetres
        As large it is on paper.
    title, description
        For who cannot see it.
    outlines
        Whether text is written as outlines; else as text in its font, which can be edited and
        found, but looks otherwise where that font is missing.
    """

    def __init__(
        self,
        size: QSizeF,
        millimetres: QSizeF,
        title: str = "",
        description: str = "",
        *,
        outlines: bool = True,
    ) -> None:
        super().__init__()
        self._size, self._millimetres = size, millimetres
        self._about = title, description
        self._engine = _Engine(outlines=outlines)

    @property
    def data(self) -> bytes:
        """The SVG, UTF-8."""
        size, paper, (title, description) = self._size, self._millimetres, self._about
        lines = [
            '<?xml version="1.0" encoding="UTF-8"?>',
            '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink"'
            f' version="1.1" width="{_n(paper.width())}mm" height="{_n(paper.height())}mm"'
            f' viewBox="0 0 {_n(size.width())} {_n(size.height())}">',
            f"<title>{escape(title)}</title>",
            f"<desc>{escape(description)}</desc>",
            *(["<defs>", *self._engine.definitions, "</defs>"] if self._engine.definitions else []),
            *self._engine.lines,
            "</svg>",
        ]
        return "\n".join(lines).encode()

    def paintEngine(self) -> QPaintEngine:
        """What paints."""
        return self._engine

    def metric(self, metric: QPaintDevice.PaintDeviceMetric) -> int:
        """Sizes; text is as large as on screen."""
        metrics = QPaintDevice.PaintDeviceMetric
        screen = QGuiApplication.primaryScreen()
        dots = round(screen.logicalDotsPerInch()) if screen is not None else 96
        values = {
            metrics.PdmWidth: round(self._size.width()),
            metrics.PdmHeight: round(self._size.height()),
            metrics.PdmWidthMM: round(self._millimetres.width()),
            metrics.PdmHeightMM: round(self._millimetres.height()),
            metrics.PdmDepth: 32,
            metrics.PdmNumColors: 2**31 - 1,
            metrics.PdmDevicePixelRatio: 1,
            metrics.PdmDevicePixelRatioScaled: round(QPaintDevice.devicePixelRatioFScale()),
        }
        return values.get(metric, dots)


class _Engine(QPaintEngine):
    """Writes elements, in groups that share transform, clip and opacity."""

    def __init__(self, *, outlines: bool) -> None:
        super().__init__(_FEATURES)
        self.lines: list[str] = []
        self.definitions: list[str] = []
        self._outlines = outlines
        self._group = ""
        self._clips: dict[str, str] = {}
        self._pen, self._brush = QPen(), QBrush()
        self._transform, self._opacity = QTransform(), 1.0
        self._clip: QPainterPath | None = None
        self._crisp = True

    def type(self) -> QPaintEngine.Type:
        """None of Qt's."""
        return QPaintEngine.Type.User

    def begin(self, device: QPaintDevice) -> bool:
        """Begin."""
        return True

    def end(self) -> bool:
        """Close the last group."""
        if self._group:
            self.lines.append("</g>")
            self._group = ""
        return True

    def updateState(self, state: QPaintEngineState) -> None:
        """Note how what comes is painted."""
        changed, flags = state.state(), QPaintEngine.DirtyFlag
        if changed & flags.DirtyPen:
            self._pen = QPen(state.pen())
        if changed & flags.DirtyBrush:
            self._brush = QBrush(state.brush())
        if changed & flags.DirtyTransform:
            self._transform = QTransform(state.transform())
        if changed & flags.DirtyOpacity:
            self._opacity = state.opacity()
        if changed & flags.DirtyHints:
            self._crisp = not state.renderHints() & QPainter.RenderHint.Antialiasing
        clips = flags.DirtyClipEnabled | flags.DirtyClipPath | flags.DirtyClipRegion
        if changed & (clips | flags.DirtyTransform):
            painter = self.painter()
            self._clip = painter.clipPath() if painter.hasClipping() else None

    # What is painted.

    def drawPath(self, path: QPainterPath) -> None:
        """Fill and outline a path."""
        self._paint(path, self._brush, self._pen)

    def drawPolygon(  # type: ignore[override]
        self, points: list[QPointF], mode: QPaintEngine.PolygonDrawMode
    ) -> None:
        """Draw a line through points, or fill and outline what it encloses."""
        path = QPainterPath(points[0])
        for point in points[1:]:
            path.lineTo(point)
        open_ = mode == QPaintEngine.PolygonDrawMode.PolylineMode
        if not open_:
            path.closeSubpath()
        self._paint(path, QBrush() if open_ else self._brush, self._pen)

    def drawImage(  # type: ignore[override]
        self,
        target: QRectF,
        image: QImage,
        source: QRectF,
        flags: Qt.ImageConversionFlag = Qt.ImageConversionFlag.AutoColor,
    ) -> None:
        """Draw a part of a picture, each pixel a sharp square."""
        part = image.copy(source.toRect()) if source.toRect() != image.rect() else image
        self._write(
            f'<image x="{_n(target.x())}" y="{_n(target.y())}" width="{_n(target.width())}"'
            f' height="{_n(target.height())}" preserveAspectRatio="none"'
            ' image-rendering="optimizeSpeed" style="image-rendering:pixelated"'
            f' xlink:href="data:image/png;base64,{_png(enlarged(part))}"/>',
            target,
        )

    def drawPixmap(  # type: ignore[override]
        self, target: QRectF, pixmap: QPixmap, source: QRectF
    ) -> None:
        """Draw a part of a picture that a style keeps, such as a check box."""
        self.drawImage(target, pixmap.toImage(), source)

    def drawTextItem(  # type: ignore[override]
        self, position: QPointF, item: QTextItem
    ) -> None:
        """Write text that has one font."""
        text, font = item.text(), item.font()
        ink, none = QBrush(self._pen.color()), QPen(Qt.PenStyle.NoPen)
        if self._outlines:
            path = _outlines(position, item)
            if font.strikeOut():
                line = QRectF(0, 0, item.width(), max(1.0, _pixels(font) / 14))
                path.addRect(line.translated(position.x(), position.y() - item.ascent() / 3))
            path.setFillRule(Qt.FillRule.WindingFill)
            if not path.isEmpty():
                self._paint(path, ink, none)
            return
        family = escape(QFontInfo(font).family())
        look = "monospace" if QFontInfo(font).fixedPitch() else "sans-serif"
        if font.capitalization() == QFont.Capitalization.AllUppercase:
            text = text.upper()
        more = ' font-style="italic"' if font.italic() else ""
        more += ' text-decoration="line-through"' if font.strikeOut() else ""
        more += self._style(ink, none)
        high = item.ascent() + item.descent()
        self._write(
            f'<text xml:space="preserve" x="{_n(position.x())}" y="{_n(position.y())}"'
            f' font-family="{family}, {look}" font-size="{_n(_pixels(font))}"'
            f' font-weight="{int(font.weight())}" textLength="{_n(item.width())}"'
            f' lengthAdjust="spacingAndGlyphs"{more}>{escape(text)}</text>',
            QRectF(position.x(), position.y() - item.ascent(), item.width(), high),
        )

    # How it is written.

    def _paint(self, path: QPainterPath, brush: QBrush, pen: QPen) -> None:
        """Write a path, or as much of it as the clip leaves."""
        bounds, half = path.boundingRect(), 0.0
        if pen.style() == Qt.PenStyle.NoPen:
            if self._clip is not None and not self._clip.contains(bounds):
                kept = path.intersected(self._clip)
                kept.setFillRule(path.fillRule())
                path = kept
                if path.isEmpty():
                    return
                bounds = QRectF()  # not to be clipped once more
        else:
            half = (pen.widthF() or 1) / 2
        winding = path.fillRule() == Qt.FillRule.WindingFill
        filled = brush.style() != Qt.BrushStyle.NoBrush
        rule = ' fill-rule="evenodd"' if filled and not winding else ""
        crisp = ' shape-rendering="crispEdges"' if self._crisp and _is_level(path) else ""
        element = f"<path{self._style(brush, pen)}{rule}{crisp} d={_d(path)}/>"
        self._write(element, bounds.adjusted(-half, -half, half, half))

    def _write(self, element: str, bounds: QRectF) -> None:
        """Add an element to the group that it belongs to, unless the clip hides it.

        Most are not touched by their clip: those stand without, also for viewers that know none.
        """
        group = _matrix(self._transform)
        if self._opacity < 1:
            group += f' opacity="{_n(self._opacity)}"'
        clip = self._clip
        if clip is not None and not bounds.isNull() and not clip.contains(bounds):
            if not clip.intersects(bounds):
                return
            # It is in the painter's coordinates, as what it clips is.
            group += f' clip-path="url(#{self._clipped(clip)})"'
        if group != self._group or not self.lines:
            if self._group:
                self.lines.append("</g>")
            if group:
                self.lines.append(f"<g{group}>")
            self._group = group
        self.lines.append(element)

    def _clipped(self, path: QPainterPath) -> str:
        """Name of a clip."""
        d = _d(path)
        if d not in self._clips:
            name = self._clips[d] = f"clip{len(self._clips)}"
            winding = path.fillRule() == Qt.FillRule.WindingFill
            rule = "" if winding else ' clip-rule="evenodd"'
            self.definitions.append(f'<clipPath id="{name}"><path{rule} d={d}/></clipPath>')
        return self._clips[d]

    def _style(self, brush: QBrush, pen: QPen) -> str:
        """Attributes of fill and outline."""
        result = self._fill(brush)
        if pen.style() == Qt.PenStyle.NoPen or pen.color().alpha() == 0:
            return result
        width = pen.widthF() or 1.0
        result += _coloured("stroke", pen.color())
        if width != 1:
            result += f' stroke-width="{_n(width)}"'
        if pen.isCosmetic():
            result += ' vector-effect="non-scaling-stroke"'
        if pen.style() in _DASHES:
            dashes = " ".join(_n(width * part) for part in _DASHES[pen.style()])
            result += f' stroke-dasharray="{dashes}"'
        if pen.capStyle() in _CAPS:
            result += f' stroke-linecap="{_CAPS[pen.capStyle()]}"'
        if pen.joinStyle() in _JOINS:
            result += f' stroke-linejoin="{_JOINS[pen.joinStyle()]}"'
        return result

    def _fill(self, brush: QBrush) -> str:
        if brush.style() == Qt.BrushStyle.NoBrush or brush.color().alpha() == 0:
            return ' fill="none"'
        gradient = brush.gradient()
        if brush.style() != Qt.BrushStyle.LinearGradientPattern or gradient is None:
            return _coloured("fill", brush.color())
        return f' fill="url(#{self._gradient(gradient)})"'

    def _gradient(self, gradient: QGradient) -> str:
        """Name of a linear gradient."""
        assert isinstance(gradient, QLinearGradient)
        name = f"gradient{len(self.definitions)}"
        box = gradient.coordinateMode() != QGradient.CoordinateMode.LogicalMode
        units = "objectBoundingBox" if box else "userSpaceOnUse"
        start, end = gradient.start(), gradient.finalStop()
        stops = "".join(
            f'<stop offset="{_n(at)}"{_coloured("stop", colour, "stop-color")}/>'
            for at, colour in gradient.stops()
        )
        self.definitions.append(
            f'<linearGradient id="{name}" gradientUnits="{units}" x1="{_n(start.x())}"'
            f' y1="{_n(start.y())}" x2="{_n(end.x())}" y2="{_n(end.y())}">{stops}</linearGradient>'
        )
        return name


def _outlines(position: QPointF, item: QTextItem) -> QPainterPath:
    """The outlines of text, as the font's designer drew them.

    At the size of the text they differ by 1/64 from one thread to another.
    """
    large = QFont(item.font())
    units = QRawFont.fromFont(large).unitsPerEm() or 1000.0
    large.setPixelSize(round(units))
    path = QPainterPath()
    path.addText(QPointF(), large, item.text())
    width = QFontMetricsF(large).horizontalAdvance(item.text())
    high = _pixels(item.font()) / round(units)
    wide = item.width() / width if width > 0 else high
    return QTransform(wide, 0, 0, high, position.x(), position.y()).map(path)


def _png(image: QImage) -> str:
    buffer = QBuffer()
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    if not image.save(buffer, "PNG"):  # type: ignore[call-overload]
        raise MemoryError("Qt could not encode a picture.")
    return b64encode(buffer.data().data()).decode()


def _pixels(font: QFont) -> float:
    """Size of a font in units of the painter."""
    if font.pixelSize() > 0:
        return float(font.pixelSize())
    screen = QGuiApplication.primaryScreen()
    dots = screen.logicalDotsPerInch() if screen is not None else 96
    return font.pointSizeF() * dots / 72


def _coloured(name: str, colour: QColor, attribute: str = "") -> str:
    result = f' {attribute or name}="{colour.name()}"'
    return result + (f' {name}-opacity="{_n(colour.alphaF())}"' if colour.alpha() < 255 else "")


def _matrix(transform: QTransform) -> str:
    if transform.isIdentity():
        return ""
    parts = (
        transform.m11(), transform.m12(), transform.m21(), transform.m22(),
        transform.dx(), transform.dy(),
    )  # fmt: skip
    return f' transform="matrix({" ".join(map(_n, parts))})"'


def _is_level(path: QPainterPath) -> bool:
    """Whether a path has no slanted or curved parts, so that its edges can lie on pixels."""
    elements = [path.elementAt(index) for index in range(path.elementCount())]
    if any(element.isCurveTo() for element in elements):
        return False
    return all(
        there.isMoveTo() or here.x == there.x or here.y == there.y
        for here, there in pairwise(elements)
    )


def _d(path: QPainterPath) -> str:
    """A path as an attribute's value."""
    parts = []
    curve = QPainterPath.ElementType.CurveToElement
    data = QPainterPath.ElementType.CurveToDataElement
    for index in range(path.elementCount()):
        element = path.elementAt(index)
        if element.type == data:
            letter = " "
        else:
            letter = "M" if element.isMoveTo() else "C" if element.type == curve else "L"
        parts.append(f"{letter}{_n(element.x)} {_n(element.y)}")
    return f'"{"".join(parts)}"'


def _n(value: float) -> str:
    """A number without needless digits."""
    return f"{value:.4f}".rstrip("0").rstrip(".") if value % 1 else str(int(value))
