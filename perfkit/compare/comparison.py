"""What comparing concludes: a verdict per endpoint and figure, one for the whole, and every doubt about them."""

import math
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, Literal

from perfkit.compare.change import Change
from perfkit.compare.metric import Metric
from perfkit.compare.series import Series
from perfkit.compare.settings import Settings
from perfkit.evidence import Missing
from perfkit.stats.interval import Estimate
from perfkit.stats.needed import More, of_all
from perfkit.stats.outcome import Outcome
from perfkit.stats.resampled_queue import QueueChange
from perfkit.stats.self_check import SelfCheck
from perfkit.stats.shift import Shift
from perfkit.stats.verdict import TimeVerdict, Verdict

LARGEST: Final = 700.0


class Answer(StrEnum):
    """Of a whole comparison; the first that applies."""

    REGRESSED = "regressed"
    DIFFERENT = "different"  # the versions do not answer alike: times of unlike work say nothing
    UNSTABLE = "unstable"  # the base differs from itself: no figure of this run may fail anything
    INCONCLUSIVE = "inconclusive"
    IMPROVED = "improved"
    EQUIVALENT = "equivalent"


@dataclass(frozen=True, slots=True, eq=False)
class Compared:
    """A figure of an endpoint that has its verdict, and what an inconclusive one would still take."""

    series: Series
    gated: bool
    verdict: TimeVerdict
    more_time: More | None  # in seconds of measuring

    @property
    def endpoint(self) -> str:
        return self.series.endpoint

    @property
    def metric(self) -> Metric:
        return self.series.metric

    @property
    def decides(self) -> bool:
        return self.series.decides

    @property
    def outcome(self) -> Outcome:
        return self.verdict.outcome


@dataclass(frozen=True, slots=True)
class Failures:
    """Shares of the same requests that each version failed."""

    endpoint: str
    gated: bool
    verdict: Verdict
    base: float
    head: float
    requests: int


@dataclass(frozen=True, slots=True)
class Counted:
    """An exact change, and whether it fails the comparison, speaks for it, or is only told."""

    change: Change
    outcome: Literal["regressed", "improved", "different", "changed"]
    gated: bool


@dataclass(frozen=True, slots=True, eq=False)
class Detail:
    """What stands behind the verdicts of one endpoint."""

    endpoint: str
    seen_from: Literal["server", "client"]
    requests: int
    restarts: dict[int, int]  # of every block
    means: tuple[tuple[int, float, int], ...]  # restart, mean log ratio of its blocks, their number
    shifts: tuple[Shift, ...]
    self_check: SelfCheck | None
    drift: float | None  # p value of the ratio still rising or falling
    block_sd: float | None


@dataclass(frozen=True, slots=True)
class Window:
    """What one version's window of plain load measured, of all endpoints together: quantile by share, in seconds."""

    requests: int
    response_times: tuple[tuple[float, float], ...]


@dataclass(frozen=True, slots=True)
class AtRate:
    """What the change of service times would do to response times at the scenario's rate, by simulation.

    One window of plain load per version stands beside it.
    """

    rate: float
    servers: int
    discipline: str
    endpoints: tuple[str, ...]
    change: QueueChange
    windows: tuple[Window, Window] | Missing  # base's and head's
    # In either window: how many times as long a request computed as when it is asked in turn. What is simulated has their mean.
    computing: tuple[float, float] | Missing


@dataclass(frozen=True, slots=True, eq=False)
class Comparison:
    """Everything that judging has to say; comparison.json is this, written down."""

    answer: Answer
    settings: Settings
    tests: tuple[Compared, ...]
    errors: tuple[Failures, ...]
    counted: tuple[Counted, ...]
    details: tuple[Detail, ...]
    at_rate: AtRate | Missing
    noise: str  # quiet, fair, noisy, unknown
    unstable: tuple[str, ...]  # why the gate is disabled
    doubts: tuple[str, ...]
    missing: tuple[str, ...]  # which tier was not run, and why
    lasted: float  # seconds of alternation and bursts
    alternated: float  # seconds of the first alone
    stopped_early: bool
    # Of two runs that were made apart: by how much two runs of one version may differ; every interval holds it. None of pairs.
    between_runs: float | None = None

    def of(self, endpoint: str, metric: Metric) -> Compared | None:
        return next((test for test in self.tests if test.endpoint == endpoint and test.metric == metric), None)

    @property
    def gated(self) -> tuple[Compared, ...]:
        return tuple(test for test in self.tests if test.gated)

    @property
    def more_time(self) -> More | None:
        """Seconds until every figure that decides would probably be decided; None when no time would do, or none is needed."""
        open_ = [test for test in self.gated if test.decides and test.outcome is Outcome.INCONCLUSIVE]
        times = [test.more_time for test in open_ if test.more_time is not None]
        return of_all(times) if len(times) == len(open_) else None


def share(log_ratio: float) -> float:
    """0.03 of log(1.03)."""
    # Beyond a factor of e^700 there is no double, and no service; an end that is not known stays so.
    if math.isinf(log_ratio) or log_ratio > LARGEST:
        return math.copysign(math.inf, log_ratio)
    return math.expm1(log_ratio)


def as_shares(change: Estimate) -> Estimate:
    """An interval of log ratios as one of shares of the base's time."""
    return Estimate(share(change.value), share(change.low), share(change.high), change.confidence)
