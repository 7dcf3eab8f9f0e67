from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cnn_explorer.core import edit, kernel_edits
from cnn_explorer.core.building import add_layer, new_network
from cnn_explorer.core.kernel_layers import Conv2d
from cnn_explorer.core.kernel_text import kernel_text
from cnn_explorer.core.network import Network, Trained
from cnn_explorer.core.state import State
from cnn_explorer.core.trained import TRAINED, is_as_trained


def trained() -> Network:
    generator = np.random.default_rng(7)
    layers = tuple(
        replace(
            layer,
            weight=generator.standard_normal(layer.weight.shape).astype(np.float32),
            bias=generator.standard_normal(layer.out_channels).astype(np.float32),
            initialisation=TRAINED,
        )
        for layer in new_network((3, 4)).layers
        if isinstance(layer, Conv2d)
    )
    return Network(layers, 0, Trained("one", layers))


def drawn() -> Network:
    return edit.with_initialisation(new_network((3, 4)), 1, "he")


def with_head() -> Network:
    network = new_network((2,))
    for kind in ("GlobalAvgPool2d", "Linear"):
        network = add_layer(State(np.zeros((28, 28), np.float32), network), kind)
    return network


networks = pytest.mark.parametrize("make", [trained, drawn, with_head])


def dense(network: Network) -> int:
    return len(network.layers) - 1


values = st.floats(-1e6, 1e6, width=32)


@networks
@given(st.data())
def test_a_cell_changes_alone(make: Callable[[], Network], data: st.DataObject) -> None:
    network = make()
    index = data.draw(st.sampled_from([0, dense(network)]))
    layer = network.conv(index)
    place = tuple(data.draw(st.integers(0, side - 1)) for side in layer.weight.shape)
    before, value = layer.weight.copy(), data.draw(values)
    edited = kernel_edits.with_cell(network, index, *place[:2], place[2:], value)
    expected = before.copy()
    expected[place] = value
    np.testing.assert_array_equal(edited.conv(index).weight, expected)
    np.testing.assert_array_equal(layer.weight, before)
    assert edited.conv(index).bias is layer.bias
    others = zip(network.layers, edited.layers, strict=True)
    assert all(a is b for i, (a, b) in enumerate(others) if i != index)
    marked = np.argwhere(kernel_edits.edited_kernels(edited, index)).tolist()
    assert marked == ([] if value == before[place] else [list(place[:2])])
    assert edited is network or marked
    assert is_as_trained(edited) == (is_as_trained(network) and not marked)


@networks
def test_nothing_is_edited_as_it_comes(make: Callable[[], Network]) -> None:
    network = make()
    assert not kernel_edits.is_edited(network)
    assert kernel_edits.edits_text(network, 0) == ""
    assert kernel_edits.reset_all(network) is network


@networks
@given(st.data())
def test_resets_restore_every_bit(make: Callable[[], Network], data: st.DataObject) -> None:
    network = edited = make()
    for index in (0, dense(network)):
        layer = network.conv(index)
        shape = layer.weight.shape
        for _ in range(data.draw(st.integers(0, 3))):
            filter_, channel = (data.draw(st.integers(0, side - 1)) for side in shape[:2])
            kernel = np.full(shape[2:], data.draw(values), np.float32)
            edited = kernel_edits.with_kernel(edited, index, filter_, channel, kernel)
        edited = kernel_edits.with_filter_bias(edited, index, 0, data.draw(values))
    for result in (kernel_edits.reset_all(edited), one_by_one(edited)):
        assert not kernel_edits.is_edited(result)
        for index in (0, dense(network)):
            was, now = network.conv(index), result.conv(index)
            assert was.weight.tobytes() == now.weight.tobytes()
            assert was.bias is not None
            assert now.bias is not None
            assert was.bias.tobytes() == now.bias.tobytes()


def one_by_one(network: Network) -> Network:
    """Reset each kernel and bias that is marked, and no other."""
    for index in (0, dense(network)):
        for filter_, channel in np.argwhere(kernel_edits.edited_kernels(network, index)).tolist():
            network = kernel_edits.reset_kernel(network, index, filter_, channel)
        made = kernel_edits.as_made(network, index).bias
        assert made is not None
        for filter_ in np.flatnonzero(kernel_edits.edited_biases(network, index)).tolist():
            network = kernel_edits.with_filter_bias(network, index, filter_, float(made[filter_]))
    return network


def test_what_is_edited_is_told_in_words() -> None:
    network = trained()
    cell = kernel_edits.with_cell(network, 1, 3, 2, (0, 1), 0.5)
    assert kernel_edits.edits_text(cell, 1) == "1 of 12 kernels edited"
    both = kernel_edits.with_filter_bias(cell, 1, 0, 2)
    assert kernel_edits.edits_text(both, 1) == "1 of 12 kernels and 1 bias edited"
    assert kernel_edits.edits_text(both, 0) == ""
    bias = edit.reset_layer(both, 1, biases=False)
    assert kernel_edits.edits_text(bias, 1) == "1 bias edited"
    head = with_head()
    head = kernel_edits.with_cell(head, dense(head), 3, 1, (0, 0), 9)
    assert kernel_edits.edits_text(head, dense(head)) == "1 of 20 weights edited"


def test_other_weights_are_not_edited_ones() -> None:
    network = trained()
    for other in ("he", "bank", TRAINED):
        network = edit.with_initialisation(network, 1, other)
        assert not kernel_edits.is_edited(network)
    for changed in (
        edit.with_filters(network, 0, 5),
        edit.with_filters(network, 1, 6),
        edit.with_kernel_size(network, 0, 5),
        edit.with_seed(drawn(), 3),
        edit.move_layer(edit.with_filters(network, 1, 6), 0, 1),
    ):
        assert not kernel_edits.is_edited(changed)


def test_edits_stay_marked_through_other_edits() -> None:
    network = kernel_edits.with_cell(trained(), 1, 3, 2, (0, 1), 0.5)
    for changed in (
        edit.with_stride(network, 1, 2),
        edit.with_filters(network, 1, 6),
        edit.with_filters(network, 0, 5),
    ):
        assert np.argwhere(kernel_edits.edited_kernels(changed, 1)).tolist() == [[3, 2]]


def test_kernels_and_cells_have_names() -> None:
    network = drawn()
    assert kernel_edits.kernel_name(network, 1, 3, 2) == "Kernel (2 → 3) of Conv 2"
    assert (
        kernel_edits.cell_name(network, 1, 3, 2, (0, 1)) == "Kernel (2 → 3) cell (0, 1) of Conv 2"
    )
    head = with_head()
    name = kernel_edits.cell_name(head, dense(head), 3, 1, (0, 0))
    assert name == "Weight (1 → 3) of Linear 1"
    grouped = edit.with_groups(edit.with_filters(new_network((4, 4)), 0, 4), 1, 2)
    assert kernel_edits.kernel_name(grouped, 1, 3, 1) == "Kernel (3 → 3) of Conv 2"


@given(st.data())
def test_a_pasted_kernel_is_the_copied_one(data: st.DataObject) -> None:
    network = trained()
    kernel = network.conv(1).weight[3, 2]
    pasted = kernel_edits.pasted(network, 0, 1, 0, kernel_text(kernel))
    assert pasted.conv(0).weight[1, 0].tobytes() == kernel.tobytes()


BAD = {
    "Kernel (2 → 3) cell (0, 1) of Conv 2 must be −1,000,000 to 1,000,000, not nan.": lambda n: (
        kernel_edits.with_cell(n, 1, 3, 2, (0, 1), float("nan"))
    ),
    "Kernel (2 → 3) cell (0, 1) of Conv 2 must be −1,000,000 to 1,000,000, not −2e+06.": (
        lambda n: kernel_edits.with_cell(n, 1, 3, 2, (0, 1), -2e6)
    ),
    "A kernel of Conv 2 is 3×3; it has no cell (3, 0).": lambda n: kernel_edits.with_cell(
        n, 1, 3, 2, (3, 0), 1
    ),
    "Conv 2 has 4 filters of 3 kernels each; there is no kernel 3 of filter 0.": lambda n: (
        kernel_edits.reset_kernel(n, 1, 0, 3)
    ),
    "There is no layer 8; the network has 2 layers.": lambda n: kernel_edits.reset_kernel(
        n, 7, 0, 0
    ),
    "Bias 2 of Conv 2 must be −1,000,000 to 1,000,000, not inf.": lambda n: (
        kernel_edits.with_filter_bias(n, 1, 2, float("inf"))
    ),
    "Conv 1 has no biases; turn them on in its settings first.": lambda n: (
        kernel_edits.with_filter_bias(edit.with_bias(n, 0, False), 0, 0, 1)
    ),
    "2×3 numbers are no kernel; a kernel of Conv 2 has 3×3.": lambda n: kernel_edits.with_kernel(
        n, 1, 0, 0, np.ones((2, 3), np.float32)
    ),
    "The clipboard has 2×3 numbers; a kernel of Conv 2 has 3×3.": lambda n: kernel_edits.pasted(
        n, 1, 0, 0, "1 2 3\n4 5 6"
    ),
    "The clipboard has 1 number; a kernel of Conv 2 has 3×3.": lambda n: kernel_edits.pasted(
        n, 1, 0, 0, "1"
    ),
    "Each number of a kernel must be −1,000,000 to 1,000,000, not 1e+09.": lambda n: (
        kernel_edits.pasted(n, 1, 0, 0, "1e9 0 0\n0 0 0\n0 0 0")
    ),
}


@pytest.mark.parametrize("reason", BAD)
def test_what_cannot_be_is_refused_in_one_sentence(reason: str) -> None:
    network = trained()
    with pytest.raises(ValueError) as caught:  # noqa: PT011
        BAD[reason](network)
    assert str(caught.value) == reason


def test_layers_without_kernels_and_weights_of_more_numbers_are_refused() -> None:
    network = with_head()
    with pytest.raises(ValueError, match=r"^GlobalAvgPool 1 has no kernels\.$"):
        kernel_edits.reset_kernel(network, 1, 0, 0)
    text = r"^The clipboard has 1×2 numbers; a weight of Linear 1 is 1 number\.$"
    with pytest.raises(ValueError, match=text):
        kernel_edits.pasted(network, 2, 0, 0, "1 2")


def test_what_is_edited_is_worked_out_once(monkeypatch: pytest.MonkeyPatch) -> None:
    network = kernel_edits.with_cell(trained(), 1, 3, 2, (0, 1), 0.5)
    first = kernel_edits.edited_kernels(network, 1)
    assert not first.flags.writeable
    monkeypatch.setattr(kernel_edits, "as_made", None)
    assert kernel_edits.edited_kernels(edit_other(network), 1) is first


def edit_other(network: Network) -> Network:
    return kernel_edits.with_filter_bias(network, 0, 0, 0.125)
