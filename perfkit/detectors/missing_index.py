"""A statement reads a whole table to find a few of its rows.

What it looks for
    Statements whose plan reads a table of 1,000 rows or more from end to end, though a
    condition or an ORDER BY with LIMIT names columns that an index could serve, with ten rows
    examined for each one returned, and 1 % of all database time spent on them.
Why it matters
    The time grows with the table, and each such statement pushes other data out of the cache.
What to change
    Create the index that is named: columns compared for equality first, then one range or the
    order.
What it cannot see
    What the index costs every write, whether the planner takes it with your production's data,
    and how many rows an aggregate adds up on SQLite. Patterns that may begin with a wildcard,
    functions around a column and conditions that most rows meet are left to slow-statement.
"""

from collections import defaultdict
from collections.abc import Iterator

import polars as pl

from perfkit.evidence import Caveat
from perfkit.finding import Exhibit, Family, Finding, Level, Rule
from perfkit.measures import scans
from perfkit.measures.lazy import Measures
from perfkit.units import show_number, show_time

RULE = Rule(
    id="missing-index",
    title="A table is read as a whole for a few rows",
    family=Family.INDEXES,
    needs=("traces", "statements", "plans"),
    fix="Create an index on the columns of the condition: equalities first, then one range or the order.",
)
# Indexes tried on copies kept 83 to 102 % of what replaying the statement promised (detectors.md 8), but planners are wrong more
# often than that (0., headline 2): half of the prediction is what we are sure of.
SURE_SHARE = 0.5


def detect(measures: Measures) -> Iterator[Finding]:
    groups: defaultdict[tuple[str, str], list[scans.FullScan]] = defaultdict(list)
    for scan in scans.full_scans(measures):
        if isinstance(scan.advice, scans.Index):
            groups[scan.endpoint, scan.advice.create(scan.table)].append(scan)
    for (endpoint, statement), group in groups.items():
        yield _finding(endpoint, statement, group)


def _finding(endpoint: str, create: str, group: list[scans.FullScan]) -> Finding:
    first = group[0]  # the costliest
    saving = sum(scan.mean_time * scan.per_request * (1 - scan.returned / scan.examined) for scan in group)
    certain = all(scan.matches_known for scan in group)
    caveats = [Caveat("up to the time of the statements; every write to the table pays for the index")]
    if not certain:
        caveats.append(Caveat("how many rows match is not known: of a condition that many rows meet the gain is smaller"))
    if first.plan.engine == "postgresql":
        create = create.replace("CREATE INDEX ", "CREATE INDEX CONCURRENTLY ", 1)
    place = f", from {first.call_site}" if first.call_site else ""
    return Finding(
        rule=RULE,
        where=endpoint,
        level=Level.MEASURED if certain else Level.PREDICTED,
        message=(
            f"{endpoint}: all {show_number(first.examined)} rows of {first.table} are read to return "
            f"{show_number(round(first.returned, 1))}, {_times(first.per_request)} per request{place}; "
            f"up to {show_time(saving)} per request"
        ),
        saving=saving,
        saving_interval=(SURE_SHARE * saving, saving),
        call_site=first.call_site,
        statement=first.text,
        exhibits=(_statements(group), Exhibit("plan", pl.DataFrame({"plan": [first.plan.text]}))),
        caveats=tuple(caveats),
        fix=f"Run {create}.",
    )


def _times(count: float) -> str:
    return "once" if round(count, 1) == 1 else f"{show_number(round(count, 1))} times"


def _statements(group: list[scans.FullScan]) -> Exhibit:
    return Exhibit(
        "statements that read the whole table",
        pl.DataFrame(
            [
                {
                    "statement": scan.text,
                    "table": scan.table,
                    "rows_examined": scan.examined,
                    "rows_returned": scan.returned,
                    "per_request": scan.per_request,
                    "mean_time": scan.mean_time,
                    "call_site": scan.call_site,
                }
                for scan in group
            ]
        ),
    )
