"""How much of a processor each process of the target used while the load was measured."""

from dataclasses import dataclass
from typing import Final

import polars as pl

from perfkit.evidence import Evidence, Missing

_LEAST_ROWS: Final = 2  # a rate needs a difference


@dataclass(frozen=True, slots=True)
class Processor:
    """One process of the target, over the measure phase."""

    pid: int
    cpu: float  # cores in use, in the mean
    delay: float | Missing  # threads that were ready to run and had no core, in the mean


def per_process(evidence: Evidence) -> tuple[Processor, ...] | Missing:
    """Of those that lived through two looks at least; Missing when nobody looked, or too briefly."""
    table, interval = evidence.processes, evidence.run.interval("measure")
    if isinstance(table, Missing):
        return table
    if interval is None:
        return Missing("the run has no measure phase")
    within = table.filter(pl.col("at").is_between(interval.started_at, interval.finished_at)).sort("at")
    found = [_processor(rows) for _, rows in within.group_by("pid", maintain_order=True) if rows.height >= _LEAST_ROWS]
    return tuple(sorted(found, key=lambda one: -one.cpu)) or Missing(
        "the measure phase was too short to see who used the processors"
    )


def _processor(rows: pl.DataFrame) -> Processor:
    first, last = rows.row(0, named=True), rows.row(-1, named=True)
    span = last["at"] - first["at"]
    before, after = first["delay"], last["delay"]
    delay: float | Missing = Missing("this kernel does not count it")
    if before is not None and after is not None:
        # Threads that have ended take their delay with them, so that the sum may fall.
        delay = max((after - before) / span, 0.0)
    return Processor(int(first["pid"]), (last["cpu"] - first["cpu"]) / span, delay)
