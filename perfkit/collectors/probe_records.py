"""The probe's binary records as polars frames: millions of rows, never a Python step per row."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, TypeAlias

import numpy as np
import numpy.typing as npt
import polars as pl

from perfkit.collectors.probe_processes import Process, normalised
from perfkit.evidence import PHASES, Interval
from perfkit.probe import records
from perfkit.schemas import STATEMENTS, TRACES, WAITS

Array: TypeAlias = npt.NDArray[Any]

# struct and numpy name 8-byte integers alike ("q", "Q") and 4-byte ones too ("i", "I"), little-endian and packed.
REQUEST: Final = np.dtype([(name, f"<{code}") for name, code in records.REQUEST_FIELDS])
CALL: Final = np.dtype([(name, f"<{code}") for name, code in records.CALL_FIELDS])
# Room for 2^40 requests of one process; the process's number stands above, from 1, so that 0 stays "no request".
SEQUENCE_BITS: Final = 40
NANOSECOND: Final = 1e-9
OUTSIDE: Final = len(PHASES)  # row of "in no phase" in the phase table
PHASE_TABLE: Final = pl.Series([*PHASES, None], dtype=pl.Categorical())
KIND_TABLE: Final = pl.Series([*records.KINDS, "unknown"], dtype=pl.Categorical())


class Names:
    """All strings of all processes in one table, so that a column of strings is one gather."""

    def __init__(self) -> None:
        self.rows: dict[str, int] = {"": 0}

    def row(self, text: str) -> int:
        return self.rows.setdefault(text, len(self.rows))

    def lookup(self, process: Process, *, routes: bool = False) -> Array:
        """Row of each name id of a process; the last element stands for every id that was never written."""
        table: Array = np.zeros(max(process.names, default=0) + 2, dtype=np.uint32)
        for number, text in process.names.items():
            table[number] = self.row(normalised(text) if routes else text)
        return table

    def series(self) -> pl.Series:
        return pl.Series(list(self.rows), dtype=pl.Categorical())


@dataclass(frozen=True, slots=True)
class Clock:
    """From the target's nanoseconds to seconds of the run, and to its phases."""

    epoch: float  # CLOCK_MONOTONIC of the run's second 0
    intervals: tuple[Interval, ...]

    def seconds(self, nanoseconds: Array) -> Array:
        # Subtracted as integers: a float of nanoseconds since boot has lost the microseconds after a few months.
        result: Array = (nanoseconds - round(self.epoch / NANOSECOND)) * NANOSECOND
        return result

    def phases(self, started_at: Array) -> Array:
        """Row of PHASE_TABLE for each time."""
        rows: Array = np.full(len(started_at), OUTSIDE, dtype=np.uint32)
        for interval in self.intervals:
            inside = (started_at >= interval.started_at) & (started_at < interval.finished_at)
            rows[inside] = PHASES.index(interval.phase)
        return rows


@dataclass(frozen=True, slots=True)
class Part:
    """The records of one process, and how to read them."""

    process: Process
    number: int  # from 1
    requests: Array
    calls: Array
    names: Array  # row of each name id
    routes: Array


def load(processes: Sequence[Process], names: Names) -> tuple[Part, ...]:
    return tuple(
        Part(
            process,
            number,
            _records(process.stem.with_suffix(".requests"), REQUEST),
            _records(process.stem.with_suffix(".calls"), CALL),
            names.lookup(process),
            names.lookup(process, routes=True),
        )
        for number, process in enumerate(processes, 1)
    )


def traces(parts: Sequence[Part], texts: pl.Series, clock: Clock) -> pl.DataFrame:
    return _together([_traces(part, texts, clock) for part in parts], TRACES)


def statements(parts: Sequence[Part], texts: pl.Series, clock: Clock) -> pl.DataFrame:
    """`shape` is the row of its text in Names."""
    return _together([_statements(part, texts, clock) for part in parts], STATEMENTS)


def waits(parts: Sequence[Part], texts: pl.Series, clock: Clock) -> pl.DataFrame:
    return _together([_waits(part, texts, clock) for part in parts], WAITS)


def torn(processes: Sequence[Process]) -> int:
    """Files that end in the middle of a record."""
    kinds = ((".requests", REQUEST), (".calls", CALL))
    files = [(process.stem.with_suffix(suffix), kind.itemsize) for process in processes for suffix, kind in kinds]
    return sum(path.exists() and path.stat().st_size % size != 0 for path, size in files)


def _records(path: Path, kind: np.dtype[Any]) -> Array:
    # fromfile reads whole records only: what a killed process had half written is left out.
    return np.fromfile(path, dtype=kind) if path.exists() else np.empty(0, dtype=kind)


def _traces(part: Part, texts: pl.Series, clock: Clock) -> pl.DataFrame:
    rows = part.requests
    started_at = clock.seconds(rows["started"])
    flags = rows["flags"]
    return pl.DataFrame(
        {
            "trace": _trace(part.number, rows["sequence"]),
            "id": rows["id"],
            "pid": np.full(len(rows), part.process.pid, dtype=np.uint32),
            "thread": rows["thread"],
            "method": _texts(texts, part.names, rows["method"]),
            "route": _texts(texts, part.routes, rows["route"]),
            "step": _texts(texts, part.names, rows["step"]),
            "status": rows["status"],
            "phase": PHASE_TABLE.gather(pl.Series(clock.phases(started_at))),
            "profiled": (flags & records.PROFILED) != 0,
            "asynchronous": (flags & records.ASYNCHRONOUS) != 0,
            "raised": (flags & records.RAISED) != 0,
            "in_flight": rows["in_flight"],
            "statements": rows["statements"],
            "started_at": started_at,
            "wall_time": _time(rows["wall"]),
            "first_byte_time": _time(rows["first_byte"]),
            "cpu_time": _time(rows["cpu"]),
            "loop_time": _time(rows["loop"]),
            "max_step": _time(rows["max_step"]),
            "gc_time": _time(rows["gc"]),
            "bytes": rows["bytes"],
        }
    )


def _statements(part: Part, texts: pl.Series, clock: Clock) -> pl.DataFrame:
    rows = part.calls[part.calls["kind"] == records.STATEMENT]
    started_at = clock.seconds(rows["started"])
    return pl.DataFrame(
        {
            "trace": _trace(part.number, rows["request"]),
            "phase": _call_phases(part, rows, started_at, clock),
            "shape": _rows(part.names, rows["name"]),
            "call_site": _texts(texts, part.names, rows["site"]),
            "parameters": rows["parameters"],
            "result": rows["result"],
            "rows": rows["rows"],
            "failed": (rows["flags"] & records.CALL_FAILED) != 0,
            "in_transaction": (rows["flags"] & records.CALL_IN_TRANSACTION) != 0,
            "started_at": started_at,
            "wall_time": _time(rows["wall"]),
            "cpu_time": _time(rows["cpu"]),
        }
    )


def _waits(part: Part, texts: pl.Series, clock: Clock) -> pl.DataFrame:
    rows = part.calls[part.calls["kind"] != records.STATEMENT]
    started_at = clock.seconds(rows["started"])
    return pl.DataFrame(
        {
            "trace": _trace(part.number, rows["request"]),
            "phase": _call_phases(part, rows, started_at, clock),
            "kind": KIND_TABLE.gather(pl.Series(np.minimum(rows["kind"], len(records.KINDS)).astype(np.uint32))),
            "name": _texts(texts, part.names, rows["name"]),
            "call_site": _texts(texts, part.names, rows["site"]),
            "failed": (rows["flags"] & records.CALL_FAILED) != 0,
            "started_at": started_at,
            "wall_time": _time(rows["wall"]),
        }
    )


def _call_phases(part: Part, rows: Array, started_at: Array, clock: Clock) -> pl.Series:
    """The phase of the call's request, so that the two are never counted apart; its own where that has no record."""
    phases = clock.phases(started_at)
    if len(part.requests) and len(rows):
        order = np.argsort(part.requests["sequence"], kind="stable")
        sequences = part.requests["sequence"][order]
        of_requests = clock.phases(clock.seconds(part.requests["started"]))[order]
        place = np.minimum(np.searchsorted(sequences, rows["request"]), len(sequences) - 1)
        phases = np.where(sequences[place] == rows["request"], of_requests[place], phases)
    return PHASE_TABLE.gather(pl.Series(phases.astype(np.uint32)))


def _trace(number: int, sequences: Array) -> Array:
    found: Array = np.where(sequences == 0, np.uint64(0), np.uint64(number << SEQUENCE_BITS) + sequences.astype(np.uint64))
    return found


def _rows(lookup: Array, ids: Array) -> Array:
    found: Array = lookup[np.minimum(ids.astype(np.int64), len(lookup) - 1)]
    return found


def _texts(texts: pl.Series, lookup: Array, ids: Array) -> pl.Series:
    return texts.gather(pl.Series(_rows(lookup, ids)))


def _time(nanoseconds: Array) -> Array:
    seconds: Array = np.where(nanoseconds < 0, np.nan, nanoseconds * NANOSECOND)
    return seconds


def _together(frames: Sequence[pl.DataFrame], schema: pl.Schema) -> pl.DataFrame:
    filled = [frame for frame in frames if frame.height]
    return pl.concat(filled, rechunk=False).select(schema.names()) if filled else pl.DataFrame(schema=schema)
