"""Comparisons judged again from their blocks: as they were, longer than they were, or drawn from the noise that was measured."""

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from bench.compare.blocks import Blocks, lasting
from perfkit.stats.outcome import Outcome, Rules
from perfkit.stats.paired_binomial import Both
from perfkit.stats.quantiles import Numbers
from perfkit.stats.verdict import Look, judge

# What decides between an answer and none (perfkit.compare.metric).
DECIDES = "server_time"
CHANGED = (Outcome.REGRESSED, Outcome.IMPROVED)
# Of the counts of errors that share the level with the times: requests of an endpoint, none of which failed.
ASKED = 1000


@dataclass(frozen=True, slots=True)
class Judged:
    """One comparison: an outcome per series, in their order."""

    outcomes: tuple[Outcome, ...]
    stopped_early: bool

    @property
    def alarms(self) -> bool:
        return Outcome.REGRESSED in self.outcomes

    @property
    def improves(self) -> bool:
        return Outcome.IMPROVED in self.outcomes


def judged(series: Sequence[Blocks], rules: Rules | None = None, *, looks: int = 1) -> Judged:
    """By the rules of a comparison: the times of one request at a time looked at after each of `looks` restarts, then all."""
    rules = rules or Rules()
    errors = [Both(0, 0, 0, ASKED)] * len({one.endpoint for one in series if one.metric == f"{DECIDES}_mean"})
    decided = [False] * len(series)
    shares: list[float] = []
    for number in range(1, looks):
        shares.append(number / looks)
        # Bursts come later and belong to the same family: tests without a value yet.
        seen = [np.empty(0) if one.is_burst else one.until(number, looks) for one in series]
        look = Look(tuple(shares), final=False)
        found = judge(seen, errors, rules=rules, look=look, already=[*decided, *[False] * len(errors)]).times
        decided = [before or one.outcome in CHANGED for before, one in zip(decided, found, strict=True)]
        deciding = [one for one, of in zip(found, series, strict=True) if of.metric == DECIDES]
        certain = any(one.outcome is Outcome.REGRESSED and one.severe for one in deciding)
        if certain or (deciding and all(one.outcome in CHANGED for one in deciding)):
            return Judged(tuple(one.outcome for one in found), stopped_early=True)
    end = Look((*shares, 1.0))
    final = judge(
        [one.joined for one in series], errors,
        rules=rules, look=end, already=[*decided, *[False] * len(errors)], lasting=lasting(series),
    ).times  # fmt: skip
    return Judged(tuple(one.outcome for one in final), stopped_early=False)


def undecided(series: Sequence[Blocks], rules: Rules) -> bool:
    """Whether a figure that decides is still inconclusive."""
    outcomes = judged(series, rules).outcomes
    return any(one.metric == DECIDES and found is Outcome.INCONCLUSIVE for one, found in zip(series, outcomes, strict=True))


def longer(first: Sequence[Blocks], more: Sequence[Blocks], share: float) -> list[Blocks]:
    """The first comparison with the first share of a second one's blocks behind it; what that one has not (bursts) stays."""
    beyond = {one.key: one.joined for one in more}
    return [
        Blocks(one.endpoint, one.metric, (*one.restarts, added[: math.ceil(share * len(added))]))
        if (added := beyond.get(one.key)) is not None
        else one
        for one in first
    ]


def restarts_of(run: Sequence[Blocks], *, bursts: bool) -> int:
    """Of one tier; 0 when it was not run."""
    return max((len(one.restarts) for one in run if one.is_burst == bursts), default=0)


def resampled(first: Sequence[Blocks], share: float, random: np.random.Generator) -> list[Blocks]:
    """Longer by a share of itself, with its own restarts drawn anew: the same draw for all figures. Bursts stay as they are."""
    count = restarts_of(first, bursts=False)
    drawn = random.integers(count, size=math.ceil(share * count))

    def added(one: Blocks) -> Numbers:
        return np.concatenate([one.restart(place, count) for place in drawn])[: math.ceil(share * len(one.joined))]

    return [one if one.is_burst else Blocks(one.endpoint, one.metric, (*one.restarts, added(one))) for one in first]


class Noise:
    """What versions that are the same differed by, run by run and restart by restart: comparisons of nothing are drawn from it.

    A simulated comparison takes each restart whole, with all its endpoints, figures and neighbouring blocks, from a run that was
    measured at about the same time. What a run kept over all its restarts is put back as one draw for all of them, at the size
    that is left of the spread between runs when what single restarts explain is taken off (random effects).
    """

    NEIGHBOURS = 2

    def __init__(self, runs: Sequence[Sequence[Blocks]]) -> None:
        # Endpoints stand in the order of their time, which differs; a comparison that ended early has no bursts at all.
        runs = [sorted(run, key=lambda one: one.key) for run in runs]
        usual = Counter(_keys(run) for run in runs).most_common(1)[0][0]
        self.runs = [run for run in runs if _keys(run) == usual]
        means = np.array([[one.joined.mean() for one in run] for run in self.runs])
        within = np.array([[_squared_error(one.restarts) for one in run] for run in self.runs]).mean(axis=0)
        between = means.var(axis=0, ddof=1) if len(self.runs) > 1 else np.zeros(means.shape[1])
        lasting = np.sqrt(np.clip(1 - within / np.maximum(between, 1e-12), 0.0, 1.0))
        self._lasting = lasting * (means - means.mean(axis=0))

    @property
    def lasting(self) -> float:
        """Standard deviation of what a run keeps over its restarts, in the middle of all figures."""
        return float(np.median(self._lasting.std(axis=0)))

    def draw(self, random: np.random.Generator) -> list[Blocks]:
        """One comparison of nothing."""
        run = int(random.integers(len(self.runs)))
        near = np.arange(max(0, run - self.NEIGHBOURS), min(len(self.runs), run + self.NEIGHBOURS + 1))
        kept = self._lasting[int(random.choice(near))]
        usual = self.runs[run]
        drawn = {tier: self._restarts(near, restarts_of(usual, bursts=tier), random) for tier in (False, True)}
        return [
            Blocks(*one.key, tuple(self._moved(*which, place, kept[place]) for which in drawn[one.is_burst][: len(one.restarts)]))
            for place, one in enumerate(usual)
        ]

    def _restarts(self, near: npt.NDArray[np.int64], count: int, random: np.random.Generator) -> list[tuple[int, int, int]]:
        """For each restart of a tier: the run that it is from, which of its restarts, and of how many."""
        return [(int(random.choice(near)), int(random.integers(count)), count) for _ in range(count)]

    def _moved(self, run: int, restart: int, of: int, place: int, kept: float) -> Numbers:
        moved: Numbers = self.runs[run][place].restart(restart, of) - self._lasting[run][place] + kept
        return moved


def _keys(run: Sequence[Blocks]) -> tuple[tuple[str, str], ...]:
    return tuple(one.key for one in run)


def _squared_error(restarts: Sequence[Numbers]) -> float:
    """Of a run's mean, by how its restarts differ."""
    means = [one.mean() for one in restarts if len(one)]
    return float(np.var(means, ddof=1)) / len(means) if len(means) > 1 else 0.0
