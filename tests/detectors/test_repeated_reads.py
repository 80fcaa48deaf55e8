"""Reads that a cache would answer, and those it would not."""

from typing import Any

import pytest

from perfkit.detectors.repeated_reads import detect
from perfkit.finding import Finding, Level
from tests.builders import Request, Row, a_request, a_stack, a_statement, many, measures, profiled

TEXT = "SELECT category, sum(total) FROM orders GROUP BY category HAVING category <> ?"
SITE = "shop/stats.py:12 in totals"


def read(parameters: int = 1, **fields: Any) -> Row:
    return a_statement(TEXT, call_site=SITE, parameters=parameters, rows=8, wall_time=0.01) | fields


def written(at: float) -> Request:
    return a_request(
        "POST /orders", at=at, statements=[a_statement("INSERT INTO orders (total) VALUES (?)", parameters=int(at * 100))]
    )


def the_finding(requests: list[Request], **tables: Any) -> Finding:
    (finding,) = detect(measures(requests, **tables))
    return finding


def test_a_read_that_comes_back_unchanged_is_found_with_its_hit_rate() -> None:
    finding = the_finding([a_request(statements=[read(i % 4 + 1)]) for i in range(200)])

    assert finding.message == (
        "GET /orders: what totals (shop/stats.py:12) reads comes back unchanged: 200 reads asked 4 different questions; "
        "kept for 60 s it would be a hit in 96 %, saving up to 9.6 ms of 20 ms per request"
    )
    assert finding.level == Level.PREDICTED
    assert finding.saving == pytest.approx(0.0096)


def test_the_exhibit_shows_what_each_lifetime_would_hit() -> None:
    finding = the_finding(many(200, statements=[read()]))

    rows = finding.exhibits[0].rows

    assert rows["lifetime_time"].to_list() == [1.0, 10.0, 60.0]
    assert rows["hit_share"].to_list() == pytest.approx([0.5, 0.95, 0.99])


def test_different_questions_cannot_be_answered_from_a_cache() -> None:
    assert list(detect(measures([a_request(statements=[read(i + 1)]) for i in range(200)]))) == []


def test_writes_in_between_leave_nothing_to_keep() -> None:
    reading = [a_request(at=10 + 0.5 * i, statements=[read()]) for i in range(200)]
    writing = [written(10.25 + 0.5 * i) for i in range(200)]

    assert list(detect(measures([*reading, *writing]))) == []


def test_writes_to_other_tables_do_not_matter() -> None:
    reading = [a_request(at=10 + 0.5 * i, statements=[read()]) for i in range(200)]
    logging = [
        a_request("POST /log", at=10.25 + 0.5 * i, statements=[a_statement("INSERT INTO log (a) VALUES (?)")]) for i in range(200)
    ]

    assert [finding.where for finding in detect(measures([*reading, *logging]))] == ["GET /orders"]


def test_processes_do_not_share_what_they_keep() -> None:
    requests = [a_request(pid=100 + i % 150, statements=[read()]) for i in range(200)]

    assert list(detect(measures(requests))) == []


def test_a_cheap_read_never_fires() -> None:
    assert list(detect(measures(many(200, wall_time=0.002, statements=[read(wall_time=0.0009)])))) == []


def test_a_read_that_hardly_weighs_is_left_alone() -> None:
    assert list(detect(measures(many(200, wall_time=0.5, statements=[read()])))) == []


def test_answers_that_change_by_themselves_are_not_kept() -> None:
    changing = profiled([a_request(statements=[read(result=i + 1)]) for i in range(40)])

    assert list(detect(measures([*many(200, statements=[read()]), *changing]))) == []


def test_a_function_that_is_mostly_its_statement_is_saved_as_a_whole() -> None:
    tree = [a_stack("totals (shop/stats.py:12)", samples=60), a_stack("view (shop/views.py:3)", samples=40)]

    finding = the_finding(many(200, statements=[read()]), call_trees=tree)

    assert finding.saving == pytest.approx(0.6 * 0.02 * 0.99)


def test_a_loop_over_rows_is_left_to_the_other_rule() -> None:
    requests = many(200, wall_time=0.1, statements=[read(i + 1, wall_time=0.002) for i in range(20)])

    assert list(detect(measures(requests))) == []
