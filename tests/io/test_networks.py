"""The networks that come with the program."""

import re

import numpy as np
import pytest

from cnn_explorer.core.forward import Request, forward
from cnn_explorer.core.kernel_layers import Conv2d, Linear
from cnn_explorer.core.network import INPUT_SIZE
from cnn_explorer.core.state import State
from cnn_explorer.core.trained import TRAINED, is_as_trained
from cnn_explorer.io.digits import digit
from cnn_explorer.io.networks import BUNDLED, bundled_network, fitting_network, named_network
from cnn_explorer.io.resources import resource
from cnn_explorer.io.weights import NetworkError


@pytest.mark.parametrize("name", BUNDLED)
def test_a_bundled_network_is_as_trained_and_keeps_the_size_of_the_drawing(name: str) -> None:
    network = bundled_network(name)
    assert network.trained is not None
    assert network.trained.name == name
    assert is_as_trained(network)
    convolutions = [index for index, one in enumerate(network.layers) if type(one) is Conv2d]
    assert convolutions[:2] == [0, 1]
    assert network.sizes[:3] == (INPUT_SIZE,) * 3
    kernels = [layer for layer in network.layers if isinstance(layer, Conv2d)]
    assert {layer.initialisation for layer in kernels} == {TRAINED}
    assert isinstance(network.layers[-1], Linear)
    assert network.layers[-1].out_channels == 10


@pytest.mark.parametrize("name", BUNDLED)
def test_its_card_says_how_many_parameters_it_has_and_how_well_it_reads(name: str) -> None:
    card = resource("networks", f"{name}.md").read_text(encoding="utf-8")
    parameters = sum(sum(layer.parameters) for layer in bundled_network(name).layers)
    assert f"| together | | {parameters:,} |" in card
    read = re.search(r"Accuracy: ([\d.]+)%\*\* of 5,000 validation digits", card)
    assert read is not None
    assert f"{read[1]} %" in BUNDLED[name]


def test_all_files_together_take_less_than_a_megabyte() -> None:
    files = list(resource("networks").iterdir())
    assert {file.stem for file in files} == set(BUNDLED)
    assert sum(file.stat().st_size for file in files) < 1_000_000


@pytest.mark.parametrize("name", BUNDLED)
def test_it_reads_the_sample_digits(name: str) -> None:
    """Ours, drawn by mouse: no image of the training is among them."""
    network = bundled_network(name)
    read = [
        int(np.argmax(forward(Request(State(digit(label, style), network))).maps[-1]))
        for label in range(10)
        for style in range(2)
    ]
    right = np.sum(np.array(read) == np.arange(20) // 2)
    assert right >= 18, read


def test_a_network_is_found_by_its_filters_and_kernels() -> None:
    assert fitting_network((3, 4), (3,)) is bundled_network("3-4")
    assert fitting_network((8, 16), (3, 3)) is bundled_network("8-16")
    assert fitting_network((3, 4), (5,)) is None
    assert fitting_network((3, 4), (3, 3, 3)) is None
    assert fitting_network((3, 4, 4), (3,)) is None


def test_a_name_is_a_bundled_network_or_a_file() -> None:
    assert named_network("8-16") is bundled_network("8-16")
    with pytest.raises(
        NetworkError, match=r"^There is no network “9-9”: give the name of a file, or"
    ):
        named_network("9-9")
    with pytest.raises(KeyError):
        bundled_network("../3-4")
