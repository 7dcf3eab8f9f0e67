"""Run the published tests and print their counts; exits with 1 where one fails."""

import sys

import onnx

from .report import published, table
from .suite import runs


def main() -> int:
    """Print the table, and the tests that fail."""
    failed = 0
    for case, method in runs():
        try:
            case.check(method)
        except Exception as error:
            failed += 1
            print(f"{case.kind}/{case.name} ({method}): {error}", file=sys.stderr)
    print(table(), end="")
    print(f"\nonnx {onnx.__version__}: {len(runs()) - failed} of {len(runs())} computations agree.")
    if table() != published():
        print("README.md has another table.", file=sys.stderr)
        return 1
    return int(failed > 0)


if __name__ == "__main__":
    sys.exit(main())
