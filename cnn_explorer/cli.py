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

from cnn_explorer import __version__
from cnn_explorer.cli_code import add_code
from cnn_explorer.cli_evaluate import add_evaluate
from cnn_explorer.cli_export import add_export
from cnn_explorer.cli_figure import add_figure
from cnn_explorer.cli_share import add_share
from cnn_explorer.console import (
    FAILED,
    INTERRUPTED,
    REFUSED,
    Parser,
    Refused,
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
  cnn-explorer figure equation --out equation.svg
      how a map is made, as one picture
  cnn-explorer code --to numpy
      print the network that the window opens on as a script
  cnn-explorer share --session lesson.cnnx
      print a document as one line of text
  cnn-explorer evaluate t10k-images-idx3-ubyte.gz
      read the digits in a file, and tell how many are read right
"""


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
    commands = parser.add_subparsers(metavar="command", title="commands", prog="cnn-explorer")
    add_export(commands)
    add_figure(commands)
    add_code(commands)
    add_share(commands)
    add_evaluate(commands)
    self_test = commands.add_parser(
        "self-test",
        help="try the installed program in a window of its own, and tell whether it works",
        description="Tries the installed program in a window of its own, off screen if need be.",
        allow_abbrev=False,
    )
    self_test.set_defaults(run=_test_self)
    return parser


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
