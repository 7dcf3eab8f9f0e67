"""A pixel's ledger to be pasted: as text, as a table, as an equation, as code."""

import csv
import io

import numpy as np

from cnn_explorer.core.activations import ACTIVATIONS
from cnn_explorer.core.code_numbers import activation_code, array_code, literal
from cnn_explorer.core.kernel_layers import Conv2d, Linear
from cnn_explorer.core.layer import Layer
from cnn_explorer.core.ledger import Ledger, Number
from cnn_explorer.core.schemes import ChannelScheme
from cnn_explorer.core.sentences import bias_letter


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
    layer, place = making.layer, making.state.network.places[len(making.address) - 1]
    row, column = ledger.pixel
    function = _latex_function(layer)
    flat = making.state.scheme is not ChannelScheme.REAL
    terms = []
    for position, subtotal in enumerate(ledger.subtotals):
        if not making.muted[position]:
            source = _latex_name(ledger.source_name(position))
            if isinstance(layer, Conv2d):
                inside = f"{0 if flat else position},{making.address[-1]}"
                dense = isinstance(layer, Linear)
                kernel = rf"V_{{{place}}}[{inside}]" if dense else rf"W_{{{place}}}[:,:,{inside}]"
                term = rf"({source} \ast {kernel})_{{{row},{column}}}"
            else:
                term = rf"(\mathrm{{{layer.kind}}}\,{source})_{{{row},{column}}}"
            terms.append((subtotal, term))
    if ledger.bias is not None:
        letter = bias_letter(layer).replace("\N{PRIME}", "'")
        terms.append((ledger.bias, rf"{letter}_{{{place}}}[{making.address[-1]}]"))
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
    layer = making.layer
    bias = "" if making.bias is None else f" + np.float32({literal(np.float32(making.bias))})"
    code = activation_code(layer)
    products = "window * kernel"
    if not (isinstance(layer, Conv2d) or np.isfinite(terms.window).all()):
        # A cell that does not count is not to make 0 · ∞ of its pixel.
        products = "window[kernel != 0] * kernel[kernel != 0]"
    return "\n".join(
        [
            *["import math"] * ("math." in code),
            "import numpy as np",
            "",
            f"# {ledger.title}",
            f"window = {array_code(terms.window[~making.muted])}",
            f"kernel = {array_code(terms.kernel[~making.muted])}",
            f"before = np.sum({products}){bias}",
            *["wide = np.float64(before)"] * ("wide" in code),
            f"value = {code}",
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


def _latex_function(layer: Layer) -> str:
    """Name an activation and its parameters, or nothing where there is none."""
    if layer.activation == "none":
        return ""
    activation = ACTIVATIONS[layer.activation]
    values = activation.complete(layer.activation_parameters)
    given = ",\\,".join(
        rf"\mathrm{{{parameter.name}}}={value:g}".replace("_", r"\_")
        for parameter, value in zip(activation.parameters, values, strict=True)
    )
    name = rf"\operatorname{{{activation.label}}}".replace(" ", r"\,")
    return f"{name}_{{{given}}}" if given else name


def _latex(number: Number, *, plain: bool = False) -> str:
    if number.units is None:
        named = {"∞": r"\infty", "−∞": r"-\infty", "—": r"\text{---}"}
        return named.get(number.plain, rf"\text{{{number.plain}}}")
    mantissa, _, power = (number.plain if plain else number.text).partition("e")
    times = rf" \cdot 10^{{{power}}}" if power else ""
    return (mantissa + times).replace("\N{MINUS SIGN}", "-")
