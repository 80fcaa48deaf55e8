"""A whole history: what fails it, where it changed, what was left out and why."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from perfkit.compare.history import contract, gather
from perfkit.compare.history.gather import Gathered
from perfkit.compare.history.history import Asked, judge
from perfkit.compare.history.pages.page import page
from perfkit.compare.history.sharing import Folder, put
from perfkit.errors import EvidenceError
from perfkit.evidence import Missing
from perfkit.page import Check
from perfkit.report import html, markdown, terminal
from tests.compare.history.histories import (
    CONDITIONS,
    a_count,
    a_ratio,
    a_report,
    an_entry,
    commit_name,
    noisy,
    of,
    some_entries,
)  # fmt: skip

SLOWER = some_entries([0.0] * 20 + [0.05] * 12, error=0.006)
FLAT = some_entries([0.0] * 32, error=0.006)


def test_a_newest_level_beyond_the_margin_fails_the_history() -> None:
    history = of(SLOWER)

    assert [one.series.endpoint for one in history.regressed] == ["GET /orders"]
    assert page(history).mood == "bad"
    assert page(history).verdict.startswith("Slower than v1.4 (aaaaaaa) by more than 3 %: GET /orders +")
    assert page(history).checks == (Check("GET /orders: newest level", "comparison", "failed", page(history).checks[0].message),)


def test_a_level_within_the_margin_does_not() -> None:
    assert of(SLOWER, margin=0.08).regressed == ()
    assert of(FLAT).regressed == ()
    assert page(of(FLAT)).mood == "good"


def test_a_slowdown_that_was_mended_is_history() -> None:
    history = of(some_entries([0.0] * 12 + [0.06] * 12 + [0.0] * 12, error=0.006))

    assert history.regressed == ()
    assert [one.is_slower for one in history.changes] == [False, True]


def test_a_level_that_may_be_none_does_not_fail() -> None:
    assert of([an_entry(at, a_ratio(0.05, 0.2)) for at in range(1, 4)]).regressed == ()


def test_a_change_point_names_three_commits() -> None:
    (change,) = of(SLOWER).changes

    assert change.size.low < 0.05 < change.size.high
    assert abs(int(change.near.commit[:7]) - 21) <= 1
    assert int(change.after.commit[:7]) < 21 <= int(change.until.commit[:7])
    assert change.among is None  # without a repository nobody knows what lies between


def test_other_conditions_on_either_side_are_said_beside_a_change() -> None:
    elsewhere = replace(CONDITIONS, machine="00000000", python="3.13.1")
    moved = [replace(entry, conditions=elsewhere) if at >= 20 else entry for at, entry in enumerate(SLOWER)]

    (change,) = of(moved).changes

    assert change.doubts == (
        "another Python has been compared on since then", "another machine has been compared on since then",
    )  # fmt: skip


def test_conditions_that_are_the_same_are_not() -> None:
    assert of(SLOWER).changes[0].doubts == ()


def test_endpoints_share_one_chance_of_a_false_alarm() -> None:
    small = [*noisy([0.0] * 20 + [0.015] * 20, 0.01, "GET /orders", seed=5)]
    alone = [an_entry(at + 1, ratio) for at, ratio in enumerate(small)]
    others = [noisy([0.0] * 40, 0.01, f"GET /{number}", seed=10 + number) for number in range(60)]
    among = [an_entry(at + 1, small[at], *(other[at] for other in others)) for at in range(40)]

    p_alone = [one.p for one in of(alone).changes]
    p_among = [one.p for one in of(among).changes if one.endpoint == "GET /orders"]

    assert len(p_alone) == 1
    assert not p_among or p_among[0] == pytest.approx(61 * p_alone[0])


def test_what_is_left_out_is_counted_and_named() -> None:
    out = [
        an_entry(40, dirty=True), an_entry(41, commit=""), an_entry(42, answer="unstable"), an_entry(1, scenario="other"),
    ]  # fmt: skip

    history = of([*FLAT, *out], scenario="shop")

    assert history.left_out == (
        "1 comparison left out: of a working tree with changes, which is no commit",
        "1 comparison left out: of commands or services, whose commit is not known",
        "1 comparison left out: unstable: the base differed from itself, so their times prove nothing; exact counts stand",
        "comparisons of other scenarios, which --scenario shows: other (1)",
    )
    assert len(history.trends[0].series.points) == 32


def test_the_scenario_is_that_of_the_newest_comparison() -> None:
    assert of([*FLAT, an_entry(50, scenario="checkout")]).scenario == "checkout"


def test_counters_are_followed_from_anchor_to_anchor() -> None:
    """An anchor that already has 14 statements does not name them any more: its own comparison did."""
    before = [an_entry(at, counts=(a_count(3, 14),) if at >= 5 else ()) for at in range(1, 11)]
    after = [an_entry(at, base=commit_name(10)) for at in range(11, 15)]

    (track,) = of([*before, *after]).tracks

    assert track.values == (3.0,) * 4 + (14.0,) * 10
    assert [(step.after, step.at, step.before, step.now) for step in track.steps] == [(commit_name(4), commit_name(5), 3, 14)]


def test_a_commit_whose_deck_was_not_counted_leaves_no_step() -> None:
    entries = [an_entry(1, counts=(a_count(3, 14),)), an_entry(2, is_counted=False), an_entry(3, counts=(a_count(3, 14),))]

    (track,) = of(entries).tracks

    assert track.values == (14.0, 14.0)
    assert track.steps == ()


def test_exact_counts_of_an_unstable_comparison_stand() -> None:
    (track,) = of([*FLAT, an_entry(40, counts=(a_count(3, 4),), answer="unstable")]).tracks

    assert track.steps[-1].at == commit_name(40)


def test_history_json_says_what_the_page_says() -> None:
    history = of([*SLOWER, an_entry(40, dirty=True)])

    written: Any = json.loads(contract.written(history, 1))

    assert (written["format"], written["exit_code"], written["order"]) == (1, 1, "time")
    assert written["anchors"] == [{"commit": "a" * 40, "label": "v1.4", "comparisons": 32}]
    assert written["regressed"] == ["GET /orders"]
    (series,) = written["series"]
    assert len(series["points"]) == 32
    assert series["newest"]["regressed"] is True
    assert series["segments"][0]["points"] in {19, 20, 21}
    (change,) = written["change_points"]
    assert change["interval"][0] < 0.05 < change["interval"][1]
    assert change["near"] == history.changes[0].near.commit


def test_every_renderer_takes_the_page() -> None:
    says = page(of([*SLOWER, an_entry(33, a_ratio(0.05), counts=(a_count(3, 14),))]))

    text = html.render(says)

    assert "became slower" in text
    assert "3 → 14" not in terminal.render(says)  # a table's work
    assert "became slower" in terminal.render(says)
    assert "became slower" in markdown.render(says)
    assert "▁" not in text or "█" in text


def test_names_from_a_shared_place_are_no_markup() -> None:
    hostile = "GET /<script>alert(1)</script>"
    entries = [an_entry(at, a_ratio(endpoint=hostile), base_label="<img src=x>") for at in range(1, 12)]

    text = html.render(page(of(entries)))

    assert "<script>alert(1)" not in text
    assert "<img src=x>" not in text


def test_nothing_at_all_is_refused_with_what_to_do() -> None:
    with pytest.raises(EvidenceError, match="there is no comparison and no judged run") as told:
        judge(Gathered((), (), ("a.json is too large",)), Asked(None, None, Path(), 0.03, "server_time"), None)

    assert "a.json is too large" in told.value.message
    assert told.value.hint.startswith("Compare commits with a release")


def test_a_folder_and_a_shared_place_are_read_once_each(tmp_path: Path) -> None:
    for at, entry in enumerate(FLAT[:3]):
        a_report(tmp_path / "reports" / f"{at}", entry)
    place = Folder(tmp_path / "shared")
    put(place, FLAT[2])
    put(place, FLAT[3])
    (tmp_path / "shared" / "odd.json").write_text("{}")
    (tmp_path / "reports" / "latest").symlink_to("2")

    found = gather.gather(tmp_path / "reports", place, None)

    assert sorted(entry.commit for entry in found.entries) == [commit_name(at) for at in range(1, 5)]
    assert len(found.unread) == 1
    assert found.unread[0].startswith("odd.json is no entry")


def test_runs_are_shown_apart_and_make_no_ratios(tmp_path: Path) -> None:
    for number, validity in enumerate(("valid", "invalid", "valid")):
        endpoint = {"endpoint": "GET /orders", "server_time": {"p50": 0.01 + number}, "service_time": {"p50": 0.02}}
        run = {
            "id": f"run-{number}",
            "scenario": "shop",
            "started_at": f"2026-01-0{number + 1}",
            "commit": "c" * 40,
            "dirty": False,
        }
        content = {"format": 1, "run": run, "validity": {"state": validity}, "endpoints": [endpoint]}
        folder = tmp_path / f"run-{number}"
        folder.mkdir()
        (folder / "findings.json").write_text(json.dumps(content))

    history = judge(gather.gather(tmp_path, None, None), Asked(tmp_path, None, tmp_path, 0.03, "server_time"), None)

    assert history.trends == ()
    assert [run.medians["GET /orders"] for run in history.runs] == [0.01, 1.01, 2.01]
    assert page(history).verdict.startswith("No ratios to an anchor yet")
    text = html.render(page(history))
    assert "Absolute figures of runs" in text


def test_a_python_that_the_library_is_not_for_gets_levels_and_no_change_points(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("perfkit.stats.change_points.LIBRARY", "no_such_library")

    history = of(SLOWER)

    assert isinstance(history.trends[0].steps, Missing)
    assert "is not installed" in history.trends[0].steps.why
    assert len(history.trends[0].segments) == 1
    assert "is not installed" in terminal.render(page(history))
