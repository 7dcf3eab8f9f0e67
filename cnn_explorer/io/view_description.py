"""What is looked at, in words that JSON has, there and back."""

from collections.abc import Iterable
from dataclasses import asdict, fields
from typing import Any

from cnn_explorer.core.display import COLOUR_MAPS, CONTRASTS
from cnn_explorer.core.layers import MAX_FEATURES
from cnn_explorer.core.layouts import LAYOUTS
from cnn_explorer.core.network import MAX_LAYERS
from cnn_explorer.core.selection import Selection
from cnn_explorer.core.view import COLOUR_SCALES, FACES, ORDERS, TABS, ZOOMS, View
from cnn_explorer.io.layer_description import MAX_SIDE, whole

KEYS = frozenset(field.name for field in fields(View))
"""What is said of a view; a later version may say more."""

_CHOICES: dict[str, Iterable[Any]] = {
    "tab": TABS,
    "zoom": ZOOMS,
    "order": ORDERS,
    "colour_map": COLOUR_MAPS,
    "contrast": CONTRASTS,
    "colour_scale": COLOUR_SCALES,
    "layout": LAYOUTS,
}


def described_view(view: View) -> dict[str, Any]:
    """Describe what is looked at."""
    return asdict(view)


def read_view(described: dict[str, Any]) -> View:
    """Make the view that was described; what is not said is as in `View`.

    Raises
    ------
    ValueError, KeyError, TypeError
        If it is no description, or says what cannot be.
    """
    described = described_view(View()) | described
    digit, revealed = described["digit"], described["revealed"]
    return View(
        selection=_selection(described["selection"]),
        faces=tuple(_one_of(FACES, face, "a card's face") for face in _list(described, "faces")),
        folds=tuple(
            whole(fold, "a fold's step", 0, MAX_FEATURES + 3) for fold in _list(described, "folds")
        ),
        sums=tuple(_yes(sums, "running sums") for sums in _list(described, "sums")),
        enlarged=_yes(described["enlarged"], "enlarged"),
        head=_yes(described["head"], "the head"),
        digit=None if digit is None else whole(digit, "the digit", 0, 9),
        revealed=None if revealed is None else whole(revealed, "the step", 0, MAX_FEATURES + 3),
        hidden=_yes(described["hidden"], "whether answers are hidden"),
        input=_yes(described["input"], "the input panel"),
        inspector=_yes(described["inspector"], "the inspector"),
        **{
            name: _one_of(choices, described[name], f"the {name.replace('_', ' ')}")
            for name, choices in _CHOICES.items()
        },
    )


def _selection(described: dict[str, Any]) -> Selection:
    layer, path, pin = described["layer"], described["path"], described["pin"]
    if type(path) is not list or len(path) != MAX_LAYERS:
        raise ValueError(f"a selection has {MAX_LAYERS} maps, one for each layer")
    if pin is not None:
        row, column = pin
        pin = whole(row, "the pin's row", 0, MAX_SIDE), whole(column, "its column", 0, MAX_SIDE)
    return Selection(
        None if layer is None else whole(layer, "the selected layer", 0, MAX_LAYERS - 1),
        tuple(whole(map_, "a selected map", 0, MAX_FEATURES) for map_ in path),
        pin,
        whole(described["channel"], "the kernel at hand", 0, MAX_FEATURES),
    )


def _list(described: dict[str, Any], name: str) -> list[Any]:
    values = described[name]
    if type(values) is not list or len(values) > MAX_LAYERS:
        raise ValueError(f"{name} is no list of at most {MAX_LAYERS}, one for each layer")
    return values


def _yes(value: Any, what: str) -> bool:
    if type(value) is not bool:
        raise ValueError(f"{what} is {value!r}; it must be true or false")
    return value


def _one_of(choices: Iterable[Any], value: Any, what: str) -> Any:
    known = list(choices)
    if value not in known or type(value) is not type(known[0]):
        raise ValueError(f"{what} is {value!r}; it must be one of {', '.join(map(str, known))}")
    return value
