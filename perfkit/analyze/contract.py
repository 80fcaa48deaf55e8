"""findings.json: the Analysis written down for machines; its keys may grow, and change only with the format number."""

import json
import math
from collections.abc import Iterable, Mapping
from typing import Any, Final

import polars as pl

from perfkit.evidence import Missing, Run
from perfkit.finding import Analysis, Finding
from perfkit.measures.limits import Limits

FORMAT: Final = 1
QUANTILES: Final = ("p50", "p90", "p95", "p99", "max")
PARTS: Final = ("cpu", "database", "pool_wait", "connect", "outbound", "lock", "queue", "other")
EXHIBIT_ROWS: Final = 20


def written(analysis: Analysis, run: Run, limits: Limits) -> str:
    """The file's text."""
    return json.dumps(content(analysis, run, limits), indent=1, allow_nan=False)


def content(analysis: Analysis, run: Run, limits: Limits) -> dict[str, Any]:
    """Times in seconds, sizes in bytes, shares 0 to 1."""
    breakdown = {} if analysis.breakdown is None else {row["endpoint"]: row for row in analysis.breakdown.to_dicts()}
    return {
        "format": FORMAT,
        "run": {
            "id": run.id, "scenario": run.scenario, "commit": run.commit, "dirty": run.dirty, "started_at": run.started_at,
            "load": run.load, "state": run.state,
        },
        "validity": {
            "state": analysis.validity.state, "reasons": list(analysis.validity.reasons),
            "can_be_baseline": analysis.validity.can_be_baseline,
        },
        "slo": {
            "state": analysis.slo.state,
            "objectives": [
                {
                    "endpoint": outcome.endpoint, "objective": outcome.objective, "state": outcome.state,
                    "measured": number(outcome.measured), "interval": pair(outcome.interval), "why": outcome.why,
                }
                for outcome in analysis.slo.objectives
            ],
        },
        "endpoints": [endpoint(row, breakdown.get(row["endpoint"])) for row in analysis.endpoints.to_dicts()],
        "total": {key: number(value) for key, value in analysis.total.items()},
        "findings": [finding(one) for one in analysis.findings],
        "clean": [rule.id for rule in analysis.clean],
        "skipped": [{"rule": skipped.rule.id, "why": skipped.why} for skipped in analysis.skipped],
        "failed": [{"rule": failed.rule.id, "why": failed.why} for failed in analysis.failed],
        "limits": limited(limits),
        "observer": {key: number(value) for key, value in analysis.observer.items()},
        "caveats": [caveat.text for caveat in analysis.caveats],
    }  # fmt: skip


def limited(limits: Limits) -> dict[str, Any]:
    """How much of each limited thing was in use, and which of them is the bottleneck."""
    named = limits.bottlenecks
    return {
        "bottlenecks": [] if named.is_generator else [{"resource": one.resource, "where": one.where} for one in named.named],
        "reached": named.is_full,
        "generator": named.is_generator,
        "utilisation": [
            {
                "resource": one.resource,
                "where": one.where,
                "share": None if isinstance(one.share, Missing) else number(one.share),
                "basis": one.share.why if isinstance(one.share, Missing) else one.basis,
            }
            for one in limits.utilisation
        ],
    }


def endpoint(row: Mapping[str, Any], parts: Mapping[str, Any] | None) -> dict[str, Any]:
    """One entry per endpoint; what was not observed is null."""
    plain = ("endpoint", "requests", "errors", "offered_rate", "achieved_rate", "statements", "bytes", "traced", "coverage")
    return {
        **{key: number(row.get(key)) for key in plain},
        "response_time": {quantile: number(row[quantile]) for quantile in QUANTILES},
        "service_time": {quantile: number(row[f"service_{quantile}"]) for quantile in QUANTILES},
        "server_time": {quantile: number(row[f"server_{quantile}"]) for quantile in QUANTILES},
        "breakdown": None if parts is None else {part: number(parts[part]) for part in (*PARTS, "residual")},
    }


def finding(one: Finding) -> dict[str, Any]:
    """Rule and place make the fingerprint; `fix` is the framework's own where one is known."""
    return {
        "fingerprint": one.fingerprint,
        "rule": one.rule.id,
        "title": one.rule.title,
        "family": one.rule.family.value,
        "level": one.level.value,
        "endpoint": one.where,
        "call_site": one.call_site,
        "statement": one.statement,
        "message": one.message,
        "fix": one.fix or one.rule.fix,
        "saving": number(one.saving),
        "saving_interval": pair(one.saving_interval),
        "share_of_server_time": number(one.share_of_server_time),
        "exhibits": [{"title": exhibit.title, "rows": rows(exhibit.rows)} for exhibit in one.exhibits],
        "caveats": [caveat.text for caveat in one.caveats],
    }


def rows(frame: pl.DataFrame) -> list[dict[str, Any]]:
    return [{key: number(value) for key, value in row.items()} for row in frame.head(EXHIBIT_ROWS).to_dicts()]


def number(value: Any) -> Any:
    """JSON has no NaN: what is not a number is not known."""
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, str | int | float | bool) or value is None:
        return value
    if isinstance(value, Mapping):
        return {str(key): number(item) for key, item in value.items()}
    if isinstance(value, Iterable) and not isinstance(value, bytes):
        return [number(item) for item in value]
    return str(value)


def pair(interval: tuple[float, float] | None) -> list[float] | None:
    return None if interval is None else [number(interval[0]), number(interval[1])]
