"""All tests of a comparison as one family, so that the whole of it seldom cries wolf; what is only shown is judged apart."""

from collections.abc import Sequence

from perfkit.compare.comparison import Compared, Failures
from perfkit.compare.metric import ERRORS
from perfkit.compare.observed import Observed
from perfkit.compare.series import Series
from perfkit.compare.settings import Settings
from perfkit.compare.timed import Timed
from perfkit.stats.outcome import Outcome
from perfkit.stats.verdict import TimeVerdict, judge


def tested(
    series: Sequence[Series], shown: Sequence[Series], timed: Sequence[Timed], observed: Observed, settings: Settings
) -> tuple[tuple[Compared, ...], tuple[Failures, ...]]:
    """Times and errors together: what the gate names shares one level, in the order that it came in."""
    gated = [one for one in series if one.metric.gate in settings.gate]
    counts = [one for one in timed if one.sent]
    with_errors = ERRORS.gate in settings.gate
    decided = [(one.endpoint, one.metric.id) in observed.decided for one in gated]
    decided += [(one.endpoint, ERRORS.id) in observed.decided for one in counts if with_errors]
    family = judge(
        [one.ratios.ratios for one in gated],
        [one.errors for one in counts] if with_errors else [],
        rules=settings.rules, look=observed.look, already=decided, lasting=[one.lasting for one in gated], seed=settings.seed,
    )  # fmt: skip
    beside = [*(one for one in series if one.metric.gate not in settings.gate), *shown]
    aside = judge(
        [one.ratios.ratios for one in beside],
        [] if with_errors else [one.errors for one in counts],
        rules=settings.rules, lasting=[one.lasting for one in beside], seed=settings.seed,
    )  # fmt: skip
    tests = [_test(one, verdict, observed, gated=True) for one, verdict in zip(gated, family.times, strict=True)]
    tests += [_test(one, verdict, observed, gated=False) for one, verdict in zip(beside, aside.times, strict=True)]
    of_errors = family.errors if with_errors else aside.errors
    errors = tuple(
        Failures(one.endpoint, with_errors, verdict, *one.errors.shares, one.sent)
        for one, verdict in zip(counts, of_errors, strict=True)
    )
    return tuple(tests), errors


def _test(one: Series, verdict: TimeVerdict, observed: Observed, *, gated: bool) -> Compared:
    lasted = observed.bursts_lasted if one.metric.gate == "burst" else observed.pairs_lasted
    is_open = verdict.outcome is Outcome.INCONCLUSIVE and verdict.more is not None and lasted > 0
    # With no block at all there is nothing that a block could be said to last.
    more = verdict.more.scaled(lasted / max(1, verdict.blocks)) if is_open and verdict.more is not None else None
    return Compared(one, gated, verdict, more)
