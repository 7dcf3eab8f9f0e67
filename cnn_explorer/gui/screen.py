"""Whether a window can be opened: looked up before Qt is, since Qt would abort the process."""

import os
import socket
import sys
from collections.abc import Mapping

_TIMEOUT = 2.0  # seconds, for a display on another host


def display_problem(
    environ: Mapping[str, str] | None = None, platform: str = sys.platform
) -> str | None:
    """Say why no window can be opened, or None where one can.

    Parameters
    ----------
    environ : mapping, optional
        The environment variables to judge by; the process's own by default.
    platform : str
        As `sys.platform`. Only on Linux does Qt need a display server of another process.

    Returns
    -------
    str or None
        One sentence, or None. A `QT_QPA_PLATFORM` that needs no display server is no problem.
    """
    environ = os.environ if environ is None else environ
    if not platform.startswith("linux"):
        return None
    wanted = {
        name.partition(":")[0].partition("-")[0]
        for name in environ.get("QT_QPA_PLATFORM", "").split(";")
        if name
    } or {"wayland", "xcb"}
    if wanted - {"wayland", "xcb"}:
        return None
    servers = {"wayland": ("WAYLAND_DISPLAY", _wayland), "xcb": ("DISPLAY", _x11)}
    dead = []
    for name in sorted(wanted):
        variable, answers = servers[name]
        value = environ.get(variable, "")
        if value and answers(value, environ):
            return None
        dead.append(f"{variable}={value} does not answer" if value else f"{variable} is not set")
    return f"There is no display to open a window on: {' and '.join(dead)}."


def _wayland(name: str, environ: Mapping[str, str]) -> bool:
    """Whether a Wayland compositor listens at `name`, a path below XDG_RUNTIME_DIR."""
    return _listens(os.path.join(environ.get("XDG_RUNTIME_DIR", ""), name))


def _x11(display: str, _environ: Mapping[str, str]) -> bool:
    """Whether an X server listens at `display`: [protocol/][host]:number[.screen]."""
    host, _, number = display.rpartition(":")
    number = number.partition(".")[0]
    if not number.isdecimal():
        return _listens(display)
    host = host.rpartition("/")[2]
    if host not in ("", "unix"):
        try:
            with socket.create_connection((host.strip("[]"), 6000 + int(number)), _TIMEOUT):
                return True
        except (OSError, OverflowError):
            return False
    path = f"/tmp/.X11-unix/X{number}"
    return _listens("\0" + path) or _listens(path)


def _listens(path: str) -> bool:
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(_TIMEOUT)
        try:
            connection.connect(path)
        except (OSError, ValueError):
            return False
    return True
