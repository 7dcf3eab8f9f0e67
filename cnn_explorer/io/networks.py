"""The networks that come with the program, trained to read digits."""

from collections.abc import Sequence
from functools import cache
from pathlib import Path

from cnn_explorer.core.kernel_layers import Conv2d
from cnn_explorer.core.network import Network
from cnn_explorer.io.resources import resource
from cnn_explorer.io.weights import NetworkError, load_network

BUNDLED: dict[str, str] = {
    "3-4": "97.82 % of 5,000 right, the smallest: for the classroom",
    "8-16": "98.92 % of 5,000 right",
    "16-32-64": "99.32 % of 5,000 right",
    "5x5": "98.74 % of 5,000 right, kernels of 5×5",
    "7x7": "98.48 % of 5,000 right, kernels of 7×7 that can be read",
    "separable": "99.02 % of 5,000 right, depthwise-separable",
}
"""Names of the networks, each with how many validation digits it reads right, and more."""


@cache
def bundled_network(name: str) -> Network:
    """A network of `BUNDLED`, always the same object; KeyError where there is none of the name."""
    if name not in BUNDLED:
        raise KeyError(name)
    return load_network(resource("networks", f"{name}.safetensors"))


def named_network(text: str) -> Network:
    """The bundled network of a name, or else the one in a file.

    Raises
    ------
    cnn_explorer.io.weights.NetworkError
        If it is neither.
    """
    if text in BUNDLED:
        return bundled_network(text)
    path = Path(text)
    if not path.is_file():
        raise NetworkError(
            f"There is no network “{text[:80]}”: give the name of a file, or one of "
            f"{', '.join(BUNDLED)}."
        )
    return load_network(path)


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
    if len(sides) != len(filters):
        return None
    wanted = [(count, (side, side)) for count, side in zip(filters, sides, strict=True)]
    for name in BUNDLED:
        network = bundled_network(name)
        layers = [layer for layer in network.layers if type(layer) is Conv2d]
        kernels = [(layer.out_channels, layer.kernel_size) for layer in layers]
        if kernels == wanted and all(layer.groups == 1 for layer in layers):
            return network
    return None
