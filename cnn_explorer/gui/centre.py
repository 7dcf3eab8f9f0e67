"""The middle of the window: the layers or one enlarged map, and what is under the pointer there."""

from collections.abc import Mapping
from dataclasses import replace

from PySide6.QtCore import Signal, Slot
from PySide6.QtGui import QAction, QGuiApplication, QImage
from PySide6.QtWidgets import QStackedWidget, QVBoxLayout, QWidget

from cnn_explorer.core.activations import Array
from cnn_explorer.core.building import KINDS
from cnn_explorer.core.forward import Activations
from cnn_explorer.core.schemes import ChannelScheme
from cnn_explorer.core.selection import Selection
from cnn_explorer.core.sentences import map_sentence, map_title
from cnn_explorer.gui.colouring import Colouring, colouring_of
from cnn_explorer.gui.document import Document, switch_scheme
from cnn_explorer.gui.enlarged import Enlarged
from cnn_explorer.gui.layer_card import described
from cnn_explorer.gui.layer_column import LayerColumn
from cnn_explorer.gui.question import QuestionLine
from cnn_explorer.gui.scene_bar import SceneBar
from cnn_explorer.gui.selection import SelectionModel
from cnn_explorer.gui.settings import Settings, SettingsStore
from cnn_explorer.gui.tiles import Spot
from cnn_explorer.io.pictures import coloured, png

_ON_KERNELS = (
    "kernel", "copy_kernel", "paste_kernel", "reset_kernel", "reset_layer", "reset_kernels",
)  # fmt: skip
_NO_SELECTION = "Select a map first: click one"


class Centre(QStackedWidget):
    """The layers' cards, and in their place, when asked for, the selected map enlarged.

    Parameters
    ----------
    document, selection, store
        What is shown and changed.
    actions
        All actions by name; those on maps are connected here.

    Signals
    -------
    described(text)
        What is under the pointer; where it is on no map, what is pinned or selected.
    coloured(activations, colouring)
        Maps are shown, or shown in other colours.
    """

    described = Signal(str)
    coloured = Signal(object, object)

    def __init__(
        self,
        document: Document,
        selection: SelectionModel,
        store: SettingsStore,
        actions: Mapping[str, QAction],
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._document = document
        self._selection = selection
        self._store = store
        self.shown: Activations | None = None
        self._colouring: Colouring | None = None
        self.question = QuestionLine(document, selection, store, self)
        self.scene_bar = SceneBar(actions, self)
        kinds = [actions[f"add_{kind}"] for kind in KINDS]
        self.layers = LayerColumn(
            document,
            selection,
            store,
            actions["add_layer"],
            self,
            others=kinds,
            on_kernels=[actions[name] for name in _ON_KERNELS],
        )
        self.enlarged = Enlarged(selection, self)
        self._overview = QWidget(self)
        column = QVBoxLayout(self._overview)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.scene_bar)
        column.addWidget(self.question)
        column.addWidget(self.layers, 1)
        self.addWidget(self._overview)
        self.addWidget(self.enlarged)
        selection.changed.connect(self._selection_changed)
        store.changed.connect(self._settings_changed)
        self.layers.described.connect(self._describe)
        self.layers.activated.connect(self._enlarge)
        self.question.answered.connect(self._show_answer)
        self.enlarged.closed.connect(self._show_layers)
        self.enlarged.map.hovered.connect(self._hover_enlarged)
        self.enlarged.map.activated.connect(self._show_layers)
        for name, slot in (
            ("copy_map", self._copy_map),
            ("copy_sentence", self._copy_sentence),
            ("face_maps", self._show_map_faces),
            ("face_contributions", self._show_contribution_faces),
            ("face_kernels", self._show_kernel_faces),
            ("fold", self._fold),
            ("enlarge", self._enlarge),
            ("previous_map", self._previous_map),
            ("next_map", self._next_map),
            ("escape", self._escape),
        ):
            actions[name].triggered.connect(slot)

    def show_maps(self, activations: Activations) -> None:
        """Paint the maps of a pass."""
        self.shown = activations
        self._colour_maps()

    def describe_selection(self) -> None:
        """Tell the value at the pin, or which map is selected."""
        current, values = self._selection.current, self._selected_values()
        if current.address is None:
            self.described.emit("Click a map to select it")
            return
        title = map_title(self._document.state, current.address)
        if current.pin is None or values is None:
            self.described.emit(title)
        else:
            spot = Spot(0, *current.pin)
            text = described(title, spot, float(values[current.pin]))
            self.described.emit(f"{text} · pinned")

    def _colour_maps(self) -> None:
        if self.shown is None:
            return
        state, shown = self._document.state, self.shown.state
        if shown.network is not state.network or shown.scheme is not state.scheme:
            return  # the colours changed, and maps of the network at hand are still to come
        self._colouring = colouring_of(self._store.current, self.shown.maps)
        self.layers.show_maps(self.shown, self._colouring)
        self.coloured.emit(self.shown, self._colouring)
        self._show_enlarged()
        self._describe_anew()

    def _describe_anew(self) -> None:
        """Tell the new value of what is under the pointer, or else of what is pinned."""
        for area in (self.enlarged.map, *(card.face for card in self.layers.cards)):
            if area.isVisible() and area.hover is not None:
                area.hovered.emit(area.hover)
                return
        self.describe_selection()

    def _selected_values(self) -> Array | None:
        """The selected map as last computed."""
        address = self._selection.current.address
        state = self._document.state
        shown = self.shown
        if address is None or shown is None or shown.state.network is not state.network:
            return None
        return shown.find(address) if shown.state.scheme is state.scheme else None

    def _show_enlarged(self) -> None:
        address, values = self._selection.current.address, self._selected_values()
        if not self.is_enlarged or address is None or values is None:
            return
        assert self._colouring is not None
        self.enlarged.show_map(self._document.state, address, values, self._colouring)

    @Slot(object, object)
    def _selection_changed(self, new: Selection, old: Selection) -> None:
        if new.layer is None:
            self._show_layers()
        self._show_enlarged()
        self.describe_selection()

    @Slot(object, object)
    def _settings_changed(self, new: Settings, old: Settings) -> None:
        names = ("colour_map", "colour_scale", "contrast", "reduced_motion")
        if any(getattr(new, name) != getattr(old, name) for name in names):
            self.layers.set_state(self._document.state)
            self._colour_maps()

    @Slot(str)
    def _describe(self, text: str) -> None:
        if text:
            self.described.emit(text)
        else:
            self.describe_selection()

    @Slot(object)
    def _hover_enlarged(self, spot: Spot | None) -> None:
        address = self._selection.current.address
        if spot is None or address is None:
            self.describe_selection()
        else:
            title = map_title(self._document.state, address)
            self.described.emit(described(title, spot, self.enlarged.map.value(spot)))

    @property
    def is_enlarged(self) -> bool:
        """Whether the selected map takes the place of the layers."""
        return self.currentWidget() is self.enlarged

    def set_enlarged(self, enlarged: bool) -> None:
        """Show the selected map enlarged, or the layers."""
        if enlarged and self._selection.current.address is not None:
            self._enlarge()
        else:
            self._show_layers()

    @Slot()
    def _enlarge(self) -> None:
        if self._selection.current.address is None:
            self.described.emit(_NO_SELECTION)
            return
        self.setCurrentWidget(self.enlarged)
        self._show_enlarged()
        self.enlarged.map.setFocus()

    @Slot()
    def _show_layers(self) -> None:
        self.setCurrentWidget(self._overview)

    @Slot()
    def _escape(self) -> None:
        """Undo the innermost: the pin, the enlargement, the selection."""
        current = self._selection.current
        if current.pin is not None:
            self._selection.select(replace(current, pin=None))
        elif self.is_enlarged:
            self._show_layers()
        else:
            self._selection.select(replace(current, layer=None))

    @Slot()
    def _previous_map(self) -> None:
        self.layers.step_map(-1)

    @Slot()
    def _next_map(self) -> None:
        self.layers.step_map(1)

    @Slot()
    def _show_map_faces(self) -> None:
        self.layers.turn(0)

    @Slot()
    def _show_contribution_faces(self) -> None:
        self.layers.turn(1)

    @Slot()
    def _show_kernel_faces(self) -> None:
        self.layers.turn(2)

    @Slot()
    def _fold(self) -> None:
        layer = self._selection.current.layer
        self._show_layers()
        self.layers.fold(len(self.layers.cards) - 1 if layer is None else layer)

    @Slot(int)
    def _show_answer(self, layer: int) -> None:
        """Fold the layer that the question is about, in the scheme that folds."""
        switch_scheme(self._document, ChannelScheme.REAL)
        current = self._selection.current
        if current.layer != layer:
            self._selection.select(current.at(current.path[: layer + 1]))
        self._show_layers()
        self.layers.fold(layer, anew=True)

    @Slot()
    def _copy_sentence(self) -> None:
        address = self._selection.current.address
        if address is None:
            self.described.emit(_NO_SELECTION)
            return
        sentence = map_sentence(self._document.state, address)
        QGuiApplication.clipboard().setText(sentence)
        self.described.emit(f"Copied “{sentence}”")

    @Slot()
    def _copy_map(self) -> None:
        address, values = self._selection.current.address, self._selected_values()
        if address is None or values is None or self._colouring is None:
            self.described.emit(_NO_SELECTION)
            return
        scale = self._colouring.scale(len(address) - 1, values)
        pixels = coloured(values, self._colouring.colours, scale)
        image = QImage.fromData(png(pixels, {}, self._store.current.export_scale))
        QGuiApplication.clipboard().setImage(image)
        self.described.emit(f"Copied {map_title(self._document.state, address)} as a picture")
