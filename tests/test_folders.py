"""Results on disk: names that nobody has, files that are whole at every moment."""

from pathlib import Path

import pytest

from perfkit import folders
from perfkit.errors import ComparisonError, EvidenceError


def test_a_name_sorts_by_time_and_cannot_lead_out_of_its_folder() -> None:
    assert folders.named("20261123-101500", "../a b", "4f2c1e") == "20261123-101500----a-b-4f2c1e"


def test_two_of_one_name_get_folders_of_their_own(tmp_path: Path) -> None:
    made = [folders.made(tmp_path / "reports", "run", "runs").name for _ in range(3)]

    assert made == ["run", "run-2", "run-3"]


def test_a_folder_that_cannot_be_made_is_refused_with_its_cure(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    with pytest.raises(ComparisonError, match="cannot hold comparisons") as refused:
        folders.made(tmp_path / "file" / "below", "name", "comparisons", ComparisonError)

    assert "--out" in refused.value.hint


@pytest.mark.parametrize("content", ["the newer one", b"the newer one"])
def test_a_file_is_replaced_whole(tmp_path: Path, content: str | bytes) -> None:
    (tmp_path / "findings.json").write_text("the older one, which is longer")

    folders.write(tmp_path / "findings.json", content)

    assert (tmp_path / "findings.json").read_text() == "the newer one"
    assert [path.name for path in tmp_path.iterdir()] == ["findings.json"]


def test_a_file_that_does_not_fit_on_the_disk_leaves_the_older_one_whole(tmp_path: Path) -> None:
    (tmp_path / "findings.json").write_text("the older one")
    (tmp_path / ".findings.json").symlink_to("/dev/full")

    with pytest.raises(EvidenceError, match="No space left on device"):
        folders.write(tmp_path / "findings.json", "the newer one")

    assert [path.name for path in tmp_path.iterdir()] == ["findings.json"]
    assert (tmp_path / "findings.json").read_text() == "the older one"
