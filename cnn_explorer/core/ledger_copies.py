"""A pixel's ledger to be pasted: as text, as a table, as an equation, as code."""

import csv
import io
import re

import numpy as np

from cnn_explorer.core.activations import ACTIVATIONS, LEAKY_SLOPE, Array
from cnn_explorer.core.ledger import Ledger, Number
from cnn_explorer.core.schemes import ChannelScheme

_NUMPY = {
    "none": "before",
    "relu": "np.maximum(before, np.float32(0))",
    "leaky_relu": f"np.where(before >= 0, before, np.float32({LEAKY_SLOPE!s}) * before)",
    "tanh": "np.tanh(before)",
    # As exp(x) / (1 + exp(x)) or 1 / (1 + exp(-x)), whichever does not overflow.
    "sigmoid": "np.exp(np.minimum(before, np.float32(0))) / (1 + np.exp(-np.abs(before)))",
}


def as_text(ledger: Ledger) -> str:
    """The whole ledger as lines of text, aligned for a font of one width."""
    lines: list[tuple[str, str]] = []
    for position, subtotal in enumerate(ledger.subtotals):
        off = " (off)" if ledger.making.muted[position] else ""
        products = ledger.products(position)
        widest = max(len(product.text) for product in products)
        lines.append((ledger.source_name(position) + off, subtotal.text))
        lines += [("    " + one.text.rjust(widest), one.product.text) for one in products]
        lines.append(("    rounding", ledger.products_rounding(position).text))
    lines += [(name, number.text) for name, number in ledger.footer]
    label = max(len(name) for name, _ in lines)
    ahead = max(len(_whole(text)) for _, text in lines)
    printed = [
        name.ljust(label) + "  " + " " * (ahead - len(_whole(text))) + text for name, text in lines
    ]
    return "\n".join([ledger.title, "", *printed, ""])


def as_csv(ledger: Ledger) -> str:
    """A table: the products with their rounding, the subtotals, and what follows them.

    Values are exact to the last digit of float32; beside them is what is printed.
    """
    making, terms = ledger.making, ledger.terms
    file = io.StringIO()
    table = csv.writer(file, lineterminator="\n")
    table.writerow(
        ("entry", "input", "muted", "row", "column", "window", "kernel", "value", "printed")
    )
    inputs = [
        (channel, "yes" if muted else "no")
        for channel, muted in zip(making.channels, making.muted, strict=True)
    ]

    def write(entry: str, value: object, printed: Number, *where: object) -> None:
        table.writerow((entry, *where, *[""] * (6 - len(where)), value, printed.ascii))

    for position, input_ in enumerate(inputs):
        cells = np.ndindex(terms.padding.shape)
        for cell, product in zip(cells, ledger.products(position), strict=True):
            place = terms.rows[cell[0]], terms.columns[cell[1]]
            factors = terms.window[position][cell], terms.kernel[position][cell]
            value = terms.products[position][cell]
            write("product", value, product.product, *input_, *place, *factors)
        write("rounding", "", ledger.products_rounding(position), *input_)
    parts = making.parts[:, *ledger.pixel]
    for input_, part, subtotal in zip(inputs, parts, ledger.subtotals, strict=True):
        write("subtotal", part, subtotal, *input_)
    if ledger.bias is not None:
        write("bias", np.float32(making.bias), ledger.bias)
    write("rounding", "", ledger.rounding)
    write("before", making.before[ledger.pixel], ledger.before)
    write("value", making.map[ledger.pixel], ledger.value)
    return file.getvalue()


def as_latex(ledger: Ledger) -> str:
    """The sum of the subtotals as an aligned equation for LaTeX with the package amsmath."""
    making = ledger.making
    layer = len(making.address)
    row, column = ledger.pixel
    label = "" if making.layer.activation == "none" else ACTIVATIONS[making.layer.activation].label
    function = rf"\operatorname{{{label.replace(' ', chr(92) + ',')}}}" if label else ""
    flat = making.state.scheme is not ChannelScheme.REAL
    terms = []
    for position, subtotal in enumerate(ledger.subtotals):
        if not making.muted[position]:
            source = _latex_name(ledger.source_name(position))
            kernel = rf"W_{{{layer}}}[:,:,{0 if flat else position},{making.address[-1]}]"
            terms.append((subtotal, rf"({source} \ast {kernel})_{{{row},{column}}}"))
    if ledger.bias is not None:
        terms.append((ledger.bias, rf"b_{{{layer}}}[{making.address[-1]}]"))
    terms.append((ledger.rounding, r"\text{rounding}"))
    left = rf"{_latex_name(ledger.map_name)}_{{{row},{column}}}"
    lines = [rf"{left} &= {function}\bigl(", *(f"&\\qquad {_latex(n)} && {w}" for n, w in terms)]
    lines += [
        r"&\quad\bigr)",
        rf"&= {function}({_latex(ledger.before, plain=True)})",
        rf"&= {_latex(ledger.value, plain=True)}",
    ]
    body = " \\\\\n".join(lines)
    return f"\\begin{{align*}}\n{body}\n\\end{{align*}}\n"


def as_numpy(ledger: Ledger) -> str:
    """Code that computes the pixel in float32 and leaves it in ``value``; muted maps are left out.

    Windows and kernels have shape (channels, kh, kw).
    """
    making, terms = ledger.making, ledger.terms
    bias = "" if making.bias is None else f" + np.float32({_literal(np.float32(making.bias))})"
    return "\n".join(
        [
            "import numpy as np",
            "",
            f"# {ledger.title}",
            f"window = {_numpy(terms.window[~making.muted])}",
            f"kernel = {_numpy(terms.kernel[~making.muted])}",
            f"before = np.sum(window * kernel){bias}",
            f"value = {_NUMPY[making.layer.activation]}",
            "",
        ]
    )


def _whole(text: str) -> str:
    """What stands before the decimal point."""
    return text.partition(".")[0]


def _latex_name(name: str) -> str:
    """“Conv1[0]” with upright letters."""
    word, bracket, index = name.partition("[")
    return rf"\mathrm{{{word}}}{bracket}{index}"


def _latex(number: Number, *, plain: bool = False) -> str:
    if number.units is None:
        named = {"∞": r"\infty", "−∞": r"-\infty", "—": r"\text{---}"}
        return named.get(number.plain, rf"\text{{{number.plain}}}")
    mantissa, _, power = (number.plain if plain else number.text).partition("e")
    times = rf" \cdot 10^{{{power}}}" if power else ""
    return (mantissa + times).replace("\N{MINUS SIGN}", "-")


def _numpy(array: Array) -> str:
    """An array as code, each value with as many digits as tell it from all others of float32."""
    digits = np.array2string(
        array,
        separator=", ",
        threshold=array.size + 1,
        max_line_width=88,
        formatter={"float_kind": _literal},
    )
    return f"np.array({digits}, np.float32)"


def _literal(value: np.float32) -> str:
    return re.sub("inf|nan", r"np.\g<0>", str(value))
