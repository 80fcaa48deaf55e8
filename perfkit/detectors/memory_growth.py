"""Memory that only this process can use grows with every request and does not come back.

What it looks for
    The lower envelope of each worker's private memory over the requests it served, first
    quarter dropped: it rises (Mann-Kendall, 1 %), by 3 MiB and 2 % at least (20 MiB in runs
    below five minutes; less in a worker that served less), does not slow down, and does so
    in two thirds of the workers.
Why it matters
    The process grows until it is killed, together with the requests that it is serving.
What to change
    Find what is kept per request: a module-level list or dict, a cache without a limit, a
    function cached by its arguments with maxsize=None, callbacks that are never removed.
What it cannot see
    Which object grows, growth below 20 MiB in a run below five minutes (3 MiB in longer
    ones), and a bounded cache that was still filling when the run ended.
"""

import math
from collections.abc import Iterator

import polars as pl

from perfkit.evidence import Caveat, Missing
from perfkit.finding import Exhibit, Family, Finding, Level, Rule, Skipped
from perfkit.measures.lazy import Measures
from perfkit.units import show_number, show_rate, show_size

RULE = Rule(
    id="memory-growth",
    title="Memory grows with every request",
    family=Family.MEMORY,
    needs=("memory", "traces"),
    fix="Put a bound on what is kept per request: a cache with a maximum size, or no module-level list or dict at all.",
)
WHOLE_SERVICE = "whole service"
GIBIBYTE = 1024**3
HOUR = 3600.0


def detect(measures: Measures) -> Iterator[Finding | Skipped]:
    growth = measures.growth
    if isinstance(growth, Missing):
        yield Skipped(RULE, growth.why)
        return
    if not measures.leak:
        return
    growing = [worker for worker in growth if worker.is_leak]
    per_request = sum(worker.per_request for worker in growing) / len(growing)
    rate = float(measures.samples.height / _duration(measures))
    # Every worker serves its part of the load, so that all together grow by this much a second whatever their number.
    per_second = per_request * rate
    message = (
        f"the memory of {len(growing)} of {len(growth)} workers grows by {show_size(1000 * per_request)} per 1,000 requests: "
        f"1 GiB more in {show_number(_rounded(GIBIBYTE / per_second / HOUR))} h at {show_rate(rate)}"
    )
    yield Finding(
        rule=RULE,
        where=WHOLE_SERVICE,
        level=Level.MEASURED,
        message=message,
        exhibits=(_workers(measures),),
        caveats=(Caveat("a cache that fills up later than this run lasted looks the same"),),
        fix=RULE.fix_for(measures.frameworks),
    )


def _duration(measures: Measures) -> float:
    interval = measures.run.interval("measure")
    return interval.duration if interval is not None and interval.duration > 0 else math.inf


def _rounded(hours: float) -> float:
    return float(f"{hours:.3g}")


def _workers(measures: Measures) -> Exhibit:
    growth = measures.growth
    assert not isinstance(growth, Missing)
    return Exhibit(
        "growth by worker",
        pl.DataFrame(
            [
                {
                    "pid": worker.pid,
                    "requests": worker.requests,
                    "baseline_bytes": worker.baseline,
                    "grown_bytes": worker.grown,
                    "per_request_bytes": worker.per_request,
                    "low_per_request_bytes": worker.low,
                    "high_per_request_bytes": worker.high,
                }
                for worker in growth
            ]
        ),
    )
