"""Figures of a document: the same in pixels, SVG and PDF, on their paper, and refused in words."""

import base64
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import numpy.typing as npt
import pypdfium2
import pytest
from PySide6.QtCore import QByteArray, QPointF, QRectF, QSize
from PySide6.QtGui import QFont, QFontMetricsF, QImage, QPainter
from PySide6.QtSvg import QSvgRenderer
from PySide6.QtWidgets import QApplication

from cnn_explorer.core.building import new_network
from cnn_explorer.core.captions import range_text
from cnn_explorer.core.display import COLOUR_MAPS, colour, scale_of
from cnn_explorer.core.equation import equation
from cnn_explorer.core.forward import Cancelled, Request, forward
from cnn_explorer.core.ledger import ledger_of
from cnn_explorer.core.mutes import toggle_mute
from cnn_explorer.core.schemes import ChannelScheme
from cnn_explorer.core.state import State
from cnn_explorer.gui import figure_page
from cnn_explorer.gui.figure_maker import SUBJECTS, Wanted, make_figure, picture_of
from cnn_explorer.gui.figure_page import PAPERS, FigureError, Look, image_of, page_of
from cnn_explorer.gui.settings import Settings
from cnn_explorer.gui.theme import apply_theme
from cnn_explorer.io.digits import digit
from cnn_explorer.io.networks import bundled_network

from ..figure_pictures import apart, pixels

STATE = State(digit(7), bundled_network("3-4"))
MAP = (0, 1)
PIXEL = (11, 16)
ONE_PAGE = [subject for subject in SUBJECTS if subject != "equations"]
NAMES = {"s": "http://www.w3.org/2000/svg"}
HREF = "{http://www.w3.org/1999/xlink}href"
SLIDE = Look(paper="slide", captioned=True)
Pixels = npt.NDArray[np.uint8]


def wanted(subject: str, state: State = STATE) -> Wanted:
    return Wanted(state, subject, MAP, PIXEL)


def from_png(data: bytes) -> QImage:
    image = QImage.fromData(QByteArray(data))
    assert not image.isNull()
    return image


def from_svg(data: bytes, size: QSize) -> QImage:
    """By Qt's reader of SVG."""
    renderer = QSvgRenderer(QByteArray(data))
    assert renderer.isValid()
    image = QImage(size, QImage.Format.Format_RGB32)
    painter = QPainter(image)
    renderer.render(painter)
    painter.end()
    return image


@contextmanager
def opened(data: bytes) -> Iterator[pypdfium2.PdfDocument]:
    document = pypdfium2.PdfDocument(data)
    try:
        yield document
    finally:
        document.close()


def from_pdf(data: bytes, size: QSize) -> Pixels:
    """By pdfium, which is what a browser shows."""
    with opened(data) as document:
        page = document[0]
        bitmap = page.render(scale=size.width() / page.get_width(), rev_byteorder=False)
        found: Pixels = bitmap.to_numpy()[..., :3].copy()
        page.close()
    assert abs(found.shape[0] - size.height()) <= 1
    assert abs(found.shape[1] - size.width()) <= 1
    return found


def text_of(data: bytes, number: int = 0) -> str:
    with opened(data) as document:
        page = document[number]
        words = page.get_textpage()
        text = words.get_text_range()
        words.close()
        page.close()
    return " ".join(text.split())


def common(one: Pixels, other: Pixels) -> tuple[Pixels, Pixels]:
    rows, columns = (min(pair) for pair in zip(one.shape[:2], other.shape[:2], strict=True))
    return one[:rows, :columns], other[:rows, :columns]


# The same, whatever it becomes.


@pytest.mark.parametrize(
    ("subject", "dark"),
    [*((subject, False) for subject in ONE_PAGE), ("equation", True), ("ledger", True)],
)
def test_pixels_svg_and_pdf_look_the_same(qapp: QApplication, subject: str, dark: bool) -> None:
    look = replace(SLIDE, dark=dark)
    page = page_of(picture_of(wanted(subject)), look)
    image = image_of(replace(page, dots=0.75), dark)
    expected = pixels(image)
    drawn = pixels(
        from_svg(make_figure(wanted(subject), replace(look, format="svg")), image.size())
    )
    assert apart(drawn, expected) < 0.01
    printed = from_pdf(make_figure(wanted(subject), replace(look, format="pdf")), image.size())
    assert apart(*common(printed, expected)) < 0.01
    corner = image.pixelColor(0, 0).name()
    assert corner == ("#1b1d21" if dark else "#ffffff")


def test_another_map_is_told_apart(qapp: QApplication) -> None:
    """So the comparison can fail."""
    pages = (
        page_of(picture_of(replace(wanted("equation"), address=address)), SLIDE)
        for address in ((0, 1), (0, 2))
    )
    one, other = (pixels(image_of(replace(page, dots=0.75), dark=False)) for page in pages)
    assert apart(one, other) > 0.02


@pytest.mark.parametrize("format_", ["png", "svg"])
@pytest.mark.parametrize("subject", ["equation", "ledger", "maps"])
def test_theme_and_size_of_the_text_make_no_difference(
    qapp: QApplication, subject: str, format_: str
) -> None:
    look = replace(SLIDE, format=format_)
    before = make_figure(wanted(subject), look)
    apply_theme(qapp, "dark")
    font = qapp.font()
    qapp.setFont(QFont(font.family(), 20))
    try:
        assert make_figure(wanted(subject), look) == before
    finally:
        qapp.setFont(font)
        apply_theme(qapp, "light")
        qapp.setStyleSheet("")


# What is in it.


def test_pixels_of_a_map_are_its_values(qapp: QApplication) -> None:
    """Each value is a square block of the colour that the legend gives it."""
    shown = forward(Request(STATE))
    colours = COLOUR_MAPS["signed"]
    values = colour(shown.maps[1][1], colours, scale_of([shown.maps[1]], colours))[..., :3]
    root = ElementTree.fromstring(make_figure(wanted("map"), Look("svg")))
    data = root.findall(".//s:image", NAMES)[0].get(HREF, "").partition(",")[2]
    found = pixels(from_png(base64.b64decode(data)))
    factor = found.shape[0] // 28
    assert factor >= 8
    np.testing.assert_array_equal(found, values.repeat(factor, 0).repeat(factor, 1), strict=True)


def test_the_pdf_has_the_equation_the_caption_and_its_fonts(qapp: QApplication) -> None:
    data = make_figure(wanted("equation"), replace(SLIDE, format="pdf"))
    text = text_of(data).replace("\u00a0", " ")
    for part in equation(STATE, MAP).split():
        assert part in text
    making = forward(Request(STATE, making=MAP)).making
    assert making is not None
    assert f"kernels {range_text([making.kernels])}" in text
    assert "before activation" in text
    assert b"/FontFile2" in data or b"/FontFile3" in data


def test_the_ledger_has_every_number(qapp: QApplication) -> None:
    making = forward(Request(STATE, making=MAP)).making
    assert making is not None
    ledger = ledger_of(making, PIXEL)
    pdf = text_of(make_figure(wanted("ledger"), Look("pdf")))
    svg = make_figure(wanted("ledger"), Look("svg", outlines=False))
    root = ElementTree.fromstring(svg)
    words = {element.text for element in root.iterfind(".//s:text", NAMES)}
    numbers = [number.text for number in ledger.subtotals]
    numbers += [number.text for _, number in ledger.footer]
    for number in numbers:
        assert number in pdf
        assert number in words
    cells = [number for number in words if number and number.count(".") == 1 and len(number) > 5]
    assert len(cells) > 30


def words_of(of: Wanted, look: Look) -> set[str]:
    """All text in a figure's SVG."""
    root = ElementTree.fromstring(make_figure(of, replace(look, format="svg", outlines=False)))
    return {element.text or "" for element in root.iterfind(".//s:text", NAMES)}


def test_the_ledger_has_no_buttons(qapp: QApplication) -> None:
    words = words_of(wanted("ledger"), Look())
    assert "9 products" in words
    assert not any("▸" in word for word in words)


class Pen(QPainter):
    """Notes where text comes to lie."""

    def __init__(self, device: QImage) -> None:
        super().__init__(device)
        self.lies: list[tuple[str, QRectF]] = []

    def drawText(self, *given: object) -> None:  # type: ignore[override]  # noqa: N802
        metrics = QFontMetricsF(self.font())
        if isinstance(given[0], QPointF):
            text = str(given[1])
            lies = metrics.boundingRect(text).translated(given[0])
        else:
            flags, text = given[1:]
            lies = metrics.boundingRect(given[0], flags, text)  # type: ignore[arg-type]
            assert given[0].adjusted(-1, -1, 1, 1).contains(lies), text  # type: ignore[attr-defined]
        self.lies.append((text, lies))


SIZES = ((16, 32), (10, 100), (100, 10), (3, 1), (1, 1))


@pytest.mark.parametrize("paper", PAPERS)
@pytest.mark.parametrize(
    "state",
    [STATE, *(State(digit(7), new_network(sizes)) for sizes in SIZES)],
    ids=["3-4", *("-".join(map(str, sizes)) for sizes in SIZES)],
)
def test_labels_of_contributions_are_whole_and_apart(
    qapp: QApplication, state: State, paper: str
) -> None:
    drawn = page_of(picture_of(Wanted(state, "contributions", (0, 0))), Look(paper=paper)).drawn
    image = QImage(drawn.size.toSize(), QImage.Format.Format_RGB32)
    pen = Pen(image)
    drawn.paint(pen, False)
    pen.end()
    whole = QRectF(QPointF(), drawn.size)
    for place, (text, lies) in enumerate(pen.lies):
        assert whole.contains(lies), text
        for other, elsewhere in pen.lies[:place]:
            assert not lies.intersects(elsewhere), (text, other)


def test_below_contributions_is_said_what_becomes_of_them(qapp: QApplication) -> None:
    words = words_of(Wanted(STATE, "contributions", (0, 1)), Look(paper="page"))
    assert "3 × 4 = 12 convolutions, added down into 4" in words


def test_outlines_are_no_text(qapp: QApplication) -> None:
    root = ElementTree.fromstring(make_figure(wanted("equation"), Look("svg")))
    assert not root.findall(".//s:text", NAMES)
    assert len(root.findall(".//s:path", NAMES)) > 40
    assert len(root.findall(".//s:image", NAMES)) == 3 * 3 + 3


def test_a_caption_is_below_only_where_it_is_asked_for(qapp: QApplication) -> None:
    with_, without = (
        text_of(make_figure(wanted("maps"), Look("pdf", "column", captioned=captioned)))
        for captioned in (True, False)
    )
    assert "Conv 2, maps 0 to 3" in with_
    assert "Conv 2" not in without
    assert "map 3" in without


def test_muted_contributions_are_marked_off(qapp: QApplication) -> None:
    muted = replace(STATE, network=toggle_mute(STATE.network, 1, 1, 0))
    text = text_of(make_figure(wanted("equation", muted), replace(SLIDE, format="pdf")))
    assert "2 of the 3 maps" in text
    assert "off" in text.split()


@pytest.mark.parametrize("paper", ["slide", "slide43", "column", "page"])
def test_many_input_maps_are_folded_before_they_get_too_small(
    qapp: QApplication, paper: str
) -> None:
    wide = State(digit(3), new_network((64, 2)))
    page = page_of(picture_of(wanted("equation", wide)), Look(paper=paper))
    assert page.scale >= 0.5
    text = text_of(make_figure(wanted("equation", wide), Look("pdf", paper)))
    assert "rest of" in text


# Its paper.


@pytest.mark.parametrize(
    ("paper", "millimetres"),
    [("slide", (338.7, 190.5)), ("slide43", (254, 190.5)), ("column", (85, 0)), ("page", (210, 0))],
)
def test_size_on_paper(qapp: QApplication, paper: str, millimetres: tuple[float, float]) -> None:
    look = Look(paper=paper, captioned=True)
    with opened(make_figure(wanted("equation"), replace(look, format="pdf"))) as document:
        width, height = (side / 72 * 25.4 for side in document[0].get_size())
    assert width == pytest.approx(millimetres[0], abs=0.2)
    assert height == pytest.approx(millimetres[1] or height, abs=0.2)
    assert height <= 297.2
    root = ElementTree.fromstring(make_figure(wanted("equation"), replace(look, format="svg")))
    assert float((root.get("width") or "").removesuffix("mm")) == pytest.approx(width, abs=0.2)
    assert float((root.get("height") or "").removesuffix("mm")) == pytest.approx(height, abs=0.2)
    image = from_png(make_figure(wanted("equation"), look))
    assert image.width() == pytest.approx(width / 25.4 * PAPERS[paper].dots, abs=1)
    assert image.width() / image.dotsPerMeterX() * 1000 == pytest.approx(width, rel=0.01)


@pytest.mark.parametrize("paper", list(PAPERS))
@pytest.mark.parametrize("subject", ["equation", "ledger", "maps", "contributions"])
def test_the_figure_and_its_caption_stay_on_the_paper(
    qapp: QApplication, subject: str, paper: str
) -> None:
    page = page_of(picture_of(wanted(subject)), Look(paper=paper, captioned=True))
    left, top = page.place
    right = left + page.scale * page.drawn.size.width()
    bottom = top + page.scale * page.drawn.size.height()
    assert min(left, top) >= 0
    assert right <= page.size.width() + 1e-6
    assert bottom <= page.words.top()
    assert page.words.bottom() <= page.size.height() + 1e-6


# Pages.


def test_all_equations_of_a_layer_are_pages(qapp: QApplication) -> None:
    steps: list[tuple[int, int]] = []
    look = Look("pdf", "page", captioned=True)
    data = make_figure(wanted("equations"), look, lambda done, total: steps.append((done, total)))
    assert steps == [(1, 4), (2, 4), (3, 4), (4, 4)]
    with opened(data) as document:
        assert len(document) == 4
    for number in range(4):
        text = text_of(data, number)
        assert f"Conv2[{number}]" in text
        assert f"Conv 2, map {number}:" in text


def test_in_naive_the_pages_are_those_made_of_one_map(qapp: QApplication) -> None:
    naive = replace(STATE, scheme=ChannelScheme.NAIVE)
    data = make_figure(replace(wanted("equations", naive), address=(2, 0)), Look("pdf"))
    titles = [text_of(data, number).split()[0] for number in range(4)]
    assert titles == [f"Conv2[2.{number}]" for number in range(4)]


def test_pages_can_be_called_off(qapp: QApplication) -> None:
    steps: list[int] = []

    def checkpoint() -> None:
        if steps and steps[-1] == 2:
            raise Cancelled

    with pytest.raises(Cancelled):
        make_figure(
            wanted("equations"), Look("pdf"), lambda done, _: steps.append(done), checkpoint
        )
    assert steps == [1, 2]


# What there is no figure of.


def test_what_cannot_be_is_refused_in_one_sentence(
    qapp: QApplication, monkeypatch: pytest.MonkeyPatch
) -> None:
    naive = replace(STATE, scheme=ChannelScheme.NAIVE)
    cases = [
        (wanted("poem"), Look(), "There is no figure “poem”"),
        (wanted("map"), Look("bmp"), "There is no format “bmp”"),
        (wanted("map"), Look(paper="stamp"), "There is no size “stamp”"),
        (wanted("equations"), Look("svg"), "which only PDF has"),
        (replace(wanted("map"), address=(0, 9)), Look(), "has filters 0 to 3"),
        (replace(wanted("map"), address=()), Look(), "has 0 parts"),
        (replace(wanted("ledger"), pixel=None), Look(), "say which"),
        (replace(wanted("ledger"), pixel=(28, 0)), Look(), "no pixel at row 28, column 0"),
        (wanted("contributions", naive), Look(), "has no contributions"),
        (replace(wanted("kernels"), address=(0, 1, 1)), Look(), "has no kernels"),
        (replace(wanted("equation"), address=(0, 1, 1, 49)), Look(), "no sum of convolutions"),
    ]
    for one, look, said in cases:
        with pytest.raises(FigureError, match=said) as refused:
            make_figure(one, look)
        assert str(refused.value).count("\n") == 0
        assert str(refused.value).endswith(".")
    monkeypatch.setattr(figure_page, "MOST_PIXELS", 1000)
    with pytest.raises(FigureError, match="choose a smaller size"):
        make_figure(wanted("map"), Look())
    many = State(digit(7), new_network((64, 64)))
    with pytest.raises(FigureError, match="would have 4,096 tiles"):
        make_figure(wanted("kernels", many), Look())


@pytest.mark.parametrize("scheme", list(ChannelScheme))
@pytest.mark.parametrize("subject", ["map", "maps", "kernels", "equation", "ledger"])
def test_every_scheme_has_its_figures(
    qapp: QApplication, subject: str, scheme: ChannelScheme
) -> None:
    state = replace(STATE, scheme=scheme)
    text = text_of(make_figure(wanted(subject, state), replace(SLIDE, format="pdf")))
    assert "Conv 2" in text
    if subject == "maps":
        naive = scheme is ChannelScheme.NAIVE
        assert ("maps 0.0 to 2.3" in text) == naive


def test_colours_are_those_of_the_settings(qapp: QApplication) -> None:
    grey = replace(wanted("map"), settings=Settings(colour_map="grey"))
    root = ElementTree.fromstring(make_figure(grey, Look("svg")))
    data = root.findall(".//s:image", NAMES)[0].get(HREF, "").partition(",")[2]
    found = pixels(from_png(base64.b64decode(data)))
    assert (found[..., 0] == found[..., 1]).all()
    assert (found[..., 1] == found[..., 2]).all()
    assert found.max() > 100


def test_a_figure_needs_no_window_and_no_display(tmp_path: Path) -> None:
    """In a process of its own, as the command line makes it."""
    program = (
        "import sys\n"
        "from cnn_explorer.gui.figure_maker import Wanted, make_figure, without_window\n"
        "from cnn_explorer.gui.figure_page import Look\n"
        "from cnn_explorer.io.session import opening_state\n"
        "application = without_window()\n"
        "assert without_window() is application\n"
        "wanted = Wanted(opening_state(), 'equation', (0, 1))\n"
        "sys.stdout.buffer.write(make_figure(wanted, Look('pdf', 'column', captioned=True)))\n"
    )
    environment = {name: value for name, value in os.environ.items() if name != "QT_QPA_PLATFORM"}
    environment.pop("DISPLAY", None)
    environment.pop("WAYLAND_DISPLAY", None)
    done = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        check=True,
        env=environment,
        cwd=Path(__file__).parents[2],
    )
    assert "Conv2[1]" in text_of(done.stdout)
