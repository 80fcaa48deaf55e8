"""What requests called while they were served: statements and waits, each with its request, and their sums per request."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import polars as pl

from perfkit.evidence import Evidence, Missing
from perfkit.measures import frames
from perfkit.measures.frames import Counts, Gathered, Numbers, Owners, Rows
from perfkit.schemas import STATEMENTS, TRACES, WAITS

# kind of a wait → (column of its time, column of its count)
WAIT_COLUMNS = {
    "connect": ("connect_time", "connections_opened"),
    "pool_wait": ("pool_wait_time", "pool_waits"),
    "outbound": ("outbound_time", "outbound_calls"),
    "lock": ("lock_time", None),
    "thread_pool": ("thread_pool_time", None),
}


# Columns of schemas.TRACES that stay in the evidence: what the endpoint and the phase say already, and what no rule reads. A copy
# of them, by endpoint, would be half of the memory that the traces take; a rule that needs one strikes it off here.
LEFT_BEHIND = ("id", "thread", "method", "route", "step", "phase", "profiled", "first_byte_time", "max_step", "gc_time", "bytes")


@dataclass(frozen=True, slots=True)
class Recorded:
    """Calls of one kind where they were recorded, in the order of their owners: a copy in that order is made of parts only."""

    table: pl.DataFrame
    rows: Rows  # of `table`
    numbers: Owners  # of the trace of each, counted from `first`; ascending
    first: int = 0

    @property
    def owners(self) -> Owners:
        """Row of the trace of each."""
        return self.numbers - np.int32(self.first) if self.first else self.numbers

    def taken(self, *columns: str) -> pl.DataFrame:
        """These columns (all of them by default) in order."""
        return (self.table.select(columns) if columns else self.table)[self.rows]

    def of(self, first: int, end: int) -> "Recorded":
        """The calls of the traces from `first` on, before `end`; owners count from `first`."""
        start, stop = np.searchsorted(self.numbers, [self.first + first, self.first + end]).tolist()
        return Recorded(self.table, self.rows[start:stop], self.numbers[start:stop], self.first + first)

    def where(self, chosen: pl.Series) -> "Recorded":
        """Those whose row of `table` is chosen."""
        kept = chosen.to_numpy()[self.rows]
        return Recorded(self.table, self.rows[kept], self.numbers[kept], self.first)


@dataclass(frozen=True, slots=True)
class Calls:
    """Traces of one phase, sorted by endpoint, and what they called."""

    traces: pl.DataFrame
    statements: Recorded
    waits: Recorded
    shapes: pl.DataFrame

    def by_endpoint(self) -> Iterator[tuple[str, "Calls"]]:
        """The same per endpoint, sharing the memory."""
        start = 0
        for endpoint, traces in frames.slices(self.traces).items():
            end = start + traces.height
            yield endpoint, Calls(traces, self.statements.of(start, end), self.waits.of(start, end), self.shapes)
            start = end

    def statement_frame(self) -> pl.DataFrame:
        """The statements with their endpoint and what their shape says."""
        return _placed(self.statements, self.traces).join(self.shapes, on="shape", how="left", maintain_order="left")

    def wait_frame(self) -> pl.DataFrame:
        """The waits with their endpoint."""
        return _placed(self.waits, self.traces)

    def statements_by_endpoint(self) -> Gathered:
        return Gathered({endpoint: own.statement_frame for endpoint, own in self.by_endpoint() if len(own.statements.rows)})

    def waits_by_endpoint(self) -> Gathered:
        return Gathered({endpoint: own.wait_frame for endpoint, own in self.by_endpoint() if len(own.waits.rows)})

    def of_shapes(self, shapes: pl.Series) -> "Calls":
        """The same with the statements of these shapes only."""
        chosen = self.statements.where(self.statements.table["shape"].is_in(shapes.implode()))
        return Calls(self.traces, chosen, self.waits, self.shapes)


def join(evidence: Evidence, members: pl.DataFrame, shapes: pl.DataFrame) -> Calls:
    """The calls of the traces in `members` (position in evidence.traces, endpoint, sent_at; sorted by endpoint)."""
    recorded = frames.present(evidence.traces, TRACES).drop(LEFT_BEHIND)
    traces = recorded[members["position"]].with_columns(members["endpoint"], members["sent_at"])
    statements = _owned(frames.present(evidence.statements, STATEMENTS), traces)
    waits = _owned(frames.present(evidence.waits, WAITS), traces)
    sums = (*_statement_sums(statements, traces, known=not isinstance(evidence.statements, Missing)), *_wait_sums(waits, traces))
    return Calls(traces.with_columns(sums), statements, waits, shapes)


def _placed(calls: Recorded, traces: pl.DataFrame) -> pl.DataFrame:
    return calls.taken().with_columns(traces["endpoint"][calls.owners].alias("endpoint"))


def _owned(table: pl.DataFrame, traces: pl.DataFrame) -> Recorded:
    """The calls of these traces in the order of the traces; within a request in the order in which they were recorded."""
    return Recorded(table, *frames.by_owner(frames.positions(table["trace"], traces["trace"])))


def _statement_sums(statements: Recorded, traces: pl.DataFrame, *, known: bool) -> Iterator[pl.Expr | pl.Series]:
    walls = frames.numbers(statements.taken("wall_time")["wall_time"])
    yield pl.Series("database_time", sum_by(statements.owners, walls, traces.height))
    counts = count_by(statements.owners, traces.height)
    yield pl.Series("statement_count", counts) if known else traces["statements"].cast(pl.Int64).alias("statement_count")


def _wait_sums(waits: Recorded, traces: pl.DataFrame) -> Iterator[pl.Expr | pl.Series]:
    taken = waits.taken("kind", "wall_time")
    kinds, walls = taken["kind"].cast(pl.String), frames.numbers(taken["wall_time"])
    for kind, (time_column, count_column) in WAIT_COLUMNS.items():
        of_kind = (kinds == kind).fill_null(value=False).to_numpy()
        owners = waits.owners[of_kind]
        # Most targets have waits of a few kinds only: a literal stands for a column of zeros and takes no memory.
        none = not len(owners)
        yield pl.lit(0.0).alias(time_column) if none else pl.Series(time_column, sum_by(owners, walls[of_kind], traces.height))
        if count_column is not None:
            no_count = pl.lit(0, dtype=pl.Int64).alias(count_column)
            yield no_count if none else pl.Series(count_column, count_by(owners, traces.height))


def sum_by(owners: Owners, values: Numbers, height: int) -> Numbers:
    """The sum of the values per owner, 0 for owners without any."""
    return np.bincount(owners, weights=values, minlength=height).astype(np.float64, copy=False)


def count_by(owners: Owners, height: int) -> Counts:
    return np.bincount(owners, minlength=height).astype(np.int64, copy=False)
