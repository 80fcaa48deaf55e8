"""Calls that wait for each other without need, as far as can be seen."""

import pytest

from perfkit.detectors.sequential_awaits import detect
from perfkit.finding import Level
from tests.builders import Row, a_request, a_statement, a_wait, many, measures

PRICE = a_wait(name="pricing:8080", call_site="shop/offer.py:10 in offer", wall_time=0.02)
STOCK = a_wait(name="stock:8080", call_site="shop/offer.py:11 in offer", wall_time=0.03)


def found(*waits: Row, statements: list[Row] | None = None, asynchronous: bool = True) -> list[tuple[Level, float | None, str]]:
    requests = many(30, wall_time=0.06, waits=list(waits), statements=statements or [], asynchronous=asynchronous)
    return [(finding.level, finding.saving, finding.message) for finding in detect(measures(requests))]


def test_two_hosts_one_after_the_other_are_a_prediction() -> None:
    ((level, saving, message),) = found(PRICE, STOCK)

    assert level == Level.PREDICTED
    assert saving == pytest.approx(0.02)
    assert message == (
        "GET /orders: 2 calls that never overlap take 50 ms, the longest 30 ms; "
        "run together they save up to 20 ms of 60 ms per request"
    )


def test_calls_that_overlap_run_together_already() -> None:
    assert found(dict(PRICE, at=0.001), dict(STOCK, at=0.002)) == []


def test_synchronous_code_is_not_judged() -> None:
    assert found(PRICE, STOCK, asynchronous=False) == []


def test_calls_from_one_line_are_a_loop_of_unknown_dependence() -> None:
    assert found(PRICE, PRICE, PRICE) == []


def test_a_few_milliseconds_are_not_worth_it() -> None:
    assert found(dict(PRICE, wall_time=0.003), STOCK) == []


def test_an_order_that_changes_is_not_the_codes() -> None:
    requests = [
        a_request(wall_time=0.06, asynchronous=True, waits=[PRICE, STOCK] if i % 2 else [STOCK, PRICE]) for i in range(30)
    ]

    assert list(detect(measures(requests))) == []


def test_a_read_beside_a_call_is_only_a_hint() -> None:
    statement = a_statement(wall_time=0.02, at=0.03)

    ((level, _, _),) = found(dict(PRICE, at=0.001), statements=[statement])

    assert level == Level.HINT


def test_a_write_beside_a_call_may_have_to_wait_for_it() -> None:
    statement = a_statement("INSERT INTO offers (id) VALUES (?)", wall_time=0.02, at=0.03)

    assert found(dict(PRICE, at=0.001), statements=[statement]) == []


def test_lines_that_were_not_walked_do_not_make_one_host_two_calls() -> None:
    unwalked = dict(PRICE, call_site="")
    other_line = dict(PRICE, call_site="shop/offer.py:30 in other")
    requests = [
        a_request(wall_time=0.06, asynchronous=True, waits=[PRICE, other_line] if i == 0 else [unwalked, PRICE])
        for i in range(30)
    ]

    assert list(detect(measures(requests[1:]))) == []
    assert [finding.where for finding in detect(measures(requests))] == ["GET /orders"]
