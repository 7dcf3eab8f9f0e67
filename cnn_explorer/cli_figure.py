"""``cnn-explorer figure``: a figure of a document for a slide or a paper, without a window."""

import argparse
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from cnn_explorer.cli_document import add_document, document_of, selected
from cnn_explorer.console import FAILED, Parser, Refused, interruptible, progress_bar, say

if TYPE_CHECKING:
    from cnn_explorer.core.selection import Selection
    from cnn_explorer.gui.figure_maker import Wanted
    from cnn_explorer.io.session import Session

_EXAMPLES = """\
The ending of the file's name says what is written: .png, .svg or .pdf, of moving pictures .gif,
.png or .webp. Map and pixel are those
that a session has selected, or else map 1 of the last layer before the head and a pixel of it.

examples:
  cnn-explorer figure equation --out equation.svg
  cnn-explorer figure ledger --session lesson.cnnx --size slide --dark --out pixel.pdf
  cnn-explorer figure maps --layer 1 --digit 3 --caption --size column --out maps.pdf
  cnn-explorer figure fold --layer 2 --size slide --out fold.gif
  cnn-explorer figure equations --layer 2 --size page --out layer2.pdf
"""


def add_figure(commands: "argparse._SubParsersAction[Parser]") -> None:
    """Add the command to the program's."""
    parser = commands.add_parser(
        "figure",
        help="make a figure of a map, a layer or a pixel as SVG, PDF or PNG",
        description="Makes a figure as SVG, PDF or PNG.",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.set_defaults(run=_figure)
    add = parser.add_argument
    # The names of all that there is would load Qt.
    add(
        "subject",
        help="equation, ledger, map, maps, kernels, contributions, drawing; equations: a page for "
        "each map of the layer (PDF); fold, stroke: moving pictures (GIF, APNG, WebP)",
    )
    add_document(parser)
    add("--layer", metavar="N", type=int, help="which layer, counted from 1")
    add(
        "--map",
        metavar="N",
        help="which map of it, counted from 0; in the naive scheme its address, such as 2.3",
    )
    add("--pixel", metavar="ROW,COLUMN", help="which pixel of the map, counted from 0")
    add(
        "--size",
        default="page",
        help="screen, sharp, slide (16:9), slide43 (4:3), column (85 mm) or page (default page)",
    )
    add("--dark", action="store_true", help="on a dark ground instead of white")
    add("--caption", action="store_true", help="with layers, indices and ranges in a caption")
    add(
        "--text",
        action="store_true",
        help="text of an SVG as text in a named font, not as outlines",
    )
    add("--overwrite", action="store_true", help="replace a file that is there already")
    add("--out", metavar="FILE", required=True, help="the file; its ending says the format")


def _figure(arguments: argparse.Namespace) -> int:
    session = document_of(arguments)
    path = Path(arguments.out)
    if path.is_file() and not arguments.overwrite:
        raise Refused(f"{path} is there already; choose another name or replace it by --overwrite.")

    from cnn_explorer.gui.animations import ANIMATIONS, ENDINGS, make_animation
    from cnn_explorer.gui.figure_maker import make_figure, without_window
    from cnn_explorer.gui.figure_page import Look
    from cnn_explorer.io.files import FileError, FolderError, write_atomically

    application = without_window()
    moves = arguments.subject in ANIMATIONS
    formats = {ending: name for name, ending in ENDINGS.items()} if moves else {}
    ending = path.suffix.lower()
    look = Look(
        formats.get(ending, ending.removeprefix(".")),
        arguments.size,
        arguments.dark,
        arguments.caption,
        not arguments.text,
    )
    try:
        wanted = _wanted(arguments, session)
        with progress_bar() as progress, interruptible() as checkpoint:
            make = make_animation if moves else make_figure
            content = make(wanted, look, progress, checkpoint)
        write_atomically(path, content)
    except (ValueError, FolderError) as error:
        raise Refused(str(error)) from None
    except FileError as error:
        return say(str(error), FAILED)
    finally:
        del application
    print(f"Wrote {path}.")
    return 0


def _wanted(arguments: argparse.Namespace, session: "Session") -> "Wanted":
    from cnn_explorer.gui.figure_maker import Wanted
    from cnn_explorer.gui.settings import Settings

    selection, view = _selection(arguments, session), session.view
    settings = Settings()
    if view is not None:
        settings = replace(
            settings,
            colour_map=view.colour_map,
            contrast=view.contrast,
            colour_scale=view.colour_scale,
        )
    assert selection.address is not None
    return Wanted(session.state, arguments.subject, selection.address, selection.pin, settings)


def _selection(arguments: argparse.Namespace, session: "Session") -> "Selection":
    """What the session has selected, and what the arguments say otherwise."""
    from cnn_explorer.core.addresses import address_of, check_address, parse_address
    from cnn_explorer.core.schemes import ChannelScheme

    state = session.state
    chosen = selected(session)
    assert chosen.layer is not None
    if arguments.layer is not None:
        if not 1 <= arguments.layer <= len(state.network.layers):
            raise ValueError(
                f"There is no layer {arguments.layer}; the network has layers 1 to "
                f"{len(state.network.layers)}."
            )
        chosen = replace(chosen, layer=arguments.layer - 1).within(state.network)
    if arguments.map is not None:
        numbers = parse_address(arguments.map)
        if state.scheme is ChannelScheme.NAIVE:
            address = address_of(numbers, state.network)
        elif len(numbers) == 1:
            address = (*chosen.path[: chosen.layer], *numbers)
        else:
            raise ValueError("Outside the naive scheme --map is one number, such as 2.")
        check_address(address, state.network)
        chosen = chosen.at(address, chosen.pin).within(state.network)
    if arguments.pixel is not None:
        assert chosen.layer is not None
        rows, columns = state.network.sizes[chosen.layer + 1]
        row, _, column = arguments.pixel.partition(",")
        if not (row.isdecimal() and column.isdecimal()) or not (
            int(row) < rows and int(column) < columns
        ):
            raise ValueError(
                f"--pixel is a row below {rows} and a column below {columns}, such as 0,0."
            )
        chosen = replace(chosen, pin=(int(row), int(column)))
    return chosen
