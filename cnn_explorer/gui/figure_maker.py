"""Figures from a document alone: no window, no widgets, the same bytes wherever they are made.

Painting text needs a QGuiApplication: `without_window` makes one where there is no window.
"""

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace

import numpy as np
from PySide6.QtGui import QGuiApplication

from cnn_explorer.core.addresses import Address, check_address, family, followed
from cnn_explorer.core.blas import controller
from cnn_explorer.core.captions import kernels_caption, maps_caption
from cnn_explorer.core.display import COLOUR_MAPS, scale_of
from cnn_explorer.core.forward import Activations, Request, forward
from cnn_explorer.core.kernel_layers import Conv2d
from cnn_explorer.core.ledger import ledger_of
from cnn_explorer.core.making import Cells, can_be_made
from cnn_explorer.core.schemes import ChannelScheme, is_there
from cnn_explorer.core.sentences import map_number, map_title
from cnn_explorer.core.state import State
from cnn_explorer.gui.colouring import (
    Colouring,
    colouring_of,
    kernel_colouring,
    layer_kernel,
    making_colours,
)
from cnn_explorer.gui.contribution_values import FoldedMatrix
from cnn_explorer.gui.equation_figure import EquationPicture
from cnn_explorer.gui.figure_page import FORMATS, PAPERS, FigureError, Look, Picture, pdf, written
from cnn_explorer.gui.fold_figure import FoldPicture
from cnn_explorer.gui.ledger_figure import LedgerPicture
from cnn_explorer.gui.settings import Settings
from cnn_explorer.gui.tiles_figure import TilesPicture

SUBJECTS = {
    "equation": "how the map is made, as one picture",
    "ledger": "how one pixel of the map is made, to the last digit",
    "map": "the map alone",
    "maps": "all maps of the map's layer",
    "kernels": "all kernels of the layer",
    "contributions": "all contributions of the layer, before they are summed",
    "drawing": "what the network gets",
    "equations": "how each map of the layer is made, a page each (PDF)",
}
"""What there can be figures of, in words."""

MOST_TILES = 1024
"""Of one figure: smaller ones could not be told apart."""


_MOST_ACROSS = 16  # tiles that stand in rows by what they are made from


@dataclass(frozen=True)
class Wanted:
    """A figure that is asked for.

    Parameters
    ----------
    state
        The document.
    subject
        Of `SUBJECTS`.
    address
        Path of filters to the map; its length says which layer. In Real and Shared only the last
        one counts.
    pixel
        (row, column) in the map: of the ledger, and marked in an equation.
    settings
        Of which the colours count: colour map, contrast, which maps share a scale.
    """

    state: State
    subject: str
    address: Address
    pixel: tuple[int, int] | None = None
    settings: Settings = field(default_factory=Settings)


Checkpoint = Callable[[], None]
Progress = Callable[[int, int], None]


def without_window() -> QGuiApplication:
    """The application that there is, or one that needs no display; to be kept while it is used."""
    existing = QGuiApplication.instance()
    if isinstance(existing, QGuiApplication):
        return existing
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    return QGuiApplication(["cnn-explorer"])


def make_figure(
    wanted: Wanted,
    look: Look,
    progress: Progress | None = None,
    checkpoint: Checkpoint | None = None,
) -> bytes:
    """Compute and paint a figure.

    Parameters
    ----------
    wanted, look
        Which figure, and how.
    progress
        Called with the page that begins, counted from 1, and how many there are.
    checkpoint
        Called now and then; what it raises ends the work.

    Returns
    -------
    bytes
        Of a whole file in the format of the look.

    Raises
    ------
    FigureError
        If there is no such figure; the message is one sentence.
    """
    for what, name, choices in (
        ("figure", wanted.subject, SUBJECTS),
        ("format", look.format, FORMATS),
        ("size", look.paper, PAPERS),
    ):
        if name not in choices:
            raise FigureError(f"There is no {what} “{name}”; choose one of {', '.join(choices)}.")
    pages = wanted.subject == "equations"
    if pages and look.format != "pdf":
        raise FigureError("The equations of a whole layer are pages, which only PDF has.")
    _check(wanted)
    # One thread, as for exports: the last digit of a product depends on how many sum it.
    with controller().limit(limits=1, user_api="blas"):
        if not pages:
            return written(picture_of(wanted, checkpoint), look)
        title = f"How the maps of {wanted.state.network.names[len(wanted.address) - 1]} are made"
        return pdf(equations(wanted, progress, checkpoint), look, title)


def equations(
    wanted: Wanted, progress: Progress | None = None, checkpoint: Checkpoint | None = None
) -> Iterator[Picture]:
    """How each map of a layer is made; in Naive, of those that are made of the same map."""
    state, known = wanted.state, None
    total = state.network.layers[len(wanted.address) - 1].out_channels
    if state.scheme is ChannelScheme.NAIVE:
        total = state.network.layers[len(wanted.address) - 1].branches
    for number in range(total):
        if progress is not None:
            progress(number + 1, total)
        address = (*wanted.address[:-1], number)
        if state.scheme is ChannelScheme.NAIVE:
            address = followed(state.network, address)
        one = replace(wanted, address=address)
        known = _pass(one, checkpoint, known=known, making=True)
        yield _equation(one, known)


def picture_of(wanted: Wanted, checkpoint: Checkpoint | None = None) -> Picture:
    """Compute what a figure of one page shows.

    Raises
    ------
    FigureError
        If there is no such figure.
    """
    _check(wanted)
    subject, state = wanted.subject, wanted.state
    if subject == "kernels":
        return _kernels(wanted)
    if subject == "drawing":
        values = state.input[np.newaxis]
        # Grey, as under the pen.
        grey = COLOUR_MAPS["grey"]
        colours = Colouring(grey, 1, (scale_of([np.ones(1, np.float32)], grey),))
        said = f"The {state.input_name}, 28×28 values from 0 to 1."
        return TilesPicture(state.input_name, said, values, [(state.input_name,)], colours)
    if subject == "contributions":
        return fold_of(wanted, checkpoint)
    if subject in ("map", "maps"):
        return _maps(wanted, _pass(wanted, checkpoint, family=subject == "maps"))
    shown = _pass(wanted, checkpoint, making=True)
    return _ledger(wanted, shown) if subject == "ledger" else _equation(wanted, shown)


def fold_of(wanted: Wanted, checkpoint: Checkpoint | None = None) -> FoldPicture:
    """The matrix of a layer's contributions, not folded.

    Raises
    ------
    FigureError
        If the layer has none.
    """
    _check(replace(wanted, subject="contributions"))
    index, state = len(wanted.address) - 1, wanted.state
    conv = state.network.conv(index)
    cells = Cells(index, range(conv.depth), range(conv.out_channels))
    shown = forward(Request(state, cells=(cells,)), checkpoint)
    contents = FoldedMatrix(state, index, wanted.address, shown=shown)
    return FoldPicture(contents, colouring_of(wanted.settings, shown.maps))


def _check(wanted: Wanted) -> None:
    """Raise FigureError where there is no such figure."""
    state, address, subject = wanted.state, wanted.address, wanted.subject
    try:
        check_address(address, state.network)
    except ValueError as error:
        raise FigureError(str(error)) from error
    index = len(address) - 1
    layer, name = state.network.layers[index], state.network.names[index]
    if subject == "drawing":
        return
    if subject == "kernels":
        if not isinstance(layer, Conv2d):
            raise FigureError(f"{name} has no kernels; choose a convolution or a dense layer.")
        count = len(layer_kernel(layer, state.scheme)) * layer_kernel(layer, state.scheme).shape[1]
    elif not is_there(state.network, state.scheme, index):
        raise FigureError(f"{name} has no maps in this scheme: it takes all maps together.")
    elif subject == "contributions":
        if not isinstance(layer, Conv2d) or state.scheme is ChannelScheme.NAIVE:
            raise FigureError(f"In {name} nothing is summed here, so it has no contributions.")
        count = layer.depth * layer.out_channels
    else:
        count = len(_addresses(wanted)) if subject == "maps" else 1
        if subject in ("equation", "equations", "ledger") and not can_be_made(state, address):
            raise FigureError(
                f"{name} is no sum of convolutions, so there is no equation to take apart."
            )
    if count > MOST_TILES:
        raise FigureError(
            f"The figure would have {count:,} tiles, and {MOST_TILES:,} are the most that can be "
            "told apart; choose a smaller layer, or one map."
        )
    if subject == "ledger":
        rows, columns = state.network.sizes[index + 1]
        if wanted.pixel is None:
            raise FigureError("A ledger is of one pixel; say which, by its row and column.")
        if not (0 <= wanted.pixel[0] < rows and 0 <= wanted.pixel[1] < columns):
            row, column = wanted.pixel
            raise FigureError(
                f"{name} has no pixel at row {row}, column {column}: its maps are {rows}×{columns}."
            )


def _pass(
    wanted: Wanted,
    checkpoint: Checkpoint | None,
    *,
    known: Activations | None = None,
    making: bool = False,
    family: bool = False,
) -> Activations:
    """The maps that a figure shows."""
    state, address = wanted.state, wanted.address
    in_view: tuple[tuple[Address, ...], ...] = ()
    if state.scheme is ChannelScheme.NAIVE:
        held = _addresses(wanted) if family else (address,)
        layers = len(state.network.layers)
        in_view = tuple(held if i == len(address) - 1 else () for i in range(layers))
    request = Request(state, in_view, making=address if making else None)
    return forward(request, checkpoint, known)


def _addresses(wanted: Wanted) -> tuple[Address, ...]:
    """The maps of a layer that stand together."""
    network, address = wanted.state.network, wanted.address
    index = len(address) - 1
    kin = family(network, index, address) if wanted.state.scheme is ChannelScheme.NAIVE else None
    if kin is None:
        count = network.layers[index].out_channels
        return tuple((*address[:-1], number) for number in range(count))
    branches = 1 if kin.keeps else kin.branches
    return tuple(kin.address(number) for number in range(kin.parents * branches))


def _equation(wanted: Wanted, shown: Activations) -> EquationPicture:
    making = shown.making
    assert making is not None
    colours = making_colours(making, colouring_of(wanted.settings, shown.maps))
    return EquationPicture(making, colours, wanted.pixel)


def _ledger(wanted: Wanted, shown: Activations) -> LedgerPicture:
    making = shown.making
    assert making is not None
    assert wanted.pixel is not None
    colours = making_colours(making, colouring_of(wanted.settings, shown.maps))
    return LedgerPicture(ledger_of(making, wanted.pixel), colours)


def _maps(wanted: Wanted, shown: Activations) -> TilesPicture:
    """One map, or those that stand together, on the scale that they have on screen."""
    state, index = wanted.state, len(wanted.address) - 1
    addresses = _addresses(wanted) if wanted.subject == "maps" else (wanted.address,)
    found = [shown.find(address) for address in addresses]
    values = np.stack([one for one in found if one is not None])
    colours = colouring_of(wanted.settings, shown.maps)
    numbers_of = [map_number(state, address) for address in addresses]
    titles = [(f"map {number}", number, number.rpartition(".")[2]) for number in numbers_of]
    numbers = " to ".join(dict.fromkeys((numbers_of[0], numbers_of[-1])))
    grouped = state.scheme is ChannelScheme.NAIVE and len(addresses) > 1
    columns = state.network.layers[index].branches if grouped else 0
    columns = columns if 1 < columns <= _MOST_ACROSS else 0
    name = f"Maps of {state.network.names[index]}"
    name = map_title(state, wanted.address) if wanted.subject == "map" else name
    caption = maps_caption(state, index, values, numbers)
    return TilesPicture(name, caption, values, titles, colours, index, columns)


def _kernels(wanted: Wanted) -> TilesPicture:
    state, index = wanted.state, len(wanted.address) - 1
    conv, settings = state.network.conv(index), wanted.settings
    kernels = layer_kernel(conv, state.scheme)
    colours = kernel_colouring(conv, state.scheme, settings.colour_map, settings.contrast)
    pairs = [(row, column) for row in range(kernels.shape[1]) for column in range(len(kernels))]
    values = np.stack([kernels[column, row] for row, column in pairs])
    titles = [(f"[:, :, {i}, {j}]", f"{i}, {j}", f"{j}") for i, j in pairs]
    caption = kernels_caption(state, index, kernels)
    name = f"Kernels of {state.network.names[index]}"
    columns = len(kernels) if len(kernels) <= _MOST_ACROSS else 0
    return TilesPicture(name, caption, values, titles, colours, columns=columns)
