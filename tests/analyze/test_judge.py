"""The one loop: found, clean, skipped and failed are never mixed, and what matters most comes first."""

import pytest

from perfkit.analyze.judge import ended_by, judge
from perfkit.detectors.base import Detector
from perfkit.detectors.catalogue import DETECTORS
from perfkit.evidence import Caveat, Halt, Missing
from perfkit.finding import Analysis, Level, Skipped
from perfkit.scenario.model import Slo
from perfkit.slo.judge import Outcome, Verdict
from tests.analyze.rules import RULE, a_finding, a_rule, raising, saying
from tests.builders import Request, a_run, many, measures

NO_SLO = Slo.model_validate({"objectives": {}})


def judged(*detectors: Detector, requests: list[Request] | None = None, slo: Slo = NO_SLO, **tables: object) -> Analysis:
    return judge(measures(many(100) if requests is None else requests, **tables), slo, detectors)


def ids(analysis: Analysis) -> tuple[list[str], list[str], list[str], list[str]]:
    """The four heaps."""
    return (
        [finding.rule.id for finding in analysis.findings],
        [rule.id for rule in analysis.clean],
        [skipped.rule.id for skipped in analysis.skipped],
        [failed.rule.id for failed in analysis.failed],
    )


def test_every_rule_lands_on_exactly_one_heap() -> None:
    found, clean, skipped, failed = (a_rule(name) for name in ("found", "clean", "skipped", "failed"))
    analysis = judged(
        saying(a_finding(found), rule=found),
        saying(rule=clean),
        saying(Skipped(skipped, "no statement ran"), rule=skipped),
        raising(ValueError("no such column"), rule=failed),
    )

    assert ids(analysis) == (["found"], ["clean"], ["skipped"], ["failed"])


def test_a_rule_that_raises_is_our_bug_and_the_others_go_on() -> None:
    other = a_rule("other")
    analysis = judged(raising(ZeroDivisionError("division by zero")), saying(a_finding(other), rule=other))

    (failed,) = analysis.failed
    assert failed.why == "ZeroDivisionError: division by zero"
    assert "raise error" in failed.trace
    assert [finding.rule.id for finding in analysis.findings] == ["other"]


def test_what_a_rule_had_said_before_it_raised_is_not_believed() -> None:
    def says(_: object) -> object:
        yield a_finding()
        raise RuntimeError("half way")

    from tests.analyze.rules import Told

    analysis = judged(Told(RULE, says))  # type: ignore[arg-type]

    assert ids(analysis) == ([], [], [], ["slow-thing"])


def test_a_rule_without_its_evidence_is_skipped_with_each_reason_once() -> None:
    rule = a_rule(needs=("traces", "statements", "stacks"))

    analysis = judged(saying(a_finding(rule), rule=rule), traces=Missing("attached"), stacks=Missing("py-spy may not trace"))

    assert ids(analysis) == ([], [], ["slow-thing"], [])
    assert analysis.skipped[0].why == "attached; py-spy may not trace"


def test_a_rule_that_saw_enough_of_no_endpoint_is_not_clean() -> None:
    analysis = judged(saying(), requests=many(5))

    assert ids(analysis) == ([], [], ["slow-thing"], [])
    assert "20 requests" in analysis.skipped[0].why


def test_a_rule_that_found_something_is_not_skipped_for_what_it_could_not_see() -> None:
    analysis = judged(saying(Skipped(RULE, "one endpoint had no plan"), a_finding()))

    assert ids(analysis) == (["slow-thing"], [], [], [])


def test_a_finding_that_a_gate_demotes_is_still_a_finding() -> None:
    analysis = judged(saying(a_finding(saving=0.0)))

    assert [finding.level for finding in analysis.findings] == [Level.HINT]
    assert ids(analysis)[1] == []


def test_findings_come_by_the_trusted_share_of_server_time() -> None:
    said = [
        a_finding(a_rule("predicted"), level=Level.PREDICTED, saving=0.012),
        a_finding(a_rule("measured-small"), saving=0.005),
        a_finding(a_rule("measured-big"), saving=0.010),
        a_finding(a_rule("verified"), level=Level.VERIFIED, saving=0.008),
        a_finding(a_rule("hint"), level=Level.HINT, saving=0.020),
        a_finding(a_rule("no-time"), saving=None),
    ]

    order = [finding.rule.id for finding in judged(saying(*said)).findings]

    assert order == ["verified", "measured-big", "predicted", "measured-small", "no-time", "hint"]


def test_an_endpoint_that_misses_its_objective_comes_first() -> None:
    requests = many(100) + many(100, endpoint="GET /late", wall_time=0.5)
    slo = Slo.model_validate({"GET /late": ["p95 < 100ms"], "GET /orders": ["p95 < 100ms"]})
    said = (a_finding(saving=0.019), a_finding(where="GET /late", saving=0.03), a_finding(where="GET /late", level=Level.HINT))

    analysis = judged(saying(*said), requests=requests, slo=slo)

    assert [(finding.where, finding.level) for finding in analysis.findings] == [
        ("GET /late", Level.MEASURED),
        ("GET /orders", Level.MEASURED),
        ("GET /late", Level.HINT),
    ]


def test_equal_findings_keep_an_order_that_does_not_depend_on_the_catalogue() -> None:
    said = [a_finding(a_rule(name)) for name in ("b", "a", "c")]

    assert ids(judged(saying(*said)))[0] == ids(judged(saying(*reversed(said))))[0] == ["a", "b", "c"]


def test_without_the_inside_view_there_is_no_breakdown() -> None:
    assert judged(saying(), traces=Missing("attached")).breakdown is None
    assert judged(saying()).breakdown is not None


def test_doubts_of_the_evidence_and_of_the_run_stand_side_by_side() -> None:
    analysis = judged(saying(), caveats=[Caveat("torn")], run=a_run(caveats=("noisy",)))

    assert [caveat.text for caveat in analysis.caveats] == ["torn", "noisy"]


@pytest.mark.parametrize("requests", [[], many(1), many(30)], ids=["none", "one", "thirty"])
def test_no_rule_of_the_catalogue_fails_on_little_evidence(requests: list[Request]) -> None:
    analysis = judged(*DETECTORS, requests=requests)

    assert [(failed.rule.id, failed.why) for failed in analysis.failed] == []
    assert sorted(rule for heap in ids(analysis) for rule in heap) == sorted(detector.RULE.id for detector in DETECTORS)


def test_from_outside_most_rules_are_skipped_and_none_is_clean_by_blindness() -> None:
    analysis = judge(measures(many(100), traces=Missing("attached")), NO_SLO, DETECTORS)

    needing = {
        detector.RULE.id for detector in DETECTORS if "traces" in detector.RULE.needs or "statements" in detector.RULE.needs
    }
    assert needing <= {skipped.rule.id for skipped in analysis.skipped}


def test_an_opened_breaker_is_an_objective_that_was_missed() -> None:
    halt = Halt("breaker", "all", "errors > 50% for 10s", 0.8, 32.0)

    verdict = ended_by(a_run(state="aborted", halt=halt), Verdict("met", ()))

    assert verdict.state == "missed"
    assert [(one.objective, one.state, one.measured) for one in verdict.objectives] == [("errors > 50% for 10s", "missed", 0.8)]
    assert "circuit breaker opened" in verdict.objectives[0].why


def test_an_objective_that_ended_the_load_is_missed_whatever_its_windows_say_afterwards() -> None:
    sentence = "p99 < 1s for 10s abort"
    other = Outcome("all", "errors < 1%", "met", 0.0, None)
    halt = Halt("objective", "all", sentence, 1.2, 32.0)
    run = a_run(state="aborted", halt=halt)

    inconclusive = ended_by(run, Verdict("inconclusive", (Outcome("all", sentence, "inconclusive", None, None), other)))
    missed = ended_by(run, Verdict("missed", (Outcome("all", sentence, "missed", 1.3, None, "worst"), other)))

    assert [(one.objective, one.state, one.measured) for one in inconclusive.objectives] == [
        ("errors < 1%", "met", 0.0),
        (sentence, "missed", 1.2),
    ]
    assert missed.objectives[-1].measured == 1.3


def test_a_load_that_its_cap_ended_is_judged_by_what_was_measured() -> None:
    halt = Halt("duration", "all", "guard.max_duration", None, 60.0)

    assert ended_by(a_run(state="aborted", halt=halt), Verdict("met", ())) == Verdict("met", ())
