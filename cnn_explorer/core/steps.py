"""How a pixel is made that is no weighted sum of a window: its steps, in printed numbers."""

import html

import numpy as np

from cnn_explorer.core.activations import Array
from cnn_explorer.core.addresses import Address
from cnn_explorer.core.equation import equation
from cnn_explorer.core.forward import Activations
from cnn_explorer.core.layers import Flatten, GlobalAvgPool2d, Softmax
from cnn_explorer.core.ledger import places_for
from cnn_explorer.core.schemes import is_there
from cnn_explorer.core.sentences import map_number, map_sentence, short_name

Steps = tuple[tuple[str, str], ...]


def steps_text(shown: Activations, address: Address, pixel: tuple[int, int] | None) -> str:
    """How a map is made, and one of its pixels if one is given, as rich text.

    Parameters
    ----------
    shown, address, pixel
        As in `steps`; a pixel that is not in the map is left out.
    """
    state, index = shown.state, len(address) - 1
    if not is_there(state.network, state.scheme, index):
        return map_sentence(state, address)
    said = [html.escape(equation(state, address)), html.escape(map_sentence(state, address))]
    rows, columns = state.network.sizes[index + 1]
    if pixel is not None and pixel[0] < rows and pixel[1] < columns:
        cells = (
            f"<tr><td>{html.escape(what)}&nbsp;</td><td align=right>{number}</td></tr>"
            for what, number in steps(shown, address, pixel)
        )
        said.append(f"<table>{''.join(cells)}</table>")
    return "<br><br>".join(said)


def steps(shown: Activations, address: Address, pixel: tuple[int, int]) -> Steps:
    """What is done, and what comes out, line by line; the last is the pixel.

    Parameters
    ----------
    shown
        A pass.
    address, pixel
        Path of filters to a map that `can_be_made` has no sum for, and (row, column) in it.

    Returns
    -------
    tuple of (str, str)
        Nothing where the pass does not have the map.
    """
    state, index = shown.state, len(address) - 1
    layer, after = state.network.layers[index], shown.find(address)
    maps = _inputs(shown, address)
    if after is None or maps is None:
        return ()
    value = float(after[pixel])
    name = f"{short_name(state.network, index)}[{map_number(state, address)}]"
    if isinstance(layer, GlobalAvgPool2d):
        count = maps.shape[1] * maps.shape[2]
        with np.errstate(all="ignore"):
            total = float(maps.sum(dtype=np.float32))
        lines = [(f"sum of the {count} pixels", total), (f"divided by {count} = {name}", value)]
    elif isinstance(layer, Flatten):
        _, row, column = layer.source(address[-1])
        lines = [(f"row {row}, column {column} of the map = {name}", value)]
    elif isinstance(layer, Softmax):
        inputs = maps[:, pixel[0], pixel[1]]
        own, most = inputs[address[-1]], inputs.max()
        with np.errstate(all="ignore"):
            powers = np.exp(inputs - most)
        lines = [
            (f"map {address[-1]}", float(own)),
            ("the largest of all maps, taken off each", float(most)),
            ("e to the power of the difference", float(powers[address[-1]])),
            (f"sum of that of all {len(inputs)} maps", float(powers.sum())),
            (f"the one divided by the other = {name}", value),
        ]
    else:
        return ()
    places = places_for(max((abs(number) for _, number in lines if np.isfinite(number)), default=0))
    return tuple((text, places.number(number).text) for text, number in lines)


def _inputs(shown: Activations, address: Address) -> Array | None:
    """The maps that a map is made from, shape (maps, rows, columns)."""
    index = len(address) - 1
    if index == 0:
        return shown.state.input[np.newaxis]
    layer = shown.state.network.layers[index]
    if layer.mixes:
        maps = shown.maps[index - 1]
        return maps[list(layer.inputs_of(address[-1]))] if len(maps) else None
    above = shown.find(address[:-1])
    return None if above is None else above[np.newaxis]
