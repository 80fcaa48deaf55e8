"""The key `why` of comparison.json."""

from collections.abc import Mapping
from typing import Any, Final

from perfkit.analyze.contract import number, pair
from perfkit.compare.why.explanation import (
    Breakdown,
    Explanation,
    FindingChange,
    FunctionChange,
    StatementChange,
)
from perfkit.evidence import Missing
from perfkit.finding import Finding
from perfkit.stats.replicated import Difference

PROFILERS: Final = {"processor": "py-spy", "wall": "pyinstrument"}


def content(explanation: Explanation | Missing) -> dict[str, Any]:
    """Seconds per request; without an explanation only `why` there is none."""
    if isinstance(explanation, Missing):
        return {"why": explanation.why}
    return {
        "endpoints": list(explanation.endpoints),
        "lasted": number(explanation.lasted),
        "pairs": explanation.pairs,
        "breakdown": [breakdown(one) for one in explanation.breakdowns],
        "functions": [function(one) for one in explanation.functions],
        "statements": [statement(one) for one in explanation.statements],
        "findings": [finding(one) for one in explanation.findings],
        "missing": list(explanation.missing),
        "doubts": list(explanation.doubts),
    }


def difference(one: Difference) -> dict[str, Any]:
    change = one.change
    return {
        "base": number(one.base), "head": number(one.head), "change": number(change.value),
        "interval": pair((change.low, change.high)), "p": number(one.p),
    }  # fmt: skip


def breakdown(one: Breakdown) -> dict[str, Any]:
    return {
        "endpoint": one.endpoint,
        "server_time": {**difference(one.total), "significant": one.significant},
        "parts": {part.name: {**difference(part.difference), "significant": part.significant} for part in one.parts},
        "residual": number(one.residual),
        "units": one.units,
    }


def function(one: FunctionChange) -> dict[str, Any]:
    return {
        "endpoint": one.endpoint, "function": one.name, "file": one.file, "line": one.line or None, "own": one.is_own,
        "state": one.state, "significant": one.significant, "clock": one.clock, "profiler": PROFILERS[one.clock],
        "with_calls": difference(one.with_calls), "alone": difference(one.alone), "new_call": one.new_call,
    }  # fmt: skip


def statement(one: StatementChange) -> dict[str, Any]:
    return {
        "endpoint": one.endpoint, "statement": one.text, "state": one.state, "call_site": one.call_site,
        "count": {"base": number(one.count.base), "head": number(one.count.head)}, "time": difference(one.time),
    }  # fmt: skip


def finding(one: FindingChange) -> Mapping[str, Any]:
    shown = one.shown
    return {
        "state": one.state, "fingerprint": shown.fingerprint, "rule": shown.rule.id, "title": shown.rule.title,
        "endpoint": shown.where, "call_site": shown.call_site, "message": shown.message,
        "base": _at_stake(one.base), "head": _at_stake(one.head),
    }  # fmt: skip


def _at_stake(one: Finding | None) -> dict[str, Any] | None:
    return (
        None if one is None else {"level": one.level.value, "saving": number(one.saving), "interval": pair(one.saving_interval)}
    )
