"""An export opens as the document that it came from."""

import json
from dataclasses import replace

import numpy as np
import pytest

from cnn_explorer.core.building import new_network
from cnn_explorer.core.edit import with_bias
from cnn_explorer.core.kernel_edits import with_cell
from cnn_explorer.core.mutes import toggle_mute
from cnn_explorer.core.network import Network, Trained
from cnn_explorer.core.schemes import ChannelScheme
from cnn_explorer.core.state import State
from cnn_explorer.core.trained import is_as_trained
from cnn_explorer.io.description import arrays_of, described_layers
from cnn_explorer.io.digits import digit
from cnn_explorer.io.export import ExportOptions, export
from cnn_explorer.io.exports import ExportedError, holds_export, load_export
from cnn_explorer.io.networks import BUNDLED, bundled_network
from cnn_explorer.io.session import opening_state

NPZ = ExportOptions(("npz",))


def check_same(one: Network, other: Network) -> None:
    told = [json.dumps(described_layers(network)) for network in (one, other)]
    assert told[0] == told[1]
    assert one.seed == other.seed
    arrays, others = arrays_of(one), arrays_of(other)
    for name, array in arrays.items():
        if not name.startswith("trained."):
            assert array.tobytes() == others[name].tobytes(), name


@pytest.mark.parametrize("scheme", ChannelScheme)
@pytest.mark.parametrize("centred", [False, True])
def test_the_document_comes_back(scheme, centred, tmp_path) -> None:
    network = opening_state().network
    network = toggle_mute(with_cell(network, 1, 2, 1, (0, 1), 0.3), 1, 0, 1)
    state = State(digit(4), network, scheme, centred)
    export(state, tmp_path, replace(NPZ, formats=("npz", "png")))
    for path in (tmp_path, tmp_path / "manifest.json", tmp_path / "maps.npz"):
        assert holds_export(path)
        again = load_export(path).state
        assert again.drawing.tobytes() == state.drawing.tobytes()
        assert (again.scheme, again.centred) == (scheme, centred)
        check_same(again.network, network)
        assert again.network.trained is network.trained


@pytest.mark.parametrize("name", BUNDLED)
def test_bundled_networks_come_back_as_trained(name, tmp_path) -> None:
    export(State(digit(1), bundled_network(name)), tmp_path, NPZ)
    assert is_as_trained(load_export(tmp_path).state.network)


@pytest.mark.parametrize("options", [{"layers": (0,)}, {"selected": (1, 2)}])
def test_of_a_part_the_whole_document_comes_back(options, tmp_path) -> None:
    network = with_bias(new_network((3, 4), initialisation="he", seed=8), 0, False)
    export(State(digit(1), network), tmp_path, replace(NPZ, **options))
    check_same(load_export(tmp_path).state.network, network)


def test_what_was_trained_elsewhere_is_as_trained(tmp_path) -> None:
    network = opening_state().network
    assert network.trained is not None
    mine = replace(network, trained=Trained("mine", network.layers, 2.0, 0.5))
    export(State(digit(1), mine), tmp_path, NPZ)
    trained = load_export(tmp_path).state.network.trained
    assert trained is not None
    assert (trained.name, trained.temperature, trained.threshold) == ("mine", 2.0, 0.5)


def test_the_export_of_what_comes_back_is_the_same(tmp_path) -> None:
    export(opening_state(), tmp_path / "one", NPZ)
    export(load_export(tmp_path / "one").state, tmp_path / "two", NPZ)
    for name in ("maps.npz", "manifest.json"):
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()


def test_other_files_are_no_exports(tmp_path) -> None:
    (tmp_path / "manifest.json").write_text('{"program": "other"}')
    np.savez(tmp_path / "maps.npz", x=np.zeros(3))
    assert not holds_export(tmp_path)
    assert not holds_export(tmp_path / "maps.npz")
    assert not holds_export(tmp_path / "nothing")


@pytest.fixture
def exported(tmp_path):
    export(opening_state(), tmp_path, NPZ)
    return tmp_path


def change(folder, **changes) -> None:
    path = folder / "manifest.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **changes}, indent=2))


def test_without_arrays_there_is_nothing_to_open(exported) -> None:
    (exported / "maps.npz").unlink()
    with pytest.raises(ExportedError, match=r"There is no maps.npz beside manifest.json: only an"):
        load_export(exported)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"scheme": "other"}, "other"),
        ({"seed": -1}, "the seed is -1"),
        ({"network": []}, "1 to 16 layers"),
        ({"network": "x"}, "layers|kind"),
        ({"centred": True}, "drawing is missing"),
        ({"trained": {"name": "x\n", "temperature": 1, "threshold": 0}}, "its name is no line"),
        ({"trained": 3}, "missing or of another kind"),
    ],
)
def test_what_does_not_fit_is_refused_in_one_sentence(exported, changes, words) -> None:
    change(exported, **changes)
    with pytest.raises(ExportedError, match=words) as error:
        load_export(exported)
    assert str(error.value).endswith(".")


def test_a_manifest_that_never_ends_is_refused(exported) -> None:
    change(exported, more="x" * (8 << 20))
    with pytest.raises(ExportedError, match="larger than can be opened"):
        load_export(exported)


def test_arrays_that_are_cut_off_are_refused(exported) -> None:
    path = exported / "maps.npz"
    content = path.read_bytes()
    for length in range(0, len(content), len(content) // 20):
        path.write_bytes(content[:length])
        with pytest.raises(ExportedError, match=r"^maps.npz is damaged or not the arrays"):
            load_export(exported)
