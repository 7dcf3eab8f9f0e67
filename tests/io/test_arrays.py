"""The NPZ file, read back by numpy."""

import io
import zipfile

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from cnn_explorer.io.arrays import Member, write_npz


def written(members):
    stream = io.BytesIO()
    write_npz(stream, members)
    return stream.getvalue()


def read(data):
    with np.load(io.BytesIO(data), allow_pickle=False) as archive:
        return dict(archive)


def whole(name, array):
    return Member(name, array.dtype, array.shape, [array])


@given(
    st.lists(
        arrays(
            st.sampled_from([np.float32, np.int32, np.bool_, np.dtype(">f4")]),
            array_shapes(min_dims=1, max_dims=4, min_side=0, max_side=4),
        ),
        max_size=4,
    ),
    st.booleans(),
)
def test_arrays_come_back(values, fortran):
    if fortran:
        values = [np.asfortranarray(array) for array in values]
    found = read(written([whole(f"a{i}.b", array) for i, array in enumerate(values)]))
    assert list(found) == [f"a{i}.b" for i in range(len(values))]
    for array, again in zip(values, found.values(), strict=True):
        assert again.dtype == array.dtype.newbyteorder("<")
        np.testing.assert_array_equal(again, array)


@given(arrays(np.float32, (7, 2, 3)), st.lists(st.integers(0, 7), max_size=5))
def test_an_array_may_come_in_blocks(array, cuts):
    blocks = np.split(array, sorted(cuts))
    member = Member("maps", np.float32, array.shape, (block for block in blocks))
    assert written([member]) == written([whole("maps", array)])


def test_blocks_are_asked_for_only_as_they_are_written():
    at = []

    class Stream(io.BytesIO):
        def write(self, data):
            at.append(memoryview(data).nbytes)
            return super().write(data)

    def blocks():
        for value in range(4):
            at.append(f"block {value}")
            yield np.full((1, 3), value, np.float32)

    write_npz(Stream(), [Member("maps", np.float32, (4, 3), blocks())])
    first, second = at.index("block 0"), at.index("block 1")
    assert 12 in at[first:second]


def test_the_file_says_nothing_of_time_or_machine():
    with zipfile.ZipFile(io.BytesIO(written([whole("a", np.ones(3, np.float32))]))) as archive:
        (info,) = archive.infolist()
    assert info.filename == "a.npy"
    assert info.date_time == (1980, 1, 1, 0, 0, 0)
    assert info.create_system == 3
    assert info.compress_type == zipfile.ZIP_STORED


def test_what_a_block_raises_ends_the_writing():
    def blocks():
        yield np.zeros((1, 2), np.float32)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        written([Member("maps", np.float32, (2, 2), blocks())])
