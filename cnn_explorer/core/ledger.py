"""One pixel as a ledger: what it is summed from, in printed numbers that add up as printed.

Printed numbers are whole counts of their last decimal, and what is lost by rounding them is an
entry of its own. So subtotals + bias + rounding = before activation holds digit by digit, and so
does products + rounding = subtotal.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from cnn_explorer.core.activations import ACTIVATIONS, Array
from cnn_explorer.core.addresses import Address
from cnn_explorer.core.explain import PixelTerms
from cnn_explorer.core.making import Making
from cnn_explorer.core.sentences import bias_name, map_number, short_name
from cnn_explorer.core.state import State


@dataclass(frozen=True)
class Places:
    """How numbers are printed: as decimals, times a power of ten.

    Parameters
    ----------
    decimals
        At least 1.
    exponent
        Of ten; printed as “e9” unless it is 0.
    """

    decimals: int = 4
    exponent: int = 0

    def numbers(self, values: Array) -> list["Number"]:
        """The printed numbers of an array of any shape, in its order."""
        return [self.number(value) for value in values.ravel().tolist()]

    def number(self, value: float) -> "Number":
        """One printed number."""
        units = value * 10.0 ** (self.decimals - self.exponent)
        return Number(value, round(units) if math.isfinite(units) else None, self)

    def sum(self, units: Iterable[int | None]) -> "Number":
        """A printed number that is the sum of counts of the last decimal, if all are known."""
        counts = list(units)
        if None in counts:
            return Number(None, None, self)
        total = sum(count for count in counts if count is not None)
        return Number(total * 10.0 ** (self.exponent - self.decimals), total, self)


class Number(NamedTuple):
    """A number as it is printed.

    Parameters
    ----------
    exact
        What is printed, before it is rounded; None where there is no telling.
    units
        How many of the last decimal are printed; None where that is no number.
    places
        How it is printed.
    """

    exact: float | None
    units: int | None
    places: Places

    @property
    def text(self) -> str:
        """With its sign, a true minus or a plus: “+3.0767”, “−0.5149”, “0.0000”, “∞”, “—”."""
        return "+" + self.plain if self.units is not None and self.units > 0 else self.plain

    @property
    def plain(self) -> str:
        """Without a plus: “3.0767”."""
        if self.units is not None:
            digits = str(abs(self.units)).zfill(self.places.decimals + 1)
            point = len(digits) - self.places.decimals
            text = f"{'-' * (self.units < 0)}{digits[:point]}.{digits[point:]}"
            if self.places.exponent:
                text += f"e{self.places.exponent}"
        elif self.exact is None:
            return "—"
        else:
            text = "not a number" if math.isnan(self.exact) else "-∞" if self.exact < 0 else "∞"
        return text.replace("-", "\N{MINUS SIGN}")

    @property
    def ascii(self) -> str:
        """For programs: “-0.5149”, or nothing where that is no number."""
        return "" if self.units is None else self.plain.replace("\N{MINUS SIGN}", "-")


def places_for(largest: float) -> Places:
    """Places for numbers of which the largest has a magnitude.

    In wide steps, so that they seldom change while the numbers do: four decimals, eight below
    0.001, and a power of ten where that is not enough or too much.
    """
    if largest == 0 or not math.isfinite(largest):
        return Places()
    power = math.floor(math.log10(largest))
    if -7 <= power < 7:
        return Places(4 if power >= -3 else 8)
    return Places(exponent=power // 3 * 3)


@dataclass(frozen=True, eq=False)
class Ledger:
    """How one pixel of a map is made, as it is printed.

    Parameters
    ----------
    making, pixel
        The map, and (row, column) in it.
    terms
        Windows, kernels and products.
    places
        Of all that is added up.
    window_places, kernel_places
        Of the factors.
    subtotals
        For each channel its contribution at the pixel.
    bias
        None where the layer has none.
    rounding
        What printing cost: before - bias - the subtotals that are not muted, as printed.
    before, value
        The pixel before and after the activation.
    """

    making: Making
    pixel: tuple[int, int]
    terms: PixelTerms
    places: Places
    window_places: Places
    kernel_places: Places
    subtotals: tuple[Number, ...]
    bias: Number | None
    rounding: Number
    before: Number
    value: Number

    @property
    def map_name(self) -> str:
        """“Conv2[1]”."""
        return _map_name(self.making.state, self.making.address)

    @property
    def title(self) -> str:
        """“Conv2[1] at row 23, column 13”."""
        return f"{self.map_name} at row {self.pixel[0]}, column {self.pixel[1]}"

    @property
    def value_name(self) -> str:
        """“ReLU = map 1”."""
        making = self.making
        activation = making.layer.activation
        label = "no activation" if activation == "none" else ACTIVATIONS[activation].label
        return f"{label} = map {map_number(making.state, making.address)}"

    def source_name(self, position: int) -> str:
        """What a channel is: “Conv1[0]”, “drawing”, or “centred drawing”."""
        making = self.making
        if len(making.address) == 1:
            return making.state.input_name
        return _map_name(making.state, (*making.address[:-2], making.channels[position]))

    @property
    def footer(self) -> tuple[tuple[str, Number], ...]:
        """What follows the subtotals, with its names: bias, rounding, before activation, map."""
        name = f"bias {bias_name(self.making.state.network, self.making.address)}"
        bias = () if self.bias is None else ((name, self.bias),)
        return (
            *bias,
            ("rounding", self.rounding),
            ("before activation", self.before),
            (self.value_name, self.value),
        )

    def products(self, position: int) -> list["Product"]:
        """The products of a channel, row by row of its kernel."""
        terms = self.terms
        return [
            Product(*row)
            for row in zip(
                self.window_places.numbers(terms.window[position]),
                self.kernel_places.numbers(terms.kernel[position]),
                self.places.numbers(terms.products[position]),
                terms.padding.ravel().tolist(),
                strict=True,
            )
        ]

    def products_rounding(self, position: int) -> Number:
        """What a channel's products as printed lack to its subtotal."""
        products = self.places.numbers(self.terms.products[position])
        return difference(self.subtotals[position], products)

    def rest(self, positions: Iterable[int]) -> Number:
        """Several channels as one entry: the sum of what is printed of those that count."""
        muted = self.making.muted
        return self.places.sum(self.subtotals[i].units for i in positions if not muted[i])


class Product(NamedTuple):
    """One cell of a window times one of a kernel, and whether the cell lies in the padding."""

    window: Number
    kernel: Number
    product: Number
    padding: bool

    @property
    def text(self) -> str:
        """What is multiplied: “2.9549 × +0.0166 =”."""
        window = "padding 0" if self.padding else self.window.plain
        return f"{window} × {self.kernel.text} ="


def ledger_of(making: Making, pixel: tuple[int, int]) -> Ledger:
    """Write down how one pixel of a map is made.

    Parameters
    ----------
    making
        How the map is made.
    pixel
        (row, column) in it.

    Raises
    ------
    IndexError
        If the map has no such pixel.
    """
    parts = making.parts[:, pixel[0], pixel[1]]
    before = float(making.before[pixel])
    value = float(making.map[pixel])
    bias = making.bias
    places = places_for(largest(parts, np.array([before, bias or 0.0])))
    # What the activation changed may be of another size altogether.
    same = value == 0 or abs(value) == abs(before)
    subtotals = tuple(places.numbers(parts))
    printed_bias = None if bias is None else places.number(bias)
    counted = [number for number, muted in zip(subtotals, making.muted, strict=True) if not muted]
    printed_before = places.number(before)
    return Ledger(
        making=making,
        pixel=pixel,
        terms=making.pixel(*pixel),
        places=places,
        window_places=places_for(largest(making.maps)),
        kernel_places=places_for(largest(making.kernels)),
        subtotals=subtotals,
        bias=printed_bias,
        rounding=difference(
            printed_before, counted if printed_bias is None else [*counted, printed_bias]
        ),
        before=printed_before,
        value=(places if same else places_for(abs(value))).number(value),
    )


def difference(total: Number, parts: Sequence[Number]) -> Number:
    """What parts as printed lack to a total as printed."""
    negative = [None if part.units is None else -part.units for part in parts]
    return total.places.sum([total.units, *negative])


def largest(*arrays: Array) -> float:
    """The largest magnitude among the finite values."""
    return max(float(np.abs(array).max(initial=0, where=np.isfinite(array))) for array in arrays)


def _map_name(state: State, address: Address) -> str:
    return f"{short_name(state.network, len(address) - 1)}[{map_number(state, address)}]"
