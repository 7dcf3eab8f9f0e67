"""A network without its weights, in words that JSON has: of manifests and documents."""

from dataclasses import fields
from typing import Any

from cnn_explorer.core.kernel_layers import Conv2d
from cnn_explorer.core.layer import Layer
from cnn_explorer.core.network import Network

_WEIGHTS = {"weight", "bias", "muted", "mean", "variance"}


def described_layers(network: Network) -> list[dict[str, Any]]:
    """Describe each layer in PyTorch's names, its weights apart."""
    return [_described(layer) for layer in network.layers]


def _described(layer: Layer) -> dict[str, Any]:
    described: dict[str, Any] = {"type": type(layer).__name__, "number": layer.number}
    if isinstance(layer, Conv2d):
        described |= {
            "in_channels": layer.in_channels,
            "out_channels": layer.out_channels,
            "kernel_size": layer.kernel_size,
            "bias": layer.bias is not None,
            "muted": layer.muted_count,
        }
    names = (field.name for field in fields(layer) if field.name not in _WEIGHTS)
    return described | {name: getattr(layer, name) for name in names}
