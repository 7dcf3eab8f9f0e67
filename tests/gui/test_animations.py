"""Moving pictures: the frames are those of the fold and of a growing drawing, and can be opened."""

import builtins
import io
import sys
from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from PySide6.QtWidgets import QApplication

from cnn_explorer.core.building import new_network
from cnn_explorer.core.forward import Cancelled
from cnn_explorer.core.growing import growth
from cnn_explorer.core.schemes import ChannelScheme
from cnn_explorer.core.state import State
from cnn_explorer.gui import animations
from cnn_explorer.gui.animations import (
    ANIMATIONS,
    MOVING_FORMATS,
    fold_positions,
    frames,
    make_animation,
)
from cnn_explorer.gui.figure_maker import Wanted, fold_of
from cnn_explorer.gui.figure_page import FigureError, Look, image_of, page_of
from cnn_explorer.io.digits import digit

from ..figure_pictures import apart, pixels

STATE = State(digit(7), new_network((3, 2)))
LOOK = Look("gif", "screen")


@pytest.fixture(autouse=True)
def few_frames(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(animations, "_GROWS", 10)


def wanted(subject: str, state: State = STATE) -> Wanted:
    return Wanted(state, subject, (0, 1))


@given(rows=st.integers(1, 512))
def test_the_fold_goes_down_row_by_row_and_ends_as_maps(rows: int) -> None:
    positions = [position for position, _ in fold_positions(rows)]
    assert positions[0] == 0
    assert positions[-2:] == [rows + 1, rows + 2]
    assert all(before < after for before, after in pairwise(positions))
    whole = {int(position) for position in positions if position % 1 == 0}
    moving = {int(position) for position in positions if position % 1}
    # It rests before and after every row that moves, and only rows move.
    assert all({row, row + 1} <= whole for row in moving)
    assert all(row < rows for row in moving)
    assert len(positions) <= 100
    if rows <= 8:
        assert whole == set(range(rows + 3))
    seconds = sum(milliseconds for _, milliseconds in fold_positions(rows)) / 1000
    assert 3 < seconds < 12


def test_frames_of_the_fold_begin_apart_and_end_as_the_maps(qapp: QApplication) -> None:
    found = list(frames(wanted("fold"), LOOK))
    steps: list[tuple[int, int]] = []
    for _ in frames(wanted("fold"), LOOK, lambda done, total: steps.append((done, total))):
        pass
    assert steps == [(number + 1, len(found)) for number in range(len(found))]
    sizes = {frame.image.size().toTuple() for frame in found}
    assert len(sizes) == 1  # nothing jumps
    still = image_of(page_of(fold_of(wanted("fold")), LOOK), dark=False)
    assert pixels(found[0].image).tobytes() == pixels(still).tobytes()
    changes = [
        (pixels(before.image) != pixels(after.image)).any() for before, after in pairwise(found)
    ]
    assert all(changes)
    # Of the last frame's cells only the maps are left.
    first, last = pixels(found[0].image).astype(int), pixels(found[-1].image).astype(int)
    ink = [(255 - picture.min(axis=-1) > 100).mean(axis=1) for picture in (first, last)]
    upper = first.shape[0] // 2
    assert ink[1][:upper].sum() < ink[0][:upper].sum() / 4


def test_frames_of_a_drawing_grow_on_one_scale(qapp: QApplication) -> None:
    dark = replace(LOOK, dark=True)
    found = [pixels(frame.image).astype(int) for frame in frames(wanted("stroke"), dark)]
    assert len({picture.shape for picture in found}) == 1
    third = found[0].shape[1] // 4
    bright = [(picture[60:-60, 8:third].min(axis=-1) > 200).sum() for picture in found]
    assert bright == sorted(bright)
    assert bright[0] < bright[-1] / 3
    whole = STATE.drawing.sum()
    parts = [one.sum() / whole for one in growth(STATE.drawing, len(found))]
    # As much ink is seen as there is.
    np.testing.assert_allclose(np.array(bright) / bright[-1], parts, atol=0.1)


@pytest.mark.parametrize("subject", list(ANIMATIONS))
@pytest.mark.parametrize("kind", list(MOVING_FORMATS))
def test_can_be_opened_and_has_all_frames_and_times(
    qapp: QApplication, subject: str, kind: str
) -> None:
    expected = list(frames(wanted(subject), LOOK))
    with Image.open(
        io.BytesIO(make_animation(wanted(subject), replace(LOOK, format=kind)))
    ) as file:
        assert file.format == ("PNG" if kind == "apng" else kind.upper())
        assert file.n_frames == len(expected)
        assert file.info["loop"] == 0
        times = []
        for number, frame in enumerate(expected):
            file.seek(number)
            file.load()
            times.append(round(file.info["duration"]))
            found = np.asarray(file.convert("RGB"))[..., ::-1]
            if number % 9 and number < len(expected) - 1:
                continue
            if kind == "gif":
                assert apart(np.ascontiguousarray(found), pixels(frame.image)) < 0.02
            else:
                np.testing.assert_array_equal(found, pixels(frame.image))
        assert times == [frame.milliseconds for frame in expected]


def test_colours_of_both_signs_survive_in_a_gif(qapp: QApplication) -> None:
    with Image.open(io.BytesIO(make_animation(wanted("fold"), LOOK))) as file:
        picture = np.asarray(file.convert("RGB")).astype(int)
    assert (picture[0, 0] == 255).all()
    assert ((picture[..., 2] - picture[..., 0]) > 60).any()
    assert ((picture[..., 0] - picture[..., 2]) > 60).any()


def test_without_pillow_one_sentence_says_how_to_get_it(
    qapp: QApplication, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = builtins.__import__

    def without(name: str, *rest: Any) -> Any:
        if name.partition(".")[0] == "PIL":
            raise ImportError(name)
        return real(name, *rest)

    for name in [name for name in sys.modules if name.partition(".")[0] == "PIL"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(
        FigureError, match=r"install it with “pip install cnn-explorer\[animation\]”"
    ):
        make_animation(wanted("fold"), LOOK)


@pytest.mark.parametrize("subject", list(ANIMATIONS))
def test_can_be_called_off_at_any_frame(qapp: QApplication, subject: str) -> None:
    steps: list[int] = []

    def checkpoint() -> None:
        if len(steps) == 3:
            raise Cancelled

    with pytest.raises(Cancelled):
        make_animation(wanted(subject), LOOK, lambda done, _: steps.append(done), checkpoint)
    assert steps == [1, 2, 3]


def test_what_cannot_move_is_refused(qapp: QApplication) -> None:
    naive = replace(STATE, scheme=ChannelScheme.NAIVE)
    for one, look, said in (
        (wanted("walk"), LOOK, "There is no animation “walk”"),
        (wanted("fold"), Look("png"), "There is no moving format “png”"),
        (wanted("fold", naive), LOOK, "has no contributions"),
    ):
        with pytest.raises(FigureError, match=said):
            make_animation(one, look)
