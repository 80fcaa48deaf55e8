"""Anchors: which bases are, where one hands over to the next, and what chains them."""

import math

import pytest

from perfkit.evidence import Missing
from perfkit.stats.change_points import FEWEST
from tests.compare.history.histories import ANCHOR, CONDITIONS, a_ratio, an_entry, commit_name, of, some_entries

NEXT = commit_name(20)
BEFORE = some_entries([0.0] * 19, error=0.004)
AFTER = some_entries([0.0] * 20, first=21, error=0.004, seed=2, base=NEXT, base_label="v1.5")


def test_the_series_of_two_anchors_are_chained_by_their_overlap() -> None:
    history = of([*BEFORE, an_entry(20, a_ratio(0.05, 0.004)), *AFTER])

    (trend,) = history.trends
    # v1.5 beside itself is no measurement.
    assert len(trend.series.points) == 39
    assert trend.series.anchor.shown == f"v1.5 ({NEXT[:7]})"
    # Everything is relative to the newest anchor: the old commits were 5 % faster than it.
    assert math.isclose(trend.segments[0].level.value, -math.log1p(0.05), abs_tol=0.01)
    assert trend.newest.low < 0 < trend.newest.high
    (change,) = history.changes
    assert change.size.low < 0.05 < change.size.high
    assert (change.after.commit, change.until.commit) == (commit_name(19), commit_name(21))


def test_the_error_of_the_overlap_is_in_the_size_of_what_changed_there() -> None:
    sure = of([*BEFORE, an_entry(20, a_ratio(0.2, 0.004)), *AFTER]).changes[0]
    unsure = of([*BEFORE, an_entry(20, a_ratio(0.2, 0.02)), *AFTER]).changes[0]

    assert unsure.size.half_width > 3 * sure.size.half_width
    assert "the error of chaining it is counted in" in unsure.doubts[-1]


def test_without_an_overlap_the_series_is_cut_and_says_so() -> None:
    history = of([*BEFORE, *AFTER])

    first, second = history.trends
    assert first.series.cut == (
        f"v1.4 ({ANCHOR[:7]}) and v1.5 ({NEXT[:7]}) were never compared (`perfkit compare v1.4 v1.5` chains them)"
    )
    assert (len(first.series.points), len(second.series.points)) == (19, 20)
    assert second.series.cut == ""
    assert history.newest == (second,)


def test_an_endpoint_that_the_overlap_does_not_have_is_cut_alone() -> None:
    both = [an_entry(at, a_ratio(), a_ratio(endpoint="GET /new")) for at in range(1, 20)]
    later = [an_entry(at, a_ratio(), a_ratio(endpoint="GET /new"), base=NEXT) for at in range(21, 40)]

    history = of([*both, an_entry(20, a_ratio()), *later])

    assert [(one.series.endpoint, one.series.cut) for one in history.trends] == [
        ("GET /new", "the comparison of the two anchors does not have GET /new"), ("GET /new", ""), ("GET /orders", ""),
    ]  # fmt: skip


def test_another_scenario_cuts_the_series_of_the_same_anchor() -> None:
    changed = [an_entry(at, conditions=CONDITIONS.__class__("another", "3.12.4", "11b5a71e", "ac41e5e1")) for at in range(21, 40)]

    first, second = of([*BEFORE, *changed]).trends

    assert "the scenario that v1.4" in first.series.cut
    assert len(second.series.points) == 19


def test_the_newer_anchor_takes_over_where_both_were_measured() -> None:
    late = some_entries([0.3] * 5, first=25, base=ANCHOR)

    (trend,) = of([*BEFORE, an_entry(20, a_ratio()), *AFTER, *late]).trends

    assert len(trend.series.points) == 39
    assert max(point.change for point in trend.series.points) < 0.1


def test_the_base_of_a_single_question_is_no_anchor() -> None:
    history = of([*BEFORE, an_entry(30, base=commit_name(29))])

    assert [link.base for link in history.links] == [ANCHOR]
    assert "1 comparison left out: of a base that nothing else was compared with (--anchor makes it one)" in history.left_out


def test_named_anchors_are_the_only_ones() -> None:
    history = of([*BEFORE, an_entry(20, a_ratio()), *AFTER], anchors=(ANCHOR,))

    assert [link.base for link in history.links] == [ANCHOR]


def test_several_comparisons_of_a_commit_are_one_point_by_their_weight() -> None:
    twice = [an_entry(19, a_ratio(0.0, 0.001)), an_entry(19, a_ratio(0.3, 0.1))]

    (trend,) = of([*BEFORE[:18], *twice]).trends

    assert len(trend.series.points) == 19
    assert trend.series.points[-1].change == pytest.approx(math.log(1.3) * 0.001**2 / (0.001**2 + 0.1**2), rel=0.01)
    assert len(trend.series.points[-1].entries) == 2


def test_a_ratio_without_an_interval_stands_in_no_series() -> None:
    open_ended = a_ratio()
    unknown = an_entry(19, type(open_ended)("GET /orders", "server_time", 0.5, (None, None), 0.01, 3))

    (trend,) = of([*BEFORE[:18], unknown]).trends

    assert len(trend.series.points) == 18


def test_a_series_of_few_commits_says_that_it_is_too_short() -> None:
    (trend,) = of(some_entries([0.0] * (FEWEST - 1))).trends

    assert trend.steps == Missing(f"{FEWEST - 1} commits are measured, and change points are looked for from {FEWEST} on")
