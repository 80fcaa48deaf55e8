"""How long requests stay in the function that a call site names."""

import pytest

from perfkit.evidence import Missing
from perfkit.measures.functions import FunctionTime
from tests.builders import a_stack, a_statement, many, measures

SITE = "shop/orders.py:41 in order_lines"
INSIDE = ("view (/srv/app/shop/orders.py:12)", "order_lines (/srv/app/shop/orders.py:44)", "all (/x/site-packages/orm.py:1)")
OUTSIDE = ("view (/srv/app/shop/orders.py:12)", "dumps (/usr/lib/python3.11/json/__init__.py:231)")


def known(found: FunctionTime | Missing) -> FunctionTime:
    assert isinstance(found, FunctionTime)
    return found


def test_the_share_of_the_call_trees_times_the_server_time() -> None:
    trees = [a_stack(*INSIDE, samples=60, time=0.06), a_stack(*OUTSIDE, samples=40, time=0.04)]

    found = known(measures(many(10, wall_time=0.02), call_trees=trees).function_time("GET /orders", SITE))

    assert found.time == pytest.approx(0.012)
    assert found.low < 0.012 < found.high
    assert found.source == "call tree"


def test_too_few_samples_fall_through_to_the_window_of_the_statements() -> None:
    trees = [a_stack(*INSIDE, samples=19)]
    loop = [a_statement(at=0.002, wall_time=0.001), a_statement(at=0.010, wall_time=0.002)]

    found = known(measures(many(10, statements=loop), call_trees=trees).function_time("GET /orders", SITE))

    assert found.source == "statements"
    assert found.time == pytest.approx(0.010)


def test_requests_that_never_came_there_count_as_zero() -> None:
    loop = [a_statement(at=0.002, wall_time=0.008)]

    found = known(measures(many(5, statements=loop) + many(5)).function_time("GET /orders", SITE))

    assert found.time == pytest.approx(0.004)
    assert 0 < found.low < 0.004 < found.high


def test_statements_that_were_not_walked_belong_to_the_function_that_alone_issues_their_shape() -> None:
    silent = many(9, statements=[a_statement(at=0.002, wall_time=0.008, call_site="")])
    walked = many(1, statements=[a_statement(at=0.002, wall_time=0.008, call_site="shop/orders.py:43 in order_lines")])

    found = known(measures(silent + walked).function_time("GET /orders", SITE))

    assert found.time == pytest.approx(0.008)


def test_a_shape_from_two_functions_belongs_to_neither_where_it_was_not_walked() -> None:
    silent = many(8, statements=[a_statement(at=0.002, wall_time=0.008, call_site="")])
    here = many(1, statements=[a_statement(at=0.002, wall_time=0.008)])
    there = many(1, statements=[a_statement(call_site="shop/users.py:1 in user")])

    found = known(measures(silent + here + there).function_time("GET /orders", SITE))

    assert found.time == pytest.approx(0.0008)


def test_of_asynchronous_requests_no_window_is_taken() -> None:
    requests = many(10, asynchronous=True, statements=[a_statement()])

    assert isinstance(measures(requests).function_time("GET /orders", SITE), Missing)


def test_the_processor_s_stacks_are_the_last_resort() -> None:
    requests = many(10, asynchronous=True, loop_time=0.01)
    stacks = [a_stack(*INSIDE, samples=50), a_stack(*OUTSIDE, samples=50)]

    found = known(measures(requests, stacks=stacks).function_time("GET /orders", SITE))

    assert found.source == "stacks"
    assert found.time == pytest.approx(0.005)


def test_a_function_of_the_same_name_in_another_file_is_another() -> None:
    trees = [a_stack("order_lines (/srv/app/shop/report.py:44)", samples=100)]

    assert isinstance(measures(many(2), call_trees=trees).function_time("GET /orders", SITE), Missing)


def test_an_endpoint_that_nobody_traced_says_so() -> None:
    found = measures(many(2)).function_time("GET /nowhere", SITE)

    assert found == Missing("no request of this endpoint was traced")
