from dataclasses import FrozenInstanceError, replace

import numpy as np
import pytest

from cnn_explorer.core.building import new_network
from cnn_explorer.core.centring import centred
from cnn_explorer.core.drawing import draw
from cnn_explorer.core.schemes import ChannelScheme
from cnn_explorer.core.state import State


def blank() -> np.ndarray:
    return np.zeros((28, 28), np.float32)


def test_a_state_cannot_change():
    state = State(blank(), new_network())
    assert state.scheme is ChannelScheme.REAL
    with pytest.raises(ValueError, match="read-only"):
        state.drawing[0, 0] = 1
    with pytest.raises(FrozenInstanceError):
        state.scheme = ChannelScheme.NAIVE


def test_a_changed_state_shares_what_did_not_change():
    state = State(blank(), new_network())
    other = replace(state, scheme=ChannelScheme.SHARED)
    assert other.network is state.network
    assert other.drawing is state.drawing


def test_the_network_gets_the_drawing_or_the_centred_one():
    drawing = draw([[(3, 3), (12, 8)]], size=2)
    state = State(drawing, new_network())
    assert state.input is drawing
    assert state.input_name == "drawing"
    other = replace(state, centred=True)
    assert other.drawing is drawing
    assert other.input is other.input
    np.testing.assert_array_equal(other.input, centred(drawing))
    with pytest.raises(ValueError, match="read-only"):
        other.input[0, 0] = 1
    assert other.input_name == "centred drawing"


def test_states_are_the_same_only_if_they_are_one():
    state = State(blank(), new_network())
    assert state == state
    assert state != replace(state)
    assert len({state, replace(state)}) == 2


@pytest.mark.parametrize("shape", [(28,), (27, 28), (28, 28, 1), (0, 0)])
def test_a_drawing_of_another_shape_is_refused(shape):
    with pytest.raises(ValueError, match=r"^A drawing has shape \(28, 28\), not .*\.$"):
        State(np.zeros(shape, np.float32), new_network())
