"""Time the reading of 10,000 images beside PyTorch's; prints one JSON object.

Run by bench.py, in a process without Qt, on one thread. Both take batches, each of the size that
serves it best, and both begin with bytes and end with the likeliest class and its probability.
"""

import json
import sys
from collections.abc import Callable
from typing import Any

import numpy as np
from bench_core import in_turn, optional
from threadpoolctl import threadpool_limits

from cnn_explorer.core.building import add_layer, new_network
from cnn_explorer.core.evaluation import BATCH, read_digits
from cnn_explorer.core.kernel_layers import Conv2d
from cnn_explorer.core.layers import Kind
from cnn_explorer.core.network import Network
from cnn_explorer.core.state import State

COUNT = 10_000
HEAD: tuple[Kind, ...] = ("MaxPool2d", "MaxPool2d", "Flatten", "Linear")
BATCHES = (16, 32, 64, 128, 256)

torch = optional("torch")


def main() -> int:
    """Measure 8 and 16 filters of random weights: what they are takes no time."""
    images = np.random.default_rng(0).integers(0, 256, (COUNT, 28, 28), np.uint8)
    network = new_network((8, 16), initialisation="he")
    for kind in HEAD:
        network = add_layer(State(images[0] / np.float32(255), network), kind)
    state = State(images[0] / np.float32(255), network)
    runs: dict[str, Callable[[], Any]] = {
        f"images a second, batches of {BATCH}": lambda: read_digits(state, images)
    }
    if torch is not None:
        torch.set_num_threads(1)
        runs |= {
            f"PyTorch's, batches of {size}": torch_run(network, images, size) for size in BATCHES
        }
    with threadpool_limits(1, user_api="blas"):
        if torch is not None:
            readings = read_digits(state, images)
            shares, classes = runs[f"PyTorch's, batches of {BATCHES[0]}"]()
            np.testing.assert_allclose(readings.confidences, shares, rtol=1e-3)
            assert np.mean(readings.classes == classes) > 0.999  # but for ties
        seconds = in_turn(runs, rounds=5)
    figures = {name: COUNT / each * 1e3 for name, each in seconds.items()}
    ours, *theirs = figures.values()
    if theirs:
        figures["as many as PyTorch's best, times"] = ours / max(theirs)
    print(json.dumps(figures))
    return 0


def torch_run(network: Network, images: Any, size: int) -> Callable[[], Any]:
    """The same network in PyTorch, on batches of a size."""
    functional = torch.nn.functional
    layers = [layer for layer in network.layers if isinstance(layer, Conv2d)]
    weights = [
        [torch.from_numpy(np.array(array)) for array in (layer.weight, layer.bias)]
        for layer in layers
    ]

    def read(batch: Any) -> Any:
        maps = torch.from_numpy(batch).float().div_(255)[:, None]
        for weight, bias in weights[:-1]:
            maps = functional.relu_(functional.conv2d(maps, weight, bias, padding=1))
        maps = functional.max_pool2d(functional.max_pool2d(maps, 2), 2).flatten(1)
        weight, bias = weights[-1]
        values = functional.linear(maps, weight.flatten(1), bias)
        return functional.softmax(values, 1).max(1)

    def run() -> Any:
        with torch.inference_mode():
            parts = [read(images[start : start + size]) for start in range(0, COUNT, size)]
            return [torch.cat(each).numpy() for each in zip(*parts, strict=True)]

    return run


if __name__ == "__main__":
    sys.exit(main())
