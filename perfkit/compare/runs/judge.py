"""From two runs on record to a Comparison: the same answers as for versions that were alternated, as far as they hold."""

import math
from collections.abc import Iterator
from typing import Final

from perfkit.compare import answers, fitness
from perfkit.compare.change import Change
from perfkit.compare.comparison import Answer, Comparison, share
from perfkit.compare.judge import answer
from perfkit.compare.runs import alike, times
from perfkit.compare.runs.on_record import PHASE, OnRecord
from perfkit.compare.runs.times import Figure
from perfkit.compare.settings import Settings
from perfkit.evidence import Missing
from perfkit.units import show_change

APART: Final = Missing("both runs have response times of their own, at the load that they had")


def judge(
    base: OnRecord, head: OnRecord, changes: tuple[Change, ...], figures: tuple[Figure, ...] | Missing, settings: Settings
) -> Comparison:
    """The same runs and settings give the same comparison; `figures` is Missing when nobody asked for times."""
    timed = () if isinstance(figures, Missing) else figures
    counted = answers.counted(Missing("two runs have no pairs"), changes, settings)
    tests = times.judged(timed, settings)
    errors = times.errors(base, head, settings)
    behind = times.details(timed)
    return Comparison(
        answer=answer(tests, errors, counted, is_counted_only=isinstance(figures, Missing)),
        settings=settings,
        tests=tests,
        errors=errors,
        counted=counted,
        details=behind,
        at_rate=APART,
        noise=fitness.noise(behind),
        unstable=(),
        doubts=(*alike.doubts(base, head), *times.doubts(timed), *_of_times(timed, settings)),
        missing=(f"times: {figures.why}",) if isinstance(figures, Missing) else (),
        lasted=_lasted(base) + _lasted(head),
        alternated=0.0,
        stopped_early=False,
        between_runs=times.BETWEEN_RUNS,
    )


def is_open_for_good(comparison: Comparison) -> bool:
    """Inconclusive since the margin lies within the noise between runs: no longer run would change that."""
    narrow = comparison.settings.rules.margin <= times.BETWEEN_RUNS
    return comparison.answer is Answer.INCONCLUSIVE and narrow and bool(comparison.gated)


def _of_times(figures: tuple[Figure, ...], settings: Settings) -> Iterator[str]:
    """Steps that would be told if the runs had been one: worth a look, no more."""
    rules = settings.rules
    for one in figures:
        level = rules.alpha / len(figures)
        is_apart = one.step.interval(1 - level).excludes(0.0) and abs(one.step.value) >= math.log1p(rules.floor)
        if one.metric.decides and is_apart and one.step.p_value(math.log1p(times.BETWEEN_RUNS)) > level:
            yield (
                f"{one.endpoint}: its {one.metric.title} lies {show_change(share(one.step.value))} in head's run; "
                f"the machine alone may do that, and only `perfkit compare` of the two versions can tell"
            )


def _lasted(one: OnRecord) -> float:
    found = one.run.interval(PHASE)
    return 0.0 if found is None else found.duration
