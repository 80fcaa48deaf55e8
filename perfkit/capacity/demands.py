"""What one request takes of each resource when it need not wait: from one user alone, and from a run at low load."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import numpy.typing as npt
import polars as pl

from perfkit.capacity import shared as sharing
from perfkit.capacity.shared import Shared, Slots
from perfkit.capacity.step import Usage
from perfkit.evidence import Missing
from perfkit.measures.frames import Numbers, numbers
from perfkit.measures.lazy import Measures

FEWEST: Final = 10  # requests alone, of an endpoint whose time they tell


@dataclass(frozen=True, slots=True, eq=False)
class Demands:
    """A row per request of the low-load run that was seen from inside; seconds, without any waiting for each other."""

    endpoints: tuple[str, ...]
    endpoint: npt.NDArray[np.intp]  # of each row: place in `endpoints`
    cpu: Numbers  # the processor's, of the request itself
    rest: Numbers  # neither that nor anything shared: timers, and services that answer many at once
    shared: tuple[Shared, ...]
    slots: Slots | Missing
    beside: float  # CPU of the target per request that no request accounts for: accepting, parsing, logging
    processor: float  # all CPU per request, with that
    outside: Numbers  # per endpoint: what the client waits for and the target does not see
    is_asynchronous: bool

    def __len__(self) -> int:
        return len(self.cpu)

    @property
    def wall(self) -> Numbers:
        """In the target."""
        total: Numbers = self.cpu + self.rest + sum((one.times for one in self.shared), np.zeros_like(self.cpu))
        return total


@dataclass(frozen=True, slots=True)
class Alone:
    """What one virtual user without pauses saw: nobody else was there to wait for."""

    response_time: float  # mean seconds
    requests: int


def alone(measures: Measures) -> Alone | Missing:
    ok = measures.samples.filter("ok")
    if ok.height < FEWEST:
        return Missing(f"{ok.height} requests of one user alone succeeded: too few to know what one takes")
    return Alone(float(numbers(ok["service_time"]).mean()), ok.height)


def demands(measures: Measures, usage: Usage, undisturbed: Measures, processors: int) -> Demands | Missing:
    """Of the measure phase of the low-load run; `undisturbed` is that of one user alone, computing is done on `processors`."""
    traces = measures.traces
    if traces.is_empty():
        missing = measures.evidence.missing("traces")
        return missing or Missing("no request was seen from inside")
    wall = numbers(traces["wall_time"])
    is_asynchronous = bool(traces["asynchronous"].any())
    cpu = np.clip(np.nan_to_num(numbers(traces["loop_time" if is_asynchronous else "cpu_time"])), 0.0, wall)
    shared = sharing.of(measures, undisturbed)
    waited = sum(np.nan_to_num(numbers(traces[name])) for name in ("pool_wait_time", "thread_pool_time", "lock_time"))
    rest = np.maximum(wall - cpu - waited - sum((one.seen for one in shared), np.zeros_like(wall)), 0.0)
    # What is left may still have waiting in it that nobody recorded, for the processor or the interpreter's lock.
    expected = _expected(measures, undisturbed) - float(cpu.mean()) - sum(float(one.times.mean()) for one in shared)
    if rest.any():
        rest = rest * min(max(expected / float(rest.mean()), 0.0), 1.0)
    beside = _beside(measures, usage, float(cpu.mean()))
    names = tuple(measures.endpoints["endpoint"].to_list())
    found = Demands(
        endpoints=names,
        endpoint=_places(traces, names),
        cpu=cpu,
        rest=rest,
        shared=shared,
        slots=sharing.slots(measures),
        beside=beside,
        processor=float(cpu.mean()) + beside,
        outside=_outside(measures),
        is_asynchronous=is_asynchronous,
    )
    return _within(found, -expected, processors)


def from_outside(measures: Measures) -> Demands:
    """Where nothing was seen from inside: what the client saw, as waiting for something."""
    ok = measures.samples.filter("ok")
    names = tuple(measures.endpoints["endpoint"].to_list())
    wall = numbers(ok["service_time"])
    place = np.array([names.index(name) for name in ok["endpoint"].to_list()], dtype=np.intp)
    unseen = Missing("nothing was seen from inside")
    return Demands(names, place, np.zeros_like(wall), wall, (), unseen, 0.0, 0.0, np.zeros(len(names)), is_asynchronous=False)


def _expected(measures: Measures, undisturbed: Measures) -> float:
    """Mean time in the target of the requests of `measures`, had each been alone."""
    seen = measures.traces.group_by("endpoint").agg(pl.len().alias("requests"), wall=pl.col("wall_time").mean())
    single = undisturbed.traces.group_by("endpoint").agg(pl.len().alias("single"), alone=pl.col("wall_time").mean())
    both = seen.join(single, on="endpoint", how="left")
    known = pl.when(pl.col("single").fill_null(0) >= FEWEST).then(pl.min_horizontal("alone", "wall")).otherwise("wall")
    table = both.select("requests", time=known)
    return float(np.average(numbers(table["time"]), weights=numbers(table["requests"])))


def _within(found: Demands, excess: float, processors: int) -> Demands:
    """Who computes with a lock in his hands is counted once: at whichever of the two gives out first."""
    if excess <= 0:
        return found
    parts: Sequence[Shared] = sorted(found.shared, key=lambda one: float(one.times.mean()) / one.servers)
    for one in parts:
        mean = float(one.times.mean())
        is_busier = mean / one.servers > float(found.cpu.mean()) / processors
        taken = min(excess, float(found.cpu.mean()) if is_busier else mean)
        if is_busier:
            found = replace(found, cpu=found.cpu * (1 - taken / float(found.cpu.mean())))
        else:
            less = replace(one, times=one.times * (1 - taken / mean))
            found = replace(found, shared=tuple(less if other is one else other for other in found.shared))
        excess -= taken
        if excess <= 0:
            break
    return found


def _places(traces: pl.DataFrame, names: tuple[str, ...]) -> npt.NDArray[np.intp]:
    order = {name: place for place, name in enumerate(names)}
    found = traces["endpoint"].cast(pl.String).replace_strict(order, default=0, return_dtype=pl.Int64)
    return found.to_numpy().astype(np.intp)


def _beside(measures: Measures, usage: Usage, inside: float) -> float:
    rate = float(measures.total["achieved_rate"] or 0.0)
    return max(0.0, usage.target / rate - inside) if usage.target is not None and rate else 0.0


def _outside(measures: Measures) -> Numbers:
    """Typical requests against each other: a mean would be the one slow answer's."""
    table = measures.endpoints.select(outside=pl.col("service_p50") - pl.col("server_p50"))
    return np.maximum(np.nan_to_num(numbers(table["outside"])), 0.0)
