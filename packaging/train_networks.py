"""The networks that are trained: their layers for PyTorch, and the same layers for the program."""

from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import torch
from torch import nn
from train_augment import MILD, Augmentation

from cnn_explorer.core.activations import Array
from cnn_explorer.core.kernel_layers import Conv2d, Linear
from cnn_explorer.core.kernels import bank
from cnn_explorer.core.layer import Layer
from cnn_explorer.core.layers import Flatten, MaxPool2d
from cnn_explorer.core.network import INPUT_SIZE, Network
from cnn_explorer.core.trained import TRAINED

CLASSES = 10


@dataclass(frozen=True)
class Recipe:
    """A network and how it is trained.

    Parameters
    ----------
    stages
        In order: ("conv", filters, side) or ("conv", filters, side, groups), each with same
        padding and ReLU; ("pool", side). After the last one all values go into ten outputs.
    epochs
        How often training goes through all images.
    rate
        The highest learning rate.
    decay
        Weight decay.
    outliers
        Weight of the loss on what is no digit.
    shapes
        Which shapes of the program's bank the first layer's kernels begin as; none: the first ones.
    settling
        How often it goes through them again, at a quarter of the rate and with less variation.
    hold
        Weight of the squared differences of the first layer's kernels from what they begin as, so
        that they stay shapes that a person can read.
    normalised
        Whether batch normalisation follows each convolution in training; what it comes to is then
        part of the kernels and biases.
    refused
        Share of the calibration digits that the threshold refuses.
    """

    stages: tuple[tuple[Any, ...], ...]
    epochs: int
    rate: float
    decay: float = 0.01
    outliers: float = 0.5
    shapes: tuple[int, ...] = ()
    settling: int = 8
    hold: float = 0.0
    normalised: bool = False
    refused: float = 0.01

    @property
    def phases(self) -> list[tuple[int, float, Augmentation]]:
        """Epochs, highest rate and variation of each phase of the training."""
        phases = [
            (self.epochs, self.rate, Augmentation()),
            (self.settling, self.rate / 4, MILD),
        ]
        return [phase for phase in phases if phase[0]]


RECIPES = {
    "3-4": Recipe(
        (("conv", 3, 3), ("conv", 4, 3), ("pool", 4)),
        epochs=24,
        rate=0.01,
        settling=0,
        outliers=0.2,
        refused=0.02,
    ),
    "8-16": Recipe(
        (("conv", 8, 3), ("conv", 16, 3), ("pool", 4)),
        epochs=14,
        rate=0.01,
        settling=6,
        outliers=0.3,
        normalised=True,
        refused=0.02,
    ),
    "16-32-64": Recipe(
        (("conv", 16, 3), ("conv", 32, 3), ("pool", 2), ("conv", 64, 3), ("pool", 2)),
        epochs=26,
        rate=0.004,
        decay=0.05,
        settling=0,
    ),
    "5x5": Recipe(
        (("conv", 8, 5), ("conv", 12, 5), ("pool", 4)),
        epochs=14,
        rate=0.008,
        settling=0,
        refused=0.02,
    ),
    "7x7": Recipe(
        (("conv", 6, 7), ("conv", 12, 3), ("pool", 4)),
        epochs=16,
        rate=0.008,
        shapes=(4, 5, 11, 15, 0, 1),  # lines of four directions and two edges
        hold=0.02,
        refused=0.02,
    ),
    "separable": Recipe(
        (
            ("conv", 8, 3),
            ("conv", 16, 3, 8),
            ("conv", 24, 1),
            ("pool", 2),
            ("conv", 24, 3, 24),
            ("conv", 32, 1),
            ("pool", 2),
        ),
        epochs=14,
        settling=0,
        rate=0.008,
    ),
}


def module_of(recipe: Recipe) -> Any:
    """Make the network for PyTorch.

    The first layer's kernels are those of the program's bank, all others random from PyTorch's
    generator; convolutions begin with biases of 0.
    """
    modules: list[Any] = []
    channels, side = 1, INPUT_SIZE[0]
    for kind, count, *others in recipe.stages:
        if kind == "conv":
            kernel, groups = others[0], others[1] if len(others) > 1 else 1
            modules += [
                nn.Conv2d(channels, count, kernel, padding="same", groups=groups),
                *([nn.BatchNorm2d(count)] if recipe.normalised else []),
                nn.ReLU(),
            ]
            channels = count
        else:
            modules.append(nn.MaxPool2d(count))
            side //= count
    module = nn.Sequential(*modules, nn.Flatten(), nn.Linear(channels * side**2, CLASSES))
    with torch.no_grad():
        module[0].weight.copy_(first_kernels(recipe))
        for part, _ in _convolutions(module):
            part.bias.zero_()
    return module


@cache
def first_kernels(recipe: Recipe) -> Any:
    """What the first layer's kernels begin as, shape (filters, 1, kh, kw)."""
    _, filters, side = recipe.stages[0]
    shapes = list(recipe.shapes or range(filters))
    return torch.from_numpy(bank((side, side))[shapes, np.newaxis])


def without_ground(module: Any) -> None:
    """Keep the biases of convolutions from being positive: where nothing is drawn, maps are 0."""
    with torch.no_grad():
        for part, norm in _convolutions(module):
            if norm is None:
                part.bias.clamp_(max=0)
            else:
                norm.bias.sub_(_bias(part, norm).clamp(min=0))


def without_norms(module: Any) -> Any:
    """Make batch normalisation, with the statistics that it has measured, part of convolutions."""
    with torch.no_grad():
        for part, norm in _convolutions(module):
            if norm is not None:
                part.bias.copy_(_bias(part, norm).clamp(max=0))
                part.weight.mul_(_scale(norm)[:, None, None, None])
    return nn.Sequential(*(part for part in module if not isinstance(part, nn.BatchNorm2d)))


def _convolutions(module: Any) -> list[tuple[Any, Any]]:
    """The convolutions, each with the batch normalisation that follows it, or None."""
    return [
        (part, after if isinstance(after, nn.BatchNorm2d) else None)
        for part, after in zip(module, list(module)[1:], strict=False)
        if isinstance(part, nn.Conv2d)
    ]


def _scale(norm: Any) -> Any:
    return norm.weight / (norm.running_var + norm.eps).sqrt()


def _bias(part: Any, norm: Any) -> Any:
    """What is added, in the end, to the sums of a convolution."""
    return norm.bias + (part.bias - norm.running_mean) * _scale(norm)


def network_of(module: Any, seed: int) -> Network:
    """Make the program's network of a trained one."""
    layers: list[Layer] = []
    channels, size = 1, INPUT_SIZE
    for part in module:
        number = len(layers)
        if isinstance(part, nn.Conv2d):
            layers.append(
                Conv2d(
                    number,
                    _array(part.weight),
                    _array(part.bias),
                    groups=part.groups,
                    initialisation=TRAINED,
                    fan=(part.in_channels // part.groups, part.out_channels),
                )
            )
        elif isinstance(part, nn.MaxPool2d):
            side = (part.kernel_size, part.kernel_size)
            layers.append(MaxPool2d(number, channels, side, side))
        elif isinstance(part, nn.Flatten):
            layers.append(Flatten(number, channels, size))
        elif isinstance(part, nn.Linear):
            layers.append(
                Linear(
                    number,
                    _array(part.weight)[:, :, np.newaxis, np.newaxis],
                    _array(part.bias),
                    activation="none",
                    initialisation=TRAINED,
                    fan=(part.in_features, part.out_features),
                )
            )
        else:
            continue  # ReLU is part of its convolution
        channels, size = layers[-1].out_channels, layers[-1].output_size(size)
    return Network(tuple(layers), seed)


def _array(tensor: Any) -> Array:
    array: Array = tensor.detach().numpy().astype(np.float32)
    return array
