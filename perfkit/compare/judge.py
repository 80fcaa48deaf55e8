"""From the tables of a comparison to its verdicts: pure, by rules that were fixed before the first request was sent."""

from collections.abc import Iterator, Sequence

from perfkit.compare import answers, fitness
from perfkit.compare.at_rate import at_rate, contradictions
from perfkit.compare.comparison import Answer, Compared, Comparison, Counted, Failures
from perfkit.compare.details import details
from perfkit.compare.family import tested
from perfkit.compare.metric import SERVER_TIME
from perfkit.compare.observed import Observed
from perfkit.compare.series import of_bursts, of_clients, of_times
from perfkit.compare.settings import Settings
from perfkit.compare.timed import Timed, endpoints
from perfkit.evidence import Missing
from perfkit.stats.outcome import Outcome
from perfkit.units import show_share


def judge(observed: Observed, settings: Settings) -> Comparison:
    """The same tables and settings give the same comparison."""
    counted = answers.counted(observed.pairs, observed.counters, settings)
    one_sided = {one.change.endpoint for one in counted if one.change.counter == "exists"}
    timed = tuple(one for one in endpoints(observed.pairs) if one.endpoint not in one_sided)
    series = [*of_times(timed), *(one for one in of_bursts(observed.bursts) if one.endpoint not in one_sided)]
    tests, errors = tested(series, list(of_clients(timed)), timed, observed, settings)
    behind = details(timed, series)
    unstable = tuple(fitness.unstable(behind))
    simulated = at_rate(timed, observed, settings)
    return Comparison(
        answer=answer(tests, errors, counted, is_unstable=bool(unstable), is_counted_only=_is_counted_only(observed, settings)),
        settings=settings,
        tests=tests,
        errors=errors,
        counted=counted,
        details=behind,
        at_rate=simulated,
        noise=fitness.noise(behind),
        unstable=unstable,
        doubts=(*fitness.unsettled(behind), *_doubts(timed, tests), *contradictions(simulated)),
        missing=tuple(_missing(observed)),
        lasted=observed.pairs_lasted + observed.bursts_lasted,
        alternated=observed.pairs_lasted,
        stopped_early=observed.stopped_early,
    )


def answer(
    tests: Sequence[Compared],
    errors: Sequence[Failures],
    counted: Sequence[Counted],
    *,
    is_unstable: bool = False,
    is_counted_only: bool = False,
) -> Answer:
    """The first that applies. What was counted stands however unsteady the clock was."""
    timed = [] if is_unstable else [test for test in tests if test.gated]
    outcomes = [*(test.outcome for test in timed), *(test.verdict.outcome for test in errors if test.gated)]
    exact = [one.outcome for one in counted if one.gated]
    if Outcome.REGRESSED in outcomes or "regressed" in exact:
        return Answer.REGRESSED
    if "different" in exact:
        return Answer.DIFFERENT
    if is_unstable:
        return Answer.UNSTABLE
    deciding = [test.outcome for test in timed if test.decides]
    if Outcome.INCONCLUSIVE in deciding or not (deciding or is_counted_only):
        return Answer.INCONCLUSIVE
    return Answer.IMPROVED if Outcome.IMPROVED in outcomes or "improved" in exact else Answer.EQUIVALENT


def _is_counted_only(observed: Observed, settings: Settings) -> bool:
    """Nobody asked for times, or for them to fail anything: then counters decide."""
    wants_times = SERVER_TIME.gate in settings.gate and not isinstance(observed.pairs, Missing)
    return not wants_times and not observed.interrupted and not isinstance(observed.counters, Missing)


def _doubts(timed: Sequence[Timed], tests: Sequence[Compared]) -> Iterator[str]:
    """What stands beside the figures."""
    blind = [one.endpoint for one in timed if one.seen_from == "client" and len(one.times.a)]
    if blind:
        yield f"timed by the client, which dilutes a change, since the probe saw too little of {', '.join(blind)}"
    logins = [one.endpoint for one in timed if one.is_login]
    if logins:
        yield f"sent once per user and start, so hardly timed: {', '.join(logins)}; a flow of its own would time a log-in"
    for one in timed:
        if not len(one.times.a):
            yield f"{one.endpoint}: no request was answered well by both versions, so nothing was timed"
        elif len(one.client.a) < one.sent:
            left = one.sent - len(one.client.a)
            yield f"{one.endpoint}: {show_share(left / one.sent)} of its requests failed on either side and are not timed"
    for test in tests:
        ratios = test.series.ratios
        if test.decides and ratios.left_out > len(ratios.ratios):
            yield f"{test.endpoint}: {ratios.left_out} of {ratios.left_out + len(ratios.ratios)} blocks had too few requests"


def _missing(observed: Observed) -> Iterator[str]:
    tiers = (("counters", observed.counters), ("alternation", observed.pairs), ("bursts", observed.bursts))
    for name, table in tiers:
        if isinstance(table, Missing):
            yield f"{name}: {table.why}"
    shares = (("alternation", 1.0 if observed.stopped_early else observed.pairs_share), ("bursts", observed.bursts_share))
    for name, share in shares:
        if observed.interrupted and share < 1:
            yield f"{name}: it was interrupted with {show_share(share)} of its blocks measured"
