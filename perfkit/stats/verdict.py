"""From all tests of a run to a verdict each: regressed, improved, equivalent or inconclusive.

Research for comparisons, 2.3 point 6: regressed when a test is rejected at the level that Holm's procedure leaves to it and the
estimate is at least the floor; improved is its mirror; equivalent when the one-sided bound is below the margin, and only at the
end, since a bound that is looked at again and again falls below it sooner or later; else inconclusive, with what the run could
have found and how many more blocks it would take.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from scipy.special import ndtri

from perfkit.stats import holm, sign_flip
from perfkit.stats.centre import Centre, of_blocks
from perfkit.stats.equivalence import no_slowdown_beyond
from perfkit.stats.interval import Estimate
from perfkit.stats.needed import More, more_blocks
from perfkit.stats.outcome import Outcome, Rules
from perfkit.stats.paired_binomial import Both, Each
from perfkit.stats.quantiles import Numbers
from perfkit.stats.spending import nominal_levels


@dataclass(frozen=True, slots=True)
class Look:
    """When a run is judged: shares of the planned blocks at this look and those before it; by default once, at the end."""

    shares: tuple[float, ...] = (1.0,)
    final: bool = True

    def level(self, alpha: float) -> float:
        return nominal_levels(self.shares, alpha, final=self.final)[-1]


@dataclass(frozen=True, slots=True)
class Verdict:
    """`change` is log(B/A) for times, B - A for shares of errors; its interval holds at 1 - `level`."""

    outcome: Outcome
    change: Estimate
    level: float
    p: float
    severe: bool  # all of the interval is beyond the margin
    no_slowdown_beyond: float  # with the rules' one-sided confidence, on the scale of `change`


@dataclass(frozen=True, slots=True)
class TimeVerdict(Verdict):
    blocks: int
    lag1: float
    p_sign_flip: float  # a second opinion that needs no symmetry, only that the order was drawn by lot
    detectable: float  # the smallest log ratio that this run finds with the rules' power
    more: More | None  # blocks that an inconclusive answer would still take at the end; None when no number would do


@dataclass(frozen=True, slots=True)
class Verdicts:
    """In the order that the tests were given in."""

    times: tuple[TimeVerdict, ...]
    errors: tuple[Verdict, ...]


def judge(
    times: Sequence[Numbers],
    errors: Sequence[Both | Each] = (),
    *,
    rules: Rules | None = None,
    look: Look | None = None,
    already: Sequence[bool] = (),
    lasting: Sequence[float] = (),
    seed: int = 0,
) -> Verdicts:
    """All gated tests of a run at once: block log ratios, one series per endpoint and metric, and counts of errors.

    `already` marks the tests, times before errors, that an earlier look has decided: their rejection stands. `lasting` are
    standard errors that the blocks of a series do not show (stats/starts.py); by default there are none.
    """
    rules, look = rules or Rules(), look or Look()
    centres = [
        of_blocks(series, seed=seed, may_be_stark=look.final, lasting=error)
        for series, error in zip(times, lasting or [0.0] * len(times), strict=True)
    ]
    p_values = [centre.p for centre in centres] + [counts.p for counts in errors]
    steps = holm.step_down(p_values, _levels(rules, look), already)
    return Verdicts(
        times=tuple(
            _time_verdict(centre, p, step, rules, look, seed + place)
            for place, (centre, p, step) in enumerate(zip(centres, p_values[: len(centres)], steps[: len(centres)], strict=True))
        ),
        errors=tuple(
            _error_verdict(counts, p, step, rules, look)
            for counts, p, step in zip(errors, p_values[len(centres) :], steps[len(centres) :], strict=True)
        ),
    )


def _levels(rules: Rules, look: Look) -> Callable[[int], float]:
    return lambda remaining: look.level(rules.alpha / remaining)


def _time_verdict(centre: Centre, p: float, step: holm.Step, rules: Rules, look: Look, seed: int) -> TimeVerdict:
    change = centre.interval(1 - step.level)
    bound = no_slowdown_beyond(centre, rules.confidence)
    margin = math.log1p(rules.margin)
    large = abs(change.value) >= math.log1p(rules.floor)
    outcome = _outcome(step.rejected and large, change.value, look.final and bound < margin)
    is_open = look.final and outcome is Outcome.INCONCLUSIVE
    return TimeVerdict(
        outcome=outcome,
        change=change,
        level=step.level,
        p=p,
        severe=change.low > margin,
        no_slowdown_beyond=bound,
        blocks=len(centre.values),
        lag1=centre.lag1,
        p_sign_flip=sign_flip.p_value(centre.values, seed=seed),
        detectable=_detectable(change, step.level, rules),
        more=more_blocks(change, bound, len(centre.values), rules, seed) if is_open else None,
    )


def _error_verdict(counts: Both | Each, p: float, step: holm.Step, rules: Rules, look: Look) -> Verdict:
    change = counts.difference(1 - step.level)
    bound = counts.difference(2 * rules.confidence - 1).high
    outcome = _outcome(step.rejected, change.value, look.final and bound < rules.error_margin)
    return Verdict(outcome, change, step.level, p, change.low > rules.error_margin, bound)


def _outcome(changed: bool, value: float, bounded: bool) -> Outcome:
    if changed:
        return Outcome.REGRESSED if value > 0 else Outcome.IMPROVED
    return Outcome.EQUIVALENT if bounded else Outcome.INCONCLUSIVE


def _detectable(change: Estimate, level: float, rules: Rules) -> float:
    """What the interval must leave behind with power to spare; and the estimate, the floor."""
    if not math.isfinite(change.half_width):
        return math.inf
    beyond = float(ndtri(rules.power))
    error = change.half_width / -float(ndtri(level / 2))
    return max(change.half_width + beyond * error, math.log1p(rules.floor) + beyond * error)
