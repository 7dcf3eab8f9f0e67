import itertools

import numpy as np
import pytest

from cnn_explorer.core.drawing import MAX_SIZE, MIN_SIZE
from cnn_explorer.io.digits import digit, digits, styles

SAMPLES = [(label, style) for label in range(10) for style in range(len(styles(label)))]


def inked(drawing: np.ndarray, axis: int) -> tuple[int, int]:
    where = np.flatnonzero(drawing.max(axis=axis) > 0.1)
    return int(where[0]), int(where[-1]) + 1


@pytest.mark.parametrize("label", range(10))
def test_each_digit_has_at_least_four_named_styles(label):
    names = styles(label)
    assert len(names) >= 4
    assert len(set(names)) == len(names)


def test_the_samples_are_ordered_and_cannot_be_changed():
    labels = [sample.label for sample in digits()]
    assert labels == sorted(labels)
    assert len(digits()) == len(SAMPLES)
    assert all(MIN_SIZE <= sample.size <= MAX_SIZE for sample in digits())
    hash(digits())


@pytest.mark.parametrize(("label", "style"), SAMPLES)
def test_a_sample_fills_the_box_that_mnist_uses(label, style):
    drawing = digit(label, style)
    assert drawing.dtype == np.float32
    assert drawing.shape == (28, 28)
    assert not drawing.flags.writeable
    assert drawing.max() == 1
    (top, bottom), (left, right) = inked(drawing, 1), inked(drawing, 0)
    assert min(top, left) >= 2
    assert max(bottom, right) <= 26
    assert max(bottom - top, right - left) in range(19, 23)
    rows, columns = np.indices((28, 28)) + 0.5
    centre = [float((drawing * where).sum() / drawing.sum()) for where in (rows, columns)]
    assert centre == pytest.approx([14, 14], abs=2.5)


def test_no_two_samples_look_alike():
    drawings = [digit(label, style) for label, style in SAMPLES]
    for one, other in itertools.combinations(drawings, 2):
        assert np.abs(one - other).sum() > 15


def test_the_first_seven_has_a_bar_and_a_diagonal():
    seven = digit(7)
    middle = [float((row * np.arange(28)).sum() / row.sum()) for row in seven[10:24]]
    assert seven[6:9, 7:20].max(axis=0).min() > 0.8
    assert all(upper > lower for upper, lower in itertools.pairwise(middle))


@pytest.mark.parametrize("label", [-1, 10])
def test_an_unknown_digit_is_named(label):
    with pytest.raises(ValueError, match=rf"^A sample digit is one of 0 to 9, not {label}\.$"):
        digit(label)
    with pytest.raises(ValueError, match="one of 0 to 9"):
        styles(label)


@pytest.mark.parametrize("style", [-1, 99])
def test_an_unknown_style_is_named(style):
    with pytest.raises(
        ValueError, match=rf"^The sample digit 7 has styles 0 to \d, not {style}\.$"
    ):
        digit(7, style)
