"""Connections per request."""

import pytest

from perfkit.detectors.connection_churn import detect
from tests.builders import a_wait, many, measures

CONNECT = a_wait("connect", "db:5432", wall_time=0.012)


def test_a_connection_per_request_is_found_with_its_cost() -> None:
    (finding,) = detect(measures(many(30, wall_time=0.04, waits=[CONNECT])))

    assert finding.message == "GET /orders: connections opened per request: 1, costing 12 ms (30 % of its server time)"
    assert finding.saving == 0.012
    assert finding.saving_interval == pytest.approx((0.012, 0.036))


def test_a_pool_that_fills_up_is_not_churn() -> None:
    filling = many(4, waits=[CONNECT])
    warm = many(16)

    assert list(detect(measures(filling + warm))) == []


def test_opening_a_file_in_microseconds_is_not_worth_a_pool() -> None:
    assert list(detect(measures(many(30, waits=[a_wait("connect", "shop.db", wall_time=0.0001)])))) == []
