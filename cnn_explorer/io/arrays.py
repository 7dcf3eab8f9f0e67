"""The arrays of an export in one NPZ file that is the same to the last byte whenever it is written.

`numpy.savez` wants every array whole and leaves the bytes to the machine; here an array may come in
blocks. `numpy.load` reads the file.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, BinaryIO
from zipfile import ZIP_STORED, ZipFile

import numpy as np
import numpy.typing as npt

from cnn_explorer.core.activations import Array
from cnn_explorer.core.kernel_layers import Conv2d
from cnn_explorer.core.layer import Layer
from cnn_explorer.core.layers import BatchNorm2d
from cnn_explorer.core.schemes import ChannelScheme, scheme_kernel
from cnn_explorer.core.state import State
from cnn_explorer.io.opening import plain_member
from cnn_explorer.io.parts import Part, written_as
from cnn_explorer.io.passes import Source


@dataclass(frozen=True, eq=False)
class Member:
    """One array of the file.

    Parameters
    ----------
    name
        Its key.
    dtype, shape
        Of the whole array.
    blocks
        Its values, in C order: consecutive pieces along the first axis.
    """

    name: str
    dtype: npt.DTypeLike
    shape: tuple[int, ...]
    blocks: Iterable[npt.NDArray[Any]]


def write_npz(stream: BinaryIO, members: Iterable[Member]) -> None:
    """Write an NPZ file, uncompressed, a block at a time.

    Parameters
    ----------
    stream
        Open for writing; it can seek.
    members
        The arrays in the order of the file. Each one's blocks are asked for as it is written.
    """
    with ZipFile(stream, "w", ZIP_STORED) as archive:
        for member in members:
            # Little-endian in the file, whatever the machine.
            dtype = np.dtype(member.dtype).newbyteorder("<")
            info = plain_member(f"{member.name}.npy")
            info.file_size = dtype.itemsize * int(np.prod(member.shape, dtype=object))
            with archive.open(info, "w") as file:
                np.lib.format.write_array_header_1_0(
                    file,
                    {"descr": dtype.str, "fortran_order": False, "shape": member.shape},
                )
                for block in member.blocks:
                    file.write(np.ascontiguousarray(block, dtype).data)


def members_of(
    state: State, parts: Sequence[Part], source: Source, step: Callable[[], None]
) -> Iterator[Member]:
    """The arrays of an export: float32, but addresses are int32 and mutes bool.

    Parameters
    ----------
    state
        The document.
    parts
        What is written, layer by layer.
    source
        Gives the maps.
    step
        Called before each map.

    Yields
    ------
    Member
        ``input`` (28, 28), and ``drawing`` where the input is that, centred; for each convolution,
        counted from 1, ``layer1.weight``
        (out, in / groups, kh, kw), always Real's, ``layer1.kernel``, what the scheme convolves
        with, ``layer1.bias`` (out,), zeros where the layer has none, ``layer1.muted``
        (out, in / groups), True where a contribution is left out; for a batch normalisation its
        ``weight``, ``bias``, ``mean`` and ``variance``; for every layer ``layer1.maps``
        (maps, rows, columns). ``layer1.addresses`` (maps, parts) says which maps these are where
        they were asked for one by one or by a range; outside Naive a map has one part, its filter.
        Layers of which nothing is written have their weights, biases and mutes too, so that
        `cnn_explorer.io.exports` can open the document again.
    """

    def stepped(maps: Iterable[Array]) -> Iterator[Array]:
        for values in maps:
            step()
            yield values[np.newaxis]

    yield whole_member("input", state.input)
    if state.centred:
        yield whole_member("drawing", state.drawing)
    for part in parts:
        name = f"layer{part.layer + 1}"
        layer = state.network.layers[part.layer]
        if not part.written:
            for what, array in _weights(layer, state.scheme).items():
                if what != "kernel":
                    yield whole_member(f"{name}.{what}", array)
            continue
        for what, array in _weights(layer, state.scheme).items():
            yield whole_member(f"{name}.{what}", array)
        if part.picked:
            written = [written_as(state, address) for address in part.written]
            yield whole_member(f"{name}.addresses", np.array(written, np.int32))
        shape = (len(part.written), *state.network.sizes[part.layer + 1])
        maps = stepped(source(part.layer, part.written))
        yield Member(f"{name}.maps", np.float32, shape, maps)


def _weights(layer: Layer, scheme: ChannelScheme) -> dict[str, npt.NDArray[Any]]:
    """What a layer computes with, by its names in the file."""
    if isinstance(layer, BatchNorm2d):
        names = ("weight", "bias", "mean", "variance")
        return {name: getattr(layer, name) for name in names}
    if not isinstance(layer, Conv2d):
        return {}
    return {
        "weight": layer.weight,
        "kernel": scheme_kernel(layer, scheme),
        "bias": np.zeros(layer.out_channels, np.float32) if layer.bias is None else layer.bias,
        "muted": np.stack([layer.mutes_of(filter_) for filter_ in range(layer.out_channels)]),
    }


def whole_member(name: str, array: npt.NDArray[Any]) -> Member:
    """A member that is there already."""
    return Member(name, array.dtype, array.shape, [array])
