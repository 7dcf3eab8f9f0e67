"""What a restart brings back: colours, brush, window layout. Kept in one JSON file.

Not in a `QSettings`: to read one from a file can unpickle, and so run, what somebody put there.
"""

import json
import os
from base64 import b64decode, b64encode
from contextlib import suppress
from dataclasses import Field, dataclass, field, fields, replace
from pathlib import Path
from typing import Any

from PySide6.QtCore import QObject, Signal

from cnn_explorer.core.display import COLOUR_MAPS, CONTRASTS
from cnn_explorer.core.drawing import MAX_SIZE, MIN_SIZE
from cnn_explorer.core.layouts import LAYOUTS
from cnn_explorer.io.files import FileError, write_atomically

THEMES = {"system": "System", "light": "Light", "dark": "Dark"}
COLOUR_SCALES = {"layer": "Layer", "map": "One map", "network": "Network"}
ZOOMS = {"map": "Whole map", "pixel": "One pixel"}
ORDERS = {"size": "by size", "index": "by index"}
TEXT_SCALES = (80, 90, 100, 110, 125, 150, 175, 200)
EXPORT_SCALES = tuple(range(1, 33))

_MOST_BYTES = 1 << 20
_UNREADABLE = (ValueError, OverflowError, RecursionError)


def _choice(default: Any, choices: Any) -> Any:
    """Field whose value is one of some choices."""
    return field(default=default, metadata={"choices": tuple(choices)})


@dataclass(frozen=True)
class Settings:
    """All settings with their defaults; each field says what it may be."""

    theme: str = _choice("system", THEMES)
    text_scale: int = _choice(100, TEXT_SCALES)
    colour_map: str = _choice("signed", COLOUR_MAPS)
    contrast: int = _choice(1, CONTRASTS)
    colour_scale: str = _choice("layer", COLOUR_SCALES)
    pen_size: float = field(default=2.0, metadata={"range": (MIN_SIZE, MAX_SIZE)})
    layout: str = _choice("keras", LAYOUTS)
    export_scale: int = _choice(8, EXPORT_SCALES)
    zoom: str = _choice("pixel", ZOOMS)
    order: str = _choice("size", ORDERS)
    question: bool = True
    prediction: bool = False
    reduced_motion: bool = False
    folder: str = ""
    session: str = ""
    recent: str = ""
    window_geometry: bytes = b""
    window_state: bytes = b""


class SettingsStore(QObject):
    """The current `Settings`; those that the user chose are written to their file at once.

    Parameters
    ----------
    path
        The file. One with values that cannot be is put aside as ``….bad`` and the defaults take
        their place; `problem` then says so in one sentence.

    Signals
    -------
    changed(new, old)
        The settings were replaced.
    """

    changed = Signal(object, object)

    def __init__(self, path: Path, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._path = path
        self.problem: str | None = None
        self._current = self._own = self._read()

    @property
    def current(self) -> Settings:
        """The current settings."""
        return self._current

    def update(self, **changes: Any) -> None:
        """Replace some settings and keep them."""
        self._keep(replace(self._own, **changes))
        self._replace(replace(self._current, **changes))

    def show(self, **changes: Any) -> None:
        """Replace some settings for a while: what is kept stays, until one is updated."""
        self._replace(replace(self._current, **changes))

    def show_own(self) -> None:
        """Go back to the settings that are kept."""
        self._replace(self._own)

    def reset(self) -> None:
        """Go back to the defaults; which files were open stays."""
        kept = self._current
        settings = Settings(session=kept.session, recent=kept.recent)
        self._keep(settings)
        self._replace(settings)

    def _keep(self, settings: Settings) -> None:
        old, self._own = self._own, settings
        if settings != old:
            self._write(old)

    def _replace(self, settings: Settings) -> None:
        old, self._current = self._current, settings
        if settings != old:
            self.changed.emit(settings, old)

    def _read(self) -> Settings:
        try:
            values = _values(self._path)
            return Settings(
                **{
                    item.name: _checked(item, values[item.name])
                    for item in fields(Settings)
                    if item.name in values
                }
            )
        except FileNotFoundError:
            return Settings()
        except (OSError, *_UNREADABLE):
            aside = self._path.with_name(self._path.name + ".bad")
            with suppress(OSError):
                self._path.replace(aside)
            where = f" and was put aside as {aside}" if not os.path.lexists(self._path) else ""
            self.problem = (
                f"The settings file {self._path} could not be read{where}; "
                "the default settings are used."
            )
            return Settings()

    def _write(self, old: Settings) -> None:
        """Write what changed over what the file holds, which another window may have written."""
        kept: dict[str, Any] = {}
        with suppress(OSError, *_UNREADABLE):
            kept = _values(self._path)
        for item in fields(Settings):
            value = getattr(self._own, item.name)
            if value != getattr(old, item.name):
                kept[item.name] = b64encode(value).decode() if isinstance(value, bytes) else value
        with suppress(FileError):  # settings that cannot be kept hold until the end
            write_atomically(self._path, json.dumps(kept, indent=1).encode())


def _values(path: Path) -> dict[str, Any]:
    """What the file holds, or OSError or ValueError."""
    with path.open("rb") as file:
        text = file.read(_MOST_BYTES + 1)
    values = json.loads(text) if len(text) <= _MOST_BYTES else None
    if not isinstance(values, dict):
        raise ValueError(f"{path} holds no settings.")
    return values


def _checked(item: Field[Any], value: Any) -> Any:
    """A stored value as the field's type, or ValueError where the field forbids it."""
    kind = type(item.default)
    if kind is bytes and isinstance(value, str):
        return b64decode(value, validate=True)
    if kind is float and type(value) is int:
        value = float(value)
    limits = item.metadata.get("range", (value, value))
    allowed = item.metadata.get("choices", (value,))
    if type(value) is not kind or value not in allowed or not limits[0] <= value <= limits[1]:
        raise ValueError(f"{item.name} cannot be {value!r}.")
    return value
