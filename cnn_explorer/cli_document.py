"""The document that a command works on: that of a session, or one put together by options.

Whatever takes time to import is imported where it is used.
"""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from cnn_explorer.console import Refused

if TYPE_CHECKING:
    from cnn_explorer.core.network import Network
    from cnn_explorer.core.selection import Selection
    from cnn_explorer.core.state import State
    from cnn_explorer.io.session import Session

_OPTIONS = (
    "image", "digit", "invert", "filters", "kernel_size", "weights", "seed", "network", "scheme",
)  # fmt: skip


def add_document(parser: argparse.ArgumentParser) -> None:
    """Add the options that say which document is meant."""
    from cnn_explorer.core.kernels import INITIALISATIONS
    from cnn_explorer.core.schemes import ChannelScheme
    from cnn_explorer.core.trained import TRAINED
    from cnn_explorer.io.networks import BUNDLED

    add = parser.add_argument
    add(
        "--session",
        metavar="FILE",
        help="a session, or an export with arrays: its document, with its view",
    )
    drawing = parser.add_mutually_exclusive_group()
    drawing.add_argument("--image", metavar="FILE", help="draw what is in this picture")
    drawing.add_argument(
        "--digit", metavar="0..9", type=_whole, help="draw a sample digit (default 7)"
    )
    add(
        "--invert",
        action=argparse.BooleanOptionalAction,
        help="whether the picture is dark on light (default: look at it)",
    )
    add(
        "--filters",
        metavar="N,N",
        type=_wholes,
        help="filters of each convolution (default 3,4)",
    )
    add(
        "--kernel-size",
        metavar="N[,N]",
        type=_wholes,
        help="side of the kernels, one for all layers or one for each (default 3)",
    )
    add(
        "--weights",
        choices=(TRAINED, *INITIALISATIONS),
        help=(
            "trained: of a network that comes with the program, the default where one has such "
            "filters and kernels; bank: hand-made, the default elsewhere; the others are random"
        ),
    )
    add("--seed", metavar="N", type=_whole, help="of random numbers (default 0)")
    add(
        "--network",
        metavar="FILE",
        help=f"a network from a file, or one that comes with the program: {', '.join(BUNDLED)}",
    )
    add(
        "--scheme",
        choices=[scheme.value for scheme in ChannelScheme],
        help="how a layer treats several input maps (default real)",
    )


def document_of(arguments: argparse.Namespace) -> "Session":
    """The document that is asked for; Refused where there is none such."""
    from cnn_explorer.io.exports import holds_export, load_export
    from cnn_explorer.io.session import Session, load

    try:
        if arguments.session is None:
            return Session(_state(arguments))
        refuse_options(arguments, "A --session")
        path = Path(arguments.session)
        return load_export(path) if holds_export(path) else load(path)
    except ValueError as error:
        raise Refused(str(error)) from None


def refuse_options(arguments: argparse.Namespace, what: str) -> None:
    """Refuse options that put a document together beside one that is there."""
    given = [name for name in _OPTIONS if getattr(arguments, name) is not None]
    if given:
        option = f"--{given[0].replace('_', '-')}"
        raise Refused(f"{what} has its own drawing, network and scheme: leave out {option}.")


def selected(session: "Session") -> "Selection":
    """What a session has selected, or else what the window opens on."""
    from cnn_explorer.core.selection import opening_selection

    network = session.state.network
    if session.view is None or session.view.selection.address is None:
        return opening_selection(network)
    return session.view.selection.within(network)


def _state(arguments: argparse.Namespace) -> "State":
    from cnn_explorer.core.schemes import ChannelScheme
    from cnn_explorer.core.state import State
    from cnn_explorer.io.digits import digit
    from cnn_explorer.io.images import read_drawing

    if arguments.image is None and arguments.invert is not None:
        raise Refused("The options --invert and --no-invert need --image.")
    network = _network(arguments)
    if arguments.image is None:
        drawing = digit(7 if arguments.digit is None else arguments.digit)
    else:
        drawing = read_drawing(arguments.image, invert=arguments.invert).drawing
    return State(drawing, network, ChannelScheme(arguments.scheme or "real"))


def _network(arguments: argparse.Namespace) -> "Network":
    """The network that is asked for; ValueError where there is none such."""
    from cnn_explorer.core.building import new_network
    from cnn_explorer.core.trained import TRAINED
    from cnn_explorer.io.networks import BUNDLED, fitting_network, named_network

    if arguments.network is not None:
        given = ("filters", "kernel_size", "weights", "seed")
        if any(getattr(arguments, name) is not None for name in given):
            raise ValueError(
                "A --network has its own layers and weights: leave out --filters, --kernel-size, "
                "--weights and --seed, or leave out --network."
            )
        return named_network(arguments.network)
    filters, sizes = arguments.filters or (3, 4), arguments.kernel_size or (3,)
    if arguments.weights in (None, TRAINED) and arguments.seed is None:
        fitting = fitting_network(filters, sizes)
        if fitting is not None:
            return fitting
    if arguments.weights == TRAINED:
        raise ValueError(
            "No trained network has such filters and kernels, or a seed: choose one by --network "
            f"({', '.join(BUNDLED)}), or other --weights."
        )
    return new_network(
        filters, sizes, initialisation=arguments.weights or "bank", seed=arguments.seed or 0
    )


def _whole(text: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"“{text[:40]}” is not a whole number") from None


def _wholes(text: str) -> tuple[int, ...]:
    try:
        return tuple(map(int, text.split(",")))
    except ValueError:
        raise argparse.ArgumentTypeError(
            f"“{text[:40]}” is not whole numbers joined by commas, such as 8,16"
        ) from None
