import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from cnn_explorer.gui.screen import display_problem

unix_only = pytest.mark.skipif(
    not hasattr(socket, "AF_UNIX") or sys.platform == "win32", reason="needs Unix sockets"
)


@pytest.fixture
def compositor(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A socket that answers as a compositor's does."""
    path = tmp_path_factory.mktemp("w") / "wayland-9"
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(path))
        server.listen()
        yield path


@pytest.fixture
def x_server() -> Iterator[int]:
    """A local port that answers as an X server's does; gives the number of its display."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1] - 6000


@pytest.fixture
def closed_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return server.getsockname()[1]


def problem(**environ: str) -> str | None:
    return display_problem(environ, platform="linux")


def test_without_variables_there_is_no_display() -> None:
    assert problem() == (
        "There is no display to open a window on: "
        "WAYLAND_DISPLAY is not set and DISPLAY is not set."
    )


@pytest.mark.parametrize("platform", ["darwin", "win32"])
def test_other_systems_need_no_display_server(platform: str) -> None:
    assert display_problem({}, platform=platform) is None


@pytest.mark.parametrize("name", ["offscreen", "minimal:option=1", "xcb;offscreen", "eglfs"])
def test_a_platform_without_a_display_server_is_no_problem(name: str) -> None:
    assert problem(QT_QPA_PLATFORM=name) is None


@pytest.mark.parametrize("name", ["xcb", "wayland", "wayland-egl", "wayland;xcb"])
def test_a_platform_with_a_display_server_needs_one(name: str) -> None:
    assert problem(QT_QPA_PLATFORM=name) is not None


@unix_only
def test_a_compositor_is_found_by_name_and_by_path(compositor: Path) -> None:
    folder = str(compositor.parent)
    assert problem(WAYLAND_DISPLAY=compositor.name, XDG_RUNTIME_DIR=folder) is None
    assert problem(WAYLAND_DISPLAY=str(compositor)) is None
    assert problem(WAYLAND_DISPLAY=str(compositor), QT_QPA_PLATFORM="xcb") is not None


@unix_only
def test_a_dead_compositor_is_named(tmp_path: Path) -> None:
    text = problem(WAYLAND_DISPLAY="wayland-9", XDG_RUNTIME_DIR=str(tmp_path))
    assert text is not None
    assert "WAYLAND_DISPLAY=wayland-9 does not answer and DISPLAY is not set." in text


@unix_only
def test_an_x_server_is_found_through_its_port(x_server: int) -> None:
    assert problem(DISPLAY=f"127.0.0.1:{x_server}.0") is None
    assert problem(DISPLAY=f"tcp/127.0.0.1:{x_server}") is None


@unix_only
def test_an_x_server_is_found_through_its_socket(compositor: Path) -> None:
    assert problem(DISPLAY=str(compositor)) is None


@unix_only
@pytest.mark.parametrize("display", [":98765", "unix:98765", ":", "nonsense", "/no/such/socket"])
def test_a_dead_display_is_named(display: str) -> None:
    text = problem(DISPLAY=display)
    assert text is not None
    assert f"DISPLAY={display} does not answer." in text


@unix_only
def test_a_dead_port_is_named(closed_port: int) -> None:
    assert problem(DISPLAY=f"127.0.0.1:{closed_port - 6000}") is not None
    assert problem(DISPLAY="127.0.0.1:99999") is not None


def test_the_process_own_environment_is_the_default(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("QT_QPA_PLATFORM", "offscreen")
    assert display_problem() is None


def test_looking_loads_no_qt() -> None:
    code = (
        "import sys; from cnn_explorer.gui.screen import display_problem; display_problem();"
        "sys.exit(any(name.startswith(('PySide6', 'shiboken6')) for name in sys.modules))"
    )
    subprocess.run([sys.executable, "-c", code], env={**os.environ, "DISPLAY": ""}, check=True)
