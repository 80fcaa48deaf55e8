"""Statements that are new, gone, or that one version issues more often or waits longer for."""

from collections.abc import Iterator, Sequence
from typing import Final

import numpy as np
import polars as pl

from perfkit.compare.why.explanation import State, StatementChange
from perfkit.compare.why.judged import FALSE_SHARE, FLOOR
from perfkit.compare.why.recorded import Recorded
from perfkit.evidence import Missing
from perfkit.stats.holm import benjamini_hochberg
from perfkit.stats.replicated import Difference, difference

# Executions per request: a count that moves by less has met a cache or a timer.
LEAST_COUNT: Final = 0.01
KEYS: Final = ("endpoint", "text")


def statements(base: Recorded, head: Recorded, endpoints: Sequence[str]) -> tuple[StatementChange, ...]:
    """Those of the measured requests: new and gone ones first, then by how much time they account for.

    Both versions were asked the same, so counts are compared as they are; times by unit, as in the breakdown, and all
    statements of all endpoints are one family.
    """
    found = list(_compared(base, head, endpoints))
    adjusted = benjamini_hochberg([min(time.p, 1.0) for _, _, time in found])
    sites = [_sites(one) for one in (head, base)]
    changes: list[StatementChange] = []
    for ((endpoint, text), count, time), p in zip(found, adjusted, strict=True):
        counts = abs(count.head - count.base) >= LEAST_COUNT
        times = p <= FALSE_SHARE and abs(time.change.value) >= FLOOR * min(time.base, time.head)
        if counts or times:
            site = next((known[endpoint, text] for known in sites if known.get((endpoint, text))), "")
            changes.append(StatementChange(endpoint, text, _state(count), count, time, site))
    return tuple(sorted(changes, key=lambda one: (one.state == "changed", -abs(one.time.change.value), one.endpoint, one.text)))


def _state(count: Difference) -> State:
    if count.base == 0:
        return "new"
    return "gone" if count.head == 0 else "changed"


def _compared(
    base: Recorded, head: Recorded, endpoints: Sequence[str]
) -> Iterator[tuple[tuple[str, str], Difference, Difference]]:  # fmt: skip
    """Executions and seconds per request of every statement, by unit."""
    issued, requests = zip(*(_by_unit(one, endpoints) for one in (base, head)), strict=True)
    units = requests[0].join(requests[1], on=("endpoint", "unit"), suffix=" of head")
    texts = pl.concat(issued).select(KEYS).unique().sort(KEYS)
    for endpoint, text in texts.iter_rows():
        rows = units.filter(endpoint=endpoint).sort("unit")
        if rows.is_empty():
            continue
        columns = []
        for side, asked in zip(issued, ("requests", "requests of head"), strict=True):
            own = rows.select("unit", asked).join(side.filter(endpoint=endpoint, text=text), on="unit", how="left").sort("unit")
            columns.append(own.select(pl.col("count", "time").fill_null(0) / pl.col(asked)).to_numpy().astype(np.float64))
        yield (endpoint, text), difference(columns[0][:, 0], columns[1][:, 0]), difference(columns[0][:, 1], columns[1][:, 1])


def _by_unit(one: Recorded, endpoints: Sequence[str]) -> tuple[pl.DataFrame, pl.DataFrame]:
    """endpoint, unit, text, count, time; and endpoint, unit, requests."""
    traces = one.measures.evidence.traces
    known = pl.DataFrame(schema={"trace": pl.UInt64(), "unit": pl.Int64()}) if isinstance(traces, Missing) else (
        traces.select("trace", "id").join(one.units, on="id", how="inner").select("trace", "unit")
    )  # fmt: skip
    asked = one.measures.traces.select("trace", "endpoint").filter(pl.col("endpoint").is_in(endpoints)).join(known, on="trace")
    issued = one.measures.statements.select("trace", "text", "wall_time").join(asked, on="trace")
    return (
        issued.group_by("endpoint", "unit", "text").agg(count=pl.len(), time=pl.col("wall_time").sum()),
        asked.group_by("endpoint", "unit").agg(requests=pl.len()),
    )


def _sites(one: Recorded) -> dict[tuple[str, str], str]:
    """Where each statement is issued from."""
    table = one.measures.statement_table.select("endpoint", "text", "call_site")
    return {(endpoint, text): site for endpoint, text, site in table.iter_rows()}
