"""How many instances the wanted rate takes, and what that rests on."""

from collections.abc import Iterator

from perfkit.capacity.pages import words
from perfkit.capacity.plan import Count, Plan
from perfkit.capacity.result import Result
from perfkit.capacity.scaling import Scaling
from perfkit.evidence import Missing
from perfkit.page import Block, Chart, Column, Section, Series, Table, Text
from perfkit.units import show_rate, show_share, show_time

TITLE = "Plan"


def section(result: Result) -> Section:
    plan = result.plan
    if isinstance(plan, Missing):
        return Section(TITLE, (Text(f"None: {plan.why}."),))
    limit = result.best.limit
    each = words.limit(limit) if limit is not None else "–"
    rows = (
        ("target", show_rate(plan.at)), ("one instance", each), ("needed now", _count(plan.now)),
        (f"with headroom ({_headroom(plan)})", _count(plan.with_headroom)),
        ("processor time per request", "–" if plan.processor is None else show_time(plan.processor)),
        ("cost of 1,000 requests", plan.cost.why if isinstance(plan.cost, Missing) else f"{plan.cost:.3g}"),
        ("grade", f"{plan.grade}: {plan.why}"),
    )  # fmt: skip
    shared = Table(
        "What all instances share", (Column("what"), Column("there are", "number"), Column("an instance takes", "number"),
        Column("enough for", "number"), Column("that is", "rate"), Column("binds first")),
        tuple(
            (one.name, one.limit, one.per_instance, one.instances, one.rate, "yes" if one.binds else "") for one in plan.shared
        ),
    )  # fmt: skip
    note = Text(
        "Counted by the lower end of the interval. Grade A: measured at that size; B: up to 1.5 times; C: beyond, where "
        "instances are assumed to share nothing but what capacity.shared names."
    )
    table = Table(f"For {show_rate(plan.at)}", (Column("what"), Column("value")), rows)
    return Section(TITLE, (table, *([shared] if plan.shared else []), note))


def settings(result: Result) -> tuple[Section, ...]:
    """What was varied, and what each value can take; nothing when nothing was."""
    if not result.best.setting:
        return ()
    rows = tuple(
        (
            words.setting(one),
            one.answer.value,
            words.limit(one.limit) if one.limit is not None else "–",
            one.bounds[0].resource if one.bounds else "–",
            "recommended" if one is result.best else "",
        )
        for one in result.found
    )
    columns = (Column("setting"), Column("answer"), Column("limit"), Column("gives out first"), Column(""))
    note = "The recommended setting is the one whose interval has the highest lower end; the rest of this page is about it."
    table = Table("The target was started anew for each", columns, rows, note)
    return (Section("Settings", (table, *_scaling(result.scaling))),)


def _scaling(scaling: Scaling | Missing) -> Iterator[Block]:
    """How it went with more of it, and no more than that: nobody should buy machines by a curve through two points."""
    if isinstance(scaling, Missing):
        yield Text(f"How it scales is not known: {scaling.why}.")
        return
    law, name = scaling.law, scaling.name
    chart = Chart(
        f"Limit by {name}", "lines", name, "limit", "rate",
        (
            Series("measured", tuple(one.workers for one in scaling.points), tuple(one.rate for one in scaling.points)),
            Series("in proportion", *_in_proportion(scaling)),
        ),
        x_unit="number",
    )  # fmt: skip
    yield chart
    lost = f"contention {words.share_of(law.contention)}"
    more = (
        f"coherency {words.share_of(law.coherency)}"
        if law.coherency is not None
        else "coherency is not told from it by two counts"
    )
    yield Text(
        f"Scalability law over what was measured: {lost}, {more}. Contention is the share of the work that is had in turns; "
        "coherency is what each pair of them costs, and makes more of them do less in the end."
    )
    rows = tuple(
        (one.count, words.limit(one.limit), words.interval(one.limit), f"{one.grade}: {one.why}") for one in scaling.beyond
    )
    columns = (Column(name, "number"), Column("limit"), Column("interval"), Column("grade"))
    note = (
        "If what is lost so far is all contention, all coherency, or anything between; on a machine with cores enough for them."
    )
    yield Table("Beyond what was measured", columns, rows, note)


def _in_proportion(scaling: Scaling) -> tuple[tuple[float, ...], tuple[float, ...]]:
    first = scaling.points[0]
    return (
        tuple(one.workers for one in scaling.points),
        tuple(first.rate / first.workers * one.workers for one in scaling.points),
    )


def _count(count: Count) -> str:
    return f"{count.value} [{count.low}, {count.high}]"


def _headroom(plan: Plan) -> str:
    surge = plan.headroom.surge or 0.0
    return f"lose {plan.headroom.lose}, surge {show_share(surge)}"
