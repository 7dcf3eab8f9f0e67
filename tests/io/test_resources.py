from pathlib import Path

import pytest

from cnn_explorer.io import resources
from cnn_explorer.io.resources import resource

SOURCE = Path(__file__).parents[2] / "resources"


def test_every_resource_is_found_from_another_working_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    files = [path for path in SOURCE.rglob("*") if path.is_file()]
    assert files
    for path in files:
        assert resource(*path.relative_to(SOURCE).parts).samefile(path)


def test_a_folder_is_a_resource_too() -> None:
    assert resource().samefile(SOURCE)


def test_the_folder_inside_the_package_comes_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for place in ("installed", "beside"):
        (tmp_path / place).mkdir()
        (tmp_path / place / "digit.json").write_text(place)
    monkeypatch.setattr(resources, "_FOLDERS", (tmp_path / "installed", tmp_path / "beside"))
    assert resource("digit.json").read_text() == "installed"


def test_a_missing_resource_is_named_in_one_sentence() -> None:
    with pytest.raises(FileNotFoundError) as error:
        resource("icons", "no-such.svg")
    assert str(error.value) == (
        "resources/icons/no-such.svg is missing from this installation: install it again."
    )
