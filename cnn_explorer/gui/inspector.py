"""The right side: how a map is made, the tensors, the kernel at hand, the evidence for a digit."""

from collections.abc import Mapping

from PySide6.QtCore import QEvent, Qt, Signal, Slot
from PySide6.QtGui import QAction, QHideEvent, QResizeEvent, QShowEvent
from PySide6.QtWidgets import QFrame, QScrollArea, QTabWidget, QWidget

from cnn_explorer.core.addresses import Address
from cnn_explorer.core.forward import Activations
from cnn_explorer.core.making import can_be_made
from cnn_explorer.core.schemes import is_there
from cnn_explorer.core.selection import Selection
from cnn_explorer.core.sentences import map_number
from cnn_explorer.gui.colouring import Colouring
from cnn_explorer.gui.document import Document
from cnn_explorer.gui.evidence import EvidencePanel
from cnn_explorer.gui.kernel_editor import KernelEditor
from cnn_explorer.gui.kernel_tensors import KernelTensors
from cnn_explorer.gui.making_panel import MakingPanel
from cnn_explorer.gui.selection import SelectionModel
from cnn_explorer.gui.settings import SettingsStore

TAB_PADDING = 26
"""Logical pixels that a tab has around its text, as the theme sets them."""


class Inspector(QTabWidget):
    """Tabs: how the selected map is made, the tensors, the kernel at hand, a digit's evidence.

    Parameters
    ----------
    document, selection, store
        What is shown and changed.
    actions
        All actions by name.

    Signals
    -------
    view_changed()
        Whether the making of a map is looked at may have changed.
    wanted()
        The user goes to a tab: the inspector is to be seen.
    """

    view_changed = Signal()
    wanted = Signal()

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
        self._behind = False
        self.setDocumentMode(True)
        self.setAccessibleName("Inspector")
        self.tabBar().setAccessibleName("Inspector")
        self.setUsesScrollButtons(False)
        self.setElideMode(Qt.TextElideMode.ElideRight)
        self.making = MakingPanel(document, selection, store, self)
        self.tensors = KernelTensors(document, selection, store, actions, self)
        self.kernel = KernelEditor(document, selection, store, actions, self)
        self.evidence = EvidencePanel(document, selection, self)
        for panel in (self.making, self.tensors, self.kernel, self.evidence):
            self.addTab(_scrolled(panel), "")
        self._title = ""
        self.currentChanged.connect(self.view_changed)
        self.making.kernel_opened.connect(self.show_kernel)
        selection.changed.connect(self._selection_changed)
        for name, slot in (
            ("making", self.show_making),
            ("kernel", self.show_kernel),
            ("tensors", self.show_tensors),
            ("zoom", self._switch_zoom),
        ):
            actions[name].triggered.connect(slot)
        self._name_tab()

    def set_bare(self, bare: bool) -> None:
        """Put tabs and controls away, and leave what they show."""
        self.tabBar().setVisible(not bare)
        for panel in (self.making, self.tensors, self.kernel):
            panel.set_bare(bare)

    @property
    def looked_at(self) -> Address | None:
        """Path of filters to the map of which the making is looked at, or None."""
        return self._selection.current.address if self.making.isVisible() else None

    def show_maps(self, activations: Activations, colouring: Colouring) -> None:
        """Show how the selected map is made, as a pass computed it."""
        address = self._selection.current.address
        making = activations.making
        self._name_tab()
        self.evidence.show_maps(activations, colouring)
        if address is not None and not can_be_made(activations.state, address):
            self._behind = False
            self.making.show_steps(activations, address, colouring)
            return
        self._behind = address is not None and (making is None or making.address != address)
        if not self._behind:
            self.making.show_making(making if address is not None else None, colouring)
        self.making.set_stale(self._behind)

    def set_stale(self, stale: bool) -> None:
        """Dim what is out of date, as all maps or because another map's making is shown."""
        self.making.set_stale(stale or self._behind)
        self.evidence.set_stale(stale)

    def showEvent(self, event: QShowEvent) -> None:
        """Ask for the making of the map."""
        super().showEvent(event)
        self.view_changed.emit()

    def hideEvent(self, event: QHideEvent) -> None:
        """Ask for it no longer."""
        super().hideEvent(event)
        self.view_changed.emit()

    @Slot()
    def show_making(self) -> None:
        """Turn to how the map is made, with the keyboard on its rows."""
        self._turn_to(0)
        self.making.focus_rows()

    @Slot()
    def show_kernel(self) -> None:
        """Turn to the kernel at hand, with the keyboard on its cells."""
        self._turn_to(2)
        self.kernel.cells.setFocus()

    @Slot()
    def show_tensors(self) -> None:
        """Turn to the kernel tensors."""
        self._turn_to(1)
        self.tensors.setFocus()

    @Slot(int)
    def show_class(self, class_: int) -> None:
        """Turn to what speaks for a digit, and what against it."""
        self.evidence.show_class(class_)
        self._turn_to(3)

    @Slot()
    def _switch_zoom(self) -> None:
        self._turn_to(0)
        self._store.update(zoom="map" if self._store.current.zoom == "pixel" else "pixel")

    def _turn_to(self, tab: int) -> None:
        self.wanted.emit()
        self.setCurrentIndex(tab)

    @Slot(object, object)
    def _selection_changed(self, new: Selection, old: Selection) -> None:
        if new.address != old.address:
            self._name_tab()

    def _name_tab(self) -> None:
        address = self._selection.current.address
        if address is None:
            title = "How a map is made"
        else:
            state = self._document.state
            there = is_there(state.network, state.scheme, len(address) - 1)
            number = f"map {map_number(state, address)}" if there else "a map"
            title = f"How {number} is made"
        self._title = title
        self._fit_tabs()

    @property
    def titles(self) -> tuple[str, ...]:
        """What the tabs are, in full words."""
        return self._title, "Kernel tensors", "Kernel", "Evidence"

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Name the tabs in full where there is room."""
        super().resizeEvent(event)
        self._fit_tabs()

    def changeEvent(self, event: QEvent) -> None:
        """Follow the size of the text."""
        super().changeEvent(event)
        if event.type() is QEvent.Type.FontChange:
            self._fit_tabs()

    def _fit_tabs(self) -> None:
        bar = self.tabBar()
        words = bar.fontMetrics().horizontalAdvance
        full = sum(words(title) + TAB_PADDING for title in self.titles) <= self.width()
        shorter = self._title.removeprefix("How ").removesuffix(" is made").capitalize()
        short = (shorter, "Tensors", *self.titles[2:])
        for index, (text, title) in enumerate(
            zip(self.titles if full else short, self.titles, strict=True)
        ):
            if text != self.tabText(index):
                self.setTabText(index, text)
            self.setTabToolTip(index, title if text != title else "")


def _scrolled(panel: QWidget) -> QScrollArea:
    """A panel that scrolls where it has not the height that it needs."""
    area = QScrollArea()
    area.setFrameShape(QFrame.Shape.NoFrame)
    area.setWidgetResizable(True)
    area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
    area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
    area.setWidget(panel)
    # The dock's own ground shows through.
    area.viewport().setAutoFillBackground(False)
    panel.setAutoFillBackground(False)
    return area
