"""The lessons: their numbers by loops, made anew byte for byte, and told on their page."""

import re
import sys
from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest
from scipy.ndimage import label

from cnn_explorer.core.forward import Request, forward
from cnn_explorer.core.kernel_layers import Conv2d
from cnn_explorer.core.schemes import ChannelScheme, map_counts
from cnn_explorer.core.state import MAX_SCENES, Scene
from cnn_explorer.io.lessons import LESSONS, lesson
from cnn_explorer.io.resources import resource

ROOT = Path(__file__).parents[2]
NUMBER = r"\d+\.\d+"
SUM = re.compile(rf"{NUMBER}(?: [+−] {NUMBER})+ = −?{NUMBER}")


def sums() -> list[tuple[str, Scene, str]]:
    """What is reckoned in sentences."""
    return [
        (f"{name} {number}", scene, found)
        for name in LESSONS
        for number, scene in enumerate(lesson(name).state.scenes)
        for found in SUM.findall(scene.sentence)
    ]


@pytest.mark.parametrize("name", LESSONS)
def test_a_lesson_has_scenes_and_a_sentence_for_each(name: str) -> None:
    opened = lesson(name)
    scenes = opened.state.scenes
    assert 5 <= len(scenes) <= MAX_SCENES
    assert len({scene.name for scene in scenes}) == len(scenes)
    for scene in scenes:
        assert scene.sentence.endswith((".", "?"))
        assert scene.view.selection.within(scene.state.network) == scene.view.selection
    assert opened.view == scenes[0].view
    assert opened.state.network is scenes[0].state.network
    assert resource("lessons", f"{name}.cnnx").stat().st_size < 30_000


def test_there_is_no_other_lesson() -> None:
    with pytest.raises(ValueError, match=r"^There is no lesson “nine”; choose from maps, .*\.$"):
        lesson("nine")


def test_three_sentences_reckon() -> None:
    assert [where for where, _, _ in sums()] == ["maps 5", "corners 2", "corners 3"]


@pytest.mark.parametrize(("where", "scene", "text"), sums(), ids=[where for where, _, _ in sums()])
def test_what_a_sentence_reckons_is_what_loops_compute(where: str, scene: Scene, text: str) -> None:
    signed = text.replace("− ", "-").replace("−", "-")
    numbers = [Decimal(one) for one in re.findall(rf"-?{NUMBER}", signed)]
    assert sum(numbers[:-1]) == numbers[-1]
    pin, address = scene.view.selection.pin, scene.view.selection.address
    assert pin is not None
    assert address is not None
    layer = scene.state.network.layers[1]
    assert isinstance(layer, Conv2d)
    assert layer.bias is not None
    maps = forward(Request(scene.state, method="matmul")).maps[0].astype(np.float64)
    rows, columns = layer.kernel_size
    padded = np.pad(maps, ((0, 0), (rows // 2, rows // 2), (columns // 2, columns // 2)))
    terms = []
    for channel, kernel in enumerate(layer.weight[address[-1]].astype(np.float64)):
        term = 0.0
        for row in range(rows):
            for column in range(columns):
                term += padded[channel, pin[0] + row, pin[1] + column] * kernel[row, column]
        terms.append(term)
    expected = [*terms, float(layer.bias[address[-1]]), sum(terms) + layer.bias[address[-1]]]
    np.testing.assert_allclose([float(one) for one in numbers], expected, rtol=0, atol=6e-5)


def test_what_the_lessons_say_of_counts_and_corners_is_so() -> None:
    maps = lesson("maps").state.scenes
    assert map_counts(maps[0].state.network, ChannelScheme.REAL) == (3,)
    assert map_counts(maps[-1].state.network, ChannelScheme.NAIVE) == (3, 12)
    assert maps[-1].state.scheme is ChannelScheme.NAIVE
    corners = lesson("corners").state.scenes

    def spots(scene: Scene) -> int:
        """In how many places the last layer's map is not 0."""
        last = forward(Request(scene.state, method="matmul")).maps[-1][0]
        return int(label(last > 0, np.ones((3, 3)))[1])

    assert [spots(corners[number]) for number in (1, 4, 5)] == [1, 0, 4]


def test_the_axes_have_four_sizes() -> None:
    for scene in lesson("axes").state.scenes:
        layer = scene.state.network.layers[1]
        assert isinstance(layer, Conv2d)
        assert layer.weight.shape == (4, 2, 3, 5)


def test_the_script_makes_the_same_bytes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(ROOT / "packaging"))
    import make_lessons

    monkeypatch.setattr(sys, "argv", ["make_lessons", str(tmp_path)])
    make_lessons.main()
    for name in LESSONS:
        made = (tmp_path / f"{name}.cnnx").read_bytes()
        assert made == resource("lessons", f"{name}.cnnx").read_bytes()


@pytest.mark.parametrize("name", LESSONS)
def test_the_page_says_what_the_scenes_say_and_shows_their_steps(name: str) -> None:
    page = (ROOT / "docs" / "lessons.md").read_text(encoding="utf-8")
    plain = page.replace("`", "").replace("**", "")
    assert f"## {LESSONS[name]}" in page
    for number, scene in enumerate(lesson(name).state.scenes, 1):
        end = "" if scene.name.endswith("?") else "."
        assert f"{number}. {scene.name}{end} {scene.sentence}" in plain
        pictures = sorted((ROOT / "docs" / "lessons").glob(f"{name}-{number}?.png"))
        assert pictures
        for picture in pictures:
            assert f"lessons/{picture.name}" in page
            assert picture.stat().st_size < 100_000
