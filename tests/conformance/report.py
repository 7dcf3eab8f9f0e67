"""The counts of the published tests as the table that README.md has."""

import re
from pathlib import Path

from .suite import counts

README = Path(__file__).parents[2] / "README.md"
MARKS = "<!-- conformance -->\n", "<!-- end of conformance -->\n"


def table() -> str:
    """A row for each family: what is run, and what is not and why."""
    lines = [
        "| family | published | run | of these expanded | not run, and why |",
        "| --- | ---: | ---: | ---: | --- |",
    ]
    total = [0, 0, 0]
    for family, (run, expanded, reasons) in counts().items():
        left = sum(reasons.values())
        # The most frequent first; of equal ones by name.
        ordered = sorted(reasons.items(), key=lambda item: (-item[1], item[0]))
        why = ", ".join(f"{reason} {count}" for reason, count in ordered)
        lines.append(f"| {family} | {run + left} | {run} | {expanded} | {left}: {why} |")
        total = [a + b for a, b in zip(total, (run, expanded, left), strict=True)]
    run, expanded, left = total
    lines.append(f"| **all** | {run + left} | **{run}** | {expanded} | {left} |")
    return "\n".join(lines) + "\n"


def published() -> str:
    """The table that README.md has, or nothing where the marks are missing."""
    found = re.search("(.*)".join(map(re.escape, MARKS)), README.read_text("utf-8"), re.DOTALL)
    return found[1] if found else ""
