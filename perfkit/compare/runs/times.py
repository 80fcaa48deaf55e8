"""Times of two runs on record: blocks of seconds are what is counted, and a step smaller than the noise between runs is none."""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final, Literal, TypeAlias

import numpy as np
import polars as pl
from scipy.special import ndtri

from perfkit.compare.comparison import Compared, Detail, Failures
from perfkit.compare.metric import ERRORS, MEAN, P95, SERVER_TIME, SERVICE_TIME, Metric
from perfkit.compare.runs.on_record import PHASE, OnRecord
from perfkit.compare.series import Series
from perfkit.compare.settings import Settings
from perfkit.compare.timed import SEEN
from perfkit.evidence import Interval
from perfkit.stats import holm, self_check, verdict
from perfkit.stats.harrell_davis import quantile
from perfkit.stats.order import FEWEST_OF_TAILS, BlockRatios
from perfkit.stats.outcome import Outcome, Rules
from perfkit.stats.paired_binomial import Each
from perfkit.stats.quantiles import Numbers
from perfkit.stats.separate import FEWEST, Step, step
from perfkit.stats.signed_rank import hodges_lehmann
from perfkit.stats.verdict import TimeVerdict

# How far two runs of one version lie apart on a machine that others use too: 10 to 26 % were seen, the same binary in two jobs
# of one CI 26 % (research for comparisons, 1a, 2.2 and 4). No number of seconds averages that out.
BETWEEN_RUNS: Final = 0.26
SHORTEST_BLOCK: Final = 1.0
# More blocks than these say no more about two runs, and take long to resample.
MOST_BLOCKS: Final = 60
# Of a block, for a median of it.
FEWEST_OF_MEDIANS: Final = 3
RESPONSE_P95: Final = Metric("response_time", "p95")

Summary: TypeAlias = Callable[[Numbers], float]
SUMMARIES: Final[dict[str, tuple[Summary, int]]] = {
    "median": (lambda times: float(np.median(times)), FEWEST_OF_MEDIANS),
    "mean": (lambda times: float(times.mean()), FEWEST_OF_TAILS),
    "p95": (lambda times: quantile(times, 0.95), FEWEST_OF_TAILS),
}


@dataclass(frozen=True, slots=True, eq=False)
class Levels:
    """What each block of a run came to, in the order of time: when it began, in seconds of the measure phase, and log seconds."""

    at: Numbers
    logs: Numbers

    @property
    def times(self) -> Numbers:
        return np.exp(self.logs)


@dataclass(frozen=True, slots=True, eq=False)
class Figure:
    """One figure of an endpoint in both runs."""

    endpoint: str
    metric: Metric
    base: Levels
    head: Levels
    step: Step
    seconds: tuple[float, float]  # of all requests of each run
    requests: int
    seen_from: Literal["server", "client"]

    @property
    def series(self) -> Series:
        """As those of pairs: what each block of head came to, above the base."""
        ratios = self.head.logs - hodges_lehmann(self.base.logs)
        start = np.zeros(len(ratios), np.int64)
        return Series(self.endpoint, self.metric, BlockRatios(np.arange(len(ratios)), ratios, 0), *self.seconds, start)


def figures(base: OnRecord, head: OnRecord, seed: int) -> tuple[Figure, ...]:
    """Of every endpoint that both runs met: those with most of the base's time first."""
    rows = [_by_endpoint(one) for one in (base, head)]
    shared = [name for name in rows[0] if name in rows[1]]
    shared.sort(key=lambda name: -float(rows[0][name].filter("ok")["service_time"].sum()))
    spans = (_span(base), _span(head))
    return tuple(figure for name in shared for figure in _of_endpoint(name, rows[0][name], rows[1][name], spans, seed))


def judged(found: Sequence[Figure], settings: Settings) -> tuple[Compared, ...]:
    """What the gate names is one family, what is shown beside it another."""
    gated = [one for one in found if one.metric.gate in settings.gate]
    shown = [one for one in found if one.metric.gate not in settings.gate]
    # Half of the level is the times', half the errors': together they stay below the whole.
    rules = replace(settings.rules, alpha=settings.rules.alpha / 2)
    return (*_family(gated, rules, is_gated=True), *_family(shown, rules, is_gated=False))


def errors(base: OnRecord, head: OnRecord, settings: Settings) -> tuple[Failures, ...]:
    """Shares of different requests, which failed or did not."""
    counts = [_failed(one) for one in (base, head)]
    names = sorted(counts[0].keys() & counts[1].keys())
    each = [Each(*counts[0][name], *counts[1][name]) for name in names]
    rules = replace(settings.rules, alpha=settings.rules.alpha / 2)
    found = verdict.judge([], each, rules=rules, seed=settings.seed).errors
    is_gated = ERRORS.gate in settings.gate
    return tuple(
        Failures(name, is_gated, one, *count.shares, count.requests_a + count.requests_b)
        for name, one, count in zip(names, found, each, strict=True)
    )


def details(found: Sequence[Figure]) -> tuple[Detail, ...]:
    """What stands behind the typical requests."""
    return tuple(
        Detail(
            endpoint=one.endpoint, seen_from=one.seen_from, requests=one.requests, restarts={}, means=(), shifts=(),
            self_check=None, drift=None, block_sd=float(one.base.logs.std(ddof=1)) if len(one.base.logs) >= FEWEST else None,
        )
        for one in found
        if one.metric == SERVER_TIME
    )  # fmt: skip


def doubts(found: Sequence[Figure]) -> Iterator[str]:
    """Figures that were no figures of one state."""
    for one in found:
        if one.metric != SERVER_TIME:
            continue
        if min(len(one.base.logs), len(one.head.logs)) < FEWEST:
            yield f"{one.endpoint}: fewer than {FEWEST} blocks of requests in one of the runs, too few for an interval"
            continue
        for name, levels in (("base", one.base), ("head", one.head)):
            if self_check.drift(levels.logs) <= self_check.NOT_SETTLED_BELOW / len(found):
                yield f"{one.endpoint}: times of {name} rose or fell all through its run"


def levels(at: Numbers, times: Numbers, length: float, summary: Summary, fewest: int) -> Levels:
    """Stretches of so many seconds, joined with their neighbours until each has enough requests."""
    order = np.argsort(at, kind="stable")
    at, times = at[order], times[order]
    starts: list[int] = [0]
    for place in range(1, len(at)):
        if at[place] // length != at[place - 1] // length and place - starts[-1] >= fewest:
            starts.append(place)
    if len(starts) > 1 and len(at) - starts[-1] < fewest:
        starts.pop()  # too little at the end goes with what was before
    groups = np.split(times, starts[1:]) if len(times) >= fewest else []
    logs = np.array([math.log(summary(group)) for group in groups], np.float64)
    return Levels(np.array([at[start] for start in starts[: len(groups)]], np.float64), logs)


def _of_endpoint(
    name: str, base: pl.DataFrame, head: pl.DataFrame, spans: tuple[Interval, Interval], seed: int
) -> Iterator[Figure]:
    good = (base.filter("ok"), head.filter("ok"))
    if any(rows.is_empty() for rows in good):
        return
    is_inside = all(rows["server_time"].null_count() <= (1 - SEEN) * rows.height for rows in good)
    seen_from: Literal["server", "client"] = "server" if is_inside else "client"
    own = "server_time" if is_inside else "service_time"
    wanted = [(SERVER_TIME, own), (MEAN, own), (P95, own), (RESPONSE_P95, "response_time")]
    if is_inside:
        wanted.append((SERVICE_TIME, "service_time"))
    length = max(SHORTEST_BLOCK, math.ceil(max(span.duration for span in spans) / MOST_BLOCKS))
    for metric, column in wanted:
        summary, fewest = SUMMARIES[metric.figure]
        sides: list[Levels] = []
        seconds: list[float] = []
        for rows, span in zip(good, spans, strict=True):
            timed = rows.filter(pl.col(column).is_finite() & (pl.col(column) > 0))
            times = timed[column].to_numpy()
            sides.append(levels(timed["sent_at"].to_numpy() - span.started_at, times, length, summary, fewest))
            seconds.append(summary(times) if len(times) else math.nan)
        if all(len(side.logs) for side in sides):
            found = step(sides[0].logs, sides[1].logs, seed=seed)
            both = (seconds[0], seconds[1])
            yield Figure(name, metric, sides[0], sides[1], found, both, sum(rows.height for rows in good), seen_from)


def _family(found: Sequence[Figure], rules: Rules, *, is_gated: bool) -> Iterator[Compared]:
    between = math.log1p(BETWEEN_RUNS)
    steps = holm.step_down([one.step.p_value(between) for one in found], lambda remaining: rules.alpha / remaining)
    for one, decided in zip(found, steps, strict=True):
        yield Compared(one.series, is_gated, _verdict(one, decided, rules, between), None)


def _verdict(figure: Figure, decided: holm.Step, rules: Rules, between: float) -> TimeVerdict:
    """The intervals hold what the machine may have done between the runs, so no answer can forget it."""
    step = figure.step
    change = step.interval(1 - decided.level, between)
    bound = step.upper_bound(rules.confidence, between)
    p = step.p_value(between)
    if decided.rejected:
        outcome = Outcome.REGRESSED if step.value > 0 else Outcome.IMPROVED
    else:
        outcome = Outcome.EQUIVALENT if bound < math.log1p(rules.margin) else Outcome.INCONCLUSIVE
    own = step.interval(1 - decided.level).half_width
    error = own / -float(ndtri(decided.level / 2)) if math.isfinite(own) else math.inf
    return TimeVerdict(
        outcome=outcome, change=change, level=decided.level, p=p, severe=change.low > math.log1p(rules.margin),
        no_slowdown_beyond=bound, blocks=min(len(figure.base.logs), len(figure.head.logs)), lag1=step.lag1, p_sign_flip=p,
        detectable=between + own + float(ndtri(rules.power)) * error, more=None,
    )  # fmt: skip


def _by_endpoint(one: OnRecord) -> dict[str, pl.DataFrame]:
    return {str(name): rows for (name,), rows in one.requests.sort("endpoint").group_by("endpoint", maintain_order=True)}


def _failed(one: OnRecord) -> dict[str, tuple[int, int]]:
    rows = one.requests.group_by("endpoint").agg(failed=(~pl.col("ok")).sum(), sent=pl.len())
    return {str(name): (int(failed), int(sent)) for name, failed, sent in rows.iter_rows()}


def _span(one: OnRecord) -> Interval:
    found = one.run.interval(PHASE)
    assert found is not None
    return found
