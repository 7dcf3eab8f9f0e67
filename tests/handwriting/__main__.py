"""Print the README's table: how well the bundled networks read, and what they refuse."""

import re

from cnn_explorer.core.blas import limit_threads
from cnn_explorer.core.kernel_layers import Conv2d, Linear
from cnn_explorer.core.network import Network
from cnn_explorer.io.networks import BUNDLED, bundled_network
from cnn_explorer.io.resources import resource

from .reading import drawings, letters, share_refused, share_right

EACH = 100


def main() -> None:
    """Print it."""
    limit_threads()
    images = drawings(EACH)[0]
    print(
        "| network | convolutions | parameters | MNIST, validation | pen, as drawn | pen, centred "
        "| refused: digits | letters |"
    )
    print("| --- | --- |" + " ---: |" * 6)
    for name in BUNDLED:
        network = bundled_network(name)
        shares = (
            share_right(network, EACH, centring=False),
            share_right(network, EACH, centring=True),
            share_refused(network, images),
            share_refused(network, letters(EACH)),
        )
        parameters = sum(sum(layer.parameters) for layer in network.layers)
        cells = [
            name,
            _convolutions(network),
            f"{parameters:,}",
            f"{_validation(name)} %",
            *(f"{100 * share:.1f} %" for share in shares),
        ]
        print(f"| {' | '.join(cells)} |")


def _convolutions(network: Network) -> str:
    return ", ".join(
        f"{layer.out_channels} of {layer.kernel_size[0]}×{layer.kernel_size[1]}"
        + (" depthwise" if layer.groups > 1 else "")
        for layer in network.layers
        if isinstance(layer, Conv2d) and not isinstance(layer, Linear)
    )


def _validation(name: str) -> str:
    """What the card says, as measured by the training."""
    card = resource("networks", f"{name}.md").read_text(encoding="utf-8")
    found = re.search(r"Accuracy: ([\d.]+)%", card)
    assert found is not None
    return found[1]


if __name__ == "__main__":
    main()
