"""A statement is slow, and no index would make it fast.

What it looks for
    Statements whose median takes 100 ms or more, three times at least; and statements that read
    a table of 1,000 rows or more from end to end for a reason that no plain index cures, when
    they take 30 ms and 20 % of the endpoint's server time.
Why it matters
    The request waits for it, and so does the connection that it holds.
What to change
    Look at its plan: ask for fewer rows or columns, change the condition so that an index can
    serve it, or compute the answer ahead of time.
What it cannot see
    How much of the time can be saved: this is a diagnosis, no time is claimed. Where an index
    would help, missing-index says so instead.
"""

from collections.abc import Iterable, Iterator
from typing import Any

import polars as pl

from perfkit.evidence import Caveat
from perfkit.finding import Exhibit, Family, Finding, Level, Rule
from perfkit.measures import scans
from perfkit.measures.lazy import Measures
from perfkit.units import show_number, show_share, show_time

RULE = Rule(
    id="slow-statement",
    title="A statement is slow",
    family=Family.QUERIES,
    needs=("traces", "statements"),
    fix="Read less in this statement, change its condition so that an index can serve it, or compute its answer ahead of time.",
)
# Rule Q9 of the rule set (detectors.md 1.11).
MIN_MEDIAN = 0.100
MIN_OCCURRENCES = 3
# Rule Q4: a scan that cannot be indexed deserves a word before it reaches 100 ms, but only where it weighs.
MIN_SCAN_TIME = 0.030
MIN_SCAN_SHARE = 0.20
# Sums of floats differ in their last digits with the order in which they were added.
ROUNDING = 1e-9
PLACE = pl.Schema({"endpoint": pl.String, "shape": pl.UInt32})


def detect(measures: Measures) -> Iterator[Finding]:
    found = list(scans.full_scans(measures))
    curable = {(scan.endpoint, scan.shape) for scan in found if isinstance(scan.advice, scans.Index)}
    incurable = {(scan.endpoint, scan.shape): scan for scan in reversed(found) if isinstance(scan.advice, scans.Unhelpful)}
    requests = measures.endpoints.select("endpoint", "server_time")
    candidates = _candidates(measures.statement_table, incurable)
    table = candidates.join(_medians(measures, candidates), on=["endpoint", "shape"], maintain_order="left").join(
        requests, on="endpoint", maintain_order="left"
    )
    for row in table.iter_rows(named=True):
        place = (row["endpoint"], row["shape"])
        if place in curable or row["occurrences"] < MIN_OCCURRENCES:
            continue
        scan = incurable.get(place)
        if row["p50_time"] >= MIN_MEDIAN or (scan is not None and _weighs(row)):
            yield _finding(measures, row, scan)


def _candidates(table: pl.DataFrame, places: Iterable[tuple[str, int]]) -> pl.DataFrame:
    """Statements that can be slow, and those at `places`."""
    scanned = pl.DataFrame(list(places), schema=PLACE, orient="row").with_columns(scanned=True)
    # Half of all times reach the median, so that the mean reaches half of it.
    slow = pl.col("mean_time") >= MIN_MEDIAN / 2 * (1 - ROUNDING)
    joined = table.join(scanned, on=["endpoint", "shape"], how="left", maintain_order="left")
    return joined.filter(slow | pl.col("scanned")).drop("scanned")


def _medians(measures: Measures, candidates: pl.DataFrame) -> pl.DataFrame:
    found = [pl.DataFrame(schema={**PLACE, "p50_time": pl.Float64, "max_time": pl.Float64, "occurrences": pl.UInt32})]
    for (endpoint,), rows in candidates.group_by("endpoint"):
        statements = measures.statements_by_endpoint[str(endpoint)].filter(pl.col("shape").is_in(rows["shape"].implode()))
        wall = pl.col("wall_time")
        found.append(
            statements.group_by("endpoint", "shape").agg(p50_time=wall.median(), max_time=wall.max(), occurrences=pl.len())
        )
    return pl.concat(found)


def _weighs(row: dict[str, Any]) -> bool:
    per_request = row["mean_time"] * row["per_request"]
    return bool(per_request >= MIN_SCAN_TIME and per_request >= MIN_SCAN_SHARE * row["server_time"])


def _finding(measures: Measures, row: dict[str, Any], scan: scans.FullScan | None) -> Finding:
    share = min(1.0, row["mean_time"] * row["per_request"] / row["server_time"])
    place = f", from {row['call_site']}" if row["call_site"] else ""
    why = ""
    if scan is not None and isinstance(scan.advice, scans.Unhelpful):
        why = f"; it reads all {show_number(scan.examined)} rows of {scan.table}, and an index does not help: {scan.advice.why}"
    plan = measures.plans.get(row["shape"])
    figures = {
        "statement": row["text"],
        "occurrences": row["occurrences"],
        "per_request": row["per_request"],
        "p50_time": row["p50_time"],
        "max_time": row["max_time"],
        "rows": row["rows"],
        "call_site": row["call_site"],
    }
    return Finding(
        rule=RULE,
        where=row["endpoint"],
        level=Level.MEASURED,
        message=(
            f"{row['endpoint']}: a {row['verb']} takes {show_time(row['p50_time'])} (p50), "
            f"{show_share(share)} of the server time{place}{why}"
        ),
        call_site=row["call_site"],
        statement=row["text"],
        exhibits=(
            Exhibit("the statement", pl.DataFrame([figures])),
            *((Exhibit("plan", pl.DataFrame({"plan": [plan.text]})),) if plan is not None else ()),
        ),
        caveats=(Caveat("slow is not the same as avoidable: no saving is claimed"),),
        fix=RULE.fix_for(measures.frameworks),
    )
