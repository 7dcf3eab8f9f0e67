"""Where tiles lie: held against a list of all rectangles."""

from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cnn_explorer.core.mosaic import Mosaic, Rectangle, fitted

SMALL = st.integers(0, 6)
SIDE = st.integers(1, 7)

MOSAICS = st.builds(
    Mosaic,
    groups=st.integers(1, 4),
    per_group=st.integers(1, 7),
    columns=st.integers(1, 8),
    tile=st.tuples(SIDE, SIDE),
    caption=SMALL,
    gutter=SMALL,
    header=SMALL,
    gap=SMALL,
    group_gap=SMALL,
    margin=SMALL,
)


def overlap(one: Rectangle, other: tuple[float, float, float, float]) -> bool:
    return (
        one[0] < other[0] + other[2]
        and other[0] < one[0] + one[2]
        and one[1] < other[1] + other[3]
        and other[1] < one[1] + one[3]
    )


def with_caption(mosaic: Mosaic, index: int) -> Rectangle:
    x, y, width, height = mosaic.rectangle(index)
    return x, y - mosaic.caption, width, height + mosaic.caption


@given(MOSAICS)
def test_every_pixel_of_a_tile_finds_it_and_no_other_pixel_finds_any(mosaic: Mosaic) -> None:
    owner = {}
    for index in range(mosaic.count):
        left, top, width, height = mosaic.rectangle(index)
        for y in range(top, top + height):
            for x in range(left, left + width):
                owner[x, y] = index
    width, height = mosaic.size
    for y in range(-2, height + 3):
        for x in range(-2, width + 3):
            assert mosaic.index_at(x, y) == owner.get((x, y))


@given(MOSAICS, st.floats(0, 0.999), st.floats(0, 0.999))
def test_a_point_inside_a_pixel_finds_the_pixels_tile(
    mosaic: Mosaic, across: float, down: float
) -> None:
    for index in range(mosaic.count):
        left, top, width, height = mosaic.rectangle(index)
        assert mosaic.index_at(left + width - 1 + across, top + height - 1 + down) == index
        assert mosaic.index_at(left + across, top + down) == index


@given(MOSAICS)
def test_tiles_and_captions_never_overlap(mosaic: Mosaic) -> None:
    areas = [with_caption(mosaic, index) for index in range(mosaic.count)]
    assert not any(overlap(one, other) for one, other in combinations(areas, 2))


@given(MOSAICS)
def test_the_size_encloses_all_tiles_with_their_captions_and_just_the_margin(
    mosaic: Mosaic,
) -> None:
    areas = [with_caption(mosaic, index) for index in range(mosaic.count)]
    assert min(x for x, _, _, _ in areas) == mosaic.margin + mosaic.gutter
    assert min(y for _, y, _, _ in areas) == mosaic.margin + mosaic.header
    right = max(x + width for x, _, width, _ in areas)
    bottom = max(y + height for _, y, _, height in areas)
    assert mosaic.size == (right + mosaic.margin, bottom + mosaic.margin)


@given(MOSAICS)
def test_tiles_have_their_size_and_are_read_like_words(mosaic: Mosaic) -> None:
    places = [mosaic.rectangle(index) for index in range(mosaic.count)]
    assert {(height, width) for _, _, width, height in places} == {mosaic.tile}
    assert [(y, x) for x, y, _, _ in places] == sorted((y, x) for x, y, _, _ in places)


@given(MOSAICS)
def test_a_group_begins_above_its_first_caption(mosaic: Mosaic) -> None:
    for group in range(mosaic.groups):
        first = with_caption(mosaic, group * mosaic.per_group)
        assert mosaic.group_top(group) == first[1]


@given(
    MOSAICS,
    st.floats(-20, 120),
    st.floats(-20, 200),
    st.floats(0.1, 80),
    st.floats(0.1, 80),
)
def test_within_is_every_tile_whose_pixels_or_caption_overlap(
    mosaic: Mosaic, x: float, y: float, width: float, height: float
) -> None:
    expected = [
        index
        for index in range(mosaic.count)
        if overlap(with_caption(mosaic, index), (x, y, width, height))
    ]
    assert mosaic.within(x, y, width, height) == expected


def test_within_takes_time_by_what_it_finds() -> None:
    mosaic = Mosaic(10**9, 10**9, 10**9, (28, 28), gap=2)
    assert mosaic.within(30 * 5, 30 * 7, 31, 1) == [7 * 10**9 + 5, 7 * 10**9 + 6]
    assert mosaic.index_at(30 * 5, 30 * 7) == 7 * 10**9 + 5


@given(MOSAICS, st.data())
def test_neighbours_lie_where_they_are_looked_for(mosaic: Mosaic, data: st.DataObject) -> None:
    index = data.draw(st.integers(0, mosaic.count - 1))
    x, y, _, _ = mosaic.rectangle(index)
    tops = sorted({mosaic.rectangle(i)[1] for i in range(mosaic.count)})
    for step in (-1, 1):
        sideways = mosaic.neighbour(index, 0, step)
        assert sideways == min(max(index + step, 0), mosaic.count - 1)
        line = tops.index(y) + step
        moved = mosaic.neighbour(index, step, 0)
        if not 0 <= line < len(tops):
            assert moved == index
            continue
        left, top, _, _ = mosaic.rectangle(moved)
        in_line = [i for i in range(mosaic.count) if mosaic.rectangle(i)[1] == tops[line]]
        same_column = [i for i in in_line if mosaic.rectangle(i)[0] == x]
        assert top == tops[line]
        assert moved == (same_column or in_line[-1:])[0]
        assert left <= x


ROOMS = st.tuples(st.integers(1, 900), st.integers(1, 900))


@given(
    st.integers(1, 4),
    st.integers(1, 40),
    st.tuples(st.integers(1, 30), st.integers(1, 30)),
    ROOMS,
    st.integers(1, 60),
    st.integers(1, 200),
    st.booleans(),
    st.booleans(),
)
def test_fitted_takes_the_largest_whole_multiple_that_fits(
    groups: int,
    per_group: int,
    map_size: tuple[int, int],
    room: tuple[int, int],
    least: int,
    most: int,
    gutter_tile: bool,
    wrap: bool,
) -> None:
    spacing = {"caption": 9, "gap": 3, "group_gap": 4, "margin": 5, "header": 2}
    mosaic = fitted(
        groups,
        per_group,
        map_size,
        room,
        least=least,
        most=most,
        gutter=7,
        gutter_tile=gutter_tile,
        wrap=wrap,
        **spacing,
    )
    multiple, rest = divmod(mosaic.tile[0], map_size[0])
    assert rest == 0
    assert mosaic.tile == (map_size[0] * multiple, map_size[1] * multiple)
    assert (mosaic.groups, mosaic.per_group) == (groups, per_group)
    assert 1 <= mosaic.columns <= per_group
    assert mosaic.gutter == 7 + (mosaic.tile[1] if gutter_tile else 0)
    assert all(getattr(mosaic, name) == value for name, value in spacing.items())
    if not wrap:
        assert mosaic.columns == per_group

    longer = max(map_size)
    assert max(mosaic.tile) >= least
    assert max(mosaic.tile) <= most or (multiple - 1) * longer < least
    # Whatever larger multiple is allowed has no number of columns with which it fits.
    for larger in range(multiple + 1, most // longer + 1):
        tile = map_size[0] * larger, map_size[1] * larger
        gutter = 7 + (tile[1] if gutter_tile else 0)
        for columns in range(1, per_group + 1) if wrap else [per_group]:
            other = Mosaic(groups, per_group, columns, tile, gutter=gutter, **spacing)
            assert other.size[0] > room[0] or other.size[1] > room[1]


@given(st.integers(1, 60), st.integers(2, 30), st.integers(20, 900))
def test_where_the_least_does_not_fit_it_is_as_wide_as_the_room(
    per_group: int, side: int, width: int
) -> None:
    mosaic = fitted(1, per_group, (side, side), (width, 1), least=side, most=99, gap=3, margin=4)
    assert mosaic.tile == (side, side)
    assert mosaic.size[0] <= width or mosaic.columns == 1
    if mosaic.columns < per_group:
        assert mosaic.size[0] + 3 + side > width


@pytest.mark.parametrize(("least", "most", "side"), [(28, 100, 84), (30, 30, 56), (1, 1, 28)])
def test_least_wins_over_most_and_one_pixel_over_both(least: int, most: int, side: int) -> None:
    assert fitted(1, 1, (28, 28), (900, 900), least=least, most=most).tile == (side, side)


def test_a_map_of_one_pixel_gets_tiles_too() -> None:
    assert fitted(1, 3, (1, 1), (100, 40), least=10, most=30, gap=2).tile == (30, 30)
