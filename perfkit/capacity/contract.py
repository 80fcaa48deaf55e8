"""capacity.json: the result for machines; docs/capacity.md says what each key is."""

import json
import math
from typing import Any

from perfkit.capacity.bounds import Bound
from perfkit.capacity.earlier import FORMAT, beside
from perfkit.capacity.found import Found
from perfkit.capacity.overload import Overload
from perfkit.capacity.plan import Count, Plan
from perfkit.capacity.result import Result
from perfkit.capacity.scaling import Scaling
from perfkit.capacity.soak import Soak
from perfkit.capacity.step import SHOWN, Step
from perfkit.evidence import Missing
from perfkit.stats.interval import Estimate


def written(result: Result, exit_code: int) -> str:
    best = result.best
    subject = result.subject
    content = {
        "format": FORMAT,
        "capacity": {
            "id": subject.id, "scenario": subject.scenario, "started_at": subject.started_at, "commit": subject.commit,
            "dirty": subject.dirty, "machine": subject.machine,
        },
        "answer": best.answer.value,
        "exit_code": exit_code,
        "interrupted": result.interrupted,
        "recommended": dict(best.setting),
        "limit": _estimate(best.limit),
        "plan": _why(result.plan) if isinstance(result.plan, Missing) else _plan(result.plan),
        "settings": [_found(one) for one in result.found],
        "scaling": _why(result.scaling) if isinstance(result.scaling, Missing) else _scaling(result.scaling),
        "against": _against(result),
        "left_out": list(subject.left_out),
    }  # fmt: skip
    return json.dumps(content, indent=1, allow_nan=False)


def _found(found: Found) -> dict[str, Any]:
    prediction = found.prediction
    alone, flight = found.alone, found.in_flight
    return {
        "setting": dict(found.setting),
        "answer": found.answer.value,
        "limit": _estimate(found.limit),
        "objectives": [{"endpoint": one.endpoint, "objective": one.text} for one in found.limits],
        "predicted": _why(prediction) if isinstance(prediction, Missing) else {
            "limit": _estimate(prediction.limit), "saturation": _number(prediction.saturation), "requests": prediction.requests,
        },
        "bounds": [_bound(one) for one in found.bounds],
        "alone": _why(alone) if isinstance(alone, Missing) else {
            "response_time": alone.response_time, "requests": alone.requests,
        },
        "in_flight": _why(flight) if isinstance(flight, Missing) else {
            "by_law": flight.by_law,
            "by_arrivals": None if isinstance(flight.by_arrivals, Missing) else flight.by_arrivals,
            "disagree": flight.disagree,
        },
        "workers": found.workers,
        "steps": [_step(one) for one in found.steps],
        "overload": _why(found.overload) if isinstance(found.overload, Missing) else _overload(found.overload),
        "soak": _why(found.soak) if isinstance(found.soak, Missing) else _soak(found.soak),
        "lasted": found.lasted,
        "doubts": list(found.doubts),
        "death": found.death,
    }  # fmt: skip


def _step(step: Step) -> dict[str, Any]:
    return {
        "number": step.number,
        "kind": step.kind,
        "folder": step.folder,
        "offered_rate": step.offered,
        "achieved_rate": step.achieved,
        "state": step.state,
        "why": step.why,
        "held": step.held,
        "response_time": {f"p{share * 100:g}": value for share, value in zip(SHOWN, step.response_times, strict=True)},
        "objectives": [
            {
                "endpoint": one.limit.endpoint, "objective": one.limit.text, "measured": one.value, "missed": one.missed,
                "requests": one.requests,
            }
            for one in step.reached
        ],
        "errors": step.error_share,
        "cores": {
            "target": step.usage.target, "generator": step.usage.generator, "busy": step.usage.busy, "of": step.usage.cores,
        },
        "bottlenecks": [
            {"resource": one.resource, "where": one.where, "share": _share(one.share), "basis": one.basis}
            for one in step.bottlenecks.named
        ],
        "limit_reached": step.bottlenecks.is_full,
        "validity": {"state": step.validity.state, "reasons": list(step.validity.reasons)},
    }  # fmt: skip


def _bound(bound: Bound) -> dict[str, Any]:
    return {"resource": bound.resource, "servers": bound.servers, "demand": bound.demand, "rate": bound.rate, "how": bound.how}


def _overload(overload: Overload) -> dict[str, Any]:
    return {
        "offered_rate": overload.rate, "achieved_rate": overload.completed, "goodput": overload.good, "refused": overload.refused,
        "recovered_after": overload.recovered_after, "holds": overload.holds,
    }  # fmt: skip


def _soak(soak: Soak) -> dict[str, Any]:
    slope = soak.slope
    return {
        "rate": soak.step.offered,
        "p95": _number(soak.p95),
        "slope": None if isinstance(slope, Missing) else {"value": slope.slope, "low": slope.low, "high": slope.high},
        "creeps": soak.creeps,
        "leaks": soak.leaks,
        "confirms": soak.confirms,
    }


def _plan(plan: Plan) -> dict[str, Any]:
    return {
        "at": plan.at,
        "instances": _count(plan.now),
        "with_headroom": _count(plan.with_headroom),
        "headroom": {"lose": plan.headroom.lose, "surge": plan.headroom.surge},
        "shared": [
            {
                "name": one.name,
                "limit": one.limit,
                "per_instance": one.per_instance,
                "instances": one.instances,
                "binds": one.binds,
            }
            for one in plan.shared
        ],
        "processor": plan.processor,
        "cost_per_1000": None if isinstance(plan.cost, Missing) else plan.cost,
        "grade": plan.grade,
        "why": plan.why,
    }


def _count(count: Count) -> dict[str, int]:
    return {"value": count.value, "low": count.low, "high": count.high}


def _against(result: Result) -> dict[str, Any] | None:
    if result.earlier is None:
        return None
    pairs = beside(result.earlier, result.found)
    return {
        "id": result.earlier.id,
        "commit": result.earlier.commit,
        "settings": _why(pairs) if isinstance(pairs, Missing) else [
            {"setting": one.setting, "earlier": _estimate(one.earlier), "now": _estimate(one.now), "ratio": _estimate(one.ratio),
             "change": one.change}
            for one in pairs
        ],
    }  # fmt: skip


def _scaling(scaling: Scaling) -> dict[str, Any]:
    law = scaling.law
    return {
        "name": scaling.name,
        "points": [{"count": one.workers, "rate": one.rate, "error": one.error} for one in scaling.points],
        "single": _estimate(law.single),
        "contention": _estimate(law.contention),
        "coherency": _estimate(law.coherency),
        "beyond": [{"count": one.count, "limit": _estimate(one.limit), "grade": one.grade} for one in scaling.beyond],
    }


def _estimate(estimate: Estimate | None) -> dict[str, Any] | None:
    if estimate is None:
        return None
    interval = [_number(estimate.low), _number(estimate.high)]
    return {"value": _number(estimate.value), "interval": interval, "confidence": estimate.confidence}


def _number(number: float) -> float | None:
    """JSON has no infinity."""
    return number if math.isfinite(number) else None


def _share(share: float | Missing) -> float | None:
    return None if isinstance(share, Missing) else share


def _why(missing: Missing) -> dict[str, str]:
    return {"why": missing.why}
