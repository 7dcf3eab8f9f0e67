"""One layer as a card: its name and shapes, its fields, and one of its faces."""

from dataclasses import replace

from PySide6.QtCore import QSignalBlocker, Qt, Signal, Slot
from PySide6.QtWidgets import (
    QButtonGroup,
    QFrame,
    QHBoxLayout,
    QLabel,
    QMenu,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from cnn_explorer.core.edit import reset_layer
from cnn_explorer.core.forward import Activations
from cnn_explorer.core.kernel_edits import edits_text
from cnn_explorer.core.kernel_layers import Conv2d
from cnn_explorer.core.mutes import with_muted
from cnn_explorer.core.schemes import ChannelScheme, is_there, map_counts
from cnn_explorer.core.sentences import compact, kernel_index, kernel_word, map_title
from cnn_explorer.core.shapes import shape_line
from cnn_explorer.core.state import State
from cnn_explorer.gui.address_bar import AddressBar
from cnn_explorer.gui.colouring import Colouring
from cnn_explorer.gui.contribution_cells import ContributionCells
from cnn_explorer.gui.contributions import Contributions
from cnn_explorer.gui.document import Document
from cnn_explorer.gui.flow import FlowLayout, OneLine
from cnn_explorer.gui.kernel_matrix import KernelMatrix
from cnn_explorer.gui.layer_editor import LayerEditor
from cnn_explorer.gui.layer_fields import LayerFields
from cnn_explorer.gui.legend import Legend
from cnn_explorer.gui.map_grid import MapGrid
from cnn_explorer.gui.plain_fields import fields_of
from cnn_explorer.gui.selection import SelectionModel
from cnn_explorer.gui.settings import Settings
from cnn_explorer.gui.tiles import Spot, TileArea

PADDING = 11
"""Logical pixels between the card's border and what is in it."""

_EDGE = 6
_SPACING = 4

FACES = ("Maps", "Contributions", "Kernels")


class LayerCard(QFrame):
    """A layer's card with its maps, and where it has kernels, the faces Contributions and Kernels.

    Parameters
    ----------
    layer
        Index of the layer.
    document, selection
        What the card shows and changes.
    settings
        How it is coloured.

    Signals
    -------
    view_changed()
        Other maps came into view.
    room_changed()
        The card wants more or less room than before.
    moved(layer, to), removed(layer)
        The user asks to move or remove the layer.
    described(text)
        What the pointer is on, or "" when it left.
    activated()
        The selected map was double-clicked.
    pointed(layer, input, filter)
        What a cell of the contributions under the pointer joins: numbers of maps, None where the
        pointer is on a header or on nothing.
    """

    view_changed = Signal()
    room_changed = Signal()
    described = Signal(str)
    activated = Signal()
    pointed = Signal(int, object, object)
    moved = Signal(int, int)
    removed = Signal(int)

    def __init__(
        self,
        layer: int,
        document: Document,
        selection: SelectionModel,
        settings: Settings,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.setObjectName("card")
        self._layer = layer
        self._document = document
        self._state, self._settings = document.state, settings
        self._room = (400, 200, 200)
        self._bare = self._hides = False
        self._colouring: Colouring | None = None
        self._shapes_height = 0
        self.name = document.state.network.names[layer]
        self._title = QLabel(self.name, self)
        self._title.setProperty("role", "heading")
        self._shapes = OneLine(self)
        self._shapes.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        convolves = isinstance(document.state.network.layers[layer], Conv2d)
        editor = LayerFields if convolves else fields_of
        self.fields: LayerEditor = editor(layer, document, self)
        self._legend = Legend(self)
        self._reason = QLabel(self)
        self._reason.setProperty("role", "warning")
        self._reason.setWordWrap(True)
        self._reason.hide()
        self._absent = QLabel(self)
        self._absent.setProperty("role", "quiet")
        self._absent.setWordWrap(True)
        self._absent.hide()
        self._address = AddressBar(layer, document, selection, self)
        self.maps = MapGrid(layer, document.state, selection, self)
        self.contributions: Contributions | None = None
        self.kernels: KernelMatrix | None = None
        self._bodies: list[MapGrid | Contributions | KernelMatrix] = [self.maps]
        if convolves:
            self.contributions = Contributions(layer, document, selection, self)
            self.kernels = KernelMatrix(layer, document.state, selection, self)
            self._bodies += [self.contributions, self.kernels]
        self._behind: list[Contributions | KernelMatrix] = []
        self._muted = self._button("unmute all")
        self._muted.setToolTip(f"Let every contribution of {self.name} be heard again")
        self._muted.clicked.connect(self._unmute)
        self._edited = self._button("reset what was edited")
        self._edited.setObjectName("edited")
        self._edited.clicked.connect(self._reset)
        self._faces = QButtonGroup(self)
        self._flows = (FlowLayout(last_right=True), FlowLayout(last_right=True))
        for widget in (self._title, *self.fields.first, self._edited, self._muted, self._corner()):
            self._flows[0].addWidget(widget)
        for widget in (self._shapes, self._legend):
            self._flows[1].addWidget(widget)
        column = QVBoxLayout(self)
        column.setContentsMargins(PADDING, _EDGE, PADDING, _EDGE)
        column.setSpacing(_SPACING)
        column.addLayout(self._flows[0])
        column.addWidget(self.fields)
        column.addWidget(self._reason)
        column.addLayout(self._flows[1])
        column.addWidget(self._address)
        column.addWidget(self._absent)
        self._name_face()
        for face, body in enumerate(self._bodies):
            column.addWidget(body)
            body.setVisible(face == 0)
        self.fields.said.connect(self.say)
        self.fields.resized.connect(self.room_changed)
        self._address.said.connect(self.say)
        self._faces.idClicked.connect(self._show_face)
        self.maps.scrolled.connect(self.view_changed)
        self.maps.hovered.connect(self._describe_map)
        self.maps.activated.connect(self._activate)
        if self.kernels is not None:
            self.kernels.hovered.connect(self._describe_kernel)
        if self.cells is not None:
            self.cells.scrolled.connect(self.view_changed)
            self.cells.hovered.connect(self._describe_cell)
            self.cells.joined.connect(self._join)
            self.cells.activated.connect(self._activate)
        self.set_state(document.state, settings)

    def chrome_height(self, width: int) -> int:
        """Height of all but the tiles, in logical pixels, at a width of the card."""
        inner = width - 2 * PADDING - 2
        fields = self.fields.layout()
        assert fields is not None
        rows: list[int] = []
        for flow in (*self._flows, *(() if self.fields.isHidden() else (fields,))):
            flow.invalidate()  # Qt tells layouts inside others only later what changed
            rows.append(max(0, flow.heightForWidth(inner)))
        parts = [
            part for part in (self._reason, self._address, self._absent) if not part.isHidden()
        ]
        rows += [part.heightForWidth(inner) for part in parts]
        return sum(rows) + _SPACING * len(rows) + 2 * _EDGE + 2

    @property
    def face(self) -> TileArea:
        """The tiles that are shown."""
        shown = self._shown
        return shown.cells if isinstance(shown, Contributions) else shown

    @property
    def cells(self) -> ContributionCells | None:
        """The tiles of the contributions, where the layer has some."""
        return None if self.contributions is None else self.contributions.cells

    @property
    def _shown(self) -> MapGrid | Contributions | KernelMatrix:
        """The body of the face that is shown; without kernels there is one alone."""
        return self._bodies[self.shown_face]

    @property
    def shown_face(self) -> int:
        """Number of the face that is shown, in `FACES`."""
        return max(0, self._faces.checkedId())

    @property
    def face_height(self) -> int:
        """Height of the tiles and of what is around them on their face."""
        return 0 if self._shown.isHidden() else self._shown.height()

    def tile_count(self) -> int:
        """How many tiles the card shows."""
        return self.face.mosaic.count

    def set_room(self, width: int, share: int, most: int) -> None:
        """Give the card a width and its tiles a height, in logical pixels.

        Parameters
        ----------
        width
            Of the card.
        share, most
            Height of the tiles; more than their share only where they would be too small to read.
        """
        inner = width - 2 * PADDING - 2
        self._shapes_height = self._flows[1].heightForWidth(inner)
        self._room = inner, share, most
        self._shown.set_room(*self._room)

    def needs(self, width: int) -> tuple[object, ...]:
        """What the card's room depends on, at a width: while it is the same, the room may stay."""
        face, shown = self.face, self._shown
        beside = shown.words_height if isinstance(shown, Contributions) else 0
        return face, face.mosaic, face.map_size, beside, self.chrome_height(width)

    def set_state(self, state: State, settings: Settings) -> None:
        """Follow the network, the scheme and the colours."""
        if state.network.names[self._layer : self._layer + 1] != (self.name,):
            return  # its owner has another card for that layer
        self.say("")
        self._state, self._settings = state, settings
        self.fields.show_network(state.network)
        self._show_shapes()
        self._address.set_state(state)
        self.maps.set_state(state)
        self._show_absence()
        self._behind = [body for body in self._bodies if not isinstance(body, MapGrid)]
        self._catch_up()
        count = state.network.layers[self._layer].muted_count
        self._muted.setText(f"{count} muted")
        self._muted.setVisible(count > 0)
        convolves = self.kernels is not None
        edits = edits_text(state.network, self._layer) if convolves else ""
        self._edited.setText(edits_text(state.network, self._layer, short=True) if edits else "")
        self._edited.setAccessibleDescription(edits)
        self._edited.setToolTip(f"{edits}: a click makes them what they were")
        self._edited.setVisible(bool(edits) and not self._bare)
        self._show_legend()

    def show_maps(self, activations: Activations, colouring: Colouring) -> None:
        """Paint the maps of a pass."""
        self._colouring = colouring
        self.maps.show_maps(activations, colouring)
        if self.contributions is not None:
            self.contributions.show_maps(activations, colouring)
        self._show_legend()

    def _show_absence(self) -> None:
        """Say in place of the maps why there are none in the scheme at hand."""
        network, scheme = self._state.network, self._state.scheme
        absent = not is_there(network, scheme, self._layer)
        if absent:
            head = network.head
            made = network.layers[head].in_channels
            gets = map_counts(network, scheme)[head - 1] if head else 1
            why = f"{network.names[head]} takes all maps together, and here nothing is summed."
            if gets != made:
                why += f" It was made for {compact(made)} maps, and would get {compact(gets)}."
            self._absent.setText(f"Not in this scheme: {why}")
        if absent == self._absent.isHidden():
            for part, shown in (
                (self._absent, absent), (self._shapes, not absent), (self._legend, not absent),
            ):  # fmt: skip
                part.setVisible(shown)
            self._flows[1].invalidate()
            for body in self._bodies:
                body.setVisible(not absent and body is self._shown)
            self.room_changed.emit()

    def _catch_up(self) -> None:
        """Let the face that is shown follow what it missed; a hidden one costs nothing."""
        shown = self._shown
        for body in self._behind:
            if body is shown:
                body.set_state(self._state, self._settings)
        self._behind = [body for body in self._behind if body is not shown]

    def show_face(self, face: int) -> None:
        """Turn the card to one of `FACES`, by its number, if it has it."""
        if len(self._bodies) == 1:
            return
        self._faces.button(face).setChecked(True)
        self._show_face(face)

    def set_bare(self, bare: bool) -> None:
        """Put away what changes the layer, and leave what it is."""
        self._bare = bare
        for part in (self.fields, *self.fields.first, self._menu):
            part.setVisible(not bare)
        if self.contributions is not None:
            self.contributions.set_bare(bare)
        self._show_legend()
        self._edited.setVisible(bool(self._edited.text()) and not bare)
        self._name_face()

    def hide_answers(self, hides: bool) -> None:
        """Leave out how many maps come out, or tell it again."""
        self._hides = hides
        self._address.hide_answers(hides)
        self._show_shapes()
        self.room_changed.emit()

    def _show_shapes(self) -> None:
        self._shapes.setText(shape_line(self._state, self._layer, counted=not self._hides))
        self._shapes.setToolTip(self._shapes.text())

    def _name_face(self) -> None:
        """Offer all faces, or say only which it is."""
        for button in self._faces.buttons():
            button.setVisible(button.isChecked() or not self._bare)
            place = ("first", "middle", "last")[self._faces.id(button)]
            button.setProperty("segment", "only" if self._bare else place)
            button.style().polish(button)
        self._flows[0].invalidate()

    def set_stale(self, stale: bool) -> None:
        """Dim the maps while they are out of date."""
        self.maps.set_stale(stale)
        if self.cells is not None:
            self.cells.set_stale(stale)

    def _show_legend(self) -> None:
        room = self._legend.sizeHint()
        if isinstance(self._shown, KernelMatrix):
            shown = self._shown.colouring
            if shown is not None and shown.scales is not None:
                edits = "" if self._bare else edits_text(self._state.network, self._layer)
                note = edits or "kernels"
                self._legend.show_scale(shown.colours, shown.scales[0], note)
        elif self._colouring is not None:
            scales = self._colouring.scales
            naive = self._document.state.scheme is ChannelScheme.NAIVE
            note = (
                "maps in view" if naive and scales else "" if scales else "each map its own scale"
            )
            scale = None if scales is None or self._layer >= len(scales) else scales[self._layer]
            self._legend.show_scale(self._colouring.colours, scale, note)
        if self._legend.sizeHint() == room:
            return
        # A longer number may need a line of its own.
        self._flows[1].invalidate()
        height = self._flows[1].heightForWidth(self.width() - 2 * PADDING - 2)
        if height != self._shapes_height:
            self._shapes_height = height
            self.room_changed.emit()

    def _corner(self) -> QWidget:
        """The switch of the faces, and the menu."""
        corner = QWidget(self)
        row = QHBoxLayout(corner)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(0)
        for face, text in enumerate(FACES[: len(self._bodies)] if self._bodies[1:] else ()):
            button = QToolButton(self)
            button.setText(text)
            button.setCheckable(True)
            button.setChecked(face == 0)
            button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
            button.setAccessibleName(f"{self.name}: {text}")
            self._faces.addButton(button, face)
            row.addWidget(button)
        row.addSpacing(3)
        row.addWidget(self._menu_button())
        return corner

    def _button(self, does: str) -> QToolButton:
        """A button in the card's head that says what is not usual, and takes it back."""
        button = QToolButton(self)
        button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        button.setAccessibleName(f"{self.name}: {does}")
        return button

    def _menu_button(self) -> QToolButton:
        self._menu = QToolButton(self)
        self._menu.setText("⋯")
        self._menu.setFixedWidth(24)
        self._menu.setProperty("flat", True)
        self._menu.setAccessibleName(f"{self.name}: more settings, move or remove")
        self._menu.setToolTip("More settings; move or remove this layer")
        self._menu.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self._menu.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        menu = QMenu(self._menu)
        self._more = menu.addAction("More &settings")
        self._more.setCheckable(True)
        self._more.toggled.connect(self.fields.show_rare)
        menu.addSeparator()
        self._up = menu.addAction("Move &up", self._move_up)
        self._down = menu.addAction("Move &down", self._move_down)
        menu.addSeparator()
        self._remove = menu.addAction("&Remove this layer", self._ask_remove)
        menu.aboutToShow.connect(self._prepare_menu)
        self._menu.setMenu(menu)
        return self._menu

    @Slot()
    def _prepare_menu(self) -> None:
        count = len(self._document.state.network.layers)
        self._more.setVisible(bool(self.fields.rare))
        with QSignalBlocker(self._more):
            self._more.setChecked(self.fields.rare_shown)
        self._up.setVisible(self._layer > 0)
        self._down.setVisible(self._layer < count - 1)
        self._remove.setVisible(count > 1)

    @Slot()
    def _move_up(self) -> None:
        self.moved.emit(self._layer, self._layer - 1)

    @Slot()
    def _move_down(self) -> None:
        self.moved.emit(self._layer, self._layer + 1)

    @Slot()
    def _ask_remove(self) -> None:
        self.removed.emit(self._layer)

    @Slot(int)
    def _show_face(self, face: int) -> None:
        self._catch_up()
        self._bodies[face].set_room(*self._room)
        for place, body in enumerate(self._bodies):
            body.setVisible(place == face and self._absent.isHidden())
        self._name_face()
        self._show_legend()
        self.room_changed.emit()

    @Slot(object)
    def _describe_map(self, spot: Spot | None) -> None:
        if spot is None:
            self.described.emit("")
        else:
            title = map_title(self._document.state, self.maps.address(spot.index))
            self.described.emit(described(title, spot, self.maps.value(spot)))

    @Slot(object)
    def _describe_kernel(self, spot: Spot | None) -> None:
        assert self.kernels is not None
        if spot is None:
            self.described.emit("")
        else:
            channel, filter_ = self.kernels.pair(spot.index)
            layer = self._document.state.network.layers[self._layer]
            kernel = f"{kernel_word(layer)} {kernel_index(layer, channel, filter_)}"
            edited = " · edited" if spot.index in self.kernels.edited else ""
            title = f"{self.name} · {kernel}{edited}"
            self.described.emit(described(title, spot, self.kernels.value(spot)))

    @Slot(object)
    def _describe_cell(self, spot: Spot | None) -> None:
        cells = self.cells
        if spot is None or cells is None:
            self.described.emit("")
        else:
            self.described.emit(described(cells.title(spot.index), spot, cells.value(spot)))

    @Slot(object, object)
    def _join(self, row: int | None, filter_: int | None) -> None:
        """Say what a header is, and tell which maps what is under the pointer joins."""
        assert self.cells is not None
        contents, name = self.cells.contents, self.name
        channel = None
        if row is not None and row < contents.rows:
            channel = contents.input(row, filter_ or 0)
            if filter_ is None:
                source = contents.input_names(row, 0)[0]
                self.described.emit(f"{source} · a click mutes it for all of {name}")
        elif row is None:
            self.described.emit("" if filter_ is None else f"{name} · filter {filter_}")
        self.pointed.emit(self._layer, channel, filter_)

    @Slot()
    def _unmute(self) -> None:
        state = self._document.state
        network = with_muted(state.network, self._layer, None)
        self._document.commit(f"Unmute {self.name}", replace(state, network=network))

    @Slot()
    def _reset(self) -> None:
        state = self._document.state
        network = reset_layer(state.network, self._layer)
        self._document.commit(f"Reset {self.name}", replace(state, network=network))

    @Slot(object)
    def _activate(self, spot: Spot) -> None:
        self.activated.emit()

    @Slot(str)
    def say(self, reason: str) -> None:
        """Say why an edit cannot work, or "" that nothing is wrong."""
        if reason != self._reason.text():
            self._reason.setText(reason)
            self._reason.setVisible(bool(reason))
            self.room_changed.emit()


def described(title: str, spot: Spot, value: float | None) -> str:
    """A pixel in words: what it belongs to, where it is, its value."""
    number = "not computed" if value is None else f"{value:z.4f}".replace("-", "\N{MINUS SIGN}")
    return f"{title} · row {spot.row}, column {spot.column} · {number}"
