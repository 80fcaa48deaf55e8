"""Past the limit: does the target still do good work, does it refuse what it cannot do, and does it recover."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from perfkit.capacity import load
from perfkit.capacity.driven import SETTLING, Driven
from perfkit.capacity.limits import Limit
from perfkit.capacity.step import endpoint_of
from perfkit.evidence import Missing
from perfkit.measures.frames import numbers
from perfkit.measures.lazy import Measures
from perfkit.scenario.model import Scenario
from perfkit.scenario.objectives import ALL

# Far enough beyond the limit that no doubt about the limit matters, near enough that it is a bad day and no attack.
BEYOND: Final = 1.5
LASTING: Final = 10.0
# Afterwards, at a rate that it holds easily: back to normal within so many seconds, or it is said (issue 5).
CALM: Final = 0.5
RECOVERY: Final = 30.0
# Recovered from the first second on, of which in the next seconds no more miss than this many times what is allowed.
STEADY: Final = 3
LENIENCE: Final = 2.0
GOOD_SHARE: Final = 0.8  # goodput that holds: of what it is at the limit


@dataclass(frozen=True, slots=True)
class Overload:
    """Rates are of requests per second; good are successful requests that meet every limit of theirs."""

    rate: float
    completed: float
    good: float
    refused: float  # share that failed
    recovered_after: float | None  # seconds; None: not within RECOVERY
    reference: float  # the limit

    @property
    def holds(self) -> bool:
        return self.good >= GOOD_SHARE * self.reference


def overload(driven: Driven, limit: float, highest: float) -> Overload | Missing:
    """One run: too much, then half of what it can take."""
    rate = min(BEYOND * limit, highest)
    if rate < 1.1 * limit:
        return Missing("the generator cannot honestly make so much more than the limit")
    _, measures = driven.run("overload", _scenario(driven.scenario, rate, CALM * limit, driven.runs + 1))
    return read(measures, driven.limits, limit)


def read(measures: Measures, limits: tuple[Limit, ...], limit: float) -> Overload | Missing:
    """From the run's samples, by the second in which a request was due."""
    interval = measures.run.interval("measure")
    if interval is None or measures.samples.is_empty():
        return Missing("no request was due")
    samples = measures.samples
    due = numbers(samples["intended_at"]) - interval.started_at
    ended = numbers(samples["finished_at"]) - interval.started_at
    ok = samples["ok"].to_numpy()
    late = _late(measures, limits)
    during = (due < LASTING) & (due >= SETTLING)
    lasted = LASTING - SETTLING
    within = ok & (ended < LASTING) & (ended >= SETTLING)
    return Overload(
        rate=float(during.sum()) / lasted,
        completed=float(within.sum()) / lasted,
        good=float((during & ok & ~late).sum()) / lasted,
        refused=float((during & ~ok).sum()) / max(1, int(during.sum())),
        recovered_after=_recovered_after(due[due >= LASTING] - LASTING, (late | ~ok)[due >= LASTING], limits),
        reference=limit,
    )


def _late(measures: Measures, limits: tuple[Limit, ...]) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    endpoint = measures.samples["endpoint"].to_numpy()
    times = numbers(measures.samples["response_time"])
    late = np.zeros(len(times), dtype=np.bool_)
    for limit in limits:
        name = endpoint_of(limit, measures)
        of_it = np.ones(len(times), dtype=np.bool_) if name == ALL else endpoint == name
        late |= of_it & (times >= limit.bound)
    return late


def _recovered_after(
    due: np.ndarray[tuple[int], np.dtype[np.float64]], bad: np.ndarray[tuple[int], np.dtype[np.bool_]], limits: tuple[Limit, ...]
) -> float | None:
    """The first second of which, with the two after it, no more requests than usual are late or lost."""
    allowed = LENIENCE * max(limit.allowed for limit in limits)
    for second in range(int(RECOVERY - STEADY) + 1):
        window = (due >= second) & (due < second + STEADY)
        if window.any() and float(bad[window].mean()) <= allowed:
            return float(second)
    return None


def _scenario(scenario: Scenario, rate: float, calm: float, number: int) -> Scenario:
    per_start = load.per_start(scenario)
    too_much, little = rate / per_start, calm / per_start
    stages = (load.stage("rate", too_much, LASTING), load.stage("rate", little, RECOVERY))
    return load.with_stages(scenario, stages, scenario.seed + number)
