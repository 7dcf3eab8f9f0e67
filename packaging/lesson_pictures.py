"""Play the lessons, by Page Down alone, and take a picture of each step: ``make lesson-pictures``.

Needs no display: the screen is one of 1024×768, as projectors have.
"""

import json
import os
import sys
import tempfile
from pathlib import Path

WIDTH, HEIGHT = 1024, 768
_SCREEN = {"name": "projector", "x": 0, "y": 0, "width": WIDTH, "height": HEIGHT}
_SCREEN |= {"logicalDpi": 96, "logicalBaseDpi": 96, "dpr": 1}
_SCREENS = Path(tempfile.mkdtemp(), "screens.json")
_SCREENS.write_text(json.dumps({"screens": [_SCREEN]}), encoding="utf-8")
os.environ["QT_QPA_PLATFORM"] = f"offscreen:configfile={_SCREENS}"

import numpy as np
from PySide6.QtGui import QCursor, QImage
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from screenshots import settle

from cnn_explorer.app import Folders, Program, application
from cnn_explorer.io.lessons import LESSONS

_MOST_STEPS = 60


def main() -> int:
    """Write the pictures into ``docs/lessons/``, or into the folder given, in a theme if given."""
    target = Path(sys.argv[1] if len(sys.argv) > 1 else "docs/lessons")
    theme = sys.argv[2] if len(sys.argv) > 2 else "light"
    target.mkdir(parents=True, exist_ok=True)
    app = application(["cnn-explorer"])
    for name in LESSONS:
        for old in target.glob(f"{name}-*.png"):
            old.unlink()
        with tempfile.TemporaryDirectory() as folder:
            program = Program(app, Folders(Path(folder, "config"), Path(folder, "data")))
            program.store.update(theme=theme, reduced_motion=True)
            program.show()
            _play(app, program, name, target)
            program.end()
    return 0


def _play(app: QApplication, program: Program, name: str, target: Path) -> None:
    """Present a lesson, and press Page Down until nothing changes any more."""
    window = program.window
    window.actions_by_name[f"lesson_{name}"].trigger()
    settle(app, program)
    window.actions_by_name["present"].trigger()
    QCursor.setPos(2 * WIDTH, 2 * HEIGHT)
    scene, step, last = None, 0, QImage()
    for _ in range(_MOST_STEPS):
        settle(app, program)
        picture = window.grab().toImage()
        if scene == window.scenes.current and picture == last:
            return
        step = step + 1 if scene == window.scenes.current else 0
        scene, last = window.scenes.current, picture
        assert scene is not None
        path = target / f"{name}-{scene + 1}{chr(ord('a') + step)}.png"
        _indexed(picture).save(str(path), quality=0)
        print(path, path.stat().st_size)
        QTest.keySequence(window, "PgDown")


def _indexed(picture: QImage) -> QImage:
    """The same picture in 256 colours, without dithering: a third of the size.

    They are the means of the 256 fullest of the cubes of 8×8×8 colours.
    """
    rgb = picture.convertToFormat(QImage.Format.Format_RGB888)
    rows, columns = rgb.height(), rgb.width()
    lines = np.frombuffer(rgb.constBits(), np.uint8).reshape(rows, rgb.bytesPerLine())
    pixels = lines[:, : 3 * columns].reshape(-1, 3).astype(np.int64)
    _, places, counts = np.unique(pixels >> 3, axis=0, return_inverse=True, return_counts=True)
    places = places.ravel()
    sums = [np.bincount(places, pixels[:, channel]) for channel in range(3)]
    means = np.rint(np.stack(sums, axis=1) / counts[:, np.newaxis]).astype(np.int64)
    kept = means[np.argsort(-counts, kind="stable")[:256]]
    nearest = np.array([np.abs(kept - mean).sum(axis=1).argmin() for mean in means], np.uint8)
    indices = nearest[places].tobytes()
    indexed = QImage(indices, columns, rows, columns, QImage.Format.Format_Indexed8)
    indexed.setColorTable((0xFF000000 + kept @ (1 << 16, 1 << 8, 1)).tolist())
    return indexed.copy()


if __name__ == "__main__":
    sys.exit(main())
