"""How many requests are in the target at a time: by Little's law, and by what arriving ones met inside."""

from dataclasses import dataclass
from typing import Final

import numpy as np
import polars as pl

from perfkit.evidence import Missing
from perfkit.measures import arrivals
from perfkit.measures.frames import numbers, of_phase
from perfkit.measures.lazy import Measures

# Issue 5 and research for capacity, 3.5 point 1.
APART: Final = 0.05
STANDARD_ERRORS: Final = 2.0
FEWEST: Final = 2
# A flow's later steps come when the one before is answered, and never meet it.
FIRST: Final = "[1]"


@dataclass(frozen=True, slots=True)
class InFlight:
    """`by_law` is rate times server time (Little, Operations Research 9, 1961); `by_arrivals` is what arriving flows met inside.

    Poisson arrivals see time averages (Wolff, Operations Research 30, 1982); of all processes together, since a request goes to
    the one that has room.
    """

    by_law: float
    by_arrivals: float | Missing
    error: float  # standard error of what arriving ones met

    @property
    def disagree(self) -> bool:
        if isinstance(self.by_arrivals, Missing):
            return False
        allowed = max(APART * self.by_law, STANDARD_ERRORS * self.error)
        return abs(self.by_arrivals - self.by_law) > allowed


def in_flight(measures: Measures) -> InFlight | Missing:
    """Of the measure phase."""
    evidence = measures.evidence
    interval = measures.run.interval("measure")
    if isinstance(evidence.traces, Missing):
        return evidence.traces
    traces = of_phase(evidence.traces, "measure")
    if traces.is_empty() or interval is None or not interval.duration:
        return Missing("no request was seen from inside")
    times = numbers(traces["wall_time"])
    by_law = float(times.sum()) / interval.duration
    first = evidence.samples.filter(pl.col("step").cast(pl.String).str.ends_with(FIRST))["id"]
    met = arrivals.met(numbers(traces["started_at"]), times)[traces["id"].is_in(first.implode()).to_numpy()]
    if len(met) < FEWEST:
        return InFlight(by_law, Missing("no flow began that was seen from inside"), 0.0)
    return InFlight(by_law, float(met.mean()), float(met.std(ddof=1) / np.sqrt(len(met))))
