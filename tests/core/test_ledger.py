"""The ledger of a pixel: what is printed adds up as printed, and its copies say the same."""

import csv
import io
from dataclasses import replace
from decimal import Decimal
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cnn_explorer.core import edit
from cnn_explorer.core.activations import ACTIVATIONS
from cnn_explorer.core.building import new_network
from cnn_explorer.core.forward import Request, forward
from cnn_explorer.core.kernel_layers import Conv2d, Linear
from cnn_explorer.core.layers import BatchNorm2d, GlobalAvgPool2d, MaxPool2d
from cnn_explorer.core.ledger import (
    Ledger,
    Number,
    Places,
    ledger_of,
    places_for,
)
from cnn_explorer.core.ledger_copies import as_csv, as_latex, as_numpy, as_text
from cnn_explorer.core.ledger_texts import header_text, products_text
from cnn_explorer.core.making import Making
from cnn_explorer.core.mutes import toggle_mute
from cnn_explorer.core.network import Network
from cnn_explorer.core.schemes import ChannelScheme
from cnn_explorer.core.state import State

from . import oracle

REAL, NAIVE, SHARED = ChannelScheme.REAL, ChannelScheme.NAIVE, ChannelScheme.SHARED


def making_of(
    network: Network,
    address: tuple[int, ...] = (0, 1),
    scheme: ChannelScheme = REAL,
    seed: int = 0,
) -> Making:
    drawing = np.random.default_rng(seed).random((28, 28), np.float32)
    state = State(drawing, network, scheme)
    making = forward(Request(state, making=address, method="matmul")).making
    assert making is not None
    return making


def two_layers(second: Conv2d, weight: float = 1.0) -> Network:
    """A first layer of 1×1 kernels with no activation, and a given second one."""
    count = second.in_channels
    first = Conv2d(0, np.full((count, 1, 1, 1), weight, np.float32), None, activation="none")
    return Network((first, second))


def decimal(number: Number) -> Decimal:
    """A printed number, read as one reads it."""
    return Decimal(number.text.replace("−", "-"))


@st.composite
def ledgers(draw: st.DrawFn) -> Ledger:
    generator = np.random.default_rng(draw(st.integers(0, 2**32)))
    groups = draw(st.sampled_from([1, 1, 2]))
    out = 2 * groups
    depth = draw(st.integers(1, 12))
    kernel = (draw(st.integers(1, 5)), draw(st.integers(1, 5)))
    size = 10.0 ** draw(st.integers(-12, 12))
    muted = generator.random((out, depth)) < draw(st.sampled_from([0.0, 0.3, 1.0]))
    layer = Conv2d(
        1,
        (generator.standard_normal((out, depth, *kernel)) * size).astype(np.float32),
        generator.standard_normal(out).astype(np.float32) if draw(st.booleans()) else None,
        stride=(draw(st.integers(1, 3)), 1),
        padding=draw(st.sampled_from([0, 1])),
        groups=groups,
        activation=draw(st.sampled_from(list(ACTIVATIONS))),
        muted=muted,
    )
    network = two_layers(layer)
    scheme = draw(st.sampled_from(list(ChannelScheme)))
    making = making_of(network, (0, draw(st.integers(0, out - 1))), scheme)
    rows, columns = making.map.shape
    return ledger_of(making, (draw(st.integers(0, rows - 1)), draw(st.integers(0, columns - 1))))


@st.composite
def window_ledgers(draw: st.DrawFn) -> Ledger:
    """Of pooling and normalisation, after one other layer."""
    before = draw(oracle.layers(channels=1))
    size = Network((before,)).sizes[-1]
    channels = before.out_channels
    layer = draw(oracle.pools(100, channels, size) | oracle.norms(100, channels))
    scheme = draw(st.sampled_from(list(ChannelScheme)))
    j = draw(st.integers(0, channels - 1))
    making = making_of(Network((before, layer)), (j, j), scheme, draw(st.integers(0, 99)))
    rows, columns = making.map.shape
    return ledger_of(making, (draw(st.integers(0, rows - 1)), draw(st.integers(0, columns - 1))))


every_kind = ledgers() | window_ledgers()


@settings(max_examples=40)
@given(every_kind)
def test_what_is_printed_adds_up_as_printed(ledger: Ledger) -> None:
    heard = [
        decimal(number)
        for number, muted in zip(ledger.subtotals, ledger.making.muted, strict=True)
        if not muted
    ]
    bias = Decimal(0) if ledger.bias is None else decimal(ledger.bias)
    assert sum(heard, bias + decimal(ledger.rounding)) == decimal(ledger.before)
    for position, subtotal in enumerate(ledger.subtotals):
        products = [decimal(one.product) for one in ledger.products(position)]
        rounding = decimal(ledger.products_rounding(position))
        assert sum(products, rounding) == decimal(subtotal)


@settings(max_examples=40)
@given(every_kind)
def test_each_number_is_the_rounded_value(ledger: Ledger) -> None:
    row, column = ledger.pixel
    making = ledger.making
    pairs = [
        *zip(ledger.subtotals, making.parts[:, row, column], strict=True),
        (ledger.before, making.before[row, column]),
        (ledger.value, making.map[row, column]),
    ]
    for number, value in pairs:
        unit = Decimal(10) ** (number.places.exponent - number.places.decimals)
        # The unit is a power of ten that float64 may miss by its last bit.
        assert abs(decimal(number) - Decimal(float(value))) <= unit * Decimal("0.500001")
    # Rounding costs at most half a unit for each of the printed numbers.
    assert ledger.rounding.units is not None
    size = max(abs(float(part)) for part in making.parts[:, row, column])
    float32 = size * len(pairs) * 2**-20 * 10.0 ** (ledger.places.decimals - ledger.places.exponent)
    assert abs(ledger.rounding.units) <= (len(pairs) + 1) / 2 + float32


@settings(max_examples=30)
@given(every_kind)
def test_the_code_runs_and_gives_the_value(ledger: Ledger) -> None:
    code = as_numpy(ledger)
    assert code.strip().splitlines()[-1].startswith("value = ")
    names: dict[str, Any] = {}
    exec(code, names)
    making = ledger.making
    value = names["value"]
    assert value.dtype == np.float32
    heard = np.abs(ledger.terms.products[~making.muted]).sum() + abs(making.bias or 0)
    allowed = float(heard) * 1e-5 + 1e-6 * abs(float(making.map[ledger.pixel])) + 1e-37
    assert abs(float(value) - float(making.map[ledger.pixel])) <= allowed
    assert len(names["window"]) == (~making.muted).sum()


@settings(max_examples=20)
@given(every_kind)
def test_the_table_holds_every_value_to_the_last_digit(ledger: Ledger) -> None:
    rows = list(csv.DictReader(io.StringIO(as_csv(ledger))))
    making, terms = ledger.making, ledger.terms
    products = [row for row in rows if row["entry"] == "product"]
    assert [np.float32(row["window"]) for row in products] == terms.window.ravel().tolist()
    assert [np.float32(row["kernel"]) for row in products] == terms.kernel.ravel().tolist()
    assert [np.float32(row["value"]) for row in products] == terms.products.ravel().tolist()
    subtotals = [row for row in rows if row["entry"] == "subtotal"]
    assert [int(row["input"]) for row in subtotals] == list(making.channels)
    assert [row["muted"] == "yes" for row in subtotals] == making.muted.tolist()
    parts = making.parts[:, *ledger.pixel].tolist()
    assert [np.float32(row["value"]) for row in subtotals] == parts
    before, value = rows[-2:]
    assert [before["entry"], value["entry"]] == ["before", "value"]
    assert np.float32(before["value"]) == making.before[ledger.pixel]
    assert np.float32(value["value"]) == making.map[ledger.pixel]
    counted = [Decimal(row["printed"]) for row in subtotals if row["muted"] == "no"]
    single = {row["entry"]: Decimal(row["printed"]) for row in rows if not row["input"]}
    assert ("bias" in single) == (making.bias is not None)
    assert sum(counted, single.get("bias", Decimal(0)) + single["rounding"]) == single["before"]


@settings(max_examples=20)
@given(ledgers(), st.data())
def test_the_rest_is_one_exact_entry(ledger: Ledger, data: st.DataObject) -> None:
    positions = range(len(ledger.subtotals))
    rest = data.draw(st.sets(st.sampled_from(positions)))
    shown = [
        decimal(ledger.subtotals[position])
        for position in positions
        if position not in rest and not ledger.making.muted[position]
    ]
    bias = Decimal(0) if ledger.bias is None else decimal(ledger.bias)
    folded = decimal(ledger.rest(rest))
    assert sum(shown, folded + bias + decimal(ledger.rounding)) == decimal(ledger.before)


def example(mute: tuple[int, ...] = (), **settings: Any) -> Ledger:
    network = new_network((3, 4), initialisation="he")
    for channel in mute:
        network = toggle_mute(network, 1, 1, channel)
    return ledger_of(making_of(network, **settings), (0, 13))


def test_the_text_is_aligned_and_says_all() -> None:
    ledger = example(mute=(1,))
    lines = as_text(ledger).splitlines()
    assert lines[0] == "Conv2[1] at row 0, column 13"
    assert [line.split("  ")[0] for line in lines if line.startswith("Conv1")] == [
        "Conv1[0]",
        "Conv1[1] (off)",
        "Conv1[2]",
    ]
    assert len({line.rindex(".") for line in lines[2:]}) == 1
    assert sum("×" in line for line in lines) == 27
    assert sum("padding" in line for line in lines) == 9  # the row above the map
    assert lines[-4].split()[:2] == ["bias", "b₂[1]"]
    assert lines[-1].split() == ["ReLU", "=", "map", "1", ledger.value.text]
    assert not any(line.endswith(" ") for line in lines)


def test_names_follow_the_scheme() -> None:
    ledger = example(address=(2, 1), scheme=NAIVE)
    assert (ledger.map_name, ledger.source_name(0)) == ("Conv2[2.1]", "Conv1[2]")
    assert ledger.value_name == "ReLU = map 2.1"
    network = new_network((3, 4))
    first = ledger_of(making_of(network, (1,)), (5, 5))
    assert (first.map_name, first.source_name(0)) == ("Conv1[1]", "drawing")
    assert first.footer[0][0] == "bias b₁[1]"
    plain = ledger_of(making_of(edit.with_activation(network, 1, "none")), (5, 5))
    assert plain.value_name == "no activation = map 1"
    assert plain.value.text == plain.before.text


@pytest.mark.parametrize("scheme", list(ChannelScheme))
def test_the_equation_is_whole(scheme: ChannelScheme) -> None:
    ledger = example(mute=(1,), address=(0, 1), scheme=scheme)
    latex = as_latex(ledger)
    assert latex.isascii()
    assert latex.startswith("\\begin{align*}\n")
    assert latex.endswith("\n\\end{align*}\n")
    assert latex.count("{") == latex.count("}")
    assert latex.count(r"\bigl(") == latex.count(r"\bigr)") == 1
    body = latex.splitlines()[1:-1]
    assert all(line.endswith(" \\\\") for line in body[:-1])
    assert not body[-1].endswith("\\")
    kernel = "W_{2}[:,:,2,1]" if scheme is REAL else "W_{2}[:,:,0,1]"
    assert kernel in latex
    assert (r"\mathrm{Conv1}[1]" in latex) is False  # it is muted
    assert ledger.before.plain.replace("−", "-") in body[-2]
    assert body[-1] == f"&= {ledger.value.plain.replace('−', '-')}"


@pytest.mark.parametrize("name", list(ACTIVATIONS))
@pytest.mark.parametrize("other", [False, True], ids=["defaults", "other parameters"])
@pytest.mark.parametrize("bias", [-200.0, -2.5, 0.0, 0.3, 2.5, 200.0])
def test_the_code_knows_every_activation(name: str, other: bool, bias: float) -> None:
    values = tuple(
        float(np.float32(0.7 * parameter.default + 0.3 * parameter.high))
        for parameter in ACTIVATIONS[name].parameters
    )
    layer = Conv2d(
        1,
        np.ones((1, 1, 1, 1), np.float32),
        np.array([bias], np.float32),
        activation=name,
        activation_parameters=values if other else (),
    )
    making = making_of(two_layers(layer, -1.0), (0, 0))
    names: dict[str, Any] = {}
    exec(as_numpy(ledger_of(making, (3, 4))), names)
    assert names["value"].dtype == np.float32
    assert names["value"] == pytest.approx(making.map[3, 4], rel=1e-6, abs=1e-14)


def test_the_equation_and_the_code_name_the_parameters() -> None:
    network = new_network((3, 4))
    last = replace(
        network.layers[1], activation="threshold", activation_parameters=(0.25,), padding="same"
    )
    ledger = ledger_of(making_of(Network((network.layers[0], last)), (0, 0)), (5, 5))
    named = r"\operatorname{Threshold}_{\mathrm{threshold}=0.25,\,\mathrm{value}=0}"
    assert as_latex(ledger).count(named) == 2
    assert "np.where(before <= np.float32(0.25), np.float32(0.0), before)" in as_numpy(ledger)
    leaky = edit.with_activation(network, 1, "leaky_relu")
    latex = as_latex(ledger_of(making_of(leaky), (5, 5)))
    assert r"\operatorname{LeakyReLU}_{\mathrm{negative\_slope}=0.01}" in latex


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize(
    ("weight", "text"), [(np.inf, "∞"), (-np.inf, "−∞"), (np.nan, "not a number")]
)
def test_what_is_not_finite_is_said(weight: float, text: str) -> None:
    kernel = np.full((1, 2, 3, 3), weight, np.float32)
    kernel[0, 1] = 0.5
    ledger = ledger_of(
        making_of(two_layers(Conv2d(1, kernel, None, activation="none")), (0, 0)), (9, 9)
    )
    assert [number.text for number in (ledger.subtotals[0], ledger.before)] == [text, text]
    assert ledger.rounding.text == ledger.products_rounding(0).text == "—"
    assert ledger.rest([0, 1]).text == "—"
    assert ledger.subtotals[1].units is not None
    assert as_text(ledger).count(text) >= 11
    assert as_csv(ledger).count(str(weight)) >= 11
    assert r"\text{---}" in as_latex(ledger)
    names: dict[str, Any] = {}
    exec(as_numpy(ledger), names)
    np.testing.assert_equal(names["value"], np.float32(weight))


def test_a_pooled_pixel_is_written_with_the_cell_that_won() -> None:
    first = new_network((3,)).layers[0]
    network = Network((first, MaxPool2d(1, 3, (3, 3), (2, 2), padding=1)))
    ledger = ledger_of(making_of(network, (1, 1)), (0, 0))
    assert (ledger.map_name, ledger.source_name(0)) == ("MaxPool1[1]", "Conv1[1]")
    assert ledger.value_name == "no activation = map 1"
    assert [name for name, _ in ledger.footer] == [
        "rounding",
        "before activation",
        "no activation = map 1",
    ]
    assert {number.text for name, number in ledger.footer[1:]} == {ledger.subtotals[0].text}
    window = making_of(network, (1, 1)).maps[0][:2, :2]
    row, column = np.unravel_index(window.argmax(), (2, 2))
    assert header_text(ledger) == (
        f"— row {row}, column {column} won; pinned; it sees 3×3 of the drawing"
    )
    assert as_text(ledger).count("× +1.0000") == 1
    assert r"(\mathrm{MaxPool}\,\mathrm{Conv1}[1])_{0,0}" in as_latex(ledger)
    assert products_text(ledger) == "9 products"


def test_the_code_of_a_pooled_pixel_leaves_out_infinities_that_lost() -> None:
    """0 · ∞ would be no number."""
    step = np.array([[[[3e38]]]], np.float32)
    first = Conv2d(0, -step, np.full(1, 1, np.float32), activation="none")
    second = Conv2d(1, step, None, activation="none")
    network = Network((first, second, MaxPool2d(2, 1)))
    drawing = np.zeros((28, 28), np.float32)
    drawing[0, 0] = 1
    making = forward(Request(State(drawing, network), making=(0, 0, 0))).making
    assert making is not None
    assert making.maps[0][0, 0] == -np.inf
    names: dict[str, Any] = {}
    exec(as_numpy(ledger_of(making, (0, 0))), names)
    assert names["value"] == making.map[0, 0] == step[0, 0, 0, 0]


def test_a_normalised_pixel_is_one_product_and_what_its_bias_comes_down_to() -> None:
    first = edit.with_activation(new_network((2,)), 0, "none").layers[0]
    norm = BatchNorm2d(
        1, 2, *(np.array(pair, np.float32) for pair in ((0, 0.5), (1, 4), (1, 3), (0, 0.25))),
        eps=1e-9, activation="relu",
    )  # fmt: skip
    ledger = ledger_of(making_of(Network((first, norm)), (1, 1), NAIVE), (4, 5))
    assert ledger.map_name == "BatchNorm1[1]"
    assert ledger.footer[0][0] == "bias β′₁[1]"
    assert ledger.bias is not None
    assert ledger.bias.text == "−0.5000"  # 0.25 − 0.5 · 3 / 2
    assert [one.kernel.text for one in ledger.products(0)] == ["+1.5000"]
    assert header_text(ledger).startswith("— pinned; arrows move it")
    assert products_text(ledger) == "1 product"


def test_the_one_pixel_of_a_map_has_nowhere_to_move() -> None:
    dense = Linear(1, np.ones((2, 3, 1, 1), np.float32), None)
    network = Network((new_network((3,)).layers[0], GlobalAvgPool2d(2, 3), dense))
    ledger = ledger_of(making_of(network, (0, 0, 1)), (0, 0))
    assert header_text(ledger) == "— pinned; Esc lets go; it sees 28×28 of the drawing"


def test_decimals_follow_the_largest_magnitude_in_wide_steps() -> None:
    assert [places_for(size) for size in (0.0, 0.001, 0.3, 9e6, np.inf)] == [Places(4)] * 5
    assert places_for(0.0009) == places_for(2e-7) == Places(8)
    assert places_for(2e7).number(23_456_789.0).text == "+23.4568e6"
    assert places_for(3e-12).number(-3.14159e-12).text == "−3.1416e−12"
    assert Places().number(-0.00001).text == Places().number(0.0).text == "0.0000"


def test_an_activation_that_changes_the_size_is_printed_in_places_of_its_own() -> None:
    layer = Conv2d(1, np.full((1, 1, 1, 1), 1e9, np.float32), None, activation="sigmoid")
    ledger = ledger_of(making_of(two_layers(layer), (0, 0)), (9, 9))
    assert ledger.before.text.endswith("e6") or ledger.before.text.endswith("e9")
    assert ledger.value.text == "+1.0000"
