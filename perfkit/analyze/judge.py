"""The one loop over the rules: each is found, clean, skipped or failed, and never two of these."""

import traceback
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

from perfkit import validity
from perfkit.analyze import gates, observer
from perfkit.detectors.base import Detector
from perfkit.detectors.catalogue import DETECTORS
from perfkit.evidence import Caveat, Evidence, Missing, Run
from perfkit.finding import Analysis, Failed, Finding, Level, Rule, Skipped
from perfkit.measures.lazy import Measures
from perfkit.scenario.model import Slo
from perfkit.slo.judge import Outcome, Verdict
from perfkit.slo.judge import judge as judge_objectives

# How far each level is to be trusted when findings are ranked (reference, detectors 3.3).
CONFIDENCE: Final = {Level.VERIFIED: 1.0, Level.MEASURED: 0.7, Level.PREDICTED: 0.4, Level.HINT: 0.0, Level.REFUTED: 0.0}


@dataclass(slots=True)
class Outcomes:
    """The four heaps that the loop sorts rules into."""

    findings: list[Finding] = field(default_factory=list[Finding])
    clean: list[Rule] = field(default_factory=list[Rule])
    skipped: list[Skipped] = field(default_factory=list[Skipped])
    failed: list[Failed] = field(default_factory=list[Failed])


def judge(measures: Measures, objectives: Slo, detectors: Iterable[Detector] = DETECTORS) -> Analysis:
    """Everything there is to say about one run."""
    evidence = measures.evidence
    outcomes = Outcomes()
    for detector in detectors:
        look(detector, measures, outcomes)
    verdict = ended_by(evidence.run, judge_objectives(objectives, measures.observed))
    missed = {outcome.endpoint for outcome in verdict.objectives if outcome.state == "missed"}
    return Analysis(
        findings=tuple(sorted(outcomes.findings, key=lambda finding: rank(finding, missed))),
        clean=tuple(outcomes.clean),
        skipped=tuple(outcomes.skipped),
        failed=tuple(outcomes.failed),
        slo=verdict,
        validity=validity.judge(evidence, measures.counts),
        endpoints=measures.endpoints,
        breakdown=None if isinstance(evidence.traces, Missing) else measures.breakdown,
        total=measures.total,
        observer=observer.cost(measures),
        caveats=doubts(evidence),
    )


def ended_by(run: Run, verdict: Verdict) -> Verdict:
    """What was found while the load ran, and ended it, is missed: the load that it would have been judged by never came."""
    halt = run.halt
    if halt is None or halt.by == "duration":
        return verdict
    why = "the circuit breaker opened: guard.stop_if" if halt.by == "breaker" else "in the window that ended the load"
    outcome = Outcome(halt.endpoint, halt.sentence, "missed", halt.measured, None, why)
    others = tuple(one for one in verdict.objectives if (one.endpoint, one.objective) != (halt.endpoint, halt.sentence))
    known = next((one for one in verdict.objectives if one not in others), None)
    # Its own judgement says more, as long as it is the same one.
    same = known is not None and known.state == "missed"
    return Verdict("missed", (*others, known if known is not None and same else outcome))


def look(detector: Detector, measures: Measures, outcomes: Outcomes) -> None:
    """Runs one rule and files what came of it."""
    rule = detector.RULE
    lacking = [missing.why for need in rule.needs if (missing := measures.evidence.missing(need))]
    if lacking:
        outcomes.skipped.append(Skipped(rule, "; ".join(dict.fromkeys(lacking))))
        return
    try:
        said = list(detector.detect(measures))
        found = [gates.pass_through(finding, measures) for finding in said if isinstance(finding, Finding)]
    except Exception as error:  # noqa: BLE001 - a broken rule must not take the report away from the reader
        outcomes.failed.append(Failed(rule, f"{type(error).__name__}: {error}", traceback.format_exc()))
        return
    thin = [one for one in said if isinstance(one, Skipped)]
    if found:
        outcomes.findings.extend(found)
    elif thin:
        outcomes.skipped.append(thin[0])
    elif why := gates.untested(rule.needs, measures.endpoints):
        outcomes.skipped.append(Skipped(rule, why))
    else:
        outcomes.clean.append(rule)


def rank(finding: Finding, missed: set[str]) -> tuple[bool, bool, float, str, str]:
    """Hints last; then endpoints that miss their objective; then the most trusted share of server time."""
    hint = CONFIDENCE[finding.level] == 0
    # A finding that claims no time (memory, bytes, capacity) ranks as one that is worth the gate's minimum.
    share = finding.share_of_server_time if finding.share_of_server_time is not None else gates.MIN_SHARE_OF_RUN
    return (hint, finding.where not in missed, -share * max(CONFIDENCE[finding.level], 0.1), finding.rule.id, finding.where)


def doubts(evidence: Evidence) -> tuple[Caveat, ...]:
    """What stands beside every number of this run."""
    return (*evidence.caveats, *(Caveat(text) for text in evidence.run.caveats))
