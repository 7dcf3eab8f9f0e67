"""The equation of a map, and what is said beside it."""

from dataclasses import replace

import numpy as np
import pytest

from cnn_explorer.core.addresses import Address
from cnn_explorer.core.building import new_network
from cnn_explorer.core.equation import equation, note
from cnn_explorer.core.forward import Request, forward
from cnn_explorer.core.kernel_layers import Conv2d, Linear
from cnn_explorer.core.layers import (
    AvgPool2d,
    BatchNorm2d,
    Flatten,
    GlobalAvgPool2d,
    MaxPool2d,
    Softmax,
)
from cnn_explorer.core.making import Making
from cnn_explorer.core.mutes import toggle_mute
from cnn_explorer.core.network import Network
from cnn_explorer.core.schemes import ChannelScheme
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


# Layers of every kind


def some(*values: float) -> np.ndarray:
    return np.array(values, np.float32)


HEADED = Network(
    (
        NETWORK.layers[0],
        BatchNorm2d(
            20, 3, some(0, 1, 0.5), some(1, 3, 1), some(1, 4, 1), some(0, 2, 0), 1.0, "relu"
        ),
        MaxPool2d(21, 3, (2, 3), (2, 2)),
        NETWORK.layers[1],
        AvgPool2d(22, 4, (2, 2), (2, 2), padding=1, count_include_pad=False),
        GlobalAvgPool2d(23, 4),
        Linear(24, np.ones((2, 4, 1, 1), np.float32), some(0.5, -0.25), activation="none"),
        Softmax(25, 2),
    )
)
FLAT = Network(
    (
        NETWORK.layers[0],
        Flatten(26, 3, (28, 28)),
        Linear(27, np.ones((2, 2352, 1, 1), np.float32), None, activation="tanh"),
    )
)


@pytest.mark.parametrize(
    ("address", "scheme", "expected"),
    [
        (
            (1, 1), REAL,
            "BatchNorm1[1] = ReLU( ( Conv1[1] − μ[1] ) / √( σ²[1] + ε ) · γ[1] + β[1] )",
        ),
        ((1, 1, 1), REAL, "MaxPool1[1] = max of each 2×3 window of BatchNorm1[1]"),
        ((1, 1, 1), NAIVE, "MaxPool1[1] = max of each 2×3 window of BatchNorm1[1]"),
        ((1, 1, 1, 3), REAL, "Conv2[3] = ReLU( b₂[3] + Σᵢ MaxPool1[i] * W₂[:, :, i, 3] )"),
        ((1, 1, 1, 3), NAIVE, "Conv2[1.3] = ReLU( b₂[3] + MaxPool1[1] * K₂[:, :, 0, 3] )"),
        ((1, 1, 1, 3), SHARED, "Conv2[3] = ReLU( b₂[3] + Σᵢ MaxPool1[i] * W̄₂[:, :, 0, 3] )"),
        ((1, 1, 1, 3, 3), NAIVE, "AvgPool1[1.3] = mean of each 2×2 window of Conv2[1.3]"),
        ((1, 1, 1, 3, 3, 3), NAIVE, "GlobalAvgPool1[1.3] = mean of AvgPool1[1.3]"),
        ((1, 1, 1, 3, 3, 3), SHARED, "GlobalAvgPool1[3] = mean of AvgPool1[3]"),
        ((1, 1, 1, 3, 3, 3, 1), REAL, "Linear1[1] = c₁[1] + Σᵢ GlobalAvgPool1[i] · V₁[i, 1]"),
        ((1, 1, 1, 3, 3, 3, 1), SHARED, "Linear1[1] = c₁[1] + Σᵢ GlobalAvgPool1[i] · V̄₁[0, 1]"),
        ((1, 1, 1, 3, 3, 3, 1, 0), REAL, "Softmax1[0] = exp( Linear1[0] ) / Σᵢ exp( Linear1[i] )"),
    ],
)  # fmt: skip
def test_the_equation_of_each_kind(address: Address, scheme: ChannelScheme, expected: str) -> None:
    state = State(np.zeros((28, 28), np.float32), HEADED, scheme)
    assert equation(state, address).replace("\N{ASTERISK OPERATOR}", "*") == expected


def test_the_equation_of_a_flatten_and_of_first_layers() -> None:
    drawing = np.zeros((28, 28), np.float32)
    state = State(drawing, FLAT)
    assert equation(state, (1, 784 + 30)) == "Flatten1[814] = Conv1[1] at row 1, column 2"
    assert equation(state, (1, 814, 1)) == "Linear1[1] = Tanh( Σᵢ Flatten1[i] · V₁[i, 1] )"
    for layer, expected in (
        (MaxPool2d(0, 1), "MaxPool1[0] = max of each 2×2 window of drawing"),
        (GlobalAvgPool2d(0, 1), "GlobalAvgPool1[0] = mean of drawing"),
        (Softmax(0, 1), "Softmax1[0] = exp( drawing[0] ) / Σᵢ exp( drawing[i] )"),
    ):
        for scheme in ChannelScheme:
            first = State(drawing, Network((layer,)), scheme)
            assert equation(first, (0,)) == expected


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        (
            (1, 1),
            "μ = 1, σ² = 3, ε = 1, γ = 4, β = 2. That is a convolution of each map with the one "
            "number γ / √(σ² + ε), and the bias β′ = β − μ · γ / √(σ² + ε).",
        ),
        ((1, 1, 1), "The first of the largest values wins; padding never does."),
        (
            (1, 1, 1, 3, 3),
            "A convolution of each map with equal weights; padding does not count.",
        ),
    ],
)
def test_the_note_says_what_a_layer_without_kernels_is(address: Address, expected: str) -> None:
    for scheme in ChannelScheme:
        assert note(made(address, scheme, HEADED)) == expected


def test_the_note_of_a_dense_layer_and_of_counted_padding() -> None:
    dense = (1, 1, 1, 3, 3, 3, 1)
    assert note(made(dense, network=HEADED)) == ""
    assert note(made(dense, SHARED, HEADED)) == "V̄₁ is the mean of filter 1's 4 kernels."
    counting = Network((NETWORK.layers[0], AvgPool2d(1, 3)))
    assert note(made((0, 0), network=counting)).endswith("; padding counts as zeros.")
