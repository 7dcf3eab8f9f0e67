"""A kernel as text, to copy and to paste."""

import re
from typing import Final

import numpy as np

from cnn_explorer.core.activations import Array

MAX_TEXT = 20_000
"""Characters that are looked at: several times what the largest kernel takes."""

# Each takes a time that grows with the text's length, not with its square.
_NUMBER: Final = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)(e[+-]?\d+)?", re.ASCII | re.IGNORECASE)
_ROW: Final = re.compile(r"\[([^\[\]]*)\]")
_BETWEEN: Final = re.compile(r"\s*[,;]\s*|\s+")
# What NumPy and PyTorch write before and after the brackets.
_BEFORE: Final = re.compile(r"([a-z]+\.)?(array|tensor)\(")
_AFTER: Final = re.compile(r"(,\s*\w+=[\w.]+)*,?\s*\)")
_MOST_QUOTED = 20


def number_text(value: float) -> str:
    """The shortest text from which the same float32 is read."""
    return str(np.float32(value))


def kernel_text(kernel: Array) -> str:
    """A kernel, float32, shape (kh, kw), as lines of numbers with tabs between them."""
    return "\n".join("\t".join(map(number_text, row)) for row in kernel)


def read_number(text: str) -> float:
    """Read one number; ValueError, with one sentence, where it is none."""
    plain = text.strip().replace("\N{MINUS SIGN}", "-")
    if not _NUMBER.fullmatch(plain):
        raise ValueError(f"“{_quoted(text)}” is no number; one is written as 0.5 or −2e-3.")
    return float(plain)


def read_kernel(text: str) -> Array:
    """Read rows of numbers.

    Parameters
    ----------
    text
        Lines of numbers with tabs, spaces, commas or semicolons between them; or rows in square
        brackets, as Python, JSON, NumPy and PyTorch write them.

    Returns
    -------
    ndarray
        float64, shape (rows, columns).

    Raises
    ------
    ValueError
        With one sentence, where the text is anything else, or its rows are not equally long.
    """
    if len(text) > MAX_TEXT:
        raise ValueError(
            f"The clipboard has {len(text):,} characters; a kernel takes at most {MAX_TEXT:,}."
        )
    rows = _rows(_without_call(text.strip()))
    if not rows:
        raise ValueError("The clipboard has no numbers.")
    for place, row in enumerate(rows):
        if len(row) != len(rows[0]):
            raise ValueError(
                f"Row {place} on the clipboard has {_counted(row)}, and row 0 has "
                f"{_counted(rows[0])}; those of a kernel are equally long."
            )
    return np.array([[read_number(number) for number in row] for row in rows])


def _without_call(text: str) -> str:
    """The brackets of “array([[…], […]], dtype=float32)”."""
    before, end = _BEFORE.match(text), text.rfind("]") + 1
    return text[before.end() : end] if before and _AFTER.fullmatch(text, end) else text


def _rows(text: str) -> list[list[str]]:
    """The words of each row that has some."""
    if "[" in text or "]" in text:
        lines = _ROW.findall(text)
        around = re.sub(r"[\s,]", "", _ROW.sub("", text))
        # A tensor of one kernel has two more pairs.
        if around not in ("", "[]", "[[]]", "[[[]]]"):
            raise ValueError(
                "The brackets on the clipboard are those of no kernel, which has the form "
                "[[…], […]]."
            )
    else:
        lines = text.splitlines()
    rows = [_BETWEEN.split(line.strip().rstrip(",;")) for line in lines]
    return [row for row in rows if any(row)]


def _counted(row: list[str]) -> str:
    return "1 number" if len(row) == 1 else f"{len(row)} numbers"


def _quoted(text: str) -> str:
    """The beginning of a text."""
    return text if len(text) <= _MOST_QUOTED else f"{text[:_MOST_QUOTED]}…"
