"""What observing cost: CPU per request while profiling against CPU per request while measuring, and the probe's own."""

from typing import Final

import polars as pl

from perfkit.evidence import Missing, Phase
from perfkit.measures.lazy import Measures

MIN_REQUESTS: Final = 20


def cost(measures: Measures) -> dict[str, float]:
    """Shares and seconds, only those that could be measured: no key means not known."""
    figures: dict[str, float] = {}
    base, profiled = cpu_per_request(measures, "measure"), cpu_per_request(measures, "profile")
    if base is not None:
        figures["cpu_per_request"] = base
    if base is not None and profiled is not None and base > 0:
        figures["profile_cpu_ratio"] = profiled / base
    own = probe_cpu(measures)
    if own is not None:
        figures["probe_cpu_per_request"] = own
    return figures


def cpu_per_request(measures: Measures, phase: Phase) -> float | None:
    """CPU seconds of the whole target per finished request of the phase."""
    host, interval = measures.evidence.host, measures.run.interval(phase)
    if isinstance(host, Missing) or interval is None:
        return None
    # Of a target that perfkit did not start the host table knows no CPU.
    known = host.filter(pl.col("target_cpu").is_not_null())
    rows = known.filter(pl.col("at").is_between(interval.started_at, interval.finished_at))
    if len(rows) < 2:  # noqa: PLR2004 - a difference needs two rows
        return None
    first, last = rows.row(0, named=True), rows.row(-1, named=True)
    finished = int(measures.all_samples["finished_at"].is_between(first["at"], last["at"]).sum())
    return (last["target_cpu"] - first["target_cpu"]) / finished if finished >= MIN_REQUESTS else None


def probe_cpu(measures: Measures) -> float | None:
    """The probe's share of a mean request, from its own timing in the target's interpreter when it began to serve."""
    cost = measures.run.probe_cost
    if not {"request", "call"} <= cost.keys() or measures.traces.is_empty():
        return None
    return cost["request"] + cost["call"] * float(measures.traces["statements"].cast(pl.Float64).to_numpy().mean())
