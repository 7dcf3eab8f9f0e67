"""Scripts for PyTorch and Keras, run by them, against the program; each where it is installed."""

import io
import os
from contextlib import redirect_stdout
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cnn_explorer.core.activations import ACTIVATIONS
from cnn_explorer.core.addresses import path_to
from cnn_explorer.core.code import Library, script
from cnn_explorer.core.forward import Request, forward
from cnn_explorer.core.network import Network
from cnn_explorer.core.state import State

from ..core.oracle import NAIVE, REAL, SHARED, addresses, drawings, layers, mixed

TOLERANCE = 1e-5
"""Of the largest magnitude of a layer's maps, or of 1: the sums are taken in other orders."""

os.environ.setdefault("KERAS_BACKEND", "torch")
pytestmark = pytest.mark.filterwarnings("default")  # theirs are not ours
worst: dict[Library, float] = {}


def run(state: State, library: Library, **options: Any) -> dict[str, np.ndarray]:
    pytest.importorskip(library)
    names: dict[str, Any] = {"__name__": "script"}
    with redirect_stdout(io.StringIO()):
        exec(compile(script(state, library, **options).text, "script", "exec"), names)
    return names["saved"]


def check(library: Library, made: np.ndarray, maps: np.ndarray) -> None:
    assert made.shape == maps.shape
    scale = max(1, np.abs(maps).max())
    worst[library] = max(worst.get(library, 0), float(np.abs(made - maps).max() / scale))
    np.testing.assert_allclose(made, maps, rtol=0, atol=TOLERANCE * scale)


frameworks = pytest.mark.parametrize("library", [Library.TORCH, Library.KERAS])
schemes = pytest.mark.parametrize("scheme", [REAL, NAIVE, SHARED])


@frameworks
@schemes
@settings(max_examples=50, deadline=None)
@given(data=st.data())
def test_fifty_networks(library, scheme, data) -> None:
    network = data.draw(mixed(most_layers=3 if scheme is NAIVE else 6))
    state = State(data.draw(drawings), network, scheme)
    saved = run(state, library)
    count = network.head if scheme is NAIVE else len(network.layers)
    in_view = tuple(map(tuple, addresses(network))) if scheme is NAIVE else ()
    shown = forward(Request(state, in_view, method="signal"))
    assert len(saved) == count
    for index in range(count):
        check(library, saved[f"layer{index + 1}.maps"], shown.maps[index])


@frameworks
@schemes
@settings(max_examples=15, deadline=None)
@given(data=st.data())
def test_one_map_alone(library, scheme, data) -> None:
    network = data.draw(mixed(most_layers=4, body=scheme is NAIVE))
    state = State(data.draw(drawings), network, scheme)
    last = len(network.layers) - 1
    if scheme is NAIVE:
        address = data.draw(st.sampled_from(addresses(network)[-1]))
        in_view = (*((),) * last, (address,))
    else:
        output = data.draw(st.integers(0, network.layers[-1].out_channels - 1))
        address, in_view = path_to(network, (0,) * 16, last, output), ()
    wanted = forward(Request(state, in_view, method="signal")).find(address)
    assert wanted is not None
    saved = run(state, library, address=address, pixel=(0, 0))
    check(library, saved[f"layer{last + 1}.maps"], wanted[np.newaxis])


@frameworks
@pytest.mark.parametrize("name", ACTIVATIONS)
@settings(max_examples=5, deadline=None)
@given(data=st.data())
def test_every_activation(library, name, data) -> None:
    layer = data.draw(layers(channels=1))
    values = tuple(
        float(np.float32((one.default + one.high) / 2)) for one in ACTIVATIONS[name].parameters
    )
    layer = replace(layer, activation=name, activation_parameters=values)
    state = State(data.draw(drawings), Network((layer,)))
    saved = run(state, library)
    made, maps = saved["layer1.maps"], forward(Request(state, method="signal")).maps[0]
    jumps = ACTIVATIONS[name].jumps(*values)
    if jumps:  # beside a jump, the last bit of a sum decides between two values
        plain = replace(layer, activation="none", activation_parameters=())
        before = forward(Request(State(state.drawing, Network((plain,))), method="signal")).maps[0]
        near = np.min([abs(before - jump) for jump in jumps], axis=0) < 1e-4
        made, maps = np.where(near, 0, made), np.where(near, 0, maps)
    check(library, made, maps)


@pytest.fixture(scope="module", autouse=True)
def figures():
    """What the README says: the largest difference, relative to a layer's largest value."""
    yield
    for library, value in worst.items():
        print(f"\n{library.label}: {value:.1e}")
