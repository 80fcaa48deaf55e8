"""One statement fetches a list, and then one more statement runs for each of its rows.

What it looks for
    A SELECT that one line of code runs at least five times in a request (median), with at least
    five different parameters, after another SELECT of the same request that fetched five rows or
    more; and the function that runs it takes 10 % of the request, or 50 ms.
Why it matters
    Each of these statements pays for building the query, the round trip, the plan and the row
    objects again; the cost grows with the length of the list.
What to change
    Fetch all rows with one statement: a join, WHERE id IN (...), or the ORM's eager loading.
What it cannot see
    Lists that did not come from the database, and values written into the SQL text instead of
    passed as parameters. The saving is the wall time of the function that runs the statements:
    an upper bound, because one statement and the building of the rows stay. The statements' own
    time is the lower bound; on real fixes it was only 6 to 48 % of the gain.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import polars as pl

from perfkit.evidence import Caveat, Missing
from perfkit.finding import Exhibit, Family, Finding, Level, Rule
from perfkit.measures import reads
from perfkit.measures.lazy import Measures
from perfkit.units import show_number, show_time

RULE = Rule(
    id="n-plus-one-queries",
    title="One query per row of a list",
    family=Family.QUERIES,
    needs=("traces", "statements"),
    fix="Fetch all rows with one statement: join them to the first one, or collect the ids and use WHERE id IN (...).",
    fixes={
        "sqlalchemy": (
            "Add .options(selectinload(Parent.children)), or joinedload(Child.parent) for a many-to-one, "
            "to the query that loads the list; with plain SQL, collect the ids and use WHERE id IN (...)."
        ),
        "django": (
            'Add .select_related("<foreign key>"), or .prefetch_related("<relation>") for many rows each, '
            "to the query set that loads the list."
        ),
    },
)
# Sentry and perf-sentinel call five repeats a pattern; fewer are often separate questions (detectors.md 1.1, 1.11 Q1).
MIN_EXECUTIONS = 5
MIN_DISTINCT = 5
MIN_PARENT_ROWS = 5
# Detectors.md 1.11 Q1, taken as time of the function, not of the statements (detectors.md 8).
MIN_TIME = 0.050
MIN_TIME_SHARE = 0.10
# A parent belongs to the loop when it comes first in at least this share of the requests that loop.
MIN_PARENT_SHARE = 0.5
# Fixes of real applications won 64 to 113 % of what the mapper and the statements took together (detectors.md 8); the
# statements alone are 6 to 48 % of it, and say nothing of the gain.
SURE_SHARE = 0.64
# How well the repeats must follow the parent's rows to say so, and how little to doubt that it is a loop over them.
FOLLOWS = 0.9
IGNORES = 0.3
# Rows must differ from request to request by this (standard deviation over mean) before their effect can be judged.
MIN_VARIATION = 0.1
MIN_REQUESTS_FOR_GROWTH = 10


@dataclass(frozen=True, slots=True)
class Parent:
    """The SELECT whose rows are looped over."""

    text: str
    call_site: str
    rows: float  # per request, median
    slope: float | None  # repeats per row over the requests; None when all lists are of one length
    correlation: float | None


@dataclass(frozen=True, slots=True)
class Loop:
    """One repeated SELECT of one call site."""

    text: str
    call_site: str
    function: str
    executions: float  # per request that has it, median
    distinct: float
    own_time: float  # per request of the endpoint, of the repeats beyond the first
    rows: float
    parent: Parent


def detect(measures: Measures) -> Iterator[Finding]:
    for endpoint, statements in measures.repeating(MIN_EXECUTIONS):
        traces = measures.traces_by_endpoint[endpoint]
        selects = statements.filter((pl.col("verb") == "SELECT") & ~pl.col("failed"))
        repeated = reads.repeated(selects, MIN_EXECUTIONS)
        if repeated.is_empty():
            continue
        located = reads.located(repeated, measures.profiled_statements_by_endpoint.get(endpoint))
        shares = repeated.group_by("shape").agg((pl.col("trace").n_unique() / traces.height).alias("shape_share"))
        for loops in _by_function(_loops(located, selects, shares)):
            finding = _judge(measures, endpoint, traces, loops)
            if finding is not None:
                yield finding


def _loops(located: pl.DataFrame, selects: pl.DataFrame, shares: pl.DataFrame) -> list[Loop]:
    """Every SELECT that one call site repeats with different parameters after a list was fetched."""
    per_request = located.group_by("trace", "shape", "call_site").agg(
        pl.len().alias("executions"),
        pl.col("parameters").filter(pl.col("parameters") != 0).n_unique().alias("distinct"),
        pl.col("started_at").min().alias("first_at"),
        pl.col("started_at").max().alias("last_at"),
        pl.col("wall_time").sum().alias("own_time"),
        pl.col("rows").mean(),
        pl.col("text", "function").first(),
    )
    groups = (
        per_request.group_by("shape", "call_site")
        .agg(
            pl.col("executions", "distinct", "rows").median(),
            (pl.col("own_time") * (1 - 1 / pl.col("executions"))).mean(),
            pl.len().alias("requests"),
            pl.col("text", "function").first(),
        )
        .join(shares, on="shape")
        # Of a shape with several call sites only some requests were kept: the share is of those.
        .join(located.group_by("shape").agg(pl.col("trace").n_unique().alias("kept")), on="shape")
        .filter((pl.col("executions") >= MIN_EXECUTIONS) & (pl.col("distinct") >= MIN_DISTINCT))
        .sort("own_time", "text", descending=[True, False])
    )
    found: list[Loop] = []
    for row in groups.iter_rows(named=True):
        parent = _parent(
            selects, per_request.filter((pl.col("shape") == row["shape"]) & (pl.col("call_site") == row["call_site"]))
        )
        if parent is None:
            continue
        share = row["shape_share"] * row["requests"] / row["kept"]
        figures = {name: float(row[name]) for name in ("executions", "distinct", "rows")}
        own_time = float(row["own_time"]) * share
        found.append(Loop(row["text"], row["call_site"], row["function"], own_time=own_time, parent=parent, **figures))
    return found


def _parent(selects: pl.DataFrame, repeats: pl.DataFrame) -> Parent | None:
    """The SELECT whose rows the loop most likely runs over: there first, in most requests, with the nearest number of rows."""
    others = selects.filter(pl.col("shape") != repeats["shape"][0])
    lists = (
        others.select("trace", "shape", "text", "call_site", "started_at", parent_rows=pl.col("rows").clip(lower_bound=0))
        .join(repeats.select("trace", "executions", "first_at", "last_at"), on="trace")
        .filter(pl.col("started_at") < pl.col("last_at"))
        .group_by("trace", "shape")
        .agg(
            pl.col("parent_rows").sum(),
            pl.col("started_at").min(),
            pl.col("text", "executions", "first_at").first(),
            pl.col("call_site").cast(pl.String).max(),  # "" where the stack was not walked
        )
        .filter((pl.col("started_at") < pl.col("first_at")) & (pl.col("parent_rows") >= MIN_PARENT_ROWS))
    )
    candidates = (
        lists.group_by("shape")
        .agg(
            pl.len().alias("requests"),
            (pl.col("parent_rows") - pl.col("executions")).abs().mean().alias("distance"),
            pl.col("parent_rows").median().alias("rows"),
            pl.col("text").first(),
            pl.col("call_site").filter(pl.col("call_site") != "").mode().sort().first().fill_null(""),
        )
        .filter(pl.col("requests") >= MIN_PARENT_SHARE * repeats.height)
        .sort("distance", "text")
    )
    if candidates.is_empty():
        return None
    best = candidates.row(0, named=True)
    slope, correlation = _growth(lists.filter(pl.col("shape") == best["shape"]))
    return Parent(best["text"], best["call_site"], float(best["rows"]), slope, correlation)


def _growth(lists: pl.DataFrame) -> tuple[float | None, float | None]:
    """Repeats per row of the parent over the requests; None where all lists are about as long."""
    rows = lists["parent_rows"].to_numpy().astype(np.float64)
    repeats = lists["executions"].to_numpy().astype(np.float64)
    if len(rows) < MIN_REQUESTS_FOR_GROWTH or rows.std() < MIN_VARIATION * rows.mean():
        return None, None
    if repeats.std() == 0:
        return 0.0, 0.0
    correlation = float(np.corrcoef(rows, repeats)[0, 1])
    return correlation * float(repeats.std() / rows.std()), correlation


def _by_function(loops: list[Loop]) -> list[list[Loop]]:
    """Loops of one function are one finding: its time is saved once. Loops of an unknown place stay apart."""
    groups: dict[str, list[Loop]] = {}
    for loop in loops:
        groups.setdefault(loop.function or loop.text, []).append(loop)
    return list(groups.values())


def _judge(measures: Measures, endpoint: str, traces: pl.DataFrame, loops: list[Loop]) -> Finding | None:
    first = loops[0]  # the costliest
    request_time = float(traces.select(pl.col("wall_time").mean()).item())
    own_time = sum(loop.own_time for loop in loops)
    low, saving, high, source = own_time, own_time, own_time, "the statements' own time"
    function = measures.function_time(endpoint, first.call_site) if first.call_site else Missing("no call site")
    if not isinstance(function, Missing):
        stays = _other_time(measures, endpoint, loops)
        saving, high = (min(max(own_time, time - stays), request_time) for time in (function.time, function.high))
        low = max(own_time, SURE_SHARE * (function.low - stays))
        source = f"the wall time of {first.function.rpartition(' in ')[2]}, from {function.source}"
    if saving < MIN_TIME and saving < MIN_TIME_SHARE * request_time:
        return None
    caveats = [Caveat(f"the saving is {source}, an upper bound: one statement and the building of the rows stay")]
    if isinstance(function, Missing) and first.call_site:
        caveats.append(Caveat(f"time of the function: {function.why}"))
    flat = all(loop.parent.correlation is not None and loop.parent.correlation < IGNORES for loop in loops)
    if flat:
        caveats.append(Caveat("the number of repeats does not follow the length of the list: they may be separate questions"))
    return Finding(
        rule=RULE,
        where=endpoint,
        level=Level.HINT if flat else Level.MEASURED,
        message=_message(endpoint, traces, loops, saving, request_time),
        saving=saving,
        saving_interval=(min(low, saving), high),
        call_site=first.call_site,
        statement=first.text,
        exhibits=_exhibits(loops),
        caveats=tuple(caveats),
        fix=RULE.fix_for(measures.frameworks),
    )


def _other_time(measures: Measures, endpoint: str, loops: list[Loop]) -> float:
    """Time per request of the function's other statements: they stay when the loop goes."""
    texts = [loop.text for loop in loops]
    function = pl.col("call_site").str.replace(r":\d+ in ", " in ")
    others = measures.statement_table.filter(
        (pl.col("endpoint") == endpoint) & (function == loops[0].function) & ~pl.col("text").is_in(texts)
    )
    return float(others.select((pl.col("mean_time") * pl.col("per_request")).sum()).item())


def _message(endpoint: str, traces: pl.DataFrame, loops: list[Loop], saving: float, request_time: float) -> str:
    total = float(traces.select(pl.col("statement_count").median()).item())
    repeated = sum(loop.executions for loop in loops)
    what = "the same SELECT" if len(loops) == 1 else f"{len(loops)} SELECTs that repeat"
    place = f", from {loops[0].call_site}" if loops[0].call_site else ""
    growth = next((f", {loop.parent.slope:.2f} per row of the list" for loop in loops if _follows(loop.parent)), "")
    return (
        f"{endpoint}: {show_number(total)} statements per request, {show_number(repeated)} of them {what} "
        f"with different parameters{growth}{place}; up to {show_time(saving)} of {show_time(request_time)} per request"
    )


def _follows(parent: Parent) -> bool:
    return parent.slope is not None and parent.correlation is not None and parent.correlation >= FOLLOWS


def _exhibits(loops: list[Loop]) -> tuple[Exhibit, ...]:
    repeated = [
        {
            "statement": loop.text,
            "per_request": loop.executions,
            "different_parameters": loop.distinct,
            "rows_each": loop.rows,
            "own_time": loop.own_time,
            "call_site": loop.call_site,
        }
        for loop in loops
    ]
    parents = [
        {
            "statement": loop.parent.text,
            "rows_per_request": loop.parent.rows,
            "repeats_per_row": loop.parent.slope if loop.parent.slope is not None else loop.executions / loop.parent.rows,
            "correlation": loop.parent.correlation,
            "call_site": loop.parent.call_site,
        }
        for loop in loops
    ]
    return (
        Exhibit("repeated in each request", pl.DataFrame(repeated)),
        Exhibit(
            "the list they follow",
            pl.DataFrame(parents, schema_overrides={"correlation": pl.Float64}).unique(maintain_order=True),
        ),
    )
