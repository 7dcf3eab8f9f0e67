"""What each tile of a layer's matrix of contributions shows, folded or not. Knows no widgets."""

from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np

from cnn_explorer.core.activations import ACTIVATIONS, Array
from cnn_explorer.core.addresses import Address, Family, family, path_to
from cnn_explorer.core.forward import Activations
from cnn_explorer.core.kernel_layers import Conv2d, Linear
from cnn_explorer.core.making import Block
from cnn_explorer.core.schemes import ChannelScheme, is_there
from cnn_explorer.core.sentences import (
    kernel_index,
    kernel_word,
    map_number,
    map_title,
    product_sign,
)
from cnn_explorer.core.state import State
from cnn_explorer.gui.colouring import layer_kernel

Kind = Literal["part", "running", "sum", "biased", "map"]
"""A contribution; the sum of all up to it; the sum of all; that plus the bias; a map."""


@dataclass(frozen=True, eq=False)
class FoldedMatrix:
    """Rows for the input maps, and in Real and Shared one for the sums and one for the maps.

    Parameters
    ----------
    state, layer
        The document, and the index of the layer.
    path
        For each layer the selected filter; in Naive it says whose descendants are shown.
    position
        How far the cells are folded: 0 not at all; at k the first k rows are added to the next,
        until at n, the number of input maps, all are in the sums; at n + 1 the bias is added; at
        n + 2 the activation is applied. In between a row is on its way to the next.
    running
        Whether cells show the sums up to them instead of themselves alone.
    shown
        The pass that the values come from.
    """

    state: State
    layer: int
    path: tuple[int, ...]
    position: float = 0.0
    running: bool = False
    shown: Activations | None = None

    @cached_property
    def naive(self) -> bool:
        """Whether the cells are maps, and nothing is summed."""
        return self.state.scheme is ChannelScheme.NAIVE

    @cached_property
    def conv(self) -> Conv2d:
        """The layer."""
        return self.state.network.conv(self.layer)

    @cached_property
    def name(self) -> str:
        """Name of the layer on screen."""
        return self.state.network.names[self.layer]

    @cached_property
    def words(self) -> tuple[str, str]:
        """What a cell is, and what a column: a dense layer has no windows to convolve."""
        return ("product", "output") if isinstance(self.conv, Linear) else ("convolution", "filter")

    @cached_property
    def rows(self) -> int:
        """Input maps of a filter; in Naive, where each filter is on every map, of the layer."""
        return self.conv.in_channels if self.naive else self.conv.depth

    @cached_property
    def columns(self) -> int:
        """Filters."""
        return self.conv.out_channels

    @property
    def shape(self) -> tuple[int, int, bool]:
        """What a fold is a fold of: rows, columns, and whether nothing is summed."""
        return self.rows, self.columns, self.naive

    @property
    def lines(self) -> int:
        """Rows with those of sums and maps."""
        return self.rows + (0 if self.naive else 2)

    @property
    def steps(self) -> int:
        """The last position."""
        return self.rows + 2

    @property
    def step(self) -> int:
        """The position that was reached last."""
        return int(self.position)

    @property
    def moving(self) -> int | None:
        """The row that is on its way to the next."""
        return self.step if self.position % 1 and self.step <= self.rows else None

    @cached_property
    def family(self) -> Family | None:
        """In Naive, the maps that the cells are; None where no filter comes before."""
        if not self.naive or not is_there(self.state.network, self.state.scheme, self.layer):
            return None
        return family(self.state.network, self.layer, self.path)

    @property
    def size(self) -> tuple[int, int]:
        """(rows, columns) of the layer's maps."""
        return self.state.network.sizes[self.layer + 1]

    @property
    def kernel(self) -> Array:
        """The layer's kernels in the scheme at hand, shape (out, in or 1, kh, kw)."""
        return layer_kernel(self.conv, self.state.scheme)

    @cached_property
    def block(self) -> Block | None:
        """Contributions that are computed, of the scheme at hand."""
        if self.shown is None or self.shown.state.scheme is not self.state.scheme:
            return None
        blocks = (block for block in self.shown.blocks if block.cells.layer == self.layer)
        return next(blocks, None)

    def kind(self, row: int) -> Kind | None:
        """What a row shows, or None where it is empty."""
        if self.naive:
            return "map"
        if row < self.rows:
            if row < self.step:
                return None
            return "running" if self.running or 0 < self.step == row else "part"
        if row == self.rows:
            return "sum" if self.position == 0 or self.step == self.rows else None
        if self.position == 0 or self.step == self.steps:
            return "map"
        return "biased" if self.step == self.rows + 1 else None

    def values(self, row: int, filter_: int) -> Array | None:
        """What a tile shows, or None where it is not computed."""
        kind, block = self.kind(row), self.block
        if kind == "map":
            return self._found(self.address(row, filter_), self.size)
        if block is None or filter_ not in block.cells.filters or kind is None:
            return None
        column = filter_ - block.cells.filters.start
        place = row - block.cells.channels.start
        if kind in ("sum", "biased"):
            values = block.sums[column]
            bias = self.conv.bias
            if kind == "biased" and bias is not None:
                values = values + bias[filter_]
        elif row in block.cells.channels:
            values = (block.running if kind == "running" else block.parts)[place, column]
        else:
            return None
        return values if values.shape == self.size else None

    def colour_range(self) -> tuple[Array, ...]:
        """All that shares the scale of contributions and sums: the same however it is folded."""
        block = self.block
        if block is None:
            return ()
        filters = slice(block.cells.filters.start, block.cells.filters.stop)
        bias = self.conv.bias
        offset = np.float32(0) if bias is None else bias[filters, np.newaxis, np.newaxis]
        if np.size(offset) not in (1, len(block.sums)):
            return ()  # of a layer that had more filters
        return block.parts, block.running, block.sums, block.sums + offset

    def input_values(self, row: int, filter_: int) -> Array | None:
        """The input map of a row, in the pass that is shown."""
        if self.layer == 0:
            return self.state.input if self.shown is None else self.shown.state.input
        if self.family is not None:
            address = self.family.parent(row)
        else:
            address = (*self.path[: self.layer - 1], self.input(row, filter_))
        return self._found(address, self.state.network.sizes[self.layer])

    def _found(self, address: Address, size: tuple[int, int]) -> Array | None:
        shown = self.shown
        if shown is None or shown.state.scheme is not self.state.scheme:
            return None
        values = shown.find(address)
        return values if values is not None and values.shape == size else None

    # Which maps and kernels.

    def input(self, row: int, filter_: int) -> int:
        """Number of a row's input map in its layer; with groups it depends on the filter."""
        return row if self.naive else self.conv.inputs_of(filter_)[row]

    def channel(self, row: int, filter_: int) -> int | None:
        """Number of a row's input map in the filter's group, or None where it is in another."""
        channel = self.input(row, filter_) - self.conv.inputs_of(filter_).start
        return channel if 0 <= channel < self.conv.depth else None

    def is_muted(self, row: int, filter_: int) -> bool:
        """Whether a tile is a cell that is left out of its sum, and not itself a sum."""
        if self.conv.muted is None or row >= self.rows or 0 < self.step >= row:
            return False
        return bool(self.conv.muted_from(self.input(row, filter_))[filter_])

    def is_row_muted(self, row: int) -> bool:
        """Whether an input map is left out of the whole layer."""
        muted = self.conv.muted
        return muted is not None and bool(muted[:, row % self.conv.depth].all())

    def address(self, row: int, filter_: int) -> Address:
        """Path of filters to the map that a tile is, or that it goes into."""
        if self.family is not None:
            return self.family.address(row * self.columns + filter_)
        return path_to(self.state.network, self.path, self.layer, filter_)

    def place(self, address: Address) -> tuple[int, int] | None:
        """(row, filter) of a map, or None where it is not shown."""
        if not self.naive:
            return self.rows + 1, address[-1]
        if self.family is None:
            return 0, address[-1]
        index = self.family.index_of(address)
        return None if index is None else divmod(index, self.columns)

    # Names.

    def input_names(self, row: int, filter_: int) -> tuple[str, ...]:
        """What a row's input map is called, the longest first."""
        if self.layer == 0:
            return self.state.input_name, "drawing"
        number = str(self.input(row, filter_))
        if self.family is not None:
            number = map_number(self.state, self.family.parent(row))
        source = self.state.network.names[self.layer - 1]
        return f"{source} · map {number}", f"map {number}", number

    def names_below(self) -> tuple[str, str]:
        """What the rows of sums and maps are called."""
        after = "Σ" if self.conv.bias is None else "Σ + b"
        if self.kind(self.rows + 1) == "biased":
            return "Σ\nbefore bias", after
        if self.conv.activation != "none":
            after = f"{ACTIVATIONS[self.conv.activation].label}({after})"
        maps = "the map" if self.columns == 1 else f"the {self.columns} maps"
        return "Σ\nbefore bias", f"{after}\n{maps}"

    def title(self, row: int, filter_: int) -> str:
        """What a tile is, in a few words."""
        kind, name = self.kind(row), self.name
        if kind == "part":
            depth = min(row, self.kernel.shape[1] - 1)
            source = self.input_names(row, filter_)[1 if self.layer else 0]
            kernel = f"{kernel_word(self.conv)} {kernel_index(self.conv, depth, filter_)}"
            return f"{name} · {source} {product_sign(self.conv)} {kernel}"
        if kind == "running":
            term = self.words[0]
            terms = f"1 {term}" if row == 0 else f"{row + 1} {term}s"
            muted = int(self.conv.mutes_of(filter_)[: row + 1].sum())
            left_out = f", {muted} of them muted and left out" if muted else ""
            return f"{name} · {self.words[1]} {filter_}, sum of the first {terms}{left_out}"
        if kind in ("sum", "biased"):
            sums = "+ b" if kind == "biased" else "before bias"
            return f"{name} · {self.words[1]} {filter_}, Σ {sums}"
        return map_title(self.state, self.address(row, filter_))
