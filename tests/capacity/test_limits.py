from typing import Any

import pytest

from perfkit.capacity.limits import judged_by, limits_of
from perfkit.errors import ScenarioError
from perfkit.scenario.model import Scenario


def a_scenario(**slo: Any) -> Scenario:
    text: dict[str, Any] = {
        "perfkit": 1,
        "target": "http://127.0.0.1:8000",
        "get": ["/"],
        "load": [{"rate": "5/s", "for": "10s"}],
    }
    return Scenario.model_validate({**text, "slo": slo})


def test_a_bound_on_a_percentile_is_a_limit() -> None:
    (found,) = limits_of(a_scenario(all=["p95 < 300ms", "errors < 1%"]))

    assert (found.endpoint, found.bound) == ("all", 0.3)
    assert found.allowed == pytest.approx(0.05)


def test_objectives_of_seconds_in_a_row_are_no_limits() -> None:
    found = limits_of(a_scenario(all=["p95 < 300ms", "p99 < 600ms for 10s abort"]))

    assert [one.text for one in found] == ["p95 < 300ms"]


def test_without_a_bound_on_a_percentile_no_rate_is_too_high() -> None:
    with pytest.raises(ScenarioError, match="no objective bounds a percentile") as refused:
        limits_of(a_scenario(all=["errors < 1%"]))

    assert "p95 < 300ms" in refused.value.hint


def test_nothing_ends_a_step_early_and_a_rate_is_not_judged() -> None:
    judged, left_out = judged_by(a_scenario(all=["p95 < 300ms", "p99 < 600ms for 10s abort", "rate > 40/s"]))

    assert [(one.figure, one.aborts) for one in judged.objectives["all"]] == [("p95", False), ("p99", False), ("dropped", False)]
    assert left_out == ("all: rate > 40/s: the rate is what is searched for",)
