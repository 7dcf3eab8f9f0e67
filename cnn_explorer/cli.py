"""The command line: the window by default, and what can be done without one.

Exit codes: 0 done, 1 the work failed, 2 what was asked for cannot be done, 130 interrupted. Every
failure is one sentence on standard error. Whatever takes time to import is imported where it is
used.
"""

import argparse
import io
import os
import sys
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from cnn_explorer import __version__
from cnn_explorer.cli_evaluate import add_evaluate
from cnn_explorer.console import (
    FAILED,
    INTERRUPTED,
    REFUSED,
    Parser,
    Refused,
    interruptible,
    progress_bar,
    say,
)

_EXAMPLES = """\
examples:
  cnn-explorer
      open the window
  cnn-explorer lesson.cnnx
      open the window on a session, or on a picture, a network or digits
  cnn-explorer export --out maps
      write the maps of the digit 7 as pictures into the folder maps
  cnn-explorer export --help
      what else can be exported
  cnn-explorer evaluate t10k-images-idx3-ubyte.gz
      read the digits in a file, and tell how many are read right
"""

_EXPORT_EXAMPLES = """\
The maps are those of the network that the window opens on, unless --network, --filters,
--kernel-size or --weights say otherwise. Networks that are not trained have same padding, ReLU and
biases. Beside the maps, manifest.json says what each file holds.

examples:
  cnn-explorer export --out maps
  cnn-explorer export --digit 3 --filters 8,16 --kernel-size 5,3 --format sheet,npz --out maps
  cnn-explorer export --image seven.jpg --weights he --seed 1 --scheme shared --out maps
  cnn-explorer export --network 16-32-64 --digit 8 --format npz --out maps
  cnn-explorer export --filters 32,64,128 --scheme naive --address "2.0-3.*" --out maps
"""

if TYPE_CHECKING:
    from cnn_explorer.core.network import Network


def main(argv: Sequence[str] | None = None) -> int:
    """Run the program.

    Parameters
    ----------
    argv
        The arguments; those of the process without it.

    Returns
    -------
    int
        The exit code.
    """
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # not every terminal has every letter
    try:
        given = sys.argv[1:] if argv is None else argv
        if len(given) == 1 and _is_file(given[0]):
            return _open_window(given[0])
        arguments = _parser().parse_args(given)
        run: Callable[[argparse.Namespace], int] = arguments.run
        return run(arguments)
    except Refused as refusal:
        return say(str(refusal), REFUSED)
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:  # who read what is printed has seen enough, as `head` does
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return FAILED


def _parser() -> Parser:
    parser = Parser(
        prog="cnn-explorer",
        usage="cnn-explorer [-h] [--version] [file | command ...]",
        description=(
            "Shows how the maps of a convolutional layer are made. Opens the window, unless a "
            "command is given."
        ),
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=f"CNN Explorer {__version__}")
    parser.set_defaults(run=_run_window)
    commands = parser.add_subparsers(metavar="command", title="commands")
    _add_export(commands)
    add_evaluate(commands)
    self_test = commands.add_parser(
        "self-test",
        help="try the installed program in a window of its own, and tell whether it works",
        description="Tries the installed program in a window of its own, off screen if need be.",
        allow_abbrev=False,
    )
    self_test.set_defaults(run=_test_self)
    return parser


def _add_export(commands: "argparse._SubParsersAction[Parser]") -> None:
    from cnn_explorer.core.kernels import INITIALISATIONS
    from cnn_explorer.core.schemes import ChannelScheme
    from cnn_explorer.core.trained import TRAINED
    from cnn_explorer.io.networks import BUNDLED

    parser = commands.add_parser(
        "export",
        help="write maps as pictures and arrays, without a window",
        description="Writes maps as pictures and arrays, without a window.",
        epilog=_EXPORT_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.set_defaults(run=_export)
    add = parser.add_argument
    drawing = parser.add_mutually_exclusive_group()
    drawing.add_argument("--image", metavar="FILE", help="draw what is in this picture")
    drawing.add_argument(
        "--digit", metavar="0..9", type=_whole, default=7, help="draw a sample digit (default 7)"
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
        default="real",
        help="how a layer treats several input maps (default real)",
    )
    add(
        "--address",
        metavar="RANGE",
        help=(
            "in the naive scheme, the maps to write: one part for each layer down to theirs, each "
            'a number, a-b or *, such as "2.*"'
        ),
    )
    add(
        "--format",
        metavar="NAME,NAME",
        default="png",
        help=(
            "png: each map in colours; png16: each map as 16-bit grey; sheet: a contact sheet of "
            "each layer; npz: arrays (default png)"
        ),
    )
    add(
        "--scale",
        metavar="1..32",
        type=_whole,
        default=8,
        help="side of a map's pixel in pictures (default 8)",
    )
    add("--overwrite", action="store_true", help="replace files that are there already")
    add("--out", metavar="DIR", required=True, help="folder to write to; made if need be")


def _is_file(argument: str) -> bool:
    """Whether an argument that stands alone is a file to open, and no command or option."""
    return os.path.exists(argument) or argument.endswith(".cnnx")


def _run_window(arguments: argparse.Namespace) -> int:
    return _open_window()


def _open_window(path: str | None = None) -> int:
    from cnn_explorer.gui.screen import display_problem

    problem = display_problem()
    if problem is not None:
        raise Refused(problem)
    from cnn_explorer.app import run_window

    return run_window(["cnn-explorer"], path)


def _test_self(arguments: argparse.Namespace) -> int:
    from cnn_explorer.selftest import run

    return run()


def _export(arguments: argparse.Namespace) -> int:
    from cnn_explorer.core.schemes import ChannelScheme
    from cnn_explorer.core.state import State
    from cnn_explorer.io.digits import digit
    from cnn_explorer.io.export import ExportError, ExportOptions, FilesExistError, export
    from cnn_explorer.io.files import FileError, FolderError
    from cnn_explorer.io.images import read_drawing

    if not arguments.out:
        raise Refused("The name of the --out folder is empty; give one.")
    if arguments.image is None and arguments.invert is not None:
        raise Refused("The options --invert and --no-invert need --image.")
    try:
        network = _network(arguments)
        options = ExportOptions(
            formats=arguments.format.split(","),
            scale=arguments.scale,
            address_range=arguments.address,
        )
        if arguments.image is None:
            drawing = digit(arguments.digit)
        else:
            drawing = read_drawing(arguments.image, invert=arguments.invert).drawing
        state = State(drawing, network, ChannelScheme(arguments.scheme))
    except ValueError as error:
        raise Refused(str(error)) from None
    try:
        with progress_bar() as progress, interruptible() as checkpoint:
            names = export(
                state,
                arguments.out,
                options,
                overwrite=arguments.overwrite,
                progress=progress,
                checkpoint=checkpoint,
            )
    except FilesExistError as error:
        raise Refused(f"{str(error)[:-1]} with --overwrite.") from None
    except (ExportError, FolderError) as error:
        raise Refused(str(error)) from None
    except FileError as error:
        return say(str(error), FAILED)
    except MemoryError:
        return say("There is not enough memory for this export; export less.", FAILED)
    except KeyboardInterrupt:
        return say("Interrupted; nothing was written.", INTERRUPTED)
    print(f"Wrote {len(names)} files to {arguments.out}.")
    return 0


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
