"""What there can be figures of: parts of the window, and what is made from the document alone."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
from PySide6.QtWidgets import QWidget

from cnn_explorer.core.captions import (
    contributions_caption,
    document_caption,
    kernels_caption,
    maps_caption,
)
from cnn_explorer.core.forward import Activations
from cnn_explorer.core.kernel_layers import Conv2d
from cnn_explorer.core.making import can_be_made
from cnn_explorer.core.schemes import ChannelScheme, is_there
from cnn_explorer.core.selection import Selection
from cnn_explorer.core.sentences import map_number, map_title
from cnn_explorer.core.state import State
from cnn_explorer.gui.animations import ANIMATIONS, MOVING_FORMATS, first_page, make_animation
from cnn_explorer.gui.colouring import layer_kernel
from cnn_explorer.gui.figure_maker import (
    Checkpoint,
    Progress,
    Wanted,
    equations,
    make_figure,
    picture_of,
)
from cnn_explorer.gui.figure_page import FORMATS, Look, Page, page_of, written
from cnn_explorer.gui.figures import PartPicture
from cnn_explorer.gui.settings import Settings


@dataclass(frozen=True, eq=False)
class ScreenPart:
    """A part of the window, as it is on screen."""

    picture: PartPicture

    formats = FORMATS

    @property
    def name(self) -> str:
        """What it is called."""
        return self.picture.name

    @property
    def widget(self) -> QWidget:
        """The part itself."""
        return self.picture.widget

    def page(self, look: Look) -> Page:
        """The figure on its paper."""
        return page_of(self.picture, look)

    def data(self, look: Look) -> bytes:
        """The figure as a file; only where widgets may be painted."""
        return written(self.picture, look)


@dataclass(frozen=True, eq=False)
class DocumentPart:
    """What is computed and composed anew; not what the window happens to show of it."""

    name: str
    wanted: Wanted

    widget = None

    @property
    def formats(self) -> dict[str, str]:
        """What it can become."""
        if self.wanted.subject in ANIMATIONS:
            return MOVING_FORMATS
        return {"pdf": FORMATS["pdf"]} if self.wanted.subject == "equations" else FORMATS

    @property
    def hint(self) -> str:
        """What the preview does not show."""
        if self.wanted.subject in ANIMATIONS:
            return "; one of its many frames is shown"
        return "; the first page is shown" if self.wanted.subject == "equations" else ""

    def page(self, look: Look) -> Page:
        """The figure on its paper: of several pages, or frames, the first."""
        if self.wanted.subject in ANIMATIONS:
            return first_page(self.wanted, look)
        if self.wanted.subject == "equations":
            return page_of(next(equations(self.wanted)), look)
        return page_of(picture_of(self.wanted), look)

    def make(self, look: Look, progress: Progress, checkpoint: Checkpoint) -> bytes:
        """The figure as a file; parameters as `make_figure`."""
        make = make_animation if self.wanted.subject in ANIMATIONS else make_figure
        return make(self.wanted, look, progress, checkpoint)


Part = ScreenPart | DocumentPart


def document_parts(state: State, selection: Selection, settings: Settings) -> Iterator[Part]:
    """What can be composed of the selected map and its layer."""
    address = selection.address
    if address is None:
        return
    index = len(address) - 1
    layer, name = state.network.layers[index], state.network.names[index]
    if not is_there(state.network, state.scheme, index):
        return
    subjects: list[tuple[str, str]] = []
    if can_be_made(state, address):
        number = map_number(state, address)
        subjects.append(("equation", f"The whole equation of map {number}"))
        if selection.pin is not None:
            row, column = selection.pin
            subjects.append(("ledger", f"The ledger of pixel {row}, {column}"))
        subjects.append(("equations", f"All equations of {name}, a page each"))
    subjects.append(("map", map_title(state, address)))
    if isinstance(layer, Conv2d) and state.scheme is not ChannelScheme.NAIVE:
        subjects.append(("fold", f"The fold of {name}, moving"))
    subjects.append(("stroke", f"The drawing growing, with {name}, moving"))
    for subject, title in subjects:
        yield DocumentPart(title, Wanted(state, subject, address, selection.pin, settings))


def screen_parts(
    parts: Iterable[tuple[str, QWidget, int | None, str]],
    state: State,
    selection: Selection,
    shown: Activations | None,
) -> Iterator[Part]:
    """Parts of the window that are visible.

    Parameters
    ----------
    parts
        Name, widget, and where one layer is shown there, its index and which face: “maps”,
        “contributions”, “kernels”.
    state, selection, shown
        What is on screen.
    """
    for name, widget, layer, face in parts:
        if widget.isVisible():
            caption = _caption(state, selection, shown, layer, face)
            yield ScreenPart(PartPicture(name, widget, caption))


def _caption(
    state: State,
    selection: Selection,
    shown: Activations | None,
    layer: int | None,
    face: str,
) -> str:
    """What is said below a part of the window."""
    if layer is None or shown is None or shown.state.network is not state.network:
        return document_caption(state, selection.address)
    if face == "kernels":
        conv = state.network.conv(layer)
        return kernels_caption(state, layer, layer_kernel(conv, state.scheme))
    block = next((one for one in shown.blocks if one.cells.layer == layer), None)
    if face == "contributions" and block is not None:
        return contributions_caption(state, block)
    maps = shown.maps[layer]
    if not maps.size:
        return document_caption(state, selection.address)
    numbers = ""
    if state.scheme is ChannelScheme.NAIVE and shown.addresses:
        addresses = shown.addresses[layer][: len(maps)]
        ends = [map_number(state, address) for address in (min(addresses), max(addresses))]
        numbers = " to ".join(dict.fromkeys(ends))
    return maps_caption(state, layer, np.asarray(maps), numbers)
