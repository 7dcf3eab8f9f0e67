"""What `make run` does: open the window or, where there is no display, write the maps as pictures.

The pictures are those of the bundled digit 7, in `./cnn-explorer-maps/`.
"""

import sys

from cnn_explorer.cli import main
from cnn_explorer.gui.screen import display_problem

_FOLDER = "cnn-explorer-maps"


def run() -> int:
    """Run the program in the way that this machine allows, and return its exit code."""
    problem = display_problem()
    if problem is None:
        return main([])
    print(f"{problem} Writing the maps of a bundled digit to ./{_FOLDER}/ instead.", flush=True)
    export = ["export", "--digit", "7", "--format", "png,sheet", "--overwrite", "--out", _FOLDER]
    return main(export)


if __name__ == "__main__":
    sys.exit(run())
