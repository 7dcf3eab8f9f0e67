"""The lessons that come with the program: sessions with scenes."""

from cnn_explorer.io.resources import resource
from cnn_explorer.io.session import ENDING, Session, load

LESSONS = {
    "maps": "Where did the other maps go?",
    "corners": "Why add? Corners from strokes",
    "axes": "Which axis is which?",
}
"""By name, what each is called."""


def lesson(name: str) -> Session:
    """Open a lesson.

    Parameters
    ----------
    name
        A key of `LESSONS`.

    Raises
    ------
    ValueError
        If there is no such lesson.
    """
    if name not in LESSONS:
        raise ValueError(f"There is no lesson “{name}”; choose from {', '.join(LESSONS)}.")
    return load(resource("lessons", f"{name}{ENDING}"))
