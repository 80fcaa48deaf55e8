"""What is planted: code that still is one, at the place that was named, and found only where and as what it was planted."""

import ast
from collections.abc import Mapping
from typing import Any

import pytest

from bench.compare.changes import APP, CPU_3, KINDS, LOCK, STATEMENT, Kind, Sizes
from bench.compare.repository import SERVICE

BASE = {path.name: path.read_text() for path in SERVICE.glob("*.py")}
SIZES = Sizes(*({"order": 20_000.0, "stock": 30_000.0, "quote": 30_000.0} for _ in range(3)))


def functions(text: str) -> dict[str, str]:
    return {node.name: ast.unparse(node) for node in ast.parse(text).body if isinstance(node, ast.FunctionDef)}


def files(kind: Kind, place: str, seed: int) -> Mapping[str, str]:
    return {**BASE, **kind.files(BASE, place, SIZES, seed)}


@pytest.mark.parametrize("kind", KINDS.values(), ids=lambda kind: kind.name)
def test_every_kind_changes_the_service_and_only_where_it_was_planted(kind: Kind) -> None:
    for place in kind.places:
        for seed in range(12):
            changed = files(kind, place, seed)

            before, after = functions(BASE[APP]), functions(changed[APP])
            assert changed != BASE
            assert {name for name in before if before[name] != after[name]} <= {place}


def test_a_seed_chooses_the_place_and_always_the_same() -> None:
    found = {files(STATEMENT, "order", seed)[APP] for seed in range(12)}

    assert len(found) > 3
    assert files(STATEMENT, "order", 5) == files(STATEMENT, "order", 5)


def test_work_is_sized_by_the_endpoint_that_it_is_planted_in() -> None:
    assert "spin(600)" in files(CPU_3, "order", 1)[APP]
    assert "spin(900)" in files(CPU_3, "stock", 1)[APP]


def test_a_longer_lock_holds_the_partner_too() -> None:
    quote = ast.parse(functions(files(LOCK, "quote", 1)[APP])["quote"]).body[0]
    assert isinstance(quote, ast.FunctionDef)

    held = [ast.unparse(node) for node in quote.body if isinstance(node, ast.With)]

    assert any("TURN" in text and "partner()" in text for text in held)


def said(endpoint: str, metric: str, outcome: str) -> Mapping[str, Any]:
    return {"tests": [{"endpoint": endpoint, "metric": metric, "outcome": outcome, "change": 0.031}]}


def test_it_is_found_by_its_own_figure_at_its_own_endpoint() -> None:
    assert CPU_3.finds(said("order", "server_time", "regressed"), "order") == "server_time +3.1%"


@pytest.mark.parametrize(
    ("endpoint", "metric", "outcome"),
    [("stock", "server_time", "regressed"), ("order", "burst_8_last", "regressed"), ("order", "server_time", "improved")],
)
def test_another_endpoint_figure_or_direction_is_no_find(endpoint: str, metric: str, outcome: str) -> None:
    assert CPU_3.finds(said(endpoint, metric, outcome), "order") == ""


def test_a_counter_that_nobody_gated_is_no_find() -> None:
    counter = {"endpoint": "order", "counter": "statements", "base": 2, "head": 3, "outcome": "regressed"}

    assert STATEMENT.finds({"counters": [{**counter, "gated": True}]}, "order") == "statements 2 → 3"
    assert STATEMENT.finds({"counters": [{**counter, "gated": False}]}, "order") == ""
