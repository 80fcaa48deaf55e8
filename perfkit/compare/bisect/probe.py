"""One probe: GOOD and a commit side by side, counted or alternated by the machinery of comparisons, as numbers with errors."""

import math
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt

from perfkit.compare import alternation, counters, sides
from perfkit.compare.change import Change
from perfkit.compare.comparison import Comparison
from perfkit.compare.judge import judge
from perfkit.compare.metric import MEAN, P95, SERVER_TIME
from perfkit.compare.observed import Observed
from perfkit.compare.places import Place
from perfkit.compare.settings import Settings
from perfkit.compare.side import Pair
from perfkit.compare.sides import Options
from perfkit.compare.sources import Source
from perfkit.scenario.model import Scenario
from perfkit.stats import centre
from perfkit.stats.quantiles import Numbers

FIGURES: Final = (SERVER_TIME, MEAN, P95)
# Processes of one version differ by 0.2 to 0.9 % (research for comparisons, 0.6 and 8); each start draws anew.
PROCESS_BIAS: Final = 0.006
# A spread of fewer starts is hardly known.
FEWEST_STARTS: Final = 3
# Of a normal estimate, so much lies within one standard error of it.
ONE_SIGMA: Final = math.erf(math.sqrt(0.5))


@dataclass(frozen=True, slots=True)
class Timing:
    """A figure of an endpoint: log(commit / GOOD) with its standard error, the processes' own bias in it."""

    endpoint: str
    metric: str
    value: float
    error: float
    blocks: int


@dataclass(frozen=True, slots=True)
class Probe:
    """What was found of one commit against GOOD; counted, timed, or both."""

    tree: str
    changes: tuple[Change, ...] | None = None
    timings: tuple[Timing, ...] | None = None
    lasted: float = 0.0  # seconds, building and starting included
    told: tuple[str, ...] = ()  # what is doubtful about it

    def timing(self, endpoint: str, metric: str) -> Timing | None:
        return next((one for one in self.timings or () if (one.endpoint, one.metric) == (endpoint, metric)), None)


@dataclass(frozen=True, slots=True)
class Bench:
    """Two versions that are up."""

    pair: Pair
    scenario: Scenario
    directory: Path

    def count(self, on_progress: Callable[[float], None]) -> tuple[tuple[Change, ...], tuple[str, ...]]:
        """Exact changes of the commit against GOOD, and what could not be counted."""
        found = counters.run(self.pair, on_progress=on_progress)
        Place(self.directory).keep("counters", found.table)
        return found.changes, tuple(f"nothing was counted inside {name}: {why}" for name, why in found.blind.items())

    def time(self, budget: float, on_progress: Callable[[float], None]) -> tuple[tuple[Timing, ...], tuple[str, ...]]:
        """The alternation of a comparison, and its own judgement of it."""
        found = alternation.run(self.pair, budget, self.scenario.compare.restarts, on_progress)
        Place(self.directory).keep("pairs", found.pairs)
        comparing = self.scenario.compare
        settings = Settings(gate=frozenset(comparing.gate), burst_sizes=(), allow_answers=True, seed=self.scenario.seed)
        judged = judge(Observed(found.pairs, pairs_lasted=budget), settings)
        return tuple(timings(judged)), (*self.pair.differences, *judged.unstable, *judged.doubts)


@contextmanager
def opened(good: Source, commit: Source, scenario: Scenario, directory: Path, options: Options) -> Generator[Bench]:
    """Both built and started; a library that a commit brings is part of that commit, so unlike ones are compared."""
    directory.mkdir(parents=True, exist_ok=True)
    with sides.opened(good, commit, scenario, directory, options) as pair:
        yield Bench(pair, scenario, directory)


def timings(judged: Comparison) -> Iterator[Timing]:
    """Every figure that has a value and an interval."""
    starts = {block: start for detail in judged.details for block, start in detail.restarts.items()}
    for test in judged.tests:
        if test.metric not in FIGURES:
            continue
        ratios = test.series.ratios
        value, own = standard_error(ratios.ratios)
        error = with_processes(own, ratios.ratios, np.array([starts.get(int(block), 0) for block in ratios.blocks]))
        if math.isfinite(value) and math.isfinite(error):
            yield Timing(test.endpoint, test.metric.id, value, error, test.verdict.blocks)


def with_processes(own: float, ratios: Numbers, starts: npt.NDArray[np.int64]) -> float:
    """The blocks' error with that of the processes: their usual bias, or what these starts differ by if that is more."""
    means = np.array([ratios[starts == start].mean() for start in np.unique(starts)])
    usual = math.hypot(own, PROCESS_BIAS / math.sqrt(len(means))) if len(means) else math.inf
    seen = float(means.std(ddof=1)) / math.sqrt(len(means)) if len(means) >= FEWEST_STARTS else 0.0
    return max(usual, seen)


def standard_error(ratios: Numbers) -> tuple[float, float]:
    """The estimate of a comparison, and half of its interval at one sigma; infinite of a block or two."""
    located = centre.of_blocks(ratios)
    return located.value, located.interval(ONE_SIGMA).half_width
