"""perfkit compare: what is refused before anything is started."""

import pytest
import typer

from perfkit.cli import compare


def test_tiers_are_numbers_of_tiers() -> None:
    assert compare.tiers_of("0, 2") == {0, 2}


@pytest.mark.parametrize("text", ["3", "", "all", "0;1"])
def test_what_is_no_tier_is_refused(text: str) -> None:
    with pytest.raises(typer.BadParameter, match="there are the tiers 0, 1 and 2"):
        compare.tiers_of(text)


def test_a_margin_is_a_share() -> None:
    assert compare.margin_of("3%") == 0.03
    assert compare.margin_of(None) is None


@pytest.mark.parametrize("text", ["3", "0%", "100%"])
def test_what_is_no_margin_is_refused(text: str) -> None:
    with pytest.raises(typer.BadParameter):
        compare.margin_of(text)


@pytest.mark.parametrize("text", ["0s", "soon"])
def test_a_budget_of_no_time_is_refused(text: str) -> None:
    with pytest.raises(typer.BadParameter):
        compare.budget_of(text)


def test_instructions_are_a_part_of_tier_0() -> None:
    with pytest.raises(typer.BadParameter, match="instructions are counted in tier 0"):
        compare.compare("main", tiers="1,2", instructions=True)


def test_only_runs_on_record_need_no_scenario() -> None:
    with pytest.raises(typer.BadParameter, match="only two run directories can be compared without a scenario"):
        compare.compare("main")
