"""The network at hand, its weights and the drawing as a script that runs and prints the maps."""

from enum import StrEnum
from types import ModuleType
from typing import Any, NamedTuple

import numpy.typing as npt

from cnn_explorer.core import code_keras, code_numpy, code_torch
from cnn_explorer.core.addresses import Address
from cnn_explorer.core.code_numbers import array_code
from cnn_explorer.core.code_steps import numbers_of, steps_of
from cnn_explorer.core.schemes import ChannelScheme
from cnn_explorer.core.sentences import map_title
from cnn_explorer.core.state import State

MOST_INLINE = 20_000
"""Numbers that a script holds itself, some 250 kB of text; more lie in a file beside it."""

Numbers = dict[str, npt.NDArray[Any]]


class Library(StrEnum):
    """What a script computes with."""

    NUMPY = "numpy"
    TORCH = "torch"
    KERAS = "keras"

    @property
    def label(self) -> str:
        """Name on screen."""
        return _WRITERS[self][0]


_WRITERS: dict[Library, tuple[str, ModuleType]] = {
    Library.NUMPY: ("NumPy + SciPy", code_numpy),
    Library.TORCH: ("PyTorch", code_torch),
    Library.KERAS: ("Keras 3", code_keras),
}


class Script(NamedTuple):
    """A script, and what has to lie beside it.

    Parameters
    ----------
    text
        The script.
    numbers
        Arrays of the NPZ file that it reads; empty where it holds its numbers itself.
    """

    text: str
    numbers: Numbers


def script(
    state: State,
    library: Library,
    *,
    address: Address | None = None,
    pixel: tuple[int, int] | None = None,
    beside: str | None = None,
) -> Script:
    """Write a script that computes the maps of a document, prints figures of them and saves them.

    Each layer's name, shape, sum, least and largest value are printed; with a name of a file as
    argument the maps are saved there as NPZ, ``layer1.maps`` and so on, as an export has them. In
    NumPy it does what the program does with scipy.signal, in the same order.

    Parameters
    ----------
    state
        The document.
    library
        What it computes with.
    address
        Path of filters to the one map that is wanted; None for all maps.
    pixel
        (row, column) of that map, printed as well.
    beside
        Name of an NPZ file beside the script, for more than `MOST_INLINE` numbers; None where
        there can be none.

    Raises
    ------
    ValueError
        If there is no such map, Naive has too many maps, or there are too many numbers and no file.
    """
    steps = steps_of(state, address)
    numbers = numbers_of(state, steps)
    count = sum(array.size for name, array in numbers.items() if name != "drawing")
    if count <= MOST_INLINE:
        beside = None
    elif beside is None:
        raise ValueError(
            f"The network has {count:,} numbers, and a script by itself holds up to "
            f"{MOST_INLINE:,}: write it to a file, with the numbers beside it."
        )
    writer = _WRITERS[library][1]
    body = writer.body(steps, state.scheme)
    if pixel is not None:
        row, column = pixel
        maps = f'saved["layer{steps[-1].number}.maps"]'
        body += [f'print("Pixel ({row}, {column}):", {maps}[0, {row}, {column}])']
    inner = ["    " + line if line else "" for line in body]
    imports = writer.imports(steps)
    text = "\n".join(inner)
    head = ["import math"] * ("math." in text)
    head += ["import sys"]
    head += ["from pathlib import Path"] * (beside is not None)
    lines = [
        f'"""{_title(state, library, address)}',
        "",
        *_EQUATION[state.scheme],
        "",
        *writer.LAYOUT.splitlines(),
        '"""',
        "",
        *head,
        "",
        "import numpy as np",
        *imports,
        "",
        "",
        "def main():",
        *inner,
        *writer.helpers(steps),
        *_SHOW,
        "",
        "",
        *_data(numbers, beside),
        "",
        "saved = {}",
        "main()",
        'if __name__ == "__main__" and sys.argv[1:]:',
        "    np.savez(sys.argv[1], **saved)",
        "",
    ]
    return Script("\n".join(lines), {} if beside is None else numbers)


_EQUATION = {
    ChannelScheme.REAL: [
        "Map j of a layer is the sum over all input maps, each convolved (*) with its own kernel:",
        "maps[j] = f(bias[j] + Σ over i of maps before[i] * weight[j, i])",
    ],
    ChannelScheme.SHARED: [
        "“Shared kernel”: a filter has one flat kernel, the mean of its own, for all input maps:",
        "maps[j] = f(bias[j] + Σ over i of maps before[i] * mean over i of weight[j, i])",
    ],
    ChannelScheme.NAIVE: [
        "“Every filter on every map”: a filter has one flat kernel, the sum of its own, and makes",
        "a map of every input map; nothing is summed:",
        "maps[i, j] = f(bias[j] + maps before[i] * Σ over i of weight[j, i])",
    ],
}

_SHOW = '''

def show(number, name, maps):
    """Print figures of a layer's maps, of shape (maps, rows, columns), and keep them."""
    saved[f"layer{number}.maps"] = maps
    total = maps.sum(dtype=np.float64)
    least, most = maps.min(), maps.max()
    print(f"{name}: shape {maps.shape}, sum {total:.9g}, min {least:.9g}, max {most:.9g}")
'''.rstrip().splitlines()


def _title(state: State, library: Library, address: Address | None) -> str:
    what = f"Maps of {len(state.network.layers)} layers"
    if address is not None:
        what = map_title(state, address).replace(" · ", ", ")
    return f"{what} as CNN Explorer computes them, by {library.label}."


def _data(numbers: Numbers, beside: str | None) -> list[str]:
    """The numbers of a script."""
    lines = []
    if beside is not None:
        lines = [f"numbers = np.load(Path(__file__).with_name({beside!r}))"]
    for name, array in numbers.items():
        pairs = name.startswith("muted")
        if beside is not None:
            stored = f'numbers["{name}"]'
            code = f"set(map(tuple, {stored}.tolist()))" if pairs else stored
        elif pairs:
            code = "{" + ", ".join(str(tuple(pair)) for pair in array.tolist()) + "}"
        else:
            code = array_code(array)
        comment = "  # (map i, filter j): left out of the sum" if pairs else ""
        lines.append(f"{name} = {code}{comment}")
    return lines
