"""The networks that come with the program, trained to read digits."""

from collections.abc import Sequence
from functools import cache

from cnn_explorer.core.kernel_layers import Conv2d, Linear
from cnn_explorer.core.network import Network
from cnn_explorer.io.resources import resource
from cnn_explorer.io.weights import load_network

BUNDLED: dict[str, str] = {
    "3-4": "the smallest, for the classroom",
    "8-16": "reads well",
    "16-32-64": "reads best",
    "5x5": "kernels of 5×5",
    "7x7": "kernels of 7×7 that can be read",
    "separable": "depthwise-separable",
}
"""Names of the networks, each with what it is for."""


@cache
def bundled_network(name: str) -> Network:
    """A network of `BUNDLED`, always the same object; KeyError where there is none of the name."""
    if name not in BUNDLED:
        raise KeyError(name)
    return load_network(resource("networks", f"{name}.safetensors"))


def fitting_network(filters: Sequence[int], kernel_sizes: Sequence[int]) -> Network | None:
    """The bundled network with convolutions of so many filters and such kernels, or None.

    Parameters
    ----------
    filters
        Of each convolution.
    kernel_sizes
        Sides of their kernels, or one for all.
    """
    sides = [kernel_sizes[0]] * len(filters) if len(kernel_sizes) == 1 else [*kernel_sizes]
    wanted = [(count, (side, side)) for count, side in zip(filters, sides, strict=False)]
    for name in BUNDLED:
        network = bundled_network(name)
        kernels = [
            (layer.out_channels, layer.kernel_size)
            for layer in network.layers
            if isinstance(layer, Conv2d) and not isinstance(layer, Linear)
        ]
        if kernels == wanted:
            return network
    return None
