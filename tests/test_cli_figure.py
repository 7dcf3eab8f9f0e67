"""Figures from the command line."""

import re
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image
from PySide6.QtWidgets import QApplication

from cnn_explorer.cli import main
from cnn_explorer.core.schemes import ChannelScheme
from cnn_explorer.core.selection import Selection
from cnn_explorer.core.view import View
from cnn_explorer.gui.figure_maker import Wanted, make_figure
from cnn_explorer.gui.figure_page import Look
from cnn_explorer.gui.settings import Settings
from cnn_explorer.io.session import Session, opening_state, save


def timeless(content: bytes) -> bytes:
    """Without when a PDF was made, and the number that Qt gives each."""
    times = rb"\d{4}-\d\d-\d\dT[\d:+-]+|D:\d+[^)]*"
    numbers = rb"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|<[0-9a-f]+>"
    return re.sub(times + b"|" + numbers, b"", content)


@pytest.mark.parametrize(
    ("arguments", "name", "wanted", "look"),
    [
        (
            ["equation"],
            "a.svg",
            Wanted(opening_state(), "equation", (1, 1), (11, 16)),
            Look("svg", "page"),
        ),
        (
            ["ledger", "--map", "3", "--pixel", "5,6", "--size", "slide", "--dark"],
            "a.pdf",
            Wanted(opening_state(), "ledger", (1, 3), (5, 6)),
            Look("pdf", "slide", dark=True),
        ),
        (
            ["maps", "--layer", "1", "--caption", "--text", "--size", "column"],
            "a.svg",
            Wanted(opening_state(), "maps", (1,), (11, 16)),
            Look("svg", "column", captioned=True, outlines=False),
        ),
        (
            ["map", "--scheme", "naive", "--map", "2.3"],
            "a.png",
            Wanted(replace(opening_state(), scheme=ChannelScheme.NAIVE), "map", (2, 3), (11, 16)),
            Look("png", "page"),
        ),
    ],
)
def test_a_figure_has_the_bytes_that_the_window_gives_it(
    qapp: QApplication,
    tmp_path: Path,
    arguments: list[str],
    name: str,
    wanted: Wanted,
    look: Look,
) -> None:
    assert main(["figure", *arguments, "--out", str(tmp_path / name)]) == 0
    assert timeless((tmp_path / name).read_bytes()) == timeless(make_figure(wanted, look))


def test_a_session_brings_its_selection_and_colours(qapp: QApplication, tmp_path: Path) -> None:
    state = opening_state()
    selection = Selection(0, (2,) + (0,) * 15, (3, 4))
    save(tmp_path / "s.cnnx", Session(state, View(selection, colour_map="grey", contrast=2)))
    arguments = ["figure", "equation", "--session", str(tmp_path / "s.cnnx")]
    assert main([*arguments, "--out", str(tmp_path / "a.svg")]) == 0
    settings = Settings(colour_map="grey", contrast=2)
    expected = make_figure(Wanted(state, "equation", (2,), (3, 4), settings), Look("svg", "page"))
    assert (tmp_path / "a.svg").read_bytes() == expected


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["cake"], "There is no figure “cake”; choose one of equation, ledger,"),
        (["map", "--layer", "9"], "There is no layer 9; the network has layers 1 to 5."),
        (["map", "--map", "2.3"], "Outside the naive scheme --map is one number, such as 2."),
        (["map", "--map", "9"], "but layer 2 has filters 0 to 3."),
        (["map", "--pixel", "28,0"], "--pixel is a row below 28 and a column below 28"),
        (["map", "--pixel", "x"], "--pixel is a row below 28 and a column below 28"),
        (["map", "--size", "wall"], "There is no size “wall”; choose one of"),
        (["equations"], "The equations of a whole layer are pages, which only PDF has."),
    ],
)
def test_what_cannot_be_is_one_sentence_and_writes_nothing(
    qapp: QApplication,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    words: str,
) -> None:
    assert main(["figure", *arguments, "--out", str(tmp_path / "a.png")]) == 2
    out, err = capsys.readouterr()
    assert (out, err.count("\n")) == ("", 1)
    assert words in err
    assert list(tmp_path.iterdir()) == []


def test_a_file_is_replaced_only_when_asked(
    qapp: QApplication, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "a.png"
    path.write_bytes(b"old")
    arguments = ["figure", "map", "--out", str(path)]
    assert main(arguments) == 2
    assert "is there already" in capsys.readouterr().err
    assert path.read_bytes() == b"old"
    assert main([*arguments, "--overwrite"]) == 0
    assert path.read_bytes().startswith(b"\x89PNG")


def test_the_fold_moves(qapp: QApplication, tmp_path: Path) -> None:
    path = tmp_path / "fold.gif"
    assert main(["figure", "fold", "--layer", "2", "--size", "column", "--out", str(path)]) == 0
    with Image.open(path) as picture:
        assert getattr(picture, "n_frames", 1) > 10
