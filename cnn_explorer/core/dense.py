"""The fully connected layer, and the way to it from maps."""

import numpy as np
import numpy.typing as npt

from cnn_explorer.core.activations import Array


def flatten(maps: npt.ArrayLike) -> Array:
    """Lay maps in one row of features, map after map and row after row; float32, shape (n,)."""
    return np.asarray(maps, np.float32).reshape(-1)


def linear(
    features: npt.ArrayLike, weight: npt.ArrayLike, bias: npt.ArrayLike | None = None
) -> Array:
    """Weight all features for each output: ``torch.nn.functional.linear``.

    Parameters
    ----------
    features
        Shape (…, in). Computed with as float32, like the other arrays.
    weight
        Shape (out, in).
    bias
        Shape (out,), or None for none.

    Returns
    -------
    ndarray
        float32, shape (…, out): features · weightᵀ + bias.

    Raises
    ------
    ValueError
        If the shapes do not fit each other.
    """
    features, weight = np.asarray(features, np.float32), np.asarray(weight, np.float32)
    if weight.ndim != 2 or features.ndim < 1 or features.shape[-1] != weight.shape[1]:
        raise ValueError(
            f"features {features.shape} and weight {weight.shape} do not have the axes (…, in) "
            "and (out, in)."
        )
    offset = np.asarray(0 if bias is None else bias, np.float32)
    if bias is not None and offset.shape != (len(weight),):
        raise ValueError(
            f"bias {offset.shape} does not match weight {weight.shape}: "
            f"{len(weight)} outputs need ({len(weight)},)."
        )
    with np.errstate(all="ignore"):
        return np.asarray(features @ weight.T + offset)
