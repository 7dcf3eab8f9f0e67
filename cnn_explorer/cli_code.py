"""``cnn-explorer code``: write a document's network as a script, without a window."""

import argparse
from pathlib import Path

from cnn_explorer.cli_document import add_document, document_of, selected
from cnn_explorer.console import FAILED, Parser, Refused, say

_EXAMPLES = """\
Without --out the script is printed. Scripts hold up to 20,000 numbers; more lie in an NPZ file
beside the script. With a name of a file as argument, a script saves its maps there as NPZ.

examples:
  cnn-explorer code > maps.py
  cnn-explorer code --session lesson.cnnx --to torch --out lesson.py
  cnn-explorer code --session lesson.cnnx --selected
"""


def add_code(commands: "argparse._SubParsersAction[Parser]") -> None:
    """Add the command to the program's."""
    from cnn_explorer.core.code import Library

    parser = commands.add_parser(
        "code",
        help="write the network as a script for NumPy, PyTorch or Keras",
        description="Writes network, weights and drawing as a script that prints its maps.",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.set_defaults(run=_code)
    add_document(parser)
    add = parser.add_argument
    add(
        "--to",
        choices=[library.value for library in Library],
        default=Library.NUMPY.value,
        help="what the script computes with (default numpy)",
    )
    add(
        "--selected",
        action="store_true",
        help="the map and the pixel that are selected alone: a shorter script",
    )
    add("--overwrite", action="store_true", help="replace files that are there already")
    add("--out", metavar="FILE", help="the script; made with what it needs, or not at all")


def _code(arguments: argparse.Namespace) -> int:
    from cnn_explorer.core.code import Library, script
    from cnn_explorer.io.code_files import write_code
    from cnn_explorer.io.export import FilesExistError
    from cnn_explorer.io.files import FileError, FolderError

    session = document_of(arguments)
    state, library = session.state, Library(arguments.to)
    address = pixel = None
    if arguments.selected:
        selection = selected(session)
        address, pixel = selection.address, selection.pin
    try:
        if arguments.out is None:
            print(script(state, library, address=address, pixel=pixel).text, end="")
            return 0
        names = write_code(
            Path(arguments.out),
            state,
            library,
            address=address,
            pixel=pixel,
            overwrite=arguments.overwrite,
        )
    except FilesExistError as error:
        raise Refused(f"{str(error)[:-1]} with --overwrite.") from None
    except (ValueError, FolderError) as error:
        raise Refused(str(error)) from None
    except FileError as error:
        return say(str(error), FAILED)
    print(f"Wrote {' and '.join(names)}.")
    return 0
