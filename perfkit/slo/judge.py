"""Objectives against what was measured: met, missed or inconclusive, never guessed.

The point estimate decides: of a percentile the observed value at its nearest rank among the successful requests, of `errors` the
share of all requests, of `queries` the median number of statements per traced request. Beside it stands a 95 % interval that
assumes no distribution: it says how far the figure can be trusted, it does not soften the verdict. With fewer requests than
`min_samples` an objective is inconclusive, whatever the figure.

An objective with a window (`p99 < 600ms for 10s`) is missed when it does not hold in any one of the windows of the measure phase.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias

from perfkit.evidence import Missing
from perfkit.scenario.objectives import ALL, Objective, Slo
from perfkit.slo import windows
from perfkit.slo.compare import COMPARE
from perfkit.slo.windows import Seconds
from perfkit.stats import quantiles
from perfkit.stats.proportions import NORMAL_95, wilson
from perfkit.stats.quantiles import Numbers

ObjectiveState: TypeAlias = Literal["met", "missed", "inconclusive", "not measured"]
VerdictState: TypeAlias = Literal["met", "missed", "inconclusive", "none"]


@dataclass(frozen=True, slots=True)
class Outcome:
    """One objective and what became of it; `measured` and `interval` are in the objective's own base unit."""

    endpoint: str
    objective: str  # as the scenario writes it
    state: ObjectiveState
    measured: float | None
    interval: tuple[float, float] | None
    why: str = ""


@dataclass(frozen=True, slots=True)
class Verdict:
    """All objectives of a run together."""

    state: VerdictState
    objectives: tuple[Outcome, ...]


@dataclass(frozen=True, slots=True)
class Seen:
    """What was measured of one endpoint, or of all of them; arrays ascend."""

    response_times: Numbers  # of successful requests
    requests: int
    errors: int
    statements: Numbers | Missing  # per traced request
    achieved_rate: float
    dropped: int | Missing


@dataclass(frozen=True, slots=True)
class Observed:
    """What was measured of a run, by final endpoint name; `names` leads from every other name to it."""

    all: Seen
    endpoints: Mapping[str, Seen]
    names: Mapping[str, str]
    # The measure phase second by second: only computed when an objective has a window.
    seconds: Callable[[], Seconds] = lambda: Seconds(0, 0, {})


@dataclass(frozen=True, slots=True)
class _Reading:
    """A figure with its interval, and the number of observations behind it."""

    value: float
    interval: tuple[float, float] | None
    count: int
    why: str = ""


def judge(slo: Slo, observed: Observed) -> Verdict:
    """Missed if any objective is missed; else inconclusive if any could not be told; else met."""
    seconds = observed.seconds() if slo.has_windows else None
    outcomes = tuple(
        _judge_one(key, objective, find(key, observed), slo.min_samples, seconds)
        for key, objectives in slo.objectives.items()
        for objective in objectives
    )
    states = {outcome.state for outcome in outcomes}
    if not outcomes:
        return Verdict("none", ())
    if "missed" in states:
        return Verdict("missed", outcomes)
    return Verdict("met" if states == {"met"} else "inconclusive", outcomes)


def find(key: str, observed: Observed) -> tuple[str, Seen] | Missing:
    """By the step's name, method and route template, or method and path as written (`${id}` or `{id}`)."""
    if key == ALL:
        return ALL, observed.all
    plain = key.replace("${", "{")
    name = observed.names.get(key) or observed.names.get(plain) or plain
    if name in observed.endpoints:
        return name, observed.endpoints[name]
    if name in observed.names.values():
        return Missing(f"{name} had no request in the measure phase")
    known = ", ".join(sorted(observed.endpoints)) or "none"
    return Missing(f"no endpoint is called {key!r} (there are: {known})")


def _judge_one(
    key: str, objective: Objective, found: tuple[str, Seen] | Missing, min_samples: int, seconds: Seconds | None
) -> Outcome:
    if isinstance(found, Missing):
        return Outcome(key, objective.text, "not measured", None, None, found.why)
    endpoint, seen = found
    if objective.window is not None:
        assert seconds is not None  # an objective has one
        return _judge_windows(endpoint, objective, seconds)
    reading = _read(objective.figure, seen)
    if isinstance(reading, Missing):
        return Outcome(endpoint, objective.text, "not measured", None, None, reading.why)
    if reading.count < min_samples:
        why = f"{reading.count} requests are fewer than min_samples ({min_samples})"
        return Outcome(endpoint, objective.text, "inconclusive", reading.value, reading.interval, why)
    holds = COMPARE[objective.comparison](reading.value, objective.bound)
    return Outcome(endpoint, objective.text, "met" if holds else "missed", reading.value, reading.interval, reading.why)


def _judge_windows(endpoint: str, objective: Objective, seconds: Seconds) -> Outcome:
    """By the worst of them; each holds as many requests as it takes, so that `min_samples` says nothing here."""
    found = windows.slide(objective, endpoint, seconds)
    if not found:
        why = f"no whole window of {objective.window} s holds the {windows.least(objective.figure)} requests that it takes"
        return Outcome(endpoint, objective.text, "inconclusive", None, None, why)
    worst = windows.worst(objective, found)
    missed = sum(not window.holds for window in found)
    count = len(found)
    why = (
        f"in the worst of {count} windows of {objective.window} s" if count > 1 else f"in the only window of {objective.window} s"
    )
    if not missed:
        return Outcome(endpoint, objective.text, "met", worst.value, None, why)
    return Outcome(endpoint, objective.text, "missed", worst.value, None, f"{why}; {missed} of {count} missed it")


def _read(figure: str, seen: Seen) -> _Reading | Missing:
    if figure == "errors":
        share = seen.errors / seen.requests if seen.requests else math.nan
        return _number(share, wilson(seen.errors, seen.requests), seen.requests)
    if figure == "rate":
        return _Reading(seen.achieved_rate, None, seen.requests)
    if figure == "dropped":
        return seen.dropped if isinstance(seen.dropped, Missing) else _Reading(float(seen.dropped), None, seen.requests)
    if figure == "queries":
        return seen.statements if isinstance(seen.statements, Missing) else _quantile(seen.statements, 0.5)
    times = seen.response_times
    if figure == "max":
        return _number(float(times[-1]) if len(times) else math.nan, None, len(times))
    if figure == "mean":
        return _mean(times)
    return _quantile(times, float(figure.removeprefix("p")) / 100)


def _quantile(ordered: Numbers, share: float) -> _Reading | Missing:
    interval = quantiles.interval(ordered, share)
    needed = quantiles.needed_for_interval(share)
    why = "" if interval else f"an interval for it takes {needed} requests"
    return _number(quantiles.nearest_rank(ordered, share), interval, len(ordered), why)


def _mean(times: Numbers) -> _Reading | Missing:
    count = len(times)
    if count < 2:  # noqa: PLR2004  a spread takes two
        return _number(float(times[0]) if count else math.nan, None, count)
    mean = float(times.mean())
    reach = NORMAL_95 * float(times.std(ddof=1)) / math.sqrt(count)
    return _Reading(mean, (max(mean - reach, 0.0), mean + reach), count)


def _number(value: float, interval: tuple[float, float] | None, count: int, why: str = "") -> _Reading | Missing:
    return Missing("no request to measure it on") if math.isnan(value) else _Reading(value, interval, count, why)
