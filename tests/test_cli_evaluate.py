"""``cnn-explorer evaluate``: what it prints, and how it ends."""

import io
import signal
import struct
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from cnn_explorer.cli import main
from cnn_explorer.core import evaluation
from cnn_explorer.core.building import add_layer, new_network
from cnn_explorer.core.network import Trained
from cnn_explorer.core.state import State
from cnn_explorer.io.datasets import open_digits
from cnn_explorer.io.digits import digit
from cnn_explorer.io.weights import save_network

GENERATOR = np.random.default_rng(0)


def write_digits(folder: Path, count: int = 40) -> Path:
    pixels = GENERATOR.integers(0, 256, (count, 28, 28), np.uint8)
    labels = GENERATOR.integers(0, 10, count, np.uint8)
    path = folder / "test-images"
    path.write_bytes(struct.pack(">4B3I", 0, 0, 8, 3, count, 28, 28) + pixels.tobytes())
    (folder / "test-labels").write_bytes(struct.pack(">4BI", 0, 0, 8, 1, count) + labels.tobytes())
    return path


@pytest.fixture
def network(tmp_path: Path) -> Path:
    made = new_network((2,))
    for kind in ("GlobalAvgPool2d", "Linear"):
        made = add_layer(State(digit(7), made), kind)  # type: ignore[arg-type]
    made = replace(made, trained=Trained("mine", made.layers))
    save_network(tmp_path / "mine.safetensors", made)
    return tmp_path / "mine.safetensors"


def one_sentence(said: str) -> bool:
    return said.endswith(".\n") and said.count("\n") == 1


def test_it_prints_accuracy_and_the_table(
    tmp_path: Path, network: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = write_digits(tmp_path)
    assert main(["evaluate", str(path), "--network", str(network)]) == 0
    said = capsys.readouterr()
    assert said.err == ""
    first, blank, _, heading, *rows = said.out.splitlines()
    labels = open_digits(path).labels
    assert labels is not None
    cells = [[0 if cell == "." else int(cell) for cell in row.split()[1:11]] for row in rows]
    right = sum(row[digit_] for digit_, row in enumerate(cells))
    assert first.startswith(f"{network} reads {right} of 40 digits right: ")
    assert blank == ""
    assert heading.split() == ["true", *map(str, range(10)), "right"]
    assert [sum(row) for row in cells] == np.bincount(labels, minlength=10).tolist()


def test_digits_can_be_centred_first(
    tmp_path: Path, network: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    strokes = np.stack([digit(label) * 255 for label in range(10)]).astype(np.uint8)
    moved = np.roll(strokes, 2, axis=2)
    np.savez(tmp_path / "a.npz", x=moved, y=np.arange(10))
    np.savez(tmp_path / "b.npz", x=strokes, y=np.arange(10))
    said = []
    for name in ("a.npz", "b.npz"):
        arguments = ["evaluate", str(tmp_path / name), "--network", str(network), "--centre"]
        assert main(arguments) == 0
        said.append(capsys.readouterr().out)
    assert said[0] == said[1]


def test_labels_can_be_given(
    tmp_path: Path, network: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = write_digits(tmp_path)
    (tmp_path / "test-labels").rename(tmp_path / "answers")
    arguments = ["evaluate", str(path), "--network", str(network)]
    assert main(arguments) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err == "test-images has no labels; name their file with --labels.\n"
    assert main([*arguments, "--labels", str(tmp_path / "answers")]) == 0


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["none"], "There is no none; choose a file or a folder that is there."),
        (["mine.safetensors"], "cannot be read as digits"),
        (["test-images", "--network", "none"], "There is no network “none”"),
        (["test-images", "--network", "test-images"], "not a network of CNN Explorer"),
        (["test-images", "--labels", "test-images"], "3 dimensions, not labels"),
        ([], "The following arguments are required: FILE"),
    ],
)
def test_what_cannot_be_done_gets_one_sentence(
    tmp_path: Path,
    network: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    words: str,
) -> None:
    write_digits(tmp_path)
    monkeypatch.chdir(tmp_path)
    given = [] if "--network" in arguments else ["--network", network.name]
    assert main(["evaluate", *arguments, *given]) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert words in said.err
    assert one_sentence(said.err)


def test_a_network_that_reads_no_digits_gets_one_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    save_network(tmp_path / "maps.npz", new_network((3, 4)))
    path = write_digits(tmp_path)
    assert main(["evaluate", str(path), "--network", str(tmp_path / "maps.npz")]) == 2
    said = capsys.readouterr().err
    assert said.startswith("This network ends in maps of 28×28, not in ten values")
    assert one_sentence(said)


@pytest.mark.parametrize(
    ("error", "code", "sentence"),
    [
        (MemoryError(), 1, "There is not enough memory for these digits; give fewer.\n"),
        (KeyboardInterrupt(), 130, ""),
    ],
)
def test_a_failure_during_the_work_is_told(
    tmp_path: Path,
    network: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    error: BaseException,
    code: int,
    sentence: str,
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise error

    path = write_digits(tmp_path)
    monkeypatch.setattr(evaluation, "softmax", fail)
    assert main(["evaluate", str(path), "--network", str(network)]) == code
    assert capsys.readouterr() == ("", sentence)


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_terminal_sees_a_bar_that_goes_away(
    tmp_path: Path, network: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    assert main(["evaluate", str(write_digits(tmp_path)), "--network", str(network)]) == 0
    shown = terminal.getvalue().split("\r")
    assert f"[{'#' * 30}] 100 %" in shown
    assert (shown[-2].strip(), shown[-1]) == ("", "")


@pytest.mark.skipif(sys.platform == "win32", reason="pipes are another thing on Windows")
def test_a_reader_that_has_seen_enough_gets_no_traceback(tmp_path: Path, network: Path) -> None:
    command = [sys.executable, "-m", "cnn_explorer", "evaluate", str(write_digits(tmp_path))]
    with subprocess.Popen(
        [*command, "--network", str(network)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        assert process.stderr.read() == ""
        assert process.wait(timeout=60) == 1


@pytest.mark.skipif(sys.platform == "win32", reason="signals are another thing on Windows")
def test_ctrl_c_ends_with_130_and_says_nothing(tmp_path: Path, network: Path) -> None:
    path = write_digits(tmp_path, 60_000)
    code = (
        "import signal, sys\n"
        "from cnn_explorer.core import evaluation\n"
        "from cnn_explorer.cli import main\n"
        "whole = evaluation.as_drawings\n"
        "def press(images):\n"
        "    signal.raise_signal(signal.SIGINT)\n"
        "    return whole(images)\n"
        "evaluation.as_drawings = press\n"
        f"sys.exit(main(['evaluate', {str(path)!r}, '--network', {str(network)!r}]))\n"
    )
    ended = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False
    )
    assert (ended.returncode, ended.stdout, ended.stderr) == (130, "", "")


def test_it_needs_no_qt(tmp_path: Path, network: Path) -> None:
    code = (
        "import sys\n"
        "from cnn_explorer.cli import main\n"
        f"main(['evaluate', {str(write_digits(tmp_path))!r}, '--network', {str(network)!r}])\n"
        "print(*sys.modules)\n"
    )
    output = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout
    loaded = {name.partition(".")[0] for name in output.splitlines()[-1].split()}
    assert "numpy" in loaded
    assert not loaded & {"PySide6", "pyqtgraph"}
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
