"""One step of a search: a run on the target that is up, and what it says about its rate."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal, TypeAlias

import numpy as np
import polars as pl

from perfkit import validity
from perfkit.capacity.limits import Limit
from perfkit.evidence import Interval, Missing
from perfkit.measures.bottleneck import Bottlenecks
from perfkit.measures.frames import Counts, Numbers, numbers
from perfkit.measures.lazy import Measures
from perfkit.measures.limits import Limits
from perfkit.run.record import Recorded
from perfkit.scenario.model import Slo
from perfkit.scenario.objectives import ALL
from perfkit.slo import judge as slo
from perfkit.stats.load_factor import Watched
from perfkit.stats.quantiles import needed_for_interval, of_unordered
from perfkit.validity import Validity

State: TypeAlias = Literal["counted", "saturated", "failed", "void", "died", "interrupted"]
Kind: TypeAlias = Literal["low load", "step", "overload", "recovery", "soak"]

BLOCK: Final = 2.0  # seconds (research for capacity, 3.5 point 3)
# Offered and achieved are the same when they differ by less (issue 5), or by no more than what is in flight may vary.
KEEPS_UP: Final = 0.01
IN_FLIGHT_SDS: Final = 3.0
# So much of what was offered was not completed: no queue settles there, and how late requests were says how long the step was.
FAR_BEHIND: Final = 0.1
SHOWN: Final = (0.5, 0.95, 0.99)


@dataclass(frozen=True, slots=True)
class Reached:
    """A limit at one rate: the percentile that it bounds, and of how many requests."""

    limit: Limit
    value: float | None  # seconds; None without a request
    missed: float  # share
    requests: int

    @property
    def is_thin(self) -> bool:
        """Fewer requests than an interval of the percentile takes."""
        return self.requests < needed_for_interval(self.limit.share)


@dataclass(frozen=True, slots=True)
class Usage:
    """Processor cores in use, of so many; None where nobody counted."""

    target: float | None
    generator: float | None
    busy: float | None  # all of the machine
    cores: int

    @property
    def others(self) -> float | None:
        """Cores that neither the target nor the generator took, a database's or a neighbour's."""
        if self.target is None or self.generator is None or self.busy is None:
            return None
        return max(0.0, self.busy - self.target - self.generator)


@dataclass(frozen=True, slots=True, eq=False)
class Arrived:
    """When the requests of a step were due, those of its settling too, in this order: seconds from the first on."""

    at: Numbers
    names: tuple[str, ...]  # of endpoints
    endpoint: Counts  # of each request: place in `names`
    block: Counts  # of each request, -1 of one that is not judged: it was due while the step settled, or failed


@dataclass(frozen=True, slots=True, eq=False)
class Step:
    """Rates are of requests per second."""

    number: int
    kind: Kind
    folder: str  # beside capacity.json: a run directory
    wanted: float
    offered: float
    achieved: float
    state: State
    why: str  # it does not count
    response_times: tuple[float | None, ...]  # SHOWN
    reached: tuple[Reached, ...]
    missed_objectives: tuple[str, ...]
    error_share: float
    usage: Usage
    validity: Validity
    watched: Watched
    arrived: Arrived
    bottlenecks: Bottlenecks

    @property
    def counts(self) -> bool:
        """For the limit; also when the target fell a little behind (docs/decisions/0029)."""
        behind = self.offered - self.achieved
        return self.state == "counted" or (self.state == "saturated" and behind <= FAR_BEHIND * self.offered)

    @property
    def held(self) -> bool:
        """Every objective was met at a rate that the target kept up with."""
        return self.state == "counted" and not self.missed_objectives


def read(
    number: int,
    kind: Kind,
    wanted: float,
    recorded: Recorded,
    measures: Measures,
    limits: Sequence[Limit],
    by: Slo,
    alone: Mapping[str, float] | None = None,
) -> Step:
    """From what the run left behind; `alone` are the times of services when nobody else asks them."""
    interval = measures.run.interval("measure") or Interval("measure", 0.0, 0.0)
    total = measures.total
    offered, achieved = float(total["offered_rate"] or 0.0), float(total["achieved_rate"] or 0.0)
    fit = validity.judge(measures.evidence)
    verdict = slo.judge(by, measures.observed)
    missed = tuple(f"{one.endpoint}: {one.objective}" for one in verdict.objectives if one.state == "missed")
    ok = measures.samples.filter("ok")
    times = numbers(ok["response_time"])
    state, why = _state(recorded, fit, offered, achieved, interval.duration, times)
    unexplained = set(missed) - {limit.title for limit in _named(limits, measures)}
    if state == "counted" and unexplained:
        state, why = "failed", "; ".join(sorted(unexplained))
    requests = measures.samples.height
    return Step(
        number=number,
        kind=kind,
        folder=_folder(recorded.directory.path),
        wanted=wanted,
        offered=offered,
        achieved=achieved,
        state=state,
        why=why,
        response_times=tuple(None if np.isnan(one) else one for one in of_unordered(times, SHOWN)),
        reached=tuple(_reached(limit, measures) for limit in limits),
        missed_objectives=missed,
        error_share=1 - ok.height / requests if requests else 0.0,
        usage=usage(measures, interval),
        validity=fit,
        watched=watch(measures, interval, limits, offered),
        arrived=arrived(measures, interval),
        bottlenecks=Limits(measures.evidence, measures.breakdown, measures.endpoints, alone).bottlenecks,
    )


def _state(
    recorded: Recorded, fit: Validity, offered: float, achieved: float, lasted: float, times: Numbers
) -> tuple[State, str]:
    if recorded.run.state == "died":
        return "died", recorded.run.failure
    if recorded.run.state == "interrupted":
        return "interrupted", "it was interrupted"
    if recorded.run.state == "aborted":
        return "failed", recorded.run.failure
    if fit.state == "invalid":
        return "void", "; ".join(fit.reasons)
    if not lasted or not offered:
        return "void", "no request was due"
    due = offered * lasted
    # What is in flight at either end is about Poisson: a step of few requests cannot be held to one percent.
    in_flight = offered * (float(times.mean()) if len(times) else 0.0)
    allowed = max(KEEPS_UP * due, IN_FLIGHT_SDS * float(np.sqrt(2 * in_flight)), 1.0)
    if (offered - achieved) * lasted > allowed:
        return "saturated", f"{achieved:.4g} of {offered:.4g} requests per second were completed"
    return "counted", ""


def watch(measures: Measures, interval: Interval, limits: Sequence[Limit], offered: float) -> Watched:
    """Requests and misses of every limit, block by block."""
    blocks = _blocks(interval)
    requests, missed = np.zeros((blocks, len(limits))), np.zeros((blocks, len(limits)))
    for column, limit in enumerate(limits):
        rows = _rows(limit, measures)
        place = _block(numbers(rows["intended_at"]), interval)
        late = (numbers(rows["response_time"]) >= limit.bound).astype(np.float64)
        requests[:, column] = np.bincount(place, minlength=blocks)
        missed[:, column] = np.bincount(place, weights=late, minlength=blocks)
    return Watched(offered, requests, missed)


def arrived(measures: Measures, interval: Interval) -> Arrived:
    """Of the warm-up and the measure phase, whatever came of them: a request that failed was there too, and is not judged."""
    due = measures.all_samples.filter(pl.col("intended_at") < interval.finished_at).sort("intended_at")
    at = numbers(due["intended_at"])
    block = _block(at, interval)
    block[(at < interval.started_at) | ~due["ok"].to_numpy()] = -1
    names = due["endpoint"].unique().sort()
    endpoint = due["endpoint"].replace_strict(names, np.arange(len(names)), return_dtype=pl.Int64)
    return Arrived(at - at[0] if len(at) else at, tuple(names), endpoint.to_numpy(), block)


def _blocks(interval: Interval) -> int:
    return max(1, int(interval.duration / BLOCK + 1e-6))


def _block(at: Numbers, interval: Interval) -> Counts:
    """What is left at the end of the last whole block is in it."""
    found: Counts = ((at - interval.started_at) / BLOCK).astype(np.int64).clip(0, _blocks(interval) - 1)
    return found


def endpoint_of(limit: Limit, measures: Measures) -> str | None:
    """The endpoint's final name; None for all of them, and for one that had no request."""
    found = slo.find(limit.endpoint, measures.observed)
    return None if isinstance(found, Missing) else found[0]


def usage(measures: Measures, interval: Interval) -> Usage:
    """Over the measure phase; without a reading, nothing is claimed."""
    cores = int(measures.run.machine.get("cores") or 0)
    host = measures.evidence.host
    if isinstance(host, Missing):
        return Usage(None, None, None, cores)
    rows = host.filter(pl.col("at").is_between(interval.started_at, interval.finished_at)).sort("at")
    if rows.height < 2:  # noqa: PLR2004  a rate needs a difference
        return Usage(None, None, None, cores)
    lasted = float(rows["at"][-1] - rows["at"][0])

    def used(column: str) -> float | None:
        return None if rows[column].null_count() else float(rows[column][-1] - rows[column][0]) / lasted

    busy = float(numbers(rows["busy"][1:]).mean()) * cores
    return Usage(used("target_cpu"), used("generator_cpu"), busy, cores)


def _rows(limit: Limit, measures: Measures) -> pl.DataFrame:
    """Its successful requests."""
    ok = measures.samples.filter("ok").select("endpoint", "intended_at", "response_time")
    endpoint = endpoint_of(limit, measures)
    if endpoint is None:
        return ok.clear()
    return ok if endpoint == ALL else ok.filter(pl.col("endpoint") == endpoint)


def _reached(limit: Limit, measures: Measures) -> Reached:
    times = numbers(_rows(limit, measures)["response_time"])
    if not len(times):
        return Reached(limit, None, 0.0, 0)
    value = of_unordered(times, (limit.share,))[0]
    return Reached(limit, value, float((times >= limit.bound).mean()), len(times))


def _named(limits: Sequence[Limit], measures: Measures) -> list[Limit]:
    """Under the names that verdicts give their endpoints."""
    return [Limit(endpoint_of(one, measures) or one.endpoint, one.text, one.bound, one.allowed) for one in limits]


def _folder(path: Path) -> str:
    return f"{path.parent.name}/{path.name}"
