"""``cnn-explorer share``: a document as one line of text, and back, without a window."""

import argparse
from pathlib import Path

from cnn_explorer.cli_document import add_document, document_of, refuse_options
from cnn_explorer.console import FAILED, Parser, Refused, say

_EXAMPLES = """\
examples:
  cnn-explorer share --session lesson.cnnx
      print the document of a session as a share string
  cnn-explorer share cnnx1:fVyIIAAaq8Y… --out lesson.cnnx
      write the document of a share string as a session
"""


def add_share(commands: "argparse._SubParsersAction[Parser]") -> None:
    """Add the command to the program's."""
    parser = commands.add_parser(
        "share",
        help="print a document as one line of text, or make a session of such a line",
        description="Prints a document as one line of text, or makes a session of such a line.",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.set_defaults(run=_share)
    parser.add_argument("string", metavar="STRING", nargs="?", help="a share string to open")
    add_document(parser)
    parser.add_argument("--out", metavar="FILE", help="the session to write STRING's document to")
    parser.add_argument("--overwrite", action="store_true", help="replace a file that is there")


def _share(arguments: argparse.Namespace) -> int:
    from cnn_explorer.io.files import FileError, FolderError
    from cnn_explorer.io.session import save
    from cnn_explorer.io.share import ShareError, opened, share

    if (arguments.string is None) != (arguments.out is None):
        raise Refused("A share string and --out need each other; without both, one is printed.")
    try:
        if arguments.string is None:
            print(share(document_of(arguments)))
            return 0
        if arguments.session is not None:
            raise Refused("A share string is a document: leave out --session.")
        refuse_options(arguments, "A share string")
        session = opened(arguments.string)
    except ShareError as error:
        raise Refused(str(error)) from None
    path = Path(arguments.out)
    if path.is_file() and not arguments.overwrite:
        raise Refused(f"{path} is there already; choose another name or replace it by --overwrite.")
    try:
        save(path, session)
    except FolderError as error:
        raise Refused(str(error)) from None
    except FileError as error:
        return say(str(error), FAILED)
    print(f"Wrote {path}.")
    return 0
