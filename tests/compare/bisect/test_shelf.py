"""Probes that are kept: the same again for the same, and nothing for anything else."""

from pathlib import Path

import pytest

from perfkit.compare.bisect.probe import Probe, Timing
from perfkit.compare.bisect.shelf import Shelf
from perfkit.compare.change import Change
from perfkit.errors import ComparisonError
from perfkit.scenario.model import Scenario

PROBE = Probe(
    "tree",
    (Change("GET /a", "statements", 3, 14, "new"),),
    (Timing("GET /a", "server_time", 0.05, 0.004, 40),),
    31.5,
    ("a doubt",),
)


def scenario(**changes: object) -> Scenario:
    written = {
        "perfkit": 1,
        "name": "shop",
        "target": {"base_url": "http://127.0.0.1:8000"},
        "get": ["/"],
        "load": [{"users": 1, "iterations": 1}],
    }
    return Scenario.model_validate({**written, **changes})


def test_a_probe_is_there_again_in_the_next_call(tmp_path: Path) -> None:
    shelf = Shelf.open(tmp_path, "good", scenario(), 1)
    shelf.add(PROBE)
    shelf.add(Probe("other", changes=()))

    again = Shelf.open(tmp_path, "good", scenario(), 1)

    assert shelf.of("tree") == (PROBE,)
    assert again.of("tree") == (PROBE,)
    assert again.of("other") == (Probe("other", changes=()),)
    assert again.of("nobody") == ()


@pytest.mark.parametrize(
    "other", [("another good", scenario(), 1), ("good", scenario(get=["/", "/b"]), 1), ("good", scenario(), 2)]
)
def test_another_good_scenario_or_number_of_cores_has_its_own(tmp_path: Path, other: tuple[str, Scenario, int]) -> None:
    Shelf.open(tmp_path, "good", scenario(), 1).add(PROBE)

    assert Shelf.open(tmp_path, *other).of("tree") == ()


def test_fresh_forgets(tmp_path: Path) -> None:
    Shelf.open(tmp_path, "good", scenario(), 1).add(PROBE)

    assert Shelf.open(tmp_path, "good", scenario(), 1, fresh=True).of("tree") == ()
    assert Shelf.open(tmp_path, "good", scenario(), 1).of("tree") == ()


def test_half_a_line_and_another_format_are_measured_again(tmp_path: Path) -> None:
    shelf = Shelf.open(tmp_path, "good", scenario(), 1)
    shelf.add(PROBE)
    whole = shelf.path.read_text()
    shelf.path.write_text(whole + whole.replace('"format": 1', '"format": 99') + whole[: len(whole) // 2])

    assert Shelf.open(tmp_path, "good", scenario(), 1).of("tree") == (PROBE,)


def test_a_probe_after_half_a_line_is_kept(tmp_path: Path) -> None:
    shelf = Shelf.open(tmp_path, "good", scenario(), 1)
    shelf.add(PROBE)
    shelf.path.write_text(shelf.path.read_text()[:40])
    Shelf.open(tmp_path, "good", scenario(), 1).add(PROBE)

    assert Shelf.open(tmp_path, "good", scenario(), 1).of("tree") == (PROBE,)


def test_a_folder_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    with pytest.raises(ComparisonError, match="cannot be used"):
        Shelf.open(tmp_path / "file", "good", scenario(), 1)
