"""The parts of the server time add up, and nothing counts twice."""

from typing import Any

import polars as pl
import pytest

from perfkit.measures import breakdown
from tests.builders import Request, a_request, a_statement, a_wait, many, measures, profiled


def the_parts(*requests: Request, more: list[Request] | None = None) -> dict[str, Any]:
    return measures([*requests, *(more or [])]).breakdown.row(0, named=True)


def test_the_parts_sum_up_to_the_server_time() -> None:
    row = the_parts(
        a_request(
            wall_time=0.1,
            cpu_time=0.03,
            statements=[a_statement(wall_time=0.01, at=0.01)],
            waits=[
                a_wait("connect", wall_time=0.002, at=0.03),
                a_wait("pool_wait", wall_time=0.003, at=0.04),
                a_wait("outbound", wall_time=0.02, at=0.05),
                a_wait("lock", wall_time=0.001, at=0.08),
            ],
        )
    )

    assert row["server_time"] == pytest.approx(0.1)
    assert (row["database"], row["connect"], row["pool_wait"], row["outbound"], row["lock"]) == pytest.approx(
        (0.01, 0.002, 0.003, 0.02, 0.001)
    )
    assert row["cpu"] == pytest.approx(0.03)
    assert row["other"] == pytest.approx(0.1 - 0.066)
    assert row["residual"] == pytest.approx(0.0, abs=1e-12)


def test_cpu_inside_statements_is_the_database_s_not_the_application_s() -> None:
    requests = many(4, wall_time=0.1, cpu_time=0.06, statements=[a_statement(wall_time=0.05)])
    seen_working = many(4, phase="profile", statements=[a_statement(wall_time=0.05, cpu_time=0.04)])

    row = the_parts(*requests, more=seen_working)

    assert row["database"] == pytest.approx(0.05)
    assert row["cpu"] == pytest.approx(0.02)
    assert row["other"] == pytest.approx(0.03)


def test_cpu_never_exceeds_what_the_calls_leave() -> None:
    row = the_parts(a_request(wall_time=0.02, cpu_time=0.019, statements=[a_statement(wall_time=0.015)]))

    assert row["cpu"] == pytest.approx(0.005)
    assert row["other"] == pytest.approx(0.0, abs=1e-12)


def test_cpu_that_could_not_be_known_is_other() -> None:
    row = the_parts(a_request(wall_time=0.02, cpu_time=float("nan"), loop_time=float("nan")))

    assert (row["cpu"], row["other"]) == pytest.approx((0.0, 0.02))


def test_calls_that_run_at_once_are_counted_once_for_the_one_that_came_first() -> None:
    both = a_request(
        wall_time=0.1,
        asynchronous=True,
        loop_time=0.01,
        statements=[a_statement(at=0.03, wall_time=0.05)],
        waits=[a_wait("outbound", at=0.01, wall_time=0.04), a_wait("outbound", at=0.02, wall_time=0.04)],
    )

    row = the_parts(both)

    assert row["outbound"] == pytest.approx(0.05)
    assert row["database"] == pytest.approx(0.02)
    assert row["cpu"] == pytest.approx(0.01)
    assert row["other"] == pytest.approx(0.02)


def test_a_connect_inside_an_outbound_call_is_a_connect() -> None:
    row = the_parts(
        a_request(
            wall_time=0.05,
            waits=[a_wait("outbound", at=0.01, wall_time=0.03), a_wait("connect", at=0.012, wall_time=0.01)],
        )
    )

    assert (row["connect"], row["outbound"]) == pytest.approx((0.01, 0.02))


def test_overlaps_of_one_request_do_not_leak_into_the_next() -> None:
    overlapping = a_request(waits=[a_wait(at=0.001, wall_time=0.01), a_wait(at=0.002, wall_time=0.01)])
    plain = a_request(statements=[a_statement(wall_time=0.004)])

    row = the_parts(overlapping, plain, overlapping, plain)

    assert row["outbound"] == pytest.approx(0.011 / 2)
    assert row["database"] == pytest.approx(0.004 / 2)


def test_the_loop_time_of_an_asynchronous_request_is_its_cpu() -> None:
    row = the_parts(a_request(wall_time=0.1, asynchronous=True, cpu_time=float("nan"), loop_time=0.04))

    assert (row["cpu"], row["other"]) == pytest.approx((0.04, 0.06))


def test_the_queue_stands_beside_the_server_time() -> None:
    row = the_parts(a_request())

    assert row["queue"] == pytest.approx(0.001)
    assert row["server_time"] == pytest.approx(0.02)


def test_waiting_for_a_thread_is_waiting_for_a_pool() -> None:
    row = the_parts(a_request(waits=[a_wait("thread_pool", wall_time=0.002)]))

    assert row["pool_wait"] == pytest.approx(0.002)


def test_calls_longer_than_their_request_are_told_as_residual() -> None:
    row = the_parts(a_request(wall_time=0.01, statements=[a_statement(wall_time=0.03)]))

    assert row["residual"] == pytest.approx(0.02)
    assert row["other"] == 0.0


def test_only_the_measure_phase_counts() -> None:
    slow = profiled(many(5, wall_time=5.0))

    assert the_parts(a_request(), more=slow)["server_time"] == pytest.approx(0.02)


def test_the_parts_of_each_request_have_the_breakdown_as_their_means() -> None:
    requests = many(4, wall_time=lambda i: 0.02 + i / 1000, statements=lambda i: [a_statement(wall_time=0.002 * (i + 1))])

    found = measures(requests)

    means = found.request_parts.select(breakdown.PARTS).mean().row(0, named=True)
    assert found.request_parts.height == 4
    assert means == pytest.approx({part: found.breakdown[part][0] for part in breakdown.PARTS})
    summed = found.request_parts.select(pl.sum_horizontal(breakdown.PARTS) - pl.col("server_time")).to_series().abs().max()
    assert summed == pytest.approx(0.0, abs=1e-12)
