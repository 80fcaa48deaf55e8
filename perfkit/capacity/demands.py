"""What one request takes of each resource, and how many of it there are: read from a run at low load and from a crowd."""

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import polars as pl

from perfkit.capacity.step import Usage
from perfkit.evidence import Missing
from perfkit.measures.frames import Numbers, numbers
from perfkit.measures.lazy import Measures

# A crowd in which nearly everybody is worked on at once has met no limit of places.
UNLIMITED_FROM: Final = 0.9
# Places are the limit when the crowd had them full most of the time.
FULL_FROM: Final = 0.8
# Concurrency that a few requests reach for a moment is an overlap of clock readings more often than a place.
PEAK_SHARE: Final = 0.999
FEWEST: Final = 30  # requests of a crowd that say anything


@dataclass(frozen=True, slots=True, eq=False)
class Demands:
    """A row per request of the low-load run that was seen from inside; seconds."""

    endpoints: tuple[str, ...]
    endpoint: npt.NDArray[np.intp]  # of each row: place in `endpoints`
    wall: Numbers
    cpu: Numbers  # the processor's, of the request itself
    database: Numbers
    pool_wait: Numbers
    outbound: Numbers
    lock: Numbers
    beside: float  # CPU of the target per request that no request accounts for: accepting, parsing, logging
    outside: Numbers  # per endpoint: what the client waits for and the target does not see
    is_asynchronous: bool

    def __len__(self) -> int:
        return len(self.wall)

    @property
    def processor(self) -> float:
        """Mean CPU time per request, with what is beside it."""
        return float(self.cpu.mean()) + self.beside


@dataclass(frozen=True, slots=True)
class Crowd:
    """What many requests at once showed."""

    users: int
    completed: float  # requests per second
    places: int  # requests that were worked on at a time at most; 0: as many as there were
    requests: int


def demands(measures: Measures, usage: Usage) -> Demands | Missing:
    """Of the measure phase."""
    traces = measures.traces
    if traces.is_empty():
        missing = measures.evidence.missing("traces")
        return missing or Missing("no request was seen from inside")
    wall = numbers(traces["wall_time"])
    is_asynchronous = bool(traces["asynchronous"].any())
    cpu = np.nan_to_num(numbers(traces["loop_time" if is_asynchronous else "cpu_time"]))
    cpu = np.clip(cpu, 0.0, wall)
    names = tuple(measures.endpoints["endpoint"].to_list())
    place = (
        traces["endpoint"]
        .cast(pl.String)
        .replace_strict({name: i for i, name in enumerate(names)}, default=0, return_dtype=pl.Int64)
    )
    return Demands(
        endpoints=names,
        endpoint=place.to_numpy().astype(np.intp),
        wall=wall,
        cpu=cpu,
        database=numbers(traces["database_time"]),
        pool_wait=numbers(traces["pool_wait_time"] + traces["thread_pool_time"]),
        outbound=numbers(traces["outbound_time"]),
        lock=numbers(traces["lock_time"]),
        beside=_beside(measures, usage, float(cpu.mean())),
        outside=_outside(measures),
        is_asynchronous=is_asynchronous,
    )


def from_outside(measures: Measures) -> Demands:
    """Where nothing was seen from inside: what the client saw, as waiting for something."""
    ok = measures.samples.filter("ok")
    names = tuple(measures.endpoints["endpoint"].to_list())
    wall = numbers(ok["service_time"])
    nothing = np.zeros_like(wall)
    place = np.array([names.index(name) for name in ok["endpoint"].to_list()], dtype=np.intp)
    return Demands(
        names, place, wall, nothing, nothing, nothing, nothing, nothing, 0.0, np.zeros(len(names)), is_asynchronous=False
    )


def crowd(measures: Measures, users: int) -> Crowd | Missing:
    """How many were inside at once, and how fast they came out."""
    traces = measures.traces
    interval = measures.run.interval("measure")
    if interval is None or measures.samples.height < FEWEST:
        return Missing(f"{measures.samples.height} requests of a crowd are too few to count how many are worked on at once")
    completed = float(measures.total["achieved_rate"] or 0.0)
    if traces.height < FEWEST:
        return Crowd(users, completed, 0, measures.samples.height)
    starts = numbers(traces["started_at"])
    ends = starts + numbers(traces["wall_time"])
    times = np.concatenate([starts, ends])
    steps = np.concatenate([np.ones(len(starts)), -np.ones(len(ends))])
    order = np.argsort(times, kind="stable")
    inside, spans = np.cumsum(steps[order])[:-1], np.diff(times[order])
    peak = _weighted_quantile(inside, spans, PEAK_SHARE)
    mean = float(inside @ spans / spans.sum())
    is_limited = peak < UNLIMITED_FROM * users and mean >= FULL_FROM * peak
    return Crowd(users, completed, round(peak) if is_limited else 0, measures.samples.height)


def _weighted_quantile(values: Numbers, weights: Numbers, share: float) -> float:
    order = np.argsort(values)
    passed = np.cumsum(weights[order])
    return float(values[order][min(len(values) - 1, int(np.searchsorted(passed, share * passed[-1])))])


def _beside(measures: Measures, usage: Usage, inside: float) -> float:
    rate = float(measures.total["achieved_rate"] or 0.0)
    return max(0.0, usage.target / rate - inside) if usage.target is not None and rate else 0.0


def _outside(measures: Measures) -> Numbers:
    """Typical requests against each other: a mean would be the one slow answer's."""
    table = measures.endpoints.select(outside=pl.col("service_p50") - pl.col("server_p50"))
    return np.maximum(np.nan_to_num(numbers(table["outside"])), 0.0)
