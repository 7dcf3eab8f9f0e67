"""A network that ends in ten values, and says of itself that it was trained."""

from dataclasses import replace

import numpy as np

from cnn_explorer.core.building import new_network
from cnn_explorer.core.kernel_layers import Conv2d, Linear
from cnn_explorer.core.layer import Layer
from cnn_explorer.core.layers import Flatten, GlobalAvgPool2d, MaxPool2d, Softmax
from cnn_explorer.core.network import Network, Trained
from cnn_explorer.core.trained import TRAINED


def toy_network(
    filters: tuple[int, ...] = (3, 4),
    *,
    pool: int = 4,
    threshold: float = 0.0,
    temperature: float = 1.5,
    bias: bool = True,
    average: bool = False,
    softmax: bool = False,
) -> Network:
    """Convolutions, pooling and a dense layer, with weights as good as trained."""
    generator = np.random.default_rng(11)
    layers: list[Layer] = []
    for layer in new_network(filters).layers:
        assert isinstance(layer, Conv2d)
        layers.append(replace(layer, initialisation=TRAINED))
    maps, number = filters[-1], len(filters)
    if average:
        layers.append(GlobalAvgPool2d(number, maps))
        values = maps
    else:
        side = 28 // pool
        layers.append(MaxPool2d(number, maps, (pool, pool), (pool, pool)))
        layers.append(Flatten(number + 1, maps, (side, side)))
        values = maps * side * side
    weight = generator.normal(0, 2 / np.sqrt(values), (10, values, 1, 1)).astype(np.float32)
    layers.append(
        Linear(
            number + 2,
            weight,
            generator.normal(0, 0.1, 10).astype(np.float32) if bias else None,
            activation="none",
            initialisation=TRAINED,
            fan=(values, 10),
        )
    )
    if softmax:
        layers.append(Softmax(number + 3, 10))
    every = tuple(layers)
    return Network(every, 0, Trained("toy", every, temperature, threshold))
