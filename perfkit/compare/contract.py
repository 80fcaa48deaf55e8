"""comparison.json: the Comparison written down for machines; its keys may grow, and change only with the format number."""

import json
import math
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any, Final

from perfkit.compare.comparison import AtRate, Compared, Comparison, Counted, Detail, Failures, Window, as_shares, share
from perfkit.compare.pairs import SIDES
from perfkit.compare.subject import Subject, Version
from perfkit.compare.why import contract as why
from perfkit.compare.why.explanation import NOT_EXPLAINED, Explanation
from perfkit.evidence import Missing
from perfkit.stats.interval import Estimate
from perfkit.stats.needed import More
from perfkit.stats.resampled_queue import ResponseChange

FORMAT: Final = 1


def written(
    comparison: Comparison, subject: Subject, exit_code: int, explanation: Explanation | Missing = NOT_EXPLAINED
) -> str:  # fmt: skip
    """The file's text."""
    return json.dumps(content(comparison, subject, exit_code, explanation), indent=1, allow_nan=False)


def content(
    comparison: Comparison, subject: Subject, exit_code: int, explanation: Explanation | Missing = NOT_EXPLAINED
) -> dict[str, Any]:
    """Times in seconds, sizes in bytes; changes are shares of the base's time: 0.03 is 3 % more."""
    rules = comparison.settings.rules
    return {
        "format": FORMAT,
        "comparison": {
            "id": subject.id, "scenario": subject.scenario, "started_at": subject.started_at, "lasted": number(comparison.lasted),
            "base": version(subject.base), "head": version(subject.head), "differences": list(subject.differences),
            "cores": list(subject.cores), "client_cores": list(subject.client_cores), "conditions": asdict(subject.conditions),
        },
        "answer": comparison.answer.value,
        "exit_code": exit_code,
        **more_time(comparison.more_time),
        "stopped_early": comparison.stopped_early,
        "rules": {
            "alpha": rules.alpha, "margin": rules.margin, "floor": rules.floor, "error_margin": rules.error_margin,
            "confidence": rules.confidence, "power": rules.power, "gate": sorted(comparison.settings.gate),
            "between_runs": comparison.between_runs,
        },
        "counters": [counter(one) for one in comparison.counted],
        "tests": [test(one) for one in comparison.tests],
        "errors": [errors(one) for one in comparison.errors],
        "endpoints": [detail(one) for one in comparison.details],
        "at_rate": at_rate(comparison.at_rate),
        "why": why.content(explanation),
        "noise": comparison.noise,
        "unstable": list(comparison.unstable),
        "missing": list(comparison.missing),
        "doubts": [*subject.caveats, *comparison.doubts],
    }  # fmt: skip


def version(side: Version) -> dict[str, Any]:
    return {"kind": side.kind, "label": side.label, "commit": side.commit, "dirty": side.dirty}


def counter(one: Counted) -> dict[str, Any]:
    change = one.change
    return {
        "endpoint": change.endpoint, "counter": change.counter, "base": change.base, "head": change.head,
        "detail": change.detail, "outcome": one.outcome, "gated": one.gated,
    }  # fmt: skip


def test(one: Compared) -> dict[str, Any]:
    """A figure of an endpoint; `all endpoints` is the mean over them."""
    verdict, changed = one.verdict, as_shares(one.verdict.change)
    return {
        "endpoint": one.endpoint, "metric": one.metric.id, "gated": one.gated, "decides": one.decides,
        "outcome": verdict.outcome.value, "severe": verdict.severe,
        "base": number(one.series.base), "head": number(one.series.head),
        "change": number(changed.value), "interval": ends(changed), "level": verdict.level,
        "p": verdict.p, "p_sign_flip": verdict.p_sign_flip,
        "no_slowdown_beyond": number(share(verdict.no_slowdown_beyond)), "detectable": number(share(verdict.detectable)),
        "blocks": verdict.blocks, "blocks_left_out": one.series.ratios.left_out, "lag1": verdict.lag1,
        **more_time(one.more_time),
    }  # fmt: skip


def more_time(more: More | None) -> dict[str, Any]:
    """Seconds; the range holds four in five of such comparisons."""
    if more is None:
        return {"more_time": None, "more_time_range": [None, None]}
    return {"more_time": number(more.likely), "more_time_range": [number(more.low), number(more.high)]}


def errors(one: Failures) -> dict[str, Any]:
    """Shares of requests; the change is head's less the base's."""
    return {
        "endpoint": one.endpoint, "gated": one.gated, "outcome": one.verdict.outcome.value, "base": one.base, "head": one.head,
        "requests": one.requests, "change": number(one.verdict.change.value), "interval": ends(one.verdict.change),
        "p": one.verdict.p,
    }  # fmt: skip


def detail(one: Detail) -> dict[str, Any]:
    """What stands behind the verdicts of one endpoint."""
    check = one.self_check
    return {
        "endpoint": one.endpoint, "seen_from": one.seen_from, "requests": one.requests,
        "restarts": [{"restart": start, "change": number(share(mean)), "blocks": blocks} for start, mean, blocks in one.means],
        "shifts": [
            {
                "share": shift.share, "change": number(share(shift.ratio.value)), "interval": ends(as_shares(shift.ratio)),
                "difference": number(shift.difference.value), "difference_interval": ends(shift.difference),
            }
            for shift in one.shifts
        ],
        "self_check": None if check is None else {"difference": number(share(check.difference.value)), "p": check.p},
        "drift_p": one.drift, "block_sd": number(one.block_sd),
    }  # fmt: skip


def at_rate(simulated: AtRate | Missing) -> dict[str, Any]:
    """Response times at the scenario's rate, by simulation; no endpoints when either version is saturated there."""
    if isinstance(simulated, Missing):
        return {"why": simulated.why}
    change, windows, computing = simulated.change, simulated.windows, simulated.computing
    return {
        "rate": simulated.rate, "servers": simulated.servers, "discipline": simulated.discipline,
        "utilisation": {"base": number(change.utilisation_a), "head": number(change.utilisation_b)},
        "saturated": change.is_saturated,
        "endpoints": [
            {"endpoint": endpoint, **{f"p{quantile.share * 100:g}": response(quantile) for quantile in quantiles}}
            for endpoint, quantiles in zip(simulated.endpoints, change.endpoints, strict=False)
        ],
        "together": {f"p{quantile.share * 100:g}": response(quantile) for quantile in change.together},
        "windows": {"why": windows.why} if isinstance(windows, Missing) else dict(zip(SIDES, map(window, windows), strict=True)),
        "computing": {"why": computing.why} if isinstance(computing, Missing) else dict(zip(SIDES, computing, strict=True)),
    }  # fmt: skip


def window(one: Window) -> dict[str, Any]:
    """What a window of plain load measured, of all endpoints together."""
    return {"requests": one.requests, **{f"p{share * 100:g}": time for share, time in one.response_times}}


def response(one: ResponseChange) -> Mapping[str, Any]:
    changed = as_shares(one.ratio)
    return {"base": number(one.a), "head": number(one.b), "change": number(changed.value), "interval": ends(changed)}


def ends(estimate: Estimate) -> list[float | None]:
    return [number(estimate.low), number(estimate.high)]


def number(value: float | None) -> float | None:
    """JSON has no infinity: an end that is not known is null."""
    return value if value is not None and math.isfinite(value) else None
