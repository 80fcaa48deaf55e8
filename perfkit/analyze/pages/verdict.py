"""The first thing a reader sees: was the run fit to judge, are the objectives met, and what is there to fix."""

from typing import Final

from perfkit.evidence import Run
from perfkit.finding import Analysis, Finding, Level
from perfkit.page import Column, Figure, Figures, Mood, Section, Table
from perfkit.scenario.objectives import show_figure
from perfkit.slo.judge import Outcome
from perfkit.units import show_number, show_rate, show_share, show_time

SLO_WORDS: Final = {
    "met": "Objectives met",
    "missed": "Objectives missed",
    "inconclusive": "Too little was measured to say whether the objectives are met",
    "none": "No objectives were given",
}


def actionable(analysis: Analysis) -> tuple[Finding, ...]:
    """Findings above a hint."""
    return tuple(finding for finding in analysis.findings if finding.level not in (Level.HINT, Level.REFUTED))


def sentence(analysis: Analysis) -> str:
    """The verdict in one sentence."""
    if analysis.validity.state == "invalid":
        return "This run is invalid: its figures say more about the load generator than about the target"
    count = len(actionable(analysis))
    found = "nothing to fix was found" if count == 0 else f"{count} {'thing' if count == 1 else 'things'} to fix"
    doubt = "; the run is suspect" if analysis.validity.state == "suspect" else ""
    return f"{SLO_WORDS[analysis.slo.state]}; {found}{blind(analysis)}{doubt}"


def blind(analysis: Analysis) -> str:
    """What was not looked at must not read as clean."""
    unseen, rules = len(analysis.skipped) + len(analysis.failed), {finding.rule.id for finding in analysis.findings}
    if not unseen:
        return ""
    return f", but {unseen} of {unseen + len(analysis.clean) + len(rules)} rules could not look"


def mood(analysis: Analysis) -> Mood:
    if analysis.validity.state == "invalid" or analysis.slo.state == "missed":
        return "bad"
    if analysis.validity.state == "suspect" or analysis.slo.state == "inconclusive":
        return "warn"
    return "good" if analysis.slo.state == "met" else "neutral"


def reasons(analysis: Analysis, run: Run) -> tuple[str, ...]:
    """Validity first, then each objective that is not met, then what stands beside every number."""
    validity = [f"the run is {analysis.validity.state}: {reason}" for reason in analysis.validity.reasons]
    missed = [
        f"{outcome.endpoint}: {outcome.objective} is {outcome.state}: {said(outcome)}"
        for outcome in analysis.slo.objectives
        if outcome.state != "met"
    ]
    ended = [f"the run ended early: {run.failure}"] if run.failure and not analysis.validity.reasons else []
    return (*validity, *missed, *ended, *(caveat.text for caveat in analysis.caveats))


def figures(analysis: Analysis) -> Figures:
    """The run at a glance."""
    total = analysis.total
    requests, errors = int(total.get("requests") or 0), int(total.get("errors") or 0)
    share = errors / requests if requests else 0.0
    offered, achieved = float(total.get("offered_rate") or 0.0), float(total.get("achieved_rate") or 0.0)
    count = len(actionable(analysis))
    return Figures(
        (
            Figure("requests", show_number(requests), note="in the measure phase"),
            Figure("achieved rate", show_rate(achieved), "neutral", f"of {show_rate(offered)} offered"),
            Figure("errors", show_share(share), "bad" if share > 0.01 else "neutral", f"{errors} requests"),  # noqa: PLR2004
            Figure("p50", time_or_dash(total.get("p50")), note="response time"),
            Figure("p95", time_or_dash(total.get("p95")), note="response time"),
            Figure("p99", time_or_dash(total.get("p99")), note="response time"),
            Figure("to fix", str(count), "warn" if count else "good", f"{len(analysis.findings) - count} more worth a look"),
        )
    )


def time_or_dash(value: float | None) -> str:
    return "–" if value is None else show_time(value)


def objectives(analysis: Analysis) -> Section:
    """Each objective and what became of it."""
    rows = tuple(
        (
            outcome.objective,
            outcome.endpoint,
            outcome.state,
            shown(outcome.objective, outcome.measured),
            "–" if outcome.interval is None else " to ".join(shown(outcome.objective, end) for end in outcome.interval),
            outcome.why,
        )
        for outcome in analysis.slo.objectives
    )
    headings = ("objective", "endpoint", "state", "measured", "95 % interval", "why")
    table = Table("Objectives", tuple(Column(heading, "code" if heading == "endpoint" else "text") for heading in headings), rows)
    return Section(
        "Objectives",
        (table,),
        "Judged on the measure phase, on the response time that a user waits: from when a request was due.",
    )


def said(outcome: Outcome) -> str:
    """What was measured, and what stands in the way of a verdict."""
    measured = [] if outcome.measured is None else [f"it was {shown(outcome.objective, outcome.measured)}"]
    return "; ".join([*measured, *filter(None, [outcome.why])])


def shown(objective: str, value: float | None) -> str:
    """A figure in the unit of its objective."""
    if value is None:
        return "–"
    return show_figure(objective, value)
