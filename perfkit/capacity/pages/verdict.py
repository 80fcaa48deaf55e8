"""The first thing a reader sees: how much it can take, what gives out first, and how far that can be trusted."""

import math
from collections.abc import Iterator
from typing import Final

from perfkit.analyze.pages import limits
from perfkit.capacity.found import Answer, Found
from perfkit.capacity.pages import against, words
from perfkit.capacity.plan import Plan
from perfkit.capacity.result import Result
from perfkit.evidence import Missing
from perfkit.page import Figure, Figures, Mood
from perfkit.stats.load_factor import half_width
from perfkit.units import show_rate, show_share, show_time

# Issue 5: the interval that a search aims at.
AIMED_AT: Final = 0.05
# Of all cores: so much of somebody else's work is no longer beside the point.
OTHERS: Final = 0.1


def sentence(result: Result) -> str:
    best = result.best
    where = f"{words.setting(best)}: " if best.setting else ""
    said = _answer(best)
    plan = "" if isinstance(result.plan, Missing) else f"; {_needed(result.plan)}"
    whole = f"{where}{said}{plan}"
    return whole[0].upper() + whole[1:]


def _answer(found: Found) -> str:
    objectives = ", ".join(limit.title for limit in found.limits)
    match found.answer:
        case Answer.FOUND if found.limit:
            return f"it takes {words.limit(found.limit)} within {objectives}"
        case Answer.AT_LEAST if found.limit:
            return f"it takes at least {show_rate(found.limit.low)} within {objectives}: more could not be made honestly"
        case Answer.BELOW:
            rate = show_rate(found.low_load.offered)
            return f"it misses {', '.join(found.low_load.missed_objectives)} even at {rate}: no rate is low enough"
        case Answer.DIED if found.limit:
            return f"it held {show_rate(found.limit.value)}, and ended at {show_rate(found.steps[-1].wanted)}"
        case Answer.DIED:
            return f"it ended at {show_rate(found.steps[-1].wanted)}, and no rate below was held"
        case _:
            return f"no limit was found: {_bracket(found)}"


def _bracket(found: Found) -> str:
    """What can be said all the same."""
    held = found.highest_held
    over = [one.offered for one in found.steps if one.state in {"saturated", "failed"} or one.missed_objectives]
    above = f", not {show_rate(min(over))}" if over else ""
    return f"no step counts{above}" if held is None else f"it held {show_rate(held.offered)}{above}, and no step between counts"


def _needed(plan: Plan) -> str:
    count = plan.with_headroom.value
    many = "one instance" if count == 1 else f"{count} instances"
    said = f"{many} for {show_rate(plan.at)} (grade {plan.grade})"
    binding = [one.name for one in plan.shared if one.binds]
    return f"{said}, which {', '.join(binding)} {'does' if len(binding) == 1 else 'do'} not allow" if binding else said


def mood(result: Result) -> Mood:
    """Good is a limit that holds for long, past which nothing collapses, and a plan that what is shared allows."""
    best = result.best
    found = words.MOODS[best.answer]
    collapses = not isinstance(best.overload, Missing) and not best.overload.holds
    fails = not isinstance(best.soak, Missing) and not best.soak.confirms
    is_impossible = not isinstance(result.plan, Missing) and not result.plan.is_possible
    is_open = best.answer is Answer.FOUND and best.limit is not None and math.isinf(best.limit.high)
    return "warn" if found == "good" and (collapses or fails or is_impossible or is_open) else found


def reasons(result: Result) -> tuple[str, ...]:
    return tuple(_reasons(result))


def _reasons(result: Result) -> Iterator[str]:
    best = result.best
    if result.interrupted:
        yield "it was interrupted: what follows is of the steps until then"
    if best.death:
        yield f"the target ended under load: {best.death}"
    if said := against.sentence(result):
        yield said
    yield from _of_limit(best)
    yield from best.doubts
    yield from _others(best)
    for limit in best.limits:
        thin = [one.requests for step in best.counted for one in step.reached if one.limit == limit and one.is_thin]
        if thin:
            yield f"a step had {min(thin)} requests of {limit.title}: too few for an interval of that percentile alone"
    for step in best.steps:
        if step.state in {"void", "failed"}:
            yield f"step {step.number} at {show_rate(step.wanted)} does not count: {step.why}"
    yield from (f"not judged by {one}" for one in result.subject.left_out)


def _others(found: Found) -> Iterator[str]:
    """A database on the same machine is part of what is measured; a neighbour is not, and perfkit cannot tell them apart."""
    taken = [(one.usage.others, one.usage) for one in found.steps if one.usage.others is not None]
    if not taken:
        return
    most, usage = max(taken, key=lambda pair: pair[0] or 0.0)
    if most and usage.cores and most > OTHERS * usage.cores:
        yield (
            f"processes that are neither the target's nor perfkit's took up to {most:.2f} of {usage.cores} cores: if they are "
            "not the target's database, the limit is that of a machine that was busy with something else"
        )


def _of_limit(found: Found) -> Iterator[str]:
    if found.limit is not None and found.answer is Answer.FOUND:
        counted = len(found.counted)
        if half_width(found.limit) > AIMED_AT:
            yield (
                f"the interval is {words.precision(found.limit)} after {words.times(counted, 'step')}, wider than the "
                f"{show_share(AIMED_AT)} aimed at: a larger --budget narrows it"
            )
    fullest = found.fullest
    if fullest is not None and not fullest.bottlenecks.is_generator:
        said = limits.sentence(fullest.bottlenecks).removesuffix(".")
        yield f"at {show_rate(fullest.offered)}: {said[0].lower()}{said[1:]}"
    if found.bounds:
        first, *others = found.bounds
        more = f"; then {others[0].resource}, from {show_rate(others[0].rate)}" if others else ""
        taken = f"{show_time(first.demand)} per request; {first.how}"
        yield f"by what requests take at low load gives out first, from {show_rate(first.rate)}: {first.resource} ({taken}){more}"
    soak = found.soak
    if not isinstance(soak, Missing) and not soak.confirms:
        why = "memory grows" if soak.leaks else "response times creep up" if soak.creeps else "objectives were missed"
        yield f"the soak at {show_rate(soak.step.offered)} does not confirm it: {why}"
    overload = found.overload
    if not isinstance(overload, Missing):
        if not overload.holds:
            share = overload.good / overload.reference
            yield f"past the limit it collapses: at {show_rate(overload.rate)} only {show_share(share)} of the limit is good work"
        if overload.recovered_after is None:
            yield "half a minute after the overload it had not recovered"


def figures(result: Result) -> Figures:
    best = result.best
    return Figures(tuple(_figures(best, result)))


def _figures(found: Found, result: Result) -> Iterator[Figure]:
    if found.limit is not None:
        value = show_rate(found.limit.value) if not math.isinf(found.limit.value) else "–"
        yield Figure("limit", value, words.MOODS[found.answer], words.interval(found.limit))
    prediction = found.prediction
    if not isinstance(prediction, Missing):
        yield Figure("predicted", show_rate(prediction.model.limit), "neutral", "from low load")
    if found.bounds:
        yield Figure("first limit", found.bounds[0].resource, "neutral", show_rate(found.bounds[0].rate))
    near = found.nearest
    if near is not None:
        p95 = near.response_times[1]
        yield Figure("p95 there", show_time(p95) if p95 is not None else "–", "neutral", f"at {show_rate(near.offered)}")
    if not isinstance(result.plan, Missing):
        plan = result.plan
        yield Figure("instances", str(plan.with_headroom.value), "good" if plan.is_possible else "bad", f"grade {plan.grade}")
    yield Figure("steps", str(len(found.counted)), note=f"that count, in {show_time(found.lasted)}")
