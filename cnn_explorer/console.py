"""What all commands share: how they refuse, how far they are, how Ctrl-C ends them.

Whatever takes time to import is imported where it is used.
"""

import argparse
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import NoReturn

FAILED, REFUSED, INTERRUPTED = 1, 2, 130
"""Exit codes beside 0: the work failed, what was asked for cannot be done, interrupted."""


class Refused(Exception):
    """What was asked for cannot be done; the message is one sentence."""


class Parser(argparse.ArgumentParser):
    """A parser that answers wrong arguments with one sentence instead of its usage."""

    def error(self, message: str) -> NoReturn:
        """Refuse in argparse's own words."""
        words = message[:1].upper() + message[1:].rstrip(".")
        raise Refused(f"{words}; see {self.prog} --help.")


@contextmanager
def progress_bar() -> Iterator[Callable[[int, int], None] | None]:
    """A bar on standard error where that is a terminal; it is gone when the work is."""
    if sys.stderr is None or not sys.stderr.isatty():
        yield None
        return
    width = 30

    def show(done: int, total: int) -> None:
        bar = "#" * (done * width // total)
        sys.stderr.write(f"\r[{bar:<{width}}] {done * 100 // total:3} %")
        sys.stderr.flush()

    try:
        yield show
    finally:
        sys.stderr.write("\r" + " " * (width + 8) + "\r")
        sys.stderr.flush()


@contextmanager
def interruptible() -> Iterator[Callable[[], None]]:
    """Ctrl-C waits for the next call of what is yielded; a second one does not wait.

    Raised in the middle of a call into Qt, PySide6 6.11 makes a SystemError of it now and then.
    """
    pressed = False

    def press(*_: object) -> None:
        nonlocal pressed
        pressed = True
        signal.signal(signal.SIGINT, signal.default_int_handler)

    def checkpoint() -> None:
        if pressed:
            raise KeyboardInterrupt

    if signal.getsignal(signal.SIGINT) is not signal.default_int_handler:
        yield checkpoint  # somebody ignores it, or has a way of their own
        return
    signal.signal(signal.SIGINT, press)
    try:
        yield checkpoint
    finally:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def say(sentence: str, code: int) -> int:
    """Say what went wrong, on standard error, and hand the exit code on."""
    print(sentence, file=sys.stderr)
    return code
