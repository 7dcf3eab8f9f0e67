"""Commands that work on a session: what they write is what the window writes."""

import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest

from cnn_explorer.cli import main
from cnn_explorer.core.building import new_network
from cnn_explorer.core.code import Library, script
from cnn_explorer.core.kernel_edits import with_cell
from cnn_explorer.core.schemes import ChannelScheme
from cnn_explorer.core.selection import Selection
from cnn_explorer.core.state import State
from cnn_explorer.core.view import View
from cnn_explorer.io.description import arrays_of
from cnn_explorer.io.digits import digit
from cnn_explorer.io.export import ExportOptions, export
from cnn_explorer.io.session import Session, load, opening_state, save
from cnn_explorer.io.share import opened, share


@pytest.fixture
def session(tmp_path) -> Session:
    """A session, saved as lesson.cnnx."""
    state = opening_state()
    network = with_cell(state.network, 1, 2, 1, (0, 1), 0.3)
    state = replace(state, network=network, scheme=ChannelScheme.SHARED)
    view = View(Selection(1, (1, 2, *[0] * 14), (11, 16)), colour_map="grey", contrast=2)
    result = Session(state, view)
    save(tmp_path / "lesson.cnnx", result)
    return result


@pytest.fixture
def file(session, tmp_path) -> str:
    return str(tmp_path / "lesson.cnnx")


def test_exports_a_session_as_the_window_does(session, file, tmp_path) -> None:
    assert (
        main(["export", "--session", file, "--format", "png,npz", "--out", str(tmp_path / "a")])
        == 0
    )
    options = ExportOptions(("png", "npz"), colour_map="grey", contrast=2)
    names = export(session.state, tmp_path / "b", options)
    for name in names:
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()


@pytest.mark.parametrize("library", Library)
def test_prints_code(session, file, library, capsys) -> None:
    assert main(["code", "--session", file, "--to", library]) == 0
    assert capsys.readouterr().out == script(session.state, library).text


def test_prints_the_selected_map_alone(session, file, capsys) -> None:
    assert main(["code", "--session", file, "--selected"]) == 0
    text = capsys.readouterr().out
    assert text == script(session.state, Library.NUMPY, address=(1, 2), pixel=(11, 16)).text
    assert "Pixel (11, 16)" in text


def test_writes_code_with_its_numbers(tmp_path, capsys) -> None:
    path = tmp_path / "a.py"
    arguments = ["code", "--filters", "40,60", "--weights", "he", "--out", str(path)]
    assert main(arguments) == 0
    assert capsys.readouterr().out == "Wrote a.py and a-numbers.npz.\n"
    written = path.read_bytes(), (tmp_path / "a-numbers.npz").read_bytes()
    assert main(arguments) == 2
    assert "already holds 2 of these files" in capsys.readouterr().err
    assert main([*arguments, "--overwrite"]) == 0
    assert (path.read_bytes(), (tmp_path / "a-numbers.npz").read_bytes()) == written
    done = subprocess.run(
        [sys.executable, path], capture_output=True, text=True, check=True, cwd=tmp_path.parent
    )
    assert done.stdout.startswith("Conv 1: shape (40, 28, 28), sum ")


def test_shares_and_opens(session, file, tmp_path, capsys) -> None:
    assert main(["share", "--session", file]) == 0
    text = capsys.readouterr().out
    assert text == share(session) + "\n"
    there = tmp_path / "there.cnnx"
    assert main(["share", text, "--out", str(there)]) == 0
    again = load(there)
    assert again.view == session.view
    for name, array in arrays_of(session.state.network).items():
        np.testing.assert_array_equal(array, arrays_of(again.state.network)[name])


def test_shares_what_options_say(capsys) -> None:
    assert main(["share", "--digit", "3", "--filters", "5", "--seed", "9", "--weights", "he"]) == 0
    state = opened(capsys.readouterr().out).state
    expected = State(digit(3), new_network((5,), initialisation="he", seed=9))
    np.testing.assert_array_equal(state.drawing, expected.drawing)
    np.testing.assert_array_equal(state.network.layers[0].weight, expected.network.layers[0].weight)


def test_without_a_view_the_selection_is_what_the_window_opens_on(capsys) -> None:
    assert main(["code", "--selected"]) == 0
    alone = capsys.readouterr().out
    assert "Conv 2[1]" in alone or "map 1" in alone
    assert main(["code"]) == 0
    assert len(alone) < len(capsys.readouterr().out)


@pytest.mark.parametrize("command", [["share"], ["figure", "map"]])
def test_a_folder_that_is_not_there_is_refused(command, tmp_path, capsys, qapp) -> None:
    text = []
    if command == ["share"]:
        assert main(["share"]) == 0
        text = [capsys.readouterr().out.strip()]
    assert main([*command, *text, "--out", str(tmp_path / "none" / "a.png")]) == 2
    assert "There is no folder" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["export", "--session", "x.cnnx", "--digit", "3", "--out", "y"], "leave out --digit"),
        (["code", "--session", "x.cnnx"], "x.cnnx could not be opened"),
        (["share", "hello", "--out", "x.cnnx", "--digit", "3"], "leave out --digit"),
        (["share", "hello", "--out", "x.cnnx", "--session", "y"], "leave out --session"),
        (["code", "--filters", "40,60"], "holds up to 20,000"),
        (["code", "--to", "fortran"], "choose from"),
        (["share", "hello", "--out", "x.cnnx"], "is no share string"),
        (["share", "hello"], "need each other"),
        (["share", "--out", "x.cnnx"], "need each other"),
    ],
)
def test_wrong_arguments_get_one_sentence(arguments, words, tmp_path, monkeypatch, capsys) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(arguments) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert words in printed.err
    assert printed.err.endswith(".\n")
    assert printed.err.count("\n") == 1
    assert not list(tmp_path.iterdir())
