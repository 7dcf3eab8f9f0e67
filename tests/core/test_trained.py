from dataclasses import replace

import numpy as np
import pytest

from cnn_explorer.core import edit
from cnn_explorer.core.building import add_layer, new_network
from cnn_explorer.core.kernel_layers import Conv2d
from cnn_explorer.core.mutes import toggle_mute, without_mutes
from cnn_explorer.core.network import Network, Trained
from cnn_explorer.core.state import State
from cnn_explorer.core.trained import TRAINED, is_as_trained


def trained(filters: tuple[int, ...] = (3, 4)) -> Network:
    """A network whose weights are as good as trained."""
    generator = np.random.default_rng(7)
    layers = tuple(
        replace(
            layer,
            weight=generator.standard_normal(layer.weight.shape).astype(np.float32),
            bias=generator.standard_normal(layer.out_channels).astype(np.float32),
            initialisation=TRAINED,
        )
        for layer in new_network(filters).layers
        if isinstance(layer, Conv2d)
    )
    return Network(layers, 0, Trained("one", layers, 1.5, 0.6))


def weight(network: Network, index: int) -> np.ndarray:
    return network.conv(index).weight


def test_a_network_as_opened_is_as_trained() -> None:
    assert is_as_trained(trained())
    assert not is_as_trained(new_network())


@pytest.mark.parametrize(
    "change",
    [
        lambda n: edit.with_filters(n, 1, 5),
        lambda n: edit.with_activation(n, 0, "tanh"),
        lambda n: edit.with_bias(n, 0, False),
        lambda n: edit.with_stride(n, 1, 2),
        lambda n: edit.remove_layer(n, 1),
        lambda n: toggle_mute(n, 1, 0, 0),
        lambda n: edit.with_initialisation(n, 0, "he"),
        lambda n: add_layer(State(np.zeros((28, 28), np.float32), n), "MaxPool2d"),
    ],
)
def test_every_edit_keeps_what_was_trained_and_ends_being_as_trained(change) -> None:
    network = trained()
    edited = change(network)
    assert edited.trained is network.trained
    assert not is_as_trained(edited)


def test_filters_that_come_back_are_trained_ones() -> None:
    network = trained()
    fewer = edit.with_filters(edit.with_filters(network, 0, 2), 1, 1)
    again = edit.with_filters(edit.with_filters(fewer, 0, 3), 1, 4)
    assert is_as_trained(again)
    np.testing.assert_array_equal(weight(again, 1), weight(network, 1))


def test_filters_beyond_those_trained_are_drawn() -> None:
    network = trained()
    more = edit.with_filters(network, 1, 6)
    np.testing.assert_array_equal(weight(more, 1)[:4], weight(network, 1))
    assert np.abs(weight(more, 1)[4:]).min(axis=(2, 3)).max() > 0
    he = edit.with_filters(edit.with_initialisation(network, 1, "he"), 1, 6)
    np.testing.assert_array_equal(weight(more, 1)[4:], weight(he, 1)[4:])


def test_trained_weights_can_be_chosen_again_and_bring_their_biases() -> None:
    network = trained()
    he = edit.with_seed(edit.with_initialisation(network, 0, "he"), 5)
    assert (weight(he, 0) != weight(network, 0)).all()
    assert (he.conv(0).bias != network.conv(0).bias).all()
    np.testing.assert_array_equal(
        weight(he, 1), weight(network, 1)
    )  # no seed draws what is trained
    assert is_as_trained(edit.with_initialisation(he, 0, TRAINED))


def test_another_kernel_size_has_no_trained_weights() -> None:
    network = edit.with_kernel_size(trained(), 1, 5)
    assert network.conv(1).initialisation == "he"
    assert TRAINED not in edit.initialisations_of(network, 1)
    with pytest.raises(ValueError, match=r"^Conv 2 has no trained weights of this kernel size\.$"):
        edit.with_initialisation(network, 1, TRAINED)
    back = edit.with_kernel_size(network, 1, 3)
    assert is_as_trained(edit.with_initialisation(back, 1, TRAINED))


def test_a_seed_for_a_network_without_random_kernels_is_refused() -> None:
    with pytest.raises(ValueError, match=r"^No kernel of this network is random: choose other"):
        edit.with_seed(trained(), 1)


def test_a_layer_is_reset_to_what_it_was_when_trained_or_drawn() -> None:
    for network in (trained(), new_network(), edit.with_initialisation(new_network(), 1, "glorot")):
        layer = network.conv(1)
        changed = edit.replaced(network, 1, weight=layer.weight * 2, bias=layer.bias + 1)
        reset = edit.reset_layer(changed, 1)
        np.testing.assert_array_equal(weight(reset, 1), layer.weight)
        np.testing.assert_array_equal(reset.conv(1).bias, layer.bias)
        assert edit.reset_layer(network, 1) is network


def test_a_new_layer_never_takes_the_number_of_a_trained_one() -> None:
    network = trained()
    removed = edit.remove_layer(network, 1)
    again = add_layer(State(np.zeros((28, 28), np.float32), removed))
    assert again.layers[1].number == 2
    assert edit.initialisations_of(again, 1)[0] != TRAINED


def test_mutes_alone_come_and_go() -> None:
    network = trained()
    assert is_as_trained(without_mutes(toggle_mute(network, 1, 2, 1)))
