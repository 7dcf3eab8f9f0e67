"""Fuzz the readers for longer than the tests do: ``make fuzz``, ``make fuzz ARGS="10000 7"``.

The arguments are how many files of each kind, the seed, and which kinds, without those all. Exits
with 1 where one is neither read nor refused by one sentence.
"""

import sys
import tempfile
import time
from pathlib import Path

from .readers import READERS, fuzz


def main() -> int:
    """Fuzz each reader, and tell the most memory that a file took."""
    given = list(map(int, sys.argv[1:3]))
    rounds, seed = given + [3000, 1][len(given) :]
    kinds = sys.argv[3:]
    failed = 0
    folder = Path(tempfile.mkdtemp(prefix="fuzz-"))
    for reader in READERS:
        if kinds and reader.name not in kinds:
            continue
        start = time.perf_counter()
        try:
            refused, peak = fuzz(reader, folder, rounds, seed)
        except AssertionError as error:
            failed += 1
            print(f"{error}; the file is in {folder}", file=sys.stderr)
            continue
        print(
            f"{reader.name:<12} {rounds:,} files, {refused:,} refused, at most "
            f"{peak / 2**20:.2f} MiB, {time.perf_counter() - start:.0f} s"
        )
    return int(failed > 0)


if __name__ == "__main__":
    sys.exit(main())
