"""The first thing a reader sees: do both versions answer alike, is one slower, and how far the answer can be trusted."""

import math
from collections.abc import Iterator
from typing import Final

from perfkit.compare.comparison import Answer, Compared, Comparison, share
from perfkit.compare.metric import EVERY, SERVER_TIME
from perfkit.compare.pages import words
from perfkit.compare.subject import Subject
from perfkit.page import Figure, Figures
from perfkit.stats.outcome import Outcome
from perfkit.units import show_share, show_time

OPEN_SHOWN: Final = 5
# What can be done about two runs that were made apart.
INSTEAD: Final = "`perfkit compare BASE HEAD --scenario ...` alternates the two versions and sees changes from about 2 % on"
# Seconds of alternation beyond which a longer one is no advice, and a margin beyond which the question would be none.
LONGEST_ADVISED: Final = 1800.0
LARGEST_MARGIN: Final = 0.3


def sentence(comparison: Comparison, subject: Subject) -> str:
    """The answer in one sentence; that answers differ comes before anything about time."""
    base, head = subject.base.title, subject.head.title
    differing = [one for one in comparison.counted if one.outcome == "different"]
    unlike = (
        f"the two versions do not answer alike ({words.listed(sorted({one.change.endpoint for one in differing}))}); "
        if differing
        else ""
    )
    match comparison.answer:
        case Answer.REGRESSED:
            said = f"{head} is worse than {base}: {words.listed(list(found(comparison, 'regressed')))}"
        case Answer.DIFFERENT:
            said = "times of versions that do unlike work say little"
        case Answer.UNSTABLE:
            said = "no verdict about times: the base differs from itself on this machine, so the gate is disabled"
        case Answer.INCONCLUSIVE:
            said = f"inconclusive: {wanting(comparison)}"
        case Answer.IMPROVED:
            said = f"{head} is better than {base}: {words.listed(list(found(comparison, 'improved')))}"
        case Answer.EQUIVALENT:
            said = equivalent(comparison)
    whole = unlike + said
    return whole if whole.startswith(head) else whole[0].upper() + whole[1:]


def found(comparison: Comparison, outcome: str) -> Iterator[str]:
    """What fails the comparison, or speaks for it: exact changes first."""
    for one in comparison.counted:
        if one.gated and one.outcome == outcome:
            yield f"{one.change.endpoint}: {words.of_count(one)}"
    for failed in comparison.errors:
        if failed.gated and failed.verdict.outcome == outcome:
            yield f"{failed.endpoint}: {words.of_errors(failed)}"
    if comparison.unstable:
        return
    for test in comparison.gated:
        if test.outcome == outcome:
            yield f"{test.endpoint}: {test.metric.title} {words.changed(test)}"


def wanting(comparison: Comparison) -> str:
    """What an inconclusive answer lacks."""
    if not any(test.decides for test in comparison.gated):
        return "nothing that decides was measured"
    more = comparison.more_time
    if more is None:
        return "on a machine as noisy as this one no longer comparison would probably decide it"
    if words.is_without_interval(more):
        return f"too few blocks were measured to decide anything; it takes {words.more(more)}"
    return f"{words.more(more)} of measuring would probably decide it"


def next_step(comparison: Comparison) -> Iterator[str]:
    """The next thing to type, or to do."""
    match comparison.answer:
        case Answer.DIFFERENT:
            yield "next: make them answer alike; if they are meant to differ, --allow-answers judges times all the same"
        case Answer.UNSTABLE:
            yield "next: end what else runs on this machine, or take one that is quieter, and compare again"
        case Answer.REGRESSED:
            yield "next: what became worse stands below, endpoint by endpoint; once it is mended, compare again"
        case Answer.INCONCLUSIVE:
            yield from _longer(comparison)
        case Answer.IMPROVED | Answer.EQUIVALENT:
            return


def _longer(comparison: Comparison) -> Iterator[str]:
    deciding = [test for test in comparison.gated if test.decides]
    if not deciding:
        return
    if comparison.between_runs is not None:
        yield f"next: {INSTEAD}"
        return
    more = comparison.more_time
    if more is not None and comparison.alternated + more.likely <= LONGEST_ADVISED:
        # An interval is only the beginning of an answer.
        wanted = (comparison.alternated + more.likely) * (2 if words.is_without_interval(more) else 1)
        yield f"next: the same again with --budget {10 * math.ceil(wanted / 10)}s"
        return
    beyond = share(max(test.verdict.no_slowdown_beyond for test in deciding))
    quieter = "next: a quieter machine"
    # What was measured already excludes it, so nothing but the question changes.
    wide = 0 < beyond <= LARGEST_MARGIN
    yield f"{quieter}, or a question that this one can answer: --margin {math.ceil(100 * beyond)}%" if wide else quieter


def equivalent(comparison: Comparison) -> str:
    rules = comparison.settings.rules
    deciding = [test for test in comparison.gated if test.decides]
    if not deciding:
        why = "are not in compare.gate, so they decide nothing" if comparison.tests else "were not compared"
        return f"nothing of what was counted changed; times {why}"
    count = len({test.endpoint for test in deciding} - {EVERY})
    largest = max((test.verdict.no_slowdown_beyond for test in deciding), default=0.0)
    of = "of the only endpoint" if count == 1 else f"of any of {count} endpoints"
    return (
        f"no slowdown larger than {show_share(rules.margin)} of the typical request {of} "
        f"({show_share(max(0.0, share(largest)))} at most, with {show_share(rules.confidence)} confidence)"
    )


def reasons(comparison: Comparison, subject: Subject) -> tuple[str, ...]:
    """What differs in content first, then why times are doubted, then what is open, then what was not looked at."""
    differing = [
        f"{one.change.endpoint}: {words.with_detail(one)}: a faster wrong answer is no improvement"
        for one in comparison.counted
        if one.outcome == "different"
    ]
    early = ["it ended early: what it found is beyond the margin, or everything was decided"] if comparison.stopped_early else []
    unlike = [f"not only the code differs: {difference}" for difference in subject.differences]
    missing = [f"not measured: {why}" for why in comparison.missing]
    return (
        *differing, *comparison.unstable, *unlike, *_open(comparison), *next_step(comparison), *_not_excluded(comparison), *early,
        *comparison.doubts, *subject.caveats, *missing,
    )  # fmt: skip


def figures(comparison: Comparison) -> Figures:
    """The comparison at a glance."""
    tests = comparison.gated
    counts = {outcome: sum(test.outcome is outcome for test in tests) for outcome in Outcome}
    exact = sum(one.outcome == "regressed" and one.gated for one in comparison.counted)
    overall = comparison.of(EVERY, SERVER_TIME) or next((test for test in tests if test.metric == SERVER_TIME), None)
    shown = [Figure("server time", words.changed(overall), words.MOODS[overall.outcome], overall.endpoint)] if overall else []
    regressed = counts[Outcome.REGRESSED] + exact + sum(test.verdict.outcome is Outcome.REGRESSED for test in comparison.errors)
    return Figures(
        (
            *shown,
            Figure("regressed", str(regressed), "bad" if regressed else "good", f"{exact} of them counted"),
            Figure("improved", str(counts[Outcome.IMPROVED]), "good" if counts[Outcome.IMPROVED] else "neutral"),
            Figure("equivalent", str(counts[Outcome.EQUIVALENT])),
            Figure("inconclusive", str(counts[Outcome.INCONCLUSIVE])),
            Figure("noise", comparison.noise, "warn" if comparison.noise == "noisy" else "neutral", "of the blocks"),
            Figure("measured", show_time(comparison.lasted), note="starts and warm-ups apart"),
        )
    )


def _open(comparison: Comparison) -> Iterator[str]:
    """What the answer lacks, figure by figure."""
    undecided = [test for test in comparison.gated if test.decides and test.outcome is Outcome.INCONCLUSIVE]
    for test in undecided[:OPEN_SHOWN]:
        detectable = share(test.verdict.detectable)
        known = detectable != float("inf")
        least = [f"a change of {show_share(detectable)} would have been found"] if known else []
        more = [words.more(test.more_time)] if test.more_time is not None else []
        yield "; ".join((f"{test.endpoint}: {test.metric.title} {words.changed(test)} is inconclusive", *least, *more))


def _not_excluded(comparison: Comparison) -> Iterator[str]:
    """Of figures that cannot decide: how large a slowdown may hide in them."""
    hidden = [test for test in comparison.gated if not test.decides and test.outcome is Outcome.INCONCLUSIVE]
    if not hidden:
        return
    widest: Compared = max(hidden, key=lambda test: test.verdict.no_slowdown_beyond)
    count = f"{len(hidden)} of the slow requests' and the bursts' figures"
    most = f"{widest.endpoint}, {widest.metric.title}, may be slower by {words.bound(widest)}"
    yield f"{count} show no change, nor that there is none: {most}"
