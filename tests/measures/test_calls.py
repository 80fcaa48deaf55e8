"""Statements and waits find their request; sums stand beside each trace."""

import pytest

from perfkit.evidence import Missing
from tests.builders import a_request, a_statement, a_wait, many, measures


def test_each_trace_carries_the_sums_of_what_it_called() -> None:
    request = a_request(
        statements=[a_statement(wall_time=0.001), a_statement(wall_time=0.002)],
        waits=[
            a_wait("connect", wall_time=0.003),
            a_wait("pool_wait", wall_time=0.004),
            a_wait("outbound", wall_time=0.005),
            a_wait("outbound", wall_time=0.001),
            a_wait("lock", wall_time=0.0005),
            a_wait("thread_pool", wall_time=0.0006),
        ],
    )

    row = measures([a_request(), request]).traces.row(1, named=True)

    assert row["database_time"] == pytest.approx(0.003)
    assert (row["statement_count"], row["connections_opened"], row["pool_waits"], row["outbound_calls"]) == (2, 1, 1, 2)
    assert row["connect_time"] == pytest.approx(0.003)
    assert row["pool_wait_time"] == pytest.approx(0.004)
    assert row["outbound_time"] == pytest.approx(0.006)
    assert row["lock_time"] == pytest.approx(0.0005)
    assert row["thread_pool_time"] == pytest.approx(0.0006)


def test_a_request_that_called_nothing_has_zeros() -> None:
    row = measures([a_request()]).traces.row(0, named=True)

    assert (row["database_time"], row["statement_count"], row["connections_opened"], row["outbound_time"]) == (0.0, 0, 0, 0.0)


def test_statements_know_their_endpoint_text_verb_and_tables() -> None:
    orders = many(2, statements=[a_statement("SELECT * FROM orders WHERE id = ?")])
    users = many(1, endpoint="GET /users", statements=[a_statement("UPDATE users SET seen = ? WHERE id = ?")])

    found = measures(users + orders).statements_by_endpoint

    assert list(found) == ["GET /orders", "GET /users"]
    assert found["GET /orders"]["verb"].to_list() == ["SELECT", "SELECT"]
    assert found["GET /users"].select("text", "verb", "tables").row(0) == (
        "UPDATE users SET seen = ? WHERE id = ?",
        "UPDATE",
        ["users"],
    )


def test_without_statements_the_probe_s_own_count_stands() -> None:
    found = measures(many(2, statements=[a_statement()]), statements=Missing("no hook for this driver"))

    assert found.traces["statement_count"].to_list() == [1, 1]
    assert found.statements.is_empty()


def test_statements_of_no_request_belong_to_no_endpoint() -> None:
    found = measures([a_request(statements=[a_statement(trace=0), a_statement()])])

    assert found.statements.height == 1


def test_waits_go_by_endpoint() -> None:
    found = measures([*many(2, waits=[a_wait()]), a_request("GET /users")])

    assert {name: rows.height for name, rows in found.waits_by_endpoint.items()} == {"GET /orders": 2}


def test_statements_stay_in_the_order_of_their_request() -> None:
    found = measures(many(3, statements=[a_statement("SELECT 1"), a_statement("SELECT 2"), a_statement("SELECT 3")]))

    assert found.statements["text"].to_list() == ["SELECT 1", "SELECT 2", "SELECT 3"] * 3
