"""Documents as version 2 wrote them: names of arrays and keys all at the top."""

import io
import json
import zipfile
from pathlib import Path

import numpy as np

from cnn_explorer.core.state import State
from cnn_explorer.io.description import arrays_of, described_network
from cnn_explorer.io.session import MIMETYPE


def save_version_2(path: Path, state: State) -> None:
    """Write a document without view and scenes."""
    described = {"version": 2, "scheme": state.scheme.value, "centred": state.centred}
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("mimetype", MIMETYPE)
        archive.writestr("document.json", json.dumps(described | described_network(state.network)))
        for name, array in {"drawing": state.drawing, **arrays_of(state.network)}.items():
            file = io.BytesIO()
            np.save(file, np.ascontiguousarray(array), allow_pickle=False)
            archive.writestr(f"{name}.npy", file.getvalue())
