"""The database's own plans: which tables a statement reads as a whole, and by which columns it filtered them."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

import polars as pl

from perfkit.evidence import Table
from perfkit.measures import frames, predicates
from perfkit.measures.predicates import Predicates
from perfkit.schemas import PLANS

# "SCAN orders", "SCAN TABLE orders AS o" (before 3.36); covered by an index it is no scan of the table.
SORTS = re.compile(r"TEMP B-TREE FOR (?:LAST .* )?ORDER BY|\"Node Type\": \"(?:Incremental )?Sort\"")
SQLITE_SCAN: Final = re.compile(r"SCAN (?:TABLE )?(?P<name>\w+)(?: AS (?P<alias>\w+))?(?P<rest>.*)")
# An index that SQLite builds for one execution costs a whole reading of the table each time.
SQLITE_AUTOMATIC: Final = re.compile(r"SEARCH (?:TABLE )?(?P<name>\w+)(?: AS (?P<alias>\w+))? USING AUTOMATIC .*")
SQLITE_INDEX: Final = re.compile(r"USING (?:COVERING )?INDEX|VIRTUAL TABLE INDEX|USING INTEGER PRIMARY KEY")


@dataclass(frozen=True, slots=True)
class Scan:
    """A table that is read from end to end; the columns are those by which the statement narrows it down."""

    table: str
    rows_in_table: int  # 0 when unknown
    columns: tuple[str, ...]  # equalities first, then ranges
    equalities: tuple[str, ...] = ()
    ranges: tuple[str, ...] = ()
    ordered: tuple[str, ...] = ()  # of an ORDER BY with a LIMIT, where the plan has to sort for it
    unindexable: tuple[str, ...] = ()  # why no plain index would help: a leading wildcard, a function around the column
    automatic: bool = False  # SQLite builds an index for it at every execution


@dataclass(frozen=True, slots=True)
class Plan:
    """How the database answers one shape."""

    engine: str  # sqlite, postgresql
    text: str
    scans: tuple[Scan, ...]
    rows: Mapping[str, int]  # of every table that is known


def read(table: Table, shapes: pl.DataFrame) -> Mapping[int, Plan]:
    """One plan per shape: the last that was taken, when the database was warm."""
    statements = dict(shapes.select("shape", "text").iter_rows())
    plans: dict[int, Plan] = {}
    for shape, engine, text, sizes in frames.present(table, PLANS).select("shape", "engine", "plan", "tables").iter_rows():
        rows = _sizes(sizes)
        found = predicates.by_table(statements.get(shape, ""))
        reads = _sqlite_scans(text) if engine == "sqlite" else _postgres_scans(text)
        # A table that is read in the wanted order is left when LIMIT is reached: only a sort needs all of it.
        sorts = SORTS.search(text) is not None
        scans = tuple(_scan(name, automatic, found, rows, sorts=sorts) for name, automatic in reads)
        plans[shape] = Plan(engine, text, scans, rows)
    return plans


def _scan(name: str, automatic: bool, found: Mapping[str, Predicates], rows: Mapping[str, int], *, sorts: bool) -> Scan:
    """`name` is the alias that the plan knows, or the table itself."""
    narrowed = found.get(name.lower(), Predicates(name))
    return Scan(
        table=narrowed.table,
        rows_in_table=rows.get(narrowed.table, rows.get(name, 0)),
        columns=(*narrowed.equalities, *(column for column in narrowed.ranges if column not in narrowed.equalities)),
        equalities=narrowed.equalities,
        ranges=narrowed.ranges,
        ordered=narrowed.ordered if sorts else (),
        unindexable=narrowed.unindexable,
        automatic=automatic,
    )


def _sqlite_scans(text: str) -> Iterator[tuple[str, bool]]:
    for line in text.splitlines():
        step = line.strip(" |`-")
        scan = SQLITE_SCAN.fullmatch(step)
        if scan is not None and not SQLITE_INDEX.search(scan["rest"]) and scan["name"] != "CONSTANT":
            yield scan["alias"] or scan["name"], False
        automatic = SQLITE_AUTOMATIC.fullmatch(step)
        if automatic is not None:
            yield automatic["alias"] or automatic["name"], True


def _postgres_scans(text: str) -> Iterator[tuple[str, bool]]:
    """Of EXPLAIN (FORMAT JSON); a plan in another form has no scans that we could name."""
    try:
        document = json.loads(text)
    except ValueError:
        return
    waiting: list[Any] = [document]
    while waiting:
        node = waiting.pop(0)
        if isinstance(node, list):
            waiting.extend(node)
        elif isinstance(node, dict):
            if node.get("Node Type") in {"Seq Scan", "Parallel Seq Scan"}:
                yield str(node.get("Alias") or node.get("Relation Name") or ""), False
            waiting.extend(node.get(key) for key in ("Plan", "Plans") if key in node)


def _sizes(text: str | None) -> Mapping[str, int]:
    try:
        sizes = json.loads(text or "{}")
    except ValueError:
        return {}
    if not isinstance(sizes, dict):
        return {}
    return {str(name): int(count) for name, count in sizes.items() if isinstance(count, int | float) and count >= 0}
