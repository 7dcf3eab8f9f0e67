"""The maps of Naive: as many as there are paths of filters, so only those that are asked for."""

from collections.abc import Callable, Iterable, Sequence
from itertools import groupby
from typing import NamedTuple

import numpy as np

from cnn_explorer.core.activations import Array
from cnn_explorer.core.addresses import Address, address_text, check_address
from cnn_explorer.core.convolution import Method, resolve_method
from cnn_explorer.core.kernel_layers import Conv2d
from cnn_explorer.core.layer import MapLayer
from cnn_explorer.core.network import Network
from cnn_explorer.core.schemes import scheme_kernel
from cnn_explorer.core.state import State


class NaiveMaps(NamedTuple):
    """Some maps of each layer.

    Parameters
    ----------
    maps, before
        For each layer float32, shape (maps, rows, columns), after and before the activation.
    method
        Which method ran, "signal" or "matmul".
    convolutions
        How many 2-D convolutions were computed.
    """

    maps: tuple[Array, ...]
    before: tuple[Array, ...]
    method: Method
    convolutions: int


def naive_maps(
    state: State,
    wanted: Sequence[Sequence[Address]],
    method: Method,
    checkpoint: Callable[[], None] | None = None,
) -> NaiveMaps:
    """Compute maps at some addresses, and what leads to them.

    Parameters
    ----------
    state
        The document.
    wanted
        For each layer the addresses of the maps, in the order in which they are given.
    method, checkpoint
        As in `cnn_explorer.core.forward.forward`.
    """
    layers, sizes = state.network.layers, state.network.sizes
    needed = _with_ancestors(wanted)
    if method == "auto":
        work = sum(
            len(addresses) * layer.multiply_adds(size) // (layer.out_channels * layer.depth)
            for addresses, layer, size in zip(needed, layers, sizes, strict=False)
        )
        method = resolve_method(work)
    parents: dict[Address, Array] = {(): state.input}
    befores: list[Array] = []
    maps: list[Array] = []
    convolutions = 0
    for layer, own, addresses, size in zip(layers, wanted, needed, sizes[1:], strict=True):
        kernel = scheme_kernel(layer, state.scheme) if isinstance(layer, Conv2d) else None
        convolutions += 0 if kernel is None else len(addresses)
        children: dict[Address, tuple[Array, Array]] = {}
        for parent, group in groupby(addresses, key=lambda address: address[:-1]):
            outputs = [address[-1] for address in group]
            inputs = parents[parent][np.newaxis]
            if isinstance(layer, MapLayer):
                before = layer.compute(inputs, outputs)
            else:
                assert isinstance(layer, Conv2d)
                assert kernel is not None
                heard = kernel[outputs]  # a copy
                heard[layer.muted_from(parent[-1] if parent else 0)[outputs]] = 0
                bias = None if layer.bias is None else layer.bias[outputs]
                before = layer.before_activation(
                    inputs, heard, bias, groups=1, method=method, checkpoint=checkpoint
                )
            after = layer.activate(before)
            children |= {(*parent, j): (before[row], after[row]) for row, j in enumerate(outputs)}
        for place, stack in enumerate((befores, maps)):
            stack.append(
                np.stack([children[address][place] for address in own])
                if own
                else np.empty((0, *size), np.float32)
            )
        parents = {address: after for address, (_, after) in children.items()}
    return NaiveMaps(tuple(maps), tuple(befores), method, convolutions)


def check_view(in_view: Sequence[Sequence[Address]], network: Network) -> None:
    """Raise a sentence where an address is not one of its layer's maps."""
    if len(in_view) != len(network.layers):
        raise ValueError(
            f"There are addresses for {len(in_view)} layers; the network has {len(network.layers)}."
        )
    for index, addresses in enumerate(in_view):
        for address in addresses:
            check_address(address, network)
            if index >= network.head:
                raise ValueError(
                    f"{network.names[index]} takes all maps together; where none are summed, it "
                    "has no map to look at."
                )
            if len(address) != index + 1:
                raise ValueError(
                    f"The address {address_text(address)} is not one of {network.names[index]}'s; "
                    f"those have {index + 1} part{'s' * (index > 0)}."
                )


def _with_ancestors(in_view: Iterable[Iterable[Address]]) -> list[list[Address]]:
    """For each layer, sorted: the addresses in view and those that lead to deeper ones."""
    needed = [set(addresses) for addresses in in_view]
    for shallow, deep in zip(reversed(needed[:-1]), reversed(needed[1:]), strict=True):
        shallow |= {address[:-1] for address in deep}
    return [sorted(addresses) for addresses in needed]
