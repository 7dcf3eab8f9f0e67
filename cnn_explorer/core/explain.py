"""How a map, and each of its pixels, is made: plain functions on arrays and layers.

Everything is numbered from 0. Input maps of a filter are those of its group, in their order;
`cnn_explorer.core.kernel_layers.Conv2d.inputs_of` says which numbers those are.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from cnn_explorer.core.activations import Array
from cnn_explorer.core.convolution import Method
from cnn_explorer.core.geometry import Sides, Taps
from cnn_explorer.core.kernel_layers import Conv2d
from cnn_explorer.core.layer import Layer, Mutes, Size
from cnn_explorer.core.layers import WindowLayer
from cnn_explorer.core.network import Network
from cnn_explorer.core.schemes import ChannelScheme, scheme_kernel

_TOGETHER = 16  # convolutions between two checkpoints, half a millisecond: to yield costs as much


def contributions(
    maps: Array,
    layer: Conv2d,
    filter_: int,
    scheme: ChannelScheme = ChannelScheme.REAL,
    *,
    channels: Sequence[int] | None = None,
    method: Method = "signal",
    checkpoint: Callable[[], None] | None = None,
) -> Array:
    """Convolve each of a filter's input maps with its kernel, and sum nothing.

    Parameters
    ----------
    maps
        All input maps of the layer, float32, shape (in, rows, columns).
    layer, filter_
        Which filter.
    scheme
        Real, where each input map has a kernel of its own, or one in which all have the same.
    channels
        Which of the filter's input maps, numbered within its group; None for all.
    method
        As in `cnn_explorer.core.convolution.conv2d`.
    checkpoint
        Called before every 16 convolutions; whatever it raises ends the computation.

    Returns
    -------
    ndarray
        float32, shape (channels, output rows, output columns). Muted ones are computed like the
        others. In Real and Shared their sum, the muted left out, plus the bias is the map before
        activation; in Naive each of them plus the bias is one.
    """
    inputs = layer.inputs_of(filter_)
    chosen = range(layer.depth) if channels is None else channels
    own = scheme_kernel(layer, scheme, slice(filter_, filter_ + 1))[0]
    kernel = np.broadcast_to(own, layer.weight.shape[1:])
    parts = []
    for start in range(0, len(chosen), _TOGETHER):
        if checkpoint is not None:
            checkpoint()
        few = list(chosen[start : start + _TOGETHER])
        part = layer.before_activation(
            maps[[inputs[channel] for channel in few]],
            kernel[few, np.newaxis],
            None,
            groups=len(few),
            method=method,
        )
        parts.append(part)
    return np.concatenate(parts)


def running_sums(parts: Array, muted: Mutes | None = None, start: Array | None = None) -> Array:
    """Add contributions up, one after the other in float32.

    Parameters
    ----------
    parts
        float32, shape (channels, …).
    muted
        bool, broadcast against parts: which are left out.
    start
        What the first one is added to, shape (…); None for zero.

    Returns
    -------
    ndarray
        float32, the shape of parts: entry i is the sum of all up to and including i.
    """
    heard = parts if muted is None else np.where(muted, np.float32(0), parts)
    if start is not None:
        heard = np.concatenate([heard[:1] + start, heard[1:]])
    with np.errstate(all="ignore"):
        return np.cumsum(heard, axis=0, dtype=np.float32)


@dataclass(frozen=True, eq=False)
class PixelTerms:
    """What one output pixel is summed from.

    Parameters
    ----------
    window, kernel, products
        float32, shape (channels, kh, kw): input values, 0 in the padding; what multiplies them; and
        the two multiplied.
    padding
        bool, shape (kh, kw): which cells of the window lie outside the input maps.
    rows, columns
        Input rows and columns of the window, shapes (kh,) and (kw,).
    """

    window: Array
    kernel: Array
    products: Array
    padding: npt.NDArray[np.bool_]
    rows: npt.NDArray[np.int_]
    columns: npt.NDArray[np.int_]


def pixel_terms(maps: Array, kernels: Array, layer: Layer, pixel: tuple[int, int]) -> PixelTerms:
    """Take one output pixel apart into the products that it is the sum of.

    Parameters
    ----------
    maps
        Input maps of the output map, float32, shape (channels, rows, columns).
    kernels
        Its kernels, shape (channels, kh, kw).
    layer
        Gives stride, padding and dilation.
    pixel
        (row, column) of the output map.

    Raises
    ------
    IndexError
        If the output map has no such pixel.
    """
    window, padding, rows, columns = _window_of(maps, layer, pixel)
    with np.errstate(all="ignore"):
        products = window * kernels
    return PixelTerms(window, kernels, products, padding, rows, columns)


def window_terms(
    map_: Array, layer: WindowLayer, channel: int, pixel: tuple[int, int]
) -> PixelTerms:
    """Take one pixel of a layer without kernels apart: the kernel is what its window asks for.

    Parameters
    ----------
    map_
        The input map, float32, shape (rows, columns).
    layer, channel
        The layer, and the map's number.
    pixel
        (row, column) of the output map.

    Raises
    ------
    IndexError
        If the output map has no such pixel.
    """
    size = map_.shape[0], map_.shape[1]
    window, padding, rows, columns = _window_of(map_[np.newaxis], layer, pixel)
    counted = ~_outside(size, rows, columns, layer.counting(size))
    weights = layer.weights_at(window, counted, channel)
    return PixelTerms(window, weights, _weighted(window, weights), padding, rows, columns)


def window_sums(map_: Array, layer: WindowLayer, channel: int) -> tuple[Array, Array]:
    """Each pixel of a layer without kernels from its own window.

    Parameters
    ----------
    map_, layer, channel
        As in `window_terms`.

    Returns
    -------
    tuple of ndarray
        float32, both of shape (output rows, output columns): the sums of the products, before the
        bias, and those of their magnitudes.
    """
    size = map_.shape[0], map_.shape[1]
    row_taps, column_taps = layer.taps(size)
    rows, columns = row_taps[:, np.newaxis, :], column_taps[np.newaxis, :, :]
    window, _ = _windows(map_[np.newaxis], rows, columns)
    counted = ~_outside(size, rows, columns, layer.counting(size))
    weights = layer.weights_at(window, counted, channel)
    products = _weighted(window, weights)[0]
    with np.errstate(all="ignore"):
        sums: Array = products.sum(axis=(-2, -1), dtype=np.float32)
        return sums, np.abs(products).sum(axis=(-2, -1), dtype=np.float32)


def _window_of(
    maps: Array, layer: Layer, pixel: tuple[int, int]
) -> tuple[Array, npt.NDArray[np.bool_], Taps, Taps]:
    """What one pixel is made from, where that is padding, and its input rows and columns."""
    row_taps, column_taps = layer.taps((maps.shape[1], maps.shape[2]))
    rows, columns = row_taps[pixel[0]], column_taps[pixel[1]]
    return *_windows(maps, rows, columns), rows, columns


def _windows(maps: Array, rows: Taps, columns: Taps) -> tuple[Array, npt.NDArray[np.bool_]]:
    """Input values at some rows × columns, 0 in the padding, and where that is."""
    height, width = size = maps.shape[1], maps.shape[2]
    padding = _outside(size, rows, columns)
    across = columns.clip(0, width - 1)[..., np.newaxis, :]
    window = maps[:, rows.clip(0, height - 1)[..., :, np.newaxis], across]
    return np.where(padding, np.float32(0), window), padding


def _outside(
    size: Size, rows: Taps, columns: Taps, around: Sides = ((0, 0), (0, 0))
) -> npt.NDArray[np.bool_]:
    """Which crossings of rows and columns lie outside a map, and outside so much around it."""
    beyond_rows, beyond_columns = (
        (lines < -before) | (lines >= length + after)
        for lines, length, (before, after) in zip((rows, columns), size, around, strict=True)
    )
    return beyond_rows[..., :, np.newaxis] | beyond_columns[..., np.newaxis, :]


def _weighted(window: Array, weights: Array) -> Array:
    """Products; what weighs nothing counts for nothing, whatever it is."""
    with np.errstate(all="ignore"):
        return np.where(weights == 0, np.float32(0), window * weights)


@dataclass(frozen=True, eq=False)
class Field:
    """Pixels of a map: every crossing of some rows with some columns.

    Parameters
    ----------
    rows, columns
        bool, shapes (rows,) and (columns,) of the map.
    """

    rows: npt.NDArray[np.bool_]
    columns: npt.NDArray[np.bool_]

    @property
    def mask(self) -> npt.NDArray[np.bool_]:
        """The same as bool, shape (rows, columns)."""
        return self.rows[:, np.newaxis] & self.columns


def receptive_field(network: Network, layer: int, pixel: tuple[int, int]) -> tuple[Field, ...]:
    """Pixels that a layer's output pixel depends on: of the drawing, then of each layer's maps.

    Parameters
    ----------
    layer, pixel
        Index of the layer, -1 for the last, and (row, column) of its maps.

    Returns
    -------
    tuple of Field
        Entry 0 is the drawing's, entry n that of layer n's maps; the last is the pixel itself. The
        fields are exact, whatever the kernels' values and the mutes: with a dilation or a stride
        they have gaps. A window is a product of rows and columns, and so is every union of windows
        at the crossings of rows and columns.

    Raises
    ------
    IndexError
        If there is no such layer or pixel.
    """
    layer = range(len(network.layers))[layer]
    fields = [_one_pixel(network.sizes[layer + 1], pixel)]
    for index in range(layer, -1, -1):
        size = network.sizes[index]
        rows, columns = network.layers[index].taps(size)
        last = fields[-1]
        fields.append(Field(_hit(rows[last.rows], size[0]), _hit(columns[last.columns], size[1])))
    return tuple(reversed(fields))


def footprint(network: Network, level: int, pixel: tuple[int, int]) -> tuple[Field, ...]:
    """Pixels that depend on one pixel: of its own maps, then of each layer's after it.

    Parameters
    ----------
    level
        0 for the drawing, n for the maps of the n-th layer.
    pixel
        (row, column) there.

    Returns
    -------
    tuple of Field
        Entry 0 is the pixel itself, entry n that of level + n.

    Raises
    ------
    IndexError
        If there is no such level or pixel.
    """
    level = range(len(network.sizes))[level]
    fields = [_one_pixel(network.sizes[level], pixel)]
    for index in range(level, len(network.layers)):
        rows, columns = network.layers[index].taps(network.sizes[index])
        last = fields[-1]
        fields.append(Field(_touched(rows, last.rows), _touched(columns, last.columns)))
    return tuple(fields)


def cell_field(
    network: Network,
    layer: int,
    cell: tuple[int, int],
    pixel: tuple[int, int] | None = None,
) -> Field:
    """Pixels of a layer's input maps that one cell of its kernels multiplies.

    Parameters
    ----------
    layer, cell
        Index of the layer, and (row, column) of its kernels.
    pixel
        (row, column) of the one output pixel that is looked at, or None for all. What its cell
        multiplies may be padding, and then there is no such pixel.
    """
    size = network.sizes[layer]
    rows, columns = network.layers[layer].taps(size)
    if pixel is not None:
        rows, columns = rows[pixel[0], np.newaxis], columns[pixel[1], np.newaxis]
    return Field(_hit(rows[:, cell[0]], size[0]), _hit(columns[:, cell[1]], size[1]))


def _one_pixel(size: tuple[int, int], pixel: tuple[int, int]) -> Field:
    rows, columns = (np.zeros(length, bool) for length in size)
    rows[pixel[0]] = columns[pixel[1]] = True
    return Field(rows, columns)


def _hit(taps: Taps, length: int) -> npt.NDArray[np.bool_]:
    """Input rows, or columns, that some taps hit, padding apart."""
    hit = np.zeros(length, bool)
    hit[taps[(taps >= 0) & (taps < length)]] = True
    return hit


def _touched(taps: Taps, inputs: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    """Output rows, or columns, of which some tap hits one of some inputs."""
    hit: npt.NDArray[np.bool_] = np.isin(taps, np.flatnonzero(inputs))
    return np.asarray(hit.any(axis=1))
