"""Time the computation beside PyTorch's and ONNX Runtime's; prints one JSON object.

Run by bench.py, in a process without Qt. All that is compared runs in turn in one process, and each
figure is the median of its rounds, since machines are noisy: trust the ratios. What is not
installed is left out; ``pip install --group bench`` gets it.
"""

import importlib
import json
import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
from threadpoolctl import threadpool_info, threadpool_limits

from cnn_explorer.core.building import new_network
from cnn_explorer.core.explain import contributions
from cnn_explorer.core.forward import Activations, Request, forward
from cnn_explorer.core.kernel_layers import Conv2d
from cnn_explorer.core.network import Network
from cnn_explorer.core.state import State

NETWORKS = ((3, 4), (8, 16), (16, 32), (32, 64, 128), (64, 128, 256))
ROUNDS = 31
SECONDS = 0.02
"""How long each of the compared runs in one round."""
SQUARE = 1024
"""Side of the matrices of which the product says what one core can do."""
PIXELS = 28 * 28

Run = Callable[[], Any]


def optional(name: str) -> Any:
    """A module, or None where it is not installed."""
    try:
        return importlib.import_module(name)
    except ImportError:
        return None


torch, onnx, onnxruntime = map(optional, ("torch", "onnx", "onnxruntime"))


def main() -> int:
    """Measure all networks with one thread, then with two."""
    result: dict[str, Any] = {"versions": versions()}
    for threads in (1, 2):
        if torch is not None:
            torch.set_num_threads(threads)
        with threadpool_limits(threads, user_api="blas"):
            result[str(threads)] = {
                "-".join(map(str, filters)): measured(filters, threads) for filters in NETWORKS
            }
    print(json.dumps(result))
    return 0


def versions() -> dict[str, str]:
    """What is compared, and which kernels numpy's matrix product runs here."""
    modules = {"numpy": np, "torch": torch, "onnxruntime": onnxruntime}
    names = {
        name: module.__version__ if module else "not installed" for name, module in modules.items()
    }
    pools = [pool for pool in threadpool_info() if pool["user_api"] == "blas"]
    kernels = {str(pool.get("architecture")) for pool in pools}
    return names | {"python": sys.version.split()[0], "BLAS kernels": ", ".join(sorted(kernels))}


def measured(filters: tuple[int, ...], threads: int) -> dict[str, float]:
    """Milliseconds of everything on one network of 3×3 kernels, ReLU and "same" padding."""
    network = new_network(filters)
    generator = np.random.default_rng(0)
    drawing = generator.random((28, 28), np.float32)
    stroke = drawing.copy()
    stroke[12:16, 12:16] = generator.random((4, 4), np.float32)
    requests = [Request(State(each, network), method="matmul") for each in (drawing, stroke)]
    whole = forward(requests[0])
    deep = network.layers[-1]
    assert isinstance(deep, Conv2d)
    inputs = whole.maps[-2]
    square = generator.random((2, SQUARE, SQUARE), np.float32)
    runs: dict[str, Run] = {
        "full": lambda: forward(requests[0]),
        "products": products(network),
        "peak": lambda: np.matmul(square[0], square[1]),
        "stroke": Strokes(requests),
        "copies": lambda: [maps.copy() for maps in whole.maps],
        "parts": lambda: contributions(inputs, deep, 0, method="signal"),
        "parts by product": lambda: contributions(inputs, deep, 0, method="matmul"),
    }
    if filters == NETWORKS[0]:  # the opening network, which "auto" leaves to scipy.signal
        few = [replace(request, method="signal") for request in requests]
        runs |= {"full by signal": lambda: forward(few[0]), "stroke by signal": Strokes(few)}
    if torch is not None:
        runs |= torch_runs(network, drawing, inputs)
    if onnx is not None and onnxruntime is not None:
        runs |= onnx_runs(network, drawing, inputs, threads)
    for name in ("torch full", "onnxruntime full"):
        if name in runs:
            for theirs, ours in zip(runs[name](), whole.maps, strict=True):
                np.testing.assert_allclose(np.asarray(theirs)[0], ours, rtol=1e-3, atol=1e-4)
    figures = in_turn(runs)
    work = 2 * network.multiply_adds
    figures["peak, GFLOP/s"] = 2 * SQUARE**3 / figures.pop("peak") / 1e6
    for name in ("full", "products", "torch full", "onnxruntime full"):
        if name in figures:
            figures[f"share of peak, {name}"] = (
                work / figures[name] / 1e6 / figures["peak, GFLOP/s"]
            )
    return figures


class Strokes:
    """One more point of a stroke with each call: there and back, 4×4 pixels in the middle."""

    def __init__(self, requests: list[Request]) -> None:
        self._requests = requests
        self._known: Activations = forward(requests[0])

    def __call__(self) -> None:
        """Draw the next point."""
        self._requests.reverse()
        self._known = forward(self._requests[0], known=self._known)


def products(network: Network) -> Run:
    """The matrix products of a full pass, and nothing else."""
    generator = np.random.default_rng(0)
    layers = [layer for layer in network.layers if isinstance(layer, Conv2d)]
    factors = [
        (
            layer.weight.reshape(layer.out_channels, -1),
            generator.random((layer.weight[0].size, PIXELS), np.float32),
            np.empty((layer.out_channels, PIXELS), np.float32),
        )
        for layer in layers
    ]
    return lambda: [np.matmul(weight, columns, out=out) for weight, columns, out in factors]


def torch_runs(network: Network, drawing: Any, inputs: Any) -> dict[str, Run]:
    """PyTorch's full pass, and one map's contributions by a grouped convolution."""
    convolve, relu = torch.nn.functional.conv2d, torch.nn.functional.relu_
    tensor: Callable[[Any], Any] = lambda array: torch.from_numpy(np.array(array))  # noqa: E731
    layers = [layer for layer in network.layers if isinstance(layer, Conv2d)]
    weights = [(tensor(layer.weight), tensor(layer.bias)) for layer in layers]
    image, maps = tensor(drawing)[None, None], tensor(inputs)[None]
    kernels = weights[-1][0][0][:, None]

    def full() -> list[Any]:
        results, last = [], image
        with torch.inference_mode():
            for weight, bias in weights:
                last = relu(convolve(last, weight, bias, padding=1))
                results.append(last)
        return results

    def parts() -> Any:
        with torch.inference_mode():
            return convolve(maps, kernels, padding=1, groups=len(kernels))

    return {"torch full": full, "torch parts": parts}


def onnx_runs(network: Network, drawing: Any, inputs: Any, threads: int) -> dict[str, Run]:
    """The same by ONNX Runtime; all maps are outputs, as they are here."""
    helper, array = onnx.helper, onnx.numpy_helper.from_array
    layers = [layer for layer in network.layers if isinstance(layer, Conv2d)]
    nodes, constants = [], []
    for index, layer in enumerate(layers):
        names = [f"map{index}", f"weight{index}", f"bias{index}"]
        nodes.append(helper.make_node("Conv", names, [f"sum{index}"], pads=[1, 1, 1, 1]))
        nodes.append(helper.make_node("Relu", [f"sum{index}"], [f"map{index + 1}"]))
        constants += [
            array(np.array(layer.weight), names[1]),
            array(np.array(layer.bias), names[2]),
        ]
    counts = [layer.out_channels for layer in layers]
    outputs = {f"map{index + 1}": count for index, count in enumerate(counts)}
    full = _session(nodes, constants, {"map0": 1}, outputs, threads)
    kernels = np.array(layers[-1].weight[0][:, np.newaxis])
    count = len(kernels)
    node = helper.make_node("Conv", ["maps", "w"], ["parts"], pads=[1, 1, 1, 1], group=count)
    parts = _session([node], [array(kernels, "w")], {"maps": count}, {"parts": count}, threads)
    image, maps = {"map0": np.array(drawing)[None, None]}, {"maps": np.array(inputs)[None]}
    return {
        "onnxruntime full": lambda: full.run(None, image),
        "onnxruntime parts": lambda: parts.run(None, maps),
    }


def _session(
    nodes: list[Any],
    constants: list[Any],
    inputs: dict[str, int],
    outputs: dict[str, int],
    threads: int,
) -> Any:
    helper = onnx.helper
    ends = [
        [
            helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, [1, count, 28, 28])
            for name, count in side.items()
        ]
        for side in (inputs, outputs)
    ]
    graph = helper.make_graph(nodes, "network", *ends, constants)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    options = onnxruntime.SessionOptions()
    # Its threads would wait in a loop, in the others' turns.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.intra_op_num_threads, options.inter_op_num_threads = threads, 1
    return onnxruntime.InferenceSession(
        model.SerializeToString(), options, providers=["CPUExecutionProvider"]
    )


def in_turn(runs: dict[str, Run], rounds: int = ROUNDS) -> dict[str, float]:
    """Median milliseconds of each, all run in turn."""
    repeats: dict[str, int] = {}
    times: dict[str, list[float]] = {name: [] for name in runs}
    for name, run in runs.items():
        run()
        start = time.perf_counter()
        run()
        repeats[name] = max(1, int(SECONDS / (time.perf_counter() - start)))
    for _ in range(rounds):
        for name, run in runs.items():
            start = time.perf_counter()
            for _ in range(repeats[name]):
                run()
            times[name].append((time.perf_counter() - start) / repeats[name])
    return {name: 1e3 * statistics.median(each) for name, each in times.items()}


if __name__ == "__main__":
    sys.exit(main())
