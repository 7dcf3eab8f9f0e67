"""Normalisation: of maps by a channel's statistics, of values by their sum."""

import numpy as np
import numpy.typing as npt

from cnn_explorer.core.activations import Array


def batch_norm(
    maps: npt.ArrayLike,
    mean: npt.ArrayLike,
    variance: npt.ArrayLike,
    weight: npt.ArrayLike | None = None,
    bias: npt.ArrayLike | None = None,
    eps: float = 1e-5,
) -> Array:
    """Normalise each map by statistics that were learnt: ``torch.nn.BatchNorm2d`` in inference.

    out[j] = (maps[j] - mean[j]) / √(variance[j] + eps) · weight[j] + bias[j]

    Parameters
    ----------
    maps
        Shape (maps, …). Computed with as float32, like the other arrays.
    mean, variance
        Shape (maps,).
    weight, bias
        Shape (maps,), or None for 1 and 0.
    eps
        What keeps the root from 0.

    Returns
    -------
    ndarray
        float32, shaped like the maps.

    Raises
    ------
    ValueError
        If the shapes do not fit each other.
    """
    maps = np.asarray(maps, np.float32)
    ones, zeros = np.ones(len(maps), np.float32), np.zeros(len(maps), np.float32)
    columns = []
    for name, given in (
        ("mean", mean),
        ("variance", variance),
        ("weight", ones if weight is None else weight),
        ("bias", zeros if bias is None else bias),
    ):
        values = np.asarray(given, np.float32)
        if values.shape != (len(maps),):
            raise ValueError(
                f"{name} {values.shape} does not match maps {maps.shape}: "
                f"{len(maps)} maps need ({len(maps)},)."
            )
        columns.append(values.reshape(-1, *[1] * (maps.ndim - 1)))
    centre, spread, factor, shift = columns
    with np.errstate(all="ignore"):
        result: Array = (maps - centre) * (factor / np.sqrt(spread + np.float32(eps))) + shift
    return result


def softmax(x: npt.ArrayLike, axis: int = -1) -> Array:
    """Divide the exponentials by their sum along an axis; float32, shaped like x."""
    with np.errstate(all="ignore"):
        powers: Array = np.exp(_below_zero(x, axis))
        powers /= powers.sum(axis=axis, keepdims=True)
    return powers


def log_softmax(x: npt.ArrayLike, axis: int = -1) -> Array:
    """Give the logarithm of `softmax`, also where that would be 0; float32, shaped like x."""
    with np.errstate(all="ignore"):
        below = _below_zero(x, axis)
        result: Array = below - np.log(np.exp(below).sum(axis=axis, keepdims=True))
    return result


def softmin(x: npt.ArrayLike, axis: int = -1) -> Array:
    """Give `softmax` of -x: the least gets most; float32, shaped like x."""
    return softmax(-np.asarray(x, np.float32), axis)


def _below_zero(x: npt.ArrayLike, axis: int) -> Array:
    """Subtract the largest along an axis, so that no exponential overflows."""
    values = np.asarray(x, np.float32)
    return np.asarray(values - values.max(axis=axis, keepdims=True))
