"""A layer in words that JSON has and arrays by name, there and back.

What is read is checked: a file that somebody made may announce anything.
"""

from collections.abc import Callable
from dataclasses import fields
from typing import Any

import numpy as np
import numpy.typing as npt

from cnn_explorer.core.activations import Array
from cnn_explorer.core.geometry import Padding
from cnn_explorer.core.kernel_layers import Conv2d, Linear
from cnn_explorer.core.kernels import INITIALISATIONS
from cnn_explorer.core.layer import Layer, Mutes
from cnn_explorer.core.layers import (
    MAX_FEATURES,
    AvgPool2d,
    BatchNorm2d,
    Flatten,
    GlobalAvgPool2d,
    MaxPool2d,
    Softmax,
)
from cnn_explorer.core.network import (
    INPUT_SIZE,
    MAX_FILTERS,
    MAX_KERNEL_SIZE,
    MAX_PADDING,
    MAX_STRIDE,
)
from cnn_explorer.core.trained import TRAINED

Arrays = Callable[[str, str], npt.NDArray[Any]]
"""Gives an array by its name, of the type asked for, "<f4" or "|b1".

KeyError where there is none, ValueError where it is of another type.
"""

MAX_ARRAY = 4 * MAX_FILTERS**2 * MAX_KERNEL_SIZE**2
"""Bytes that the largest array of a network takes."""

MAX_SIDE = 256
"""Rows or columns of any map: padding makes the drawing larger, a layer at a time."""

_WEIGHTS = ("weight", "bias", "muted", "mean", "variance")
MOST_NUMBER = 2**32 - 1
_MOST_VALUE = 1_000_000


def described_layer(layer: Layer) -> dict[str, Any]:
    """Describe a layer in PyTorch's names, its weights apart."""
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


def weights_of(layer: Layer) -> dict[str, npt.NDArray[Any]]:
    """Arrays of a layer by name: those of its fields that are there."""
    arrays = {name: getattr(layer, name, None) for name in _WEIGHTS}
    return {name: array for name, array in arrays.items() if array is not None}


def read_layer(arrays: Arrays, name: str, item: dict[str, Any]) -> Layer:
    """Make the layer that was described.

    Parameters
    ----------
    arrays
        Of the file; those of the layer begin with its name and a dot.
    name
        What the layer is called in the file and in errors.
    item
        The description.

    Raises
    ------
    ValueError, KeyError, TypeError
        If it is no description, or of no layer that can be.
    """
    kind = item.get("type", "Conv2d")
    if kind not in _READERS:
        raise ValueError(f"{name} is of an unknown type, {kind!r}")
    number = whole(item["number"], f"{name}'s number", 0, MOST_NUMBER)
    return _READERS[kind](arrays, name, item, number)


def _conv(arrays: Arrays, name: str, item: dict[str, Any], number: int) -> Conv2d:
    if item["initialisation"] not in (*INITIALISATIONS, TRAINED):
        raise ValueError(f"{name} has unknown weights, {item['initialisation']!r}")
    dense = item.get("type") == "Linear"
    layer = (Linear if dense else Conv2d)(
        number=number,
        weight=numbers(arrays, f"{name}.weight"),
        bias=numbers(arrays, f"{name}.bias") if item["bias"] else None,
        stride=_pair(item["stride"], f"{name}'s stride", MAX_STRIDE),
        padding=_padding(item["padding"], name),
        padding_mode=item.get("padding_mode", "zeros"),
        dilation=_pair(item["dilation"], f"{name}'s dilation", min(INPUT_SIZE)),
        groups=whole(item["groups"], f"{name}'s groups", 1, MAX_FILTERS),
        activation=str(item["activation"]),
        activation_parameters=_parameters(item, name),
        initialisation=item["initialisation"],
        fan=_pair(item["fan"], f"{name}'s fan", MAX_FEATURES if dense else MAX_FILTERS),
        # A file from before there were mutes does not speak of them.
        muted=_muted(arrays, name, item.get("muted", 0)),
    )
    whole(layer.out_channels, f"{name}'s filters", 1, MAX_FILTERS)
    whole(layer.in_channels, f"{name}'s input maps", 1, MAX_FEATURES if dense else MAX_FILTERS)
    whole(max(layer.kernel_size), f"{name}'s kernel size", 1, 1 if dense else MAX_KERNEL_SIZE)
    if layer.out_channels % layer.groups:
        raise ValueError(f"{layer.groups} groups do not divide {layer.out_channels} filters")
    return layer


def _pool(arrays: Arrays, name: str, item: dict[str, Any], number: int) -> Layer:
    shared: dict[str, Any] = {
        "number": number,
        "channels": _channels(item, name),
        "kernel_size": _pair(item["kernel_size"], f"{name}'s kernel size", MAX_KERNEL_SIZE),
        "stride": _pair(item["stride"], f"{name}'s stride", MAX_KERNEL_SIZE),
        "padding": _padding(item["padding"], name),
        "dilation": _pair(item["dilation"], f"{name}'s dilation", min(INPUT_SIZE)),
        "ceil_mode": _flag(item, "ceil_mode", name),
    }
    if item["type"] == "MaxPool2d":
        return MaxPool2d(**shared)
    return AvgPool2d(**shared, count_include_pad=_flag(item, "count_include_pad", name))


def _norm(arrays: Arrays, name: str, item: dict[str, Any], number: int) -> Layer:
    mean, variance, weight, bias = (
        numbers(arrays, f"{name}.{what}") for what in ("mean", "variance", "weight", "bias")
    )
    eps = item["eps"]
    if type(eps) is not float or not 0 < eps <= 1:
        raise ValueError(f"{name}'s eps is {eps!r}; it must be more than 0, and at most 1")
    return BatchNorm2d(
        number,
        _channels(item, name),
        mean,
        variance,
        weight,
        bias,
        eps=eps,
        activation=str(item["activation"]),
        activation_parameters=_parameters(item, name),
    )


def _plain(arrays: Arrays, name: str, item: dict[str, Any], number: int) -> Layer:
    kinds: dict[str, Callable[[int, int], Layer]] = {
        "GlobalAvgPool2d": GlobalAvgPool2d,
        "Softmax": Softmax,
    }
    return kinds[item["type"]](number, _channels(item, name))


def _flatten(arrays: Arrays, name: str, item: dict[str, Any], number: int) -> Layer:
    size = _pair(item["size"], f"{name}'s size", MAX_SIDE)
    return Flatten(number, _channels(item, name), size)


_READERS: dict[str, Callable[[Arrays, str, dict[str, Any], int], Layer]] = {
    "Conv2d": _conv,
    "Linear": _conv,
    "MaxPool2d": _pool,
    "AvgPool2d": _pool,
    "BatchNorm2d": _norm,
    "GlobalAvgPool2d": _plain,
    "Softmax": _plain,
    "Flatten": _flatten,
}


def _channels(item: dict[str, Any], name: str) -> int:
    return whole(item["channels"], f"{name}'s maps", 1, MAX_FEATURES)


def _parameters(item: dict[str, Any], name: str) -> tuple[float, ...]:
    """Parameters of an activation; none in a file from before there were any."""
    values = tuple(item.get("activation_parameters", ()))
    if not all(type(value) in (int, float) and abs(value) <= _MOST_VALUE for value in values):
        raise ValueError(f"{name}'s activation has parameters that are no numbers")
    return tuple(map(float, values))


def _muted(arrays: Arrays, name: str, count: Any) -> Mutes | None:
    """Mutes of a layer, as many as are announced."""
    if whole(count, f"{name}'s mutes", 0, MAX_FILTERS * MAX_FEATURES) == 0:
        return None
    muted = arrays(f"{name}.muted", "|b1")
    if muted.view(np.uint8).sum() != count or muted.view(np.uint8).max() > 1:
        raise ValueError(f"{name}.muted does not mute the {count} contributions that it announces")
    return muted


def _padding(value: Any, name: str) -> Padding:
    if value == "same" or value == "same_lower" or value == "valid":
        return value  # type: ignore[no-any-return]
    return whole(value, f"{name}'s padding", 0, MAX_PADDING)


def _pair(value: Any, what: str, most: int) -> tuple[int, int]:
    rows, columns = value
    return whole(rows, what, 1, most), whole(columns, what, 1, most)


def _flag(item: dict[str, Any], key: str, name: str) -> bool:
    value = item[key]
    if type(value) is not bool:
        raise ValueError(f"{name}'s {key} is {value!r}; it must be true or false")
    return value


def whole(value: Any, what: str, least: int, most: int) -> int:
    """Return a number that a document can have; a larger one could ask for any amount of memory."""
    if type(value) is not int or not least <= value <= most:
        raise ValueError(f"{what} is {value!r}; it must be {least} to {most}")
    return value


def numbers(arrays: Arrays, name: str) -> Array:
    """An array of float32, with values that a document may have; ValueError otherwise."""
    array = arrays(name, "<f4").astype(np.float32, copy=False)
    if not (np.abs(array) <= _MOST_VALUE).all():
        raise ValueError(f"{name} holds values that are not from -{_MOST_VALUE} to {_MOST_VALUE}")
    return array


def real(value: Any, what: str, least: float, most: float) -> float:
    """Return a number that is within bounds; ValueError otherwise."""
    if type(value) not in (int, float) or not least <= value <= most:
        raise ValueError(f"{what} is {value!r}; it must be {least:g} to {most:g}")
    return float(value)
