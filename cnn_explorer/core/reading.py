"""What a network reads in a drawing, and whether that can be trusted."""

from dataclasses import dataclass
from enum import Enum

import numpy as np

from cnn_explorer.core.activations import Array
from cnn_explorer.core.centring import centred, ink_size
from cnn_explorer.core.drawing import SIDE
from cnn_explorer.core.forward import Activations
from cnn_explorer.core.kernel_layers import Conv2d
from cnn_explorer.core.layers import Softmax
from cnn_explorer.core.network import Network
from cnn_explorer.core.normalisation import softmax
from cnn_explorer.core.schemes import ChannelScheme
from cnn_explorer.core.state import State
from cnn_explorer.core.trained import is_as_trained, trained_layer

CLASSES = 10

LEAST_SIZE = 5
"""Rows or columns that the ink of a digit has at least: what has fewer is a dot."""

_MUCH = 1.1
"""How much of the ink may differ from the centred drawing's."""

UNKNOWN = "Not a digit that this network was trained for"
ADVICE = "; “Centre” may help"
"""What is said beside that of a drawing that is not in the middle."""

BLANK = "Nothing is drawn"


class Verdict(Enum):
    """What there is to say of a drawing."""

    NONE = "there is no reading"
    BLANK = "nothing is drawn"
    UNKNOWN = "no class it was trained for"
    READ = "one of its classes"


@dataclass(frozen=True, eq=False)
class Reading:
    """What a network reads.

    Parameters
    ----------
    verdict
        Whether it reads anything.
    said
        That in a few words: “Reads 7”, or why there is no reading, in a sentence.
    shares
        Of each class, float32, shape (10,): softmax of the logits by the temperature. None where
        there is no reading.
    detail
        The numbers behind it, in a sentence; or nothing.
    note
        Why the shares mean less than they say, in a sentence; or nothing.
    """

    verdict: Verdict
    said: str
    shares: Array | None = None
    detail: str = ""
    note: str = ""

    @property
    def best(self) -> int | None:
        """The class with the largest share; the first of equals."""
        return None if self.shares is None else int(self.shares.argmax())


def logits_layer(network: Network) -> int | None:
    """Index of the layer whose maps are ten logits: the last, or the one before a last Softmax.

    None where the network does not end in ten values.
    """
    index = len(network.layers) - 1
    if isinstance(network.layers[index], Softmax) and index:
        index -= 1
    ten = network.layers[index].out_channels == CLASSES and network.sizes[index + 1] == (1, 1)
    return index if ten else None


def no_reading(state: State) -> str:
    """Why a network reads nothing, whatever is drawn, in a sentence; or nothing."""
    network = state.network
    layer = logits_layer(network)
    if layer is None:
        rows, columns = network.sizes[-1]
        count = network.layers[-1].out_channels
        if (rows, columns) == (1, 1):
            values = f"{count} value{'s' * (count > 1)}"
            return f"This network ends in {values}, not in ten, one for each digit."
        return f"This network ends in maps of {rows}×{columns}, not in ten values."
    if state.scheme is ChannelScheme.NAIVE:
        return (
            "“Every filter on every map” sums nothing, so that there are no ten values to read. "
            "Switch to Real."
        )
    if not _ends_as_trained(network, layer):
        return (
            "The weights are random, not trained: ten numbers come out, but they mean nothing. "
            "Open a trained network."
        )
    return ""


def read(activations: Activations) -> Reading:
    """Say what a pass reads.

    Parameters
    ----------
    activations
        The pass.
    """
    state = activations.state
    reason = no_reading(state)
    trained, layer = state.network.trained, logits_layer(state.network)
    if reason or layer is None or trained is None:
        return Reading(Verdict.NONE, reason)
    if not state.drawing.any():
        return Reading(Verdict.BLANK, f"{BLANK}.", note=_note(state))
    with np.errstate(all="ignore"):
        logits = activations.maps[layer][:, 0, 0] / np.float32(trained.temperature)
    if not np.isfinite(logits).all():
        return Reading(Verdict.NONE, "Its values leave float32: there is nothing to read.")
    shares = softmax(logits)
    best = int(shares.argmax())
    share, least = percent(float(shares[best])), percent(trained.threshold)
    size = ink_size(state.drawing)
    if size < LEAST_SIZE:
        return Reading(
            Verdict.UNKNOWN,
            f"{UNKNOWN}.",
            shares,
            f"It has {size:.0f} of the {SIDE} rows and columns, less than any digit.",
            _note(state),
        )
    if shares[best] < trained.threshold:
        return Reading(
            Verdict.UNKNOWN,
            f"{UNKNOWN}{ADVICE if _is_off_centre(state) else ''}.",
            shares,
            f"The largest share, {share} for {best}, is less than {least}, below which this "
            "network cannot be trusted.",
            _note(state),
        )
    return Reading(Verdict.READ, f"Reads {best} · {share}", shares, note=_note(state))


def percent(share: float) -> str:
    """A share of softmax as it is printed: “98.3 %”.

    One between 0 and 1 is neither: from 99.95 % on it reads “> 99.9 %”, and below 0.05 %, where
    float32 may have made it 0, “< 0.1 %”. Each is wrong by at most 0.05 %.
    """
    tenths = round(share * 1000)
    if tenths == 0:
        return "< 0.1 %"
    if tenths == 1000:
        return "> 99.9 %"
    return f"{tenths / 10:.1f} %"


def _ends_as_trained(network: Network, layer: int) -> bool:
    """Whether the layer of the logits has trained weights, or such as were made from them."""
    head = network.layers[layer]
    if network.trained is None or not isinstance(head, Conv2d):
        return network.trained is not None
    known = trained_layer(network, head)
    return known is not None and known.initialisation == head.initialisation


def _note(state: State) -> str:
    if state.scheme is not ChannelScheme.REAL:
        return "Its shares were calibrated for the scheme Real, not for this one."
    if not is_as_trained(state.network):
        return "It is not as trained any more; its shares were calibrated for the trained weights."
    return ""


def _is_off_centre(state: State) -> bool:
    """Whether centring would move much of the ink, as it would of few of MNIST's digits."""
    moved = np.abs(centred(state.drawing) - state.input).sum()
    return bool(moved > _MUCH * state.drawing.sum())
