"""A network from its description alone: weights drawn from the seed again, or as trained."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from cnn_explorer.core.edit import reset_layer
from cnn_explorer.core.kernel_layers import Conv2d
from cnn_explorer.core.layer import Layer
from cnn_explorer.core.layers import MAX_FEATURES, BatchNorm2d
from cnn_explorer.core.network import MAX_FILTERS, MAX_KERNEL_SIZE, MAX_LAYERS, Network, Trained
from cnn_explorer.io.description import network_of, read_layers
from cnn_explorer.io.layer_description import MOST_NUMBER, numbers, whole

MOST_WEIGHTS = 1 << 23
"""Weights of a network that is drawn again: 32 MiB, and as much again while it is."""

_NORM = {"mean": 0, "variance": 1, "weight": 1, "bias": 0}


def rebuilt(items: Sequence[dict[str, Any]], seed: int, trained: Trained | None) -> Network:
    """Make a network of described layers, with the weights that they were made with.

    Parameters
    ----------
    items
        What `cnn_explorer.io.layer_description.described_layer` says of each layer; nothing muted.
    seed
        Of the weights that are drawn.
    trained
        What the network was trained to be, or None. Its normalisations are taken from there.

    Raises
    ------
    ValueError, KeyError, TypeError
        If it is no description, or of no network that can be.
    """
    if type(items) is not list or not 1 <= len(items) <= MAX_LAYERS:
        raise ValueError(f"it has no list of 1 to {MAX_LAYERS} layers")
    named = {f"layer{index + 1}": item for index, item in enumerate(items)}
    shapes = {name: _shapes(name, item) for name, item in named.items()}
    total = sum(int(np.prod(shape)) for of_layer in shapes.values() for shape in of_layer.values())
    if total > MOST_WEIGHTS:
        raise ValueError(f"it has more than {MOST_WEIGHTS:,} weights")

    def arrays(name: str, kind: str) -> npt.NDArray[Any]:
        layer, _, what = name.partition(".")
        value = _NORM[what] if named[layer]["type"] == "BatchNorm2d" else 0
        return np.full(shapes[layer][what], value, kind)

    network = network_of(
        read_layers(items, arrays), whole(seed, "the seed", 0, MOST_NUMBER), trained
    )
    for index, layer in enumerate(network.layers):
        if isinstance(layer, Conv2d):
            network = reset_layer(network, index)
    layers = [_as_trained(layer, trained) for layer in network.layers]
    return replace(network, layers=tuple(layers))


def _shapes(name: str, item: dict[str, Any]) -> dict[str, tuple[int, ...]]:
    """Shapes of a layer's arrays, within the limits of what a document may have."""
    kind = item["type"]
    if kind in ("Conv2d", "Linear"):
        most = MAX_FEATURES if kind == "Linear" else MAX_FILTERS
        ins = whole(item["in_channels"], f"{name}'s input maps", 1, most)
        outs = whole(item["out_channels"], f"{name}'s filters", 1, MAX_FILTERS)
        groups = whole(item["groups"], f"{name}'s groups", 1, MAX_FILTERS)
        rows, columns = (
            whole(side, f"{name}'s kernel size", 1, MAX_KERNEL_SIZE) for side in item["kernel_size"]
        )
        return {"weight": (outs, ins // groups, rows, columns), "bias": (outs,)}
    if kind == "BatchNorm2d":
        channels = whole(item["channels"], f"{name}'s maps", 1, MAX_FEATURES)
        return dict.fromkeys(_NORM, (channels,))
    return {}


def _as_trained(layer: Layer, trained: Trained | None) -> Layer:
    """A normalisation with the numbers that it was trained to have, if it was."""
    if isinstance(layer, BatchNorm2d):
        for known in trained.layers if trained else ():
            same = isinstance(known, BatchNorm2d) and known.channels == layer.channels
            if same and known.number == layer.number:
                return replace(layer, **{name: getattr(known, name) for name in _NORM})
    return layer


def with_arrays(network: Network, arrays: Mapping[str, npt.NDArray[Any]]) -> Network:
    """Give layers other arrays, named as in files: ``layer2.weight``.

    Raises
    ------
    ValueError
        If a layer has none of such a name, shape or values.
    """

    def given(name: str, kind: str) -> npt.NDArray[Any]:
        return arrays[name]

    layers = list(network.layers)
    for name, array in arrays.items():
        layer, _, what = name.partition(".")
        index = int(layer.removeprefix("layer")) - 1
        fresh = array if what == "muted" else numbers(given, name)
        layers[index] = replace(layers[index], **{what: fresh})  # type: ignore[arg-type]
    return replace(network, layers=tuple(layers))
