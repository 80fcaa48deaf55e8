"""A long step below the limit: do response times or memory creep up, and do errors come."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from perfkit.capacity.driven import Driven
from perfkit.capacity.step import Step
from perfkit.evidence import Missing
from perfkit.measures.frames import numbers
from perfkit.measures.lazy import Measures
from perfkit.stats.quantiles import of_unordered
from perfkit.stats.trend import Slope, rises, theil_sen

# Of the lower end of the limit's interval (issue 5).
SHARE: Final = 0.9
WINDOW: Final = 10.0
FEWEST_WINDOWS: Final = 6
# A rise that is no accident, and that would matter within an hour: a tenth of the p95.
CHANCE: Final = 0.01
MATTERS_PER_HOUR: Final = 0.1


@dataclass(frozen=True, slots=True, eq=False)
class Soak:
    """`slope` is of the p95, seconds per second; `memory` bytes per request and process that grows."""

    step: Step
    slope: Slope | Missing
    chance: float  # of so much rising without a trend
    p95: float
    leaks: bool
    memory: float | Missing

    @property
    def creeps(self) -> bool:
        if isinstance(self.slope, Missing):
            return False
        return self.chance < CHANCE and self.slope.low * 3600 > MATTERS_PER_HOUR * self.p95

    @property
    def confirms(self) -> bool:
        return self.step.held and not self.creeps and not self.leaks


def soak(driven: Driven, rate: float, lasting: float) -> Soak:
    one, measures = driven.step("soak", rate, lasting)
    return read(one, measures)


def read(one: Step, measures: Measures) -> Soak:
    interval = measures.run.interval("measure")
    ok = measures.samples.filter("ok")
    times = numbers(ok["response_time"])
    p95 = of_unordered(times, (0.95,))[0]
    growth = measures.growth
    memory = growth if isinstance(growth, Missing) else max((worker.per_request for worker in growth), default=0.0)
    if interval is None or interval.duration < FEWEST_WINDOWS * WINDOW:
        why = f"a slope takes {FEWEST_WINDOWS * WINDOW:g} s at least"
        return Soak(one, Missing(why), 1.0, p95, measures.leak, memory)
    windows = ((numbers(ok["intended_at"]) - interval.started_at) / WINDOW).astype(np.int64)
    count = int(interval.duration / WINDOW)
    levels = [
        (number, of_unordered(times[windows == number], (0.95,))[0]) for number in range(count) if (windows == number).any()
    ]
    xs = np.array([number * WINDOW for number, _ in levels], dtype=np.float64)
    ys = np.array([level for _, level in levels])
    return Soak(one, theil_sen(xs, ys), rises(ys), p95, measures.leak, memory)
