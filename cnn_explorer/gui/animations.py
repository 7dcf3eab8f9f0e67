"""The fold, and a stroke that grows, as moving pictures: frames composed off screen.

Pillow writes them. It is no dependency, for nothing else needs it: `ANIMATED` says how to get it.
"""

import io
from collections.abc import Iterator
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from PySide6.QtCore import QEasingCurve
from PySide6.QtGui import QImage

from cnn_explorer.core.blas import controller
from cnn_explorer.core.captions import fold_caption
from cnn_explorer.core.growing import growth
from cnn_explorer.gui.figure_maker import Checkpoint, Progress, Wanted, fold_of, picture_of
from cnn_explorer.gui.figure_page import (
    PAPERS,
    FigureError,
    Look,
    Page,
    image_of,
    page_of,
)
from cnn_explorer.gui.growing_figure import GrowingPicture
from cnn_explorer.gui.tiles_figure import TilesPicture

ANIMATIONS = {
    "fold": "contributions that are added down into maps",
    "stroke": "the layer's maps while the drawing grows",
}
"""What moves, in words."""

MOVING_FORMATS = {"gif": "GIF", "apng": "APNG", "webp": "WebP"}
"""What a moving picture can become; 256 colours in a GIF, all of them in the others."""

ENDINGS = {"gif": ".gif", "apng": ".png", "webp": ".webp"}

_PILLOW = (
    "Moving pictures are written by Pillow, which is not installed; install it with "
    "“pip install cnn-explorer[animation]”."
)
_MOST_STOPS = 8
_MOVES = 8  # frames from one row to the next
_TICK = 50  # milliseconds of a frame that moves
_REST = 500
_END = 2000
_GROWS = 36
_WIDTH = 960  # pixels across, at most


class Frame(NamedTuple):
    """A picture, and for how many milliseconds it is seen."""

    image: QImage
    milliseconds: int


def make_animation(
    wanted: Wanted,
    look: Look,
    progress: Progress | None = None,
    checkpoint: Checkpoint | None = None,
) -> bytes:
    """Compute, paint and encode a moving picture.

    Parameters
    ----------
    wanted
        Its subject is one of `ANIMATIONS`.
    look
        Its format is one of `MOVING_FORMATS`.
    progress
        Called with the frame that begins, counted from 1, and how many there are.
    checkpoint
        Called at each frame; what it raises ends the work.

    Returns
    -------
    bytes
        Of a whole file.

    Raises
    ------
    FigureError
        If there is no such moving picture, or no Pillow; the message is one sentence.
    """
    for what, name, choices in (
        ("animation", wanted.subject, ANIMATIONS),
        ("moving format", look.format, MOVING_FORMATS),
        ("size", look.paper, PAPERS),
    ):
        if name not in choices:
            raise FigureError(f"There is no {what} “{name}”; choose one of {', '.join(choices)}.")
    image_class = _pillow()
    with controller().limit(limits=1, user_api="blas"):
        return _encoded(frames(wanted, look, progress, checkpoint), look.format, image_class)


def frames(
    wanted: Wanted,
    look: Look,
    progress: Progress | None = None,
    checkpoint: Checkpoint | None = None,
) -> Iterator[Frame]:
    """The pictures of an animation, one after the other; parameters as `make_animation`."""
    pages = _folding if wanted.subject == "fold" else _growing
    shown = enumerate(pages(wanted, look, checkpoint), 1)
    for count, (total, page, milliseconds) in shown:
        if progress is not None:
            progress(count, total)
        if checkpoint is not None:
            checkpoint()
        yield Frame(image_of(small(page), look.dark), milliseconds)


def first_page(wanted: Wanted, look: Look) -> Page:
    """The first picture of an animation; of the drawing, which begins with nothing, the last.

    Raises
    ------
    FigureError
        If there is no such moving picture.
    """
    if wanted.subject == "fold":
        return next(_folding(wanted, look, None))[1]
    return page_of(_growth(wanted, None), look)


def _folding(
    wanted: Wanted, look: Look, checkpoint: Checkpoint | None
) -> Iterator[tuple[int, Page, int]]:
    """The rows move down one after the other; of many only some are stopped at."""
    picture = fold_of(wanted, checkpoint)
    places = fold_positions(picture.contents.rows)
    caption = fold_caption(wanted.state, picture.contents.layer)
    for position, milliseconds in places:
        here = _Captioned(picture.at(position), caption)
        yield len(places), page_of(here, look), milliseconds


def fold_positions(rows: int) -> tuple[tuple[float, int], ...]:
    """Positions of the fold with so many rows, and for how many milliseconds each is seen.

    All are in order; the last is that of the maps, `rows` + 2.
    """
    stops = list(range(rows + 1))
    if rows > _MOST_STOPS:
        stops = sorted({round(rows * stop / _MOST_STOPS) for stop in range(_MOST_STOPS + 1)})
    stops += [rows + 1, rows + 2]
    curve = QEasingCurve(QEasingCurve.Type.InOutQuad)
    found: list[tuple[float, int]] = []
    for here, there in zip(stops, [*stops[1:], stops[-1]], strict=True):
        found.append((float(here), _END if here == stops[-1] else _REST))
        # Bias and activation change values; only rows move.
        if there == here + 1 and here < rows:
            ways = (curve.valueForProgress(step / _MOVES) for step in range(1, _MOVES))
            found += [(here + way, _TICK) for way in ways]
    return tuple(found)


def _growing(
    wanted: Wanted, look: Look, checkpoint: Checkpoint | None
) -> Iterator[tuple[int, Page, int]]:
    """More and more of the drawing, on the colours of the whole: so nothing flickers."""
    whole = _growth(wanted, checkpoint)
    for number, one in enumerate(growth(wanted.state.drawing, _GROWS)):
        part = replace(wanted, state=replace(wanted.state, drawing=one))
        values = _growth(part, checkpoint)
        here = GrowingPicture(
            replace(whole.drawing, values=values.drawing.values),
            replace(whole.maps, values=values.maps.values),
        )
        yield _GROWS, page_of(here, look), _END if number == _GROWS - 1 else 2 * _TICK


def _growth(wanted: Wanted, checkpoint: Checkpoint | None) -> GrowingPicture:
    """A drawing, and the maps of a layer."""
    drawing, maps = (
        picture_of(replace(wanted, subject=subject), checkpoint) for subject in ("drawing", "maps")
    )
    assert isinstance(drawing, TilesPicture)
    assert isinstance(maps, TilesPicture)
    return GrowingPicture(drawing, maps)


class _Captioned(NamedTuple):
    """A picture with another caption: one that stays while it moves."""

    picture: Any
    caption: str

    @property
    def name(self) -> str:
        return str(self.picture.name)

    def laid_out(self, room: Any) -> Any:
        return self.picture.laid_out(room)


def small(page: Page) -> Page:
    """The same page with so few pixels that many pictures of it fit into memory."""
    dots = min(page.dots, _WIDTH / page.size.width())
    return replace(page, dots=dots)


def _pillow() -> Any:
    """Pillow's class of images."""
    try:
        from PIL import Image
    except ImportError as error:
        raise FigureError(_PILLOW) from error
    return Image


def _encoded(pictures: Iterator[Frame], kind: str, image_class: Any) -> bytes:
    """Frames as a file that begins again when it ends."""
    times: list[int] = []
    images = []
    for frame in pictures:
        times.append(frame.milliseconds)
        images.append(_image(frame.image, image_class))
    options: dict[str, Any] = {"duration": times, "loop": 0}
    if kind == "gif":
        colours = _palette(images, image_class)
        images = [_indexed(one, colours, image_class) for one in images]
        options |= {"optimize": False, "disposal": 1}
    elif kind == "webp":
        options |= {"lossless": True, "quality": 40, "method": 2}
    buffer = io.BytesIO()
    name = "PNG" if kind == "apng" else kind.upper()
    images[0].save(buffer, name, save_all=True, append_images=images[1:], **options)
    return buffer.getvalue()


def _palette(images: list[Any], image_class: Any) -> npt.NDArray[np.int32]:
    """256 colours that serve all frames, that of the ground exactly among them."""
    some = [images[len(images) * part // 4] for part in range(4)] + [images[-1]]
    width, height = images[0].size
    all_of_them = image_class.new("RGB", (width, height * len(some)))
    for place, one in enumerate(some):
        all_of_them.paste(one, (0, place * height))
    found = all_of_them.quantize(255, dither=image_class.Dither.NONE)
    colours = np.array(found.getpalette(), np.int32).reshape(-1, 3)
    return np.concatenate([[images[0].getpixel((0, 0))], colours[:255]]).astype(np.int32)


def _indexed(image: Any, colours: npt.NDArray[np.int32], image_class: Any) -> Any:
    """A picture in the nearest of 256 colours; Pillow's own search misses some of the nearest."""
    pixels = np.asarray(image).astype(np.int32)
    found, places = np.unique(pixels @ (1 << 16, 1 << 8, 1), return_inverse=True)
    parts = np.stack([found >> 16, found >> 8 & 255, found & 255], axis=1)
    nearest = [int(((colours - part) ** 2).sum(axis=1).argmin()) for part in parts]
    indices = np.array(nearest, np.uint8)[places]
    result = image_class.frombytes("P", image.size, indices.tobytes())
    result.putpalette(colours.astype(np.uint8).tobytes())
    return result


def _image(image: QImage, image_class: Any) -> Any:
    """A picture as Pillow has it."""
    rgb = image.convertToFormat(QImage.Format.Format_RGB888)
    size = rgb.width(), rgb.height()
    return image_class.frombytes(
        "RGB", size, bytes(rgb.constBits()), "raw", "RGB", rgb.bytesPerLine()
    )
