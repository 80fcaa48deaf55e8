"""Waiting for a pooled connection."""

import pytest

from perfkit.detectors.pool_wait import detect
from tests.builders import Row, a_request, a_wait, many, measures


def waiting(wall_time: float) -> list[Row]:
    return [a_wait("pool_wait", "QueuePool", wall_time=wall_time)]


def test_a_queue_for_connections_is_found_with_its_wait() -> None:
    (finding,) = detect(measures(many(40, wall_time=0.1, waits=waiting(0.04))))

    assert finding.message == (
        "GET /orders: 100 % of the requests wait for a pooled connection; p95 of the wait is 40 ms, p95 of the request 100 ms"
    )
    assert finding.saving == pytest.approx(0.04)


def test_fifty_milliseconds_count_in_a_slow_endpoint_too() -> None:
    assert len(list(detect(measures(many(40, wall_time=2.0, waits=waiting(0.06)))))) == 1


def test_a_short_wait_of_a_few_requests_is_not_a_queue() -> None:
    requests = [a_request(wall_time=0.1, waits=waiting(0.04) if i == 0 else []) for i in range(40)]

    assert list(detect(measures(requests))) == []


def test_a_wait_below_a_tenth_of_the_request_is_left_alone() -> None:
    assert list(detect(measures(many(40, wall_time=0.1, waits=waiting(0.008))))) == []
