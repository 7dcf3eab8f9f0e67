"""What a network reads in many drawings, and how that compares with their labels.

Many drawings go through each layer together: one below the other they are one tall map, which the
window's own functions compute. So a whole batch takes one matrix product for a layer, and the
numbers are those of the window to the rounding of float32.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from cnn_explorer.core.activations import Array
from cnn_explorer.core.centring import centred
from cnn_explorer.core.convolution import convolve
from cnn_explorer.core.forward import summing_kernel
from cnn_explorer.core.geometry import pad
from cnn_explorer.core.kernel_layers import Conv2d
from cnn_explorer.core.layer import Layer, MapLayer
from cnn_explorer.core.layers import BatchNorm2d, Flatten, Softmax
from cnn_explorer.core.normalisation import softmax
from cnn_explorer.core.reading import logits_layer, no_reading
from cnn_explorer.core.schemes import ChannelScheme
from cnn_explorer.core.state import State

BATCH = 32
"""Drawings that go through a layer together: their maps stay in the processor's caches."""

Images = npt.NDArray[np.uint8] | Array
Classes = npt.NDArray[np.int8]


@dataclass(frozen=True, eq=False)
class Readings:
    """What a network reads in each of many drawings.

    Parameters
    ----------
    state
        Who read, and whether drawings were centred first; not its drawing.
    classes
        int8, shape (n,): the likeliest digit, of equally likely ones the least. Made read-only.
    confidences
        float32, shape (n,): its probability. Made read-only.
    """

    state: State
    classes: Classes
    confidences: Array

    def __post_init__(self) -> None:
        self.classes.flags.writeable = False
        self.confidences.flags.writeable = False

    def are_of(self, state: State) -> bool:
        """Whether they are what a document reads as it is now, whatever is drawn."""
        mine = self.state
        same = mine.scheme is state.scheme and mine.centred is state.centred
        return same and mine.network is state.network


def read_digits(
    state: State,
    images: Images,
    *,
    progress: Callable[[int, int], None] | None = None,
    checkpoint: Callable[[], None] | None = None,
) -> Readings:
    """Let a network read drawings.

    Parameters
    ----------
    state
        The network, the scheme, and whether each drawing is centred first. The network has ten
        single values at its end, or a Softmax of those; trained or not.
    images
        float32 from 0 to 1, or uint8 from 0 to 255, shape (n, 28, 28); 1, or 255, is ink.
    progress
        Called with how many are read, and how many there are.
    checkpoint
        Called between layers; whatever it raises ends the work.

    Raises
    ------
    ValueError
        If the network does not end in ten single values, or the scheme has none.
    """
    network, last = state.network, logits_layer(state.network)
    if last is None or state.scheme is ChannelScheme.NAIVE:
        raise ValueError(no_reading(state))
    temperature = network.trained.temperature if network.trained else 1.0
    classes = np.empty(len(images), np.int8)
    confidences = np.empty(len(images), np.float32)
    for start in range(0, len(images), BATCH):
        part = slice(start, start + BATCH)
        drawings = as_drawings(images[part])
        if state.centred:
            drawings = np.stack([centred(drawing) for drawing in drawings])
        values = _values(network.layers[: last + 1], drawings, state.scheme, checkpoint)
        shares = softmax(values / np.float32(temperature), axis=0)
        classes[part] = values.argmax(axis=0)
        confidences[part] = shares.max(axis=0)
        if progress is not None:
            progress(min(start + BATCH, len(images)), len(images))
    return Readings(state, classes, confidences)


def as_drawings(images: Images) -> Array:
    """Images as drawings: float32 from 0 to 1, in the same shape."""
    if images.dtype == np.uint8:
        return images.astype(np.float32) / np.float32(255)
    return images.astype(np.float32, copy=False)


def _values(
    layers: Sequence[Layer],
    drawings: Array,
    scheme: ChannelScheme,
    checkpoint: Callable[[], None] | None,
) -> Array:
    """The single values that layers end in, for each drawing, shape (values, n)."""
    maps = drawings[np.newaxis]
    for layer in layers:
        if checkpoint is not None:
            checkpoint()
        if isinstance(layer, Conv2d):
            maps = _convolved(layer, maps, scheme)
        else:
            assert isinstance(layer, MapLayer)
            maps = _mapped(layer, maps)
    return maps[:, :, 0, 0]


def _convolved(layer: Conv2d, maps: Array, scheme: ChannelScheme) -> Array:
    """A convolution of maps of shape (in, n, rows, columns), all n of them in one tall map.

    Each is padded by itself, and to a whole number of strides. The rows of the result whose
    windows reach from one into the next are left out.
    """
    channels, count, rows, columns = maps.shape
    layout = layer.layout((rows, columns))
    (top, bottom), (left, right) = layout.sides
    step = layout.stride[0]
    pitch = -(-(top + rows + bottom) // step)  # rows of the result for each of the n
    if layout.padding_mode == "zeros":
        shape = channels, count, pitch * step, left + columns + right
        tall = np.zeros(shape, np.float32)
        tall[:, :, top : top + rows, left : left + columns] = maps
    else:
        rest = pitch * step - (top + rows + bottom)
        flat = pad(maps.reshape(-1, rows, columns), layout.sides, layout.padding_mode)
        flat = pad(flat, ((0, rest), (0, 0)))
        tall = flat.reshape(channels, count, *flat.shape[1:])
    height = (count * pitch * step - layout.reach[0]) // step + 1
    whole = replace(
        layout, sides=((0, 0), (0, 0)), padding_mode="zeros", size=(height, layout.size[1])
    )
    sums = convolve(
        tall.reshape(channels, -1, tall.shape[3]),
        summing_kernel(layer, scheme),
        layer.bias,
        whole,
        layer.groups,
        "matmul",
    )
    result = layer.activate(sums, in_place=True)
    plane, down, across = result.strides
    return np.ndarray(
        (layer.out_channels, count, *layout.size),
        np.float32,
        result,
        strides=(plane, pitch * down, down, across),
    )


def _mapped(layer: MapLayer, maps: Array) -> Array:
    """A layer without kernels, of maps of shape (channels, n, rows, columns)."""
    channels, count, rows, columns = maps.shape
    if isinstance(layer, Flatten):
        return maps.transpose(0, 2, 3, 1).reshape(-1, count, 1, 1)
    if isinstance(layer, (BatchNorm2d, Softmax)):  # they tell the channels apart
        result = layer.compute(maps.reshape(channels, count * rows, columns))
    else:
        result = layer.compute(maps.reshape(channels * count, rows, columns))
    return layer.activate(result).reshape(channels, count, *layer.output_size((rows, columns)))
