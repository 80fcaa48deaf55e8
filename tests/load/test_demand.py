"""What a load asks for at its peak, and when that is refused."""

from dataclasses import replace
from typing import Any

import pytest

from perfkit.errors import LoadError
from perfkit.evidence import Missing
from perfkit.load.compile import compile_plan
from perfkit.load.demand import peak, refuse_more_than
from perfkit.load.plan import Plan
from perfkit.scenario.model import Scenario
from tests.builders import a_floor


def a_plan(flows: dict[str, Any], *stages: dict[str, Any]) -> Plan:
    content = {"perfkit": 1, "target": "http://127.0.0.1:9", "flows": flows, "load": list(stages)}
    return compile_plan(Scenario.model_validate(content), "default", 0.0, "run")


def test_the_peak_is_the_highest_level_of_any_stage_times_the_requests_of_a_mean_flow() -> None:
    browse = {"weight": 3, "steps": [{"get": "/a"}, {"think": "1s"}, {"repeat": "1..3", "steps": [{"get": "/b"}]}]}
    buy = {"weight": 1, "steps": [{"get": "/c"}]}

    plan = a_plan({"browse": browse, "buy": buy}, {"rate": "10/s -> 40/s over 2s", "warmup": True}, {"rate": "20/s", "for": "2s"})

    assert peak(plan) == pytest.approx(40 * (3 * 3 + 1 * 1) / 4)


def test_closed_load_asks_for_nothing() -> None:
    assert peak(a_plan({"browse": [{"get": "/a"}]}, {"users": 500, "for": "2s"})) == 0


def test_a_rate_above_the_floor_is_refused_with_the_figure_and_the_cure() -> None:
    floor = replace(a_floor(), cpu_per_request=2.5e-5, needed_rate=90_000.0)

    with pytest.raises(LoadError) as refused:
        refuse_more_than(floor)

    assert refused.value.message == (
        "the load asks for requests at 90,000/s at its peak; this generator can send at most "
        "40,000/s on this machine (25 µs of CPU for each, measured just now)"
    )
    assert refused.value.hint == "Lower the rate, check and extract less, or give it processes: generator.processes: 3."
    assert refused.value.exit_code == 4


def test_processes_can_do_at_most_so_many_times_as_much() -> None:
    refuse_more_than(replace(a_floor(), cpu_per_request=2.5e-5, needed_rate=90_000.0, processes=3))


def test_a_generator_that_was_not_calibrated_is_given_the_benefit_of_the_doubt() -> None:
    refuse_more_than(Missing("it was not to be calibrated: --no-calibrate"))
