"""``cnn-explorer evaluate``: read the digits in a file, and tell how many are read right."""

import argparse
from pathlib import Path

from cnn_explorer.console import FAILED, Parser, Refused, interruptible, progress_bar, say

_EXAMPLES = """\
FILE is an IDX file, packed by gzip or not, an NPZ file (arrays called images and labels, x and y,
or x_train and y_train), or a folder of pictures, labelled by the folders in it, 0 to 9, or by the
digit that their names begin with.

examples:
  cnn-explorer evaluate t10k-images-idx3-ubyte.gz
  cnn-explorer evaluate digits.idx --labels answers.idx --network 3-4
  cnn-explorer evaluate scans --network mine.safetensors
"""


def add_evaluate(commands: "argparse._SubParsersAction[Parser]") -> None:
    """Add the command to the program's."""
    parser = commands.add_parser(
        "evaluate",
        help="read the digits in a file, and compare them with their labels",
        description="Reads the digits in a file, and compares them with their labels.",
        epilog=_EXAMPLES,
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
    parser.add_argument(
        "--centre", action="store_true", help="centre each digit first, as MNIST's are"
    )


def _evaluate(arguments: argparse.Namespace) -> int:
    from cnn_explorer.core.blas import limit_threads
    from cnn_explorer.core.confusion import confusion, right, share, table
    from cnn_explorer.core.drawing import blank
    from cnn_explorer.core.evaluation import read_digits
    from cnn_explorer.core.reading import no_reading
    from cnn_explorer.core.state import State
    from cnn_explorer.io.datasets import open_digits
    from cnn_explorer.io.networks import named_network

    limit_threads()
    try:
        with progress_bar() as progress, interruptible() as checkpoint:
            network = named_network(arguments.network)
            state = State(blank(), network, centred=arguments.centre)
            if no_reading(state):
                raise Refused(no_reading(state))
            digits = open_digits(
                arguments.file, arguments.labels, progress=progress, checkpoint=checkpoint
            )
            if digits.labels is None:
                raise Refused(f"{digits.name} has no labels; name their file with --labels.")
            readings = read_digits(state, digits.images, progress=progress, checkpoint=checkpoint)
    except ValueError as error:
        raise Refused(str(error)) from None
    except MemoryError:
        return say("There is not enough memory for these digits; give fewer.", FAILED)
    counts = confusion(readings.classes, digits.labels)
    known, total = right(counts), len(digits)
    first = f"{arguments.network} reads {known:,} of {total:,} digits right: {share(known, total)}"
    print(first, "", table(counts), sep="\n", flush=True)
    return 0
