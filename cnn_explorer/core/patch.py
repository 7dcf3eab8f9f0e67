"""What a stroke changed of a drawing, what that reaches in each layer, and maps patched there.

A window is some consecutive rows and columns of a map; it may be empty.
"""

from dataclasses import dataclass

import numpy as np

from cnn_explorer.core.activations import Array
from cnn_explorer.core.convolution import Window
from cnn_explorer.core.geometry import Taps, reach, taps
from cnn_explorer.core.keeping import kept_with_layer
from cnn_explorer.core.kernel_layers import Conv2d
from cnn_explorer.core.layer import Layer, Size

MOST = 0.5
"""Part of a map up to which a window is patched; a larger one takes about as long as all of it."""

EMPTY: Window = (slice(0, 0), slice(0, 0))


def differing(one: Array, other: Array) -> Window:
    """The smallest window that holds all pixels in which two drawings differ."""
    rows, columns = np.nonzero(one != other)
    if not rows.size:
        return EMPTY
    return (
        slice(int(rows[0]), int(rows[-1]) + 1),
        slice(int(columns.min()), int(columns.max()) + 1),
    )


def reached(layer: Layer, size: Size, window: Window) -> Window | None:
    """What a layer makes of a window of its input maps.

    Parameters
    ----------
    layer
        The layer.
    size
        (rows, columns) of an input map.
    window
        Where the input maps change.

    Returns
    -------
    tuple of slice or None
        Where the output maps can change, or None where that is so much of them that the layer had
        better be computed as a whole.
    """
    down, across = _spans(layer, size)
    rows, columns = down.of(window[0]), across.of(window[1])
    area = (rows.stop - rows.start) * (columns.stop - columns.start)
    if not area:
        return EMPTY
    return (rows, columns) if area <= MOST * down.outputs * across.outputs else None


@dataclass(frozen=True)
class _Span:
    """For each input row, or column, the first output that it reaches and the end of them."""

    first: list[int]
    end: list[int]
    outputs: int

    def of(self, inputs: slice) -> slice:
        """The outputs that some inputs reach."""
        start = min(self.first[inputs], default=0)
        return slice(start, max(start, max(self.end[inputs], default=0)))


@kept_with_layer
def _spans(layer: Layer, size: Size) -> tuple[_Span, _Span]:
    rows, columns = layer.taps(size)
    if isinstance(layer, Conv2d):
        # What lies between taps counts: with a dilation "signal" multiplies it by 0, which is not 0
        # where it is infinite.
        rows, columns = taps(
            size,
            reach(layer.kernel_size, layer.dilation),
            stride=layer.stride,
            padding=layer.padding,
            padding_mode=layer.padding_mode,
        )
    return _span(rows, size[0]), _span(columns, size[1])


def _span(lines: Taps, length: int) -> _Span:
    made = (lines[:, :, np.newaxis] == np.arange(length)).any(axis=1)
    reaches = made.any(axis=0)
    first = np.where(reaches, made.argmax(axis=0), len(lines))
    end = np.where(reaches, len(lines) - made[::-1].argmax(axis=0), 0)
    return _Span(first.tolist(), end.tolist(), len(lines))


def patched(maps: Array, values: Array, window: Window) -> Array:
    """A copy of maps with other values in a window."""
    maps = maps.copy()
    maps[:, window[0], window[1]] = values
    return maps
