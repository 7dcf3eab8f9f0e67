"""Broken files of each kind are refused by one sentence, in little memory."""

from pathlib import Path

import pytest

from .readers import READERS, Reader, fuzz


@pytest.mark.parametrize("reader", READERS, ids=lambda reader: reader.name)
def test_the_file_that_is_mutated_is_valid(reader: Reader, tmp_path: Path) -> None:
    path = tmp_path / f"valid.{reader.name}"
    path.write_bytes(reader.make(bytes))
    reader.read(path)


@pytest.mark.parametrize("reader", READERS, ids=lambda reader: reader.name)
def test_mutated_files_are_read_or_refused_by_one_sentence(reader: Reader, tmp_path: Path) -> None:
    refused, _ = fuzz(reader, tmp_path, rounds=200)
    assert refused > 60
