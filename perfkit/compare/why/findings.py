"""Findings that one version has and the other one has not: the rules of `perfkit analyze` on what was recorded of both."""

from collections.abc import Iterator, Mapping

from perfkit.analyze.judge import judge
from perfkit.compare.why.explanation import FindingChange
from perfkit.compare.why.recorded import Recorded
from perfkit.finding import Finding, Level
from perfkit.scenario.model import Slo


def findings(base: Recorded, head: Recorded) -> tuple[FindingChange, ...]:
    """New ones first. Hints come and go with chance, so that one which only one version has says nothing."""
    ours, theirs = (_found(one) for one in (base, head))
    return (
        *(FindingChange("new", None, finding) for key, finding in theirs.items() if key not in ours and _is_sure(finding)),
        *(FindingChange("gone", finding, None) for key, finding in ours.items() if key not in theirs and _is_sure(finding)),
        *_changed(ours, theirs),
    )


def _found(one: Recorded) -> dict[str, Finding]:
    """By fingerprint, as they are ranked."""
    return {finding.fingerprint: finding for finding in judge(one.measures, Slo()).findings}


def _is_sure(finding: Finding) -> bool:
    return finding.level not in (Level.HINT, Level.REFUTED)


def _changed(ours: Mapping[str, Finding], theirs: Mapping[str, Finding]) -> Iterator[FindingChange]:
    for key, head in theirs.items():
        base = ours.get(key)
        if base is not None and (_is_sure(base) or _is_sure(head)) and not _is_alike(base, head):
            yield FindingChange("changed", base, head)


def _is_alike(base: Finding, head: Finding) -> bool:
    """What is at stake overlaps; without intervals nothing can be told apart."""
    if base.saving_interval is None or head.saving_interval is None:
        return True
    return base.saving_interval[0] <= head.saving_interval[1] and head.saving_interval[0] <= base.saving_interval[1]
