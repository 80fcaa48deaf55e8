"""What rules need to know of tables that are read from end to end: the index that would serve, or why none would."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import polars as pl
from sqlglot import exp

from perfkit.measures import shapes
from perfkit.measures.lazy import Measures
from perfkit.measures.plans import Plan, Scan

# Rule Q3 of the rule set (detectors.md 1.11): smaller tables fit in a few pages, and reading them is as fast as an index.
MIN_TABLE_ROWS = 1_000
# Rule Q3: ten rows examined for each one that is wanted. Above a tenth of the table an index reads nearly every page anyway.
MIN_EXAMINED_PER_RETURNED = 10
# Rule Q3: a shape below this share of all database time is not worth an index that every write has to keep up.
MIN_SHARE_OF_DATABASE = 0.01
# An index on more columns than the equalities and one more costs writes and rarely narrows further.
MAX_COLUMNS = 4
COMPARISONS = (exp.EQ, exp.In, exp.Is, exp.GT, exp.GTE, exp.LT, exp.LTE, exp.Between, exp.Like, exp.ILike)


@dataclass(frozen=True, slots=True)
class Index:
    """The index that would let the statement read only what it returns."""

    columns: tuple[str, ...]

    def create(self, table: str) -> str:
        return f"CREATE INDEX {table}_{'_'.join(self.columns)} ON {table} ({', '.join(self.columns)})"


@dataclass(frozen=True, slots=True)
class Unhelpful:
    """Why no index would help."""

    why: str


@dataclass(frozen=True, slots=True)
class FullScan:
    """One statement of one endpoint, and a table that it reads from end to end."""

    endpoint: str
    shape: int
    text: str
    call_site: str
    per_request: float
    mean_time: float
    table: str
    examined: int
    returned: float
    matches_known: bool  # False for an aggregate whose plan does not say how many rows it adds up
    plan: Plan
    advice: Index | Unhelpful


def full_scans(measures: Measures) -> Iterator[FullScan]:
    """Every full scan of a large table in a statement that matters, with what can be done about it; costliest statement first."""
    table = measures.statement_table
    database_time = float(table["total_time"].sum())
    of_shape = dict(table.group_by("shape").agg(pl.col("total_time").sum()).iter_rows())
    for row in table.iter_rows(named=True):
        plan = measures.plans.get(row["shape"])
        if plan is None or row["rows"] is None or of_shape[row["shape"]] < MIN_SHARE_OF_DATABASE * database_time:
            continue
        for scan in plan.scans:
            if scan.rows_in_table >= MIN_TABLE_ROWS:
                yield _judged(row, plan, scan)


def _judged(row: dict[str, Any], plan: Plan, scan: Scan) -> FullScan:
    matched = _expected_matches(plan, scan)
    returned = max(float(row["rows"]), matched or 0.0)
    return FullScan(
        endpoint=row["endpoint"],
        shape=row["shape"],
        text=row["text"],
        call_site=row["call_site"],
        per_request=float(row["per_request"]),
        mean_time=float(row["mean_time"]),
        table=scan.table,
        examined=scan.rows_in_table,
        returned=returned,
        matches_known=matched is not None or not _aggregates(row["text"]),
        plan=plan,
        advice=_advice(row["text"], plan, scan, returned),
    )


def _advice(text: str, plan: Plan, scan: Scan, returned: float) -> Index | Unhelpful:
    bound = _bound_columns(text)
    equalities = tuple(column for column in scan.equalities if scan.automatic or column in bound)
    ranges = tuple(column for column in scan.ranges if column in bound and column not in equalities)
    if not equalities and not ranges and _others_narrow(plan, scan, bound):
        equalities = scan.equalities  # columns of a join: the other table's rows can be looked up here
    if not equalities and not ranges and scan.unindexable:
        return Unhelpful("; ".join(scan.unindexable))
    if not equalities and not ranges and not scan.ordered:
        return Unhelpful(f"no condition on one of its columns narrows {scan.table} down")
    if returned * MIN_EXAMINED_PER_RETURNED > scan.rows_in_table:
        share = round(100 * min(1.0, returned / scan.rows_in_table))
        return Unhelpful(f"{share} % of the rows of {scan.table} are wanted")
    rest = ranges[:1] or tuple(column for column in scan.ordered if column not in equalities)
    return Index((*equalities, *rest)[:MAX_COLUMNS])


def _bound_columns(text: str) -> frozenset[str]:
    """Columns that are compared with a value, not with a column of another table."""
    tree = shapes.tree(text)
    if tree is None:
        return frozenset()
    names: set[str] = set()
    for comparison in tree.find_all(*COMPARISONS):
        sides = (comparison.this, comparison.args.get("expression"))
        columns = [side for side in sides if isinstance(side, exp.Column)]
        if len(columns) == 1:
            names.add(columns[0].name)
    return frozenset(names)


def _others_narrow(plan: Plan, scan: Scan, bound: frozenset[str]) -> bool:
    """Another table of the join is narrowed by a value, so that few of its rows have to be looked up in this one."""
    own = set(scan.columns)
    elsewhere = bound - own
    return len(plan.rows) > 1 and bool(elsewhere) and bool(scan.equalities)


def _aggregates(text: str) -> bool:
    """COUNT, SUM and the like return few rows of many: what they return says nothing of what matches."""
    tree = shapes.tree(text)
    return tree is None or any(tree.find_all(exp.AggFunc)) or tree.find(exp.Group, exp.Distinct) is not None


def _expected_matches(plan: Plan, scan: Scan) -> float | None:
    """How many rows PostgreSQL expects to pass the filter of its scan; SQLite does not say."""
    if plan.engine != "postgresql":
        return None
    try:
        waiting: list[Any] = [json.loads(plan.text)]
    except ValueError:
        return None
    while waiting:
        node = waiting.pop()
        if isinstance(node, list):
            waiting.extend(node)
        elif isinstance(node, dict):
            if node.get("Relation Name") == scan.table and "Plan Rows" in node:
                # A parallel scan tells the rows of one process; the leader and two workers are PostgreSQL's default.
                return float(node["Plan Rows"]) * (3 if node.get("Parallel Aware") else 1)
            waiting.extend(node.get(key) for key in ("Plan", "Plans") if key in node)
    return None
