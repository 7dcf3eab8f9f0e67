"""Networks: layers in order, with their names and sizes, and what limits them.

Networks are compared by identity: an edit makes a new network that shares every layer it did not
touch.
"""

from collections import Counter
from dataclasses import dataclass
from functools import cached_property

from cnn_explorer.core.kernel_layers import Conv2d
from cnn_explorer.core.layer import Layer, Size

INPUT_SIZE = (28, 28)

MAX_LAYERS = 16
MAX_FILTERS = 256
MAX_KERNEL_SIZE = 11
MAX_STRIDE = 4
MAX_PADDING = 10
MAX_DILATION = 4


@dataclass(frozen=True, eq=False)
class Trained:
    """What a network was trained to be; edits of the network leave it as it is.

    Parameters
    ----------
    name
        Of the network: “8-16”, or that of a file.
    layers
        The layers as trained.
    temperature
        What its logits are divided by before softmax, so that shares are frequencies (Guo et al.
        2017, arXiv:1706.04599); positive.
    threshold
        0 to 1. Where the largest share is less, what is drawn is none of its classes.
    """

    name: str
    layers: tuple[Layer, ...]
    temperature: float = 1.0
    threshold: float = 0.0


@dataclass(frozen=True, eq=False)
class Network:
    """Layers in order, and the seed that their random kernels come from.

    Parameters
    ----------
    layers
        1 to 16 layers; each takes as many maps as the layer before it makes, the first takes one.
    seed
        Non-negative; see `cnn_explorer.core.kernels`.
    trained
        What it was trained to be, or None where it is made from drawn kernels alone.

    Raises
    ------
    ValueError
        If there are no layers or too many, or if their channels or sizes do not chain; the
        sentence names the layer and the numbers.
    """

    layers: tuple[Layer, ...]
    seed: int = 0
    trained: Trained | None = None

    def __post_init__(self) -> None:
        if not 1 <= len(self.layers) <= MAX_LAYERS:
            raise ValueError(f"A network has 1 to {MAX_LAYERS} layers, not {len(self.layers)}.")
        _ = self.sizes

    @cached_property
    def names(self) -> tuple[str, ...]:
        """Names of the layers on screen: “Conv 2” is the second convolution."""
        return tuple(f"{layer.kind} {place}" for layer, place in self._places)

    @cached_property
    def places(self) -> tuple[int, ...]:
        """For each layer its place among those of its kind, from 1."""
        return tuple(place for _, place in self._places)

    @property
    def _places(self) -> list[tuple[Layer, int]]:
        counts: Counter[str] = Counter()
        places = []
        for layer in self.layers:
            counts[layer.kind] += 1
            places.append((layer, counts[layer.kind]))
        return places

    @cached_property
    def sizes(self) -> tuple[Size, ...]:
        """(rows, columns) of the input and then of every layer's maps."""
        sizes, channels = [INPUT_SIZE], 1
        for name, layer in zip(self.names, self.layers, strict=True):
            if layer.in_channels != channels:
                raise ValueError(f"{name} takes {layer.in_channels} maps, but gets {channels}.")
            channels = layer.out_channels
            try:
                sizes.append(layer.output_size(sizes[-1]))
            except ValueError as error:
                raise ValueError(f"{name}: {error}") from None
        return tuple(sizes)

    @cached_property
    def head(self) -> int:
        """Index of the first layer that takes all maps together, or how many layers there are.

        From there on Naive has no maps: it has others than those that the weights were made for.
        """
        mixing = (index for index, layer in enumerate(self.layers) if layer.mixes)
        return next(mixing, len(self.layers))

    @property
    def tail(self) -> int:
        """Index of the first layer after the last convolution of a trained network with a head.

        Of another network it is how many layers there are: who builds one adds at its end.
        """
        if self.trained is None or self.head == len(self.layers):
            return len(self.layers)
        body = enumerate(self.layers[: self.head])
        return 1 + max((index for index, one in body if isinstance(one, Conv2d)), default=-1)

    @cached_property
    def multiply_adds(self) -> int:
        """Multiply-adds of a pass in which each filter's results are summed."""
        pairs = zip(self.layers, self.sizes, strict=False)
        return sum(layer.multiply_adds(size) for layer, size in pairs)

    def conv(self, index: int) -> Conv2d:
        """A layer that is a convolution; TypeError where it is none."""
        layer = self.layers[index]
        if not isinstance(layer, Conv2d):
            raise TypeError(f"{self.names[index]} has no kernels.")
        return layer
