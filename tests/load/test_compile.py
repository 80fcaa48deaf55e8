"""From scenario to plan: segments, phases, steps, weights."""

from pathlib import Path
from random import Random
from typing import Any

import pytest

from perfkit.errors import LoadError
from perfkit.load.compile import MOST_IN_FLIGHT, compile_plan, segments
from perfkit.load.plan import RepeatPlan, RequestPlan, StepPlan, duration_of, outline
from perfkit.scenario.model import Scenario

BASE = "http://127.0.0.1:8000/api"


def a_scenario(**parts: Any) -> Scenario:
    whole: dict[str, Any] = {
        "perfkit": 1,
        "target": BASE,
        "flows": {"browse": [{"get": "/items"}]},
        "load": {"main": [{"rate": "20/s", "for": "30s"}]},
    }
    return Scenario.model_validate({**whole, **parts})


def requests(steps: tuple[StepPlan, ...]) -> list[RequestPlan]:
    found: list[RequestPlan] = []
    for step in steps:
        if isinstance(step, RequestPlan):
            found.append(step)
        elif isinstance(step, RepeatPlan):
            found += requests(step.steps)
    return found


def test_warm_up_and_measured_stages_become_segments_of_their_phase() -> None:
    stages = [
        {"rate": "5/s -> 40/s over 30s", "warmup": True},
        {"rate": "40/s", "for": "3m"},
        {"rate": "120/s", "for": "20s", "label": "spike"},
    ]

    planned = segments(a_scenario(load={"main": stages}), "main", 0)

    assert [(segment.phase, segment.start, segment.end, segment.duration) for segment in planned] == [
        ("warm-up", 5, 40, 30),
        ("measure", 40, 40, 180),
        ("measure", 120, 120, 20),
    ]
    assert duration_of(planned, "measure") == 200
    assert planned[2].label == "spike"


def test_the_profile_phase_goes_on_at_the_last_rate() -> None:
    stages = [{"rate": "5/s -> 40/s over 30s", "arrivals": "even", "max_in_flight": 9, "on_limit": "drop"}]

    profile = segments(a_scenario(load={"main": stages}), "main", 15)[-1]

    assert (profile.phase, profile.start, profile.end, profile.duration) == ("profile", 40, 40, 15)
    assert (profile.arrivals, profile.max_in_flight, profile.on_limit) == ("even", 9, "drop")


def test_the_profile_phase_of_users_goes_on_with_the_last_users_and_without_iterations() -> None:
    planned = segments(a_scenario(load={"smoke": [{"users": 2, "iterations": 3}]}), "smoke", 5)

    assert [(segment.phase, segment.is_open, segment.end, segment.iterations) for segment in planned] == [
        ("measure", False, 2, 3),
        ("profile", False, 2, None),
    ]
    assert duration_of(planned, "measure") is None


def test_an_open_load_is_bounded_even_when_it_gives_no_limit() -> None:
    assert segments(a_scenario(), "main", 0)[0].max_in_flight == MOST_IN_FLIGHT


def test_an_unknown_profile_is_refused_with_those_that_exist() -> None:
    with pytest.raises(LoadError) as refused:
        segments(a_scenario(), "peak", 0)

    assert refused.value.hint == "Choose one of: main."


def test_requests_are_numbered_through_repeats_and_named_as_endpoints() -> None:
    steps = [
        {"get": "/items?limit=${vars.n}", "name": "list items"},
        {"think": "1s"},
        {"repeat": "1..3", "steps": [{"get": "/items/${data.ids.id}?full=1"}]},
        {"post": "/cart", "json": {"id": 1}},
    ]

    plan = compile_plan(a_scenario(flows={"browse": steps}, vars={"n": 20}), "main", 0, "run")

    found = requests(plan.flows[0].steps)
    assert [request.step for request in found] == ["browse[1]", "browse[2]", "browse[3]"]
    assert [request.endpoint for request in found] == ["list items", "GET /items/{id}", "POST /cart"]
    assert [request.named for request in found] == [True, False, False]
    assert found[1].step_header == "GET%20%2Fitems%2F%7Bid%7D"


def test_flows_are_chosen_by_their_weight() -> None:
    flows = {"often": {"weight": 9, "steps": [{"get": "/a"}]}, "seldom": {"weight": 1, "steps": [{"get": "/b"}]}}
    plan = compile_plan(a_scenario(flows=flows), "main", 0, "run")
    source = Random(1)

    chosen = [plan.choose(source).name for _ in range(2000)]

    assert chosen.count("seldom") == pytest.approx(200, abs=60)


def test_the_base_urls_path_stands_before_every_path() -> None:
    where = compile_plan(a_scenario(), "main", 0, "run").destination

    assert (where.host, where.port, where.prefix, where.authority) == ("127.0.0.1", 8000, "/api", "127.0.0.1:8000")


def test_a_foreign_host_is_refused_before_it_is_looked_up() -> None:
    with pytest.raises(LoadError, match=r"example\.com"):
        compile_plan(a_scenario(target="http://example.com"), "main", 0, "run")


def test_certificates_that_do_not_exist_are_refused(tmp_path: Path) -> None:
    scenario = a_scenario(target="https://127.0.0.1:1", http={"tls": {"ca": str(tmp_path / "none.pem")}})

    with pytest.raises(LoadError, match="certificates"):
        compile_plan(scenario, "main", 0, "run")


def test_the_outline_says_when_each_line_begins() -> None:
    stages = [{"rate": "5/s -> 40/s over 30s", "warmup": True}, {"rate": "40/s", "for": "3m"}]

    lines = outline(segments(a_scenario(load={"main": stages}), "main", 15))["segments"]

    assert [(line["phase"], line["kind"], line["at"]) for line in lines] == [
        ("warm-up", "rate", 0.0),
        ("measure", "rate", 30.0),
        ("profile", "rate", 210.0),
    ]


@pytest.mark.parametrize(
    ("guard", "stage", "problem"),
    [
        ({"max_rate": 10}, {"rate": "20/s", "for": "1s"}, "20/s are more than the guard allows"),
        ({"max_users": 10}, {"users": "0 -> 20 over 1s"}, "20 users are more than the guard allows"),
    ],
)
def test_no_plan_goes_beyond_the_guard(guard: dict[str, Any], stage: dict[str, Any], problem: str) -> None:
    with pytest.raises(LoadError, match=problem):
        compile_plan(a_scenario(guard=guard, load={"main": [stage]}), "main", 0.0, "run")


def test_an_open_load_has_no_more_users_than_the_guard_allows() -> None:
    plan = compile_plan(a_scenario(guard={"max_users": 10}), "main", 0.0, "run")

    assert [segment.max_in_flight for segment in plan.segments] == [10]
