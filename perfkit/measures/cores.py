"""Who used how much of the machine while the load was measured: target, generator, profilers, perfkit itself, and others."""

from dataclasses import dataclass
from typing import Final

import polars as pl

from perfkit.evidence import Evidence, Missing, Phase

# A row of the host table is a second; a share needs two.
_LEAST_ROWS: Final = 2


@dataclass(frozen=True, slots=True)
class Usage:
    """Cores in use, in the mean: 1.5 is one and a half of them all the time."""

    target: float | Missing
    generator: float
    profilers: float
    perfkit: float
    others: float  # whatever else ran: databases that the target did not start, neighbours, the kernel
    cores: int  # of the machine

    def share(self, used: float) -> float:
        """Of the whole machine."""
        return used / self.cores


def usage(evidence: Evidence, phase: Phase = "measure") -> Usage | Missing:
    """From /proc, by process tree, over a phase; Missing when it was too short or nobody looked."""
    host, interval, cores = evidence.host, evidence.run.interval(phase), evidence.run.machine.get("cores")
    if isinstance(host, Missing):
        return host
    if interval is None:
        return Missing(f"the run has no {phase} phase")
    if not isinstance(cores, int) or cores < 1:
        return Missing("the number of cores is not on record")
    rows = host.filter(pl.col("at").is_between(interval.started_at, interval.finished_at)).sort("at")
    if rows.height < _LEAST_ROWS:
        return Missing(f"the {phase} phase was too short to see who used the processors")
    span = float(rows["at"][-1] - rows["at"][0])
    target = _grown(rows, "target_cpu", span)
    parts = [_grown(rows, f"{party}_cpu", span) for party in ("generator", "profiler", "perfkit")]
    generator, profilers, perfkit = (0.0 if part is None else part for part in parts)
    # `busy` is of the time since the row before, so that the first row is of a time before the span.
    later = rows[1:]
    weights = rows["at"].diff()[1:]
    busy = float((later["busy"] * weights).sum()) / span * cores
    others = busy - (target or 0.0) - generator - profilers - perfkit
    seen = Missing("perfkit did not start it, so it is among the others") if target is None else target
    return Usage(seen, generator, profilers, perfkit, max(others, 0.0), cores)


def _grown(rows: pl.DataFrame, column: str, span: float) -> float | None:
    known = rows[column].drop_nulls()
    return float(known[-1] - known[0]) / span if len(known) == rows.height else None
