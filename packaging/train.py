"""Train the bundled networks, and write them and their cards into resources/networks.

``.venv/bin/pip install --group training`` gets what is needed. On Linux
``PIP_INDEX_URL=https://download.pytorch.org/whl/cpu`` chooses the packages without CUDA. The same
seed and number of threads give the same weights on the same machine. Elsewhere sums are rounded in
another order, and the accuracy is the same within noise.
"""

import argparse
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch.nn import functional
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn
from train_augment import Augmentation
from train_card import card
from train_data import Part, read_parts
from train_measure import difference, measured
from train_networks import (
    RECIPES,
    Recipe,
    first_kernels,
    module_of,
    network_of,
    without_ground,
    without_norms,
)

from cnn_explorer.core.network import Trained
from cnn_explorer.io.weights import load_network, save_network

_FOLDER = Path(__file__).resolve().parents[1] / "resources" / "networks"
_BATCH = 256
_OUTLIERS = 64
"""How many of a batch are no digits, beside the digits."""


def main() -> int:
    """Train what the command line names, one after the other."""
    parser = argparse.ArgumentParser(description="Train the bundled networks.")
    parser.add_argument("--data", type=Path, required=True, help="folder with MNIST's two files")
    parser.add_argument("--only", choices=RECIPES, action="append", help="leave out all others")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--out", type=Path, default=_FOLDER, help="folder to write to")
    parser.add_argument(
        "--weights", type=Path, help="folder to keep weights in; those that it has are not trained"
    )
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    parts = read_parts(options.data)
    for name in options.only or RECIPES:
        module = _module(name, parts["training"], options.seed, options.weights)
        _write(name, module, parts, options.seed, options.out)
    return 0


def _write(name: str, module: Any, parts: dict[str, Part], seed: int, folder: Path) -> None:
    """Calibrate and measure a network, and write it and its card into a folder."""
    network, figures = network_of(module, seed), measured(module, parts, RECIPES[name].refused)
    trained = Trained(name, network.layers, figures.temperature, figures.threshold)
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}.safetensors"
    save_network(path, replace(network, trained=trained))
    error = difference(module, load_network(path), parts["validation"])
    text = card(name, RECIPES[name], network, figures, error)
    (folder / f"{name}.md").write_text(text, encoding="utf-8")
    print(text, flush=True)


def _module(name: str, part: Part, seed: int, folder: Path | None) -> Any:
    """Train a network, or take its weights from where an earlier run has left them."""
    path = folder and folder / f"{name}-{seed}.pt"
    if path is not None and path.exists():
        module = without_norms(module_of(RECIPES[name]))
        module.load_state_dict(torch.load(path, weights_only=True))
        return module
    print(f"{name}, seed {seed}", flush=True)
    module = trained(RECIPES[name], part, seed)
    if path is not None:
        torch.save(module.state_dict(), path)
    return module


def trained(recipe: Recipe, part: Part, seed: int) -> Any:
    """Train a network.

    Parameters
    ----------
    recipe
        The network and how it is trained.
    part
        What it is trained with.
    seed
        Of its first weights, of the order of images, and of how they are varied.

    Returns
    -------
    Module
        With the moving average of the weights.
    """
    torch.manual_seed(seed)
    module = module_of(recipe)
    for phase, (epochs, rate, augmentation) in enumerate(recipe.phases):
        generator = torch.Generator().manual_seed(seed + 1000 * phase)
        module = _phase(recipe, module, part, generator, epochs, rate, augmentation)
    return without_norms(module.eval())


def _phase(
    recipe: Recipe,
    module: Any,
    part: Part,
    generator: Any,
    epochs: int,
    rate: float,
    augmentation: Augmentation,
) -> Any:
    """Train a network further, with a rate that rises and falls, and return the moving average."""
    images, fields = torch.from_numpy(part.images.copy()), torch.from_numpy(part.fields)
    labels = torch.from_numpy(part.labels)
    others = torch.from_numpy(np.concatenate(list(part.outliers.values())))
    average = AveragedModel(module, multi_avg_fn=get_ema_multi_avg_fn(0.998), use_buffers=True)
    optimizer = torch.optim.AdamW(module.parameters(), lr=rate, weight_decay=recipe.decay)
    steps = len(images) // _BATCH
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, rate, total_steps=epochs * steps, pct_start=0.15
    )
    for epoch in range(epochs):
        start, total = time.perf_counter(), 0.0
        order = torch.randperm(len(images), generator=generator)
        for step in range(steps):
            chosen = order[step * _BATCH : (step + 1) * _BATCH]
            written, drawn = chosen[: _BATCH // 2], chosen[_BATCH // 2 :]
            which = torch.randint(len(others), (_OUTLIERS,), generator=generator)
            inputs = torch.cat(
                [
                    augmentation.written(images[written], generator),
                    augmentation.drawn(torch.cat([fields[drawn], others[which]]), generator),
                ]
            )
            loss = _loss(recipe, module, inputs, labels[chosen])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            without_ground(module)
            schedule.step()
            average.update_parameters(module)
            total += float(loss.detach())
        seconds = time.perf_counter() - start
        print(f"  epoch {epoch + 1}: loss {total / steps:.4f}, {seconds:.0f} s", flush=True)
    return average.module


def _loss(recipe: Recipe, module: Any, inputs: Any, labels: Any) -> Any:
    """Cross-entropy of the digits, and to ten equal shares of the rest.

    The latter is outlier exposure (D. Hendrycks, M. Mazeika and T. Dietterich, 2019,
    arXiv:1812.04606).
    """
    shares = functional.log_softmax(module(inputs), 1)
    loss = functional.nll_loss(shares[: len(labels)], labels)
    loss = loss - recipe.outliers * shares[len(labels) :].mean()
    if recipe.hold:
        moved = module[0].weight - first_kernels(recipe)
        loss = loss + recipe.hold * moved.square().sum()
    return loss


if __name__ == "__main__":
    sys.exit(main())
