"""Slow statements that no index cures."""

from perfkit.detectors.slow_statement import detect
from tests.builders import a_plan, a_request, a_statement, many, measures

TEXT = "SELECT id FROM orders WHERE note LIKE ?"


def test_a_slow_statement_is_shown_without_a_saving() -> None:
    slow = a_statement("SELECT heavy(?)", wall_time=0.15)

    (finding,) = detect(measures(many(30, wall_time=0.2, statements=[slow])))

    assert finding.message == (
        "GET /orders: a SELECT takes 150 ms (p50), 75 % of the server time, from shop/orders.py:41 in order_lines"
    )
    assert finding.saving is None


def test_a_statement_below_a_tenth_of_a_second_is_not_slow() -> None:
    assert list(detect(measures(many(30, wall_time=0.2, statements=[a_statement(wall_time=0.09)])))) == []


def test_twice_is_not_often_enough() -> None:
    requests = [a_request(wall_time=0.2, statements=[a_statement(wall_time=0.15)] if i < 2 else []) for i in range(30)]

    assert list(detect(measures(requests))) == []


def test_what_an_index_cures_is_left_to_the_other_rule() -> None:
    text = "SELECT id FROM orders WHERE customer_id = ?"
    requests = many(30, wall_time=0.2, statements=[a_statement(text, rows=5, wall_time=0.15)])

    assert list(detect(measures(requests, plans=[a_plan(text)]))) == []


def test_a_scan_that_no_index_cures_says_why() -> None:
    requests = many(30, wall_time=0.08, statements=[a_statement(TEXT, rows=5, wall_time=0.04)])

    (finding,) = detect(measures(requests, plans=[a_plan(TEXT)]))

    assert finding.message == (
        "GET /orders: a SELECT takes 40 ms (p50), 50 % of the server time, from shop/orders.py:41 in order_lines; it reads all "
        "20,000 rows of orders, and an index does not help: the pattern may begin with a wildcard: note LIKE ?"
    )


def test_such_a_scan_that_hardly_weighs_is_left_alone() -> None:
    requests = many(30, wall_time=0.5, statements=[a_statement(TEXT, rows=5, wall_time=0.04)])

    assert list(detect(measures(requests, plans=[a_plan(TEXT)]))) == []
