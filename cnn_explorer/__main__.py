"""What ``python -m cnn_explorer`` runs."""

import sys

from cnn_explorer.cli import main

if __name__ == "__main__":
    sys.exit(main())
