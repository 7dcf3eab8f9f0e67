"""Which part of a naive layer is shown, and going to an address."""

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLabel, QLineEdit
from pytestqt.qtbot import QtBot

from cnn_explorer.core.addresses import check_address
from cnn_explorer.core.building import new_network
from cnn_explorer.core.kernel_layers import Linear
from cnn_explorer.core.layers import GlobalAvgPool2d, MaxPool2d
from cnn_explorer.core.network import Network
from cnn_explorer.core.schemes import ChannelScheme
from cnn_explorer.core.selection import Selection
from cnn_explorer.core.state import State
from cnn_explorer.gui.address_bar import AddressBar
from cnn_explorer.gui.document import Document
from cnn_explorer.gui.selection import SelectionModel

NAIVE = ChannelScheme.NAIVE


class Bench:
    def __init__(
        self,
        qtbot: QtBot,
        layer: int = 2,
        filters: tuple[int, ...] = (3, 4, 5, 6),
        scheme: ChannelScheme = NAIVE,
        network: Network | None = None,
    ) -> None:
        network = network or new_network(filters, (1,))
        self.state = State(np.zeros((28, 28), np.float32), network, scheme)
        self.selection = SelectionModel(Selection())
        self.bar = AddressBar(layer, Document(self.state), self.selection)
        qtbot.addWidget(self.bar)
        self.said: list[str] = []
        self.bar.said.connect(self.said.append)

    @property
    def text(self) -> str:
        """What it says, with plain spaces."""
        label = self.bar.findChildren(QLabel)[0]
        return label.text().replace("\N{THIN SPACE}", " ")

    @property
    def field(self) -> QLineEdit:
        found = self.bar.findChild(QLineEdit)
        assert isinstance(found, QLineEdit)
        return found

    def go(self, address: str) -> None:
        self.field.clear()
        QTest.keyClicks(self.field, address)
        QTest.keyClick(self.field, Qt.Key.Key_Return)


@pytest.mark.parametrize(
    ("scheme", "layer", "shown"),
    [
        (NAIVE, 0, False),
        (NAIVE, 1, True),
        (NAIVE, 3, True),
        (ChannelScheme.REAL, 1, False),
        (ChannelScheme.SHARED, 1, False),
    ],
)
def test_it_is_there_in_naive_from_the_second_layer_on(
    qtbot: QtBot, scheme: ChannelScheme, layer: int, shown: bool
) -> None:
    bar = Bench(qtbot, layer, scheme=scheme).bar
    assert bar.isHidden() != shown


def test_it_comes_and_goes_with_the_scheme(qtbot: QtBot) -> None:
    bench = Bench(qtbot, scheme=ChannelScheme.REAL)
    network = bench.state.network
    bench.bar.set_state(State(bench.state.drawing, network, NAIVE))
    assert not bench.bar.isHidden()
    assert bench.text == "the 20 of 60 maps under 0.*"
    bench.bar.set_state(bench.state)
    assert bench.bar.isHidden()


@pytest.mark.parametrize(
    ("layer", "filters", "text"),
    [
        (1, (3, 4), "all 12 maps"),
        (1, (64, 64), "all 4 096 maps"),
        (2, (3, 4, 5), "the 20 of 60 maps under 2.*"),
        (3, (3, 4, 5, 6), "the 30 of 360 maps under 2.1.*"),
        (7, (64,) * 8, "the 4 096 of 2.8 × 10¹⁴ maps under 2.1.0.3.0.0.*"),
    ],
)
def test_it_says_which_maps_are_shown_of_how_many(
    qtbot: QtBot, layer: int, filters: tuple[int, ...], text: str
) -> None:
    bench = Bench(qtbot, layer, filters)
    bench.selection.select(Selection(0, (2, 1, 0, 3, 0, 0, 0, 0)))
    assert bench.text == text


def test_an_address_selects_its_map_and_keeps_the_path_below(qtbot: QtBot) -> None:
    bench = Bench(qtbot)
    bench.selection.select(Selection(0, (0, 0, 0, 5) + (0,) * 4, (1, 1)))
    bench.go("2.1.4")
    current = bench.selection.current
    assert current.address == (2, 1, 4)
    assert current.path[3] == 5
    assert current.pin is None
    assert bench.said[-1] == ""
    assert bench.text == "the 20 of 60 maps under 2.*"


@pytest.mark.parametrize("address", ["2", "2.1", "2.1.4.5"])
def test_an_address_may_be_one_of_any_layer(qtbot: QtBot, address: str) -> None:
    bench = Bench(qtbot)
    bench.go(address)
    assert bench.selection.current.address == tuple(map(int, address.split(".")))


@pytest.mark.parametrize(
    ("address", "reason"),
    [
        (
            "2.4.1",
            "Part 2 of the address 2.4.1 is 4, but Conv 2 has filters 0 to 3.",
        ),
        (
            "0.0.0.0.0",
            "The address 0.0.0.0.0 has 5 parts; the network has 4 layers with filters, and an "
            "address one part for each.",
        ),
        (
            "2.x",
            "“2.x” is not an address; write a filter number for each convolution, joined by dots, "
            "such as 2.1.",
        ),
        (
            "",
            "“” is not an address; write a filter number for each convolution, joined by dots, "
            "such as 2.1.",
        ),
        (
            "-1.0",
            "“-1.0” is not an address; write a filter number for each convolution, joined by dots, "
            "such as 2.1.",
        ),
    ],
)
def test_an_address_that_is_none_is_said_and_nothing_is_selected(
    qtbot: QtBot, address: str, reason: str
) -> None:
    bench = Bench(qtbot)
    before = bench.selection.current
    bench.go(address)
    assert bench.said[-1] == reason
    assert bench.selection.current is before
    assert bench.field.text() == address
    QTest.keyClicks(bench.field, "1")
    assert bench.said[-1] == ""


def test_the_field_shows_what_an_address_looks_like(qtbot: QtBot) -> None:
    bench = Bench(qtbot)
    bench.selection.select(Selection(1, (2, 3, 1) + (0,) * 5))
    assert bench.field.placeholderText() == "2.3.1"
    assert "2.3.1" in bench.field.toolTip()
    assert bench.field.accessibleName() == "Address of a map of Conv 3 to go to"


def test_it_becomes_higher_rather_than_wider(qtbot: QtBot) -> None:
    bench = Bench(qtbot, 7, (256,) * 8)
    bench.selection.select(Selection(0, (255,) * 8))
    wide, narrow = bench.bar.heightForWidth(800), bench.bar.heightForWidth(330)
    assert narrow > wide
    assert bench.bar.minimumSizeHint().width() <= 330


# Layers without filters.


def pooled() -> Network:
    """3 filters, pooling, 4 filters, pooling, a mean, a dense layer."""
    first, second = new_network((3, 4), (1,)).layers
    weight = np.ones((2, 4, 1, 1), np.float32)
    layers = (
        first, MaxPool2d(7, 3), second, MaxPool2d(8, 4), GlobalAvgPool2d(9, 4),
        Linear(10, weight, None),
    )  # fmt: skip
    return Network(layers)


@pytest.mark.parametrize(
    ("layer", "text"),
    [
        (1, "all 3 maps"),
        (2, "all 12 maps"),
        (3, "the 4 of 12 maps under 0.*"),
        (4, "the 4 of 12 maps under 0.*"),
    ],
)
def test_filters_alone_are_counted_and_written(qtbot: QtBot, layer: int, text: str) -> None:
    bench = Bench(qtbot, layer, network=pooled())
    assert not bench.bar.isHidden()
    assert bench.text == text
    bench.selection.select(Selection().at((2, 2, 3, 3, 3)))
    assert bench.field.placeholderText() == ("2" if layer < 2 else "2.3")


def test_an_address_leads_to_the_layer_whose_bar_it_is_typed_in(qtbot: QtBot) -> None:
    for layer, typed, address in (
        (1, "2", (2, 2)),
        (2, "2.1", (2, 2, 1)),
        (3, "2.1", (2, 2, 1, 1)),
        (4, "1.3", (1, 1, 3, 3, 3)),
        (4, "1", (1,)),
    ):
        bench = Bench(qtbot, layer, network=pooled())
        bench.go(typed)
        assert bench.said[-1] == ""
        assert bench.selection.current.address == address
        check_address(address, pooled())


def test_an_address_beyond_the_filters_is_said(qtbot: QtBot) -> None:
    bench = Bench(qtbot, 4, network=pooled())
    bench.go("2.4")
    assert bench.said[-1] == "Part 2 of the address 2.4 is 4, but Conv 2 has filters 0 to 3."
    bench.go("0.0.0.0")
    assert bench.said[-1].startswith("The address 0.0.0.0 has 4 parts; the network has 2 layers")
    bench.go("0.0.1")
    assert bench.said[-1].startswith("The address 0.0.1 has 3 parts; the network has 2 layers")
    assert bench.selection.current == Selection()
    assert Bench(qtbot, 5, network=pooled()).bar.isHidden()
