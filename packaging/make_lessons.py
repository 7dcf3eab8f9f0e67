"""Make the lessons that come with the program: ``make lessons``.

Each is a session with scenes, a sentence for each. Numbers in sentences are those that the scene
prints: they are taken from the same ledger.
"""

import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from cnn_explorer.core.building import new_network
from cnn_explorer.core.edit import remove_layer
from cnn_explorer.core.forward import Request, forward
from cnn_explorer.core.kernel_layers import Conv2d
from cnn_explorer.core.kernels import draw_kernels
from cnn_explorer.core.layouts import LAYOUTS
from cnn_explorer.core.ledger import Ledger, ledger_of
from cnn_explorer.core.mutes import toggle_mute
from cnn_explorer.core.network import MAX_LAYERS, Network
from cnn_explorer.core.scene_list import add_scene
from cnn_explorer.core.scenes import CORNER, corner_scene
from cnn_explorer.core.schemes import ChannelScheme, map_counts
from cnn_explorer.core.selection import Selection
from cnn_explorer.core.state import State
from cnn_explorer.core.view import View
from cnn_explorer.io.digits import digit
from cnn_explorer.io.lessons import LESSONS
from cnn_explorer.io.session import ENDING, Session, save

Scenes = list[tuple[str, str, State, View]]


def main() -> int:
    """Write all lessons into ``resources/lessons/``, or into the folder given."""
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else "resources/lessons")
    folder.mkdir(parents=True, exist_ok=True)
    makers = {"maps": _maps, "corners": _corners, "axes": _axes}
    for name in LESSONS:
        path = folder / f"{name}{ENDING}"
        save(path, _session(makers[name]()))
        print(path)
    return 0


def _session(scenes: Scenes) -> Session:
    """A session that opens on the first of some scenes."""
    session = State(scenes[0][2].drawing, scenes[0][2].network)
    for name, sentence, state, view in scenes:
        session = add_scene(replace(state, scenes=session.scenes), name, sentence, view)
    return Session(replace(scenes[0][2], scenes=session.scenes), scenes[0][3])


def _maps() -> Scenes:
    """Where the other maps went."""
    network = new_network((3, 4))
    both = State(digit(7), network)
    first = replace(both, network=remove_layer(network, 1))
    of_first, number = View(selection=_selected((0,)), inspector=False), 1
    ledger = _ledger(both, (0, number))
    of_map = View(
        selection=_selected((0, number), ledger.pixel),
        faces=("maps", "kernels"),
        input=False,
        revealed=0,
    )
    counts = [map_counts(network, scheme)[-1] for scheme in ChannelScheme]
    assert counts == [4, 12, 4]
    return [
        (
            "One drawing, 3 maps",
            "Layer 1 has 3 filters. Each makes one map of the drawing: 3 maps.",
            first,
            of_first,
        ),
        (
            "How many maps?",
            "Now a layer 2 with 4 filters takes these 3 maps. How many maps come out: 3, 4, 7 or "
            "12?",
            first,
            of_first,
        ),
        (
            "12 kernels",
            "Each of the 4 filters has a kernel of its own for each of the 3 maps: 12 kernels.",
            both,
            View(selection=_selected((0, 0)), faces=("maps", "kernels"), inspector=False),
        ),
        (
            "12 convolutions, 4 maps",
            "Each kernel makes one convolution. Each column is added up: 12 become 4, and none is "
            "lost.",
            both,
            View(selection=_selected((0, 0)), faces=("kernels", "contributions"), inspector=False),
        ),
        (
            f"How map {number} is made",
            f"Map {number} is a sum over all 3 maps of Conv 1, then a bias, then ReLU.",
            both,
            replace(of_map, zoom="map"),
        ),
        (
            "One pixel in numbers",
            f"Three subtotals and the bias: {_sum(ledger)}. That is more than 0, so ReLU leaves "
            "it.",
            both,
            replace(of_map, zoom="pixel", faces=()),
        ),
        (
            "If nothing were added",
            "Without adding, each filter would make a map of every map: 12 maps, each made from "
            "one map of Conv 1 alone.",
            replace(both, scheme=ChannelScheme.NAIVE),
            View(selection=_selected((0, 0)), faces=("kernels",), inspector=False),
        ),
    ]


def _corners() -> Scenes:
    """Why a layer adds: corners from strokes."""
    corner, square = corner_scene(), corner_scene("square")
    strokes = replace(corner, network=remove_layer(corner.network, 1))
    alone = replace(corner, network=toggle_mute(corner.network, 1, 0, 0))
    stroke = (12, CORNER[1])
    at_corner, on_stroke = (_ledger(corner, (0, 0), pin) for pin in (CORNER, stroke))
    shown = View(selection=_selected((0, 0), CORNER), order="index", input=False)
    whole = View(selection=_selected((0, 0)), inspector=False)
    return [
        (
            "Two kinds of strokes",
            "Map 0 says where a horizontal stroke is, map 1 where a vertical one is. Which of them "
            "knows where the corner is?",
            strokes,
            View(selection=_selected((0,)), inspector=False),
        ),
        (
            "Add them",
            "Conv 2 adds both maps and takes 1.5 off: only at the corner is more than 0 left.",
            corner,
            replace(shown, zoom="map", faces=("maps", "kernels"), revealed=0),
        ),
        (
            "At the corner",
            f"Both say yes: {_sum(at_corner)}. That is more than 0, so ReLU leaves it.",
            corner,
            replace(shown, revealed=0),
        ),
        (
            "On a stroke",
            f"One says yes, one says no: {_sum(on_stroke)}. That is less than 0, so ReLU makes "
            "it 0.",
            corner,
            replace(shown, selection=_selected((0, 0), stroke), revealed=0),
        ),
        (
            "One map alone",
            "Without map 0 the sum is at most 1, and 1.5 is taken off: the corner is gone.",
            alone,
            replace(shown, zoom="map"),
        ),
        ("A square", "The same sum finds all 4 corners of a square.", square, whole),
        (
            "If nothing were added",
            "Without adding, no filter sees both maps: the maps of Conv 2 show strokes, and no "
            "corner.",
            replace(square, scheme=ChannelScheme.NAIVE),
            replace(whole, faces=("kernels",)),
        ),
    ]


def _axes() -> Scenes:
    """Which axis is which."""
    state = State(digit(3), _oblong())
    conv = state.network.layers[1]
    assert isinstance(conv, Conv2d)
    filters, channels, rows, columns = conv.weight.shape
    filter_, channel = 2, 1
    keras, pytorch, matrix = (
        _brackets(LAYOUTS[name].shape((rows, columns, channels, filters)))
        for name in ("keras", "pytorch", "im2col")
    )
    selection = replace(_selected((0, filter_)), channel=channel)
    kernels = View(selection=selection, faces=("maps", "kernels"), inspector=False)
    tensors = replace(kernels, tab="tensors", input=False, inspector=True)
    return [
        (
            "Four sizes",
            f"Conv 2 takes {channels} maps and makes {filters}; its kernels have {rows} rows and "
            f"{columns} columns. Four sizes: one tensor with four axes.",
            state,
            kernels,
        ),
        (
            "Keras: out comes last",
            f"Keras stores rows, columns, in, out: {keras}.",
            state,
            tensors,
        ),
        (
            "One filter",
            f"A number on the axis “out” selects a filter: {_index('keras', filter_)} are the "
            f"{channels} kernels that make map {filter_}.",
            state,
            tensors,
        ),
        (
            "One kernel",
            f"A number on “in” as well selects one kernel: from map {channel} to map {filter_}.",
            state,
            replace(tensors, tab="kernel"),
        ),
        (
            "PyTorch: out comes first",
            f"PyTorch stores the same numbers as out, in, rows, columns: {pytorch}. The same "
            f"filter is {_index('pytorch', filter_)}.",
            state,
            replace(tensors, layout="pytorch"),
        ),
        (
            "As a matrix",
            f"As a matrix the tensor is {matrix}: a column for each filter, with its "
            f"{rows} · {columns} · {channels} = {rows * columns * channels} weights.",
            state,
            replace(tensors, layout="im2col"),
        ),
        (
            "“In” is added up, “out” remains",
            f"The sum runs along “in”, down each column. What is left has the length of “out”: "
            f"{filters} maps.",
            state,
            replace(kernels, faces=("kernels", "contributions")),
        ),
    ]


def _oblong() -> Network:
    """2 and 4 filters, and kernels of 3×5: four sizes, of which no two are equal."""
    network = new_network((2, 4))
    conv = network.layers[1]
    assert isinstance(conv, Conv2d)
    weight = draw_kernels(
        "bank",
        seed=network.seed,
        number=conv.number,
        out_channels=range(4),
        in_channels=range(2),
        kernel_size=(3, 5),
        fan=conv.fan,
    )
    return Network((network.layers[0], replace(conv, weight=weight)), network.seed)


def _index(layout: str, filter_: int) -> str:
    return LAYOUTS[layout].index(1, filter_)


def _selected(address: Sequence[int], pin: tuple[int, int] | None = None) -> Selection:
    return Selection(path=(0,) * MAX_LAYERS).at(tuple(address), pin)


def _ledger(state: State, address: tuple[int, ...], pin: tuple[int, int] | None = None) -> Ledger:
    """The ledger of a pixel, or of a map's largest."""
    making = forward(Request(state, making=address)).making
    assert making is not None
    if pin is None:
        row, column = np.unravel_index(making.map.argmax(), making.map.shape)
        pin = int(row), int(column)
    ledger = ledger_of(making, pin)
    assert not ledger.rounding.units, "take a pixel whose printed numbers add up without rounding"
    return ledger


def _sum(ledger: Ledger) -> str:
    """The column of a ledger as a line: “0.9999 + 0.9999 − 1.5000 = 0.4998”."""
    assert ledger.bias is not None
    terms = " ".join(f"{one.text[0]} {one.text[1:]}" for one in (*ledger.subtotals, ledger.bias))
    before = ledger.before.text
    return f"{terms.removeprefix('+ ')} = {before.removeprefix('+')}"


def _brackets(sizes: Sequence[int]) -> str:
    return f"[{', '.join(map(str, sizes))}]"


if __name__ == "__main__":
    sys.exit(main())
