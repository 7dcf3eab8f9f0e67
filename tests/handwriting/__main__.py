"""Print how well the bundled networks read what is drawn with the program's own pen."""

from cnn_explorer.core.blas import limit_threads
from cnn_explorer.io.networks import BUNDLED, bundled_network

from .reading import drawings, letters, mistakes, share_refused, share_right

EACH = 100


def main() -> None:
    """Print a table."""
    limit_threads()
    count = len(drawings(1)[0]) * EACH
    print(f"{count:,} drawings: right as drawn | right centred | refused, centred | most mistaken")
    print("letters: refused, centred")
    images, _ = drawings(EACH)
    for name in BUNDLED:
        network = bundled_network(name)
        plain, middle = (share_right(network, EACH, centring=on) for on in (False, True))
        (pair, times), *_ = mistakes(network, EACH).most_common(1) or [((0, 0), 0)]
        print(
            f"{name:>10}: {plain:6.1%} | {middle:6.1%} | {share_refused(network, images):5.1%} | "
            f"{pair[0]} for {pair[1]}, {times} times | "
            f"letters {share_refused(network, letters(EACH)):5.1%}"
        )


if __name__ == "__main__":
    main()
