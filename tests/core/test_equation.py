"""The equation of a map, and what is said beside it."""

from dataclasses import replace

import numpy as np
import pytest

from cnn_explorer.core.edit import new_network
from cnn_explorer.core.equation import equation, note
from cnn_explorer.core.forward import Request, forward
from cnn_explorer.core.making import Making
from cnn_explorer.core.mutes import toggle_mute
from cnn_explorer.core.network import Conv2d, Network
from cnn_explorer.core.schemes import Address, ChannelScheme
from cnn_explorer.core.state import State

REAL, NAIVE, SHARED = ChannelScheme
NETWORK = new_network((3, 4, 2), (3,))


def made(address: Address, scheme: ChannelScheme = REAL, network: Network = NETWORK) -> Making:
    state = State(np.zeros((28, 28), np.float32), network, scheme)
    making = forward(Request(state, making=address, method="matmul")).making
    assert making is not None
    return making


def written(making: Making) -> str:
    """The equation as a keyboard has it."""
    return equation(making.state, making.address).replace("\N{ASTERISK OPERATOR}", "*")


@pytest.mark.parametrize(
    ("address", "scheme", "expected"),
    [
        ((2,), REAL, "Conv1[2] = ReLU( b₁[2] + drawing * W₁[:, :, 0, 2] )"),
        ((0, 1), REAL, "Conv2[1] = ReLU( b₂[1] + Σᵢ Conv1[i] * W₂[:, :, i, 1] )"),
        ((0, 1), SHARED, "Conv2[1] = ReLU( b₂[1] + Σᵢ Conv1[i] * W̄₂[:, :, 0, 1] )"),
        ((2, 1), NAIVE, "Conv2[2.1] = ReLU( b₂[1] + Conv1[2] * K₂[:, :, 0, 1] )"),
        ((2, 3, 0), NAIVE, "Conv3[2.3.0] = ReLU( b₃[0] + Conv2[2.3] * K₃[:, :, 0, 0] )"),
        ((2,), SHARED, "Conv1[2] = ReLU( b₁[2] + drawing * W₁[:, :, 0, 2] )"),
    ],
)
def test_the_equation_names_layers_maps_and_kernels(
    address: Address, scheme: ChannelScheme, expected: str
) -> None:
    assert written(made(address, scheme)) == expected


def with_second(**changes: object) -> Network:
    """The network with another second layer, alone after the first."""
    first, second, _ = NETWORK.layers
    return Network((first, replace(second, **changes)))  # type: ignore[arg-type]


def test_without_bias_or_activation_neither_is_written() -> None:
    bare = made((0, 1), network=with_second(bias=None, activation="none"))
    assert written(bare) == "Conv2[1] = Σᵢ Conv1[i] * W₂[:, :, i, 1]"
    leaky = made((0, 1), network=with_second(activation="leaky_relu"))
    assert written(leaky).startswith("Conv2[1] = LeakyReLU( b₂[1] + ")


def grouped(out: int, channels: int, groups: int) -> Network:
    first = new_network((channels,), (3,)).layers[0]
    weight = np.ones((out, channels // groups, 3, 3), np.float32)
    return Network((first, Conv2d(7, weight, np.zeros(out, np.float32), groups=groups)))


def test_the_kernels_of_a_group_are_counted_from_0() -> None:
    making = made((0, 3), network=grouped(4, 8, 2))
    assert written(making) == "Conv2[3] = ReLU( b₂[3] + Σᵢ₌₄…₇ Conv1[i] * W₂[:, :, i − 4, 3] )"
    making = made((0, 2), network=grouped(4, 4, 4))
    assert written(making) == "Conv2[2] = ReLU( b₂[2] + Conv1[2] * W₂[:, :, 0, 2] )"


def test_the_note_says_what_flat_kernels_are_and_how_much_is_muted() -> None:
    assert note(made((0, 1))) == ""
    assert note(made((2,))) == "The drawing is one map, so there is one term."
    assert note(made((0, 1), SHARED)) == "W̄₂ is the mean of filter 1's 3 kernels."
    assert note(made((0, 1), NAIVE)) == "K₂ is the sum of filter 1's 3 kernels."
    muted = toggle_mute(toggle_mute(NETWORK, 1, 1, 0), 1, 1, 2)
    assert note(made((0, 1), network=muted)) == "2 of 3 muted."
    assert note(made((0, 1), SHARED, muted)).endswith(" kernels. 2 of 3 muted.")
    assert note(made((1, 1), NAIVE, muted)).endswith("kernels.")
    assert note(made((0, 1), NAIVE, muted)).endswith(" 1 of 1 muted.")
