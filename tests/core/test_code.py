"""Scripts of networks: what they compute is what the program computes."""

import io
import subprocess
import sys
from contextlib import redirect_stdout
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cnn_explorer.core.activations import ACTIVATIONS
from cnn_explorer.core.addresses import path_to
from cnn_explorer.core.building import new_network
from cnn_explorer.core.code import MOST_INLINE, Library, script
from cnn_explorer.core.forward import Activations, Request, forward
from cnn_explorer.core.layers import BatchNorm2d
from cnn_explorer.core.network import Network
from cnn_explorer.core.state import State

from .oracle import NAIVE, REAL, SHARED, addresses, drawings, mixed

TOLERANCE = 1e-6  # of the largest magnitude of a layer's maps, or of 1


def run(text: str) -> dict[str, Any]:
    """The names that a script leaves behind, and as ``printed`` the lines that it printed."""
    names: dict[str, Any] = {"__name__": "script"}
    with redirect_stdout(io.StringIO()) as printed:
        exec(compile(text, "script", "exec"), names)
    return names | {"printed": printed.getvalue().splitlines()}


def maps_of(text: str) -> dict[str, np.ndarray]:
    return run(text)["saved"]


def computed(state: State, in_view: tuple = ()) -> Activations:
    return forward(Request(state, in_view, method="signal"))


def check(made: np.ndarray, maps: np.ndarray, tolerance: float = TOLERANCE) -> None:
    assert made.dtype == np.float32
    assert made.shape == maps.shape
    scale = max(1, np.abs(maps).max())
    np.testing.assert_allclose(made, maps, rtol=0, atol=tolerance * scale)


def every(state: State) -> tuple:
    """All of Naive's maps, in the order in which a script makes them."""
    if state.scheme is not NAIVE:
        return ()
    return tuple(map(tuple, addresses(state.network)))


@pytest.mark.parametrize("scheme", [REAL, NAIVE, SHARED])
@settings(max_examples=50, deadline=None)
@given(data=st.data())
def test_fifty_networks(scheme, data) -> None:
    network = data.draw(mixed(most_layers=3 if scheme is NAIVE else 6))
    state = State(data.draw(drawings), network, scheme)
    saved = maps_of(script(state, Library.NUMPY).text)
    shown = computed(state, every(state))
    layers = network.head if scheme is NAIVE else len(network.layers)
    assert len(saved) == layers
    for index in range(layers):
        check(saved[f"layer{index + 1}.maps"], shown.maps[index])


@pytest.mark.parametrize("scheme", [REAL, NAIVE, SHARED])
@settings(max_examples=20, deadline=None)
@given(data=st.data())
def test_one_map_alone(scheme, data) -> None:
    network = data.draw(mixed(most_layers=4, body=scheme is NAIVE))
    state = State(data.draw(drawings), network, scheme)
    if scheme is NAIVE:
        address = data.draw(st.sampled_from(addresses(network)[-1]))
        after = len(network.layers) - len(address)
        in_view = (*((),) * (len(address) - 1), (address,), *((),) * after)
    else:
        last = network.layers[-1].out_channels
        address = path_to(
            network, (0,) * 16, len(network.layers) - 1, data.draw(st.integers(0, last - 1))
        )
        in_view = ()
    names = run(script(state, Library.NUMPY, address=address, pixel=(0, 0)).text)
    wanted = computed(state, in_view).find(address)
    assert wanted is not None
    check(names["saved"][f"layer{len(address)}.maps"], wanted[np.newaxis])
    assert names["printed"][-1].startswith("Pixel (0, 0): ")


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_every_activation(name) -> None:
    network = new_network((2,), (3,))
    layer = replace(network.layers[0], activation=name)
    drawing = np.random.default_rng(3).random((28, 28), np.float32)
    state = State(drawing, Network((layer,)))
    saved = maps_of(script(state, Library.NUMPY).text)
    check(saved["layer1.maps"], computed(state).maps[0])


def test_prints_each_layer() -> None:
    state = State(np.eye(28, dtype=np.float32), new_network((2, 3), (3,)))
    names = run(script(state, Library.NUMPY).text)
    saved, lines = names["saved"], names["printed"]
    assert [line.partition(":")[0] for line in lines] == ["Conv 1", "Conv 2"]
    total = float(lines[1].partition("sum ")[2].partition(",")[0])
    assert total == pytest.approx(float(saved["layer2.maps"].sum(dtype=float)), rel=1e-8)


def test_numbers_are_exact() -> None:
    state = State(np.random.default_rng(1).random((28, 28), np.float32), new_network((2,), (3,)))
    names = run(script(state, Library.NUMPY).text)
    np.testing.assert_array_equal(names["drawing"], state.drawing)
    np.testing.assert_array_equal(names["weight1"], state.network.layers[0].weight)


def test_many_numbers_lie_beside_it(tmp_path) -> None:
    network = new_network((40, 60), (3,))
    state = State(np.eye(28, dtype=np.float32), network)
    with pytest.raises(
        ValueError, match=r"has 22,060 numbers, and a script by itself holds up to 20,000"
    ):
        script(state, Library.NUMPY)
    text, numbers = script(state, Library.NUMPY, beside="lesson.npz")
    assert len(text) < 10_000
    np.savez(tmp_path / "lesson.npz", **numbers)
    (tmp_path / "lesson.py").write_text(text, encoding="utf-8")
    command = [sys.executable, "lesson.py", "maps.npz"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)
    assert done.stdout.startswith("Conv 1: shape (40, 28, 28), sum ")
    with np.load(tmp_path / "maps.npz") as saved:
        check(saved["layer2.maps"], computed(state).maps[1])
    assert sum(array.size for array in numbers.values()) - 784 > MOST_INLINE


def test_naive_with_too_many_maps_is_refused() -> None:
    state = State(np.eye(28, dtype=np.float32), new_network((20, 20, 20), (3,)), NAIVE)
    with pytest.raises(ValueError, match=r"makes 8,420 maps, and a script at most 4,096: take the"):
        script(state, Library.NUMPY, beside="x.npz")
    assert "show" in script(state, Library.NUMPY, address=(1, 2, 3)).text


def test_a_map_that_there_is_none_of_is_refused() -> None:
    norm = BatchNorm2d(0, 1, *np.ones((4, 1), np.float32))
    state = State(np.eye(28, dtype=np.float32), Network((norm,)))
    with pytest.raises(ValueError, match="filters 0 to 0"):
        script(state, Library.NUMPY, address=(1,))


@pytest.mark.parametrize("library", Library)
def test_says_its_layout(library) -> None:
    text = script(State(np.eye(28, dtype=np.float32), new_network((2,), (3,))), library).text
    assert "Layout: " in text
    assert library.label in text
    compile(text, "script", "exec")
