"""Which commit to probe next: the one that is expected to leave least doubt about which commit brought the step."""

import math
from collections.abc import Collection, Sequence
from typing import Final

import numpy as np

from perfkit.compare.bisect.beliefs import Beliefs, Hypotheses, Places
from perfkit.stats.quantiles import Numbers

# Commits that are weighed against each other at a time: with more, the best of them is hardly better and takes longer to find.
MOST: Final = 32
# Hypotheses beyond the likeliest of these do not change a choice.
KEPT: Final = 400
# Points at which the outcome of a probe is imagined: about each level that it may have, and thinly between them.
ABOUT, BETWEEN, REACH, CENTRES = 25, 41, 5.0, 5
# A commit beside one that could not be probed probably cannot be either: its chances are even this many commits away.
EVEN_AFTER: Final = 3.0


def stretches(commits: int, tried: Collection[int], tellable: Sequence[int], likely: Beliefs | None) -> Places:
    """Ends of stretches: every place that was tried, and up to MOST others that divide what is likely evenly."""
    others = np.array([place for place in tellable if place not in tried], np.int64)
    if len(others) > MOST:
        reached = np.interp(others, [0, *likely.ends], [0.0, *np.cumsum(likely.probability)]) if likely else others / commits
        wanted = (np.arange(MOST) + 0.5) / MOST
        others = others[np.unique(np.clip(np.searchsorted(reached, wanted), 0, len(others) - 1))]
    return np.unique(np.concatenate((others, np.array([*tried, commits], np.int64))))


def best(beliefs: Beliefs, error: float, tried: Collection[int], untellable: Collection[int]) -> tuple[int, float]:
    """The place to probe, and how many bits are expected of it; `error` is what the probe's standard error will be."""
    gains = information(beliefs.hypotheses, error)
    chances = [1.0 if place in tried else chance(place, untellable) for place in beliefs.ends.tolist()]
    chosen = int(np.argmax(gains * np.array(chances)))
    return int(beliefs.ends[chosen]), float(gains[chosen])


def chance(place: int, untellable: Collection[int]) -> float:
    """That a commit can be probed, by its distance to the nearest one that could not."""
    away = min((abs(place - other) for other in untellable), default=math.inf)
    return 1 - math.exp2(-away / EVEN_AFTER)


def information(hypotheses: Hypotheses, error: float) -> Numbers:
    """Bits that a probe at the end of each stretch is expected to say about the commit: mutual information, by quadrature."""
    kept = np.argsort(hypotheses.weight)[::-1][:KEPT]
    weight = hypotheses.weight[kept] / hypotheses.weight[kept].sum()
    # Probability of each hypothesis (column) and of each stretch's having brought the step under it (row).
    blamed = (hypotheses.culprits[kept] * weight[:, None]).T
    blamed = blamed[blamed.sum(axis=1) > 0]
    doubt = float(_entropy(blamed.sum(axis=1)).sum())
    found: list[float] = []
    for stretch in range(len(hypotheses.ends)):
        mean, deviation = _predicted(hypotheses, kept, error, stretch)
        outcomes = _outcomes(mean, weight, deviation, error)
        density = np.exp(-0.5 * ((outcomes - mean[:, None]) / deviation[:, None]) ** 2) / deviation[:, None]
        together = blamed @ density / math.sqrt(2 * math.pi)
        left = _entropy(together).sum(axis=0) - _entropy(together.sum(axis=0))
        found.append(float(doubt - np.trapezoid(left, outcomes)))
    return np.array([max(bits, 0.0) for bits in found])


def _predicted(hypotheses: Hypotheses, kept: Places, error: float, stretch: int) -> tuple[Numbers, Numbers]:
    """Mean and standard deviation of a probe there, under each hypothesis."""
    places = [stretch < hypotheses.first[kept], stretch < hypotheses.second[kept]]
    mean = np.select(places, [0.0, hypotheses.middle.mean[kept]], hypotheses.last.mean[kept])
    variance = np.select(places, [0.0, hypotheses.middle.variance[kept]], hypotheses.last.variance[kept])
    return mean, np.sqrt(variance + error**2)


def _outcomes(mean: Numbers, weight: Numbers, deviation: Numbers, error: float) -> Numbers:
    """Values of a probe at which to add up: densely about what is likeliest, as far as anything is likely."""
    likeliest = mean[np.argsort(weight)[::-1][:CENTRES]]
    near = np.linspace(-REACH, REACH, ABOUT) * error
    wide = np.linspace(float((mean - REACH * deviation).min()), float((mean + REACH * deviation).max()), BETWEEN)
    return np.unique(np.concatenate((wide, near, (likeliest[:, None] + near).ravel())))


def _entropy(probability: Numbers) -> Numbers:
    """-p log2 p of each, 0 of 0."""
    found: Numbers = -probability * np.log2(np.where(probability > 0, probability, 1.0))
    return found
