"""One query per row: what is one, what is not, and what it says."""

from typing import Any

import pytest

from perfkit.detectors.n_plus_one_queries import RULE, detect
from perfkit.finding import Finding, Level
from tests.builders import Row, a_request, a_run, a_stack, a_statement, many, measures, profiled

LIST = "SELECT id, customer_id FROM orders LIMIT ?"
ONE = "SELECT id, sku FROM lines WHERE order_id = ?"
SITE = "shop/orders.py:41 in order_lines"


def the_list(rows: int = 20) -> Row:
    return a_statement(LIST, call_site="shop/orders.py:30 in list_orders", parameters=7, rows=rows, wall_time=0.002)


def looped(count: int = 20, rows: int | None = None, **fields: Any) -> list[Row]:
    repeats = [a_statement(ONE, call_site=SITE, parameters=100 + i, rows=3, wall_time=0.0005) | fields for i in range(count)]
    return [the_list(count if rows is None else rows), *repeats]


def the_finding(*requests: Any, **tables: Any) -> Finding:
    (finding,) = detect(measures(*requests, **tables))
    return finding


def test_a_query_per_row_of_a_list_is_found_with_its_place_and_numbers() -> None:
    finding = the_finding(many(30, wall_time=0.03, statements=looped()))

    assert finding.message == (
        "GET /orders: 21 statements per request, 20 of them the same SELECT with different parameters, "
        "from shop/orders.py:41 in order_lines; up to 10 ms of 30 ms per request"
    )
    assert (finding.where, finding.level, finding.call_site, finding.statement) == ("GET /orders", Level.MEASURED, SITE, ONE)


def test_the_saving_is_the_time_of_the_function_and_its_low_end_what_the_worst_of_real_fixes_won() -> None:
    tree = [
        a_stack("list_orders (shop/orders.py:30)", "order_lines (shop/orders.py:41)", samples=80),
        a_stack("list_orders (shop/orders.py:30)", samples=20),
    ]

    finding = the_finding(many(30, wall_time=0.03, statements=looped()), call_trees=tree)

    assert finding.saving == pytest.approx(0.024)
    assert finding.saving_interval is not None
    lowest_share_of_samples = 0.711  # Wilson, 80 of 100
    assert finding.saving_interval[0] == pytest.approx(0.64 * lowest_share_of_samples * 0.03, rel=0.01)
    assert finding.saving_interval[1] > 0.024


def test_what_else_the_function_runs_is_no_part_of_the_saving() -> None:
    tree = [a_stack("order_lines (shop/orders.py:41)", samples=100)]
    inline = [dict(row, call_site="shop/orders.py:40 in order_lines") if row["text"] == LIST else row for row in looped()]

    finding = the_finding(many(30, wall_time=0.03, statements=inline), call_trees=tree)

    assert finding.saving == pytest.approx(0.03 - 0.002)


def test_four_repeats_are_not_a_loop() -> None:
    assert list(detect(measures(many(30, statements=looped(4, rows=20))))) == []


def test_the_same_parameters_again_are_a_duplicate_not_a_loop() -> None:
    assert list(detect(measures(many(30, statements=looped(parameters=1))))) == []


def test_repeats_that_follow_no_list_are_separate_questions() -> None:
    assert list(detect(measures(many(30, statements=looped(rows=1))))) == []


def test_a_loop_that_costs_little_of_its_request_is_left_alone() -> None:
    cheap = looped(wall_time=0.00005)

    assert list(detect(measures(many(30, wall_time=0.1, statements=cheap)))) == []


def test_inserts_in_a_loop_are_not_this_rule() -> None:
    rows = [the_list(), *(a_statement("INSERT INTO lines (id) VALUES (?)", parameters=i) for i in range(20))]

    assert list(detect(measures(many(30, statements=rows)))) == []


def test_repeats_that_grow_with_the_list_say_so() -> None:
    requests = [a_request(wall_time=0.03, statements=looped(10 + i % 20)) for i in range(40)]

    finding = the_finding(requests)

    assert ", 1.00 per row of the list, from" in finding.message
    assert finding.level == Level.MEASURED


def test_repeats_that_ignore_the_length_of_the_list_are_a_hint() -> None:
    requests = [a_request(wall_time=0.03, statements=looped(12, rows=5 + 3 * (i % 20))) for i in range(40)]

    finding = the_finding(requests)

    assert finding.level == Level.HINT
    assert "they may be separate questions" in " ".join(caveat.text for caveat in finding.caveats)


def test_repeats_whose_stack_was_not_walked_belong_to_the_known_call_site() -> None:
    blind = many(30, wall_time=0.03, statements=looped(call_site=""))

    finding = the_finding([*blind, *profiled(many(5, statements=looped()))])

    assert finding.call_site == SITE


def test_a_shape_of_two_call_sites_is_judged_by_the_requests_that_were_walked() -> None:
    once = a_statement(ONE, call_site="shop/audit.py:5 in last", parameters=1, wall_time=0.0005)
    walked, unwalked = [*looped(), once], [*looped(call_site=""), dict(once, call_site="")]

    finding = the_finding([a_request(wall_time=0.03, statements=unwalked if i % 16 else walked) for i in range(64)])

    assert "20 of them the same SELECT" in finding.message
    assert finding.call_site == SITE
    assert finding.saving_interval is not None
    assert finding.saving_interval[0] == pytest.approx(0.0005 * 19)


def test_two_shapes_of_one_function_are_one_finding() -> None:
    products = [
        a_statement("SELECT name FROM products WHERE id = ?", call_site="shop/orders.py:43 in order_lines", parameters=i)
        for i in range(9)
    ]

    finding = the_finding(many(30, wall_time=0.03, statements=[*looped(), *products]))

    assert "29 of them 2 SELECTs that repeat with different parameters" in finding.message


def test_each_endpoint_has_its_own_finding() -> None:
    requests = [*many(30, statements=looped()), *(a_request("GET /invoices", statements=looped()) for _ in range(30))]

    assert {finding.where for finding in detect(measures(requests))} == {"GET /orders", "GET /invoices"}


def test_the_fix_speaks_of_the_orm_that_is_used() -> None:
    run = a_run(hooks=({"pid": 100, "name": "sqlalchemy", "state": "installed", "version": "2.0", "why": ""},))

    assert the_finding(many(30, statements=looped()), run=run).fix == RULE.fixes["sqlalchemy"]
