"""``cnn-explorer export``: write maps as pictures and arrays, without a window."""

import argparse

from cnn_explorer.cli_document import add_document, document_of
from cnn_explorer.console import (
    FAILED,
    INTERRUPTED,
    Parser,
    Refused,
    interruptible,
    progress_bar,
    say,
)

_COLOURS = ("colour_map", "contrast", "colour_scale")

_EXAMPLES = """\
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


def add_export(commands: "argparse._SubParsersAction[Parser]") -> None:
    """Add the command to the program's."""
    parser = commands.add_parser(
        "export",
        help="write maps as pictures and arrays, without a window",
        description="Writes maps as pictures and arrays, without a window.",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.set_defaults(run=_export)
    add_document(parser)
    add = parser.add_argument
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
            "each layer; npz: arrays; csv, tiff: tables, stacks of maps, kernels and "
            "contributions (default png)"
        ),
    )
    add(
        "--scale",
        metavar="1..32",
        type=int,
        default=8,
        help="side of a map's pixel in pictures (default 8)",
    )
    add("--overwrite", action="store_true", help="replace files that are there already")
    add("--out", metavar="DIR", required=True, help="folder to write to; made if need be")


def _export(arguments: argparse.Namespace) -> int:
    from cnn_explorer.io.export import ExportError, ExportOptions, FilesExistError, export
    from cnn_explorer.io.files import FileError, FolderError

    if not arguments.out:
        raise Refused("The name of the --out folder is empty; give one.")
    session = document_of(arguments)
    colours = {name: getattr(session.view, name) for name in _COLOURS if session.view}
    try:
        options = ExportOptions(
            formats=arguments.format.split(","),
            scale=arguments.scale,
            address_range=arguments.address,
            **colours,
        )
    except ValueError as error:
        raise Refused(str(error)) from None
    try:
        with progress_bar() as progress, interruptible() as checkpoint:
            names = export(
                session.state,
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
