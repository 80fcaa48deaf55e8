"""Figures per endpoint: percentiles of what succeeded, rates of the measure phase."""

import dataclasses

import pytest

from perfkit.evidence import Interval
from tests.builders import a_generator, a_request, a_run, a_statement, many, measures


def test_percentiles_are_observed_response_times_of_successful_requests() -> None:
    requests = many(20, sample=lambda i: {"response_time": (i + 1) / 1000, "service_time": (i + 1) / 2000})
    requests += [a_request(status=500, sample={"response_time": 30.0})]

    row = measures(requests).endpoints.row(0, named=True)

    assert (row["requests"], row["errors"]) == (21, 1)
    assert (row["p50"], row["p90"], row["p95"], row["p99"], row["max"]) == pytest.approx((0.010, 0.018, 0.019, 0.020, 0.020))
    assert row["service_p50"] == pytest.approx(0.005)


def test_server_figures_are_of_the_traces() -> None:
    requests = many(10, wall_time=lambda i: (i + 1) / 100, statements=[a_statement(), a_statement()])

    row = measures([*requests, a_request(traced=False)]).endpoints.row(0, named=True)

    assert row["server_p50"] == pytest.approx(0.05)
    assert row["server_time"] == pytest.approx(0.055)
    assert row["server_total"] == pytest.approx(0.55)
    assert row["statements"] == 2.0
    assert (row["traced"], row["coverage"]) == (10, pytest.approx(10 / 11))


def test_offered_counts_what_was_due_and_achieved_what_was_answered_in_the_interval() -> None:
    due_but_late = a_request(at=109.0, sample={"response_time": 5.0})
    sent_before = a_request(at=9.0, phase="warm-up", sample={"response_time": 2.0})
    refused = a_request(at=50.0, traced=False, sample={"status": 0, "error": "connect"})

    row = measures([due_but_late, sent_before, refused, a_request(at=20.0)]).endpoints.row(0, named=True)

    assert row["offered_rate"] == pytest.approx(3 / 100)
    assert row["achieved_rate"] == pytest.approx(2 / 100)


def test_a_run_that_was_killed_has_rates_over_what_it_recorded() -> None:
    run = a_run(intervals=(Interval("warm-up", 0.0, 10.0),), state="running")
    requests = [a_request(at=20.0 + i, sample={"response_time": 1.0}) for i in range(10)]

    row = measures(requests, run=run).endpoints.row(0, named=True)

    assert row["offered_rate"] == pytest.approx(1.0)


def test_the_total_is_over_all_endpoints_and_tells_what_was_dropped() -> None:
    requests = many(10, sample={"response_time": 0.1}) + many(30, endpoint="GET /users", sample={"response_time": 0.2})

    total = measures(requests, run=a_run(generator=a_generator(dropped=4))).total

    assert (total["requests"], total["dropped"]) == (40, 4)
    assert (total["p50"], total["max"]) == pytest.approx((0.2, 0.2))
    assert total["offered_rate"] == pytest.approx(0.4)


def test_endpoints_stand_in_order_of_the_server_time_they_take() -> None:
    requests = many(50, wall_time=0.001) + many(2, endpoint="GET /report", wall_time=1.0)

    assert measures(requests).endpoints["endpoint"].to_list() == ["GET /report", "GET /orders"]


def test_what_objectives_see_is_what_the_endpoints_show() -> None:
    found = measures(many(20, statements=[a_statement()]))

    seen = found.observed.endpoints["GET /orders"]

    assert (seen.requests, seen.errors, len(seen.response_times)) == (20, 0, 20)
    assert not isinstance(seen.statements, type(found.growth))
    assert dataclasses.asdict(found.observed)["all"]["requests"] == 20
