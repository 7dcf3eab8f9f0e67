"""Makes other drawings of the same digit: moved, turned, bent, and written with another pen."""

import math
from dataclasses import dataclass
from typing import Any

import torch
from torch.nn import functional
from train_strokes import SIDE, STEP

_PIXEL = 2 / SIDE
"""A pixel in the coordinates of grid_sample, in which a drawing is two wide."""


@dataclass(frozen=True)
class Augmentation:
    """How far drawings are varied: each by a share, drawn evenly from 0 to 1, of these most.

    Parameters
    ----------
    shift
        Pixels, in each direction.
    rotation
        Degrees.
    scale
        (least, most), for both directions together.
    stretch
        By which share one direction is scaled more than the other.
    shear
        Columns by which a row is moved for each row above it.
    bend
        Pixels: standard deviation of the displacements at 6×6 places, between which they follow a
        smooth curve (P. Simard, D. Steinkraus and J. Platt, 2003).
    pen
        (least, most) diameter in pixels, of a round pen with an edge that is one pixel soft.
    """

    shift: float = 2.5
    rotation: float = 15
    scale: tuple[float, float] = (0.8, 1.15)
    stretch: float = 0.12
    shear: float = 0.15
    bend: float = 0.8
    pen: tuple[float, float] = (1.3, 3.8)

    def written(self, images: Any, generator: Any) -> Any:
        """Vary images, and how thick and how sharp their strokes are.

        Parameters
        ----------
        images
            uint8 tensor, shape (n, 28, 28).
        generator
            Of the random numbers.

        Returns
        -------
        Tensor
            float32, shape (n, 1, 28, 28), 0 to 1.
        """
        grid, _ = self._grid(len(images), generator)
        moved = functional.grid_sample(
            images[:, None].float() / 255, grid, align_corners=False, padding_mode="zeros"
        )
        soft = functional.avg_pool2d(moved, 3, 1, 1)
        level = 0.2 + 0.35 * torch.rand((len(images), 1, 1, 1), generator=generator)
        # At least so steep that what is blank stays so.
        steepness = (1 + torch.rand((len(images), 1, 1, 1), generator=generator)) / (2 * level)
        other = ((0.3 * moved + 0.7 * soft - level) * steepness + 0.5).clamp(0, 1)
        kept = torch.rand((len(images), 1, 1, 1), generator=generator) < 0.6
        return torch.where(kept, moved, other)

    def drawn(self, fields: Any, generator: Any) -> Any:
        """Vary strokes, and draw them with pens of random width.

        Parameters
        ----------
        fields
            uint8 tensor, shape (n, 56, 56), as of `train_strokes.field_of`.
        generator
            Of the random numbers.

        Returns
        -------
        Tensor
            float32, shape (n, 1, 28, 28), 0 to 1.
        """
        grid, scale = self._grid(len(fields), generator)
        distance = functional.grid_sample(
            fields[:, None].float() * STEP, grid, align_corners=False, padding_mode="border"
        )
        least, most = self.pen
        pen = least + (most - least) * torch.rand((len(fields), 1, 1, 1), generator=generator)
        return penned(distance * scale, pen)

    def _grid(self, count: int, generator: Any) -> tuple[Any, Any]:
        """Where each pixel is taken from, (n, 28, 28, 2), and how much larger all becomes."""
        share = torch.rand((count, 1, 1, 1), generator=generator)
        angle, stretch, shear, log_scale, right, down = (
            (share * _even(count, generator)).flatten() for _ in range(6)
        )
        least, most = (math.log(bound) for bound in self.scale)
        scale = torch.exp(
            (log_scale + share.flatten()) / 2 * (most - least) + least * share.flatten()
        )
        angle = angle * math.radians(self.rotation)
        wide, high = torch.exp(self.stretch * stretch), torch.exp(-self.stretch * stretch)
        cos, sin, shear = torch.cos(angle), torch.sin(angle), self.shear * shear
        # What is shown is found by the inverse: so sizes are divided by the scale.
        matrix = torch.stack(
            [
                torch.stack([cos * wide, (shear - sin) * wide, self.shift * _PIXEL * right], 1),
                torch.stack(
                    [sin * high, (cos + shear * sin) * high, self.shift * _PIXEL * down], 1
                ),
            ],
            1,
        )
        matrix[:, :, :2] /= scale[:, None, None]
        grid = functional.affine_grid(matrix, (count, 1, SIDE, SIDE), align_corners=False)
        bends = torch.randn((count, 2, 6, 6), generator=generator) * share * self.bend * _PIXEL
        bends = functional.interpolate(bends, (SIDE, SIDE), mode="bicubic", align_corners=True)
        return grid + bends.permute(0, 2, 3, 1), scale[:, None, None, None]


MILD = Augmentation(shift=1, rotation=8, scale=(0.9, 1.1), stretch=0.06, shear=0.08, bend=0.5)
"""For the end of a training: closer to what is drawn on paper and centred."""


def penned(distance: Any, pen: Any) -> Any:
    """Coverage of pixels at distances, in pixels, from what a pen of a diameter went along."""
    return (pen / 2 + 0.5 - distance).clamp(0, 1)


def plainly_drawn(fields: Any, pen: float) -> Any:
    """Draw strokes as they are, with one pen."""
    distance = functional.avg_pool2d(fields[:, None].float() * STEP, 2)
    return penned(distance, pen)


def _even(count: int, generator: Any) -> Any:
    """Random numbers from −1 to 1, shape (n, 1, 1, 1)."""
    return 2 * torch.rand((count, 1, 1, 1), generator=generator) - 1
