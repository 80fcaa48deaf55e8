"""Which tables a plan reads as a whole."""

import json

import pytest

from perfkit.measures.plans import Plan, Scan
from tests.builders import a_plan, measures

TEXT = "SELECT * FROM orders o WHERE o.user_id = ? AND o.created > ? ORDER BY o.created LIMIT 10"


def the_plan(lines: str, text: str = TEXT, **fields: str) -> Plan:
    (plan,) = measures(plans=[a_plan(text, lines, **fields)]).plans.values()
    return plan


@pytest.mark.parametrize("line", ["SCAN o", "SCAN TABLE orders AS o", "QUERY PLAN\n`--SCAN o"])
def test_a_scan_of_sqlite_names_table_rows_and_columns(line: str) -> None:
    (scan,) = the_plan(f"{line}\nUSE TEMP B-TREE FOR ORDER BY").scans

    assert scan == Scan(
        "orders", 20000, ("user_id", "created"), equalities=("user_id",), ranges=("created",), ordered=("created",)
    )


@pytest.mark.parametrize(
    "line",
    [
        "SEARCH o USING INDEX orders_user (user_id=?)",
        "SCAN o USING COVERING INDEX orders_all",
        "SCAN o USING INDEX orders_created",
        "SCAN CONSTANT ROW",
        "SEARCH o USING INTEGER PRIMARY KEY (rowid=?)",
        "USE TEMP B-TREE FOR ORDER BY",
    ],
)
def test_what_an_index_serves_is_no_scan(line: str) -> None:
    assert the_plan(line).scans == ()


def test_a_scan_in_the_wanted_order_is_left_at_the_limit() -> None:
    (scan,) = the_plan("SCAN o").scans

    assert scan.ordered == ()


def test_an_index_that_sqlite_builds_each_time_is_a_scan() -> None:
    (scan,) = the_plan("SEARCH o USING AUTOMATIC COVERING INDEX (user_id=?)").scans

    assert (scan.table, scan.automatic) == ("orders", True)


def test_a_sequential_scan_of_postgresql_is_found_at_any_depth() -> None:
    inner = {"Node Type": "Seq Scan", "Relation Name": "orders", "Alias": "o", "Plan Rows": 20}
    other = {"Node Type": "Index Scan", "Relation Name": "users", "Alias": "u"}
    tree = [{"Plan": {"Node Type": "Limit", "Plans": [{"Node Type": "Gather", "Plans": [inner]}, other]}}]

    plan = the_plan(json.dumps(tree), engine="postgresql")

    assert plan.engine == "postgresql"
    assert [(scan.table, scan.rows_in_table, scan.columns) for scan in plan.scans] == [("orders", 20000, ("user_id", "created"))]


@pytest.mark.parametrize("text", ["", "not a plan", "[[[]]]", "{"])
def test_a_plan_in_another_form_has_no_scans(text: str) -> None:
    assert the_plan(text, engine="postgresql").scans == ()


def test_a_table_of_unknown_size_has_zero_rows() -> None:
    assert the_plan("SCAN o", tables="{}").scans[0].rows_in_table == 0
    assert the_plan("SCAN o", tables="broken").scans[0].rows_in_table == 0
