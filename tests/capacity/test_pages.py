import dataclasses
import json
from typing import Any

import pytest

from perfkit.capacity import contract
from perfkit.capacity.capacity import best_of, exit_code
from perfkit.capacity.found import Answer, Found
from perfkit.capacity.overload import Overload
from perfkit.capacity.pages.page import page
from perfkit.capacity.plan import plan
from perfkit.capacity.soak import Soak
from perfkit.capacity.step import Usage
from perfkit.evidence import Missing
from perfkit.report import html, markdown, terminal
from perfkit.scenario.capacity import Headroom, SharedLimit
from perfkit.stats.interval import Estimate
from tests.capacity.searches import a_found, a_result, a_step

LIMIT = Estimate(84.0, 81.0, 87.0, 0.9)


def test_the_first_sentence_says_the_limit_its_interval_and_the_objective() -> None:
    assert page(a_result()).verdict == "It takes 84/s [81/s, 87/s] within all: p95 < 100ms"


def test_a_plan_that_something_shared_does_not_allow_says_so_in_the_first_sentence() -> None:
    shared = {"connections": SharedLimit(limit=100, per_instance=5)}
    planned = plan(2000, LIMIT, Headroom(), shared, None, None)

    assert page(a_result()).mood == "good"
    assert page(a_result(plan=planned)).mood == "warn"
    assert page(a_result(plan=planned)).verdict.endswith("; 25 instances for 2,000/s (grade C), which connections does not allow")


def test_objectives_that_are_missed_at_once_are_an_answer() -> None:
    low = a_step(3.0, 0.5, kind="low load")

    says = page(a_result(a_found(answer=Answer.BELOW, limit=None, steps=(low,))))

    assert says.verdict == "It misses all: p95 < 100ms even at 3/s: no rate is low enough"
    assert says.mood == "bad"


def test_a_generator_that_cannot_make_more_is_an_answer() -> None:
    found = a_found(answer=Answer.AT_LEAST, limit=Estimate(900.0, 900.0, float("inf"), 0.9))

    assert page(a_result(found)).verdict.startswith("It takes at least 900/s within all: p95 < 100ms")
    assert json.loads(contract.written(a_result(found), 0))["limit"]["interval"] == [900.0, None]


def test_a_target_that_ends_at_the_knee_is_told_with_the_last_rate_that_it_held() -> None:
    dead = a_step(95.0, 0.3, state="died", why="the target died")
    found = a_found(answer=Answer.DIED, limit=Estimate(84.0, 84.0, 95.0, 0.9), death="the target died")
    found = dataclasses.replace(found, steps=(*found.steps, dead))

    says = page(a_result(found))

    assert says.verdict == "It held 84/s, and ended at 95/s"
    assert "the target ended under load: the target died" in says.reasons


def test_no_answer_says_between_which_rates_it_lies() -> None:
    low = a_step(30.0, 0.0, kind="low load")
    over = a_step(90.0, 0.9, state="saturated", why="50 of 90 requests per second were completed", achieved=50.0)

    says = page(a_result(a_found(answer=Answer.INCONCLUSIVE, limit=None, steps=(low, over))))

    assert says.verdict == "No limit was found: it held 30/s, not 90/s, and no step between counts"


def test_an_interval_that_is_too_wide_says_what_narrows_it() -> None:
    wide = page(a_result(a_found(limit=Estimate(84.0, 70.0, 98.0, 0.9))))

    assert any("± 17 %" in reason and "--budget" in reason for reason in wide.reasons)


def test_a_limit_that_no_step_has_met_is_no_good_news_yet() -> None:
    says = page(a_result(a_found(limit=Estimate(84.0, 70.0, float("inf"), 0.9))))

    assert says.mood == "warn"
    assert says.verdict == "It takes 84/s [70/s, more] within all: p95 < 100ms"
    assert any("open above" in reason and "--budget" in reason for reason in says.reasons)


def test_somebody_else_s_work_on_the_machine_is_a_doubt() -> None:
    busy = a_found()
    steps = tuple(dataclasses.replace(one, usage=Usage(1.0, 0.1, 2.0, 2)) for one in busy.steps)

    says = page(a_result(dataclasses.replace(busy, steps=steps)))

    assert any("neither the target's nor perfkit's took up to 0.90 of 2 cores" in reason for reason in says.reasons)


def test_a_collapse_past_the_limit_is_said() -> None:
    collapsed = Overload(rate=126.0, completed=100.0, good=10.0, refused=0.1, recovered_after=None, reference=84.0)

    says = page(a_result(a_found(overload=collapsed)))

    assert any("past the limit it collapses" in reason for reason in says.reasons)
    assert any("had not recovered" in reason for reason in says.reasons)


def test_the_setting_with_the_highest_lower_end_is_recommended() -> None:
    one = a_found(setting={"workers": 1}, limit=Estimate(50.0, 48.0, 52.0, 0.9))
    two = a_found(setting={"workers": 2}, limit=Estimate(84.0, 81.0, 87.0, 0.9))
    four = a_found(setting={"workers": 4}, limit=Estimate(86.0, 70.0, 99.0, 0.9))

    assert best_of((one, two, four)) is two
    assert page(a_result(one, two, four, recommended=1)).verdict.startswith("Workers 2: it takes 84/s")


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({}, 0),
        ({"answer": Answer.BELOW, "limit": None}, 1),
        ({"answer": Answer.DIED}, 1),
        ({"answer": Answer.INCONCLUSIVE, "limit": None}, 7),
        ({"answer": Answer.INCONCLUSIVE, "limit": None, "steps": (a_step(kind="low load"), a_step(state="void"))}, 6),
        ({"soak": Soak(a_step(missed=0.2), Missing("too short"), 1.0, 0.2, leaks=False, memory=Missing("none"))}, 1),
    ],
)
def test_the_exit_code_is_what_the_answer_earns(fields: dict[str, Any], code: int) -> None:
    found: Found = a_found(**fields)

    assert exit_code(found) == code


def test_the_page_can_be_shown_everywhere() -> None:
    says = page(a_result(plan=plan(200, LIMIT, Headroom(lose=1, surge=0.2), {}, None, 0.02)))

    assert "4 instances for 200/s" in markdown.render(says)
    assert "needed now" in html.render(says)
    assert "84/s" in terminal.render(says)
    assert "Requests that miss all: p95 &lt; 100ms" in html.render(says)


def varied() -> tuple[Found, Found]:
    return (
        a_found(setting={"workers": 1}, limit=Estimate(50.0, 48.0, 52.0, 0.9)),
        a_found(setting={"workers": 2}, limit=Estimate(90.0, 87.0, 93.0, 0.9)),
    )


def test_how_a_service_scales_is_told_with_a_grade_for_what_was_not_measured() -> None:
    result = a_result(*varied(), recommended=1)

    text = markdown.render(page(result))
    beyond = json.loads(contract.written(result, 0))["scaling"]["beyond"]

    assert "coherency is not told from it by two counts" in html.render(page(result))
    assert [(one["count"], one["grade"]) for one in beyond] == [(3, "B"), (4, "C")]
    low, high = beyond[1]["limit"]["interval"]
    assert low < 4 * 50 / (1 + 3 * 0.111) < high < 4 * 56
    assert "Workers 2: it takes 90/s" in text


def test_what_cannot_be_counted_has_no_law() -> None:
    servers = tuple(dataclasses.replace(one, setting={"server": name}) for one, name in zip(varied(), "ab", strict=True))

    written = json.loads(contract.written(a_result(*servers), 0))

    assert "fewer than two counts of server" in written["scaling"]["why"]


def test_the_result_is_written_for_machines() -> None:
    written = json.loads(contract.written(a_result(), 0))

    assert (written["format"], written["answer"], written["exit_code"]) == (1, "found", 0)
    assert written["limit"] == {"value": 84.0, "interval": [81.0, 87.0], "confidence": 0.9}
    assert [step["kind"] for step in written["settings"][0]["steps"]] == ["low load", "step", "step", "step", "step"]
