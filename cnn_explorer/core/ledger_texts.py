"""What a panel prints of a ledger, row by row."""

import numpy as np

from cnn_explorer.core.display import Scale
from cnn_explorer.core.explain import receptive_field
from cnn_explorer.core.layers import MaxPool2d
from cnn_explorer.core.ledger import Ledger, Number, Places

DECIMALS = (4, 3, 2)
"""Of the numbers in cells: the most that there is room for."""


def header_text(ledger: Ledger) -> str:
    """What can be done with the pixel, and how much of the drawing it depends on."""
    making = ledger.making
    field = receptive_field(making.state.network, len(making.address) - 1, ledger.pixel)[0]
    size = f"{field.rows.sum()}×{field.columns.sum()}"
    if isinstance(making.layer, MaxPool2d):
        return f"— {_winner(ledger)}; pinned; it sees {size} of the {making.state.input_name}"
    keys = "Esc lets go" if making.map.size == 1 else "arrows move it, Esc lets go"
    return f"— pinned; {keys}; it sees {size} of the {making.state.input_name}"


def _winner(ledger: Ledger) -> str:
    """Which cell of a pooled pixel's window was the largest: “row 10, column 13 won”."""
    row, column = divmod(int(ledger.terms.kernel[0].argmax()), ledger.terms.kernel.shape[2])
    return f"row {ledger.terms.rows[row]}, column {ledger.terms.columns[column]} won"


def products_text(ledger: Ledger) -> str:
    """“9 products”."""
    count = ledger.terms.padding.size
    return f"{count} product{'s' * (count > 1)}"


def window_texts(ledger: Ledger, position: int, decimals: int) -> list[str]:
    """Numbers in the cells of a channel's window, row by row."""
    places = _shortened(ledger.window_places, decimals)
    numbers = places.numbers(ledger.terms.window[position])
    padding = ledger.terms.padding.ravel().tolist()
    return ["0" if padded else n.plain for n, padded in zip(numbers, padding, strict=True)]


def kernel_texts(ledger: Ledger, position: int, decimals: int) -> list[str]:
    """Numbers in the cells of a channel's kernel, row by row."""
    places = _shortened(ledger.kernel_places, decimals)
    return [number.text for number in places.numbers(ledger.terms.kernel[position])]


def cell_lengths(ledger: Ledger, maps: Scale, kernels: Scale) -> tuple[tuple[int, int], ...]:
    """For each of DECIMALS the characters of the widest number in a window and in a kernel.

    By the scales, which hold for all pixels, so that cells do not change their width from one pixel
    to the next.
    """
    lengths = []
    for decimals in DECIMALS:
        window = _shortened(ledger.window_places, decimals)
        kernel = _shortened(ledger.kernel_places, decimals)
        windows = window.numbers(np.array([maps.least, maps.most]))
        high = max(abs(kernels.least), kernels.most)
        lengths.append(
            (max(len(number.plain) for number in windows), len(kernel.number(-high).text))
        )
    return tuple(lengths)


def number_lengths(ledger: Ledger, rest: Number) -> tuple[int, int]:
    """Most characters before, and after, the decimal points of the column of numbers."""
    # The longest of many are the largest and the smallest, and what is no number.
    known = [number for number in ledger.subtotals if number.units is not None]
    known = [max(known, key=_units), min(known, key=_units)] if known else []
    unknown = [number for number in ledger.subtotals if number.units is None]
    numbers = [*known, *unknown, rest, *(number for _, number in ledger.footer)]
    halves = [number.text.partition(".")[::2] for number in numbers]
    return max(len(whole) for whole, _ in halves), max(len(fraction) for _, fraction in halves)


def product_lines(ledger: Ledger, position: int) -> list[tuple[str, str]]:
    """Lines of an open channel: what is multiplied, or “rounding”, and the number."""
    lines = [(one.text, one.product.text) for one in ledger.products(position)]
    return [*lines, ("rounding", ledger.products_rounding(position).text)]


def row_sentence(ledger: Ledger, position: int) -> str:
    """A channel for those who do not see it: “Conv1[0]: 9 products, +3.0767”."""
    off = ", off" if ledger.making.muted[position] else ""
    return (
        f"{ledger.source_name(position)}: {products_text(ledger)}, "
        f"{ledger.subtotals[position].text}{off}"
    )


def exact_text(ledger: Ledger, position: int, cell: tuple[int, int] | None) -> str:
    """All digits that float32 holds, of one product of a channel or, without one, of its sum."""
    terms, source = ledger.terms, ledger.source_name(position)
    if cell is None:
        return f"{source}: {_digits(ledger.making.parts[position][ledger.pixel])}"
    window, kernel, product = (
        _digits(values[position][cell]) for values in (terms.window, terms.kernel, terms.products)
    )
    place = f"{source} at row {terms.rows[cell[0]]}, column {terms.columns[cell[1]]}"
    if terms.padding[cell]:
        place = "padding"
    return f"{place}\n{window} × {kernel} = {product}"


def _units(number: Number) -> int:
    return number.units or 0


def _digits(value: np.float32) -> str:
    return str(value).replace("-", "\N{MINUS SIGN}")


def _shortened(places: Places, decimals: int) -> Places:
    """Places with fewer decimals, unless they are there for small or large numbers."""
    return Places(decimals) if places == Places() else places
