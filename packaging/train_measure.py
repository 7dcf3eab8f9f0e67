"""Calibrates a trained network, and measures how well it reads and what it refuses to read."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch.nn import functional
from train_augment import plainly_drawn
from train_data import Part

from cnn_explorer.core.forward import Request, forward
from cnn_explorer.core.network import Network
from cnn_explorer.core.state import State

PEN = 2.4
"""Diameter in pixels of the pen that digits are drawn with again, and what is no digit."""
CHECKED = 100
"""How many validation digits the program reads too."""


@dataclass(frozen=True)
class Measured:
    """What a card says.

    Parameters
    ----------
    temperature, threshold
        Calibrated on the calibration part.
    accuracy
        On the validation part.
    refused
        Share of the validation digits of which no class has a probability of the threshold.
    kept_accuracy
        Of the validation digits that are not refused.
    drawn_accuracy, drawn_refused
        The same of the validation digits, thinned and drawn with a pen.
    outliers
        By kind, the share of what is no digit that is refused.
    """

    temperature: float
    threshold: float
    accuracy: float
    refused: float
    kept_accuracy: float
    drawn_accuracy: float
    drawn_refused: float
    outliers: dict[str, float]


def measured(module: Any, parts: dict[str, Part], refused: float) -> Measured:
    """Calibrate a network, and measure it on what it was neither trained nor calibrated on."""
    calibration, validation = parts["calibration"], parts["validation"]
    logits = _logits(module, _inputs(calibration.images))
    temperature = _temperature(logits, torch.from_numpy(calibration.labels))
    drawn = _logits(module, plainly_drawn(torch.from_numpy(calibration.fields), PEN))
    both = torch.cat([logits, drawn])
    threshold = float(np.float32(torch.quantile(_largest(both, temperature), refused)))
    labels = torch.from_numpy(validation.labels)
    logits = _logits(module, _inputs(validation.images))
    right, kept = logits.argmax(1) == labels, _largest(logits, temperature) >= threshold
    drawn = _logits(module, plainly_drawn(torch.from_numpy(validation.fields), PEN))
    return Measured(
        temperature,
        threshold,
        _share(right),
        _share(~kept),
        _share(right[kept]),
        _share(drawn.argmax(1) == labels),
        _share(_largest(drawn, temperature) < threshold),
        {
            kind: _share(
                _largest(_logits(module, plainly_drawn(torch.from_numpy(shapes), PEN)), temperature)
                < threshold
            )
            for kind, shapes in validation.outliers.items()
        },
    )


def difference(module: Any, network: Network, part: Part) -> float:
    """Largest difference between logits of PyTorch and of the program, over some digits."""
    inputs = _inputs(part.images[:CHECKED])
    found = [
        forward(Request(State(drawing, network))).maps[-1][:, 0, 0]
        for drawing in inputs[:, 0].numpy()
    ]
    return float(np.abs(np.array(found) - _logits(module, inputs).numpy()).max())


def _inputs(images: npt.NDArray[np.uint8]) -> Any:
    return torch.from_numpy(images.copy())[:, None].float() / 255


def _logits(module: Any, inputs: Any) -> Any:
    with torch.no_grad():
        return torch.cat([module(part) for part in inputs.split(1000)])


def _temperature(logits: Any, labels: Any) -> float:
    """The one of the smallest negative log-likelihood (C. Guo et al., 2017, arXiv:1706.04599)."""
    candidates = np.geomspace(0.25, 4, 401).astype(np.float32)
    losses = [functional.cross_entropy(logits / float(one), labels) for one in candidates]
    return float(candidates[int(torch.stack(losses).argmin())])


def _largest(logits: Any, temperature: float) -> Any:
    """The largest probability of each drawing."""
    return functional.softmax(logits / temperature, 1).amax(1)


def _share(flags: Any) -> float:
    return float(flags.double().mean())
