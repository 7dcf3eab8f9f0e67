"""Maps, kernels and contributions as tables (CSV) and as stacks of pages (TIFF)."""

import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import BinaryIO

import numpy as np

from cnn_explorer.core.activations import Array
from cnn_explorer.core.addresses import address_text
from cnn_explorer.core.explain import contributions
from cnn_explorer.core.kernel_layers import Conv2d
from cnn_explorer.core.schemes import ChannelScheme, scheme_kernel
from cnn_explorer.core.state import State
from cnn_explorer.io.files import Data
from cnn_explorer.io.parts import Part, written_as
from cnn_explorer.io.passes import Source
from cnn_explorer.io.tiff import write_tiff

ENDINGS = {"csv": ".csv", "tiff": ".tif"}

MOST_VALUES = 1 << 24
"""Values of a layer's contributions: 64 MiB as TIFF, some 200 MB as CSV."""

Page = tuple[tuple[str, ...], Array]
"""What a page is of, and its values, float32, shape (rows, columns)."""


@dataclass(frozen=True)
class Stack:
    """Pages of one size.

    Parameters
    ----------
    name
        Of the file, without ending: “layer2-kernels”.
    labels
        What the words of each page are: “filter”, “input”.
    columns
        Of a page.
    pages
        Makes them.
    """

    name: str
    labels: tuple[str, ...]
    columns: int
    pages: Callable[[], Iterator[Page]]

    def data(self, format_: str) -> Data:
        """What a file is to hold, in a format of `ENDINGS`."""
        if format_ == "tiff":
            return partial(write_tiff, pages=self._named())
        return self._write_csv

    def _named(self) -> Iterator[tuple[str, Array]]:
        for words, values in self.pages():
            pairs = zip(self.labels, words, strict=True)
            yield ", ".join(f"{label} {word}" for label, word in pairs), values

    def _write_csv(self, stream: BinaryIO) -> None:
        """A line for each row of each page: which it is, and its values to the last digit."""
        text = io.TextIOWrapper(stream, "ascii", newline="\n", write_through=True)
        text.write(",".join((*self.labels, "row", *map(str, range(self.columns)))) + "\n")
        for words, values in self.pages():
            for row, line in enumerate(values):
                text.write(",".join((*words, str(row), *map(str, line))) + "\n")
        text.detach()


def stacks_of(
    state: State,
    part: Part,
    source: Source | None = None,
    step: Callable[[], None] | None = None,
    checkpoint: Callable[[], None] | None = None,
) -> list[Stack]:
    """The stacks of a layer: its maps; of a convolution also kernels and contributions.

    In Naive nothing is summed: a map is its only contribution. Kernels are those that the scheme
    convolves with.

    Parameters
    ----------
    state, part
        The document, and which maps of a layer.
    source
        Gives the maps; without it nobody asks for pages.
    step
        Called before each map.
    checkpoint
        Called between contributions; whatever it raises ends them.

    Raises
    ------
    ValueError
        If there are more contributions than `MOST_VALUES` values.
    """
    index = part.layer
    layer, (rows, columns) = state.network.layers[index], state.network.sizes[index + 1]
    name = f"layer{index + 1}"

    def maps() -> Iterator[Page]:
        assert source is not None
        values = source(index, part.written)
        for address, map_ in zip(part.written, values, strict=True):
            if step is not None:
                step()
            yield (address_text(written_as(state, address)),), map_

    stacks = [Stack(f"{name}-maps", ("map",), columns, maps)]
    if not isinstance(layer, Conv2d):
        return stacks
    filters = sorted({address[-1] for address in part.written})

    def kernels() -> Iterator[Page]:
        kernel = scheme_kernel(layer, state.scheme)
        flat = kernel.shape[1] < layer.depth
        for filter_ in filters:
            bias = str(np.float32(layer.bias_of(filter_) or 0))
            for channel, input_ in enumerate(layer.inputs_of(filter_)):
                muted = "yes" if layer.mutes_of(filter_)[channel] else "no"
                own = kernel[filter_, 0 if flat else channel]
                yield (str(filter_), str(input_), muted, bias), own

    stacks.append(
        Stack(
            f"{name}-kernels", ("filter", "input", "muted", "bias"), layer.kernel_size[1], kernels
        )
    )
    if state.scheme is ChannelScheme.NAIVE:
        return stacks
    count = len(filters) * layer.depth * rows * columns
    if count > MOST_VALUES:
        raise ValueError(
            f"{state.network.names[index]} has contributions of {count:,} values, and tables and "
            f"stacks hold up to {MOST_VALUES:,}: choose one map, or arrays (npz)."
        )

    def parts() -> Iterator[Page]:
        assert source is not None
        before = state.network.layers[index - 1].out_channels if index else 1
        inputs = state.input[np.newaxis]
        if index:
            inputs = np.stack(list(source(index - 1, [(number,) for number in range(before)])))
        for filter_ in filters:
            made = contributions(
                inputs, layer, filter_, state.scheme, method="signal", checkpoint=checkpoint
            )
            for channel, input_ in enumerate(layer.inputs_of(filter_)):
                muted = "yes" if layer.mutes_of(filter_)[channel] else "no"
                yield (str(filter_), str(input_), muted), made[channel]

    stacks.append(Stack(f"{name}-contributions", ("map", "input", "muted"), columns, parts))
    return stacks
