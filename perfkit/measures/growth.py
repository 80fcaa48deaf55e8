"""Whether the memory of the workers grows with the requests they serve, and keeps growing.

Per worker, over the requests it served in warm-up and measure: the first quarter is dropped, the rest is cut into bins of equal
requests, and of each bin the 10th percentile is taken (the lower envelope: what stays after the collector ran). A rank test on
those says whether they rise, Theil-Sen by how much. How much is enough is asked of the worker that served most, and of the others
in proportion to what they served.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import polars as pl

from perfkit.evidence import Evidence, Interval, Missing
from perfkit.measures.frames import Numbers, numbers
from perfkit.stats.quantiles import nearest_rank
from perfkit.stats.trend import rises, theil_sen

# In a simulation of the whole test, flat memory, warm-ups and filling caches raised 0 % alarms; leaks were found in 98 to 100 %.
DROPPED_SHARE: Final = 0.25
BINS: Final = 12
ENVELOPE: Final = 0.10
ALPHA: Final = 0.01
SMALLEST_GROWTH: Final = 3 * 1024**2
SMALLEST_GROWTH_SHARE: Final = 0.02
# What healthy workers of the simulation gained while they warmed up, pools and caches together: in a run that is shorter than
# those took, no shape tells a leak from that, only more than that does.
WARM_UP_GROWTH: Final = 20 * 1024**2
LONG_WATCH: Final = 300.0
# Less than half the slope in the second half: it is settling (a cache that fills, a pool, imports).
DECELERATION: Final = 0.5
LEAKING_SHARE: Final = 2 / 3
FEWEST_REQUESTS: Final = 200
FEWEST_ROWS: Final = 24
# Pools, caches and allocator arenas of a healthy service were still filling after 20 s (docs/results/false-alarms.md).
SHORTEST: Final = 40.0
# With fewer filled bins the rank test cannot reach ALPHA with room for one exception.
FEWEST_BINS: Final = 8
# Private memory says most; proportional next; resident counts what is shared.
PREFERENCE: Final = ("uss", "pss", "rss")


@dataclass(frozen=True, slots=True)
class Growth:
    """One worker: bytes per request with a 95 % interval, and what the test needs to call it a leak."""

    pid: int
    per_request: float
    low: float
    high: float
    grown: float  # bytes over the window that was judged
    p_value: float  # of so much rising without a trend
    baseline: float  # bytes at the window's start
    decelerated: bool
    requests: int  # in the window
    watched: float  # seconds, from the first reading to the last
    column: str = "uss"  # which memory
    share: float = 1.0  # of the requests of the worker that served most

    @property
    def is_leak(self) -> bool:
        # What is kept per request grows with what a worker was given: two that share a socket may be served one to five.
        least = self.share * (SMALLEST_GROWTH if self.watched >= LONG_WATCH else WARM_UP_GROWTH)
        enough = self.grown >= max(least, SMALLEST_GROWTH_SHARE * self.baseline)
        return enough and self.p_value < ALPHA and self.per_request > 0 and not self.decelerated


def is_leak(growth: tuple[Growth, ...] | Missing) -> bool:
    """Two thirds of the workers that were served long enough leak."""
    if isinstance(growth, Missing) or not growth:
        return False
    leaking = sum(worker.is_leak for worker in growth)
    return leaking >= LEAKING_SHARE * len(growth) - 1e-9


def per_worker(evidence: Evidence) -> tuple[Growth, ...] | Missing:
    """The workers that served enough to be judged."""
    memory, traces = evidence.memory, evidence.traces
    if isinstance(memory, Missing):
        return memory
    if isinstance(traces, Missing):
        return Missing(f"requests per worker were not counted: {traces.why}")
    start, end = _window(evidence.run.interval("warm-up"), evidence.run.interval("measure"))
    rows = memory.filter(pl.col("serving") & pl.col("at").is_between(start, end)).sort("pid", "at")
    served = traces.select("pid", finished_at=pl.col("started_at") + pl.col("wall_time"))
    found = tuple(_judge_workers(rows, served))
    if not found:
        return Missing(
            f"too short to tell growth from settling: it takes {FEWEST_REQUESTS} requests, "
            f"{FEWEST_ROWS} readings and {SHORTEST:g} s of a worker"
        )
    most = max(worker.requests for worker in found)
    return tuple(replace(worker, share=worker.requests / most) for worker in found)


def _window(warm_up: Interval | None, measure: Interval | None) -> tuple[float, float]:
    start = warm_up or measure
    return (start.started_at if start else -math.inf, measure.finished_at if measure else math.inf)


def _judge_workers(rows: pl.DataFrame, served: pl.DataFrame) -> Iterator[Growth]:
    for (pid,), readings in rows.partition_by("pid", as_dict=True, maintain_order=True).items():
        watched = float(readings["at"][-1] - readings["at"][0])
        if readings.height < FEWEST_ROWS or watched < SHORTEST:
            continue
        column = next(name for name in PREFERENCE if name == "rss" or bool((readings[name] > 0).all()))
        finished = served.filter(pl.col("pid") == pid)["finished_at"].to_numpy()
        at = readings["at"].to_numpy()
        requests = _served_until(at, finished)
        if requests[-1] - requests[0] < FEWEST_REQUESTS:
            continue
        growth = _judge(int(pid), column, requests - requests[0], numbers(readings[column]), watched)
        if growth is not None:
            yield growth


def _served_until(at: Numbers, finished: Numbers) -> Numbers:
    """How many requests had finished at each of the ascending readings: the few are sorted, the many are not."""
    first_reading = np.searchsorted(at, finished, side="left")
    return np.cumsum(np.bincount(first_reading, minlength=len(at) + 1))[: len(at)].astype(np.float64)


def _judge(pid: int, column: str, requests: Numbers, sizes: Numbers, watched: float) -> Growth | None:
    xs, ys = _envelope(requests, sizes)
    if len(xs) < FEWEST_BINS:
        return None
    slope = theil_sen(xs, ys)
    half = len(xs) // 2
    first, second = theil_sen(xs[:half], ys[:half]).slope, theil_sen(xs[-half:], ys[-half:]).slope
    span = float(requests[-1] * (1 - DROPPED_SHARE))
    return Growth(
        pid=pid,
        per_request=slope.slope,
        low=slope.low,
        high=slope.high,
        grown=slope.slope * span,
        p_value=rises(ys),
        baseline=float(ys[0]),
        decelerated=second < DECELERATION * first,
        requests=round(span),
        watched=watched,
        column=column,
    )


def _envelope(requests: Numbers, sizes: Numbers) -> tuple[Numbers, Numbers]:
    """Per bin of equal requests its middle and its low size; bins without a reading are left out."""
    edges = np.linspace(requests[-1] * DROPPED_SHARE, requests[-1], BINS + 1)
    bins = np.digitize(requests, edges[1:-1])
    kept = requests >= edges[0]
    filled = [chosen for i in range(BINS) if (chosen := kept & (bins == i)).any()]
    xs = np.array([requests[chosen].mean() for chosen in filled])
    ys = np.array([nearest_rank(np.sort(sizes[chosen]), ENVELOPE) for chosen in filled])
    return xs, ys
