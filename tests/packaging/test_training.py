"""What training draws: needs no PyTorch."""

import sys
from pathlib import Path

import numpy as np
import pytest
from scipy.ndimage import distance_transform_edt, label

sys.path.append(str(Path(__file__).parents[2] / "packaging"))

from train_outliers import outliers
from train_strokes import SIDE, STEP, field_of, thinned

AROUND = np.ones((3, 3))


def test_a_field_holds_distances_to_the_points_of_its_strokes() -> None:
    random = np.random.default_rng(0)
    path = random.uniform(0, SIDE, (5, 2))
    disc = np.array([[20.0, 6.0, 3.0]])

    field = field_of([path], disc)

    places = np.linspace(0, 4, 4001)
    points = np.column_stack([np.interp(places, range(5), path[:, axis]) for axis in (0, 1)])
    centres = (np.indices(field.shape).reshape(2, -1).T + 0.5) / 2
    to_path = np.linalg.norm(centres[:, None] - points, axis=2).min(1)
    to_disc = np.maximum(np.linalg.norm(centres - disc[0, :2], axis=1) - disc[0, 2], 0)
    nearest = np.minimum(to_path, to_disc).clip(max=255 * STEP)
    np.testing.assert_allclose(field.ravel() * STEP, nearest, rtol=0, atol=STEP / 2 + 0.01)


def test_nothing_drawn_is_as_far_away_as_can_be() -> None:
    assert (field_of([]) == 255).all()


@pytest.mark.parametrize("seed", range(5))
def test_thinning_keeps_pieces_and_middles(seed: int) -> None:
    shapes = np.stack([field_of([path]) for path in _paths(seed)]) * STEP < 1.6
    lines = thinned(shapes)

    assert not (lines & ~shapes).any()
    for shape, line in zip(shapes, lines, strict=True):
        assert label(line, AROUND)[1] == label(shape, AROUND)[1]
        assert label(~line)[1] == label(~shape)[1]  # loops stay loops
        blocks = line[1:, 1:] & line[1:, :-1] & line[:-1, 1:] & line[:-1, :-1]
        assert blocks.sum() <= 2  # lines of one cell, but where many meet
        inside = distance_transform_edt(shape)
        assert np.median(inside[line]) >= 0.8 * np.median(inside[shape])


def _paths(seed: int) -> list[np.ndarray[tuple[int, ...], np.dtype[np.float64]]]:
    random = np.random.default_rng(seed)
    return [random.uniform(4, SIDE - 4, (random.integers(2, 7), 2)) for _ in range(8)]


def test_outliers_are_of_every_kind_and_follow_from_their_seed() -> None:
    one, same, other = outliers(6, 1), outliers(6, 1), outliers(6, 2)

    assert (one["blank"] == 255).all()
    for kind, fields in one.items():
        assert fields.shape == (6, 2 * SIDE, 2 * SIDE)
        assert np.array_equal(fields, same[kind])
        assert kind == "blank" or not np.array_equal(fields, other[kind])
    drawn = {kind: (fields * STEP < 1).mean() for kind, fields in one.items()}
    assert drawn["filled"] > 0.3 > drawn["scribble"] > drawn["strokes"] > 0
