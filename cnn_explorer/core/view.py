"""What is on screen of a document, as a value: kept with the document, and not undone."""

from dataclasses import dataclass, field

from cnn_explorer.core.selection import Selection

FACES = ("maps", "contributions", "kernels")
TABS = ("making", "tensors", "kernel", "evidence")
ZOOMS = ("map", "pixel")
ORDERS = ("size", "index")
COLOUR_SCALES = ("layer", "map", "network")
"""Which maps share one scale of colours: those of a layer, none, all."""


@dataclass(frozen=True)
class View:
    """What is looked at in a document. Two views are equal if they show the same.

    Parameters
    ----------
    selection
        The selected map, the pinned pixel, the kernel at hand.
    faces
        For each layer which face its card shows: of `FACES`. Layers beyond show their maps.
    folds
        For each layer at which step the fold of its contributions is. Layers beyond: at none.
    sums
        For each layer whether its contributions show running sums. Layers beyond: no.
    enlarged
        Whether the selected map is enlarged.
    head
        Whether the head of a trained network is unfolded.
    tab
        What the inspector shows: of `TABS`.
    digit
        For which digit the evidence is shown, or None.
    zoom, order
        Of how a map is made: of `ZOOMS` and `ORDERS`.
    colour_map, contrast, colour_scale, layout
        As in the settings; the third is of `COLOUR_SCALES`.
    revealed
        How many steps of how a map is made are shown, from its first row to its activation; None
        for all, without steps.
    hidden
        Whether what gives an answer away is hidden.
    input, inspector
        Whether the panels beside the layers are there.
    """

    selection: Selection = field(default_factory=Selection)
    faces: tuple[str, ...] = ()
    folds: tuple[int, ...] = ()
    sums: tuple[bool, ...] = ()
    enlarged: bool = False
    head: bool = False
    tab: str = "making"
    digit: int | None = None
    zoom: str = "pixel"
    order: str = "size"
    colour_map: str = "signed"
    contrast: int = 1
    colour_scale: str = "layer"
    layout: str = "keras"
    revealed: int | None = None
    hidden: bool = False
    input: bool = True
    inspector: bool = True
