"""Captions say layers, indices and the ranges of exactly what is shown."""

from dataclasses import replace

import numpy as np
import pytest

from cnn_explorer.core.building import new_network
from cnn_explorer.core.captions import (
    contributions_caption,
    document_caption,
    kernels_caption,
    ledger_caption,
    making_caption,
    maps_caption,
    range_text,
)
from cnn_explorer.core.forward import Request, forward
from cnn_explorer.core.ledger import ledger_of
from cnn_explorer.core.making import Cells
from cnn_explorer.core.mutes import toggle_mute
from cnn_explorer.core.schemes import ChannelScheme
from cnn_explorer.core.state import State
from cnn_explorer.io.digits import digit

STATE = State(digit(7), new_network((3, 4)))


def test_ranges_are_the_least_and_the_largest_finite_value() -> None:
    values = np.array([-0.25, np.nan, 3.0], np.float32)
    assert range_text([values, np.array([np.inf, 2.0], np.float32)]) == "from −0.25 to 3"
    assert range_text([np.array([np.nan], np.float32)]) == "without a number"
    assert range_text([]) == "without a number"


def test_maps() -> None:
    maps = np.linspace(0, 2, 4 * 784, dtype=np.float32).reshape(4, 28, 28)
    said = maps_caption(STATE, 1, maps)
    assert said.startswith("Conv 2, maps 0 to 3, 28×28 pixels each; values from 0 to 2. ")
    one = maps_caption(STATE, 1, maps[2:3], "2")
    assert one.startswith("Conv 2, map 2, 28×28 pixels; values from 1 to 1.5. ")


def test_kernels_and_contributions() -> None:
    weights = STATE.network.conv(1).weight
    said = kernels_caption(STATE, 1, weights)
    assert said.startswith("Conv 2, its kernels: 3 of 3×3 for each of filters 0 to 3; weights ")
    assert range_text([weights]) in said
    shown = forward(Request(STATE, cells=(Cells(1, range(3), range(4)),)))
    block = shown.blocks[0]
    said = contributions_caption(STATE, block)
    assert said.startswith(
        "Conv 2, of its 3 × 4 contributions a row for each of input maps 0 to 2 "
    )
    assert "a column for each of filters 0 to 3; values from " in said
    assert (
        f"values {range_text([block.parts])}, sums before bias {range_text([block.sums])}" in said
    )


def test_a_making_says_all_its_ranges_and_leaves_the_muted_out() -> None:
    making = forward(Request(STATE, making=(0, 2))).making
    assert making is not None
    said = making_caption(making)
    assert said.startswith("Conv 2, map 2: ReLU of the sum over the 3 maps of Conv 1")
    for name, arrays in (
        ("Input maps 0 to 2 of Conv 1: values", [making.maps]),
        ("kernels", [making.kernels]),
        ("contributions", [making.parts]),
        ("their sum", [making.total]),
        ("the map", [making.map]),
    ):
        assert f"{name} {range_text(arrays)}" in said
    loud = int(np.abs(making.parts).max(axis=(1, 2)).argmax())
    muted = replace(STATE, network=toggle_mute(STATE.network, 1, 2, loud))
    quiet = forward(Request(muted, making=(0, 2))).making
    assert quiet is not None
    heard = np.delete(quiet.parts, loud, axis=0)
    assert f"contributions {range_text([heard])}" in making_caption(quiet)


def test_a_ledger_says_its_pixel_and_its_products() -> None:
    making = forward(Request(STATE, making=(0, 2))).making
    assert making is not None
    said = ledger_caption(ledger_of(making, (11, 16)))
    assert said.startswith("Conv 2, map 2, row 11, column 16: 3 input maps, 9 products each. ")


@pytest.mark.parametrize("scheme", list(ChannelScheme))
def test_the_scheme_is_said(scheme: ChannelScheme) -> None:
    said = document_caption(replace(STATE, scheme=scheme), (0, 1))
    assert "Conv 1 (3 maps), Conv 2 (4 maps)" in said
    assert ("nothing is summed" in said) == (scheme is ChannelScheme.NAIVE)
    assert ("shared kernel" in said) == (scheme is ChannelScheme.SHARED)
