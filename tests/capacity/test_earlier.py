"""Two searches side by side: what one wrote, another one reads."""

from pathlib import Path

import pytest

from perfkit.capacity import contract, earlier
from perfkit.capacity.earlier import Beside, beside
from perfkit.capacity.pages.page import page
from perfkit.errors import ComparisonError, EvidenceError
from perfkit.evidence import Missing
from perfkit.report import html
from perfkit.stats.interval import Estimate
from tests.capacity.searches import P95, a_found, a_result


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Of a search that found 84/s."""
    (tmp_path / "capacity.json").write_text(contract.written(a_result(), 0))
    return tmp_path


def test_a_limit_that_fell_beyond_both_intervals_is_lower(folder: Path) -> None:
    then, now = earlier.read(folder), a_found(limit=Estimate(70.0, 68.0, 72.0, 0.9))

    pairs = beside(then, (now,))

    assert not isinstance(pairs, Missing)
    (pair,) = pairs
    assert pair.change == "lower"
    assert pair.ratio.value == pytest.approx(70 / 84)
    assert pair.ratio.low < 70 / 84 < pair.ratio.high < 0.9
    assert "lower, 0.83 [" in " ".join(page(a_result(now, earlier=then)).reasons)
    assert "Against an earlier search" in html.render(page(a_result(now, earlier=then)))


def test_limits_within_their_intervals_are_no_difference(folder: Path) -> None:
    pairs = beside(earlier.read(folder / "capacity.json"), (a_found(limit=Estimate(82.0, 79.0, 85.0, 0.9)),))

    assert not isinstance(pairs, Missing)
    assert [one.change for one in pairs] == ["no difference that can be told"]


def test_a_limit_that_is_open_above_is_never_lower(folder: Path) -> None:
    pairs = beside(earlier.read(folder), (a_found(limit=Estimate(80.0, 80.0, float("inf"), 0.9)),))

    assert not isinstance(pairs, Missing)
    assert pairs[0].ratio.high == float("inf")
    assert isinstance(pairs[0], Beside)


def test_a_setting_that_only_one_has_is_left_out(folder: Path) -> None:
    assert beside(earlier.read(folder), (a_found(setting={"workers": 4}),)) == Missing("no setting has a limit in both of them")


def test_other_objectives_are_refused_before_anything_is_measured(folder: Path) -> None:
    then = earlier.read(folder)

    earlier.require_alike(then, "shop", (P95,))
    with pytest.raises(ComparisonError, match="within all: p95 < 100ms; this one is of another within"):
        earlier.require_alike(then, "another", (P95,))


def test_other_machines_are_a_caveat(folder: Path) -> None:
    said = earlier.caveats(earlier.read(folder), a_result(machine="64 cores").subject)

    assert "the machines differ (2 cores; 64 cores)" in said[0]


@pytest.mark.parametrize(
    ("content", "message"),
    [("", "no result of a search"), ("[]", "no result"), ('{"format": 9}', "format 9"), ('{"format": 1}', "damaged: KeyError")],
)
def test_what_is_no_result_of_a_search_is_refused_with_what_to_give(tmp_path: Path, content: str, message: str) -> None:
    (tmp_path / "capacity.json").write_text(content)

    with pytest.raises(EvidenceError, match=message):
        earlier.read(tmp_path)


def test_a_folder_without_a_search_is_refused(tmp_path: Path) -> None:
    with pytest.raises(EvidenceError, match="cannot be read") as refused:
        earlier.read(tmp_path)

    assert "capacity" in refused.value.hint
