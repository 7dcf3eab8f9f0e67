"""A request for maps, and the maps: what the worker computes from a state."""

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby

import numpy as np

from cnn_explorer.core.activations import Array
from cnn_explorer.core.convolution import Method, resolve_method
from cnn_explorer.core.network import Network, layer_name
from cnn_explorer.core.schemes import (
    Address,
    ChannelScheme,
    address_text,
    check_address,
    scheme_kernel,
)
from cnn_explorer.core.state import State


class Cancelled(Exception):
    """The computation was asked to stop; raised by a checkpoint."""


@dataclass(frozen=True, eq=False)
class Request:
    """What is asked of the worker.

    Parameters
    ----------
    state
        What to compute from.
    in_view
        In Naive, for each layer the addresses of the maps looked at; those are held, and computed
        with what leads to them. Empty: none. The other schemes need every map and ignore it.
    method
        As in `cnn_explorer.core.convolution.conv2d`; "auto" decides by the multiply-adds of the
        whole pass.
    """

    state: State
    in_view: tuple[tuple[Address, ...], ...] = ()
    method: Method = "auto"


@dataclass(frozen=True, eq=False)
class Activations:
    """All maps of a pass, and how they came about.

    Parameters
    ----------
    request
        What was asked.
    maps
        For each layer float32, shape (maps, rows, columns), read-only. In Real and Shared one
        for each filter; in Naive those in view, in the order of the request.
    method
        Which method ran, "signal" or "matmul".
    convolutions
        How many 2-D convolutions were computed.
    seconds
        How long it took.
    """

    request: Request
    maps: tuple[Array, ...]
    method: Method
    convolutions: int
    seconds: float

    @property
    def state(self) -> State:
        """The state that the maps were computed from."""
        return self.request.state

    def find(self, address: Address) -> Array | None:
        """One map by the path of filters to it, or None where it was not computed.

        Parameters
        ----------
        address
            One filter for each layer down to the map's; only the last counts unless in Naive.

        Returns
        -------
        ndarray or None
            float32, shape (rows, columns).
        """
        layer = len(address) - 1
        try:
            place = address[-1]
            if self.state.scheme is ChannelScheme.NAIVE:
                place = self.request.in_view[layer].index(address)
            found: Array = self.maps[layer][place]
        except (IndexError, ValueError):
            return None
        return found


def forward(request: Request, checkpoint: Callable[[], None] | None = None) -> Activations:
    """Compute the maps that a request asks for.

    Parameters
    ----------
    request
        The state and what is looked at.
    checkpoint
        Called between filters; raises Cancelled to stop.

    Returns
    -------
    Activations
        The maps, read-only.

    Raises
    ------
    Cancelled
        From the checkpoint.
    ValueError
        If an address in view is not one of its layer's maps.
    """
    start = time.perf_counter()
    if request.state.scheme is ChannelScheme.NAIVE:
        maps, method, convolutions = _naive(request, checkpoint)
    else:
        maps, method, convolutions = _summed(request, checkpoint)
    for layer_maps in maps:
        layer_maps.flags.writeable = False
    return Activations(request, maps, method, convolutions, time.perf_counter() - start)


def _summed(
    request: Request, checkpoint: Callable[[], None] | None
) -> tuple[tuple[Array, ...], Method, int]:
    """Real and Shared: each filter's results are summed over its inputs."""
    state = request.state
    layers = state.network.layers
    sizes = state.network.sizes
    work = sum(layer.multiply_adds(size) for layer, size in zip(layers, sizes, strict=False))
    method = resolve_method(work) if request.method == "auto" else request.method
    maps = state.drawing[np.newaxis]
    result = []
    for layer in layers:
        # Shared's one kernel serves every input map of the filter.
        kernel = np.broadcast_to(scheme_kernel(layer, state.scheme), layer.weight.shape)
        before = layer.before_activation(
            maps, kernel, layer.bias, groups=layer.groups, method=method, checkpoint=checkpoint
        )
        maps = layer.activate(before)
        result.append(maps)
    convolutions = sum(layer.out_channels * layer.depth for layer in layers)
    return tuple(result), method, convolutions


def _naive(
    request: Request, checkpoint: Callable[[], None] | None
) -> tuple[tuple[Array, ...], Method, int]:
    """Naive: the maps in view, and the maps on the way to them."""
    state = request.state
    layers = state.network.layers
    in_view = request.in_view or ((),) * len(layers)
    _check_view(in_view, state.network)
    needed = _with_ancestors(in_view)
    work = sum(
        len(addresses) * layer.multiply_adds(size) // (layer.out_channels * layer.depth)
        for addresses, layer, size in zip(needed, layers, state.network.sizes, strict=False)
    )
    method = resolve_method(work) if request.method == "auto" else request.method
    parents: dict[Address, Array] = {(): state.drawing}
    result = []
    for layer, wanted, addresses, size in zip(
        layers, in_view, needed, state.network.sizes[1:], strict=True
    ):
        kernel = scheme_kernel(layer, state.scheme)
        children: dict[Address, Array] = {}
        for parent, group in groupby(addresses, key=lambda address: address[:-1]):
            filters = [address[-1] for address in group]
            before = layer.before_activation(
                parents[parent][np.newaxis],
                kernel[filters],
                None if layer.bias is None else layer.bias[filters],
                groups=1,
                method=method,
                checkpoint=checkpoint,
            )
            maps = layer.activate(before)
            children |= {(*parent, j): maps[row] for row, j in enumerate(filters)}
        result.append(
            np.stack([children[address] for address in wanted])
            if wanted
            else np.empty((0, *size), np.float32)
        )
        parents = children
    return tuple(result), method, sum(map(len, needed))


def _check_view(in_view: Sequence[Sequence[Address]], network: Network) -> None:
    """Raise a sentence where an address is not one of its layer's maps."""
    if len(in_view) != len(network.layers):
        raise ValueError(
            f"There are addresses for {len(in_view)} layers; the network has {len(network.layers)}."
        )
    for index, addresses in enumerate(in_view):
        for address in addresses:
            check_address(address, network)
            if len(address) != index + 1:
                raise ValueError(
                    f"The address {address_text(address)} is not one of {layer_name(index)}'s; "
                    f"those have {index + 1} part{'s' * (index > 0)}."
                )


def _with_ancestors(in_view: Iterable[Iterable[Address]]) -> list[list[Address]]:
    """For each layer, sorted: the addresses in view and those that lead to deeper ones."""
    needed = [set(addresses) for addresses in in_view]
    for shallow, deep in zip(reversed(needed[:-1]), reversed(needed[1:]), strict=True):
        shallow |= {address[:-1] for address in deep}
    return [sorted(addresses) for addresses in needed]
