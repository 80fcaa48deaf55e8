"""A rehearsal sends the scenario's own requests and goes on whatever comes back."""

from pathlib import Path
from random import Random
from typing import Any

from perfkit.load.compile import compile_plan
from perfkit.load.exchange import Answer
from perfkit.load.plan import Plan, RequestPlan
from perfkit.load.reading import Reading
from perfkit.load.rehearsal import MEASURED, USERS, WARM_UP, rehearsed
from perfkit.scenario.model import Scenario

ANYTHING = Reading(Answer(200, (), b'{"items": []}'))


def a_plan(steps: list[Any], **parts: Any) -> Plan:
    content = {
        "perfkit": 1,
        "target": "https://127.0.0.1:9/shop",
        "guard": {"allow_hosts": ["127.0.0.1"]},
        "flows": {"browse": steps},
        "load": [{"rate": "20/s", "for": "1m"}],
        "http": {"tls": {"verify": False}},
    }
    return compile_plan(Scenario.model_validate(content | parts), "default", 0.0, "run")


def requests(plan: Plan) -> list[RequestPlan]:
    return [step for step in plan.flows[0].steps if isinstance(step, RequestPlan)]


def test_it_goes_to_the_responder_for_two_seconds_flat_out() -> None:
    plan = rehearsed(a_plan([{"get": "/a"}]), 4711)

    where = plan.destination
    assert (where.scheme, where.host, where.port, where.tls) == ("http", "127.0.0.1", 4711, None)
    assert (where.authority, where.prefix) == ("127.0.0.1:9", "/shop")
    assert [(segment.phase, segment.is_open, segment.start, segment.duration) for segment in plan.segments] == [
        ("warm-up", False, USERS, WARM_UP),
        ("measure", False, USERS, MEASURED),
    ]
    assert WARM_UP + MEASURED == 2.0


def test_pauses_are_left_out_wherever_they_stand() -> None:
    steps = [{"get": "/a"}, {"think": "1s"}, {"repeat": 2, "steps": [{"think": "1s"}, {"get": "/b"}]}]

    plan = rehearsed(a_plan([*steps, {"repeat": 2, "steps": [{"think": "1s"}]}]), 4711)

    first, repeat = plan.flows[0].steps
    assert isinstance(first, RequestPlan)
    assert [step.endpoint for step in repeat.steps if isinstance(step, RequestPlan)] == ["GET /b"]  # type: ignore[union-attr]


def test_what_a_step_extracts_is_there_even_when_the_answer_does_not_hold_it() -> None:
    steps: list[Any] = [{"get": "/a", "extract": {"pid": "$.items[*].id", "tag": "header:ETag"}, "expect": {"status": 201}}]

    (step,) = requests(rehearsed(a_plan(steps), 4711))

    assert [extract.take(ANYTHING, Random(1)) for extract in step.extracts] == ["calibration", "calibration"]
    assert step.expectation.status == frozenset({200})


def test_an_answer_that_cannot_be_read_does_not_end_it_either() -> None:
    (step,) = requests(rehearsed(a_plan([{"get": "/a", "extract": {"pid": "$.id"}}]), 4711))

    assert step.extracts[0].take(Reading(Answer(200, (), b"<html>")), Random(1)) == "calibration"


def test_a_log_in_succeeds_whatever_comes_back() -> None:
    login = {"post": "/login", "expect": {"status": 201, "json": {"$.ok": True}}, "extract": {"token": "$.token"}}
    auth = {"shopper": {"login": login, "apply": {"header": {"Authorization": "Bearer ${token}"}}}}

    plan = rehearsed(a_plan([{"get": "/a", "auth": "shopper"}], auth=auth), 4711)

    assert plan.auth["shopper"].logins["browse"].expectation.json == ()


def test_data_that_has_run_out_begins_again(tmp_path: Path) -> None:
    (tmp_path / "users.csv").write_text("name\nAda\nBob\n")
    users = {"csv": str(tmp_path / "users.csv"), "pick": "sequential", "on_exhausted": "stop_user"}

    plan = rehearsed(a_plan([{"get": "/a?${data.users.name}"}], data={"users": users}), 4711)

    names = {str(plan.feeds["users"].row(1, Random(number))["name"]) for number in range(20)}
    assert names == {"Ada", "Bob"}
