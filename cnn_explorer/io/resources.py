"""Where the files of `resources/` lie, however the program was installed."""

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parents[1]

# A wheel carries the folder inside the package; in the repository it lies beside the package.
_FOLDERS = (_PACKAGE / "resources", _PACKAGE.parent / "resources")


def resource(*parts: str) -> Path:
    """Find a file or a folder of `resources/`.

    Parameters
    ----------
    *parts : str
        The path below `resources/`, part by part: ``resource("icons", "pen.svg")``.

    Returns
    -------
    pathlib.Path
        An absolute path to what exists, whatever the working directory.

    Raises
    ------
    FileNotFoundError
        When the installation has no such file or folder.
    """
    for folder in _FOLDERS:
        path = folder.joinpath(*parts)
        if path.exists():
            return path
    name = "/".join(("resources", *parts))
    raise FileNotFoundError(f"{name} is missing from this installation: install it again.")
