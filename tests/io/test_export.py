"""Exports: what is in the files, held against a forward pass of our own, and that all or none are.

The oracle sums scipy.signal.correlate2d in float64, a kernel at a time, and knows nothing of the
program's own passes.
"""

import errno
import hashlib
import itertools
import json
import os
import re
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PySide6.QtGui import QImage
from scipy.signal import correlate2d
from threadpoolctl import threadpool_info

from cnn_explorer import __version__
from cnn_explorer.core.building import new_network
from cnn_explorer.core.display import COLOUR_MAPS
from cnn_explorer.core.edit import (
    with_activation,
    with_bias,
    with_kernel_size,
    with_padding,
    with_stride,
)
from cnn_explorer.core.forward import Cancelled
from cnn_explorer.core.kernel_layers import Linear
from cnn_explorer.core.layers import (
    AvgPool2d,
    BatchNorm2d,
    Flatten,
    GlobalAvgPool2d,
    MaxPool2d,
    Softmax,
)
from cnn_explorer.core.mutes import toggle_mute
from cnn_explorer.core.network import Network
from cnn_explorer.core.schemes import ChannelScheme
from cnn_explorer.core.state import State
from cnn_explorer.io import passes, sheets
from cnn_explorer.io.digits import digit
from cnn_explorer.io.export import (
    FORMATS,
    ExportError,
    ExportOptions,
    FilesExistError,
    export,
    file_names,
)
from cnn_explorer.io.files import FileError, FolderError

REAL, NAIVE, SHARED = ChannelScheme
EVERYTHING = ExportOptions(tuple(FORMATS), scale=2)


def state(filters=(3, 4), scheme=REAL, *, seed=0):
    return State(digit(7), new_network(filters, seed=seed), scheme)


def odd_state(scheme):
    """Even kernels, strides, paddings of every kind, activations, a layer without bias."""
    network = new_network((3, 2, 4), initialisation="he", seed=5)
    network = with_kernel_size(network, 0, 4)
    network = with_stride(network, 0, 2)
    network = with_activation(network, 0, "tanh")
    network = with_padding(network, 1, "valid")
    network = with_bias(network, 1, False)
    network = with_activation(network, 1, "none")
    network = with_padding(network, 2, 3)
    return State(digit(2), network, scheme)


def muted_state(scheme):
    """Some, all and none of a filter's contributions are muted, in two layers of three."""
    document = odd_state(scheme)
    network = document.network
    for pair in ((1, 0, 0), (1, 1, 0), (1, 1, 1), (1, 1, 2), (2, 0, 1), (2, 3, 0)):
        network = toggle_mute(network, *pair)
    return replace(document, network=network)


def expected_maps(state):
    """For each layer {address: map}, in float64; an address is (filter,) unless in Naive.

    A mute (j, i) leaves one term out of a sum, in Naive the one term of map (…i, j).
    """
    layers = []
    maps = {(): state.drawing.astype(float)}
    for layer in state.network.layers:
        weight = layer.weight.astype(float)
        off = set() if layer.muted is None else set(map(tuple, np.argwhere(layer.muted)))
        bias = np.zeros(len(weight)) if layer.bias is None else layer.bias.astype(float)
        found = {}
        if state.scheme is NAIVE:
            for (parent, values), j in itertools.product(maps.items(), range(len(weight))):
                flat = weight[j].sum(axis=0) * ((j, parent[-1] if parent else 0) not in off)
                found[*parent, j] = convolved(layer, values, flat) + bias[j]
        else:
            for j in range(len(weight)):
                kernels = weight[j]
                if state.scheme is SHARED:
                    kernels = [weight[j].mean(axis=0)] * len(maps)
                parts = [
                    convolved(layer, values, kernel)
                    for values, kernel in zip(maps.values(), kernels, strict=True)
                ]
                heard = [part for i, part in enumerate(parts) if (j, i) not in off]
                found[j,] = sum(heard, np.zeros_like(parts[0])) + bias[j]
        activation = {"none": lambda x: x, "relu": lambda x: x.clip(0), "tanh": np.tanh}
        maps = {key: activation[layer.activation](values) for key, values in found.items()}
        layers.append(maps)
    return layers


def convolved(layer, values, kernel):
    (kh, kw), (down, across) = kernel.shape, layer.stride
    if layer.padding == "same":
        rows = max(0, (-(-values.shape[0] // down) - 1) * down + kh - values.shape[0])
        columns = max(0, (-(-values.shape[1] // across) - 1) * across + kw - values.shape[1])
        sides = ((rows // 2, rows - rows // 2), (columns // 2, columns - columns // 2))
    else:
        sides = 0 if layer.padding == "valid" else layer.padding
    return correlate2d(np.pad(values, sides), kernel, mode="valid")[::down, ::across]


def picture(path):
    """A PNG file as an array (rows, columns, 3), or (rows, columns) of 16 bits, and its texts."""
    image = QImage(str(path))
    texts = {key: image.text(key) for key in image.textKeys()}
    if image.format() == QImage.Format.Format_Grayscale16:
        rows = [
            np.frombuffer(image.constScanLine(row), np.uint16)[: image.width()]
            for row in range(image.height())
        ]
        return np.array(rows), texts
    image.convertTo(QImage.Format.Format_RGB32)
    flat = np.frombuffer(image.constBits(), np.uint8).copy()
    return flat.reshape(image.height(), image.width(), 4)[..., 2::-1], texts


def contents(folder):
    """Every file below a folder, hidden ones too, with a digest."""
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def headed_state(scheme):
    """A layer of every kind: 3 filters, pooled, normalised; 2 filters, averaged; ten outputs."""
    first, second = new_network((3, 2), initialisation="he", seed=5).layers
    values = np.random.default_rng(1).uniform(0.5, 2, (4, 3)).astype(np.float32)
    dense = np.random.default_rng(2).standard_normal((4, 2, 1, 1)).astype(np.float32)
    layers = (
        first,
        MaxPool2d(10, 3),
        BatchNorm2d(11, 3, *values, activation="tanh"),
        second,
        AvgPool2d(12, 2, (7, 7), (7, 7)),
        GlobalAvgPool2d(13, 2),
        Flatten(14, 2, (1, 1)),
        Linear(15, dense, None, activation="none"),
        Softmax(16, 4),
    )
    return State(digit(3), Network(layers), scheme)


def headed_maps(state):
    """Its maps, by reshaping and formulas; an address has a part for each filter alone."""
    first, _, norm, second, *_, dense, _ = state.network.layers
    convolutions = State(state.drawing, Network((first,)), state.scheme)
    layers = expected_maps(convolutions)

    def blocks(values, side, reduce):
        count = len(values) // side
        return reduce(values.reshape(count, side, count, side), axis=(1, 3))

    def normalised(j, values):
        mean, variance, weight, bias = (
            float(one[j]) for one in (norm.mean, norm.variance, norm.weight, norm.bias)
        )
        return np.tanh((values - mean) / (variance + norm.eps) ** 0.5 * weight + bias)

    def each(function):
        layers.append({key: function(key, values) for key, values in layers[-1].items()})

    each(lambda key, values: blocks(values, 2, np.max))
    each(lambda key, values: normalised(key[-1], values))
    found = {}
    for j in range(2):
        kernels = second.weight[j].astype(float)
        if state.scheme is SHARED:
            kernels = [kernels.mean(axis=0)] * 3
        parts = [
            convolved(second, values, kernels.sum(axis=0) if state.scheme is NAIVE else kernels[i])
            for (i,), values in layers[-1].items()
        ]
        bias = float(second.bias[j])
        if state.scheme is NAIVE:
            found |= {(i, j): (part + bias).clip(0) for i, part in enumerate(parts)}
        else:
            found[j,] = (sum(parts) + bias).clip(0)
    layers.append(dict(sorted(found.items())))
    each(lambda key, values: blocks(values, 7, np.mean))
    each(lambda key, values: values.mean(keepdims=True))
    if state.scheme is NAIVE:
        return layers
    each(lambda key, values: values)
    weight = dense.weight[:, :, 0, 0].astype(float)
    if state.scheme is SHARED:
        weight = np.repeat(weight.mean(axis=1, keepdims=True), 2, axis=1)
    outputs = weight @ [values[0, 0] for values in layers[-1].values()]
    layers.append({(j,): np.full((1, 1), value) for j, value in enumerate(outputs)})
    shares = np.exp(outputs) / np.exp(outputs).sum()
    layers.append({(j,): np.full((1, 1), value) for j, value in enumerate(shares)})
    return layers


# What the files hold.


@pytest.mark.parametrize("scheme", [REAL, NAIVE, SHARED])
def test_layers_of_every_kind_are_written_as_they_are_defined(tmp_path, scheme):
    document = headed_state(scheme)
    expected = headed_maps(document)
    options = ExportOptions(("npz", "png", "sheet"), scale=1, layers=range(len(expected)))
    names = export(document, tmp_path, options)
    with np.load(tmp_path / "maps.npz", allow_pickle=False) as archive:
        arrays = dict(archive)
    manifest = json.loads((tmp_path / "manifest.json").read_text("ascii"))
    assert [layer["type"] for layer in manifest["network"]] == [
        type(layer).__name__ for layer in document.network.layers
    ]
    assert [layer["layer"] for layer in manifest["layers"]] == [*range(1, len(expected) + 1)]
    for described, maps in zip(manifest["layers"], expected, strict=True):
        name = f"layer{described['layer']}"
        np.testing.assert_allclose(
            arrays[f"{name}.maps"], list(maps.values()), rtol=1e-4, atol=1e-5
        )
        addresses = [".".join(map(str, key)) for key in maps]
        assert list(described["ranges"]) == addresses
        assert described["maps"] == len(maps)
        pictures = [f"{name}-map{address}.png" for address in addresses]
        assert [one for one in names if one.startswith(f"{name}-map")] == pictures
        for one, address in zip(pictures, addresses, strict=True):
            pixels, texts = picture(tmp_path / one)
            assert texts["Map"] == address
            assert pixels.shape[:2] == tuple(described["size"])
        assert f"{name}-sheet.png" in names
    members = {key for key in arrays if key.startswith("layer3.")}
    assert members == {f"layer3.{one}" for one in ("weight", "bias", "mean", "variance", "maps")}
    np.testing.assert_array_equal(arrays["layer3.mean"], document.network.layers[2].mean)
    assert {key for key in arrays if key.startswith("layer2.")} == {"layer2.maps"}
    assert not any(key.startswith(f"layer{len(expected) + 1}.") for key in arrays)


def test_a_range_counts_convolutions_and_maps_in_view_may_be_pooled(tmp_path):
    document = headed_state(NAIVE)
    expected = headed_maps(document)
    export(document, tmp_path / "range", ExportOptions(("npz",), address_range="1-2.*"))
    with np.load(tmp_path / "range" / "maps.npz", allow_pickle=False) as archive:
        assert archive["layer4.addresses"].tolist() == [[1, 0], [1, 1], [2, 0], [2, 1]]
        for address, values in zip(
            archive["layer4.addresses"].tolist(), archive["layer4.maps"], strict=True
        ):
            np.testing.assert_allclose(values, expected[3][tuple(address)], rtol=1e-4, atol=1e-5)
    view = [()] * 9
    view[1], view[5] = ((2, 2), (0, 0)), ((2, 2, 2, 1, 1, 1),)
    options = ExportOptions(("npz", "png"), in_view=view)
    names = export(document, tmp_path / "view", options)
    assert [name for name in names if name.endswith(".png")] == [
        "layer2-map0.png",
        "layer2-map2.png",
        "layer6-map2.1.png",
    ]
    with np.load(tmp_path / "view" / "maps.npz", allow_pickle=False) as archive:
        assert archive["layer2.addresses"].tolist() == [[0], [2]]
        assert archive["layer6.addresses"].tolist() == [[2, 1]]
        found = archive["layer6.maps"][0]
        np.testing.assert_allclose(found, expected[5][2, 1], rtol=1e-4, atol=1e-5)


def test_what_naive_does_not_have_cannot_be_exported(tmp_path):
    document = headed_state(NAIVE)
    for options, sentence in (
        (
            ExportOptions(selected=(0, 0, 0, 1, 1, 1, 1, 0)),
            r"^Linear 1 has no maps where every filter is applied to every map: it takes all maps",
        ),
        (ExportOptions(layers=(7,)), r"^No map is chosen for the export; choose at least one\.$"),
        (
            ExportOptions(address_range="0.0.0"),
            r"^The address range “0\.0\.0” has 3 parts; the network has 2 layers",
        ),
        (
            ExportOptions(address_range="0.2"),
            r"^Part 2 of the address range “0\.2” asks for filter 2, but layer 4 has filters 0 to",
        ),
        (ExportOptions(selected=(0, 1)), r"^The address 0\.1 changes the number of a map where no"),
    ):
        with pytest.raises(ExportError, match=sentence):
            file_names(document, options)


@pytest.mark.parametrize(
    "make", [state, lambda scheme: odd_state(scheme), lambda scheme: muted_state(scheme)]
)
@pytest.mark.parametrize("scheme", [REAL, NAIVE, SHARED])
def test_the_arrays_are_those_of_an_independent_pass(tmp_path, scheme, make):
    document = make(scheme=scheme)
    export(document, tmp_path, ExportOptions(("npz",)))
    with np.load(tmp_path / "maps.npz", allow_pickle=False) as archive:
        arrays = dict(archive)
    np.testing.assert_array_equal(arrays.pop("input"), document.drawing)
    for index, layer in enumerate(document.network.layers):
        name = f"layer{index + 1}"
        np.testing.assert_array_equal(arrays.pop(f"{name}.weight"), layer.weight)
        bias = np.zeros(layer.out_channels) if layer.bias is None else layer.bias
        np.testing.assert_array_equal(arrays.pop(f"{name}.bias"), bias)
        muted = arrays.pop(f"{name}.muted")
        assert muted.dtype == bool
        none = np.zeros(layer.weight.shape[:2])
        np.testing.assert_array_equal(muted, none if layer.muted is None else layer.muted)
        kernel = {
            REAL: layer.weight,
            NAIVE: layer.weight.sum(axis=1, keepdims=True),
            SHARED: layer.weight.mean(axis=1, keepdims=True),
        }
        np.testing.assert_allclose(arrays[f"{name}.kernel"], kernel[scheme], atol=1e-6)
        assert arrays.pop(f"{name}.kernel").dtype == np.float32
        maps = arrays.pop(f"{name}.maps")
        assert maps.dtype == np.float32
        expected = expected_maps(document)[index]
        assert list(expected) == sorted(expected)
        np.testing.assert_allclose(maps, list(expected.values()), rtol=1e-4, atol=1e-5)
    assert not arrays


@pytest.mark.parametrize(
    ("name", "contrast", "shared_by"),
    [
        *((name, 1, "layer") for name in COLOUR_MAPS),
        ("signed", 4, "layer"),
        ("signed", 1, "network"),
        ("signed", 2, "map"),
        ("viridis", 2, "network"),
        ("grey", 1, "map"),
    ],
)
def test_pictures_have_the_colours_of_the_table(tmp_path, name, contrast, shared_by):
    document = odd_state(REAL)
    options = ExportOptions(
        ("png", "npz"), scale=3, colour_map=name, contrast=contrast, colour_scale=shared_by
    )
    export(document, tmp_path, options)
    colours = COLOUR_MAPS[name]
    with np.load(tmp_path / "maps.npz") as archive:
        layers = [archive[f"layer{n}.maps"] for n in (1, 2, 3)]
    for n, layer in enumerate(layers, 1):
        for j, values in enumerate(layer):
            pixels, texts = picture(tmp_path / f"layer{n}-map{j}.png")
            group = {"layer": layer, "map": values, "network": np.concatenate(
                [every.ravel() for every in layers])}[shared_by]  # fmt: skip
            low, high = min(0.0, float(group.min())), max(0.0, float(group.max()))
            if colours.signed:
                low, high = -max(-low, high), max(-low, high)
            low, high = low / contrast, high / contrast
            assert (float(texts["Low"]), float(texts["High"])) == (low, high)
            assert pixels.shape == (values.shape[0] * 3, values.shape[1] * 3, 3)
            assert (pixels == pixels[::3, ::3].repeat(3, 0).repeat(3, 1)).all()
            position = (values.astype(float) - low) / (high - low) * 510
            small = pixels[::3, ::3].astype(int)
            near = [  # rounding in float32 may take the neighbour
                np.abs(small - colours.table[np.clip(np.rint(position + d), 0, 510).astype(int)])
                for d in (-0.01, 0.0, 0.01)
            ]
            assert np.min([difference.sum(axis=-1) for difference in near], axis=0).max() == 0


@pytest.mark.parametrize("shared_by", ["layer", "map", "network"])
def test_greys_give_the_values_again(tmp_path, shared_by):
    document = odd_state(REAL)
    export(document, tmp_path, ExportOptions(("png16", "npz"), scale=2, colour_scale=shared_by))
    with np.load(tmp_path / "maps.npz") as archive:
        for n in (1, 2, 3):
            for j, values in enumerate(archive[f"layer{n}.maps"]):
                greys, texts = picture(tmp_path / f"layer{n}-map{j}-16bit.png")
                low, high = float(texts["Low"]), float(texts["High"])
                assert texts["Formula"] == "Low + (High - Low) * grey / 65535"
                again = low + (high - low) * greys[::2, ::2].astype(float) / 65535
                assert np.abs(again - values).max() <= (high - low) / 65535
                assert float(texts["Least"]) == values.min()
                assert float(texts["Most"]) == values.max()
                if shared_by == "map":
                    assert low == min(0.0, values.min())
                    assert high == max(0.0, values.max())


def test_a_picture_says_what_it_is(tmp_path):
    export(state(scheme=NAIVE), tmp_path, ExportOptions(("png", "sheet")))
    _, texts = picture(tmp_path / "layer2-map2.1.png")
    assert (
        texts.items()
        >= {
            "Software": f"CNN Explorer {__version__}",
            "Scheme": "naive",
            "Layer": "2",
            "Map": "2.1",
            "Colours": "signed",
        }.items()
    )
    _, texts = picture(tmp_path / "layer2-sheet.png")
    assert texts["Layer"] == "2"


def test_a_sheet_shows_the_same_pixels_as_the_pictures(tmp_path):
    export(state((3, 4), NAIVE), tmp_path, ExportOptions(("png", "sheet"), scale=2))
    sheet, _ = picture(tmp_path / "layer2-sheet.png")
    line = 9 + 56 + 6  # a caption, a tile, a gap
    for i, j in itertools.product(range(3), range(4)):
        pixels, _ = picture(tmp_path / f"layer2-map{i}.{j}.png")
        y, x = 8 + 9 + i * line, 8 + j * (56 + 6)
        assert (sheet[y : y + 56, x : x + 56] == pixels).all()


def test_the_manifest_says_how_far_a_sheet_was_made_smaller(tmp_path, monkeypatch):
    monkeypatch.setattr(sheets, "LARGEST_SIDE", 600)
    export(state((1, 100)), tmp_path, ExportOptions(("sheet",), scale=16))
    manifest = json.loads((tmp_path / "manifest.json").read_bytes())
    assert manifest["display"]["scale"] == 16
    assert manifest["files"]["layer1-sheet.png"]["scale"] == 16
    assert manifest["files"]["layer2-sheet.png"]["scale"] == 1
    sheet, _ = picture(tmp_path / "layer2-sheet.png")
    assert 10 * 28 < max(sheet.shape) <= 600


@pytest.mark.parametrize("scheme", [REAL, NAIVE, SHARED])
def test_the_manifest_describes_network_and_values(tmp_path, scheme):
    document = muted_state(scheme)
    names = export(document, tmp_path, EVERYTHING)
    text = (tmp_path / "manifest.json").read_text("ascii")
    assert str(tmp_path) not in text
    manifest = json.loads(text)
    assert manifest["version"] == __version__
    assert manifest["scheme"] == scheme.value
    assert manifest["seed"] == 5
    assert manifest["network"][0] == {
        "type": "Conv2d",
        "number": 0,
        "in_channels": 1,
        "out_channels": 3,
        "kernel_size": [4, 4],
        "stride": [2, 2],
        "padding": "same",
        "padding_mode": "zeros",
        "dilation": [1, 1],
        "groups": 1,
        "activation": "tanh",
        "activation_parameters": [],
        "bias": True,
        "muted": 0,
        "initialisation": "he",
        "fan": [1, 3],
    }
    assert [layer["bias"] for layer in manifest["network"]] == [True, False, True]
    assert [layer["padding"] for layer in manifest["network"]] == ["same", "valid", 3]
    assert [layer["muted"] for layer in manifest["network"]] == [0, 4, 2]
    assert [*manifest["files"], "manifest.json"] == [*names[:-2], "maps.npz", "manifest.json"]
    with np.load(tmp_path / "maps.npz") as archive:
        for layer, maps in zip(manifest["layers"], expected_maps(document), strict=True):
            values = archive[f"layer{layer['layer']}.maps"]
            assert layer["size"] == list(values.shape[1:])
            assert layer["maps"] == len(values)
            assert layer["range"] == [values.min(), values.max()]
            assert list(layer["ranges"]) == [".".join(map(str, address)) for address in maps]
            found = [[one.min(), one.max()] for one in values]
            assert list(layer["ranges"].values()) == found


# Which maps, and what the files are called.


def test_names_sort_as_the_maps_do():
    names = file_names(state((3, 12)), EVERYTHING)
    assert names[:11] == (
        "layer1-contributions.csv",
        "layer1-contributions.tif",
        "layer1-kernels.csv",
        "layer1-kernels.tif",
        "layer1-map0-16bit.png",
        "layer1-map0.png",
        "layer1-map1-16bit.png",
        "layer1-map1.png",
        "layer1-map2-16bit.png",
        "layer1-map2.png",
        "layer1-maps.csv",
    )
    assert [name for name in names if re.fullmatch(r"layer2-map\d\d\.png", name)] == [
        f"layer2-map{j:02}.png" for j in range(12)
    ]
    assert names[-2:] == ("manifest.json", "maps.npz")
    naive = file_names(state((3, 12, 32), NAIVE), ExportOptions(address_range="2.5-10.31"))
    assert naive[:-1] == tuple(f"layer3-map2.{j:02}.31.png" for j in range(5, 11))


@given(
    st.sampled_from([REAL, NAIVE, SHARED]),
    st.lists(st.integers(1, 4), min_size=1, max_size=3),
    st.sets(st.sampled_from(sorted(FORMATS)), min_size=1),
)
@settings(max_examples=15)
def test_the_files_are_the_ones_announced(tmp_path_factory, scheme, filters, formats):
    folder = tmp_path_factory.mktemp("export")
    options = ExportOptions(tuple(formats), scale=1)
    document = state(filters, scheme)
    names = export(document, folder, options)
    assert names == file_names(document, options)
    assert sorted(contents(folder)) == list(names) == sorted(set(names))


def test_a_range_writes_only_its_layer_with_addresses(tmp_path):
    document = state((3, 4, 2), NAIVE)
    options = ExportOptions(("npz", "png"), address_range="1-2.*")
    names = export(document, tmp_path, options)
    assert len(names) == 2 * 4 + 2
    with np.load(tmp_path / "maps.npz", allow_pickle=False) as archive:
        arrays = dict(archive)
    assert set(arrays) == {"input"} | {
        f"layer2.{name}" for name in ("weight", "kernel", "bias", "muted", "addresses", "maps")
    } | {f"layer{n}.{name}" for n in (1, 3) for name in ("weight", "bias", "muted")}
    addresses = arrays["layer2.addresses"]
    assert addresses.tolist() == [[i, j] for i in (1, 2) for j in range(4)]
    expected = expected_maps(document)[1]
    for address, values in zip(addresses.tolist(), arrays["layer2.maps"], strict=True):
        np.testing.assert_allclose(values, expected[tuple(address)], rtol=1e-4, atol=1e-5)


def test_many_naive_maps_come_in_order_however_they_are_computed(tmp_path):
    document = state((10, 60), NAIVE)  # more than are computed at a time
    export(document, tmp_path, ExportOptions(("npz",)))
    with np.load(tmp_path / "maps.npz") as archive:
        maps = archive["layer2.maps"]
        assert "layer2.addresses" not in archive
    expected = expected_maps(document)[1]
    np.testing.assert_allclose(maps, list(expected.values()), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("scheme", [REAL, NAIVE, SHARED])
def test_one_map_alone_has_the_colours_that_it_has_among_the_others(tmp_path, scheme):
    document = state(scheme=scheme)
    in_view = (((0,), (1,)), tuple((2, j) for j in range(4))) if scheme is NAIVE else None
    options = ExportOptions(("png", "npz"), in_view=in_view)
    export(document, tmp_path / "all", options)
    alone = replace(options, selected=(2, 1))
    names = export(document, tmp_path / "one", alone)
    name = f"layer2-map{'2.1' if scheme is NAIVE else '1'}.png"
    assert names == (name, "manifest.json", "maps.npz")
    assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "all" / name).read_bytes()
    with np.load(tmp_path / "one" / "maps.npz") as archive:
        assert archive["layer2.maps"].shape == (1, 28, 28)
        assert archive["layer2.addresses"].tolist() == [[2, 1] if scheme is NAIVE else [1]]
    (layer,) = json.loads((tmp_path / "one" / "manifest.json").read_bytes())["layers"]
    (among,) = json.loads((tmp_path / "all" / "manifest.json").read_bytes())["layers"][1:]
    assert layer["range"] == among["range"]
    assert layer["ranges"].items() < among["ranges"].items()
    assert len(layer["ranges"]) == 1


def test_layers_may_be_chosen(tmp_path):
    names = export(state(), tmp_path, ExportOptions(("png", "npz"), layers=(0,)))
    assert names == (*(f"layer1-map{j}.png" for j in range(3)), "manifest.json", "maps.npz")
    with np.load(tmp_path / "maps.npz") as archive:
        names = ("weight", "kernel", "bias", "muted", "maps")
        others = {f"layer2.{name}" for name in ("weight", "bias", "muted")}
        assert set(archive) == {"input", *(f"layer1.{name}" for name in names)} | others


# The same bytes, all or nothing.


@pytest.mark.parametrize("scheme", [REAL, NAIVE, SHARED])
def test_the_same_state_gives_the_same_bytes(tmp_path, scheme):
    for folder in ("one", "two"):
        export(state((4, 8), scheme), tmp_path / folder, EVERYTHING)
    assert contents(tmp_path / "one") == contents(tmp_path / "two")


def test_another_drawing_gives_other_bytes(tmp_path):
    export(state(), tmp_path / "one", EVERYTHING)
    export(replace(state(), drawing=digit(3)), tmp_path / "two", EVERYTHING)
    one, two = contents(tmp_path / "one"), contents(tmp_path / "two")
    assert all(one[name] != two[name] for name in one if "kernels" not in name)


def test_the_pass_uses_one_thread(tmp_path, monkeypatch):
    seen = []
    forward = passes.forward

    def spying(*arguments):
        pools = (pool for pool in threadpool_info() if pool["user_api"] == "blas")
        # scipy's own is not used.
        seen.extend(pool["num_threads"] for pool in pools if "scipy.libs" not in pool["filepath"])
        return forward(*arguments)

    monkeypatch.setattr(passes, "forward", spying)
    export(state(), tmp_path, ExportOptions())
    assert set(seen) == {1}


def test_files_that_are_there_are_counted_and_kept(tmp_path):
    (tmp_path / "layer1-map0.png").write_bytes(b"mine")
    (tmp_path / "notes.txt").write_bytes(b"mine too")
    before = contents(tmp_path)
    with pytest.raises(FilesExistError) as raised:
        export(state(), tmp_path, ExportOptions())
    assert raised.value.names == ("layer1-map0.png",)
    assert str(raised.value) == (
        f"{tmp_path} already holds layer1-map0.png; choose another folder or replace it."
    )
    assert contents(tmp_path) == before
    names = export(state(), tmp_path, ExportOptions(), overwrite=True)
    assert sorted([*names, "notes.txt"]) == sorted(contents(tmp_path))
    assert (tmp_path / "notes.txt").read_bytes() == b"mine too"
    with pytest.raises(
        FilesExistError, match=r"already holds 8 of these files, layer1-map0\.png f"
    ):
        export(state(), tmp_path, ExportOptions())


@pytest.mark.parametrize("scheme", [REAL, NAIVE])
def test_an_export_can_be_cancelled_at_every_step(tmp_path, scheme):
    document = state((1, 2), scheme)
    (tmp_path / "layer1-map0.png").write_bytes(b"mine")
    before = contents(tmp_path)
    calls = []
    export(document, tmp_path / "whole", EVERYTHING, checkpoint=lambda: calls.append(None))
    for last in range(len(calls)):
        left = iter(range(last))

        def checkpoint(left=left):
            if next(left, None) is None:
                raise Cancelled

        for folder in (tmp_path, tmp_path / "new" / "folder"):
            with pytest.raises(Cancelled):
                export(document, folder, EVERYTHING, overwrite=True, checkpoint=checkpoint)
    assert not (tmp_path / "new").exists()
    after = contents(tmp_path)
    assert {name: after[name] for name in after if not name.startswith("whole")} == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["layer1-map0.png", "whole"]


def test_every_full_disk_leaves_the_old_export_as_it_was(tmp_path, monkeypatch):
    export(state(seed=1), tmp_path / "maps", EVERYTHING)
    before = contents(tmp_path)
    fsync = os.fsync
    for failing in range(len(before)):
        left = iter(range(failing))

        def full(descriptor, left=left):
            if next(left, None) is None:
                raise OSError(errno.ENOSPC, "No space left on device")
            fsync(descriptor)

        with monkeypatch.context() as patch:
            patch.setattr(os, "fsync", full)
            with pytest.raises(FileError, match="There is no space left"):
                export(state(seed=2), tmp_path / "maps", EVERYTHING, overwrite=True)
        assert contents(tmp_path) == before


def test_progress_runs_once_through_all_steps(tmp_path):
    seen = []
    export(state(), tmp_path, EVERYTHING, progress=lambda done, total: seen.append((done, total)))
    total = 7 + 7 * 6  # seven maps are measured, then written in six formats
    assert seen == [(done, total) for done in range(1, total + 1)]


def test_a_long_export_does_not_bury_its_listener(tmp_path):
    seen = []
    options = ExportOptions(("npz",), address_range="*.*")
    crowd = State(digit(7), new_network((40, 40), (1,)), NAIVE)
    export(crowd, tmp_path, options, progress=lambda done, total: seen.append((done, total)))
    assert 900 < len(seen) <= 1000
    assert seen == sorted(seen)
    assert seen[-1] == (3200, 3200)


# What cannot be exported.


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"formats": ("png", "gif")}, "There is no export format “gif”; choose from png, png16, "
         "sheet, npz, csv, tiff."),
        ({"formats": ()}, "There is no export format “”; choose from png, png16, sheet, npz, csv, "
         "tiff."),
        ({"scale": 0}, "The scale is 1 to 32, not 0."),
        ({"scale": 33}, "The scale is 1 to 32, not 33."),
        ({"colour_map": "jet"}, "There is no colour map “jet”; choose from signed, print, grey, "
         "viridis."),
        ({"contrast": 3}, "There is no contrast “3”; choose from 1, 2, 4."),
        ({"colour_scale": "all"}, "There is no colour scale “all”; choose from layer, map, "
         "network."),
    ],
)  # fmt: skip
def test_options_that_are_none_get_a_sentence(wrong, sentence):
    with pytest.raises(ExportError, match=f"^{re.escape(sentence)}$"):
        ExportOptions(**wrong)


@pytest.mark.parametrize(
    ("scheme", "asked"),
    [
        (REAL, {"address_range": "2.*"}),
        (NAIVE, {"address_range": "3.*"}),
        (NAIVE, {"selected": (0, 9)}),
        (REAL, {"layers": (5,)}),
    ],
)
def test_maps_that_are_not_there_are_refused_before_anything_is_made(tmp_path, scheme, asked):
    folder = tmp_path / "new"
    with pytest.raises(ExportError, match=r"\.$"):
        export(state(scheme=scheme), folder, ExportOptions(**asked))
    with pytest.raises(ExportError):
        file_names(state(scheme=scheme), ExportOptions(**asked))
    assert not folder.exists()


def test_a_folder_that_is_a_file_is_refused_before_anything_is_computed(tmp_path):
    (tmp_path / "file").write_bytes(b"mine")

    def checkpoint():
        raise AssertionError("something was computed")

    with pytest.raises(FolderError, match="is a file, not a folder"):
        export(state(), tmp_path / "file", EVERYTHING, checkpoint=checkpoint)
    assert contents(tmp_path) == {"file": hashlib.sha256(b"mine").hexdigest()}
