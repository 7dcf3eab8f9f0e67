"""A request for maps, and the maps: what the worker computes from a state."""

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np

from cnn_explorer.core.activations import Array
from cnn_explorer.core.addresses import Address, check_address
from cnn_explorer.core.convolution import Method, Window, resolve_method
from cnn_explorer.core.kernel_layers import Conv2d
from cnn_explorer.core.layer import MapLayer
from cnn_explorer.core.layers import BatchNorm2d
from cnn_explorer.core.making import Block, Cells, Making, block, can_be_made, make
from cnn_explorer.core.naive import check_view, naive_maps
from cnn_explorer.core.network import MAX_LAYERS
from cnn_explorer.core.patch import EMPTY, differing, patched, reached
from cnn_explorer.core.schemes import ChannelScheme, is_there, scheme_kernel
from cnn_explorer.core.state import State


class Cancelled(Exception):
    """The computation was asked to stop; raised by a checkpoint."""


@dataclass(frozen=True)
class Request:
    """What is asked of the worker; equal to another that asks the same of the same state.

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
    making
        Path of filters to the map of which the making is looked at, or None.
    cells
        Contributions that are looked at in matrices. Naive has none and ignores it.
    """

    state: State
    in_view: tuple[tuple[Address, ...], ...] = ()
    method: Method = "auto"
    making: Address | None = None
    cells: tuple[Cells, ...] = ()


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
    before
        The maps before their activations, shaped like `maps`. In Real and Shared None for the
        layers of which no making was asked for.
    making
        How the map asked for is made, or None where none was.
    blocks
        The contributions asked for.
    addresses
        In Naive, for each layer the addresses of its maps: those in view, then those that the
        making needs.
    changed
        For each layer the window that was computed, because a stroke changed what it is made from;
        None where all was. Empty where the pass is no continuation of another.
    """

    request: Request
    maps: tuple[Array, ...]
    method: Method
    convolutions: int
    seconds: float
    before: tuple[Array | None, ...] = ()
    making: Making | None = None
    blocks: tuple[Block, ...] = ()
    addresses: tuple[tuple[Address, ...], ...] = ()
    changed: tuple[Window | None, ...] = ()

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
        try:
            found: Array = self.maps[len(address) - 1][self.place(address)]
        except (IndexError, ValueError):
            return None
        return found

    def place(self, address: Address) -> int:
        """Where a map is among its layer's; ValueError in Naive where it was not computed."""
        if self.state.scheme is ChannelScheme.NAIVE:
            return self.addresses[len(address) - 1].index(address)
        return address[-1]


def forward(
    request: Request,
    checkpoint: Callable[[], None] | None = None,
    known: Activations | None = None,
) -> Activations:
    """Compute the maps that a request asks for, and how those that are looked at are made.

    Parameters
    ----------
    request
        The state and what is looked at.
    checkpoint
        Called between filters; raises Cancelled to stop.
    known
        An earlier pass. Where its maps are those that are asked for, they are taken from it.

    Returns
    -------
    Activations
        The maps, read-only.

    Raises
    ------
    Cancelled
        From the checkpoint.
    ValueError
        If an address is not one of its layer's maps.
    """
    start = time.perf_counter()
    making = request.making
    if making is not None:
        check_address(making, request.state.network)
        making = making if can_be_made(request.state, making) else None
    naive = request.state.scheme is ChannelScheme.NAIVE
    if known is not None and _same_maps(known, request):
        result = replace(known, request=request, making=None, blocks=(), changed=())
    elif naive:
        result = _naive(request, checkpoint)
    else:
        result = _summed(request, checkpoint, known)
    for arrays in (result.maps, result.before):
        for layer_maps in arrays:
            if layer_maps is not None:
                layer_maps.flags.writeable = False
    # Contributions are what scipy.signal is for, whatever computed the maps; unless it is loading.
    method: Method = "matmul" if request.method == "matmul" else "signal"
    if making is not None:
        result = replace(result, making=_making(result, making, method, checkpoint))
    if request.cells and not naive:
        blocks = (
            block(request.state, cells, _inputs(result, cells.layer), method, checkpoint)
            for cells in request.cells
        )
        result = replace(result, blocks=tuple(blocks))
    return replace(result, seconds=time.perf_counter() - start)


def _same_maps(known: Activations, other: Request) -> bool:
    one = known.request
    naive = one.state.scheme is ChannelScheme.NAIVE
    return (
        one.state is other.state
        and one.method == other.method
        and one.in_view == other.in_view
        and (one.making == other.making if naive else _holds_making(known, other))
    )


def _inputs(activations: Activations, layer: int) -> Array:
    """Input maps of a layer in Real and Shared."""
    return activations.maps[layer - 1] if layer else activations.state.input[np.newaxis]


def _summed(
    request: Request, checkpoint: Callable[[], None] | None, known: Activations | None
) -> Activations:
    """Real and Shared: each filter's results are summed over its inputs.

    Where a pass is known that differs by its drawing alone, only what that changed is computed.
    """
    state = request.state
    layers = state.network.layers
    work = state.network.multiply_adds
    method = resolve_method(work) if request.method == "auto" else request.method
    base = _base(request, known)
    window = None if base is None else differing(base.state.input, state.input)
    inputs = state.input[np.newaxis]
    befores: list[Array | None] = []
    maps, windows = [], []
    for index, layer in enumerate(layers):
        if window is not None:
            window = reached(layer, (inputs.shape[1], inputs.shape[2]), window)
        made = request.making is not None and len(request.making) == index + 1
        if base is not None and window == EMPTY:
            before, after = base.before[index], base.maps[index]
        elif isinstance(layer, BatchNorm2d) and base is not None and window is not None:
            before = layer.compute(inputs[:, window[0], window[1]])
            after = patched(base.maps[index], layer.activate(before), window)
            old = base.before[index]
            before = before if old is None else patched(old, before, window)
        elif isinstance(layer, MapLayer):  # quick, and the same outside of the window
            before = layer.compute(inputs)
            after = layer.activate(before)
        else:
            assert isinstance(layer, Conv2d)
            before = layer.before_activation(
                inputs,
                summing_kernel(layer, state.scheme),
                layer.bias,
                groups=layer.groups,
                method=method,
                checkpoint=checkpoint,
                window=window,
            )
            after = layer.activate(before, in_place=not made)
            if base is not None and window is not None:
                after = patched(base.maps[index], after, window)
                old = base.before[index]
                before = before if old is None else patched(old, before, window)
        befores.append(before if made else None)
        maps.append(after)
        windows.append(window)
        inputs = after
    convolutions = sum(
        layer.out_channels * layer.depth
        for layer in layers
        if isinstance(layer, Conv2d) and not layer.mixes
    )
    return Activations(
        request,
        tuple(maps),
        method,
        convolutions,
        0.0,
        tuple(befores),
        changed=() if base is None else tuple(windows),
    )


def _base(request: Request, known: Activations | None) -> Activations | None:
    """The pass known, where another drawing is all that it lacks to be the one asked for."""
    if known is None:
        return None
    one, other = known.request, request
    same = (
        one.state.network is other.state.network
        and one.state.scheme is other.state.scheme
        and one.method == other.method
    )
    return known if same and _holds_making(known, request) else None


def _holds_making(known: Activations, request: Request) -> bool:
    """Whether a pass has what the making that is asked for begins with: maps before activation."""
    return request.making is None or known.before[len(request.making) - 1] is not None


@lru_cache(maxsize=MAX_LAYERS)
def summing_kernel(layer: Conv2d, scheme: ChannelScheme) -> Array:
    """What Real or Shared convolves with, shape (out, in / groups, kh, kw); zeros where muted."""
    kernel = scheme_kernel(layer, scheme)
    if kernel.shape != layer.weight.shape:  # Shared's one kernel serves every input map
        kernel = np.broadcast_to(kernel, layer.weight.shape).copy()
    return layer.unmuted(kernel)


def _naive(request: Request, checkpoint: Callable[[], None] | None) -> Activations:
    """Naive: the maps in view, and after them those that the making needs."""
    if request.in_view:
        check_view(request.in_view, request.state.network)
    held = _held(request)
    maps, before, method, count = naive_maps(request.state, held, request.method, checkpoint)
    return Activations(request, maps, method, count, 0.0, before, addresses=held)


def _held(request: Request) -> tuple[tuple[Address, ...], ...]:
    """In Naive the maps in view, and after them the one looked at and what it is made from."""
    state = request.state
    held = list(request.in_view or ((),) * len(state.network.layers))
    making = request.making or ()
    if making and not is_there(state.network, state.scheme, len(making) - 1):
        making = ()
    for address in (making[:-1], making):
        if address and address not in held[len(address) - 1]:
            held[len(address) - 1] += (address,)
    return tuple(held)


def _making(
    activations: Activations,
    address: Address,
    method: Method,
    checkpoint: Callable[[], None] | None,
) -> Making:
    """Take a map of a pass apart."""
    state, layer = activations.state, len(address) - 1
    place = activations.place(address)
    befores = activations.before[layer]
    assert befores is not None
    before, after = befores[place], activations.maps[layer][place]
    if state.scheme is ChannelScheme.NAIVE and layer:
        above = activations.place(address[:-1])
        maps = activations.maps[layer - 1][above : above + 1]
    else:
        maps = _inputs(activations, layer)
        if isinstance(state.network.layers[layer], MapLayer):
            maps = maps[list(state.network.layers[layer].inputs_of(address[-1]))]
    return make(state, address, maps, before, after, method, checkpoint)
