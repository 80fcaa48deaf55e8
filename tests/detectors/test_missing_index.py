"""An index that would serve, and scans that no index serves."""

import json
from typing import Any

import pytest

from perfkit.detectors.missing_index import detect
from perfkit.finding import Finding, Level
from tests.builders import a_plan, a_statement, many, measures

TEXT = "SELECT id, total FROM orders WHERE customer_id = ? AND created_at > ?"


def found(text: str, lines: str = "SCAN orders", rows: int = 12, tables: str = '{"orders": 20000}', **plan: str) -> list[Finding]:
    statement = a_statement(text, rows=rows, wall_time=0.012)
    return list(detect(measures(many(30, statements=[statement]), plans=[a_plan(text, lines, tables=tables, **plan)])))


def test_a_scan_for_a_few_rows_names_the_index_equalities_first() -> None:
    (finding,) = found("SELECT id, total FROM orders WHERE created_at > ? AND customer_id = ?")

    assert finding.message == (
        "GET /orders: all 20,000 rows of orders are read to return 12, once per request, "
        "from shop/orders.py:41 in order_lines; up to 12 ms per request"
    )
    assert finding.fix == "Run CREATE INDEX orders_customer_id_created_at ON orders (customer_id, created_at)."
    assert finding.level == Level.MEASURED
    assert finding.saving == pytest.approx(0.012 * (1 - 12 / 20000))
    assert finding.saving is not None
    assert finding.saving_interval == pytest.approx((finding.saving / 2, finding.saving))


def test_an_index_that_sqlite_builds_each_time_is_a_missing_one() -> None:
    text = "SELECT l.sku FROM customers c JOIN orders l ON l.customer_id = c.id WHERE c.email = ?"
    lines = "SEARCH c USING INDEX customers_email (email=?)\nSEARCH l USING AUTOMATIC COVERING INDEX (customer_id=?)"

    (finding,) = found(text, lines, tables='{"orders": 20000, "customers": 900}')

    assert finding.fix == "Run CREATE INDEX orders_customer_id ON orders (customer_id)."


def test_an_order_with_a_limit_can_be_served_too() -> None:
    text = "SELECT id FROM orders WHERE status = ? ORDER BY created_at DESC LIMIT ?"

    (finding,) = found(text, "SCAN orders\nUSE TEMP B-TREE FOR ORDER BY")

    assert "(status, created_at)" in finding.fix


def test_the_newest_rows_by_primary_key_need_no_index() -> None:
    assert found("SELECT id, status FROM orders ORDER BY id DESC LIMIT ?", "SCAN orders") == []


@pytest.mark.parametrize(
    ("text", "fields"),
    [
        (TEXT, {"lines": "SEARCH orders USING INDEX orders_customer_id (customer_id=?)"}),
        (TEXT, {"tables": '{"orders": 900}'}),
        (TEXT, {"rows": 6000}),
        ("SELECT id FROM orders WHERE note LIKE ?", {}),
        ("SELECT id FROM orders WHERE lower(email) = ?", {}),
        ("SELECT customer_id, sum(total) FROM orders GROUP BY customer_id", {}),
        ("SELECT id FROM orders", {"rows": 20000}),
    ],
    ids=[
        "an index is used",
        "small table",
        "most rows match",
        "leading wildcard",
        "function",
        "adds up everything",
        "wants everything",
    ],
)
def test_no_index_is_advised_where_none_would_help(text: str, fields: dict[str, Any]) -> None:
    assert found(text, **fields) == []


def test_a_report_over_a_whole_join_needs_no_index() -> None:
    text = "SELECT c.name, sum(o.total) FROM orders o JOIN customers c ON o.customer_id = c.id GROUP BY c.name"

    assert found(text, "SCAN o\nSEARCH c USING INTEGER PRIMARY KEY (rowid=?)", tables='{"orders": 20000, "customers": 900}') == []


def test_a_join_to_a_few_rows_of_the_other_table_can_use_an_index() -> None:
    text = "SELECT o.id FROM orders o JOIN customers c ON o.customer_id = c.id WHERE c.email = ?"

    (finding,) = found(text, "SCAN o\nSEARCH c USING INTEGER PRIMARY KEY (rowid=?)", tables='{"orders": 20000, "customers": 900}')

    assert "ON orders (customer_id)" in finding.fix


def test_an_aggregate_whose_matches_are_unknown_is_only_predicted() -> None:
    (finding,) = found("SELECT count(*) FROM orders WHERE status = ?", rows=1)

    assert finding.level == Level.PREDICTED


def plan_of_postgres(matching: int) -> str:
    return json.dumps(
        [
            {
                "Plan": {
                    "Node Type": "Aggregate",
                    "Plans": [{"Node Type": "Seq Scan", "Relation Name": "orders", "Alias": "orders", "Plan Rows": matching}],
                }
            }
        ]
    )


def test_postgresql_knows_how_many_rows_an_aggregate_adds_up() -> None:
    text = "SELECT count(*) FROM orders WHERE status = $1"

    (few,) = found(text, plan_of_postgres(40), rows=1, engine="postgresql")

    assert few.level == Level.MEASURED
    assert few.fix == "Run CREATE INDEX CONCURRENTLY orders_status ON orders (status)."
    assert found(text, plan_of_postgres(9000), rows=1, engine="postgresql") == []


def test_a_statement_that_hardly_weighs_on_the_database_is_left_alone() -> None:
    busy = a_statement("SELECT pg_sleep(?)", wall_time=2.0)
    statements = [busy, a_statement(TEXT, rows=12, wall_time=0.012)]

    assert list(detect(measures(many(30, wall_time=2.1, statements=statements), plans=[a_plan(TEXT)]))) == []
