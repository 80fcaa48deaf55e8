"""Objectives are met, missed or inconclusive, and never guessed."""

from typing import Any

import numpy as np
import pytest

from perfkit.evidence import Missing
from perfkit.scenario.objectives import Slo
from perfkit.slo.judge import Observed, Outcome, Seen, Verdict, judge


def a_seen(**fields: Any) -> Seen:
    """Two hundred requests of 1, 2, ... 200 ms with three statements each."""
    values: dict[str, Any] = {
        "response_times": np.arange(1, 201) / 1000,
        "requests": 200,
        "errors": 0,
        "statements": np.full(200, 3.0),
        "achieved_rate": 40.0,
        "dropped": 0,
    }
    return Seen(**(values | fields))


def the_verdict(*sentences: str, key: str = "GET /orders", seen: Seen | None = None, min_samples: int = 100) -> Verdict:
    seen = seen or a_seen()
    names = {
        "GET /orders": "GET /orders",
        "list orders": "GET /orders",
        "GET /orders?page={n}": "GET /orders",
        "GET /old": "GET /old",
    }
    slo = Slo.model_validate({key: list(sentences), "min_samples": min_samples})
    return judge(slo, Observed(seen, {"GET /orders": seen}, names))


def the_outcome(sentence: str, **fields: Any) -> Outcome:
    (outcome,) = the_verdict(sentence, **fields).objectives
    return outcome


@pytest.mark.parametrize(
    ("sentence", "measured", "state"),
    [
        ("p95 < 191ms", 0.190, "met"),
        ("p95 < 190ms", 0.190, "missed"),
        ("p95 <= 190ms", 0.190, "met"),
        ("p50 < 50ms", 0.100, "missed"),
        ("mean < 101ms", 0.1005, "met"),
        ("max < 200ms", 0.200, "missed"),
        ("errors < 1%", 0.0, "met"),
        ("queries <= 3", 3.0, "met"),
        ("queries < 3", 3.0, "missed"),
        ("rate >= 40/s", 40.0, "met"),
        ("rate > 40/s", 40.0, "missed"),
    ],
)
def test_the_point_estimate_decides(sentence: str, measured: float, state: str) -> None:
    outcome = the_outcome(sentence)

    assert outcome.measured == pytest.approx(measured)
    assert outcome.state == state


def test_the_interval_is_two_observed_values_around_the_percentile() -> None:
    outcome = the_outcome("p95 < 250ms")

    assert outcome.interval is not None
    assert outcome.interval[0] < 0.190 < outcome.interval[1]
    assert outcome.why == ""


def test_a_percentile_of_too_few_requests_for_an_interval_says_so() -> None:
    outcome = the_outcome("p99 < 1s")

    assert outcome.state == "met"
    assert outcome.interval is None
    assert outcome.why == "an interval for it takes 368 requests"


def test_too_few_requests_are_inconclusive_and_never_met() -> None:
    few = a_seen(response_times=np.full(99, 0.001), requests=99)

    verdict = the_verdict("p95 < 1s", seen=few)

    assert verdict.state == "inconclusive"
    assert verdict.objectives[0].state == "inconclusive"
    assert verdict.objectives[0].measured == 0.001
    assert verdict.objectives[0].why == "99 requests are fewer than min_samples (100)"


def test_percentiles_count_successful_requests_only() -> None:
    mostly_failed = a_seen(response_times=np.full(20, 0.001), requests=200, errors=180)

    assert the_outcome("p95 < 1s", seen=mostly_failed).state == "inconclusive"
    assert the_outcome("errors < 1%", seen=mostly_failed).state == "missed"
    assert the_outcome("errors < 1%", seen=mostly_failed).measured == 0.9


def test_nothing_that_succeeded_is_not_measured() -> None:
    outcome = the_outcome("p95 < 1s", seen=a_seen(response_times=np.zeros(0), errors=200))

    assert (outcome.state, outcome.why) == ("not measured", "no request to measure it on")


def test_queries_without_traces_are_not_measured_and_the_verdict_is_inconclusive() -> None:
    verdict = the_verdict("queries <= 3", "p95 < 1s", seen=a_seen(statements=Missing("the target was not launched by perfkit")))

    assert verdict.state == "inconclusive"
    assert verdict.objectives[0] == Outcome(
        "GET /orders", "queries <= 3", "not measured", None, None, "the target was not launched by perfkit"
    )


@pytest.mark.parametrize("key", ["GET /orders", "list orders", "GET /orders?page={n}", "GET /orders?page=${n}"])
def test_an_endpoint_may_be_named_in_any_of_its_ways(key: str) -> None:
    outcome = the_outcome("p95 < 1s", key=key)

    assert (outcome.endpoint, outcome.state) == ("GET /orders", "met")


def test_a_key_that_names_nothing_is_not_measured() -> None:
    verdict = the_verdict("p95 < 1s", key="GET /ordres")

    assert verdict.state == "inconclusive"
    assert verdict.objectives[0].why == "no endpoint is called 'GET /ordres' (there are: GET /orders)"


def test_a_known_endpoint_without_a_request_is_not_measured() -> None:
    assert the_outcome("p95 < 1s", key="GET /old").why == "GET /old had no request in the measure phase"


def test_one_miss_decides_the_verdict() -> None:
    assert the_verdict("p95 < 1s", "p50 < 1ms").state == "missed"
    assert the_verdict("p95 < 1s", "p50 < 1s").state == "met"


def test_dropped_arrivals_are_counted_for_all() -> None:
    assert the_outcome("dropped == 0", key="all").state == "met"
    assert the_outcome("dropped == 0", key="all", seen=a_seen(dropped=2)).state == "missed"


def test_a_slo_without_objectives_has_no_verdict() -> None:
    assert judge(Slo.model_construct(objectives={}, min_samples=100), Observed(a_seen(), {}, {})) == Verdict("none", ())
