"""Take the README's pictures of the window: ``make screenshots``.

Needs no display. Each picture shows the opening document as a user sees it.
"""

import os
import sys
import tempfile
import time
from pathlib import Path

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from PySide6.QtWidgets import QApplication

from cnn_explorer.app import Folders, Program, application

SIZE = (1440, 900)
PICTURES = {
    "real-light": ("light", ("real",)),
    "real-dark": ("dark", ("real",)),
    "naive-light": ("light", ("naive",)),
    "shared-light": ("light", ("shared",)),
    "kernels-light": ("light", ("real", "face_kernels")),
    "enlarged-dark": ("dark", ("real", "enlarge")),
}


def main() -> int:
    """Write the pictures into ``docs/``, or into the folder given."""
    target = Path(sys.argv[1] if len(sys.argv) > 1 else "docs")
    target.mkdir(exist_ok=True)
    app = application(["cnn-explorer"])
    for name, (theme, actions) in PICTURES.items():
        with tempfile.TemporaryDirectory() as folder:
            program = Program(app, Folders(Path(folder, "config"), Path(folder, "data")))
            program.store.update(theme=theme)
            program.window.resize(*SIZE)
            program.show()
            _settle(app, program)
            for action in actions:
                program.window.actions_by_name[action].trigger()
                _settle(app, program)
            program.window.grab().save(str(target / f"{name}.png"))
            program.end()
        print(target / f"{name}.png")
    return 0


def _settle(app: QApplication, program: Program) -> None:
    """Wait for the maps by scipy.signal and for their paint."""
    window = program.window
    app.processEvents()
    while not (window.fresh and window.worker.signal_ready):
        app.processEvents()
        time.sleep(0.01)
    for _ in range(10):
        app.processEvents()


if __name__ == "__main__":
    sys.exit(main())
