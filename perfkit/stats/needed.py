"""How many blocks more an inconclusive answer would take: not one number but how such comparisons go on.

When a comparison that is continued is decided is largely luck: even of one whose true change and noise were known, no number
would come within a factor of two of more than 55 to 70 % of continuations (bench/verdict_rates.py; docs/decisions/0023). So what
is known of the change and of the noise is drawn many times, each draw is continued to where it would be decided, and what is said
is the number that most of them come within a factor of two of, with the range that holds four in five. The answer counts what is
still to come; of a comparison as a whole, from its beginning, it is closer, since what has been measured is known.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy.special import stdtrit

from perfkit.stats import signed_rank
from perfkit.stats.interval import Estimate
from perfkit.stats.outcome import Rules
from perfkit.stats.quantiles import Numbers

# How far changes of an endpoint's time usually are from none, as a standard deviation of log ratios: a guess, which matters only
# where a run knows less than that by itself.
USUAL: Final = 0.08
DRAWS: Final = 400
# Numbers of blocks more that are tried, up to a thousand times those that there are.
TRIED: Final = 160
FARTHEST: Final = 1_000
# Between these shares of the continuations lies the range.
LOW, HIGH = 0.1, 0.9
FACTOR: Final = 2.0
NEARLY: Final = 0.97
# Whole numbers of blocks are often exactly that factor apart, which no logarithm is.
_NUDGE: Final = 1e-9
# Of fewer no spread is known; a bound at 95 % needs five.
FEWEST: Final = 5


@dataclass(frozen=True, slots=True, eq=False)
class More:
    """Beyond what there is, in blocks, or scaled to whatever a block takes."""

    likely: float
    low: float
    high: float
    continuations: Numbers  # as they were drawn, infinite where one was never decided

    def scaled(self, each: float) -> "More":
        return More(self.likely * each, self.low * each, self.high * each, self.continuations * each)


def blocks_for(blocks: int, half_width: float, target: float) -> float:
    """Blocks at which an interval that is so wide now has the half-width that is needed."""
    if not math.isfinite(half_width) or target <= 0:
        return math.inf
    return blocks * (half_width / target) ** 2


def more_blocks(change: Estimate, bound: float, blocks: int, rules: Rules, seed: int = 0) -> More | None:
    """Of an interval at 1 - level and a one-sided bound; None when most continuations would never be decided.

    Tests of one comparison have seeds of their own: `of_all` takes their draws for independent.
    """
    level = 1 - change.confidence
    if not math.isfinite(change.half_width) or not math.isfinite(bound) or blocks < FEWEST:
        lacking = max(1, signed_rank.fewest_for(level) - blocks)
        return More(lacking, lacking, lacking, np.full(DRAWS, float(lacking)))
    random = np.random.default_rng(seed)
    spread = spread_of(change, blocks)
    # What is known of the noise, and then, given that, of the change: both as far as so few blocks tell.
    spreads = spread * np.sqrt((blocks - 1) / random.chisquare(blocks - 1, DRAWS))
    belief = USUAL**2 / (USUAL**2 + spreads**2 / blocks)
    changes = random.normal(change.value * belief, np.sqrt(belief * spreads**2 / blocks))
    return summary(decisions(change, spread, blocks, rules, changes, spreads, random))


def spread_of(change: Estimate, blocks: int) -> float:
    """Standard deviation of the blocks that an interval came from; what dependent neighbours add is in it."""
    error = change.half_width / float(stdtrit(blocks - 1, (1 + change.confidence) / 2))
    return max(error * math.sqrt(blocks), 1e-12)


def decisions(
    change: Estimate,
    spread: float,
    blocks: int,
    rules: Rules,
    changes: Numbers,
    spreads: Numbers,
    random: np.random.Generator,
) -> Numbers:
    """At how many blocks more each continuation is decided first, given its true change and noise; infinite when never."""
    more = np.unique(np.round(np.geomspace(1, FARTHEST * blocks, TRIED)))
    steps = np.diff(np.concatenate([[0.0], more]))
    count = blocks + more
    shape = (len(changes), len(steps))
    come = changes[:, None] * more + spreads[:, None] * np.cumsum(random.normal(size=shape) * np.sqrt(steps), axis=1)
    estimates = (blocks * change.value + come) / count
    squares = (blocks - 1) * spread**2 + spreads[:, None] ** 2 * np.cumsum(random.chisquare(steps, size=shape), axis=1)
    errors = np.sqrt(squares / (count - 1) / count)
    sure = stdtrit(count - 1, 1 - (1 - change.confidence) / 2) * errors
    changed = (np.abs(estimates) > sure) & (np.abs(estimates) >= math.log1p(rules.floor))
    bounded = estimates + stdtrit(count - 1, rules.confidence) * errors < math.log1p(rules.margin)
    decided = changed | bounded
    return np.where(decided.any(axis=1), more[decided.argmax(axis=1)], math.inf)


def of_all(tests: Sequence[More]) -> More | None:
    """Until the last of them is decided: later than any single one probably is."""
    return summary(np.max([one.continuations for one in tests], axis=0)) if tests else None


def summary(first: Numbers) -> More | None:
    """The middle of the stretch of a factor of two to either side that holds most, and the range of four in five."""
    logs = np.sort(np.log(first[np.isfinite(first)]))
    if len(logs) <= len(first) / 2:
        return None
    ends = np.searchsorted(logs, logs + 2 * math.log(FACTOR) + _NUDGE, side="right")
    held = ends - np.arange(len(logs))
    # The best of so few draws is a matter of luck: of those that hold about as many, the middle one.
    begin = int(np.median(np.flatnonzero(held >= NEARLY * held.max())))
    likely = math.exp((logs[begin] + logs[ends[begin] - 1]) / 2)
    low, high = (float(np.quantile(first, share, method="inverted_cdf")) for share in (LOW, HIGH))
    return More(likely, low, min(high, float(first[np.isfinite(first)].max())), first)
