"""Whole tables as answers."""

from typing import Any

import pytest

from perfkit.detectors.unbounded_list import detect
from perfkit.finding import Finding
from tests.builders import a_plan, a_response, a_statement, many, measures

TEXT = "SELECT id, name FROM products ORDER BY name"


def found(text: str = TEXT, rows: int = 2000, table_rows: int | None = 2000, **response: Any) -> list[Finding]:
    plans = {} if table_rows is None else {"plans": [a_plan(text, "SCAN products", tables=f'{{"products": {table_rows}}}')]}
    requests = many(30, wall_time=0.04, statements=[a_statement(text, rows=rows, wall_time=0.01, parameters=0)])
    answer = a_response(items=2000, bytes=150_000) | response
    return list(detect(measures(requests, responses=[answer], **plans)))


def test_a_whole_table_in_one_answer_is_found_with_its_numbers() -> None:
    (finding,) = found()

    assert finding.message == (
        "GET /orders: 2,000 items (146 KiB) per answer without a limit, "
        "from a SELECT without LIMIT that returns 2,000 of 2,000 rows; "
        "pages of 50 save up to 39 ms"
    )
    assert finding.saving == pytest.approx(0.039)
    assert finding.saving_interval == pytest.approx((0.00975, 0.039))


def test_a_page_is_bounded() -> None:
    assert found(items=100) == []


def test_a_request_that_names_a_limit_asked_for_it() -> None:
    assert found(query=True) == []


def test_a_statement_with_a_limit_is_bounded() -> None:
    assert found(TEXT + " LIMIT ?") == []


def test_an_enumeration_may_be_returned_as_a_whole() -> None:
    assert found(rows=249, table_rows=249, items=249) == []


def test_a_small_part_of_a_table_is_told_with_the_doubt_that_its_condition_may_bound_it() -> None:
    (finding,) = found(table_rows=100_000)

    assert "one size of data was seen: if the condition itself bounds the rows, this list does not grow" in {
        caveat.text for caveat in finding.caveats
    }


def test_a_table_of_unknown_size_gets_a_caveat() -> None:
    (finding,) = found(table_rows=None)

    assert "the size of the table is not known" in finding.caveats[-1].text


def test_items_that_no_statement_returned_are_not_a_table() -> None:
    assert found(rows=10) == []
