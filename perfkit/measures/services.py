"""How busy a database or another service is, as seen from the target that asks it: nothing of theirs can be looked into.

The utilisation law (Denning and Buzen, 1978): rate x service time = places that are busy, in the mean. The service time is what
one call takes that is under way alone; what calls take longer than that, they wait for each other. How many places there are is
what calls that meet others show of it, else the number of busy ones, rounded, and that only where calls do wait: a service that
answers a crowd as fast as one has not shown where its limit is, and nothing is said of it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
import polars as pl

from perfkit.evidence import Evidence, Missing
from perfkit.measures import arrivals
from perfkit.measures.frames import Counts, Numbers, numbers
from perfkit.units import show_share

DATABASE: Final = "the database"
# So many calls that were alone give a median that a few slow ones do not move.
LEAST_ALONE: Final = 10
# Who comes while all places are taken waits for the first of them to be free: of two places a third of a call, of one half.
DELAYED: Final = 1.2
# Of a call's time, that is waiting for other calls: half a queue of one more. Below it, noise of the machine looks like a queue.
LEAST_QUEUEING: Final = 0.3
NOT_KNOWN: Final = Missing("its places are not known")


@dataclass(frozen=True, slots=True)
class Service:
    """What the measure phase asked of one service."""

    name: str
    rate: float  # calls per second
    time: float  # mean seconds of a call
    typical: float  # median seconds of a call
    alone: float | Missing  # of calls that nobody else disturbed, the median
    places: int | Missing  # calls that it works on at a time
    most: int  # calls under way at once, at most
    unwaited: float | Missing = NOT_KNOWN  # mean seconds of calls that found a place, if most did

    @property
    def under_way(self) -> float:
        """Calls at once, in the mean (Little's law)."""
        return self.rate * self.time

    @property
    def queueing(self) -> float | Missing:
        """Share of a call's time that it waits for others."""
        if isinstance(self.alone, Missing):
            return self.alone
        return max(1 - self.alone / self.typical, 0.0) if self.typical > 0 else 0.0

    @property
    def undisturbed(self) -> float | Missing:
        """Mean seconds of a call that need not wait; calls may differ a hundredfold by nature, so no median is it."""
        if not isinstance(self.unwaited, Missing):
            return self.unwaited
        queueing = self.queueing
        return queueing if isinstance(queueing, Missing) else self.time * (1 - queueing)

    @property
    def utilisation(self) -> float | Missing:
        queueing, undisturbed = self.queueing, self.undisturbed
        if isinstance(queueing, Missing):
            return queueing
        if isinstance(undisturbed, Missing):
            return undisturbed
        busy = self.rate * undisturbed
        if not isinstance(self.places, Missing):
            # Who is paced by something else may keep a service busy to the last and never wait for it.
            return min(busy / self.places, 1.0)
        if self.most == 1:
            kept = f"calls came one after another and kept it busy {show_share(busy)} of the time"
            return Missing(f"{kept}: whether it takes two at once is not seen")
        if queueing < LEAST_QUEUEING:
            return Missing("it answers many at once as fast as one: its limit was not met")
        return min(busy / max(round(busy), 1), 1.0)


def asked(evidence: Evidence, alone: Mapping[str, float] | None = None) -> tuple[Service, ...] | Missing:
    """Every service that the target called, the busiest first; `alone` are times from a run at lower load, where there is one."""
    interval = evidence.run.interval("measure")
    if interval is None:
        return Missing("the run has no measure phase")
    if isinstance(evidence.waits, Missing) and isinstance(evidence.statements, Missing):
        return evidence.waits
    found: list[Service] = []
    for name, calls in _calls(evidence).items():
        starts, times = numbers(calls["started_at"]), numbers(calls["wall_time"])
        within = (starts >= interval.started_at) & (starts < interval.finished_at)
        if not within.any():
            continue
        known = (alone or {}).get(name)
        undisturbed = known if known is not None else time_alone(starts, times)
        met = arrivals.met(starts, times)
        own = times[within]
        at_once = places(met, times, undisturbed)
        found.append(
            Service(
                name=name,
                rate=len(own) / interval.duration,
                time=float(own.mean()),
                typical=float(np.median(own)),
                alone=undisturbed,
                places=at_once,
                most=int(met[within].max()) + 1,
                unwaited=_unwaited(met[within], own, at_once),
            )
        )
    return tuple(sorted(found, key=lambda service: -service.under_way))


def times_alone(evidence: Evidence) -> dict[str, float]:
    """Per service, for a later run at higher load; without those that were hardly ever asked alone."""
    found = asked(evidence)
    services = () if isinstance(found, Missing) else found
    return {service.name: service.alone for service in services if not isinstance(service.alone, Missing)}


def time_alone(starts: Numbers, times: Numbers) -> float | Missing:
    """Median of the calls during which no other was under way."""
    order = np.argsort(starts, kind="stable")
    # Of millions of statements each column is 8 MB a million: none is made that is not needed.
    starts, ends = starts[order], (starts + times)[order]
    is_alone = np.ones(len(order), dtype=bool)
    is_alone[:-1] &= starts[1:] >= ends[:-1]
    is_alone[1:] &= starts[1:] >= np.maximum.accumulate(ends, out=ends)[:-1]
    undisturbed = times[order[is_alone]]
    if len(undisturbed) < LEAST_ALONE:
        return Missing(f"only {len(undisturbed)} calls were alone, so that nobody knows what one takes that need not wait")
    return float(np.median(undisturbed))


def places(met: Counts, times: Numbers, alone: float | Missing) -> int | Missing:
    """Calls that a service works on at a time: with so many others under way, who comes has to wait.

    Counted up from one other call, as long as there are enough calls that met so many: where the load is high from the first
    moment on, nobody knows what a second one would have met. Calls that something else paces come just as the one before them
    ends and meet it for a moment only; who stands in the queue tells their number then: of n others about n + 1/2 calls have to
    be done, by all places together, until one's own is.
    """
    if isinstance(alone, Missing):
        return alone
    counts = np.bincount(met, minlength=2)
    for number in range(1, len(counts)):
        if counts[number] < LEAST_ALONE:
            break
        if float(np.median(times[met == number])) > DELAYED * alone:
            queued = met >= number
            at_once = float(np.median((met[queued] + 0.5) * alone / times[queued]))
            return min(max(round(at_once), 1), number)
    return Missing(f"{int(met.max(initial=0)) + 1} calls at a time were too few to make one wait")


def _unwaited(met: Counts, times: Numbers, at_once: int | Missing) -> float | Missing:
    """Where most calls found a place their own mean says what one takes, whatever the few others had to wait for."""
    if isinstance(at_once, Missing):
        return at_once
    found_one = met < at_once
    if 2 * np.count_nonzero(found_one) < len(times):
        return Missing("most calls had to wait")
    return float(times[found_one].mean())


def _calls(evidence: Evidence) -> dict[str, pl.DataFrame]:
    """All phases: before the load is on, calls are alone."""
    found: dict[str, pl.DataFrame] = {}
    if not isinstance(evidence.waits, Missing):
        outbound = evidence.waits.filter(pl.col("kind") == "outbound")
        for (name,), calls in outbound.group_by(pl.col("name").cast(pl.String)):
            found[str(name)] = calls
    if not isinstance(evidence.statements, Missing) and evidence.statements.height:
        found[DATABASE] = evidence.statements
    return found
