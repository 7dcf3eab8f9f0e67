"""How many threads the matrix product takes: one, beside an interface that waits for none."""

from functools import cache

import numpy  # noqa: F401  (it is its matrix product that is meant)
from threadpoolctl import ThreadpoolController


@cache
def controller() -> ThreadpoolController:
    """What sets the number of threads; made once, before modules are loaded in other threads.

    It asks the dynamic linker for what is loaded and is called back under the linker's lock, which
    a thread that loads a module waits for while it holds Python's own: both would wait for ever.
    """
    return ThreadpoolController()


def limit_threads() -> None:
    """Let the matrix product take one thread from now on.

    More of them than free cores spin against each other: 5 to 20 times slower.
    """
    controller().limit(limits=1, user_api="blas")
