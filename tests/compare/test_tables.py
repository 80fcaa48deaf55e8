"""The tables of a comparison, and what the probe's traces add to them."""

from typing import Any

import polars as pl
import pytest

from perfkit.compare import inside, pairs
from perfkit.compare.inside import Inside
from perfkit.compare.pairs import BURSTS, PAIRS
from perfkit.schemas import SHAPES, STATEMENTS, TRACES, WAITS


def traces(*rows: dict[str, Any]) -> pl.DataFrame:
    full = [{"trace": number, "statements": 1, "wall_time": 0.01, "cpu_time": 0.005, **row} for number, row in enumerate(rows, 1)]
    return pl.DataFrame([[row.get(name) for name in TRACES] for row in full], schema=TRACES, orient="row")


def seen(traces: pl.DataFrame, waits: pl.DataFrame | None = None) -> Inside:
    empty = pl.DataFrame(schema=WAITS)
    return Inside(traces, pl.DataFrame(schema=STATEMENTS), pl.DataFrame(schema=SHAPES), empty if waits is None else waits)


def test_each_half_of_a_pair_gets_its_own_trace() -> None:
    table = pairs.frame([{"base_id": 1, "head_id": 2}], PAIRS)

    joined = pairs.joined(table, traces({"id": 1, "wall_time": 0.01}), traces({"id": 2, "wall_time": 0.02, "statements": 7}))

    assert joined.select("base_server", "head_server", "base_statements", "head_statements").row(0) == (0.01, 0.02, 1, 7)
    assert joined.schema == PAIRS


def test_a_pair_without_a_trace_says_nothing_of_the_inside() -> None:
    table = pairs.frame([{"base_id": 1, "head_id": 2}], PAIRS)

    joined = pairs.joined(table, traces({"id": 0}), traces({"id": 2, "cpu_time": float("nan")}))

    assert joined.select("base_server", "head_server", "head_cpu").row(0) == (None, 0.01, None)


def test_joining_again_takes_the_newer_traces() -> None:
    table = pairs.joined(pairs.frame([{"base_id": 1, "head_id": 2}], PAIRS), traces(), traces())

    joined = pairs.joined(table, traces({"id": 1}), traces({"id": 2}))

    assert joined.select("base_server", "head_server").row(0) == (0.01, 0.01)


def test_a_burst_sums_up_what_happened_inside() -> None:
    bursts = pairs.frame([{"size": 2}, {"size": 2}], BURSTS)
    waits = pl.DataFrame(
        {"trace": [1, 1, 2], "kind": ["lock", "connect", "pool_wait"], "wall_time": [0.25, 9.0, 0.5]},
        schema_overrides={"trace": pl.UInt64, "kind": pl.Categorical},
    )
    requests = traces({"id": 11, "wall_time": 0.1, "statements": 2}, {"id": 12, "wall_time": 0.3, "statements": 3}, {"id": 13})

    found = inside.of_bursts(bursts, "base", [[11, 12], [13, 14]], seen(requests, waits))

    assert found.select("base_server", "base_statements", "base_waits").rows() == [(pytest.approx(0.2), 5, 0.75), (None,) * 3]
    assert found.schema == BURSTS
