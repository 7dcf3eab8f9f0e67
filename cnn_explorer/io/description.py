"""A network in words that JSON has and arrays by name, there and back.

Documents, networks and the manifests of exports are written in these words.
"""

from typing import Any

import numpy as np
import numpy.typing as npt

from cnn_explorer.core.edit import initialisations_of
from cnn_explorer.core.kernel_layers import Conv2d
from cnn_explorer.core.layer import Layer
from cnn_explorer.core.network import MAX_LAYERS, Network, Trained
from cnn_explorer.io.layer_description import (
    MAX_ARRAY,
    MOST_NUMBER,
    Arrays,
    described_layer,
    read_layer,
    real,
    weights_of,
    whole,
)

MOST_JSON = 1 << 20
"""Bytes that a description may have."""

MOST_NPY = MAX_ARRAY + 4096
"""Bytes that an array may have as a file."""

MOST_BYTES = MAX_LAYERS * 4 * MOST_NPY
"""Bytes that a file of a network, or with a network, may have."""

_LONGEST_NAME = 100


def described_network(network: Network) -> dict[str, Any]:
    """Describe a network and what it was trained to be, weights apart."""
    described: dict[str, Any] = {"seed": network.seed, "layers": described_layers(network)}
    trained = network.trained
    if trained is not None:
        described["trained"] = {
            "name": trained.name,
            "temperature": trained.temperature,
            "threshold": trained.threshold,
            "layers": [described_layer(layer) for layer in trained.layers],
        }
    return described


def arrays_of(network: Network) -> dict[str, npt.NDArray[Any]]:
    """Weights of a network and those it was trained to have, by name.

    Of a layer as trained, an array that is still the same is left out.
    """
    arrays: dict[str, npt.NDArray[Any]] = {}
    for index, layer in enumerate(network.layers):
        for name, array in weights_of(layer).items():
            arrays[f"layer{index + 1}.{name}"] = array
    for index, layer in enumerate(network.trained.layers if network.trained else ()):
        same = weights_of(network.layers[index]) if index < len(network.layers) else {}
        for name, array in weights_of(layer).items():
            if name not in same or not np.array_equal(array, same[name]):
                arrays[f"trained.layer{index + 1}.{name}"] = array
    return arrays


def read_network(described: dict[str, Any], arrays: Arrays) -> Network:
    """Make the network that was described.

    Raises
    ------
    ValueError, KeyError, TypeError
        If it is no description, or of no network that can be; of the arrays none is asked for that
        is larger than `MAX_ARRAY`.
    """
    seed = whole(described["seed"], "the seed", 0, MOST_NUMBER)
    layers = read_layers(described["layers"], arrays)
    trained = described.get("trained")
    return network_of(layers, seed, None if trained is None else _trained(trained, arrays, layers))


def network_of(layers: tuple[Layer, ...], seed: int, trained: Trained | None) -> Network:
    """Make a network of layers that were read; ValueError where it cannot be."""
    network = Network(layers, seed, trained)
    for index, layer in enumerate(layers):
        if isinstance(layer, Conv2d) and layer.initialisation not in initialisations_of(
            network, index
        ):
            raise ValueError(f"layer{index + 1} was trained, but nothing says what it was then")
    return network


def _trained(described: dict[str, Any], arrays: Arrays, present: tuple[Layer, ...]) -> Trained:
    here: dict[str, npt.NDArray[Any]] = {
        f"trained.layer{index + 1}.{name}": array
        for index, layer in enumerate(present)
        for name, array in weights_of(layer).items()
    }

    def known(name: str, kind: str) -> npt.NDArray[Any]:
        """Give an array of its own, or else the one that the layer has now."""
        try:
            return arrays(name, kind)
        except KeyError:
            return here[name]

    name = described["name"]
    if type(name) is not str or not 0 < len(name) <= _LONGEST_NAME or not name.isprintable():
        raise ValueError("its name is no line of text")
    layers = read_layers(described["layers"], known, "trained.")
    Network(layers)
    temperature = real(described["temperature"], "the temperature", 1e-3, 1e3)
    return Trained(name, layers, temperature, real(described["threshold"], "the threshold", 0, 1))


def read_layers(
    described: list[dict[str, Any]], arrays: Arrays, prefix: str = ""
) -> tuple[Layer, ...]:
    """Make the layers that were described; errors as of `read_network`."""
    if type(described) is not list or len(described) > MAX_LAYERS:
        raise ValueError(f"it has {len(described)} layers; {MAX_LAYERS} are the most")
    layers = tuple(
        read_layer(arrays, f"{prefix}layer{index + 1}", item)
        for index, item in enumerate(described)
    )
    if len({layer.number for layer in layers}) < len(layers):
        raise ValueError("two layers have the same number")
    return layers


def described_layers(network: Network) -> list[dict[str, Any]]:
    """Describe each layer in PyTorch's names, its weights apart."""
    return [described_layer(layer) for layer in network.layers]
