"""How many requests are in the target at a time: by Little's law, and by what arriving requests met inside."""

from dataclasses import dataclass
from typing import Final

import numpy as np
import polars as pl

from perfkit.evidence import Missing
from perfkit.measures.frames import numbers
from perfkit.measures.lazy import Measures

# Issue 5 and research for capacity, 3.5 point 1.
APART: Final = 0.05
STANDARD_ERRORS: Final = 2.0


@dataclass(frozen=True, slots=True)
class InFlight:
    """`by_law` is rate times server time (Little, Operations Research 9, 1961); `by_gauge` is what arriving requests met inside.

    Poisson arrivals see time averages (Wolff, Operations Research 30, 1982).
    """

    by_law: float
    by_gauge: float | Missing
    error: float  # standard error of the gauge

    @property
    def disagree(self) -> bool:
        if isinstance(self.by_gauge, Missing):
            return False
        allowed = max(APART * self.by_law, STANDARD_ERRORS * self.error)
        return abs(self.by_gauge - self.by_law) > allowed


def in_flight(measures: Measures) -> InFlight | Missing:
    """Of the measure phase."""
    traces = measures.traces
    interval = measures.run.interval("measure")
    if traces.is_empty() or interval is None or not interval.duration:
        return measures.evidence.missing("traces") or Missing("no request was seen from inside")
    by_law = float(numbers(traces["wall_time"]).sum()) / interval.duration
    if not int(traces.select(pl.col("in_flight").max()).item()):
        why = "each process took one request at a time: who arrived met an empty one"
        return InFlight(by_law, Missing(why), 0.0)
    met = [numbers(part["in_flight"]) for (_,), part in traces.group_by("pid")]
    gauge = float(sum(one.mean() for one in met))
    error = float(np.sqrt(sum(one.var(ddof=1) / len(one) for one in met if len(one) > 1)))
    return InFlight(by_law, gauge, error)
