"""From a search to what it came to."""

import math
from collections.abc import Sequence
from dataclasses import replace

from perfkit.compare.bisect.answer import Answer, Made, Suspect, Verdict
from perfkit.compare.bisect.beliefs import SURPRISING
from perfkit.compare.bisect.crossing import Crossing
from perfkit.compare.bisect.difference import interval
from perfkit.compare.bisect.search import Search
from perfkit.stats.interval import Estimate

# Less likely suspects are left out of the answer.
LEAST_SHOWN = 1e-4


def of_search(answer: Answer, search: Search, made: Sequence[Made]) -> Answer:
    """`answer` is what was known before the search."""
    found = search.beliefs
    top = search.top
    verdict = Verdict.OPEN
    if search.is_found:
        verdict = Verdict.FOUND if top.start == top.end else Verdict.RANGE
    suspects = tuple(
        Suspect(one.start, one.end, one.probability, interval(one.size, one.size_error))
        for one in search.ranked
        if one.probability >= LEAST_SHOWN
    )
    level, spread = _level(search)
    return replace(
        answer,
        verdict=verdict,
        whole=interval(level, spread),
        suspects=suspects,
        credible=search.credible,
        made=tuple(replace(one, is_odd=_is_odd(one, level)) for one in made),
        doubles=found.doubles,
        inflation=found.inflation,
        is_widened=search.is_widened,
    )


def of_crossing(answer: Answer, crossing: Crossing, made: Sequence[Made]) -> Answer:
    """A counter leaves no doubt but of commits that could not be counted."""
    start, end = crossing.low + 1, crossing.high
    verdict = Verdict.OPEN if crossing.next() is not None else Verdict.FOUND if start == end else Verdict.RANGE
    unknown = Estimate(math.nan, -math.inf, math.inf, 0.95)
    share = 1.0 if verdict is not Verdict.OPEN else 1.0 / (end - start + 1)
    each = (
        (Suspect(start, end, 1.0, unknown),)
        if verdict is not Verdict.OPEN
        else tuple(Suspect(place, place, share, unknown) for place in range(start, end + 1))
    )
    odd = crossing.odd
    return replace(
        answer,
        verdict=verdict,
        sought=crossing.sought,
        suspects=each,
        credible=(start, end),
        made=tuple(replace(one, is_odd=one.place in odd) for one in made),
        is_widened=bool(odd),
    )


def _level(search: Search) -> tuple[float, float]:
    """Of BAD, over all hypotheses."""
    hypotheses = search.beliefs.hypotheses
    mean = float(hypotheses.weight @ hypotheses.last.mean)
    square = float(hypotheses.weight @ (hypotheses.last.variance + hypotheses.last.mean**2))
    return mean, math.sqrt(max(0.0, square - mean**2))


def _is_odd(made: Made, level: float) -> bool:
    return min(abs(made.value), abs(made.value - level)) > SURPRISING * made.error
