"""What speaks for a class and against it: a logit taken apart into the maps that it is made from.

A dense layer after Flatten has a weight for each pixel of each map: those of one map and one class
are a picture W[c, j] of the size of the map P[j]. Their products, summed, are what the map says of
the class; the sum over the maps, plus the bias, is the logit (as a class activation map has it for
GlobalAvgPool: B. Zhou et al., 2016, arXiv:1512.04150, section 2).
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from cnn_explorer.core.activations import Array
from cnn_explorer.core.explain import running_sums
from cnn_explorer.core.forward import Activations
from cnn_explorer.core.kernel_layers import Linear
from cnn_explorer.core.layer import Mutes
from cnn_explorer.core.layers import Flatten
from cnn_explorer.core.ledger import Number, Places, difference, largest, places_for
from cnn_explorer.core.proof import Proof, prove, sum_allowed
from cnn_explorer.core.reading import logits_layer
from cnn_explorer.core.schemes import ChannelScheme, scheme_kernel
from cnn_explorer.core.sentences import bias_name, short_name
from cnn_explorer.core.state import State


@dataclass(frozen=True, eq=False)
class Evidence:
    """What the maps before a dense layer say of one class.

    Parameters
    ----------
    state, class_
        The document, and the class.
    layer, source
        Indices of the dense layer, and of the layer of the maps; -1 for the drawing.
    maps, weights, products
        float32, shape (maps, rows, columns). A weight that is muted is 0 here.
    muted
        bool, shape (maps,): whether all of a map's weights are muted.
    parts
        Sums of the products of each map, float32, shape (maps,).
    bias
        None where the layer has none.
    logit
        As the pass computed it.
    proof
        Sum of the parts plus bias against the logit.
    """

    state: State
    class_: int
    layer: int
    source: int
    maps: Array
    weights: Array
    products: Array
    muted: Mutes
    parts: Array
    bias: float | None
    logit: float
    proof: Proof

    @property
    def source_name(self) -> str:
        """Name of the layer of the maps on screen."""
        return self.state.input_name if self.source < 0 else self.state.network.names[self.source]

    @property
    def title(self) -> str:
        """“For 7: what the 4 maps of MaxPool 2 say”."""
        count = len(self.maps)
        if self.source < 0:
            return f"For {self.class_}: what the {self.source_name} says"
        what = "value" if self.maps[0].size == 1 else "map"
        many = f"{count} {what}s" if count > 1 else f"one {what}"
        says = "say" if count > 1 else "says"
        return f"For {self.class_}: what the {many} of {self.source_name} {says}"

    @property
    def equation(self) -> str:
        """“Linear1[7] = c₁[7] + Σᵢ Σ MaxPool2[i] · W₁[i, 7]”, the inner sum over pixels."""
        network = self.state.network
        name = self.source_name if self.source < 0 else short_name(network, self.source) + "[i]"
        address = (0,) * self.layer + (self.class_,)
        bias = "" if self.bias is None else f"{bias_name(network, address)} + "
        many = "Σᵢ " * (len(self.maps) > 1) + "Σ " * (self.maps[0].size > 1)
        return (
            f"{short_name(network, self.layer)}[{self.class_}] = {bias}{many}{name} · "
            f"W[i, {self.class_}]"
        )

    # In printed numbers.

    @cached_property
    def places(self) -> Places:
        """How all that is added up is printed."""
        return places_for(largest(self.parts, np.array([self.logit, self.bias or 0.0])))

    @cached_property
    def numbers(self) -> list[Number]:
        """The parts."""
        return self.places.numbers(self.parts)

    def sum_of(self, positions: list[int]) -> Number:
        """What some parts add up to as printed."""
        return self.places.sum(self.numbers[position].units for position in positions)

    @cached_property
    def footer(self) -> tuple[tuple[str, Number], ...]:
        """What follows the parts: their sum, the bias, what printing cost, the logit."""
        total = self.sum_of(list(range(len(self.parts))))
        logit = self.places.number(self.logit)
        added = [total]
        rows = [("Σ", total)]
        if self.bias is not None:
            address = (0,) * self.layer + (self.class_,)
            bias = self.places.number(self.bias)
            rows.append((f"bias {bias_name(self.state.network, address)}", bias))
            added.append(bias)
        rows.append(("rounding", difference(logit, added)))
        return (*rows, (f"logit of {self.class_}", logit))

    def describe(self, position: int) -> str:
        """A map in words: “map 3: +1.2034 for 7”."""
        number = self.numbers[position]
        if self.muted[position]:
            return f"map {position}: muted"
        side = "against" if (number.units or 0) < 0 else "for"
        said = f"map {position}: {number.text}, {side} {self.class_}"
        return said if number.units else f"map {position}: {number.text}, neither for nor against"


def no_evidence(state: State) -> str:
    """Why a class cannot be taken apart into maps, in a sentence; or nothing."""
    network = state.network
    layer = logits_layer(network)
    if layer is None:
        return "This network does not end in ten values, one for each digit."
    if state.scheme is ChannelScheme.NAIVE:
        return "“Every filter on every map” sums nothing, so that there is no logit to take apart."
    name = network.names[layer]
    if not isinstance(network.layers[layer], Linear):
        return f"{name} has no weights by which the maps before it could speak for a digit."
    if network.layers[layer].activation != "none":
        return f"{name} has an activation, so that its sums are not what the digits are read from."
    return ""


def evidence(activations: Activations, class_: int) -> Evidence:
    """Take a class's logit apart.

    Parameters
    ----------
    activations
        A pass of a document of which `no_evidence` says nothing.
    class_
        0 to 9.
    """
    state = activations.state
    index = logits_layer(state.network)
    assert index is not None
    layer = state.network.layers[index]
    assert isinstance(layer, Linear)
    source = index - 1
    if source >= 0 and isinstance(state.network.layers[source], Flatten):
        source -= 1
    maps = activations.maps[source] if source >= 0 else state.input[np.newaxis]
    kernel = scheme_kernel(layer, state.scheme)[class_]
    mutes = layer.mutes_of(class_)
    flat = np.where(mutes, np.float32(0), np.broadcast_to(kernel, (layer.depth, 1, 1))[:, 0, 0])
    weights = flat.reshape(maps.shape)
    with np.errstate(all="ignore"):
        products = weights * maps
        parts = products.reshape(len(maps), -1).sum(axis=1, dtype=np.float32)
        total = running_sums(parts)[-1:]
        magnitudes = np.abs(products).sum(dtype=np.float32).reshape(1)
    bias = layer.bias_of(class_)
    logit = activations.maps[index][class_, :, 0]
    terms_of_parts = maps[0].size + len(maps) + 1
    allowed = sum_allowed(magnitudes, layer.depth + 1, terms_of_parts, abs(bias or 0.0))
    with np.errstate(all="ignore"):
        again = total + np.float32(bias or 0.0)
    proof = prove(again, logit, logit, layer, allowed)
    return Evidence(
        state, class_, index, source, maps, weights, products,
        np.asarray(mutes.reshape(len(maps), -1).all(axis=1)), parts, bias, float(logit[0]), proof,
    )  # fmt: skip
