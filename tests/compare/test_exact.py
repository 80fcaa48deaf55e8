"""Numbers that changed between two versions, and those that only seem to."""

from collections.abc import Callable
from typing import Any

import polars as pl
import pytest

from perfkit.compare import exact, pairs
from perfkit.compare.change import Change
from perfkit.compare.pairs import COUNTERS

ORDINARY = {
    "status": 200,
    "body": 7,
    "bytes": 100,
    "statements": 3,
    "rows": 20,
    "connects": 0,
    "outbound": 0,
    "calls": 5000,
    "allocated": 80_000,
    "peak": 50_000,
    "kept": 4,
}


def a_table(change: Callable[[str, int, int], dict[str, Any]], places: int = 8, endpoint: str = "GET /orders") -> pl.DataFrame:
    """Three rounds of a deck to both versions; `change` gives what is not ordinary: (side, round, place) → fields."""
    rows = [
        {"side": side, "round": number, "place": place, "endpoint": endpoint, "step": "browse[1]", **ORDINARY}
        | {"id": (side == "head") * 1_000_000 + number * 1000 + place}
        | change(side, number, place)
        for side in ("base", "head")
        for number in (1, 2, 3)
        for place in range(places)
    ]
    return pairs.frame(rows, COUNTERS)


def changes(table: pl.DataFrame) -> list[Change]:
    return list(exact.changes(table, (), {}))


def test_two_versions_that_count_the_same_have_no_changes() -> None:
    table = a_table(lambda _side, _number, _place: {})

    assert changes(table) == []


def test_one_statement_more_is_a_change() -> None:
    table = a_table(lambda side, _number, _place: {"statements": 4 if side == "head" else 3})

    assert changes(table) == [Change("GET /orders", "statements", 3, 4)]


def test_a_change_of_some_requests_says_of_how_many() -> None:
    table = a_table(lambda side, _number, place: {"statements": 14 if side == "head" and place < 2 else 3})

    assert changes(table) == [Change("GET /orders", "statements", 3, 14, "in 2 of 8 requests of the deck")]


def test_what_differs_within_a_version_is_not_compared() -> None:
    table = a_table(lambda side, number, _place: {"bytes": 100 + number if side == "head" else 100})

    assert changes(table) == []


def test_one_request_of_many_is_not_enough() -> None:
    table = a_table(lambda side, _number, place: {"connects": int(side == "head" and place == 5)})

    assert changes(table) == []


def test_of_a_single_request_all_are_enough() -> None:
    table = a_table(lambda side, _number, _place: {"connects": int(side == "head")}, places=1)

    assert changes(table) == [Change("GET /orders", "connects", 0, 1)]


def test_another_status_is_told_as_it_is() -> None:
    table = a_table(lambda side, _number, _place: {"status": 500 if side == "head" else 200})

    assert changes(table) == [Change("GET /orders", "status", 200, 500)]


def test_another_answer_names_its_parts() -> None:
    table = a_table(lambda side, _number, _place: {"body": 8 if side == "head" else 7})

    found = exact.changes(table, (), {"GET /orders": ("$.a", "$.b", "$.c", "$.d")})

    told = "$.a, $.b, $.c and 1 more parts differ, in 8 of 8 requests of the deck"
    assert list(found) == [Change("GET /orders", "body", "one answer", "another", told)]


def test_what_was_not_seen_inside_is_no_change() -> None:
    table = a_table(lambda side, _number, _place: {"statements": None if side == "head" else 3})

    assert changes(table) == []


def test_a_tenth_more_allocations_are_a_change_although_it_wobbles() -> None:
    def wobbling(side: str, number: int, place: int) -> dict[str, Any]:
        return {"allocated": (88_000 if side == "head" else 80_000) + (9_000 if number == place % 3 + 1 else 10 * number)}

    (change,) = changes(a_table(wobbling))

    assert (change.counter, round(change.growth or 0, 2)) == ("allocations", 0.1)


@pytest.mark.parametrize(("more", "found"), [(4_000, []), (6_000, ["peak_memory"])])
def test_what_a_request_has_at_once_is_a_change_from_a_tenth_on(more: int, found: list[str]) -> None:
    table = a_table(lambda side, _number, _place: {"peak": 50_000 + (more if side == "head" else 0)})

    assert [one.counter for one in changes(table)] == found


def test_allocations_that_only_wobble_are_none() -> None:
    def wobbling(side: str, number: int, place: int) -> dict[str, Any]:
        return {"allocated": 80_000 + (700 if side == "head" else 0) + (9_000 if (number + place) % 3 == 0 else 0)}

    assert changes(a_table(wobbling)) == []


def test_functions_called_more_often_are_a_change() -> None:
    (change,) = changes(a_table(lambda side, _number, _place: {"calls": 5100 if side == "head" else 5000}))

    assert change == Change("GET /orders", "calls", 5000, 5100)


def test_a_new_statement_is_told_with_its_place() -> None:
    table = a_table(lambda side, _number, _place: {"statements": 15 if side == "head" else 3})
    once = pl.DataFrame({"id": table["id"], "text": "SELECT * FROM orders", "site": "orders.py:20 in listed"})
    often = table.filter(pl.col("side").cast(pl.String) == "head")["id"]
    new = pl.DataFrame({"id": [number for number in often for _ in range(12)]}, schema={"id": pl.UInt64}).with_columns(
        text=pl.lit("SELECT * FROM lines WHERE order_id = ?"), site=pl.lit("orders.py:41 in lines")
    )

    shapes = exact.shapes(table, {"base": once, "head": pl.concat([once, new])})
    (change,) = exact.changes(table, shapes, {})

    assert [(shape.base, shape.head) for shape in shapes] == [(0, 12), (1, 1)]
    assert (change.base, change.head) == (3, 15)
    assert change.detail == "new: SELECT * FROM lines WHERE order_id = ? at orders.py:41 in lines"
