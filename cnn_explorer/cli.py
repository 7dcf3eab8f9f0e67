"""The command line: the window by default, and what can be done without one.

Exit codes: 0 done, 1 the work failed, 2 what was asked for cannot be done, 130 interrupted. Every
failure is one sentence on standard error. Whatever takes time to import is imported where it is
used.
"""

import argparse
import io
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from cnn_explorer import __version__

_FAILED, _REFUSED, _INTERRUPTED = 1, 2, 130

_EXAMPLES = """\
examples:
  cnn-explorer
      open the window
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

_EVALUATE_EXAMPLES = """\
FILE is an IDX file, packed by gzip or not, an NPZ file (arrays called images and labels, x and y,
or x_train and y_train), or a folder of pictures, labelled by the folders in it, 0 to 9, or by the
digit that their names begin with.

examples:
  cnn-explorer evaluate t10k-images-idx3-ubyte.gz
  cnn-explorer evaluate digits.idx --labels answers.idx --network 3-4
  cnn-explorer evaluate scans --network mine.safetensors
"""


if TYPE_CHECKING:
    from cnn_explorer.core.network import Network


class _Refused(Exception):
    """What was asked for cannot be done; the message is one sentence."""


class _Parser(argparse.ArgumentParser):
    """A parser that answers wrong arguments with one sentence instead of its usage."""

    def error(self, message: str) -> NoReturn:
        """Refuse in argparse's own words."""
        words = message[:1].upper() + message[1:].rstrip(".")
        raise _Refused(f"{words}; see {self.prog} --help.")


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
        arguments = _parser().parse_args(argv)
        run: Callable[[argparse.Namespace], int] = arguments.run
        return run(arguments)
    except _Refused as refusal:
        return _say(str(refusal), _REFUSED)
    except KeyboardInterrupt:
        return _INTERRUPTED


def _parser() -> _Parser:
    parser = _Parser(
        prog="cnn-explorer",
        description=(
            "Shows how the maps of a convolutional layer are made. Opens the window, unless a "
            "command is given."
        ),
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=f"CNN Explorer {__version__}")
    parser.set_defaults(run=_open_window)
    commands = parser.add_subparsers(metavar="command", title="commands")
    _add_export(commands)
    _add_evaluate(commands)
    self_test = commands.add_parser(
        "self-test",
        help="try the installed program in a window of its own, and tell whether it works",
        description="Tries the installed program in a window of its own, off screen if need be.",
        allow_abbrev=False,
    )
    self_test.set_defaults(run=_test_self)
    return parser


def _add_export(commands: "argparse._SubParsersAction[_Parser]") -> None:
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


def _add_evaluate(commands: "argparse._SubParsersAction[_Parser]") -> None:
    parser = commands.add_parser(
        "evaluate",
        help="read the digits in a file, and compare them with their labels",
        description="Reads the digits in a file, and compares them with their labels.",
        epilog=_EVALUATE_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.set_defaults(run=_evaluate)
    parser.add_argument("file", metavar="FILE", type=Path, help="the digits")
    parser.add_argument(
        "--labels",
        metavar="FILE",
        type=Path,
        help="IDX file of their labels (default: look in the file and beside it)",
    )
    parser.add_argument(
        "--network",
        metavar="NAME",
        default="8-16",
        help="a bundled network, or the file of another (default 8-16)",
    )


def _open_window(arguments: argparse.Namespace) -> int:
    from cnn_explorer.gui.screen import display_problem

    problem = display_problem()
    if problem is not None:
        raise _Refused(problem)
    from cnn_explorer.app import run_window

    return run_window(["cnn-explorer"])


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
        raise _Refused("The name of the --out folder is empty; give one.")
    if arguments.image is None and arguments.invert is not None:
        raise _Refused("The options --invert and --no-invert need --image.")
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
        raise _Refused(str(error)) from None
    try:
        with _progress_bar() as progress, _interruptible() as checkpoint:
            names = export(
                state,
                arguments.out,
                options,
                overwrite=arguments.overwrite,
                progress=progress,
                checkpoint=checkpoint,
            )
    except FilesExistError as error:
        raise _Refused(f"{str(error)[:-1]} with --overwrite.") from None
    except (ExportError, FolderError) as error:
        raise _Refused(str(error)) from None
    except FileError as error:
        return _say(str(error), _FAILED)
    except MemoryError:
        return _say("There is not enough memory for this export; export less.", _FAILED)
    except KeyboardInterrupt:
        return _say("Interrupted; nothing was written.", _INTERRUPTED)
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


def _evaluate(arguments: argparse.Namespace) -> int:
    from cnn_explorer.core.blas import limit_threads
    from cnn_explorer.core.confusion import confusion, right, share, table
    from cnn_explorer.core.evaluation import read_digits
    from cnn_explorer.io.datasets import open_digits
    from cnn_explorer.io.networks import named_network

    limit_threads()
    try:
        with _progress_bar() as progress, _interruptible() as checkpoint:
            network = named_network(arguments.network)
            digits = open_digits(
                arguments.file, arguments.labels, progress=progress, checkpoint=checkpoint
            )
            if digits.labels is None:
                raise _Refused(f"{digits.name} has no labels; name their file with --labels.")
            readings = read_digits(network, digits.images, progress=progress, checkpoint=checkpoint)
    except ValueError as error:
        raise _Refused(str(error)) from None
    except MemoryError:
        return _say("There is not enough memory for these digits; give fewer.", _FAILED)
    counts = confusion(readings.classes, digits.labels)
    known, total = right(counts), len(digits)
    print(f"{arguments.network} reads {known:,} of {total:,} digits right: {share(known, total)}\n")
    print(table(counts))
    return 0


@contextmanager
def _progress_bar() -> Iterator[Callable[[int, int], None] | None]:
    """A bar on standard error where that is a terminal; it is gone when the work is."""
    if sys.stderr is None or not sys.stderr.isatty():
        yield None
        return
    width = 30

    def show(done: int, total: int) -> None:
        bar = "#" * (done * width // total)
        sys.stderr.write(f"\r[{bar:<{width}}] {done * 100 // total:3} %")
        sys.stderr.flush()

    try:
        yield show
    finally:
        sys.stderr.write("\r" + " " * (width + 8) + "\r")
        sys.stderr.flush()


@contextmanager
def _interruptible() -> Iterator[Callable[[], None]]:
    """Ctrl-C waits for the next call of what is yielded; a second one does not wait.

    Raised in the middle of a call into Qt, PySide6 6.11 makes a SystemError of it now and then.
    """
    pressed = False

    def press(*_: object) -> None:
        nonlocal pressed
        pressed = True
        signal.signal(signal.SIGINT, signal.default_int_handler)

    def checkpoint() -> None:
        if pressed:
            raise KeyboardInterrupt

    if signal.getsignal(signal.SIGINT) is not signal.default_int_handler:
        yield checkpoint  # somebody ignores it, or has a way of their own
        return
    signal.signal(signal.SIGINT, press)
    try:
        yield checkpoint
    finally:
        signal.signal(signal.SIGINT, signal.default_int_handler)


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


def _say(sentence: str, code: int) -> int:
    """Say what went wrong, on standard error, and hand the exit code on."""
    print(sentence, file=sys.stderr)
    return code
