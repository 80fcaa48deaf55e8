"""What the report of one run says, from the verdict down to how it was measured."""

from perfkit.analyze.pages import endpoints, findings, limits, method, profiles, verdict
from perfkit.detectors.catalogue import DETECTORS
from perfkit.finding import Analysis, Finding, Level
from perfkit.measures.lazy import Measures
from perfkit.page import Check, CheckState, Page, Section
from perfkit.version import VERSION


def page(analysis: Analysis, measures: Measures) -> Page:
    """The whole report as plain data."""
    run = measures.run
    return Page(
        title=f"{run.scenario}: performance report",
        subtitle=f"{run.id} · {run.started_at} · load profile {run.load}",
        verdict=verdict.sentence(analysis),
        mood=verdict.mood(analysis),
        reasons=verdict.reasons(analysis, run),
        sections=(
            Section("At a glance", (verdict.figures(analysis),)),
            *findings.sections(analysis, DETECTORS),
            verdict.objectives(analysis),
            endpoints.table(measures),
            endpoints.response_times(measures),
            endpoints.breakdown(measures),
            limits.section(measures),
            profiles.statements(measures),
            profiles.functions(measures),
            profiles.memory(measures),
            method.rules(analysis),
            method.method(analysis, measures),
        ),
        checks=checks(analysis),
        footer=f"perfkit {VERSION}. Figures are of the measure phase unless they say otherwise.",
    )


def checks(analysis: Analysis) -> tuple[Check, ...]:
    """The same verdicts as a test report: objectives can fail, findings inform, our own bugs are errors."""
    states: dict[str, CheckState] = {"met": "passed", "missed": "failed"}
    objectives = tuple(
        Check(
            f"{outcome.endpoint}: {outcome.objective}", "objective", states.get(outcome.state, "skipped"), verdict.said(outcome)
        )
        for outcome in analysis.slo.objectives
    )
    # Hints come last among the findings: a rule with more than hints is told by the first of those.
    found = {finding.rule.id: finding for finding in reversed(analysis.findings)}
    rules = (
        *(Check(rule, "rule", "passed", f"{word(finding)}: {finding.message}") for rule, finding in found.items()),
        *(Check(rule.id, "rule", "passed", "clean") for rule in analysis.clean),
        *(Check(skipped.rule.id, "rule", "skipped", skipped.why) for skipped in analysis.skipped),
        *(Check(failed.rule.id, "rule", "error", failed.why) for failed in analysis.failed),
    )
    run = Check(
        "the run is fit to judge",
        "run",
        "failed" if analysis.validity.state == "invalid" else "passed",
        "; ".join(analysis.validity.reasons),
    )
    return (run, *objectives, *rules)


def word(finding: Finding) -> str:
    return finding.level.value if finding.level in (Level.HINT, Level.REFUTED) else "found"
