"""Actions that change settings: colours, scale, contrast, theme, size of the text."""

from collections.abc import Mapping

from PySide6.QtCore import QObject, Slot
from PySide6.QtGui import QAction

from cnn_explorer.core.display import COLOUR_MAPS, CONTRASTS
from cnn_explorer.gui.settings import COLOUR_SCALES, TEXT_SCALES, THEMES, Settings, SettingsStore

_CHOICES = {
    **{f"colours_{key}": ("colour_map", key) for key in COLOUR_MAPS},
    **{f"scale_{key}": ("colour_scale", key) for key in COLOUR_SCALES},
    **{f"theme_{key}": ("theme", key) for key in THEMES},
}


_SWITCHES = ("question", "reduced_motion")


class ViewActions(QObject):
    """Keeps the checked actions and the settings in step.

    Parameters
    ----------
    actions
        All actions by name.
    store
        The settings.
    """

    def __init__(
        self, actions: Mapping[str, QAction], store: SettingsStore, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._actions = actions
        self._store = store
        for name in _CHOICES:
            actions[name].triggered.connect(self._choose)
        for name in _SWITCHES:
            actions[name].triggered.connect(self._switch)
        actions["contrast"].triggered.connect(self._next_contrast)
        actions["larger"].triggered.connect(self._larger)
        actions["smaller"].triggered.connect(self._smaller)
        store.changed.connect(self._show)
        self._show(store.current, store.current)

    @Slot()
    def _choose(self) -> None:
        sender = self.sender()
        assert isinstance(sender, QAction)
        field, value = _CHOICES[sender.objectName()]
        self._store.update(**{field: value})

    @Slot()
    def _switch(self) -> None:
        sender = self.sender()
        assert isinstance(sender, QAction)
        self._store.update(**{sender.objectName(): sender.isChecked()})

    @Slot()
    def _next_contrast(self) -> None:
        place = CONTRASTS.index(self._store.current.contrast)
        self._store.update(contrast=CONTRASTS[(place + 1) % len(CONTRASTS)])

    @Slot()
    def _larger(self) -> None:
        self._resize_text(1)

    @Slot()
    def _smaller(self) -> None:
        self._resize_text(-1)

    def _resize_text(self, by: int) -> None:
        place = TEXT_SCALES.index(self._store.current.text_scale) + by
        self._store.update(text_scale=TEXT_SCALES[min(max(place, 0), len(TEXT_SCALES) - 1)])

    @Slot(object, object)
    def _show(self, new: Settings, old: Settings) -> None:
        for name, (field, value) in _CHOICES.items():
            self._actions[name].setChecked(getattr(new, field) == value)
        for name in _SWITCHES:
            self._actions[name].setChecked(getattr(new, name))
        self._actions["contrast"].setText(f"C&ontrast ×{new.contrast}")
