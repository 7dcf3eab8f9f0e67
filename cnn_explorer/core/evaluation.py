"""What a network reads in many drawings, and how that compares with their labels.

Many drawings go through each layer together: one below the other they are one tall map, which the
window's own functions compute. So a whole batch takes one matrix product for a layer, and the
numbers are those of the window to the rounding of float32.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from cnn_explorer.core.activations import Array
from cnn_explorer.core.convolution import convolve
from cnn_explorer.core.forward import Activations, summing_kernel
from cnn_explorer.core.geometry import pad
from cnn_explorer.core.kernel_layers import Conv2d
from cnn_explorer.core.layer import MapLayer
from cnn_explorer.core.layers import BatchNorm2d, Flatten, Softmax
from cnn_explorer.core.network import Network
from cnn_explorer.core.normalisation import softmax
from cnn_explorer.core.schemes import ChannelScheme

CLASSES = 10
BATCH = 32
"""Drawings that go through a layer together: their maps stay in the processor's caches."""

Images = npt.NDArray[np.uint8] | Array
Classes = npt.NDArray[np.int8]


@dataclass(frozen=True, eq=False)
class Readings:
    """What a network reads in each of many drawings.

    Parameters
    ----------
    network, scheme
        Who read.
    classes
        int8, shape (n,): the likeliest digit, of equally likely ones the least. Made read-only.
    confidences
        float32, shape (n,): its probability. Made read-only.
    """

    network: Network
    scheme: ChannelScheme
    classes: Classes
    confidences: Array

    def __post_init__(self) -> None:
        self.classes.flags.writeable = False
        self.confidences.flags.writeable = False

    def are_of(self, network: Network, scheme: ChannelScheme) -> bool:
        """Whether they are of that network, as it is, in that scheme."""
        return self.network is network and self.scheme is scheme


def read_digits(
    network: Network,
    images: Images,
    *,
    scheme: ChannelScheme = ChannelScheme.REAL,
    prepare: Callable[[Array], Array] | None = None,
    progress: Callable[[int, int], None] | None = None,
    checkpoint: Callable[[], None] | None = None,
) -> Readings:
    """Let a network read drawings.

    Parameters
    ----------
    network
        With ten single values at its end, or a Softmax of those.
    images
        float32 from 0 to 1, or uint8 from 0 to 255, shape (n, 28, 28); 1, or 255, is ink.
    scheme
        Real or Shared: Naive has no maps where all are taken together.
    prepare
        What is done to each drawing first, float32 of shape (28, 28) to the same.
    progress
        Called with how many are read, and how many there are.
    checkpoint
        Called between layers; whatever it raises ends the work.

    Raises
    ------
    ValueError
        If the network does not end in ten single values, or the scheme is Naive.
    """
    layers = check_reads(network, scheme)
    classes = np.empty(len(images), np.int8)
    confidences = np.empty(len(images), np.float32)
    for start in range(0, len(images), BATCH):
        part = slice(start, start + BATCH)
        drawings = as_drawings(images[part])
        if prepare is not None:
            drawings = np.stack([prepare(drawing) for drawing in drawings])
        values = _logits(network, layers, drawings, scheme, checkpoint)
        classes[part], confidences[part] = _likeliest(network, values)
        if progress is not None:
            progress(min(start + BATCH, len(images)), len(images))
    return Readings(network, scheme, classes, confidences)


def reading_of(activations: Activations) -> tuple[int, float]:
    """What a pass reads in its drawing: the likeliest digit and its probability.

    Raises
    ------
    ValueError
        As `check_reads`.
    """
    state = activations.state
    layers = check_reads(state.network, state.scheme)
    classes, confidences = _likeliest(state.network, activations.maps[layers - 1][:, :, 0])
    return int(classes[0]), float(confidences[0])


def check_reads(network: Network, scheme: ChannelScheme) -> int:
    """How many layers lead to the ten values that a digit is read from.

    Raises
    ------
    ValueError
        If there are none; the sentence says what the network has instead.
    """
    if scheme is ChannelScheme.NAIVE:
        raise ValueError(
            f"“{scheme.label}” has no dense layers, which read a digit; choose another scheme."
        )
    last, size = network.layers[-1], network.sizes[-1]
    if (last.out_channels, size) != (CLASSES, (1, 1)):
        raise ValueError(
            f"This network does not read digits: it ends in {last.out_channels} maps of "
            f"{size[0]}×{size[1]}, not in ten single values, as a Flatten and a Linear give them."
        )
    return len(network.layers) - isinstance(last, Softmax)


def as_drawings(images: Images) -> Array:
    """Images as drawings: float32 from 0 to 1, in the same shape."""
    if images.dtype == np.uint8:
        return images.astype(np.float32) / np.float32(255)
    return images.astype(np.float32, copy=False)


def _likeliest(network: Network, values: Array) -> tuple[npt.NDArray[np.intp], Array]:
    """The largest of ten values, shape (10, n), and its probability, each of shape (n,)."""
    temperature = network.trained.temperature if network.trained else 1.0
    shares = softmax(values / np.float32(temperature), axis=0)
    return values.argmax(axis=0), shares.max(axis=0)


def _logits(
    network: Network,
    layers: int,
    drawings: Array,
    scheme: ChannelScheme,
    checkpoint: Callable[[], None] | None,
) -> Array:
    """The ten values of each drawing, shape (10, n)."""
    maps = drawings[np.newaxis]
    for layer in network.layers[:layers]:
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
