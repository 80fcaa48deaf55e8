"""Where a comparison lies."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from perfkit.compare.places import Place
from perfkit.errors import ComparisonError

AT = datetime(2026, 11, 23, 10, 15, tzinfo=UTC)


def test_a_comparison_is_named_after_when_and_what(tmp_path: Path) -> None:
    place = Place.new(tmp_path, "my shop", ("4f2c1e0", "worktree"), AT)

    assert place.path.name == "20261123-101500-compare-my-shop-4f2c1e0-worktree"


def test_two_in_one_second_have_folders_of_their_own(tmp_path: Path) -> None:
    first, second = (Place.new(tmp_path, "shop", ("a", "b"), AT) for _ in range(2))

    assert second.path.name == f"{first.path.name}-2"


def test_the_state_is_replaced_and_never_half_written(tmp_path: Path) -> None:
    place = Place(tmp_path)

    place.state("running", tier="bursts")
    place.state("finished")

    assert json.loads((tmp_path / "state.json").read_text()) == {"format": 1, "state": "finished"}
    assert [path.name for path in tmp_path.iterdir()] == ["state.json"]


def test_a_folder_that_cannot_be_made_is_refused_with_its_cure(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    with pytest.raises(ComparisonError, match="cannot hold comparisons") as refused:
        Place.new(tmp_path / "file" / "below", "shop", ("a", "b"), AT)

    assert "--out" in refused.value.hint
