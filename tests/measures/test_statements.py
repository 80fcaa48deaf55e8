"""The table of statements: per endpoint and shape, what it costs."""

import pytest

from tests.builders import a_request, a_statement, many, measures


def test_one_row_per_endpoint_and_shape_with_its_cost() -> None:
    looped = [a_statement(parameters=i, rows=2, wall_time=0.001) for i in range(4)]
    requests = [*many(3, wall_time=0.02, statements=looped), a_request(wall_time=0.02)]

    row = measures(requests).statement_table.row(0, named=True)

    assert (row["endpoint"], row["verb"]) == ("GET /orders", "SELECT")
    assert (row["per_request"], row["requests_share"], row["rows"]) == (3.0, 0.75, 2.0)
    assert row["mean_time"] == pytest.approx(0.001)
    assert row["total_time"] == pytest.approx(0.012)
    assert row["share"] == pytest.approx(0.012 / 0.08)


def test_the_most_frequent_call_site_that_was_walked_counts_also_from_the_profile_phase() -> None:
    measured = many(5, statements=[a_statement(call_site="")])
    seen = many(2, phase="profile", statements=[a_statement(call_site="shop/orders.py:41 in order_lines")])
    once = many(1, phase="profile", statements=[a_statement(call_site="shop/users.py:1 in user")])

    table = measures(measured + seen + once).statement_table

    assert table["call_site"].to_list() == ["shop/orders.py:41 in order_lines"]


def test_a_call_site_that_was_never_walked_is_empty() -> None:
    assert measures(many(2, statements=[a_statement(call_site="")])).statement_table["call_site"].to_list() == [""]


def test_rows_that_were_never_known_are_null() -> None:
    assert measures(many(2, statements=[a_statement(rows=-1)])).statement_table["rows"].to_list() == [None]


def test_the_costliest_shape_stands_first() -> None:
    both = [a_statement("SELECT 1", wall_time=0.001), a_statement("SELECT 2", wall_time=0.005)]

    assert measures(many(2, statements=both)).statement_table["text"].to_list() == ["SELECT 2", "SELECT 1"]


def test_the_request_with_most_executions_is_known() -> None:
    requests = [a_request(statements=[a_statement()] * count) for count in (1, 4, 2)]

    found = measures(requests)

    assert found.statement_table["most_per_request"].to_list() == [4]
    assert [endpoint for endpoint, _ in found.repeating(4)] == ["GET /orders"]
    assert list(found.repeating(5)) == []
