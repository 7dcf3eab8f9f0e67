"""What the screen shows of how maps are made: one map taken apart, and blocks of contributions."""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import groupby

import numpy as np
import numpy.typing as npt

from cnn_explorer.core.activations import Array
from cnn_explorer.core.addresses import Address
from cnn_explorer.core.convolution import Method
from cnn_explorer.core.explain import (
    PixelTerms,
    contributions,
    pixel_terms,
    running_sums,
    window_sums,
    window_terms,
)
from cnn_explorer.core.kernel_layers import Conv2d
from cnn_explorer.core.layer import Layer, Mutes
from cnn_explorer.core.layers import WindowLayer
from cnn_explorer.core.proof import Proof, prove, rounding_allowed, sum_allowed
from cnn_explorer.core.schemes import ChannelScheme, is_there, scheme_kernel
from cnn_explorer.core.state import State


@dataclass(frozen=True, eq=False)
class Making:
    """How one map is made.

    Parameters
    ----------
    state, address
        The document that it was computed from, and the path of filters to the map.
    channels
        Numbers of the input maps in their layer; in Naive the one parent.
    maps
        The input maps as on screen, float32, shape (n, rows, columns).
    kernels
        What each is convolved with, float32, shape (n, kh, kw); of a layer without kernels, what
        stands for the weights of its windows.
    muted
        bool, shape (n,).
    parts
        The contributions, one convolution each, float32, shape (n, output rows, output columns).
    running
        Sums of the parts up to and including each, the muted left out; shape as the parts.
    masses
        float64, shape (n, 2): sums of the negative and of the positive values of each part.
    before, map
        The map before and after its activation, as the pass computed it, float32, shape
        (output rows, output columns).
    proof
        Sum of the parts plus bias against `before`, and its activation against `map`.
    """

    state: State
    address: Address
    channels: tuple[int, ...]
    maps: Array
    kernels: Array
    muted: Mutes
    parts: Array
    running: Array
    masses: npt.NDArray[np.float64]
    before: Array
    map: Array
    proof: Proof

    @property
    def layer(self) -> Conv2d | WindowLayer:
        """The map's layer."""
        return _made_by(self.state, self.address)

    @property
    def name(self) -> str:
        """Name of the map's layer on screen."""
        return self.state.network.names[len(self.address) - 1]

    @property
    def mutable(self) -> bool:
        """Whether its contributions can be muted: a layer without kernels has none."""
        return isinstance(self.layer, Conv2d)

    @property
    def bias(self) -> float | None:
        """What is added to the sum, or None where the layer adds nothing."""
        return self.layer.bias_of(self.address[-1])

    @property
    def total(self) -> Array:
        """Sum of all parts, the muted left out, before the bias."""
        total: Array = self.running[-1]
        return total

    def pixel(self, row: int, column: int) -> PixelTerms:
        """The products that a pixel of the map is summed from."""
        layer = self.layer
        if isinstance(layer, WindowLayer):
            return window_terms(self.maps[0], layer, self.address[-1], (row, column))
        return pixel_terms(self.maps, self.kernels, layer, (row, column))


def can_be_made(state: State, address: Address) -> bool:
    """Whether a map is there in the document's scheme, and a sum that can be taken apart."""
    index = len(address) - 1
    layer = state.network.layers[index]
    there = is_there(state.network, state.scheme, index)
    return there and isinstance(layer, Conv2d | WindowLayer)


def _made_by(state: State, address: Address) -> Conv2d | WindowLayer:
    layer: Layer = state.network.layers[len(address) - 1]
    assert isinstance(layer, Conv2d | WindowLayer)
    return layer


def make(
    state: State,
    address: Address,
    maps: Array,
    before: Array,
    after: Array,
    method: Method,
    checkpoint: Callable[[], None] | None = None,
) -> Making:
    """Take a map apart.

    Parameters
    ----------
    state, address
        The document, and the path of filters to the map.
    maps
        All input maps of its layer, or in Naive and without kernels the parent alone, shape
        (n, rows, columns).
    before, after
        The map as the pass computed it, before and after its activation.
    method, checkpoint
        Of the contributions, as in `cnn_explorer.core.convolution.conv2d`.
    """
    filter_, layer = address[-1], _made_by(state, address)
    if isinstance(layer, WindowLayer):
        return _make_windows(state, address, layer, maps, before, after)
    if state.scheme is ChannelScheme.NAIVE:
        parent = address[-2] if len(address) > 1 else 0
        channels = [parent]
        kernels = scheme_kernel(layer, state.scheme)[filter_]
        muted = layer.muted_from(parent)[[filter_]]
        parts = layer.before_activation(
            maps, kernels[np.newaxis], None, groups=1, method=method, checkpoint=checkpoint
        )
    else:
        channels = list(layer.inputs_of(filter_))
        kernel = scheme_kernel(layer, state.scheme)[filter_]
        kernels = np.broadcast_to(kernel, layer.weight.shape[1:])
        muted = layer.mutes_of(filter_)
        parts = contributions(
            maps, layer, filter_, state.scheme, method=method, checkpoint=checkpoint
        )
        maps = maps[channels]
    bias = np.float32(layer.bias_of(filter_) or 0)
    heard = np.where(muted[:, np.newaxis, np.newaxis], np.float32(0), kernels)
    allowed = rounding_allowed(maps, heard, float(bias), layer)
    running = running_sums(parts, muted[:, np.newaxis, np.newaxis])
    proof = prove(running[-1] + bias, before, after, layer, allowed)
    return Making(
        state, address, tuple(channels), maps, kernels, muted, parts, running, _masses(parts),
        before, after, proof,
    )  # fmt: skip


def _make_windows(
    state: State, address: Address, layer: WindowLayer, maps: Array, before: Array, after: Array
) -> Making:
    """Take a map of a layer without kernels apart: one part, of which each window is a sum."""
    channel = address[-1]
    sums, magnitudes = window_sums(maps[0], layer, channel)
    kernel = layer.kernel_of(channel)
    bias = np.float32(layer.bias_of(channel) or 0)
    # One rounding more than in a convolution: the bias may be a difference of products.
    roundings = kernel.size + 2
    allowed = sum_allowed(magnitudes, roundings, roundings, layer.bias_magnitude(channel))
    with np.errstate(all="ignore"):
        # The pass divides a sum, which may overflow where the sum of what is divided does not.
        allowed[~np.isfinite(magnitudes * np.float32(kernel.size))] = np.inf
        again = sums + bias
    parts = sums[np.newaxis]
    proof = prove(again, before, after, layer, allowed)
    return Making(
        state, address, (layer.inputs_of(channel)[0],), maps, kernel[np.newaxis],
        layer.mutes_of(channel), parts, parts, _masses(parts), before, after, proof,
    )  # fmt: skip


def _masses(parts: Array) -> npt.NDArray[np.float64]:
    wide, pixels = parts.astype(np.float64), (1, 2)
    return np.stack([wide.clip(max=0).sum(pixels), wide.clip(min=0).sum(pixels)], axis=1)


@dataclass(frozen=True)
class Cells:
    """A block of the matrix of a layer's contributions: some input maps × some filters.

    Parameters
    ----------
    layer
        Index of the layer.
    channels
        Consecutive input maps, numbered within the group.
    filters
        Consecutive filters.
    """

    layer: int
    channels: range
    filters: range


@dataclass(frozen=True, eq=False)
class Block:
    """The values of some cells.

    Parameters
    ----------
    cells
        Which cells.
    parts
        float32, shape (channels, filters, rows, columns): the contributions.
    running
        The same shape: for each the sum of all of its filter up to and including it, the muted
        left out.
    sums
        float32, shape (filters, rows, columns): the sums of all contributions, before the bias.
    """

    cells: Cells
    parts: Array
    running: Array
    sums: Array


def block(
    state: State,
    cells: Cells,
    maps: Array,
    method: Method,
    checkpoint: Callable[[], None] | None = None,
) -> Block:
    """Compute some contributions of a layer in Real or Shared.

    Parameters
    ----------
    state, cells
        Which ones of which document.
    maps
        All input maps of the layer, shape (in, rows, columns).
    method, checkpoint
        Of the contributions, as in `cnn_explorer.core.convolution.conv2d`.
    """
    layer = state.network.conv(cells.layer)
    filters = list(cells.filters)
    parts = np.stack(
        [
            contributions(
                maps, layer, filter_, state.scheme,
                channels=cells.channels, method=method, checkpoint=checkpoint,
            )
            for filter_ in filters
        ],
        axis=1,
    )  # fmt: skip
    first, last = cells.channels.start, cells.channels.stop
    muted = np.stack([layer.mutes_of(filter_)[first:last] for filter_ in filters], axis=1)
    above = _sums(state, cells, maps, range(first)) if first else None
    running = running_sums(parts, muted[:, :, np.newaxis, np.newaxis], above)
    whole = last == layer.depth
    sums = running[-1] if whole else _sums(state, cells, maps, range(layer.depth))
    return Block(cells, parts, running, sums)


def _sums(state: State, cells: Cells, maps: Array, channels: range) -> Array:
    """Sums over input maps that need not be on screen: by one matrix product for each group."""
    layer = state.network.conv(cells.layer)
    kernel = np.broadcast_to(scheme_kernel(layer, state.scheme), layer.weight.shape)
    heard = layer.unmuted(kernel)[:, channels.start : channels.stop]
    return np.concatenate(
        [
            layer.before_activation(
                maps[inputs.start + channels.start : inputs.start + channels.stop],
                heard[list(filters)],
                None,
                groups=1,
                method="matmul",
            )
            for inputs, filters in groupby(cells.filters, key=layer.inputs_of)
        ]
    )
