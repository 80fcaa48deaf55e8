"""What a search says to its readers, and to machines."""

import json
from dataclasses import replace

from plotly import graph_objects

from perfkit.compare.bisect import contract
from perfkit.compare.bisect.answer import EXIT_CODES, Answer, Verdict
from perfkit.compare.bisect.page import page
from perfkit.compare.change import Change
from perfkit.page import Chart
from perfkit.report import charts, html, markdown, terminal
from perfkit.stats.interval import Estimate
from tests.compare.bisect.answers import a_line, counted, searched

NOTHING = Answer(
    Verdict.NOTHING, a_line(), endpoint="GET /orders", metric="server_time", whole=Estimate(0.001, -0.006, 0.008, 0.95)
)


def text(answer: Answer) -> str:
    """Without the ends of lines that the terminal's width makes."""
    return " ".join(terminal.render(page(answer, "20261123-101500-bisect", "shop")).split())


def written(answer: Answer) -> dict[str, object]:
    found: dict[str, object] = json.loads(contract.written(answer, "20261123-101500-bisect", "shop", 0))
    return found


def test_a_commit_is_named_with_subject_step_interval_and_probability() -> None:
    said = text(searched({6: 0.05}))

    assert said.startswith("✕ Problem: 0000006 change 6 (2026-11-01): server time of GET /orders +5.")
    assert "with a probability of 99.9" in said


def test_a_commit_that_made_it_faster_is_no_problem() -> None:
    assert text(searched({6: -0.05})).startswith("✓ Good: 0000006 change 6")


def test_a_counter_is_named_with_its_statement() -> None:
    said = text(counted(6))

    assert "0000006 change 6 (2026-11-01): GET /orders: statements 3 → 14, new: SELECT * FROM lines at shop/orders.py:41" in said


def test_a_row_says_why_it_is_one() -> None:
    answer = searched({6: 0.05}, broken=frozenset({6}))
    said = text(answer)

    assert answer.verdict is Verdict.RANGE
    assert "One of 2 commits, 0000006 to 0000007, which cannot be told apart" in said
    assert "it cannot be built" in html.render(page(answer, "id", "shop"))


def test_an_unfinished_search_says_how_far_it_came() -> None:
    by_time, by_counter = text(searched({6: 0.05}, most=3)), text(counted(6, asked=2))

    assert "Not found yet: one of" in by_time
    assert "the same line again goes on from there" in by_time
    assert "Not found yet: one of 4 commits, 0000005 to 0000008" in by_counter
    assert EXIT_CODES[Verdict.OPEN] == 7


def test_nothing_to_find_says_how_large_a_step_is_excluded() -> None:
    said = text(NOTHING)

    assert "Nothing to find: GOOD and BAD do not differ: server time of GET /orders +0.1 % [-0.6 %, +0.8 %]" in said
    assert "no larger than 0.8 %" in said
    assert EXIT_CODES[Verdict.NOTHING] == 9


def test_a_difference_that_is_not_clear_is_not_called_nothing() -> None:
    said = text(replace(NOTHING, verdict=Verdict.OPEN, whole=Estimate(0.03, -0.02, 0.08, 0.95)))

    assert "Not known yet whether GOOD and BAD differ: server time of GET /orders +3.0 % [-2.0 %, +8.3 %]" in said
    assert "longer --budget" in said


def test_equal_contents_are_nothing_to_find() -> None:
    assert "have the same content" in text(Answer(Verdict.NOTHING, replace(a_line(), commits=(), between=2)))


def test_two_steps_and_a_drift_are_said() -> None:
    two = text(searched({4: 0.03, 11: 0.07}, error=0.002))
    drift = text(searched(dict.fromkeys(range(1, 17), 0.01), error=0.001))

    assert "two steps are thought of" in two
    assert "neither one step nor two explain the probes" in drift


def test_other_answers_and_what_was_left_out_are_said() -> None:
    answer = replace(searched({6: 0.05}), changes=(Change("GET /a", "body", "one answer", "another"),), line=a_line(between=20))

    said = text(answer)

    assert "do not answer alike (GET /a); `--by body`" in said
    assert "4 commits changed nothing in the end" in said


def test_every_page_renders_and_every_chart_can_be_drawn() -> None:
    for answer in (
        searched({6: 0.05}),
        counted(6),
        NOTHING,
        searched({6: 0.05}, most=2),
        searched({6: 0.05}, broken=frozenset({6})),
    ):
        says = page(answer, "id", "shop")

        assert "<html" in html.render(says)
        assert markdown.render(says).startswith("## ")
        for chart in [block for section in says.sections for block in section.blocks if isinstance(block, Chart)]:
            figure = charts.figure(chart)
            graph_objects.Figure(data=figure["data"], layout=figure["layout"])  # type: ignore[index,call-overload]


def test_a_pull_request_comment_has_the_commit_and_what_came_with_it() -> None:
    said = markdown.render(page(counted(6), "id", "shop"))

    assert "0000006 change 6" in said
    assert "git show 0000006" in said
    assert "statements 3 → 14" in said


def test_a_subject_is_text_and_no_markup() -> None:
    answer = searched({6: 0.05})
    hostile = tuple(replace(one, subject="<script>alert(1)</script>") for one in answer.line.commits)

    said = html.render(page(replace(answer, line=replace(answer.line, commits=hostile)), "id", "shop"))

    assert "<script>alert(1)" not in said


def test_machines_get_the_commit_the_step_and_every_probe() -> None:
    answer = searched({6: 0.05})
    said = written(answer)

    assert said["answer"] == "found"
    assert said["by"] == "time"
    assert [one["place"] for one in said["culprits"]] == [6]  # type: ignore[attr-defined]
    assert 0.04 < said["step"]["change"] < 0.06  # type: ignore[index]
    assert said["step"]["probability"] > 0.99  # type: ignore[index]
    assert len(said["probes"]) == len(answer.made)  # type: ignore[arg-type]


def test_machines_get_counts_of_counters_and_no_culprit_of_what_was_not_found() -> None:
    said = written(counted(6))

    assert said["step"] == {"good": 3, "bad": 14, "detail": "new: SELECT * FROM lines at shop/orders.py:41", "probability": 1.0}
    assert {one["count"] for one in said["probes"]} == {3, 14}  # type: ignore[attr-defined]
    assert written(searched({6: 0.05}, most=2))["culprits"] == []
    assert written(NOTHING)["culprits"] == []
    assert written(NOTHING)["whole"] is not None
