"""The command line: what it prints, what it writes, how it ends."""

import hashlib
import io
import json
import os
import re
import signal
import subprocess
import sys
import types

import numpy as np
import pytest
from PySide6.QtGui import QImage

from cnn_explorer import __version__, cli
from cnn_explorer.cli import main
from cnn_explorer.core.building import new_network
from cnn_explorer.core.schemes import ChannelScheme
from cnn_explorer.core.state import State
from cnn_explorer.io import export as export_module
from cnn_explorer.io.digits import digit
from cnn_explorer.io.export import ExportOptions, export
from cnn_explorer.io.files import FileError
from cnn_explorer.io.networks import bundled_network
from cnn_explorer.io.session import opening_state

# So many multiply-adds that scipy.signal, which takes seconds to import, is not used.
LARGE = ("--filters", "40,40", "--format", "npz")


def contents(folder):
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.iterdir()}


def run(*arguments, **options):
    """The program in a process of its own."""
    command = [sys.executable, "-m", "cnn_explorer", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False, **options)


def one_sentence(text):
    """Whether a text is one line that ends with a full stop."""
    return text.endswith(".\n") and text.count("\n") == 1 and len(text) > 20


# What it writes.


def test_an_export_writes_the_opening_network(tmp_path, capsys):
    folder = tmp_path / "maps"
    assert main(["export", "--out", str(folder)]) == 0
    assert capsys.readouterr() == (f"Wrote 22 files to {folder}.\n", "")
    # Layer 4 is Flatten: its values are the pixels of layer 3.
    assert sorted(contents(folder)) == [
        *(f"layer1-map{j}.png" for j in range(3)),
        *(f"layer2-map{j}.png" for j in range(4)),
        *(f"layer3-map{j}.png" for j in range(4)),
        *(f"layer5-map{j}.png" for j in range(10)),
        "manifest.json",
    ]
    assert QImage(str(folder / "layer1-map0.png")).width() == 28 * 8


@pytest.mark.parametrize(
    ("arguments", "state", "options"),
    [
        ([], opening_state(), ExportOptions()),
        (
            ["--format", "png,png16,sheet,npz", "--digit", "3", "--scale", "3"],
            State(digit(3), bundled_network("3-4")),
            ExportOptions(("png", "png16", "sheet", "npz"), scale=3),
        ),
        (
            ["--filters", "2,3,1", "--kernel-size", "5,3,1", "--weights", "he", "--seed", "9",
             "--scheme", "shared", "--format", "npz"],
            State(
                digit(7),
                new_network((2, 3, 1), (5, 3, 1), initialisation="he", seed=9),
                ChannelScheme.SHARED,
            ),
            ExportOptions(("npz",)),
        ),
        (
            ["--network", "8-16", "--scheme", "shared", "--format", "npz"],
            State(digit(7), bundled_network("8-16"), ChannelScheme.SHARED),
            ExportOptions(("npz",)),
        ),
        (
            ["--filters", "8,16", "--weights", "trained", "--format", "npz"],
            State(digit(7), bundled_network("8-16")),
            ExportOptions(("npz",)),
        ),
        (["--filters", "3,4", "--seed", "0"], State(digit(7), new_network()), ExportOptions()),
        (
            ["--filters=4,5", "--kernel-size", "2", "--weights=glorot", "--scheme=naive",
             "--address", "1-2.*", "--format", "npz,sheet"],
            State(
                digit(7),
                new_network((4, 5), (2,), initialisation="glorot"),
                ChannelScheme.NAIVE,
            ),
            ExportOptions(("npz", "sheet"), address_range="1-2.*"),
        ),
    ],
)  # fmt: skip
def test_an_export_writes_the_same_bytes_as_the_window(tmp_path, arguments, state, options):
    """The window calls `export`."""
    export(state, tmp_path / "window", options)
    assert main(["export", *arguments, "--out", str(tmp_path / "command")]) == 0
    assert contents(tmp_path / "command") == contents(tmp_path / "window")


def test_fonts_and_screen_of_the_window_leave_no_trace(tmp_path, qapp):
    """Here are a font and a screen; the other process has neither."""
    options = ExportOptions(("png", "png16", "sheet", "npz"), scale=2)
    export(opening_state(), tmp_path / "window", options)
    arguments = ("--format", "png,png16,sheet,npz", "--scale", "2")
    environment = {k: v for k, v in os.environ.items() if k not in ("QT_QPA_PLATFORM", "DISPLAY")}
    ended = run("export", *arguments, "--out", tmp_path / "command", env=environment)
    assert (ended.returncode, ended.stderr) == (0, "")
    assert contents(tmp_path / "command") == contents(tmp_path / "window")


@pytest.mark.parametrize(
    ("invert", "middle"), [([], 0.75), (["--invert"], 0.25), (["--no-invert"], 0.75)]
)
def test_a_picture_can_be_the_drawing(tmp_path, invert, middle):
    pixels = np.zeros((28, 28), np.uint8)
    pixels[9:19, 9:19] = 191
    QImage(pixels.tobytes(), 28, 28, 28, QImage.Format.Format_Grayscale8).save(
        str(tmp_path / "square.png")
    )
    arguments = ["export", "--image", str(tmp_path / "square.png"), *invert]
    assert main([*arguments, "--format", "npz", "--out", str(tmp_path / "maps")]) == 0
    with np.load(tmp_path / "maps" / "maps.npz", allow_pickle=False) as archive:
        assert archive["input"][14, 14] == pytest.approx(middle, abs=0.01)


def test_a_folder_is_made_with_those_above_it(tmp_path):
    assert main(["export", "--out", str(tmp_path / "a" / "b")]) == 0
    assert len(contents(tmp_path / "a" / "b")) == 22


def test_files_are_replaced_only_when_asked(tmp_path, capsys):
    arguments = ["export", "--out", str(tmp_path)]
    assert main([*arguments, "--digit", "1"]) == 0
    before = contents(tmp_path)
    capsys.readouterr()
    assert main(arguments) == 2
    assert capsys.readouterr() == (
        "",
        f"{tmp_path} already holds 22 of these files, layer1-map0.png first; choose another folder "
        "or replace them with --overwrite.\n",
    )
    assert contents(tmp_path) == before
    assert main([*arguments, "--overwrite"]) == 0
    assert contents(tmp_path).keys() == before.keys()
    assert contents(tmp_path) != before


# What it refuses.


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--filters", "0"], "Conv 1: filters must be 1 to 256, not 0."),
        (["--filters", "3,257"], "Conv 2: filters must be 1 to 256, not 257."),
        (["--filters", "8,x"], "“8,x” is not whole numbers joined by commas, such as 8,16"),
        (["--filters", ""], "“” is not whole numbers joined by commas"),
        (["--filters", ",".join("1" * 17)], "A network has 1 to 16 layers, not 17."),
        (["--kernel-size", "12"], "Conv 1: kernel size must be 1 to 11, not 12."),
        (["--kernel-size", "3,3,3"], "There are 3 kernel sizes for 2 layers"),
        (["--seed", "-1"], "A seed is a number from 0 to 4294967295, not -1."),
        (["--seed", "1.5"], "“1.5” is not a whole number"),
        (["--seed", "9" * 5000], "is not a whole number"),
        (["--digit", "10"], "A sample digit is one of 0 to 9, not 10."),
        (["--digit", "seven"], "“seven” is not a whole number"),
        (["--weights", "trained", "--filters", "3,5"], "No trained network has such filters"),
        (["--weights", "trained", "--seed", "3"], "No trained network has such filters"),
        (["--network", "3-4", "--filters", "3,4"], "A --network has its own layers and weights"),
        (
            ["--network", "none.npz"],
            "There is no network “none.npz”: give the name of a file, or one of 3-4, 8-16,",
        ),
        (["--scheme", "deep"], "invalid choice: 'deep' (choose from"),
        (["--weights", "zeros"], "invalid choice: 'zeros' (choose from"),
        (["--format", "gif"], "There is no export format “gif”; choose from png, png16, sheet"),
        (["--format", ""], "There is no export format “”; choose from"),
        (["--scale", "33"], "The scale is 1 to 32, not 33."),
        (["--image", "a.png", "--digit", "3"], "Argument --digit: not allowed with argument"),
        (["--invert"], "The options --invert and --no-invert need --image."),
        (["--image", "missing.png"], "There is no file missing.png; choose an image file."),
        (["--address", "2.*"], "An address range such as 2.* is for the naive scheme alone"),
        (["--scheme", "naive", "--address", "3.*"], "asks for filter 3, but layer 1 has filters"),
        (["--scheme", "naive", "--address", "0.0.0"], "has 3 parts; the network has 2 layers"),
        (["--scheme", "naive", "--address", "a"], "each part is a number, two numbers such as"),
        (["--scheme", "naive", "--filters", "64,64"], "makes 4,160 maps; beyond 4,096 give an"),
        (["--scheme", "naive", "--filters", "256,256,9", "--address", "*.*.*"], "589,824 maps"),
        (["--colour", "red"], "Unrecognized arguments: --colour red"),
        (["--overw"], "Unrecognized arguments: --overw"),
        (["extra"], "Unrecognized arguments: extra"),
        (["--filters"], "Argument --filters: expected one argument"),
    ],
)
def test_wrong_arguments_get_one_sentence(tmp_path, monkeypatch, capsys, arguments, words):
    monkeypatch.chdir(tmp_path)
    assert main(["export", "--out", "maps", *arguments]) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert words in said.err
    assert one_sentence(said.err)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["export"], "The following arguments are required: --out; see cnn-explorer export --help"),
        (["exprot"], "invalid choice: 'exprot' (choose from"),
        (["--nonsense"], "Unrecognized arguments: --nonsense; see cnn-explorer --help"),
        (["self-test", "now"], "Unrecognized arguments: now"),
        (["export", "--out", ""], "The name of the --out folder is empty; give one."),
    ],
)
def test_wrong_commands_get_one_sentence(capsys, arguments, words):
    assert main(arguments) == 2
    said = capsys.readouterr()
    assert (said.out, words in said.err) == ("", True)
    assert one_sentence(said.err)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "is empty"),
        (b"no picture at all", "is not an image that can be read"),
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\x75\x30\0\0\x75\x30\x08\0\0\0\0", "30,000 by 30,000"),
    ],
)
def test_an_image_that_is_none_gets_one_sentence(tmp_path, capsys, data, words):
    (tmp_path / "image.png").write_bytes(data)
    folder = tmp_path / "maps"
    assert main(["export", "--image", str(tmp_path / "image.png"), "--out", str(folder)]) == 2
    said = capsys.readouterr().err
    assert words in said
    assert one_sentence(said)
    assert not folder.exists()


@pytest.mark.parametrize("below", ["", "/folder"])
def test_an_out_that_is_a_file_gets_one_sentence(tmp_path, capsys, monkeypatch, below):
    (tmp_path / "file").write_bytes(b"mine")
    monkeypatch.setattr(export_module, "source_of", None)  # what would compute
    assert main(["export", "--out", f"{tmp_path / 'file'}{below}"]) == 2
    said = capsys.readouterr().err
    assert said == f"{tmp_path / 'file'} is a file, not a folder; choose a folder.\n"
    assert (tmp_path / "file").read_bytes() == b"mine"


# How it fails.


@pytest.mark.parametrize(
    ("error", "code", "sentence"),
    [
        (FileError("There is no space left to write x; free some."), 1, "There is no space left to "
         "write x; free some.\n"),
        (MemoryError(), 1, "There is not enough memory for this export; export less.\n"),
        (KeyboardInterrupt(), 130, "Interrupted; nothing was written.\n"),
    ],
)  # fmt: skip
def test_a_failure_during_the_work_gets_one_sentence(
    tmp_path, capsys, monkeypatch, error, code, sentence
):
    def fail(*_, **__):
        raise error

    monkeypatch.setattr(export_module, "manifest", fail)  # when all pictures are computed
    assert main(["export", "--out", str(tmp_path / "maps")]) == code
    assert capsys.readouterr() == ("", sentence)
    assert not list(tmp_path.iterdir())


@pytest.mark.skipif(sys.platform == "win32", reason="no limits on Windows")
def test_a_disk_that_takes_no_more_ends_with_1(tmp_path):
    (tmp_path / "maps").mkdir()
    (tmp_path / "maps" / "maps.npz").write_bytes(b"mine")
    arguments = ["export", *LARGE, "--overwrite", "--out", str(tmp_path / "maps")]
    code = (
        "import resource, sys\n"
        "from cnn_explorer.cli import main\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, 10_000))\n"
        f"sys.exit(main({arguments!r}))\n"
    )
    ended = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False
    )
    assert (ended.returncode, ended.stdout) == (1, "")
    assert one_sentence(ended.stderr)
    assert "could not be written" in ended.stderr
    assert contents(tmp_path / "maps") == {"maps.npz": hashlib.sha256(b"mine").hexdigest()}


@pytest.mark.skipif(sys.platform == "win32", reason="signals are another thing on Windows")
def test_ctrl_c_ends_with_130_and_leaves_nothing(tmp_path):
    command = [sys.executable, "-m", "cnn_explorer", "export", "--scheme", "naive"]
    command += ["--filters", "64,64", "--address", "*.*", "--out", str(tmp_path)]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        while not list(tmp_path.rglob("*.png")):  # it is in the middle of its work
            assert process.poll() is None, process.stderr.read()
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=60)
    assert (process.returncode, said) == (130, "Interrupted; nothing was written.\n")
    assert not list(tmp_path.iterdir())


@pytest.mark.skipif(sys.platform == "win32", reason="signals are another thing on Windows")
def test_ctrl_c_in_the_middle_of_a_call_into_qt_ends_with_130(tmp_path, capsys, monkeypatch):
    def png(*_):
        try:
            signal.raise_signal(signal.SIGINT)
        except KeyboardInterrupt as error:  # as PySide6 6.11 does now and then
            raise SystemError("bad argument to internal function") from error
        return b""

    monkeypatch.setattr(export_module, "png", png)
    before = signal.getsignal(signal.SIGINT)
    assert main(["export", "--out", str(tmp_path / "maps")]) == 130
    assert capsys.readouterr() == ("", "Interrupted; nothing was written.\n")
    assert not list(tmp_path.iterdir())
    assert signal.getsignal(signal.SIGINT) is before


def test_a_second_ctrl_c_does_not_wait_for_the_end_of_a_step(tmp_path, capsys, monkeypatch):
    steps = []

    def png(*_):
        steps.append("begun")
        signal.raise_signal(signal.SIGINT)
        signal.raise_signal(signal.SIGINT)
        steps.append("ended")
        return b""

    monkeypatch.setattr(export_module, "png", png)
    assert main(["export", "--out", str(tmp_path / "maps")]) == 130
    assert capsys.readouterr() == ("", "Interrupted; nothing was written.\n")
    assert steps == ["begun"]


def test_an_interruption_elsewhere_is_quiet(monkeypatch, capsys):
    def interrupt():
        raise KeyboardInterrupt

    monkeypatch.setitem(sys.modules, "cnn_explorer.selftest", types.SimpleNamespace(run=interrupt))
    assert main(["self-test"]) == 130
    assert capsys.readouterr() == ("", "")


# The window, the self-test, help.


def test_without_arguments_the_window_opens(monkeypatch):
    opened = []
    app = types.SimpleNamespace(run_window=lambda *given: opened.append(given) or 7)
    monkeypatch.setitem(sys.modules, "cnn_explorer.app", app)
    monkeypatch.setenv("QT_QPA_PLATFORM", "offscreen")
    assert main([]) == 7
    assert main(["lesson.cnnx"]) == 7
    assert opened == [(["cnn-explorer"], None), (["cnn-explorer"], "lesson.cnnx")]


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only there is a display needed")
def test_without_a_display_the_window_says_so():
    unset = ("QT_QPA_PLATFORM", "DISPLAY", "WAYLAND_DISPLAY")
    ended = run(env={k: v for k, v in os.environ.items() if k not in unset})
    assert (ended.returncode, ended.stdout) == (2, "")
    assert ended.stderr.startswith("There is no display to open a window on")
    assert one_sentence(ended.stderr)


def test_the_self_test_decides_the_exit_code(monkeypatch):
    monkeypatch.setitem(sys.modules, "cnn_explorer.selftest", types.SimpleNamespace(run=lambda: 5))
    assert main(["self-test"]) == 5


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--version"], f"CNN Explorer {__version__}\n"),
        (["--help"], "cnn-explorer export --out maps"),
        (["export", "--help"], "--kernel-size"),
        (["self-test", "--help"], "Tries the installed program"),
    ],
)
def test_help_and_version_are_quick(arguments, words):
    """They load neither Qt nor scipy."""
    code = (
        "import sys\n"
        "from cnn_explorer.cli import main\n"
        "try:\n"
        f"    main({arguments!r})\n"
        "except SystemExit as end:\n"
        "    print(*sys.modules, file=sys.stderr)\n"
        "    raise\n"
    )
    ended = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False
    )
    assert ended.returncode == 0
    assert words in ended.stdout
    loaded = {name.partition(".")[0] for name in ended.stderr.split()}
    assert "argparse" in loaded
    assert not loaded & {"PySide6", "scipy", "pyqtgraph"}


def test_help_fits_a_terminal_and_needs_no_special_letters(capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    for arguments in (["--help"], ["export", "--help"]):
        with pytest.raises(SystemExit):
            main(arguments)
        text = capsys.readouterr().out
        assert text.isascii()
        assert max(map(len, text.splitlines())) <= 100


# The bar.


class Terminal(io.StringIO):
    def isatty(self):
        return True


def test_a_terminal_sees_a_bar_that_goes_away(tmp_path, monkeypatch):
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    assert main(["export", "--out", str(tmp_path)]) == 0
    shown = terminal.getvalue().split("\r")
    assert f"[{'#' * 30}] 100 %" in shown
    percents = [int(found[1]) for line in shown if (found := re.search(r"(\d+) %", line))]
    assert percents == sorted(percents)
    assert shown[-1] == ""
    assert shown[-2].strip() == ""
    assert len(shown[-2]) >= max(map(len, shown))


def test_a_sentence_stands_on_a_line_of_its_own_after_the_bar(tmp_path, monkeypatch):
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)

    def fail(*_):
        raise MemoryError

    monkeypatch.setattr(export_module, "manifest", fail)
    assert main(["export", "--out", str(tmp_path / "maps")]) == 1
    assert terminal.getvalue().split("\r")[-1].startswith("There is not enough memory")


def test_a_stream_that_lacks_letters_is_no_reason_to_fail(tmp_path):
    ended = run(
        *("export", "--filters", "x", "--out", tmp_path / "maps"),
        env=os.environ | {"PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"},
    )
    assert ended.returncode == 2
    assert ended.stderr.isascii()
    ended = run(
        *("export", *LARGE, "--out", tmp_path / "Käfer"),
        env=os.environ | {"PYTHONIOENCODING": "ascii:strict", "PYTHONUTF8": "1"},
    )
    assert (ended.returncode, ended.stderr) == (0, "")
    assert json.loads((tmp_path / "Käfer" / "manifest.json").read_bytes())["scheme"] == "real"


def test_the_module_runs_the_same_program():
    assert run("--version").stdout == f"CNN Explorer {__version__}\n"
    assert cli.main is main
