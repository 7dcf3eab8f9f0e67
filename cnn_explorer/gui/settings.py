"""What a restart brings back: colours, brush, window layout. Kept in one INI file."""

from dataclasses import MISSING, dataclass, field, fields, replace
from pathlib import Path
from typing import Any

from PySide6.QtCore import QByteArray, QObject, QSettings, Signal

from cnn_explorer.core.display import COLOUR_MAPS, CONTRASTS
from cnn_explorer.core.drawing import MAX_SIZE, MIN_SIZE
from cnn_explorer.core.layouts import LAYOUTS

THEMES = {"system": "System", "light": "Light", "dark": "Dark"}
COLOUR_SCALES = {"layer": "Layer", "map": "One map", "network": "Network"}
TEXT_SCALES = (80, 90, 100, 110, 125, 150, 175, 200)
EXPORT_SCALES = tuple(range(1, 33))


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
    folder: str = ""
    window_geometry: bytes = b""
    window_state: bytes = b""


class SettingsStore(QObject):
    """The current `Settings`, written to their file as they change.

    Parameters
    ----------
    path
        The INI file. A file with values that cannot be is put aside as ``….bad`` and the
        defaults take their place; `problem` then says so in one sentence.

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
        self._current = self._read()

    @property
    def current(self) -> Settings:
        """The current settings."""
        return self._current

    def update(self, **changes: Any) -> None:
        """Replace some settings and keep them."""
        self._replace(replace(self._current, **changes))

    def reset(self) -> None:
        """Go back to the defaults."""
        self._replace(Settings())

    def _replace(self, settings: Settings) -> None:
        old, self._current = self._current, settings
        if settings == old:
            return
        file = QSettings(str(self._path), QSettings.Format.IniFormat)
        for item in fields(Settings):
            value = getattr(settings, item.name)
            if value != getattr(old, item.name):
                file.setValue(item.name, _stored(value))
        file.sync()
        self.changed.emit(settings, old)

    def _read(self) -> Settings:
        if not self._path.exists():
            return Settings()
        file = QSettings(str(self._path), QSettings.Format.IniFormat)
        values: dict[str, Any] = {}
        good = file.status() == QSettings.Status.NoError
        known = {item.name for item in fields(Settings)}
        good = good and (known.issuperset(file.allKeys()) or bool(known & set(file.allKeys())))
        for item in fields(Settings):
            if file.contains(item.name):
                try:
                    values[item.name] = _checked(item, file.value(item.name))
                except (TypeError, ValueError):
                    good = False
        del file
        if not good:
            aside = self._path.with_name(self._path.name + ".bad")
            self._path.replace(aside)
            self.problem = (
                f"The settings file could not be read and was put aside as {aside}; "
                "the default settings are used."
            )
            return Settings()
        return Settings(**values)


def _stored(value: Any) -> Any:
    return QByteArray(value) if isinstance(value, bytes) else value


def _checked(item: Any, value: Any) -> Any:
    """A stored value as the field's type, or ValueError where the field forbids it."""
    assert item.default is not MISSING
    kind = type(item.default)
    if kind is bytes:
        if not isinstance(value, QByteArray):
            raise ValueError(item.name)
        return bytes(value.data())
    if not isinstance(value, (str, int, float)):
        raise ValueError(item.name)
    result = kind(value)
    choices = item.metadata.get("choices")
    if choices is not None and result not in choices:
        raise ValueError(item.name)
    limits = item.metadata.get("range")
    if limits is not None and not limits[0] <= result <= limits[1]:
        raise ValueError(item.name)
    return result
