"""Which maps an export covers."""

import itertools
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cnn_explorer.core.building import new_network
from cnn_explorer.core.layers import MaxPool2d
from cnn_explorer.core.network import Network
from cnn_explorer.core.schemes import ChannelScheme
from cnn_explorer.core.state import State
from cnn_explorer.io.digits import digit
from cnn_explorer.io.parts import MOST_MAPS, MOST_UNASKED, address_range_of, parts_of

REAL, NAIVE, SHARED = ChannelScheme


def state(filters=(3, 4), scheme=REAL):
    return State(digit(7), new_network(filters), scheme)


@pytest.mark.parametrize("scheme", [REAL, SHARED])
def test_all_maps_are_the_filters_of_each_layer(scheme):
    parts = parts_of(state((3, 4), scheme))
    assert [part.written for part in parts] == [
        ((0,), (1,), (2,)),
        ((0,), (1,), (2,), (3,)),
    ]
    assert all(part.pool == part.written and not part.picked for part in parts)


def test_all_naive_maps_are_in_the_order_of_their_addresses():
    first, second = parts_of(state((3, 4), NAIVE))
    assert first.written == ((0,), (1,), (2,))
    assert second.written == tuple(itertools.product(range(3), range(4)))
    assert [i * 4 + j for i, j in second.written] == list(range(12))


def test_a_layer_alone_leaves_the_others_to_the_colours():
    first, second = parts_of(state(), layers=(1,))
    assert first.written == ()
    assert len(first.pool) == 3
    assert len(second.written) == 4


@pytest.mark.parametrize(("scheme", "written"), [(REAL, (1,)), (SHARED, (1,)), (NAIVE, (2, 1))])
def test_a_selected_map_is_the_only_one_written(scheme, written):
    first, second = parts_of(state((3, 4), scheme), selected=(2, 1))
    assert first.written == ()
    assert second.written == (written,)
    assert second.picked


def test_a_selected_map_keeps_the_colours_of_its_layer():
    assert len(parts_of(state(), selected=(2, 1))[1].pool) == 4
    in_view = ((), ((2, 0), (2, 1), (2, 3)))
    _, second = parts_of(state((3, 4), NAIVE), selected=(2, 1), in_view=in_view)
    assert second.pool == in_view[1]
    assert second.written == ((2, 1),)


def test_maps_in_view_are_sorted_and_taken_once():
    in_view = (((1,),), ((2, 3), (0, 1), (2, 3)))
    first, second = parts_of(state((3, 4), NAIVE), in_view=in_view)
    assert first.written == ((1,),)
    assert second.written == ((0, 1), (2, 3))


def test_naive_asks_for_a_range_where_there_are_too_many_maps():
    assert MOST_UNASKED == 4096
    parts_of(state((64, 63), NAIVE))  # 64 + 64 * 63 = 4,096
    with pytest.raises(ValueError, match=r"makes 4,160 maps; .* as 0\.\* for some of layer 2\.$"):
        parts_of(state((64, 64), NAIVE))
    parts_of(state((64, 64), NAIVE), layers=(1,))
    with pytest.raises(ValueError, match="makes 285,942,833,483,840 maps"):
        parts_of(state((64,) * 8, NAIVE))


def test_the_range_that_is_proposed_is_one_of_the_layer_that_is_named():
    """A pooled map has no filter of its own: a range leads to the convolution before it."""
    first, second = new_network((64, 64)).layers
    network = Network((first, MaxPool2d(5, 64), second, MaxPool2d(6, 64)))
    document = State(digit(7), network, NAIVE)
    with pytest.raises(ValueError, match=r"makes 8,320 maps; .* as 0\.\* for some of layer 3\.$"):
        parts_of(document)
    *_, third, _ = parts_of(document, address_range="0.*")
    assert third.written == tuple((0, 0, j) for j in range(64))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("*", [(0,), (1,), (2,)]),
        ("1", [(1,)]),
        ("1-2", [(1,), (2,)]),
        ("2.*", [(2, 0), (2, 1), (2, 2), (2, 3)]),
        ("0-1.3", [(0, 3), (1, 3)]),
        (" 02 . 1-1 ", [(2, 1)]),
    ],
)
def test_a_range_names_addresses(text, expected):
    assert list(address_range_of(text, new_network((3, 4)))) == expected


@given(st.data())
def test_a_range_holds_what_each_of_its_parts_allows(data):
    filters = data.draw(st.lists(st.integers(1, 5), min_size=1, max_size=4))
    network = new_network(filters)
    depth = data.draw(st.integers(1, len(filters)))
    parts, allowed = [], []
    for count in filters[:depth]:
        low = data.draw(st.integers(0, count - 1))
        high = data.draw(st.integers(low, count - 1))
        text, meant = data.draw(
            st.sampled_from(
                [("*", range(count)), (f"{low}", [low]), (f"{low}-{high}", range(low, high + 1))]
            )
        )
        parts.append(text)
        allowed.append(set(meant))
    found = address_range_of(".".join(parts), network)
    everything = itertools.product(*(range(count) for count in filters[:depth]))
    assert list(found) == [
        address
        for address in everything
        if all(filter_ in ok for filter_, ok in zip(address, allowed, strict=True))
    ]


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("3.*", "Part 1 of the address range “3.*” asks for filter 3, but layer 1 has filters 0 "
         "to 2."),
        ("2.2-4", "Part 2 of the address range “2.2-4” asks for filter 4, but layer 2 has filters "
         "0 to 3."),
        ("2.3-1", "Part 2 of the address range “2.3-1” runs backwards; write 1-3."),
        ("2.x", "Part 2 of the address range “2.x” is “x”; each part is a number, two numbers such "
         "as 0-3, or *."),
        ("", "Part 1 of the address range “” is “”; each part is a number, two numbers such as "
         "0-3, or *."),
        ("-1", "Part 1 of the address range “-1” is “-1”; each part is a number, two numbers such "
         "as 0-3, or *."),
        ("2.1.0", "The address range “2.1.0” has 3 parts; the network has 2 layers, and a range "
         "one part for each, the last of which says whose maps they are."),
    ],
)  # fmt: skip
def test_what_is_no_range_gets_a_sentence(text, sentence):
    with pytest.raises(ValueError, match=f"^{re.escape(sentence)}$"):
        address_range_of(text, new_network((3, 4)))


@given(st.text(alphabet="0123456789.-* x", max_size=30))
def test_any_text_is_a_range_or_gets_one_sentence(text):
    network = new_network((3, 4))
    try:
        addresses = address_range_of(text, network)
    except ValueError as error:
        sentence = str(error)
        assert sentence.endswith(".")
        assert "\n" not in sentence
    else:
        assert addresses
        assert set(addresses) <= set(itertools.product(range(3))) | set(
            itertools.product(range(3), range(4))
        )


def test_a_range_is_counted_before_it_is_listed():
    network = new_network((256, 256, 256))
    assert len(address_range_of("*.*", network)) == MOST_MAPS
    with pytest.raises(ValueError, match="has 16,777,216 maps; name a smaller one, of at most"):
        address_range_of("*.*.*", network)


@pytest.mark.parametrize(
    ("asked", "scheme", "words"),
    [
        ({"layers": (2,)}, REAL, "There is no layer 3; the network has layers 1 to 2."),
        ({"layers": ()}, REAL, "No map is chosen for the export; choose at least one."),
        ({"in_view": ((), ())}, NAIVE, "No map is chosen for the export; choose at least one."),
        ({"selected": (2, 4)}, REAL, "Part 2 of the address 2.4 is 4"),
        ({"selected": (2, 1, 0)}, NAIVE, "The address 2.1.0 has 3 parts"),
        ({"in_view": (((3,),), ())}, NAIVE, "Part 1 of the address 3 is 3"),
        ({"address_range": "2.*"}, REAL, "An address range such as 2.* is for the naive scheme"),
        ({"address_range": "2.*"}, SHARED, "in the shared scheme a layer has one map for each"),
    ],
)
def test_what_is_not_there_gets_a_sentence(asked, scheme, words):
    with pytest.raises(ValueError, match=re.escape(words)):
        parts_of(state((3, 4), scheme), **asked)


def test_maps_in_view_have_a_limit_too():
    network = new_network((256, 256, 2))
    everything = tuple(itertools.product(range(256), range(256)))
    crowd = State(digit(7), network, NAIVE)
    with pytest.raises(ValueError, match=r"More than 65,536 maps cannot be exported at once\."):
        parts_of(crowd, in_view=(((0,),), everything, ()))
