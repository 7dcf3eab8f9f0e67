"""The strip of colours and its numbers."""

import numpy as np
import pytest
from numpy.typing import NDArray
from PySide6.QtGui import QImage
from pytestqt.qtbot import QtBot

from cnn_explorer.core.display import COLOUR_MAPS, Scale, colour, scale_of
from cnn_explorer.gui.legend import Legend

SIGNED = COLOUR_MAPS["signed"]


@pytest.fixture
def legend(qtbot: QtBot) -> Legend:
    widget = Legend()
    qtbot.addWidget(widget)
    return widget


def scale(low: float, high: float, contrast: int = 1) -> Scale:
    return scale_of([np.array([low, high], np.float32)], SIGNED, contrast)


def image(legend: Legend) -> NDArray[np.uint8]:
    legend.resize(legend.sizeHint())
    painted = legend.grab().toImage().convertToFormat(QImage.Format.Format_RGB32)
    data = np.frombuffer(painted.constBits(), np.uint8)
    width = painted.bytesPerLine() // 4
    return data.reshape(painted.height(), width, 4)[:, : painted.width()].copy()


@pytest.mark.parametrize(
    ("low", "high", "contrast", "words"),
    [
        (0, 3.414, 1, "0 to 3.41"),
        (-0.5, 2, 1, "−0.5 to 2"),
        (-4, 0, 1, "−4 to 0"),
        (0, 2, 2, "0 to ≥ 1"),
        (-2, 2, 4, "≤ −0.5 to ≥ 0.5"),
        (-0.1, 2, 4, "−0.1 to ≥ 0.5"),
        (0, 0, 1, "0 to 0"),
    ],
)
def test_its_numbers_are_the_values_at_the_ends_of_the_colours(
    legend: Legend, low: float, high: float, contrast: int, words: str
) -> None:
    legend.show_scale(SIGNED, scale(low, high, contrast))
    assert legend.accessibleName() == f"Colour scale {words}"


def test_the_strip_runs_through_the_colours_of_the_values_there_are(legend: Legend) -> None:
    own = scale(-1, 3)
    legend.show_scale(SIGNED, own)
    picture = image(legend)
    row = picture[len(picture) // 2]
    expected = colour(np.linspace(-1, 3, 84, dtype=np.float32), SIGNED, own)
    starts = [
        start for start in range(len(row) - 83) if (row[start : start + 84] == expected).all()
    ]
    assert len(starts) == 1


def test_clipping_is_told(legend: Legend) -> None:
    legend.show_scale(SIGNED, scale(-1, 3))
    assert legend.toolTip() == "Values from −1 to 3."
    legend.show_scale(SIGNED, scale(-1, 3, 4))
    assert legend.toolTip() == (
        "Values from −1 to 3. Colours are 4 times as steep; values beyond the ends look alike."
    )


def test_a_note_says_whose_values_they_are(legend: Legend) -> None:
    legend.show_scale(SIGNED, scale(0, 1))
    width, bare = legend.sizeHint().width(), image(legend)
    inked = np.flatnonzero((bare != bare[0, 0]).any(axis=(0, 2)))
    bare = bare[:, inked[0] :]
    legend.show_scale(SIGNED, scale(0, 1), "maps in view")
    assert legend.sizeHint().width() > width
    assert legend.accessibleName() == "Colour scale 0 to 1 maps in view"
    noted = image(legend)
    # The strip with its numbers is as before; the note stands to its left.
    np.testing.assert_array_equal(noted[:, -bare.shape[1] :], bare)
    left = noted[:, : -bare.shape[1]]
    assert (left != left[0, 0]).any()


def test_without_a_shared_scale_it_says_only_so(legend: Legend) -> None:
    legend.show_scale(SIGNED, None, "each map its own scale")
    assert legend.accessibleName() == "Colour scale each map its own scale"
    assert "differ" in legend.toolTip()
    words = legend.fontMetrics().horizontalAdvance("each map its own scale")
    assert legend.sizeHint().width() == words
    image(legend)


@pytest.mark.parametrize("high", [1e-6, 1.0, 123456.0])
def test_all_of_it_has_room(legend: Legend, high: float) -> None:
    legend.show_scale(SIGNED, scale(-high, high, 4), "maps in view")
    picture = image(legend)
    assert (picture[:, 0] == picture[0, 0]).all() or legend.sizeHint().width() > 84
    numbers = [f"≤ −{high / 4:.3g}", f"≥ {high / 4:.3g}", "maps in view"]
    needed = 84 + sum(map(legend.fontMetrics().horizontalAdvance, numbers))
    assert legend.sizeHint().width() >= needed
