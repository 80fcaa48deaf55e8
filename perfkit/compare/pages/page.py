"""What the report of a comparison says, from the answer down to how it was measured."""

from collections.abc import Iterator

from perfkit.compare.comparison import Comparison
from perfkit.compare.pages import at_rate, changes, endpoints, evidence, method, verdict, why, words
from perfkit.compare.subject import Subject
from perfkit.compare.why.explanation import NOT_EXPLAINED, Explanation
from perfkit.evidence import Missing
from perfkit.page import Check, CheckState, Page, Section
from perfkit.stats.outcome import Outcome
from perfkit.version import VERSION


def page(comparison: Comparison, subject: Subject, explanation: Explanation | Missing = NOT_EXPLAINED) -> Page:
    """The whole report as plain data."""
    return Page(
        title=f"{subject.scenario}: {subject.base.title} against {subject.head.title}",
        subtitle=f"{subject.id} · {subject.started_at}",
        verdict=verdict.sentence(comparison, subject),
        mood=words.MOODS[comparison.answer.value],
        reasons=(*why.lines(explanation), *verdict.reasons(comparison, subject)),
        sections=(
            Section("At a glance", (verdict.figures(comparison),)),
            changes.section(comparison),
            why.section(explanation),
            endpoints.section(comparison),
            at_rate.section(comparison),
            evidence.section(comparison),
            method.section(comparison, subject),
        ),
        checks=tuple(checks(comparison)),
        footer=f"perfkit {VERSION}. Changes are head's above the base's; 95 % or stricter intervals.",
    )


def checks(comparison: Comparison) -> Iterator[Check]:
    """The same answers as a test report: what regressed failed, what could not be decided was skipped."""
    is_fit = not comparison.unstable
    yield Check("the comparison is fit to judge", "run", "passed" if is_fit else "error", "; ".join(comparison.unstable))
    for one in comparison.counted:
        if one.gated:
            state: CheckState = "failed" if one.outcome in {"regressed", "different"} else "passed"
            yield Check(f"{one.change.endpoint}: {one.change.counter}", "comparison", state, words.with_detail(one))
    for failed in comparison.errors:
        if failed.gated:
            worse = failed.verdict.outcome is Outcome.REGRESSED
            yield Check(f"{failed.endpoint}: errors", "comparison", "failed" if worse else "passed", words.of_errors(failed))
    states: dict[Outcome, CheckState] = {Outcome.REGRESSED: "failed", Outcome.INCONCLUSIVE: "skipped"}
    for test in comparison.gated:
        state = states.get(test.outcome, "passed") if is_fit else "skipped"
        yield Check(f"{test.endpoint}: {test.metric.title}", "comparison", state, f"{test.outcome}: {words.of_test(test)}")
