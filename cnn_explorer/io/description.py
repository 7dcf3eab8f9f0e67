"""A network without its weights, in words that JSON has: of manifests and documents."""

from typing import Any

from cnn_explorer.core.network import Network


def described_layers(network: Network) -> list[dict[str, Any]]:
    """Describe each layer in PyTorch's names, its weights apart."""
    return [
        {
            "number": layer.number,
            "in_channels": layer.in_channels,
            "out_channels": layer.out_channels,
            "kernel_size": layer.kernel_size,
            "stride": layer.stride,
            "padding": layer.padding,
            "dilation": layer.dilation,
            "groups": layer.groups,
            "activation": layer.activation,
            "bias": layer.bias is not None,
            "muted": layer.muted_count,
            "initialisation": layer.initialisation,
            "fan": layer.fan,
        }
        for layer in network.layers
    ]
