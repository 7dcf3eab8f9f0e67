"""What the files of an export are, as JSON: no time and no path, so that it repeats."""

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from cnn_explorer import __version__
from cnn_explorer.core.addresses import address_text
from cnn_explorer.core.network import INPUT_SIZE, Network
from cnn_explorer.core.schemes import map_counts
from cnn_explorer.core.state import State
from cnn_explorer.io.description import described_layers
from cnn_explorer.io.parts import Part, written_as
from cnn_explorer.io.passes import Ranges, hull


def manifest(
    state: State,
    parts: Sequence[Part],
    ranges: Ranges,
    display: Mapping[str, Any],
    files: Mapping[str, Mapping[str, Any]],
) -> bytes:
    """Write the manifest.

    Parameters
    ----------
    state
        The document.
    parts, ranges
        What was exported, layer by layer, and the values there are. A layer's own range is that
        of all its maps, in Naive of those that share its colours.
    display
        How pictures were made.
    files
        For each file's name what it holds.
    """
    counts = map_counts(state.network, state.scheme)
    sizes = state.network.sizes[1:]
    described = {
        "program": "CNN Explorer",
        "version": __version__,
        "scheme": state.scheme.value,
        "seed": state.network.seed,
        "input": INPUT_SIZE,
        "centred": state.centred,
        "network": described_layers(state.network),
        "trained": _trained(state.network),
        "display": display,
        "layers": [
            {
                "layer": part.layer + 1,
                "maps": counts[part.layer],
                "size": sizes[part.layer],
                "range": hull(ranges[part.layer].values()),
                "ranges": {
                    address_text(written_as(state, address)): ranges[part.layer][address]
                    for address in part.written
                },
            }
            for part in parts
            if part.written
        ],
        "files": files,
    }
    text = json.dumps(described, indent=2, allow_nan=False)
    # Lists of numbers stay on one line, so that people can read it too.
    text = re.sub(
        r'\[[^][{}"]*\]', lambda found: "".join(found[0].split()).replace(",", ", "), text
    )
    return f"{text}\n".encode("ascii")


def _trained(network: Network) -> dict[str, Any] | None:
    """What a network was trained to be, its layers apart."""
    trained = network.trained
    if trained is None:
        return None
    return {name: getattr(trained, name) for name in ("name", "temperature", "threshold")}
