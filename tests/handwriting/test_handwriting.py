"""The bundled networks read what is drawn with the program's own pen, and refuse what is none."""

import pytest

from cnn_explorer.core.drawing import SIDE
from cnn_explorer.io.networks import BUNDLED, bundled_network

from .reading import drawings, letters, share_refused, share_right


def test_no_two_drawings_are_alike_and_all_have_ink() -> None:
    images, labels = drawings(3)
    assert images.shape == (len(labels), SIDE, SIDE)
    assert len({image.tobytes() for image in images}) == len(images)
    assert images.max(axis=(1, 2)).min() == 1
    assert set(labels.tolist()) == set(range(10))


@pytest.mark.parametrize("name", BUNDLED)
def test_drawings_are_read_right_when_centred(name: str) -> None:
    """As `python -m tests.handwriting` measures with ten times as many."""
    assert share_right(bundled_network(name), 10, centring=True) >= 0.95


@pytest.mark.parametrize("name", BUNDLED)
def test_few_digits_are_refused_and_more_letters_are(name: str) -> None:
    network = bundled_network(name)
    digits, others = share_refused(network, drawings(4)[0]), share_refused(network, letters(10))
    assert digits < 0.15
    assert others > max(0.25, 2 * digits)
