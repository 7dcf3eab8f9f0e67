"""Stacks of pages, read by tifffile."""

import io

import numpy as np
import pytest

from cnn_explorer.io.tiff import write_tiff

tifffile = pytest.importorskip("tifffile")


def test_other_programs_read_it() -> None:
    values = np.random.default_rng(0).standard_normal((4, 5, 7)).astype(np.float32)
    stream = io.BytesIO()
    write_tiff(stream, zip(("a", "map 10", "b c", "abcd"), values, strict=True))
    with tifffile.TiffFile(io.BytesIO(stream.getvalue())) as file:
        assert [page.tags["PageName"].value for page in file.pages] == [
            "a",
            "map 10",
            "b c",
            "abcd",
        ]
        np.testing.assert_array_equal([page.asarray() for page in file.pages], values)
