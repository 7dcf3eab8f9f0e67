"""The proof in words: its numbers are those of the making, and they move nothing."""

from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtGui import QFont, QFontMetrics, QImage
from pytestqt.qtbot import QtBot

from cnn_explorer.core.building import new_network
from cnn_explorer.core.forward import Request, forward
from cnn_explorer.core.making import Making
from cnn_explorer.core.network import Network
from cnn_explorer.core.proof import Proof
from cnn_explorer.core.state import State
from cnn_explorer.gui.proof_line import ProofLine
from cnn_explorer.gui.theme import WARNING


def made(proof: Proof, **changes: object) -> Making:
    first, second = new_network((3, 4), (3,)).layers
    network = Network((first, replace(second, **changes)))  # type: ignore[arg-type]
    state = State(np.zeros((28, 28), np.float32), network)
    making = forward(Request(state, making=(0, 1), method="matmul")).making
    assert making is not None
    return replace(making, proof=proof)


HOLDS = Proof(4.2e-7, 2.4e-6, 0.0, 1.9e-6)
FAILS = Proof(0.031, 2.4e-6, float("inf"), 1.9e-6)


@pytest.fixture
def line(qtbot: QtBot) -> ProofLine:
    result = ProofLine()
    qtbot.addWidget(result)
    result.setFont(QFont("DejaVu Sans", 10))
    return result


def test_it_says_by_how_much_the_sums_differ(line: ProofLine) -> None:
    line.show_making(made(HOLDS))
    assert line.text.splitlines() == [
        "Σ parts + bias − before activation: max |difference| 4e-07 (float32 allows 2e-06)",
        "ReLU of it − map 1: max |difference| 0 (float32 allows 2e-06)",
    ]
    assert line.accessibleName() == line.text


def test_without_bias_or_activation(line: ProofLine) -> None:
    line.show_making(made(HOLDS, bias=None, activation="none"))
    assert line.text.startswith("Σ parts − before activation: ")
    assert len(line.text.splitlines()) == 1  # without an activation the map is what is before it


def inks(line: ProofLine) -> set[tuple[int, ...]]:
    line.resize(600, line.heightForWidth(600))
    image = line.grab().toImage().convertToFormat(QImage.Format.Format_RGB32)
    pixels = np.frombuffer(image.constBits(), np.uint8).reshape(-1, 4)[:, 2::-1]
    return set(map(tuple, pixels.tolist()))


def test_a_difference_that_is_too_large_is_a_warning(line: ProofLine) -> None:
    red = tuple(bytes.fromhex(WARNING[0][1:]))
    line.show_making(made(HOLDS))
    height = line.heightForWidth(600)
    assert red not in inks(line)
    line.show_making(made(FAILS))
    assert red in inks(line)
    first, second, warning = line.text.splitlines()
    assert "max |difference| 3.10e-02 (float32 allows 2.40e-06)" in first
    assert "max |difference| ∞" in second
    assert warning == "This is more than rounding can explain."
    assert line.accessibleName().endswith(warning)
    assert line.heightForWidth(600) > height


def test_other_numbers_ask_for_no_other_room(qtbot: QtBot, line: ProofLine) -> None:
    line.show_making(made(HOLDS))
    heights = [line.heightForWidth(width) for width in range(120, 700, 20)]
    line.show_making(made(Proof(0, 8e-33, 8e-33, 8e-33)))
    assert [line.heightForWidth(width) for width in range(120, 700, 20)] == heights


@pytest.mark.parametrize("size", [8, 10, 20])
@pytest.mark.parametrize("width", [320, 400, 700])
def test_no_line_is_cut(line: ProofLine, size: int, width: int) -> None:
    line.setFont(QFont("DejaVu Sans", size))
    line.show_making(made(HOLDS))
    line.resize(width, line.heightForWidth(width))
    image = line.grab().toImage().convertToFormat(QImage.Format.Format_RGB32)
    pixels = np.frombuffer(image.constBits(), np.uint32).reshape(image.height(), -1)
    ground = pixels[0, -1]
    assert (pixels != ground).any(axis=1).sum() > image.height() / 3
    assert (pixels[:, -1] == ground).all()
    lines = image.height() / QFontMetrics(line.font()).height()
    assert lines == round(lines)
    assert lines >= 2
