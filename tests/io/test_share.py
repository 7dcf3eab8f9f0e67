"""Share strings: the same document elsewhere, or one sentence."""

import json
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cnn_explorer.core.building import KINDS, add_layer, new_network
from cnn_explorer.core.edit import with_filters, with_seed
from cnn_explorer.core.forward import Request, forward
from cnn_explorer.core.kernel_edits import with_cell, with_filter_bias
from cnn_explorer.core.kernels import INITIALISATIONS
from cnn_explorer.core.mutes import toggle_mute
from cnn_explorer.core.network import Network, Trained
from cnn_explorer.core.schemes import ChannelScheme
from cnn_explorer.core.selection import Selection
from cnn_explorer.core.state import State
from cnn_explorer.core.view import View
from cnn_explorer.io.description import arrays_of, described_network
from cnn_explorer.io.digits import digit
from cnn_explorer.io.networks import BUNDLED, bundled_network
from cnn_explorer.io.session import Session, opening_state
from cnn_explorer.io.share import (
    MOST_LETTERS,
    ShareError,
    content_of,
    is_share,
    opened,
    packed,
    share,
)


def check_same(one: State, other: State) -> None:
    """To the last bit."""
    assert one.drawing.tobytes() == other.drawing.tobytes()
    assert (one.scheme, one.centred) == (other.scheme, other.centred)
    described = [json.dumps(described_network(state.network)) for state in (one, other)]
    assert described[0] == described[1]
    arrays, others = arrays_of(one.network), arrays_of(other.network)
    assert list(arrays) == list(others)
    for name, array in arrays.items():
        assert array.tobytes() == others[name].tobytes(), name


@st.composite
def sessions(draw) -> Session:
    if draw(st.booleans()):
        network = bundled_network(draw(st.sampled_from(list(BUNDLED))))
    else:
        filters = draw(st.lists(st.integers(1, 9), min_size=1, max_size=3))
        side = draw(st.integers(1, 5))
        network = new_network(
            filters,
            (side,),
            initialisation=draw(st.sampled_from(list(INITIALISATIONS))),
            seed=draw(st.integers(0, 2**32 - 1)),
        )
        for kind in draw(st.lists(st.sampled_from(list(KINDS)), max_size=2)):
            try:
                network = add_layer(State(np.zeros((28, 28), np.float32), network), kind)
            except ValueError:
                continue
    for _ in range(draw(st.integers(0, 3))):
        network = draw(edited(network))
    drawing = digit(draw(st.integers(0, 9)), draw(st.integers(0, 1)))
    scheme = draw(st.sampled_from(list(ChannelScheme)))
    pin = draw(st.none() | st.tuples(st.integers(0, 27), st.integers(0, 27)))
    view = View(
        Selection(0, (draw(st.integers(0, 3)), *[0] * 15), pin),
        enlarged=draw(st.booleans()),
        contrast=draw(st.sampled_from([1, 2, 4])),
    )
    return Session(State(drawing, network, scheme, draw(st.booleans())), view)


@st.composite
def edited(draw, network: Network) -> Network:
    layer = network.conv(0)
    j, value = draw(st.integers(0, layer.out_channels - 1)), draw(st.floats(-2, 2, width=32))
    edits = [
        lambda: with_cell(network, 0, j, 0, (0, 0), value),
        lambda: with_filter_bias(network, 0, j, value),
        lambda: toggle_mute(network, 0, j, 0),
        lambda: with_filters(network, 0, layer.out_channels + 1),
        lambda: with_seed(network, 7),
    ]
    try:
        return draw(st.sampled_from(edits))()
    except ValueError:  # a network as trained has no seed, and a head fits one number of maps
        return network


@settings(max_examples=60, deadline=None)
@given(sessions())
def test_opens_the_same_document(session) -> None:
    text = share(session)
    assert is_share(text)
    assert "\n" not in text
    assert len(text) < 2000
    there = opened(text)
    check_same(session.state, there.state)
    assert there.view == session.view


def test_the_same_pixel_has_the_same_value_elsewhere() -> None:
    state = opening_state()
    state = replace(state, network=with_cell(state.network, 1, 2, 1, (0, 1), 0.3))
    text = share(Session(state, View(Selection(1, (1, 2, *[0] * 14), (11, 16)))))
    assert len(text) < 1000
    there = opened(f"> {text[:300]}\n  {text[300:]} ")
    assert there.view is not None
    pin, address = there.view.selection.pin, there.view.selection.address
    assert (pin, address) == ((11, 16), (1, 2))
    maps = [forward(Request(one, method="signal")).maps[1] for one in (state, there.state)]
    assert maps[0][2][pin] == maps[1][2][pin]


def test_what_is_too_large_is_said() -> None:
    drawing = np.random.default_rng(0).random((28, 28), np.float32)
    network = new_network((16,), (3,))
    weight = np.random.default_rng(1).random((16, 1, 3, 3), np.float32)
    network = replace(network, layers=(replace(network.layers[0], weight=weight),))
    with pytest.raises(
        ShareError, match=r"would take 4,\d+ letters, .* at most 4,000: save the se"
    ):
        share(Session(State(drawing, network)))


def test_weights_from_elsewhere_are_refused() -> None:
    network = new_network((3,), (3,))
    network = replace(network, trained=Trained("mine", network.layers))
    with pytest.raises(ShareError, match="“mine” does not come with the program, and its weights"):
        share(Session(State(digit(1), network)))


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "is no share string"),
        ("hello", "one begins with cnnx1: and goes on"),
        ("cnnx1:" + "a" * 5000, "at most 4,000 letters"),
        ("cnnx2:abcd", "is of format 2; this CNN Explorer reads format 1"),
        ("cnnx1:abcd", "incomplete or was changed on its way"),
        ("cnnx1:a", "incomplete or was changed on its way"),
        ("cnnx1:ä", "is no share string"),
        (packed(b"[]", b""), "describes no document: a part of it is missing"),
        (packed(b" " * 70_000, b""), "it holds more than a document can"),
        (packed(b"[" * 60_000, b""), "describes no document"),
    ],
)
def test_refuses_in_one_sentence(text, sentence) -> None:
    with pytest.raises(ShareError, match=sentence) as error:
        opened(text)
    assert str(error.value).endswith(".")


def test_every_missing_letter_is_noticed() -> None:
    text = share(Session(opening_state()))
    assert len(text) <= MOST_LETTERS
    for place in range(6, len(text), 7):
        with pytest.raises(ShareError, match="incomplete or was changed"):
            opened(text[:place] + text[place + 1 :])


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"layers": [1]}, "Conv 1 takes 3 maps, but gets 1"),
        ({"layers": []}, "no list of 1 to 16 layers"),
        ({"trained": "../8-16"}, "does not come with this program"),
        ({"seed": -1}, "the seed is -1"),
        ({"scheme": "other"}, "other"),
        ({"numbers": []}, "missing|belong"),
        ({"numbers": [["drawing", -1], ["drawing", -1]]}, "twice"),
        ({"numbers": [["drawing", 10**9]]}, "more numbers than there are"),
    ],
)
def test_descriptions_of_nothing_are_refused(change, sentence) -> None:
    described, numbers = content_of(Session(opening_state()))
    text = packed(json.dumps({**json.loads(described), **change}).encode(), numbers)
    with pytest.raises(ShareError, match=sentence):
        opened(text)


def test_a_network_beyond_all_bounds_takes_no_memory() -> None:
    described, numbers = content_of(Session(State(digit(1), new_network((3,), (3,)))))
    known = json.loads(described)
    item = {**known["layers"][0], "in_channels": 256, "out_channels": 256, "kernel_size": [11, 11]}
    text = packed(json.dumps({**known, "layers": [item] * 16}).encode(), numbers)
    with pytest.raises(ShareError, match="more than 8,388,608 weights"):
        opened(text)
